"""What holds of access tokens whatever is in them, of headers whatever is sent; `make fuzz` looks longer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from oidc_gate.errors import LoginError, ProviderError
from oidc_gate.gate.credentials import names_token, taken_apart
from oidc_gate.provider.access_tokens import AccessToken, ExpectedToken, check_introspected, check_jwt
from oidc_gate.provider.introspection import check_active
from oidc_gate.provider.keys import KeySet, SignedToken
from oidc_gate.provider.proofs_of_possession import ExpectedProof, certificate_thumbprint, check_proof, same_address
from oidc_gate.provider.token_checks import Expected
from tests.access_tokens import b64
from tests.made_up import example, given, st

pytestmark = pytest.mark.fuzz

NOW = 1_900_000_000.0
ISSUER, AUDIENCE = "https://id.test", "https://app.test/api"
COMMON = Expected(ISSUER, "app", NOW, 60.0)
GOOD: dict[str, Any] = {
    "iss": ISSUER, "sub": "robot", "aud": AUDIENCE, "exp": NOW + 300, "iat": NOW, "client_id": "cli", "scope": "a b",
}  # fmt: skip
NAMES = [*GOOD, "nbf", "azp", "scp", "cnf", "nonce", "at_hash", "events", "typ", "token_use", "jti", "other"]

any_text = st.text(max_size=40)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | any_text
    | st.sampled_from([ISSUER, AUDIENCE, "robot", "cli", NOW, NOW - 61, NOW + 61]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=8,
)
changes = st.dictionaries(st.sampled_from(NAMES), values, max_size=4)
expected_tokens = st.builds(
    lambda clients, kind: ExpectedToken(COMMON, frozenset({AUDIENCE}), clients, kind),
    st.none() | st.just(frozenset({"cli"})),
    st.sampled_from(["any", "at+jwt"]),
)
headers = st.fixed_dictionaries({"alg": st.just("RS256")}, optional={"typ": values | st.just("at+jwt")})


def is_good(token: AccessToken, expected: ExpectedToken) -> bool:
    """Return whether all that must hold of a token does, in other words than the gate's."""
    claims = token.claims
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    named = {str(claims[name]) for name in ("client_id", "azp") if name in claims}
    times = [claims[name] for name in ("exp", "iat", "nbf") if name in claims]
    return bool(
        claims["iss"] == ISSUER
        and AUDIENCE in audience
        and isinstance(claims["sub"], str)
        and bool(claims["sub"])
        and all(type(time) in (int, float) for time in times)
        and claims["exp"] >= NOW - 60
        and claims.get("iat", 0) <= NOW + 60
        and claims.get("nbf", 0) <= NOW + 60
        and (expected.clients is None or (bool(named) and named <= expected.clients))
        and (expected.kind == "at+jwt" or not {"nonce", "at_hash", "events"} & claims.keys())
        and ("cnf" in claims) == (token.confirmation is not None)
        and all(token.scopes)
    )


@given(changes, st.sets(st.sampled_from(NAMES), max_size=2), headers, expected_tokens)
@example({}, set(), {"alg": "RS256", "typ": "at+jwt"}, ExpectedToken(COMMON, frozenset({AUDIENCE}), None, "at+jwt"))
def test_a_jwt_is_refused_or_all_of_it_holds(
    changed: dict[str, Any], lost: set[str], header: dict[str, Any], expected: ExpectedToken
) -> None:
    claims = {name: value for name, value in (GOOD | changed).items() if name not in lost}
    signed = SignedToken(header, json.dumps(claims).encode(), b"", b"")
    try:
        token = check_jwt(signed, KeySet([]), expected)
    except ProviderError as error:
        assert error.status == 400  # noqa: PT017
        return
    assert is_good(token, expected)
    kind = str(header.get("typ", "jwt")).lower().removeprefix("application/")
    assert kind == "at+jwt" or (kind == "jwt" and expected.kind == "any")


@given(changes, st.sets(st.sampled_from(NAMES), max_size=2), values | st.just(True), expected_tokens)
@example({}, set(), True, ExpectedToken(COMMON, frozenset({AUDIENCE}), None, "any"))
def test_what_introspection_says_is_refused_or_all_of_it_holds(
    changed: dict[str, Any], lost: set[str], active: Any, expected: ExpectedToken
) -> None:
    said = {name: value for name, value in (GOOD | changed | {"active": active}).items() if name not in lost}
    try:
        token = check_introspected("opaque", check_active(said), expected)
    except ProviderError as error:
        assert error.status == 400  # noqa: PT017
        return
    assert active is True
    filled = {"iss": ISSUER, "exp": NOW} | ({} if expected.clients is None else {"aud": AUDIENCE})
    assert is_good(token._replace(claims=filled | token.claims), replace(expected, kind="any"))


@given(st.text(st.characters(codec="latin-1"), max_size=60) | st.from_regex(r"(?i)(bearer|dpop|basic)[ ,\t]+[\w.=,-]*"))
@example("Bearer a")
@example("Basic x, Bearer a")
def test_a_header_is_one_scheme_and_one_token_or_refused(text: str) -> None:
    try:
        sent = taken_apart(text)
    except ProviderError as error:
        assert error.code == "token_malformed"  # noqa: PT017
        return
    assert names_token(text)
    assert sent.scheme in ("bearer", "dpop")
    bare = text.strip(" \t")
    assert bare[: len(sent.scheme)].lower() == sent.scheme
    assert bare[len(sent.scheme) :].lstrip(" ") == sent.token
    assert sent.token.isascii()
    assert not set(sent.token) & set(' ,"\t')


@given(any_text | values)
def test_what_is_no_proof_is_refused_and_no_more(found: Any) -> None:
    text = found if isinstance(found, str) else f"{b64(json.dumps(found).encode())}.{b64(b'{}')}.AAAA"
    with pytest.raises(LoginError):
        check_proof(text, ExpectedProof("GET", "https://app.test/", "token", "thumbprint"))


@given(any_text, any_text)
@example("https://app.test/%zz", "https://app.test/%")
def test_addresses_are_compared_whatever_they_are(one: str, other: str) -> None:
    assert same_address(one, other) is same_address(other, one)
    assert certificate_thumbprint(one) is None or len(str(certificate_thumbprint(one))) == 43
