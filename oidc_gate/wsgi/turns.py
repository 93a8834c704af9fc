"""Whose turn it is to ask the provider in a stranger's name: never so many that a server has no thread left.

A WSGI app holds a thread of its server for as long as it takes. Anybody can begin logins and send the callback made-up
codes or the gate forged logout tokens; with a slow provider, each would hold a thread for seconds. So only some may.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from threading import Condition, get_ident

from oidc_gate.decisions import OTHER_LANES

__all__ = ["Turns"]

#: Of the server's threads, one in so many may ask the provider at a time; and another provider than the first, in all
#: of its lanes together. There those who are signed in have turns too: the first is trusted with all of the app.
_ONE_IN: Mapping[str, int] = {"login": 2, "logout": 4, "token": 2, **dict.fromkeys(OTHER_LANES, 4)}
_OTHERS_ONE_IN = 2
#: More threads than these need not be known.
_MOST_THREADS = 256
#: How long the server's last thread waits for a turn, in seconds; and for how long it does not wait at all, once that
#: was in vain.
_LAST_WAITS, _IMPATIENT = 0.5, 10.0


class Turns:
    """The turns of one gate, by lane; `longest_wait` in seconds.

    How many threads the server has nobody tells, so those are counted that the gate has answered in, whatever the
    request was: in a flood all of them are known at once. The only thread of a server has its turn at once; nothing
    else could run meanwhile.
    """

    def __init__(self, longest_wait: float = 0.0) -> None:
        self.longest_wait = longest_wait
        self._changed = Condition()  # guards everything below
        self._threads: set[int] = set()
        self._taken: Counter[str] = Counter()
        self._waiting = 0
        self._in_vain_at = float("-inf")

    @staticmethod
    def limits(lane: str) -> bool:
        """Return whether this lane is for anybody, and so has turns."""
        return lane in _ONE_IN

    def meet(self) -> None:
        """Take note that the server has this thread."""
        ident = get_ident()
        if ident not in self._threads and len(self._threads) < _MOST_THREADS:
            with self._changed:
                self._threads.add(ident)
                self._changed.notify_all()

    def take(self, lane: str) -> bool:
        """Return True once it is this thread's turn, and False when that takes too long."""
        begun = time.monotonic()
        self.meet()
        with self._changed:
            self._waiting += 1
            try:
                while not self._is_free(lane):
                    left = begun + self._patience(begun) - time.monotonic()
                    if left <= 0:
                        return False
                    self._changed.wait(left)
            finally:
                self._waiting -= 1
            self._taken[lane] += 1
            return True

    def give_back(self, lane: str) -> None:
        """End a turn."""
        with self._changed:
            self._taken[lane] -= 1
            self._changed.notify_all()

    def _is_free(self, lane: str) -> bool:
        threads, taken = len(self._threads), self._taken.total()
        if lane in OTHER_LANES and self._taken_by_others >= max(1, threads // _OTHERS_ONE_IN):
            return False
        return self._taken[lane] < max(1, threads // _ONE_IN[lane]) and (not taken or taken < threads - 1)

    @property
    def _taken_by_others(self) -> int:
        return sum(self._taken[each] for each in OTHER_LANES)

    def _patience(self, begun: float) -> float:
        """Return how long to wait, from the beginning: the last thread that is left has others to serve."""
        if self._taken.total() + self._waiting < len(self._threads):
            return self.longest_wait
        if begun - self._in_vain_at < _IMPATIENT:
            return 0.0
        if time.monotonic() - begun >= _LAST_WAITS:
            self._in_vain_at = time.monotonic()
        return _LAST_WAITS
