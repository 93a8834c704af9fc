"""Who a rule lets pass, from the table at `allow` to a condition.

Two conditions in one table are refused rather than taken for `any` or for `all`: readers guess both ways.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from inspect import iscoroutinefunction
from typing import Any

from oidc_gate.access import (
    MISSING,
    AllOf,
    AnyOf,
    Claim,
    Condition,
    Domains,
    Emails,
    Function,
    Groups,
    Not,
    Provider,
    Scopes,
    compared_domain,
    compared_email,
)
from oidc_gate.errors import SettingsError
from oidc_gate.settings.mends import in_quotes, kind, written
from oidc_gate.settings.readers import check_utf8, nearest

__all__ = ["CONDITIONS", "ConditionTables", "near"]

#: How alike a misspelt word is to one of these few short ones, at least.
_ALIKE = 0.7
#: In place of a list that would be too long here.
_TWO = "[{ … }, { … }]"
#: What may stand at `allow`, and in no table.
_WORDS = ("anyone", "signed-in", "nobody")
#: Keys of a rule that stand beside `allow`.
_BESIDE = frozenset({"path", "exact", "method", "host", "acr", "max_age", "name", "help"})


class ConditionTables:
    """Reads the tables of one rule. `error`: returns the SettingsError that says this of the rule."""

    def __init__(self, error: Callable[[str], SettingsError]) -> None:
        self._error = error

    def condition(self, at: str, given: Any) -> Condition:
        """Return the condition that stands at this place: a table that holds one, or a function."""
        if not isinstance(given, Mapping):
            return self._function(at, given)
        if not given:
            raise self._error(f"{at} is empty: nobody could tell who passes; name a condition, like groups")
        for key in given:
            if key not in CONDITIONS:
                raise self._unknown(at, str(key), given[key])
        if len(given) > 1:
            each = _listed(given)
            raise self._error(
                f"{at} has {' and '.join(given)}: say whether one is enough or all are needed: {{ any = {each} }} or"
                f" {{ all = {each} }}"
            )
        ((key, value),) = given.items()
        return CONDITIONS[key](self, f"{at}.{key}", value)

    def _unknown(self, at: str, key: str, value: Any) -> SettingsError:
        if key in _BESIDE:
            return self._error(f"{at}: {key} is no condition; it stands beside allow, in the rule itself")
        hint = near(key, CONDITIONS)
        name, wanted = _dotted(key, value)
        claim = f"; a claim is {'allow = ' * (at == 'allow')}{written({'claims': {name: wanted}})}" if not hint else ""
        return self._error(f"{at}: {key} is no condition.{hint} There are: {', '.join(CONDITIONS)}{claim}")

    def _function(self, at: str, given: Any) -> Condition:
        if not callable(given):
            like = {"groups": given if isinstance(given, str) and given not in _WORDS else "Finance"}
            words = "; the words for all and for nobody stand at allow alone" if given in _WORDS else ""
            raise self._error(
                f"{at} must be a table with one condition, like {written(like)}, not {kind(given)}{words}"
            )
        if iscoroutinefunction(given) or iscoroutinefunction(getattr(given, "__call__", None)):  # noqa: B004
            raise self._error(f"{at} must be a plain function, not async: it is asked while a request waits")
        return Function(given)

    def _addresses(self, at: str, value: Any) -> Condition:
        texts = self.listed(at, value)
        for text in texts:
            wrong = compared_domain(text.rpartition("@")[2].replace("*", "x")) == "" or text.count("@") > 1
            if wrong or ("*" not in text and compared_email(text) is None):
                raise self._error(f"{at}: {text} is no e-mail address; whole domains go to domains")
        return Emails(texts)

    def _domains(self, at: str, value: Any) -> Condition:
        texts = self.listed(at, value)
        for text in texts:
            if not compared_domain(text.replace("*", "x")):
                raise self._error(f"{at}: {text} must be a domain like example.com")
        return Domains(texts)

    def _several(self, at: str, value: Any) -> list[Condition]:
        word = at.rpartition(".")[2]
        if isinstance(value, Mapping):
            listed = _listed(value) if len(value) > 1 else _TWO
            raise self._error(f"{at} must be a list of two conditions or more, not a table: {{ {word} = {listed} }}")
        if not isinstance(value, list | tuple) or len(value) < 2:
            raise self._error(f"{at} must be a list of two conditions or more; a single one stands without {word}")
        return [self.condition(f"{at}[{index}]", each) for index, each in enumerate(value)]

    def _claims(self, at: str, value: Any) -> Condition:
        if not isinstance(value, Mapping) or not value:
            raise self._error(f'{at} must be a table of claims and values, like {{ department = "Finance" }}')
        found = [Claim(self._claim_name(at, name), self._wanted(f"{at}.{name}", each)) for name, each in value.items()]
        return found[0] if len(found) == 1 else AllOf(found)

    def _claim_name(self, at: str, name: Any) -> str:
        if not isinstance(name, str) or not name.strip():
            raise self._error(f"{at} must name a claim")
        self._check_utf8(at, name)
        return name

    def _wanted(self, at: str, value: Any) -> list[Any]:
        if isinstance(value, Mapping):
            if value == {"missing": True} and type(value["missing"]) is bool:
                return [MISSING]
            raise self._error(self._of_table(at, value))
        values = list(value) if isinstance(value, list | tuple) else [value]
        if not values:
            raise self._error(f"{at} is an empty list, which nobody can match; name a value")
        for each in values:
            if each != each:  # no claim is that
                raise self._error(f"{at}: nan is no value that a claim can have")
            if not isinstance(each, str | int | float):
                raise self._error(f"{at}: values must be texts, numbers, true or false, not {kind(each)}")
            self._check_utf8(at, str(each))
        return values

    def _of_table(self, at: str, value: Mapping[str, Any]) -> str:
        name = at.partition(".claims.")[2] or at
        if value == {"missing": False} and type(value["missing"]) is bool:
            there = written({"not": {"claims": {name: {"missing": True}}}})
            return f"{at}: missing is true or left out; of a claim that has to be there, whatever it holds: {there}"
        whole, wanted = _dotted(name, value)
        if whole != name and not isinstance(wanted, Mapping):
            return f"{at}: a name with dots stands in quotes: {in_quotes(whole)} = {written(wanted)}"
        return f"{at} must be a value, a list of values, or {{ missing = true }}"

    def listed(self, at: str, value: Any) -> tuple[str, ...]:
        """Return one text, or a list of them. Commas are no separators here: a group's name may have one."""
        values = value if isinstance(value, list | tuple | set | frozenset) else [value]
        if not values:
            raise self._error(f"{at} is an empty list, which matches nothing; name something, or leave it out")
        for each in values:
            if not isinstance(each, str) or not each:
                raise self._error(f"{at} must be a text or a list of texts, none of them empty")
            self._check_utf8(at, each)
        return tuple(values)

    def _check_utf8(self, at: str, text: str) -> None:
        """Refuse what no claim, path or header can hold: a rule by it would do nothing."""
        try:
            check_utf8(text)
        except ValueError as error:
            raise self._error(f"{at} {error}") from None


def _listed(table: Mapping[str, Any]) -> str:
    """Return the conditions of a table as a list of tables of one, as TOML has it."""
    listed = written([{key: value} for key, value in table.items()])
    return listed if listed.startswith("[") else _TWO


def near(word: str, known: Collection[str]) -> str:
    """Return ` Did you mean …?` for a word that is much like a known one, also in lower case, or nothing."""
    return nearest(word, known, _ALIKE) or nearest(word, [each.lower() for each in known], _ALIKE)


def _dotted(name: str, value: Any) -> tuple[str, Any]:
    """Return the name that TOML took apart at its dots, and what stood behind it."""
    while isinstance(value, Mapping) and len(value) == 1 and "missing" not in value:
        ((more, value),) = value.items()
        name = f"{name}.{more}"
    return name, value


#: The words that a table may have, and what reads what stands there.
CONDITIONS: dict[str, Callable[[ConditionTables, str, Any], Condition]] = {
    "emails": ConditionTables._addresses,
    "domains": ConditionTables._domains,
    "groups": lambda tables, at, value: Groups(tables.listed(at, value)),
    "scopes": lambda tables, at, value: Scopes(tables.listed(at, value)),
    "provider": lambda tables, at, value: Provider(tables.listed(at, value)),
    "claims": ConditionTables._claims,
    "any": lambda tables, at, value: AnyOf(tables._several(at, value)),
    "all": lambda tables, at, value: AllOf(tables._several(at, value)),
    "not": lambda tables, at, value: Not(tables.condition(at, value)),
}
