"""Sessions: how one is opened from its cookie, how long it lives, and what a process remembers of it.

An opened session is remembered by its cookie's text, so that the next request with it costs a look-up and the checks
that depend on the time. Only texts whose seal held are remembered; there is exactly one such text for a sealed value.

Idle time: each request that reaches the app counts. The cookie holds the time of the activity that it knows of, and is
sealed again once that is out of date by a small part of the idle time; between two seals this process goes by its own
memory.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from oidc_gate.identity import Identity, Session, unpacked
from oidc_gate.sealing import Seal

if TYPE_CHECKING:
    from oidc_gate.decisions import Forward
    from oidc_gate.rules import Rules

__all__ = ["Opened", "Sessions"]

#: Bytes that remembered sessions may take, by estimate: two generations of this each.
_GENERATION_BYTES = 6_000_000
_ENTRY_BYTES = 2500
_BYTES_PER_CHARACTER = 6
#: Session ids that this process knows to have ended.
_MOST_ENDED = 10_000
#: A process that could not hand out a renewed cookie, or has just asked the provider, waits this long (seconds).
_RETRY = 5.0
_RECHECK_RETRY = 30.0
#: The year 5138: a greater `session_expiry` is nonsense, and counts as absent.
_LATEST_TIME = 1e11


class Opened:
    """A session whose seal held, ready to answer requests with; shared between threads.

    `session`, `forward` and `allowed` never change. The times do: each is one float, set whole, so that no
    lock is needed, and a lost update costs one renewal more or less.

    - `allowed`: whether the rules let this person pass.
    - `name`: the cookie that it was opened from, for a seal holds under one name alone.
    - `seen_at`: the last request that reached the app.
    - `renew_at`: when the cookie is to be sealed again.
    - `due_at`: when the provider is to be asked again, inf for never.
    - `steady_until`: up to then there is nothing to do for a request but to forward it.
    """

    __slots__ = ("allowed", "due_at", "forward", "name", "renew_at", "seen_at", "session", "steady_until")

    def __init__(
        self,
        session: Session,
        name: str,
        forward: Forward,
        allowed: bool,
        renew_at: float,
        due_at: float,
    ) -> None:
        self.session = session
        self.name = name
        self.forward = forward
        self.allowed = allowed
        self.seen_at = session.seen_at
        self.renew_at = renew_at
        self.due_at = due_at
        self.steady_until = min(renew_at, due_at) if allowed else 0.0

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return cast("Identity", self.forward.identity)

    def plan(self, renew_at: float, due_at: float) -> None:
        """Set when the cookie is to be sealed again and when the provider is to be asked again."""
        self.renew_at = renew_at
        self.due_at = due_at
        self.steady_until = min(renew_at, due_at) if self.allowed else 0.0


class Sessions:
    """Sessions that live in the browser's cookie, sealed. Times are seconds since 1970, lengths seconds, 0 for none."""

    def __init__(
        self,
        cookie_secrets: Sequence[str],
        context: str,
        rules: Rules,
        forward: Callable[[Identity, dict[str, Any]], Forward],
        *,
        provider: str,
        longest: float,
        idle: float,
        recheck: float,
    ) -> None:
        self._seal = Seal(cookie_secrets, f"session {context}")
        self._rules = rules
        self._forward = forward
        self._provider = provider
        self._longest = longest or float("inf")
        self._idle = idle or float("inf")
        self._recheck = recheck or float("inf")
        # The cookie may lag behind by this much before it is sealed again.
        self._lag = min(60.0, self._idle / 20)
        self._recent = RecentTable(_GENERATION_BYTES)
        self._ended: dict[str, float] = {}
        self._lock = Lock()  # guards additions to and the trimming of _ended

    def find(self, text: str, name: str, now: float) -> Opened | None:
        """Return the living session that a cookie's text holds.

        None for a text that was never ours or was sealed with a secret no longer listed, and for a session that has
        ended in any way.
        """
        opened = self._recent.get(text)
        if opened is None or opened.name != name:
            opened = self._open(text, name)
            if opened is None:
                return None
        if now - opened.seen_at > self._idle or now >= opened.session.expires_at:
            return None
        return None if opened.session.session_id in self._ended else opened

    def _open(self, text: str, name: str) -> Opened | None:
        plaintext = self._seal.open(text, name)
        if plaintext is None:
            return None
        row = unpacked(plaintext)
        opened = self.opened(Session.from_text(row), name)
        if not self._seal.is_newest(text):
            opened.plan(0.0, opened.due_at)
        self._recent.put(text, opened, len(row))
        return opened

    def opened(self, session: Session, name: str) -> Opened:
        """Return the session with all that is worked out once: the identity, and whether the rules let it pass."""
        claims = session.claims
        identity = session.identity(self._provider, self._rules.groups(claims))
        forward = self._forward(identity, claims)
        renew_at, due_at = session.seen_at + self._lag, session.checked_at + self._recheck
        return Opened(session, name, forward, self._rules.allow(claims), renew_at, due_at)

    def start(self, claims: dict[str, Any], tokens: dict[str, str], kept: Sequence[str], now: float) -> Session:
        """Return a new session for someone who has just signed in.

        It ends after `longest` seconds, or when the provider's `session_expiry` claim says so, if that is sooner.
        """
        ceiling = claims.get("session_expiry")
        expires_at = now + self._longest
        if isinstance(ceiling, int | float) and not isinstance(ceiling, bool) and 0 < ceiling < _LATEST_TIME:
            expires_at = min(expires_at, float(ceiling))
        identifier = secrets.token_urlsafe(18)
        return Session(identifier, claims["iss"], claims, now, expires_at, now, now, tokens, list(kept))

    def seal(self, session: Session, name: str) -> str:
        """Return the text of the session's cookie; the same text opens as the same session in every process."""
        return self._seal.seal(session.to_bytes(), name)

    def seal_again(self, opened: Opened, session: Session, name: str) -> str:
        """Return the text of a renewed cookie; where the provider gave no answer, it is asked no sooner for that."""
        text = self.seal(session, name)
        if opened.due_at > session.checked_at + self._recheck:
            fresh = self.opened(session, name)
            fresh.plan(fresh.renew_at, opened.due_at)
            self._recent.put(text, fresh, len(text))
        return text

    def renewed(self, opened: Opened, now: float) -> Session | None:
        """Return the session with this activity in it when its cookie is to be sealed again, else None."""
        if now < opened.renew_at:
            return None
        opened.plan(now + min(_RETRY, self._lag), opened.due_at)
        return opened.session._replace(seen_at=now)

    def claim_recheck(self, opened: Opened, now: float) -> bool:
        """Return whether this request is the one that asks the provider again; others go on with what is known."""
        with self._lock:
            if now < opened.due_at:
                return False
            opened.plan(opened.renew_at, now + _RECHECK_RETRY)
            return True

    def rechecked(self, text: str, opened: Opened, claims: dict[str, Any], now: float) -> Opened:
        """Return the session with the claims just vouched for; it stands for the old cookie's text from now on."""
        fresh = self.opened(opened.session._replace(claims=claims, checked_at=now, seen_at=now), opened.name)
        fresh.plan(0.0, fresh.due_at)  # the new claims are in no cookie yet
        self._recent.put(text, fresh, len(text))
        return fresh

    def end(self, session: Session, now: float) -> None:
        """End a session for this process: its cookie is refused here, whoever sends it and in whichever sealing."""
        self.end_named(session.session_id, now)

    def end_named(self, session_id: str, now: float) -> None:
        """End the session with this id, as `end` does."""
        with self._lock:
            self._ended[session_id] = now
            if len(self._ended) > _MOST_ENDED:
                self._ended = dict(list(self._ended.items())[_MOST_ENDED // 2 :])


class RecentTable:
    """What was opened lately, by cookie text: two generations, the older of which is dropped when the newer is full.

    No lock: each step is one operation on a dict, and the worst that two threads can do is to open a cookie twice.
    """

    def __init__(self, generation_bytes: int) -> None:
        self._most = generation_bytes
        self._used = 0
        self._new: dict[str, Opened] = {}
        self._old: dict[str, Opened] = {}

    def get(self, text: str) -> Opened | None:
        """Return what was opened from this text, or None."""
        found = self._new.get(text)
        if found is None:
            found = self._old.get(text)
            if found is not None:
                self.put(text, found, len(text))
        return found

    def put(self, text: str, opened: Opened, length: int) -> None:
        """Remember what was opened from this text; `length` is that of its claims as JSON."""
        if self._used > self._most:
            self._old, self._new, self._used = self._new, {}, 0
        self._new[text] = opened
        self._used += _ENTRY_BYTES + len(text) + _BYTES_PER_CHARACTER * length
