"""Who is asking, as the app sees it.

An identity is made from a session's verified claims and can be shared between requests and threads: nothing in it can
be changed. A claim of the wrong type counts as absent.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

__all__ = ["IDENTITY_KEY", "Anonymous", "Identity", "ReadOnlyClaims", "identity_of", "is_verified", "text_claim"]

#: Where the identity stands in a WSGI environ and in an ASGI scope.
IDENTITY_KEY = "oidc_gate.identity"


Reading = tuple[Callable[..., "Identity"], *tuple[Any, ...]]


class _ReadLater:
    """Has a place for what reads an identity when something in it is first asked for.

    Reading the claims takes longer than all else that a session's first request takes, and many requests are for apps,
    or parts of them, that never look. A class of its own, because a slot of a dataclass would be a field of it.
    """

    __slots__ = ("_reading",)

    _reading: Reading


@dataclass(frozen=True, slots=True)
class Identity(_ReadLater):
    """The person who is signed in, as an app sees them. Frozen.

    - `subject` (str): the provider's identifier of the person; unique within `issuer`, never empty.
    - `email`, `name` (str or None): the claims of these names, where they are text. The address may be unverified: see
      the claim `email_verified`.
    - `groups` (tuple of str): from the claim that the setting `groups_claim` names; empty when the provider sent none.
    - `claims` (read-only mapping): all verified claims; lists and objects in it are copies, free to be changed.
    - `provider` (str): the `auth_id` of the gate; `issuer` (str): the provider's own name.
    - `session_id` (str): of this session; changes with each login; not a secret.
    - `authenticated_at`, `expires_at` (seconds since 1970): when the person signed in here, and the absolute end of
      the session, `inf` where it has none. The idle end is not in it.
    """

    subject: str
    email: str | None
    name: str | None
    groups: tuple[str, ...]
    claims: Mapping[str, Any] = field(repr=False, hash=False)
    provider: str
    issuer: str
    session_id: str = field(repr=False)
    authenticated_at: float
    expires_at: float

    @classmethod
    def unread(cls, *reading: *Reading) -> Identity:
        """Return an identity that is read when something in it is first asked for.

        `reading`: what reads it, and the arguments for that.
        """
        identity = object.__new__(cls)
        object.__setattr__(identity, "_reading", reading)  # it is frozen
        return identity

    if not TYPE_CHECKING:  # a type checker knows the fields, and is to complain of any other name

        def __getattr__(self, name: str) -> Any:
            """Read the identity: what is not there is either not read yet, or nothing that an identity has."""
            if name not in self.__dataclass_fields__:  # `_reading` of an identity that was made whole is none either
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
            read, *arguments = self._reading
            whole = read(*arguments)
            for each in self.__dataclass_fields__:
                object.__setattr__(self, each, getattr(whole, each))
            return getattr(whole, name)

    @property
    def is_authenticated(self) -> bool:
        """True; with `display_name` and `identity` what Starlette expects of `request.user`."""
        return True

    @property
    def display_name(self) -> str:
        """The name, else the e-mail address, else the subject."""
        return self.name or self.email or self.subject

    @property
    def identity(self) -> str:
        """The subject."""
        return self.subject

    @property
    def scopes(self) -> tuple[str, ...]:
        """`authenticated` and the groups: what Starlette's `requires` looks for in `request.auth`."""
        return ("authenticated", *self.groups)


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Nobody: `request.user` and `request.auth` of a Starlette app on a public path, without a session."""

    is_authenticated: bool = False
    display_name: str = ""
    identity: str = ""
    scopes: tuple[str, ...] = ()


def text_claim(claims: Mapping[str, Any], name: str) -> str | None:
    """Return the claim if it is non-empty text, else None."""
    value = claims.get(name)
    return value if isinstance(value, str) and value else None


class ReadOnlyClaims(Mapping[str, Any]):
    """Claims that can be read and not changed: lists and objects in them are handed out as copies.

    Copies rather than read-only views, because an app compares them and dumps them as JSON like any others.
    """

    __slots__ = ("_claims",)

    def __init__(self, claims: dict[str, Any]) -> None:
        self._claims = claims

    def __getitem__(self, name: str) -> Any:
        value = self._claims[name]
        return copy.deepcopy(value) if isinstance(value, dict | list) else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._claims)

    def __len__(self) -> int:
        return len(self._claims)

    def __repr__(self) -> str:
        return f"<claims: {', '.join(self._claims)}>"


def is_verified(claims: Mapping[str, Any], *, required: bool = False) -> bool:
    """Return whether the e-mail address may be gone by.

    `email_verified` may be missing, unless it is `required`; where the provider sends it, it must be true, or the text
    `"true"` that some providers send (JumpCloud does).
    """
    verified = claims.get("email_verified", not required)
    return verified is True or verified == "true"


def identity_of(request: Any) -> Identity | None:
    """Return who is asking, or None where nobody is signed in.

    `request` is a WSGI environ, an ASGI scope, or a framework's request or WebSocket object that has one of them as
    `.environ`, `.scope` or `.META` (Flask, werkzeug, Starlette, FastAPI, Django).
    """
    for carrier in (request, *(getattr(request, name, None) for name in ("environ", "scope", "META"))):
        if isinstance(carrier, Mapping):
            found = carrier.get(IDENTITY_KEY)
            if isinstance(found, Identity):
                return found
    return None
