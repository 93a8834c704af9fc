"""Files that settings come from: their text, and what JSON or YAML in them says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from oidc_gate.errors import SettingsError

__all__ = ["parsed", "text_of"]


def text_of(what: str, path: Path) -> str:
    """Return the text in a file; `what` it is, for what is told where it cannot be read.

    A mark at its start that says UTF-8, which Windows' editors write, is no part of it.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        reason = "not UTF-8 text"
    except (OSError, ValueError) as error:  # ValueError: no file has such a name
        reason = getattr(error, "strerror", "not the path of a file")
    start = "" if path.is_absolute() else "; a relative path starts at the working directory"
    raise SettingsError(f"{what}: {path} cannot be read ({reason}{start}).")


def parsed(path: Path, text: str) -> Any:
    """Return the document, read as JSON where it is JSON, so that PyYAML is wanted for YAML alone."""
    import json  # late, as tomllib: most do without a file

    try:
        return json.loads(text, object_pairs_hook=_once_each)
    except ValueError as error:
        if path.suffix.lower() == ".json" or isinstance(error, _RepeatedKeyError):
            raise SettingsError(f"{path} is not valid JSON: {error}.") from None
    try:
        import yaml
    except ModuleNotFoundError:
        raise SettingsError(f"{path} is YAML; install what reads it: pip install 'oidc-gate[yaml]'") from None

    class Loader(yaml.SafeLoader):
        """Takes a key once in each map, and no `! text`; PyYAML lets the last one win, and drops the `!`."""

        def compose_mapping_node(self, anchor: Any) -> Any:
            node = super().compose_mapping_node(anchor)
            _once_each((key.value, None) for key, _ in node.value if isinstance(key, yaml.ScalarNode))
            return node

        def compose_scalar_node(self, anchor: Any) -> Any:
            event: Any = self.peek_event()  # type: ignore[no-untyped-call]
            if event.tag == "!":
                raise yaml.MarkedYAMLError(problem="a tag without a name", problem_mark=event.start_mark)
            return super().compose_scalar_node(anchor)

    try:
        return yaml.load(text, Loader)  # noqa: S506  # it is a SafeLoader
    except _RepeatedKeyError as error:
        raise SettingsError(f"{path} is not valid YAML: {error}.") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date or number that is none
        mark = getattr(error, "problem_mark", None)  # the error's own text quotes the line, which may hold a secret
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        has_tag = mark and any(re.match(r"\s*-\s+!", line) for line in text.split("\n")[mark.line : mark.line + 1])
        hint = " A text that begins with ! has to stand in quotes." if has_tag else ""
        raise SettingsError(f"{path} is not valid YAML{where}.{hint}") from None


class _RepeatedKeyError(ValueError):
    """A key stands twice in one map."""


def _once_each(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs of one map. Raises _RepeatedKeyError where a key would win over another without a word."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _RepeatedKeyError(f"{key} stands twice in one map; keep one of them")
        found[key] = value
    return found
