"""Secrets of one's own: long enough, and random as far as that can be seen."""

from __future__ import annotations

import re
from typing import Any

from oidc_gate.settings.readers import read_words

__all__ = ["read_secrets"]

#: A shorter secret can be guessed, and so can one of fewer different characters; `oidc-gate secret` makes one of 43
#: characters. Sixteen random hexadecimal digits have fewer than six different ones once in thirty thousand times.
SHORTEST_SECRET, FEWEST_CHARACTERS = 16, 6
#: Of the pieces of so many characters that a random text begins with, nearly all are different; digits repeat most.
_PIECE, _LOOKED_AT, _FEWEST_DIFFERENT = 3, 256, 0.6
#: What stands in examples for a secret of one's own.
_PLACEHOLDER = re.compile(r"change.?me|replace.?(me|this)|(your|my).?(cookie.?)?secret|place.?holder", re.IGNORECASE)


def read_secrets(value: Any) -> tuple[str, ...]:
    """Return one or more secrets of at least 16 characters, newest first."""
    secrets = read_words(_decoded(value) if isinstance(value, bytes) else value)
    if any(len(secret) < SHORTEST_SECRET for secret in secrets):
        raise ValueError(
            f"must have at least {SHORTEST_SECRET} characters, random ones; make one with: oidc-gate secret"
        )
    if any(len(set(secret)) < FEWEST_CHARACTERS for secret in secrets):
        raise ValueError(
            f"must be random, and has fewer than {FEWEST_CHARACTERS} different characters; make one with: oidc-gate"
            " secret"
        )
    if any(map(_is_guessable, secrets)):
        raise ValueError(
            "must be random, and says the same again and again, or is what examples have in its place; make one with:"
            " oidc-gate secret"
        )
    if len(set(secrets)) < len(secrets):
        raise ValueError("must not list the same secret twice")
    return secrets


def _is_guessable(secret: str) -> bool:
    """Return whether a text is one that people put together, or copy, in a hurry."""
    begins = secret[:_LOOKED_AT]
    pieces = [begins[at : at + _PIECE] for at in range(len(begins) - _PIECE + 1)]
    return len(set(pieces)) < _FEWEST_DIFFERENT * len(pieces) or _PLACEHOLDER.search(secret) is not None


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:  # its own text would tell a piece of the secret
        raise ValueError("must be text, and bytes must be UTF-8") from None
