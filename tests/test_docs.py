"""The documents say what is so: every error code is in docs/errors.md, every test named in docs/security.md exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from oidc_gate.gate.error_replies import _REFUSALS, _WORDS
from tests.docs_tables import TABLES, written_anew

ROOT = Path(__file__).parents[1]
ERRORS = (ROOT / "docs" / "errors.md").read_text()
SECURITY = (ROOT / "docs" / "security.md").read_text()
RAISED = {"GateError", "LoginError", "ProviderError", "ProviderDownError", "StoreError"}
#: Codes that are put together: `{name}_invalid` of the three times in a token.
JOINED = {"exp_invalid", "iat_invalid", "nbf_invalid"}


@cache
def codes() -> frozenset[str]:
    """Return every code that the package can answer with, as its source says."""
    found = set(_REFUSALS) | JOINED | {"provider_error"}
    for file in sorted((ROOT / "oidc_gate").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            found.update(said_by(node))
    return frozenset(found)


def said_by(node: ast.AST) -> Iterator[str]:
    """Yield the codes that one call or one JSON object names."""
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
        position = 0 if name in RAISED else 1 if name == "refusal" else None
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
    assert set(_WORDS) <= codes()


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


@pytest.mark.parametrize("number", range(1, 31))
def test_every_point_of_the_checklist_is_answered(number: int) -> None:
    row = next(line for line in SECURITY.splitlines() if line.startswith(f"| T{number:02} |"))
    assert "::" in row or "not built" in row or "later" in row, row


@pytest.mark.parametrize(("path", "name", "make"), TABLES, ids=[name for _, name, _ in TABLES])
def test_a_table_that_is_made_from_the_code_is_up_to_date(path: Path, name: str, make: Callable[[], str]) -> None:
    text = path.read_text(encoding="utf-8")
    assert text == written_anew(text, name, make()), "run: make docs"
