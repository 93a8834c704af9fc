"""What the provider is asked, and its answers; nothing is judged here.

Each question is asked once, however many checks go by its answer. No person is needed: a code, a token or a refresh
token that was never issued is refused in another way than a client that is not accepted, and `prompt=none` without a
browser's cookies ends at the redirect URI, or at the provider's own page.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from oidc_gate.doctor.case import Case
from oidc_gate.doctor.findings import SkippedError
from oidc_gate.doctor.landing import Landing, landing
from oidc_gate.errors import ProviderDownError, ProviderError
from oidc_gate.provider import (
    ClientAuthentication,
    HTTPAnswer,
    HTTPRequest,
    another_key,
    client_authentication,
    code_flow,
    error_said,
    pushed_requests,
    read_assertion,
    read_json_object,
    secrets_in,
)

__all__ = [
    "MADE_UP",
    "OF_PKCE",
    "OF_PUSHING",
    "Said",
    "authorization",
    "code_grant",
    "complaint",
    "is_pushed",
    "post",
    "push",
    "wrong_code_grant",
]

#: Stands in everything that is made up, so that a provider's log tells where it came from.
MADE_UP = "oidc-gate-doctor"
_NOBODYS_ADDRESS = "https://oidc-gate-doctor.invalid/oauth2/callback"
_FORM = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
#: How a provider speaks of a challenge that it does not take.
OF_PKCE = ("code challenge", "pkce")
#: The same of requests that it wants to be pushed.
OF_PUSHING = ("pushed",)
#: What is said of a client that is not known, or not proven.
_OF_CLIENT = frozenset({"invalid_client", "bad_client_secret", "invalid_client_id"})


@dataclass(frozen=True, slots=True)
class Said:
    """An endpoint's answer: its status, the document in it (empty where there is none), and its no in words."""

    status: int
    document: Mapping[str, Any]
    said: str

    @property
    def error(self) -> str:
        """The error's code, `""` for none."""
        error = self.document.get("error")
        return error if isinstance(error, str) else ""

    @property
    def rejects_client(self) -> bool:
        """Whether the client itself is not accepted."""
        return self.error in _OF_CLIENT or (self.status == 401 and self.error != "invalid_grant")


def authorization(
    case: Case, redirect_uri: str = "", *, endpoint: str = "", without: str = "", **changed: str
) -> Landing:
    """Return what comes of an authorization request as the gate makes it, but with `prompt=none`.

    `endpoint`: another than the provider's; `changed`: parameters in place of the usual ones, or beside them;
    `without`: one that is left out. Raises SkippedError where the redirect URI is not known, or discovery did not work,
    and ProviderDownError.
    """
    uri, asked = redirect_uri or case.redirect_uri, endpoint or case.metadata().authorization_endpoint
    key = ("authorization", asked, uri, without, *sorted(changed.items()))
    return case.once(key, lambda: _authorization(case, asked, uri, without, changed))


def complaint(case: Case) -> Landing | None:
    """Return the answer to the plainest request where it is a no, and not for want of a person alone.

    None where it is not, or where nothing can be asked.
    """
    try:
        came = authorization(case)
    except (SkippedError, ProviderError):
        return None
    return None if came.kind == "page" or came.is_back_without_complaint else came


def _authorization(case: Case, endpoint: str, redirect_uri: str, without: str, changed: Mapping[str, str]) -> Landing:
    usual = {
        "response_type": "code",
        "client_id": case.settings.client_id,
        "redirect_uri": redirect_uri,
        "scope": "openid",
        "prompt": "none",
    }
    pkce = {} if without == "code_challenge" else {"code_challenge_method": "S256"}
    params = {name: value for name, value in (usual | pkce | dict(changed)).items() if name != without}
    answer = _asked(case, endpoint, params)
    if answer.status >= 500 and params.get("prompt") == "none":
        # There are providers that fail at it (django-oauth-toolkit); without it they show where to sign in.
        answer = _asked(case, endpoint, {name: value for name, value in params.items() if name != "prompt"})
    if answer.status >= 500 or answer.status == 429:
        said = f"the authorization endpoint at {endpoint} answered with status {answer.status}"
        raise ProviderDownError("provider_unavailable", said)
    return landing(answer, redirect_uri, list(params.values()))


def _asked(case: Case, endpoint: str, params: Mapping[str, str]) -> HTTPAnswer:
    """Return the answer to an authorization request; with PKCE where a method is among the parameters."""
    base = code_flow.authorization_base(endpoint, params.items())
    state, nonce = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    if "code_challenge_method" in params:
        url = code_flow.authorization_url(base, state=state, nonce=nonce, verifier=secrets.token_urlsafe(48))
    else:
        url = f"{base}&state={quote(state)}&nonce={quote(nonce)}"
    if endpoint == case.metadata().authorization_endpoint and is_pushed(case):
        form, client_id = url.removeprefix(code_flow.joined(endpoint)), params["client_id"]
        answer = case.ask(_pushed_request(case, form, client_id))
        said = _said(answer, frozenset())
        if client_id == case.settings.client_id and (said.rejects_client or said.status == 403):
            raise SkippedError("the provider takes no pushed request of this client: P16")
        reference = said.document.get("request_uri")
        if not isinstance(reference, str):
            return answer  # a no, as the endpoint for browsers would have said it
        url = pushed_requests.address_of(endpoint, client_id, reference)
    return case.ask(HTTPRequest(url, {"Accept": "text/html,application/xhtml+xml"}))


def is_pushed(case: Case) -> bool:
    """Return whether the gate pushes its authorization requests."""
    return {"always": True, "never": False}.get(case.settings.pushed, case.metadata().demands_pushed)


def _pushed_request(case: Case, form: str, client_id: str) -> HTTPRequest:
    """Return a pushed authorization request of this client. Raises SkippedError where there is nowhere to push it."""
    found = case.metadata()
    endpoint = found.pushed_authorization_request_endpoint
    if not endpoint:
        raise SkippedError("requests are to be pushed, and discovery names no endpoint for that: P16")
    request = _proof(case, client_id=client_id)(pushed_requests.pushed_request(endpoint, form), found.issuer)
    return pushed_requests.naming_client(request, client_id)


def push(case: Case) -> Said:
    """Return what the provider says to a pushed request as a login's is. Raises ProviderDownError without an answer."""
    settings = case.settings
    params = {
        "response_type": "code",
        "redirect_uri": case.redirect_uri,
        "scope": " ".join(settings.scopes),
        "code_challenge_method": "S256",
    }
    base = code_flow.authorization_base("", params.items())
    state, nonce, verifier = (f"{MADE_UP}.{secrets.token_urlsafe(32)}" for _ in range(3))
    url = code_flow.authorization_url(base, state=state, nonce=nonce, verifier=verifier)
    request = _pushed_request(case, url.removeprefix("?"), settings.client_id)
    answer = case.ask(request)
    answer.require("endpoint for pushed requests")
    return _said(answer, secrets_in(request))


def post(case: Case, url: str, form: Mapping[str, str], **proof: Any) -> Said:
    """Return what an endpoint says to a form that the client sends, proven as the settings have it, or otherwise.

    Raises ProviderDownError where there is no answer, or nothing at that address.
    """
    audience = case.metadata().issuer if case.settings.profile else ""
    request = _proof(case, **proof)(HTTPRequest(url, _FORM, urlencode(form)), audience)
    answer = case.ask(request)
    answer.require("endpoint")
    return _said(answer, secrets_in(request))


def _proof(
    case: Case,
    *,
    method: str = "",
    client_secret: str = "",
    private_key: Any = None,
    client_id: str = "",
    assertion: str = "",
) -> ClientAuthentication:
    """Return what proves the client as the settings have it, or otherwise."""
    settings = case.settings
    return client_authentication(
        method or settings.client_auth_method,
        client_id or settings.client_id,
        client_secret or settings.client_secret,
        private_key or case.private_key,
        lambda: assertion or read_assertion(settings.client_assertion_file),
    )


def _said(answer: HTTPAnswer, secret: frozenset[str]) -> Said:
    try:
        document = read_json_object(answer.body)
    except ValueError:
        document = {}
    said, error = f"status {answer.status}", document.get("error")
    if error is not None:
        said += f", {error_said(error, document.get('error_description'), secret)}"
    return Said(answer.status, document, said)


def code_grant(case: Case, method: str = "", client_id: str = "") -> Said:
    """Return what the token endpoint says to a code that nobody issued, from a client proven by this method."""
    return case.once(("code", method, client_id), lambda: _code_grant(case, method=method, client_id=client_id))


def wrong_code_grant(case: Case) -> Said:
    """Return what it says where the client's proof is wrong on purpose. It goes out once, whoever asks."""
    method = case.settings.client_auth_method
    if method == "none":
        return code_grant(case, client_id=f"{MADE_UP}-{secrets.token_hex(8)}")
    if method == "private_key_jwt":
        return case.once("wrong", lambda: _code_grant(case, private_key=another_key(case.private_key)))
    if method == "client_assertion":
        return case.once("wrong", lambda: _code_grant(case, assertion=_with_another_signature(case)))
    return case.once("wrong", lambda: _code_grant(case, client_secret=f"{MADE_UP}-{secrets.token_hex(32)}"))


def _with_another_signature(case: Case) -> str:
    """Return the platform's token as somebody would have it who cannot sign."""
    signed, _, signature = read_assertion(case.settings.client_assertion_file).rpartition(".")
    return f"{signed}.{signature[::-1]}"


def _code_grant(case: Case, **proof: Any) -> Said:
    verifier, code = secrets.token_urlsafe(48), f"{MADE_UP}.{secrets.token_urlsafe(24)}"
    uri = case.own_url(case.callback) if case.settings.base_url else _NOBODYS_ADDRESS
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": uri, "code_verifier": verifier}
    return post(case, case.metadata().token_endpoint, form, **proof)
