"""A gated app under the servers of docs/recipes/servers.md, each started by the line that stands there."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import sysconfig
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.apps import COOKIE_SECRET
from tests.documents import ROOT
from tests.providers.local import LocalProvider
from tests.recipes.pages import file, page
from tests.recipes.programs import Place, apache_with, program, replaced
from tests.servers import ServerProcess, free_port, running
from tests.test_reload import toml

__all__ = ["APP", "BASE", "HOST", "SERVERS", "Gate", "gate", "mod_wsgi", "section", "settings_of"]

HOST = "app.example.com"
BASE = f"https://{HOST}"

APP = """
import asyncio
import json
import logging
import pathlib

from oidc_gate import identity_of

logging.basicConfig(level="INFO")


def told(headers, scheme, client, path, who):
    subject = who.subject if who else None
    return json.dumps({"headers": headers, "scheme": scheme, "client": client, "path": path, "who": subject}).encode()


def wsgi(environ, start_response):
    headers = {name[5:].lower().replace("_", "-"): text for name, text in environ.items() if name.startswith("HTTP_")}
    environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    body = told(
        headers, environ["wsgi.url_scheme"], environ["REMOTE_ADDR"], environ["PATH_INFO"], identity_of(environ)
    )
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        message = await receive()
        while message["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
            message = await receive()
        return
    if scope["path"] == "/events":
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"data: 1\\n\\n", "more_body": True})
        while not pathlib.Path("next").exists():  # which any of the workers makes
            await asyncio.sleep(0.01)
        await send({"type": "http.response.body", "body": b"data: 2\\n\\n"})
        return
    if scope["path"] == "/next":
        pathlib.Path("next").touch()
    while (await receive()).get("more_body"):
        pass
    headers = {name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]}
    path = (scope["raw_path"] or b"").decode()
    body = told(headers, scope["scheme"], scope["client"][0], path, identity_of(scope))
    kind = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": kind})
    await send({"type": "http.response.body", "body": body})
"""

#: By their headings, and whether the app is told the client's address.
SERVERS = {
    "gunicorn": False,
    "gunicorn, ASGI": False,
    "uvicorn": True,
    "hypercorn": True,
    "granian": True,
    "waitress": True,
    "uWSGI": False,
}


@dataclass(frozen=True)
class Gate:
    """A gated app, what serves it, and its settings."""

    is_asgi: bool
    tells_client: bool
    server: ServerProcess
    settings: dict[str, Any]
    is_behind_a_proxy: bool = True

    def audited(self) -> list[dict[str, Any]]:
        """Return the audit events so far."""
        found = re.findall(r"oidc_gate\.audit:(\{.*?\})$", self.server.output, re.MULTILINE)
        return [json.loads(text) for text in found]


@contextlib.contextmanager
def mod_wsgi(settings: dict[str, Any], folder: Path, certificate: Path, ports: tuple[int, int]) -> Iterator[Gate]:
    """Serve the gated app by Apache, in processes of mod_wsgi, while the block lasts. `ports`: of http and https."""
    said = section("mod_wsgi")
    config, script = (text for _, text in re.findall(r"^```(apache|python)\n(.*?)^```", said, re.MULTILINE | re.DOTALL))
    (folder / "recipeapp.py").write_text(APP)
    (folder / "gate.toml").write_text(toml(settings))
    changes = {"myapp:app": "recipeapp:wsgi", "/etc/myapp": str(folder)}
    (folder / "gated.wsgi").write_text(replaced(script, changes))
    # A venv of the Python that the module was built for is what a user has; its folders of packages are enough here.
    packages = f"python-path={folder}:{ROOT}:{sysconfig.get_path('purelib')}"
    changes = {"python-home=/srv/myapp/venv python-path=/srv/myapp": packages, "/srv/myapp": str(folder)}
    place = Place(folder, *ports, 0, certificate)
    argv = apache_with(place, replaced(place.put_in(config), changes), "wsgi")
    with running(argv, folder=folder, cwd=folder, port=ports[1]) as process:
        yield Gate(False, True, process, settings, is_behind_a_proxy=False)


def section(server: str) -> str:
    """Return what the page says of a server."""
    return page("servers").partition(f"\n## {server}\n")[2].partition("\n## ")[0]


def settings_of(name: str, provider: LocalProvider) -> dict[str, Any]:
    """Return the settings of a recipe, as a client of this provider."""
    own = tomllib.loads(file(name, "gate.toml"))
    assert own["base_url"] == BASE
    return provider.gate_options(cookie_secret=COOKIE_SECRET, audit=True, **own)


@contextlib.contextmanager
def gate(settings: dict[str, Any], folder: Path, server: str = "uvicorn", mount: str = "") -> Iterator[Gate]:
    """Serve the gated app while the block lasts. `mount`: where it is below the host."""
    said, port = section(server), free_port()
    is_asgi = "asgi" in said

    def here(text: str) -> str:
        text = text.replace("myapp:app", f"recipeapp:{'asgi' if is_asgi else 'wsgi'}")
        return text.replace("127.0.0.1:8000", f"127.0.0.1:{port}").replace("--port 8000", f"--port {port}")

    (folder / "recipeapp.py").write_text(APP)
    (folder / "gate.toml").write_text(toml(settings))
    for name, text in re.findall(r"^```\w+\n# (\S+)\n(.*?)^```", said, re.MULTILINE | re.DOTALL):
        (folder / name).write_text(here(text))
    (line,) = re.findall(r"^```console\n\$ (.*)\n```", said, re.MULTILINE)
    words = shlex.split(here(line))
    env = dict(word.split("=", 1) for word in words if word.startswith("OIDC_GATE_"))
    command, *arguments = words[len(env) :]
    if command == "gunicorn":
        arguments.append("--no-control-socket")
    env |= {"OIDC_GATE_CONFIG": "gate.toml", "PYTHONPATH": f"{folder}:{ROOT}:{sysconfig.get_path('purelib')}"}
    env |= {"SCRIPT_NAME": mount} if command == "gunicorn" and mount else {}
    arguments += ["--root-path", mount] if command == "uvicorn" and mount else []
    argv = [program(command), *arguments]
    with running(argv, folder=folder, env=env, cwd=folder, port=port, ready_path=f"{mount}/oauth2/health") as process:
        yield Gate(is_asgi, SERVERS[server], process, settings)
