"""An attacker before a gate with rules: no byte of what is guarded to who may not have it, whatever they send.

Bytes as no client library would send them go to real servers, as a stranger and as somebody signed in whom no rule of
the guarded places lets in. Whether an answer of the app is theirs is judged by `tests/path_readings.py`: in none of
the ways in which apps read a path may it be somebody else's.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from oidc_gate import SettingsError
from tests.apps import COOKIE_SECRET, gated, wsgi_echo
from tests.browser import Browser, World
from tests.naive_rules import Asking, Policy, Rule, judge
from tests.path_readings import forbidden_readings
from tests.providers import people
from tests.providers.local import LocalProvider
from tests.rule_gates import RuleGate
from tests.servers import running
from tests.test_attacks_raw import APP, ROOT, SERVERS, Victim, status
from tests.test_attacks_requests import HOSTILE_PATHS

pytestmark = pytest.mark.uncounted

RULES = """
[[rules]]
name = "metrics"
path = "/metrics"
allow = "nobody"

[[rules]]
exact = ["/", "/about", "/docs/*"]
allow = "anyone"

[[rules]]
path = ["/public", "/pub"]
allow = "anyone"

[[rules]]
path = "/hooks/github"
method = "POST"
allow = "anyone"

[[rules]]
path = "/site"
host = "open.test"
allow = "anyone"

[[rules]]
name = "admin"
path = ["/admin", "/private", "/*/settings"]
allow = { groups = "admins" }

[[rules]]
name = "writers"
path = "/api"
method = ["POST", "PUT", "PATCH", "DELETE"]
allow = { groups = "admins" }

[[rules]]
name = "readers"
path = "/feed"
method = "GET"
allow = { groups = "admins" }

[[rules]]
name = "closed host"
host = "closed.test"
allow = { groups = "admins" }
"""
GUARDED: list[Rule] = [
    {"path": "/metrics", "allow": "nobody"},
    {"exact": ["/", "/about", "/docs/*"], "allow": "anyone"},
    {"path": ["/public", "/pub"], "allow": "anyone"},
    {"path": "/hooks/github", "method": "POST", "allow": "anyone"},
    {"path": "/site", "host": "open.test", "allow": "anyone"},
    {"path": ["/admin", "/private", "/*/settings"], "allow": {"groups": "admins"}},
    {"path": "/api", "method": ["POST", "PUT", "PATCH", "DELETE"], "allow": {"groups": "admins"}},
    {"path": "/feed", "method": "GET", "allow": {"groups": "admins"}},
    {"host": "closed.test", "allow": {"groups": "admins"}},
]
POLICY = Policy(GUARDED, ["/static"])
#: In no group but `engineers`.
GRACE = people.grace()
WHO = {"a stranger": None, "grace": GRACE}
OVERRIDES = ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override")

#: How a path is disguised; `{}` is what is guarded, without its slash.
DISGUISES = [
    *("/{}", "/{}/", "/{}/x", "/./{}", "/%2e/{}", "//{}", "///{}", "/pub/../{}", "/pub/%2e%2e/{}", "/pub/.%2E/{}"),
    *("/pub/..%2f{}", "/pub%2f..%2f{}", "/pub/x%2f..%2f..%2f{}", "/pub/..%5c{}", "/pub\\..\\{}", "/pub/..\\{}"),
    *("/pub/..;/{}", "/pub/..;x=y/{}", "/pub;/../{}", "/;/{}", "/;x/{}", "/{};x", "/{};/x", "/{}%3bx", "/{}%3b/x"),
    *("/{} /x", "/{}%20", "/{}%20/x", "/{}%09", "/{}%0a", "/{}%0d%0a", "/{}%c2%a0", "/{}%e3%80%80", "/%20{}"),
    *("/{}%00", "/{}%00.png", "/pub%00/../{}", "/pub/%00/../../{}", "/{}%2f", "/{}%2fx", "/%2f{}", "/{}%5cx"),
    *("/%252e/{}", "/pub/%252e%252e/{}", "/pub/%252e%252e%252f{}", "/{}%252fx", "/{}%25", "/%25%32%66{}"),
    *("/pub/%c0%ae%c0%ae/{}", "/pub/%uff0e%uff0e/{}", "/pub/%u002e%u002e/{}", "/{}%ff", "/pub/%e2%80%a5/{}"),
    *("/pub?/../{}", "/{}?/pub", "/{}?x=/pub", "/pub#/../{}", "/{}#/pub", "/{}%3f/pub", "/{}%23/pub", "/{}%3fx"),
    *("/about/../{}", "/about/..%2f{}", "/docs/..", "/docs/%2e%2e", "/docs/..%2f{}", "/docs/x/../../{}", "/docs%2f{}"),
    *("/static/../{}", "/static/%2e%2e/{}", "/static/..%2f{}", "/static%2f..%2f{}", "/static//../{}", "/oauth2/../{}"),
    *("/oauth2/health/../../{}", "/oauth2/health%2f..%2f..%2f{}", "/oauth2;/../{}", "/hooks/github/../../{}"),
    *("http://127.0.0.1/{}", "http://evil.test/{}", "http://open.test/{}", "https://open.test/pub/../{}"),
    *("//open.test/{}", "{}", "./{}"),
    *("\\{}", "/\\{}", "/pub/\t/../../{}", "/{}\xff", "/x%2F..%2F{}", "/{}/../pub", "/{}%2f..%2fpub"),
]  # fmt: skip


def spellings(word: str) -> list[str]:
    """Return a path as it is, in other cases, in escapes, and in letters that look or fold alike."""
    code, rest = ord(word[0]), word[1:]
    escaped = [f"%{code:02x}{rest}", f"%{code - 0x20:02X}{rest}", f"%25{code:02x}{rest}"]
    alike = [f"%EF%BC%{code + 0x40:02X}{rest}", word.replace("s", "%C5%BF")]
    alike += [word.replace("i", letter) for letter in ("%C4%B1", "%C4%B0")]
    return [word, word.title(), word.upper(), *escaped, *alike]


TARGETS = ["admin", "metrics", "private", "team/settings", "feed"]
CORPUS = list(
    dict.fromkeys(
        [
            *(disguise.replace("{}", word) for word in TARGETS for disguise in DISGUISES),
            *(f"/{spelt}{end}" for word in TARGETS for spelt in spellings(word) for end in ("", "/", "/x")),
            *(f"/pub/..%2f{spelt}" for word in TARGETS for spelt in spellings(word)),
            *HOSTILE_PATHS,
        ]
    )
)


@dataclass
class Known(Victim):
    """A served gate with these rules; `cookies` by name of who is signed in there, `""` for a stranger."""

    cookies: dict[str, str]
    #: Where the app is mounted.
    mount: str = ""


MOUNTED = {
    "gunicorn in a mount": (*SERVERS["gunicorn"][:1], "--env", "SCRIPT_NAME=/pub", *SERVERS["gunicorn"][1:]),
    "uvicorn in a mount": (*SERVERS["uvicorn h11"][:1], "--root-path", "/pub", *SERVERS["uvicorn h11"][1:]),
}
ALL_SERVERS = SERVERS | MOUNTED


@pytest.fixture(scope="module", params=list(ALL_SERVERS))
def known(
    request: pytest.FixtureRequest, _served_provider: LocalProvider, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Known]:
    _served_provider.reset()
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "gate.toml").write_text(f'public_paths = ["/static"]\n{RULES}')
    settings = _served_provider.gate_options(cookie_secret=COOKIE_SECRET)
    env = {f"OIDC_GATE_{name.upper()}": value for name, value in settings.items()}
    env |= {"OIDC_GATE_APP": "tests.apps:asgi_echo()", "OIDC_GATE_CONFIG": str(folder / "gate.toml")}
    program, *rest = ALL_SERVERS[request.param]
    argv = [str(Path(sys.executable).with_name(program)), *rest]
    mount = "/pub" if request.param == "gunicorn in a mount" else ""
    with running(argv, folder=folder, env=env, cwd=ROOT, ready_path=f"{mount}/oauth2/health") as server:
        cookies = {"a stranger": ""}
        for name in ("grace", "ada"):
            _served_provider.user = _served_provider.people[name]
            # At another gate with the same secret: not every server here is where a browser would find it.
            browser = Browser(gated("wsgi", wsgi_echo(), **settings), "wsgi", origin=server.url)
            assert browser.navigate("/other").status == 200
            cookies[name] = browser.cookies.header_for(server.url)
        yield Known(server, "", cookies, mount)
        assert "Traceback" not in server.output


def ask(known: Known, who: str, target: str, *headers: str, method: str = "GET", host: str = "") -> bytes:
    """Send one request in somebody's name."""
    host = host or f"127.0.0.1:{known.server.port}"
    cookie = [f"Cookie: {known.cookies[who]}"] if known.cookies[who] else []
    target = known.mount + target if target.startswith("/") else target
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *cookie, *headers, "", ""]
    return known.send("\r\n".join(lines).encode("latin-1"))


def seen(answer: bytes) -> dict[str, Any] | None:
    """Return what the app saw of a request that reached it, None for one that did not."""
    if APP not in answer:
        return None
    call: dict[str, Any] = json.loads(answer.partition(b"\r\n\r\n")[2])
    return call


def is_theirs(answer: bytes, who: str, target: str, host: str = "app.test", method: str = "GET") -> None:
    """Check that what the app answered, if it did, may be had by who asked, however the app reads the path."""
    call = seen(answer)
    if call is None:
        return
    path, raw = call["path"] or "/", target.partition("?")[0]
    for each in {path, raw if unquote(raw, errors="replace") == path else path}:
        asking = Asking(method, each, host, path=path)
        assert next(forbidden_readings(POLICY, WHO[who], asking, 0), None) is None, (who, target, path)


def is_told(answer: bytes) -> bool:
    """Return whether the server itself says that the mount point is not where it was told."""
    return status(answer) == 500 and b"does not start with SCRIPT_NAME" in answer


def test_the_file_says_what_the_naive_interpreter_is_told() -> None:
    import tomllib

    written = tomllib.loads(RULES)["rules"]
    assert [{name: value for name, value in rule.items() if name != "name"} for rule in written] == GUARDED


@pytest.mark.parametrize(
    ("who", "method", "target", "expected"),
    [
        ("a stranger", "GET", "/", 200),
        ("a stranger", "GET", "/about", 200),
        ("a stranger", "GET", "/docs/x", 200),
        ("a stranger", "GET", "/pub/x", 200),
        ("a stranger", "GET", "/static/x", 200),
        ("a stranger", "POST", "/hooks/github", 200),
        ("a stranger", "GET", "/hooks/github", 401),
        ("a stranger", "GET", "/site", 401),
        ("a stranger", "GET", "/admin", 401),
        ("a stranger", "GET", "/other", 401),
        ("a stranger", "GET", "/metrics", 403),
        ("grace", "GET", "/metrics", 403),
        ("grace", "GET", "/other", 200),
        ("grace", "GET", "/admin", 403),
        ("grace", "GET", "/team/settings/x", 403),
        ("grace", "GET", "/api/x", 200),
        ("grace", "POST", "/api/x", 403),
        ("grace", "GET", "/feed", 403),
        ("grace", "POST", "/feed", 200),
        ("ada", "GET", "/metrics", 403),
        ("ada", "GET", "/admin", 200),
        ("ada", "POST", "/api/x", 200),
    ],
)
def test_the_rules_hold_at_a_real_server(known: Known, who: str, method: str, target: str, expected: int) -> None:
    for _ in range(3):
        answer = ask(known, who, target, "Content-Length: 0", method=method)
        assert (status(answer), APP in answer) == (expected, expected == 200)


@pytest.mark.parametrize("who", list(WHO))
def test_no_disguise_of_a_path_leads_to_what_is_guarded(known: Known, who: str) -> None:
    for target in CORPUS:
        answer = ask(known, who, target)
        is_theirs(answer, who, target)
        assert status(answer) in (0, 200, 302, 400, 401, 403, 404, 405, 505) or is_told(answer), target


@pytest.mark.parametrize("who", list(WHO))
def test_no_method_and_no_header_that_names_one_opens_what_is_guarded(known: Known, who: str) -> None:
    for method in ("HEAD", "get", "Get", "head", "OPTIONS", "PROPFIND", "TRACE", "POST"):
        for target in ("/admin", "/metrics"):
            answer = ask(known, who, target, "Content-Length: 0", method=method)
            assert (APP in answer, status(answer) == 200) == (False, False), (method, target)
    for method in ("HEAD", "get", "head", "hEAD"):
        answer = ask(known, who, "/feed", method=method)
        assert (APP in answer, status(answer) == 200) == (False, False), method
    for method in ("post", "Post", "pUT", "delete", "patch"):
        assert APP not in ask(known, who, "/api/x", "Content-Length: 0", method=method), method
    for name in OVERRIDES:
        for spelt in (name, name.lower(), name.upper()):
            for method, other, target in [
                *(("POST", "DELETE", "/feed/x"), ("GET", "POST", "/api/x"), ("GET", "DELETE", "/api/x")),
                *(("POST", "GET", "/feed/x"), ("GET", "post", "/hooks/github"), ("POST", "GET", "/hooks/github")),
            ]:
                answer = ask(known, who, target, f"{spelt}: {other}", "Content-Length: 0", method=method)
                assert APP not in answer, (method, spelt, other, target)


@pytest.mark.parametrize("who", list(WHO))
@pytest.mark.parametrize(
    "host",
    ["closed.test", "CLOSED.test", "closed.test:80", "closed.test:8443", "closed.test.", "cLoSeD.TeSt.:443"],
)
def test_a_host_is_the_same_however_it_is_written(known: Known, who: str, host: str) -> None:
    answer = ask(known, who, "/other", host=host)
    assert (status(answer), APP in answer) == (401 if who == "a stranger" else 403, False)
    assert status(ask(known, "ada", "/other", host=host)) == 200


@pytest.mark.parametrize(
    ("host", "headers"),
    [
        ("app.test", ["X-Forwarded-Host: open.test"]),
        ("app.test", ["Forwarded: for=10.0.0.1;host=open.test"]),
        ("app.test", ["X-Host: open.test", "X-Original-Host: open.test", "X-Forwarded-Server: open.test"]),
        ("app.test", ["Host: open.test"]),
        ("open.test", ["Host: app.test"]),
        ("open.test, app.test", []),
        ("app.test, open.test", []),
        ("open.test.app.test", []),
        ("xopen.test", []),
        ("open.test@app.test", []),
        ("app.test#open.test", []),
        ("app.test:80@open.test", []),
        ("open.test:x", []),
        ("open_test", []),
        ("app.test", [" Host: open.test"]),
    ],
)
def test_no_header_makes_a_host_of_another(known: Known, host: str, headers: list[str]) -> None:
    for target in ("/site", "/site/x", "http://open.test/site"):
        answer = ask(known, "a stranger", target, *headers, host=host)
        assert (status(answer) in (0, 400, 401, 404) or is_told(answer), APP in answer) == (True, False), target


def test_an_open_place_at_one_host_is_open_there(known: Known) -> None:
    for host in ("open.test", "OPEN.test:99", "open.test."):
        assert status(ask(known, "a stranger", "/site/x", host=host)) == 200
        assert status(ask(known, "a stranger", "/sites", host=host)) == 401


def test_a_host_that_is_taken_from_the_address_is_the_apps_too(known: Known) -> None:
    """Whatever a server makes of an absolute address, gate and app see the same host: that of the Host header."""
    for target, host in (("http://open.test/site", "closed.test"), ("http://closed.test/other", "app.test")):
        answer = ask(known, "grace", target, host=host)
        call = seen(answer)
        assert call is None or call["headers"]["host"] != "closed.test", target


HANDSHAKE = ("Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")


@pytest.mark.parametrize("who", list(WHO))
@pytest.mark.parametrize("method", ["GET", "POST", "get"])
@pytest.mark.parametrize("target", ["/admin", "/feed", "/metrics", "/ADMIN", "/pub/../admin", "/feed%2fx", "/FEED"])
def test_no_handshake_opens_what_is_guarded(known: Known, who: str, method: str, target: str) -> None:
    if method == "POST" and target.startswith("/feed"):
        return  # that is nobody's but who passes the lists, as for any POST
    host, mount = f"127.0.0.1:{known.server.port}", known.mount
    cookie = [f"Cookie: {known.cookies[who]}"] if known.cookies[who] else []
    lines = [f"{method} {mount}{target} HTTP/1.1", f"Host: {host}", "Connection: Upgrade", *HANDSHAKE, *cookie, "", ""]
    answer = known.send("\r\n".join(lines).encode())
    assert (APP in answer, status(answer) in (101, 200)) == (False, False)


@pytest.mark.parametrize("who", list(WHO))
@pytest.mark.parametrize("target", ["/hooks/github", "/api/x"])
def test_a_post_that_looks_like_a_handshake_is_a_post_and_a_handshake_is_none(
    known: Known, who: str, target: str
) -> None:
    host, mount = f"127.0.0.1:{known.server.port}", known.mount
    cookie = [f"Cookie: {known.cookies[who]}"] if known.cookies[who] else []
    for method in ("GET", "POST"):
        lines = [f"{method} {mount}{target} HTTP/1.1", f"Host: {host}", "Connection: Upgrade", "Content-Length: 0"]
        answer = known.send("\r\n".join([*lines, *HANDSHAKE, *cookie, "", ""]).encode())
        if APP in answer or status(answer) == 101:
            allowed = judge(POLICY, WHO[who], Asking(method, target), 0)[0]
            assert allowed == "pass", (method, target)


def test_a_header_names_no_mount(known: Known) -> None:
    names = ("SCRIPT_NAME", "Script-Name", "X-Script-Name", "X-Forwarded-Prefix", "PATH_INFO", "X-Original-URL")
    for name in names:
        for value in ("/pub", "/admin", "/", "/about"):
            for target in ("/admin", "/pub/admin", "/admin/pub", "/metrics"):
                for who in WHO:
                    is_theirs(ask(known, who, target, f"{name}: {value}"), who, target)


# In mounts


@pytest.mark.parametrize("mount", ["/shop", "/pub", "/admin", "/a%20b"])
@pytest.mark.parametrize("world", ["wsgi", "asgi"])
def test_a_mount_point_is_no_part_of_the_path(world: World, mount: str) -> None:
    gate = RuleGate(world, POLICY, mount=mount if "%" not in mount else "/ab")
    grace = gate.cookies(GRACE)
    for raw in ("/admin", "/pub", "/metrics", "/other", "/", "", "/admin%2fx", "/pub%2f..%2fadmin", "/Admin", "/pub/x"):
        for cookies, person in ((grace, GRACE), ("", None)):
            asking = Asking("GET", raw)
            expected, _ = judge(POLICY, person, asking, 0)
            assert [gate.outcome(cookies, asking) for _ in range(3)] == [expected] * 3, (raw, person)


SCOPES = [
    ("/pub", "/admin/x"),
    ("/pub/", "/pub/admin/x"),
    ("/admin", "/pub/admin/admin"),
    ("/x", "/pub/x/admin"),
    ("/x", "/static/x/admin"),
    ("/pub", "/pubadmin"),
    ("/x/", "/x//admin"),
]


@pytest.mark.parametrize(("mount", "path"), SCOPES)
@pytest.mark.parametrize("name", list(WHO))
def test_a_path_that_may_or_may_not_hold_its_mount_opens_nothing(mount: str, path: str, name: str) -> None:
    """Some servers put the mount point into `path`, others do not, and frameworks cut it off in their own ways."""
    gate = RuleGate("asgi", POLICY)
    cookies = gate.cookies(WHO[name])
    headers = [(b"host", b"app.test")] + ([(b"cookie", cookies.encode())] if cookies else [])
    scope = {"type": "http", "asgi": {"version": "3.0"}, "method": "GET", "scheme": "https", "path": path,
             "raw_path": path.encode(), "root_path": mount, "query_string": b"", "headers": headers}  # fmt: skip
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(gate.driver.app(scope, receive, send))  # type: ignore[arg-type]
    cut = path.partition(mount.rstrip("/"))[2]
    if any(each.startswith(("/admin", "//admin")) for each in (path, cut)):
        assert (gate.app.reached, sent[0]["status"] in (401, 403)) == ([], True)


# The rules of the documents, each alone

DOCUMENTED: list[tuple[Rule, str, str, str]] = [
    ({"path": ["/admin", "/flower"], "allow": {"groups": "Platform Admins"}}, "GET", "/flower/x", "app.test"),
    ({"path": "/api", "method": "DELETE", "allow": {"groups": "Admins"}}, "DELETE", "/api/1", "app.test"),
    ({"path": "/api", "method": ["POST", "PUT", "PATCH"], "allow": {"groups": ["Editors", "Admins"]}},
     "PUT", "/api/1", "app.test"),
    ({"path": "/reports/finance", "help": "Ask finance-it@example.com.",
      "allow": {"all": [{"claims": {"department": ["Finance", "Board"]}}, {"not": {"groups": "Contractors*"}}]}},
     "GET", "/reports/finance/q3", "app.test"),
    ({"path": "/payroll", "allow": {"groups": "HR"}, "acr": ["phr", "phrh"], "max_age": "10m"},
     "GET", "/payroll", "app.test"),
    ({"allow": "nobody"}, "GET", "/x", "app.test"),
    ({"path": "/mcp", "allow": {"all": [{"scopes": "mcp:use"}, {"groups": "Engineering"}]}},
     "POST", "/mcp", "app.test"),
    ({"path": "/metrics", "allow": "nobody"}, "GET", "/metrics", "app.test"),
]  # fmt: skip
#: These stop start-up where there is no such provider.
BY_PROVIDER: list[Rule] = [
    {"host": "acme.example.com", "allow": {"provider": "acme"}},
    {"host": "globex.example.com", "allow": {"provider": "globex"}},
]
OPEN: list[tuple[Policy, str, str]] = [
    (Policy([], ["/static"]), "GET", "/static/app.css"),
    (Policy([{"exact": ["/", "/favicon.ico"], "allow": "anyone"}]), "GET", "/"),
    (Policy([{"path": "/hooks/github", "method": "POST", "allow": "anyone"}]), "POST", "/hooks/github"),
]
#: Whom the rules of the documents do not know, with claims that come close to what they ask for.
EVE: list[dict[str, Any] | None] = [
    None,
    {"sub": "eve"},
    {"sub": "eve", "groups": [], "department": ""},
    {"sub": "eve", "groups": None, "department": None},
    {"sub": "eve", "groups": ["platform admins", "admins", "hr", "Admin", "HRx", "*", ""], "department": "finance"},
    {"sub": "eve", "groups": ["Contractors EU"], "department": "Finance", "scope": "mcp:use", "scopes": ["mcp:use"]},
    {"sub": "eve", "groups": {"HR": False, "Admins": None}, "department": {"Finance": True}, "acr": "phr"},
    {"sub": "eve", "department": ["Finance"], "provider": "acme", "acr": "phr", "auth_time": 1_900_000_000},
]


@pytest.mark.parametrize("world", ["wsgi", "asgi"])
@pytest.mark.parametrize(("rule", "method", "path", "host"), DOCUMENTED)
def test_every_documented_rule_alone_denies_an_outsider(
    world: World, rule: Rule, method: str, path: str, host: str
) -> None:
    gate = RuleGate(world, Policy([rule]))
    for claims in EVE:
        cookies = gate.cookies(claims)
        for asking in (Asking(method, raw, host) for raw in (path, path.upper(), f"{path}%2f")):
            outcome = [gate.outcome(cookies, asking) for _ in range(3)]
            if claims is None and rule["allow"] != "nobody":
                assert outcome == ["login"] * 3
            elif asking.raw == path or rule["allow"] == "nobody" or "path" in rule:
                assert set(outcome) <= {"refused", "login"}, (claims, asking)


@pytest.mark.parametrize("world", ["wsgi", "asgi"])
@pytest.mark.parametrize("rule", BY_PROVIDER)
def test_a_rule_for_a_provider_denies_an_outsider(world: World, rule: Rule) -> None:
    with pytest.raises(SettingsError, match="provider"):
        RuleGate(world, Policy([rule]))
    gate = RuleGate(world, Policy([rule]), auth_id=rule["allow"]["provider"])
    assert [gate.outcome("", Asking("GET", "/x", host)) for host in (rule["host"], "app.test")] == ["login"] * 2


@pytest.mark.parametrize("world", ["wsgi", "asgi"])
@pytest.mark.parametrize(("policy", "method", "path"), OPEN)
def test_a_documented_open_place_is_open_to_an_outsider_and_nothing_else_is(
    world: World, policy: Policy, method: str, path: str
) -> None:
    gate = RuleGate(world, policy)
    assert gate.outcome("", Asking(method, path)) == "pass"
    others = ["/x", "/static/../x", "/STATIC/app.css", "/hooks/github%2fx", "/hooks", "/favicon.ico/", "/favicon.ico/x"]
    for other in others:
        assert gate.outcome("", Asking(method, other)) == "login", other
    if method == "POST":
        assert gate.outcome("", Asking("GET", path)) == "login"
