"""A real browser, Debian's Chromium, in front of the examples and of gates on real HTTP: what a model cannot show."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from oidc_gate import identity_of
from oidc_gate.browser.addresses import Origin, safe_path
from oidc_gate.wsgi import OIDCGate
from tests.apps import COOKIE_SECRET
from tests.hostile_addresses import destination, hostile
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.providers.people import PASSWORD
from tests.providers.serving import ServerThread
from tests.test_examples import served

pytestmark = pytest.mark.uncounted

Serve = Callable[..., str]

#: The session's cookie over plain http.
SESSION = r"oidc_gate\.default-\w+"


@pytest.fixture
def complaints() -> list[str]:
    """Collect what the browser says of pages that do what their own policy forbids."""
    return []


@pytest.fixture
def page(chromium: Browser, complaints: list[str]) -> Iterator[Page]:
    """Open a page in a browser that nobody has used."""
    with chromium.new_context() as context:
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.set_default_timeout(1000 * LIMIT)
        yield page
        assert complaints == []


def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Greet whoever is there, with a form to send and a link to sign out."""
    identity = identity_of(environ)
    greeting = f"Hello, {identity.display_name if identity else 'nobody'}, at {environ['PATH_INFO']}!"
    body = (
        f"<!doctype html><title>App</title><h1>{escape(greeting)}</h1>"
        "<form method=post action=/save><button>Save</button></form><a href=/oauth2/logout>Sign out</a>"
    )
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [body.encode()]


@pytest.fixture
def serve(provider: LocalProvider) -> Iterator[Serve]:
    """Serve the app behind a gate on real HTTP; the keywords are settings, the result is its address."""
    with ExitStack() as stack:

        def start(host: str = "127.0.0.1", **settings: Any) -> str:
            gate = OIDCGate(app, **({"cookie_secret": COOKIE_SECRET} | provider.gate_options(**settings)))
            server = ServerThread(gate)
            server.start()
            stack.callback(server.stop)
            return f"http://{host}:{server.port}"

        yield start


def sign_in(page: Page, name: str = "ada") -> None:
    """Fill in the provider's form."""
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")


def visits(page: Page) -> list[str]:
    """Return a list that fills with the paths that the page is answered from, redirects too."""
    seen: list[str] = []

    def note(response: Response) -> None:
        if response.request.is_navigation_request():
            seen.append(urlsplit(response.url).path)

    page.on("response", note)
    return seen


@pytest.mark.parametrize("start", ["gunicorn", "uvicorn"])
def test_someone_signs_in_to_an_example_and_out_again(
    start: str, tmp_path: Path, provider: LocalProvider, page: Page
) -> None:
    provider.user = None
    for server in served(start, tmp_path, provider):
        seen = visits(page)
        page.goto(f"{server.url}/admin?from=mail")
        sign_in(page)
        expect(page.locator("p").first).to_contain_text("engineers, admins")
        assert page.url == f"{server.url}/admin?from=mail"
        page.get_by_role("link", name="Home").click()
        expect(page.locator("p").first).to_have_text("Hello, Ada Lovelace!")
        before = len(seen)
        page.get_by_role("link", name="Sign out").click()
        expect(page.get_by_role("heading")).to_have_text("You are signed out")
        assert seen[before:] == ["/oauth2/logout"]
        page.get_by_role("link", name="Sign in again").click()
        sign_in(page, "grace")
        expect(page.locator("p").first).to_have_text("Hello, Grace Hopper!")


def test_the_websocket_of_an_example_knows_who_is_there(tmp_path: Path, provider: LocalProvider, page: Page) -> None:
    for server in served("uvicorn", tmp_path, provider):
        page.goto(f"{server.url}/chat")
        expect(page.locator("p").first).to_have_text("Hello, Ada Lovelace!")
        page.goto(f"{server.url}/oauth2/logout")
        page.goto(f"{server.url}/about")
        opened = """address => new Promise(done => {
            const socket = new WebSocket(address)
            socket.onopen = () => done("opened"); socket.onerror = () => done("refused")
        })"""
        assert page.evaluate(opened, server.url.replace("http", "ws") + "/ws") == "refused"


def test_two_tabs_that_sign_in_at_once_both_end_at_their_pages(
    serve: Serve, provider: LocalProvider, page: Page
) -> None:
    provider.user = None
    base = serve()
    other = page.context.new_page()
    page.goto(f"{base}/one")
    other.goto(f"{base}/two")
    sign_in(other)
    sign_in(page)
    expect(other.get_by_role("heading")).to_have_text("Hello, Ada Lovelace, at /two!")
    expect(page.get_by_role("heading")).to_have_text("Hello, Ada Lovelace, at /one!")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_answer_that_is_posted_arrives_with_its_cookies(
    serve: Serve, provider: LocalProvider, page: Page, host: str
) -> None:
    """From localhost the provider, at 127.0.0.1, is another site."""
    provider.user = None
    base = serve(host, response_mode="form_post")
    page.goto(f"{base}/report?q=1")
    sign_in(page)
    expect(page.get_by_role("heading")).to_have_text("Hello, Ada Lovelace, at /report!")
    assert page.url == f"{base}/report?q=1"


def test_a_login_from_another_site_ends_at_the_page(serve: Serve, provider: LocalProvider, page: Page) -> None:
    base = serve("localhost")
    page.goto(f"{base}/report")
    expect(page.get_by_role("heading")).to_have_text("Hello, Ada Lovelace, at /report!")
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies(base)}
    (session,) = [cookie for name, cookie in cookies.items() if re.fullmatch(SESSION, name)]
    assert (session["httpOnly"], session["sameSite"], session["path"]) == (True, "Lax", "/")
    assert page.evaluate("document.cookie") == ""


def test_the_back_button_after_a_login_shows_a_page_and_no_error(
    serve: Serve, provider: LocalProvider, page: Page
) -> None:
    provider.user = None
    base = serve(public_paths="/public")
    page.goto(f"{base}/public")
    page.goto(f"{base}/report")
    sign_in(page)
    expect(page.get_by_role("heading")).to_have_text("Hello, Ada Lovelace, at /report!")
    page.go_back()
    page.go_forward()
    expect(page.get_by_role("heading")).to_have_text("Hello, Ada Lovelace, at /report!")


def test_a_form_that_is_sent_too_late_is_sent_again_by_loading_its_page_again(
    serve: Serve, provider: LocalProvider, page: Page
) -> None:
    base = serve(public_paths="/public")
    page.goto(f"{base}/public")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading")).to_have_text("Your session has ended")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Sign in in a new tab").click()
    expect(opened.value.get_by_role("heading")).to_have_text("Hello, Ada Lovelace, at /public!")
    page.reload()
    expect(page.get_by_role("heading")).to_have_text("Hello, Ada Lovelace, at /save!")


@pytest.mark.parametrize("provider_logout", [False, True])
@pytest.mark.parametrize("how", ["link", "form"])
def test_a_logout_from_another_site_asks_first(serve: Serve, page: Page, how: str, provider_logout: bool) -> None:
    base, evil = serve("localhost", provider_logout=provider_logout), serve("127.0.0.1", public_paths="/public")
    page.goto(f"{base}/report")
    page.goto(f"{evil}/public")
    if how == "link":
        page.evaluate("address => { location = address }", f"{base}/oauth2/logout")
    else:
        page.evaluate(
            """address => {
                const form = document.createElement("form")
                Object.assign(form, {method: "post", action: address})
                document.body.append(form)
                form.submit()
            }""",
            f"{base}/oauth2/logout",
        )
    expect(page.get_by_role("heading")).to_have_text("Sign out?")
    assert any(re.fullmatch(SESSION, cookie["name"]) for cookie in page.context.cookies(base))
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading")).to_have_text("You are signed out")
    assert [cookie["name"] for cookie in page.context.cookies(base) if "op_session" not in cookie["name"]] == []


def test_a_logout_at_the_provider_comes_back_signed_out(serve: Serve, provider: LocalProvider, page: Page) -> None:
    base = serve("localhost", provider_logout=True)
    page.goto(f"{base}/report")
    seen = visits(page)
    page.get_by_role("link", name="Sign out").click()
    expect(page.get_by_role("heading")).to_have_text("You are signed out")
    assert seen == ["/oauth2/logout", "/end-session", "/oauth2/logout"]
    assert len(provider.ended) == 1


def test_a_script_is_told_where_to_sign_in_and_who_is_signed_in(
    serve: Serve, provider: LocalProvider, page: Page
) -> None:
    base = serve(public_paths="/public")
    page.goto(f"{base}/public")
    ask = "path => fetch(path).then(async answer => [answer.status, await answer.json()])"
    assert page.evaluate(ask, "/api") == [401, {"error": "login_required", "login_url": "/oauth2/login"}]
    page.goto(f"{base}/report")
    status, told = page.evaluate(ask, "/oauth2/userinfo")
    assert (status, told["name"]) == (200, "Ada Lovelace")


def test_a_page_of_the_gate_is_shown_in_nobodys_frame(serve: Serve, page: Page, complaints: list[str]) -> None:
    base, evil = serve("localhost"), serve("127.0.0.1", public_paths="/public")
    page.goto(f"{evil}/public")
    with page.expect_event("console", lambda said: "frame-ancestors" in said.text):
        page.evaluate("at => { document.body.innerHTML = `<iframe src='${at}'></iframe>` }", f"{base}/oauth2/logout")
    complaints.clear()


def test_no_hostile_address_leads_the_real_browser_away(chromium: Browser) -> None:
    """The browser's own URL parser is the judge, and judges as Ada does."""
    origin = Origin("https", "app.test", "")
    addresses = [
        address for address in hostile("https://app.test") if not any("\ud800" <= c <= "\udfff" for c in address)
    ]
    resolve = """addresses => addresses.map(address => {
        try { return new URL(address, "https://app.test/oauth2/callback?code=x").origin.replace("file://", "null") }
        catch { return "" }
    })"""
    page = chromium.new_page()
    kept = page.evaluate(resolve, [safe_path(address, origin) for address in addresses])
    assert set(kept) == {"https://app.test"}
    raw = page.evaluate(resolve, addresses)
    page.close()
    judged = [destination(address, "https://app.test/oauth2/callback?code=x") for address in addresses]
    differing = [address for address, theirs, ours in zip(addresses, raw, judged, strict=True) if theirs != ours]
    assert [ascii(address) for address in differing] == []


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_a_logout_with_a_long_id_token_goes_to_the_provider_and_back(
    chromium: Browser, provider: LocalProvider, serve: Serve, complaints: list[str], scripts: bool
) -> None:
    """By a form, which sends itself as its page's own policy allows; without scripts it has a button."""
    provider.people["ada"]["groups"] = [f"a group with a long name, number {number}" for number in range(120)]
    with chromium.new_context(java_script_enabled=scripts) as context:
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text))
        page.goto(serve(provider_logout=True) + "/one")
        page.get_by_role("link", name="Sign out").click()
        if not scripts:
            page.get_by_role("button", name="Go on").click()
        expect(page.get_by_role("heading")).to_have_text("You are signed out")
        assert urlsplit(page.url).path == "/oauth2/logout"
    assert len(provider.ended) == 1
    assert [each for each in complaints if "Security Policy" in each] == []


def test_with_no_store_back_after_a_logout_leads_to_the_login(
    provider: LocalProvider, serve: Serve, page: Page
) -> None:
    provider.user = None
    home = serve(cache_control="force no-store", provider_logout=True)
    page.goto(home + "/secret")
    sign_in(page)
    expect(page.get_by_role("heading")).to_have_text("Hello, Ada Lovelace, at /secret!")
    page.get_by_role("link", name="Sign out").click()
    expect(page.get_by_role("heading")).to_have_text("You are signed out")
    page.go_back()
    expect(page.locator("input[name=username]")).to_be_visible()


def test_a_picture_of_the_logout_signs_nobody_out(serve: Serve, page: Page, complaints: list[str]) -> None:
    home = serve()
    page.goto(home + "/one")
    page.evaluate("""() => new Promise(done => {
        const picture = new Image(), frame = document.createElement('iframe');
        picture.onerror = () => { frame.onload = done; document.body.append(frame); };
        frame.src = picture.src = '/oauth2/logout';
    })""")
    assert page.evaluate("() => fetch('/oauth2/logout').then(answer => answer.status)") == 405
    assert complaints, "the page that asks is not shown in a frame"
    complaints.clear()
    page.goto(home + "/two")
    expect(page.get_by_role("heading")).to_have_text("Hello, Ada Lovelace, at /two!")
