"""The naive interpreter says what the documentation says: its own examples, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.naive_rules import Asking, Policy, Rule, claim_fits, deciding, is_ambiguous, judge

pytestmark = pytest.mark.uncounted

NOW = 1_900_000_000.0
ANN = {"sub": "ann", "email": "Ann@Example.com", "groups": ["Staff", "Finance"], "department": "Finance"}
FINANCE: Rule = {"name": "finance", "path": "/reports/finance", "allow": {"groups": "Finance"}}


def said(policy: Policy, person: dict[str, Any] | None, method: str, raw: str, host: str = "app.test") -> Any:
    return judge(policy, person, Asking(method, raw, host), NOW)


@pytest.mark.parametrize(
    ("place", "met", "not_met"),
    [
        ({"path": "/a"}, ["/a", "/a/", "/a/b", "/a/b/"], ["/", "/ab", "/b/a"]),
        ({"path": "/a/"}, ["/a", "/a/", "/a/b"], ["/", "/ab"]),
        ({"path": "/"}, ["", "/", "/a", "/a/"], []),
        ({"path": "/a/*/c"}, ["/a/b/c", "/a/b/c/d", "/a/*/c/"], ["/a/c", "/a/b/b/c", "/a/b"]),
        ({"path": "/a/*"}, ["/a/b", "/a/b/c"], ["/a", "/a/"]),
        ({"path": ["/a", "/b"]}, ["/a/x", "/b"], ["/c"]),
        ({"exact": "/a"}, ["/a"], ["/a/", "/a/b", "/"]),
        ({"exact": "/a/"}, ["/a/"], ["/a", "/a/b"]),
        ({"exact": "/"}, ["", "/"], ["/a"]),
        ({"exact": "/*"}, ["/a", "/b"], ["/", "/a/", "/a/b"]),
        ({"exact": ["/", "/about"]}, ["/", "/about"], ["/about/"]),
    ],
)
def test_a_pattern_meets(place: dict[str, Any], met: list[str], not_met: list[str]) -> None:
    policy = Policy([{**place, "allow": "nobody"}])
    assert [said(policy, ANN, "GET", path) for path in met] == [("refused", "rule 1")] * len(met)
    assert [said(policy, ANN, "GET", path) for path in not_met] == [("pass", None)] * len(not_met)


@pytest.mark.parametrize(
    ("rule", "met", "not_met"),
    [
        ({"method": "GET"}, ["GET", "HEAD", "get", "head"], ["POST", "X"]),
        ({"method": "HEAD"}, ["HEAD"], ["GET"]),
        ({"method": ["POST", "PUT"]}, ["POST", "put"], ["GET", "PATCH"]),
        ({}, ["GET", "X", "post"], []),
    ],
)
def test_a_method_fits(rule: dict[str, Any], met: list[str], not_met: list[str]) -> None:
    policy = Policy([{**rule, "allow": "nobody"}])
    assert {said(policy, ANN, method, "/")[0] for method in met} == {"refused"}
    assert {said(policy, ANN, method, "/")[0] for method in not_met} <= {"pass"}


def test_a_host_fits_without_port_case_and_final_dot() -> None:
    policy = Policy([{"host": ["one.test", "two.test"], "allow": "nobody"}])
    for host in ("one.test", "ONE.test:8443", "two.test.", "two.test.:80"):
        assert said(policy, ANN, "GET", "/", host) == ("refused", "rule 1")
    for host in ("three.test", "one.test.evil.test", "xone.test"):
        assert said(policy, ANN, "GET", "/", host) == ("pass", None)


def test_with_a_base_url_its_host_is_that_of_every_request() -> None:
    policy = Policy([{"host": "one.test", "allow": "nobody"}], base_url="https://one.test")
    assert said(policy, ANN, "GET", "/", "three.test") == ("refused", "rule 1")
    rules = Policy([*policy.rules, {"host": "two.test", "allow": "nobody"}, {"allow": "nobody"}]).all_rules
    assert deciding(rules, policy.base_url) == {"rule 1"}
    assert deciding(rules) == {"rule 1", "rule 2", "rule 3"}


def test_the_first_rule_decides_and_a_no_never_falls_through() -> None:
    first: Rule = {"path": "/a", "method": "POST", "allow": "nobody"}
    policy = Policy([first, {"path": "/a/b", "allow": "anyone"}, FINANCE, {"allow": "signed-in"}])
    assert said(policy, ANN, "POST", "/a/b") == ("refused", "rule 1")
    assert said(policy, ANN, "GET", "/a/b") == ("pass", "rule 2")
    assert said(policy, ANN, "GET", "/a") == ("pass", "rule 4")
    assert said(policy, ANN | {"groups": []}, "GET", "/reports/finance/q3") == ("refused", "finance")
    assert said(policy, None, "GET", "/reports/finance/q3") == ("login", "finance")
    assert said(policy, None, "POST", "/a") == ("refused", "rule 1")


def test_the_lists_hold_besides_but_for_anyone() -> None:
    rules: list[Rule] = [{"path": "/pub", "allow": "anyone"}, {"path": "/in", "allow": "signed-in"}]
    policy = Policy(rules, ["/static"], allow_domains=["example.org"], allow_groups=["Ops"])
    assert said(policy, ANN, "GET", "/pub") == ("pass", "rule 1")
    assert said(policy, ANN, "GET", "/static/x") == ("pass", "public_paths")
    assert said(policy, ANN, "GET", "/in") == ("refused", "rule 2")
    assert said(policy, ANN, "GET", "/other") == ("refused", None)
    assert said(policy, ANN | {"groups": "Ops"}, "GET", "/in") == ("pass", "rule 2")
    assert said(policy, ANN | {"email": "a@example.ORG"}, "GET", "/other") == ("pass", None)
    assert said(policy, None, "GET", "/other") == ("login", None)


@pytest.mark.parametrize(
    ("wanted", "yes", "no", "unknown"),
    [
        ("a", ["a", ["a"], ["b", "a"], [1, "a"]], ["b", "", [], ["b"], "A"], [None, 1, True, {}, [1], ["b", 1]]),
        ("a*c", ["ac", "abc", "a\nc"], ["abcd", "xac"], [0]),
        (["a", "b"], ["a", "b"], ["c"], [None]),
        (1, [1, [1], ["1", 1]], [0, 2, [], [2]], ["1", 1.0, True, None, ["1"], [2, "1"]]),
        (1.0, [1.0], [2.0], [1, True]),
        (True, [True], [False], [1, "true", None]),
        ([1, "1"], [1, "1", [True, 1]], [2, "2", [2, "2"]], [True, None]),
        ({"missing": True}, [None], ["", [], 0, False, {}], []),
    ],
)
def test_a_claim_fits(wanted: Any, yes: list[Any], no: list[Any], unknown: list[Any]) -> None:
    assert [claim_fits(wanted, value) for value in yes] == [True] * len(yes)
    assert [claim_fits(wanted, value) for value in no] == [False] * len(no)
    assert [claim_fits(wanted, value) for value in unknown] == [None] * len(unknown)


YES, NO, UNKNOWN = {"groups": "Staff"}, {"groups": "Ops"}, {"claims": {"missing": 1}}


@pytest.mark.parametrize(
    ("allow", "passes"),
    [
        ("signed-in", True),
        ({"emails": "ann@EXAMPLE.com"}, True),
        ({"emails": ["a*@example.com"]}, True),
        ({"emails": "ben@example.com"}, False),
        ({"not": {"emails": "ben@example.com"}}, True),
        ({"domains": ["example.org", "*ample.com"]}, True),
        ({"domains": "ample.com"}, False),
        (YES, True),
        ({"groups": "staff"}, False),
        ({"groups": "Fin*"}, True),
        ({"scopes": "openid"}, False),
        ({"not": {"scopes": "openid"}}, False),
        ({"provider": "default"}, True),
        ({"not": {"provider": "other"}}, True),
        ({"claims": {"department": ["Finance", "Board"]}}, True),
        ({"claims": {"department": "Finance", "x.y": "z"}}, False),
        ({"claims": {"x.y": {"missing": True}, "department": "F*"}}, True),
        ({"not": {"claims": {"department": {"missing": True}}}}, True),
        ({"any": [UNKNOWN, YES]}, True),
        ({"any": [UNKNOWN, NO]}, False),
        ({"not": {"any": [UNKNOWN, NO]}}, False),
        ({"not": {"any": [NO, NO]}}, True),
        ({"all": [YES, UNKNOWN]}, False),
        ({"not": {"all": [YES, UNKNOWN]}}, False),
        ({"not": {"all": [NO, UNKNOWN]}}, True),
        ({"all": [YES, {"not": NO}]}, True),
        ({"not": UNKNOWN}, False),
        ({"not": {"not": UNKNOWN}}, False),
        (lambda person: person.subject == "ann" and "Staff" in person.groups, True),
        (lambda _person: 1, False),
        (lambda _person: 1 / 0, False),
        ({"not": lambda _person: None}, False),
        ({"not": lambda _person: False}, True),
    ],
)
def test_a_condition_holds(allow: Any, passes: bool) -> None:
    assert said(Policy([{"allow": allow}]), ANN, "GET", "/") == ("pass" if passes else "refused", "rule 1")


@pytest.mark.parametrize(
    ("changes", "required", "passes"),
    [
        ({}, False, True),
        ({}, True, False),
        ({"email_verified": True}, True, True),
        ({"email_verified": "true"}, True, True),
        ({"email_verified": False}, False, False),
        ({"email_verified": None}, False, False),
        ({"email": "ben@example.com"}, False, False),
        ({"email": "example.com"}, False, False),
        ({"email": "a@b@example.com"}, False, False),
        ({"email": ["ann@example.com"]}, False, False),
    ],
)
def test_an_address_is_gone_by(changes: dict[str, Any], required: bool, passes: bool) -> None:
    policy = Policy([{"allow": {"emails": "ann@example.com"}}], require_email_verified=required)
    assert said(policy, ANN | changes, "GET", "/")[0] == ("pass" if passes else "refused")
    turned = Policy([{"allow": {"not": {"emails": "ben@example.com"}}}], require_email_verified=required)
    assert said(turned, ANN | changes, "GET", "/")[0] == ("pass" if passes else "refused")


@pytest.mark.parametrize(
    ("claims", "outcome"),
    [
        ({}, "step_up"),
        ({"acr": "phr"}, "step_up"),
        ({"acr": "phr", "auth_time": NOW - 600}, "pass"),
        ({"acr": "phr", "auth_time": int(NOW) - 601}, "step_up"),
        ({"acr": "phr", "auth_time": str(NOW)}, "step_up"),
        ({"acr": "phr", "auth_time": True}, "step_up"),
        ({"acr": ["phr"], "auth_time": NOW}, "step_up"),
        ({"acr": "other", "auth_time": NOW}, "step_up"),
        ({"acr": "phr", "auth_time": NOW, "groups": []}, "refused"),
    ],
)
def test_a_sign_in_is_strong_and_recent_enough(claims: dict[str, Any], outcome: str) -> None:
    policy = Policy([{"allow": {"groups": "Staff"}, "acr": ["phr", "phrh"], "max_age": 600}])
    assert said(policy, ANN | claims, "GET", "/") == (outcome, "rule 1")
    assert said(policy, None, "GET", "/") == ("login", "rule 1")


ADMIN: list[Rule] = [{"path": "/pub", "allow": "anyone"}, {"path": "/admin", "allow": {"groups": "Ops"}}]


@pytest.mark.parametrize(
    "raw",
    [
        *("/pub/../admin", "/pub/%2e%2e/admin", "/pub/.", "/pub//x", "//pub", "/pub/x\\y", "/pub/%5c", "/pub;x"),
        *("/pub/%3b", "/pub%20", "/pub/x%20/y", "/pub/%00", "/pub/%0a", "/pub/%252e", "/pub/%2541", "/pub/%ff"),
        *("/pub/%7f", "pub", "*", "/Admin", "/ADMIN/x", "/PUB", "/%EF%BC%A1dmin", "/adm%C4%B1n%2fx%2F%2f"),
        *("/%EF%BD%81dmin", "/pub/%2f", "/pub%2Fx", "/pub/x%2Fy", "/x%2F..%2Fadmin", "/admin%2Fx"),
    ],
)  # fmt: skip
def test_a_path_is_ambiguous_and_passes_only_who_passes_all(raw: str) -> None:
    policy = Policy(ADMIN, allow_domains=["example.com"])
    assert is_ambiguous(policy.all_rules, Asking("GET", raw))
    assert said(policy, None, "GET", raw) == ("login", None)
    assert said(policy, ANN, "GET", raw) == ("refused", None)
    assert said(policy, ANN | {"groups": "Ops"}, "GET", raw) == ("pass", None)
    assert said(policy, {"sub": "ops", "groups": ["Ops"]}, "GET", raw) == ("refused", None)
    closed = Policy([*ADMIN, {"path": "/m", "allow": "nobody"}])
    assert said(closed, ANN | {"groups": "Ops"}, "GET", raw) == ("refused", None)


@pytest.mark.parametrize(
    ("raw", "verdict"),
    [
        ("/pub/x", ("pass", "rule 1")),
        ("/pub", ("pass", "rule 1")),
        ("/pub/%61", ("pass", "rule 1")),
        ("/pub/%C3%A4", ("pass", "rule 1")),
        ("/pub/...", ("pass", "rule 1")),
        ("/pub/%20x", ("pass", "rule 1")),
        ("/admin/x%2Fy", ("refused", "rule 2")),
        ("/other/x%2Fy", ("pass", None)),
        ("/public", ("pass", None)),
    ],
)
def test_a_path_is_not_ambiguous(raw: str, verdict: Any) -> None:
    assert said(Policy(ADMIN), ANN, "GET", raw) == verdict


def test_an_encoded_slash_alone_is_judged_by_the_rules_that_both_readings_meet() -> None:
    opened: Rule = {"path": "/x", "method": "POST", "allow": "anyone"}
    rules: list[Rule] = [opened, {"path": "/x", "allow": {"groups": "Ops"}}]
    assert said(Policy(rules), ANN, "GET", "/x/a%2Fb") == ("refused", "rule 2")
    assert said(Policy(rules), ANN | {"groups": "Ops"}, "POST", "/x/a%2Fb") == ("pass", None)
    deeper = Policy([*rules, {"exact": "/x/*", "host": "elsewhere.test", "allow": "nobody"}])
    assert said(deeper, ANN | {"groups": "Ops"}, "GET", "/x/a%2Fb") == ("refused", None)


def test_a_header_that_names_another_method_is_ambiguous_where_rules_have_methods() -> None:
    rules: list[Rule] = [{"path": "/x", "method": "GET", "allow": "anyone"}, {"path": "/y", "allow": "anyone"}]
    for path in ("/x", "/y"):
        assert judge(Policy(rules), None, Asking("GET", path, overrides_method=True), NOW) == ("login", None)
    assert judge(Policy(rules[1:]), None, Asking("GET", "/y", overrides_method=True), NOW) == ("pass", "rule 1")


def test_an_unclear_mount_is_ambiguous() -> None:
    assert judge(Policy(ADMIN), None, Asking("GET", "/pub", unclear_mount=True), NOW) == ("login", None)


@pytest.mark.parametrize(
    ("earlier", "later", "decides"),
    [
        ([{"path": "/a"}], {"path": "/a/b"}, False),
        ([{"path": "/a/b"}], {"path": "/a"}, True),
        ([{"path": "/a"}], {"exact": "/a/"}, False),
        ([{"exact": "/a"}], {"path": "/a"}, True),
        ([{"exact": "/a"}, {"exact": "/a/"}, {"path": "/a/*"}], {"path": "/a"}, False),
        ([{"exact": "/a"}, {"path": "/a/*"}], {"path": "/a"}, True),
        ([{"path": "/*"}], {"path": "/a"}, False),
        ([{"path": "/*"}, {"exact": "/"}], {}, False),
        ([{"path": "/*"}], {"path": "/"}, True),
        ([{"exact": "/*"}], {"exact": "/a"}, False),
        ([{"exact": "/*"}], {"exact": "/a/"}, True),
        ([{"path": "/a", "method": "GET"}], {"path": "/a", "method": "HEAD"}, False),
        ([{"path": "/a", "method": "HEAD"}], {"path": "/a", "method": "GET"}, True),
        ([{"method": "POST"}, {"method": "GET"}], {"path": "/a", "method": ["POST", "HEAD"]}, False),
        ([{"method": "POST"}, {"method": "GET"}], {"path": "/a"}, True),
        ([{"host": "one.test"}], {"path": "/a", "host": "one.test"}, False),
        ([{"host": "one.test"}, {"host": "two.test"}], {"host": ["one.test", "two.test"]}, False),
        ([{"host": "one.test"}, {"host": "two.test"}], {}, True),
        ([{"path": "/a", "method": "GET"}, {"path": "/a", "host": "one.test"}],
         {"exact": "/a", "method": ["GET", "POST"], "host": "one.test"}, False),
        ([{"path": "/a", "method": "GET"}, {"path": "/a", "host": "one.test"}],
         {"exact": "/a", "method": ["GET", "POST"], "host": ["one.test", "two.test"]}, True),
    ],
)  # fmt: skip
def test_a_rule_decides_something(earlier: list[dict[str, Any]], later: dict[str, Any], decides: bool) -> None:
    rules = Policy([{**rule, "allow": "nobody"} for rule in [*earlier, later]]).all_rules
    assert (rules[-1]["name"] in deciding(rules)) is decides
