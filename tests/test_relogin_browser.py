"""`relogin.js` in Chromium: a page whose session ends goes on where it was, and loses nothing that was typed.

The app's page has the strictest policy that a page with scripts can have, and a Cross-Origin-Opener-Policy.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Literal
from urllib.parse import unquote

import pytest
import uvicorn
from a2wsgi import WSGIMiddleware
from playwright.sync_api import Browser, Error, Page, Route, expect
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import oidc_gate.asgi
import oidc_gate.wsgi
from oidc_gate.browser.relogin_script import relogin_script
from tests.apps import COOKIE_SECRET
from tests.browser import World
from tests.documents import ROOT
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.providers.people import PASSWORD
from tests.providers.serving import ServerThread
from tests.test_pages_everywhere import AXE, RULES

pytestmark = pytest.mark.uncounted

STRICT = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; require-trusted-types-for 'script'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
}
#: What the app's page does with what is typed into it.
SCRIPT = """
document.querySelector("#save").onclick = async () => {
    const body = document.querySelector("input").value, output = document.querySelector("output")
    try {
        const answer = await oidcGate.fetch("api", {method: "POST", body, signal: window.signal})
        output.value = answer.ok ? await answer.text() : "status " + answer.status
    } catch (error) {
        output.value = error.name
    }
}
"""

#: A form of the page's own, which is sent by itself.
FORM = """
const form = Object.assign(document.createElement("form"), {method: "post", action: "/taken"})
form.append(Object.assign(document.createElement("input"), {name: "a", value: "b"}))
document.body.append(form)
form.submit()
"""

#: Counts the answers that the page has read and gone on with: Playwright sees an answer before the page has it.
COUNT = """{
    const json = Response.prototype.json, later = setTimeout.bind(window)
    window.taken = 0
    Response.prototype.json = async function () {
        const found = await json.call(this)
        later(() => taken++)
        return found
    }
}"""

Serve = Callable[..., str]


def page_app(prefix: str) -> Any:
    """Return an app: a page with a field, and what its script sends that to.

    The page's query is attributes of the gate's script, or how to load it.
    """

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        path, attributes = environ["PATH_INFO"], unquote(environ["QUERY_STRING"])
        kind = "text/html"
        if path == "/app.js":
            kind, body = "text/javascript", SCRIPT
        elif path.startswith("/api"):
            sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
            kind, body = "text/plain", f"{environ.get('HTTP_X_FORWARDED_USER')} {environ['REQUEST_METHOD']} {sent}"
        else:
            gate = f"{environ['SCRIPT_NAME']}{prefix}"
            script = f"src='{gate}/relogin.js' integrity='{relogin_script('').integrity}'"
            body = (
                "<!doctype html><html lang=en><title>App</title><label>Text <input></label>"
                f"<button id=save>Save</button> <output></output><script {attributes or script}></script>"
                f"<script src='{environ['SCRIPT_NAME']}/app.js'></script>"
            )
        start_response("200 OK", [("Content-Type", f"{kind}; charset=utf-8"), *STRICT.items()])
        return [body.encode()]

    return app


def with_sockets(app: Any) -> Any:
    """Return the app with a WebSocket at any path, which says hello and stays open."""

    async def both(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "websocket":
            await app(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "hello"})
        while (await receive())["type"] != "websocket.disconnect":
            pass

    return both


@contextmanager
def asgi_server(app: Any) -> Iterator[int]:
    """Serve an ASGI app from a thread; yield its port."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
        assert thread.is_alive()
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


@contextmanager
def wsgi_server(app: Any) -> Iterator[int]:
    server = ServerThread(app)
    server.start()
    yield server.port
    server.stop()


@pytest.fixture
def serve(provider: LocalProvider) -> Iterator[Serve]:
    """Serve the app behind a gate; the keywords are settings, the result is its address."""
    provider.user = None
    with ExitStack() as stack:

        def start(world: World = "wsgi", mount: str = "", **settings: Any) -> str:
            options = {"cookie_secret": COOKIE_SECRET, "identity_headers": "x-forwarded"} | settings
            app = page_app(settings.get("path_prefix", "/oauth2"))
            if world == "asgi":
                served = oidc_gate.asgi.OIDCGate(with_sockets(WSGIMiddleware(app)), **provider.gate_options(**options))
                port = stack.enter_context(asgi_server(served))
            else:
                gate = oidc_gate.wsgi.OIDCGate(app, **provider.gate_options(**options))
                found: Any = DispatcherMiddleware(page_app(""), {mount: gate}) if mount else gate
                port = stack.enter_context(wsgi_server(found))
            return f"http://127.0.0.1:{port}{mount}"

        yield start


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Open a page in a browser that nobody has used."""
    complaints: list[str] = []
    with chromium.new_context() as context:
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.set_default_timeout(1000 * LIMIT)
        page.add_init_script(COUNT)
        yield page
        assert complaints == []


def sign_in(page: Page, name: str = "ada") -> None:
    """Fill in the provider's form."""
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")


def opened(page: Page, address: str) -> None:
    """Open the app's page, signed in, and type something; its script knows then who was signed in."""
    page.goto(address)
    sign_in(page)
    page.get_by_label("Text").fill("a long text")
    until(page, "window.taken > 0 && document.readyState == 'complete'")
    run(page, "window.typed = true")


def end_session(page: Page) -> None:
    """Take the sessions away, here and at the provider."""
    page.context.clear_cookies()


def without_a_click(page: Page, script: str, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Have the page do something that nobody has clicked for, until it shows the bar.

    Whatever Playwright does in a page counts as a click for some seconds; here it does not.
    """
    run(page, f"Object.defineProperty(navigator, 'userActivation', {{value: {{}}, configurable: true}});{script}\n0")
    meanwhile()
    until(page, "!!document.querySelector('dialog[open]:not(:modal)')")
    run(page, "delete navigator.userActivation")


def save(page: Page) -> None:
    """Have the page send what was typed, without anybody who has clicked."""
    without_a_click(page, "document.querySelector('#save').click()")


def run(page: Page, expression: str) -> Any:
    """Return what this comes to in the page; Playwright's own `evaluate` would count as a click of somebody's."""
    session = page.context.new_cdp_session(page)
    asked = {"expression": expression, "awaitPromise": True, "returnByValue": True}
    found = session.send("Runtime.evaluate", asked)
    session.detach()
    assert "exceptionDetails" not in found, found["exceptionDetails"]
    return found["result"].get("value")


def until(page: Page, expression: str) -> None:
    """Wait until this holds."""
    give_up = time.monotonic() + LIMIT
    while True:
        with suppress(Error, AssertionError):  # the page is just being loaded
            if run(page, expression):
                return
        assert time.monotonic() < give_up, expression
        page.wait_for_timeout(20)


def output(page: Page) -> Any:
    return expect(page.locator("output"))


def bar(page: Page) -> Any:
    return page.locator("dialog")


@pytest.mark.parametrize(
    ("world", "settings"),
    [
        ("wsgi", {}),
        ("asgi", {}),
        ("wsgi", {"mount": "/mount", "path_prefix": "/gate/oidc"}),
    ],
)
def test_what_was_clicked_is_done_after_signing_in_in_a_pop_up(
    serve: Serve, page: Page, world: World, settings: dict[str, Any]
) -> None:
    opened(page, serve(world, **settings) + "/")
    end_session(page)
    with page.expect_popup() as pop_up:
        page.get_by_role("button", name="Save").click()
    sign_in(pop_up.value)
    output(page).to_have_text("ada-1815 POST a long text")
    assert run(page, "window.typed")
    expect(page.get_by_label("Text")).to_have_value("a long text")
    expect(bar(page)).to_have_count(0)


def test_a_pop_up_that_cannot_close_says_that_it_may_be_closed(serve: Serve, page: Page) -> None:
    opened(page, serve() + "/")
    end_session(page)
    with page.expect_popup() as pop_up:
        page.get_by_role("button", name="Save").click()
    pop_up.value.add_init_script("window.close = () => {}")
    sign_in(pop_up.value)
    output(page).to_have_text("ada-1815 POST a long text")
    expect(pop_up.value.get_by_role("heading")).to_have_text("You are signed in")
    expect(pop_up.value.locator("p")).to_have_text("You can close this window.")


def test_without_a_click_a_bar_asks_for_one_and_takes_no_focus(serve: Serve, page: Page) -> None:
    opened(page, serve() + "/")
    end_session(page)
    page.get_by_label("Text").focus()
    save(page)
    run(page, "window.asked = []; window.native = open; window.open = address => { asked.push(address) }; 0")
    save(page)
    assert run(page, "asked") == []
    run(page, "window.open = native; 0")
    expect(bar(page)).to_have_text("Your session has endedSign inClose")
    assert run(page, "document.activeElement.tagName") == "INPUT"
    with page.expect_popup() as pop_up:
        bar(page).get_by_role("button", name="Sign in").click()
    sign_in(pop_up.value)
    output(page).to_have_text("ada-1815 POST a long text")
    expect(bar(page)).to_have_count(0)


def test_for_another_person_the_page_is_loaded_anew_and_nothing_is_sent(
    serve: Serve, provider: LocalProvider, page: Page
) -> None:
    opened(page, serve() + "/")
    end_session(page)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.url.endswith("/api") else None)
    with page.expect_popup() as pop_up:
        page.get_by_role("button", name="Save").click()
    sign_in(pop_up.value, "grace")
    until(page, "!window.typed")
    expect(page.get_by_label("Text")).to_have_value("")
    assert len(sent) == 1


def test_a_page_that_answers_a_form_is_loaded_anew_without_sending_that_again(
    serve: Serve, provider: LocalProvider, page: Page
) -> None:
    """`location.reload()` would: what one person wrote, as another; and what another site sent, as the app's own."""
    opened(page, serve() + "/")
    forms: list[str] = []
    page.on("request", lambda sent: forms.append(sent.url) if sent.url.endswith("/taken") and sent.post_data else None)
    with page.expect_navigation():
        run(page, FORM)
    until(page, "document.readyState == 'complete' && location.pathname == '/taken'")
    run(page, "location.hash = 'part'; window.typed = true")
    end_session(page)
    with page.expect_popup() as pop_up:
        page.get_by_role("button", name="Save").click()
    sign_in(pop_up.value, "grace")
    until(page, "!window.typed && location.pathname == '/taken' && !location.hash")
    assert len(forms) == 1


def test_a_tab_of_somebody_else_is_loaded_anew_though_it_asks_for_nothing(serve: Serve, page: Page) -> None:
    address = serve() + "/"
    opened(page, address)
    other = page.context.new_page()
    other.goto(address)
    end_session(page)
    with other.expect_popup() as pop_up:
        other.get_by_role("button", name="Save").click()
    sign_in(pop_up.value, "grace")
    until(page, "!window.typed")


def test_a_page_without_a_session_has_nobody_to_compare_with_and_is_loaded_anew(serve: Serve, page: Page) -> None:
    page.goto(serve(public_paths=["/public", "/app.js"]) + "/public")
    run(page, "window.typed = true")
    save(page)
    expect(bar(page)).to_contain_text("Please sign in")
    with page.expect_popup() as pop_up:
        bar(page).get_by_role("button", name="Sign in").click()
    sign_in(pop_up.value)
    until(page, "!window.typed && document.readyState == 'complete'")
    page.get_by_role("button", name="Save").click()
    output(page).to_have_text("ada-1815 POST ")


def test_a_forged_message_has_the_page_ask_and_nothing_else(serve: Serve, page: Page) -> None:
    address = serve() + "/"
    opened(page, address)
    other = page.context.new_page()
    other.goto(address)
    end_session(page)
    save(page)
    expect(bar(page)).to_be_visible()
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    with page.expect_response("**/oauth2/userinfo") as answer:
        run(other, "new BroadcastChannel('oidc_gate').postMessage({sub: 'grace', go: 'https://evil.example/'})")
    assert answer.value.status == 401
    run(page, "new Promise(done => setTimeout(done))")
    expect(bar(page)).to_be_visible()
    assert sent == [f"{address}oauth2/userinfo"]
    assert run(page, "window.typed")


def test_whoever_does_not_want_to_gets_the_answer_and_is_left_alone(serve: Serve, page: Page) -> None:
    opened(page, serve() + "/")
    end_session(page)
    save(page)
    bar(page).get_by_role("button", name="Close").click()
    output(page).to_have_text("status 401")
    expect(bar(page)).to_have_count(0)
    nobody_clicks = "Object.defineProperty(navigator, 'userActivation', {value: {}, configurable: true});"
    assert run(page, f"{nobody_clicks} oidcGate.fetch('api').then(answer => answer.status)") == 401
    run(page, "delete navigator.userActivation")
    with page.expect_popup() as pop_up:
        page.get_by_role("button", name="Save").click()
    sign_in(pop_up.value)
    output(page).to_have_text("ada-1815 POST a long text")


def test_signing_in_in_another_tab_by_other_ways_is_noticed_when_the_page_has_the_focus_again(
    serve: Serve, page: Page
) -> None:
    address = serve() + "/"
    opened(page, address)
    end_session(page)
    save(page)
    expect(bar(page)).to_be_visible()
    other = page.context.new_page()
    other.goto(address)
    sign_in(other)
    expect(other.get_by_role("button", name="Save")).to_be_visible()
    run(page, "window.dispatchEvent(new Event('focus'))")
    output(page).to_have_text("ada-1815 POST a long text")


#: What other 401s say, each of one that is none of this gate's for somebody who is not signed in.
OTHERS: list[dict[str, str]] = [
    {"WWW-Authenticate": 'OIDC login_url="/other/login"'},
    {"WWW-Authenticate": 'OIDC login_url="/oauth2/login?step_up=1"'},
    {"WWW-Authenticate": 'Basic realm="x"'},
    {},
]


def test_an_answer_that_is_none_of_this_gates_is_handed_on(serve: Serve, page: Page) -> None:
    opened(page, serve() + "/")
    said = iter(OTHERS)
    page.route("**/api", lambda route: route.fulfill(status=401, headers=next(said), body="{}"))
    for _ in OTHERS:
        assert run(page, "oidcGate.fetch('api').then(answer => answer.status)") == 401
    expect(bar(page)).to_have_count(0)


def test_whoever_gives_up_waiting_is_told_at_once(serve: Serve, page: Page) -> None:
    opened(page, serve() + "/")
    end_session(page)
    run(page, "window.stop = new AbortController; window.signal = stop.signal")
    save(page)
    expect(bar(page)).to_be_visible()
    run(page, "stop.abort()")
    output(page).to_have_text("AbortError")


def test_requests_of_every_form_are_sent_again_and_streams_are_not(serve: Serve, page: Page) -> None:
    opened(page, serve() + "/")
    end_session(page)
    without_a_click(
        page,
        """{
        const body = new Blob(["a blob"]), address = new URL("/api", location)
        const stream = new ReadableStream({start(it) { it.enqueue(new TextEncoder().encode("a stream")); it.close() }})
        const all = Promise.all([
            oidcGate.fetch(new Request(address, {method: "PUT", body: "a request"})),
            oidcGate.fetch(address, {method: "PATCH", body}),
            oidcGate.fetch("/api?q", {headers: {Accept: "text/html"}}),
            oidcGate.fetch(address, {method: "POST", body: stream, duplex: "half"}).catch(error => error.name),
        ])
        window.answers = all.then(them => Promise.all(them.map(it => it.text ? it.text() : it)))
    }""",
    )
    with page.expect_popup() as pop_up:
        bar(page).get_by_role("button", name="Sign in").click()
    sign_in(pop_up.value)
    answers = run(page, "answers")
    assert answers[:3] == ["ada-1815 PUT a request", "ada-1815 PATCH a blob", "ada-1815 GET "]
    assert "login_required" in answers[3] or answers[3] == "TypeError"  # Chromium sends streams over HTTP/2 alone


def test_no_more_than_fifty_requests_wait(serve: Serve, page: Page) -> None:
    opened(page, serve() + "/")
    end_session(page)
    without_a_click(
        page,
        """{
        window.answers = []
        for (let i = 0; i < 60; i++) oidcGate.fetch("api").then(answer => answers.push(answer.status))
    }""",
    )
    until(page, "answers.length == 10")
    with page.expect_popup() as pop_up:
        bar(page).get_by_role("button", name="Sign in").click()
    sign_in(pop_up.value)
    until(page, "answers.length == 60")
    assert run(page, "answers.filter(status => status == 200).length") == 50


# Pages that poll

#: A page that the gate's script watches, and whose time is far: who looks from time to time looks too late.
GENTLE = "/?src=/oauth2/relogin.js data-gentle"


def test_a_page_that_polls_says_what_has_happened_and_never_opens_a_window(serve: Serve, page: Page) -> None:
    """`data-gentle` is for apps that nobody can change: it takes the place of `fetch`, and watches."""
    opened(page, serve() + GENTLE)
    run(page, "window.poll = async () => { window.told = await (await fetch('/api')).text() }; poll()")
    until(page, "window.told == 'ada-1815 GET '")
    end_session(page)
    page.get_by_label("Text").click()
    run(page, "window.asked = []; window.native = open; window.open = address => { asked.push(address) }; 0")
    run(page, "window.told = ''; poll(); 0")
    expect(bar(page)).to_contain_text("Your session has ended")
    assert run(page, "asked") == []
    run(page, "window.open = native; 0")
    with page.expect_popup() as pop_up:
        bar(page).get_by_role("button", name="Sign in").click()
    sign_in(pop_up.value)
    until(page, "window.told == 'ada-1815 GET '")
    expect(bar(page)).to_have_count(0)


def test_the_bar_of_a_request_stays_when_the_watch_sees_the_end_too(serve: Serve, page: Page) -> None:
    opened(page, serve() + GENTLE)
    end_session(page)
    run(page, "fetch('/api'); 0")
    expect(bar(page)).to_contain_text("Your session has ended")
    with page.expect_response("**/oauth2/userinfo"):
        run(page, "window.dispatchEvent(new Event('focus'))")
    for _ in range(5):
        page.wait_for_timeout(200)
        assert bar(page).is_visible()


def test_an_answer_from_before_the_end_sends_nothing_and_leaves_the_bar(serve: Serve, page: Page) -> None:
    """The watch asks, the session ends, a request is refused; only then does the answer come."""
    opened(page, serve() + "/")
    signed_in = run(page, "fetch('/oauth2/userinfo').then(answer => answer.json())")
    held: list[Route] = []
    page.route("**/oauth2/userinfo", lambda route: held.append(route))
    with page.expect_request("**/oauth2/userinfo"):
        run(page, "oidcGate.watch(() => 0); 0")
    end_session(page)
    save(page)
    before = run(page, "taken")
    held[0].fulfill(json=signed_in)
    until(page, f"taken > {before}")
    expect(bar(page)).to_contain_text("Your session has ended")
    assert run(page, "document.querySelector('output').value") == ""
    page.unroute("**/oauth2/userinfo")
    with page.expect_popup() as pop_up:
        bar(page).get_by_role("button", name="Sign in").click()
    sign_in(pop_up.value)
    output(page).to_have_text("ada-1815 POST a long text")
    expect(bar(page)).to_have_count(0)


def test_a_request_that_is_refused_while_it_is_asked_who_is_signed_in_does_not_wait_for_ever(
    serve: Serve, page: Page
) -> None:
    """The person signs in again in another tab, which does not say so."""
    address = serve()
    opened(page, address + "/")
    signed_in = run(page, "fetch('/oauth2/userinfo').then(answer => answer.json())")
    other = page.context.new_page()
    other.goto(f"{address}/oauth2/userinfo")
    held: list[Route] = []
    page.route("**/oauth2/userinfo", lambda route: route.continue_() if held else held.append(route))
    with page.expect_request("**/oauth2/userinfo"):
        run(other, "new BroadcastChannel('oidc_gate').postMessage(0); 0")
    end_session(page)
    save(page)
    other.goto(f"{address}/")
    sign_in(other)
    other.get_by_label("Text").wait_for()
    held[0].fulfill(json=signed_in)
    output(page).to_have_text("ada-1815 POST a long text")
    expect(bar(page)).to_have_count(0)


#: Asks as jQuery does; comes to the answer's status and text.
OLD_WAY = """
window.poll = url => new Promise(done => {
    const old = new XMLHttpRequest()
    old.onloadend = () => done(old.status + " " + old.responseText)
    old.open("POST", url)
    old.send("text")
})
0"""


def test_a_page_that_polls_in_the_old_way_says_so_too(serve: Serve, page: Page) -> None:
    """What jQuery and axios ask for with XMLHttpRequest fails as ever, and the next goes on."""
    opened(page, serve() + GENTLE)
    run(page, OLD_WAY)
    assert run(page, "poll('/api')") == "200 ada-1815 POST text"
    end_session(page)
    assert run(page, "poll('/api')").startswith("401 ")
    expect(bar(page)).to_contain_text("Your session has ended")
    with page.expect_popup() as pop_up:
        bar(page).get_by_role("button", name="Sign in").click()
    sign_in(pop_up.value)
    expect(bar(page)).to_have_count(0)
    assert run(page, "poll('/api')") == "200 ada-1815 POST text"


def test_in_the_old_way_too_an_answer_that_is_none_of_this_gates_says_nothing(serve: Serve, page: Page) -> None:
    opened(page, serve() + GENTLE)
    run(page, OLD_WAY)
    said = iter(OTHERS)
    page.route("**/api", lambda route: route.fulfill(status=401, headers=next(said), body="mine"))
    for _ in OTHERS:
        assert run(page, "poll('/api')") == "401 mine"
    expect(bar(page)).to_have_count(0)


#: Polls, and counts the answers.
POLLS = {
    "fetch": "setInterval(async () => { (await (await fetch('/api')).text()); polled++ }, 300)",
    "XMLHttpRequest": "setInterval(async () => { await poll('/api'); polled++ }, 300)",
}


@pytest.mark.parametrize("way", POLLS)
def test_whoever_closes_the_bar_of_a_page_that_polls_hears_no_more_of_that_end(
    serve: Serve, page: Page, way: str
) -> None:
    address = serve()
    opened(page, address + GENTLE)
    run(page, f"window.polled = 0; {OLD_WAY}; {POLLS[way]}; 0")
    until(page, "polled > 1")
    log_out_unheard(page, address)
    expect(bar(page)).to_contain_text("Your session has ended")
    with page.expect_response("**/oauth2/userinfo"):
        bar(page).get_by_role("button", name="Close").click()
    run(page, "window.polled = 0")
    with page.expect_response("**/oauth2/userinfo"):
        until(page, "polled > 5")
    expect(bar(page)).to_have_count(0)

    other = page.context.new_page()
    other.goto(f"{address}/oauth2/login?page=1&next=/oauth2/done")  # the provider still knows who it is
    until(page, "fetch('/api').then(answer => answer.ok)")
    log_out_unheard(page, address)
    expect(bar(page)).to_contain_text("Your session has ended")


def test_closing_the_bar_is_no_click_for_a_window(serve: Serve, page: Page) -> None:
    """Where the watch sees the end only then, the bar does not come back, and no window opens."""
    opened(page, serve() + "/")
    with page.expect_response("**/oauth2/userinfo"):
        run(page, "window.stop = oidcGate.watch(); 0")
    end_session(page)
    save(page)
    run(page, "window.asked = 0; window.open = () => { asked++ }; 0")
    bar(page).get_by_role("button", name="Close").click()
    output(page).to_have_text("status 401")
    with page.expect_response("**/oauth2/userinfo"):
        run(page, "window.dispatchEvent(new Event('focus'))")
    run(page, "new Promise(done => setTimeout(done, 300))")
    expect(bar(page)).to_have_count(0)
    assert run(page, "asked") == 0


def stop_time(page: Page) -> None:
    """Have the page's clock stand still, on a busy machine too; `waits` counts there how often a timer was set."""
    page.clock.install()
    page.clock.pause_at(run(page, "Date.now() / 1000") + LIMIT)  # as for a page that was left alone for so long
    run(page, "window.waits = 0; const set = setTimeout; window.setTimeout = (...all) => (waits++, set(...all)); 0")


def watched(page: Page, address: str, ask: str, left: list[float | None]) -> Callable[[int], None]:
    """Open the page with a clock of its own, and what `userinfo` says of the end; `None`: it has ended.

    Return what lets time pass; else it stands still, on a busy machine too.
    """

    def tell(route: Route) -> None:
        if left[0] is None:
            route.fulfill(status=401, json={"error": "login_required"})
        else:
            route.fulfill(json={"sub": "ada", "issuer": "i", "provider": "default", "ends_in": left[0]})

    page.route("**/oauth2/userinfo", tell)
    opened(page, address)
    stop_time(page)

    def answered(act: Callable[[], object]) -> None:
        before = run(page, "waits")
        with page.expect_response("**/oauth2/userinfo"):
            act()
        until(page, f"waits > {before}")  # it says when it asks next; time that passes before is lost to it

    answered(lambda: run(page, ask))
    return lambda seconds: answered(lambda: page.clock.fast_forward(1000 * seconds))


def test_a_page_is_told_before_its_session_ends_and_when_it_has(serve: Serve, page: Page) -> None:
    left: list[float | None] = [400]
    ask = "window.told = []; window.stop = oidcGate.watch(left => told.push(left), 90); undefined"
    later = watched(page, serve() + "/", ask, left)
    for seconds, now in ((60, 99), (9, 90), (15, 75), (15, 3600), (60, 80), (15, 10), (11, None), (60, None)):
        left[0] = now
        later(seconds)
    until(page, "JSON.stringify(told) == '[90,75,3600,80,10,0]'")
    left[0] = 80
    run(page, "stop()")
    page.clock.fast_forward(1_000_000)
    assert run(page, "told.length") == 6


def test_without_words_of_its_own_the_page_has_the_bar(serve: Serve, page: Page) -> None:
    left: list[float | None] = [600]
    later = watched(page, serve() + "/", "oidcGate.watch(); undefined", left)
    left[0] = 30
    later(60)
    expect(bar(page)).to_contain_text("Your session is about to end")
    left[0] = 600
    later(15)
    expect(bar(page)).to_have_count(0)
    left[0] = 20
    later(60)
    bar(page).get_by_role("button", name="Close").click()
    left[0] = 5
    later(15)
    expect(bar(page)).to_have_count(0)
    left[0] = None
    later(6)
    expect(bar(page)).to_contain_text("Your session has ended")
    left[0] = 600
    run(page, "window.dispatchEvent(new Event('focus'))")
    expect(bar(page)).to_have_count(0)


def test_a_session_of_a_few_seconds_is_not_about_to_end_whenever_it_has_been_used(serve: Serve, page: Page) -> None:
    """The page polls, and its session's idle time is ten seconds; then the polls stop for a while."""
    left: list[float | None] = [10]
    ask = "window.told = []; window.stop = oidcGate.watch((...all) => told.push(all)); undefined"
    later = watched(page, serve() + "/", ask, left)
    for seconds, now in ((8, 9.5), (8, 9), (8, 2), (3, 10)):
        left[0] = now
        later(seconds)
    until(page, "JSON.stringify(told) == '[[2,2.5],[10,2.5]]'")


def test_the_bar_is_not_there_right_after_signing_in_however_soon_the_session_ends(serve: Serve, page: Page) -> None:
    left: list[float | None] = [10]
    later = watched(page, serve() + "/", "oidcGate.watch(); undefined", left)
    expect(bar(page)).to_have_count(0)
    left[0] = 2
    later(8)
    expect(bar(page)).to_contain_text("Your session is about to end")
    left[0] = 10
    later(3)
    expect(bar(page)).to_have_count(0)


def test_a_page_that_nobody_sees_looks_less_often(serve: Serve, page: Page) -> None:
    ask = "Object.defineProperty(document, 'hidden', {value: true}); window.stop = oidcGate.watch(); undefined"
    later = watched(page, serve() + "/", ask, [3600])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.fast_forward(290_000)
    run(page, "0")
    assert asked == []
    later(10)


def test_a_page_is_not_told_what_could_not_be_asked(serve: Serve, page: Page) -> None:
    left: list[float | None] = [600]
    later = watched(page, serve() + "/", "window.told = []; oidcGate.watch(left => told.push(left)); undefined", left)
    left[0] = None
    later(60)
    until(page, "told.length == 1")
    page.route("**/oauth2/userinfo", lambda route: route.fulfill(status=503))
    later(60)
    page.unroute("**/oauth2/userinfo")
    page.route("**/oauth2/userinfo", lambda route: route.fulfill(json={"sub": "ada", "issuer": "i", "ends_in": 600}))
    later(60)
    until(page, "JSON.stringify(told) == '[0,600]'")


def test_asking_when_the_session_ends_does_not_keep_it_alive(serve: Serve, page: Page) -> None:
    opened(page, serve(idle_session_timeout="1h") + "/")
    told = run(page, "new Promise(told => oidcGate.watch(told, 3600))")
    page.wait_for_timeout(1100)
    assert run(page, "new Promise(told => oidcGate.watch(told, 3600))") < told <= 3600


# What tells of the end before it is looked for

CONNECT = """new Promise((heard, failed) => {
    const socket = window.socket = new WebSocket(location.origin.replace("http", "ws") + "/ws")
    socket.onmessage = message => heard(message.data)
    socket.onclose = event => failed(event.code)
})"""
#: The line that the document advises for a WebSocket of one's own.
LIVE = (ROOT / "docs" / "live-connections.md").read_text(encoding="utf-8")


def log_out_elsewhere(page: Page, address: str) -> None:
    """Sign out in another tab, and leave the page in peace: nobody clicks in it, and it does not get the focus."""
    other = page.context.new_page()
    other.goto(f"{address}/oauth2/logout")
    expect(other.get_by_role("heading")).to_have_text("You are signed out")
    other.close()


def log_out_unheard(page: Page, address: str) -> None:
    """Sign out in another tab by a script, which shows no page that could tell the others."""
    other = page.context.new_page()
    other.goto(f"{address}/oauth2/userinfo")
    assert other.evaluate("fetch('/oauth2/logout', {method: 'POST'}).then(answer => answer.status)") == 200
    other.close()


def sign_in_by_the_bar(page: Page) -> None:
    with page.expect_popup() as pop_up:
        bar(page).get_by_role("button", name="Sign in").click()
    if not pop_up.value.is_closed():
        pop_up.value.wait_for_event("close")  # the provider still knows who it is
    expect(bar(page)).to_have_count(0)


def test_a_websocket_that_ends_with_its_session_has_the_page_say_so(serve: Serve, page: Page) -> None:
    address = serve("asgi", live_check="300ms")
    opened(page, address + GENTLE)
    assert run(page, CONNECT) == "hello"
    run(page, "window.ended = new Promise(done => socket.addEventListener('close', done)); 0")
    log_out_elsewhere(page, address)
    assert run(page, "ended.then(event => event.code)") == 4401
    expect(bar(page)).to_contain_text("Your session has ended")
    sign_in_by_the_bar(page)
    assert run(page, CONNECT) == "hello"
    assert run(page, "[socket instanceof WebSocket, WebSocket.OPEN, socket.readyState]") == [True, 1, 1]
    expect(page.get_by_label("Text")).to_have_value("a long text")


def test_a_websocket_that_is_refused_has_the_page_say_so(serve: Serve, page: Page) -> None:
    opened(page, serve("asgi") + GENTLE)
    page.context.clear_cookies(name=re.compile("oidc_gate"))
    assert run(page, f"{CONNECT}.catch(code => code)") == 1006
    expect(bar(page)).to_contain_text("Your session has ended")
    sign_in_by_the_bar(page)
    assert run(page, CONNECT) == "hello"


def test_the_line_for_a_websocket_of_ones_own_connects_again_after_signing_in(serve: Serve, page: Page) -> None:
    (line,) = [block for block in re.findall(r"```js\n(.*?)```", LIVE, re.DOTALL) if "oidcGate" in block]
    address = serve("asgi", live_check="300ms")
    opened(page, address + "/")
    assert run(page, CONNECT) == "hello"
    connect = "const connect = () => { window.again = new WebSocket(socket.url).addEventListener('message', done) }"
    run(page, f"window.told = new Promise(done => {{ {connect}; {line} }}); 0")
    without_a_click(page, "0", lambda: log_out_elsewhere(page, address))
    sign_in_by_the_bar(page)
    assert run(page, "told.then(message => message.data)") == "hello"


def test_a_page_that_asks_for_nothing_hears_of_a_logout_in_another_tab(serve: Serve, page: Page) -> None:
    """As one whose WebSocket is a worker's, which nothing in the page can listen to."""
    address = serve()
    opened(page, address + GENTLE)
    log_out_elsewhere(page, address)
    expect(bar(page)).to_contain_text("Your session has ended")
    sign_in_by_the_bar(page)
    expect(page.get_by_label("Text")).to_have_value("a long text")


def test_whatever_gets_401_has_a_page_that_watches_say_so(serve: Serve, page: Page) -> None:
    """What the page asks for in another way than by `fetch`: XMLHttpRequest, scripts, images, event streams."""
    opened(page, serve() + "/")
    run(page, "window.stop = oidcGate.watch(); 0")
    end_session(page)
    ask = "const asked = new XMLHttpRequest; asked.open('GET', '/api'); asked.send()"
    without_a_click(page, ask)
    expect(bar(page)).to_contain_text("Your session has ended")


def test_a_401_of_the_apps_own_is_asked_about_and_not_told(serve: Serve, page: Page) -> None:
    """Not more than once a second, however many there are; and never by a page that has stopped watching."""
    opened(page, serve() + "/")
    page.route("**/api*", lambda route: route.fulfill(status=401))
    with page.expect_response("**/oauth2/userinfo"):
        run(page, "window.stop = oidcGate.watch(); 0")
    until(page, "taken > 1")
    stop_time(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "userinfo" in request.url else None)
    run(page, "Promise.all([...Array(20).keys()].map(number => fetch('/api?' + number))).then(() => 0)")
    until(page, "waits > 0")
    page.wait_for_timeout(200)
    assert run(page, "waits") == 1
    with page.expect_response("**/oauth2/userinfo"):
        page.clock.fast_forward(1000)
    until(page, "taken > 2")
    expect(bar(page)).to_have_count(0)
    assert len(asked) == 1
    run(page, "window.waits = 0; stop(); fetch('/api').then(() => 0)")
    page.wait_for_timeout(200)
    assert run(page, "waits") == 0
    assert len(asked) == 1


def test_a_script_that_is_loaded_twice_watches_once(serve: Serve, page: Page) -> None:
    """As by an app that puts it into a part of its page, which it makes anew; there it is told by its address."""
    opened(page, serve() + "/?src=/oauth2/relogin.js%3Fgentle")
    assert run(page, "fetch == oidcGate.fetch")
    run(
        page,
        """window.before = [oidcGate, fetch, WebSocket]
        new Promise(done => {
            const script = Object.assign(document.createElement("script"), {onload: done})
            script.src = window.trustedTypes.createPolicy("p", {createScriptURL: it => it}).createScriptURL(
                "/oauth2/relogin.js?gentle")
            document.head.append(script)
        }).then(() => 0)""",
    )
    assert run(page, "before[0] == oidcGate && before[1] == fetch && before[2] == WebSocket")


# How the bar is


def test_the_bar_speaks_the_language_of_its_address(serve: Serve, page: Page) -> None:
    opened(page, serve() + "/?src=/oauth2/relogin.js%3Flang%3Dar")
    end_session(page)
    save(page)
    expect(bar(page)).to_have_attribute("lang", "ar")
    expect(bar(page).get_by_role("button").first).to_have_text("تسجيل الدخول")
    assert bar(page).evaluate("bar => getComputedStyle(bar).direction") == "rtl"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_bar_is_read_by_everybody(serve: Serve, page: Page, scheme: Literal["light", "dark"]) -> None:
    page.emulate_media(color_scheme=scheme)
    opened(page, serve() + "/")
    run(page, "document.documentElement.style.colorScheme = 'light dark'")
    end_session(page)
    save(page)
    expect(page.get_by_role("alert")).to_have_text("Your session has ended")
    expect(page.get_by_role("dialog", name="Your session has ended")).to_be_visible()
    run(page, AXE.read_text(encoding="utf-8") + ";0")
    said = run(page, f"axe.run('dialog', {{runOnly: {RULES}}})")
    found = [
        (each["id"], each["nodes"][0]["html"], each["nodes"][0]["any"])
        for each in said["violations"] + said["incomplete"]
    ]
    assert found == []
    for button in bar(page).get_by_role("button").all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24
    page.set_viewport_size({"width": 320, "height": 500})
    box = bar(page).bounding_box()
    assert box is not None
    assert 0 <= box["x"] <= box["x"] + box["width"] <= 320


def test_the_bar_can_be_reached_where_the_app_has_a_modal_dialog(serve: Serve, page: Page) -> None:
    opened(page, serve() + "/")
    run(
        page,
        """{
        const mine = document.body.appendChild(document.createElement("dialog"))
        mine.append("Mine")
        mine.showModal()
    } 0""",
    )
    end_session(page)
    save(page)
    with page.expect_popup():
        page.get_by_role("button", name="Sign in").click()


def test_a_module_is_told_how_the_script_is_loaded(serve: Serve, page: Page) -> None:
    page.goto(serve(public_paths="/public") + "/public?src=/none.js")
    assert run(page, "import('/oauth2/relogin.js').catch(error => error.message)") == (
        "relogin.js: use <script src>, not a module"
    )
