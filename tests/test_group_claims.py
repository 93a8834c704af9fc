"""Claims as providers really send them: groups of many shapes, names with dots, addresses under other names.

Where a shape is known of a provider, its name stands with it; the sources are in docs/providers/. Whole logins with
them are in `test_odd_claims.py`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from oidc_gate.access import AllowLists
from oidc_gate.access.allow_lists import ListAnswer
from oidc_gate.access.emails import bare_email, verified_email, written_email
from oidc_gate.access.expression_values import UNFIT, person_values
from oidc_gate.access.group_claims import read_groups
from oidc_gate.identity import claim_at
from tests.judged import identity, person
from tests.made_up import given, st
from tests.naive_rules import at, group_names


def read(value: Any, separator: str = "") -> tuple[list[str], bool] | None:
    found = read_groups(value, separator)
    return None if found is None else (list(found[0]), found[1])


# Shapes


@pytest.mark.parametrize(
    ("value", "separator", "expected"),
    [
        pytest.param("a,b", "", (["a,b"], True), id="a text is one group"),
        pytest.param("a, b,,c ", ",", (["a", "b", "c"], True), id="OneLogin: commas"),
        pytest.param("a;b c", ";", (["a", "b c"], True), id="OneLogin: semicolons"),
        pytest.param("a  b", " ", (["a", "b"], True), id="spaces"),
        pytest.param("", ",", ([], True), id="nothing between"),
        pytest.param(["a,b"], ",", (["a,b"], True), id="the elements of a list are not split"),
        pytest.param('["a", "b,c"]', "json", (["a", "b,c"], True), id="a JSON list"),
        pytest.param("[a, b]", "json", (["a", "b"], True), id="Cognito: a SAML list"),
        pytest.param(" [] ", "json", ([], True), id="an empty JSON list"),
        pytest.param('["a", 7, null]', "json", (["a"], False), id="a JSON list with other things"),
        pytest.param('[{"name": "a[{"}, {"id": 7}]', "json", (["a[{"], False), id="a JSON list of objects"),
        pytest.param('["a", b]', "json", None, id="half JSON"),
        pytest.param('{"a": true}', "json", None, id="a JSON object"),
        pytest.param("a", "json", None, id="no JSON"),
        pytest.param("[" * 9000 + "]" * 9000, "json", None, id="too deep"),
        pytest.param("[[1]]", "json", None, id="a list in a list"),
        pytest.param({"admin": {"1": "x.example"}, "user": {}}, "", (["admin", "user"], True), id="Zitadel: roles"),
        pytest.param({"a": True, "b": False, "c": None, "d": 0, "": 1}, "", (["a", "d"], False), id="switches"),
        pytest.param([{"owner": "o", "name": "a"}, {"name": "b"}], "", (["a", "b"], True), id="Casdoor: objects"),
        pytest.param([{"value": "v", "display": "d"}, {"display": "d"}], "", (["v", "d"], True), id="SCIM"),
        pytest.param([{"name": "", "value": "v"}, {"name": 7, "display": "d"}], "", (["v", "d"], True), id="no name"),
        pytest.param([{"name": 7, "value": ""}, {"id": "x"}, ["a"]], "", ([], False), id="objects that name nothing"),
        pytest.param({}, "", ([], True), id="an empty object"),
        pytest.param(7, ",", None, id="a number"),
        pytest.param(True, "", None, id="a truth value"),
    ],
)
def test_groups_of_each_shape(value: Any, separator: str, expected: Any) -> None:
    assert read(value, separator) == expected


texts = st.text('ab,; .[]{}"\\', max_size=6)
scalars = st.none() | st.booleans() | st.integers(-1, 1) | texts
objects = st.dictionaries(st.sampled_from(["name", "value", "display", "id", ""]), scalars, max_size=4)
shapes = scalars | st.lists(scalars | objects, max_size=4) | st.dictionaries(texts, scalars | objects, max_size=4)


@given(shapes)
def test_groups_of_any_shape_are_those_that_the_naive_interpreter_finds(value: Any) -> None:
    names = group_names(value)
    found = read(value)
    if not isinstance(names, str | list):
        assert found is None
        return
    listed = names if isinstance(names, list) else [names]
    groups = [each for each in listed if isinstance(each, str) and each]
    assert found == (groups, len(groups) == len(listed))


@given(shapes, st.sampled_from(["", ",", ";", " ", "json"]))
def test_no_separator_makes_a_group_that_is_not_in_the_claim(value: Any, separator: str) -> None:
    found = read(value, separator)
    if found is not None and isinstance(value, str):
        assert all(group in value or json.dumps(group)[1:-1] in value for group in found[0])


@given(st.lists(texts, max_size=4))
def test_a_list_in_json_is_that_list(groups: list[str]) -> None:
    assert read(json.dumps(groups), "json") == read(groups)


# Names with dots

names = st.lists(st.sampled_from(["a", "b", "a.b", "b.a"]), min_size=1, max_size=4).map(".".join)
trees: Any = st.recursive(
    st.sampled_from([None, "x", 1]),
    lambda inner: st.dictionaries(st.sampled_from(["a", "b", "a.b", "b.a", "a.b.a"]), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "a.b", "b.a"]), trees, max_size=3), names)
def test_the_longest_key_that_fits_is_taken_at_each_level(claims: dict[str, Any], name: str) -> None:
    found = claim_at(claims, name)
    assert found == at(claims, name)
    assert not (person({"sub": "1"} | claims).surely_lacks(name) and found is not None)


# Addresses


def test_expressions_read_the_address_that_is_gone_by() -> None:
    lists = AllowLists(emails=None, domains=None, groups=None, groups_claim="groups", email_claim="upn")
    name = "actions.ngrok.oidc.identity.email"
    for claims, expected in (
        ({"upn": "Ada@x.test", "email": "boss@x.test", "email_verified": False}, "Ada@x.test"),
        ({"email": "boss@x.test", "email_verified": True}, UNFIT),
    ):
        someone = {"sub": "1"} | claims
        assert person_values(identity(someone), person(someone, lists), {name})[name] == expected


@pytest.mark.parametrize(
    ("claim", "claims", "written", "bare", "verified"),
    [
        ("upn", {"upn": "Ada@X.test"}, "Ada@X.test", "ada@x.test", "ada@x.test"),
        ("upn", {"upn": "a@x.test", "email_verified": False}, "a@x.test", "a@x.test", "a@x.test"),
        ("upn", {"email": "a@x.test"}, "", None, None),
        ("upn", {"upn": "ada"}, "ada", None, None),
        ("upn", {"upn": 7}, "", None, None),
        ("emails", {"emails": ["a@x.test"]}, "a@x.test", "a@x.test", "a@x.test"),
        ("emails", {"emails": ["a@x.test", "b@x.test"]}, "", None, None),
        ("emails", {"emails": []}, "", None, None),
        ("emails", {"emails": [7]}, "", None, None),
        ("a.b", {"a": {"b": "a@x.test"}}, "a@x.test", "a@x.test", "a@x.test"),
        ("email", {"email": ["a@x.test"]}, "", None, None),
        ("email", {"email": "a@x.test", "email_verified": False}, "a@x.test", "a@x.test", None),
    ],
)
def test_an_address_in_another_claim(
    claim: str, claims: dict[str, Any], written: str, bare: str | None, verified: str | None
) -> None:
    assert written_email(claims, claim) == written
    assert bare_email(claims, claim) == bare
    for required in (False, True):
        expected = None if required and claim == "email" else verified
        assert verified_email(claims, claim=claim, required=required) == expected
    lists = AllowLists(emails=("x@y.test",), domains=None, groups=None, groups_claim="groups", email_claim=claim)
    assert lists.address(claims) == verified
    assert lists.lack_email(claims) is lists.lack(claims) is (claim_at(claims, claim) is None)
    assert person({"sub": "1"} | claims, lists).written_email == written


def test_the_lists_go_by_the_claims_that_are_named() -> None:
    lists = AllowLists(
        emails=("a@x.test",),
        domains=("y.test",),
        groups=("b",),
        groups_claim="g",
        groups_separator=";",
        email_claim="upn",
        require_email_verified=True,
    )
    assert lists.allow({"upn": "A@x.test"})
    assert lists.allow({"upn": "b@y.test", "email_verified": False})
    assert lists.allow({"g": "a;b"})
    assert not lists.allow({"email": "a@x.test", "email_verified": True, "g": "a,b"})
    assert lists.reason({"email": "a@x.test", "g": "a"}) == "claim_missing"
    assert lists.reason({"upn": "c@x.test", "g": "a"}) == "door"
    assert lists.address_reason({"upn": "c@x.test"}) == "email_unverified"
    assert lists.address_reason({"email": "c@x.test"}) == "claim_missing"
    assert (lists.groups({"g": "a;b"}), lists.groups({"g": 7})) == (("a", "b"), ())
    assert lists.understands_groups({"g": "a;b"})
    assert not lists.understands_groups({"g": 7})
    assert lists.answers({"upn": "a@x.test", "g": "a;c"}) == [
        ListAnswer("allow_emails", ("a@x.test",), True, "a@x.test", "", "upn"),
        ListAnswer("allow_domains", ("y.test",), False, "a@x.test", "", "upn"),
        ListAnswer("allow_groups", ("b",), False, "a, c", "", "g"),
    ]
    assert lists.told({"email": "a@x.test"}).startswith("allow_emails: no, without an address in upn; ")
    assert lists.told({"upn": "ada"}).startswith("allow_emails: no, without a verified address in upn; ")
