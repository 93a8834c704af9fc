"""A WSGI app on real HTTP: a threaded server on a free port of 127.0.0.1 that can stop and come back on that port."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from tests.patience import LIMIT

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class QuietHandler(WSGIRequestHandler):
    """Requests are recorded by whoever serves; the console stays the tests'. A `Date` is the app's, if it has one."""

    def send_response(self, code: int, message: str | None = None) -> None:
        self.send_response_only(code, message)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        pass


class ServerThread:
    """Serves one app from a thread between `start()` and `stop()`; the first start picks the port, others keep it."""

    def __init__(self, app: WSGIApplication, host: str = "127.0.0.1") -> None:
        self._app = app
        self.host = host
        self.port = 0
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        return self._server is not None

    def start(self) -> None:
        if self._server is not None:
            return
        with _listening_socket(self.host, self.port) as listener:
            self.port = listener.getsockname()[1]
            self._server = make_server(
                self.host, self.port, self._app, threaded=True, request_handler=QuietHandler, fd=listener.fileno()
            )
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name=f"provider:{self.port}", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the port; a connection made from now on is refused."""
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        self._server = self._thread = None
        server.shutdown()
        thread.join()


def _listening_socket(host: str, port: int, limit: float = LIMIT) -> socket.socket:
    """Bind and listen; on a port that was ours a moment ago, wait until the system gives it back."""
    give_up = time.monotonic() + limit
    while True:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError:
            listener.close()
            if time.monotonic() > give_up:
                raise
            time.sleep(0.05)
        else:
            listener.listen(128)
            return listener
