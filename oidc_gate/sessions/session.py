"""What the gate keeps of a login, in the sealed cookie or in a store, and how it is written down.

It is written down in two parts: a head, by which a request is judged, and the rest, which is read once somebody asks
for it. Reading the claims costs more than all else that a session takes on its first request, and many requests are
for apps, or parts of them, that never look.

The head is fixed in form::

    created_at, expires_at, seen_at, checked_at, refresh_at 8 bytes each | size of the rest 4 |
    where the next two end, in characters, 4 each | session_id, user, provider_key as UTF-8

and the rest is JSON: `[claims, tokens, kept, access_ends_at]`, deflated when it is long, as with many groups.
"""

from __future__ import annotations

import json
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection
from hashlib import blake2b
from math import inf
from struct import Struct
from typing import Any, NamedTuple, Protocol

from oidc_gate.identity import Identity, ReadOnlyClaims, text_claim, username

__all__ = ["FORMAT", "Head", "Session", "SessionCopy", "hand_on", "is_of", "pack_head", "person_tag", "read_head"]

#: Raised with every change of what is written down. It is part of what sessions are sealed for, so that one which
#: another version has kept is none.
FORMAT = 6
_FIXED = Struct(">5d3I")
_TEXTS_START = _FIXED.size

_DEFLATED_FROM = 2500
_as_json = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode
_decode = json.JSONDecoder().raw_decode  # passes over the spaces that a seal adds, without looking at them

#: `session_id`, `created_at`, `expires_at`, `seen_at`, `checked_at`, `refresh_at` and `user` of a `Session`, the bytes
#: of the rest, not deflated, and its `provider_key`.
Head = tuple[str, float, float, float, float, float, str, int, str]


class Session(NamedTuple):
    """What the gate keeps of a login. Times are seconds since 1970.

    - `claims`: the verified claims, userinfo merged in.
    - `created_at`: when the person signed in; `expires_at`: the absolute end, `inf` for none.
    - `seen_at`: the activity that this copy knows of; the idle end is counted from it.
    - `checked_at`: when the provider last vouched for the claims.
    - `refresh_at`: when the tokens are to be renewed, `inf` for never.
    - `tokens`: `id_token`, `access_token`, `refresh_token`, each only where a setting needs it.
    - `kept`: names of claims that only the ID token brought, so that a later userinfo answer does not take them away.
    - `access_ends_at`: when the access token ends, `inf` where the provider did not say.
    - `provider_key`: of the provider that vouches for it; `""` for the first. It ends in no blank.
    """

    session_id: str
    claims: dict[str, Any]
    created_at: float
    expires_at: float
    seen_at: float
    checked_at: float
    refresh_at: float
    tokens: dict[str, str]
    kept: list[str]
    access_ends_at: float = inf
    provider_key: str = ""

    def __repr__(self) -> str:
        return f"<session of {self.claims.get('sub')!r}>"

    @property
    def user(self) -> str:
        """What REMOTE_USER has by default. It stands in the head, so that a change of this rule needs a new FORMAT."""
        return username(self.claims, "email")

    @property
    def person(self) -> str:
        """Who it is, as `person_tag` has it."""
        return person_tag(self.claims["sub"], self.provider_key)

    def parts(self) -> tuple[Head, bytes]:
        """Return head and rest."""
        row = (self.claims, self.tokens, self.kept, None if self.access_ends_at == inf else self.access_ends_at)
        rest = _as_json(row).encode("utf-8", "surrogatepass")
        head = (
            self.session_id,
            self.created_at,
            self.expires_at,
            self.seen_at,
            self.checked_at,
            self.refresh_at,
            self.user,
            len(rest),
            self.provider_key,
        )
        return head, rest if len(rest) < _DEFLATED_FROM else zlib.compress(rest)

    def changes(self, after: Session) -> dict[str, Any]:
        """Return the fields in which another session differs from this one, as they are there."""
        pairs = zip(self._asdict().items(), after, strict=True)
        return {name: value for (name, old), value in pairs if value != old}

    @classmethod
    def read(cls, head: Head, rest: bytes) -> Session:
        """Return the session that has these parts; there may be spaces after the rest."""
        if rest[:1] != b"[":
            rest = zlib.decompressobj().decompress(rest)
        (claims, tokens, kept, ends_at), _ = _decode(str(rest, "utf-8", "surrogatepass"))
        session_id, created_at, expires_at, seen_at, checked_at, refresh_at, _, _, key = head
        times = (created_at, expires_at, seen_at, checked_at, refresh_at)
        return cls(session_id, claims, *times, tokens, kept, inf if ends_at is None else ends_at, key)

    def identity(self, provider: str, groups: tuple[str, ...], name: str) -> Identity:
        """Return the app's view of this session; `groups` are read by the rules, which know where they stand.

        `provider`: its `auth_id`. `name`: what REMOTE_USER has.
        """
        claims = self.claims
        return Identity(
            claims["sub"],
            text_claim(claims, "email"),
            text_claim(claims, "name"),
            groups,
            ReadOnlyClaims(claims),
            provider,
            claims.get("iss", ""),
            self.session_id,
            self.created_at,
            self.expires_at,
            name,
        )


class Account(Protocol):
    """Keeps count of the memory that copies of sessions take."""

    def was_read(self, copy: SessionCopy) -> None:
        """Take note that all of this session is in memory now."""


class SessionCopy:
    """A session as it was opened: its head, and all of it once somebody has asked for that.

    `head`: see `Head`. `charged`: the bytes that `account` has put down for it, 0 where it keeps no count of it.
    """

    __slots__ = ("_read_rest", "_session", "account", "charged", "head")

    def __init__(self, head: Head, read_rest: Callable[[], bytes]) -> None:
        self.head = head
        self._read_rest = read_rest
        self._session: Session | None = None
        self.account: Account | None = None
        self.charged = 0

    @property
    def is_read(self) -> bool:
        """Whether all of it is in memory."""
        return self._session is not None

    @property
    def session(self) -> Session:
        """The whole session, which is read on first use. Two threads may read it at once; one of both is kept."""
        found = self._session
        if found is None:
            found = Session.read(self.head, self._read_rest())
            if self._session is None:
                self._session = found
                if self.account is not None:
                    self.account.was_read(self)
        return found


def is_of(tenants: Collection[str], head: Head, read_rest: Callable[[], bytes]) -> bool:
    """Return whether a session that was kept is of one of these tenants (`tid`): their list may be shorter by now."""
    return Session.read(head, read_rest()).claims.get("tid") in tenants


def hand_on(identity: Identity, clock: Callable[[], float]) -> None:
    """Let whoever holds this identity of a session ask for its access token; see `access_token_for`."""
    _, copy = identity._reading

    def access_token() -> str | None:
        session: Session = copy.session
        return session.tokens.get("access_token") if clock() < session.access_ends_at else None

    object.__setattr__(identity, "_access_token", access_token)  # it is frozen


def person_tag(subject: str, provider_key: str) -> str:
    """Return what stands for a person at a provider, 22 letters and digits: the same in all of their sessions."""
    data = blake2b(subject.encode("utf-8", "surrogatepass"), digest_size=16, key=provider_key.encode()).digest()
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def pack_head(head: Head) -> bytes:
    """Return the head as it is written down."""
    session_id, created_at, expires_at, seen_at, checked_at, refresh_at, user, size, provider_key = head
    texts = session_id + user
    times = (created_at, expires_at, seen_at, checked_at, refresh_at)
    fixed = _FIXED.pack(*times, size, len(session_id), len(texts))
    return fixed + (texts + provider_key).encode("utf-8", "surrogatepass")


def read_head(data: bytes) -> Head:
    """Return the head that `pack_head` wrote, perhaps with spaces after it."""
    created_at, expires_at, seen_at, checked_at, refresh_at, size, id_end, user_end = _FIXED.unpack_from(data)
    texts = data[_TEXTS_START:].decode("utf-8", "surrogatepass")
    user, provider_key = texts[id_end:user_end], texts[user_end:].rstrip(" ")
    return texts[:id_end], created_at, expires_at, seen_at, checked_at, refresh_at, user, size, provider_key
