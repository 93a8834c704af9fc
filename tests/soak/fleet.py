"""The servers under load, their provider and their Redis; and what each of their processes takes."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

from tests.access_tokens import AUDIENCE
from tests.apps import COOKIE_SECRET
from tests.providers import keys
from tests.providers.local import LocalProvider
from tests.redis_servers import RedisServers, single
from tests.servers import ServerProcess, running
from tests.soak.served import set_clock
from tests.test_reload import toml

__all__ = ["Fleet", "Server", "Usage", "fleet"]

WORKERS = 2
#: Tokens last so long, and userinfo is asked so often (seconds).
TOKENS, RECHECK = 24, 10
#: A request waits for the provider and for the store at most so long (seconds).
HTTP_TIMEOUT, STORE_TIMEOUT = 8.0, 4.0
#: Connections end so soon after their session (seconds).
LIVE_CHECK = 3.0
IDLE = 20 * 60.0
COMMANDS = {
    "gunicorn": ("gunicorn", "--no-control-socket", "-b", "127.0.0.1:{port}", "-w", str(WORKERS), "-k", "gthread",
                 "--threads", "8", "tests.soak.served:under_gunicorn()"),
    "uvicorn": ("uvicorn", "--factory", "tests.soak.served:under_uvicorn", "--port", "{port}", "--workers",
                str(WORKERS), "--no-access-log"),
}  # fmt: skip
STORES = ("cookie", "sqlite", "redis")


@dataclass(frozen=True)
class Usage:
    """What a process takes: MiB of resident memory, threads, file descriptors, and of these the connections."""

    memory: float
    threads: int
    files: int
    connections: int

    @classmethod
    def of(cls, pid: int) -> Usage:
        """Return what a process takes now. Raises OSError when it is gone."""
        process = Path("/proc") / str(pid)
        pages = int((process / "statm").read_text().split()[1])
        links = []
        for each in (process / "fd").iterdir():
            with contextlib.suppress(OSError):
                links.append(str(each.readlink()))
        sockets = sum(link.startswith("socket:") for link in links)
        memory = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
        return cls(memory, len(list((process / "task").iterdir())), len(links), sockets)


@dataclass
class Server:
    """One app behind its gate. `samples`: by worker, when (seconds since the start) it took what."""

    name: str
    program: str
    store: str
    process: ServerProcess
    folder: Path
    settings: dict[str, Any]
    samples: dict[int, list[tuple[float, Usage]]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.process.url

    @property
    def is_asgi(self) -> bool:
        return self.program == "uvicorn"

    @property
    def stores(self) -> bool:
        return self.store != "cookie"

    def workers(self) -> list[int]:
        """Return the ids of the workers, the oldest first."""
        found = []
        for task in (Path("/proc") / str(self.process.pid) / "task").iterdir():
            found += [int(each) for each in (task / "children").read_text().split()]
        return sorted((pid for pid in found if b"resource_tracker" not in _command(pid)), key=_started)

    def sample(self, at: float) -> None:
        """Note what each worker takes."""
        for pid in self.workers():
            with contextlib.suppress(OSError):
                self.samples.setdefault(pid, []).append((at, Usage.of(pid)))

    def kill_youngest(self) -> None:
        """Kill the youngest worker, so that the oldest is there all the time, to be looked at."""
        with contextlib.suppress(ProcessLookupError, IndexError):
            os.kill(self.workers()[-1], signal.SIGKILL)

    def write_settings(self, **changed: Any) -> None:
        """Write the file of settings anew, as an editor would: at once."""
        beside = self.folder / f"gate.toml.{threading.get_ident()}"  # two faults may write at one time
        beside.write_text(toml(self.settings | changed))
        beside.replace(self.folder / "gate.toml")

    def break_settings(self) -> None:
        """Write a file of settings that is wrong."""
        self.write_settings(idle_session_timeout="soon")

    @property
    def log(self) -> list[str]:
        return self.process.output.splitlines()


@dataclass
class Fleet:
    """All that runs."""

    provider: LocalProvider
    redis: RedisServers
    servers: list[Server]
    clock: Path

    def set_clock(self, ahead: float) -> None:
        """Have the gates' clocks go ahead; the provider's stays."""
        set_clock(self.clock, ahead)


@contextlib.contextmanager
def fleet(folder: Path, stores: tuple[str, ...] = STORES) -> Iterator[Fleet]:
    """Run all servers."""
    with contextlib.ExitStack() as stack:
        provider = stack.enter_context(LocalProvider())
        keys.key_for("RS256", 1)  # made now: two threads would make two
        provider.user, provider.access_token_lifetime = None, TOKENS
        redis = stack.enter_context(single(folder))
        clock = folder / "clock"
        set_clock(clock, 0.0)
        servers = []
        for program, store in product(COMMANDS, stores):
            servers.append(stack.enter_context(_server(folder, program, store, provider, redis, clock)))
        yield Fleet(provider, redis, servers, clock)


@contextlib.contextmanager
def _server(
    folder: Path, program: str, store: str, provider: LocalProvider, redis: RedisServers, clock: Path
) -> Iterator[Server]:
    name = f"{program}-{store}"
    own = folder / name
    own.mkdir()
    where = {"sqlite": f"sqlite:///{own}/sessions.db", "redis": redis.url, "cookie": "cookie"}[store]
    more = {"scopes": "openid profile email offline_access"} if store != "cookie" else {}
    settings = (
        provider.client_options()
        | more
        | {
            "cookie_secret": COOKIE_SECRET,
            "session_store": where,
            "userinfo_refresh_interval": RECHECK,
            "idle_session_timeout": f"{IDLE:.0f}s",
            "http_timeout": f"{HTTP_TIMEOUT}s",
            "store_timeout": f"{STORE_TIMEOUT}s",
            "live_check": f"{LIVE_CHECK}s",
            "session_cache_mb": 1,
            "bearer_audience": [AUDIENCE],
            "reload": "watch",
            "cache_control": "private",
        }
    )
    (own / "gate.toml").write_text(toml(settings))
    root = Path(__file__).parents[2]
    env = {"OIDC_GATE_CONFIG": "gate.toml", "SOAK_CLOCK": str(clock), "PYTHONPATH": str(root)}
    argv = [sys.executable, "-m", *COMMANDS[program]]
    with running(argv, folder=own, cwd=own, env=env, ready_path="/oauth2/health") as process:
        give_up = time.monotonic() + 60
        server = Server(name, program, store, process, own, settings)
        while len(server.workers()) < WORKERS and time.monotonic() < give_up:
            time.sleep(0.1)
        yield server


def _started(pid: int) -> int:
    """Return when a process began, in ticks of the system (proc(5)); its id does not tell, for they begin anew."""
    with contextlib.suppress(OSError):
        return int((Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[19])
    return 0


def _command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return (Path("/proc") / str(pid) / "cmdline").read_bytes()
    return b"resource_tracker"
