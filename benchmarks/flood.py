"""What others notice while one login's answer is sent a thousand times: `python benchmarks/flood.py [--quick]`.

A stranger begins one login and sends its callback again and again with made-up codes, all at once, to real servers. The
provider takes two seconds for each call of its token endpoint. Meanwhile others ask for the health path, somebody who
is signed in, and whose claims are due to be asked for each second, opens pages, and somebody new signs in. The exit
status is 1 when one of them waits longer than a second for the gate.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for when this file is run by its path

from benchmarks.canned_provider import CannedProvider
from benchmarks.end_to_end import Server, served
from benchmarks.measuring import say
from benchmarks.report import Row, is_within, table

#: How often the answer is sent, and how long the provider takes for a call, in seconds.
FULL, QUICK = (1000, 2.0), (50, 0.2)
LIMIT = 1000.0  # milliseconds

SERVERS = {
    "WSGI": "gunicorn --worker-class gthread --threads 8 --bind 127.0.0.1:{port} --log-level error"
    " benchmarks.hello:flask_gated()",
    "ASGI": "uvicorn --factory --port {port} --no-access-log --log-level error benchmarks.hello:fastapi_gated",
}

Answer = tuple[int, str, dict[str, str]]


def ask(server: Server, path: str, cookies: dict[str, str]) -> Answer:
    """Return status, Location and new cookies of one request on a connection of its own."""
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=120)
    try:
        sent = {"Accept": "text/html", "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
        connection.request("GET", path, headers=sent)
        response = connection.getresponse()
        response.read()
        found = (value.partition(";")[0].partition("=") for value in response.headers.get_all("set-cookie") or [])
        set_cookies = {name: value for name, _, value in found}
        return response.status, response.headers.get("location", ""), set_cookies
    finally:
        connection.close()


def begin(server: Server) -> tuple[dict[str, str], dict[str, str]]:
    """Begin a login; return the parameters that the provider gets, and the browser's cookies."""
    status, location, cookies = ask(server, "/", {})
    assert status == 302, status
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}, cookies


def finish(server: Server, provider: CannedProvider, asked: dict[str, str], cookies: dict[str, str]) -> dict[str, str]:
    """Come back from the provider with a good code; return the cookies."""
    code = provider.prepare(asked["nonce"])
    status, _, more = ask(server, f"/oauth2/callback?code={code}&state={asked['state']}", cookies)
    assert status == 302, status
    return {name: value for name, value in (cookies | more).items() if value}


def flood(port: int, target: str, cookie: str, times: int) -> None:
    """Send the callback so many times at once, each with another made-up code; for a process of its own."""

    async def send(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"GET {target}&code=junk{number} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n"
        writer.write(f"{head}Accept: text/html\r\nConnection: close\r\n\r\n".encode())
        await reader.read()
        writer.close()

    async def send_all() -> None:
        await asyncio.gather(*(send(number) for number in range(times)), return_exceptions=True)

    asyncio.run(send_all())


@contextmanager
def flooded(server: Server, times: int) -> Iterator[None]:
    """Run the flood around the block."""
    asked, cookies = begin(server)
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    target = f"/oauth2/callback?state={asked['state']}"
    port = urlsplit(server.url).port
    flooding = multiprocessing.get_context("spawn").Process(target=flood, args=(port, target, cookie, times))
    flooding.start()
    time.sleep(1)  # a new interpreter has to start
    try:
        yield
    finally:
        flooding.join(300)
        if flooding.is_alive():
            flooding.terminate()


def slowest(until: Event, request: Callable[[], object], found: list[float]) -> Thread:
    """Send a request every 50 ms until told to stop; note how long each takes, in ms."""

    def repeat() -> None:
        while not until.is_set():
            begun = time.monotonic()
            request()
            found.append(1000 * (time.monotonic() - begun))
            time.sleep(0.05)

    thread = Thread(target=repeat)
    thread.start()
    return thread


def rows(world: str, provider: CannedProvider, environment: dict[str, str], times: int, pause: float) -> list[Row]:
    """Measure one server."""
    say(f"{world}: {times} callbacks")
    with served(SERVERS[world], environment) as server:
        signed_in = finish(server, provider, *begin(server))
        over = Event()
        health: list[float] = []
        pages: list[float] = []
        begun_logins: list[float] = []

        def health_is_good() -> None:
            assert ask(server, "/oauth2/health", {})[0] == 200

        def page_is_served() -> None:
            status, _, cookies = ask(server, "/", signed_in)
            assert status == 200, status
            signed_in.update(cookies)

        with flooded(server, times):
            probes = [
                slowest(over, health_is_good, health),
                slowest(over, page_is_served, pages),
                slowest(over, lambda: begin(server), begun_logins),
            ]
            asked, cookies = begin(server)
            started = time.monotonic()
            finish(server, provider, asked, cookies)
            whole = 1000 * (time.monotonic() - started - pause)
            time.sleep(pause)
            over.set()
            for probe in probes:
                probe.join()
    return [
        Row(world, "health, the slowest of all", max(health), "ms", limit=LIMIT),
        Row(world, "a page for somebody who is signed in, the slowest of all", max(pages), "ms", limit=LIMIT),
        Row(world, "a login is begun, the slowest of all", max(begun_logins), "ms", limit=LIMIT),
        Row(world, "a login is finished, beyond what the provider takes", whole, "ms", limit=LIMIT),
    ]


def main() -> int:
    """Measure, print the table, and return the exit status."""
    quick = "--quick" in sys.argv[1:]
    times, pause = QUICK if quick else FULL
    with CannedProvider(pause) as provider:
        options = {**provider.options(), "userinfo_refresh_interval": "1s"}
        environment = {f"OIDC_GATE_{name.upper()}": value for name, value in options.items()}
        found = [row for world in SERVERS for row in rows(world, provider, environment, times, pause)]
    print(table(found))
    return 0 if quick or is_within(found) else 1


if __name__ == "__main__":
    sys.exit(main())
