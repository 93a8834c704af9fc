"""Introspection: the provider is asked whether a token is good (RFC 7662), and may sign what it says (RFC 9701).

Whatever is no clear answer is an outage: nobody is let in, and nobody is told that their token is bad.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from oidc_gate.errors import ProviderDownError, ProviderError
from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest, read_json_object
from oidc_gate.provider.keys import SignedToken
from oidc_gate.provider.token_checks import Expected, audience_of, check_issuer, read_claims

__all__ = ["check_active", "introspection_request", "read_introspection", "read_signed_introspection"]

_SIGNED = "token-introspection+jwt"
_HEADERS = {
    "Accept": f"application/json, application/{_SIGNED};q=0.9",
    "Content-Type": "application/x-www-form-urlencoded",
}


def introspection_request(endpoint: str, token: str) -> HTTPRequest:
    """Return the question about an access token (RFC 7662, 2.1), without credentials: those are added later."""
    body = urlencode({"token": token, "token_type_hint": "access_token"})
    return HTTPRequest(endpoint, _HEADERS, body, endpoint="introspection")


def read_introspection(answer: HTTPAnswer) -> dict[str, Any] | str:
    """Return what the provider says, or the token of a signed answer, whose signature is then to be verified.

    Raises ProviderDownError for all that is no answer, a refusal to this client too.
    """
    answer.require("introspection endpoint")
    if answer.status != 200:
        advice = _advice(answer)
        raise _failed(f"the introspection endpoint at {answer.url} answered with status {answer.status}{advice}")
    if answer.content_type in (f"application/{_SIGNED}", "application/jwt"):
        return answer.body.decode("ascii", "replace").strip()
    try:
        return read_json_object(answer.body)
    except ValueError as error:
        raise _failed(f"the answer of the introspection endpoint at {answer.url} is not readable: {error}") from None


def _advice(answer: HTTPAnswer) -> str:
    client = "; it does not accept this client: allow it introspection, and check its secret"
    if answer.status != 400:
        return client if answer.status in (401, 403) else ""
    try:
        error = read_json_object(answer.body).get("error")
    except ValueError:
        return client
    if error == "unsupported_token_type":  # RFC 7009, 2.2.1, of which some make use here: JWTs are not introspected
        return "; it says nothing of tokens of this kind: for JWTs set bearer_tokens to auto, or to jwt"
    return client


def read_signed_introspection(signed: SignedToken, expected: Expected) -> dict[str, Any]:
    """Return what a signed answer says, whose signature held (RFC 9701, 5). Raises ProviderDownError."""
    try:
        claims = read_claims(signed.payload)
        check_issuer(claims, expected)
    except ProviderError as error:
        raise _failed(f"the signed answer to introspection cannot be believed: {error.detail}") from None
    said = claims.get("token_introspection")
    if signed.kind != _SIGNED or expected.client_id not in audience_of(claims) or not isinstance(said, dict):
        raise _failed("the signed answer to introspection is not for this client, or no such answer (RFC 9701, 5)")
    return said


def check_active(said: dict[str, Any]) -> dict[str, Any]:
    """Return what is said of a token that is good, and no more. Raises ProviderError `token_inactive`."""
    if said.get("active") is not True:
        raise ProviderError("token_inactive", "the provider does not call the token active")
    return {name: value for name, value in said.items() if name != "active"}


def _failed(detail: str) -> ProviderDownError:
    return ProviderDownError("introspection_failed", detail)
