"""What a no of the token endpoint means, and whose fault it is (RFC 6749, 5.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oidc_gate.errors import GateError, LoginError, ProviderError
from oidc_gate.provider.quoting import error_said

__all__ = ["TokenCall", "token_error"]

#: What the token endpoint says of a client that it does not know, or that is not allowed to do this.
_OF_CLIENT = frozenset({"invalid_client", "unauthorized_client", "bad_client_secret", "invalid_client_id"})
#: Errors of the authorization endpoint (Core, 3.1.2.6) with which a refresh is answered when a rule of the provider's
#: asks for more of the person than there was at the login, as conditional access does at Entra ID.
_SIGN_IN_AGAIN = frozenset({"interaction_required", "login_required", "consent_required"})
_BASIC = "client_secret_basic"
#: The methods that the gate has, in the order in which they are worth a try.
_METHODS = (
    _BASIC,
    "client_secret_post",
    "client_secret_basic_raw",
    "private_key_jwt",
    "client_secret_jwt",
    "none",
)


@dataclass(frozen=True, slots=True)
class TokenCall:
    """What was asked of the token endpoint.

    `method`: the `client_auth_method` in use; `offered`: those that discovery lists; `refreshing`: whether a refresh
    token was sent, and no code; `secrets`: what was sent and nobody is to read.
    """

    method: str
    offered: Sequence[str] = ()
    refreshing: bool = False
    secrets: frozenset[str] = frozenset()


def token_error(status: int, document: Mapping[str, Any], call: TokenCall) -> GateError:
    """Return the error that a no stands for; `document` is its body, empty when that was not readable."""
    error = document.get("error")
    said = f"status {status}"
    if error is not None:
        said += f", {error_said(error, document.get('error_description'), call.secrets)}"
    if error == "invalid_grant":
        return _grant_rejected(call, said)
    if call.refreshing and isinstance(error, str) and error in _SIGN_IN_AGAIN:
        return ProviderError("sign_in_demanded", f"the person has to sign in again: {error} ({said})")
    if status == 401 or (isinstance(error, str) and error in _OF_CLIENT):
        return ProviderError("client_rejected", f"the provider does not accept the client ({said}): {_advice(call)}")
    hint = "; it wants DPoP of this client: turn that off at the provider" if "dpop" in said.lower() else ""
    return ProviderError("token_request_rejected", f"the token endpoint refused ({said}){hint}")


def _grant_rejected(call: TokenCall, said: str) -> GateError:
    if call.refreshing:
        return ProviderError("refresh_token_rejected", f"the provider no longer accepts the refresh token ({said})")
    return LoginError("code_rejected", f"the provider no longer accepts the code ({said})", retry=True)


def _advice(call: TokenCall) -> str:
    others = _other_methods(call)
    method = f"client_auth_method is {call.method}"
    if not others:
        advice = f"check client_id and client_secret ({method}, and the provider lists no other)"
    elif call.offered:
        advice = f"check client_id and client_secret; {method}, the provider lists {', '.join(others)}"
    else:
        advice = f"check client_id and client_secret; {method}, others are {', '.join(others)}"
    if "client_secret_basic_raw" in others:
        advice += " (client_secret_basic_raw: for a provider that compares the secret without decoding it)"
    grant = "refresh tokens" if call.refreshing else "the authorization code grant"
    return f"{advice}; and whether the provider allows the client {grant}"


def _other_methods(call: TokenCall) -> list[str]:
    """Return the methods that are worth a try: those that discovery lists, or the usual ones, but the one in use."""
    listed = set(call.offered) or {_BASIC, "client_secret_post"}
    if _BASIC in listed:
        listed.add("client_secret_basic_raw")
    return [method for method in _METHODS if method in listed and method != call.method]
