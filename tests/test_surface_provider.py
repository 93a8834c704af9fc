"""surface.md on the provider: down at login, at the callback and in between; its keys; what userinfo is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import StageFactory
from tests.providers.local import LocalProvider

CALLBACK = "https://app.test/oauth2/callback"

# The provider is down


def test_a_provider_that_is_down_at_login_means_503_until_it_is_back(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage()
    provider.stop()
    browser = here.browser()
    page = browser.get("/report")
    assert (page.status, page.header("Retry-After").isdigit(), 'href="/report"' in page.text) == (503, True, True)
    assert browser.get("/oauth2/login").status == 503
    provider.start()
    here.clock.advance(10)
    assert browser.navigate("/report").url == "https://app.test/report"


def test_a_provider_that_is_down_is_not_asked_by_every_request(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage()
    with provider.fault("discovery_down"):
        statuses = [here.browser().get("/").status for _ in range(5)]
    assert (statuses, len(provider.calls("discovery"))) == ([503] * 5, 1)


def test_a_gate_that_knows_the_provider_still_redirects_while_it_is_down(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(idle_session_timeout=0)
    ada = here.signed_in()
    provider.stop()
    assert ada.fetch("/").status == 200
    assert here.browser().get("/report").status == 302
    here.clock.advance(4000)
    assert here.browser().get("/report").status == 302
    assert ada.fetch("/").status == 200


@pytest.mark.parametrize("fault", ["stopped", "token_down", "token_html", "token_too_many", "token_redirect"])
def test_a_provider_that_is_down_at_the_callback_means_503_and_the_page_can_be_reloaded(
    stage: StageFactory, provider: LocalProvider, fault: str
) -> None:
    here = stage()
    browser = here.browser()
    at_provider = browser.navigate("/report", until=CALLBACK)
    if fault == "stopped":
        provider.stop()
        page = browser.get(at_provider.target)
        provider.start()
    else:
        with provider.fault(fault):
            page = browser.get(at_provider.target)
    assert (page.status, bool(page.header("Retry-After"))) == (503, True)
    here.clock.advance(10)
    assert browser.navigate(at_provider.target).url == "https://app.test/report"


def test_keys_that_cannot_be_fetched_mean_503_too(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage()
    browser = here.browser()
    with provider.fault("jwks_down"):
        assert browser.navigate("/report").status == 503
    here.clock.advance(10)
    assert browser.navigate("/report").url == "https://app.test/report"


def test_a_rotated_key_is_fetched_when_it_is_first_met(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage()
    here.signed_in()
    provider.rotate_keys(keep_old=False)
    assert here.signed_in().fetch("/").status == 200


# Userinfo


@pytest.mark.parametrize(
    ("settings", "userinfo_only", "asked"),
    [
        ({}, (), 0),
        ({}, ("email",), 1),
        ({}, ("name",), 1),
        ({"scopes": "openid"}, (), 1),
        ({"scopes": "openid", "remote_user_claim": "sub"}, (), 0),
        ({"allow_groups": "admins"}, ("groups",), 1),
        ({}, ("groups",), 0),
        ({"scopes": "openid profile email groups"}, ("groups",), 1),
        ({"scopes": "openid profile email roles", "groups_claim": "roles"}, ("groups",), 1),
        ({"scopes": "openid profile email groups", "groups_claim": "roles"}, (), 1),
        ({"scopes": "openid profile email phone"}, (), 1),
        ({"scopes": "openid profile email address"}, (), 1),
        ({"identity_headers": "x-forwarded"}, (), 0),
        ({"identity_headers": "x-forwarded"}, ("groups",), 1),
        ({"identity_headers": "x-forwarded"}, ("preferred_username",), 1),
        ({"identity_headers": "ngrok"}, ("groups", "preferred_username"), 0),
        ({"identity_headers": {"x-team": "team"}}, (), 1),
        ({"identity_headers": {"x-team": "preferred_username"}}, (), 0),
        ({"remote_user_claim": "upn"}, (), 1),
        ({"rules": [{"path": "/a", "allow": {"groups": "admins"}}]}, ("groups",), 1),
        ({"rules": [{"path": "/a", "allow": {"groups": "admins"}}]}, (), 0),
        ({"rules": [{"path": "/a", "allow": {"any": [{"scopes": "x"}, {"claims": {"team": "x"}}]}}]}, (), 1),
        ({"rules": [{"path": "/a", "allow": {"not": {"emails": "x@y.org"}}}]}, ("email",), 1),
        ({"rules": [{"path": "/a", "allow": {"claims": {"acr": "x", "amr": "y"}}}]}, (), 0),
        ({"rules": [{"path": "/a", "allow": "signed-in", "acr": "x", "max_age": 60}]}, (), 0),
        ({"userinfo": "always"}, (), 1),
        ({"userinfo": "never"}, ("email", "name"), 0),
        ({"userinfo_refresh_interval": "1h"}, (), 1),
    ],
)
def test_userinfo_is_asked_where_something_is_missing(
    stage: StageFactory, provider: LocalProvider, settings: dict[str, Any], userinfo_only: tuple[str, ...], asked: int
) -> None:
    provider.userinfo_only = set(userinfo_only)
    identity = stage(**settings).signed_in().fetch("/").json()["identity"]
    assert len(provider.calls("userinfo")) == asked
    if "scopes" not in settings:
        assert identity["email"] == (None if settings.get("userinfo") == "never" else "ada@example.com")
    unknown = settings.get("groups_claim") == "roles" or ("groups" in userinfo_only and not asked)
    assert identity["groups"] == ([] if unknown else ["engineers", "admins"])


def test_userinfo_brings_all_that_the_app_is_to_be_told(stage: StageFactory, provider: LocalProvider) -> None:
    provider.people["ada"] |= {"phone_number": "+44 20 7946 0000", "address": {"country": "GB"}}
    provider.userinfo_only = {"groups", "phone_number", "address", "preferred_username"}
    here = stage(scopes="openid profile email phone address groups", identity_headers="x-forwarded")
    seen = here.signed_in().fetch("/").json()
    assert seen["identity"]["claims"]["phone_number"] == "+44 20 7946 0000"
    assert seen["identity"]["claims"]["address"] == {"country": "GB"}
    assert seen["headers"]["x-forwarded-groups"] == "engineers,admins"
    assert seen["headers"]["x-forwarded-preferred-username"] == "ada"


def test_a_provider_without_userinfo_is_no_error_but_who_lacks_what_a_list_asks_for_is_refused(
    stage: StageFactory, provider: LocalProvider
) -> None:
    provider.change_discovery = lambda document: {
        name: value for name, value in document.items() if name != "userinfo_endpoint"
    }
    provider.userinfo_only = {"groups"}
    assert stage(scopes="openid profile email groups").signed_in().fetch("/").status == 200
    refused = stage(allow_groups="admins").browser()
    assert refused.navigate("/").status == 403
    assert refused.fetch("/").status == 403
    page = stage(allow_groups="admins", userinfo="always").browser().navigate("/")
    assert (page.status, "userinfo_missing" in page.text) == (400, True)


@pytest.mark.parametrize("fault", ["userinfo_down", "userinfo_unauthorized", "userinfo_html"])
def test_userinfo_that_fails_matters_only_where_it_decides(
    stage: StageFactory, provider: LocalProvider, fault: str
) -> None:
    provider.userinfo_only = {"email", "groups"}
    with provider.fault(fault):
        assert stage().signed_in().fetch("/").json()["identity"]["email"] is None
        refused = stage(allow_groups="admins")
        assert refused.browser().navigate("/").status in (400, 503)
        by_rule = stage(rules=[{"path": "/a", "allow": {"groups": "admins"}}])
        assert by_rule.browser().navigate("/").status in (400, 503)
        assert stage(userinfo="always").browser().navigate("/").status in (400, 503)


def test_userinfo_of_another_person_ends_the_login(stage: StageFactory, provider: LocalProvider) -> None:
    provider.userinfo_only = {"email"}
    with provider.fault("userinfo_wrong_subject"):
        page = stage().browser().navigate("/")
    assert (page.status, "userinfo_sub_mismatch" in page.text) == (400, True)
