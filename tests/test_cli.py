"""The command line: what is asked for reaches the gate, what is wrong is one sentence, what is served is gated."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import os
import pickle
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from oidc_gate import asgi, wsgi
from oidc_gate.command import cli, run
from oidc_gate.command.uvicorn_requests import HeadersAlone
from tests.apps import COOKIE_SECRET
from tests.browser import Browser
from tests.by_hand import visitor
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.proxied import Recorder
from tests.redis_servers import until
from tests.servers import STOP_LIMIT, running

ROOT = Path(__file__).parents[1]
OIDC_GATE = str(Path(sys.executable).with_name("oidc-gate"))
ISSUER = "https://issuer.test/"
FLAGS = ("--oidc", ISSUER, "--oidc-client-id", "the-client", "--oidc-client-secret", "the-secret")
THERE = " there has to reach 127.0.0.1:8000"
APPS = """
import os
from oidc_gate import identity_of

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"Hello, {identity_of(environ).name} from {os.getpid()}".encode()]

async def asgi_app(scope, receive, send):
    if scope["type"] == "http":
        body = f"Hello, {identity_of(scope).name} from {os.getpid()}".encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": body})

class Object:
    async def __call__(self, scope, receive, send):
        await asgi_app(scope, receive, send)

object = Object()

def either(*call):
    return asgi_app(*call) if len(call) == 3 else app(*call)

def create_app():
    return app

not_an_app = 3
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Stand in the folder of somebody's app; what a command changes in this process is put back."""
    (tmp_path / "myapp.py").write_text(APPS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    loggers = [logging.getLogger(name) for name in ("oidc_gate", "oidc_gate.audit")]
    before = [(each.level, [*each.handlers], each.propagate) for each in loggers]
    yield tmp_path
    for each, (level, handlers, propagate) in zip(loggers, before, strict=True):
        each.setLevel(level)
        each.handlers[:] = handlers
        each.propagate = propagate
    sys.modules.pop("myapp", None)


class Served:
    """What the servers were asked to serve, in place of serving it: their own loops do not end."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.gate: Any = None
        self.options: dict[str, Any] = {}
        self.master: Any = None
        monkeypatch.setattr("gunicorn.arbiter.Arbiter.__init__", lambda *given: self.gunicorn(*given))
        monkeypatch.setattr("gunicorn.arbiter.Arbiter.run", lambda _: None)
        monkeypatch.setattr("uvicorn.run", self.uvicorn)
        monkeypatch.setattr("uvicorn.Config.bind_socket", lambda _: None)
        monkeypatch.setattr("uvicorn.supervisors.multiprocess.SIGNALS", {})
        monkeypatch.setattr("uvicorn.supervisors.Multiprocess.run", lambda parent: self.workers(parent))

    def gunicorn(self, master: Any, application: Any) -> None:
        self.master, self.gate = master, application.load()
        self.options = {name: setting.get() for name, setting in application.cfg.settings.items()}

    def uvicorn(self, app: Any, **options: Any) -> None:
        self.gate, self.options = app, options

    def workers(self, parent: Any) -> None:
        self.gate, self.options = parent.config.app, vars(parent.config)

    def asked(self) -> dict[str, str]:
        """Return the parameters of the authorization request that the gate sends a visitor off with."""
        world: Any = "wsgi" if isinstance(self.gate, wsgi.OIDCGate) else "asgi"
        location = Browser(self.gate, world).get("/").target
        return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    before = signal.getsignal(signal.SIGHUP)
    yield Served(monkeypatch)
    signal.signal(signal.SIGHUP, before)


def flags(provider: LocalProvider) -> list[str]:
    client = provider.clients["app"]
    return ["--oidc", provider.issuer, "--oidc-client-id", "app", "--oidc-client-secret", client.secret or ""]


# What is asked for


def test_secret_is_new_each_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert (cli.main(["secret"]), cli.main(["secret"])) == (0, 0)
    first, second = capsys.readouterr().out.split()
    assert first != second
    assert len(base64.urlsafe_b64decode(first + "=")) == 32


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["run"], "module:app"),
        (["sessions", "show"], "invalid choice"),
        (["serve"], "invalid choice"),
        (["run", "myapp:app", "--port", "70000"], "70000 is not a port"),
        (["run", "myapp:app", "--port", "http"], "http is not a port"),
        (["run", "myapp:app", "--workers", "0"], "0 is not a number from 1 up"),
        (["run", "myapp:app", "--set", "userinfo"], "userinfo is not FIELD=VALUE"),
        (["run", "myapp:app", "--oidc-client", "x"], "--oidc-client"),
        (["run", "myapp:app", "--config", "a.toml", "--traffic-policy-file", "b.yaml"], "not allowed with"),
        (["demo", "--port", "-1"], "-1 is not a port"),
        (["http"], "ADDRESS"),
        (["http", "3000", "--basic-auth", "me:secret"], "--basic-auth"),
    ],
)
def test_a_command_line_that_cannot_be_read(argv: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(argv)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["myapp:app"], "issuer_url is missing"),
        (["myapp:app", *FLAGS, "--set", "public_path=/a"], "Did you mean public_paths?"),
        (["myapp:app", *FLAGS, "--set", "cookie_secret=short"], "cookie_secret must have at least 16 characters"),
        (["nothing:app", *FLAGS], "there is no module 'nothing'"),
        (["myapp:nothing", *FLAGS], "there is no nothing in 'myapp:nothing'"),
        (["myapp:not_an_app", *FLAGS], "is a int, not an app"),
        (["myapp:app", "--config", "gone.toml"], "cannot be read (No such file or directory; a relative path"),
        (["myapp:app", "--traffic-policy-file", "gone.yaml"], "gone.yaml cannot be read"),
        (["myapp:asgi_app", *FLAGS, "--interface", "wsgi"], "this is an ASGI app"),
        (["myapp:app", *FLAGS, "--interface", "asgi"], "this is a WSGI app"),
        (["myapp:create_app", *FLAGS], "name it like module:create_app()"),
        (["myapp", *FLAGS], "Did you mean myapp:app?"),
        (["http://127.0.0.1:8000", *FLAGS], "the gate itself would listen: give the gate another, like --port 8001"),
        (["3000", *FLAGS, "--port", "3000"], "the gate itself would listen: give the gate another, like --port 8000"),
        (["http://8.8.8.8:3000", *FLAGS], "is neither on this machine nor in a private network"),
        (["http://127.0.0.1:3000/app", *FLAGS], "holds more than host and port"),
        (["3000", *FLAGS, "--interface", "wsgi"], "http://localhost:3000 is an address, and no WSGI app"),
        (["3000", *FLAGS, "--host-header", "a b"], "upstream_host"),
        (["myapp:app", *FLAGS, "--host", "192.0.2.1", "--port", "0"], "--host 192.0.2.1 cannot be listened on"),
    ],
)
def test_a_wrong_setting_is_one_sentence(argv: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", *argv]) == 2
    *before, last = capsys.readouterr().err.splitlines()
    assert last.startswith("oidc-gate: ")
    assert said in last
    assert not before or "no cookie_secret is set" in before[0]


def test_without_a_command_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    assert capsys.readouterr().out == said.out
    for command in ("demo", "run", "http", "sessions", "secret"):
        assert f"\n    {command} " in said.out


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr() == (f"oidc-gate {version('oidc-gate')}\n", "")


def test_the_version_is_looked_up_only_when_it_is_asked_for() -> None:
    program = "import sys; from oidc_gate.command import main; main([]); print('importlib.metadata' in sys.modules)"
    found = subprocess.run([sys.executable, "-S", "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.splitlines()[-1] == "False"


def test_as_a_module_it_is_the_same_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["python -m oidc_gate", "secret"])
    with pytest.raises(SystemExit, match="0"):
        runpy.run_module("oidc_gate", run_name="__main__")
    assert len(capsys.readouterr().out.strip()) == 43
    runpy.run_module("oidc_gate", run_name="imported")
    assert capsys.readouterr().out == "", "whoever only imports it runs nothing"


def test_http_is_for_addresses(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["http", "myapp:app", *FLAGS]) == 2
    said = capsys.readouterr().err
    assert said.startswith("oidc-gate: 'myapp:app' is no address: write where the app listens, like 3000")
    assert "oidc-gate run myapp:app" in said


@pytest.mark.parametrize("argv", [["http", "3000"], ["run", "http://127.0.0.1:3000"]])
def test_an_app_at_an_address_is_served_behind_the_gate(argv: list[str], served: Served) -> None:
    flags = ["--oidc-scope", "openid,email", "--url=app.example.com", "--host-header=rewrite", "--workers=1"]
    assert cli.main([*argv, *FLAGS, *flags]) == 0
    settings = served.gate._gate._components.settings
    assert (settings.base_url, settings.upstream_host) == ("https://app.example.com", "rewrite")
    assert settings.scopes == ("openid", "email")
    assert (served.options["server_header"], served.options["date_header"]) == (False, False)


@pytest.mark.usefixtures("served")
def test_whether_the_app_is_there_is_told_at_the_start(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        assert cli.main(["http", f"127.0.0.1:{port}", *FLAGS]) == 0
        assert f"requests are handed on to http://127.0.0.1:{port}\n" in capsys.readouterr().err
    assert cli.main(["http", f"127.0.0.1:{port}", *FLAGS]) == 0
    assert f"requests are handed on to http://127.0.0.1:{port}, where nothing listens yet\n" in capsys.readouterr().err


@pytest.mark.usefixtures("served")
def test_what_the_proxy_needs_may_not_be_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "httptools", None)
    assert cli.main(["http", "3000", *FLAGS]) == 2
    assert "pip install 'oidc-gate[proxy]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "base", "note"),
    [
        ([], "http://localhost:8000", ", not 127.0.0.1: that is another host, with cookies and a redirect URI of its"),
        (["--host", "localhost", "--port", "80"], "http://localhost", ", not 127.0.0.1"),
        (["--host", "0.0.0.0"], "http://localhost:8000", "; for people at other machines set base_url to the address"),
        (["--host", "::", "--port", "99"], "http://localhost:99", "; for people at other machines set base_url"),
        (["--host", "::1"], "http://[::1]:8000", ""),
        (["--host", "10.0.0.7"], "http://10.0.0.7:8000", ""),
        (["--set", "base_url=https://app.example.com/in"], "https://app.example.com/in", f"; what is asked for{THERE}"),
        (["--url", "app.example.com"], "https://app.example.com", f"; what is asked for{THERE}"),
        (["--domain", "http://app.example.com"], "http://app.example.com", f"; what is asked for{THERE}"),
    ],
)
@pytest.mark.parametrize("target", ["myapp:app", "myapp:asgi_app", "3000"])
@pytest.mark.usefixtures("served")
def test_the_real_addresses_are_told(
    target: str, flags: list[str], base: str, note: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", target, *FLAGS, "--set", "path_prefix=/sso", *flags]) == 0
    lines = capsys.readouterr().err.splitlines()
    assert f"oidc-gate: to register at the provider as redirect URI: {base}/sso/callback" in lines
    assert f"oidc-gate: as login URL: {base}/ or {base}/sso/login?iss={ISSUER}" in lines
    assert lines[-1].startswith(f"oidc-gate: open {base}/{note}")
    assert note or lines[-1] == f"oidc-gate: open {base}/"
    assert not [line for line in lines if "this app's host" in line]


@pytest.mark.parametrize("target", ["myapp:app", "myapp:asgi_app"])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_free_port_is_chosen_before_it_is_told(
    host: str, target: str, served: Served, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["run", target, *FLAGS, "--host", host, "--port", "0"])
    port = served.options["port"] if target == "myapp:asgi_app" else served.options["bind"][0].rpartition(":")[2]
    assert int(port) > 0
    assert f":{port}/oauth2/callback" in capsys.readouterr().err


def test_help_says_where_the_secret_belongs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["run", "--help"])
    assert "OIDC_GATE_CLIENT_SECRET" in capsys.readouterr().out


@pytest.mark.parametrize(("target", "package"), [("myapp:app", "gunicorn.app.base"), ("myapp:asgi_app", "uvicorn")])
def test_a_missing_server_says_what_to_install(
    target: str, package: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    assert cli.main(["run", target, *FLAGS]) == 2
    assert "pip install 'oidc-gate[run]'" in capsys.readouterr().err


# What reaches the gate and the servers


def test_ngroks_flags(served: Served, provider: LocalProvider) -> None:
    scopes = ["--oidc-scope", "openid,email", "--oidc-scope", "groups", "--set", "authz_url_params=hd=example.com"]
    assert cli.main(["run", "myapp:app", *flags(provider), *scopes]) == 0
    asked = served.asked()
    assert (asked["client_id"], asked["scope"], asked["hd"]) == ("app", "openid email groups", "example.com")


def test_flags_win_over_the_environment_and_that_over_the_file(
    served: Served, provider: LocalProvider, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "gate.toml").write_text('client_id = "of the file"\nscopes = ["email"]\nclient_secret = "s"')
    monkeypatch.setenv("OIDC_GATE_CLIENT_ID", "of the environment")
    cli.main(["run", "myapp:app", "--config", "gate.toml", "--oidc", provider.issuer])
    assert (served.asked()["client_id"], served.asked()["scope"]) == ("of the environment", "openid email")
    monkeypatch.setenv("OIDC_GATE_CONFIG", "gate.toml")
    cli.main(["run", "myapp:app", "--oidc", provider.issuer, "--oidc-client-id", "of the flag"])
    assert (served.asked()["client_id"], served.asked()["scope"]) == ("of the flag", "openid email")


@pytest.mark.parametrize("name", ["policy.yaml", "policy.json"])
def test_a_traffic_policy(name: str, served: Served, provider: LocalProvider, folder: Path) -> None:
    config = provider.gate_options(scopes=["email"])
    policy = {"on_http_request": [{"actions": [{"type": "openid-connect", "config": config}]}]}
    (folder / name).write_text(json.dumps(policy, indent=1))
    assert cli.main(["run", "myapp:asgi_app", "--traffic-policy-file", name]) == 0
    assert served.asked()["scope"] == "openid email"


@pytest.mark.parametrize("target", ["myapp:app", "myapp:asgi_app"])
def test_without_a_cookie_secret_a_random_one_is_used_and_said(
    target: str, served: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    (folder / "secret").write_text(COOKIE_SECRET)
    (folder / "gate.toml").write_text('cookie_secret_file = "secret"')
    argv = ["run", target, *FLAGS]
    assert cli.main(argv) == 0
    assert "no cookie_secret is set" in capsys.readouterr().err
    assert cli.main([*argv, "--config", "gate.toml"]) == 0
    assert cli.main([*argv, "--set", f"cookie_secret={COOKIE_SECRET}"]) == 0
    monkeypatch.setenv("OIDC_GATE_COOKIE_SECRET_FILE", "secret")
    assert cli.main(argv) == 0
    assert "no cookie_secret is set" not in capsys.readouterr().err


def test_gunicorn_believes_no_proxy(served: Served) -> None:
    cli.main(["run", "myapp:app", *FLAGS, "--host", "::1", "--port", "8001", "--workers", "3"])
    assert isinstance(served.gate, wsgi.OIDCGate)
    assert served.options["bind"] == ["[::1]:8001"]
    assert (served.options["workers"], served.options["forwarded_allow_ips"]) == (3, [])
    assert served.options["accesslog"] is None


def test_what_ends_a_worker_waits_until_the_worker_can_hear_it(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.main(["run", "myapp:app", *FLAGS])
    blocked: list[set[int]] = []

    def note(*_: Any) -> None:
        blocked.append({*signal.pthread_sigmask(signal.SIG_BLOCK, ())} & {*run.ENDING})

    monkeypatch.setattr("gunicorn.arbiter.Arbiter.spawn_worker", note)
    monkeypatch.setattr("gunicorn.workers.gthread.ThreadWorker.init_signals", note)
    served.master.spawn_worker()
    note()
    signal.pthread_sigmask(signal.SIG_BLOCK, run.ENDING)
    worker: Any = served.options["worker_class"]
    worker.init_signals(worker.__new__(worker))
    note()
    assert blocked == [{*run.ENDING}, set(), {*run.ENDING}, set()]


def test_gunicorn_begins_anew_at_a_hangup_where_the_settings_are_good(
    served: Served, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    monkeypatch.setattr("gunicorn.arbiter.Arbiter.handle_hup", lambda _: begun.append(1))
    config = folder / "gate.toml"
    config.write_text("allow_emails = ['ada@example.com']")
    cli.main(["run", "myapp:app", *FLAGS, "--config", "gate.toml"])
    config.write_text("alow_emails = ['ada@example.com']")
    served.master.handle_hup()
    assert begun == []
    config.write_text("allow_emails = ['grace@example.org']")
    served.master.handle_hup()
    assert begun == [1]
    assert served.gate._gate._components.settings.allow_emails == ("grace@example.org",), "of which workers are made"


@pytest.mark.parametrize("target", ["myapp:asgi_app", "myapp:object", "myapp:Object()"])
def test_uvicorn_believes_no_proxy(target: str, served: Served) -> None:
    cli.main(["run", target, *FLAGS])
    assert isinstance(served.gate, asgi.OIDCGate)
    assert served.options == {
        "host": "127.0.0.1",
        "port": 8000,
        "http": HeadersAlone,
        "proxy_headers": False,
        "access_log": False,
        "workers": 1,  # where it is not said, uvicorn goes by WEB_CONCURRENCY
    }


def test_the_interface_can_be_said(served: Served) -> None:
    for interface, gate in (("wsgi", wsgi.OIDCGate), ("asgi", asgi.OIDCGate)):
        cli.main(["run", "myapp:either", *FLAGS, "--interface", interface])
        assert isinstance(served.gate, gate)


def test_uvicorns_workers_get_the_same_gate(served: Served, provider: LocalProvider) -> None:
    cli.main(["run", "myapp:asgi_app", *flags(provider), "--workers", "2"])
    assert served.gate == "oidc_gate.command.run:worker"
    assert (served.options["factory"], served.options["workers"]) == (True, 2)
    assert (served.options["http"], served.options["proxy_headers"]) == (HeadersAlone, False)
    gates = []
    for _ in range(2):
        assert pickle.loads(pickle.dumps(served.gate)) == served.gate, "as uvicorn starts a worker process"
        gates.append(run.worker())
    browser = Browser(gates[0], "asgi")
    browser.navigate("/")
    browser.driver = Browser(gates[1], "asgi").driver
    assert browser.get("/").text.startswith("Hello, Ada Lovelace"), "one worker's session is good at the other"


def test_uvicorns_workers_read_a_secret_that_is_watched_where_it_stands(
    served: Served, provider: LocalProvider, folder: Path
) -> None:
    (folder / "secret").write_text(COOKIE_SECRET)
    watched = ["--set", "reload=watch", "--set", f"cookie_secret_file={folder / 'secret'}"]
    cli.main(["run", "myapp:asgi_app", *flags(provider), *watched, "--workers", "2"])
    (folder / "secret").write_text("another-secret-by-the-time-a-worker-starts")
    pickle.loads(pickle.dumps(served.gate))  # as uvicorn starts a worker process
    assert run.worker()._gate._components.settings.cookie_secret == ("another-secret-by-the-time-a-worker-starts",)


# For real


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("target", ["myapp:app", "myapp:asgi_app"])
def test_run_serves_the_gated_app(target: str, workers: str, provider: LocalProvider, folder: Path) -> None:
    argv = [OIDC_GATE, "run", target, *flags(provider), "--port", "{port}", "--workers", workers, "--set", "audit=true"]
    with running(argv, folder=folder, cwd=folder, ready_path="/oauth2/health") as server:
        browser = visitor()
        assert browser.fetch(f"{server.url}/").status == 401
        forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "10.0.0.1", "X-Forwarded-Host": "evil.example"}
        location = browser.get(f"{server.url}/", headers=forwarded).target
        assert parse_qs(urlsplit(location).query)["redirect_uri"] == [f"{server.url}/oauth2/callback"]
        browser.navigate(f"{server.url}/")
        greetings = {browser.get(f"{server.url}/").text for _ in range(20)}
        assert all(greeting.startswith("Hello, Ada Lovelace from ") for greeting in greetings)
        assert server.stop() in (0, -signal.SIGTERM)  # uvicorn ends by the signal that it was sent
        assert server.output.count("no cookie_secret is set") == 1
        told = [line for line in server.output.splitlines() if not line.startswith("{")]
        assert "\n".join(told).count("/oauth2/callback") == 1, "the address to register, and no access log"
        assert "Traceback" not in server.output
        events = [json.loads(line)["event"] for line in server.output.splitlines() if line.startswith("{")]
        assert events == ["login.started", "login.started", "login.finished"]


@pytest.mark.parametrize("command", [["run", "http://{app}"], ["http", "{app}", "--workers", "2"]])
def test_an_app_in_any_language_is_gated(command: list[str], provider: LocalProvider, folder: Path) -> None:
    recorder = Recorder()
    command = [word.replace("{app}", f"127.0.0.1:{recorder.port}") for word in command]
    argv = [OIDC_GATE, *command, *flags(provider), "--port", "{port}", "--set", "identity_headers=ngrok"]
    with running(argv, folder=folder, cwd=folder, ready_path="/oauth2/health") as server:
        browser = visitor()
        assert browser.fetch(f"{server.url}/").status == 401
        browser.navigate(f"{server.url}/")
        assert browser.get(f"{server.url}/page").text == "ok"
        assert recorder.requests[-1].one("ngrok-auth-user-email") == "ada@example.com"
        assert server.stop() in (0, -signal.SIGTERM)
        assert "Traceback" not in server.output
    recorder.close()


@pytest.mark.parametrize("target", ["myapp:app", "myapp:asgi_app"])
def test_no_secret_stands_in_the_environment_of_a_process(target: str, provider: LocalProvider, folder: Path) -> None:
    client_secret = provider.clients["app"].secret or ""
    for name, secret in (("client", client_secret), ("cookie", COOKIE_SECRET)):
        (folder / name).write_text(secret)
    files = ("--set", "client_secret_file=client", "--set", "cookie_secret_file=cookie")
    argv = [OIDC_GATE, "run", target, *flags(provider)[:4], *files, "--port", "{port}", "--workers", "2"]
    with running(argv, folder=folder, cwd=folder, ready_path="/oauth2/health") as server:
        until(lambda: len(processes_of(server.pid)) >= 3)
        for process in processes_of(server.pid):
            seen = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            assert b"PYTHONUNBUFFERED" in seen, "it can be read"
            assert client_secret.encode() not in seen
            assert COOKIE_SECRET.encode() not in seen


def processes_of(group: int) -> list[Path]:
    """Return the entries in /proc of a process group."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(ValueError, ProcessLookupError):  # no process, or none any more
            if os.getpgid(int(entry.name)) == group:
                found.append(entry)
    return found


#: The command, whose workers do not come to set their signal handlers before they have been told to end.
SLOW_WORKERS = """
import os, signal, sys, time
from oidc_gate.command import main

fork, ending = os.fork, {signal.SIGQUIT, signal.SIGTERM}

def slow_fork():
    pid = fork()
    if not pid:
        print("a worker is born", flush=True)
        while not ending & signal.sigpending():
            time.sleep(0.01)
    return pid

os.fork = slow_fork
sys.exit(main())
"""


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_workers_that_are_told_to_end_while_they_start_do_end(told: int, folder: Path) -> None:
    argv = [sys.executable, "-c", SLOW_WORKERS, "run", "myapp:app", *FLAGS, "--port", "{port}"]
    with running(argv, folder=folder, cwd=folder) as server:
        server.wait_for_output("a worker is born")
        os.kill(server.pid, told)
        assert server.process.wait(STOP_LIMIT) == 0
        assert server.output.count("Worker exiting") == 1, "it was not killed at the end of gunicorn's patience"


def test_run_ends_in_one_sentence_before_a_server_starts(folder: Path) -> None:
    ended = subprocess.run([OIDC_GATE, "run", "myapp:app"], cwd=folder, capture_output=True, text=True, timeout=LIMIT)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("oidc-gate: issuer_url is missing")
    assert ended.stderr.count("\n") == 1
