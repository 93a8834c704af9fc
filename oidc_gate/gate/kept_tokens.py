"""What of a provider's tokens is kept in a session, and when they are to be renewed."""

from __future__ import annotations

from oidc_gate.gate.components import Components
from oidc_gate.provider import Tokens

__all__ = ["kept_tokens", "refresh_time"]

#: Access tokens are renewed before they end: a minute, and at most a tenth of their life.
_EARLY, _EARLY_SHARE = 60.0, 0.1
#: For a provider that does not say how long its access tokens last (RFC 6749, 5.1 recommends that it does).
_USUAL_LIFE = 3600.0


def kept_tokens(components: Components, issued: Tokens) -> dict[str, str]:
    """Return the tokens that a setting needs later; all others are forgotten.

    A refresh token is kept in a server-side store alone: cookie sessions in parallel requests would use it twice.
    """
    kept = {}
    if components.settings.provider_logout:
        kept["id_token"] = issued.id_token
    if components.settings.userinfo_refresh_interval:
        kept["access_token"] = issued.access_token
    if components.sessions.stores and issued.refresh_token:
        kept["refresh_token"] = issued.refresh_token
    return kept


def refresh_time(tokens: Tokens, now: float) -> float:
    """Return when tokens are to be renewed, shortly before the access token ends."""
    life = tokens.expires_in or _USUAL_LIFE
    return now + life - min(_EARLY, life * _EARLY_SHARE)
