"""Connections to the app's server that wait for the next request; those of one event loop."""

from __future__ import annotations

import asyncio
import ssl
from functools import partial
from typing import Any

from oidc_gate.errors import UpstreamError, UpstreamSlowError
from oidc_gate.proxy.connection import Connection
from oidc_gate.proxy.upstream import Upstream, addresses_of

__all__ = ["Pool"]

#: So many wait at most.
_MOST_IDLE = 128
#: So long may it take to connect, in seconds.
_LONGEST_CONNECT = 5.0


class Pool:
    """The connections to one server. `anywhere`: whether it may be anywhere. `ca_bundle`: whose certificates count."""

    def __init__(self, upstream: Upstream, *, anywhere: bool = False, ca_bundle: str = "") -> None:
        self.upstream = upstream
        self._anywhere = anywhere
        self._tls = ssl.create_default_context(cafile=ca_bundle or None) if upstream.scheme == "https" else None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._idle: dict[Connection, None] = {}

    def idle(self) -> Connection | None:
        """Return a connection that has waited, the latest of them; None for none."""
        if self._loop is not asyncio.get_running_loop():
            self._loop, self._idle = asyncio.get_running_loop(), {}
        return self._idle.popitem()[0] if self._idle else None

    def keep(self, connection: Connection) -> None:
        """Have a connection wait for another request, if it can."""
        connection.end()
        if connection.is_closed:
            return
        if len(self._idle) >= _MOST_IDLE or self._loop is not asyncio.get_running_loop():
            connection.close()
            return
        connection.on_end = self._forget
        self._idle[connection] = None

    async def fresh(self) -> Connection:
        """Return a new connection. Raises UpstreamError."""
        connection: Connection = await self.connected(partial(Connection, asyncio.get_running_loop()))
        return connection

    async def connected(self, factory: Any) -> Any:
        """Return what `factory` makes, as the protocol of a new connection. Raises UpstreamError."""
        try:
            async with asyncio.timeout(_LONGEST_CONNECT):
                return await self._connected(factory)
        except TimeoutError:
            raise UpstreamSlowError("upstream_slow", f"{self.upstream} takes too long to connect to") from None
        except OSError as error:
            said = error.strerror or str(error) or type(error).__name__
            raise UpstreamError("upstream_unreachable", f"{self.upstream} cannot be connected to: {said}") from None

    async def _connected(self, factory: Any) -> Any:
        loop, upstream = asyncio.get_running_loop(), self.upstream
        if upstream.path:
            return (await loop.create_unix_connection(factory, upstream.path))[1]
        *others, last = await addresses_of(upstream, anywhere=self._anywhere)
        name = upstream.host if self._tls is not None else None
        for address in others:
            try:
                return (
                    await loop.create_connection(factory, address, upstream.port, ssl=self._tls, server_hostname=name)
                )[1]
            except OSError:
                continue
        return (await loop.create_connection(factory, last, upstream.port, ssl=self._tls, server_hostname=name))[1]

    def close(self) -> None:
        """End those that wait."""
        idle, self._idle = self._idle, {}
        for connection in idle:
            connection.close()

    def _forget(self, connection: Connection) -> None:
        self._idle.pop(connection, None)
