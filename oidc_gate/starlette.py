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

from collections.abc import Callable, Coroutine
from functools import wraps
from inspect import Parameter, isclass, signature
from typing import Annotated, Any, Unpack, get_origin

from starlette._utils import is_async_callable
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException, WebSocketException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from oidc_gate.carriers import identity_of
from oidc_gate.decisions import Reply
from oidc_gate.errors import SettingsError
from oidc_gate.identity import Identity
from oidc_gate.requiring import Requirement, check_decorated
from oidc_gate.settings.demands import Demands

__all__ = ["Checking", "RefusedError", "current_identity", "require"]

#: Where Starlette keeps what answers exceptions, for one app or the mounted part of one.
_HANDLERS = "starlette.exception_handlers"
_POLICY_VIOLATION = 1008
_GIVE_IT_ONE = (
    "give it a parameter for that, like request: Request, or websocket: WebSocket. In FastAPI Depends(require(…)), of"
    " oidc_gate.fastapi, needs none."
)


def current_identity(request: HTTPConnection) -> Identity | None:
    """Return who asks, None where nobody is signed in."""
    return identity_of(request)


def require(**demands: Unpack[Demands]) -> Require:
    """Return what demands this of whoever asks: `groups`, `scopes`, `acr`, `max_age` and more, as in a rule.

    It decorates an endpoint, or is awaited in one: `await require(groups="Finance").check(request)`. Without a demand:
    somebody has to be signed in. Who does not satisfy it gets the gate's answer, as with a rule: a page is sent to sign
    in, and a 401 or 403 is that of the app's handler for this status, or for RefusedError, where it has one. A handler
    for HTTPException, which is for all statuses, is passed by. A WebSocket is closed with 1008, before it is accepted
    as a rule. See `oidc_gate.settings.demands.Demands`. Raises SettingsError.
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
        # A handler for all HTTPExceptions does not get these: what it makes of a status and a text leads nobody to the
        # provider, and has no form in it that is kept.
        by_class.setdefault(RefusedError, _answer)
        raise RefusedError(reply)


class Require(Checking):
    """What `require` returns."""

    def __call__(self, endpoint: Callable[..., Any]) -> Callable[..., Coroutine[Any, Any, Any]]:
        """Return the endpoint, which only those reach who satisfy this.

        Raises SettingsError for a class, and for a function that takes no request.
        """
        check_decorated(endpoint, "write @require(…) above its methods, as get, post or on_connect")
        _check_takes_request(endpoint)
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


def _check_takes_request(endpoint: Callable[..., Any]) -> None:
    """Raise SettingsError for a function none of whose parameters can be the request, as far as that can be told."""
    try:
        parameters = signature(endpoint, follow_wrapped=False, eval_str=True).parameters.values()
        takes_one = any(map(_may_be_request, parameters))
    except Exception:  # an annotation names what is not there yet, or is a TypedDict, that is asked for no classes
        return
    if not takes_one:
        name = getattr(endpoint, "__name__", repr(endpoint))
        raise SettingsError(f"require: {name} takes no request; {_GIVE_IT_ONE}")


def _may_be_request(parameter: Parameter) -> bool:
    """Return whether a parameter is called as requests are, or may be one by its type: any may that has none."""
    kind = parameter.annotation
    kind = kind.__origin__ if get_origin(kind) is Annotated else kind
    takes_any = parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    if takes_any or parameter.name in ("request", "websocket") or not isclass(kind):
        return True
    if kind in (Parameter.empty, Any) or getattr(kind, "_is_protocol", False):
        return True
    return issubclass(kind, HTTPConnection) or issubclass(Request, kind) or issubclass(WebSocket, kind)


def _connection(args: tuple[Any, ...], kwargs: dict[str, Any]) -> HTTPConnection:
    """Return the request or WebSocket among an endpoint's arguments. Raises TypeError where there is none."""
    for each in (*args, *kwargs.values()):
        if isinstance(each, HTTPConnection):
            return each
    raise TypeError(f"require: this endpoint is given no request; {_GIVE_IT_ONE}")


async def _answer(_request: Any, error: Exception) -> Response:
    """Answer as the gate does, where the app has no handler of its own for this status or for RefusedError."""
    reply: Reply = error.reply  # type: ignore[attr-defined]
    response = Response(reply.body, reply.status)
    response.raw_headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.all_headers]
    return response
