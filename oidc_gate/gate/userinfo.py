"""When userinfo is asked, beside the ID token."""

from __future__ import annotations

import logging
from typing import Any

from oidc_gate.errors import ProviderDownError, ProviderError
from oidc_gate.gate.components import Components
from oidc_gate.identity import text_claim
from oidc_gate.provider import merged_claims

__all__ = ["Userinfo"]

logger = logging.getLogger("oidc_gate")

#: What userinfo may answer without the login failing, when no rule depends on it.
_DISPENSABLE = frozenset({"userinfo_missing", "userinfo_denied", "userinfo_rejected"})

class Userinfo:
    """Completes the claims of an ID token."""

    def __init__(self, components: Components) -> None:
        self._components = components
        self._settings = components.settings

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
            logger.debug("userinfo is not asked: the ID token has what is called for, or userinfo is never")
            return claims, []
        try:
            found = self._components.provider.userinfo(access_token, claims["sub"])
        except ProviderError as error:
            dispensable = isinstance(error, ProviderDownError) or error.code in _DISPENSABLE
            if always or indispensable or self._components.rules.lack(claims) or not dispensable:
                raise
            logger.warning("userinfo is left out of a login: %s", error)
            return claims, []
        together, kept = merged_claims(claims, found)
        return together, kept if again else []

    def _lacks(self, claims: dict[str, Any]) -> bool:
        """Return whether a claim is missing that the scopes, the rules or the app's REMOTE_USER call for."""
        settings = self._settings
        wanted = {"email": "email", "profile": "name"}
        names = {claim for scope, claim in wanted.items() if scope in settings.scopes} | {settings.remote_user_claim}
        return self._components.rules.lack(claims) or any(text_claim(claims, name) is None for name in names)
