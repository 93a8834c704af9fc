"""surface.md on where the gate stands: behind proxies, under a domain, beside other gates; the provider's logout."""

from __future__ import annotations

import time
from typing import Any

import pytest

from oidc_gate import Settings
from oidc_gate.gate.building import build
from tests.apps import COOKIE_SECRET
from tests.browser import World
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import Stage, is_login, query, session_cookie, session_names, subject, timed

CALLBACK = "https://app.test/oauth2/callback"
PROXIED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "app.test", "X-Forwarded-For": "198.51.100.7"}
TWO_PROXIES = {
    "X-Forwarded-Proto": "https, http",
    "X-Forwarded-Host": "app.test, inner",
    "X-Forwarded-For": "198.51.100.7, 10.9.9.9",
}
STANDARD = {"Forwarded": 'for=198.51.100.7;proto=https;host="app.test"'}
INSIDE = "http://10.0.0.5:8000"


def redirect_uri(here: Stage, headers: dict[str, str], origin: str = INSIDE, **options: Any) -> str:
    answer = here.browser(origin=origin, **options).get("/report", headers={"Accept": "text/html"} | headers)
    return query(answer.target)["redirect_uri"]


# Where the app is


def test_base_url_is_where_the_app_is_whatever_the_request_says(stage: StageFactory) -> None:
    here = stage(base_url="https://app.test/shop/")
    assert redirect_uri(here, PROXIED | {"Host": "other.example"}) == "https://app.test/shop/oauth2/callback"
    browser = here.browser(root_path="/shop")
    assert browser.navigate("/shop/report").url == "https://app.test/shop/report"
    assert session_cookie(browser)


def test_base_url_makes_cookies_secure_behind_a_proxy_that_speaks_http(stage: StageFactory) -> None:
    here = stage(base_url="https://app.test")
    answer = here.browser(origin="http://app.test").get("/report", headers={"Accept": "text/html"})
    (cookie,) = answer.header_list("Set-Cookie")
    assert cookie.startswith(f"{here.session_name}.login.")
    assert "; Secure" in cookie


@pytest.mark.parametrize(
    ("trusted", "headers", "client", "believed"),
    [
        (0, PROXIED, "127.0.0.1", False),
        (1, PROXIED, "127.0.0.1", True),
        (1, STANDARD, "127.0.0.1", True),
        ("10.0.0.0/8", PROXIED, "10.1.2.3", True),
        ("10.0.0.0/8, fd00::/8", STANDARD, "fd00::1", True),
        ("10.0.0.0/8", TWO_PROXIES, "10.1.2.3", True),
        ("10.0.0.0/8", PROXIED, "203.0.113.9", False),
        ("10.0.0.0/8", PROXIED, "", False),
        (2, PROXIED, "127.0.0.1", False),
        (2, {name: f"{value}, inner" for name, value in PROXIED.items()}, "127.0.0.1", True),
        (1, {name: f"evil.example, {value}" for name, value in PROXIED.items()}, "127.0.0.1", True),
    ],
)
def test_forwarded_headers_are_believed_from_trusted_proxies_alone(
    stage: StageFactory, trusted: Any, headers: dict[str, str], client: str, believed: bool
) -> None:
    here = stage(trusted_proxies=trusted)
    expected = CALLBACK if believed else f"{INSIDE}/oauth2/callback"
    assert redirect_uri(here, headers, client=(client, 1)) == expected


def test_a_login_through_a_trusted_proxy_ends_where_it_began(stage: StageFactory) -> None:
    here = stage(trusted_proxies=1)
    browser = here.browser(origin="http://app.test")
    start = browser.get("/report", headers=PROXIED | {"Accept": "text/html"})
    cookie = start.header_list("Set-Cookie")[0].split(";")[0]
    at_provider = browser.navigate(start.target, until=CALLBACK)
    back = browser.get(at_provider.target.replace("https:", "http:"), headers=PROXIED | {"Cookie": cookie})
    assert back.location == "/report"
    session = back.header_list("Set-Cookie")[0].split(";")[0]
    assert session.startswith("__Host-")
    assert subject(browser.get("/report", headers=PROXIED | {"Cookie": session})) == "ada-1815"


@pytest.mark.parametrize(
    "host", ["a b", "app.test/x", "app.test:port", "user@app.test", "app.test,evil.example", "[::1", "a..b", "é.test"]
)
@pytest.mark.parametrize("path", ["/", "/oauth2/health", "/oauth2/ready", "/oauth2/login", "/about"])
def test_a_malformed_host_is_400(stage: StageFactory, host: str, path: str) -> None:
    here = stage(public_paths="/about", trusted_proxies=1)
    browser = here.browser()
    assert browser.get(path, headers={"Host": host}).status == 400
    assert here.app.calls == []
    if host != "app.test,evil.example":  # a list in X-Forwarded-Host is a chain of proxies, the last is ours
        assert browser.get(path, headers={"X-Forwarded-Host": host}).status == 400


def test_a_missing_host_is_the_sockets(stage: StageFactory) -> None:
    answer = stage().browser().get("/", bare=True, headers={"Accept": "text/html"})
    assert query(answer.target)["redirect_uri"] == CALLBACK


def test_plain_http_on_this_machine_works_without_secure_cookies(stage: StageFactory) -> None:
    browser = stage().browser(origin="http://127.0.0.1:8000")
    page = browser.navigate("/report")
    assert (page.url, subject(page)) == ("http://127.0.0.1:8000/report", "ada-1815")
    assert session_cookie(browser)
    assert browser.rejected_cookies == []


# Under one domain


def test_the_session_cookie_may_hold_for_a_whole_domain(stage: StageFactory) -> None:
    here = stage(auth_cookie_domain="example.test")
    browser = here.browser(origin="https://one.example.test")
    assert browser.navigate("/").status == 200
    cookie = browser.cookies.find(here.session_name)
    assert (cookie.domain, cookie.host_only, cookie.secure, cookie.http_only, cookie.same_site, cookie.path) == (
        "example.test", False, True, True, "lax", "/",
    )  # fmt: skip
    assert here.moved(browser, here.gate).fetch("/").status == 200
    sibling = here.browser(origin="https://two.example.test")
    sibling.cookies = browser.cookies.copy()
    assert subject(sibling.fetch("/")) == "ada-1815"
    browser.get("/oauth2/logout")
    assert session_names(browser) == []


def test_gates_on_two_hosts_of_a_domain_share_a_session(stage: StageFactory) -> None:
    here = stage(auth_cookie_domain="example.test", base_url="https://one.example.test")
    browser = here.browser(origin="https://one.example.test")
    assert browser.navigate("/").status == 200
    beside = here.another_gate(base_url="https://two.example.test", auth_cookie_domain=".Example.test")
    sibling = here.browser(beside, origin="https://two.example.test")
    sibling.cookies = browser.cookies
    assert subject(sibling.fetch("/")) == "ada-1815"
    assert sibling.get("/oauth2/logout").status == 200
    assert (session_names(browser), here.moved(browser, here.another_gate()).fetch("/").status) == ([], 401)


@pytest.mark.parametrize("scheme", ["https", "http"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("app.example.test", "example.test"),
        ("example.test", "app.example.test"),
        ("", "example.test"),
        ("example.test", ""),
    ],
)
def test_after_a_change_of_the_domain_people_sign_in_once(
    stage: StageFactory, scheme: str, before: str, after: str
) -> None:
    """Else the browser would send the cookie of before beside that of now, under one name; that counts as none."""
    here = stage()
    old, new, other = (
        here.another_gate(**({"auth_cookie_domain": domain} if domain else {})) for domain in (before, after, after)
    )
    browser = here.browser(old, origin=f"{scheme}://app.example.test")
    assert browser.navigate("/").status == 200
    moved = here.moved(browser, new)
    assert moved.fetch("/").status == 401
    assert moved.navigate("/").status == 200
    for _ in range(3):
        here.clock.advance(120)
        assert subject(moved.fetch("/")) == "ada-1815"
    moved.get("/oauth2/logout")
    assert (moved.fetch("/").status, here.moved(moved, other).fetch("/").status) == (401, 401)


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({}, "__Host-oidc_gate.default-kjh4vi"),
        ({"auth_cookie_domain": "example.com"}, "__Secure-oidc_gate.default-d77whz"),
    ],
)
def test_names_stay_as_they_are(more: dict[str, str], name: str) -> None:
    """With another name everybody would sign in again after an update."""
    client: dict[str, str] = {"client_id": "app", "client_secret": "a-client-secret", "cookie_secret": COOKIE_SECRET}
    settings = Settings(issuer_url="https://login.example.com", **(client | more))  # type: ignore[arg-type]
    assert build(settings, time.time).secure_cookies.session == name


def test_without_a_domain_the_cookie_is_this_hosts_alone(stage: StageFactory) -> None:
    here = stage()
    cookie = here.signed_in().cookies.find(here.session_name)
    assert cookie.name.startswith("__Host-")
    assert (cookie.host_only, cookie.secure, cookie.http_only, cookie.same_site, cookie.path) == (
        True, True, True, "lax", "/",
    )  # fmt: skip
    assert cookie.expires is not None


# Several gates


def test_a_gate_that_stands_behind_another_gates_identity_says_so(
    stage: StageFactory, provider: LocalProvider, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """It never sees a cookie of its own, and would send everybody to sign in for ever."""
    provider.add_client("inner")
    here = stage()
    inner = timed(world, here.app, here.clock, **provider.gate_options("inner", auth_id="inner", path_prefix="/inner"))
    outer = timed(world, inner, here.clock, **provider.gate_options(auth_id="outer"))
    browser = here.browser(outer)
    page = browser.navigate("/report")
    assert (page.status, "It stands behind two gates" in page.text) == (500, True)
    script = browser.fetch("/inner/userinfo")
    assert (script.status, script.json()["error"]) == (500, "gate_behind_gate")
    assert "another oidc_gate stands outside of this one" in caplog.text
    assert here.app.calls == []


@pytest.mark.parametrize("difference", ["auth_id", "client", "cookie_secret"])
def test_two_gates_on_one_host_leave_each_others_logins_and_sessions_alone(
    stage: StageFactory, provider: LocalProvider, world: World, difference: str
) -> None:
    """Browsers tell neither ports nor paths apart: all cookies of one host go to both."""
    provider.add_client("other")
    client = "other" if difference == "client" else "app"
    more = {"auth_id": {"auth_id": "b"}, "cookie_secret": {"cookie_secret": "another-secret-that-is-long-enough"}}
    here = stage()
    options = {"path_prefix": "/b", **more.get(difference, {})}
    other = timed(world, here.app, here.clock, **provider.gate_options(client, **options))
    mine = here.browser()
    beside = here.browser(other)
    beside.cookies = mine.cookies
    at_provider = mine.navigate("/report", until=CALLBACK)
    for number in range(10):  # the other app's logins take none of these slots
        beside.navigate(f"/{number}", until="https://app.test/b/callback")
    assert mine.follow(at_provider).url == "https://app.test/report"
    assert subject(beside.navigate("/")) == "ada-1815"
    assert subject(mine.fetch("/")) == subject(beside.fetch("/")) == "ada-1815"
    assert len(session_names(mine)) == 2
    beside.get("/b/logout")
    assert (subject(mine.fetch("/")), beside.fetch("/").status) == ("ada-1815", 401)


def test_gates_with_one_client_provider_and_secret_share_a_session(stage: StageFactory) -> None:
    here = stage()
    browser = here.signed_in()
    assert subject(here.moved(browser, here.another_gate(max_session_duration="2h")).fetch("/")) == "ada-1815"


def test_a_session_goes_on_under_the_name_of_a_new_secret(stage: StageFactory) -> None:
    here = stage(cookie_secret=["the-older-secret-that-is-long-enough"])
    browser = here.signed_in()
    secrets = ["the-newer-secret-that-is-long-enough", "the-older-secret-that-is-long-enough"]
    rotated = here.another_gate(cookie_secret=secrets)
    moved = here.moved(browser, rotated)
    for _ in range(3):
        assert subject(moved.fetch("/")) == "ada-1815"
    (name,) = session_names(moved)
    assert name == rotated._gate._components.secure_cookies.session != here.session_name
    assert subject(here.moved(moved, here.another_gate(cookie_secret=secrets[:1])).fetch("/")) == "ada-1815"


# Logging out at the provider too


def test_logout_ends_the_providers_session_and_comes_back(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(provider_logout=True)
    browser = here.signed_in()
    leaving = browser.get("/oauth2/logout")
    assert leaving.target.startswith(provider.url("end_session") + "?")
    asked = query(leaving.target)
    assert set(asked) == {"client_id", "id_token_hint", "post_logout_redirect_uri", "state"}
    assert asked["post_logout_redirect_uri"] == "https://app.test/oauth2/logout"
    page = browser.follow(leaving)
    assert (page.status, "signed out" in page.text) == (200, True)
    assert len(provider.ended) == 1
    assert browser.cookies.names() == ["op_session"] or browser.cookies.names() == []
    assert browser.fetch("/").status == 401


def test_the_way_back_from_the_provider_ends_at_next(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(provider_logout=True, public_paths="/bye")
    assert here.signed_in().navigate("/oauth2/logout?next=/bye").url == "https://app.test/bye"
    browser = here.signed_in()
    leaving = browser.post("/oauth2/logout", form={"next": "/bye"})
    assert leaving.status == 303
    assert browser.follow(leaving).url == "https://app.test/bye"


def test_a_way_back_that_was_not_begun_here_is_refused(stage: StageFactory) -> None:
    here = stage(provider_logout=True)
    browser = here.signed_in()
    for state in ("made-up", ""):
        page = browser.get(f"/oauth2/logout?state={state}", initiator="https://evil.example/")
        assert (page.status, "logout_state_mismatch" in page.text) == (400, True)
    assert browser.fetch("/").status == 200


@pytest.mark.parametrize("fault", ["no endpoint", "stopped"])
def test_logout_works_here_when_the_provider_offers_none(
    stage: StageFactory, provider: LocalProvider, fault: str
) -> None:
    if fault == "no endpoint":
        provider.change_discovery = lambda document: {k: v for k, v in document.items() if k != "end_session_endpoint"}
    here = stage(provider_logout=True)
    browser = here.signed_in()
    thief = browser.copy()
    if fault == "stopped":
        elsewhere = here.moved(browser, here.another_gate())
        provider.stop()
        page = elsewhere.get("/oauth2/logout")
        assert elsewhere.fetch("/").status == 401
    else:
        page = browser.get("/oauth2/logout")
        assert thief.fetch("/").status == 401
    assert (page.status, "signed out" in page.text) == (200, True)


def test_signing_out_does_not_lead_straight_back_in(stage: StageFactory, provider: LocalProvider) -> None:
    browser = stage().signed_in()
    page = browser.navigate("/oauth2/logout")
    assert (page.status, page.submits_itself, "http-equiv" in page.text) == (200, False, False)
    again = browser.get("/oauth2/login")
    assert is_login(again, provider)
    assert query(again.target)["prompt"] == "login"
