"""Runs blocks of Python, each by itself in one process: `python -m tests.documented.running` reads them from stdin.

Stdin is JSON, a list of `[name, text]`; stdout is JSON, the tracebacks by name. The settings of a gate stand in the
environment. What a block logs, or prints, goes to stderr.
"""

from __future__ import annotations

import contextlib
import json
import sys
import traceback

__all__ = ["run"]


def run(blocks: list[tuple[str, str]]) -> dict[str, str]:
    """Run each block in names of its own, and return the tracebacks of those that fail."""
    failed = {}
    for name, text in blocks:
        try:
            exec(compile(text, name, "exec"), {"__name__": "block"})
        except Exception:
            failed[name] = traceback.format_exc(limit=-1)
    return failed


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):
        found = run(json.load(sys.stdin))
    json.dump(found, sys.stdout)
