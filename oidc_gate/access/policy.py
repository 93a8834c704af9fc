"""Who may do what, where: rules, public paths and allow lists as one; this judges every request.

A request is judged in two steps. Its *place* tells which rule decides, by path, method and host, and does not depend
on who asks; a number, that can be remembered for a path. The *verdict* tells whether a person passes there, and until
when, which can be remembered for a session. So most requests cost two look-ups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING

from oidc_gate.access.answers import Finding
from oidc_gate.access.paths import (
    encoded_segments,
    folded,
    folded_pattern,
    hides_separators,
    is_ambiguous,
    is_foldable,
    is_plain,
    other_readings,
    read_pattern,
    segments_of,
)
from oidc_gate.access.person import Person
from oidc_gate.access.places import Tree
from oidc_gate.access.rule import ANYONE, NOBODY, CheckedRule
from oidc_gate.access.sign_ins import step_up_until
from oidc_gate.access.verdicts import Spot, Verdict

if TYPE_CHECKING:
    from oidc_gate.access.allow_lists import AllowLists
    from oidc_gate.access.expression_values import AskedOf
    from oidc_gate.access.expressions import Conditional
    from oidc_gate.identity import Identity

__all__ = ["AMBIGUOUS", "NO_RULE", "Policy"]

#: Places besides the rules' own numbers: no rule decides, so the lists do; the path could be read in two ways, so all
#: rules and the lists do; conditions that depend on more of the request do.
NO_RULE = -1
AMBIGUOUS = -2
BY_REQUEST = -3

class Policy:
    """The rules of one gate. `conditionals`: of a Traffic Policy, in their order.

    `lists`: what the allow lists say, for each provider by its `auth_id`.
    """

    def __init__(
        self,
        rules: Sequence[CheckedRule],
        lists: Mapping[str, AllowLists],
        *,
        public_paths: Sequence[str] = (),
        conditionals: Sequence[Conditional] = (),
    ) -> None:
        self.rules = (*_public(public_paths), *rules)
        self._lists = lists
        self.conditionals = tuple(conditionals)
        #: Whether a method, or a host, has a say.
        self.heeds_methods = any(rule.methods is not None for rule in self.rules)
        self.heeds_methods |= any("req.method" in each.names for each in self.conditionals)
        self.by_host = any(rule.hosts is not None for rule in self.rules)
        #: Whether there is more than the lists; and whether somebody whom these let pass may not everywhere.
        self.has_places = bool(self.rules or self.conditionals)
        self.narrows = any(not rule.opens for rule in self.rules) or bool(self.conditionals)
        self._unconditional = frozenset(
            number for number, rule in enumerate(self.rules) if rule.methods is None and rule.hosts is None
        )
        self._tree, self._folded_tree, self._is_folded = Tree(), Tree(), True
        for number, rule in enumerate(self.rules):
            for pattern in rule.patterns:
                twin = folded_pattern(pattern)
                self._tree.add(number, pattern)
                self._folded_tree.add(number, twin)
                self._is_folded = self._is_folded and twin == pattern
        #: The condition at the login itself, if there is one, and those that refuse.
        self._login = next((each for each in self.conditionals if each.answer is None), None)
        self._denials = tuple(each for each in self.conditionals if each.answer is not None)
        self._reads_request = any(each.reads_request for each in self.conditionals)
        self._otherwise = BY_REQUEST if self._reads_request else NO_RULE

    @property
    def claims(self) -> frozenset[str]:
        """The names of the claims that the rules go by; `groups` and `email` are whatever claims have them."""
        return frozenset().union(*(rule.who.claims for rule in self.rules))

    def lists_of(self, identity: Identity) -> AllowLists:
        """Return the allow lists of the provider that somebody has signed in at."""
        return self._lists[identity.provider]

    def lists_at(self, auth_id: str) -> AllowLists:
        """Return the allow lists of a provider."""
        return self._lists[auth_id]

    def person(self, identity: Identity) -> Person:
        """Return somebody as conditions see them."""
        return Person(identity, self._lists)

    def has_lists(self, identity: Identity | None) -> bool:
        """Return whether lists have a say in whether somebody passes; for nobody, whether there are any."""
        asked = self._lists.values() if identity is None else (self.lists_of(identity),)
        return not all(lists.allow_all for lists in asked)

    # Places

    def place(self, spot: Spot) -> int:
        """Return the number of the rule that decides, NO_RULE, AMBIGUOUS or BY_REQUEST."""
        path, method, host, sent, is_unclear = spot
        if is_unclear or sent is None:
            return AMBIGUOUS
        if "%" in sent and (segments := encoded_segments(sent)) != []:
            return self._encoded_place(path, method, host, segments)
        return self.plain_place(path, method, host)

    def plain_place(self, path: str, method: str, host: str) -> int:
        """Return the place of a request whose path was sent without an escape that has a say in it."""
        plain = is_plain(path)
        if not plain and (is_ambiguous(path) or not is_foldable(path)):
            return AMBIGUOUS
        covering = self._tree.covering(path.split("/")[1:] or [""])
        if not (plain and self._is_folded and path.islower()):
            fold = folded(path)
            if any(self._tree.covering(segments_of(other)) != covering for other in other_readings(path)):
                return AMBIGUOUS
            if hides_separators(fold) or self._folded_tree.covering(segments_of(fold)) != covering:
                return AMBIGUOUS  # there is a rule that covers it only when case is ignored
        if not covering:
            return self._otherwise
        return covering[0] if covering[0] in self._unconditional else self._first(covering, method, host)

    def _first(self, covering: Sequence[int], method: str, host: str) -> int:
        """Return the place, of those whose rules cover the path."""
        for number in covering:
            rule = self.rules[number]
            if (rule.methods is None or method in rule.methods) and (rule.hosts is None or host in rule.hosts):
                return number
        return self._otherwise

    def matching(self, spot: Spot) -> tuple[int, ...]:
        """Return the numbers of all rules for this path, method and host, as the app's router sees the path."""
        covering = self._tree.covering(segments_of(spot.path))
        return tuple(number for number in covering if self._first((number,), spot.method, spot.host) == number)

    def _encoded_place(self, path: str, method: str, host: str, segments: list[str] | None) -> int:
        """Return the place of a path with encoded separators: certain where both readings meet the same rules."""
        number = self.plain_place(path, method, host)
        if number == AMBIGUOUS or segments is None:
            return AMBIGUOUS
        covering = self._tree.covering(segments_of(path))
        twin = [folded(segment) for segment in segments]
        if self._tree.covering(segments) != covering or self._folded_tree.covering(twin) != covering:
            return AMBIGUOUS
        is_certain = number == NO_RULE or (number >= 0 and not self.rules[number].opens)
        return number if is_certain else AMBIGUOUS

    # Verdicts

    def verdict(
        self, place: int, identity: Identity | None, now: float, *, allowed: bool = False, asked: AskedOf | None = None
    ) -> Verdict:
        """Return what comes of a request at this place.

        `identity`: who is signed in, None for nobody. `allowed`: whether the lists let them pass. `asked`: the request,
        for conditions that read it.
        """
        if place == AMBIGUOUS:
            return self._ambiguous(identity, now, allowed=allowed)
        rule = self.rules[place] if place >= 0 else None
        if rule is None and self.conditionals:
            return self._conditional(identity, asked, allowed=allowed)
        return self.verdict_by(rule, identity, now, allowed=allowed)

    def verdict_by(self, rule: CheckedRule | None, identity: Identity | None, now: float, *, allowed: bool) -> Verdict:
        """Return what comes of a request that this rule decides, be it one of these or not; None for the lists."""
        if identity is None:
            return _of_nobody(rule)
        return self._of_person(rule, self.person(identity), now, allowed=allowed)

    def _of_person(self, rule: CheckedRule | None, person: Person, now: float, *, allowed: bool) -> Verdict:
        if rule is not None and rule.opens:
            return Verdict("pass", "rule", rule, inf)
        if rule is not None and rule.who is NOBODY:
            return Verdict("refused", "nobody", rule)
        if not allowed:
            return Verdict("refused", self.lists_of(person.identity).reason(person.claims), rule)
        if rule is None:
            return Verdict("pass", "door", None, inf)
        finding = rule.who.finding(person)
        if finding.answer is not True:
            decisive = finding.decisive
            return Verdict("refused", decisive.reason or "rule", rule, because=decisive.condition)
        until = step_up_until(rule, person.claims, now)
        return Verdict("pass", "rule", rule, until) if now <= until else Verdict("step_up", "step_up", rule)

    def _ambiguous(self, identity: Identity | None, now: float, *, allowed: bool) -> Verdict:
        """Return what comes of a path that could be read in two ways: whoever passes everywhere passes here."""
        if identity is None:
            return Verdict("login", "path_ambiguous")
        person, until = self.person(identity), inf
        if not allowed or self._reads_request:
            return Verdict("refused", "path_ambiguous")
        for rule in self.rules:
            verdict = self._of_person(rule, person, now, allowed=allowed)
            if not verdict.passes:
                return Verdict("refused", "path_ambiguous", because=f"{rule.name}: {verdict.because or verdict.reason}")
            until = min(until, verdict.until)
        if self.conditionals:
            verdict = self._conditional(identity, None, allowed=allowed)
            return verdict if verdict.passes else Verdict("refused", "path_ambiguous")
        return Verdict("pass", "path_ambiguous", None, until)

    def _conditional(self, identity: Identity | None, asked: AskedOf | None, *, allowed: bool) -> Verdict:
        """Return what the conditions of a Traffic Policy say: whether login applies, then what is refused, in order."""
        person = None if identity is None else self.person(identity)
        opened = self._login is not None and self._login.holds(asked, identity, person) is False
        if not opened and identity is None:
            return Verdict("login", "door")
        if not opened and not allowed and identity is not None:
            return Verdict("refused", self.lists_of(identity).reason(identity.claims))
        for each in self._denials:
            holds = each.holds(asked, identity, person)
            if holds is not False:
                return Verdict("refused", "rule", because=each.name, answer=each.answer if holds else None)
        until = 0.0 if self._reads_request else inf
        return Verdict("pass", "rule", _OPENED if opened else None, until)

    def lacks_scopes(self, rule: CheckedRule, identity: Identity) -> bool:
        """Return whether a rule refuses somebody whom it would let pass with the scopes that it asks for."""
        more = replace(identity, scopes=(*identity.scopes, *rule.who.scopes))
        return rule.who.holds(self.person(more)) is True

    def finding(self, rule: CheckedRule, identity: Identity) -> Finding:
        """Return what a rule's condition says of a person, part by part."""
        return rule.who.finding(self.person(identity))


def _public(paths: Sequence[str]) -> tuple[CheckedRule, ...]:
    """Return the rule that public paths are: whoever asks for them passes, before all other rules."""
    patterns = tuple(read_pattern(path, is_exact=False) for path in paths)
    return (CheckedRule("public_paths", 0, ANYONE, patterns=patterns),) if patterns else ()


def _of_nobody(rule: CheckedRule | None) -> Verdict:
    """Return what comes of a request without a session."""
    if rule is None:
        return Verdict("login", "door")
    if rule.opens:
        return Verdict("pass", "rule", rule, inf)
    return Verdict("refused", "nobody", rule) if rule.who is NOBODY else Verdict("login", "rule", rule)


_OPENED = CheckedRule("openid-connect", 0, ANYONE)
