"""The gate handed to WSGI apps, from the first time on that something asks for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from oidc_gate.handed_over import GATE_KEY, HandedOver
from oidc_gate.wsgi.middleware import OIDCGate
from oidc_gate.wsgi.request import WSGIRequest

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from oidc_gate.decisions import Decision, Request, Work

__all__ = ["hand_over"]

_answer = OIDCGate.__call__


def hand_over() -> None:
    """Have all gates of this process hand themselves to their apps, which apps that do not ask for it do not pay for.

    What every request passes is the class's own `__call__`, so that one takes the place of the other.
    """
    OIDCGate.__call__ = _answer_and_hand_over  # type: ignore[method-assign]


def _answer_and_hand_over(self: OIDCGate, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer as the gate does; what it hands over is the environ as it came, for the app's is changed."""
    environ[GATE_KEY] = _HandedOver(self, dict(environ))
    return _answer(self, environ, start_response)


class _HandedOver(HandedOver):
    __slots__ = ("_environ",)

    def __init__(self, adapter: OIDCGate, environ: WSGIEnvironment) -> None:
        super().__init__(adapter)
        self._environ = environ

    @property
    def request(self) -> Request:
        return WSGIRequest(self._environ)

    def perform(self, work: Work) -> Decision:
        decision: Any = self.adapter._perform(work)
        return decision  # type: ignore[no-any-return]

    async def perform_on_loop(self, work: Work) -> Decision:
        from asyncio import to_thread

        return await to_thread(self.perform, work)
