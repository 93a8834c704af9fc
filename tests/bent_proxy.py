"""A reverse proxy in front of gates on this machine, as it should be, and as it should not.

To its clients it is what HTTPS_PROXY and HTTP_PROXY name: so any host can be asked at its usual ports, and what comes
is answered here. `https://` is TLS with a certificate of the given authority.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from tests.browser import World
from tests.patience import LIMIT
from tests.providers.serving import ServerThread
from tests.providers.tls import Authority
from tests.redis_servers import until

Headers = list[tuple[str, str]]

REFUSED = b"HTTP/1.1 %d Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
OPEN = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


@dataclass
class Message:
    """The head of a request or an answer, and its body."""

    first: str
    headers: Headers
    body: bytes = b""

    @classmethod
    def read(cls, file: Any, *, whole: bool) -> Message | None:
        lines = list(iter(lambda: file.readline().decode("latin-1").rstrip("\r\n"), ""))
        if not lines:
            return None
        pairs = [line.partition(":") for line in lines[1:]]
        headers = [(name, value.strip()) for name, _, value in pairs]
        message = cls(lines[0], headers)
        if whole:  # a server that was not told to close may keep the connection
            length = message.get("content-length")
            message.body = file.read(int(length)) if length else file.read()
        return message

    @property
    def head(self) -> bytes:
        lines = [self.first, *(f"{name}: {value}" for name, value in self.headers)]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def get(self, name: str) -> str:
        return next((value for known, value in self.headers if known.lower() == name.lower()), "")

    def drop(self, *names: str) -> None:
        self.headers = [(name, value) for name, value in self.headers if name.lower() not in names]

    def put(self, name: str, value: str) -> None:
        self.drop(name.lower())
        self.headers.append((name, value))


@dataclass
class BentProxy:
    """What it does, by name; as it is made it does nothing wrong.

    - `replicas`: ports, which take turns. `tells`: `set` replaces what a client says of proxies, `pass` leaves it.
    - `rewrites`: of each path, with its query. `changes`: of each answer's head. `asks`: of each request's head.
    - `caches`: `all` is kept, whatever the query, or each `address`.
    - `longest`: of a request's header. `longest_answer`: of an answer's head.
    - `upgrades`: `pass`, `strip`, `refuse` (426), `accept`. `plain`: over http, `redirect`, `serve`, `close`.
    """

    authority: Authority
    replicas: Sequence[int]
    tells: str = "set"
    rewrites: Callable[[str], str] = str
    asks: Callable[[Message], None] = lambda _: None
    changes: Callable[[Message], None] = lambda _: None
    caches: str = ""
    longest: int = 32_000
    longest_answer: int = 32_000
    upgrades: str = "pass"
    plain: str = "redirect"
    hsts: bool = True
    served: list[str] = field(default_factory=list)
    port: int = 0

    def __post_init__(self) -> None:
        self._turn = itertools.cycle(self.replicas)
        self._kept: dict[str, bytes] = {}
        self._contexts: dict[str, ssl.SSLContext] = {}

    @contextlib.contextmanager
    def running(self) -> Iterator[BentProxy]:
        proxy = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    proxy._serve(self.request)

        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            self.port = server.server_address[1]
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
            thread.start()
            yield self
            server.shutdown()
            thread.join()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(LIMIT)
        asked = Message.read(connection.makefile("rb", 0), whole=False)
        if asked is None:
            return
        method, target, _ = asked.first.split(" ")
        if method == "CONNECT":
            connection.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
            host = target.partition(":")[0]
            context = self._contexts.setdefault(host, self.authority.server_context(host))
            with context.wrap_socket(connection, server_side=True) as secure:
                inner = Message.read(secure.makefile("rb", 0), whole=False)
                if inner is not None:
                    secure.sendall(self._answer(inner))
        else:
            path = "/" + target.split("/", 3)[3]
            asked.first = asked.first.replace(target, path, 1)
            connection.sendall(self._plain(asked, path))

    def _plain(self, asked: Message, path: str) -> bytes:
        if self.plain == "serve":
            return self._answer(asked, scheme="http")
        if self.plain == "close":
            return b""
        location = f"https://{asked.get('host')}{path}".encode()
        return b"HTTP/1.1 301 Moved\r\nLocation: " + location + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    def _answer(self, asked: Message, scheme: str = "https") -> bytes:
        self.served.append(asked.first)
        method, path, version = asked.first.split(" ")
        if any(len(value) > self.longest for _, value in asked.headers):
            return REFUSED % 431
        if asked.get("upgrade"):
            if self.upgrades == "refuse":
                return REFUSED % 426
            if self.upgrades == "accept":
                return OPEN
            if self.upgrades == "strip":
                asked.drop("upgrade", "connection")
        key = path if self.caches == "address" else path.partition("?")[0]
        if self.caches and key in self._kept:
            return self._kept[key]
        if self.tells == "set":
            asked.drop("forwarded")
            asked.put("X-Forwarded-Host", asked.get("host"))
            asked.put("X-Forwarded-Proto", scheme)
            asked.put("X-Forwarded-For", "192.0.2.44")
        if not asked.get("upgrade"):
            asked.put("Connection", "close")
        asked.first = f"{method} {self.rewrites(path)} {version}"
        self.asks(asked)
        answer = self._asked(asked)
        self._kept[key] = answer
        return answer

    def _asked(self, asked: Message) -> bytes:
        try:
            with socket.create_connection(("127.0.0.1", next(self._turn)), LIMIT) as upstream:
                upstream.sendall(asked.head)
                answer = Message.read(upstream.makefile("rb"), whole=True)
        except OSError:
            answer = None
        if answer is None or len(answer.head) > self.longest_answer:
            return REFUSED % 502
        answer.put("Connection", "close")
        if self.hsts:
            answer.put("Strict-Transport-Security", "max-age=31536000")
        self.changes(answer)
        return answer.head + answer.body


@contextlib.contextmanager
def served(world: World, app: Any) -> Iterator[int]:
    """Serve an app of either world on this machine while the block lasts; its port."""
    if world == "wsgi":
        server = ServerThread(app)
        server.start()
        yield server.port
        server.stop()
        return
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        quiet = uvicorn.Config(app, log_config=None, proxy_headers=False, ws="wsproto", lifespan="off")
        asgi = uvicorn.Server(quiet)
        thread = threading.Thread(target=asgi.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        until(lambda: asgi.started)
        yield listener.getsockname()[1]
        asgi.should_exit = True
        thread.join(LIMIT)
