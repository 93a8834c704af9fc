"""surface.md, 'How sessions behave', for sessions that live in the cookie: life, idleness, recheck, rotation."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.apps import COOKIE_SECRET
from tests.browser import World
from tests.conftest import StageFactory
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.stage import Stage, is_login, session_cookie, session_names, subject

NEWER = "another-cookie-secret-that-is-long-enough-9876543210"
THIRD = "a-third-cookie-secret-that-is-long-enough-5556667770"

# Life and idleness


def test_a_session_ends_after_its_longest_life_however_busy(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(max_session_duration="2h", idle_session_timeout="1h")
    browser = here.signed_in()
    for _ in range(3):
        here.clock.advance(2399)
        assert subject(browser.fetch("/")) == "ada-1815"
    here.clock.advance(4)
    assert browser.fetch("/").status == 401
    assert is_login(browser.get("/"), provider)


def test_the_providers_own_ceiling_counts_when_it_is_sooner(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(idle_session_timeout=0)
    provider.people["ada"]["session_expiry"] = here.clock() + 600
    browser = here.signed_in()
    here.clock.advance(599)
    assert browser.fetch("/").status == 200
    here.clock.advance(1)
    assert browser.fetch("/").status == 401


def test_a_session_without_a_longest_life_goes_on_and_its_cookie_with_the_browser(stage: StageFactory) -> None:
    here = stage(max_session_duration=0, idle_session_timeout=0)
    browser = here.signed_in()
    assert browser.cookies.find(session_names(browser)[0]).expires is None
    here.clock.advance(10 * 365 * 86400)
    assert browser.fetch("/").status == 200


def test_a_session_ends_when_nothing_is_asked_for_too_long(stage: StageFactory) -> None:
    here = stage(idle_session_timeout="10m")
    browser = here.signed_in()
    here.clock.advance(600)
    assert browser.fetch("/").status == 200
    here.clock.advance(601)
    assert browser.fetch("/").status == 401


def test_every_request_that_reaches_the_app_counts_as_activity(stage: StageFactory) -> None:
    here = stage(idle_session_timeout="10m", public_paths="/about")
    browser = here.signed_in()
    for path in ("/", "/about", "/private", "/about"):
        here.clock.advance(599)
        assert subject(browser.fetch(path)) == "ada-1815"


def test_the_gates_own_answers_are_no_activity(stage: StageFactory) -> None:
    here = stage(idle_session_timeout="10m")
    browser = here.signed_in()
    here.clock.advance(599)
    assert browser.fetch("/oauth2/userinfo").status == 200
    here.clock.advance(2)
    assert browser.fetch("/").status == 401


def test_activity_is_known_to_other_processes_through_the_cookie(stage: StageFactory) -> None:
    here = stage(idle_session_timeout="10m")
    browser = here.signed_in()
    for _ in range(4):
        here.clock.advance(500)
        browser.fetch("/")
    here.clock.advance(500)
    elsewhere = here.moved(browser, here.another_gate())
    assert subject(elsewhere.fetch("/")) == "ada-1815"


@pytest.mark.parametrize(
    ("more", "said", "status"),
    [
        ({}, "public, max-age=600", 401),
        ({}, "no-cache", 401),
        ({}, "private, max-age=600", 200),
        ({"cache_control": "force private"}, "public, max-age=600", 200),
    ],
)
def test_activity_on_pages_that_others_may_be_given_is_known_to_one_process_alone(
    stage: StageFactory, more: dict[str, str], said: str, status: int
) -> None:
    """No cookie rides on such an answer: docs/sessions.md, "How long a session lasts"."""
    here = stage(idle_session_timeout="10m", **more)
    browser = here.signed_in()
    here.app.headers = [("Cache-Control", said)]
    for _ in range(4):
        here.clock.advance(200)
        assert browser.fetch("/").status == 200
    assert here.moved(browser, here.another_gate()).fetch("/").status == status


def test_the_cookie_is_sealed_again_only_once_in_a_while(stage: StageFactory) -> None:
    here = stage()
    browser = here.signed_in()
    here.clock.advance(59)
    assert browser.fetch("/").header_list("Set-Cookie") == []
    here.clock.advance(2)
    answer = browser.fetch("/")
    assert len(answer.header_list("Set-Cookie")) == 1
    assert answer.header("Cache-Control") == "private"
    assert browser.fetch("/").header_list("Set-Cookie") == []


@pytest.mark.parametrize(("said", "renewed"), [("public, max-age=60", False), ("no-store", True), ("private", True)])
def test_no_renewed_cookie_rides_on_an_answer_that_others_may_be_given(
    stage: StageFactory, said: str, renewed: bool
) -> None:
    here = stage()
    browser = here.signed_in()
    here.app.headers = [("Cache-Control", said)]
    here.clock.advance(120)
    answer = browser.fetch("/")
    assert (bool(answer.header_list("Set-Cookie")), answer.header("Cache-Control")) == (renewed, said)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Cache-Control", "public, max-age=61"),
        ("Surrogate-Control", "max-age=3600"),
        ("Expires", "Thu, 01 Dec 2050 16:00:00 GMT"),
        ("CDN-Cache-Control", "max-age=3600/x"),
    ],
)
def test_no_content_type_has_the_gate_overlook_what_is_said_of_caching(
    stage: StageFactory, name: str, value: str
) -> None:
    """Types are remembered; whoever names one, as of a file that they upload, may name it like a word of caching."""
    here = stage()
    browser = here.signed_in()
    for known in ("text/plain", value):
        here.app.headers = [("Content-Type", known)]
        browser.fetch("/")
    here.app.headers = [("Content-Type", "text/plain"), (name, value)]
    here.clock.advance(120)
    answer = browser.fetch("/")
    assert (answer.header_list("Set-Cookie"), answer.header_list(name)) == ([], [value])


def test_no_cookie_is_in_what_an_error_report_prints_of_the_app(world: World, provider: LocalProvider) -> None:
    printed: list[str] = []

    def wsgi_app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        printed.append(repr((environ, start_response)))
        start_response("200 OK", [("Content-Type", "text/plain")])
        return []

    async def asgi_app(scope: dict[str, Any], _receive: Any, send: Any) -> None:
        printed.append(repr((scope, send)))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    here = Stage(world, provider, app=wsgi_app if world == "wsgi" else asgi_app)
    browser = here.signed_in()
    before = session_cookie(browser)
    here.clock.advance(120)
    assert len(browser.fetch("/").header_list("Set-Cookie")) == 1
    assert [text for text in (before, session_cookie(browser)) if any(text in each for each in printed)] == []


# One session for another


def test_signing_in_again_makes_a_new_session_and_ends_the_old(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage()
    browser = here.signed_in()
    before, identifier = browser.copy(), browser.fetch("/").json()["identity"]["session_id"]
    provider.user = provider.people["grace"]
    page = browser.navigate("/oauth2/login")
    assert subject(page) == "grace-1906"
    assert page.json()["identity"]["session_id"] != identifier
    assert before.fetch("/").status == 401


def test_signing_in_again_by_a_posted_callback_ends_the_old_session_too(stage: StageFactory) -> None:
    browser = stage(response_mode="form_post").signed_in()
    before = browser.copy()
    assert browser.navigate("/oauth2/login").status == 200
    assert before.fetch("/").status == 401


def test_a_logout_ends_every_sealing_of_the_session(stage: StageFactory) -> None:
    here = stage()
    browser = here.signed_in()
    older = browser.copy()
    here.clock.advance(120)
    browser.fetch("/")
    assert session_cookie(browser) != session_cookie(older)
    assert browser.get("/oauth2/logout").status == 200
    assert older.fetch("/").status == 401
    assert older.fetch("/oauth2/userinfo").status == 401


# Secrets


def test_a_new_cookie_secret_keeps_old_sessions_and_seals_them_anew(stage: StageFactory) -> None:
    here = stage()
    browser = here.signed_in()
    both = here.moved(browser, here.another_gate(cookie_secret=[NEWER, COOKIE_SECRET]))
    assert subject(both.fetch("/")) == "ada-1815"
    assert session_cookie(both) != session_cookie(browser)
    only_new = here.another_gate(cookie_secret=f"{NEWER} {THIRD}")
    assert subject(here.moved(both, only_new).fetch("/")) == "ada-1815"
    assert here.moved(browser, only_new).fetch("/").status == 401


def test_a_login_under_way_survives_a_new_cookie_secret(stage: StageFactory) -> None:
    here = stage()
    browser = here.browser()
    at_provider = browser.navigate("/report", until="https://app.test/oauth2/callback")
    later = here.moved(browser, here.another_gate(cookie_secret=[NEWER, COOKIE_SECRET]))
    assert subject(later.navigate(at_provider.target)) == "ada-1815"


def test_two_processes_know_each_others_sessions(stage: StageFactory) -> None:
    here = stage()
    browser = here.browser()
    at_provider = browser.navigate("/report", until="https://app.test/oauth2/callback")
    elsewhere = here.moved(browser, here.another_gate())
    assert subject(elsewhere.navigate(at_provider.target)) == "ada-1815"
    assert subject(here.moved(elsewhere, here.gate).fetch("/")) == "ada-1815"


# AskingBackend the provider again


@pytest.fixture
def rechecked(stage: StageFactory) -> Stage:
    return stage(userinfo_refresh_interval="15m", allow_groups="engineers", idle_session_timeout=0)


def test_claims_are_fetched_again_and_reach_the_app_and_the_cookie(rechecked: Stage, provider: LocalProvider) -> None:
    browser = rechecked.signed_in()
    provider.people["ada"] |= {"name": "Countess of Lovelace"}
    rechecked.clock.advance(899)
    assert browser.fetch("/").json()["identity"]["name"] == "Ada Lovelace"
    rechecked.clock.advance(2)
    assert browser.fetch("/").json()["identity"]["name"] == "Countess of Lovelace"
    asked = len(provider.calls("userinfo"))
    elsewhere = rechecked.moved(browser, rechecked.another_gate())
    assert elsewhere.fetch("/").json()["identity"]["name"] == "Countess of Lovelace"
    assert len(provider.calls("userinfo")) == asked


def test_a_claim_that_the_provider_takes_away_is_gone(rechecked: Stage, provider: LocalProvider) -> None:
    browser = rechecked.signed_in()
    del provider.people["ada"]["preferred_username"]
    rechecked.clock.advance(901)
    assert "preferred_username" not in browser.fetch("/").json()["identity"]["claims"]


def test_whoever_loses_the_right_gets_403_and_keeps_the_session(rechecked: Stage, provider: LocalProvider) -> None:
    browser = rechecked.signed_in()
    provider.people["ada"]["groups"] = []
    rechecked.clock.advance(901)
    calls = len(rechecked.app.calls)
    assert [browser.fetch("/").status, browser.get("/").status, browser.fetch("/").status] == [403, 403, 403]
    assert len(rechecked.app.calls) == calls
    provider.people["ada"]["groups"] = ["engineers"]
    rechecked.clock.advance(901)
    assert browser.fetch("/").status == 200


@pytest.mark.parametrize("fault", ["userinfo_unauthorized", "userinfo_wrong_subject", "userinfo_no_subject"])
def test_the_providers_clear_no_ends_the_session(rechecked: Stage, provider: LocalProvider, fault: str) -> None:
    browser = rechecked.signed_in()
    rechecked.clock.advance(901)
    with provider.fault(fault):
        assert browser.fetch("/").status == 401
    assert browser.fetch("/").status == 401


@pytest.mark.parametrize("fault", ["userinfo_down", "userinfo_html", "userinfo_is_a_list", "stopped"])
def test_an_outage_at_the_provider_ends_nothing(rechecked: Stage, provider: LocalProvider, fault: str) -> None:
    browser = rechecked.signed_in()
    rechecked.clock.advance(901)
    if fault == "stopped":
        provider.stop()
        assert browser.fetch("/").status == 200
    else:
        with provider.fault(fault):
            assert browser.fetch("/").status == 200
    asked = len(provider.calls("userinfo"))
    assert browser.fetch("/").status == 200
    assert len(provider.calls("userinfo")) == asked
    provider.start()
    provider.people["ada"]["groups"] = []
    rechecked.clock.advance(31)
    assert browser.fetch("/").status == 403


def test_one_request_asks_while_the_others_go_on(rechecked: Stage, provider: LocalProvider, world: World) -> None:
    browser = rechecked.signed_in()
    asked = len(provider.calls("userinfo"))
    rechecked.clock.advance(901)
    with provider.hold("userinfo") as hold:
        first: list[int] = []
        waiting = threading.Thread(target=lambda: first.append(browser.copy().fetch("/").status))
        waiting.start()
        hold.wait_for(1)
        assert [browser.copy().fetch("/").status for _ in range(5)] == [200] * 5
        assert first == []
        hold.release()
        waiting.join(LIMIT)
    assert first == [200]
    assert len(provider.calls("userinfo")) == asked + 1


# Logging out from elsewhere


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_logout_from_another_site_asks_first(stage: StageFactory, method: str) -> None:
    browser = stage(public_paths="/bye").signed_in()
    form: dict[str, Any] = {"form": {"next": "/bye"}} if method == "POST" else {}
    page = browser.request(method, "/oauth2/logout?next=/bye", initiator="https://evil.example/", **form)
    assert (page.status, "Nothing has happened yet" in page.text) == (200, True)
    assert browser.fetch("/").status == 200
    done = browser.submit(page)
    assert (done.status, done.target) == (303, "https://app.test/bye")
    assert browser.fetch("/").status == 401


def test_a_picture_on_another_site_signs_nobody_out(stage: StageFactory) -> None:
    browser = stage().signed_in()
    browser.fetch("/oauth2/logout", initiator="https://evil.example/")
    browser.fetch("/oauth2/logout", "POST", initiator="https://evil.example/")
    assert browser.fetch("/").status == 200


def test_a_logout_from_the_same_site_asks_nothing(stage: StageFactory) -> None:
    browser = stage().signed_in()
    assert "signed out" in browser.get("/oauth2/logout", initiator="https://www.app.test/").text
    assert browser.fetch("/").status == 401
