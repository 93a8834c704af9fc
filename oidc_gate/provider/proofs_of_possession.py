"""Proofs of possession: that whoever sends a token holds the key it is bound to (DPoP, RFC 9449), or the certificate.

A proof is a JWT that the program signs for one request, with a key of its own that stands in the header. That key is
believed for nothing else than having signed the proof; the token says whether it is the right one.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, urlsafe_b64encode
from binascii import Error as NotBase64Error
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from oidc_gate.errors import LoginError, ProviderError
from oidc_gate.provider.keys import SignedToken, read_compact, read_key_set
from oidc_gate.provider.token_checks import is_time, read_claims
from oidc_gate.settings import SIGNING_ALGS

__all__ = [
    "DPOP_ALGORITHM",
    "PROOF_ALGORITHMS",
    "ExpectedProof",
    "Proof",
    "certificate_thumbprint",
    "check_proof",
    "hash_of",
    "same_address",
]

#: What the gate's own are signed with.
DPOP_ALGORITHM = "ES256"
#: All of them asymmetric (4.3, point 5).
PROOF_ALGORITHMS = SIGNING_ALGS
#: Members of a JWK by its type that its thumbprint is made of, in their order (RFC 7638, 3.2; RFC 8037, 2).
_THUMBPRINT = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x"), "RSA": ("e", "kty", "n")}
#: Members of private and of symmetric keys (RFC 7518, 6).
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_LONGEST_PROOF, _LONGEST_JTI, _LONGEST_CERTIFICATE = 8192, 256, 32768
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)
_HASH = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class ExpectedProof:
    """What a proof is held against: the request's method and address, the token that it came with, and that key of it.

    `address` without query; `thumbprint`: as `cnf` has it.
    """

    method: str
    address: str
    token: str
    thumbprint: Any


class Proof(NamedTuple):
    """A proof whose time and name are still to be judged. `nonce`: `""` for none."""

    jti: str
    issued_at: float
    nonce: str


def check_proof(text: str, expected: ExpectedProof) -> Proof:
    """Return a proof (4.3) but for points 10, 11 and 11.1, which need to know what was said and seen before.

    Raises LoginError `invalid_dpop_proof`.
    """
    if not text:
        raise _invalid("there is no proof: the DPoP header is missing")
    if len(text) > _LONGEST_PROOF:
        raise _invalid("the proof is too long, or there are several")
    try:
        signed = read_compact(text)
        claims = read_claims(signed.payload)
    except ProviderError as error:
        raise _invalid(f"the proof is no JWT: {error.detail}") from None
    if signed.kind != "dpop+jwt":
        raise _invalid("typ of the proof is not dpop+jwt")
    _check_key(signed, expected)
    jti, issued_at, nonce = claims.get("jti"), claims.get("iat"), claims.get("nonce", "")
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI or not is_time(issued_at):
        raise _invalid("the proof has no jti or no iat")
    if claims.get("htm") != expected.method:
        raise _invalid("the proof is for another method")
    if not same_address(claims.get("htu"), expected.address):
        raise _invalid(f"the proof is for another address than {expected.address}")
    if not _is_same(claims.get("ath"), hash_of(expected.token.encode())):
        raise _invalid("the proof is for another token")
    return Proof(jti, float(issued_at), nonce if isinstance(nonce, str) else " ")


def _check_key(signed: SignedToken, expected: ExpectedProof) -> None:
    """Check that the key in the header of a proof is the token's, and that it has signed the proof.

    Nothing is worked out with another one: whoever has found a token could send keys that take their time.
    """
    key = signed.header.get("jwk")
    if signed.alg not in PROOF_ALGORITHMS:
        raise _invalid("the proof is signed with an algorithm that is not allowed")
    if not isinstance(key, dict) or not _PRIVATE.isdisjoint(key):
        raise _invalid("the proof has no jwk in its header, or a private one")
    if not _is_same(expected.thumbprint, _thumbprint(key)):
        raise _invalid("the token is bound to another key")
    if not read_key_set({"keys": [key]}).verifies(signed):
        raise _invalid("the proof is not signed with the key in its header")


def _invalid(detail: str) -> LoginError:
    return LoginError("invalid_dpop_proof", detail)


def _is_same(found: Any, expected: str) -> bool:
    return isinstance(found, str) and compare_digest(found.encode("utf-8", "replace"), expected.encode())


def hash_of(data: bytes) -> str:
    """Return SHA-256 in base64url, as proofs have it of a token (`ath`)."""
    return urlsafe_b64encode(sha256(data).digest()).rstrip(b"=").decode()


def _thumbprint(key: dict[str, Any]) -> str:
    members = {name: key.get(name) for name in _THUMBPRINT.get(str(key.get("kty")), ())}
    return hash_of(json.dumps(members, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace"))


def same_address(found: Any, expected: str) -> bool:
    """Return whether two addresses are the same without query and fragment (4.3; RFC 3986, 6.2.2 and 6.2.3)."""
    if not isinstance(found, str):
        return False
    try:
        return _normal(found) == _normal(expected)
    except ValueError:
        return False


def _normal(address: str) -> tuple[str, str, str]:
    url = urlsplit(address)
    host = url.netloc.lower().removesuffix(_DEFAULT_PORTS.get(url.scheme, ""))
    return url.scheme, host, _ESCAPE.sub(_escaped, url.path or "/")


def _escaped(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character in _UNRESERVED else escape[0].upper()


def certificate_thumbprint(header: str) -> str | None:
    """Return the `x5t#S256` of a client's certificate as a proxy hands it on; None for what is no certificate.

    PEM, in one line too, percent-encoded or not; base64 alone; with colons around it (RFC 9440); or its SHA-256 in
    hexadecimal digits. Of a header that came twice nobody knows which one is the proxy's: that is none.
    """
    if not header or "," in header or len(header) > _LONGEST_CERTIFICATE:
        return None
    text = unquote(header).strip()
    if _HASH.fullmatch(text):
        return urlsafe_b64encode(bytes.fromhex(text)).rstrip(b"=").decode()
    found = _PEM.search(text)
    body = "".join((found[1] if found else text.removeprefix(":").removesuffix(":")).split())
    try:
        certificate = b64decode(body, validate=True)
    except (NotBase64Error, ValueError):
        return None
    return hash_of(certificate) if certificate[:1] == b"\x30" else None
