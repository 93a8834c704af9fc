"""What is asked of userinfo, and how its answer is read (Core, 5.3): the code flow's last pair, pure as the others."""

from __future__ import annotations

from typing import Any

from oidc_gate.errors import ProviderDownError, ProviderError
from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest, read_json_object
from oidc_gate.provider.quoting import error_said

__all__ = ["check_userinfo", "read_userinfo", "userinfo_request"]


def userinfo_request(endpoint: str, access_token: str, scheme: str = "Bearer") -> HTTPRequest:
    """Return the request for the person's claims; `scheme`: of the access token (RFC 6750, 2.1; RFC 9449, 7.1)."""
    accept = "application/json, application/jwt;q=0.9"
    headers = {"Accept": accept, "Authorization": f"{scheme} {access_token}"}
    return HTTPRequest(endpoint, headers, endpoint="userinfo")


def read_userinfo(answer: HTTPAnswer, secrets: frozenset[str] = frozenset()) -> dict[str, Any] | str:
    """Return the claims, or the token of a signed answer, whose signature is then to be verified.

    Raises ProviderError `userinfo_denied` for the provider's clear no (401), `userinfo_rejected` for another refusal,
    ProviderDownError otherwise. `secrets`: what was sent and nobody is to read.
    """
    answer.require("userinfo endpoint")
    if answer.status == 401:
        raise ProviderError("userinfo_denied", f"userinfo no longer accepts the access token{_said(answer, secrets)}")
    if answer.status != 200:
        status = f"userinfo at {answer.url} answered with status {answer.status}"
        raise ProviderError("userinfo_rejected", f"{status}{_said(answer, secrets)}")
    if answer.content_type == "application/jwt":
        return answer.body.decode("ascii", "replace").strip()
    try:
        return read_json_object(answer.body)
    except ValueError as error:
        detail = f"the answer of userinfo at {answer.url} is not readable: {error}"
        raise ProviderDownError("userinfo_unreadable", detail) from None


def check_userinfo(claims: dict[str, Any], *, expected_sub: str) -> dict[str, Any]:
    """Return the userinfo claims, whose `sub` must be the ID token's (Core, 5.3.2)."""
    if claims.get("sub") != expected_sub:
        raise ProviderError("userinfo_sub_mismatch", "userinfo speaks of another person than the ID token")
    return claims


def _said(answer: HTTPAnswer, secrets: frozenset[str]) -> str:
    """Return the provider's reason (RFC 6750, 3.1), where it gives one in the body."""
    try:
        document = read_json_object(answer.body)
    except ValueError:
        return ""
    error, description = document.get("error"), document.get("error_description")
    return "" if error is None else f": {error_said(error, description, secrets)}"
