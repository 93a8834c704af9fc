"""A session that ends takes its streams with it, through the gate as a proxy too: the app hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from oidc_gate.proxy import gated_proxy, read_upstream
from oidc_gate.testing import session_cookies
from tests.patience import LIMIT
from tests.proxied import Recorder, Taken, answer_in, connected, open_settings, read_all, serving
from tests.test_proxy_websockets import App, app

__all__ = ["app"]

QUICK: dict[str, Any] = {"live_check": "0.2s", "rules": None}


class Visitor:
    """Somebody who has signed in at a gate in front of an app at this port."""

    def __init__(self, port: int) -> None:
        upstream = read_upstream(f"127.0.0.1:{port}")
        assert upstream is not None
        self.gate = gated_proxy(upstream, open_settings(**QUICK))
        cookies = session_cookies(self.gate, url="http://127.0.0.1", sub="ada")
        self.cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())

    def sign_out(self, port: int) -> None:
        head = f"POST /oauth2/logout HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {self.cookie}\r\n"
        with connected(port) as connection:
            connection.sendall(
                f"{head}Sec-Fetch-Site: same-origin\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
            )
            assert answer_in(read_all(connection)).status in (200, 302, 303)


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    made = Recorder()
    yield made
    made.close()


def test_events_end_with_the_session(recorder: Recorder) -> None:
    def answer(connection: Taken) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.send(b"9\r\ndata: 1\n\n\r\n")
        while connection.read():
            pass

    recorder.answering = answer
    ada = Visitor(recorder.port)
    with serving(ada.gate) as port, connected(port) as connection:
        head = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {ada.cookie}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        found = b""
        while b"data: 1\n\n" not in found:
            found += connection.recv(65536)
        ada.sign_out(port)
        answer_ = answer_in(found + read_all(connection))
        assert (answer_.status, answer_.is_whole) == (200, True)
        assert recorder.taken[0].is_over.wait(LIMIT)


def test_a_websocket_ends_with_the_session(app: tuple[App, int]) -> None:
    ada = Visitor(app[1])
    with serving(ada.gate) as port:
        headers = {"Cookie": ada.cookie}
        with connect(f"ws://127.0.0.1:{port}/hears", additional_headers=headers, open_timeout=LIMIT) as connection:
            connection.send("a")
            assert connection.recv(LIMIT) == "a"
            ada.sign_out(port)
            with pytest.raises(ConnectionClosed):
                connection.recv(LIMIT)
            assert connection.close_code == 4401
    assert app[0].ended["/hears"].get(timeout=LIMIT)[0] == 4401
