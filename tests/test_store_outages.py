"""A store that is down, paused or slow, as people see it: 503 in time, never the app, and then all is as before."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis.asyncio

from tests import patience
from tests.answers import Answer
from tests.browser import Browser
from tests.conftest import StageFactory
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.redis_servers import RedisServers, single, until
from tests.stage import Stage, subject
from tests.test_stores import in_threads

TIMEOUT = 0.6
SLACK = 0.4


@pytest.fixture
def paused_stage(stage: StageFactory, redis_server: RedisServers) -> Stage:
    return stage(session_store=redis_server.url, store_timeout=TIMEOUT, public_paths="/about", session_cache_seconds=1)


def in_time(browser: Browser, path: str = "/", **options: Any) -> Answer:
    return patience.in_time(lambda: browser.request("GET", path, **options), TIMEOUT + SLACK)


@pytest.mark.parametrize("error", [AttributeError("'NoneType' object has no attribute 'write'"), RuntimeError("x")])
def test_whatever_the_client_raises_is_the_stores_fault(
    paused_stage: Stage, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """redis-py's Cluster client pulls connections from under those who use them, when a node is gone."""
    here = paused_stage
    browser = here.signed_in()
    here.clock.advance(2)

    def fails(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr(redis.Redis, "get", fails)
    monkeypatch.setattr(redis.asyncio.Redis, "get", fails)
    calls = len(here.app.calls)
    assert is_refused(browser.get("/"))
    assert len(here.app.calls) == calls
    monkeypatch.undo()
    assert comes_to(browser, 200)


def comes_to(browser: Browser, status: int) -> bool:
    """Return whether this is soon the answer: a connection that was cut may cost one request more."""
    until(lambda: browser.fetch("/").status == status)
    return True


def is_refused(answer: Answer) -> bool:
    return (answer.status, answer.header("Retry-After")) == (503, "5") and answer.header_list("Set-Cookie") == []


def test_while_the_store_is_paused_the_signed_in_get_503_in_time_and_the_app_is_not_called(
    paused_stage: Stage, redis_server: RedisServers
) -> None:
    here = paused_stage
    browser = here.signed_in()
    here.clock.advance(2)
    calls = len(here.app.calls)
    with redis_server.paused():
        page, script = in_time(browser), in_time(browser, navigate=False, headers={"Accept": "application/json"})
        assert is_refused(page)
        assert "Please try again" in page.text
        assert is_refused(script)
        assert script.json()["error"] == "store_unavailable"
        assert is_refused(in_time(browser, "/about")), "who it is must be known there too"
        assert is_refused(in_time(browser, "/oauth2/userinfo", navigate=False))
        assert in_time(browser, "/oauth2/health").status == 200
    assert len(here.app.calls) == calls
    assert comes_to(browser, 200)
    assert subject(browser.fetch("/")) == "ada-1815"


def test_who_is_not_signed_in_does_not_notice(paused_stage: Stage, redis_server: RedisServers) -> None:
    stranger = paused_stage.browser()
    with redis_server.paused():
        assert in_time(stranger).status == 302
        assert in_time(stranger, navigate=False).status == 401
        assert in_time(stranger, "/about").status == 200


def test_a_login_that_ends_while_the_store_is_down_can_be_taken_up_again(
    paused_stage: Stage, redis_server: RedisServers, provider: LocalProvider
) -> None:
    browser = paused_stage.browser()
    away = browser.navigate("/report", until="https://app.test/oauth2/callback")
    with redis_server.paused():
        assert is_refused(browser.get(away.target, initiator=provider.origin))
    page = browser.navigate("/report")
    assert (page.status, subject(page)) == (200, "ada-1815")


def test_a_logout_while_the_store_is_down_says_so_and_can_be_repeated(
    paused_stage: Stage, redis_server: RedisServers
) -> None:
    browser = paused_stage.signed_in()
    with redis_server.paused():
        assert is_refused(in_time(browser, "/oauth2/logout"))
    assert browser.fetch("/").status == 200
    until(lambda: browser.get("/oauth2/logout").status == 200)
    assert browser.fetch("/").status == 401


def test_a_session_just_loaded_goes_on_for_as_long_as_it_is_believed(
    stage: StageFactory, redis_server: RedisServers
) -> None:
    here = stage(session_store=redis_server.url, store_timeout=TIMEOUT, session_cache_seconds=120)
    browser = here.signed_in()
    with redis_server.paused():
        here.clock.advance(119)
        assert in_time(browser).status == 200, "and that its activity could not be kept stops nobody"
        here.clock.advance(2)
        assert is_refused(in_time(browser))
    assert comes_to(browser, 200)


def test_a_store_that_comes_back_empty_has_everyone_sign_in_again(stage: StageFactory, tmp_path: Path) -> None:
    with single(tmp_path) as servers:
        here = stage(session_store=servers.url, store_timeout=TIMEOUT)
        browser = here.signed_in()
        here.clock.advance(2)
        servers.stop()
        assert is_refused(in_time(browser))
        servers.restart()
        assert comes_to(browser, 401)
        assert subject(browser.navigate("/")) == "ada-1815"


def test_a_gate_starts_while_its_store_is_down(stage: StageFactory, tmp_path: Path) -> None:
    with single(tmp_path) as servers:
        browser = stage(session_store=servers.url).signed_in()
        servers.stop()
        here = stage(session_store=servers.url, store_timeout=TIMEOUT)
        later = here.moved(browser, here.gate)
        assert is_refused(in_time(later))
        servers.restart()
        assert comes_to(later, 401)
        assert subject(later.navigate("/")) == "ada-1815"


def test_many_at_once_are_refused_together_and_served_together(paused_stage: Stage, redis_server: RedisServers) -> None:
    """None waits behind another: a pool that is too small would add the time-outs up."""
    here = paused_stage
    browser = here.signed_in()
    here.clock.advance(2)
    with redis_server.paused():
        ask = partial(in_threads, 12, lambda _: browser.copy().fetch("/").status)
        assert set(patience.in_time(ask, 2 * TIMEOUT + SLACK)) == {503}
    assert comes_to(browser, 200)
    until(lambda: set(ask()) == {200})


def test_a_slow_store_does_not_hold_up_who_is_known_or_what_is_public(
    stage: StageFactory, redis_server: RedisServers
) -> None:
    here = stage(session_store=redis_server.url, store_timeout=LIMIT, public_paths="/about", session_cache_seconds=1)
    known, unknown = here.signed_in(), here.signed_in()
    here.clock.advance(2)
    assert known.fetch("/").status == 200
    with ThreadPoolExecutor(8) as pool:
        with redis_server.paused():
            waiting = [pool.submit(unknown.copy().fetch, "/") for _ in range(8)]
            assert known.fetch("/").status == 200
            assert here.browser().fetch("/about").status == 200
            assert not any(each.done() for each in waiting)
        assert {each.result().status for each in waiting} == {200}


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold SQLite's one write lock, as a process does that was stopped in the middle of a write."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.execute("COMMIT")
    connection.close()


def test_a_locked_file_stops_logins_and_nobody_who_is_signed_in(stage: StageFactory, tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    here = stage(session_store=f"sqlite:///{path}", store_timeout=TIMEOUT)
    browser, newcomer = here.signed_in(), here.browser()
    here.clock.advance(200)
    away = newcomer.navigate("/", until="https://app.test/oauth2/callback")
    with locked(path):
        assert in_time(browser).status == 200
        assert is_refused(newcomer.get(away.target, initiator=here.provider.origin))
        assert is_refused(in_time(browser, "/oauth2/logout"))
    assert newcomer.navigate("/").status == 200


def test_a_file_that_is_removed_signs_everyone_out_and_goes_on(stage: StageFactory, tmp_path: Path) -> None:
    here = stage(session_store=f"sqlite:///{tmp_path}/sessions.db")
    browser = here.signed_in()
    for file in tmp_path.glob("sessions.db*"):
        file.unlink()
    here.clock.advance(2)
    assert browser.fetch("/").status == 401
    assert subject(browser.navigate("/")) == "ada-1815"
    here.clock.advance(2)
    assert browser.fetch("/").status == 200


def test_a_file_that_is_no_store_is_not_set_up_right(stage: StageFactory, tmp_path: Path) -> None:
    here = stage(session_store=f"sqlite:///{tmp_path}/sessions.db")
    browser = here.signed_in()
    for file in tmp_path.glob("sessions.db*"):
        file.unlink()
    (tmp_path / "sessions.db").write_bytes(b"not a database at all" * 500)
    here.clock.advance(2)
    calls = len(here.app.calls)
    answer = in_time(browser)
    assert (answer.status, answer.header("Retry-After"), "store_unusable" in answer.text) == (500, "", True)
    assert len(here.app.calls) == calls
