"""Proofs of possession of the gate's own: its access tokens are bound to a key that no one else has (DPoP, RFC 9449).

The key is made of `cookie_secret`, so that all processes of a gate have it, and have it after a restart; at each
provider another one. Of several secrets the first one's binds; a token that was bound before is tried with the others'.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace

from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest
from oidc_gate.provider.proofs_of_possession import hash_of
from oidc_gate.signing import SigningKey

__all__ = ["OwnProofs"]

#: A longer nonce is not repeated: a header would have to hold it.
_LONGEST_NONCE = 1000
_MEMBERS = ("kty", "crv", "x", "y")


class OwnProofs:
    """Sends requests with proofs for one provider. Thread-safe; may block.

    `cookie_secrets`: newest first; `purpose`: what tells this provider and client from others; `clock`: seconds since
    1970.
    """

    def __init__(
        self,
        cookie_secrets: Sequence[str],
        purpose: str,
        clock: Callable[[], float],
        send: Callable[[HTTPRequest], HTTPAnswer],
    ) -> None:
        self._keys = [SigningKey(secret, f"dpop {purpose}") for secret in cookie_secrets]
        #: What tokens will be bound to, and codes already are (section 10).
        self.thumbprint = self._keys[0].public["kid"]
        self._clock = clock
        self._send = send
        self._nonces: dict[str, str] = {}

    def send(self, make: Callable[[], HTTPRequest], token: str = "") -> HTTPAnswer:
        """Return the answer to a request with a proof, and once more with the server's nonce if it wants one (8).

        `make` returns the request, anew for each try: what proves the client is good once. `token`: the access token
        that it is sent with, `""` for none yet.
        """
        for key in self._keys if token else self._keys[:1]:
            answer, is_challenge = self._sent(make(), key, token)
            if is_challenge:
                answer, _ = self._sent(make(), key, token)
            if answer.status != 401:
                break
        return answer

    def _sent(self, request: HTTPRequest, key: SigningKey, token: str) -> tuple[HTTPAnswer, bool]:
        """Return the answer, and whether it asks for a nonce that it brings."""
        place = request.url.partition("?")[0]
        known = self._nonces.get(place, "")
        claims = {
            "jti": secrets.token_urlsafe(16),
            "htm": "GET" if request.body is None else "POST",
            "htu": place,
            "iat": int(self._clock()),
        }
        claims |= {"nonce": known} if known else {}
        claims |= {"ath": hash_of(token.encode())} if token else {}
        header = {"typ": "dpop+jwt", "jwk": {name: key.public[name] for name in _MEMBERS}}
        answer = self._send(replace(request, headers=request.headers | {"DPoP": key.signed(claims, header)}))
        nonce = answer.header("dpop-nonce")
        if not 0 < len(nonce) <= _LONGEST_NONCE:
            return answer, False
        self._nonces[place] = nonce
        return answer, nonce != known and _asks_for_nonce(answer)


def _asks_for_nonce(answer: HTTPAnswer) -> bool:
    """Return whether this is what a server says that wants its nonce: in the body (8), or in the challenge (9)."""
    said = answer.header("www-authenticate").encode() + answer.body
    return answer.status in (400, 401) and b"use_dpop_nonce" in said
