"""surface.md, 'Programs': a program comes in with an access token of the provider, and is judged as a person is."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oidc_gate import Settings, access_token_for
from oidc_gate.decisions import LONGEST_KEY
from oidc_gate.errors import GateError
from oidc_gate.gate.credentials import taken_apart
from oidc_gate.gate.gate import Gate
from oidc_gate.provider.access_tokens import ExpectedToken, check_introspected, check_jwt
from oidc_gate.provider.keys import KeySet, SignedToken
from oidc_gate.provider.token_checks import Expected
from tests.access_tokens import AUDIENCE, TAKING, Program, access_token, challenges, error_of
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import Stage, subject

ADA = "ada-1815"
METADATA = "https://app.test/.well-known/oauth-protected-resource/api"


@pytest.fixture
def here(stage: StageFactory) -> Stage:
    return stage(**TAKING)


def bearer_of(here: Stage) -> Any:
    """Return what decides for tokens inside a gate."""
    return here.gate._gate.decide.__self__


# Who comes in


def test_the_app_is_told_what_it_is_told_of_a_person(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(identity_headers="x-forwarded", **TAKING)
    told: dict[str, Any] = {
        "email": "robot@b.example",
        "email_verified": True,
        "name": "Robot",
        "groups": ["ops", "dev"],
    }
    answers = [Program(here).ask("/x", access_token(provider, **told)) for _ in range(4)]
    for answer in answers:
        assert answer.header("Set-Cookie") == ""
        assert answer.header("Cache-Control") == "private"
        call = answer.json()
        identity = call["identity"]
        assert (identity["subject"], identity["name"], identity["groups"]) == ("robot", "Robot", ["ops", "dev"])
        assert (identity["provider"], identity["issuer"]) == ("default", provider.issuer)
        assert (identity["session_id"], identity["username"]) == ("t:token-1", "robot@b.example")
        assert (identity["authenticated_at"], identity["expires_at"]) == (provider.now(), provider.now() + 300)
        assert identity["claims"]["client_id"] == "cli"
        assert call["headers"]["x-forwarded-user"] == "robot"
        assert call["headers"]["x-forwarded-email"] == "robot@b.example"
        assert call["headers"]["authorization"].startswith("Bearer ey")
        if here.world == "wsgi":
            assert (call["remote_user"], call["auth_type"]) == ("robot@b.example", "oidc")
    raw = here.app.raw[-1]["oidc_gate.identity"]
    assert raw.scopes == ("api:read", "api:write")


def test_people_have_no_scopes(here: Stage) -> None:
    browser = here.signed_in()
    browser.fetch("/")
    assert here.app.raw[-1]["oidc_gate.identity"].scopes == ()


@pytest.mark.parametrize(
    ("claims", "scopes"),
    [
        ({"scope": "a b  a"}, ("a", "b")),
        ({"scope": ["a", "b c", 7]}, ("a", "b c")),
        ({"scope": ..., "scp": "a b"}, ("a", "b")),
        ({"scope": ..., "scp": ["a", "b"]}, ("a", "b")),
        ({"scope": "a", "scp": ["b"]}, ("a",)),
        ({"scope": ...}, ()),
        ({"scope": None}, ()),
        ({"scope": {"a": 1}}, ()),
        ({"scope": 7}, ()),
    ],
)
def test_scopes_are_a_text_or_a_list(
    claims: dict[str, Any], scopes: tuple[str, ...], here: Stage, provider: LocalProvider
) -> None:
    assert Program(here).ask("/", access_token(provider, **claims)).status == 200
    assert here.app.raw[-1]["oidc_gate.identity"].scopes == scopes


@pytest.mark.parametrize(
    "header",
    [{"typ": "JWT"}, {"typ": ...}, {"typ": "at+jwt"}, {"typ": "application/at+jwt"}, {"typ": "AT+JWT"}, {"kid": ...}]
    + [{"alg": alg} for alg in ("PS256", "ES256", "EdDSA")],
)
def test_tokens_as_providers_issue_them_are_good(header: dict[str, Any], here: Stage, provider: LocalProvider) -> None:
    token = access_token(provider, header, aud=["other", AUDIENCE], iat=..., jti=..., scope=...)
    for _ in range(3):
        assert subject(Program(here).ask("/", token)) == "robot"


def test_a_token_without_a_name_of_its_own_is_named_by_a_hash(here: Stage, provider: LocalProvider) -> None:
    names = set()
    for jti in (..., "", 7, "x" * 129, "a\nb", "ä"):
        assert Program(here).ask("/", access_token(provider, jti=jti)).status == 200
        names.add(here.app.raw[-1]["oidc_gate.identity"].session_id)
    assert len(names) == 6
    assert all(len(name) == 34 and name.startswith("t:") and name[2:].isalnum() for name in names)


def test_when_the_person_signed_in_is_told_by_auth_time(here: Stage, provider: LocalProvider) -> None:
    for claims, expected in (({"auth_time": 1_800_000_000}, 1_800_000_000), ({"iat": ...}, provider.now())):
        Program(here).ask("/", access_token(provider, jti="n", **claims))
        assert here.app.raw[-1]["oidc_gate.identity"].authenticated_at == expected


def test_bearer_type_at_jwt_demands_the_type_and_is_content_with_it(
    stage: StageFactory, provider: LocalProvider
) -> None:
    program = Program(stage(bearer_audience=[AUDIENCE, "app"], bearer_type="at+jwt"))
    assert program.ask("/", access_token(provider, nonce="n", aud="app")).status == 200
    for typ in ("JWT", ..., "jwt", "access_token", None):
        assert error_of(program.ask("/", access_token(provider, {"typ": typ}))) == "invalid_token"
    assert error_of(program.ask("/", access_token(provider, typ="Refresh"))) == "invalid_token"


def test_several_audiences_may_be_meant(stage: StageFactory, provider: LocalProvider) -> None:
    program = Program(stage(bearer_audience=[AUDIENCE, "urn:api"]))
    assert program.ask("/", access_token(provider, aud="urn:api")).status == 200
    assert program.ask("/", access_token(provider, aud="urn:ap")).status == 401


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"client_id": "cli"}, 200),
        ({"client_id": ..., "azp": "agent"}, 200),
        ({"client_id": "cli", "azp": "agent"}, 200),
        ({"client_id": "cli", "azp": "other"}, 401),
        ({"client_id": "other", "azp": "cli"}, 401),
        ({"client_id": ...}, 401),
        ({"client_id": "CLI"}, 401),
        ({"client_id": ["cli"]}, 401),
        ({"client_id": None}, 401),
    ],
)
def test_tokens_of_other_clients_are_refused_where_clients_are_named(
    claims: dict[str, Any], status: int, stage: StageFactory, provider: LocalProvider
) -> None:
    program = Program(stage(bearer_clients=["cli", "agent"], **TAKING))
    assert program.ask("/", access_token(provider, **claims)).status == status


def test_the_app_has_no_token_of_a_program_but_the_header(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path
) -> None:
    """`access_token_for` is for people whose session is in a store."""
    store = f"sqlite:///{tmp_path}/sessions.db"
    here = stage(session_store=store, access_token_for_app=True, **TAKING)
    for token in (access_token(provider), access_token(provider, scope=...)):
        for _ in range(3):
            assert Program(here).ask("/", token).status == 200
            assert access_token_for(here.app.raw[-1]) is None


def test_at_a_provider_of_many_tenants_a_token_is_of_one_that_is_listed() -> None:
    """By the claim `tid`, and the issuer that goes with it."""
    issuer, ours = "https://login.test/{tenantid}/v2.0", "00000000-0000-0000-0000-000000000001"
    common = Expected(issuer, "app", 1_900_000_000.0, 60.0, (ours,))
    expected = ExpectedToken(common, frozenset({AUDIENCE}), None, "any")

    def code(tenant: str, of_issuer: str) -> str:
        claims: dict[str, Any] = {"iss": issuer.replace("{tenantid}", of_issuer), "tid": tenant, "sub": "a"}
        claims |= {"aud": AUDIENCE, "exp": 1_900_000_300}
        signed = SignedToken({}, json.dumps(claims).encode(), b"", b"")
        checks: list[Callable[[], object]] = [
            lambda: check_jwt(signed, KeySet([]), expected),
            lambda: check_introspected("opaque", claims, expected),
        ]
        found = []
        for check in checks:
            try:
                check()
                found.append("good")
            except GateError as error:
                found.append(error.code)
        assert found[0] == found[1]
        return found[0]

    other = ours.replace("1", "2")
    assert code(ours, ours) == "good"
    assert code(other, other) == "tenant_not_allowed"
    assert code(ours, other) == "issuer_mismatch"


# Where


def test_the_header_counts_below_bearer_paths_alone(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(bearer_paths=["/api"], **TAKING)
    program, token, browser = Program(here), access_token(provider), here.signed_in()
    for path in ("/api", "/api/", "/api/x", "/api/x?q=1"):
        for _ in range(3):
            assert subject(program.ask(path, token)) == "robot"
            assert program.ask(path, "bad").status == 401
            assert browser.fetch(path, headers={"Authorization": f"Bearer {token}"}).status == 200
            assert browser.fetch(path, headers={"Authorization": "Bearer bad"}).status == 401
    for path in ("/", "/apix", "/API", "/x/api", "/api/../x", "/api//x", "/api/%2e%2e/x", "/api%2fx"):
        for _ in range(3):
            answer = program.ask(path, token)
            assert (answer.status, answer.json()["error"]) == (401, "login_required"), path
            assert [scheme for scheme, _ in challenges(answer)] == ["OIDC"]
            for header in (f"Bearer {token}", "Bearer bad"):
                assert subject(browser.fetch(path, headers={"Authorization": header})) == ADA, path


def test_where_anyone_may_pass_the_header_is_the_app_s_own(stage: StageFactory, provider: LocalProvider) -> None:
    rules = [{"path": "/hooks", "method": "POST", "allow": "anyone"}]
    here = stage(public_paths=["/open"], rules=rules, **TAKING)
    token, browser = access_token(provider), here.signed_in()
    for text in (f"Bearer {token}", "Bearer its-own", "Bearer"):
        for path, method in (("/open/x", "GET"), ("/hooks/a", "POST")):
            for _ in range(3):
                answer = Program(here).send(path, ("Authorization", text), method=method)
                assert (answer.status, subject(answer)) == (200, None)
                assert answer.json()["headers"]["authorization"] == text
                seen = browser.request(method, path, headers={"Authorization": text}, navigate=False)
                assert subject(seen) == ADA
    assert subject(Program(here).ask("/hooks/a", token)) == "robot"
    assert Program(here).ask("/hooks/a", "its-own").status == 401


def test_without_bearer_audience_the_header_is_the_app_s_own(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage()
    answer = Program(here).ask("/", access_token(provider))
    assert (answer.status, answer.json()["error"]) == (401, "login_required")
    assert [scheme for scheme, _ in challenges(answer)] == ["OIDC"]
    assert here.signed_in().fetch("/", headers={"Authorization": "Bearer x"}).status == 200
    assert here.browser().fetch("/.well-known/oauth-protected-resource").status == 401


def test_a_request_without_a_token_is_judged_by_its_cookie(here: Stage, provider: LocalProvider) -> None:
    browser = here.signed_in()
    for _ in range(4):
        assert subject(browser.fetch("/")) == ADA
        assert subject(browser.fetch("/", headers={"Authorization": ""})) == ADA
    assert here.browser().get("/").status == 302


def test_a_token_counts_for_itself_beside_a_cookie_which_the_app_does_not_see(
    here: Stage, provider: LocalProvider
) -> None:
    browser = here.signed_in()
    browser.cookies.set("theme", "dark")
    for _ in range(4):
        answer = browser.fetch("/", headers={"Authorization": f"Bearer {access_token(provider)}"})
        assert subject(answer) == "robot"
        assert answer.json()["headers"]["cookie"] == "theme=dark"
        assert subject(browser.fetch("/")) == ADA


def test_a_cookie_of_somebody_signed_in_is_not_kept_alive_by_tokens(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(idle_session_timeout="10m", **TAKING)
    browser = here.signed_in()
    for _ in range(3):
        here.clock.advance(250)
        answer = browser.fetch("/", headers={"Authorization": f"Bearer {access_token(provider)}"})
        assert (subject(answer), answer.header("Set-Cookie")) == ("robot", "")
    assert browser.fetch("/").status == 401


# Rules and lists


def test_lists_hold_for_tokens(stage: StageFactory, provider: LocalProvider) -> None:
    program = Program(stage(allow_groups=["ops"], **TAKING))
    for _ in range(3):
        assert program.ask("/", access_token(provider, jti="a", groups=["ops"])).status == 200
        others: list[dict[str, Any]] = [{}, {"groups": ["dev"]}]
        for claims in others:
            answer = program.ask("/", access_token(provider, jti="b", **claims))
            assert (answer.status, answer.json()["error"]) == (403, "not_allowed")
            assert answer.header("WWW-Authenticate") == ""


RULES = [
    {"name": "reading", "path": "/api", "method": "GET", "allow": {"scopes": ["api:read", "api:admin"]}},
    {"name": "writing", "path": "/api", "allow": {"all": [{"scopes": "api:write"}, {"groups": "ops"}]}},
    {"path": "/any", "allow": {"any": [{"scopes": "x*"}, {"scopes": "y"}, {"groups": "ops"}]}},
    {"path": "/not", "allow": {"not": {"scopes": "api:read"}}},
    {"path": "/people", "allow": {"provider": "default"}},
    {"path": "/nobody", "allow": "nobody"},
]


@pytest.mark.parametrize(
    ("method", "path", "claims", "expected"),
    [
        ("GET", "/api", {}, 200),
        ("HEAD", "/api", {}, 200),
        ("GET", "/api", {"scope": "api:admin"}, 200),
        ("GET", "/api", {"scope": "api:write"}, "api:admin api:read"),
        ("GET", "/api", {"scope": ...}, "api:admin api:read"),
        ("POST", "/api", {"groups": ["ops"]}, 200),
        ("POST", "/api", {"groups": ["ops"], "scope": "api:read"}, "api:write"),
        ("POST", "/api", {}, 403),
        ("POST", "/api", {"scope": "api:read"}, 403),
        ("GET", "/any", {"scope": "xyz"}, 200),
        ("GET", "/any", {}, "y"),
        ("GET", "/any", {"groups": ["ops"]}, 200),
        ("GET", "/not", {}, 403),
        ("GET", "/not", {"scope": "other"}, 200),
        ("GET", "/not", {"scope": ...}, 403),
        ("GET", "/people", {}, 200),
        ("GET", "/nobody", {}, 403),
        ("GET", "/api//x", {}, 403),
    ],
)
def test_rules_hold_for_tokens_and_may_go_by_scopes(
    method: str, path: str, claims: dict[str, Any], expected: int | str, stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(rules=RULES, **TAKING)
    for _ in range(3):
        here.app.calls.clear()
        answer = Program(here).ask(path, access_token(provider, **claims), method)
        assert answer.status == (403 if isinstance(expected, str) else expected)
        assert len(here.app.calls) == (expected == 200)
        if isinstance(expected, str):
            ((scheme, params),) = challenges(answer)
            assert (scheme, params["error"], params["scope"]) == ("Bearer", "insufficient_scope", expected)
            assert params["resource_metadata"] == METADATA
            assert answer.json()["error"] == "insufficient_scope"
        elif expected == 403 and method != "HEAD":
            assert answer.json()["error"] == "not_allowed"


@pytest.mark.parametrize(
    ("allow", "claims", "error", "named"),
    [
        ({"scopes": "api:*"}, {"scope": "other"}, "insufficient_scope", None),
        ({"scopes": "api:*"}, {"scope": ...}, "insufficient_scope", None),
        ({"scopes": "*"}, {"scope": ...}, "insufficient_scope", None),
        ({"scopes": ["a*c*", "x"]}, {"scope": "y"}, "insufficient_scope", "x"),
        ({"all": [{"scopes": "api:*"}, {"scopes": "z"}]}, {"scope": "z"}, "insufficient_scope", "z"),
        (
            {"all": [{"scopes": "api:*"}, {"groups": "ops"}]},
            {"scope": "y", "groups": ["ops"]},
            "insufficient_scope",
            None,
        ),
        ({"all": [{"scopes": "api:*"}, {"groups": "ops"}]}, {"scope": "api:x"}, "not_allowed", None),
        ({"all": [{"scopes": "api:*"}, {"groups": "ops"}]}, {"scope": "y"}, "not_allowed", None),
        ({"not": {"scopes": "api:*"}}, {"scope": "api:x"}, "not_allowed", None),
    ],
    ids=repr,
)
def test_a_scope_with_a_star_is_lacked_too_and_none_is_named(
    allow: dict[str, Any],
    claims: dict[str, Any],
    error: str,
    named: str | None,
    stage: StageFactory,
    provider: LocalProvider,
) -> None:
    """RFC 6750, 3.1: that what is lacking are scopes; which one to ask for a pattern does not tell."""
    here = stage(rules=[{"path": "/", "allow": allow}], **TAKING)
    for _ in range(2):
        answer = Program(here).ask("/", access_token(provider, **claims))
        assert (answer.status, answer.json()["error"]) == (403, error)
        told = [(scheme, params["error"], params.get("scope")) for scheme, params in challenges(answer)]
        assert told == ([("Bearer", error, named)] if error == "insufficient_scope" else [])
    assert here.app.calls == []


def test_a_rule_may_refuse_a_scope_however_many_others_there_are(stage: StageFactory, provider: LocalProvider) -> None:
    program = Program(stage(rules=[{"path": "/", "allow": {"not": {"scopes": "api:old"}}}], **TAKING))
    many = " ".join(f"{number:x}" for number in range(1200))
    assert program.ask("/", access_token(provider, scope=many)).status == 200
    assert program.ask("/", access_token(provider, scope=f"{many} api:old")).status == 403


def test_people_pass_no_rule_for_scopes(stage: StageFactory) -> None:
    here = stage(rules=RULES, **TAKING)
    answer = here.signed_in().fetch("/api")
    assert (answer.status, answer.json()["error"], answer.header("WWW-Authenticate")) == (403, "not_allowed", "")


def test_every_token_must_have_bearer_scopes(stage: StageFactory, provider: LocalProvider) -> None:
    program = Program(stage(bearer_scopes=["api:read", "mcp:use"], **TAKING))
    for _ in range(3):
        assert program.ask("/", access_token(provider, scope="mcp:use api:read")).status == 200
        answer = program.ask("/", access_token(provider, jti="b"))
        ((_, params),) = challenges(answer)
        assert (answer.status, params["error"], params["scope"]) == (403, "insufficient_scope", "api:read mcp:use")


def test_step_up_is_told_as_rfc_9470_has_it(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(rules=[{"path": "/pay", "allow": "signed-in", "acr": ["phr", "mfa"], "max_age": "10m"}], **TAKING)
    program, now = Program(here), provider.now()
    for claims in ({}, {"acr": "phr"}, {"acr": "pwd", "auth_time": now}, {"acr": "phr", "auth_time": now - 601}):
        answer = program.ask("/pay", access_token(provider, **claims))
        ((scheme, params),) = challenges(answer)
        assert (answer.status, scheme, params["error"]) == (401, "Bearer", "insufficient_user_authentication")
        assert (params["acr_values"], params["max_age"], params["resource_metadata"]) == ("phr mfa", "600", METADATA)
        assert "login_url" not in answer.json()
    good = access_token(provider, acr="phr", auth_time=now - 300, exp=now + 7200)
    for _ in range(3):
        assert program.ask("/pay", good).status == 200
    here.clock.advance(301)
    assert program.ask("/pay", good).status == 401
    assert program.ask("/", good).status == 200


# Challenges


def test_a_program_without_a_token_is_told_both_ways_in_and_of_no_error(
    stage: StageFactory, provider: LocalProvider
) -> None:
    rules = [{"path": "/api", "allow": {"scopes": ["api:read", "api:*"]}}]
    program = Program(stage(bearer_scopes=["mcp:use"], rules=rules, **TAKING))
    for path, scope in (("/", "mcp:use"), ("/api/x", "mcp:use api:read")):
        answer = program.ask(path)
        assert answer.json() == {"error": "login_required", "login_url": "/oauth2/login"}
        bearer, oidc = challenges(answer)
        assert bearer == ("Bearer", {"scope": scope, "resource_metadata": METADATA})
        assert oidc == ("OIDC", {"login_url": "/oauth2/login"})


def test_pages_are_not_told_of_tokens(here: Stage) -> None:
    browser = here.browser()
    assert browser.get("/").header("WWW-Authenticate") == ""
    form = browser.post("/", form={"a": "b"})
    assert (form.status, [scheme for scheme, _ in challenges(form)]) == (401, ["OIDC"])
    htmx = browser.fetch("/", headers={"HX-Request": "true"})
    assert [scheme for scheme, _ in challenges(htmx)] == ["Bearer", "OIDC"]
    assert htmx.header("HX-Redirect")


def test_a_challenge_always_has_a_parameter(stage: StageFactory) -> None:
    """RFC 6750, 3."""
    answer = Program(stage(protected_resource_metadata="off", **TAKING)).ask("/")
    assert challenges(answer)[0] == ("Bearer", {"realm": "oidc_gate"})


def test_what_is_wrong_is_told_in_few_words_and_the_cause_is_in_the_log(
    here: Stage, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    expired = Program(here).ask("/", access_token(provider, exp=provider.now() - 3600, sub="secret-name"))
    assert expired.json()["error_description"] == "the access token has expired"
    other = Program(here).ask("/", access_token(provider, aud="other"))
    assert other.json()["error_description"] == "the access token is not accepted here"
    assert other.header("Cache-Control") == "no-store"
    log = caplog.text
    assert (
        f"token_expired (reference {expired.json()['reference']}): an access token is refused: the token expired" in log
    )
    assert f"audience_mismatch (reference {other.json()['reference']}): an access token is refused: the token is" in log
    assert "ey" not in log.replace("they", "").replace("key", "")


def test_no_token_is_logged_or_printed(here: Stage, provider: LocalProvider, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = access_token(provider)
    for text in (token, access_token(provider, exp=1), token[:-4]):
        Program(here).ask("/", text)
        assert text[-20:] not in caplog.text
    known = bearer_of(here).checking._recent._new
    assert token[-20:] not in repr([each._replace(text="") for each in known.values()])
    assert repr(taken_apart(f"Bearer {token}")) == "<bearer credentials>"
    found = here.gate._gate._components.parties.first.provider.access_token(token)
    assert repr(found) == "<access token of 'robot'>"


def test_grpc_web_is_told_in_its_own_way(here: Stage) -> None:
    answer = Program(here).ask("/", "bad", "POST", Content_Type="application/grpc-web+proto")
    assert (answer.status, answer.header("grpc-status")) == (200, "16")
    assert "invalid_token" in answer.header("grpc-message")


def test_grpc_web_of_a_token_with_too_few_scopes(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(bearer_scopes=["x"], **TAKING)
    answer = Program(here).ask("/", access_token(provider), "POST", Content_Type="application/grpc-web+proto")
    assert (answer.status, answer.header("grpc-status")) == (200, "7")


# The gate's own paths


def test_userinfo_tells_a_program_who_it_is(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(allow_groups=["ops"], **TAKING)
    program = Program(here)
    for _ in range(3):
        answer = program.ask("/oauth2/userinfo", access_token(provider, groups=["ops"]))
        assert (answer.status, answer.json()["sub"], answer.json()["scopes"]) == (
            200,
            "robot",
            ["api:read", "api:write"],
        )
        assert program.ask("/oauth2/userinfo", access_token(provider, jti="b")).status == 403
        assert error_of(program.ask("/oauth2/userinfo", "bad")) == "invalid_token"
    assert here.app.calls == []
    assert program.ask("/oauth2/userinfo").status == 401
    assert program.ask("/oauth2/userinfo", access_token(provider, groups=["ops"]), "POST").status == 405


def test_a_token_signs_nobody_out_and_begins_no_login(here: Stage, provider: LocalProvider) -> None:
    token, browser = access_token(provider), here.signed_in()
    assert Program(here).ask("/oauth2/logout", token, "POST").status == 200
    assert Program(here).ask("/", token).status == 200
    assert Program(here).ask("/oauth2/health", "bad").status == 200
    assert Program(here).ask("/oauth2/callback?code=x&state=y", token).status == 400
    assert Program(here).ask("/oauth2/login", token).status == 302
    assert subject(browser.fetch("/")) == ADA


def test_a_malformed_host_is_400_whatever_comes_with_it(here: Stage, provider: LocalProvider) -> None:
    program, token = Program(here), access_token(provider)
    for _ in range(3):
        assert program.ask("/", token).status == 200
        for headers in ([("Host", "a b")], [("Host", "app.test"), ("Host", "evil.example")]):
            headers = [*headers, ("Authorization", f"Bearer {token}")]
            answer = program.browser.request("GET", "/", headers=headers, bare=True, navigate=False)
            assert (answer.status, answer.json()["error"]) == (400, "host_malformed")


# What is remembered


def test_a_token_that_was_seen_is_not_verified_again_and_ends_with_exp(here: Stage, provider: LocalProvider) -> None:
    program, token = Program(here), access_token(provider)
    for _ in range(5):
        assert program.ask("/", token).status == 200
    calls = len(provider.requests)
    here.clock.advance(359)
    assert program.ask("/", token).status == 200
    here.clock.advance(2)
    for _ in range(3):
        assert error_of(program.ask("/", token)) == "invalid_token"
    assert len(provider.requests) == calls


def test_a_rotation_withdraws_what_was_remembered(here: Stage, provider: LocalProvider) -> None:
    program, old = Program(here), access_token(provider, exp=provider.now() + 86400)
    for _ in range(4):
        assert program.ask("/", old).status == 200
    provider.rotate_keys(keep_old=False)
    assert program.ask("/", old).status == 200
    here.clock.advance(11)
    assert program.ask("/", access_token(provider)).status == 200  # a kid that is not known: the keys are fetched
    for _ in range(3):
        assert error_of(program.ask("/", old)) == "invalid_token"
    assert program.ask("/", access_token(provider)).status == 200


def test_keys_are_fetched_anew_each_hour_for_remembered_tokens_too(here: Stage, provider: LocalProvider) -> None:
    program, token = Program(here), access_token(provider, exp=provider.now() + 86400)
    for _ in range(4):
        assert program.ask("/", token).status == 200
    fetched = len(provider.calls("jwks"))
    provider.rotate_keys(keep_old=False)
    here.clock.advance(3601)
    assert error_of(program.ask("/", token)) == "invalid_token"
    assert len(provider.calls("jwks")) > fetched


def test_unknown_keys_have_the_provider_asked_once_in_ten_seconds(here: Stage, provider: LocalProvider) -> None:
    program = Program(here)
    assert program.ask("/", access_token(provider)).status == 200
    before = len(provider.calls("jwks"))
    for number in range(30):
        assert program.ask("/", access_token(provider, {"kid": f"k{number}"})).status == 401
    assert len(provider.calls("jwks")) == before + 1
    here.clock.advance(10)
    assert program.ask("/", access_token(provider, {"kid": "k"})).status == 401
    assert len(provider.calls("jwks")) == before + 2


def test_a_hundred_thousand_tokens_take_no_more_room_than_a_few_thousand(here: Stage, provider: LocalProvider) -> None:
    program = Program(here)
    assert program.ask("/", access_token(provider)).status == 200
    recent = bearer_of(here).checking._recent
    (known,) = recent._new.values()
    for number in range(100_000):
        recent.put(known._replace(text=f"Bearer {number:032}"))
        assert recent.get(f"Bearer {number:032}") is not None
    assert len(recent) <= 4096
    for _ in range(2_000):
        recent.put(known._replace(text=f"Bearer {'x' * 8000}{_:032}"))
    assert sum(len(each.text) for each in [*recent._new.values(), *recent._old.values()]) < 8_000_000
    assert recent.get("Bearer nobody") is None
    assert program.ask("/", access_token(provider)).status == 200


def test_a_token_of_the_older_generation_is_still_known(here: Stage, provider: LocalProvider) -> None:
    program, token = Program(here), access_token(provider)
    assert program.ask("/", token).status == 200
    recent = bearer_of(here).checking._recent
    recent._old, recent._new = recent._new, {}
    assert recent.get(f"Bearer x{token}") is None  # ends alike, and is another
    found = recent.get(f"Bearer {token}")
    assert found is not None
    assert recent._new == {token[-32:]: found}


def test_bad_tokens_leave_nothing_behind(here: Stage, provider: LocalProvider) -> None:
    program = Program(here)
    for number in range(50):
        assert program.ask("/", access_token(provider, exp=number)).status == 401
    assert len(bearer_of(here).checking._recent) == 0


def test_tokens_of_two_programs_are_told_apart(here: Stage, provider: LocalProvider) -> None:
    tokens = {name: access_token(provider, sub=name, jti=name) for name in ("a", "b", "c")}
    for _ in range(4):
        for name, token in tokens.items():
            assert subject(Program(here).ask("/", token)) == name


def test_a_place_is_judged_anew_for_each_path_host_and_method(stage: StageFactory, provider: LocalProvider) -> None:
    """What was remembered of one place says nothing of another."""
    rules = [
        {"path": "/a", "allow": {"scopes": "api:read"}},
        {"path": "/b", "method": "POST", "allow": "nobody"},
        {"path": "/c", "host": "other.test", "allow": "nobody"},
    ]
    here = stage(rules=rules, **TAKING)
    program, token = Program(here), access_token(provider)
    for _ in range(4):
        assert program.ask("/a", token).status == 200
        assert program.ask("/b", token).status == 200
        assert program.ask("/b", token, "POST").status == 403
        assert program.ask("/c", token).status == 200
        other = [("Host", "other.test"), ("Authorization", f"Bearer {token}")]
        assert program.browser.request("GET", "/c", headers=other, bare=True, navigate=False).status == 403
        assert program.ask("/a%2fb", token).status in (200, 403)


def test_more_paths_than_are_remembered(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(bearer_paths=["/api"], **TAKING)
    program, token = Program(here), access_token(provider)
    recalling = bearer_of(here)._recalling
    recalling._places |= {f"/api/{number}": -1 for number in range(4096)}
    assert program.ask("/api/x", token).status == 200
    assert recalling._places == {"/api/x": -1}
    assert program.ask(f"/api/{'x' * 300}", token).status == 200
    assert len(recalling._places) == 1
    if here.world == "asgi":
        recalling._by_sample |= dict.fromkeys(range(512), ())
        assert program.ask("/api/x", token).status == 200
        assert len(recalling._by_sample) == 1


def test_a_recalled_token_is_looked_at_as_any_other(stage: StageFactory, provider: LocalProvider) -> None:
    """Of what makes a request another one, nothing is left out: header, host, scheme, path, time."""
    here = stage(bearer_paths=["/api"], **TAKING)
    program, token = Program(here), access_token(provider)
    for _ in range(4):
        assert program.ask("/api", token).status == 200
    other = "B" if token[-40] == "A" else "A"
    assert program.ask("/api", f"{token[:-40]}{other}{token[-39:]}").status == 401
    assert program.ask("/x", token).status == 401
    assert program.ask("/api/%2e%2e/x", token).status == 401
    assert Program(here, origin="http://app.test").ask("/api", token).status == 200
    for headers in ([("Cookie", f"Bearer {token}")], [("Cookie", "a=b"), ("Authorization", f"Bearer {token}")]):
        answer = program.send("/api", *headers)
        assert answer.status == (200 if len(headers) == 2 else 401)
    assert program.ask("/api", "x" * (LONGEST_KEY + 1)).status == 401
    here.clock.advance(400)
    assert program.ask("/api", token).status == 401


def test_a_long_token_and_a_request_without_host_are_good_too(here: Stage, provider: LocalProvider) -> None:
    long = access_token(provider, groups=[f"group {number}" for number in range(300)])
    assert 4096 < len(long) <= 8192
    for _ in range(4):
        assert subject(Program(here).ask("/", long)) == "robot"
        answer = here.browser().request(
            "GET", "/", headers=[("Authorization", f"Bearer {access_token(provider)}")], bare=True, navigate=False
        )
        assert subject(answer) == "robot"


def test_what_was_remembered_of_a_path_says_nothing_of_it_in_an_unclear_mount(provider: LocalProvider) -> None:
    """Some routers cut the mount point off in the middle of a path: then all rules have to let it pass."""
    rules = [{"path": "/api", "allow": {"scopes": "api:read"}}, {"path": "/x", "allow": "nobody"}]
    here = Stage("asgi", provider, rules=rules, **TAKING)
    token = access_token(provider)
    for _ in range(3):
        assert Program(here).ask("/api/m/x", token).status == 200

    async def mounted(scope: Any, receive: Any, send: Any) -> None:
        await here.gate(scope | {"root_path": "/m"}, receive, send)

    assert [Program(here, mounted).ask("/api/m/x", token).status for _ in range(3)] == [403] * 3


def test_behind_proxies_tokens_are_good_too(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(trusted_proxies=1, **TAKING)
    program, token = Program(here), access_token(provider)
    for _ in range(4):
        assert program.ask("/", token, X_Forwarded_Host="front.example").status == 200
        assert program.ask("/", token, X_Forwarded_Host="a b").status == 400
    answer = program.ask("/", X_Forwarded_Host="front.example", X_Forwarded_Proto="https")
    assert challenges(answer)[0][1]["resource_metadata"].startswith("https://front.example/.well-known/")


def test_in_a_mount_tokens_are_good_too(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(bearer_paths=["/api"], **TAKING)
    program, token = Program(here, root_path="/mount"), access_token(provider)
    for _ in range(4):
        assert subject(program.ask("/mount/api/x", token)) == "robot"
        assert program.ask("/mount/x", token).status == 401


# When the provider is down


def test_without_keys_it_is_503_and_not_401(here: Stage, provider: LocalProvider) -> None:
    provider.stop()
    answer = Program(here).ask("/", access_token(provider))
    assert (answer.status, answer.header("Retry-After")) == (503, "5")
    assert here.app.calls == []
    provider.start()
    here.clock.advance(3)
    assert Program(here).ask("/", access_token(provider)).status == 200


def test_with_the_keys_of_an_hour_ago_tokens_go_on_while_the_provider_is_down(
    here: Stage, provider: LocalProvider
) -> None:
    token = access_token(provider, exp=provider.now() + 86400)
    assert Program(here).ask("/", token).status == 200
    provider.stop()
    here.clock.advance(3700)
    for _ in range(3):
        assert Program(here).ask("/", token).status == 200
    assert Program(here).ask("/", access_token(provider, jti="new")).status == 200


def test_a_program_that_waits_too_long_for_its_turn_is_turned_away(here: Stage, provider: LocalProvider) -> None:
    from oidc_gate.decisions import Reply, Work
    from tests.asked import Asked

    gate: Gate = here.gate._gate
    work = gate.decide(Asked(headers={"authorization": f"Bearer {access_token(provider)}"}))
    assert isinstance(work, Work)
    assert work.lane == "token"
    assert work.turned_away is not None
    reply = work.turned_away()
    assert isinstance(reply, Reply)
    assert reply.status == 503


def test_who_waited_for_the_keys_with_the_same_token_goes_by_what_the_other_found(
    here: Stage, provider: LocalProvider
) -> None:
    from oidc_gate.decisions import Forward, Work
    from tests.asked import Asked

    gate: Gate = here.gate._gate
    asked = [Asked(headers={"authorization": f"Bearer {access_token(provider)}"}) for _ in range(2)]
    works = [gate.decide(each) for each in asked]
    for work in works:
        assert isinstance(work, Work)
        found = work.run()
        assert isinstance(found, Forward)
        assert found.identity is not None


# WebSockets


def test_a_websocket_opens_with_a_token_in_its_header_alone(provider: LocalProvider) -> None:
    here = Stage("asgi", provider, bearer_scopes=["api:read"], **TAKING)
    token = access_token(provider)
    for origin in ("https://app.test/", "https://other.example/"):
        talk = here.browser().websocket("/ws", headers={"Authorization": f"Bearer {token}"}, initiator=origin)
        assert talk.accepted
    talk = here.browser().websocket("/ws", headers={"Authorization": f"Bearer {token}", "Origin": None})
    assert talk.accepted
    for url, headers in (
        ("/ws", {"Authorization": "Bearer bad"}),
        (f"/ws?access_token={token}", {}),
        ("/ws", {"Sec-WebSocket-Protocol": f"bearer, {token}"}),
        ("/ws", {"Authorization": f"Bearer {access_token(provider, scope='')}"}),
    ):
        talk = here.browser().websocket(url, headers=headers)
        assert not talk.accepted
        assert talk.denial is not None
        assert talk.denial.status in (401, 403)
        assert any(name == "www-authenticate" for name, _ in talk.denial.headers)


def test_messages_of_a_program_keep_nobody_s_session_alive(provider: LocalProvider, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/sessions.db"
    here = Stage("asgi", provider, session_store=store, idle_session_timeout="10m", **TAKING)
    browser = here.signed_in()
    here.clock.advance(500)
    token = access_token(provider)
    talk = browser.websocket("/ws", headers={"Authorization": f"Bearer {token}"}, messages=["a", "b"])
    assert talk.accepted
    here.clock.advance(200)
    assert browser.fetch("/").status == 401


# Scripts of other sites


ORIGINS = ["https://front.example", "http://localhost:3000"]


@pytest.mark.parametrize("origin", [*ORIGINS, "https://evil.example", "null", "https://front.example.evil.example"])
def test_scripts_of_named_origins_can_read_a_401_and_a_403(
    origin: str, stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(cors_origins=ORIGINS, rules=[{"path": "/no", "allow": "nobody"}], **TAKING)
    program, token = Program(here), access_token(provider)
    for answer in (
        program.ask("/", Origin=origin),
        program.ask("/", "bad", Origin=origin),
        program.ask("/no", token, Origin=origin),
        program.ask("/no", Origin=origin),
        program.ask("/oauth2/userinfo", Origin=origin),
        here.signed_in().fetch("/no", headers={"Origin": origin}),
    ):
        assert answer.status in (401, 403)
        assert answer.header("Vary") == "Origin"
        told = answer.header("Access-Control-Allow-Origin"), answer.header("Access-Control-Allow-Credentials")
        assert told == ((origin, "true") if origin in ORIGINS else ("", ""))
        exposed = answer.header("Access-Control-Expose-Headers")
        assert exposed == ("WWW-Authenticate, DPoP-Nonce" if origin in ORIGINS else "")


def test_what_the_app_answers_is_not_opened_to_other_origins(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(cors_origins=ORIGINS, **TAKING)
    answer = Program(here).ask("/", access_token(provider), Origin=ORIGINS[0])
    assert (answer.status, answer.header("Access-Control-Allow-Origin")) == (200, "")
    plain = stage(**TAKING)
    assert Program(plain).ask("/", Origin=ORIGINS[0]).header("Vary") == ""


# Traffic Policies and code


def test_rules_in_code_see_the_scopes(stage: StageFactory, provider: LocalProvider) -> None:
    rules = [{"path": "/", "allow": lambda identity: "api:read" in identity.scopes}]
    program = Program(stage(rules=rules, **TAKING))
    assert program.ask("/", access_token(provider)).status == 200
    assert program.ask("/", access_token(provider, scope="x")).status == 403


def test_the_parts_for_tokens_are_made_for_gates_that_take_them_alone() -> None:
    options: dict[str, Any] = {"issuer_url": "https://id.test", "client_id": "a", "client_secret": "b"}
    plain = Gate(Settings(cookie_secret="0123456789abcdef", **options))
    assert plain.decide == plain._by_session
    assert not plain.recalls_by.heeds_tokens
    assert Gate(Settings(cookie_secret="0123456789abcdef", **options, **TAKING)).recalls_by.heeds_tokens
