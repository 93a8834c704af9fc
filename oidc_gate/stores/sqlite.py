"""Sessions in one SQLite file, for the processes of one machine.

WAL mode, so that readers and a writer do not wait for each other; a process killed at any moment leaves the file whole.
The file is readable by its owner only.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from weakref import WeakSet

from oidc_gate.errors import SettingsError, StoreError, StoreSetupError
from oidc_gate.stores.contract import Record
from oidc_gate.stores.facts import FileFacts, file_system
from oidc_gate.stores.sqlite_file import SCHEMA_VERSION, Place, head, is_wal, made, place_of, wrong_with

__all__ = ["SQLiteStore"]

_SCHEMA = """
CREATE TABLE sessions (key TEXT PRIMARY KEY, value BLOB NOT NULL, expires REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX sessions_expires ON sessions (expires);
CREATE TABLE names (
    name TEXT NOT NULL, key TEXT NOT NULL REFERENCES sessions ON DELETE CASCADE, PRIMARY KEY (name, key)
) WITHOUT ROWID;
CREATE INDEX names_key ON names (key);
CREATE TABLE claims (name TEXT PRIMARY KEY, expires REAL NOT NULL) WITHOUT ROWID;
"""
#: Expired rows are swept by every so many writes, a bounded number each time.
_SWEEP_EVERY, _SWEEP_ROWS = 100, 1000
_SWEEPS = (
    "DELETE FROM sessions WHERE key IN (SELECT key FROM sessions WHERE expires <= ? LIMIT ?)",
    "DELETE FROM claims WHERE name IN (SELECT name FROM claims WHERE expires <= ? LIMIT ?)",
)
#: What stays as it is until somebody mends the path, its rights or the file.
_LASTING = frozenset({errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.EROFS, errno.ENAMETOOLONG})
_LASTING_IN_SQLITE = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)
#: What a connection keeps of the file in memory, in KiB. Ten times as much, SQLite's own measure, is no faster, for the
#: system has the file in memory too; and each thread that asks has a connection.
_CACHE = 192
#: How long a process waits before it tries again to be the one that makes the tables, in seconds.
_PAUSE = 0.01


class SQLiteStore:
    """Sessions in the file at `path`; `timeout`: the longest wait for another process's write, in seconds.

    `clock` gives seconds since 1970; all processes of the file must agree on it.
    """

    is_one_server = True  # what one request does not get, no other gets

    def __init__(self, path: str, timeout: float, clock: Callable[[], float] = time.time) -> None:
        self._idle: list[tuple[Place, sqlite3.Connection]] = []  # each step with it is one operation: no lock
        self.path = Path(path).absolute()  # the app may change its folder later on
        self._timeout = timeout
        self._clock = clock
        self._writes = 0
        _STORES.add(self)

    def try_out(self, setting: str) -> None:
        """Tell at start-up of a place where no database can be. Raises SettingsError, which names the `setting`.

        Nothing is made or opened as a database: whoever starts a server need not be who its workers run as.
        """
        try:
            wrong = wrong_with(self.path)
        except OSError as error:
            wrong = f"{self.path}: {error.strerror}"
        if wrong:
            raise SettingsError(f"{setting}: {wrong}.")

    def load(self, key: str) -> bytes | None:
        """See `SessionStore.load`."""
        with self._connection() as connection:
            row = connection.execute(
                "SELECT value FROM sessions WHERE key = ? AND expires > ?", (key, self._clock())
            ).fetchone()
        return bytes(row[0]) if row else None

    def save(self, key: str, value: bytes, lifetime: float, names: Sequence[str], _longest: float) -> None:
        """See `SessionStore.save`; names last as long as their sessions."""
        now = self._clock()
        with self._connection() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)", (key, value, now + lifetime))
            connection.executemany("INSERT OR IGNORE INTO names VALUES (?, ?)", [(name, key) for name in names])
            self._sweep(connection, now)

    def replace(self, key: str, value: bytes, lifetime: float, expected: bytes) -> bool:
        """See `SessionStore.replace`."""
        now = self._clock()
        with self._connection() as connection:
            changed = connection.execute(
                "UPDATE sessions SET value = ?, expires = ? WHERE key = ? AND expires > ? AND value = ?",
                (value, now + lifetime, key, now, expected),
            )
        return changed.rowcount == 1

    def delete(self, key: str) -> None:
        """See `SessionStore.delete`."""
        with self._connection() as connection:
            connection.execute("DELETE FROM sessions WHERE key = ?", (key,))

    def delete_named(self, name: str) -> int:
        """See `SessionStore.delete_named`."""
        with self._connection() as connection:
            query = "DELETE FROM sessions WHERE key IN (SELECT key FROM names WHERE name = ?) AND expires > ?"
            return connection.execute(query, (name, self._clock())).rowcount

    def claim(self, name: str, seconds: float) -> bool:
        """See `SessionStore.claim`."""
        now = self._clock()
        with self._connection() as connection:
            claimed = connection.execute(
                "INSERT INTO claims VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET expires = excluded.expires"
                " WHERE claims.expires <= ?",
                (name, now + seconds, now),
            )
        return claimed.rowcount == 1

    def is_claimed(self, name: str) -> bool:
        """See `SessionStore`."""
        query = "SELECT 1 FROM claims WHERE name = ? AND expires > ?"
        with self._connection() as connection:
            return connection.execute(query, (name, self._clock())).fetchone() is not None

    def release(self, name: str) -> None:
        """See `SessionStore.release`."""
        with self._connection() as connection:
            connection.execute("DELETE FROM claims WHERE name = ?", (name,))

    def records(self) -> Iterator[Record]:
        """See `SessionStore.records`."""
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT key, expires FROM sessions WHERE expires > ? ORDER BY expires", (self._clock(),)
            ).fetchall()
        return (Record(*row) for row in rows)

    def facts(self, _: Callable[[], float]) -> FileFacts:
        """Return what can be told of the file; it is opened as a database only if it was before. Raises StoreError."""
        try:
            begins = head(self.path)
        except FileNotFoundError:
            begins = b""
        except OSError as error:
            raise self._down(error) from None
        if begins is None:
            with self._connection() as connection:
                in_wal = connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        else:
            in_wal = is_wal(begins)
        return FileFacts(str(self.path), begins != b"", in_wal, file_system(self.path.parent.resolve()))

    def _sweep(self, connection: sqlite3.Connection, now: float) -> None:
        """Delete what has expired, in passing."""
        self._writes += 1
        if self._writes % _SWEEP_EVERY == 0:
            for statement in _SWEEPS:
                connection.execute(statement, (now, _SWEEP_ROWS))

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection; a new one when none is free, and when the file was replaced or removed."""
        try:
            place, connection = self._borrowed()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            self._idle.append((place, connection))
        except (sqlite3.Error, OSError) as error:
            raise self._down(error) from None

    def _down(self, error: sqlite3.Error | OSError) -> StoreError:
        """Return the error that says so of the store: whether time mends it, and if not, what is to be mended."""
        folder = self.path.parent
        if not folder.is_dir():
            return StoreSetupError("store_unusable", f"SQLite: {self.path}: there is no folder {folder}")
        lasting = isinstance(error, OSError) and error.errno in _LASTING
        if lasting or getattr(error, "sqlite_errorcode", 0) & 0xFF in _LASTING_IN_SQLITE:
            return StoreSetupError("store_unusable", f"SQLite: {self.path}: {type(error).__name__}: {error}")
        return StoreError("store_unavailable", f"SQLite: {type(error).__name__}: {error}")

    def _borrowed(self) -> tuple[Place, sqlite3.Connection]:
        try:
            place, connection = self._idle.pop()
        except IndexError:
            return self._open()
        with suppress(FileNotFoundError):
            if place_of(self.path) == place:
                return place, connection
        connection.close()
        return self._borrowed()

    def close_idle(self) -> None:
        """Close the connections that nobody uses: before a fork, for SQLite's must not be carried across one."""
        with suppress(IndexError):
            while True:
                self._idle.pop()[1].close()

    def __del__(self) -> None:
        """Close them when the store goes: Python 3.13 and later warn of connections that are left open."""
        with suppress(AttributeError):  # where `__init__` was not called as it has to be
            self.close_idle()

    def _open(self) -> tuple[Place, sqlite3.Connection]:
        place = made(self.path)
        connection = sqlite3.connect(self.path, timeout=self._timeout, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA cache_size = -{_CACHE}")
            connection.execute("PRAGMA foreign_keys = ON")
            if _version(connection) == 0:
                self._make_tables(connection)
            if _version(connection) != SCHEMA_VERSION:
                raise StoreSetupError("store_unusable", f"{self.path} was written by another version of oidc_gate")
        except BaseException:
            connection.close()
            raise
        return place, connection

    def _make_tables(self, connection: sqlite3.Connection) -> None:
        """Make the tables. Of several processes that start at once, SQLite turns some away without any wait."""
        give_up = time.monotonic() + self._timeout
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    raise
                time.sleep(_PAUSE)
        if _version(connection) == 0:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")


def _version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return version


_STORES: WeakSet[SQLiteStore] = WeakSet()


def _before_fork() -> None:
    for store in list(_STORES):
        store.close_idle()


with suppress(AttributeError):  # Windows knows no fork
    os.register_at_fork(before=_before_fork)
