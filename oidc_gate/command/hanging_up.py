"""SIGHUP to `run`: the settings are read again, from where they stand, and the process stays."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Thread

__all__ = ["reading_at_hangup"]

#: The terminal that a process belongs to, whatever its name is.
_TERMINAL = "/dev/tty"


@contextmanager
def reading_at_hangup(read: Callable[[], object]) -> Iterator[None]:
    """Have SIGHUP call this, in a thread of its own and one call at a time, for it may block.

    The signal is also how a terminal says that it is gone; then the process ends, as any other does that is not started
    with `nohup`.
    """
    turn, began_at_terminal = Lock(), _has_terminal()

    def in_turn() -> None:
        with turn:
            read()

    def heard(*_: object) -> None:
        if began_at_terminal and before != signal.SIG_IGN and not _has_terminal():
            signal.raise_signal(signal.SIGTERM)
        else:
            Thread(target=in_turn, name="oidc_gate-hangup", daemon=True).start()

    before = None
    with suppress(AttributeError):  # Windows has no such signal
        before = signal.signal(signal.SIGHUP, heard)
    try:
        yield
    finally:
        with suppress(AttributeError):
            signal.signal(signal.SIGHUP, before)


def _has_terminal() -> bool:
    with suppress(OSError):
        os.close(os.open(_TERMINAL, os.O_RDONLY))
        return True
    return False
