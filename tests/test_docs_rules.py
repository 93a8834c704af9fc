"""docs/rules.md, docs/from-oauth2-proxy.md and docs/from-apache.md are true.

Every policy in them starts, or stops the start where the page says so. Every row of their tables that says who gets
what is asked of the gate in both worlds and of `oidc-gate explain`. Commands run as they stand, and say what is below.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from oidc_gate import Rule, Settings, SettingsError
from oidc_gate.command.cli import main
from oidc_gate.settings import read_duration
from tests.answers import Answer
from tests.apps import COOKIE_SECRET, echo
from tests.browser import Browser, World
from tests.conftest import StageFactory
from tests.documents import ROOT
from tests.providers.local import LocalProvider
from tests.stage import Stage, query, subject

pytestmark = pytest.mark.uncounted

PAGES = {name: (ROOT / "docs" / f"{name}.md").read_text() for name in ("rules", "from-oauth2-proxy", "from-apache")}
REQUIRED: dict[str, Any] = {
    "issuer_url": "https://issuer.test/",
    "client_id": "app",
    "client_secret": "s",
    "cookie_secret": COOKIE_SECRET,
}
A_BLOCK = re.compile(r"^( *)```(\w+)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
A_ROW = re.compile(
    r"^\| (nobody signed in|`\{[^`]*\}`)(?:, `signed_in = \"(\w+)\"`)?"
    r" \| `(\w+) (\S+)` \| `(\w+)` \| (\u2013|`[^`]+`) \|$"
)
THE_HEAD = "| who | asks for | verdict | rule |"
UNCHECKED = "?"
#: Blocks that begin with one of these comments are not policies that the gate can go by.
STOPS, TWO_PROVIDERS = "# stops the start", "# two providers"
CASES = re.compile(r"# (?:\w+\.)?cases\.toml\n")
IN_THE_WORLD = {200: "pass", 403: "refused"}
#: What the gate answers to a script that has no session, or not a good enough one.
BY_CODE = {"login_required": "login", "insufficient_user_authentication": "step_up"}


@dataclass
class Row:
    """One claim of a document: `who` are the claims of a person, None for nobody signed in.

    `signed_in`: how long ago they did, `""` where nobody says.
    """

    who: dict[str, Any] | None
    method: str
    target: str
    verdict: str
    rule: str | None
    signed_in: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.target).netloc if self.target.startswith("https:") else ""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path if self.host else self.target

    def claims(self, now: float) -> dict[str, Any]:
        """Return what the provider says of this person."""
        at = {"auth_time": int(now - read_duration(self.signed_in))} if self.signed_in else {}
        return {"sub": "ada-1815"} | (self.who or {}) | at


@dataclass
class Policy:
    """A block of settings, and what the document says of it."""

    page: str
    number: int
    text: str
    rows: list[Row] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.page}-{self.number}"

    @property
    def settings(self) -> dict[str, Any]:
        return tomllib.loads(self.text)

    @property
    def is_run(self) -> bool:
        """Whether a gate can go by it. With two providers that needs issue 14: until then it is read as TOML alone."""
        return not self.text.startswith((STOPS, TWO_PROVIDERS))

    def file(self, folder: Path) -> Path:
        """Write it with the required settings in front, as a person would have it."""
        path = folder / "gate.toml"
        path.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in REQUIRED.items()) + self.text)
        return path


def row_of(line: str) -> Row:
    found = A_ROW.match(line)
    assert found is not None, line
    who, signed_in, method, target, verdict, rule = found.groups()
    claims = None if who == "nobody signed in" else tomllib.loads("claims = " + who.strip("`"))["claims"]
    return Row(claims, method, target, verdict, None if rule == "\u2013" else rule.strip("`"), signed_in or "")


def row_of_case(case: dict[str, Any]) -> Row:
    asks = case.get("as"), case.get("method", "GET"), case["path"]
    return Row(*asks, case["verdict"], case.get("rule", UNCHECKED), case.get("signed_in", ""))


def parts_of(text: str) -> Iterator[tuple[str, str]]:
    """Yield the language and text of each block, and `row` for each row of a table that says who gets what."""
    at = 0
    for block in A_BLOCK.finditer(text):
        yield from rows_in(text[at : block.start()])
        yield block[2], re.sub(rf"^{block[1]}", "", block[3], flags=re.MULTILINE)
        at = block.end()
    yield from rows_in(text[at:])


def rows_in(text: str) -> Iterator[tuple[str, str]]:
    for table in text.split(THE_HEAD)[1:]:
        yield from (("row", line) for line in table.strip().split("\n\n")[0].splitlines()[1:])


def policies() -> list[Policy]:
    found: list[Policy] = []
    for page, text in PAGES.items():
        for language, part in parts_of(text):
            if language == "toml" and CASES.match(part):
                found[-1].rows += [row_of_case(case) for case in tomllib.loads(part)["cases"]]
            elif language == "toml":
                found.append(Policy(page, len(found) + 1, part))
            elif language == "row":
                found[-1].rows.append(row_of(part))
    return found


POLICIES = policies()
RUN = [policy for policy in POLICIES if policy.is_run]
each_policy = pytest.mark.parametrize("policy", RUN, ids=str)


def test_the_documents_hold_policies_and_say_what_comes_of_them() -> None:
    assert len(RUN) > 20
    assert sum(len(policy.rows) for policy in RUN) > 100
    assert [str(policy) for policy in POLICIES if policy.rows and not policy.is_run] == []


@each_policy
def test_every_policy_starts(policy: Policy, tmp_path: Path) -> None:
    settings = Settings.from_file(policy.file(tmp_path))
    assert len(settings.rules or ()) == len(policy.settings.get("rules", ()))


def test_a_policy_that_is_said_to_stop_the_start_does() -> None:
    (stops,) = [policy for policy in POLICIES if policy.text.startswith(STOPS)]
    with pytest.raises(SettingsError, match="reports") as told:
        Settings(**REQUIRED, **stops.settings)
    assert "everything" in str(told.value), "both rules are named"


def test_the_policy_for_two_providers_is_toml() -> None:
    """It can be run once there are several providers (issue 14)."""
    (policy,) = [policy for policy in POLICIES if policy.text.startswith(TWO_PROVIDERS)]
    acme, globex, rest = (rule["allow"] for rule in policy.settings["rules"])
    assert (acme, globex, rest) == ({"provider": "acme"}, {"provider": "globex"}, "nobody")


# Who gets what


def at(here: Stage, gate: Any, row: Row) -> Browser:
    """Return a browser at this gate, in which whoever the row is about has signed in.

    They did at a gate without rules, with which this one shares its sessions: so nothing has to be open to them here.
    """
    there = {"origin": f"https://{row.host or 'app.test'}", "validate": False}  # the validator knows no PROPFIND
    found = here.browser(gate, **there)
    if row.who is None:
        return found
    browser = here.browser(**there)
    claims = row.claims(here.clock())
    told = dict.fromkeys(("email", "email_verified", "groups", "auth_time"), ...) | claims
    with here.provider.fault("other_claims", **told):
        assert browser.navigate("/").status == 200
    found.cookies = browser.cookies
    return found


def verdict_of(answer: Answer) -> str:
    return IN_THE_WORLD[answer.status] if answer.status in IN_THE_WORLD else BY_CODE[answer.json()["error"]]


@each_policy
def test_the_gate_gives_each_what_the_document_says(policy: Policy, stage: StageFactory) -> None:
    here = stage(userinfo="never")
    gate = here.another_gate(**policy.settings)
    wrong = []
    for row in policy.rows:
        came = verdict_of(at(here, gate, row).fetch(row.path, row.method, headers={"Accept": "application/json"}))
        wrong += [] if came == row.verdict else [(row, came)]
    assert wrong == []


@each_policy
def test_explain_says_so_too(
    policy: Policy, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = str(policy.file(tmp_path))
    monkeypatch.chdir(tmp_path)
    wrong = []
    for row in policy.rows:
        who = ["--anonymous"]
        if row.who is not None:
            Path("who.json").write_text(json.dumps(row.claims(time())))
            who = ["--as", "who.json"]
        host = ["--host", row.host] if row.host else []
        status = main(["explain", row.method, row.path, *host, *who, "--json", "--config", config])
        said = json.loads(capsys.readouterr().out)
        expected = (row.verdict, said["rule"] if row.rule == UNCHECKED else row.rule, int(row.verdict != "pass"))
        came = (said["verdict"], said["rule"], status)
        wrong += [] if came == expected else [(row, came)]
    assert wrong == []


@each_policy
def test_the_rows_are_cases_for_explain_check(
    policy: Policy, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not policy.rows:
        return
    monkeypatch.chdir(tmp_path)
    Path("cases.toml").write_text("".join(case_of(row, f"who-{number}.json") for number, row in enumerate(policy.rows)))
    status = main(["explain", "--check", "cases.toml", "--config", str(policy.file(tmp_path))])
    assert status == 0, capsys.readouterr()


def case_of(row: Row, name: str) -> str:
    """Return the row as a case, in which the person stands in a file."""
    keys = {"method": row.method, "path": row.path, "verdict": row.verdict}
    keys |= {"host": row.host} if row.host else {}
    keys |= {"rule": row.rule or ""} if row.rule != UNCHECKED else {}
    if row.who is not None:
        Path(name).write_text(json.dumps(row.who))
        keys["as"] = name
        keys |= {"signed_in": row.signed_in} if row.signed_in else {}
    return "[[cases]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())


# The commands


def test_the_commands_run_as_they_stand_and_say_what_stands_below(tmp_path: Path) -> None:
    env = os.environ | {f"OIDC_GATE_{name.upper()}": value for name, value in REQUIRED.items()}
    env |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    ran = 0
    for language, part in parts_of(PAGES["rules"]):
        if named := re.match(r"# ([\w.]+)\n", part):
            (tmp_path / named[1]).write_text(part)
        if language != "console":
            continue
        said = ""
        for line in part.splitlines():
            if line.startswith("$ "):
                said += f"{line}\n" + run(line.removeprefix("$ "), tmp_path, env)
                ran += 1
        assert said == part
    assert ran >= 4


def run(command: str, folder: Path, env: dict[str, str]) -> str:
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert done.stderr == ""
    return done.stdout


def test_a_case_that_is_not_met_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config = str(RUN[0].file(tmp_path))
    Path("cases.toml").write_text('[[cases]]\npath = "/settings"\nverdict = "pass"\n')
    assert main(["explain", "--check", "cases.toml", "--config", config]) == 1
    assert "/settings" in capsys.readouterr().out


# The tables of keys and conditions


def table(page: str, head: str) -> list[list[str]]:
    """Return the cells of each row of the table that begins so."""
    rows = PAGES[page].split(f"\n{head}", 1)[1].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def test_every_key_of_a_rule_is_in_the_table() -> None:
    named = {row[0].strip("| `") for row in table("rules", "| key |")}
    assert named == {each.name for each in dataclasses.fields(Rule)}


@pytest.mark.parametrize("allow", [row[0].strip("| `") for row in table("rules", "| `allow =` |")])
def test_every_form_of_allow_is_read(allow: str) -> None:
    if "provider" in allow:
        return  # it names a second provider: issue 14
    rule = tomllib.loads(f'path = "/here"\nallow = {allow}')
    assert Settings(**REQUIRED, rules=[rule]).rules is not None


@pytest.mark.parametrize("row", table("rules", "| the rule |"), ids=lambda row: str(row[0]))
def test_what_is_said_to_stop_the_start_does(row: list[str]) -> None:
    """What stands in backticks in the second column is in the message."""
    rule = tomllib.loads(f"rule = {row[0].strip('| `')}")["rule"]
    with pytest.raises(SettingsError) as told:
        Settings(**REQUIRED, rules=[rule])
    assert [word for word in ["rule 1", *re.findall(r"`([^`]+)`", row[1])] if word not in str(told.value)] == []


@pytest.mark.parametrize("page", ["from-oauth2-proxy", "from-apache"])
def test_every_setting_that_a_table_names_is_one(page: str) -> None:
    heads = {"from-oauth2-proxy": "| oauth2-proxy | here |", "from-apache": "| Apache | here |"}
    cells = " ".join(row[1] for row in table(page, heads[page]))
    known = {each.name for each in dataclasses.fields(Settings)} | {each.name for each in dataclasses.fields(Rule)}
    known |= {"realm_access"}
    assert set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", cells)) - known == set()


# The laws and the pitfalls, where no table says so

STAFF = {"groups": ["Staff"]}
OPS_ALONE = {"path": "/admin", "allow": {"groups": "Ops"}}


def asked(here: Stage, gate: Any, row: Row, **options: Any) -> str:
    return verdict_of(at(here, gate, row).fetch(row.path, row.method, **options))


def test_a_header_that_overrides_the_method_makes_a_request_one_for_those_who_pass_everywhere(
    stage: StageFactory,
) -> None:
    here = stage(userinfo="never")
    rules = [
        {"path": "/api", "method": "DELETE", "allow": {"groups": "Admins"}},
        {"path": "/api", "allow": "signed-in"},
    ]
    gate = here.another_gate(rules=rules)
    row = Row(STAFF, "POST", "/api/7", "pass", None)
    assert asked(here, gate, row) == "pass"
    assert asked(here, gate, row, headers={"X-HTTP-Method-Override": "DELETE"}) == "refused"
    admin = Row({"groups": ["Admins"]}, "POST", "/api/7", "pass", None)
    assert asked(here, gate, admin, headers={"X-HTTP-Method-Override": "DELETE"}) == "pass"


def test_exact_is_literal(stage: StageFactory) -> None:
    here = stage(userinfo="never")
    gate = here.another_gate(rules=[{"exact": "/admin", "allow": {"groups": "Ops"}}])
    assert asked(here, gate, Row(STAFF, "GET", "/admin", "refused", None)) == "refused"
    assert asked(here, gate, Row(STAFF, "GET", "/admin/", "pass", None)) == "pass"


def test_a_websocket_is_a_get(provider: LocalProvider) -> None:
    here = Stage("asgi", provider, userinfo="never")
    gate = here.another_gate(rules=[{"path": "/live", "method": "GET", "allow": {"groups": "Ops"}}])
    refused = at(here, gate, Row(STAFF, "GET", "/live", "refused", None)).websocket("/live").denial
    assert refused is not None
    assert refused.status == 403
    assert at(here, gate, Row({"groups": ["Ops"]}, "GET", "/live", "pass", None)).websocket("/live").accepted


def test_a_true_preflight_passes_before_all_rules(stage: StageFactory) -> None:
    here = stage(userinfo="never", allow_cors_preflight=True, rules=[OPS_ALONE])
    headers = {"Origin": "https://other.test", "Access-Control-Request-Method": "POST"}
    assert here.browser().request("OPTIONS", "/admin", headers=headers, navigate=False).status == 200


def test_with_base_url_a_rule_for_another_host_stops_the_start() -> None:
    rule = {"host": "acme.example.com", "allow": "nobody"}
    with pytest.raises(SettingsError, match="rule 1"):
        Settings(**REQUIRED, base_url="https://www.example.com", rules=[rule])


def test_a_setting_below_a_rule_stops_the_start(tmp_path: Path) -> None:
    policy = Policy("here", 1, '[[rules]]\npath = "/a"\nallow = "signed-in"\nallow_domains = ["example.com"]\n')
    with pytest.raises(SettingsError, match="allow_domains"):
        Settings.from_file(policy.file(tmp_path))


def test_nobody_passes_whom_the_lists_keep_out(stage: StageFactory) -> None:
    here = stage(userinfo="never")
    rules = [{"path": "/open", "allow": "anyone"}, {"path": "/bob", "allow": {"emails": "bob@other.example"}}]
    gate = here.another_gate(allow_domains="example.com", rules=rules)
    bob = {"email": "bob@other.example", "email_verified": True}
    assert asked(here, gate, Row(bob, "GET", "/bob", "refused", None)) == "refused"
    assert asked(here, gate, Row(bob, "GET", "/open", "pass", None)) == "pass"


PAYROLL = {"path": "/payroll", "allow": "signed-in", "acr": ["phr", "phrh"], "max_age": "10m"}
WEAK = Row({"acr": "pwd"}, "GET", "/payroll", "step_up", None, "0s")


def test_a_page_that_wants_a_better_sign_in_asks_the_provider_for_it_once(stage: StageFactory) -> None:
    here = stage(userinfo="never")
    browser = at(here, here.another_gate(rules=[PAYROLL]), WEAK)
    sent = browser.get("/payroll")
    asked_for = query(sent.target)
    assert (sent.status, asked_for["acr_values"], asked_for["max_age"]) == (302, "phr phrh", "600")
    page = browser.follow(sent)
    assert page.status == 403
    assert [word for word in ("step_up_unmet", "phr", "phrh") if word not in page.text] == []


def test_a_program_and_a_form_are_told_that_a_better_sign_in_is_wanted(stage: StageFactory) -> None:
    here = stage(userinfo="never")
    browser = at(here, here.another_gate(rules=[PAYROLL]), WEAK)
    script = browser.fetch("/payroll")
    assert (script.status, script.json()["error"]) == (401, "insufficient_user_authentication")
    assert script.header("WWW-Authenticate").startswith('Bearer error="insufficient_user_authentication"')
    assert script.json()["login_url"].startswith("/oauth2/login?")
    form = browser.request("POST", "/payroll", form={"a": "b"})
    assert (form.status, form.header("Content-Type").partition(";")[0]) == (401, "text/html")


def test_somebody_else_who_comes_back_is_refused_and_the_session_stays(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(userinfo="never")
    browser = at(here, here.another_gate(rules=[PAYROLL]), WEAK)
    with provider.fault("other_claims", sub="somebody-else", acr="phr"):
        page = browser.navigate("/payroll")
    assert page.status == 403
    assert "step_up_other_person" in page.text
    assert subject(browser.fetch("/")) == "ada-1815"


def test_a_strangers_login_asks_for_it_at_once(stage: StageFactory) -> None:
    here = stage(userinfo="never", rules=[PAYROLL])
    sent = here.browser().get("/payroll")
    assert (sent.status, query(sent.target)["acr_values"]) == (302, "phr phrh")


def test_the_help_of_a_rule_stands_on_the_page(stage: StageFactory) -> None:
    (finance,) = [rule for policy in RUN for rule in policy.settings.get("rules", ()) if "help" in rule]
    here = stage(userinfo="never")
    page = at(here, here.another_gate(rules=[finance]), Row(STAFF, "GET", "/reports/finance", "refused", None))
    assert finance["help"] in page.get("/reports/finance").text


# Code


def test_rules_in_code_replace_those_of_the_file_and_the_environment_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = RUN[0].file(tmp_path)
    settings = Settings.from_file(config, rules=[Rule(path="/metrics", allow="nobody", name="metrics")])
    assert [rule.name for rule in settings.rules or ()] == ["metrics"]
    monkeypatch.setenv("OIDC_GATE_RULES", "/metrics")
    with pytest.raises(SettingsError, match="rules"):
        Settings.from_file(config)


def test_the_code_runs(world: World, provider: LocalProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    (program,) = [part for language, part in parts_of(PAGES["rules"]) if language == "python"]
    for name, value in provider.gate_options(cookie_secret=COOKIE_SECRET, userinfo="never").items():
        monkeypatch.setenv(f"OIDC_GATE_{name.upper()}", value)
    app = SimpleNamespace(wsgi_app=echo(world))
    exec(program.replace("oidc_gate.wsgi", f"oidc_gate.{world}"), {"app": app})
    guard = {"groups": ["Staff"], "shift": "night"}
    day = {"groups": ["Staff"], "shift": "day"}
    for claims, path, status in [(guard, "/pager", 200), (day, "/pager", 403), (guard, "/admin", 403)]:
        browser = Browser(app.wsgi_app, world)
        with provider.fault("other_claims", **claims):
            assert browser.navigate(path).status == status
    assert Browser(app.wsgi_app, world).navigate("/metrics").status == 403
