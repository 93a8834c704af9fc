"""RFC 7662, RFC 9701: the provider is asked whether a token is good, and may be slow, down, or say strange things."""

from __future__ import annotations

import json
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from werkzeug import Request, Response

from tests.access_tokens import AUDIENCE, TAKING, Program, access_token, b64, error_of
from tests.conftest import StageFactory
from tests.providers import keys
from tests.providers.core import json_response
from tests.providers.local import LocalProvider
from tests.stage import Stage, subject

ASKING = TAKING | {"bearer_tokens": "introspection"}
SIGNED = "application/token-introspection+jwt"


@pytest.fixture(autouse=True)
def _offers(provider: LocalProvider) -> None:
    provider.offers = {"introspect"}


def says(provider: LocalProvider, **changes: Any) -> None:
    """Have the provider say this of each token that begins with `good`; of others that they are not active."""
    said = {"active": True, "sub": "robot", "aud": AUDIENCE, "scope": "api:read", "client_id": "cli"} | changes
    kept = {name: value for name, value in said.items() if value is not ...}

    def answer(request: Request) -> Response:
        good = request.form["token"].startswith("good")
        return json_response(kept if good else {"active": False})

    provider.answer["introspect"] = answer


def asked(provider: LocalProvider) -> int:
    return len(provider.calls("introspect"))


# A clear answer


def test_the_provider_is_asked_by_the_client_and_what_it_says_counts(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(**ASKING)
    says(provider, username="robot@b.example", groups=["ops"], jti="n1", iat=provider.now() - 5)
    answer = Program(here).ask("/", "good-1")
    assert subject(answer) == "robot"
    identity = here.app.raw[-1]["oidc_gate.identity"]
    assert (identity.scopes, identity.groups, identity.session_id) == (("api:read",), ("ops",), "t:n1")
    assert identity.expires_at == float("inf")
    assert "active" not in identity.claims
    (call,) = provider.calls("introspect")
    assert call.form == {"token": "good-1", "token_type_hint": "access_token"}
    assert call.headers["authorization"].startswith("Basic ")
    assert SIGNED in call.headers["accept"]


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_jwt", "none"])
def test_the_client_proves_itself_as_at_the_token_endpoint(
    method: str, stage: StageFactory, provider: LocalProvider
) -> None:
    """Here the provider itself judges the client, and knows nothing of the token."""
    secret = {} if method == "none" else {"secret": "the-secret-of-the-app-that-is-long-enough-for-hs256"}
    provider.add_client("app", auth_method=method, **({"secret": None} | secret))
    answer = Program(stage(**ASKING)).ask("/", "nobody-issued-this")
    assert (answer.status, error_of(answer)) == (401, "invalid_token")


def test_only_active_true_lets_anybody_in(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(bearer_cache_seconds=0, **ASKING)
    for active in (..., False, None, 1, "true", "True", [True], {"a": True}):
        says(provider, active=active)
        answer = Program(here).ask("/", "good-1")
        assert (answer.status, error_of(answer)) == (401, "invalid_token"), active
    assert here.app.calls == []


BAD: list[dict[str, Any]] = [
    {"aud": "other"},
    {"aud": ...},
    {"aud": None},
    {"aud": [AUDIENCE, 7]},
    {"iss": "https://evil.example"},
    {"exp": 1},
    {"exp": "1900000300"},
    {"exp": True},
    {"nbf": 2_000_000_000},
    {"iat": 2_000_000_000},
    {"sub": ...},
    {"sub": ""},
    {"cnf": {"jkt": "x"}},
    {"cnf": None},
    {"token_type": "DPoP"},
    {"token_type": "refresh_token"},
    {"token_use": "refresh_token"},
    {"typ": "Refresh"},
    {"nonce": "n"},
]


@pytest.mark.parametrize("changes", BAD, ids=repr)
def test_what_is_said_is_checked_as_claims_of_a_jwt_are(
    changes: dict[str, Any], stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(**ASKING)
    says(provider, **changes)
    for _ in range(3):
        answer = Program(here).ask("/", "good-1")
        assert (answer.status, error_of(answer)) == (401, "invalid_token")
    assert here.app.calls == []


ID_TOKEN = {"aud": "app", "nonce": "n", "at_hash": "h"}


@pytest.mark.parametrize(
    ("typ", "claims", "status"),
    [
        ("at+jwt", {}, 200),
        ("at+jwt", {"nonce": "n"}, 200),
        ("JWT", {}, 401),
        ("JWT", ID_TOKEN, 401),
        (..., ID_TOKEN, 401),
        (None, {}, 401),
        ("opaque", {}, 200),
        ("opaque", {"aud": "app"}, 200),
        ("opaque", ID_TOKEN, 401),
        ("padded", {"aud": "app"}, 401),
    ],
    ids=repr,
)
def test_bearer_type_at_jwt_holds_for_what_the_provider_calls_active(
    typ: Any, claims: dict[str, Any], status: int, stage: StageFactory, provider: LocalProvider
) -> None:
    """Some providers call an ID token active, and its `aud` may be among `bearer_audience` here."""
    settings = ASKING | {"bearer_audience": [AUDIENCE, "app"], "bearer_type": "at+jwt"}
    here = stage(**settings)
    said = {"active": True, "sub": "robot", "aud": AUDIENCE} | claims
    provider.answer["introspect"] = lambda _: json_response(said)
    jwt = access_token(provider, {"typ": "JWT" if typ == "padded" else typ}, **claims)
    token = {"opaque": "good-1", "padded": f"{jwt}="}.get(typ, jwt)
    assert Program(here).ask("/", token).status == status


#: So deep that the gate reads no such JSON.
DEEP: Any = None
for _ in range(60):
    DEEP = {"a": DEEP}
OTHERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "an ID token": ({"typ": "JWT"}, {"nonce": "n", "at_hash": "h"}),
    "an ID token without typ": ({"typ": ...}, {"at_hash": "h"}),
    "Keycloak's ID token": ({"typ": "JWT"}, {"typ": "ID"}),
    "Cognito's ID token": ({"typ": "JWT"}, {"token_use": "id"}),
    "a refresh token": ({"typ": "JWT"}, {"typ": "Refresh"}),
    "PingAM's ID token": ({"typ": "JWT"}, {"tokenName": "id_token"}),
    "PingAM's refresh token": ({"typ": "JWT"}, {"tokenName": "refresh_token"}),
    "Oracle's ID token": ({"typ": "JWT"}, {"tok_type": "IT"}),
    "Keycloak's cookie": ({"typ": "JWT"}, {"typ": "Serialized-ID"}),
    "claims that cannot be read": ({"typ": "JWT"}, {"typ": "ID", "deep": DEEP}),
    "a logout token": ({"typ": "logout+jwt"}, {}),
    "a logout token without its typ": ({"typ": "JWT"}, {"events": {}}),
    "a secevent": ({"typ": "secevent+jwt"}, {}),
    "a secevent, in full": ({"typ": "application/secevent+jwt"}, {}),
    "a DPoP proof": ({"typ": "dpop+jwt"}, {}),
    "a typ that is no text": ({"typ": 7}, {}),
    "what asks for an extension": ({"typ": "JWT", "crit": ["x"], "x": 1}, {"nonce": "n"}),
}


@pytest.mark.parametrize("bearer_type", ["any", "at+jwt"])
@pytest.mark.parametrize("tail", ["", "=", ".", ".x", ".x.y", "~"])
@pytest.mark.parametrize("name", OTHERS)
def test_a_jwt_of_another_kind_is_refused_whatever_the_provider_says_of_it(
    name: str, tail: str, bearer_type: str, stage: StageFactory, provider: LocalProvider
) -> None:
    """Some providers call their ID tokens active, leave out of the answer what tells them, and do not mind padding."""
    here = stage(bearer_type=bearer_type, bearer_clients=["cli"], **ASKING)
    provider.answer["introspect"] = lambda _: json_response({"active": True, "sub": "robot", "client_id": "cli"})
    header, claims = OTHERS[name]
    good = access_token(provider, {key: value for key, value in header.items() if key == "crit"})
    assert Program(here).ask("/", good + tail).status == 200
    here.app.calls.clear()
    token = access_token(provider, header, aud=[AUDIENCE, "app"], **claims)
    answer = Program(here).ask("/", token + tail)
    assert (answer.status, error_of(answer)) == (401, "invalid_token")
    assert here.app.calls == []


def test_a_binding_among_claims_that_cannot_be_read_is_not_passed_over(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(bearer_clients=["cli"], **ASKING)
    provider.answer["introspect"] = lambda _: json_response({"active": True, "sub": "robot", "client_id": "cli"})
    for deep, status in ({"a": 1}, 200), (DEEP, 401):
        assert Program(here).ask("/", access_token(provider, {"typ": "at+jwt"}, deep=deep)).status == status
    bound = access_token(provider, {"typ": "at+jwt"}, cnf={"jkt": "x"}, deep=DEEP)
    assert Program(here).ask("/", bound).status == 401


def test_what_calls_itself_an_access_token_may_have_the_logins_nonce(
    stage: StageFactory, provider: LocalProvider
) -> None:
    """As PingAM's do; a provider that says so in its answer alone may say it of ID tokens too (Dex)."""
    here = stage(bearer_clients=["cli"], **ASKING)
    answer = {"active": True, "sub": "robot", "client_id": "cli", "token_use": "access_token"}
    provider.answer["introspect"] = lambda _: json_response(answer)
    assert Program(here).ask("/", access_token(provider, tokenName="access_token", nonce="n")).status == 200
    assert Program(here).ask("/", access_token(provider, nonce="n")).status == 401


@pytest.mark.parametrize(("bearer_type", "status"), [("any", 200), ("at+jwt", 401)])
def test_a_providers_own_type_of_access_tokens_is_the_providers_to_judge(
    bearer_type: str, status: int, stage: StageFactory, provider: LocalProvider
) -> None:
    """Okta's own server makes such, and has everybody ask it about them."""
    here = stage(bearer_type=bearer_type, bearer_clients=["cli"], **ASKING)
    provider.answer["introspect"] = lambda _: json_response({"active": True, "sub": "robot", "client_id": "cli"})
    token = access_token(provider, {"typ": "application/okta-internal-at+jwt"})
    assert Program(here).ask("/", token).status == status


@pytest.mark.parametrize(
    ("own", "told", "status"),
    [
        ("other", ..., 401),
        (["other", "app"], AUDIENCE, 401),
        ([AUDIENCE, 7], AUDIENCE, 401),
        (None, AUDIENCE, 401),
        (AUDIENCE, "other", 401),
        ([AUDIENCE, "other"], ..., 200),
        (AUDIENCE, [AUDIENCE, "other"], 200),
        (..., AUDIENCE, 200),
        (..., ..., 200),
        ([], AUDIENCE, 200),
        ([], ..., 200),
    ],
)
def test_a_jwt_is_for_this_app_by_its_own_word_too(
    own: Any, told: Any, status: int, stage: StageFactory, provider: LocalProvider
) -> None:
    said = {"active": True, "sub": "robot", "client_id": "cli"} | ({} if told is ... else {"aud": told})
    provider.answer["introspect"] = lambda _: json_response(said)
    here = stage(bearer_clients=["cli"], **ASKING)
    for tail in ("", "="):
        assert Program(here).ask("/", access_token(provider, aud=own) + tail).status == status


def segment(members: dict[str, Any]) -> str:
    return b64(json.dumps(members).encode())


NO_JWT = {
    "two dots": "good.old.token",
    "two dots, base64": f"{b64(b'good')}.{b64(b'token')}.{b64(b'x')}",
    "claims first": f"{segment({'nonce': 'n', 'typ': 'ID', 'aud': 'other'})}.aBc123.c2ln",
    "claims alone": f"{segment({'alg': 'HS256'})}.",
    "a list": f"{b64(b'[]')}.{segment({'nonce': 'n'})}.c2ln",
    "no algorithm": f"{segment({'typ': 'JWT'})}.{segment({'nonce': 'n'})}.c2ln",
    "signed, and no claims": f"{segment({'alg': 'HS256', 'typ': 'at+jwt'})}.{b64(b'k7')}.c2ln",
    "a JWE": f"{segment({'alg': 'RSA-OAEP', 'enc': 'A256GCM', 'typ': 'JWT'})}.a2V5.aXY.dGV4dA.dGFn",
    "a JWE with a shared key": f"{segment({'alg': 'dir', 'enc': 'A256GCM', 'cty': 'JWT'})}..aXY.dGV4dA.dGFn",
}


@pytest.mark.parametrize("bearer_type", ["any", "at+jwt"])
@pytest.mark.parametrize("name", NO_JWT)
def test_of_what_is_no_jwt_or_cannot_be_read_the_answer_alone_counts(
    name: str, bearer_type: str, stage: StageFactory, provider: LocalProvider
) -> None:
    provider.answer["introspect"] = lambda _: json_response({"active": True, "sub": "robot", "aud": AUDIENCE})
    answer = Program(stage(bearer_type=bearer_type, **ASKING)).ask("/", NO_JWT[name])
    assert subject(answer) == "robot"


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"aud": ...}, 200), ({"client_id": "other", "aud": ...}, 401), ({"client_id": ..., "aud": ...}, 401),
     ({"aud": "other"}, 401), ({}, 200), ({"client_id": "other"}, 401)],
    ids=repr,
)  # fmt: skip
def test_without_aud_the_clients_must_be_listed(
    changes: dict[str, Any], status: int, stage: StageFactory, provider: LocalProvider
) -> None:
    says(provider, **changes)
    assert Program(stage(bearer_clients=["cli"], **ASKING)).ask("/", "good-1").status == status


def test_auto_asks_about_what_is_no_jwt_alone(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(bearer_tokens="auto", **TAKING)
    says(provider)
    program = Program(here)
    assert program.ask("/", access_token(provider)).status == 200
    assert program.ask("/", f"good{access_token(provider)}").status == 401
    assert asked(provider) == 0
    assert program.ask("/", "good-1").status == 200
    assert program.ask("/", "good.a.b.c.d").status == 200
    assert asked(provider) == 2


def test_by_introspection_a_jwt_is_asked_about_too(stage: StageFactory, provider: LocalProvider) -> None:
    """It may have been revoked, which its signature does not tell."""
    here = stage(**ASKING)
    says(provider)
    assert Program(here).ask("/", access_token(provider)).status == 401
    assert asked(provider) == 1


# What is remembered


def test_what_binds_a_jwt_counts_where_introspection_leaves_it_out(
    stage: StageFactory, provider: LocalProvider
) -> None:
    said = {"active": True, "sub": "robot", "aud": AUDIENCE}
    provider.answer["introspect"] = lambda _: json_response(said)
    program = Program(stage(**ASKING))
    assert program.ask("/", access_token(provider)).status == 200
    for tail in ("", "=", ".x"):
        assert error_of(program.ask("/", access_token(provider, cnf={"jkt": "x"}) + tail)) == "invalid_token"
    assert program.ask("/", "no-jwt").status == 200


def test_a_yes_is_believed_for_bearer_cache_seconds(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**ASKING)
    program = Program(here)
    says(provider)
    for _ in range(5):
        assert program.ask("/", "good-1").status == 200
    assert asked(provider) == 1
    says(provider, active=False)
    here.clock.advance(29)
    assert program.ask("/", "good-1").status == 200
    here.clock.advance(2)
    assert program.ask("/", "good-1").status == 401
    assert asked(provider) == 2


def test_a_yes_is_not_believed_beyond_exp(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(bearer_cache_seconds="1h", **ASKING)
    says(provider, exp=provider.now() + 100)
    assert Program(here).ask("/", "good-1").status == 200
    assert here.app.raw[-1]["oidc_gate.identity"].expires_at == provider.now() + 100
    here.clock.advance(161)
    assert Program(here).ask("/", "good-1").status == 401
    assert asked(provider) == 2


def test_a_no_is_believed_for_five_seconds(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**ASKING)
    says(provider, active=False)
    for _ in range(5):
        assert Program(here).ask("/", "good-1").status == 401
    assert asked(provider) == 1
    says(provider)
    here.clock.advance(5)
    assert Program(here).ask("/", "good-1").status == 200


def test_without_a_cache_the_provider_is_asked_each_time(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(bearer_cache_seconds=0, **ASKING)
    says(provider)
    for _ in range(3):
        assert Program(here).ask("/", "good-1").status == 200
        assert Program(here).ask("/", "bad").status == 401
    assert asked(provider) == 6


def test_a_flood_of_bad_tokens_takes_no_room(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**ASKING)
    says(provider)
    bearer = here.gate._gate.decide.__self__
    bearer.checking._bad |= {number.to_bytes(4): 0.0 for number in range(2000)}
    assert Program(here).ask("/", "bad").status == 401
    assert len(bearer.checking._bad) == 1


def test_keys_that_are_renewed_withdraw_no_word_of_the_provider(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(bearer_cache_seconds="2h", **ASKING)
    says(provider)
    assert Program(here).ask("/", "good-1").status == 200
    here.clock.advance(3601)
    assert Program(here).ask("/", "good-1").status == 200
    assert asked(provider) == 1


# No clear answer


def html(status: int = 200, content_type: str = "text/html") -> Any:
    return (status, {"Content-Type": content_type}, "<!doctype html><title>Sign in to the Wi-Fi</title>")


NO_ANSWER: dict[str, Any] = {
    "HTML": html(),
    "HTML that calls itself JSON": html(content_type="application/json"),
    "JSON that calls itself signed": (200, {"Content-Type": SIGNED}, '{"active": true, "sub": "robot"}'),
    "JSON that calls itself a JWT": (200, {"Content-Type": "application/jwt"}, '{"active": true, "sub": "robot"}'),
    "a list": (200, {"Content-Type": "application/json"}, "[true]"),
    "a name twice": (200, {"Content-Type": "application/json"}, '{"active": false, "active": true}'),
    "nothing": (200, {"Content-Type": "application/json"}, ""),
    "half of it": (200, {"Content-Type": "application/json"}, '{"active": tr'),
    "201": (201, {"Content-Type": "application/json"}, '{"active": true}'),
    "204": (204, {}, ""),
    "a redirect": (302, {"Location": "https://evil.example/"}, ""),
    "400": (400, {"Content-Type": "application/json"}, '{"error": "invalid_request"}'),
    "401": (401, {"Content-Type": "application/json"}, '{"error": "invalid_client", "active": true}'),
    "403": html(403),
    "404": html(404),
    "429": html(429),
    "500": html(500),
    "503": html(503),
    "too long": (200, {"Content-Type": "application/json"}, '{"active": true, "a": "' + "x" * 1_000_001 + '"}'),
}


@pytest.mark.parametrize("name", NO_ANSWER)
def test_without_a_clear_answer_it_is_503_and_nobody_is_let_in(
    name: str, stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(**ASKING)
    browser = here.signed_in()
    here.app.calls.clear()
    provider.answer["introspect"] = NO_ANSWER[name]
    answer = Program(here).ask("/", "good-1")
    assert (answer.status, answer.header("Retry-After")) == (503, "5")
    assert browser.fetch("/", headers={"Authorization": "Bearer good-1"}).status == 503
    assert here.app.calls == []
    says(provider)
    assert subject(Program(here).ask("/", "good-1")) == "robot"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('{"error": "unsupported_token_type"}', "for JWTs set bearer_tokens to auto, or to jwt"),
        ('{"error": "invalid_request"}', "it does not accept this client"),
        ("no JSON", "it does not accept this client"),
    ],
)
def test_a_provider_that_says_nothing_of_jwts_is_told_from_one_that_does_not_accept_the_client(
    body: str, said: str, stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.answer["introspect"] = (400, {"Content-Type": "application/json"}, body)
    assert Program(stage(**ASKING)).ask("/", "good-1").status == 503
    assert said in caplog.text


def test_a_provider_that_is_down_or_slow_is_503_and_sessions_go_on(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(**ASKING)
    browser, of_little_patience = here.signed_in(), here.another_gate(http_timeout=0.3)
    with provider.hold("introspect"):
        assert Program(here, of_little_patience).ask("/", "good-1").status == 503
    provider.stop()
    assert Program(here).ask("/", "good-1").status == 503
    assert browser.fetch("/").status == 200


def test_a_provider_without_introspection_is_503(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.offers = set()
    assert Program(stage(**ASKING)).ask("/", "good-1").status == 503
    assert "introspection_missing" in caplog.text


def test_who_asks_for_keys_of_a_provider_that_has_none_gets_500(stage: StageFactory, provider: LocalProvider) -> None:
    """Time does not mend that, as elsewhere."""
    provider.answer["jwks"] = (404, {}, "")
    answer = Program(stage(**TAKING)).ask("/", access_token(provider))
    assert (answer.status, answer.header("Retry-After")) == (500, "")


# Signed answers


def signed(provider: LocalProvider, header: dict[str, Any] | None = None, key: Any = None, **changes: Any) -> None:
    """Have the provider sign what it says (RFC 9701, 5)."""
    said = {"active": True, "sub": "robot", "aud": AUDIENCE}
    claims = {"iss": provider.issuer, "aud": "app", "iat": provider.now(), "token_introspection": said} | changes
    members = {"alg": "RS256", "typ": "token-introspection+jwt", "kid": keys.key_for("RS256").kid} | (header or {})
    kept = [{name: value for name, value in each.items() if value is not ...} for each in (claims, members)]
    token = keys.sign(kept[0], kept[1], key or keys.key_for("RS256"))
    provider.answer["introspect"] = (200, {"Content-Type": SIGNED}, token)


def test_a_signed_answer_counts(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**ASKING)
    signed(provider)
    assert subject(Program(here).ask("/", "good-1")) == "robot"
    signed(provider, aud=["app", "other"])
    assert subject(Program(here).ask("/", "good-2")) == "robot"
    signed(provider, token_introspection={"active": False})
    assert Program(here).ask("/", "good-3").status == 401


@pytest.mark.parametrize(
    ("header", "changes"),
    [
        ({"typ": "JWT"}, {}),
        ({"typ": "at+jwt"}, {}),
        ({"typ": ...}, {}),
        ({"alg": "none"}, {}),
        ({}, {"iss": "https://evil.example"}),
        ({}, {"iss": ...}),
        ({}, {"aud": "other"}),
        ({}, {"aud": ...}),
        ({}, {"token_introspection": ...}),
        ({}, {"token_introspection": "active"}),
    ],
    ids=repr,
)
def test_a_signed_answer_that_is_not_what_it_should_be_is_503(
    header: dict[str, Any], changes: dict[str, Any], stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(**ASKING)
    signed(provider, header, **changes)
    assert Program(here).ask("/", "good-1").status == 503
    assert here.app.calls == []


def test_an_answer_that_somebody_else_signed_is_503(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**ASKING)
    signed(provider, key=RSAKey.generate_key(2048))
    assert Program(here).ask("/", "good-1").status == 503
    signed(provider)
    assert Program(here).ask("/", "good-1").status == 200


def test_a_signed_answer_while_keys_cannot_be_had_is_503(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(**ASKING)
    signed(provider)
    provider.answer["jwks"] = (503, {}, "")
    assert Program(here).ask("/", "good-1").status == 503


def test_who_waited_with_the_same_token_goes_by_what_the_other_was_told(
    stage: StageFactory, provider: LocalProvider
) -> None:
    from oidc_gate.decisions import Forward, Work
    from tests.asked import Asked

    here: Stage = stage(**ASKING)
    says(provider)
    works = [here.gate._gate.decide(Asked(headers={"authorization": "Bearer good-1"})) for _ in range(3)]
    for work in works:
        assert isinstance(work, Work)
        assert isinstance(work.run(), Forward)
    assert asked(provider) == 1
