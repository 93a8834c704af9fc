"""The provider, as one gate uses it: each call to it, from the request to the checked answer. All of it may block."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from oidc_gate.errors import ProviderDownError, ProviderError
from oidc_gate.provider import code_flow, introspection, keys, token_checks, userinfo
from oidc_gate.provider.access_tokens import AccessToken, ExpectedToken, check_introspected, check_jwt
from oidc_gate.provider.cache import Cached
from oidc_gate.provider.client_calls import ClientCalls
from oidc_gate.provider.client_credentials import private_key_of
from oidc_gate.provider.discovery import Metadata, ProviderAddresses, metadata_of, read_metadata
from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest
from oidc_gate.provider.quoting import names_shown
from oidc_gate.provider.security_events import SecurityEvent, check_security_event
from oidc_gate.provider.signatures import Signatures
from oidc_gate.provider.transport import Transport
from oidc_gate.settings import PROVIDER_FIELDS, issuers, template_of

if TYPE_CHECKING:
    from oidc_gate.settings import Settings

__all__ = ["Provider"]

logger = logging.getLogger("oidc_gate")

#: Takes a call: the request, the answer or None without one, and how long that took in seconds.
Watch = Callable[[HTTPRequest, HTTPAnswer | None, float], None]

#: The settings of a provider that do not change what is known of it: who this client is, and what it asks. For
#: `ca_bundle` the authorities in it are compared.
_OF_CLIENT = frozenset(
    {
        "authz_url_params", "ca_bundle", "client_assertion_file", "client_auth_method", "client_id",
        "client_private_key_file", "client_secret", "clock_leeway", "http_timeout", "profile", "provider_outage_grace",
        "pushed", "scopes", "title", "userinfo", "userinfo_refresh_interval",
    }
)  # fmt: skip


class Provider:
    """One provider, as one gate uses it. Thread-safe.

    `before`: as the gate used it whose place this one takes; of the same provider, what it said of itself is known.
    `watch` is told of each call.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        watch: Watch | None = None,
        before: Provider | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._transport = Transport(settings.ca_bundle, settings.http_timeout)
        self._send = self._transport.send if watch is None else _watched(self._transport.send, watch)
        self._addresses = ProviderAddresses.of(settings)
        self._metadata = Cached(self._fetch_metadata, clock)
        self._keys = Cached(self._fetch_keys, clock)
        self._told_of_logout = False
        self._always_pushed = {"always": True, "never": False}.get(settings.pushed)
        private_key = private_key_of(settings)
        self._client = ClientCalls(settings, private_key, self._send, clock)
        self._signatures = Signatures(settings, self._metadata, self._keys, private_key)
        audiences, clients = settings.bearer_audience, settings.bearer_clients
        self._audiences = frozenset(audiences or ())
        self._clients = None if clients is None else frozenset(clients)
        if before is not None and self._asks_as(before):
            self._metadata.adopt(before._metadata)
            self._keys.adopt(before._keys)
            self._told_of_logout = before._told_of_logout

    def _asks_as(self, other: Provider) -> bool:
        """Return whether both ask the same provider, and believe the same authorities."""
        changed = PROVIDER_FIELDS.intersection(self._settings.changed(other._settings)) - _OF_CLIENT
        return not changed and self._transport.context is other._transport.context

    def known_metadata(self) -> Metadata | None:
        """Return the metadata if they are here and fresh; never blocks."""
        return self._metadata.known()

    def issuer(self) -> str:
        """Return what the provider calls itself, or what the settings do while it was not asked. Never blocks."""
        latest = self._metadata.latest
        return self._settings.issuer_url if latest is None else latest.issuer

    def metadata(self) -> Metadata:
        """Return the metadata; an old copy if the provider does not answer. Raises ProviderError without one."""
        return self._metadata.get()

    def names(self, issuer: str) -> bool:
        """Return whether this is the provider's issuer, or that of one of its tenants whose users may come.

        Never blocks: as long as the metadata are not known, the settings tell.
        """
        known = self.known_metadata()
        own = template_of(self._settings.issuer_url) if known is None else known.issuer
        return issuer.rstrip("/") in {each.rstrip("/") for each in (self._settings.issuer_url, *self._issuers(own))}

    def _issuers(self, issuer: str) -> tuple[str, ...]:
        return issuers(issuer, self._settings.allow_tenants or ())

    def is_pushed(self, found: Metadata) -> bool:
        """Return whether authorization requests are pushed to the provider (RFC 9126). Never blocks."""
        return found.demands_pushed if self._always_pushed is None else self._always_pushed

    def push(self, address: str, found: Metadata) -> str:
        """Hand the provider the authorization request of this address; return where the browser is sent instead.

        Raises ProviderError.
        """
        return self._client.push(address, found)

    def check_callback(self, callback: code_flow.Callback, found: Metadata, *, required: bool) -> None:
        """Refuse the answer of another provider (RFC 9207, 2.4). Raises ProviderError."""
        callback.check_issuer(self._issuers(found.issuer), required=required)

    def known_keys(self) -> keys.KeySet | None:
        """Return the keys if they are here and fresh; others whenever they were fetched once more. Never blocks."""
        return self._keys.known()

    def access_token_at_once(self, token: str) -> AccessToken | None:
        """Return the access token that a JWT is; None where the provider has to be asked for its keys. Never blocks.

        Raises ProviderError. A token that comes encrypted is refused: to open it takes longer than strangers may have
        done in their name.
        """
        found = self._signatures.verified_at_once(token)
        if found is None:
            return None
        signed, key_set, metadata = found
        return check_jwt(signed, key_set, self._expected_token(metadata))

    def access_token(self, token: str) -> AccessToken:
        """Return the access token that a JWT is. Raises ProviderError."""
        return check_jwt(*self._signatures.verified(token), self._expected_token(self.metadata()))

    def introspected(self, token: str) -> AccessToken:
        """Return the access token that the provider calls active. Raises ProviderError."""
        found = self.metadata()
        if not found.introspection_endpoint:
            detail = "discovery names no introspection_endpoint; where there is one, provider_endpoints can name it"
            raise ProviderDownError("introspection_missing", detail)
        request = introspection.introspection_request(found.introspection_endpoint, token)
        said = introspection.read_introspection(self._client.send(request, found))
        if isinstance(said, str):
            said = introspection.read_signed_introspection(self._of_provider(said), self._expected(found))
        return check_introspected(token, introspection.check_active(said), self._expected_token(found))

    def _of_provider(self, token: str) -> keys.SignedToken:
        """Return an answer that the provider has signed. Raises ProviderDownError: nothing is said of whoever asked."""
        try:
            return self._verified(token)
        except ProviderDownError:
            raise
        except ProviderError as error:
            raise ProviderDownError("introspection_failed", f"the signed answer: {error.detail}") from None

    def exchange(
        self,
        callback: code_flow.Callback,
        *,
        redirect_uri: str,
        verifier: str,
        nonce: str,
        authenticated_since: float | None = None,
        resource: str = "",
    ) -> tuple[dict[str, Any], code_flow.Tokens]:
        """Redeem a code; return the ID token's verified claims and the tokens. Raises LoginError, ProviderError.

        `authenticated_since`: when the person was asked to authenticate anew, in seconds since 1970; None if not.
        `resource`: see `code_flow.token_request`.

        An ID token that came encrypted is handed on decrypted, as it has to be for a hint (Core, 3.1.2.1).
        """
        found = self.metadata()
        self.check_callback(callback, found, required=found.sends_iss or bool(self._settings.profile))
        request = code_flow.token_request(
            found.token_endpoint, code=callback.code, redirect_uri=redirect_uri, verifier=verifier, resource=resource
        )
        issued = self._client.tokens(request, found)
        id_token = self._signatures.decrypted(issued.id_token)
        signed, _ = self._signatures.verified(id_token, is_handed_out=True)
        claims = token_checks.check_id_token(signed, self._expected(), expected_nonce=nonce)
        logger.debug("the ID token is good: signed with %s, claims: %s", signed.alg, names_shown(claims))
        token_checks.check_access_token(claims, issued.access_token, signed.alg)
        if authenticated_since is not None:
            leeway = self._settings.clock_leeway
            token_checks.check_reauthenticated(claims, asked_at=authenticated_since, leeway=leeway)
        return claims, replace(issued, id_token=id_token, signed_with=signed.algorithm)

    def refresh(self, refresh_token: str, claims: dict[str, Any]) -> tuple[dict[str, Any] | None, code_flow.Tokens]:
        """Renew the tokens of a session with these claims; return the new ID token's claims, or None, and the tokens.

        Raises ProviderError; `refresh_token_rejected` when the provider no longer accepts the refresh token.
        """
        found = self.metadata()
        self._keys.get()  # before the refresh token is spent: without keys the answer to it would be lost
        request = code_flow.refresh_request(found.token_endpoint, refresh_token)
        issued = self._client.tokens(request, found, refreshing=True)
        if not issued.id_token:
            return None, issued
        id_token = self._signatures.decrypted(issued.id_token)
        signed, _ = self._signatures.verified(id_token, is_handed_out=True)
        fresh = token_checks.check_refreshed_id_token(signed, self._expected(), expected_claims=claims)
        token_checks.check_access_token(fresh, issued.access_token, signed.alg)
        logger.debug("the refreshed ID token is good: signed with %s, claims: %s", signed.alg, names_shown(fresh))
        return fresh, replace(issued, id_token=id_token, signed_with=signed.algorithm)

    def revoke(self, refresh_token: str) -> None:
        """End a refresh token, where the provider offers that. Raises ProviderError."""
        found = self.metadata()
        if found.revocation_endpoint:
            self._client.send(code_flow.revocation_request(found.revocation_endpoint, refresh_token), found)

    def logout_claims(self, logout_token: str) -> tuple[dict[str, Any], str]:
        """Return the verified claims of a logout token, and the algorithm it is signed with. Raises ProviderError."""
        signed = self._verified(logout_token)
        claims = token_checks.check_logout_token(signed, self._expected())
        logger.debug("the logout token is good: claims: %s", names_shown(claims))
        return claims, signed.algorithm

    def security_event(self, token: str, own_address: str) -> tuple[SecurityEvent, str]:
        """Return what a security event token says, and the algorithm it is signed with. Raises ProviderError."""
        signed = self._verified(token)
        return check_security_event(signed, self._expected(), own_address=own_address), signed.algorithm

    def userinfo(self, access_token: str, expected_sub: str) -> dict[str, Any]:
        """Return the person's claims from userinfo, signed, encrypted, both or neither. Raises ProviderError."""
        endpoint = self.metadata().userinfo_endpoint
        if not access_token:
            raise ProviderError("userinfo_missing", "the provider issued no access token to ask userinfo with")
        if not endpoint:
            raise ProviderError("userinfo_missing", "the provider offers no userinfo endpoint")
        claims = self._client.userinfo(endpoint, access_token)
        if isinstance(claims, str):
            inner = self._signatures.inside(claims)
            # Encrypted alone, it is as good as an answer that is neither: both are believed for where they came from.
            if inner is None or not inner.lstrip().startswith(b"{"):
                inner = self._verified(claims, is_handed_out=True).payload
            claims = token_checks.read_claims(inner)
            token_checks.check_signed_userinfo(claims, self._expected())
        claims = userinfo.check_userinfo(claims, expected_sub=expected_sub)
        logger.debug("userinfo has the claims: %s", names_shown(claims))
        return claims

    def _verified(self, token: str, *, is_handed_out: bool = False) -> keys.SignedToken:
        """Return a token whose signature is the provider's; inside of one that is encrypted. Raises ProviderError."""
        return self._signatures.verified(self._signatures.decrypted(token), is_handed_out=is_handed_out)[0]

    def _expected(self, known: Metadata | None = None) -> token_checks.Expected:
        settings, known = self._settings, known or self.metadata()
        tenants = settings.allow_tenants or ()
        client_id, leeway, alone = settings.client_id, settings.clock_leeway, bool(settings.profile)
        return token_checks.Expected(known.issuer, client_id, self._clock(), leeway, tenants, alone)

    def _expected_token(self, known: Metadata) -> ExpectedToken:
        return ExpectedToken(self._expected(known), self._audiences, self._clients, self._settings.bearer_type)

    def _fetch_metadata(self) -> Metadata:
        document = self._addresses.document
        if document is not None:
            found = metadata_of(document, self._addresses)
        else:
            found = read_metadata(self._send(self._addresses.request()), self._addresses)
        settings = self._settings
        has_logout = bool(found.end_session_endpoint or settings.provider_logout_url)
        if settings.provider_logout and not has_logout and not self._told_of_logout:
            self._told_of_logout = True
            logger.warning(
                "provider_logout is true, and the provider offers no end_session_endpoint: a logout ends the session"
                " here and not at the provider, so that signing in again may ask nothing. For a provider with a logout"
                " of its own set provider_logout_url"
            )
        return found

    def _fetch_keys(self) -> keys.KeySet:
        answer = self._send(HTTPRequest(self.metadata().jwks_uri, endpoint="keys"))
        return keys.read_key_set(answer.document("key set", "keys_unreadable"))


def _watched(send: Callable[[HTTPRequest], HTTPAnswer], watch: Watch) -> Callable[[HTTPRequest], HTTPAnswer]:
    """Return what sends, and tells how long the answer took."""

    def send_watched(request: HTTPRequest) -> HTTPAnswer:
        answer, began = None, time.perf_counter()
        try:
            answer = send(request)
        finally:
            watch(request, answer, time.perf_counter() - began)
        return answer

    return send_watched
