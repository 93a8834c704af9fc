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

__all__ = ["bind", "bind_request"]

#: Whose session this is, in the session.
_MARK = "_oidc_gate_person"


def bind_request(request: Any, identity: Identity) -> None:
    """Have the request's session, if there is one, be this person's."""
    session = getattr(request, "session", None)
    if session is not None and bind(session, identity) and settings.CSRF_USE_SESSIONS:
        from django.middleware.csrf import rotate_token

        rotate_token(request)  # which it was read for, and held another's token


def bind(session: Any, identity: Identity) -> bool:
    """Have a session be empty for this person where it is another's, and theirs once they have put something there.

    Return whether it had been read before, as another's.
    """

    def own(found: dict[str, Any]) -> dict[str, Any]:
        if found.get(_MARK) in (None, _person(identity)):
            return found
        session._session_key = None  # as `flush` does; that would ask the database
        return {}

    def mark() -> None:
        if getattr(session, "_session_cache", None):
            session._session_cache[_MARK] = _person(identity)

    load, save = session.load, session.save

    def save_own(*args: Any, **kwargs: Any) -> None:
        mark()
        save(*args, **kwargs)

    session.load, session.save = lambda: own(load()), save_own
    if hasattr(session, "aload"):  # Django 5.1
        load_on_loop, save_on_loop = session.aload, session.asave

        async def load_own_on_loop() -> dict[str, Any]:
            return own(await load_on_loop())

        async def save_own_on_loop(*args: Any, **kwargs: Any) -> None:
            mark()
            await save_on_loop(*args, **kwargs)

        session.aload, session.asave = load_own_on_loop, save_own_on_loop
    loaded = getattr(session, "_session_cache", None)
    if not loaded or own(loaded) is loaded:
        return False
    session._session_cache, session.modified = {}, True
    return True


def _person(identity: Identity) -> str:
    return account_key(identity.issuer or "", identity.subject)
