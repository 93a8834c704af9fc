"""Bodies of requests: the gate reads one, or gives the app one in place of what was sent; with another request too."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from oidc_gate.asgi.request import ASGIRequest, Scope
from oidc_gate.decisions import AskAgain, Instead

__all__ = ["Receive", "again", "read_body", "with_body"]

# Each framework and server has types of its own for what passes between them; a gate fits in with all of them.
Receive: TypeAlias = Callable[[], Awaitable[Any]]


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """Return the body, or None when there is more than `limit` bytes of it or the client went away."""
    body, more = bytearray(), True  # to bytes each part would be copied as often as there are parts after it
    while more:
        message: Any = await receive()
        if message["type"] != "http.request" or len(body) > limit:
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body) if len(body) <= limit else None


def with_body(receive: Receive, body: bytes) -> Receive:
    """Return a `receive` for the app that brings this body, and then what comes when the client has gone."""
    first = True

    async def receive_this() -> Any:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": body, "more_body": False}
        message: Any = await receive()
        while message["type"] == "http.request":
            message = await receive()
        return message

    return receive_this


def again(other: AskAgain | Instead, scope: Scope, request: ASGIRequest, receive: Receive) -> tuple[Scope, Receive]:
    """Return what to ask about again: this request, or another in its place."""
    made = dict(scope)
    made["headers"] = request.sent_headers
    if isinstance(other, AskAgain):
        return made, receive
    made["path"] = scope["path"].removesuffix(request.path) + other.path
    made["query_string"] = other.query.encode("latin-1")
    if scope.get("raw_path"):
        made["raw_path"] = other.raw_target.encode("latin-1")
    replaced = {name.encode() for name, _ in other.headers}
    made["headers"] = [pair for pair in request.sent_headers if pair[0].lower() not in replaced]
    made["headers"] += [(name.encode(), value.encode("latin-1")) for name, value in other.headers if value]
    return made, with_body(receive, other.body)
