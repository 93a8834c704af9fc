"""Where an app finds who asks: in whatever it holds of its request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from oidc_gate.errors import SettingsError
from oidc_gate.identity import IDENTITY_KEY, Identity

__all__ = ["CURRENT_SCOPE", "access_token_for", "carried", "identity_of"]

#: The scope that the gate has handed to the ASGI app of this task, for what is mounted in that and loses it.
CURRENT_SCOPE: ContextVar[Mapping[str, Any] | None] = ContextVar("oidc_gate.scope", default=None)

#: Where frameworks keep the environ or scope of a request, or the request itself: as attributes, and in an environ or
#: scope that a bridge has made of another. In the order in which they are looked at.
_ATTRIBUTES = ("environ", "scope", "META", "env", "wsgi_environ", "request", "request_context")
_KEYS = ("asgi.scope", "wsgi_environ")
#: What a mapping has that is an environ or a scope; a dict is taken for one without.
_MARKS = frozenset({IDENTITY_KEY, "type", "wsgi.version"})
_MOST_STEPS = 3


def identity_of(request: Any) -> Identity | None:
    """Return who is asking, or None where nobody is signed in. Raises TypeError for what is no request.

    `request` is a WSGI environ or an ASGI scope, or what carries one: the request, WebSocket or consumer of Flask,
    Django, Channels, Starlette, FastAPI, Falcon, Litestar, Quart, Sanic, Pyramid, Bottle, CherryPy; the environ of
    python-socketio; the context of an MCP tool. An app that is mounted in one of the other world finds who asks the
    gate that stands outside (a2wsgi, asgiref).
    """
    found = carried(request, IDENTITY_KEY)
    return found if isinstance(found, Identity) else None


def carried(request: Any, key: str) -> Any:
    """Return what the gate has put under this key into what carries a request; None where it has put nothing there.

    Raises TypeError for what is no request.
    """
    carriers = list(_carriers(request, _MOST_STEPS))
    if not carriers:
        kind = type(request).__name__
        raise TypeError(f"identity_of takes a request, a WSGI environ or an ASGI scope, and a {kind} carries none.")
    for carrier in carriers:
        if key in carrier:
            return carrier[key]
    scope = CURRENT_SCOPE.get()
    if scope is not None and any(_is_made_from(scope, environ) for environ in carriers):
        return scope.get(key)
    return None


def access_token_for(request: Any) -> str | None:
    """Return the access token of whoever is asking, to call another API with in their name.

    None where nobody is signed in with a session, or the token has ended and could not be renewed: with a refresh token
    (`scopes` hold `offline_access`) the gate renews it shortly before, while a request waits. Ask for it again with
    each request. `request`: see `identity_of`. Never blocks.

    Raises SettingsError unless `access_token_for_app` is set; TypeError for what is no request.
    """
    identity = identity_of(request)
    if identity is None or identity.scopes:
        return None
    read = getattr(identity, "_access_token", None)
    if read is None:
        raise SettingsError("access_token_for: the gate keeps no access tokens for the app: set access_token_for_app.")
    token: str | None = read()
    return token


def _carriers(request: Any, steps: int) -> Iterator[Mapping[str, Any]]:
    """Go through the environs and scopes that something is, has, or has in what it has."""
    if isinstance(request, Mapping) and (isinstance(request, dict) or not _MARKS.isdisjoint(request)):
        yield request
        nested = [request.get(name) for name in _KEYS]
    else:
        nested = [getattr(request, name, None) for name in _ATTRIBUTES]
    for each in nested if steps else ():
        if each is not None:
            yield from _carriers(each, steps - 1)


def _is_made_from(scope: Mapping[str, Any], environ: Mapping[str, Any]) -> bool:
    """Return whether a WSGI environ tells of the same request as an ASGI scope: a bridge has made it, which says less.

    asgiref's bridge and Starlette's keep nothing of the scope but its texts; a request that an app sends to another one
    by itself has another path, another method or other headers.
    """
    if "wsgi.version" not in environ:
        return False
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    headers = {name: value.decode("latin-1") for name, value in scope["headers"] if name in (b"host", b"user-agent")}
    return (
        scope.get("method") == environ.get("REQUEST_METHOD")
        and scope["path"].encode("utf-8", "replace").decode("latin-1") == path
        and scope.get("query_string", b"").decode("latin-1") == environ.get("QUERY_STRING", "")
        and headers.get(b"host") == environ.get("HTTP_HOST")
        and headers.get(b"user-agent") == environ.get("HTTP_USER_AGENT")
    )
