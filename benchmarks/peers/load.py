"""Load on one entrant: `wrk` sends the requests, and what it cannot tell is looked at beside it."""

from __future__ import annotations

import resource
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.peers.processes import busy_seconds, cpu_seconds

__all__ = ["Load", "WrongAnswerError", "under_load"]

SCRIPT = Path(__file__).parent / "wrk.lua"
#: How far the mean size of the answers may be from that of the right one: a redirect in its place is far from it.
TOLERANCE = 0.03
#: Seconds between two looks at whether the entrant still gates.
PROBE = 0.5


class WrongAnswerError(Exception):
    """An entrant let through whom it should not, or did not let through whom it should."""


@dataclass(frozen=True)
class Load:
    """Figures of one load: requests a second, milliseconds, microseconds of processor time of a request.

    `others`: the cores that neither the entrant nor `wrk` used, on the average.
    """

    rate: float
    p50: float
    p99: float
    cpu: float
    others: float


def under_load(
    url: str,
    headers: dict[str, str],
    size: int,
    roots: Sequence[int],
    *,
    seconds: int,
    connections: int,
    probe: Callable[[], None],
) -> Load:
    """Send requests for so long, as many at once as there are connections, and keep asking `probe` meanwhile.

    Raises:
        WrongAnswerError: the answers were not of about this size in bytes, connections failed, or `probe` raises it.
        RuntimeError: `wrk` itself failed.

    """
    probe()
    flags = [flag for name, value in headers.items() for flag in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", str(SCRIPT), *flags, url]
    used, busy, wrks = cpu_seconds(roots), busy_seconds(), _children()
    with _Probing(probe) as probing:
        done = subprocess.run(command, capture_output=True, text=True)
    used, busy, wrks = cpu_seconds(roots) - used, busy_seconds() - busy, _children() - wrks
    said = done.stdout.splitlines()
    if done.returncode or not said[-1:] or not said[-1].startswith("RACE "):
        raise RuntimeError(f"wrk ended with {done.returncode}: {done.stderr[:200]}")
    figures = said[-1].split()[1:]
    requests, received, microseconds, p50, p99, errors = map(int, figures)
    if probing.wrong is not None:
        raise probing.wrong
    if errors or not requests:
        raise WrongAnswerError(f"{errors} of {requests} requests failed")
    if abs(received / requests - size) > TOLERANCE * size:
        raise WrongAnswerError(f"answers of {received / requests:.0f} bytes in place of {size}")
    took = microseconds / 1e6
    return Load(requests / took, p50 / 1000, p99 / 1000, used * 1e6 / requests, max(0.0, busy - used - wrks) / took)


def _children() -> float:
    """Return the processor time of this process's children that have ended: of `wrk`."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


class _Probing:
    """Asks now and then, in a thread; `wrong` is the first wrong answer."""

    def __init__(self, probe: Callable[[], None]) -> None:
        self.wrong: WrongAnswerError | None = None
        self._probe = probe
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._over.wait(PROBE):
            try:
                self._probe()
            except WrongAnswerError as wrong:
                self.wrong = wrong
                return
            except OSError as error:
                self.wrong = WrongAnswerError(f"no answer beside the load: {error}")
                return
