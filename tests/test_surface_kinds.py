"""surface.md, 'What an unauthenticated request gets', with what Chromium, HTMX, Turbo and gRPC-web really send."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from oidc_gate.browser.request_kinds import Kind
from tests.answers import Answer
from tests.chromium_requests import SENT
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import Stage, is_login, query, subject

#: Over plain http to another host than localhost browsers send no Sec-Fetch headers.
PLAIN_FORM = {"Accept": "text/html,*/*;q=0.8", "Content-Type": "application/x-www-form-urlencoded"}
HTMX = {"HX-Request": "true", "Accept": "*/*", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
TURBO = {"Accept": "text/html, application/xhtml+xml", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
GRPC = {"Content-Type": "application/grpc-web+proto", "Accept": "*/*", "Sec-Fetch-Mode": "cors"}


def ask(here: Stage, method: str, path: str, headers: dict[str, str], **options: Any) -> Answer:
    return here.browser().request(method, path, headers=list(headers.items()), bare=True, **options)


def begins_none(answer: Answer) -> bool:
    return answer.status not in (302, 303) and answer.header_list("Set-Cookie") == []


@pytest.mark.parametrize(("kind", "method", "headers"), [each[1:] for each in SENT], ids=[each[0] for each in SENT])
@pytest.mark.parametrize("path", ["/page", "/oauth2/login?next=/page"])
def test_what_chromium_sends_is_answered_by_its_kind(
    stage: StageFactory, provider: LocalProvider, kind: str, method: str, headers: dict[str, str], path: str
) -> None:
    here = stage()
    answer = ask(here, method, path, {"Host": "app.test"} | headers)
    if kind == "PAGE" or (kind == "FORM" and "login" in path):
        assert is_login(answer, provider)
        return
    assert answer.status == 401
    assert begins_none(answer)
    assert answer.header("WWW-Authenticate")
    is_page = Kind[kind] in (Kind.FORM, Kind.FRAME)
    assert answer.header("Content-Type") == ("text/html; charset=utf-8" if is_page else "application/json")
    if kind == "FRAME":
        assert re.search(r'<a class="act" href="/[^"]*" target="_blank" rel="noopener">', answer.text)
    elif not is_page:
        assert answer.json() == {"error": "login_required", "login_url": "/oauth2/login"}
    assert here.app.calls == []


def test_the_link_of_a_frame_leads_to_the_page_it_would_have_shown(stage: StageFactory) -> None:
    here = stage()
    frame = {"Host": "app.test", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
    framed = ask(here, "GET", "/chart%2F7?a=b&c=d", frame)
    assert 'href="/chart%2F7?a=b&amp;c=d"' in framed.text


def test_a_late_form_over_plain_http_gets_a_page(stage: StageFactory) -> None:
    here = stage(base_url="http://intranet:8000", insecure_http_issuer=True)
    headers = {"Host": "intranet:8000", "Referer": "http://intranet:8000/orders/new"}
    answer = ask(here, "POST", "/orders", headers | PLAIN_FORM, body=b"a=b")
    assert (answer.status, answer.header("Content-Type")) == (401, "text/html; charset=utf-8")
    assert 'href="/oauth2/login?next=/orders/new"' in answer.text
    program = ask(here, "POST", "/orders", headers | PLAIN_FORM | {"X-Requested-With": "XMLHttpRequest"}, body=b"a=b")
    assert program.header("Content-Type") == "application/json"


@pytest.mark.parametrize("path", ["/part", "/oauth2/login"])
@pytest.mark.parametrize(
    ("current", "page"),
    [
        ("https://app.test/list?page=2&q=a b", "/list?page=2&q=a%20b"),
        ("https://app.test/", "/"),
        ("https://evil.example/list", "/"),
        ("//evil.example/list", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_htmx_is_sent_to_the_login_and_comes_back_to_the_page_it_is_on(
    stage: StageFactory, current: str, page: str, path: str
) -> None:
    here = stage()
    current = current.replace(" ", "%20")
    answer = ask(here, "GET", path, {"Host": "app.test", "HX-Current-URL": current} | HTMX)
    assert (answer.status, begins_none(answer)) == (401, True)
    target = urlsplit(answer.header("HX-Redirect") or "")
    assert (target.scheme, target.netloc, target.path) == ("", "", "/oauth2/login")
    assert parse_qs(target.query) == {"next": [page]}


def test_the_page_that_htmx_was_on_comes_back_after_the_login(stage: StageFactory) -> None:
    here = stage()
    current = {"HX-Current-URL": "https://app.test/list?page=2"}
    answer = ask(here, "GET", "/part", {"Host": "app.test"} | current | HTMX)
    page = here.browser().navigate(answer.header("HX-Redirect") or "")
    assert (page.url, subject(page)) == ("https://app.test/list?page=2", "ada-1815")


@pytest.mark.parametrize("told", [{"Turbo-Frame": "list"}, {"X-Turbo-Request-Id": "4fc2"}])
def test_turbo_is_told_to_load_the_page_anew(stage: StageFactory, told: dict[str, str]) -> None:
    answer = ask(stage(), "GET", "/list?page=2", {"Host": "app.test"} | TURBO | told)
    assert (answer.status, begins_none(answer)) == (401, True)
    assert '<meta name="turbo-visit-control" content="reload">' in answer.text
    assert 'href="/list?page=2"' in answer.text


def test_grpc_web_gets_its_own_statuses(stage: StageFactory) -> None:
    here = stage(allow_groups=["nobody-has-it"])
    headers = {"Host": "app.test"} | GRPC
    answer = ask(here, "POST", "/shop.Orders/List", headers, body=b"\0\0\0\0\0")
    assert (answer.status, answer.header("grpc-status"), answer.body) == (200, "16", b"")
    assert answer.header("Content-Type") == "application/grpc-web+proto"
    browser = here.browser()
    assert browser.navigate("/").status == 403
    refused = browser.request("POST", "/shop.Orders/List", headers=headers, body=b"\0\0\0\0\0")
    assert (refused.status, refused.header("grpc-status"), refused.body) == (200, "7", b"")
    odd = ask(here, "POST", "/x", headers | {"Content-Type": "application/grpc-web+evil; charset=x"}, body=b"")
    assert odd.header("Content-Type") == "application/grpc-web+proto"


# A stranger's pictures (issue 10, A.1 and A.2)


def test_pictures_of_the_login_set_no_cookies_however_many(stage: StageFactory) -> None:
    here = stage()
    picture = next(headers for name, _, _, headers in SENT if name == "image")
    for number in range(100):
        answer = ask(here, "GET", f"/oauth2/login?next=/{number}{'a' * 1900}", {"Host": "app.test"} | picture)
        assert (answer.status, begins_none(answer)) == (401, True)


@pytest.mark.parametrize("mode", ["query", "form_post"])
@pytest.mark.parametrize("length", [10, 300, 1900])
def test_twenty_tabs_restored_at_once_leave_little_and_the_newest_signs_in(
    stage: StageFactory, mode: str, length: int
) -> None:
    here = stage(response_mode=mode)
    browser = here.browser()
    before = browser.cookies.copy()
    tabs = []
    for number in range(20):
        alone = here.browser()
        alone.cookies = before.copy()  # all are sent before the first answer is back
        tabs.append(alone.get(f"/{number}?{'q' * length}", headers={"Accept": "text/html"}))
        for value in tabs[-1].header_list("Set-Cookie"):
            browser.cookies.receive("https://app.test/", value)
    assert len(browser.cookies.header_for("https://app.test/")) < 4096
    page = browser.follow(tabs[-1])
    assert (page.url, subject(page)) == (f"https://app.test/19?{'q' * length}", "ada-1815")
    for number, tab in enumerate(tabs[:-1]):  # the others come back to a browser that is signed in
        other = browser.follow(tab)
        if other.status == 400:  # a form that the provider's page posts comes without the session's cookie
            assert mode == "form_post"
            (link,) = re.findall(r'<a class="act" href="([^"]*)"', other.text)
            other = browser.navigate(link)
        assert subject(other) == "ada-1815"
        assert other.url == f"https://app.test/{number}?{'q' * length}"


def test_a_login_cookie_is_gone_when_login_timeout_is_over(stage: StageFactory) -> None:
    here = stage(login_timeout="5m")
    browser = here.browser()
    browser.navigate("/", until="https://app.test/oauth2/callback")
    (cookie,) = browser.cookies.names()
    assert browser.cookies.find(cookie).expires == here.clock.now + 300


# Back to where they were (issue 10, D)


@pytest.mark.parametrize(
    "path",
    [
        *("/projects/group%2Fproject/-/x", "/a%3Bb", "/a%2Bb+c", "/caf%E9", "/caf%C3%A9", "/a%20b"),
        *("/x?next=%2Fa%26b", "/x?a=1&a=2#", "/a%25b", "/a'b(c)", "/a~b_c-d.e", "/%7Ea"),
    ],
)
def test_the_page_asked_for_comes_back_byte_for_byte(stage: StageFactory, path: str) -> None:
    browser = stage().browser()
    wanted = path.removesuffix("#")
    at_provider = browser.get(path, headers={"Accept": "text/html"})
    callback = browser.follow(at_provider, until="https://app.test/oauth2/callback")
    assert browser.get(callback.target).target == f"https://app.test{wanted}"


@pytest.mark.parametrize(("description", "starts_again"), [("authentication_expired", True), ("try later", False)])
def test_keycloaks_other_tabs_start_again_once(
    stage: StageFactory, provider: LocalProvider, description: str, starts_again: bool
) -> None:
    browser = stage().browser()
    with provider.fault("callback_error", error="temporarily_unavailable", error_description=description):
        callback = browser.navigate("/report", until="https://app.test/oauth2/callback")
        first = browser.get(callback.target)
        assert is_login(first, provider) is starts_again
        if starts_again:
            page = browser.follow(first)
            assert (page.status, "login_expired" in page.text, 'href="/report"' in page.text) == (400, True, True)


@pytest.mark.parametrize("error", ["login request denied", "consent request denied"])
def test_hydras_own_words_for_a_refusal_are_understood(
    stage: StageFactory, provider: LocalProvider, error: str
) -> None:
    with provider.fault("callback_error", error=error, error_description="nope"):
        page = stage().browser().navigate("/report")
    assert (page.status, "Error access_denied" in page.text) == (400, True)
    assert "has not been assigned to you" in page.text


@pytest.mark.parametrize(
    ("supported", "prompt"),
    [
        (None, ["login"]),
        (["none", "login", "consent"], ["login"]),
        (["none", "consent", "select_account"], ["select_account"]),
        (["none", "consent"], None),
    ],
)
def test_only_a_prompt_that_the_provider_knows_is_sent(
    stage: StageFactory, provider: LocalProvider, supported: list[str] | None, prompt: list[str] | None
) -> None:
    with provider.fault("discovery_lists_prompts", prompt_values_supported=... if supported is None else supported):
        away = stage().browser().get("/oauth2/login")
    assert parse_qs(urlsplit(away.target).query).get("prompt") == prompt


def test_google_lists_no_prompts_and_knows_no_login(stage: StageFactory, provider: LocalProvider) -> None:
    google = {"authorization_endpoint": "https://accounts.google.com/o/oauth2/v2/auth"}
    provider.change_discovery = lambda document: document | google
    away = stage().browser().get("/oauth2/login")
    assert away.target.startswith(google["authorization_endpoint"])
    assert query(away.target)["prompt"] == "select_account"


@pytest.mark.parametrize(("seconds", "passes"), [(0, True), (50, True), (120, False)])
def test_whoever_was_to_authenticate_anew_and_did_not_is_told_so(
    stage: StageFactory, provider: LocalProvider, seconds: float, passes: bool
) -> None:
    """Whoever has the browser can take `prompt=login` out of the address."""
    here = stage()
    browser = here.browser()
    with provider.fault("other_auth_time", auth_time=here.clock.now - seconds):
        page = browser.navigate("/oauth2/login?next=/report")
    assert (page.status, "reauthentication_missing" in page.text) == ((200, False) if passes else (400, True))
    with provider.fault("other_auth_time"):
        page = browser.navigate("/oauth2/login?next=/report")
    assert page.status == 200, "where the provider does not say, it passes"


def test_an_ordinary_login_may_be_of_long_ago(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage()
    with provider.fault("other_auth_time", auth_time=here.clock.now - 9000):
        assert query(here.browser().get("/", headers={"Accept": "text/html"}).target).get("prompt") is None
        assert subject(here.browser().navigate("/")) == "ada-1815"
