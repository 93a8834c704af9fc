"""The gate as a proxy over HTTP: what reaches the app, what reaches the client, and what comes of one that goes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from oidc_gate import Settings
from oidc_gate.command.uvicorn_requests import HeadersAlone
from oidc_gate.errors import SettingsError
from oidc_gate.proxy import gated_proxy, read_upstream
from oidc_gate.proxy.headers import OTHER_PATHS
from tests.asgi_driver import LOOP
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.proxied import (
    OK,
    Got,
    Recorder,
    Taken,
    answer_in,
    asked,
    connected,
    open_settings,
    proxy_to,
    read_all,
    requests_in,
    saying,
    usual,
)
from tests.redis_servers import until
from tests.stage import Stage
from tests.test_settings import REQUIRED

HOST = b"Host: 127.0.0.1\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST
GET = b"GET / HTTP/1.1\r\n" + HOST
PUT = b"PUT / HTTP/1.1\r\n" + HOST
EMPTY = b"Content-Length: 0\r\n\r\n"
HOST_HEADER = (b"host", b"127.0.0.1")


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    made = Recorder()
    yield made
    made.close()


@pytest.fixture(scope="module")
def port(recorder: Recorder) -> Iterator[int]:
    with proxy_to(f"127.0.0.1:{recorder.port}") as port:
        yield port


@pytest.fixture(autouse=True)
def _forgotten(recorder: Recorder) -> None:
    recorder.begin()


def told(recorder: Recorder) -> Got:
    (request,) = recorder.requests
    return request


# What reaches the app


def test_method_path_query_headers_and_body_reach_the_app_as_they_were_sent(port: int, recorder: Recorder) -> None:
    answer = asked(
        port,
        "PATCH /a%20b/%C3%A4/?q=%20&&e=%2F HTTP/1.1",
        "X-Team: \u00e4",
        "Content-Length: 3",
        "Cookie: a=b",
        body=b"\0\r\n",
    )
    got = told(recorder)
    assert (answer.status, answer.body) == (200, b"ok")
    assert got.line == "PATCH /a%20b/%C3%A4/?q=%20&&e=%2F HTTP/1.1"
    assert (got.one("x-team"), got.one("cookie"), got.body) == ("\u00e4", "a=b", b"\0\r\n")
    assert got.one("host") == "127.0.0.1"


def test_what_belongs_to_one_connection_does_not_pass(port: int, recorder: Recorder) -> None:
    recorder.begin(
        saying(
            b"HTTP/1.1 200 OK\r\nConnection: x-mine\r\nKeep-Alive: timeout=5\r\nX-Mine: 1\r\nContent-Length: 0\r\n\r\n"
        )
    )
    answer = asked(
        port,
        "GET / HTTP/1.1",
        "Connection: X-Hop, keep-alive, host, cookie, x-forwarded-user",
        "X-Hop: 1",
        "Keep-Alive: 5",
        "TE: trailers",
        "Proxy-Authorization: Basic eA==",
        "Proxy-Connection: x",
        "Trailer: x",
        "Cookie: a=b",
    )
    got = told(recorder)
    assert {name for name, _ in got.headers} == {
        *("host", "cookie", "x-forwarded-for", "x-real-ip", "x-forwarded-proto", "x-forwarded-host"),
        *("x-forwarded-port", "forwarded"),
    }
    assert {name for name, _ in answer.headers} == {"content-length", "connection"}
    assert answer.one("connection") == "close"


def test_nobody_takes_the_identity_away_by_naming_it_in_connection(provider: LocalProvider, recorder: Recorder) -> None:
    browser = signed_in(provider, recorder, identity_headers="x-forwarded")
    browser.fetch("/", headers={"Connection": "x-forwarded-user, x-forwarded-email, x-other"})
    got = recorder.requests[-1]
    assert got.one("x-forwarded-user") == "ada-1815"
    assert got.one("x-forwarded-email") == "ada@example.com"


SPOOFED = [
    "X-Forwarded-For: 6.6.6.6",
    "X_Forwarded_For: 6.6.6.6",
    "Forwarded: for=6.6.6.6",
    "X-Forwarded-Host: evil.test",
    "X-Forwarded_Proto: evil",
    "X-Forwarded-Prefix: /evil",
    "X-Real-IP: 6.6.6.6",
    "True-Client-IP: 6.6.6.6",
    "CF-Connecting-IP: 6.6.6.6",
    "X-Original-URL: /evil",
    "X-Rewrite-URL: /evil",
    "SCRIPT_NAME: /evil",
    "Path_Info: /evil",
    "X-Script-Name: /evil",
    "Daphne-Root-Path: /evil",
    "X-Vhm-Root: /evil",
    "X-Sendfile-Type: X-Accel-Redirect; evil",
    "Proxy: http://evil.test",
    "Disguised-Host: evil.test",
    "WL-Proxy-Client-Cert: evil",
    "$WSRU: evil",
    "Fly-Client-IP: 6.6.6.6",
    "X-ProxyUser-Ip: 6.6.6.6",
    "X-AppEngine-Remote-Addr: 6.6.6.6",
    "X-Forwarded-User: evil",
    "X_Forwarded_Email: evil",
    "Remote-User: evil",
    "X-Oidc-Gate-Jwt: evil",
    "X_OIDC_GATE_JWT: evil",
]


@pytest.mark.parametrize("name", sorted(OTHER_PATHS))
def test_the_gate_tells_nothing_in_a_header_that_it_does_not_hand_on(name: str) -> None:
    with pytest.raises(SettingsError, match=f"identity_headers must not name {name}"):
        Settings(**REQUIRED, identity_headers={name: "email"})


def test_what_a_client_says_in_a_proxys_name_is_not_believed(port: int, recorder: Recorder) -> None:
    asked(port, "GET / HTTP/1.1", *SPOOFED)
    got = told(recorder)
    assert "evil" not in str(got.headers)
    assert "6.6.6.6" not in str(got.headers)
    assert [name for name, _ in got.headers if "_" in name] == []
    assert (got.one("x-forwarded-for"), got.one("x-real-ip")) == ("127.0.0.1", "127.0.0.1")
    assert (got.one("x-forwarded-proto"), got.one("x-forwarded-host")) == ("http", "127.0.0.1")
    assert got.one("x-forwarded-port") == "80"
    assert got.one("forwarded") == "for=127.0.0.1;host=127.0.0.1;proto=http"


def test_trailers_of_a_request_say_no_more_than_headers(port: int, recorder: Recorder) -> None:
    """Of uvicorn: it takes those for headers that come at once with the body."""
    spoofed = "".join(f"{line}\r\n" for line in SPOOFED).encode()
    with connected(port) as connection:
        connection.sendall(
            CHUNKED.replace(HOST, HOST + b"Connection: close\r\n") + b"1\r\na\r\n0\r\n" + spoofed + b"\r\n"
        )
        assert answer_in(read_all(connection)).status == 200
    got = told(recorder)
    assert got.body == b"a"
    assert "evil" not in str(got.headers)
    assert "6.6.6.6" not in str(got.headers)


@pytest.mark.parametrize("is_late", [False, True])
def test_as_oidc_gate_runs_it_there_are_no_trailers_of_a_request_at_all(recorder: Recorder, is_late: bool) -> None:
    """A client behind a trusted proxy that hands them on cannot speak for the proxy; nor on its next request."""
    rules = [{"path": "/", "host": "inner.test", "allow": "anyone"}]
    said = b"Connection: close\r\nX-Forwarded-For: 203.0.113.5\r\nX-Forwarded-Host: outer.test\r\n"
    forged = b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Host: inner.test\r\nCookie: a=b\r\nX-Plain: evil\r\n\r\n"
    with proxy_to(recorder.port, http=HeadersAlone, trusted_proxies=1, rules=rules) as port:
        for host, status in ((b"outer.test", 401), (b"inner.test", 200)):
            with connected(port) as connection:
                head = CHUNKED.replace(HOST, HOST + said.replace(b"outer.test", host))
                connection.sendall(head + b"1\r\na\r\n")
                if is_late and status == 200:
                    until(lambda: bool(recorder.taken) and b"a\r\n" in recorder.taken[-1].received)
                connection.sendall(b"0\r\n" + forged)
                assert answer_in(read_all(connection)).status == status
    got = told(recorder)
    assert (got.body, got.one("x-forwarded-host")) == (b"a", "inner.test")
    assert (got.one("x-forwarded-for"), got.all("x-plain"), got.all("cookie")) == ("203.0.113.5, 127.0.0.1", [], [])


def test_where_trailers_may_be_among_the_headers_a_proxys_word_is_not_taken_twice(recorder: Recorder) -> None:
    rules = [{"path": "/", "host": "inner.test", "allow": "anyone"}]
    said = b"Connection: close\r\nX-Forwarded-Host: outer.test\r\n"
    with proxy_to(recorder.port, trusted_proxies=1, rules=rules) as port, connected(port) as connection:
        connection.sendall(CHUNKED.replace(HOST, HOST + said) + b"1\r\na\r\n0\r\nX-Forwarded-Host: inner.test\r\n\r\n")
        assert answer_in(read_all(connection)).status == 400
    assert recorder.requests == []


def test_what_a_proxy_says_that_is_trusted_is_carried_on(recorder: Recorder) -> None:
    base, rules = "https://app.example.com", [{"path": "/", "allow": "anyone"}]
    with proxy_to(recorder.port, trusted_proxies="127.0.0.0/8", base_url=base, rules=rules) as port:
        asked(port, "GET / HTTP/1.1", "X-Forwarded-For: 6.6.6.6, 2001:db8::1", "CF-Connecting-IP: 2001:db8::1",
              "X-Original-URL: /evil", "SCRIPT_NAME: /evil", "Daphne-Root-Path: /evil")  # fmt: skip
    got = told(recorder)
    assert "/evil" not in str(got.headers)
    assert (got.one("x-forwarded-for"), got.one("x-real-ip")) == ("2001:db8::1, 127.0.0.1", "2001:db8::1")
    assert (got.one("x-forwarded-proto"), got.one("x-forwarded-host")) == ("https", "app.example.com")
    assert (got.one("x-forwarded-port"), got.one("cf-connecting-ip")) == ("443", "2001:db8::1")
    assert got.one("forwarded") == 'for="[2001:db8::1]";host=app.example.com;proto=https, for=127.0.0.1'


def test_a_trusted_proxy_may_say_it_in_other_ways(recorder: Recorder) -> None:
    rules = [{"path": "/", "allow": "anyone"}]
    with proxy_to(recorder.port, trusted_proxies="127.0.0.1/32", rules=rules) as port:
        asked(port, "GET / HTTP/1.1", 'Forwarded: for="[2001:db8::1]:4711";host=app.test:81;proto=https')
        asked(port, "GET / HTTP/1.1", "Forwarded: for=_hidden")
    first, second = recorder.requests
    assert (first.one("x-forwarded-for"), first.one("x-forwarded-host")) == ("2001:db8::1, 127.0.0.1", "app.test:81")
    assert (first.one("x-forwarded-port"), first.one("x-forwarded-proto")) == ("81", "https")
    assert second.one("x-forwarded-for") == "127.0.0.1"


def test_a_proxy_that_is_not_the_trusted_one_is_not_believed(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oidc_gate.proxy.forwarded._MOST_KNOWN", 0)
    monkeypatch.setattr("oidc_gate.proxy.headers._MOST_SEEN", 0)
    rules = [{"path": "/", "allow": "anyone"}]
    for trusted in ("10.0.0.0/8", "0"):
        with proxy_to(recorder.port, trusted_proxies=trusted, rules=rules) as port:
            asked(port, "GET / HTTP/1.1", *SPOOFED, f"X-{'a' * 200}: 1", "X-Not-Seen-Before: 1")
    for got in recorder.requests:
        assert "6.6.6.6" not in str(got.headers)
        assert got.one("x-forwarded-for") == "127.0.0.1"
        assert got.one(f"x-{'a' * 200}") == "1"


@pytest.mark.parametrize(
    ("setting", "host"),
    [("keep", "127.0.0.1"), ("rewrite", "localhost:{port}"), ("app.internal:81", "app.internal:81")],
)
def test_the_host_is_kept_or_rewritten(setting: str, host: str, recorder: Recorder) -> None:
    with proxy_to(recorder.port, upstream_host=setting) as port:
        asked(port)
    assert told(recorder).one("host") == host.format(port=recorder.port)
    assert told(recorder).one("x-forwarded-host") == "127.0.0.1"


def signed_in(provider: LocalProvider, recorder: Recorder, **settings: Any) -> Any:
    """Return a browser that has signed in at a proxy in front of the recorder."""
    upstream = read_upstream(f"127.0.0.1:{recorder.port}")
    assert upstream is not None
    stage = Stage("asgi", provider, app=gated_proxy(upstream, open_settings(**settings))._app, **settings)
    stage.app.gate = stage.gate  # type: ignore[attr-defined]
    return stage.signed_in()


def test_the_app_is_told_who_asks_and_sees_none_of_the_gates_cookies(
    provider: LocalProvider, recorder: Recorder
) -> None:
    browser = signed_in(provider, recorder, identity_headers="x-forwarded")
    browser.cookies.set("mine", "1")
    assert browser.fetch("/page", headers={"X-Forwarded-User": "evil"}).body == b"ok"
    got = recorder.requests[-1]
    assert got.one("x-forwarded-user") == "ada-1815"
    assert got.one("cookie") == "mine=1"


def test_the_gate_may_tell_in_a_header_that_others_may_not_say(provider: LocalProvider, recorder: Recorder) -> None:
    browser = signed_in(provider, recorder, identity_headers={"x-client-ip": "sub", "x-team": "groups"})
    browser.fetch("/", headers={"X-Client-IP": "evil", "Connection": "x-client-ip, x-team"})
    got = recorder.requests[-1]
    assert (got.one("x-client-ip"), got.one("x-team")) == ("ada-1815", "engineers,admins")


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://id.test/authorize?client_id=a&redirect_uri=https%3A%2F%2Fapp.test%2Foauth2%2Fcallback&state=b", 500),
        ("HTTPS://id.test/authorize?client_id=a&redirect_uri=https://app.test/oauth2/callback/guests", 500),
        ("https://app.test.evil.test/?client_id=a&redirect_uri=https://app.test/oauth2/callback", 500),
        ("https://app.test/dex/auth/local?client_id=a&redirect_uri=https://app.test/oauth2/callback", 302),
        ("/page/?client_id=a&redirect_uri=https://app.test/oauth2/callback", 302),
        ("https://help.test/?redirect_uri=https://app.test/oauth2/callback", 302),
        ("https://id.test/authorize?client_id=a&redirect_uri=https%3A%2F%2Fapp.test%2Fauth%2Fcallback", 302),
        ("https://id.test/authorize?client_id=a&redirect_uri=https%3A%2F%2Fother.test%2Foauth2%2Fcallback", 302),
        ("/oauth2/login?next=/page", 302),
        ("https://id.test/?client_id=a&redirect_uri=%FF%00&redirect_uri", 302),
        ("https://id.test/?client_id=a&redirect_uri=", 302),
    ],
)
def test_an_app_with_a_gate_of_its_own_at_the_same_callback_is_told_of(
    provider: LocalProvider, recorder: Recorder, caplog: pytest.LogCaptureFixture, location: str, expected: int
) -> None:
    """Its callback would come to this gate, and the browser go round and round."""
    browser = signed_in(provider, recorder)
    answer = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    recorder.begin(saying(answer.encode()))
    page = browser.get("/page", navigate=True)
    assert (page.status, page.header("Location")) == (expected, "" if expected == 500 else location)
    assert ("gate_behind_gate" in caplog.text) is ("take it away" in caplog.text) is (expected == 500)
    recorder.begin()
    assert browser.fetch("/page").body == b"ok"


def test_who_has_not_signed_in_does_not_reach_the_app(port: int, recorder: Recorder) -> None:
    with connected(port) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: other.test\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc")
        assert answer_in(read_all(connection)).status == 401
    assert recorder.taken == []


def test_an_app_at_a_socket(tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        found: list[bytes] = []

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                found.append(connection.recv(65536))
                connection.sendall(OK)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with proxy_to(f"unix:{path}", upstream_host="rewrite") as port:
            assert asked(port).body == b"ok"
        thread.join(LIMIT)
    assert b"host: localhost\r\n" in found[0]


# Bodies


def test_a_body_is_streamed_up_as_it_comes(port: int, recorder: Recorder) -> None:
    first = threading.Event()

    def answer(connection: Taken) -> None:
        while b"first" not in connection.received:
            connection.read()
        first.set()
        connection.read_request()
        connection.send(OK)

    recorder.begin(answer)
    with connected(port) as connection:
        connection.sendall(POST + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n")
        connection.sendall(b"5\r\nfirst\r\n")
        assert first.wait(LIMIT)
        connection.sendall(b"6;ext=1\r\nsecond\r\n0\r\nTrailing: 1\r\n\r\n")
        assert answer_in(read_all(connection)).body == b"ok"
    assert told(recorder).body == b"firstsecond"
    assert told(recorder).all("trailing") == []


def test_an_answer_is_streamed_down_as_it_comes(port: int, recorder: Recorder) -> None:
    """The second event is made only when the first has arrived."""
    arrived = threading.Event()

    def answer(connection: Taken) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.send(b"9\r\ndata: 1\n\n\r\n")
        assert arrived.wait(LIMIT)
        connection.send(b"9\r\ndata: 2\n\n\r\n0\r\n\r\n")

    recorder.begin(answer)
    with connected(port) as connection:
        connection.sendall(GET + b"Connection: close\r\n\r\n")
        found = b""
        while b"data: 1\n\n" not in found:
            found += connection.recv(65536)
        arrived.set()
        assert answer_in(found + read_all(connection)).body == b"data: 1\n\ndata: 2\n\n"


def test_the_app_is_asked_before_a_body_is_sent(port: int, recorder: Recorder) -> None:
    """Expect: 100-continue (RFC 9110, 10.1.1), and an app that wants the body."""

    def answer(connection: Taken) -> None:
        while b"\r\n\r\n" not in connection.received:
            connection.read()
        assert b"expect: 100-continue" in connection.received
        connection.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        connection.read_request()
        connection.send(OK)

    recorder.begin(answer)
    with connected(port) as connection:
        connection.sendall(POST + b"Content-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
        found = connection.recv(65536)
        assert found.startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"abc")
        assert answer_in(found + read_all(connection)).body == b"ok"
    assert told(recorder).body == b"abc"


def test_an_app_that_refuses_a_body_never_gets_it(port: int, recorder: Recorder) -> None:
    def answer(connection: Taken) -> None:
        while b"\r\n\r\n" not in connection.received:
            connection.read()
        connection.send(b"HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno")
        while connection.read():
            pass

    recorder.begin(answer)
    answer_ = asked(port, "POST / HTTP/1.1", "Content-Length: 3", "Expect: 100-continue")
    assert (answer_.status, answer_.body) == (417, b"no")
    recorder.taken[0].is_over.wait(LIMIT)
    assert recorder.taken[0].received.endswith(b"\r\n\r\n")


def test_a_refusal_of_a_body_is_streamed_too(port: int, recorder: Recorder) -> None:
    has_head = threading.Event()

    def answer(connection: Taken) -> None:
        while b"\r\n\r\n" not in connection.received:
            connection.read()
        connection.send(b"HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\n")
        assert has_head.wait(LIMIT)
        connection.send(b"no")

    recorder.begin(answer)
    with connected(port) as connection:
        connection.sendall(POST + b"Content-Length: 3\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n")
        found = connection.recv(65536)
        has_head.set()
        assert answer_in(found + read_all(connection)).body == b"no"


def test_an_app_that_says_nothing_to_expect_gets_the_body_all_the_same(port: int, recorder: Recorder) -> None:
    assert asked(port, "POST / HTTP/1.1", "Content-Length: 3", "Expect: 100-continue", body=b"abc").body == b"ok"
    assert told(recorder).body == b"abc"


def test_an_answer_may_come_before_the_body_is_all_there(port: int, recorder: Recorder) -> None:
    def answer(connection: Taken) -> None:
        while b"first" not in connection.received:
            connection.read()
        connection.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        while connection.read():
            pass

    recorder.begin(answer)
    with connected(port) as connection:
        connection.sendall(POST + b"Content-Length: 100\r\nConnection: close\r\n\r\nfirst")
        assert answer_in(read_all(connection)).status == 413
    assert recorder.taken[0].is_over.wait(LIMIT)


def test_what_one_end_cannot_take_the_other_does_not_send(port: int, recorder: Recorder) -> None:
    """Many times what sockets and buffers hold: each sender has to wait, and then all of it arrives."""
    block, number = b"x" * 65536, 480
    size = len(block) * number
    may_read, sent_up, sent_down = threading.Event(), threading.Event(), threading.Event()

    def answer(connection: Taken) -> None:
        while b"\r\n\r\n" not in connection.received:
            connection.read()
        got = len(connection.received.partition(b"\r\n\r\n")[2])
        assert may_read.wait(LIMIT)
        while got < size:
            got += len(connection.socket.recv(1 << 20))
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(number):
            connection.send(block)
        sent_down.set()

    recorder.begin(answer)
    with connected(port) as connection:

        def send() -> None:
            connection.sendall(PUT + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % size)
            for _ in range(number):
                connection.sendall(block)
            sent_up.set()

        sending = threading.Thread(target=send, daemon=True)
        sending.start()
        assert not sent_up.wait(1)
        may_read.set()
        assert sent_up.wait(LIMIT)
        assert not sent_down.wait(1)
        assert answer_in(read_all(connection)).is_whole
        sending.join(LIMIT)
    recorder.begin()


# Answers


@pytest.mark.parametrize(
    ("said", "status", "body", "headers"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: //elsewhere.test/?a=\xe4\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n" + EMPTY,
         302, b"", [("location", "//elsewhere.test/?a=\u00e4"), ("set-cookie", "a=1"), ("set-cookie", "b=2")]),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x00", 200, b"\x1f\x8b\x00",
         [("content-encoding", "gzip")]),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, b"", []),
        (b"HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 10\r\n\r\n", 304, b"", [("etag", "x")]),
        (b"HTTP/1.1 299 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nX-T: 1\r\n\r\n", 299,
         b"abc", []),
        (b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\nuntil the end", 200, b"until the end", [("server", "old")]),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", 200, b"", []),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 200, b"ok", []),
    ],
    ids=["redirect", "gzip", "204", "304", "chunked", "HTTP/1.0", "empty", "close"],
)  # fmt: skip
def test_an_answer_reaches_the_client_as_it_is(
    said: bytes, status: int, body: bytes, headers: list[tuple[str, str]], port: int, recorder: Recorder
) -> None:
    recorder.begin(saying(said))
    answer = asked(port)
    assert (answer.status, answer.body, answer.is_whole) == (status, body, True)
    for pair in headers:
        assert pair in answer.headers
    assert status != 304 or "content-length" not in dict(answer.headers), "uvicorn would wait for so much"


def test_head_has_the_headers_and_no_body_and_the_connection_goes_on(port: int, recorder: Recorder) -> None:
    recorder.begin(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", OK))
    answer = asked(port, "HEAD / HTTP/1.1")
    assert (answer.status, answer.one("content-length"), answer.is_whole) == (200, "1000", True)
    assert asked(port).body == b"ok"
    assert len(recorder.taken) == 1


CUT = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nnonsense\r\n",
]


@pytest.mark.parametrize("said", CUT)
def test_an_answer_that_is_cut_off_never_looks_whole(said: bytes, port: int, recorder: Recorder) -> None:
    recorder.begin(saying(said))
    answer = asked(port)
    assert (answer.status, answer.is_whole) == (200, False)


BAD_ANSWERS = [
    b"",
    b"nonsense\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Le",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX-A: a\rX-B: b\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX-A: a\x00b\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX A: a\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"HTTP/1.1 700 What\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 300_000,
    b"HTTP/1.1 100 Continue\r\n\r\n" * 12_000,
    b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
]


@pytest.mark.parametrize("said", BAD_ANSWERS, ids=lambda said: str(said[:70]))
def test_what_is_no_answer_is_told_as_502(said: bytes, port: int, recorder: Recorder) -> None:
    recorder.begin(saying(said))
    answer = asked(port)
    assert (answer.status, json.loads(answer.body)["error"]) == (502, "upstream_broken")


def test_a_folded_header_reaches_nobody_as_two(port: int, recorder: Recorder) -> None:
    recorder.begin(saying(b"HTTP/1.1 200 OK\r\nX-A: a\r\n Set-Cookie: b=1\r\nContent-Length: 0\r\n\r\n"))
    answer = asked(port)
    assert "set-cookie" not in dict(answer.headers)


def test_what_comes_on_a_connection_that_waits_is_no_answer(port: int, recorder: Recorder) -> None:
    waits = threading.Event()

    def answer(connection: Taken) -> None:
        connection.read_request()
        connection.send(OK)
        assert waits.wait(LIMIT)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned")
        connection.read()

    recorder.begin(answer)
    assert asked(port).body == b"ok"
    waits.set()
    assert recorder.taken[0].is_over.wait(LIMIT)
    recorder.answering = usual
    assert asked(port).body == b"ok"


def test_what_an_app_says_unasked_reaches_nobody(port: int, recorder: Recorder) -> None:
    """Two answers to one request: the second is not that to the next request."""
    poisoned = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned"

    def answer(connection: Taken) -> None:
        connection.read_request()
        connection.send(OK + (poisoned if len(recorder.taken) == 1 else b""))
        connection.read_request()
        connection.send(OK)

    recorder.begin(answer)
    assert [asked(port).body for _ in range(3)] == [b"ok"] * 3
    recorder.begin(saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokpoisoned", OK))
    assert asked(port, "HEAD / HTTP/1.1").status == 200
    assert asked(port).status in (200, 502)
    recorder.begin()
    assert asked(port).body == b"ok"


def test_no_more_connections_wait_than_may(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oidc_gate.proxy.pool._MOST_IDLE", 0)
    with proxy_to(f"127.0.0.1:{recorder.port}") as port:
        assert [asked(port).status for _ in range(2)] == [200, 200]
    assert len(recorder.taken) == 2


# One end goes away


def test_a_client_that_goes_away_ends_the_request_at_the_app(port: int, recorder: Recorder) -> None:
    waits = threading.Event()

    def answer(connection: Taken) -> None:
        connection.read_request()
        waits.set()
        while connection.read():
            pass

    for request in (GET + b"\r\n",
                    POST + b"Content-Length: 1\r\n\r\na"):  # fmt: skip
        waits.clear()
        recorder.begin(answer)
        with connected(port) as connection:
            connection.sendall(request)
            assert waits.wait(LIMIT)
        assert recorder.taken[0].is_over.wait(LIMIT)


def test_a_client_that_goes_away_in_the_middle_ends_either_stream(port: int, recorder: Recorder) -> None:
    def endless(connection: Taken) -> None:
        connection.read_request()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.send(b"x" * 65536)

    recorder.begin(endless)
    with connected(port) as connection:
        connection.sendall(GET + b"\r\n")
        connection.recv(100)
    assert recorder.taken[0].is_over.wait(LIMIT)

    begun = threading.Event()

    def half(connection: Taken) -> None:
        while connection.read():
            if b"half" in connection.received:
                begun.set()

    recorder.begin(half)
    with connected(port) as connection:
        connection.sendall(POST + b"Content-Length: 100\r\n\r\nhalf")
        assert begun.wait(LIMIT)
    assert recorder.taken[0].is_over.wait(LIMIT)
    assert requests_in(recorder.taken[0].received, whole=False) == []


def test_a_connection_that_was_closed_meanwhile_is_no_reason_to_fail(port: int, recorder: Recorder) -> None:
    """The app ends a connection that waits just as another request is sent on it."""

    def answer(connection: Taken) -> None:
        connection.read_request()
        connection.send(OK)
        connection.read_request()  # and then the connection ends without an answer

    recorder.begin(answer)
    assert [asked(port).status for _ in range(2)] == [200, 200]
    assert len(recorder.taken) == 2


def test_what_has_begun_to_be_answered_is_not_sent_again(port: int, recorder: Recorder) -> None:
    recorder.begin(saying(OK, b"HTTP/1.1 200 OK\r\nContent-Le"))
    assert [asked(port).status for _ in range(2)] == [200, 502]
    assert len(recorder.taken) == 1


def test_a_post_is_sent_once(port: int, recorder: Recorder) -> None:
    recorder.begin(saying(OK, b""))
    assert asked(port).status == 200
    assert asked(port, "POST / HTTP/1.1", "Content-Length: 0").status == 200
    recorder.begin(saying(b""))
    assert asked(port, "POST / HTTP/1.1", "Content-Length: 0").status == 502
    assert len(recorder.taken) == 1


def test_connections_are_used_again(port: int, recorder: Recorder) -> None:
    for _ in range(3):
        assert asked(port).status == 200
    assert len(recorder.taken) == 1
    assert len(recorder.requests) == 3


def test_an_app_that_is_not_there_is_told_on_a_page_in_the_persons_language() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    with proxy_to(free) as port:
        page = asked(port, "GET /page HTTP/1.1", "Accept: text/html", "Accept-Language: de")
        data = asked(port)
    assert page.status == data.status == 502
    assert "<h1>Die App antwortet nicht</h1>" in page.body.decode()
    assert 'href="/page"' in page.body.decode()
    assert json.loads(data.body)["error"] == "upstream_unreachable"


def test_an_app_that_takes_too_long_to_connect_to_is_504(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oidc_gate.proxy.pool._LONGEST_CONNECT", 0)
    with proxy_to(f"127.0.0.1:{recorder.port}") as port:
        assert asked(port).status == 504


def test_an_app_that_takes_too_long_is_504(recorder: Recorder) -> None:
    held = threading.Event()

    def answer(connection: Taken) -> None:
        connection.read_request()
        held.wait(LIMIT)

    recorder.begin(answer)
    with proxy_to(recorder.port, upstream_timeout="0.3s") as port:
        for answer_ in (asked(port), asked(port, "POST / HTTP/1.1", "Content-Length: 1", body=b"a")):
            assert (answer_.status, json.loads(answer_.body)["error"]) == (504, "upstream_slow")
    held.set()


def test_a_client_may_take_longer_than_the_app(recorder: Recorder) -> None:
    """Time that passes while the client sends its body is not the app's."""
    with proxy_to(recorder.port, upstream_timeout="0.2s") as port, connected(port) as connection:
        connection.sendall(POST + b"Content-Length: 2\r\nConnection: close\r\n\r\na")
        connection.settimeout(0.7)
        with pytest.raises(TimeoutError):
            connection.recv(1)
        connection.settimeout(LIMIT)
        connection.sendall(b"b")
        assert answer_in(read_all(connection)).body == b"ok"


def test_a_client_that_sends_nothing_holds_no_connection_of_the_app(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oidc_gate.proxy.exchange._LONGEST_SILENCE", 0.5)
    with proxy_to(recorder.port, upstream_timeout="0.2s") as port, connected(port) as connection:
        connection.sendall(POST + b"Content-Length: 2\r\nConnection: close\r\n\r\na")
        answer = answer_in(read_all(connection))
        assert (answer.status, json.loads(answer.body)["error"]) == (408, "request_malformed")
        recorder.taken[0].is_over.wait(LIMIT)
    assert requests_in(recorder.taken[0].received, whole=False) == []


# What is not handed on; what could be read in two ways is in tests/test_proxy_smuggling.py

CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("line", "lines", "status", "code"),
    [
        ("GET / HTTP/1.1", ["Connection: Upgrade", "Upgrade: h2c"], 501, "upgrade_refused"),
        ("GET / HTTP/1.1", ["Connection: Upgrade", "Upgrade: <b>"], 501, "upgrade_refused"),
        ("TRACE / HTTP/1.1", [], 501, "method_refused"),
    ],
)
def test_what_is_not_handed_on_is_refused_by_name(
    line: str, lines: list[str], status: int, code: str, port: int, recorder: Recorder
) -> None:
    answer = asked(port, line, *lines)
    assert (answer.status, json.loads(answer.body)["error"]) == (status, code)
    assert ("h2c" in answer.body.decode()) == ("Upgrade: h2c" in lines)
    assert "<b>" not in answer.body.decode()
    assert recorder.taken == []


# Servers that tell more, or less, than uvicorn


class Driven:
    """One request to a proxy in front of the recorder, as some server would bring it."""

    def __init__(self, recorder: Recorder, scope: dict[str, Any], *messages: dict[str, Any]) -> None:
        upstream = read_upstream(f"127.0.0.1:{recorder.port}")
        assert upstream is not None
        self.sent: list[Any] = []
        self._app = gated_proxy(upstream, open_settings())
        usual: dict[str, Any] = {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": b"",
            "scheme": "http",
            "headers": [HOST_HEADER],
        }
        self._scope = usual | scope
        self._messages = [*messages]

    def run(self) -> Driven:
        async def receive() -> dict[str, Any]:
            if self._messages:
                return self._messages.pop(0)
            return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]

        async def send(message: Any) -> None:
            self.sent.append(message)

        LOOP.run(self._app(self._scope, receive, send))
        return self


def body(data: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": data, "more_body": more}


def test_trailers_are_handed_on_where_the_server_can_send_them(recorder: Recorder) -> None:
    recorder.begin(
        saying(
            b"HTTP/1.1 200 OK\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"1\r\na\r\n0\r\nX-T: 1\r\nKeep-Alive: 5\r\n\r\n"
        )
    )
    start, *bodies, trailers = Driven(recorder, {"extensions": {"http.response.trailers": {}}}, body(b"")).run().sent
    assert start["trailers"]
    assert b"".join(each["body"] for each in bodies) == b"a", bodies
    assert (trailers["headers"], trailers["more_trailers"]) == ([(b"x-t", b"1")], False)


def test_a_body_that_http_2_does_not_announce_is_handed_on(recorder: Recorder) -> None:
    scope = {"http_version": "2", "method": "POST", "raw_path": b"/a%20b", "path": "/a b", "query_string": b"x"}
    Driven(recorder, scope, body(b"ab", more=True), body(b"")).run()
    got = told(recorder)
    assert (got.line, got.body, got.one("transfer-encoding")) == ("POST /a%20b?x HTTP/1.1", b"ab", "chunked")


def test_a_server_that_does_not_tell_the_raw_path(recorder: Recorder) -> None:
    Driven(recorder, {"path": "/\u00e4 ?"}, body(b"")).run()
    assert told(recorder).line == "GET /%C3%A4%20%3F HTTP/1.1"


@pytest.mark.parametrize(
    ("scope", "messages"),
    [
        ({"query_string": b"a b"}, [body(b"")]),
        ({"query_string": b"a\r\nX: y"}, [body(b"")]),
        ({"headers": [HOST_HEADER, (b"x-a", b"a\r\nX-B: b")]}, [body(b"")]),
        ({"headers": [HOST_HEADER, (b"content-length", b"1"), (b"content-length", b"1")]}, []),
        ({"headers": [HOST_HEADER, (b"content-length", b"1"), (b"transfer-encoding", b"chunked")]}, []),
        ({"method": "POST", "headers": [HOST_HEADER, (b"content-length", b"5")]}, [body(b"abc")]),
        ({"method": "POST", "headers": [HOST_HEADER, (b"content-length", b"2")]}, [body(b"abc")]),
    ],
)  # fmt: skip
def test_what_a_lenient_server_lets_through_the_proxy_does_not(
    scope: dict[str, Any], messages: list[dict[str, Any]], recorder: Recorder
) -> None:
    start, said = Driven(recorder, scope, *messages).run().sent
    assert (start["status"], json.loads(said["body"])["error"]) == (400, "request_malformed")
    with contextlib.suppress(IndexError):
        recorder.taken[0].is_over.wait(LIMIT)
        assert requests_in(recorder.taken[0].received, whole=False) == []


def test_a_server_that_fails_while_a_body_is_read(recorder: Recorder) -> None:
    driven = Driven(recorder, {"method": "POST", "headers": [HOST_HEADER, (b"content-length", b"5")]}, {})
    assert driven.run().sent == []


def test_another_kind_of_connection_is_none() -> None:
    upstream = read_upstream("3000")
    assert upstream is not None
    proxy = gated_proxy(upstream, open_settings())._app
    with pytest.raises(ValueError, match="'smtp'"):
        LOOP.run(proxy({"type": "smtp"}, None, None))


# Addresses


@pytest.mark.parametrize(
    ("target", "read"),
    [
        ("3000", "http://localhost:3000"),
        ("localhost:3000", "http://localhost:3000"),
        ("[::1]:3000", "http://[::1]:3000"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("http://127.0.0.1:3000/", "http://127.0.0.1:3000"),
        ("http://app", "http://app"),
        ("https://localhost:8443", "https://localhost:8443"),
        ("unix:/run/app.sock", "unix:/run/app.sock"),
        ("unix:///run/app.sock", "unix:/run/app.sock"),
        ("myapp:app", None),
        ("myapp.wsgi", None),
        ("myapp:create_app()", None),
    ],
)
def test_what_an_address_is(target: str, read: str | None) -> None:
    found = read_upstream(target)
    assert (found and str(found)) == read


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("unix:app.sock", "names no socket"),
        ("unix:/" + "a" * 100, "at most 100"),
        ("ftp://127.0.0.1", "neither http"),
        ("http://127.0.0.1:3000/app", "more than host and port"),
        ("http://127.0.0.1:3000?x", "more than host and port"),
        ("http://me:pass@127.0.0.1", "password"),
        ("http://127.0.0.1:70000", "no address"),
        ("http://127.0.0.1:0", "no address"),
        ("0", "no address"),
        ("http://", "no address"),
        ("http://a b/", "no address"),
    ],
)
def test_what_no_address_is(target: str, said: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)) as raised:
        read_upstream(target)
    assert "pass@" not in str(raised.value)


@pytest.mark.parametrize(
    "host", ["8.8.8.8", "169.254.169.254", "[2001:db8::1]", "[::ffff:8.8.8.8]", "[fe80::1]", "100.64.0.1"]
)
def test_an_app_is_near_unless_told_otherwise(host: str) -> None:
    upstream = read_upstream(f"http://{host}:3000")
    assert upstream is not None
    with pytest.raises(SettingsError, match="insecure_public_upstream"):
        gated_proxy(upstream, open_settings())
    gated_proxy(upstream, open_settings(insecure_public_upstream=True))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.0.1", "[::1]", "[fd00::1]", "[::ffff:10.0.0.1]"]
)
def test_private_networks_are_near(host: str) -> None:
    upstream = read_upstream(f"http://{host}:3000")
    assert upstream is not None
    gated_proxy(upstream, open_settings())


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]"])
def test_no_address_to_connect_to(host: str) -> None:
    upstream = read_upstream(f"http://{host}:3000")
    assert upstream is not None
    with pytest.raises(SettingsError, match=re.escape("write 127.0.0.1")):
        gated_proxy(upstream, open_settings())


def test_what_is_no_socket(tmp_path: Path) -> None:
    upstream = read_upstream(f"unix:{tmp_path}")
    assert upstream is not None
    with pytest.raises(SettingsError, match="is no unix socket"):
        gated_proxy(upstream, open_settings())


def test_an_app_may_start_later() -> None:
    upstream = read_upstream("http://nothing.invalid:3000")
    assert upstream is not None
    gated_proxy(upstream, open_settings())
    later = read_upstream("unix:/nothing/there.sock")
    assert later is not None
    gated_proxy(later, open_settings())


def test_a_name_that_leads_elsewhere_later_leads_nowhere(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked up is judged each time, and what was judged is what is connected to."""
    found = ["127.0.0.1"]
    looked_up = socket.getaddrinfo

    def lookup(host: Any, port: Any, *given: Any, **options: Any) -> Any:
        if host == "rebound.test":
            if not found:
                raise socket.gaierror(socket.EAI_NONAME, "not known")
            return [info for each in found for info in looked_up(each, port, *given, **options)]
        return looked_up(host, port, *given, **options)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with proxy_to(f"http://rebound.test:{recorder.port}", loop="asyncio") as port:
        recorder.begin(saying(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"))
        assert asked(port).status == 200
        found[:] = ["93.184.216.34"]
        answer = asked(port)
        assert (answer.status, json.loads(answer.body)["error"]) == (502, "upstream_unreachable")
        found[:] = ["::1", "127.0.0.1"]  # at the first of which nothing listens
        assert asked(port).status == 200
        found[:] = []
        assert asked(port).status == 502  # nobody knows that name any more
