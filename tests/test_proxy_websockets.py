"""WebSockets through the gate as a proxy: messages in order, subprotocols, codes of closing, refusals."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from queue import SimpleQueue
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus, InvalidURI
from websockets.sync import client as sync

from oidc_gate.proxy import gated_proxy, read_upstream
from tests.asgi_driver import LOOP
from tests.patience import LIMIT
from tests.proxied import Recorder, open_settings, proxy_to, saying


class App:
    """An app that speaks WebSocket: `seen` has the handshakes, `ended` how connections ended."""

    def __init__(self) -> None:
        self.seen: list[Any] = []
        #: By the path of each: the code and the reason.
        self.ended: defaultdict[str, SimpleQueue[tuple[int, str]]] = defaultdict(SimpleQueue)

    async def handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        path = connection.request.path
        try:
            if path.startswith("/close"):
                await connection.close(4321, "enough \u00e4")
            elif path == "/vanish":
                connection.transport.abort()
            elif path == "/silent-close":
                await connection.close(None)  # type: ignore[arg-type]
            elif path == "/huge":
                await connection.send(b"x" * (17 * 1024 * 1024))
            else:
                async for message in connection:
                    await connection.send(message)
        except ConnectionClosed:
            pass
        await connection.wait_closed()
        self.ended[path].put((connection.close_code or 0, connection.close_reason or ""))

    def subprotocol(self, _: ServerConnection, offered: list[str]) -> str | None:
        return "b" if "b" in offered else None

    def request(self, connection: ServerConnection, request: Any) -> Any:
        """Decide on the handshake. It is kept here, for the client has no answer yet."""
        self.seen.append(request)
        if request.path == "/no":
            response = connection.respond(HTTPStatus.FORBIDDEN, "not you")
            response.headers["X-Why"] = "because"
            return response
        if request.path == "/redirect":
            response = connection.respond(HTTPStatus.FOUND, "")
            response.headers["Location"] = "http://169.254.169.254/"
            return response
        return None


@pytest.fixture(scope="module")
def app() -> Iterator[tuple[App, int]]:
    made = App()

    async def start() -> Server:
        chosen: Any = made.subprotocol
        asked: Any = made.request
        return await serve(made.handle, "127.0.0.1", 0, process_request=asked, select_subprotocol=chosen, max_size=None)

    server = LOOP.run(start())
    yield made, server.sockets[0].getsockname()[1]

    async def stop() -> None:
        server.close()
        await server.wait_closed()

    LOOP.run(stop())


@pytest.fixture(scope="module")
def address(app: tuple[App, int]) -> Iterator[str]:
    with proxy_to(f"127.0.0.1:{app[1]}") as port:
        yield f"ws://127.0.0.1:{port}"


def opened(url: str, **options: Any) -> Any:
    return sync.connect(url, open_timeout=LIMIT, close_timeout=LIMIT, **options)


def test_messages_pass_in_order_and_as_what_they_are(address: str) -> None:
    """2,000 in a row; `make proxy` sends 10,000."""

    async def talk() -> None:
        async with connect(address, open_timeout=LIMIT) as connection:
            sent: list[str | bytes] = [
                f"{number} \u00e4" if number % 2 else b"%d\xff" % number for number in range(2000)
            ]

            async def send() -> None:
                for message in sent:
                    await connection.send(message)

            sending = asyncio.ensure_future(send())
            assert [await connection.recv() for _ in sent] == sent
            await sending

    LOOP.run(talk())


def test_a_message_in_fragments_arrives_whole(address: str) -> None:
    async def parts() -> AsyncIterator[str]:
        for part in ("a", "", "b"):
            yield part

    async def talk() -> Any:
        async with connect(address, open_timeout=LIMIT) as connection:
            await connection.send(parts())
            return await connection.recv()

    assert LOOP.run(talk()) == "ab"


def test_the_handshake_reaches_the_app(app: tuple[App, int], address: str) -> None:
    headers = {"X-Team": "a", "X-Forwarded-User": "evil", "Cookie": "a=b", "Origin": address.replace("ws", "http")}
    with opened(f"{address}/path?q=%20", subprotocols=["a", "b"], additional_headers=headers) as connection:
        assert connection.subprotocol == "b"
    request = app[0].seen[-1]
    assert request.path == "/path?q=%20"
    assert (request.headers["x-team"], request.headers["cookie"]) == ("a", "a=b")
    assert (request.headers["host"], request.headers["x-forwarded-for"]) == (address[5:], "127.0.0.1")
    assert "x-forwarded-user" not in request.headers
    assert "sec-websocket-extensions" not in request.headers


def test_the_app_closes(address: str) -> None:
    with opened(f"{address}/close") as connection, pytest.raises(ConnectionClosedError) as raised:
        connection.recv(LIMIT)
    assert raised.value.rcvd is not None
    assert (raised.value.rcvd.code, raised.value.rcvd.reason) == (4321, "enough \u00e4")


@pytest.mark.parametrize(("path", "code"), [("/vanish", 1014), ("/silent-close", 1000), ("/huge", 1009)])
def test_the_app_ends_without_a_code(path: str, code: int, address: str) -> None:
    with opened(address + path) as connection, contextlib.suppress(ConnectionClosed):
        connection.recv(LIMIT)
    assert connection.close_code == code


@pytest.mark.parametrize(
    ("code", "reason", "seen"), [(1000, "", 1000), (4000, "because", 4000), (1001, "", 1001), (None, "", 1005)]
)
def test_the_client_closes(code: Any, reason: str, seen: int, app: tuple[App, int], address: str) -> None:
    with opened(f"{address}/left-with-{code}") as connection:
        connection.send("a")
        assert connection.recv(LIMIT) == "a"
        connection.close(code, reason)
    assert app[0].ended[f"/left-with-{code}"].get(timeout=LIMIT) == (seen, reason)


def test_the_client_vanishes(app: tuple[App, int], address: str) -> None:
    with opened(f"{address}/vanishes") as connection:
        connection.send("a")
        assert connection.recv(LIMIT) == "a"
        connection.socket.shutdown(socket.SHUT_RDWR)
    assert app[0].ended["/vanishes"].get(timeout=LIMIT) in ((1006, ""), (1005, ""))  # uvicorn does not tell them apart


def test_the_app_refuses(address: str) -> None:
    with pytest.raises(InvalidStatus) as raised, opened(f"{address}/no"):
        pass
    response = raised.value.response
    assert (response.status_code, response.body, response.headers["x-why"]) == (403, b"not you", "because")


def test_a_redirect_is_handed_on_and_not_followed(address: str) -> None:
    with pytest.raises((InvalidURI, InvalidStatus)) as raised, opened(f"{address}/redirect"):
        pass
    error = raised.value  # what it is depends on whether the client follows redirects
    location = error.response.headers["location"] if isinstance(error, InvalidStatus) else str(error)
    assert "http://169.254.169.254/" in location


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 101 What\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n",
    ],
)
def test_what_is_no_answer_to_a_handshake_is_502(said: bytes) -> None:
    recorder = Recorder()
    recorder.begin(saying(said))
    with proxy_to(f"127.0.0.1:{recorder.port}") as port:
        with pytest.raises(InvalidStatus) as raised, opened(f"ws://127.0.0.1:{port}"):
            pass
        assert raised.value.response.status_code == 502
        assert json.loads(raised.value.response.body)["error"] == "upstream_broken"
    recorder.close()


def test_an_app_that_takes_too_long_is_504() -> None:
    recorder, held = Recorder(), threading.Event()
    recorder.begin(lambda _: print(held.wait(LIMIT)))
    with proxy_to(f"127.0.0.1:{recorder.port}", upstream_timeout="0.2s") as port:
        with pytest.raises(InvalidStatus) as raised, opened(f"ws://127.0.0.1:{port}"):
            pass
        assert raised.value.response.status_code == 504
    held.set()
    recorder.close()


class Brought:
    """One WebSocket to the gate, as a server would bring it that tells more than uvicorn."""

    def __init__(self, port: int, path: str, *messages: dict[str, Any], then: dict[str, Any] | None = None) -> None:
        upstream = read_upstream(f"127.0.0.1:{port}")
        assert upstream is not None
        self._gate, self._then = gated_proxy(upstream, open_settings()), then
        self._messages = [{"type": "websocket.connect"}, *messages]
        headers = [(b"host", b"127.0.0.1")]
        self._scope = {"type": "websocket", "path": path, "query_string": b"", "headers": headers, "scheme": "ws"}
        self.sent: list[Any] = []

    def run(self) -> list[Any]:
        async def receive() -> Any:
            await asyncio.sleep(0)
            return self._messages.pop(0) if self._messages else self._then

        async def send(message: Any) -> None:
            self.sent.append(message)

        LOOP.run(self._gate(self._scope, receive, send))
        return self.sent


def test_a_client_that_is_known_to_have_vanished(app: tuple[App, int]) -> None:
    Brought(app[1], "/gone", {"type": "websocket.disconnect", "code": 1006}).run()
    assert app[0].ended["/gone"].get(timeout=LIMIT) == (1006, "")


def test_what_a_client_sends_when_the_app_has_closed_harms_nothing(app: tuple[App, int]) -> None:
    accepted, closed = Brought(app[1], "/close", then={"type": "websocket.receive", "text": "a"}).run()
    assert (accepted["type"], closed["type"], closed["code"]) == ("websocket.accept", "websocket.close", 4321)
