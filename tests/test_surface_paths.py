"""surface.md, 'Paths': the gate's own paths, each seen from a browser, in both worlds."""

from __future__ import annotations

import pytest

from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import is_login, query, session_cookie, subject

# Login


def test_login_forces_a_fresh_sign_in_and_ends_at_next(stage: StageFactory, provider: LocalProvider) -> None:
    browser = stage().browser()
    start = browser.get("/oauth2/login?next=/report%3Fyear%3D2026")
    assert is_login(start, provider)
    assert query(start.target)["prompt"] == "login"
    assert browser.follow(start).url == "https://app.test/report?year=2026"


def test_login_without_next_ends_at_the_root(stage: StageFactory) -> None:
    assert stage().browser().navigate("/oauth2/login").url == "https://app.test/"


def test_a_page_that_wants_a_login_forces_nothing(stage: StageFactory) -> None:
    assert "prompt" not in query(stage().browser().get("/report").target)


def test_the_authorization_request_is_a_code_request_with_pkce(stage: StageFactory) -> None:
    asked = query(stage(scopes="openid email").browser().get("/").target)
    fixed = ("response_type", "client_id", "redirect_uri", "scope", "code_challenge_method")
    assert [asked[name] for name in fixed] == [
        "code", "app", "https://app.test/oauth2/callback", "openid email", "S256",
    ]  # fmt: skip
    assert len(asked["state"]) >= 32
    assert len(asked["nonce"]) >= 32
    assert len(asked["code_challenge"]) == 43
    assert set(asked) == {*fixed, "state", "nonce", "code_challenge"}


def test_login_takes_ngroks_names(stage: StageFactory) -> None:
    browser = stage(auth_id="jc").browser()
    assert browser.navigate("/oauth2/login?auth_id=jc&redirect_path=/dashboard").url == "https://app.test/dashboard"


def test_login_at_another_providers_name_is_refused(stage: StageFactory) -> None:
    answer = stage(auth_id="jc").browser().get("/oauth2/login?auth_id=other", headers={"Accept": "application/json"})
    page = stage(auth_id="jc").browser().get("/oauth2/login?auth_id=other")
    assert (answer.status, page.status) == (400, 400)
    assert "auth_id_unknown" in page.text


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("next=/a&redirect_path=/b&target_link_uri=/c", "/a"),
        ("target_link_uri=/c&redirect_path=/b", "/b"),
        ("target_link_uri=https://app.test/c%3Fx%3D1", "/c?x=1"),
        ("target_link_uri=/c&next=https://evil.example/", "/"),
        ("next=&redirect_path=/b", "/"),
        ("next=//evil.example/a", "/"),
        ("next=/%5Cevil.example", "/"),
        ("next=https://app.test.evil.example/", "/"),
        ("next=https://app.test@evil.example/", "/"),
        ("next=http://app.test/a", "/"),
        ("next=javascript:alert(1)", "/"),
        ("next=/%09/evil.example", "/"),
        ("next=/a%0d%0aSet-Cookie:x=1", "/"),
    ],
)
def test_the_first_return_address_counts_and_never_leaves_the_origin(
    stage: StageFactory, asked: str, place: str
) -> None:
    assert stage().browser().navigate(f"/oauth2/login?{asked}").url == f"https://app.test{place}"


def test_a_login_that_another_party_starts_forces_nothing(stage: StageFactory, provider: LocalProvider) -> None:
    browser = stage().browser()
    start = browser.get(
        f"/oauth2/login?iss={provider.issuer}&login_hint=ada%40example.com&target_link_uri=https://app.test/tile",
        initiator="https://console.jumpcloud.example/",
    )
    assert "prompt" not in query(start.target)
    assert query(start.target)["login_hint"] == "ada@example.com"
    page = browser.follow(start)
    assert (page.url, subject(page)) == ("https://app.test/tile", "ada-1815")


def test_a_party_that_names_another_issuer_starts_nothing(stage: StageFactory) -> None:
    answer = stage().browser().get("/oauth2/login?iss=https://evil.example")
    assert (answer.status, "issuer_unknown" in answer.text) == (400, True)


def test_a_portal_tile_may_open_the_app_itself(stage: StageFactory) -> None:
    page = stage().browser().navigate("/", initiator="https://console.jumpcloud.example/")
    assert subject(page) == "ada-1815"


def test_a_login_can_be_posted(stage: StageFactory) -> None:
    browser = stage().browser()
    start = browser.post("/oauth2/login", form={"next": "/a"})
    assert start.status == 303
    assert browser.follow(start).url == "https://app.test/a"


# Callback


def test_a_callback_used_again_in_the_same_browser_ends_at_the_page(stage: StageFactory) -> None:
    browser = stage().browser()
    at_provider = browser.navigate("/report", until="https://app.test/oauth2/callback")
    assert browser.navigate(at_provider.target).url == "https://app.test/report"
    before = session_cookie(browser)
    again = browser.navigate(at_provider.target)
    assert (again.url, subject(again)) == ("https://app.test/report", "ada-1815")
    assert session_cookie(browser) == before


def test_a_callback_signs_nobody_in_in_another_browser(stage: StageFactory) -> None:
    here = stage()
    at_provider = here.browser().navigate("/report", until="https://app.test/oauth2/callback")
    other = here.browser()
    answer = other.get(at_provider.target, initiator="https://evil.example/")
    assert (answer.status, other.cookies.names()) == (400, [])
    assert "cookies_missing" in answer.text
    other.get("/report")
    assert "state_unknown" in other.get(at_provider.target).text
    assert here.app.calls == []


def test_a_strangers_callback_in_a_signed_in_browser_changes_nothing(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage()
    provider.user = provider.people["grace"]
    stolen = here.browser().navigate("/report", until="https://app.test/oauth2/callback").target
    provider.user = provider.people["ada"]
    ada = here.signed_in()
    assert subject(ada.navigate(stolen, initiator="https://evil.example/")) == "ada-1815"


def test_the_callback_may_be_posted(stage: StageFactory) -> None:
    browser = stage(response_mode="form_post").browser()
    page = browser.navigate("/report")
    assert [answer.sent.method for answer in browser.trail][-2:] == ["POST", "GET"]
    assert (page.url, subject(page)) == ("https://app.test/report", "ada-1815")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("", "state_missing"),
        ("code=abc", "state_missing"),
        ("state=abc", "code_missing"),
        ("state=abc&code=x&error=y", "code_missing"),
        ("state=abc&code=x&code=y", "parameter_repeated"),
        ("state=abc&state=abc&code=x", "parameter_repeated"),
        ("&".join(f"p{number}=1" for number in range(60)), "parameters_invalid"),
        ("state=%00%ff%22%3Cscript%3E&code=%3Cb%3E", "cookies_missing"),
    ],
)
def test_bad_input_to_the_callback_is_refused_in_page_and_json(stage: StageFactory, asked: str, code: str) -> None:
    browser = stage().browser()
    page = browser.get(f"/oauth2/callback?{asked}")
    assert (page.status, page.header("Content-Type")) == (400, "text/html; charset=utf-8")
    assert code in page.text
    assert "<script" not in page.text
    told = browser.fetch(f"/oauth2/callback?{asked}", headers={"Accept": "application/json"})
    assert (told.status, told.json()["error"]) == (400, code)
    assert len(told.json()["reference"]) >= 8


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"state=a&code=b", ""),
        (b"state=a&code=b", "text/plain"),
        (b'{"state":"a","code":"b"}', "application/json"),
        (b"state=a&code=" + b"x" * 70_000, "application/x-www-form-urlencoded"),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded; charset=utf-16"),
    ],
)
def test_a_posted_callback_that_is_no_form_is_refused(stage: StageFactory, body: bytes, kind: str) -> None:
    here = stage()
    answer = here.browser().post("/oauth2/callback", body=body, content_type=kind)
    assert answer.status == 400
    assert here.app.calls == []
