"""Where sessions live when they do not live in the cookie: one small contract.

A store never sees who a session belongs to. Keys and names are hashes, values are sealed with a key that only the
browser's ticket gives: a copy of a store holds no cookie, token or address. Every call may block, for at most the time
given at construction, and raises StoreError, and nothing else, when the store cannot answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

__all__ = ["Record", "SessionStore"]

class Record(NamedTuple):
    """What an operator sees of a stored session: its key, and when it ends if nobody comes (seconds since 1970)."""

    key: str
    expires_at: float


class SessionStore(Protocol):
    """What the gate asks of a store. Safe to use from several threads, and from processes forked after it was made.

    A store may have a coroutine `load_on_loop(key)` too: `load` without blocking, with the same time limit and errors;
    under ASGI it is awaited in place of `load` in a thread. A coroutine `close_on_loop()` closes what it keeps open for
    the running loop, when the server stops. `is_claimed(name)` tells, without claiming it, whether somebody has claimed
    a name; without it each process knows by itself alone how the provider signs ID tokens.

    `is_one_server`, True where a store has it, says that while one key is waited for in vain all others would be. Until
    it answers again one request at a time waits for it.

    As a list of ended sessions a store holds hashes and one fixed word; only `load` and `save` are used then.

    A `try_out(setting)`, where a store has it, is called when a gate starts. It raises StoreError where the store does
    not answer, of which the operator is warned, and SettingsError, naming the setting, where waiting does not help. It
    leaves nothing open, for the server may fork.

    `lifetime` is in seconds, counted from the call; what is older is gone. `names` lead from something else than the
    key to the session: the provider's `sid` and `sub`, hashed.
    """

    def load(self, key: str) -> bytes | None:
        """Return the value, or None when there is none, or no longer."""

    def save(self, key: str, value: bytes, lifetime: float, names: Sequence[str], longest: float) -> None:
        """Store a new session under its key and its names; `longest`: how long it can last, renewals included."""

    def replace(self, key: str, value: bytes, lifetime: float, expected: bytes) -> bool:
        """Store a new value in place of the `expected` one; False, and nothing stored, when another or none is there.

        So a session that was ended is never brought back by a request that was under way, and tokens that another
        process has just renewed are never overwritten with the spent ones.
        """

    def delete(self, key: str) -> None:
        """End a session; one that is gone already is fine."""

    def delete_named(self, name: str) -> int:
        """End all sessions with this name, and return how many there were."""

    def claim(self, name: str, seconds: float) -> bool:
        """Return True to one caller in all processes and machines, False to the others until the time is over."""

    def release(self, name: str) -> None:
        """Give back what was claimed; what was not claimed is fine."""

    def records(self) -> Iterator[Record]:
        """Return what there is, for operators."""
