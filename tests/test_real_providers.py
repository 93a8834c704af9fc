"""Two real providers as real processes: a whole login, a session that needs no refreshing, and both kinds of logout."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.apps import Echo, echo, gated
from tests.browser import Browser, World
from tests.providers.real import NanoIDP, Panva, RealProvider, client_key
from tests.stage import HTML, query, subject

Gated = Callable[..., Browser]


@pytest.fixture(params=["nanoidp", "panva"])
def real(request: pytest.FixtureRequest) -> RealProvider:
    """Lend each of the two."""
    provider: RealProvider = request.getfixturevalue(f"{request.param}_provider")
    return provider


@pytest.fixture
def app(world: World) -> Echo:
    return echo(world)


@pytest.fixture
def visit(world: World, app: Echo) -> Gated:
    """Make a browser in front of the app behind a gate at a real provider."""

    def make(provider: RealProvider, client_id: str = "", **settings: Any) -> Browser:
        return Browser(gated(world, app, **provider.gate_options(client_id, **settings)), world)

    return make


def signed_in(browser: Browser, provider: RealProvider, path: str = "/report?q=1") -> Any:
    form = browser.navigate(path)
    assert form.url.startswith(provider.issuer)
    return provider.login(browser, form)


def test_a_login_ends_at_the_page_and_the_session_goes_on_by_itself(
    visit: Gated, real: RealProvider, app: Echo
) -> None:
    browser = visit(real)
    page = signed_in(browser, real)
    assert (page.status, page.url, subject(page)) == (200, "https://app.test/report?q=1", real.subject)
    identity = page.json()["identity"]
    assert (identity["issuer"], identity["email"]) == (real.issuer, real.email)
    assert [browser.fetch("/api").status for _ in range(3)] == [200, 200, 200]
    assert browser.rejected_cookies == []
    assert len(app.calls) == 4


def test_a_logout_here_leaves_the_browser_signed_out(visit: Gated, real: RealProvider) -> None:
    browser = visit(real)
    signed_in(browser, real)
    assert "signed out" in browser.navigate("/oauth2/logout").text
    assert browser.fetch("/api").status == 401
    again = browser.navigate("/oauth2/login")
    assert again.url.startswith(real.issuer)  # asked for again, whatever the provider remembers
    assert any("password" in form.fields for form in again.forms)


def test_the_posted_answer_works(visit: Gated, panva_provider: Panva) -> None:
    page = signed_in(visit(panva_provider, response_mode="form_post"), panva_provider)
    assert (page.url, subject(page)) == ("https://app.test/report?q=1", "ada")


@pytest.mark.parametrize(
    ("client", "settings"),
    [
        ("post", {"client_auth_method": "client_secret_post"}),
        ("jwt", {"client_auth_method": "client_secret_jwt"}),
        ("public", {"client_auth_method": "none", "client_secret": None}),
        ("awkward:% id", {"client_secret": "p%w+&:/ =? awkward secret, long enough for HS256"}),
        ("es256", {"signing_algs": "ES256"}),
        ("ps256", {}),
        ("eddsa", {}),
        ("signed-userinfo", {"userinfo": "always"}),
    ],
)
def test_panva_knows_every_kind_of_client(
    visit: Gated, panva_provider: Panva, client: str, settings: dict[str, Any]
) -> None:
    assert subject(signed_in(visit(panva_provider, client, **settings), panva_provider)) == "ada"


def test_panva_takes_pushed_requests(visit: Gated, panva_provider: Panva) -> None:
    browser = visit(panva_provider, pushed="always")
    assert query(browser.get("/report", headers=HTML).location).keys() == {"client_id", "request_uri"}
    page = signed_in(browser, panva_provider)
    assert (page.url, subject(page)) == ("https://app.test/report?q=1", "ada")


def test_panva_holds_us_to_fapi2(visit: Gated, panva_provider: Panva, tmp_path: Path) -> None:
    """Its own reading of the profile: assertions for the issuer alone, pushed requests, nonces.

    The claims come from userinfo, with a token that is bound to the gate's key.
    """
    key = tmp_path / "key.json"
    key.write_text(json.dumps(client_key("ec").as_dict(private=True)))
    settings: dict[str, Any] = {
        "profile": "fapi2",
        "client_secret": None,
        "client_auth_method": "private_key_jwt",
        "client_private_key_file": str(key),
    }
    browser = visit(panva_provider, "fapi2", **settings)
    page = signed_in(browser, panva_provider)
    assert (page.url, subject(page)) == ("https://app.test/report?q=1", "ada")
    assert page.json()["identity"]["email"] == "ada@example.com"
    assert browser.fetch("/api").status == 200


@pytest.mark.parametrize("client", ["post", "public"])
def test_nanoidp_knows_its_kinds_of_client(visit: Gated, nanoidp_provider: NanoIDP, client: str) -> None:
    method: dict[str, Any] = {"client_auth_method": "client_secret_post"}
    if client == "public":
        method = {"client_auth_method": "none", "client_secret": None}
    assert subject(signed_in(visit(nanoidp_provider, client, **method), nanoidp_provider)) == "ada"


def test_groups_of_real_providers_decide(visit: Gated, panva_provider: Panva, nanoidp_provider: NanoIDP) -> None:
    for provider, scopes in (
        (panva_provider, "openid profile email groups"),
        (nanoidp_provider, "openid profile email"),
    ):
        allowed = visit(provider, scopes=scopes, allow_groups="admins")
        assert signed_in(allowed, provider).json()["identity"]["groups"] == ["engineers", "admins"]
        assert signed_in(visit(provider, scopes=scopes, allow_groups="owners"), provider).status == 403


def test_panva_ends_its_own_session_and_sends_the_browser_back(visit: Gated, panva_provider: Panva) -> None:
    browser = visit(panva_provider, provider_logout=True)
    signed_in(browser, panva_provider)
    asking = browser.navigate("/oauth2/logout")
    assert asking.url.startswith(panva_provider.issuer)
    page = panva_provider.log_out(browser, asking)
    assert (page.url.partition("?")[0], "signed out" in page.text) == ("https://app.test/oauth2/logout", True)
    assert browser.fetch("/api").status == 401
    assert any("password" in form.fields for form in browser.navigate("/report").forms)


def test_nanoidp_ends_its_own_session_and_sends_the_browser_back(visit: Gated, nanoidp_provider: NanoIDP) -> None:
    browser = visit(nanoidp_provider, provider_logout=True)
    signed_in(browser, nanoidp_provider)
    leaving = browser.get("/oauth2/logout")
    assert leaving.target.startswith(nanoidp_provider.issuer)
    assert query(leaving.target)["post_logout_redirect_uri"] == "https://app.test/oauth2/logout"
    page = browser.follow(leaving)
    assert (page.url.partition("?")[0], "signed out" in page.text) == ("https://app.test/oauth2/logout", True)
    assert browser.fetch("/api").status == 401


def test_a_login_survives_a_new_key_at_the_provider(visit: Gated, nanoidp_provider: NanoIDP) -> None:
    browser = visit(nanoidp_provider)
    signed_in(browser, nanoidp_provider)
    nanoidp_provider.rotate_keys()
    browser.navigate("/oauth2/logout")
    assert subject(signed_in(browser, nanoidp_provider)) == "ada"


def test_claims_are_fetched_again_from_real_providers(visit: Gated, real: RealProvider) -> None:
    browser = visit(real, userinfo_refresh_interval="1ms")
    signed_in(browser, real)
    assert [subject(browser.fetch("/api")) for _ in range(3)] == [real.subject] * 3
