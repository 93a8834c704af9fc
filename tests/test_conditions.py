"""Who: conditions, allow lists and addresses in their three values, each with claims of every type.

`make mutants` proves that these tests, with those of `tests/test_policy.py`, notice what they should.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from types import MappingProxyType
from typing import Any

import pytest

from oidc_gate.access import (
    ANYONE,
    MISSING,
    NOBODY,
    SIGNED_IN,
    AllOf,
    AllowLists,
    AnyOf,
    Claim,
    Condition,
    Domains,
    Emails,
    Function,
    Groups,
    Not,
    Provider,
    Scopes,
)
from oidc_gate.access.answers import Finding
from oidc_gate.access.conditions import Fixed
from oidc_gate.access.emails import bare_email, compared_domain, verified_email
from oidc_gate.access.person import Person
from oidc_gate.access.texts import Texts
from oidc_gate.identity import is_verified, lower_ascii, text_claim
from tests.judged import NO_LISTS, Judge, identity, person
from tests.made_up import given, settings, st
from tests.naive_rules import (
    Claims,
    Policy,
    address,
    at,
    claim_fits,
    glob,
    group_names,
    holds,
    is_hidden,
    passes_lists,
)
from tests.test_rules_properties import conditions, people

Answer = bool | None
NOTHING = object()
YES, NO = SIGNED_IN, NOBODY


class Untold(Condition):
    """Cannot be told of anybody."""

    claims = frozenset({"untold"})
    providers = frozenset({"elsewhere"})

    def holds(self, _: Any) -> Answer:
        return None

    def __str__(self) -> str:
        return "untold"


# Texts


@pytest.mark.parametrize(
    "texts",
    [
        *(
            [text]
            for text in ("a", "", "*", "**", "a*", "*a", "*a*", "a*b", "a*b*a", "*ab*ba*", "ab*ab", "a**b", "aba*")
        ),
        *([text] for text in ("*b*b", "a*a*a", "*a*b*a*", "a*b*b")),
        ["a", "b"],
        ["a", "b*"],
        ["b*", "*a"],
        [],
    ],
)
def test_texts_fit_as_the_naive_interpreter_has_it(texts: list[str]) -> None:
    found = Texts(texts)
    for size in range(6):
        for letters in product("ab*\n"[: 2 if size > 3 else 4], repeat=size):
            text = "".join(letters)
            assert (found.fit(text), text) == (any(glob(each, text) for each in texts), text)


@pytest.mark.uncounted
@settings(max_examples=150)
@given(st.text("ab*", max_size=7), st.text("ab", max_size=8))
def test_any_text_fits_as_the_naive_interpreter_has_it(wanted: str, text: str) -> None:
    assert Texts([wanted]).fit(text) is glob(wanted, text)


def test_an_element_of_a_list_of_texts_is_a_whole_one() -> None:
    assert not Texts(["ab"]).fit("a")
    assert not Texts(["ab"]).fit("abc")


# Addresses

VERIFIED: list[Any] = [NOTHING, True, False, "true", "false", "True", "", None, 1, 0, [True], {}]


def claims_of(**claims: Any) -> dict[str, Any]:
    return {"sub": "ann"} | {name: value for name, value in claims.items() if value is not NOTHING}


@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize(
    "email",
    [
        *(NOTHING, None, "", "a@x.test", "A@X.Test", "\xc4@\u212a.test", "a", "@", "a@", "@x.test", "a@b@x.test"),
        *(" @ ", 1, True, ["a@x.test"], {"a@x.test": 1}),
        *("a@x.test ", " a@x.test", "a@x.test\n", "a b@x.test", "a@x.test.", "a@.test", "a@x..test"),
        *("a@x.test,b@x.test", '"a"@x.test', "a@[192.0.2.1]", "a@x.test:25", "a@x\\.test", "a;b@x.test"),
        *("a@x.te\x00st", "Ann <a@x.test>", "a@x.test\x7f", "a@x\xa0.test"),
        *("a@x\u200b.test", "a@x\u3002test", "a@x\uff0etest", "\uff41@x.test", "a@x\xad.test"),
        *("\xe4@\xe4.test", "a.b+c@x-y.test", "o'neil@x.test", "a@localhost", ".a.@x.test"),
        *("#!$%&'*+-/=?^_`{|}~@x_y.test", "a@x|y.test", "a@x%00.test", "a\ufe0f@x.test", "\xe4\u0301@x.test"),
        *("u\u0308@x.test", "a@xn--zz--.test", "a@M\xdcNCHEN.test", "a@\u3002test", "\u0e01\u0e33@x.test"),
        *("a@x.test\u3002", "a@xn--mnchen-3ya.test."),
    ],
)
def test_an_address_may_be_gone_by(email: Any, required: bool) -> None:
    for verified in VERIFIED:
        claims = claims_of(email=email, email_verified=verified)
        expected = address(Policy(require_email_verified=required), claims)
        assert (verified_email(claims, required=required), verified) == (expected, verified)
        assert bare_email(claims) == address(Policy(), claims_of(email=email))
        lists = AllowLists(
            emails=None, domains=None, groups=None, groups_claim="groups", require_email_verified=required
        )
        assert lists.address(claims) == person(claims, lists).email == expected
        reason = "claim_missing" if bare_email(claims) is None else "email_unverified"
        assert lists.address_reason(claims) == person(claims, lists).email_reason == reason
    assert verified_email(claims_of(email="a@x.test")) == "a@x.test"


SPELT = ["m\xfcnchen.test", "M\xdcNCHEN.test", "xn--mnchen-3ya.test", "mu\u0308nchen.test"]


@pytest.mark.parametrize("listed", [*SPELT, "*m\xfcnchen.test", "*.test"], ids=ascii)
@pytest.mark.parametrize("sent", SPELT, ids=ascii)
def test_a_domain_is_the_same_however_it_is_spelt(listed: str, sent: str) -> None:
    """So who is meant by `not` does not come in by another spelling, and who is listed is not locked out."""
    claims = claims_of(email=f"ann@{sent}")
    for condition in (Domains([listed]), Emails([f"ANN@{listed}"]), Emails([f"*@{listed}"])):
        assert condition.holds(person(claims)) is True
    below = claims_of(email=f"ann@a_b.{sent}")
    assert Domains([f"*.{listed}"]).holds(person(below)) is True
    if "*" not in listed:
        for emails, domains in (((f"ann@{listed}",), None), (None, (listed,))):
            lists = AllowLists(emails=emails, domains=domains, groups=None, groups_claim="groups")
            assert lists.allow(claims)
            assert [answer.holds for answer in lists.answers(claims)] == [True]


def test_names_of_several_scripts_are_the_same_in_any_mixture_of_spellings() -> None:
    labels = ("m\xfcnchen", "xn--mnchen-3ya"), ("\u0440\u0444", "xn--p1ai")
    spellings = [".".join(each) for each in product(*labels)]
    for listed, sent in product(spellings, repeat=2):
        assert Domains([listed]).holds(person(claims_of(email=f"ann@{sent}"))) is True
    for text in ("\xd6zil.*", "\xd6*", "*\xd6zil*", "\xd6ZIL.m@x.test", "\xf6zil.m@x.test"):
        assert Emails([text]).holds(person(claims_of(email="\xd6zil.m@x.test"))) is True
    greek = "\u039f\u0394\u039f\u03a3"
    for text in (f"{greek}.*", f"*{greek}.gr", f"{greek}*"):
        assert Domains([text]).holds(person(claims_of(email=f"a@{greek}.gr"))) is True


def test_domains_that_only_look_alike_are_others() -> None:
    names = ["fass.test", "fa\xdf.test", "f\u0430ss.test", "a_b.test", "i\u2764.test", "ab--c.test", "k.test"]
    names += ["xn--zz--.test", "xn--\xe4.test", "xn--99999999.test", "xn--example-.test", "example.test"]
    for sent in names:
        claims = claims_of(email=f"ann@{sent}")
        assert Domains([each for each in names if each != sent]).holds(person(claims)) is False
        assert Domains([sent]).holds(person(claims)) is True
    assert {compared_domain(text) for text in ("", ".", "a.", "a..b", "\xe4.", "\xe4..b", "a b", "\u212a")} == {""}


def test_an_address_that_is_too_long_is_none() -> None:
    """What it takes to compare one grows with the square of its length, in letters that are put together."""
    assert bare_email(claims_of(email="a" * 313 + "@x.test")) is not None
    for text in ("a" * 314 + "@x.test", "a" + "\u0301\u0316" * 50_000 + "@x.test", "a@" + "\u0301\u0316" * 50_000):
        assert bare_email(claims_of(email=text)) is None


def test_what_is_not_required_to_be_verified_is_good_unless_the_provider_says_otherwise() -> None:
    assert [is_verified(claims) for claims in ({}, {"email_verified": False})] == [True, False]
    assert [text_claim({"a": value}, "a") for value in ("b", "", 1, None)] == ["b", None, None, None]


def test_only_ascii_letters_change_their_case() -> None:
    assert lower_ascii("AMZ@[`{\xc4\u212a") == "amz@[`{\xc4\u212a"


# Conditions, with claims of every type

VALUES: list[Any] = [
    *(NOTHING, None, "", "a", "A", "ab", "b", "1", "true", "\xe4", 0, 1, 2, 1.0, 2.5, True, False, {}, {"a": 1}),
    *([], ["a"], ["b"], ["b", "a"], [1], [1, "a"], [1, "b"], [None], [None, "a"], [""], ["", "b"], [["a"]], [{"a": 1}]),
    *([True], [False, 1], [1.0, 1], ["1", 1], ["a", 2, True], [2, 1], ["A", None]),
]
WANTED: list[Any] = [
    *("a", "", "a*", "*", "1", "true", 1, 0, 1.0, 2.5, True, False, {"missing": True}),
    *(["a"], ["a", "b*"], ["a", 1], [1, 2], [True, "x"], [1, 1.0], [False, 0], [2.5, "a*"]),
]


def listed(wanted: Any) -> list[Any]:
    return [MISSING] if isinstance(wanted, dict) else wanted if isinstance(wanted, list) else [wanted]


@pytest.mark.parametrize("wanted", WANTED)
def test_a_claim_of_any_type_fits_or_not_or_cannot_be_told(wanted: Any) -> None:
    condition = Claim("c", listed(wanted))
    assert (set(condition.claims), set(condition.providers)) == ({"c"}, set())
    for value in VALUES:
        expected = claim_fits(wanted, None if value is NOTHING else value)
        someone = person(claims_of(c=value))
        assert (condition.holds(someone), value) == (expected, value)
        finding = condition.finding(someone)
        assert (finding.answer, finding.condition) == (expected, str(condition))
        assert finding.reason == ("claim_missing" if expected is None else "")


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"a.b": "x"}, "a.b"),
        ({"a": {"b": "x"}}, "a.b"),
        ({"a.b": None, "a": {"b": "x"}}, "a.b"),
        ({"a.b": "y", "a": {"b": "x"}}, "a.b"),
        ({"a": {"b": {"c": "x"}}}, "a.b.c"),
        ({"a": {"b.c": "x"}}, "a.b.c"),
        ({"a": ["b"]}, "a.b"),
        ({"a": "b"}, "a.b"),
        ({"a": {"b": None}}, "a.b"),
        ({}, "a.b"),
        ({"": {"": "x"}}, "."),
        ({"a.b": {"c": "x"}}, "a.b.c"),
        ({"a.b": {"c": "y"}, "a": {"b": {"c": "x"}}}, "a.b.c"),
        ({"a.b": {"d": "y"}, "a": {"b": {"c": "x"}}}, "a.b.c"),
        ({"a.b": None, "a": {"b": {"c": "x"}}}, "a.b.c"),
        ({"a.b": {}, "a": {"b": None}}, "a.b.c"),
        ({"https://id.test/app": {"roles": "x"}}, "https://id.test/app.roles"),
    ],
)
def test_dots_reach_into_a_claim(claims: Claims, name: str) -> None:
    found = Claim(name, ["x"]).holds(person(claims))
    assert found is claim_fits("x", at(claims, name))
    # What stands where an object would be may say it otherwise.
    assert Claim(name, [MISSING]).holds(person(claims)) is (
        None if is_hidden(claims, name) else at(claims, name) is None
    )
    lists = AllowLists(emails=None, domains=None, groups=("x",), groups_claim=name)
    assert lists.allow(claims) is (at(claims, name) == "x")
    assert lists.lack_groups(claims) is (at(claims, name) is None)


@pytest.mark.parametrize(
    ("claims", "name", "answer"),
    [
        ({}, "c", True),
        ({"c": None}, "c", True),
        ({"c": ""}, "c", False),
        ({"c": []}, "c", False),
        ({"_claim_names": {"c": "src1"}}, "c", None),
        ({"_claim_names": {"d": "src1"}}, "c", True),
        ({"_claim_names": "c"}, "c", True),
        ({"_claim_names": {"c": "src1"}}, "c.d", None),
        ({"_claim_names": {"c.d": "src1"}}, "c.d", None),
        ({"_claim_names": {"c": "src1"}}, "c.d.e", None),
        ({"_claim_names": {"d": "src1"}}, "c.d", True),
        ({"_claim_names": {"c": "src1"}, "c": "x"}, "c", False),
        ({"hasgroups": True}, "groups", None),
        ({"hasgroups": True}, "c", True),
        ({"hasgroups": 1}, "groups", True),
        ({}, "groups", True),
        ({}, "c.d", True),
        ({"c": None}, "c.d", True),
        ({"c": {}}, "c.d", True),
        ({"c": {"d": None}}, "c.d", True),
        ({"c": {"d": 1}}, "c.d", False),
        ({"c": "x"}, "c.d", None),
        ({"c": ["d"]}, "c.d", None),
        ({"c": {"d": "x"}}, "c.d.e", None),
        ({"c": {}}, "c.d.e", True),
    ],
)
def test_a_claim_is_missing_or_not_or_cannot_be_told(claims: Claims, name: str, answer: Answer) -> None:
    assert Claim(name, [MISSING]).holds(person(claims)) is answer
    assert answer is False or person(claims).surely_lacks(name) is (answer is True)
    assert Claim(name, [MISSING]).finding(person(claims)).reason == ("claim_missing" if answer is None else "")


def test_a_persons_claims_are_those_of_the_identity() -> None:
    claims = person({"a": [1]}).claims
    assert (dict(claims), len(claims), claims.get("b"), claims.get("b", 2)) == ({"sub": "ann", "a": [1]}, 2, None, 2)
    assert claims["a"] is claims.get("a")
    with pytest.raises(KeyError, match="b"):
        claims["b"]
    for plain in ({"a": 1}, MappingProxyType({"a": 1})):
        claims = Person(replace(identity({}), claims=plain), {"default": NO_LISTS}).claims
        assert (claims["a"], claims.get("b", 2)) == (1, 2)


@pytest.mark.parametrize("texts", [["a"], ["a*", "1"], ["*"], ["A", "b"]])
def test_groups_of_any_type_fit_or_not_or_cannot_be_told(texts: list[str]) -> None:
    condition = Groups(texts)
    assert (set(condition.claims), set(condition.providers)) == ({"groups"}, set())
    for value in VALUES:
        held = NOTHING if value is NOTHING else group_names(value)
        told = [each for each in (held if isinstance(held, list) else [held]) if isinstance(each, str) and each]
        fits = any(glob(text, each) for text in texts for each in told)
        odd = [each for each in (held if isinstance(held, list) else [held]) if not (isinstance(each, str) and each)]
        readable = isinstance(held, str | list)
        expected = None if not readable else True if fits else None if odd else False
        someone = person(claims_of(groups=value))
        assert (condition.holds(someone), value) == (expected, value)
        finding = condition.finding(someone)
        assert finding.answer is expected
        assert finding.seen == (", ".join(told) if readable else "")
        assert finding.reason == ("claim_missing" if expected is None else "")
        assert someone.groups == (tuple(told) if readable else None)
        assert someone.all_groups_known is (not odd)
        assert NO_LISTS.has_groups(claims_of(groups=value)) is readable
        assert NO_LISTS.groups(claims_of(groups=value)) == tuple(told)
        assert NO_LISTS.lack_groups(claims_of(groups=value)) is (value is NOTHING or value is None)


@pytest.mark.parametrize(
    ("claims", "is_overage"),
    [
        ({}, False),
        ({"hasgroups": True}, True),
        ({"hasgroups": "true"}, False),
        ({"hasgroups": 1}, False),
        ({"hasgroups": False}, False),
        ({"_claim_names": {"groups": "src1"}}, True),
        ({"_claim_names": {"other": "src1"}}, False),
        ({"_claim_names": ["groups"]}, False),
        ({"_claim_names": "groups"}, False),
        ({"_claim_names": {"other": "src1"}, "hasgroups": True}, True),
    ],
)
def test_too_many_groups_are_told_apart_from_none(claims: Claims, is_overage: bool) -> None:
    reason: Any = "groups_overage" if is_overage else "claim_missing"
    assert NO_LISTS.groups_reason(claims) == person(claims).groups_reason == reason
    assert Groups(["a"]).finding(person(claims)) == Finding("group a", None, "", reason)
    lists = AllowLists(emails=None, domains=None, groups=("a",), groups_claim="groups")
    assert lists.reason(claims) == reason
    assert lists.reason({**claims, "groups": []}) == (reason if is_overage else "door")
    assert lists.reason({**claims, "groups": ["b"]}) == "door"
    assert lists.reason({**claims, "groups": 7}) == reason


@pytest.mark.parametrize(
    ("claims", "emails", "domains", "reason"),
    [
        ({"email": "a@x.test"}, True, True, ""),
        ({"email": "A@X.TEST"}, True, True, ""),
        ({"email": "b@x.test"}, False, True, ""),
        ({"email": "a@x.test.b"}, False, False, ""),
        ({"email": "a@x.tes"}, False, False, ""),
        ({"email": "x.test"}, None, None, "claim_missing"),
        ({}, None, None, "claim_missing"),
        ({"email": "a@x.test", "email_verified": False}, None, None, "email_unverified"),
        ({"email": 1, "email_verified": False}, None, None, "claim_missing"),
    ],
)
def test_an_address_fits_or_not_or_cannot_be_told(claims: Claims, emails: Answer, domains: Answer, reason: Any) -> None:
    seen = "" if emails is None else str(claims["email"]).lower()
    for condition, answer in [(Emails(["A@x.Test"]), emails), (Domains(["X.test"]), domains)]:
        assert condition.holds(person(claims)) is answer
        assert condition.finding(person(claims)) == Finding(str(condition), answer, seen, reason)
        assert (set(condition.claims), set(condition.providers)) == ({"email"}, set())
    assert Emails(["*@X.test"]).holds(person(claims)) is domains
    assert Domains(["*.TEST"]).holds(person(claims)) is domains


def test_scopes_are_those_of_an_access_token() -> None:
    assert Scopes(["a"]).holds(person({"scope": "a", "scopes": ["a"]})) is None
    assert Scopes(["a"]).holds(person({}, scopes=("b", "a"))) is True
    assert Scopes(["a"]).holds(person({}, scopes=("b",))) is False
    assert Scopes(["a*"]).finding(person({}, scopes=("b", "ab"))) == Finding("scope a*", True, "b ab")
    assert Scopes(["a"]).finding(person({})) == Finding("scope a", None, "", "claim_missing")


def test_a_provider_is_known_by_its_auth_id() -> None:
    condition = Provider(["jc", "k*"])
    assert condition.providers == {"jc", "k*"}
    found = {name: condition.finding(person({}, provider=name)) for name in ("jc", "kc", "jc2", "default")}
    assert {name: finding.answer for name, finding in found.items()} == {
        "jc": True,
        "kc": True,
        "jc2": False,
        "default": False,
    }
    assert all(finding.seen == name for name, finding in found.items())


@pytest.mark.parametrize(
    ("returned", "answer"),
    [(True, True), (False, False), (None, None), (1, None), (0, None), ("", None), ("yes", None), ([], None)],
)
def test_a_function_says_true_or_false_or_nothing(returned: Any, answer: Answer) -> None:
    asked = []

    def function(who: Any) -> Any:
        asked.append(who)
        return returned

    someone = person({})
    assert Function(function).holds(someone) is answer
    assert asked == [someone.identity]
    finding = Function(function).finding(someone)
    assert (finding.answer, finding.reason) == (answer, "rule" if answer is None else "")


def test_a_function_that_fails_says_nothing() -> None:
    def function(_: Any) -> bool:
        raise KeyError("groups")

    assert Function(function).holds(person({})) is None
    assert Not(Function(function)).holds(person({})) is None


# Conditions of conditions


def test_three_words_say_yes_or_no_to_everybody() -> None:
    assert [word.holds(person({})) for word in (ANYONE, SIGNED_IN, NOBODY)] == [True, True, False]


def fixed(answer: Answer) -> Condition:
    return Untold() if answer is None else YES if answer else NO


@pytest.mark.parametrize("answers", [*product([True, False, None], repeat=2), *product([True, False, None], repeat=3)])
def test_any_and_all_are_what_kleene_has_them_be(answers: tuple[Answer, ...]) -> None:
    parts = [fixed(answer) for answer in answers]
    some = True if True in answers else None if None in answers else False
    every = False if False in answers else None if None in answers else True
    for condition, answer in [(AnyOf(parts), some), (AllOf(parts), every)]:
        assert condition.holds(person({})) is answer
        finding = condition.finding(person({}))
        assert (finding.condition, finding.answer, finding.reason) == (str(condition), answer, "")
        assert [part.answer for part in finding.parts] == list(answers)
        assert finding.title == ("any of" if isinstance(condition, AnyOf) else "all of")
        decisive = finding.decisive
        assert decisive.answer is answer
        assert decisive == next(part for part in finding.parts if part.answer is answer)


@pytest.mark.parametrize(("answer", "other"), [(True, False), (False, True), (None, None)])
def test_not_is_what_kleene_has_it_be(answer: Answer, other: Answer) -> None:
    condition = Not(fixed(answer))
    assert condition.holds(person({})) is other
    finding = condition.finding(person({}))
    assert (finding.answer, finding.parts[0].answer, finding.title) == (other, answer, "not")
    assert finding.decisive == (finding.parts[0] if answer is None else finding)


def test_conditions_of_conditions_go_by_what_their_parts_go_by() -> None:
    several = [Groups(["a"]), AllOf([Emails(["b"]), Claim("c.d", ["x"])]), Not(Provider(["jc"])), Untold()]
    for condition in (AnyOf(several), AllOf(several)):
        assert condition.claims == {"groups", "email", "c.d", "untold"}
        assert condition.providers == {"jc", "elsewhere"}
    assert (SIGNED_IN.claims, SIGNED_IN.providers, Fixed(True, "words").finding(person({}))) == (
        frozenset(),
        frozenset(),
        Finding("words", True),
    )


def test_what_is_seen_of_a_claim_is_cut() -> None:
    def seen(value: Any) -> str:
        return Claim("c", ["a"]).finding(person({"c": value})).seen

    assert [seen(value) for value in ("a", True, 1, None, ["a", 1])] == ["a", "true", "1", "", "['a', 1]"]
    assert seen("x" * 200) == "x" * 200
    assert seen("x" * 201) == "x" * 200 + "…"
    assert Groups(["a"]).finding(person({"groups": ["y" * 150, "z" * 150]})).seen == "y" * 150 + ", " + "z" * 48 + "…"


@pytest.mark.uncounted
@settings(max_examples=250)
@given(conditions(losing_may_help=True), people, st.booleans())
def test_any_condition_says_what_the_naive_interpreter_says(made: Any, claims: Claims, required: bool) -> None:
    policy = Policy([{"path": "/a", "allow": made}], require_email_verified=required)
    judged = Judge(policy)
    (rule,) = judged.policy.rules
    someone = person(claims, judged.policy.lists_at("default"))
    expected = holds(policy, made, claims)
    assert rule.who.holds(someone) is expected
    finding = judged.policy.finding(rule, someone.identity)
    assert finding.answer is expected
    assert finding.decisive.answer is expected or finding.decisive == finding


# The allow lists


@pytest.mark.uncounted
@settings(max_examples=250)
@given(
    st.none() | st.lists(st.sampled_from(["a@x.test", "B@y.test"]), min_size=1),
    st.none() | st.lists(st.sampled_from(["x.test", "Y.test"]), min_size=1),
    st.none() | st.lists(st.sampled_from(["a", "A", "a*"]), min_size=1),
    st.booleans(),
    people,
)
def test_the_lists_say_what_the_naive_interpreter_says(
    emails: list[str] | None, domains: list[str] | None, groups: list[str] | None, required: bool, claims: Claims
) -> None:
    policy = Policy((), (), emails, domains, groups, required)
    lists = Judge(policy).policy.lists_at("default")
    assert lists.allow(claims) is passes_lists(policy, claims)
    assert lists.allow_all is (emails is None and domains is None and groups is None)
    wants_email = emails is not None or domains is not None
    lacks = (wants_email and claims.get("email") is None) or (groups is not None and claims.get("groups") is None)
    assert lists.lack(claims) is lacks


def door(**given: Any) -> AllowLists:
    return AllowLists(**({"emails": None, "domains": None, "groups": None, "groups_claim": "groups"} | given))


A_LIST, X_LIST = {"emails": ("a@x.test",)}, {"domains": ("x.test",)}


@pytest.mark.parametrize("lists", [A_LIST, X_LIST, A_LIST | X_LIST, A_LIST | {"groups": ("a",)}])
@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"email": "a@x.test", "email_verified": False, "groups": ["b"]}, "email_unverified"),
        ({"email": "a@x.test", "email_verified": False}, "email_unverified"),
        ({"email": "b@y.test", "groups": ["b"]}, "door"),
        ({"email": "b@y.test", "email_verified": False, "groups": ["b"]}, "door"),
        ({"email": "b", "groups": ["b"]}, "claim_missing"),
        ({"groups": ["b"]}, "claim_missing"),
        ({"email": None, "groups": ["b"]}, "claim_missing"),
    ],
)
def test_the_lists_say_why_not(lists: dict[str, Any], claims: Claims, reason: str) -> None:
    assert not door(**lists).allow(claims)
    assert door(**lists).reason(claims) == reason


def test_a_list_of_groups_says_why_not_whatever_the_address() -> None:
    groups = door(groups=("a",))
    assert groups.reason({"groups": ["b"]}) == "door"
    assert groups.reason({"groups": ""}) == "door"
    assert groups.reason({"groups": []}) == "door"
    assert groups.reason({"groups": 1}) == "claim_missing"
    assert door(groups=("a",), **X_LIST).reason({"email": "b@y.test"}) == "claim_missing"
    assert door(groups=("a",), **X_LIST).reason({"email": "b@y.test", "hasgroups": True}) == "groups_overage"
    assert door(**X_LIST).reason({"email": "b@y.test", "hasgroups": True}) == "door"
    assert door().reason({}) == "door"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        (
            {"email": "A@x.test", "groups": ["b", "a"]},
            [(True, "a@x.test", ""), (True, "a@x.test", ""), (True, "b, a", "")],
        ),
        ({"email": "b@y.test", "groups": ["b"]}, [(False, "b@y.test", ""), (False, "b@y.test", ""), (False, "b", "")]),
        ({"email": "b@x.test", "groups": []}, [(False, "b@x.test", ""), (True, "b@x.test", ""), (False, "", "")]),
        (
            {"email": "a@x.test", "email_verified": False, "hasgroups": True},
            [(None, "", "email_unverified"), (None, "", "email_unverified"), (None, "", "groups_overage")],
        ),
        ({}, [(None, "", "claim_missing"), (None, "", "claim_missing"), (None, "", "claim_missing")]),
    ],
)
def test_each_list_says_what_it_says(claims: Claims, expected: list[tuple[Answer, str, str]]) -> None:
    given: dict[str, tuple[str, ...]] = {"emails": ("a@x.test",), "domains": ("z.test", "x.test"), "groups": ("a",)}
    listed = [("a@x.test",), ("x.test", "z.test"), ("a",)]
    answers = [(f"allow_{name}", each, *said) for name, each, said in zip(given, listed, expected, strict=True)]
    assert [each[:5] for each in door(**given).answers(claims)] == answers
    for name, answer in zip(given, answers, strict=True):
        assert [each[:5] for each in door(**{name: given[name]}).answers(claims)] == [answer]
    assert door().answers(claims) == []


def test_an_empty_list_lets_nobody_in() -> None:
    for name in ("emails", "domains", "groups"):
        lists = door(**{name: ()})
        assert not lists.allow_all
        assert not lists.allow({"email": "a@x.test", "groups": ["a", ""]})
        assert not lists.lack({})


def test_a_person_is_read_once() -> None:
    someone = person({"email": "a@x.test", "groups": ["a"]})
    assert someone.claims == someone.identity.claims
    assert someone.claims is someone.claims
    assert someone.claims["groups"] is someone.claims["groups"], "no copy, as the app gets it"
    assert (len(someone.claims), sorted(someone.claims)) == (3, ["email", "groups", "sub"])
    with pytest.raises(KeyError):
        someone.claims["nothing"]
    assert someone.groups is someone.groups
    assert identity({"sub": "ann"}, NO_LISTS).groups == ()
