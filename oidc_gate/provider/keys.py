"""Signatures: the provider's keys, which of them may have signed a token, and whether one did.

joserfc does the mathematics; what is tried, and with which algorithm, is decided here. A key is only ever used with the
algorithms of its own kind, so that a public key never serves as an HMAC secret, and keys in a token's header
(`jwk`, `jku`, `x5u`, `x5c`) are not looked at.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import Any, TypeAlias

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from oidc_gate.errors import ProviderError, ProviderSetupError
from oidc_gate.provider.http_messages import read_json_object
from oidc_gate.settings import SIGNING_ALGS

__all__ = [
    "KeySet",
    "PrivateKey",
    "SignedToken",
    "algorithms_of",
    "another_key",
    "decrypt",
    "load_private_key",
    "read_compact",
    "read_key_set",
    "read_unverified",
    "signing_alg",
    "signing_with",
    "unverified_issuer",
]

PrivateKey: TypeAlias = RSAKey | ECKey | OKPKey

#: A longer token is refused before anything of it is decoded.
LONGEST_TOKEN = 200_000
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)

_KEY_TYPE = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_CURVE = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519", "Ed25519": "Ed25519"}
_DECRYPTION = ("RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW")
_CONTENT = ("A128GCM", "A256GCM", "A128CBC-HS256", "A256CBC-HS512")
#: What the header of an encrypted token must not ask for.
_ASKED = ("zip", "crit")


@dataclass(frozen=True, slots=True)
class SignedToken:
    """A compact JWS taken apart, its signature not looked at yet."""

    header: dict[str, Any]
    payload: bytes
    signing_input: bytes
    signature: bytes

    @property
    def alg(self) -> str:
        """The algorithm that the token claims."""
        return str(self.header.get("alg"))

    @property
    def kind(self) -> str | None:
        """What it says that it is (`typ`), in lower case; `jwt` where it does not say, None for what is no text."""
        kind = self.header.get("typ", "JWT")
        return kind.lower().removeprefix("application/") if isinstance(kind, str) else None

    @property
    def algorithm(self) -> str:
        """The same by one name, for Ed25519 has two (RFC 8037, 3.1; RFC 9864, 2.2)."""
        return "EdDSA" if self.alg == "Ed25519" else self.alg


def read_compact(token: str) -> SignedToken:
    """Take a compact JWS apart (RFC 7515, 7.1). Raises ProviderError `token_malformed`.

    Any other serialisation, a `crit` header (none is understood here, RFC 7515, 4.1.11) and base64 with foreign
    characters are refused.
    """
    parts = token.split(".")
    if len(parts) == 5:
        raise ProviderError("token_malformed", "the token is encrypted, and there is no client_private_key_file")
    if len(token) > LONGEST_TOKEN or len(parts) != 3:
        raise ProviderError("token_malformed", "the token is not a compact JWS")
    try:
        header = read_json_object(_decoded(parts[0]))
        payload, signature = _decoded(parts[1]), _decoded(parts[2])
    except ValueError as error:
        raise ProviderError("token_malformed", f"the token cannot be decoded: {error}") from None
    if "crit" in header:
        raise ProviderError("token_malformed", "the token asks for an extension that is not understood")
    return SignedToken(header, payload, f"{parts[0]}.{parts[1]}".encode(), signature)


def read_unverified(token: str) -> SignedToken | None:
    """Return a JWT that somebody else is to verify, without its signature; None for what is none, or is encrypted.

    It is known by its header and its claims, which are what a signature is over. How many spellings of a signature are
    taken (padded, or with more behind it) is up to whoever verifies it, and so is no way to hide what a token is.
    """
    header, _, rest = token.partition(".")
    try:
        members, payload = read_json_object(_decoded(header)), _decoded(rest.partition(".")[0])
    except ValueError:
        return None
    return SignedToken(members, payload, b"", b"") if "alg" in members and "enc" not in members else None


def unverified_issuer(token: str) -> str:
    """Return whom a token says it is from, `""` for what cannot be read: to know who is to verify it, for no more."""
    try:
        issuer = read_json_object(read_compact(token).payload).get("iss")
    except (ProviderError, ValueError):
        return ""
    return issuer if isinstance(issuer, str) else ""


def _decoded(segment: str) -> bytes:
    if not _BASE64URL.fullmatch(segment):
        raise ValueError("not base64url")
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


class KeySet:
    """The provider's public keys for signatures; immutable."""

    def __init__(self, keys: list[tuple[dict[str, Any], Key]]) -> None:
        self._keys = keys

    def verifies(self, token: SignedToken, issuers: tuple[str, ...] | None = None) -> bool:
        """Return whether one of the keys that may have signed the token did.

        `issuers`: of a key set that several tenants share, only keys for one of these issuers, or for none in
        particular, as their member `issuer` says (Entra ID's).
        The key's type and curve must be those of the algorithm; `use`, `key_ops` and `alg` must allow it; `kid` must
        match where both have one. All keys that remain are tried, for providers do repeat a kid.
        """
        algorithm = JWSRegistry.algorithms[token.alg]
        return any(
            algorithm.verify(token.signing_input, token.signature, key)
            for data, key in self._keys
            if _may_sign(data, token) and (issuers is None or data.get("issuer") in (None, *issuers))
        )


def _may_sign(data: dict[str, Any], token: SignedToken) -> bool:
    alg, kid = token.alg, token.header.get("kid")
    operations = data.get("key_ops")
    return (
        data.get("kty") == _KEY_TYPE.get(alg[:2])
        and data.get("crv") == _CURVE.get(alg)
        and data.get("use") in (None, "sig")
        and (operations is None or (isinstance(operations, list) and "verify" in operations))
        and data.get("alg") in (None, alg, *(("EdDSA", "Ed25519") if alg in ("EdDSA", "Ed25519") else ()))
        and (kid is None or data.get("kid") in (None, kid))
    )


def read_key_set(document: dict[str, Any]) -> KeySet:
    """Return the signing keys of a JWK Set (RFC 7517, 5); keys that cannot be used are passed over, one by one.

    Symmetric keys, keys with a private part and RSA keys under 2048 bits are never used. Raises ProviderSetupError
    `keys_missing` when the document is no key set.
    """
    entries = document.get("keys")
    if not isinstance(entries, list):
        raise ProviderSetupError("keys_missing", "the provider's key set holds no keys")
    keys = [(entry, key) for entry in entries[:100] if (key := _public_key(entry)) is not None]
    return KeySet(keys)


def _public_key(entry: Any) -> Key | None:
    if not isinstance(entry, dict) or entry.get("kty") not in ("RSA", "EC", "OKP") or "d" in entry:
        return None
    kept = {name: entry[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in entry}
    try:
        key = JWKRegistry.import_key(kept)
        strong = not isinstance(key, RSAKey) or key.public_key.key_size >= 2048
    except Exception:  # joserfc and cryptography raise many kinds for junk; one bad key must not spoil the set
        return None
    return key if strong else None


def algorithms_of(entry: Any) -> tuple[str, ...]:
    """Return the algorithms of signatures that a key of a JWK Set verifies; none where it is passed over."""
    if _public_key(entry) is None:
        return ()
    return tuple(alg for alg in SIGNING_ALGS if _may_sign(entry, SignedToken({"alg": alg}, b"", b"", b"")))


def another_key(key: PrivateKey) -> PrivateKey:
    """Return a new private key of the same kind, for the same algorithm."""
    alg = key.as_dict(private=False).get("alg")
    named: Any = {"alg": alg} if alg else None
    if isinstance(key, RSAKey):
        return RSAKey.generate_key(2048, named)
    curve: Any = key.as_dict(private=False)["crv"]
    return type(key).generate_key(curve, named)


def load_private_key(data: bytes) -> PrivateKey:
    """Return the gate's own key from a PEM or JWK file. Raises ValueError."""
    if data.lstrip().startswith(b"{"):
        return _load_private_jwk(read_json_object(data))
    for kind in (RSAKey, ECKey, OKPKey):
        try:
            found = kind.import_key(data)
        except (JoseError, ValueError, TypeError):
            continue
        if found.is_private:
            return found
    raise ValueError("the file holds no private RSA, EC or Ed25519 key without a password")


def _load_private_jwk(document: dict[str, Any]) -> PrivateKey:
    try:
        key = JWKRegistry.import_key(document)
    except Exception as error:  # as above: many kinds for junk
        raise ValueError(f"the JWK cannot be read ({type(error).__name__})") from None
    if not isinstance(key, RSAKey | ECKey | OKPKey) or not key.is_private:
        raise ValueError("the JWK is not a private RSA, EC or Ed25519 key")
    return key


def signing_alg(key: PrivateKey) -> str:
    """Return the algorithm that the gate signs with: the key's own `alg`, else that of its kind; RSA keys sign RS256.

    Raises ValueError for a key that cannot sign, or not with that `alg`.
    """
    data = key.as_dict(private=False)
    by_curve = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "Ed25519"}
    alg = str(data.get("alg") or by_curve.get(str(data.get("crv")), "RS256"))
    if alg not in SIGNING_ALGS or data["kty"] != _KEY_TYPE[alg[:2]] or data.get("crv") != _CURVE.get(alg):
        raise ValueError(f"the key cannot sign {alg}")
    return alg


def signing_with(alg: str, key: PrivateKey) -> PrivateKey:
    """Return a key that signs with this algorithm where it does not say with which itself."""
    data = key.as_dict(private=True)
    return _load_private_jwk({"alg": alg} | data)


def decrypt(token: str, key: PrivateKey) -> bytes:
    """Return what is inside an encrypted token (RFC 7516). Raises ProviderError `token_malformed`.

    Compression, passwords (PBES2) and RSA1_5 are refused: the first two let a sender set our work, the last leaks.
    """
    try:
        header = read_json_object(_decoded(token.partition(".")[0]))
    except ValueError as error:
        raise ProviderError("token_malformed", f"the token cannot be decoded: {error}") from None
    if (
        header.get("alg") not in _DECRYPTION
        or header.get("enc") not in _CONTENT
        or not header.keys().isdisjoint(_ASKED)
    ):
        raise ProviderError("token_malformed", "the token is encrypted in a way that is not accepted")
    registry = jwe.JWERegistry(algorithms=[*_DECRYPTION, *_CONTENT], strict_check_header=False)
    registry.max_protected_header_length = 8192
    registry.max_ciphertext_length = LONGEST_TOKEN
    try:
        return jwe.decrypt_compact(token, key, registry=registry).plaintext or b""
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ProviderError("token_malformed", f"the token cannot be decrypted ({type(error).__name__})") from None
