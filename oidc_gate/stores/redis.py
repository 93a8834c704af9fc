"""Sessions in Redis or Valkey, for a fleet: one server, Sentinel, or Cluster.

Each command touches one key, so that Cluster allows it, and each key has a time to live, so that nothing stays behind.
KEYS is never used, nor Lua.
"""

from __future__ import annotations

import time
from asyncio import AbstractEventLoop, Semaphore, get_running_loop
from asyncio import timeout as wait_for_at_most
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import cached_property, partial
from threading import Thread
from typing import Any, TypeVar

from oidc_gate.errors import SettingsError, StoreError, StoreSetupError
from oidc_gate.stores.contract import Record
from oidc_gate.stores.facts import ServerFacts
from oidc_gate.stores.redis_clients import close, connect, refusal
from oidc_gate.stores.redis_facts import server_facts

__all__ = ["RedisStore"]

T = TypeVar("T")

_SESSION, _NAME, _CLAIM = "oidc_gate:session:", "oidc_gate:name:", "oidc_gate:claim:"
#: Redis takes no longer time to live; sessions without an end of their own get this one, a hundred years.
_LONGEST_MS = 100 * 365 * 86_400_000
#: So many sessions of a name are looked at with each new one, and forgotten if they are gone: names stay small.
_TIDIED = 4
#: Loads that one event loop has under way, each on a connection of its own; more wait for their turn.
_MOST_AT_ONCE = 50


class RedisStore:
    """Sessions behind redis-py clients, which are made on first use: one for threads, and one for each event loop."""

    def __init__(self, url: str, timeout: float, setting: str = "session_store") -> None:
        self._make_client = connect(url, timeout, setting)
        self._connect_on_loop = partial(connect, url, timeout, setting, on_loop=True)
        self._timeout = timeout
        self.is_one_server = "?" not in url
        self._on_loops: dict[AbstractEventLoop, tuple[Any, Semaphore]] = {}
        #: None with TLS: redis-py reads all authorities anew for each connection, and would do so on the loop.
        self.load_on_loop = None if url.startswith("rediss:") else self._load_on_loop

    @cached_property
    def _client(self) -> Any:
        return self._make_client()

    async def _load_on_loop(self, key: str) -> bytes | None:
        """Return what `load` returns, without blocking the running event loop, on a connection of that loop.

        One server has `timeout` for its two steps, connecting and answering. Whoever has to wait for a turn, or has
        several servers to ask, is given that much for all of it.
        """
        client, turn = self._of_loop()
        try:
            if self.is_one_server and not turn.locked():
                async with turn:
                    value: bytes | None = await client.get(_SESSION + key)
            else:
                async with wait_for_at_most(self._timeout), turn:
                    value = await client.get(_SESSION + key)
        except Exception as error:  # see _down
            raise _down(error) from None
        return value

    def _of_loop(self) -> tuple[Any, Semaphore]:
        loop = get_running_loop()
        found = self._on_loops.get(loop)
        if found is None:
            for ended in [each for each in self._on_loops if each.is_closed()]:
                del self._on_loops[ended]  # the client knows its loop, so that no other reference to it ever ends
            found = self._on_loops[loop] = self._connect_on_loop()(), Semaphore(_MOST_AT_ONCE)
        return found

    async def close_on_loop(self) -> None:
        """Close the connections of the running event loop."""
        found = self._on_loops.pop(get_running_loop(), None)
        if found is not None:
            await found[0].aclose()

    def try_out(self, setting: str) -> None:
        """Ask once at start-up, for at most `timeout`, on a connection that is closed again: none may outlive a fork.

        Raises StoreError, and SettingsError for what time does not mend. In a thread, for a look-up of the host's name
        has no time limit of its own.
        """
        answer: Future[None] = Future()
        Thread(target=self._ask_once, args=(answer,), name="oidc_gate-trial", daemon=True).start()
        try:
            answer.result(self._timeout)
        except TimeoutError:
            raise StoreError("store_unavailable", f"Redis: no answer within {self._timeout:g} s") from None
        except Exception as error:  # see _down
            refused = refusal(error)
            if refused:
                raise SettingsError(f"{setting}: {refused}.") from None
            raise _down(error) from None

    def _ask_once(self, answer: Future[None]) -> None:
        try:
            client = self._make_client()
            try:
                client.get(_SESSION)
            finally:
                close(client)
        except Exception as error:  # see _down
            answer.set_exception(error)
        else:
            answer.set_result(None)

    def load(self, key: str) -> bytes | None:
        """See `SessionStore.load`."""
        value: bytes | None = self._ask(lambda: self._client.get(_SESSION + key))
        return value

    def save(self, key: str, value: bytes, lifetime: float, names: Sequence[str], longest: float) -> None:
        """See `SessionStore.save`.

        The session comes before its names. When a name cannot be stored, neither can the session be used: the error
        keeps its ticket from the browser.
        """

        def store() -> None:
            self._client.set(_SESSION + key, value, px=_milliseconds(lifetime))
            for name in names:
                self._add(_NAME + name, key, _milliseconds(longest))

        self._ask(store)

    def _add(self, name: str, key: str, longest: int) -> None:
        """Add a session to a name, which lasts as long as the longest of its sessions can."""
        self._client.sadd(name, key)
        if self._client.pttl(name) < longest:
            self._client.pexpire(name, longest)
        for other in self._client.srandmember(name, _TIDIED):
            if not self._client.exists(_SESSION + other.decode()):
                self._client.srem(name, other)

    def replace(self, key: str, value: bytes, lifetime: float, expected: bytes) -> bool:
        """See `SessionStore.replace`."""
        given = _SESSION + key, value, _milliseconds(lifetime), expected
        return self._ask(lambda: self._exchange(*given))

    def _exchange(self, key: str, value: bytes, life: int, expected: bytes) -> bool:
        """Set the key if nobody else does so from the look at it on; where a Cluster has moved it, there."""
        from redis.exceptions import ConnectionError as Cut
        from redis.exceptions import MovedError

        try:
            return self._exchange_at_once(key, value, life, expected)
        except (MovedError, Cut):
            if not self._is_cluster:
                raise
        # The client learns where it is now by asking once in the usual way.
        return self._client.get(key) == expected and self._exchange_at_once(key, value, life, expected)

    def _exchange_at_once(self, key: str, value: bytes, life: int, expected: bytes) -> bool:
        from redis.exceptions import WatchError

        with self._transaction(key) as pipeline:
            pipeline.watch(key)
            if pipeline.get(key) != expected:
                return False
            pipeline.multi()
            pipeline.set(key, value, px=life, xx=True)
            try:
                return bool(pipeline.execute()[0])
            except WatchError:
                return False

    @property
    def _is_cluster(self) -> bool:
        return hasattr(self._client, "get_node_from_key")

    def _transaction(self, key: str) -> Any:
        """Return a pipeline to the server that has the key.

        In a Cluster it is that of one node's own client: the Cluster's repeats a command on another node when a
        connection is cut, and forgets that the key was watched.
        """
        client = self._client
        if self._is_cluster:
            client = client.get_redis_connection(client.get_node_from_key(key))
        return client.pipeline(transaction=True)

    def delete(self, key: str) -> None:
        """See `SessionStore.delete`."""
        self._ask(lambda: self._client.delete(_SESSION + key))

    def delete_named(self, name: str) -> int:
        """See `SessionStore.delete_named`."""

        def delete() -> int:
            ended = 0
            for key in self._client.smembers(_NAME + name):
                ended += self._client.delete(_SESSION + key.decode())
                self._client.srem(_NAME + name, key)  # not the whole set: a login may be adding to it
            return ended

        return self._ask(delete)

    def claim(self, name: str, seconds: float) -> bool:
        """See `SessionStore.claim`."""
        return bool(self._ask(lambda: self._client.set(_CLAIM + name, b"1", px=_milliseconds(seconds), nx=True)))

    def is_claimed(self, name: str) -> bool:
        """See `SessionStore`."""
        return bool(self._ask(lambda: self._client.exists(_CLAIM + name)))

    def release(self, name: str) -> None:
        """See `SessionStore.release`."""
        self._ask(lambda: self._client.delete(_CLAIM + name))

    def records(self) -> Iterator[Record]:
        """See `SessionStore.records`."""

        def read() -> list[Record]:
            left = {name: self._client.pttl(name) for name in self._client.scan_iter(match=_SESSION + "*", count=1000)}
            now = time.time()
            found = [
                Record(name.decode().removeprefix(_SESSION), now + milliseconds / 1000)
                for name, milliseconds in left.items()
                if milliseconds > 0
            ]
            return sorted(found, key=lambda record: record.expires_at)

        return iter(self._ask(read))

    def facts(self, clock: Callable[[], float]) -> list[ServerFacts]:
        """Return what the servers say of themselves that sessions are written to. Raises StoreError."""

        def ask() -> list[ServerFacts]:
            client = self._make_client()
            try:
                return server_facts(client, clock)
            finally:
                close(client)

        return self._ask(ask)

    def _ask(self, call: Callable[[], T]) -> T:
        """Return what the call returns; whatever redis-py raises is the store's fault."""
        try:
            return call()
        except Exception as error:  # see _down
            raise _down(error) from None


def _down(error: Exception) -> StoreError:
    """Return the error that says so of the store, whatever redis-py has raised.

    That is not always an error of its own: a Cluster client that closes its connections, for a node is gone, leaves
    whoever else is using them with an AttributeError and the like.
    """
    said = str(error).partition(" : ")[0]  # redis-py puts its whole configuration after a colon at times
    refused = refusal(error)
    if not refused and "certificate verify failed" in said:
        refused = "Redis has a certificate that this machine does not trust"
    if refused:
        return StoreSetupError("store_unusable", f"{refused} ({type(error).__name__}: {said})")
    return StoreError("store_unavailable", f"Redis: {type(error).__name__}: {said}")


def _milliseconds(seconds: float) -> int:
    return max(1, int(min(seconds * 1000, _LONGEST_MS)))
