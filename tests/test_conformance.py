"""The relying-party modules of the OpenID Foundation's certification, each under its own name, in both worlds.

Plans: Basic, Config, Form Post (Basic), Third-Party-Initiated Login, RP-Initiated Logout, and the token checks of
Back-Channel Logout (also in test_tokens.py) and Refresh Token. What a module expects of the client stands in its test.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from werkzeug import Response

from oidc_gate.errors import ProviderError
from oidc_gate.provider.provider import Provider
from oidc_gate.settings import Settings
from tests.answers import Answer
from tests.apps import COOKIE_SECRET
from tests.browser import Browser
from tests.conftest import StageFactory
from tests.providers import keys
from tests.providers.local import LocalProvider
from tests.stage import Stage, is_login, subject

pytestmark = pytest.mark.uncounted


def accepted(stage: Stage) -> Answer:
    """Sign in; the app answers, and knows who asks."""
    page = stage.browser().navigate("/private?x=1")
    assert (page.status, page.url) == (200, "https://app.test/private?x=1"), page.text
    assert subject(page) == "ada-1815"
    return page


def refused(stage: Stage, code: str, status: int = 400) -> Browser:
    """Sign in; a page says with this code that it did not work, the app is not called and there is no session."""
    browser = stage.browser()
    calls = len(stage.app.calls)
    page = browser.navigate("/private")
    assert (page.status, f"Error {code} ·" in page.text) == (status, True), page.text
    assert len(stage.app.calls) == calls
    assert browser.cookies.names() == []
    assert browser.fetch("/private").status == 401
    return browser


# Basic: a good login


def test_oidcc_client_test(stage: StageFactory, provider: LocalProvider) -> None:
    """A whole login by the code flow, with state, nonce and PKCE."""
    accepted(stage())
    asked = provider.calls("authorize")[0].params
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 32
    assert provider.calls("token")[0].form["redirect_uri"] == "https://app.test/oauth2/callback"


def test_oidcc_client_test_idtoken_sig_rs256(stage: StageFactory) -> None:
    accepted(stage())


def test_oidcc_client_test_client_secret_basic(stage: StageFactory, provider: LocalProvider) -> None:
    """The client names itself in the header and nowhere else."""
    accepted(stage())
    call = provider.calls("token")[0]
    assert call.headers["authorization"].startswith("Basic ")
    assert not {"client_secret", "client_assertion"} & set(call.form)


def test_oidcc_client_test_scope_userinfo_claims(stage: StageFactory, provider: LocalProvider) -> None:
    """Claims that only userinfo tells reach the app; the access token goes in the header."""
    provider.userinfo_only = {"email", "email_verified", "name", "groups"}
    identity = accepted(stage()).json()["identity"]
    assert (identity["email"], identity["name"]) == ("ada@example.com", "Ada Lovelace")
    assert identity["groups"] == ["engineers", "admins"]
    call = provider.calls("userinfo")[0]
    assert (call.method, call.headers["authorization"].startswith("Bearer ")) == ("GET", True)


def test_oidcc_client_test_aggregated_claims(stage: StageFactory, provider: LocalProvider) -> None:
    """Claims in a token of a third party are tolerated and not believed (Core, 5.6.2.1)."""
    jwt = keys.sign({"groups": ["owners"], "email": "eve@example.com"}, {"alg": "none"})
    sources = {"_claim_names": {"groups": "src1", "email": "src1"}, "_claim_sources": {"src1": {"JWT": jwt}}}
    provider.change_userinfo = lambda claims: claims | sources
    identity = accepted(stage(userinfo="always")).json()["identity"]
    assert (identity["email"], identity["groups"]) == ("ada@example.com", ["engineers", "admins"])
    assert stage(userinfo="always", allow_groups="owners").browser().navigate("/").status == 403


def test_oidcc_client_test_distributed_claims(stage: StageFactory, provider: LocalProvider) -> None:
    """Claims at an address of a third party are tolerated; nothing is fetched from there (Core, 5.6.2.2)."""
    endpoint = {"endpoint": f"{provider.origin}/distributed", "access_token": "t"}
    sources = {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": endpoint}}
    provider.userinfo_only = {"groups"}
    provider.change_userinfo = lambda claims: {name: claims[name] for name in claims if name != "groups"} | sources
    assert accepted(stage(userinfo="always")).json()["identity"]["groups"] == []
    assert stage(userinfo="always", allow_groups="engineers").browser().navigate("/").status == 403
    assert not [call for call in provider.requests if call.path == "/distributed"]


@pytest.mark.parametrize("signed", [True, False])
def test_oidcc_client_test_userinfo_signed(stage: StageFactory, provider: LocalProvider, signed: bool) -> None:
    """A signed userinfo answer is verified like a token; one that anybody could have made is refused."""

    def answer(_: Any) -> Response:
        claims = {"sub": "ada-1815", "iss": provider.issuer, "aud": "app", "name": "Countess"}
        header = provider.token_header() if signed else {"alg": "none"}
        return Response(
            keys.sign(claims, header, keys.key_for("RS256") if signed else None), mimetype="application/jwt"
        )

    provider.userinfo_only = {"name"}
    provider.answer["userinfo"] = answer
    if signed:
        assert accepted(stage()).json()["identity"]["name"] == "Countess"
    else:
        refused(stage(), "token_malformed")


# Basic: what is wrong in an ID token


def test_oidcc_client_test_invalid_iss(stage: StageFactory, provider: LocalProvider) -> None:
    for fault in ("wrong_issuer", "issuer_with_slash", "no_issuer"):
        with provider.fault(fault):
            refused(stage(), "issuer_mismatch")


def test_oidcc_client_test_missing_sub(stage: StageFactory, provider: LocalProvider) -> None:
    for fault in ("no_subject", "empty_subject", "number_as_subject"):
        with provider.fault(fault):
            refused(stage(), "sub_missing")


def test_oidcc_client_test_invalid_aud(stage: StageFactory, provider: LocalProvider) -> None:
    for fault in ("wrong_audience", "another_audience_with_azp", "empty_audience"):
        with provider.fault(fault):
            refused(stage(), "audience_mismatch")
    with provider.fault("wrong_azp"):
        refused(stage(), "azp_mismatch")


def test_oidcc_client_test_missing_aud(stage: StageFactory, provider: LocalProvider) -> None:
    with provider.fault("no_audience"):
        refused(stage(), "audience_mismatch")


def test_oidcc_client_test_missing_iat(stage: StageFactory, provider: LocalProvider) -> None:
    with provider.fault("no_iat"):
        refused(stage(), "iat_invalid")


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("no_exp", "exp_invalid"),
        ("exp_as_text", "exp_invalid"),
        ("expired", "token_expired"),
        ("issued_in_the_future", "token_from_the_future"),
        ("not_yet_valid", "token_from_the_future"),
        ("critical_header", "token_malformed"),
        ("logout_token_type", "token_type_wrong"),
        ("no_jwt", "token_malformed"),
        ("embedded_key", "signature_invalid"),
        ("stranger_key", "signature_invalid"),
        ("unknown_kid", "signature_invalid"),
    ],
)
def test_what_the_plans_do_not_try(stage: StageFactory, provider: LocalProvider, fault: str, code: str) -> None:
    with provider.fault(fault):
        refused(stage(), code)


def test_oidcc_client_test_nonce_invalid(stage: StageFactory, provider: LocalProvider) -> None:
    with provider.fault("wrong_nonce"):
        refused(stage(), "nonce_mismatch")
    with provider.fault("no_nonce"):
        refused(stage(), "nonce_missing")


def test_oidcc_client_test_invalid_athash(stage: StageFactory, provider: LocalProvider) -> None:
    with provider.fault("wrong_at_hash"):
        refused(stage(), "at_hash_mismatch")


def test_oidcc_client_test_missing_athash(stage: StageFactory, provider: LocalProvider) -> None:
    """In the code flow `at_hash` may be missing (Core, 3.1.3.6): the token came from the provider itself."""
    with provider.fault("no_at_hash"):
        accepted(stage())


# Basic: signatures


def test_oidcc_client_test_kid_absent_single_jwks(stage: StageFactory, provider: LocalProvider) -> None:
    with provider.fault("no_kid"), provider.fault("jwks_with_one_key"):
        accepted(stage())


def test_oidcc_client_test_kid_absent_multiple_jwks(stage: StageFactory, provider: LocalProvider) -> None:
    """All keys that fit are tried: accepting is allowed, and the signature decides."""
    provider.rotate_keys()
    with provider.fault("no_kid"):
        accepted(stage())


def test_oidcc_client_test_idtoken_sig_none(stage: StageFactory, provider: LocalProvider) -> None:
    """Refused, even where the provider says that it may be used."""
    for fault in ("alg_none", "alg_none_in_capitals"):
        with provider.fault(fault), provider.fault("discovery_lists_none"):
            refused(stage(), "token_malformed")


def test_oidcc_client_test_invalid_sig_rs256(stage: StageFactory, provider: LocalProvider) -> None:
    with provider.fault("bad_signature"):
        refused(stage(), "signature_invalid")


def test_oidcc_client_test_invalid_sig_es256(stage: StageFactory, provider: LocalProvider) -> None:
    provider.sign_with("ES256")
    accepted(stage())
    with provider.fault("bad_signature"):
        refused(stage(), "signature_invalid")


def test_oidcc_client_test_invalid_sig_hs256(stage: StageFactory, provider: LocalProvider) -> None:
    """HMAC is never accepted: not with a bad signature, the client's secret or the provider's public key."""
    for fault in ("hs256_bad_signature", "hs256_with_secret", "hs256_with_public_key"):
        with provider.fault(fault):
            refused(stage(), "alg_not_allowed")


# Basic: userinfo


def test_oidcc_client_test_userinfo_invalid_sub(stage: StageFactory, provider: LocalProvider) -> None:
    for fault in ("userinfo_wrong_subject", "userinfo_no_subject"):
        with provider.fault(fault):
            refused(stage(userinfo="always"), "userinfo_sub_mismatch")


# Config: discovery and keys


def test_oidcc_client_test_discovery_openid_config(stage: StageFactory, provider: LocalProvider) -> None:
    """Every endpoint is taken from the document."""
    provider.change_discovery = lambda document: document | {"token_endpoint": provider.origin + "/moved"}
    provider.answer["/moved"] = lambda request: provider.serve_token(request)
    accepted(stage())
    assert provider.calls("token") == []
    assert [call.path for call in provider.calls("discovery")] == ["/.well-known/openid-configuration"]


def test_oidcc_client_test_discovery_jwks_uri_keys(stage: StageFactory, provider: LocalProvider) -> None:
    accepted(stage())
    assert len(provider.calls("jwks")) == 1


def test_oidcc_client_test_discovery_issuer_mismatch(stage: StageFactory, provider: LocalProvider) -> None:
    """No browser is sent anywhere by the document of another issuer."""
    with provider.fault("discovery_wrong_issuer"):
        refused(stage(), "issuer_mismatch", 500)
    assert provider.calls("authorize") == []


def test_oidcc_client_test_signing_key_rotation(stage: StageFactory, provider: LocalProvider) -> None:
    """New keys are published, later they sign."""
    here = stage()
    accepted(here)
    old = provider.token_header()["kid"]
    provider.rotate_keys()
    accepted(here)
    assert provider.token_header()["kid"] != old
    assert len(provider.calls("jwks")) == 2


def test_oidcc_client_test_signing_key_rotation_just_before_signing(
    stage: StageFactory, provider: LocalProvider
) -> None:
    """The old keys are gone at the moment when the new ones sign."""
    here = stage()
    browser = here.browser()
    accepted(here)
    waiting = browser.navigate("/private", until="https://app.test/oauth2/callback")
    provider.rotate_keys(keep_old=False)
    assert subject(browser.follow(waiting)) == "ada-1815"
    assert len(provider.calls("jwks")) == 2


# Form Post


def test_oidcc_client_test_form_post(stage: StageFactory, provider: LocalProvider) -> None:
    """The answer comes as a POST from the provider's site; the login's cookie must come along."""
    here = stage(response_mode="form_post")
    browser = here.browser()
    page = browser.navigate("/private?x=1")
    assert (page.status, page.url, subject(page)) == (200, "https://app.test/private?x=1", "ada-1815")
    assert provider.calls("authorize")[0].params["response_mode"] == "form_post"
    posted = [answer for answer in browser.trail if answer.url.startswith("https://app.test/oauth2/callback")]
    assert [(answer.sent.method, answer.sent.site) for answer in posted] == [("POST", "cross-site")]


def test_oidcc_client_test_form_post_error(stage: StageFactory, provider: LocalProvider) -> None:
    with provider.fault("callback_error"):
        refused(stage(response_mode="form_post"), "access_denied")


def test_form_post_with_every_other_fault(stage: StageFactory, provider: LocalProvider) -> None:
    for fault, code in (("wrong_nonce", "nonce_mismatch"), ("wrong_callback_issuer", "callback_issuer_mismatch")):
        with provider.fault(fault):
            refused(stage(response_mode="form_post"), code)


# Third-party-initiated login


def test_oidcc_client_test_3rd_party_init_login(stage: StageFactory, provider: LocalProvider) -> None:
    """The provider starts the login with `iss`, and may say who and where to (Core, 4)."""
    browser = stage().browser()
    asked = {"iss": provider.issuer, "login_hint": "ada@example.com", "target_link_uri": "https://app.test/report?y=1"}
    page = browser.navigate(f"/oauth2/login?{urlencode(asked)}", initiator=provider.origin + "/")
    assert (page.status, page.url, subject(page)) == (200, "https://app.test/report?y=1", "ada-1815")
    sent = provider.calls("authorize")[0].params
    assert (sent["login_hint"], "prompt" in sent) == ("ada@example.com", False)


def test_a_login_hint_that_is_asked_for_takes_the_place_of_the_one_that_is_set(
    stage: StageFactory, provider: LocalProvider
) -> None:
    """A parameter may be there once (RFC 6749, 3.1): the provider refuses a second one."""
    here = stage(authz_url_params={"login_hint": "of@the.settings"})
    for query, expected in (("", "of@the.settings"), ("?login_hint=bob%40example.com", "bob@example.com")):
        assert here.browser().navigate(f"/oauth2/login{query}").status == 200
        assert provider.calls("authorize")[-1].params["login_hint"] == expected


# RP-initiated logout


def signed_out_to(stage: Stage) -> tuple[Browser, Answer]:
    """Sign in and out; return the browser at the provider's answer, which would lead back."""
    browser = stage.signed_in("/private")
    return browser, browser.navigate("/oauth2/logout", until="https://app.test/oauth2/logout?")


def test_oidcc_client_test_rp_init_logout(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(provider_logout=True)
    browser = here.signed_in("/private")
    page = browser.navigate("/oauth2/logout")
    assert (page.status, "You are signed out" in page.text) == (200, True)
    asked = provider.calls("end_session")[0].params
    assert set(asked) == {"id_token_hint", "client_id", "post_logout_redirect_uri", "state"}
    assert asked["post_logout_redirect_uri"] == "https://app.test/oauth2/logout"
    assert keys.unverified_claims(asked["id_token_hint"])["sub"] == "ada-1815"
    assert provider.ended == [keys.unverified_claims(asked["id_token_hint"])["sid"]]
    assert is_login(browser.get("/private"), provider)


@pytest.mark.parametrize("state", ["", "x", "\u00e4", "A" * 5000])
def test_oidcc_client_test_rp_init_logout_invalid_state(stage: StageFactory, state: str) -> None:
    browser, page = signed_out_to(stage(provider_logout=True))
    assert page.target.startswith("https://app.test/oauth2/logout?state=")
    back = browser.get(f"/oauth2/logout?{urlencode({'state': state})}")
    assert (back.status, "Error logout_state_mismatch" in back.text) == (400, True)
    assert browser.fetch("/private").status == 401


def test_oidcc_client_test_rp_init_logout_no_state(stage: StageFactory) -> None:
    """The session is gone all the same, and the page says so; nothing is trusted that came along."""
    browser, _ = signed_out_to(stage(provider_logout=True))
    back = browser.get("/oauth2/logout?next=https://evil.example/")
    assert back.target == "https://app.test/"
    assert "You are signed out" in browser.get("/oauth2/logout").text
    assert browser.fetch("/private").status == 401


# Back-channel logout: the signature and the algorithm (the claims: test_tokens.py; the journey needs a store)


@pytest.fixture
def verifier(provider: LocalProvider) -> Provider:
    return Provider(Settings(**({"cookie_secret": COOKIE_SECRET} | provider.gate_options())))


def verification(verifier: Provider, token: str) -> str:
    """Return the code with which a logout token's signature is refused."""
    with pytest.raises(ProviderError) as raised:
        verifier.logout_claims(token)
    return raised.value.code


def test_oidcc_client_test_backchannel_logout_signature(verifier: Provider, provider: LocalProvider) -> None:
    token = provider.make_logout_token(sub="ada-1815")
    assert verifier.logout_claims(token)[0]["sub"] == "ada-1815"
    assert verification(verifier, keys.tampered(token)) == "signature_invalid"


def test_oidcc_client_test_backchannel_logout_alg_none(verifier: Provider, provider: LocalProvider) -> None:
    for alg in ("none", "None", "NONE"):
        token = provider.make_logout_token(sub="ada-1815", header={"alg": alg})
        assert verification(verifier, token) == "token_malformed"
        assert verification(verifier, token + "AAAA") == "alg_not_allowed"


@pytest.mark.parametrize("begun_here", [True, False])
def test_oidcc_client_test_backchannel_logout_wrong_alg(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path, begun_here: bool
) -> None:
    """The module `rp-backchannel-rpinitlogout-wrong-alg`, and the same with the session still there.

    The ID token comes with RS256, the logout token with ES256 and a good key; discovery lists both.
    """
    here = stage(session_store=f"sqlite:///{tmp_path}/sessions.db")
    browser = here.signed_in()
    sid = browser.fetch("/").json()["identity"]["claims"]["sid"]
    if begun_here:
        browser.get("/oauth2/logout")
    token = provider.make_logout_token(sub="ada-1815", sid=sid, header={"alg": "ES256", "kid": "ec-1"})
    answer = here.browser().post("/oauth2/backchannel-logout", form={"logout_token": token}, navigate=False)
    assert (answer.status, answer.json()["error"]) == (400, "alg_not_allowed")
    assert browser.fetch("/").status == (401 if begun_here else 200)


def test_a_logout_token_that_the_client_secret_signs_is_refused(verifier: Provider, provider: LocalProvider) -> None:
    claims = keys.unverified_claims(provider.make_logout_token(sub="ada-1815"))
    client = provider.clients["app"]
    for alg in ("HS256", "HS512"):
        forged = keys.sign(claims, {"alg": alg}, keys.hmac_key(client.secret or ""))
        assert verification(verifier, forged) == "alg_not_allowed"
    provider.change_discovery = lambda document: document | {"id_token_signing_alg_values_supported": ["RS256"]}
    strict = Provider(Settings(**({"cookie_secret": COOKIE_SECRET} | provider.gate_options())))
    assert (
        verification(strict, provider.make_logout_token(sub="a", header={"alg": "ES256", "kid": "ec-1"}))
        == "alg_not_allowed"
    )


# What a login never says


def test_no_parameter_of_a_login_is_repeated_or_empty(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(authz_url_params={"ui_locales": "en"})
    sent = parse_qs(urlsplit(here.browser().get("/private").target).query, keep_blank_values=True)
    assert all(len(values) == 1 and values[0] for values in sent.values())
