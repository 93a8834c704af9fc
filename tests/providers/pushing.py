"""Pushed authorization requests at the provider (RFC 9126): each is good once, and not for long."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from werkzeug import Request
from werkzeug.datastructures import MultiDict

from tests.providers.clients import Client, OAuthError
from tests.providers.core import ProviderCore
from tests.providers.keys import Claims

#: What a pushed request brings beside the authorization request.
_PROOF = ("client_secret", "client_assertion", "client_assertion_type")
#: What the login form sends beside it.
_TYPED = ("username", "password")


@dataclass
class Pushed:
    """A request that was pushed, and until when it may be asked for."""

    client_id: str
    params: MultiDict[str, str]
    expires: int


class Pushing(ProviderCore):
    """Takes pushed requests; mixed into `LocalProvider`."""

    def reset(self) -> None:
        super().reset()
        self.pushed: dict[str, Pushed] = {}
        self.demands_pushed = False
        self.pushed_lifetime = 60

    def pushing_metadata(self) -> Claims:
        return {"require_pushed_authorization_requests": True} if self.demands_pushed else {}

    def keep_pushed(self, client: Client, request: Request) -> Claims:
        """Keep a request that was found good; return the answer (2.2)."""
        form = request.form
        if "request_uri" in form:
            raise OAuthError("invalid_request", "a request_uri cannot be pushed")
        if form.getlist("client_id") != [client.client_id]:
            raise OAuthError("invalid_request", "client_id must come once, and be whose proof this is")
        params = MultiDict([(name, value) for name, value in form.items(multi=True) if name not in _PROOF])
        reference = f"urn:ietf:params:oauth:request_uri:{secrets.token_urlsafe(24)}"
        self.pushed[reference] = Pushed(client.client_id, params, self.now() + self.pushed_lifetime)
        return {"request_uri": reference, "expires_in": self.pushed_lifetime}

    def what_is_asked(self, sent: MultiDict[str, str]) -> MultiDict[str, str] | None:
        """Return the authorization request that these parameters make, or stand for; None for a reference to none."""
        if "request_uri" not in sent:
            return None if self.demands_pushed else sent
        found = self.pushed.get(sent["request_uri"])
        if found is None or self.now() > found.expires or found.client_id != sent.get("client_id"):
            return None
        typed = [(name, sent[name]) for name in _TYPED if name in sent]
        return MultiDict([*found.params.items(multi=True), *typed, ("request_uri", sent["request_uri"])])
