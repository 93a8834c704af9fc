"""Cookie sessions with a list of those that were ended: a copy of a cookie is dead wherever it is sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oidc_gate import Settings
from oidc_gate.errors import SettingsError
from oidc_gate.gate.gate import Gate
from oidc_gate.gate.kept_tokens import kept_tokens
from oidc_gate.provider.code_flow import Tokens
from oidc_gate.stores.urls import open_store
from tests.apps import COOKIE_SECRET
from tests.browser import Browser
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.redis_servers import RedisServers
from tests.stage import Stage, is_login, session_cookie, subject

Listed = Callable[..., Stage]


@pytest.fixture
def listed(stage: StageFactory, store_url: str) -> Listed:
    """Set stages whose sessions are in cookies, and whose ended sessions are listed."""
    return lambda **settings: stage(cookie_deny_list=store_url, **settings)


def thief_of(here: Stage, browser: Browser) -> Browser:
    """Return a browser elsewhere with a copy of the cookies, which has been let in by another process."""
    thief = here.moved(browser, here.another_gate())
    assert subject(thief.fetch("/")) == "ada-1815"
    return thief


def refuse_to_ask(here: Stage) -> None:
    """Have every question to the list fail loudly from now on."""
    sessions = here.gate._gate._sessions
    sessions._asking.load = sessions.load_on_loop = lambda *_: pytest.fail("the list was asked")


def test_a_logout_is_seen_at_once_here_and_soon_everywhere(listed: Listed) -> None:
    here = listed(session_cache_seconds=2)
    browser = here.signed_in()
    copy, thief = browser.copy(), thief_of(here, browser)
    stranger = here.moved(browser, here.another_gate())
    assert browser.navigate("/oauth2/logout").status == 200
    assert copy.fetch("/").status == 401
    assert stranger.fetch("/").status == 401, "it has not met this session before, and asks"
    here.clock.advance(2)
    assert thief.fetch("/").status == 401
    assert is_login(thief.get("/"), here.provider)


def test_others_go_on(listed: Listed, provider: LocalProvider) -> None:
    here = listed(session_cache_seconds=0)
    ada = here.signed_in()
    provider.user = provider.people["grace"]
    grace = here.signed_in()
    ada.navigate("/oauth2/logout")
    assert [subject(grace.fetch("/")) for _ in range(3)] == ["grace-1906"] * 3


def test_signing_in_again_ends_the_session_before_everywhere(listed: Listed) -> None:
    here = listed(session_cache_seconds=0)
    browser = here.signed_in()
    thief = thief_of(here, browser)
    assert browser.navigate("/oauth2/login").status == 200
    assert thief.fetch("/").status == 401
    assert browser.fetch("/").status == 200


def test_a_session_that_is_renewed_after_its_logout_elsewhere_stays_ended(listed: Listed) -> None:
    """An answer that was under way brings the browser a fresh cookie of a session that has ended."""
    here = listed(session_cache_seconds=60)
    browser = here.signed_in()
    late = thief_of(here, browser)
    here.clock.advance(59)
    browser.navigate("/oauth2/logout")
    before = session_cookie(late)
    here.clock.advance(0.5)
    assert late.fetch("/").status == 200, "within session_cache_seconds"
    here.clock.advance(0.5)
    assert late.fetch("/").status == 401
    here.clock.advance(60)
    assert late.fetch("/").status == 401
    assert session_cookie(late) == before


def test_a_thief_is_refused_however_often_it_asks(listed: Listed) -> None:
    here = listed(idle_session_timeout="10m", max_session_duration=0)
    browser = here.signed_in()
    thief = thief_of(here, browser)
    browser.navigate("/oauth2/logout")
    for _ in range(30):
        here.clock.advance(60)
        assert thief.fetch("/").status == 401


def test_the_list_holds_hashes_for_as_long_as_they_matter(listed: Listed, store_url: str) -> None:
    here = listed(max_session_duration="10m")
    browser = here.signed_in()
    session_id = browser.fetch("/").json()["identity"]["session_id"]
    store = open_store(store_url, 5.0)
    before = {record.key for record in store.records()}
    browser.navigate("/oauth2/logout")
    (record,) = [record for record in store.records() if record.key not in before]
    assert session_id not in record.key
    assert store.load(record.key) == b"ended"
    assert 800 < record.expires_at - time.time() <= 900, "clocks may be five minutes apart"


def test_without_an_absolute_end_the_idle_end_counts(listed: Listed, store_url: str) -> None:
    here = listed(max_session_duration=0, idle_session_timeout="10m")
    here.signed_in().navigate("/oauth2/logout")
    (latest, *_) = sorted((each.expires_at for each in open_store(store_url, 5.0).records()), reverse=True)
    assert 900 < latest - time.time() < 1000


def test_the_list_is_not_asked_while_it_need_not_be(listed: Listed, store_url: str) -> None:
    here = listed(session_cache_seconds=3600)
    browser = here.signed_in()
    assert browser.fetch("/").status == 200
    refuse_to_ask(here)
    assert [browser.fetch("/").status for _ in range(3)] == [200] * 3


def test_without_an_answer_from_the_list_nobody_is_let_in(stage: StageFactory, redis_server: RedisServers) -> None:
    here = stage(cookie_deny_list=redis_server.url, store_timeout="1500ms", public_paths="/about")
    browser = here.signed_in()
    assert browser.fetch("/").status == 200
    calls = len(here.app.calls)
    with redis_server.paused():
        assert browser.fetch("/").status == 200, "just asked"
        here.clock.advance(2)
        refused = browser.fetch("/")
        assert (refused.status, refused.header("retry-after")) == (503, "5")
        assert here.browser().fetch("/about").status == 200
        assert browser.fetch("/oauth2/health").status == 200
        assert browser.get("/oauth2/logout").status == 503
    assert len(here.app.calls) == calls + 2
    assert browser.fetch("/").status == 200
    assert browser.navigate("/oauth2/logout").status == 200
    assert browser.fetch("/").status == 401


def test_the_provider_can_still_not_end_it(listed: Listed, provider: LocalProvider) -> None:
    here = listed()
    here.signed_in()
    token = provider.make_logout_token(sub="ada-1815", sid=None)
    answer = here.browser().post("/oauth2/backchannel-logout", form={"logout_token": token}, navigate=False)
    assert answer.status == 501


def test_no_refresh_token_is_kept_in_the_cookie(listed: Listed) -> None:
    """Providers send one unasked at times."""
    parts = listed(userinfo_refresh_interval="5m").gate._gate._components
    kept = kept_tokens(parts, parts.parties.first, Tokens("id", "access", "refresh", 3600.0))
    assert kept == {"access_token": "access"}


def test_a_recheck_goes_on_as_without_the_list(listed: Listed, provider: LocalProvider) -> None:
    here = listed(userinfo_refresh_interval="5m", allow_groups="engineers")
    browser = here.signed_in()
    provider.people["ada"]["groups"] = []
    here.clock.advance(301)
    assert browser.fetch("/").status == 403
    provider.people["ada"]["groups"] = ["engineers"]
    here.clock.advance(301)
    assert browser.fetch("/").status == 200


def test_garbage_does_not_reach_the_list(listed: Listed) -> None:
    here = listed()
    refuse_to_ask(here)
    for text in ("garbage", "", "A" * 100, "x.y"):
        stranger = here.browser()
        stranger.cookies.set(here.session_name, text)
        assert stranger.fetch("/").status == 401


CLIENT: dict[str, Any] = {"issuer_url": "https://id.example.com", "client_id": "app", "client_secret": "s"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"cookie_deny_list": "nonsense"}, r"cookie_deny_list must be one of: sqlite:///path\.db, redis://"),
        ({"cookie_deny_list": "cookie"}, r"cookie_deny_list must be one of: sqlite:///path\.db, redis://"),
        ({"cookie_deny_list": "redis://host/?x=y"}, "cookie_deny_list: a Redis URL has one host"),
        ({"cookie_deny_list": "redis://host:port/"}, "cookie_deny_list is no Redis URL"),
        (
            {"cookie_deny_list": "sqlite:///a.db", "session_store": "sqlite:///b.db"},
            "cookie_deny_list is for session_store cookie",
        ),
    ],
)
def test_a_list_that_cannot_be_stops_start_up(given: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=said):
        Gate(Settings(cookie_secret=COOKIE_SECRET, **CLIENT, **given))
