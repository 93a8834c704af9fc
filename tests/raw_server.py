"""A server that says byte for byte what a test tells it to: half answers, endless ones, ones that drip."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

Answering = Callable[["Connection"], None]


@dataclass
class Connection:
    """One connection: `request` is the head that came, `stopped` is set when the test is over."""

    socket: socket.socket
    stopped: threading.Event
    request: bytes = b""
    sent: int = 0

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)
        self.sent += len(data)

    def drip(self, data: bytes, pause: float = 0.05) -> None:
        """Send one byte after another, slower than any reader would like."""
        for number in range(len(data)):
            if self.stopped.wait(pause):
                return
            self.send(data[number : number + 1])


@dataclass
class RawServer:
    """A running server: `connections` holds every connection that was made, `url` where."""

    url: str
    connections: list[Connection] = field(default_factory=list)

    @property
    def requests(self) -> list[bytes]:
        """The heads of the requests, oldest first."""
        return [connection.request for connection in self.connections if connection.request]


@contextlib.contextmanager
def raw_server(answering: Answering) -> Iterator[RawServer]:
    """Serve while the block lasts; each connection gets one thread, one request is read, `answering` says the rest."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = RawServer(f"http://127.0.0.1:{listener.getsockname()[1]}")
        threads: list[threading.Thread] = []

        def serve(connection: Connection) -> None:
            with connection.socket, contextlib.suppress(OSError):
                while b"\r\n\r\n" not in connection.request:
                    data = connection.socket.recv(65536)
                    if not data:
                        return
                    connection.request += data
                answering(connection)

        def accept() -> None:
            while True:
                try:
                    accepted, _ = listener.accept()
                except OSError:
                    return
                connection = Connection(accepted, stopped)
                server.connections.append(connection)
                threads.append(threading.Thread(target=serve, args=(connection,), daemon=True))
                threads[-1].start()

        accepting = threading.Thread(target=accept, daemon=True)
        accepting.start()
        try:
            yield server
        finally:
            stopped.set()
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for connection in server.connections:
                with contextlib.suppress(OSError):
                    connection.socket.shutdown(socket.SHUT_RDWR)
            for thread in threads:
                thread.join(10)


def says(*parts: bytes) -> Answering:
    """Return what answers every request with these bytes and closes."""

    def answer(connection: Connection) -> None:
        for part in parts:
            connection.send(part)

    return answer


def endless(head: bytes, chunk: bytes = b"x" * 65536) -> Answering:
    """Return what answers with a head and then never ends."""

    def answer(connection: Connection) -> None:
        connection.send(head)
        while not connection.stopped.is_set():
            connection.send(chunk)

    return answer
