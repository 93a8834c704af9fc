"""One WebSocket: messages pass both ways, in order, with the subprotocol and the code that either end closes with.

`websockets` speaks to the app's server. Neither compression nor the pings of one end reach the other: each is between
two neighbours.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.uri import WebSocketURI

from oidc_gate.decisions import Reply
from oidc_gate.errors import UpstreamError, UpstreamSlowError
from oidc_gate.proxy.headers import Headers, kept_of_answer
from oidc_gate.proxy.pool import Pool

__all__ = ["RefusedError", "Relay"]

#: A longer message ends the connection with 1009, in bytes: as at uvicorn.
_LONGEST_MESSAGE = 16 * 1024 * 1024
#: So many of the app's messages wait for a client that is slow; then the app waits.
_MOST_WAITING = 4
#: Closed: normally; without a code; without a word; by a server behind that broke off (IANA's registry).
_NORMAL, _NO_CODE, _ABNORMAL, _BAD_GATEWAY = 1000, 1005, 1006, 1014
#: What the library says itself.
_ITS_OWN = frozenset(
    {b"sec-websocket-key", b"sec-websocket-version", b"sec-websocket-extensions", b"sec-websocket-protocol"}
)
_OF_HANDSHAKE = frozenset({b"sec-websocket-accept", b"sec-websocket-extensions", b"sec-websocket-protocol"})


class RefusedError(Exception):
    """The app's server answered the handshake with something else than a WebSocket; `reply` is that."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"the app answered {reply.status}")
        self.reply = reply


class Relay:
    """Hands one WebSocket on."""

    def __init__(self, pool: Pool, receive: Any, send: Any, *, timeout: float) -> None:
        self._pool = pool
        self._receive = receive
        self._send = send
        self._timeout = timeout

    async def run(self, target: str, host: str, headers: Headers, subprotocols: list[str]) -> None:
        """Open a WebSocket at the server, and accept the client's with it. Raises RefusedError, UpstreamError."""
        upstream = await self._opened(target, host, headers, subprotocols)
        try:
            await self._receive()
            answered = [] if upstream.response is None else _as_bytes(upstream.response.headers)
            kept = [pair for pair in kept_of_answer(answered, has_length=False) if pair[0] not in _OF_HANDSHAKE]
            await self._send({"type": "websocket.accept", "subprotocol": upstream.subprotocol, "headers": kept})
            await self._relayed(upstream)
        finally:
            upstream.transport.abort()

    async def _opened(self, target: str, host: str, headers: Headers, subprotocols: list[str]) -> ClientConnection:
        name, _, port = host.rpartition(":") if host.rpartition(":")[2].isdigit() else (host, "", "")
        secure = self._pool.upstream.scheme == "https"
        path, _, query = target.partition("?")
        uri = WebSocketURI(secure, name.strip("[]"), int(port or (443 if secure else 80)), path, query)
        offered: Any = subprotocols or None
        protocol = ClientProtocol(uri, subprotocols=offered, max_size=_LONGEST_MESSAGE)
        upstream: ClientConnection = await self._pool.connected(
            partial(
                ClientConnection,
                protocol,
                ping_interval=None,
                close_timeout=self._timeout,
                max_queue=_MOST_WAITING,
            )
        )
        said = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers if name not in _ITS_OWN]
        is_open = False
        try:
            async with asyncio.timeout(self._timeout):
                await upstream.handshake(said, None)
            is_open = True
        except TimeoutError:
            said_so = f"no answer to a WebSocket's handshake within {self._timeout:g} s (upstream_timeout)"
            raise UpstreamSlowError("upstream_slow", said_so) from None
        except InvalidStatus as error:
            raise RefusedError(_reply(error)) from None
        except (InvalidHandshake, OSError, EOFError, ValueError) as error:
            raise UpstreamError("upstream_broken", f"the app's answer to a WebSocket's handshake: {error}") from None
        finally:
            if not is_open:
                upstream.transport.abort()
        return upstream

    async def _relayed(self, upstream: ClientConnection) -> None:
        """Relay until one end closes, and close the other with the same code."""
        tasks = [asyncio.ensure_future(self._up(upstream)), asyncio.ensure_future(self._down(upstream))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _up(self, upstream: ClientConnection) -> None:
        """Hand on what the client sends."""
        while True:
            message = await self._receive()
            if message["type"] != "websocket.receive":
                code = message.get("code", _NO_CODE)
                if code not in (_ABNORMAL, 1015):
                    said: Any = None if code in (None, _NO_CODE) else code
                    with suppress(ConnectionClosed, OSError):
                        await upstream.close(said, message.get("reason") or "")
                return
            text = message.get("text")
            try:
                await upstream.send(message["bytes"] if text is None else text)
            except ConnectionClosed:
                await asyncio.Event().wait()  # `_down` tells the client how

    async def _down(self, upstream: ClientConnection) -> None:
        """Hand on what the server sends."""
        try:
            while True:
                data = await upstream.recv()
                is_text = isinstance(data, str)
                await self._send({"type": "websocket.send", "text" if is_text else "bytes": data})
        except ConnectionClosed as closed:
            said = closed.rcvd or closed.sent  # the latter where the server has sent what may not be handed on
            code, reason = (_BAD_GATEWAY, "") if said is None else (said.code, said.reason)
            code = _NORMAL if code == _NO_CODE else code
        await self._send({"type": "websocket.close", "code": code, "reason": reason})


def _reply(error: InvalidStatus) -> Reply:
    response = error.response
    kept = kept_of_answer(_as_bytes(response.headers), has_length=False)
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in kept)
    return Reply(response.status_code, headers, bytes(response.body or b""))


def _as_bytes(headers: Any) -> Headers:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.raw_items()]
