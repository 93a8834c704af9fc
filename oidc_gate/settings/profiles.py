"""Profiles: what `profile = "fapi2"` stands for, and what must not be set beside it.

FAPI 2.0 Security Profile, Final (February 2025), as far as it speaks of clients: sections 5.2, 5.3.3 and 5.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from oidc_gate.errors import SettingsError
from oidc_gate.settings.checks import FAPI2_ALGS
from oidc_gate.settings.urls import checked_url, is_this_machine

if TYPE_CHECKING:
    from oidc_gate.settings.settings import Settings

__all__ = ["check_profile", "of_profile"]

#: A token may say that it comes from so many seconds ahead of us, at most (5.3.2.1).
_MOST_LEEWAY = 60


def of_profile() -> dict[str, Any]:
    """Return the settings that the profile stands for; each may be given too, as long as it says no less."""
    return {"pushed": "always", "signing_algs": FAPI2_ALGS}


def check_profile(settings: Settings) -> None:
    """Refuse what contradicts the profile, with a sentence for each. Raises SettingsError."""
    for said in _contradictions(settings):
        raise SettingsError(f"profile is fapi2, and {said}")


def _contradictions(settings: Settings) -> Iterator[str]:
    if settings.client_auth_method != "private_key_jwt":
        yield (
            f"client_auth_method is {settings.client_auth_method}: set it to private_key_jwt, with"
            " client_private_key_file. The profile allows mutual TLS too, which this gate does not have."
        )
    if settings.pushed != "always":
        yield f"pushed is {settings.pushed}: under it every authorization request is pushed; leave pushed out."
    others = [alg for alg in settings.signing_algs or () if alg not in FAPI2_ALGS]
    if others:
        yield f"signing_algs hold {', '.join(others)}: it allows {', '.join(FAPI2_ALGS)} alone."
    if settings.clock_leeway > _MOST_LEEWAY:
        yield f"clock_leeway is more than {_MOST_LEEWAY} s: under it tokens from further ahead must be refused."
    if settings.insecure_http_issuer:
        yield "insecure_http_issuer is true: it allows no plain http."
    if settings.base_url and _is_plain_http(settings.base_url):
        yield "base_url is plain http: under it codes come back over https alone."
    if settings.provider_endpoints:
        yield (
            "provider_endpoints are set: under it all that is known of the provider comes from its discovery document."
        )
    if settings.allow_tenants is not None:
        yield "allow_tenants is set: under it the issuer is the one that discovery names, and no pattern for many."
    if settings.access_token_for_app:
        yield (
            "access_token_for_app is true: access tokens are bound to a key of the gate's, without which the app can do"
            " nothing with them. Leave it out."
        )


def _is_plain_http(base_url: str) -> bool:
    url = checked_url("base_url", base_url)
    return url.scheme == "http" and not is_this_machine(url.hostname)
