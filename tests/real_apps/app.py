"""What is known of each real app: how it is installed and gated, and its row in the table of docs/apps/README.md."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGES", "App", "Way", "apps"]

HERE = Path(__file__).parent
PAGES = HERE.parents[1] / "docs" / "apps"
#: The port that the documents name for the gate; where the tests run a command, a free one stands in its place.
GATE_PORT = 8000


@dataclass(frozen=True)
class Way:
    """One way to put the gate in front of an app.

    `gate` is the command that starts the gate, on port 8000 unless it says otherwise itself. `app` is a command that is
    started before it, on `app_port`, which `gate` or `env` names too. Where the gate is a proxy that is the app's own
    server, and the gate runs outside the app's virtual environment; else a server that the app needs. `env` is set
    for both, with the folder in the place of `$PWD`, and the pages say so. `limit`: seconds until it must have started.
    """

    name: str
    gate: str
    app: str = ""
    app_port: int = 0
    env: tuple[tuple[str, str], ...] = ()
    limit: float = 300.0

    @property
    def is_proxy(self) -> bool:
        return "://" in self.gate

    @property
    def commands(self) -> list[str]:
        """What a person types, in this order."""
        return [command for command in (self.app, self.gate) if command]


@dataclass(frozen=True)
class App:
    """One app, of the folder `name`. What follows `setup` are the cells of its row, as Markdown.

    `packages` are installed, the newest there are, together with the gate; the first one's version is told. `setup` are
    commands that are run once, in the app's folder, before any way.
    """

    name: str
    title: str
    packages: tuple[str, ...]
    ways: tuple[Way, ...]
    setup: tuple[str, ...] = ()
    gated: str = ""
    settings: str = ""
    sees: str = ""
    ends: str = ""

    @property
    def folder(self) -> Path:
        """Where the files are that its user writes."""
        return HERE / self.name / "app"

    @property
    def files(self) -> Iterator[tuple[str, str]]:
        """Name and text of each file that its user writes."""
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                yield str(path.relative_to(self.folder)), path.read_text(encoding="utf-8")

    @property
    def page(self) -> Path:
        return PAGES / f"{self.name}.md"


def apps() -> list[App]:
    """Return all apps that there are, by name."""
    names = sorted(path.parent.name for path in HERE.glob("*/journey.py"))
    return [importlib.import_module(f"tests.real_apps.{name}").APP for name in names]
