"""The tests' own providers are judged here, by hand-written requests: no code of the package takes part."""

from __future__ import annotations

import threading
from typing import Any
from urllib.parse import urlencode

import pytest
import requests

from tests.by_hand import CALLBACK, ByHand
from tests.conftest import fresh
from tests.patience import LIMIT
from tests.providers import keys
from tests.providers.clients import ASSERTION_TYPE
from tests.providers.faults import FAULTS
from tests.providers.local import LocalProvider
from tests.stage import Clock


@pytest.fixture
def by_hand(provider: LocalProvider) -> ByHand:
    return ByHand(provider)


def test_discovery_names_the_issuer(provider: LocalProvider) -> None:
    document = requests.get(provider.url("discovery"), timeout=LIMIT).json()
    assert document["issuer"] == provider.issuer
    assert document["token_endpoint"] == provider.url("token")
    assert [call.path for call in provider.calls("discovery")] == ["/.well-known/openid-configuration"]


def test_nothing_of_one_test_is_left_for_what_the_next_module_makes_before_its_first() -> None:
    with LocalProvider() as provider:
        new = provider.gate_options()
        for lent in fresh(provider):
            lent.add_client(auth_method="private_key_jwt", secret=None)
        assert provider.gate_options() == new


def test_a_whole_login(by_hand: ByHand) -> None:
    callback = by_hand.callback()
    assert callback["state"] == "state-of-this-login"
    assert callback["iss"] == by_hand.provider.issuer
    tokens = by_hand.redeem(callback["code"]).json()
    claims = by_hand.claims(tokens)
    assert claims["iss"] == by_hand.provider.issuer
    assert (claims["sub"], claims["email"], claims["nonce"]) == ("ada-1815", "ada@example.com", "nonce-of-this-login")
    assert claims["at_hash"] == keys.left_half_hash(tokens["access_token"])
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    answer = requests.get(by_hand.provider.url("userinfo"), headers=bearer, timeout=LIMIT)
    assert answer.json()["name"] == "Ada Lovelace"
    assert by_hand.redeem(callback["code"]).json()["error"] == "invalid_grant"
    assert requests.get(by_hand.provider.url("userinfo"), headers=bearer, timeout=LIMIT).status_code == 401


def test_pkce_and_redirect_uri_are_checked(by_hand: ByHand) -> None:
    assert by_hand.redeem(by_hand.callback()["code"], code_verifier="wrong").json()["error"] == "invalid_grant"
    assert by_hand.redeem(by_hand.callback()["code"], redirect_uri="https://x.test").json()["error"] == "invalid_grant"
    assert by_hand.callback(code_challenge_method="plain")["error"] == "invalid_request"


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
def test_every_algorithm_signs(by_hand: ByHand, alg: str) -> None:
    by_hand.provider.sign_with(alg)
    tokens = by_hand.login()
    assert keys.unverified_header(tokens["id_token"])["alg"] == alg
    assert by_hand.claims(tokens, alg)["sub"] == "ada-1815"


def test_keys_rotate(by_hand: ByHand) -> None:
    old = by_hand.login()
    by_hand.provider.rotate_keys()
    new = by_hand.login()
    assert by_hand.claims(old)["sub"] == by_hand.claims(new)["sub"]
    by_hand.provider.rotate_keys(keep_old=False)
    with pytest.raises(ValueError, match="no key"):
        by_hand.claims(new)


def test_the_login_form_and_single_sign_on(by_hand: ByHand) -> None:
    by_hand.provider.user = None
    assert by_hand.callback(prompt="none")["error"] == "login_required"
    page = by_hand.browser.navigate(by_hand.authorization_url())
    again = by_hand.browser.submit(page, username="grace", password="wrong")
    assert "Wrong." in again.text
    sent_back = by_hand.browser.submit(again, username="grace", password="secret")
    assert sent_back.target.startswith(CALLBACK + "?code=")
    tokens = by_hand.login(prompt="none")
    assert by_hand.claims(tokens)["name"] == "Grace Hopper"


def levels(by_hand: ByHand, **asked: str) -> tuple[Any, int]:
    """Return the `acr` of a login, and how long ago the person has signed in."""
    claims = by_hand.claims(by_hand.login(**asked))
    return claims.get("acr"), by_hand.provider.now() - claims["auth_time"]


def test_a_level_is_given_to_whoever_asks_and_kept_by_the_session(by_hand: ByHand) -> None:
    provider = by_hand.provider
    provider.clock = Clock()
    provider.usual_acr, provider.acrs, provider.amr_of = "pwd", ("mfa", "phr"), {"mfa": ["pwd", "otp"]}
    document = requests.get(provider.url("discovery"), timeout=LIMIT).json()
    assert document["acr_values_supported"] == ["pwd", "mfa", "phr"]
    assert levels(by_hand) == ("pwd", 0)
    provider.clock.advance(100)
    assert levels(by_hand, acr_values="gold pwd") == ("pwd", 100)
    assert levels(by_hand, acr_values="gold mfa phr") == ("mfa", 0)
    provider.clock.advance(100)
    claims = by_hand.claims(by_hand.login(acr_values="phr mfa"))
    assert (claims["acr"], claims["amr"], provider.now() - claims["auth_time"]) == ("mfa", ["pwd", "otp"], 100)
    assert levels(by_hand) == ("mfa", 100)
    assert levels(by_hand, prompt="login") == ("pwd", 0)


def test_a_level_may_be_out_of_reach_ignored_or_refused(by_hand: ByHand) -> None:
    provider = by_hand.provider
    assert "acr" not in by_hand.claims(by_hand.login(acr_values="mfa"))
    provider.acrs, provider.acrs_of = ("mfa",), {"ada-1815": ()}
    assert levels(by_hand, acr_values="mfa")[0] is None
    provider.acrs_of, provider.acr_values = {}, "ignored"
    assert levels(by_hand, acr_values="mfa")[0] is None
    provider.acr_values = "refused"
    assert by_hand.callback(acr_values="gold")["error"] == "unmet_authentication_requirements"
    assert levels(by_hand, acr_values="gold mfa")[0] == "mfa"


def test_max_age_asks_for_a_new_sign_in_one_second_after_it(by_hand: ByHand) -> None:
    provider = by_hand.provider
    provider.clock = Clock()
    by_hand.login()
    provider.clock.advance(600)
    assert levels(by_hand, max_age="600") == (None, 600)
    provider.clock.advance(1)
    assert levels(by_hand) == (None, 601)
    assert by_hand.callback(max_age="-1")["error"] == "invalid_request"
    assert levels(by_hand, max_age="600") == (None, 0)
    provider.clock.advance(601)
    provider.heeds_max_age = False
    assert levels(by_hand, max_age="600") == (None, 601)


def test_max_age_and_a_level_show_the_form_and_without_it_say_so(by_hand: ByHand) -> None:
    provider = by_hand.provider
    provider.clock, provider.user, provider.acrs = Clock(), None, ("mfa",)
    for asked in ({}, {"acr_values": "mfa"}, {"acr_values": "mfa", "max_age": "5"}):
        assert by_hand.callback(prompt="none", **asked)["error"] == "login_required"
        page = by_hand.browser.navigate(by_hand.authorization_url(**asked))
        assert by_hand.browser.submit(page, username="ada", password="secret").target.startswith(CALLBACK + "?code=")
        assert "code" in by_hand.callback(prompt="none", **asked)
        provider.clock.advance(6)
    assert levels(by_hand, acr_values="mfa") == ("mfa", 6)


def test_form_post_is_a_page_that_submits_itself(by_hand: ByHand) -> None:
    answer = by_hand.browser.navigate(by_hand.authorization_url(response_mode="form_post"))
    assert (answer.sent.method, answer.url) == ("POST", CALLBACK)
    assert answer.text.startswith("code=")
    assert answer.sent.site == "cross-site"


def test_refresh_tokens_rotate_and_reuse_ends_the_chain(by_hand: ByHand) -> None:
    assert "refresh_token" not in by_hand.login()
    by_hand.scope += " offline_access"
    first = by_hand.login()["refresh_token"]
    second = by_hand.refresh(first).json()["refresh_token"]
    assert by_hand.refresh(first).json()["error"] == "invalid_grant"
    assert by_hand.refresh(second).json()["error"] == "invalid_grant"


def test_a_deactivated_person_is_refused(by_hand: ByHand) -> None:
    by_hand.scope += " offline_access"
    tokens = by_hand.login()
    by_hand.provider.deactivate("ada-1815")
    assert by_hand.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_claims_may_be_split(by_hand: ByHand) -> None:
    by_hand.provider.userinfo_only = {"groups", "email"}
    claims = by_hand.claims(by_hand.login())
    assert "name" in claims
    assert not {"groups", "email"} & set(claims)


def test_awkward_credentials_must_be_form_encoded(by_hand: ByHand) -> None:
    client = by_hand.provider.add_awkward_client()
    by_hand.client_id = client.client_id
    assert by_hand.login()["id_token"]
    by_hand.client_id = by_hand.provider.add_client("plain", secret="100% plain").client_id
    code = by_hand.callback()["code"]
    form = {"grant_type": "authorization_code", "code": code}
    assert by_hand.token(form, auth=("plain", "100% plain")).json()["error"] == "invalid_client"


def assertion(provider: LocalProvider, alg: str, key: Any, **changes: Any) -> dict[str, str]:
    claims = {"iss": "app", "sub": "app", "aud": provider.url("token"), "jti": "once", "exp": provider.now() + 60}
    token = keys.sign(claims | changes, {"alg": alg}, key)
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": token}


@pytest.mark.parametrize("method", ["client_secret_post", "client_secret_jwt", "private_key_jwt", "none"])
def test_every_client_authentication(by_hand: ByHand, method: str) -> None:
    provider, stranger = by_hand.provider, keys.make_key("rsa", 50)
    provider.add_client("app", secret="s" * 40, auth_method=method, jwks=keys.public_jwks(keys.make_key("ec", 51)))
    good = {
        "client_secret_post": {"client_id": "app", "client_secret": "s" * 40},
        "client_secret_jwt": assertion(provider, "HS256", keys.hmac_key("s" * 40)),
        "private_key_jwt": assertion(provider, "ES256", keys.make_key("ec", 51)),
        "none": {"client_id": "app"},
    }
    bad = [proof for name, proof in good.items() if name != method]
    bad += [good["none"] | {"client_secret": "wrong"}, assertion(provider, "RS256", stranger, jti="other")]
    for proof in bad:
        assert by_hand.redeem("any", **proof).json()["error"] == "invalid_client"
    assert by_hand.redeem(by_hand.callback()["code"], **good[method]).status_code == 200
    if method.endswith("jwt"):
        assert by_hand.redeem("any", **good[method]).json()["error_description"].endswith("used before")


def test_logout_at_the_provider(by_hand: ByHand) -> None:
    provider = by_hand.provider
    provider.add_client("app", post_logout_uris=["https://app.test/bye"])
    tokens = by_hand.login()
    asked = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "https://app.test/bye", "state": "s"}
    end = provider.url("end_session")
    assert by_hand.browser.get(f"{end}?{urlencode(asked | {'post_logout_redirect_uri': CALLBACK})}").status == 400
    assert by_hand.browser.get(f"{end}?{urlencode(asked)}").target == "https://app.test/bye?state=s"
    assert provider.ended == [by_hand.claims(tokens)["sid"]]
    confirm = by_hand.browser.get(end)
    assert "Signed out" in by_hand.browser.submit(confirm, logout="yes").text


def test_logout_tokens(provider: LocalProvider) -> None:
    token = provider.make_logout_token(sub="ada-1815", jti=None, header={"kid": None})
    assert keys.unverified_header(token) == {"alg": "RS256", "kid": None, "typ": "logout+jwt"}
    claims = keys.verify(token, keys.generation_jwks(1))
    assert (claims["sub"], claims["iss"], "jti" in claims) == ("ada-1815", provider.issuer, False)


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_does_something_and_ends(by_hand: ByHand, name: str) -> None:
    with by_hand.provider.fault(name):
        during = journey(by_hand)
    after = journey(by_hand)
    assert during != after
    assert after == "all well"


def journey(by_hand: ByHand) -> str:
    """Walk through every endpoint; return what a careful client would object to first."""
    provider = by_hand.provider
    try:
        document = requests.get(provider.url("discovery"), timeout=LIMIT, allow_redirects=False).json()
        jwks = requests.get(provider.url("jwks"), timeout=LIMIT).json()
        callback = by_hand.callback()
        tokens = by_hand.redeem(callback["code"]).json()
        claims = keys.verify(tokens["id_token"], jwks)
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        userinfo = requests.get(provider.url("userinfo"), headers=bearer, timeout=LIMIT).json()
        expected = provider.metadata() == document and jwks == keys.generation_jwks(*provider.generations)
        assert expected, "documents"
        assert {"iss", "state"} <= set(callback), "callback"
        assert (callback["iss"], callback["state"]) == (provider.issuer, "state-of-this-login"), "callback"
        assert tokens["token_type"] == "Bearer", "token type"
        assert tokens["expires_in"] == 3600, "expires_in"
        assert set(keys.unverified_header(tokens["id_token"])) == {"alg", "kid"}, "header"
        standard = {"iss": provider.issuer, "aud": "app", "sub": "ada-1815", "nonce": "nonce-of-this-login"}
        standard |= {"at_hash": keys.left_half_hash(tokens["access_token"])}
        assert {name: claims[name] for name in standard} == standard, "claims"
        assert "auth_time" in claims, "claims"
        assert not {"nbf", "nickname"} & set(claims), "claims"
        assert provider.now() - 5 <= claims["iat"] < claims["exp"] <= provider.now() + 3600, "times"
        assert userinfo["sub"] == claims["sub"], "userinfo"
    except (ValueError, KeyError, TypeError, AssertionError, requests.RequestException) as objection:
        return repr(objection)
    return "all well"


def test_an_outage_and_the_return(provider: LocalProvider) -> None:
    issuer = provider.issuer
    provider.stop()
    with pytest.raises(requests.ConnectionError):
        requests.get(provider.url("discovery"), timeout=LIMIT)
    provider.start()
    assert requests.get(provider.url("discovery"), timeout=LIMIT).json()["issuer"] == issuer == provider.issuer


def test_requests_can_be_held(provider: LocalProvider) -> None:
    statuses: list[int] = []
    jwks = provider.url("jwks")
    ask = threading.Thread(target=lambda: statuses.append(requests.get(jwks, timeout=LIMIT).status_code))
    with provider.hold("jwks") as held:
        ask.start()
        held.wait_for(1)
        assert statuses == []
    ask.join()
    assert statuses == [200]
