"""Rules, held against the naive interpreter of `tests/naive_rules.py`, and what holds for any rules at all.

Everything is made to collide: few segments, few groups, claims of every type. `make fuzz` looks longer.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from oidc_gate import SettingsError
from oidc_gate.command import cli
from tests.browser import World
from tests.made_up import assume, example, given, st
from tests.naive_rules import (
    PUBLIC,
    Asking,
    Claims,
    Policy,
    Rule,
    deciding,
    is_ambiguous,
    judge,
    passes_lists,
)
from tests.path_readings import forbidden_readings
from tests.rule_gates import CLIENT, Refusals, RuleGate

pytestmark = [pytest.mark.fuzz, pytest.mark.uncounted]

WORLDS: tuple[World, World] = ("wsgi", "asgi")
Made = st.SearchStrategy


def few_or_one(of: Made[Any]) -> Made[Any]:
    return of | st.lists(of, min_size=1, max_size=2, unique=True)


# Where

HOSTS = ["one.test", "two.test"]


def patterns(segments: Made[str], most: int) -> Made[str]:
    return st.builds(
        lambda parts, end: "/".join(["", *parts]) + end if parts else "/",
        st.lists(segments, max_size=most),
        st.sampled_from(["", "", "/"]),
    )


few_patterns = patterns(st.sampled_from(["a", "a", "b", "*"]), 3)
odd_patterns = patterns(st.sampled_from(["a", "A", "b", "\xe4", "*"]), 2)
public_patterns = patterns(st.sampled_from(["a", "b", "A"]), 2).filter(lambda path: path != "/")


def places(of: Made[str]) -> Made[dict[str, Any]]:
    where = st.builds(lambda name, each: {name: each}, st.sampled_from(["path", "path", "exact"]), few_or_one(of))
    methods, hosts = few_or_one(st.sampled_from(["GET", "HEAD", "POST"])), few_or_one(st.sampled_from(HOSTS))
    rest: Made[dict[str, Any]] = st.just({}) | st.fixed_dictionaries({}, optional={"method": methods, "host": hosts})
    return st.builds(lambda one, other: one | other, where | where | st.just({}), rest)


# Who

groups = few_or_one(st.sampled_from(["a", "b", "A", "a*", "*b", "*", "a*a"]))
emails = few_or_one(st.sampled_from(["a@x.test", "A@X.test", "b@*", "*@y.test"]))
domains = few_or_one(st.sampled_from(["x.test", "Y.test", "*.test"]))
one_value = st.sampled_from(["a", "b*", "a*a", "1", "", 1, 0, 1.0, True, False])
value = one_value | st.lists(one_value, min_size=1, max_size=3)
names = st.sampled_from(["c", "d", "o.x", "groups", "email"])
FUNCTIONS = [
    lambda who: who.claims["c"] == "a",
    lambda who: "a" in who.groups,
    lambda who: who.claims.get("d"),
    lambda who: who.provider != "default",
]


def conditions(*, losing_may_help: bool = True, functions: bool = True) -> Made[Any]:
    """Return conditions; those of functions, and of claims that are missing, may hold for want of a claim."""
    wanted: Made[Any] = value | st.just({"missing": True}) if losing_may_help else value
    single = [
        st.builds(lambda each: {"groups": each}, groups),
        st.builds(lambda each: {"emails": each}, emails),
        st.builds(lambda each: {"domains": each}, domains),
        st.builds(lambda each: {"claims": each}, st.dictionaries(names, wanted, min_size=1, max_size=2)),
        st.sampled_from([{"scopes": "a"}, {"provider": "default"}]),
        *([st.sampled_from(FUNCTIONS)] if losing_may_help and functions else []),
    ]
    several = st.sampled_from(["any", "all"])
    return st.recursive(
        st.one_of(*single),
        lambda inner: st.one_of(
            st.builds(lambda each: {"not": each}, inner),
            st.builds(lambda kind, each: {kind: each}, several, st.lists(inner, min_size=2, max_size=3)),
        ),
        max_leaves=5,
    )


step_up = st.fixed_dictionaries({}, optional={"acr": few_or_one(st.sampled_from(["1", "2"])), "max_age": st.just(600)})
#: Whoever has none of these is not let in by having lost them.
LOSABLE = ["groups", "email", "c", "d", "o", "acr", "auth_time"]
odd_value: Made[Any] = st.sampled_from(["a", "b", "A", "", "1", "ab", "\xe4", None, 1, 0, 1.0, True, False, [], {}])
odd_list: Made[Any] = st.sampled_from([["a"], ["b", "a"], [1], ["b", 1], [None], [[]], ["1", 1], [{"x": "a"}]])
people = st.fixed_dictionaries(
    {"sub": st.just("ann")},
    optional={
        "groups": st.sampled_from(["a", "A", ["a"], ["b"], ["A", "b"], [], None, 1, True, ["a", "b"]]),
        "email": st.sampled_from(["a@x.test", "A@X.Test", "b@y.test", "a", "a@b@x.test", "@x.test", "", None, 1]),
        "email_verified": st.sampled_from([True, True, "true", False, "false", None, 1]),
        "c": odd_value | odd_list,
        "d": odd_value | odd_list,
        "o": st.sampled_from([{"x": "a"}, {"x": None}, {}, {"x": ["a", "b"]}, "x", None, ["x"]]),
        "acr": st.sampled_from(["1", "2", "3", 1, None, ["1"], ""]),
        "auth_time": st.sampled_from([1_900_000_000, 1_900_000_000.5, 1_899_999_400, 1_899_999_399, "1", True, None]),
    },
)

# Rules


def opens_all(rule: Rule, base_url: str) -> bool:
    """Return whether the rule stops start-up: who means everybody everywhere is to write `path = "/"`.

    With `base_url` its host is every host.
    """
    return rule["allow"] == "anyone" and not {"path", "exact", *([] if base_url else ["host"])} & set(rule)


def rules(of: Made[str], *, anyone: bool = True, **options: bool) -> Made[Rule]:
    condition = conditions(**options)
    words = ["anyone", "nobody"] if anyone else ["nobody"]
    answer = st.one_of(
        st.builds(lambda word: {"allow": word}, st.sampled_from(words)),
        st.builds(lambda allow: {"allow": allow}, condition),
        st.builds(lambda allow, how: {"allow": allow, **how}, st.just("signed-in") | condition, step_up),
    )
    made = st.builds(lambda where, what: where | what, places(of), answer)
    return made.filter(lambda rule: not opens_all(rule, ""))


def without_idle(policy: Policy) -> Policy:
    """Return the policy without those of its rules that would stop start-up, for they can never decide, or open all."""
    kept: list[Rule] = []
    for rule in policy.rules:
        tried = Policy([*kept, rule], policy.public_paths).all_rules
        if tried[-1]["name"] in deciding(tried, policy.base_url) and not opens_all(rule, policy.base_url):
            kept.append(rule)
    return replace(policy, rules=kept)


base_urls = st.sampled_from(["", "", "", "https://one.test"])


def policies(*, most: int = 5, verified: bool | None = None, **options: bool) -> Made[Policy]:
    return st.builds(
        Policy,
        st.lists(rules(few_patterns | odd_patterns, **options), max_size=most),
        st.lists(public_patterns, max_size=1),
        st.sampled_from([None, None, ["a@x.test"]]),
        st.sampled_from([None, None, ["y.test"]]),
        st.sampled_from([None, None, ["a", "b"]]),
        st.booleans() if verified is None else st.just(verified),
        base_url=base_urls,
    ).map(without_idle)


# Requests

plain_parts = st.sampled_from(["a", "b", "a", "b", "c", "%61", "%C3%A4", "*"])
any_parts = plain_parts | st.sampled_from(
    [
        *(
            "a%2Fb",
            "b%2Fa",
            "b%2f*",
            "",
            "..",
            ".",
            "A",
            "%41",
            "a%2Fb",
            "a%2f",
            "%2Fa",
            "a%20",
            "%20a",
            "a;b",
            "a%3bb",
            "b\\a",
            "%5c",
            "%00",
        ),
        *("%2e%2e", "%2561", "a%25", "%252f", "%EF%BD%81", "%EF%BC%A1", "%E2%84%AA", "%EF%BC%8F", "%ff", "%0a"),
        *("a%3Fb", "%23", "b%23a", "a..", "%3F"),
        *("%7f", "...", "another", "a.", ".a", "%C3%84", "a%C2%A0", "%E2%80%A8", "a%5c..%5cb"),
    ]
)
raw_paths = st.builds(
    lambda parts: "/" + "/".join(parts), st.lists(plain_parts, max_size=4) | st.lists(any_parts, max_size=4)
)


def askings(methods: list[str], paths: Made[str], hosts: list[str]) -> Made[list[Asking]]:
    """Return requests for a few paths, each in several ways."""
    overrides = st.sampled_from([False] * 5 + [True])
    return st.lists(paths, min_size=1, max_size=4).flatmap(
        lambda some: st.lists(
            st.builds(Asking, st.sampled_from(methods), st.sampled_from(some), st.sampled_from(hosts), overrides),
            min_size=1,
            max_size=12,
        )
    )


#: A slash, a backslash and a segment of two dots, in characters that look like them.
LOOK_ALIKES = ["%EF%BC%8F", "%EF%BC%BC", "/%E2%80%A4%E2%80%A4"]
METHODS = ["GET", "GET", "HEAD", "POST", "post", "PUT"]
SENT_HOSTS = [*HOSTS, "three.test", "ONE.test", "one.test.", "two.test:8443", "two.test.:443"]
many_askings = askings(METHODS, raw_paths, SENT_HOSTS)
persons = st.lists(st.none() | people, min_size=1, max_size=3)


REASONS = {"door", "rule", "claim_missing", "groups_overage", "email_unverified", "path_ambiguous", "nobody"}


servers = st.fixed_dictionaries(
    {
        "mount": st.sampled_from(["", "", "/m"]),
        "tells_raw": st.sampled_from([True, True, False]),
        "stores": st.sampled_from([False, False, True]),
    }
)


@given(policies(), persons, many_askings, servers, st.randoms(use_true_random=False))
def test_both_worlds_do_what_the_naive_interpreter_says(
    policy: Policy, known: list[Claims | None], asked: list[Asking], server: dict[str, Any], random: Random
) -> None:
    """Each is asked several times, in any order: an answer that is remembered is that of whoever it belongs to."""
    gates = [RuleGate(world, policy, **server) for world in WORLDS]
    cookies = [[gate.cookies(person) for person in known] for gate in gates]
    turns = [(who, asking) for who in range(len(known)) for asking in asked] * 3
    random.shuffle(turns)
    for who, asking in turns:
        told = asking if server["tells_raw"] else replace(asking, raw="")
        expected, name = judge(policy, known[who], told, gates[0].clock())
        is_odd = is_ambiguous(policy.all_rules, policy.as_seen(told))
        for gate, cookie in zip(gates, cookies, strict=True):
            about = gate.world, known[who], asking, name
            with Refusals() as refusals:
                assert (gate.outcome(cookie[who], asking), about) == (expected, about)
            if expected == "refused":
                reason, rule = refusals.latest()
                is_told = bool(policy.all_rules) and is_odd
                assert (rule, reason in REASONS, reason == "path_ambiguous", about) == (name, True, is_told, about)
        pause = random.choice([0, 0, 0, 100])
        for gate in gates:
            gate.clock.advance(pause)
    for who, asking in turns[: len(asked)]:
        handshake = replace(asking, method="GET")
        told = handshake if server["tells_raw"] else replace(handshake, raw="")
        expected, name = judge(policy, known[who], told, gates[1].clock())
        opened = gates[1].handshake(cookies[1][who], handshake)
        assert (opened, handshake, known[who], name) == (expected == "pass", handshake, known[who], name)


def toml(value: Any) -> str:
    """Return a value as it stands in a line of TOML."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(name)} = {toml(each)}" for name, each in value.items()) + "}"
    return f"[{', '.join(map(toml, value))}]" if isinstance(value, list | tuple) else json.dumps(value)


def tables(name: str, each: Sequence[Rule]) -> str:
    lines = [[f"[[{name}]]", *(f"{json.dumps(key)} = {toml(value)}" for key, value in table.items())] for table in each]
    return "\n".join(["", *(line for table in lines for line in table), ""])


@given(policies(functions=False), persons, many_askings)
@example(Policy([{"path": "/", "allow": "anyone"}]), [None], [Asking("GET", f"/a{hidden}/b") for hidden in LOOK_ALIKES])
def test_explain_says_what_the_naive_interpreter_says(
    policy: Policy, known: list[Claims | None], asked: list[Asking]
) -> None:
    """So it says what the gate does, and the name of the rule, also where a request passes."""
    cases, now = [], time.time()
    for who, person in enumerate(known):
        for asking in asked:
            expected, name = judge(policy, person, replace(asking, overrides_method=False), now)
            request = {"method": asking.method, "path": asking.raw, "host": asking.host}
            whose = {"as": f"{who}.json"} if person is not None else {}
            cases.append(request | whose | {"verdict": expected, "rule": name or ""})
    given = {"issuer_url": CLIENT["issuer_url"], "client_id": "app", **policy.settings}
    written = given.pop("rules", [])
    with TemporaryDirectory() as made, redirect_stdout(io.StringIO()) as said:
        folder = Path(made)
        for who, person in enumerate(known):
            (folder / f"{who}.json").write_text(json.dumps(person))
        lines = [f"{name} = {toml(value)}" for name, value in given.items()]
        (folder / "gate.toml").write_text("\n".join(lines) + tables("rules", written))
        (folder / "cases.toml").write_text(tables("cases", cases))
        status = cli.main(["explain", "--check", str(folder / "cases.toml"), "--config", str(folder / "gate.toml")])
    assert status == 0, said.getvalue()


@given(conditions(), st.booleans(), st.lists(people, min_size=1, max_size=8))
def test_a_condition_is_what_the_naive_interpreter_says(allow: Any, required: bool, known: list[Claims]) -> None:
    policy = Policy([{"path": "/a", "allow": allow}], require_email_verified=required)
    gates = [RuleGate(world, policy) for world in WORLDS]
    for person in known:
        expected, _ = judge(policy, person, Asking("GET", "/a"), 0)
        assert [(gate.outcome(gate.cookies(person), Asking("GET", "/a")), person) for gate in gates] == [
            (expected, person)
        ] * 2


@given(value | st.just({"missing": True}), st.lists(odd_value | odd_list, min_size=1, max_size=8))
def test_a_claim_is_what_the_naive_interpreter_says(wanted: Any, held: list[Any]) -> None:
    condition = {"claims": {"c": wanted}}
    policy = Policy([{"path": "/a", "allow": condition}, {"path": "/b", "allow": {"not": condition}}])
    gates = [RuleGate(world, policy) for world in WORLDS]
    for claim in held:
        for path in ("/a", "/b"):
            person = {"sub": "ann", "c": claim}
            expected, _ = judge(policy, person, Asking("GET", path), 0)
            outcomes = [gate.outcome(gate.cookies(person), Asking("GET", path)) for gate in gates]
            assert (outcomes, path, claim) == ([expected] * 2, path, claim)


CLOSE_PATTERNS = ["/a", "/a", "/a/*", "/*/b", "/*/a", "/a/*/b", "/*", "/A", "/\xe4", "/a/b"]
CLOSE_PARTS = ["a", "a", "b", "A", "a.", "b%3Fx", "a%23", "a%2Fb", "b%2FA", "a%2Fa", "%C3%A4", "x%2Fa", "x"]


def close_rule(random: Random) -> Rule:
    form, method = random.choice(["path", "exact"]), random.choice([{}, {}, {"method": "POST"}])
    allow = random.choice(["anyone", "signed-in", "nobody", {"groups": "a"}])
    return {form: random.choice(CLOSE_PATTERNS), "allow": allow, **method}


@pytest.mark.parametrize("world", WORLDS)
def test_paths_that_are_nearly_the_same_are_what_the_naive_interpreter_says(world: World) -> None:
    """Chosen by chance, the same each time: hypothesis begins with what is simple, and here hardly anything is."""
    random = Random(11)
    known: list[Claims | None] = [None, {"sub": "ann", "groups": "a"}, {"sub": "ben", "groups": "b"}]
    for _ in range(150):
        policy = without_idle(Policy([close_rule(random) for _ in range(random.randint(1, 3))]))
        tells_raw = random.random() < 0.8
        gate = RuleGate(world, policy, tells_raw=tells_raw)
        cookies = [gate.cookies(person) for person in known]
        for _ in range(25):
            raw = "/" + "/".join(random.choices(CLOSE_PARTS, k=random.randint(1, 3)))
            asking = Asking(random.choice(["GET", "GET", "POST", "post"]), raw)
            told = asking if tells_raw else replace(asking, raw="")
            for cookie, person in zip(cookies, known, strict=True):
                expected, name = judge(policy, person, told, 0)
                for _ in range(2):
                    about = asking, person, name
                    assert (gate.outcome(cookie, asking), about) == (expected, about)


NOW = 1_900_000_000
AUTH_TIMES = [NOW, NOW, NOW - 100, NOW - 500.5, NOW - 600, NOW - 600, str(NOW), True, None]


def step(random: Random) -> Rule:
    rule: dict[str, Any] = {"path": random.choice(["/a/b", "/a/b/c", "/a", "/b", "/*/b"]), "allow": "signed-in"}
    rule |= random.choice([{}, {"acr": "1"}, {"acr": ["1", "2"]}])
    return rule | random.choice([{}, {"max_age": 600}, {"max_age": 600}])


@pytest.mark.parametrize("world", WORLDS)
def test_a_sign_in_is_good_enough_for_as_long_as_the_naive_interpreter_says(world: World) -> None:
    random = Random(12)
    for _ in range(200):
        policy = without_idle(Policy([step(random) for _ in range(random.randint(1, 3))]))
        gate = RuleGate(world, policy, stores=random.random() < 0.3)
        claims = {"acr": random.choice(["1", "1", "2", "3", 1, ["1"]]), "auth_time": random.choice(AUTH_TIMES)}
        person = {"sub": "ann", **claims}
        cookies = gate.cookies(person)
        for _ in range(8):
            asking = Asking("GET", random.choice(["/a/b", "/a/b/c", "/b", "/a;b", "/c"]))
            expected, name = judge(policy, person, asking, gate.clock())
            for _ in range(3):
                about = asking, person, name
                assert (gate.outcome(cookies, asking), about) == (expected, about)
            gate.clock.advance(random.choice([0, 0, 100, 500, 1, 600]))


@given(
    policies(losing_may_help=False, verified=True), people, st.sets(st.sampled_from(LOSABLE), min_size=1), many_askings
)
def test_losing_a_claim_lets_nobody_in(policy: Policy, person: Claims, lost: set[str], asked: list[Asking]) -> None:
    poorer = {name: claim for name, claim in person.items() if name not in lost}
    for world in WORLDS:
        gate = RuleGate(world, policy)
        before, after = gate.cookies(person), gate.cookies(poorer)
        for asking in asked:
            if gate.outcome(after, asking) == "pass":
                assert gate.outcome(before, asking) == "pass", (world, asking)


@given(policies(most=3), rules(few_patterns | odd_patterns, anyone=False), persons, many_askings)
def test_another_rule_lets_nobody_in_who_was_not_before(
    policy: Policy, added: Rule, known: list[Claims | None], asked: list[Asking]
) -> None:
    longer = without_idle(replace(policy, rules=[*policy.rules, added]))
    assume(len(longer.rules) > len(policy.rules))
    for world in WORLDS:
        before, after = RuleGate(world, policy), RuleGate(world, longer)
        for person in known:
            cookies = [gate.cookies(person) for gate in (before, after)]
            for asking in asked:
                if after.outcome(cookies[1], asking) == "pass":
                    assert before.outcome(cookies[0], asking) == "pass", (world, person, asking)


@given(policies(), people, many_askings)
def test_who_is_on_no_list_gets_no_further_than_a_stranger(policy: Policy, person: Claims, asked: list[Asking]) -> None:
    assume(not passes_lists(policy, person))
    for world in WORLDS:
        gate = RuleGate(world, policy)
        cookies = gate.cookies(person)
        for asking in asked:
            if gate.outcome(cookies, asking) == "pass":
                assert gate.outcome("", asking) == "pass", (world, asking)


wild_parts = st.one_of(
    any_parts,
    st.builds(lambda data: "".join(f"%{byte:02x}" for byte in data), st.binary(max_size=4)),
    st.text(st.sampled_from("aAb*.%;:@\\~+&=,'\"<>|^ {}[]$!()-_025eEfFcC"), max_size=8),
)
wild_askings = askings(
    ["GET", "HEAD", "POST", "get", "PROPFIND", "DELETE"],
    st.builds(lambda parts: "/" + "/".join(parts), st.lists(wild_parts, max_size=5)),
    [*HOSTS, "three.test", "[::1]", "[::1]:8443", "ONE.TEST.:1"],
)


@given(policies(), persons, wild_askings, st.sampled_from(["", "/m", "/a"]))
def test_both_worlds_do_the_same(policy: Policy, known: list[Claims | None], asked: list[Asking], mount: str) -> None:
    one, other = (RuleGate(world, policy, mount=mount) for world in WORLDS)
    for person in known:
        cookies = one.cookies(person), other.cookies(person)
        for asking in asked:
            outcomes = one.outcome(cookies[0], asking), other.outcome(cookies[1], asking)
            assert (outcomes[0], asking) == (outcomes[1], asking)
            assert one.app.reached == other.app.reached


@given(policies(), persons, many_askings | wild_askings)
def test_whatever_an_app_makes_of_a_path_who_reaches_it_may(
    policy: Policy, known: list[Claims | None], asked: list[Asking]
) -> None:
    """A stranger, above all, reaches it where an `anyone` rule or a public path decides, and nowhere else."""
    for world in WORLDS:
        gate = RuleGate(world, policy)
        for person in known:
            cookies = gate.cookies(person)
            for asking in asked:
                if gate.outcome(cookies, asking) == "pass":
                    found = next(forbidden_readings(policy, person, asking, gate.clock()), None)
                    assert found is None, (world, asking, person, found)


# Rules that can never decide


@given(st.lists(rules(few_patterns), min_size=1, max_size=5), st.lists(public_patterns, max_size=1), base_urls)
@example(
    [{"exact": "/a", "allow": "nobody"}, {"path": "/a/*", "allow": "nobody"}, {"path": "/a", "allow": "nobody"}], [], ""
)
@example([{"path": "/a/*", "allow": "nobody"}, {"exact": "/a/", "allow": "nobody"}], ["/a/b"], "")
@example([{"path": "/*", "allow": "nobody"}, {"exact": "/", "allow": "nobody"}, {"allow": "nobody"}], [], "")
@example(
    [{"path": "/a", "host": "one.test", "allow": "nobody"}, {"path": "/a", "allow": "signed-in"}],
    [],
    "https://one.test",
)
def test_start_up_stops_at_a_rule_that_can_never_decide_and_at_no_other(
    made: list[Rule], public: list[str], base_url: str
) -> None:
    policy = Policy([rule for rule in made if not opens_all(rule, base_url)], public, base_url=base_url)
    decide = deciding(policy.all_rules, base_url)
    idle = [rule["name"] for rule in policy.all_rules if rule["name"] not in decide and rule["name"] != PUBLIC]
    error = complaint(policy)
    assert (error is not None) is bool(idle), (idle, error)
    assert error is None or any(name in error for name in idle), (idle, error)


def complaint(policy: Policy) -> str | None:
    try:
        RuleGate("wsgi", policy)
    except SettingsError as error:
        return str(error)
    return None
