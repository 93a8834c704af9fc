"""The file of a SQLite store: made, and looked at, where that takes nothing from SQLite.

POSIX has a process lose all its locks on a file as soon as it closes that file, whichever of its openings that was
(https://www.sqlite.org/howtocorrupt.html, 2.2). If SQLite's were gone, another process that ends would take itself for
the last one and remove the write-ahead log, and what this one writes from then on nobody else would ever see. So no
file is closed here that SQLite may have open in this process.
"""

from __future__ import annotations

import os
import struct
import threading
from contextlib import suppress
from pathlib import Path

__all__ = ["SCHEMA_VERSION", "Place", "head", "is_wal", "made", "place_of", "wrong_with"]

SCHEMA_VERSION = 1
#: Device and inode of a file, to tell one from another that took its place.
Place = tuple[int, int]

#: How each database begins, and the place of `user_version`: https://www.sqlite.org/fileformat.html, 1.3.
_HEADER, _MAGIC = struct.Struct(">16s44xi"), b"SQLite format 3\0"
_WAL_AT = 18  # the version that writing takes, 2 for WAL
#: The files that SQLite has open in this process, or had.
_OPENED: set[Place] = set()
#: Held while a file is open here, and to say that SQLite opens one.
_LOOKING = threading.Lock()


def made(path: Path) -> Place:
    """Make the file where there is none, and have it be SQLite's from now on. Raises OSError.

    It is readable by its owner only, which SQLite itself would leave to the umask.
    """
    with _LOOKING:
        with suppress(FileExistsError):
            os.close(os.open(os.path.realpath(path), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        place = place_of(path)
        _OPENED.add(place)
    return place


def place_of(path: Path) -> Place:
    """Return which file this is now. Raises OSError."""
    status = path.stat()
    return status.st_dev, status.st_ino


def head(path: Path) -> bytes | None:
    """Return how the file begins; None where it is SQLite's. Raises OSError."""
    with _LOOKING:
        if place_of(path) in _OPENED:
            return None
        with path.open("rb") as file:
            return file.read(_HEADER.size)


def is_wal(begins: bytes) -> bool:
    """Tell whether a file that begins so is in WAL mode."""
    return begins[_WAL_AT : _WAL_AT + 1] == b"\x02"


def wrong_with(path: Path) -> str:
    """Return what keeps a database from being there, or `""`; one that was opened before is good. Raises OSError."""
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {folder}; make it, or correct the path"
    if path.is_dir():
        return f"{path} is a folder; name a file in it, like {path.name}/sessions.db"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"this process may not write to the folder {folder}, and SQLite keeps more files there"
    if not path.exists():
        return ""
    if not path.is_file() or not os.access(path, os.R_OK | os.W_OK):
        return f"{path} is no file that this process may read and write"
    begins = head(path)
    if not begins:
        return ""
    magic, version = _HEADER.unpack(begins) if len(begins) == _HEADER.size else (b"", 0)
    if magic != _MAGIC:
        return f"{path} is another kind of file, no SQLite database; name one that is not there yet"
    return "" if version in (0, SCHEMA_VERSION) else f"{path} was written by another version of oidc_gate"


with suppress(AttributeError):  # Windows knows no fork
    os.register_at_fork(before=_LOOKING.acquire, after_in_parent=_LOOKING.release, after_in_child=_LOOKING.release)
