"""Django's session belongs to a browser, and outlives whoever was signed in there: it is made that of one person.

Django's own login does so, by another key and an empty session when the user is another. Here nobody logs in at Django:
what somebody puts into their session is marked as theirs, and another person finds an empty one in its place. So does
somebody to whom a neighbour has given the key of a session. Nothing is read for that, and nothing written, where an app
does neither.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from oidc_gate.django.project import account_key
from oidc_gate.identity import Identity

__all__ = ["bind", "mark"]

#: Whose session this is, in the session.
_MARK = "_oidc_gate_person"


def bind(request: Any, identity: Identity) -> None:
    """Have the request's session be empty for this person where it is another's; before it is used, if possible."""
    session = getattr(request, "session", None)
    if session is None:
        return

    def own(found: dict[str, Any]) -> dict[str, Any]:
        if found.get(_MARK) in (None, _person(identity)):
            return found
        session._session_key = None  # as `flush` does; that would ask the database
        return {}

    load, load_on_loop = session.load, getattr(session, "aload", None)
    session.load = lambda: own(load())
    if load_on_loop is not None:  # Django 5.1

        async def load_own() -> dict[str, Any]:
            return own(await load_on_loop())

        session.aload = load_own
    loaded = getattr(session, "_session_cache", None)
    if loaded and own(loaded) is not loaded:
        session._session_cache, session.modified = {}, True
        if settings.CSRF_USE_SESSIONS:
            from django.middleware.csrf import rotate_token

            rotate_token(request)


def mark(request: Any, identity: Identity) -> None:
    """Have what is in the request's session, and about to be kept, be this person's."""
    session = getattr(request, "session", None)
    if session is not None and session.modified and getattr(session, "_session_cache", None):
        session[_MARK] = _person(identity)


def _person(identity: Identity) -> str:
    return account_key(identity.issuer or "", identity.subject)
