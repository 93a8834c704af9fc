"""What must hold of rules beside other settings: none on the gate's own paths, and none that can never decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from oidc_gate.access import ANYONE, CheckedRule, Conditional, Pattern, Tree, covered_by, read_pattern
from oidc_gate.errors import SettingsError
from oidc_gate.settings.rule_tables import label

__all__ = ["check_replacing", "check_rules", "narrow_everything", "rule_warnings"]


def check_rules(
    given: Sequence[CheckedRule | Conditional],
    *,
    public_paths: Sequence[str],
    path_prefix: str,
    base_url: str,
    auth_id: str,
) -> None:
    """Refuse rules that could not mean what they say beside these settings. Raises SettingsError."""
    rules = [rule for rule in given if isinstance(rule, CheckedRule)]
    for rule in rules:
        _check_prefix(rule, path_prefix)
        _check_hosts(rule, base_url)
        _check_providers(rule, auth_id)
    # With base_url every request is for its host, and so all rules that are left are for any.
    _check_order([replace(rule, hosts=None) for rule in rules] if base_url else rules, public_paths)


def check_replacing(before: Sequence[object]) -> None:
    """Refuse rules that would take the place of what a Traffic Policy refuses. Raises SettingsError."""
    if any(isinstance(each, Conditional) for each in before):
        raise SettingsError(
            "rules would take the place of what the Traffic Policy refuses. Write all of them there, or all of them"
            " here."
        )


def narrow_everything(given: Sequence[CheckedRule | Conditional]) -> bool:
    """Return whether what no other rule decides is not left to the lists alone."""
    return any(isinstance(rule, CheckedRule) and rule.narrows_everything for rule in given)


def rule_warnings(given: Sequence[CheckedRule | Conditional], scopes: Sequence[str]) -> list[str]:
    """Return what is allowed and still worth a second look, a sentence each."""
    rules = [rule for rule in given if isinstance(rule, CheckedRule)]
    by_address = [rule for rule in rules if "email" in rule.who.claims and "email" not in scopes]
    return [
        *(f"{rule.name} opens every path that no rule before it decides" for rule in rules if rule.opens_the_rest),
        *(f"{rule.name} goes by the claim email, and scopes lack email" for rule in by_address),
    ]


def _check_prefix(rule: CheckedRule, prefix: str) -> None:
    own = tuple(prefix.split("/")[1:])
    for pattern in rule.patterns:
        if pattern.segments[: len(own)] == own:
            raise _error(
                rule, f"{pattern} is among the gate's own paths, below path_prefix {prefix}, where no rule has a say"
            )


def _check_hosts(rule: CheckedRule, base_url: str) -> None:
    """Refuse a host that no request can come for: with `base_url` all are taken to come for its host."""
    own = (urlsplit(base_url).hostname or "").rstrip(".")
    if ":" in own:
        own = f"[{own}]"
    if base_url and rule.hosts is not None and own not in rule.hosts:
        raise _error(
            rule,
            f"host {', '.join(sorted(rule.hosts))} is never asked for: base_url says that the app's host is {own}, for"
            " every request. Correct the host, or leave base_url out",
        )


def _check_providers(rule: CheckedRule, auth_id: str) -> None:
    """Refuse a provider that nobody can have signed in at."""
    for name in sorted(rule.who.providers - {auth_id}):
        if "*" not in name:
            raise _error(rule, f"allow.provider: there is no provider with auth_id {name}; there is {auth_id}")


def _check_order(rules: list[CheckedRule], public_paths: Sequence[str]) -> None:
    """Refuse a rule that can never decide, because earlier ones decide all that it could."""
    public = CheckedRule("", 0, ANYONE, patterns=tuple(read_pattern(path, is_exact=False) for path in public_paths))
    earlier = [public]
    tree = Tree()
    for pattern in public.patterns:
        tree.add(0, pattern)
    for number, rule in enumerate(rules, 1):
        covering = _covering(rule, tree, earlier)
        if covering is not None:
            names = " and ".join(_named(each) for each in sorted(covering, key=lambda each: each.number))
            raise _error(
                rule,
                f"can never decide: {names} before it {'decides' if len(covering) == 1 else 'decide'} all that it"
                " covers. Put it first, or take it out",
            )
        for pattern in rule.patterns:
            tree.add(number, pattern)
        earlier.append(rule)


def _covering(rule: CheckedRule, tree: Tree, earlier: list[CheckedRule]) -> set[CheckedRule] | None:
    """Return the earlier rules that together cover this one, None if they do not."""
    found: set[int] = set()
    for pattern in rule.patterns:
        for method in rule.methods or (None,):
            for host in rule.hosts or (None,):
                part = _covered(pattern, method, host, tree, earlier)
                if part is None:
                    return None
                found |= part
    return {earlier[number] for number in found}


def _covered(
    pattern: Pattern, method: str | None, host: str | None, tree: Tree, earlier: list[CheckedRule]
) -> frozenset[int] | None:
    """Return the numbers of earlier rules that cover this pattern; None as method or host stands for any other one."""

    def counts(number: int) -> bool:
        rule = earlier[number]
        by_method = rule.methods is None or method in rule.methods
        return by_method and (rule.hosts is None or host in rule.hosts)

    return covered_by(tree, pattern, counts)


def _named(rule: CheckedRule) -> str:
    return label(rule.number, rule.name, rule.where) if rule.number else "public_paths"


def _error(rule: CheckedRule, sentence: str) -> SettingsError:
    return SettingsError(f"rules: {label(rule.number, rule.name, rule.where)}: {sentence}.")
