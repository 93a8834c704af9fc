"""What counts as use of a session: not the paths that pages poll; messages on a WebSocket, for sessions in a store."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.browser import Browser
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.redis_servers import RedisServers, until
from tests.stage import Clock, Stage, is_login, session_cookie, subject

IDLE = {"idle_session_timeout": "10m", "idle_exempt_paths": ["/poll", "/health"]}


@pytest.fixture(params=["cookie", "sqlite", "redis"])
def polled(request: pytest.FixtureRequest, stage: StageFactory, tmp_path: Path) -> Callable[..., Stage]:
    kept: dict[str, Any] = {}
    if request.param == "sqlite":
        kept = {"session_store": f"sqlite:///{tmp_path}/sessions.db"}
    elif request.param == "redis":
        kept = {"session_store": request.getfixturevalue("redis_server").url}
    return lambda **settings: stage(**(IDLE | kept | settings))


# Paths that are polled


def test_polling_keeps_no_session_alive(polled: Callable[..., Stage], provider: LocalProvider) -> None:
    here = polled()
    browser = here.signed_in()
    for second in range(0, 600, 20):
        assert subject(browser.fetch(("/poll", "/poll/x", "/health")[second % 3])) == "ada-1815"
        here.clock.advance(20)
    assert subject(browser.fetch("/poll")) == "ada-1815", "as long as the session lives it is answered"
    here.clock.advance(1)
    assert browser.fetch("/poll").status == 401
    assert is_login(browser.get("/"), provider)


def test_what_else_is_asked_for_does(polled: Callable[..., Stage]) -> None:
    here = polled()
    browser = here.signed_in()
    for path in ("/", "/polls", "/POLL", "/pol", "/x/poll", "/poll/../secret", "/poll%2Fx", "//poll"):
        here.clock.advance(595)
        browser.fetch("/poll")
        assert browser.fetch(path).status == 200
    here.clock.advance(595)
    assert browser.fetch("/").status == 200


def test_use_between_two_polls_is_known_to_other_processes(polled: Callable[..., Stage]) -> None:
    """Use is kept a while after it, by whichever request comes then: also by one that is none itself."""
    here = polled()
    browser = here.signed_in()
    here.clock.advance(29)
    assert browser.fetch("/").status == 200, "too soon to be kept"
    here.clock.advance(571)
    assert browser.fetch("/poll").status == 200
    here.clock.advance(28)
    assert here.moved(browser, here.another_gate()).fetch("/").status == 200


def test_polls_do_not_have_the_session_kept_anew(polled: Callable[..., Stage]) -> None:
    here = polled()
    browser = here.signed_in()
    before = session_cookie(browser)
    for _ in range(9):
        here.clock.advance(60)
        assert browser.fetch("/poll").header_list("Set-Cookie") == []
    assert session_cookie(browser) == before


def test_what_the_provider_said_meanwhile_is_kept_but_is_no_activity(
    polled: Callable[..., Stage], provider: LocalProvider
) -> None:
    here = polled(userinfo_refresh_interval="2m")
    browser = here.signed_in()
    provider.people["ada"]["name"] = "Countess of Lovelace"
    for _ in range(5):
        here.clock.advance(120)
        assert browser.fetch("/poll").json()["identity"]["name"] == "Countess of Lovelace"
    elsewhere = here.moved(browser, here.another_gate())
    assert elsewhere.fetch("/poll").json()["identity"]["name"] == "Countess of Lovelace"
    here.clock.advance(1)
    assert [each.fetch("/poll").status for each in (browser, elsewhere)] == [401, 401]


def test_who_is_not_allowed_does_not_keep_a_session_alive_either(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(idle_session_timeout="10m", userinfo_refresh_interval="2m", allow_groups="engineers")
    browser = here.signed_in()
    provider.people["ada"]["groups"] = []
    for _ in range(4):
        here.clock.advance(121)
        assert browser.fetch("/").status == 403
    here.clock.advance(238)
    assert browser.fetch("/").status == 401


# Messages on a WebSocket


def talkative(clock: Clock, *steps: Callable[[], None]) -> Any:
    """Return an ASGI app: an echo over HTTP; on a WebSocket it takes a step before each message that it takes."""

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"here"})
            return
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        for step in steps:
            await asyncio.to_thread(step)
            message = await receive()
            await send({"type": "websocket.send", "text": f"{message['text']} at {clock():.0f}"})
        assert (await receive())["type"] == "websocket.disconnect"

    return app


@pytest.fixture
def talking(provider: LocalProvider, store_url: str) -> Callable[..., Stage]:
    """Set stages of that app, with sessions in a store; the steps are given the stage."""

    def make(*steps: Callable[[Stage], None], **settings: Any) -> Stage:
        in_store = {"idle_session_timeout": "10m", "session_store": store_url}
        here = Stage("asgi", provider, app=lambda *_: None, **(in_store | settings))
        here.app = talkative(here.clock, *(partial(step, here) for step in steps))
        here.gate = here.another_gate()
        return here

    return make


def later(seconds: float) -> Callable[[Stage], None]:
    return lambda here: here.clock.advance(seconds)


def kept(here: Stage, browser: Browser, seconds: float) -> None:
    """Wait until another process knows of what has just been said: there the session goes on for so long."""

    def is_known() -> bool:
        here.clock.advance(seconds)
        known: bool = here.moved(browser, here.another_gate(idle_exempt_paths="/look")).fetch("/look").status == 200
        here.clock.advance(-seconds)
        return known

    until(is_known)


def test_messages_on_a_websocket_keep_a_stored_session_alive(talking: Callable[..., Stage]) -> None:
    browsers: list[Browser] = []

    def waits(here: Stage) -> None:
        kept(here, browsers[0], 590)
        here.clock.advance(400)

    here = talking(later(400), waits, waits, waits)
    browsers.append(browser := here.signed_in())
    talk = browser.websocket("/ws", messages=["one", "two", "three", "four"])
    assert [said.partition(" ")[0] for said in map(str, talk.received)] == ["one", "two", "three", "four"]
    kept(here, browser, 590)
    here.clock.advance(590)
    assert [browser.fetch("/").status, here.moved(browser, here.another_gate()).fetch("/").status] == [200, 200]


def test_a_websocket_on_which_nothing_comes_does_not(talking: Callable[..., Stage]) -> None:
    here = talking()
    browser = here.signed_in()
    assert browser.websocket("/ws").accepted
    here.clock.advance(601)
    assert browser.fetch("/").status == 401


def test_a_message_does_not_bring_back_what_has_gone_idle(talking: Callable[..., Stage]) -> None:
    here = talking(later(601), later(1))
    browser = here.signed_in()
    assert len(browser.websocket("/ws", messages=["late", "later"]).received) == 2
    assert browser.fetch("/").status == 401
    assert here.moved(browser, here.another_gate()).fetch("/").status == 401


def test_nor_what_has_been_ended(talking: Callable[..., Stage]) -> None:
    browsers: list[Browser] = []

    def signs_out_elsewhere(here: Stage) -> None:
        here.clock.advance(400)
        here.moved(browsers[0], here.another_gate()).get("/oauth2/logout")

    here = talking(signs_out_elsewhere)
    browsers.append(browser := here.signed_in())
    assert len(browser.websocket("/ws", messages=["after the end"]).received) == 1
    here.clock.advance(2)
    assert browser.fetch("/").status == 401


@pytest.mark.parametrize(
    "settings", [{"idle_exempt_paths": "/ws"}, {"session_store": "cookie"}, {"idle_session_timeout": 0}], ids=str
)
def test_where_messages_do_not_count_the_app_gets_them_all_the_same(
    talking: Callable[..., Stage], settings: dict[str, Any]
) -> None:
    here = talking(later(300), later(301), **settings)
    browser = here.signed_in()
    assert len(browser.websocket("/ws", messages=["one", "two"]).received) == 2
    assert browser.fetch("/").status == (200 if "idle_session_timeout" in settings else 401)


def test_while_the_store_is_down_messages_reach_the_app_and_the_log_says_so(
    provider: LocalProvider, redis_server: RedisServers, caplog: pytest.LogCaptureFixture
) -> None:
    with contextlib.ExitStack() as outage, caplog.at_level(logging.WARNING, "oidc_gate"):

        def store_fails() -> None:
            outage.enter_context(redis_server.paused())
            here.clock.advance(400)

        here = Stage("asgi", provider, app=lambda *_: None, session_store=redis_server.url, store_timeout=1.5)
        here.app = talkative(here.clock, store_fails)
        here.gate = here.another_gate()
        assert here.signed_in().websocket("/ws", messages=["one"]).received == [f"one at {here.clock():.0f}"]
        until(lambda: "activity on a WebSocket could not be kept" in caplog.text)
