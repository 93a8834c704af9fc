"""Whole logins with claims as providers really send them: who passes by what `test_group_claims.py` reads."""

from __future__ import annotations

from typing import Any

import pytest

from oidc_gate import Settings, SettingsError
from tests.apps import COOKIE_SECRET
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider

BASE: dict[str, Any] = {
    "issuer_url": "https://id.example.com",
    "client_id": "app",
    "client_secret": "of the app",
    "cookie_secret": COOKIE_SECRET,
}


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("resource_access.app.example.com.roles", {"resource_access": {"app.example.com": {"roles": ["staff"]}}}),
        (
            "https://app.example.com/app_metadata.authorization.roles",
            {"https://app.example.com/app_metadata": {"authorization": {"roles": ["staff"]}}},
        ),
        ("cognito:groups", {"cognito:groups": ["staff"]}),
        ("https://app.hoop.example/groups", {"https://app.hoop.example/groups": "staff"}),
        ("urn:zitadel:iam:org:project:roles", {"urn:zitadel:iam:org:project:roles": {"staff": {"42": "x.test"}}}),
    ],
    ids=["Keycloak", "Auth0", "Cognito", "JumpCloud", "Zitadel"],
)
def test_people_pass_by_groups_wherever_they_are(
    stage: StageFactory, provider: LocalProvider, name: str, claims: dict[str, Any]
) -> None:
    del provider.people["ada"]["groups"]
    provider.people["ada"] |= claims
    here = stage(groups_claim=name, allow_groups="staff", identity_headers="x-forwarded")
    ada = here.signed_in()
    assert ada.fetch("/").json()["identity"]["groups"] == ["staff"]
    assert here.app.calls[-1].headers["x-forwarded-groups"] == "staff"
    assert stage(groups_claim=name, allow_groups="board").browser().navigate("/").status == 403


def test_a_text_is_split_at_the_separator_alone(stage: StageFactory, provider: LocalProvider) -> None:
    provider.people["ada"]["groups"] = "staff, the board"
    assert stage(allow_groups="staff").browser().navigate("/").status == 403
    here = stage(allow_groups="staff", groups_separator=",")
    assert here.signed_in().fetch("/").json()["identity"]["groups"] == ["staff", "the board"]


def test_a_person_who_is_no_longer_in_an_object_of_roles_is_out(stage: StageFactory, provider: LocalProvider) -> None:
    provider.people["ada"]["groups"] = {"staff": False, "board": None}
    assert stage(allow_groups="staff,board").browser().navigate("/").status == 403


@pytest.mark.parametrize(
    ("claim", "claims", "status"),
    [
        ("upn", {"upn": "Ada@Example.com"}, 200),
        ("upn", {"upn": "ada@example.com", "email_verified": False}, 200),
        ("upn", {"email": "ada@example.com"}, 403),
        ("emails", {"emails": ["ada@example.com"]}, 200),
        ("emails", {"emails": ["eve@evil.test", "ada@example.com"]}, 403),
    ],
)
def test_people_pass_by_the_address_in_the_claim_that_is_named(
    stage: StageFactory, provider: LocalProvider, claim: str, claims: dict[str, Any], status: int
) -> None:
    provider.people["ada"] = {"sub": "ada-1815", "name": "Ada"} | claims
    provider.user = provider.people["ada"]
    assert stage(email_claim=claim, allow_emails="ada@example.com").browser().navigate("/").status == status
    assert stage(email_claim=claim, allow_domains="example.com").browser().navigate("/").status == status
    rules = [{"path": "/", "allow": {"emails": "ada@example.com"}}]
    assert stage(email_claim=claim, rules=rules).browser().navigate("/").status == status


def test_an_address_that_only_userinfo_tells_is_asked_for(stage: StageFactory, provider: LocalProvider) -> None:
    provider.people["ada"]["upn"] = "ada@corp.test"
    provider.userinfo_only = {"upn"}
    rules = [{"path": "/", "allow": {"domains": "corp.test"}}]
    for settings in ({"allow_domains": "corp.test"}, {"rules": rules}):
        assert stage(email_claim="upn", **settings).browser().navigate("/").status == 200


def test_a_refusal_names_the_claim_that_is_missing(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "oidc_gate")
    assert stage(email_claim="upn", allow_emails="ada@example.com").browser().navigate("/").status == 403
    assert "allow_emails: no, without an address in upn; claims seen" in caplog.text
    assert "reason=claim_missing" in caplog.text


# Entra ID leaves the groups out of whoever has more than 200


@pytest.mark.parametrize(
    "said",
    [
        {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.test/me"}}},
        {"hasgroups": True},
    ],
    ids=["in a token", "in a fragment"],
)
def test_too_many_groups_are_named_as_the_reason(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture, said: dict[str, Any]
) -> None:
    del provider.people["ada"]["groups"]
    provider.people["ada"] |= said
    for more in ({"allow_groups": "staff"}, {"rules": [{"path": "/", "allow": {"not": {"groups": "staff"}}}]}):
        for kept in ({}, {"session_claims": "name"}):
            caplog.clear()
            assert stage(**more, **kept).browser().navigate("/").status == 403
            assert "reason=groups_overage" in caplog.text


# Settings


@pytest.mark.parametrize(
    ("given", "expected"),
    [(",", ","), (" ; ", ";"), (" ", " "), ("space", " "), ("Space", " "), ("JSON", "json")],
)
def test_a_separator_is_a_sign_or_a_word(given: str, expected: str) -> None:
    assert Settings(**BASE, groups_separator=given).groups_separator == expected


@pytest.mark.parametrize("given", ["|", ",,", "", 7, "comma"])
def test_another_separator_is_refused(given: Any) -> None:
    with pytest.raises(SettingsError, match="groups_separator must be , or ; or a space"):
        Settings(**BASE, groups_separator=given)


@pytest.mark.parametrize("name", ["groups_claim", "email_claim"])
def test_a_claims_name_has_no_empty_part(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be a claim's name"):
        Settings(**(BASE | {name: "a..b"}))
