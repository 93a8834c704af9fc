"""What a part of an app demands of whoever asks, in its own code: judged as by a rule, and answered as by the gate.

The gate has let the request pass already. Here it is asked once more, with what its settings do not know. The allow
lists hold here too: on a place for anyone an app is told of people whom they do not let pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from oidc_gate.browser import Kind, kind_of
from oidc_gate.decisions import Decision, Request
from oidc_gate.sessions import is_of_token
from oidc_gate.settings.demands import check_demand

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oidc_gate.access import CheckedRule, Verdict
    from oidc_gate.gate.gate import Gate
    from oidc_gate.identity import Identity
    from oidc_gate.sessions import OpenSession

__all__ = ["answer_to", "lets_in"]


@dataclass(frozen=True, slots=True)
class _Passing:
    """The session of somebody whom the gate has let pass, as far as their identity tells of it."""

    identity: Identity
    provider_key: str

    @property
    def session_id(self) -> str:
        return self.identity.session_id

    @property
    def session(self) -> _Passing:
        return self

    @property
    def claims(self) -> Mapping[str, Any]:
        return self.identity.claims


def lets_in(gate: Gate, identity: Identity) -> bool:
    """Return whether the allow lists let somebody in."""
    lists = gate._components.policy.lists_of(identity)
    return lists.allow_all or lists.allow(identity.claims)


def answer_to(
    gate: Gate, request: Request, identity: Identity | None, rule: CheckedRule, *, keeps: bool
) -> Decision | None:
    """Return what somebody gets who does not satisfy a rule, None for somebody who does.

    `request`: as it came to the gate. `identity`: whom the app was told of, None for nobody. `keeps`: a form may be
    kept, if the gate keeps any. What is returned is a Reply, or Work or ReadBody that leads to one. Raises
    SettingsError for a rule that tells nothing where there are several providers.
    """
    components, now = gate._components, gate._components.clock()
    if components.parties.only is None:
        check_demand(rule, [party.auth_id for party in components.parties])
    if identity is None:
        return _without_session(gate, request, rule, keeps=keeps)
    verdict = components.policy.verdict_by(rule, identity, now, allowed=lets_in(gate, identity))
    if verdict.passes:
        return None
    party = components.parties.named(identity.provider) or components.parties.first
    return _refused(gate, request, cast("OpenSession", _Passing(identity, party.key)), verdict, rule, keeps=keeps)


def _without_session(gate: Gate, request: Request, rule: CheckedRule, *, keeps: bool) -> Decision:
    kind = kind_of(request)
    if kind is Kind.PAGE:
        return gate._departures.send(request, rule)
    return gate._login_required(request, kind) if keeps else gate._refusals.login_required(request, kind)


def _refused(
    gate: Gate, request: Request, opened: OpenSession, verdict: Verdict, rule: CheckedRule, *, keeps: bool
) -> Decision:
    of_program = gate._refusals.of_program
    if of_program is not None and is_of_token(opened.session_id):
        return of_program(request, opened, verdict)
    if verdict.outcome != "step_up":
        return gate._refusals.not_allowed(request, opened, verdict)
    kind = kind_of(request)
    gate._components.telling_of(opened).step_up_asked(request, kind, rule, opened)
    if kind is Kind.PAGE:
        return gate._departures.step_up(request, rule, opened)
    return gate._login_required(request, kind, rule) if keeps else gate._refusals.login_required(request, kind, rule)
