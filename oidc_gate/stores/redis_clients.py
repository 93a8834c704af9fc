"""How a client of Redis or Valkey is made from a URL: for one server, for Sentinel, or for a Cluster.

The URL says which form it is::

    redis://host:6379/0                                  one server; rediss:// for TLS
    redis://host1:26379,host2:26379/0?sentinel=mymaster  Sentinel: the hosts are sentinels
    redis://host1:6379,host2:6379?cluster=true           Cluster: the hosts are where it is asked first
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from oidc_gate.errors import SettingsError

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

    parts = urlsplit(url)
    query = _options(parts, setting)
    nodes, database = _places(parts, setting, 26379 if "sentinel" in query else 6379)
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


def _options(parts: SplitResult, setting: str) -> dict[str, str]:
    """Return what the URL says of its form. Raises SettingsError for anything else: it would have no effect."""
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    several = "," in parts.netloc
    known = query in ({}, {"cluster": "true"}) or (set(query) == {"sentinel"} and query["sentinel"])
    if not known or (several and not query) or ("cluster" in query and parts.path.strip("/") not in ("", "0")):
        raise SettingsError(
            f"{setting}: a Redis URL has one host, or several and ?sentinel=NAME or ?cluster=true; a Cluster has no"
            " database number"
        )
    return query


def _places(parts: SplitResult, setting: str, usual_port: int) -> tuple[list[tuple[str, int]], int]:
    """Return the hosts with their ports, and the database's number. Raises SettingsError."""
    try:
        found = [urlsplit(f"//{host}") for host in parts.netloc.rpartition("@")[2].split(",")]
        return [(each.hostname or "localhost", each.port or usual_port) for each in found], int(
            parts.path.strip("/") or 0
        )
    except ValueError:
        raise SettingsError(f"{setting} is no Redis URL like redis://host:6379/0") from None


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
