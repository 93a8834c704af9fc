"""Sessions in a store, in both worlds and two kinds of store: how long they live, and who sees that they ended."""

from __future__ import annotations

import asyncio
import gc
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oidc_gate.stores.redis import RedisStore
from oidc_gate.stores.urls import open_store
from tests.apps import COOKIE_SECRET
from tests.browser import Browser, World
from tests.conftest import StageFactory
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.redis_servers import RedisServers
from tests.stage import Clock, Stage, is_login, session_cookie, subject, timed
from tests.test_stores import in_threads

Stored = Callable[..., Stage]
NEWER = "another-cookie-secret-that-is-long-enough-9876543210"


@pytest.fixture
def stored(stage: StageFactory, store_url: str) -> Stored:
    """Set stages whose sessions are in a store."""
    return lambda **settings: stage(session_store=store_url, **settings)


def records(here: Stage) -> list[str]:
    store = open_store(here.settings["session_store"], 5.0)
    return [record.key for record in store.records()]


def session_id(browser: Browser) -> str:
    return str(browser.fetch("/").json()["identity"]["session_id"])


# One session, many processes


def test_a_login_is_known_to_every_process_and_its_cookie_is_small(stored: Stored) -> None:
    here = stored()
    browser = here.signed_in()
    assert len(session_cookie(browser)) < 200
    for _ in range(3):
        assert subject(here.moved(browser, here.another_gate()).fetch("/")) == "ada-1815"
    assert records(here) == [session_id(browser)]


def test_a_login_may_begin_in_one_process_and_end_in_another(stored: Stored, provider: LocalProvider) -> None:
    here = stored()
    browser = here.browser()
    away = browser.navigate("/report", until=f"{browser.origin}/oauth2/callback")
    other = here.moved(browser, here.another_gate())
    page = other.follow(other.get(away.target, initiator=provider.origin))
    assert (page.status, page.url) == (200, "https://app.test/report")


def test_two_sessions_of_one_person_are_two(stored: Stored) -> None:
    here = stored()
    laptop, phone = here.signed_in(), here.signed_in()
    assert session_id(laptop) != session_id(phone)
    laptop.get("/oauth2/logout")
    assert laptop.fetch("/").status == 401
    assert phone.fetch("/").status == 200


def test_claims_of_any_size_fit(stored: Stored, provider: LocalProvider) -> None:
    provider.people["ada"]["groups"] = [f"group number {number} of very many" for number in range(4000)]
    here = stored()
    browser = here.signed_in()
    assert len(browser.fetch("/").json()["identity"]["groups"]) == 4000
    assert len(browser.cookies.names()) == 1 + sum(".login." in name for name in browser.cookies.names())


# Logout, and who sees it when


def test_a_logout_is_seen_at_once_here_and_within_the_bound_elsewhere(stored: Stored) -> None:
    here = stored(session_cache_seconds=5)
    browser = here.signed_in()
    copy, elsewhere = browser.copy(), here.moved(browser, here.another_gate())
    assert elsewhere.fetch("/").status == 200
    browser.get("/oauth2/logout")
    assert copy.fetch("/").status == 401
    here.clock.advance(4.9)
    assert elsewhere.fetch("/").status == 200
    here.clock.advance(0.1)
    assert elsewhere.fetch("/").status == 401
    assert records(here) == []


def test_with_no_time_to_believe_in_a_logout_is_seen_at_once_everywhere(stored: Stored) -> None:
    here = stored(session_cache_seconds=0)
    browser = here.signed_in()
    elsewhere = here.moved(browser, here.another_gate())
    assert [elsewhere.fetch("/").status for _ in range(3)] == [200] * 3
    browser.get("/oauth2/logout")
    assert elsewhere.fetch("/").status == 401


def test_a_session_that_was_ended_stays_ended_whatever_is_under_way_elsewhere(stored: Stored) -> None:
    here = stored(idle_session_timeout="10m", session_cache_seconds=60)
    browser = here.signed_in()
    elsewhere = here.moved(browser, here.another_gate())
    assert elsewhere.fetch("/").status == 200
    browser.get("/oauth2/logout")
    here.clock.advance(59)  # so that its activity is due to be kept, and it is still believed
    assert elsewhere.fetch("/").status == 401
    assert records(here) == []


def test_signing_in_again_makes_a_new_session_and_the_old_one_is_dead_everywhere(stored: Stored) -> None:
    here = stored(session_cache_seconds=0)
    browser = here.signed_in()
    before, old = here.moved(browser, here.another_gate()), session_id(browser)
    browser.navigate("/oauth2/login")
    assert session_id(browser) != old
    assert before.fetch("/").status == 401
    assert records(here) == [session_id(browser)]


def test_a_login_that_began_in_a_session_ends_that_session(stored: Stored, provider: LocalProvider) -> None:
    """Also when its cookie is gone by the time the login comes back."""
    here = stored()
    browser = here.signed_in()
    old = session_id(browser)
    away = browser.navigate("/oauth2/login", until=f"{browser.origin}/oauth2/callback")
    browser.cookies.delete(here.session_name)
    browser.follow(browser.get(away.target, initiator=provider.origin))
    assert old not in records(here)


# Idle and absolute end


def test_a_session_ends_when_nothing_is_asked_anywhere_for_too_long(stored: Stored) -> None:
    here = stored(idle_session_timeout="10m")
    browser = here.signed_in()
    elsewhere = here.moved(browser, here.another_gate())
    for visitor in (elsewhere, browser, elsewhere, elsewhere, browser):
        here.clock.advance(500)
        assert subject(visitor.fetch("/")) == "ada-1815"
    here.clock.advance(601)
    assert [visitor.fetch("/").status for visitor in (browser, elsewhere)] == [401, 401]


def test_a_session_ends_after_its_longest_life_in_every_process(stored: Stored) -> None:
    here = stored(max_session_duration="1h", idle_session_timeout="30m")
    browser = here.signed_in()
    elsewhere = here.moved(browser, here.another_gate())
    for _ in range(2):
        here.clock.advance(1790)
        assert [visitor.fetch("/").status for visitor in (browser, elsewhere)] == [200, 200]
    here.clock.advance(20)
    assert [visitor.fetch("/").status for visitor in (browser, elsewhere)] == [401, 401]


def test_the_providers_ceiling_counts_in_the_store_too(stored: Stored, provider: LocalProvider) -> None:
    here = stored()
    provider.people["ada"]["session_expiry"] = here.clock() + 600
    browser = here.signed_in()
    kept = next(open_store(here.settings["session_store"], 5.0).records())
    assert kept.expires_at == pytest.approx(time.time() + 600, abs=LIMIT)
    here.clock.advance(600)
    assert browser.fetch("/").status == 401


def test_activity_is_written_only_once_in_a_while(stored: Stored) -> None:
    counted = Counting(stored().settings["session_store"])
    here = stored(idle_session_timeout="1h")
    gate = here.another_gate(session_store=counted)
    browser = here.signed_in()
    busy = here.moved(browser, gate)
    for _ in range(60):
        here.clock.advance(2)
        assert busy.fetch("/").status == 200
    assert counted.writes == 2, "once in a minute, of two"


class Counting:
    """A store of the user's own, which counts what is asked of it."""

    def __init__(self, url: str) -> None:
        self.inner: Any = open_store(url, 5.0)
        self.loads = self.writes = 0

    def load(self, *given: Any) -> Any:
        self.loads += 1
        return self.inner.load(*given)

    def replace(self, *given: Any) -> Any:
        self.writes += 1
        return self.inner.replace(*given)

    def save(self, *given: Any) -> Any:
        return self.inner.save(*given)

    def delete(self, *given: Any) -> Any:
        return self.inner.delete(*given)

    def delete_named(self, *given: Any) -> Any:
        return self.inner.delete_named(*given)

    def claim(self, *given: Any) -> Any:
        return self.inner.claim(*given)

    def release(self, *given: Any) -> Any:
        return self.inner.release(*given)

    def records(self) -> Any:
        return self.inner.records()


def test_a_hot_session_is_loaded_once_a_second(stored: Stored) -> None:
    counted = Counting(stored().settings["session_store"])
    here = stored()
    gate = here.another_gate(session_store=counted)
    busy = here.moved(here.signed_in(), gate)
    for _ in range(50):
        here.clock.advance(0.1)
        assert busy.fetch("/").status == 200
    assert 5 <= counted.loads <= 6
    strict = here.moved(busy, here.another_gate(session_store=counted, session_cache_seconds=0))
    counted.loads = 0
    assert [strict.fetch("/").status for _ in range(10)] == [200] * 10
    assert counted.loads == 10


# Two machines whose clocks are two minutes apart


def test_two_machines_may_differ_by_two_minutes(stored: Stored, provider: LocalProvider, world: World) -> None:
    here = stored(idle_session_timeout="10m", max_session_duration="1h")
    early, late = Clock(here.clock() - 60), Clock(here.clock() + 60)
    options = provider.gate_options(**here.settings)
    gates = [timed(world, here.app, clock, **options) for clock in (early, late)]
    for first, second in (gates, gates[::-1]):
        browser = here.browser(first)
        assert browser.navigate("/").status == 200
        other = here.moved(browser, second)
        for _ in range(6):
            for clock in (early, late, here.clock):
                clock.advance(400)
            for visitor in (browser, other, browser):
                assert subject(visitor.fetch("/")) == "ada-1815"
        for clock in (early, late, here.clock):
            clock.advance(601 + 120)
        assert [visitor.fetch("/").status for visitor in (browser, other)] == [401, 401]


# Secrets


def test_a_ticket_is_sealed_again_after_a_change_of_the_secret(stored: Stored) -> None:
    here = stored()
    browser = here.signed_in()
    old, identifier = session_cookie(browser), session_id(browser)
    rotated = here.moved(browser, here.another_gate(cookie_secret=[NEWER, COOKIE_SECRET]))
    assert subject(rotated.fetch("/")) == "ada-1815"
    assert session_cookie(rotated) != old
    assert rotated.fetch("/").header_list("Set-Cookie") == []
    later = here.moved(rotated, here.another_gate(cookie_secret=NEWER))
    assert session_id(later) == identifier
    assert here.moved(browser, here.another_gate(cookie_secret=NEWER)).fetch("/").status == 401
    assert records(here) == [identifier]


def test_a_session_is_bound_to_its_client_and_provider(stored: Stored, provider: LocalProvider) -> None:
    provider.add_client("other")
    here = stored()
    browser = here.signed_in()
    for changed in (provider.gate_options("other"), {"auth_id": "other"}):
        gate = here.another_gate(**changed)
        assert is_login(here.moved(browser, gate).get("/"), provider)
        assert is_login(here.moved(browser, gate).get("/"), provider)


def test_a_copy_of_the_store_gives_nothing_away(
    stage: StageFactory, provider: LocalProvider, redis_server: RedisServers, tmp_path: Path
) -> None:
    """Neither the file nor the keys and values hold a cookie's text, a token, an address or a name of anyone."""
    for url in (f"sqlite:///{tmp_path}/sessions.db", redis_server.url):
        here = stage(session_store=url, scopes="openid email profile offline_access", provider_logout=True)
        browser = here.signed_in()
        cookie = session_cookie(browser)
        here.clock.advance(3590)
        assert browser.fetch("/").status == 200
        dump = b"".join(file.read_bytes() for file in tmp_path.glob("sessions.db*")) + redis_server.everything()
        assert session_id(browser).encode() in dump, "this is where it lies"
        issued = [*provider.refresh_tokens, *provider.used_refresh_tokens, *provider.access_tokens, *provider.sessions]
        told = ["ada-1815", "example.com", "Lovelace", "engineers", cookie, cookie[8:60], COOKIE_SECRET, *issued]
        assert [text for text in told if text.encode() in dump] == []


def test_of_many_first_requests_in_a_new_process_one_asks_the_provider(stored: Stored, provider: LocalProvider) -> None:
    here = stored(userinfo_refresh_interval="5m", idle_session_timeout=0, http_timeout=LIMIT, store_timeout=LIMIT)
    browser = here.signed_in()
    here.clock.advance(301)
    gate = here.another_gate()
    before = len(provider.calls("userinfo"))
    tabs = [here.moved(browser, gate) for _ in range(16)]
    assert in_threads(16, lambda number: tabs[number].fetch("/").status) == [200] * 16
    assert len(provider.calls("userinfo")) == before + 1


def test_a_session_that_changed_here_while_the_store_was_asked_does_not_come_back_as_it_was(stored: Stored) -> None:
    here = stored(session_cache_seconds=30)
    browser = here.signed_in()
    assert browser.fetch("/").status == 200
    all_sessions, text, name = here.gate._gate._sessions, session_cookie(browser), here.session_name
    before = all_sessions._recent.get(text)
    asked = all_sessions._asking.load

    def meanwhile(key: str) -> Any:
        value = asked(key)  # as it was; then another request keeps it anew
        all_sessions._asking.load = asked
        assert all_sessions.keep_changed(text, before, before.session._replace(checked_at=here.clock() + 1)) is not None
        return value

    all_sessions._asking.load = meanwhile
    found = all_sessions.load_afresh(text, name, here.clock())
    assert found is not before
    assert found.session.checked_at == here.clock() + 1
    assert before.steady_until == 0


def test_event_loops_that_have_ended_are_forgotten(redis_server: RedisServers) -> None:
    store = open_store(redis_server.url, 5.0)
    assert isinstance(store, RedisStore)
    store.save("key", b"value", 60, (), 60)

    async def ask() -> bytes | None:
        assert store.load_on_loop is not None
        return await store.load_on_loop("key")

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # nobody has closed what those loops had open
        for _ in range(5):
            assert asyncio.run(ask()) == b"value"
            gc.collect()
        assert len(store._on_loops) == 1
        store._on_loops.clear()
        gc.collect()


def test_with_tls_redis_is_asked_in_threads() -> None:
    """redis-py would read all certificate authorities anew for each connection, on the event loop."""
    assert RedisStore("rediss://localhost:1/0", 1.0).load_on_loop is None


def test_activity_on_pages_that_others_may_be_given_is_known_to_all_processes(stored: Stored) -> None:
    here = stored(idle_session_timeout="10m")
    browser = here.signed_in()
    here.app.headers = [("Cache-Control", "public, max-age=600")]
    for _ in range(4):
        here.clock.advance(200)
        assert browser.fetch("/").status == 200
    assert here.moved(browser, here.another_gate()).fetch("/").status == 200
