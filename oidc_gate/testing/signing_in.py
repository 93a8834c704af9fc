"""Somebody is signed in, without a provider: a session of the gate's own, of the claims that a test names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from oidc_gate.errors import LoginError
from oidc_gate.outermost import AnyGate, gate_in_front_of, is_behind
from oidc_gate.testing.clients import known_client

if TYPE_CHECKING:
    from oidc_gate.gate.parties import Party

__all__ = ["session_cookies", "signed_in"]

Client = TypeVar("Client")

#: Who signs in where a test does not say.
_SUBJECT = "test-user"
#: How long an access token lives that a test has given, in seconds.
_TOKEN_LIFE = 3600.0


def signed_in(
    client: Client,
    claims: Mapping[str, Any] | None = None,
    /,
    *,
    gate: AnyGate | None = None,
    url: str = "",
    provider: str = "",
    access_token: str = "",
    **more: Any,
) -> Client:
    """Sign somebody in for a test client: `signed_in(client, sub="ann", groups=["Finance"])`; return the client.

    The client's jar gets the cookie of a session, which the gate in front of the client's app makes of these claims as
    it does after a login: sealed, or kept in its store. All that follows is the gate's own doing: who may not pass is
    refused, rules ask for a newer sign-in, logout ends the session. Called again it signs somebody else in.

    Known are the test clients of Flask, Werkzeug, Django (the gate of `WSGI_APPLICATION` or `ASGI_APPLICATION` is put
    in front), Starlette, FastAPI, Litestar and Quart, those of httpx, and a Session of requests.

    - `claims`, and keywords: the claims of the ID token, as the provider would send them; a mapping is for names that
      are no keywords (`"https://example.com/roles"`, `gate`). `sub` is `test-user`, and `iss`, `aud`, `iat` and
      `auth_time` are those of a sign-in this moment, unless they are given; None leaves one out. No others are made up.
    - `gate`: where it cannot be found, as with a server that runs elsewhere in the process. It has to stand in front of
      what the client asks.
    - `url`: where the test asks, when that is not the client's own base URL: scheme and host count.
    - `provider`: at which of several providers, by its `auth_id`; the first unless it is given.
    - `access_token`: for `access_token_for`, where `access_token_for_app` is set.

    Raises TypeError for a client that is not known and for claims that are no mapping, LookupError where no gate is
    found or the client would pass by it, ValueError for what no provider sends. May block where the gate's sessions are
    in a store; raises StoreError where that does not answer.
    """
    known = known_client(client)
    if not isinstance(gate, AnyGate | None):
        raise TypeError(f"gate is the OIDCGate in front of the app, and not a {type(gate).__name__}.")
    passes_by = gate is not None and known.app is not None and is_behind(known.app, gate)
    if passes_by and known.find_gate() is None:
        raise LookupError(
            f"This {type(client).__name__} asks the app behind the gate, and would pass by the gate. Give it the gate:"
            " werkzeug.test.Client(gate), TestClient(gate), or httpx.WSGITransport(gate), httpx.ASGITransport(gate)."
        )
    gate = gate or known.find_gate()
    if gate is None:
        raise LookupError(
            f"No gate was found in front of the app of this {type(client).__name__}. Give the client the app with its"
            " gate, as it is served: app.wsgi_app = OIDCGate(app.wsgi_app), app.add_middleware(OIDCGate), or"
            " TestClient(OIDCGate(app)), werkzeug.test.Client(OIDCGate(app)). For a client that asks a server hand it"
            " over: signed_in(client, gate=…)."
        )
    url = url or known.url
    if not url:
        raise ValueError("Say with url= where the test asks, like http://localhost: this client has no base URL.")
    if known.meet is not None:
        known.meet(gate)
    party = _party(gate, provider)
    known.take(url, _set_cookies(gate, url, party, _claims(gate, party, claims, more), access_token))
    return client


def session_cookies(
    app: Any,
    claims: Mapping[str, Any] | None = None,
    /,
    *,
    url: str = "http://localhost",
    provider: str = "",
    **more: Any,
) -> dict[str, str]:
    """Return the cookies of a session, by name: for a client that `signed_in` does not know, or a browser.

    `app`: the gate, or an app in which one can be found. `url`: where the test asks; under https the names are others.
    Claims, and what is raised, are as `signed_in` has them.
    """
    gate = gate_in_front_of(app)
    if gate is None:
        raise LookupError(f"No gate was found in front of this {type(app).__name__}.")
    party = _party(gate, provider)
    headers = _set_cookies(gate, url, party, _claims(gate, party, claims, more), "")
    pairs = [header.partition(";") for header in headers]
    return dict(pair.split("=", 1) for pair, _, attributes in pairs if not attributes.endswith("Max-Age=0"))


def _party(gate: AnyGate, auth_id: str) -> Party:
    """Return one of the gate's providers, the first for `""`. Raises ValueError where there is none of this name."""
    parties = gate._gate._components.parties
    found = parties.named(auth_id) if auth_id else parties.first
    if found is None:
        raise ValueError(f"provider: there is no {auth_id}. There are: {', '.join(each.auth_id for each in parties)}.")
    return found


def _claims(gate: AnyGate, party: Party, given: Mapping[str, Any] | None, more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims of an ID token that says this. Raises ValueError for what no ID token can say."""
    if not isinstance(given, Mapping | None):
        raise TypeError(f'Claims are keywords, like sub="ann", or a mapping, like {{"sub": "ann"}}, and not {given!r}.')
    settings, now = party.settings, int(gate._gate._components.clock())
    usual = {"iss": settings.issuer_url, "aud": settings.client_id, "sub": _SUBJECT, "iat": now, "auth_time": now}
    claims = {name: value for name, value in {**usual, **(given or {}), **more}.items() if value is not None}
    if not isinstance(claims.get("sub"), str) or not claims["sub"]:
        raise ValueError("sub must be a text that is not empty: each ID token has one (OpenID Connect Core 1.0, 2).")
    try:
        found: dict[str, Any] = json.loads(json.dumps(claims, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(f"Claims must be what JSON can say: {error}.") from None
    return found


def _set_cookies(gate: AnyGate, url: str, party: Party, claims: dict[str, Any], access_token: str) -> list[str]:
    """Return the Set-Cookie headers of a new session; those of an older one's further parts are dropped."""
    components = gate._gate._components
    scheme, where = urlsplit(url).scheme, urlsplit(url).hostname
    if scheme not in ("http", "https") or not where:
        raise ValueError(f"Say with url= where the test asks, whole, like http://localhost: {url!r} is not.")
    if access_token and not components.settings.access_token_for_app:
        raise ValueError("access_token: the gate keeps none for the app unless access_token_for_app is set.")
    public = components.settings.base_url.partition(":")[0] or scheme
    cookies = components.secure_cookies if public == "https" else components.plain_cookies
    now, tokens = components.clock(), {"access_token": access_token} if access_token else {}
    ends_at = now + _TOKEN_LIFE if access_token else float("inf")
    session = components.sessions.start(claims, tokens, (), now, access_ends_at=ends_at, provider_key=party.key)
    session, text = components.sessions.keep(party.kept_claims.in_session(session), cookies.session)
    parts = "; ".join(f"{name}.{number}=" for name in cookies.session_names for number in range(1, 9))
    try:
        headers = cookies.set_session(text, parts, session.expires_at - now)
    except LoginError as error:
        raise ValueError(f"{error.detail}.") from None
    values = [value for _, value in headers]
    # A jar sends no secure cookie over http, as to an app whose base_url is that of a proxy before it.
    return values if scheme == "https" else [value.replace("; Secure", "") for value in values]
