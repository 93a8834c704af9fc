"""Attacks on live connections (docs/live-connections.md): what goes on after the session, the token, or the right."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from oidc_gate.stores.sqlite import SQLiteStore
from tests.access_tokens import TAKING, access_token
from tests.asgi_driver import LOOP
from tests.live import SOON, Deaf, Line, LiveApp, Message
from tests.providers.local import LocalProvider
from tests.redis_servers import until
from tests.test_live import ENDED, IDLE, Fickle, Live, LiveStage, Open, live, opened
from tests.test_live_wsgi import StreamApp, Streaming, streamed
from tests.test_several_providers import _served_others, entry, guests

pytestmark = pytest.mark.uncounted

__all__ = ["_served_others", "guests", "live", "opened"]  # fixtures


class Obeying(LiveApp):
    """An app that does what it is told on a WebSocket: `done`."""

    def __init__(self) -> None:
        super().__init__()
        self.done: list[str] = []
        self.accepts = asyncio.Event()
        self.accepts.set()

    async def _echo(self, receive: Any, send: Any) -> None:
        await receive()
        await self.accepts.wait()
        await send({"type": "websocket.accept"})
        while (message := await receive())["type"] == "websocket.receive":
            self.done.append(message["text"])
            await send({"type": "websocket.send", "text": message["text"]})
        self.told.append(message)


def obeying(provider: LocalProvider, **settings: Any) -> Any:
    return LiveStage("asgi", provider, app=Obeying(), **(SOON | IDLE | settings))


@pytest.mark.parametrize("kind", ["cookie", "sqlite"])
def test_a_client_that_goes_on_sending_after_the_end_is_not_heard(
    provider: LocalProvider, tmp_path: Path, kind: str
) -> None:
    stored = {"session_store": f"sqlite:///{tmp_path}/sessions.db"} if kind == "sqlite" else {}
    here = obeying(provider, **stored)
    browser = here.signed_in()
    line = Deaf.socket(here, browser)
    line.say("before")
    browser.get("/oauth2/logout")
    until(lambda: line.is_over)
    line.shout("after")
    assert line.end() == ENDED
    assert here.app.done == ["before"]
    assert [each["code"] for each in here.app.told] == [4401]


def test_a_session_that_ends_before_the_app_has_accepted(provider: LocalProvider) -> None:
    """The handshake was judged, and the logout came while the app thought it over."""
    here = obeying(provider)
    browser = here.signed_in()
    here.app.accepts.clear()

    class Waiting(Deaf):
        async def _send(self, message: Message) -> None:
            self.sent.append(message)

    LOOP.run(asyncio.sleep(0))
    browser_gone = browser.copy()
    line = _begun(Waiting, here, browser)
    browser_gone.get("/oauth2/logout")
    until(lambda: line.is_over)
    LOOP.run(_set(here.app.accepts))
    line.shout("after")
    until(lambda: line._task.done())
    assert [message["type"] for message in line.sent] == ["websocket.close"]
    assert here.app.done == []


def _begun(kind: type[Line], here: Any, browser: Any) -> Any:
    from tests.live import _scope

    scope = _scope(browser, "/ws", {}) | {"type": "websocket", "subprotocols": [], "scheme": "wss"}
    return kind(scope, here.gate)


async def _set(event: asyncio.Event) -> None:
    event.set()


def test_no_message_keeps_a_session_past_its_absolute_end(live: Live, opened: Open, tmp_path: Path) -> None:
    here = live(session_store=f"sqlite:///{tmp_path}/sessions.db")
    line = opened(here, here.signed_in())
    for minute in range(12):
        here.clock.advance(590)
        line.say(f"still here {minute}")
    here.clock.advance(121)
    assert line.end() == ENDED


def test_a_silent_store_keeps_nothing_past_its_absolute_end(live: Live, opened: Open, tmp_path: Path) -> None:
    """Not even where this process has forgotten the session: a logout that the provider tells of has it forget all."""
    fickle = Fickle(str(tmp_path / "sessions.db"), 2.0)
    here = live(session_store=fickle, idle_session_timeout="0")
    line, events = opened(here, here.signed_in()), opened(here, here.signed_in(), "/events")
    here.gate._gate._components.sessions.forget_all()
    here.clock.advance(2)
    fickle.is_down = True
    assert line.goes_on()
    here.clock.advance(7200)
    assert [line.end(), events.end()] == [ENDED, b""]


def test_an_access_token_of_another_provider_ends_what_came_with_it(
    live: Live, opened: Open, provider: LocalProvider, guests: LocalProvider
) -> None:
    here = live(auth_id="staff", providers=[entry(guests)], **TAKING)
    guests.clock = here.clock
    lines = [
        opened(here, here.browser(), path, Authorization=f"Bearer {access_token(of)}")
        for of in (provider, guests)
        for path in ("/ws", "/events")
    ]
    assert len(here.gate._live.open) == 4
    here.clock.advance(361)
    assert [line.end() for line in lines] == [ENDED, b""] * 2


def test_a_program_cannot_have_its_token_forgotten_to_stay(live: Live, opened: Open, provider: LocalProvider) -> None:
    """Thousands of other tokens push one out of what is remembered; what it opened still ends with it."""
    here = live(**TAKING)
    line = opened(here, here.browser(), Authorization=f"Bearer {access_token(provider)}")
    here.gate._gate.live._checking._recent.clear()
    assert line.goes_on()
    here.gate._gate.live._checking._recent.clear()
    here.clock.advance(361)
    assert line.end() == ENDED


def test_many_connections_of_one_session_are_looked_at_once(live: Live, opened: Open, tmp_path: Path) -> None:
    """A thousand sockets of one person cost the store as much as one."""
    store = Counting(str(tmp_path / "sessions.db"), 5.0)
    here = live(session_store=store, session_cache_seconds=0)
    browser = here.signed_in()
    lines = [opened(here, browser) for _ in range(40)]
    before = store.loads
    assert lines[0].goes_on()
    assert store.loads - before <= 4
    browser.get("/oauth2/logout")
    assert [line.end() for line in lines] == [ENDED] * 40
    assert not here.gate._gate._components.sessions.live
    assert not here.gate._live._rounds


class Counting(SQLiteStore):
    loads = 0

    def load(self, key: str) -> bytes | None:
        self.loads += 1
        return super().load(key)


def test_a_wsgi_stream_that_begins_late_is_looked_at_before_its_first_chunk(provider: LocalProvider) -> None:
    """The app takes its time; by then its person has signed out."""
    here = Streaming("wsgi", provider, app=Late(), live_check=0.2)
    browser = here.signed_in()
    tab = here.moved(browser, here.gate)

    def leave_and_wait() -> None:
        tab.get("/oauth2/logout")
        time.sleep(0.25)  # longer than `live_check`, however slow this machine is

    here.app.step = leave_and_wait
    assert streamed(browser) == ""


class Late(StreamApp):
    """Waits before the first chunk."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if not environ["PATH_INFO"].startswith("/events"):
            return super().__call__(environ, start_response)
        start_response("200 OK", [("Content-Type", "text/event-stream")])

        def chunks() -> Any:
            self.step()
            yield b"one "

        return chunks()
