"""Access tokens of the tests' provider, good ones and all others, and programs that send them.

program = Program(stage(**TAKING))
assert program.ask("/api", access_token(provider, sub="robot")).status == 200
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any, Protocol

from joserfc.jwk import ECKey, Key

from tests.answers import Answer
from tests.providers import keys
from tests.providers.local import LocalProvider
from tests.stage import Stage

AUDIENCE = "https://app.test/api"
#: Settings of a gate that takes access tokens.
TAKING: dict[str, Any] = {"bearer_audience": [AUDIENCE]}


class Timed(Protocol):
    """Whoever says what time it is, in seconds since 1970."""

    def now(self) -> int: ...


def claims_of(provider: LocalProvider, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good access token; `...` leaves a claim out."""
    now = provider.now()
    claims = {
        "iss": provider.issuer,
        "sub": "robot",
        "aud": AUDIENCE,
        "iat": now,
        "exp": now + 300,
        "scope": "api:read api:write",
        "client_id": "cli",
        "jti": "token-1",
    }
    return {name: value for name, value in (claims | changes).items() if value is not ...}


def access_token(
    provider: LocalProvider, header: dict[str, Any] | None = None, key: Key | bytes | None = None, **changes: Any
) -> str:
    """Return an access token as RFC 9068 has it, with these changes; `...` leaves a member out."""
    alg = (header or {}).get("alg", "RS256")
    members = {"alg": alg, "typ": "at+jwt"} | (header or {})
    if alg in keys.FAMILIES and key is None:
        key = keys.key_for(alg, provider.generations[-1])
        members = {"kid": key.kid} | members
    members = {name: value for name, value in members.items() if value is not ...}
    return keys.sign(claims_of(provider, **changes), members, key)


class Program:
    """Asks a gate as a program does: no cookies, no Origin, no Fetch Metadata."""

    def __init__(self, here: Stage, gate: Any = None, **options: Any) -> None:
        self.here = here
        self.browser = here.browser(gate, **options)

    def ask(self, path: str = "/", token: str | None = None, method: str = "GET", **headers: str) -> Answer:
        """Send a request with this token; underscores in names of headers stand for dashes."""
        sent = [("Authorization", f"Bearer {token}")] if token is not None else []
        return self.send(
            path, *sent, *((name.replace("_", "-"), value) for name, value in headers.items()), method=method
        )

    def send(self, path: str, *headers: tuple[str, str], method: str = "GET") -> Answer:
        """Send a request with just these headers, and Host."""
        found = [("Host", "app.test"), *headers]
        return self.browser.request(method, path, headers=found, bare=True, navigate=False)


def challenges(answer: Answer) -> list[tuple[str, dict[str, str]]]:
    """Return the challenges of an answer in their order, one for each header line: the scheme, and its parameters."""
    from werkzeug.http import parse_dict_header

    found = []
    for value in answer.header_list("WWW-Authenticate"):
        scheme, _, rest = value.partition(" ")
        params = parse_dict_header(rest)
        assert all(isinstance(each, str) for each in params.values()), value
        found.append((scheme, {name: str(each) for name, each in params.items()}))
    return found


def error_of(answer: Answer) -> str | None:
    """Return the error in the first challenge, which is that of the body too."""
    error = challenges(answer)[0][1].get("error")
    if error is not None and answer.sent.method != "HEAD":
        assert answer.json()["error"] == error
    return error


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Holder:
    """A program with a key of its own, which it proves (DPoP, RFC 9449)."""

    def __init__(self, key: Key | None = None) -> None:
        self.key = key or ECKey.generate_key("P-256")
        self.jwk = keys.public_jwk(self.key) | {}
        self.jwk = {name: self.jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in self.jwk}
        members = json.dumps({name: self.jwk[name] for name in sorted(self.jwk)}, separators=(",", ":"))
        self.thumbprint = b64(hashlib.sha256(members.encode()).digest())

    def bound(self, provider: LocalProvider, **changes: Any) -> str:
        """Return an access token that is bound to the key."""
        return access_token(provider, **({"cnf": {"jkt": self.thumbprint}} | changes))

    def proof(
        self,
        provider: Timed,
        token: str,
        path: str = "/",
        *,
        header: dict[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """Return a proof for a GET of this path with this token; `...` leaves a member out."""
        claims = {
            "jti": secrets.token_urlsafe(12),
            "htm": "GET",
            "htu": f"https://app.test{path}",
            "iat": provider.now(),
            "ath": b64(hashlib.sha256(token.encode()).digest()),
        } | changes
        alg = "ES256" if self.key.key_type == "EC" else "RS256" if self.key.key_type == "RSA" else "EdDSA"
        members = {"typ": "dpop+jwt", "alg": alg, "jwk": self.jwk} | (header or {})
        kept = [{name: value for name, value in each.items() if value is not ...} for each in (claims, members)]
        return keys.sign(kept[0], kept[1], self.key)
