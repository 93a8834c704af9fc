"""Who can sign in at the provider, and what the provider remembers of sessions, codes and tokens."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from tests.providers.keys import Claims

PASSWORD = "secret"

# Claims a scope calls for (OpenID Connect Core 5.4); any other claim of a person is always released.
CLAIMS_OF_SCOPE = {
    "profile": (
        "name",
        "given_name",
        "family_name",
        "preferred_username",
        "picture",
        "locale",
        "zoneinfo",
        "updated_at",
    ),
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
    "address": ("address",),
}


def ada() -> Claims:
    return {
        "sub": "ada-1815",
        "email": "ada@example.com",
        "email_verified": True,
        "name": "Ada Lovelace",
        "preferred_username": "ada",
        "groups": ["engineers", "admins"],
    }


def grace() -> Claims:
    return {
        "sub": "grace-1906",
        "email": "grace@example.org",
        "email_verified": True,
        "name": "Grace Hopper",
        "preferred_username": "grace",
        "groups": ["engineers"],
    }


@dataclass
class ProviderSession:
    """A person signed in at the provider in one browser."""

    sid: str
    sub: str
    auth_time: int
    acr: str | None = None


@dataclass
class Grant:
    """What one authorization gave: the code, and all tokens that come of it, point here."""

    client_id: str
    sub: str
    sid: str
    scope: list[str]
    auth_time: int
    redirect_uri: str
    nonce: str | None = None
    challenge: str | None = None
    acr: str | None = None
    dpop_jkt: str | None = None
    code_expires: int = 0
    revoked: bool = False


def released_claims(person: Claims, scope: list[str]) -> Claims:
    """Return the claims that these scopes release."""
    withheld = {name for known, names in CLAIMS_OF_SCOPE.items() if known not in scope for name in names}
    return {name: value for name, value in person.items() if name not in withheld}


def s256(verifier: str) -> str:
    """Return the PKCE challenge of a verifier (RFC 7636 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
