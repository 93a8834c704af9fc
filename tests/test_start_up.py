"""What a gate finds out when it starts, before anybody has signed in: whether its store is there, and can be."""

from __future__ import annotations

import contextlib
import importlib
import logging
import os
import socket
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oidc_gate import SettingsError
from oidc_gate.stores.urls import open_store
from tests.apps import COOKIE_SECRET, echo
from tests.browser import World
from tests.patience import LIMIT, in_time
from tests.redis_servers import RedisServers, single, until
from tests.servers import free_port

OPTIONS: dict[str, Any] = {
    "issuer_url": "https://id.example.com",
    "client_id": "the-app",
    "client_secret": "the-secret",
    "cookie_secret": COOKIE_SECRET,
    "allow_groups": "staff",
}


def start(world: World, **options: Any) -> Any:
    return importlib.import_module(f"oidc_gate.{world}").OIDCGate(echo(world), **(OPTIONS | options))


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, logger="oidc_gate")
    return caplog


@pytest.fixture(params=["session_store", "cookie_deny_list"])
def setting(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# SQLite


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ("none/sessions.db", "there is no folder {folder}/none; make it, or correct the path"),
        ("", "{folder} is a folder; name a file in it"),
        ("folder", "{folder}/folder is a folder; name a file in it, like folder/sessions.db"),
        ("text", "{folder}/text is another kind of file, no SQLite database"),
        ("short", "{folder}/short is another kind of file, no SQLite database"),
        ("text/sessions.db", "there is no folder {folder}/text"),
        ("future.db", "{folder}/future.db was written by another version of oidc_gate"),
        ("pipe", "{folder}/pipe is no file that this process may read and write"),
        ("a" * 300, "{folder}/" + "a" * 300 + ": File name too long"),
    ],
)
def test_a_place_where_no_database_can_be_stops_start_up(
    where: str, says: str, setting: str, world: World, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("cookies, sessions and whatever else is text here\n" * 9)
    (tmp_path / "short").write_text("x")
    os.mkfifo(tmp_path / "pipe")
    with contextlib.closing(sqlite3.connect(tmp_path / "future.db")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(SettingsError) as raised:
        start(world, **{setting: f"sqlite:///{tmp_path}/{where}"})
    assert f"{setting}: {says.format(folder=tmp_path)}" in str(raised.value)


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Have this process be nobody's for as long as the block lasts, where it is root's: root may write anywhere."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.mark.parametrize(
    ("folder_mode", "file_mode", "says"),
    [
        (0o555, None, "may not write to the folder"),
        (0o555, 0o666, "may not write to the folder"),
        (0o777, 0o444, "is no file that this process may read and write"),
        (0o777, 0o200, "is no file that this process may read and write"),
        (0o777, None, ""),
        (0o777, 0o666, ""),
    ],
)
def test_what_may_not_be_written_stops_start_up(folder_mode: int, file_mode: int | None, says: str) -> None:
    """In a folder of its own, for pytest's are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        outer, folder = Path(name), Path(name) / "state"
        folder.mkdir()
        outer.chmod(0o755)
        file = folder / "sessions.db"
        if file_mode is not None:
            with contextlib.closing(sqlite3.connect(file)) as connection:
                connection.execute("CREATE TABLE t (c)")
            file.chmod(file_mode)
        folder.chmod(folder_mode)
        store: Any = open_store(f"sqlite:///{file}", LIMIT)
        told = ""
        with as_nobody():
            try:
                store.try_out("session_store")
            except SettingsError as error:
                told = str(error)
        folder.chmod(0o755)
        assert says in told
        assert bool(told) == bool(says)


def test_trying_a_database_makes_none(world: World, setting: str, tmp_path: Path) -> None:
    """Root may start the server, and the workers be somebody else."""
    start(world, **{setting: f"sqlite:///{tmp_path}/sessions.db"})
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "sessions.db").touch()
    start(world, **{setting: f"sqlite:///{tmp_path}/sessions.db"})
    assert [(file.name, file.stat().st_size) for file in tmp_path.iterdir()] == [("sessions.db", 0)]


def test_a_database_that_is_in_use_is_taken_as_it_is(
    world: World, tmp_path: Path, warnings: pytest.LogCaptureFixture
) -> None:
    from oidc_gate.stores import open_store

    url = f"sqlite:///{tmp_path}/sessions.db"
    store = open_store(url, 2.0)
    store.save("key", b"value", 60, [], 60)
    with contextlib.closing(sqlite3.connect(tmp_path / "sessions.db")) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        start(world, session_store=url)
        connection.rollback()
    assert store.load("key") == b"value"
    assert warnings.messages == []


# Redis


def sockets() -> set[str]:
    """Return the sockets of this process that are open, by their inodes."""
    found = set()
    for number in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # the listing's own
            found.add(str(number.readlink()))
    return {each for each in found if each.startswith("socket:")}


def connected(servers: RedisServers) -> int:
    return int(servers.tell("CLIENT", "LIST").count(b"\n"))


def test_a_redis_that_is_there_is_asked_once_and_nothing_stays_open(
    world: World, setting: str, redis_server: RedisServers, warnings: pytest.LogCaptureFixture
) -> None:
    before, clients = sockets(), connected(redis_server)
    start(world, **{setting: redis_server.url})
    assert sockets() <= before
    until(lambda: connected(redis_server) <= clients)
    assert warnings.messages == []


def test_sentinels_and_a_clusters_nodes_are_left_alone_too(
    redis_sentinel: RedisServers, redis_cluster: RedisServers, warnings: pytest.LogCaptureFixture
) -> None:
    for servers in (redis_sentinel, redis_cluster):
        before = sockets()
        start("wsgi", session_store=servers.url)
        assert sockets() <= before
    assert warnings.messages == []


@pytest.fixture
def silent() -> Iterator[int]:
    """Listen at a port, and never answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def started_in_time(world: World, warnings: pytest.LogCaptureFixture, setting: str, url: str) -> None:
    def begin() -> None:
        warnings.clear()
        start(world, **{setting: url}, store_timeout=0.5)

    in_time(begin, 0.5 + 0.4)


def test_a_redis_that_is_not_there_is_warned_of_in_time(
    world: World, setting: str, silent: int, warnings: pytest.LogCaptureFixture
) -> None:
    for port in (free_port(), silent):
        for query in ("", "?sentinel=mymaster", "?cluster=true"):
            started_in_time(world, warnings, setting, f"redis://127.0.0.1:{port}{query}")
            (said,) = warnings.messages
            assert said.startswith(f"{setting} does not answer; until it does, the signed-in get 503: Redis: ")


def test_a_name_that_is_looked_up_for_ever_is_given_up_in_time(
    world: World, warnings: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A resolver that does not answer has no time limit of ours: it is played by one that takes its time."""

    def slow(*_: Any, **__: Any) -> list[Any]:
        time.sleep(3)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    started_in_time(world, warnings, "session_store", "redis://redis.example:6379")
    (said,) = warnings.messages
    assert said.endswith("Redis: no answer within 0.5 s")


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServers]:
    """Run a Redis server that wants a password, and has a user who may do nothing."""
    with single(tmp_path_factory.mktemp("guarded")) as servers:
        servers.tell("ACL", "SETUSER", "narrow", "on", ">narrow-password", "+ping", "+hello", "+client")
        servers.tell("CONFIG", "SET", "requirepass", "the-right-password")
        yield servers


@pytest.mark.parametrize(
    ("login", "database", "says"),
    [
        ("", "", "Redis wants a password: redis://:PASSWORD@host"),
        (":a-wrong-password@", "", "Redis does not accept the user name or password in the URL"),
        ("nobody:the-right-password@", "", "Redis does not accept the user name or password in the URL"),
        ("narrow:narrow-password@", "", "Redis does not allow this user to read keys that begin with oidc_gate:"),
        (":the-right-password@", "/99", "Redis has no database of the number in the URL"),
    ],
)
def test_what_redis_refuses_stops_start_up(
    login: str, database: str, says: str, setting: str, world: World, guarded: RedisServers
) -> None:
    port = guarded.servers[0].port
    with pytest.raises(SettingsError) as raised:
        start(world, **{setting: f"redis://{login}127.0.0.1:{port}{database}"})
    assert f"{setting}: {says}" in str(raised.value)
    assert "password@" not in str(raised.value).replace("PASSWORD@", "")
    start(world, **{setting: f"redis://:the-right-password@127.0.0.1:{port}"})


def test_a_store_of_the_operators_own_need_not_be_tried(world: World, warnings: pytest.LogCaptureFixture) -> None:
    class Own:
        def __getattr__(self, name: str) -> Any:
            if name in ("load", "save", "replace", "delete", "delete_named", "claim", "release", "records"):
                return lambda *_: None
            raise AttributeError(name)

    start(world, session_store=Own())
    assert warnings.messages == []
