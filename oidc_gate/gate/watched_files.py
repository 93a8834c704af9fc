"""What stands in files, told from what stood there before: by content, and by which file it is and when it changed.

A name may lead to another file than before (Kubernetes swaps a symbolic link for all files of a volume), a file may be
written in place, and a clock of files may be too coarse to tell two writes apart. So each look opens what the name
leads to now, and reads it.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, TypeAlias

from oidc_gate.errors import SettingsError

__all__ = ["FileState", "FileStates", "are_settled", "check_regular", "contents", "irregular", "look_at"]

_IRREGULAR, _UNREADABLE = "no regular file", "unreadable"


class FileState(NamedTuple):
    """What was seen of one file.

    `content`: a hash of it, or in words why it cannot be read. `place`: device, inode, size, and the times at which it
    was written and changed, in nanoseconds; `()` where there is no such file.
    """

    content: bytes | str
    place: tuple[int, ...] = ()


FileStates: TypeAlias = dict[Path, FileState]


def look_at(paths: Iterable[Path]) -> FileStates:
    """Return what stands in these files now. May block."""
    return {path: _state(path) for path in paths}


def _state(path: Path) -> FileState:
    try:
        # What is no file must not hold up whoever opens it, as a pipe does until somebody writes.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError) as error:  # ValueError: no file has such a name
        return FileState(errno.errorcode.get(getattr(error, "errno", 0), _UNREADABLE))
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return FileState(_IRREGULAR)
        place = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return FileState(sha256(file.read()).digest(), place)
    except OSError:  # of a network's file system, or a disk that fails
        return FileState(_UNREADABLE)
    finally:
        os.close(descriptor)


def contents(states: Mapping[Path, FileState]) -> dict[Path, bytes | str]:
    """Return what stands in the files, whenever it was written."""
    return {path: state.content for path, state in states.items()}


def irregular(states: Mapping[Path, FileState]) -> Path | None:
    """Return one that is no regular file, so that it may not say the same twice, or nothing at all; or None."""
    return next((path for path, state in states.items() if state.content == _IRREGULAR), None)


def check_regular(states: Mapping[Path, FileState]) -> None:
    """Raise SettingsError for one that is no regular file: whoever reads it may wait for ever."""
    path = irregular(states)
    if path is not None:
        raise SettingsError(f"{path} is no regular file, which could be read again.")


def are_settled(before: Mapping[Path, FileState], states: Mapping[Path, FileState], seconds: float) -> bool:
    """Return whether all that is not as it was before has been as it is for so long, by the clock of the files."""
    latest = time.time() - seconds
    changed = [state.place for path, state in states.items() if before.get(path, state) != state]
    return all(place and place[-1] / 1e9 <= latest for place in changed)
