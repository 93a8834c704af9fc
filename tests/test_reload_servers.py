"""`reload = watch` under real servers, in real time: people ask on while settings change, and nobody is turned away."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.apps import COOKIE_SECRET
from tests.browser import Browser
from tests.by_hand import visitor
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.servers import ServerProcess, running
from tests.test_fleet import APPS
from tests.test_reload import OTHER_SECRET, toml

WORKERS = 2
SERVERS = {
    "gunicorn": ("gunicorn", "--no-control-socket", "-b", "127.0.0.1:{port}", "-w", str(WORKERS), "-k", "gthread",
                 "--threads", "4", "--preload", "oidc_gate.wsgi:OIDCGate('fleet:app')"),
    "uvicorn": ("uvicorn", "--factory", "oidc_gate.asgi:OIDCGate", "--port", "{port}", "--no-access-log"),
}  # fmt: skip
CLIENTS = 4


def wait_until(happened: Callable[[], bool]) -> None:
    give_up = time.monotonic() + LIMIT
    while not happened():
        assert time.monotonic() < give_up
        time.sleep(0.3)


class Asking:
    """Clients that ask on, each in a thread; `statuses`: of all answers."""

    def __init__(self, server: ServerProcess) -> None:
        self.statuses: list[int] = []
        self._url, self._over = f"{server.url}/page", threading.Event()
        self._pool = ThreadPoolExecutor(CLIENTS)
        self._clients = [self._pool.submit(self._ask, signed_in(server)) for _ in range(CLIENTS)]

    def _ask(self, browser: Browser) -> None:
        while not self._over.wait(0.1):
            self.statuses.append(browser.get(self._url).status)

    def stop(self) -> None:
        self._over.set()
        self._pool.shutdown()
        for client in self._clients:
            client.result()


def signed_in(server: ServerProcess, expected: int = 200) -> Browser:
    browser = visitor()
    assert browser.navigate(f"{server.url}/page").status == expected
    return browser


@contextlib.contextmanager
def served(folder: Path) -> Iterator[list[ServerProcess]]:
    """Run both servers at once: what takes time is waiting."""
    (folder / "fleet.py").write_text(f"import logging\nlogging.basicConfig(level=logging.INFO)\n{APPS}")
    env = {"OIDC_GATE_CONFIG": "gate.toml", "OIDC_GATE_APP": "fleet:asgi_app"}
    with contextlib.ExitStack() as stack:
        servers = []
        for name, *argv in SERVERS.values():
            command = [str(Path(sys.executable).with_name(name)), *argv]
            server = running(command, folder=folder, env=env, cwd=folder, ready_path="/oauth2/health")
            servers.append(stack.enter_context(server))
        yield servers


def test_settings_change_while_people_ask_on(provider: LocalProvider, tmp_path: Path) -> None:
    options = provider.gate_options(reload="watch", allow_emails=["ada@example.com"])
    (tmp_path / "client").write_text(options.pop("client_secret"))
    (tmp_path / "cookie").write_text(COOKIE_SECRET)
    files = {"client_secret_file": "client", "cookie_secret_file": "cookie"}
    config = tmp_path / "gate.toml"
    config.write_text(toml(options | files))
    with served(tmp_path) as servers:
        provider.user = provider.people["grace"]
        graces = [signed_in(server, 403) for server in servers]
        provider.user = provider.people["ada"]
        asking = [Asking(server) for server in servers]
        provider.add_client(secret="the-next-client-secret")
        (tmp_path / "client").write_text("the-next-client-secret")
        (tmp_path / "cookie").write_text(f"{OTHER_SECRET} {COOKIE_SECRET}")
        good = toml(options | files | {"allow_emails": ["ada@example.com", "grace@example.org"]})
        config.write_text(good)

        def grace_passes() -> bool:
            answers = [
                grace.get(f"{server.url}/page").status
                for grace, server in zip(graces, servers, strict=True)
                for _ in range(2 * WORKERS)
            ]
            return set(answers) == {200}

        def all_have_taken_over() -> bool:
            for server in servers:
                visitor().get(f"{server.url}/oauth2/health")  # on a connection of its own, that any worker may take
            took = [server.output.count("changed settings are taken over") for server in servers]
            return took[0] >= WORKERS and took[1] >= 1

        wait_until(grace_passes)
        wait_until(all_have_taken_over)  # the provider no longer knows the secret that the others have
        for server in servers:
            for _ in range(2 * WORKERS):
                signed_in(server)
        config.write_text(good + "alow_groups = ['a']\n")
        message = (
            "changed settings cannot be taken over, and the old ones stay: gate.toml: alow_groups is not a setting"
        )
        gunicorn, uvicorn = servers
        wait_until(lambda: gunicorn.output.count(message) >= WORKERS and message in uvicorn.output)
        for each in asking:
            each.stop()
        assert [set(each.statuses) for each in asking] == [{200}, {200}]
        assert all(len(each.statuses) > 10 * CLIENTS for each in asking)
        assert (gunicorn.output.count(message), uvicorn.output.count(message)) == (WORKERS, 1)
        assert all(secret not in server.output for server in servers for secret in (COOKIE_SECRET, OTHER_SECRET))
