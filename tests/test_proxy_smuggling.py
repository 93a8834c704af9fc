"""Server, gate and app never disagree where a request or an answer ends: each case of `tests/smuggling.py`, by sockets.

The server is uvicorn with httptools, which `oidc-gate run` and `oidc-gate http` bring for apps at an address.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import pytest

from tests.patience import LIMIT
from tests.proxied import Recorder, Taken, answer_in, asked, connected, proxy_to, read_all, requests_in
from tests.smuggling import ANSWERS, NOTHING, REQUESTS

#: Behind each request comes this one, so that the connection ends where what is before it was taken for a body.
END = b"GET /end HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
#: So long an answer is waited for where a request does not end, in seconds.
_PATIENCE = 0.5
#: Those that never end: the server waits for more of a chunk; uvicorn answers no handshake that has a body.
ENDLESS = {"chunk huge", "chunk negative by overflow", "websocket with a body"}


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    made = Recorder()
    yield made
    made.close()


@pytest.fixture(scope="module")
def port(recorder: Recorder) -> Iterator[int]:
    with proxy_to(f"127.0.0.1:{recorder.port}") as port:
        yield port


def seen(recorder: Recorder) -> tuple[str, ...]:
    """Return the requests that the app has got, each whole, and written as RFC 9112 has it."""
    found = [got for taken in recorder.taken for got in requests_in(taken.received, whole=False)]
    lines = [(got.line.split(" "), len(got.body)) for got in found]
    return tuple(f"{method} {target} {size}" for (method, target, _), size in lines if target not in ("/end", "/last"))


@pytest.mark.parametrize("name", REQUESTS)
def test_the_app_sees_what_was_sent_or_nothing(name: str, port: int, recorder: Recorder) -> None:
    data, views = REQUESTS[name]
    recorder.begin()
    with connected(port) as connection:
        with contextlib.suppress(ConnectionError):  # refused before all of it was sent
            connection.sendall(data + END)
        if name in ENDLESS:
            connection.settimeout(_PATIENCE)
        try:
            answers = read_all(connection)
        except TimeoutError:
            answers = b""
    assert asked(port, "GET /last HTTP/1.1").status == 200  # what was begun before has reached the app by now
    view = seen(recorder)
    assert view in views, (view, answers[:200])
    if views == {NOTHING}:
        assert not re.search(rb"HTTP/1\.1 [23]", answers)


@pytest.mark.parametrize("name", ANSWERS)
def test_the_client_sees_one_answer_and_the_next_is_the_next_ones(name: str, port: int, recorder: Recorder) -> None:
    """Nothing that the app has written too much is ever taken for the answer to another request."""
    data, statuses = ANSWERS[name]

    def answer(connection: Taken) -> None:
        connection.read_request()
        is_first = b"/first" in connection.received
        connection.send(data if is_first else b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood")
        connection.read()

    recorder.begin(answer)
    first = asked(port, "GET /first HTTP/1.1")
    second = asked(port, "GET /next HTTP/1.1")
    assert first.status in statuses
    assert b"evil" not in first.body
    assert not {"x"} & {each for each, _ in first.headers}
    assert ("set-cookie", "evil=1") not in first.headers
    assert (second.status, second.body) == (200, b"good")


def test_a_head_request_has_no_body_whatever_the_app_sends(port: int, recorder: Recorder) -> None:
    def answer(connection: Taken) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        connection.read()

    recorder.begin(answer)
    first = asked(port, "HEAD / HTTP/1.1")
    assert (first.status, first.body, first.one("content-length")) == (200, b"", "4")
    recorder.begin()
    assert asked(port).body == b"ok"


def test_what_is_refused_ends_the_connection(port: int, recorder: Recorder) -> None:
    """Where a malformed request ends nobody knows, so nothing behind it is read (RFC 9112, 6.3)."""
    recorder.begin()
    for head in (b"Content-Length:\t5 \r\n", b""):
        host = b"Host: 127.0.0.1\r\n" if head else b""
        with connected(port) as connection:
            connection.settimeout(LIMIT)
            connection.sendall(b"POST / HTTP/1.1\r\n" + host + head + b"\r\nabcde" + END)
            found = answer_in(read_all(connection))
        assert (found.status, found.one("connection")) == (400, "close")
    assert recorder.taken == []
