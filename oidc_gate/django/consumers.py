"""For Channels: `scope["user"]` is the user of whoever asks, and `scope["session"]` theirs."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser

from oidc_gate.carriers import identity_of
from oidc_gate.django.own_sessions import bind
from oidc_gate.django.users import user_asking

__all__ = ["UserMiddleware"]


class UserMiddleware:
    """Stands around the routes of consumers, as Channels' `AuthMiddlewareStack` does, or inside of that.

    Where nobody is signed in at the gate, the user that stands there stays; where there is none it is Django's nobody.
    """

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        """Hand a connection on."""
        identity = identity_of(scope)
        if identity is not None:
            if "session" in scope:
                bind(scope["session"], identity)
            scope = {**scope, "user": await sync_to_async(user_asking)(scope) or AnonymousUser()}
        return await self._inner(scope, receive, send)
