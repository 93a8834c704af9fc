"""The gate as a proxy, served for real in this process, and apps for it to stand in front of.

`serving(app)` runs uvicorn in a thread. `Recorder` is an app's server that answers with the bytes it is told to, and
keeps every byte it was sent, connection by connection: what it got is then read by `requests_in`, which is strict.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import uvicorn

from oidc_gate import Settings
from oidc_gate.proxy import gated_proxy, read_upstream
from tests.apps import COOKIE_SECRET
from tests.patience import LIMIT

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@contextlib.contextmanager
def serving(app: Any, **options: Any) -> Iterator[int]:
    """Serve an ASGI app while the block lasts, at the port that is given."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        given: dict[str, Any] = {"lifespan": "on", "log_level": "critical", "proxy_headers": False}
        given |= {"timeout_graceful_shutdown": 1}
        server = uvicorn.Server(uvicorn.Config(app, **(given | options)))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            port: int = listener.getsockname()[1]
            yield port
        finally:
            server.should_exit = True
            thread.join(LIMIT)


def open_settings(**options: Any) -> Settings:
    """Return the settings of a gate that lets anyone pass at 127.0.0.1, and asks no provider."""
    given: dict[str, Any] = {
        "issuer_url": "https://issuer.test/",
        "client_id": "the-client",
        "client_secret": "the-secret",
        "cookie_secret": COOKIE_SECRET,
        "rules": [{"host": "127.0.0.1", "allow": "anyone"}],
    }
    return Settings(**(given | options))


@contextlib.contextmanager
def proxy_to(target: str | int, *, loop: str = "auto", http: Any = "auto", **options: Any) -> Iterator[int]:
    """Serve a gate that lets anyone pass in front of an app at this address; the port is given."""
    upstream = read_upstream(str(target))
    assert upstream is not None
    gate = gated_proxy(upstream, open_settings(**options))
    with serving(gate, server_header=False, date_header=False, loop=loop, http=http) as port:
        yield port


Answering = Callable[["Taken"], None]


class Taken:
    """One connection that was accepted: `received` is every byte that came."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.received = b""
        self.is_over = threading.Event()

    def read(self) -> bytes:
        data = self.socket.recv(65536)
        self.received += data
        return data

    def read_request(self) -> None:
        """Return when another whole request has come; raises OSError when none does."""
        before = len(requests_in(self.received, whole=False))
        while len(requests_in(self.received, whole=False)) == before:
            if not self.read():
                raise OSError("no request came")

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)


def usual(connection: Taken) -> None:
    """Answer every request with `OK`."""
    while True:
        connection.read_request()
        connection.send(OK)


def saying(*answers: bytes) -> Answering:
    """Return what answers so many requests with these bytes, and then ends the connection."""

    def answer(connection: Taken) -> None:
        for each in answers:
            connection.read_request()
            connection.send(each)

    return answer


class Recorder:
    """A server: `answering` is asked for each connection, `taken` has them all."""

    def __init__(self) -> None:
        self.answering: Answering = usual
        self.taken: list[Taken] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()
        for each in self.taken:
            with contextlib.suppress(OSError):
                each.socket.close()

    def begin(self, answering: Answering = usual) -> None:
        """Forget what came, and answer like this from now on, on new connections."""
        for each in self.taken:
            with contextlib.suppress(OSError):
                each.socket.shutdown(socket.SHUT_RDWR)
            each.is_over.wait(LIMIT)
        self.taken = []
        self.answering = answering

    @property
    def requests(self) -> list[Got]:
        """All requests that came, connection by connection; each byte must belong to one."""
        return [request for each in self.taken for request in requests_in(each.received)]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            taken = Taken(connection)
            self.taken.append(taken)
            threading.Thread(target=self._serve, args=(taken,), daemon=True).start()

    def _serve(self, taken: Taken) -> None:
        try:
            with taken.socket, contextlib.suppress(OSError):
                self.answering(taken)
        finally:
            taken.is_over.set()


class Got(NamedTuple):
    """A request as it came: `headers` with names in lower case."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for each, value in self.headers if each == name]

    def one(self, name: str) -> str:
        (value,) = self.all(name)
        return value


def requests_in(data: bytes, *, whole: bool = True) -> list[Got]:
    """Return the requests that these bytes are, read as strictly as RFC 9112 is written.

    `whole`: nothing may be left over; else what is left over is a request that is still coming.
    """
    found = []
    while data:
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end:
            break
        assert not re.search(rb"\r(?!\n)|(?<!\r)\n|\x00", head), head
        line, *lines = head.decode("latin-1").split("\r\n")
        assert re.fullmatch(r"[A-Z]+ /[!-~]* HTTP/1\.1", line), line
        pairs = [re.fullmatch(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", each) for each in lines]
        assert all(pairs), head
        headers = [(each[1].lower(), each[2]) for each in pairs if each]
        got = Got(line, headers, b"")
        lengths, codings = got.all("content-length"), got.all("transfer-encoding")
        assert len(lengths) + len(codings) <= 1, head
        body: bytes | None = b""
        if lengths:
            assert lengths[0].isdecimal(), head
            size = int(lengths[0])
            body, rest = (rest[:size], rest[size:]) if len(rest) >= size else (None, rest)
        elif codings:
            assert codings == ["chunked"], head
            body, rest = _unchunked(rest)
        if body is None:
            break
        found.append(got._replace(body=body))
        data = rest
    assert not (whole and data), data
    return found


def _unchunked(data: bytes) -> tuple[bytes | None, bytes]:
    body = b""
    while True:
        line, end, data = data.partition(b"\r\n")
        if not end:
            return None, b""
        size = int(line, 16)
        if not size:
            trailer, end, rest = data.partition(b"\r\n")
            assert not trailer
            return (body, rest) if end else (None, b"")
        if len(data) < size + 2:
            return None, b""
        assert data[size : size + 2] == b"\r\n"
        body, data = body + data[:size], data[size + 2 :]


class Raw(NamedTuple):
    """An answer as bytes."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    is_whole: bool

    def one(self, name: str) -> str:
        (value,) = [value for each, value in self.headers if each == name]
        return value


def connected(port: int) -> socket.socket:
    made = socket.create_connection(("127.0.0.1", port), LIMIT)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def read_all(connection: socket.socket) -> bytes:
    found = b""
    with contextlib.suppress(ConnectionError):
        while data := connection.recv(65536):
            found += data
    return found


def asked(port: int, line: str = "GET / HTTP/1.1", *lines: str, body: bytes = b"") -> Raw:
    """Send one request, and return the answer; the connection is closed after it."""
    head = "\r\n".join([line, "Host: 127.0.0.1", "Connection: close", *lines, "", ""])
    with connected(port) as connection:
        connection.sendall(head.encode("latin-1") + body)
        return answer_in(read_all(connection), is_head=line.startswith("HEAD "))


def answer_in(data: bytes, *, is_head: bool = False) -> Raw:
    """Return the final answer that these bytes are; `is_whole`: whether all of it is there, by its own length."""
    head, end, rest = data.partition(b"\r\n\r\n")
    assert end, data
    line, *lines = head.decode("latin-1").split("\r\n")
    status = int(line.split(" ")[1])
    if status < 200:
        return answer_in(rest, is_head=is_head)
    headers = [(name.lower(), value.strip()) for name, _, value in (each.partition(":") for each in lines)]
    lengths = [value for name, value in headers if name == "content-length"]
    if is_head or status in (204, 304):
        return Raw(status, headers, rest, not rest)
    if lengths:
        return Raw(status, headers, rest, len(rest) == int(lengths[0]))
    if ("transfer-encoding", "chunked") in headers:
        body, left = _unchunked(rest)
        return Raw(status, headers, body or b"", body is not None and not left)
    return Raw(status, headers, rest, True)
