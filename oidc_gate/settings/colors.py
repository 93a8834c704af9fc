"""Whether text can be read on a colour: contrast as WCAG 2.2 measures it, from 1 to 21."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["contrast", "read_color", "shades"]

#: What text must have to what is behind it (WCAG 2.2, 1.4.3).
_LEAST = 4.5
#: The text on a button in light pages; in dark ones the card that the button is on. Both stand in `browser.layout` too.
_WHITE, _DARK_CARD = "#ffffff", "#1b212b"
_STEPS = 100


def read_color(value: Any) -> str:
    """Return `#rrggbb`, lower case. Raises ValueError where white text on it cannot be read."""
    text = value.strip().lower() if isinstance(value, str) else ""
    if not re.fullmatch(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", text, re.ASCII):
        raise ValueError("must be a colour like #1f5fd0")
    color = text if len(text) == 7 else "#" + "".join(digit * 2 for digit in text[1:])
    ratio = contrast(color, _WHITE)
    if ratio < _LEAST:
        darker = _towards("#000000", color, _WHITE)
        raise ValueError(
            f"must be darker: white text on {color} has a contrast of {ratio:.2f}, and needs {_LEAST} (WCAG 2.2,"
            f" 1.4.3); {darker} would do"
        )
    return color


def shades(color: str) -> tuple[str, str]:
    """Return the colour for light pages, and a tint of it for dark ones, on which dark text can be read."""
    return color, _towards(_WHITE, color, _DARK_CARD)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2, "contrast ratio")."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    """Return how light a colour is, from 0 to 1 (WCAG 2.2, "relative luminance")."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in _channels(color))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(color: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(color[1:]))


def _towards(end: str, color: str, beside: str) -> str:
    """Return the first mixture of a colour with `end`, itself included, that stands out from what is beside it."""
    pairs = list(zip(_channels(color), _channels(end), strict=True))
    mixtures = (
        "#" + bytes(round(one + (other - one) * step / _STEPS) for one, other in pairs).hex()
        for step in range(_STEPS + 1)
    )
    return next(mixture for mixture in mixtures if contrast(mixture, beside) >= _LEAST)
