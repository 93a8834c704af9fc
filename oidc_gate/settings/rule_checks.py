"""What must hold of rules beside other settings: none on the gate's own paths, and none that can never decide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from oidc_gate.access import CheckedRule, Conditional, Pattern, Texts, Tree, covered_by
from oidc_gate.errors import SettingsError
from oidc_gate.settings.mends import in_quotes
from oidc_gate.settings.rule_order import PUBLIC, check_order, error_in, idle_patterns, named

__all__ = ["check_replacing", "check_rules", "narrow_everything", "rule_warnings"]


def check_rules(
    given: Sequence[CheckedRule | Conditional],
    *,
    public_paths: Sequence[str],
    path_prefix: str,
    base_url: str,
    auth_ids: Sequence[str],
) -> None:
    """Refuse rules that could not mean what they say beside these settings. Raises SettingsError.

    `auth_ids`: of all providers.
    """
    rules = [rule for rule in given if isinstance(rule, CheckedRule)]
    for rule in rules:
        _check_prefix(rule, path_prefix)
        _check_hosts(rule, base_url)
        _check_providers(rule, auth_ids)
    if len(auth_ids) > 1 and any(isinstance(each, Conditional) and each.reads_identity for each in given):
        raise SettingsError(
            "rules: an expression of the Traffic Policy goes by who somebody is, and there are several providers, any"
            " of which could say so of anybody: write rules that name the provider (docs/rules.md)."
        )
    check_order(_at_its_hosts(rules, base_url), public_paths)


def _at_its_hosts(rules: list[CheckedRule], base_url: str) -> list[CheckedRule]:
    """Return the rules as they are asked: with `base_url` every request is for its host, so that they are for any."""
    return [replace(rule, hosts=None) for rule in rules] if base_url else rules


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


def rule_warnings(
    given: Sequence[CheckedRule | Conditional],
    *,
    scopes: Sequence[str],
    public_paths: Sequence[str],
    base_url: str,
    several: bool = False,
) -> list[str]:
    """Return what is allowed and still worth a second look, a sentence each. `several`: there are more providers."""
    rules = [rule for rule in given if isinstance(rule, CheckedRule)]
    by_address = [rule for rule in rules if "email" in rule.who.claims and "email" not in scopes]
    return [
        *(opened for rule in rules if (opened := _opened(rule))),
        *_of_one_name(rules, public_paths),
        *_beside_stars(rules),
        *idle_patterns(_at_its_hosts(rules, base_url), public_paths),
        *(
            f"{rule.name}: {loose.text} also fits {loose.fits}; write {', '.join(map(in_quotes, loose.meant))}"
            for rule in rules
            for loose in sorted(rule.who.loose)
        ),
        *(said for rule in rules if several and (said := _of_anybodys_claims(rule))),
        *(f"{rule.name} goes by the claim email, and scopes lack email; add it to scopes" for rule in by_address),
    ]


def _opened(rule: CheckedRule) -> str:
    """Return what is to be said of a rule that opens about everything, `""` of any other."""
    if rule.opens_the_rest:
        return (
            f"{rule.name} opens every path that no rule before it decides; where that is not meant, name the paths that"
            " need no login"
        )
    stars = next((each for each in rule.patterns if rule.opens and set(each.segments) == {None}), None)
    if stars is None:
        return ""
    return (
        f"{rule.name} opens {stars}, whatever stands for *, where no rule before it decides; name the paths that need"
        " no login"
    )


def _of_anybodys_claims(rule: CheckedRule) -> str:
    """Return what is to be said of a rule by claims that any provider may make of anybody, `""` of any other."""
    claims = ", ".join(sorted(rule.who.whoever_says_so - rule.who.of_any_provider))
    return claims and f"{rule.name} goes by {claims}, whichever of the providers says so; name the one that is meant"


def _beside_stars(rules: Sequence[CheckedRule]) -> Iterator[str]:
    """Yield what is to be said of rules for all below a path, where no rule is for the path itself."""
    tree = Tree()
    for number, rule in enumerate(rules):
        for pattern in rule.patterns:
            tree.add(number, pattern)
    for rule in rules:
        for pattern in rule.patterns if not rule.opens else ():
            if pattern.is_exact or pattern.segments[-1:] != (None,):
                continue
            itself = pattern.segments[:-1] or ("",)
            if covered_by(tree, Pattern(itself, is_exact=True), lambda _: True) is None:
                path = str(Pattern(itself, is_exact=False)).removesuffix(" and below")
                yield f'{rule.name}: {path}/* does not cover {path} itself; path = "{path}" covers both'.replace(
                    "//", "/"
                )


def _of_one_name(rules: Sequence[CheckedRule], public_paths: Sequence[str]) -> Iterator[str]:
    """Yield what is to be said of rules of one name, by which nobody can tell in the log which one it was."""
    known: dict[str, str] = {PUBLIC: PUBLIC} if public_paths else {}
    for rule in rules:
        if rule.name in known:
            yield (
                f"rule {rule.number}: {known[rule.name]} has the name {rule.name} already, and names tell rules apart"
                " in explain and in the log; give each its own, or leave name out"
            )
        known[rule.name] = named(rule)


def _check_prefix(rule: CheckedRule, prefix: str) -> None:
    own = tuple(prefix.split("/")[1:])
    for pattern in rule.patterns:
        if pattern.segments[: len(own)] == own:
            raise error_in(
                rule, f"{pattern} is among the gate's own paths, below path_prefix {prefix}, where no rule has a say"
            )


def _check_hosts(rule: CheckedRule, base_url: str) -> None:
    """Refuse a host that no request can come for: with `base_url` all are taken to come for its host."""
    own = (urlsplit(base_url).hostname or "").rstrip(".")
    if ":" in own:
        own = f"[{own}]"
    if base_url and rule.hosts is not None and own not in rule.hosts:
        raise error_in(
            rule,
            f"host {', '.join(sorted(rule.hosts))} is never asked for: base_url says that the app's host is {own}, for"
            " every request. Correct the host, or leave base_url out",
        )
    if base_url and rule.opens and not rule.names_paths:
        raise error_in(
            rule,
            f'allow = "anyone" at host {own}, which is every host with base_url, would open the whole app; name the'
            ' paths that need no login, or path = "/" where all the rest is meant',
        )


def _check_providers(rule: CheckedRule, auth_ids: Sequence[str]) -> None:
    """Refuse a provider that nobody can have signed in at, and names that two providers may both use."""
    for name in sorted(rule.who.providers):
        if not any(Texts([name]).fit(auth_id) for auth_id in auth_ids):
            raise error_in(
                rule, f"allow.provider: there is no provider with auth_id {name}; there is {', '.join(auth_ids)}"
            )
    shared = sorted(rule.who.of_any_provider)
    if shared and len(auth_ids) > 1:
        raise error_in(
            rule,
            f"it goes by {' and '.join(shared)}, and there are several providers, any of which could say so of"
            f' anybody: name the one that is meant, in all = [{{ provider = "{auth_ids[0]}" }}, …]',
        )
