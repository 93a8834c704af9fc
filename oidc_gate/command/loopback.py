"""Where a browser on this machine comes back to from the provider: an address that is there for one sign-in (RFC 8252).

Any program and any page on this machine can ask there. So an answer counts only with the `state` of this sign-in, and
the code in it is worth nothing without the verifier, which never leaves this process.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from secrets import compare_digest
from threading import Thread
from types import TracebackType
from typing import Any, Self

from oidc_gate.errors import LoginError, SettingsError
from oidc_gate.provider import code_flow

__all__ = ["Loopback"]

_PATH = "/callback"
_HOST = "127.0.0.1"
#: Seconds that a connection may take to say what it wants: browsers open some that say nothing.
_PATIENCE = 10.0
_COME_BACK = "You can close this window and go back to the terminal.\n"
_OTHER = "This is not the sign-in that the terminal waits for.\n"


class Loopback:
    """Waits on 127.0.0.1 for the answer with this `state`; `port` 0 takes a free one. Raises SettingsError.

    A context manager: the port is open inside of it alone.
    """

    def __init__(self, state: str, port: int) -> None:
        self._answers: SimpleQueue[code_flow.Callback] = SimpleQueue()
        try:
            self._server = _Server((_HOST, port), _handler(state, self._answers.put))
        except OSError as error:
            raise SettingsError(f"--port {port} of {_HOST} cannot be used ({error.strerror}).") from None
        self.redirect_uri = f"http://{_HOST}:{self._server.server_address[1]}{_PATH}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, seconds: float) -> code_flow.Callback:
        """Return what the browser brings back. Raises LoginError `login_late` when it has not come by then."""
        try:
            return self._answers.get(timeout=seconds)
        except Empty:
            raise LoginError("login_late", "the browser has not come back from the provider in time") from None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    # No other program may listen at the same port: on Windows that is what "reuse" allows, and later Pythons set both.
    allow_reuse_address = os.name != "nt"
    allow_reuse_port = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that break: what waits for an answer goes on waiting."""


def _handler(state: str, take: Callable[[code_flow.Callback], None]) -> type[BaseHTTPRequestHandler]:
    """Return what answers requests: `take` is handed the first that brings this `state`, and any later one."""

    class Handler(BaseHTTPRequestHandler):
        timeout = _PATIENCE

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            callback = _read(query) if path == _PATH else None
            if callback is None or not compare_digest(callback.state.encode("utf-8", "replace"), state.encode()):
                self._say(404, _OTHER)
                return
            self._say(200, _COME_BACK)
            take(callback)

        def log_message(self, *_: Any) -> None:
            """Write nothing: the address holds the code."""

        def _say(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            self.wfile.write(text.encode())

    return Handler


def _read(query: str) -> code_flow.Callback | None:
    try:
        return code_flow.read_callback(code_flow.read_form(query))
    except LoginError:
        return None
