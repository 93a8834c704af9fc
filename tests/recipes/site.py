"""A program of a recipe in front of a gated app, at https://app.example.com."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from oidc_gate import Settings
from oidc_gate.doctor import CHECKS, Case
from oidc_gate.doctor.examination import Report, examine
from tests.patience import LIMIT
from tests.providers.tls import Authority
from tests.recipes.app_servers import BASE, HOST, Gate
from tests.recipes.programs import PROGRAMS, Place
from tests.recipes.tunnel import tunnel
from tests.redis_servers import until
from tests.servers import ServerProcess, free_port, running

__all__ = ["Site", "certified", "in_front_of", "reached"]

A_CHECKS = [check for check in CHECKS if check.id.startswith("A")]


@dataclass(frozen=True)
class Site:
    """A program in front of a gate."""

    gate: Gate
    authority: Authority
    way: str
    open: contextlib.ExitStack
    mount: str = ""

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
            with self.visitor() as asking:
                return asking.get(f"{BASE}{self.mount}/oauth2/health", timeout=LIMIT).status_code == 200
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
        settings = Settings(**(self.gate.settings | {"ca_bundle": str(self.authority.bundle), "http_timeout": LIMIT}))
        return examine(Case(settings), A_CHECKS, "", 120)


@contextlib.contextmanager
def in_front_of(
    behind: Gate, name: str, folder: Path, without: str = "", mount: str = "", **changes: str
) -> Iterator[Site]:
    """Have the program of this recipe stand in front of a gate while the block lasts.

    `without`: a line that is left out. `mount`: where the app is below the host. `changes`: what is written otherwise.
    """
    authority, certificate = certified(folder)
    http, https = free_port(), free_port()
    argv = PROGRAMS[name](Place(folder, http, https, behind.server.port, certificate, without, tuple(changes.items())))
    with (
        running(argv, folder=folder, cwd=folder, env={"HOME": str(folder)}, port=https) as server,
        reached(behind, authority, http, https, server, mount) as made,
    ):
        yield made


def certified(folder: Path) -> tuple[Authority, Path]:
    """Return an authority, and a file with a key and its certificate for the host."""
    authority = Authority.new(folder)
    authority.server_context(HOST)
    (certificate,) = folder.glob("authority-*.pem")
    return authority, certificate


@contextlib.contextmanager
def reached(
    gate: Gate, authority: Authority, http: int, https: int, server: ServerProcess, mount: str = ""
) -> Iterator[Site]:
    """Have these ports be the host's while the block lasts, and wait until a gate answers there."""
    with tunnel(http, https) as way, contextlib.ExitStack() as stack:
        made = Site(gate, authority, way, stack, mount)
        try:
            until(lambda: made.is_ready() or not server.alive)
        except TimeoutError as error:
            error.add_note(server.output[-5000:])
            raise
        assert server.alive, server.output
        yield made
