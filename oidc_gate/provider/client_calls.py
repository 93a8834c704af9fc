"""The gate as a client of one provider: requests that carry its proof, and their answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from oidc_gate.errors import ProviderSetupError
from oidc_gate.provider import code_flow, pushed_requests
from oidc_gate.provider.client_credentials import authentication_of
from oidc_gate.provider.discovery import Metadata
from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest
from oidc_gate.provider.quoting import secrets_in
from oidc_gate.provider.token_errors import TokenCall

if TYPE_CHECKING:
    from oidc_gate.settings import Settings

__all__ = ["ClientCalls"]


class ClientCalls:
    """Asks what only this client may ask. Thread-safe; all of it may block.

    `send`: returns the answer to a request. Raises SettingsError where the client cannot prove itself.
    """

    def __init__(self, settings: Settings, private_key: Any, send: Callable[[HTTPRequest], HTTPAnswer]) -> None:
        self._settings = settings
        self._send = send
        self._authenticate = authentication_of(settings, private_key)

    def send(self, request: HTTPRequest) -> HTTPAnswer:
        """Return the answer to a request, sent with the client's proof."""
        return self._send(self._authenticate(request))

    def tokens(self, request: HTTPRequest, found: Metadata, *, refreshing: bool = False) -> code_flow.Tokens:
        """Return what the token endpoint issues. Raises LoginError and ProviderError."""
        request = self._authenticate(request)
        return code_flow.read_tokens(self._send(request), self._call(request, found, refreshing=refreshing))

    def push(self, address: str, found: Metadata) -> str:
        """Hand the provider the authorization request of this address; return where the browser is sent instead.

        Parameters of the endpoint's own stay there. An assertion is for the issuer (RFC 9126, 2). Raises ProviderError.
        """
        endpoint, client_id = found.pushed_authorization_request_endpoint, self._settings.client_id
        if not endpoint:
            raise ProviderSetupError(
                "pushed_requests_missing",
                "authorization requests are to be pushed, and discovery names no usable"
                " pushed_authorization_request_endpoint; where there is one, provider_endpoints can name it",
            )
        form = address.removeprefix(code_flow.joined(found.authorization_endpoint))
        request = self._authenticate(pushed_requests.pushed_request(endpoint, form), found.issuer)
        request = pushed_requests.naming_client(request, client_id)
        reference = pushed_requests.read_pushed(self._send(request), self._call(request, found))
        return pushed_requests.address_of(found.authorization_endpoint, client_id, reference)

    def _call(self, request: HTTPRequest, found: Metadata, *, refreshing: bool = False) -> TokenCall:
        """Return what an error in the answer is read by."""
        method = self._settings.client_auth_method
        return TokenCall(method, found.client_auth_methods, refreshing, secrets_in(request))
