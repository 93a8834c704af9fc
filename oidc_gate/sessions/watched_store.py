"""A store whose calls somebody is told of: which, how long it took, and whether it answered."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oidc_gate.stores import SessionStore

__all__ = ["Watch", "unwatched", "watched"]

#: Takes a call: its name, `ok` or `failed`, and how long it took in seconds.
Watch = Callable[[str, str, float], None]

_CALLS = ("load", "save", "replace", "delete", "delete_named", "claim", "release", "is_claimed")


class _Watched:
    """Stands for a store, and has what that has: what is not for requests is the store's own."""

    def __init__(self, store: SessionStore, watch: Watch) -> None:
        self._store = store
        for name in _CALLS:
            call = getattr(store, name, None)
            if call is not None:
                setattr(self, name, _timed(call, name, watch))
        load_on_loop = getattr(store, "load_on_loop", None)  # there are stores that have it, and it is None
        if load_on_loop is not None:
            self.load_on_loop = _timed_on_loop(load_on_loop, watch)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def watched(store: SessionStore, watch: Watch | None) -> SessionStore:
    """Return the store, or one in its place whose calls are told."""
    if watch is None:
        return store
    found: Any = _Watched(store, watch)
    return found  # type: ignore[no-any-return]


def unwatched(store: SessionStore) -> SessionStore:
    """Return the store that one stands for."""
    return store._store if isinstance(store, _Watched) else store


def _timed(call: Callable[..., Any], name: str, watch: Watch) -> Callable[..., Any]:
    def timed(*arguments: Any) -> Any:
        outcome, began = "failed", time.perf_counter()
        try:
            answer = call(*arguments)
            outcome = "ok"
        finally:
            watch(name, outcome, time.perf_counter() - began)
        return answer

    return timed


def _timed_on_loop(load: Callable[[str], Awaitable[bytes | None]], watch: Watch) -> Callable[[str], Any]:
    async def timed(key: str) -> bytes | None:
        outcome, began = "failed", time.perf_counter()
        try:
            answer = await load(key)
            outcome = "ok"
        finally:
            watch("load", outcome, time.perf_counter() - began)
        return answer

    return timed
