"""What may be written in `rules`, and what stops start-up: each mistake names the rule and the mend."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from oidc_gate import Identity, Rule, Settings, SettingsError
from oidc_gate.access import ANYONE, NOBODY, SIGNED_IN, CheckedRule
from tests.apps import COOKIE_SECRET

REQUIRED: dict[str, Any] = {
    "issuer_url": "https://id.example.com",
    "client_id": "app",
    "client_secret": "secret",
    "cookie_secret": COOKIE_SECRET,
}
STAFF = {"groups": "Staff"}


def read(*rules: Any, **settings: Any) -> tuple[CheckedRule, ...]:
    found: tuple[CheckedRule, ...] = Settings(**(REQUIRED | settings), rules=list(rules)).rules or ()
    return found


def refused(*rules: Any, **settings: Any) -> str:
    with pytest.raises(SettingsError) as raised:
        read(*rules, **settings)
    return str(raised.value)


# What is read


def test_a_rule_is_read_whole() -> None:
    (rule,) = read(
        {
            "name": "finance",
            "path": ["/reports/finance", "/users/*/pay/"],
            "method": ["get", "POST"],
            "host": ["Finance.Example.com.", "[::1]"],
            "allow": {"groups": ["Finance", "Board*"]},
            "acr": ["phr", "mfa"],
            "max_age": "10m",
            "help": "Ask finance-it@example.com.",
        }
    )
    assert (rule.name, rule.number, rule.where) == ("finance", 1, "")
    assert [str(pattern) for pattern in rule.patterns] == ["/reports/finance and below", "/users/*/pay and below"]
    assert rule.methods == frozenset({"GET", "HEAD", "POST"})
    assert rule.hosts == frozenset({"finance.example.com", "[::1]"})
    assert str(rule.who) == "group Finance or Board*"
    assert (rule.acr, rule.max_age, rule.help) == (("phr", "mfa"), 600.0, "Ask finance-it@example.com.")
    assert rule.scope == (
        "/reports/finance and below, /users/*/pay and below · GET HEAD POST · [::1], finance.example.com"
    )


def test_a_rule_in_code_is_the_same_as_its_table() -> None:
    as_table: dict[str, Any] = {"path": "/a", "method": "DELETE", "allow": STAFF, "max_age": timedelta(minutes=5)}
    (table,), (rule,) = read(as_table), read(Rule(**as_table))
    for field in ("name", "number", "where", "patterns", "methods", "hosts", "acr", "max_age", "help"):
        assert getattr(table, field) == getattr(rule, field)
    assert str(table.who) == str(rule.who)


def test_without_a_name_it_is_called_by_its_number() -> None:
    assert [rule.name for rule in read({"path": "/a", "allow": STAFF}, {"path": "/b", "allow": STAFF})] == [
        "rule 1",
        "rule 2",
    ]


@pytest.mark.parametrize(("word", "who"), [("anyone", ANYONE), ("signed-in", SIGNED_IN), ("nobody", NOBODY)])
def test_three_words_say_who(word: str, who: Any) -> None:
    (rule,) = read({"path": "/a", "allow": word})
    assert rule.who is who
    assert rule.opens is (word == "anyone")


def test_exact_is_literal_and_may_name_the_root() -> None:
    (rule,) = read({"exact": ["/", "/about", "/about/", "/u/*/photo"], "allow": "anyone"})
    assert [str(each) for each in rule.patterns] == [
        "exactly /",
        "exactly /about",
        "exactly /about/",
        "exactly /u/*/photo",
    ]


def is_ann(identity: Identity) -> bool:
    return identity.subject == "ann"


@pytest.mark.parametrize(
    ("allow", "words"),
    [
        ({"emails": ["Ann@Example.com", "*@example.org"]}, "e-mail Ann@Example.com or *@example.org"),
        ({"domains": "example.com"}, "domain example.com"),
        ({"scopes": ["a", "b", "c"]}, "scope a, b or c"),
        ({"provider": "default"}, "provider default"),
        ({"claims": {"department": "Finance"}}, "claim department Finance"),
        ({"claims": {"level": [3, 4.5, True]}}, "claim level 3, 4.5 or true"),
        ({"claims": {"contractor": {"missing": True}}}, "claim contractor missing"),
        ({"claims": {"a": "x", "b": "y"}}, "all of (claim a x; claim b y)"),
        ({"any": [STAFF, {"not": {"domains": "x.org"}}]}, "any of (group Staff; not (domain x.org))"),
        ({"all": [STAFF, is_ann]}, "all of (group Staff; is_ann())"),
        (is_ann, "is_ann()"),
    ],
)
def test_conditions_have_words(allow: Any, words: str) -> None:
    (rule,) = read({"path": "/a", "allow": allow})
    assert str(rule.who).lower() == words.lower()


def test_a_file_tells_where_its_rules_stand(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    lines = [f'{name} = "{value}"' for name, value in REQUIRED.items()]
    rules = ["[[rules]]", 'path = "/a"', 'allow = "signed-in"', "  [[ rules ]]", "paths = 1"]
    path.write_text("\n".join([*lines, "", *rules]))
    with pytest.raises(SettingsError, match=r"^rules: rule 2 \(gate\.toml, line 9\): paths is no key of a rule\. Did"):
        Settings.from_file(path)


def test_where_lines_cannot_be_told_apart_the_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    text = "\n".join(f'{name} = "{value}"' for name, value in REQUIRED.items())
    path.write_text(f'{text}\nrules = [{{ path = "/a", allow = "x" }}]\n')
    with pytest.raises(SettingsError, match=r"^rules: rule 1 \(gate\.toml\): allow: 'x' is none of"):
        Settings.from_file(path)


def test_what_is_no_list_of_tables_in_a_file_is_left_to_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "gate.toml"
    path.write_text('rules = ["/a"]\n')
    with pytest.raises(SettingsError, match=r"^rules: rule 1: must be a table or a Rule, not a text\.$"):
        Settings.from_file(path)


def test_rules_keep_their_meaning_when_other_settings_are_replaced() -> None:
    settings = Settings(**REQUIRED, rules=[Rule(path="/a", allow=STAFF)])
    assert [rule.scope for rule in settings.with_options(auth_id="x").rules or ()] == ["/a and below"]


def test_rules_in_code_take_the_place_of_those_in_a_file() -> None:
    in_file = REQUIRED | {"rules": [{"path": "/a", "allow": STAFF}]}
    settings = Settings.merged(in_file, {}, {"rules": [{"path": "/b", "allow": STAFF}]})
    assert [rule.scope for rule in settings.rules or ()] == ["/b and below"]


# Mistakes in one rule


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("/a", "rules stand in a file, as [[rules]], or in code; not in the environment"),
        ({"path": "/a", "allow": "nobody"}, "in TOML each begins with [[rules]], in double brackets"),
        (7, "rules must be a list of tables or of Rule"),
        ([], "rules must not be an empty list; leave it out instead"),
        ([7], "rules: rule 1: must be a table or a Rule, not a number."),
    ],
)
def test_what_is_no_list_of_rules_stops_start_up(given: Any, says: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings(**REQUIRED, rules=given)
    assert says in str(raised.value)


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"paths": "/a"}, "paths is no key of a rule. Did you mean path?"),
    ({"paht": "/a"}, "paht is no key of a rule. Did you mean path? There are: allow, name, path, exact,"),
    ({"pth": "/a"}, "pth is no key of a rule. Did you mean path?"),
    ({"alow": "nobody"}, "alow is no key of a rule. Did you mean allow?"),
    ({"roles": "x"}, "roles is no key of a rule. There are: allow, name, path, exact, method, host, acr, max_age, hel"),
    ({"deny": STAFF}, 'there is no deny: write allow = { not = { … } }, or allow = "nobody"'),
    (cast("Any", {7: "x"}), "7 is no key of a rule."),
    ({"client_id": "x"}, "A setting of the whole gate stands above the first [[rules]]. There are: allow,"),
    ({"groups": "Staff"}, 'groups belongs into allow: allow = { groups = "Staff" }'),
    ({"allow": None}, "allow is missing: who passes"),
    ({"allow": "everyone"}, '\'everyone\' may mean two things: "signed-in" is everybody who has signed in, "anyone"'),
    ({"allow": "Everybody"}, "may mean two things"),
    ({"allow": "public"}, "may mean two things"),
    ({"allow": "signed_in"}, '\'signed_in\' is no such word. Did you mean "signed-in"? There are "anyone",'),
    ({"allow": "Signed-in"}, 'Did you mean "signed-in"?'),
    ({"allow": "none"}, 'Did you mean "nobody"?'),
    ({"allow": "Anyone"}, 'Did you mean "anyone"?'),
    ({"allow": "Staff"}, '\'Staff\' is none of "anyone", "signed-in", "nobody"; for a group write allow = { group'),
    ({"allow": "ann@example.com"}, 'for an address write allow = { emails = "ann@example.com" }'),
    ({"allow": 7}, "allow must be a table with one condition"),
    ({"allow": ["ops"]}, 'with one condition, not a list: for groups write allow = { groups = ["ops"] }'),
    ({"allow": ["a@b.org", "c@b.org"]}, 'for addresses write allow = { emails = ["a@b.org", "c@b.org"] }'),
    ({"allow": ["nobody"]}, 'not a list: write allow = "nobody"'),
    ({"allow": [STAFF, STAFF]}, "where one of several conditions is enough, allow = { any = [{ … }, { … }] }"),
    ({"allow": True}, 'allow must be "signed-in" for whoever has signed in, or "anyone" for all, without a login, not'),
    ({"allow": False}, 'allow must be "nobody", not false'),
    ({"allow": date(2026, 1, 2)}, "not a date"),
    ({"allow": object()}, "not object"),
    ({"allow": {}}, "allow is empty"),
    ({"allow": {"group": "x"}}, "allow: group is no condition. Did you mean groups?"),
    ({"allow": {"group": "x"}}, "There are: emails, domains, groups, scopes, provider, claims, any, all, not."),
    ({"allow": {"grup": "x"}}, "Did you mean groups?"),
    ({"allow": {"acr": "x"}}, "allow: acr is no condition; it stands beside allow, in the rule itself"),
    ({"allow": {"department": "x"}}, 'not; a claim is allow = { claims = { department = "x" } }'),
    ({"allow": {"any": [STAFF, {"level": 3}]}}, "allow.any[1]: level is no condition."),
    ({"allow": {"any": [STAFF, {"level": 3}]}}, "; a claim is { claims = { level = 3 } }"),
    ({"allow": {"realm_access": {"roles": "x"}}}, 'a claim is allow = { claims = { "realm_access.roles" = "x" } }'),
    (
        {"allow": {"groups": "x", "domains": ["y.org", "z.org"]}},
        'needed: { any = [{ groups = "x" }, { domains = ["y.org", "z.org"] }] } or { all = [{ groups = "x" }, {',
    ),
    ({"allow": {"groups": ["x" * 99], "not": {"emails": "a@b.org"}}}, "{ any = [{ … }, { … }] } or { all ="),
    ({"allow": {"groups": []}}, "allow.groups is an empty list, which matches nothing"),
    ({"allow": {"groups": [""]}}, "allow.groups must be a text or a list of texts, none of them empty"),
    ({"allow": {"groups": 7}}, "allow.groups must be a text or a list of texts"),
    ({"allow": {"emails": "example.com"}}, "allow.emails: example.com is no e-mail address; whole domains go to"),
    ({"allow": {"emails": "a@b@c"}}, "allow.emails: a@b@c is no e-mail address"),
    ({"allow": {"domains": "ann@example.com"}}, "allow.domains: ann@example.com must be a domain like example.com"),
    ({"allow": {"domains": ".example.com"}}, "allow.domains: .example.com must be a domain"),
    ({"allow": {"provider": "other"}}, "allow.provider: there is no provider with auth_id other; there is default"),
    ({"allow": {"any": [STAFF]}}, "allow.any must be a list of two conditions or more; a single one stands without"),
    ({"allow": {"all": []}}, "allow.all must be a list of two conditions or more"),
    ({"allow": {"all": [STAFF]}}, "a single one stands without all"),
    ({"allow": {"all": STAFF}}, "allow.all must be a list of two conditions or more, not a table: { all = [{ … }, { …"),
    ({"allow": {"any": {"groups": "x", "scopes": 3}}}, 'not a table: { any = [{ groups = "x" }, { scopes = 3 }] }'),
    ({"allow": {"any": [STAFF, "nobody"]}}, "not a text; the words for all and for nobody stand at allow alone"),
    ({"allow": {"any": ["Ops", "Dev"]}}, 'allow.any[0] must be a table with one condition, like { groups = "Ops" }, n'),
    ({"allow": {"not": [STAFF]}}, "allow.not must be a table with one condition"),
    ({"allow": {"not": {}}}, "allow.not is empty"),
    ({"allow": {"claims": {}}}, "allow.claims must be a table of claims and values"),
    ({"allow": {"claims": "admin"}}, "allow.claims must be a table of claims and values"),
    ({"allow": {"claims": {"": "x"}}}, "allow.claims must name a claim"),
    ({"allow": {"claims": {"a": []}}}, "allow.claims.a is an empty list, which nobody can match"),
    ({"allow": {"claims": {"a": {"missing": False}}}}, "whatever it holds: { not = { claims = { a = { missing = true"),
    ({"allow": {"claims": {"a": {"missing": 1}}}}, "allow.claims.a must be a value, a list of values, or"),
    ({"allow": {"claims": {"a": {"b": "c", "d": "e"}}}}, "allow.claims.a must be a value, a list of values, or"),
    ({"allow": {"claims": {"a": {"b": {"c": 3}}}}}, 'allow.claims.a: a name with dots stands in quotes: "a.b.c" = 3'),
    ({"allow": {"claims": {"a": float("nan")}}}, "allow.claims.a: nan is no value that a claim can have"),
    ({"allow": {"claims": {"a": [["x"]]}}}, "allow.claims.a: values must be texts, numbers, true or false, not a list"),
    ({"path": "a"}, "path: 'a' must start with /: /a"),
    ({"path": "/a//b"}, "path: '/a//b' must have no empty or dot segments"),
    ({"path": "/a//"}, "path: '/a//' must have no empty or dot segments"),
    ({"path": "//"}, "path: '//' must have no empty or dot segments"),
    ({"exact": "/a//", "path": None}, "exact: '/a//' must have no empty or dot segments"),
    ({"path": "/a/../b"}, "path: '/a/../b' must have no empty or dot segments"),
    ({"path": "/a?b=c"}, "path: '/a?b=c' must be a plain path"),
    ({"path": "/a%20b"}, "path: '/a%20b' is percent-encoded: write it as the app's router sees it: \"/a b\""),
    ({"path": "/100%"}, "path: '/100%' must be a plain path"),
    ({"path": "/a%3bb"}, "path: '/a%3bb' must be a plain path"),
    *[
        ({"path": path}, f"path: {path!r} looks like a pattern. Paths are literal; {mend}")
        for path, mend in [
            ("/admin/:id", "* stands for exactly one segment: /admin/*."),
            ("/admin/{id}", "* stands for exactly one segment: /admin/*."),
            ("/a/<int:id>/b", "* stands for exactly one segment: /a/*/b."),
            ("/a/[^/]+/b", "* stands for exactly one segment: /a/*/b."),
            ("/a.+", "* stands for exactly one segment: /*."),
            ("/$batch", "* stands for exactly one segment: /*."),
            ("/admin/.*", 'write path = "/admin", which covers all below it too.'),
            ("/admin/**", 'write path = "/admin", which covers all below it too.'),
            ("/admin(/.*)?$", 'write path = "/admin", which covers all below it too.'),
            ("/.*", 'write path = "/", which covers all below it too.'),
            ("/admin$", 'write path = "/admin".'),
            ("/a/(b|c)/d", 'of several write a list: path = ["/a/b/d", "/a/c/d"].'),
            ("/{b,c}", 'of several write a list: path = ["/b", "/c"].'),
            ("/a|/b", "of several write a list."),
        ]
    ],
    ({"path": "^/admin/"}, "path: '^/admin/' starts with ^ as a regular expression does. Paths are literal; write pat"),
    ({"path": "https://a.test:8443/b?c"}, 'is an address: write path = "/b", and host = "a.test" where the host has a'),
    ({"path": "https://a.test"}, 'is an address: write path = "/", and host = "a.test" where'),
    ({"path": "a.test/b"}, 'is an address: write path = "/b", and host = "a.test" where'),
    ({"path": "/a;x"}, "path: '/a;x' must be a plain path"),
    ({"path": "/a "}, "path: '/a ' must be a plain path"),
    ({"path": "/a" * 101}, "must have no more than 100 segments"),
    ({"path": "/a*"}, "'/a*' may have * only as a whole segment; path = \"/a\" covers /a and /a/…, and not /ax."),
    ({"path": "/a*b"}, "path: '/a*b' may have * only as a whole segment, for exactly one: /users/*/photo"),
    ({"exact": "/a*", "path": None}, "exact: '/a*' may have * only as a whole segment, for exactly one"),
    ({"path": []}, "path is an empty list"),
    ({"path": "/a", "exact": "/b"}, "has both path and exact; make two rules of it"),
    ({"method": "FETCH"}, "method: FETCH is no HTTP method."),
    ({"method": "DELET"}, "method: DELET is no HTTP method. Did you mean DELETE?"),
    ({"method": "*"}, "For all, leave method out"),
    ({"method": "get,POST"}, 'method: \'GET,POST\' is several; write a list: method = ["GET", "POST"]'),
    ({"host": "https://example.com"}, 'host: https://example.com is an address; write the name alone, "example.com".'),
    ({"host": "example.com/x"}, 'is an address; write the name alone, "example.com", and the path as path = "/x"'),
    ({"host": "example.com:8000"}, 'host: example.com:8000 has a port, which no rule goes by; write "example.com"'),
    ({"host": "*.example.com"}, 'holds *, and hosts are whole; list each, like host = ["one.example.com", "two.exampl'),
    ({"host": "https://[x/y"}, 'is an address; write the name alone, "[x", and the path as path = "/y"'),
    ({"host": "*"}, "host: * would be any host; for all, leave host out"),
    ({"host": "::1"}, "host: ::1 must be a name like finance.example.com, whole; list several"),
    ({"max_age": "soon"}, "max_age must be a duration"),
    ({"max_age": 0}, "max_age must be at least 1 second"),
    ({"acr": "a b"}, "acr: 'a b' must be printable ASCII without blanks"),
    ({"acr": 'a"b'}, "acr: 'a\"b' must be printable ASCII"),
    ({"name": ""}, "name must not be empty"),
    ({"help": ["a"]}, "help must be a text, not a list"),
    ({"help": True}, "help must be a text, not true or false"),
    ({"help": {"de": "a"}}, "help must be a text, not a table"),
    ({"allow": {"scopes": "x", "any": [is_ann, is_ann]}}, '{ any = [{ scopes = "x" }, { any = […, …] }] }'),
    ({"help": "a\nb"}, "help must not contain control characters"),
    ({"allow": "anyone", "acr": "x"}, 'acr and max_age have no use with "anyone" or "nobody"'),
    ({"allow": "nobody", "max_age": 60}, 'acr and max_age have no use with "anyone" or "nobody"'),
    ({"path": "/oauth2/login"}, "/oauth2/login and below is among the gate's own paths, below path_prefix /oauth2"),
    ({"exact": "/oauth2", "path": None}, "exactly /oauth2 is among the gate's own paths"),
]


@pytest.mark.parametrize(("given", "says"), MISTAKES, ids=[says for _, says in MISTAKES])
def test_a_mistake_names_the_rule_and_the_mend(given: dict[str, Any], says: str) -> None:
    message = refused({"path": "/first", "allow": STAFF}, {"name": "second", "path": "/a", "allow": STAFF} | given)
    assert says in message
    assert message.startswith('rules: rule 2 "second": ' if given.get("name") != "" else "rules: rule 2: ")
    assert message.endswith(".")
    assert not message.endswith("..")


@pytest.mark.parametrize(
    "rule", [{"allow": "anyone"}, {"name": "all", "allow": "anyone"}, {"method": "GET", "allow": "anyone"}]
)
def test_a_rule_that_would_open_the_whole_app_stops_start_up(rule: dict[str, Any]) -> None:
    assert 'allow = "anyone" without path and host would open the whole app' in refused(rule)


def test_a_rule_may_open_all_the_rest_where_it_says_so_and_is_warned_of() -> None:
    rules = [{"path": "/account", "allow": "signed-in"}, {"path": "/", "allow": "anyone"}]
    warnings = Settings(**REQUIRED, rules=rules).warnings()
    (warning,) = [each for each in warnings if "opens" in each]
    assert warning.startswith("rule 2 opens every path that no rule before it decides; where that is not meant, name")
    assert read({"host": "www.example.com", "allow": "anyone"})


async def asks_later(identity: Identity) -> bool:
    return bool(identity)


class AsksLater:
    async def __call__(self, identity: Identity) -> bool:
        return bool(identity)


@pytest.mark.parametrize("allow", [asks_later, AsksLater()])
def test_an_async_function_would_never_say_yes_and_stops_start_up(allow: Any) -> None:
    assert "allow must be a plain function, not async" in refused({"path": "/a", "allow": allow})


@pytest.mark.parametrize(
    "rule",
    [
        {"path": "/a\ud800"},
        {"exact": ["/b", "/a\ud800"]},
        {"name": "\ud800"},
        {"help": "\ud800"},
        {"method": "\ud800"},
        {"host": "\ud800"},
        {"acr": "\ud800"},
        *(
            {"allow": {"not": allow}}
            for allow in (
                {"groups": ["Staff", "\ud800"]},
                {"emails": "a\ud800@example.com"},
                {"domains": "\ud800.example"},
                {"provider": "\ud800"},
                {"scopes": "\ud800"},
                {"claims": {"\ud800": "a"}},
                {"claims": {"department": ["a", "\ud800"]}},
            )
        ),
    ],
    ids=ascii,
)
def test_half_a_letter_would_match_nothing_and_stops_start_up(rule: dict[str, Any]) -> None:
    assert "must be UTF-8 text" in refused({"allow": "signed-in"} | rule)


# Rules beside each other, and beside other settings


def covered(*rules: dict[str, Any], **settings: Any) -> str:
    """Return what is said of the last of these rules."""
    return refused(*({"allow": "signed-in"} | rule for rule in rules), **settings)


@pytest.mark.parametrize(
    ("rules", "by"),
    [
        ([{"path": "/a"}, {"path": "/a/b"}], "rule 1"),
        ([{"path": "/a"}, {"exact": "/a"}], "rule 1"),
        ([{"path": "/a"}, {"exact": ["/a/", "/a/b"]}], "rule 1"),
        ([{"path": "/a/*"}, {"path": "/a/b"}], "rule 1"),
        ([{"path": "/*"}, {"path": "/*/b"}], "rule 1"),
        ([{}, {"path": "/a"}], "rule 1"),
        ([{}, {"allow": "nobody"}], "rule 1"),
        ([{"path": "/a"}, {"path": "/b"}, {"path": ["/a/x", "/b/y"]}], "rule 1 and rule 2"),
        ([{"path": "/a", "method": "GET"}, {"path": "/a", "method": "HEAD"}], "rule 1"),
        (
            [
                {"path": "/a", "method": ["POST", "PUT"]},
                {"path": "/a", "method": "GET"},
                {"path": "/a/b", "method": ["GET", "PUT"]},
            ],
            "rule 1 and rule 2",
        ),
        ([{"host": ["a.test", "b.test"]}, {"host": "a.test", "path": "/x"}], "rule 1"),
        ([{"host": "a.test"}, {"host": "b.test"}, {"host": ["a.test", "b.test"]}], "rule 1 and rule 2"),
        ([{"exact": ["/a", "/a/"]}, {"path": "/a/*"}, {"path": "/a"}], "rule 1 and rule 2"),
        ([{"exact": ["/"]}, {"path": "/*"}, {"allow": "nobody"}], "rule 1 and rule 2"),
    ],
)
def test_a_rule_that_can_never_decide_stops_start_up(rules: list[dict[str, Any]], by: str) -> None:
    message = covered(*rules)
    assert message.startswith(f"rules: rule {len(rules)}: can never decide: {by} before it decide"), message
    same = rules[0].keys() - {"allow"} == rules[-1].keys() - {"allow"} == set()
    above = f"Put rule {len(rules)} above rule 1, or take it out."
    mend = "Both are for the same requests: make one rule of them, or take one out." if same else above
    assert message.endswith(mend)


@pytest.mark.parametrize(
    "rules",
    [
        [{"path": "/a/b"}, {"path": "/a"}],
        [{"exact": "/a"}, {"path": "/a"}],
        [{"path": "/a/*"}, {"path": "/a"}],
        [{"path": "/a/*/c"}, {"path": "/a/*"}],
        [{"path": "/a/b/c"}, {"path": "/*/b"}],
        [{"path": "/A"}, {"path": "/a"}],
        [{"path": "/a", "method": "GET"}, {"path": "/a"}],
        [{"path": "/a", "method": "GET"}, {"path": "/a", "method": ["GET", "POST"]}],
        [{"path": "/a", "host": "a.test"}, {"path": "/a"}],
        [{"path": "/a", "host": "a.test"}, {"path": "/a", "host": "b.test"}],
        [{"path": "/a", "method": "GET", "host": "a.test"}, {"path": "/a", "method": "GET"}],
        [{"exact": ["/a", "/a/"]}, {"path": "/a/b"}, {"path": "/a"}],
        [{"exact": "/a"}, {"path": "/a/*"}, {"path": "/a"}],
        [{"path": "/*/x"}, {"path": "/a"}],
        [{"path": "/*/x"}, {"exact": "/a/*"}],
        [{"path": "/*"}, {"allow": "nobody"}],
    ],
)
def test_a_rule_that_decides_something_is_taken(rules: list[dict[str, Any]]) -> None:
    assert len(read(*({"allow": "signed-in"} | rule for rule in rules))) == len(rules)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_set_of_rules_takes_long_to_be_looked_through(method: str) -> None:
    count = 40
    stars = ["*"] * count
    rules: list[dict[str, Any]] = [{"path": f"/{'/'.join(stars)}", "method": "GET", "allow": "signed-in"}]
    for at in range(count):
        segments = [*stars[:at], "a", *stars[at + 1 :], "x"]
        rules.append({"path": f"/{'/'.join(segments)}", "method": method, "allow": STAFF})
    rules.append({"path": [f"/{'/'.join(stars)}/y", "/free"], "method": "GET", "allow": STAFF})
    if method == "POST":
        assert len(read(*rules)) == count + 2
    else:
        assert "rule 2: can never decide" in refused(*rules)


def test_a_rule_below_a_public_path_can_never_decide() -> None:
    message = covered({"path": "/static/secret", "allow": "nobody"}, public_paths=["/static"])
    assert message.startswith("rules: rule 1: can never decide: public_paths before it decides all")
    assert message.endswith("Take /static out of public_paths, or this rule out.")
    message = covered({"path": "/a"}, {"path": ["/static/x", "/a/b"]}, public_paths=["/static", "/other"])
    assert "public_paths and rule 1 before it decide all" in message
    assert message.endswith("Take /static out of public_paths, and put it above rule 1, or this rule out.")


def test_two_rules_of_one_name_are_warned_of() -> None:
    def warned(*rules: Any, **settings: Any) -> list[str]:
        return Settings(**REQUIRED, rules=list(rules), allow_groups="x", **settings).warnings()

    same: dict[str, Any] = {"name": "same", "allow": STAFF}
    assert warned(same | {"path": "/a"}, {"path": "/b", "allow": STAFF}, same | {"path": "/c"}) == [
        ('rule 3: rule 1 "same" has the name same already, and names tell rules apart in explain and in the log; give'
        " each its own, or leave name out")
    ]
    (message,) = warned(same | {"name": "rule 2", "path": "/a"}, {"path": "/b", "allow": STAFF})
    assert message.startswith('rule 2: rule 1 "rule 2" has the name rule 2 already')
    public = {"name": "public_paths", "path": "/a", "allow": STAFF}
    assert warned(public) == []
    assert warned(public, public_paths=["/static"])[0].startswith("rule 1: public_paths has the name public_paths")


def test_the_mistakes_of_all_rules_are_told_at_once() -> None:
    message = refused({"paht": "/a", "allow": STAFF}, {"path": "/b", "allow": STAFF}, {"path": "c", "allow": "Ops"})
    first, third = message.splitlines()
    assert first.startswith("rules: rule 1: paht is no key of a rule.")
    assert third.startswith("rules: rule 3: allow: 'Ops' is none of")


def test_under_a_base_url_a_rule_for_another_host_can_never_decide() -> None:
    rule = {"host": "other.test", "allow": STAFF}
    assert "host other.test is never asked for: base_url says that the app's host is app.test" in refused(
        rule, base_url="https://app.test:8443/x"
    )
    assert read(rule | {"host": ["App.test", "other.test"]}, base_url="https://app.test")
    assert read({"host": "[::1]", "allow": STAFF}, base_url="http://[::1]:8000")


def test_under_a_base_url_a_rule_for_its_host_leaves_nothing_to_one_for_any() -> None:
    message = covered({"path": "/a", "host": "app.test"}, {"path": "/a"}, base_url="https://app.test")
    assert message.startswith("rules: rule 2: can never decide: rule 1 before it")


def test_under_a_base_url_its_host_is_no_place_of_its_own_for_anyone() -> None:
    rule = {"host": "app.test", "allow": "anyone"}
    assert "would open the whole app" in refused(rule, base_url="https://app.test")
    assert read(rule)
    for path in ({"path": "/open"}, {"path": "/"}, {"path": ["/", "/a"]}, {"exact": "/"}):
        assert read(rule | path, base_url="https://app.test")


def test_a_path_of_a_rule_that_can_never_decide_is_warned_of_where_others_can() -> None:
    rules: list[Any] = [{"path": "/a", "allow": STAFF}, {"path": ["/a/b", "/static/x", "/c"], "allow": "nobody"}]
    warnings = Settings(**REQUIRED, rules=rules, public_paths=["/static"], allow_groups="x").warnings()
    assert warnings == [
        "rule 2 never decides /a/b and below: rule 1 before it decides all of it",
        "rule 2 never decides /static/x and below: public_paths before it decides all of it",
    ]


def test_a_rule_may_name_this_gates_provider_or_a_pattern() -> None:
    assert read({"path": "/a", "allow": {"provider": ["jc", "jc*"]}}, auth_id="jc")
    assert "no provider with auth_id x*" in refused({"path": "/a", "allow": {"provider": "x*"}}, auth_id="jc")
    assert "no provider with auth_id jc" in refused({"path": "/a", "allow": {"not": {"provider": "jc"}}})


# What is worth a second look

EVERYBODY = "every user of the provider may pass"


def test_everybody_may_pass_unless_a_rule_for_all_the_rest_says_otherwise() -> None:
    def warned(*rules: Any) -> bool:
        return any(EVERYBODY in warning for warning in Settings(**REQUIRED, rules=list(rules)).warnings())

    assert warned({"path": "/a", "allow": STAFF})
    assert warned({"path": "/a", "allow": STAFF}, {"allow": "signed-in"})
    assert warned({"method": "POST", "allow": STAFF})
    assert warned({"host": "a.test", "allow": STAFF})
    assert not warned({"path": "/a", "allow": "anyone"}, {"allow": STAFF})
    assert not warned({"path": "/a", "allow": STAFF}, {"allow": "nobody"})


def test_a_rule_on_addresses_needs_the_scope_of_addresses() -> None:
    by_address = {"name": "by address", "path": "/a", "allow": {"not": {"emails": "a@b.org"}}}
    rules = [by_address, {"path": "/b", "allow": STAFF}]
    warnings = Settings(**REQUIRED, rules=rules, scopes="openid").warnings()
    assert [each for each in warnings if "scopes lack" in each] == [
        "by address goes by the claim email, and scopes lack email; add it to scopes"
    ]


def warned(*rules: Any) -> list[str]:
    """Return what is said of these rules."""
    warnings = Settings(**REQUIRED, rules=list(rules), scopes="openid email").warnings()
    return [warning for warning in warnings if EVERYBODY not in warning]


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ({"path": "/*"}, "/* and below"),
        ({"path": ["/a", "/*/*/"]}, "/*/* and below"),
        ({"exact": "/*"}, "exactly /*"),
    ],
)
def test_a_rule_that_opens_a_path_of_stars_alone_is_warned_of(where: dict[str, Any], what: str) -> None:
    (warning,) = warned({"allow": "anyone"} | where)
    assert warning.startswith(f"rule 1 opens {what}, whatever stands for *, where no rule before it decides; name the")


def test_a_rule_that_opens_a_page_is_not_warned_of() -> None:
    assert warned({"exact": "/", "path": None, "allow": "anyone"}, {"path": "/a/*", "allow": "anyone"}) == []


def test_a_rule_for_what_is_below_a_path_is_warned_of_where_no_rule_is_for_the_path_itself() -> None:
    admin = {"path": "/admin/*", "allow": STAFF}
    says = 'rule 1: /admin/* does not cover /admin itself; path = "/admin" covers both'
    assert warned(admin) == [says]
    assert warned({"path": "/*", "allow": STAFF}) == ['rule 1: /* does not cover / itself; path = "/" covers both']
    deep = 'rule 1: /t/*/* does not cover /t/* itself; path = "/t/*" covers both'
    assert warned(admin | {"path": "/t/*/*"}) == [deep]
    assert warned(admin, {"path": "/other", "allow": STAFF}) == [says]
    assert warned(admin, {"exact": "/admin", "allow": "signed-in"}) == []
    assert warned(admin, {"allow": "signed-in"}) == []
    assert warned({"path": "/admin", "allow": STAFF, "method": "POST"}, admin) == []
    assert warned({"path": ["/admin/*/x", "/admin"], "allow": STAFF}) == []
    assert warned({"exact": "/admin/*", "allow": STAFF}) == []


@pytest.mark.parametrize(
    ("allow", "says"),
    [
        ({"domains": ["*example.com", "*.example.com"]}, '*example.com also fits evilexample.com; write "example.com"'),
        ({"domains": "a.*b.org"}, 'a.*b.org also fits a.evilb.org; write "a.b.org", "a.*.b.org"'),
        ({"emails": "*example.com"}, '*example.com also fits x@evilexample.com; write "*@example.com", "*@*.example.c'),
        ({"any": [STAFF, {"not": {"emails": "ann@*b.org"}}]}, 'ann@*b.org also fits ann@evilb.org; write "ann@b.org",'),
    ],
)
def test_a_star_that_begins_a_domain_is_warned_of(allow: dict[str, Any], says: str) -> None:
    (warning,) = warned({"name": "wide", "path": "/a", "allow": allow})
    assert warning.startswith(f"wide: {says}")


def test_a_star_for_whole_parts_of_an_address_is_not_warned_of() -> None:
    emails = ["*@example.com", "*bot@example.com", "*@*.example.com", "ann@*"]
    assert warned({"path": "/a", "allow": {"any": [{"emails": emails}, {"domains": ["*.example.com", "*"]}]}}) == []
