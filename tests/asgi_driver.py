"""Calls an ASGI app as a strict server would: on a real event loop in its own thread, message order checked.

The loop is one for the whole process, as under uvicorn, so whatever an app ties to a loop stays usable, and requests
sent from several threads at once share it.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import unquote

from tests.patience import LIMIT
from tests.wire import BrokenAppError, Headers, WireAnswer, WireRequest, below_root

T = TypeVar("T")
Message = dict[str, Any]


class LoopThread:
    """An event loop in a thread; started when first used, ended by `close()` (`conftest.py` does)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the start
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, work: Coroutine[Any, Any, T], limit: float = LIMIT) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._running())
        try:
            return future.result(limit)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise TimeoutError(f"the ASGI app did not finish within {limit} s") from None

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="asgi-loop", daemon=True)
                self._thread.start()
            return self._loop

    def close(self) -> None:
        with self._lock:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(_wind_up(loop), loop).result(LIMIT)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _wind_up(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what is left over and wait for it, so that nothing is destroyed while pending."""
    leftovers = asyncio.all_tasks() - {asyncio.current_task()}
    for task in leftovers:
        task.cancel()
    await asyncio.gather(*leftovers, return_exceptions=True)
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()


LOOP = LoopThread()

#: Gates made since the test began; what they keep open for the loop is closed when it ends.
GATES: list[Any] = []


class ASGIDriver:
    """Runs requests through one app."""

    def __init__(self, app: Any, *, root_path: str = "", http_denial: bool = True) -> None:
        self.app = app
        self.root_path = root_path
        self.http_denial = http_denial  # whether the server can answer a WebSocket with an HTTP response

    def run(self, request: WireRequest) -> WireAnswer:
        return LOOP.run(self._http(request))

    async def _http(self, request: WireRequest) -> WireAnswer:
        exchange = _Exchange(request.body)
        scope = make_scope(request, self.root_path) | {"type": "http", "method": request.method}
        await self.app(scope, exchange.receive, exchange.send)
        return exchange.answer(request.method)

    def websocket(self, request: WireRequest, subprotocols: Sequence[str], messages: Sequence[str | bytes]) -> Talk:
        """Open a WebSocket, send these messages once accepted, then leave; return all that the app did."""
        return LOOP.run(self._websocket(request, subprotocols, messages))

    async def _websocket(
        self, request: WireRequest, subprotocols: Sequence[str], messages: Sequence[str | bytes]
    ) -> Talk:
        talk = Talk(list(messages), self.http_denial)
        scope = make_scope(request, self.root_path) | {"type": "websocket", "subprotocols": list(subprotocols)}
        scope["scheme"] = {"http": "ws", "https": "wss"}[request.scheme]
        scope["extensions"] = {"websocket.http.response": {}} if self.http_denial else {}
        await self.app(scope, talk.receive, talk.send)
        return talk

    @contextlib.contextmanager
    def lifespan(self) -> Iterator[None]:
        """Run the app's lifespan around the block, as a server does; without it the app never hears of lifespan."""
        inbox: asyncio.Queue[Message] = asyncio.Queue()
        outbox: asyncio.Queue[Message] = asyncio.Queue()

        async def say(kind: str) -> Message:
            await inbox.put({"type": f"lifespan.{kind}"})
            return await asyncio.wait_for(outbox.get(), LIMIT)

        async def begin() -> asyncio.Task[None]:
            scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
            return asyncio.create_task(self.app(scope, inbox.get, outbox.put))

        task = LOOP.run(begin())
        _expect(LOOP.run(say("startup")), "lifespan.startup.complete")
        yield
        _expect(LOOP.run(say("shutdown")), "lifespan.shutdown.complete")
        LOOP.run(_joined(task))


async def _joined(task: asyncio.Task[None]) -> None:
    await task


class _Exchange:
    """The server's side of one HTTP request."""

    def __init__(self, body: bytes) -> None:
        half = len(body) // 2
        self.chunks = [body[:half], body[half:]] if half else [body]  # two pieces: apps must not rely on one
        self.start: Message | None = None
        self.body = bytearray()
        self.complete = asyncio.Event()

    async def receive(self) -> Message:
        if self.chunks:
            chunk = self.chunks.pop(0)
            return {"type": "http.request", "body": chunk, "more_body": bool(self.chunks)}
        await self.complete.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if self.complete.is_set():
            raise BrokenAppError(f"{kind} after the end of the response")
        if kind == "http.response.start":
            if self.start is not None:
                raise BrokenAppError("two http.response.start")
            check_headers(message.get("headers", []))
            self.start = message
        elif kind == "http.response.body":
            if self.start is None:
                raise BrokenAppError("http.response.body before http.response.start")
            self.body += message.get("body", b"")
            if not message.get("more_body", False):
                self.complete.set()
        else:
            raise BrokenAppError(f"an HTTP app sent {kind}")

    def answer(self, method: str) -> WireAnswer:
        if self.start is None or not self.complete.is_set():
            raise BrokenAppError("the app returned without having sent a whole response")
        status = int(self.start["status"])
        body = b"" if method == "HEAD" or status in (204, 304) else bytes(self.body)
        return WireAnswer(status, decoded(self.start.get("headers", [])), body)


@dataclass
class Talk:
    """What an app did with a WebSocket: accepted it, closed it, or answered with HTTP (`denial`)."""

    to_send: list[str | bytes]
    http_denial: bool = True
    accepted: bool = False
    subprotocol: str | None = None
    accept_headers: Headers = field(default_factory=list)
    received: list[str | bytes] = field(default_factory=list)
    close_code: int | None = None
    close_reason: str = ""
    _connected: bool = False
    _left: bool = False
    _denial: _Exchange | None = None

    @property
    def denial(self) -> WireAnswer | None:
        return self._denial.answer("GET") if self._denial else None

    async def receive(self) -> Message:
        if not self._connected:
            self._connected = True
            return {"type": "websocket.connect"}
        if self.accepted and self.to_send:
            message = self.to_send.pop(0)
            return {"type": "websocket.receive", "text" if isinstance(message, str) else "bytes": message}
        if self._left:
            raise BrokenAppError("the app went on receiving after websocket.disconnect")
        self._left = True
        return {"type": "websocket.disconnect", "code": 1005}

    async def send(self, message: Message) -> None:
        kind = message["type"]
        if self.close_code is not None:
            raise BrokenAppError(f"{kind} after websocket.close")
        if kind.startswith("websocket.http.response."):
            await self._deny(message)
        elif kind == "websocket.accept" and not self.accepted and self._denial is None:
            self.accepted, self.subprotocol = True, message.get("subprotocol")
            check_headers(message.get("headers", []))
            self.accept_headers = decoded(message.get("headers", []))
        elif kind == "websocket.close":
            self.close_code, self.close_reason = message.get("code", 1000), message.get("reason") or ""
        elif kind == "websocket.send" and self.accepted:
            text = message.get("text")
            self.received.append(text if text is not None else message["bytes"])
        else:
            raise BrokenAppError(f"{kind} out of order")

    async def _deny(self, message: Message) -> None:
        if self.accepted or not self.http_denial:
            raise BrokenAppError(f"{message['type']}: already accepted, or the server does not offer that extension")
        self._denial = self._denial or _Exchange(b"")
        await self._denial.send(message | {"type": message["type"].removeprefix("websocket.")})


def make_scope(request: WireRequest, root_path: str = "") -> dict[str, Any]:
    """Return what HTTP and WebSocket scopes have in common; `path` includes `root_path`, as the ASGI text has it."""
    path, query = request.target
    below_root(path, root_path)
    return {
        "asgi": {"version": "3.0", "spec_version": "2.5"},
        "http_version": "1.1",
        "scheme": request.scheme,
        "path": unquote(path),
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": root_path,
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in request.headers],
        "client": request.client,
        "server": request.server,
        "extensions": {},
        "state": {},
    }


def check_headers(headers: Any) -> None:
    for name, value in headers:
        if not isinstance(name, bytes) or not isinstance(value, bytes):
            raise BrokenAppError(f"header names and values must be bytes: {name!r}: {value!r}")
        if name != name.lower() or name.startswith(b":"):
            raise BrokenAppError(f"header names must be lower case and no pseudo-header: {name!r}")
        if any(mark in value for mark in (b"\r", b"\n", b"\0")):
            raise BrokenAppError(f"a control character in a header: {value!r}")


def decoded(headers: Any) -> Headers:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def _expect(message: Message, kind: str) -> None:
    if message["type"] != kind:
        raise BrokenAppError(f"expected {kind}, the app sent {message}")
