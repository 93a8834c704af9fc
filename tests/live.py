"""Connections that stay open while a test goes on, as a server holds them: WebSockets and event streams.

line = Line.socket(here, here.signed_in())
here.clock.advance(601)
assert line.end() == (4401, "session ended")
"""

from __future__ import annotations

import asyncio
from typing import Any, Self
from urllib.parse import urlsplit

from tests.asgi_driver import LOOP, make_scope
from tests.browser import Browser
from tests.redis_servers import until
from tests.wire import WireRequest

#: Checked so often that tests need not wait; the clock by which sessions end is the stage's.
SOON: dict[str, Any] = {"live_check": 0.2}

Message = dict[str, Any]


class LiveApp:
    """An echo on WebSockets; an event stream below /events; a page elsewhere.

    `told`: what the server has said at the end of each connection. On `/events/late` nothing comes but the start, and
    on `/events/heard` that comes once the body is read.
    """

    def __init__(self, content_type: str = "text/event-stream") -> None:
        self.content_type = content_type
        self.told: list[Message] = []
        self.failed: list[BaseException] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self._echo(receive, send)
        elif scope["path"].startswith("/events"):
            await self._stream(scope, receive, send)
        else:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
            await send({"type": "http.response.body", "body": b"here"})

    async def _echo(self, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                break
            await send({"type": "websocket.send", "text": message["text"]})
        self.told.append(message)
        await self._try(send, {"type": "websocket.send", "text": "too late"})

    async def _stream(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["path"].endswith("/heard"):
            await receive()
        headers = [(b"cache-control", b"no-store"), (b"content-type", self.content_type.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        if not scope["path"].endswith("/late"):
            await send({"type": "http.response.body", "body": b"data: hello\n\n", "more_body": True})
        message = await receive()
        while message["type"] != "http.disconnect":
            message = await receive()
        self.told.append(message)
        await self._try(send, {"type": "http.response.body", "body": b"too late", "more_body": True})

    async def _try(self, send: Any, message: Message) -> None:
        try:
            await send(message)
        except OSError as error:
            self.failed.append(error)


class Line:
    """One connection. `sent`: what came from the app, and from the gate in its place."""

    def __init__(self, scope: Message, gate: Any) -> None:
        self.scope, self.gate = scope, gate
        self.sent: list[Message] = []
        self._task = LOOP.run(self._begin())

    @classmethod
    def socket(cls, here: Any, browser: Browser, path: str = "/ws", gate: Any = None, **more: str) -> Self:
        """Open a WebSocket, and wait until it is accepted or refused."""
        scope = _scope(browser, path, more) | {"type": "websocket", "subprotocols": []}
        scope["scheme"] = {"http": "ws", "https": "wss"}[scope["scheme"]]
        line = cls(scope, gate or here.gate)
        until(lambda: bool(line.sent))
        return line

    @classmethod
    def stream(cls, here: Any, browser: Browser, path: str = "/events", gate: Any = None, **more: str) -> Self:
        """Ask for an event stream, and wait until it has begun."""
        line = cls(_scope(browser, path, more) | {"type": "http", "method": "GET"}, gate or here.gate)
        until(lambda: bool(line.sent))
        return line

    async def _begin(self) -> asyncio.Task[None]:
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        is_socket = self.scope["type"] == "websocket"
        first = {"type": "websocket.connect"} if is_socket else {"type": "http.request", "body": b""}
        await self._inbox.put(first)
        return asyncio.create_task(self.gate(self.scope, self._inbox.get, self._send))

    async def _send(self, message: Message) -> None:
        assert not self.is_over, f"{message} after the end"
        self.sent.append(message)
        if self.is_over:
            kind = "websocket.disconnect" if self.scope["type"] == "websocket" else "http.disconnect"
            await self._inbox.put({"type": kind, "code": message.get("code", 1006)})

    @property
    def is_over(self) -> bool:
        last = self.sent[-1] if self.sent else {"type": ""}
        ends = last["type"] == "http.response.body" and not last.get("more_body")
        return ends or last["type"] == "websocket.close"

    def say(self, text: str) -> None:
        """Send a message, and wait for the echo."""
        LOOP.run(self._inbox.put({"type": "websocket.receive", "text": text}))
        until(lambda: self.sent[-1] == {"type": "websocket.send", "text": text})

    def end(self) -> tuple[int, str] | bytes:
        """Wait until the gate has ended it and the app has returned; return code and reason, or the last chunk."""
        until(lambda: self.is_over)
        LOOP.run(_joined(self._task))
        last = self.sent[-1]
        return (last["code"], last["reason"]) if last["type"] == "websocket.close" else last["body"]

    def leave(self) -> None:
        """Go away, as a client that closes its page."""
        kind = "websocket.disconnect" if self.scope["type"] == "websocket" else "http.disconnect"
        LOOP.run(self._inbox.put({"type": kind, "code": 1001}))
        LOOP.run(_joined(self._task))

    def goes_on(self) -> bool:
        """Wait until all that is open was looked at twice more; return whether this connection is not over."""
        rounds = list(self.gate._live._rounds.values())
        (before,) = [each._steps for each in rounds]
        until(lambda: rounds[0]._steps >= before + 21)
        return not self.is_over


class Trailing(Line):
    """A client that sends its cookies once more, behind the body; the server adds these to the headers then."""

    trailers: tuple[tuple[bytes, bytes], ...] = ()

    async def _begin(self) -> asyncio.Task[None]:
        self._inbox = asyncio.Queue()
        return asyncio.create_task(self.gate(self.scope, self._receive, self._send))

    async def _receive(self) -> Message:
        if self._inbox.empty() and self.trailers:
            self.scope["headers"] += self.trailers
            self.trailers = ()
            return {"type": "http.request", "body": b""}
        return await self._inbox.get()


class Deaf(Line):
    """A client that does not care that it was told to close, and a server that waits for its answer."""

    async def _send(self, message: Message) -> None:
        assert not self.is_over, f"{message} after the end"
        self.sent.append(message)

    def shout(self, text: str) -> None:
        """Send a message, and wait for nothing."""
        LOOP.run(self._inbox.put({"type": "websocket.receive", "text": text}))


async def _joined(task: asyncio.Task[None]) -> None:
    await task


def _scope(browser: Browser, path: str, more: dict[str, str]) -> Message:
    """Return a scope; `more`: headers, and the `spec_version` of ASGI."""
    full = browser.origin + path
    spec_version = more.pop("spec_version", "2.5")
    given = [("Host", urlsplit(full).netloc), *more.items()]
    cookies = browser._cookie_header(full, same_site=True, lax_allowed=False)
    scope = make_scope(WireRequest("GET", full, [*given, *cookies], client=browser.client))
    return scope | {"asgi": {"version": "3.0", "spec_version": spec_version}}
