"""Providers by name: what each stands for, what overrides it, what doctor tells of it, and what is worth a warning."""

from __future__ import annotations

from typing import Any

import pytest

from oidc_gate import Rule, Settings, SettingsError
from oidc_gate.doctor.case import Case, Source
from oidc_gate.doctor.settings_checks import SETTINGS_CHECKS
from oidc_gate.settings.presets import PRESETS
from tests.apps import COOKIE_SECRET

BASE: dict[str, Any] = {"client_id": "app", "client_secret": "of the app, and long", "cookie_secret": COOKIE_SECRET}
TENANT = "0f4c1d7e-1111-4222-8333-00000000000a"


def made(issuer_url: str, **given: Any) -> Settings:
    return Settings(**(BASE | {"issuer_url": issuer_url} | given))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("jumpcloud", {"issuer_url": "https://oauth.id.jumpcloud.com/"}),
        ("JumpCloud-EU", {"issuer_url": "https://oauth.id.eu.jumpcloud.com/"}),
        (" google ", {"issuer_url": "https://accounts.google.com"}),
        (f"entra:{TENANT.upper()}", {"issuer_url": f"https://login.microsoftonline.com/{TENANT}/v2.0"}),
        ("okta:acme.okta.com", {"issuer_url": "https://acme.okta.com"}),
        ("okta:acme.okta.com/oauth2/default", {"issuer_url": "https://acme.okta.com/oauth2/default"}),
        (
            "auth0:acme.eu.auth0.com",
            {
                "issuer_url": "https://acme.eu.auth0.com/",
                "provider_logout_url": (
                    "https://acme.eu.auth0.com/v2/logout?client_id={client_id}&returnTo={return_to}"
                ),
            },
        ),
        ("keycloak:https://id.test/staff", {"issuer_url": "https://id.test/realms/staff"}),
        ("Keycloak: https://id.test/auth/staff", {"issuer_url": "https://id.test/auth/realms/staff"}),
        ("keycloak:https://id.test/realms/staff", {"issuer_url": "https://id.test/realms/staff"}),
        ("keycloak:http://localhost:8080/staff", {"issuer_url": "http://localhost:8080/realms/staff"}),
        (
            "cognito:eu-west-1/eu-west-1_AbC",
            {
                "issuer_url": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC",
                "groups_claim": "cognito:groups",
            },
        ),
        (
            "cognito:cn-north-1/cn-north-1_AbC",
            {
                "issuer_url": "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_AbC",
                "groups_claim": "cognito:groups",
            },
        ),
        ("gitlab", {"issuer_url": "https://gitlab.com"}),
        ("gitlab:git.acme.test:8443", {"issuer_url": "https://git.acme.test:8443"}),
        ("authentik:https://id.test/my-app/", {"issuer_url": "https://id.test/application/o/my-app/"}),
    ],
)
def test_a_name_stands_for_an_issuer_and_what_the_provider_needs(name: str, expected: dict[str, Any]) -> None:
    settings = made(name)
    assert settings.from_preset == expected
    assert settings.preset == name.strip()
    assert {each: getattr(settings, each) for each in expected} == expected
    others = {each: getattr(settings, each) for each in ("groups_claim", "scopes", "response_mode", "userinfo")}
    usual = {each: getattr(made("https://id.test"), each) for each in others}
    assert others == usual | {each: value for each, value in expected.items() if each in usual}


def test_an_address_is_no_name() -> None:
    settings = made("https://id.test/realms/a")
    assert (settings.preset, settings.from_preset) == ("", {})


def test_what_is_given_counts_more_and_from_every_source() -> None:
    name = "cognito:eu-west-1/eu-west-1_AbC"
    settings = made(name, groups_claim="custom:groups")
    assert settings.groups_claim == "custom:groups"
    assert settings.from_preset == {"issuer_url": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC"}
    environ = {f"OIDC_GATE_{field.upper()}": value for field, value in BASE.items()}
    environ |= {"OIDC_GATE_ISSUER_URL": name, "OIDC_GATE_GROUPS_CLAIM": "x"}
    assert Settings.from_env(environ).groups_claim == "x"
    assert made(name).with_options(issuer_url="https://id.test").groups_claim == "groups"
    assert made("https://id.test").with_options(issuer_url=name).groups_claim == "cognito:groups"


def test_many_tenants_at_entra_need_a_list_of_them() -> None:
    settings = made("entra:organizations", allow_tenants=TENANT)
    assert settings.allow_tenants == (TENANT,)
    assert settings.from_preset == {
        "issuer_url": "https://login.microsoftonline.com/organizations/v2.0",
        "require_email_verified": True,
    }
    assert not made("entra:common", allow_tenants=TENANT, require_email_verified=False).require_email_verified
    with pytest.raises(SettingsError, match="allow_tenants"):
        made("entra:common")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("gogle", "Did you mean google?"),
        ("auth:acme.auth0.com", "Did you mean auth0?"),
        ("keyclock:https://id.test/staff", "Did you mean keycloak?"),
        ("jumpclowd", "or jumpcloud, jumpcloud-eu"),
        ("something", "something is neither."),
        ("https:id.test", "must be a URL like"),
        ("entra", "it is written entra:TENANT-ID"),
        ("entra:contoso.onmicrosoft.com", "it is written entra:TENANT-ID, an id like 5f3c"),
        ("okta:acme", "it is written okta:DOMAIN"),
        ("okta:https://acme.okta.com", "it is written okta:DOMAIN"),
        ("okta:acme.okta.com/", "it is written okta:DOMAIN"),
        ("okta:acme.okta.com/oauth2?x", "it is written okta:DOMAIN"),
        ("auth0:acme.auth0.com/", "it is written auth0:DOMAIN"),
        ("auth0:a{b.c", "it is written auth0:DOMAIN"),
        ("keycloak:staff", "it is written keycloak:URL/REALM"),
        ("keycloak:https://id.test/a b", "it is written keycloak:URL/REALM"),
        ("cognito:eu-west-1", "it is written cognito:REGION/POOL"),
        ("cognito:eu-west-1/us-east-1_AbC", "it is written cognito:REGION/POOL"),
        ("cognito:evil.example/evil.example_x", "it is written cognito:REGION/POOL"),
        ("gitlab:", "it is written gitlab, or gitlab:DOMAIN"),
        ("authentik:my-app", "it is written authentik:URL/APPLICATION"),
        ("keycloak:http://id.test/staff", "issuer_url must start with https://"),
    ],
)
def test_a_name_that_is_misspelt_stops_start_up_and_is_told_how_to_be_written(name: str, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        made(name)
    assert str(raised.value).startswith("issuer_url") or raised.value.detail.startswith("issuer_url")
    assert said in raised.value.detail


def test_the_names_are_those_that_are_told() -> None:
    assert set(PRESETS) == {
        *("jumpcloud", "jumpcloud-eu", "jumpcloud-in", "google", "gitlab"),
        *("entra", "okta", "auth0", "keycloak", "cognito", "authentik"),
    }


def test_doctor_tells_what_a_name_stands_for() -> None:
    check = SETTINGS_CHECKS[0]
    source = Source("the environment", ("issuer_url", "client_id"))
    found = check.run(Case(made("cognito:eu-west-1/eu-west-1_AbC"), sources=[source])).found
    assert found == (
        "read: 2 from the environment; cognito:eu-west-1/eu-west-1_AbC stands for issuer_url"
        " https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC, groups_claim cognito:groups"
    )
    assert check.run(Case(made("https://id.test"), sources=[source])).found == "read: 2 from the environment"


# What is worth a second look at a provider

BOSS = {"allow_emails": "boss@acme.test"}
BY_RULE = {"rules": [{"path": "/x", "allow": {"domains": "acme.test"}}], "allow_groups": "a"}


@pytest.mark.parametrize(
    ("issuer", "given", "said"),
    [
        ("google", {"allow_domains": "acme.test"}, "what proves membership is the claim hd"),
        ("google", BY_RULE, "what proves membership is the claim hd"),
        ("google", {"allow_groups": "a"}, None),
        ("https://id.test", {"allow_domains": "acme.test"}, None),
        (
            "google",
            {"allow_domains": "acme.test", "rules": [{"path": "/", "allow": {"claims": {"hd": "acme.test"}}}]},
            None,
        ),
        ("https://id.test", BOSS | {"email_claim": "preferred_username"}, "of which email_verified says nothing"),
        ("https://id.test", BY_RULE | {"email_claim": "upn"}, "of which email_verified says nothing"),
        ("https://id.test", {"allow_groups": "a", "email_claim": "upn"}, None),
        (f"entra:{TENANT}", BOSS | {"email_claim": "preferred_username"}, None),
        ("entra:organizations", BOSS | {"email_claim": "upn", "allow_tenants": TENANT}, "of which email_verified says"),
        (
            "https://login.microsoftonline.com/common/v2.0",
            {"allow_groups": "a", "allow_tenants": f"{TENANT} b"},
            "set require_email_verified = true",
        ),
        ("entra:organizations", BOSS | {"allow_tenants": f"{TENANT} b"}, "which each tenant's administrators choose"),
        ("entra:organizations", BY_RULE | {"allow_tenants": f"{TENANT} b"}, "which each tenant's administrators"),
        ("entra:organizations", {"allow_groups": "a", "allow_tenants": f"{TENANT} b"}, None),
        (
            f"entra:{TENANT}",
            BOSS | {"email_claim": "upn", "require_email_verified": True},
            "require_email_verified has no say",
        ),
        ("https://id.test", BOSS | {"provider_logout_url": "https://id.test/bye"}, "without provider_logout = true"),
        ("auth0:acme.auth0.com", BOSS, None),
        ("cognito:eu-west-1/eu-west-1_A", BOSS | {"provider_logout": True}, "set provider_logout_url to"),
        (
            "cognito:eu-west-1/eu-west-1_A",
            BOSS | {"provider_logout": True, "provider_logout_url": "https://a.test/logout?client_id={client_id}"},
            None,
        ),
        ("https://id.test", BOSS | {"client_assertion_file": __file__}, "client_assertion_file has no use"),
        ("https://id.test", BOSS | {"email_claim": "upn", "scopes": "openid"}, "of which email_verified says nothing"),
    ],
)
def test_what_is_warned_of(issuer: str, given: dict[str, Any], said: str | None) -> None:
    warnings = made(issuer, **given).warnings()
    assert len(warnings) == (0 if said is None else 1 + ("require_email_verified" in given and "entra" not in issuer))
    assert said is None or said in warnings[-1]


@pytest.mark.parametrize("nested", [False, True])
def test_a_function_in_a_rule_may_read_what_is_not_kept(nested: bool) -> None:
    def on_duty(who: Any) -> bool:
        return bool(who.claims.get("shift") == "night")

    allow: Any = {"any": [{"groups": "a"}, on_duty]} if nested else on_duty
    given: dict[str, Any] = {"allow_groups": "a", "rules": [Rule(path="/x", allow=allow)]}
    assert made("https://id.test", **given).warnings() == []
    (warning,) = made("https://id.test", **given, session_claims="shift").warnings()
    assert "name the claims that the rule reads" in warning
