"""Signing: JWTs (RFC 7519) that an app checks by the gate's public keys; ES256 alone (RFC 7518, 3.4).

A key follows from a `cookie_secret`, so that all processes, and all machines with the same secret, sign with the same
key and tell of the same ones, and nothing has to be kept or handed round. What else follows from that secret does not
follow from the key: see `sealing`.

It is imported by whoever signs; no other gate loads it.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from oidc_gate.sealing import purpose_key

__all__ = ["SigningKey"]

#: The order of the curve's group (SEC 2, 2.4.2).
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ECDSA = ec.ECDSA(SHA256())


class SigningKey:
    """A private key on P-256, and what is published of it. Thread-safe: nothing in it changes."""

    def __init__(self, secret: str, purpose: str) -> None:
        # 512 bits for a number of 256, so that none is likelier than another (FIPS 186-5, A.2.1).
        drawn = b"".join(purpose_key(secret, f"{purpose} {half}") for half in (1, 2))
        number = int.from_bytes(drawn, "big") % (_ORDER - 1) + 1
        self._key = ec.derive_private_key(number, ec.SECP256R1())
        point = self._key.public_key().public_numbers()
        x, y = (_base64(coordinate.to_bytes(32, "big")) for coordinate in (point.x, point.y))
        members = {"crv": "P-256", "kty": "EC", "x": x, "y": y}
        thumbprint = _base64(sha256(_json(members)).digest())  # RFC 7638, of these members in this order
        #: The public key (RFC 7517, 4).
        self.public: dict[str, str] = {**members, "kid": thumbprint, "use": "sig", "alg": "ES256"}
        self._header = _base64(_json({"alg": "ES256", "typ": "JWT", "kid": thumbprint}))

    def signed(self, claims: Mapping[str, Any], header: Mapping[str, Any] | None = None) -> str:
        """Return a JWT with these claims; `header`: its members beside `alg`, in place of the usual ones."""
        head = self._header if header is None else _base64(_json({"alg": "ES256", **header}))
        text = f"{head}.{_base64(_json(claims))}"
        r, s = decode_dss_signature(self._key.sign(text.encode("ascii"), _ECDSA))
        return f"{text}.{_base64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
