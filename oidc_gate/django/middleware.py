"""`request.user` is the user of whoever asks, as the gate says. Django's session has no say in it, and keeps nothing.

So a user is signed in as long as at the gate, and no password of Django's counts where somebody is signed in there. Who
is signed in there and not let in by the gate's lists, as on a public path, is nobody to Django. Where nobody is signed
in, `request.user` stays what it was. What an app keeps in Django's session is found by the same person alone. Whom
Django would send to the gate's login though they are signed in there is refused.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import iscoroutine
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import SimpleLazyObject

from oidc_gate.carriers import identity_of
from oidc_gate.django.caches import tell_apart, vary
from oidc_gate.django.own_sessions import bind_request
from oidc_gate.django.sent_back import not_sent_back

__all__ = ["OIDCMiddleware"]


class OIDCMiddleware:
    """Stands after Django's AuthenticationMiddleware. Raises ImproperlyConfigured where that does not stand before."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[..., Any]) -> None:
        self._get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: Any) -> Any:
        """Answer a request; in an async project that is to be awaited."""
        if not hasattr(request, "user"):
            raise ImproperlyConfigured(
                "oidc_gate.django.OIDCMiddleware stands after django.contrib.auth.middleware.AuthenticationMiddleware."
            )
        identity = identity_of(request)
        tell_apart(request, identity)
        if identity is None:
            return self._get_response(request)
        found = _sign_in(request)
        bind_request(request, identity)
        answer = self._get_response(request)
        if iscoroutine(answer):
            return _answered_later(answer, request, found)
        return _answered(answer, request, found)


async def _answered_later(answer: Awaitable[Any], request: Any, found: list[Any]) -> Any:
    return _answered(await answer, request, found)


def _answered(response: Any, request: Any, found: list[Any]) -> Any:
    if not found:  # whatever has answered did not ask for the user, as all do in Django that send to a login
        return response
    answer = not_sent_back(response, request, found[0])
    vary(answer)
    return answer


def _sign_in(request: Any) -> list[Any]:
    """Have the request's user be that of whoever asks, looked up once, when asked for; return where it is then."""
    found: list[Any] = []

    def user() -> Any:
        from oidc_gate.django.users import user_asking  # Django's models are there only once a project is set up

        if not found:
            found.append(user_asking(request) or _nobody())
        return found[0]

    async def auser() -> Any:
        return found[0] if found else await sync_to_async(user)()

    request.user, request.auser = SimpleLazyObject(user), auser
    return found


def _nobody() -> Any:
    from django.contrib.auth.models import AnonymousUser

    return AnonymousUser()
