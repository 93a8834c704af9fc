"""What the gate adds to the start of an app's response, and what it reads there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from oidc_gate.caching import PlainTypes, QuietNames, is_unshared, renewed, says_of_caching, silenced
from oidc_gate.decisions import Header, Overriding, Renewal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from oidc_gate.asgi.request import Headers
    from oidc_gate.identity import Identity

__all__ = ["Send", "StreamBegan", "adding", "as_bytes", "renewing"]

Send = Callable[[Any], Awaitable[None]]
#: Takes the server's `send`, what gives of the scope, the names of the headers as they were when the request came, and
#: who asks; returns what the app's messages go to from then on.
StreamBegan = Callable[[Send, Callable[..., Any], list[bytes], "Identity"], Send]

_QUIET = QuietNames()
_PLAIN = PlainTypes()


def adding(
    send: Send,
    more: Headers,
    response_headers: tuple[Header, ...],
    stream_began: StreamBegan | None,
    get: Callable[..., Any],
    names: list[bytes],
    identity: Identity | None,
) -> Send:
    """Return a `send` for the app: all passes as it is, but of a response's start a copy, with headers added.

    These are `more`, which is `response_headers` in bytes; where the app says something of caching, nothing, or these
    in place of that: see `Forward`.

    `stream_began` is called where an event stream begins that is somebody's; None for nothing. `get`: of the request's
    scope, in the place of the scope: what reports an app's errors may print what is here, and that holds the session.

    What is returned must not know itself: all that a request has would stay until Python looks for garbage, and that
    takes tens of milliseconds in which nobody is served.
    """

    def add(message: Any) -> Awaitable[None]:
        nonlocal send
        if message["type"] != "http.response.start":
            return send(message)
        headers = [*message.get("headers", ())]  # which may be anything that can be gone through once
        for name, value in headers:
            if name not in _QUIET and value not in _PLAIN and _QUIET.lack(name):
                if stream_began is not None and identity is not None and _is_stream(headers):
                    send = stream_began(send, get, names, identity)
                headers = _with(headers, more, response_headers)
                break
        else:
            headers += more
        message = dict(message)
        message["headers"] = headers
        return send(message)

    return add


def renewing(send: Send, renewal: Renewal) -> Send:
    """Return the same for an answer with a renewed session's cookie, if that is still to be sent by then."""

    def add(message: Any) -> Awaitable[None]:
        if message["type"] != "http.response.start":
            return send(message)
        more, set_cookies = renewed(renewal)
        message = dict(message)
        message["headers"] = _with([*message.get("headers", ())], as_bytes(more), more, set_cookies)
        return send(message)

    return add


def _is_stream(headers: Headers) -> bool:
    """Return whether these are an event stream's; the types of others are remembered."""
    return any(
        name.lower() == b"content-type" and value not in _PLAIN and _PLAIN.lack(value) for name, value in headers
    )


def _with(
    headers: Headers, more: Headers, response_headers: tuple[Header, ...], set_cookies: tuple[Header, ...] = ()
) -> Headers:
    """Return the headers of an answer that says something of caching, perhaps, with what the gate adds."""
    said = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers]
    if not says_of_caching(said):
        return headers + more
    if isinstance(response_headers, Overriding):
        return as_bytes(silenced(said)) + more
    return headers + as_bytes(set_cookies) if is_unshared(said) else headers


def as_bytes(headers: Iterable[Header]) -> Headers:
    """Return headers as ASGI has them."""
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
