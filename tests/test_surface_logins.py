"""surface.md on logins under way: several at once, late ones, loops, outages of the provider, what userinfo is for."""

from __future__ import annotations

import secrets
import uuid

import pytest

from tests.browser import Browser
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import is_login, query, session_names, subject

CALLBACK = "https://app.test/oauth2/callback"


def attempts(browser: Browser) -> list[str]:
    return [name for name in browser.cookies.names() if ".login." in name]


def many_groups(count: int) -> list[str]:
    """Return names that cannot be compressed much, as those that providers hand out as UUIDs."""
    return [str(uuid.uuid4()) for _ in range(count)]


# Several at once


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_two_tabs_that_log_in_at_once_both_finish(stage: StageFactory, mode: str) -> None:
    browser = stage(response_mode=mode).browser()
    tabs = [browser.navigate(path, until=CALLBACK) for path in ("/one", "/two")]
    pages = [browser.follow(tab) for tab in reversed(tabs)]
    assert [page.url for page in pages] == ["https://app.test/two", "https://app.test/one"]
    assert [subject(page) for page in pages] == ["ada-1815", "ada-1815"]


def test_of_nine_logins_under_way_the_oldest_gives_way(stage: StageFactory) -> None:
    here = stage()
    browser = here.browser()
    tabs = []
    for number in range(9):
        tabs.append(browser.navigate(f"/{number}", until=CALLBACK))
        here.clock.advance(1)
    assert len(attempts(browser)) == 8
    oldest = browser.get(tabs[0].target)
    assert (oldest.status, "state_unknown" in oldest.text) == (400, True)
    for number in range(1, 9):
        assert browser.follow(tabs[number]).url == f"https://app.test/{number}"


def test_eight_logins_with_long_addresses_stay_below_what_servers_take(stage: StageFactory) -> None:
    here = stage()
    browser = here.browser()
    for number in range(12):
        newest = browser.navigate(f"/{number}?{'q=' + 'x' * 1700}", until=CALLBACK)
        assert len(browser.cookies.header_for("https://app.test/")) < 4096
        here.clock.advance(1)
    assert browser.rejected_cookies == []
    assert browser.follow(newest).url.startswith("https://app.test/11?q=xxx")


@pytest.mark.parametrize("length", [2100, 4000, 7900])
def test_an_address_of_any_usual_length_comes_back(stage: StageFactory, length: int) -> None:
    browser = stage().browser()
    address = ("/app/dashboards?" + "&".join(f"filter=column{number % 40}" for number in range(600)))[:length]
    assert browser.navigate(address).url == f"https://app.test{address}"
    assert browser.rejected_cookies == []


@pytest.mark.parametrize("length", [2800, 9000])
def test_an_address_too_long_to_be_kept_ends_at_the_root_and_the_log_says_so(
    stage: StageFactory, caplog: pytest.LogCaptureFixture, length: int
) -> None:
    browser = stage().browser()
    address = "/" + secrets.token_urlsafe(length)[: length - 1]
    assert browser.navigate(address).url == "https://app.test/"
    assert browser.rejected_cookies == []
    assert f"an address of {length} characters" in caplog.text
    assert address[1:40] not in caplog.text


def test_a_login_leaves_only_a_note_behind_that_could_finish_nothing(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage()
    browser = here.browser()
    at_provider = browser.navigate("/report", until=CALLBACK)
    browser.follow(at_provider)
    redeemed = len(provider.calls("token"))
    browser.cookies.delete(here.session_name)
    again = browser.get(at_provider.target)
    assert (again.target, len(provider.calls("token"))) == ("https://app.test/report", redeemed)
    assert session_cookie_gone(browser)


def session_cookie_gone(browser: Browser) -> bool:
    return session_names(browser) == []


# Late and failed ones


def test_a_login_may_take_just_its_time(stage: StageFactory) -> None:
    here = stage(login_timeout="10m")
    here.provider.code_lifetime = 3600
    browser = here.browser()
    at_provider = browser.navigate("/report", until=CALLBACK)
    here.clock.advance(599)
    assert browser.follow(at_provider).url == "https://app.test/report"


def test_a_late_login_is_started_again_once_and_then_a_page_says_so(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(login_timeout="10m")
    browser = here.browser()
    at_provider = browser.navigate("/report", until=CALLBACK)
    here.clock.advance(601)
    restarted = browser.get(at_provider.target)
    assert is_login(restarted, provider)
    second = browser.follow(restarted, until=CALLBACK)
    here.clock.advance(601)
    page = browser.get(second.target)
    assert (page.status, "login_late" in page.text, 'href="/report"' in page.text) == (400, True, True)
    assert browser.navigate("/report").url == "https://app.test/report"


def test_a_late_login_in_a_browser_that_signed_in_meanwhile_ends_at_its_page(stage: StageFactory) -> None:
    here = stage(login_timeout="10m")
    browser = here.browser()
    late = browser.navigate("/late", until=CALLBACK)
    here.clock.advance(601)
    browser.navigate("/")
    assert browser.follow(late).url == "https://app.test/late"


def test_a_code_that_the_provider_no_longer_takes_is_tried_again_once(
    stage: StageFactory, provider: LocalProvider
) -> None:
    browser = stage().browser()
    at_provider = browser.navigate("/report", until=CALLBACK)
    with provider.fault("token_invalid_grant"):
        restarted = browser.get(at_provider.target)
        assert is_login(restarted, provider)
        page = browser.follow(restarted)
        assert (page.status, "code_rejected" in page.text) == (400, True)
    assert attempts(browser) == []
    assert browser.navigate("/report").status == 200


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("access_denied", "has not been assigned to you"),
        ("request_denied", "rejected the request"),
        ("request_forbidden", "did not recognise your browser"),
        ("login_required", "sign in there first"),
        ("server_error", "a problem of its own"),
        ("temporarily_unavailable", "overloaded"),
        ("made_up_error", "could not be accepted"),
    ],
)
def test_the_providers_no_is_told_and_nothing_is_started_again(
    stage: StageFactory, provider: LocalProvider, error: str, words: str
) -> None:
    browser = stage().browser()
    with provider.fault("callback_error", error=error, error_description='<img src=x> & "no"'):
        page = browser.navigate("/report")
    assert (page.status, words in page.text) == (400, True)
    assert (error if error != "made_up_error" else "provider_error") in page.text
    assert "&lt;img src=x&gt; &amp; &quot;no&quot;" in page.text
    assert attempts(browser) == []
    assert browser.navigate("/report").status == 200


def test_an_error_page_and_the_log_share_a_reference(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    browser = stage().browser()
    at_provider = browser.navigate("/report", until=CALLBACK)
    with provider.fault("wrong_nonce"):
        page = browser.get(at_provider.target)
    reference = page.text.split("Reference ")[1].split("<")[0]
    line = next(record.getMessage() for record in caplog.records if reference in record.getMessage())
    assert "nonce_mismatch" in line
    assert not any(secret in caplog.text for secret in query(at_provider.target).values() if secret != provider.issuer)


def test_a_browser_that_keeps_no_session_is_told_so_and_not_sent_round(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(auth_cookie_domain="other.example")
    browser = here.browser()
    page = browser.navigate("/report")
    assert (page.status, "login_loop" in page.text) == (400, True)
    rejected = [one.name for one in browser.rejected_cookies]
    assert rejected == ["__Secure-" + here.session_name.removeprefix("__Secure-")] * 3
    assert here.app.calls == []
    assert browser.get("/report").status == 400
    here.clock.advance(61)
    assert is_login(browser.get("/report"), provider)


def test_logins_before_a_clock_was_set_back_are_no_circle(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage()
    browser = here.browser()
    for _ in range(4):
        assert browser.navigate("/oauth2/login?next=/report").status == 200
        here.clock.advance(61)
    here.clock.advance(-3600)
    browser.cookies.delete(here.session_name)
    assert browser.navigate("/report").status == 200


def test_a_browser_that_keeps_no_cookies_at_all_is_told_so(stage: StageFactory) -> None:
    browser = stage().browser()
    at_provider = browser.navigate("/report", until=CALLBACK)
    browser.cookies.clear()
    page = browser.get(at_provider.target)
    assert (page.status, "cookies_missing" in page.text) == (400, True)


def test_a_user_with_more_groups_than_fit_is_told_so(stage: StageFactory, provider: LocalProvider) -> None:
    provider.people["ada"]["groups"] = many_groups(900)
    browser = stage().browser()
    page = browser.navigate("/")
    assert (page.status, "session_too_large" in page.text) == (400, True)
    assert session_cookie_gone(browser)


def test_a_user_with_many_groups_fits_into_several_cookies(stage: StageFactory, provider: LocalProvider) -> None:
    provider.people["ada"]["groups"] = many_groups(300)
    here = stage()
    browser = here.signed_in()
    assert browser.rejected_cookies == []
    parts = [name for name in browser.cookies.names() if ".login." not in name]
    assert len(parts) > 2
    assert len(browser.fetch("/").json()["identity"]["groups"]) == 300
    provider.people["ada"]["groups"] = []
    browser.navigate("/oauth2/login")
    assert [name for name in browser.cookies.names() if ".login." not in name] == [here.session_name]
    browser.get("/oauth2/logout")
    assert browser.cookies.names() == []
