"""What a server's processes take for the gate: `python benchmarks/workers.py [--quick]`.

Memory after logins, the processor time of a login and of a stranger's redirect, and how much later the first answer
comes: of a Flask app under gunicorn and a FastAPI app under uvicorn, bare and with the gate. Needs redis-server, and
`wrk`. Memory is PSS: what processes share counts by shares.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for when this file is run by its path

from benchmarks.canned_provider import CannedProvider
from benchmarks.measuring import say
from benchmarks.peers.load import under_load
from benchmarks.peers.processes import cpu_seconds, free_port, mebibytes, served
from benchmarks.peers.visitor import PAGE, Visitor, get
from benchmarks.report import Row, is_within, table
from benchmarks.stores import fill
from tests.redis_servers import single

CONNECTIONS = 16


@dataclass(frozen=True)
class Effort:
    """How much is done; `QUICK` is to see that everything runs, and its figures mean nothing."""

    logins: int
    starts: int
    rounds: int
    seconds: int
    warm_ups: int
    people: int
    sessions: int


#: Sessions in the file of which a process is asked for some, to see what it keeps of it: `sessions`, of `people`.
FULL = Effort(logins=1000, starts=15, rounds=5, seconds=2, warm_ups=1, people=16, sessions=20_000)
QUICK = Effort(logins=3, starts=1, rounds=1, seconds=1, warm_ups=0, people=1, sessions=100)


@dataclass(frozen=True)
class Program:
    """A server with an app; `{kind}` is `bare` or `gated`, `{workers}` how many."""

    name: str
    argv: str
    #: Limits: µs of a redirect, ms of a login, MiB with sessions in cookies and in Redis, seconds to the first answer.
    redirect: float
    login: float = 2.2
    cookie: float = 10.0
    redis: float = 14.0
    start: float = 0.12


GUNICORN = Program(
    "gunicorn, Flask",
    "gunicorn --preload --workers {workers} --threads 4 --bind 127.0.0.1:{port} --log-level error"
    " benchmarks.hello:flask_{kind}()",
    redirect=200.0,
)
UVICORN = Program(
    "uvicorn, FastAPI",
    "uvicorn --factory --port {port} --no-access-log --log-level error benchmarks.hello:fastapi_{kind}",
    redirect=65.0,
)


@dataclass
class Place:
    """Where servers are started, and with what."""

    provider: CannedProvider
    folder: Path
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1_000_000)))

    @contextmanager
    def running(self, program: Program, kind: str, store: str = "", workers: int = 1) -> Iterator[tuple[str, int]]:
        """Run a server; yield its address and its process."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        options = {**self.provider.options(), "base_url": url}
        if store:
            options |= {"session_store": store, "session_cache_seconds": "0"}
        environment = {f"OIDC_GATE_{name.upper()}": value for name, value in options.items()}
        arguments = program.argv.format(port=port, kind=kind, workers=workers).split()
        log = self.folder / f"log-{next(self.numbers)}"
        with served([sys.executable, "-m", *arguments], port, environment, log) as process:
            yield f"{url}/", process


def main() -> int:
    """Measure, print the table, and return the exit status."""
    quick = "--quick" in sys.argv[1:]
    effort = QUICK if quick else FULL
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package has its byte code beside it
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        place = Place(stack.enter_context(CannedProvider()), folder)
        redis = stack.enter_context(single(folder)).url
        rows = [row for program in (GUNICORN, UVICORN) for row in _of(place, program, redis, effort)]
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f}; added to the bare app\n")
    print(table(rows))
    return 0 if quick or is_within(rows) else 1


def _of(place: Place, program: Program, redis: str, effort: Effort) -> Iterator[Row]:
    """Yield all rows of one server."""
    say(f"{program.name}: logins")
    bare, _ = _after_logins(place, program, "bare", effort)
    gate, login = _after_logins(place, program, "gated", effort)
    yield Row("", f"{program.name}: the bare app's memory", bare, "MiB")
    yield Row("", f"  memory added, sessions in cookies, after {effort.logins:,} logins", gate - bare, "MiB", 10.0)
    in_redis, _ = _after_logins(place, program, "gated", effort, redis)
    yield Row("", "  memory added, sessions in Redis", in_redis - bare, "MiB", program.redis)
    if program is GUNICORN:
        two_bare, _ = _after_logins(place, program, "bare", effort, workers=2)
        two, _ = _after_logins(place, program, "gated", effort, workers=2)
        yield Row("", "  memory added by a second worker, preloaded", two - gate - (two_bare - bare), "MiB", 5.0)
    else:
        what = f"  memory of {CONNECTIONS} requests at a time, {effort.sessions:,} sessions in SQLite, over a cookie's"
        yield Row("", what, _with_sqlite(place, program, effort), "MiB", 4.0)
    yield Row("", "  CPU of a login", login, "ms", program.login)
    say(f"{program.name}: strangers")
    yield Row("", "  CPU of a request, bare", _request(place, program, "bare", effort))
    redirect = _request(place, program, "gated", effort)
    yield Row("", "  CPU of a stranger's redirect, whole", redirect, "µs", program.redirect)
    say(f"{program.name}: starts")
    yield Row("", "  first answer later by", _start(place, program, effort), "s", program.start)


def _after_logins(
    place: Place, program: Program, kind: str, effort: Effort, store: str = "", workers: int = 1
) -> tuple[float, float]:
    """Return the memory after so many logins, or requests of the bare app, and the processor time of each in ms."""
    with place.running(program, kind, store, workers) as (url, process):
        for _ in range(max(1, effort.logins // 20)):  # what is loaded with the first ones does not count as theirs
            assert Visitor().visit(url).status == 200
        used = cpu_seconds([process])
        for _ in range(effort.logins):
            assert Visitor().visit(url).status == 200
        return mebibytes([process]), (cpu_seconds([process]) - used) * 1000 / effort.logins


def _with_sqlite(place: Place, program: Program, effort: Effort) -> float:
    """Return how much more a process takes that asks a large file for each request, many at a time."""
    store = f"sqlite:///{place.folder}/workers.db"
    fill(store, effort.sessions)
    taken = []
    for each in ("", store):
        with place.running(program, "gated", each) as (url, process):
            visitors = [Visitor() for _ in range(effort.people)]
            for visitor in visitors:
                assert visitor.visit(url).status == 200
            for visitor in visitors:
                headers = {"Cookie": visitor.cookies(url)}
                size = get(url, headers).size
                under_load(url, PAGE | headers, size, [process], seconds=1, connections=CONNECTIONS, probe=lambda: None)
            taken.append(mebibytes([process]))
    return taken[1] - taken[0]


def _request(place: Place, program: Program, kind: str, effort: Effort) -> float:
    """Return the processor time, in µs, of a request without a session: of "hello", or the redirect in its place."""
    with place.running(program, kind) as (url, process):
        size = get(url, {}).size
        rounds = [
            under_load(
                url, PAGE, size, [process], seconds=effort.seconds, connections=CONNECTIONS, probe=lambda: None
            ).cpu
            for _ in range(effort.warm_ups + effort.rounds)
        ]
    return median(rounds[effort.warm_ups :])


def _start(place: Place, program: Program, effort: Effort) -> float:
    """Return how many seconds later the first answer comes with the gate."""
    took: dict[str, list[float]] = {"bare": [], "gated": []}
    for number in range(effort.warm_ups + effort.starts):
        for kind, times in took.items():
            begun = time.monotonic()
            with place.running(program, kind) as (url, _):
                connection = HTTPConnection("127.0.0.1", int(url.rstrip("/").rpartition(":")[2]), timeout=60)
                connection.request("GET", "/", headers=PAGE)
                assert connection.getresponse().status == (200 if kind == "bare" else 302)
                if number >= effort.warm_ups:  # the first ones write the byte code
                    times.append(time.monotonic() - begun)
                connection.close()
    return median(took["gated"]) - median(took["bare"])


if __name__ == "__main__":
    sys.exit(main())
