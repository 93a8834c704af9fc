"""For Starlette apps behind the gate: who asks, and what an endpoint demands of them.

::

    from oidc_gate.starlette import current_identity, require

    @require(groups="Finance", max_age="10m")
    async def payroll(request):
        return PlainTextResponse(f"Payroll, for {current_identity(request).name}")

`request.user` and Starlette's own `@requires` work without this module. Do not add AuthenticationMiddleware: it would
put another user there.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, Unpack

from starlette._utils import is_async_callable
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException, WebSocketException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from oidc_gate.carriers import identity_of
from oidc_gate.decisions import Reply
from oidc_gate.identity import Identity
from oidc_gate.requiring import Requirement
from oidc_gate.settings.demands import Demands

__all__ = ["Checking", "RefusedError", "current_identity", "require"]

#: Where Starlette keeps what answers exceptions, for one app or the mounted part of one.
_HANDLERS = "starlette.exception_handlers"
_POLICY_VIOLATION = 1008


def current_identity(request: HTTPConnection) -> Identity | None:
    """Return who asks, None where nobody is signed in."""
    return identity_of(request)


def require(**demands: Unpack[Demands]) -> Require:
    """Return what demands this of whoever asks: `groups`, `scopes`, `acr`, `max_age` and more, as in a rule.

    It decorates an endpoint, or is awaited in one: `await require(groups="Finance").check(request)`. Without a demand:
    somebody has to be signed in. Who does not satisfy it gets the gate's answer, as with a rule: a page is sent to sign
    in, and a 401 or 403 is an HTTPException, so that the app's handler for this status has its say. A WebSocket is
    closed with 1008, before it is accepted as a rule. See `oidc_gate.settings.demands.Demands`. Raises SettingsError.
    """
    return Require(**demands)


class RefusedError(HTTPException):
    """Somebody does not satisfy what is required; `reply` is the gate's answer to them."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status, headers=dict(reply.all_headers))
        self.reply = reply


class Checking(Requirement):
    """What can be asked for each request or WebSocket."""

    async def check(self, request: HTTPConnection) -> None:
        """Go on for somebody who satisfies this.

        Raises RefusedError for others, WebSocketException where it is a WebSocket, RuntimeError without a gate.
        """
        reply = await self.refusal_on_loop(request, lambda: _body(request))
        if reply is None:
            return
        if request.scope["type"] == "websocket":
            raise WebSocketException(_POLICY_VIOLATION)
        by_class, _by_status = request.scope.get(_HANDLERS, ({}, {}))
        by_class.setdefault(RefusedError, _answer)
        raise RefusedError(reply)


class Require(Checking):
    """What `require` returns."""

    def __call__(self, endpoint: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        """Return the endpoint, which only those reach who satisfy this."""
        is_async = is_async_callable(endpoint)

        @wraps(endpoint)
        async def guarded(*args: Any, **kwargs: Any) -> Any:
            await self.check(_connection(args, kwargs))
            return await (endpoint(*args, **kwargs) if is_async else run_in_threadpool(endpoint, *args, **kwargs))

        return guarded


async def _body(request: HTTPConnection) -> bytes:
    """Return the body as it was sent, b"" where it was read, as FastAPI does for operations that take a form."""
    try:
        return await request.body() if isinstance(request, Request) else b""
    except RuntimeError:
        return b""


def _connection(args: tuple[Any, ...], kwargs: dict[str, Any]) -> HTTPConnection:
    """Return the request or WebSocket among an endpoint's arguments. Raises TypeError where there is none."""
    for each in (*args, *kwargs.values()):
        if isinstance(each, HTTPConnection):
            return each
    raise TypeError("require decorates endpoints that are given the request")


async def _answer(_request: Any, error: Exception) -> Response:
    """Answer as the gate does, where the app has no handler of its own for this status."""
    reply: Reply = error.reply  # type: ignore[attr-defined]
    response = Response(reply.body, reply.status)
    response.raw_headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.all_headers]
    return response
