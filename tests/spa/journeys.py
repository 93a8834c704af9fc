"""Pages made with React, HTMX, Turbo and Dash whose session ends while they are open: `make spa`.

Each goes on where it was, as docs/single-page-apps.md says how. All in one Chromium, in both worlds.
"""

from __future__ import annotations

import mimetypes
import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from a2wsgi import WSGIMiddleware
from playwright.sync_api import Browser, Page, expect

import oidc_gate.asgi
import oidc_gate.wsgi
from tests.apps import COOKIE_SECRET
from tests.browser import World
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.test_relogin_browser import asgi_server, bar, end_session, sign_in, wsgi_server

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
STRICT = "default-src 'self'; object-src 'none'; base-uri 'none'"
FORM = "<label>Text <input name=text></label> <button>Save</button>"
GENTLE = "<script src=/oauth2/relogin.js data-gentle></script>"

#: The recipe in docs/single-page-apps.md.
RECIPES = HERE.parents[1] / "docs" / "single-page-apps.md"

HTMX = f"<form hx-post=/api hx-target=output>{FORM}</form><output></output>"

#: A page for each library: its head and its body.
PAGES = {
    "htmx-2": (
        """<meta name=htmx-config content='{"includeIndicatorStyles": false}'>
        <script src=/oauth2/relogin.js></script><script src=/modules/htmx-2/dist/htmx.min.js></script>
        <script src=/recipe/htmx:beforeOnLoad.js></script>""",
        HTMX,
    ),
    "htmx-4": (
        """<script src=/oauth2/relogin.js></script><script src=/modules/htmx-4/dist/htmx.min.js></script>
        <script src=/recipe/htmx:before:request.js></script>""",
        HTMX,
    ),
    "htmx-4-gentle": (f"{GENTLE}<script src=/modules/htmx-4/dist/htmx.min.js></script>", HTMX),
    "turbo": (
        f"{GENTLE}<script src=/modules/@hotwired/turbo/dist/turbo.es2017-umd.js></script>",
        f"""<form method=post action=/api data-turbo-frame=answer>{FORM}</form>
        <turbo-frame id=answer><output></output></turbo-frame>""",
    ),
}


def recipe(name: str) -> str:
    """Return the script that the document advises for this event."""
    blocks = RECIPES.read_text(encoding="utf-8").split("```js\n")[1:]
    (found,) = [text for block in blocks if f'"{name}"' in (text := block.partition("```")[0])]
    return found


def answer_to(environ: dict[str, Any], folder: Path) -> tuple[str, str]:
    """Return type and text of what a page, or its script, asks for."""
    path = environ["PATH_INFO"]
    if path == "/api":
        form = parse_qs(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode())
        said = f"{environ['HTTP_X_FORWARDED_USER']} {form['text'][0]}"
        frame = environ.get("HTTP_TURBO_FRAME")
        return "text/html", f"<turbo-frame id={frame}><output>{said}</output></turbo-frame>" if frame else said
    if path.startswith("/recipe/"):
        return "text/javascript", recipe(path.removeprefix("/recipe/").removesuffix(".js"))
    name = path.strip("/")
    if name in PAGES:
        head, body = PAGES[name]
        return "text/html", f"<!doctype html><html lang=en><title>{name}</title>{head}<body>{body}"
    file = MODULES / name.removeprefix("modules/") if name.startswith("modules/") else folder / (name or "index.html")
    return mimetypes.guess_type(file)[0] or "text/plain", file.read_text(encoding="utf-8")


def app_with(folder: Path) -> Any:
    """Return the app, with what Vite has built in this folder."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        kind, text = answer_to(environ, folder)
        policy = STRICT if "turbo" not in environ["PATH_INFO"] else f"{STRICT}; style-src 'self' 'unsafe-inline'"
        headers = {"Content-Type": f"{kind}; charset=utf-8", "Content-Security-Policy": policy}
        start_response("200 OK", list(headers.items()))
        return [text.encode()]

    return app


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Have Vite build the page with React."""
    folder = tmp_path_factory.mktemp("react")
    command = [str(MODULES / ".bin" / "vite"), "build", "react", "--outDir", str(folder), "--emptyOutDir"]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Open a page in a browser that nobody has used."""
    complaints: list[str] = []
    with chromium.new_context() as context:
        page = context.new_page()
        page.on("console", lambda said: complaints.append(said.text) if "Security Policy" in said.text else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.set_default_timeout(1000 * LIMIT)
        yield page
        assert complaints == []


Serve = Callable[[Any], str]


@pytest.fixture
def serve(provider: LocalProvider, world: World) -> Iterator[Serve]:
    """Serve a WSGI app behind a gate of this world; the result is its address."""
    provider.user = None
    options = provider.gate_options(cookie_secret=COOKIE_SECRET, identity_headers="x-forwarded")
    with ExitStack() as stack:

        def start(app: Any) -> str:
            if world == "asgi":
                gate = oidc_gate.asgi.OIDCGate(WSGIMiddleware(app), **options)
                return f"http://127.0.0.1:{stack.enter_context(asgi_server(gate))}"
            return f"http://127.0.0.1:{stack.enter_context(wsgi_server(oidc_gate.wsgi.OIDCGate(app, **options)))}"

        yield start


@pytest.mark.parametrize("name", ["", *PAGES])
def test_what_was_typed_is_sent_after_signing_in_again(serve: Serve, built: Path, page: Page, name: str) -> None:
    page.goto(f"{serve(app_with(built))}/{name}")
    sign_in(page)
    page.get_by_label("Text").fill("a long text")
    end_session(page)
    with page.expect_popup() as pop_up:
        page.get_by_role("button", name="Save").click()
        if "gentle" in name or name == "turbo":
            bar(page).get_by_role("button", name="Sign in").click()
    sign_in(pop_up.value)
    expect(page.locator("output")).to_have_text("ada-1815 a long text")
    expect(page.get_by_label("Text")).to_have_value("a long text")


def test_a_dash_app_that_polls_says_what_has_happened_and_goes_on(serve: Serve, page: Page) -> None:
    dash = pytest.importorskip("dash", reason="make spa installs it")
    tag = {"src": "/oauth2/relogin.js", "data-gentle": ""}
    app = dash.Dash(external_scripts=[tag], compress=False)
    app.layout = dash.html.Div(
        [dash.dcc.Interval(id="tick", interval=200), dash.dcc.Input(id="text"), dash.html.P(id="told")]
    )
    app.callback(dash.Output("told", "children"), dash.Input("tick", "n_intervals"))(lambda ticks: f"tick {ticks}")
    page.goto(serve(app.server) + "/")
    sign_in(page)
    told = page.locator("#told")
    expect(told).to_have_text(re.compile(r"tick \d+"))
    page.locator("#text").fill("a long text")
    end_session(page)
    with page.expect_popup() as pop_up:
        bar(page).get_by_role("button", name="Sign in").click()
    before = told.text_content()
    sign_in(pop_up.value)
    expect(told).not_to_have_text(str(before))
    expect(bar(page)).to_have_count(0)
    expect(page.locator("#text")).to_have_value("a long text")
