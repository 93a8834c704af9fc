"""What a process remembers of sessions: open ones by their cookies' texts, and whole requests. All is bounded."""

from __future__ import annotations

import logging
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from oidc_gate.sessions.live_sessions import LiveSessions
from oidc_gate.sessions.open_session import OpenSession

if TYPE_CHECKING:
    from oidc_gate.decisions import Header, Key
    from oidc_gate.identity import Identity

__all__ = ["BoundedTable", "EndedSessions", "Recalled", "RecentRequests", "RecentSessions"]

logger = logging.getLogger("oidc_gate")

#: What a remembered session takes, by estimate: so much each, and so much for each byte of its rest: claims are read
#: twice, for the app and for the gate, and texts of three letters take ten times the room that they have in JSON.
_ENTRY_BYTES, _BYTES_PER_BYTE = 2500, 16
#: So many requests are recalled, of sessions no larger than this (bytes); so many ids are remembered.
_MOST_REQUESTS, _LARGE, _MOST_IDS = 512, 2500, 10_000
#: So many ended sessions are remembered, some 25 MB of them; the table is gone through at first when it has so many.
_MOST_ENDED, _FIRST_SWEEP = 100_000, 1000
#: A Cookie header is looked up by the characters that stand at this distance, from the first on.
_SAMPLE_STEP = 8

Value = TypeVar("Value")


class BoundedTable(dict[str, Value]):
    """Something of each of the latest session ids; the older half is forgotten when there are too many."""

    def remember(self, session_id: str, value: Value) -> None:
        """Add a value as the latest."""
        self.pop(session_id, None)  # one that is there already would keep its old place
        self[session_id] = value
        if len(self) > _MOST_IDS:
            for each in list(self)[: _MOST_IDS // 2]:
                del self[each]


class EndedSessions(dict[str, float]):
    """Ids of sessions that were ended here, each with the time until which a copy of its cookie could be used.

    Whoever looks into it needs no lock. What has run out is forgotten in passing. When there are too many all the same,
    the half that runs out soonest is forgotten, and the log says so.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sweep_at = _FIRST_SWEEP
        self._lock = Lock()  # guards additions

    def remember(self, session_id: str, until: float, now: float) -> None:
        """Add a session; times are seconds since 1970, and `until` may be inf."""
        with self._lock:
            self._add(session_id, until, now)

    def _add(self, session_id: str, until: float, now: float) -> None:
        self[session_id] = until
        if len(self) <= self._sweep_at:
            return
        for each in [each for each, end in self.items() if end <= now]:
            del self[each]
        if len(self) > _MOST_ENDED:
            for each in sorted(self, key=self.__getitem__)[: _MOST_ENDED // 2]:
                del self[each]
            logger.warning(
                "more than %d sessions were ended before their time; the half that ends soonest is forgotten, and a"
                " copy of such a cookie is good again: keep sessions in a store, or set cookie_deny_list",
                _MOST_ENDED,
            )
        self._sweep_at = min(max(_FIRST_SWEEP, 2 * len(self)), _MOST_ENDED)


class RecentSessions:
    """What was opened lately, by cookie text: two generations, the older of which is dropped when the newer is full.

    No lock: each step is one operation on a dict, and the worst that two threads can do is to open a cookie twice.
    `live`: the sessions whose newest cookie is wanted.
    """

    def __init__(self, generation_bytes: int, live: LiveSessions | None = None) -> None:
        self._most = generation_bytes
        self.live = LiveSessions() if live is None else live
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._new: dict[str, OpenSession] = {}
        self._old: dict[str, OpenSession] = {}
        self._used = 0

    def get(self, text: str) -> OpenSession | None:
        """Return what was opened from this text, or None."""
        found = self._new.get(text)
        if found is None:
            found = self._old.get(text)
            if found is not None:
                self.put(text, found)
        return found

    def put(self, text: str, opened: OpenSession) -> None:
        """Remember what was opened from this text."""
        if self._used > self._most:
            self._old, self._new, self._used = self._new, {}, 0
        self._new[text] = opened
        self._used += _ENTRY_BYTES + len(text) + _BYTES_PER_BYTE * opened.size
        if self.live:
            self.live.meet(text, opened)

    def all(self) -> list[OpenSession]:
        """Return everything that is remembered."""
        return [*self._old.values(), *self._new.values()]

    def forget(self, text: str) -> None:
        """Forget what was opened from this text."""
        self._new.pop(text, None)
        self._old.pop(text, None)


#: An earlier decision that still holds: `Request.told_cookies`, and the fields of a `Forward`. A mere tuple, for Python
#: is faster to take that apart than one with names.
Recalled = tuple[Any, "Identity | None", str, "tuple[Header, ...]", "tuple[Header, ...]", "tuple[Header, ...]"]


class RecentRequests:
    """What was decided for requests lately: one for each sample of a Cookie header, for one scheme, host and header.

    A Cookie header is long, and to hash all of it takes longer than to compare it; so it is looked up by a sample, and
    compared whole. How long that takes tells nothing: to find anything one must have ten characters of a sealed text,
    which are as good as random.

    A request is found again only as long as its other cookies stay as they are; else it goes the slower way. So do
    requests that share a sample, as one cookie at two hosts does: they push each other out. What is here can be out of
    date: the times in an `OpenSession`, and `Sessions.ended`, say whether it may be gone by.
    """

    def __init__(self) -> None:
        #: A key, and the session with what holds for that key.
        self._by_sample: dict[Any, tuple[Any, Any, Any, tuple[OpenSession, Recalled]]] = {}
        self.clear = self._by_sample.clear

    def get(self, scheme: Any, host: Any, cookies: Any) -> tuple[OpenSession, Recalled] | None:
        """Return the session and what was decided for a request with this key, or None."""
        found = self._by_sample.get(cookies[::_SAMPLE_STEP])
        if found is None:
            return None
        its_scheme, its_host, its_cookies, decided = found
        return decided if cookies == its_cookies and host == its_host and scheme == its_scheme else None

    def put(self, key: Key, opened: OpenSession, told_cookies: Any) -> None:
        """Remember that a request with this key is forwarded."""
        if len(self._by_sample) >= _MOST_REQUESTS:
            self.clear()
        if opened.size <= _LARGE:
            self._by_sample[key[2][::_SAMPLE_STEP]] = (*key, (opened, (told_cookies, *opened.forward)))
