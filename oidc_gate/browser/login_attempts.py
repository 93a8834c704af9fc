"""Logins under way: what the browser keeps between leaving for the provider and coming back.

Each attempt is a cookie of its own, named after its `state`, so that two tabs can both finish. It is signed and need
not be hidden: it is the browser's own half of the exchange, and useless in another browser. It is single use: a
callback turns it into a note of where it led (`done`), which lets a repeated callback end at the page, and shows a
login that goes round in circles.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from oidc_gate.browser.cookies import Cookies
from oidc_gate.sealing import SignedRows

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Attempt", "Attempts"]

Header = tuple[str, str]

#: The cookies of all attempts together, in bytes: servers cut a request's headers at 8 KB and less.
_ROOM = 5600
#: Attempts are read at most up to this number; a browser that sends more was given them by somebody else.
_MOST_READ = 12
_IDENTIFIER_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Attempt:
    """One login under way. `state`, `nonce` and `verifier` are empty once it is `done`; `started_at` as time.time().

    `replaces` is the id of the session that the browser had when it left: a callback that the provider's page posts
    comes from another site, and without the session's cookie.
    """

    identifier: str
    state: str
    nonce: str
    verifier: str
    return_to: str
    started_at: float
    restarted: bool = False
    done: bool = False
    replaces: str = ""

    @classmethod
    def new(cls, return_to: str, now: float, *, restarted: bool = False, replaces: str = "") -> Attempt:
        """Return a fresh attempt: state of 38 characters, nonce of 32 and PKCE verifier of 64 (RFC 7636, 4.1)."""
        identifier = secrets.token_hex(_IDENTIFIER_LENGTH // 2)
        drawn = secrets.token_urlsafe(92)  # for all three at once: each character is as random as the next
        state, nonce, verifier = identifier + drawn[:26], drawn[26:58], drawn[58:122]
        return cls(identifier, state, nonce, verifier, return_to, now, restarted, replaces=replaces)

    def finished(self, now: float) -> Attempt:
        """Return the note that remains of it: where it led and when, nothing that could finish a login."""
        return replace(self, state="", nonce="", verifier="", started_at=now, done=True, replaces="")


class Attempts:
    """Reads and writes the attempts of one gate. `lifetime`: seconds an attempt is good for."""

    def __init__(self, cookie_secrets: Sequence[str], context: str, *, lifetime: float, most: int = 8) -> None:
        self._signed = SignedRows(cookie_secrets, f"login attempt {context}")
        self._lifetime = lifetime
        self._most = most
        # A late browser is told that it is late, and gets a second try: so the cookie outlives the attempt.
        self._cookie_age = lifetime + 3600

    def find(self, state: str, cookies: Cookies, header: str) -> Attempt | None:
        """Return this browser's attempt with that state, done or late ones included; None if it has none."""
        identifier = state[:_IDENTIFIER_LENGTH]
        attempt = self._read(identifier, cookies.attempts(header).get(identifier, ""))
        if attempt is None or attempt.done:
            return attempt
        return attempt if secrets.compare_digest(attempt.state.encode(), state.encode()) else None

    def is_late(self, attempt: Attempt, now: float) -> bool:
        """Return whether the attempt was started too long ago to be finished."""
        return now - attempt.started_at > self._lifetime

    def all(self, cookies: Cookies, header: str) -> list[tuple[Attempt, int]]:
        """Return this browser's attempts with the size of their cookies: those under way first, the newest first."""
        texts = list(cookies.attempts(header).items())[-_MOST_READ:]  # browsers send the oldest first
        read = [(self._read(identifier, text), len(text)) for identifier, text in texts]
        found = [(attempt, size) for attempt, size in read if attempt is not None]
        return sorted(found, key=lambda pair: (pair[0].done, -pair[0].started_at))

    def add(self, attempt: Attempt, cookies: Cookies, header: str) -> tuple[Header, ...]:
        """Return the Set-Cookie headers that store an attempt, and drop the oldest ones if there is no room left."""
        text = self._write(attempt)
        stored = (cookies.set_attempt(attempt.identifier, text, self._cookie_age),)
        sent = cookies.attempts(header)
        if not sent:
            return stored
        room = _ROOM - len(text)
        kept = set()
        for older, size in self.all(cookies, header)[: self._most - 1]:
            room -= size
            if room >= 0:
                kept.add(older.identifier)
        dropped = [identifier for identifier in sent if identifier not in kept][:_MOST_READ]
        return stored + tuple(cookies.drop_attempt(identifier) for identifier in dropped)

    def finish(self, attempt: Attempt, cookies: Cookies, now: float) -> Header:
        """Return the Set-Cookie header that leaves a note in the place of an attempt that was answered."""
        return cookies.set_attempt(attempt.identifier, self._write(attempt.finished(now)), self._lifetime)

    def drop_all(self, cookies: Cookies, header: str) -> tuple[Header, ...]:
        """Return the Set-Cookie headers that delete every attempt of this browser."""
        return tuple(cookies.drop_attempt(identifier) for identifier in cookies.attempts(header))

    def _write(self, attempt: Attempt) -> str:
        row = [
            attempt.identifier,
            attempt.state,
            attempt.nonce,
            attempt.verifier,
            attempt.return_to,
            attempt.started_at,
            attempt.restarted,
            attempt.done,
            attempt.replaces,
        ]
        return self._signed.dumps(row)

    def _read(self, identifier: str, text: str) -> Attempt | None:
        """Return the attempt, or None for a text that is missing, tampered with, or stands under another name."""
        row = self._signed.loads(text)
        if row is None or len(row) != len(fields(Attempt)) or row[0] != identifier:
            return None
        return Attempt(*row)
