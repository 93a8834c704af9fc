"""Step-up: a rule asks for a sign-in of a certain kind (`acr`), or for one not older than `max_age`.

The provider is asked for it with `acr_values` and `max_age` (Core, 3.1.2.1); what came of that is told by the claims
`acr` and `auth_time`. A provider need not do what it is asked: then a page says so, instead of asking again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from oidc_gate.access import CheckedRule, counted, signed_in_at
from oidc_gate.browser import Attempt, State, person_of
from oidc_gate.decisions import Header, Reply
from oidc_gate.errors import LoginError
from oidc_gate.gate.components import Components, Here
from oidc_gate.gate.error_replies import StepUpUnmetError, error_reply
from oidc_gate.gate.parties import Party
from oidc_gate.sessions import Session

if TYPE_CHECKING:
    from oidc_gate.words import Phrase, Said

__all__ = ["StepUp", "asking", "demanded"]


def asking(rule: CheckedRule | None) -> CheckedRule | None:
    """Return the rule if it asks something of the sign-in."""
    return rule if rule is not None and rule.wants_step_up else None


#: What parts of apps ask of a sign-in, by number: see `demanded`.
_DEMANDED: dict[str, CheckedRule] = {}


def demanded(rule: CheckedRule) -> None:
    """Have every gate of this process know a rule that stands in no gate's settings, but in an app's code.

    A login that is begun for it tells its number, and may end in another process: there the same code gives the same
    number. One that is not known there asks nothing of the login; what the rule guards is judged again in any case.
    """
    _DEMANDED[str(rule.number)] = rule


class StepUp:
    """The step-ups of one gate."""

    def __init__(self, components: Components) -> None:
        self._components = components
        self._rules = {str(rule.number): rule for rule in components.policy.rules if rule.wants_step_up}

    def rule(self, number: str) -> CheckedRule | None:
        """Return the rule of this number that asks something of the sign-in."""
        return self._rules.get(number) or asking(_DEMANDED.get(number))

    def params(self, rule: CheckedRule) -> tuple[Header, ...]:
        """Return what the rule asks of the provider, as parameters of the authorization request."""
        acr_values = (("acr_values", " ".join(rule.acr)),) if rule.acr else ()
        return acr_values + ((("max_age", f"{rule.max_age:.0f}"),) if rule.max_age is not None else ())

    def check_person(self, state: State, attempt: Attempt, claims: Mapping[str, Any]) -> None:
        """Refuse another person than the one that left to be stepped up. Raises LoginError `step_up_other_person`."""
        if state.person not in (b"", person_of(claims["sub"], attempt.replaces)):
            raise LoginError(
                "step_up_other_person", f"somebody else came back from a step-up: subject {claims['sub']!r}", status=403
            )

    def unmet_by(self, session: Session, number: int) -> CheckedRule | None:
        """Return the rule of this number where a new session is not what it asked for.

        None for somebody whom it does not let pass in any case: the page says so.
        """
        rule, policy = self.rule(str(number)), self._components.policy
        if rule is None:
            return None
        identity = self._components.sessions.identity(session)
        lists = self._components.parties[session.provider_key].lists
        allowed, now = lists.allow(session.claims), self._components.clock()
        verdict = policy.verdict_by(rule, identity, now, allowed=allowed)
        return rule if verdict.outcome == "step_up" else None

    def unmet_reply(
        self,
        here: Here,
        party: Party,
        rule: CheckedRule,
        claims: Mapping[str, Any],
        page: str,
        headers: tuple[Header, ...],
    ) -> Reply:
        """Return the page that says what was asked, and what came.

        Its link asks once more; where age has a say, with `prompt=login`: some providers heed that alone.
        """
        again = page
        if rule.max_age is not None:
            again = f"{self._components.path(here, 'login')}?next={quote(page, safe='/')}"
        telling, made, error = party.telling, self._components.pages, self._unmet(rule, claims)
        return error_reply(telling, made, error, here.request, action_path=again, about="login", headers=headers)

    def _unmet(self, rule: CheckedRule, claims: Mapping[str, Any]) -> StepUpUnmetError:
        asked, came = [], []
        if rule.acr:
            acr = claims.get("acr")
            asked.append(_phrase("step_up_asked_kind", kinds=_either(rule.acr)))
            kind = acr if isinstance(acr, str) else ""
            came.append(_phrase("step_up_came_kind", kind=kind) if kind else _phrase("step_up_came_no_kind"))
        if rule.max_age is not None:
            at = signed_in_at(claims)
            asked.append(_phrase("step_up_asked_age", age=_age(rule.max_age)))
            none = _phrase("step_up_came_no_time")
            came.append(none if at is None else _phrase("step_up_came_age", age=_age(self._components.clock() - at)))
        return StepUpUnmetError(rule.name, claims["sub"], _both(asked), _both(came))


def _phrase(key: str, **values: Said) -> Phrase:
    from oidc_gate.words import Phrase  # late, as all words: no import waits for them

    return Phrase(key, values)


def _age(seconds: float) -> Phrase:
    number, unit = counted(seconds)
    return _phrase(unit, number=number)


def _either(texts: Sequence[str]) -> Said:
    """Return `a, b or c`."""
    before = ", ".join(texts[:-1])
    return _phrase("either", first=before, second=texts[-1]) if before else texts[-1]


def _both(phrases: list[Phrase]) -> Phrase:
    """Return one phrase, or two as one."""
    return phrases[0] if len(phrases) == 1 else _phrase("both", first=phrases[0], second=phrases[1])
