"""Why the provider did not answer: each reason told apart in the log, in time, with what to do about it."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from urllib3.exceptions import NewConnectionError

from oidc_gate.errors import ProviderDownError, ProviderSetupError
from oidc_gate.provider.http_messages import HTTPRequest
from oidc_gate.provider.network_errors import no_answer
from oidc_gate.provider.provider import Provider
from oidc_gate.provider.transport import Transport
from tests.documents import ROOT
from tests.patience import LIMIT, in_time
from tests.providers.tls import Authority, KeepingProvider
from tests.raw_server import Connection, raw_server, says
from tests.servers import free_port
from tests.test_provider import client, settings
from tests.test_provider import down as outage

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def asking(url: str, **options: Any) -> Callable[[], object]:
    return Provider(settings(url, **options)).metadata


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.new(tmp_path_factory.mktemp("authority"))


@contextlib.contextmanager
def silent(*hosts: str) -> Iterator[int]:
    """Yield a port of these hosts at which connections are neither taken nor refused, as behind a firewall."""
    with contextlib.ExitStack() as stack:
        port = free_port()
        for host in hosts:
            listener = stack.enter_context(socket.socket())
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
            listener.listen(0)
            for _ in range(3):  # what the system takes in by itself
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex((host, port))
        yield port


def test_a_host_name_that_is_not_found() -> None:
    error = outage(asking("https://no-such-host.invalid"))
    assert "the host name of no-such-host.invalid:443 was not found; check its spelling" in error.detail
    assert error.status == 503


def test_a_port_at_which_nothing_listens() -> None:
    port = free_port()
    error = outage(asking(f"http://127.0.0.1:{port}"))
    assert f"127.0.0.1:{port} refused the connection" in error.detail
    assert error.status == 503


def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{free_port()}")
    assert "the proxy that the environment names" in outage(asking("https://idp.invalid")).detail
    monkeypatch.setenv("HTTPS_PROXY", "http://no-such-proxy.invalid:3128")
    assert "the host name of the proxy" in outage(asking("https://idp.invalid")).detail
    with raw_server(says(b"HTTP/1.1 407 Authenticate\r\nContent-Length: 0\r\n\r\n")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert "no way to or through the proxy" in outage(asking("https://idp.invalid")).detail


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5h://somebody:their-password@127.0.0.1:9",
        "http://",
        "http:///somebody:their-password@127.0.0.1:9",
        "http:/somebody:their-password@127.0.0.1:9",
        "/somebody:their-password@127.0.0.1:9",
        "http://?somebody:their-password",
    ],
)
def test_a_proxy_that_cannot_be_used_is_not_passed_by(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """Whatever package for SOCKS is installed: who names a proxy wants nothing to go out beside it."""
    with raw_server(says(OK + b"Content-Length: 2\r\n\r\n{}")) as server:
        monkeypatch.setenv("ALL_PROXY", proxy)
        monkeypatch.setenv("NO_PROXY", "")
        error = outage(asking(server.url))
        secured = outage(asking(server.url.replace("http", "https")))
        assert server.connections == []
    for each in (error, secured):
        assert "the proxy that the environment names (HTTPS_PROXY, ALL_PROXY) is none for HTTP" in each.detail
        assert "their-password" not in each.detail


def test_without_a_proxy_nothing_is_loaded_for_one() -> None:
    program = (
        "import os, sys; [os.environ.pop(name) for name in [*os.environ] if name.lower().endswith('_proxy')]\n"
        "from oidc_gate.provider import Transport\n"
        "for name, value in (('', ''), ('HTTPS_PROXY', 'http://127.0.0.1:9')):\n"
        "    os.environ[name or 'NOTHING'] = value\n"
        "    print(Transport('', 1.0).proxy('https://idp.test/'), 'requests' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines() == [" False", "http://127.0.0.1:9 True"]


@pytest.mark.parametrize("scheme", ["http://", "HTTP://", "//", ""])
@pytest.mark.parametrize(("told", "sent"), [("jo%40b:p%25s:s", b"jo@b:p%s:s"), ("jo", b"jo:")])
def test_a_proxy_gets_its_credentials_and_the_provider_does_not(
    monkeypatch: pytest.MonkeyPatch, scheme: str, told: str, sent: bytes
) -> None:
    with raw_server(says(b"HTTP/1.1 404 Not here\r\nContent-Length: 0\r\n\r\n")) as proxy:
        for name in ("HTTPS_PROXY", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"{scheme}{told}@{proxy.url.removeprefix('http://')}")
        outage(asking("http://idp.invalid", insecure_http_issuer=True))
        outage(asking("https://idp.invalid"))
    plain, tunnel = proxy.requests[0], proxy.requests[-1]
    for asked in (plain, tunnel):
        assert b"\r\nproxy-authorization: basic " + b64encode(sent).lower() + b"\r\n" in asked.lower()
    assert tunnel.startswith(b"CONNECT idp.invalid:443 ")
    assert b"\r\nAuthorization:" not in plain


def test_a_provider_at_an_address_of_ipv6_is_named_rightly_through_a_proxy(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, heads = authority.server_context("2001:db8::1"), []

    def tunnel(connection: Connection) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        with context.wrap_socket(connection.socket, server_side=True) as inside:
            heads.append(inside.recv(65536))
            inside.sendall(b"HTTP/1.1 404 Not here\r\nContent-Length: 0\r\n\r\n")

    with raw_server(tunnel) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        for place in ("[2001:db8::1]", "[2001:db8::1]:8443"):
            error = outage(asking(f"https://{place}", ca_bundle=str(authority.bundle)))
            assert error.code == "discovery_failed"
            assert f"\r\nHost: {place}\r\n".encode() in heads[-1]
    assert [head.split()[1] for head in proxy.requests] == [b"[2001:db8::1]:443", b"[2001:db8::1]:8443"]


def test_a_proxy_that_drips_takes_no_longer_than_http_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says to CONNECT is read before there is any answer of the provider's."""

    def dripping(connection: Connection) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\n")
        connection.drip(b"X-Header: " + b"x" * 1000)

    with raw_server(dripping) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        error = in_time(lambda: outage(asking("https://idp.invalid", http_timeout=2)), 3.8)
    assert "no whole answer within 2 s (http_timeout)" in error.detail
    assert error.status == 503


@pytest.mark.parametrize("hosts", [("127.0.0.1",), ("127.0.0.1", "127.0.0.2", "127.0.0.3")])
def test_a_host_that_does_not_let_anybody_connect(hosts: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """The addresses of a host share `http_timeout`, whatever their number."""
    with silent(*hosts) as port:
        places = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: places)
        error = in_time(lambda: outage(asking(f"http://127.0.0.1:{port}", http_timeout=2)), 3.8)
    assert f"no connection to 127.0.0.1:{port} within 2 s (http_timeout); a firewall may drop it" in error.detail


def hanging(connection: Connection) -> None:
    connection.stopped.wait(60)


def dripping_head(connection: Connection) -> None:
    connection.send(OK)
    connection.drip(b"X-Header: " + b"x" * 1000)


def dripping_body(connection: Connection) -> None:
    connection.send(OK + b"\r\n")
    connection.drip(b" " * 1000)


@pytest.mark.parametrize("answering", [hanging, dripping_head, dripping_body])
def test_one_call_takes_no_longer_than_http_timeout_in_all(answering: Callable[[Connection], None]) -> None:
    with raw_server(answering) as server:

        def ask() -> ProviderDownError:
            before = len(server.connections)
            error = outage(asking(server.url, http_timeout=2))
            assert len(server.connections) == before + 1
            return error

        begun = time.monotonic()
        error = in_time(ask, 3.8)
        assert time.monotonic() - begun > 1.9
    assert "no whole answer within 2 s (http_timeout)" in error.detail
    assert error.status == 503


def test_a_connection_that_breaks_is_tried_once_more_and_told() -> None:
    with raw_server(says(b"")) as server:
        error = outage(asking(server.url))
        assert len(server.connections) == 2
    assert "the connection broke before the answer was complete" in error.detail


def test_an_answer_that_breaks_is_not_asked_for_twice() -> None:
    """Who began to answer has seen what may be seen once: a proof."""
    with raw_server(says(OK + b"Content-Length: 2000\r\n\r\n{")) as server:
        error = outage(asking(server.url))
        assert len(server.connections) == 1
    assert "the connection broke before the answer was complete" in error.detail


def test_an_answer_without_an_end_is_told() -> None:
    with raw_server(says(OK + b"Content-Length: 2000000\r\n\r\n", b"x" * 2_000_000)) as server:
        assert "the answer is too long for a provider's" in outage(asking(server.url)).detail


def test_nothing_is_asked_for_but_over_http() -> None:
    """Not even of a proxy that the environment names for another scheme."""
    with pytest.raises(ProviderDownError):
        Transport("", 1.0).send(HTTPRequest("ftp://idp.test/keys"))


def test_an_answer_that_is_no_http_is_told() -> None:
    with raw_server(says(OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain")) as server:
        assert "the answer could not be read" in outage(asking(server.url)).detail


# TLS


def test_a_certificate_from_an_authority_that_nobody_here_knows(authority: Authority, tmp_path: Path) -> None:
    other = Authority.new(tmp_path, "other")
    with KeepingProvider(authority.server_context()) as provider:
        unset = outage(client(provider).metadata)
        wrong = outage(client(provider, ca_bundle=str(other.bundle)).metadata)
    assert "from an authority unknown to this machine; if it is a private one, set ca_bundle" in unset.detail
    assert f"from an authority that is not in ca_bundle ({other.bundle})" in wrong.detail
    assert (unset.status, wrong.status) == (500, 500)


@pytest.mark.parametrize("host", ["idp.invalid", "127.0.0.2"])
def test_a_certificate_for_another_name(authority: Authority, host: str) -> None:
    with KeepingProvider(authority.server_context(host)) as provider:
        error = outage(client(provider, ca_bundle=str(authority.bundle)).metadata)
    assert "for another name than the one in this address" in error.detail
    assert error.status == 500


def test_a_certificate_that_has_run_out_is_for_the_provider_to_mend(authority: Authority) -> None:
    yesterday = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
    with KeepingProvider(authority.server_context(valid_until=yesterday)) as provider:
        error = outage(client(provider, ca_bundle=str(authority.bundle)).metadata)
    assert "its certificate has expired" in error.detail
    assert error.status == 503


def test_a_port_that_speaks_no_tls() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            accepted, _ = listener.accept()
            with accepted:
                accepted.recv(4096)
                accepted.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        answering = threading.Thread(target=answer)
        answering.start()
        error = outage(asking(f"https://127.0.0.1:{listener.getsockname()[1]}"))
        answering.join(LIMIT)
    assert "what answers at this port speaks no TLS" in error.detail
    assert error.status == 500


def test_a_provider_that_speaks_too_old_a_tls(authority: Authority) -> None:
    context = authority.server_context()
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with KeepingProvider(context) as provider:
        error = outage(client(provider, ca_bundle=str(authority.bundle)).metadata)
    assert "no common version or cipher" in error.detail
    assert error.status == 500


def verification(code: int, message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


pool: Any = None


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (verification(9, ""), ProviderDownError, "is not valid yet"),
        (verification(26, "unsuitable certificate purpose"), ProviderSetupError, "unsuitable certificate purpose"),
        (ssl.SSLError(1, "odd"), ProviderDownError, "TLS: the connection broke off (SSLError)"),
        (NewConnectionError(pool, "x"), ProviderDownError, "no way to or through idp.test"),
        (OSError(101, "Network is unreachable"), ProviderDownError, "OSError: Network is unreachable"),
    ],
)
def test_what_is_seldom_seen(error: Exception, kind: type[ProviderDownError], said: str) -> None:
    told = no_answer(error, "https://idp.test/x", 5.0, "")
    assert type(told) is kind
    assert told.detail.startswith("https://idp.test/x: ")
    assert said in told.detail
