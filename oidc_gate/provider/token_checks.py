"""Tokens: what must hold of an ID token, a userinfo answer and a logout token before anything in them is believed.

The trusted side of every comparison is called `expected_…`. Functions return plain claims; having been returned from
here is what makes claims verified. They raise ProviderError, whose code names the check that failed, and LoginError for
people who may not come.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256, sha384, sha512
from hmac import compare_digest
from typing import TYPE_CHECKING, Any, TypeGuard

from oidc_gate.errors import LoginError, ProviderError
from oidc_gate.provider.http_messages import read_json_object
from oidc_gate.provider.keys import SignedToken
from oidc_gate.provider.quoting import shown
from oidc_gate.settings import filled, issuers

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Expected",
    "audience_of",
    "check_access_token",
    "check_id_token",
    "check_issuer",
    "check_lifetime",
    "check_logout_token",
    "check_reauthenticated",
    "check_refreshed_id_token",
    "check_signed_userinfo",
    "check_subject",
    "check_tenant",
    "is_time",
    "issuer_of",
    "read_claims",
]

_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_LATEST_TIME = 1e11  # the year 5138: a greater number is milliseconds, or nonsense
_LONGEST_SUB = 255
#: How long a logout token is good that does not say so, and how long one may say it is (Back-Channel Logout 1.0, 4, has
#: two minutes for the most), in seconds after its `iat`.
_LOGOUT_LIFE, _LONGEST_LOGOUT_LIFE = 120.0, 3600.0


@dataclass(frozen=True, slots=True)
class Expected:
    """What the gate itself knows, and holds a token against. `now` and `leeway` are seconds.

    `tenants`: those whose users may come, at a provider that has many; the issuer may then be a template.
    `alone`: an ID token is for nobody else.
    """

    issuer: str
    client_id: str
    now: float
    leeway: float
    tenants: tuple[str, ...] = ()
    alone: bool = False

    def is_issuer(self, issuer: Any) -> bool:
        """Return whether this is the provider, or one of its tenants."""
        return issuer in issuers(self.issuer, self.tenants)


def issuer_of(token: SignedToken) -> str:
    """Return the issuer that a token names, `""` for none; nothing of it has been checked."""
    issuer = read_claims(token.payload).get("iss")
    return issuer if isinstance(issuer, str) else ""


def read_claims(payload: bytes) -> dict[str, Any]:
    """Return the claims in the payload of a token whose signature held. Raises ProviderError `token_malformed`."""
    try:
        return read_json_object(payload)
    except ValueError as error:
        raise ProviderError("token_malformed", f"the token's claims are not readable: {error}") from None


def check_id_token(token: SignedToken, expected: Expected, *, expected_nonce: str | None) -> dict[str, Any]:
    """Return the claims of an ID token (OpenID Connect Core 1.0, 3.1.3.7).

    Its signature must have been verified before. `expected_nonce` None is for a refreshed token alone (12.2), which has
    none, or that of the login. Not checked here: `at_hash` (see `check_access_token`), `auth_time`, `acr`, `amr`.
    """
    _check_type(token, forbidden=("logout+jwt", "at+jwt", "secevent+jwt"))
    claims = read_claims(token.payload)
    _check_common(claims, expected)
    if expected.alone and audience_of(claims) != [expected.client_id]:
        raise ProviderError(
            "audience_mismatch", f"the token is {_other_audience(claims, expected)}, which is to be alone"
        )
    check_lifetime(claims, expected)
    if expected_nonce is not None:
        _check_nonce(claims, expected_nonce)
    return claims


def check_refreshed_id_token(
    token: SignedToken, expected: Expected, *, expected_claims: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the claims of an ID token that came with a refresh (Core, 12.2); `expected_claims`: those of the session.

    It speaks of the same person, and not of an earlier login; a nonce, if it has one, is that of the login. `auth_time`
    should be the login's (12.2), but some providers tell when the person last signed in anywhere: a later one is not
    this session's, and is left out.
    """
    claims = check_id_token(token, expected, expected_nonce=None)
    if (claims["sub"], claims["iss"]) != (expected_claims["sub"], expected_claims.get("iss", claims["iss"])):
        raise ProviderError("refresh_sub_mismatch", "the refreshed ID token speaks of another person")
    if "nonce" in claims and claims["nonce"] != expected_claims.get("nonce", claims["nonce"]):
        raise ProviderError("refresh_login_mismatch", "nonce in the refreshed ID token is that of another login")
    known = expected_claims.get("auth_time")
    if known is not None and "auth_time" in claims:
        if claims["auth_time"] != known and not _is_later(claims["auth_time"], known):
            raise ProviderError("refresh_login_mismatch", "auth_time in the refreshed ID token is before the login's")
        del claims["auth_time"]
    return claims


def check_reauthenticated(claims: Mapping[str, Any], *, asked_at: float, leeway: float) -> None:
    """Refuse a login that was to authenticate the person anew, and did not, where `auth_time` tells (Core, 3.1.2.1).

    Whoever has the browser can take `prompt=login` out of the request. Without `auth_time` nothing can be told.
    """
    auth_time = claims.get("auth_time")
    if is_time(auth_time) and auth_time + leeway < asked_at:
        raise ProviderError(
            "reauthentication_missing", f"the person signed in {asked_at - auth_time:.0f} s before that was asked for"
        )


def _is_later(time: Any, known: Any) -> bool:
    return is_time(time) and is_time(known) and time > known


def check_access_token(claims: Mapping[str, Any], access_token: str, alg: str) -> None:
    """Check `at_hash` where the ID token has one (Core, 3.1.3.8). The algorithm must be one that was verified.

    Where no access token came there is nothing to check: none is used then.
    """
    at_hash = claims.get("at_hash")
    if at_hash is None or not access_token:
        return
    # EdDSA over Ed25519 hashes with SHA-512; the others name the length.
    digest = {"256": sha256, "384": sha384}.get(alg[2:], sha512)(access_token.encode()).digest()
    expected = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    if not isinstance(at_hash, str) or not compare_digest(at_hash.encode("utf-8", "replace"), expected):
        raise ProviderError("at_hash_mismatch", "the ID token was not issued with this access token")


def check_signed_userinfo(claims: dict[str, Any], expected: Expected) -> None:
    """Check `iss` and `aud` of a signed userinfo answer, where they are present (Core, 5.3.2)."""
    if "iss" in claims and not expected.is_issuer(claims["iss"]):
        detail = f"the signed userinfo answer names {_other_issuer(claims, expected)}"
        raise ProviderError("userinfo_issuer_mismatch", detail)
    if "aud" in claims and expected.client_id not in audience_of(claims):
        detail = f"the signed userinfo answer is {_other_audience(claims, expected)}"
        raise ProviderError("userinfo_audience_mismatch", detail)


def check_logout_token(token: SignedToken, expected: Expected) -> dict[str, Any]:
    """Return the claims of a logout token whose signature held (Back-Channel Logout 1.0, 2.6).

    It names a session (`sid`), a person (`sub`) or both. That its `jti` was not seen before, and that its algorithm is
    the one of ID tokens, is for the caller to check. `exp` is always among the claims: the specification knows it since
    2023 (2.4), and providers that follow the text before send none.
    """
    _check_type(token, forbidden=("at+jwt",))
    claims = read_claims(token.payload)
    check_issuer(claims, expected)
    _check_audience(claims, expected)
    issued_at = _time(claims, "iat")
    if "exp" not in claims:
        claims["exp"] = issued_at + _LOGOUT_LIFE
    check_lifetime(claims, expected)
    if _time(claims, "exp") - issued_at > _LONGEST_LOGOUT_LIFE:  # so it is no older either
        raise ProviderError("logout_token_long_lived", "the logout token is good for more than an hour after its iat")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(_LOGOUT_EVENT), dict):
        raise ProviderError("logout_event_missing", "the token is no logout token")
    if "nonce" in claims:
        raise ProviderError("logout_nonce_present", "the token has a nonce: it may be an ID token, not a logout token")
    named = [claims[name] for name in ("sid", "sub") if name in claims]
    if not named or not all(isinstance(value, str) and value for value in named):
        raise ProviderError("logout_subject_missing", "the logout token names neither a session nor a person")
    if not isinstance(claims.get("jti"), str) or not claims["jti"]:
        raise ProviderError("logout_jti_missing", "the logout token has no jti")
    return claims


def _check_type(token: SignedToken, forbidden: tuple[str, ...]) -> None:
    """Refuse a token that says it is of another kind (RFC 8725, 3.11)."""
    if token.kind in (None, *forbidden):
        raise ProviderError("token_type_wrong", "the token is of another kind")


def check_tenant(claims: Mapping[str, Any], expected: Expected) -> None:
    """Refuse people of tenants that are not listed, and a token whose issuer is not that of its tenant."""
    if not expected.tenants:
        return
    tenant = claims.get("tid")
    if tenant not in expected.tenants:
        detail = f"the person is of the tenant {shown(tenant)}, which allow_tenants does not hold"
        raise LoginError("tenant_not_allowed", detail, status=403)
    if claims.get("iss") != filled(expected.issuer, tenant):
        detail = f"the token of the tenant {shown(tenant)} names the issuer {shown(claims.get('iss'))}"
        raise ProviderError("issuer_mismatch", detail)


def _check_common(claims: Mapping[str, Any], expected: Expected) -> None:
    check_tenant(claims, expected)
    check_issuer(claims, expected)
    check_subject(claims)
    _check_audience(claims, expected)


def check_subject(claims: Mapping[str, Any]) -> None:
    """Check that `sub` names somebody. Raises ProviderError `sub_missing`."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUB or not _is_unicode(subject):
        raise ProviderError("sub_missing", "the token does not say whom it is about")


def _is_unicode(text: str) -> bool:
    """Return whether the text can be written down: JSON lets half a character through, which would pass for another."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def check_issuer(claims: Mapping[str, Any], expected: Expected) -> None:
    """Check that the token is the provider's, or one of its tenants', to the letter. Raises ProviderError."""
    if not expected.is_issuer(claims.get("iss")):
        raise ProviderError("issuer_mismatch", f"the token names {_other_issuer(claims, expected)}")


def _check_audience(claims: Mapping[str, Any], expected: Expected) -> None:
    """Check `aud` and `azp`: other audiences may stand beside us, but we must not stand beside another `azp`."""
    if expected.client_id not in audience_of(claims):
        raise ProviderError("audience_mismatch", f"the token is {_other_audience(claims, expected)}")
    if claims.get("azp") not in (None, expected.client_id):
        detail = f"the token was issued to {shown(claims['azp'])}, and client_id is {expected.client_id!r}"
        raise ProviderError("azp_mismatch", detail)


def _other_issuer(claims: Mapping[str, Any], expected: Expected) -> str:
    return f"the issuer {shown(claims.get('iss'))}, and the provider's is {expected.issuer!r}"


def _other_audience(claims: Mapping[str, Any], expected: Expected) -> str:
    return f"for {shown(claims.get('aud'))}, and client_id is {expected.client_id!r}"


def audience_of(claims: Mapping[str, Any]) -> list[Any]:
    """Return whom the token is for; nobody where there is something else than texts in the list."""
    audience = claims.get("aud")
    if isinstance(audience, list):
        return audience if all(isinstance(item, str) for item in audience) else []
    return [audience]


def check_lifetime(claims: Mapping[str, Any], expected: Expected, *, optional: tuple[str, ...] = ("nbf",)) -> None:
    """Check `exp`, `iat` and `nbf`, which must be there, but for those that are `optional`. Raises ProviderError."""
    if ("exp" in claims or "exp" not in optional) and _time(claims, "exp") + expected.leeway < expected.now:
        ended = _seconds(expected.now - _time(claims, "exp"), expected)
        raise ProviderError("token_expired", f"the token expired {ended} ago; if it is fresh, compare the clocks")
    for name, what in (("iat", "was issued"), ("nbf", "is valid from")):
        if (name in claims or name not in optional) and _time(claims, name) - expected.leeway > expected.now:
            ahead = _seconds(_time(claims, name) - expected.now, expected)
            raise ProviderError("token_from_the_future", f"the token {what} {ahead} in the future; compare the clocks")


def _seconds(off: float, expected: Expected) -> str:
    return f"{off:.0f} s (clock_leeway {expected.leeway:g} s)"


def is_time(value: Any) -> TypeGuard[float]:
    """Return whether a claim is a time (RFC 7519, 2, NumericDate), in seconds since 1970."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _LATEST_TIME


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if not is_time(value):
        raise ProviderError(f"{name}_invalid", f"{name} in the token is missing or no time")
    return float(value)


def _check_nonce(claims: Mapping[str, Any], expected_nonce: str) -> None:
    nonce = claims.get("nonce")
    if not expected_nonce or not isinstance(nonce, str):
        raise ProviderError("nonce_missing", "the ID token does not belong to this login: it has no nonce")
    if not compare_digest(nonce.encode("utf-8", "replace"), expected_nonce.encode()):
        raise ProviderError("nonce_mismatch", "the ID token belongs to another login")
