"""The provider, as a program at a terminal uses it: what a gate asks too, and what no gate needs."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from oidc_gate.errors import ProviderError
from oidc_gate.provider import code_flow, device_flow
from oidc_gate.provider.client_assertion import read_assertion
from oidc_gate.provider.client_authentication import client_authentication
from oidc_gate.provider.client_credentials import private_key_of
from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest
from oidc_gate.provider.provider import Provider
from oidc_gate.provider.quoting import secrets_in
from oidc_gate.provider.token_errors import TokenCall
from oidc_gate.provider.transport import Transport

if TYPE_CHECKING:
    from oidc_gate.settings import Settings

__all__ = ["TerminalClient"]


class TerminalClient:
    """Asks one provider for tokens. `resource`: what they are to be for (RFC 8707), `""` for none. May block.

    `provider`: for the metadata, and the exchange of a code.
    """

    def __init__(self, settings: Settings, resource: str = "") -> None:
        self.provider = Provider(settings)
        self._settings = settings
        self._resource = resource
        self._send = Transport(settings.ca_bundle, settings.http_timeout).send
        self._authenticate = client_authentication(
            settings.client_auth_method,
            settings.client_id,
            settings.client_secret,
            private_key_of(settings),
            partial(read_assertion, settings.client_assertion_file),
        )

    def redeemed(
        self, callback: code_flow.Callback, *, redirect_uri: str, verifier: str, nonce: str
    ) -> code_flow.Tokens:
        """Return what a code is worth; the ID token is checked as a gate does it. Raises LoginError, ProviderError."""
        _, issued = self.provider.exchange(
            callback, redirect_uri=redirect_uri, verifier=verifier, nonce=nonce, resource=self._resource
        )
        if not issued.access_token:
            raise ProviderError("token_answer_invalid", "the provider issued an ID token alone, and no access token")
        return issued

    def begin(self, params: Iterable[tuple[str, str]]) -> device_flow.DeviceAuthorization:
        """Begin the device flow (RFC 8628, 3.1). Raises ProviderError, `device_flow_missing` where there is none."""
        endpoint = self.provider.metadata().device_authorization_endpoint
        if not endpoint:
            raise ProviderError("device_flow_missing", "the provider offers no device flow: leave --device out")
        request = device_flow.device_request(endpoint, [*params, *self._resources()])
        return device_flow.read_device_answer(*self._asked(request, device=True))

    def tokens_by_now(self, device_code: str) -> code_flow.Tokens | float:
        """Return the tokens, or by how many seconds longer to wait until the next question. Raises ProviderError."""
        endpoint = self.provider.metadata().token_endpoint
        request = device_flow.device_token_request(endpoint, device_code, self._resources())
        return device_flow.read_device_tokens(*self._asked(request, device=True))

    def refreshed(self, refresh_token: str) -> code_flow.Tokens:
        """Return fresh tokens. Raises ProviderError, `refresh_token_rejected` where somebody has to sign in again."""
        endpoint = self.provider.metadata().token_endpoint
        request = code_flow.refresh_request(endpoint, refresh_token, resource=self._resource)
        return code_flow.read_tokens(*self._asked(request))

    def _resources(self) -> list[tuple[str, str]]:
        return [("resource", self._resource)] if self._resource else []

    def _asked(self, request: HTTPRequest, *, device: bool = False) -> tuple[HTTPAnswer, TokenCall]:
        """Return the answer, and what an error in it is read by: no ID token is needed, as with a refresh."""
        request = self._authenticate(request)
        offered = self.provider.metadata().client_auth_methods
        method, sent = self._settings.client_auth_method, secrets_in(request)
        call = TokenCall(method, offered, refreshing=True, secrets=sent, needs_access=True, device=device)
        return self._send(request), call
