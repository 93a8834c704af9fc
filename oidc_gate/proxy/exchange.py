"""One HTTP request and its answer, streamed both ways: nothing is kept but what one of the two ends cannot take yet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeAlias

from oidc_gate.errors import GateError, LoginError, UpstreamError, UpstreamSlowError
from oidc_gate.proxy.connection import Connection
from oidc_gate.proxy.headers import Headers, kept_of_answer
from oidc_gate.proxy.pool import Pool
from oidc_gate.proxy.request_head import CHUNKED, Body

__all__ = ["ClientGoneError", "CutOffError", "Exchange"]

#: What may be sent once more when a connection that has waited turns out to be closed (RFC 9110, 9.2.2).
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
#: So long is the server waited for to say that a body may come; then it comes (RFC 9110, 10.1.1).
_PATIENCE = 1.0
#: So long may a client send nothing of its body, at least: a connection of the server's waits with it, in seconds.
_LONGEST_SILENCE = 60.0
_LEADING_ELSEWHERE = frozenset({301, 302, 303, 307, 308})
#: An answer that takes longer is worth looking whether its client is still there, in seconds.
_USUAL = 0.05


Check: TypeAlias = Callable[[Headers], None]


class ClientGoneError(UpstreamError):
    """Nobody waits for the answer any more."""

    def __init__(self) -> None:
        super().__init__("upstream_broken", "the client has gone")


class CutOffError(Exception):
    """The server's answer ended early, or the client's body did, when some of the answer was sent already."""


class Exchange:
    """Hands one request on.

    `timeout`: how long the server may take over the head of its answer, in seconds. `check`: is called with the headers
    of an answer that leads elsewhere, and raises GateError where the client is not to get it.
    """

    def __init__(
        self, pool: Pool, receive: Any, send: Any, *, method: str, body: Body, timeout: float, check: Check
    ) -> None:
        self._pool = pool
        self._receive = receive
        self._send = send
        self._method = method
        self._body = body
        self._timeout = timeout
        self._check = check
        self._loop = asyncio.get_running_loop()
        self._helper: asyncio.Task[None] | None = None
        self._timers: list[asyncio.TimerHandle] = []
        #: Whether the server is waited for, or the client, to send its body.
        self._waits_for_server = True
        self._moved_at = 0.0
        self._is_all_sent = False

    async def run(self, head: bytes, *, gives_trailers: bool) -> None:
        """Send the request and hand the answer on.

        Raises GateError while nothing of the answer was sent, CutOffError afterwards, ClientGoneError at any time.
        """
        connection = await self._asked(head)
        if connection.status in _LEADING_ELSEWHERE:
            try:
                self._check(connection.headers)
            except GateError:
                self._end()
                connection.fail(ClientGoneError())
                raise
        try:
            await self._answer(connection, gives_trailers=gives_trailers)
        except GateError as error:
            if isinstance(error, ClientGoneError):
                raise
            raise CutOffError(error.detail) from None
        finally:
            self._end()
            self._leave(connection)

    def _leave(self, connection: Connection) -> None:
        is_all_sent = self._is_all_sent or self._body.length == 0
        if connection.is_reusable and is_all_sent:
            self._pool.keep(connection)
        elif connection.is_complete and is_all_sent:
            connection.close()
        else:
            connection.fail(ClientGoneError())

    def _end(self) -> None:
        for timer in self._timers:
            timer.cancel()
        if self._helper is not None:
            self._helper.cancel()
        self._timers, self._helper = [], None

    async def _asked(self, head: bytes) -> Connection:
        """Return a connection on which the head of the answer has come."""
        idle = self._pool.idle() if self._body.length == 0 and self._method in _IDEMPOTENT else None
        if idle is not None:
            try:
                return await self._sent(idle, head)
            except UpstreamError as error:
                if not idle.has_heard_nothing or isinstance(error, UpstreamSlowError | ClientGoneError):
                    raise
        return await self._sent(await self._pool.fresh(), head)

    async def _sent(self, connection: Connection, head: bytes) -> Connection:
        """Send the request, and wait for the head of the answer."""
        loop = self._loop
        connection.begin(is_head=self._method == "HEAD")
        try:
            connection.write(head)
            self._moved_at = loop.time()
            self._timers.append(loop.call_later(self._timeout, self._look, connection))
            if self._body.length != 0:
                self._helper = loop.create_task(self._helping(connection, self._pump))
            else:
                self._timers.append(loop.call_later(_USUAL, self._watch, connection))
            await connection.answer()
        except BaseException:
            self._end()
            connection.fail(ClientGoneError())
            raise
        self._timers[0].cancel()
        return connection

    def _look(self, connection: Connection) -> None:
        """Give up on the server, or on the client where its body is waited for, unless something has moved."""
        patience = self._timeout if self._waits_for_server else max(self._timeout, _LONGEST_SILENCE)
        left = self._moved_at + patience - self._loop.time()
        if left > 0:
            self._timers[0] = self._loop.call_later(left, self._look, connection)
            return
        if not self._waits_for_server:
            connection.fail(_silent())
            return
        connection.fail(UpstreamSlowError("upstream_slow", f"no answer within {self._timeout:g} s (upstream_timeout)"))

    def _watch(self, connection: Connection) -> None:
        """From now on notice when the client goes away."""
        self._helper = self._loop.create_task(self._helping(connection, self._until_gone))

    async def _helping(self, connection: Connection, help_with: Any) -> None:
        """Whatever goes wrong with the client, the request to the server ends with it."""
        try:
            await help_with(connection)
        except Exception:
            connection.fail(ClientGoneError())

    async def _until_gone(self, connection: Connection) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                break
        connection.fail(ClientGoneError())

    # The request's body

    async def _pump(self, connection: Connection) -> None:
        """Send the body as it comes, and then notice when the client goes away."""
        if self._body.waits:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    await connection.go_on()
            if connection.status:
                return
        left, more = self._body.length, True
        while more:
            self._waits_for_server = False
            message = await self._receive()
            self._waits_for_server, self._moved_at = True, self._loop.time()
            if message["type"] == "http.disconnect":
                connection.fail(ClientGoneError())
                return
            data, more = message.get("body", b""), message.get("more_body", False)
            if left is not CHUNKED:
                left -= len(data)
                if left < 0 or (left and not more):
                    connection.fail(_other_length())
                    return
                connection.write(data)
            else:
                connection.write((b"%x\r\n%b\r\n" % (len(data), data) if data else b"") + (b"" if more else _LAST))
            await connection.drain()
            self._moved_at = self._loop.time()
        self._is_all_sent = True
        await self._until_gone(connection)

    # The answer

    async def _answer(self, connection: Connection, *, gives_trailers: bool) -> None:
        status, send = connection.status, self._send
        # A 304 may say how long the content would be: uvicorn waits for it, and gives the connection up.
        headers = kept_of_answer(connection.headers, has_length=status not in (204, 304))
        start: dict[str, Any] = {"type": "http.response.start", "status": status, "headers": headers}
        names_trailers = gives_trailers and _announces_trailers(connection)
        if names_trailers:
            start["trailers"] = True
        await send(start)
        is_complete = False
        while not is_complete:
            data = await connection.chunk()
            is_complete = connection.is_complete
            await send({"type": "http.response.body", "body": data, "more_body": not is_complete})
        if names_trailers:
            trailers = kept_of_answer(connection.trailers, has_length=False)
            await send({"type": "http.response.trailers", "headers": trailers, "more_trailers": False})


_LAST = b"0\r\n\r\n"


def _other_length() -> LoginError:
    return LoginError("request_malformed", "the body is not as long as Content-Length says")


def _silent() -> LoginError:
    said = f"nothing of the body has come for {_LONGEST_SILENCE:g} s or more"
    return LoginError("request_malformed", said, status=408)


def _announces_trailers(connection: Connection) -> bool:
    return any(name.lower() == b"trailer" for name, _ in connection.headers)
