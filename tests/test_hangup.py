"""SIGHUP: `oidc-gate run` goes on with what its settings say now, whichever server it runs, and with those before."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import uvicorn

from oidc_gate.command import hanging_up
from oidc_gate.command.uvicorn_workers import Workers
from oidc_gate.gate.rereading import read_now
from tests.browser import World
from tests.by_hand import visitor
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.proxied import Recorder
from tests.redis_servers import until
from tests.servers import accepts, free_port, running
from tests.test_cli import APPS
from tests.test_reload import ADA, GRACE, Watched, toml

OIDC_GATE = str(Path(sys.executable).with_name("oidc-gate"))
WRONG = "changed settings cannot be taken over, and the old ones stay: "


@pytest.fixture(params=["off", "watch"])
def read(
    request: pytest.FixtureRequest, world: World, provider: LocalProvider, tmp_path: Path
) -> tuple[Watched, Callable[[], bool]]:
    """Return a gate whose settings stand in a file, and what has it read them now."""
    here = Watched(world, provider, tmp_path, reload=request.param)
    return here, lambda: read_now(here.gate._gate, here.gate._ask, tmp_path)


def test_what_stands_in_the_files_is_in_force_at_once(
    read: tuple[Watched, Callable[[], bool]], caplog: pytest.LogCaptureFixture
) -> None:
    here, read_all = read
    ada = here.signed_in()
    caplog.set_level("INFO", "oidc_gate")
    here.configure(allow_emails=GRACE)
    assert read_all()
    assert ada.get("/").status == 403
    assert f"changed settings are taken over: allow_emails ({here.folder / 'gate.toml'}" in caplog.text
    assert read_all()
    assert "what stands in files that they name (" in caplog.text, "nothing has changed"
    here.configure(allow_emails=ADA)
    assert read_all()
    assert ada.get("/").status == 200, "the session goes on"


def test_what_is_wrong_is_refused_each_time(
    read: tuple[Watched, Callable[[], bool]], caplog: pytest.LogCaptureFixture
) -> None:
    here, read_all = read
    ada = here.signed_in()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"alow_emails": GRACE}, f"{here.folder / 'gate.toml'}: alow_emails is not a setting"),
        ({"alow_emails": None, "path_prefix": "/sso"}, "path_prefix cannot change while the process runs"),
    ]
    for changed, message in wrong:
        here.configure(**changed)
        for _ in range(2):
            assert not read_all()
        assert caplog.text.count(f"{WRONG}{message}") == 2
        assert ada.get("/").status == 200
    here.configure(path_prefix=None)
    assert read_all()


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
@pytest.mark.parametrize("name", ["cookie-secret", "gate.toml"])
def test_what_is_no_file_does_not_hold_up_whoever_reads(
    read: tuple[Watched, Callable[[], bool]], caplog: pytest.LogCaptureFixture, name: str, make: Callable[[Path], None]
) -> None:
    here, read_all = read
    ada = here.signed_in()
    (here.folder / name).unlink()
    make(here.folder / name)
    with ThreadPoolExecutor() as pool:
        reading = pool.submit(read_all)
        try:
            assert not reading.result(LIMIT)
        finally:
            (here.folder / name).write_text("") if make is os.mkfifo and not reading.done() else None
    assert WRONG in caplog.text
    assert ada.get("/").status == 200


# The signal


def test_it_is_heard_while_the_block_lasts() -> None:
    before, heard = signal.getsignal(signal.SIGHUP), list[int]()
    with hanging_up.reading_at_hangup(lambda: heard.append(1)):
        for _ in range(3):
            signal.raise_signal(signal.SIGHUP)
        until(lambda: len(heard) == 3)
    assert signal.getsignal(signal.SIGHUP) is before


def test_where_the_terminal_has_gone_it_ends_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = tmp_path / "terminal"
    terminal.touch()
    monkeypatch.setattr(hanging_up, "_TERMINAL", str(terminal))
    heard, ended = list[int](), list[int]()
    before = signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    with hanging_up.reading_at_hangup(lambda: heard.append(1)):
        signal.raise_signal(signal.SIGHUP)
        until(lambda: heard == [1])
        terminal.unlink()
        signal.raise_signal(signal.SIGHUP)
        assert ended == [1]
    signal.signal(signal.SIGTERM, before)
    assert heard == [1]


def test_with_nohup_it_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = tmp_path / "terminal"
    terminal.touch()
    monkeypatch.setattr(hanging_up, "_TERMINAL", str(terminal))
    heard = list[int]()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with hanging_up.reading_at_hangup(lambda: heard.append(1)):
        terminal.unlink()
        signal.raise_signal(signal.SIGHUP)
        until(lambda: heard == [1])
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    signal.signal(signal.SIGHUP, before)


def test_several_processes_are_handed_it_once_they_hear_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And where the terminal has gone they end."""
    terminal = tmp_path / "terminal"
    terminal.touch()
    monkeypatch.setattr(hanging_up, "_TERMINAL", str(terminal))
    monkeypatch.setattr("uvicorn.supervisors.multiprocess.SIGNALS", {})
    parent = Workers(uvicorn.Config("none:app"), [])
    waiting = [subprocess.Popen(["sleep", str(LIMIT)]) for _ in range(3)]
    made: list[Any] = [SimpleNamespace(pid=each.pid, is_ready=lambda timeout: True) for each in waiting]
    ready, starting, ended = made
    starting.is_ready = lambda timeout: False
    waiting[2].kill()
    waiting[2].wait()
    parent.processes = [ended, starting, ready]
    parent.handle_hup()
    assert waiting[0].wait(LIMIT) == -signal.SIGHUP
    assert (waiting[1].poll(), parent.should_exit.is_set()) == (None, False)
    parent.processes = [starting]
    starting.is_alive = lambda timeout: True
    parent.keep_subprocess_alive()
    assert waiting[1].poll() is None
    starting.is_ready = lambda timeout: True
    parent.keep_subprocess_alive()
    assert waiting[1].wait(LIMIT) == -signal.SIGHUP
    terminal.unlink()
    parent.handle_hup()
    assert parent.should_exit.is_set()


# For real


class Site:
    """An app behind `oidc-gate run`, which all people may use until `allow_emails` is written."""

    def __init__(self, provider: LocalProvider, folder: Path) -> None:
        self.options = provider.gate_options(allow_emails=[*ADA, *GRACE])
        self.config = folder / "gate.toml"
        self.config.write_text(toml(self.options))

    def configure(self, **changed: Any) -> None:
        self.config.write_text(toml(self.options | changed))


@pytest.mark.parametrize("target", ["myapp:app", "myapp:asgi_app", "http://{app}"])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_run_goes_on_with_what_the_settings_say_now(
    target: str, workers: str, provider: LocalProvider, tmp_path: Path
) -> None:
    (tmp_path / "myapp.py").write_text(APPS)
    app, site = Recorder(), Site(provider, tmp_path)
    target = target.replace("{app}", f"127.0.0.1:{app.port}")
    argv = [OIDC_GATE, "run", target, "--config", "gate.toml", "--port", "{port}", "--workers", workers]
    with (
        contextlib.closing(app),
        running(argv, folder=tmp_path, cwd=tmp_path, ready_path="/oauth2/health") as server,
    ):
        ada = visitor()
        assert ada.navigate(f"{server.url}/").status == 200

        def statuses() -> set[int]:
            return {ada.get(f"{server.url}/").status for _ in range(6)}

        site.configure(allow_emails=GRACE)
        os.kill(server.pid, signal.SIGHUP)
        seen: list[set[int]] = []

        def all_are_refused() -> bool:
            seen.append(statuses())
            return seen[-1] == {403}

        until(all_are_refused)
        assert set().union(*seen) <= {200, 403}, "nobody is turned away meanwhile"
        site.configure(alow_emails=ADA)
        os.kill(server.pid, signal.SIGHUP)
        server.wait_for_output("alow_emails is not a setting")
        assert statuses() == {403}
        assert server.alive


#: Answers at `/slow` once a file is there.
SLOW = """
import asyncio
import pathlib


async def app(scope, receive, send):
    while scope["path"] == "/slow" and not pathlib.Path("go").exists():
        pathlib.Path("asked").touch()
        await asyncio.sleep(0.01)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"done"})
"""


def test_what_is_under_way_ends_with_the_old_settings_while_the_new_are_in_force(
    provider: LocalProvider, tmp_path: Path
) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    site = Site(provider, tmp_path)
    argv = [OIDC_GATE, "run", "slow:app", "--interface", "asgi", "--config", "gate.toml"]
    argv += ["--port", "{port}", "--workers", "2"]
    with (
        running(argv, folder=tmp_path, cwd=tmp_path, ready_path="/oauth2/health") as server,
        ThreadPoolExecutor() as pool,
    ):
        ada = visitor()
        assert ada.navigate(f"{server.url}/").status == 200
        slow = pool.submit(ada.copy().get, f"{server.url}/slow")
        until((tmp_path / "asked").exists)
        site.configure(allow_emails=GRACE)
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: server.output.count("changed settings are taken over") == 2)
        assert {ada.get(f"{server.url}/").status for _ in range(6)} == {403}
        (tmp_path / "go").touch()
        answer = slow.result(LIMIT)
        assert (answer.status, answer.body) == (200, b"done")


@pytest.mark.parametrize(("workers", "status"), [("1", -signal.SIGTERM), ("2", 0)])
def test_run_ends_when_its_terminal_goes(workers: str, status: int, provider: LocalProvider, tmp_path: Path) -> None:
    (tmp_path / "myapp.py").write_text(APPS)
    Site(provider, tmp_path)
    controller, terminal = os.openpty()
    port = free_port()
    argv = [OIDC_GATE, "run", "myapp:asgi_app", "--config", "gate.toml", "--port", str(port), "--workers", workers]
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(
            argv,
            cwd=tmp_path,
            stdin=terminal,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        ) as process,
    ):
        try:
            until(lambda: accepts(port))
            os.close(terminal)
            os.close(controller)
            assert process.wait(LIMIT) == status
        finally:
            process.kill()
