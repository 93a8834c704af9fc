"""Real signing keys and hand-made tokens.

Keys come from joserfc and are made once per process: an RSA key costs a tenth of a second. Tokens are put together by
hand from joserfc's signature algorithms, since a hostile provider must be able to write any header (`none`, a wrong
`kid`, an embedded key, `crit`), which a library rightly refuses to write.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any, cast

from joserfc import jws
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey, import_key

Claims = dict[str, Any]
Header = dict[str, Any]

CURVES = {"ec": "P-256", "ec384": "P-384", "ec521": "P-521"}
FAMILIES = {"RS256": "rsa", "RS512": "rsa", "PS256": "rsa", "ES256": "ec", "EdDSA": "ed", "Ed25519": "ed"}


@functools.cache
def make_key(family: str, generation: int = 1) -> Key:
    """Return the private key of a family (`rsa`, `ec`, `ed`, …); a rotation is the next one, with another `kid`."""
    named = cast(Any, {"kid": f"{family}-{generation}", "use": "sig"})
    if family == "rsa":
        return RSAKey.generate_key(2048, named)
    if family in CURVES:
        return ECKey.generate_key(cast(Any, CURVES[family]), named)
    return OKPKey.generate_key("Ed25519", named)


def key_for(alg: str, generation: int = 1) -> Key:
    """Return the private key that signs with this algorithm."""
    return make_key(FAMILIES[alg], generation)


def hmac_key(secret: str) -> Key:
    """Return a shared secret as a key (for HS256 and `client_secret_jwt`)."""
    return OctKey.import_key({"kty": "oct", "k": _b64(secret.encode())})


def public_jwk(key: Key) -> dict[str, Any]:
    return dict(key.as_dict(private=False))


def public_jwks(*keys: Key) -> dict[str, Any]:
    """Return the public halves as a JWKS document."""
    return {"keys": [public_jwk(key) for key in keys]}


def generation_jwks(*generations: int) -> dict[str, Any]:
    """Return the JWKS document that holds all families' keys of these generations."""
    return public_jwks(*(make_key(family, number) for number in generations for family in ("rsa", "ec", "ed")))


def sign(claims: Mapping[str, Any] | bytes, header: Mapping[str, Any], key: Key | bytes | None = None) -> str:
    """Return a compact JWT exactly as told: `header["alg"]` picks the algorithm, `none` leaves the signature empty.

    A key given as bytes is an HMAC secret that joserfc would refuse, such as the text of a public key.
    """
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    signing_input = f"{_b64(json.dumps(dict(header)).encode())}.{_b64(payload)}"
    alg = str(header["alg"])
    if alg.lower() == "none":
        return f"{signing_input}."
    if isinstance(key, bytes):
        return f"{signing_input}.{_b64(hmac.digest(key, signing_input.encode(), 'sha256'))}"
    chosen = key if key is not None else key_for(alg)
    signature = jws.JWSRegistry.algorithms[alg].sign(signing_input.encode(), chosen)
    return f"{signing_input}.{_b64(signature)}"


def verify(token: str, jwks: Mapping[str, Any], algorithms: tuple[str, ...] = ("RS256",)) -> Claims:
    """Return the claims of a token that a key of this JWKS signed, else raise ValueError; times are not judged."""
    signing_input, _, signature = token.rpartition(".")
    header = unverified_header(token)
    if header["alg"] not in algorithms:
        raise ValueError(f"the token says alg={header['alg']}, expected {algorithms}")
    algorithm = jws.JWSRegistry.algorithms[header["alg"]]
    for jwk in jwks["keys"]:
        fits = jwk["kty"] == algorithm.key_type and header.get("kid") in (None, jwk.get("kid"))
        if fits and algorithm.verify(signing_input.encode(), _unb64(signature), import_key(jwk)):
            return unverified_claims(token)
    raise ValueError(f"no key of the JWKS verifies the token with header {header}")


def unverified_claims(token: str) -> Claims:
    """Read a token's claims without looking at its signature."""
    return cast(Claims, json.loads(_unb64(token.split(".")[1])))


def unverified_header(token: str) -> Header:
    return cast(Header, json.loads(_unb64(token.split(".", maxsplit=1)[0])))


def tampered(token: str) -> str:
    """Return the token with one bit of its signature flipped."""
    head, payload, signature = token.split(".")
    raw = bytearray(_unb64(signature))
    raw[len(raw) // 2] ^= 1
    return f"{head}.{payload}.{_b64(bytes(raw))}"


def left_half_hash(value: str) -> str:
    """Return the `at_hash` of a token under any of the SHA-256 algorithms (OpenID Connect Core 3.1.3.6)."""
    return _b64(hashlib.sha256(value.encode()).digest()[:16])


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
