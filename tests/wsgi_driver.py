"""Calls a WSGI app as a strict server would: PEP 3333 to the letter, headers folded as gunicorn folds them."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.validate import validator

from tests.wire import BrokenAppError, Headers, WireAnswer, WireRequest, below_root

Environ = dict[str, Any]


class WSGIDriver:
    """Runs requests through one app; `validate` puts the standard library's validator around it."""

    def __init__(self, app: Any, *, root_path: str = "", validate: bool = True) -> None:
        self.app: Callable[..., Iterable[bytes]] = validator(app) if validate else app
        self.root_path = root_path

    def run(self, request: WireRequest) -> WireAnswer:
        call = _Call()
        result = self.app(make_environ(request, self.root_path), call.start_response)
        try:
            for chunk in result:
                call.write(chunk)
        finally:
            if hasattr(result, "close"):
                result.close()
        return call.answer(request.method)


class _Call:
    """The server's side of one call: `start_response`, `write`, and the rules for both."""

    def __init__(self) -> None:
        self.started: tuple[str, Headers] | None = None
        self.sent = False
        self.body = bytearray()

    def start_response(self, status: str, headers: Headers, exc_info: Any = None) -> Callable[[bytes], None]:
        if exc_info is not None:
            if self.sent:
                raise exc_info[1].with_traceback(exc_info[2])
        elif self.started is not None:
            raise BrokenAppError("start_response was called twice without exc_info")
        if not all(type(name) is str and type(value) is str for name, value in headers):
            raise BrokenAppError("header names and values must be str")
        for _, value in headers:
            value.encode("latin-1")
            if any(mark in value for mark in "\r\n\0"):
                raise BrokenAppError(f"a control character in a header: {value!r}")
        self.started = (status, list(headers))
        return self.write

    def write(self, chunk: bytes) -> None:
        if self.started is None:
            raise BrokenAppError("a body before start_response")
        if not isinstance(chunk, bytes):
            raise BrokenAppError(f"the body must be bytes, not {type(chunk).__name__}")
        self.sent = self.sent or bool(chunk)
        self.body += chunk

    def answer(self, method: str) -> WireAnswer:
        if self.started is None:
            raise BrokenAppError("the app ended without start_response")
        status, headers = self.started
        code = int(status.split(" ", maxsplit=1)[0])
        body = b"" if method == "HEAD" or code in (204, 304) else bytes(self.body)
        return WireAnswer(code, headers, body)


def make_environ(request: WireRequest, root_path: str = "") -> Environ:
    path, query = request.target
    host, port = request.server
    environ: Environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": root_path,
        "PATH_INFO": unquote_to_bytes(below_root(path, root_path)).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": f"{path}?{query}" if query else path,
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.client[0],
        "REMOTE_PORT": str(request.client[1]),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    return environ | fold_headers(request.headers)


def fold_headers(headers: Headers) -> dict[str, str]:
    """Return headers as CGI variables: dash and underscore become one, duplicates are joined."""
    folded: dict[str, str] = {}
    for name, value in headers:
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        joint = "; " if key == "HTTP_COOKIE" else ","
        folded[key] = f"{folded[key]}{joint}{value}" if key in folded else value
    return folded
