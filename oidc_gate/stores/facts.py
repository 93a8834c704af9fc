"""What an operator may want to know of a store beside whether it answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

__all__ = ["FileFacts", "ServerFacts", "file_system"]

_MOUNTS = Path("/proc/self/mountinfo")
_ESCAPED = re.compile(r"\\([0-7]{3})")


class ServerFacts(NamedTuple):
    """One Redis server that sessions are written to.

    - `limit`: the memory it may take, 0 without a limit; `policy`: what it does then. `limit` is -1 where the user may
      not ask.
    - `is_replica`: whether it takes no writes.
    - `ahead`: by how many seconds its clock is ahead of this machine's.
    - `behind`: how many seconds ago the slowest of its replicas has last told how far it is, `inf` where one is not
      being told anything; 0 without a replica, or where the user may not ask.
    """

    place: str
    limit: int
    policy: str
    is_replica: bool
    ahead: float
    behind: float = 0.0


class FileFacts(NamedTuple):
    """A SQLite file; `is_there`, and whether it is in WAL mode. `kind`: of the file system, `""` where nobody tells."""

    path: str
    is_there: bool
    is_wal: bool
    kind: str


def file_system(path: Path) -> str:
    """Return the kind of file system that a path is on, as Linux names it, `""` where that is not told."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ""
    found, longest = "", -1
    for line in lines:
        mount, _, rest = line.partition(" - ")
        point = Path(_ESCAPED.sub(lambda match: chr(int(match[1], 8)), mount.split(" ")[4]))
        if path.is_relative_to(point) and len(point.parts) >= longest:  # of two at one place the later hides the other
            found, longest = rest.partition(" ")[0], len(point.parts)
    return found
