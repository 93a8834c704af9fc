"""Requests of programs: those with an access token of the provider in the Authorization header (RFC 6750, 2.1).

Such a request is judged by its token alone, by the same rules as a person's. A token that is not good is refused,
whatever cookie comes with it; a request without one, or with another scheme, is judged by its cookie. Where anyone may
pass the header is not looked at, nor on other paths than those in `bearer_paths`: there it is the app's own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from oidc_gate.access import NO_RULE, CheckedRule, PathList, Verdict
from oidc_gate.browser import kind_of, pages
from oidc_gate.decisions import Decision, Header, Reply, Request, Work
from oidc_gate.errors import GateError, LoginError
from oidc_gate.gate.challenges import Challenges, Params, step_up_params
from oidc_gate.gate.components import Components
from oidc_gate.gate.credentials import Sent, names_token, taken_apart
from oidc_gate.gate.error_replies import provider_busy
from oidc_gate.gate.judging import Judging
from oidc_gate.gate.own_paths import OwnPaths
from oidc_gate.gate.parties import Party
from oidc_gate.gate.possession import Possession
from oidc_gate.gate.recalling_tokens import TokenRecalling
from oidc_gate.gate.refusals import Refusals
from oidc_gate.gate.resource_metadata import resource_metadata
from oidc_gate.gate.token_checking import TokenChecking
from oidc_gate.provider import PROOF_ALGORITHMS
from oidc_gate.sessions import KnownToken, OpenSession

__all__ = ["Bearer"]

#: What is told to whoever sent a token, by the code of the error; of others, that it is not accepted.
_OF_PROOF = frozenset({"invalid_dpop_proof", "use_dpop_nonce"})
_DESCRIPTIONS = {
    "invalid_dpop_proof": "the DPoP proof does not fit this request and this token",
    "use_dpop_nonce": "the DPoP proof needs the nonce in DPoP-Nonce",
    "token_expired": "the access token has expired",
    "token_from_the_future": "the access token is not valid yet",
    "token_unbound": "the access token must be bound to a key (DPoP)",
    "token_unproven": (
        "the access token is bound to a key or a certificate, which was not proven, or came under the wrong scheme"
    ),
}


class Bearer:
    """Decides in front of a gate's own decision, for which `by_session` stands."""

    def __init__(
        self,
        components: Components,
        judging: Judging,
        refusals: Refusals,
        own_paths: OwnPaths,
        recalling: TokenRecalling,
        names_host: Callable[[Request], bool],
        by_session: Callable[[Request], Decision],
    ) -> None:
        """`names_host`: whether a request names one host properly."""
        settings, policy = components.settings, components.policy
        self._components, self._judging, self._refusals, self._own_paths = components, judging, refusals, own_paths
        self._recalling, self._names_host, self._by_session = recalling, names_host, by_session
        self._clock, self._parties = components.clock, components.parties
        self._prefix, self._prefixes = f"{settings.path_prefix}/", components.own_prefixes
        self._userinfo = f"{self._prefix}userinfo"
        self._paths = PathList(settings.bearer_paths) if settings.bearer_paths else None
        self._opens = policy.has_places
        self._possession = Possession(components)
        #: What knows whether a token is good.
        self.checking = TokenChecking(components, self._possession)
        self._challenges = Challenges(components, PROOF_ALGORITHMS)
        self._metadata = resource_metadata(components)
        refusals.invitation, refusals.of_program = self._invitation, self._refusal

    def decide(self, request: Request) -> Decision:
        """Return what happens to a request."""
        if request.path.startswith(self._prefixes):
            return self._on_own_path(request)
        text = request.authorization
        return self._with_header(request, text) if text else self._by_session(request)

    def _on_own_path(self, request: Request) -> Decision:
        """Return what happens on a path that begins as those of the gate do: tokens count for `userinfo` alone."""
        found = None
        if self._metadata is not None and self._names_host(request):
            found = self._metadata.answer(request)
        if found is not None:
            return found
        asks_who = request.path == self._userinfo and request.method in ("GET", "HEAD") and not request.is_websocket
        is_ours = request.path.startswith(self._prefix)
        text = "" if is_ours and not asks_who else request.authorization
        return self._with_header(request, text) if text else self._by_session(request)

    def _with_header(self, request: Request, text: str) -> Decision:
        """Return what happens to a request with this Authorization header."""
        known = self.checking.known(text)
        if known is not None:
            if self._names_host(request) and self._recalling.has_passed(request, known):
                return known.opened.forward
            if not known.holds(self._clock()):
                known = None
        if known is None and not names_token(text):
            return self._by_session(request)
        if not self._names_host(request) or not self._is_for_tokens(request):
            return self._by_session(request)
        return self._unknown(request, text) if known is None else self._admitted(request, known)

    def _is_for_tokens(self, request: Request) -> bool:
        """Return whether the Authorization header counts here."""
        if self._paths is not None and not self._paths.cover(request.app_path, request.raw_target):
            return False
        if not self._opens or request.path == self._userinfo:
            return True
        return not self._judging.verdict(request, None, 0.0).passes

    # A token that was not seen before

    def _unknown(self, request: Request, text: str) -> Decision:
        """Check a token; what has to ask the provider is work."""
        party = self._parties.first
        try:
            sent = taken_apart(text)
            party = self.checking.party_of(sent.token)
            known = self.checking.at_once(party, sent)
        except GateError as error:
            return self._refused(request, party, error)
        if known is not None:
            return self._admitted(request, known)
        return Work(
            party.lane("token"),
            lambda: self._asked(request, party, sent),
            turned_away=lambda: self._refusals.failure(request, provider_busy(), "/"),
        )

    def _asked(self, request: Request, party: Party, sent: Sent) -> Decision:
        try:
            return self._admitted(request, self.checking.ask(party, sent))
        except GateError as error:
            return self._refused(request, party, error)

    # A token that is good

    def _admitted(self, request: Request, known: KnownToken) -> Decision:
        """Go on with a token that is good, once its holder has proven what it is bound to."""
        confirmation = known.confirmation
        if confirmation is None:
            return self._with_scopes(request, known)
        if self._possession.blocks(confirmation):
            return Work("store", lambda: self._proven(request, known, confirmation))
        return self._proven(request, known, confirmation)

    def _proven(self, request: Request, known: KnownToken, confirmation: dict[str, Any]) -> Decision:
        sent = taken_apart(known.text)
        try:
            self._possession.check(request, sent.token, confirmation)
        except GateError as error:
            return self._refused(request, self._parties[known.opened.provider_key], error)
        return self._with_scopes(request, known)

    def _with_scopes(self, request: Request, known: KnownToken) -> Decision:
        if known.lacking:
            return self._lacks_scopes(request, known.lacking, known.opened, known.lacking)
        return self._judged(request, known)

    def _judged(self, request: Request, known: KnownToken) -> Decision:
        """Judge a request by the person that its token names."""
        opened = known.opened
        if request.cookie_header:
            request.app_cookies = self._components.cookies(request).hidden(request.cookie_header)
            request.cookie_header = ""  # nothing that happens from here on counts for the session in it
        if request.path == self._userinfo:
            return self._own_paths.told(request, opened)
        verdict = self._judging.verdict(request, opened, self._clock())
        if not verdict.passes:
            return self._refusal(request, opened, verdict)
        self._recalling.remember(request, known)
        return opened.forward

    def _refusal(self, request: Request, opened: OpenSession, verdict: Verdict) -> Reply:
        """Return the answer to a program whose token is good, and not good enough here."""
        rule = verdict.rule
        if rule is not None and verdict.outcome == "step_up":
            return self._steps_up(request, opened, rule)
        if rule is not None and rule.who.scopes and self._components.policy.lacks_scopes(rule, opened.identity):
            return self._lacks_scopes(request, rule.who.scopes, opened, rule.named_scopes)
        return self._refusals.not_allowed(request, opened, verdict)

    # Answers

    def _invitation(self, request: Request) -> tuple[Header, ...]:
        """Return what the 401 for a request without a token says of tokens."""
        if not self._is_for_tokens(request):
            return ()
        policy, scopes = self._components.policy, frozenset[str]()
        place = self._judging.place(request) if self._opens else NO_RULE
        if place >= 0:
            scopes = policy.rules[place].named_scopes
        return self._challenges.invitation(request, sorted(scopes))

    def _refused(self, request: Request, party: Party, error: GateError) -> Reply:
        """Return the answer to a token that is not good, or whose holder has not proven it."""
        if error.status in (500, 503):
            return self._refusals.failure(request, error, "/")
        said = error.code if error.code in _OF_PROOF else "invalid_token"
        description = _DESCRIPTIONS.get(error.code, "the access token is not accepted here")
        params = (("error", said), ("error_description", description))
        return self._answered(request, 401, params, self._told_refusal(request, party, error))

    def _lacks_scopes(
        self, request: Request, scopes: Collection[str], opened: OpenSession, named: Collection[str]
    ) -> Reply:
        """Return the answer to a token without these scopes; `named`: those of them that it is told to have."""
        said = f"it lacks {' '.join(sorted(scopes))}; subject={opened.identity.subject!r}"
        party = self._parties[opened.provider_key]
        reference = self._told_refusal(request, party, LoginError("insufficient_scope", said, status=403))
        description = "the access token has not all of the scopes that are asked for"
        params = (("error", "insufficient_scope"), ("error_description", description))
        return self._answered(request, 403, params, reference, sorted(named))

    def _steps_up(self, request: Request, opened: OpenSession, rule: CheckedRule) -> Reply:
        self._components.telling_of(opened).step_up_asked(request, kind_of(request), rule, opened)
        return self._answered(request, 401, step_up_params(rule), "")

    def _told_refusal(self, request: Request, party: Party, error: GateError) -> str:
        """Tell of a token that is refused; return the reference."""
        reference = pages.reference()
        party.telling.token_refused(request, error, reference)
        return reference

    def _answered(
        self,
        request: Request,
        status: int,
        params: Params,
        reference: str,
        scopes: Collection[str] = (),
    ) -> Reply:
        """Return the answer to a token that is not good enough; `params` begin with error and description."""
        (_, error), (_, description), *_ = params
        scheme = self._possession.scheme_for(request)
        nonce = (self._possession.nonce(),) if scheme == "DPoP" else ()
        challenges = (self._challenges.challenge(request, scheme, params, scopes), *nonce)
        return self._refusals.of_token(request, status, error, description, reference, challenges)
