"""Rules with expressions in an ngrok Traffic Policy: what becomes of them, and which policies are refused."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from oidc_gate import SettingsError
from oidc_gate.access.expressions import Answer, Conditional
from oidc_gate.settings import from_config_file, from_traffic_policy
from tests.test_expressions import EMAIL, asked, person

CONFIG = {"issuer_url": "https://id.example.com", "client_id": "the-app", "client_secret": "the-secret-of-the-client"}
LOGIN: dict[str, Any] = {"type": "openid-connect", "config": CONFIG}
DENY = {"type": "deny"}
STRANGERS = f"!{EMAIL}.endsWith('@example.com')"


def rule(*actions: dict[str, Any], expressions: Any = None, **more: Any) -> dict[str, Any]:
    return {"actions": list(actions), **({} if expressions is None else {"expressions": expressions}), **more}


def read(folder: Path, *rules: Any, **phases: Any) -> dict[str, Any]:
    file = folder / "policy.json"
    file.write_text(json.dumps({"on_http_request": list(rules), **phases}))
    return from_traffic_policy(file)


def conditionals(folder: Path, *rules: Any) -> tuple[Conditional, ...]:
    found = read(folder, *rules)
    assert {name: value for name, value in found.items() if name != "rules"} == CONFIG
    return tuple(found["rules"])


PLAIN = ("content-type", "text/plain; charset=utf-8")


def plain(status: int, body: bytes = b"") -> Answer:
    return Answer(status, (PLAIN,), body)


def answer_of(folder: Path, kind: str, config: Any = None) -> Answer | None:
    action = {"type": kind} if config is None else {"type": kind, "config": config}
    (found,) = conditionals(folder, rule(LOGIN), rule(action, expressions=[STRANGERS]))
    return found.answer


# What becomes of them


def test_rules_stand_beside_the_settings_in_their_order(tmp_path: Path) -> None:
    found = conditionals(
        tmp_path,
        rule({"type": "log"}),
        rule(LOGIN, expressions=["req.url.path != '/health'"], name="sign in"),
        rule(DENY, expressions=[STRANGERS, "req.method == 'POST'"]),
        rule(
            {"type": "custom-response", "config": {"status_code": 404}}, {"type": "log"}, expressions=["oidc.claims.x"]
        ),
    )
    assert [each.name for each in found] == [
        "rule 2 (openid-connect) of policy.json",
        "rule 3 (deny) of policy.json",
        "rule 4 (custom-response) of policy.json",
    ]
    assert [each.answer for each in found] == [None, plain(403), plain(404)]
    assert [each.reads_request for each in found] == [True, True, False]
    assert [[expression.text for expression in each.expressions] for each in found] == [
        ["req.url.path != '/health'"],
        [STRANGERS, "req.method == 'POST'"],
        ["oidc.claims.x"],
    ]


@pytest.mark.parametrize("none", [None, []])
def test_a_policy_without_expressions_has_no_rules(none: Any, tmp_path: Path) -> None:
    assert read(tmp_path, rule(LOGIN, expressions=none)) == CONFIG
    assert read(tmp_path, rule({"type": "log"}, expressions=["unknown.to.us"]), rule(LOGIN)) == CONFIG


@pytest.mark.parametrize("kind", ["openid-connect", "oidc"])
def test_expressions_of_the_openid_connect_rule_say_for_which_requests_login_applies(kind: str, tmp_path: Path) -> None:
    (found,) = conditionals(
        tmp_path,
        rule(LOGIN | {"type": kind}, expressions=["!req.url.path.startsWith('/hooks/')", "req.method != 'HEAD'"]),
    )
    assert found.answer is None
    assert found.holds(asked("/page"), None) is True
    assert found.holds(asked("/hooks/github"), None) is False
    assert found.holds(asked("/page", "HEAD"), None) is False


def test_a_later_rule_keeps_people_out(tmp_path: Path) -> None:
    (found,) = conditionals(tmp_path, rule(LOGIN), rule(DENY, expressions=[STRANGERS]))
    assert found.holds(asked(), person(email="bob@other.example")) is True
    assert found.holds(asked(), person()) is False
    assert found.holds(asked(), person(email_verified=False)) is None
    assert not found.reads_request


def test_a_policy_in_yaml_may_be_the_configuration_file(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(
        """
on_http_request:
  - actions: [{type: oidc, config: {client_id: the-app}}]
  - expressions:
      - req.url.path.startsWith('/admin')
      - "!('Admins' in oidc.groups)"
    actions: [{type: custom-response, config: {status_code: 403, body: Admins only, headers: {retry-after: 60}}}]
"""
    )
    (found,) = from_config_file(file)["rules"]
    assert found.answer == Answer(
        403, (("retry-after", "60"), ("content-type", "text/plain; charset=utf-8")), b"Admins only"
    )
    assert found.holds(asked("/admin/users"), person(groups=["Staff"])) is True
    assert found.holds(asked("/admin/users"), person(groups=["Admins"])) is False
    assert found.holds(asked("/"), person()) is False


@pytest.mark.parametrize("text", [STRANGERS, "!oidc.claims.staff", "! oidc.claims.staff"])
def test_a_not_without_quotes_which_yaml_takes_for_a_tag_or_drops_is_told(text: str, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(f"on_http_request:\n  - expressions:\n      - {text}\n")
    with pytest.raises(SettingsError, match=r"line 3, .*\. A text that begins with ! has to stand in quotes\."):
        from_traffic_policy(file)


def test_login_that_depends_on_headers_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="oidc_gate"):
        read(tmp_path, rule(LOGIN, expressions=["!('x-probe' in req.headers)"]))
        read(tmp_path, rule(LOGIN), rule(DENY, expressions=["'x-probe' in req.headers"]))
    (record,) = caplog.records
    assert record.getMessage().endswith(
        "rule 1 (openid-connect) goes by headers: whoever sends the right ones passes without signing in"
    )


# Answers


@pytest.mark.parametrize(
    ("kind", "config", "expected"),
    [
        ("deny", None, plain(403)),
        ("deny", {"status_code": 404}, plain(404)),
        ("custom-response", None, plain(200)),
        ("custom-response", {}, plain(200)),
        (
            "custom-response",
            {"status_code": 302, "headers": {"Location": "https://a.example/"}},
            Answer(302, (("location", "https://a.example/"), PLAIN)),
        ),
        (
            "custom-response",
            {"status_code": 403, "body": "Grüße"},
            Answer(403, (("content-type", "text/plain; charset=utf-8"),), "Grüße".encode()),
        ),
        ("custom-response", {"content": "old"}, Answer(200, (("content-type", "text/plain; charset=utf-8"),), b"old")),
        (
            "custom-response",
            {"body": "<html><body>No</body></html>"},
            Answer(200, (("content-type", "text/html; charset=utf-8"),), b"<html><body>No</body></html>"),
        ),
        (
            "custom-response",
            {"body": "\n<!DOCTYPE html>"},
            Answer(200, (("content-type", "text/html; charset=utf-8"),), b"\n<!DOCTYPE html>"),
        ),
        (
            "custom-response",
            {"body": '{"error": "no"}'},
            Answer(200, (("content-type", "application/json"),), b'{"error": "no"}'),
        ),
        ("custom-response", {"body": "5"}, Answer(200, (("content-type", "text/plain; charset=utf-8"),), b"5")),
        (
            "custom-response",
            {"body": "[" * 5000},
            Answer(200, (("content-type", "text/plain; charset=utf-8"),), b"[" * 5000),
        ),
        (
            "custom-response",
            {"body": "<p>x", "headers": {"Content-Type": "text/plain"}},
            Answer(200, (("content-type", "text/plain"),), b"<p>x"),
        ),
        ("custom-response", {"status_code": 204, "body": "", "headers": None}, Answer(204)),
    ],
)
def test_an_answer_is_read_as_ngrok_writes_it(kind: str, config: Any, expected: Answer, tmp_path: Path) -> None:
    assert answer_of(tmp_path, kind, config) == expected


@pytest.mark.parametrize(
    ("kind", "config", "says"),
    [
        ("deny", "x", "its config must be a map"),
        ("deny", {"body": "no"}, "body has no effect in its config, which may have status_code."),
        ("custom-response", {"status": 403}, "may have body, content, headers, status_code."),
        ("deny", {"status_code": "403"}, "status_code must be a number from 200 to 599"),
        ("deny", {"status_code": True}, "status_code must be a number"),
        ("deny", {"status_code": 101}, "status_code must be a number"),
        ("deny", {"status_code": 600}, "status_code must be a number"),
        (
            "custom-response",
            {"body": "Hello ${actions.ngrok.oidc.identity.name}"},
            "Write what is to be answered as plain",
        ),
        ("custom-response", {"headers": {"location": "${req.url}"}}, "the app has to say"),
        ("custom-response", {"body": "a", "content": "b"}, "body and content are both given; keep body"),
        ("custom-response", {"body": {"error": "no"}}, "what is to be JSON stands in quotes"),
        ("custom-response", {"body": "\ud800"}, "body must be text"),
        ("custom-response", {"status_code": 204, "body": "x"}, "an answer of status 204 has no body"),
        ("custom-response", {"status_code": 304, "headers": {"content-type": "a/b"}}, "status 304 has no content-type"),
        ("custom-response", {"headers": ["a"]}, "headers must be a map of names to texts"),
        ("custom-response", {"headers": {"a b": "x"}}, "'a b' is none"),
        ("custom-response", {"headers": {"a": None}}, "'a' is none"),
        ("custom-response", {"headers": {"a": True}}, "'a' is none"),
        ("custom-response", {"headers": {"a": "x\r\nset-cookie: b=c"}}, "one line of printable ASCII"),
        ("custom-response", {"headers": {"a": "ü"}}, "one line of printable ASCII"),
        ("custom-response", {"headers": {"Content-Length": "5"}}, "Content-Length is the server's own. Remove it"),
        ("custom-response", {"headers": {"a": "1", "A": "2"}}, "A stands twice"),
    ],
)
def test_an_answer_that_cannot_be_given_stops_start_up(kind: str, config: Any, says: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        answer_of(tmp_path, kind, config)
    assert f"policy.json: rule 2 ({kind}): " in str(raised.value)
    assert says in str(raised.value)


# What is refused

REWRITE = {"type": "url-rewrite", "config": {"from": "/a", "to": "/b"}}


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        pytest.param(
            [rule(DENY, expressions=[STRANGERS]), rule(LOGIN)],
            "rule 1 (deny) stands before the openid-connect action, where nobody has signed in yet. Put it after",
            id="deny before login",
        ),
        pytest.param(
            [rule({"type": "custom-response"}), rule(LOGIN)], "rule 1 (custom-response) stands before", id="answer"
        ),
        pytest.param([rule(DENY)], "rule 1 (deny) stands before", id="deny without login"),
        pytest.param(
            [rule(LOGIN), rule(DENY)], "rule 2 (deny) has no expressions, so that nobody could pass", id="for all"
        ),
        pytest.param(
            [rule(LOGIN), rule(DENY, expressions=[])], "nobody could pass. Say for whom", id="empty expressions"
        ),
        pytest.param(
            [rule(LOGIN), rule(DENY, expressions=["true"])],
            "rule 2 (deny), expression 1: it is the same for every",
            id="a constant",
        ),
        pytest.param([rule(LOGIN, expressions=["false"])], "it is the same for every request", id="login for nobody"),
        pytest.param(
            [rule(LOGIN, DENY, expressions=["req.method == 'GET'"])],
            "rule 1 (deny) has openid-connect in the same rule. Put each into a rule of its own, deny with expr",
            id="login and deny in one rule",
        ),
        pytest.param(
            [rule(LOGIN), rule(DENY, {"type": "custom-response"}, expressions=[STRANGERS])],
            "(custom-response) has deny in the same rule",
            id="two answers",
        ),
        pytest.param([rule(LOGIN, LOGIN)], "it has 2. Remove one", id="two logins in one rule"),
        pytest.param([rule(LOGIN), rule(LOGIN)], "it has 2.", id="two logins"),
        pytest.param(
            [rule(LOGIN, expressions=["oidc.claims.x"])],
            "before anybody has signed in: its expressions may read req.method, ",
            id="login by the person",
        ),
        pytest.param(
            [rule(LOGIN), rule(DENY, expressions=[STRANGERS, "req.metod == 'x'"])],
            "rule 2 (deny), expression 2, line 1, column 4: req.metod is not known here",
            id="a misspelt name",
        ),
        pytest.param(
            [rule(LOGIN), rule(DENY, expressions="true")], "expressions of rule 2 (deny) must be a list", id="text"
        ),
        pytest.param([rule(LOGIN), rule(DENY, expressions={"a": "b"})], "must be a list of texts", id="a map"),
        pytest.param([rule(LOGIN), rule(DENY, expressions=[True])], "must be an expression in CEL", id="a truth value"),
        pytest.param(
            [rule(LOGIN), rule(DENY | {"expressions": [STRANGERS]}, expressions=["oidc.claims.x"])],
            "expressions has no effect beside the deny action's config",
            id="expressions in the action",
        ),
        pytest.param(
            [rule(REWRITE), rule(LOGIN, expressions=["req.url.path == '/b'"])],
            "reads req.url.path, which url-rewrite has changed before at ngrok",
            id="rewritten",
        ),
        pytest.param(
            [rule(LOGIN), rule(REWRITE, DENY, expressions=["req.url.path == '/b'"])],
            "Put the rule before url-rewrite",
            id="rewritten in the same rule",
        ),
        pytest.param(
            [rule({"type": "add-headers"}), rule(LOGIN), rule(DENY, expressions=["'x' in req.headers"])],
            "reads req.headers, which add-headers has changed",
            id="headers added",
        ),
        pytest.param(
            [rule({"type": "remove-headers"}), rule(LOGIN), rule(DENY, expressions=["'x' in req.headers"])],
            "reads req.headers, which remove-headers has changed",
            id="headers removed",
        ),
        pytest.param(
            [rule(LOGIN), rule({"type": "restrict-ips"})],
            "Remove it, and write deny after the openid-connect action, with an expression on conn.client_ip",
            id="addresses",
        ),
        pytest.param(
            [rule(LOGIN), rule({"type": "redirect"}, expressions=[STRANGERS])],
            "write custom-response with status_code 302",
            id="a redirect",
        ),
        pytest.param(
            [rule(LOGIN), rule({"type": "rate-limit"})], "allow_emails, allow_domains or allow_groups", id="rate"
        ),
        pytest.param(
            [rule({"type": "oidc", "config": CONFIG | {"rules": []}}), rule(DENY, expressions=[STRANGERS])],
            "has rules both with expressions and in the config",
            id="two kinds of rules",
        ),
    ],
)
def test_a_policy_that_would_be_followed_otherwise_than_at_ngrok_is_refused(
    rules: list[Any], says: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, *rules)
    assert says in str(raised.value)
    assert "policy.json" in str(raised.value)


@pytest.mark.parametrize("phase", ["on_tcp_connect", "on_http_response", "inbound"])
def test_what_keeps_people_out_in_another_phase_is_refused(phase: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"does not carry out the action 'deny'\. Remove it"):
        read(tmp_path, rule(LOGIN), **{phase: [rule(DENY, expressions=["true"])]})


def test_a_change_after_a_rule_or_of_something_else_is_none_to_it(tmp_path: Path) -> None:
    found = conditionals(
        tmp_path,
        rule({"type": "add-headers"}),
        rule(LOGIN, expressions=["req.url.path != '/health'"]),
        rule(DENY, expressions=["req.url.path == '/old'"]),
        rule(REWRITE),
        rule(DENY, expressions=[STRANGERS]),
    )
    assert len(found) == 3


def test_without_expressions_the_extra_is_not_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    from oidc_gate.access import expressions

    expressions._environment.cache_clear()
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    assert read(tmp_path, rule(LOGIN)) == CONFIG
    with pytest.raises(SettingsError, match=r"pip install 'oidc-gate\[cel\]'"):
        read(tmp_path, rule(LOGIN), rule(DENY, expressions=[STRANGERS]))
