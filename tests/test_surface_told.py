"""surface.md on what the app is told: identity, headers, REMOTE_USER, cookies; and what is added to its answers."""

from __future__ import annotations

import pytest

from tests.browser import World
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import session_cookie


def test_identity_headers_of_the_first_family(stage: StageFactory, provider: LocalProvider) -> None:
    provider.people["ada"] |= {"groups": ["a,b", "c%d", "e\r\nX: y", "Zoë"], "email": "ada@exämple.com"}
    told = stage(identity_headers="x-forwarded").signed_in().fetch("/").json()["headers"]
    assert told["x-forwarded-user"] == "ada-1815"
    assert told["x-forwarded-email"] == "ada@ex%C3%A4mple.com"
    assert told["x-forwarded-preferred-username"] == "ada"
    assert told["x-forwarded-groups"] == "a%2Cb,c%25d,e%0D%0AX: y,Zo%C3%AB"


def test_identity_headers_of_ngroks_family(stage: StageFactory) -> None:
    told = stage(identity_headers="ngrok").signed_in().fetch("/").json()["headers"]
    assert (told["ngrok-auth-user-id"], told["ngrok-auth-user-email"], told["ngrok-auth-user-name"]) == (
        "ada-1815", "ada@example.com", "Ada Lovelace",
    )  # fmt: skip


OWN = {"Remote-User": "email", "x-team": "groups", "x-level": "level"}


def test_identity_headers_with_names_of_the_apps_own(stage: StageFactory, provider: LocalProvider) -> None:
    provider.people["ada"] |= {"level": 7}
    forged = [("remote_user", "boss"), ("REMOTE.USER", "boss"), ("X_Team", "boss"), ("X-Level", "boss")]
    ada = stage(identity_headers=OWN).signed_in()
    for _ in range(4):
        told = ada.fetch("/", headers=forged).json()["headers"]
        assert (told["remote-user"], told["x-team"], told["x-level"]) == ("ada@example.com", "engineers,admins", "7")
        assert "boss" not in repr(told)


def test_a_header_of_the_apps_own_is_missing_where_nobody_vouches_for_its_claim(
    stage: StageFactory, provider: LocalProvider
) -> None:
    provider.people["ada"] |= {"email_verified": False}
    here = stage(identity_headers="remote-user=email,x-team=team", public_paths="/public")
    forged = [("Remote-User", "boss"), ("X-Team", "boss"), ("x_team", "boss")]
    for browser in (here.signed_in(), here.browser()):
        told = browser.fetch("/public", headers=forged).json()["headers"]
        assert not {"remote-user", "x-team", "remote_user", "x_team"} & told.keys()


def test_a_header_that_is_nobodys_reaches_the_app(stage: StageFactory) -> None:
    sent = {"X-Team": "blue", "Authorization": "Bearer x", "X-Forwarded-For": "192.0.2.7", "X-Request-Id": "1"}
    seen = stage().signed_in().fetch("/", headers=sent).json()["headers"]
    assert {name: seen[name.lower()] for name in sent} == sent


def test_no_identity_header_without_the_setting(stage: StageFactory) -> None:
    told = stage().signed_in().fetch("/").json()["headers"]
    assert not [name for name in told if name.startswith(("x-forwarded", "ngrok"))]


@pytest.mark.parametrize(
    ("settings", "user"),
    [({}, "ada@example.com"), ({"remote_user_claim": "sub"}, "ada-1815"), ({"remote_user_claim": "nick"}, "ada-1815")],
)
def test_a_wsgi_app_finds_remote_user(stage: StageFactory, world: World, settings: dict[str, str], user: str) -> None:
    seen = stage(**settings).signed_in().fetch("/").json()
    told = (seen["remote_user"], seen["auth_type"])
    assert told == ((user, "oidc") if world == "wsgi" else (None, None))


@pytest.mark.parametrize("claim", ["email", "upn"])
@pytest.mark.parametrize("person", [{"email": "eve@evil.example", "email_verified": False}, {"email": None}])
def test_a_subject_never_becomes_somebodys_address(
    stage: StageFactory, provider: LocalProvider, world: World, person: dict[str, object], claim: str
) -> None:
    provider.people["ada"] |= {"sub": "boss@example.com", **person}
    told = stage(remote_user_claim=claim).signed_in().fetch("/").json()
    assert told["identity"]["username"] == "boss%40example.com"
    assert told["remote_user"] == ("boss%40example.com" if world == "wsgi" else None)


def test_the_identity_is_whole(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(auth_id="jc")
    browser = here.signed_in()
    seen = browser.fetch("/").json()["identity"]
    assert (seen["provider"], seen["issuer"]) == ("jc", provider.issuer)
    assert (seen["authenticated_at"], seen["expires_at"]) == (here.clock(), here.clock() + 12 * 3600)
    assert seen["claims"]["preferred_username"] == "ada"
    assert seen["session_id"] == browser.fetch("/again").json()["identity"]["session_id"]


def test_the_app_never_sees_the_gates_cookies(stage: StageFactory) -> None:
    here = stage()
    browser = here.signed_in()
    browser.navigate("/oauth2/login", until="https://app.test/oauth2/callback")
    value = session_cookie(browser)
    browser.cookies.set("theme", "dark")
    browser.cookies.set(here.session_name.removeprefix("__Host-"), "planted")
    browser.cookies.set("oidc_gate.defaulting", "another gate's")
    browser.cookies.set("my_oidc_gate.default", "theirs")
    cookies = browser.fetch("/").json()["headers"]["cookie"]
    assert cookies.split("; ") == ["theme=dark", "my_oidc_gate.default=theirs"]
    assert value not in cookies


def test_a_public_page_sees_every_cookie_but_the_gates(stage: StageFactory) -> None:
    here = stage(public_paths="/about", allow_cors_preflight=True)
    browser = here.browser()
    browser.cookies.set("theme", "dark")
    assert browser.fetch("/about").json()["headers"]["cookie"] == "theme=dark"
    browser.navigate("/", until="https://app.test/oauth2/callback")
    browser.cookies.set(here.session_name, "no session")
    assert browser.fetch("/about").json()["headers"]["cookie"] == "theme=dark"
    browser.cookies.delete("theme")
    assert "cookie" not in browser.fetch("/about").json()["headers"]


@pytest.mark.parametrize(
    ("settings", "app_says", "header"),
    [
        ({}, [], "private"),
        ({"cache_control": "no-store"}, [], "no-store"),
        ({"cache_control": ""}, [], ""),
        ({}, [("Cache-Control", "public, max-age=60")], "public, max-age=60"),
        ({}, [("Expires", "Thu, 01 Jan 2099 00:00:00 GMT")], ""),
        ({}, [("Pragma", "no-cache")], ""),
    ],
)
def test_answers_of_protected_pages_are_kept_from_shared_caches(
    stage: StageFactory, settings: dict[str, str], app_says: list[tuple[str, str]], header: str
) -> None:
    here = stage(public_paths="/about", **settings)
    here.app.headers = app_says
    assert here.signed_in().fetch("/").header("Cache-Control") == header
    if not app_says:
        assert here.browser().get("/about").header("Cache-Control") == ""
