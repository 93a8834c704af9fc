"""A verdict in words, and as JSON: which rule decides, and why, condition by condition.

Values go in, text comes out; it is for whoever runs the app, and has what claims hold in it. What of that cannot be
printed is escaped: a person's name is not to command the terminal of whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_gate.access.conditions import Finding, shown
from oidc_gate.access.paths import ambiguous_part
from oidc_gate.access.person import Person
from oidc_gate.access.policy import AMBIGUOUS, Policy, Spot, Verdict
from oidc_gate.access.rule import NOBODY, CheckedRule
from oidc_gate.access.rule_list import PASSES, WIDEST, printable, width, word
from oidc_gate.access.sign_ins import signed_in_at, step_up_until
from oidc_gate.access.texts import age, listed

if TYPE_CHECKING:
    from oidc_gate.access.allow_lists import ListAnswer
    from oidc_gate.access.expression_values import AskedOf
    from oidc_gate.identity import Identity

__all__ = ["Explanation", "explained"]

_HEADS = {
    "pass": "passes",
    "refused": "403 not allowed",
    "login": "302 to sign in; a script gets 401",
    "step_up": "302 to sign in as the rule asks; a script gets 401",
}
_RESULTS = {True: "yes", False: "no", None: "unknown"}
_MARKS = {True: "\u2713", False: "\u2717", None: "?"}
#: Of a longer list only the first ones are shown.
_MOST_LISTED = 5


class Row(NamedTuple):
    """A rule, whether it decides, and what its parts say of the person, where that has a say."""

    name: str
    scope: str
    word: str
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """What comes of a request, and why. `note`: why its path is ambiguous. `door`: what the lists say of the person."""

    verdict: Verdict
    rows: tuple[Row, ...]
    door: Finding | None
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
        findings = [] if self.door is None else [self.door]
        for row in self.rows:
            if self.note and row.findings:
                answer = all(each.answer is True for each in row.findings)
                findings.append(Finding(f"rule {row.name}", answer, parts=row.findings))
            else:
                findings += row.findings
        return {
            "verdict": self.verdict.outcome,
            "rule": self.rule,
            "reason": self.verdict.reason,
            "conditions": [_plain(each) for each in findings],
        }

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
                lines += _tree(each, 2)
        if self.door is not None:
            first, *others = _tree(self.door, 0)
            lines += [f"  {'door':{name_width}}  {first}", *(f"  {line}" for line in others)]
        return "\n".join(printable(line.rstrip()) for line in lines)

    @property
    def _head(self) -> str:
        answer = self.verdict.answer
        return _HEADS[self.verdict.outcome] if answer is None else f"{answer.status} as the Traffic Policy says"

    @property
    def _by_what(self) -> str:
        rule = self.verdict.rule
        if rule is None and self.verdict.because and not self.note:
            return self.verdict.because
        if rule is None:
            return "no rule: the path is ambiguous" if self.note else "no rule: the allow lists decide"
        name = rule.name if rule.name in (f"rule {rule.number}", "public_paths") else f"rule {rule.name}"
        return f"{name} ({rule.where})" if rule.where else name


def explained(
    policy: Policy,
    spot: Spot,
    verdict: Verdict,
    identity: Identity | None,
    now: float,
    *,
    allowed: bool,
    asked: AskedOf | None,
) -> Explanation:
    """Return why this came of a request: `verdict` is what the gate has said of it.

    `identity`: who is signed in, None for nobody. `allowed`: whether the lists let them pass.
    `asked`: what the expressions of a Traffic Policy may ask of the request.
    """
    matching = policy.matching(spot)
    is_ambiguous = policy.has_places and policy.place(spot) == AMBIGUOUS
    rows = []
    for number, rule in enumerate(policy.rules):
        said: str = "no match"
        findings: tuple[Finding, ...] = ()
        if is_ambiguous:
            own = policy.verdict(number, identity, now, allowed=allowed)
            said, findings = word(own), _findings(policy, rule, identity, now)
        elif number in matching:
            said = "comes later"
            if rule is verdict.rule:
                said, findings = "decides", _findings(policy, rule, identity, now)
        rows.append(Row(rule.name, rule.scope, said, findings))
    is_decided = is_ambiguous or (verdict.rule is not None and verdict.rule in policy.rules)
    rows += _conditional_rows(policy, identity, asked, allowed=allowed, is_decided=is_decided)
    has_say = verdict.rule is None or not (verdict.rule.opens or verdict.rule.who is NOBODY)
    door = _door(policy, identity, allowed=allowed) if identity is not None and has_say else None
    return Explanation(verdict, tuple(rows), door, _why_ambiguous(policy, spot) if is_ambiguous else "")


def _conditional_rows(
    policy: Policy, identity: Identity | None, asked: AskedOf | None, *, allowed: bool, is_decided: bool
) -> Iterator[Row]:
    """Return the rules of a Traffic Policy that have expressions; `is_decided`: whether they are never asked."""
    person = None if identity is None else Person(identity, policy.lists)
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


def _findings(policy: Policy, rule: CheckedRule, identity: Identity | None, now: float) -> tuple[Finding, ...]:
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


def _door(policy: Policy, identity: Identity, *, allowed: bool) -> Finding:
    """Return what the allow lists say of a person, list by list."""
    answers = policy.lists.answers(identity.claims)
    if policy.lists.allow_all:
        return Finding("no allow lists", allowed)
    parts = tuple(Finding(_of_list(each), each.holds, shown(each.seen), each.reason) for each in answers)
    return Finding("one of the allow lists", allowed, parts=parts) if len(parts) != 1 else parts[0]


def _of_list(answer: ListAnswer) -> str:
    shown, more = answer.listed[:_MOST_LISTED], len(answer.listed) - _MOST_LISTED
    return f"{answer.name} {listed([*shown, f'{more} more'] if more > 0 else shown)}"


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


def _plain(finding: Finding) -> dict[str, Any]:
    parts = {"conditions": [_plain(part) for part in finding.parts]} if finding.parts else {}
    found = finding.seen or None
    return {"condition": finding.condition, "result": _RESULTS[finding.answer], "found": found, **parts}


def _tree(finding: Finding, depth: int) -> Iterator[str]:
    line = f"{'  ' * depth}{_MARKS[finding.answer]} {finding.title or finding.condition}"
    told = (f"({finding.seen})" if finding.seen else "", finding.reason)
    yield f"{line:{WIDEST}} {' '.join(filter(None, told))}"
    for part in finding.parts:
        yield from _tree(part, depth + 1)
