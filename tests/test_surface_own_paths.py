"""surface.md, 'Paths': logout, userinfo, health and what is not there; the prefix and the mount point."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import HTML, is_login, query, subject

# Logout


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_logout_ends_the_session_and_leads_nowhere(stage: StageFactory, provider: LocalProvider, method: str) -> None:
    here = stage()
    browser = here.signed_in()
    thief = browser.copy()
    form: dict[str, Any] = {"form": {}} if method == "POST" else {}
    page = browser.request(method, "/oauth2/logout", initiator="https://app.test/", **form)
    assert (page.status, "signed out" in page.text) == (200, True)
    assert browser.cookies.names() == []
    assert thief.fetch("/").status == 401
    assert is_login(browser.get("/"), provider)
    assert provider.calls("end_session") == []


@pytest.mark.parametrize("name", ["next", "redirect_path"])
def test_logout_may_lead_on(stage: StageFactory, name: str) -> None:
    here = stage(public_paths="/bye")
    browser = here.signed_in()
    page = browser.navigate(f"/oauth2/logout?{name}=/bye")
    assert (page.url, subject(page)) == ("https://app.test/bye", None)


def test_logout_that_leads_to_a_protected_page_means_signing_in_again(stage: StageFactory) -> None:
    page = stage().signed_in().navigate("/oauth2/logout?next=/report")
    assert (page.url, subject(page)) == ("https://app.test/report", "ada-1815")


def test_logout_never_leads_to_another_site(stage: StageFactory) -> None:
    assert stage().signed_in().get("/oauth2/logout?next=https://evil.example/").target == "https://app.test/"


def test_logout_without_a_session_is_no_error(stage: StageFactory) -> None:
    assert stage().browser().get("/oauth2/logout").status == 200
    assert stage(auth_id="jc").browser().get("/oauth2/logout?auth_id=other").status == 400


def test_logout_gives_up_logins_under_way(stage: StageFactory) -> None:
    here = stage()
    browser = here.browser()
    at_provider = browser.navigate("/report", until="https://app.test/oauth2/callback")
    browser.get("/oauth2/logout")
    assert browser.cookies.names() == []
    assert browser.get(at_provider.target).status == 400


# Userinfo, health, logout from the provider, and what is not there


def test_userinfo_tells_a_script_who_is_signed_in_and_no_token(stage: StageFactory) -> None:
    here = stage(provider_logout=True, userinfo_refresh_interval="1h")
    assert here.browser().fetch("/oauth2/userinfo").json()["error"] == "login_required"
    assert here.browser().get("/oauth2/userinfo").status == 401
    ada = here.signed_in()
    calls = len(here.app.calls)
    answer = ada.fetch("/oauth2/userinfo")
    assert (answer.status, answer.header("Content-Type"), answer.header("Cache-Control")) == (
        200, "application/json", "no-store",
    )  # fmt: skip
    told = answer.json()
    assert (told["subject"], told["email"], told["name"]) == ("ada-1815", "ada@example.com", "Ada Lovelace")
    assert told["groups"] == ["engineers", "admins"]
    assert told["expires_at"] == here.clock() + 12 * 3600
    assert not any(word in json.dumps(told) for word in ("token", "nonce", "at_hash", "session_id"))
    assert len(here.app.calls) == calls


def test_userinfo_refuses_whom_the_rules_refuse(stage: StageFactory) -> None:
    browser = stage(allow_groups="owners").browser()
    browser.navigate("/")
    assert browser.fetch("/oauth2/userinfo").json()["error"] == "not_allowed"


def test_userinfo_knows_a_session_without_end(stage: StageFactory) -> None:
    assert stage(max_session_duration=0).signed_in().fetch("/oauth2/userinfo").json()["expires_at"] is None


def test_health_needs_neither_login_nor_provider(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage()
    provider.stop()
    answer = here.browser().get("/oauth2/health", bare=True, headers={"Host": "app.test"})
    assert (answer.status, answer.json()) == (200, {"status": "ok"})
    assert here.browser().request("HEAD", "/oauth2/health").body == b""
    assert (provider.requests, here.app.calls) == ([], [])


def test_ready_needs_no_login_and_tells_of_the_provider_without_asking_it(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage()
    browser = here.browser()
    unknown = browser.get("/oauth2/ready", bare=True, headers={"Host": "app.test"})
    assert (unknown.status, unknown.json()) == (200, {"status": "ok", "store": "none", "provider": "unknown"})
    assert browser.request("HEAD", "/oauth2/ready").body == b""
    assert (provider.requests, here.app.calls) == ([], [])
    browser.navigate("/", until="https://app.test/oauth2/callback")
    provider.stop()
    known = browser.get("/oauth2/ready")
    assert (known.status, known.json()["provider"], known.header("Cache-Control")) == (200, "known", "no-store")


def test_logout_from_the_provider_needs_a_store(stage: StageFactory, provider: LocalProvider) -> None:
    browser = stage().browser()
    token = provider.make_logout_token(sub="ada-1815")
    assert browser.post("/oauth2/backchannel-logout", form={"logout_token": token}).status == 501
    assert browser.get(f"/oauth2/frontchannel-logout?iss={provider.issuer}&sid=1").status == 501


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "login", "GET, HEAD, POST"),
        ("PUT", "callback", "GET, POST"),
        ("POST", "userinfo", "GET, HEAD"),
        ("POST", "health", "GET, HEAD"),
        ("POST", "health?challenge=abc", "GET, HEAD"),
        ("DELETE", "ready", "GET, HEAD"),
        ("GET", "backchannel-logout", "POST"),
        ("OPTIONS", "logout", "GET, POST"),
    ],
)
def test_another_method_is_told_which_there_are(stage: StageFactory, method: str, path: str, allowed: str) -> None:
    here = stage()
    answer = here.signed_in().request(method, f"/oauth2/{path}", navigate=False)
    assert (answer.status, answer.header("Allow")) == (405, allowed)


@pytest.mark.parametrize("path", ["/oauth2/", "/oauth2/other", "/oauth2/login/", "/oauth2/../x", "/oauth2//login"])
def test_the_app_never_sees_anything_below_the_prefix(stage: StageFactory, path: str) -> None:
    here = stage()
    browser = here.signed_in()
    before = len(here.app.calls)
    assert browser.get(path).status == 404
    assert len(here.app.calls) == before


def test_a_path_that_only_begins_like_the_prefix_is_the_apps(stage: StageFactory) -> None:
    browser = stage().signed_in()
    assert [browser.get(path).json()["path"] for path in ("/oauth2", "/oauth2x/login")] == ["/oauth2", "/oauth2x/login"]


def test_the_prefix_moves_all_paths(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(path_prefix="/ngrok/gate/")
    browser = here.browser()
    start = browser.get("/ngrok/gate/login?next=/a")
    assert query(start.target)["redirect_uri"] == "https://app.test/ngrok/gate/callback"
    assert browser.follow(start).url == "https://app.test/a"
    assert browser.get("/oauth2/login").json()["path"] == "/oauth2/login"
    assert browser.fetch("/ngrok/gate/userinfo").status == 200
    assert "/ngrok/gate/login" in browser.get("/ngrok/gate/logout").text
    assert browser.fetch("/").json()["login_url"] == "/ngrok/gate/login"


def test_a_mounted_app_keeps_its_mount_point_everywhere(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage()
    browser = here.browser(root_path="/shop")
    start = browser.get("/shop/cart?item=1")
    assert query(start.target)["redirect_uri"] == "https://app.test/shop/oauth2/callback"
    page = browser.follow(start)
    assert (page.url, page.json()["path"], page.json()["root_path"]) == (
        "https://app.test/shop/cart?item=1",
        "/cart",
        "/shop",
    )
    assert browser.navigate("/shop/oauth2/login").url == "https://app.test/shop/"
    assert 'href="/shop/oauth2/login"' in browser.get("/shop/oauth2/logout").text
    assert browser.fetch("/shop/x").json()["login_url"] == "/shop/oauth2/login"


def test_a_page_of_the_gate_is_kept_by_no_cache_and_framed_by_nobody(stage: StageFactory) -> None:
    page = stage().browser().get("/oauth2/logout", headers=HTML)
    assert page.header("Cache-Control") == "no-store"
    assert page.header("X-Content-Type-Options") == "nosniff"
    assert page.header("X-Frame-Options") == "DENY"
    assert page.header("Referrer-Policy") == "same-origin"
    assert "default-src 'none'" in page.header("Content-Security-Policy")
    assert "frame-ancestors 'none'" in page.header("Content-Security-Policy")
