"""An authentication backend in the place of Django's own: no password counts, and permissions are as with that."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.backends import ModelBackend

from oidc_gate.django.users import user_asking

__all__ = ["OIDCBackend"]


class OIDCBackend(ModelBackend):  # type: ignore[misc]
    """`AUTHENTICATION_BACKENDS = ["oidc_gate.django.backends.OIDCBackend"]`."""

    def authenticate(self, request: Any, **credentials: Any) -> Any:
        """Return the user of whoever asks; None for whoever comes with a name and a password instead."""
        return None if request is None or credentials else user_asking(request)

    async def aauthenticate(self, request: Any, **credentials: Any) -> Any:
        """Do the same without blocking the event loop."""
        return await sync_to_async(self.authenticate)(request, **credentials)
