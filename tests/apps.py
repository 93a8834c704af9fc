"""The sample app in both worlds: it answers with what it saw, and remembers every call.

`echo(world)` makes one, `gated(world, app, **settings)` puts the gate under test in front of it.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from wsgiref.validate import validator

from tests.browser import World

COOKIE_SECRET = "a-cookie-secret-for-tests-that-is-long-enough-0123456789"
IDENTITY_FIELDS = ("subject", "email", "name", "groups", "claims", "provider", "issuer", "session_id",
                   "authenticated_at", "expires_at", "username")  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One request as the app saw it; the app answers with this as JSON."""

    kind: str
    path: str
    root_path: str
    method: str
    scheme: str
    query: str
    headers: dict[str, str]
    identity: dict[str, Any] | None
    remote_user: str | None
    auth_type: str | None
    body_length: int


class Echo:
    """What both echo apps share: `calls`, and the answer they give (tests may set `status`, `headers`, `body`)."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.raw: list[dict[str, Any]] = []  # the environs or scopes themselves
        self.status = 200
        self.headers: list[tuple[str, str]] = []
        self.body: bytes | None = None  # None: the JSON of the call

    def answer(self, call: Call, raw: dict[str, Any]) -> tuple[list[tuple[str, str]], bytes]:
        self.calls.append(call)
        self.raw.append(raw)
        body = json.dumps(asdict(call)).encode() if self.body is None else self.body
        return [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *self.headers], body


class WSGIEcho(Echo):
    """The sample WSGI app; the standard library's validator stands before it, so the gate is judged as a server too."""

    def __init__(self) -> None:
        super().__init__()
        self._validated = validator(self._serve)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return self._validated(environ, start_response)

    def _serve(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        call = Call(
            kind="http",
            path=environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace"),
            root_path=environ.get("SCRIPT_NAME", ""),
            method=environ["REQUEST_METHOD"],
            scheme=environ["wsgi.url_scheme"],
            query=environ.get("QUERY_STRING", ""),
            headers=_headers_of_environ(environ),
            identity=identity(environ),
            remote_user=environ.get("REMOTE_USER"),
            auth_type=environ.get("AUTH_TYPE"),
            body_length=len(environ["wsgi.input"].read(length)),
        )
        headers, body = self.answer(call, environ)
        start_response(f"{self.status} Answer", headers)
        return [b""] if call.method == "HEAD" else [body]


class ASGIEcho(Echo):
    """The sample ASGI app: HTTP as the other; a WebSocket gets the call as JSON, then its own messages back."""

    def __init__(self) -> None:
        super().__init__()
        self.lifespan: list[str] = []

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await {"http": self._http, "websocket": self._websocket, "lifespan": self._lifespan}[scope["type"]](
            scope, receive, send
        )

    async def _http(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        length, more = 0, True
        while more:
            message = await receive()
            length += len(message.get("body", b""))
            more = message.get("more_body", False)
        headers, body = self.answer(_call_of_scope(scope, length), scope)
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _websocket(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "websocket.connect"
        offered = scope.get("subprotocols", [])
        await send({"type": "websocket.accept", "subprotocol": offered[0] if offered else None})
        _, body = self.answer(_call_of_scope(scope, 0), scope)
        await send({"type": "websocket.send", "text": body.decode()})
        while (message := await receive())["type"] == "websocket.receive":
            text = message.get("text")
            payload = {"text": text} if text is not None else {"bytes": message["bytes"]}
            await send({"type": "websocket.send"} | payload)

    async def _lifespan(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        for _ in range(2):
            event = (await receive())["type"].removeprefix("lifespan.")
            self.lifespan.append(event)
            await send({"type": f"lifespan.{event}.complete"})


def wsgi_echo() -> WSGIEcho:
    return WSGIEcho()


def asgi_echo() -> ASGIEcho:
    return ASGIEcho()


def echo(world: World) -> Echo:
    return wsgi_echo() if world == "wsgi" else asgi_echo()


def gated(world: World, app: Any, **settings: Any) -> Any:
    """Return the gate of this world in front of an app; `cookie_secret` is filled in."""
    gate = importlib.import_module(f"oidc_gate.{world}").OIDCGate
    return gate(app, **({"cookie_secret": COOKIE_SECRET} | settings))


def identity(environ_or_scope: dict[str, Any]) -> dict[str, Any] | None:
    """Return the identity that the app sees as plain data, None for nobody."""
    from oidc_gate import identity_of  # late: tests of the foundation run without the package

    seen = identity_of(environ_or_scope)
    return None if seen is None else {name: plain(getattr(seen, name)) for name in IDENTITY_FIELDS}


def plain(value: Any) -> Any:
    """Return read-only mappings and tuples as dicts and lists, anything strange as text."""
    if isinstance(value, Mapping):
        return {str(name): plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(member) for member in value]
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _headers_of_environ(environ: dict[str, Any]) -> dict[str, str]:
    named = {key.removeprefix("HTTP_"): value for key, value in environ.items() if key.startswith("HTTP_")}
    named |= {key: environ[key] for key in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(key)}
    return {name.lower().replace("_", "-"): value for name, value in named.items()}


def _call_of_scope(scope: dict[str, Any], body_length: int) -> Call:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joint = "; " if name == "cookie" else ","
        headers[name] = f"{headers[name]}{joint}{value}" if name in headers else value
    return Call(
        kind=scope["type"],
        path=scope["path"].removeprefix(scope.get("root_path", "")),
        root_path=scope.get("root_path", ""),
        method=scope.get("method", "GET"),
        scheme=scope.get("scheme", "http"),
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        identity=identity(scope),
        remote_user=None,
        auth_type=None,
        body_length=body_length,
    )
