"""A provider that gives no answer: who asks it then, for everybody together.

Else everybody's request would wait for it, one after another, and hold all threads of a server; and a provider that
refuses at once, because it has too much to do, would be asked by all sessions of all processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

__all__ = ["Silence"]

#: A provider that gave no answer is asked again by one process after this time at the soonest (seconds).
_BETWEEN = 1.0


class Silence:
    """Whether a provider gave no answer last time, in one process. `clock`: seconds since 1970."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._since: float | None = None  # when it gave none last; set whole, so no lock
        self._trying = Lock()

    def note(self, *, is_silent: bool) -> None:
        """Take note of an answer, or of none."""
        self._since = self._clock() if is_silent else None

    @contextmanager
    def trying(self, *, must: bool) -> Iterator[bool]:
        """Hold the right to ask for the block, and yield whether it was to be had: `must` has it in any case.

        Everybody has it unless the provider is silent. Then one at a time has, a second after the last one's end.
        """
        since = self._since
        if since is None or must:
            yield True
        # By distance, for a clock may be set back.
        elif abs(self._clock() - since) < _BETWEEN or not self._trying.acquire(blocking=False):
            yield False
        else:
            try:
                yield True
            finally:
                self._trying.release()
