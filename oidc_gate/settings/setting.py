"""One setting: a field of a dataclass with its default, its reader and its meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any

__all__ = ["setting"]

Reader = Callable[[Any], Any]


def setting(default: Any, read: Reader, meaning: str, *, shown: str = "", secret: bool = False) -> Any:
    """Return a field. `meaning` stands in docs/reference/settings.md, where `shown` stands in for its default."""
    metadata = {"read": read, "meaning": meaning, "shown": shown}
    return field(default=default, repr=not secret, metadata=metadata)
