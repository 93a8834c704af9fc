"""WebSockets and event streams that end with the session, or the access token, that they came with.

The app is not asked. When its time is over, a connection is closed in the app's place, and what the app still sends
goes nowhere, as when the client has gone: the server tells it so, by `websocket.disconnect` or `http.disconnect`.

All connections of one session are looked after together, and all sessions in rounds: each has its place in a round,
by the hash of its name, so that a thousand sessions are not looked at in one moment.
"""

from __future__ import annotations

import time
from asyncio import AbstractEventLoop, Task, TimerHandle, gather, get_running_loop
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from oidc_gate.decisions import ASK_AGAIN, Work

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from oidc_gate.asgi.lanes import Lanes
    from oidc_gate.asgi.request import ASGIRequest
    from oidc_gate.decisions import Decision
    from oidc_gate.gate import Found, Gate, Holder, Live, LiveKind, OnMessage, Over
    from oidc_gate.identity import Identity

    Receive = Callable[[], Awaitable[Any]]
    Send = Callable[[Any], Awaitable[None]]

__all__ = ["Connection", "LiveConnections"]

#: The code with which a WebSocket is closed.
_CLOSE_CODE = 4401
#: A round has so many places, one of which is looked at in each step; a step takes so long at least (seconds).
_PLACES, _SHORTEST_STEP = 10, 0.02
#: The part of `live_check` that a round takes: the rest is for what a look takes.
_PART = 0.9
#: How often is looked whether `live_check` is not 0 any more, in seconds.
_WHILE_OFF = 50.0
#: So many sessions are loaded one after another in one thread.
_AT_A_TIME = 25


class Connection:
    """A WebSocket or an event stream; `send` is what its app sends with."""

    __slots__ = ("_send", "identity", "is_over", "kind", "request")

    def __init__(self, kind: LiveKind, request: ASGIRequest, identity: Identity, send: Send) -> None:
        self.kind, self.request, self.identity, self._send = kind, request, identity, send
        self.is_over = False

    def send(self, message: Any) -> Awaitable[None]:
        """Send a message of the app's, unless the connection is over."""
        return _dropped(self.request.spec_version) if self.is_over else self._send(message)

    async def close(self, reason: Over) -> None:
        """Close the connection in the app's place."""
        message: dict[str, Any] = {"type": "http.response.body", "body": b"", "more_body": False}
        if self.kind == "websocket":
            message = {"type": "websocket.close", "code": _CLOSE_CODE, "reason": reason}
        with suppress(Exception):  # the app, or the client, may have closed it a moment ago
            await self._send(message)


async def _dropped(spec_version: str) -> None:
    """Take a message that goes nowhere. From version 2.4 on, who sends after the end is told so by an OSError."""
    if [int(part) for part in spec_version.split(".")] >= [2, 4]:
        raise ConnectionResetError("the connection has ended with its session")


class _Shared:
    """What the connections of one session or token have in common. `holder`: what they hang on."""

    __slots__ = ("connections", "holder", "is_looked_at", "place")

    def __init__(self, holder: Holder) -> None:
        self.holder = holder
        self.connections: set[Connection] = set()
        self.place = hash(holder.key) % _PLACES  # as good as by lot, for nobody can foretell the hash of a text
        #: Whether a look at it has not come to its end yet.
        self.is_looked_at = False


class LiveConnections:
    """Those of one middleware; `gate`: tells which gate decides now. One round for each event loop."""

    def __init__(self, gate: Callable[[], Gate], lanes: Lanes) -> None:
        self._gate, self._lanes = gate, lanes
        self._rounds: dict[AbstractEventLoop, _Round] = {}
        #: By what their apps send with: a WebSocket's by its own `send`, an event stream's by the server's.
        self.open: dict[Send, Connection] = {}

    def began(
        self, kind: LiveKind, request: ASGIRequest, identity: Identity, send: Send, used: Send | None = None
    ) -> Send:
        """Look after a connection until it has `ended`; return what its app is to send with. On its event loop, both.

        `used`: by what the connection is known, where that is not what is returned.
        """
        connection = Connection(kind, request, identity, send)
        self.open[used or connection.send] = connection
        loop = get_running_loop()
        found = self._rounds.get(loop)
        if found is None:
            found = self._rounds[loop] = _Round(loop, self._gate, self._lanes)
        found.add(connection)
        return connection.send

    def ended(self, used: Send) -> None:
        """Look no longer after the connection that is known by this, if there is one: the app has returned."""
        connection = self.open.pop(used, None)
        if connection is None:
            return
        loop = get_running_loop()
        found = self._rounds.get(loop)
        if found is not None and found.remove(connection):
            del self._rounds[loop]

    def accepted(
        self, receive: Receive, send: Send, request: ASGIRequest, identity: Identity, gate: Gate
    ) -> tuple[Receive, Send]:
        """Return what the app of somebody's WebSocket is to receive and to send with."""
        on_message, connection = gate.live.on_message(request), None
        if gate.live.within:
            send = self.began("websocket", request, identity, send)
            connection = self.open[send]
        return self._receiving(receive, on_message, connection), send

    def _receiving(self, receive: Receive, on_message: OnMessage | None, connection: Connection | None) -> Receive:
        """Return a `receive` for the app that tells the gate of each message; it waits for nothing that comes of that.

        Were it to wait, an app that gives up on receiving would lose the message that is here already.
        What comes when the connection is over the app gets no more: a client may go on sending though it was told to
        close, and some servers (uvicorn with `websockets`) hand that on until they give up waiting for its answer.
        """
        lanes = self._lanes
        if on_message is None and connection is None:
            return receive

        async def received() -> Any:
            message = await receive()
            if message["type"] == "websocket.receive":
                if connection is not None and connection.is_over:
                    return {"type": "websocket.disconnect", "code": _CLOSE_CODE, "reason": ""}
                work = on_message() if on_message is not None else None
                if work is not None:
                    lanes.submit("store", work)
            return message

        return received


class _Round:
    """Looks at what the connections of one event loop hang on, at each once in a round."""

    def __init__(self, loop: AbstractEventLoop, gate: Callable[[], Gate], lanes: Lanes) -> None:
        self._loop, self._gate, self._lanes = loop, gate, lanes
        self._held: dict[Connection, tuple[Live, Holder]] = {}
        self._by_key: dict[str, _Shared] = {}
        self._places: list[dict[str, _Shared]] = [{} for _ in range(_PLACES)]
        self._steps = 0
        self._timer: TimerHandle | None = None
        self._tasks: set[Task[None]] = set()  # the loop itself keeps no task alive

    def add(self, connection: Connection) -> None:
        """See `LiveConnections.add`."""
        live = self._gate().live
        holder = live.hold(connection.kind, connection.request, connection.identity)
        self._held[connection] = live, holder
        shared = self._by_key.get(holder.key)
        if shared is None:
            shared = self._by_key[holder.key] = _Shared(holder)
            self._places[shared.place][holder.key] = shared
        shared.connections.add(connection)
        if self._timer is None:
            self._start(live.within)

    def remove(self, connection: Connection) -> bool:
        """Take a connection away; return whether none is left."""
        live, holder = self._held.pop(connection)
        live.release(connection.kind, holder)
        shared = self._by_key[holder.key]
        shared.connections.discard(connection)
        if not shared.connections:
            del self._by_key[holder.key], self._places[shared.place][holder.key]
        if not self._held and self._timer is not None:
            self._timer.cancel()
        return not self._held

    # Looking

    def _start(self, within: float) -> None:
        self._timer = self._loop.call_later(max(_SHORTEST_STEP, within * _PART / _PLACES), self._step)

    def _step(self) -> None:
        """Look at the sessions that have the next place; what cannot be told at once is left to a task."""
        gate = self._gate()
        live = gate.live
        self._start(live.within or _WHILE_OFF)
        first = gate.look_first()
        if first is not None:
            self._have_done(self._perform(first))
        if not live.within:
            return
        self._steps += 1
        unloaded = []
        for shared in self._places[self._steps % _PLACES].values():
            if shared.is_looked_at:
                continue
            found = live.find(shared.holder)
            if live.is_unloaded(shared.holder, found):
                shared.is_looked_at = True
                unloaded.append(shared)
            else:
                self._looked(live, shared, found)
        for at in range(0, len(unloaded), _AT_A_TIME):
            self._have_done(self._load(live, unloaded[at : at + _AT_A_TIME]))

    def _looked(self, live: Live, shared: _Shared, found: Found) -> None:
        """Go on with what was found: judge by it, or have the provider asked first."""
        work = live.work(shared.holder, found)
        if work is None:
            self._judge(live, shared, found)
        else:
            shared.is_looked_at = True
            self._have_done(self._ask(live, shared, work))

    def _judge(self, live: Live, shared: _Shared, found: Found) -> None:
        for connection in shared.connections:
            if connection.is_over:
                continue
            reason = live.over(connection.request, found)
            if reason is not None:
                connection.is_over = True
                live.closed(connection.kind, connection.identity, reason)
                self._have_done(connection.close(reason))

    async def _load(self, live: Live, some: list[_Shared]) -> None:
        try:
            loaded = await self._loaded(live, some)
        finally:
            for shared in some:
                shared.is_looked_at = False
        for shared, found in zip(some, loaded, strict=True):
            self._looked(live, shared, found)

    async def _loaded(self, live: Live, some: list[_Shared]) -> list[Found]:
        """Return what the store has of these."""
        if live.loads_on_loop:
            return await gather(*(live.load_on_loop(shared.holder) for shared in some))
        asked_at = time.monotonic()
        found: list[Found] = []

        def load() -> Decision:
            found.extend(live.load(shared.holder, asked_at) for shared in some)
            return ASK_AGAIN

        await self._perform(Work("store", load))
        return found

    async def _ask(self, live: Live, shared: _Shared, work: Work) -> None:
        """Have the provider asked, and judge by what is found then."""
        try:
            await self._perform(work)
            found = live.find(shared.holder)
            if live.is_unloaded(shared.holder, found):
                (found,) = await self._loaded(live, [shared])
        finally:
            shared.is_looked_at = False
        self._judge(live, shared, found)

    async def _perform(self, work: Decision) -> None:
        while isinstance(work, Work):
            work = await self._lanes.perform(work)

    def _have_done(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
