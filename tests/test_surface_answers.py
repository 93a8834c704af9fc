"""surface.md, 'What an unauthenticated request gets', and who may pass: public paths, preflights, rules, headers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser import World
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import HTML, is_login, subject

NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "none"}
SCRIPT = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"}
PREFLIGHT = {"Origin": "https://other.example", "Access-Control-Request-Method": "PUT"}


def request(here: Any, method: str, headers: dict[str, str], path: str = "/page") -> Any:
    return here.browser().request(method, path, bare=True, headers={"Host": "app.test"} | headers)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("headers", [NAVIGATION, HTML, {"Accept": "application/xml,text/html;q=0.9"}])
def test_a_browser_that_navigates_is_sent_to_the_provider(
    stage: StageFactory, provider: LocalProvider, method: str, headers: dict[str, str]
) -> None:
    here = stage()
    answer = request(here, method, headers)
    assert (answer.status, is_login(answer, provider)) == (302, True)
    assert answer.header("Cache-Control") == "no-store"
    assert here.app.calls == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_browser_that_sends_a_form_is_told_that_its_session_has_ended(stage: StageFactory, method: str) -> None:
    here = stage()
    headers = NAVIGATION | {"Content-Type": "application/x-www-form-urlencoded"}
    page = request(here, method, headers | {"Referer": "https://app.test/orders/new?copy=7"})
    assert (page.status, page.header("Content-Type")) == (401, "text/html; charset=utf-8")
    assert 'href="/oauth2/login?next=/orders/new%3Fcopy%3D7"' in page.text, "back to the page that the form was on"
    for elsewhere in ({}, {"Referer": "https://evil.example/"}, {"Referer": "https://app.test.evil.example/x"}):
        assert 'href="/oauth2/login?next=/"' in request(here, method, headers | elsewhere).text
    assert page.header("WWW-Authenticate")
    assert here.app.calls == []


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", SCRIPT),
        ("GET", SCRIPT | HTML),
        ("GET", {}),
        ("GET", {"Accept": "*/*"}),
        ("GET", {"Accept": "application/json"}),
        ("GET", HTML | {"X-Requested-With": "XMLHttpRequest"}),
        ("GET", {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image", "Accept": "image/*,*/*"}),
        ("GET", {"Sec-Fetch-Dest": "empty"} | HTML),
        ("GET", NAVIGATION | {"Sec-Purpose": "prefetch"}),
        ("HEAD", {}),
        ("POST", SCRIPT),
        ("POST", HTML),
        ("PUT", {}),
        ("OPTIONS", PREFLIGHT),
        ("GET", {"Sec-Fetch-Mode": "websocket", "Upgrade": "websocket", "Connection": "Upgrade"}),
    ],
)
def test_anything_else_gets_401_and_json(stage: StageFactory, method: str, headers: dict[str, str]) -> None:
    here = stage()
    answer = request(here, method, headers)
    assert (answer.status, answer.header("Content-Type")) == (401, "application/json")
    assert answer.header("WWW-Authenticate").startswith("OIDC ")
    assert answer.header("Set-Cookie") == ""
    if method != "HEAD":
        assert answer.json() == {"error": "login_required", "login_url": "/oauth2/login"}
    assert here.app.calls == []


@pytest.mark.parametrize("http_denial", [True, False])
def test_a_websocket_is_refused_before_it_is_accepted(stage: StageFactory, world: World, http_denial: bool) -> None:
    here = stage()
    if world == "wsgi":  # there it is a GET with an Upgrade header, for the servers that know such a thing
        assert request(here, "GET", {"Upgrade": "websocket", "Connection": "Upgrade"}).status == 401
        return
    talk = here.browser(http_denial=http_denial).websocket("/ws")
    assert not talk.accepted
    assert here.app.calls == []
    if http_denial:
        assert talk.denial is not None
        assert (talk.denial.status, talk.close_code) == (401, None)
    else:
        assert talk.close_code == 1008


def test_the_page_that_was_asked_for_comes_back_with_its_query(stage: StageFactory) -> None:
    page = stage().browser().navigate("/caf%C3%A9/a%20b?q=%C3%A9&r=a+b&s=%2F")
    assert page.url == "https://app.test/caf%C3%A9/a%20b?q=%C3%A9&r=a+b&s=%2F"
    assert page.json()["path"] == "/café/a b"


# Signed in, not allowed


@pytest.mark.parametrize(
    ("rules", "passes"),
    [
        ({"allow_emails": "ADA@example.com"}, True),
        ({"allow_emails": ["grace@example.org"]}, False),
        ({"allow_domains": "Example.com"}, True),
        ({"allow_domains": "ample.com, example.org"}, False),
        ({"allow_groups": "admins"}, True),
        ({"allow_groups": ["admin", "Admins", "engineer"]}, False),
        ({"allow_emails": "nobody@x.example", "allow_groups": "engineers"}, True),
        ({"allow_groups": "admins", "groups_claim": "missing"}, False),
    ],
)
def test_one_match_in_any_list_lets_someone_pass(stage: StageFactory, rules: dict[str, Any], passes: bool) -> None:
    here = stage(**rules)
    browser = here.browser()
    page = browser.navigate("/private")
    assert page.status == (200 if passes else 403)
    assert browser.fetch("/private").status == page.status
    assert bool(here.app.calls) is passes


def test_someone_not_allowed_reads_why_and_may_sign_in_as_somebody_else(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(allow_emails="grace@example.org", public_paths="/about")
    browser = here.browser()
    page = browser.navigate("/private")
    assert (page.status, "ada@example.com" in page.text, "not_allowed" in page.text) == (403, True, True)
    told = browser.fetch("/private", headers={"Accept": "application/json"})
    assert (told.status, told.json()["error"]) == (403, "not_allowed")
    assert here.app.calls == []
    assert subject(browser.get("/about")) == "ada-1815"
    provider.user = provider.people["grace"]
    link = re.search(r'href="([^"]+)"', page.text)
    assert link is not None
    assert subject(browser.navigate(link[1])) == "grace-1906"


def test_a_name_with_markup_in_it_is_shown_as_text(stage: StageFactory, provider: LocalProvider) -> None:
    provider.people["ada"] |= {"email": "<script>alert(1)</script>@x.example"}
    page = stage(allow_groups="owners").browser().navigate("/")
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text


def test_nested_groups_are_found(stage: StageFactory, provider: LocalProvider) -> None:
    provider.people["ada"] |= {"realm_access": {"roles": ["staff"]}}
    here = stage(groups_claim="realm_access.roles", allow_groups="staff")
    assert here.signed_in().fetch("/").json()["identity"]["groups"] == ["staff"]


# Public paths and preflights


@pytest.mark.parametrize(
    ("path", "is_public"),
    [
        ("/static", True),
        ("/static/", True),
        ("/static/a/b.css?x=1", True),
        ("/about", True),
        ("/about/us", True),
        ("/staticx", False),
        ("/Static/a", False),
        ("/static/../private", False),
        ("/static/%2e%2e/private", False),
        ("/static//a", False),
        ("/static/..;/private", False),
        ("/static/%2Fprivate", False),
        ("/static/%5cprivate", False),
        ("/static/a%00", False),
        ("/static/%252e%252e/private", False),
        ("/private?x=/static", False),
        ("/private/static", False),
        ("//static/a", False),
        ("/%73tatic/a", True),
    ],
)
def test_a_public_path_covers_itself_and_what_lies_below(stage: StageFactory, path: str, is_public: bool) -> None:
    here = stage(public_paths="/static/, /about")
    answer = here.browser().fetch(path)
    assert answer.status == (200 if is_public else 401)
    assert bool(here.app.calls) is is_public


def test_a_public_path_sees_nobody_without_a_session_and_the_person_with_one(stage: StageFactory) -> None:
    here = stage(public_paths="/about")
    assert subject(here.browser().get("/about")) is None
    assert subject(here.signed_in().get("/about")) == "ada-1815"


def test_the_root_path_is_no_part_of_a_public_path(stage: StageFactory) -> None:
    here = stage(public_paths="/about")
    assert here.browser(root_path="/shop").fetch("/shop/about").status == 200
    assert here.browser(root_path="/about").fetch("/about/x").status == 401


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("OPTIONS", PREFLIGHT, 200),
        ("OPTIONS", {"Origin": "https://other.example"}, 401),
        ("OPTIONS", {"Access-Control-Request-Method": "PUT"}, 401),
        ("GET", PREFLIGHT, 401),
        ("POST", PREFLIGHT | {"X-HTTP-Method-Override": "OPTIONS"}, 401),
        ("OPTIONS", PREFLIGHT | {"X-HTTP-Method-Override": "DELETE"}, 401),
        ("OPTIONS", PREFLIGHT | {"x_http_method_override": "DELETE"}, 401),
        ("OPTIONS", PREFLIGHT | {"X-HTTP-Method": "DELETE"}, 401),
        ("OPTIONS", PREFLIGHT | {"X-Method-Override": "DELETE"}, 401),
        ("OPTIONS", PREFLIGHT | {"x.method.override": ""}, 401),
        ("OPTIONS", PREFLIGHT | {"Content-Length": "3"}, 401),
        ("OPTIONS", PREFLIGHT | {"Content-Length": "00"}, 401),
        ("OPTIONS", PREFLIGHT | {"Content-Length": "0"}, 200),
        ("OPTIONS", PREFLIGHT | {"Transfer-Encoding": "chunked"}, 401),
    ],
)
def test_only_true_preflights_pass_where_they_are_allowed(
    stage: StageFactory, method: str, headers: dict[str, str], status: int
) -> None:
    here = stage(allow_cors_preflight=True, identity_headers="x-forwarded")
    answer = request(here, method, headers | {"X-Forwarded-User": "root"})
    assert answer.status == status
    if status == 200:
        assert (answer.json()["identity"], "x-forwarded-user" in answer.json()["headers"]) == (None, False)


def test_a_preflight_brings_no_body_though_none_was_announced(stage: StageFactory) -> None:
    """HTTP/2 can send one without a length; a page that is public gets it all the same."""
    here = stage(allow_cors_preflight=True, public_paths="/public")
    for path, length in (("/private", 0), ("/public", 7 if here.world == "asgi" else 0)):
        seen = here.browser().request(
            "OPTIONS", path, headers=[*PREFLIGHT.items(), ("Host", "app.test")], body=b"drop it", bare=True
        )
        assert (seen.status, seen.json()["body_length"]) == (200, length)


def test_an_app_that_reads_on_finds_nothing_after_a_preflight(stage: StageFactory, world: World) -> None:
    read: list[Any] = []

    def wsgi_app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        read.append(environ["wsgi.input"].read())
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b""]

    async def asgi_app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        read.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
        read.append((await receive())["type"])

    here = stage(allow_cors_preflight=True, app=wsgi_app if world == "wsgi" else asgi_app)
    request = here.browser().request
    answer = request("OPTIONS", "/", headers=[*PREFLIGHT.items(), ("Host", "app.test")], body=b"drop it", bare=True)
    assert (answer.status, read) == (200, [b""] if world == "wsgi" else [b"", "http.disconnect"])
