"""Who asks, and what a view demands of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, Unpack, cast

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse, RawPostDataException

from oidc_gate.carriers import identity_of
from oidc_gate.decisions import Reply
from oidc_gate.django.caches import keep_out
from oidc_gate.identity import Identity
from oidc_gate.requiring import Requirement, check_decorated
from oidc_gate.settings.demands import Demands

__all__ = ["Require", "current_identity", "require", "response_of"]

View = TypeVar("View", bound=Callable[..., Any])


def current_identity(request: HttpRequest) -> Identity | None:
    """Return who asks, None where nobody is signed in. Django's cache does not keep an answer that goes by that."""
    keep_out(request)
    return identity_of(request)


def require(**demands: Unpack[Demands]) -> Require:
    """Return what demands this of whoever asks: `groups`, `scopes`, `acr`, `max_age` and more, as in a rule.

    It decorates a view, async or not; for a class `method_decorator(require(…), name="dispatch")`. Without a demand:
    somebody has to be signed in. Who does not satisfy it gets the gate's answer, as with a rule. See
    `oidc_gate.settings.demands.Demands`. Raises SettingsError.
    """
    return Require(**demands)


class Require(Requirement):
    """What `require` returns."""

    def __call__(self, view: View) -> View:
        """Return the view, which only those see who satisfy this. Raises SettingsError for a class."""
        check_decorated(view, 'write @method_decorator(require(…), name="dispatch") above it')

        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            reply = self.refusal(request, lambda: _body(request))
            response = view(request, *args, **kwargs) if reply is None else response_of(reply)
            keep_out(request)
            return response

        @wraps(view)
        async def guarded_on_loop(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            reply = await self.refusal_on_loop(request, lambda: _body_on_loop(request))
            response = await view(request, *args, **kwargs) if reply is None else response_of(reply)
            keep_out(request)
            return response

        return guarded_on_loop if iscoroutinefunction(view) else guarded  # type: ignore[return-value]


def _body(request: HttpRequest) -> bytes:
    """Return the body as it was sent, b"" where it was read, as by the check for CSRF where files come along."""
    try:
        return cast("bytes", request.body)
    except RawPostDataException:
        return b""


async def _body_on_loop(request: HttpRequest) -> bytes:
    return _body(request)  # it is all here


def response_of(reply: Reply) -> HttpResponse:
    """Return an answer of the gate's as a response of Django's."""
    response = HttpResponse(reply.body, status=reply.status)
    del response.headers["Content-Type"]
    for name, value in reply.all_headers:
        if name.lower() == "set-cookie":
            response.cookies.load(value)
        else:
            response.headers[name] = value
    return response
