"""What a process grows by. Each figure is taken in a process of its own, where nothing else has left free memory."""

from __future__ import annotations

import gc
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.canned_provider import CannedProvider
from benchmarks.gated import Gated, gated
from benchmarks.measuring import MEBIBYTE, Effort, resident_bytes, say
from benchmarks.report import Row
from benchmarks.traffic import Cookie, cookie_header
from oidc_gate.sessions.session import Session

__all__ = ["rows"]

ROOT = Path(__file__).resolve().parents[1]

#: What the allocator may take for itself without anything growing: a tenth of a byte for each of 100,000 requests
#: would not be told apart from it, ten bytes would.
_NO_GROWTH = 1.0

_IMPORT = """
import json, sys, time
def dirty():
    lines = open("/proc/self/smaps_rollup").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Private_Dirty:")) * 1024
before, start = dirty(), time.process_time()
import oidc_gate.{world}
took = time.process_time() - start
heavy = sorted({{"requests", "authlib", "joserfc"}} & set(sys.modules))
print(json.dumps({{"ms": took * 1000, "bytes": dirty() - before, "heavy": len(heavy)}}))
"""


def rows(provider: CannedProvider, effort: Effort) -> list[Row]:
    """Measure the floods and the import."""
    say("memory")
    flood = _in_new_process(provider, "flood", effort.flood)
    return [
        Row("WSGI", f"growth over {effort.flood:,} anonymous requests", flood, "MiB", limit=_NO_GROWTH),
        *(
            Row("WSGI", f"growth over {count:,} {what}", _in_new_process(provider, kind, count), "MiB", limit=36.0)
            for kind, what, count in (
                ("small", "distinct sessions", effort.small_sessions),
                ("dense", "distinct sessions of 5 cookies", effort.large_sessions),
                ("alike", "distinct sessions of 400 groups that compress well", effort.large_sessions),
            )
        ),
        *_imports(effort),
    ]


def _imports(effort: Effort) -> list[Row]:
    say("imports")
    found = []
    # An installed package has its byte code beside it; the first run, which writes it, is left out.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for world in ("wsgi", "asgi"):
        runs: list[dict[str, float]] = []
        with TemporaryDirectory() as folder:
            for _ in range(effort.processes + 1):
                run = subprocess.run(
                    [sys.executable, "-c", _IMPORT.format(world=world)],
                    cwd=ROOT,
                    env=environment | {"PYTHONPYCACHEPREFIX": folder},
                    check=True,
                    capture_output=True,
                )
                runs.append(json.loads(run.stdout))
        took, grown, heavy = (median(run[name] for run in runs[1:]) for name in ("ms", "bytes", "heavy"))
        what = f"import oidc_gate.{world}, fresh process: CPU"
        found += [
            Row(world.upper(), what, took, "ms", limit=25.0),
            Row(world.upper(), "  its private memory", grown / MEBIBYTE, "MiB", limit=4.0),
            Row(world.upper(), "  of requests, authlib and joserfc it loads", heavy, "", limit=0.0),
        ]
    return found


def _in_new_process(provider: CannedProvider, kind: str, count: int) -> float:
    command = [sys.executable, "-m", "benchmarks.memory", json.dumps(provider.options()), kind, str(count)]
    return float(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)


# In the new process


def flood(gate: Gated, count: int) -> float:
    """Return what so many strangers make the process grow by, half of them redirected, half refused."""
    serve = gate.serve(gate.app)
    makes = [gate.request(cookie_header(), page=page) for page in (True, False)]

    def send(number: int) -> None:
        for index in range(number):
            serve(makes[index % 2]())

    send(count // 10)
    gc.collect()
    before = resident_bytes()
    send(count)
    gc.collect()
    return (resident_bytes() - before) / MEBIBYTE


def sessions(gate: Gated, session: Session, name: str, count: int, groups: Callable[[], list[str]]) -> float:
    """Return the most that the process has grown by while so many people came with good sessions of their own."""
    serve = gate.serve(gate.app)
    cookies = gate.app._gate._components.secure_cookies

    def send(number: int) -> None:
        claims: dict[str, Any] = {**session.claims, "sub": f"person-{number}", "groups": groups()}
        own = session._replace(session_id=f"session-{number}", claims=claims, expires_at=time.time() + 3600)
        parts = cookies.set_session(gate.sealed(own, name), "", 3600.0)
        pairs: list[Cookie] = []
        for _, text in parts:
            key, _, value = text.partition(";")[0].partition("=")
            pairs.append((key, value))
        serve(gate.request(cookie_header(*pairs))())

    for number in range(10):
        send(-number)
    gc.collect()
    before = most = resident_bytes()
    for number in range(count):
        send(number)
        if number % 100 == 0:
            most = max(most, resident_bytes())
    return (most - before) / MEBIBYTE


_GROUPS: dict[str, Callable[[], list[str]]] = {
    "small": lambda: ["engineering", "platform", "on-call", "reports-admin", "vpn-users"],
    "dense": lambda: [secrets.token_urlsafe(24) for _ in range(440)],
    "alike": lambda: [f"cn=team-{number},ou=groups,dc=example,dc=com" for number in range(400)],
}


class _Known(CannedProvider):
    """A provider that another process has started."""

    def __init__(self, options: dict[str, Any]) -> None:
        from http.client import HTTPConnection

        self._options = options
        self.issuer = options["issuer_url"]
        self._connection = HTTPConnection(self.issuer.removeprefix("http://"))

    def options(self) -> dict[str, Any]:
        return self._options


def main() -> None:
    """Print what one of the cases grows by, in MiB."""
    options, kind, count = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    provider = _Known(options)
    gate = gated("WSGI", provider)
    if kind == "flood":
        print(flood(gate, count))
        return
    cookie = gate.sign_in(provider)
    print(sessions(gate, gate.session(cookie), cookie[0], count, _GROUPS[kind]))


if __name__ == "__main__":
    main()
