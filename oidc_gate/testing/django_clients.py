"""Django's test clients: they ask Django itself, and pass by whatever stands in front of it.

So the client's handler gets the gate in front: that of `WSGI_APPLICATION`, or of `ASGI_APPLICATION`. What the gate
adds to Django's answer is put into the response that the test gets, and what the gate answers itself becomes one.
"""

from __future__ import annotations

from typing import Any

from oidc_gate.asgi import OIDCGate as ASGIGate
from oidc_gate.outermost import AnyGate, gate_in_front_of
from oidc_gate.wsgi import OIDCGate as WSGIGate

__all__ = ["gate_of_project", "is_gated", "put_in_front"]

Headers = list[tuple[str, str]]


def gate_of_project(client: Any) -> AnyGate | None:
    """Return the gate of the project that a Django client is for, None where its application has none."""
    from django.conf import settings
    from django.utils.module_loading import import_string

    name = settings.ASGI_APPLICATION if _is_async(client) else settings.WSGI_APPLICATION
    return gate_in_front_of(import_string(name)) if name else None


def is_gated(client: Any) -> bool:
    """Return whether a gate was put in front for this client before."""
    return isinstance(client.handler, _Gated | _AsyncGated)


def put_in_front(client: Any, gate: AnyGate) -> None:
    """Have this client's requests meet the gate before Django. Raises TypeError for a gate of the other world."""
    if isinstance(gate, ASGIGate) is not _is_async(client):
        kind, world = type(client).__name__, "asgi" if _is_async(client) else "wsgi"
        raise TypeError(f"{kind} is a client for the gate of oidc_gate.{world}, and this gate is of the other.")
    handler = client.handler.handler if is_gated(client) else client.handler
    client.handler = _AsyncGated(handler, gate) if isinstance(gate, ASGIGate) else _Gated(handler, gate)


def _is_async(client: Any) -> bool:
    from django.test import AsyncClient

    return isinstance(client, AsyncClient)


class _Front(WSGIGate):
    """A gate in all that it has but the app behind it."""

    __slots__ = ("inner",)

    inner: Any
    _app = property(lambda self: self.inner)


class _AsyncFront(ASGIGate):
    """The same in the other world."""

    __slots__ = ("inner",)

    inner: Any
    _app = property(lambda self: self.inner)


def _with_app(front: Any, gate: AnyGate, app: Any) -> Any:
    """Return the gate in front of another app; it stays the same gate, when its settings change too."""
    front.__dict__ = gate.__dict__
    front.inner = app
    return front


class _Gated:
    """A handler of `django.test.Client` behind a gate."""

    def __init__(self, handler: Any, gate: WSGIGate) -> None:
        self.handler, self.gate = handler, gate

    def __getattr__(self, name: str) -> Any:
        return getattr(self.handler, name)

    def __call__(self, environ: dict[str, Any]) -> Any:
        from django.core.handlers.wsgi import WSGIRequest

        found: list[Any] = []
        started: list[tuple[str, Headers]] = []

        def django(environ: dict[str, Any], start_response: Any) -> list[bytes]:
            response = self.handler(environ)
            start_response(f"{response.status_code} {response.reason_phrase}", _headers_of(response))
            found.append(response)
            return []

        def start_response(status: str, headers: Headers, _exc_info: Any = None) -> Any:
            started.append((status, headers))

        asked = dict(environ)
        body = b"".join(_with_app(object.__new__(_Front), self.gate, django)(environ, start_response))
        ((status, headers),) = started
        if found:
            return _with_headers(found[0], headers)
        return _own_answer(int(status[:3]), headers, body, wsgi_request=WSGIRequest(asked))


class _AsyncGated:
    """A handler of `django.test.AsyncClient` behind a gate."""

    def __init__(self, handler: Any, gate: ASGIGate) -> None:
        self.handler, self.gate = handler, gate

    def __getattr__(self, name: str) -> Any:
        return getattr(self.handler, name)

    async def __call__(self, scope: dict[str, Any]) -> Any:
        from django.core.handlers.asgi import ASGIRequest

        found: list[Any] = []
        sent: list[dict[str, Any]] = []

        async def django(scope: dict[str, Any], _receive: Any, send: Any) -> None:
            response = await self.handler(scope)
            headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in _headers_of(response)]
            await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
            found.append(response)

        async def receive() -> dict[str, Any]:
            body = scope.get("_body_file")
            return {"type": "http.request", "body": body.read() if body else b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        asked = scope | {"query_string": _in_bytes(scope["query_string"])}  # Django's client has a text there
        await _with_app(object.__new__(_AsyncFront), self.gate, django)(asked, receive, send)
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in sent[0]["headers"]]
        if found:
            return _with_headers(found[0], headers)
        request = ASGIRequest(scope, None)
        return _own_answer(sent[0]["status"], headers, sent[1]["body"], asgi_request=request)


def _in_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("latin-1")


def _headers_of(response: Any) -> Headers:
    cookies = [("Set-Cookie", cookie.output(header="").strip()) for cookie in response.cookies.values()]
    return [*response.items(), *cookies]


def _with_headers(response: Any, headers: Headers) -> Any:
    """Return Django's response with these headers, which are its own and what the gate has added."""
    for name, value in headers:
        if name.lower() == "set-cookie":
            response.cookies.load(value)
        else:
            response.headers[name] = value
    return response


def _own_answer(status: int, headers: Headers, body: bytes, **request: Any) -> Any:
    """Return the gate's answer as a response of Django's; `request`: the attribute in which its client looks for it."""
    from django.http import HttpResponse

    response = _with_headers(HttpResponse(body, status=status), headers)
    for name, value in request.items():
        setattr(response, name, value)
    return response
