"""How good a sign-in is for a rule: of which kind it is (`acr`), and how long ago (`auth_time`)."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oidc_gate.access.rule import CheckedRule

__all__ = ["signed_in_at", "step_up_until"]

#: So far the provider's clock may be ahead, in seconds.
_CLOCKS_APART = 300.0
#: A later time is none: the year 33658.
_LATEST = 1e12


def step_up_until(rule: CheckedRule, claims: Mapping[str, Any], now: float) -> float:
    """Return until when a sign-in with these claims is good enough for a rule, as time.time(); 0 where it is not.

    `acr` must be one of the rule's, `auth_time` a number (Core, 2): without it nobody knows how old the sign-in is. One
    that is yet to come is none, but for what clocks may be apart.
    """
    if rule.acr and claims.get("acr") not in rule.acr:
        return 0.0
    if rule.max_age is None:
        return inf
    at = signed_in_at(claims)
    return at + rule.max_age if at is not None and at <= now + _CLOCKS_APART else 0.0


def signed_in_at(claims: Mapping[str, Any]) -> float | None:
    """Return when the person signed in at the provider, as time.time(); None where it does not say (Core, 2)."""
    at: Any = claims.get("auth_time")
    return float(at) if type(at) in (int, float) and 0 <= at < _LATEST else None
