"""Real redis-server processes on free ports: one alone, one behind Sentinel, a Cluster of three masters.

The last two also with a replica for each master, so that a master may be lost.

with single(tmp_path) as redis:
    gate = OIDCGate(app, session_store=redis.url)
    with redis.paused():
        ...
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis

from tests.patience import LIMIT
from tests.servers import ServerProcess, free_port, start


@dataclass
class RedisServers:
    """Running servers that make up one store; `url` is its `session_store`."""

    url: str
    folder: Path
    servers: list[ServerProcess] = field(default_factory=list)
    arguments: tuple[str, ...] = ()

    def client(self, number: int = 0) -> redis.Redis:
        """Return a client of one server, for looking inside; to be closed."""
        return redis.Redis(port=self.servers[number].port, socket_timeout=LIMIT)

    def tell(self, *command: Any, number: int = 0) -> Any:
        """Send one server a command that redis-py has no typed method for."""
        client: Any = self.client(number)
        with contextlib.closing(client):
            return client.execute_command(*command)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Stop all servers where they are (SIGSTOP): connections are accepted, and nothing is answered."""
        for server in self.servers:
            os.kill(server.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for server in self.servers:
                os.kill(server.pid, signal.SIGCONT)

    def stop(self) -> None:
        """Have all servers end, at once; what they hold is lost."""
        for server in self.servers:
            server.kill()

    def restart(self) -> None:
        """Run servers on the same ports again, empty; only for one that stands alone."""
        self.stop()
        self.servers = [_server(self.folder, *self.arguments, port=server.port) for server in self.servers]

    def clear(self) -> None:
        """Forget everything."""
        for number in range(len(self.servers)):
            with contextlib.suppress(redis.ResponseError), contextlib.closing(self.client(number)) as client:
                client.flushall()

    def everything(self) -> bytes:
        """Return every key and value of every server, as one would read them in a dump."""
        found: list[bytes] = []
        for number in range(len(self.servers)):
            with contextlib.suppress(redis.ResponseError), contextlib.closing(self.client(number)) as client:
                for key in client.scan_iter(count=1000):
                    found += [key, _content(client, key)]
        return b"\n".join(found)


@dataclass
class Replicated(RedisServers):
    """Masters first, then a replica for each; `started` is the folder and the arguments of each, to run it again."""

    started: list[tuple[Path, tuple[str, ...]]] = field(default_factory=list)

    def add(self, *arguments: str) -> ServerProcess:
        """Run one more server, in a folder of its own."""
        own = self.folder / f"node-{len(self.started)}"
        own.mkdir(exist_ok=True)
        # A replica is served at once, and what it has is told every second.
        quick = ("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")
        self.started.append((own, (*quick, *arguments)))
        self.servers.append(_server(own, *quick, *arguments))
        return self.servers[-1]

    def lose(self, number: int) -> None:
        """Have one server end, at once (SIGKILL), for the others to notice."""
        self.servers[number].kill()

    def bring_back(self, number: int) -> None:
        """Run a server that was lost once more on its port, empty."""
        folder, arguments = self.started[number]
        self.servers[number] = _server(folder, *arguments, port=self.servers[number].port)

    def is_master(self, number: int) -> bool:
        """Return whether this server takes itself for a master."""
        return bool(self._replication(number)["role"] == "master")

    def masters(self) -> list[int]:
        """Return which servers are running masters."""
        return [number for number in range(len(self.started)) if self.servers[number].alive and self.is_master(number)]

    def follows(self, replica: int, master: int) -> bool:
        """Return whether the replica has all that the master was told until now."""
        wanted: int = self._replication(master)["master_repl_offset"]
        state = self._replication(replica)
        linked = (state.get("master_port"), state.get("master_link_status")) == (self.servers[master].port, "up")
        return linked and state["slave_repl_offset"] >= wanted

    def holds(self, number: int, key: str) -> bool:
        """Return whether this server is the one to be asked for the key, and has it."""
        with contextlib.suppress(redis.ResponseError):  # MOVED, in a Cluster
            return bool(self.tell("EXISTS", key, number=number))
        return False

    def _replication(self, number: int) -> dict[str, Any]:
        said: dict[str, Any] = self.tell("INFO", "replication", number=number)
        return said


@contextlib.contextmanager
def single(folder: Path, *arguments: str) -> Iterator[RedisServers]:
    """Run one server while the block lasts."""
    server = _server(folder, *arguments)
    servers = RedisServers(f"redis://127.0.0.1:{server.port}/0", folder, [server], arguments)
    try:
        yield servers
    finally:
        servers.stop()


@contextlib.contextmanager
def sentinel(folder: Path) -> Iterator[RedisServers]:
    """Run one master and one Sentinel that knows it; the master is the first of `servers`."""
    master = _server(folder)
    try:
        file = folder / f"sentinel-{master.port}.conf"
        file.write_text(f"sentinel monitor mymaster 127.0.0.1 {master.port} 1\n")
        watcher = start([_program(), str(file), *_ports(), "--sentinel"], folder=folder)
    except BaseException:
        master.kill()
        raise
    url = f"redis://127.0.0.1:{watcher.port}/0?sentinel=mymaster"
    servers = RedisServers(url, folder, [master, watcher])
    try:
        until(lambda: bool(servers.tell("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster", number=1)))
        yield servers
    finally:
        servers.stop()


@contextlib.contextmanager
def sentinel_with_replica(folder: Path, *, down_after: int = 1000) -> Iterator[Replicated]:
    """Run a master, its replica, and one Sentinel, which fails over alone; they are `servers`, in this order.

    `down_after`: the milliseconds without an answer after which a master counts as lost.
    """
    servers = Replicated("", folder)
    try:
        master = servers.add()
        servers.add("--replicaof", "127.0.0.1", str(master.port))
        until(lambda: servers.follows(1, 0))  # Sentinel learns of the replica from its first look, or ten seconds later
        file = folder / f"sentinel-{master.port}.conf"
        file.write_text(
            f"sentinel monitor mymaster 127.0.0.1 {master.port} 1\n"
            f"sentinel down-after-milliseconds mymaster {down_after}\n"
            "sentinel failover-timeout mymaster 2000\n"
        )
        watcher = start([_program(), str(file), *_ports(), "--sentinel"], folder=folder)
        servers.servers.append(watcher)
        servers.url = f"redis://127.0.0.1:{watcher.port}/0?sentinel=mymaster"
        # It looks more often than usual, so that a master that comes back is made a replica in one second, not in ten.
        servers.tell("SENTINEL", "DEBUG", "ping-period", 200, "info-period", 500, "publish-period", 250, number=2)
        until(lambda: _sees_replica(servers, 2))
        yield servers
    finally:
        servers.stop()


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[RedisServers]:
    """Run a Cluster of three small masters while the block lasts."""
    servers = RedisServers("", folder)
    busses: list[int] = []
    try:
        for _ in range(3):
            own = folder / f"node-{len(servers.servers)}"
            own.mkdir(exist_ok=True)
            bus = free_port()
            busses.append(bus)
            arguments = ("--cluster-enabled", "yes", "--cluster-port", str(bus), "--cluster-node-timeout", "2000")
            servers.servers.append(_server(own, *arguments))
        _join(servers, busses)
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in servers.servers)
        servers.url = f"redis://{hosts}?cluster=true"
        yield servers
    finally:
        servers.stop()


@contextlib.contextmanager
def cluster_with_replicas(folder: Path, *, node_timeout: int = 1000) -> Iterator[Replicated]:
    """Run a Cluster of three masters, and one replica of each: the replica of `servers[0]` is `servers[3]`.

    `node_timeout`: the milliseconds without an answer after which a node counts as lost.
    """
    servers = Replicated("", folder)
    busses: list[int] = []
    try:
        for _ in range(6):
            busses.append(free_port())
            patience = ("--cluster-node-timeout", str(node_timeout), "--cluster-replica-validity-factor", "0")
            servers.add("--cluster-enabled", "yes", "--cluster-port", str(busses[-1]), *patience)
        _join(servers, busses, masters=3)
        for number in range(3):
            servers.tell("CLUSTER", "REPLICATE", servers.tell("CLUSTER", "MYID", number=number), number=number + 3)
        until(lambda: all(servers.follows(number + 3, number) for number in range(3)))
        until(lambda: all(_knows_replicas(servers, number) for number in range(6)))
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in servers.servers[:3])
        servers.url = f"redis://{hosts}?cluster=true"
        yield servers
    finally:
        servers.stop()


def until(holds: Callable[[], bool], limit: float = LIMIT) -> None:
    """Return once this holds; what cannot be asked yet does not hold yet."""
    give_up = time.monotonic() + limit
    while True:
        with contextlib.suppress(redis.RedisError, OSError):
            if holds():
                return
        if time.monotonic() > give_up:
            raise TimeoutError(f"it did not come to hold within {limit} s")
        time.sleep(0.02)


def _program() -> str:
    found = shutil.which("redis-server")
    if found is None:
        raise AssertionError("the tests need redis-server: apt-get install redis-server")
    return found


def _ports() -> tuple[str, ...]:
    return ("--port", "{port}", "--bind", "127.0.0.1", "--protected-mode", "no")


def _server(folder: Path, *arguments: str, port: int | None = None) -> ServerProcess:
    quiet = ("--save", "", "--appendonly", "no", "--dir", str(folder))
    server = start([_program(), *_ports(), *quiet, *arguments], folder=folder, port=port)
    with contextlib.closing(redis.Redis(port=server.port, socket_timeout=LIMIT)) as client:
        until(lambda: bool(client.ping()))
    return server


def _join(servers: RedisServers, busses: list[int], masters: int = 3) -> None:
    """Give each master its third of the slots, introduce all nodes to each other, and wait until all agree."""
    numbers = range(len(servers.servers))
    for number in numbers:
        if number < masters:
            first, last = 16384 * number // masters, 16384 * (number + 1) // masters - 1
            servers.tell("CLUSTER", "ADDSLOTSRANGE", first, last, number=number)
        servers.tell("CLUSTER", "SET-CONFIG-EPOCH", number + 1, number=number)
    for server, bus in list(zip(servers.servers, busses, strict=True))[1:]:
        servers.tell("CLUSTER", "MEET", "127.0.0.1", server.port, bus)
    until(lambda: all(_agrees(servers, number) for number in numbers))


def _agrees(servers: RedisServers, number: int) -> bool:
    said: dict[str, str] = servers.tell("CLUSTER INFO", number=number)
    nodes = str(len(servers.servers))
    wanted = {"cluster_state": "ok", "cluster_known_nodes": nodes, "cluster_slots_assigned": "16384"}
    return wanted.items() <= said.items()


def _sees_replica(servers: RedisServers, number: int) -> bool:
    """Return whether this Sentinel sees a replica that it could promote."""
    replicas: list[dict[str, Any]] = servers.tell("SENTINEL SLAVES", "mymaster", number=number)
    return [(each["flags"], each["master-link-status"]) for each in replicas] == [("slave", "ok")]


def _knows_replicas(servers: RedisServers, number: int) -> bool:
    """Return whether this node knows a replica for each part of the slots; listed with its master, in CLUSTER SLOTS."""
    parts: list[list[Any]] = servers.tell("CLUSTER", "SLOTS", number=number)
    return [len(part[2:]) for part in parts] == [2, 2, 2]


def _content(client: redis.Redis, key: bytes) -> bytes:
    kind: Any = client.type(key)
    if kind == b"string":
        value: Any = client.get(key)
        return bytes(value or b"")
    members: Any = client.smembers(key)
    return b"\n".join(members)
