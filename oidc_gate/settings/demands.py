"""What a part of an app demands, as its code says it: the language of rules, without a place."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypedDict

from oidc_gate.access import OF_CODE
from oidc_gate.errors import SettingsError
from oidc_gate.settings.condition_tables import CONDITIONS
from oidc_gate.settings.rule_tables import RuleReading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from oidc_gate.access import CheckedRule
    from oidc_gate.settings.rule import Allow

__all__ = ["Demands", "check_demand", "read_demand"]


class Demands(TypedDict, total=False):
    """What `require` takes; all that is given must hold.

    - `groups`, `emails`, `domains`, `scopes`, `provider`, `claims`: as a rule's `allow` has them; of a list one is
      enough
    - `allow`: in place of these whatever may stand there in a rule, with `any`, `all` and `not`; or a function
    - `acr`, `max_age`: what is asked of the sign-in, as in a rule
    - `help`: a sentence on the 403 page; `name`: in the log, instead of `require`

    None is refused but for `help` and `name`, for whoever gives it meant to ask for something: the variable that it
    came from is not set.
    """

    groups: str | Sequence[str]
    emails: str | Sequence[str]
    domains: str | Sequence[str]
    scopes: str | Sequence[str]
    provider: str | Sequence[str]
    claims: Mapping[str, Any]
    allow: Allow
    acr: str | Sequence[str]
    max_age: float | str | timedelta
    help: str | None
    name: str | None


def read_demand(given: Mapping[str, Any]) -> CheckedRule:
    """Return the rule that says this. Raises SettingsError for a mistake."""
    for name, value in given.items():
        if value is None and name in _DEMANDS:
            raise SettingsError(
                f"require: {name} is None, and nothing would be asked for in its place; give it a value, or leave it"
                " out."
            )
    given = {name: value for name, value in given.items() if value is not None}  # help and name
    conditions = [{name: value} for name, value in given.items() if name in _SHORT]
    rest = {name: value for name, value in given.items() if name not in _SHORT}
    for name in rest:
        if name not in _REST:
            raise SettingsError(f"require: {name} is nothing that can be asked for. There are: {', '.join(_ALL)}.")
    if conditions and "allow" in rest:
        raise SettingsError(
            "require: takes either conditions or allow; put them together in allow, with any, all and not."
        )
    if conditions:
        rest["allow"] = conditions[0] if len(conditions) == 1 else {"all": conditions}
    if rest.get("allow") in ("anyone", "nobody"):
        raise SettingsError(f"require: {rest['allow']} needs no gate; leave it out, or take the route out.")
    return _Demand(OF_CODE, {"name": "require", "allow": "signed-in"} | rest).rule()


def check_demand(rule: CheckedRule, auth_ids: Sequence[str]) -> None:
    """Check a demand against several providers, by their names: what any of them could say of anybody tells nothing.

    Raises SettingsError, as the start does for rules.
    """
    shared = sorted(rule.who.of_any_provider)
    if shared:
        raise SettingsError(
            f"require: goes by {' and '.join(shared)}, and there are several providers, any of which could say so of"
            f" anybody: name the one that is meant, as in provider={auth_ids[0]!r}."
        )


class _Demand(RuleReading):
    def _label(self) -> str:
        return "require"


_SHORT = tuple(name for name in CONDITIONS if name not in ("any", "all", "not"))
_REST = ("allow", "acr", "max_age", "help", "name")
_ALL = (*_SHORT, *_REST)
_DEMANDS = (*_SHORT, "allow", "acr", "max_age")
