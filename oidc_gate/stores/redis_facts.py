"""What Redis says of itself: asked on connections of its own, which are closed again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    )
