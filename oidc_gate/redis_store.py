"""Sessions in Redis or Valkey, for a fleet: one server, Sentinel, or Cluster.

Each command touches one key, so that Cluster allows it, and each key has a time to live, so that nothing stays behind.
KEYS is never used, nor Lua. The URL says which form it is::

    redis://host:6379/0                                  one server; rediss:// for TLS
    redis://host1:26379,host2:26379/0?sentinel=mymaster  Sentinel: the hosts are sentinels
    redis://host1:6379,host2:6379?cluster=true           Cluster: the hosts are where it is asked first
"""

from __future__ import annotations

import time
from asyncio import AbstractEventLoop, Semaphore, get_running_loop
from asyncio import timeout as wait_for_at_most
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, partial
from typing import Any, NamedTuple, TypeVar
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit
from weakref import WeakKeyDictionary

from oidc_gate.errors import SettingsError, StoreError
from oidc_gate.stores import Record

__all__ = ["RedisStore", "connect"]

T = TypeVar("T")

_SESSION, _NAME, _CLAIM = "oidc_gate:session:", "oidc_gate:name:", "oidc_gate:claim:"
#: Redis takes no longer time to live; sessions without an end of their own get this one, a hundred years.
_LONGEST_MS = 100 * 365 * 86_400_000
#: So many sessions of a name are looked at with each new one, and forgotten if they are gone: names stay small.
_TIDIED = 4
#: Of one process; the usual hundred of redis-py would turn the hundred-and-first thread away.
_MOST_CONNECTIONS = 10_000
#: Loads that one event loop has under way, each on a connection of its own; more wait for their turn.
_MOST_AT_ONCE = 50


class _Library(NamedTuple):
    """The classes of redis-py that block, or their asyncio twins."""

    client: Any
    retry: Any
    sentinel: Any
    cluster: Any
    node: Any


def _library(*, on_loop: bool) -> _Library:
    try:
        if on_loop:
            import redis.asyncio as package
            from redis.asyncio import cluster, retry, sentinel
        else:
            import redis as package  # type: ignore[no-redef]
            from redis import cluster, retry, sentinel  # type: ignore[no-redef]
    except ModuleNotFoundError:
        raise SettingsError("session_store is Redis; install its client: pip install 'oidc-gate[redis]'") from None
    return _Library(package.Redis, retry.Retry, sentinel.Sentinel, cluster.RedisCluster, cluster.ClusterNode)


def connect(url: str, timeout: float, *, on_loop: bool = False) -> Callable[[], Any]:
    """Return what makes a redis-py client for the URL. Raises SettingsError; nothing is connected to yet.

    A call to the store may take several steps one after another, so each is given its part of the timeout.
    """
    library = _library(on_loop=on_loop)
    from redis.backoff import NoBackoff
    from redis.exceptions import ConnectionError as Cut

    parts = urlsplit(url)
    query = _options(parts)
    nodes, database = _places(parts, 26379 if "sentinel" in query else 6379)
    if query.get("cluster") == "true":
        return lambda: _cluster(library, nodes, _common(parts, timeout / (len(nodes) + 1)))
    common = _common(parts, timeout / 2)
    # A connection that was cut is made anew, once; who waited in vain does not wait again.
    again = library.retry(NoBackoff(), 1, (Cut,))
    if "sentinel" in query:
        step = timeout / 2 / len(nodes)
        once = common | {
            "socket_timeout": step,
            "socket_connect_timeout": step,
            "retry": library.retry(NoBackoff(), 0),
        }
        sentinel = library.sentinel(nodes, sentinel_kwargs=once, **common)
        return lambda: sentinel.master_for(query["sentinel"], db=database, retry=again)
    return lambda: library.client(host=nodes[0][0], port=nodes[0][1], db=database, retry=again, **common)


def _options(parts: SplitResult) -> dict[str, str]:
    """Return what the URL says of its form. Raises SettingsError for anything else: it would have no effect."""
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    several = "," in parts.netloc
    known = query in ({}, {"cluster": "true"}) or (set(query) == {"sentinel"} and query["sentinel"])
    if not known or (several and not query) or ("cluster" in query and parts.path.strip("/") not in ("", "0")):
        raise SettingsError(
            "session_store: a Redis URL has one host, or several and ?sentinel=NAME or ?cluster=true; a Cluster has no"
            " database number"
        )
    return query


def _places(parts: SplitResult, usual_port: int) -> tuple[list[tuple[str, int]], int]:
    """Return the hosts with their ports, and the database's number. Raises SettingsError."""
    try:
        found = [urlsplit(f"//{host}") for host in parts.netloc.rpartition("@")[2].split(",")]
        return [(each.hostname or "localhost", each.port or usual_port) for each in found], int(
            parts.path.strip("/") or 0
        )
    except ValueError:
        raise SettingsError("session_store is no Redis URL like redis://host:6379/0") from None


def _common(parts: SplitResult, step: float) -> dict[str, Any]:
    return {
        "socket_timeout": step,
        "socket_connect_timeout": step,
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "max_connections": _MOST_CONNECTIONS,
        **({"ssl": True, "ssl_cert_reqs": "required", "ssl_check_hostname": True} if parts.scheme == "rediss" else {}),
    }


def _cluster(library: _Library, nodes: list[tuple[str, int]], common: dict[str, Any]) -> Any:
    """Return a client of a Cluster, which asks at once, or with the first command, where everything is."""
    from redis.backoff import NoBackoff

    places = [library.node(*each) for each in nodes]
    retry = library.retry(NoBackoff(), 1)
    # Asked first are always the hosts in the URL, so that their number, and with it the longest wait, is known.
    return library.cluster(startup_nodes=places, retry=retry, dynamic_startup_nodes=False, **common)


class RedisStore:
    """Sessions behind redis-py clients, which are made on first use: one for threads, and one for each event loop."""

    def __init__(self, url: str, timeout: float) -> None:
        self._make_client = connect(url, timeout)
        self._make_client_on_loop = partial(connect, url, timeout, on_loop=True)
        self._timeout = timeout
        from redis.exceptions import RedisClusterException, RedisError

        self._errors = (RedisError, RedisClusterException, OSError)
        self._on_loops: WeakKeyDictionary[AbstractEventLoop, tuple[Any, Semaphore]] = WeakKeyDictionary()

    @cached_property
    def _client(self) -> Any:
        return self._make_client()

    async def load_on_loop(self, key: str) -> bytes | None:
        """Return what `load` returns, without blocking the running event loop, on a connection of that loop."""
        client, turn = self._of_loop()
        try:
            async with wait_for_at_most(self._timeout), turn:
                value: bytes | None = await client.get(_SESSION + key)
        except self._errors as error:  # a TimeoutError is an OSError
            raise _down(error) from None
        return value

    def _of_loop(self) -> tuple[Any, Semaphore]:
        loop = get_running_loop()
        found = self._on_loops.get(loop)
        if found is None:
            found = self._on_loops[loop] = self._make_client_on_loop()(), Semaphore(_MOST_AT_ONCE)
        return found

    async def close_on_loop(self) -> None:
        """Close the connections of the running event loop."""
        found = self._on_loops.pop(get_running_loop(), None)
        if found is not None:
            await found[0].aclose()

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
        return self._ask(lambda: self._exchange(_SESSION + key, value, _milliseconds(lifetime), expected))

    def _exchange(self, key: str, value: bytes, life: int, expected: bytes) -> bool:
        """Set the key if nobody else does so from the look at it on."""
        from redis.exceptions import WatchError

        with self._client.pipeline(transaction=True) as pipeline:
            pipeline.watch(key)
            if pipeline.get(key) != expected:
                return False
            pipeline.multi()
            pipeline.set(key, value, px=life, xx=True)
            try:
                return bool(pipeline.execute()[0])
            except WatchError:
                return False

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

    def _ask(self, call: Callable[[], T]) -> T:
        """Return what the call returns; whatever redis-py raises is the store's fault."""
        try:
            return call()
        except self._errors as error:
            raise _down(error) from None


def _down(error: BaseException) -> StoreError:
    said = str(error).partition(" : ")[0]  # redis-py puts its whole configuration after a colon at times
    return StoreError("store_unavailable", f"Redis: {type(error).__name__}: {said}")


def _milliseconds(seconds: float) -> int:
    return max(1, int(min(seconds * 1000, _LONGEST_MS)))
