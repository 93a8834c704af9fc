"""Rules, from tables in a file or from code, to what requests are judged by. A mistake names the rule and the mend."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from oidc_gate.access import (
    ANYONE,
    EVERYWHERE,
    NOBODY,
    SIGNED_IN,
    CheckedRule,
    Condition,
    Conditional,
    Pattern,
    read_pattern,
)
from oidc_gate.errors import SettingsError
from oidc_gate.settings.condition_tables import CONDITIONS, ConditionTables, near
from oidc_gate.settings.mends import host_mend, in_quotes, kind, path_mend, word_mend, written
from oidc_gate.settings.readers import read_duration, read_text
from oidc_gate.settings.rule import Rule

__all__ = ["RuleReading", "RuleTable", "label", "located", "read_rules"]

_KEYS = tuple(each.name for each in fields(Rule))
_FIXED = {"anyone": ANYONE, "signed-in": SIGNED_IN, "nobody": NOBODY}
#: What a rule begins with in TOML.
_HEADER = re.compile(r"\s*\[\[\s*(?:rules|\"rules\"|'rules')\s*\]\]")
_HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]", re.ASCII)
#: Those of RFC 9110 and of WebDAV, and two that are usual: another word is most likely misspelt, and would do nothing.
_METHODS = frozenset(
    "GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT QUERY PURGE PROPFIND PROPPATCH MKCOL MKCALENDAR COPY MOVE"  # noqa: SIM905
    " LOCK UNLOCK REPORT SEARCH ACL BIND UNBIND REBIND LINK UNLINK LABEL MERGE MKACTIVITY MKWORKSPACE CHECKIN CHECKOUT"
    " UNCHECKOUT UPDATE VERSION-CONTROL BASELINE-CONTROL ORDERPATCH".split()
)


class RuleTable(dict[str, Any]):
    """A table from a file, which knows where it stands there: `gate.toml, line 31`."""

    where = ""


def located(tables: list[Any], name: str, text: str) -> list[Any]:
    """Return the tables of a TOML file of this name and text, each knowing its line where that can be told."""
    lines = [at for at, line in enumerate(text.splitlines(), 1) if _HEADER.match(line)]
    found = []
    for number, table in enumerate(tables):
        if isinstance(table, dict):
            table = RuleTable(table)
            table.where = f"{name}, line {lines[number]}" if len(lines) == len(tables) else name
        found.append(table)
    return found


def read_rules(value: Any) -> tuple[CheckedRule, ...] | tuple[Conditional, ...]:
    """Return the rules. Raises ValueError for what is no list of them, SettingsError for a mistake in one of them."""
    if isinstance(value, str):
        raise ValueError("stand in a file, as [[rules]], or in code; not in the environment or on a command line")
    if isinstance(value, Mapping):
        raise ValueError("must be a list of tables: in TOML each begins with [[rules]], in double brackets")
    if not isinstance(value, list | tuple):
        raise ValueError("must be a list of tables or of Rule")
    if not value:
        raise ValueError("must not be an empty list; leave it out instead")
    if any(isinstance(each, Conditional) for each in value):
        if not all(isinstance(each, Conditional) for each in value):
            raise ValueError("stand in the Traffic Policy already; write all of them there, or all of them here")
        return tuple(value)
    found, mistakes = [], []
    for number, each in enumerate(value, 1):
        try:
            found.append(RuleReading(number, each).rule())
        except SettingsError as error:
            mistakes.append(str(error))
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    return tuple(found)


class RuleReading:
    """Reads one rule."""

    def __init__(self, number: int, given: Any) -> None:
        self._number = number
        self._name = self._where = ""
        self._conditions = ConditionTables(self._error)
        if isinstance(given, Rule):
            given = {each.name: getattr(given, each.name) for each in fields(given)}
        if not isinstance(given, Mapping):
            raise self._error(f"must be a table or a Rule, not {kind(given)}")
        self._where = getattr(given, "where", "")
        self._given = {key: value for key, value in given.items() if value is not None}
        self._name = self._text("name", f"rule {number}")

    def rule(self) -> CheckedRule:
        """Return the rule."""
        for key in self._given:
            if key not in _KEYS:
                raise self._unknown(str(key))
        if "allow" not in self._given:
            raise self._error(
                'allow is missing: who passes, like allow = { groups = "Finance" }, or "signed-in", "nobody", "anyone"'
            )
        rule = CheckedRule(
            self._name,
            self._number,
            self._allow(self._given["allow"]),
            self._where,
            self._patterns(),
            self._methods(),
            self._hosts(),
            self._acr(),
            self._max_age(),
            self._text("help", ""),
            names_paths=not self._given.keys().isdisjoint({"path", "exact"}),
        )
        self._check(rule)
        return rule

    def _check(self, rule: CheckedRule) -> None:
        if rule.opens and not rule.names_paths and rule.hosts is None:
            raise self._error(
                'allow = "anyone" without path and host would open the whole app; name the paths that need no login, or'
                ' path = "/" where all the rest is meant'
            )
        if rule.wants_step_up and rule.who in (ANYONE, NOBODY):
            raise self._error('acr and max_age have no use with "anyone" or "nobody": nobody is asked to sign in there')

    # Where

    def _patterns(self) -> tuple[Pattern, ...]:
        if "path" in self._given and "exact" in self._given:
            raise self._error("has both path and exact; make two rules of it")
        for key in ("path", "exact"):
            if key in self._given:
                return tuple(self._pattern(key, text) for text in self._texts(key))
        return (EVERYWHERE,)

    def _pattern(self, key: str, text: str) -> Pattern:
        mend = path_mend(key, text)
        if mend:
            raise self._error(f"{key}: {text!r} {mend}")
        try:
            return read_pattern(text, is_exact=key == "exact")
        except ValueError as error:
            raise self._error(f"{key}: {text!r} {error}") from None

    def _methods(self) -> frozenset[str] | None:
        if "method" not in self._given:
            return None
        methods = {text.upper() for text in self._texts("method")}
        for method in sorted(methods - _METHODS):
            several = re.split(r"[^A-Z-]+", method)
            if len(several) > 1 and _METHODS.issuperset(several):
                raise self._error(f"method: {method!r} is several; write a list: method = {written(several)}")
            hint = near(method, _METHODS).upper().replace("DID YOU MEAN", "Did you mean")
            raise self._error(f"method: {method} is no HTTP method.{hint} For all, leave method out")
        return frozenset(methods | ({"HEAD"} if "GET" in methods else set()))

    def _hosts(self) -> frozenset[str] | None:
        if "host" not in self._given:
            return None
        hosts = {text.lower().removesuffix(".") for text in self._texts("host")}
        for host in sorted(hosts):
            if not _HOST.fullmatch(host):
                raise self._error(f"host: {host} {host_mend(host)}")
        return frozenset(hosts)

    def _acr(self) -> tuple[str, ...]:
        if "acr" not in self._given:
            return ()
        values = self._texts("acr")
        for value in values:
            if not re.fullmatch(r"[!#-\[\]-~]+", value):  # they are sent in one text, with blanks between
                raise self._error(f"acr: {value!r} must be printable ASCII without blanks, quotes and backslashes")
        return values

    def _max_age(self) -> float | None:
        if "max_age" not in self._given:
            return None
        try:
            seconds = read_duration(self._given["max_age"])
        except ValueError as error:
            raise self._error(f"max_age {error}") from None
        if seconds < 1:
            raise self._error("max_age must be at least 1 second: no sign-in would ever be new enough")
        return float(int(seconds))  # providers are asked in whole seconds

    # Who

    def _allow(self, allow: Any) -> Condition:
        if isinstance(allow, str):
            if allow not in _FIXED:
                raise self._error(f"allow: {word_mend(allow)}")
            return _FIXED[allow]
        if isinstance(allow, bool):
            some = '"signed-in" for whoever has signed in, or "anyone" for all, without a login'
            raise self._error(f"allow must be {some if allow else in_quotes('nobody')}, not {written(allow)}")
        if isinstance(allow, list | tuple):
            raise self._error(f"allow must be a table with one condition, not a list: {_of_list(allow)}")
        return self._conditions.condition("allow", allow)

    # Values

    def _text(self, key: str, default: str) -> str:
        if key not in self._given:
            return default
        if not isinstance(self._given[key], str):
            raise self._error(f"{key} must be a text, not {kind(self._given[key])}")
        try:
            return read_text(self._given[key])
        except ValueError as error:
            raise self._error(f"{key} {error}") from None

    def _texts(self, key: str) -> tuple[str, ...]:
        return self._conditions.listed(key, self._given[key])

    # Mistakes

    def _unknown(self, key: str) -> SettingsError:
        if key in CONDITIONS:
            return self._error(f"{key} belongs into allow: allow = {written({key: self._given[key]})}")
        if key.lower() == "deny":
            return self._error(f'there is no {key}: write allow = {{ not = {{ … }} }}, or allow = "nobody"')
        hint = near(key, _KEYS)
        whole = " A setting of the whole gate stands above the first [[rules]]." if "_" in key and not hint else ""
        return self._error(f"{key} is no key of a rule.{hint}{whole} There are: {', '.join(_KEYS)}")

    def _error(self, sentence: str) -> SettingsError:
        return SettingsError(f"{self._label()}: {sentence}.")

    def _label(self) -> str:
        return f"rules: {label(self._number, self._name, self._where)}"


def _of_list(allow: list[Any] | tuple[Any, ...]) -> str:
    """Return what to write in place of a list at `allow`."""
    if len(allow) == 1 and allow[0] in _FIXED:
        return f"write allow = {written(allow[0])}"
    if allow and all(isinstance(each, str) for each in allow):
        condition = "emails" if all("@" in each for each in allow) else "groups"
        return f"for {'addresses' if condition == 'emails' else 'groups'} write allow = {written({condition: allow})}"
    return "where one of several conditions is enough, allow = { any = [{ … }, { … }] }"


def label(number: int, name: str, where: str) -> str:
    """Return how a message names a rule."""
    own_name = f' "{name}"' if name and name != f"rule {number}" else ""
    return f"rule {number}{own_name}{f' ({where})' if where else ''}"
