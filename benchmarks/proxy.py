"""What the gate costs as a proxy in front of an app: `python benchmarks/proxy.py [--quick]`.

Requests a second, and how long the slowest of a hundred take, of an app by itself and behind the gate, in one process
and in two. The app is as quick as one can be in Python, a canned answer, so that the proxy is all that is measured.
Beside it stands oauth2-proxy, where its program is in `OAUTH2_PROXY` (`go install
github.com/oauth2-proxy/oauth2-proxy/v7@latest`). `wrk` sends the requests; all share one machine.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for when this file is run by its path

from benchmarks.canned_provider import CannedProvider
from benchmarks.end_to_end import CONNECTIONS, ROOT, wait_for
from benchmarks.gated import gated
from benchmarks.measuring import say
from benchmarks.report import Row, table
from benchmarks.traffic import cookie_header

ROUNDS = 5
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
#: So that oauth2-proxy, too, asks no provider and lets everybody pass.
OAUTH2_PROXY = (
    "--provider=oidc --skip-oidc-discovery --login-url=http://127.0.0.1:9/ --redeem-url=http://127.0.0.1:9/"
    " --oidc-jwks-url=http://127.0.0.1:9/ --oidc-issuer-url=http://127.0.0.1:9 --client-id=x --client-secret=x"
    " --cookie-secret=0123456789abcdef --email-domain=* --skip-auth-route=.* --request-logging=false"
    " --standard-logging=false --http-address=127.0.0.1:{port} --upstream=http://127.0.0.1:{app}"
)


class App(asyncio.Protocol):
    """Answers each request with the same bytes."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self.transport.write(ANSWER * data.count(b"\r\n\r\n"))  # type: ignore[attr-defined]


async def serve(port: int) -> None:
    """Serve the app for ever."""
    server = await asyncio.get_running_loop().create_server(App, "127.0.0.1", port)
    await server.serve_forever()


@contextmanager
def started(arguments: list[str], environment: dict[str, str] | None = None) -> Iterator[int]:
    """Run a server on a free port, `{port}` in its arguments, until it is no longer wanted."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    argv = [each.replace("{port}", str(port)) for each in arguments]
    process = subprocess.Popen(argv, cwd=ROOT, env={**os.environ, **(environment or {})}, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def load(port: int, cookies: str, seconds: float) -> tuple[float, float]:
    """Send requests for so long; return the requests a second, and within how many ms 99 % were answered."""
    url, connections = f"http://127.0.0.1:{port}/", f"-c{CONNECTIONS}"
    command = ["wrk", "-t1", connections, f"-d{seconds:g}s", "--latency", "-H", f"Cookie: {cookies}", url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    slowest = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    assert rate, said
    assert slowest, said
    assert "Non-2xx" not in said, said
    return float(rate[1]), float(slowest[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[slowest[2]]


def rows(provider: CannedProvider, *, quick: bool) -> list[Row]:
    """Measure each in turns."""
    options = {**provider.options(), "base_url": "https://app.example.com"}
    environment = {f"OIDC_GATE_{name.upper()}": value for name, value in options.items()}
    cookies = cookie_header(gated("ASGI", provider).sign_in(provider))
    found: dict[str, list[tuple[float, float]]] = {}
    with ExitStack() as stack:
        python = [sys.executable, "-m"]
        app = stack.enter_context(started([sys.executable, __file__, "--app", "{port}"]))
        ports = {"the app by itself": app}
        for workers in (1, 2):
            command = [*python, "oidc_gate", "http", f"127.0.0.1:{app}", "--port", "{port}", "--workers", str(workers)]
            ports[f"the gate, {workers} worker{'s'[: workers - 1]}"] = stack.enter_context(
                started(command, environment)
            )
        program = os.environ.get("OAUTH2_PROXY")
        if program:
            command = [program, *OAUTH2_PROXY.replace("{app}", str(app)).split()]
            ports["oauth2-proxy, which lets everybody pass"] = stack.enter_context(started(command))
        for port in ports.values():
            load(port, cookies, 1)
        for number in range(1 if quick else ROUNDS):
            say(f"proxy, round {number + 1}")
            for name, port in ports.items():
                found.setdefault(name, []).append(load(port, cookies, 1 if quick else 3))
    rates = [Row("", name, median(rate for rate, _ in each), "req/s") for name, each in found.items()]
    slowest = [Row("", f"  99 %: {name}", median(ms for _, ms in each), "ms") for name, each in found.items()]
    return [*rates, *slowest]


def main() -> int:
    """Measure, print the table, and return the exit status: there is no limit, the figures are to compare with."""
    if sys.argv[1:2] == ["--app"]:
        asyncio.run(serve(int(sys.argv[2])))
    with CannedProvider() as provider:
        print(table(rows(provider, quick="--quick" in sys.argv[1:])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
