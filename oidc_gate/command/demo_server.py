"""Serves an app of either world in a thread, while the demo does other things."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from oidc_gate.command.demo_provider import local_server
from oidc_gate.errors import SettingsError
from oidc_gate.settings import is_asgi

__all__ = ["serving"]

#: How long answers that are under way may take once the demo ends, in seconds.
_GRACE = 2


@contextmanager
def serving(listener: socket.socket, app: Any) -> Iterator[threading.Thread]:
    """Serve a WSGI or ASGI app on this listening socket until the block ends; the thread ends by itself if it fails.

    Raises SettingsError where the server is not installed.
    """
    run, stop = _asgi_server(listener, app) if is_asgi(app) else _wsgi_server(listener, app)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        stop()
        thread.join()


def _wsgi_server(listener: socket.socket, app: Any) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return what serves, and what ends that."""
    server = local_server(listener, app)

    def run() -> None:
        server.serve_forever()
        server.server_close()

    return run, server.shutdown


def _asgi_server(listener: socket.socket, app: Any) -> tuple[Callable[[], None], Callable[[], None]]:
    """Return what serves, and what ends that."""
    try:
        import uvicorn
    except ImportError:
        raise SettingsError("An ASGI app is served with uvicorn. Install it: pip install 'oidc-gate[demo]'") from None
    from oidc_gate.command.uvicorn_requests import HeadersAlone

    config = uvicorn.Config(
        app,
        http=HeadersAlone,
        log_level="warning",
        proxy_headers=False,
        access_log=False,
        timeout_graceful_shutdown=_GRACE,
    )
    server = uvicorn.Server(config)

    def run() -> None:
        with suppress(SystemExit):  # the app did not start; uvicorn has said why
            server.run([listener])

    def stop() -> None:
        server.should_exit = True

    return run, stop
