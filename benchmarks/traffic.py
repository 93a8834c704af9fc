"""Requests as a server hands them over, made anew each time, and the drivers that have them answered.

Nothing of a request is shared with the one before: Python keeps the hash of a text with the text, so a Cookie header
used twice would be looked up for less the second time, which no server's is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

__all__ = [
    "Answer",
    "asgi_hello",
    "asgi_request",
    "ask_asgi",
    "ask_wsgi",
    "cookie_header",
    "serve_asgi",
    "serve_wsgi",
    "wsgi_hello",
    "wsgi_request",
]

World = Literal["WSGI", "ASGI"]
Cookie = tuple[str, str]
Environ = dict[str, Any]
Scope = dict[str, Any]

HOST = "app.example.com"

#: Eleven cookies that have nothing to do with the gate, as apps and their analytics set them.
_OTHERS: tuple[Cookie, ...] = (
    ("_ga", "GA1.1.1482190265.1763912231"),
    ("_ga_8QXJ4L2M7P", "GS2.1.s1763912231$o4$g1$t1763913002$j60$l0$h0"),
    ("csrftoken", "k7Yd0cJq3mPz5sWv8xBn2RtL6hGf9aEu"),
    ("theme", "dark"),
    ("locale", "en-GB"),
    ("_hjSessionUser_3184720", "eyJpZCI6IjVhZDE4ZjQ2LTk3YzgtNTJkZiJ9"),
    ("consent", "analytics:1|marketing:0|v:7"),
    ("sidebar", "collapsed"),
    ("tz", "Europe%2FBerlin"),
    ("AWSALB", "Pz0kU4cQm7nYx2Tb9LdVw6RsJg1FhEa8iXo3ZpKqWvCyNtMu5B"),
    ("last_seen", "1763912999"),
)
_HEADERS = {
    "host": HOST,
    "connection": "keep-alive",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "accept-language": "en-GB,en;q=0.7,de;q=0.3",
    "accept-encoding": "gzip, deflate, br, zstd",
    "referer": f"https://{HOST}/reports",
    "x-forwarded-for": "203.0.113.9",
    "x-forwarded-proto": "https",
    "priority": "u=0, i",
}
_PAGE = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8", "sec-fetch-mode": "navigate", "sec-fetch-site": "none"}
_SCRIPT = {"accept": "application/json", "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin"}

_HELLO = b"hello"
_HELLO_HEADERS = [("Content-Type", "text/plain"), ("Content-Length", "5")]


def cookie_header(*own: Cookie) -> str:
    """Return a Cookie header of the eleven others, with `own` from the fifth place on."""
    pairs = [*_OTHERS[:4], *own, *_OTHERS[4:]]
    return "; ".join(f"{name}={value}" for name, value in pairs)


def _headers(cookies: str, *, page: bool, token: str = "") -> dict[str, str]:
    """Return those of a browser; with a token, those of a program, which has that in the place of cookies."""
    credentials = {"authorization": f"Bearer {token}"} if token else {"cookie": cookies}
    return {**_HEADERS, **(_PAGE if page else _SCRIPT), **credentials}


def wsgi_request(
    cookies: str, *, page: bool = False, path: str = "/reports/7", query: str = "", token: str = ""
) -> Callable[[], Environ]:
    """Return what makes the environ of one request after another: a page that is opened, or a script's request."""
    headers = _headers(cookies, page=page, token=token)
    named = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in named.items()]

    def make() -> Environ:
        environ = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "",
            "PATH_INFO": _fresh(path),
            "QUERY_STRING": _fresh(query),
            "RAW_URI": _fresh(path),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_PORT": "50312",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https",
            "wsgi.input": BytesIO(),
            "wsgi.errors": None,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        for name, value in raw:
            environ[name.decode("latin-1")] = value.decode("latin-1")
        return environ

    return make


def asgi_request(
    cookies: str, *, page: bool = False, path: str = "/reports/7", query: str = "", token: str = ""
) -> Callable[[], Scope]:
    """Return what makes the scope of one request after another."""
    named = _headers(cookies, page=page, token=token)
    raw = [(bytearray(name, "latin-1"), bytearray(value, "latin-1")) for name, value in named.items()]

    def make() -> Scope:
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "https",
            "path": _fresh(path),
            "raw_path": _fresh(path).encode("latin-1"),
            "query_string": query.encode("latin-1"),
            "root_path": "",
            "headers": [(bytes(name), bytes(value)) for name, value in raw],
            "client": ("127.0.0.1", 50312),
            "server": ("127.0.0.1", 8000),
            "state": {},
        }

    return make


def _fresh(text: str) -> str:
    return text.encode("latin-1").decode("latin-1")


# The bare app, and how it is served


def wsgi_hello(_environ: Environ, start_response: Any) -> list[bytes]:
    """Answer as little as an app can."""
    start_response("200 OK", _HELLO_HEADERS)
    return [_HELLO]


async def asgi_hello(_scope: Scope, _receive: Any, send: Any) -> None:
    """Answer as little as an app can."""
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"5")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _HELLO})


def serve_wsgi(app: Any) -> Callable[[Environ], None]:
    """Return what answers one request as a server does, and throws the answer away."""

    def serve(environ: Environ) -> None:
        body = app(environ, _start_response)
        for _ in body:
            pass
        if hasattr(body, "close"):
            body.close()

    return serve


def serve_asgi(app: Any) -> Callable[[Scope], None]:
    """Return what answers one request. No event loop is needed, for nothing here waits; one that waits is an error."""

    def serve(scope: Scope) -> None:
        running: Coroutine[Any, Any, None] = app(scope, _receive, _send)
        try:
            running.send(None)
        except StopIteration:
            return
        raise RuntimeError("a request that should be answered at once has waited for something")

    return serve


def _start_response(_status: str, _headers: list[tuple[str, str]], _exc_info: Any = None) -> None:
    pass


async def _receive() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(_message: Any) -> None:
    pass


# To look at an answer rather than to time it


@dataclass(frozen=True)
class Answer:
    """The head of an answer."""

    status: int
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str:
        """Return the first header of that name."""
        return next(value for key, value in self.headers if key.lower() == name)

    def cookies(self) -> dict[str, str]:
        """Return the cookies that are set."""
        values = [value.partition(";")[0].partition("=") for key, value in self.headers if key.lower() == "set-cookie"]
        return {name: value for name, _, value in values}


def ask_wsgi(app: Any, environ: Environ) -> Answer:
    """Return the answer to one request."""
    seen: list[Answer] = []

    def start_response(status: str, headers: Iterable[tuple[str, str]], _exc_info: Any = None) -> None:
        seen.append(Answer(int(status.split(maxsplit=1)[0]), tuple(headers)))

    list(app(environ, start_response))
    return seen[0]


def ask_asgi(app: Any, scope: Scope) -> Answer:
    """Return the answer to one request, which may wait."""
    seen: list[Answer] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in message["headers"]]
            seen.append(Answer(message["status"], tuple(headers)))

    asyncio.run(app(scope, _receive, send))
    return seen[0]
