"""Who keeps a session between two requests: its own cookie, or a store.

A cookie session is whole in its cookie, sealed; nothing is left on the server, and nobody but the browser can end it,
unless the ended ones are listed somewhere. With a store the cookie holds a random ticket, sealed too. The store's key
is a hash of the ticket, and the session lies there sealed under a key that only the ticket gives: what is in the store
opens nothing. Behind a full stop the ticket says whose it is (`person_tag`), so that this can be told when the store
has forgotten the session.

Words: a cookie's `text` opens to a `ticket`; its hash is the store's `key`, and the `session_id`; under it lies the
`value`.
"""

from __future__ import annotations

import json
import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from hashlib import sha256
from typing import Protocol

from oidc_gate.errors import StoreError
from oidc_gate.sealing import Seal
from oidc_gate.sessions.session import Session
from oidc_gate.sessions.session_seal import Kept, SessionSeal
from oidc_gate.stores import SessionStore

__all__ = ["AskingBackend", "Backend", "CookieBackend", "DenyListedCookieBackend", "StoreBackend"]

_IN_STORE = "session"
_ENDED = b"ended"
#: How long something is known that was noted, in seconds.
_FOR_GOOD = 10 * 365 * 86400.0
#: An error that comes sooner holds nobody up, as that of a connection that is refused (seconds).
_SOON = 0.25
#: So long others wait for the one that tries whether a store answers again; and so long that one counts, at most.
_PATIENCE, _LONGEST_TRIAL = 0.1, 10.0


class Backend(Protocol):
    """Keeps sessions. `text` is the cookie's text, `name` the cookie's name, which is bound into every seal.

    Those that are `AskingBackend` have a store asked first: `key` and `load` come before `read`, and `end` may block
    and raise StoreError. Where sessions live in that store, `keep` and `keep_again` may too.
    """

    #: See `Seal.newest_prefix`.
    newest_prefix: str

    def read(self, text: str, name: str, value: bytes | None, known: bytes | None) -> Kept | bytes | None:
        """Return the session, or just what is `known` where that still holds; None when there is none.

        `value`: what the store has under `key`; for a list of ended sessions, its mark. `known`: the third of `Kept` of
        last time.
        """

    def keep(self, session: Session, name: str, lifetime: float) -> tuple[Session, str]:
        """Keep a new session; return it with the id that it got, and its cookie's text. `lifetime` in seconds."""

    def keep_again(
        self, session: Session, text: str, names: tuple[str, str], lifetime: float, known: bytes
    ) -> tuple[str, bytes] | None:
        """Keep a session that has changed; return its cookie's text, and what stands for it in the store from now on.

        `names`: of the cookie that the text was opened from, and of the one that it goes on in. None, and nothing is
        kept, when the store does not hold what is `known` any more: it was ended, or changed.
        """

    def person(self, text: str, name: str) -> str:
        """Return the tag of whose session this is or was, alive or not; `""` when that cannot be told. Never blocks."""

    def end(self, session_id: str, lifetime: float) -> None:
        """End the session with this id, as far as that can be done without its browser.

        `lifetime`: seconds after which it would be over in any case.
        """


class AskingBackend(ABC):
    """Asks a store, and remembers when it did not answer.

    A store of one server that has let a request wait in vain, and no other had an answer meanwhile, is tried by one
    request at a time until it answers again. All others are told at once: else a server's threads would wait once more
    for each request in its queue. What tells that is set whole, so it needs no lock; two that try at once do no harm.
    """

    def __init__(self, store: SessionStore, context: str) -> None:
        self.store = store
        self._context = context
        self.failed_at = 0.0  # when it did not answer last, as time.monotonic(); set whole, so no lock
        self._is_one_server: bool = getattr(store, "is_one_server", False)
        self._is_silent, self._answered_at, self._tried_until = False, 0.0, 0.0
        #: What asks on an event loop, without blocking; None where the store has no such way.
        self.load_on_loop: Callable[[str], Awaitable[bytes | None]] | None = getattr(store, "load_on_loop", None)
        self.close_on_loop: Callable[[], Awaitable[None]] | None = getattr(store, "close_on_loop", None)

    @abstractmethod
    def key(self, text: str, name: str, session_id: str = "") -> str:
        """Return what the store is to be asked for; `""` when the text is not ours. `session_id`: where it is known."""

    def load(self, key: str) -> bytes | None:
        """Return what the store has under this key. May block, and raises StoreError."""
        begun, is_trial = time.monotonic(), self._is_silent
        if is_trial:
            self._wait_for_trial(begun)
            self._tried_until = begun + _LONGEST_TRIAL
        try:
            found = self.store.load(key)
        except StoreError:
            self.failed_at = time.monotonic()
            is_broken = self._answered_at >= begun  # one connection of several
            self._is_silent = self._is_one_server and not is_broken and self.failed_at - begun > _SOON
            raise
        finally:
            if is_trial:
                self._tried_until = 0.0
        self._is_silent, self._answered_at = False, time.monotonic()
        return found

    def _wait_for_trial(self, begun: float) -> None:
        """Wait a little for the one that tries whether the store answers again. Raises StoreError if that goes on."""
        while self._is_silent and time.monotonic() < self._tried_until:
            if time.monotonic() - begun > _PATIENCE:
                raise StoreError("store_unavailable", "the store has not answered others, and is tried again by one")
            time.sleep(_PATIENCE / 10)

    def claim(self, what: str, seconds: float) -> bool:
        """Return True to one caller everywhere, until the time is over. May block, raises StoreError."""
        return self.store.claim(self._name("claim", what), seconds)

    def release(self, what: str) -> None:
        """Give back what was claimed. May block, raises StoreError."""
        self.store.release(self._name("claim", what))

    def _name(self, claim: str, value: str) -> str:
        return sha256(json.dumps([self._context, claim, value]).encode()).hexdigest()


class CookieBackend(SessionSeal):
    """Keeps each session in its own cookie. What lies in a browser cannot be taken from it."""

    def read(self, text: str, name: str, _value: bytes | None, _known: bytes | None) -> Kept | bytes | None:
        """See `Backend.read`."""
        return self.open(text, name)

    def keep(self, session: Session, name: str, _lifetime: float) -> tuple[Session, str]:
        """See `Backend.keep`."""
        return session, self.seal(session, name)

    def keep_again(
        self, session: Session, _text: str, names: tuple[str, str], _lifetime: float, _known: bytes
    ) -> tuple[str, bytes]:
        """See `Backend.keep_again`."""
        return self.seal(session, names[1]), b""

    def person(self, text: str, name: str) -> str:
        """See `Backend.person`."""
        kept = self.open(text, name)
        return "" if kept is None else Session.read(kept[0], kept[1]()).person

    def end(self, session_id: str, lifetime: float) -> None:
        """Do nothing."""


class DenyListedCookieBackend(AskingBackend, CookieBackend):
    """Keeps each session in its own cookie, and has a list of those that were ended before their time.

    The list holds hashes of session ids, each for as long as a copy of its cookie could still be used.
    """

    def __init__(self, deny_list: SessionStore, cookie_secrets: Sequence[str], context: str) -> None:
        AskingBackend.__init__(self, deny_list, context)
        CookieBackend.__init__(self, cookie_secrets, context)

    def key(self, text: str, name: str, session_id: str = "") -> str:
        """See `AskingBackend.key`."""
        if not session_id:
            kept = self.open(text, name)
            session_id = "" if kept is None else kept[0][0]
        return self._listed(session_id) if session_id else ""

    def read(self, text: str, name: str, value: bytes | None, known: bytes | None) -> Kept | bytes | None:
        """See `Backend.read`."""
        if value is not None:
            return None
        return self.open(text, name) if known is None else known

    def end(self, session_id: str, lifetime: float) -> None:
        """See `Backend.end`."""
        self.store.save(self._listed(session_id), _ENDED, lifetime, (), lifetime)

    def _listed(self, session_id: str) -> str:
        return sha256(f"oidc_gate ended {self._context} {session_id}".encode()).hexdigest()


class StoreBackend(AskingBackend):
    """Keeps sessions in a store, each under a ticket of its own."""

    def __init__(self, store: SessionStore, cookie_secrets: Sequence[str], context: str) -> None:
        super().__init__(store, context)
        self._seal = Seal(cookie_secrets, f"ticket {context}")
        self.newest_prefix = self._seal.newest_prefix
        self._noted: set[str] = set()
        self._is_claimed: Callable[[str], bool] | None = getattr(store, "is_claimed", None)

    def key(self, text: str, name: str, session_id: str = "") -> str:
        """See `AskingBackend.key`."""
        if session_id:
            return session_id
        ticket = self._ticket(text, name)
        return _key(ticket) if ticket else ""

    def read(self, text: str, name: str, value: bytes | None, known: bytes | None) -> Kept | bytes | None:
        """See `Backend.read`."""
        if value is None or value == known:
            return value
        return self._inner(self._ticket(text, name)).open(value.decode("ascii", "replace"), _IN_STORE, value)

    def keep(self, session: Session, name: str, lifetime: float) -> tuple[Session, str]:
        """See `Backend.keep`."""
        ticket = f"{secrets.token_urlsafe(32)}.{session.person}"
        session = session._replace(session_id=_key(ticket))
        value = self._inner(ticket).seal(session, _IN_STORE).encode()
        self.store.save(session.session_id, value, lifetime, self._names(session), session.expires_at - session.seen_at)
        return session, self._seal.seal(ticket.encode(), name)

    def keep_again(
        self, session: Session, text: str, names: tuple[str, str], lifetime: float, known: bytes
    ) -> tuple[str, bytes] | None:
        """See `Backend.keep_again`."""
        name, later = names
        ticket = self._ticket(text, name)
        value = self._inner(ticket).seal(session, _IN_STORE).encode()
        if not self.store.replace(session.session_id, value, lifetime, known):
            return None
        return text if text.startswith(self.newest_prefix) else self._seal.seal(ticket.encode(), later), value

    def person(self, text: str, name: str) -> str:
        """See `Backend.person`. A ticket of an older version says nothing of it."""
        return self._ticket(text, name).partition(".")[2]

    def end(self, session_id: str, _lifetime: float) -> None:
        """See `Backend.end`."""
        self.store.delete(session_id)

    def end_named(self, claim: str, value: str, provider_key: str) -> int:
        """End all sessions of a provider whose claim `sid` or `sub` has this value; return how many.

        May block, raises StoreError.
        """
        return self.store.delete_named(self._name(f"{claim}{provider_key}", value))

    def note(self, what: str) -> None:
        """Have all processes know this, restarted ones too. May block, raises StoreError."""
        self.store.claim(self._name("noted", what), _FOR_GOOD)
        self._noted.add(what)

    def is_noted(self, what: str) -> bool:
        """Return whether this was noted. May block, raises StoreError.

        Where the store cannot tell, this process knows its own notes alone.
        """
        return what in self._noted if self._is_claimed is None else self._is_claimed(self._name("noted", what))

    def follow(self, before: AskingBackend) -> None:
        """Know what a backend knew that this one takes the place of, if it was one of the same client."""
        if isinstance(before, StoreBackend) and before._context == self._context:
            self._noted = before._noted

    def _ticket(self, text: str, name: str) -> str:
        plaintext = self._seal.open(text, name)
        return "" if plaintext is None else str(plaintext, "ascii").rstrip(" ")

    def _inner(self, ticket: str) -> SessionSeal:
        return SessionSeal([ticket], f"stored {self._context}")

    def _names(self, session: Session) -> list[str]:
        claims = session.claims
        named = [claim for claim in ("sid", "sub") if isinstance(claims.get(claim), str)]
        return [self._name(f"{claim}{session.provider_key}", claims[claim]) for claim in named]


def _key(ticket: str) -> str:
    return sha256(f"oidc_gate session {ticket}".encode()).hexdigest()
