"""All rules of a gate, each in a line with what it says of a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from oidc_gate.access.paths import EVERYWHERE
from oidc_gate.access.policy import NO_RULE, Policy, Verdict

if TYPE_CHECKING:
    from oidc_gate.identity import Identity

__all__ = ["PASSES", "WIDEST", "RuleList", "listed_rules", "printable", "width", "word"]

#: Columns are no wider than this.
WIDEST = 48
PASSES = "yes"
_WORDS = {"pass": PASSES, "refused": "no", "login": "needs login", "step_up": "needs step-up"}


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
        name_width, scope_width = (width([row[column] for row in rows]) for column in (0, 1))
        lines = [f"{name:{name_width}}  {scope:{scope_width}}  {word}" for name, scope, word in rows]
        return "\n".join(printable(line.rstrip()) for line in lines)


def listed_rules(policy: Policy, identity: Identity | None, now: float, *, allowed: bool, asks: bool) -> RuleList:
    """Return all rules, with what comes of a request by this person, or by nobody; just the rules unless it `asks`."""

    def of(number: int) -> Verdict | None:
        return policy.verdict(number, identity, now, allowed=allowed) if asks else None

    rows = [ListedRule(rule.name, rule.scope, of(number)) for number, rule in enumerate(policy.rules)]
    if any(each.reads_request for each in policy.conditionals):
        return RuleList((*rows, ListedRule(None, "all else: expressions decide, by the request", None)))
    if any(EVERYWHERE in rule.patterns and rule.methods is None and rule.hosts is None for rule in policy.rules):
        return RuleList((*rows, ListedRule(None, "nothing is left", None)))
    return RuleList((*rows, ListedRule(None, "all else" if policy.rules else "every path", of(NO_RULE))))


def _why(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    because = f": {verdict.because}" if verdict.because else ""
    return word(verdict) + (f" ({verdict.reason}{because})" if verdict.outcome == "refused" else "")


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
