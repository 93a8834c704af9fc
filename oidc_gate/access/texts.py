"""Texts as rules write them, to be compared with: `*` stands for any characters, also none. And texts for people."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["Texts", "age", "counted", "listed"]


class Texts:
    """Several of them; `str` lists them, or `written` in their place."""

    def __init__(self, texts: Sequence[str], written: Sequence[str] = ()) -> None:
        self._whole = frozenset(text for text in texts if "*" not in text)
        self._parts = [text.split("*") for text in texts if "*" in text]
        self._words = listed(written or texts)

    def fit(self, text: str) -> bool:
        """Return whether this text is one of them. No number of `*` makes that slow: each part is looked for once."""
        return text in self._whole or any(_fits(parts, text) for parts in self._parts)

    def __str__(self) -> str:
        return self._words


def _fits(parts: list[str], text: str) -> bool:
    first, *middle, last = parts
    at, end = len(first), len(text) - len(last)
    if at > end or not (text.startswith(first) and text.endswith(last)):
        return False
    for part in middle:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def listed(texts: Sequence[str]) -> str:
    """Return `a, b or c`."""
    return " or ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def age(seconds: float) -> str:
    """Return a time for people: `45 seconds`, `10 minutes`, `3 hours`."""
    return " ".join(counted(seconds))


def counted(seconds: float) -> tuple[str, str]:
    """Return such a time's number and its unit: one of `second`, `minute`, `hour`, or several of them."""
    for size, unit in ((3600, "hour"), (60, "minute")):
        if seconds >= 2 * size or seconds == size:
            return f"{seconds / size:.0f}", unit if seconds == size else f"{unit}s"
    return f"{max(0.0, seconds):.0f}", "second" if round(seconds) == 1 else "seconds"
