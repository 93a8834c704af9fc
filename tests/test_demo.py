"""The demo: a whole login at its own provider, with nothing from outside, and an end that leaves nothing behind.

Behind its gate stands the sample app, or an app of one's own: of either world, or at an address.
"""

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
from oidc_gate.command.listening import is_there
from oidc_gate.proxy import read_upstream
from tests.answers import Answer
from tests.apps import COOKIE_SECRET
from tests.browser import Browser
from tests.by_hand import visitor
from tests.patience import LIMIT
from tests.proxied import Recorder
from tests.servers import ServerProcess, free_port, running

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


@contextlib.contextmanager
def shown(target: str = "", **options: str) -> Iterator[tuple[str, str]]:
    """Run the demo in a thread, its provider in a process; give the address that it says to open, and all it says."""
    stop, output, ended = threading.Event(), Output(), []
    wanted = demo.Shown(target, 0, options)
    thread = threading.Thread(target=lambda: ended.append(demo.serve_demo(wanted, stop, output)))
    thread.start()
    try:
        output.wait_for(READY)
        yield re.findall(r"Open  (http://\S+)", output.getvalue())[0], output.getvalue()
    finally:
        stop.set()
        thread.join(LIMIT)
    assert ended == [0]


@pytest.fixture
def home() -> Iterator[str]:
    with shown() as (address, _):
        yield address


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
    for person in demo_provider.PEOPLE:
        assert f"<td>{person.username}</td><td>{person.password}</td>" in page.text
    refused = browser.get(page.url.replace("code_challenge", "no_challenge"))
    assert "PKCE" in refused.target
    wrong = browser.follow(browser.submit(page, username="ada", password="wrong"))
    assert wrong.url.startswith(page.url.partition("?")[0])


@pytest.fixture
def pretender(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program of the test in the provider's place."""
    program = tmp_path / "pretender"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    return program


# Behind the gate stands an app of one's own

APPS = f"""
from oidc_gate import asgi, identity_of, wsgi

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"Hello, " + identity_of(environ).name.encode()]

async def asgi_app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({{"type": "lifespan.startup.complete"}})
        await send({{"type": "lifespan.shutdown.complete"}})
    else:
        await send({{"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}})
        await send({{"type": "http.response.body", "body": b"Hello, " + identity_of(scope).name.encode()}})

async def failing_app(scope, receive, send):
    await receive()
    await send({{"type": "lifespan.startup.failed", "message": "no database"}})

def gated_app():
    return wsgi.OIDCGate(app)

def gated_elsewhere():
    return asgi.OIDCGate(asgi_app, issuer_url="https://id.example.com", client_id="real", client_secret="s",
                         cookie_secret="{COOKIE_SECRET}")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in the folder of somebody's apps."""
    (tmp_path / "ownapps.py").write_text(APPS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    sys.modules.pop("ownapps", None)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("target", ["ownapps:app", "ownapps:asgi_app"])
def test_an_app_of_ones_own_is_told_who_signed_in(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real settings in the environment are none of the demo's, and are there again afterwards."""
    monkeypatch.setenv("OIDC_GATE_ALLOW_GROUPS", "nobody")
    monkeypatch.setenv("OIDC_GATE_NO_SUCH_SETTING", "1")
    with shown(target) as (home, said):
        browser = visitor()
        form = browser.navigate(home)
        assert f"{target}, behind the gate" in form.text
        assert sign_in(browser, form, "eve").text == "Hello, Eve"
    assert f"which is {target} behind the gate" in said
    assert "not for production" in said
    assert "may not pass" not in said
    assert os.environ["OIDC_GATE_ALLOW_GROUPS"] == "nobody"
    assert {name for name in os.environ if name.startswith("OIDC_GATE_")} == {
        "OIDC_GATE_ALLOW_GROUPS",
        "OIDC_GATE_NO_SUCH_SETTING",
    }


def test_an_app_at_an_address_is_told_by_headers() -> None:
    recorder = Recorder()
    with shown(f"http://127.0.0.1:{recorder.port}", allow_groups="engineers") as (home, said):
        assert signed_in(home, "eve")[1].status == 403
        assert recorder.requests == []
        assert signed_in(home, "grace")[1].text == "ok"
        (got,) = recorder.requests
    recorder.close()
    assert (got.one("x-forwarded-user"), got.one("x-forwarded-groups")) == ("grace", "engineers")
    assert "X-Forwarded-User" in said
    assert "Nothing listens" not in said


@pytest.fixture
def issuer(pretender: Path) -> str:
    """Have a provider that says where it is and does nothing else, for what comes before anybody signs in."""
    pretender.write_text("#!/bin/sh\nread client\necho '{\"issuer\": \"http://127.0.0.1:1\"}'\nexec cat\n")
    return "http://127.0.0.1:1"


@pytest.mark.usefixtures("folder", "issuer")
def test_an_app_with_a_gate_in_its_code_gets_the_demos_settings(caplog: pytest.LogCaptureFixture) -> None:
    with shown("ownapps:gated_app()") as (home, said):
        assert visitor().get(home).status == 503
    assert "has a gate in its code, which goes by the demo's settings" in said
    assert "http://127.0.0.1:1/.well-known/openid-configuration" in caplog.text


@pytest.mark.usefixtures("issuer")
def test_an_app_that_is_not_there_yet_is_waited_for() -> None:
    with shown(f"127.0.0.1:{free_port()}", identity_headers="ngrok") as (_, said):
        assert "yet: start your app there" in said
    assert "X-Forwarded-User" not in said


def test_whether_an_app_is_there(tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    there = read_upstream(f"unix:{path}")
    assert there is not None
    assert not is_there(there)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        assert is_there(there)


@pytest.mark.usefixtures("folder", "issuer")
@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["ownapps:gated_elsewhere()"], "has a gate of its own already, for another provider"),
        (["ownapps:app", "--set", "issuer_url=https://id.example.com"], "--set issuer_url: the demo has a provider of"),
        (["--set", "allow_groups=admins"], "--set is for an app of your own"),
        (["ownapps:app", "--set", "alow_groups=admins"], "ALOW_GROUPS is not a setting of oidc_gate"),
        (["ownapps"], "Did you mean ownapps:app?"),
    ],
)
def test_what_cannot_be_shown_is_said(argv: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = dict(os.environ)
    assert cli.main(["demo", *argv]) == 2
    assert said in capsys.readouterr().err
    assert dict(os.environ) == before


@pytest.mark.usefixtures("folder", "issuer")
def test_an_app_that_does_not_start_ends_the_demo(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["demo", "ownapps:failing_app"]) == 1
    assert "The app has ended; so has the demo." in capsys.readouterr().err


@pytest.mark.usefixtures("folder", "issuer")
def test_without_a_server_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert cli.main(["demo", "ownapps:asgi_app"]) == 2
    assert "pip install 'oidc-gate[demo]'" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "example.com"])
def test_no_other_machine_can_be_let_in(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["demo", "--host", host])
    assert f"it listens at 127.0.0.1, and not at {host}" in capsys.readouterr().err


# Its end


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
            found.append("<td>engine</td>" in requests.get(f"{issuer}/login", timeout=LIMIT).text)
            found.append("cdn" not in requests.get(f"{issuer}/logout", timeout=LIMIT).text)
            tell.close()

        thread = threading.Thread(target=converse)
        thread.start()
        demo_provider.main()
        thread.join(LIMIT)
    for number, handler in before.items():
        assert signal.signal(number, handler) == signal.SIG_IGN
    assert found == [True, True, True]
    assert list(tmp_path.iterdir()) == []


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
    assert demo.serve_demo(demo.Shown(), stop, Output()) == 0
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
