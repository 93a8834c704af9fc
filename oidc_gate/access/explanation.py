"""A verdict in words, and as JSON: which rule decides, and why, condition by condition.

Values go in, text comes out; it is for whoever runs the app, and has what claims hold in it. What of that cannot be
printed is escaped: a person's name is not to command the terminal of whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_gate.access.answers import Finding
from oidc_gate.access.conditions import shown
from oidc_gate.access.findings import door_finding, in_json, rule_findings, tree
from oidc_gate.access.paths import ambiguous_part
from oidc_gate.access.policy import AMBIGUOUS, Policy
from oidc_gate.access.rule import NOBODY, PREFLIGHT
from oidc_gate.access.rule_list import PASSES, printable, width, word

if TYPE_CHECKING:
    from oidc_gate.access.expression_values import AskedOf
    from oidc_gate.access.verdicts import Spot, Verdict
    from oidc_gate.identity import Identity

__all__ = ["Explanation", "Requested", "explained"]

_HEADS = {"pass": "passes", "refused": "403 not allowed"}
#: By whether a page would be sent to sign in, as it is for GET alone.
_LOGIN = {
    True: "302 to sign in{as_asked}; a script gets 401",
    False: "401 to sign in{as_asked}; a form gets it as a page",
}


class Requested(NamedTuple):
    """What was asked for: the path as it was sent, the host as the gate works it out."""

    method: str
    path: str
    host: str


class Row(NamedTuple):
    """A rule, whether it decides, and what its parts say of the person, where that has a say."""

    name: str
    scope: str
    word: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """What comes of a request, and why.

    `door`: what the lists say of the person, None where they have no say. `note`: why the path is ambiguous.
    """

    request: Requested
    verdict: Verdict
    rows: tuple[Row, ...]
    door: Finding | None
    has_lists: bool
    note: str = ""

    @property
    def rule(self) -> str | None:
        """The name of the rule that decides, None for none."""
        return None if self.verdict.rule is None else self.verdict.rule.name

    @property
    def words(self) -> str:
        """Why, in one line, as the log has it."""
        return printable(self.verdict.words)

    @property
    def as_json(self) -> dict[str, Any]:
        """What JSON has of it. Where the path is ambiguous, each rule stands among the conditions."""
        findings = [] if self.door is None or not self.has_lists else [self.door]
        for row in self.rows:
            if self.note and row.findings:
                answer = all(each.answer is True for each in row.findings)
                findings.append(Finding(f"rule {row.name}", answer, parts=row.findings))
            else:
                findings += row.findings
        rule = self.verdict.rule
        return {
            "verdict": self.verdict.outcome,
            "rule": self.rule,
            "where": (rule.where or None) if rule is not None else None,
            "reason": self.verdict.reason,
            "condition": self.failing,
            **self.request._asdict(),
            "conditions": [in_json(each) for each in findings],
        }

    @property
    def failing(self) -> str | None:
        """What does not hold, in words, None where nothing stands in the way but a login."""
        verdict = self.verdict
        if verdict.because or verdict.outcome not in ("refused", "step_up"):
            return verdict.because or None
        if verdict.reason == "nobody":
            return str(NOBODY)
        findings = [self.door] if self.door is not None else []
        findings += [each for row in self.rows for each in row.findings if not self.note]
        return next((each.decisive.condition for each in findings if each.answer is not True), None)

    @property
    def text(self) -> str:
        """What a person reads, several lines."""
        names = [*(row.name for row in self.rows), "door"]
        name_width, scope_width = width(names), width([row.scope for row in self.rows])
        lines = [f"{self._head}    {self._by_what}", f"  {self.words}"]
        lines += [f"  {self.note}"] if self.note else []
        for row in self.rows:
            lines.append(f"  {row.name:{name_width}}  {row.scope:{scope_width}}  {row.word}")
            for each in row.findings if row.word != PASSES else ():
                lines += tree(each, 2)
        if self.door is not None:
            first, *others = tree(self.door, 0)
            lines += [f"  {'door':{name_width}}  {first}", *(f"  {line}" for line in others)]
        return "\n".join(printable(line.rstrip()) for line in lines)

    @property
    def _head(self) -> str:
        answer, outcome = self.verdict.answer, self.verdict.outcome
        if answer is not None:
            return f"{answer.status} as the Traffic Policy says"
        is_page = self.request.method in ("GET", "HEAD")
        as_asked = " as the rule asks" if outcome == "step_up" else ""
        return _HEADS.get(outcome) or _LOGIN[is_page].format(as_asked=as_asked)

    @property
    def _by_what(self) -> str:
        rule = self.verdict.rule
        if rule is None and self.verdict.because and not self.note:
            return self.verdict.because
        if rule is None:
            otherwise = "the allow lists decide" if self.has_lists else "everybody signed in passes"
            return "no rule: the path is ambiguous" if self.note else f"no rule fits; {otherwise}"
        if rule is PREFLIGHT:
            return f"{rule.name}: a true preflight passes, in nobody's name"
        name = rule.name if rule.name in (f"rule {rule.number}", "public_paths") else f"rule {rule.name}"
        return f"{name} ({rule.where})" if rule.where else name


def explained(
    policy: Policy,
    spot: Spot,
    verdict: Verdict,
    identity: Identity | None,
    now: float,
    *,
    requested: Requested,
    allowed: bool,
    asked: AskedOf | None,
) -> Explanation:
    """Return why this came of a request: `verdict` is what the gate has said of it.

    `requested`: how it was asked for. `identity`: who is signed in, None for nobody. `allowed`: whether the lists let
    them pass. `asked`: what the expressions of a Traffic Policy may ask of the request.
    """
    matching, is_preflight = policy.matching(spot), verdict.rule is PREFLIGHT
    is_ambiguous = policy.has_places and policy.place(spot) == AMBIGUOUS and not is_preflight
    rows = [Row(PREFLIGHT.name, "true preflights", "decides")] if is_preflight else []
    for number, rule in enumerate(policy.rules):
        said: str = "no match"
        findings: tuple[Finding, ...] = ()
        if is_ambiguous:
            own = policy.verdict(number, identity, now, allowed=allowed)
            said, findings = word(own), rule_findings(policy, rule, identity, now)
        elif number in matching:
            said = "comes later"
            if rule is verdict.rule:
                said, findings = "decides", rule_findings(policy, rule, identity, now)
        rows.append(Row(rule.name, rule.scope, said, findings))
    is_decided = is_ambiguous or is_preflight or (verdict.rule is not None and verdict.rule in policy.rules)
    rows += _conditional_rows(policy, identity, asked, allowed=allowed, is_decided=is_decided)
    has_say = verdict.rule is None or not (verdict.rule.opens or verdict.rule.who is NOBODY)
    door = door_finding(policy, identity, allowed=allowed) if identity is not None and has_say else None
    note = _why_ambiguous(policy, spot) if is_ambiguous else ""
    return Explanation(requested, verdict, tuple(rows), door, policy.has_lists(identity), note)


def _conditional_rows(
    policy: Policy, identity: Identity | None, asked: AskedOf | None, *, allowed: bool, is_decided: bool
) -> Iterator[Row]:
    """Return the rules of a Traffic Policy that have expressions; `is_decided`: whether they are never asked."""
    person = None if identity is None else policy.person(identity)
    for each in policy.conditionals:
        if is_decided:
            yield Row(each.name, "expressions", "not asked")
            continue
        findings = tuple(
            Finding(found.expression, found.value, shown(found.why)) for found in each.found(asked, identity, person)
        )
        holds = each.holds(asked, identity, person)
        is_decided = holds is not False and not (each.answer is None and allowed)
        said = "decides" if is_decided else "no match" if holds is False else "signed in"
        yield Row(each.name, "expressions", said, findings)


def _why_ambiguous(policy: Policy, spot: Spot) -> str:
    """Return why the path could be read in more than one way."""
    part = ambiguous_part(spot.path)
    if spot.is_unclear or spot.sent is None:
        why = "it cannot be told which path, or which method, the app goes by"
    elif part:
        why = f"{part!r} is in the path"
    elif policy.place(spot._replace(sent="")) == AMBIGUOUS:
        why = "a rule's path is the same but for case, or for how a character is put together"
    else:
        why = f"{spot.sent!r} has an encoded separator"
    return f"ambiguous: {why}; only who passes every rule and the lists passes"
