"""An attacker with a socket: bytes as no client library would send them, to real servers."""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.apps import COOKIE_SECRET
from tests.by_hand import visitor
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.servers import ServerProcess, running
from tests.test_attacks_requests import HOSTILE_PATHS, MARK, NAMES, SPOOFED

pytestmark = pytest.mark.uncounted

ROOT = Path(__file__).parent.parent
GUNICORN = ("gunicorn", "--no-control-socket", "--forwarded-allow-ips", "", "--bind", "127.0.0.1:{port}")
WSGI = ("oidc_gate.wsgi:OIDCGate('tests.apps:wsgi_echo()')",)
UVICORN = ("uvicorn", "--no-proxy-headers", "--port", "{port}", "--factory", "oidc_gate.asgi:OIDCGate")
SERVERS = {
    "gunicorn": (*GUNICORN, *WSGI),
    "gunicorn, dangerous headers": (*GUNICORN, "--header-map", "dangerous", "-k", "gthread", *WSGI),
    "uvicorn h11": (*UVICORN, "--http", "h11"),
    "uvicorn httptools": (*UVICORN, "--http", "httptools"),
    "oidc-gate run": ("oidc-gate", "run", "tests.apps:asgi_echo()", "--port", "{port}"),
}
#: Only the echo app answers with this.
APP = b'"body_length"'


@dataclass
class Victim:
    """A served gate, and the Cookie header of someone who is signed in there."""

    server: ServerProcess
    cookie: str

    def ask(self, target: str, *headers: str, method: str = "GET", cookie: bool = False, body: bytes = b"") -> bytes:
        """Send one request as it stands and return all bytes of the answer."""
        own = [f"Host: 127.0.0.1:{self.server.port}", "Connection: close"]
        lines = [f"{method} {target} HTTP/1.1", *own, *([f"Cookie: {self.cookie}"] if cookie else []), *headers]
        return self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def send(self, data: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=LIMIT) as connection:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            try:
                while chunk := connection.recv(65536):
                    received += chunk
            except ConnectionResetError:
                pass
            return received


def status(answer: bytes) -> int:
    """Return the status of a raw answer, 0 for a connection closed without one."""
    found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
    return int(found[1]) if found else 0


@pytest.fixture(scope="module", params=list(SERVERS.values()), ids=list(SERVERS))
def victim(
    request: pytest.FixtureRequest, _served_provider: LocalProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Victim]:
    _served_provider.reset()
    settings = _served_provider.gate_options(cookie_secret=COOKIE_SECRET, public_paths="/public")
    settings |= {"identity_headers": "x-forwarded", "allow_cors_preflight": "true"}
    env = {f"OIDC_GATE_{name.upper()}": value for name, value in settings.items()}
    env["OIDC_GATE_APP"] = "tests.apps:asgi_echo()"
    program, *rest = request.param
    argv = [str(Path(sys.executable).with_name(program)), *rest]
    folder = tmp_path_factory.mktemp("victim")
    with running(argv, folder=folder, env=env, cwd=ROOT, ready_path="/oauth2/health") as server:
        browser = visitor()
        assert browser.navigate(f"{server.url}/").status == 200
        yield Victim(server, browser.cookies.header_for(server.url + "/"))
        assert "Traceback" not in server.output


def test_the_victim_works(victim: Victim) -> None:
    answer = victim.ask("/private", cookie=True)
    assert (status(answer), APP in answer, b'"ada-1815"' in answer) == (200, True, True)
    assert APP in victim.ask("/public/x")
    assert (status(victim.ask("/private")), APP in victim.ask("/private")) == (401, False)


@pytest.mark.parametrize("start", range(0, len(SPOOFED), 40))
@pytest.mark.parametrize("cookie", [False, True])
def test_no_spoofed_identity_reaches_the_app(victim: Victim, start: int, cookie: bool) -> None:
    spoofed = [f"{name}: {value}" for name, value in SPOOFED[start : start + 40]]
    public = victim.ask("/public/x", *spoofed, cookie=cookie)
    assert (status(public), APP in public, MARK.encode() in public) == (200, True, False)
    private = victim.ask("/private", *spoofed, cookie=cookie)
    assert (status(private), MARK.encode() in private) == (200 if cookie else 401, False)
    if cookie:
        assert json.loads(private.partition(b"\r\n\r\n")[2])["headers"]["x-forwarded-user"] == "ada-1815"
    preflight = ["Origin: https://evil.example", "Access-Control-Request-Method: PUT"]
    passed = victim.ask("/private", *preflight, *spoofed, method="OPTIONS")
    assert (status(passed), APP in passed, MARK.encode() in passed) == (200, True, False)
    for own in ("callback?state=a&code=b", "nothing", "userinfo", "health", "ready", "health?challenge=a"):
        assert APP not in victim.ask(f"/oauth2/{own}", *spoofed)


@pytest.mark.parametrize("cookie", [False, True])
def test_trailers_say_nothing_that_only_the_gate_may(
    victim: Victim, request: pytest.FixtureRequest, cookie: bool
) -> None:
    trailers = "\r\n".join(f"{name}: {value}" for name, value in SPOOFED if "\r" not in value)
    body = f"1\r\na\r\n0\r\nX-Plain: here\r\n{trailers}\r\n\r\n".encode("latin-1", "replace")
    answer = victim.ask("/public/x", "Transfer-Encoding: chunked", method="POST", cookie=cookie, body=body)
    assert MARK.encode() not in answer
    if request.node.callspec.params["victim"] != SERVERS["uvicorn httptools"]:  # it takes them for headers
        assert (status(answer), b"x-plain" in answer.lower()) == (200, False)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "dressed", ["{}: a\r\n{}: b", "{} : b", "{}\t: b", " {}: b", "X: y\r\n {}: b", "{}:b\x00", "{}\x00: b"]
)
def test_a_spoofed_header_in_broken_dress_is_refused_or_removed(victim: Victim, name: str, dressed: str) -> None:
    value = MARK + name
    answer = victim.ask("/public/x", dressed.format(name, name).replace(": b", f": {value}").replace(":b", f":{value}"))
    if (
        status(answer) == 200 and "\n " not in dressed and dressed[0] != " "
    ):  # a folded line belongs to the one before it
        assert value.encode() not in answer
    if status(answer) == 200:
        assert name.lower() not in json.loads(answer.partition(b"\r\n\r\n")[2])["headers"]


def test_the_app_is_reached_by_nothing_but_public_paths(victim: Victim) -> None:
    for path in HOSTILE_PATHS:
        answer = victim.ask(path.replace("\u00ff", "%FF"))
        if APP in answer:
            seen = json.loads(answer.partition(b"\r\n\r\n")[2])["path"]
            assert seen == "/public" or seen.startswith("/public/"), path
            assert "//" not in seen, path
            assert "/../" not in seen + "/", path
        assert status(answer) in (200, 302, 400, 401, 404, 405), path


@pytest.mark.parametrize(
    "target",
    [
        "*",
        "private",
        "http://evil.example/private",
        "http://evil.example/public",
        "http://127.0.0.1/oauth2/../private",
        "//evil.example/private",
        "/public/../private HTTP/1.1\r\nX: y",
        "/public\t/private",
        "/public\x00",
        "/public#/../private",
        "/private#/public",
        "?/public",
        "/public?/../private",
        "\\public",
        "/public\xff",
        "/" + "a" * 9000,
    ],
    ids=lambda target: repr(target[:30]),
)
def test_a_strange_request_target_reaches_no_protected_page(victim: Victim, target: str) -> None:
    for method in ("GET", "OPTIONS", "POST"):
        answer = victim.ask(target, method=method)
        if APP in answer:
            seen = json.loads(answer.partition(b"\r\n\r\n")[2])["path"]
            assert seen.startswith("/public")
        assert status(answer) < 500 or status(answer) in (501, 505)


@pytest.mark.parametrize(
    "lines",
    [
        ["Host: a b"],
        ["Host: evil.example/x"],
        ["Host: user@evil.example"],
        ["Host: one.example", "Host: two.example"],
        ["Host: one.example, two.example"],
        ["Host: evil.example:port"],
        ["Host: [::1"],
        ["Host: \xe9.example"],
    ],
)
@pytest.mark.parametrize("target", ["/public/x", "/private", "/oauth2/health", "/oauth2/login"])
def test_a_malformed_host_is_400(victim: Victim, lines: list[str], target: str) -> None:
    head = "\r\n".join([f"GET {target} HTTP/1.1", *lines, "Connection: close", "Accept: text/html", "", ""])
    answer = victim.send(head.encode("latin-1"))
    assert (status(answer), APP in answer) == (400, False)


@pytest.mark.parametrize("headers", [("Host:",), ()])
def test_an_empty_or_missing_host_leads_nowhere_else(victim: Victim, headers: tuple[str, ...]) -> None:
    head = "\r\n".join(["GET /private HTTP/1.0", *headers, "Accept: text/html", "", ""])
    answer = victim.send(head.encode())
    assert APP not in answer
    if status(answer) == 302:
        assert b"redirect_uri=http%3A%2F%2F127.0.0.1" in answer


def test_two_requests_in_one_packet_are_judged_each_for_itself(victim: Victim) -> None:
    host = f"Host: 127.0.0.1:{victim.server.port}\r\n"
    answers = victim.send(
        (
            f"GET /public/x HTTP/1.1\r\n{host}X-Forwarded-User: {MARK}\r\n\r\n"
            f"GET /private HTTP/1.1\r\n{host}X-Forwarded-User: {MARK}\r\nConnection: close\r\n\r\n"
        ).encode()
    )
    assert (answers.count(APP), MARK.encode() in answers) == (1, False)
    assert answers.count(b"HTTP/1.1 ") == 1 or b"HTTP/1.1 401 " in answers  # some servers answer one per connection


@pytest.mark.parametrize(
    "framing",
    [
        ["Content-Length: 5", "Content-Length: 50"],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: xchunked"],
        ["Transfer-Encoding : chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
        ["Content-Length: +5"],
        ["Content-Length: 5x"],
    ],
    ids=repr,
)
def test_a_smuggled_request_gets_no_further_than_an_open_one(victim: Victim, framing: list[str]) -> None:
    inner = f"GET /private HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Forwarded-User: {MARK}\r\n\r\n"
    answer = victim.ask("/private", *framing, method="POST", body=b"0\r\n\r\n" + inner.encode())
    assert (APP in answer, MARK.encode() in answer) == (False, False)


def test_cookies_in_several_headers_are_one(victim: Victim) -> None:
    assert APP in victim.ask("/private", "Cookie: a=1", f"Cookie: {victim.cookie}")
    twice = victim.ask("/private", f"Cookie: {victim.cookie}", f"Cookie: {victim.cookie}")
    assert (status(twice), APP in twice) == (401, False)


def test_a_cookie_header_of_64_kilobytes_gets_nobody_in(victim: Victim) -> None:
    answer = victim.ask("/private", "Cookie: oidc_gate.default=" + "A" * 64_000)
    assert status(answer) in (400, 401, 413, 431, 0)
    assert APP not in answer


def test_a_refused_post_is_answered_without_waiting_for_its_body(victim: Victim) -> None:
    answer = victim.ask("/private", "Content-Length: 1000000", method="POST", body=b"only the beginning")
    assert (status(answer), APP in answer) == (401, False)


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "get", "GET\x00", "PROPFIND", "OPTIONS"])
def test_no_method_opens_a_protected_page(victim: Victim, method: str) -> None:
    answer = victim.ask("/private", method=method)
    assert APP not in answer
    assert status(answer) in (400, 401, 404, 405, 501, 0)
