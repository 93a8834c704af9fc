"""One target under atheris: `python -m tests.fuzz.harness token -max_total_time=120`, with libFuzzer's own options."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["oidc_gate"]):
    from tests.fuzz.targets import TARGETS, seeds


def main() -> None:
    name = sys.argv.pop(1) if len(sys.argv) > 1 else ""
    if name not in TARGETS:
        raise SystemExit(f"which target? one of: {', '.join(TARGETS)}")
    corpus = Path(tempfile.mkdtemp(prefix=f"oidc_gate-fuzz-{name}-"))
    for number, seed in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([*sys.argv, str(corpus)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
