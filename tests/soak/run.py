"""One soak: everything is started, goes on for its time, and is looked at."""

from __future__ import annotations

import platform
import shutil
import statistics
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.soak.faults import Faults
from tests.soak.fleet import Fleet, Server, Usage, fleet
from tests.soak.judge import Judge
from tests.soak.others import Live, Strangers
from tests.soak.people import Person
from tests.soak.picture import Band, Chart, Curve, drawn

__all__ = ["soak"]

PEOPLE = 6
#: What is taken after this part of the time is compared with what is taken at the end.
WARM_UP = 0.3
#: A worker may take so much more at the end than after warming up.
MORE_MEMORY, MORE_THREADS, MORE_FILES = 16.0, 8, 12
#: So many lines of the log are fine for each fault at each server, beside one for each answer that told of an error.
LINES_A_FAULT, LINES_IN_ANY_CASE = 60, 60


def soak(seconds: float, out: Path) -> int:
    """Run it, write the report, print a summary, and return the exit status."""
    out.mkdir(parents=True, exist_ok=True)
    over = threading.Event()
    with TemporaryDirectory(prefix="soak-") as made, fleet(Path(made)) as running:
        judge = Judge()
        faults = Faults(running, judge, over)
        crowd = [
            [Person(server, number, running.provider, judge) for number in range(PEOPLE)] for server in running.servers
        ]
        with ThreadPoolExecutor(100) as pool:
            for server, people in zip(running.servers, crowd, strict=True):
                strangers = Strangers(server, people, running.provider, judge)
                live = Live(server, Person(server, 99, running.provider, judge), judge)
                works = [*(person.live for person in people), strangers.come, live.hold]
                for work in works:
                    pool.submit(work, over)
            happening = pool.submit(faults.happen, max(4.0, min(30.0, seconds / 60)))
            _watch(running, judge, seconds, happening)
            over.set()
            failed = happening.exception()
        if failed is not None:
            judge.accuse("soak", f"a fault failed itself, and none came after it: {failed!r}")
        lines = _looked_at(running, judge)
        report = _summary(running, judge, seconds, lines)
        (out / "report.txt").write_text(report)
        (out / "picture.svg").write_text(_picture(running, judge))
        for server in running.servers:
            shutil.copy(server.process.log, out / f"{server.name}.log")
    print(report)
    print(f"\nin {out}: report.txt, picture.svg, and the log of each server")
    return 1 if judge.wrong else 0


def _watch(running: Fleet, judge: Judge, seconds: float, happening: Future[None]) -> None:
    """Sample what all processes take until the time is over, or nothing happens any more."""
    while judge.now() < seconds and not happening.done():
        for server in running.servers:
            server.sample(judge.now())
        running.provider.requests.clear()  # it keeps every one
        time.sleep(2.0)


def _looked_at(running: Fleet, judge: Judge) -> dict[str, int]:
    """Judge what is to be judged at the end; return the lines of each log."""
    for failure in running.provider.failures:
        judge.accuse("provider", f"it failed itself: {failure!r}")
    lines = {}
    for server in running.servers:
        for leak in leaks(server, judge.now()):
            judge.accuse(server.name, leak)
        log = server.log
        lines[server.name] = len(log)
        for number, line in enumerate(log):
            if line.startswith("Traceback"):
                judge.accuse(server.name, "a traceback in the log: " + " | ".join(log[number : number + 40])[-1500:])
        errors = sum(
            count for what, count in judge.answers.items() if what.split(": ")[1] in ("400", "401", "403", "500", "503")
        )
        most = LINES_IN_ANY_CASE + LINES_A_FAULT * len(judge.faults) + errors
        if len(log) > most:
            judge.accuse(server.name, f"the log has {len(log)} lines, more than {most}")
    return lines


def leaks(server: Server, ended: float) -> list[str]:
    """Return what the oldest workers of a server take more at the end than after they had warmed up."""
    found = []
    for pid, samples in server.samples.items():
        began, last = samples[0][0], samples[-1][0]
        if last - began < 0.8 * ended:
            continue  # it was killed, or came later
        third = (last - began) * (1 - WARM_UP) / 3
        warm = [usage for at, usage in samples if began + (last - began) * WARM_UP <= at < last - 2 * third]
        end = [usage for at, usage in samples if at >= last - third]
        for name, most in {"memory": MORE_MEMORY, "threads": MORE_THREADS, "files": MORE_FILES,
                           "connections": MORE_FILES}.items():  # fmt: skip
            before, after = (statistics.median(getattr(usage, name) for usage in each) for each in (warm, end))
            if after > before + most:
                found.append(f"LEAK: worker {pid} takes {after:.1f} of {name}, and took {before:.1f}")
    return found


def _oldest(server: Server) -> list[tuple[float, Usage]]:
    return max(server.samples.values(), key=len)


def _summary(running: Fleet, judge: Judge, seconds: float, lines: dict[str, int]) -> str:
    answers = sum(judge.answers.values())
    parts = [
        f"{seconds / 60:.1f} minutes, Python {platform.python_version()}: {answers:,} answers",
        f"{sum(bool(fault.name) for fault in judge.faults)} faults, {len(judge.wrong)} wrong",
        "",
        "answers, by kind",
        *(f"  {what:<28}{count:>9,}" for what, count in sorted(judge.answers.items())),
        "",
        "faults",
        *(f"  {fault.begun:8.1f} to {fault.ended:8.1f} s  {fault.name}" for fault in judge.faults if fault.name),
        "",
        "the oldest worker: MiB, threads, descriptors, connections, after the warm-up and at the end; lines of the log",
    ]
    for server in running.servers:
        samples = _oldest(server)
        first, last = samples[int(len(samples) * WARM_UP)][1], samples[-1][1]
        pairs = "  ".join(
            f"{getattr(first, name):6.1f} {getattr(last, name):6.1f}"
            for name in ("memory", "threads", "files", "connections")
        )
        parts.append(f"  {server.name:<18}{pairs}  {lines[server.name]:>6}")
    waits = sorted(wait for _, wait in judge.waits) or [0.0]
    longest, usual = waits[-1], waits[int(len(waits) * 0.99)]
    parts += ["", f"the signed-in waited for {longest:.1f} s at most, 99 of 100 for less than {usual:.2f} s"]
    parts += ["", "wrong" if judge.wrong else "nothing was wrong", *judge.wrong]
    return "\n".join(parts) + "\n"


def _picture(running: Fleet, judge: Judge) -> str:
    ended = judge.now()
    outcomes = sorted({outcome for each in judge.by_second.values() for outcome in each})
    step = max(1, int(ended / 300))
    answers = []
    for outcome in outcomes:
        rates = [
            sum(judge.by_second.get(at + more, Counter[str]())[outcome] for more in range(step)) / step
            for at in range(0, int(ended), step)
        ]
        answers.append(Curve(outcome, [((number + 0.5) * step, rate) for number, rate in enumerate(rates)]))
    longest: dict[int, float] = {}
    for at, wait in judge.waits:
        longest[int(at / step)] = max(wait, longest.get(int(at / step), 0.0))
    waits = Curve("longest wait", [((at + 0.5) * step, wait) for at, wait in sorted(longest.items())])
    charts = [Chart("answers a second", "", answers), Chart("waits of the signed-in", "s", [waits])]
    names = {"memory": "MiB", "threads": "", "files": "", "connections": ""}
    for name, unit in names.items():
        curves = [
            Curve(server.name, [(at, float(getattr(usage, name))) for at, usage in _oldest(server)])
            for server in running.servers
        ]
        charts.append(Chart(f"{name} of the oldest worker", unit, curves))
    bands = [Band(fault.name, fault.begun, fault.ended) for fault in judge.faults if fault.name]
    return drawn(f"a soak of {ended / 60:.0f} minutes; yellow: faults", ended, charts, bands)
