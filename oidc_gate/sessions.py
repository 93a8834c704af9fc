"""Sessions: how long one lives, and what a process remembers of it.

An opened session is remembered by its cookie's text, so that the next request with it costs a look-up and the checks
that depend on the time. Only texts whose seal held are remembered; there is exactly one such text for a sealed value.
What came from a store is believed for `session_cache_seconds`, then loaded again.

Idle time: each request that reaches the app counts. What is kept of a session holds the time of the activity that it
knows of, and is kept anew once that is out of date by a small part of the idle time; between the two this process goes
by its own memory.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, cast

from oidc_gate.identity import Identity, Session

if TYPE_CHECKING:
    from oidc_gate.decisions import Forward
    from oidc_gate.keepers import Keeper
    from oidc_gate.rules import Rules

__all__ = ["UNLOADED", "Limits", "Opened", "Sessions", "Unloaded"]

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


_NEVER = float("inf")


class Unloaded:
    """The answer for a session that has to be loaded from its store first."""


UNLOADED: Final = Unloaded()


@dataclass(frozen=True, slots=True)
class Limits:
    """How long sessions last, in seconds; `inf` for no limit.

    `longest`: from login to the absolute end. `idle`: between two requests. `recheck`: between two questions to the
    provider. `cache`: how long what was loaded from a store is believed.
    """

    longest: float
    idle: float
    recheck: float
    cache: float

    @property
    def lag(self) -> float:
        """How far what is kept of a session may lag behind its last activity; without an idle end nobody asks."""
        return _NEVER if self.idle == _NEVER else min(60.0, self.idle / 20)


class Opened:
    """A session that is open in this process, ready to answer requests with; shared between threads.

    `session`, `forward`, `name` and `allowed` never change. The times do: each is one float, set whole, so that no lock
    is needed, and a lost update costs one renewal more or less.

    - `allowed`: whether the rules let this person pass.
    - `name`: the cookie that it was opened from, for a seal holds under one name alone.
    - `seen_at`: the last request that reached the app.
    - `renew_at`: when it is to be kept anew.
    - `due_at`: when the provider is to be asked again, inf for never.
    - `stale_at`: when it is to be loaded again, inf for never; `row`: what was loaded, to tell whether it has changed.
    - `steady_until`: up to then there is nothing to do for a request but to forward it.
    """

    __slots__ = (
        "allowed",
        "due_at",
        "forward",
        "name",
        "renew_at",
        "row",
        "seen_at",
        "session",
        "stale_at",
        "steady_until",
    )

    def __init__(self, session: Session, name: str, forward: Forward, allowed: bool, limits: Limits) -> None:
        self.session = session
        self.name = name
        self.forward = forward
        self.allowed = allowed
        self.seen_at = session.seen_at
        self.stale_at = float("inf")
        self.row = ""
        self.plan(session.seen_at + limits.lag, min(session.checked_at + limits.recheck, session.refresh_at))

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return cast("Identity", self.forward.identity)

    def plan(self, renew_at: float, due_at: float) -> None:
        """Set when the session is to be kept anew and when the provider is to be asked again."""
        self.renew_at = renew_at
        self.due_at = due_at
        self.steady_until = min(renew_at, due_at) if self.allowed else 0.0


class Sessions:
    """The sessions of one gate, wherever they are kept. Times are seconds since 1970."""

    def __init__(
        self,
        keeper: Keeper,
        rules: Rules,
        forward: Callable[[Identity, dict[str, Any]], Forward],
        limits: Limits,
        *,
        provider: str,
    ) -> None:
        self.keeper = keeper
        self.blocks = keeper.blocks
        self._rules = rules
        self._forward = forward
        self._limits = limits
        self._idle = limits.idle
        self._provider = provider
        self._recent = RecentTable(_GENERATION_BYTES)
        self._ended: dict[str, float] = {}
        self._lock = Lock()  # guards additions to and the trimming of _ended, and claims of a recheck

    # Finding

    def find(self, text: str, name: str, now: float) -> Opened | Unloaded | None:
        """Return the living session that a cookie's text leads to; never blocks.

        None for a text that was never ours or was sealed with a secret no longer listed, and for a session that has
        ended in any way. UNLOADED when only the store can tell: then `load` does.
        """
        opened = self._recent.get(text)
        if opened is None or opened.name != name or now >= opened.stale_at:
            if self.blocks:
                return UNLOADED if self.keeper.is_ours(text, name) else None
            opened = self._open(text, name, None)
            if opened is None:
                return None
        return opened if self._is_alive(opened, now) else None

    def load(self, text: str, name: str, now: float) -> Opened | None:
        """Return what `find` returns, asking the store if need be. May block; raises StoreError."""
        found = self.find(text, name, now)
        if not isinstance(found, Unloaded):
            return found
        return self.load_afresh(text, name, now)

    def load_afresh(self, text: str, name: str, now: float) -> Opened | None:
        """Return the living session as it is in the store this moment. May block; raises StoreError."""
        opened = self._open(text, name, self._recent.get(text))
        if opened is None:
            self._recent.forget(text)
            return None
        opened.stale_at = now + self._limits.cache
        return opened if self._is_alive(opened, now) else None

    def _open(self, text: str, name: str, known: Opened | None) -> Opened | None:
        row = self.keeper.open(text, name)
        if row is None:
            return None
        if known is not None and known.row == row and known.name == name:
            return known
        session = Session.from_text(row)
        if session is None:
            return None
        opened = self.opened(session, name)
        if self.blocks:
            opened.row = row
        if known is not None:
            opened.seen_at = max(opened.seen_at, known.seen_at)
        if not self.keeper.is_newest(text):
            opened.plan(0.0, opened.due_at)
        self._recent.put(text, opened, len(row))
        return opened

    def _is_alive(self, opened: Opened, now: float) -> bool:
        if now - opened.seen_at > self._idle or now >= opened.session.expires_at:
            return False
        return opened.session.session_id not in self._ended

    def opened(self, session: Session, name: str) -> Opened:
        """Return the session with all that is worked out once: the identity, and whether the rules let it pass."""
        claims = session.claims
        identity = session.identity(self._provider, self._rules.groups(claims))
        return Opened(session, name, self._forward(identity, claims), self._rules.allow(claims), self._limits)

    # Keeping. All of this may block when `blocks` is true, and raises StoreError.

    def start(
        self,
        claims: dict[str, Any],
        tokens: dict[str, str],
        kept: Sequence[str],
        now: float,
        refresh_at: float = float("inf"),
    ) -> Session:
        """Return a new session for someone who has just signed in; `keep` is still to be called.

        It ends after `longest` seconds, or when the provider's `session_expiry` claim says so, if that is sooner.
        `refresh_at`: when its tokens are to be renewed.
        """
        ceiling = claims.get("session_expiry")
        expires_at = now + self._limits.longest
        if isinstance(ceiling, int | float) and not isinstance(ceiling, bool) and 0 < ceiling < _LATEST_TIME:
            expires_at = min(expires_at, float(ceiling))
        identifier = secrets.token_urlsafe(18)
        return Session(identifier, claims["iss"], claims, now, expires_at, now, now, refresh_at, tokens, list(kept))

    def keep(self, session: Session, name: str) -> tuple[Session, str]:
        """Keep a new session; return it with its final id, and the text of its cookie."""
        return self.keeper.keep(session, name, self._lifetime(session))

    def renewed(self, opened: Opened, now: float) -> Session | None:
        """Return the session with this activity in it when it is to be kept anew, else None. Never blocks."""
        if now < opened.renew_at:
            return None
        opened.plan(now + min(_RETRY, self._limits.lag), opened.due_at)
        return opened.session._replace(seen_at=now)

    def keep_seen(self, text: str, opened: Opened, session: Session) -> str | None:
        """Keep a session of which only the activity has changed; return its cookie's text, None when it has ended.

        Where the provider gave no answer, it is asked no sooner for that.
        """
        kept = self.keeper.keep_again(session, text, opened.name, self._lifetime(session))
        if kept is None:
            self._recent.forget(text)
            return None
        fresh = self.opened(session, opened.name)
        fresh.plan(fresh.renew_at, max(fresh.due_at, opened.due_at))
        fresh.stale_at = opened.stale_at
        for each in {text, kept} if self.blocks else {kept}:
            self._recent.put(each, fresh, len(text))
        return kept

    def keep_changed(self, text: str, opened: Opened, session: Session) -> Opened | None:
        """Keep a session whose claims or tokens have changed; return it, None when it was ended meanwhile.

        It stands for the old text from now on, so that requests under way with that see the change. A cookie session
        gets its new cookie with the next answer.
        """
        fresh = self.opened(session, opened.name)
        if not self.blocks:
            fresh.plan(0.0, fresh.due_at)
        elif self.keeper.keep_again(session, text, opened.name, self._lifetime(session)) is None:
            self._recent.forget(text)
            return None
        fresh.stale_at = opened.stale_at
        self._recent.put(text, fresh, len(text))
        return fresh

    def end(self, session_id: str, now: float) -> None:
        """End the session with this id: at once in this process, whoever sends its cookie and in whichever sealing."""
        with self._lock:
            self._ended[session_id] = now
            if len(self._ended) > _MOST_ENDED:
                self._ended = dict(list(self._ended.items())[_MOST_ENDED // 2 :])
        self.keeper.end(session_id)

    def forget_all(self) -> None:
        """Have every session loaded again; for when sessions were ended that cannot be told from others here."""
        self._recent.clear()

    def _lifetime(self, session: Session) -> float:
        """Return how long what is kept is good for, when nobody comes (seconds)."""
        return min(session.expires_at, session.seen_at + self._idle + self._limits.lag) - session.seen_at

    # Asking the provider again

    def claim_recheck(self, opened: Opened, now: float) -> bool:
        """Return whether this request is the one that asks the provider again; others go on with what is known."""
        with self._lock:
            if now < opened.due_at:
                return False
            opened.plan(opened.renew_at, now + _RECHECK_RETRY)
            return True


class RecentTable:
    """What was opened lately, by cookie text: two generations, the older of which is dropped when the newer is full.

    No lock: each step is one operation on a dict, and the worst that two threads can do is to open a cookie twice.
    """

    def __init__(self, generation_bytes: int) -> None:
        self._most = generation_bytes
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._new: dict[str, Opened] = {}
        self._old: dict[str, Opened] = {}
        self._used = 0

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

    def forget(self, text: str) -> None:
        """Forget what was opened from this text."""
        self._new.pop(text, None)
        self._old.pop(text, None)
