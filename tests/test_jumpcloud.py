"""A gate at JumpCloud: the whole journey, what fits it to JumpCloud, and the traps that others fell into there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import World
from tests.providers.jumpcloud import CALLBACK, SIGNED_OUT, JumpCloudProvider
from tests.stage import Stage, query, session_cookie, subject

ADA = "5f1b2c3d4e5f6a7b8c9d0e01"
JumpCloud = Callable[..., Stage]


@pytest.fixture
def stage(world: World, jumpcloud: JumpCloudProvider) -> JumpCloud:
    """Set a stage at JumpCloud; the app's groups are in `memberOf`."""
    return lambda **settings: Stage(world, jumpcloud, **({"groups_claim": "memberOf"} | settings))


# The whole journey


def test_someone_signs_in_works_and_signs_out(stage: JumpCloud, jumpcloud: JumpCloudProvider) -> None:
    here = stage(allow_groups="Engineers", provider_logout=True)
    browser = here.browser()
    page = browser.navigate("/report?q=1")
    assert (page.status, page.url, subject(page)) == (200, "https://app.test/report?q=1", ADA)
    seen = page.json()["identity"]
    assert (seen["issuer"], seen["email"], seen["name"]) == (jumpcloud.issuer, "ada@example.com", "Ada Lovelace")
    assert seen["groups"] == ["Engineers", "Admins"]
    assert seen["claims"]["aud"] == ["app"]
    assert seen["claims"]["jc_org"] == jumpcloud.organization
    assert browser.fetch("/api").status == 200
    done = browser.navigate("/oauth2/logout")
    assert (done.status, done.url.partition("?")[0], "signed out" in done.text) == (200, SIGNED_OUT, True)
    assert len(jumpcloud.ended) == 1
    assert browser.fetch("/api").status == 401


@pytest.mark.parametrize("tile", ["/", "/oauth2/login", "/oauth2/login?iss={issuer}"])
def test_a_portal_tile_opens_the_app_with_nothing_beforehand(
    stage: JumpCloud, jumpcloud: JumpCloudProvider, tile: str
) -> None:
    browser = stage().browser()
    page = browser.navigate(tile.format(issuer=jumpcloud.issuer), initiator="https://console.jumpcloud.example/")
    assert (page.url, subject(page)) == ("https://app.test/", ADA)


# Issuer, address, credentials


@pytest.mark.parametrize("suffix", ["", "/", "/.well-known/openid-configuration"])
def test_the_issuer_may_be_given_with_or_without_its_slash(
    stage: JumpCloud, jumpcloud: JumpCloudProvider, suffix: str
) -> None:
    assert jumpcloud.issuer.endswith("/")
    here = stage(issuer_url=jumpcloud.issuer.rstrip("/") + suffix)
    assert here.signed_in().fetch("/").json()["identity"]["issuer"] == jumpcloud.issuer


def test_a_token_without_the_issuers_slash_is_refused(stage: JumpCloud, jumpcloud: JumpCloudProvider) -> None:
    with jumpcloud.fault("wrong_issuer", iss=jumpcloud.issuer.rstrip("/")):
        page = stage().browser().navigate("/")
    assert (page.status, "issuer_mismatch" in page.text) == (400, True)


def test_the_shared_issuer_is_no_tenant(stage: JumpCloud, jumpcloud: JumpCloudProvider) -> None:
    with jumpcloud.fault("wrong_audience", aud=["somebody-elses-app-at-the-same-issuer"]):
        page = stage().browser().navigate("/")
    assert (page.status, "audience_mismatch" in page.text) == (400, True)


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("client_secret_basic", {}),
        ("client_secret_post", {}),
        ("none", {}),
    ],
)
def test_the_client_proves_itself_by_one_method(
    stage: JumpCloud, jumpcloud: JumpCloudProvider, method: str, settings: dict[str, Any]
) -> None:
    secret = None if method == "none" else "p%w+&:/ =? awkward"
    jumpcloud.add_client("app", auth_method=method, secret=secret, redirect_uris=[CALLBACK])
    assert subject(stage(**settings).signed_in().fetch("/")) == ADA


@pytest.mark.parametrize(
    ("registered", "used"),
    [("client_secret_post", "client_secret_basic"), ("client_secret_basic", "client_secret_post")],
)
def test_the_wrong_method_is_named_in_the_log(
    stage: JumpCloud, jumpcloud: JumpCloudProvider, caplog: pytest.LogCaptureFixture, registered: str, used: str
) -> None:
    jumpcloud.add_client("app", auth_method=registered, redirect_uris=[CALLBACK])
    page = stage(client_auth_method=used).browser().navigate("/")
    assert (page.status, "client_rejected" in page.text) == (400, True)
    assert f"client_auth_method is {used}, the provider lists " in caplog.text
    assert (jumpcloud.clients["app"].secret or "") not in caplog.text


def test_state_and_nonce_are_long_enough_for_hydra(stage: JumpCloud) -> None:
    asked = query(stage().browser().get("/").target)
    assert (len(asked["state"]) >= 32, len(asked["nonce"]) >= 32) == (True, True)
    assert asked["scope"] == "openid profile email"


def test_a_wrong_redirect_uri_stays_at_jumpcloud_and_base_url_mends_it(
    stage: JumpCloud, jumpcloud: JumpCloudProvider
) -> None:
    inside = "http://127.0.0.1:8000"
    page = stage().browser(origin=inside).navigate("/")
    assert (page.status, page.url.startswith(jumpcloud.url("error"))) == (400, True)
    start = stage(base_url="https://app.test").browser(origin=inside).get("/")
    assert query(start.target)["redirect_uri"] == CALLBACK


def test_the_addresses_to_paste_into_the_console_are_in_the_log(
    stage: JumpCloud, jumpcloud: JumpCloudProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="oidc_gate")
    stage(base_url="https://app.test")
    for address in (CALLBACK, "https://app.test/oauth2/login?iss=" + jumpcloud.issuer, SIGNED_OUT):
        assert address in caplog.text


def test_select_account_is_asked_for_as_login(stage: JumpCloud, jumpcloud: JumpCloudProvider) -> None:
    settings: dict[str, Any] = {"authz_url_params": {"prompt": "select_account", "audience": "x"}}
    page = stage(**settings).browser().navigate("/")
    assert (page.status, "invalid_request" in page.text) == (400, True)
    theirs = "https://oauth.id.jumpcloud.com/oauth2/auth"
    jumpcloud.change_discovery = lambda document: document | {"authorization_endpoint": theirs}
    asked = query(stage(**settings).browser().get("/").target)
    assert (asked["prompt"], asked["audience"]) == ("login", "x")


def test_a_scope_that_jumpcloud_does_not_know_is_told(stage: JumpCloud) -> None:
    page = stage(scopes="openid groups").browser().navigate("/")
    assert (page.status, "invalid_scope" in page.text, "Tell whoever runs it" in page.text) == (400, True, True)


@pytest.mark.parametrize("error", ["access_denied", "request_denied", "request_forbidden", "login_required"])
def test_someone_who_was_not_assigned_reads_what_to_do_and_is_not_sent_round(
    stage: JumpCloud, jumpcloud: JumpCloudProvider, error: str
) -> None:
    here = stage()
    with jumpcloud.fault("callback_error", error=error, error_hint="x", error_debug="y"):
        page = here.browser().navigate("/")
    assert (page.status, error in page.text, page.submits_itself) == (400, True, False)
    assert here.app.calls == []


# Claims


@pytest.mark.parametrize(
    ("groups", "seen", "passes"),
    [
        (["Engineers"], ["Engineers"], True),
        (["Engineers", "Admins"], ["Engineers", "Admins"], True),
        (["Not-Engineers"], ["Not-Engineers"], False),
        (["engineers"], ["engineers"], False),
        ([], [], False),
    ],
)
def test_one_group_is_text_two_are_a_list_and_none_is_nothing(
    stage: JumpCloud, jumpcloud: JumpCloudProvider, groups: list[str], seen: list[str], passes: bool
) -> None:
    jumpcloud.people["ada"]["groups"] = groups
    assert stage().signed_in().fetch("/").json()["identity"]["groups"] == seen
    assert stage(allow_groups="Engineers").browser().navigate("/").status == (200 if passes else 403)


@pytest.mark.parametrize("name", ["groups", "member_of", "https://example.com/claims/groups"])
def test_the_group_claim_has_the_name_that_the_admin_gave_it(
    stage: JumpCloud, jumpcloud: JumpCloudProvider, name: str
) -> None:
    jumpcloud.groups_claim = name
    assert stage(groups_claim=name, allow_groups="Admins").signed_in().fetch("/").status == 200
    assert stage(groups_claim="another", allow_groups="Admins").browser().navigate("/").status == 403


@pytest.mark.parametrize(
    ("said", "passes"), [("true", True), (True, True), ("false", False), (False, False), (..., True)]
)
def test_email_verified_may_be_text(stage: JumpCloud, jumpcloud: JumpCloudProvider, said: Any, passes: bool) -> None:
    with jumpcloud.fault("wrong_issuer", iss=jumpcloud.issuer, email_verified=said):
        page = stage(allow_domains="example.com", userinfo="never").browser().navigate("/")
    assert page.status == (200 if passes else 403)


def test_nothing_but_the_subject_may_be_mapped(stage: JumpCloud, jumpcloud: JumpCloudProvider, world: World) -> None:
    jumpcloud.user = {"sub": "5f1b2c3d4e5f6a7b8c9d0eff"}
    seen = stage(identity_headers="x-forwarded").signed_in().fetch("/").json()
    identity = seen["identity"]
    assert (identity["email"], identity["name"], identity["groups"]) == (None, None, [])
    assert "x-forwarded-email" not in seen["headers"]
    if world == "wsgi":
        assert seen["remote_user"] == identity["subject"]


def test_userinfo_that_names_the_token_changes_nothing_of_it(stage: JumpCloud, jumpcloud: JumpCloudProvider) -> None:
    jumpcloud.userinfo_only = {"given_name"}
    claims = stage(userinfo="always").signed_in().fetch("/").json()["identity"]["claims"]
    assert (claims["aud"], claims["given_name"], "exp" in claims) == (["app"], "Ada", True)


def test_someone_with_many_groups_fits_into_cookies(stage: JumpCloud, jumpcloud: JumpCloudProvider) -> None:
    jumpcloud.people["ada"]["groups"] = [f"Department {number} — Übersee" for number in range(150)]
    browser = stage().signed_in()
    assert browser.rejected_cookies == []
    assert len(browser.fetch("/").json()["identity"]["groups"]) == 150


# Rules that want more of the sign-in: JumpCloud knows no levels, and Hydra heeds max_age


def payroll(**wanted: Any) -> dict[str, Any]:
    """Return settings with one rule."""
    return {"rules": [{"name": "payroll", "path": "/payroll", "allow": "signed-in"} | wanted]}


def test_a_level_is_asked_for_in_vain_and_the_page_says_so(stage: JumpCloud, jumpcloud: JumpCloudProvider) -> None:
    browser = stage(**payroll(acr=["mfa", "phr"])).signed_in()
    page = browser.navigate("/payroll")
    assert (page.status, "step_up_unmet" in page.text) == (403, True)
    assert "mfa" in page.text
    assert [call.params.get("acr_values") for call in jumpcloud.calls("authorize")] == [None, "mfa phr"]
    assert browser.navigate("/").status == 200
    assert browser.fetch("/payroll").status == 401


def test_a_sign_in_that_is_too_old_is_asked_for_anew(stage: JumpCloud, jumpcloud: JumpCloudProvider) -> None:
    here = stage(**payroll(max_age="10m"))
    browser = here.signed_in("/payroll")
    here.clock.advance(601)
    assert browser.fetch("/payroll").status == 401
    page = browser.navigate("/payroll")
    claims = page.json()["identity"]["claims"]
    assert (page.status, claims["auth_time"], "acr" in claims) == (200, here.clock.now, False)
    assert [call.params.get("max_age") for call in jumpcloud.calls("authorize")] == ["600", "600"]
    assert [call.params.get("prompt") for call in jumpcloud.calls("authorize")] == [None, None]


def test_a_second_factor_is_seen_in_amr_which_is_there_only_after_one(
    stage: JumpCloud, jumpcloud: JumpCloudProvider
) -> None:
    here = stage(**payroll(allow={"claims": {"amr": "mfa"}}))
    page = here.browser().navigate("/payroll")
    assert (page.status, "step_up" in page.text) == (403, False)
    jumpcloud.amr_of[None] = ["pwd", "mfa"]
    assert here.browser().navigate("/payroll").status == 200


# Logout


def test_a_logout_is_local_unless_it_is_asked_for(stage: JumpCloud, jumpcloud: JumpCloudProvider) -> None:
    browser = stage().signed_in()
    page = browser.navigate("/oauth2/logout")
    assert (page.status, "signed out" in page.text, jumpcloud.calls("end_session")) == (200, True, [])
    again = browser.get("/oauth2/login")
    assert query(again.target)["prompt"] == "login"


def test_a_logout_at_jumpcloud_carries_the_hint_and_the_one_registered_address(
    stage: JumpCloud, jumpcloud: JumpCloudProvider
) -> None:
    leaving = stage(provider_logout=True).signed_in().get("/oauth2/logout?next=/report")
    asked = query(leaving.target)
    assert (asked["post_logout_redirect_uri"], asked["id_token_hint"].count(".")) == (SIGNED_OUT, 2)


def test_a_logout_that_jumpcloud_refuses_has_ended_the_session_here(
    stage: JumpCloud, jumpcloud: JumpCloudProvider
) -> None:
    jumpcloud.add_client("app", redirect_uris=[CALLBACK], post_logout_uris=["https://app.test/other"])
    here = stage(provider_logout=True)
    browser = here.signed_in()
    before = browser.copy()
    page = browser.navigate("/oauth2/logout")
    assert (page.status, page.url.startswith(jumpcloud.origin)) == (400, True)
    assert (browser.fetch("/").status, before.fetch("/").status) == (401, 401)


def test_an_expired_hint_still_ends_the_session_at_jumpcloud(stage: JumpCloud, jumpcloud: JumpCloudProvider) -> None:
    here = stage(provider_logout=True, idle_session_timeout=0)
    browser = here.signed_in()
    assert session_cookie(browser)
    here.clock.advance(5 * 3600)
    assert "signed out" in browser.navigate("/oauth2/logout").text
    assert len(jumpcloud.ended) == 1
