"""Signing in: the browser comes back from the provider, and gets a session.

Nothing here leads in a circle. A login that fails in a way that a second try may mend is started again once, by itself;
browsers that come back from login after login without their session are told so.
"""

from __future__ import annotations

import logging

from oidc_gate.browser import Attempt, Note, State, own_path, pages, scripted_pages
from oidc_gate.decisions import Decision, Reply, Work
from oidc_gate.errors import GateError, LoginError, ProviderDownError, ProviderError, StoreError
from oidc_gate.gate.authorization_requests import AuthorizationRequests
from oidc_gate.gate.components import Components, Here
from oidc_gate.gate.departures import Departures
from oidc_gate.gate.error_replies import ProviderRefusalError, error_reply, provider_busy
from oidc_gate.gate.kept_tokens import access_end, kept_tokens, note_algorithm, refresh_time
from oidc_gate.gate.login_log import log_session
from oidc_gate.gate.parties import Party
from oidc_gate.gate.self_told_names import SelfToldNames
from oidc_gate.gate.step_up import StepUp
from oidc_gate.gate.userinfo import Userinfo
from oidc_gate.provider import code_flow
from oidc_gate.sessions import Session
from oidc_gate.telling import login_reason

__all__ = ["SignIn"]

logger = logging.getLogger("oidc_gate")

Header = tuple[str, str]
Pairs = list[tuple[str, str]]

#: What Keycloak says to its other tabs once somebody has signed in in one of them.
_TRY_AGAIN = {("temporarily_unavailable", "authentication_expired")}


class SignIn:
    """The callback of one provider."""

    def __init__(self, components: Components, party: Party, departures: Departures) -> None:
        self._components = components
        self._party = party
        self._departures = departures
        self._requests = AuthorizationRequests(party.settings, party.callback)
        self._step_up = StepUp(components)
        self._userinfo = Userinfo(components, party)
        self._names = SelfToldNames(components, party)
        self._redemptions = components.redemptions
        self._mismatches = departures.mismatches

    def callback(self, here: Here, pairs: Pairs) -> Decision:
        """Take the provider's answer: it must belong to a login that was started in this browser, and not long ago."""
        callback = code_flow.read_callback(pairs)
        logger.debug("the browser comes back from the provider with %s", "an error" if callback.error else "a code")
        attempts = self._components.attempts
        state = attempts.read_state(callback.state)
        attempt = None if state is None else attempts.find(state, here.cookies, here.cookie_header)
        if state is not None and state.provider_key != self._party.key:
            return self._mixed_up(here, state, attempt)
        if state is None or not isinstance(attempt, Attempt) or attempts.is_late(state, self._components.clock()):
            return self._unfinishable(here, state, attempt)
        if self._is_overtaken(here, attempt):
            return self._go(here, self._return_to(here, state), (here.cookies.drop_slot(state.slot),))
        if callback.error:
            return self._refused(here, state, callback)
        if self._redemptions.has(callback.state):
            return self._repeated(here, state)
        return Work(
            self._party.lane("login"),
            lambda: self._finish(here, state, attempt, callback),
            turned_away=lambda: self._error_reply(here, provider_busy(), self._return_to(here, state)),
        )

    def _mixed_up(self, here: Here, state: State, attempt: Attempt | Note | None) -> Reply:
        """Refuse what one provider hands on of a login that another was asked for, be it late or another browser's."""
        if isinstance(attempt, Attempt):
            return self._failed(here, state, _of_another())
        return self._error_reply(here, _of_another(), self._return_to(here, state))

    def _is_overtaken(self, here: Here, attempt: Attempt) -> bool:
        """Return whether somebody has signed in at another provider since this login was begun: that counts.

        Else a provider could hold an answer back, and put its own person in the place of whoever is there by then.
        """
        session = self._components.session(here)
        if session is None or session.provider_key == self._party.key:
            return False
        return session.session_id != attempt.replaces

    def _repeated(self, here: Here, state: State) -> Decision:
        """Answer a browser whose answer was taken before, without a word to the provider: its code is spent."""
        return self._again(here, state, LoginError("code_rejected", "the answer to this login was taken before"))

    def _unfinishable(self, here: Here, state: State | None, attempt: Attempt | Note | None) -> Decision:
        """Answer for a login that cannot be finished: it was already, is late, or its slot here was given to another.

        With a good session the browser goes to the page that the login was to lead to. A late login is started again,
        once. Else it may have been begun in another browser, whose person must not be signed in here: a page says so.
        """
        return_to = own_path(here.origin, "/") if state is None else self._return_to(here, state)
        if isinstance(attempt, Note) or self._components.session(here) is not None:
            return self._go(here, return_to)
        if state is None:
            return self._error_reply(here, self._mismatches.no_login(here, is_readable=False), return_to)
        if self._components.attempts.is_late(state, self._components.clock()):
            return self._again(here, state, LoginError("login_late", "the login took longer than login_timeout"))
        return self._error_reply(here, self._mismatches.no_login(here, is_readable=True), return_to)

    def _return_to(self, here: Here, state: State) -> str:
        found = state.return_to
        if found is None:
            found = self._components.attempts.long_address(state, here.cookies, here.cookie_header)
        return own_path(here.origin, "/") if found is None else found

    def _refused(self, here: Here, state: State, callback: code_flow.Callback) -> Decision:
        """Tell of the provider's no, or of ours to a no that names another provider (RFC 9207, 2.4)."""
        known = self._party.provider.known_metadata()
        try:
            if known is not None:
                self._party.provider.check_callback(callback, known, required=False)
        except ProviderError as error:
            return self._failed(here, state, error)
        if (callback.error, callback.error_description) in _TRY_AGAIN:
            return self._again(here, state, LoginError("login_expired", "the login page at the provider was too old"))
        refusal = ProviderRefusalError(callback.error, callback.error_description, callback.said)
        return self._failed(here, state, refusal)

    def _finish(self, here: Here, state: State, attempt: Attempt, callback: code_flow.Callback) -> Decision:
        """Redeem the code and start the session. An outage leaves the attempt as it is: the page can be reloaded."""
        if not self._redemptions.begin(callback.state):
            return self._repeated(here, state)
        try:
            return self._redeem(here, state, attempt, callback)
        except (ProviderDownError, StoreError) as error:
            self._redemptions.forget(callback.state)
            return self._error_reply(here, error, self._return_to(here, state))

    def _redeem(self, here: Here, state: State, attempt: Attempt, callback: code_flow.Callback) -> Decision:
        try:
            session, session_headers = self._start_session(here, state, attempt, callback)
        except ProviderDownError:
            raise
        except LoginError as error:
            return self._again(here, state, error) if error.retry else self._failed(here, state, error)
        except ProviderError as error:
            return self._failed(here, state, error)
        note = self._components.attempts.finish(state, here.cookies, self._components.clock())
        noted = self._departures.picker.note(here, self._party)
        headers, return_to = (*session_headers, note, *noted), self._return_to(here, state)
        rule = self._step_up.unmet_by(session, state.step_up)
        if rule is not None:
            return self._step_up.unmet_reply(here, self._party, rule, session.claims, return_to, headers)
        return self._go(here, return_to, headers)

    def _start_session(
        self, here: Here, state: State, attempt: Attempt, callback: code_flow.Callback
    ) -> tuple[Session, tuple[Header, ...]]:
        components = self._components
        claims, issued = self._party.provider.exchange(
            callback,
            redirect_uri=self._requests.redirect_uri(here.origin),
            verifier=attempt.verifier,
            nonce=attempt.nonce,
            authenticated_since=state.begun_at if state.forced else None,
        )
        self._step_up.check_person(state, attempt, claims)
        claims, kept = self._userinfo.complete(claims, issued.access_token)
        if here.request.method == "POST":
            claims = self._names.added(claims, callback)
        now = components.clock()
        tokens = kept_tokens(components, self._party, issued)
        refresh_at = refresh_time(issued, now, now) if "refresh_token" in tokens else float("inf")
        session = components.sessions.start(
            claims, tokens, kept, now, refresh_at, access_end(issued, now), self._party.key
        )
        session = self._party.kept_claims.in_session(session)
        note_algorithm(components, self._party, issued)
        session, text = components.sessions.keep(session, here.cookies.session)
        headers = here.cookies.set_session(text, here.cookie_header, session.expires_at - now)
        replaced = components.session(here)
        # A callback that the provider's page posts comes without the session's cookie; then the attempt tells.
        before = replaced.session_id if replaced is not None else attempt.replaces
        if before:
            components.sessions.end(before, now)
            telling = self._party.telling if replaced is None else components.telling_of(replaced)
            telling.session_replaced(here.request, before, replaced)
        log_session(here, headers, text, session.expires_at - now, tokens)
        is_step_up = bool(state.person)
        reason = login_reason(restarted=state.restarted, is_step_up=is_step_up, asked=state.asked)
        self._party.telling.login_finished(here.request, session, reason, now - state.begun_at)
        return session, headers

    def _again(self, here: Here, state: State, error: LoginError) -> Decision:
        """Start the login again, once; a browser that has a good session meanwhile just goes on to its page.

        Not where the login was to step that session up: the page would only lead here again.
        """
        return_to = self._return_to(here, state)
        dropped = (here.cookies.drop_slot(state.slot),)
        rule = self._step_up.carried(state.step_up)
        if rule is None and self._components.session(here) is not None:
            return self._go(here, return_to, dropped)
        if state.restarted:
            return self._failed(here, state, error)
        self._party.telling.login_restarted(error)
        attempt = self._components.attempts.find(state, here.cookies, here.cookie_header)
        return self._departures.start(
            self._party,
            here,
            return_to,
            forced=state.forced,
            asked=state.asked,
            restarted=True,
            rule=rule,
            person=state.person if isinstance(attempt, Attempt) else b"",
            replaces=attempt.replaces if isinstance(attempt, Attempt) else "",
            headers=dropped,
        )

    def _failed(self, here: Here, state: State, error: GateError) -> Reply:
        dropped = (here.cookies.drop_slot(state.slot),)
        return self._error_reply(here, error, self._return_to(here, state), dropped)

    def _error_reply(self, here: Here, error: GateError, return_to: str, headers: tuple[Header, ...] = ()) -> Reply:
        telling, made = self._party.telling, self._components.pages
        return error_reply(telling, made, error, here.request, action_path=return_to, about="login", headers=headers)

    def _go(self, here: Here, path: str, headers: tuple[Header, ...] = ()) -> Reply:
        if self._components.settings.keep_fragment:
            return scripted_pages.arriving(self._components.pages, here.request, path, headers)
        return pages.redirect(path, headers, status=303 if here.request.method == "POST" else 302)


def _of_another() -> ProviderError:
    return ProviderError(
        "callback_issuer_mismatch",
        "the answer to a login at one provider came to the callback of another (RFC 9700, 4.4)",
    )
