"""What is expected of rules, in a file: requests with the verdict that each is to come to, as tests of a policy.

::

    [[cases]]
    name    = "interns do not write"            # all but path and verdict may be left out
    method  = "POST"                            # GET
    path    = "/api/reports"                    # as it is sent
    host    = "finance.example.com"             # as for `explain`
    as      = { groups = ["Interns"] }          # or a JSON file, seen from this one; nobody
    signed_in = "5m"                            # so long ago: sets auth_time, for rules with max_age
    verdict = "refused"                         # pass, refused, login, step_up
    rule    = "writes"                          # "" for no rule
    reason  = "rule"
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

from oidc_gate.access import REASONS, Explanation, Outcome, printable
from oidc_gate.command.on_paper import PaperGate
from oidc_gate.command.people import checked_claims, claims_in, text_of
from oidc_gate.errors import SettingsError
from oidc_gate.sessions import OpenSession
from oidc_gate.settings import nearest, read_duration

__all__ = ["Report", "checked"]

_KEYS = ("name", "method", "path", "host", "as", "signed_in", "verdict", "rule", "reason")
#: How alike a misspelt key or word is to one of these few short ones, at least.
_ALIKE = 0.7
#: Claims that rules often go by, which stand in `as`.
_CLAIMS = ("groups", "email", "sub", "claims", "acr", "auth_time")
_OUTCOMES: tuple[str, ...] = get_args(Outcome)


class Failure(NamedTuple):
    """A case that did not come to what was expected."""

    title: str
    expected: dict[str, Any]
    came: Explanation

    @property
    def text(self) -> str:
        """Three lines."""
        expected = ", ".join(f"{name} {_named(value)}" for name, value in self.expected.items())
        verdict = self.came.verdict
        came = f"verdict {verdict.outcome}, rule {_named(self.came.rule)}, reason {verdict.reason}"
        came += f", condition {printable(self.came.failing)}" if self.came.failing else ""
        return f"{self.title}\n  expected  {expected}\n  came      {came}"

    @property
    def as_json(self) -> dict[str, Any]:
        """What JSON has of it."""
        return {"case": self.title, "expected": self.expected, "came": self.came.as_json}


class Report(NamedTuple):
    """What came of all cases."""

    cases: int
    failures: Sequence[Failure]

    @property
    def text(self) -> str:
        """A few lines for each case that failed, and one for all."""
        many = f"{self.cases} case{'' if self.cases == 1 else 's'}"
        failed = f"{len(self.failures)} not as expected" if self.failures else "all as expected"
        return "\n".join([*(each.text for each in self.failures), f"{many}: {failed}"])

    @property
    def as_json(self) -> dict[str, Any]:
        """What JSON has of it."""
        return {"cases": self.cases, "failures": [each.as_json for each in self.failures]}


def checked(gate: PaperGate, path: str) -> Report:
    """Return what came of the cases in a file. Raises SettingsError for a mistake in it."""
    cases = _cases(path)
    failures = []
    for number, table in enumerate(cases, 1):
        case = _Case(gate, path, number, table)
        expected, came = case.expected(), case.came()
        if not _is_as(expected, came):
            failures.append(Failure(case.title, expected, came))
    return Report(len(cases), failures)


def _cases(path: str) -> list[Any]:
    text = text_of("--check", path)
    try:
        found = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"--check {path} is not valid TOML: {error}.") from None
    for key in found.keys() - {"cases"}:
        here = f", not [[{key}]]" if isinstance(found[key], list) else f"; {key} has no use here"
        raise SettingsError(f"--check {path}: each case begins with [[cases]]{here}.")
    cases = found.get("cases")
    if not isinstance(cases, list) or not cases:
        raise SettingsError(f"--check {path} has no cases; each begins with [[cases]].")
    return cases


class _Case:
    """Reads one case."""

    def __init__(self, gate: PaperGate, file: str, number: int, table: Any) -> None:
        self._gate, self._folder = gate, Path(file).parent
        self._where = f"--check {file}: case {number}"
        if not isinstance(table, dict):
            raise self._error("must be a table: it begins with [[cases]]")
        self._table = table
        for key in table:
            if key in _CLAIMS:
                raise self._error(f"{key} belongs into as, with all that is known of the person: as = {{ {key} = … }}")
            if key not in _KEYS:
                hint = nearest(key, _KEYS, _ALIKE)
                raise self._error(f"{key} is no key of a case.{hint} There are {', '.join(_KEYS)}")
        name = self._text("name")
        self._where += f' "{name}"' if name else ""
        if "path" not in table:
            raise self._error('path is missing: what is asked for, like path = "/reports"')
        self._method, self._path = self._text("method", "GET"), self._text("path")
        self.title = f"case {number}{f' {name}' if name else ''}: {self._method} {self._path}"

    def expected(self) -> dict[str, Any]:
        """Return what is expected, with None for no rule."""
        found: dict[str, Any] = {"verdict": self._one_of("verdict", _OUTCOMES)}
        if "rule" in self._table:
            names = [rule.name for rule in self._gate.policy.rules]
            found["rule"] = self._one_of("rule", ["", *names]) or None
        if "reason" in self._table:
            found["reason"] = self._one_of("reason", REASONS)
        return found

    def came(self) -> Explanation:
        """Return what came."""
        host = self._text("host") if "host" in self._table else None
        person = self._person()
        try:
            return self._gate.explanation(self._method, self._path, host, person)
        except SettingsError as error:
            raise self._error(error.detail) from None

    def _person(self) -> OpenSession | None:
        given = self._table.get("as")
        if given is None and "signed_in" in self._table:
            raise self._error("signed_in needs as: who has signed in; as = {} is somebody of whom nothing is known")
        if given is None:
            return None
        claims = self._claims(given)
        if "signed_in" in self._table:
            claims["auth_time"] = self._signed_in(claims)
        return self._gate.person(claims)

    def _claims(self, given: Any) -> dict[str, Any]:
        where = f"{self._where}: as"
        if isinstance(given, str):
            file = self._folder / given
            if not file.is_file():
                raise self._error(
                    f"as: there is no file {file}; a text is the name of a JSON file, and a table has the claims"
                    ' themselves: as = { groups = ["Editors"] }'
                )
            return claims_in(where, file)
        if not isinstance(given, dict):
            raise self._error('as must be a table of claims, like { email = "ann@example.com" }, or the name of a file')
        return checked_claims(where, given)

    def _signed_in(self, claims: dict[str, Any]) -> int:
        """Return when the person has signed in, as the claim auth_time has it: in whole seconds."""
        if "auth_time" in claims:
            raise self._error("signed_in sets auth_time, and as has auth_time too; take one of them out")
        try:
            ago = read_duration(self._table["signed_in"])
        except ValueError as error:
            raise self._error(f"signed_in {error}: how long ago it was") from None
        return math.ceil(self._gate.now() - ago)

    def _one_of(self, key: str, allowed: Sequence[str]) -> str:
        if key not in self._table:
            raise self._error(f"{key} is missing: one of {', '.join(allowed)}")
        value = self._text(key)
        if value not in allowed:
            known = ", ".join(filter(None, allowed)) or 'there are no rules; "" stands for none'
            raise self._error(f"{key}: {value} is none of {known}.{nearest(value, allowed, _ALIKE)}")
        return value

    def _text(self, key: str, default: str = "") -> str:
        value = self._table.get(key, default)
        if not isinstance(value, str):
            raise self._error(f"{key} must be a text")
        return value

    def _error(self, sentence: str) -> SettingsError:
        return SettingsError(f"{self._where}: {sentence.rstrip('.')}.")


def _is_as(expected: dict[str, Any], came: Explanation) -> bool:
    found = {"verdict": came.verdict.outcome, "rule": came.rule, "reason": came.verdict.reason}
    return all(found[key] == value for key, value in expected.items())


def _named(value: str | None) -> str:
    return "none" if value is None else value
