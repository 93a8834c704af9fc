"""Sealing: values that leave the gate and must come back unchanged, and unread where that matters.

`Seal` encrypts (AES-256-GCM) and is for sessions; `Signed` signs (itsdangerous, HMAC-SHA-256) and is for what need not
be hidden from the browser that carries it. Both take the same list of secrets, newest first: the first seals, all open.
Each purpose has a key of its own, so that a value sealed for one is never taken for another.

A sealed text is the standard base64 of::

    version 1 byte | key id 4 | nonce 12 | ciphertext | tag 16

The nonce is random, so that one key is good for some four thousand million seals (NIST SP 800-38D, 8.3): a century of
one seal a second. The plaintext is JSON and is filled up with spaces to a multiple of three bytes: base64 then has
neither padding nor spare bits, and there is exactly one text for a sealed value. With more than one, a user could make
endless texts of one session, each unknown to whatever remembers texts.
"""

from __future__ import annotations

import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from hashlib import blake2b, sha256
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from itsdangerous import BadSignature, Signer

__all__ = ["Seal", "Signed"]

_VERSION = b"\x01"
_HEAD, _NONCE = 5, 17  # where they end


class Seal:
    """Encrypts and opens values of one purpose. Thread-safe: nothing in it changes."""

    def __init__(self, secrets: Sequence[str], purpose: str) -> None:
        keys = [_purpose_key(secret, purpose) for secret in secrets]
        self._newest = _VERSION + _key_id(keys[0])
        self._ciphers = {_VERSION + _key_id(key): AESGCM(key) for key in reversed(keys)}

    def seal(self, plaintext: bytes, name: str) -> str:
        """Return the sealed text of a JSON value; `name` is bound into it, and must be the same on opening."""
        plaintext += b" " * (-len(plaintext) % 3)
        nonce = os.urandom(12)
        sealed = self._ciphers[self._newest].encrypt(nonce, plaintext, name.encode())
        return b2a_base64(self._newest + nonce + sealed, newline=False).decode("ascii")

    def open(self, text: str, name: str) -> bytes | None:
        """Return the plaintext, or None for anything that this list of secrets did not seal under this name."""
        if len(text) & 3 or text.endswith("="):  # never padded, and more padding would be another text
            return None
        try:
            cipher = self._ciphers.get(a2b_base64(text[:8])[:_HEAD])  # cheap, and enough to pass over what is not ours
            if cipher is None:
                return None
            data = a2b_base64(text, strict_mode=True)
            return cipher.decrypt(data[_HEAD:_NONCE], data[_NONCE:], name.encode())
        except (ValueError, InvalidTag):  # not base64, or too short; not sealed by us
            return None

    def is_newest(self, text: str) -> bool:
        """Return whether the text was sealed with the first secret; an older one is due to be sealed again."""
        return a2b_base64(text[:8])[:5] == self._newest


class Signed:
    """Signs JSON rows of one purpose. They carry their own times.

    itsdangerous' timed form is not used: it refuses a value from a host whose clock is a second ahead. Nor is its
    serializer, which packs a row before signing it, and takes four times as long.
    """

    def __init__(self, secrets: Sequence[str], purpose: str) -> None:
        self._signer = Signer(list(reversed(secrets)), salt=purpose, digest_method=sha256, key_derivation="hmac")

    def dumps(self, row: list[Any]) -> str:
        """Return the signed text of a row."""
        packed = urlsafe_b64encode(json.dumps(row, separators=(",", ":")).encode()).rstrip(b"=")
        return self._signer.sign(packed).decode("ascii")

    def loads(self, text: str) -> list[Any] | None:
        """Return the row, or None for anything that this list of secrets did not sign for this purpose."""
        try:
            packed = self._signer.unsign(text)
        except BadSignature:
            return None
        row: list[Any] = json.loads(urlsafe_b64decode(packed + b"=" * (-len(packed) % 4)))
        return row


def _purpose_key(secret: str, purpose: str) -> bytes:
    master = blake2b(secret.encode(), digest_size=32, person=b"oidc_gate master").digest()
    return blake2b(purpose.encode(), key=master, digest_size=32).digest()


def _key_id(key: bytes) -> bytes:
    return blake2b(b"key id", key=key, digest_size=4).digest()
