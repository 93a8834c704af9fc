"""Have Prometheus' own promtool check the alert rules, and try them on made-up series: `make monitoring`.

It is built from the Go module proxy into `.providers/`, which takes minutes and some 2 GB the first time.
"""

from __future__ import annotations

import sys

from tests.real_providers.installing import go_module, run
from tests.real_providers.provider import UnavailableError
from tests.test_monitoring import FOLDER

#: Of Prometheus; its Go module has versions of its own, v0.N.P for N.P of 3.
VERSION = "v0.316.0"


def main() -> int:
    """Check and try the rules; return the exit status."""
    try:
        promtool = str(go_module("promtool", "github.com/prometheus/prometheus", VERSION, package="./cmd/promtool"))
        for arguments in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"]):
            print(run([promtool, *arguments], cwd=FOLDER))
    except UnavailableError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
