"""What live connections are made of, where a whole journey seldom leads: a token that is forgotten, a silent store."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import prometheus_client
import pytest

from oidc_gate.decisions import ASK_AGAIN, Unprinted, Work
from oidc_gate.errors import StoreError
from oidc_gate.sessions import UNLOADED, OpenSession
from oidc_gate.sessions.live_sessions import LiveSession
from oidc_gate.stores.sqlite import SQLiteStore
from oidc_gate.wsgi.live import LiveStream
from tests.access_tokens import TAKING, Program, access_token
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import Stage, session_cookie, session_names
from tests.test_metrics import gate_of
from tests.test_sessions import NAME, T0, living, sessions, started


class Failing(SQLiteStore):
    """A store that does not answer while it `fails`."""

    fails = False

    def load(self, key: str) -> bytes | None:
        if self.fails:
            raise StoreError("store_unavailable", "it does not answer")
        return super().load(key)


@pytest.fixture
def store(tmp_path: Path) -> Failing:
    return Failing(str(tmp_path / "sessions.db"), 5.0)


def held(here: Stage) -> LiveSession:
    """Return what a connection of somebody who has just signed in hangs on."""
    browser = here.signed_in()
    return LiveSession("one", session_cookie(browser), session_names(browser)[0], here.clock() + 7200)


@pytest.mark.parametrize("kept", ["prometheus", "opentelemetry"])
def test_connections_are_counted_up_and_down(
    provider: LocalProvider, kept: str, caplog: pytest.LogCaptureFixture
) -> None:
    def now() -> float:
        found = prometheus_client.REGISTRY.get_sample_value("oidc_gate_live_connections", {"kind": "websocket"})
        return found or 0.0

    telling, before = gate_of(provider, metrics=kept)._components.telling, now()
    caplog.clear()
    telling.live_began("websocket")
    telling.live_began("websocket")
    telling.live_ended("websocket")
    assert now() - before == (1 if kept == "prometheus" else 0)
    assert caplog.messages == []


def test_metrics_that_fail_end_no_connection(provider: LocalProvider, caplog: pytest.LogCaptureFixture) -> None:
    class Own:
        def count(self, *_: Any) -> None:
            """Count nothing."""

        observe = count

        def add(self, *_: Any) -> None:
            raise RuntimeError("full")

    telling = gate_of(provider, metrics=Own())._components.telling
    caplog.clear()
    telling.live_began("websocket")
    assert "RuntimeError" in caplog.text


def test_headers_with_a_session_are_not_printed() -> None:
    assert repr(Unprinted((("set-cookie", "secret"),))) == "<1 headers>"


def test_a_connection_whose_token_is_forgotten_hangs_on_what_the_provider_says_of_it(provider: LocalProvider) -> None:
    here = Stage("asgi", provider, **TAKING)
    token = access_token(provider)
    assert Program(here).ask("/", token).status == 200
    live, identity = here.gate._gate.live, here.app.raw[-1]["oidc_gate.identity"]
    live._checking._recent.clear()
    request: Any = SimpleNamespace(authorization=f"Bearer {token}")
    holder = live.hold("websocket", request, identity)
    found = live.find(holder)
    assert found is UNLOADED
    work = live.work(holder, found)
    assert work is not None
    work.run()
    known = live.find(holder)
    assert isinstance(known, OpenSession)
    live._checking._recent.put(live._checking.known(holder.text)._replace(lacking=("api:admin",)))
    assert live.find(holder) is None, "its scopes are not enough any more"
    here.clock.advance(361)
    assert live.find(holder) is None


def test_a_connection_whose_cookie_counts_no_more_hangs_on_a_session_that_has_ended(stage: StageFactory) -> None:
    """The settings have changed between a request and the stream that it asked for."""
    here = stage()
    here.signed_in()
    identity = here.app.raw[-1]["oidc_gate.identity"]
    changed = here.another_gate(auth_id="another")._gate.live
    request: Any = SimpleNamespace(cookie_header="", host="app.test", header=lambda _: "", scheme="https", root_path="")
    holder = changed.hold("event_stream", request, identity)
    assert changed.find(holder) is None
    changed.release("event_stream", holder)


def test_while_nothing_is_known_of_a_session_and_the_store_is_silent_its_connection_goes_on(
    stage: StageFactory, store: Failing
) -> None:
    here = stage(session_store=store)
    holder, elsewhere = held(here), here.another_gate()._gate.live
    store.fails = True
    assert elsewhere.load(holder) is UNLOADED
    assert elsewhere.over(cast("Any", None), UNLOADED) is None
    here.clock.advance(7200)
    assert elsewhere.load(holder) is None, "not past the end that was known when it began"


def test_a_store_that_does_not_answer_a_recheck_ends_nothing(
    stage: StageFactory, store: Failing, caplog: pytest.LogCaptureFixture
) -> None:
    here = stage(session_store=store, userinfo_refresh_interval="5m", session_cache_seconds=0)
    holder, live = held(here), here.gate._gate.live
    here.clock.advance(301)
    found = live.load(holder)
    assert isinstance(found, OpenSession)
    work = live.work(holder, found)
    assert work is not None
    store.fails = True
    assert work.run() is ASK_AGAIN
    assert "live connections go on unchecked" in caplog.text


def test_a_connection_is_ended_once_and_found_anew_after_the_provider_was_asked(
    provider: LocalProvider, store: Failing
) -> None:
    """While a look at it has not come to its end, no second one begins."""
    here = Stage("asgi", provider, session_store=store, session_cache_seconds=0)
    here.signed_in("/page")
    scope = here.app.raw[-1]
    browser = here.signed_in()
    cookie = f"{session_names(browser)[0]}={session_cookie(browser)}"
    request = here.gate._request(
        scope | {"headers": [(b"host", b"app.test"), (b"cookie", cookie.encode())]},
        here.gate._asked[5]([b"host", b"cookie"]), 0,
    )  # fmt: skip
    sent: list[Any] = []

    async def connection() -> None:
        async def send(message: Any) -> None:
            sent.append(message)

        used = here.gate._live.began("websocket", request, scope["oidc_gate.identity"], send)
        (found,) = here.gate._live._rounds.values()
        (shared,) = found._by_key.values()
        assert found._timer is not None
        found._timer.cancel()
        shared.is_looked_at = True
        found._steps = shared.place - 1
        found._step()
        assert not found._tasks
        await found._ask(here.gate._gate.live, shared, Work("store", lambda: ASK_AGAIN))
        assert sent == []
        for _ in range(2):
            found._judge(here.gate._gate.live, shared, None)
        while found._tasks:
            await asyncio.gather(*found._tasks)
        here.gate._live.ended(used)

    asyncio.run(connection())
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_a_cookie_of_an_earlier_request_takes_no_newer_ones_place() -> None:
    kept = sessions()
    (_, early), (_, late) = started(kept, T0), started(kept, T0 + 10)
    live = LiveSession("one", late, NAME, T0 + 7200)
    live.meet(late, living(kept, late, T0 + 10))
    live.meet(early, living(kept, early, T0 + 10))
    assert live.text == late


def test_a_stream_that_is_closed_is_looked_after_no_longer(provider: LocalProvider) -> None:
    here = Stage("wsgi", provider)
    here.signed_in()
    environ = here.app.raw[-1]
    stream = LiveStream(
        [b"a", b"b"], lambda: here.gate._gate, cast("Any", None), cast("Any", SimpleNamespace()),
        environ["oidc_gate.identity"], lambda: False,
    )  # fmt: skip
    assert next(stream) == b"a"
    stream._look_at = 0.0
    assert next(stream) == b"b"
    stream.close()


def test_with_nothing_to_add_an_answer_is_the_apps_own(provider: LocalProvider) -> None:
    here = Stage("wsgi", provider, cache_control="off", live_check=0)
    page = here.signed_in().get("/")
    assert (page.status, page.header_list("cache-control")) == (200, [])
