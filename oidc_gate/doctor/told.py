"""How a check is told of in many words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["About"]


@dataclass(frozen=True, slots=True)
class About:
    """What a check's finding means, why it matters, how to mend it anywhere, and at which provider where."""

    means: str
    why: str
    mend: str
    at: Mapping[str, str] = field(default_factory=dict)
