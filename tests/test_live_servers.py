"""WebSockets and event streams end with their session under real servers, which tell the client and the app alike."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.apps import COOKIE_SECRET
from tests.by_hand import visitor
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.redis_servers import until
from tests.servers import ServerProcess, running
from tests.test_reload import toml

pytestmark = pytest.mark.uncounted

APP = '''
import json
from oidc_gate.asgi import OIDCGate

told = []

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        message = await receive()
        while message["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"]})
            message = await receive()
        told.append(message["type"])
        return
    body = json.dumps(told).encode()
    is_stream = scope["path"] == "/events"
    kind = b"text/event-stream" if is_stream else b"application/json"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    if not is_stream:
        await send({"type": "http.response.body", "body": body})
        return
    await send({"type": "http.response.body", "body": b"data: hello\\n\\n", "more_body": True})
    message = await receive()
    while message["type"] == "http.request":
        message = await receive()
    told.append(message["type"])

gated = OIDCGate(app)
'''
SERVERS = {
    "uvicorn": ("-m", "uvicorn", "liveapp:gated", "--port", "{port}", "--no-access-log", "--ws", "websockets"),
    "hypercorn": ("-m", "hypercorn", "-b", "127.0.0.1:{port}", "liveapp:gated"),
    "granian": ("-m", "granian", "--port", "{port}", "--interface", "asgi", "--no-log", "liveapp:gated"),
    "daphne": ("-m", "daphne", "-b", "127.0.0.1", "-p", "{port}", "liveapp:gated"),
    "gunicorn": ("-m", "gunicorn", "--no-control-socket", "-b", "127.0.0.1:{port}", "-k", "asgi", "liveapp:gated"),
}
BOTH = ["http.disconnect", "websocket.disconnect"]
#: gunicorn's own worker says that a stream is over to apps that send, by an OSError, and not to those that receive.
TOLD = {"gunicorn": ["websocket.disconnect"]}


@contextlib.contextmanager
def served(provider: LocalProvider, folder: Path) -> Iterator[dict[str, ServerProcess]]:
    """Run all at once, for what takes time is their start."""
    (folder / "liveapp.py").write_text(APP)
    options = provider.gate_options(cookie_secret=COOKIE_SECRET, live_check="300ms")
    (folder / "gate.toml").write_text(toml(options))
    env = {"OIDC_GATE_CONFIG": "gate.toml"}

    def start(argv: tuple[str, ...]) -> ServerProcess:
        return stack.enter_context(
            running([sys.executable, *argv], folder=folder, env=env, cwd=folder, ready_path="/oauth2/health")
        )

    with contextlib.ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        yield dict(zip(SERVERS, pool.map(start, SERVERS.values()), strict=True))


def test_both_kinds_end_under_every_server(provider: LocalProvider, tmp_path: Path) -> None:
    with served(provider, tmp_path) as servers:
        ends = {name: ended(server, TOLD.get(name, BOTH)) for name, server in servers.items()}
    whole = (4401, "session ended", "data: hello\n\n")
    # Daphne drops the reason.
    assert ends == dict.fromkeys(SERVERS, whole) | {"daphne": (4401, "", "data: hello\n\n")}


def ended(server: ServerProcess, expected: list[str]) -> tuple[int, str, str]:
    """Return how a WebSocket and an event stream end when their session does; the app must be told this."""
    browser = visitor()
    assert browser.navigate(f"{server.url}/").status == 200
    cookies = dict(browser._cookie_header(server.url, same_site=True, lax_allowed=True))
    address = server.url.replace("http", "ws", 1) + "/ws"
    with requests.Session() as session, connect(address, additional_headers=cookies, open_timeout=LIMIT) as socket:
        session.trust_env = False
        answer = session.get(f"{server.url}/events", headers=cookies, stream=True, timeout=LIMIT)
        chunks = answer.iter_content(None)
        said = next(chunks)
        socket.send("hello")
        assert socket.recv(LIMIT) == "hello"
        assert browser.navigate(f"{server.url}/oauth2/logout").status == 200
        rest = b"".join(chunks)
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(LIMIT)
    frame = closed.value.rcvd
    assert frame is not None
    other = visitor()
    assert other.navigate(f"{server.url}/").status == 200
    until(lambda: set(expected) <= set(other.get(f"{server.url}/told").json()))
    return frame.code, frame.reason, (said + rest).decode()
