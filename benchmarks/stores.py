"""What a session in a store costs on a request: `python benchmarks/stores.py [--quick]`.

A Redis load is held against the bare GET through redis-py, taken in the same rounds. Needs redis-server.
"""

from __future__ import annotations

import asyncio
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import redis
import redis.asyncio

from benchmarks.canned_provider import CannedProvider
from benchmarks.gated import Gated, gated
from benchmarks.measuring import FULL, QUICK, Effort, Variant, measure, pin, say
from benchmarks.report import Row, is_within, table
from benchmarks.traffic import World, cookie_header
from oidc_gate.stores.urls import open_store
from tests.browser import Browser
from tests.providers.local import LocalProvider
from tests.redis_servers import RedisServers, single
from tests.stage import Stage

BARE, TABLE, SQLITE, REDIS = "bare app", "recent table", "SQLite load", "Redis load"
GET, ASYNC_GET, NOTHING = "bare GET through redis-py", "bare GET through redis-py's asyncio client", "an empty task"
FEW, MANY = 100, 100_000
#: What a session takes in a store, in bytes.
VALUE = 900
ALIKE = 1.15
REQUESTS, PROVIDER_TIME = 200, 0.5


def main() -> int:
    """Measure, print the table, and return the exit status."""
    quick = "--quick" in sys.argv[1:]
    effort = QUICK if quick else FULL
    with ExitStack() as stack:  # before `pin`: provider and Redis have the other cores
        folder = Path(stack.enter_context(TemporaryDirectory()))
        provider = stack.enter_context(CannedProvider())
        server = stack.enter_context(single(folder))
        rows = list(refreshing(f"sqlite:///{folder}/refresh.db"))
        pin()
        worlds: tuple[World, ...] = ("WSGI", "ASGI")
        for world in worlds:
            rows += loading(world, provider, server, folder, effort)
        rows += crowding(provider, server, folder, effort, MANY // 100 if quick else MANY)
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f}; sessions in a store\n")
    print(table(rows))
    return 0 if quick or is_within(rows) else 1


def loading(
    world: World, provider: CannedProvider, server: RedisServers, folder: Path, effort: Effort
) -> Iterator[Row]:
    """Yield what a request costs whose session is in the table, and one for which the store is asked."""
    say(f"stores, {world}")
    sqlite = f"sqlite:///{folder}/{world}.db"
    loop = asyncio.new_event_loop()
    gates = {
        TABLE: gated(world, provider, session_store=sqlite, session_cache_seconds=3600),
        SQLITE: gated(world, provider, session_store=sqlite, session_cache_seconds=0),
        REDIS: gated(world, provider, session_store=server.url, session_cache_seconds=0),
    }
    bare = gates[TABLE]
    variants = [Variant(BARE, bare.request(cookie_header()), served(bare, bare.hello, loop))]
    for name, gate in gates.items():
        request = gate.request(cookie_header(gate.sign_in(provider)))
        served(gate, gate.app, loop)(request())  # the table learns of it
        variants.append(Variant(name, request, served(gate, gate.app, loop)))
    client, native = redis.Redis(port=server.servers[0].port), redis.asyncio.Redis(port=server.servers[0].port)
    client.set("bare", b"x" * VALUE)
    variants += [
        Variant(GET, lambda: "bare", lambda key: _got(client, key)),
        Variant(ASYNC_GET, lambda: "bare", lambda key: loop.run_until_complete(_get(native, key))),
        Variant(NOTHING, lambda: "bare", lambda _: loop.run_until_complete(_nothing())),
    ]
    times = measure(variants, effort)
    yield Row(world, "signed in, store session in the recent table", times.added(TABLE, BARE), limit=6)
    yield Row(world, "signed in, SQLite load", times.added(SQLITE, BARE), limit=60)
    get = times.of(GET) if world == "WSGI" else times.added(ASYNC_GET, NOTHING)
    yield Row(world, "signed in, Redis load", times.added(REDIS, BARE), limit=get + 25)
    yield Row(world, GET if world == "WSGI" else ASYNC_GET, get)
    loop.run_until_complete(native.aclose())
    client.close()
    loop.close()


def crowding(provider: CannedProvider, server: RedisServers, folder: Path, effort: Effort, many: int) -> Iterator[Row]:
    """Yield how much more a load costs in a full store than in one that is nearly empty."""
    for name, url in {"SQLite": f"sqlite:///{folder}/crowded.db", "Redis": server.url}.items():
        took = []
        for count in (FEW, many):
            say(f"{name} with {count} sessions")
            fill(url, count)
            gate = gated("WSGI", provider, session_store=url, session_cache_seconds=0)
            request = gate.request(cookie_header(gate.sign_in(provider)))
            variants = [
                Variant(BARE, request, gate.serve(gate.hello)),
                Variant(name, request, gate.serve(gate.app)),
            ]
            took.append(measure(variants, effort).added(name, BARE))
        yield Row(
            "WSGI", f"{name} load with {many} sessions, as a multiple of that with {FEW}", took[1] / took[0], "x", ALIKE
        )


def fill(url: str, count: int) -> None:
    """Put so many sessions in a store."""
    store, value = open_store(url, 10.0), os.urandom(VALUE)
    for number in range(count):
        store.save(f"{number:064x}", value, 3600, [f"{number % 5000:064x}"], 43200)


def refreshing(url: str) -> Iterator[Row]:
    """Yield what 200 requests at the moment of refresh come to."""
    with LocalProvider() as provider:
        scopes = "openid profile email offline_access"
        stage = Stage("wsgi", provider, session_store=url, scopes=scopes)
        browser = stage.signed_in()
        stage.clock.advance(3590)
        provider.change_token_response = _slowly
        barrier = Barrier(REQUESTS)
        with ThreadPoolExecutor(REQUESTS) as pool:
            waits = list(pool.map(lambda tab: _wait(tab, barrier), [browser.copy() for _ in range(REQUESTS)]))
        calls = sum(call.form.get("grant_type") == "refresh_token" for call in provider.calls("token"))
    yield Row("WSGI", f"refresh calls for {REQUESTS} requests at once", calls, "", 1)
    yield Row(
        "WSGI", "the slowest of them, the provider taking half a second", max(waits) * 1000, "ms", 2000 * PROVIDER_TIME
    )


def served(gate: Gated, app: Any, loop: asyncio.AbstractEventLoop) -> Callable[[Any], None]:
    """Return what answers one request; under ASGI on a loop, for a load waits for its thread."""
    if gate.world == "WSGI":
        return gate.serve(app)
    return lambda scope: loop.run_until_complete(app(scope, _receive, _send))


def _wait(tab: Browser, barrier: Barrier) -> float:
    barrier.wait()
    started = time.monotonic()
    assert tab.fetch("/").status == 200
    return time.monotonic() - started


def _slowly(tokens: Any) -> Any:
    time.sleep(PROVIDER_TIME)
    return tokens


def _got(client: Any, key: str) -> None:
    client.get(key)


async def _get(client: Any, key: str) -> None:
    await client.get(key)


async def _nothing() -> None:
    pass


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(_message: Any) -> None:
    pass


if __name__ == "__main__":
    sys.exit(main())
