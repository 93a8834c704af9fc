"""What the gate costs on a request, in one table with its limits: `python benchmarks/hot_path.py [--quick]`.

The exit status is 1 when a figure is over its limit. With `--quick` everything runs once, and nothing is judged.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks import callback, in_process, many_browsers, memory, tokens, with_rules, with_telling
from benchmarks.canned_provider import CannedProvider
from benchmarks.measuring import FULL, QUICK, pin
from benchmarks.report import is_within, table


def main() -> int:
    """Measure, print the table, and return the exit status."""
    quick = "--quick" in sys.argv[1:]
    effort = QUICK if quick else FULL
    with CannedProvider() as provider:  # before `pin`: it has the other cores
        pin()
        parts = (in_process, many_browsers, with_rules, tokens, with_telling, callback, memory)
        rows = [row for part in parts for row in part.rows(provider, effort)]
    load = os.getloadavg()[0]
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, load {load:.1f}; µs added over the bare app\n")
    print(table(rows))
    return 0 if quick or is_within(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
