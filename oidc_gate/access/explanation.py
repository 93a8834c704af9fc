"""A verdict in words, and as JSON: which rule decides, and why, condition by condition.

Values go in, text comes out; it is for whoever runs the app, and has what claims hold in it. What of that cannot be
printed is escaped: a person's name is not to command the terminal of whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_gate.access.conditions import Finding, shown
from oidc_gate.access.paths import ambiguous_part
from oidc_gate.access.policy import AMBIGUOUS, NO_RULE, Policy, Spot, Verdict, signed_in_at, step_up_until
from oidc_gate.access.rule import NOBODY, CheckedRule
from oidc_gate.access.texts import age, listed

if TYPE_CHECKING:
    from oidc_gate.access.allow_lists import ListAnswer
    from oidc_gate.identity import Identity

__all__ = ["Explanation", "ListedRule", "RuleList", "explained", "listed_rules"]

_HEADS = {
    "pass": "passes",
    "refused": "403 not allowed",
    "login": "302 to sign in; a script gets 401",
    "step_up": "302 to sign in as the rule asks; a script gets 401",
}
_WORDS = {"pass": "yes", "refused": "no", "login": "needs login", "step_up": "needs step-up"}
_RESULTS = {True: "yes", False: "no", None: "unknown"}
_MARKS = {True: "\u2713", False: "\u2717", None: "?"}
#: Of a longer list only the first ones are shown.
_MOST_LISTED = 5
#: Columns are no wider than this.
_WIDEST = 48


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
        return _printable(self.verdict.words)

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
        name_width, scope_width = _width(names), _width([row.scope for row in self.rows])
        lines = [f"{_HEADS[self.verdict.outcome]}    {self._by_what}", f"  {self.words}"]
        lines += [f"  {self.note}"] if self.note else []
        for row in self.rows:
            lines.append(f"  {row.name:{name_width}}  {row.scope:{scope_width}}  {row.word}")
            for each in row.findings if row.word != _WORDS["pass"] else ():
                lines += _tree(each, 2)
        if self.door is not None:
            first, *others = _tree(self.door, 0)
            lines += [f"  {'door':{name_width}}  {first}", *(f"  {line}" for line in others)]
        return "\n".join(_printable(line.rstrip()) for line in lines)

    @property
    def _by_what(self) -> str:
        rule = self.verdict.rule
        if self.verdict.conditional is not None:
            return f"rule {self.verdict.conditional.name} of the Traffic Policy"
        if rule is None:
            return "no rule: the path is ambiguous" if self.note else "no rule: the allow lists decide"
        name = rule.name if rule.name in (f"rule {rule.number}", "public_paths") else f"rule {rule.name}"
        return f"{name} ({rule.where})" if rule.where else name


def explained(
    policy: Policy, spot: Spot, verdict: Verdict, identity: Identity | None, now: float, *, allowed: bool
) -> Explanation:
    """Return why this came of a request: `verdict` is what the gate has said of it.

    `identity`: who is signed in, None for nobody. `allowed`: whether the lists let them pass.
    """
    matching = policy.matching(spot)
    is_ambiguous = policy.has_places and policy.place(spot) == AMBIGUOUS
    rows = []
    for number, rule in enumerate(policy.rules):
        word: str = "no match"
        findings: tuple[Finding, ...] = ()
        if is_ambiguous:
            own = policy.verdict(number, identity, now, allowed=allowed)
            word, findings = _word(own), _findings(policy, rule, identity, now)
        elif number in matching:
            word = "comes later"
            if rule is verdict.rule:
                word, findings = "decides", _findings(policy, rule, identity, now)
        rows.append(Row(rule.name, rule.scope, word, findings))
    rows += [
        Row(each.name, "expressions", "decides" if each is verdict.conditional else "") for each in policy.conditionals
    ]
    has_say = verdict.rule is None or not (verdict.rule.opens or verdict.rule.who is NOBODY)
    door = _door(policy, identity, allowed=allowed) if identity is not None and has_say else None
    return Explanation(verdict, tuple(rows), door, _why_ambiguous(policy, spot) if is_ambiguous else "")


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
        is_new = now <= step_up_until(replace(rule, acr=()), claims)
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


class ListedRule(NamedTuple):
    """A rule, and what comes of a request there. `name`: None for the requests that no rule decides."""

    name: str | None
    scope: str
    verdict: Verdict | None

    @property
    def as_json(self) -> dict[str, Any]:
        """What JSON has of it."""
        said = {} if self.verdict is None else {"verdict": self.verdict.outcome, "reason": self.verdict.reason}
        return {"rule": self.name, "scope": self.scope, **said}


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
        rows = [(each.name or "no rule", each.scope, _why(each.verdict)) for each in self]
        name_width, scope_width = (_width([row[column] for row in rows]) for column in (0, 1))
        lines = [f"{name:{name_width}}  {scope:{scope_width}}  {word}" for name, scope, word in rows]
        return "\n".join(_printable(line.rstrip()) for line in lines)


def listed_rules(policy: Policy, identity: Identity | None, now: float, *, allowed: bool, asks: bool) -> RuleList:
    """Return all rules, with what comes of a request by this person, or by nobody; just the rules unless it `asks`."""

    def of(number: int) -> Verdict | None:
        return policy.verdict(number, identity, now, allowed=allowed) if asks else None

    rows = [ListedRule(rule.name, rule.scope, of(number)) for number, rule in enumerate(policy.rules)]
    if any(each.reads_request for each in policy.conditionals):
        return RuleList((*rows, ListedRule(None, "all else: expressions decide, by the request", None)))
    return RuleList((*rows, ListedRule(None, "all else" if policy.rules else "every path", of(NO_RULE))))


def _why(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    because = f": {verdict.because}" if verdict.because else ""
    return _word(verdict) + (f" ({verdict.reason}{because})" if verdict.outcome == "refused" else "")


def _word(verdict: Verdict) -> str:
    return _WORDS[verdict.outcome]


def _plain(finding: Finding) -> dict[str, Any]:
    parts = {"conditions": [_plain(part) for part in finding.parts]} if finding.parts else {}
    found = finding.seen or None
    return {"condition": finding.condition, "result": _RESULTS[finding.answer], "found": found, **parts}


def _tree(finding: Finding, depth: int) -> Iterator[str]:
    line = f"{'  ' * depth}{_MARKS[finding.answer]} {finding.title or finding.condition}"
    told = (f"({finding.seen})" if finding.seen else "", finding.reason)
    yield f"{line:{_WIDEST}} {' '.join(filter(None, told))}"
    for part in finding.parts:
        yield from _tree(part, depth + 1)


def _width(texts: Sequence[str]) -> int:
    return min(_WIDEST, max(map(len, texts), default=0))


def _printable(text: str) -> str:
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text
    )
