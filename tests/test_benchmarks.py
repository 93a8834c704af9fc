"""The benchmarks run, and what of their limits is not a matter of time. Times are judged by `make bench` alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.peers.entrant import Entrant, InstallError
from benchmarks.peers.race import QUICK, race
from benchmarks.peers.servers import uvicorn

pytestmark = pytest.mark.uncounted

ROOT = Path(__file__).resolve().parents[1]

#: One row of each kind that the table must have, in both worlds where there are two.
IN_PROCESS = (
    "valid session, seen before",
    "valid session, first seen by this process",
    "no session: 401",
    "no session: redirect with the signed attempt",
    "bad cookie, over the 401: garbage, 4 KB",
    "bad cookie, over the 401: right shape, wrong tag",
    "bad cookie, over the 401: garbage, 64 KB",
    "token: seen before  ",
    "token: seen before, 50 rules and bearer_paths",
    "token: JWT first seen, RS256",
    "token: JWT first seen, ES256",
)
OTHERS = (
    "WSGI   metrics and audit, over none: seen before",
    "ASGI   metrics, over none: no session: redirect",
    "WSGI   itsdangerous + parse_cookie",
    "WSGI   Flask's own session",
    "WSGI   Authlib authorize_redirect, whole request",
    "ASGI   Starlette SessionMiddleware",
    "ASGI   FastAPI with PyJWT checking each request",
    "WSGI   callback, kept connection",
    "WSGI   growth over 500 anonymous requests",
    "WSGI   growth over 200 distinct sessions",
    "WSGI   import oidc_gate.wsgi, fresh process",
    "ASGI   import oidc_gate.asgi, fresh process",
)


def run(*arguments: str) -> str:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_hot_path_runs_and_prints_every_row() -> None:
    lines = run("benchmarks/hot_path.py", "--quick").splitlines()
    for start in (*(f"{world}   {what}" for world in ("WSGI", "ASGI") for what in IN_PROCESS), *OTHERS):
        assert sum(line.startswith(start) for line in lines) == 1, start


def test_workers_signs_in_to_real_servers_and_prints_every_row() -> None:
    lines = [line.strip() for line in run("benchmarks/workers.py", "--quick").splitlines()]
    for what in (
        "gunicorn, Flask: the bare app's memory",
        "memory added, sessions in cookies",
        "memory added by a second worker, preloaded",
        "uvicorn, FastAPI: the bare app's memory",
        "memory of 16 requests at a time",
        "CPU of a login",
        "CPU of a stranger's redirect",
        "first answer later by",
    ):
        assert any(line.startswith(what) for line in lines), what


def test_race_signs_in_to_the_gate_and_measures_it_beside_the_bare_apps() -> None:
    found = run("-m", "benchmarks.peers", "--quick", "gate-flask-sqlite,gate-fastapi").splitlines()
    rows = {cells[1].strip(): cells[2:] for line in found if len(cells := line.split("|")) > 2}
    for name in ("bare-flask", "bare-fastapi", "gate-flask-sqlite", "gate-fastapi"):
        assert float(rows[name][0].replace(",", "")) > 0, rows[name]
    assert rows["gate-fastapi"][8].strip() == rows["gate-flask-sqlite"][8].strip() == "302"


def test_race_counts_nobody_who_lets_all_in_and_says_who_cannot_be_installed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refused() -> str:
        raise InstallError("go is not here")

    lets_all_in = Entrant("open", "bare", str, lambda ground: uvicorn(ground, sys.executable, "bare:fastapi"))
    absent = Entrant("absent", "bare", refused, lambda ground: None)
    assert race([lets_all_in, absent], QUICK) == 1
    said = capsys.readouterr().out
    assert "| open | **not counted**: WrongAnswerError: without a session: 200" in said
    assert "| absent | not run: go is not here |" in said


@pytest.mark.parametrize("world", ["wsgi", "asgi"])
def test_import_leaves_the_provider_side_for_later(world: str) -> None:
    loaded = json.loads(run("-c", f"import json, sys, oidc_gate.{world}; print(json.dumps(list(sys.modules)))"))
    heavy = {"requests", "urllib3", "authlib", "joserfc", "cryptography", "werkzeug", "asgiref"}
    assert heavy.isdisjoint(loaded)
    assert f"oidc_gate.{world}" in loaded


def test_each_world_loads_without_the_other() -> None:
    for world, other in (("wsgi", "asgi"), ("asgi", "wsgi")):
        run("-c", f"import sys, oidc_gate.{world}; sys.exit('oidc_gate.{other}' in sys.modules)")
