"""The SQLite store among processes: started at once, forked, waiting for each other, killed in the middle of writes."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from oidc_gate.errors import StoreError
from oidc_gate.stores.sqlite import SQLiteStore
from tests.patience import LIMIT, in_time
from tests.redis_servers import until
from tests.test_sqlite_store import count, path
from tests.test_stores import SPAWN, in_threads, key, save

__all__ = ["path"]

FORK = multiprocessing.get_context("fork")


def refused(call: Callable[[], object]) -> None:
    with pytest.raises(StoreError, match="locked"):
        call()


def test_a_write_waits_for_anothers_no_longer_than_the_timeout(path: Path) -> None:
    store = SQLiteStore(str(path), 0.3)
    save(store, "a")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    in_time(lambda: refused(lambda: save(store, "b")), 0.8)
    assert time.monotonic() - started > 0.2
    assert store.load(key("a")) == b"value", "readers do not wait"
    assert SQLiteStore(str(path), 0.3).load(key("a")) == b"value", "nor do those that have just started"
    other.execute("COMMIT")
    other.close()
    save(store, "b")


def test_who_makes_the_tables_is_waited_for_no_longer_than_the_timeout(path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE t (x)")
    other.execute("BEGIN IMMEDIATE")
    in_time(lambda: refused(lambda: SQLiteStore(str(path), 0.2).load(key("a"))), 1)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(SQLiteStore(str(path), LIMIT).load, key("a"))
        with contextlib.suppress(TimeoutError):
            waiting.result(0.1)
        other.execute("COMMIT")
        assert waiting.result(LIMIT) is None
    other.close()


def _first_of_all(path: str, barrier: Any) -> None:
    barrier.wait(LIMIT)
    save(SQLiteStore(path, LIMIT), str(os.getpid()))


def test_many_processes_may_start_at_once(tmp_path: Path) -> None:
    for round_ in range(3):
        path, barrier = tmp_path / f"{round_}.db", FORK.Barrier(8)
        workers = [FORK.Process(target=_first_of_all, args=(str(path), barrier)) for _ in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(LIMIT)
        assert [worker.exitcode for worker in workers] == [0] * 8
        assert len(list(SQLiteStore(str(path), 2.0).records())) == 8


def _write_until_killed(path: str, number: int) -> None:
    store, step = SQLiteStore(path, LIMIT), 0
    while True:
        step += 1
        save(store, f"{number} {step}", "all", value=os.urandom(3000))
        if step % 3 == 0:
            store.delete(key(f"{number} {step - 1}"))


def test_writers_that_are_killed_leave_the_file_whole(path: Path) -> None:
    store = SQLiteStore(str(path), LIMIT)
    save(store, "before")
    for round_ in range(3):
        workers = [SPAWN.Process(target=_write_until_killed, args=(str(path), number)) for number in range(3)]
        for worker in workers:
            worker.start()
        enough = 30 * (round_ + 1)
        until(lambda enough=enough: len(list(store.records())) > enough)  # type: ignore[misc]
        for worker in workers:
            os.kill(worker.pid or 0, signal.SIGKILL)
            worker.join(LIMIT)
    assert store.load(key("before")) == b"value"
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
    save(store, "after")
    there = count(store)
    assert store.delete_named(key("all")) == there - 2


def _one_more(path: str, name: str) -> list[bool]:
    """Save a session, tell which of these are there, and close the file, as a process does that ends."""
    store = SQLiteStore(path, LIMIT)
    save(store, name)
    found = [store.load(key(each)) is not None for each in ("first", "then", name)]
    store.close_idle()
    return found


def _another_store(store: SQLiteStore) -> object:
    return SQLiteStore(str(store.path), LIMIT).load(key("first"))


@pytest.mark.parametrize(
    "look", [_another_store, lambda store: store.try_out("session_store"), lambda store: store.facts(time.time)]
)
def test_what_one_process_writes_all_see_whoever_has_ended_meanwhile(
    path: Path, look: Callable[[SQLiteStore], object]
) -> None:
    """Who closes a file loses all locks on it, SQLite's too: whoever ends next would take the log of writes away."""
    store = SQLiteStore(str(path), LIMIT)
    save(store, "first")
    look(store)
    with ProcessPoolExecutor(1, SPAWN) as pool:
        assert pool.submit(_one_more, str(path), "a").result(LIMIT) == [True, False, True]
        save(store, "then")
        assert pool.submit(_one_more, str(path), "b").result(LIMIT) == [True, True, True]
    assert count(store) == 4
    store.close_idle()


def _in_a_fork(store: SQLiteStore, result: Any) -> None:
    save(store, f"child {os.getpid()}", "children")
    result.put(store.load(key("parent")))


def test_a_store_that_was_used_before_a_fork_is_good_on_both_sides(path: Path) -> None:
    store = SQLiteStore(str(path), LIMIT)
    save(store, "parent")
    in_threads(4, lambda _: store.load(key("parent")))
    result = FORK.Queue()
    workers = [FORK.Process(target=_in_a_fork, args=(store, result)) for _ in range(4)]
    for number, worker in enumerate(workers):
        worker.start()
        save(store, f"meanwhile {number}")
    assert [result.get(timeout=LIMIT) for _ in workers] == [b"value"] * 4
    for worker in workers:
        worker.join(LIMIT)
    assert count(store) == 9
    assert store.delete_named(key("children")) == 4


def test_no_connection_is_open_across_a_fork(path: Path) -> None:
    """SQLite's locks belong to a process: a child that closes its parent's connection would drop them."""
    store = SQLiteStore(str(path), LIMIT)
    in_threads(4, lambda _: store.load(key("a")))
    child = os.fork()
    if child == 0:
        os._exit(any(str(path) in name for name in _open_files()))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert store.load(key("a")) is None


def _open_files() -> Iterator[str]:
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            yield str(each.readlink())
