"""The contract of session stores, held by each of them: SQLite, Redis, Redis through Sentinel, Redis Cluster."""

from __future__ import annotations

import hashlib
import multiprocessing
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from oidc_gate.stores import SessionStore
from oidc_gate.stores.urls import open_store
from tests.patience import LIMIT
from tests.redis_servers import RedisServers, until

FOREVER = float("inf")
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture(params=["sqlite", "redis_server", "redis_sentinel", "redis_cluster"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/sessions.db"
    else:
        servers: RedisServers = request.getfixturevalue(request.param)
        servers.clear()
        yield servers.url


@pytest.fixture
def store(url: str) -> SessionStore:
    return open_store(url, LIMIT)


def key(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def save(
    store: SessionStore, name: str, *names: str, value: bytes = b"value", life: float = 60, longest: float = 600
) -> None:
    store.save(key(name), value, life, [key(each) for each in names], longest)


def in_threads(count: int, work: Callable[[int], object]) -> list[object]:
    """Return what the work returns, done by so many threads that all begin at once."""
    barrier = threading.Barrier(count)

    def at_once(number: int) -> object:
        barrier.wait(LIMIT)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(at_once, range(count)))


# Loading, replacing, deleting


def test_what_was_saved_is_loaded_byte_for_byte(store: SessionStore) -> None:
    value = bytes(range(256)) * 400
    save(store, "a", value=value)
    assert store.load(key("a")) == value
    assert store.load(key("b")) is None


def test_another_connection_sees_it_at_once(store: SessionStore, url: str) -> None:
    save(store, "a")
    other = open_store(url, LIMIT)
    assert other.load(key("a")) == b"value"
    other.delete(key("a"))
    assert store.load(key("a")) is None


def test_a_session_is_replaced_when_it_is_as_expected(store: SessionStore) -> None:
    save(store, "a")
    assert store.replace(key("a"), b"second", 60, b"value")
    assert store.load(key("a")) == b"second"


def test_a_session_that_somebody_else_has_changed_is_left_as_it_is(store: SessionStore) -> None:
    save(store, "a")
    assert store.replace(key("a"), b"second", 60, b"value")
    assert not store.replace(key("a"), b"third", 60, b"value")
    assert store.load(key("a")) == b"second"


def test_replacing_brings_nothing_back_that_was_deleted(store: SessionStore) -> None:
    save(store, "a", "sub")
    store.delete(key("a"))
    assert not store.replace(key("a"), b"second", 60, b"value")
    assert store.load(key("a")) is None
    assert store.delete_named(key("sub")) == 0


def test_deleting_what_is_gone_is_fine(store: SessionStore) -> None:
    store.delete(key("never"))
    save(store, "a")
    store.delete(key("a"))
    store.delete(key("a"))


# Names


def test_all_sessions_of_a_name_end_together_and_no_other(store: SessionStore) -> None:
    save(store, "a", "ada", "sid 1")
    save(store, "b", "ada", "sid 2")
    save(store, "c", "grace", "sid 3")
    assert store.delete_named(key("sid 1")) == 1
    assert [store.load(key(name)) for name in "abc"] == [None, b"value", b"value"]
    assert store.delete_named(key("ada")) == 1
    assert [store.load(key(name)) for name in "abc"] == [None, None, b"value"]
    assert store.delete_named(key("ada")) == 0
    assert store.delete_named(key("nobody")) == 0


def test_a_name_leads_to_a_session_that_was_replaced(store: SessionStore) -> None:
    save(store, "a", "ada")
    assert store.replace(key("a"), b"second", 60, b"value")
    assert store.delete_named(key("ada")) == 1
    assert store.load(key("a")) is None


def test_a_short_session_does_not_shorten_the_name_of_a_long_one(store: SessionStore) -> None:
    save(store, "long", "ada", life=600, longest=600)
    save(store, "short", "ada", life=0.05, longest=0.05)
    until(lambda: store.load(key("short")) is None)
    assert store.delete_named(key("ada")) == 1
    assert store.load(key("long")) is None


def test_names_of_sessions_that_have_ended_do_not_pile_up(redis_server: RedisServers) -> None:
    store = open_store(redis_server.url, 5.0)
    for number in range(100):
        save(store, f"{number}", "ada")
        store.delete(key(f"{number}"))
    client = redis_server.client()
    size = client.scard(f"oidc_gate:name:{key('ada')}")
    client.close()
    assert size < 10


# Lifetimes


def test_a_session_ends_with_its_lifetime_and_with_it_its_record(store: SessionStore) -> None:
    save(store, "short", life=2)
    save(store, "long", life=60)
    assert len(list(store.records())) == 2
    until(lambda: store.load(key("short")) is None)
    assert [record.key for record in store.records()] == [key("long")]
    assert not store.replace(key("short"), b"late", 60, b"value")


def test_replacing_sets_a_new_lifetime(store: SessionStore) -> None:
    save(store, "a", life=60)
    assert store.replace(key("a"), b"second", 0.05, b"value")
    until(lambda: store.load(key("a")) is None)


def test_a_session_may_have_no_end(store: SessionStore) -> None:
    save(store, "a", "ada", life=FOREVER, longest=FOREVER)
    assert store.load(key("a")) == b"value"
    assert next(store.records()).expires_at > time.time() + 50 * 365 * 86400
    assert store.replace(key("a"), b"second", FOREVER, b"value")
    assert store.delete_named(key("ada")) == 1


def test_records_say_what_there_is_and_until_when_soonest_first(store: SessionStore) -> None:
    for name, life in (("c", 300), ("a", 100), ("b", 200)):
        save(store, name, life=life)
    now = time.time()
    found = list(store.records())
    assert [record.key for record in found] == [key("a"), key("b"), key("c")]
    assert [round((record.expires_at - now) / 100) for record in found] == [1, 2, 3]


# Claims


def test_a_claim_is_given_once_until_its_time_is_over(store: SessionStore) -> None:
    begun = time.monotonic()
    assert store.claim(key("refresh"), 0.3)
    assert store.claim(key("another"), 60)
    until(lambda: store.claim(key("refresh"), 60))
    assert time.monotonic() - begun > 0.29
    assert not store.claim(key("refresh"), 60)


def test_whether_something_is_claimed_can_be_asked_without_claiming_it(store: Any) -> None:
    assert not store.is_claimed(key("noted"))
    assert store.claim(key("noted"), 10 * 365 * 86400.0)
    assert store.is_claimed(key("noted"))
    assert not store.is_claimed(key("another"))
    store.release(key("noted"))
    assert not store.is_claimed(key("noted"))
    assert store.claim(key("noted"), 0.3)
    until(lambda: not store.is_claimed(key("noted")))


def test_a_claim_that_is_given_back_can_be_had_again(store: SessionStore) -> None:
    assert store.claim(key("refresh"), 60)
    store.release(key("refresh"))
    assert store.claim(key("refresh"), 60)
    assert not store.claim(key("refresh"), 60)
    store.release(key("another"))


def test_of_many_threads_one_gets_the_claim(store: SessionStore, url: str) -> None:
    stores = [store, *(open_store(url, LIMIT) for _ in range(3))]
    won = in_threads(32, lambda number: stores[number % 4].claim(key("refresh"), 60))
    assert won.count(True) == 1


# Concurrency


def test_of_many_threads_that_replace_one_value_one_wins_each_round(store: SessionStore) -> None:
    save(store, "a", value=b"0")
    for round_ in range(5):
        before, after = f"{round_}".encode(), f"{round_ + 1}".encode()
        won = in_threads(8, partial(_replaced, store, before, after))
        assert won.count(True) == 1
    assert store.load(key("a")) == b"5"


def _replaced(store: SessionStore, before: bytes, after: bytes, _: int) -> bool:
    return store.replace(key("a"), after, 60, before)


def test_many_threads_at_once_lose_nothing(store: SessionStore) -> None:
    def work(number: int) -> bool:
        for step in range(10):
            save(store, f"{number} {step}", f"thread {number}", "all")
        store.delete(key(f"{number} 0"))
        return all(store.load(key(f"{number} {step}")) for step in range(1, 10))

    assert in_threads(16, work) == [True] * 16
    assert store.delete_named(key("thread 3")) == 9
    assert store.delete_named(key("all")) == 15 * 9
    assert list(store.records()) == []


def _work_in_a_process(url: str, number: int, won: object) -> None:
    store = open_store(url, LIMIT)
    for step in range(20):
        save(store, f"{number} {step}", "all")
    if store.claim(key("one of all"), 60):
        won.release()  # type: ignore[attr-defined]


def test_several_processes_at_once_lose_nothing_and_one_gets_the_claim(store: SessionStore, url: str) -> None:
    won = SPAWN.Semaphore(0)
    workers = [SPAWN.Process(target=_work_in_a_process, args=(url, number, won)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(LIMIT)
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert won.acquire(timeout=LIMIT)
    assert not won.acquire(block=False)
    assert store.delete_named(key("all")) == 80
