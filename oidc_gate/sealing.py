"""Sealing: values that leave the gate and must come back unchanged, and unread where that matters.

`Seal` encrypts (AES-256-GCM) and is for sessions; `SignedRows` signs (itsdangerous, HMAC-SHA-256) and is for what need
not be hidden from the browser that carries it. Both take the same list of secrets, newest first: the first seals, all
open. Each purpose has a key of its own, so that a value sealed for one is never taken for another.

A sealed text is the standard base64 of::

    version 1 byte | key id 5 | nonce 12 | ciphertext | tag 16

Version and key id are the first eight characters, so that what was not sealed with a key of ours is passed over unread.

The nonce is random, so that one key is good for some four thousand million seals (NIST SP 800-38D, 8.3): a century of
one seal a second. Spaces are added to the plaintext until the whole is a multiple of three bytes: base64 then has
neither padding nor spare bits, and there is exactly one text for a sealed value. With more than one, a user could make
endless texts of one session, each unknown to whatever remembers texts.
"""

from __future__ import annotations

import json
import os
from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from hashlib import blake2b, sha256
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from itsdangerous import BadSignature, Signer
from itsdangerous.encoding import base64_decode, base64_encode

__all__ = ["Seal", "SignedRows", "from_url", "name_tag", "purpose_key", "to_url"]

_VERSION = b"\x02"
_HEAD, _NONCE = 6, 18  # where they end
_HEAD_TEXT = 8
_as_json = json.JSONEncoder(separators=(",", ":")).encode  # `json.dumps` would make an encoder each time


class Seal:
    """Encrypts and opens values of one purpose. Thread-safe: nothing in it changes."""

    def __init__(self, secrets: Sequence[str], purpose: str) -> None:
        keys = [purpose_key(secret, purpose) for secret in secrets]
        #: What a text starts with that was sealed with the first secret; an older one is due to be sealed again.
        self.newest_prefix = _head(keys[0])
        self._ciphers = {_head(key): AESGCM(key) for key in reversed(keys)}

    def seal(self, plaintext: bytes, name: str) -> str:
        """Return the sealed text, which opens with up to two spaces more.

        `name` is bound into it, and must be the same on opening.
        """
        plaintext += b" " * ((2 - len(plaintext)) % 3)
        nonce = os.urandom(12)
        sealed = self._ciphers[self.newest_prefix].encrypt(nonce, plaintext, name.encode())
        return self.newest_prefix + b2a_base64(nonce + sealed, newline=False).decode("ascii")

    def open(self, text: str, name: str) -> bytes | None:
        """Return the plaintext, or None for anything that this list of secrets did not seal under this name."""
        cipher = self._ciphers.get(text[:_HEAD_TEXT])
        if cipher is None or len(text) & 3 or text[-1] == "=":  # never padded, and more padding would be another text
            return None
        try:
            data = a2b_base64(text, strict_mode=True)
            return cipher.decrypt(data[_HEAD:_NONCE], data[_NONCE:], name.encode())
        except (ValueError, InvalidTag):  # not base64, or too short; not sealed by us
            return None


def to_url(text: str) -> str:
    """Return a seal's text, or other base64, as it stands in an address or a form without being encoded again."""
    return text.replace("+", "-").replace("/", "_")  # `str.translate` takes twenty times as long


def from_url(text: str) -> str:
    """Return the text that `to_url` was given; for what it never returns, a text that no seal opens."""
    return text.replace("+", " ").replace("/", " ").replace("-", "+").replace("_", "/")


class SignedRows:
    """Signs JSON rows of one purpose. They carry their own times.

    itsdangerous' timed form is not used: it refuses a value from a host whose clock is a second ahead. Nor is its
    serializer, which packs a row before signing it, and takes four times as long.
    """

    def __init__(self, secrets: Sequence[str], purpose: str) -> None:
        keys = [purpose_key(secret, purpose) for secret in reversed(secrets)]
        self._signer = Signer(keys, digest_method=sha256, key_derivation="none")  # else it would derive them each time

    def dumps(self, row: list[Any]) -> str:
        """Return the signed text of a row."""
        packed = urlsafe_b64encode(_as_json(row).encode()).rstrip(b"=")
        return self._signer.sign(packed).decode("ascii")

    def loads(self, text: str) -> list[Any] | None:
        """Return the row, or None for anything that this list of secrets did not sign for this purpose."""
        try:
            packed = self._signer.unsign(text)
        except BadSignature:
            return None
        signature = text.rpartition(".")[2]
        if base64_encode(base64_decode(signature)).decode("ascii") != signature:  # the same bytes, spelt another way
            return None
        row: list[Any] = json.loads(urlsafe_b64decode(packed + b"=" * (-len(packed) % 4)))
        return row


def name_tag(secret: str, purpose: str) -> str:
    """Return six letters and digits for names: the same for this secret and purpose, most likely another for others."""
    return b32encode(purpose_key(secret, f"name {purpose}"))[:6].decode("ascii").lower()


def purpose_key(secret: str, purpose: str) -> bytes:
    """Return 32 bytes for this purpose alone, from which nothing follows for another."""
    master = blake2b(secret.encode(), digest_size=32, person=b"oidc_gate master").digest()
    return blake2b(purpose.encode(), key=master, digest_size=32).digest()


def _head(key: bytes) -> str:
    """Return what the texts start with that are sealed with this key."""
    key_id = blake2b(b"key id", key=key, digest_size=_HEAD - len(_VERSION)).digest()
    return b2a_base64(_VERSION + key_id, newline=False).decode("ascii")
