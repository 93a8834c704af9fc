"""What parts of an app demand of whoever asks: the one body of `require` in all frameworks.

A requirement is judged by the gate that stands in front of the request, and what the gate answers to those who do not
satisfy it is handed to the framework. Where no gate stands in front, nobody passes.
"""

from __future__ import annotations

from inspect import isclass
from typing import TYPE_CHECKING, Any, Unpack, cast

from oidc_gate.asgi.handing_over import hand_over as hand_over_asgi
from oidc_gate.carriers import carried, identity_of
from oidc_gate.decisions import ReadBody, Work
from oidc_gate.errors import SettingsError
from oidc_gate.gate.demanding import answer_to, lets_in
from oidc_gate.handed_over import GATE_KEY, HandedOver
from oidc_gate.settings.demands import Demands, read_demand
from oidc_gate.wsgi.handing_over import hand_over as hand_over_wsgi

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from oidc_gate.decisions import Decision, Reply

__all__ = ["Requirement", "check_decorated", "first_provider", "gate_of", "is_let_in"]

hand_over_wsgi()
hand_over_asgi()


def gate_of(request: Any) -> HandedOver:
    """Return the gate in front of a request. Raises RuntimeError where there is none, TypeError for what is no request.

    `request`: as `identity_of` has it.
    """
    found = carried(request, GATE_KEY)
    if not isinstance(found, HandedOver):
        raise RuntimeError(
            "No oidc_gate stands in front of this request, so nobody can be let pass. Put the gate around the app, or"
            " sign somebody in with oidc_gate.testing in a test."
        )
    return found


def is_let_in(request: Any) -> bool:
    """Return whether somebody is signed in whom the gate's lists let in; on a place for anyone they need not.

    Raises RuntimeError without a gate.
    """
    handed, identity = gate_of(request), identity_of(request)
    return identity is not None and lets_in(handed.gate, identity)


def first_provider(request: Any) -> str:
    """Return the `auth_id` of the gate's first provider. Raises RuntimeError without a gate."""
    auth_id: str = gate_of(request).gate._components.parties.first.auth_id
    return auth_id


def check_decorated(view: Any, instead: str) -> None:
    """Raise SettingsError for a class, where `require` decorates functions; `instead`: what to write."""
    if isclass(view):
        raise SettingsError(f"require: {view.__name__} is a class; {instead}.")


class Requirement:
    """What is demanded of whoever asks. Raises SettingsError for what cannot be."""

    def __init__(self, **demands: Unpack[Demands]) -> None:
        self.rule = read_demand(demands)

    def __repr__(self) -> str:
        return f"<require {self.rule.who}>"

    def refusal(self, request: Any, body: Callable[[], bytes]) -> Reply | None:
        """Return the gate's answer to somebody who does not satisfy this, None for somebody who does.

        `body`: gives the request's body as it was sent, b"" where the app has read it already. Asked of a form alone
        that the gate keeps. May block, where somebody is to sign in and the provider was not asked before. Raises
        RuntimeError without a gate.
        """
        handed = gate_of(request)
        decision = self._answer(handed, request, keeps=True)
        while isinstance(decision, Work | ReadBody):
            if isinstance(decision, Work):
                decision = handed.perform(decision)
            else:
                sent = body() if _fits(handed, decision) else b""
                decision = self._with(sent, decision, handed, request)
        return cast("Reply | None", decision)

    async def refusal_on_loop(self, request: Any, body: Callable[[], Awaitable[bytes]]) -> Reply | None:
        """Do the same without blocking the event loop."""
        handed = gate_of(request)
        decision = self._answer(handed, request, keeps=True)
        while isinstance(decision, Work | ReadBody):
            if isinstance(decision, Work):
                decision = await handed.perform_on_loop(decision)
            else:
                sent = await body() if _fits(handed, decision) else b""
                decision = self._with(sent, decision, handed, request)
        return cast("Reply | None", decision)

    def _answer(self, handed: HandedOver, request: Any, *, keeps: bool) -> Decision | None:
        return answer_to(handed.gate, handed.request, identity_of(request), self.rule, keeps=keeps)

    def _with(self, sent: bytes, wanted: ReadBody, handed: HandedOver, request: Any) -> Decision | None:
        """Return what comes of a form that is to be kept: it is not, where all of it cannot be had."""
        length = _length(handed)
        if length > wanted.limit:
            return wanted.resume(None)
        return wanted.resume(sent) if len(sent) == length else self._answer(handed, request, keeps=False)


def _fits(handed: HandedOver, wanted: ReadBody) -> bool:
    return 0 < _length(handed) <= wanted.limit


def _length(handed: HandedOver) -> int:
    """Return how long the request says that its body is, -1 where it does not."""
    said = handed.request.header("content-length")
    return int(said) if said.isdecimal() else -1
