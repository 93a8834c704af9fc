"""What of a provider's tokens is kept: in a session, and of how they were signed; and when they are to be renewed."""

from __future__ import annotations

from oidc_gate.errors import ProviderError
from oidc_gate.gate.components import Components
from oidc_gate.gate.parties import Party
from oidc_gate.provider import Tokens
from oidc_gate.sessions import NEVER, SPREAD, Session, StoreBackend, place_in_line
from oidc_gate.settings import SIGNING_ALGS

__all__ = ["access_end", "check_signed_as_before", "kept_tokens", "note_algorithm", "refresh_time", "renewed_tokens"]

#: Access tokens are renewed before they end: a minute, and at most a tenth of their life.
_EARLY, _EARLY_SHARE = 60.0, 0.1
#: For a provider that does not say how long its access tokens last (RFC 6749, 5.1 recommends that it does).
_USUAL_LIFE = 3600.0


def kept_tokens(components: Components, party: Party, issued: Tokens) -> dict[str, str]:
    """Return the tokens that a setting needs later; all others are forgotten.

    A refresh token is kept in a server-side store alone: cookie sessions in parallel requests would use it twice.
    """
    kept = {}
    if party.settings.provider_logout and not party.settings.provider_logout_url:
        kept["id_token"] = issued.id_token
    wants_access = party.settings.userinfo_refresh_interval or components.settings.access_token_for_app
    if wants_access and issued.access_token:  # an ID token may have come alone
        kept["access_token"] = issued.access_token
    if components.sessions.stores and issued.refresh_token:
        kept["refresh_token"] = issued.refresh_token
    return kept


def renewed_tokens(session: Session, tokens: Tokens) -> dict[str, str]:
    """Return the tokens to keep: those that were kept before, in their newest form."""
    newest = {
        "access_token": tokens.access_token,
        "id_token": tokens.id_token,
        "refresh_token": tokens.refresh_token,
    }
    return {name: newest[name] or old for name, old in session.tokens.items()}


def access_end(tokens: Tokens, now: float) -> float:
    """Return when the access token ends, `inf` where the provider does not say."""
    return NEVER if tokens.expires_in is None else now + tokens.expires_in


def refresh_time(tokens: Tokens, now: float, created_at: float) -> float:
    """Return when tokens are to be renewed, before the access token ends: see `SPREAD`.

    `created_at`: when the session began, or begins.
    """
    life = tokens.expires_in or _USUAL_LIFE
    return now + life - min(_EARLY, life * _EARLY_SHARE) - life * SPREAD * place_in_line(created_at)


def note_algorithm(components: Components, party: Party, issued: Tokens) -> None:
    """Note which algorithm the provider signs ID tokens with, where it may come to end sessions. Raises StoreError."""
    backend = components.sessions.backend
    if isinstance(backend, StoreBackend) and issued.signed_with:
        backend.note(_signing(party, issued.signed_with))


def _has_signed_with(party: Party, backend: StoreBackend, algorithm: str) -> bool:
    """Return whether the provider's ID tokens are signed with this algorithm. May block, raises StoreError.

    `signing_algs` says so. Without it, those count with which an ID token has come for a session in this store: that is
    what the client is registered for, and nobody else tells, for providers list in their discovery whatever a client
    may be registered for. Where none has come yet, there is no session to be ended.
    """
    if party.settings.signing_algs or backend.is_noted(_signing(party, algorithm)):
        return True
    return not any(backend.is_noted(_signing(party, each)) for each in SIGNING_ALGS)


def check_signed_as_before(party: Party, backend: StoreBackend, algorithm: str) -> None:
    """Refuse a token of the provider that is signed otherwise than its ID tokens (Back-Channel Logout 1.0, 2.6).

    May block; raises ProviderError and StoreError.
    """
    if not _has_signed_with(party, backend, algorithm):
        raise ProviderError(
            "alg_not_allowed",
            f"the token is signed with {algorithm}, and no ID token here was; where that is right, set signing_algs",
        )


def _signing(party: Party, algorithm: str) -> str:
    return f"ID tokens {party.key or 'are'} signed with {algorithm}"
