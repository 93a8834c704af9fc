"""`python -m tests.soak [--minutes 60] [--out soak-report]`: exit status 1 when something was wrong."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.soak.run import soak

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--out", type=Path, default=Path("soak-report"))
    asked = parser.parse_args()
    sys.exit(soak(asked.minutes * 60, asked.out))
