"""The gate as a client of one provider: requests that carry its proof, and their answers.

Under `profile` an assertion is for the issuer, and access tokens are bound to a key of the gate's (FAPI 2.0, 5.3.3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from oidc_gate.errors import ProviderSetupError
from oidc_gate.provider import code_flow, pushed_requests, userinfo
from oidc_gate.provider.client_credentials import authentication_of
from oidc_gate.provider.discovery import Metadata
from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest
from oidc_gate.provider.quoting import secrets_in
from oidc_gate.provider.token_errors import TokenCall

if TYPE_CHECKING:
    from oidc_gate.provider.own_proofs import OwnProofs
    from oidc_gate.settings import Settings

__all__ = ["ClientCalls"]


class ClientCalls:
    """Asks what only this client may ask. Thread-safe; all of it may block.

    `send`: returns the answer to a request; `clock`: seconds since 1970. Raises SettingsError where the client cannot
    prove itself.
    """

    def __init__(
        self,
        settings: Settings,
        private_key: Any,
        send: Callable[[HTTPRequest], HTTPAnswer],
        clock: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._send = send
        self._authenticate = authentication_of(settings, private_key)
        self._proofs: OwnProofs | None = None
        if settings.profile:
            from oidc_gate.provider.own_proofs import OwnProofs  # late: most have no profile

            purpose = f"{settings.issuer_url.rstrip('/')} {settings.client_id}"
            self._proofs = OwnProofs(settings.cookie_secret, purpose, clock, send)

    def send(self, request: HTTPRequest, found: Metadata) -> HTTPAnswer:
        """Return the answer to a request, sent with the client's proof."""
        return self._send(self._proven(request, found))

    def tokens(self, request: HTTPRequest, found: Metadata, *, refreshing: bool = False) -> code_flow.Tokens:
        """Return what the token endpoint issues. Raises LoginError and ProviderError."""
        if self._proofs is None:
            sent = self._proven(request, found)
            answer = self._send(sent)
        else:
            sent = request
            answer = self._proofs.send(lambda: self._proven(request, found))
        return code_flow.read_tokens(answer, self._call(sent, found, refreshing=refreshing))

    def userinfo(self, endpoint: str, access_token: str) -> dict[str, Any] | str:
        """Return what userinfo says of whoever the token is for: see `read_userinfo`. Raises ProviderError."""
        request, proofs = userinfo.userinfo_request(endpoint, access_token, self._scheme), self._proofs
        answer = self._send(request) if proofs is None else proofs.send(lambda: request, access_token)
        return userinfo.read_userinfo(answer, secrets_in(request))

    def push(self, address: str, found: Metadata) -> str:
        """Hand the provider the authorization request of this address; return where the browser is sent instead.

        Parameters of the endpoint's own stay there. An assertion is for the issuer (RFC 9126, 2), a code bound to the
        key that its access token will be (RFC 9449, 10.1). Raises ProviderError.
        """
        endpoint, client_id = found.pushed_authorization_request_endpoint, self._settings.client_id
        if not endpoint:
            raise ProviderSetupError(
                "pushed_requests_missing",
                "authorization requests are to be pushed, and discovery names no usable"
                " pushed_authorization_request_endpoint; where there is one, provider_endpoints can name it",
            )
        form = address.removeprefix(code_flow.joined(found.authorization_endpoint))
        if self._proofs is not None:
            form = f"{form}&{urlencode({'dpop_jkt': self._proofs.thumbprint})}"
        request = self._authenticate(pushed_requests.pushed_request(endpoint, form), found.issuer)
        request = pushed_requests.naming_client(request, client_id)
        reference = pushed_requests.read_pushed(self._send(request), self._call(request, found))
        return pushed_requests.address_of(found.authorization_endpoint, client_id, reference)

    @property
    def _scheme(self) -> str:
        return "Bearer" if self._proofs is None else "DPoP"

    def _proven(self, request: HTTPRequest, found: Metadata) -> HTTPRequest:
        """Return the request with the client's proof, which is good once."""
        return self._authenticate(request, found.issuer if self._settings.profile else "")

    def _call(self, request: HTTPRequest, found: Metadata, *, refreshing: bool = False) -> TokenCall:
        """Return what an error in the answer is read by."""
        return TokenCall(
            self._settings.client_auth_method,
            found.client_auth_methods,
            refreshing,
            secrets_in(request),
            scheme=self._scheme,
        )
