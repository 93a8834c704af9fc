"""Access tokens at the provider that are bound to a key of the client's (DPoP, RFC 9449), each proof good once."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from werkzeug import Request, Response

from tests.providers import keys
from tests.providers.clients import Client, OAuthError
from tests.providers.core import ProviderCore

#: So many seconds a proof may be old, or ahead.
_LATE = 60
#: As FAPI 2.0 has it (5.4.1).
_ALGORITHMS = ("PS256", "ES256", "EdDSA")


class Binding(ProviderCore):
    """Judges proofs; mixed into `LocalProvider`."""

    def reset(self) -> None:
        super().reset()
        self.dpop_nonces: dict[str, str] = {}  # by endpoint: what a proof there must repeat
        self.proofs: list[dict[str, Any]] = []  # what good ones said, and at which endpoint
        self.scheme_of_challenge = "DPoP"
        self.bound: dict[str, str] = {}  # access tokens, and the thumbprint of their key

    def key_of_proof(self, endpoint: str, request: Request, client: Client) -> str | None:
        """Return the thumbprint of the key that a token request proves; None where no token is to be bound."""
        if "DPoP" not in request.headers and not client.dpop:
            return None
        try:
            return self._judged(endpoint, request, "")
        except ValueError as error:
            raise OAuthError("invalid_dpop_proof", str(error)) from error

    def refused_proof(self, request: Request, scheme: str, token: str) -> Response | None:
        """Return the answer to a token that is bound and not proven; None where all is well."""
        jkt = self.bound.get(token)
        if jkt is None:
            return None if scheme.lower() == "bearer" else self._unproven("invalid_token")
        try:
            if scheme.lower() != "dpop":
                raise ValueError("a bound token comes as DPoP")
            if self._judged("userinfo", request, token) != jkt:
                raise ValueError("the token is bound to another key")
        except OAuthError as error:
            return self._unproven(error.code, error.headers)
        except ValueError:
            return self._unproven("invalid_dpop_proof")
        return None

    def _judged(self, endpoint: str, request: Request, token: str) -> str:
        proof = request.headers.get("DPoP", "")
        header = keys.unverified_header(proof)
        if header.get("typ") != "dpop+jwt" or "d" in header.get("jwk", {"d": ""}):
            raise ValueError("typ, or jwk")
        claims = keys.verify(proof, {"keys": [header["jwk"]]}, _ALGORITHMS)
        if (claims["htm"], claims["htu"]) != (request.method, request.base_url):
            raise ValueError("for another request")
        if abs(self.now() - claims["iat"]) > _LATE or any(known["jti"] == claims["jti"] for known in self.proofs):
            raise ValueError("late, or used before")
        if claims.get("ath", "") != (_hash(token.encode()) if token else ""):
            raise ValueError("for another token")
        nonce = self.dpop_nonces.get(endpoint)
        if nonce is not None and claims.get("nonce") != nonce:
            raise OAuthError("use_dpop_nonce", "a nonce, please", headers={"DPoP-Nonce": nonce})
        self.proofs.append(claims | {"at": endpoint})
        return thumbprint(header["jwk"])

    def _unproven(self, error: str, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
        """Answer as a resource does (7.1, 9)."""
        response = Response(status=401)
        challenge = f'{self.scheme_of_challenge} error="{error}", algs="ES256"'
        response.headers.update({"WWW-Authenticate": challenge} | dict(headers))
        return response


def thumbprint(jwk: dict[str, Any]) -> str:
    """Return the thumbprint of a public key (RFC 7638)."""
    named = {name: jwk[name] for name in ("crv", "e", "kty", "n", "x", "y") if name in jwk}
    return _hash(json.dumps(named, separators=(",", ":"), sort_keys=True).encode())


def _hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
