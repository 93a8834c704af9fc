"""Which claims a session keeps: a cookie has room for about 3,000 characters, and each request carries it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from oidc_gate.access import Policy
from oidc_gate.gate.forwarding import Told
from oidc_gate.sessions import Session
from oidc_gate.settings import Settings

__all__ = ["KeptClaims"]

#: What sessions themselves go by: who it is, and of which sign-in later tokens are to be.
_OF_SESSIONS = frozenset({"sub", "iss", "tid", "sid", "auth_time"})
#: What only the exchange of the code needs; but the nonce of a refreshed ID token has to be the login's (Core, 12.2).
_OF_PROTOCOL = frozenset({"nonce", "at_hash", "c_hash", "s_hash"})
#: Where a provider says that it has left claims out (Core, 5.6.2; Entra ID).
_ELSEWHERE = frozenset({"_claim_names", "hasgroups"})
_IDENTITY = "actions.ngrok.oidc.identity."


class KeptClaims:
    """Leaves out of a session's claims what nobody asked for: what only the protocol needs, in any case.

    Without `session_claims` all others are kept. A name with dots keeps the whole claim that it leads into. What a
    function in a rule reads, or an expression in `oidc.claims`, nobody can tell: it has to be named.
    """

    def __init__(self, settings: Settings, policy: Policy, told: Told) -> None:
        self._names: frozenset[str] | None = None
        if settings.session_claims is not None:
            wanted = frozenset((*settings.session_claims, *_called_for(settings, policy, told)))
            # Without the word on it, an address that nobody has verified would pass for one that somebody has.
            verified = {"email_verified"} if "email" in wanted else set()
            self._names = wanted | verified | _OF_SESSIONS

    def of(self, claims: Mapping[str, Any]) -> dict[str, Any]:
        """Return the claims that are kept of these."""
        return {claim: value for claim, value in claims.items() if claim not in _OF_PROTOCOL and self._has(claim)}

    def in_session(self, session: Session) -> Session:
        """Return the session with the claims that are kept."""
        claims = self.of(session.claims)
        if "refresh_token" in session.tokens and "nonce" in session.claims:
            claims["nonce"] = session.claims["nonce"]
        return session._replace(claims=claims)

    def _has(self, claim: str) -> bool:
        names = self._names
        return names is None or any(name == claim or name.startswith(f"{claim}.") for name in names)


def _called_for(settings: Settings, policy: Policy, told: Told) -> Iterator[str]:
    """Yield the names of the claims that lists, rules, headers and REMOTE_USER go by."""
    told_claims = {*(claim for _, claim in told), settings.remote_user_claim}
    read = {name for each in policy.conditionals for name in each.names}
    by_rules = {*policy.claims, *(name.removeprefix(_IDENTITY) for name in read if name.startswith(_IDENTITY))}
    gone_by = set(by_rules)  # `email` and `groups` may be whatever claims have them
    if settings.allow_emails or settings.allow_domains:
        gone_by.add("email")
    if settings.allow_groups or "oidc.groups" in read:
        gone_by.add("groups")
    if (gone_by | told_claims) & {"groups", settings.groups_claim}:
        yield settings.groups_claim
    if "email" in gone_by:
        yield settings.email_claim
    if "email" in gone_by | told_claims:
        yield "email_verified"
    if any(rule.wants_step_up for rule in policy.rules):
        yield from ("acr", "amr")
    yield from told_claims | by_rules | _ELSEWHERE
