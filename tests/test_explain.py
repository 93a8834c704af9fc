"""`oidc-gate explain`: it says what the gate would do, and why; what it is asked wrongly is one sentence."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote

import pytest

from oidc_gate import Settings
from oidc_gate.access import REASONS
from oidc_gate.command import cli, explain
from oidc_gate.command.on_paper import PaperGate
from oidc_gate.errors import SettingsError
from oidc_gate.settings import from_config_file
from tests.apps import COOKIE_SECRET
from tests.browser import Browser, World
from tests.conftest import StageFactory
from tests.documents import ROOT
from tests.naive_rules import Asking
from tests.providers.local import LocalProvider
from tests.rule_gates import CLIENT, Refusals, RuleGate
from tests.stage import Stage, session_names
from tests.test_rules import AMBIGUOUS

Explain = Callable[..., tuple[int, str, str]]

POLICY = """
allow_domains = ["example.com"]
public_paths = ["/static"]

[[rules]]
name = "landing"
exact = "/"
allow = "anyone"

[[rules]]
name = "deletes"
path = "/api"
method = "DELETE"
allow = "nobody"

[[rules]]
name = "acme"
path = "/api"
host = "acme.test"
allow = { any = [{ groups = "Acme" }, { emails = "ops@example.com" }] }

[[rules]]
name = "finance"
path = ["/reports/finance", "/books"]
allow = { all = [
    { claims = { department = ["Finance", "Board"] } },
    { not = { groups = "Contractors*" } },
] }

[[rules]]
name = "pay"
path = "/pay"
allow = "signed-in"
acr = ["phr", "mfa"]
max_age = "10m"

[[rules]]
path = "/reports"
allow = "signed-in"
"""
ANN = {"email": "ann@example.com", "department": "Finance", "groups": ["Staff"]}
CONTRACTOR = ANN | {"groups": ["Contractors EU"]}
STRANGER = {"email": "eve@evil.test"}
NOW = 1_900_000_000.0


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand beside a policy, at a time that stands still, with none of our variables set."""
    for name in os.environ:
        if name.startswith("OIDC_GATE_"):
            monkeypatch.delenv(name)
    (tmp_path / "gate.toml").write_text(POLICY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OIDC_GATE_CONFIG", "gate.toml")
    monkeypatch.setattr(explain, "time", SimpleNamespace(time=lambda: NOW))
    return tmp_path


@pytest.fixture(name="asked")
def _asked(capsys: pytest.CaptureFixture[str]) -> Explain:
    """Ask, and return the exit status and what was written to stdout and stderr."""

    def ask(*arguments: str) -> tuple[int, str, str]:
        status = cli.main(["explain", *arguments])
        written = capsys.readouterr()
        return status, written.out, written.err

    return ask


def who(claims: dict[str, Any] | None) -> list[str]:
    """Return the arguments that name somebody with these claims."""
    if claims is None:
        return ["--anonymous"]
    Path("who.json").write_text(json.dumps(claims))
    return ["--as", "who.json"]


# What is said


def test_the_rule_that_decides_is_told_and_why(asked: Explain) -> None:
    status, out, err = asked("GET", "/reports/finance/q3?x=1#y", *who(CONTRACTOR))
    assert (status, err) == (1, "")
    assert (
        out
        == """\
403 not allowed    rule finance (gate.toml, line 22)
  reason=rule rule='finance' condition='not (group Contractors*)'
  public_paths  /static and below                             no match
  landing       exactly /                                     no match
  deletes       /api and below · DELETE                       no match
  acme          /api and below · acme.test                    no match
  finance       /reports/finance and below, /books and below  decides
    ✗ all of
      ✓ claim department Finance or Board        (Finance)
      ✗ not
        ✓ group Contractors*                     (Contractors EU)
  pay           /pay and below                                no match
  rule 6        /reports and below                            comes later
  door          ✓ allow_domains example.com                      (ann@example.com)
"""
    )


def test_programs_are_told_the_same_in_json(asked: Explain) -> None:
    status, out, _ = asked("GET", "/reports/finance", *who(CONTRACTOR), "--json")
    assert status == 1
    assert json.loads(out) == {
        "verdict": "refused",
        "rule": "finance",
        "where": "gate.toml, line 22",
        "reason": "rule",
        "condition": "not (group Contractors*)",
        "method": "GET",
        "path": "/reports/finance",
        "host": "localhost",
        "conditions": [
            {"condition": "allow_domains example.com", "result": "yes", "found": "ann@example.com"},
            {
                "condition": "all of (claim department Finance or Board; not (group Contractors*))",
                "result": "no",
                "found": None,
                "conditions": [
                    {"condition": "claim department Finance or Board", "result": "yes", "found": "Finance"},
                    {
                        "condition": "not (group Contractors*)",
                        "result": "no",
                        "found": None,
                        "conditions": [{"condition": "group Contractors*", "result": "yes", "found": "Contractors EU"}],
                    },
                ],
            },
        ],
    }


@pytest.mark.parametrize(
    ("method", "path", "claims", "status", "head"),
    [
        ("GET", "/static/x", None, 0, "passes    public_paths"),
        ("GET", "/", STRANGER, 0, "passes    rule landing (gate.toml, line 5)"),
        ("GET", "/reports/x", ANN, 0, "passes    rule 6 (gate.toml, line 37)"),
        ("GET", "/else", ANN, 0, "passes    no rule fits; the allow lists decide"),
        ("GET", "/else", STRANGER, 1, "403 not allowed    no rule fits; the allow lists decide"),
        ("GET", "/else", None, 1, "302 to sign in; a script gets 401    no rule fits; the allow lists decide"),
        ("delete", "/api/1", None, 1, "403 not allowed    rule deletes (gate.toml, line 10)"),
        ("GET", "/pay", None, 1, "302 to sign in; a script gets 401    rule pay (gate.toml, line 30)"),
        ("GET", "/pay", ANN, 1, "302 to sign in as the rule asks; a script gets 401    rule pay (gate.toml, line 30)"),
        ("POST", "/pay", None, 1, "401 to sign in; a form gets it as a page    rule pay (gate.toml, line 30)"),
        ("HEAD", "/else", None, 1, "302 to sign in; a script gets 401    no rule fits; the allow lists decide"),
        (
            *("PUT", "/pay", ANN, 1),
            "401 to sign in as the rule asks; a form gets it as a page    rule pay (gate.toml, line 30)",
        ),
        ("GET", "//", ANN, 1, "403 not allowed    no rule: the path is ambiguous"),
    ],
)
def test_the_first_line_has_the_status_and_the_rule(
    method: str, path: str, claims: dict[str, Any] | None, status: int, head: str, asked: Explain
) -> None:
    came, out, _ = asked(method, path, *who(claims))
    assert (came, out.splitlines()[0]) == (status, head)


@pytest.mark.parametrize(
    ("method", "path", "claims", "condition", "where"),
    [
        ("GET", "/books", ANN, None, "gate.toml, line 22"),
        ("GET", "/books", None, None, "gate.toml, line 22"),
        ("GET", "/else", ANN, None, None),
        ("GET", "/static", ANN, None, None),
        ("GET", "/else", STRANGER, "allow_domains example.com", None),
        ("GET", "/books", STRANGER, "allow_domains example.com", "gate.toml, line 22"),
        ("DELETE", "/api", ANN, "nobody", "gate.toml, line 10"),
        ("GET", "/pay", ANN | {"acr": "pwd"}, "signed in as phr or mfa (acr)", "gate.toml, line 30"),
        ("GET", "/pay", ANN | {"acr": "mfa"}, "signed in within 10 minutes (auth_time)", "gate.toml, line 30"),
        ("GET", "//", ANN, "deletes: nobody", None),
    ],
)
def test_json_names_the_condition_that_does_not_hold_and_where_the_rule_stands(
    method: str, path: str, claims: dict[str, Any] | None, condition: str | None, where: str | None, asked: Explain
) -> None:
    said = json.loads(asked(method, path, *who(claims), "--json")[1])
    assert (said["condition"], said["where"], said["method"], said["path"]) == (condition, where, method, path)


def test_json_has_the_host_as_the_gate_works_it_out(asked: Explain) -> None:
    def host(*arguments: str) -> str:
        found: str = json.loads(asked("GET", "/api?x", "--anonymous", "--json", *arguments)[1])["host"]
        return found

    assert host("--host", "ACME.test.:443") == "acme.test"
    Path("plain.toml").write_text('base_url = "https://app.test"\n')
    assert host("--host", "other.test", "--config", "plain.toml") == "app.test"


def test_headers_can_be_asked_with(asked: Explain) -> None:
    plain = ("GET", "/reports", *who(ANN))
    assert asked(*plain)[0] == asked(*plain, "--header", "X-Other: 1", "--header", "X-Other: 2")[0] == 0
    status, out, _ = asked(*plain, "--header", "X-HTTP-Method-Override: DELETE")
    assert status == 1
    assert "ambiguous: it cannot be told which path, or which method, the app goes by" in out


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("X-Other", "is not NAME:VALUE"),
        ("X Other: 1", "is not NAME:VALUE"),
        ("X-Other: a\nb", "is not NAME:VALUE"),
        ("host: a.test", "host is said with --host"),
        ("Cookie: a=b", "Cookie is said with --as-cookie"),
    ],
)
def test_a_header_that_cannot_be_is_refused(
    header: str, said: str, asked: Explain, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        asked("GET", "/x", "--anonymous", "--header", header)
    assert said in capsys.readouterr().err


def test_headers_of_one_name_come_together(asked: Explain) -> None:
    rule = {"actions": [{"type": "deny"}], "expressions": ["req.headers['x-other'] == ['1, 2']"]}
    login = {"actions": [{"type": "openid-connect", "config": {}}]}
    Path("policy.json").write_text(json.dumps({"on_http_request": [login, rule]}))
    os.environ.pop("OIDC_GATE_CONFIG")
    both = ("--header", "X-Other: 1", "--header", "x-other: 2", "--traffic-policy-file", "policy.json")
    out = asked("GET", "/x", *who(ANN), *both)[1]
    assert "✓ req.headers['x-other']" in out, out


def test_what_is_asked_of_the_sign_in_is_told_with_what_it_was(asked: Explain) -> None:
    weak = ANN | {"acr": "pwd", "auth_time": NOW - 3600}
    out = asked("GET", "/pay", *who(weak))[1]
    assert re.search(r"✗ signed in as phr or mfa \(acr\) +\(pwd\)\n", out)
    assert re.search(r"✗ signed in within 10 minutes \(auth_time\) +\(1 hour ago\)\n", out)
    assert "  reason=step_up rule='pay'\n" in out
    said = json.loads(asked("GET", "/pay", *who(ANN | {"acr": ["phr"], "auth_time": NOW}), "--json")[1])
    assert [(each["condition"], each["result"], each["found"]) for each in said["conditions"][2:]] == [
        ("signed in as phr or mfa (acr)", "no", None),
        ("signed in within 10 minutes (auth_time)", "yes", "0 seconds ago"),
    ]
    assert asked("GET", "/pay", *who(ANN | {"acr": "phr", "auth_time": NOW - 600}))[0] == 0
    assert asked("GET", "/pay", *who(ANN | {"acr": "phr", "auth_time": NOW - 601}))[0] == 1


def test_a_refusal_by_the_lists_shows_what_each_list_says(asked: Explain) -> None:
    groups = ",".join(f"g{number}" for number in range(8))
    lists = ("--set", f"allow_groups={groups}", "--set", "allow_emails=bob@other.test")
    status, out, _ = asked("GET", "/x", *who({"email": "eve@evil.test"}), *lists)
    assert status == 1
    assert [" ".join(line.split()) for line in out.split("door", 1)[1].splitlines()] == [
        "✗ one of the allow lists",
        "✗ allow_emails bob@other.test (eve@evil.test)",
        "✗ allow_domains example.com (eve@evil.test)",
        "? allow_groups g0, g1, g2, g3, g4 or 3 more claim_missing",
    ]
    (door,) = json.loads(asked("GET", "/x", *who(STRANGER), *lists, "--json")[1])["conditions"]
    assert [each["result"] for each in door["conditions"]] == ["no", "no", "unknown"]


def test_an_address_that_may_not_be_gone_by_is_told_as_such(asked: Explain) -> None:
    out = asked("GET", "/x", *who(ANN | {"email_verified": False}))[1]
    assert "  reason=email_unverified\n" in out
    assert re.search(r"door +\? allow_domains example.com +email_unverified\n", out)


def test_without_lists_that_is_said(asked: Explain) -> None:
    Path("open.toml").write_text("client_id = 'x'")
    assert asked("GET", "/x", *who(STRANGER), "--config", "open.toml")[1].splitlines() == [
        "passes    no rule fits; everybody signed in passes",
        "  reason=door",
        "  door  ✓ no allow lists",
    ]
    assert json.loads(asked("GET", "/x", *who(STRANGER), "--config", "open.toml", "--json")[1])["conditions"] == []
    assert asked("GET", "//x", *who(STRANGER), "--config", "open.toml")[0] == 0


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("//x", "'//' is in the path"),
        ("/a/../b", "'/../' is in the path"),
        ("/a%252fb", "'%2f' is in the path"),
        ("/API/x", "a rule's path is the same but for case"),
        ("/static%2fx", "'/static%2fx' has an encoded separator"),
        ("/a%2e", "'/a%2e' has an encoded separator"),
    ],
)
def test_an_ambiguous_path_says_why_and_what_each_rule_says(path: str, why: str, asked: Explain) -> None:
    status, out, _ = asked("GET", path, *who(ANN))
    assert status == 1
    assert f"  ambiguous: {why}" in out
    assert "  reason=path_ambiguous condition='deletes: nobody'\n" in out
    words = {line.split()[0]: line.split()[-1] for line in out.splitlines()[3:] if line[2] != " "}
    assert words["public_paths"] == words["landing"] == words["finance"] == words["rule"] == "yes"
    assert (words["deletes"], words["acme"], words["pay"]) == ("no", "no", "step-up")
    assert "    ✗ nobody\n" in out
    said = json.loads(asked("GET", path, *who(ANN), "--json")[1])
    assert (said["verdict"], said["rule"], said["reason"]) == ("refused", None, "path_ambiguous")
    found = {each["condition"]: each["result"] for each in said["conditions"]}
    assert (found["rule deletes"], found["rule finance"], found["rule pay"]) == ("no", "yes", "no")


def test_a_path_that_was_not_encoded_as_browsers_do_is_unclear(asked: Explain) -> None:
    out = asked("GET", "/\u00e9%2fb", "--anonymous")[1]
    assert "302 to sign in" in out
    assert "ambiguous: it cannot be told which path, or which method, the app goes by" in out
    assert "ambiguous" not in asked("GET", "/\u00e9", "--anonymous")[1]


def test_what_cannot_be_printed_is_escaped(asked: Explain) -> None:
    out = asked("GET", "/books", *who(ANN | {"department": "\x1b[2J\ud800\n"}))[1]
    assert r"(\x1b[2J\ud800\n)" in out


def test_a_terminal_that_cannot_show_the_marks_gets_words(
    asked: Explain, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    utf8 = asked("GET", "/books", *who(CONTRACTOR | {"department": "Finanç"}))[1]
    held = io.BytesIO()
    written = io.TextIOWrapper(held, encoding="ascii")
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", written)
        cli.main(["explain", "GET", "/books", "--as", "who.json"])
        written.flush()
    out = held.getvalue().decode("ascii")
    assert "✗ all of" in utf8
    assert "no all of" in out
    assert "/api and below | DELETE" in out
    assert r"(Finan\xe7)" in out


def test_a_stdout_that_does_not_say_its_encoding_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    assert cli.main(["explain", "--list"]) == 0
    assert "/api and below | DELETE" in written.getvalue()


def test_it_runs_as_a_program(folder: Path) -> None:
    Path("who.json").write_text(json.dumps(ANN))
    done = subprocess.run(
        [sys.executable, "-m", "oidc_gate", "explain", "GET", "/books", "--as", "-", "--config", "gate.toml"],
        input=json.dumps(ANN).encode(),
        capture_output=True,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "latin-1"},
        cwd=folder,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"yes claim department Finance or Board" in done.stdout


# It is what the gate does

CASES = [
    (method, raw, host, claims)
    for claims in (None, ANN, CONTRACTOR, STRANGER, ANN | {"acr": "mfa", "auth_time": NOW - 9}, {"groups": ["Acme"]})
    for method, raw, host in [
        ("GET", "/", "app.test"),
        ("GET", "/static/x", "app.test"),
        ("GET", "/static/%2e%2e/x", "app.test"),
        ("GET", "/static%2fx", "app.test"),
        ("DELETE", "/api/1", "app.test"),
        ("POST", "/api/1", "acme.test:443"),
        ("POST", "/api/1", "ACME.test"),
        ("POST", "/api/1", "other.test"),
        ("GET", "/reports/finance", "app.test"),
        ("GET", "/reports%2Ffinance/x", "app.test"),
        ("GET", "/reports/a%2Fb", "app.test"),
        ("GET", "/Reports/finance", "app.test"),
        ("HEAD", "/reports/%C3%A9t%C3%A9", "app.test"),
        ("GET", "/pay", "app.test"),
        ("GET", "/books;x/y", "app.test"),
        ("GET", "/anything%20else", "app.test"),
    ]
]


def test_explain_says_what_comes_of_a_request(world: World, asked: Explain) -> None:
    gate = RuleGate(world, cast("Any", SimpleNamespace(settings=from_config_file("gate.toml"))))
    refusals = Refusals()
    logging.getLogger("oidc_gate").addHandler(refusals)
    came_to = set()
    for method, raw, host, claims in CASES:
        refusals.said.clear()
        came = gate.outcome(gate.cookies(None if claims is None else {"sub": "s"} | claims), Asking(method, raw, host))
        arguments = (method, raw, "--host", host, *who(claims))
        status, out, _ = asked(*arguments)
        said = json.loads(asked(*arguments, "--json")[1])
        assert (said["verdict"], status) == (came, int(came != "pass")), (arguments, claims)
        words = out.splitlines()[1].strip()
        for message in refusals.said:
            why = re.sub(r"^not allowed \(reference \w+\): ", "", message)
            assert why.startswith(f"{words} method={method!r} path=")
        assert len(refusals.said) == (came == "refused")
        came_to.add((came, said["reason"]))
    assert {came for came, _ in came_to} == {"pass", "refused", "login", "step_up"}
    assert {reason for came, reason in came_to if came == "refused"} >= {"door", "rule", "nobody", "path_ambiguous"}


def test_no_path_is_read_otherwise_than_the_gate_reads_it(world: World) -> None:
    settings = Settings(**(CLIENT | {"cookie_secret": COOKIE_SECRET} | from_config_file("gate.toml")))
    gate = RuleGate(world, cast("Any", SimpleNamespace(settings=from_config_file("gate.toml"))))
    paper = PaperGate(settings, gate.clock)
    claims = {"sub": "s"} | ANN
    cookies, person = gate.cookies(claims), paper.person(claims)
    odd = {"/" + quote(path[1:], safe="/;\\") for path in AMBIGUOUS}
    odd |= {path.replace("/static", place) for path in odd for place in ("/reports", "/books", "/else", "/STATIC")}
    odd |= {path.replace("/", "%2F").replace("%2F", "/", 1) for path in odd}
    odd |= {f"/static/{quote(chr(code))}/x" for code in (*range(256), 0x2024, 0xFF0F, 0x212A)}
    for path in sorted(odd):
        for whose, opened in ((cookies, person), ("", None)):
            said = paper.explanation("GET", path, "app.test", opened)
            assert said.verdict.outcome == gate.outcome(whose, Asking("GET", path)), path
            assert said.text


SOME = {"name": "books", "path": "/books", "allow": {"groups": "Staff"}}
CLOSED = {"name": "closed", "path": "/closed", "allow": "nobody"}
EXPRESSIONS = """
on_http_request:
  - name: sign in
    expressions: ["!req.url.path.startsWith('/hooks')"]
    actions: [{type: openid-connect, config: {issuer_url: 'https://id.example.com', client_id: a, client_secret: b}}]
  - expressions: ["req.url.path == '/hooks/closed'"]
    actions: [{type: deny}]
"""
PLAIN = ["/", "/books", "/closed", "/closed/x", "/hooks/closed"]
ODD = ["//closed", "/x/%2e%2e/closed", "/closed;x", "/books;x", "/CLOSED"]
PREFLIGHT = [("Origin", "https://spa.example"), ("Access-Control-Request-Method", "PUT")]


@pytest.mark.parametrize("rules", [[], [SOME], [SOME, CLOSED], "expressions"], ids=["none", "some", "nobody", "policy"])
@pytest.mark.parametrize("lets", [True, False])
def test_of_preflights_explain_says_what_the_gate_does(world: World, tmp_path: Path, rules: Any, lets: bool) -> None:
    given: dict[str, Any] = CLIENT | {"cookie_secret": COOKIE_SECRET, "allow_cors_preflight": lets}
    if rules == "expressions":
        (tmp_path / "policy.yaml").write_text(EXPRESSIONS)
        given |= {"rules": from_config_file(tmp_path / "policy.yaml")["rules"]}
    elif rules:
        given |= {"rules": rules}
    gate = RuleGate(world, cast("Any", SimpleNamespace(settings=given)))
    paper = PaperGate(Settings(**given), gate.clock)
    claims = {"sub": "s", "groups": ["Others"]}
    cookies, person = gate.cookies(claims), paper.person(claims)
    passed = set()
    for path in PLAIN + ODD:
        for headers in (PREFLIGHT, PREFLIGHT[:1], [*PREFLIGHT, ("X-HTTP-Method-Override", "PUT")]):
            for method in ("OPTIONS", "GET"):
                for whose, opened in ((cookies, person), ("", None)):
                    said = paper.explanation(method, path, "app.test", opened, headers)
                    came = gate.outcome(whose, Asking(method, path), headers)
                    assert said.verdict.outcome == came, (method, path, headers, claims)
                    assert said.text
                    if said.rule == "allow_cors_preflight":
                        assert (came, opened, headers, method) == ("pass", None, PREFLIGHT, "OPTIONS")
                        passed.add(path)
    assert bool(passed) is lets
    assert rules != [SOME, CLOSED] or passed == ({"/", "/books", "/hooks/closed"} if lets else set())


def test_a_preflight_that_passes_is_told_as_such(asked: Explain, folder: Path) -> None:
    sent = [argument for name, value in PREFLIGHT for argument in ("--header", f"{name}: {value}")]
    arguments = ("OPTIONS", "/reports/finance", "--anonymous", *sent)
    assert asked(*arguments)[0] == 1
    (folder / "gate.toml").write_text("allow_cors_preflight = true\n" + POLICY)
    status, out, _ = asked(*arguments)
    assert status == 0
    first, second, third, *others = out.splitlines()
    assert first == "passes    allow_cors_preflight: a true preflight passes, in nobody's name"
    assert second == "  reason=rule rule='allow_cors_preflight'"
    assert third.split() == ["allow_cors_preflight", "true", "preflights", "decides"]
    assert not any(line.endswith("decides") for line in others)
    assert sum(line.endswith("comes later") for line in others) == 2
    said = json.loads(asked(*arguments, "--json")[1])
    assert (said["verdict"], said["rule"], said["reason"]) == ("pass", "allow_cors_preflight", "rule")
    assert said["where"] is said["condition"] is None
    status, out, _ = asked("OPTIONS", "/static%2fx", "--anonymous", *sent)
    assert (status, "path_ambiguous" in out) == (1, True), "a rule here is for nobody"


METADATA = "/.well-known/oauth-protected-resource"


@pytest.mark.parametrize("answers", ["gate", "app", "off"])
def test_of_the_metadata_of_programs_explain_says_what_the_gate_does(world: World, answers: str) -> None:
    bearer = {"bearer_audience": ["https://app.test/mcp"], "protected_resource_metadata": answers}
    given: dict[str, Any] = CLIENT | {"cookie_secret": COOKIE_SECRET, "allow_cors_preflight": True} | bearer
    given |= {"rules": [{"path": "/", "allow": "nobody"}]}
    gate = RuleGate(world, cast("Any", SimpleNamespace(settings=given)))
    paper = PaperGate(Settings(**given), gate.clock)
    own = 0
    for path in (METADATA, f"{METADATA}/", f"{METADATA}/mcp", f"{METADATA}/other", f"{METADATA}s", f"/x{METADATA}"):
        for method, headers in (("GET", []), ("POST", []), ("OPTIONS", PREFLIGHT)):
            try:
                said = paper.explanation(method, path, "app.test", None, headers).verdict.outcome
            except SettingsError as error:
                assert f"path {path} is the gate's own" in str(error)  # noqa: PT017
                assert "no rule has a say" in str(error)  # noqa: PT017
                came = gate.ask("", Asking(method, path), headers)
                assert came.status in (200, 204, 404, 405)
                assert gate.app.reached == []
                own += 1
            else:
                assert said == gate.outcome("", Asking(method, path), headers)
    assert own == (12 if answers == "gate" else 0)


def test_the_reasons_are_those_that_are_documented() -> None:
    told = "door rule claim_missing groups_overage email_unverified step_up path_ambiguous nobody"
    assert told.split() == list(REASONS)
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    table = page.split("| reason | why | what to do |\n")[1].split("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == set(REASONS)


def test_the_expressions_of_a_traffic_policy_are_shown(asked: Explain) -> None:
    login = {"type": "openid-connect", "config": {"allow_domains": ["example.com"], "public_paths": ["/static"]}}
    late = {"actions": [{"type": "deny"}], "expressions": ["oidc.claims.level > 3"]}
    teapot = {"type": "custom-response", "config": {"status_code": 418}}
    Path("policy.json").write_text(
        json.dumps(
            {
                "on_http_request": [
                    {"actions": [login], "expressions": ["req.url.path != '/health'"]},
                    {"actions": [teapot], "expressions": ["req.method == 'POST'"], "name": "no posts"},
                    late,
                ]
            }
        )
    )
    policy = ("--traffic-policy-file", "policy.json")

    def rows(*arguments: str) -> list[str]:
        return [" ".join(line.split()) for line in asked(*arguments, *policy)[1].splitlines()]

    os.environ.pop("OIDC_GATE_CONFIG")
    posted = rows("POST", "/x", *who(ANN | {"level": 3}))
    assert posted[0].startswith("418 as the Traffic Policy says")
    assert "✓ req.method == 'POST'" in posted
    got = rows("GET", "/x", *who(ANN | {"level": 3}))
    assert got[0].startswith("passes")
    assert [line for line in got if line.startswith(("✓", "✗", "?"))] == [
        "✓ req.url.path != '/health'",
        "✗ req.method == 'POST'",
        "✗ oidc.claims.level > 3",
    ]
    untold = rows("GET", "/x", *who(ANN))
    assert untold[0].startswith("403 not allowed")
    assert any(line.startswith("? oidc.claims.level > 3") for line in untold)
    assert rows("GET", "/static", "--anonymous")[3].endswith("not asked")
    assert rows("GET", "/health", "--anonymous")[0].startswith("403")
    assert rows("GET", "/x", "--anonymous")[0].startswith("302")
    assert rows("--list", "--anonymous")[-1] == "no rule all else: expressions decide, by the request"


# All rules


def test_all_rules_are_listed(asked: Explain) -> None:
    status, out, err = asked("--list")
    assert (status, err) == (0, "")
    assert (
        out
        == """\
public_paths  /static and below
landing       exactly /
deletes       /api and below · DELETE
acme          /api and below · acme.test
finance       /reports/finance and below, /books and below
pay           /pay and below
rule 6        /reports and below
no rule       all else
"""
    )
    rows = {row["rule"]: row for row in json.loads(asked("--list", "--json")[1])}
    assert sorted(rows[None]) == ["rule", "scope"]
    assert (rows["public_paths"]["where"], rows["public_paths"]["condition"]) == (None, "anyone")
    assert (rows["deletes"]["where"], rows["deletes"]["condition"]) == ("gate.toml, line 10", "nobody")
    assert rows["finance"]["condition"].startswith("all of (claim department Finance or Board;")


def test_the_rules_of_one_host_are_listed(asked: Explain) -> None:
    def names(*arguments: str) -> list[str]:
        return [line.split()[0] for line in asked("--list", *arguments)[1].splitlines()]

    assert "acme" in names("--host", "ACME.test:8443")
    assert [name for name in names() if name not in names("--host", "other.test")] == ["acme"]
    Path("hosts.toml").write_text('[[rules]]\nname = "acme"\nhost = "acme.test"\nallow = "signed-in"\n')
    of_hosts = ("--list", "--config", "hosts.toml")
    assert asked(*of_hosts)[1].splitlines()[-1].endswith("all else")
    assert asked(*of_hosts, "--host", "acme.test")[1].splitlines()[-1].endswith("nothing is left")
    assert asked(*of_hosts, "--host", "b.test")[1] == "no rule  every path\n"
    assert "host a b is malformed" in asked(*of_hosts, "--host", "a b")[2]


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        (
            CONTRACTOR,
            [
                *("yes", "yes", "no (nobody)", "no (rule: group Acme)", "no (rule: not (group Contractors*))"),
                *("needs step-up", "yes", "yes"),
            ],
        ),
        (STRANGER, ["yes", "yes", "no (nobody)", *["no (door: not in allow_domains example.com)"] * 5]),
        (
            {"groups": ["Acme"]},
            ["yes", "yes", "no (nobody)", *["no (claim_missing: email, for allow_domains example.com)"] * 5],
        ),
        (
            ANN | {"email_verified": False},
            ["yes", "yes", "no (nobody)", *["no (email_unverified: email, for allow_domains example.com)"] * 5],
        ),
        (None, ["yes", "yes", "no (nobody)", *["needs login"] * 5]),
    ],
)
def test_all_rules_are_listed_with_what_they_say_of_a_person(
    claims: dict[str, Any] | None, words: list[str], asked: Explain
) -> None:
    status, out, _ = asked("--list", *who(claims))
    assert status == 0
    assert [line[60:] for line in out.splitlines()] == words
    rows = json.loads(asked("--list", "--json", *who(claims))[1])
    assert [row["rule"] for row in rows][-2:] == ["rule 6", None]
    assert {row["verdict"] for row in rows} <= {"pass", "refused", "login", "step_up"}
    assert {row["reason"] for row in rows} <= set(REASONS)
    finance = next(row for row in rows if row["rule"] == "finance")
    assert [each["condition"] for each in finance["conditions"]][: 1 if claims else 0] == (
        ["allow_domains example.com"] if claims else []
    )


def test_the_list_says_which_claims_the_lists_miss(asked: Explain) -> None:
    lists = ("--set", "allow_groups=Ops", "--set", "allow_emails=a@b.org", "--set", "groups_claim=roles")
    out = asked("--list", *who({}), *lists)[1].splitlines()[-1]
    assert out.endswith(
        "no (claim_missing: email, for allow_emails a@b.org and allow_domains example.com; roles, for allow_groups Ops)"
    )
    out = asked("--list", *who({"roles": ["Dev"], "email": "a@c.org"}), *lists)[1].splitlines()[-1]
    assert out.endswith("no (door: not in allow_emails a@b.org, allow_domains example.com or allow_groups Ops)")


def test_the_row_for_no_rule_says_when_there_is_nothing_left_for_it(asked: Explain) -> None:
    Path("all.toml").write_text('[[rules]]\nname = "all"\nallow = "signed-in"\n')
    assert asked("--list", "--config", "all.toml")[1] == "all      every path\nno rule  nothing is left\n"
    Path("none.toml").write_text("client_id = 'x'")
    assert asked("--list", "--config", "none.toml", "--anonymous")[1] == "no rule  every path  needs login\n"


# Settings


@pytest.mark.parametrize(
    "more",
    [
        "",
        'client_secret_file = "/run/secrets/none"\ncookie_secret_file = "/run/secrets/none"\nca_bundle = "/none.pem"',
        'client_auth_method = "none"',
        'client_auth_method = "private_key_jwt"',
        'client_auth_method = "private_key_jwt"\nclient_private_key_file = "/run/secrets/none"',
        'session_store = "sqlite:////nowhere/at/all.db"',
        'session_store = "redis://127.0.0.1:1/0"\nscopes = ["offline_access"]',
    ],
)
def test_rules_can_be_asked_without_any_secret(more: str, asked: Explain) -> None:
    Path("bare.toml").write_text(f"{more}\n{POLICY}")
    assert asked("GET", "/books", *who(ANN), "--config", "bare.toml")[0] == 0


def test_secrets_that_are_there_are_read(asked: Explain, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("secret").write_text(COOKIE_SECRET)
    Path("file.toml").write_text(f'client_secret_file = "secret"\ncookie_secret_file = "secret"\n{POLICY}')
    assert asked("GET", "/books", *who(ANN), "--config", "file.toml")[0] == 0
    monkeypatch.setenv("OIDC_GATE_CLIENT_SECRET_FILE", "/run/secrets/none")
    monkeypatch.setenv("OIDC_GATE_CLIENT_AUTH_METHOD", "client_secret_post")
    monkeypatch.setenv("OIDC_GATE_COOKIE_SECRET_FILE", "secret")
    assert asked("GET", "/books", *who(ANN))[0] == 0
    assert asked("GET", "/books", *who(ANN), "--set", "client_auth_method=None")[0] == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ('issuer_url = "ftp://x"', "issuer_url must be a URL"),
        ('cookie_secret = "short"', "cookie_secret must have at least"),
        ('client_auth_method = "magic"', "client_auth_method must be one of"),
        ('cookie_secret_file = "."', "cookie_secret_file"),
        ("client_secret_file = 3", "client_secret_file"),
        ('allow_groups_file = "/none"', "allow_groups_file"),
        ('client_auth_method = "none"\nclient_secret = "x"', "client_secret has no use"),
        ('client_auth_method = "private_key_jwt"\nclient_secret = "x"', "client_secret has no use"),
    ],
)
def test_what_is_wrong_is_not_made_up_for(more: str, said: str, asked: Explain) -> None:
    Path("wrong.toml").write_text(f"{more}\n{POLICY}")
    status, out, err = asked("GET", "/books", *who(ANN), "--config", "wrong.toml")
    assert (status, out) == (2, "")
    assert said in err


def test_the_host_is_that_of_base_url_unless_it_is_said(asked: Explain) -> None:
    assert "acme " in asked("GET", "/api", "--anonymous", "--host", "acme.test")[1].split("decides")[0].splitlines()[-1]
    assert "decides" not in asked("GET", "/api", "--anonymous")[1]
    Path("base.toml").write_text(f'base_url = "https://acme.test:8443"\n{POLICY}')
    assert "decides" in asked("GET", "/api", "--anonymous", "--config", "base.toml")[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "METHOD PATH, or --list, or --check FILE"),
        (["GET", "/x", "--list"], "METHOD PATH, or --list, or --check FILE"),
        (["--list", "--check", "x"], "METHOD PATH, or --list, or --check FILE"),
        (["GET"], "METHOD and PATH, like GET /reports, and there is just GET. Of a request say who asks: --as FILE"),
        ([], "Of a request say who asks: --as FILE with claims in JSON, --as-cookie FILE, --token FILE, or"),
        (["GET", "/x"], "oidc-gate: Of a request say who asks: --as FILE"),
        (["/x", "GET"], "METHOD comes before PATH: GET /x. Of a request say who asks"),
        (["/x", "--anonymous"], "there is just /x."),
        (["--check", "x", "--anonymous"], "from each case"),
        (["--check", "x", "--host", "a.test"], "from each case"),
        (["--check", "x", "--header", "a:b"], "from each case"),
        (["--list", "--header", "a:b"], "leave --header out"),
        (["/x", "GET", "--anonymous"], "METHOD comes before PATH: GET /x"),
        (["G@T", "/x", "--anonymous"], "method G@T is none, like GET"),
        (["GET", "x", "--anonymous"], "path x must begin with /"),
        (["GET", "https://a.test/x", "--anonymous"], "must begin with /"),
        (["GET", "/oauth2/login", "--anonymous"], "among the gate's own"),
        (["GET", "/%6fauth2/login", "--anonymous"], "among the gate's own"),
        (["GET", "/x", "--anonymous", "--host", "a b"], "oidc-gate: host a b is malformed"),
        (["GET", "/x", "--anonymous", "--config", "none.toml"], "none.toml cannot be read"),
        (["GET", "/x", "--as", "none.json"], "--as none.json cannot be read (No such file"),
        (["GET", "/x", "--as", "a\0b"], "cannot be read (not the path of a file)"),
        (["--check", "none.toml"], "--check none.toml cannot be read"),
    ],
)
def test_what_cannot_be_answered_is_one_sentence(arguments: list[str], said: str, asked: Explain) -> None:
    status, out, err = asked(*arguments)
    assert (status, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1


def test_only_one_person_can_ask(asked: Explain, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        asked("GET", "/x", "--anonymous", "--as", "a.json")
    assert "not allowed with" in capsys.readouterr().err


# Claims


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is not valid JSON"),
        ("{", "is not valid JSON"),
        ("[" * 100_000, "is not valid JSON"),
        ('{"x": NaN}', "NaN is no number"),
        ('{"x": 1e999}', "the claim x holds what JSON cannot hold"),
        ('{"x": ' + "[" * 60 + "]" * 60 + "}", "nested too deeply"),
        ("[]", "must be an object of claims"),
        ('"ann"', "must be an object of claims"),
        ('{"sub": 7}', "the claim sub must be text"),
        ('{"sub": ""}', "the claim sub must be text"),
        (b"\xff", "cannot be read (not UTF-8 text)"),
    ],
)
def test_claims_that_no_provider_sends(text: str | bytes, said: str, asked: Explain) -> None:
    Path("bad.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    status, out, err = asked("GET", "/x", "--as", "bad.json")
    assert (status, out) == (2, "")
    assert said in err


def test_claims_may_be_of_any_type_that_json_has(asked: Explain) -> None:
    claims: dict[str, Any] = {"a": 1, "b": 1.5, "c": True, "d": None, "e": ["x", {"y": [2]}], "f": {"g": {}}}
    claims |= {"email": 3, "groups": "Staff"}
    assert asked("GET", "/x", *who(claims))[0] == 1
    Path("bom.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(ANN).encode())
    assert asked("GET", "/x", "--as", "bom.json")[0] == 0


# Cookies


@pytest.fixture(params=["cookie", "sqlite", "deny-list"])
def store(request: pytest.FixtureRequest, folder: Path) -> dict[str, str]:
    """Return the settings of one that keeps sessions."""
    url = f"sqlite:///{folder}/sessions.db"
    return {"cookie": {}, "sqlite": {"session_store": url}, "deny-list": {"cookie_deny_list": url}}[request.param]


def flags(here: Stage) -> list[str]:
    """Return the arguments that set what the stage's gate has."""
    settings = here.provider.gate_options(**({"cookie_secret": COOKIE_SECRET} | here.settings))
    settings.pop("client_secret", None)  # it is not needed to open a cookie
    return [flag for name, value in settings.items() for flag in ("--set", f"{name}={value}")]


def header(browser: Browser) -> str:
    return "; ".join(["theme=dark", *(f"{name}={browser.cookies.get(name)}" for name in browser.cookies.names())])


@pytest.mark.parametrize("origin", ["https://app.test", "http://app.test"])
def test_a_cookie_is_opened_as_the_gate_opens_it(
    origin: str, stage: StageFactory, store: dict[str, str], asked: Explain, provider: LocalProvider
) -> None:
    here = stage(**store)
    browser = here.signed_in(origin=origin)
    (name,) = session_names(browser)
    sent = header(browser)
    for text in (sent, f"Cookie: {sent}\n", f"{name}={browser.cookies.get(name)}", f"{browser.cookies.get(name)}\n"):
        Path("cookie").write_text(text)
        status, out, err = asked("GET", "/x", "--as-cookie", "cookie", *flags(here))
        assert (status, err) == (0, "")
        assert "ada@example.com" in out


def test_a_cookie_may_come_from_stdin_and_lists_the_rules_too(
    stage: StageFactory, asked: Explain, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = stage(cookie_secret=f"another-one-{COOKIE_SECRET} {COOKIE_SECRET}")
    older = here.moved(here.browser(), here.another_gate(cookie_secret=COOKIE_SECRET))
    assert older.navigate("/").status == 200
    monkeypatch.setattr(sys, "stdin", io.StringIO(header(older)))
    status, out, _ = asked("--list", "--as-cookie", "-", *flags(here))
    assert status == 0
    assert out.splitlines()[-1].endswith("yes")


def test_a_cookie_that_opens_nothing_says_why(stage: StageFactory, store: dict[str, str], asked: Explain) -> None:
    here = stage(**store)
    browser = here.signed_in()
    (name,) = session_names(browser)
    half = f"{name}=2.{browser.cookies.get(name)}"

    def said(text: str, *more: str) -> str:
        Path("cookie").write_text(text)
        status, out, err = asked("GET", "/x", "--as-cookie", "cookie", *flags(here), *more)
        assert (status, out) == (2, "")
        return err

    for text in ("a=b", "", half, f"{header(browser)}; {header(browser)}", f"2.{browser.cookies.get(name)}"):
        assert "holds no whole session of this gate, whose cookie is __Host-oidc_gate.default-" in said(text), text
    assert "opens no session" in said(f"{name}=x{browser.cookies.get(name)}")
    assert "opens no session" in said("nonsense")
    assert "holds no whole session" in said(header(browser), "--set", "client_id=another")
    assert "cookie_secret_file" in said(header(browser), "--set", "cookie_secret_file=/none", "--set", "cookie_secret=")


def test_a_session_that_was_ended_opens_nothing(
    stage: StageFactory, store: dict[str, str], asked: Explain, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = stage(**store, max_session_duration="1h")
    browser = here.signed_in()
    Path("cookie").write_text(header(browser))
    assert asked("GET", "/x", "--as-cookie", "cookie", *flags(here))[0] == 0
    if store:
        browser.post("/oauth2/logout")
    else:
        monkeypatch.setattr(explain, "time", SimpleNamespace(time=lambda: NOW + 3601))
    status, out, err = asked("GET", "/x", "--as-cookie", "cookie", *flags(here))
    assert (status, out) == (2, "")
    assert "opens no session: it has ended" in err


def test_a_store_that_is_not_there_or_does_not_answer_is_no_refusal(stage: StageFactory, asked: Explain) -> None:
    here = stage(session_store="sqlite:///sessions.db")
    Path("cookie").write_text(header(here.signed_in()))
    elsewhere = ["--set", "session_store=sqlite:///other.db"]
    status, _, err = asked("GET", "/x", "--as-cookie", "cookie", *flags(here), *elsewhere)
    assert (status, "other.db is not there" in err) == (2, True)
    Path("other.db").write_text("no database at all, and long enough to be told from an empty one" * 20)
    status, _, err = asked("GET", "/x", "--as-cookie", "cookie", *flags(here), *elsewhere)
    assert (status, "the session store does not answer" in err) == (2, True)


def test_without_the_secrets_no_cookie_is_opened(asked: Explain) -> None:
    Path("cookie").write_text("x=y")
    for missing in ("issuer_url", "client_id", "cookie_secret"):
        given = {"issuer_url": "https://issuer.test", "client_id": "x", "cookie_secret": COOKIE_SECRET}
        given.pop(missing)
        sets = [flag for name, value in given.items() for flag in ("--set", f"{name}={value}")]
        status, _, err = asked("GET", "/x", "--as-cookie", "cookie", *sets)
        assert (status, f"{missing} is missing" in err) == (2, True)


# Expectations


def check(text: str, asked: Explain, *more: str) -> tuple[int, str, str]:
    Path("cases.toml").write_text(text)
    return asked("--check", "cases.toml", *more)


MET = """
[[cases]]
path = "/"
verdict = "pass"
rule = "landing"

[[cases]]
name = "contractors see no books"
method = "POST"
path = "/books"
as = "people/who.json"
verdict = "refused"
rule = "finance"
reason = "rule"

[[cases]]
path = "/else"
as = { email = "ann@example.com" }
verdict = "pass"
rule = ""

[[cases]]
path = "/api"
host = "acme.test"
verdict = "login"
rule = "acme"
"""


@pytest.fixture
def _people(folder: Path) -> None:
    (folder / "people").mkdir()
    (folder / "people" / "who.json").write_text(json.dumps(CONTRACTOR))


@pytest.mark.usefixtures("_people")
def test_expectations_that_are_met(asked: Explain, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(MET, asked) == (0, "4 cases: all as expected\n", "")
    assert json.loads(check(MET, asked, "--json")[1]) == {"cases": 4, "failures": []}
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    assert asked("--check", "../cases.toml", "--config", "../gate.toml")[0] == 0, "files are seen from the cases"


@pytest.mark.usefixtures("_people")
def test_expectations_that_are_not_met_say_what_came_and_why(asked: Explain) -> None:
    cases = MET + '[[cases]]\npath = "/books"\nas = "people/who.json"\nverdict = "pass"\nrule = ""\nreason = "door"\n'
    cases += '[[cases]]\nname = "who"\npath = "/else"\nverdict = "login"\nreason = "rule"\n'
    status, out, err = check(cases, asked)
    assert (status, err) == (1, "")
    assert (
        out
        == """\
case 5: GET /books
  expected  verdict pass, rule none, reason door
  came      verdict refused, rule finance, reason rule, condition not (group Contractors*)
case 6 who: GET /else
  expected  verdict login, reason rule
  came      verdict login, rule none, reason door
6 cases: 2 not as expected
"""
    )
    said = json.loads(check(cases, asked, "--json")[1])
    assert [failure["case"] for failure in said["failures"]] == ["case 5: GET /books", "case 6 who: GET /else"]
    assert said["failures"][0]["expected"] == {"verdict": "pass", "rule": None, "reason": "door"}
    assert said["failures"][0]["came"]["rule"] == "finance"
    assert check('[[cases]]\npath = "/x"\nverdict = "pass"\n', asked)[1].endswith("1 case: 1 not as expected\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x", "is not valid TOML"),
        ("a = " + "[" * 100_000, "is not valid TOML"),
        ("", "has no cases"),
        ("cases = 3", "has no cases"),
        ("[cases]", "has no cases"),
        ("cases = [3]", "case 1: must be a table"),
        ("[[case]]", "each case begins with [[cases]], not [[case]]."),
        ("case = 3", "each case begins with [[cases]]; case has no use here."),
        ('[[cases]]\npath = "/x"', "case 1: verdict is missing: one of pass, refused, login, step_up"),
        ('[[cases]]\npath = "/x"\nverdict = "allow"', "verdict: allow is none of pass, refused, login, step_up"),
        ('[[cases]]\npath = "/x"\nverdict = "refusd"', "Did you mean refused?"),
        ('[[cases]]\npath = "/x"\nverdict = 3', "verdict must be a text"),
        ('[[cases]]\npath = "/x"\nverdict = "pass"\nrule = "finanse"', "finanse is none of public_paths, landing"),
        ('[[cases]]\npath = "/x"\nverdict = "pass"\nreason = "x"', "reason: x is none of door, rule"),
        ('[[cases]]\npath = "/x"\nverdict = "pass"\nwho = "x"', "who is no key of a case"),
        ('[[cases]]\npath = "/x"\nverdict = "pass"\nverdit = "x"', "Did you mean verdict?"),
        ('[[cases]]\npath = 3\nverdict = "pass"', "path must be a text"),
        ('[[cases]]\nverdict = "pass"', 'case 1: path is missing: what is asked for, like path = "/reports".'),
        ('[[cases]]\npath = "/x"\nverdict = "pass"\nmethod = "/x"', "case 1: method /x is none, like GET."),
        ('[[cases]]\npath = "/x"\nverdict = "pass"\ngroups = ["a"]', "groups belongs into as, with all that is known"),
        ('[[cases]]\npaht = "/x"\nverdict = "pass"', "paht is no key of a case. Did you mean path? There are name, me"),
        ('[[cases]]\npath = "/x"\nverdict = "pass"\nsigned_in = "5m"', "signed_in needs as: who has signed in; as = {"),
        ('[[cases]]\npath = "/x"\nverdict = "pass"\nas = {}\nsigned_in = "now"', "signed_in must be a duration:"),
        (
            '[[cases]]\npath = "/x"\nverdict = "pass"\nas = { auth_time = 1 }\nsigned_in = 5',
            "signed_in sets auth_time, and as has auth_time too; take one of them out.",
        ),
        ('[[cases]]\nname = "n"\npath = "x"\nverdict = "pass"', 'case 1 "n": path x must begin with /'),
        ('[[cases]]\npath = "/x"\nverdict = "pass"\nhost = 3', "host must be a text"),
        ('[[cases]]\npath = "/x"\nverdict = "pass"\nhost = "a b"', "case 1: host a b is malformed"),
        ('[[cases]]\npath = "/x"\nverdict = "pass"\nas = "none.json"', "case 1: as: there is no file none.json; a tex"),
        ('[[cases]]\npath = "/x"\nverdict = "pass"\nas = "cases.toml"', "case 1: as cases.toml is not valid JSON: "),
        ('[[cases]]\npath = "/x"\nverdict = "pass"\nas = 3', "case 1: as must be a table of claims, like { email ="),
        ('[[cases]]\npath = "/x"\nverdict = "pass"\nas = { d = 2020-01-01 }', "claim d holds what JSON cannot hold"),
        ('[[cases]]\npath = "/x"\nverdict = "pass"\nas = { d = [{ e = nan }] }', "claim d holds what JSON cannot"),
    ],
)
def test_a_mistake_in_expectations_is_one_sentence(text: str, said: str, asked: Explain) -> None:
    status, out, err = check(text, asked)
    assert (status, out) == (2, "")
    assert said in err


def test_a_rule_that_is_expected_where_there_are_none(asked: Explain) -> None:
    Path("none.toml").write_text("client_id = 'x'")
    text = '[[cases]]\npath = "/x"\nverdict = "login"\nrule = "x"\n'
    assert 'there are no rules; "" stands for none' in check(text, asked, "--config", "none.toml")[2]


@pytest.mark.parametrize(
    ("signed_in", "verdict"),
    [
        ('"0s"', "pass"),
        ('"9m59s"', "pass"),
        ('"10m"', "pass"),
        ("600", "pass"),
        ("601", "step_up"),
        ('"1h"', "step_up"),
    ],
)
@pytest.mark.parametrize("now", [NOW, NOW + 0.25, NOW + 0.999])
def test_a_case_says_how_long_ago_somebody_has_signed_in(
    signed_in: str, verdict: str, now: float, asked: Explain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explain, "time", SimpleNamespace(time=lambda: now))
    text = f'[[cases]]\npath = "/pay"\nas = "ann.json"\nsigned_in = {signed_in}\nverdict = "{verdict}"\nrule = "pay"\n'
    Path("ann.json").write_text(json.dumps(ANN | {"acr": "phr"}))
    assert check(text, asked) == (0, "1 case: all as expected\n", "")


# Who reads


def test_whoever_reads_may_stop_before_the_end(folder: Path) -> None:
    """As `head -1` does; what is left is written nowhere, and no traceback is."""
    rules = "".join(f'[[rules]]\npath = "/{number}"\nallow = "signed-in"\n' for number in range(5000))
    Path("many.toml").write_text(rules)
    for command in (["explain", "--list", "--config", "many.toml"], ["secret"]):
        reading, writing = os.pipe()
        os.close(reading)
        try:
            done = subprocess.run(
                [sys.executable, "-m", "oidc_gate", *command],
                stdout=writing,
                stderr=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": str(ROOT)},
                cwd=folder,
                check=False,
            )
        finally:
            os.close(writing)
        assert (done.returncode, done.stderr) == (141, b"")


def test_a_stdout_that_breaks_and_is_no_file_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.StringIO):
        def flush(self) -> None:
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Broken())
    assert cli.main(["explain", "--list"]) == 141


def test_a_pipe_that_nobody_reads_is_written_to_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as written:
        monkeypatch.setattr(sys, "stdout", written)
        assert cli.main(["explain", "--list"]) == 141
        print("this goes nowhere", flush=True)


def test_without_a_stdout_nothing_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert cli.main(["secret"]) == 0
