"""One connection to the app's server, on which one request is under way at a time.

llhttp, which is Node's parser and uvicorn's, reads the answers. It is strict: an answer whose length is said in two
ways is none. What comes unasked for ends the connection, so that no answer is ever taken for that of another request.
"""

from __future__ import annotations

import asyncio
from typing import Any

from oidc_gate.errors import GateError, UpstreamError
from oidc_gate.proxy.headers import Headers, is_wellformed

__all__ = ["Connection"]

#: So much of an answer's body is kept before the server has to wait, in bytes.
_MOST_KEPT = 256 * 1024
#: So much may come without any of a body in it: heads, trailers, and what stands between chunks, in bytes.
_LONGEST_HEAD = 256 * 1024


class Connection(asyncio.Protocol):
    """A connection; `begin` starts a request, and nothing of the one before is left then."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        from httptools import HttpResponseParser

        self._new_parser: Any = HttpResponseParser
        self._loop = loop
        self._drained: asyncio.Future[None] | None = None
        self.is_closed = False
        self._is_busy = False
        self._waiting: list[asyncio.Future[None]] = []
        self._error: GateError | None = None
        #: What is called when the server ends a connection that waits.
        self.on_end: Any = None

    # A request

    def begin(self, *, is_head: bool = False) -> None:
        """Get ready for the answer to a request; `is_head`: it has no body whatever it says."""
        self._parser = self._new_parser(self)
        self._is_head = is_head
        self._is_busy = True
        self._headers: Headers = []
        self._bodiless = 0
        #: Whether not one byte of an answer has come.
        self.has_heard_nothing = True
        self.status = 0
        #: Of the answer, once `status` is there.
        self.headers: Headers = []
        self.trailers: Headers = []
        self.may_go_on = False
        self.is_complete = False
        self._is_framed = self._keeps_alive = False
        self._is_overfull = False
        self._chunks: list[bytes] = []
        self._kept = 0
        self._reads_on = True

    @property
    def is_reusable(self) -> bool:
        """Whether another request may follow this one."""
        return self.is_complete and self._keeps_alive and not self._is_overfull and not self.is_closed

    def end(self) -> None:
        """Have done with the request, so that the connection can wait for another."""
        self._is_busy = False
        self._chunks, self._headers = [], []

    def write(self, data: bytes) -> None:
        """Send bytes; of a connection that is closed the answer says so."""
        self._transport.write(data)

    async def drain(self) -> None:
        """Wait until more can be sent."""
        if self._drained is not None:
            await self._drained

    async def wait(self) -> None:
        """Wait until something has come: the head of an answer, some of its body, its end. Raises GateError."""
        if self._error is not None:
            raise self._error
        waiting = self._loop.create_future()
        self._waiting.append(waiting)
        await waiting
        if self._error is not None and not self._chunks:
            raise self._error

    async def answer(self) -> None:
        """Wait for the head of the final answer. Raises GateError."""
        while not self.status:
            await self.wait()

    async def go_on(self) -> None:
        """Wait until the server wants the body of the request, or has answered without. Raises GateError."""
        while not (self.may_go_on or self.status):
            await self.wait()

    async def chunk(self) -> bytes:
        """Return what of the body has come, perhaps b"" at its end. Raises GateError where it was cut off."""
        while not self._chunks and not self.is_complete:
            await self.wait()
        return self.taken()

    def taken(self) -> bytes:
        """Return what of the body is here."""
        chunks = self._chunks
        if not chunks:
            return b""
        self._chunks, self._kept = [], 0
        if not self._reads_on and not self.is_closed:
            self._reads_on = True
            self._transport.resume_reading()
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def fail(self, error: GateError) -> None:
        """Give the request up: whoever waits is told so, and the connection ends at once."""
        if self._error is None and not self.is_complete:
            self._error = error
        self.is_closed = True
        self._transport.abort()
        self._wake()

    def close(self) -> None:
        """End the connection."""
        self.is_closed = True
        self._transport.close()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    def _broken(self, why: str) -> None:
        self.fail(UpstreamError("upstream_broken", f"the app's answer {why}"))

    # asyncio

    def connection_made(self, transport: Any) -> None:
        """See `asyncio.Protocol`."""
        self._transport: asyncio.Transport = transport

    def data_received(self, data: bytes) -> None:
        """Read what the server has sent."""
        from httptools import HttpParserError, HttpParserUpgrade

        if not self._is_busy or self.is_complete:  # unasked for
            self._is_overfull = True
            self.close()
            return
        self.has_heard_nothing = False
        self._bodiless += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._broken("changes to a protocol that nobody asked for")
        except HttpParserError as error:
            self._is_overfull = True
            if not self.is_complete:
                self._broken(f"is not HTTP/1.1 ({error.args[0] if error.args else type(error).__name__})"[:200])
        if self._bodiless > _LONGEST_HEAD:
            self._broken("has a head that does not end")
        if self._kept > _MOST_KEPT and self._reads_on and not self.is_closed:
            self._reads_on = False
            self._transport.pause_reading()
        if self.status or self.may_go_on:
            self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection for that of an answer whose length was not said; it cuts off any other."""
        self.is_closed = True
        if self._is_busy and not self.is_complete and self._error is None:
            if self.status and not self._is_framed and exc is None:
                self.is_complete = True
            else:
                said = "never came: the connection was closed" if self.has_heard_nothing else "is cut off"
                self._error = UpstreamError("upstream_broken", f"the app's answer {said}")
        self._wake()
        self.resume_writing()
        if self.on_end is not None:
            self.on_end(self)

    def pause_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        """See `asyncio.BaseProtocol`."""
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    # httptools: nothing may be raised here

    def on_message_begin(self) -> None:
        """Notice an answer after the final one, which nobody wants."""
        if self.is_complete:
            self._is_overfull = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, or a trailer."""
        (self.trailers if self.status else self._headers).append((name, value))

    def on_headers_complete(self) -> None:
        """Keep the head of the final answer; one before it may say that the body may come."""
        if self.is_complete or self._error is not None:  # what follows one that is refused is no answer to this request
            return
        status: int = self._parser.get_status_code()
        headers, self._headers = self._headers, []
        if 100 <= status < 200:
            self.may_go_on = self.may_go_on or status == 100
            return
        lengths, codings = _framing(headers)
        version = self._parser.get_http_version()
        if not is_wellformed(headers) or not 200 <= status <= 599 or version not in ("1.0", "1.1"):
            self._broken("has a malformed head")
            return
        if len(lengths) > 1 or (lengths and codings) or (codings and (codings != [b"chunked"] or version == "1.0")):
            self._broken("says in more than one way how long it is")
            return
        self._is_framed = bool(lengths or codings)
        self._keeps_alive = self._parser.should_keep_alive()
        self.headers, self.status = headers, status
        if self._is_head:
            self.is_complete = True

    def on_body(self, body: bytes) -> None:
        """Keep some of the body."""
        if self.is_complete or self._error is not None:
            self._is_overfull = True
            return
        self._chunks.append(body)
        self._kept += len(body)
        self._bodiless = 0

    def on_message_complete(self) -> None:
        """Notice the end of the answer."""
        if self.status and self._error is None:
            self.is_complete = True


def _framing(headers: Headers) -> tuple[list[bytes], list[bytes]]:
    """Return the values of Content-Length, and those of Transfer-Encoding in lower case."""
    lengths, codings = [], []
    for name, value in headers:
        if len(name) == 14 and name.lower() == b"content-length":
            lengths.append(value)
        elif len(name) == 17 and name.lower() == b"transfer-encoding":
            codings.append(value.strip().lower())
    return lengths, codings
