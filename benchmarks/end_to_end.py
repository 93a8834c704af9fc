"""What the gate leaves of a server's throughput: `python benchmarks/end_to_end.py [--quick]`.

A bare Flask app under gunicorn and a bare FastAPI app under uvicorn, each with and without the gate, all with the same
requests of someone signed in. The exit status is 1 when less than 95 % is left. `wrk` sends the requests.
"""

from __future__ import annotations

import os
import random
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import mean, median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for when this file is run by its path

from benchmarks.canned_provider import CannedProvider
from benchmarks.gated import gated
from benchmarks.measuring import say
from benchmarks.report import Row, is_within, table
from benchmarks.traffic import cookie_header

ROOT = Path(__file__).resolve().parents[1]
CONNECTIONS = 16
STARTS = 15

#: The servers, by how each is started on a port.
SERVERS = {
    "gunicorn, Flask": "gunicorn --workers 2 --bind 127.0.0.1:{port} --log-level error benchmarks.hello:flask_{kind}()",
    "uvicorn, FastAPI": (
        "uvicorn --factory --port {port} --no-access-log --log-level error benchmarks.hello:fastapi_{kind}"
    ),
}


@dataclass
class Server:
    """A running server, and what was measured of it."""

    url: str
    process: int
    rates: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)

    def load(self, cookies: str, seconds: float) -> None:
        """Send requests for so long; note the requests a second, and the processor time of each in µs."""
        before = processor_seconds(self.process)
        command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "-H", f"Cookie: {cookies}", self.url]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        used = processor_seconds(self.process) - before
        done = re.search(r"(\d+) requests in", said)
        rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
        assert done, said
        assert rate, said
        assert "Non-2xx" not in said, said
        self.rates.append(float(rate[1]))
        self.costs.append(used * 1e6 / int(done[1]))


def processor_seconds(root: int) -> float:
    """Return the processor time that a process and its descendants have used."""
    used: dict[int, tuple[int, int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # gone meanwhile
        used[int(path.parent.name)] = (int(fields[1]), int(fields[11]) + int(fields[12]))
    family = {root}
    for process in sorted(used):
        if used[process][0] in family:
            family.add(process)
    return sum(ticks for process, (_, ticks) in used.items() if process in family) / os.sysconf("SC_CLK_TCK")


@contextmanager
def served(command: str, environment: dict[str, str]) -> Iterator[Server]:
    """Run one of the servers on a free port until it is no longer wanted."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    arguments = [sys.executable, "-m", *command.format(port=port).split()]
    process = subprocess.Popen(arguments, cwd=ROOT, env={**os.environ, **environment})
    try:
        wait_for(port)
        yield Server(f"http://127.0.0.1:{port}/", process.pid)
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int) -> None:
    """Return once something answers on a port; raise TimeoutError when nothing does."""
    for _ in range(200):
        connection = HTTPConnection("127.0.0.1", port)
        try:
            connection.request("GET", "/")
            connection.getresponse()
        except OSError:
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()
    raise TimeoutError(f"nothing answers on port {port}")


def rows(name: str, command: str, cookies: str, environment: dict[str, str], *, quick: bool) -> list[Row]:
    """Measure one server with and without the gate.

    Both are started many times: where a process happens to have its memory makes more of a difference between two
    starts of the same app than the gate does. Within a start they take turns, in a new order each round.
    """
    pairs: list[tuple[Server, Server]] = []
    for start in range(1 if quick else STARTS):
        say(f"{name}, start {start + 1}")
        with ExitStack() as stack:
            bare, gate = (
                stack.enter_context(served(command.replace("{kind}", kind), environment)) for kind in ("bare", "gated")
            )
            for server in (bare, gate):
                server.load(cookies, 1)  # each worker has met the session, and every lazy import is done
                server.rates, server.costs = [], []
            for _ in range(1 if quick else 3):
                for server in random.sample([bare, gate], 2):
                    server.load(cookies, 1)
        pairs.append((bare, gate))

    def share_kept(bare: Server, gate: Server) -> float:
        return 100 * median(gate.rates) / median(bare.rates)

    def average(figure: Callable[[Server, Server], float]) -> float:
        return mean(figure(bare, gate) for bare, gate in pairs)

    return [
        Row("", f"{name}: bare", average(lambda bare, _: median(bare.rates)), "req/s"),
        Row("", f"{name}: with the gate", average(lambda _, gate: median(gate.rates)), "req/s"),
        Row("", "  share kept", average(share_kept), "%", floor=95),
        Row("", "  CPU of a request, bare", average(lambda bare, _: median(bare.costs))),
        Row("", "  CPU of a request, with the gate", average(lambda _, gate: median(gate.costs))),
    ]


def main() -> int:
    """Measure, print the table, and return the exit status."""
    quick = "--quick" in sys.argv[1:]
    with CannedProvider() as provider:
        options = {**provider.options(), "base_url": "https://app.example.com"}
        environment = {f"OIDC_GATE_{name.upper()}": value for name, value in options.items()}
        cookies = cookie_header(gated("WSGI", provider).sign_in(provider))
        found = [
            row for name, command in SERVERS.items() for row in rows(name, command, cookies, environment, quick=quick)
        ]
    print(table(found))
    return 0 if quick or is_within(found) else 1


if __name__ == "__main__":
    sys.exit(main())
