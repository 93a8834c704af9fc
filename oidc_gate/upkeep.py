"""Upkeep: a session whose provider is due to be asked again, for fresh tokens or for who the person is now.

The provider's clear no ends the session. No answer at all ends nothing: the session goes on with what is known, and the
provider is asked again a little later. All of this may block.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from oidc_gate.claims import refreshed
from oidc_gate.errors import LoginError, ProviderDownError, ProviderError
from oidc_gate.identity import Session
from oidc_gate.keepers import StoreKeeper
from oidc_gate.opened import Opened
from oidc_gate.parts import Parts
from oidc_gate.protocol import Tokens
from oidc_gate.userinfo import Userinfo, refresh_time

__all__ = ["Upkeep"]

logger = logging.getLogger("oidc_gate")

#: Answers of userinfo that end the session; any other may be a fault that passes.
_CLEAR_NO = frozenset({"userinfo_denied", "userinfo_sub_mismatch"})
#: Answers to a refresh after which the refresh token is as good as before; after any other the session ends.
_MAY_PASS = frozenset({"client_rejected", "token_request_rejected", "token_answer_invalid", "userinfo_rejected"})
#: How long one process may take to refresh, in seconds, before another may try.
_CLAIM = 30.0


class Upkeep:
    """Asks the provider again, for the sessions of one gate."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._userinfo = Userinfo(parts)

    def perform(self, text: str, opened: Opened) -> Opened | None:
        """Return the session as it is afterwards, or None when it has ended. Raises StoreError."""
        if opened.session.refresh_at <= self._parts.clock():
            return self._attempt(opened, lambda: self._refresh(text, opened), lambda code: code not in _MAY_PASS)
        return self._attempt(opened, lambda: self._recheck(text, opened), lambda code: code in _CLEAR_NO)

    def _attempt(
        self, opened: Opened, ask: Callable[[], Opened | None], is_final: Callable[[str], bool]
    ) -> Opened | None:
        try:
            return ask()
        except (ProviderError, LoginError) as error:
            logger.warning("a session could not be checked again: %s", error)
            if isinstance(error, ProviderDownError) or not is_final(error.code):
                return opened
        self._parts.sessions.end(opened.session.session_id, self._parts.clock())
        return None

    def _recheck(self, text: str, opened: Opened) -> Opened | None:
        session = opened.session
        found = self._parts.provider.userinfo(session.tokens.get("access_token", ""), session.claims["sub"])
        return self._keep(text, opened, claims=refreshed(session.claims, session.kept, found))

    def _refresh(self, text: str, opened: Opened) -> Opened | None:
        """Renew the tokens, once for all processes: whoever does not get the claim goes on with what is known.

        A session that another process has refreshed meanwhile is taken as it is: its old refresh token must not be used
        again, for providers that rotate them take that as theft.
        """
        sessions, keeper = self._parts.sessions, self._parts.sessions.keeper
        if not isinstance(keeper, StoreKeeper) or not keeper.claim(f"refresh {opened.session.session_id}", _CLAIM):
            return opened
        latest = sessions.load_afresh(text, opened.name, self._parts.clock())
        if latest is None or latest.session.refresh_at > self._parts.clock():
            return latest
        session = latest.session
        claims, tokens = self._parts.provider.refresh(session.tokens["refresh_token"], session.claims)
        changed: dict[str, Any] = {"tokens": _kept_tokens(session, tokens)}
        changed["refresh_at"] = refresh_time(tokens, self._parts.clock())
        if claims is not None:
            changed["claims"], changed["kept"] = self._userinfo.complete(claims, tokens.access_token)
        return self._keep(text, latest, **changed)

    def _keep(self, text: str, opened: Opened, **changed: Any) -> Opened | None:
        now = self._parts.clock()
        session = opened.session._replace(checked_at=now, seen_at=now, **changed)
        return self._parts.sessions.keep_changed(text, opened, session)


def _kept_tokens(session: Session, tokens: Tokens) -> dict[str, str]:
    """Return the tokens to keep: those that were kept before, in their newest form."""
    newest = {
        "access_token": tokens.access_token,
        "id_token": tokens.id_token,
        "refresh_token": tokens.refresh_token,
    }
    return {name: newest[name] or old for name, old in session.tokens.items()}
