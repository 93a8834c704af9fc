"""Access tokens are checked here, by their provider's keys or by asking it, and remembered while they are good.

A token that is good is remembered until it ends, as long as the provider's keys stay what they are. One that the
provider has called bad is not asked about again for a few seconds.
"""

from __future__ import annotations

from math import inf

from oidc_gate.errors import GateError, ProviderDownError, ProviderError, ProviderSetupError
from oidc_gate.gate.components import Components
from oidc_gate.gate.credentials import Sent, digest
from oidc_gate.gate.parties import Party
from oidc_gate.gate.possession import Possession
from oidc_gate.provider import AccessToken
from oidc_gate.sessions import KnownToken, RecentTokens, token_session

__all__ = ["TokenChecking"]

#: How long the provider's no is believed at most, in seconds; of so many tokens.
_LONGEST_NO, _MOST_BAD = 5.0, 2000


class TokenChecking:
    """Checks the access tokens of one gate."""

    def __init__(self, components: Components, possession: Possession) -> None:
        settings = components.settings
        self._components, self._possession = components, possession
        self._clock, self._parties = components.clock, components.parties
        self._scopes = settings.bearer_scopes or ()
        self._tokens, self._believed = settings.bearer_tokens, settings.bearer_cache_seconds
        self._recent = RecentTokens()
        #: Headers with a token that the provider has called bad, hashed, and until when that is believed.
        self._bad: dict[bytes, float] = {}

    def known(self, text: str) -> KnownToken | None:
        """Return what is remembered of the token in this header; whether it still holds is another question."""
        return self._recent.get(text)

    def party_of(self, token: str) -> Party:
        """Return the party that is to say whether a token is good; never blocks."""
        return self._parties.first if self._introspects(token) else self._parties.of_token(token)

    def at_once(self, party: Party, sent: Sent) -> KnownToken | None:
        """Check a token that was not seen before; None: that has to `ask`. Never blocks, raises GateError."""
        if self._introspects(sent.token):
            if self._clock() < self._bad.get(digest(sent.text), 0.0):
                detail = "the provider has not called the token active a moment ago"
                raise ProviderError("token_inactive", f"{detail}{self._parties.not_asked(sent.token)}")
            return None
        token = party.provider.access_token_at_once(sent.token)
        return None if token is None else self._good(party, sent, token)

    def ask(self, party: Party, sent: Sent) -> KnownToken:
        """Ask the provider for its keys, or about the token; another request may have done so meanwhile.

        May block, raises GateError.
        """
        known = self._recent.get(sent.text)
        if known is not None and known.holds(self._clock()):
            return known
        if not self._introspects(sent.token):
            return self._good(party, sent, party.provider.access_token(sent.token))
        try:
            token = self._parties.introspected(sent.token)
            return self._good(party, sent, token, until=self._clock() + self._believed)
        except ProviderSetupError as error:
            raise ProviderDownError(error.code, error.detail) from error
        except GateError as error:
            if not isinstance(error, ProviderDownError):
                self._remember_no(sent.text)
            raise

    def _introspects(self, token: str) -> bool:
        return self._tokens == "introspection" or (self._tokens == "auto" and token.count(".") != 2)

    def _remember_no(self, text: str) -> None:
        if len(self._bad) >= _MOST_BAD:
            self._bad.clear()
        self._bad[digest(text)] = self._clock() + min(self._believed, _LONGEST_NO)

    def _good(self, party: Party, sent: Sent, token: AccessToken, until: float = inf) -> KnownToken:
        """Remember a token that is good. Raises ProviderError where its binding is none of ours."""
        self._possession.check_kind(sent.scheme, token.confirmation)
        lacking = tuple(scope for scope in self._scopes if scope not in token.scopes)
        known = KnownToken(
            text=sent.text,
            until=min(until, token.expires_at + party.settings.clock_leeway),
            keys=token.keys,
            opened=token_session(self._components.sessions, token, sent.token, self._clock(), party.key),
            known_keys=party.provider.known_keys,
            lacking=lacking,
            confirmation=token.confirmation,
            is_plain=not lacking and token.confirmation is None,
        )
        self._recent.put(known)
        party.telling.token_accepted()
        return known
