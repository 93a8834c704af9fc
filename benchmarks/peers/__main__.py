"""`python -m benchmarks.peers [--quick] [--check] [NAME,NAME…]`: see the package."""

from __future__ import annotations

import argparse
import signal
import sys

from benchmarks.peers.entrant import InstallError
from benchmarks.peers.field import chosen
from benchmarks.peers.race import CHECK, FULL, QUICK, race


def main() -> int:
    """Run the race, and return the exit status."""
    parser = argparse.ArgumentParser(prog="make race", description="Logins in front of an app, side by side.")
    parser.add_argument("names", nargs="?", default="", help="which, by how their names begin: gate,oauth2-proxy")
    parser.add_argument("--quick", action="store_true", help="see that it runs, with what needs no installation")
    parser.add_argument("--check", action="store_true", help="sign in everywhere, and measure nothing")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the servers are stopped
    try:
        entrants = chosen(asked.names, quick=asked.quick)
    except InstallError as error:
        parser.error(str(error))
    return race(entrants, CHECK if asked.check else QUICK if asked.quick else FULL)


if __name__ == "__main__":
    sys.exit(main())
