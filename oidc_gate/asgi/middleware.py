"""The gate as ASGI middleware (ASGI 3): HTTP and WebSocket are judged, lifespan passes through.

A request with a good cookie session is answered on the event loop, and a session in Redis is loaded there; all else
that may block takes one hop into a thread. Nothing is buffered: `receive` and `send` reach the app as they are, the
latter with headers added to the response's start.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Unpack

from oidc_gate.asgi.bodies import Receive, again, read_body, with_body
from oidc_gate.asgi.lanes import Lanes
from oidc_gate.asgi.request import (
    AUTHORIZES,
    BY_TOKEN,
    NAMES_METHOD,
    ASGIRequest,
    Headers,
    Layouts,
    Scope,
    request_with_token,
)
from oidc_gate.asgi.response_headers import adding, as_bytes, renewing
from oidc_gate.asgi.roots import routing_of
from oidc_gate.asgi.user import NO_AUTH, NOBODY, accommodate, auth_of, has_guests
from oidc_gate.decisions import (
    BY_PATH,
    LONGEST_KEY,
    AskAgain,
    By,
    Forward,
    Header,
    Instead,
    ReadBody,
    Reply,
    WithoutBody,
)
from oidc_gate.identity import IDENTITY_KEY
from oidc_gate.outsiders import warn_of_outsiders
from oidc_gate.settings import check_app, resolve_app, resolve_settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from oidc_gate.asgi.response_headers import StreamBegan
    from oidc_gate.gate import Gate, Recall
    from oidc_gate.identity import Identity
    from oidc_gate.settings import Settings
    from oidc_gate.settings.options import SettingsOptions

    # Each framework and server has types of its own for what passes between them; a gate fits in with all of them.
    Send = Callable[[Any], Awaitable[None]]
    Layout = Callable[[list[bytes]], Any]
    _Asked = tuple[Gate, Recall, bool, bool, By, Layout, tuple[Header, ...], Headers, StreamBegan | None]

__all__ = ["OIDCGate", "answer"]

_name_of = itemgetter(0)
_PERCENT = ord("%")  #: A number is looked for in bytes seven times as fast as bytes are.


class OIDCGate:
    """Puts an OpenID Connect login in front of an ASGI app.

    `app`: an ASGI callable, or its name (`module:attribute`, `module:factory()`); None for the name in `OIDC_GATE_APP`.
    `settings`: without it, those of the environment; `options` override fields. Raises SettingsError.
    """

    def __init__(
        self, app: Any = None, *, settings: Settings | None = None, **options: Unpack[SettingsOptions]
    ) -> None:
        from oidc_gate.asgi.live import LiveConnections  # a mere import of this module need not pay for these
        from oidc_gate.gate import open_gate

        self._app: Any = resolve_app(app)
        check_app(self._app, "asgi")
        self._routing = routing_of(self._app)
        #: The letters of a mount point that the app takes off by itself: where they are the path has to be worked out.
        self._app_root = self._routing.root.strip("/")
        self._has_looked_out = False
        self._has_guests = has_guests()
        self._lanes = Lanes()
        self._live = LiveConnections(lambda: self._gate, self._lanes)
        self._ask(open_gate(resolve_settings(settings, options), self._ask))

    def _ask(self, gate: Gate) -> None:
        """Have this gate decide, from the next request on."""
        self._gate = gate
        self._lanes.longest_wait = gate.longest_wait
        by = gate.recalls_by
        # All that a request needs of its gate, taken at once: another may take its place while the request is here.
        self._asked: _Asked = (
            gate,
            gate.recall,
            by is not BY_PATH,
            by.heeds_tokens or by.line == "method and plain path" or bool(self._app_root),
            by,
            Layouts(gate.reserved_headers, heeds_tokens=by.heeds_tokens).of,
            gate.response_headers,
            as_bytes(gate.response_headers),
            self._stream_began if gate.live.within else None,
        )

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer a request, or let the app answer it. Raises ValueError for a kind of connection that is not known."""
        kind = scope["type"]
        if kind != "http" and kind != "websocket":
            return await self._other(scope, receive, send)
        gate, recall, judges_lines, judges_more, by, layout_of, usual, usual_in_bytes, stream_began = self._asked
        headers: Headers = scope["headers"]
        host_at, cookie_at, dropped, dropped_with_cookie, names, telling = layout = layout_of([*map(_name_of, headers)])
        found = None
        if host_at >= 0 and cookie_at >= 0 and kind == "http" and not scope.get("root_path"):  # as in ASGIRequest.key
            cookies = headers[cookie_at][1]
            if len(cookies) <= LONGEST_KEY:
                line = scope["path"]
                if judges_lines and (_PERCENT in (scope.get("raw_path") or b"") or judges_more):
                    line = self._line(scope, by, telling)
                if line is not None:
                    found = recall(scope.get("scheme"), headers[host_at][1], cookies, line)
        if found is not None:
            told_cookies, identity, _, request_headers, response_headers, _ = found
            headers = [*headers]
            headers[cookie_at] = told_cookies
            for at in dropped if told_cookies else dropped_with_cookie:
                del headers[at]
        else:
            request = self._request(scope, layout, telling)
            decision = gate.decide(request) if IDENTITY_KEY not in scope else gate.behind_another(request)
            while not isinstance(decision, Forward):
                if isinstance(decision, Reply):
                    return await answer(decision, scope, receive, send)
                if isinstance(decision, ReadBody):
                    decision = decision.resume(await read_body(receive, decision.limit))
                elif isinstance(decision, (AskAgain, Instead)):
                    return await self(*again(decision, scope, request, receive), send)
                elif decision.run_on_loop is not None:
                    decision = await decision.run_on_loop()
                else:
                    decision = await self._lanes.perform(decision)
            receive, send = self._means_of_the_app(receive, send, request, decision, gate)
            headers = request.app_headers()
            identity, _, request_headers, response_headers, _ = decision
        if request_headers:
            headers += [(name.encode(), value.encode()) for name, value in request_headers]
        app, used = self._app, send  # a local: Python 3.11 calls `self.name(…)` more slowly where name is no method
        if kind == "http" and (response_headers or stream_began is not None):
            more = usual_in_bytes if response_headers is usual else as_bytes(response_headers)
            send = adding(send, more, response_headers, stream_began, scope.get, names, identity)
        told = dict(scope)
        told["headers"] = headers
        told[IDENTITY_KEY] = identity
        told["user"] = NOBODY if identity is None else identity
        told["auth"] = NO_AUTH if identity is None else identity._auth or auth_of(identity)
        if self._has_guests:
            accommodate(told)
        scope, cookies = told, b""  # what reports an app's errors may print this frame, which held the session
        try:
            return await app(scope, receive, send)  # type: ignore[no-any-return]
        finally:
            if self._live.open:
                self._live.ended(used)

    def _line(self, scope: Scope, by: By, telling: int) -> str | tuple[str] | None:
        """Return what `recall` wants to know of a line that is not its path alone, None where it cannot go by that."""
        path: str = scope["path"]
        if by.heeds_tokens and telling & AUTHORIZES:
            is_plain = _PERCENT not in (scope.get("raw_path") or b"") and not self._app_root
            return (path,) if telling & BY_TOKEN and is_plain else None
        if by.line == "path":
            return path
        if _PERCENT in (scope.get("raw_path") or b"") or (self._app_root and self._app_root in path):
            return None
        if by.line == "method and plain path":
            return None if telling & NAMES_METHOD else f"{scope['method']} {path}"
        return path

    @property
    def gate(self) -> Gate:
        """The gate that decides now."""
        return self._gate

    def _request(self, scope: Scope, layout: Any, telling: int) -> ASGIRequest:
        """Return what is asked of a request that has to be decided."""
        if not self._has_looked_out:
            self._has_looked_out = True
            warn_of_outsiders()
        return (ASGIRequest if telling < BY_TOKEN else request_with_token)(scope, layout, self._routing)

    def _means_of_the_app(
        self, receive: Receive, send: Send, request: ASGIRequest, decision: Forward, gate: Gate
    ) -> tuple[Receive, Send]:
        """Return what the app is to receive and to send with; its answer may bring a renewed session's cookie.

        Nothing of a body that it must not see; a WebSocket of somebody's has its messages noticed, and ends in time.
        """
        self._has_guests = has_guests()
        if isinstance(decision, WithoutBody):
            return with_body(receive, b""), send
        identity, renewal = decision.identity, decision.renewal
        if renewal is not None:
            return receive, renewing(send, renewal)
        if not request.is_websocket or identity is None:
            return receive, send
        return self._live.accepted(receive, send, request, identity, gate)

    def _stream_began(self, send: Send, get: Callable[..., Any], names: list[bytes], identity: Identity) -> Send:
        """See `StreamBegan`. The server may have added trailers to the headers since."""
        scope: Scope = {**get.__self__, "headers": get("headers")[: len(names)]}  # type: ignore[attr-defined]
        request = request_with_token(scope, self._asked[5]([*map(_name_of, scope["headers"])]), self._routing)
        return self._live.began("event_stream", request, identity, send, used=send)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app start and stop as it likes; that returns when the server stops, and nobody asks any more."""
        kind = scope["type"]
        if kind != "lifespan":
            raise ValueError(f"oidc_gate does not know connections of type {kind!r}, and lets none through")
        try:
            await self._app(scope, receive, send)
        finally:
            await self._gate.close_on_loop()


async def answer(reply: Reply, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer in the gate's name. A WebSocket is refused before it is accepted, with this answer if that can be sent."""
    headers = as_bytes(reply.all_headers)
    kind, body = "http", b"" if scope.get("method") == "HEAD" else reply.body
    if scope["type"] == "websocket":
        await receive()
        if "websocket.http.response" not in (scope.get("extensions") or {}):
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        kind = "websocket.http"
    await send({"type": f"{kind}.response.start", "status": reply.status, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": body})
