"""The apps of the soak, in the processes of gunicorn and uvicorn. `OIDC_GATE_CONFIG` names the settings.

`SOAK_CLOCK` is a file of one number, by how many seconds the gate's clock goes ahead. The public signature has no
clock, so the gate inside the adapter is replaced by one that was made with it, as `tests.stage.timed` does.
"""

from __future__ import annotations

import asyncio
import json
import mmap
import os
import time
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import Any

from oidc_gate import Settings, asgi, identity_of, wsgi
from oidc_gate.gate import open_gate

_NUMBER = Struct("d")
#: A chunk of an event stream comes so often (seconds).
_BEAT = 0.5


class FileClock:
    """Seconds since 1970, and what the file says."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._shared = mmap.mmap(file.fileno(), _NUMBER.size, access=mmap.ACCESS_READ)

    def __call__(self) -> float:
        (ahead,) = _NUMBER.unpack_from(self._shared)
        return time.time() + float(ahead)


def set_clock(path: Path, ahead: float) -> None:
    """Have all clocks of this file go ahead by so many seconds."""
    if not path.exists():
        path.write_bytes(_NUMBER.pack(ahead))
    with path.open("r+b") as file:
        file.write(_NUMBER.pack(ahead))


def _body(request: Any, method: str, form: bytes) -> bytes:
    identity = identity_of(request)
    subject = None if identity is None else identity.subject
    return json.dumps({"subject": subject, "pid": os.getpid(), "method": method, "form": form.decode()}).encode()


def _beats() -> Iterator[bytes]:
    while True:
        yield b": still here\n\n"
        time.sleep(_BEAT)


def wsgi_app(environ: dict[str, Any], start_response: Any) -> Any:
    """Say who asks; below /events for ever."""
    if environ["PATH_INFO"] == "/events":
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return _beats()
    form = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    start_response("200 OK", [("Content-Type", "application/json")])
    return [_body(environ, environ["REQUEST_METHOD"], form)]


async def asgi_app(scope: Any, receive: Any, send: Any) -> None:
    """Say who asks; on a WebSocket, to each message; below /events for ever."""
    if scope["type"] == "lifespan":
        raise RuntimeError("no lifespan")
    if scope["type"] == "websocket":
        await _talk(scope, receive, send)
        return
    kind = b"text/event-stream" if scope["path"] == "/events" else b"application/json"
    form, more = b"", True
    while more:
        message = await receive()
        form, more = form + message.get("body", b""), message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
    if scope["path"] != "/events":
        await send({"type": "http.response.body", "body": _body(scope, scope["method"], form)})
        return
    gone = asyncio.ensure_future(receive())
    while not gone.done():
        await send({"type": "http.response.body", "body": b": still here\n\n", "more_body": True})
        await asyncio.wait([gone], timeout=_BEAT)


async def _talk(scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": _body(scope, "socket", b"").decode()})


def gated(world: Any, app: Any) -> Any:
    """Return the gate of a world in front of an app, by the clock of the file."""
    settings = Settings.from_env()
    adapter = world.OIDCGate(app, settings=settings)
    adapter._ask(open_gate(settings, adapter._ask, FileClock(Path(os.environ["SOAK_CLOCK"]))))
    return adapter


def under_gunicorn() -> Any:
    """Return what gunicorn serves."""
    return gated(wsgi, wsgi_app)


def under_uvicorn() -> Any:
    """Return what uvicorn serves."""
    return gated(asgi, asgi_app)
