"""The provider's registered clients, and how each must prove itself at the token endpoint."""

from __future__ import annotations

import base64
import binascii
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_plus

from werkzeug import Request, Response

from tests.providers import keys

# A secret that shows whether a client form-encodes its Basic credentials (RFC 6749 2.3.1).
AWKWARD_SECRET = "p%w+&:/ =? and more, to be long enough for HS256"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


class OAuthError(Exception):
    """An error of RFC 6749 5.2 or 4.1.2.1: its code, a description and the HTTP status where no redirect is made."""

    def __init__(
        self,
        code: str,
        description: str = "",
        status: int = 400,
        headers: Mapping[str, str] | None = None,
        **extra: str,
    ) -> None:
        super().__init__(code, description)
        self.code, self.description, self.status, self.extra = code, description, status, extra
        self.headers = dict(headers or {})

    def params(self) -> dict[str, str]:
        return {"error": self.code, "error_description": self.description} | self.extra

    def response(self) -> Response:
        response = Response(json.dumps(self.params()), self.status, content_type="application/json")
        response.headers["Cache-Control"] = "no-store"
        response.headers.update(self.headers)
        if self.status == 401:
            response.headers["WWW-Authenticate"] = 'Basic realm="provider"'
        return response


@dataclass
class Client:
    """A client as registered: None for a list of URIs means any."""

    client_id: str
    secret: str | None = "the-secret-of-the-app-that-is-long-enough-for-hs256"
    auth_method: str = "client_secret_basic"
    redirect_uris: list[str] | None = None
    post_logout_uris: list[str] | None = None
    jwks: dict[str, Any] = field(default_factory=lambda: {"keys": []})
    may_refresh: bool = True
    may_introspect: bool = True
    may_revoke: bool = True
    scopes: list[str] | None = None
    dpop: bool = False  # whether its tokens must be bound to a key


@dataclass(frozen=True)
class Proof:
    """What a request brought to prove the client: one per method used, so that using two can be seen."""

    method: str
    client_id: str
    secret: str = ""
    assertion: str = ""


def proofs(request: Request) -> list[Proof]:
    """Return every way in which this request tries to authenticate a client."""
    found = []
    header = request.headers.get("Authorization", "")
    if header.lower().startswith("basic "):
        client_id, secret = _basic_credentials(header[6:])
        found.append(Proof("client_secret_basic", client_id, secret))
    form = request.form
    if "client_secret" in form:
        found.append(Proof("client_secret_post", form.get("client_id", ""), form["client_secret"]))
    if "client_assertion" in form:
        found.append(_assertion_proof(form))
    return found or [Proof("none", form.get("client_id", ""))]


def authenticate(request: Request, clients: Mapping[str, Client], audiences: set[str], used: set[str]) -> Client:
    """Return the client that proved itself by its one registered method; raise `invalid_client` otherwise."""
    offered = proofs(request)
    if len(offered) > 1:
        raise _refused(f"more than one method used: {[proof.method for proof in offered]}")
    proof = offered[0]
    client = clients.get(proof.client_id)
    if client is None:
        raise _refused(f"unknown client {proof.client_id!r}")
    if proof.method != client.auth_method and not (proof.assertion and client.auth_method in _ASSERTED):
        raise _refused(f"this client is registered with {client.auth_method}, the request used {proof.method}")
    if proof.assertion:
        _check_assertion(client, proof.assertion, audiences, used)
    elif client.auth_method != "none" and proof.secret != client.secret:
        raise _refused("wrong secret")
    return client


_ASSERTED = {"client_secret_jwt": ("HS256", "HS384", "HS512"), "private_key_jwt": ("RS256", "PS256", "ES256", "EdDSA")}


def _refused(description: str) -> OAuthError:
    return OAuthError("invalid_client", description, status=401)


def _basic_credentials(encoded: str) -> tuple[str, str]:
    """Undo base64, then the form-encoding of each half (RFC 6749 2.3.1)."""
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode("ascii").partition(":")
        if _BAD_ESCAPE.search(client_id + secret):
            raise ValueError("a % that begins no escape")
        return unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except (binascii.Error, ValueError) as error:
        raise _refused("the Basic credentials are not properly encoded") from error


def _assertion_proof(form: Mapping[str, str]) -> Proof:
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise _refused("wrong client_assertion_type")
    try:
        subject = str(keys.unverified_claims(form["client_assertion"])["sub"])
    except (ValueError, IndexError, KeyError) as error:
        raise _refused("the client assertion is no JWT with a sub") from error
    if form.get("client_id", subject) != subject:
        raise _refused("client_id and the assertion's sub differ")
    return Proof("client_assertion", subject, assertion=form["client_assertion"])


def _check_assertion(client: Client, assertion: str, audiences: set[str], used: set[str]) -> None:
    """Check a client assertion as RFC 7523 3 asks: signature, iss, sub, aud, times, and that it is new."""
    jwks = client.jwks
    if client.auth_method == "client_secret_jwt":
        kid = keys.unverified_header(assertion).get("kid", "")
        jwks = {"keys": [keys.hmac_key(client.secret or "").as_dict(kid=kid)]}
    try:
        claims = keys.verify(assertion, jwks, _ASSERTED[client.auth_method])
    except ValueError as error:
        raise _refused(f"client assertion: {error}") from error
    audience = claims.get("aud")
    fits = {audience} if isinstance(audience, str) else set(audience or ())
    if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id or not fits & audiences:
        raise _refused("client assertion: iss, sub or aud is wrong")
    if not isinstance(claims.get("exp"), int) or claims["exp"] < time.time() or not claims.get("jti"):
        raise _refused("client assertion: exp or jti is missing or past")
    if claims["jti"] in used:
        raise _refused("client assertion: used before")
    used.add(claims["jti"])
