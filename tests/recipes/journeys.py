"""Each program in front of the gate, as its recipe has it: people sign in through it, and doctor finds nothing.

Run by `make recipes`.
"""

from __future__ import annotations

import json
import re
import socket
import sys
import time
from collections.abc import Iterable
from hashlib import sha256
from http.client import HTTPResponse
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.recipes.app_servers import BASE, HOST, SERVERS, gate, mod_wsgi, settings_of
from tests.recipes.pages import faults, page
from tests.recipes.programs import PROGRAMS, page_of
from tests.recipes.site import Site, certified, in_front_of, reached
from tests.recipes.tunnel import VISITOR
from tests.servers import free_port

#: What is there besides, for each Python that it was made for.
MOD_WSGI = Path(f"/usr/lib/apache2/modules/mod_wsgi.so-{sys.version_info[0]}.{sys.version_info[1]}")
LIE = "203.0.113.66"
FORGED = {
    "X-Forwarded-For": LIE,
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "http",
    "X-Real-IP": LIE,
    "Forwarded": f"for={LIE};host=evil.example;proto=http",
    "X_Forwarded_For": LIE,
    "X_Forwarded_Host": "evil.example",
}


def not_ok(report: Any) -> dict[str, str]:
    statuses = {each.check.id: each.finding.status for each in report.examined}
    return {name: status for name, status in statuses.items() if status not in ("ok", "skipped")}


@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_people_sign_in_through_it(
    name: str, server: str, provider: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        gate(settings_of(page_of(name), provider), tmp_path, server) as behind,
        in_front_of(behind, name, tmp_path) as here,
    ):
        plain_http_leads_to_https(here)
        all_is_well(here, provider, monkeypatch)


@pytest.mark.parametrize("server", [server for server in SERVERS if server not in ("gunicorn", "uvicorn")])
def test_people_sign_in_at_each_server(
    server: str, provider: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        gate(settings_of("servers", provider), tmp_path, server) as behind,
        in_front_of(behind, "nginx", tmp_path) as here,
    ):
        all_is_well(here, provider, monkeypatch, {"A8"} if server == "gunicorn, ASGI" else set())


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("are_late", [False, True])
def test_trailers_are_no_headers(server: str, are_late: bool, provider: LocalProvider, tmp_path: Path) -> None:
    """Nor are they at a server that takes them for such (uvicorn with httptools), where only the gate may say them."""
    settings = settings_of("servers", provider) | {"public_paths": ["/public"]}
    head = f"POST /public HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    rest = "2\r\nab\r\n0\r\nX-Forwarded-User: root\r\nX-Late: 1\r\n\r\n"
    with (
        gate(settings, tmp_path, server) as behind,
        socket.create_connection(("127.0.0.1", behind.server.port), LIMIT) as connection,
    ):
        connection.sendall(head.encode() + (b"" if are_late else rest.encode()))
        time.sleep(0.2 if are_late else 0)  # however early they come, it must hold
        connection.sendall(rest.encode() if are_late else b"")
        answer = HTTPResponse(connection)
        answer.begin()
        assert answer.status == 200
        seen = json.loads(answer.read())
    assert (seen["who"], "x-forwarded-user" in seen["headers"]) == (None, False)
    assert server == "uvicorn" or "x-late" not in seen["headers"]


@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
def test_people_sign_in_at_an_app_below_a_path(
    server: str, provider: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of("nginx", provider) | {"base_url": f"{BASE}/app"}
    changes, aside = {"location / {": "location /app/ {"}, set()
    if server == "uvicorn":
        changes["proxy_pass http://127.0.0.1:8000;"], aside = "proxy_pass http://127.0.0.1:8000/;", {"A9"}
    with (
        gate(settings, tmp_path, server, "/app") as behind,
        in_front_of(behind, "nginx", tmp_path, mount="/app", **changes) as here,
    ):
        answer = here.visitor().get(f"{BASE}/app/a/page?x=1%2F2", timeout=LIMIT)
        assert (answer.status_code, answer.url) == (200, f"{BASE}/app/a/page?x=1%2F2"), answer.text
        assert answer.json()["who"] == "ada-1815"
        report = here.report(monkeypatch)
        assert not_ok(report).keys() == aside, report.text(colour=False)


def test_nginx_says_in_its_log_what_its_limits_are(provider: LocalProvider, tmp_path: Path) -> None:
    rows = re.findall(r"^\| .*? (\d\d\d)?.*? \| `([^`]*)`.*? \| `(\w+)` \|$", page("nginx"), re.MULTILINE)
    assert len(rows) == 3
    provider.user = in_many_groups(provider)
    with gate(settings_of("nginx", provider), tmp_path) as behind:
        for _, said, line in rows:
            folder = tmp_path / line
            folder.mkdir()
            with in_front_of(behind, "nginx", folder, line) as here:
                visitor = here.visitor()
                if line == "large_client_header_buffers":
                    visitor.cookies.set("long", "x" * 9000, domain=HOST)
                came = visitor.get(BASE, timeout=LIMIT)
                if line == "client_max_body_size":
                    came = visitor.post(BASE, data=b"x" * 2_000_000, timeout=LIMIT)
                status = {"proxy_buffer_size": 502, "large_client_header_buffers": 400, "client_max_body_size": 413}
                assert came.status_code == status[line]
            (log,) = [path.read_text() for path in folder.glob("server-*.log")]
            assert said in log


@pytest.mark.parametrize(
    ("name", "line", "size", "status", "said"),
    [
        ("apache", "LimitRequestFieldSize", 9000, 400, "Size of a request header field exceeds server limit"),
        ("haproxy", "tune.bufsize", 16500, 400, "Bad request"),
    ],
)
def test_without_a_limit_of_its_own_a_program_refuses_long_cookies(
    name: str, line: str, size: int, status: int, said: str, provider: LocalProvider, tmp_path: Path
) -> None:
    with gate(settings_of(name, provider), tmp_path) as behind, in_front_of(behind, name, tmp_path, line) as here:
        visitor = here.visitor()
        visitor.cookies.set("long", "x" * size, domain=HOST)
        answer = visitor.get(BASE, timeout=LIMIT)
        assert (answer.status_code, said in answer.text) == (status, True), answer.text


@pytest.mark.skipif(not MOD_WSGI.exists(), reason="Debian's mod_wsgi is for Debian's Python, and this is another one")
def test_people_sign_in_at_an_app_in_apache(provider: LocalProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_of("servers", provider)
    del settings["trusted_proxies"]
    ports = free_port(), free_port()
    with TemporaryDirectory() as name:  # Apache's processes are another user's, who cannot read pytest's folders
        folder = Path(name)
        folder.chmod(0o755)
        authority, certificate = certified(folder)
        with (
            mod_wsgi(settings, folder, certificate, ports) as gate,
            reached(gate, authority, *ports, gate.server) as here,
        ):
            plain_http_leads_to_https(here)
            all_is_well(here, provider, monkeypatch, {"A9"})


def all_is_well(
    here: Site, provider: LocalProvider, monkeypatch: pytest.MonkeyPatch, aside: Iterable[str] = ()
) -> None:
    """Do all that people do. `aside`: checks of doctor that find something, as the page says."""
    signs_in(here)
    forged_headers_are_not_believed(here)
    long_cookies_pass(here, provider)
    if here.gate.is_asgi:
        websockets_pass(here)
        events_arrive_as_they_are_sent(here)
    report = here.report(monkeypatch)
    assert not_ok(report).keys() == set(aside), report.text(colour=False)


@pytest.mark.parametrize("server", ["gunicorn", "uvicorn"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_doctor_names_what_is_left_out(
    name: str, server: str, provider: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = faults(page_of(name))
    assert missing
    with gate(settings_of(page_of(name), provider), tmp_path, server) as behind:
        for number, fault in enumerate(missing):
            folder = tmp_path / str(number)
            folder.mkdir()
            with in_front_of(behind, name, folder, fault.line) as here:
                report = here.report(monkeypatch)
            assert not_ok(report).keys() == fault.checks, (fault.line, report.text(colour=False))


def signs_in(here: Site) -> None:
    visitor = here.visitor()
    answer = visitor.get(f"{BASE}/a/page?x=1", timeout=LIMIT)
    assert (answer.status_code, answer.url) == (200, f"{BASE}/a/page?x=1"), answer.text
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    own = [each.headers["Location"] for each in answer.history if each.url.startswith(BASE)]
    assert f"redirect_uri=https%3A%2F%2F{HOST}%2Foauth2%2Fcallback" in own[0]
    assert own[-1].startswith((BASE, "/a/page"))
    app = answer.json()
    assert (app["who"], app["scheme"], app["headers"]["host"]) == ("ada-1815", "https", HOST)
    if here.gate.is_behind_a_proxy:
        seen = {header: app["headers"][f"x-forwarded-{header}"] for header in ("for", "proto", "host")}
        assert seen == {"for": VISITOR, "proto": "https", "host": HOST}
        assert app["headers"]["x-real-ip"] == VISITOR
    assert not here.gate.tells_client or app["client"] == VISITOR
    (login,) = [event for event in here.gate.audited() if event["event"] == "login.finished"]
    assert (login["client_ip"], login["host"]) == (VISITOR, HOST)
    uploaded = visitor.post(f"{BASE}/upload", data=b"x" * 5_000_000, headers={"Origin": BASE}, timeout=LIMIT)
    assert uploaded.status_code == 200


def forged_headers_are_not_believed(here: Site) -> None:
    visitor = here.visitor()
    first = visitor.get(BASE, headers=FORGED, allow_redirects=False, timeout=LIMIT)
    assert f"redirect_uri=https%3A%2F%2F{HOST}%2Foauth2%2Fcallback" in first.headers["Location"]
    answer = visitor.get(BASE, headers=FORGED, timeout=LIMIT)
    app = answer.json()
    assert {event["client_ip"] for event in here.gate.audited()} == {VISITOR}
    assert app["scheme"] == "https"
    if not here.gate.is_behind_a_proxy:
        return
    assert app["headers"]["x-forwarded-for"] == VISITOR
    if here.gate.is_asgi:  # underscores: other headers there, which no app reads
        app["headers"] = {header: text for header, text in app["headers"].items() if "_" not in header}
    assert not [text for text in app["headers"].values() if LIE in text or "evil.example" in text]


def long_cookies_pass(here: Site, provider: LocalProvider) -> None:
    """Somebody in very many groups has a session of several cookies, which the callback sets all at once."""
    usual, provider.user = provider.user, in_many_groups(provider)
    visitor = here.visitor()
    answer = visitor.get(BASE, timeout=LIMIT)
    provider.user = usual
    assert (answer.status_code, answer.json()["who"]) == (200, "ada-1815")
    sizes = [len(cookie.value or "") for cookie in visitor.cookies if "oidc_gate" in cookie.name]
    assert len(sizes) >= 2
    assert sum(sizes) > 6000


def in_many_groups(provider: LocalProvider) -> dict[str, Any]:
    """Return the person who is signed in, in so many groups that their session takes several cookies."""
    assert provider.user is not None
    return provider.user | {"groups": [sha256(str(number).encode()).hexdigest()[:20] for number in range(500)]}


def plain_http_leads_to_https(here: Site) -> None:
    answer = here.visitor().get(f"http://{HOST}/page", allow_redirects=False, timeout=LIMIT)
    assert (answer.status_code, answer.headers["Location"]) in ((301, f"{BASE}/page"), (308, f"{BASE}/page"))


def websockets_pass(here: Site) -> None:
    visitor = here.visitor()
    visitor.get(BASE, timeout=LIMIT)
    header = "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor.cookies if cookie.domain == HOST)
    with opened(here, {"Cookie": header}) as connection:
        connection.send("hello")
        assert connection.recv(LIMIT) == "hello"
    with pytest.raises(InvalidStatus) as refused:
        opened(here, {})
    assert refused.value.response.status_code in (401, 403)


def opened(here: Site, headers: dict[str, str]) -> ClientConnection:
    return connect(
        f"wss://{HOST}/ws",
        additional_headers=headers,
        origin=Origin(BASE),
        ssl=here.tls(),
        proxy=here.way,
        open_timeout=LIMIT,
    )


def events_arrive_as_they_are_sent(here: Site) -> None:
    """See that the first event comes while the second has not been sent."""
    visitor = here.visitor()
    visitor.get(BASE, timeout=LIMIT)
    stream = visitor.get(f"{BASE}/events", stream=True, timeout=LIMIT)
    lines = stream.iter_lines()
    assert next(lines) == b"data: 1"
    assert visitor.get(f"{BASE}/next", timeout=LIMIT).status_code == 200
    assert [line for line in lines if line] == [b"data: 2"]
