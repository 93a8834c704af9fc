"""CEL: the expressions of an ngrok Traffic Policy, and the rules that are made of them.

Expressions are compiled at start-up with the type of every name, so that a misspelt name or a comparison that can never
hold stops it. What cel-expr-python returns of an expression that fails as it is evaluated is a value too, one that
Python takes for true; others it raises. So only the value true of the type BOOL counts as true, and only false of that
type as false: anything else says that it cannot be told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_gate.access.expression_values import (
    PERSON_TYPES,
    REQUEST_TYPES,
    UNFIT,
    AskedOf,
    Known,
    fit,
    person_values,
    request_values,
)
from oidc_gate.access.ngrok_names import instead_of
from oidc_gate.errors import SettingsError

if TYPE_CHECKING:
    from oidc_gate.identity import Identity

__all__ = ["Answer", "AskedOf", "Conditional", "Expression", "Found", "Known", "compiled"]

_TYPES = REQUEST_TYPES | PERSON_TYPES

_PROBLEM = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
#: `has` of a name that is no claim is that name's value to cel-cpp, rather than whether it is there.
_HAS_A_NAME = re.compile(r"\bhas\(\s*(?:actions|conn|req)\b")
#: A header's name with a capital in it, which no header has here.
_CAPITAL_HEADER = re.compile(
    r"""req\.headers\s*\[\s*(["'])[^"']*[A-Z][^"']*\1|(["'])[^"']*[A-Z][^"']*\2\s+in\s+req\.headers\b(?!\s*[.\[])"""
)


class Answer(NamedTuple):
    """What somebody gets in place of the app's answer."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Found(NamedTuple):
    """What one expression says: true, false, or None where it cannot be told, and `why`.

    `why` is cel-cpp's word and may quote what was asked or claimed: it is for the operator's eyes, not for the log.
    """

    expression: str
    value: bool | None
    why: str = ""


@dataclass(frozen=True)
class Expression:
    """An expression that can be evaluated; in any thread, by several at once. `names`: what it reads."""

    text: str
    names: frozenset[str]
    _program: Any = field(repr=False, compare=False)

    def __reduce__(self) -> Any:
        return compiled, (self.text, "an expression")  # its program cannot be pickled

    def found(self, values: Mapping[str, Any]) -> Found:
        """Return what it says where names have these values; a name without one makes it fail where it is needed."""
        from cel_expr_python import cel

        try:
            result = self._program.eval(data=values)
            value = result.value()
        except Exception as error:  # its budget is spent, or a value is not one that it takes
            return Found(self.text, None, str(error))
        if result.type() == cel.Type.BOOL and isinstance(value, bool):
            return Found(self.text, value)
        return Found(self.text, None, str(value))


@dataclass(frozen=True)
class Conditional:
    """A rule of a Traffic Policy that goes by expressions, all of which have to be true.

    `answer`: what it answers in place of the app; None for the rule with the openid-connect action, whose expressions
    say for which requests login applies.
    """

    name: str
    expressions: tuple[Expression, ...]
    answer: Answer | None = None

    @cached_property
    def names(self) -> frozenset[str]:
        """What its expressions read."""
        return frozenset().union(*(expression.names for expression in self.expressions))

    @cached_property
    def reads_request(self) -> bool:
        """Whether it may say otherwise of another request of the same person."""
        return not self.names.isdisjoint(REQUEST_TYPES)

    @cached_property
    def reads_identity(self) -> bool:
        """Whether it may say otherwise of another person's same request; of nobody it can often not be told."""
        return not self.names.isdisjoint(PERSON_TYPES)

    def holds(self, asked: AskedOf | None, identity: Identity | None, known: Known | None = None) -> bool | None:
        """Return True where all expressions are true, False where one is false, and None where it cannot be told.

        Of the login's own expressions all have to be told: what makes it unnecessary must be certain.

        `asked` may be None where `reads_request` is False. `known`: what the settings make of the person's claims;
        without it, an address is good unless the provider says otherwise, and no groups count as none sent.
        """
        values = self._values(asked, identity, known)
        told: set[bool | None] = set()
        for expression in self.expressions:
            told.add(expression.found(values).value)
            if False in told and self.answer is not None:
                return False
        return None if None in told else False not in told

    def found(self, asked: AskedOf | None, identity: Identity | None, known: Known | None = None) -> tuple[Found, ...]:
        """Return what each expression says, for those that want to know why."""
        values = self._values(asked, identity, known)
        return tuple(expression.found(values) for expression in self.expressions)

    def _values(self, asked: AskedOf | None, identity: Identity | None, known: Known | None) -> dict[str, Any]:
        values = {} if asked is None else request_values(asked, self.names)
        if identity is not None and self.reads_identity:
            values |= person_values(identity, known, self.names)
        return {name: value for name, value in values.items() if name in self.names and value is not UNFIT}


def compiled(text: Any, where: str) -> Expression:
    """Return the expression; `where` is where it stands, for what is wrong with it.

    Raises SettingsError, with line and column and what to write instead.
    """
    if not isinstance(text, str) or fit(text) is UNFIT:
        raise SettingsError(f"{where} must be an expression in CEL, as text: req.method == 'POST'.")
    program = _compiled(text, where)
    if program.return_type().name() not in ("BOOL", "DYN"):
        raise SettingsError(
            f"{where}: it is neither true nor false, but {program.return_type().name()}.{_hint(text) or ' Compare it.'}"
        )
    if _CAPITAL_HEADER.search(text):
        raise SettingsError(f"{where}: names of headers are in lower case here: write them so.")
    names = frozenset(name for name in _TYPES if not _does_without(name, text))
    if not names:
        raise SettingsError(
            f"{where}: it is the same for every request and every person. Remove it, or have it read one of"
            f" {', '.join(sorted(_TYPES))}."
        )
    return Expression(text, names, program)


def _compiled(text: str, where: str) -> Any:
    try:
        return _environment("").compile(text)
    except RuntimeError as error:
        said = str(error)
    found = _PROBLEM.search(said)
    if found is None:
        if "recursion" in said:
            raise SettingsError(
                f"{where}: it is nested too deeply. Write several expressions: all of a rule have to be true."
            ) from None
        raise SettingsError(f"{where}: {said}. Write a shorter one.") from None
    line, column, problem = found.groups()
    undeclared = _UNDECLARED.match(problem)
    if undeclared:
        problem = f"{undeclared[1]} is not known here"
        hint = f" {instead_of(undeclared[1], _TYPES)}"
    else:
        hint = _hint(text) or " Correct it."
    raise SettingsError(f"{where}, line {line}, column {column}: {problem}.{hint}") from None


def _hint(text: str) -> str:
    if _HAS_A_NAME.search(text):
        return (
            " has(…) is for oidc.claims alone: has(oidc.claims.department). Of other names nothing has to be asked:"
            " where one is missing the expression fails, and an expression that fails denies."
        )
    if "req.headers" in text:
        return " req.headers has a list of texts for each name: 'value' in req.headers['x-name']."
    return ""


def _does_without(name: str, text: str) -> bool:
    """Return whether the expression does not read that name: whether it is one without it too."""
    try:
        _environment(name).compile(text)
    except RuntimeError:
        return False
    return True


@cache
def _environment(without: str) -> Any:
    """Return what expressions are compiled with: all names but that one, with their types."""
    try:
        from cel_expr_python import cel
        from cel_expr_python.ext import ext_strings
    except ImportError:
        raise SettingsError(
            "the Traffic Policy has expressions; install what evaluates them: pip install 'oidc-gate[cel]'. There are"
            " no wheels of it for musl (Alpine): use an image with glibc there, such as python:3-slim."
        ) from None
    variables = {name: cel.Type(kind) for name, kind in _TYPES.items() if name != without}
    return cel.NewEnv(variables=variables, extensions=[ext_strings.ExtStrings()])
