"""Expressions of a Traffic Policy: what they may name, what stops start-up, and that only true counts as true."""

from __future__ import annotations

import copy
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from oidc_gate import Identity, SettingsError
from oidc_gate.access.expression_values import AskedOf
from oidc_gate.access.expressions import Answer, Conditional, compiled
from oidc_gate.access.ngrok_names import _INSTEAD
from oidc_gate.identity import ReadOnlyClaims

EMAIL = "actions.ngrok.oidc.identity.email"


def person(**claims: Any) -> Identity:
    """Return somebody with these claims, as the gate makes them from a session."""
    claims = {"sub": "ann-1", "email": "Ann@example.com", "name": "Ann"} | claims
    groups = claims.get("groups")
    return Identity(
        subject=claims["sub"],
        email=claims["email"],
        name=claims["name"],
        groups=tuple(groups) if isinstance(groups, list) else (),
        claims=ReadOnlyClaims({name: value for name, value in claims.items() if value is not None}),
        provider="default",
        issuer="https://id.example.com",
        session_id="s",
        authenticated_at=0,
        expires_at=1,
    )


def asked(path: str = "/", method: str = "GET", host: str = "app.example.com", ip: str = "", **headers: str) -> AskedOf:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return AskedOf(method, host, path, ip, names, lambda name: names[name])


class Vouched(NamedTuple):
    """What settings make of a person's claims."""

    email: str | None
    groups: tuple[str, ...] | None
    all_groups_known: bool = True
    written_email: str = ""


def rule(*texts: str, answer: Answer | None = None) -> Conditional:
    return Conditional("rule 1 (deny) of policy.yaml", tuple(compiled(text, "policy.yaml") for text in texts), answer)


def holds(text: str, request: AskedOf | None = None, identity: Identity | None = None, **known: Any) -> bool | None:
    known |= {"written_email": (identity and identity.email) or ""} if known else {}
    return rule(text).holds(request or asked(), identity, Vouched(**known) if known else None)


# What they may name


@pytest.mark.parametrize(
    "text",
    [
        f"{EMAIL} == 'Ann@example.com'",
        f"{EMAIL}.endsWith('@example.com')",
        f"{EMAIL} in ['Ann@example.com', 'bob@example.com']",
        f"{EMAIL}.lowerAscii() == 'ann@example.com'",
        f"{EMAIL}.split('@')[1] == 'example.com'",
        "actions.ngrok.oidc.identity.name == 'Ann'",
        "actions.ngrok.oidc.identity.provider_user_id == 'ann-1'",
        "req.method == 'POST'",
        "req.host == 'app.example.com'",
        "req.url.path.startsWith('/admin')",
        "req.url.path.matches('^/admin/[0-9]+$')",
        "'a, b' in req.headers['x-team']",
        "req.headers['x-team'].exists(v, v.contains('b'))",
        "'x-team' in req.headers && !('x-other' in req.headers)",
        "conn.client_ip.startsWith('10.')",
        "'Staff' in oidc.groups",
        "oidc.groups.exists(g, g.matches('^Sta'))",
        "oidc.claims.department == 'Finance'",
        "oidc.claims['https://example.com/roles'].exists(r, r == 'admin')",
        "oidc.claims.realm_access.roles.all(r, r != 'guest')",
        "has(oidc.claims.department) && !has(oidc.claims.contractor)",
        "oidc.claims.level >= 3 && oidc.claims.contract == 1.5",
        "oidc.claims.flag",
    ],
)
def test_what_expressions_may_name_is_there_with_ngroks_types(text: str) -> None:
    identity = person(
        groups=["Staff", "Board"],
        department="Finance",
        level=3,
        contract=1.5,
        flag=True,
        realm_access={"roles": ["admin"]},
        **{"https://example.com/roles": ["admin"]},
    )
    request = asked("/admin/1", "POST", ip="10.1.2.3", X_Team="a, b")
    assert holds(text, request, identity) is True
    assert holds(f"!({text})", request, identity) is False


def test_the_empty_path_is_the_root() -> None:
    assert holds("req.url.path == '/'", asked("")) is True


def test_a_header_whose_value_nobody_tells_is_empty() -> None:
    assert holds("req.headers['x-team'] == ['']", AskedOf("GET", "", "/", header_names=["X-Team"])) is True


def test_all_expressions_of_a_rule_have_to_be_true() -> None:
    both = rule("req.method == 'POST'", "req.url.path == '/a'")
    assert both.holds(asked("/a", "POST"), None) is True
    assert both.holds(asked("/a"), None) is False
    assert both.holds(asked("/b", "POST"), None) is False


# What cannot be told


@pytest.mark.parametrize(
    "text",
    [
        "oidc.claims.department == 'Finance'",
        "oidc.claims.department != 'Finance'",
        "!(oidc.claims.department in ['Finance'])",
        "oidc.claims.address.country == 'CH'",
        "oidc.claims.level.startsWith('x')",
        "oidc.claims.level > 'x'",
        "oidc.claims.level",
        "oidc.claims.text",
        "oidc.claims.text && true",
        "'x' in oidc.claims.text",
        "oidc.claims.roles[3] == 'x'",
        "oidc.claims.level / 0 == 1",
        "'a' in req.headers['x-team']",
        "req.headers['x-team'][0] == 'a'",
        "req.url.path.matches('(a')",
        "'Staff' in oidc.groups",
        "!('Staff' in oidc.groups)",
        f"!{EMAIL}.endsWith('@example.com')",
        "conn.client_ip == '10.0.0.1'",
        "req.host != 'app.example.com'",
    ],
)
def test_an_expression_that_fails_is_neither_true_nor_false(text: str) -> None:
    """cel-expr-python returns what fails as a value of the type ERROR, which Python takes for true."""
    identity = person(email=None, level=3, text="true", roles=["a"], department=None)
    request = asked(host="")
    assert holds(text, request, identity) is None
    assert bool(rule(text).expressions[0]._program.eval(data={}))
    (found,) = rule(text).found(request, identity)
    assert (found.expression, found.value) == (text, None)
    assert found.why


@pytest.mark.parametrize("of_person", [f"{EMAIL} != 'x'", "'a' in oidc.groups", "has(oidc.claims.a)"])
def test_of_nobody_nothing_can_be_told(of_person: str) -> None:
    assert holds(of_person) is None


def test_without_a_request_nothing_can_be_told_of_it() -> None:
    assert rule("req.method == 'GET'").holds(None, person()) is None
    assert rule(f"{EMAIL} == 'Ann@example.com'").holds(None, person()) is True


def test_a_false_expression_outweighs_one_that_fails_and_a_failing_one_outweighs_true() -> None:
    fails, false, true = "'x' in oidc.groups", "req.method == 'POST'", "req.method == 'GET'"
    for texts, expected in (
        ((fails, false), False),
        ((false, fails), False),
        ((fails, true), None),
        ((true, fails), None),
        ((true, true), True),
    ):
        assert rule(*texts, answer=Answer(403)).holds(asked(), person()) is expected
        # At the login itself all must be told: what makes it unnecessary must be certain.
        assert rule(*texts).holds(asked(), person()) is (None if fails in texts else expected)
        assert [found.value for found in rule(*texts).found(asked(), person())] == [
            {fails: None, false: False, true: True}[text] for text in texts
        ]


def test_within_one_expression_what_fails_counts_only_where_it_is_needed() -> None:
    assert holds("req.url.path == '/admin' && 'x' in oidc.groups") is False
    assert holds("req.url.path == '/' || 'x' in oidc.groups") is True


def test_an_expression_that_takes_too_many_steps_fails() -> None:
    ten = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"
    text = "req.method == 'GET'"
    for name in "abcdef":
        text = f"{ten}.all({name}, {text})"
    assert holds(text) is None
    (found,) = rule(text).found(asked(), None)
    assert "budget" in found.why


@pytest.mark.parametrize(
    "claim",
    [2**63, -(2**63) - 1, "half a \ud800 letter", ["a", "\udfff"], [2**64], {1, 2}, b"bytes"],
    ids=["large", "small", "half a letter", "half a letter in a list", "large in a list", "no JSON", "bytes"],
)
def test_a_claim_that_no_expression_can_be_given_counts_as_missing_and_hides_no_other(claim: Any) -> None:
    identity = person(odd=claim, inner={"odd": claim, "even": 1}, department="Finance")
    assert holds("oidc.claims.odd == 'x'", None, identity) is None
    assert holds("has(oidc.claims.odd) || has(oidc.claims.inner.odd)", None, identity) is False
    assert holds("oidc.claims.department == 'Finance' && oidc.claims.inner.even == 1", None, identity) is True


def test_a_claim_that_is_null_counts_as_missing_also_within_an_object() -> None:
    identity = person(inner={"a": None, "b": [None, "x"]})
    object.__setattr__(identity, "claims", ReadOnlyClaims({**identity.claims, "nothing": None}))
    assert holds("oidc.claims.nothing == 'x'", None, identity) is None
    assert holds("oidc.claims.inner.a == 'x'", None, identity) is None
    assert holds("'x' in oidc.claims.inner.b", None, identity) is True


def test_claims_nested_too_deeply_fail_and_raise_nothing() -> None:
    deep: Any = "x"
    for _ in range(sys.getrecursionlimit() * 2):
        deep = [deep]
    identity = person()
    object.__setattr__(identity, "claims", {**identity.claims, "deep": deep})
    assert holds("oidc.claims.sub == 'ann-1'", None, identity) is None
    assert holds(f"{EMAIL} == 'Ann@example.com'", None, identity) is True


def test_half_a_letter_in_a_request_or_a_name_cannot_be_told() -> None:
    assert holds("req.url.path == '/'", asked("/\ud800")) is None
    assert holds("req.method == 'GET'", asked("/\ud800")) is True
    assert holds("actions.ngrok.oidc.identity.name == 'Ann'", None, person(name="\ud800")) is None
    assert holds("actions.ngrok.oidc.identity.name == 'Ann'", None, person(name=None)) is None
    assert holds("'x' in req.headers", asked(x="\ud800", y="1")) is False


# E-mail and groups


@pytest.mark.parametrize("verified", [False, "false", 0, "yes"])
def test_an_address_that_the_provider_calls_unverified_is_not_there(verified: Any) -> None:
    identity = person(email_verified=verified)
    assert holds(f"{EMAIL} == 'Ann@example.com'", None, identity) is None
    assert holds(f"!{EMAIL}.endsWith('@other.example')", None, identity) is None


@pytest.mark.parametrize("verified", [True, "true"])
def test_a_verified_address_is_there_as_the_provider_writes_it(verified: Any) -> None:
    assert holds(f"{EMAIL} == 'Ann@example.com'", None, person(email_verified=verified)) is True


@pytest.mark.parametrize("email", ["no address", "a@b@c", "@example.com", "ann@"])
def test_what_is_no_address_is_not_there(email: str) -> None:
    assert holds(f"{EMAIL} != 'x'", None, person(email=email)) is None


def test_the_settings_say_whether_an_address_may_be_gone_by() -> None:
    known = {"groups": None}
    assert holds(f"{EMAIL} == 'Ann@example.com'", None, person(), email="ann@example.com", **known) is True
    assert holds(f"{EMAIL} == 'Ann@example.com'", None, person(), email=None, **known) is None
    assert holds(f"{EMAIL} == 'Ann@example.com'", None, person(email=None), email="ann@example.com", **known) is None


def test_no_groups_are_told_from_none_sent_by_the_settings_alone() -> None:
    contractor = "'Contractors' in oidc.groups"
    assert holds(contractor, None, person(groups=[])) is None
    assert holds(contractor, None, person(), email=None, groups=()) is False
    assert holds(contractor, None, person(), email=None, groups=None) is None
    assert holds(contractor, None, person(groups=["Staff"])) is False
    assert holds(contractor, None, person(), email=None, groups=("Staff",), all_groups_known=False) is None


# What they read


def test_what_a_rule_reads_is_known() -> None:
    assert not rule(f"{EMAIL} == 'x'", "'a' in oidc.groups", "oidc.claims.a == 'req.method'").reads_request
    assert rule(f"{EMAIL} == 'x'", "'a' in req.headers['x']").reads_request
    assert rule("conn.client_ip == 'x'").reads_request
    assert not rule("conn.client_ip == 'x'", "[req.method].exists(oidc, oidc == 'GET')").reads_identity
    assert rule(f"req.method == 'GET' || {EMAIL} == 'x'").reads_identity
    assert rule("req.url.path == '/a' && req.method == 'GET'").names == {"req.url.path", "req.method"}


def test_what_stands_in_a_text_or_bears_the_name_for_a_moment_is_not_read() -> None:
    assert rule("['a'].exists(req, req == 'req.host') && oidc.claims.a == 1").names == {"oidc.claims"}


# What stops start-up


def refusal(text: Any) -> str:
    with pytest.raises(SettingsError) as raised:
        compiled(text, "policy.yaml: rule 3 (deny), expression 1")
    assert str(raised.value).startswith("policy.yaml: rule 3 (deny), expression 1")
    assert str(raised.value).endswith((".", "?", "]"))
    return str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("actions.ngrok.oidc.identity.emial == 'x'", "column 28: actions.ngrok.oidc.identity.emial is not known here"),
        ("actions.ngrok.oidc.identity.emial == 'x'", "Did you mean actions.ngrok.oidc.identity.email?"),
        ("req.method == 'GET' &&\n  req.metod == 'x'", "line 2, column 6: req.metod is not known here. Did you mean"),
        ("oidc.group == ['a']", "Did you mean oidc.groups?"),
        ("oidc.email == 'x'", "Expressions may name actions.ngrok.oidc.identity.email, "),
        ("req.method == 5", "column 12: found no matching overload for '_==_' applied to '(string, int)'"),
        ("req.headers['x'] == 'a'", "req.headers has a list of texts for each name: 'value' in req.headers['x-name']"),
        ("req.headers['X-Team'][0] == 'a'", "names of headers are in lower case here"),
        ("'X-Team' in req.headers", "names of headers are in lower case here"),
        ('req.headers["X-Team"].size() > 0', "names of headers are in lower case here"),
        ("oidc.groups == 'Staff'", "applied to '(list(string), string)'. Correct it."),
        ("req.method ==", "line 1, column 14: Syntax error"),
        ("req.method = 'GET'", "Syntax error"),
        ("", "Syntax error"),
        ("req.method", "it is neither true nor false, but STRING. Compare it."),
        ("oidc.claims", "but MAP"),
        (f"has({EMAIL})", "has(…) is for oidc.claims alone"),
        (f"!has({EMAIL})", "has(…) is for oidc.claims alone"),
        ("true", "the same for every request and every person"),
        ("1 / 0 == 1", "the same for every request and every person"),
        ("(" * 40 + "req.method == 'GET'" + ")" * 40, "nested too deeply. Write several expressions"),
        ("oidc.claims.a" + "[0]" * 50, "nested too deeply"),
        ("req.method == '" + "x" * 100_000 + "'", "exceeds codepoint limit"),
        (5, "must be an expression in CEL, as text"),
        (None, "must be an expression in CEL, as text"),
        ("req.method == '\ud800'", "must be an expression in CEL, as text"),
    ],
)
def test_an_expression_that_cannot_be_meant_stops_start_up(text: Any, says: str) -> None:
    assert says in refusal(text)


def test_a_capital_letter_elsewhere_is_no_header_name() -> None:
    assert holds("'Fizz' in req.headers['x'] && req.headers.x == ['Fizz']", asked(x="Fizz")) is True


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("actions.ngrok.oidc.identity.id == 'x'", "actions.ngrok.oidc.identity.provider_user_id"),
        ("actions.ngrok.oidc.identity.current_session_id == 'x'", "remove it"),
        ("actions.ngrok.oidc.identity_token == 'x'", "oidc.claims has what the tokens say"),
        ("actions.ngrok.oidc.access_token == 'x'", "oidc.claims"),
        ("actions.ngrok.oidc.session_timed_out", "idle_session_timeout"),
        ("actions.ngrok.oidc.error.code == 'x'", "remove it"),
        ("actions.ngrok.oauth.identity.email == 'x'", "Write actions.ngrok.oidc in its place"),
        ("actions.ngrok.log.metadata.x == 'x'", "openid-connect alone has results here"),
        ("hasReqHeader('X-Team')", "Write 'x-name' in req.headers"),
        ("getReqHeader('X-Team') == ['a']", "'value' in req.headers['x-name']"),
        ("getQueryParam('q') == ['a']", "go by req.url.path"),
        ("hasReqCookie('a')", "oidc.claims"),
        ("inCidrRange(conn.client_ip, '10.0.0.0/8')", "conn.client_ip.startsWith('10.')"),
        ("conn.client_ip.isPrivateIp()", "conn.client_ip.startsWith('10.')"),
        ("conn.geo.country_code == 'CH'", "conn.client_ip"),
        ("conn.ClientIP == '::1'", "Write conn.client_ip."),
        ("req.Method == 'GET'", "Write req.method."),
        ("req.url == 'https://a.example/'", "Write req.url.path."),
        ("req.url.raw_path == '/a'", "Write req.url.path."),
        ("req.url.host == 'a.example'", "Write req.host."),
        ("req.user_agent.is_bot", "req.headers['user-agent']"),
        ("req.cookies['a'][0].value == 'x'", "let the app do that"),
        ("req.method.lower() == 'get'", "Write lowerAscii()."),
        ("time.now > 'x'", "time of day"),
        ("vars.allowed == 'x'", "Write its value into the expression"),
        ("secrets.get('a', 'b') == 'x'", "no vault"),
        ("base64.decode('a') == b'x'", "oidc.claims"),
        ("rand.double() > 0.5", "remove it"),
        ("res.status_code == 200", "before there is an answer"),
        ("endpoint.url == 'x'", "Write req.host."),
        ("hash.md5('a') == 'b'", "Texts have lowerAscii, "),
    ],
)
def test_what_ngrok_knows_and_the_gate_does_not_is_told_with_what_to_write_instead(text: str, instead: str) -> None:
    assert instead in refusal(text)


@pytest.mark.parametrize("name", _INSTEAD)
def test_every_name_with_advice_is_unknown_here(name: str) -> None:
    text = f"{name} == 'x'" if "." in name or name.islower() else f"{name}('x') == 'x'"
    assert _INSTEAD[name] in refusal(text)


def test_without_the_extra_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from oidc_gate.access import expressions

    expressions._environment.cache_clear()
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    with pytest.raises(SettingsError, match=r"pip install 'oidc-gate\[cel\]'.* musl \(Alpine\)"):
        compiled("req.method == 'GET'", "policy.yaml")


# As a value


def test_rules_can_be_compared_copied_and_pickled() -> None:
    first = rule("req.method == 'GET'", answer=Answer(403))
    assert first == rule("req.method == 'GET'", answer=Answer(403))
    assert first != rule("req.method == 'POST'", answer=Answer(403))
    assert hash(first) == hash(rule("req.method == 'GET'", answer=Answer(403)))
    assert "GET" in repr(first)
    for other in (copy.deepcopy(first), pickle.loads(pickle.dumps(first))):
        assert other == first
        assert other.holds(asked(), None) is True


def test_one_rule_answers_many_threads_at_once() -> None:
    mixed = rule("req.url.path == oidc.claims.home && oidc.groups.exists(g, g == req.method)")

    def wrong(number: int) -> list[str]:
        found = []
        for turn in range(300):
            path = f"/{number}/{turn}"
            identity = person(home=path, groups=["GET"])
            if mixed.holds(asked(path), identity) is not True or mixed.holds(asked("/"), identity) is not False:
                found.append(path)
        return found

    with ThreadPoolExecutor(8) as pool:
        assert [path for found in pool.map(wrong, range(8)) for path in found] == []
