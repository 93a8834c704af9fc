"""What a login costs at the callback: the processor time of the gate's own thread, the provider's not counted."""

from __future__ import annotations

import time
from statistics import median

from benchmarks.canned_provider import CannedProvider
from benchmarks.gated import finish_login, gated, start_login
from benchmarks.measuring import Effort, say
from benchmarks.report import Row
from benchmarks.traffic import ask_wsgi

__all__ = ["rows"]


def rows(provider: CannedProvider, effort: Effort) -> list[Row]:
    """Measure whole callbacks: code exchange over a kept connection, verification, session."""
    say("callback")
    gate = gated("WSGI", provider)
    took = []
    for _ in range(effort.callbacks + 3):
        request = finish_login(gate, provider, *start_login(gate))
        start = time.thread_time_ns()
        answer = ask_wsgi(gate.app, request)
        took.append((time.thread_time_ns() - start) / 1e6)
        assert answer.status == 302, answer
        assert answer.header("location") == "/reports/7", answer
    # The first ones fetch the keys and open the connection.
    return [Row("WSGI", "callback, kept connection: CPU of the gate's thread", median(took[3:]), "ms", limit=1.0)]
