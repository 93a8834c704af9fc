"""`oidc-gate doctor`, C and B: the cookies of sessions, and where sessions are kept; a fault for each that can be."""

from __future__ import annotations

import contextlib
import re
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from oidc_gate import Settings
from oidc_gate.doctor import CHECKS, Case, Options
from oidc_gate.doctor.examination import Report, examine
from oidc_gate.doctor.store_checks import _of_server, _on_the_way
from oidc_gate.stores import facts
from oidc_gate.stores.redis_facts import server_facts
from oidc_gate.stores.sqlite import SQLiteStore
from tests.apps import COOKIE_SECRET
from tests.patience import LIMIT
from tests.redis_servers import RedisServers, cluster, sentinel, single, until

PASSWORD = "a-password-of-redis"


def case(options: Options | None = None, clock: Callable[[], float] = time.time, **settings: Any) -> Case:
    given: dict[str, Any] = {"issuer_url": "https://idp.test/", "client_id": "app", "client_secret": "s" * 32}
    given |= {"cookie_secret": COOKIE_SECRET, "store_timeout": LIMIT}  # how long a step takes is not what is tested
    return Case(Settings(**(given | settings)), options, clock=clock)


def report(which: str, examined: Case) -> Report:
    return examine(examined, [check for check in CHECKS if check.id.startswith(which)], "", 120)


def statuses(told: Report) -> list[str]:
    return [each.finding.status for each in told.examined]


def found(told: Report, number: int) -> str:
    finding = told.examined[number - 1].finding
    return f"{finding.found} → {finding.mend}"


# C1, C2


def test_cookies_of_usual_sessions_are_small_enough() -> None:
    told = report("C", case(base_url="https://app.test"))
    assert statuses(told) == ["ok", "ok"]
    assert "about 4" in found(told, 1)
    assert "__Host-oidc_gate.default-" in found(told, 2)


def test_two_tokens_in_the_cookie_leave_little_room_for_groups() -> None:
    kept: dict[str, Any] = {"provider_logout": True, "userinfo_refresh_interval": "1h"}
    told = report("C", case(**kept))
    assert statuses(told) == ["warn", "skipped"]
    assert "provider_logout keeps the ID token; userinfo_refresh_interval keeps the access token" in found(told, 1)
    told = report("C", case(**kept, session_store="sqlite:///sessions.db"))
    assert statuses(told)[0] == "ok"


@pytest.mark.parametrize("kept", ["provider_logout", "userinfo_refresh_interval"])
def test_one_token_leaves_enough(kept: str) -> None:
    settings: dict[str, Any] = {kept: "1h" if kept == "userinfo_refresh_interval" else True}
    told = report("C", case(**settings))
    assert statuses(told)[0] == "ok"


@pytest.mark.parametrize(
    ("settings", "status", "words"),
    [
        ({"base_url": "https://app.example.com", "auth_cookie_domain": "example.com"}, "ok", "__Secure-"),
        ({"base_url": "https://app.co.uk", "auth_cookie_domain": "co.uk"}, "fail", "refuse cookies for all of co.uk"),
        ({"auth_cookie_domain": "localhost"}, "fail", "refuse cookies for all of localhost"),
        ({"base_url": "http://localhost:8000"}, "ok", "neither Secure nor __Host-"),
        ({"base_url": "http://localhost:8000", "response_mode": "form_post"}, "fail", "keep the login's cookie back"),
        ({}, "skipped", "base_url is not set"),
    ],
)
def test_names_and_domains_are_such_as_browsers_take(settings: dict[str, Any], status: str, words: str) -> None:
    told = report("C", case(**settings))
    assert (statuses(told)[1], words in found(told, 2)) == (status, True), found(told, 2)


# B1, B2: SQLite


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return made(tmp_path / "sessions.db")


def made(path: Path) -> Path:
    """Have a store make its file, and let go of it."""
    store = SQLiteStore(str(path), 2.0)
    store.load("x")
    store.close_idle()
    return path


def of_file(path: Path, **more: Any) -> Report:
    return report("B", case(session_store=f"sqlite:///{path}", **more))


def test_sessions_in_cookies_need_no_store() -> None:
    assert statuses(report("B", case())) == ["skipped", "skipped"]


def test_a_good_file_is_good_offline_too_and_nothing_stays_in_it(file: Path) -> None:
    assert statuses(of_file(file, options=Options(offline=True))) == ["ok", "ok"]
    assert statuses(report("B", case(cookie_deny_list=f"sqlite:///{file}"))) == ["ok", "ok"]
    with contextlib.closing(sqlite3.connect(file)) as database:
        rows = [database.execute(f"SELECT * FROM {table}").fetchall() for table in ("sessions", "names", "claims")]
    assert rows == [[], [], []]


def test_a_file_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    told = of_file(tmp_path / "later.db")
    assert statuses(told) == ["ok", "ok"]
    assert "not there yet" in found(told, 1)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_found(tmp_path: Path) -> None:
    told = of_file(tmp_path / "lost" / "sessions.db")
    assert statuses(told)[0] == "fail"
    assert "there is no folder" in found(told, 1)


def test_a_folder_in_place_of_the_file_is_found(tmp_path: Path) -> None:
    told = of_file(tmp_path)
    assert statuses(told) == ["fail", "skipped"]
    assert "is a folder" in found(told, 1)


def test_a_file_that_another_program_holds_is_found(file: Path) -> None:
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        told = of_file(file, store_timeout=0.3)
    assert statuses(told) == ["fail", "ok"]
    assert "does not answer" in found(told, 1)


def test_a_damaged_file_is_found(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[100:] = b"x" * (len(data) - 100)
    file.write_bytes(data)
    told = of_file(file)
    assert statuses(told)[0] == "fail"
    assert "does not work as it is set up" in found(told, 1)


def test_a_file_without_wal_is_found(file: Path) -> None:
    with contextlib.closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode = DELETE")
    told = of_file(file)
    assert statuses(told) == ["ok", "warn"]
    assert "WAL" in found(told, 2)


MOUNTS = """22 1 8:1 / / rw - ext4 /dev/root rw
30 22 0:44 / {at} rw,relatime shared:1 - {kind} nas:/share rw
31 22 0:45 / /other rw - nfs4 nas:/other rw
"""


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "fuse.sshfs", "xfs", ""])
def test_a_file_on_a_network_file_system_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    folder = tmp_path / "a share"
    folder.mkdir()
    path = made(folder / "sessions.db")
    mounts = tmp_path / "mountinfo"
    if kind:
        mounts.write_text(MOUNTS.format(at=str(folder).replace(" ", "\\040"), kind=kind))
    monkeypatch.setattr(facts, "_MOUNTS", mounts)
    told = of_file(path)
    assert statuses(told) == ["ok", {"xfs": "ok", "": "unknown"}.get(kind, "warn")]
    assert kind in found(told, 2)


# B1, B2: Redis


def of_redis(url: str, **more: Any) -> Report:
    return report("B", case(session_store=url, **more))


@pytest.mark.parametrize("setting", ["session_store", "cookie_deny_list"])
def test_a_good_redis_is_good_and_nothing_stays_in_it(redis_server: RedisServers, setting: str) -> None:
    settings: dict[str, Any] = {setting: redis_server.url}
    told = report("B", case(**settings))
    assert statuses(told) == ["ok", "ok"], told.text(colour=False)
    assert "its clock agrees" in found(told, 2)
    assert redis_server.everything() == b""


@pytest.mark.parametrize("several", [sentinel, cluster])
def test_so_are_sentinel_and_cluster(tmp_path: Path, several: Any) -> None:
    with several(tmp_path) as servers:
        told = of_redis(servers.url)
        assert statuses(told) == ["ok", "ok"], told.text(colour=False)
        assert servers.everything() == b""


def test_a_redis_that_is_down_or_paused_is_found(tmp_path: Path) -> None:
    with single(tmp_path) as server:
        with server.paused():
            told = of_redis(server.url, store_timeout=0.3)
            assert statuses(told) == ["fail", "skipped"]
        server.stop()
        told = of_redis(server.url, store_timeout=1)
    assert statuses(told) == ["fail", "skipped"]
    assert "B1" in found(told, 2)


def test_a_redis_that_forgets_when_it_is_full_is_found(tmp_path: Path) -> None:
    with single(tmp_path, "--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru") as server:
        told = of_redis(server.url)
        assert statuses(told) == ["ok", "warn"]
        assert "allkeys-lru" in found(told, 2)
        server.tell("CONFIG", "SET", "maxmemory-policy", "noeviction")
        assert statuses(of_redis(server.url)) == ["ok", "ok"]


def test_a_replica_is_found(tmp_path: Path) -> None:
    (tmp_path / "replica").mkdir()
    with single(tmp_path) as master:
        port = str(master.servers[0].port)
        with single(tmp_path / "replica", "--replicaof", "127.0.0.1", port, "--repl-diskless-sync-delay", "0") as other:
            until(lambda: other.tell("INFO", "replication")["master_link_status"] == "up")
            told = of_redis(other.url)
            until(lambda: "slave0" in master.tell("INFO", "replication"))
            until(lambda: statuses(of_redis(master.url)) == ["ok", "ok"])  # once it serves the replica
    assert statuses(told) == ["fail", "fail"], told.text(colour=False)
    assert "is a replica" in found(told, 2)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"state": "online", "lag": 1}, ""),
        ({"state": "online", "lag": 9}, "a replica of Redis is 9 s behind"),
        ({"state": "wait_bgsave", "lag": 0}, "a replica of Redis gets nothing of it"),
    ],
)
def test_a_replica_that_falls_behind_is_found(row: dict[str, Any], said: str) -> None:
    class Server:
        """What redis-py gives of a master whose second replica is as the row says."""

        def time(self) -> tuple[int, int]:
            return 1_000, 0

        def info(self, section: str) -> dict[str, Any]:
            up = {"state": "online", "lag": 0}
            if section == "memory":
                return {"maxmemory": 0}
            return {"role": "master", "connected_slaves": 2, "slave0": up, "slave1": row, "slave_x": 7}

    (facts_of_it,) = server_facts(Server(), lambda: 1_000.0)
    told = _of_server(facts_of_it)
    assert (told.status, told.found) == (("warn", said) if said else ("ok", told.found))


@pytest.mark.parametrize(("ahead", "word"), [(60, "behind"), (-60, "ahead")])
def test_clocks_that_do_not_agree_are_found(redis_server: RedisServers, ahead: int, word: str) -> None:
    told = of_redis(redis_server.url, clock=lambda: time.time() + ahead)
    assert statuses(told) == ["ok", "warn"]
    seconds = re.search(rf"([0-9.]+) s {word}", found(told, 2))
    assert seconds is not None, found(told, 2)
    assert float(seconds[1]) == pytest.approx(60, abs=15), "a busy machine is late by as much"


def test_a_user_who_may_not_ask_is_told_so_and_a_wrong_password_is_found(tmp_path: Path) -> None:
    users = ("--user", "doctor", "on", f">{PASSWORD}", "~*", "+@all", "-info")
    with single(tmp_path, *users) as server:
        at = server.url.removeprefix("redis://")
        told = of_redis(f"redis://doctor:{PASSWORD}@{at}")
        assert statuses(told) == ["ok", "unknown"], told.text(colour=False)
        wrong = of_redis(f"redis://doctor:{PASSWORD}-not@{at}")
        assert statuses(wrong) == ["fail", "skipped"]
        assert PASSWORD not in told.text(colour=False) + wrong.text(colour=False)


def test_a_public_address_without_tls_is_found(redis_server: RedisServers, monkeypatch: pytest.MonkeyPatch) -> None:
    port, ask = redis_server.servers[0].port, socket.getaddrinfo

    def names(host: Any, *more: Any, **options: Any) -> Any:
        """Answer as a name server that knows one name, which has an address here too."""
        if host == "redis.test":
            return ask("127.0.0.1", *more, **options) + ask("8.8.8.8", *more, **options)
        return ask(host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", names)
    monkeypatch.setattr("oidc_gate.doctor.store_checks.getaddrinfo", names)
    told = of_redis(f"redis://redis.test:{port}/0")
    assert statuses(told) == ["ok", "warn"], told.text(colour=False)
    assert "without TLS" in found(told, 2)
    assert _on_the_way(f"rediss://redis.test:{port}/0").status == "ok"
    assert _on_the_way("redis://no-such-host.invalid:1/0").status == "ok", "B1 says more"


def test_offline_no_store_is_asked_over_the_network(redis_server: RedisServers) -> None:
    told = of_redis(redis_server.url, options=Options(offline=True))
    assert statuses(told) == ["skipped", "skipped"]


def test_redis_without_its_client_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    examined = case(session_store="redis://127.0.0.1:1/0")
    told = report("B", examined)
    assert statuses(told) == ["fail", "skipped"], told.text(colour=False)
    assert "pip install" in found(told, 1)


# B1: a store of the operator's own


class Shelf:
    """A store in memory, which can be told to do one thing badly."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.values: dict[str, bytes] = {}
        self.names: dict[str, str] = {}
        self.claims: set[str] = set()

    def load(self, key: str) -> bytes | None:
        if self.fault == "slow":
            time.sleep(0.2)
        return None if self.fault == "load" else self.values.get(key)

    def save(self, key: str, value: bytes, lifetime: float, names: Sequence[str], longest: float) -> None:
        self.values[key] = value
        self.names |= dict.fromkeys(names, key)

    def replace(self, key: str, value: bytes, lifetime: float, expected: bytes) -> bool:
        if self.fault != "blind" and self.values.get(key) != expected:
            return False
        self.values[key] = value
        return self.fault != "replace"

    def delete(self, key: str) -> None:
        if self.fault != "delete":
            self.values.pop(key, None)

    def delete_named(self, name: str) -> int:
        key = self.names.pop(name, None)
        if key is None or self.fault == "names":
            return 0
        return int(self.fault == "delete" or self.values.pop(key, None) is not None)

    def claim(self, name: str, seconds: float) -> bool:
        is_free = name not in self.claims or self.fault == "claim"
        self.claims.add(name)
        return is_free

    def release(self, name: str) -> None:
        self.claims.discard(name)

    def records(self) -> Any:
        return iter(())


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        ("", "ok", "written, read and removed"),
        ("load", "fail", "does not give back what it was given"),
        ("blind", "fail", "replaces what is not there any more"),
        ("replace", "fail", "replaces nothing"),
        ("claim", "fail", "does not give a claim to one alone"),
        ("names", "fail", "does not find a session by its name"),
        ("delete", "fail", "keeps what was removed"),
        ("slow", "warn", "store_timeout is 300 ms"),
    ],
)
def test_a_store_of_ones_own_is_tried_whole(fault: str, status: str, words: str) -> None:
    shelf = Shelf(fault)
    timeout = 0.3 if fault == "slow" else LIMIT
    told = report("B", case(session_store=shelf, store_timeout=timeout))
    assert statuses(told) == [status, "unknown"]
    assert words in found(told, 1)
    assert (shelf.names, shelf.claims) == ({}, set())
    assert shelf.values == {} or fault == "delete"
