"""docs/from-ngrok.md, done: every policy in it is read, and every row of its tables comes out as it says."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import pytest

from oidc_gate import SettingsError
from oidc_gate.access.expression_values import PERSON_TYPES, REQUEST_TYPES
from oidc_gate.access.expressions import compiled
from oidc_gate.command.cli import _parser
from oidc_gate.settings import from_traffic_policy
from oidc_gate.settings.policy_answers import ANSWERS
from oidc_gate.settings.traffic_policy import HARMLESS_ACTIONS
from tests.browser import World
from tests.documents import ROOT, page
from tests.naive_rules import Asking
from tests.rule_gates import RuleGate

PAGE = page("docs/from-ngrok.md")
TEXT, BLOCKS = PAGE.text, PAGE.blocks()
REQUIRED = {
    "issuer_url": "https://id.example.com",
    "client_id": "the-app",
    "client_secret": "the-secret-of-the-client",
}


class Case(NamedTuple):
    """A row of a table below a policy: who asks for what, and what comes of it."""

    section: str
    claims: dict[str, Any] | None
    method: str
    path: str
    expected: str


def sections() -> dict[str, str]:
    return {part.split("\n", 1)[0]: part for part in TEXT.split("\n## ")[1:]}


def cases() -> list[Case]:
    row = re.compile(r"^\| (nobody|`\{.*\}`) \| `(\w+) (\S+)` \| (pass|login|refused) \|$", re.MULTILINE)
    found = []
    for section, text in sections().items():
        for who, method, path, expected in row.findall(text):
            claims = None if who == "nobody" else json.loads(who.strip("`"))
            found.append(Case(section, claims, method, path, expected))
    return found


def block(section: str, language: str) -> str:
    (found,) = [each.text for each in PAGE.blocks(language) if each.section == section]
    return found


def outcome(world: World, settings: dict[str, Any], case: Case) -> str:
    """Return what comes of it at a gate with these settings, asked twice, so that what is remembered is judged too."""
    gate = RuleGate(world, cast("Any", SimpleNamespace(settings=settings)))
    cookies = gate.cookies(None if case.claims is None else {"sub": "ann-1"} | case.claims)
    statuses = {gate.ask(cookies, Asking(case.method, case.path)).status for _ in range(2)}
    came = {200: "pass", 401: "login", 403: "refused", 404: "refused"}  # a policy may answer 404 itself
    (status,) = statuses
    assert bool(gate.app.reached) is (status == 200)
    return came[status]


def read(folder: Path, policy: str) -> dict[str, Any]:
    file = folder / "policy.yaml"
    file.write_text(policy, encoding="utf-8")
    return from_traffic_policy(file)


def test_every_block_is_of_a_kind_that_is_run_here() -> None:
    assert [each.language for each in BLOCKS] == ["console", "console", *["yaml", "toml"] * 3, "yaml", "text"]
    assert len(cases()) == 24
    assert {case.section for case in cases()} == {
        "Only some domain",
        "Some pages for everybody, some for few",
        "By claims",
    }


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_policy_and_the_same_in_toml_do_what_the_table_says(world: World, case: Case, tmp_path: Path) -> None:
    settings = tomllib.loads(block(case.section, "toml"))
    policy = read(tmp_path, block(case.section, "yaml"))
    assert {name: policy[name] for name in REQUIRED} == {name: settings[name] for name in REQUIRED} == REQUIRED
    assert outcome(world, policy, case) == case.expected
    assert outcome(world, settings, case) == case.expected


def test_the_commands_are_those_of_the_command_line() -> None:
    install, secret, run = (line.removeprefix("$ ") for line in BLOCKS[0].text.splitlines())
    setup = configparser.ConfigParser(interpolation=None)
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = re.search(r"\[(.*)\]", install)
    assert extras is not None
    assert set(extras[1].split(",")) <= set(setup["options.extras_require"])
    assert "$(oidc-gate secret)" in secret
    arguments = _parser().parse_args(run.split()[1:])
    assert (arguments.target, arguments.traffic_policy_file) == ("myapp:app", "policy.yaml")


def test_the_names_are_those_that_expressions_may_have() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \| `(.*?)` \|", sections()["What expressions may name"], re.MULTILINE)
    assert dict(rows) == REQUEST_TYPES | PERSON_TYPES


def test_the_actions_are_those_that_are_carried_out_or_left_out() -> None:
    text = sections()["What becomes of each part"]
    assert {kind for kind in HARMLESS_ACTIONS | ANSWERS.keys() if f"`{kind}`" not in text} == set()


def test_the_limits_are_those_of_cel() -> None:
    compiled("(" * 32 + "req.method == 'GET'" + ")" * 32, "policy.yaml")
    with pytest.raises(SettingsError, match="nested too deeply"):
        compiled("(" * 33 + "req.method == 'GET'" + ")" * 33, "policy.yaml")
    turns = compiled("oidc.claims.many.all(each, each == 0)", "policy.yaml")
    assert turns.found({"oidc.claims": {"many": [0] * 9_999}}).value is True
    assert turns.found({"oidc.claims": {"many": [0] * 10_000}}).value is None


def test_the_functions_are_there() -> None:
    (line,) = re.findall(r"^CEL's own functions \((.*?)\).*?strings\n\((.*?)\)\.$", TEXT, re.MULTILINE | re.DOTALL)
    calls = {"matches": "'a'", "substring": "0", "charAt": "0", "join": "", "size": "", "replace": "'a', 'b'"}
    for name in re.findall(r"`(\w+)`", " ".join(line)):
        given = calls.get(name, "" if name in ("lowerAscii", "upperAscii", "trim") else "'a'")
        value = "['a']" if name == "join" else "req.method"
        compiled(f"{value}.{name}({given}) == dyn('a') && req.method == 'GET'", "policy.yaml")


def refusals() -> list[tuple[str, str]]:
    return re.findall(r"^\| `(.+?)` \| `(.+?)` \|$", sections()["What is refused, and what to write"], re.MULTILINE)


@pytest.mark.parametrize(("written", "instead"), refusals())
def test_what_is_refused_is_refused_with_what_the_table_says(written: str, instead: str) -> None:
    assert len(refusals()) > 10
    with pytest.raises(SettingsError) as raised:
        compiled(written, "policy.yaml")
    assert instead in str(raised.value)


def test_a_misspelt_name_is_told_as_it_stands_there(tmp_path: Path) -> None:
    section = "What is refused, and what to write"
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, block(section, "yaml"))
    assert str(raised.value).replace(f"{tmp_path}/", "") == block(section, "text").strip()
