"""Proofs of possession (DPoP) that were here lately: each is good once (RFC 9449, 11.1)."""

from __future__ import annotations

import logging
from threading import Lock

__all__ = ["REMEMBERED", "SeenProofs"]

logger = logging.getLogger("oidc_gate")

#: So long a proof is remembered, in seconds, for it is good for no longer: the life of its nonce, and what the clock of
#: the process that gave it may be ahead. Of so many at most, twice.
REMEMBERED = 240.0
_MOST_PROOFS = 200_000


class SeenProofs:
    """Names of proofs that were here lately: two generations, the older of which is forgotten in time. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()  # guards all of it
        self._new: set[bytes] = set()
        self._old: set[bytes] = set()
        self._since = 0.0

    def add(self, name: bytes, now: float) -> bool:
        """Add a proof; return whether it was not here before."""
        with self._lock:
            age = now - self._since
            if not 0 <= age < REMEMBERED or len(self._new) >= _MOST_PROOFS:
                if 0 <= age < REMEMBERED:
                    logger.warning("more than %d DPoP proofs in %.0f s: the oldest are forgotten", _MOST_PROOFS, age)
                self._old = self._new if age < 2 * REMEMBERED else set()
                self._new, self._since = set(), now
            if name in self._new or name in self._old:
                return False
            self._new.add(name)
            return True
