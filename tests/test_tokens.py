"""What must hold of a token once its signature has: every claim absent, wrong, of the wrong type and absurd.

Authlib's own checks let the first group of these through (`authlib` in the names says which).
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from oidc_gate.errors import ProviderError
from oidc_gate.provider.keys import SignedToken
from oidc_gate.provider.token_checks import (
    Expected,
    check_access_token,
    check_id_token,
    check_logout_token,
    check_refreshed_id_token,
    check_signed_userinfo,
    read_claims,
)
from oidc_gate.provider.userinfo import check_userinfo

NOW = 1_800_000_000.0
EXPECTED = Expected("https://idp.test", "app", NOW, 60.0)
NONCE = "nonce-of-this-login"
GOOD: dict[str, Any] = {
    "iss": "https://idp.test",
    "sub": "ada",
    "aud": "app",
    "iat": NOW,
    "exp": NOW + 300,
    "nonce": NONCE,
}
EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT: dict[str, Any] = {
    "iss": "https://idp.test",
    "aud": "app",
    "iat": NOW,
    "exp": NOW + 120,
    "jti": "once",
    "events": {EVENT: {}},
    "sid": "session-1",
}
#: What no claim with a plain meaning may be.
STRANGE: list[Any] = [..., None, "", 0, True, False, 1.5, [], {}, [[]], {"a": {"b": []}}, ["https://idp.test", ["app"]]]


def signed(claims: dict[str, Any], changes: dict[str, Any], header: dict[str, Any] | None = None) -> SignedToken:
    """Return a token as if its signature had held."""
    kept = {name: value for name, value in (claims | changes).items() if value is not ...}
    return SignedToken({"alg": "RS256"} | (header or {}), json.dumps(kept).encode(), b"", b"")


def id_token(expected: Expected = EXPECTED, nonce: str | None = NONCE, /, **changes: Any) -> dict[str, Any]:
    return check_id_token(signed(GOOD, changes), expected, expected_nonce=nonce)


def logout_token(header: dict[str, Any] | None = None, /, **changes: Any) -> dict[str, Any]:
    return check_logout_token(signed(LOGOUT, changes, header), EXPECTED)


def refusal(check: Any, *arguments: Any, **changes: Any) -> str:
    """Return the code of the error that a check ends with."""
    with pytest.raises(ProviderError) as raised:
        check(*arguments, **changes)
    assert raised.value.status == 400
    return raised.value.code


def test_a_good_id_token() -> None:
    assert id_token()["sub"] == "ada"
    assert id_token(aud=["app"], azp="app", nbf=NOW, extra={"a": 1})["extra"] == {"a": 1}
    assert id_token(aud=["other", "app"])["aud"] == ["other", "app"]
    assert id_token(azp=None)["azp"] is None


# The issuer


@pytest.mark.parametrize(
    "issuer",
    [
        *STRANGE,
        "https://idp.test/",
        "https://idp.tes",
        "https://idp",
        "https://idp.test.evil.example",
        "https://idp.test/other",
        "http://idp.test",
        "HTTPS://IDP.TEST",
        " https://idp.test",
        "https://idp.test\x00",
        ["https://idp.test"],
        {"https://idp.test": 1},
    ],
)
def test_the_issuer_is_matched_whole_and_as_text(issuer: Any) -> None:
    assert refusal(id_token, iss=issuer) == "issuer_mismatch"


# The subject


@pytest.mark.parametrize("subject", [*STRANGE, 7, "x" * 256, ["ada"], {"ada": 1}])
def test_authlib_accepts_an_empty_subject_and_we_do_not(subject: Any) -> None:
    assert refusal(id_token, sub=subject) == "sub_missing"


def test_the_longest_subject() -> None:
    assert id_token(sub="x" * 255)["sub"] == "x" * 255


# The audience


@pytest.mark.parametrize(
    "audience",
    [
        *STRANGE,
        "other",
        "app ",
        "App",
        "ap",
        "apps",
        "app,other",
        ["other"],
        ["app", 7],
        ["app", None],
        [["app"]],
        {"app": 1},
    ],
)
def test_authlib_accepts_an_empty_audience_and_we_do_not(audience: Any) -> None:
    assert refusal(id_token, aud=audience) == "audience_mismatch"


def test_authlib_accepts_another_audience_with_our_azp_and_we_do_not() -> None:
    assert refusal(id_token, aud="other", azp="app") == "audience_mismatch"
    assert refusal(id_token, aud=[], azp="app") == "audience_mismatch"


@pytest.mark.parametrize("party", ["other", "", 0, False, ["app"], {}, "App"])
def test_an_azp_is_ours_or_absent(party: Any) -> None:
    assert refusal(id_token, aud=["app", "other"], azp=party) == "azp_mismatch"


# The times

NO_TIME: list[Any] = [
    ...,
    None,
    "",
    "tomorrow",
    str(int(NOW)),
    True,
    False,
    [],
    {},
    [NOW],
    {"t": NOW},
    -1,
    1e11,
    1e300,
    10**400,
]


@pytest.mark.parametrize("name", ["exp", "iat"])
@pytest.mark.parametrize("value", NO_TIME)
def test_exp_and_iat_must_be_times(name: str, value: Any) -> None:
    assert refusal(id_token, **{name: value}) == f"{name}_invalid"


@pytest.mark.parametrize("value", NO_TIME[1:])
def test_nbf_must_be_a_time_where_it_is_there(value: Any) -> None:
    assert refusal(id_token, nbf=value) == "nbf_invalid"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_what_is_no_number_makes_the_whole_token_unreadable(number: str) -> None:
    payload = json.dumps(GOOD).replace(json.dumps(GOOD["exp"]), number)
    token = SignedToken({"alg": "RS256"}, payload.encode(), b"", b"")
    assert refusal(check_id_token, token, EXPECTED, expected_nonce=NONCE) == "token_malformed"


def test_authlib_allows_two_minutes_and_we_what_is_set() -> None:
    assert id_token(exp=NOW - 60)
    assert refusal(id_token, exp=NOW - 60.5) == "token_expired"
    assert refusal(id_token, exp=0) == "token_expired"
    assert id_token(iat=NOW + 60)
    assert refusal(id_token, iat=NOW + 60.5) == "token_from_the_future"
    assert id_token(nbf=NOW + 60)
    assert refusal(id_token, nbf=NOW + 60.5) == "token_from_the_future"


def test_no_leeway_at_all() -> None:
    strict = Expected("https://idp.test", "app", NOW, 0.0)
    assert id_token(strict, exp=NOW)
    assert refusal(id_token, strict, exp=NOW - 1) == "token_expired"
    assert refusal(id_token, strict, iat=NOW + 1) == "token_from_the_future"


def test_times_may_be_fractions() -> None:
    assert id_token(iat=NOW - 0.5, exp=NOW + 0.5, auth_time=NOW - 0.25)


# The nonce


@pytest.mark.parametrize("nonce", [..., None, 0, 7, True, [], [NONCE], {NONCE: 1}])
def test_a_nonce_must_be_there(nonce: Any) -> None:
    assert refusal(id_token, nonce=nonce) == "nonce_missing"


@pytest.mark.parametrize("nonce", ["", "x", NONCE + "x", NONCE[:-1], NONCE.upper(), " " + NONCE, "\ud800", "ü"])
def test_a_nonce_must_be_that_of_this_login(nonce: str) -> None:
    assert refusal(id_token, nonce=nonce) == "nonce_mismatch"


def test_authlib_skips_the_nonce_when_none_is_expected_and_we_do_not() -> None:
    assert refusal(id_token, EXPECTED, "", nonce="") == "nonce_missing"
    assert refusal(id_token, EXPECTED, "") == "nonce_missing"


def test_a_refreshed_token_has_no_nonce_to_compare() -> None:
    assert id_token(EXPECTED, None, nonce=...)["sub"] == "ada"


# The kind of token


@pytest.mark.parametrize("kind", ["JWT", "jwt", "application/jwt", "id_token+jwt", ""])
def test_kinds_that_an_id_token_may_be(kind: str) -> None:
    assert check_id_token(signed(GOOD, {}, {"typ": kind}), EXPECTED, expected_nonce=NONCE)


@pytest.mark.parametrize(
    "kind",
    ["logout+jwt", "LOGOUT+JWT", "application/logout+jwt", "at+jwt", "application/at+JWT", "secevent+jwt", None, 7, []],
)
def test_authlib_takes_a_logout_token_for_an_id_token_and_we_do_not(kind: Any) -> None:
    token = signed(GOOD, {"events": {EVENT: {}}}, {"typ": kind})
    assert refusal(check_id_token, token, EXPECTED, expected_nonce=NONCE) == "token_type_wrong"


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b'"text"', b'{"sub": "a", "sub": "b"}', b'{"a":' + b"[" * 100_000, b"\xff"]
)
def test_claims_that_cannot_be_read(payload: bytes) -> None:
    assert refusal(read_claims, payload) == "token_malformed"


# The access token's hash


@pytest.mark.parametrize(
    ("algs", "length"),
    [
        (("RS256", "PS256", "ES256"), 22),
        (("RS384", "PS384", "ES384"), 32),
        (("RS512", "ES512", "EdDSA", "Ed25519"), 43),
    ],
)
def test_at_hash_is_that_of_the_algorithm(algs: tuple[str, ...], length: int) -> None:
    sizes = {22: hashlib.sha256, 32: hashlib.sha384, 43: hashlib.sha512}
    digest = sizes[length](b"token").digest()
    at_hash = urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")
    assert len(at_hash) == length
    for alg in algs:
        check_access_token({"at_hash": at_hash}, "token", alg)
        assert refusal(check_access_token, {"at_hash": at_hash}, "another", alg) == "at_hash_mismatch"
    for alg in {"RS256", "RS384", "RS512"} - set(algs):
        assert refusal(check_access_token, {"at_hash": at_hash}, "token", alg) == "at_hash_mismatch"


@pytest.mark.parametrize("at_hash", ["", 0, False, [], {}, "x", "\ud800", "A" * 22, "A" * 100_000])
def test_a_wrong_at_hash(at_hash: Any) -> None:
    assert refusal(check_access_token, {"at_hash": at_hash}, "token", "RS256") == "at_hash_mismatch"


def test_at_hash_may_be_missing() -> None:
    check_access_token({}, "token", "RS256")


# Userinfo


@pytest.mark.parametrize("subject", [*STRANGE, "grace", "Ada", "ada ", ["ada"]])
def test_userinfo_of_another_person(subject: Any) -> None:
    claims = {} if subject is ... else {"sub": subject}
    assert refusal(check_userinfo, claims, expected_sub="ada") == "userinfo_sub_mismatch"


def test_userinfo_of_this_person() -> None:
    assert check_userinfo({"sub": "ada", "name": "Ada"}, expected_sub="ada")["name"] == "Ada"


def test_signed_userinfo_may_name_issuer_and_audience() -> None:
    check_signed_userinfo({"sub": "ada"}, EXPECTED)
    check_signed_userinfo({"iss": "https://idp.test", "aud": "app"}, EXPECTED)
    check_signed_userinfo({"iss": "https://idp.test", "aud": ["other", "app"]}, EXPECTED)


@pytest.mark.parametrize("issuer", [None, "", "https://idp.test/", ["https://idp.test"]])
def test_signed_userinfo_of_another_issuer(issuer: Any) -> None:
    assert refusal(check_signed_userinfo, {"iss": issuer, "aud": "app"}, EXPECTED) == "userinfo_issuer_mismatch"


@pytest.mark.parametrize("audience", [None, "", "other", [], ["other"], ["app", 7], {"app": 1}])
def test_signed_userinfo_for_another_client(audience: Any) -> None:
    assert refusal(check_signed_userinfo, {"aud": audience}, EXPECTED) == "userinfo_audience_mismatch"


# The logout token (the certification modules oidcc-client-test-backchannel-logout-…; their journeys need a store)


def test_oidcc_client_test_backchannel_logout() -> None:
    assert logout_token()["sid"] == "session-1"
    assert logout_token({"typ": "logout+jwt"}, sub="ada")["sub"] == "ada"
    assert logout_token({"typ": "JWT"}, sid=..., sub="ada")["sub"] == "ada"
    assert logout_token(aud=["app", "other"])["aud"] == ["app", "other"]
    assert logout_token(events={EVENT: {"more": 1}, "https://other": {}})


@pytest.mark.parametrize("events", [*STRANGE, {EVENT: None}, {EVENT: True}, {EVENT: []}, [EVENT], EVENT])
def test_oidcc_client_test_backchannel_logout_no_event(events: Any) -> None:
    assert refusal(logout_token, events=events) == "logout_event_missing"


def test_oidcc_client_test_backchannel_logout_wrong_event() -> None:
    assert refusal(logout_token, events={EVENT + "/other": {}}) == "logout_event_missing"
    assert refusal(logout_token, events={EVENT.upper(): {}}) == "logout_event_missing"


@pytest.mark.parametrize("nonce", ["x", "", None, 7, []])
def test_oidcc_client_test_backchannel_logout_with_nonce(nonce: Any) -> None:
    assert refusal(logout_token, nonce=nonce) == "logout_nonce_present"


@pytest.mark.parametrize("audience", [..., "other", [], ["other"], ["app", 7]])
def test_oidcc_client_test_backchannel_logout_wrong_aud(audience: Any) -> None:
    assert refusal(logout_token, aud=audience) == "audience_mismatch"


@pytest.mark.parametrize("issuer", [..., "https://idp.test/", "https://evil.example"])
def test_oidcc_client_test_backchannel_logout_wrong_issuer(issuer: Any) -> None:
    assert refusal(logout_token, iss=issuer) == "issuer_mismatch"


@pytest.mark.parametrize(
    "named",
    [
        {"sid": ...},
        {"sid": ""},
        {"sid": None},
        {"sid": 7},
        {"sid": ["session-1"]},
        {"sub": ""},
        {"sub": 7},
        {"sid": ..., "sub": None},
        {"sid": {}, "sub": "ada"},
    ],
)
def test_a_logout_token_names_a_session_or_a_person(named: dict[str, Any]) -> None:
    assert refusal(logout_token, **named) == "logout_subject_missing"


@pytest.mark.parametrize("identifier", [..., None, "", 7, []])
def test_a_logout_token_has_an_identifier(identifier: Any) -> None:
    assert refusal(logout_token, jti=identifier) == "logout_jti_missing"


def test_a_logout_token_has_its_times() -> None:
    assert refusal(logout_token, iat=...) == "iat_invalid"
    assert refusal(logout_token, exp=None) == "exp_invalid"
    assert refusal(logout_token, exp=NOW - 61) == "token_expired"
    assert refusal(logout_token, iat=NOW + 61) == "token_from_the_future"


def test_an_access_token_is_no_logout_token() -> None:
    assert refusal(logout_token, {"typ": "at+jwt"}) == "token_type_wrong"


def test_an_id_token_is_no_logout_token_nor_the_reverse() -> None:
    with pytest.raises(ProviderError, match="no logout token"):
        check_logout_token(signed(GOOD, {}), EXPECTED)
    with pytest.raises(ProviderError, match="whom it is about"):
        check_id_token(signed(LOGOUT, {}), EXPECTED, expected_nonce=NONCE)
    with pytest.raises(ProviderError, match="no nonce"):
        check_id_token(signed(LOGOUT, {"sub": "ada"}), EXPECTED, expected_nonce=NONCE)


# The refreshed ID token (Core, 12.2; the modules oidcc-client-test-refreshtoken-…; their journeys need a store)

BEFORE: dict[str, Any] = {"sub": "ada", "auth_time": NOW - 100, "nonce": NONCE}


def refreshed(before: dict[str, Any] = BEFORE, /, **changes: Any) -> dict[str, Any]:
    return check_refreshed_id_token(signed(GOOD, {"nonce": ...} | changes), EXPECTED, expected_claims=before)


def test_oidcc_client_test_refreshtoken() -> None:
    assert refreshed()["sub"] == "ada"
    assert refreshed(auth_time=NOW - 100, nonce=NONCE)["sub"] == "ada"
    assert refreshed({"sub": "ada"}, auth_time=NOW, nonce="x")["sub"] == "ada"


def test_oidcc_client_test_refreshtoken_invalid_issuer() -> None:
    assert refusal(refreshed, iss="https://evil.example") == "issuer_mismatch"
    assert refusal(refreshed, aud="other") == "audience_mismatch"
    assert refusal(refreshed, exp=NOW - 61) == "token_expired"


@pytest.mark.parametrize(
    ("subject", "code"),
    [("eve", "refresh_sub_mismatch"), ("Ada", "refresh_sub_mismatch"), (..., "sub_missing"), ("", "sub_missing")],
)
def test_oidcc_client_test_refreshtoken_invalid_sub(subject: Any, code: str) -> None:
    assert refusal(refreshed, sub=subject) == code


def test_a_later_login_elsewhere_is_not_this_ones() -> None:
    assert "auth_time" not in refreshed(auth_time=NOW)


@pytest.mark.parametrize("change", [{"auth_time": NOW - 101}, {"auth_time": None}, {"nonce": "other"}, {"nonce": None}])
def test_a_refreshed_token_of_another_login(change: dict[str, Any]) -> None:
    assert refusal(refreshed, **change) == "refresh_login_mismatch"
