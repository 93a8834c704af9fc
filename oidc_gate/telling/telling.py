"""`Telling`: what happens at a gate goes from here to the log, the audit events and the metrics.

One method for each happening. Whoever has one to tell calls it once, with what it knows; which of the three get it,
and in which words, is decided here. The steps between (at DEBUG), and what the operator has to mend, are no happenings:
modules say these by their own logger.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Literal

from oidc_gate.telling.audit import Audit
from oidc_gate.telling.counting import Counting, rule_name
from oidc_gate.telling.words import CODES, OTHER

if TYPE_CHECKING:
    from oidc_gate.access import CheckedRule, Verdict
    from oidc_gate.browser import Addresses, Kind
    from oidc_gate.decisions import Request
    from oidc_gate.errors import GateError
    from oidc_gate.sessions import OpenSession, Session
    from oidc_gate.settings import Settings
    from oidc_gate.telling.words import About, LiveKind, LoginReason, SessionEnd

__all__ = ["Telling"]

logger = logging.getLogger("oidc_gate")

#: Why a session was ended by a recheck, as the log has it.
_ENDED_FOR = {
    "provider": "the provider says no",
    "outage": "the provider has not answered for provider_outage_grace",
}
#: The kinds of live connections, for the log.
_LIVE: dict[LiveKind, str] = {"websocket": "a WebSocket", "event_stream": "an event stream"}


class Telling:
    """Tells what happens at one gate. Thread-safe.

    It tells of one of its providers; `of` returns what tells of another, or of this one by the name it has for itself.
    `rules`: the names of its rules, in their order. `on_paper`: nothing happens here, so that nothing is kept of it.
    Raises SettingsError where `metrics` wants a library that is not there.
    """

    def __init__(
        self,
        settings: Settings,
        addresses: Addresses,
        clock: Callable[[], float],
        rules: Sequence[str] = (),
        *,
        on_paper: bool = False,
    ) -> None:
        self._counting = counting = Counting(settings, rules, on_paper=on_paper)
        self._audit = Audit(addresses, clock) if settings.audit and not on_paper else None
        #: What is to be told of each call to a store; None for nothing.
        self.store_asked = counting.store_asked
        #: Returns what is to be told of each call to the provider of this `auth_id`; None for nothing.
        self.provider_asked = counting.provider_asked
        self._goes_by(settings, lambda: settings.issuer_url)

    def _goes_by(self, settings: Settings, issuer: Callable[[], str]) -> None:
        self._provider, self._client_id = settings.auth_id, settings.client_id
        if self._audit is not None:
            self._audit = self._audit.of(settings.auth_id, issuer)

    def of(self, settings: Settings, issuer: Callable[[], str]) -> Telling:
        """Return what tells of the happenings at one of the gate's providers, to the same log, audit and metrics.

        `issuer`: returns what that provider calls itself.
        """
        twin = copy(self)
        twin._goes_by(settings, issuer)
        return twin

    # Logins

    def login_started(
        self, request: Request, reason: LoginReason, rule: CheckedRule | None = None, opened: OpenSession | None = None
    ) -> None:
        """Tell that a browser leaves for the provider. `opened`: the session that is to be stepped up."""
        self._counting.count("oidc_gate_logins_started_total", self._provider, reason)
        if self._audit is not None:
            claims, session_id = _of_opened(opened)
            self._audit.write(
                "login.started", "success", request, claims, session_id, reason=reason, rule=rule_name(rule)
            )

    def login_restarted(self, error: GateError) -> None:
        """Tell that a login is begun once more; `login_started` follows."""
        logger.info("a login is started again: %s", error)

    def login_finished(self, request: Request, session: Session, reason: LoginReason, seconds: float) -> None:
        """Tell that somebody has signed in. `seconds`: since the browser left for the provider."""
        logger.info("signed in: subject %r at client %s", session.claims["sub"], self._client_id)
        self._counting.count("oidc_gate_logins_finished_total", self._provider, reason)
        self._counting.observe("oidc_gate_login_duration_seconds", max(0.0, seconds), self._provider)
        if self._audit is not None:
            self._audit.write("login.finished", "success", request, session.claims, session.session_id, reason=reason)

    def failed(self, error: GateError, request: Request, reference: str, hint: str, about: About) -> None:
        """Tell of an error that a page or JSON tells of too. `hint`: what to ask `oidc-gate doctor`, for the log."""
        logger.warning("%s (reference %s): %s%s", error.code, reference, error.detail, hint)
        code = error.code if error.code in CODES else OTHER
        if about == "login":
            self._counting.count("oidc_gate_login_failures_total", self._provider, code)
            if self._audit is not None:
                self._audit.write("login.failed", "failure", request, code=code, reference=reference)
        elif about == "access":
            self._counting.refused(request, None, "origin_foreign")
            if self._audit is not None:
                self._audit.write(
                    "access.refused", "failure", request, code=code, reference=reference, reason="origin_foreign"
                )

    # Requests

    def login_required(self, request: Request, kind: Kind) -> None:
        """Tell of a 401 for somebody who is not signed in. The metrics alone have it: it is what strangers get."""
        self._counting.refused(request, kind, "login_required")

    def access_refused(
        self, request: Request, opened: OpenSession | None, verdict: Verdict, reference: str, said: str
    ) -> None:
        """Tell of a 403 for somebody who may not pass; `said`: why, for the log. `opened`: None for a stranger."""
        logger.warning("not allowed (reference %s): %s", reference, said)
        self._counting.refused(request, None, verdict.reason, verdict.rule)
        if self._audit is not None:
            self._audit.write(
                "access.refused",
                "failure",
                request,
                *_of_opened(opened),
                code="not_allowed",
                reference=reference,
                reason=verdict.reason,
                rule=rule_name(verdict.rule),
            )

    def step_up_asked(self, request: Request, kind: Kind, rule: CheckedRule, opened: OpenSession | None) -> None:
        """Tell that a rule asks for a better or a newer sign-in than this session's.

        Pages are sent off for it; for all others that is a refusal.
        """
        if kind.name != "PAGE":
            self._counting.refused(request, kind, "step_up", rule)
        if self._audit is not None:
            self._audit.write(
                "step_up.asked", "failure", request, *_of_opened(opened), reason="step_up", rule=rule.name
            )

    # Sessions

    def logged_out(self, request: Request, session: Session) -> None:
        """Tell that somebody has signed out."""
        logger.info("signed out: subject %r", session.claims["sub"])
        self._counting.count("oidc_gate_sessions_ended_total", "logout")
        if self._audit is not None:
            self._audit.write("logout", "success", request, session.claims, session.session_id)

    def session_ended(self, opened: OpenSession, reason: SessionEnd, *, code: str = "") -> None:
        """Tell that a session has ended without its person's doing. `code`: that of the provider's no."""
        why = _ENDED_FOR.get(reason)
        if why is not None:
            logger.warning("a session is ended, for %s: subject %r", why, opened.identity.subject)
        self._counting.count("oidc_gate_sessions_ended_total", reason)
        if self._audit is not None:
            self._audit.write("session.ended", "success", None, *_of_opened(opened), reason=reason, code=code)

    def session_replaced(self, request: Request, session_id: str, opened: OpenSession | None) -> None:
        """Tell that a browser has signed in anew, which ended the session that it had. `opened`: None if it is gone."""
        self._counting.count("oidc_gate_sessions_ended_total", "replaced")
        if self._audit is not None:
            claims, _ = _of_opened(opened)
            self._audit.write("session.ended", "success", request, claims, session_id, reason="replaced")

    def ended_by_provider(
        self,
        request: Request,
        reason: Literal["back_channel", "front_channel"],
        ended: int,
        named: str,
        claims: Mapping[str, Any],
    ) -> None:
        """Tell that the provider ended so many sessions, `named` by `sid` or `sub`; `claims`: what it said of them."""
        logger.info("the provider ended %d session(s) by %s", ended, named)
        for _ in range(ended):
            self._counting.count("oidc_gate_sessions_ended_total", reason)
        if self._audit is not None and ended:
            self._audit.write("session.ended", "success", request, claims, reason=reason)

    def session_refreshed(self, opened: OpenSession, what: Literal["tokens", "claims"]) -> None:
        """Tell that the provider vouches for a session anew."""
        if self._audit is not None:
            self._audit.write("session.refreshed", "success", None, *_of_opened(opened), reason=what)

    def session_not_refreshed(self, opened: OpenSession, error: GateError) -> None:
        """Tell that it does not, or gave no answer. Whether that ends the session is another happening."""
        logger.warning("a session could not be checked again: %s", error)
        if self._audit is not None:
            self._audit.write("session.refreshed", "failure", None, *_of_opened(opened), code=error.code)

    def signal_received(self, request: Request, kind: str, named: Mapping[str, Any], ended: int) -> None:
        """Tell of a security event of the provider. `kind`: of a fixed list; `named`: by `sub` or `sid`, who it is."""
        logger.info("the provider says %s, which ended %d session(s)", kind, ended)
        for _ in range(ended):
            self._counting.count("oidc_gate_sessions_ended_total", "signal")
        if self._audit is not None:
            self._audit.write("signal.received", "success", request, named, reason=kind)
            if ended:
                self._audit.write("session.ended", "success", request, named, reason="signal")

    def signal_refused(self, request: Request, error: GateError) -> None:
        """Tell of a security event that was not taken."""
        logger.warning("%s: a security event is refused: %s", error.code, error.detail)
        if self._audit is not None:
            code = error.code if error.code in CODES else OTHER
            self._audit.write("signal.received", "failure", request, code=code)

    # Live connections

    def live_began(self, kind: LiveKind) -> None:
        """Tell that a WebSocket or an event stream is looked after from now on. The metrics alone have it."""
        self._counting.add("oidc_gate_live_connections", 1, kind)

    def live_ended(self, kind: LiveKind) -> None:
        """Tell that it is not any more, whoever ended it."""
        self._counting.add("oidc_gate_live_connections", -1, kind)

    def live_closed(self, kind: LiveKind, subject: str, reason: str) -> None:
        """Tell that one was closed in its app's place; `reason`: its client is told the same."""
        logger.info("%s is closed, %s: subject %r", _LIVE[kind], reason, subject)

    # Programs

    def token_accepted(self) -> None:
        """Tell that an access token was checked and is good; not where it was known from a moment ago."""
        self._counting.count("oidc_gate_tokens_total", self._provider, "ok")

    def token_refused(self, request: Request, error: GateError, reference: str) -> None:
        """Tell that an access token is not taken. `error`: its code is one of docs/errors.md."""
        code = error.code if error.code in CODES else OTHER
        logger.warning("%s (reference %s): an access token is refused: %s", error.code, reference, error.detail)
        self._counting.count("oidc_gate_tokens_total", self._provider, code)
        if self._audit is not None:
            self._audit.write("token.refused", "failure", request, code=code, reference=reference)

    # The gate itself

    def settings_reloaded(self, said: str) -> None:
        """Tell that changed settings are taken over; `said`: which, for the log, without a value."""
        logger.info("changed settings are taken over: %s", said)
        self._counting.count("oidc_gate_reloads_total", "success")
        if self._audit is not None:
            self._audit.write("settings.reloaded", "success")

    def settings_refused(self, error: GateError) -> None:
        """Tell that changed settings cannot be taken over, and the old ones stay. The error holds no secret."""
        logger.error("changed settings cannot be taken over, and the old ones stay: %s", error)
        self._counting.count("oidc_gate_reloads_total", "failure")
        if self._audit is not None:
            self._audit.write("settings.reloaded", "failure", code="settings")


def _of_opened(opened: OpenSession | None) -> tuple[Mapping[str, Any] | None, str]:
    return (None, "") if opened is None else (opened.session.claims, opened.session_id)
