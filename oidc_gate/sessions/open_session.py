"""A session that is open in this process, and how long sessions last."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from oidc_gate.provider import is_time
from oidc_gate.sessions.session import Head, Session, SessionCopy, place_in_line

if TYPE_CHECKING:
    from oidc_gate.decisions import Forward
    from oidc_gate.identity import Identity

__all__ = ["NEVER", "SPREAD", "UNLOADED", "Limits", "LoadOnLoop", "OpenSession", "Unloaded"]

NEVER = float("inf")

#: The provider is asked again about a session earlier than it need be, by up to this share of the time: so sessions
#: that began in one moment do not come to it in one moment, and are further apart each time (docs/scale.md).
SPREAD = 0.1

#: Shared by all sessions of which no place was asked, and never changed.
_NOTHING_ASKED: dict[int, float] = {}


@dataclass(frozen=True, slots=True)
class Limits:
    """How long sessions last, in seconds; `inf` for no limit.

    `longest`: from login to the absolute end. `idle`: between two requests. `recheck`: between two questions to the
    provider. `cache`: how long what was loaded from a store is believed. `lag`: how far what is kept of a session may
    lag behind its last activity; without an idle end nobody asks. `spread`: how much sooner than `recheck` it may be.
    """

    longest: float
    idle: float
    recheck: float
    cache: float
    lag: float = field(init=False)
    spread: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lag", NEVER if self.idle == NEVER else min(60.0, self.idle / 20))
        object.__setattr__(self, "spread", 0.0 if self.recheck == NEVER else self.recheck * SPREAD)

    def shortened(self, head: Head) -> Head:
        """Return the head with the end that holds now: `longest` may have been set lower since it was written down."""
        _, created_at, expires_at, *_ = head
        latest = created_at + self.longest
        return head if expires_at <= latest else (*head[:2], latest, *head[3:])

    def recheck_at(self, created_at: float, checked_at: float) -> float:
        """Return when the provider is to be asked again who the person of a session is."""
        return checked_at + self.recheck - self.spread * place_in_line(created_at)

    def end(self, now: float, ceiling: Any) -> float:
        """Return when a session ends that begins now. `ceiling`: the latest, where the provider says one."""
        longest = now + self.longest
        return min(longest, float(ceiling)) if is_time(ceiling) and ceiling > 0 else longest

    @property
    def copies(self) -> float:
        """How long copies of an endless session are good: till nobody can have kept one anew for the idle time."""
        return self.idle + self.lag + self.cache

    def lifetime(self, session: Session) -> float:
        """Return how long what is kept of a session is good for, when nobody comes (seconds)."""
        return min(session.expires_at, session.seen_at + self.idle + self.lag) - session.seen_at


class OpenSession:
    """A session that is open in this process, ready to answer requests with; shared between threads.

    The session, `forward`, `name`, `allowed` and `stored` never change. `skips` and the times do, without a
    lock: an update that is lost costs one renewal more or less, or has one request remembered sooner or later.

    - `allowed`: whether the rules let this person pass.
    - `skips`: so many requests more are forwarded before one is remembered. One at first, for a browser that came once
      may not come again.
    - `passes`: until when it passes at which places, by their numbers (`access.Policy`), as far as that was asked. It
      goes by the claims of this copy, which never change.
    - `name`: the cookie that it was opened from, for a seal holds under one name alone.
    - `session_id`, `expires_at`, `provider_key`: of the session.
    - `copy`: the session as it was opened; `samples`, `unsettled`, `next_skips`, `looked_at`: see
      `RecentSessions`.
    - `seen_at`: the last request that reached the app.
    - `renew_at`: when it is to be kept anew.
    - `due_at`: when the provider is to be asked again, inf for never.
    - `stale_at`: when it is to be loaded again, inf for never.
    - `look_at`: when a request is to be decided, though nothing is due to the session; inf for never.
    - `stored`: what stands for it in the store, to tell whether that has changed.
    - `steady_until`: up to then there is nothing to do for a request but to forward it. The earliest of all ends, so
      that the usual request compares once; 0 means that there is always something to look at, with `by_path` the
      request's path. The idle end is not among them, for `renew_at` is always before it.
    """

    __slots__ = (
        "_is_plain",
        "allowed",
        "copy",
        "due_at",
        "expires_at",
        "forward",
        "look_at",
        "looked_at",
        "name",
        "next_skips",
        "passes",
        "provider_key",
        "renew_at",
        "samples",
        "seen_at",
        "session_id",
        "skips",
        "stale_at",
        "steady_until",
        "stored",
        "unsettled",
    )

    def __init__(
        self,
        copy: SessionCopy,
        stored: bytes,
        name: str,
        forward: Forward,
        allowed: bool,
        limits: Limits,
        *,
        by_path: bool = False,
    ) -> None:
        self.copy = copy
        self.session_id, created_at, expires_at, seen_at, checked_at, refresh_at, _, _, self.provider_key = copy.head
        self.expires_at = expires_at
        self.seen_at = self.looked_at = seen_at
        self.samples: tuple[Any, ...] = ()
        self.unsettled: Any = ""
        self.name = name
        self.passes = _NOTHING_ASKED
        self.forward = forward
        self.allowed = allowed
        self.renew_at = renew_at = seen_at + limits.lag
        # What `plan` works out, compared by hand, for every opened session comes by here and `min` takes three times as
        # long: `test_sessions.py::test_a_session_is_opened_as_it_would_be_planned` holds the two together.
        due_at = limits.recheck_at(created_at, checked_at)
        if refresh_at < due_at:
            due_at = refresh_at
        self.due_at = steady_until = due_at
        self.stale_at = self.look_at = NEVER
        if renew_at < steady_until:
            steady_until = renew_at
        if expires_at < steady_until:
            steady_until = expires_at
        self._is_plain = allowed and not by_path
        self.steady_until = steady_until if self._is_plain else 0.0
        self.stored = stored
        self.skips, self.next_skips = 1, 0

    @property
    def session(self) -> Session:
        """The whole session, which is read on first use."""
        return self.copy.session

    @property
    def has_news(self) -> bool:
        """Whether there is something to be kept anew: activity that is kept nowhere, a change, or a newer secret."""
        return self.seen_at > self.kept_at or self.renew_at == 0.0

    @property
    def kept_at(self) -> float:
        """The latest activity that the cookie or the store knows of."""
        return self.copy.head[3]

    def remember_passing(self, place: int, until: float) -> None:
        """Remember until when this session passes at a place."""
        if self.passes is _NOTHING_ASKED:
            self.passes = {}
        self.passes[place] = until

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return cast("Identity", self.forward.identity)

    def plan(self, renew_at: float, due_at: float) -> None:
        """Set when the session is to be kept anew and when the provider is to be asked again."""
        self.renew_at = renew_at
        self.due_at = due_at
        self.steady_until = min(renew_at, due_at, self.stale_at, self.expires_at, self.look_at)
        if not self._is_plain:  # asked afterwards, for another thread may supersede it in between
            self.steady_until = 0.0

    def look_again(self, at: float) -> None:
        """Set when a request is to be decided again, whatever else is planned."""
        self.look_at = at
        self.plan(self.renew_at, self.due_at)

    def believe_until(self, stale_at: float) -> None:
        """Set when the session is to be loaded again."""
        self.stale_at = stale_at
        self.plan(self.renew_at, self.due_at)

    def supersede(self) -> None:
        """Have nobody go on with this copy, whatever is still planned for it: another one has taken its place."""
        self._is_plain = False
        self.stale_at = self.steady_until = 0.0


class Unloaded:
    """The answer for a session that has to be loaded from its store first."""


UNLOADED: Final = Unloaded()

#: Loads a session on an event loop: by its cookie's text and name, and the time.
LoadOnLoop = Callable[[str, str, float], Awaitable[OpenSession | None]]
