"""How visitors reach https://app.example.com: what HTTPS_PROXY and HTTP_PROXY name leads to ports of this machine.

It connects from 127.0.0.2, so that a visitor's address is another than that of whatever stands in front of the gate.
"""

from __future__ import annotations

import contextlib
import select
import socket
import socketserver
import threading
from collections.abc import Iterator

from tests.patience import LIMIT

__all__ = ["VISITOR", "tunnel"]

VISITOR = "127.0.0.2"


@contextlib.contextmanager
def tunnel(http: int, https: int) -> Iterator[str]:
    """Stand for every host while the block lasts; the address for HTTPS_PROXY."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError):
                self._handle()

        def _handle(self) -> None:
            first = self.rfile.readline().decode("latin-1")
            head = list(iter(self.rfile.readline, b"\r\n"))
            method, target, _ = first.split(" ")
            port = https if method == "CONNECT" else http
            with socket.create_connection(("127.0.0.1", port), LIMIT, (VISITOR, 0)) as there:
                if method == "CONNECT":
                    self.wfile.write(b"HTTP/1.1 200 Connected\r\n\r\n")
                else:
                    path = "/" + target.split("/", 3)[3]
                    kept = [
                        line for line in head if not line.lower().startswith((b"connection:", b"proxy-connection:"))
                    ]
                    there.sendall(
                        b"".join([f"{method} {path} HTTP/1.1\r\n".encode(), *kept, b"Connection: close\r\n\r\n"])
                    )
                passed_on(self.connection, there)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def passed_on(one: socket.socket, other: socket.socket) -> None:
    """Carry bytes both ways until either end is over."""
    while True:
        readable, _, _ = select.select([one, other], [], [], LIMIT)
        if not readable:
            return
        for each in readable:
            data = each.recv(65536)
            if not data:
                return
            (other if each is one else one).sendall(data)
