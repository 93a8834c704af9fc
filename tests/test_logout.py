"""Logout, in both worlds: who signs somebody out, what goes to the provider, and what is left in the browser."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import RSAKey

from oidc_gate.sessions import memory
from oidc_gate.sessions.memory import EndedSessions
from tests.browser import Browser
from tests.conftest import StageFactory
from tests.providers import keys
from tests.providers.local import LocalProvider
from tests.stage import query, session_cookie, subject

OWN = "https://app.test/page"
#: What browsers send of a request that a page makes by itself (Fetch Metadata): site, mode, destination.
PARTS_OF_PAGES = [
    ("same-origin", "no-cors", "image"),
    ("same-site", "no-cors", "image"),
    ("cross-site", "no-cors", "image"),
    ("same-origin", "no-cors", "script"),
    ("same-origin", "no-cors", "style"),
    ("same-origin", "cors", "empty"),
    ("same-origin", "same-origin", "empty"),
    ("same-origin", "cors", "font"),
    ("same-origin", "no-cors", "empty"),  # a beacon, a ping, a prefetch
]
FRAMES = ["iframe", "frame", "embed", "object"]


def fetch_metadata(site: str, mode: str, destination: str) -> dict[str, str]:
    return {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode, "Sec-Fetch-Dest": destination}


# Who signs somebody out


@pytest.mark.parametrize("metadata", PARTS_OF_PAGES, ids="-".join)
def test_what_a_page_asks_for_by_itself_signs_nobody_out(stage: StageFactory, metadata: tuple[str, str, str]) -> None:
    here = stage()
    browser = here.signed_in()
    answer = browser.get("/oauth2/logout", headers=fetch_metadata(*metadata), initiator=OWN)
    assert (answer.status, answer.header("Allow"), answer.json()) == (405, "POST", {"error": "method_not_allowed"})
    assert answer.header_list("Set-Cookie") == []
    assert browser.fetch("/").status == 200
    assert here.moved(browser, here.another_gate()).fetch("/").status == 200


@pytest.mark.parametrize("destination", FRAMES)
def test_a_frame_signs_nobody_out(stage: StageFactory, destination: str) -> None:
    browser = stage().signed_in()
    answer = browser.get(
        "/oauth2/logout", headers=fetch_metadata("same-origin", "navigate", destination), initiator=OWN
    )
    assert (answer.status, "Nothing has happened yet" in answer.text) == (200, True)
    assert (answer.header_list("Set-Cookie"), answer.header("X-Frame-Options")) == ([], "DENY")
    assert browser.fetch("/").status == 200


def test_a_page_that_is_fetched_ahead_signs_nobody_out_and_asks_when_it_is_looked_at(stage: StageFactory) -> None:
    browser = stage().signed_in()
    page = browser.get("/oauth2/logout", headers={"Sec-Purpose": "prefetch;prerender"}, initiator=OWN)
    assert "Nothing has happened yet" in page.text
    assert browser.fetch("/").status == 200
    assert browser.submit(page).status == 200
    assert browser.fetch("/").status == 401


@pytest.mark.parametrize("destination", [*FRAMES, "image"])
def test_nor_is_a_login_under_way_given_up_for_one(
    stage: StageFactory, provider: LocalProvider, destination: str
) -> None:
    here = stage()
    browser = here.browser()
    away = browser.navigate("/report", until="https://app.test/oauth2/callback")
    mode = "no-cors" if destination == "image" else "navigate"
    browser.get("/oauth2/logout", headers=fetch_metadata("same-origin", mode, destination), initiator=OWN)
    assert subject(browser.navigate(away.target)) == "ada-1815"


def test_a_script_signs_out_with_a_post(stage: StageFactory) -> None:
    browser = stage().signed_in()
    assert browser.fetch("/oauth2/logout", "POST").status == 200
    assert browser.fetch("/").status == 401


@pytest.mark.parametrize("metadata", [True, False], ids=["new", "old"])
def test_a_click_signs_out(stage: StageFactory, metadata: bool) -> None:
    browser = stage().signed_in(send_fetch_metadata=metadata)
    assert "You are signed out" in browser.get("/oauth2/logout", initiator=OWN).text
    assert browser.fetch("/").status == 401


# What goes to the provider


@pytest.fixture
def many_groups(provider: LocalProvider) -> None:
    provider.people["ada"]["groups"] = [f"a group with a long name, number {number}" for number in range(120)]


def test_a_logout_at_the_provider_that_is_too_long_for_an_address_is_a_form(
    stage: StageFactory, provider: LocalProvider, many_groups: None
) -> None:
    here = stage(provider_logout=True)
    browser = here.signed_in()
    sid = browser.fetch("/").json()["identity"]["claims"]["sid"]
    page = browser.get("/oauth2/logout?next=/bye")
    assert (page.status, page.header("Location"), page.header("Cache-Control")) == (200, "", "no-store")
    (form,) = page.forms
    assert (form.action, form.method) == (provider.url("end_session"), "POST")
    assert set(form.fields) == {"client_id", "id_token_hint", "post_logout_redirect_uri", "state"}
    assert browser.fetch("/").status == 401, "here it is over already"
    assert '<button class="act">' in page.text, "without scripts there is something to press"
    assert "script-src 'sha256-" in page.header("Content-Security-Policy")
    assert "unsafe-inline" not in page.header("Content-Security-Policy")
    sent = browser.submit(page)
    assert (sent.status, provider.ended) == (303, [sid])
    back = browser.get(sent.target, initiator=provider.origin)
    assert back.target == "https://app.test/bye"


def test_a_short_one_is_a_redirect(stage: StageFactory, provider: LocalProvider) -> None:
    browser = stage(provider_logout=True).signed_in()
    answer = browser.get("/oauth2/logout")
    assert (answer.status, len(answer.target) <= 2000) == (302, True)
    assert "<form" not in browser.follow(answer).text, "nothing has to be sent"


def test_the_form_sends_itself_in_a_real_browsers_terms(
    stage: StageFactory, provider: LocalProvider, many_groups: None
) -> None:
    browser = stage(provider_logout=True).signed_in()
    page = browser.get("/oauth2/logout")
    assert page.submits_itself
    assert "You are signed out" in browser.follow(page).text


@pytest.mark.parametrize("refreshed", [False, True])
def test_an_encrypted_id_token_is_decrypted_before_it_is_a_hint(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path, refreshed: bool
) -> None:
    """Core, 3.1.2.1: the provider cannot read what it has encrypted for us."""
    key = RSAKey.generate_key(2048)
    (tmp_path / "key.pem").write_bytes(key.as_pem(private=True))
    signer = provider.signer

    def encrypted(claims: dict[str, Any], header: dict[str, Any]) -> str:
        head = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT"}
        registry = jwe.JWERegistry(algorithms=["RSA-OAEP-256", "A256GCM"])
        return jwe.encrypt_compact(head, signer(claims, header), key, registry=registry)

    provider.signer = encrypted
    store = {"session_store": f"sqlite:///{tmp_path}/sessions.db", "scopes": "openid offline_access"}
    here = stage(provider_logout=True, client_private_key_file=tmp_path / "key.pem", idle_session_timeout=0, **store)
    browser = here.signed_in()
    if refreshed:
        here.clock.advance(3590)
        assert browser.fetch("/").status == 200
    answer = browser.get("/oauth2/logout")
    hint = query(answer.target)["id_token_hint"]
    assert keys.verify(hint, keys.generation_jwks(1))["iat"] == here.clock()
    assert "You are signed out" in browser.follow(answer).text


def test_a_provider_without_a_logout_is_told_once_at_first_sight(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.change_discovery = lambda document: {
        name: value for name, value in document.items() if name != "end_session_endpoint"
    }
    here = stage(provider_logout=True)
    with caplog.at_level(logging.WARNING, "oidc_gate"):
        here.browser().get("/")
        assert caplog.text.count("offers no end_session_endpoint") == 1
        here.clock.advance(3700)
        browser = here.signed_in()
        assert "You are signed out" in browser.get("/oauth2/logout").text
    assert caplog.text.count("offers no end_session_endpoint") == 1
    caplog.clear()
    with caplog.at_level(logging.WARNING, "oidc_gate"):
        stage().signed_in()
    assert "end_session_endpoint" not in caplog.text


# What is left in the browser


@pytest.mark.parametrize("at_provider", [False, True])
def test_logout_clears_the_cache(stage: StageFactory, at_provider: bool) -> None:
    browser = stage(provider_logout=at_provider).signed_in()
    assert browser.get("/oauth2/logout").header("Clear-Site-Data") == '"cache"'


def test_what_ends_nothing_clears_nothing(stage: StageFactory) -> None:
    browser = stage().signed_in()
    page = browser.get("/oauth2/logout", initiator="https://evil.example/")
    assert "Nothing has happened yet" in page.text
    assert page.header("Clear-Site-Data") == ""


def deleted(browser: Browser, path: str = "/oauth2/logout") -> list[str]:
    answer = browser.get(path)
    return [cookie for cookie in answer.header_list("Set-Cookie") if "oidc_gate" not in cookie]


def test_the_apps_own_login_is_deleted_too(stage: StageFactory) -> None:
    """Or the next person in this browser is there as the one before: the app's cookie knows nothing of the gate."""
    here = stage(logout_cookies=["sessionid", "csrftoken"])
    browser = here.signed_in()
    for name in ("sessionid", "csrftoken", "theme"):
        browser.cookies.set(name, "boss's")
    assert deleted(browser) == [f"{name}=; Path=/; Secure; Max-Age=0" for name in ("sessionid", "csrftoken")]
    assert browser.cookies.names() == ["theme"]


def test_it_is_deleted_where_the_app_is_mounted_and_for_its_domain(stage: StageFactory) -> None:
    here = stage(logout_cookies="sid", auth_cookie_domain="app.test", base_url="http://www.app.test/shop")
    browser = here.browser(origin="http://www.app.test")
    assert deleted(browser) == [
        "sid=; Path=/; Max-Age=0",
        "sid=; Path=/; Domain=app.test; Max-Age=0",
        "sid=; Path=/shop; Max-Age=0",
        "sid=; Path=/shop; Domain=app.test; Max-Age=0",
    ]


def test_it_is_deleted_on_the_way_to_the_provider_and_stays_when_nothing_ends(stage: StageFactory) -> None:
    browser = stage(logout_cookies="sessionid", provider_logout=True).signed_in()
    browser.cookies.set("sessionid", "1")
    assert browser.get("/oauth2/logout", initiator="https://evil.example/").header_list("Set-Cookie") == []
    assert len(deleted(browser)) == 1
    assert browser.cookies.get("sessionid") is None


# A copy of an ended session's cookie


def test_an_ended_session_stays_ended_however_many_others_end(stage: StageFactory) -> None:
    here = stage()
    browser = here.signed_in()
    copy = browser.copy()
    browser.get("/oauth2/logout")
    for number in range(20_000):
        here.gate._gate._sessions.end(f"another-{number}", here.clock(), here.clock() + 60)
    here.clock.advance(3599)
    assert copy.fetch("/").status == 401
    assert session_cookie(copy)


def test_ended_sessions_are_forgotten_when_they_would_be_over() -> None:
    ended = EndedSessions()
    ended.remember("stays", 10_000.0, 0.0)
    ended.remember("has no end", float("inf"), 0.0)
    for number in range(50_000):
        ended.remember(str(number), number + 1.0, float(number))
        assert len(ended) <= 2001
    assert {"stays", "has no end"} - ended.keys() == {"stays"}


def test_there_is_a_bound_and_those_that_end_soonest_go_first(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(memory, "_MOST_ENDED", 3000)
    ended = EndedSessions()
    with caplog.at_level(logging.WARNING, "oidc_gate"):
        for number in range(3001):
            ended.remember(str(number), 9000.0 - number, 0.0)
    assert len(ended) == 1501
    assert "0" in ended
    assert "3000" not in ended
    assert "more than 3000 sessions were ended" in caplog.text
