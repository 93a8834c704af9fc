"""The example apps, started as their READMEs say and signed in to for real; two are the same app, one diff apart."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import gunicorn.config
import pytest
from playwright.sync_api import sync_playwright
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.apps import COOKIE_SECRET
from tests.browser import Browser
from tests.by_hand import visitor
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.servers import ServerProcess, running

pytestmark = pytest.mark.uncounted

EXAMPLES = Path(__file__).parent.parent / "examples"
#: gunicorn opens a socket for commands since 25; the lowest version that is allowed knows neither that nor the option.
ALONE = ("--no-control-socket",) if hasattr(gunicorn.config, "ControlSocketDisable") else ()
STARTS = {
    "flask": ("flask_app", ("flask", "--app", "app", "run", "--port", "{port}")),
    "gunicorn": (
        "flask_app",
        ("gunicorn", "--bind", "127.0.0.1:{port}", "--forwarded-allow-ips", "", *ALONE, "app:app"),
    ),
    "uvicorn": ("fastapi_app", ("uvicorn", "--port", "{port}", "--no-proxy-headers", "app:app")),
}


@pytest.fixture(params=STARTS)
def example(request: pytest.FixtureRequest, tmp_path: Path, provider: LocalProvider) -> Iterator[ServerProcess]:
    yield from served(request.param, tmp_path, provider)


@pytest.fixture
def fastapi_example(tmp_path: Path, provider: LocalProvider) -> Iterator[ServerProcess]:
    yield from served("uvicorn", tmp_path, provider)


def served(start: str, folder: Path, provider: LocalProvider) -> Iterator[ServerProcess]:
    name, argv = STARTS[start]
    settings = provider.gate_options(cookie_secret=COOKIE_SECRET)
    env = {f"OIDC_GATE_{name.upper()}": value for name, value in settings.items()} | {"PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(Path(sys.executable).with_name(argv[0])), *argv[1:]]
    with running(command, folder=folder, env=env, cwd=EXAMPLES / name, ready_path="/oauth2/health") as server:
        yield server


def test_anyone_may_read_the_public_page(example: ServerProcess) -> None:
    browser = visitor()
    assert "Nobody is signed in." in browser.get(f"{example.url}/about").text
    browser.navigate(f"{example.url}/")
    assert "Signed in as Ada Lovelace." in browser.get(f"{example.url}/about").text


def test_home_greets_whoever_signed_in(example: ServerProcess) -> None:
    browser = visitor()
    assert browser.fetch(f"{example.url}/").status == 401
    page = browser.navigate(f"{example.url}/")
    assert (page.status, page.url) == (200, f"{example.url}/")
    assert "Hello, Ada Lovelace!" in page.text
    links = re.findall(r'href="([^"]+)"', page.text)
    assert [browser.get(example.url + link).status for link in links] == [200, 200, 200, 200]
    assert browser.get(f"{example.url}/").status == 302, "the last link signs out"


def test_admin_is_for_admins(example: ServerProcess, provider: LocalProvider) -> None:
    assert "You may come in" in visitor().navigate(f"{example.url}/admin").text
    provider.user = provider.people["grace"]
    refused = visitor().navigate(f"{example.url}/admin")
    assert (refused.status, refused.url) == (403, f"{example.url}/admin")
    assert "You may come in" not in refused.text


def test_names_are_shown_as_text(example: ServerProcess, provider: LocalProvider) -> None:
    provider.user = {"sub": "x", "name": "<b>&amp;"}
    assert "Hello, &lt;b&gt;&amp;amp;!" in visitor().navigate(f"{example.url}/").text


def test_the_websocket_says_hello(fastapi_example: ServerProcess) -> None:
    address = fastapi_example.url.replace("http", "ws") + "/ws"
    with pytest.raises(InvalidStatus) as refused, connect(address):
        pass
    assert refused.value.response.status_code == 401
    browser = visitor()
    browser.navigate(f"{fastapi_example.url}/")
    with connect(address, additional_headers={"Cookie": cookies_of(browser, fastapi_example)}) as socket:
        assert socket.recv() == "Hello, Ada Lovelace!"


def test_the_chat_page_in_a_real_browser(fastapi_example: ServerProcess) -> None:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"], timeout=1000 * LIMIT
        )
        page = chromium.new_page()
        page.set_default_timeout(1000 * LIMIT)
        page.goto(f"{fastapi_example.url}/chat")
        page.get_by_text("Hello, Ada Lovelace!").wait_for(timeout=1000 * LIMIT)
        chromium.close()


def test_the_node_app_is_told_by_headers(tmp_path: Path, provider: LocalProvider) -> None:
    node = ["node", str(EXAMPLES / "node_app" / "server.mjs")]
    with running(node, folder=tmp_path, env={"PORT": "{port}"}) as app:
        settings = provider.gate_options(cookie_secret=COOKIE_SECRET, identity_headers="x-forwarded")
        env = {f"OIDC_GATE_{name.upper()}": value for name, value in settings.items()}
        gate = [str(Path(sys.executable).with_name("oidc-gate")), "http", str(app.port), "--port", "{port}"]
        with running(gate, folder=tmp_path, env=env, cwd=tmp_path, ready_path="/oauth2/health") as server:
            page = visitor().navigate(f"{server.url}/")
        direct = visitor().get(f"{app.url}/")
    assert (page.status, direct.status) == (200, 401)
    assert "<h1>Hello, ada@example.com!</h1>" in page.text
    assert "You are in: engineers, admins." in page.text


def test_the_examples_are_one_diff_apart() -> None:
    flask, fastapi = ((EXAMPLES / name / "app.py").read_text() for name in ("flask_app", "fastapi_app"))
    assert functions(flask) == ["about", "home", "admin", "page"]
    assert functions(fastapi) == ["about", "home", "admin", "chat", "greet", "page"]
    assert flask.partition("def page(")[2] == fastapi.partition("def page(")[2] != ""


def functions(source: str) -> list[str]:
    tree = ast.parse(source)
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def cookies_of(browser: Browser, server: ServerProcess) -> str:
    return browser.cookies.header_for(server.url + "/")
