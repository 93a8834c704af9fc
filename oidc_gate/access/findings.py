"""What rules and lists say of a person, part by part: for lines of text, and for JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from oidc_gate.access.answers import Finding
from oidc_gate.access.conditions import shown
from oidc_gate.access.policy import Policy
from oidc_gate.access.sign_ins import signed_in_at, step_up_until
from oidc_gate.access.texts import age, listed

if TYPE_CHECKING:
    from oidc_gate.access.allow_lists import ListAnswer
    from oidc_gate.access.rule import CheckedRule
    from oidc_gate.identity import Identity

__all__ = ["WIDEST", "door_finding", "in_json", "lists_words", "rule_findings", "tree"]

#: Columns are no wider than this.
WIDEST = 48
#: Of a longer list only the first ones are shown.
_MOST_LISTED = 5
_RESULTS = {True: "yes", False: "no", None: "unknown"}
_MARKS = {True: "\u2713", False: "\u2717", None: "?"}


def rule_findings(policy: Policy, rule: CheckedRule, identity: Identity | None, now: float) -> tuple[Finding, ...]:
    """Return what the rule itself says of a person: its condition, and what it asks of the sign-in."""
    if identity is None:
        return ()
    return (policy.finding(rule, identity), *_step_up(rule, identity, now))


def _step_up(rule: CheckedRule, identity: Identity, now: float) -> Iterator[Finding]:
    claims = identity.claims
    if rule.acr:
        acr = claims.get("acr")
        yield Finding(f"signed in as {listed(rule.acr)} (acr)", acr in rule.acr, acr if isinstance(acr, str) else "")
    if rule.max_age is not None:
        at = signed_in_at(claims)
        is_new = now <= step_up_until(replace(rule, acr=()), claims, now)
        yield Finding(
            f"signed in within {age(rule.max_age)} (auth_time)", is_new, "" if at is None else f"{age(now - at)} ago"
        )


def door_finding(policy: Policy, identity: Identity, *, allowed: bool) -> Finding:
    """Return what the allow lists say of a person, list by list."""
    lists = policy.lists_of(identity)
    if lists.allow_all:
        return Finding("no allow lists", allowed)
    answers = lists.answers(identity.claims)
    parts = tuple(Finding(_of_list(each), each.holds, shown(each.seen), each.reason) for each in answers)
    return Finding("one of the allow lists", allowed, parts=parts) if len(parts) != 1 else parts[0]


def lists_words(policy: Policy, identity: Identity) -> str:
    """Return why somebody is on none of the lists: what is missing for which of them, or else all that there are."""
    answers = policy.lists_of(identity).answers(identity.claims)
    missing: dict[str, list[str]] = {}
    for each in answers:
        if each.holds is None:
            missing.setdefault(each.claim, []).append(_of_list(each))
    if missing:
        return "; ".join(f"{claim}, for {' and '.join(lists)}" for claim, lists in missing.items())
    return f"not in {listed([_of_list(each) for each in answers])}"


def _of_list(answer: ListAnswer) -> str:
    shown, more = answer.listed[:_MOST_LISTED], len(answer.listed) - _MOST_LISTED
    return f"{answer.name} {listed([*shown, f'{more} more'] if more > 0 else shown)}"


def in_json(finding: Finding) -> dict[str, Any]:
    """Return what JSON has of it."""
    parts = {"conditions": [in_json(part) for part in finding.parts]} if finding.parts else {}
    found = finding.seen or None
    return {"condition": finding.condition, "result": _RESULTS[finding.answer], "found": found, **parts}


def tree(finding: Finding, depth: int) -> Iterator[str]:
    """Yield a line for it, and below it one for each of its parts, this deep."""
    line = f"{'  ' * depth}{_MARKS[finding.answer]} {finding.title or finding.condition}"
    told = (f"({finding.seen})" if finding.seen else "", finding.reason)
    yield f"{line:{WIDEST}} {' '.join(filter(None, told))}"
    for part in finding.parts:
        yield from tree(part, depth + 1)
