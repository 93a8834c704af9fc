"""Servers of an entrant: started on a free port, weighed with all their processes, and stopped by their ids."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.end_to_end import ROOT

__all__ = ["busy_seconds", "cpu_seconds", "free_port", "mebibytes", "served"]

TICKS = os.sysconf("SC_CLK_TCK")
#: How long a server may take to answer, in seconds: the machine may have other work.
PATIENCE = 120


def free_port() -> int:
    """Return a port of this machine that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


@contextmanager
def served(argv: Sequence[str], port: int, environment: dict[str, str], log: Path) -> Iterator[int]:
    """Run a server until it is no longer wanted; return its process id once its port can be reached.

    Raises:
        RuntimeError: it ended, or did not answer in time; with the last lines that it wrote.

    """
    with log.open("ab") as written:
        process = subprocess.Popen(
            argv,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            start_new_session=True,  # a Ctrl-C is for the race, which then stops all of them
        )
    try:
        _wait(process, port, log)
        yield process.pid
    finally:
        _stop(process)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
            return
        if process.poll() is not None:
            break
        time.sleep(0.005)
    last = " / ".join(log.read_text(errors="replace").splitlines()[-3:])
    raise RuntimeError(f"the server did not start: {last[-400:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    family = _family([process.pid])
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(20)
    for each in family:
        with contextlib.suppress(ProcessLookupError):
            if os.getsid(each) == process.pid:  # not another process that has the number by now
                os.kill(each, signal.SIGKILL)
    process.wait()


def _family(roots: Sequence[int]) -> dict[int, list[str]]:
    """Return the processes and their descendants, each with the fields of its `stat` after the name."""
    found: dict[int, list[str]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # gone meanwhile
            found[int(path.parent.name)] = path.read_text().rpartition(")")[2].split()
    family = {root for root in roots if root in found}
    while more := {each for each, fields in found.items() if int(fields[1]) in family} - family:
        family |= more
    return {each: found[each] for each in family}


def cpu_seconds(roots: Sequence[int]) -> float:
    """Return the processor time of the processes and their descendants, of those that have ended too."""
    ticks = sum(int(field) for fields in _family(roots).values() for field in fields[11:15])
    return ticks / TICKS


def mebibytes(roots: Sequence[int]) -> float:
    """Return the memory of the processes and their descendants; what several share counts by shares (PSS)."""
    kibibytes = 0
    for each in _family(roots):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
            kibibytes += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return kibibytes / 1024


def busy_seconds() -> float:
    """Return the processor time that the whole machine has used since it was started."""
    user, nice, system, _idle, _waiting, irq, softirq = (
        int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8]
    )
    return (user + nice + system + irq + softirq) / TICKS
