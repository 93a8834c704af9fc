"""A provider that is taken away from settings that are watched: its sessions end, and stay ended should it come back.

Only where the process knew it: others may have taken over before it that there is another provider.
"""

# ruff: noqa: F401, F811
# fixtures of another module

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oidc_gate import Settings
from tests.browser import Browser, World
from tests.providers.local import LocalProvider
from tests.redis_servers import RedisServers
from tests.stage import is_login, session_names, subject, timed
from tests.test_reload import Watched, toml, watched
from tests.test_several_providers import _served_others, entry, guests, third
from tests.test_store_fails_midway import Failing

AnybodyWatched = Callable[..., Watched]


def table(provider: LocalProvider, **more: Any) -> str:
    return "[[providers]]\n" + toml(entry(provider, **more))


@pytest.fixture(params=["cookie", "deny list", "sqlite", "redis"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """Say who keeps sessions, as settings."""
    if request.param == "redis":
        servers: RedisServers = request.getfixturevalue("redis_server")
        return {"session_store": servers.url, "session_cache_seconds": 0}
    url = f"sqlite:///{tmp_path}/sessions.db"
    named = {"cookie": {}, "deny list": {"cookie_deny_list": url}, "sqlite": {"session_store": url}}
    return {"session_cache_seconds": 0} | named[request.param]


@pytest.fixture
def two(watched: AnybodyWatched, guests: LocalProvider) -> AnybodyWatched:
    """Make gates before two providers, `guests` the second, whose settings are watched."""

    def make(**more: Any) -> Watched:
        here = watched(table(guests), **more)
        guests.clock = here.clock
        return here

    return make


def guest(here: Watched) -> Browser:
    """Return a browser that has signed in at the second provider."""
    made = here.browser()
    page = made.navigate("/oauth2/login?auth_id=guests&next=/")
    assert page.json()["identity"]["provider"] == "guests"
    return made


def staff(here: Watched) -> Browser:
    made = here.browser()
    assert made.navigate("/oauth2/login?auth_id=default&next=/").status == 200
    return made


def started_now(here: Watched, browser: Browser) -> Browser:
    """Return a browser with the same cookies at another process, which was started with what stands in the files."""
    settings = Settings.from_file(here.folder / "gate.toml", **here.more)
    other = Browser(timed(here.world, here.app, here.clock, settings=settings), here.world)
    other.cookies = browser.cookies.copy()
    return other


def drops_session(answer: Any) -> bool:
    return any(
        "=; " in each and "Max-Age=0" in each and ".login" not in each for each in answer.header_list("set-cookie")
    )


def test_its_sessions_end_for_good_and_no_others(
    two: AnybodyWatched, kept: dict[str, Any], guests: LocalProvider, provider: LocalProvider
) -> None:
    here = two(**kept)
    ada, met, unmet = staff(here), guest(here), guest(here)
    before = met.copy()
    here.configure()
    here.take_over()
    assert met.fetch("/").status == 401
    sent_off = met.get("/")
    assert is_login(sent_off, provider)
    assert drops_session(sent_off)
    assert session_names(met) == []
    assert not drops_session(met.get("/")), "once"
    assert ada.fetch("/").status == 200

    here.configure(table(guests))
    here.take_over()
    assert [before.copy().fetch("/").status, unmet.copy().fetch("/").status] == [401, 401]
    assert drops_session(before.copy().get("/"))
    assert ada.fetch("/").status == 200
    again = guest(here)
    here.look(60)
    assert again.fetch("/").status == 200, "who signs in now is in"


def test_what_was_met_has_ended_for_all_processes_where_there_is_a_store(
    two: AnybodyWatched, kept: dict[str, Any], guests: LocalProvider
) -> None:
    """What lies in a browser alone is taken from that browser; docs/several-providers.md has that."""
    here = two(**kept)
    met, unmet = guest(here), guest(here)
    here.configure()
    here.take_over()
    assert met.copy().fetch("/").status == 401
    here.configure(table(guests))
    remembers = len(kept) > 1
    assert started_now(here, met).fetch("/").status == (401 if remembers else 200)
    assert started_now(here, unmet).fetch("/").status == 200


def test_one_of_the_same_name_is_another(two: AnybodyWatched, guests: LocalProvider, third: LocalProvider) -> None:
    here = two()
    someone = guest(here)
    here.configure(table(third))
    here.take_over()
    assert someone.copy().fetch("/").status == 401
    here.configure(table(guests))
    here.take_over()
    assert someone.fetch("/").status == 401


def test_the_first_is_no_exception(two: AnybodyWatched, provider: LocalProvider, third: LocalProvider) -> None:
    here = two()
    ada = staff(here)
    here.configure(issuer_url=third.issuer)
    here.take_over()
    assert ada.copy().fetch("/").status == 401
    here.configure(issuer_url=provider.issuer)
    here.take_over()
    assert ada.fetch("/").status == 401


def test_a_process_that_does_not_know_it_yet_ends_nothing(
    watched: AnybodyWatched, kept: dict[str, Any], guests: LocalProvider, provider: LocalProvider
) -> None:
    """Another has taken over already that there is one more: its sessions are none here for a while, and no more."""
    here = watched(**kept)
    here.configure(table(guests))
    other = started_now(here, here.browser())
    guests.clock = here.clock
    page = other.navigate("/oauth2/login?auth_id=guests&next=/")
    assert page.json()["identity"]["provider"] == "guests"
    mine = here.browser()
    mine.cookies = other.cookies
    assert mine.fetch("/").status == 401
    sent_off = mine.get("/")
    assert is_login(sent_off, provider)
    assert not drops_session(sent_off)
    assert other.fetch("/").status == 200
    here.take_over()
    assert mine.fetch("/").status == 200


def test_settings_that_were_not_taken_over_end_nothing(two: AnybodyWatched, guests: LocalProvider) -> None:
    here = two()
    someone = guest(here)
    here.configure(allow_emails=None, idle_session_timeout=-1)
    for _ in range(3):
        here.look(5)
    assert someone.fetch("/").status == 200
    here.configure(table(guests), idle_session_timeout=3600)
    here.take_over()
    assert someone.fetch("/").status == 200


def test_where_the_store_cannot_end_it_the_next_request_does(
    two: AnybodyWatched, guests: LocalProvider, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = Failing(tmp_path / "sessions.db")
    here = two(session_store=store, session_cache_seconds=0)
    someone = guest(here)
    here.configure()
    here.take_over()
    store.fails = {"delete"}
    with caplog.at_level(logging.WARNING, "oidc_gate"):
        assert someone.copy().fetch("/").status == 401
    assert "a session whose provider was taken away could not be ended in the store" in caplog.text
    assert len(list(store.records())) == 1
    store.fails = set()
    assert someone.copy().fetch("/").status == 401
    assert list(store.records()) == []
