"""The SQLite store as a file on a machine: its mode, its processes, what becomes of it when things go wrong."""

from __future__ import annotations

import contextlib
import gc
import os
import shutil
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from oidc_gate.errors import StoreError
from oidc_gate.stores.sqlite import SQLiteStore
from tests.test_stores import key, save


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "sessions.db"


def count(store: SQLiteStore) -> int:
    return len(list(store.records()))


class Ticking:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_900_000_000.0

    def __call__(self) -> float:
        return self.now


# The file


def test_the_file_is_its_owners_alone_whatever_the_umask(path: Path) -> None:
    store, before = SQLiteStore(str(path), 2.0), os.umask(0)
    try:
        save(store, "a")
    finally:
        os.umask(before)
    files = sorted(path.parent.iterdir())
    assert [file.name for file in files] == ["sessions.db", "sessions.db-shm", "sessions.db-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_it_is_in_wal_mode_and_says_which_schema_it_has(path: Path) -> None:
    save(SQLiteStore(str(path), 2.0), "a")
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_connection_keeps_little_of_the_file_in_memory(path: Path) -> None:
    """Sixteen threads may each have one, and SQLite's own measure is 2 MB."""
    with SQLiteStore(str(path), 1.0)._connection() as connection:
        assert connection.execute("PRAGMA cache_size").fetchone() == (-192,)


def test_connections_are_closed_when_the_store_goes(path: Path) -> None:
    """As when a gate is made for one test; Python 3.13 and later warn of a connection that is left open."""
    store = SQLiteStore(str(path), 1.0)
    assert store.load(key("nobody")) is None
    ((_, connection),) = store._idle
    del store
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_a_store_that_was_not_made_goes_without_a_word(recwarn: pytest.WarningsRecorder) -> None:
    with pytest.raises(TypeError):
        SQLiteStore()  # type: ignore[call-arg]
    gc.collect()
    assert not recwarn.list


def test_a_relative_path_is_that_of_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = SQLiteStore("sessions.db", 2.0)
    save(store, "a")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert store.load(key("a")) == b"value"


def test_a_file_of_another_version_is_refused_and_left_as_it_is(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another version"):
        SQLiteStore(str(path), 2.0).load(key("a"))
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"no database, but a text that is long enough to be looked at" * 50, b"\0" * 4096])
def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"SQLite: .*sessions\.db: DatabaseError"):
        save(SQLiteStore(str(path), 2.0), "a")


def test_a_database_of_somebody_elses_is_refused(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE sessions (mine TEXT)")
    connection.close()
    with pytest.raises(StoreError):
        save(SQLiteStore(str(path), 2.0), "a")


@pytest.mark.parametrize("where", ["/no/such/folder/sessions.db", "/proc/sessions.db", "/"])
def test_a_place_where_no_file_can_be_is_the_stores_fault(where: str) -> None:
    with pytest.raises(StoreError):
        SQLiteStore(where, 2.0).load(key("a"))


def test_a_file_that_is_removed_while_in_use_is_made_anew(path: Path) -> None:
    stores = [SQLiteStore(str(path), 2.0) for _ in range(2)]
    save(stores[0], "a")
    assert stores[1].load(key("a")) == b"value"
    for file in path.parent.iterdir():
        file.unlink()
    assert [store.load(key("a")) for store in stores] == [None, None]
    save(stores[0], "b")
    assert [store.load(key("b")) for store in stores] == [b"value", b"value"]
    path.unlink()  # and what stands beside it stays
    assert stores[1].load(key("b")) is None
    save(stores[1], "c")
    assert [store.load(key("c")) for store in stores] == [b"value", b"value"]


def test_the_folder_may_be_gone_for_a_while(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    store = SQLiteStore(str(folder / "sessions.db"), 2.0)
    save(store, "a")
    folder.rename(tmp_path / "away")
    with pytest.raises(StoreError):
        store.load(key("a"))
    (tmp_path / "away").rename(folder)
    assert store.load(key("a")) == b"value"


# Time


def test_lifetimes_go_by_the_clock(path: Path) -> None:
    clock = Ticking()
    store = SQLiteStore(str(path), 2.0, clock)
    save(store, "a", "ada", life=60)
    assert store.claim(key("refresh"), 30)
    clock.now += 29.9
    assert not store.claim(key("refresh"), 30)
    assert next(store.records()).expires_at == pytest.approx(clock.now + 30.1)
    assert store.replace(key("a"), b"second", 60, b"value")
    clock.now += 59.9
    assert store.claim(key("refresh"), 30)
    assert store.load(key("a")) == b"second"
    clock.now += 0.1
    assert store.load(key("a")) is None
    assert store.delete_named(key("ada")) == 0
    assert not store.replace(key("a"), b"third", 60, b"second")


def test_what_has_expired_is_swept_in_passing(path: Path) -> None:
    clock = Ticking()
    store = SQLiteStore(str(path), 2.0, clock)
    for number in range(150):
        save(store, f"old {number}", "ada", life=60)
        store.claim(key(f"claim {number}"), 60)
    clock.now += 61
    for number in range(100):
        save(store, f"new {number}", life=60)
    connection = sqlite3.connect(path)
    counts = [connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("sessions", "names")]
    claims = connection.execute("SELECT count(*) FROM claims").fetchone()[0]
    connection.close()
    assert counts[0] <= 100
    assert (counts[1], claims) == (0, 0)


# A full disk


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 600 KB; CI runs as root in its container, or in a user namespace."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    assert mount is not None
    subprocess.run([mount, "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["/bin/umount", "-l", str(folder)], check=True)


def test_a_full_disk_refuses_new_sessions_and_keeps_the_old(small_disk: Path) -> None:
    store = SQLiteStore(str(small_disk / "sessions.db"), 1.0)
    save(store, "a", "ada")
    kept = 0
    with contextlib.suppress(StoreError):
        while kept < 1000:
            save(store, f"{kept}", value=os.urandom(3000))
            kept += 1
    assert 10 < kept < 1000
    with pytest.raises(StoreError, match=r"full|I/O"):
        save(store, "one more", value=os.urandom(3000))
    assert store.load(key("a")) == b"value"
    assert count(store) == kept + 1
    filler = small_disk / "sessions.db"
    subprocess.run(["/bin/mount", "-o", "remount,size=8M", str(small_disk)], check=True)
    save(store, "b", value=os.urandom(3000))
    assert count(store) == kept + 2
    connection = sqlite3.connect(filler)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
