"""Attacks on the gate as a proxy (docs/any-app.md) beyond those of `tests/test_proxy.py`: paths, hostile apps."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.sync import client as sync

from oidc_gate.errors import SettingsError
from oidc_gate.proxy import gated_proxy, read_upstream
from tests.path_readings import CHANGES
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.proxied import Recorder, answer_in, asked, connected, open_settings, proxy_to, read_all, saying, serving
from tests.stage import Stage
from tests.test_proxy import recorder
from tests.test_proxy_websockets import address, app

pytestmark = pytest.mark.uncounted

__all__ = ["address", "app", "recorder"]  # fixtures

HIDDEN = "/admin"


@pytest.fixture(scope="module")
def guarded(recorder: Recorder) -> Iterator[int]:
    """Serve a proxy behind which only what is below /static is open."""
    rules = [{"path": "/static", "allow": "anyone"}]
    with proxy_to(recorder.port, rules=rules) as port:
        yield port


@pytest.mark.parametrize(
    "target",
    [
        "/static/../admin",
        "/static/%2e%2e/admin",
        "/static/%2E%2E/admin",
        "/static/.%2e/admin",
        "/static/..%2fadmin",
        "/static/%2e%2e%2fadmin",
        "/static%2f..%2fadmin",
        "/static/..;/admin",
        "/static/..;x=y/admin",
        "/static;/../admin",
        "/static//../admin",
        "/static/./../admin",
        "/static/..\\admin",
        "/static\\..\\admin",
        "/static/..%5cadmin",
        "/static/%c0%ae%c0%ae/admin",
        "/static/%e0%80%ae%e0%80%ae/admin",
        "/static/%c0%2e%c0%2e/admin",
        "/static/%u002e%u002e/admin",
        "/static/..%u002fadmin",
        "/static/%uff0e%uff0e/admin",
        "/static/%252e%252e/admin",
        "/static/%25%32%65%252e/admin",
        "/static/..%00/admin",
        "/static/..%20/admin",
        "/static/..%09/admin",
        "/static/..%0d/admin",
        "/static/.%0d./admin",
        "/static/%ef%bc%8e%ef%bc%8e/admin",
        "/static/..%ef%bc%8fadmin",
        "/static/..%c0%afadmin",
        "/static%00/../admin",
        "/static%23/../../admin",
        "/static%3f/../../admin",
        "/static?/../admin/../../admin",
        "//static/../admin",
        "///static/../admin",
        "/%2fstatic/../admin",
        "http://127.0.0.1/static/../admin",
        "http://other.test/static/%2e%2e/admin",
        "/STATIC/../admin",
        "/static/...//admin",
        "/static/.../admin",
    ],
)
def test_no_spelling_of_a_path_leads_out_of_what_is_open(target: str, guarded: int, recorder: Recorder) -> None:
    """Whatever an app may make of the path that it is sent, it is one below /static."""
    recorder.begin()
    with connected(guarded) as connection:
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer_in(read_all(connection))
    for got in recorder.requests:
        sent = got.line.split(" ")[1].partition("?")[0]
        for change in (lambda path: path, *CHANGES):
            made = change(unquote(sent))
            assert made.startswith("/static"), (target, sent)
            assert "admin" not in made or ".../admin" in made, (target, sent)


def test_the_place_of_the_request_line_does_not_count(guarded: int, recorder: Recorder) -> None:
    """An address that names another host on the request line: rules and the app go by Host."""
    rules = [{"host": "127.0.0.1", "allow": "anyone"}]
    recorder.begin()
    with proxy_to(recorder.port, rules=rules) as port, connected(port) as connection:
        connection.sendall(b"GET http://127.0.0.1/a HTTP/1.1\r\nHost: inner.test\r\nConnection: close\r\n\r\n")
        assert answer_in(read_all(connection)).status == 401
    assert recorder.requests == []


@pytest.mark.parametrize(
    "cookie",
    [
        "__Host-oidc_gate.default-x7k2ab=AAAA; Path=/; Secure",
        "__Host-oidc_gate.default-x7k2ab.login.0=AAAA; Path=/; Secure",
        "__Secure-oidc_gate.default-x7k2ab=; Domain=example.com; Max-Age=0",
        "oidc_gate.default-x7k2ab=AAAA",
        "  oidc_gate.default-x7k2ab=AAAA",
        "\toidc_gate.default-x7k2ab.1=AAAA",
        "=oidc_gate.default-x7k2ab=AAAA",
        " = oidc_gate.default-x7k2ab=AAAA",
        "__host-oidc_gate.default-x7k2ab=AAAA; Path=/; Secure",
    ],
)
def test_an_app_sets_no_cookie_of_a_gate(cookie: str, guarded: int, recorder: Recorder) -> None:
    """With somebody else's session in it the browser would go on in their name: at other apps of the domain too."""
    said = f"HTTP/1.1 200 OK\r\nSet-Cookie: {cookie}\r\nsEt-CoOkIe: mine=oidc_gate.\r\nContent-Length: 0\r\n\r\n"
    recorder.begin(saying(said.encode()))
    answer = asked(guarded, "GET /static/a HTTP/1.1")
    assert [value for name, value in answer.headers if name == "set-cookie"] == ["mine=oidc_gate."]


def test_no_app_sets_one_with_a_websocket() -> None:
    async def other(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            cookies = [(b"set-cookie", b"oidc_gate.default-x7k2ab=AAAA"), (b"set-cookie", b"mine=1")]
            await send({"type": "websocket.accept", "headers": cookies})
            await send({"type": "websocket.close", "code": 1000})

    with (
        serving(other, lifespan="off") as inner,
        proxy_to(inner) as port,
        sync.connect(f"ws://127.0.0.1:{port}/") as connection,
    ):
        assert connection.response is not None
        assert connection.response.headers.get_all("Set-Cookie") == ["mine=1"]


def test_an_app_that_sends_without_end_waits_for_a_client_that_is_slow() -> None:
    """Else a few sockets of one client, who reads nothing, would fill the memory of the gate."""
    sent = 0

    async def flooding(connection: ServerConnection) -> None:
        nonlocal sent
        while True:
            await connection.send(b"x" * 2**20)
            sent += 1

    with served_by(flooding) as inner, proxy_to(inner) as port, connected(port) as client:
        client.sendall(HANDSHAKE)
        before = -1
        while before != sent:
            before = sent
            time.sleep(1)
        assert sent < 60, f"{sent} MB are kept, or on their way"


HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


@contextlib.contextmanager
def served_by(handle: Any) -> Iterator[int]:
    """Serve what speaks WebSocket, in a thread."""
    loop, found = asyncio.new_event_loop(), list[Any]()

    async def start() -> None:
        found.append(await serve(handle, "127.0.0.1", 0, compression=None))

    loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield next(iter(found[0].sockets)).getsockname()[1]

    async def stop() -> None:
        found[0].close()
        await found[0].wait_closed()

    asyncio.run_coroutine_threadsafe(stop(), loop).result(LIMIT)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(LIMIT)
    loop.close()


CERTIFICATES = [
    "Client-Cert: :eA==:",
    "Client_Cert_Chain: :eA==:",
    "SSL_CLIENT_VERIFY: SUCCESS",
    "ssl-client-subject-dn: CN=evil",
    "X-SSL-Client-S-DN: CN=evil",
    "X-Client-Cert: evil",
    "X-Client-Verify: SUCCESS",
    "X-Forwarded-Tls-Client-Cert: evil",
    "X-Forwarded-Client-Cert: evil",
    "X-Amzn-Mtls-Clientcert-Subject: CN=evil",
    "X-ARR-ClientCert: evil",
    "X-Forwarded-Anything: evil",
    "X-Envoy-Original-Path: /evil",
    "X-Original-Method: DELETE",
]


def test_nobody_claims_a_certificate_or_says_what_a_proxy_says(guarded: int, recorder: Recorder) -> None:
    recorder.begin()
    assert (
        asked(guarded, "GET /static/a HTTP/1.1", *CERTIFICATES, "X-Client-Version: 7", "X-Original-Name: a").status
        == 200
    )
    (got,) = recorder.requests
    said = {line.partition(":")[0].lower() for line in CERTIFICATES}
    assert not said & {name for name, _ in got.headers}
    assert (got.one("x-client-version"), got.one("x-original-name")) == ("7", "a")


def test_nobody_takes_away_what_a_proxy_says_by_naming_it_in_connection(recorder: Recorder) -> None:
    """Where the proxy in front hands on what its client says there: an address or a certificate would be missing."""
    rules = [{"path": "/", "allow": "anyone"}]
    said = ["CF-Connecting-IP: 2001:db8::1", "X-Client-Cert: mine", "X-Forwarded-Prefix: /shop", "X-Hop: 1"]
    recorder.begin()
    with proxy_to(recorder.port, trusted_proxies="127.0.0.0/8", rules=rules) as port:
        named = "Connection: X-Hop, CF-Connecting-IP, x-client-cert, X-Forwarded-Prefix, X-Forwarded-For"
        assert asked(port, "GET / HTTP/1.1", "X-Forwarded-For: 2001:db8::1", *said, named).status == 200
    (got,) = recorder.requests
    found = {name: value for name, value in got.headers if name in ("cf-connecting-ip", "x-client-cert", "x-hop")}
    assert found == {"cf-connecting-ip": "2001:db8::1", "x-client-cert": "mine"}
    assert got.one("x-forwarded-prefix") == "/shop"
    assert got.one("x-forwarded-for") == "2001:db8::1, 127.0.0.1"


def test_a_form_that_was_kept_is_handed_on_just_as_it_was(provider: LocalProvider, recorder: Recorder) -> None:
    recorder.begin()
    upstream = read_upstream(f"127.0.0.1:{recorder.port}")
    assert upstream is not None
    stage = Stage("asgi", provider, app=gated_proxy(upstream, open_settings())._app)
    stage.app.gate = stage.gate  # type: ignore[attr-defined]
    browser = stage.signed_in()
    stage.clock.advance(3601)
    body = b"a=%2F&\r\n\0"
    kind = "application/x-www-form-urlencoded"
    page = browser.post("/save%2Fit?b=%20", body=body, content_type=kind, headers={"Referer": "https://app.test/f"})
    assert page.status == 401
    assert browser.follow(browser.get("/oauth2/resume")).status == 200
    assert browser.submit(page).status == 200
    got = recorder.requests[-1]
    assert (got.line, got.body) == ("POST /save%2Fit?b=%20 HTTP/1.1", body)
    assert (got.one("content-type"), got.one("referer")) == (kind, "https://app.test/f")
    assert got.one("content-length") == str(len(body))
    assert "oidc_gate" not in str(got.headers)


@pytest.mark.parametrize(
    "host",
    [
        *("2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518"),  # 169.254.169.254
        *("[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[::a9fe:a9fe]", "[fe80::1]"),
        *("0", "00", "0x0", "0.0.0.0.", "[::]", "[::ffff:0.0.0.0]"),
        *("134744072", "0x8080808", "[2002:808:808::1]"),
    ],
)
def test_no_spelling_makes_an_address_near(host: str, recorder: Recorder) -> None:
    """Nor is the machine that tells a cloud's secrets an app, however it is written."""
    try:
        upstream = read_upstream(f"http://{host}:{recorder.port}")
        assert upstream is not None
        gate = gated_proxy(upstream, open_settings())
    except SettingsError:
        return
    with contextlib.suppress(OSError):
        found = {info[4][0] for info in socket.getaddrinfo(upstream.host, 1)}
        assert not found, f"{host} is {found}"
    del gate
