"""The documents say what is so.

Every error code is in docs/errors.md, every test that docs/security.md names exists, and so does every file and name in
docs/architecture.md and CONTRIBUTING.md. What docs/troubleshooting.md quotes from log and pages, the gate says.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeGuard, get_args

import pytest

from oidc_gate import Settings
from oidc_gate.gate.error_words import REFUSALS, WORDS
from oidc_gate.gate.refusals import _REASONS
from oidc_gate.provider.http_messages import Endpoint
from oidc_gate.telling import words as told
from oidc_gate.telling.metrics import METRICS
from tests import documents
from tests.docs_tables import TABLES, written_anew
from tests.real_apps.app import App, apps
from tests.real_providers import pages

ROOT = Path(__file__).parents[1]
ERRORS = (ROOT / "docs" / "errors.md").read_text()
SECURITY = (ROOT / "docs" / "security.md").read_text()
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()
TROUBLE = (ROOT / "docs" / "troubleshooting.md").read_text()
#: What those read who change the code.
GUIDES = {name: (ROOT / name).read_text() for name in ("docs/architecture.md", "CONTRIBUTING.md")}
RAISED = {
    "BusyError",
    "GateError",
    "LoginError",
    "ProviderDownError",
    "ProviderError",
    "ProviderSetupError",
    "StoreError",
    "StoreSetupError",
    "UpstreamError",
    "UpstreamSlowError",
}
#: Codes that are put together: `{name}_invalid` of the three times in a token.
JOINED = {"exp_invalid", "iat_invalid", "nbf_invalid"}
#: Codes that a class of their own has.
OF_A_CLASS = {"insufficient_scope", "insufficient_user_authentication", "invalid_token", "step_up_unmet"}


@cache
def codes() -> frozenset[str]:
    """Return every code that the package can answer with, as its source says."""
    found = set(REFUSALS) | JOINED | OF_A_CLASS | {"provider_error"}
    for file in sorted((ROOT / "oidc_gate").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            found.update(said_by(node))
    return frozenset(found)


def said_by(node: ast.AST) -> Iterator[str]:
    """Yield the codes that one call or one JSON object names."""
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
        position = 0 if name in RAISED else {"refusal": 2, "document": 1}.get(str(name))
        if position is not None and len(node.args) > position:
            first = node.args[position]
            if isinstance(first, ast.JoinedStr):
                assert ast.unparse(first) == "f'{name}_invalid'", "a new family of codes: list it in JOINED"
            else:
                yield from texts(first)
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "error":
                yield from texts(value)


def texts(node: ast.AST) -> Iterator[str]:
    """Yield the texts an expression may have as its value; what a condition compares with is none."""
    if isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


@cache
def documented() -> frozenset[str]:
    return frozenset(re.findall(r"^\| `([a-z_]+)`", ERRORS, re.MULTILINE))


def test_every_code_is_in_the_table() -> None:
    assert sorted(codes() - documented()) == []


def test_no_code_in_the_table_is_made_up() -> None:
    assert sorted(documented() - codes()) == []


def test_every_row_says_what_it_means_and_what_to_do() -> None:
    rows = [line for line in ERRORS.splitlines() if line.startswith("| `")]
    assert len(rows) >= len(documented())
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert len(cells) == 3, row
        assert all(cells), row


def test_words_are_only_for_codes_that_there_are() -> None:
    """A page's own words for a code that nothing raises any more are dead."""
    assert set(WORDS) <= codes()


def test_the_codes_that_are_told_are_those_of_the_table() -> None:
    assert documented() == told.CODES


# docs/operations.md

LEVELS = {"exception": "ERROR"}


@cache
def log_lines() -> frozenset[tuple[str, str]]:
    """Return level and text of every line that the package logs; `…` stands for each value that is put in."""
    found = set()
    for file in (ROOT / "oidc_gate").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and (said := level_and_text(node)):
                found.add((said[0], re.sub(r"(?:%(?:\.\df|[drs])|`)+", "\u2026", said[1])))
    return frozenset(found)


def level_and_text(node: ast.Call) -> tuple[str, str] | None:
    """Return what one call logs, None for another call; audit events are no lines of the log."""
    name = ast.unparse(node.func)
    constants = [each.value for each in node.args if isinstance(each, ast.Constant)]
    if name == "self._tell" and constants:  # of `Mismatches`, which says each once
        return "WARNING", str(constants[0])
    method = name.removeprefix("logger.")
    if method not in ("debug", "info", "warning", "error", "exception") or not constants:
        return None
    return LEVELS.get(method, method.upper()), str(constants[0])


def documented_lines() -> list[tuple[str, str]]:
    return re.findall(r"^\| (DEBUG|INFO|WARNING|ERROR) \| `([^`]+)` \|", OPERATIONS, re.MULTILINE)


def is_line(level: str, text: str) -> bool:
    """Tell whether the package logs this; an ending in `…` stands for all that is left, and so does one of `: …`."""
    return (level, text) in log_lines() or any(
        level == its_level and text.endswith(" \u2026") and said.startswith(text.removesuffix("\u2026"))
        for its_level, said in log_lines()
    )


def test_every_line_of_the_log_is_in_the_operators_guide() -> None:
    documented = documented_lines()
    missing = [
        (level, said)
        for level, said in log_lines()
        if (level, said) not in documented
        and not any(
            level == its_level and text.endswith(" \u2026") and len(text) > 30 and said.startswith(text[:-1])
            for its_level, text in documented
        )
    ]
    assert missing == []


def test_no_line_of_the_log_in_the_operators_guide_is_made_up() -> None:
    documented = documented_lines()
    assert len(documented) == len(set(documented)) > 50
    assert [line for line in documented if not is_line(*line)] == []


def test_the_operators_guide_has_every_audit_event_and_every_reason() -> None:
    table = OPERATIONS.partition("| event | when | outcome |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `([a-z_.]+)` \|", table, re.MULTILINE) == list(get_args(told.Event))
    for each in (*get_args(told.LoginReason), *get_args(told.SessionEnd), *get_args(told.RefusalReason)):
        words = get_args(each) or (each,)
        assert all(f"`{word}`" in OPERATIONS for word in words), each


def test_every_audit_event_and_field_is_mapped() -> None:
    fields = OPERATIONS.partition("| field | what it is |")[2].partition("\n\n")[0]
    names = named_in_first_cells(fields)
    assert len(names) == 21
    for heading in ("ECS", "OCSF"):
        part = OPERATIONS.partition(f"### {heading}\n")[2].partition("\n## ")[0].partition("\n### ")[0]
        assert named_in_first_cells(part.partition(f"| field | {heading} |")[2]) == names
    events = OPERATIONS.partition("| event | `class_uid` |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z_]+\.?[a-z]+)`", events)) - {"activity_id", "action_id", "disposition_id"} == set(
        get_args(told.Event)
    )


def named_in_first_cells(table: str) -> set[str]:
    cells = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_every_value_of_a_label_is_told() -> None:
    table = OPERATIONS.partition("| label | values |")[2].partition("\n\n")[0]
    labels = {label for metric in METRICS for label in metric.labels} - {"version"}
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == labels
    assert all(f"`{endpoint}`" in table for endpoint in get_args(Endpoint))


# docs/security.md


def functions() -> dict[str, set[str]]:
    """Return the test functions of every file of tests."""
    found = {}
    for file in (ROOT / "tests").rglob("test_*.py"):
        tree = ast.parse(file.read_text())
        found[file.relative_to(ROOT / "tests").as_posix()] = {
            node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        }
    return found


def named() -> list[tuple[str, str]]:
    """Return the tests that docs/security.md names, as `file.py::test_name`."""
    return re.findall(r"`([\w/]+\.py)::(test_\w+)`", SECURITY)


def test_every_test_that_the_threat_model_names_exists() -> None:
    known = functions()
    missing = [f"{file}::{name}" for file, name in named() if name not in known.get(file, set())]
    assert missing == []
    assert len(named()) > 100


@pytest.mark.parametrize("number", range(1, 40))
def test_every_point_of_the_checklist_is_answered(number: int) -> None:
    row = next(line for line in SECURITY.splitlines() if line.startswith(f"| T{number:02} |"))
    assert "::" in row or "not built" in row or "later" in row, row


@pytest.mark.parametrize(("path", "name", "make"), TABLES, ids=[name for _, name, _ in TABLES])
def test_a_table_that_is_made_from_the_code_is_up_to_date(path: Path, name: str, make: Callable[[], str]) -> None:
    text = path.read_text(encoding="utf-8")
    assert text == written_anew(text, name, make()), "run: make docs"


# docs/providers/


@pytest.mark.parametrize("name", pages.PROVIDERS)
def test_every_provider_that_is_run_has_a_page_with_what_was_found(name: str) -> None:
    page = (pages.FOLDER / f"{name}.md").read_text(encoding="utf-8")
    assert f"({name}.md)" in (pages.FOLDER / "README.md").read_text(encoding="utf-8")
    assert re.search(r"^\| A wrong client secret \| `client_rejected` \|$", page, re.MULTILINE), "run: make providers"


# docs/apps/

each_app = pytest.mark.parametrize("app", apps(), ids=lambda app: app.name)


@each_app
def test_every_app_that_is_run_has_a_page_with_what_is_run(app: App) -> None:
    page = app.page.read_text(encoding="utf-8")
    blocks = documents.page(app.page.relative_to(ROOT).as_posix()).blocks()
    assert {block.title: block.text for block in blocks if block.title} == dict(app.files)
    typed = re.findall(r"^\$ (.*)$", page, re.MULTILINE)
    wanted = [*app.setup, *(command for way in app.ways for command in way.commands)]
    assert [command for command in wanted if command not in typed] == []
    assert [package for package in app.packages if not any(package in each for each in typed if "pip" in each)] == []
    assert re.search(r"^Tried with \*\*", page, re.MULTILINE), "run: make apps"


@each_app
def test_every_row_of_the_apps_is_filled_in(app: App) -> None:
    assert all([app.gated, app.settings, app.sees, app.ends])


# docs/architecture.md, CONTRIBUTING.md

each_guide = pytest.mark.parametrize("guide", GUIDES)
A_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
A_FILE = re.compile(r"(?:[\w-]+/)*[\w-]+\.(?:py|md|cfg|toml|in|js)|(?:[\w-]+/)+")
A_MEMBER = re.compile(r"(?:\w+\.)*(\w+)\.(\w+)")


def mentioned(guide: str) -> list[str]:
    """Return what stands in backticks, outside blocks."""
    return re.findall(r"`([^`\n]+)`", A_BLOCK.sub("", GUIDES[guide]))


def sources() -> list[Path]:
    return sorted(path for folder in ("oidc_gate", "tests") for path in (ROOT / folder).rglob("*.py"))


@cache
def members() -> frozenset[tuple[str, str]]:
    """Return module and name of all that modules define, class and name of all that classes do."""
    found: set[tuple[str, str]] = set()
    for file in sources():
        tree = ast.parse(file.read_text())
        found |= {(file.stem, name) for name in assigned(tree.body)}
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found |= {(node.name, name) for name in assigned(node.body)}
                found |= {(node.name, each.attr) for each in ast.walk(node) if is_own_attribute(each)}
    return frozenset(found)


def assigned(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        for target in targets(node):
            yield from (each.id for each in ast.walk(target) if isinstance(each, ast.Name))


def targets(node: ast.stmt) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []


def is_own_attribute(node: ast.AST) -> TypeGuard[ast.Attribute]:
    """Tell whether this is `self.name`, as it is set."""
    return isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"


@cache
def words() -> frozenset[str]:
    """Return every word of the sources and of what is beside them."""
    beside = [ROOT / name for name in ("pyproject.toml", "setup.cfg", "Makefile")]
    files = (*sources(), *beside, *(ROOT / "benchmarks").glob("*.py"))
    return frozenset(word for file in files for word in re.findall(r"\w+", file.read_text()))


def is_there(file: str) -> bool:
    """Tell whether there is such a file or folder, of the repository or of the package, where a name may be alone.

    Or whether it is in a folder that comes by a run, which `.gitignore` names by its whole path.
    """
    package = ROOT / "oidc_gate"
    ignored = [line for line in (ROOT / ".gitignore").read_text().splitlines() if re.fullmatch(r"\w+/.*/", line)]
    if any(file.startswith(folder) for folder in ignored):
        return True
    alone = "/" not in file and any(package.rglob(file))
    return alone or (ROOT / file).exists() or (package / file).exists()


@each_guide
def test_every_file_that_a_guide_names_exists(guide: str) -> None:
    files = {text for text in mentioned(guide) if A_FILE.fullmatch(text)}
    assert [file for file in sorted(files) if not is_there(file)] == []
    assert len(files) > 25


@each_guide
def test_every_name_in_a_guide_is_defined(guide: str) -> None:
    named = {text for text in mentioned(guide) if A_MEMBER.fullmatch(text) and not A_FILE.fullmatch(text)}
    pairs = {text: match.groups() for text in named if (match := A_MEMBER.fullmatch(text))}
    assert sorted(text for text, pair in pairs.items() if pair not in members()) == []
    assert len(pairs) >= {"docs/architecture.md": 80, "CONTRIBUTING.md": 3}[guide]


@each_guide
def test_every_word_of_the_code_that_a_guide_uses_is_in_the_code(guide: str) -> None:
    used = {text for text in mentioned(guide) if re.fullmatch(r"\w+", text) and re.search(r"_|[A-Z]", text)}
    assert sorted(used - words()) == []


@each_guide
def test_every_command_that_a_guide_gives_to_make_is_one(guide: str) -> None:
    goals = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake (?:PYTHON=\S+ )?([a-z-]+)(?=`|  )", GUIDES[guide])) - goals == set()


def test_the_code_that_a_guide_shows_is_in_the_file_that_it_names() -> None:
    """A block of Python starts with a comment that names its file; `# …` stands for what is left out."""
    shown = [block for guide in GUIDES.values() for language, block in A_BLOCK.findall(guide) if language == "python"]
    assert len(shown) >= 6
    for block in shown:
        first, code = block.split("\n", 1)
        source = (ROOT / first.removeprefix("# ")).read_text()
        assert [piece for piece in code.split("# …\n") if piece not in source] == [], first


# docs/troubleshooting.md

#: Words with an underscore in them that are neither a code nor a setting: claims, and words of other programs.
OTHER_PROGRAMS = {
    "add_middleware",
    "invalid_client",
    "auth_time",
    "client_secret_basic_raw",
    "email_verified",
    "field_size",
    "form_post",
    "forwarded_allow_ips",
    "identity_of",
    "large_client_header_buffers",
    "login_url",
    "max_age",
    "offline_access",
    "oidc_gate",
    "proxy_buffer_size",
    "proxy_buffers",
    "proxy_pass",
    "realm_access",
    "redirect_uri_mismatch",
    "root_path",
    "step_up",
    "test_docs",
    "wsgi_app",
}
#: What other programs show, and is quoted in a heading.
OTHERS_SAY = {"Back", "Request Header Or Cookie Too Large"}


@cache
def messages() -> frozenset[str]:
    """Return the texts in the package, without docstrings; a null character stands for each value that is put in."""
    found: set[str] = set()
    for file in (ROOT / "oidc_gate").rglob("*.py"):
        tree = ast.parse(file.read_text())
        docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "\0" for part in node.values]
                found.add("".join(map(str, parts)))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                found.add(re.sub(r"%(?:\.\df|[drs])", "\0", node.value))
    return frozenset(found)


def is_said(phrase: str) -> bool:
    """Tell whether one text of the package has all pieces of a phrase, in their order; `…` stands between them."""
    pattern = re.compile(".*".join(map(re.escape, phrase.split("…"))), re.DOTALL)
    return any(map(pattern.search, messages()))


def log_says() -> list[str]:
    """Return what stands where the log is quoted: a paragraph of its own, or the first column of a table."""
    quoted, in_table, in_paragraph = [], False, False
    for line in TROUBLE.splitlines():
        in_paragraph = line.startswith("- **The log says") or (in_paragraph and line.startswith("  "))
        in_table = line.startswith("| the log says |") or (in_table and line.startswith("|"))
        if in_paragraph:
            quoted.append(line.strip())
        elif in_table:
            quoted.append(line.split("|")[1])
    return quoted


def log_phrases() -> list[str]:
    """Return what is quoted from the log: what has a space in it, for a code has none."""
    return [phrase for phrase in re.findall(r"`([^`]+)`", " ".join(log_says())) if " " in phrase]


def test_what_is_quoted_from_the_log_is_in_the_source() -> None:
    phrases = log_phrases()
    assert len(phrases) > 50
    assert [phrase for phrase in phrases if len(phrase.replace("…", "")) < 6] == [], "too short to be told"
    assert [phrase for phrase in phrases if not is_said(phrase)] == []


def test_what_is_quoted_from_a_page_is_in_the_source() -> None:
    headings = " ".join(re.findall(r"^### (.*)$", TROUBLE, re.MULTILINE))
    quoted = set(re.findall(r'"([A-Z][^"]+)"', headings)) - OTHERS_SAY
    assert len(quoted) > 10
    assert sorted(text for text in quoted if not is_said(text)) == []


def test_every_code_and_setting_in_the_troubleshooting_exists() -> None:
    settings = {each.name for each in dataclasses.fields(Settings)}
    text = " ".join(set(re.findall(r"`([^`]+)`", TROUBLE)) - set(log_phrases()))
    used = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", text))
    assert sorted(used - codes() - set(_REASONS) - settings - OTHER_PROGRAMS) == []
    assert len(used & settings) > 20
    assert len(used & codes()) > 20
