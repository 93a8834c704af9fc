"""The gate as ASGI middleware (ASGI 3): HTTP and WebSocket are judged, lifespan passes through.

A request with a good cookie session is answered on the event loop; what may block takes one hop into a thread. Nothing
is buffered: `receive` and `send` reach the app as they are, the latter with headers added to the response's start.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, overload

from oidc_gate.decisions import Decision, Forward, Reply, Work
from oidc_gate.headers import CACHING, is_unshared, spellings
from oidc_gate.identity import IDENTITY_KEY, Anonymous
from oidc_gate.targets import resolve_app, resolve_settings

if TYPE_CHECKING:
    from asgiref.typing import ASGIReceiveCallable, ASGISendCallable

    from oidc_gate.settings import Settings

__all__ = ["OIDCGate"]

Scope = MutableMapping[str, Any]
Pair = tuple[bytes, bytes]

_RESERVED = spellings()
_CACHING = frozenset(name.encode() for name in CACHING)
_SCHEMES = {"http": "http", "https": "https", "ws": "http", "wss": "https"}
_NOBODY = Anonymous()

#: Threads for calls to the provider, and to the store: neither waits for the other, nor does the app's own pool.
_LANE_THREADS = 16


class OIDCGate:
    """Puts an OpenID Connect login in front of an ASGI app.

    `app`: an ASGI callable, or its name (`module:attribute`, `module:factory()`); None for the name in `OIDC_GATE_APP`.
    `settings`: without it, those of the environment; `options` override fields. Raises SettingsError.
    """

    @overload  # as frameworks call it: a keyword `app` beside `**options` is what their type hints do not allow
    def __init__(self, app: Any = ..., /, *, settings: Settings | None = ..., **options: Any) -> None: ...
    @overload
    def __init__(self, *, app: Any = ..., settings: Settings | None = ..., **options: Any) -> None: ...
    def __init__(  # type: ignore[misc]  # the first form rightly leaves `app` to the options
        self, app: Any = None, *, settings: Settings | None = None, **options: Any
    ) -> None:
        from concurrent.futures import ThreadPoolExecutor  # like the provider side, not a cost of the mere import

        from asgiref.sync import sync_to_async

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
        if decision.response_headers and scope["type"] == "http":
            send = _adding(send, decision)
        await self._app(_told_scope(scope, request, decision), receive, send)
        return None

    async def _perform(self, work: Work) -> Decision:
        """Run blocking work in its lane, with the context variables of this task."""
        run = self._in_thread(work.run, thread_sensitive=False, executor=self._lanes[work.lane])
        return await run()


def _told_scope(scope: Scope, request: ASGIRequest, forward: Forward) -> Scope:
    """Return a copy of the scope: without what only the gate may say, and with its word."""
    headers = request.others
    if request.app_cookies:
        headers.append((b"cookie", request.app_cookies.encode("latin-1")))
    for name, value in forward.request_headers:
        headers.append((name.encode(), value.encode()))
    told = dict(scope)
    told["headers"] = headers
    told[IDENTITY_KEY] = forward.identity
    told["user"] = told["auth"] = forward.identity or _NOBODY
    return told


class _Kinds(dict[bytes, str]):
    """Tells headers apart by name: `host`, `cookie`, `reserved` to the gate, or `""` for all others.

    It remembers the names that it has met, a bounded number of them, for lower-casing each costs more than the rest.
    """

    def __missing__(self, name: bytes) -> str:
        lower = name.lower()
        kind = "reserved" if lower in _RESERVED else lower.decode() if lower in (b"host", b"cookie") else ""
        if len(self) < 1000 and len(name) < 100:
            self[name] = kind
        return kind


_KINDS = _Kinds()


class ASGIRequest:
    """What the gate asks of a request, answered from the scope; see `oidc_gate.decisions.Request`.

    `others` are the headers that the app may see as they are: without cookies, and without those reserved to the gate.
    """

    __slots__ = ("_scope", "app_cookies", "cookie_header", "host", "is_websocket", "others", "path", "scheme")

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        hosts, cookies, self.others = [], [], []
        for pair in scope["headers"]:
            kind = _KINDS[pair[0]]
            if not kind:
                self.others.append(pair)
            elif kind == "cookie":
                cookies.append(pair[1])
            elif kind == "host":
                hosts.append(pair[1])
                self.others.append(pair)
        self.host = b",".join(hosts).decode("latin-1")
        self.cookie_header = b"; ".join(cookies).decode("latin-1")
        self.app_cookies = ""
        self.is_websocket: bool = scope["type"] == "websocket"
        self.path = _inside(scope["path"], scope["root_path"]) if scope.get("root_path") else scope["path"]
        self.scheme: str = _SCHEMES.get(scope.get("scheme", "http"), "http")

    @property
    def method(self) -> str:
        """The method; a WebSocket handshake is a GET."""
        return str(self._scope.get("method", "GET"))

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


def _inside(path: str, root_path: str) -> str:
    """Return the path inside the app: the scope's path holds the mount point too, but for older servers."""
    root_path = root_path.rstrip("/")
    inside = path.startswith(root_path) and path[len(root_path) : len(root_path) + 1] in ("", "/")
    return path[len(root_path) :] if inside else path


def _adding(send: ASGISendCallable, forward: Forward) -> Any:
    """Return a `send` that adds the gate's headers to a copy of the response's start; all else passes as it is."""

    def adding(message: Any) -> Any:
        if message["type"] == "http.response.start":
            headers = message.get("headers", ())
            more = forward.response_headers
            for name, _ in headers:
                if name.lower() in _CACHING:
                    more = forward.set_cookies if is_unshared(_as_text(headers)) else ()
                    break
            pairs = _as_bytes(more) if forward.set_cookies else _remembered_as_bytes(more)
            message = {**message, "headers": [*headers, *pairs]}
        return send(message)

    return adding


def _as_text(headers: Any) -> list[tuple[str, str]]:
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]


def _as_bytes(headers: tuple[tuple[str, str], ...]) -> list[Pair]:
    return [(name.encode(), value.encode("latin-1")) for name, value in headers]


_remembered_as_bytes = lru_cache(maxsize=8)(_as_bytes)  # the same for all answers, unless there is a cookie in it


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
