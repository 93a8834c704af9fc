"""A provider that gives no answer: who asks it then, for everybody together.

Else everybody's request would wait for it, one after another, and hold all threads of a server; and a provider that
refuses at once, because it has too much to do, would be asked by all sessions of all processes.

It may be silent about one session alone, and would answer about all others: one whose account lies in a directory that
is down. So there are two lines, of which one may ask at a time: of sessions that had an answer last time, or were not
asked about yet; and of those that had none. The second line waits for the first, and never the first for the second:
however many have no answer, they come to stand in the second line, and all others get their turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

__all__ = ["Silence"]

#: A provider that gave no answer is asked again by one process after this time at the soonest (seconds).
_BETWEEN = 1.0
#: … about a session that had none before: twice that, so that another comes first.
_BETWEEN_AGAIN = 2.0
#: How long a session waits at least that was not asked about (seconds); and at most, for each that had no answer.
_SHORTEST_PAUSE, _PAUSE_FOR_EACH, _LONGEST_PAUSE = 1.0, 10.0, 300.0
#: What is left of its multiples without their whole numbers lies evenly between 0 and 1.
_GOLDEN = 0.6180339887498949


class _Line:
    """One line of sessions. `failed_at`: when one that it waits for had no answer last; set whole, so no lock."""

    def __init__(self, between: float) -> None:
        self.between = between
        self.failed_at: float | None = None
        self.asking = Lock()


class Silence:
    """Whether a provider gave no answer last time, in one process. `clock`: seconds since 1970.

    `has_failed`: whether it gave none about the session with this id when it was asked last.
    """

    def __init__(self, clock: Callable[[], float], has_failed: Callable[[str], bool]) -> None:
        self._clock, self._has_failed = clock, has_failed
        self._first, self._again = _Line(_BETWEEN), _Line(_BETWEEN_AGAIN)
        #: Since when it is silent, about how many sessions, and about which one last.
        self._since, self._failed, self._failed_last = 0.0, 0, ""
        self._put_off = 0  # so many were not asked about; one that is lost does no harm

    def note(self, session_id: str, *, is_silent: bool) -> None:
        """Take note of an answer about a session, or of none."""
        if not is_silent:  # everybody may ask
            self._first.failed_at = self._again.failed_at = None
            self._failed, self._failed_last = 0, ""
        elif not self._has_failed(session_id):
            self._first.failed_at = self._again.failed_at = now = self._clock()
            self._since, self._failed = (self._since if self._failed else now), self._failed + 1
            self._failed_last = session_id
        elif session_id != self._failed_last:  # else it is known, and holds nobody up again
            self._again.failed_at, self._failed_last = self._clock(), session_id

    def next_pause(self) -> float:
        """Return how long a session waits that was not asked about, in seconds: not longer than it is silent already.

        So a crowd is spread when the provider is back. And less where few found it silent: that may be due to them.
        No two in a row wait equally long, for who comes together would lose to the same one each time.
        """
        self._put_off += 1
        longest = min(abs(self._clock() - self._since), self._failed * _PAUSE_FOR_EACH, _LONGEST_PAUSE)
        return max(longest * (self._put_off * _GOLDEN % 1), _SHORTEST_PAUSE)

    @contextmanager
    def trying(self, session_id: str, *, must: bool) -> Iterator[bool]:
        """Hold the right to ask about a session, and yield whether it was to be had: `must` has it in any case.

        Everybody has it unless the provider is silent. Then one of each line at a time has, some time after the last.
        """
        line = self._again if self._has_failed(session_id) else self._first
        failed_at = line.failed_at
        if failed_at is None or must:
            yield True
        # By distance, for a clock may be set back.
        elif abs(self._clock() - failed_at) < line.between or not line.asking.acquire(blocking=False):
            yield False
        else:
            try:
                yield True
            finally:
                line.asking.release()
