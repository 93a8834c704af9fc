"""Sealing: values that leave the gate and must come back unchanged, and unread where that matters.

`Seal` encrypts (AES-256-GCM) and is for sessions; `signer` signs (itsdangerous, HMAC-SHA-256) and is for what need not
be hidden from the browser that carries it. Both take the same list of secrets, newest first: the first seals, all open.
Each purpose has a key of its own, so that a value sealed for one is never taken for another.

A sealed text is the standard base64 of::

    version 1 byte | key id 4 | salt 16 | ciphertext | tag 16

Every text has its own key and nonce, derived from the salt (BLAKE2b, keyed), so no count of sealed values ever wears a
key out. The plaintext is JSON and is filled up with spaces to a multiple of three bytes in all: base64 then has neither
padding nor spare bits, and there is exactly one text for a sealed value. With more than one, a user could make endless
texts of one session, each unknown to whatever remembers texts.
"""

from __future__ import annotations

import os
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from hashlib import blake2b, sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from itsdangerous import URLSafeSerializer

__all__ = ["Seal", "signer"]

_VERSION = b"\x01"
_SALT_END = 21
_OVERHEAD = 37


class Seal:
    """Encrypts and opens values of one purpose. Thread-safe: nothing in it changes."""

    def __init__(self, secrets: Sequence[str], purpose: str) -> None:
        keys = [_purpose_key(secret, purpose) for secret in secrets]
        self._newest = _VERSION + _key_id(keys[0])
        self._keys = {_VERSION + _key_id(key): key for key in reversed(keys)}

    def seal(self, plaintext: bytes, name: str) -> str:
        """Return the sealed text of a JSON value; `name` is bound into it, and must be the same on opening."""
        plaintext += b" " * (-(_OVERHEAD + len(plaintext)) % 3)
        head = self._newest + os.urandom(16)
        material = blake2b(head, key=self._keys[self._newest], digest_size=44).digest()
        sealed = AESGCM(material[:32]).encrypt(material[32:], plaintext, name.encode())
        return b2a_base64(head + sealed, newline=False).decode("ascii")

    def open(self, text: str, name: str) -> bytes | None:
        """Return the plaintext, or None for anything that this list of secrets did not seal under this name."""
        if len(text) & 3:
            return None
        try:
            key = self._keys.get(a2b_base64(text[:8])[:5])  # cheap, and enough to pass over what is not ours
            if key is None:
                return None
            data = a2b_base64(text, strict_mode=True)
        except ValueError:  # not base64, or not even ASCII
            return None
        if len(data) % 3 or len(data) < _OVERHEAD:
            return None
        material = blake2b(data[:_SALT_END], key=key, digest_size=44).digest()
        try:
            return AESGCM(material[:32]).decrypt(material[32:], data[_SALT_END:], name.encode())
        except InvalidTag:
            return None

    def is_newest(self, text: str) -> bool:
        """Return whether the text was sealed with the first secret; an older one is due to be sealed again."""
        return a2b_base64(text[:8])[:5] == self._newest


def signer(secrets: Sequence[str], purpose: str) -> URLSafeSerializer:
    """Return an itsdangerous serializer for one purpose.

    Untimed: the timed form refuses a value from a host whose clock is a second ahead, so times stand in the payload.
    """
    return URLSafeSerializer(
        list(reversed(secrets)),
        salt=purpose,
        signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"},
    )


def _purpose_key(secret: str, purpose: str) -> bytes:
    master = blake2b(secret.encode(), digest_size=32, person=b"oidc_gate master").digest()
    return blake2b(purpose.encode(), key=master, digest_size=32).digest()


def _key_id(key: bytes) -> bytes:
    return blake2b(b"key id", key=key, digest_size=4).digest()
