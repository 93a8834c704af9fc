"""What may be written in `rules`, and what stops start-up: each mistake names the rule and the mend."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from oidc_gate import Identity, Rule, Settings, SettingsError
from oidc_gate.access import ANYONE, NOBODY, SIGNED_IN, CheckedRule

REQUIRED: dict[str, Any] = {
    "issuer_url": "https://id.example.com",
    "client_id": "app",
    "client_secret": "secret",
    "cookie_secret": "0123456789abcdef0123456789abcdef",
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
    with pytest.raises(SettingsError, match=r"^rules: rule 1: must be a table or a Rule, not str\.$"):
        Settings.from_file(path)


def test_rules_keep_their_meaning_when_other_settings_are_replaced() -> None:
    settings = Settings(**REQUIRED, rules=[Rule(path="/a", allow=STAFF)])
    assert [rule.scope for rule in settings.with_options(auth_id="x").rules or ()] == ["/a and below"]


# Mistakes in one rule


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("/a", "rules stand in a file, as [[rules]], or in code; not in the environment"),
        ({"path": "/a", "allow": "nobody"}, "in TOML each begins with [[rules]], in double brackets"),
        (7, "rules must be a list of tables or of Rule"),
        ([], "rules must not be an empty list; leave it out instead"),
        ([7], "rules: rule 1: must be a table or a Rule, not int."),
    ],
)
def test_what_is_no_list_of_rules_stops_start_up(given: Any, says: str) -> None:
    with pytest.raises(SettingsError) as raised:
        Settings(**REQUIRED, rules=given)
    assert says in str(raised.value)


MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"paths": "/a"}, "paths is no key of a rule. Did you mean path?"),
    ({"client_id": "x"}, "A setting of the whole gate stands above the first [[rules]]"),
    ({"groups": "Staff"}, "groups belongs into allow: allow = { groups = … }"),
    ({"allow": None}, "allow is missing: who passes"),
    ({"allow": "everyone"}, "'everyone' is none of \"anyone\", \"signed-in\", \"nobody\""),
    ({"allow": "Staff"}, 'for a group write allow = { groups = "Staff" }'),
    ({"allow": 7}, "allow must be a table with one condition"),
    ({"allow": ["Staff"]}, "allow must be a table with one condition"),
    ({"allow": {}}, "allow is empty"),
    ({"allow": {"group": "x"}}, "allow: group is no condition. Did you mean groups?"),
    ({"allow": {"groups": "x", "domains": "y.org"}}, "allow has groups and domains: say whether one is enough"),
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
    ({"allow": {"all": STAFF}}, "allow.all must be a list of two conditions or more"),
    ({"allow": {"any": [STAFF, "nobody"]}}, "allow.any[1] must be a table with one condition"),
    ({"allow": {"not": [STAFF]}}, "allow.not must be a table with one condition"),
    ({"allow": {"not": {}}}, "allow.not is empty"),
    ({"allow": {"claims": {}}}, "allow.claims must be a table of claims and values"),
    ({"allow": {"claims": "admin"}}, "allow.claims must be a table of claims and values"),
    ({"allow": {"claims": {"": "x"}}}, "allow.claims must name a claim"),
    ({"allow": {"claims": {"a": []}}}, "allow.claims.a is an empty list, which nobody can match"),
    ({"allow": {"claims": {"a": {"missing": False}}}}, "allow.claims.a must be a value, a list of values, or"),
    ({"allow": {"claims": {"a": {"missing": 1}}}}, "allow.claims.a must be a value, a list of values, or"),
    ({"allow": {"claims": {"a": {"b": "c"}}}}, "allow.claims.a must be a value, a list of values, or"),
    ({"allow": {"claims": {"a": [["x"]]}}}, "allow.claims.a: values must be texts, numbers, true or false, not list"),
    ({"path": "a"}, "path: 'a' must start with /: /a"),
    ({"path": "/a//b"}, "path: '/a//b' must have no empty or dot segments"),
    ({"path": "/a//"}, "path: '/a//' must have no empty or dot segments"),
    ({"path": "//"}, "path: '//' must have no empty or dot segments"),
    ({"exact": "/a//", "path": None}, "exact: '/a//' must have no empty or dot segments"),
    ({"path": "/a/../b"}, "path: '/a/../b' must have no empty or dot segments"),
    ({"path": "/a?b=c"}, "path: '/a?b=c' must be a plain path"),
    ({"path": "/a%2Fb"}, "path: '/a%2Fb' must be a plain path"),
    ({"path": "/a;x"}, "path: '/a;x' must be a plain path"),
    ({"path": "/a "}, "path: '/a ' must be a plain path"),
    ({"path": "/a" * 101}, "must have no more than 100 segments"),
    ({"path": "/a*"}, "path: '/a*' may have * only as a whole segment"),
    ({"path": []}, "path is an empty list"),
    ({"path": "/a", "exact": "/b"}, "has both path and exact; make two rules of it"),
    ({"method": "FETCH"}, "method: FETCH is no HTTP method."),
    ({"method": "DELET"}, "method: DELET is no HTTP method. Did you mean DELETE?"),
    ({"method": "*"}, "For all, leave method out"),
    ({"host": "https://example.com"}, "host: https://example.com must be a name like finance.example.com"),
    ({"host": "example.com:8000"}, "host: example.com:8000 must be a name"),
    ({"host": "*.example.com"}, "host: *.example.com must be a name"),
    ({"max_age": "soon"}, "max_age must be a duration"),
    ({"max_age": 0}, "max_age must be at least 1 second"),
    ({"acr": "a b"}, "acr: 'a b' must be printable ASCII without blanks"),
    ({"acr": 'a"b'}, "acr: 'a\"b' must be printable ASCII"),
    ({"name": ""}, "name must not be empty"),
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
    assert "rule 2 opens every path that no rule before it decides" in warnings
    assert read({"host": "www.example.com", "allow": "anyone"})


async def asks_later(identity: Identity) -> bool:
    return bool(identity)


class AsksLater:
    async def __call__(self, identity: Identity) -> bool:
        return bool(identity)


@pytest.mark.parametrize("allow", [asks_later, AsksLater()])
def test_an_async_function_would_never_say_yes_and_stops_start_up(allow: Any) -> None:
    assert "allow must be a plain function, not async" in refused({"path": "/a", "allow": allow})


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
    assert message.endswith("Put it first, or take it out.")


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


def test_a_rule_may_name_this_gates_provider_or_a_pattern() -> None:
    assert read({"path": "/a", "allow": {"provider": ["jc", "jc*"]}}, auth_id="jc")
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
        "by address goes by the claim email, and scopes lack email"
    ]
