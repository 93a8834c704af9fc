"""`identity_jwt`: a header in which the app is told who asks in a way that it can check, and the keys to check it by.

A plain header is good as long as nobody can reach the app but through the gate. A signed one is good wherever it comes
from: it says who signed it, for which app, and until when.

Only gates that are told to sign load this. A JWT is signed when a request needs one, for a session and half of its
life; the other requests of the session get the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, Self

from oidc_gate.decisions import Reply
from oidc_gate.gate.forwarding import Forwarding, Header, OtherNames, clear_of
from oidc_gate.identity import Identity, is_verified, text_claim
from oidc_gate.sessions import Head
from oidc_gate.settings import Settings
from oidc_gate.signing import SigningKey

__all__ = ["JWT_HEADER", "Signer"]

JWT_HEADER = "x-oidc-gate-jwt"
#: How long a JWT is good, in seconds.
LIFETIME = 300.0
#: How long the key set may be kept by whoever asks for it, in seconds.
_KEYS_KEPT = 300


class Signer:
    """Signs for one gate. `context`: that of its seals, so that no other gate with the same secret has the same key."""

    def __init__(self, settings: Settings, context: str, clock: Callable[[], float]) -> None:
        self._keys = [SigningKey(secret, f"identity_jwt {context}") for secret in settings.cookie_secret]
        self._issuer, self._audience = settings.base_url.rstrip("/"), settings.client_id
        self._clock = clock

    def keys(self, _: Any = None) -> Reply:
        """Return the key set (RFC 7517, 5): of all secrets, for another process may sign with an older one."""
        headers = (
            ("content-type", "application/json"),
            ("cache-control", f"public, max-age={_KEYS_KEPT}"),
            ("x-content-type-options", "nosniff"),
        )
        return Reply(200, headers, json.dumps({"keys": [key.public for key in self._keys]}).encode())

    def signing(
        self, forward: Forwarding, *, required: bool, other: OtherNames | None, taken: tuple[str, ...]
    ) -> Forwarding:
        """Return the same, with the JWT behind the other headers; the rest is as in `identity_headers`."""

        def claims(identity: Identity) -> dict[str, Any]:
            return _claims(identity, required=required, other=other, taken=taken)

        def signed(identity: Identity, head: Head) -> Any:
            decision = forward(identity, head)
            told = _Told(self, identity, claims)
            return decision._replace(request_headers=SignedHeaders(decision.request_headers, told))

        return signed

    def jwt(self, claims: dict[str, Any], expires_at: float) -> tuple[str, float]:
        """Return a JWT with these claims, and when it was signed. It is good no longer than the session."""
        now = self._clock()
        times = {"iat": int(now), "exp": int(min(now + LIFETIME, expires_at))}
        issuer = {"iss": self._issuer} if self._issuer else {}
        return self._keys[0].signed({**issuer, "aud": self._audience, **times, **claims}), now

    def is_fresh(self, signed_at: float) -> bool:
        """Return whether what was signed then is good for a while; a clock may be set back."""
        return 0 <= self._clock() - signed_at < LIFETIME / 2


class _Told:
    """The JWT of one session."""

    def __init__(self, signer: Signer, identity: Identity, claims: Callable[[Identity], dict[str, Any]]) -> None:
        self._signer = signer
        self._identity = identity
        self._claims = claims
        self._latest = ("", float("-inf"))  # set whole

    def __call__(self) -> str:
        jwt, signed_at = self._latest
        if not self._signer.is_fresh(signed_at):
            self._latest = jwt, _ = self._signer.jwt(self._claims(self._identity), self._identity.expires_at)
        return jwt


class SignedHeaders(tuple[Header, ...]):  # noqa: SLOT001  # one with slots of its own cannot be a tuple
    """Headers, and behind them one whose value is made each time they are gone through."""

    def __new__(cls, headers: tuple[Header, ...], told: Callable[[], str]) -> Self:
        """Return them; what stands in the place of the last one is never seen."""
        made = super().__new__(cls, (*headers, (JWT_HEADER, "")))
        made._headers, made._told = headers, told
        return made

    _headers: tuple[Header, ...]
    _told: Callable[[], str]

    def __iter__(self) -> Iterator[Header]:
        """Go through all of them, with a JWT that is good now."""
        return iter((*self._headers, (JWT_HEADER, self._told())))

    def __repr__(self) -> str:
        return f"<{len(self)} headers>"


def _claims(identity: Identity, *, required: bool, other: OtherNames | None, taken: tuple[str, ...]) -> dict[str, Any]:
    """Return what the app is told of somebody: what the identity headers would tell, as JSON has it."""
    claims, prefix = identity.claims, "" if other is None else other.prefix

    def named(text: str) -> str:
        return clear_of(taken, prefix + text)

    names = {"sub": identity.subject} | {name: text_claim(claims, name) for name in ("name", "preferred_username")}
    found: dict[str, Any] = {name: named(value) for name, value in names.items() if value}
    if is_verified(claims, required=required) and (other is None or other.vouched(claims)):
        found["email"] = text_claim(claims, "email")
    found["groups"] = [named(group) for group in identity.groups]
    found["provider"] = identity.provider
    if identity.scopes:
        found["scope"] = " ".join(identity.scopes)
    found |= {name: claims.get(name) for name in ("acr", "amr", "auth_time")}
    return {name: value for name, value in found.items() if value is not None}
