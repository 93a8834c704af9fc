"""What stands in docs/recipes: files, by the names in their first lines, and what doctor says of missing lines."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from tests.documents import ROOT

__all__ = ["RECIPES", "Fault", "blocks", "faults", "file", "page"]

RECIPES = ROOT / "docs" / "recipes"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ROW = re.compile(r"^\| `([^`]+)` \| (.*?\(\.\./doctor\.md#[A-Z]\d+\).*?) \|$", re.MULTILINE)


class Fault(NamedTuple):
    """A line that is left out of a file, and the checks of doctor that say so."""

    line: str
    checks: frozenset[str]


@cache
def page(name: str) -> str:
    return (RECIPES / f"{name}.md").read_text(encoding="utf-8")


def blocks(name: str, language: str) -> list[str]:
    """Return the blocks of code in this language."""
    return [text for kind, text in _BLOCK.findall(page(name)) if kind == language]


def file(name: str, path: str) -> str:
    """Return the block whose first line is a comment that names this file."""
    (found,) = [text for _, text in _BLOCK.findall(page(name)) if text.split("\n", 1)[0].split()[:2] == ["#", path]]
    return str(found)


def faults(name: str) -> list[Fault]:
    """Return the rows of the table that begins with `without`."""
    table = page(name).partition("\n| without | ")[2].partition("\n\n")[0]
    return [Fault(line, frozenset(re.findall(r"doctor\.md#(\w+)", said))) for line, said in _ROW.findall(table)]
