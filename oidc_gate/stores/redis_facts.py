"""What Redis says of itself: asked on connections of its own, which are closed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import inf
from typing import Any

from oidc_gate.stores.facts import ServerFacts

__all__ = ["server_facts"]


def server_facts(client: Any, clock: Callable[[], float]) -> list[ServerFacts]:
    """Return what each server says that a client writes to. Raises what redis-py raises."""
    return [_facts(place, server, clock) for place, server in _servers(client)]


def _servers(client: Any) -> Iterator[tuple[str, Any]]:
    if not hasattr(client, "get_primaries"):
        yield "Redis", client
        return
    for node in client.get_primaries():
        yield node.name, client.get_redis_connection(node)


def _facts(place: str, server: Any, clock: Callable[[], float]) -> ServerFacts:
    from redis.exceptions import ResponseError

    asked_at = clock()
    seconds, microseconds = server.time()
    ahead = seconds + microseconds / 1e6 - (asked_at + clock()) / 2
    try:
        memory, replication = server.info("memory"), server.info("replication")
    except ResponseError:  # this user may not
        return ServerFacts(place, -1, "", is_replica=False, ahead=ahead)
    return ServerFacts(
        place,
        int(memory.get("maxmemory", 0)),
        str(memory.get("maxmemory_policy", "")),
        is_replica=replication.get("role") == "slave",
        ahead=ahead,
        behind=max([0.0, *_behind(replication)]),
    )


def _behind(replication: Mapping[str, Any]) -> Iterator[float]:
    """Yield the lag of each replica, in seconds. The rows `slave0`, `slave1` and so on are theirs."""
    for name, row in replication.items():
        if name.removeprefix("slave").isdecimal() and isinstance(row, dict):
            yield float(row.get("lag", 0)) if row.get("state") == "online" else inf
