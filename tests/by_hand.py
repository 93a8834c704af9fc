"""A relying party written out by hand: what the tests of the providers use, since the package may not judge them."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import requests

from tests.browser import Browser
from tests.patience import LIMIT
from tests.providers import keys
from tests.providers.local import LocalProvider
from tests.providers.people import s256

CALLBACK = "https://app.test/oauth2/callback"


def nobody(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Stand in for the app: answer with the parameters that reached it."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) + environ["QUERY_STRING"].encode()]


def visitor() -> Browser:
    return Browser(nobody, "wsgi")


@dataclass
class ByHand:
    """A relying party written out: one login at one provider."""

    provider: LocalProvider
    browser: Browser = field(default_factory=visitor)
    client_id: str = "app"
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    scope: str = "openid profile email"

    def authorization_url(self, **more: str) -> str:
        params = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": CALLBACK,
            "scope": self.scope,
            "state": "state-of-this-login",
            "nonce": "nonce-of-this-login",
            "code_challenge": s256(self.verifier),
            "code_challenge_method": "S256",
        }
        return f"{self.provider.url('authorize')}?{urlencode(params | more)}"

    def callback(self, **more: str) -> dict[str, str]:
        """Go to the provider and return the parameters that reach the callback."""
        answer = self.browser.navigate(self.authorization_url(**more), until=CALLBACK)
        return {name: values[0] for name, values in parse_qs(urlsplit(answer.target).query).items()}

    def token(self, form: dict[str, str], auth: tuple[str, str] | None = None) -> requests.Response:
        client = self.provider.clients[self.client_id]
        credentials = auth or (quote(self.client_id, safe=""), quote(client.secret or "", safe=""))
        auth = credentials if client.auth_method == "client_secret_basic" else None
        return requests.post(self.provider.url("token"), data=form, auth=auth, timeout=LIMIT)

    def redeem(self, code: str, **more: str) -> requests.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
        return self.token(form | {"code_verifier": self.verifier} | more)

    def refresh(self, token: str) -> requests.Response:
        return self.token({"grant_type": "refresh_token", "refresh_token": token})

    def login(self, **more: str) -> dict[str, Any]:
        answer = self.redeem(self.callback(**more)["code"])
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    def claims(self, tokens: dict[str, Any], alg: str = "RS256") -> dict[str, Any]:
        jwks = requests.get(self.provider.url("jwks"), timeout=LIMIT).json()
        return keys.verify(tokens["id_token"], jwks, (alg,))
