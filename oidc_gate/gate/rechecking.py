"""Rechecking: a session whose provider is due to be asked again, for fresh tokens or for who the person is now.

The provider's clear no ends the session. No answer at all ends nothing, unless `provider_outage_grace` says so: the
session goes on with what is known, and the provider is asked again later. All of this may block.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from oidc_gate.errors import LoginError, ProviderDownError, ProviderError
from oidc_gate.gate.components import Components
from oidc_gate.gate.kept_tokens import access_end, kept_tokens, note_algorithm, refresh_time, renewed_tokens
from oidc_gate.gate.parties import Party
from oidc_gate.gate.provider_noes import ends_at_recheck, ends_at_refresh, ends_unless_renewed, ends_without_token
from oidc_gate.gate.self_told_names import SelfToldNames
from oidc_gate.gate.silence import Silence
from oidc_gate.gate.store_claim import StoreClaim
from oidc_gate.gate.userinfo import Userinfo
from oidc_gate.provider import refreshed_claims
from oidc_gate.sessions import NEVER, OpenSession, Session, StoreBackend

__all__ = ["Rechecking"]

logger = logging.getLogger("oidc_gate")

#: How long one process may take to refresh, in seconds and in time-outs, before another may try.
_CLAIM, _CLAIM_TIMEOUTS = 30.0, 6.0
#: What a refreshed ID token need not repeat of the one it follows (Core, 12.2), and later ones are held against.
_OF_LOGIN = ("auth_time", "nonce", "sid")
#: How the person signed in, which no refresh changes: it would lift a session to what happened in another one.
_OF_SIGN_IN = ("acr", "amr")
#: What is done, for the log.
_USERINFO, _TOKENS = "userinfo is asked", "its tokens are renewed"


class _NoAnswerError(Exception):
    """The provider gave no answer, or none that says anything of the session."""


class _AskedByAnotherError(_NoAnswerError):
    """Another process is asking just now."""


class _TokenEndedError(_NoAnswerError):
    """Userinfo does not accept an access token that may have ended, by a clock that is not as this one was."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self.token = token


class Rechecking:
    """Asks one provider again, for its sessions."""

    def __init__(self, components: Components, party: Party) -> None:
        self._components = components
        self._party, settings = party, party.settings
        self._userinfo = Userinfo(components, party)
        self._names = SelfToldNames(components, party)
        self._claim = max(_CLAIM, _CLAIM_TIMEOUTS * settings.http_timeout)
        self._longest_call, self._clocks_apart = settings.http_timeout, settings.clock_leeway
        self._limits = components.sessions.by_provider[party.key].limits
        self._grace = settings.provider_outage_grace or NEVER
        self._told = False
        self._silence = Silence(components.clock, components.sessions.recheck_schedule.has_failed)

    def perform(self, text: str, opened: OpenSession, *, ask: bool = True) -> OpenSession | None:
        """Return the session as it is afterwards, or None when it has ended. Raises StoreError.

        `ask`: False for a request that did not come to its turn, as if the provider had not answered it.
        """
        if not ask:
            return self._unanswered(text, opened)
        must = self._components.clock() >= self._over_at(opened)
        with self._silence.trying(opened.session_id, must=must) as may_ask:
            try:
                unasked = None if may_ask else self._silence.next_pause()
                kept = self._perform(text, opened) if unasked is None else self._unanswered(text, opened, unasked)
            except _AskedByAnotherError:
                self._components.sessions.recheck_schedule.postpone(opened, self._components.clock(), NEVER)
                kept = opened
            except _NoAnswerError:
                kept = self._unanswered(text, opened)
        if kept is not None and opened.allowed and not kept.allowed:
            logger.warning("no longer allowed, by what the provider says now: subject %r", kept.identity.subject)
        return kept

    def _perform(self, text: str, opened: OpenSession) -> OpenSession | None:
        """Ask what is due. Tokens that cannot be renewed now may still tell who the person is.

        The renewal is then put off, by the session's id: keeping what was told has forgotten that it failed.
        """
        if opened.session.refresh_at > self._components.clock():
            try:
                return self._attempt(text, opened, _USERINFO, self._recheck, ends_at_recheck)
            except _TokenEndedError as ended:
                return self._with_another_token(text, opened, ended.token)
        try:
            return self._attempt(text, opened, _TOKENS, self._refresh, ends_at_refresh)
        except _NoAnswerError:
            if self._recheck_at(opened.session) > self._components.clock():
                raise
        # A 401 is no clear no here: the access token may have ended since.
        recheck = partial(self._recheck, is_sure=True)
        kept = self._attempt(text, opened, _USERINFO, recheck, ends_without_token)
        self._components.sessions.recheck_schedule.postpone(opened, self._components.clock(), NEVER)
        return kept

    def _with_another_token(self, text: str, opened: OpenSession, refused: str) -> OpenSession | None:
        """Ask once more, with a new access token: a refusal of that, or of the refresh token, is a clear no."""
        kept = self._attempt(text, opened, _TOKENS, partial(self._refresh, refused=refused), ends_unless_renewed)
        if kept is None:
            return None
        return self._attempt(text, kept, _USERINFO, partial(self._recheck, is_sure=True), ends_at_recheck)

    def _attempt(
        self,
        text: str,
        opened: OpenSession,
        how: str,
        ask: Callable[[str, OpenSession], OpenSession | None],
        is_final: Callable[[str], bool],
    ) -> OpenSession | None:
        """Return what came of asking the provider. Raises _NoAnswerError when that says nothing of the session."""
        logger.debug("a session is checked again, subject %r: %s", opened.identity.subject, how)
        try:
            return ask(text, opened)
        except (ProviderError, LoginError) as error:
            self._silence.note(opened.session_id, is_silent=isinstance(error, ProviderDownError))
            self._party.telling.session_not_refreshed(opened, error)
            if isinstance(error, ProviderDownError) or not is_final(error.code):
                raise _NoAnswerError from None
            self._end(opened, "provider", error.code)
        return None

    def _unanswered(self, text: str, opened: OpenSession, pause: float | None = None) -> OpenSession | None:
        """Go on without an answer, as long as `provider_outage_grace` allows, and ask again later: see `postpone`."""
        now = self._components.clock()
        # Its tokens may have been renewed before there was no answer.
        opened = self._components.sessions.known(text, opened.name) or opened
        latest: OpenSession | None = opened
        if now >= self._over_at(opened):  # another process may have had an answer since this was loaded
            latest = self._latest(text, opened)
        if latest is None:
            return None
        if now >= self._over_at(latest):
            self._end(latest, "outage")
            return None
        self._components.sessions.recheck_schedule.postpone(latest, now, self._over_at(latest), pause)
        return latest

    def _over_at(self, opened: OpenSession) -> float:
        session = opened.session
        return min(self._recheck_at(session), session.refresh_at) + self._grace

    def _recheck_at(self, session: Session) -> float:
        return self._limits.recheck_at(session.created_at, session.checked_at)

    def _end(self, opened: OpenSession, reason: Literal["provider", "outage"], code: str = "") -> None:
        self._party.telling.session_ended(opened, reason, code=code)
        self._components.sessions.end(opened.session_id, self._components.clock(), opened.expires_at)

    def _recheck(self, text: str, opened: OpenSession, *, is_sure: bool = False) -> OpenSession | None:
        """Fetch the claims again. `is_sure`: a 401 is meant, and not due to clocks that differ."""
        latest = self._latest(text, opened)
        now = self._components.clock()
        if latest is None or min(self._recheck_at(latest.session), latest.session.refresh_at) > now:
            return self._asked_by_another(latest)
        session = latest.session
        if now + self._longest_call >= session.access_ends_at and "refresh_token" not in session.tokens:
            self._tell_of_access_tokens()
            raise _NoAnswerError
        access_token = session.tokens.get("access_token", "")
        try:
            found = self._party.provider.userinfo(access_token, session.claims["sub"])
        except ProviderError as error:
            if error.code != "userinfo_denied" or is_sure or not self._may_have_ended(text, latest, now):
                raise
            self._party.telling.session_not_refreshed(latest, error)
            raise _TokenEndedError(access_token) from None
        self._silence.note(opened.session_id, is_silent=False)
        claims, names = refreshed_claims(session.claims, session.kept, found)
        kept = self._keep(text, latest, claims=claims, kept=names, checked_at=now)
        return self._refreshed(kept, "claims")

    def _may_have_ended(self, text: str, opened: OpenSession, now: float) -> bool:
        """Return whether the access token may be over, though by this clock it is not, and may be replaced.

        It may where nobody said how long it lasts, and where another process has another one by now.
        """
        session = opened.session
        if session.refresh_at == NEVER:
            return False
        if session.access_ends_at == NEVER or session.access_ends_at <= now + self._longest_call + self._clocks_apart:
            return True
        latest = self._latest(text, opened)
        return latest is not None and latest.session.tokens != session.tokens

    def _refresh(self, text: str, opened: OpenSession, *, refused: str | None = None) -> OpenSession | None:
        """Renew the tokens, once for all processes: whoever does not get the claim goes on with what is known.

        A session that another process has refreshed meanwhile is taken as it is: its old refresh token must not be used
        again, for providers that rotate them take that as theft. So the new tokens are kept before anything else is
        done that can fail. `refused`: an access token that is to be replaced, whenever it ends.
        """
        backend, what = self._components.sessions.backend, f"refresh {opened.session_id}"
        claim = StoreClaim(backend, what, self._claim) if isinstance(backend, StoreBackend) else None
        if claim is None or not claim.take():
            if refused is not None:
                raise _AskedByAnotherError
            self._components.sessions.recheck_schedule.leave_to_another(opened, self._components.clock())
            return opened
        latest = self._latest(text, opened)
        if latest is None or not self._is_to_be_refreshed(latest.session, refused):
            claim.give_back()
            return self._asked_by_another(latest)
        session = latest.session
        try:
            claims, issued = self._party.provider.refresh(session.tokens["refresh_token"], session.claims)
        except ProviderDownError:
            claim.give_back()  # whoever asks next, here or elsewhere, need not wait for it to end
            raise
        self._silence.note(opened.session_id, is_silent=False)
        now = self._components.clock()
        kept = self._keep(
            text,
            latest,
            tokens=renewed_tokens(session, issued) | kept_tokens(self._components, self._party, issued),
            refresh_at=refresh_time(issued, now, session.created_at),
            access_ends_at=access_end(issued, now),
        )
        claim.give_back()  # whoever comes now finds the new tokens, which may end before the claim would
        if kept is None:
            self._revoke(issued.refresh_token)
            return None
        note_algorithm(self._components, self._party, issued)
        self._refreshed(kept, "tokens")
        if claims is None:
            return kept
        repeated = {name: value for name, value in claims.items() if name not in _OF_SIGN_IN}
        of_login = {name: session.claims[name] for name in (*_OF_LOGIN, *_OF_SIGN_IN) if name in session.claims}
        claims, names = self._userinfo.complete(of_login | repeated, issued.access_token, before=session.claims)
        claims = self._names.kept(claims, session.claims)
        return self._keep(text, kept, claims=claims, kept=names, checked_at=self._components.clock())

    def _is_to_be_refreshed(self, session: Session, refused: str | None) -> bool:
        is_refused = refused is not None and session.tokens.get("access_token") == refused
        return is_refused or session.refresh_at <= self._components.clock()

    def _refreshed(self, kept: OpenSession | None, what: Literal["tokens", "claims"]) -> OpenSession | None:
        """Tell of a session that the provider vouches for anew; None where it was ended meanwhile."""
        if kept is not None:
            self._party.telling.session_refreshed(kept, what)
        return kept

    def _asked_by_another(self, latest: OpenSession | None) -> OpenSession | None:
        """Go on with what another process was told meanwhile; when to ask next goes by that."""
        if latest is not None:
            self._components.sessions.recheck_schedule.answered(latest.session_id)
        return latest

    def _tell_of_access_tokens(self) -> None:
        """Say, once, why claims are not fetched again any more, and what to set."""
        if not self._told:
            self._told = True
            logger.warning(
                "userinfo_refresh_interval cannot be kept: an access token has run out, and there is no refresh token."
                " Such sessions go on with the claims they have, to their own end. Set session_store and get"
                " refresh tokens (scopes: offline_access), have the provider issue access tokens that last longer, or"
                " set a shorter max_session_duration"
            )

    def _latest(self, text: str, opened: OpenSession) -> OpenSession | None:
        """Return the session as it is in the store now; the provider is asked about it by nobody else in this process.

        A cookie session is as it is.
        """
        sessions = self._components.sessions
        if not sessions.stores:
            return opened
        latest = sessions.load_afresh(text, opened.name, self._components.clock())
        if latest is not None:
            sessions.recheck_schedule.take_turn(latest, self._components.clock())
        return latest

    def _revoke(self, refresh_token: str) -> None:
        """End the token of a session that was ended while it was refreshed."""
        try:
            self._party.provider.revoke(refresh_token)
        except ProviderError as error:
            logger.warning("a refresh token of a session that has ended could not be revoked: %s", error)

    def _keep(self, text: str, opened: OpenSession, **changed: Any) -> OpenSession | None:
        session = opened.session._replace(seen_at=opened.seen_at, **changed)
        session = self._party.kept_claims.in_session(session)
        return self._components.sessions.keep_changed(text, opened, session)
