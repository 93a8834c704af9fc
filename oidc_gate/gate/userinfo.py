"""When userinfo is asked, beside the ID token."""

from __future__ import annotations

import logging
from typing import Any

from oidc_gate.errors import ProviderDownError, ProviderError
from oidc_gate.gate.components import Components
from oidc_gate.gate.parties import Party
from oidc_gate.identity import claim_at, text_claim
from oidc_gate.provider import merged_claims, with_word

__all__ = ["Userinfo"]

logger = logging.getLogger("oidc_gate")

#: What userinfo may answer without the login failing, when no rule depends on it.
_DISPENSABLE = frozenset({"userinfo_denied", "userinfo_rejected"})
#: The claim of those that a scope asks for (Core, 5.4) by which it is told whether the ID token has them.
_CLAIM_OF_SCOPE = {"email": "email", "profile": "name", "phone": "phone_number", "address": "address"}
#: Claims of the sign-in itself, which userinfo does not have.
_OF_TOKENS = frozenset({"acr", "amr", "auth_time", "azp", "sid"})
#: Claims that count as missing where they are no text.
_TEXTS = frozenset({"email", "name", "phone_number", "preferred_username"})


class Userinfo:
    """Completes the claims of one provider's ID tokens."""

    def __init__(self, components: Components, party: Party) -> None:
        self._components = components
        self._party, self._settings = party, party.settings

    def complete(
        self, claims: dict[str, Any], access_token: str, *, before: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], list[str]]:
        """Return the claims with those of userinfo, where that is to be asked.

        `before`: those of the session so far; then an outage of userinfo is an error whatever is lacking, for something
        better is known already; and what was said of the address goes on holding for it where nothing is said.
        Also the names that only the ID token brought, where userinfo will be asked again. May block; raises
        ProviderError.
        """
        settings = self._settings
        again = bool(settings.userinfo_refresh_interval)
        always = settings.userinfo == "always" or again
        lacks, lacks_word = self._lacks(claims), self._lacks_word(claims)
        if settings.userinfo == "never" or not (always or lacks or lacks_word):
            logger.debug("userinfo is not asked: the ID token has what is called for, or userinfo is never")
            return with_word(claims, before), []
        try:
            found = self._party.provider.userinfo(access_token, claims["sub"])
        except ProviderError as error:
            fails = lacks and not self._is_dispensable(error, claims, indispensable=before is not None)
            if always or fails or (lacks_word and before is None and self._is_shut_out(error, claims)):
                raise
            logger.warning("userinfo is left out of a %s: %s", "login" if before is None else "renewal", error)
            return with_word(claims, before), []
        together, kept = merged_claims(claims, found)
        return (together, kept) if again else (with_word(together, before), [])

    def _is_shut_out(self, error: ProviderError, claims: dict[str, Any]) -> bool:
        """Return whether this person passes no list as long as userinfo does not vouch for the address."""
        return error.code != "userinfo_missing" and not self._party.lists.allow(claims)

    def _is_dispensable(self, error: ProviderError, claims: dict[str, Any], *, indispensable: bool) -> bool:
        """Return whether a login may go on without userinfo: whoever lacks what a list asks for is refused then.

        A provider that has none will have none the next time; one that has it and fails may tell in a moment.
        """
        if error.code == "userinfo_missing":
            return True
        known = isinstance(error, ProviderDownError) or error.code in _DISPENSABLE
        return known and not indispensable and not self._rules_lack(claims)

    def _lacks(self, claims: dict[str, Any]) -> bool:
        """Return whether a claim is missing that the scopes, the rules, the app's headers or REMOTE_USER call for."""
        settings, lists = self._settings, self._party.lists
        names = {_CLAIM_OF_SCOPE[scope] for scope in settings.scopes if scope in _CLAIM_OF_SCOPE}
        names |= {claim for _, claim in self._components.told_headers} | {settings.remote_user_claim}
        groups = {"groups", settings.groups_claim}
        wants_groups = not groups.isdisjoint((*settings.scopes, *names))
        if self._rules_lack(claims) or (wants_groups and lists.lack_groups(claims)):
            return True
        return any(_is_missing(claims, name) for name in names - groups)

    def _lacks_word(self, claims: dict[str, Any]) -> bool:
        """Return whether it is not said that the address is verified, or is not, where that is required and counts."""
        lists = self._party.lists
        told = any(claim == "email" for _, claim in self._components.told_headers)
        counts = told or lists.go_by_address or "email" in self._components.policy.claims
        return counts and lists.lack_word(claims)

    def _rules_lack(self, claims: dict[str, Any]) -> bool:
        """Return whether a claim is missing that the allow lists or the rules go by."""
        policy, lists = self._components.policy, self._party.lists
        lack = {"groups": lists.lack_groups, "email": lists.lack_email}  # whatever claims have them
        return lists.lack(claims) or any(
            lack[name](claims) if name in lack else _is_missing(claims, name) for name in policy.claims - _OF_TOKENS
        )


def _is_missing(claims: dict[str, Any], name: str) -> bool:
    return text_claim(claims, name) is None if name in _TEXTS else claim_at(claims, name) in (None, "")
