"""Sessions in Redis or Valkey, for a fleet: one server, Sentinel, or Cluster.

Each command touches one key, so that Cluster allows it, and each key has a time to live, so that nothing stays behind.
KEYS is never used, nor Lua. The URL says which form it is::

    redis://host:6379/0                                  one server; rediss:// for TLS
    redis://host1:26379,host2:26379/0?sentinel=mymaster  Sentinel: the hosts are sentinels
    redis://host1:6379,host2:6379?cluster=true           Cluster: the hosts are where it is asked first
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from oidc_gate.errors import SettingsError, StoreError
from oidc_gate.stores import Record

__all__ = ["RedisStore", "connect"]

T = TypeVar("T")

_SESSION, _NAME, _CLAIM = "oidc_gate:session:", "oidc_gate:name:", "oidc_gate:claim:"
#: Redis takes no longer time to live; sessions without an end of their own get this one, a hundred years.
_LONGEST_MS = 100 * 365 * 86_400_000


def connect(url: str, timeout: float) -> Any:
    """Return a redis-py client for the URL. Raises SettingsError; does not connect yet."""
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.cluster import ClusterNode, RedisCluster
        from redis.retry import Retry
        from redis.sentinel import Sentinel
    except ModuleNotFoundError:
        raise SettingsError("session_store is Redis; install its client: pip install 'oidc-gate[redis]'") from None
    try:
        parts = urlsplit(url)
        database = int(parts.path.strip("/") or 0)
        hosts = [_host(host) for host in parts.netloc.rpartition("@")[2].split(",")]
    except ValueError:
        raise SettingsError("session_store is no Redis URL like redis://host:6379/0") from None
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    usual = 26379 if "sentinel" in query else 6379
    nodes = [(name, port or usual) for name, port in hosts]
    common: dict[str, Any] = {
        "socket_timeout": timeout,
        "socket_connect_timeout": timeout,
        "username": parts.username,
        "password": parts.password,
        "ssl": parts.scheme == "rediss",
    }
    retry = Retry(NoBackoff(), 1)
    if "sentinel" in query:
        sentinel: Any = Sentinel(  # type: ignore[no-untyped-call]
            nodes, sentinel_kwargs={"socket_timeout": timeout}, **common
        )
        return sentinel.master_for(query["sentinel"], db=database, retry=retry)
    if query.get("cluster") == "true":
        node: Any = ClusterNode
        return RedisCluster(startup_nodes=[node(*each) for each in nodes], **common)
    return redis.Redis(host=nodes[0][0], port=nodes[0][1], db=database, retry=retry, **common)


def _host(text: str) -> tuple[str, int | None]:
    found = urlsplit(f"//{text}")
    return found.hostname or "localhost", found.port


class RedisStore:
    """Sessions behind a redis-py client."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def load(self, key: str) -> bytes | None:
        """See `SessionStore.load`."""
        value: bytes | None = self._ask(lambda: self._client.get(_SESSION + key))
        return value

    def save(self, key: str, value: bytes, lifetime: float, names: Sequence[str], longest: float) -> None:
        """See `SessionStore.save`."""

        def store() -> None:
            # The names first: a session without a name could not be ended from outside.
            for name in names:
                self._client.sadd(_NAME + name, key)
                self._client.pexpire(_NAME + name, _milliseconds(longest))
            self._client.set(_SESSION + key, value, px=_milliseconds(lifetime))

        self._ask(store)

    def replace(self, key: str, value: bytes, lifetime: float) -> bool:
        """See `SessionStore.replace`."""
        life = _milliseconds(lifetime)
        return bool(self._ask(lambda: self._client.set(_SESSION + key, value, px=life, xx=True)))

    def delete(self, key: str) -> None:
        """See `SessionStore.delete`."""
        self._ask(lambda: self._client.delete(_SESSION + key))

    def delete_named(self, name: str) -> int:
        """See `SessionStore.delete_named`."""

        def delete() -> int:
            keys = [key.decode() for key in self._client.smembers(_NAME + name)]
            ended = sum(self._client.delete(_SESSION + key) for key in keys)
            self._client.delete(_NAME + name)
            return int(ended)

        return self._ask(delete)

    def claim(self, name: str, seconds: float) -> bool:
        """See `SessionStore.claim`."""
        return bool(self._ask(lambda: self._client.set(_CLAIM + name, b"1", px=_milliseconds(seconds), nx=True)))

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
        from redis.exceptions import RedisError

        try:
            return call()
        except (RedisError, OSError) as error:
            raise StoreError("store_unavailable", f"Redis: {type(error).__name__}: {error}") from None


def _milliseconds(seconds: float) -> int:
    return max(1, int(min(seconds * 1000, _LONGEST_MS)))
