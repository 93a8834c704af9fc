"""The providers of a gate: what belongs to each of them alone.

Whoever handles a login, a session or a token takes its party and goes by that; where there is one provider, there is
one party. The first one's name is `""` wherever it is written down, so that another provider that joins it changes
nothing for those who are signed in, or about to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from oidc_gate.errors import ProviderError
from oidc_gate.provider import unverified_issuer

if TYPE_CHECKING:
    from oidc_gate.access import AllowLists
    from oidc_gate.decisions import Lane, OtherLane
    from oidc_gate.gate.kept_claims import KeptClaims
    from oidc_gate.provider import AccessToken, Provider
    from oidc_gate.settings import Settings
    from oidc_gate.telling import Telling

__all__ = ["Parties", "Party", "party_key", "provider_and_client"]

_KEY_BYTES = 6
_LANES_OF_OTHERS: Mapping[Lane, OtherLane] = {
    "login": "other login",
    "logout": "other logout",
    "token": "other token",
    "session": "other session",
}


@dataclass(frozen=True, slots=True, eq=False)
class Party:
    """One provider.

    `key`: what sessions and logins of it have written down. `settings`: the gate's, with this provider's own in their
    places. `callback`: its path below `path_prefix`.
    """

    key: str
    settings: Settings
    provider: Provider
    lists: AllowLists
    kept_claims: KeptClaims
    telling: Telling
    callback: str

    def lane(self, lane: Literal["login", "logout", "token", "session"]) -> Lane:
        """Return where what asks this provider waits for its turn."""
        return _LANES_OF_OTHERS[lane] if self.key else lane

    @property
    def auth_id(self) -> str:
        """Its name in the settings and in addresses."""
        return self.settings.auth_id

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.settings.title or urlsplit(self.settings.issuer_url).netloc

    @property
    def issuer(self) -> str:
        """Its issuer, in its own spelling where that is known."""
        return self.provider.issuer()


class Parties:
    """All providers of a gate, in the order of the settings."""

    def __init__(self, parties: Sequence[Party]) -> None:
        self._all = tuple(parties)
        self.first = self._all[0]
        #: The first, where there is no other.
        self.only = self.first if len(self._all) == 1 else None
        self._by_key = {party.key: party for party in parties}
        self._by_auth_id = {party.auth_id: party for party in parties}

    def __iter__(self) -> Iterator[Party]:
        return iter(self._all)

    def __getitem__(self, key: str) -> Party:
        """Return the party with this key, as a session or a token has it. Raises KeyError."""
        return self._by_key[key]

    def named(self, auth_id: str) -> Party | None:
        """Return the party with this `auth_id`, or None."""
        return self._by_auth_id.get(auth_id)

    def of_issuer(self, issuer: str) -> Party | None:
        """Return the party whose issuer this is, or that of one of its tenants; None for nobody's. Never blocks."""
        return next((party for party in self._all if party.provider.names(issuer)), None)

    def of_token(self, token: str) -> Party:
        """Return the party that a token says it is of, to verify it by; the first one refuses what is nobody's."""
        if self.only is not None:
            return self.only  # without a look at the token, which it reads itself
        return self.of_issuer(unverified_issuer(token)) or self.first

    def introspected(self, token: str) -> AccessToken:
        """Return the access token that the first provider calls active: others would learn tokens of its people.

        May block, raises ProviderError.
        """
        try:
            return self.first.provider.introspected(token)
        except ProviderError as error:
            if error.code != "token_inactive":
                raise
            raise ProviderError(error.code, f"{error.detail}{self.not_asked(token)}") from None

    def not_asked(self, token: str) -> str:
        """Return what the log says besides of a token that is not active, where it names another provider."""
        named = self.of_token(token)
        if named is self.first:
            return ""
        return (
            f"; its iss is that of {named.auth_id!r}, and by introspection the first provider alone is asked"
            f" ({self.first.auth_id!r}): for JWTs of all providers set bearer_tokens to auto, or to jwt"
        )


def provider_and_client(settings: Settings) -> str:
    """Return what tells a provider, and the client that the gate is there, from all others."""
    return f"{settings.issuer_url.rstrip('/')} {settings.client_id}"


def party_key(settings: Settings) -> str:
    """Return the key of a provider that is not the first: another one for another issuer, client or `auth_id`."""
    named = f"{settings.auth_id} {provider_and_client(settings)}"
    return blake2b(named.encode(), digest_size=_KEY_BYTES).hexdigest()
