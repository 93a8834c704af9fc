"""What takes longer than tests should, `make proxy`: 500 MB in constant memory, 10,000 messages, Vite in a browser.

`oidc-gate http` runs as users run it, in front of an app's server in this process, and of Node's.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from tests.apps import COOKIE_SECRET
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.proxied import Recorder, Taken, connected
from tests.servers import ServerProcess, running

OIDC_GATE = str(Path(sys.executable).with_name("oidc-gate"))
VITE = Path(__file__).parent / "vite"
BLOCK = b"x" * 65536
BLOCKS = 8000  # of 64 KiB: 524 MB
#: Open to anybody at 127.0.0.1.
OPEN = f"""
issuer_url = "https://issuer.test/"
client_id = "the-client"
client_secret = "the-secret"
cookie_secret = "{COOKIE_SECRET}"
[[rules]]
host = "127.0.0.1"
allow = "anyone"
"""


@pytest.fixture
def open_gate(tmp_path: Path) -> Path:
    (tmp_path / "gate.toml").write_text(OPEN)
    return tmp_path


def memory(server: ServerProcess) -> int:
    """Return the resident memory of a process, in MiB, at its highest so far."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{server.pid}/status").read_text())
    assert found
    return int(found[1]) // 1024


def test_500_mb_pass_both_ways_in_constant_memory(open_gate: Path) -> None:
    recorder, size = Recorder(), len(BLOCK) * BLOCKS

    def answer(connection: Taken) -> None:
        got = b""
        while b"\r\n\r\n" not in got:
            got += connection.socket.recv(65536)
        count = len(got.partition(b"\r\n\r\n")[2])
        while count < size and got.startswith(b"PUT"):
            count += len(connection.socket.recv(1 << 20))
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (size if got.startswith(b"GET") else 0))
        for _ in range(BLOCKS if got.startswith(b"GET") else 0):
            connection.send(BLOCK)

    recorder.answering = answer
    argv = [OIDC_GATE, "http", f"127.0.0.1:{recorder.port}", "--port", "{port}", "--config", "gate.toml"]
    with running(argv, folder=open_gate, cwd=open_gate, ready_path="/oauth2/health") as server:
        with connected(server.port) as connection:
            connection.sendall(b"PUT / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % len(BLOCK))
        before = memory(server)
        with connected(server.port) as connection:
            connection.sendall(b"PUT / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n" % size)
            for _ in range(BLOCKS):
                connection.sendall(BLOCK)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
            connection.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            count = 0
            while data := connection.recv(1 << 20):
                count += len(data)
            assert count > size
        grown = memory(server) - before
        print(f"\n{size >> 20} MiB each way; the process grew by {grown} MiB")
        assert grown < 16
    recorder.close()


def test_10_000_messages_pass_in_order(open_gate: Path) -> None:
    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async def talk(port: int) -> None:
        async with connect(f"ws://127.0.0.1:{port}", open_timeout=LIMIT) as connection:

            async def send() -> None:
                for number in range(10_000):
                    await connection.send(str(number))

            sending = asyncio.ensure_future(send())
            for number in range(10_000):
                assert await connection.recv() == str(number)
            await sending

    async def run() -> None:
        async with serve(echo, "127.0.0.1", 0) as app:
            argv = [
                OIDC_GATE,
                "http",
                str(app.sockets[0].getsockname()[1]),
                "--port",
                "{port}",
                "--config",
                "gate.toml",
            ]
            started, done = asyncio.Event(), threading.Event()
            loop, ports = asyncio.get_running_loop(), list[int]()

            def gate() -> None:
                with running(argv, folder=open_gate, cwd=open_gate, ready_path="/oauth2/health") as server:
                    ports.append(server.port)
                    loop.call_soon_threadsafe(started.set)
                    done.wait(LIMIT)

            gating = asyncio.ensure_future(asyncio.to_thread(gate))
            await started.wait()
            await talk(ports[0])
            done.set()
            await gating

    asyncio.run(run())


@pytest.fixture
def vite(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """Serve a copy of the app in `tests/vite/app` with Vite's own server; the folder and the port are given."""
    program = VITE / "node_modules" / "vite" / "bin" / "vite.js"
    assert program.is_file(), "run: npm ci --prefix tests/vite"
    shutil.copytree(VITE / "app", tmp_path / "app")
    argv = ["node", str(program), str(tmp_path / "app"), "--host", "127.0.0.1", "--port", "{port}", "--strictPort"]
    with running(argv, folder=tmp_path, cwd=VITE) as server:
        yield tmp_path / "app", server.port


def test_vite_reloads_hot_in_a_browser_that_has_signed_in(
    vite: tuple[Path, int], provider: LocalProvider, chromium: Browser, tmp_path: Path
) -> None:
    folder, port = vite
    client = provider.clients["app"]
    flags = ["--oidc", provider.issuer, "--oidc-client-id", "app", "--oidc-client-secret", client.secret or ""]
    argv = [OIDC_GATE, "http", f"http://127.0.0.1:{port}", *flags, "--port", "{port}"]
    with (
        running(argv, folder=tmp_path, cwd=tmp_path, ready_path="/oauth2/health") as server,
        chromium.new_context() as context,
    ):
        page = context.new_page()
        page.goto(f"http://localhost:{server.port}/", timeout=LIMIT * 1000)
        page.wait_for_function("document.getElementById('said').textContent == 'first'", timeout=LIMIT * 1000)
        loaded_at = page.evaluate("window.loadedAt")
        (folder / "said.js").write_text('export const said = "second";\n')
        page.wait_for_function("document.getElementById('said').textContent == 'second'", timeout=LIMIT * 1000)
        assert page.evaluate("window.loadedAt") == loaded_at, "the page was not loaded anew"
        anonymous = subprocess.run(
            ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"http://localhost:{server.port}/main.js"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert anonymous.stdout == "401"
