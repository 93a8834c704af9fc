"""Claims as providers really send them: groups of many shapes, names with dots, addresses under other names.

Where a shape is known of a provider, its name stands with it; the sources are in docs/providers/.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oidc_gate import Settings, SettingsError
from oidc_gate.access import AllowLists
from oidc_gate.access.group_claims import read_groups
from oidc_gate.identity import claim_at
from tests.apps import COOKIE_SECRET
from tests.conftest import StageFactory
from tests.judged import identity, person
from tests.naive_rules import at, group_names
from tests.providers.local import LocalProvider

BASE: dict[str, Any] = {
    "issuer_url": "https://id.example.com",
    "client_id": "app",
    "client_secret": "of the app",
    "cookie_secret": COOKIE_SECRET,
}


def read(value: Any, separator: str = "") -> tuple[list[str], bool] | None:
    found = read_groups(value, separator)
    return None if found is None else (list(found.groups), found.is_whole)


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


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("resource_access.app.example.com.roles", {"resource_access": {"app.example.com": {"roles": ["staff"]}}}),
        (
            "https://app.example.com/app_metadata.authorization.roles",
            {"https://app.example.com/app_metadata": {"authorization": {"roles": ["staff"]}}},
        ),
        ("cognito:groups", {"cognito:groups": ["staff"]}),
        ("https://app.hoop.example/groups", {"https://app.hoop.example/groups": "staff"}),
        ("urn:zitadel:iam:org:project:roles", {"urn:zitadel:iam:org:project:roles": {"staff": {"42": "x.test"}}}),
    ],
    ids=["Keycloak", "Auth0", "Cognito", "JumpCloud", "Zitadel"],
)
def test_people_pass_by_groups_wherever_they_are(
    stage: StageFactory, provider: LocalProvider, name: str, claims: dict[str, Any]
) -> None:
    del provider.people["ada"]["groups"]
    provider.people["ada"] |= claims
    here = stage(groups_claim=name, allow_groups="staff", identity_headers="x-forwarded")
    ada = here.signed_in()
    assert ada.fetch("/").json()["identity"]["groups"] == ["staff"]
    assert here.app.calls[-1].headers["x-forwarded-groups"] == "staff"
    assert stage(groups_claim=name, allow_groups="board").browser().navigate("/").status == 403


def test_a_text_is_split_at_the_separator_alone(stage: StageFactory, provider: LocalProvider) -> None:
    provider.people["ada"]["groups"] = "staff, the board"
    assert stage(allow_groups="staff").browser().navigate("/").status == 403
    here = stage(allow_groups="staff", groups_separator=",")
    assert here.signed_in().fetch("/").json()["identity"]["groups"] == ["staff", "the board"]


def test_a_person_who_is_no_longer_in_an_object_of_roles_is_out(stage: StageFactory, provider: LocalProvider) -> None:
    provider.people["ada"]["groups"] = {"staff": False, "board": None}
    assert stage(allow_groups="staff,board").browser().navigate("/").status == 403


# Addresses under other names


@pytest.mark.parametrize(
    ("claim", "claims", "status"),
    [
        ("upn", {"upn": "Ada@Example.com"}, 200),
        ("upn", {"upn": "ada@example.com", "email_verified": False}, 200),
        ("upn", {"email": "ada@example.com"}, 403),
        ("upn", {"upn": ["ada@example.com", "x@y.test"]}, 403),
        ("emails", {"emails": ["ada@example.com"]}, 200),
        ("emails", {"emails": ["eve@evil.test", "ada@example.com"]}, 403),
        ("emails", {"emails": [7]}, 403),
        ("emails", {"emails": []}, 403),
        ("email", {"email": ["ada@example.com"]}, 403),
        ("a.b", {"a": {"b": "ada@example.com"}}, 200),
        ("preferred_username", {"preferred_username": "ada"}, 403),
        ("preferred_username", {"preferred_username": "ada@example.com"}, 200),
    ],
)
def test_people_pass_by_the_address_in_the_claim_that_is_named(
    stage: StageFactory, provider: LocalProvider, claim: str, claims: dict[str, Any], status: int
) -> None:
    provider.people["ada"] = {"sub": "ada-1815", "name": "Ada"} | claims
    provider.user = provider.people["ada"]
    assert stage(email_claim=claim, allow_emails="ada@example.com").browser().navigate("/").status == status
    assert stage(email_claim=claim, allow_domains="example.com").browser().navigate("/").status == status
    rules = [{"path": "/", "allow": {"emails": "ada@example.com"}}]
    assert stage(email_claim=claim, rules=rules).browser().navigate("/").status == status


def test_an_address_that_only_userinfo_tells_is_asked_for(stage: StageFactory, provider: LocalProvider) -> None:
    provider.people["ada"]["upn"] = "ada@corp.test"
    provider.userinfo_only = {"upn"}
    rules = [{"path": "/", "allow": {"domains": "corp.test"}}]
    for settings in ({"allow_domains": "corp.test"}, {"rules": rules}):
        assert stage(email_claim="upn", **settings).browser().navigate("/").status == 200


def test_expressions_read_the_address_that_is_gone_by() -> None:
    from oidc_gate.access.expression_values import UNFIT, person_values

    lists = AllowLists(emails=None, domains=None, groups=None, groups_claim="groups", email_claim="upn")
    name = "actions.ngrok.oidc.identity.email"
    for claims, expected in (
        ({"upn": "Ada@x.test", "email": "boss@x.test", "email_verified": False}, "Ada@x.test"),
        ({"email": "boss@x.test", "email_verified": True}, UNFIT),
    ):
        someone = {"sub": "1"} | claims
        assert person_values(identity(someone), person(someone, lists), {name})[name] == expected


def test_a_refusal_names_the_claim_that_is_missing(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "oidc_gate")
    assert stage(email_claim="upn", allow_emails="ada@example.com").browser().navigate("/").status == 403
    assert "allow_emails: no, without an address in upn; claims seen" in caplog.text
    assert "reason=claim_missing" in caplog.text


# Settings


@pytest.mark.parametrize(
    ("given", "expected"),
    [(",", ","), (" ; ", ";"), (" ", " "), ("space", " "), ("Space", " "), ("JSON", "json")],
)
def test_a_separator_is_a_sign_or_a_word(given: str, expected: str) -> None:
    assert Settings(**BASE, groups_separator=given).groups_separator == expected


@pytest.mark.parametrize("given", ["|", ",,", "", 7, "comma"])
def test_another_separator_is_refused(given: Any) -> None:
    with pytest.raises(SettingsError, match="groups_separator must be , or ; or a space"):
        Settings(**BASE, groups_separator=given)


@pytest.mark.parametrize("name", ["groups_claim", "email_claim"])
def test_a_claims_name_has_no_empty_part(name: str) -> None:
    with pytest.raises(SettingsError, match=f"{name} must be a claim's name"):
        Settings(**(BASE | {name: "a..b"}))
