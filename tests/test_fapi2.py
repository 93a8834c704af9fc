"""`profile = "fapi2"`: the relying-party modules of the OpenID Foundation's plan for it, each under its own name.

The plan is `fapi2-security-profile-final-client-test-plan` (openid-certification/conformance-suite), with the variants
client_auth_type=private_key_jwt, sender_constrain=dpop, fapi_client_type=oidc, fapi_profile=plain_fapi. What a module
expects of the client stands in its test. What the plan does not try comes after, and then the settings.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from oidc_gate import Settings, SettingsError
from oidc_gate.command import main
from oidc_gate.provider.provider import Provider
from tests.answers import Answer
from tests.apps import COOKIE_SECRET
from tests.conftest import StageFactory
from tests.doctor_faults import examined, not_ok
from tests.providers import keys
from tests.providers.local import LocalProvider
from tests.stage import HTML, Stage, query, subject

#: The modules of the plan, in its order, without the prefix that all have.
PREFIX = "fapi2-security-profile-final-client-"
MODULES = [
    "test-happy-path",
    "test-discovery-issuer-mismatch",
    "test-invalid-iss",
    "test-invalid-aud",
    "test-invalid-secondary-aud",
    "test-invalid-null-alg",
    "test-invalid-alternate-alg",
    "test-invalid-expired-exp",
    "test-invalid-missing-exp",
    "test-invalid-missing-aud",
    "test-invalid-missing-iss",
    "test-valid-aud-as-array",
    "test-invalid-nonce",
    "test-invalid-missing-nonce",
    "test-invalid-authorization-response-iss",
    "test-remove-authorization-response-iss",
    "test-ensure-authorization-response-with-invalid-state-fails",
    "test-ensure-authorization-response-with-invalid-missing-state-fails",
    "test-token-endpoint-response-without-expires_in",
    "test-token-type-case-insensitivity",
    "test-rs-dpop-auth-scheme-case-insensitivity",
    "test-happy-path-no-dpop-nonce",
    "test-happy-path-no-mtls-endpoint-aliases",
    "refresh-token-test",
]
#: Those that ask for what the gate does not have: Grant Management is a specification of its own, and off by default.
NOT_OURS = {
    "test-grant-management-happy-path",
    "test-grant-management-query-and-revoke",
    "test-grant-management-invalid-grant-id-fails",
}

Fapi2 = Callable[..., Stage]


@pytest.fixture
def bank(provider: LocalProvider, tmp_path: Path) -> LocalProvider:
    """Have a provider as FAPI 2.0 wants one, with a client whose key is in `client.json`."""
    provider.offers, provider.demands_pushed, provider.only_issuer = {"par"}, True, True
    provider.sign_with("PS256")
    provider.dpop_nonces = {"token": "nonce-of-the-server", "userinfo": "nonce-of-the-resource"}
    key = keys.make_key("ec", 7)
    (tmp_path / "client.json").write_text(json.dumps(key.as_dict(private=True)))
    provider.add_client(auth_method="private_key_jwt", secret=None, jwks=keys.public_jwks(key), dpop=True)
    return provider


@pytest.fixture
def fapi2(stage: StageFactory, bank: LocalProvider, tmp_path: Path) -> Fapi2:  # it is set up
    """Set stages under the profile: `fapi2(userinfo="always")`; the keywords are the gate's."""
    return lambda **more: stage(**given(tmp_path, **more))


def given(folder: Path, **more: Any) -> dict[str, Any]:
    return {"profile": "fapi2", "client_private_key_file": folder / "client.json", "userinfo": "always"} | more


def accepted(here: Stage) -> Answer:
    page = here.browser().navigate("/private?x=1")
    assert (page.status, page.url) == (200, "https://app.test/private?x=1"), page.text
    assert subject(page) == "ada-1815"
    return page


def refused(here: Stage, code: str, status: int = 400, *, asked: tuple[str, ...] = ("par", "token")) -> None:
    """Sign in; a page says with this code that it did not work, and nothing but this was asked of the provider."""
    browser, provider = here.browser(), here.provider
    provider.requests.clear()
    page = browser.navigate("/private")
    assert (page.status, f"Error {code} ·" in page.text) == (status, True), page.text
    assert browser.cookies.names() == []
    assert browser.fetch("/private").status == 401
    called = {call.endpoint for call in provider.requests} - {"authorize", "jwks", "discovery"}
    assert called == set(asked)


def test_each_module_of_the_plan_has_its_test() -> None:
    names = {name.removeprefix("test_") for name in globals() if name.startswith("test_fapi2_")}
    assert names == {re.sub(r"\W", "_", PREFIX + module).lower() for module in MODULES}
    assert not NOT_OURS & set(MODULES)


def test_fapi2_security_profile_final_client_test_happy_path(fapi2: Fapi2, bank: LocalProvider) -> None:
    """PAR, a code bound to the key, PKCE, `iss`, a proof at the token endpoint and at the resource, nonces at both."""
    here = fapi2()
    page = here.browser().get("/private?x=1", headers=HTML)
    assert query(page.location).keys() == {"client_id", "request_uri"}
    bank.requests.clear()
    accepted(here)
    (pushed,) = bank.calls("par")
    assert pushed.form["code_challenge_method"] == "S256"
    assert len(pushed.form["nonce"]) <= 64
    assert "response_mode" not in pushed.form
    first, second = bank.calls("token")
    assertions = [call.form["client_assertion"] for call in (pushed, first, second)]
    said = [keys.unverified_claims(each) for each in assertions]
    assert [each["aud"] for each in said] == [bank.issuer] * 3  # a string, and no list of one
    assert len({each["jti"] for each in said}) == 3
    assert {keys.unverified_header(each)["alg"] for each in assertions} == {"ES256"}
    assert "authorization" not in first.headers
    assert not {"client_secret"} & set(second.form)
    assert [each["at"] for each in bank.proofs] == ["token", "userinfo"]
    asked = bank.calls("userinfo")[-1]
    assert asked.headers["authorization"].startswith("DPoP ")
    assert asked.query == ""
    proof = keys.unverified_header(asked.headers["dpop"])
    assert (proof["typ"], proof["alg"], proof["jwk"].keys()) == ("dpop+jwt", "ES256", {"kty", "crv", "x", "y"})
    assert pushed.form["dpop_jkt"] == next(iter(bank.bound.values()))


def test_fapi2_security_profile_final_client_test_happy_path_no_dpop_nonce(fapi2: Fapi2, bank: LocalProvider) -> None:
    bank.dpop_nonces = {}
    accepted(fapi2())
    assert len(bank.calls("token")) == len(bank.calls("userinfo")) == 1
    assert "nonce" not in bank.proofs[0]


def test_fapi2_security_profile_final_client_test_happy_path_no_mtls_endpoint_aliases(fapi2: Fapi2) -> None:
    """There are none here, as nothing goes over mutual TLS."""
    accepted(fapi2())


def test_fapi2_security_profile_final_client_test_discovery_issuer_mismatch(fapi2: Fapi2, bank: LocalProvider) -> None:
    for issuer in ("https://evil.example", bank.issuer + "/x"):
        bank.change_discovery = partial(_with, issuer=issuer)
        refused(fapi2(), "issuer_mismatch", 500, asked=())


def _with(document: dict[str, Any], **members: Any) -> dict[str, Any]:
    return document | members


def test_fapi2_security_profile_final_client_test_invalid_iss(fapi2: Fapi2, bank: LocalProvider) -> None:
    with bank.fault("wrong_issuer"):
        refused(fapi2(), "issuer_mismatch")


def test_fapi2_security_profile_final_client_test_invalid_aud(fapi2: Fapi2, bank: LocalProvider) -> None:
    with bank.fault("wrong_audience"):
        refused(fapi2(), "audience_mismatch")


def test_fapi2_security_profile_final_client_test_invalid_secondary_aud(fapi2: Fapi2, bank: LocalProvider) -> None:
    """A second audience that the client does not trust."""
    with bank.fault("wrong_audience", aud=["app", "https://other.example"]):
        refused(fapi2(), "audience_mismatch")


def test_fapi2_security_profile_final_client_test_valid_aud_as_array(fapi2: Fapi2, bank: LocalProvider) -> None:
    with bank.fault("wrong_audience", aud=["app"]):
        accepted(fapi2())


def test_fapi2_security_profile_final_client_test_invalid_null_alg(fapi2: Fapi2, bank: LocalProvider) -> None:
    for fault in ("alg_none", "alg_none_in_capitals"):
        with bank.fault(fault):
            refused(fapi2(), "token_malformed")


def test_fapi2_security_profile_final_client_test_invalid_alternate_alg(fapi2: Fapi2, bank: LocalProvider) -> None:
    """RS256, which discovery lists, and which is good everywhere else."""
    bank.sign_with("RS256")
    refused(fapi2(), "alg_not_allowed")


def test_fapi2_security_profile_final_client_test_invalid_expired_exp(fapi2: Fapi2, bank: LocalProvider) -> None:
    with bank.fault("expired"):
        refused(fapi2(), "token_expired")


def test_fapi2_security_profile_final_client_test_invalid_missing_exp(fapi2: Fapi2, bank: LocalProvider) -> None:
    with bank.fault("no_exp"):
        refused(fapi2(), "exp_invalid")


def test_fapi2_security_profile_final_client_test_invalid_missing_aud(fapi2: Fapi2, bank: LocalProvider) -> None:
    with bank.fault("no_audience"):
        refused(fapi2(), "audience_mismatch")


def test_fapi2_security_profile_final_client_test_invalid_missing_iss(fapi2: Fapi2, bank: LocalProvider) -> None:
    with bank.fault("no_issuer"):
        refused(fapi2(), "issuer_mismatch")


def test_fapi2_security_profile_final_client_test_invalid_nonce(fapi2: Fapi2, bank: LocalProvider) -> None:
    with bank.fault("wrong_nonce"):
        refused(fapi2(), "nonce_mismatch")


def test_fapi2_security_profile_final_client_test_invalid_missing_nonce(fapi2: Fapi2, bank: LocalProvider) -> None:
    with bank.fault("no_nonce"):
        refused(fapi2(), "nonce_missing")


def test_fapi2_security_profile_final_client_test_invalid_authorization_response_iss(
    fapi2: Fapi2, bank: LocalProvider
) -> None:
    with bank.fault("wrong_callback_issuer"):
        refused(fapi2(), "callback_issuer_mismatch", asked=("par",))


def test_fapi2_security_profile_final_client_test_remove_authorization_response_iss(
    fapi2: Fapi2, bank: LocalProvider
) -> None:
    """Missing, it is refused; whether discovery promises it or not (RFC 9207, 2.4, leaves that to us)."""
    for promised in (True, None):
        bank.change_discovery = partial(_with, authorization_response_iss_parameter_supported=promised)
        with bank.fault("no_callback_issuer"):
            refused(fapi2(), "callback_issuer_mismatch", asked=("par",))


def test_fapi2_security_profile_final_client_test_ensure_authorization_response_with_invalid_state_fails(
    fapi2: Fapi2, bank: LocalProvider
) -> None:
    _without_its_state(fapi2(), bank, "wrong_state", "state_unknown")


def test_fapi2_security_profile_final_client_test_ensure_authorization_response_with_invalid_missing_state_fails(
    fapi2: Fapi2, bank: LocalProvider
) -> None:
    _without_its_state(fapi2(), bank, "no_state", "state_missing")


def _without_its_state(here: Stage, bank: LocalProvider, fault: str, code: str) -> None:
    """Answer a login so: a page says it, and no code is redeemed."""
    with bank.fault(fault):
        page = here.browser().navigate("/private")
    assert (page.status, f"Error {code} ·" in page.text) == (400, True), page.text
    assert not bank.calls("token")


def test_fapi2_security_profile_final_client_test_token_endpoint_response_without_expires_in(
    fapi2: Fapi2, bank: LocalProvider
) -> None:
    bank.change_token_response = lambda tokens: {name: tokens[name] for name in tokens if name != "expires_in"}
    accepted(fapi2())


def test_fapi2_security_profile_final_client_test_token_type_case_insensitivity(
    fapi2: Fapi2, bank: LocalProvider
) -> None:
    bank.change_token_response = lambda tokens: tokens | {"token_type": "dpOp"}
    accepted(fapi2())


def test_fapi2_security_profile_final_client_test_rs_dpop_auth_scheme_case_insensitivity(
    fapi2: Fapi2, bank: LocalProvider
) -> None:
    """A nonce that is asked for by `dPoP error="use_dpop_nonce"`."""
    bank.scheme_of_challenge = "dPoP"
    accepted(fapi2())
    assert len(bank.calls("userinfo")) == 2


def test_fapi2_security_profile_final_client_refresh_token_test(
    fapi2: Fapi2, bank: LocalProvider, tmp_path: Path
) -> None:
    """A refresh has a proof too, and the new token is bound (of Brazil's plan, and others'; 5.3.3.1, point 6)."""
    here = fapi2(session_store=f"sqlite:///{tmp_path}/s.db", scopes="openid offline_access", idle_session_timeout="0")
    browser = here.signed_in()
    bank.dpop_nonces["token"] = "another-nonce"
    here.clock.advance(3590)
    assert browser.fetch("/").status == 200
    assert [call.form["grant_type"] for call in bank.calls("token")][-1] == "refresh_token"
    assert [each["at"] for each in bank.proofs] == ["token", "userinfo", "token", "userinfo"]
    assert len(set(bank.bound.values())) == 1
    assert len(bank.bound) == 2


# What the plan does not try


def test_a_token_that_is_bound_to_nothing_is_refused(fapi2: Fapi2, bank: LocalProvider) -> None:
    bank.change_token_response = lambda tokens: tokens | {"token_type": "Bearer"}
    refused(fapi2(), "token_answer_invalid")


def test_a_code_that_is_bound_to_another_key_starts_the_login_again_once(fapi2: Fapi2, bank: LocalProvider) -> None:
    """As when `cookie_secret` is changed between: then the second try is bound to the new key."""
    here = fapi2()
    browser = here.browser()
    address = browser.get("/private", headers=HTML).location
    later = here.moved(browser, here.another_gate(cookie_secret=["a-newer-secret-than-the-other", COOKIE_SECRET]))
    page = later.navigate(address)
    assert subject(page) == "ada-1815"
    assert len(bank.calls("par")) == 2


def test_a_token_that_was_bound_by_an_older_secret_is_still_of_use(
    fapi2: Fapi2, bank: LocalProvider, tmp_path: Path
) -> None:
    here = fapi2(session_store=f"sqlite:///{tmp_path}/s.db", userinfo_refresh_interval="5m")
    browser = here.signed_in()
    newer = here.another_gate(cookie_secret=["a-newer-secret-than-the-other", COOKIE_SECRET])
    moved = here.moved(browser, newer)
    here.clock.advance(301)
    bank.requests.clear()
    assert moved.fetch("/").status == 200
    assert len(bank.calls("userinfo")) >= 2  # the new key's, and the old one's
    assert moved.fetch("/").status == 200
    foreign = here.moved(browser, here.another_gate(cookie_secret=COOKIE_SECRET))
    bank.bound = dict.fromkeys(bank.bound, "another key")
    here.clock.advance(301)
    assert foreign.fetch("/").status == 401


def test_all_processes_of_a_gate_have_one_key_and_each_provider_another(bank: LocalProvider, tmp_path: Path) -> None:
    def thumbprint(**more: Any) -> str:
        options = bank.gate_options(cookie_secret=COOKIE_SECRET) | given(tmp_path) | more
        provider = Provider(Settings(**options))
        found = provider.metadata()
        provider.push(f"{found.authorization_endpoint}?client_id=app&redirect_uri=https%3A%2F%2Fapp.test%2Fc"
                      "&response_type=code&code_challenge=x&code_challenge_method=S256", found)  # fmt: skip
        return bank.calls("par")[-1].form["dpop_jkt"]

    bank.clients["other"] = bank.clients["app"].__class__(**{**vars(bank.clients["app"]), "client_id": "other"})
    assert thumbprint() == thumbprint()
    others = [thumbprint(cookie_secret="another-secret-0123456789012345"), thumbprint(client_id="other")]
    assert len({thumbprint(), *others}) == 3


@pytest.mark.parametrize(
    ("status", "headers", "body", "asked"),
    [
        (400, {"DPoP-Nonce": "n2"}, {"error": "use_dpop_nonce"}, 2),
        (401, {"DPoP-Nonce": "n2"}, {"error": "use_dpop_nonce"}, 2),
        (400, {}, {"error": "use_dpop_nonce"}, 1),
        (400, {"DPoP-Nonce": ""}, {"error": "use_dpop_nonce"}, 1),
        (400, {"DPoP-Nonce": "n" * 1001}, {"error": "use_dpop_nonce"}, 1),
        (400, {"DPoP-Nonce": "n2"}, {"error": "invalid_dpop_proof"}, 1),
        (500, {"DPoP-Nonce": "n2"}, {"error": "use_dpop_nonce"}, 1),
    ],
)
def test_a_nonce_is_repeated_once(
    bank: LocalProvider, tmp_path: Path, status: int, headers: dict[str, str], body: Any, asked: int
) -> None:
    """And only where it is asked for, and there is one."""
    bank.answer["token"] = (status, headers, body)
    page = Stage("wsgi", bank, **given(tmp_path)).browser().navigate("/private")
    assert page.status in (400, 503)
    assert len(bank.calls("token")) == asked


def test_a_nonce_is_remembered_and_each_endpoint_has_its_own(fapi2: Fapi2, bank: LocalProvider) -> None:
    here = fapi2()
    accepted(here)
    accepted(here)
    assert len(bank.calls("token")) == len(bank.calls("userinfo")) == 3
    assert {each["nonce"] for each in bank.proofs} == set(bank.dpop_nonces.values())


def test_form_post_is_as_good_as_the_query(fapi2: Fapi2, bank: LocalProvider) -> None:
    """The profile says nothing of response modes."""
    accepted(fapi2(response_mode="form_post"))
    assert bank.calls("par")[-1].form["response_mode"] == "form_post"


def test_programs_come_with_the_same_algorithms_alone(bank: LocalProvider, tmp_path: Path) -> None:
    settings = Settings(**bank.gate_options(cookie_secret=COOKIE_SECRET), **given(tmp_path), bearer_audience="api")
    assert any("bearer_dpop" in said for said in settings.warnings())
    proven = (
        settings.with_options(bearer_dpop="require"),
        settings.with_options(bearer_client_cert_header="x-cert", trusted_proxies="1"),
    )
    assert not any("bearer_dpop" in said for each in proven for said in each.warnings())


# Settings


def test_what_the_profile_stands_for(bank: LocalProvider, tmp_path: Path) -> None:
    settings = Settings(**bank.gate_options(cookie_secret=COOKIE_SECRET), **given(tmp_path))
    assert (settings.pushed, settings.signing_algs) == ("always", ("PS256", "ES256", "EdDSA", "Ed25519"))
    narrower = settings.with_options(signing_algs="PS256", clock_leeway="10s", base_url="https://app.test")
    assert (narrower.signing_algs, narrower.pushed) == (("PS256",), "always")
    assert settings.with_options(base_url="http://localhost:8000").profile == "fapi2"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"client_auth_method": "client_secret_basic", "client_secret": "s" * 40}, "does not have"),
        ({"client_auth_method": "none"}, "client_auth_method is none: set it to private_key_jwt"),
        ({"pushed": "never"}, "pushed is never"),
        ({"pushed": "auto"}, "pushed is auto"),
        ({"signing_algs": "RS256 PS256"}, "signing_algs hold RS256: it allows PS256, ES256, EdDSA, Ed25519 alone"),
        ({"clock_leeway": "61s"}, "clock_leeway is more than 60 s"),
        ({"insecure_http_issuer": True}, "insecure_http_issuer is true"),
        ({"base_url": "http://app.test"}, "base_url is plain http"),
        ({"provider_endpoints": {"jwks_uri": "https://a.test"}}, "provider_endpoints are set"),
        ({"allow_tenants": "abc"}, "allow_tenants is set"),
        ({"access_token_for_app": True, "session_store": "sqlite:///x.db"}, "access_token_for_app is true"),
    ],
)
def test_what_contradicts_the_profile_stops_start_up(
    bank: LocalProvider, tmp_path: Path, more: dict[str, Any], said: str
) -> None:
    options = bank.gate_options(cookie_secret=COOKIE_SECRET) | given(tmp_path) | more
    with pytest.raises(SettingsError, match=f"^profile is fapi2, and .*{re.escape(said)}"):
        Settings(**options)


def test_another_profile_is_none() -> None:
    with pytest.raises(SettingsError, match="profile must be one of: fapi2"):
        Settings(issuer_url="https://id.test", profile="fapi1")


def test_the_profile_holds_for_all_providers(bank: LocalProvider, tmp_path: Path) -> None:
    other = {"auth_id": "guests", "issuer_url": "https://guests.test", "client_id": "g", "allow_all": True}
    options = bank.gate_options(cookie_secret=COOKIE_SECRET) | given(tmp_path)
    proven = {"client_auth_method": "private_key_jwt", "client_private_key_file": tmp_path / "client.json"}
    made = Settings(**options, providers=[other | proven])
    assert [each.profile for each in made.all_providers] == ["fapi2"] * 2
    with pytest.raises(SettingsError, match=r"providers: no. 1 \(guests\): profile is fapi2, and client_auth_method"):
        Settings(**options, providers=[other | {"client_secret": "s"}])


def _weak_key() -> RSAKey:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return RSAKey.generate_key(1024)


@pytest.mark.filterwarnings("ignore:Key size")
@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (keys.make_key("rsa", 7), "PS256"),
        (keys.make_key("ec", 7), "ES256"),
        (keys.make_key("ed", 7), "Ed25519"),
        (RSAKey.generate_key(2048, {"alg": "RS256"}), None),
        (_weak_key(), None),
        (keys.make_key("ec384", 7), None),
    ],
)
def test_what_the_clients_key_signs_with(bank: LocalProvider, tmp_path: Path, key: Any, alg: str | None) -> None:
    (tmp_path / "client.json").write_text(json.dumps(key.as_dict(private=True)))
    bank.clients["app"].jwks = keys.public_jwks(key)
    if alg is None:
        with pytest.raises(SettingsError, match=r"client_private_key_file: .* profile fapi2 "):
            Stage("wsgi", bank, **given(tmp_path))
        return
    Stage("wsgi", bank, **given(tmp_path)).browser().get("/private", headers=HTML)
    assert keys.unverified_header(bank.calls("par")[-1].form["client_assertion"])["alg"] == alg


def test_no_token_is_printed_for_programs_that_lack_its_key(
    bank: LocalProvider, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--oidc", bank.issuer, "--oidc-client-id", "app", "--set", "client_auth_method=private_key_jwt"]
    file = tmp_path / "client.json"
    assert main(["token", *flags, "--set", f"client_private_key_file={file}", "--set", "profile=fapi2"]) == 2
    assert "bound to a key of the gate's" in capsys.readouterr().err


def test_rules_are_explained_where_the_clients_key_is_not(
    bank: LocalProvider, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "gate.toml"
    file.write_text(f'issuer_url = "{bank.issuer}"\nprofile = "fapi2"\nclient_auth_method = "private_key_jwt"\n'
                    'client_private_key_file = "/nowhere/client.json"\n')  # fmt: skip
    assert main(["explain", "--config", str(file), "--anonymous", "GET", "/"]) == 1
    assert "302 to sign in" in capsys.readouterr().out


# oidc-gate doctor


def diagnosed(bank: LocalProvider, folder: Path, **more: Any) -> dict[str, str]:
    """Return what doctor finds under the profile that is not ok."""
    bank.user = None
    app = "https://app.test"
    bank.clients["app"].redirect_uris = [f"{app}/oauth2/callback"]
    settings = {"base_url": app, "cookie_secret": COOKIE_SECRET, "allow_domains": "example.com"} | given(folder)
    (folder / "client.json").chmod(0o600)
    report = examined(bank.gate_options(**(settings | more)))
    assert "profile fapi2: pushed always" in report.text(colour=False)
    return not_ok(report)


def test_doctor_finds_nothing_at_a_good_provider(bank: LocalProvider, tmp_path: Path) -> None:
    assert diagnosed(bank, tmp_path) == {}
    assert not bank.calls("authorize")[0].params.keys() - {"client_id", "request_uri"}
    assert diagnosed(bank, tmp_path, session_store=f"sqlite:///{tmp_path}/s.db") == {}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"token_endpoint_auth_methods_supported": ["client_secret_basic"]}, {"P24": "fail"}),
        ({"token_endpoint_auth_signing_alg_values_supported": ["RS256"]}, {"P24": "fail"}),
        ({"dpop_signing_alg_values_supported": ["RS256"]}, {"P24": "fail"}),
        ({"dpop_signing_alg_values_supported": None}, {"P24": "warn"}),
        ({"authorization_response_iss_parameter_supported": None}, {"P24": "warn"}),
        ({"id_token_signing_alg_values_supported": ["RS256"]}, {"P5": "fail"}),
        ({"pushed_authorization_request_endpoint": None}, {"P16": "fail"}),
    ],
)
def test_doctor_finds_what_the_provider_lacks(
    bank: LocalProvider, tmp_path: Path, members: dict[str, Any], expected: dict[str, str]
) -> None:
    bank.change_discovery = partial(_with, **members)
    assert diagnosed(bank, tmp_path) == expected
