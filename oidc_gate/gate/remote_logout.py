"""Logout from the provider: it tells the gate, by a token or in a frame, whose session has ended there.

Only sessions in a store can be ended so; for the others the answer is 501.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

from oidc_gate.browser import own_path, pages
from oidc_gate.decisions import Decision, Reply, Work
from oidc_gate.errors import GateError, LoginError, ProviderError, StoreError
from oidc_gate.gate.components import Components, Here
from oidc_gate.gate.error_replies import provider_busy
from oidc_gate.gate.kept_tokens import check_signed_as_before
from oidc_gate.gate.parties import Party
from oidc_gate.gate.refusals import Refusals
from oidc_gate.provider import code_flow
from oidc_gate.sessions import StoreBackend

__all__ = ["RemoteLogout"]

Pairs = list[tuple[str, str]]


class RemoteLogout:
    """Ends the sessions that the provider says have ended."""

    def __init__(self, components: Components, refusals: Refusals) -> None:
        self._components = components
        self._refusals = refusals

    def by_token(self, here: Here, pairs: Pairs) -> Decision:
        """Take a logout token from the provider (Back-Channel Logout 1.0, 2.5 to 2.8)."""
        backend = self._components.sessions.backend
        if not isinstance(backend, StoreBackend):
            return _no_store()
        if here.request.query:  # a token in the address would be in everybody's logs (2.5)
            raise LoginError("parameters_invalid", "the logout token belongs into the body")
        token = code_flow.single_values(pairs, ("logout_token",)).get("logout_token", "")
        party = self._components.parties.of_token(token)
        return Work(
            party.lane("logout"),
            lambda: self._end_by_token(here, party, backend, token),
            turned_away=lambda: self._refusals.failure(here.request, provider_busy(), own_path(here.origin, "/")),
        )

    def _end_by_token(self, here: Here, party: Party, backend: StoreBackend, token: str) -> Reply:
        try:
            claims, algorithm = party.provider.logout_claims(token)
            check_signed_as_before(party, backend, algorithm)  # 2.6, step 3
            self._end_once(here, party, backend, claims)
        except GateError as error:
            return self._refusals.failure(here.request, error, own_path(here.origin, "/"))
        return pages.json_reply(200, {})

    def _end_once(self, here: Here, party: Party, backend: StoreBackend, claims: dict[str, Any]) -> None:
        """End the sessions that the token names; a token that was here before ends nothing.

        One whose work could not be done is forgotten again, for the provider will send it once more.
        """
        token = f"logout token {party.key}{_digest(claims['jti'])}"
        life = claims["exp"] - self._components.clock() + party.settings.clock_leeway
        if not backend.claim(token, max(1.0, life)):
            raise ProviderError("logout_token_repeated", "this logout token was here before")
        try:
            self._end_named(here, party, "back_channel", backend, "sid" if "sid" in claims else "sub", claims)
        except StoreError:
            backend.release(token)
            raise

    def _end_named(
        self,
        here: Here,
        party: Party,
        reason: Literal["back_channel", "front_channel"],
        backend: StoreBackend,
        named: str,
        claims: Mapping[str, Any],
    ) -> None:
        ended = backend.end_named(named, claims[named], party.key)
        if ended:
            self._components.sessions.forget_all()
        party.telling.ended_by_provider(here.request, reason, ended, named, claims)

    def by_frame(self, here: Here, pairs: Pairs) -> Decision:
        """End the session that the provider's page names in a frame (Front-Channel Logout 1.0, 3)."""
        backend = self._components.sessions.backend
        if not isinstance(backend, StoreBackend):
            return _no_store()
        params = code_flow.single_values(pairs, ("iss", "sid"))
        parties, issuer = self._components.parties, params.get("iss")
        # Entra ID sends no issuer, which is clear enough as long as there is no other provider.
        party = parties.only if issuer is None else parties.of_issuer(issuer)
        if party is None or not params.get("sid"):
            issuer = "the provider's iss" + ("" if parties.only is None else " or none")
            raise LoginError("logout_issuer_unknown", f"front-channel logout needs a sid, and {issuer}")
        self._end_named(here, party, "front_channel", backend, "sid", {"sid": params["sid"]})
        return pages.blank()


def _no_store() -> Reply:
    """Refuse a logout from the provider: a session that lives in a cookie cannot be ended without its browser."""
    return pages.json_reply(501, {"error": "session_store_required"})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
