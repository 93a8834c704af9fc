"""Django's cache goes by cookies (`Vary: Cookie`), and an app sees none of the gate's: people are told apart for it.

Where something asks who it is by `request.user`, the answer varies by cookie, as with Django's own login, and the
request has a cookie that stands for the person. What goes by `require` or `current_identity`, which need no middleware,
is not kept at all: it would be given to whoever asks next, before anything is demanded of them.
"""

from __future__ import annotations

from typing import Any

from django.utils.cache import patch_vary_headers

from oidc_gate.django.project import account_key
from oidc_gate.identity import Identity

__all__ = ["keep_out", "tell_apart", "vary"]

#: The cookie. It is always the last one, so that no client has another's by sending it.
_NAME = "oidc_gate_person"


def tell_apart(request: Any, identity: Identity | None) -> None:
    """Have the request's cookies be those of this person, None for nobody."""
    sent = request.META.get("HTTP_COOKIE", "")
    if identity is not None:
        own = f"{_NAME}={account_key(identity.issuer or '', identity.subject)}"
    elif _NAME in sent:
        own = f"{_NAME}="
    else:
        return
    request.META["HTTP_COOKIE"] = f"{sent}; {own}" if sent else own


def vary(response: Any) -> None:
    """Say that the answer is another for another person."""
    patch_vary_headers(response, ("Cookie",))


def keep_out(request: Any) -> None:
    """Have the answer to a request be kept by none of Django's cache middleware that is still to see it."""
    getattr(request, "_request", request)._cache_update_cache = False  # Django REST framework has it around Django's
