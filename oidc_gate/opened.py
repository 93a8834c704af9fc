"""What a process remembers of sessions: those that are open, by their cookies' texts and by whole requests.

Also how long sessions last (`Limits`), and a table of what is known of single ones by their ids (`BoundedTable`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, cast

from oidc_gate.session import Head, Session

if TYPE_CHECKING:
    from oidc_gate.decisions import Forward, Header, Key
    from oidc_gate.identity import Identity

__all__ = ["NEVER", "SAMPLE_STEP", "BoundedTable", "Limits", "Opened", "Recalled", "RecentTable", "Shortcuts"]

NEVER = float("inf")

#: What a remembered session takes, by estimate: so much each, and so much for each byte of its rest: claims are read
#: twice, for the app and for the gate, and texts of three letters take ten times the room that they have in JSON.
_ENTRY_BYTES, _BYTES_PER_BYTE = 2500, 16
#: So many requests are recalled, of sessions no larger than this (bytes); so many ids are remembered.
_MOST_SHORTCUTS, _LARGE, _MOST_IDS = 512, 2500, 10_000
#: A Cookie header is looked up by the characters that stand at this distance, from the first on.
SAMPLE_STEP = 8

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Limits:
    """How long sessions last, in seconds; `inf` for no limit.

    `longest`: from login to the absolute end. `idle`: between two requests. `recheck`: between two questions to the
    provider. `cache`: how long what was loaded from a store is believed. `lag`: how far what is kept of a session may
    lag behind its last activity; without an idle end nobody asks.
    """

    longest: float
    idle: float
    recheck: float
    cache: float
    lag: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lag", NEVER if self.idle == NEVER else min(60.0, self.idle / 20))

    def lifetime(self, session: Session) -> float:
        """Return how long what is kept of a session is good for, when nobody comes (seconds)."""
        return min(session.expires_at, session.seen_at + self.idle + self.lag) - session.seen_at


class Opened:
    """A session that is open in this process, ready to answer requests with; shared between threads.

    The session, `forward`, `name`, `allowed` and `stored` never change. `met` and the times do: each is set whole, so
    that no lock is needed, and a lost update costs one renewal more or less.

    - `allowed`: whether the rules let this person pass.
    - `met`: whether a request was forwarded with it before.
    - `name`: the cookie that it was opened from, for a seal holds under one name alone.
    - `session_id`, `expires_at`: of the session.
    - `size`: the bytes of the rest, not deflated, from which its memory is estimated.
    - `seen_at`: the last request that reached the app.
    - `renew_at`: when it is to be kept anew.
    - `due_at`: when the provider is to be asked again, inf for never.
    - `stale_at`: when it is to be loaded again, inf for never.
    - `stored`: what stands for it in the store, to tell whether that has changed.
    - `steady_until`: up to then there is nothing to do for a request but to forward it. The earliest of all ends, so
      that the usual request compares once; 0 means that there is always something to look at. The idle end is not
      among them, for `renew_at` is always before it.
    """

    __slots__ = (
        "_head",
        "_read_rest",
        "_session",
        "allowed",
        "due_at",
        "expires_at",
        "forward",
        "met",
        "name",
        "renew_at",
        "seen_at",
        "session_id",
        "size",
        "stale_at",
        "steady_until",
        "stored",
    )

    def __init__(
        self,
        head: Head,
        read_rest: Callable[[], bytes],
        stored: bytes,
        name: str,
        forward: Forward,
        allowed: bool,
        limits: Limits,
    ) -> None:
        self._head = head
        self._read_rest = read_rest
        self._session: Session | None = None
        self.session_id, expires_at, seen_at, checked_at, refresh_at, _, self.size = head
        self.expires_at = expires_at
        self.seen_at = seen_at
        self.name = name
        self.forward = forward
        self.allowed = allowed
        self.renew_at = renew_at = seen_at + limits.lag
        # Compared by hand: a call of `min` takes three times as long, and every opened session comes by here.
        due_at = checked_at + limits.recheck
        if refresh_at < due_at:
            due_at = refresh_at
        self.due_at = steady_until = due_at
        self.stale_at = NEVER
        if renew_at < steady_until:  # from here on as in `plan`
            steady_until = renew_at
        if expires_at < steady_until:
            steady_until = expires_at
        self.steady_until = steady_until if allowed else 0.0
        self.stored = stored
        self.met = False

    @property
    def session(self) -> Session:
        """The whole session, which is read on first use."""
        if self._session is None:
            self._session = Session.read(self._head, self._read_rest())
        return self._session

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return cast("Identity", self.forward.identity)

    def plan(self, renew_at: float, due_at: float) -> None:
        """Set when the session is to be kept anew and when the provider is to be asked again."""
        self.renew_at = renew_at
        self.due_at = due_at
        self.steady_until = min(renew_at, due_at, self.stale_at, self.expires_at) if self.allowed else 0.0

    def believe_until(self, stale_at: float) -> None:
        """Set when the session is to be loaded again."""
        self.stale_at = stale_at
        self.plan(self.renew_at, self.due_at)

    def supersede(self) -> None:
        """Have nobody go on with this copy, whatever is still planned for it: another one has taken its place."""
        self.stale_at = self.steady_until = 0.0


class BoundedTable(dict[str, Value]):
    """Something of each of the latest session ids; the older half is forgotten when there are too many."""

    def remember(self, session_id: str, value: Value) -> None:
        """Add a value as the latest."""
        self.pop(session_id, None)  # one that is there already would keep its old place
        self[session_id] = value
        if len(self) > _MOST_IDS:
            for each in list(self)[: _MOST_IDS // 2]:
                del self[each]


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
                self.put(text, found)
        return found

    def put(self, text: str, opened: Opened) -> None:
        """Remember what was opened from this text."""
        if self._used > self._most:
            self._old, self._new, self._used = self._new, {}, 0
        self._new[text] = opened
        self._used += _ENTRY_BYTES + len(text) + _BYTES_PER_BYTE * opened.size

    def all(self) -> list[Opened]:
        """Return everything that is remembered."""
        return [*self._old.values(), *self._new.values()]

    def forget(self, text: str) -> None:
        """Forget what was opened from this text."""
        self._new.pop(text, None)
        self._old.pop(text, None)


#: An earlier decision that still holds: `Request.told_cookies`, and the fields of a `Forward`. A mere tuple, for Python
#: is faster to take that apart than one with names.
Recalled = tuple[Any, "Identity | None", str, "tuple[Header, ...]", "tuple[Header, ...]", "tuple[Header, ...]"]


class Shortcuts:
    """What was decided for requests lately: one for each sample of a Cookie header, for one scheme, host and header.

    A Cookie header is long, and to hash all of it takes longer than to compare it; so it is looked up by a sample,
    `header[::SAMPLE_STEP]`, and whoever finds something compares the whole key. How long that takes tells nothing: to
    find anything one must have ten characters of a sealed text, which are as good as random.

    A request is found again only as long as its other cookies stay as they are; else it goes the slower way. So do
    requests that share a sample, as one cookie at two hosts does: they push each other out. What is here can be out of
    date: the times in an `Opened`, and `Sessions.ended`, say whether it may be gone by.
    """

    def __init__(self) -> None:
        #: A key, the session, and what holds for that key. Changed in place, never replaced: the gate looks into it.
        self.by_sample: dict[Any, tuple[Any, Any, Any, Opened, Recalled]] = {}
        self.clear = self.by_sample.clear

    def put(self, key: Key, opened: Opened, told_cookies: Any) -> None:
        """Remember that a request with this key is forwarded."""
        if len(self.by_sample) >= _MOST_SHORTCUTS:
            self.clear()
        if opened.size <= _LARGE:
            self.by_sample[key[2][::SAMPLE_STEP]] = (*key, opened, (told_cookies, *opened.forward))
