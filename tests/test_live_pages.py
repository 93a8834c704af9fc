"""What is left over when somebody signs out, in a real browser: open connections, a download, the app's own session."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.apps import COOKIE_SECRET
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.servers import ServerProcess, running
from tests.test_reload import toml

pytestmark = pytest.mark.uncounted

APP = '''
import asyncio
from oidc_gate.asgi import OIDCGate

PAGE = """<!doctype html><title>App</title><p>Hello, %s!</p><a href=/report>Report</a><script>
const ends = {}
const socket = new WebSocket(location.href.replace("http", "ws") + "ws")
const opened = new Promise(done => { socket.onopen = done })
socket.onclose = event => { ends.socket = [event.code, event.reason] }
const events = new EventSource("/events")
const heard = new Promise(done => { events.onmessage = done })
events.onerror = () => { if (events.readyState === EventSource.CLOSED) ends.events = "closed" }
</script>"""
finish = asyncio.Event()

async def app(scope, receive, send):
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
    elif scope["path"] == "/events":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        await send({"type": "http.response.body", "body": b"data: hello\\n\\n", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass
    elif scope["path"] == "/report":
        disposition = (b"content-disposition", b"attachment; filename=report.txt")
        await send({"type": "http.response.start", "status": 200, "headers": [disposition]})
        await send({"type": "http.response.body", "body": b"a" * 100_000, "more_body": True})
        await finish.wait()
        await send({"type": "http.response.body", "body": b"b" * 100_000})
    elif scope["path"] == "/finish":
        finish.set()
        await answer(send, b"finished", [])
    else:  # an app with a login of its own: whoever has its cookie is who has come with the gate's word before
        own = [value for name, value in scope["headers"] if name == b"cookie"]
        known = [part.partition(b"=")[2] for part in b"; ".join(own).split(b"; ") if part.startswith(b"sessionid=")]
        name = known[0].decode() if known else scope["user"].email.partition("@")[0]
        cookie = (b"set-cookie", f"sessionid={name}; Path=/; HttpOnly".encode())
        await answer(send, (PAGE % name).encode(), [cookie])

async def answer(send, body, headers):
    headers = [(b"content-type", b"text/html"), *headers]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

gated = OIDCGate(app)
'''


@pytest.fixture
def server(provider: LocalProvider, tmp_path: Path) -> Iterator[ServerProcess]:
    (tmp_path / "app.py").write_text(APP)
    options = provider.gate_options(
        cookie_secret=COOKIE_SECRET, live_check="300ms", logout_cookies=["sessionid"], public_paths=["/finish"]
    )
    (tmp_path / "gate.toml").write_text(toml(options))
    argv = [sys.executable, "-m", "uvicorn", "app:gated", "--port", "{port}", "--no-access-log"]
    env = {"OIDC_GATE_CONFIG": "gate.toml"}
    with running(argv, folder=tmp_path, env=env, cwd=tmp_path, ready_path="/oauth2/health") as server:
        yield server


def test_a_logout_in_another_tab_ends_what_is_open_and_leaves_a_download_whole(
    chromium: Browser, server: ServerProcess, provider: LocalProvider
) -> None:
    with chromium.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(1000 * LIMIT)
        page.goto(f"{server.url}/")
        expect(page.locator("p")).to_have_text("Hello, ada!")
        page.evaluate("Promise.all([opened, heard])")
        with page.expect_download() as begun:
            page.get_by_role("link", name="Report").click()
        other = context.new_page()
        other.goto(f"{server.url}/oauth2/logout")
        expect(other.get_by_role("heading")).to_have_text("You are signed out")
        page.wait_for_function("ends.socket && ends.events")
        assert page.evaluate("ends") == {"socket": [4401, "session ended"], "events": "closed"}
        other.goto(f"{server.url}/finish")
        assert begun.value.path().read_text() == "a" * 100_000 + "b" * 100_000
        assert "sessionid" not in [cookie.get("name") for cookie in context.cookies()]
        provider.user = provider.people["grace"]
        page.reload()
        expect(page.locator("p")).to_have_text("Hello, grace!")
