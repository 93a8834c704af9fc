"""Kept forms in Debian's Chromium, in both worlds: what people see and press, with files and names of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from random import Random
from typing import Any

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from oidc_gate import identity_of
from tests.apps import COOKIE_SECRET
from tests.bent_proxy import served
from tests.browser import World
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.stage import Clock, timed
from tests.test_browser import complaints, page

pytestmark = pytest.mark.uncounted

__all__ = ["complaints", "page"]  # fixtures

PICTURES = Path(__file__).parent / "screenshots"
NAME = "Rechnung für Łódź, 請求書 \U0001f4ce.bin"
NOISE = Random(7).randbytes(900_000)
TEXT = "Grüße, 您好 & <b>“quoted”</b> = 100 %\r\nsecond line"
FORM = """<!doctype html><meta charset=utf-8><title>App</title><h1>Write</h1>
<form method=post action="/save?draft=1" enctype=multipart/form-data><textarea name="té xt"></textarea>
<input type=file name=file><button>Save</button></form><iframe hidden name=inside></iframe>"""
#: As a form that is shown again with what is wrong in it: it leads to where it came from.
TAKEN = """<!doctype html><meta charset=utf-8><title>App</title><h1>Taken</h1>
<form method=post enctype="{}"><textarea name="té xt"></textarea><input type=file name=file>
<button>Improve</button></form><a href="" target=_blank>Once more</a>"""


@dataclass
class Scene:
    """An app in a browser's reach, its gate, and what it was sent."""

    origin: str
    clock: Clock
    gate: Any
    taken: list[tuple[Any, ...]] = field(default_factory=list)

    @property
    def sent(self) -> tuple[Any, ...]:
        """What came last: who, at which address, and the parts of the body by name."""
        who, target, kind, body = self.taken[-1]
        parts = BytesParser(policy=HTTP).parsebytes(f"content-type: {kind}\r\n\r\n".encode() + body)
        return who, target, [part.get_payload(decode=True) for part in parts.iter_parts()], body


def app_of(world: World, taken: list[tuple[Any, ...]]) -> Any:
    """Return the app: a form, and what takes it."""

    def answer(raw: Any, method: str, *sent: Any) -> bytes:
        if method == "GET":
            return FORM.encode()
        seen = identity_of(raw)
        taken.append((seen and seen.subject, *sent))
        return TAKEN.format(sent[1].partition(";")[0]).encode()

    def wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        target = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        page = answer(environ, environ["REQUEST_METHOD"], target, environ.get("CONTENT_TYPE"), body)
        start_response("200 OK", [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")])
        return [page]

    async def asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        kind = dict(scope["headers"]).get(b"content-type", b"").decode()
        target = f"{scope['path']}?{scope['query_string'].decode()}"
        page = answer(scope, scope["method"], target, kind, body)
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": page})

    return wsgi if world == "wsgi" else asgi


@pytest.fixture(scope="module", params=["wsgi", "asgi"])
def _server(request: pytest.FixtureRequest) -> Iterator[tuple[str, str, list[Any], dict[str, Any]]]:
    """Serve one app of each world for all tests; whoever stands at `gate` answers."""
    world, taken, at = request.param, list[Any](), dict[str, Any]()
    app = app_of(world, taken)

    def wsgi(environ: Any, start_response: Any) -> Any:
        return at["gate"](environ, start_response)

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        await at["gate"](scope, receive, send)

    with served(world, wsgi if world == "wsgi" else asgi) as port:
        at["app"] = app
        yield world, f"http://127.0.0.1:{port}", taken, at


@pytest.fixture
def scene(_server: Any, provider: LocalProvider, tmp_path: Path) -> Scene:
    """Put a gate of its own in front of the app, with sessions in a store."""
    world, origin, taken, at = _server
    taken.clear()
    clock = Clock()
    provider.clock = clock
    options = provider.gate_options(session_store=f"sqlite:///{tmp_path}/sessions.db")
    at["gate"] = timed(world, at["app"], clock, **({"cookie_secret": COOKIE_SECRET} | options))
    return Scene(origin, clock, at["gate"], taken)


def fill_in(page: Page | FrameLocator) -> None:
    page.get_by_role("textbox").fill(TEXT)
    page.locator("input[type=file]").set_input_files(
        {"name": NAME, "mimeType": "application/octet-stream", "buffer": NOISE}
    )


def save(page: Page | FrameLocator) -> None:
    page.get_by_role("button", name="Save").click()


def sign_in(page: Page, inside: Page | FrameLocator, link: str = "Sign in in a new tab") -> None:
    """Do in the new tab what there is to do."""
    with page.context.expect_page() as opened:
        inside.get_by_role("link", name=link).click()
    expect(opened.value.get_by_role("heading")).to_have_text("You are signed in")
    opened.value.close()


def send_again(inside: Page | FrameLocator) -> None:
    inside.get_by_role("button", name="Send again").click()


def end_idly(scene: Scene) -> None:
    scene.clock.advance(3601)


def end_absolutely(scene: Scene) -> None:
    scene.clock.advance(12 * 3600 + 1)


def revoke(scene: Scene) -> None:
    store = scene.gate._gate._sessions.backend.store
    for record in list(store.records()):
        store.delete(record.key)
    scene.clock.advance(2)


def test_a_form_with_a_file_outlives_its_session(scene: Scene, page: Page) -> None:
    """Whichever way that ends: idle, absolutely, revoked."""
    page.goto(f"{scene.origin}/write")
    fill_in(page)
    save(page)
    expect(page.get_by_role("heading")).to_have_text("Taken")
    who, target, parts, body = scene.sent
    assert (who, target, parts) == ("ada-1815", "/save?draft=1", [TEXT.encode(), NOISE])
    assert NAME.encode() in body
    ends: list[Callable[[Scene], None]] = [end_idly, end_absolutely, revoke]
    for end in ends:
        page.goto(f"{scene.origin}/write")
        fill_in(page)
        end(scene)
        save(page)
        expect(page.get_by_role("heading")).to_have_text("Your session has ended")
        calls = len(scene.taken)
        send_again(page)
        expect(page.get_by_text("for 15 minutes")).to_be_visible()
        sign_in(page, page)
        assert len(scene.taken) == calls
        send_again(page)
        expect(page.get_by_role("heading")).to_have_text("Taken")
        assert page.url.partition("?")[0] == f"{scene.origin}/oauth2/resume"
        assert scene.sent[:3] == ("ada-1815", "/save?draft=1", [TEXT.encode(), NOISE])
        first, again = (form.split(b"\r\n", 1)[0] for form in (body, scene.sent[3]))
        assert body.replace(first, b"-") == scene.sent[3].replace(again, b"-"), "all but the boundary, byte for byte"


@pytest.mark.parametrize("encoding", ["multipart/form-data", "application/x-www-form-urlencoded"])
def test_the_answers_own_form_and_link_lead_to_where_the_form_belongs(
    scene: Scene, page: Page, encoding: str
) -> None:
    page.goto(f"{scene.origin}/write")
    page.evaluate("encoding => { document.forms[0].enctype = encoding }", encoding)
    page.get_by_role("textbox").fill(TEXT)
    end_idly(scene)
    save(page)
    sign_in(page, page)
    send_again(page)
    expect(page.get_by_role("heading")).to_have_text("Taken")
    with page.expect_popup() as tab:
        page.get_by_role("link", name="Once more").click()
    expect(tab.value).to_have_url(f"{scene.origin}/save?draft=1")
    expect(tab.value.get_by_role("heading")).to_have_text("Write")
    page.get_by_role("textbox").fill("better")
    calls = len(scene.taken)
    page.get_by_role("button", name="Improve").click()
    expect(page).to_have_url(f"{scene.origin}/save?draft=1")
    expect(page.get_by_role("heading")).to_have_text("Taken")
    (improved,) = scene.taken[calls:]
    assert improved[:2] == ("ada-1815", "/save?draft=1")
    assert improved[2].partition(";")[0] == encoding
    assert b"better" in improved[3]


def sign_out(page: Page, scene: Scene) -> None:
    tab = page.context.new_page()
    tab.goto(f"{scene.origin}/oauth2/logout")
    expect(tab.get_by_role("heading")).to_have_text("You are signed out")
    tab.close()


@pytest.mark.parametrize("size", [len(NOISE), 2**20])
def test_what_is_not_kept_is_sent_again_by_loading_the_page_again(
    scene: Scene, page: Page, tmp_path: Path, size: int
) -> None:
    """Signed out, or too large. The page behind is empty then: the app says that it may not be kept."""
    file = tmp_path / "noise.bin"  # of the disk: one that is made in the page goes with it
    file.write_bytes(NOISE.ljust(size, b"."))
    page.goto(f"{scene.origin}/write")
    page.get_by_role("textbox").fill(TEXT)
    page.locator("input[type=file]").set_input_files(file)
    if size == len(NOISE):
        sign_out(page, scene)
    else:
        end_idly(scene)
    save(page)
    expect(page.get_by_text("then load this page again")).to_be_visible()
    page.screenshot(path=PICTURES / f"form-not-kept-{size}.png")
    with page.expect_popup() as tab:
        page.get_by_role("link", name="Sign in in a new tab").click()
    expect(tab.value.get_by_role("heading")).to_have_text("Write" if size == len(NOISE) else "You are signed in")
    assert scene.taken == []
    page.reload()
    expect(page.get_by_role("heading")).to_have_text("Taken")
    assert scene.sent[:3] == ("ada-1815", "/save?draft=1", [TEXT.encode(), NOISE.ljust(size, b".")])


def test_a_form_of_another_site_is_not_sent_by_loading_the_page_again(scene: Scene, page: Page) -> None:
    page.route(
        "http://localhost:1/",
        lambda route: route.fulfill(
            content_type="text/html", body=f"<form method=post action={scene.origin}/save><button>Save</button></form>"
        ),
    )
    page.goto("http://localhost:1/")
    save(page)
    expect(page.get_by_role("heading")).to_have_text("Your session has ended")
    with page.expect_popup() as tab:
        page.get_by_role("link", name="Sign in in a new tab").click()
    expect(tab.value.get_by_role("heading")).to_have_text("Write")
    page.reload()
    expect(page.get_by_role("heading")).to_have_text("Your session has ended")
    assert scene.taken == []


def test_somebody_else_in_between_sends_nothing(scene: Scene, page: Page, provider: LocalProvider) -> None:
    page.goto(f"{scene.origin}/write")
    fill_in(page)
    end_idly(scene)
    save(page)
    provider.user = provider.people["grace"]
    sign_in(page, page)
    send_again(page)
    expect(page.get_by_role("heading")).to_have_text("This has not been sent")
    page.screenshot(path=PICTURES / "kept-form-of-another.png")
    provider.user = provider.people["ada"]
    sign_in(page, page, "Sign in as someone else")
    send_again(page)
    expect(page.get_by_role("heading")).to_have_text("Taken")
    assert [each[0] for each in scene.taken] == ["ada-1815"]
    page.reload()
    expect(page.get_by_role("heading")).to_have_text("This has been sent already")
    assert len(scene.taken) == 1


def test_another_sites_form_is_never_kept(scene: Scene, page: Page) -> None:
    page.goto(f"{scene.origin}/write")
    end_idly(scene)
    page.route("http://localhost/**", lambda route: route.fulfill(content_type="text/html", body=FORM.replace(
        'action="', f'action="{scene.origin}'
    )))  # fmt: skip
    page.goto("http://localhost/evil")
    save(page)
    expect(page.get_by_role("heading")).to_have_text("Your session has ended")
    assert page.locator("form").count() == 0
    page.reload()  # which sends the form once more, as that site's still
    expect(page.get_by_role("heading")).to_have_text("Your session has ended")
    assert page.locator("form").count() == 0
    page.goto("http://localhost/evil")
    page.evaluate("document.forms[0].target = '_blank'")
    with page.expect_popup() as pop_up:
        save(page)
    expect(pop_up.value.get_by_role("heading")).to_have_text("Your session has ended")
    assert pop_up.value.locator("form").count() == 0
    page.evaluate("document.querySelector('iframe').hidden = false; document.forms[0].target = 'inside'")
    save(page)
    page.wait_for_timeout(100)
    assert page.frame_locator("iframe").get_by_role("button").count() == 0
    assert len(scene.taken) == 0


def test_what_is_too_large_is_told_so_and_still_there(scene: Scene, page: Page, tmp_path: Path) -> None:
    page.goto(f"{scene.origin}/write")
    fill_in(page)
    large = tmp_path / NAME
    large.write_bytes(2 * NOISE)
    page.locator("input[type=file]").set_input_files(large)
    end_idly(scene)
    save(page)
    expect(page.get_by_role("heading")).to_have_text("This is too large to be kept")
    sign_in(page, page)
    page.go_back()
    expect(page.get_by_role("heading")).to_have_text("Write")
    assert page.get_by_role("textbox").input_value() == TEXT.replace("\r\n", "\n")
    save(page)
    expect(page.get_by_role("heading")).to_have_text("Taken")
    assert scene.sent[2] == [TEXT.encode(), 2 * NOISE]


def test_a_form_in_a_frame_is_kept_in_it(scene: Scene, page: Page) -> None:
    page.goto(f"{scene.origin}/write")
    page.evaluate("document.querySelector('iframe').hidden = false")
    page.evaluate("document.forms[0].target = 'inside'")
    fill_in(page)
    end_idly(scene)
    save(page)
    inside = page.frame_locator("iframe")
    expect(inside.get_by_role("heading")).to_have_text("Your session has ended")
    sign_in(page, inside)
    send_again(inside)
    expect(inside.get_by_role("heading")).to_have_text("Taken")
    assert scene.sent[2] == [TEXT.encode(), NOISE]


def test_the_page_can_be_read_and_used_anywhere(chromium: Browser, scene: Scene) -> None:
    """Light and dark, wide and narrow, with the keyboard alone, and without scripts."""
    PICTURES.mkdir(exist_ok=True)
    for scheme, width, height in (("light", 1280, 800), ("dark", 320, 568)):
        with chromium.new_context(java_script_enabled=scheme == "light") as context:
            context.set_default_timeout(1000 * LIMIT)
            page = context.new_page()
            page.emulate_media(color_scheme="light" if scheme == "light" else "dark")
            page.set_viewport_size({"width": width, "height": height})
            page.goto(f"{scene.origin}/write")
            end_idly(scene)
            save(page)
            expect(page.get_by_role("heading")).to_have_text("Your session has ended")
            page.screenshot(path=PICTURES / f"kept-form-{scheme}-{width}.png")
            page.keyboard.press("Tab")
            expect(page.get_by_role("link")).to_be_focused()
            with context.expect_page() as opened:
                page.keyboard.press("Enter")
            expect(opened.value.get_by_role("heading")).to_have_text("You are signed in")
            opened.value.close()
            page.keyboard.press("Tab")
            expect(page.get_by_role("button")).to_be_focused()
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading")).to_have_text("Taken")
