"""`python -m tests.fuzz [NAME…] [--seconds 120]`: look for inputs that break a promise, and keep what leads further.

What takes a new path is added to `tests/fuzz/corpus/`, to be committed. What breaks a promise is printed, and ends the
run with exit status 1: it becomes a test with a name.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.corpus import keep
from tests.fuzz.targets import TARGETS

#: How long a run may take beyond its time, to start and to end, in seconds.
SLACK = 300


def main() -> int:
    """Run the targets one after the other; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(TARGETS)}; none: all")
    parser.add_argument("--seconds", type=int, default=120, help="for each target")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(TARGETS):
        parser.error(f"which target is {', '.join(sorted(unknown))}? One of: {', '.join(TARGETS)}")
    return max(fuzz(name, asked.seconds) for name in asked.names or TARGETS)


def fuzz(name: str, seconds: int) -> int:
    """Run one target for so long, and keep what it found; return 1 when a promise was broken."""
    with tempfile.TemporaryDirectory(prefix=f"oidc_gate-fuzz-{name}-") as place:
        folder = Path(place) / "corpus"
        folder.mkdir()
        options = [f"-max_total_time={seconds}", f"-artifact_prefix={place}/", "-print_final_stats=1"]
        argv = [sys.executable, "-m", "tests.fuzz.harness", name, str(folder), *options]
        ended = subprocess.run(argv, check=False, timeout=seconds + SLACK).returncode
        words = json.loads(folder.with_suffix(".json").read_text())
        found = [file.read_bytes() for file in folder.iterdir() if not file.name.startswith("known-")]
        new = keep(name, found, words)
        broken = [file.read_bytes() for file in sorted(Path(place).glob("*-*")) if file.is_file()]
    for data in broken:
        print(f"{name}: this input broke a promise: {data!r}")
    print(f"{name}: {new} inputs that took a new path were added to tests/fuzz/corpus/{name}.txt", flush=True)
    return 1 if ended or broken else 0


if __name__ == "__main__":
    sys.exit(main())
