"""Who may pass: the allow lists over verified claims, and the paths that need no login. Everything fails closed."""

from __future__ import annotations

from typing import Any

import pytest

from oidc_gate.access.allow_lists import AllowLists
from oidc_gate.access.path_list import PathList

Claims = dict[str, Any]


def rules(
    *,
    emails: tuple[str, ...] | None = None,
    domains: tuple[str, ...] | None = None,
    groups: tuple[str, ...] | None = None,
    groups_claim: str = "groups",
) -> AllowLists:
    return AllowLists(emails=emails, domains=domains, groups=groups, groups_claim=groups_claim)


ANN = rules(emails=("ann@example.com",))
EXAMPLE = rules(domains=("example.com",))
STAFF = rules(groups=("staff",))
ANY_RULE = [pytest.param(ANN, id="emails"), pytest.param(EXAMPLE, id="domains"), pytest.param(STAFF, id="groups")]


# E-mail addresses and their domains


@pytest.mark.parametrize(
    ("email", "by_address", "by_domain"),
    [
        pytest.param("ann@example.com", True, True, id="as listed"),
        pytest.param("Ann@Example.COM", True, True, id="in another case"),
        pytest.param("bob@example.com", False, True, id="someone else of the domain"),
        pytest.param("ann@sub.example.com", False, False, id="a sub-domain is another domain"),
        pytest.param("ann@badexample.com", False, False, id="a domain that ends alike"),
        pytest.param("ann@example.com.evil.example", False, False, id="a domain that starts alike"),
        pytest.param("ann@example.co", False, False, id="a piece of the domain"),
        pytest.param("ann@evil.example@example.com", False, False, id="two @"),
        pytest.param("ann@example.com@evil.example", False, False, id="two @, the other way round"),
        pytest.param("@example.com", False, False, id="nobody at the domain"),
        pytest.param("ann@", False, False, id="no domain"),
        pytest.param("example.com", False, False, id="no @"),
        pytest.param("ann@example.com ", False, False, id="a blank after it"),
        pytest.param("ann@example.com\n", False, False, id="a line break after it"),
        pytest.param("ann@example.com\x00", False, False, id="a NUL after it"),
        pytest.param("ann@example.com.", False, False, id="a dot after it"),
        pytest.param("ann@EXAMPLE\u3002com", False, False, id="a dot of another script"),
        pytest.param("ann@example.c\u043em", False, False, id="a Cyrillic letter"),
        pytest.param("\u1e9eann@example.com", False, True, id="a letter that folding would make two"),
        pytest.param("", False, False, id="empty"),
        pytest.param(None, False, False, id="null"),
        pytest.param(["ann@example.com"], False, False, id="a list"),
        pytest.param({"value": "ann@example.com"}, False, False, id="an object"),
        pytest.param(7, False, False, id="a number"),
        pytest.param(True, False, False, id="a truth value"),
    ],
)
def test_an_address_passes_by_itself_or_by_its_domain(email: Any, by_address: bool, by_domain: bool) -> None:
    assert ANN.allow({"sub": "1", "email": email}) is by_address
    assert EXAMPLE.allow({"sub": "1", "email": email}) is by_domain


@pytest.mark.parametrize(
    ("listed", "email"),
    [
        pytest.param("strasse.example", "ann@stra\u00dfe.example", id="sharp s is not ss"),
        pytest.param("office.example", "ann@o\ufb03ce.example", id="a ligature is not its letters"),
        pytest.param("sample.example", "ann@\u017fample.example", id="long s is not s"),
    ],
)
def test_domains_that_only_case_folding_makes_equal_stay_two(listed: str, email: str) -> None:
    assert rules(domains=(listed,)).allow({"sub": "1", "email": email}) is False


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        pytest.param({}, True, id="the provider does not say"),
        pytest.param({"email_verified": True}, True, id="true"),
        pytest.param({"email_verified": "true"}, True, id="the text true, as JumpCloud sends it"),
        pytest.param({"email_verified": False}, False, id="false"),
        pytest.param({"email_verified": "false"}, False, id="the text false"),
        pytest.param({"email_verified": "True"}, False, id="the text True"),
        pytest.param({"email_verified": "yes"}, False, id="another text"),
        pytest.param({"email_verified": 1}, False, id="one"),
        pytest.param({"email_verified": 0}, False, id="zero"),
        pytest.param({"email_verified": None}, False, id="null"),
        pytest.param({"email_verified": ""}, False, id="empty text"),
        pytest.param({"email_verified": [True]}, False, id="a list"),
    ],
)
@pytest.mark.parametrize("judge", ANY_RULE[:2])
def test_an_address_counts_only_when_it_is_not_said_to_be_unverified(
    judge: AllowLists, claims: Claims, expected: bool
) -> None:
    assert judge.allow({"sub": "1", "email": "ann@example.com"} | claims) is expected


def test_a_group_counts_whatever_is_said_of_the_address() -> None:
    assert STAFF.allow({"sub": "1", "groups": ["staff"], "email": "x", "email_verified": False}) is True


# Groups


@pytest.mark.parametrize(
    ("claims", "found"),
    [
        pytest.param({"groups": ["staff", "admins"]}, ("staff", "admins"), id="a list"),
        pytest.param({"groups": "staff"}, ("staff",), id="one text"),
        pytest.param({"groups": "staff,admins"}, ("staff,admins",), id="one text with a comma is one group"),
        pytest.param({"groups": "staff admins"}, ("staff admins",), id="one text with a blank is one group"),
        pytest.param({"groups": []}, (), id="an empty list"),
        pytest.param({"groups": ""}, (), id="empty text"),
        pytest.param({}, (), id="missing"),
        pytest.param({"groups": None}, (), id="null"),
        pytest.param({"groups": {"staff": {"1": "x"}, "y": None, "z": False}}, ("staff",), id="an object"),
        pytest.param({"groups": [{"name": "staff", "id": 1}]}, ("staff",), id="objects in a list"),
        pytest.param({"groups": [["staff"]]}, (), id="a list in a list"),
        pytest.param({"groups": ["staff", 7, None, "", True, "x"]}, ("staff", "x"), id="other things in the list"),
        pytest.param({"groups": 7}, (), id="a number"),
        pytest.param({"groups": True}, (), id="a truth value"),
        pytest.param({"roles": ["staff"]}, (), id="another claim"),
        pytest.param({"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {}}}, (), id="too many to send"),
    ],
)
def test_groups_are_read_from_the_claim(claims: Claims, found: tuple[str, ...]) -> None:
    assert STAFF.groups(claims) == found
    assert STAFF.allow({"sub": "1"} | claims) is ("staff" in found)


@pytest.mark.parametrize(
    ("name", "claims", "found"),
    [
        pytest.param("realm_access.roles", {"realm_access": {"roles": ["staff"]}}, ("staff",), id="in an object"),
        pytest.param("a.b.c", {"a": {"b": {"c": "staff"}}}, ("staff",), id="two deep"),
        pytest.param("https://x.example/groups", {"https://x.example/groups": ["staff"]}, ("staff",), id="an address"),
        pytest.param("a.b", {"a.b": ["staff"], "a": {"b": ["other"]}}, ("staff",), id="the whole name comes first"),
        pytest.param("a.b", {"a.b": None, "a": {"b": ["staff"]}}, ("staff",), id="null counts as missing"),
        pytest.param("a.b", {"a": ["b"]}, (), id="a list on the way"),
        pytest.param("a.b", {"a": "b"}, (), id="text on the way"),
        pytest.param("a.b", {"a": {"c": 1}}, (), id="missing at the end"),
        pytest.param("a.b", {}, (), id="missing"),
    ],
)
def test_the_claim_of_the_groups_may_stand_in_an_object(name: str, claims: Claims, found: tuple[str, ...]) -> None:
    assert rules(groups=("staff",), groups_claim=name).groups(claims) == found


@pytest.mark.parametrize("group", ["Staff", "STAFF", " staff", "staff ", "staff2", "sta", "st\u0430ff", "staff\x00"])
def test_a_group_is_matched_exactly(group: str) -> None:
    assert STAFF.allow({"sub": "1", "groups": [group]}) is False


# Together


def test_without_any_list_every_user_of_the_provider_may_pass() -> None:
    assert rules().allow({"sub": "1"}) is True
    assert rules().allow({"sub": "1", "email": "ann@example.com", "email_verified": False}) is True


@pytest.mark.parametrize("judge", ANY_RULE)
@pytest.mark.parametrize(
    "claims", [{"sub": "1"}, {"sub": "1", "email": "eve@evil.example", "groups": ["guests"], "email_verified": True}]
)
def test_each_rule_alone_keeps_an_outsider_out(judge: AllowLists, claims: Claims) -> None:
    assert judge.allow(claims) is False


@pytest.mark.parametrize("name", ["emails", "domains", "groups"])
def test_an_empty_list_would_let_nobody_in(name: str) -> None:
    lists: dict[str, Any] = {"emails": None, "domains": None, "groups": None, name: ()}
    empty = AllowLists(**lists, groups_claim="groups")
    assert empty.allow({"sub": "1", "email": "@", "groups": [""]}) is False


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "ann@example.com"},
        {"email": "bob@other.example"},
        {"groups": ["staff"]},
        {"email": "eve@evil.example", "groups": ["guests", "staff"]},
    ],
    ids=repr,
)
def test_one_match_in_any_list_is_enough(claims: Claims) -> None:
    judge = rules(emails=("ann@example.com",), domains=("other.example",), groups=("staff",))
    assert judge.allow({"sub": "1"} | claims) is True


@pytest.mark.parametrize(
    ("judge", "claims", "expected"),
    [
        pytest.param(ANN, {}, True, id="an address is wanted"),
        pytest.param(EXAMPLE, {}, True, id="an address is wanted for its domain"),
        pytest.param(ANN, {"email": "x"}, False, id="any address is one"),
        pytest.param(STAFF, {}, True, id="groups are wanted"),
        pytest.param(STAFF, {"groups": []}, False, id="no groups are an answer"),
        pytest.param(STAFF, {"groups": None}, True, id="null is none"),
        pytest.param(rules(groups=("a",), emails=("a@b",)), {"groups": []}, True, id="the address is still missing"),
        pytest.param(rules(), {}, False, id="no rule, nothing wanted"),
    ],
)
def test_it_is_known_which_claims_the_lists_cannot_do_without(
    judge: AllowLists, claims: Claims, expected: bool
) -> None:
    assert judge.lack(claims) is expected


# Public paths

PUBLIC = PathList(("/static", "/open/data/", "/robots.txt", "/ünï"))


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/static",
            "/static/",
            "/static/app.css",
            "/static/a/b/c.js",
            "/static/.well-known",
            "/static/...",
            "/static/a..b",
        ),
        *("/static/..a", "/static/a..", "/static/%41", "/static/a b", "/static/ü", "/static/a?b", "/static/a#b"),
        *("/open/data", "/open/data/", "/open/data/x", "/robots.txt", "/robots.txt/", "/ünï/x"),
    ],
)
def test_a_public_path_covers_itself_and_all_below_it(path: str) -> None:
    assert PUBLIC.cover(path, "") is True


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "static", "static/x", "/Static", "/STATIC/x", "/static2", "/static.css", "/staticfiles/x", "/stati"),
        *("/open", "/open/", "/open/Data", "/open/database", "/robots.txt2", "/robots", "/x/static", "/x/static/y"),
        *("/static;x=1/y", "/static /x", "/static\t", "/ stat", "//static", "///static/x"),
    ],
)
def test_any_other_path_is_protected(path: str) -> None:
    assert PUBLIC.cover(path, "") is False


#: Shapes that some server, proxy or router reads as a path outside of /static.
AMBIGUOUS = [
    *("/static/..", "/static/../", "/static/../admin", "/static/x/../../admin", "/static/./x", "/static/x/."),
    *("/static//x", "/static//", "/static/x//../y", "/static//../admin"),
    *("/static/.. /admin", "/static/.. ", "/static/x /y", "/static/x ", "/static/x\u2003/y"),
    *("/static/a;v=1", "/static/a;/b"),
    *("/static/..;/admin", "/static/..;a=b/admin", "/static/.;/x", "/static/x/..;/..;/admin"),
    *("/static/..\\admin", "/static\\..\\admin", "/static/\\admin", "/static/x\\"),
    *("/static/x\x00", "/static/\x00/../x", "/static/x\r\ny", "/static/\t", "/static/\x1f", "/static/\x7f"),
    *("/static/\ufffd", "/static/\ufffd\ufffd/x"),
    *("/static/%2e%2e/admin", "/static/%2E%2E%2Fadmin", "/static/..%2fadmin", "/static/%2fadmin", "/static/%5cadmin"),
    *("/static/%5C..%5cadmin", "/static/%00", "/static/x%0a", "/static/%0D%0Ax", "/static/%1f", "/static/%252e%252e/x"),
    *("/static/%25%32%65/x", "/static/%2e"),
]  # fmt: skip


@pytest.mark.parametrize("path", AMBIGUOUS, ids=ascii)
def test_a_path_that_could_be_read_in_two_ways_is_protected(path: str) -> None:
    assert PUBLIC.cover(path, "") is False


@pytest.mark.parametrize(
    "raw",
    [
        *(
            "/static/..%2fadmin",
            "/static%2fx",
            "/%2fstatic/x",
            "/static/%2Fx",
            "/static/%5cx",
            "/static/%5Cx",
            "/static/%2e",
        ),
        *("/static/%2E%2e/x", "/static/%252e", "/static/%25", "/static/%00", "http://app.test/static/%2e%2e/x"),
    ],
)
def test_an_encoded_separator_is_seen_in_the_target_as_it_was_sent(raw: str) -> None:
    assert PUBLIC.cover("/static/x", raw) is False


@pytest.mark.parametrize("raw", ["", "/static/x", "/mount/static/x", "/static/%78", "/static/x%20y", "/static/%C3%BC"])
def test_other_escapes_in_the_target_are_what_they_are(raw: str) -> None:
    assert PUBLIC.cover("/static/x", raw) is True


@pytest.mark.parametrize("path", ["/static/x", "/static"])
def test_a_public_path_may_be_written_with_or_without_its_last_slash(path: str) -> None:
    assert PathList(("/static/",)).cover(path, "") is PathList(("/static",)).cover(path, "") is True
