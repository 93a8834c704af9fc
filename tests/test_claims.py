"""How the ID token's claims and those of userinfo become one set."""

from __future__ import annotations

from typing import Any

import pytest

from oidc_gate.provider.claims import merged_claims, refreshed_claims, with_word

TOKEN = {"iss": "https://op.test", "sub": "1", "sid": "s", "name": "Ann"}


def test_what_the_id_token_says_counts_more_and_token_claims_are_its_alone() -> None:
    claims, kept = merged_claims(TOKEN, {"sub": "1", "name": "Bob", "acr": "high", "groups": ["a"]})
    assert claims == {**TOKEN, "groups": ["a"]}
    assert kept == ["iss", "sub", "sid"]


@pytest.mark.parametrize(
    ("token", "userinfo", "expected"),
    [
        (
            {"email": "a@x.test", "email_verified": False},
            {"email": "b@x.test", "email_verified": True},
            ("a@x.test", False),
        ),
        ({"email": "a@x.test"}, {"email": "b@x.test", "email_verified": True}, ("a@x.test", None)),
        ({"email": "a@x.test"}, {"email_verified": True}, ("a@x.test", None)),
        ({"email": "a@x.test"}, {"email": "a@x.test", "email_verified": True}, ("a@x.test", True)),
        ({"email": "a@x.test"}, {"email": "a@x.test", "email_verified": False}, ("a@x.test", False)),
        (
            {"email": "a@x.test", "email_verified": False},
            {"email": "a@x.test", "email_verified": True},
            ("a@x.test", False),
        ),
        ({"email_verified": True}, {"email": "b@x.test"}, ("b@x.test", None)),
        ({"email_verified": True}, {"email": "b@x.test", "email_verified": False}, ("b@x.test", False)),
        ({"email_verified": True}, {}, (None, True)),
    ],
    ids=[
        "the token's pair",
        "no flag of another address",
        "no flag of no address",
        "of the same address: verified",
        "of the same address: not verified",
        "the token's word first",
        "userinfo's alone",
        "userinfo's pair",
        "nothing to vouch for",
    ],
)
def test_at_login_whether_an_address_is_verified_is_said_by_who_names_it(
    token: dict[str, Any], userinfo: dict[str, Any], expected: tuple[Any, Any]
) -> None:
    claims, _ = merged_claims(TOKEN | token, userinfo)
    assert (claims.get("email"), claims.get("email_verified")) == expected


@pytest.mark.parametrize(
    ("token", "userinfo", "expected"),
    [
        ({"email": "a@x.test", "email_verified": False}, {"email": "a@x.test"}, ("a@x.test", False)),
        ({"email": "a@x.test", "email_verified": True}, {"email": "boss@x.test"}, ("boss@x.test", False)),
        ({"email": "a@x.test"}, {"email": "b@x.test"}, ("b@x.test", None)),
        (
            {"email": "a@x.test", "email_verified": False},
            {"email": "a@x.test", "email_verified": True},
            ("a@x.test", True),
        ),
        ({"email": "a@x.test", "email_verified": True}, {}, ("a@x.test", True)),
        ({}, {"email": "b@x.test", "email_verified": "true"}, ("b@x.test", "true")),
    ],
    ids=[
        "the same address",
        "another one unsaid",
        "nobody says",
        "newly verified",
        "userinfo is silent",
        "userinfo's own",
    ],
)
def test_when_userinfo_is_asked_again_nothing_unverified_becomes_verified_by_the_way(
    token: dict[str, Any], userinfo: dict[str, Any], expected: tuple[Any, Any]
) -> None:
    claims, kept = merged_claims(TOKEN | token, {})
    for _ in range(3):  # again and again: what is kept and what is there must go on fitting together
        claims, kept = refreshed_claims(claims, kept, userinfo)
        assert (claims.get("email"), claims.get("email_verified")) == expected


@pytest.mark.parametrize(
    ("said", "later", "expected"),
    [
        (False, {}, ("a@x.test", False)),
        (True, {}, ("a@x.test", True)),
        (True, {"email": "boss@x.test"}, ("boss@x.test", False)),
        (False, {"email": "boss@x.test"}, ("boss@x.test", False)),
        (None, {"email": "A@X.test", "email_verified": False}, ("A@X.test", False)),
    ],
)
@pytest.mark.parametrize("word", [True, False])
def test_what_the_id_token_says_of_its_address_outlives_what_userinfo_said_at_login(
    said: bool | None, later: dict[str, Any], expected: tuple[Any, Any], word: bool
) -> None:
    token = TOKEN | {"email": "a@x.test", "email_verified": said}
    claims, kept = merged_claims(token, {"email": "A@x.test", "email_verified": word})
    assert (claims["email"], claims["email_verified"]) == ("a@x.test", word if said is None else said)
    for _ in range(2):
        claims, kept = refreshed_claims(claims, kept, later)
        assert (claims.get("email"), claims.get("email_verified")) == expected


@pytest.mark.parametrize(
    ("claims", "before", "expected"),
    [
        ({"email": "a@x.test"}, {"email": "A@x.test", "email_verified": False}, False),
        ({"email": "a@x.test", "email_verified": None}, {"email": "a@x.test", "email_verified": True}, True),
        ({"email": "a@x.test", "email_verified": False}, {"email": "a@x.test", "email_verified": True}, False),
        ({"email": "b@x.test"}, {"email": "a@x.test", "email_verified": True}, None),
        ({}, {"email_verified": True}, None),
        ({"email": "a@x.test"}, {"email": "a@x.test"}, None),
        ({"email": "a@x.test"}, None, None),
    ],
)
def test_renewed_tokens_that_say_nothing_of_the_same_address_leave_it_as_it_was(
    claims: dict[str, Any], before: dict[str, Any] | None, expected: Any
) -> None:
    assert with_word(claims, before).get("email_verified") is expected


def test_a_claim_that_userinfo_brought_and_is_gone_from_it_is_gone() -> None:
    claims, kept = merged_claims(TOKEN, {"sub": "1", "groups": ["a"]})
    assert refreshed_claims(claims, kept, {"sub": "1"})[0] == TOKEN
