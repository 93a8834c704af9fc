"""The table in Markdown, and what is to be said under it."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks.peers.contender import Contender
from benchmarks.peers.load import Load

__all__ = ["report"]

HEAD = (
    "| entrant | req/s | ± % | p50 / p99 ms | CPU µs | added µs | MiB | without a session: req/s | CPU µs | answer"
    " | login, CPU ms | other cores |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
)
#: Above these, other work was going on: a load average by core before the start, cores in use beside a load.
BUSY_BEFORE, BUSY_BESIDE = 0.25, 0.15


def report(contenders: Sequence[Contender], absent: dict[str, str], load_before: float, how: str) -> str:
    """Return everything that is to be read of a race: machine, table, versions, what each one checks."""
    bare = {each.entrant.name: _cpu(each.loads) for each in contenders if each.loads}
    rows = [_row(each, bare.get(each.entrant.bare)) for each in contenders]
    rows += [f"| {name} | not run: {_cell(why)} |{' |' * 10}" for name, why in absent.items()]
    notes = [
        f"- {each.entrant.name}: {each.versions}{'. On a request: ' * bool(each.entrant.says)}{each.entrant.says}"
        for each in contenders
    ]
    return "\n".join([*_head(contenders, load_before, how), "", HEAD, *rows, "", *notes])


def _head(contenders: Sequence[Contender], load_before: float, how: str) -> list[str]:
    cores = os.cpu_count() or 1
    others = max((load.others for each in contenders for load in each.loads), default=0.0)
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {cores} cores ({_processor()}), {system}; {how}",
        f"Load average before the start {load_before:.2f}; cores used by others beside a load at most {others:.2f}.",
    ]
    if load_before > BUSY_BEFORE * cores or others > BUSY_BESIDE:
        lines.append("**Warning: the machine had other work. Rates and times mean little; processor time is coarse.**")
    return lines


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def _cpu(loads: Sequence[Load]) -> float:
    return median(load.cpu for load in loads)


def _row(contender: Contender, bare: float | None) -> str:
    name = contender.entrant.name
    if contender.wrong:
        return f"| {name} | **not counted**: {_cell(contender.wrong)} |{' |' * 10}"
    loads, anonymous = contender.loads, contender.anonymous
    added = f"{_cpu(loads) - bare:+.0f}" if bare is not None else "-"
    times = f"{median(each.p50 for each in loads):.2f} / {median(each.p99 for each in loads):.1f}"
    rates = [each.rate for each in loads]
    spread = 50 * (max(rates) - min(rates)) / median(rates)
    cells = [name, f"{median(rates):,.0f}", f"{spread:.0f}", times, f"{_cpu(loads):.0f}", added]
    cells += [f"{contender.memory:.0f}"]
    if anonymous:
        cells += [f"{median(each.rate for each in anonymous):,.0f}", f"{_cpu(anonymous):.0f}", contender.sends_away]
    else:
        cells += ["-"] * 3
    cells += ["-" if contender.login_ms is None else f"{contender.login_ms:.1f}"]
    cells += [f"{max(each.others for each in loads):.2f}"]
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "/").split())
