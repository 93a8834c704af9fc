"""The code flow's messages, in pairs: what is sent, and how its answer is read. Pure: no network, no clock, no cookies.

RFC 6749 and OpenID Connect Core 1.0; RFC 7636 (PKCE), RFC 9207 (issuer in the response), RP-Initiated Logout 1.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from authlib.oauth2.rfc6749.parameters import prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from oidc_gate.errors import LoginError, ProviderDownError, ProviderError
from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest, read_json_object
from oidc_gate.provider.quoting import error_said, shown
from oidc_gate.provider.token_errors import TokenCall, token_error

__all__ = [
    "FORM_HEADERS",
    "Callback",
    "Tokens",
    "authorization_base",
    "authorization_url",
    "end_session_params",
    "end_session_url",
    "joined",
    "lifetime",
    "login_hint_param",
    "read_callback",
    "read_form",
    "read_tokens",
    "refresh_request",
    "revocation_request",
    "single_values",
    "token_request",
]

#: Of a form that is answered with JSON.
FORM_HEADERS = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
_MOST_PARAMETERS = 50
#: The longest e-mail address has 254 characters (RFC 5321, 4.5.3.1.3, and its errata); others name people longer.
_LONGEST_HINT = 320

Params = dict[str, str]


# Parameters that come from outside


def read_form(text: str) -> list[tuple[str, str]]:
    """Return the pairs of a query string or a form. Raises LoginError `parameters_invalid`."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise LoginError("parameters_invalid", f"more than {_MOST_PARAMETERS} parameters") from None


def single_values(pairs: Iterable[tuple[str, str]], names: Iterable[str]) -> Params:
    """Return those of these parameters that are there. Raises LoginError `parameter_repeated` when one comes twice."""
    found: Params = {}
    wanted = frozenset(names)
    for name, value in pairs:
        if name in wanted and name in found:
            raise LoginError("parameter_repeated", f"the parameter {name} comes twice")
        if name in wanted:
            found[name] = value
    return found


# Authorization (RFC 6749, 4.1.1; Core, 3.1.2)


def authorization_base(endpoint: str, params: Iterable[tuple[str, str]]) -> str:
    """Return the authorization URL with all that does not change from login to login."""
    return _with_params(endpoint, params)


def authorization_url(base: str, *, state: str, nonce: str, verifier: str, extra: str = "") -> str:
    """Return the URL of one login. The three values are URL-safe as they are; `extra` is encoded already."""
    challenge = create_s256_code_challenge(verifier)
    return f"{base}&state={state}&nonce={nonce}&code_challenge={challenge}{extra}"


def login_hint_param(hint: str) -> str:
    """Return `login_hint` as `extra` of an authorization URL (Core, 4); `""` for one longer than any address."""
    usable = 0 < len(hint) <= _LONGEST_HINT
    return f"&login_hint={quote(hint, safe='', errors='replace')}" if usable else ""


@dataclass(frozen=True, slots=True)
class Callback:
    """What the provider sent the browser back with: a code, or an error. `iss` is `""` when it was not sent.

    `user`: what Apple says of the person at the first login, in JSON; whoever has the browser may have written it.
    """

    state: str
    code: str = field(repr=False)
    iss: str
    error: str
    error_description: str
    user: str = field(default="", repr=False)

    @property
    def said(self) -> str:
        """The provider's no, for the log."""
        return error_said(self.error, self.error_description, frozenset({self.state}))

    def check_issuer(self, expected: tuple[str, ...], *, required: bool) -> None:
        """Refuse the answer of another provider (RFC 9207, 2.4). Raises ProviderError `callback_issuer_mismatch`.

        `expected`: the provider's issuer, or those of its tenants.
        """
        if self.iss not in expected and (self.iss or required):
            came = f"names {shown(self.iss)}" if self.iss else "names none"
            wanted = " or ".join(map(repr, expected))
            raise ProviderError(
                "callback_issuer_mismatch", f"the answer is to come from the issuer {wanted}, and {came}"
            )


def read_callback(pairs: Iterable[tuple[str, str]]) -> Callback:
    """Return the authorization response (RFC 6749, 4.1.2). Parameters that are not known are ignored.

    Raises LoginError when a parameter is repeated, `state` is missing, or there is neither a code nor an error.
    """
    found = single_values(pairs, ("state", "code", "iss", "error", "error_description", "user"))
    if not found.get("state"):
        raise LoginError("state_missing", "the callback was called without state")
    if bool(found.get("code")) == bool(found.get("error")):
        raise LoginError("code_missing", "the callback was called with neither a code nor an error, or with both")
    names = ("code", "iss", "error", "error_description", "user")
    code, iss, error, description, user = (found.get(name, "") for name in names)
    return Callback(found["state"], code, iss, error, description, user)


# The token endpoint (RFC 6749, 4.1.3 and 6; Core, 3.1.3)


@dataclass(frozen=True, slots=True)
class Tokens:
    """A token answer whose form was checked; the ID token in it was not. `expires_in`: seconds, None if not said.

    `access_token` is `""` where an ID token came alone.

    `signed_with`: the algorithm of the ID token, once that has been verified.
    """

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: float | None
    signed_with: str = ""


def token_request(endpoint: str, *, code: str, redirect_uri: str, verifier: str, resource: str = "") -> HTTPRequest:
    """Return the exchange of a code, without credentials: `client_authentication` adds those.

    `resource`: what the access token is for (RFC 8707, 2), `""` to leave that to the provider.
    """
    more = {"resource": resource} if resource else {}
    body = prepare_token_request(
        "authorization_code", redirect_uri=redirect_uri, code=code, code_verifier=verifier, **more
    )
    return HTTPRequest(endpoint, FORM_HEADERS, body, "token")


def refresh_request(endpoint: str, refresh_token: str, *, resource: str = "") -> HTTPRequest:
    """Return the request for fresh tokens (RFC 6749, 6), without credentials; of the same scope, so none is sent."""
    more = {"resource": resource} if resource else {}
    body = prepare_token_request("refresh_token", refresh_token=refresh_token, **more)
    return HTTPRequest(endpoint, FORM_HEADERS, body, "token")


def revocation_request(endpoint: str, refresh_token: str) -> HTTPRequest:
    """Return the request that ends a refresh token and what was issued with it (RFC 7009, 2.1), without credentials."""
    body = urlencode({"token": refresh_token, "token_type_hint": "refresh_token"})
    return HTTPRequest(endpoint, FORM_HEADERS, body, "revocation")


def read_tokens(answer: HTTPAnswer, call: TokenCall) -> Tokens:
    """Return the tokens of a token answer; a refresh may bring no ID token, which is then `""` (Core, 12.2).

    Raises LoginError `code_rejected` (worth one more try: the code was late, or used before), ProviderError for any
    other clear no, `sign_in_demanded` where a refresh is refused until the person has signed in again, and
    ProviderDownError when there was no sensible answer. Some providers say no with status 200.
    """
    answer.require("token endpoint")
    try:
        document = read_json_object(answer.body)
    except ValueError as error:
        if answer.status == 401:
            raise token_error(answer.status, {}, call) from None
        detail = f"the answer of the token endpoint at {answer.url} is not readable: {error}"
        raise ProviderDownError("token_answer_unreadable", detail) from None
    if answer.status != 200 or document.get("error") not in (None, False, ""):
        raise token_error(answer.status, document, call)
    id_token, access_token = document.get("id_token"), document.get("access_token")
    if call.refreshing and id_token is None:
        id_token = ""
    elif not isinstance(id_token, str) or not id_token:
        raise ProviderError("id_token_missing", "the token answer holds no ID token; is the scope openid allowed?")
    if access_token is None and id_token and not call.needs_access:  # as at Azure AD B2C, without a scope of an API
        access_token = ""
    elif not isinstance(access_token, str) or str(document.get("token_type")).lower() != call.scheme.lower():
        raise ProviderError("token_answer_invalid", _other_type(document.get("token_type"), access_token, call))
    refresh_token, expires_in = document.get("refresh_token"), document.get("expires_in")
    if not isinstance(refresh_token, str):
        refresh_token = ""
    tokens = access_token + refresh_token
    if not (tokens.isascii() and tokens.isprintable()):  # `oidc-gate token` writes one to a terminal
        raise ProviderError("token_answer_invalid", "the tokens hold characters that no token has (RFC 6749, A.12)")
    return Tokens(id_token, access_token, refresh_token, lifetime(expires_in))


def _other_type(token_type: Any, access_token: Any, call: TokenCall) -> str:
    if not isinstance(access_token, str):
        return "the token answer holds no access token"
    if call.scheme != "Bearer":
        return f"the access token is of type {shown(token_type, 40)}, not {call.scheme}: bound to no key of the gate's"
    if str(token_type).lower() == "dpop":
        return (
            "the provider issues this client DPoP-bound tokens only, which the gate uses under profile fapi2 alone:"
            " turn that off there"
        )
    return f"the access token is of type {shown(token_type, 40)}, not Bearer"


def lifetime(value: Any) -> float | None:
    """Return `expires_in`, or another number of seconds; None where it is missing or makes no sense."""
    if isinstance(value, str) and value.isdecimal() and len(value) <= 10:
        value = int(value)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e10
    return float(value) if usable else None


# Logout at the provider (RP-Initiated Logout 1.0, 2)


def end_session_params(*, client_id: str, id_token: str, return_url: str, state: str) -> list[tuple[str, str]]:
    """Return the parameters of the request that ends the provider's session.

    Without an ID token nothing says whose session it is: then neither a return address nor a state is sent, for some
    providers refuse the logout as a whole (Ory Hydra, JumpCloud).
    """
    params = [("client_id", client_id)]
    if id_token:
        params += [("id_token_hint", id_token), ("post_logout_redirect_uri", return_url), ("state", state)]
    return params


def end_session_url(endpoint: str, params: Iterable[tuple[str, str]]) -> str:
    """Return the URL that makes this request."""
    return _with_params(endpoint, params)


def _with_params(endpoint: str, params: Iterable[tuple[str, str]]) -> str:
    """Return the URL with these parameters; a query that it has already stands as it is."""
    return f"{joined(endpoint)}{urlencode(list(params))}"


def joined(endpoint: str) -> str:
    """Return the URL with what stands between it and further parameters."""
    return f"{endpoint}{'&' if '?' in endpoint else '?'}"
