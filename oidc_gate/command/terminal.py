"""Text as a terminal can show it."""

from __future__ import annotations

__all__ = ["shown"]

#: For a terminal that cannot show them: ✓, ✗, ·, …, →.
_PLAIN = str.maketrans({"\u2713": "yes", "\u2717": "no", "\u00b7": "|", "\u2026": "...", "\u2192": "->"})


def shown(text: str, encoding: str) -> str:
    """Return the text as it can be shown in this encoding."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return text
