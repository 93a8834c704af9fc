"""The gate handed to ASGI apps, from the first time on that something asks for it."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from oidc_gate.asgi.middleware import OIDCGate
from oidc_gate.asgi.request import ASGIRequest, Layouts, Scope
from oidc_gate.handed_over import CURRENT, GATE_KEY, HandedOver

if TYPE_CHECKING:
    from oidc_gate.decisions import Decision, Request, Work

__all__ = ["hand_over"]

_answer = OIDCGate.__call__
_name_of = itemgetter(0)


def hand_over() -> None:
    """Have all gates of this process hand themselves to their apps: see the other world's function of this name."""
    OIDCGate.__call__ = _answer_and_hand_over  # type: ignore[method-assign]


async def _answer_and_hand_over(self: OIDCGate, scope: Any, receive: Any, send: Any) -> None:
    """Answer as the gate does. The server's scope stays as it is, and so does what it holds: apps get a copy."""
    if "headers" in scope:
        scope = {**scope, "headers": [*scope["headers"]]}  # uvicorn adds trailers to its own list, as they come
    handed = _HandedOver(self, scope)
    CURRENT.set(handed)
    answering = _answer(self, {**scope, GATE_KEY: handed}, receive, send)
    scope = None  # what reports an app's errors may print this frame, and the session is in it
    await answering


class _HandedOver(HandedOver):
    __slots__ = ("_scope",)

    def __init__(self, adapter: OIDCGate, scope: Scope) -> None:
        super().__init__(adapter)
        self._scope = scope

    @property
    def request(self) -> Request:
        layout = Layouts(self.gate.reserved_headers).of([*map(_name_of, self._scope["headers"])])
        return ASGIRequest(self._scope, layout, self.adapter._routing)

    def perform(self, work: Work) -> Decision:
        return work.run()

    async def perform_on_loop(self, work: Work) -> Decision:
        decision: Any = await self.adapter._lanes.perform(work)
        return decision  # type: ignore[no-any-return]
