"""What an entrant of the race is, and the ground on which it starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.canned_provider import AUDIENCE, CLIENT_ID, CLIENT_SECRET, CannedProvider
from benchmarks.peers.processes import free_port, served

__all__ = ["Entrant", "Ground", "InstallError"]


class InstallError(Exception):
    """What an entrant needs cannot be had here; the text says why."""


@dataclass
class Ground:
    """Where one entrant's servers run: the last one started is the one that is asked, all of them are weighed."""

    provider: CannedProvider
    stack: ExitStack
    folder: Path
    roots: list[int] = field(default_factory=list)
    url: str = ""

    def serve(self, argv: Sequence[str], port: int = 0, **environment: str) -> str:
        """Start a server, `{port}` in its arguments, and return its address.

        All are told of the provider in the environment: see `benchmarks.peers.apps`.
        """
        port = port or free_port()
        url = f"http://127.0.0.1:{port}"
        told = {
            "RACE_ISSUER": self.provider.issuer,
            "RACE_CLIENT_ID": CLIENT_ID,
            "RACE_CLIENT_SECRET": CLIENT_SECRET,
            "RACE_AUDIENCE": AUDIENCE,
            "RACE_URL": url,
        }
        arguments = [each.replace("{port}", str(port)) for each in argv]
        running = served(arguments, port, told | environment, self.folder / "log")
        self.roots.append(self.stack.enter_context(running))
        self.url = url
        return url


@dataclass(frozen=True)
class Entrant:
    """One way to have a login in front of "hello", or the bare app.

    Attributes:
        name: as `RACE` gives it.
        bare: the bare entrant whose cost is taken off; "" for a bare one.
        install: makes it ready, returns the versions; raises `InstallError`.
        start: starts its servers.
        says: what it checks on a request, for the notes under the table.
        bearer: whether it asks for a token in place of a login.

    """

    name: str
    bare: str
    install: Callable[[], str]
    start: Callable[[Ground], object]
    says: str = ""
    bearer: bool = False
