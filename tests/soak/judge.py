"""Which answers are right just now. What is not is kept, and the run has failed.

A fault excuses some answers, at some servers, from its beginning to a while after its end; a session may be over for
those reasons alone that docs/sessions.md names. Nothing ever excuses a protected page without a session, somebody
else's identity, or an error of the server's own (500).
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Excuse", "Fault", "Judge"]

#: What a fault excuses: that the store does not answer; that logins and tokens fail; that connections break; and that
#: sessions are over.
Excuse = Literal["store", "provider", "connection", "session"]
#: Gates and clients need some time to notice that a fault is over (seconds); a machine that is busy needs more.
SLACK = 25.0


@dataclass
class Fault:
    """Something that goes wrong. `at`: the servers that it concerns, by their names, None for all."""

    name: str
    excuses: frozenset[Excuse]
    at: frozenset[str] | None
    begun: float
    ended: float = float("inf")

    def excused(self, excuse: Excuse, server: str, since: float, until: float) -> bool:
        """Return whether it excuses something at a server that was under way between these times."""
        concerns = excuse in self.excuses and (self.at is None or server in self.at)
        return concerns and self.begun <= until and since <= self.ended + SLACK


@dataclass
class Judge:
    """Keeps count. Times are seconds since the start of the run. Thread-safe."""

    started: float = field(default_factory=time.monotonic)
    faults: list[Fault] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    #: Of each second: what was answered, and the longest wait of somebody who is signed in.
    by_second: dict[int, Counter[str]] = field(default_factory=dict)
    waits: list[tuple[float, float]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> float:
        return time.monotonic() - self.started

    # Faults

    def begin(self, name: str, excuses: set[Excuse], at: set[str] | None = None) -> Fault:
        """Take note of a fault that begins."""
        fault = Fault(name, frozenset(excuses), None if at is None else frozenset(at), self.now())
        with self._lock:
            self.faults.append(fault)
        return fault

    def end(self, fault: Fault) -> None:
        """Take note that it is over."""
        fault.ended = self.now()

    def excuses(self, excuse: Excuse, server: str, since: float) -> bool:
        """Return whether something is excused that was under way since then."""
        until = self.now()
        with self._lock:
            return any(fault.excused(excuse, server, since, until) for fault in self.faults)

    # Answers

    def saw(self, kind: str, outcome: str, wait: float | None = None) -> None:
        """Count an answer. `wait`: how long somebody who is signed in has waited for it."""
        at = self.now()
        with self._lock:
            self.answers[f"{kind}: {outcome}"] += 1
            self.by_second.setdefault(int(at), Counter())[outcome] += 1
            if wait is not None:
                self.waits.append((at, wait))

    def accuse(self, server: str, what: str) -> None:
        """Keep what is wrong."""
        with self._lock:
            self.wrong.append(f"{self.now():8.1f} s  {server}: {what}")
