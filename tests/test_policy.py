"""Where, and what comes of it: places and verdicts, asked without HTTP and held against the naive interpreter.

`make mutants` proves that these tests, with those of `tests/test_conditions.py`, notice what they should.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from math import inf
from random import Random
from typing import Any

import pytest

from oidc_gate.access import (
    AMBIGUOUS,
    ANYONE,
    EVERYWHERE,
    NO_RULE,
    NOBODY,
    SIGNED_IN,
    AllowLists,
    AskedOf,
    CheckedRule,
    PathList,
    Pattern,
    Spot,
    Tree,
    Verdict,
    covered_by,
    encoded_segments,
    read_pattern,
    signed_in_at,
)
from oidc_gate.access import Policy as Rules
from oidc_gate.access.expression_values import UNFIT, fit
from oidc_gate.access.expressions import Answer, Conditional, compiled
from oidc_gate.access.paths import (
    ambiguous_part,
    folded,
    folded_pattern,
    hides_separators,
    is_ambiguous,
    is_foldable,
    is_plain,
    other_readings,
    segments_of,
)
from oidc_gate.access.person import Person
from oidc_gate.access.policy import BY_REQUEST
from oidc_gate.access.sign_ins import step_up_until
from oidc_gate.gate.judging import Judging
from tests.asked import Asked
from tests.judged import NO_LISTS, NOW, Judge, Mounted, identity, in_short, request_of
from tests.made_up import given, settings, st
from tests.naive_rules import Asking, Claims, Policy, judge, looks_odd, pattern_meets
from tests.naive_rules import folded as naively_folded
from tests.test_rules_properties import SENT_HOSTS, few_patterns, many_askings, people, policies

ANN = {"sub": "ann", "email": "ann@x.test", "groups": ["Staff"]}
BEN = {"sub": "ben", "groups": ["Guests"]}
STAFF = {"groups": "Staff"}

persons = st.lists(st.none() | people, min_size=1, max_size=2)


# Any rules at all


@settings(max_examples=80)
@given(
    policies(most=3),
    persons,
    many_askings,
    st.sampled_from(["", "", "/m"]),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_every_request_is_judged_as_the_naive_interpreter_judges_it(
    policy: Policy, known: list[Claims | None], asked: list[Asking], mount: str, tells_raw: bool, random: Random
) -> None:
    """Each is asked several times, in any order and with time passing: what is remembered is what would be said."""
    judged = Judge(policy)
    sessions = [judged.session(claims) for claims in known]
    asked = asked if tells_raw else [replace(asking, raw="") for asking in asked]
    turns = [(who, asking) for who in range(len(known)) for asking in asked] * 2
    random.shuffle(turns)
    now = NOW
    for who, asking in turns:
        expected = judge(policy, known[who], asking, now)
        verdict = judged.judging.verdict(request_of(asking, mount), sessions[who], now)
        assert (in_short(verdict), known[who], asking) == (expected, known[who], asking)
        now += random.choice([0, 0, 100])
    assert len(judged.judging.places) == 0


@settings(max_examples=50)
@given(policies(most=3), people, many_askings)
def test_a_verdict_holds_until_it_says_and_not_a_second_longer(
    policy: Policy, claims: Claims, asked: list[Asking]
) -> None:
    judged = Judge(policy)
    for asking in asked:
        verdict = judged.verdict(claims, asking)
        assert verdict.passes is (verdict.outcome == "pass")
        if verdict.passes and judged.policy.has_places:
            assert verdict.until >= NOW
            assert judge(policy, claims, asking, min(verdict.until, NOW + 1e9))[0] == "pass"
            assert verdict.until == inf or judge(policy, claims, asking, verdict.until + 1)[0] != "pass"


plain_paths = st.builds(
    lambda parts, end: "/" + "/".join(parts) + end,
    st.lists(st.sampled_from(["a", "b", "A", "B", "c", "-", "~", "*", "..", ".a", "a ", "a;b", ""]), max_size=3),
    st.sampled_from(["", "/"]),
)


@settings(max_examples=50)
@given(
    policies(most=3),
    st.lists(plain_paths, min_size=1, max_size=4),
    st.sampled_from(["GET", "HEAD", "post"]),
    st.sampled_from(SENT_HOSTS),
    st.booleans(),
)
def test_what_is_known_of_a_line_is_what_the_request_comes_to(
    policy: Policy, paths: list[str], method: str, host: str, as_bytes: bool
) -> None:
    judged = Judge(policy)
    judging, rules = judged.judging, judged.policy
    for path in paths:
        line = f"{method} {path}" if rules.heeds_methods else path
        key = host.encode() if as_bytes else host
        found = judging.known_place(key, line)
        assert found == judging.place(Asked(path=path, method=method, host=host, raw_target=path))
        assert judging.places[(key, line) if rules.by_host else line] == found


# The tree


def met(written: str, is_exact: bool, segments: list[str]) -> bool:
    return pattern_meets(written, segments, exact=is_exact)


made_patterns = st.lists(st.tuples(few_patterns, st.booleans()), max_size=5)
PATHS = [
    [*parts, *end]
    for size in range(4)
    for parts in product(["a", "b", "other"], repeat=size)
    for end in ([], [""])
    if parts or end
]


def tree_of(made: list[tuple[str, bool]]) -> tuple[Tree, list[Pattern]]:
    tree, found = Tree(), [read_pattern(text, is_exact=is_exact) for text, is_exact in made]
    for number, pattern in enumerate(found):
        tree.add(number, pattern)
    return tree, found


@settings(max_examples=200)
@given(made_patterns)
def test_the_tree_finds_what_covers_a_path_as_looking_at_each_pattern_does(made: list[tuple[str, bool]]) -> None:
    tree, _ = tree_of(made)
    for path in [*PATHS, ["a", "", "b"], ["", "a"], ["*"], ["a", "*"]]:
        expected = tuple(number for number, each in enumerate(made) if met(*each, path))
        assert (tree.covering(path), path) == (expected, path)


@settings(max_examples=300)
@given(made_patterns, few_patterns, st.booleans(), st.sets(st.integers(0, 4)))
def test_what_covers_all_of_a_pattern_is_found_and_nothing_else(
    made: list[tuple[str, bool]], text: str, is_exact: bool, left_out: set[int]
) -> None:
    tree, _ = tree_of(made)
    own = [path for path in PATHS if met(text, is_exact, path)]

    def cover(numbers: Iterable[int]) -> bool:
        return all(any(met(*made[number], path) for number in numbers) for path in own)

    found = covered_by(tree, read_pattern(text, is_exact=is_exact), lambda number: number not in left_out)
    counting = [number for number in range(len(made)) if number not in left_out]
    assert (found is not None) is cover(counting)
    if found is not None:
        assert found <= set(counting)
        assert cover(found)


@pytest.mark.parametrize(
    ("made", "pattern", "by"),
    [
        (["/a"], "/a", {0}),
        (["/"], "=/a/*", {0}),
        (["/a", "/a"], "/a", {0}),
        (["/b", "/a"], "/a/b", {1}),
        (["=/a", "=/a/", "/a/*"], "/a", {0, 1, 2}),
        (["=/a", "=/a/"], "=/a", {0}),
        (["=/a", "=/a/"], "/a", None),
        (["=/a", "=/a/", "=/a/*"], "/a", None),
        (["=/a", "=/a/", "=/a/*", "=/a/*/"], "/a", None),
        (["=/a", "=/a/", "=/a/*", "=/a/*/", "/a/*/*"], "/a", {0, 1, 2, 3, 4}),
        (["=/a/", "/a/*"], "/a", None),
        (["=/a", "/a/*"], "/a", None),
        (["=/", "/*"], "/", {0, 1}),
        (["/*"], "/", None),
        (["=/"], "/", None),
        (["=/*", "=/*/", "/*/*"], "/a", {0, 1, 2}),
        (["/*/b"], "/a/b", {0}),
        (["/a/b"], "/*/b", None),
        (["/a/*/c", "/*/b/c/d"], "/a/b/c", {0}),
        (["/a/*/c", "/*/b"], "/a/b/c", {1}),
        (["=/*/"], "=/*/", {0}),
        (["=/*/*"], "=/a/", None),
        ([], "/a", None),
        ([], "/a/b/c", None),
    ],
)
def test_patterns_cover_another_one(made: list[str], pattern: str, by: set[int] | None) -> None:
    def read(text: str) -> tuple[str, bool]:
        return text.removeprefix("="), text.startswith("=")

    text, is_exact = read(pattern)
    tree, _ = tree_of([read(each) for each in made])
    found = covered_by(tree, read_pattern(text, is_exact=is_exact), lambda _: True)
    assert found == by


@pytest.mark.parametrize(
    ("text", "is_exact", "segments"),
    [
        ("/", False, ()),
        ("/", True, ("",)),
        ("/a", False, ("a",)),
        ("/a/", False, ("a",)),
        ("/a", True, ("a",)),
        ("/a/", True, ("a", "")),
        ("/*/b", False, (None, "b")),
        ("/a/*", True, ("a", None)),
        ("/a b/\xe4", False, ("a b", "\xe4")),
        ("/...", False, ("...",)),
    ],
)
def test_a_pattern_is_read(text: str, is_exact: bool, segments: tuple[str | None, ...]) -> None:
    assert read_pattern(text, is_exact=is_exact) == Pattern(segments, is_exact)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "must start with /: /"),
        ("a", "must start with /: /a"),
        ("*", "must start with /: /*"),
        (" /a", "must start with /"),
        ("//a", "must have no empty or dot segments"),
        ("//", "must have no empty or dot segments"),
        ("/a//", "must have no empty or dot segments"),
        ("/a///", "must have no empty or dot segments"),
        ("/a//b", "must have no empty or dot segments"),
        ("/.", "must have no empty or dot segments"),
        ("/a/..", "must have no empty or dot segments"),
        ("/../a", "must have no empty or dot segments"),
        ("/a*", "may have * only as a whole segment"),
        ("/**", "may have * only as a whole segment"),
        ("/*/b*/c", "may have * only as a whole segment"),
        *((f"/a{mark}b", "must be a plain path") for mark in "?#\\%;\x00\n\x1f\x7f\ufffd"),
        *((f"/a{blank}/b", "must be a plain path") for blank in " \t\xa0"),
        ("/a ", "must be a plain path"),
    ],
)
@pytest.mark.parametrize("is_exact", [False, True])
def test_what_is_no_pattern_is_refused(text: str, problem: str, is_exact: bool) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}"):
        read_pattern(text, is_exact=is_exact)


def test_a_pattern_without_a_slash_is_told_what_was_meant() -> None:
    with pytest.raises(ValueError, match=r"^must start with /: /a/b/$"):
        read_pattern("a/b/", is_exact=False)


def test_an_empty_path_is_the_root() -> None:
    assert [segments_of(path) for path in ("", "/", "/a", "/a/", "//")] == [[""], [""], ["a"], ["a", ""], ["", ""]]


# Ambiguous paths


def test_paths_are_ambiguous_that_two_programs_may_read_differently() -> None:
    characters = [chr(number) for number in range(0x3100)] + ["\ufffd", "\ufeff", "\ud800", "\U0001f600"]
    paths = ["".join(parts) for size in range(6) for parts in product("/.a \n", repeat=size)]
    paths += [
        f"{before}{each}{after}" for each in characters for before, after in [("/a", "b"), ("/a", ""), ("/a", "/b")]
    ]
    paths += [f"/a%{high}{low}b" for high, low in product("0123456789abcdefABCDEF", repeat=2)]
    paths += ["/a%", "/a%2", "/a%g0", "a", "*", "a/b", ".a", "/a./b", "/a.b", "/.a", "/a/...", "/-a", "/~a/"]
    for path in paths:
        odd = looks_odd(path or "/")
        assert (is_ambiguous(path), path) == (odd, path)
        assert bool(ambiguous_part(path)) is odd
        assert not (odd and is_plain(path)), path


def test_it_is_told_what_makes_a_path_ambiguous() -> None:
    parts = {
        "/a//b": "//",
        "/a/../b": "/../",
        "/a%2eb": "%2e",
        "/a\nb": "\n",
        "/a /b": " /",
        "a/b": "a/b",
        "/a": "",
        "": "",
    }
    assert {path: ambiguous_part(path) for path in parts} == parts


@pytest.mark.parametrize(
    ("sent", "segments"),
    [
        ("", []),
        ("/a/b", []),
        ("/a%20b", []),
        ("/%61/%C3%A4", []),
        ("/a%2Fb/c", ["a/b", "c"]),
        ("/a%2fb%2F", ["a/b/"]),
        ("/%2F%61/", ["/a", ""]),
        ("/%2F%C3%A4%ff", ["/\xe4\ufffd"]),
        *((f"/a%2Fb{escape}", None) for escape in ("%5C", "%5c", "%2E", "%2e", "%25", "%3B", "%3b", "%00")),
        *((f"/a{escape}", None) for escape in ("%5C", "%5c", "%2E", "%2e", "%25", "%3B", "%3b", "%00")),
    ],
)
def test_encoded_separators_leave_one_reading_or_two_or_too_many(sent: str, segments: list[str] | None) -> None:
    assert encoded_segments(sent) == segments


ALIKE = [
    ("/admin", "/ADMIN"),
    ("/admin", "/aDmin"),
    ("/\xe4", "/\xc4"),
    ("/\xe4", "/a\u0308"),
    ("/stra\xdfe", "/STRASSE"),
    ("/k", "/\u212a"),
    ("/s", "/\u017f"),
    ("/i", "/\u0131"),
    ("/i", "/\u0130"),
    ("/i", "/I\u0307"),
    ("/\u0390", "/\u03aa\u0301"),
    ("/a", "/\uff21"),
    ("/fi", "/\ufb01"),
    ("/a/b", "/a\uff0fb"),
    ("/\u03c3", "/\u03c2"),
    ("/\u1fb3", "/\u1fbc"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_texts_that_differ_in_case_or_form_alone_fold_to_one(one: str, other: str) -> None:
    assert folded(one) == folded(other)
    assert folded(folded(one)) == folded(one)


def test_all_letters_fold_as_their_other_cases_do() -> None:
    """As Python has these, also where it goes letter by letter, as the `(?i)` of patterns does."""
    for number in range(sys.maxunicode + 1):
        letter = chr(number)
        cases = {letter.lower(), letter.upper(), letter.casefold(), letter.lower()[0]}
        if cases != {letter}:
            assert {folded(f"x{each}y") for each in cases} == {folded(f"x{letter}y")}, letter


def test_folding_is_that_of_the_naive_interpreter() -> None:
    for number in range(0x3100):
        assert (folded(chr(number)) == folded("a")) is (naively_folded(chr(number)) == naively_folded("a"))


def test_the_folded_pattern_covers_what_its_folded_paths_are() -> None:
    assert folded_pattern(Pattern(("A", None, "b\uff0fC"), is_exact=True)) == Pattern(
        ("a", None, "b", "c"), is_exact=True
    )
    assert folded_pattern(Pattern(("B",), is_exact=False)) == Pattern(("b",), is_exact=False)
    assert folded_pattern(EVERYWHERE) == EVERYWHERE


@pytest.mark.parametrize(("written", "asked"), [*ALIKE, *((other, one) for one, other in ALIKE if other[1:].isalpha())])
def test_a_path_that_meets_a_rule_when_case_and_form_are_ignored_is_ambiguous(written: str, asked: str) -> None:
    judged = Judge(Policy([{"path": written, "allow": "nobody"}]))
    assert judged.verdict(None, Asked(path=asked)).reason == "path_ambiguous"
    assert judged.verdict(None, Asked(path=f"{asked}/below")).reason == "path_ambiguous"
    assert judged.verdict(ANN, Asked(path=asked)) == Verdict("refused", "path_ambiguous", because="rule 1: nobody")
    assert judged.said(ANN, Asked(path=written)) == ("refused", "rule 1")
    assert judged.said(ANN, Asked(path="/quite/different")) == ("pass", None)


def rules(*made: tuple[str, Any] | CheckedRule, **more: Any) -> Rules:
    """Return a policy of paths with who may ask for them; one that begins with `=` is exact."""
    checked = [
        each
        if isinstance(each, CheckedRule)
        else CheckedRule(
            f"rule {number}",
            number,
            each[1],
            patterns=(read_pattern(each[0].removeprefix("="), is_exact=each[0].startswith("=")),),
        )
        for number, each in enumerate(made, 1)
    ]
    return Rules(checked, {"default": more.pop("lists", NO_LISTS)}, **more)


def test_a_place_is_the_number_of_the_first_rule_that_covers_it() -> None:
    policy = rules(("=/a", NOBODY), ("/a", SIGNED_IN), ("/b/*", NOBODY), ("/b", SIGNED_IN))
    expected = {"/a": 0, "/a/": 1, "/a/b": 1, "/b": 3, "/b/": 3, "/b/c": 2, "/b/c/d": 2}
    expected |= dict.fromkeys(["", "/", "/c"], NO_RULE)
    for path, place in expected.items():
        assert (policy.place(Spot(path)), path) == (place, path)
        assert (policy.place(Spot(path, sent=None)), path) == (AMBIGUOUS, path)
        assert (policy.place(Spot(path, is_unclear=True)), path) == (AMBIGUOUS, path)
        assert (policy.place(Spot(path, sent=path)), path) == (place, path)
    assert policy.place(Spot("/A")) == AMBIGUOUS
    assert policy.place(Spot("/C")) == NO_RULE
    assert policy.place(Spot("/a//")) == AMBIGUOUS
    assert policy.place(Spot("a")) == AMBIGUOUS
    assert Rules([], {"default": NO_LISTS}).place(Spot("/")) == NO_RULE
    root = rules(("=/", NOBODY), ("/*", SIGNED_IN))
    assert [root.place(Spot(path)) for path in ("", "/", "/a", "/A")] == [0, 0, 1, 1]


def test_what_is_spelt_as_a_rule_is_and_means_another_is_ambiguous() -> None:
    policy = rules(("/A", NOBODY), ("/a", SIGNED_IN), ("/B", NOBODY), ("/\xe4", NOBODY), ("/1", NOBODY))
    places = {"/A": AMBIGUOUS, "/a": AMBIGUOUS, "/B": 2, "/b": AMBIGUOUS, "/\xe4": 3, "/\xc4": AMBIGUOUS, "/1": 4}
    for path, place in places.items():
        assert (policy.place(Spot(path)), path) == (place, path)
    lower = rules(("/a", NOBODY), ("/1", NOBODY))
    for path, place in {
        "/a": 0,
        "/A": AMBIGUOUS,
        "/1": 1,
        "/\u0661": NO_RULE,
        "/\xb9": AMBIGUOUS,
        "/-": NO_RULE,
    }.items():
        assert (lower.place(Spot(path)), path) == (place, path)


def test_one_pattern_in_capitals_makes_all_folding_count() -> None:
    two = CheckedRule("two", 1, NOBODY, patterns=(Pattern(("B",), is_exact=False), Pattern(("a",), is_exact=False)))
    assert rules(two).place(Spot("/b")) == AMBIGUOUS
    assert rules(two).place(Spot("/B")) == rules(two).place(Spot("/a")) == 0
    assert rules(two, ("/c", NOBODY)).place(Spot("/b")) == AMBIGUOUS


@pytest.mark.parametrize(
    ("path", "sent", "place"),
    [
        ("/a/b", "/a%2Fb", AMBIGUOUS),
        ("/a/x/y", "/a/x%2Fy", AMBIGUOUS),  # `anyone` is never certain
        ("/c/x/y", "/c/x%2Fy", 1),
        ("/c/x/y", "/c%2Fx/y", AMBIGUOUS),  # split at raw slashes it is not below /c
        ("/z/x", "/z%2Fx", NO_RULE),
        ("/c/D/y", "/c/D%2Fy", 1),
        ("/C/x/y", "/C/x%2Fy", AMBIGUOUS),
        ("/c/e/f", "/c/e%2Ff", AMBIGUOUS),  # decoded alone it meets the rule for /c/e/f
        ("/z/../y", "/z%2F../y", AMBIGUOUS),
        ("/c/x.y", "/c/x%2Ey", AMBIGUOUS),
        ("/c/x/\xff", "/c/x%2F%C3%BF", 1),
        ("/g\uff0fh", "/g%EF%BC%8Fh", AMBIGUOUS),
        ("/g\uff0fh/", "/g%EF%BC%8Fh%2F", AMBIGUOUS),
        ("/c/x", "/c/x", 1),
        ("/c/x", "/c/%78", 1),
        ("/n/m/", "/n%2Fm/", NO_RULE),
    ],
)
def test_a_path_with_an_encoded_slash_is_certain_where_both_readings_meet_the_same_rules(
    path: str, sent: str, place: int
) -> None:
    policy = rules(("/a", ANYONE), ("/c", SIGNED_IN), ("/c/e/f", NOBODY), ("/g/h", NOBODY), ("/N/m/", NOBODY))
    policy = policy if path[1] != "n" else rules(("/c", SIGNED_IN))
    assert policy.place(Spot(path, sent=sent)) == place


def test_an_encoded_slash_is_ambiguous_where_a_reading_meets_a_rule_in_another_case() -> None:
    policy = rules(("/c", SIGNED_IN), ("/c/*/Y", NOBODY), ("/*/x", NOBODY))
    assert policy.place(Spot("/c/a/b/y", sent="/c/a%2Fb/y")) == AMBIGUOUS
    assert policy.place(Spot("/c/a/b/z", sent="/c/a%2Fb/z")) == 0
    assert policy.place(Spot("/q/r/x", sent="/q%2Fr/x")) == AMBIGUOUS


def test_both_readings_meet_the_same_rules_as_they_are_written() -> None:
    patterns = (read_pattern("/a/b/C", is_exact=False), read_pattern("/*/c", is_exact=False))
    policy = rules(CheckedRule("one", 1, NOBODY, patterns=patterns))
    assert policy.place(Spot("/a/b/C", sent="/a/b/C")) == 0
    assert policy.place(Spot("/a/b/C", sent="/a%2Fb/C")) == AMBIGUOUS


def test_method_and_host_have_a_say_where_a_slash_is_encoded() -> None:
    under_c = (read_pattern("/c", is_exact=False),)
    put = CheckedRule("m", 1, NOBODY, patterns=under_c, methods=frozenset({"PUT"}), hosts=frozenset({"one.test"}))
    policy = rules(put, ("/c", SIGNED_IN))
    spot = Spot("/c/x/y", "PUT", "one.test", "/c/x%2Fy")
    assert policy.place(spot) == 0
    assert policy.place(spot._replace(method="GET")) == policy.place(spot._replace(host="two.test")) == 1


def test_what_stands_for_a_slash_when_folded_is_no_slash_of_the_other_reading() -> None:
    policy = rules(("/c", SIGNED_IN), ("/c/d\uff0fe", NOBODY))
    assert policy.place(Spot("/c/d/e", sent="/c/d%2Fe")) == AMBIGUOUS
    assert policy.place(Spot("/c/d/e")) == AMBIGUOUS


# Methods and hosts


def test_method_and_host_have_a_say() -> None:
    by_method = CheckedRule("m", 1, NOBODY, patterns=(read_pattern("/a", is_exact=False),), methods=frozenset({"PUT"}))
    by_host = CheckedRule("h", 2, NOBODY, hosts=frozenset({"one.test"}))
    last = CheckedRule("l", 3, SIGNED_IN, patterns=(read_pattern("/a", is_exact=False),))
    policy = rules(by_method, by_host, last)
    assert (policy.heeds_methods, policy.by_host) == (True, True)
    assert policy.place(Spot("/a", "PUT", "two.test")) == 0
    assert policy.place(Spot("/a", "GET", "one.test")) == 1
    assert policy.place(Spot("/a", "GET", "two.test")) == 2
    assert policy.place(Spot("/b", "PUT", "two.test")) == NO_RULE
    both = CheckedRule("b", 1, NOBODY, methods=frozenset({"PUT"}), hosts=frozenset({"one.test"}))
    places = [rules(both).place(Spot("/", method, host)) for method in ("PUT", "GET") for host in ("one.test", "x")]
    assert places == [0, NO_RULE, NO_RULE, NO_RULE]
    assert (rules(by_method).heeds_methods, rules(by_method).by_host) == (True, False)
    assert (rules(by_host).heeds_methods, rules(by_host).by_host) == (False, True)
    assert (rules(last).heeds_methods, rules(last).by_host) == (False, False)


HOSTED: list[Any] = [{"host": ["one.test", "[::1]", "10"], "allow": "nobody"}]


@pytest.mark.parametrize(
    ("host", "decides"),
    [
        ("one.test", True),
        ("ONE.Test", True),
        ("one.test.", True),
        ("one.test:8443", True),
        ("one.test.:443", True),
        ("One.test.:80", True),
        ("[::1]", True),
        ("[::1]:8000", True),
        ("[::2]:8000", False),
        ("xone.test", False),
        ("one.test.x", False),
        ("80", False),
        ("10", True),
        ("10:80", True),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_host_is_compared_without_port_case_and_final_dot(host: str, decides: bool, scheme: str) -> None:
    judged = Judge(Policy(HOSTED))
    expected = 0 if decides else NO_RULE
    assert judged.judging.place(Asked(host=host, scheme=scheme)) == expected
    assert judged.judging.known_place(host, "/") == judged.judging.known_place(host.encode(), "/") == expected


def test_without_a_host_header_it_is_the_servers_and_no_line_is_known() -> None:
    judged = Judge(Policy(HOSTED))
    assert judged.judging.place(Asked(host="", server="one.test:80")) == 0
    assert judged.judging.known_place(None, "/") is None
    assert judged.judging.places == {}
    assert Judge(Policy([{"path": "/a", "allow": "nobody"}])).judging.known_place(None, "/a") == 0


def test_under_a_base_url_its_host_is_that_of_every_request() -> None:
    judged = Judge(Policy(HOSTED), base_url="https://one.test:8443/app")
    assert judged.judging.place(Asked(host="two.test")) == judged.judging.known_place("two.test", "/") == 0


@pytest.mark.parametrize("header", ["x-http-method", "x-http-method-override", "x-method-override"])
def test_a_header_that_names_a_method_makes_a_request_ambiguous_where_methods_have_a_say(header: str) -> None:
    by_method = Judge(Policy([{"method": "POST", "allow": "nobody"}]))
    without = Judge(Policy([{"path": "/a", "allow": "nobody"}]))
    asked = Asked(path="/a", headers={header: "POST"})
    assert by_method.judging.place(asked) == AMBIGUOUS
    assert without.judging.place(asked) == 0
    assert by_method.judging.place(Asked(path="/a", headers={"x-other": "POST"})) == NO_RULE
    assert by_method.judging.place(Asked(path="/a", method="post")) == 0


# Where the app is mounted


@pytest.mark.parametrize(
    ("path", "mount", "sent", "place"),
    [
        ("/c/x/y", "", "/c/x%2Fy", 0),
        ("/c/x/y", "/m", "/m/c/x%2Fy", 0),
        ("/c/x/y", "/m", "/c/x%2Fy", 0),
        ("/c/x/y", "/\xe4 b", "/%C3%A4%20b/c/x%2Fy", 0),
        ("/c/x/y", "/m:@!$&'()*+,;=~-._", "/m:@!$&'()*+,;=~-._/c/x%2Fy", 0),
        ("/c/x/y", "/m", "/n/c/x%2Fy", AMBIGUOUS),
        ("/c/x/y", "/m", "/mc/x%2Fy", AMBIGUOUS),
        ("/c/x/y", "/m", "/m/c/x%2Fz", AMBIGUOUS),
        ("/c/x/y", "", "/m/c/x%2Fy", AMBIGUOUS),
        ("/c/x/y", "/%", "/%25/c/x%2Fy", 0),
        ("/c/x/y", "", "c/x%2Fy", AMBIGUOUS),
        ("c/x/y", "/m", "/mc/x%2Fy", AMBIGUOUS),
        ("/c/x/\ufffdy", "", "/c/x%2F%ffy", AMBIGUOUS),
        ("/c/x y", "/m", "/n/c/x%20y", 0),
        ("/c/x", "/m", "/n/c/x", 0),
        ("/c/x", "/m", "", 0),
        ("/m/c/x/y", "/m", "/m/m/c/x%2Fy", NO_RULE),
        ("/m/c/x/y", "/m", "/m/c/x%2Fy", NO_RULE),
    ],
)
def test_what_was_sent_is_compared_inside_the_app(path: str, mount: str, sent: str, place: int) -> None:
    judged = Judge(Policy([{"path": "/c", "allow": "nobody"}]))
    assert judged.judging.place(Asked(path=path, root_path=mount, raw_target=sent)) == place


def test_an_unclear_mount_is_ambiguous() -> None:
    judged = Judge(Policy([{"path": "/c", "allow": "nobody"}]))
    assert judged.judging.place(Mounted(path="/c", unclear_mount=True)) == AMBIGUOUS
    assert judged.judging.place(Mounted(path="/c", unclear_mount=False)) == 0


# Places that are remembered


def test_a_line_is_not_known_where_more_has_a_say() -> None:
    judged = Judge(Policy([{"path": "/a", "allow": "nobody"}]))
    judging = judged.judging
    assert judging.known_place("app.test", "/\xe4") is None
    assert judging.known_place("app.test", "/oauth2/login") is None
    assert judging.known_place("app.test", "/oauth2/") is None
    assert judging.places == {}
    assert judging.known_place("app.test", "/oauth2") == NO_RULE
    assert judging.known_place("app.test", "/oauth2x/a") == NO_RULE
    assert judging.known_place("app.test", "/a//b") == AMBIGUOUS
    assert judging.places == {"/oauth2": NO_RULE, "/oauth2x/a": NO_RULE, "/a//b": AMBIGUOUS}


def test_a_line_with_a_method_is_known_by_both() -> None:
    judging = Judge(Policy([{"path": "/a b", "method": "POST", "allow": "nobody"}])).judging
    lines = {"POST /a b": 0, "post /a b": 0, "GET /a b": NO_RULE, "POST /a": NO_RULE, "POST ": NO_RULE}
    assert {line: judging.known_place("app.test", line) for line in lines} == lines
    assert judging.places == lines
    assert judging.known_place("app.test", "POST  /a b") is None, "what begins with a blank has to be looked at"
    assert judging.known_place("app.test", "GET /oauth2/x") is None
    assert judging.known_place("app.test", "POST /\xe4") is None


def test_places_are_remembered_up_to_a_limit() -> None:
    judging = Judge(Policy([{"path": "/a", "allow": "nobody"}])).judging
    longest = "/a/" + "x" * 253
    assert judging.known_place("app.test", longest) == 0
    assert judging.known_place("app.test", longest + "x") is None
    assert list(judging.places) == [longest]
    for number in range(4095):
        judging.known_place("app.test", f"/b/{number}")
    assert len(judging.places) == 4096
    assert judging.known_place("app.test", "/a") == 0
    assert judging.places == {"/a": 0}


# Verdicts


def lists(*groups: str, verified: bool = False) -> AllowLists:
    return AllowLists(
        emails=None, domains=None, groups=groups or None, groups_claim="groups", require_email_verified=verified
    )


def checked(who: Any, **more: Any) -> CheckedRule:
    return CheckedRule("r", 1, who, **more)


@pytest.mark.parametrize(
    ("rule", "allowed", "nobody", "somebody"),
    [
        (None, True, ("login", "door", None), ("pass", "door", None)),
        (None, False, ("login", "door", None), ("refused", "door", None)),
        (checked(ANYONE), True, ("pass", "rule", "r"), ("pass", "rule", "r")),
        (checked(ANYONE), False, ("pass", "rule", "r"), ("pass", "rule", "r")),
        (checked(NOBODY), True, ("refused", "nobody", "r"), ("refused", "nobody", "r")),
        (checked(NOBODY), False, ("refused", "nobody", "r"), ("refused", "nobody", "r")),
        (checked(SIGNED_IN), True, ("login", "rule", "r"), ("pass", "rule", "r")),
        (checked(SIGNED_IN), False, ("login", "rule", "r"), ("refused", "door", "r")),
        (checked(SIGNED_IN, acr=("2",)), True, ("login", "rule", "r"), ("step_up", "step_up", "r")),
        (checked(SIGNED_IN, acr=("2",)), False, ("login", "rule", "r"), ("refused", "door", "r")),
    ],
)
def test_anyone_and_nobody_come_first_then_the_lists_then_the_rule_then_the_step_up(
    rule: CheckedRule | None, allowed: bool, nobody: Any, somebody: Any
) -> None:
    policy = Rules([rule] if rule else [], {"default": lists("Nobodys")})
    place = NO_RULE if rule is None else 0

    def of(who: Claims | None) -> tuple[str, str, str | None]:
        verdict = policy.verdict(place, identity(who) if who is not None else None, NOW, allowed=allowed)
        assert verdict.passes is (verdict.outcome == "pass")
        assert verdict.until == (inf if verdict.passes else 0.0)
        assert verdict.is_open is (rule is not None and rule.who is ANYONE)
        assert (verdict.because, verdict.answer) == ("", None)
        return verdict.outcome, verdict.reason, verdict.rule.name if verdict.rule else None

    assert of(None) == nobody
    assert of(ANN) == somebody


def test_who_is_not_told_to_be_on_the_lists_is_not() -> None:
    assert rules(("/", SIGNED_IN)).verdict(0, identity(ANN), NOW).outcome == "refused"


@pytest.mark.parametrize(
    ("allow", "claims", "reason", "because"),
    [
        (STAFF, BEN, "rule", "group Staff"),
        (STAFF, {"sub": "x"}, "claim_missing", "group Staff"),
        (STAFF, {"sub": "x", "_claim_names": {"groups": "src1"}}, "groups_overage", "group Staff"),
        ({"emails": "b@x.test"}, ANN, "rule", "e-mail b@x.test"),
        ({"emails": "b@x.test"}, BEN, "claim_missing", "e-mail b@x.test"),
        ({"emails": "ann@x.test"}, ANN | {"email_verified": False}, "email_unverified", "e-mail ann@x.test"),
        ({"all": [STAFF, {"emails": "b@x.test"}]}, ANN, "rule", "e-mail b@x.test"),
        ({"all": [{"emails": "b@x.test"}, STAFF]}, BEN, "rule", "group Staff"),
        ({"all": [STAFF, {"emails": "b@x.test"}]}, {"groups": ["Staff"]}, "claim_missing", "e-mail b@x.test"),
        ({"any": [{"emails": "b@x.test"}, {"groups": "Ops"}]}, ANN, "rule", "e-mail b@x.test"),
        ({"any": [{"groups": "Ops"}, {"emails": "b@x.test"}]}, BEN, "claim_missing", "e-mail b@x.test"),
        ({"not": STAFF}, ANN, "rule", "not (group Staff)"),
        ({"not": STAFF}, {}, "claim_missing", "group Staff"),
        (lambda _: None, ANN, "rule", "<lambda>()"),
    ],
)
def test_a_refusal_says_why(allow: Any, claims: Claims, reason: str, because: str) -> None:
    judged = Judge(Policy([{"path": "/a", "allow": allow}]))
    verdict = judged.verdict({"sub": "x", **claims}, Asked(path="/a"))
    assert in_short(verdict) == ("refused", "rule 1")
    assert (verdict.reason, verdict.until, verdict.answer) == (reason, 0.0, None)
    assert verdict.because.endswith(because)
    assert judged.policy.finding(judged.policy.rules[0], identity({"sub": "x", **claims})).answer is not True


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"groups": ["Guests"]}, "door"),
        ({}, "claim_missing"),
        ({"_claim_names": {"groups": "src1"}}, "groups_overage"),
    ],
)
@pytest.mark.parametrize("allow", [None, "signed-in"])
def test_a_refusal_by_the_lists_says_why(claims: Claims, reason: str, allow: str | None) -> None:
    policy = Policy([{"path": "/a", "allow": allow}] if allow else [], allow_groups=["Staff"])
    verdict = Judge(policy).verdict({"sub": "x", **claims}, Asked(path="/a"))
    assert (in_short(verdict), verdict.reason) == (("refused", "rule 1" if allow else None), reason)
    assert not verdict.passes


def test_without_rules_the_lists_say_all() -> None:
    judged = Judge(Policy(allow_groups=["Staff"]))
    assert not judged.policy.has_places
    assert judged.verdict(None, Asked(path="//odd")) == Verdict("login", "door")
    assert judged.verdict(ANN, Asked(path="//odd")) == Verdict("pass", "door")
    assert judged.verdict(BEN, Asked(path="//odd")) == Verdict("refused", "door")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/a?b", AMBIGUOUS),
        ("/a#b", AMBIGUOUS),
        ("/a/b?c", 0),
        ("/x/a?", NO_RULE),
        ("/x?/a", NO_RULE),
        ("/a.", AMBIGUOUS),
        ("/a./b", AMBIGUOUS),
        ("/a/b.", 0),
        ("/a/b../c", 0),
        ("/x.", NO_RULE),
        ("/x./a", NO_RULE),
        ("/a.x", NO_RULE),
        ("/a/?/b.", 0),
        ("/x/\uff0e/y", AMBIGUOUS),
        ("/x/\uff0e\uff0e/a", AMBIGUOUS),
        ("/x\uff0f\uff0fa", AMBIGUOUS),
        ("/x\uff3ca", AMBIGUOUS),
        ("/\u200ba", AMBIGUOUS),
        ("/x/" + "\xe4" * 997, NO_RULE),
        ("/x/" + "\xe4" * 998, AMBIGUOUS),
        ("/x/" + "A" * 2000, NO_RULE),
        ("/x/" + "A" * 2000 + ".", NO_RULE),
    ],
)
def test_what_something_cuts_off_or_folding_brings_forth_makes_a_path_ambiguous(path: str, place: int) -> None:
    assert rules(("/a", NOBODY)).place(Spot(path)) == place


def test_how_else_a_path_may_be_read() -> None:
    expected = {
        "/a?b#c": ["/a"],
        "/a#b?c": ["/a"],
        "/a./b..": ["/a/b"],
        "/a.b": [],
        "/a./?": ["/a./", "/a/?"],
        "/.a": [],
        "/a.": ["/a"],
        "/X.": ["/X"],
    }
    assert {path: other_readings(path) for path in expected} == expected
    hiding = {"/./a": True, "/a/..": True, "//": True, "/a\\": True, "/a/b": False, "/.a/a.": False, "/...": False}
    assert {path: hides_separators(path) for path in hiding} == hiding
    assert [is_foldable(path) for path in ("\xe4" * 1000, "\xe4" * 1001, "a" * 1001)] == [True, False, True]


def test_a_pattern_has_no_more_segments_than_any_app() -> None:
    assert len(read_pattern("/a" * 100, is_exact=False).segments) == 100
    with pytest.raises(ValueError, match="must have no more than 100 segments"):
        read_pattern("/a" * 101, is_exact=False)


def test_all_rules_for_a_request_are_told() -> None:
    under_a = (read_pattern("/a", is_exact=False),)
    put = CheckedRule("m", 1, NOBODY, patterns=under_a, methods=frozenset({"PUT"}))
    hosted = CheckedRule("h", 2, NOBODY, hosts=frozenset({"one.test"}))
    policy = rules(put, hosted, ("/a", SIGNED_IN))
    assert policy.matching(Spot("/a", "PUT", "one.test")) == (0, 1, 2)
    assert policy.matching(Spot("/a", "PUT", "two.test")) == (0, 2)
    assert policy.matching(Spot("/a", "GET", "two.test")) == (2,)
    assert policy.matching(Spot("", "GET", "one.test")) == (1,)
    assert rules(("=/", NOBODY)).matching(Spot("")) == (0,)


def test_a_policy_says_what_it_goes_by() -> None:
    policy = rules(("/a", ANYONE), ("/b", SIGNED_IN))
    assert (policy.has_places, policy.narrows, policy.claims) == (True, True, frozenset())
    assert (rules(("/a", ANYONE)).has_places, rules(("/a", ANYONE)).narrows) == (True, False)
    assert (rules().has_places, rules().narrows) == (False, False)
    public = rules(("/b", NOBODY), public_paths=["/pub", "/more/"])
    assert [rule.name for rule in public.rules] == ["public_paths", "rule 1"]
    assert public.rules[0] == CheckedRule(
        "public_paths", 0, ANYONE, patterns=(Pattern(("pub",), is_exact=False), Pattern(("more",), is_exact=False))
    )
    assert (rules(public_paths=["/pub"]).has_places, rules(public_paths=["/pub"]).narrows) == (True, False)
    assert (rules(public_paths=[]).rules, rules().conditionals) == ((), ())
    both = Judge(
        Policy([{"path": "/a", "allow": {"all": [STAFF, {"claims": {"level": 1}}]}}, {"path": "/b", "allow": STAFF}])
    )
    assert both.policy.claims == {"groups", "level"}


def test_only_who_passes_every_rule_and_the_lists_passes_at_an_ambiguous_path() -> None:
    odd = Asked(path="/a//b")
    made = Policy(
        [{"path": "/a", "allow": "anyone"}, {"path": "/b", "allow": STAFF}, {"path": "/c", "allow": "signed-in"}]
    )
    assert Judge(made).verdict(None, odd) == Verdict("login", "path_ambiguous")
    assert Judge(made).verdict(ANN, odd) == Verdict("pass", "path_ambiguous", None, inf)
    assert Judge(made).verdict(BEN, odd) == Verdict("refused", "path_ambiguous", because="rule 2: group Staff")
    listed = replace(made, allow_groups=["Ops"])
    assert Judge(listed).verdict(ANN, odd) == Verdict("refused", "path_ambiguous")
    ops = ANN | {"groups": ["Staff", "Ops"]}
    assert Judge(listed).verdict(ops, odd) == Verdict("pass", "path_ambiguous", None, inf)
    only_public = Judge(Policy(public_paths=["/a"], allow_groups=["Ops"]))
    assert only_public.verdict(ANN, odd) == Verdict("refused", "path_ambiguous")
    assert only_public.verdict(None, odd) == Verdict("login", "path_ambiguous")


def test_at_an_ambiguous_path_the_earliest_end_holds() -> None:
    ages = [{"path": f"/{age}", "allow": "signed-in", "max_age": age} for age in (900, 600, 1200)]
    judged, claims = Judge(Policy(ages)), {"sub": "ann", "auth_time": NOW}
    verdict = judged.verdict(claims, Asked(path="/a//b"))
    assert verdict == Verdict("pass", "path_ambiguous", None, NOW + 600)
    assert judged.verdict(claims, Asked(path="/a//b"), NOW + 600).passes
    late = judged.verdict(claims, Asked(path="/a//b"), NOW + 601)
    assert late == Verdict("refused", "path_ambiguous", because="rule 2: step_up")


# Step-up


@pytest.mark.parametrize(
    ("rule", "claims", "until"),
    [
        ({}, {}, inf),
        ({"acr": ("2",)}, {"acr": "2"}, inf),
        ({"acr": ("2", "3")}, {"acr": "3"}, inf),
        ({"acr": ("2",)}, {"acr": "1"}, 0.0),
        ({"acr": ("2",)}, {"acr": ["2"]}, 0.0),
        ({"acr": ("2",)}, {"acr": 2}, 0.0),
        ({"acr": ("2",)}, {"acr": None}, 0.0),
        ({"acr": ("2",)}, {}, 0.0),
        ({"max_age": 600.0}, {"auth_time": 1000}, 1600.0),
        ({"max_age": 600.0}, {"auth_time": 1000.5}, 1600.5),
        ({"max_age": 0.0}, {"auth_time": 1000}, 1000.0),
        ({"max_age": 600.0}, {"auth_time": 0}, 600.0),
        ({"max_age": 600.0}, {"auth_time": "1000"}, 0.0),
        ({"max_age": 600.0}, {"auth_time": -1}, 0.0),
        ({"max_age": 600.0}, {"auth_time": 10**400}, 0.0),
        ({"max_age": 600.0}, {"auth_time": True}, 0.0),
        ({"max_age": 600.0}, {"auth_time": inf}, 0.0),
        ({"max_age": 600.0}, {"auth_time": float("nan")}, 0.0),
        ({"max_age": 600.0}, {}, 0.0),
        ({"acr": ("2",), "max_age": 600.0}, {"acr": "2", "auth_time": 1000}, 1600.0),
        ({"acr": ("2",), "max_age": 600.0}, {"acr": "1", "auth_time": 1000}, 0.0),
        ({"acr": ("2",), "max_age": 600.0}, {"acr": "2"}, 0.0),
    ],
)
def test_a_sign_in_is_good_enough_until(rule: Any, claims: Claims, until: float) -> None:
    assert step_up_until(checked(SIGNED_IN, **rule), claims, NOW) == until
    assert checked(SIGNED_IN, **rule).wants_step_up is bool(rule)


def test_a_sign_in_that_is_yet_to_come_is_none_but_for_what_clocks_are_apart() -> None:
    rule = checked(SIGNED_IN, max_age=10.0)
    assert step_up_until(rule, {"auth_time": NOW + 300}, NOW) == NOW + 310
    assert step_up_until(rule, {"auth_time": NOW + 301}, NOW) == 0.0


def test_a_claim_tells_when_somebody_signed_in() -> None:
    said = [signed_in_at({"auth_time": at}) for at in (5, 0, 1e12 - 1, 1e12, -1, False)]
    assert said == [5.0, 0.0, 1e12 - 1, None, None, None]
    assert signed_in_at({}) is None


def test_a_sign_in_is_too_old_after_the_last_second() -> None:
    judged = Judge(Policy([{"path": "/a", "allow": "signed-in", "max_age": 600}]))
    session = judged.session({"sub": "ann", "auth_time": NOW - 100})
    assert session is not None
    said = [judged.judging.verdict(Asked(path="/a"), session, NOW + after).outcome for after in (0, 500, 500.5, 0)]
    assert said == ["pass", "pass", "step_up", "pass"]
    assert session.passes == {0: NOW + 500}


def test_what_passes_is_remembered_for_the_session_and_nothing_else() -> None:
    judged = Judge(
        Policy([{"path": "/a", "allow": STAFF}, {"path": "/b", "allow": "nobody"}, {"path": "/c", "allow": "anyone"}])
    )
    session = judged.session(ANN)
    assert session is not None
    for path in ("/a", "/a/x", "/b", "/c", "/d", "/a//"):
        first, second = (judged.judging.verdict(Asked(path=path), session, NOW) for _ in range(2))
        assert (first.outcome, first.reason, first.rule) == (second.outcome, second.reason, second.rule)
    assert session.passes == {0: inf, 2: inf, NO_RULE: inf}
    staff = Judge(Policy([{"path": "/a", "allow": STAFF}]))
    session = staff.session(ANN)
    said = [staff.judging.verdict(Asked(path="/a//"), session, NOW) for _ in range(2)]
    assert [(each.outcome, each.reason, each.rule) for each in said] == [("pass", "path_ambiguous", None)] * 2
    assert session is not None
    assert session.passes == {AMBIGUOUS: inf}


def test_a_rules_function_is_called_once_for_a_session_while_that_passes() -> None:
    asked = []

    def is_ann(who: Any) -> bool:
        asked.append(who.subject)
        return bool(who.subject == "ann")

    judged = Judge(Policy([{"path": "/a", "allow": is_ann, "max_age": 600}]))
    claims = {"sub": "ann", "auth_time": NOW}
    session, other = judged.session(claims), judged.session({**claims, "sub": "ben"})
    outcomes = [judged.judging.verdict(Asked(path="/a"), session, NOW + after).outcome for after in (0, 599, 600, 601)]
    assert (outcomes, asked) == (["pass", "pass", "pass", "step_up"], ["ann", "ann"])
    outcomes = [judged.judging.verdict(Asked(path="/a"), other, NOW + after).outcome for after in (0, 1)]
    assert (outcomes, asked[2:]) == (["refused"] * 2, ["ben"] * 2)


def test_nothing_passes_by_what_was_never_asked() -> None:
    judged = Judge(Policy([{"path": "/a", "allow": "nobody"}]))
    session = judged.session(ANN)
    assert judged.judging.verdict(Asked(path="/a"), session, 0.5).outcome == "refused"


def test_a_rule_tells_what_it_is() -> None:
    assert [checked(who).opens for who in (ANYONE, SIGNED_IN, NOBODY)] == [True, False, False]
    assert [checked(who).narrows_everything for who in (ANYONE, SIGNED_IN, NOBODY)] == [False, False, True]
    a = read_pattern("/a", is_exact=False)
    assert not checked(NOBODY, patterns=(a,)).narrows_everything
    assert checked(NOBODY, patterns=(a, EVERYWHERE)).narrows_everything
    assert not checked(NOBODY, methods=frozenset({"GET"})).narrows_everything
    assert not checked(NOBODY, hosts=frozenset({"one.test"})).narrows_everything
    assert [checked(who).opens_the_rest for who in (ANYONE, SIGNED_IN)] == [True, False]
    assert [checked(ANYONE, patterns=each).opens_the_rest for each in ((a,), (a, EVERYWHERE))] == [False, True]


# A plain list of paths


def test_a_list_of_paths_covers_what_is_below_them_and_not_ambiguous() -> None:
    paths = PathList(("/a", "/b/*/c/"))
    for path in ("/a", "/a/", "/a/x", "/b/x/c", "/b/x/c/d"):
        sent = ["", path, "/a%2Fx", "/a%5Cx"]
        assert [paths.cover(path, each) for each in sent] == [True, True, False, False]
    for path in ("", "/", "/b", "/b/c", "/A", "a", "/a//", "/a/..", "/a;x"):
        assert paths.cover(path, path) is False
    assert PathList(("/",)).cover("", "")


# The conditions of a Traffic Policy

GONE = Answer(410)
LOGIN, DENY = None, GONE
POST, GET = "req.method == 'POST'", "req.method == 'GET'"
STAFFED, FAILS = "'Staff' in oidc.groups", "req.headers['x-none'][0] == 'a'"
UNTOLD = "oidc.claims.level == 1"


def traffic(
    *made: tuple[Answer | None, str],
    public_paths: tuple[str, ...] = (),
    groups: tuple[str, ...] = (),
    verified: bool = False,
) -> Judge:
    """Return what judges by rules with an expression each; None in place of an answer stands for login."""
    judged = Judge(Policy())
    conditionals = [
        Conditional(f"rule {number}", (compiled(text, "policy.yaml"),), answer)
        for number, (answer, text) in enumerate(made, 1)
    ]
    doors = lists(*groups, verified=verified)
    judged.policy = Rules([], {"default": doors}, public_paths=public_paths, conditionals=conditionals)
    judged.components = replace(judged.components, policy=judged.policy)
    judged.judging = Judging(judged.components)
    return judged


def refused(number: int, answer: Answer | None = GONE) -> Verdict:
    return Verdict("refused", "rule", because=f"rule {number}", answer=answer)


PASS = Verdict("pass", "rule", until=inf)
OPEN = ("pass", "rule", "openid-connect")
TO_LOGIN = Verdict("login", "door")


@pytest.mark.parametrize(
    ("made", "method", "who", "expected"),
    [
        ([(DENY, POST)], "POST", ANN, refused(1)),
        ([(DENY, POST)], "GET", ANN, PASS._replace(until=0.0)),
        ([(DENY, POST)], "GET", None, TO_LOGIN),
        ([(DENY, POST)], "POST", None, TO_LOGIN),
        ([(DENY, FAILS)], "GET", ANN, refused(1, None)),
        ([(DENY, POST), (DENY, FAILS)], "POST", ANN, refused(1)),
        ([(DENY, POST), (DENY, FAILS)], "GET", ANN, refused(2, None)),
        ([(DENY, STAFFED)], "GET", ANN, refused(1)),
        ([(DENY, STAFFED)], "GET", BEN, PASS),
        ([(DENY, STAFFED)], "GET", {"sub": "x"}, refused(1, None)),
        ([(DENY, UNTOLD)], "GET", BEN, refused(1, None)),
        ([(LOGIN, POST)], "POST", None, TO_LOGIN),
        ([(LOGIN, POST)], "POST", ANN, PASS._replace(until=0.0)),
        ([(LOGIN, FAILS)], "GET", None, TO_LOGIN),
        ([(LOGIN, STAFFED)], "GET", None, TO_LOGIN),
        ([(LOGIN, STAFFED)], "GET", ANN, PASS),
        ([(LOGIN, POST), (DENY, STAFFED)], "GET", None, refused(2, None)),
        ([(LOGIN, POST), (DENY, POST)], "POST", None, TO_LOGIN),
        ([(DENY, POST), (LOGIN, POST)], "POST", None, TO_LOGIN),
        ([(DENY, POST), (LOGIN, POST)], "POST", ANN, refused(1)),
        ([(DENY, GET), (LOGIN, POST)], "GET", None, refused(1)),
    ],
)
def test_a_traffic_policys_rules_are_gone_through_in_their_order(
    made: list[tuple[Answer | None, str]], method: str, who: Claims | None, expected: Verdict
) -> None:
    judged = traffic(*made)
    assert judged.verdict(who, Asked(method=method)) == expected


def test_where_login_does_not_apply_it_is_open() -> None:
    judged = traffic((LOGIN, POST))
    for who in (None, ANN):
        verdict = judged.verdict(who, Asked())
        assert (verdict[:2], in_short(verdict)[1]) == (OPEN[:2], OPEN[2])
        assert verdict.is_open
        assert verdict.until == 0.0
    by_person = traffic((LOGIN, STAFFED)).verdict(BEN, Asked())
    assert (by_person.is_open, by_person.until) == (True, inf)


def test_the_lists_hold_where_login_applies_and_nowhere_else() -> None:
    judged = traffic((LOGIN, POST), groups=("Staff",))
    assert judged.verdict(BEN, Asked(method="POST")) == Verdict("refused", "door")
    assert judged.verdict(ANN, Asked(method="POST")) == PASS._replace(until=0.0)
    assert judged.verdict(BEN, Asked()).is_open
    assert judged.verdict(None, Asked(method="POST")) == TO_LOGIN


def test_expressions_go_by_what_the_settings_make_of_a_persons_claims() -> None:
    of_address = (DENY, "actions.ngrok.oidc.identity.email == 'ann@x.test'")
    assert traffic(of_address).verdict(ANN, Asked()) == refused(1)
    assert traffic(of_address, verified=True).verdict(ANN, Asked()) == refused(1, None)
    of_another = (LOGIN, "actions.ngrok.oidc.identity.email == 'ben@x.test'")
    assert traffic(of_another).verdict(ANN, Asked()).is_open
    assert traffic(of_another, verified=True).verdict(ANN, Asked()) == PASS
    odd = {"sub": "x", "groups": ["Guests", 1]}
    assert traffic((DENY, STAFFED)).verdict(odd, Asked()) == refused(1, None)


def test_a_public_path_comes_before_a_traffic_policys_rules() -> None:
    judged = traffic((DENY, POST), public_paths=("/pub",))
    assert judged.said(None, Asked(path="/pub", method="POST")) == ("pass", "public_paths")
    assert judged.verdict(None, Asked(path="/other", method="POST")) == TO_LOGIN
    assert judged.verdict(ANN, Asked(path="/other", method="POST")) == refused(1)
    assert (judged.policy.has_places, judged.policy.narrows) == (True, True)


def test_an_ambiguous_path_is_refused_where_an_expression_reads_the_request() -> None:
    odd, both = Asked(path="/a//b"), Verdict("refused", "path_ambiguous")
    assert traffic((DENY, POST)).verdict(ANN, odd) == both
    assert traffic((DENY, POST)).verdict(None, odd) == Verdict("login", "path_ambiguous")
    assert traffic((DENY, STAFFED)).verdict(ANN, odd) == both
    assert traffic((DENY, STAFFED)).verdict(BEN, odd) == PASS
    assert traffic((DENY, STAFFED), (DENY, POST)).verdict(BEN, odd) == both
    assert traffic((DENY, f"{STAFFED} && {POST}")).verdict(BEN, odd) == both
    assert traffic((LOGIN, STAFFED)).verdict(ANN, odd) == PASS
    assert traffic((LOGIN, STAFFED), groups=("Ops",)).verdict(ANN, odd) == both


def test_what_reads_the_request_is_asked_each_time() -> None:
    judged = traffic((DENY, POST))
    policy = judged.policy
    assert policy.place(Spot("/")) == policy.place(Spot("/a/b")) == BY_REQUEST
    assert policy.place(Spot("/a/b", sent="/a%2Fb")) == AMBIGUOUS
    assert judged.judging.known_place("app.test", "GET /") == BY_REQUEST
    session = judged.session(ANN)
    said = [judged.judging.verdict(Asked(method=method), session, NOW).outcome for method in ("GET", "POST", "GET")]
    assert said == ["pass", "refused", "pass"]
    assert session is not None
    assert session.passes == {}
    by_person = traffic((DENY, STAFFED))
    assert by_person.policy.place(Spot("/a/b", sent="/a%2Fb")) == NO_RULE
    by_method = CheckedRule("m", 1, NOBODY, methods=frozenset({"PUT"}))
    both = Rules([by_method], {"default": NO_LISTS}, conditionals=policy.conditionals)
    assert (both.place(Spot("/", "PUT")), both.place(Spot("/", "GET"))) == (0, BY_REQUEST)


def test_what_is_unfit_fails_only_where_it_is_needed() -> None:
    either = (DENY, f"{GET} || actions.ngrok.oidc.identity.email == 'ann@x.test'")
    assert traffic(either).verdict(BEN, Asked()) == refused(1)
    assert traffic(either).verdict(BEN, Asked(method="POST")) == refused(1, None)
    texts = ["a", "\xe4", "\uffff", "\ud7ff", -(2**63), 2**63 - 1, 2**62]
    assert [fit(each) for each in texts] == texts
    unfit = ["\ud800", "a\udfff", -(2**63) - 1, 2**63, None, UNFIT, ["\ud800"]]
    assert [fit(each) for each in unfit] == [UNFIT] * len(unfit)


def test_each_expression_says_what_it_says() -> None:
    texts = [POST, GET, STAFFED, FAILS, "oidc.claims.level", "actions.ngrok.oidc.identity.email == 'ann@x.test'"]
    several = Conditional("all", tuple(compiled(text, "policy.yaml") for text in texts), GONE)
    claims = {**ANN, "level": 1}
    someone = Person(identity(claims), {"default": lists()})
    found = several.found(AskedOf("POST", "one.test", "/"), identity(claims), someone)
    assert [(each.expression, each.value) for each in found] == list(
        zip(texts, [True, False, True, None, None, True], strict=True)
    )
    assert [bool(each.why) for each in found] == [False, False, False, True, True, False]
    assert found[4].why == "1"
    known = Person(identity(claims), {"default": lists(verified=True)})
    assert several.found(AskedOf("POST", "one.test", "/"), identity(claims), known)[5].value is None


@pytest.mark.parametrize(
    ("text", "asked", "holds"),
    [
        ("req.host == 'one.test'", {"host": "One.test.:80"}, True),
        ("req.host == 'one.test'", {"host": "two.test"}, False),
        ("req.url.path == '/a'", {"path": "/a"}, True),
        ("req.method == 'PUT'", {"method": "PUT"}, True),
        ("conn.client_ip == '192.0.2.7'", {"peer": "192.0.2.7"}, True),
        ("conn.client_ip == '192.0.2.7'", {"peer": "192.0.2.8"}, False),
        ("'b' in req.headers['x-a']", {"headers": {"x-a": "b"}}, True),
        ("'x-a' in req.headers", {"headers": {"x-b": "b"}}, False),
        ("'x-auth-request-user' in req.headers", {"headers": {"x-auth-request-user": "ann"}}, False),
    ],
)
def test_expressions_see_the_request(text: str, asked: dict[str, Any], holds: bool) -> None:
    verdict = traffic((DENY, text)).verdict(ANN, Asked(**asked))
    assert verdict == (refused(1) if holds else PASS._replace(until=0.0))
    open_to_all = traffic((LOGIN, "req.method == 'NEVER'"), (DENY, text)).verdict(None, Asked(**asked))
    assert open_to_all == refused(2) if holds else open_to_all.is_open
