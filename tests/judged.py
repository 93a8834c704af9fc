"""Rules asked directly: no server, no cookie, no login. What a gate decides by, and nothing around it.

judge = Judge(Policy([{"path": "/admin", "allow": "nobody"}]))
assert judge.said({"sub": "ann"}, Asking("GET", "/admin/x")) == ("refused", "rule 1")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from typing import Any

from oidc_gate import Identity, Settings
from oidc_gate.access import AllowLists, Verdict
from oidc_gate.access.person import Person
from oidc_gate.decisions import Forward
from oidc_gate.gate.building import build
from oidc_gate.gate.judging import Judging
from oidc_gate.identity import ReadOnlyClaims, text_claim
from oidc_gate.sessions import Limits, OpenSession
from oidc_gate.sessions.session import SessionCopy
from tests.apps import COOKIE_SECRET
from tests.asked import Asked
from tests.naive_rules import Asking, Policy
from tests.rule_gates import CLIENT, OVERRIDE

NOW = 1_900_000_000.0
ENDLESS = Limits(longest=inf, idle=inf, recheck=inf, cache=0)
NO_LISTS = AllowLists(emails=None, domains=None, groups=None, groups_claim="groups")


@dataclass
class Mounted(Asked):
    """A request of which it may not be told where the app is mounted."""

    unclear_mount: bool = False

    @property
    def has_unclear_mount(self) -> bool:
        return self.unclear_mount


def identity(claims: Mapping[str, Any], lists: AllowLists = NO_LISTS, **changed: Any) -> Identity:
    """Return somebody with these claims, as the gate makes them from a session."""
    fields = {
        "subject": claims.get("sub", "ann"),
        "email": text_claim(claims, "email"),
        "name": text_claim(claims, "name"),
        "groups": lists.groups(claims),
        "claims": ReadOnlyClaims(claims),
        "provider": "default",
        "issuer": CLIENT["issuer_url"],
        "session_id": "one",
        "authenticated_at": NOW,
        "expires_at": inf,
    }
    return Identity(**(fields | changed))


def person(claims: Mapping[str, Any], lists: AllowLists = NO_LISTS, **changed: Any) -> Person:
    """Return what rules go by of somebody with these claims."""
    someone = identity({"sub": "ann", **claims}, lists, **changed)
    return Person(someone, {someone.provider: lists})


class Judge:
    """What judges the requests to one gate."""

    def __init__(self, policy: Policy, **more: Any) -> None:
        settings = Settings(**(CLIENT | {"cookie_secret": COOKIE_SECRET} | policy.settings | more))
        self.components = build(settings, lambda: NOW)
        self.policy = self.components.policy
        self.judging = Judging(self.components)

    def session(self, claims: Mapping[str, Any] | None) -> OpenSession | None:
        """Return the session of somebody with these claims, None for nobody."""
        if claims is None:
            return None
        lists = self.policy.lists_at("default")
        head = ("one", NOW, inf, NOW, NOW, inf, "ann", 100, "")
        forward, allowed = Forward(identity(claims, lists)), lists.allow(claims)
        return OpenSession(SessionCopy(head, lambda: b""), b"", "cookie", forward, allowed, ENDLESS)

    def verdict(self, claims: Mapping[str, Any] | None, asked: Asked | Asking, now: float = NOW) -> Verdict:
        """Return what comes of a request of somebody that comes for the first time."""
        request = asked if isinstance(asked, Asked) else request_of(asked)
        return self.judging.verdict(request, self.session(claims), now)

    def said(self, claims: Mapping[str, Any] | None, asked: Asked | Asking, now: float = NOW) -> tuple[str, str | None]:
        """Return the same as `naive_rules.judge` does."""
        return in_short(self.verdict(claims, asked, now))


def in_short(verdict: Verdict) -> tuple[str, str | None]:
    """Return the outcome, and the name of the rule that decides."""
    return verdict.outcome, verdict.rule.name if verdict.rule else None


def request_of(asking: Asking, mount: str = "") -> Mounted:
    """Return the request as an adapter would have it; without `raw` the server does not tell how it was sent."""
    return Mounted(
        path=asking.path,
        host=asking.host,
        method=asking.method,
        root_path=mount,
        raw_target=mount + asking.raw if asking.raw else "",
        headers={OVERRIDE[0].lower(): OVERRIDE[1]} if asking.overrides_method else {},
        unclear_mount=asking.unclear_mount,
    )
