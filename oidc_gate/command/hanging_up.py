"""SIGHUP to `run`: the settings are read again, from where they stand, and the process stays."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Thread
from typing import Any

__all__ = ["read_at_hangup", "reading_at_hangup", "terminal_watch"]

#: The terminal that a process belongs to, whatever its name is.
_TERMINAL = "/dev/tty"


def read_at_hangup(read: Callable[[], object], is_over: Callable[[], bool] = lambda: False) -> Any:
    """Have SIGHUP call this, in a thread of its own and one call at a time, for it may block.

    `is_over`: whether the signal is to end the process instead. Return what it did before.
    """
    turn = Lock()

    def in_turn() -> None:
        with turn:
            read()

    def heard(*_: object) -> None:
        if is_over():
            signal.raise_signal(signal.SIGTERM)
        else:
            Thread(target=in_turn, name="oidc_gate-hangup", daemon=True).start()

    with suppress(AttributeError):  # Windows has no such signal
        return signal.signal(signal.SIGHUP, heard)


@contextmanager
def reading_at_hangup(read: Callable[[], object]) -> Iterator[None]:
    """Have SIGHUP call this while the block lasts, and end the process where its terminal has gone."""
    before = read_at_hangup(read, terminal_watch())
    try:
        yield
    finally:
        with suppress(AttributeError):
            signal.signal(signal.SIGHUP, before)


def terminal_watch() -> Callable[[], bool]:
    """Return what tells whether the terminal that this process has now has gone since.

    That is what SIGHUP says then; it ends the process, as any other that is not started with `nohup`.
    """
    has_one = _has_terminal()
    with suppress(AttributeError):
        has_one = has_one and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN
    return lambda: has_one and not _has_terminal()


def _has_terminal() -> bool:
    with suppress(OSError):
        os.close(os.open(_TERMINAL, os.O_RDONLY))
        return True
    return False
