"""Every way in which the README says to start the gate, started for real with the server's own command.

One name is the middleware and the factory of every server; what a server makes of it is only known by starting it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.apps import COOKIE_SECRET
from tests.by_hand import visitor
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.servers import free_port, running

pytestmark = pytest.mark.uncounted

APPS = '''
from oidc_gate import identity_of


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['PATH_INFO']} for {identity_of(environ).name}".encode()]


async def asgi_app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            event = (await receive())["type"]
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": f"{scope['path']} for {identity_of(scope).name}".encode()})


def create_app():
    return app
'''

PASTE = """
[pipeline:main]
pipeline = oidc app

[filter:oidc]
use = egg:oidc-gate
scopes = openid email profile
public_paths = /static, /about

[app:app]
paste.app_factory = paste_app:make
"""
PASTE_APP = """
from myapp import app

def make(global_conf):
    return app
"""

GUNICORN = ("gunicorn", "--no-control-socket", "--bind", "127.0.0.1:{port}")
BOTH_WORKERS = ("--workers", "2")
GRANIAN = ("granian", "--host", "127.0.0.1", "--port", "{port}", "--no-log", "--factory")


@dataclass(frozen=True)
class Form:
    """One way to start a server: its command line and environment."""

    argv: tuple[str, ...]
    env: dict[str, str] = field(default_factory=dict)


WSGI_APP = {"OIDC_GATE_APP": "myapp:app"}
ASGI_APP = {"OIDC_GATE_APP": "myapp:asgi_app"}
FORMS = {
    "gunicorn": Form((*GUNICORN, "oidc_gate.wsgi:OIDCGate('myapp:app')")),
    "gunicorn, factory of the app": Form((*GUNICORN, "oidc_gate.wsgi:OIDCGate('myapp:create_app()')")),
    "gunicorn, app from the environment": Form((*GUNICORN, "oidc_gate.wsgi:OIDCGate()"), WSGI_APP),
    "gunicorn, options": Form((*GUNICORN, "oidc_gate.wsgi:OIDCGate('myapp:app', public_paths=['/about'])")),
    "gunicorn, two workers": Form((*GUNICORN, *BOTH_WORKERS, "oidc_gate.wsgi:OIDCGate('myapp:app')")),
    "gunicorn, preloaded": Form((*GUNICORN, *BOTH_WORKERS, "--preload", "oidc_gate.wsgi:OIDCGate('myapp:app')")),
    "gunicorn gthread": Form((*GUNICORN, "-k", "gthread", "--threads", "4", "oidc_gate.wsgi:OIDCGate('myapp:app')")),
    "gunicorn asgi": Form((*GUNICORN, "-k", "asgi", "oidc_gate.asgi:OIDCGate('myapp:asgi_app')")),
    "gunicorn paste": Form((*GUNICORN, "--paste", "app.ini")),
    "uvicorn": Form(("uvicorn", "--port", "{port}", "--factory", "oidc_gate.asgi:OIDCGate"), ASGI_APP),
    "uvicorn, two workers": Form(
        ("uvicorn", "--port", "{port}", *BOTH_WORKERS, "--factory", "oidc_gate.asgi:OIDCGate"), ASGI_APP
    ),
    "hypercorn": Form(("hypercorn", "--bind", "127.0.0.1:{port}", "oidc_gate.asgi:OIDCGate('myapp.asgi_app')")),
    "hypercorn wsgi": Form(("hypercorn", "--bind", "127.0.0.1:{port}", "oidc_gate.wsgi:OIDCGate('myapp.app')")),
    "granian": Form((*GRANIAN, "--interface", "asgi", "oidc_gate.asgi:OIDCGate"), ASGI_APP),
    "granian wsgi": Form((*GRANIAN, "--interface", "wsgi", "oidc_gate.wsgi:OIDCGate"), WSGI_APP),
    "waitress": Form(("waitress-serve", "--listen", "127.0.0.1:{port}", "--call", "oidc_gate.wsgi:OIDCGate"), WSGI_APP),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make the folder of somebody's app."""
    (tmp_path / "myapp.py").write_text(APPS)
    (tmp_path / "paste_app.py").write_text(PASTE_APP)
    (tmp_path / "app.ini").write_text(PASTE)
    return tmp_path


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_serves_the_gated_app(form: Form, folder: Path, provider: LocalProvider) -> None:
    settings = provider.gate_options(cookie_secret=COOKIE_SECRET)
    env = {f"OIDC_GATE_{name.upper()}": value for name, value in settings.items()} | form.env
    argv = [str(Path(sys.executable).with_name(form.argv[0])), *form.argv[1:]]
    with running(argv, folder=folder, env=env, cwd=folder, ready_path="/oauth2/health") as server:
        browser = visitor()
        assert browser.fetch(f"{server.url}/oauth2/health").json() == {"status": "ok"}
        assert browser.fetch(f"{server.url}/page").status == 401
        heads = {path: browser.request("HEAD", f"{server.url}{path}") for path in ("/oauth2/health", "/page")}
        assert {path: (head.status, head.body) for path, head in heads.items()} == {
            "/oauth2/health": (200, b""),
            "/page": (302, b""),
        }
        asked = browser.get(f"{server.url}/page")
        assert (asked.status, asked.target.startswith(provider.url("authorize"))) == (302, True)
        page = browser.follow(asked)
        assert (page.status, page.url, page.text) == (200, f"{server.url}/page", "/page for Ada Lovelace")
        for _ in range(8):  # whichever worker answers
            assert browser.get(f"{server.url}/again").text == "/again for Ada Lovelace"


#: A gate inside somebody's own module, as the README has it for Flask and FastAPI.
OWN = """
from oidc_gate.asgi import OIDCGate as ASGIGate
from oidc_gate.wsgi import OIDCGate
from myapp import app, asgi_app

if "{world}" == "asgi":
    app = ASGIGate(asgi_app)
else:
    app = OIDCGate(app)
"""
IN_ONE_LINE = {
    "gunicorn": (*GUNICORN, "oidc_gate.wsgi:OIDCGate('myapp:app')"),
    "gunicorn asgi": (*GUNICORN, "-k", "asgi", "oidc_gate.asgi:OIDCGate('myapp:asgi_app')"),
    "gunicorn, own module": (*GUNICORN, "own_wsgi:app"),
    "gunicorn paste": (*GUNICORN, "--paste", "app.ini"),
    "uvicorn, own module": ("uvicorn", "--port", "{port}", "own_asgi:app"),
}


@pytest.mark.parametrize("argv", IN_ONE_LINE.values(), ids=IN_ONE_LINE)
def test_a_wrong_setting_is_one_line_and_no_traceback(argv: tuple[str, ...], folder: Path) -> None:
    for world in ("wsgi", "asgi"):
        (folder / f"own_{world}.py").write_text(OWN.format(world=world))
    program, *rest = [part.replace("{port}", str(free_port())) for part in argv]
    command = [str(Path(sys.executable).with_name(program)), *rest]
    env = {name: value for name, value in os.environ.items() if not name.startswith("OIDC_GATE_")}
    ended = subprocess.run(
        command, cwd=folder, env=env | {"OIDC_GATE_CLIENT_ID": "x"}, capture_output=True, text=True, timeout=LIMIT
    )
    assert ended.returncode != 0
    lines = [line for line in (ended.stdout + ended.stderr).splitlines() if "issuer_url is missing" in line]
    assert len(lines) == 1
    assert "Traceback" not in ended.stdout + ended.stderr
