"""Who is asking, as the app sees it.

An identity is made from a session's verified claims and can be shared between requests and threads: nothing in it can
be changed. A claim of the wrong type counts as absent.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, ItemsView, Iterator, KeysView, Mapping, ValuesView
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

__all__ = [
    "IDENTITY_KEY",
    "PRINTABLE",
    "Identity",
    "ReadOnlyClaims",
    "claim_at",
    "encoded",
    "is_verified",
    "lower_ascii",
    "text_claim",
    "username",
]

#: Where the identity stands in a WSGI environ and in an ASGI scope.
IDENTITY_KEY = "oidc_gate.identity"

#: Printable ASCII but the percent sign, which starts an encoded character.
PRINTABLE = bytes(set(range(0x20, 0x7F)) - set(b"%"))
_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_WITHOUT_AT = bytes(set(PRINTABLE) - set(b"@"))


Reading = tuple[Callable[..., "Identity"], *tuple[Any, ...]]


class _ReadLater:
    """Has places for what is no field: what reads an identity once it is asked for something, `scope["auth"]`, a token.

    Reading the claims takes longer than all else that a session's first request takes, and many requests are for apps,
    or parts of them, that never look. A class of its own, because a slot of a dataclass would be a field of it.
    """

    __slots__ = ("_access_token", "_auth", "_reading")

    #: What returns the person's access token; there only where the app may ask for it. No copy has it.
    _access_token: Callable[[], str | None]
    _auth: Any
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
    - `username` (str): what REMOTE_USER has, see the function of that name; the subject where none is given.
    - `scopes` (tuple of str): those of an access token; empty for people.
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
    username: str = ""
    scopes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "_auth", None)  # it is frozen
        if not self.username:
            object.__setattr__(self, "username", self.subject)

    @classmethod
    def unread(cls, *reading: *Reading) -> Identity:
        """Return an identity that is read when something in it is first asked for.

        `reading`: what reads it, and the arguments for that.
        """
        identity = object.__new__(cls)
        object.__setattr__(identity, "_reading", reading)  # it is frozen
        object.__setattr__(identity, "_auth", None)
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


def text_claim(claims: Mapping[str, Any], name: str) -> str | None:
    """Return the claim if it is non-empty text, else None."""
    value = claims.get(name)
    return value if isinstance(value, str) and value else None


class _NotThere:
    """In place of a method that a dict has and read-only claims have not."""

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        raise AttributeError("claims cannot be changed")


class ReadOnlyClaims(dict[str, Any]):
    """Claims that can be read and not changed: lists and objects in them are handed out as copies.

    Copies rather than read-only views, because an app compares them and writes them as JSON like any others. A dict,
    because `json` writes nothing else as an object; what would change it is not there, or raises TypeError.
    """

    __slots__ = ()

    def __new__(cls, claims: Any = ()) -> Self:
        """Return claims that hold what the other mapping holds."""
        made = super().__new__(cls)
        dict.update(made, claims)
        return made

    def __init__(self, claims: Any = ()) -> None:
        """Do nothing: what a dict does here could be done twice."""

    def __getitem__(self, name: str) -> Any:
        return _copied(super().__getitem__(name))

    def get(self, name: str, default: Any = None) -> Any:
        """Return a claim, or the default."""
        return _copied(super().get(name, default))

    def __iter__(self) -> Iterator[str]:
        return super().__iter__()  # defined here, or `dict(claims)` and `{**claims}` would pass by `__getitem__`

    def keys(self) -> Any:
        """Return a view of the names."""
        return KeysView(self)

    def values(self) -> Any:
        """Return a view of the claims."""
        return ValuesView(self)

    def items(self) -> Any:
        """Return a view of names and claims."""
        return ItemsView(self)

    def copy(self) -> dict[str, Any]:
        """Return a plain dict, free to be changed."""
        return dict(self)

    def __or__(self, other: Any) -> Any:
        return dict(self) | other

    def __ror__(self, other: Any) -> Any:
        return other | dict(self)

    def __reduce__(self) -> Any:
        return type(self), (dict(self),)

    def __repr__(self) -> str:
        return f"<claims: {', '.join(self)}>"

    def _refuse(self, *_: Any) -> Any:
        raise TypeError("claims cannot be changed")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _NotThere()


def _copied(value: Any) -> Any:
    return copy.deepcopy(value) if isinstance(value, dict | list) else value


def lower_ascii(text: str) -> str:
    """Return the text with A to Z in lower case, and nothing else changed.

    Unicode's own rules would take `straße.de` for `strasse.de`, and a Kelvin sign for a k: other domains, other people.
    """
    return text.lower() if text.isascii() else text.translate(_LOWER)


def is_verified(claims: Mapping[str, Any], *, required: bool = False) -> bool:
    """Return whether the e-mail address may be gone by.

    `email_verified` may be missing, unless it is `required`; where the provider sends it, it must be true, or the text
    `"true"` that some providers send (JumpCloud does).
    """
    verified = claims.get("email_verified", not required)
    return verified is True or verified == "true"


def claim_at(claims: Mapping[str, Any], name: str) -> Any:
    """Return the claim of that name, None for none; dots reach into objects.

    At each level the longest key that fits is taken, so that keys may hold dots themselves, as client ids and URLs do:
    `resource_access.app.example.com.roles`. A key whose value is null is not there.
    """
    value = claims.get(name)
    if value is not None:
        return value
    parts = name.split(".")
    for count in range(len(parts) - 1, 0, -1):
        inner = claims.get(".".join(parts[:count]))
        if inner is not None:
            return claim_at(inner, ".".join(parts[count:])) if isinstance(inner, Mapping) else None
    return None


def username(claims: Mapping[str, Any], claim: str, *, required: bool = False) -> str:
    """Return what REMOTE_USER has for the person with these claims: that claim, else the subject.

    An address stands there when it may be gone by, and has an `@`. So that two people never share an address, no
    subject that stands in for a claim has an `@`: there it is percent-encoded, or who may choose a subject could choose
    another's address. So is all that cannot be printed, and the percent sign, which starts what is encoded.
    `required`: as `is_verified` has it.
    """
    value = text_claim(claims, claim)
    if claim == "email" and value is not None and not ("@" in value and is_verified(claims, required=required)):
        value = None
    name: str = claims["sub"] if value is None else value
    stands_in = value is None
    plain = name.isprintable() and "%" not in name and not (stands_in and "@" in name)
    return name if plain else encoded(name, _WITHOUT_AT if stands_in else PRINTABLE)


def encoded(value: str | None, plain: bytes) -> str:
    """Return the value with all characters but these percent-encoded (UTF-8); `""` for None.

    Half a character is encoded too, rather than replaced: two different values never become one.
    """
    return quote(value, safe=plain, errors="surrogatepass") if value else ""
