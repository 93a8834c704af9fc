"""Access tokens that programs send: what must hold of one before anybody comes in with it (RFC 9068, RFC 8725).

Who holds such a token is whom it names; so it has to say that it is for this app (`aud`), and that it is no token of
another kind, with which the provider tells somebody else something. It may come as a JWT, or be opaque: then the
provider is asked about it (RFC 7662), and what it says is checked in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from oidc_gate.errors import ProviderError
from oidc_gate.provider.keys import KeySet, SignedToken, read_unverified
from oidc_gate.provider.quoting import shown
from oidc_gate.provider.token_checks import (
    Expected,
    audience_of,
    check_issuer,
    check_lifetime,
    check_subject,
    check_tenant,
    is_time,
    read_claims,
)

__all__ = ["AccessToken", "ExpectedToken", "check_introspected", "check_jwt"]

#: What a JWT may say that it is (RFC 9068, 2.1): that, or nothing that tells it from other tokens.
_TYPES = {"any": ("jwt", "at+jwt"), "at+jwt": ("at+jwt",)}
#: How the type of a provider's own access tokens ends, which nobody else is to read: Okta's `okta-internal-at+jwt`.
_OWNED = "-at+jwt"
#: Claims by which an ID token is told (Core, 2), and what tells of events, as a logout token does (Back-Channel Logout
#: 1.0, 2.4).
_OF_OTHERS = ("nonce", "at_hash", "c_hash", "events")
#: What providers have in claims that tell the kind, of tokens that are no access tokens: Keycloak in `typ`, Cognito and
#: Hydra in `token_use`, PingAM in `tokenName`, Oracle in `tok_type`, others in `token_type`.
_KIND_CLAIMS = ("typ", "token_use", "token_type", "tokenName", "tok_type")
_OTHER_KINDS = frozenset(
    {"id", "id_token", "refresh", "refresh_token", "offline", "logout", "serialized-id", "it", "rt"}
)


@dataclass(frozen=True, slots=True)
class ExpectedToken:
    """What the gate itself knows, and holds an access token against.

    `audiences`: one of these must be in `aud`. `clients`: None for any. `kind`: as the setting `bearer_type` has it.
    """

    common: Expected
    audiences: frozenset[str]
    clients: frozenset[str] | None
    kind: str


class AccessToken(NamedTuple):
    """An access token that is good, but for what binds it to its holder.

    `expires_at`: seconds since 1970. `confirmation`: its `cnf` (RFC 7800), None where it has none: whatever that holds
    has to be proven before anybody comes in. `keys`: those with which its signature was verified; None where the
    provider has called it good itself.
    """

    claims: dict[str, Any]
    scopes: tuple[str, ...]
    expires_at: float
    confirmation: dict[str, Any] | None
    keys: KeySet | None = None

    def __repr__(self) -> str:
        return f"<access token of {self.claims.get('sub')!r}>"


def check_jwt(token: SignedToken, keys: KeySet, expected: ExpectedToken) -> AccessToken:
    """Return the access token that a JWT is, whose signature must have been verified before, with `keys` (RFC 9068, 4).

    Not checked here: what binds it to its holder, and its scopes. Raises ProviderError.
    """
    _check_type(token, expected)
    claims = read_claims(token.payload)
    _check_kind(claims, is_told=expected.kind != "any")
    check_tenant(claims, expected.common)
    check_issuer(claims, expected.common)
    check_lifetime(claims, expected.common, optional=("iat", "nbf"))
    _check_audience(claims, expected)
    return _checked(claims, expected)._replace(keys=keys)


def check_introspected(token: str, claims: dict[str, Any], expected: ExpectedToken) -> AccessToken:
    """Return the access token that the provider has called active, and said this of (RFC 7662, 2.2).

    What it does not say is taken from its word, but for whom the token is for: where it does not say that, the clients
    that tokens may be issued to must be listed. That it is no token of another kind, which some providers call active
    too, is told by what it says of itself where it is a JWT, and by the answer: the two must fit. Raises ProviderError.
    """
    own = read_unverified(token)
    is_told = own is not None and expected.kind != "any"
    if own is not None and (is_told or not (own.kind or "").endswith(_OWNED)):
        _check_type(own, expected)
    of_itself = {} if own is None else _said_by(own)
    is_told = is_told or of_itself.get("tokenName") == "access_token"  # PingAM's keep the nonce of the login
    for said in (of_itself, claims):
        _check_kind(said, is_told=is_told)
    if of_itself.get("aud", []) != []:
        _check_audience(of_itself, expected)
    # No provider that leaves it out of its answer makes the token a plain one.
    claims = {name: of_itself[name] for name in ("cnf",) if name in of_itself} | claims
    if "iss" in claims or expected.common.tenants:
        check_tenant(claims, expected.common)
        check_issuer(claims, expected.common)
    check_lifetime(claims, expected.common, optional=("exp", "iat", "nbf"))
    if "aud" in claims or expected.clients is None:
        _check_audience(claims, expected)
    return _checked(claims, expected)


def _said_by(token: SignedToken) -> dict[str, Any]:
    """Return the claims of a JWT, none where it has none. Raises ProviderError where they cannot be read.

    The signature need not be looked at: who changes them breaks it, and the provider calls no such token active.
    """
    try:
        return read_claims(token.payload)
    except ProviderError:
        if token.payload.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" and "zip" not in token.header:
            raise  # claims that cannot be read hide what it is, and what binds it
        return {}


def _checked(claims: dict[str, Any], expected: ExpectedToken) -> AccessToken:
    check_subject(claims)
    _check_clients(claims, expected)
    expires_at = claims.get("exp")
    return AccessToken(
        claims, _scopes(claims), float(expires_at) if is_time(expires_at) else float("inf"), _confirmation(claims)
    )


def _check_type(token: SignedToken, expected: ExpectedToken) -> None:
    """Refuse a token that says in its header that it is of another kind."""
    if token.kind not in _TYPES[expected.kind]:
        demanded = ", and bearer_type is at+jwt" if expected.kind == "at+jwt" else ""
        raise ProviderError("token_type_wrong", f"the token is of the type {shown(token.header.get('typ'))}{demanded}")


def _check_kind(claims: Mapping[str, Any], *, is_told: bool) -> None:
    """Refuse a token of another kind that says so in its claims; `is_told`: its header says that it is none."""
    found = next((name for name in _OF_OTHERS if name in claims), None)
    if found is not None and not is_told:
        raise ProviderError("token_type_wrong", f"the token has the claim {found}, which access tokens have not")
    for name in _KIND_CLAIMS:
        if str(claims.get(name)).lower() in _OTHER_KINDS:
            raise ProviderError("token_type_wrong", f"the token has {name} {shown(claims[name])}")


def _check_audience(claims: Mapping[str, Any], expected: ExpectedToken) -> None:
    if expected.audiences.isdisjoint(item for item in audience_of(claims) if isinstance(item, str)):
        given = f"is for {shown(claims['aud'])}" if "aud" in claims else "has no aud"
        detail = f"the token {given}, and bearer_audience is {sorted(expected.audiences)}"
        raise ProviderError("audience_mismatch", detail)


def _check_clients(claims: Mapping[str, Any], expected: ExpectedToken) -> None:
    """Check whom the token was issued to: all that say so, for two that differ could be read in two ways."""
    if expected.clients is None:
        return
    named = [claims[name] for name in ("client_id", "azp") if name in claims]
    if not named or not all(isinstance(name, str) and name in expected.clients for name in named):
        detail = f"the token was issued to {shown(named[0] if named else None)}, and bearer_clients does not hold that"
        raise ProviderError("token_client_wrong", detail)


def _confirmation(claims: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return `cnf`; one that is no object binds the token to something that nobody can prove.

    So does `token_type` DPoP, which introspection has (RFC 7662, 2.2), where `cnf` does not say what the key is.
    """
    if "cnf" not in claims and str(claims.get("token_type")).lower() != "dpop":
        return None
    found = claims.get("cnf")
    if not isinstance(found, dict) or not found:
        raise ProviderError("token_binding_unknown", "the token is bound, and cnf is no object that says to what")
    return found


def _scopes(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the scopes of a token: `scope` (RFC 9068, 2.2.3), else `scp`, as one text or as a list of texts.

    All of them, however many: a rule may refuse whoever has the last.
    """
    value = claims.get("scope", claims.get("scp"))
    if isinstance(value, list):
        words = [item for item in value if isinstance(item, str)]
    else:
        words = value.split(" ") if isinstance(value, str) else []
    return tuple(dict.fromkeys(word for word in words if word))
