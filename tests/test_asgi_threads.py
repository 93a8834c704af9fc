"""The gate as ASGI middleware: what runs on the loop and what beside it, and how frameworks take it."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from oidc_gate.asgi import OIDCGate
from oidc_gate.errors import SettingsError
from oidc_gate.stores.sqlite import SQLiteStore
from tests.apps import COOKIE_SECRET, asgi_echo
from tests.asgi_driver import LOOP, Message
from tests.browser import Browser
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.stage import Stage, is_login, subject
from tests.test_asgi import run, scope_for, signed_in_cookie, subject_of

MakeStage = Callable[..., Stage]
#: Set by the server's task, read by the app.
REQUEST_ID: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="none")


@pytest.fixture
def stage(provider: LocalProvider) -> MakeStage:
    """Set a stage for an ASGI app, the echo unless given."""
    return lambda app=None, **settings: Stage("asgi", provider, app=app, **settings)


# Threads


def test_context_variables_cross_the_hop_into_the_thread(stage: MakeStage) -> None:
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(REQUEST_ID.get())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    here = stage(app, userinfo_refresh_interval="15m", idle_session_timeout=0)
    cookie = signed_in_cookie(here)
    here.clock.advance(901)  # a thread asks the provider before the app is called

    async def call() -> None:
        REQUEST_ID.set("request 7")
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        await here.gate(scope_for(cookie=cookie), None, send)

    LOOP.run(call())
    assert seen[-1] == "request 7"


def test_a_signed_in_request_is_answered_on_the_loops_own_thread(stage: MakeStage) -> None:
    threads: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        threads.append(threading.current_thread().name)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    stage(app).signed_in().fetch("/")
    assert set(threads) == {"asgi-loop"}


def test_ten_slow_logins_hold_up_neither_each_other_nor_anyone_signed_in(
    stage: MakeStage, provider: LocalProvider
) -> None:
    here = stage(http_timeout=LIMIT)
    ada = here.signed_in()
    browsers = [here.browser() for _ in range(10)]
    targets = [browser.navigate("/", until="https://app.test/oauth2/callback").target for browser in browsers]
    statuses: list[int] = []

    def finish(browser: Any, target: str) -> None:
        statuses.append(browser.get(target).status)

    with provider.hold("token") as hold:
        logins = [threading.Thread(target=finish, args=pair) for pair in zip(browsers, targets, strict=True)]
        for login in logins:
            login.start()
        hold.wait_for(10)  # all ten are at the provider at once
        assert [ada.fetch("/").status for _ in range(20)] == [200] * 20
        assert statuses == [], "all ten wait still"
        hold.release()
        for login in logins:
            login.join(LIMIT)
    assert statuses == [302] * 10


def test_a_browser_that_leaves_during_a_slow_login_breaks_nothing(stage: MakeStage, provider: LocalProvider) -> None:
    here = stage()
    browser = here.browser()
    target = browser.navigate("/", until="https://app.test/oauth2/callback").target
    scope = scope_for(target.removeprefix("https://app.test"), cookie=browser.cookies.header_for("https://app.test/"))
    with provider.hold("token") as hold:

        async def begin() -> asyncio.Task[None]:
            return asyncio.create_task(here.gate(scope, _never, _nothing))

        task = LOOP.run(begin())
        hold.wait_for(1)
        assert here.browser().fetch("/oauth2/health").status == 200

        async def leave() -> None:
            task.cancel()
            hold.release()
            await asyncio.gather(task, return_exceptions=True)

        LOOP.run(leave())
    assert subject(here.signed_in().fetch("/")) == "ada-1815"


class Slow(SQLiteStore):
    """Loads when it is let."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), 5.0)
        self.asked, self.may_answer = threading.Event(), threading.Event()
        self.may_answer.set()

    def load(self, key: str) -> bytes | None:
        self.asked.set()
        assert self.may_answer.wait(LIMIT)
        return super().load(key)


def test_a_browser_that_leaves_while_the_store_is_asked_breaks_nothing(stage: MakeStage, tmp_path: Path) -> None:
    store = Slow(tmp_path / "sessions.db")
    here = stage(session_store=store, session_cache_seconds=0)
    cookie = signed_in_cookie(here)
    store.asked.clear()
    store.may_answer.clear()

    async def begin() -> asyncio.Task[None]:
        return asyncio.create_task(here.gate(scope_for(cookie=cookie), _never, _nothing))

    task = LOOP.run(begin())
    assert store.asked.wait(LIMIT)

    async def leave() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    LOOP.run(leave())
    store.may_answer.set()
    run(here.gate, scope_for(cookie=cookie))
    assert subject_of(here) == "ada-1815"


def test_a_loop_that_ends_while_the_store_is_asked_is_not_told(
    stage: MakeStage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Slow(tmp_path / "sessions.db")
    here = stage(session_store=store, session_cache_seconds=0)
    cookie = signed_in_cookie(here)
    store.asked.clear()
    store.may_answer.clear()

    async def begin() -> None:
        task = asyncio.ensure_future(here.gate(scope_for(cookie=cookie), _never, _nothing))
        assert await asyncio.to_thread(store.asked.wait, 20)
        task.cancel()

    asyncio.run(begin())
    store.may_answer.set()
    here.gate._lanes["store"].shutdown(wait=True)
    assert "exception calling callback" not in caplog.text


async def _never() -> Message:
    return await asyncio.Future()


async def _nothing(message: Message) -> None:
    pass


# Beginning


def test_a_wsgi_app_is_refused_with_the_right_import(provider: LocalProvider) -> None:
    from flask import Flask

    with pytest.raises(SettingsError, match=r"oidc_gate\.wsgi"):
        OIDCGate(Flask("app"), **provider.gate_options(cookie_secret=COOKIE_SECRET))


def test_starlette_takes_the_gate_as_middleware(provider: LocalProvider) -> None:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def home(request: Request) -> PlainTextResponse:
        return PlainTextResponse(request.user.display_name)

    app = Starlette(routes=[Route("/", home)])
    app.add_middleware(OIDCGate, **provider.gate_options(cookie_secret=COOKIE_SECRET))
    browser = Browser(app, "asgi")
    assert is_login(browser.get("/"), provider)
    assert browser.navigate("/").text == "Ada Lovelace"
    assert browser.navigate("/missing").status == 404


def test_the_gate_in_front_of_a_plain_callable_object(provider: LocalProvider) -> None:
    class App:
        async def __call__(self, scope: Any, receive: Any, send: Callable[[Message], Awaitable[None]]) -> None:
            await asgi_echo()(scope, receive, send)

    gate = OIDCGate(App(), **provider.gate_options(cookie_secret=COOKIE_SECRET))
    assert run(gate, scope_for("/oauth2/health"))[0]["status"] == 200
