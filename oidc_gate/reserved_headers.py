"""Request headers that only the gate may say: those that tell an app who asks, in every spelling.

Under WSGI `X-Forwarded-User` and `X_Forwarded_User` are one variable, and other software between the gate and the app
may fold names too: so every spelling with dashes, underscores and dots is taken out, in any case.
"""

from __future__ import annotations

from itertools import product

__all__ = ["RESERVED", "spellings"]

#: The names that only the gate may say, lower case with dashes.
RESERVED = (
    "x-forwarded-user",
    "x-forwarded-email",
    "x-forwarded-groups",
    "x-forwarded-preferred-username",
    "ngrok-auth-user-id",
    "ngrok-auth-user-email",
    "ngrok-auth-user-name",
)


def spellings() -> frozenset[bytes]:
    """Return every spelling of the reserved names, lower case: `-`, `_` and `.` count as one."""
    found = set()
    for name in RESERVED:
        words = name.split("-")
        for marks in product("-_.", repeat=len(words) - 1):
            found.add("".join(word + mark for word, mark in zip(words, (*marks, ""), strict=True)).encode())
    return frozenset(found)
