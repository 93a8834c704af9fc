"""`keep_fragment`: an address keeps its fragment over a login, in Chromium; without scripts the login works as ever."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, expect

from oidc_gate.wsgi import OIDCGate
from tests.answers import Answer
from tests.apps import COOKIE_SECRET
from tests.browser import Browser
from tests.conftest import StageFactory
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.providers.people import PASSWORD
from tests.providers.serving import ServerThread
from tests.stage import is_login, query, subject
from tests.test_several_providers import Several, _served_others, chosen, entry, guests, several

__all__ = ["_served_others", "guests", "several"]  # fixtures

DONE = "https://app.test/oauth2/callback"


def leads_to(page: Answer) -> str:
    """Return where a page of the gate leads to by itself where no script runs, and check what it allows."""
    (script,) = re.findall("<script>(.*?)</script>", page.text)
    source = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = page.header("Content-Security-Policy")
    assert re.findall(r"script-src ([^;]*)", policy) == [f"'sha256-{source}'"]
    assert page.header("Cache-Control") == "no-store"
    (meta,) = re.findall(r'<noscript><meta http-equiv="refresh" content="0;url=([^"]*)"></noscript>', page.text)
    (link,) = re.findall(r'<a class="act" href="([^"]*)"', page.text)
    (told,) = re.findall(r'<meta name="oidc-gate" content="([^"]*)"', page.text)
    assert meta == link == told
    return unescape(meta)


def kept_for(page: Answer) -> str:
    """Return the page whose fragment is kept, or brought back."""
    return unescape(re.findall(r'data-page="([^"]*)"', page.text)[0])


def signed_in(browser: Browser, path: str, provider: LocalProvider, callback: str = DONE) -> Answer:
    """Go the way of a browser without scripts; return the page at its end."""
    page = browser.get(path)
    assert (page.status, page.header("WWW-Authenticate")) == (401, 'OIDC login_url="/oauth2/login"')
    assert kept_for(page) == path
    away = leads_to(page)
    assert away.startswith(provider.url("authorize") + "?")
    arrived = browser.navigate(away)
    assert (arrived.status, arrived.url.partition("?")[0]) == (200, callback)
    assert kept_for(arrived) == leads_to(arrived) == path
    return browser.navigate(leads_to(arrived))


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_without_scripts_a_login_ends_at_its_page(stage: StageFactory, provider: LocalProvider, mode: str) -> None:
    here = stage(keep_fragment=True, response_mode=mode)
    page = signed_in(here.browser(), "/report?q=1&r=%2F", provider)
    assert (page.url, subject(page)) == ("https://app.test/report?q=1&r=%2F", "ada-1815")


def test_it_is_off_unless_it_is_wanted(stage: StageFactory, provider: LocalProvider) -> None:
    assert is_login(stage().browser().get("/report"), provider)


def test_what_is_no_page_is_answered_as_ever(stage: StageFactory, provider: LocalProvider) -> None:
    browser = stage(keep_fragment=True).browser()
    assert browser.fetch("/report").json() == {"error": "login_required", "login_url": "/oauth2/login"}
    assert is_login(browser.get("/oauth2/login?next=/report"), provider)


def test_nothing_of_an_address_gets_out_of_its_attribute(stage: StageFactory) -> None:
    page = stage(keep_fragment=True).browser().get("/a'b?\"><script>alert(1)</script>")
    assert page.text.count("<script") == 1
    assert kept_for(page) == "/a'b?%22%3E%3Cscript%3Ealert(1)%3C/script%3E"


def test_the_page_for_a_provider_that_has_to_be_asked_first(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(keep_fragment=True)
    provider.stop()
    assert here.browser().get("/report").status == 503
    provider.start()
    here.clock.advance(11)
    assert signed_in(here.browser(), "/report", provider).status == 200


def test_a_login_that_took_too_long_is_begun_again_for_the_same_page(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(keep_fragment=True, login_timeout="5m")
    browser = here.browser()
    back = browser.navigate(leads_to(browser.get("/report")), until=DONE)
    here.clock.advance(301)
    again = browser.get(back.target)
    assert is_login(again, provider)
    assert kept_for(browser.navigate(again.target)) == "/report"


def test_a_step_up_keeps_it_too(stage: StageFactory, provider: LocalProvider) -> None:
    rule = {"path": "/payroll", "allow": "signed-in", "acr": ["mfa"]}
    here = stage(keep_fragment=True, rules=[rule])
    provider.usual_acr = "mfa"
    browser = here.browser()
    assert signed_in(browser, "/payroll?x", provider).status == 200
    provider.usual_acr = "pwd"
    other = here.browser()
    assert signed_in(other, "/", provider).status == 200
    page = other.get("/payroll?x")
    assert (page.status, kept_for(page)) == (401, "/payroll?x")
    assert query(leads_to(page))["acr_values"] == "mfa"


def test_with_several_providers_the_choice_keeps_it(several: Several) -> None:
    browser = several(keep_fragment=True).browser()
    page = browser.get("/report?q=1")
    assert (page.status, kept_for(page)) == (401, "/report?q=1")
    choice = browser.navigate(leads_to(page))
    assert urlsplit(choice.url).path == "/oauth2/login"
    arrived = chosen(browser, choice, "guests")
    assert arrived.url.partition("?")[0] == "https://app.test/oauth2/callback/guests"
    assert kept_for(arrived) == leads_to(arrived) == "/report?q=1"


# In Chromium


def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [b"<!doctype html><title>App</title><h1>The app</h1>"]


@pytest.fixture(scope="module")
def _served_gate(_served_provider: LocalProvider, _served_others: tuple[LocalProvider, ...]) -> Iterator[str]:
    """Serve a gate with two providers, for all tests in Chromium here; yield its address."""
    options = _served_provider.gate_options(auth_id="staff", keep_fragment=True, public_paths="/public")
    providers = [entry(_served_others[0])]
    server = ServerThread(OIDCGate(app, **options, cookie_secret=COOKIE_SECRET, providers=providers))
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()


@pytest.fixture
def base(_served_gate: str, provider: LocalProvider, guests: LocalProvider) -> str:
    """Return the address of the gate, whose providers show their forms."""
    provider.user = guests.user = None
    return _served_gate


@pytest.fixture
def context(chromium: Chromium, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    with chromium.new_context(java_script_enabled=getattr(request, "param", True)) as context:
        context.set_default_timeout(1000 * LIMIT)
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Open a page in a browser that nobody has used."""
    complaints: list[str] = []
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert complaints == []


def choose(page: Page, name: str) -> None:
    """Choose a provider and fill in its form."""
    page.locator(f"a[href*='auth_id={name}']").click()
    fill_in(page)


def fill_in(page: Page) -> None:
    page.locator("input[name=username]").fill("ada")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")


def kept(page: Page) -> Any:
    return page.evaluate("Object.keys(sessionStorage).filter(key => key.startsWith('oidc_gate'))")


@pytest.mark.uncounted
@pytest.mark.parametrize("auth_id", ["staff", "guests"])
def test_a_fragment_is_kept_over_the_providers_page(base: str, page: Page, auth_id: str) -> None:
    page.goto(f"{base}/report?q=1#/reports/7?a=%2F&b")
    choose(page, auth_id)
    expect(page.get_by_role("heading")).to_have_text("The app")
    assert page.url == f"{base}/report?q=1#/reports/7?a=%2F&b"
    assert kept(page) == []


@pytest.mark.uncounted
def test_each_tab_has_its_own_and_a_page_without_one_gets_none(base: str, page: Page, context: BrowserContext) -> None:
    other, third = context.new_page(), context.new_page()
    for each, address in ((page, "/report#one"), (other, "/report#two"), (third, "/report")):
        each.goto(base + address)
    choose(page, "staff")
    for each, address in ((page, "/report#one"), (other, "/report#two"), (third, "/report")):
        if each is not page:  # the provider knows the person by now
            each.locator("a[href*='auth_id=staff']").click()
        expect(each.get_by_role("heading")).to_have_text("The app")
        assert each.url == base + address


@pytest.mark.uncounted
def test_what_was_kept_for_one_page_is_never_put_on_another(base: str, page: Page) -> None:
    page.goto(f"{base}/report#secret")
    page.goto(f"{base}/oauth2/login?next=/public/other&auth_id=staff")
    fill_in(page)
    expect(page.get_by_role("heading")).to_have_text("The app")
    assert page.url == f"{base}/public/other"


@pytest.mark.uncounted
def test_what_does_not_begin_as_a_fragment_is_left_out(base: str, page: Page) -> None:
    page.goto(f"{base}/public")
    page.evaluate("sessionStorage.setItem('oidc_gate /report', '@evil.example/')")
    page.goto(f"{base}/oauth2/login?next=/report&auth_id=staff")
    fill_in(page)
    expect(page.get_by_role("heading")).to_have_text("The app")
    assert page.url == f"{base}/report"


@pytest.mark.uncounted
@pytest.mark.parametrize("context", [False], indirect=True)
def test_a_browser_without_scripts_is_led_on(base: str, page: Page) -> None:
    page.goto(f"{base}/report?q=1#gone")
    choose(page, "staff")
    expect(page.get_by_role("heading")).to_have_text("The app")
    assert page.url.partition("#")[0] == f"{base}/report?q=1"
