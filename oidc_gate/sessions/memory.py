"""What a process remembers of sessions by their ids: bounded tables."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from threading import Lock
from typing import TypeVar
from weakref import WeakValueDictionary

__all__ = ["BoundedTable", "EndedSessions", "ended_of"]

logger = logging.getLogger("oidc_gate")

#: So many ids are remembered.
_MOST_IDS = 10_000
#: So many ended sessions are remembered, some 25 MB of them; the table is gone through at first when it has so many.
_MOST_ENDED, _FIRST_SWEEP = 100_000, 1000

Value = TypeVar("Value")


class BoundedTable(dict[str, Value]):
    """Something of each of the latest session ids; the older half is forgotten when there are too many."""

    def remember(self, session_id: str, value: Value) -> None:
        """Add a value as the latest."""
        self.pop(session_id, None)  # one that is there already would keep its old place
        self[session_id] = value
        if len(self) > _MOST_IDS:
            for each in list(self)[: _MOST_IDS // 2]:
                self.pop(each, None)  # another thread may have been here


class EndedSessions(dict[str, float]):
    """Ids of sessions that were ended here, each with the time until which a copy of its cookie could be used.

    Whoever looks into it needs no lock. What has run out is forgotten in passing. When there are too many all the same,
    the half that runs out soonest is forgotten, and the log says so.

    `epoch`: raised when sessions were ended that cannot be told from others here.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch = 0
        self._sweep_at = _FIRST_SWEEP
        self._lock = Lock()  # guards additions

    def remember(self, session_id: str, until: float, now: float) -> None:
        """Add a session; times are seconds since 1970, and `until` may be inf."""
        with self._lock:
            self._add(session_id, until, now)

    def asker(self, session_id: str) -> Callable[[], bool]:
        """Return what tells, at any time, whether this session may have been ended here since now."""
        epoch = self.epoch
        return lambda: session_id in self or self.epoch != epoch

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


_of_process: WeakValueDictionary[Hashable, EndedSessions] = WeakValueDictionary()
_guard = Lock()


def ended_of(key: Hashable) -> EndedSessions:
    """Return what was ended of the sessions that all gates of this process with this key have in common."""
    with _guard:
        return _of_process.setdefault(key, EndedSessions())
