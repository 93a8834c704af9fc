"""The gate as ASGI middleware (ASGI 3): HTTP and WebSocket are judged, lifespan passes through.

A request with a good cookie session is answered on the event loop; what may block takes one hop into a thread. Nothing
is buffered: `receive` and `send` reach the app as they are, the latter with headers added to the response's start.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from oidc_gate.decisions import Decision, Forward, Reply, Work
from oidc_gate.headers import added, is_about_caching, spellings
from oidc_gate.identity import IDENTITY_KEY, Anonymous, Credentials
from oidc_gate.targets import resolve_app, resolve_settings

if TYPE_CHECKING:
    from asgiref.typing import ASGIReceiveCallable, ASGISendCallable

    from oidc_gate.settings import Settings

__all__ = ["OIDCGate"]

Scope = MutableMapping[str, Any]
Pair = tuple[bytes, bytes]

_RESERVED = spellings()
_WANTED = frozenset({b"host", b"cookie"}) | _RESERVED
_SCHEMES = {"ws": "http", "wss": "https"}
_NOBODY, _NO_CREDENTIALS = Anonymous(), Credentials()

#: Threads for calls to the provider, and to the store: neither waits for the other, nor does the app's own pool.
_LANE_THREADS = 16


class OIDCGate:
    """Puts an OpenID Connect login in front of an ASGI app.

    `app`: an ASGI callable, or its name (`module:attribute`, `module:factory()`); None for the name in `OIDC_GATE_APP`.
    `settings`: without it, those of the environment; `options` override fields. Raises SettingsError.
    """

    def __init__(self, app: Any = None, *, settings: Settings | None = None, **options: Any) -> None:
        from asgiref.sync import sync_to_async  # like the provider side, not a cost of the mere import

        from oidc_gate.gate import Gate

        self._app: Any = resolve_app(app)
        if hasattr(self._app, "wsgi_app"):
            from oidc_gate.errors import SettingsError

            raise SettingsError("this is a WSGI app: import OIDCGate from oidc_gate.wsgi.")
        self._gate = Gate(resolve_settings(settings, options))
        self._lanes = {
            lane: ThreadPoolExecutor(_LANE_THREADS, thread_name_prefix=f"oidc_gate-{lane}")
            for lane in ("provider", "store")
        }
        self._in_thread = sync_to_async

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answer a request, or let the app answer it. Raises ValueError for a kind of connection that is not known."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)  # type: ignore[no-any-return]
        if scope["type"] not in ("http", "websocket"):
            raise ValueError(f"oidc_gate does not know connections of type {scope['type']!r}, and lets none through")
        request = ASGIRequest(scope)
        decision = self._gate.decide(request)
        while not isinstance(decision, Forward):
            if isinstance(decision, Reply):
                return await _answer(decision, scope, receive, send)
            if isinstance(decision, Work):
                decision = await self._perform(decision)
            else:
                decision = decision.resume(await _read_body(receive, decision.limit))
        told = self._told_scope(scope, request, decision)
        if scope["type"] == "http" and (decision.cache_control or decision.response_headers):
            send = _adding(send, decision)
        await self._app(told, receive, send)
        return None

    async def _perform(self, work: Work) -> Decision:
        """Run blocking work in its lane, with the context variables of this task."""
        run = self._in_thread(work.run, thread_sensitive=False, executor=self._lanes[work.lane])
        return await run()

    def _told_scope(self, scope: Scope, request: ASGIRequest, forward: Forward) -> Scope:
        """Return a copy of the scope: without what only the gate may say, and with its word."""
        identity = forward.identity
        told = {**scope, "headers": self._app_headers(scope["headers"], request, forward), IDENTITY_KEY: identity}
        if identity is None:
            told["user"], told["auth"] = _NOBODY, _NO_CREDENTIALS
        else:
            told["user"], told["auth"] = identity, Credentials(("authenticated", *identity.groups))
        return told

    def _app_headers(self, headers: Any, request: ASGIRequest, forward: Forward) -> list[Pair]:
        kept = list(headers)
        for pair in request.wanted:
            name = pair[0].lower()
            if name in _RESERVED:
                kept.remove(pair)
            elif name == b"cookie":
                others = self._gate.hidden_cookies(pair[1].decode("latin-1")).encode("latin-1")
                position = kept.index(pair)
                kept[position : position + 1] = [(name, others)] if others else []
        kept += [(name.encode(), value.encode()) for name, value in forward.request_headers]
        return kept


class ASGIRequest:
    """What the gate asks of a request, answered from the scope; see `oidc_gate.decisions.Request`.

    `wanted` are the headers that each request is looked at for: host, cookie, and those that only the gate may send.
    """

    __slots__ = ("_scope", "cookie_header", "host", "wanted")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.wanted: list[Pair] = [pair for pair in scope["headers"] if pair[0].lower() in _WANTED]
        self.host = self._joined(b"host", b",")
        self.cookie_header = self._joined(b"cookie", b"; ")

    def _joined(self, name: bytes, separator: bytes) -> str:
        return separator.join([pair[1] for pair in self.wanted if pair[0].lower() == name]).decode("latin-1")

    @property
    def is_websocket(self) -> bool:
        """Whether this is a WebSocket handshake."""
        return bool(self._scope["type"] == "websocket")

    @property
    def method(self) -> str:
        """The method; a WebSocket handshake is a GET."""
        return str(self._scope.get("method", "GET"))

    @property
    def path(self) -> str:
        """The path inside the app: the scope's path holds the mount point too, but for older servers."""
        path: str = self._scope["path"]
        root_path = self._scope.get("root_path", "").rstrip("/")
        inside = root_path and path.startswith(root_path) and path[len(root_path) : len(root_path) + 1] in ("", "/")
        return path[len(root_path) :] if inside else path

    @property
    def root_path(self) -> str:
        """Where the app is mounted."""
        return str(self._scope.get("root_path", "")).rstrip("/")

    @property
    def raw_target(self) -> str:
        """The path as it was sent, where the server tells."""
        raw: bytes = self._scope.get("raw_path") or b""
        return raw.decode("latin-1").partition("?")[0]

    @property
    def query(self) -> str:
        """The raw query string."""
        return str(self._scope.get("query_string", b"").decode("latin-1"))

    @property
    def scheme(self) -> str:
        """The scheme, as the server saw it."""
        scheme = self._scope.get("scheme", "http")
        return str(_SCHEMES.get(scheme, scheme))

    @property
    def peer(self) -> str:
        """The address of the other end of the connection."""
        client = self._scope.get("client")
        return str(client[0]) if client else ""

    @property
    def server(self) -> str:
        """The listening socket."""
        host, port = self._scope.get("server") or ("localhost", None)
        name = f"[{host}]" if ":" in host else host
        return f"{name}:{port}" if port else "localhost"

    def header(self, name: str) -> str:
        """Return the header of that lower-case name, several joined by commas, or `""`."""
        wanted = name.encode()
        return b",".join([value for key, value in self._scope["headers"] if key.lower() == wanted]).decode("latin-1")


def _adding(send: ASGISendCallable, forward: Forward) -> Any:
    """Return a `send` that adds the gate's headers to a copy of the response's start; all else passes as it is."""

    async def adding(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = message.get("headers", ())
            said = [value.decode("latin-1") for name, value in headers if is_about_caching(name.decode("latin-1"))]
            more = [(name.encode(), value.encode("latin-1")) for name, value in added(forward, said)]
            message = {**message, "headers": [*headers, *more]}
        await send(message)

    return adding


async def _answer(reply: Reply, scope: Scope, receive: ASGIReceiveCallable, send: Any) -> None:
    """Answer in the gate's name. A WebSocket is refused before it is accepted, with this answer if that can be sent."""
    headers = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers]
    headers.append((b"content-length", str(len(reply.body)).encode()))
    kind, body = "http", b"" if scope.get("method") == "HEAD" else reply.body
    if scope["type"] == "websocket":
        await receive()
        if "websocket.http.response" not in (scope.get("extensions") or {}):
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        kind = "websocket.http"
    await send({"type": f"{kind}.response.start", "status": reply.status, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": body})


async def _read_body(receive: ASGIReceiveCallable, limit: int) -> bytes | None:
    """Return the body, or None when there is more than `limit` bytes of it or the client went away."""
    body, more = b"", True
    while more:
        message: Any = await receive()
        if message["type"] != "http.request" or len(body) > limit:
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body if len(body) <= limit else None
