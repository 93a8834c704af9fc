"""All rules of a gate, each in a line with what it says of a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_gate.access.findings import WIDEST, door_finding, in_json, lists_words, rule_findings
from oidc_gate.access.paths import EVERYWHERE
from oidc_gate.access.policy import NO_RULE, Policy
from oidc_gate.access.rule import ANYONE, NOBODY

if TYPE_CHECKING:
    from oidc_gate.access.answers import Finding
    from oidc_gate.access.verdicts import Verdict
    from oidc_gate.identity import Identity

__all__ = ["PASSES", "RuleList", "listed_rules", "printable", "width", "word"]

PASSES = "yes"
_WORDS = {"pass": PASSES, "refused": "no", "login": "needs login", "step_up": "needs step-up"}


class ListedRule(NamedTuple):
    """A rule, and what comes of a request there. `name`: None for the requests that no rule decides.

    `where`: file and line. `condition`: who passes, in words. `why`: what stands in the way. `findings`: what the lists
    say of the person, and each part of the condition.
    """

    name: str | None
    scope: str
    verdict: Verdict | None = None
    where: str = ""
    condition: str = ""
    why: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def as_json(self) -> dict[str, Any]:
        """What JSON has of it."""
        found: dict[str, Any] = {"rule": self.name, "scope": self.scope}
        if self.name is not None:
            found |= {"where": self.where or None, "condition": self.condition}
        if self.verdict is not None:
            found |= {"verdict": self.verdict.outcome, "reason": self.verdict.reason}
            found |= {"conditions": [in_json(each) for each in self.findings]}
        return found


class RuleList(tuple[ListedRule, ...]):
    """All rules, in their order, and at the end what no rule decides."""

    __slots__ = ()

    @property
    def as_json(self) -> list[dict[str, Any]]:
        """What JSON has of them."""
        return [each.as_json for each in self]

    @property
    def text(self) -> str:
        """A line for each."""
        rows = [(each.name or "no rule", each.scope, _said(each)) for each in self]
        name_width, scope_width = (width([row[column] for row in rows]) for column in (0, 1))
        lines = [f"{name:{name_width}}  {scope:{scope_width}}  {word}" for name, scope, word in rows]
        return "\n".join(printable(line.rstrip()) for line in lines)


def listed_rules(
    policy: Policy, identity: Identity | None, now: float, *, allowed: bool, asks: bool, host: str | None = None
) -> RuleList:
    """Return all rules, with what comes of a request by this person, or by nobody; just the rules unless it `asks`.

    `host`: without the rules for others, None for all.
    """

    def of(number: int, name: str | None, scope: str) -> ListedRule:
        rule = policy.rules[number] if number != NO_RULE else None
        verdict = policy.verdict(number, identity, now, allowed=allowed) if asks else None
        findings = [] if rule is None else [*rule_findings(policy, rule, identity, now)]
        why = "" if verdict is None else verdict.because
        if identity is not None and policy.has_lists(identity) and (rule is None or rule.who not in (ANYONE, NOBODY)):
            findings = [door_finding(policy, identity, allowed=allowed), *findings]
            why = why or ("" if allowed else lists_words(policy, identity))
        where, condition = ("", "") if rule is None else (rule.where, str(rule.who))
        return ListedRule(name, scope, verdict, where, condition, why, tuple(findings))

    numbers = [
        number for number, rule in enumerate(policy.rules) if host is None or rule.hosts is None or host in rule.hosts
    ]
    rules = [policy.rules[number] for number in numbers]
    rows = [of(number, rule.name, rule.scope) for number, rule in zip(numbers, rules, strict=True)]
    if any(each.reads_request for each in policy.conditionals):
        return RuleList((*rows, ListedRule(None, "all else: expressions decide, by the request")))
    if any(EVERYWHERE in rule.patterns and rule.methods is None and (rule.hosts is None or host) for rule in rules):
        return RuleList((*rows, ListedRule(None, "nothing is left")))
    return RuleList((*rows, of(NO_RULE, None, "all else" if rules else "every path")))


def _said(row: ListedRule) -> str:
    if row.verdict is None:
        return ""
    because = f": {row.why}" if row.why else ""
    return word(row.verdict) + (f" ({row.verdict.reason}{because})" if row.verdict.outcome == "refused" else "")


def word(verdict: Verdict) -> str:
    """Return a verdict as it stands in a column."""
    return _WORDS[verdict.outcome]


def width(texts: Sequence[str]) -> int:
    """Return how wide a column of these is."""
    return min(WIDEST, max(map(len, texts), default=0))


def printable(text: str) -> str:
    """Return the text with all that is no letter or sign escaped: it may be anybody's, and goes to a terminal."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text
    )
