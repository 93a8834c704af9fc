"""Sessions in one SQLite file, for the processes of one machine.

WAL mode, so that readers and a writer do not wait for each other; a process killed at any moment leaves the file whole.
The file is readable by its owner only.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from oidc_gate.errors import StoreError
from oidc_gate.stores import Record

__all__ = ["SQLiteStore"]

_SCHEMA_VERSION = 1
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


class SQLiteStore:
    """Sessions in the file at `path`; `timeout`: the longest wait for another process's write, in seconds."""

    def __init__(self, path: str, timeout: float) -> None:
        self._path = Path(path)
        self._timeout = timeout
        self._local = threading.local()  # one connection per thread: (process, inode, connection)
        self._writes = 0

    def load(self, key: str) -> bytes | None:
        """See `SessionStore.load`."""
        with self._connection() as connection:
            row = connection.execute(
                "SELECT value FROM sessions WHERE key = ? AND expires > ?", (key, time.time())
            ).fetchone()
        return bytes(row[0]) if row else None

    def save(self, key: str, value: bytes, lifetime: float, names: Sequence[str], _longest: float) -> None:
        """See `SessionStore.save`; names last as long as their sessions."""
        now = time.time()
        with self._connection() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?, ?)", (key, value, now + lifetime))
            connection.executemany("INSERT OR IGNORE INTO names VALUES (?, ?)", [(name, key) for name in names])
            self._sweep(connection, now)

    def replace(self, key: str, value: bytes, lifetime: float) -> bool:
        """See `SessionStore.replace`."""
        now = time.time()
        with self._connection() as connection:
            changed = connection.execute(
                "UPDATE sessions SET value = ?, expires = ? WHERE key = ? AND expires > ?",
                (value, now + lifetime, key, now),
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
            return connection.execute(query, (name, time.time())).rowcount

    def claim(self, name: str, seconds: float) -> bool:
        """See `SessionStore.claim`."""
        now = time.time()
        with self._connection() as connection:
            claimed = connection.execute(
                "INSERT INTO claims VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET expires = excluded.expires"
                " WHERE claims.expires <= ?",
                (name, now + seconds, now),
            )
        return claimed.rowcount == 1

    def records(self) -> Iterator[Record]:
        """See `SessionStore.records`."""
        with self._connection() as connection:
            rows = connection.execute(
                "SELECT key, expires FROM sessions WHERE expires > ? ORDER BY expires", (time.time(),)
            ).fetchall()
        return (Record(*row) for row in rows)

    def _sweep(self, connection: sqlite3.Connection, now: float) -> None:
        """Delete what has expired, in passing."""
        self._writes += 1
        if self._writes % _SWEEP_EVERY == 0:
            for statement in _SWEEPS:
                connection.execute(statement, (now, _SWEEP_ROWS))

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Give this thread's connection; a new one in a forked process, and when the file was replaced or removed."""
        try:
            yield self._current()
        except (sqlite3.Error, OSError) as error:
            raise StoreError("store_unavailable", f"SQLite: {type(error).__name__}: {error}") from None

    def _current(self) -> sqlite3.Connection:
        known = getattr(self._local, "connection", None)
        try:
            here = (os.getpid(), self._path.stat().st_ino)
        except FileNotFoundError:
            here = None
        if known is not None and known[0] == here:
            found: sqlite3.Connection = known[1]
            return found
        if known is not None and known[0][0] == os.getpid():
            known[1].close()
        connection = self._open()
        self._local.connection = ((os.getpid(), self._path.stat().st_ino), connection)
        return connection

    def _open(self) -> sqlite3.Connection:
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite itself would leave it to the umask
        connection = sqlite3.connect(self._path, timeout=self._timeout, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN IMMEDIATE")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
        connection.execute("COMMIT")
        if version not in (0, _SCHEMA_VERSION):
            raise StoreError("store_unavailable", f"{self._path} was written by another version of oidc_gate")
        return connection
