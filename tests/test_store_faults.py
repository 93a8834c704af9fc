"""What a Redis store does when Redis does not: StoreError and nothing else, in time, and back as soon as it can."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis

from oidc_gate.errors import StoreError, StoreSetupError
from oidc_gate.stores import SessionStore
from oidc_gate.stores.urls import open_store
from tests.patience import LIMIT, in_time
from tests.providers.tls import Authority, KeepingProvider
from tests.redis_servers import RedisServers, single, until
from tests.servers import free_port
from tests.test_stores import in_threads, key, save

TIMEOUT = 0.6
SLACK = 2.0  # for a machine with much else to do; without a bound the wait would be a minute and more

CALLS: dict[str, Callable[[SessionStore], Any]] = {
    "load": lambda store: store.load(key("a")),
    "save": lambda store: save(store, "a", "ada"),
    "replace": lambda store: store.replace(key("a"), b"second", 60, b"value"),
    "delete": lambda store: store.delete(key("a")),
    "delete_named": lambda store: store.delete_named(key("ada")),
    "claim": lambda store: store.claim(key("refresh"), 60),
    "release": lambda store: store.release(key("refresh")),
    "records": lambda store: list(store.records()),
}
each_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@pytest.fixture(params=["redis_server", "redis_sentinel", "redis_cluster"])
def servers(request: pytest.FixtureRequest) -> RedisServers:
    found: RedisServers = request.getfixturevalue(request.param)
    found.clear()
    return found


def refused_in_time(call: Callable[[], object]) -> None:
    def refused() -> pytest.ExceptionInfo[StoreError]:
        with pytest.raises(StoreError) as caught:
            call()
        return caught

    caught = in_time(refused, TIMEOUT + SLACK)
    assert (caught.value.status, caught.value.code) == (503, "store_unavailable")
    assert len(caught.value.detail) < 300, "redis-py's whole configuration is not for the log"


@each_call
def test_a_store_that_is_paused_is_waited_for_no_longer_than_the_timeout(
    servers: RedisServers, call: Callable[[SessionStore], Any]
) -> None:
    save(open_store(servers.url, LIMIT), "a", "ada")
    store = open_store(servers.url, TIMEOUT)
    until(lambda: _answers(store))
    with servers.paused():
        for _ in range(2):
            refused_in_time(lambda: call(store))
    until(lambda: _answers(store))


@each_call
def test_a_store_that_was_never_reached_is_refused_in_time(
    servers: RedisServers, call: Callable[[SessionStore], Any]
) -> None:
    store = open_store(servers.url, TIMEOUT)
    with servers.paused():
        refused_in_time(lambda: call(store))
    until(lambda: _answers(store))


@pytest.mark.parametrize("query", ["", "?sentinel=mymaster", "?cluster=true"])
@each_call
def test_a_store_that_is_not_there_is_refused_in_time(query: str, call: Callable[[SessionStore], Any]) -> None:
    store = open_store(f"redis://127.0.0.1:{free_port()}{query}", TIMEOUT)
    refused_in_time(lambda: call(store))


def answer(store: SessionStore, name: str) -> bytes | None:
    with contextlib.suppress(StoreError):
        return store.load(key(name))
    return None


def has_all(store: SessionStore, names: list[str]) -> bool:
    return [answer(store, name) for name in names] == [b"value"] * len(names)


def test_one_node_of_a_cluster_that_is_paused_does_not_make_anyone_wait_longer(redis_cluster: RedisServers) -> None:
    redis_cluster.clear()
    store, patient = open_store(redis_cluster.url, TIMEOUT), open_store(redis_cluster.url, LIMIT)
    names = [f"{number}" for number in range(12)]
    for name in names:
        save(patient, name)
    until(lambda: has_all(store, names))
    alone = RedisServers("", redis_cluster.folder, redis_cluster.servers[:1])
    with alone.paused():
        answers = [in_time(partial(answer, store, name), TIMEOUT + SLACK) for name in names[:6]]
    assert answers.count(b"value") >= 1, "the other nodes go on answering"
    until(lambda: has_all(store, names))


def test_a_store_that_was_restarted_is_found_again_by_all_threads(tmp_path: Path) -> None:
    with single(tmp_path) as servers:
        store = open_store(servers.url, LIMIT)
        in_threads(8, lambda number: save(store, f"{number}"))
        servers.restart()
        assert in_threads(8, lambda number: store.load(key(f"{number}"))) == [None] * 8
        save(store, "a")
        assert store.load(key("a")) == b"value"


def test_more_threads_than_a_pool_usually_has_are_all_served(redis_server: RedisServers) -> None:
    store = open_store(redis_server.url, LIMIT)
    save(store, "a")
    with redis_server.paused():
        pass
    assert in_threads(150, lambda _: store.load(key("a"))) == [b"value"] * 150


def test_an_answer_in_error_is_the_stores_fault(redis_server: RedisServers) -> None:
    """A replica that must not be written to, a key of another kind, memory that is full."""
    store = open_store(redis_server.url, TIMEOUT)
    client = redis_server.client()
    client.sadd(f"oidc_gate:session:{key('a')}", "set")
    refused_in_time(lambda: store.load(key("a")))
    with _configured(client, maxmemory="1"):
        refused_in_time(lambda: save(store, "b"))
    redis_server.tell("REPLICAOF", "127.0.0.1", "1")
    try:
        refused_in_time(lambda: save(store, "c"))
    finally:
        redis_server.tell("REPLICAOF", "NO", "ONE")
        client.close()
    save(store, "c")


def test_a_password_may_hold_any_character(tmp_path: Path) -> None:
    with single(tmp_path) as servers:
        client = servers.client()
        client.config_set("requirepass", "p@ss:w/rd%")
        client.close()
        port = servers.servers[0].port
        save(open_store(f"redis://:p%40ss%3Aw%2Frd%25@127.0.0.1:{port}/0", LIMIT), "a")
        for url, said in {
            f"redis://:wrong@127.0.0.1:{port}/0": "does not accept the user name or password",
            f"redis://127.0.0.1:{port}/0": "wants a password",
            f"redis://:p%40ss%3Aw%2Frd%25@127.0.0.1:{port}/99": "no database of the number",
        }.items():
            with pytest.raises(StoreSetupError, match=said) as raised:
                save(open_store(url, LIMIT), "a")
            assert (raised.value.code, raised.value.status) == ("store_unusable", 500)
            assert "p@ss" not in str(raised.value)


def test_a_certificate_that_nobody_here_trusts_is_told(tmp_path: Path) -> None:
    with KeepingProvider(Authority.new(tmp_path).server_context()) as server:
        store = open_store(server.issuer.replace("https:", "rediss:"), LIMIT)
        with pytest.raises(StoreSetupError, match="certificate that this machine does not trust"):
            store.load(key("a"))


def test_databases_of_one_server_are_kept_apart(redis_server: RedisServers) -> None:
    first, second = redis_server.url, redis_server.url.removesuffix("0") + "1"
    save(open_store(first, LIMIT), "a")
    assert open_store(second, LIMIT).load(key("a")) is None


def test_rediss_speaks_tls_and_trusts_nobody_unknown(redis_server: RedisServers) -> None:
    store = open_store(redis_server.url.replace("redis:", "rediss:"), TIMEOUT)
    refused_in_time(lambda: store.load(key("a")))
    assert ssl.create_default_context().check_hostname


def test_every_key_has_a_time_to_live(servers: RedisServers) -> None:
    store = open_store(servers.url, 5.0)
    save(store, "a", "ada", "sid")
    save(store, "b", "ada", life=float("inf"), longest=float("inf"))
    store.claim(key("refresh"), 60)
    assert store.replace(key("a"), b"second", 60, b"value")
    found = 0
    for number in range(len(servers.servers)):
        with contextlib.suppress(redis.ResponseError), contextlib.closing(servers.client(number)) as client:
            for each in client.scan_iter():
                assert client.pttl(each) > 0, each
                found += 1
    assert found == 5


def _answers(store: SessionStore) -> bool:
    try:
        store.load(key("anything"))
    except StoreError:
        return False
    return True


@contextlib.contextmanager
def _configured(client: redis.Redis, **settings: str) -> Iterator[None]:
    for name, value in settings.items():
        client.config_set(name, value)
    try:
        yield
    finally:
        for name in settings:
            client.config_set(name, "0")
