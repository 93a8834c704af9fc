"""docs/reference/settings.md: each setting with its meaning, its default and an example."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from oidc_gate import Settings
from tests.documented.settings_examples import EXAMPLES

__all__ = ["PARTS", "settings_text"]

#: The parts of the page: each begins with this field, and goes on until the next.
PARTS = {
    "issuer_url": "The provider",
    "userinfo": "What the provider is asked again, and logout there",
    "cookie_secret": "Sessions",
    "base_url": "The app's address",
    "allow_emails": "Who may pass",
    "providers": "Further providers",
    "allow_cors_preflight": "Scripts of other sites",
    "identity_headers": "What the app is told",
    "metrics": "What operators are told",
    "upstream_host": "An app at an address",
    "brand_name": "The gate's pages",
    "reload": "Without a restart",
    "bearer_audience": "Programs",
}
_UNITS = ((3600.0, "h"), (60.0, "m"), (1.0, "s"))


def settings_text() -> str:
    """Return a section for each setting, in the parts of the page."""
    return "\n\n".join(_lines())


def _lines() -> Iterator[str]:
    fields = dataclasses.fields(Settings)
    names = [each.name for each in fields]
    starts = [names.index(first) for first in PARTS]
    for heading, start, end in zip(PARTS.values(), starts, [*starts[1:], len(fields)], strict=True):
        yield f"## {heading}"
        yield ", ".join(f"[`{name}`](#{name})" for name in names[start:end])
        yield from map(_section, fields[start:end])


def _section(each: dataclasses.Field[object]) -> str:
    meaning = re.sub(r"\[docs/([\w/-]+\.md)\]", r"[\1](../\1)", each.metadata["meaning"])
    sentence = meaning[:1].upper() + meaning[1:].rstrip(".") + "."
    default = f"Default: {_default(each)}." if each.metadata["shown"] != "required" else "Required."
    return f"### `{each.name}`\n\n{sentence}\n\n{default}\n\n```toml\n{EXAMPLES[each.name].strip()}\n```"


def _default(each: dataclasses.Field[object]) -> str:
    if each.metadata["shown"]:
        return str(each.metadata["shown"])
    value = each.default
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{' '.join(value)}`" if value else "none"
    if isinstance(value, float) and value:
        unit, letter = next((unit, letter) for unit, letter in _UNITS if value % unit == 0)
        return f"`{int(value / unit)}{letter}`"
    return "none" if value in (None, "") else f"`{value}`"
