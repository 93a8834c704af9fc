"""Step-up: a rule asks for a sign-in of a certain kind (`acr`), or for one not older than `max_age`.

The provider is asked for it with `acr_values` and `max_age` (Core, 3.1.2.1); what came of that is told by the claims
`acr` and `auth_time`. A provider need not do what it is asked: then a page says so, instead of asking again.

What is asked travels with the person: in the address of the login, and with the login to the provider and back, sealed
both times. So it counts in each process with the same secret, be it one that has never heard of the demand: what a view
demands in its own code, others have not read, and a settings file may be newer in one than in another. It adds to a
login, and never takes anything from what is demanded at a page: that is judged there, anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from oidc_gate.access import OF_CODE, SIGNED_IN, CheckedRule, counted, signed_in_at
from oidc_gate.browser import Attempt, State, person_of
from oidc_gate.decisions import Header, Reply
from oidc_gate.errors import LoginError
from oidc_gate.gate.components import Components, Here
from oidc_gate.gate.error_replies import StepUpUnmetError, error_reply
from oidc_gate.gate.parties import Party
from oidc_gate.sealing import Seal, from_url, to_url
from oidc_gate.sessions import Session

if TYPE_CHECKING:
    from oidc_gate.words import Phrase, Said

__all__ = ["StepUp", "asking"]

#: A seal is bound to a name: of the parameter that it stands in.
_PARAMETER = "step_up"
#: So much of a rule's name travels; it is for the log.
_LONGEST_NAME = 40


def asking(rule: CheckedRule | None) -> CheckedRule | None:
    """Return the rule if it asks something of the sign-in."""
    return rule if rule is not None and rule.wants_step_up else None


class StepUp:
    """The step-ups of one gate."""

    def __init__(self, components: Components) -> None:
        self._components = components
        self._rules = {_packed(rule): rule for rule in components.policy.rules if rule.wants_step_up}
        self._seal = Seal(components.settings.cookie_secret, f"step-up {components.context}")

    def text(self, rule: CheckedRule) -> str:
        """Return what a rule asks, as it stands in the address of a login."""
        return to_url(self._seal.seal(_packed(rule), _PARAMETER))

    def read_text(self, text: str) -> CheckedRule:
        """Return the rule that asks this, as `carried` does. Raises LoginError `step_up_unknown`."""
        packed = self._seal.open(from_url(text), _PARAMETER)
        if packed is None:
            raise LoginError("step_up_unknown", "the parameter step_up was not made here")
        return self._read(packed)

    def carry(self, rule: CheckedRule | None) -> bytes:
        """Return what a login carries along of what a rule asks, b"" for none."""
        return b"" if rule is None else _packed(rule)

    def carried(self, packed: bytes) -> CheckedRule | None:
        """Return the rule that asks what a login carries along, None for nothing.

        Where it stands in these settings it is that rule. Else it is one that lets everybody pass who is signed in as
        is asked: whom it means besides, only the place knows where it was made.
        """
        return self._read(packed) if packed else None

    def _read(self, packed: bytes) -> CheckedRule:
        known = self._rules.get(packed.rstrip(b" "))  # a seal adds spaces
        if known is not None:
            return known
        _, name, acr, max_age = json.loads(packed)
        return CheckedRule(name, OF_CODE, SIGNED_IN, acr=tuple(acr), max_age=max_age)

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

    def unmet_by(self, session: Session, packed: bytes) -> CheckedRule | None:
        """Return the rule that asked what a login carried along, where the new session is not that.

        None for somebody whom it does not let pass in any case: the page says so.
        """
        rule, policy = self.carried(packed), self._components.policy
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


def _packed(rule: CheckedRule) -> bytes:
    """Return what a rule asks of a sign-in, and which rule that is."""
    asked = [rule.number, rule.name[:_LONGEST_NAME], rule.acr, rule.max_age]
    return json.dumps(asked, separators=(",", ":")).encode("ascii")


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
