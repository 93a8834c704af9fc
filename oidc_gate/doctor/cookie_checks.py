"""C: the cookies that sessions will have."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from oidc_gate.doctor.app_address import components_of
from oidc_gate.doctor.case import Case, Check
from oidc_gate.doctor.findings import Finding, fail, ok, skipped, warn
from oidc_gate.errors import LoginError
from oidc_gate.sessions import NEVER, CookieBackend, Session

__all__ = ["COOKIE_CHECKS"]

#: What gunicorn, nginx and Apache take of a header without being told otherwise, but for its name.
_USUAL_LIMIT = 8000
#: People in fewer groups than this are everywhere.
_FEW_GROUPS = 50
_MOST_GROUPS = 5000
#: Where anybody can have a host: browsers refuse cookies for all of it. The commonest; there are ten thousand.
_SHARED = frozenset(
    {
        "amazonaws.com", "appspot.com", "azurecontainerapps.io", "azurestaticapps.net", "azurewebsites.net",
        "cloudfront.net", "co.jp", "co.nz", "co.uk", "co.za", "com.au", "com.br", "com.mx", "com.tr", "fly.dev",
        "github.io", "gitlab.io", "herokuapp.com", "netlify.app", "ngrok-free.app", "ngrok-free.dev", "ngrok.app",
        "ngrok.dev", "ngrok.io", "onrender.com", "org.uk", "pages.dev", "railway.app", "run.app", "trycloudflare.com",
        "vercel.app", "web.app", "workers.dev",
    }
)  # fmt: skip
_PERSON = {
    "sub": "5f1e0c3a9b7d4e2f8a6c1b0d",
    "email": "ada.lovelace@engineering.example.com",
    "email_verified": True,
    "name": "Augusta Ada King, Countess of Lovelace",
    "given_name": "Augusta Ada",
    "family_name": "King",
    "preferred_username": "ada.lovelace",
    "locale": "en-GB",
    "zoneinfo": "Europe/London",
    "sid": "0b9c1f7e-4d2a-4c58-9e63-7a1d5f8b2c40",
    "acr": "1",
    "amr": ["pwd", "mfa"],
}
_TIMES = {"iat": 1.8e9, "exp": 1.8e9 + 3600, "auth_time": 1.8e9, "nonce": "n" * 43, "at_hash": "h" * 22}
#: A JWT's header with a key's id; a signature by RSA of 2048 bits, in base64.
_HEADER, _SIGNATURE = 90, 342


def _size(case: Case) -> Finding:
    """C1: how large the cookies of sessions are, and how many groups it takes until they are too large."""
    if case.settings.session_store != "cookie":
        return ok("sessions live in a store: the cookie is some 150 bytes, however many groups there are")
    usual = _most(lambda groups: _measured(case, groups) <= _USUAL_LIMIT)
    said = f"a session takes {_measured(case, 0) / 1000:.1f} KB of cookies; 8 KB, the usual limit of servers,"
    said = f"{said} is reached with about {usual} groups of 24 letters"
    if usual < _FEW_GROUPS:
        return warn(said, _smaller(case))
    return ok(said)


def _most(fits: Callable[[int], bool]) -> int:
    """Return the largest number of groups that still fits; none does."""
    low, high = 0, _MOST_GROUPS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _measured(case: Case, groups: int) -> float:
    """Return the size of the Cookie header of a session with so many groups; `inf` where it is too large to be kept."""
    components = components_of(case)
    text = CookieBackend(case.settings.cookie_secret, components.context).seal(_sample(case, groups), "sample")
    try:
        headers = components.secure_cookies.set_session(text, "", 3600.0)
    except LoginError:
        return NEVER
    return sum(len(value.partition(";")[0]) + 2 for _, value in headers)


def _sample(case: Case, groups: int) -> Session:
    """Return a session as a provider may cause it: with the claims of a person, and the tokens that settings keep."""
    settings = case.settings
    names = [f"Team {hashlib.sha256(str(number).encode()).hexdigest()[:19]}" for number in range(groups)]
    claims: dict[str, Any] = {"iss": settings.issuer_url, "aud": settings.client_id, **_PERSON, **_TIMES}
    claims |= {"groups": names} if names else {}
    token = base64.urlsafe_b64encode(b" " * _HEADER + json.dumps(claims).encode()).decode() + "s" * _SIGNATURE
    tokens = {"id_token": _noise(token)} if _keeps_id_token(case) else {}
    if settings.userinfo_refresh_interval:
        tokens["access_token"] = _noise(token[::-1])
    return Session("0" * 22, claims, 1.8e9, 1.8e9, 1.8e9, 1.8e9, NEVER, tokens, [])


def _keeps_id_token(case: Case) -> bool:
    return case.settings.provider_logout and not case.settings.provider_logout_url


def _noise(token: str) -> str:
    """Return a text of the same length that deflates as badly as a token does."""
    return base64.urlsafe_b64encode(hashlib.shake_256(token.encode()).digest(len(token)))[: len(token)].decode()


def _smaller(case: Case) -> str:
    kept = ["provider_logout keeps the ID token"] if _keeps_id_token(case) else []
    kept += ["userinfo_refresh_interval keeps the access token"] if case.settings.userinfo_refresh_interval else []
    why = f" ({'; '.join(kept)})" if kept else ""
    return f"keep sessions in a store{why}, or have the provider send only the groups that matter to this app"


def _names(case: Case) -> Finding:
    """C2: browsers take the cookies: name, prefix and Domain fit `base_url`."""
    settings = case.settings
    domain = settings.auth_cookie_domain.lower()
    if domain and ("." not in domain or domain in _SHARED):
        return fail(
            f"browsers refuse cookies for all of {domain}",
            "set auth_cookie_domain to a domain that is yours alone, or leave it out",
        )
    if not settings.base_url:
        return skipped("base_url is not set, so the scheme is not known here: --set base_url=https://…")
    url = urlsplit(settings.base_url)
    if url.scheme == "https":
        name = components_of(case).secure_cookies.session
        return ok(f"{name}, for {f'all of {domain}' if domain else f'{url.hostname} alone'}")
    if settings.response_mode == "form_post":
        return fail(
            "with response_mode form_post over plain http browsers keep the login's cookie back",
            "serve the app over https, or take response_mode query",
        )
    name = components_of(case).plain_cookies.session
    return ok(f"{name}, over plain http: neither Secure nor __Host-")


COOKIE_CHECKS = (
    Check("C1", "cookie size", _size),
    Check("C2", "cookie names", _names),
)
