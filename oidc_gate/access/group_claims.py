"""The shapes in which providers send groups, and what each of them holds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["GroupClaim", "read_groups"]

#: In place of a separator: the text is a JSON list.
AS_JSON = "json"
#: What is left of a JSON list of texts and flat objects without its texts. Nothing deeper is parsed.
_FLAT = r"\s*\[[^][{}]*+(?:\{[^][{}]*+\}[^][{}]*+)*+\]\s*"
#: One without an end goes on to the end of all, so that each character is looked at once.
_TEXTS = r'"(?:[^"\\]|\\[\s\S])*+(?:"|\Z|\\\Z)'
#: Which member of an object names the group, in the order in which they count.
_NAMES = ("name", "value", "display")


#: The groups that a claim holds, and whether it holds nothing that was not understood.
GroupClaim = tuple[tuple[str, ...], bool]


def read_groups(value: Any, separator: str) -> GroupClaim | None:
    """Return the groups that a claim holds; None for a claim that is missing, or of a type that can hold none.

    A text is one group, or several with a `separator` between them; `json`: it is a JSON list; `""`: none. A list holds
    texts, or objects that tell a group by `name`, else `value`, else `display`; what else is in it is left out. The
    groups of an object are its keys, those whose value is null or false left out.
    """
    if isinstance(value, str) and separator:
        value = _in_json(value) if separator == AS_JSON else _split(value, separator)
    if isinstance(value, list):
        groups = tuple([item for item in value if isinstance(item, str) and item])
        if len(groups) == len(value):  # as nearly always
            return groups, True
        names = [item if isinstance(item, str) else _named(item) for item in value]
        groups = tuple([name for name in names if name])
        return groups, len(groups) == len(names)
    if isinstance(value, Mapping):
        names = [name for name, held in value.items() if held is not None and held is not False]
        return tuple([name for name in names if name]), "" not in names
    if isinstance(value, str):
        return (value,) if value else (), bool(value)
    return None


def _named(item: Any) -> str:
    """Return the name of the group that an object in a list stands for, `""` for none."""
    if not isinstance(item, Mapping):
        return ""
    return next((name for member in _NAMES if isinstance(name := item.get(member), str) and name), "")


def _split(text: str, separator: str) -> list[str]:
    return [part for part in map(str.strip, text.split(separator)) if part]


def _in_json(text: str) -> Any:
    """Return the list that a text holds, None for a text that holds none.

    Cognito writes a list that it has from SAML without quotes, `[a, b]`: that is read too, where there is no quote.
    """
    if re.fullmatch(_FLAT, re.sub(_TEXTS, "", text)) is None:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None if '"' in text else _split(text.strip()[1:-1], ",")
