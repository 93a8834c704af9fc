"""How times and memory are taken, so that a difference of a microsecond means something."""

from __future__ import annotations

import gc
import os
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter_ns
from typing import Any

__all__ = ["BATCH", "Effort", "Times", "Variant", "measure", "pin", "resident_bytes", "say"]

#: Requests that are made ahead and then timed in one go: enough that the clock costs nothing, few enough that they are
#: still in the processor's cache when they are answered, as a request is that the server has just read.
BATCH = 4
MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Effort:
    """How much is done for one figure. `QUICK` is to see that everything runs; its figures mean nothing."""

    rounds: int
    batches: int
    flood: int
    small_sessions: int
    large_sessions: int
    processes: int
    callbacks: int
    browsers: tuple[int, ...]


FULL = Effort(
    9,
    300,
    flood=100_000,
    small_sessions=20_000,
    large_sessions=6_000,
    processes=9,
    callbacks=300,
    browsers=(1, 5_000, 20_000),
)
QUICK = Effort(1, 2, flood=500, small_sessions=200, large_sessions=50, processes=1, callbacks=5, browsers=(1, 3, 5))


@dataclass(frozen=True)
class Variant:
    """One way of answering: `make` gives a fresh request (not timed), `serve` answers it (timed)."""

    name: str
    make: Callable[[], Any]
    serve: Callable[[Any], None]


class Times:
    """What each variant took in each round, in microseconds a request."""

    def __init__(self, rounds: dict[str, list[float]]) -> None:
        self._rounds = rounds

    def of(self, name: str) -> float:
        """Return the median over the rounds."""
        return median(self._rounds[name])

    def added(self, name: str, to: str) -> float:
        """Return what the first takes more than the second: the median of the differences within each round."""
        return median(more - less for more, less in zip(self._rounds[name], self._rounds[to], strict=True))


def measure(variants: Sequence[Variant], effort: Effort) -> Times:
    """Time the variants, in a new order in each round, so that what the machine does meanwhile hits them all alike.

    A round counts with the median of its batches: one in which the process was interrupted does not move it. The
    garbage collector runs between the batches only: when it runs within one depends on what ran before.
    """
    rounds: dict[str, list[float]] = {variant.name: [] for variant in variants}
    order = list(variants)
    gc.collect()
    gc.freeze()
    try:
        for number in range(effort.rounds):
            say(f"round {number + 1} of {effort.rounds}")
            random.shuffle(order)
            for variant in order:
                _batch(variant)
                rounds[variant.name].append(median(_batch(variant) for _ in range(effort.batches)))
    finally:
        gc.unfreeze()
    return Times(rounds)


def _batch(variant: Variant) -> float:
    serve = variant.serve
    requests = [variant.make() for _ in range(BATCH)]
    gc.disable()
    try:
        start = perf_counter_ns()
        for request in requests:
            serve(request)
        return (perf_counter_ns() - start) / 1000 / BATCH
    finally:
        gc.enable()


def pin() -> None:
    """Keep this process, and those it starts from now on, on one core: moving between cores costs a cold cache."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def resident_bytes() -> int:
    """Return the memory that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def say(text: str) -> None:
    """Tell how far the run is; standard output is kept for the table."""
    print(text, file=sys.stderr, flush=True)
