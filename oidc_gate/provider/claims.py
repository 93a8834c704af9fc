"""How claims from the ID token and from userinfo become one set, at login and when the provider is asked again.

What the ID token says counts more: it is signed. Whether an e-mail address was verified is said by a source that names
that very address, so that the one never vouches for the other's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from oidc_gate.identity import lower_ascii

__all__ = ["merged_claims", "refreshed_claims", "with_word"]

Claims = dict[str, Any]

#: Claims about the token rather than the person: userinfo has no say in them.
_TOKEN_CLAIMS = frozenset(
    "iss sub aud exp iat nbf auth_time nonce acr amr azp at_hash c_hash sid jti".split()  # noqa: SIM905
)
_PAIR = ("email", "email_verified")


def merged_claims(token: Claims, userinfo: Claims) -> tuple[Claims, list[str]]:
    """Return the claims of both, and the names of those that only the ID token brought."""
    found = {name: value for name, value in userinfo.items() if name not in _TOKEN_CLAIMS}
    if "email" in token:
        word = found.get("email_verified") if _is_same(found.get("email"), token["email"]) else None
        found = _without_pair(found)
        if word is not None and token.get("email_verified") is None:
            found["email_verified"] = word
            token = {name: value for name, value in token.items() if name != "email_verified"}
    elif "email" in found:
        token = _without_pair(token)
    return {**found, **token}, [name for name in token if name not in found]


def refreshed_claims(claims: Claims, kept: Sequence[str], userinfo: Claims) -> tuple[Claims, list[str]]:
    """Return a session's claims after userinfo was asked again, and the names of those that still come from the token.

    A claim that userinfo brought and is gone from it is gone. `kept` names the claims that only the ID token brought.
    Another address than the token's counts, for people move; but where the token says whether an address is verified
    and userinfo does not, another address is taken for unverified.
    """
    found = {name: value for name, value in userinfo.items() if name not in _TOKEN_CLAIMS}
    token = {name: claims[name] for name in kept if name in claims}
    if "email" not in found or ("email_verified" not in found and _is_same(found["email"], token.get("email"))):
        found = _without_pair(found)
    else:
        unsaid = "email_verified" in token and "email_verified" not in found
        token = _without_pair(token) | ({"email_verified": False} if unsaid else {})
    return {**found, **token}, list(token)


def with_word(claims: Claims, before: Claims | None) -> Claims:
    """Return the claims of renewed tokens, with what was said `before` of whether their address is verified.

    That is only where they name the same address, and say nothing of it themselves.
    """
    if before is None or before.get("email_verified") is None or claims.get("email_verified") is not None:
        return claims
    if not isinstance(claims.get("email"), str) or not _is_same(claims["email"], before.get("email")):
        return claims
    return {**claims, "email_verified": before["email_verified"]}


def _is_same(one: Any, other: Any) -> bool:
    """Return whether this is one address, in any case of its letters."""
    both = isinstance(one, str) and isinstance(other, str)
    return one == other or (both and lower_ascii(one) == lower_ascii(other))


def _without_pair(claims: Claims) -> Claims:
    return {name: value for name, value in claims.items() if name not in _PAIR}
