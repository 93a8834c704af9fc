"""How the gate proves to the token endpoint that it is the client (RFC 6749, 2.3; Core, 9; RFC 7523)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import time
from typing import Any, Protocol
from urllib.parse import quote_plus, urlencode

from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT

from oidc_gate.provider.client_assertion import ASSERTION_TYPE
from oidc_gate.provider.http_messages import HTTPRequest
from oidc_gate.provider.keys import signing_alg

__all__ = ["ClientAuthentication", "client_authentication"]

#: A client assertion is for one request: it lives a minute, not authlib's hour.
_ASSERTION_LIFE = 60


class ClientAuthentication(Protocol):
    """Adds the client's proof to a request."""

    def __call__(self, request: HTTPRequest, audience: str = "") -> HTTPRequest:
        """Return the request with the proof; `audience`: whom an assertion is for, `""` for the request's address."""


def client_authentication(
    method: str, client_id: str, client_secret: str, private_key: Any = None, assertion: Callable[[], str] = str
) -> ClientAuthentication:
    """Return what adds the gate's credentials to a request to the token endpoint; in one place only, never in two.

    `assertion`: what returns the platform's token, asked for each call. Where it raises, the result does.
    """

    def authenticate(request: HTTPRequest, audience: str = "") -> HTTPRequest:
        headers = dict(request.headers)
        # The gate may have a key for encrypted tokens alone, and prove itself by its secret.
        secret = private_key if method == "private_key_jwt" else client_secret
        auth = ClientAuth(client_id, secret, _encoder(method, private_key, assertion, audience))
        url, headers, body = auth.prepare("POST", request.url, headers, request.body)
        return replace(request, url=url, headers=headers, body=body)

    return authenticate


def _encoder(method: str, private_key: Any, assertion: Callable[[], str], audience: str) -> Any:
    """Return authlib's encoder for one request: its assertions repeat their `jti` when an encoder is used again."""
    if method == "client_secret_basic":
        return _form_encoded_basic
    if method == "client_secret_basic_raw":
        return _raw_basic
    if method == "client_assertion":
        return partial(_asserted, assertion())
    claims: dict[str, Any] = {"exp": int(time()) + _ASSERTION_LIFE} | ({"aud": audience} if audience else {})
    if method == "client_secret_jwt":
        return ClientSecretJWT(claims=claims)
    if method == "private_key_jwt":
        key_id = private_key.as_dict().get("kid")
        headers = {"kid": key_id} if key_id else None
        return PrivateKeyJWT(alg=signing_alg(private_key), headers=headers, claims=claims)
    return method


def _form_encoded_basic(auth: ClientAuth, _method: str, url: str, headers: dict[str, str], body: str) -> Any:
    """Add Basic authentication as RFC 6749, 2.3.1 has it: both parts form-encoded before they are joined."""
    return url, headers | _basic(quote_plus(auth.client_id), quote_plus(auth.client_secret)), body


def _raw_basic(auth: ClientAuth, _method: str, url: str, headers: dict[str, str], body: str) -> Any:
    """Add Basic authentication with both parts as they are (RFC 7617, in UTF-8)."""
    return url, headers | _basic(auth.client_id, auth.client_secret), body


def _asserted(assertion: str, auth: ClientAuth, _method: str, url: str, headers: dict[str, str], body: str) -> Any:
    """Add a token of the platform's that stands for the client (RFC 7523, 2.2)."""
    params = {
        "client_id": auth.client_id,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    return url, headers, "&".join(filter(None, (body, urlencode(params))))


def _basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"}
