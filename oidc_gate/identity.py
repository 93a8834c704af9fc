"""Who is asking: `Identity` is what the app sees, `Session` what the gate keeps.

An identity is made from a session's verified claims and can be shared between requests and threads: nothing in it can
be changed. A claim of the wrong type counts as absent.
"""

from __future__ import annotations

import copy
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

__all__ = ["IDENTITY_KEY", "Anonymous", "Identity", "Session", "identity_of", "is_verified", "text_claim", "unpacked"]

#: Where the identity stands in a WSGI environ and in an ASGI scope.
IDENTITY_KEY = "oidc_gate.identity"

_DEFLATED_FROM = 2500
_decode = json.JSONDecoder().raw_decode  # passes over the spaces that a seal adds, without looking at them


@dataclass(frozen=True, slots=True)
class Identity:
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


class Session(NamedTuple):
    """What the gate keeps of a login, in the sealed cookie or in a store. Times are seconds since 1970.

    - `claims`: the verified claims, userinfo merged in.
    - `created_at`: when the person signed in; `expires_at`: the absolute end, `inf` for none.
    - `seen_at`: the activity that this copy knows of; the idle end is counted from it.
    - `checked_at`: when the provider last vouched for the claims.
    - `refresh_at`: when the tokens are to be renewed, `inf` for never.
    - `tokens`: `id_token`, `access_token`, `refresh_token`, each only where a setting needs it.
    - `kept`: names of claims that only the ID token brought, so that a later userinfo answer does not take them away.
    """

    session_id: str
    issuer: str
    claims: dict[str, Any]
    created_at: float
    expires_at: float
    seen_at: float
    checked_at: float
    refresh_at: float
    tokens: dict[str, str]
    kept: list[str]

    def __repr__(self) -> str:
        return f"<session of {self.claims.get('sub')!r}>"

    def to_bytes(self) -> bytes:
        """Return the session as compact JSON, UTF-8; deflated when it is long, as with many groups."""
        row = json.dumps(self, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
        return row if len(row) < _DEFLATED_FROM else zlib.compress(row)

    @classmethod
    def from_text(cls, row: str) -> Session | None:
        """Read what `to_bytes` wrote, once unpacked; None for what another version of this package wrote."""
        values, _ = _decode(row)
        return cls._make(values) if len(values) == len(cls._fields) else None

    def identity(self, provider: str, groups: tuple[str, ...]) -> Identity:
        """Return the app's view of this session; `groups` are read by the rules, which know where they stand."""
        claims = self.claims
        return Identity(
            claims["sub"],
            text_claim(claims, "email"),
            text_claim(claims, "name"),
            groups,
            ReadOnlyClaims(claims),
            provider,
            self.issuer,
            self.session_id,
            self.created_at,
            self.expires_at,
        )


def unpacked(data: bytes) -> str:
    """Return the JSON that `Session.to_bytes` wrote, perhaps with spaces after it."""
    if data[:1] != b"[":
        data = zlib.decompressobj().decompress(data)
    return str(data, "utf-8", "surrogatepass")


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


def is_verified(claims: Mapping[str, Any]) -> bool:
    """Return whether the e-mail address may be gone by.

    `email_verified` may be missing; where the provider sends it, it must be true, or the text `"true"` that some
    providers send (JumpCloud does).
    """
    verified = claims.get("email_verified", True)
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
