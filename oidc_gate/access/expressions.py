"""The conditions of a Traffic Policy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from oidc_gate.identity import Identity

__all__ = ["AskedOf", "Conditional"]


class AskedOf(Protocol):
    """What of a request an expression can read."""


@dataclass(frozen=True)
class Conditional:
    """One rule of a Traffic Policy."""

    name: str
    answer: Any
    reads_request: bool = False

    def holds(self, asked: AskedOf | None, identity: Identity | None) -> bool | None:
        """Return whether it holds."""
        raise NotImplementedError
