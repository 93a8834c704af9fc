"""What stands at `scope["user"]` and `scope["auth"]`, and what else of a scope is there for the sake of other packages.

Starlette only reads: `request.user` is the identity, and `request.auth.scopes` has what `@requires` asks for. Channels
puts a Django user in the place of what it finds, `scope["user"]._wrapped = …`, as it does with a lazy object of its
own; an identity is shared by all requests of a session and cannot be changed, so there each request gets a
`RequestUser`. A bridge to WSGI may keep nothing of the scope, which is then known to the task alone. Where neither is
loaded nobody pays for them.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from sys import modules
from typing import Any

from oidc_gate.carriers import CURRENT_SCOPE
from oidc_gate.identity import Identity

__all__ = ["NOBODY", "NO_AUTH", "RequestAuth", "RequestUser", "accommodate", "auth_of", "has_guests"]

_CHANNELS = "channels.auth"
_BRIDGE, _OTHER_BRIDGE = "asgiref.wsgi", "starlette.middleware.wsgi"


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Nobody: `request.user` of a Starlette app on a public path, without a session."""

    is_authenticated: bool = False
    display_name: str = ""
    identity: str = ""
    username: str = ""


class RequestAuth:
    """What someone may do, as Starlette's `requires` asks. Made without an argument, which takes half as long."""

    __slots__ = ("who",)

    who: Identity

    @property
    def scopes(self) -> tuple[str, ...]:
        """`authenticated` and the groups; not the scopes of an access token, which could be named like a group."""
        return ("authenticated", *self.who.groups)


class NoAuth:
    """What nobody may do."""

    __slots__ = ()

    scopes: tuple[str, ...] = ()


NOBODY = Anonymous()
NO_AUTH = NoAuth()


def auth_of(identity: Identity) -> RequestAuth:
    """Return what this person may do, and remember it there, for all requests of a session."""
    auth = RequestAuth()
    auth.who = identity
    object.__setattr__(identity, "_auth", auth)  # it is frozen
    return auth


class RequestUser:
    """Who asks, as one request sees them: stands for an `Identity`, `NOBODY`, or what an app puts in their place.

    It is that object in all that is asked of it, its class too; what is set and deleted is so there. What Python asks
    of the class rather than of the object has to be handed on one by one.
    """

    __slots__ = ("_wrapped",)

    _wrapped: Any

    def __init__(self, wrapped: Any) -> None:
        object.__setattr__(self, "_wrapped", wrapped)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._wrapped, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_wrapped":
            object.__setattr__(self, name, value)
        else:
            setattr(self._wrapped, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._wrapped, name)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """That of the other, for `isinstance`."""
        return self._wrapped.__class__

    def __eq__(self, other: object) -> bool:
        return bool(self._wrapped == other)

    def __hash__(self) -> int:
        return hash(self._wrapped)

    def __repr__(self) -> str:
        return repr(self._wrapped)

    def __str__(self) -> str:
        return str(self._wrapped)

    def __bool__(self) -> bool:
        return bool(self._wrapped)

    def __dir__(self) -> list[str]:
        return dir(self._wrapped)

    def __reduce_ex__(self, _: Any) -> Any:
        """Have the other copied and pickled."""
        return _itself, (self._wrapped,)


def _itself(wrapped: Any) -> Any:
    return wrapped


def has_guests() -> bool:
    """Return whether there is anything in this process that scopes have to be made fit for."""
    return _CHANNELS in modules or _BRIDGE in modules or _OTHER_BRIDGE in modules


def accommodate(scope: MutableMapping[str, Any]) -> None:
    """Make the app's scope fit for Channels and for bridges to WSGI."""
    if _CHANNELS in modules:
        scope["user"] = RequestUser(scope["user"])
    CURRENT_SCOPE.set(scope)
