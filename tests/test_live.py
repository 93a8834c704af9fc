"""surface.md, "Nothing lost", live connections: WebSockets and event streams end with their session, and not before.

Checked every 0.2 s here; sessions end by the stage's clock, which stands still.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from oidc_gate import Settings
from oidc_gate.command import cli
from oidc_gate.errors import StoreError
from oidc_gate.stores.sqlite import SQLiteStore
from tests.access_tokens import TAKING, Program, access_token
from tests.browser import Browser
from tests.counted import Counted
from tests.live import SOON, Deaf, Line, LiveApp, Trailing
from tests.providers.local import LocalProvider
from tests.redis_servers import RedisServers, until
from tests.stage import Clock, Stage, session_cookie, timed
from tests.test_backchannel import told
from tests.test_introspection import says
from tests.test_reload import Watched, toml
from tests.test_several_providers import _served_others, entry, guests

__all__ = ["_served_others", "guests"]  # fixtures

ENDED, LOST = (4401, "session ended"), (4401, "not allowed any more")
IDLE = {"idle_session_timeout": "10m", "max_session_duration": "2h"}

Live = Callable[..., "LiveStage"]
Open = Callable[..., Line]


@pytest.fixture(params=["cookie", "sqlite", "redis"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    if request.param == "sqlite":
        return {"session_store": f"sqlite:///{tmp_path}/sessions.db"}
    if request.param == "redis":
        return {"session_store": request.getfixturevalue("redis_server").url}
    return {}


class LiveStage(Stage):
    """A stage of an app with live connections."""

    app: LiveApp  # type: ignore[assignment]


@pytest.fixture
def live(provider: LocalProvider) -> Live:
    """Set such stages."""
    return lambda **settings: LiveStage("asgi", provider, app=LiveApp(), **(SOON | IDLE | settings))


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, "oidc_gate")
    return caplog


@pytest.fixture
def opened() -> Iterator[Open]:
    """Open WebSockets; what is still open after the test is left."""
    lines: list[Line] = []

    def make(here: Any, browser: Browser, path: str = "/ws", **options: Any) -> Line:
        lines.append((Line.stream if path.startswith("/events") else Line.socket)(here, browser, path, **options))
        return lines[-1]

    yield make
    for line in lines:
        if not line.is_over:
            line.leave()


# What ends them


def test_a_logout_in_another_tab_ends_both_kinds_and_the_app_is_told(
    live: Live, kept: dict[str, Any], opened: Open, log: pytest.LogCaptureFixture
) -> None:
    here = live(**kept)
    browser, other = here.signed_in(), here.signed_in()
    lines = [opened(here, browser), opened(here, browser, "/events"), opened(here, browser, "/events/late")]
    stays = opened(here, other)
    assert all(line.goes_on() for line in lines)
    browser.get("/oauth2/logout")
    assert [line.end() for line in lines] == [ENDED, b"", b""]
    told_by_type = sorted(each["type"] for each in here.app.told)
    assert told_by_type == ["http.disconnect", "http.disconnect", "websocket.disconnect"]
    assert [type(each) for each in here.app.failed] == [ConnectionResetError] * 3
    assert stays.goes_on()
    assert len(here.gate._live.open) == 1
    said = [each for each in log.messages if "is closed" in each]
    assert sorted(said) == [
        "a WebSocket is closed, session ended: subject 'ada-1815'",
        *["an event stream is closed, session ended: subject 'ada-1815'"] * 2,
    ]


def test_a_cookie_behind_the_body_keeps_no_stream_open(
    live: Live, kept: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = live(**kept)
    browser, other = here.signed_in(), here.signed_in()
    for _ in range(3):
        assert browser.get("/").status == 200
    cookie = other.cookies.header_for(f"{other.origin}/").encode()
    monkeypatch.setattr(Trailing, "trailers", ((b"cookie", cookie), (b"host", b"evil.test")))
    line = Trailing.stream(here, browser, "/events/heard")
    assert line.goes_on()
    browser.get("/oauth2/logout")
    assert line.end() == b""


def test_what_a_client_sends_that_does_not_close_is_not_heard(live: Live) -> None:
    here = live()
    browser = here.signed_in()
    line = Deaf.socket(here, browser)
    line.say("before")
    browser.get("/oauth2/logout")
    until(lambda: line.is_over)
    line.shout("after")
    assert line.end() == ENDED
    assert here.app.told == [{"type": "websocket.disconnect", "code": 4401, "reason": ""}]


@pytest.mark.parametrize(("seconds", "asked"), [(601, 0), (7201, 590)], ids=["idle", "absolute"])
def test_the_end_of_a_session(live: Live, kept: dict[str, Any], opened: Open, seconds: float, asked: float) -> None:
    here = live(**kept)
    browser = here.signed_in()
    line = opened(here, browser)
    passed = 0.0
    while asked and passed + asked < seconds:
        here.clock.advance(asked)
        passed += asked
        assert browser.fetch("/").status == 200
    assert line.goes_on()
    here.clock.advance(seconds - passed)
    assert line.end() == ENDED
    assert browser.fetch("/").status == 401


def test_what_an_operator_revokes(
    live: Live, opened: Open, store_url: str, monkeypatch: pytest.MonkeyPatch, provider: LocalProvider
) -> None:
    here = live(session_store=store_url)
    browser = here.signed_in()
    line, events = opened(here, browser), opened(here, browser, "/events")
    for name, value in provider.gate_options(session_store=store_url).items():
        monkeypatch.setenv(f"OIDC_GATE_{name.upper()}", str(value))
    assert cli.main(["sessions", "revoke-user", "ada-1815"]) == 0
    here.clock.advance(2)  # session_cache_seconds
    assert [line.end(), events.end()] == [ENDED, b""]


def test_a_logout_that_the_provider_tells_of(live: Live, opened: Open, store_url: str, provider: LocalProvider) -> None:
    """Another process takes it."""
    here = live(session_store=store_url)
    browser = here.signed_in()
    line = opened(here, browser)
    assert told(here, provider.make_logout_token(sub="ada-1815"), here.another_gate()).status == 200
    here.clock.advance(2)
    assert line.end() == ENDED


def test_signing_in_anew_ends_what_came_with_the_session_before(live: Live, opened: Open) -> None:
    here = live()
    browser = here.signed_in()
    line = opened(here, browser)
    browser.navigate("/oauth2/login?next=/")
    assert line.end() == ENDED
    assert opened(here, browser).goes_on()


def test_a_logout_elsewhere_with_cookie_sessions_is_known_by_the_deny_list(
    live: Live, opened: Open, tmp_path: Path
) -> None:
    here = live(cookie_deny_list=f"sqlite:///{tmp_path}/ended.db")
    browser = here.signed_in()
    line = opened(here, browser)
    assert line.goes_on()
    here.moved(browser, here.another_gate()).get("/oauth2/logout")
    here.clock.advance(2)
    assert line.end() == ENDED


@pytest.mark.parametrize("lists", ["list", "rule"])
def test_the_loss_of_a_right_is_found_by_asking_the_provider_where_that_is_due(
    live: Live, kept: dict[str, Any], opened: Open, provider: LocalProvider, lists: str
) -> None:
    """Nobody asks for a page meanwhile."""
    rules = [{"path": "/ws", "allow": {"groups": "engineers"}}]
    door = {"allow_groups": "engineers"} if lists == "list" else {"rules": rules}
    here = live(userinfo_refresh_interval="2m", **kept, **door)
    browser = here.signed_in()
    line, elsewhere = opened(here, browser), opened(here, browser, "/events")
    provider.people["ada"]["groups"] = []
    assert line.goes_on()
    here.clock.advance(121)
    assert line.end() == LOST
    if lists == "list":
        assert elsewhere.end() == b""
    else:
        assert elsewhere.goes_on(), "it is judged by its own place"
    assert browser.fetch("/ws").status == 403


def test_the_providers_no_ends_them(live: Live, kept: dict[str, Any], opened: Open, provider: LocalProvider) -> None:
    here = live(userinfo_refresh_interval="2m", **kept)
    browser = here.signed_in()
    line = opened(here, browser)
    provider.answer["userinfo"] = (401, {}, {"error": "invalid_token"})
    here.clock.advance(121)
    assert line.end() == ENDED
    assert browser.fetch("/").status == 401


def test_a_rule_that_asks_for_a_sign_in_of_late(live: Live, opened: Open) -> None:
    here = live(rules=[{"path": "/ws", "allow": "signed-in", "max_age": "5m"}])
    browser = here.signed_in("/ws")
    line = opened(here, browser)
    here.clock.advance(200)
    assert line.goes_on()
    here.clock.advance(101)
    assert line.end() == LOST


# What does not


def test_a_cookie_session_that_goes_on_in_another_cookie(live: Live, opened: Open) -> None:
    here = live()
    browser = here.signed_in()
    line, first = opened(here, browser), session_cookie(browser)
    for _ in range(4):
        here.clock.advance(500)
        assert browser.fetch("/").status == 200
        assert line.goes_on()
    assert session_cookie(browser) != first
    here.clock.advance(601)
    assert line.end() == ENDED


def test_messages_keep_a_stored_session_alive_and_none_of_a_cookie(
    live: Live, kept: dict[str, Any], opened: Open
) -> None:
    here = live(**kept)
    browser = here.signed_in()
    line = opened(here, browser)
    if not kept:
        here.clock.advance(601)
        assert line.end() == ENDED
        return
    for _ in range(3):
        here.clock.advance(500)
        line.say("still here")
        assert line.goes_on()
    assert browser.fetch("/").status == 200


def test_a_provider_that_gives_no_answer(
    live: Live, opened: Open, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    here = live(userinfo_refresh_interval="2m")
    line = opened(here, here.signed_in())
    provider.answer["userinfo"] = (503, {}, b"")
    here.clock.advance(121)
    assert line.goes_on()
    assert "a session could not be checked again" in caplog.text


class Fickle(SQLiteStore):
    """A store that answers when it likes."""

    is_down = False

    def load(self, key: str) -> bytes | None:
        if self.is_down:
            raise StoreError("store_unavailable", "not now")
        return super().load(key)


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_a_store_that_gives_no_answer(
    live: Live, opened: Open, request: pytest.FixtureRequest, tmp_path: Path, log: pytest.LogCaptureFixture, kind: str
) -> None:
    """They go on, for nobody knows that they must not; but not past the end that is known here."""
    fickle = Fickle(str(tmp_path / "sessions.db"), 2.0)
    servers: RedisServers | None = request.getfixturevalue("redis_server") if kind == "redis" else None
    here = live(session_store=fickle if servers is None else servers.url, store_timeout="0.3s")
    line, other = opened(here, here.signed_in()), opened(here, here.signed_in())
    for each in (1, 2):
        assert line.goes_on()
        here.clock.advance(2)
        fickle.is_down = True
        with contextlib.nullcontext() if servers is None else servers.paused():
            until(lambda said=each: len(unchecked(log)) == said)  # type: ignore[misc]
            assert line.goes_on()
            assert len(unchecked(log)) == each, "it is said once"
        fickle.is_down = False
    fickle.is_down = True
    here.clock.advance(600)
    with contextlib.nullcontext() if servers is None else servers.paused():
        assert [line.end(), other.end()] == [ENDED, ENDED]


def unchecked(log: pytest.LogCaptureFixture) -> list[str]:
    return [each for each in log.messages if each.startswith("live connections go on unchecked")]


@pytest.mark.parametrize("path", ["/ws", "/events"])
def test_where_they_are_not_checked(live: Live, opened: Open, path: str) -> None:
    here = live(live_check=0)
    browser = here.signed_in()
    line, watch = opened(here, browser, path), opened(live(), here.signed_in())
    browser.get("/oauth2/logout")
    assert watch.goes_on()
    assert not line.is_over
    assert not here.gate._live.open


def test_who_is_nobody_where_anyone_may_pass(live: Live, opened: Open) -> None:
    here = live(public_paths=["/ws", "/events"])
    lines = [opened(here, here.browser(), path) for path in ("/ws", "/events")]
    assert not here.gate._live.open
    browser = here.signed_in()
    known = [opened(here, browser, path) for path in ("/ws", "/events")]
    browser.get("/oauth2/logout")
    assert [line.end() for line in known] == [ENDED, b""], "the app was told who it is"
    assert not any(line.is_over for line in lines)


@pytest.mark.parametrize(
    ("content_type", "ends"),
    [
        ("text/event-stream; charset=utf-8", True),
        ("TEXT/Event-Stream;charset=utf-8", True),
        ("text/event-stream-like", False),
        ("application/x-ndjson", False),
    ],
)
def test_what_an_event_stream_is(live: Live, opened: Open, content_type: str, ends: bool) -> None:
    """A download, or any other answer that takes its time, is given whole."""
    here = live(cache_control="")
    here.app.content_type = content_type
    for _ in range(2):
        browser = here.signed_in()
        line, socket = opened(here, browser, "/events"), opened(here, browser)
        browser.get("/oauth2/logout")
        assert socket.end() == ENDED
        assert (line.end() == b"") if ends else not line.is_over


def test_what_has_ended_by_itself_is_not_looked_after_any_more(live: Live, opened: Open) -> None:
    counted = Counted()
    here = live(metrics=counted)
    browser = here.signed_in()
    line, events = opened(here, browser), opened(here, browser, "/events")
    assert counted.of("live_connections") == {("websocket",): 1, ("event_stream",): 1}
    line.leave()
    assert len(here.gate._live.open) == 1
    events.leave()
    assert not here.gate._live._rounds
    assert not here.gate._gate._components.sessions.live
    browser.get("/oauth2/logout")
    assert not line.is_over


def test_a_server_of_an_older_specification_is_not_surprised(live: Live, opened: Open) -> None:
    """Below 2.4 an app that sends after the end is told nothing (ASGI, "Send")."""
    here = live()
    browser = here.signed_in()
    line = opened(here, browser, spec_version="2.3")
    browser.get("/oauth2/logout")
    assert line.end() == ENDED
    assert here.app.failed == []


# Several providers, changed settings


def test_with_several_providers_each_is_asked_about_its_own(
    live: Live, opened: Open, provider: LocalProvider, guests: LocalProvider
) -> None:
    here = live(auth_id="staff", providers=[entry(guests, userinfo_refresh_interval="2m")])
    guests.clock = here.clock
    lines = []
    for auth_id in ("staff", "guests"):
        browser = here.browser()
        assert browser.navigate(f"/oauth2/login?auth_id={auth_id}&next=/").status == 200
        lines.append(opened(here, browser))
    guests.answer["userinfo"] = (401, {}, {"error": "invalid_token"})
    here.clock.advance(121)
    assert lines[1].end() == ENDED
    assert lines[0].goes_on()


def passing(clock: Clock, holds: Callable[[], bool]) -> None:
    """Let time pass until this holds."""

    def advanced() -> bool:
        clock.advance(1)
        return holds()

    until(advanced)


def watched_live(provider: LocalProvider, folder: Path, **settings: Any) -> Watched:
    """Return a gate with these settings in a file."""
    here = Watched("asgi", provider, folder)
    here.configure(**SOON, **settings)
    here.gate = timed("asgi", LiveApp(), here.clock, settings=Settings.from_file(folder / "gate.toml"))
    return here


@pytest.mark.parametrize("kind", ["cookie", "sqlite"])
def test_changed_settings_hold_for_them_though_nobody_asks_for_anything(
    opened: Open, provider: LocalProvider, tmp_path: Path, kind: str
) -> None:
    stored = {"session_store": f"sqlite:///{tmp_path}/sessions.db"} if kind == "sqlite" else {}
    here = watched_live(provider, tmp_path, **stored)
    ada = here.signed_in()
    line, events = (opened(here, ada, path, gate=here.gate) for path in ("/ws", "/events"))
    here.configure('[[rules]]\npath = "/ws"\nallow = "nobody"\n')
    passing(here.clock, lambda: line.is_over)
    assert line.end() == LOST
    assert events.goes_on()
    here.configure(live_check="0")
    passing(here.clock, lambda: not here.gate._gate.live.within)
    here.clock.advance(3601)
    other = Stage("asgi", provider, app=LiveApp(), **SOON)
    assert opened(other, other.signed_in()).goes_on()
    assert not events.is_over


# Access tokens


def test_what_came_with_an_access_token_ends_with_it(live: Live, opened: Open, provider: LocalProvider) -> None:
    here = live(**TAKING)
    token = {"Authorization": f"Bearer {access_token(provider)}"}
    lines = [opened(here, here.browser(), "/ws", **token), opened(here, here.browser(), "/events", **token)]
    here.clock.advance(359)
    assert all(line.goes_on() for line in lines), "leeway counts, as for requests"
    here.clock.advance(2)
    assert [line.end() for line in lines] == [ENDED, b""]


def test_an_access_token_that_the_provider_is_asked_about_again(
    live: Live, opened: Open, provider: LocalProvider
) -> None:
    provider.offers = {"introspect"}
    here = live(**TAKING, bearer_tokens="introspection")
    says(provider)
    lines = [opened(here, here.browser(), Authorization="Bearer good-1") for _ in range(3)]
    here.clock.advance(31)
    assert lines[0].goes_on()
    assert len(provider.calls("introspect")) == 2, "once for all that came with it"
    provider.answer["introspect"] = (503, {}, b"")
    here.clock.advance(31)
    assert lines[0].goes_on()
    assert lines[0].goes_on()
    assert len(provider.calls("introspect")) == 3, "one that gives no answer is not asked each time"
    provider.answer["introspect"] = (200, {}, {"active": False})
    here.clock.advance(31)
    assert [line.end() for line in lines] == [ENDED] * 3


def test_keys_that_change_at_the_provider_do_not_end_a_token_that_is_good_by_the_new_ones(
    live: Live, opened: Open, provider: LocalProvider
) -> None:
    here = live(**TAKING)
    line = opened(here, here.browser(), Authorization=f"Bearer {access_token(provider)}")
    keys = here.gate._gate._components.parties.first.provider
    before = keys.known_keys()
    provider.generations.append(2)
    program = Program(here)
    assert program.ask("/", access_token(provider, jti="token-2")).status == 200
    assert keys.known_keys() is not before
    assert line.goes_on()


def test_a_token_without_a_right_at_its_place_any_more(opened: Open, provider: LocalProvider, tmp_path: Path) -> None:
    here = watched_live(provider, tmp_path, allow_emails=None, **TAKING)
    token = {"Authorization": f"Bearer {access_token(provider, exp=here.clock() + 9999)}"}
    line = opened(here, here.browser(), gate=here.gate, **token)
    other = opened(here, here.browser(), "/events", gate=here.gate, **token)
    here.configure('[[rules]]\npath = "/ws"\nallow = { scopes = "admin" }\n')
    passing(here.clock, lambda: line.is_over)
    assert line.end() == LOST
    here.configure("", bearer_audience=["https://elsewhere.test"])
    passing(here.clock, lambda: other.is_over)
    assert other.end() == b""


def test_of_a_provider_that_was_taken_away_nobody_stays_though_the_store_is_silent(
    opened: Open, provider: LocalProvider, guests: LocalProvider, tmp_path: Path
) -> None:
    store = Fickle(str(tmp_path / "sessions.db"), 2.0)
    here = Watched("asgi", provider, tmp_path)
    guests.clock = here.clock
    here.configure("[[providers]]\n" + toml(entry(guests)), **SOON)
    read = Settings.from_file(tmp_path / "gate.toml", session_store=store)
    here.gate = timed("asgi", LiveApp(), here.clock, settings=read)
    lines = []
    for auth_id in ("guests", "default"):
        browser = here.browser()
        assert browser.navigate(f"/oauth2/login?auth_id={auth_id}&next=/").status == 200
        lines.append(opened(here, browser, gate=here.gate))
    store.is_down = True
    here.configure(**SOON)
    passing(here.clock, lambda: lines[0].is_over)
    assert lines[1].goes_on()
