"""The end of a call: what it waits for then is cut off. Time-outs of single steps would let an answer drip for ever.

One thread watches all calls of a process: a thread for each took a tenth of a login. It is there as long as there is
something to watch, and for a moment longer: a call that has come to an end is taken off the list when its time is over
or the thread looks anyway, so that nobody has to wake it for that.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from heapq import heappop, heappush
from itertools import count
from threading import Condition, Thread, local
from typing import Any

__all__ = ["Deadline"]

logger = logging.getLogger("oidc_gate")


class Deadline:
    """The end of one call, in this thread, so many seconds from now; as a context it cuts the connection then."""

    _of_thread = local()

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds
        #: What this call waits for.
        self.sockets: list[Any] = []
        self.is_done = False

    @classmethod
    def watch(cls, sock: Any) -> None:
        """Have this thread's call end with this connection. Raises TimeoutError when its time is over."""
        deadline: Deadline = cls._of_thread.deadline
        with _watching().changes:
            deadline.left()
            deadline.sockets.append(sock)

    def left(self) -> float:
        """Return the seconds that are left. Raises TimeoutError when there are none."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self.at

    def __enter__(self) -> None:
        self._of_thread.deadline = self
        _watching().begin(self)

    def __exit__(self, *_: object) -> None:
        with _watching().changes:  # after it nothing is cut: the connection is soon another call's
            self.is_done = True
            self.sockets.clear()


class _Watch:
    """The calls under way, and the thread that cuts them off."""

    def __init__(self) -> None:
        self.process = os.getpid()
        #: Guards all that is here, and the sockets of each deadline.
        self.changes = Condition()
        self._ends: list[tuple[float, int, Deadline]] = []
        self._numbers = count()
        self._thread: Thread | None = None

    def begin(self, deadline: Deadline) -> None:
        """Watch this one from now on."""
        with self.changes:
            heappush(self._ends, (deadline.at, next(self._numbers), deadline))
            if self._thread is None:
                thread = Thread(target=self._run, name="oidc_gate deadlines", daemon=True)
                thread.start()  # which may fail
                self._thread = thread
            elif self._ends[0][2] is deadline:
                self.changes.notify()

    def _run(self) -> None:
        with self.changes:
            try:
                while (left := self._until_next()) is not None:
                    self.changes.wait(left)
            finally:
                self._thread = None

    def _until_next(self) -> float | None:
        """Cut off what is over; return the seconds until the next end, None where there is nothing to watch."""
        while self._ends:
            at, _, deadline = self._ends[0]
            left = at - time.monotonic()
            if left > 0 and not deadline.is_done:
                return left
            heappop(self._ends)
            for sock in deadline.sockets:
                _cut(sock)
        return None


def _cut(sock: Any) -> None:
    """Shut the connection itself down, and not TLS on it, which another thread is using; urllib3 has TLS within TLS."""
    try:
        socket.socket.shutdown(getattr(sock, "socket", sock), socket.SHUT_RDWR)
    except OSError:
        pass  # it has ended by itself
    except Exception as error:  # one of a kind that is not known must not keep the others
        logger.warning("a call to the provider could not be cut off: %s", type(error).__name__)


_watch = _Watch()


def _watching() -> _Watch:
    """Return this process's. In a forked one whoever watched stayed behind, and so did those who held the lock."""
    global _watch
    if _watch.process != os.getpid():
        _watch = _Watch()
    return _watch
