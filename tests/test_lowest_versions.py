"""The lowest versions that setup.cfg allows: what `make lowest` is run with, and what advisories call for."""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: The extras that users install.
USERS = ("yaml", "cel", "redis", "prometheus", "opentelemetry", "run", "proxy", "demo", "examples")
#: Below these, somebody else's advisory is ours too.
FLOORS = {
    "authlib": (1, 7, 1),
    "cryptography": (46, 0, 7),
    "joserfc": (1, 6, 3),
    "requests": (2, 32, 4),
    "urllib3": (2, 7),
}


def lowest() -> dict[str, tuple[int, ...]]:
    said = subprocess.run([sys.executable, ".ci/lowest-versions"], cwd=ROOT, check=True, capture_output=True, text=True)
    pairs = (line.split(" == ") for line in said.stdout.splitlines())
    return {name: tuple(int(part) for part in version.split(".")) for name, version in pairs}


@pytest.mark.parametrize("name", FLOORS)
def test_no_version_with_an_advisory_is_allowed(name: str) -> None:
    assert lowest()[name] >= FLOORS[name]


def test_every_dependency_of_users_has_a_lowest_version() -> None:
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = (setup["options.extras_require"][name] for name in USERS)
    lines = "\n".join((setup["options"]["install_requires"], *extras)).splitlines()
    named = [line for line in lines if line and not line.startswith("%")]  # that is another extra
    declared = {re.split(r"[^A-Za-z0-9_.-]", line, maxsplit=1)[0].lower() for line in named}
    assert set(lowest()) == declared
