"""The demo: a whole login at its own provider, with nothing from outside, and an end that leaves nothing behind."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from oidc_gate.command import cli, demo, demo_provider, provider_process
from tests.answers import Answer
from tests.browser import Browser
from tests.by_hand import visitor
from tests.patience import LIMIT
from tests.servers import ServerProcess, running

OIDC_GATE = str(Path(sys.executable).with_name("oidc-gate"))
READY = "Stop with Ctrl-C."


class Output(io.StringIO):
    """What the demo prints, for the test's thread to wait for."""

    def __init__(self) -> None:
        super().__init__()
        self._arrived = threading.Condition()

    def write(self, text: str) -> int:
        with self._arrived:
            self._arrived.notify_all()
            return super().write(text)

    def wait_for(self, text: str) -> None:
        with self._arrived:
            assert self._arrived.wait_for(lambda: text in self.getvalue(), LIMIT), self.getvalue()


@pytest.fixture
def home() -> Iterator[str]:
    """Run the demo in a thread, its provider in a process, and return the address that it says to open."""
    stop, output, ended = threading.Event(), Output(), []
    thread = threading.Thread(target=lambda: ended.append(demo.serve_demo(0, stop, output)))
    thread.start()
    try:
        output.wait_for(READY)
        (address,) = re.findall(r"https?://\S+", output.getvalue())
        yield address
    finally:
        stop.set()
        thread.join(LIMIT)
    assert ended == [0]


def signed_in(home: str, username: str) -> tuple[Browser, Answer]:
    """Open the demo and sign in at its provider, in its own form."""
    browser = visitor()
    return browser, sign_in(browser, browser.navigate(home), username)


def sign_in(browser: Browser, form: Answer, username: str) -> Answer:
    passwords = {person.username: person.password for person in demo_provider.PEOPLE}
    return browser.follow(browser.submit(form, username=username, password=passwords[username]))


def gone(server: ServerProcess) -> bool:
    """Tell whether the process, already waited for, and all its children have ended."""
    try:
        os.killpg(server.pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_login_shows_who_signed_in(home: str) -> None:
    browser, page = signed_in(home, "ada")
    assert (page.status, page.url) == (200, home)
    assert "Hello, Ada Lovelace" in page.text
    for shown in ("ada@example.com", "admins, engineers", "Session ends"):
        assert shown in page.text
    userinfo = browser.get(f"{home}oauth2/userinfo").json()
    assert (userinfo["name"], userinfo["groups"]) == ("Ada Lovelace", ["admins", "engineers"])
    again = sign_in(browser, browser.navigate(f"{home}oauth2/login?next=/"), "grace")
    assert "Hello, Grace Hopper" in again.text
    assert browser.navigate(f"{home}oauth2/logout", initiator=home).status == 200
    assert "Nobody is signed in" in browser.get(f"{home}public").text
    assert browser.fetch(home).status == 401


def test_not_everyone_may_pass(home: str) -> None:
    _, page = signed_in(home, "eve")
    assert (page.status, "eve@example.com" in page.text) == (403, True)


def test_the_provider_needs_no_network_and_enforces_pkce(home: str) -> None:
    browser = visitor()
    page = browser.navigate(home)
    assert re.findall(r'(?:href|src)="https?:[^"]*', page.text) == []
    refused = browser.get(page.url.replace("code_challenge", "no_challenge"))
    assert "PKCE" in refused.target
    wrong = browser.follow(browser.submit(page, username="ada", password="wrong"))
    assert wrong.url.startswith(page.url.partition("?")[0])


def test_the_provider_ends_with_its_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    found: list[bool] = []
    with contextlib.ExitStack() as stack:
        (stdin, to_provider), (from_provider, stdout) = os.pipe(), os.pipe()
        tell, hear = stack.enter_context(os.fdopen(to_provider, "w")), stack.enter_context(os.fdopen(from_provider))
        monkeypatch.setattr("sys.stdin", stack.enter_context(os.fdopen(stdin)))
        monkeypatch.setattr("sys.stdout", stack.enter_context(os.fdopen(stdout, "w")))

        def converse() -> None:
            client = {"client_id": "demo", "client_secret": "s", "redirect_uris": ["http://127.0.0.1:1/callback"]}
            print(json.dumps(client), file=tell, flush=True)
            issuer = json.loads(hear.readline())["issuer"]
            discovered = requests.get(f"{issuer}/.well-known/openid-configuration", timeout=LIMIT).json()
            found.append(discovered["issuer"] == issuer)
            found.append("cdn" not in requests.get(f"{issuer}/logout", timeout=LIMIT).text)
            tell.close()

        thread = threading.Thread(target=converse)
        thread.start()
        demo_provider.main()
        thread.join(LIMIT)
    for number, handler in before.items():
        assert signal.signal(number, handler) == signal.SIG_IGN
    assert found == [True, True]
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def pretender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program of the test in the provider's place."""
    program = tmp_path / "pretender"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    return program


def test_a_provider_that_does_not_start(pretender: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo"]) == 2
    assert capsys.readouterr().err == "oidc-gate: The demo's provider did not start.\n"


def test_a_provider_that_ends_by_itself(pretender: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pretender.write_text("#!/bin/sh\nread client\necho '{\"issuer\": \"http://127.0.0.1:1\"}'\n")
    assert cli.main(["demo"]) == 1
    assert "provider has ended" in capsys.readouterr().err


def test_a_provider_that_does_not_end_is_killed(pretender: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretender.write_text("#!/bin/sh\nread client\necho '{\"issuer\": \"http://127.0.0.1:1\"}'\nexec sleep 600\n")
    monkeypatch.setattr(provider_process, "PATIENCE_SECONDS", 0.1)
    stop = threading.Event()
    stop.set()
    begun = time.monotonic()
    assert demo.serve_demo(0, stop, Output()) == 0
    assert time.monotonic() - begun < LIMIT


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "nanoidp", None)
    assert cli.main(["demo"]) == 2
    assert "pip install 'oidc-gate[demo]'" in capsys.readouterr().err


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert cli.main(["demo", "--port", str(port)]) == 2
    assert f"Port {port} cannot be used" in capsys.readouterr().err


def test_a_signal_ends_it_in_this_process_too(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def send() -> None:
        give_up = time.monotonic() + LIMIT
        while signal.getsignal(signal.SIGTERM) is before:
            if time.monotonic() > give_up:
                return
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    thread = threading.Thread(target=send)
    thread.start()
    assert cli.main(["demo"]) == 0
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is before
    assert READY in capsys.readouterr().out


@pytest.mark.parametrize(("number", "whole_group"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_ctrl_c_and_sigterm_leave_nothing_behind(number: int, whole_group: bool, tmp_path: Path) -> None:
    """Ctrl-C goes to the provider's process too; a service manager's SIGTERM to the demo's alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    argv = [OIDC_GATE, "demo", "--port", "{port}"]
    with running(argv, folder=tmp_path, env={"TMPDIR": str(folder)}) as server:
        server.wait_for_output(READY)
        _, page = signed_in(f"{server.url}/", "grace")
        assert "Hello, Grace Hopper" in page.text
        assert len(list(folder.iterdir())) == 1
        (os.killpg if whole_group else os.kill)(server.pid, number)
        assert server.process.wait(LIMIT) == 0
        assert gone(server)
        assert list(folder.iterdir()) == []
        assert "Traceback" not in server.output


def test_killed_it_leaves_nothing_behind_either(tmp_path: Path) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    with running([OIDC_GATE, "demo", "--port", "{port}"], folder=tmp_path, env={"TMPDIR": str(folder)}) as server:
        server.wait_for_output(READY)
        os.kill(server.pid, signal.SIGKILL)
        server.process.wait(LIMIT)
        give_up = time.monotonic() + LIMIT
        while not gone(server) and time.monotonic() < give_up:
            time.sleep(0.02)
        assert list(folder.iterdir()) == []
