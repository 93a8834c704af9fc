"""How a client of Redis or Valkey is made from a URL: for one server, for Sentinel, or for a Cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from oidc_gate.errors import SettingsError
from oidc_gate.stores.redis_urls import RedisUrl, read_redis_url

__all__ = ["close", "connect", "refusal"]

#: Of one process; the usual hundred of redis-py would turn the hundred-and-first thread away.
_MOST_CONNECTIONS = 10_000


class _Library(NamedTuple):
    """The classes of redis-py that block, or their asyncio twins."""

    client: Any
    retry: Any
    sentinel: Any
    cluster: Any
    node: Any


def _library(setting: str, *, on_loop: bool) -> _Library:
    try:
        if on_loop:
            import redis.asyncio as package
            from redis.asyncio import cluster, retry, sentinel
        else:
            import redis as package  # type: ignore[no-redef]
            from redis import cluster, retry, sentinel  # type: ignore[no-redef]
    except ModuleNotFoundError:
        raise SettingsError(f"{setting} is Redis; install its client: pip install 'oidc-gate[redis]'") from None
    return _Library(package.Redis, retry.Retry, sentinel.Sentinel, cluster.RedisCluster, cluster.ClusterNode)


def connect(url: str, timeout: float, setting: str, *, on_loop: bool = False) -> Callable[[], Any]:
    """Return what makes a redis-py client for the URL. Raises SettingsError; nothing is connected to yet.

    A call to the store may take several steps one after another, so each is given its part of the timeout.
    """
    library = _library(setting, on_loop=on_loop)
    from redis.backoff import NoBackoff
    from redis.exceptions import ConnectionError as Cut

    read = read_redis_url(url, setting)
    if read.is_cluster:
        return lambda: _cluster(library, read.hosts, _common(read, timeout / (len(read.hosts) + 1)))
    common = _common(read, timeout / 2)
    # A connection that was cut is made anew, once; who waited in vain does not wait again.
    again = library.retry(NoBackoff(), 1, (Cut,))
    if read.sentinel:
        step = timeout / 2 / len(read.hosts)
        once = common | {
            "socket_timeout": step,
            "socket_connect_timeout": step,
            "retry": library.retry(NoBackoff(), 0),
        }
        sentinel = library.sentinel(read.hosts, sentinel_kwargs=once, **common)
        return lambda: sentinel.master_for(read.sentinel, db=read.database, retry=again)
    host, port = read.hosts[0]
    return lambda: library.client(host=host, port=port, db=read.database, retry=again, **common)


def close(client: Any) -> None:
    """Close all connections of a client that blocks, those to its sentinels too."""
    client.close()
    manager = getattr(getattr(client, "connection_pool", None), "sentinel_manager", None)
    for sentinel in getattr(manager, "sentinels", ()):
        sentinel.close()


def refusal(error: Exception) -> str:
    """Return what a server refuses, by its own word, as long as the URL stays as it is; `""` for any other failure."""
    from redis import exceptions

    text = str(error)
    if "NOAUTH" in text or "HELLO must be called" in text or "Authentication required" in text:
        return "Redis wants a password: redis://:PASSWORD@host:6379/0"
    if isinstance(error, exceptions.AuthenticationError):
        return "Redis does not accept the user name or password in the URL"
    if isinstance(error, exceptions.AuthorizationError | exceptions.NoPermissionError):
        return "Redis does not allow this user to read keys that begin with oidc_gate:"
    if isinstance(error, exceptions.ResponseError) and "DB index" in text:
        return "Redis has no database of the number in the URL; the usual one is 0"
    return ""


def _common(read: RedisUrl, step: float) -> dict[str, Any]:
    return {
        "socket_timeout": step,
        "socket_connect_timeout": step,
        "username": read.username or None,
        "password": read.password or None,
        "max_connections": _MOST_CONNECTIONS,
        **({"ssl": True, "ssl_cert_reqs": "required", "ssl_check_hostname": True} if read.is_over_tls else {}),
    }


def _cluster(library: _Library, nodes: Iterable[tuple[str, int]], common: dict[str, Any]) -> Any:
    """Return a client of a Cluster, which asks at once, or with the first command, where everything is."""
    from redis.backoff import NoBackoff

    places = [library.node(*each) for each in nodes]
    retry = library.retry(NoBackoff(), 1)
    # Asked first are always the hosts in the URL, so that their number, and with it the longest wait, is known.
    return library.cluster(startup_nodes=places, retry=retry, dynamic_startup_nodes=False, **common)
