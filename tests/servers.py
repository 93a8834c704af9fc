"""Real server processes: started on a free port, waited for, stopped by their own id.

with running([sys.executable, "-m", "gunicorn", "-b", "127.0.0.1:{port}", "myapp:app"], folder=tmp_path) as server:
    requests.get(server.url + "/")
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import requests

from tests.patience import LIMIT

START_LIMIT = STOP_LIMIT = LIMIT
TRIES = 3


class ServerDiedError(AssertionError):
    """The server ended, or never answered; the message holds what it wrote."""


class ServerProcess:
    """One server process, and its children if it has any (they share its process group)."""

    def __init__(self, argv: Sequence[str], port: int, log: Path, env: Mapping[str, str], cwd: Path | None) -> None:
        self.port = port
        self.log = log
        self.url = f"http://127.0.0.1:{port}"
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [part.replace("{port}", str(port)) for part in argv],
                env={**os.environ, "PYTHONUNBUFFERED": "1", **env},
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        """What the server wrote so far."""
        return self.log.read_text(errors="replace")

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Tell whether it runs, without reaping it: as long as it is not reaped, its id cannot be another process's."""
        if self.process.returncode is not None:
            return False
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None

    def wait_until_ready(self, path: str | None, limit: float) -> None:
        """Return once the port accepts (with a path: once that answers below 500)."""
        give_up = time.monotonic() + limit
        while not (answers(self.url + path) if path else accepts(self.port)):
            if not self.alive:
                raise ServerDiedError(f"the server ended with {self.stop()}:\n{self.output}")
            if time.monotonic() > give_up:
                raise ServerDiedError(f"no answer within {limit} s:\n{self.output}")
            time.sleep(0.05)

    def wait_for_output(self, text: str, limit: float = START_LIMIT) -> None:
        """Return once the server has written this text."""
        give_up = time.monotonic() + limit
        while text not in self.output:
            if time.monotonic() > give_up:
                raise ServerDiedError(f"{text!r} was not written within {limit} s:\n{self.output}")
            time.sleep(0.05)

    def stop(self, limit: float = STOP_LIMIT) -> int:
        """Ask it to end, make it and its children end if they do not, and return its exit code."""
        if self.alive:
            os.kill(self.pid, signal.SIGTERM)
        give_up = time.monotonic() + limit
        while self.alive and time.monotonic() < give_up:
            time.sleep(0.01)
        return self.kill()

    def kill(self) -> int:
        """End it and its children at once, as the system does when memory is short; return its exit code."""
        if self.process.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)
        return self.process.wait(STOP_LIMIT)


@contextlib.contextmanager
def running(
    argv: Sequence[str],
    *,
    folder: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    ready_path: str | None = None,
    limit: float = START_LIMIT,
    port: int | None = None,
) -> Iterator[ServerProcess]:
    """Run a server while the block lasts.

    `{port}` in `argv` and `env` stands for its port; what it writes goes to a file in `folder`, and into the error if
    it dies. Without `ready_path` it is ready when the port accepts.
    """
    server = start(argv, folder=folder, env=env, cwd=cwd, ready_path=ready_path, limit=limit, port=port)
    try:
        yield server
    finally:
        server.stop()


def start(
    argv: Sequence[str],
    *,
    folder: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    ready_path: str | None = None,
    limit: float = START_LIMIT,
    port: int | None = None,
) -> ServerProcess:
    """Start a server and wait for it; if somebody else took the free port meanwhile, try another."""
    for attempt in range(1, TRIES + 1):
        chosen = port or free_port()
        settings = {name: value.replace("{port}", str(chosen)) for name, value in (env or {}).items()}
        server = ServerProcess(argv, chosen, folder / f"server-{uuid.uuid4().hex[:8]}.log", settings, cwd)
        try:
            server.wait_until_ready(ready_path, limit)
        except BaseException as error:
            server.stop()
            taken = "in use" in server.output.lower() or "EADDRINUSE" in server.output
            if not (isinstance(error, ServerDiedError) and taken and port is None and attempt < TRIES):
                raise
        else:
            return server
    raise AssertionError("not reached")


def free_port() -> int:
    """Return a port that is free, and stays so until it is used.

    It is below those that Linux hands out itself unless told otherwise, to every connection and whoever asks for any
    port: one of these could be taken in between.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def answers(url: str) -> bool:
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(url, timeout=LIMIT / 4, allow_redirects=False).status_code < 500
        except requests.RequestException:
            return False
