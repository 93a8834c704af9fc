"""A gated app under a real server, and a program of a recipe in front of it, at https://app.example.com."""

from __future__ import annotations

import contextlib
import json
import re
import ssl
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from oidc_gate import Settings
from oidc_gate.doctor import CHECKS, Case
from oidc_gate.doctor.examination import Report, examine
from tests.apps import COOKIE_SECRET
from tests.browser import World
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.providers.tls import Authority
from tests.recipes.pages import file
from tests.recipes.programs import PROGRAMS, Place, page_of
from tests.recipes.tunnel import tunnel
from tests.redis_servers import until
from tests.servers import ServerProcess, free_port, running
from tests.test_reload import toml

__all__ = ["BASE", "HOST", "Gate", "Site"]

HOST = "app.example.com"
BASE = f"https://{HOST}"
A_CHECKS = [check for check in CHECKS if check.id.startswith("A")]

APP = """
import asyncio
import json
import logging

from oidc_gate import identity_of

logging.basicConfig(level="INFO")
next_event = asyncio.Event()


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
        await next_event.wait()
        await send({"type": "http.response.body", "body": b"data: 2\\n\\n"})
        return
    if scope["path"] == "/next":
        next_event.set()
    while (await receive()).get("more_body"):
        pass
    headers = {name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]}
    path = scope["raw_path"].decode()
    body = told(headers, scope["scheme"], scope["client"][0], path, identity_of(scope))
    kind = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": kind})
    await send({"type": "http.response.body", "body": body})
"""
SERVERS: dict[World, list[str]] = {
    "asgi": ["-m", "uvicorn", "--factory", "oidc_gate.asgi:OIDCGate", "--port", "{port}", "--no-access-log"],
    "wsgi": ["-m", "gunicorn", "--no-control-socket", "-b", "127.0.0.1:{port}", "--threads", "8",
             "--limit-request-field_size", "16380", "oidc_gate.wsgi:OIDCGate('recipeapp:wsgi')"],
}  # fmt: skip


@dataclass(frozen=True)
class Gate:
    """A gated app under uvicorn or gunicorn, and its settings."""

    world: World
    server: ServerProcess
    settings: dict[str, Any]

    def audited(self) -> list[dict[str, Any]]:
        """Return the audit events so far."""
        return [
            json.loads(text) for text in re.findall(r"oidc_gate\.audit:(\{.*\})$", self.server.output, re.MULTILINE)
        ]


@contextlib.contextmanager
def gate(name: str, world: World, provider: LocalProvider, folder: Path) -> Iterator[Gate]:
    """Serve the gated app while the block lasts, with the settings of this recipe."""
    (folder / "recipeapp.py").write_text(APP)
    settings = provider.gate_options(
        cookie_secret=COOKIE_SECRET, audit=True, **tomllib.loads(file(page_of(name), "gate.toml"))
    )
    assert settings["base_url"] == BASE
    (folder / "gate.toml").write_text(toml(settings))
    env = {"OIDC_GATE_CONFIG": "gate.toml", "OIDC_GATE_APP": "recipeapp:asgi"}
    with running(
        [sys.executable, *SERVERS[world]], folder=folder, env=env, cwd=folder, ready_path="/oauth2/health"
    ) as server:
        yield Gate(world, server, settings)


@dataclass(frozen=True)
class Site:
    """A program in front of a gate."""

    gate: Gate
    authority: Authority
    way: str
    open: contextlib.ExitStack

    def visitor(self) -> requests.Session:
        """Return somebody with a browser of their own; their sign-in at the provider takes no page."""
        made = self.open.enter_context(requests.Session())
        made.trust_env = False
        made.proxies = {BASE: self.way, f"http://{HOST}": self.way}
        made.verify = str(self.authority.bundle)
        made.headers["Accept"] = "text/html"
        return made

    def is_ready(self) -> bool:
        """Return whether the gate answers through the program; some take connections before they have read all."""
        try:
            return self.visitor().get(f"{BASE}/oauth2/health", timeout=LIMIT).status_code == 200
        except requests.RequestException:
            return False

    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.authority.bundle)

    def report(self, monkeypatch: pytest.MonkeyPatch) -> Report:
        """Return what doctor finds of the app's own address."""
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.setenv(name, self.way)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.setenv(name, "127.0.0.1")
        settings = Settings(**self.gate.settings, ca_bundle=str(self.authority.bundle), http_timeout=LIMIT)
        return examine(Case(settings), A_CHECKS, "", 120)


@contextlib.contextmanager
def site(name: str, behind: Gate, folder: Path, without: str = "") -> Iterator[Site]:
    """Have the program of this recipe stand in front of a gate while the block lasts, perhaps without one line."""
    folder.chmod(0o755)
    authority = Authority.new(folder)
    authority.server_context(HOST)
    (certificate,) = folder.glob("authority-*.pem")
    http, https = free_port(), free_port()
    argv = PROGRAMS[name](Place(folder, http, https, behind.server.port, certificate, without))
    with (
        running(argv, folder=folder, cwd=folder, env={"HOME": str(folder)}, port=https) as server,
        tunnel(http, https) as way,
        contextlib.ExitStack() as stack,
    ):
        made = Site(behind, authority, way, stack)
        until(lambda: made.is_ready() or not server.alive)
        assert server.alive, server.output
        yield made
