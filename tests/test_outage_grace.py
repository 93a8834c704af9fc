"""`provider_outage_grace`: how long a session goes on for which a provider should have vouched that does not answer."""

from __future__ import annotations

import logging

import pytest

from oidc_gate.gate.gate import Gate
from tests.asgi_driver import GATES
from tests.browser import Browser
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import Stage, is_login, session_cookie

FOREVER = {"idle_session_timeout": 0, "max_session_duration": 0}
CHECKED = FOREVER | {"userinfo_refresh_interval": "5m"}


@pytest.fixture(autouse=True)
def _access_tokens_last(provider: LocalProvider) -> None:
    provider.access_token_lifetime = 10_000_000


def test_without_it_a_session_outlives_any_outage(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**CHECKED)
    browser = here.signed_in()
    with provider.fault("userinfo_down"):
        for _ in range(50):
            here.clock.advance(3600)
            assert browser.fetch("/").status == 200


def test_with_it_a_session_ends_once_the_check_is_overdue_for_so_long(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    here = stage(**CHECKED, provider_outage_grace="1h")
    browser = here.signed_in()
    calls = len(here.app.calls)
    with provider.fault("userinfo_down"):
        for seconds in (301, 600, 2900, 98):
            here.clock.advance(seconds)
            assert browser.fetch("/").status == 200
        here.clock.advance(1)
        with caplog.at_level(logging.WARNING, "oidc_gate"):
            assert browser.fetch("/").status == 401
    assert "has not answered for provider_outage_grace: subject 'ada-1815'" in caplog.text
    assert len(here.app.calls) == calls + 4
    assert browser.fetch("/").status == 401
    assert is_login(browser.get("/"), provider)
    assert browser.navigate("/").status == 200


def test_an_answer_in_between_begins_it_anew(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**CHECKED, provider_outage_grace="1h")
    browser = here.signed_in()
    for _ in range(3):
        with provider.fault("userinfo_down"):
            for seconds in (301, 1800, 1500):
                here.clock.advance(seconds)
                assert browser.fetch("/").status == 200
        here.clock.advance(301)
        assert browser.fetch("/").status == 200


def test_it_holds_for_tokens_that_cannot_be_renewed_too(
    stage: StageFactory, provider: LocalProvider, store_url: str
) -> None:
    provider.access_token_lifetime = 3600
    here = stage(
        **FOREVER, session_store=store_url, scopes="openid profile email offline_access", provider_outage_grace="10m"
    )
    browser, other = here.signed_in(), here.another_gate()
    with provider.fault("token_down"):
        for seconds in (3541, 300, 298):
            here.clock.advance(seconds)
            assert browser.fetch("/").status == 200
        here.clock.advance(2)
        assert browser.fetch("/").status == 401
    assert here.moved(browser, other).fetch("/").status == 401


def test_a_silent_provider_is_asked_less_and_less_often(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**CHECKED)
    browser = here.signed_in()
    here.clock.advance(301)
    asked_at, before = [], len(provider.calls("userinfo"))
    with provider.fault("userinfo_down"):
        for second in range(1000):
            assert browser.fetch("/").status == 200
            if len(provider.calls("userinfo")) > before:
                before = len(provider.calls("userinfo"))
                asked_at.append(second)
            here.clock.advance(1)
    assert asked_at == [0, 10, 30, 70, 150, 310, 610, 910]


def test_once_it_answers_it_is_asked_as_often_as_before(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**CHECKED)
    browser = here.signed_in()
    with provider.fault("userinfo_down"):
        for _ in range(10):
            here.clock.advance(301)
            assert browser.fetch("/").status == 200
    here.clock.advance(301)
    before = len(provider.calls("userinfo"))
    assert browser.fetch("/").status == 200
    here.clock.advance(301)
    assert browser.fetch("/").status == 200
    assert len(provider.calls("userinfo")) == before + 2


def test_what_another_process_was_told_meanwhile_counts(
    stage: StageFactory, provider: LocalProvider, store_url: str
) -> None:
    here, browser, elsewhere = in_two_processes(stage, store_url)
    here.clock.advance(840)
    assert elsewhere.fetch("/").status == 200, "and the provider has answered there"
    with provider.fault("userinfo_down"):
        here.clock.advance(310)
        assert [browser.fetch("/").status, elsewhere.fetch("/").status] == [200, 200]
        here.clock.advance(600)
        assert browser.fetch("/").status == 401
        assert elsewhere.fetch("/").status == 401


def test_a_session_that_is_gone_meanwhile_is_not_ended_twice(
    stage: StageFactory, provider: LocalProvider, store_url: str
) -> None:
    here, browser, elsewhere = in_two_processes(stage, store_url)
    browser.navigate("/oauth2/logout")
    opened = next(iter(elsewhere_gate()._sessions._recent.all()))
    with provider.fault("userinfo_down"):
        here.clock.advance(1000)
        assert elsewhere_gate()._rechecking[""]._unanswered(session_cookie(elsewhere), opened) is None
    assert elsewhere.fetch("/").status == 401


def in_two_processes(stage: StageFactory, store_url: str) -> tuple[Stage, Browser, Browser]:
    """Return a signed-in browser, and its twin at another process that has met the session too."""
    here = stage(**CHECKED, provider_outage_grace="10m", session_store=store_url, session_cache_seconds=3600)
    browser = here.signed_in()
    elsewhere = here.moved(browser, here.another_gate())
    assert elsewhere.fetch("/").status == 200
    return here, browser, elsewhere


def elsewhere_gate() -> Gate:
    """Return the gate that was made last."""
    gate: Gate = GATES[-1]._gate
    return gate
