"""surface.md, "Nothing lost", live connections: WebSockets and event streams end with their session, and not before.

Checked every 0.2 s here; sessions end by the stage's clock, which stands still.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from oidc_gate.command import cli
from tests.access_tokens import TAKING, access_token
from tests.answers import Answer
from tests.browser import Browser
from tests.conftest import StageFactory
from tests.counted import Counted
from tests.live import SOON, Line, LiveApp
from tests.providers.local import LocalProvider
from tests.redis_servers import RedisServers, until
from tests.stage import Stage, session_cookie
from tests.test_backchannel import told
from tests.test_stored_sessions import session_id

ENDED, LOST = (4401, "session ended"), (4401, "not allowed any more")
IDLE = {"idle_session_timeout": "10m", "max_session_duration": "2h"}

Live = Callable[..., Stage]
Open = Callable[..., Line]


@pytest.fixture(params=["cookie", "sqlite", "redis"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    if request.param == "sqlite":
        return {"session_store": f"sqlite:///{tmp_path}/sessions.db"}
    if request.param == "redis":
        return {"session_store": request.getfixturevalue("redis_server").url}
    return {}


@pytest.fixture
def live(provider: LocalProvider) -> Live:
    """Set stages of an app with live connections."""
    return lambda **settings: Stage("asgi", provider, app=LiveApp(), **(SOON | IDLE | settings))


@pytest.fixture
def opened() -> Iterator[Open]:
    """Open WebSockets; what is still open after the test is left."""
    lines: list[Line] = []

    def make(here: Stage, browser: Browser, path: str = "/ws", **options: Any) -> Line:
        lines.append((Line.stream if path.startswith("/events") else Line.socket)(here, browser, path, **options))
        return lines[-1]

    yield make
    for line in lines:
        if not line.is_over:
            line.leave()


# What ends them


def test_a_logout_in_another_tab_ends_both_kinds_and_the_app_is_told(
    live: Live, kept: dict[str, Any], opened: Open
) -> None:
    here = live(**kept)
    browser, other = here.signed_in(), here.signed_in()
    lines = [opened(here, browser), opened(here, browser, "/events"), opened(here, browser, "/events/late")]
    stays = opened(here, other)
    assert all(line.goes_on() for line in lines)
    browser.get("/oauth2/logout")
    assert [line.end() for line in lines] == [ENDED, b"", b""]
    assert sorted(each["type"] for each in here.app.told) == ["http.disconnect", "http.disconnect", "websocket.disconnect"]
    assert [type(each) for each in here.app.failed] == [ConnectionResetError] * 3
    assert stays.goes_on()
    assert not here.gate._live.open.keys() - {next(iter(here.gate._live.open))}


@pytest.mark.parametrize(("seconds", "asked"), [(601, 0), (7201, 590)], ids=["idle", "absolute"])
def test_the_end_of_a_session(
    live: Live, kept: dict[str, Any], opened: Open, seconds: float, asked: float
) -> None:
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
    assert cli.main(["sessions", "revoke", session_id(browser)]) == 0
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


def test_the_providers_no_ends_them(
    live: Live, kept: dict[str, Any], opened: Open, provider: LocalProvider
) -> None:
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


def test_a_provider_that_gives_no_answer(live: Live, opened: Open, provider: LocalProvider) -> None:
    here = live(userinfo_refresh_interval="2m")
    line = opened(here, here.signed_in())
    provider.answer["userinfo"] = (503, {}, b"")
    here.clock.advance(121)
    assert line.goes_on()
    until(lambda: provider.count("userinfo") > 0)


def test_a_store_that_gives_no_answer(
    live: Live, opened: Open, redis_server: RedisServers, caplog: pytest.LogCaptureFixture
) -> None:
    here = live(session_store=redis_server.url, store_timeout="0.2s")
    line = opened(here, here.signed_in())
    assert line.goes_on()


# Access tokens


def test_what_came_with_an_access_token_ends_with_it(live: Live, opened: Open, provider: LocalProvider) -> None:
    here = live(**TAKING)
    token = {"Authorization": f"Bearer {access_token(provider)}"}
    lines = [opened(here, here.browser(), "/ws", **token), opened(here, here.browser(), "/events", **token)]
    here.clock.advance(359)
    assert all(line.goes_on() for line in lines), "leeway counts, as for requests"
    here.clock.advance(2)
    assert [line.end() for line in lines] == [ENDED, b""]
