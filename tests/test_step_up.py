"""surface.md, 'Rules', 6: a rule that wants more of the sign-in itself (`acr`, `max_age`) has people sign in again.

The provider of these tests signs in with the level `pwd`, and with `mfa` or `phr` where that is asked for.
"""

from __future__ import annotations

import html
import re
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from werkzeug.datastructures import WWWAuthenticate

from tests.answers import Answer
from tests.apps import COOKIE_SECRET
from tests.browser import Browser, World
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import Stage, is_login, query, session_cookie, subject

CALLBACK = "https://app.test/oauth2/callback"
UNMET = "step_up_unmet"
PAYROLL = {"name": "payroll", "path": "/payroll", "allow": "signed-in"}
PHR = PAYROLL | {"acr": ["phr", "mfa"]}
FRESH = PAYROLL | {"max_age": "10m"}
BOTH = PHR | FRESH
HTMX = {"HX-Request": "true", "Accept": "*/*", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
TURBO = {"Accept": "text/html, application/xhtml+xml", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
GRPC = {"Content-Type": "application/grpc-web+proto", "Accept": "*/*", "Sec-Fetch-Mode": "cors"}


@pytest.fixture(autouse=True)
def _levels(provider: LocalProvider) -> None:
    provider.usual_acr, provider.acrs = "pwd", ("mfa", "phr")


@pytest.fixture(params=["cookie", "sqlite"])
def storing(request: pytest.FixtureRequest, stage: StageFactory, tmp_path: Path) -> StageFactory:
    """Set stages whose sessions are in cookies, and ones whose sessions are in a store."""
    url = "cookie" if request.param == "cookie" else f"sqlite:///{tmp_path}/sessions.db"
    return lambda **settings: stage(**({"session_store": url} | settings))


def ruled(stage: StageFactory, *rules: dict[str, Any], **settings: Any) -> Stage:
    return stage(rules=list(rules or (BOTH,)), **settings)


def asked(provider: LocalProvider) -> list[tuple[str | None, str | None, str | None]]:
    """Return `acr_values`, `max_age` and `prompt` of each login, oldest first."""
    names = ("acr_values", "max_age", "prompt")
    return [tuple(call.params.get(name) for name in names) for call in provider.calls("authorize")]  # type: ignore[misc]


def asked_by(answer: Answer) -> tuple[str | None, str | None, str | None]:
    found = query(answer.target)
    return found.get("acr_values"), found.get("max_age"), found.get("prompt")


def acr(answer: Answer) -> str | None:
    found: str | None = answer.json()["identity"]["claims"].get("acr")
    return found


def unmet(page: Answer) -> str:
    """Return the text of the page that says that the sign-in was not enough."""
    assert (page.status, UNMET in page.text) == (403, True), (page.status, page.text)
    return html.unescape(page.text)


def challenge(answer: Answer) -> dict[str, str | None]:
    """Return the parameters of the one challenge of RFC 9470."""
    read = WWWAuthenticate.from_header(answer.header("WWW-Authenticate"))
    assert read is not None
    assert read.type == "bearer"
    return dict(read.parameters)


def grace_is_there(provider: LocalProvider) -> None:
    provider.user = provider.people["grace"]


# Pages


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (PHR, ("phr mfa", None, None)),
        (PHR | {"acr": "mfa"}, ("mfa", None, None)),
        (PHR | {"acr": ["urn:x:loa:2", "https://refeds.org/profile/mfa"]},
         ("urn:x:loa:2 https://refeds.org/profile/mfa", None, None)),
        (FRESH, (None, "600", None)),
        (PAYROLL | {"max_age": 90}, (None, "90", None)),
        (BOTH, ("phr mfa", "600", None)),
    ],
)  # fmt: skip
def test_a_page_asks_for_what_its_rule_wants(
    stage: StageFactory, provider: LocalProvider, rule: dict[str, Any], wanted: tuple[str | None, ...]
) -> None:
    here = ruled(stage, rule)
    browser = here.signed_in()
    here.clock.advance(601)
    calls = len(here.app.calls)
    away = browser.get("/payroll/2029?q=1")
    assert (is_login(away, provider), away.header("Cache-Control")) == (True, "no-store")
    assert asked_by(away) == wanted
    assert len(here.app.calls) == calls
    assert asked_by(here.browser().get("/payroll")) == wanted


def test_after_it_the_page_is_seen_as_the_same_person_with_the_new_level(
    storing: StageFactory, provider: LocalProvider
) -> None:
    here = ruled(storing, PHR)
    browser = here.signed_in()
    before = browser.fetch("/").json()["identity"]
    page = browser.navigate("/payroll/caf%C3%A9?q=%2F")
    assert (page.status, page.url, acr(page)) == (200, "https://app.test/payroll/caf%C3%A9?q=%2F", "phr")
    after = page.json()["identity"]
    assert (after["subject"], before["claims"]["acr"]) == (before["subject"], "pwd")
    assert after["session_id"] != before["session_id"]
    assert [browser.fetch(path).status for path in ("/payroll", "/", "/payroll", "/payroll/x")] == [200] * 4
    assert asked(provider) == [(None, None, None), ("phr mfa", None, None)]


#: More than goes to the provider in `state` beside most addresses.
LONG_ACR = [f"urn:oasis:names:tc:SAML:2.0:ac:classes:{number}:{'x' * 60}" for number in range(6)]


@pytest.mark.parametrize("length", [1, 100, 299, 320])
@pytest.mark.parametrize("has_session", [True, False])
def test_a_long_demand_comes_back_and_so_does_the_address(
    stage: StageFactory, provider: LocalProvider, length: int, has_session: bool
) -> None:
    provider.usual_acr, provider.acrs = "pwd", (LONG_ACR[1], "dull")
    here = stage(rules=[{"path": "/admin", "allow": "signed-in", "acr": LONG_ACR}])
    browser = here.signed_in() if has_session else here.browser()
    page = "/admin/" + "".join(chr(97 + number * 7 % 26) for number in range(length))
    answer = browser.navigate(page)
    assert (answer.status, urlsplit(answer.url).path) == (200, page)


def test_the_session_before_is_ended(stage: StageFactory, tmp_path: Path) -> None:
    here = ruled(stage, PHR, session_store=f"sqlite:///{tmp_path}/sessions.db")
    browser = here.signed_in()
    old = browser.copy()
    assert browser.navigate("/payroll").status == 200
    assert [old.fetch(path).status for path in ("/", "/payroll")] == [401, 401]
    assert (old.fetch("/").json()["error"], browser.fetch("/").status) == ("login_required", 200)


def test_a_strangers_login_asks_at_once_and_is_the_only_one(storing: StageFactory, provider: LocalProvider) -> None:
    browser = ruled(storing, BOTH).browser()
    page = browser.navigate("/payroll?q=1")
    assert (page.status, page.url, acr(page)) == (200, "https://app.test/payroll?q=1", "phr")
    assert asked(provider) == [("phr mfa", "600", None)]


def test_what_was_asked_for_once_is_not_asked_for_elsewhere(stage: StageFactory, provider: LocalProvider) -> None:
    other = {"name": "vault", "path": "/vault", "allow": "signed-in", "acr": "phr", "max_age": 30}
    here = ruled(stage, BOTH, other)
    for path in ("/payroll", "/", "/vault", "/payroll", "/"):
        assert here.browser().navigate(path).status == 200
    here.browser().get("/oauth2/login")
    strict, none, login = ("phr mfa", "600", None), (None, None, None), (None, None, "login")
    assert asked(provider) == [strict, none, ("phr", "30", None), strict, none]
    assert asked_by(here.browser().get("/oauth2/login")) == login


def test_the_rules_wishes_replace_the_operators_own_and_stand_there_once(
    stage: StageFactory, provider: LocalProvider
) -> None:
    own = {"acr_values": "pwd", "max_age": "9999", "ui_locales": "de"}
    here = ruled(stage, PHR, FRESH | {"path": "/fresh"}, authz_url_params=own)
    assert asked_by(here.browser().get("/payroll")) == ("phr mfa", "9999", None)
    assert asked_by(here.browser().get("/fresh")) == ("pwd", "600", None)
    assert asked_by(here.browser().get("/")) == ("pwd", "9999", None)
    assert query(here.browser().get("/payroll").target)["ui_locales"] == "de"


def test_who_has_signed_in_well_enough_elsewhere_is_not_asked(stage: StageFactory, provider: LocalProvider) -> None:
    other = PHR | {"path": "/vault", "acr": ["mfa", "phr"]}
    here = ruled(stage, PHR, other)
    browser = here.browser()
    assert [browser.navigate(path).status for path in ("/payroll", "/vault", "/payroll", "/")] == [200] * 4
    assert len(asked(provider)) == 1


def test_stepping_up_page_after_page_is_no_loop(stage: StageFactory, provider: LocalProvider) -> None:
    """Five logins that each had a reason, within a minute."""
    levels = ("a", "b", "c", "d")
    provider.acrs = levels
    here = ruled(stage, *(PHR | {"path": f"/{each}", "acr": each} for each in levels))
    browser = here.signed_in()
    for each in levels:
        page = browser.navigate(f"/{each}")
        assert (page.status, page.url, acr(page)) == (200, f"https://app.test/{each}", each)


def test_two_tabs_at_once_both_end_at_their_pages(storing: StageFactory, provider: LocalProvider) -> None:
    browser = ruled(storing, PHR).signed_in()
    tabs = [browser.navigate(f"/payroll/{number}", until=CALLBACK) for number in range(3)]
    for number in (1, 0, 2):
        page = browser.follow(tabs[number])
        assert (page.status, page.url) == (200, f"https://app.test/payroll/{number}")
    assert len(asked(provider)) == 4


def test_an_old_browser_without_fetch_metadata_is_sent_too(stage: StageFactory, provider: LocalProvider) -> None:
    browser = ruled(stage, PHR).signed_in(send_fetch_metadata=False)
    assert acr(browser.navigate("/payroll")) == "phr"


def test_the_back_button_at_the_callback_ends_at_the_page(stage: StageFactory) -> None:
    browser = ruled(stage, PHR).signed_in()
    callback = browser.navigate("/payroll", until=CALLBACK).target
    for _ in range(2):
        assert browser.navigate(callback).url == "https://app.test/payroll"


def test_below_a_mount_it_works_as_elsewhere(stage: StageFactory, provider: LocalProvider) -> None:
    browser = ruled(stage, PHR).browser(root_path="/shop")
    page = browser.navigate("/shop/payroll")
    assert (page.status, page.url, acr(page)) == (200, "https://app.test/shop/payroll", "phr")
    fresh = ruled(stage, PHR).signed_in("/shop/", root_path="/shop")
    told = fresh.fetch("/shop/payroll")
    assert told.json()["login_url"].startswith("/shop/oauth2/login?step_up=")
    fresh.navigate(told.json()["login_url"])
    assert fresh.fetch("/shop/payroll").status == 200


@pytest.mark.parametrize("mode", ["query", "form_post"])
@pytest.mark.parametrize("length", [0, 50, 300, 900, 1900])
def test_a_long_address_comes_back_byte_for_byte(
    stage: StageFactory, provider: LocalProvider, length: int, mode: str
) -> None:
    browser = ruled(stage, PHR, response_mode=mode).signed_in()
    path = "/payroll?q=" + "".join(f"{number:x}-%2F" for number in range(length // 6))
    page = browser.navigate(path)
    assert (page.status, page.url, acr(page)) == (200, f"https://app.test{path}", "phr")


def test_twenty_tabs_that_step_up_leave_small_cookies_and_all_end_at_their_pages(
    stage: StageFactory, provider: LocalProvider
) -> None:
    browser = ruled(stage, PHR).signed_in()
    tabs = [browser.get(f"/payroll/{number}?{'q' * 300}") for number in range(20)]
    assert len(browser.cookies.header_for("https://app.test/")) < 4096
    for number in (19, *range(19)):
        page = browser.follow(tabs[number])
        assert (page.status, page.url) == (200, f"https://app.test/payroll/{number}?{'q' * 300}")


# Back, and still not enough


def test_a_provider_that_ignores_it_leads_to_a_page_that_says_so_and_to_no_second_round(
    storing: StageFactory, provider: LocalProvider
) -> None:
    provider.acr_values = "ignored"
    here = ruled(storing, PHR)
    browser = here.signed_in()
    before = session_cookie(browser)
    text = unmet(page := browser.navigate("/payroll"))
    assert all(word in text for word in ("phr", "mfa", "pwd"))
    assert page.header("Content-Type") == "text/html; charset=utf-8"
    assert len(asked(provider)) == 2
    assert len(here.app.calls) == 1
    assert browser.navigate("/").status == browser.fetch("/other").status == 200
    assert session_cookie(browser) != before
    assert browser.fetch("/payroll").status == 401
    assert len(asked(provider)) == 2


def test_a_stranger_who_comes_back_without_it_is_signed_in_and_told(
    storing: StageFactory, provider: LocalProvider
) -> None:
    provider.acr_values = "ignored"
    browser = ruled(storing, PHR).browser()
    unmet(browser.navigate("/payroll"))
    assert len(asked(provider)) == 1
    assert subject(browser.fetch("/")) == "ada-1815"


def test_reloading_that_page_asks_once_more_and_no_oftener(stage: StageFactory, provider: LocalProvider) -> None:
    provider.acr_values = "ignored"
    here = ruled(stage, PHR)
    browser = here.browser()
    page = browser.navigate("/payroll")
    for _ in range(4):
        before = len(asked(provider))
        unmet(page := browser.navigate(page.url))
        assert len(asked(provider)) - before <= 1
    provider.acr_values = "heeded"
    here.clock.advance(61)
    assert acr(browser.navigate("/payroll")) == "phr"


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"acr": ...}, ()),
        ({"acr": "0"}, ("0",)),
        ({"acr": "PHR"}, ("PHR",)),
        ({"acr": "phr mfa"}, ("phr mfa",)),
        ({"acr": ["phr"]}, ()),
        ({"acr": {"phr": 1}}, ()),
        ({"acr": 2}, ("2",)),
        ({"acr": None}, ()),
        ({"acr": True}, ()),
        ({"acr": ""}, ()),
    ],
)
def test_an_acr_that_is_not_the_rules_is_none(
    stage: StageFactory, provider: LocalProvider, claims: dict[str, Any], said: Sequence[str]
) -> None:
    here = ruled(stage, PHR | {"acr": ["phr", "2x"]})
    with provider.fault("other_claims", **claims):
        text = unmet(here.browser().navigate("/payroll"))
    assert all(word in text for word in ("phr", *said))


def test_numbers_are_texts_in_a_rule(stage: StageFactory, provider: LocalProvider) -> None:
    """Keycloak's levels without a mapping: they come as text."""
    here = ruled(stage, PHR | {"acr": "2"})
    with provider.fault("other_claims", acr="2"):
        assert here.browser().navigate("/payroll").status == 200
    with provider.fault("other_claims", acr=2):
        unmet(here.browser().navigate("/payroll"))


@pytest.mark.parametrize("auth_time", [..., None, "1900000000", True, [1_900_000_000], {}])
def test_without_an_auth_time_nobody_knows_how_old_the_sign_in_is(
    stage: StageFactory, provider: LocalProvider, auth_time: Any
) -> None:
    here = ruled(stage, FRESH)
    with provider.fault("other_auth_time", auth_time=auth_time):
        browser = here.browser()
        text = unmet(browser.navigate("/payroll"))
        assert "no time of signing in" in text
        assert "not older than 10 minutes" in text
        assert browser.navigate("/").status == 200
        assert browser.fetch("/payroll").status == 401


def test_auth_time_may_be_a_fraction(stage: StageFactory, provider: LocalProvider) -> None:
    """Canaille's is."""
    here = ruled(stage, FRESH)
    with provider.fault("other_auth_time", auth_time=here.clock.now - 0.5):
        browser = here.signed_in("/payroll")
    here.clock.advance(599.5)
    assert browser.fetch("/payroll").status == 200
    here.clock.advance(0.25)
    assert browser.fetch("/payroll").status == 401


def test_a_provider_that_lets_an_old_session_through_is_told_of(stage: StageFactory, provider: LocalProvider) -> None:
    here = ruled(stage, FRESH)
    browser = here.signed_in()
    here.clock.advance(601)
    provider.heeds_max_age = False
    text = unmet(browser.navigate("/payroll"))
    assert "not older than 10 minutes" in text
    assert "a sign-in 10 minutes ago" in text
    assert browser.navigate("/").status == 200


def test_what_the_provider_says_is_shown_as_text(stage: StageFactory, provider: LocalProvider) -> None:
    provider.acr_values, provider.usual_acr = "ignored", '<script>alert(1)</script>"'
    page = ruled(stage, PHR).browser().navigate("/payroll")
    unmet(page)
    assert "<script" not in page.text


def test_a_long_acr_does_not_fill_the_page(stage: StageFactory, provider: LocalProvider) -> None:
    provider.acr_values, provider.usual_acr = "ignored", "x" * 2000
    assert len(unmet(ruled(stage, PHR).browser().navigate("/payroll"))) < 8000


def test_the_reference_on_the_page_finds_the_reason_in_the_log(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.acr_values = "ignored"
    text = unmet(ruled(stage, PHR).browser().navigate("/payroll"))
    reference = text.split("Reference ")[1].split("<")[0]
    (line,) = [each.getMessage() for each in caplog.records if reference in each.getMessage()]
    assert "reason=step_up" in line
    assert "rule='payroll'" in line
    assert "subject='ada-1815'" in line
    assert "@" not in line


def test_claims_from_userinfo_lift_nobody(stage: StageFactory, provider: LocalProvider) -> None:
    provider.acr_values = "ignored"
    provider.change_userinfo = lambda claims: claims | {"acr": "phr", "auth_time": 9_999_999_999}
    browser = ruled(stage, BOTH, userinfo="always").browser()
    unmet(browser.navigate("/payroll"))
    assert acr(browser.navigate("/")) == "pwd"


def test_whoever_takes_the_wish_out_of_the_address_gets_nothing(stage: StageFactory, provider: LocalProvider) -> None:
    here = ruled(stage, BOTH)
    browser = here.signed_in()
    here.clock.advance(601)
    away = browser.get("/payroll").target
    params = {name: values[0] for name, values in parse_qs(urlsplit(away).query).items()}
    del params["acr_values"], params["max_age"]
    unmet(browser.navigate(f"{provider.url('authorize')}?{urlencode(params)}"))


# The provider says no, or nothing


@pytest.mark.parametrize(
    "error", ["access_denied", "unmet_authentication_requirements", "login_required", "invalid_request"]
)
def test_a_refusal_by_the_provider_is_told_and_the_session_stays(
    storing: StageFactory, provider: LocalProvider, error: str
) -> None:
    browser = ruled(storing, PHR).signed_in()
    cookie = session_cookie(browser)
    with provider.fault("callback_error", error=error):
        page = browser.navigate("/payroll")
    assert (page.status, page.url.startswith(CALLBACK)) == (400, True)
    assert (session_cookie(browser), browser.fetch("/").status) == (cookie, 200)


def test_a_provider_that_refuses_a_level_it_has_not(stage: StageFactory, provider: LocalProvider) -> None:
    provider.acrs, provider.acr_values = (), "refused"
    browser = ruled(stage, PHR).signed_in()
    page = browser.navigate("/payroll")
    assert (page.status, len(asked(provider)), browser.fetch("/").status) == (400, 2, 200)


@pytest.mark.parametrize("fault", ["token_invalid_grant", "wrong_nonce", "unknown_code", "no_code", "bad_signature"])
def test_a_login_that_fails_leads_in_no_circle_and_the_session_stays(
    storing: StageFactory, provider: LocalProvider, fault: str
) -> None:
    browser = ruled(storing, PHR).signed_in()
    with provider.fault(fault):
        page = browser.navigate("/payroll")
    assert page.status in (400, 403)
    assert len(asked(provider)) <= 3
    assert browser.fetch("/").status == 200
    assert acr(browser.navigate("/payroll")) == "phr"


def test_keycloaks_other_tab_leads_in_no_circle(stage: StageFactory, provider: LocalProvider) -> None:
    browser = ruled(stage, PHR).signed_in()
    expired = {"error": "temporarily_unavailable", "error_description": "authentication_expired"}
    with provider.fault("callback_error", **expired):
        assert browser.navigate("/payroll").status in (400, 403)
    assert len(asked(provider)) <= 3


def test_a_login_that_took_too_long_leads_in_no_circle(stage: StageFactory, provider: LocalProvider) -> None:
    here = ruled(stage, PHR)
    browser = here.signed_in()
    late = browser.navigate("/payroll", until=CALLBACK)
    here.clock.advance(901)
    page = browser.follow(late)
    assert (page.status, page.url, len(asked(provider)) <= 3) == (200, "https://app.test/payroll", True)


def test_a_provider_that_is_down_closes_no_other_page(stage: StageFactory, provider: LocalProvider) -> None:
    browser = ruled(stage, PHR).signed_in()
    with provider.fault("token_down"):
        page = browser.navigate("/payroll")
        assert (page.status, bool(page.header("Retry-After"))) == (503, True)
        assert browser.fetch("/").status == 200


def test_a_new_process_that_cannot_reach_the_provider_closes_no_other_page(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = ruled(stage, PHR)
    browser = here.moved(here.signed_in(), here.another_gate())
    cookie = session_cookie(browser)
    with provider.fault("discovery_down"):
        assert [browser.navigate("/payroll").status, browser.fetch("/payroll").status] == [503, 401]
        assert (browser.fetch("/").status, session_cookie(browser)) == (200, cookie)


@pytest.mark.parametrize("path", ["/payroll", "/other"])
def test_requests_that_are_told_to_step_up_take_no_activity_away(storing: StageFactory, path: str) -> None:
    """A session that is due to be kept anew is, whoever asks first."""
    here = ruled(storing, PHR, idle_session_timeout="10m")
    browser = here.signed_in()
    for _ in range(4):
        here.clock.advance(400)
        browser.fetch(path)
        here.clock.advance(1)
        assert browser.fetch("/").status == 200


def test_a_page_that_steps_up_loses_no_session_that_was_due_to_be_kept_anew(storing: StageFactory) -> None:
    here = ruled(storing, PHR, idle_session_timeout="10m")
    browser = here.signed_in()
    for _ in range(3):
        here.clock.advance(400)
        browser.get("/payroll")
        assert browser.fetch("/").status == 200


# Age


@pytest.mark.parametrize("session_cache_seconds", [1, 0])
def test_max_age_runs_out_at_the_very_second_whatever_was_answered_before(
    storing: StageFactory, provider: LocalProvider, session_cache_seconds: int
) -> None:
    here = ruled(storing, FRESH, session_cache_seconds=session_cache_seconds)
    browser = here.signed_in("/payroll")
    for seconds in (1, 597, 1, 1):
        here.clock.advance(seconds)
        assert [browser.fetch("/payroll").status for _ in range(3)] == [200] * 3
    here.clock.advance(0.001)
    assert [browser.fetch("/payroll").status for _ in range(3)] == [401] * 3
    assert browser.fetch("/payroll/other").status == 401
    assert [browser.fetch("/").status for _ in range(2)] == [200] * 2
    here.clock.advance(1)
    assert is_login(browser.get("/payroll"), provider)
    page = browser.navigate("/payroll")
    assert (page.status, len(asked(provider))) == (200, 2)
    here.clock.now = page.json()["identity"]["claims"]["auth_time"] + 600.0
    assert [browser.fetch("/payroll").status for _ in range(2)] == [200] * 2
    here.clock.advance(1)
    assert [browser.fetch("/payroll").status for _ in range(2)] == [401] * 2


def test_rules_of_several_ages_each_run_out_by_themselves(stage: StageFactory) -> None:
    short = {"path": "/short", "allow": "signed-in", "max_age": 60}
    here = ruled(stage, FRESH, short)
    browser = here.signed_in()
    paths = ("/short", "/payroll", "/short/x", "/")
    seen = []
    for seconds in (60, 1, 539, 1):
        here.clock.advance(seconds)
        seen.append([browser.fetch(path).status for path in paths])
        assert [browser.fetch(path).status for path in paths] == seen[-1], "from memory"
    assert seen == [[200] * 4, [401, 200, 401, 200], [401, 200, 401, 200], [401, 401, 401, 200]]


def test_another_process_sees_the_same_second(storing: StageFactory) -> None:
    here = ruled(storing, FRESH)
    browser = here.signed_in("/payroll")
    other = here.moved(browser, here.another_gate())
    here.clock.advance(600)
    assert [each.fetch("/payroll").status for each in (browser, other, other)] == [200] * 3
    here.clock.advance(1)
    assert [each.fetch("/payroll").status for each in (other, browser, other)] == [401] * 3


def test_an_old_session_at_the_provider_is_not_enough_for_a_stranger(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = ruled(stage, FRESH)
    browser = here.signed_in()
    here.clock.advance(601)
    browser.cookies.clear(home_only=True)
    page = browser.navigate("/payroll")
    claims = page.json()["identity"]["claims"]
    assert (page.status, claims["auth_time"]) == (200, here.clock.now)


@pytest.mark.parametrize("behind", [0, 5])
def test_a_provider_that_finds_young_what_is_too_old_here_is_asked_once(
    stage: StageFactory, provider: LocalProvider, behind: int
) -> None:
    """Its clock is behind; or it counts whole seconds, and the last one has just begun."""
    provider.clock_offset = -behind
    here = ruled(stage, FRESH)
    browser = here.signed_in("/payroll")
    here.clock.advance(600.5 - behind)
    assert browser.fetch("/payroll").status == 401
    before = len(asked(provider))
    page = browser.navigate("/payroll")
    assert (page.status in (200, 403), len(asked(provider)) - before) == (True, 1)
    here.clock.advance(behind + 1)
    assert browser.navigate("/payroll").status == 200


# Another person


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_another_person_who_comes_back_is_refused_and_the_session_stays(
    storing: StageFactory, provider: LocalProvider, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    here = ruled(storing, BOTH, response_mode=mode)
    browser = here.signed_in()
    cookie, calls = session_cookie(browser), len(here.app.calls)
    grace_is_there(provider)
    page = browser.navigate("/payroll")
    assert (page.status, "step_up_other_person" in page.text) == (403, True), page.text
    assert page.header("Content-Type") == "text/html; charset=utf-8"
    assert "grace" not in page.text.lower(), "who came is not told"
    assert (session_cookie(browser), len(here.app.calls)) == (cookie, calls)
    assert subject(browser.fetch("/")) == "ada-1815"
    assert browser.fetch("/payroll").status == 401
    assert "step_up_other_person" in caplog.text
    provider.user = provider.people["ada"]
    assert subject(browser.navigate("/payroll")) == "ada-1815"


def test_nothing_of_another_person_is_kept(stage: StageFactory, provider: LocalProvider, tmp_path: Path) -> None:
    here = ruled(stage, PHR, session_store=f"sqlite:///{tmp_path}/sessions.db")
    browser = here.signed_in()
    before = kept(tmp_path)
    grace_is_there(provider)
    assert browser.navigate("/payroll").status == 403
    assert kept(tmp_path) == before
    assert subject(here.browser().navigate("/payroll")) == "grace-1906", "for herself she may"


def kept(folder: Path) -> list[tuple[Any, ...]]:
    """Return the keys of all that the store holds."""
    connection = sqlite3.connect(folder / "sessions.db")
    try:
        return connection.execute("SELECT key FROM sessions ORDER BY key").fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_another_person_is_refused_after_a_second_try_too(
    storing: StageFactory, provider: LocalProvider, mode: str
) -> None:
    """The first answer was spent already, so the login is started again; a posted one comes without the session."""
    here = ruled(storing, PHR, response_mode=mode)
    browser = here.signed_in()
    cookie = session_cookie(browser)
    at_provider = browser.get("/payroll")
    grace_is_there(provider)
    with provider.fault("token_invalid_grant"):
        answer = browser.follow(at_provider, until=CALLBACK)
        again = browser.submit(answer) if answer.submits_itself else browser.get(answer.target)
    page = browser.follow(again)
    assert page.status in (400, 403), "not the page"
    assert (session_cookie(browser), subject(browser.fetch("/"))) == (cookie, "ada-1815")


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_a_second_try_ends_the_session_before_as_the_first_would(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path, mode: str
) -> None:
    here = ruled(stage, PHR, response_mode=mode, session_store=f"sqlite:///{tmp_path}/sessions.db")
    browser = here.signed_in()
    old = browser.copy()
    at_provider = browser.get("/payroll")
    with provider.fault("token_invalid_grant"):
        answer = browser.follow(at_provider, until=CALLBACK)
        again = browser.submit(answer) if answer.submits_itself else browser.get(answer.target)
    page = browser.follow(again)
    if page.status != 200:  # it may as well say that it did not work
        assert page.status == 400
        assert browser.navigate("/payroll").status == 200
    assert old.fetch("/").status == 401


def test_who_signs_in_as_somebody_else_on_purpose_may(stage: StageFactory, provider: LocalProvider) -> None:
    browser = ruled(stage, PHR).signed_in()
    grace_is_there(provider)
    page = browser.navigate("/oauth2/login?next=/")
    assert (page.status, subject(page)) == (200, "grace-1906")
    page = browser.navigate("/payroll")
    assert (page.status, subject(page), acr(page)) == (200, "grace-1906", "phr")


# Rights come before


def test_who_has_not_the_right_is_not_sent_to_step_up(stage: StageFactory, provider: LocalProvider) -> None:
    here = ruled(stage, BOTH | {"allow": {"groups": "hr"}})
    browser = here.signed_in()
    page = browser.navigate("/payroll")
    assert (page.status, "not_allowed" in page.text, UNMET in page.text) == (403, True, False)
    told = browser.fetch("/payroll")
    assert (told.status, told.json()["error"]) == (403, "not_allowed")
    assert len(asked(provider)) == 1


def test_who_does_not_pass_the_door_is_not_sent_to_step_up(stage: StageFactory, provider: LocalProvider) -> None:
    here = ruled(stage, PHR, allow_emails="grace@example.org")
    browser = here.browser()
    assert browser.navigate("/").status == 403
    page = browser.navigate("/payroll")
    assert (page.status, "not_allowed" in page.text) == (403, True)
    assert browser.fetch("/payroll").status == 403
    assert len(asked(provider)) == 1


@pytest.mark.parametrize("mode", ["heeded", "ignored"])
def test_a_stranger_without_the_right_is_told_that_and_not_of_the_step(
    stage: StageFactory, provider: LocalProvider, mode: Any
) -> None:
    provider.acr_values = mode
    here = ruled(stage, PHR | {"allow": {"groups": "hr"}})
    page = here.browser().navigate("/payroll")
    assert (page.status, "not_allowed" in page.text, UNMET in page.text) == (403, True, False)
    assert len(asked(provider)) == 1


def test_who_loses_the_right_meanwhile_is_told_that(stage: StageFactory, provider: LocalProvider) -> None:
    here = ruled(stage, PHR | {"allow": {"groups": "admins"}})
    browser = here.signed_in()
    provider.people["ada"]["groups"] = ["engineers"]
    page = browser.navigate("/payroll")
    assert (page.status, "not_allowed" in page.text) == (403, True)
    assert subject(browser.fetch("/")) == "ada-1815"


# Scripts, forms, and the other kinds


@pytest.mark.parametrize(
    ("rule", "wanted"),
    [
        (PHR, {"acr_values": "phr mfa"}),
        (FRESH, {"max_age": "600"}),
        (BOTH, {"acr_values": "phr mfa", "max_age": "600"}),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_script_is_told_as_rfc_9470_has_it(
    stage: StageFactory, provider: LocalProvider, rule: dict[str, Any], wanted: dict[str, str], method: str
) -> None:
    here = ruled(stage, rule)
    browser = here.signed_in()
    here.clock.advance(601)
    answer = browser.fetch("/payroll", method)
    assert (answer.status, answer.header("Content-Type")) == (401, "application/json")
    told = challenge(answer)
    assert told["error"] == "insufficient_user_authentication"
    assert {name: told[name] for name in ("acr_values", "max_age") if name in told} == wanted
    assert answer.json()["error"] == "insufficient_user_authentication"
    assert answer.header_list("Set-Cookie") == []
    assert "no-store" in answer.header("Cache-Control")
    assert (len(here.app.calls), len(asked(provider))) == (1, 1)
    login_url = answer.json()["login_url"]
    assert urlsplit(login_url).path == "/oauth2/login"
    assert not urlsplit(login_url).netloc


def test_the_login_url_of_a_script_steps_up(storing: StageFactory, provider: LocalProvider) -> None:
    here = ruled(storing, BOTH)
    browser = here.signed_in()
    here.clock.advance(601)
    login_url = browser.fetch("/payroll/data").json()["login_url"]
    page = browser.navigate(login_url)
    assert page.status == 200
    assert asked(provider)[-1] == ("phr mfa", "600", None)
    assert [browser.fetch("/payroll/data").status for _ in range(2)] == [200] * 2
    here.clock.advance(601)
    login_url = browser.fetch("/payroll/data").json()["login_url"]
    assert browser.navigate(f"{login_url}&next=/report%3Fq").url == "https://app.test/report?q"
    assert browser.fetch("/payroll/data").status == 200


def test_a_script_without_a_session_is_told_to_sign_in(stage: StageFactory) -> None:
    answer = ruled(stage, BOTH).browser().fetch("/payroll")
    assert (answer.status, answer.json()["error"]) == (401, "login_required")


def test_a_login_url_that_is_not_enough_or_of_another_ends_on_the_same_pages(
    stage: StageFactory, provider: LocalProvider
) -> None:
    browser = ruled(stage, PHR).signed_in()
    login_url = browser.fetch("/payroll").json()["login_url"]
    provider.acr_values = "ignored"
    unmet(browser.navigate(login_url))
    provider.acr_values = "heeded"
    grace_is_there(provider)
    page = browser.navigate(login_url)
    assert (page.status, "step_up_other_person" in page.text) == (403, True)
    assert subject(browser.fetch("/")) == "ada-1815"


MADE_UP: dict[str, Callable[[str], str]] = {
    "empty": lambda _: "",
    "a number": lambda _: "1",
    "no text": lambda _: "%00",
    "long": lambda _: "9" * 5000,
    "long, and begun well": lambda real: real[:8] + "A" * 5000,
    "cut": lambda real: real[:-1],
    "cut by a block": lambda real: real[:-4],
    "changed": lambda real: real[:-2] + ("A" if real[-2] != "A" else "B") + real[-1],
    "padded": lambda real: f"{real}%3D%3D%3D%3D",
    "followed by a blank": lambda real: f"{real}%20",
    "spelt as base64": lambda real: f"{real[:-1]}%2B",
}


@pytest.mark.parametrize("kind", MADE_UP)
def test_a_made_up_login_url_is_refused(stage: StageFactory, provider: LocalProvider, kind: str) -> None:
    """It is not taken for a login of another kind: whoever follows it meant to do more."""
    here = ruled(stage, {"path": "/free", "allow": "anyone"}, PHR)
    browser = here.signed_in()
    real = browser.fetch("/payroll").json()["login_url"].partition("?step_up=")[2]
    for who in (browser, here.browser()):
        assert asked_by(who.get(f"/oauth2/login?step_up={real}"))[0] == "phr mfa"
        answer = who.get(f"/oauth2/login?step_up={MADE_UP[kind](real)}")
        assert (answer.status, "step_up_unknown" in answer.text, answer.target) == (400, True, "")
        assert who.get(f"/oauth2/login?step_up={real}&step_up={real}").status == 400
    assert subject(browser.fetch("/")) == "ada-1815"


def test_a_login_url_counts_where_its_secret_is_listed_and_for_its_own_client(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = ruled(stage, PHR)
    login_url = here.signed_in().fetch("/payroll").json()["login_url"]
    other = "another-secret-of-at-least-32-bytes-012345"
    for secrets, status in (([other, COOKIE_SECRET], 302), ([COOKIE_SECRET, other], 302), ([other], 400)):
        answer = here.browser(here.another_gate(cookie_secret=secrets)).get(login_url)
        assert (answer.status, "step_up_unknown" in answer.text) == (status, status == 400)
        assert status == 400 or asked_by(answer)[0] == "phr mfa"
    provider.add_client("other")
    foreign = here.another_gate(**provider.client_options("other"))
    assert here.browser(foreign).get(login_url).status == 400


def test_what_was_asked_stays_what_it_is_where_the_rules_are_others_meanwhile(
    stage: StageFactory, provider: LocalProvider
) -> None:
    """As while new settings are handed out to one process after the other."""
    here = ruled(stage, PHR)
    other = PAYROLL | {"name": "vault", "path": "/vault", "acr": "gold", "max_age": 30}
    for rules in ([other], [other, PHR], [PHR | {"acr": "gold"}], [PHR | {"max_age": 30}]):
        newer = here.another_gate(rules=rules)
        browser = here.signed_in()
        login_url = browser.fetch("/payroll").json()["login_url"]
        assert asked_by(here.moved(browser, newer).get(login_url)) == ("phr mfa", None, None), rules
        with provider.fault("other_claims", acr="pwd"):
            away = browser.navigate("/payroll", until=CALLBACK)
            assert "phr or mfa" in unmet(here.moved(browser, newer).navigate(away.target)), rules
        away = browser.navigate("/payroll", until=CALLBACK)
        assert here.moved(browser, newer).get(away.target).target == "https://app.test/payroll", rules


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_a_login_url_leads_to_no_other_site(stage: StageFactory, provider: LocalProvider, target: str) -> None:
    browser = ruled(stage, PHR).signed_in()
    login_url = browser.fetch("/payroll").json()["login_url"]
    page = browser.navigate(f"{login_url}&{urlencode({'next': target})}")
    assert (page.url, acr(page)) == ("https://app.test/", "phr")


def test_a_form_gets_a_page_with_a_link_that_steps_up(storing: StageFactory, provider: LocalProvider) -> None:
    here = ruled(storing, PHR, keep_posts=False)
    browser = here.signed_in()
    cookies = browser.cookies.names()
    answer = browser.post("/payroll/pay", form={"a": "b"}, headers={"Referer": "https://app.test/payroll-form?q=1"})
    assert (answer.status, answer.header("Content-Type")) == (401, "text/html; charset=utf-8")
    assert (answer.header_list("Set-Cookie"), browser.cookies.names()) == ([], cookies)
    assert challenge(answer)["error"] == "insufficient_user_authentication"
    assert len(here.app.calls) == 1
    page = browser.navigate(html.unescape(link_of(answer)))
    assert (page.status, page.url) == (200, "https://app.test/payroll-form?q=1")
    assert asked(provider)[-1] == ("phr mfa", None, None)
    assert browser.post("/payroll/pay", form={"a": "b"}).status == 200


def link_of(answer: Answer) -> str:
    found = re.search(r'<a class="act" href="([^"]*)"', answer.text)
    assert found is not None, answer.text
    return found[1]


def test_htmx_is_sent_to_step_up_and_comes_back_to_its_page(stage: StageFactory, provider: LocalProvider) -> None:
    here = ruled(stage, PHR)
    browser = here.signed_in()
    current = {"HX-Current-URL": "https://app.test/list?page=2"}
    answer = browser.fetch("/payroll/part", headers=HTMX | current)
    assert (answer.status, answer.header_list("Set-Cookie")) == (401, [])
    page = browser.navigate(answer.header("HX-Redirect"))
    assert (page.url, acr(page)) == ("https://app.test/list?page=2", "phr")
    assert browser.fetch("/payroll/part", headers=HTMX | current).status == 200


NO_LOGIN: dict[str, dict[str, str]] = {
    "turbo frame": TURBO | {"Turbo-Frame": "list"},
    "turbo": TURBO | {"X-Turbo-Request-Id": "4fc2"},
    "frame": {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe", "Accept": "text/html"},
    "embed": {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "embed", "Accept": "*/*"},
    "prefetch": {"Sec-Purpose": "prefetch", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    "prerender": {"Sec-Purpose": "prefetch;prerender", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    "image": {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image", "Accept": "image/*"},
    "event stream": {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Accept": "text/event-stream"},
    "XMLHttpRequest": {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "X-Requested-With": "XMLHttpRequest"},
}


@pytest.mark.parametrize("kind", NO_LOGIN)
def test_other_kinds_begin_no_login(stage: StageFactory, provider: LocalProvider, kind: str) -> None:
    here = ruled(stage, PHR)
    browser = here.signed_in()
    cookies = browser.cookies.copy()
    answer = browser.get("/payroll", headers=NO_LOGIN[kind])
    assert (answer.status, answer.header_list("Set-Cookie"), answer.target) == (401, [], "")
    assert challenge(answer)["error"] == "insufficient_user_authentication"
    assert (len(here.app.calls), browser.cookies.names()) == (1, cookies.names())
    if kind in ("turbo", "turbo frame"):
        assert '<meta name="turbo-visit-control" content="reload">' in answer.text
    if kind in ("turbo", "turbo frame", "frame", "embed"):
        assert acr(browser.navigate(html.unescape(link_of(answer)))) == "phr"
    else:
        assert answer.json()["error"] == "insufficient_user_authentication"


@pytest.mark.parametrize("kind", ["prefetch", "image"])
def test_a_login_url_that_is_prefetched_begins_no_login(stage: StageFactory, kind: str) -> None:
    browser = ruled(stage, PHR).signed_in()
    login_url = browser.fetch("/payroll").json()["login_url"]
    answer = browser.get(login_url, headers=NO_LOGIN[kind])
    assert (answer.status, answer.header_list("Set-Cookie")) == (401, [])


def test_grpc_web_gets_its_own_status(stage: StageFactory) -> None:
    here = ruled(stage, PHR)
    browser = here.signed_in()
    answer = browser.fetch("/payroll/List", "POST", headers=GRPC, body=b"\0\0\0\0\0")
    assert (answer.status, answer.header("grpc-status"), answer.body) == (200, "16", b"")
    assert len(here.app.calls) == 1


@pytest.mark.parametrize("http_denial", [True, False])
def test_a_websocket_is_refused_before_it_is_accepted(stage: StageFactory, world: World, http_denial: bool) -> None:
    here = ruled(stage, PHR)
    browser = here.signed_in(http_denial=http_denial)
    if world == "wsgi":
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-Fetch-Mode": "websocket"}
        assert browser.fetch("/payroll/ws", headers=upgrade).status == 401
        return
    talk = browser.websocket("/payroll/ws")
    assert (talk.accepted, len(here.app.calls)) == (False, 1)
    if http_denial:
        assert talk.denial is not None
        assert talk.denial.status == 401
    else:
        assert talk.close_code == 1008
    browser.navigate("/payroll")
    assert browser.websocket("/payroll/ws").accepted


def test_head_is_answered_as_get_is(stage: StageFactory, provider: LocalProvider) -> None:
    here = ruled(stage, BOTH | {"method": "GET"})
    browser = here.signed_in()
    away = browser.request("HEAD", "/payroll")
    assert (is_login(away, provider), asked_by(away)) == (True, ("phr mfa", "600", None))
    told = browser.fetch("/payroll", "HEAD")
    assert (told.status, told.body) == (401, b"")
    assert challenge(told)["error"] == "insufficient_user_authentication"
    assert browser.fetch("/payroll", "POST").status == 200, "another method is not the rule's"


# Where the path can be read in two ways


@pytest.mark.parametrize("path", ["/payroll/../other", "/Payroll", "/PAYROLL/x", "/payroll//x", "/x/%2e%2e/payroll"])
def test_an_ambiguous_path_is_refused_until_the_session_is_good_enough_for_every_rule(
    stage: StageFactory, provider: LocalProvider, path: str
) -> None:
    here = ruled(stage, PHR)
    browser = here.signed_in()
    for answer in (browser.get(path), browser.fetch(path), browser.fetch(path, "POST")):
        assert (answer.status, answer.header_list("Set-Cookie")) == (403, [])
    assert (len(here.app.calls), len(asked(provider))) == (1, 1)
    browser.navigate("/payroll")
    assert browser.fetch(path).status == 200


def test_an_ambiguous_path_closes_again_when_the_sign_in_is_too_old(stage: StageFactory) -> None:
    here = ruled(stage, FRESH)
    browser = here.signed_in("/payroll")
    here.clock.advance(600)
    assert [browser.fetch("/Payroll").status for _ in range(2)] == [200, 200]
    here.clock.advance(1)
    assert [browser.fetch("/Payroll").status for _ in range(2)] == [403, 403]


def test_an_encoded_slash_below_the_rules_path_is_the_rules(stage: StageFactory, provider: LocalProvider) -> None:
    browser = ruled(stage, PHR).signed_in()
    page = browser.navigate("/payroll/a%2Fb")
    assert (page.status, page.url, acr(page)) == (200, "https://app.test/payroll/a%2Fb", "phr")


# The callback


def test_a_state_that_was_changed_lifts_nobody(storing: StageFactory, provider: LocalProvider) -> None:
    here = ruled(storing, PHR)
    browser = here.signed_in()
    target = browser.navigate("/payroll", until=CALLBACK).target
    state = query(target)["state"]
    cookie = session_cookie(browser)
    for changed in (state[:-1], state[:-2] + ("A" if state[-2] != "A" else "B") + state[-1], "", "x" * 40):
        answer = browser.get(target.replace(f"state={state}", f"state={changed}"))
        assert answer.status in (302, 400)
        assert (session_cookie(browser), browser.fetch("/payroll").status) == (cookie, 401)
    assert browser.navigate(target).status == 200


def test_the_answer_to_an_ordinary_login_does_not_finish_a_step_up(
    stage: StageFactory, provider: LocalProvider
) -> None:
    """The code of one login with the state of the other."""
    browser = ruled(stage, PHR).signed_in()
    ordinary = query(browser.navigate("/oauth2/login?next=/", until=CALLBACK).target)
    raised = query(browser.navigate("/payroll", until=CALLBACK).target)
    mixed = f"{CALLBACK}?{urlencode(ordinary | {'code': raised['code']})}"
    assert browser.get(mixed).status in (302, 400)
    assert browser.fetch("/payroll").status == 401


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_the_step_up_of_another_browser_lifts_nobody_here(
    storing: StageFactory, provider: LocalProvider, mode: str
) -> None:
    here = ruled(storing, PHR, response_mode=mode)
    browser = here.signed_in()
    other = here.signed_in()
    answer = other.navigate("/payroll", until=CALLBACK)
    stolen = answer.forms[0].fields if answer.submits_itself else query(answer.target)
    told = browser.post("/oauth2/callback", form=stolen) if answer.submits_itself else browser.get(answer.target)
    assert told.status in (302, 303, 400)
    assert browser.fetch("/payroll").status == 401
    page = other.follow(answer)
    assert (page.status, acr(page), acr(browser.fetch("/"))) == (200, "phr", "pwd")


@pytest.mark.parametrize("rule", [PHR, FRESH, BOTH])
def test_form_post_works_though_the_callback_comes_without_the_sessions_cookie(
    storing: StageFactory, provider: LocalProvider, rule: dict[str, Any]
) -> None:
    here = ruled(storing, rule, response_mode="form_post")
    browser = here.signed_in()
    here.clock.advance(601)
    old = browser.copy()
    page = browser.navigate("/payroll?q=1")
    (posted,) = [each for each in browser.trail[-3:] if each.sent.method == "POST"]
    assert posted.sent.site == "cross-site"
    assert (page.status, page.url, subject(page)) == (200, "https://app.test/payroll?q=1", "ada-1815")
    if "sqlite" in here.settings.get("session_store", ""):
        assert old.fetch("/").status == 401
    provider.acr_values, provider.heeds_max_age = "ignored", False
    here.clock.advance(601)
    with provider.fault("other_claims", acr="pwd"):
        unmet(here.browser().navigate("/payroll") if rule is not FRESH else browser.navigate("/payroll"))


# Later


def test_a_refresh_without_acr_keeps_it(stage: StageFactory, provider: LocalProvider, tmp_path: Path) -> None:
    store, scopes = f"sqlite:///{tmp_path}/sessions.db", "openid offline_access"
    here = ruled(stage, PHR, session_store=store, scopes=scopes, idle_session_timeout=0)
    browser = here.signed_in("/payroll")
    for _ in range(2):
        here.clock.advance(3590)
        with provider.fault("no_iat", iat=int(here.clock()), acr=...):
            assert acr(browser.fetch("/payroll")) == "phr"
    assert sum(call.form["grant_type"] == "refresh_token" for call in provider.calls("token")) == 2


def test_a_refresh_does_not_make_a_sign_in_younger(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path
) -> None:
    store, scopes = f"sqlite:///{tmp_path}/sessions.db", "openid offline_access"
    here = ruled(stage, FRESH | {"max_age": "1h"}, session_store=store, scopes=scopes, idle_session_timeout=0)
    browser = here.signed_in("/payroll")
    here.clock.advance(3590)
    with provider.fault("no_iat", iat=int(here.clock()), auth_time=int(here.clock())):
        assert browser.fetch("/payroll").status == 200
    here.clock.advance(11)
    assert [browser.fetch(path).status for path in ("/payroll", "/")] == [401, 200]


def test_asking_userinfo_again_keeps_the_level(stage: StageFactory, provider: LocalProvider) -> None:
    here = ruled(stage, PHR, userinfo_refresh_interval=60)
    browser = here.signed_in("/payroll")
    here.clock.advance(61)
    provider.change_userinfo = lambda claims: claims | {"acr": "pwd"}
    assert acr(browser.fetch("/payroll")) == "phr"
    assert len(provider.calls("userinfo")) >= 1


def test_a_session_from_before_the_rule_steps_up(storing: StageFactory, provider: LocalProvider) -> None:
    here = storing()
    browser = here.signed_in("/payroll")
    other = here.moved(browser, here.another_gate(rules=[BOTH]))
    assert other.fetch("/payroll").status == 401
    assert acr(other.navigate("/payroll")) == "phr"


@pytest.mark.parametrize("rules", [[{"path": "/x", "allow": "anyone"}], [BOTH], [FRESH, PHR | {"path": "/x"}]])
def test_rules_that_were_changed_while_somebody_was_away_hold_at_once(
    stage: StageFactory, provider: LocalProvider, rules: list[dict[str, Any]]
) -> None:
    """A step-up that was begun under other rules ends at its page, and these decide."""
    here = ruled(stage, {"path": "/a", "allow": "signed-in"}, {"path": "/b", "allow": "signed-in"}, PHR)
    browser = here.signed_in()
    target = browser.navigate("/payroll", until=CALLBACK).target
    changed = here.moved(browser, here.another_gate(rules=rules))
    page = changed.navigate(target)
    assert (page.status, page.url, subject(page)) == (200, "https://app.test/payroll", "ada-1815")
    assert len(asked(provider)) == 2


def test_a_rule_of_a_callable_steps_up_like_others(stage: StageFactory, provider: LocalProvider) -> None:
    allow: Callable[[Any], bool] = lambda identity: "admins" in identity.groups  # noqa: E731
    browser = ruled(stage, PHR | {"allow": allow}).signed_in()
    assert acr(browser.navigate("/payroll")) == "phr"


def test_a_logout_undoes_it(stage: StageFactory, provider: LocalProvider) -> None:
    browser: Browser = ruled(stage, PHR).signed_in("/payroll")
    browser.navigate("/oauth2/logout")
    assert browser.fetch("/payroll").status == 401
    provider.end_sessions("ada-1815")
    assert acr(browser.navigate("/")) == "pwd"
    assert browser.fetch("/payroll").json()["error"] == "insufficient_user_authentication"
