"""When userinfo is asked, beside the ID token, and what of the tokens is kept for later."""

from __future__ import annotations

import logging
from typing import Any

from oidc_gate.claims import merged
from oidc_gate.errors import ProviderDownError, ProviderError
from oidc_gate.identity import text_claim
from oidc_gate.parts import Parts
from oidc_gate.protocol import Tokens

__all__ = ["Userinfo", "kept_tokens", "refresh_time"]

logger = logging.getLogger("oidc_gate")

#: What userinfo may answer without the login failing, when no rule depends on it.
_DISPENSABLE = frozenset({"userinfo_missing", "userinfo_denied", "userinfo_rejected"})
#: Access tokens are renewed before they end: a minute, and at most a tenth of their life.
_EARLY, _EARLY_SHARE = 60.0, 0.1
#: For a provider that does not say how long its access tokens last (RFC 6749, 5.1 recommends that it does).
_USUAL_LIFE = 3600.0


class Userinfo:
    """Completes the claims of an ID token."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._settings = parts.settings

    def complete(
        self, claims: dict[str, Any], access_token: str, *, indispensable: bool = False
    ) -> tuple[dict[str, Any], list[str]]:
        """Return the claims with those of userinfo, where that is to be asked.

        `indispensable`: an outage of userinfo is an error whatever is lacking, for something better is known already.
        Also the names that only the ID token brought, where userinfo will be asked again. May block; raises
        ProviderError.
        """
        settings = self._settings
        again = bool(settings.userinfo_refresh_interval)
        always = settings.userinfo == "always" or again
        if settings.userinfo == "never" or not (always or self._lacks(claims)):
            return claims, []
        try:
            found = self._parts.provider.userinfo(access_token, claims["sub"])
        except ProviderError as error:
            dispensable = isinstance(error, ProviderDownError) or error.code in _DISPENSABLE
            if always or indispensable or self._parts.rules.lack(claims) or not dispensable:
                raise
            logger.warning("userinfo is left out of a login: %s", error)
            return claims, []
        together, kept = merged(claims, found)
        return together, kept if again else []

    def _lacks(self, claims: dict[str, Any]) -> bool:
        """Return whether a claim is missing that the scopes, the rules or the app's REMOTE_USER call for."""
        settings = self._settings
        wanted = {"email": "email", "profile": "name"}
        names = {claim for scope, claim in wanted.items() if scope in settings.scopes} | {settings.remote_user_claim}
        return self._parts.rules.lack(claims) or any(text_claim(claims, name) is None for name in names)


def kept_tokens(parts: Parts, issued: Tokens) -> dict[str, str]:
    """Return the tokens that a setting needs later; all others are forgotten.

    A refresh token is kept in a server-side store alone: cookie sessions in parallel requests would use it twice.
    """
    kept = {}
    if parts.settings.provider_logout:
        kept["id_token"] = issued.id_token
    if parts.settings.userinfo_refresh_interval:
        kept["access_token"] = issued.access_token
    if parts.sessions.stores and issued.refresh_token:
        kept["refresh_token"] = issued.refresh_token
    return kept


def refresh_time(tokens: Tokens, now: float) -> float:
    """Return when tokens are to be renewed, shortly before the access token ends."""
    life = tokens.expires_in or _USUAL_LIFE
    return now + life - min(_EARLY, life * _EARLY_SHARE)
