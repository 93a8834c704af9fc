"""mutmut, with changes that it does not make by itself: a branch taken the other way, a part left out, no answer.

Run as a file, in the folder that is to be mutated: mutmut imports the tests itself, from its own copy.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator
from typing import Any

cst: Any = importlib.import_module("libcst")


def branch_the_other_way(node: Any) -> Iterator[Any]:
    """Change `if a:` to `if not (a):`, also in a comprehension."""
    if not isinstance(node.test, cst.UnaryOperation):
        test = node.test.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
        yield node.with_changes(test=cst.UnaryOperation(cst.Not(), test))


def without_an_operand(node: Any) -> Iterator[Any]:
    """Change `a and b` to `a`, and to `b`."""
    for kept in (node.left, node.right):
        yield kept.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])


def without_an_element(node: Any) -> Iterator[Any]:
    """Change `in (a, b)` to `in (a,)`, and to `in (b,)`."""
    if isinstance(node.comparator, cst.Tuple) and len(node.comparator.elements) > 1:
        for element in node.comparator.elements:
            others = [each.with_changes(comma=cst.Comma()) for each in node.comparator.elements if each is not element]
            yield node.with_changes(comparator=node.comparator.with_changes(elements=others))


def nothing_returned(node: Any) -> Iterable[Any]:
    """Change `return a` to `return None`."""
    if node.value is None or getattr(node.value, "value", "") == "None":
        return []
    return [node.with_changes(value=cst.Name("None"), whitespace_after_return=cst.SimpleWhitespace(" "))]


MORE = [
    (cst.If, branch_the_other_way),
    (cst.CompIf, branch_the_other_way),
    (cst.BooleanOperation, without_an_operand),
    (cst.ComparisonTarget, without_an_element),
    (cst.Return, nothing_returned),
]


def only_the_first(operator: Any) -> Any:
    """Change a text once, not also to capitals and to small letters."""
    return lambda node: list(operator(node))[:1]


if __name__ == "__main__":
    operators: list[Any] = importlib.import_module("mutmut.mutation.mutators").mutation_operators
    operators[:] = [(kind, only_the_first(each) if kind is cst.BaseString else each) for kind, each in operators]
    operators += MORE
    importlib.import_module("mutmut.__main__").cli()
