"""An attacker without a session, with headers and paths: what only the gate may say, what two routers read twice."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from tests.browser import World
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import Stage, session_cookie, subject

pytestmark = pytest.mark.uncounted

MARK = "root-of-all-evil"
NAMES = (
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "X-Forwarded-Groups",
    "X-Forwarded-Preferred-Username",
    "Ngrok-Auth-User-Id",
    "Ngrok-Auth-User-Email",
    "Ngrok-Auth-User-Name",
)
#: Those of other gates: the same in every spelling, of which a sample is sent; `tests/test_headers.py` has them all.
OTHERS = (
    *("Remote-User", "Remote-Groups", "X-Remote-User", "X-Forwarded-Access-Token", "X-Auth-Request-Email"),
    *("X-WebAuth-User", "OIDC_CLAIM_email", "Ngrok-Auth-Oidc-Claims", "Cf-Access-Authenticated-User-Email"),
    *("X-Goog-Authenticated-User-Email", "X-Goog-IAP-JWT-Assertion", "X-Amzn-Oidc-Data", "X-Pomerium-Claim-Email"),
    *("X-Vouch-User", "X-authentik-username", "X-MS-CLIENT-PRINCIPAL-NAME", "X-MS-TOKEN-AAD-ID-TOKEN"),
    *("Tailscale-User-Login", "Teleport-Jwt-Assertion", "X-Oidc-Gate-Jwt"),
)
PREFLIGHT = {"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"}


def spellings(name: str) -> list[str]:
    """Return the name as clients may spell it: in any case, with dashes, underscores and dots."""
    words = name.split("-")
    joined = [
        "".join(word + mark for word, mark in zip(words, (*marks, ""), strict=True))
        for marks in product("-_.", repeat=len(words) - 1)
    ]
    return [cased for one in joined for cased in (one, one.lower(), one.upper(), one.swapcase())]


SPOOFED = [
    *((spelt, MARK) for name in NAMES for spelt in spellings(name)),
    *((name.replace("-", mark), MARK) for name in OTHERS for mark in "-_."),
    *((name.upper(), MARK) for name in OTHERS),
]


def says_mark(here: Stage) -> bool:
    """Tell whether anything that the app was handed says what the attacker said."""
    return any(MARK in repr(raw) for raw in here.app.raw)


@pytest.mark.parametrize("family", ["none", "x-forwarded", "ngrok"])
@pytest.mark.parametrize("signed_in", [False, True])
def test_no_spelling_of_an_identity_header_reaches_the_app(stage: StageFactory, family: str, signed_in: bool) -> None:
    here = stage(identity_headers=family, public_paths="/public", allow_cors_preflight=True)
    browser = here.signed_in() if signed_in else here.browser()
    before = len(here.app.calls)
    for start in range(0, len(SPOOFED), 25):
        spoofed = SPOOFED[start : start + 25]
        browser.fetch("/public/page", headers=spoofed)
        browser.fetch("/private", headers=spoofed)
        browser.get("/private", headers=spoofed)
        browser.request("OPTIONS", "/private", bare=True, headers=[("Host", "app.test"), *PREFLIGHT.items(), *spoofed])
        for own in ("callback?state=a&code=b", "login", "userinfo", "health", "ready", "nothing", "logout?state=x"):
            browser.get(f"/oauth2/{own}", headers=spoofed)
    reached = here.app.calls[before:]
    assert {call.path for call in reached} == {"/public/page", "/private"}
    assert all((call.identity is not None) == (signed_in and call.method != "OPTIONS") for call in reached)
    assert not says_mark(here)


@pytest.mark.parametrize("name", [*NAMES, *OTHERS])
def test_a_header_sent_twice_or_as_a_list_is_removed_whole(stage: StageFactory, name: str) -> None:
    here = stage(identity_headers="x-forwarded", public_paths="/public")
    ada = here.signed_in()
    for spoofed in ([(name, MARK), (name.lower(), MARK)], [(name, f"{MARK}, ada-1815")], [(name, f"ada-1815,{MARK}")]):
        ada.fetch("/", headers=spoofed)
        here.browser().fetch("/public", headers=[*spoofed, ("Connection", f"close, {name}")])
    assert len(here.app.calls) == 7
    assert not says_mark(here)
    assert here.app.calls[-2].headers["x-forwarded-user"] == "ada-1815"


def test_a_server_variable_of_the_same_name_is_not_believed(stage: StageFactory, world: World) -> None:
    here = stage(public_paths="/public")
    theirs = {"wsgi": ("REMOTE_USER", "AUTH_TYPE"), "asgi": ("user", "auth")}[world]
    planted: dict[str, Any] = dict.fromkeys(theirs, MARK)

    def wsgi_server(environ: dict[str, Any], start_response: Any) -> Any:
        return here.gate({**environ, **planted}, start_response)

    async def asgi_server(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await here.gate({**scope, **planted}, receive, send)

    browser = here.browser(wsgi_server if world == "wsgi" else asgi_server)
    seen = browser.fetch("/public").json()
    assert (seen["identity"], seen["remote_user"], seen["auth_type"]) == (None, None, None)
    raw = here.app.raw[0]
    assert MARK not in [str(raw.get(name)) for name in planted]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Original-URL": "/public"},
        {"X-Rewrite-URL": "/public"},
        {"X-Forwarded-Uri": "/public"},
        {"X-Forwarded-Path": "/public"},
        {"X-Forwarded-Prefix": "/public"},
        {"X-Forwarded-Method": "OPTIONS", **PREFLIGHT},
        {"X-HTTP-Method-Override": "OPTIONS", **PREFLIGHT},
        {"X-Method-Override": "OPTIONS", **PREFLIGHT},
        {"X-Auth-Request-User": "root", "X-Remote-User": "root", "Remote-User": "root", "X-User": "root"},
        {"Authorization": "Basic cm9vdDpyb290"},
        {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0."},
        {"User-Agent": "kube-probe/1.30"},
        {"X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "Client-IP": "127.0.0.1"},
        {"Host": "public"},
        {"Host": "localhost", "X-Forwarded-Host": "localhost"},
        {"Referer": "https://app.test/public"},
        {"Upgrade": "websocket", "Connection": "Upgrade"},
        {"Purpose": "prefetch", "Sec-Purpose": "prefetch"},
    ],
    ids=lambda headers: next(iter(headers)) + ":" + next(iter(headers.values()))[:12],
)
def test_no_header_opens_a_protected_path(stage: StageFactory, headers: dict[str, str]) -> None:
    here = stage(public_paths="/public", allow_cors_preflight=True)
    browser = here.browser()
    for method in ("GET", "POST", "HEAD", "PUT", "DELETE"):
        assert browser.request(method, "/private", navigate=False, headers=headers).status == 401
    assert browser.get("/private?x=/public", headers=headers).status in (302, 401)
    assert here.app.calls == []


@pytest.mark.parametrize("path", ["//admin", "/x/../admin", "/admin;x", "/ADMIN", "/admin.", "/admin%20", "/admin%2Fx"])
def test_no_spelling_takes_a_preflight_to_a_page_for_nobody(stage: StageFactory, path: str) -> None:
    closed = {"path": "/admin", "allow": "nobody"}
    of_some = {"path": "/grp", "allow": {"groups": "Ops"}}
    here, open_one = (stage(allow_cors_preflight=True, rules=rules) for rules in ([closed, of_some], [of_some]))
    for ask, expected in ((here, 401), (open_one, 200)):
        assert ask.browser().request("OPTIONS", path, navigate=False, headers=PREFLIGHT).status == expected
        assert ask.browser().request("OPTIONS", "/grp", navigate=False, headers=PREFLIGHT).status == 200
    assert here.browser().request("OPTIONS", "/admin/x", navigate=False, headers=PREFLIGHT).status == 403


@pytest.mark.parametrize("trusted", [0, "10.0.0.0/8"])
def test_forwarded_headers_from_an_untrusted_peer_change_nothing(stage: StageFactory, trusted: Any) -> None:
    here = stage(trusted_proxies=trusted)
    headers = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example", "X-Forwarded-For": "10.0.0.1",
               "Forwarded": "for=10.0.0.1;host=evil.example;proto=http"}  # fmt: skip
    ada = here.signed_in()
    assert subject(ada.fetch("/", headers=headers)) == "ada-1815"
    start = here.browser().get("/", headers=headers)
    assert "redirect_uri=https%3A%2F%2Fapp.test%2Foauth2%2Fcallback" in start.target
    assert "evil" not in start.target
    assert all("; Secure" in cookie for cookie in start.header_list("Set-Cookie"))


def test_the_body_of_a_refused_request_is_not_read(stage: StageFactory, world: World) -> None:
    class Untouchable:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"the body was touched: {name}")

    here = stage()

    def wsgi_server(environ: dict[str, Any], start_response: Any) -> Any:
        return here.gate({**environ, "wsgi.input": Untouchable()}, start_response)

    async def asgi_server(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await here.gate(scope, untouched, send)

    async def untouched() -> Any:
        raise AssertionError("the body was touched")

    browser = here.browser(wsgi_server if world == "wsgi" else asgi_server, validate=False)
    for path in ("/private", "/oauth2/health", "/oauth2/nothing"):
        assert browser.fetch(path, "POST", body=b"x" * 1000).status in (401, 404, 405)


# One path, two readers (T01, T03, T05)

HOSTILE_PATHS = [
    "/public/../private", "/public/%2e%2e/private", "/public/%2E./private", "/public/.%2e/private", "/public/.",
    "/public/..", "/public/./x", "/public//private", "//private", "///private", "//public", "/public\\..\\private",
    "/public/%5c..%5cprivate", "/public%2f..%2fprivate", "/public%2Fx", "/public/%2e%2e%2fprivate", "/%2e%2e/public",
    "/public/%252e%252e/private", "/public/%c0%ae%c0%ae/private", "/public/%e0%80%ae/private", "/public/%ff",
    "/public/%00", "/public%00/private", "/public%00", "/private%00/public", "/public;/../private",
    "/public/..;/private", "/public;x=1", "/public/;/private", "/PUBLIC", "/Public/x", "/public ", "/public%20",
    "/public.", "/public./x", "/public%09", "/public%0a", "/public%0d%0a", "/public%7f", "/%70ublic",
    "/%70ublic/..%2fprivate", "/public%3f", "/public%23", "/public%23/private", "/public%3fx/private",
    "/private?/public", "/private%3f/public", "/private;/public", "/./public", "/x/../public", "/x/%2e%2e/public",
    "/oauth2/../private", "/oauth2%2flogin", "/oauth2%2f..%2fprivate", "/oauth2/%2e%2e/private",
    "/oauth2/login/../../private", "/oauth2;/login", "/oauth2/login;x", "/oauth2/login%00",
    "/oauth2/callback/../../private", "/oauth2/health/../../private", "/oauth2/health%2f..%2f..%2fprivate",
    "/OAuth2/health", "/oauth2/health/", "/oauth2//health", "//oauth2/health", "/public/%u002e%u002e/private",
    "/public/\u00ff", "/public/%25", "/public/%252f", "/public/%2525", "/public/a%2fb", "/public/a%5Cb", "/public/a/",
    "/public/a", "/public/%C3%A9", "/public/a;b", "/public/...", "/public/..a", "/public/.well-known/x",
    "/public/%2ewell-known", "/public/a%20b", "/public/*", "/*",
]  # fmt: skip
#: What any router must take for something below /public.
PLAIN = {
    "/public/a/", "/public/a", "/public/%C3%A9", "/public/...", "/public/..a", "/public/.well-known/x",
    "/public/a%20b", "/public/*", "/%70ublic", "/public/\u00ff",
}  # fmt: skip


def test_a_hostile_path_is_judged_the_same_in_both_worlds_and_never_public_by_mistake(provider: LocalProvider) -> None:
    answers = {}
    worlds: tuple[World, ...] = ("wsgi", "asgi")
    for world in worlds:
        here = Stage(world, provider, public_paths="/public")
        browser = here.browser()
        for path in HOSTILE_PATHS:
            before = len(here.app.calls)
            status = browser.request("GET", "https://app.test" + path, navigate=False).status
            answers[world, path] = (status, len(here.app.calls) > before)
    differing = {path for path in HOSTILE_PATHS if answers["wsgi", path] != answers["asgi", path]}
    reached = {path for path in HOSTILE_PATHS if answers["wsgi", path][1]}
    assert differing == set()
    assert reached == PLAIN


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_a_hostile_path_that_is_asked_for_never_leads_away_after_the_login(stage: StageFactory, path: str) -> None:
    browser = stage().browser()
    page = browser.navigate("https://app.test" + path)
    assert page.url.startswith("https://app.test/")
    assert page.status in (200, 404, 405)
    assert all(answer.url.startswith(("https://app.test/", "http://127.0.0.1:")) for answer in browser.trail[1:])


@pytest.mark.parametrize("mount", ["/shop", "/public", "/oauth2"])
def test_a_mount_point_changes_nothing_in_what_is_protected(stage: StageFactory, mount: str) -> None:
    here = stage(public_paths="/public")
    browser = here.browser(root_path=mount)
    assert browser.fetch(f"{mount}/private").status == 401
    assert browser.fetch(mount).status == 401
    assert browser.fetch(f"{mount}/public").status == 200
    assert browser.fetch(f"{mount}/public/../private").status == 401
    assert browser.fetch(f"{mount}/oauth2/health").status == 200


def test_a_session_lets_its_person_see_every_path_but_the_gates(stage: StageFactory) -> None:
    here = stage(public_paths="/public")
    browser = here.signed_in()
    cookie = session_cookie(browser)
    for path in HOSTILE_PATHS:
        answer = browser.request("GET", "https://app.test" + path, navigate=False)
        assert answer.status in (200, 404, 405) or path == "/oauth2%2flogin"
        if answer.status == 200 and "health" not in path:
            assert subject(answer) == "ada-1815"
            assert cookie not in answer.text
