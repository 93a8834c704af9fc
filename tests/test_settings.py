"""Settings: each field once, from every source, with one meaning; what is wrong stops start-up and is told by name."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import os
import pickle
import random
import string
import sys
from pathlib import Path
from typing import Any

import pytest

from oidc_gate import Settings
from oidc_gate.errors import GateError, SettingsError
from oidc_gate.settings.other_names import _MADE_OF_IT, _OTHER_NAMES
from oidc_gate.settings.readers import read_path
from oidc_gate.stores.urls import open_store

ISSUER = "https://id.example.com"
SECRET = "client-secret-that-nobody-may-see"
COOKIE_SECRET = "cookie-secret-that-nobody-may-see"
#: What pages can be dressed in.
LOGO, TEMPLATE = (str(Path(__file__).parent / "branding" / name) for name in ("logo.svg", "page.html"))
REQUIRED: dict[str, Any] = {
    "issuer_url": ISSUER,
    "client_id": "the-app",
    "client_secret": SECRET,
    "cookie_secret": COOKIE_SECRET,
}
REQUIRED_ENVIRONMENT = {f"OIDC_GATE_{name.upper()}": value for name, value in REQUIRED.items()}

#: Every field and its default, as the public contract's table has them (empty text and None: no value).
DEFAULTS: dict[str, Any] = {
    "issuer_url": "",
    "client_id": "",
    "client_secret": "",
    "client_auth_method": "client_secret_basic",
    "client_private_key_file": "",
    "client_assertion_file": "",
    "scopes": ("openid", "profile", "email"),
    "authz_url_params": (),
    "auth_id": "default",
    "response_mode": "query",
    "signing_algs": None,
    "clock_leeway": 60.0,
    "ca_bundle": "",
    "http_timeout": 5.0,
    "insecure_http_issuer": False,
    "pushed": "auto",
    "profile": "",
    "title": "",
    "discovery_url": "",
    "provider_endpoints": (),
    "allow_tenants": None,
    "base_url": "",
    "trusted_proxies": 0,
    "path_prefix": "/oauth2",
    "cookie_secret": (),
    "session_store": "cookie",
    "cookie_deny_list": "",
    "session_cache_seconds": 1.0,
    "session_cache_mb": 32,
    "store_timeout": 2.0,
    "auth_cookie_domain": "",
    "max_session_duration": 43200.0,
    "idle_session_timeout": 3600.0,
    "idle_exempt_paths": None,
    "live_check": 5.0,
    "access_token_for_app": False,
    "session_claims": None,
    "keep_posts": True,
    "login_timeout": 900.0,
    "userinfo": "auto",
    "userinfo_refresh_interval": 0.0,
    "provider_outage_grace": 0.0,
    "require_email_verified": False,
    "allow_emails": None,
    "allow_domains": None,
    "allow_groups": None,
    "groups_claim": "groups",
    "groups_separator": "",
    "email_claim": "email",
    "public_paths": None,
    "rules": None,
    "providers": None,
    "allow_cors_preflight": False,
    "cors_origins": None,
    "identity_headers": "none",
    "identity_jwt": False,
    "remote_user_claim": "email",
    "cache_control": "private",
    "logout_cookies": None,
    "keep_fragment": False,
    "brand_name": "",
    "brand_logo": "",
    "brand_color": "",
    "brand_contact": "",
    "page_template": "",
    "reload": "off",
    "upstream_host": "keep",
    "upstream_timeout": 60.0,
    "insecure_public_upstream": False,
    "provider_logout": False,
    "provider_logout_url": "",
    "metrics": "off",
    "audit": False,
    "bearer_audience": None,
    "bearer_paths": None,
    "bearer_tokens": "jwt",
    "bearer_type": "any",
    "bearer_scopes": None,
    "bearer_clients": None,
    "bearer_cache_seconds": 30.0,
    "bearer_dpop": "off",
    "bearer_client_cert_header": "",
    "protected_resource_metadata": "gate",
}


@dataclasses.dataclass(frozen=True)
class Given:
    """One field, given in text, in code and in TOML, and what must come of it."""

    field: str
    text: str
    code: Any
    expected: Any

    def __str__(self) -> str:
        return self.field

    @property
    def required(self) -> dict[str, Any]:
        """What has to be given besides."""
        needed = REQUIRED | BESIDE.get(self.field, {})
        return {name: value for name, value in needed.items() if value is not None}

    @property
    def required_environment(self) -> dict[str, str]:
        return {f"OIDC_GATE_{name.upper()}": value for name, value in self.required.items()}


#: What a field cannot be without, by its name.
BESIDE: dict[str, dict[str, Any]] = {
    "profile": {"client_auth_method": "private_key_jwt", "client_private_key_file": __file__, "client_secret": None},
    "access_token_for_app": {"session_store": "sqlite:///here.db"},
    "bearer_client_cert_header": {"bearer_audience": "api", "trusted_proxies": "1"},
    **{
        name: {"bearer_audience": "api"}
        for name in (
            *("bearer_paths", "bearer_tokens", "bearer_type", "bearer_scopes", "bearer_clients"),
            *("bearer_cache_seconds", "bearer_dpop", "protected_resource_metadata"),
        )
    },
}


#: Every field once, with a value that is not its default.
GIVEN = [
    Given("issuer_url", "https://other.example/", "https://other.example/", "https://other.example/"),
    Given("client_id", "other-app", "other-app", "other-app"),
    Given("client_secret", "other-secret", "other-secret", "other-secret"),
    Given("client_auth_method", "client_secret_post", "client_secret_post", "client_secret_post"),
    Given("client_private_key_file", __file__, __file__, __file__),
    Given("client_assertion_file", __file__, __file__, __file__),
    Given("scopes", "openid,groups", ["openid", "groups"], ("openid", "groups")),
    Given("authz_url_params", "hd=a.example&max_age=60", {"hd": "a.example", "max_age": 60},
          (("hd", "a.example"), ("max_age", "60"))),
    Given("auth_id", "staff", "staff", "staff"),
    Given("response_mode", "form_post", "form_post", "form_post"),
    Given("signing_algs", "ES256 EdDSA", ["ES256", "EdDSA"], ("ES256", "EdDSA")),
    Given("clock_leeway", "90s", 90, 90.0),
    Given("ca_bundle", __file__, __file__, __file__),
    Given("http_timeout", "2.5", 2.5, 2.5),
    Given("insecure_http_issuer", "yes", True, True),
    Given("pushed", "Always", "always", "always"),
    Given("profile", "FAPI2", "fapi2", "fapi2"),
    Given("title", " Staff ", "Staff", "Staff"),
    Given("discovery_url", "https://in.test/o?p=x", "https://in.test/o?p=x", "https://in.test/o?p=x"),
    Given("provider_endpoints", "jwks_uri=https://in.test/jwks", {"jwks_uri": "https://in.test/jwks"},
          (("jwks_uri", "https://in.test/jwks"),)),
    Given("allow_tenants", "tenant-a tenant-b", ["tenant-a", "tenant-b"], ("tenant-a", "tenant-b")),
    Given("base_url", "https://app.example.com/in/", "https://app.example.com/in/", "https://app.example.com/in"),
    Given("trusted_proxies", "10.0.0.0/8 ::1", ["10.0.0.0/8", "::1"], ("10.0.0.0/8", "::1")),
    Given("path_prefix", "/auth/sso/", "/auth/sso/", "/auth/sso"),
    Given("cookie_secret", "a-new-secret-0123 the-old-one-45678", ["a-new-secret-0123", "the-old-one-45678"],
          ("a-new-secret-0123", "the-old-one-45678")),
    Given("session_store", "sqlite:///here.db", "sqlite:///here.db", "sqlite:///here.db"),
    Given("cookie_deny_list", "sqlite:///ended.db", "sqlite:///ended.db", "sqlite:///ended.db"),
    Given("session_cache_seconds", "0", 0, 0.0),
    Given("session_cache_mb", " 64 ", 64, 64),
    Given("store_timeout", "500ms", 0.5, 0.5),
    Given("auth_cookie_domain", ".Example.com", ".Example.com", "example.com"),
    Given("max_session_duration", "0", 0, 0.0),
    Given("idle_session_timeout", "1h30m", 5400, 5400.0),
    Given("idle_exempt_paths", "/poll,/metrics", ["/poll", "/metrics"], ("/poll", "/metrics")),
    Given("live_check", "2s", "2s", 2.0),
    Given("access_token_for_app", "true", True, True),
    Given("session_claims", "email,department", ["email", "department"], ("email", "department")),
    Given("keep_posts", "off", False, False),
    Given("login_timeout", "10m", 600, 600.0),
    Given("userinfo", "always", "always", "always"),
    Given("userinfo_refresh_interval", "5m", 300, 300.0),
    Given("provider_outage_grace", "1h", 3600, 3600.0),
    Given("require_email_verified", "yes", True, True),
    Given("allow_emails", "Ann@Example.com,bob@b.example", ["Ann@Example.com", "bob@b.example"],
          ("ann@example.com", "bob@b.example")),
    Given("allow_domains", "Example.com", ["Example.com"], ("example.com",)),
    Given("allow_groups", "Staff,the board", ["Staff", "the board"], ("Staff", "the board")),
    Given("groups_claim", "realm_access.roles", "realm_access.roles", "realm_access.roles"),
    Given("groups_separator", "; ", ";", ";"),
    Given("email_claim", "upn", "upn", "upn"),
    Given("public_paths", "/static,/robots.txt", ["/static", "/robots.txt"], ("/static", "/robots.txt")),
    Given("allow_cors_preflight", "true", True, True),
    Given("cors_origins", "https://front.example,http://localhost:3000",
          ["https://front.example", "http://localhost:3000"], ("https://front.example", "http://localhost:3000")),
    Given("identity_headers", "remote-user=email,x-team=groups", {"Remote-User": "email", "x-team": "groups"},
          (("remote-user", "email"), ("x-team", "groups"))),
    Given("identity_jwt", "true", True, True),
    Given("remote_user_claim", "preferred_username", "preferred_username", "preferred_username"),
    Given("cache_control", "force no-store", "force no-store", "force no-store"),
    Given("logout_cookies", "sessionid,csrftoken", ["sessionid", "csrftoken"], ("sessionid", "csrftoken")),
    Given("keep_fragment", "true", True, True),
    Given("brand_name", "Acme", "Acme", "Acme"),
    Given("brand_logo", LOGO, LOGO, LOGO),
    Given("brand_color", "#06F", "#0066ff", "#0066ff"),
    Given("brand_contact", "mailto:it@example.com", "mailto:it@example.com", "mailto:it@example.com"),
    Given("page_template", TEMPLATE, TEMPLATE, TEMPLATE),
    Given("reload", "watch", "watch", "watch"),
    Given("upstream_host", "rewrite", "rewrite", "rewrite"),
    Given("upstream_timeout", "5s", 5, 5.0),
    Given("insecure_public_upstream", "true", True, True),
    Given("provider_logout", "on", True, True),
    Given("provider_logout_url", "https://in.test/bye?to={return_to}", "https://in.test/bye?to={return_to}",
          "https://in.test/bye?to={return_to}"),
    Given("metrics", "Prometheus", "prometheus", "prometheus"),
    Given("audit", "on", True, True),
    Given("bearer_audience", "https://a.example/mcp,api", ["https://a.example/mcp", "api"],
          ("https://a.example/mcp", "api")),
    Given("bearer_paths", "/api,/mcp", ["/api", "/mcp"], ("/api", "/mcp")),
    Given("bearer_tokens", "introspection", "introspection", "introspection"),
    Given("bearer_type", "at+jwt", "at+jwt", "at+jwt"),
    Given("bearer_scopes", "mcp:use api:read", ["mcp:use", "api:read"], ("mcp:use", "api:read")),
    Given("bearer_clients", "cli,agent 7", ["cli", "agent 7"], ("cli", "agent 7")),
    Given("bearer_cache_seconds", "1m", 60, 60.0),
    Given("bearer_dpop", "accept", "accept", "accept"),
    Given("bearer_client_cert_header", "X-SSL-Client-Cert", "X-SSL-Client-Cert",
          "X-SSL-Client-Cert"),
    Given("protected_resource_metadata", "off", "off", "off"),
]  # fmt: skip


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the variables of whoever runs the tests out of them."""
    import os

    for name in [name for name in os.environ if name.startswith("OIDC_GATE_")]:
        monkeypatch.delenv(name)


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def toml(values: dict[str, Any]) -> str:
    """Return the values as TOML; JSON's texts, numbers, truth values and lists are TOML's too."""
    plain = [f"{name} = {json.dumps(value)}" for name, value in values.items() if not isinstance(value, dict)]
    tables = [f"[{name}]\n{toml(value)}" for name, value in values.items() if isinstance(value, dict)]
    return "\n".join(plain + tables) + "\n"


# The table


def test_the_fields_and_their_defaults_are_those_of_the_public_contract() -> None:
    assert {each.name: each.default for each in dataclasses.fields(Settings)} == DEFAULTS


def test_a_field_that_is_not_given_has_its_default() -> None:
    settings = Settings(**REQUIRED)
    assert {name: getattr(settings, name) for name in DEFAULTS} == DEFAULTS | {
        "issuer_url": ISSUER,
        "client_id": "the-app",
        "client_secret": SECRET,
        "cookie_secret": (COOKIE_SECRET,),
    }


def test_every_field_says_what_it_means() -> None:
    assert all(each.metadata["meaning"] for each in dataclasses.fields(Settings))


def test_the_tests_below_give_every_field() -> None:
    # These are in `test_rule_tables.py` and `test_several_providers.py`.
    in_text = [name for name in DEFAULTS if name not in ("rules", "providers")]
    assert [given.field for given in GIVEN] == in_text


# Sources


@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_a_field_is_read_from_a_keyword(given: Given) -> None:
    assert getattr(Settings(**(given.required | {given.field: given.code})), given.field) == given.expected


@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_a_field_is_read_from_text_in_a_keyword(given: Given) -> None:
    assert getattr(Settings(**(given.required | {given.field: given.text})), given.field) == given.expected


@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_a_field_is_read_from_the_environment(given: Given) -> None:
    environ = given.required_environment | {f"OIDC_GATE_{given.field.upper()}": given.text}
    assert getattr(Settings.from_env(environ), given.field) == given.expected


#: What stands for a path may be whatever the system can name.
PATHS = {each.name for each in dataclasses.fields(Settings) if each.metadata["read"] is read_path}


@pytest.mark.parametrize("given", [each for each in GIVEN if each.field not in PATHS], ids=str)
def test_bytes_of_a_variable_that_are_no_utf_8_stop_start_up(given: Given) -> None:
    not_text = os.fsdecode(b"\xff")
    for at in range(len(given.text) + 1):
        text = given.text[:at] + not_text + given.text[at:]
        with pytest.raises(SettingsError, match=f"^{given.field}\\b"):
            Settings.from_env(given.required_environment | {f"OIDC_GATE_{given.field.upper()}": text})
        with pytest.raises(SettingsError, match=f"^{given.field}\\b"):
            Settings(**(given.required | {given.field: text}))


@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_a_field_is_read_from_a_file_that_the_environment_names(given: Given, tmp_path: Path) -> None:
    file = written(tmp_path, "value", f"{given.text}\n")
    environ = {
        name: value for name, value in given.required_environment.items() if name != f"OIDC_GATE_{given.field.upper()}"
    }
    settings = Settings.from_env(environ | {f"OIDC_GATE_{given.field.upper()}_FILE": str(file)})
    assert getattr(settings, given.field) == given.expected


@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_a_field_is_read_from_a_file_that_a_keyword_names(given: Given, tmp_path: Path) -> None:
    required = {name: value for name, value in given.required.items() if name != given.field}
    file = written(tmp_path, "value", f"{given.text}\n")
    options: dict[str, Any] = required | {f"{given.field}_file": file}
    assert getattr(Settings(**options), given.field) == given.expected


@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_a_field_is_read_from_a_toml_file(given: Given, tmp_path: Path) -> None:
    file = written(tmp_path, "gate.toml", toml(given.required | {given.field: given.code}))
    assert getattr(Settings.from_file(file), given.field) == given.expected
    assert getattr(Settings.from_file(str(file)), given.field) == given.expected


@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_a_field_is_read_from_a_file_that_oidc_gate_config_names(given: Given, tmp_path: Path) -> None:
    file = written(tmp_path, "gate.toml", toml(given.required | {given.field: given.code}))
    assert getattr(Settings.from_env({"OIDC_GATE_CONFIG": f" {file} "}), given.field) == given.expected


@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_a_field_can_be_replaced_in_settings_that_stand(given: Given) -> None:
    before = Settings(**given.required)
    after = before.with_options(**{given.field: given.code})
    assert getattr(after, given.field) == given.expected
    assert before == Settings(**given.required)
    assert after.with_options() == after


def test_the_environment_is_that_of_the_process_unless_another_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REQUIRED_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert Settings.from_env() == Settings(**REQUIRED)


def test_an_empty_variable_counts_as_absent_even_a_misspelt_one() -> None:
    empty = {f"OIDC_GATE_{name.upper()}": " " for name in DEFAULTS if name not in REQUIRED}
    files = {f"{name}_FILE": "" for name in empty}
    strange = {"OIDC_GATE_ALOW_EMAILS": "", "OIDC_GATE_CONFIG": " ", "OIDC_GATE_APP": ""}
    assert Settings.from_env(REQUIRED_ENVIRONMENT | empty | files | strange) == Settings(**REQUIRED)


def test_variables_that_are_not_ours_are_left_alone() -> None:
    others = {"PATH": "/bin", "OIDC_CLIENT_ID": "x", "MY_OIDC_GATE_CLIENT_ID": "x", "OIDC_GATE_APP": "mod:app"}
    assert Settings.from_env(REQUIRED_ENVIRONMENT | others) == Settings(**REQUIRED)


@pytest.mark.parametrize("variable", ["oidc_gate_allow_groups", "OIDC_Gate_ALLOW_GROUPS", "OIDC_GATE_allow_groups"])
def test_a_variable_in_the_wrong_case_is_not_passed_over(variable: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.from_env(REQUIRED_ENVIRONMENT | {variable: "staff"})


def test_a_keyword_that_is_none_counts_as_absent() -> None:
    nothing = dict.fromkeys(name for name in DEFAULTS if name not in REQUIRED)
    assert Settings(**REQUIRED, **nothing, client_secret_file=None) == Settings(**REQUIRED)


def test_a_secret_file_counts_when_the_secret_itself_is_none(tmp_path: Path) -> None:
    file = written(tmp_path, "secret", "from-the-file")
    for options in (
        {"client_secret_file": file, "client_secret": None},
        {"client_secret": None, "client_secret_file": file},
    ):
        assert Settings(**(REQUIRED | options)).client_secret == "from-the-file"


# Precedence


@pytest.mark.parametrize("reader", ["from_file", "from_traffic_policy", "from_env"])
def test_the_environment_wins_over_the_file_and_a_keyword_over_both(
    reader: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = REQUIRED | {"client_id": "file", "auth_id": "file", "max_session_duration": "1h"}
    if reader == "from_traffic_policy":
        policy = {"on_http_request": [{"actions": [{"type": "openid-connect", "config": config}]}]}
        file = written(tmp_path, "policy.json", json.dumps(policy))
    else:
        file = written(tmp_path, "gate.toml", toml(config))
    monkeypatch.setenv("OIDC_GATE_AUTH_ID", "environment")
    monkeypatch.setenv("OIDC_GATE_MAX_SESSION_DURATION", "2h")
    if reader == "from_env":
        monkeypatch.setenv("OIDC_GATE_CONFIG", str(file))
        settings = Settings.from_env(max_session_duration="3h")
    else:
        settings = getattr(Settings, reader)(file, max_session_duration="3h")
    assert (settings.client_id, settings.auth_id, settings.max_session_duration) == ("file", "environment", 3 * 3600.0)


def test_precedence_holds_between_a_secret_and_the_file_of_it_and_between_two_names(tmp_path: Path) -> None:
    secret = written(tmp_path, "secret", "from-the-secret-file")
    file = written(tmp_path, "gate.toml", toml(REQUIRED | {"idle_session_duration": "1m", "scope": "openid a"}))
    environ = {"OIDC_GATE_CONFIG": str(file), "OIDC_GATE_CLIENT_SECRET_FILE": str(secret)}
    settings = Settings.from_env(environ | {"OIDC_GATE_IDLE_SESSION_TIMEOUT": "2m"}, scopes="openid b")
    assert settings.client_secret == "from-the-secret-file"
    assert settings.idle_session_timeout == 120
    assert settings.scopes == ("openid", "b")


@pytest.mark.parametrize("path", ["/run/secrets/nope", "/", "", "/\x00"], ids=repr)
@pytest.mark.parametrize("by", ["variable", "variable of a file", "keyword", "keyword of a file", "with_options"])
def test_a_file_whose_place_another_source_takes_need_not_be_here(
    by: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = {"client_secret_file": path, "ca_bundle": "/run/secrets/none.pem"}
    without = {name: value for name, value in REQUIRED.items() if name != "client_secret"}
    file = written(tmp_path, "gate.toml", toml(without | lost))
    options: dict[str, Any] = {"ca_bundle": __file__}
    secret = written(tmp_path, "secret", "wins")
    if by == "with_options":
        settings = Settings(**without, client_secret_file=secret).with_options(client_secret="wins", **options)
        assert (settings.client_secret, settings.files(tmp_path)) == ("wins", [Path(__file__)])
        return
    if by == "variable":
        monkeypatch.setenv("OIDC_GATE_CLIENT_SECRET", "wins")
    elif by == "variable of a file":
        monkeypatch.setenv("OIDC_GATE_CLIENT_SECRET_FILE", str(secret))
    else:
        monkeypatch.setenv("OIDC_GATE_CLIENT_SECRET_FILE", "/run/secrets/nothing")
        options |= {"client_secret": "wins"} if by == "keyword" else {"client_secret_file": str(secret)}
    settings = Settings.from_file(file, **options)
    assert settings.client_secret == "wins"
    named = [secret] if by.endswith("of a file") else []
    assert sorted(settings.files(tmp_path)) == sorted([file, *named, Path(__file__)])
    found: list[Path] = []
    assert settings.read_again(tmp_path, found) == settings
    assert sorted(found) == sorted([file, *named, Path(__file__)])


# Several spellings, one form


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://id.example.com", "https://id.example.com"),
        ("https://id.example.com/", "https://id.example.com/"),
        ("https://id.example.com/.well-known/openid-configuration", "https://id.example.com"),
        ("https://id.example.com/realms/a/", "https://id.example.com/realms/a/"),
        ("https://id.example.com/realms/a/.well-known/openid-configuration", "https://id.example.com/realms/a"),
        ("jumpcloud", "https://oauth.id.jumpcloud.com/"),
        ("JumpCloud", "https://oauth.id.jumpcloud.com/"),
        ("jumpcloud-eu", "https://oauth.id.eu.jumpcloud.com/"),
        ("jumpcloud-in", "https://oauth.id.in.jumpcloud.com/"),
        ("http://localhost:5000", "http://localhost:5000"),
        ("http://127.0.0.1:5000/", "http://127.0.0.1:5000/"),
        ("http://[::1]:5000", "http://[::1]:5000"),
    ],
)
def test_an_issuer_is_taken_in_all_its_spellings(given: str, expected: str) -> None:
    assert Settings(**(REQUIRED | {"issuer_url": given})).issuer_url == expected


@pytest.mark.parametrize(
    ("field", "given", "expected"),
    [
        ("base_url", "https://app.example.com/", "https://app.example.com"),
        ("base_url", "https://app.example.com/a//", "https://app.example.com/a"),
        ("base_url", "http://app.example.com:8080", "http://app.example.com:8080"),
        ("base_url", "https://a_b-1.example.com./*", "https://a_b-1.example.com./*"),
        ("base_url", "http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
        ("path_prefix", "/oauth2/", "/oauth2"),
        ("auth_cookie_domain", ".EXAMPLE.com", "example.com"),
        ("scopes", ["email"], ("openid", "email")),
        ("scopes", "email openid email", ("openid", "email")),
        ("scope", "email", ("openid", "email")),
        ("idle_session_duration", "5m", None),
        ("cache_control", "", ""),
        ("cache_control", "max-age=60, Private", "max-age=60, Private"),
        ("cache_control", "no-cache", "no-cache"),
        ("cache_control", "max-age=0, must-revalidate", "max-age=0, must-revalidate"),
        ("cache_control", "s-maxage=0", "s-maxage=0"),
        ("cache_control", " off ", ""),
        ("cache_control", "OFF", ""),
        ("ca_bundle", Path(__file__), __file__),
        ("client_private_key_file", Path(__file__), __file__),
        ("allow_emails", ["STRAßE@Example.com"], ("straße@example.com",)),
    ],
)
def test_a_setting_is_brought_into_one_form(field: str, given: Any, expected: Any) -> None:
    settings = Settings(**(REQUIRED | {field: given}))
    if field == "idle_session_duration":
        assert settings.idle_session_timeout == 300
    else:
        assert getattr(settings, "scopes" if field == "scope" else field) == expected


def test_cache_control_can_be_turned_off_in_the_environment_where_empty_means_absent() -> None:
    assert Settings.from_env(REQUIRED_ENVIRONMENT | {"OIDC_GATE_CACHE_CONTROL": ""}).cache_control == "private"
    assert Settings.from_env(REQUIRED_ENVIRONMENT | {"OIDC_GATE_CACHE_CONTROL": "off"}).cache_control == ""


@pytest.mark.parametrize("method", ["none", "private_key_jwt"])
def test_a_client_without_a_secret_needs_none(method: str) -> None:
    required = {name: value for name, value in REQUIRED.items() if name != "client_secret"}
    key: dict[str, Any] = {"client_private_key_file": __file__} if method == "private_key_jwt" else {}
    assert Settings(**required, client_auth_method=method, **key).client_secret == ""


# What is wrong is told by name

Wrong = dict[str, Any]

WRONG: list[tuple[str, str, Wrong]] = [
    # the field that the message must name, what it must say besides, and what is given
    ("issuer_url", "missing", {"issuer_url": None}),
    ("issuer_url", "must not be empty", {"issuer_url": ""}),
    ("issuer_url", "must be text", {"issuer_url": 7}),
    ("issuer_url", "must be a URL like", {"issuer_url": "id.example.com"}),
    ("issuer_url", "must be a URL like", {"issuer_url": "ftp://id.example.com"}),
    ("issuer_url", "must be a URL like", {"issuer_url": "https://"}),
    ("issuer_url", "must be a URL like", {"issuer_url": "https://id.example.com?tenant=1"}),
    ("issuer_url", "must be a URL like", {"issuer_url": "https://id.example.com#top"}),
    ("issuer_url", "must be a URL like", {"issuer_url": "https://me:pw@id.example.com"}),
    ("issuer_url", "must be a URL like", {"issuer_url": "https://id.example.com:99999"}),
    ("issuer_url", "must be a URL like", {"issuer_url": "https://id.example.com:0"}),
    ("issuer_url", "must be a URL like", {"issuer_url": "https://[::1"}),
    ("issuer_url", "as browsers send it: id.xn--exmple-cua.com", {"issuer_url": "https://id.exämple.com"}),
    ("issuer_url", "or jumpcloud, jumpcloud-eu", {"issuer_url": "jumpclowd"}),
    ("issuer_url", "must be UTF-8", {"issuer_url": "https://id.example.com/\udcff"}),
    ("issuer_url", "a placeholder in it, /{tenantid}/v2.0",
     {"issuer_url": "https://login.microsoftonline.com/{tenantid}/v2.0"}),
    *[
        ("issuer_url", f"https://{host}/<tenant id>/v2.0", {"issuer_url": f"https://{host}/{tenant}"})
        for host in ("login.microsoftonline.com", "login.microsoftonline.us", "login.partner.microsoftonline.cn",
                     "sts.windows.net")
        for tenant in ("common/v2.0", "Organizations/v2.0/", "consumers")
    ],
    ("issuer_url", "must be a URL like", {"issuer_url": "https://id.example.com/a b"}),
    ("issuer_url", "must be a URL like", {"issuer_url": "https://id.example.com\\evil"}),
    ("issuer_url", "must start with https://", {"issuer_url": "http://id.example.com"}),
    ("issuer_url", "insecure_http_issuer", {"issuer_url": "http://10.0.0.7"}),
    ("client_id", "missing", {"client_id": None}),
    ("client_id", "must be text", {"client_id": 12345}),
    ("client_secret", "missing", {"client_secret": None}),
    ("client_secret", "must not be empty", {"client_secret": " "}),
    ("client_secret", "control characters", {"client_secret": f"{SECRET}\x01{SECRET}"}),
    ("client_secret", "has no use", {"client_auth_method": "none"}),
    ("client_secret", "has no use", {"client_auth_method": "private_key_jwt", "client_private_key_file": __file__}),
    ("client_auth_method", "must be one of: client_secret_basic, ", {"client_auth_method": "basic"}),
    ("client_private_key_file", "needs", {"client_auth_method": "private_key_jwt", "client_secret": None}),
    ("client_private_key_file", "no file that can be read", {"client_private_key_file": "/nonexistent/key.pem"}),
    ("client_private_key_file", "no file that can be read", {"client_private_key_file": "/"}),
    ("client_private_key_file", "must be text", {"client_private_key_file": 7}),
    ("scopes", "empty list", {"scopes": []}),
    ("scopes", "empty list", {"scopes": " , "}),
    ("scopes", "must be a list", {"scopes": {"openid": True}}),
    ("scopes", "offline_access", {"scopes": "openid offline_access"}),
    ("authz_url_params", "must be a map", {"authz_url_params": ["a"]}),
    ("authz_url_params", "must be a query string", {"authz_url_params": "hd"}),
    *[
        ("authz_url_params", f"must not hold {name}, which is a setting", {"authz_url_params": {name: "x"}})
        for name in DEFAULTS if name not in ("client_id", "response_mode")
    ],
    ("authz_url_params", "must not set the same name twice", {"authz_url_params": "hd=a&hd=b"}),
    *[
        ("authz_url_params", f"must not set {name}", {"authz_url_params": {name: "x"}})
        for name in ("response_type", "response_mode", "client_id", "redirect_uri", "scope", "state", "nonce",
                     "code_challenge", "code_challenge_method", "request", "request_uri", "id_token_hint")
    ],
    ("auth_id", "1 to 64 letters", {"auth_id": "my app"}),
    ("auth_id", "1 to 64 letters", {"auth_id": "a.b"}),
    ("auth_id", "1 to 64 letters", {"auth_id": "é"}),
    ("auth_id", "1 to 64 letters", {"auth_id": "a" * 65}),
    ("response_mode", "must be one of: query, form_post", {"response_mode": "fragment"}),
    ("signing_algs", "must not hold none", {"signing_algs": ["RS256", "none"]}),
    ("signing_algs", "must not hold HS256", {"signing_algs": "HS256"}),
    ("signing_algs", "empty list", {"signing_algs": []}),
    ("clock_leeway", "must be a duration", {"clock_leeway": "a minute"}),
    ("ca_bundle", "no file that can be read", {"ca_bundle": "/nonexistent/ca.pem"}),
    ("ca_bundle", "no file that can be read", {"ca_bundle": "/"}),
    ("http_timeout", "more than 0", {"http_timeout": 0}),
    ("http_timeout", "must be a duration", {"http_timeout": -1}),
    ("login_timeout", "more than 0", {"login_timeout": "0"}),
    ("store_timeout", "more than 0", {"store_timeout": 0.0}),
    ("upstream_timeout", "more than 0", {"upstream_timeout": 0}),
    ("insecure_http_issuer", "must be true or false", {"insecure_http_issuer": "maybe"}),
    ("base_url", "must be a URL like", {"base_url": "app.example.com"}),
    ("base_url", "must be a URL like", {"base_url": "https://app.example.com/?x"}),
    ("base_url", "must be a URL like", {"base_url": "https://app.example.com/ünï"}),
    ("base_url", "as browsers send it: xn--mnchen-3ya.example", {"base_url": "https://München.example"}),
    ("base_url", "in ASCII (punycode), as browsers send it", {"base_url": "https://straße.example"}),
    ("base_url", "in ASCII (punycode), as browsers send it", {"base_url": f"https://{'ü' * 70}.example"}),
    *[
        ("base_url", f"without /oauth2/{name}: https://app.example.com:8443/in",
         {"base_url": f"https://app.example.com:8443/in/oauth2/{name}/"})
        for name in ("callback", "login", "logout")
    ],
    ("base_url", "without /sso/callback: https://app.example.com",
     {"base_url": "https://app.example.com/sso/callback", "path_prefix": "/sso/"}),
    ("trusted_proxies", "from 0 to 16", {"trusted_proxies": -1}),
    ("trusted_proxies", "networks like 10.0.0.0/8", {"trusted_proxies": "*"}),
    ("trusted_proxies", "must be a list", {"trusted_proxies": True}),
    ("path_prefix", "must be a path like /oauth2", {"path_prefix": "oauth2"}),
    ("path_prefix", "not / alone", {"path_prefix": "/"}),
    ("path_prefix", "must be a path like", {"path_prefix": "/a//b"}),
    ("path_prefix", "must be a path like", {"path_prefix": "//evil.example"}),
    ("path_prefix", "must be a path like", {"path_prefix": "/a/../b"}),
    ("path_prefix", "must be a path like", {"path_prefix": "/."}),
    ("path_prefix", "must be plain", {"path_prefix": "/a?b"}),
    ("path_prefix", "must be plain", {"path_prefix": "/a%2fb"}),
    ("path_prefix", "must be plain", {"path_prefix": '/a"b'}),
    ("path_prefix", "must be plain", {"path_prefix": "/ä"}),
    ("path_prefix", "must be plain", {"path_prefix": "/a;b"}),
    ("cookie_secret", "missing", {"cookie_secret": None}),
    ("cookie_secret", "at least 16 characters", {"cookie_secret": "secret"}),
    ("cookie_secret", "oidc-gate secret", {"cookie_secret": ["short"]}),
    ("cookie_secret", "fewer than 6 different", {"cookie_secret": "a" * 20}),
    ("cookie_secret", "oidc-gate secret", {"cookie_secret": [COOKIE_SECRET, "abcde" * 9]}),
    ("cookie_secret", "the same again and again", {"cookie_secret": "0123456789abcdef" * 2}),
    ("cookie_secret", "the same again and again", {"cookie_secret": "dashboard-" * 4}),
    ("cookie_secret", "examples have in its place", {"cookie_secret": "ChangeMe-2b7e151628aed2a6abf7158809cf4f3c"}),
    ("cookie_secret", "the same secret twice", {"cookie_secret": f"{COOKIE_SECRET} {COOKIE_SECRET}"}),
    ("cookie_secret", "empty list", {"cookie_secret": ()}),
    ("cookie_secret", "UTF-8", {"cookie_secret": b"\xff" * 32}),
    ("session_store", "must be one of: cookie, sqlite://", {"session_store": "memcached://here"}),
    ("session_store", "must be one of", {"session_store": f"mysql://user:{SECRET}@here"}),
    ("session_store", "must be text", {"session_store": 7}),
    ("session_store", "must be text", {"session_store": ["sqlite:///x.db"]}),
    ("session_cache_seconds", "must be a duration", {"session_cache_seconds": "-1"}),
    ("session_cache_mb", "must be a whole number of MiB, from 1 to 65536", {"session_cache_mb": 0}),
    ("session_cache_mb", "must be a whole number of MiB", {"session_cache_mb": "32M"}),
    ("session_cache_mb", "must be a whole number of MiB", {"session_cache_mb": True}),
    ("auth_cookie_domain", "must be a domain", {"auth_cookie_domain": "example.com:8080"}),
    ("auth_cookie_domain", "must be a domain", {"auth_cookie_domain": "https://example.com"}),
    ("auth_cookie_domain", "must be a domain", {"auth_cookie_domain": "a..example"}),
    ("auth_cookie_domain", "as browsers send it: xn--exmple-cua.com", {"auth_cookie_domain": "exämple.com"}),
    ("auth_cookie_domain", "must be a domain", {"auth_cookie_domain": "example.com; Path=/x"}),
    ("auth_cookie_domain", "does not hold for base_url",
     {"auth_cookie_domain": "example.com", "base_url": "https://badexample.com"}),
    ("max_session_duration", "must be a duration", {"max_session_duration": "-1h"}),
    ("idle_session_timeout", "must be a duration", {"idle_session_timeout": True}),
    ("idle_session_timeout", "must be a duration", {"idle_session_duration": "soon"}),
    ("idle_session_timeout", "both given", {"idle_session_timeout": 60, "idle_session_duration": 60}),
    ("scopes", "both given", {"scope": "openid", "scopes": "openid"}),
    ("userinfo", "must be one of: auto, always, never", {"userinfo": "sometimes"}),
    ("userinfo_refresh_interval", "userinfo is never", {"userinfo": "never", "userinfo_refresh_interval": 60}),
    ("allow_emails", "empty list", {"allow_emails": []}),
    ("allow_emails", "empty list", {"allow_emails": ""}),
    ("allow_emails", "empty list", {"allow_emails": ","}),
    ("allow_emails", "must not be empty", {"allow_emails": [""]}),
    ("allow_emails", "must be a list", {"allow_emails": True}),
    ("allow_emails", "allow_domains", {"allow_emails": ["example.com"]}),
    ("allow_emails", "not an e-mail address", {"allow_emails": ["@example.com"]}),
    ("allow_emails", "not an e-mail address", {"allow_emails": ["ann@"]}),
    ("allow_emails", "not an e-mail address", {"allow_emails": ["a@b@c"]}),
    ("allow_emails", "allow_domains", {"allow_emails": ["*@example.com"]}),
    ("allow_domains", "empty list", {"allow_domains": []}),
    ("allow_domains", "matched exactly", {"allow_domains": ["*.example.com"]}),
    ("allow_domains", "matched exactly", {"allow_domains": [".example.com"]}),
    ("allow_domains", "must be a domain", {"allow_domains": ["@example.com"]}),
    ("allow_domains", "must be a domain", {"allow_domains": ["https://example.com"]}),
    ("allow_domains", "must be a domain", {"allow_domains": ["example.com:443"]}),
    ("allow_groups", "empty list", {"allow_groups": []}),
    ("allow_groups", "must be text", {"allow_groups": [7]}),
    ("allow_groups", "leave allow_groups, allow_emails and allow_domains out", {"allow_groups": ["staff", "*"]}),
    ("groups_claim", "must be a claim's name", {"groups_claim": "realm_access."}),
    ("groups_claim", "must be a claim's name", {"groups_claim": "a..b"}),
    ("groups_claim", "must not be empty", {"groups_claim": ""}),
    ("public_paths", "empty list", {"public_paths": []}),
    ("public_paths", "start with /", {"public_paths": ["static"]}),
    ("public_paths", "dot segments", {"public_paths": ["/a/../b"]}),
    ("public_paths", "dot segments", {"public_paths": ["/./a"]}),
    ("public_paths", "no empty", {"public_paths": ["/a//b"]}),
    ("public_paths", "no empty", {"public_paths": ["//"]}),
    ("public_paths", "whole app public", {"public_paths": ["/"]}),
    ("public_paths", "plain path", {"public_paths": ["/static/*"]}),
    ("public_paths", "plain path", {"public_paths": ["/a;x"]}),
    ("public_paths", "no blank at the end of a segment", {"public_paths": ["/a /b"]}),
    ("public_paths", "no more than 100 segments", {"public_paths": ["/a" * 101]}),
    ("public_paths", "plain path", {"public_paths": ["/a%2fb"]}),
    ("public_paths", "plain path", {"public_paths": ["/a?b"]}),
    ("public_paths", "plain path", {"public_paths": ["/a\\b"]}),
    ("allow_cors_preflight", "must be true or false", {"allow_cors_preflight": "options"}),
    ("identity_headers", "must be one of: none, x-forwarded, ngrok; or a map", {"identity_headers": "all"}),
    ("identity_headers", "must be a map", {"identity_headers": 7}),
    ("identity_headers", "must be a query string", {"identity_headers": "remote-user=email,x"}),
    ("identity_headers", "at least one header", {"identity_headers": {}}),
    ("identity_headers", "none twice", {"identity_headers": {"X-Team": "a", "x-team": "b"}}),
    ("identity_headers", "letters, digits and single dashes", {"identity_headers": {"remote_user": "email"}}),
    ("identity_headers", "letters, digits and single dashes", {"identity_headers": {"x--team": "email"}}),
    ("identity_headers", "letters, digits and single dashes", {"identity_headers": {"x-te\u017fm": "email"}}),
    ("identity_headers", "must not name cookie", {"identity_headers": {"Cookie": "email"}}),
    ("identity_headers", "must not name x-forwarded-proto", {"identity_headers": "x-forwarded-proto=email"}),
    ("identity_headers", "must not name sec-fetch-mode", {"identity_headers": "sec-fetch-mode=email"}),
    ("identity_headers", "must not name x-oidc-gate-jwt", {"identity_headers": {"X-Oidc-Gate-Jwt": "email"}}),
    ("identity_headers", "must not name x-original-url", {"identity_headers": {"x-original-url": "email"}}),
    ("identity_headers", "must not name script-name", {"identity_headers": {"script-name": "email"}}),
    ("identity_headers", "must not name set-cookie", {"identity_headers": {"set-cookie": "email"}}),
    ("identity_headers", "must not name content-length", {"identity_headers": "content-length=email"}),
    ("identity_headers", "must name a claim for x-team", {"identity_headers": {"x-team": " "}}),
    ("identity_headers", "must name a claim for x-team", {"identity_headers": "x-team="}),
    ("remote_user_claim", "must not be empty", {"remote_user_claim": ""}),
    ("cache_control", "must be text", {"cache_control": 7}),
    ("cache_control", "control characters", {"cache_control": "private\r\nset-cookie: a=b"}),
    ("cache_control", "value of a header", {"cache_control": "privät"}),
    ("cache_control", "shared caches", {"cache_control": "Public, max-age=60"}),
    ("cache_control", "shared caches", {"cache_control": "force public, no-store"}),
    ("cache_control", "put private in front: private, max-age=300", {"cache_control": "max-age=300"}),
    ("cache_control", "put private in front", {"cache_control": "s-maxage=10, must-revalidate"}),
    ("cache_control", "without quotes", {"cache_control": 'private="set-cookie"'}),
    ("cache_control", "without quotes", {"cache_control": 'max-age=9, x="a, private, b"'}),
    ("cache_control", "force needs a value", {"cache_control": "force"}),
    ("cache_control", "force needs a value", {"cache_control": "Force max-age=60"}),
    ("reload", "must be one of", {"reload": "on"}),
    ("upstream_host", "keep, rewrite, or a host", {"upstream_host": "a b"}),
    ("upstream_host", "control characters", {"upstream_host": "app\r\nX-Injected: 1"}),
    ("logout_cookies", "empty list", {"logout_cookies": []}),
    ("logout_cookies", "is not the name of a cookie", {"logout_cookies": "a b"}),
    ("logout_cookies", "is not the name of a cookie", {"logout_cookies": "a=1; Domain=x"}),
    ("logout_cookies", "the gate's own", {"logout_cookies": "__Host-oidc_gate.default"}),
    ("logout_cookies", "the gate's own", {"logout_cookies": "oidc_gate.default.login.x"}),
    ("idle_exempt_paths", "start with /", {"idle_exempt_paths": "poll"}),
    ("idle_exempt_paths", "in the middle of use", {"idle_exempt_paths": "/"}),
    ("idle_exempt_paths", "plain path", {"idle_exempt_paths": "/poll/*"}),
    ("provider_logout", "must be true or false", {"provider_logout": "sure"}),
    # unknown and misspelt names
    ("policies", "not a setting", {"policies": []}),
    ("rules", "empty list", {"rules": []}),
    ("policies", "not a setting", {"policies": None}),
    ("alow_emails", "Did you mean allow_emails?", {"alow_emails": "a@b"}),
    ("allow_email", "Did you mean allow_emails?", {"allow_email": "a@b"}),
    ("allow_email", "Did you mean allow_emails?", {"allow_email": None}),
    ("client_sercet_file", "Did you mean", {"client_sercet_file": "/x"}),
    ("verify", "not a setting", {"verify": False}),
    *[
        (table, "settings stand at the top level, in no table", {table: {"client_id": "x"}})
        for table in ("oidc", "oidc_gate", "tool", "client")
    ],
    ("Client_Id", "Did you mean client_id?", {"Client_Id": "x"}),
    # programs
    *[
        (name, "no use without bearer_audience", {name: value})
        for name, value in {"bearer_paths": "/api", "bearer_tokens": "auto", "bearer_type": "at+jwt",
                            "bearer_scopes": "a", "bearer_clients": "a", "bearer_cache_seconds": 1,
                            "bearer_dpop": "accept", "protected_resource_metadata": "off"}.items()
    ],
    ("bearer_audience", "must not hold client_id", {"bearer_audience": ["api", "the-app"]}),
    ("bearer_paths", "leave that out", {"bearer_audience": "api", "bearer_paths": "/"}),
    ("bearer_paths", "must start with /", {"bearer_audience": "api", "bearer_paths": "api"}),
    ("bearer_paths", "plain path", {"bearer_audience": "api", "bearer_paths": "/api/*"}),
    ("bearer_tokens", "must be one of: jwt, introspection, auto", {"bearer_audience": "a", "bearer_tokens": "opaque"}),
    ("bearer_scopes", "several are a list", {"bearer_audience": "api", "bearer_scopes": ["a b"]}),
    ("bearer_scopes", "is no scope", {"bearer_audience": "api", "bearer_scopes": ['a"b']}),
    ("bearer_client_cert_header", "needs trusted_proxies",
     {"bearer_audience": "api", "bearer_client_cert_header": "X-Cert"}),
    *(("bearer_client_cert_header", "has another meaning",
       {"bearer_audience": "api", "bearer_client_cert_header": name, "trusted_proxies": 1})
      for name in ("Cookie", "authorization", "Host", "DPoP", "X-Forwarded-For")),
    ("bearer_client_cert_header", "is not the name of a header",
     {"bearer_audience": "api", "bearer_client_cert_header": "X Cert", "trusted_proxies": 1}),
    *[
        ("cors_origins", says, {"cors_origins": [origin]})
        for origin, says in {"*": "stands for any site", "null": "stands for any site",
                             "front.example": "must be a URL",
                             "https://front.example/": "as browsers send it",
                             "https://Front.example": "as browsers send it",
                             "https://front.example:443": "as browsers send it"}.items()
    ],
    # hosts that nobody has
    *[
        (name, says, {name: text})
        for name, text, says in (
            ("base_url", "https://*.example.com", "a host is compared whole; write the one that people open, or leave"),
            ("base_url", f"https://me:{SECRET}@*.example.com", "base_url must be a URL like https://example.com"),
            ("base_url", f"https://me:se*{SECRET}/x@a.example.com", "base_url must be a URL like https://example.com"),
            ("base_url", "https://*.example.com", "base_url: *.example.com has * in it"),
            ("base_url", "http://localhost:*", "localhost:* has * in it"),
            ("cors_origins", "https://*.example.com", "list each, like https://one.example.com"),
            ("cors_origins", "https://a.example,https://b-*.example", "b-*.example has * in it"),
            ("issuer_url", "https://*.okta.com/a", "*.okta.com has * in it, and a host is compared whole; write it"),
            ("issuer_url", "okta:*.okta.com", "is not in form"),
            ("discovery_url", "https://*?p=a", "* has * in it"),
            ("provider_endpoints", "jwks_uri=https://*.in.test/jwks", "provider_endpoints, jwks_uri: *.in.test has *"),
            ("provider_logout_url", "https://*.in.test/out?r={return_to}", "*.in.test has * in it"),
            ("brand_contact", "https://*.example.com/help", "an address like mailto"),
            *((name, f"https://{host}.example.com", "must be a URL like")
              for name in ("base_url", "cors_origins", "issuer_url", "discovery_url")
              for host in ("{tenant}", "$HOST", "%61", "a,b", "(a|b)")),
        )
    ],
    # secrets in files
    ("client_secret_file", "both given", {"client_secret_file": __file__}),
    ("client_secret_file", "cannot be read (No such file", {"client_secret": None, "client_secret_file": "/nowhere"}),
    ("client_secret_file", "cannot be read (Is a directory", {"client_secret": None, "client_secret_file": "/"}),
    ("client_secret_file", "must be text", {"client_secret": None, "client_secret_file": 7}),
    ("client_secret_file", "must not be empty", {"client_secret": None, "client_secret_file": ""}),
    ("client_secret_file", "control characters", {"client_secret": None, "client_secret_file": "/\x00"}),
    ("client_secret_file", "path of a file", {"client_secret": None, "client_secret_file": "/\ud800"}),
    ("client_secret_file", "cannot be read (File name too long)",
     {"client_secret": None, "client_secret_file": "/" + "a" * 300}),
]  # fmt: skip


def wrong_id(value: Any) -> str | None:
    return repr(value)[:60] if isinstance(value, dict) else None


@pytest.mark.parametrize(("field", "says", "given"), WRONG, ids=wrong_id)
def test_a_wrong_setting_stops_start_up_with_a_message_that_names_it(field: str, says: str, given: Wrong) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings(**(REQUIRED | given))
    message = str(raised.value)
    assert field in message
    assert says in message
    assert SECRET not in message
    assert COOKIE_SECRET not in message


#: What no setting takes, or takes for what it is; nothing but a SettingsError may come of it.
STRANGE: list[Any] = [
    "", " ", "\x00", "\ud800", "\udcff", "½", "a" * 10_000, "9" * 5_000, "http://[", "redis://[", "sqlite:///\ud800",
    0, -1, 1.5, 10**400, float("nan"), float("inf"), True, False, None, b"", b"\xff", object(), Settings, range(3),
    [], (), set(), [None], [[]], [b"x"], ["\ud800"], {}, {"a": None}, {"a": "\ud800"}, {1: 2}, {"a\n": "b"},
]  # fmt: skip


@pytest.mark.parametrize("field", DEFAULTS)
def test_whatever_is_given_for_a_setting_is_taken_or_told_by_name(field: str) -> None:
    for given in STRANGE:
        for name in (field, f"{field}_file"):
            try:
                Settings(**(REQUIRED | {name: given}))
            except SettingsError as error:
                assert field in str(error), given  # noqa: PT017
                assert SECRET not in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("issuer", "issuer_url"),
        ("isuer_url", "issuer_url"),
        ("clientid", "client_id"),
        ("allowed_groups", "allow_groups"),
        ("allow_cors", "allow_cors_preflight"),
        ("cookie_domain", "auth_cookie_domain"),
        ("proxies", "trusted_proxies"),
        ("client_sercet_file", "client_secret"),
        ("public_url", "base_url"),
        ("External_URL", "base_url"),
        ("redirect_url", "base_url"),
        ("issuer_uri", "issuer_url"),
        ("oidc_client_id", "client_id"),
        ("oauth2_issuer", "issuer_url"),
        ("oidc_isuer_url", "issuer_url"),
        ("client_auth", "client_auth_method"),
        ("allowed_domains", "allow_domains"),
        ("email-domains", "allow_domains"),
        ("secret", "client_secret or cookie_secret"),
        ("groups", "allow_groups or groups_claim"),
        ("session_secret_file", "cookie_secret"),
        ("redis_url", "session_store"),
        ("skip_auth_routes", "public_paths"),
    ],
)
def test_the_name_that_was_meant_is_proposed(misspelt: str, meant: str) -> None:
    with pytest.raises(SettingsError, match=rf"^{misspelt} is not .* Did you mean {meant}\?"):
        Settings(**(REQUIRED | {misspelt: "x"}))


@pytest.mark.parametrize("unknown", ["allow_users", "cookie_path", "session", "url", "oidc_", "verify", "mail", "_"])
def test_what_is_far_off_is_not_proposed(unknown: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings(**(REQUIRED | {unknown: "x"}))
    assert "Did you mean" not in str(raised.value)


def test_other_names_are_those_of_settings_and_no_settings_themselves() -> None:
    assert set(_OTHER_NAMES) <= set(DEFAULTS)
    assert {name for names in _OTHER_NAMES.values() for name in names.split()}.isdisjoint(DEFAULTS)
    assert set(_OTHER_NAMES["base_url"].split()) >= _MADE_OF_IT


@pytest.mark.parametrize("alphabet", ["0123456789", "0123456789abcdef", string.ascii_letters + string.digits + "-_"])
@pytest.mark.parametrize("length", [24, 43, 64, 500, 5000])
def test_a_random_secret_of_any_alphabet_is_taken(alphabet: str, length: int) -> None:
    chosen = random.Random(f"{alphabet} {length}")
    for _ in range(50):
        secret = "".join(chosen.choices(alphabet, k=length))
        assert Settings(**(REQUIRED | {"cookie_secret": secret})).cookie_secret == (secret,)


def test_a_settings_error_is_a_value_error_with_a_stable_code() -> None:
    with pytest.raises(ValueError, match="client_id is missing") as raised:
        Settings(**(REQUIRED | {"client_id": None}))
    assert isinstance(raised.value, GateError)
    assert raised.value.code == "settings"


def test_settings_are_given_by_name_alone() -> None:
    with pytest.raises(TypeError, match="positional"):
        Settings("https://id.example.com")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("variable", "says"),
    [
        ("OIDC_GATE_ALOW_EMAILS", "Did you mean OIDC_GATE_ALLOW_EMAILS?"),
        ("OIDC_GATE_ALLOW_EMAIL_FILE", "Did you mean OIDC_GATE_ALLOW_EMAILS?"),
        ("OIDC_GATE_PUBLIC_URL", "Did you mean OIDC_GATE_BASE_URL? Correct"),
        ("OIDC_GATE_REDIRECT_URL", "OIDC_GATE_BASE_URL? The redirect URI is made of it: /oauth2/callback below it."),
        ("OIDC_GATE_SECRET", "Did you mean OIDC_GATE_CLIENT_SECRET or OIDC_GATE_COOKIE_SECRET?"),
        ("OIDC_GATE_OIDC_CLIENT_ID", "Did you mean OIDC_GATE_CLIENT_ID?"),
        ("OIDC_GATE_POLICIES", "Correct or unset it"),
        ("OIDC_GATE_XYZZY", "Correct or unset it"),
        ("OIDC_GATE_Client_Id", "Did you mean OIDC_GATE_CLIENT_ID?"),
        ("oidc_gate_client_id", "Did you mean OIDC_GATE_CLIENT_ID?"),
        ("OIDC_GATE_", "Correct or unset it"),
    ],
)
def test_a_misspelt_variable_stops_start_up(variable: str, says: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings.from_env(REQUIRED_ENVIRONMENT | {variable: SECRET})
    assert f"{variable} is not a setting" in str(raised.value)
    assert says in str(raised.value)
    assert SECRET not in str(raised.value)


def test_a_variable_and_the_file_of_it_contradict_each_other(tmp_path: Path) -> None:
    file = written(tmp_path, "secret", SECRET)
    with pytest.raises(SettingsError, match="client_secret and client_secret_file are both given"):
        Settings.from_env(REQUIRED_ENVIRONMENT | {"OIDC_GATE_CLIENT_SECRET_FILE": str(file)})


def test_with_options_checks_the_whole_again() -> None:
    settings = Settings(**REQUIRED)
    with pytest.raises(SettingsError, match="userinfo_refresh_interval"):
        settings.with_options(userinfo="never", userinfo_refresh_interval="5m")
    with pytest.raises(SettingsError, match="alow_emails is not a setting"):
        settings.with_options(alow_emails="a@b")  # type: ignore[call-arg]  # told by type checkers too


def test_a_misspelt_name_in_a_file_is_told_with_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "gate.toml", toml(REQUIRED))
    with pytest.raises(SettingsError, match=r"^alow_emails is not a setting"):
        Settings.from_file(file, alow_emails="a@b")  # type: ignore[call-arg]  # not of the file
    file = written(tmp_path, "gate.toml", toml(REQUIRED | {"alow_emails": "a@b"}))
    with pytest.raises(SettingsError, match=f"^{file}: alow_emails is not a setting"):
        Settings.from_file(file)


def test_settings_cannot_be_changed() -> None:
    settings = Settings(**REQUIRED)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.client_id = "x"  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del settings.client_id


def test_settings_compare_by_value_and_can_be_copied_pickled_and_hashed() -> None:
    settings = Settings(**REQUIRED, allow_emails="a@b", authz_url_params={"hd": "x"})
    for twin in (copy.deepcopy(settings), pickle.loads(pickle.dumps(settings)), settings.with_options()):
        assert twin == settings
        assert hash(twin) == hash(settings)
        assert twin.with_options(client_id="x") == settings.with_options(client_id="x") != settings


# T25: an inert rule lets nobody in by mistake


@pytest.mark.parametrize(
    "field", ["allow_emails", "allow_domains", "allow_groups", "public_paths", "scopes", "signing_algs"]
)
@pytest.mark.parametrize("given", ["", " ", ",", [], (), set(), [""], [" "], ["", "a@b.example"]], ids=repr)
def test_an_empty_list_is_refused_rather_than_taken_for_everyone(field: str, given: Any) -> None:
    with pytest.raises(SettingsError, match=f"^{field} must not be (empty|an empty list)"):
        Settings(**(REQUIRED | {field: given}))


@pytest.mark.parametrize("field", ["allow_emails", "allow_domains", "allow_groups"])
def test_an_empty_list_in_a_file_is_refused_too(field: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"^{field} must not be an empty list"):
        Settings.from_file(written(tmp_path, "gate.toml", toml(REQUIRED | {field: []})))
    with pytest.raises(SettingsError, match=f"^{field}_file: .*: {field} must not be an empty list"):
        Settings(**(REQUIRED | {f"{field}_file": written(tmp_path, "empty", "\n")}))
    with pytest.raises(SettingsError, match=f"^{field} must not be an empty list"):
        Settings.from_env(REQUIRED_ENVIRONMENT | {f"OIDC_GATE_{field.upper()}": " , "})


def test_without_any_rule_the_operator_is_told_that_everyone_may_pass() -> None:
    settings = Settings(**REQUIRED)
    assert settings.warnings() == [
        "every user of the provider may pass: no allow_emails, allow_domains or allow_groups is set"
    ]
    rules: list[dict[str, Any]] = [{"allow_emails": "a@b"}, {"allow_domains": "b"}, {"allow_groups": "c"}]
    for rule in rules:
        assert settings.with_options(**rule).warnings() == []


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"max_session_duration": 0, "idle_session_timeout": 0}, "sessions never end"),
        ({"trusted_proxies": "10.0.0.0/8 0.0.0.0/0"}, "trusted_proxies trusts every address"),
        ({"trusted_proxies": "::/0"}, "trusted_proxies trusts every address"),
        ({"public_paths": ["/a", "/oauth2/health"]}, "public_paths: /oauth2/health is among the gate's own paths"),
        ({"public_paths": "/gate", "path_prefix": "/gate"}, "public_paths: /gate is among the gate's own paths"),
        ({"allow_domains": "example.com", "scopes": "openid profile"}, "allow_emails and allow_domains need the claim"),
        ({"allow_emails": "a@b.example", "scopes": "groups"}, "allow_emails and allow_domains need the claim"),
        ({"idle_session_timeout": "2h", "max_session_duration": "1h"}, "idle_session_timeout (7200 s) has no effect"),
        ({"allow_groups": "eng-*"}, "allow_groups: eng-* stands for the one group of just this name"),
        ({"base_url": "https://app.example.com/in/"}, "base_url has the path /in: the proxy in front must take it off"),
    ],
    ids=repr,
)
def test_what_is_worth_a_second_look_is_told_to_the_operator(options: dict[str, Any], says: str) -> None:
    (warning,) = Settings(**(REQUIRED | {"allow_groups": "staff"} | options)).warnings()
    assert warning.startswith(says)


@pytest.mark.parametrize(
    "options",
    [
        {"max_session_duration": 0},
        {"idle_session_timeout": 0},
        {"trusted_proxies": "10.0.0.0/8"},
        {"trusted_proxies": 3},
        {"max_session_duration": "30m"},
        {"idle_session_timeout": "2h", "max_session_duration": 0},
        {"allow_groups": "staff", "scopes": "openid groups"},
        {"base_url": "https://app.example.com"},
    ],
    ids=repr,
)
def test_what_is_common_is_not_worth_a_second_look(options: dict[str, Any]) -> None:
    assert Settings(**(REQUIRED | {"allow_groups": "staff"} | options)).warnings() == []


def test_a_store_of_the_callers_own_is_taken_as_it_is(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/sessions.db", 2.0)
    assert Settings(**REQUIRED, session_store=store).session_store is store


@pytest.mark.parametrize("url", ["sqlite:///sessions.db", "redis://localhost:6379/0", "rediss://cache.example.com/1"])
def test_a_store_lets_refresh_tokens_be_asked_for(url: str) -> None:
    settings = Settings(**REQUIRED, session_store=url, scopes="openid offline_access")
    assert (settings.session_store, settings.scopes) == (url, ("openid", "offline_access"))


def test_a_public_client_is_told_to_the_operator() -> None:
    settings = Settings(**(REQUIRED | {"client_secret": None}), client_auth_method="none", allow_groups="staff")
    assert [warning.split(":")[0] for warning in settings.warnings()] == ["client_auth_method is none"]


# Secrets are not told


def test_no_secret_stands_in_the_text_of_settings() -> None:
    settings = Settings(**REQUIRED)
    for text in (repr(settings), str(settings), f"{settings}", format(settings)):
        assert ISSUER in text
        assert SECRET not in text
        assert COOKIE_SECRET not in text
        assert "session_store" not in text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("gate.toml", f"client_secret = '{SECRET}\n"),
        ("gate.toml", f"client_secret = {SECRET}\n"),
        ("gate.toml", f"client_secret {SECRET}\n"),
        ("gate.toml", f"client_secret = '{SECRET}' '{COOKIE_SECRET}'\n"),
        ("gate.toml", f"client_secret = '{SECRET}'\nclient_secret = '{COOKIE_SECRET}'\n"),
        ("gate.toml", f'client_secret = "{SECRET}\\x"\n'),
        ("gate.toml", f"x = {'9' * 5000}\nclient_secret = '{SECRET}'\n"),
        ("policy.yaml", f"client_secret: '{SECRET}\n"),
        ("policy.yaml", f"client_secret: {SECRET}: {COOKIE_SECRET}\n"),
        ("policy.yaml", f"client_secret: @{SECRET}\n"),
        ("policy.yaml", f"client_secret: {SECRET}\n\tcookie_secret: {COOKIE_SECRET}\n"),
        ("policy.yaml", f"client_secret: !!python/name:{SECRET} x\n"),
        ("policy.yaml", f"client_secret: *{SECRET}\n"),
        ("policy.yaml", f"? [{SECRET}]\n: {COOKIE_SECRET}\n"),
        ("policy.yml", f"expires: 2024-99-99\nclient_secret: {SECRET}\n"),
        ("policy.yaml", f"{SECRET}\x07"),
        ("policy.json", f'{{"client_secret": "{SECRET}", }}'),
        ("policy.json", f'{{"client_secret": "{SECRET}\n"}}'),
        ("policy.json", f'{{"client_secret": {SECRET}}}'),
    ],
)
def test_an_error_of_syntax_names_the_file_and_tells_nothing_of_its_lines(name: str, text: str, tmp_path: Path) -> None:
    file = written(tmp_path, name, text)
    with pytest.raises(SettingsError, match=r"is not valid (TOML|YAML|JSON)") as raised:
        Settings.from_file(file)
    assert name in str(raised.value)
    assert SECRET not in str(raised.value)
    assert COOKIE_SECRET not in str(raised.value)
    assert raised.value.__suppress_context__, "a traceback would show the parser's own words"


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file"), (b"\xff\xfe\x00", "not UTF-8 text"), ("folder", "Is a directory")]
)
@pytest.mark.parametrize("name", ["gate.toml", "policy.yaml", "policy.json"])
def test_a_file_that_cannot_be_read_is_told_by_name(name: str, content: Any, reason: str, tmp_path: Path) -> None:
    file = tmp_path / name
    if content == "folder":
        file.mkdir()
    elif content:
        file.write_bytes(content)
    with pytest.raises(SettingsError, match=f"{name} cannot be read .{reason}"):
        Settings.from_file(file)


def test_a_mark_at_the_start_of_a_file_that_says_utf_8_is_no_part_of_it(tmp_path: Path) -> None:
    """Editors of Windows write one."""
    secret = tmp_path / "secret"
    secret.write_text("of the app", encoding="utf-8-sig")
    file = tmp_path / "gate.toml"
    file.write_text(toml(REQUIRED), encoding="utf-8-sig")
    without = {name: value for name, value in REQUIRED.items() if name != "client_secret"}
    assert Settings(**without, client_secret_file=secret).client_secret == "of the app"
    assert Settings.from_file(file).client_id == REQUIRED["client_id"]


@pytest.mark.parametrize("names", [("scope", "scopes"), ("scopes", "scope")])
def test_a_setting_under_two_names_is_told_by_both(names: tuple[str, str]) -> None:
    options: Any = dict.fromkeys(names, "openid")
    with pytest.raises(SettingsError, match=r"^scope and scopes are both given; keep one of them\."):
        Settings(**REQUIRED, **options)


# ngrok Traffic Policy

POLICY = """
on_http_request:
  - name: sign in
    actions:
      - type: openid-connect
        config:
          issuer_url: https://id.example.com
          auth_id: staff
          client_id: the-app
          client_secret: client-secret-that-nobody-may-see
          scopes:
            - openid
            - profile
            - groups
          authz_url_params:
            hd: example.com
            max_age: 300
          max_session_duration: 12h30m
          {idle}: 3600s
          userinfo_refresh_interval: 15m
          allow_cors_preflight: true
          auth_cookie_domain: example.com
"""

FROM_POLICY = {
    "issuer_url": "https://id.example.com",
    "auth_id": "staff",
    "client_id": "the-app",
    "client_secret": SECRET,
    "scopes": ("openid", "profile", "groups"),
    "authz_url_params": (("hd", "example.com"), ("max_age", "300")),
    "max_session_duration": 45000.0,
    "idle_session_timeout": 3600.0,
    "userinfo_refresh_interval": 900.0,
    "allow_cors_preflight": True,
    "auth_cookie_domain": "example.com",
}


def as_json(policy: str) -> str:
    import yaml

    return json.dumps(yaml.safe_load(policy))


@pytest.mark.parametrize("kind", ["openid-connect", "oidc"])
@pytest.mark.parametrize("idle", ["idle_session_duration", "idle_session_timeout"])
@pytest.mark.parametrize("name", ["policy.yaml", "policy.yml", "policy.json", "policy", "policy.YAML"])
def test_a_traffic_policy_is_read_with_all_fields_of_the_action(
    name: str, idle: str, kind: str, tmp_path: Path
) -> None:
    policy = POLICY.format(idle=idle).replace("type: openid-connect", f"type: {kind}")
    text = as_json(policy) if name in ("policy.json", "policy") else policy
    settings = Settings.from_traffic_policy(written(tmp_path, name, text), cookie_secret=COOKIE_SECRET)
    assert {field: getattr(settings, field) for field in FROM_POLICY} == FROM_POLICY


@pytest.mark.parametrize("name", ["policy.yaml", "policy.yml", "policy.json"])
def test_a_traffic_policy_may_be_the_configuration_file(name: str, tmp_path: Path) -> None:
    policy = POLICY.format(idle="idle_session_timeout")
    file = written(tmp_path, name, as_json(policy) if name.endswith("json") else policy)
    environ = {"OIDC_GATE_CONFIG": str(file), "OIDC_GATE_COOKIE_SECRET": COOKIE_SECRET}
    assert Settings.from_env(environ).auth_id == "staff"
    assert Settings.from_file(file, cookie_secret=COOKIE_SECRET).auth_id == "staff"


def test_the_scopes_of_a_policy_may_be_named_in_the_singular(tmp_path: Path) -> None:
    file = written(tmp_path, "policy.yaml", POLICY.format(idle="idle_session_timeout").replace("scopes:", "scope:"))
    assert Settings.from_traffic_policy(file, cookie_secret=COOKIE_SECRET).scopes == FROM_POLICY["scopes"]


def policy_of(*actions: dict[str, Any], **rule: Any) -> dict[str, Any]:
    return {"on_http_request": [{"actions": list(actions), **rule}]}


ACTION: dict[str, Any] = {"type": "openid-connect", "config": {name: REQUIRED[name] for name in list(REQUIRED)[:3]}}


def read_policy(tmp_path: Path, policy: Any, **options: Any) -> Settings:
    file = written(tmp_path, "policy.json", json.dumps(policy))
    return Settings.from_traffic_policy(file, **({"cookie_secret": COOKIE_SECRET} | options))


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        pytest.param([], "must be a map with on_http_request", id="a list"),
        pytest.param("text", "must be a map with on_http_request", id="a text"),
        pytest.param(None, "must be a map with on_http_request", id="nothing"),
        pytest.param({}, "one openid-connect action under on_http_request; it has 0", id="an empty map"),
        pytest.param({"on_http_request": None}, "it has 0", id="an empty phase"),
        pytest.param({"on_http_request": {}}, "on_http_request must be a list of rules", id="a phase that is no list"),
        pytest.param({"on_http_request": ["x"]}, "each rule under on_http_request must be a map", id="a rule of text"),
        pytest.param({"on_http_request": [{}]}, "with a list of actions", id="a rule without actions"),
        pytest.param({"on_http_request": [{"actions": ["deny"]}]}, "with a list of actions", id="an action of text"),
        pytest.param(policy_of(ACTION, ACTION), "it has 2", id="two actions"),
        pytest.param({"on_tcp_connect": policy_of(ACTION)["on_http_request"]}, "it has 0", id="in another phase"),
        pytest.param(policy_of(ACTION, {"type": "restrict-ips"}), "'restrict-ips'. Remove it", id="addresses"),
        pytest.param(policy_of(ACTION, {"type": ["deny"]}), "allow_emails, allow_domains or allow_groups", id="a list"),
        pytest.param(policy_of(ACTION, {}), "does not carry out the action None", id="no type"),
        pytest.param(
            policy_of(ACTION) | {"on_tcp_connect": [{"actions": [{"type": "restrict-ips"}]}]},
            "'restrict-ips'. Remove it",
            id="addresses, in another phase",
        ),
        pytest.param(policy_of(ACTION) | {"on_http_response": ["x"]}, "each rule under on_http_response", id="phase"),
        pytest.param(policy_of({"type": "oidc"}), "issuer_url is missing", id="no config"),
        pytest.param(policy_of({"type": "oidc", "config": "x"}), "must be a map of settings", id="a config of text"),
        pytest.param(policy_of(ACTION | {"allow_groups": ["x"]}), "allow_groups has no effect beside", id="in action"),
        pytest.param(policy_of(ACTION, allow_groups=["x"]), "allow_groups has no effect in a rule", id="in a rule"),
        pytest.param(policy_of(ACTION) | {"allow_groups": ["x"]}, "allow_groups has no effect at the top", id="at top"),
        pytest.param(policy_of(ACTION) | {"allow_groups": {}}, "allow_groups has no effect at the top", id="a map"),
        pytest.param(policy_of(ACTION) | {"on_tcp_connect": {"a": 1}}, "on_tcp_connect must be a list", id="no list"),
        pytest.param({"spec": {"policy": policy_of(ACTION)}}, "spec has no effect at the top", id="Kubernetes' form"),
        pytest.param(
            policy_of({"type": "oidc", "config": ACTION["config"] | {"allow_groups": "${vars.groups}"}}),
            "give OIDC_GATE_ALLOW_GROUPS instead",
            id="a list that only ngrok can work out",
        ),
        pytest.param(policy_of({"type": "oidc", "config": {"policy": []}}), "policy is not a setting", id="unknown"),
    ],
)  # fmt: skip
def test_a_policy_that_would_be_followed_in_part_is_refused(policy: Any, says: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        read_policy(tmp_path, policy)
    assert says in str(raised.value)


REPEATED = {
    "gate.toml": "allow_groups = ['staff']\nallow_groups = ['everyone']",
    "policy.json": '{"on_http_request": [{"actions": [{"type": "oidc", "config": {"a": 1, "b": 2, "a": 3}}]}]}',
    "policy.yaml": "on_http_request:\n  - actions:\n      - {type: oidc, config: {a: 1, 'a': 2}}",
    "policy.yml": '{"a": 1, "a": 2}',
    "two.yaml": "on_http_request: []\non_http_request:\n  - actions: []",
}


@pytest.mark.parametrize("name", REPEATED)
def test_a_key_that_stands_twice_is_refused_rather_than_taken_for_the_last(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=rf"{name} is not valid (JSON|YAML|TOML): .*(twice|overwrite)"):
        Settings.from_file(written(tmp_path, name, REPEATED[name]))


def test_yamls_own_way_to_share_keys_is_no_repetition(tmp_path: Path) -> None:
    text = """
on_tcp_connect:
  - actions:
      - type: log
        config: &base {issuer_url: https://id.example.com, client_id: other, client_secret: the-secret}
on_http_request:
  - actions:
      - type: openid-connect
        config: &mine {<<: *base, client_id: the-app}
on_http_response:
  - actions:
      - {type: log, config: {<<: *mine, client_id: third}}
"""
    settings = Settings.from_traffic_policy(written(tmp_path, "policy.yaml", text), cookie_secret=COOKIE_SECRET)
    assert (settings.client_id, settings.client_secret) == ("the-app", "the-secret")


def test_actions_that_let_nobody_in_are_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    policy = policy_of(ACTION, {"type": "add-headers", "config": {}}) | {
        "on_http_response": [{"expressions": ["true"], "actions": [{"type": "compress-response"}]}],
        "enabled": True,
    }
    with caplog.at_level(logging.WARNING, logger="oidc_gate"):
        settings = read_policy(tmp_path, policy)
    assert settings.client_id == "the-app"
    assert [record.args[1] for record in caplog.records if isinstance(record.args, tuple)] == [
        "add-headers",
        "compress-response",
    ]


def test_values_that_only_ngrok_can_work_out_must_come_from_elsewhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = ACTION["config"] | {
        "client_secret": "${secrets.get('vault', 'key')}",
        "scopes": ["openid", "${vars.scope}"],
        "authz_url_params": {"hd": "${vars.domain}"},
    }
    policy = policy_of({"type": "openid-connect", "config": config})
    with pytest.raises(SettingsError, match="client_secret is missing"):
        read_policy(tmp_path, policy)
    monkeypatch.setenv("OIDC_GATE_CLIENT_SECRET", SECRET)
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="oidc_gate"):
        settings = read_policy(tmp_path, policy)
    assert settings.client_secret == SECRET
    assert settings.scopes == DEFAULTS["scopes"]
    assert settings.authz_url_params == ()
    for name in ("CLIENT_SECRET", "SCOPES", "AUTHZ_URL_PARAMS"):
        assert f"give OIDC_GATE_{name} instead" in caplog.text
    assert "vault" not in caplog.text


@pytest.mark.parametrize("name", ["yes", "null", "1", "2024-01-01"])
def test_a_field_name_that_yaml_reads_as_no_text_is_an_unknown_setting(name: str, tmp_path: Path) -> None:
    text = POLICY.format(idle="idle_session_timeout") + f"          {name}: x\n"
    with pytest.raises(SettingsError, match=r"policy.yaml: .* is not a setting of oidc_gate"):
        Settings.from_traffic_policy(written(tmp_path, "policy.yaml", text), cookie_secret=COOKIE_SECRET)


def test_without_the_yaml_extra_json_is_read_and_yaml_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    assert read_policy(tmp_path, policy_of(ACTION)).client_id == "the-app"
    with pytest.raises(SettingsError, match=r"pip install 'oidc-gate\[yaml\]'"):
        Settings.from_traffic_policy(written(tmp_path, "policy.yaml", "on_http_request: []"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("client_secret_file", "", "client_secret must not be empty."),
        ("cookie_secret_file", "short\n", "cookie_secret must have at least 16 characters"),
    ],
)
def test_what_is_wrong_in_a_file_of_one_setting_is_told_with_the_file(
    name: str, text: str, message: str, tmp_path: Path
) -> None:
    file = tmp_path / "secret"
    file.write_text(text)
    given = {each: value for each, value in REQUIRED.items() if each != name.removesuffix("_file")}
    with pytest.raises(SettingsError, match=f"^{name}: {file}: {message}"):
        Settings(**(given | {name: str(file)}))
