"""A right that one process at a time has, among all that share a store."""

from __future__ import annotations

import time
from contextlib import suppress

from oidc_gate.errors import StoreError
from oidc_gate.sessions import StoreBackend

__all__ = ["StoreClaim"]


class StoreClaim:
    """The sole right to do something, for `seconds`, among all processes of a store."""

    def __init__(self, backend: StoreBackend, what: str, seconds: float) -> None:
        self._backend = backend
        self._what = what
        self._seconds = seconds
        self._taken_at = 0.0

    def take(self) -> bool:
        """Return whether it was to be had. May block, raises StoreError."""
        self._taken_at = time.monotonic()
        return self._backend.claim(self._what, self._seconds)

    def give_back(self) -> None:
        """Let others have it, unless it has run out: then it may be theirs already. May block."""
        if time.monotonic() - self._taken_at < self._seconds:
            with suppress(StoreError):  # it runs out by itself
                self._backend.release(self._what)
