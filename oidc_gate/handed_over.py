"""The gate in front, handed to the app: only where something of the app's asks for that, by importing it.

It stands in the environ or the scope, where no client can put anything.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oidc_gate.decisions import Decision, Request, Work

__all__ = ["CURRENT", "GATE_KEY", "HandedOver"]

#: Where the gate stands in a WSGI environ and in an ASGI scope.
GATE_KEY = "oidc_gate.gate"


class HandedOver(ABC):
    """One request as it came to the gate, with the gate.

    What shows an environ to somebody shows no more of this than its name: there is the session's cookie in it.
    """

    __slots__ = ("adapter",)

    def __init__(self, adapter: Any) -> None:
        self.adapter = adapter

    def __repr__(self) -> str:
        return "<the gate in front>"

    def __reduce__(self) -> Any:
        """Refuse to be pickled. Raises TypeError."""
        raise TypeError("the gate in front cannot be pickled")

    @property
    def gate(self) -> Any:
        """The gate that decides at this moment."""
        return self.adapter._gate

    @property
    @abstractmethod
    def request(self) -> Request:
        """The request, with all that the app does not see of it."""

    @abstractmethod
    def perform(self, work: Work) -> Decision:
        """Run work in this thread."""

    @abstractmethod
    async def perform_on_loop(self, work: Work) -> Decision:
        """Run work beside this event loop."""


#: What was handed over with the request of this task, for what is not told which request it is about.
CURRENT: ContextVar[HandedOver | None] = ContextVar("oidc_gate.gate", default=None)
