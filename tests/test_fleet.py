"""A fleet for real: gunicorn and uvicorn with several workers on one store, and what happens to people when it hurts.

Time is real here. The app answers with the id of its process, so that a test can tell the workers apart.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests

from tests.answers import Answer
from tests.apps import COOKIE_SECRET
from tests.browser import Browser
from tests.by_hand import visitor
from tests.providers.local import LocalProvider
from tests.redis_servers import RedisServers, single, until
from tests.servers import ServerProcess, running
from tests.test_refresh import refreshes
from tests.test_stores import in_threads

pytestmark = pytest.mark.uncounted

WORKERS = 3
STORE_TIMEOUT = 2.0
SLACK = 3.0  # for a machine with much else to do
APPS = """
import os
from oidc_gate import identity_of

def body(request):
    return f"{identity_of(request).subject} {os.getpid()}".encode()

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [body(environ)]

async def asgi_app(scope, receive, send):
    if scope["type"] == "lifespan":
        raise RuntimeError("no lifespan")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": body(scope)})
"""
BIND = ("127.0.0.1:{port}",)
SERVERS = {
    "gunicorn": ("gunicorn", "-b", *BIND, "-w", str(WORKERS), "-k", "gthread", "--threads", "8",
                 "oidc_gate.wsgi:OIDCGate('fleet:app')"),
    "uvicorn": ("uvicorn", "--factory", "oidc_gate.asgi:OIDCGate", "--port", "{port}", "--workers", str(WORKERS)),
}  # fmt: skip


@dataclass
class Fleet:
    """A server with its workers, and their store if that is a server too."""

    server: ServerProcess
    redis: RedisServers | None
    browsers: list[Browser] = field(default_factory=list)

    def signed_in(self) -> Browser:
        browser = visitor()
        assert browser.navigate(self.server.url + "/").status == 200
        return browser

    def ask(self, browser: Browser, path: str = "/") -> Answer:
        """Ask as another tab would; each time over a connection of its own, so by any worker."""
        return browser.copy().fetch(self.server.url + path, initiator=self.server.url + "/")

    def workers_that_know(self, browser: Browser) -> set[int]:
        """Return the workers that a signed-in browser meets; all of them, if it is known to all."""
        met: set[int] = set()

        def meets_all() -> bool:
            for answer in in_threads(8, lambda _: self.ask(browser)):
                assert isinstance(answer, Answer)
                assert (answer.status, answer.text.split()[0]) == (200, "ada-1815"), answer
                met.add(int(answer.text.split()[1]))
            return len(met) >= WORKERS

        until(meets_all)
        return met


@pytest.fixture(scope="module", params=["gunicorn-sqlite", "gunicorn-redis", "uvicorn-sqlite", "uvicorn-redis"])
def _running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, _served_provider: LocalProvider
) -> Iterator[Fleet]:
    server, store = request.param.split("-")
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "fleet.py").write_text(APPS)
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(single(folder)) if store == "redis" else None
        given = _served_provider.gate_options(
            session_store=redis.url if redis else f"sqlite:///{folder}/sessions.db",
            scopes="openid profile email offline_access",
            cookie_secret=COOKIE_SECRET,
            store_timeout=f"{STORE_TIMEOUT}s",
            http_timeout="5s",
            app="fleet:asgi_app",
        )
        env = {f"OIDC_GATE_{name.upper()}": str(value) for name, value in given.items()}
        env |= {"PYTHONPATH": f"{folder}{os.pathsep}{Path(__file__).parents[1]}"}
        argv = [sys.executable, "-m", *SERVERS[server]]
        started = stack.enter_context(running(argv, folder=folder, cwd=folder, env=env, ready_path="/oauth2/health"))
        yield Fleet(started, redis)
        assert "Traceback" not in started.output.replace("RuntimeError", ""), started.output


@pytest.fixture
def fleet(_running: Fleet, provider: LocalProvider) -> Fleet:
    return _running


@contextlib.contextmanager
def load(fleet: Fleet, browser: Browser) -> Iterator[list[tuple[int, float]]]:
    """Have eight tabs ask without pause; yields what they were answered, and how long each waited."""
    seen: list[tuple[int, float]] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            started = time.monotonic()
            with contextlib.suppress(requests.ConnectionError):  # a worker that is killed takes its requests along
                status = fleet.ask(browser).status
                seen.append((status, time.monotonic() - started))

    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(ask)
        try:
            yield seen
        finally:
            over.set()


def more(seen: list[tuple[int, float]], count: int = 40, wanted: Callable[[int], bool] = bool) -> None:
    """Return once so many more requests were answered in the wanted way."""
    start = len(seen)
    until(lambda: sum(wanted(status) for status, _ in seen[start:]) >= count)


def test_who_signed_in_through_one_worker_is_known_to_all(fleet: Fleet) -> None:
    assert len(fleet.workers_that_know(fleet.signed_in())) >= WORKERS


def test_a_logout_ends_the_session_at_every_worker_within_the_bound(fleet: Fleet) -> None:
    browser = fleet.signed_in()
    fleet.workers_that_know(browser)
    copy = browser.copy()
    browser.get(fleet.server.url + "/oauth2/logout")
    logged_out = time.monotonic()
    until(lambda: time.monotonic() - logged_out > 1.0)
    assert {fleet.ask(copy).status for _ in range(40)} == {401}


def test_a_logout_token_ends_the_session_at_every_worker_within_the_bound(
    fleet: Fleet, provider: LocalProvider
) -> None:
    browser = fleet.signed_in()
    fleet.workers_that_know(browser)
    form = {"logout_token": provider.make_logout_token(sub="ada-1815")}
    assert visitor().post(fleet.server.url + "/oauth2/backchannel-logout", form=form).status == 200
    ended = time.monotonic()
    until(lambda: time.monotonic() - ended > 1.0)
    assert {fleet.ask(browser).status for _ in range(40)} == {401}


def test_a_worker_that_is_killed_takes_no_session_along(fleet: Fleet) -> None:
    browser = fleet.signed_in()
    before = fleet.workers_that_know(browser)
    with load(fleet, browser) as seen:
        more(seen)
        os.kill(min(before), signal.SIGKILL)
        more(seen)
    assert {status for status, _ in seen} == {200}
    until(lambda: bool(fleet.workers_that_know(browser) - before))
    assert fleet.ask(fleet.signed_in()).status == 200


def test_a_provider_that_is_gone_bothers_nobody_who_is_signed_in(fleet: Fleet, provider: LocalProvider) -> None:
    browser = fleet.signed_in()
    away = visitor().navigate(fleet.server.url + "/", until=fleet.server.url + "/oauth2/callback")
    with load(fleet, browser) as seen:
        provider.stop()
        more(seen)
        late = visitor().get(away.target)
        assert late.status in (400, 503), "its own login cookie is in the other browser"
        provider.start()
        more(seen)
    assert {status for status, _ in seen} == {200}
    until(lambda: visitor().navigate(fleet.server.url + "/").status == 200)


def test_a_provider_that_hangs_slows_down_nobody_who_is_signed_in(fleet: Fleet, provider: LocalProvider) -> None:
    browser = fleet.signed_in()
    fleet.workers_that_know(browser)
    with provider.hold("token") as hold, ThreadPoolExecutor(6) as pool:
        logins = [pool.submit(visitor().navigate, fleet.server.url + "/") for _ in range(6)]
        hold.wait_for(1)  # of a worker's threads only some may ask at a time; the others wait for their turn
        with load(fleet, browser) as seen:
            more(seen)
        assert max(wait for _, wait in seen) < 4
        assert {status for status, _ in seen} == {200}
        told = [login.result() for login in logins]
    assert [(answer.status, answer.header("Retry-After")) for answer in told] == [(503, "5")] * 6
    assert visitor().navigate(fleet.server.url + "/").status == 200


def test_a_store_that_hangs_is_503_in_time_and_all_goes_on_afterwards(fleet: Fleet) -> None:
    """SQLite cannot hang: its file is on this machine."""
    browser = fleet.signed_in()
    fleet.workers_that_know(browser)
    with load(fleet, browser) as seen:
        more(seen)
        if fleet.redis is not None:
            with fleet.redis.paused():
                more(seen, 16, lambda status: status == 503)
                assert fleet.ask(visitor(), "/oauth2/health").status == 200
                assert visitor().get(fleet.server.url + "/").status == 302
        more(seen, 40, lambda status: status == 200)
        until(lambda: all(status == 200 for status, _ in seen[-60:]))
    assert {status for status, _ in seen} <= {200, 503}
    assert max(wait for _, wait in seen) < 2 * STORE_TIMEOUT + SLACK
    assert {fleet.ask(browser).status for _ in range(20)} == {200}, "nobody has lost anything"


def test_of_all_workers_one_refreshes_and_nobody_is_signed_out(fleet: Fleet, provider: LocalProvider) -> None:
    """The provider ends everything when a spent refresh token comes back."""
    provider.access_token_lifetime = 3
    browser = fleet.signed_in()
    provider.access_token_lifetime = 3600  # of those that the refresh brings: no other one is due, on no machine
    with load(fleet, browser) as seen:
        until(lambda: refreshes(provider) >= 1)
        more(seen, 200)
    assert {status for status, _ in seen} == {200}
    assert refreshes(provider) == 1
    assert all(not grant.revoked for grant in provider.refresh_tokens.values())
