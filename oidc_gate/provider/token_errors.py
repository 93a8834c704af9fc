"""What a no of the token endpoint means, and whose fault it is (RFC 6749, 5.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from oidc_gate.errors import GateError, LoginError, ProviderError
from oidc_gate.provider.quoting import error_said

__all__ = ["TokenCall", "pushing_error", "token_error"]

#: What the token endpoint says of a client that it does not know, or that is not allowed to do this.
_OF_CLIENT = frozenset({"invalid_client", "unauthorized_client", "bad_client_secret", "invalid_client_id"})
#: Errors of the authorization endpoint (Core, 3.1.2.6) with which a refresh is answered when a rule of the provider's
#: asks for more of the person than there was at the login, as conditional access does at Entra ID.
_SIGN_IN_AGAIN = frozenset({"interaction_required", "login_required", "consent_required"})
_BASIC = "client_secret_basic"
_RAW = "client_secret_basic_raw"
#: The methods that a provider may list and the gate has, in the order in which they are worth a try.
_METHODS = (_BASIC, "client_secret_post", "private_key_jwt", "client_secret_jwt", "none")


@dataclass(frozen=True, slots=True)
class TokenCall:
    """What was asked of the token endpoint.

    `method`: the `client_auth_method` in use; `offered`: those that discovery lists; `refreshing`: whether a refresh
    token or a device code was sent, and no code of a browser; `device`: it was a device code, or the question for one;
    `secrets`: what was sent and nobody is to read; `needs_access`: an ID token alone is not enough; `scheme`: the
    type that the access token must have.
    """

    method: str
    offered: Sequence[str] = ()
    refreshing: bool = False
    secrets: frozenset[str] = frozenset()
    needs_access: bool = False
    device: bool = False
    scheme: str = "Bearer"


def token_error(status: int, document: Mapping[str, Any], call: TokenCall) -> GateError:
    """Return the error that a no stands for; `document` is its body, empty when that was not readable."""
    error, said = document.get("error"), _said(status, document, call)
    if error == "invalid_grant":
        return _grant_rejected(call, said)
    if call.refreshing and isinstance(error, str) and error in _SIGN_IN_AGAIN:
        return ProviderError("sign_in_demanded", f"the person has to sign in again: {error} ({said})")
    if _rejects_client(status, error):
        return _client_rejected(call, said)
    wants_key = "dpop" in said.lower() and call.scheme == "Bearer"
    hint = "; it wants DPoP of this client: turn that off at the provider" if wants_key else ""
    return ProviderError("token_request_rejected", f"the token endpoint refused ({said}){hint}")


def pushing_error(status: int, document: Mapping[str, Any], call: TokenCall) -> ProviderError:
    """Return the error that a no to a pushed authorization request stands for (RFC 9126, 2.3)."""
    said = _said(status, document, call)
    if _rejects_client(status, document.get("error")):
        return _client_rejected(call, said)
    return ProviderError("pushed_request_rejected", f"the provider refused the pushed authorization request ({said})")


def _said(status: int, document: Mapping[str, Any], call: TokenCall) -> str:
    error = document.get("error")
    if error is None:
        return f"status {status}"
    return f"status {status}, {error_said(error, document.get('error_description'), call.secrets)}"


def _rejects_client(status: int, error: Any) -> bool:
    return status == 401 or (isinstance(error, str) and error in _OF_CLIENT)


def _client_rejected(call: TokenCall, said: str) -> ProviderError:
    return ProviderError("client_rejected", f"the provider does not accept the client ({said}): {_advice(call)}")


def _grant_rejected(call: TokenCall, said: str) -> GateError:
    if call.refreshing:
        return ProviderError("refresh_token_rejected", f"the provider no longer accepts the refresh token ({said})")
    return LoginError("code_rejected", f"the provider no longer accepts the code ({said})", retry=True)


def _advice(call: TokenCall) -> str:
    if call.method == "client_assertion":
        return (
            "check client_id, and compare iss, sub and aud of the token in client_assertion_file with what the provider"
            " is told to trust for this client"
        )
    if call.method == "none":
        advice = "check client_id; client_auth_method is none, so no secret is sent, which is for public clients alone"
    else:
        advice = f"check client_id and client_secret; client_auth_method is {call.method}"
    if call.offered:
        known = [method for method in _METHODS if method in call.offered]
        advice += f", the provider lists {', '.join(known) or 'none that the gate has'}"
    else:
        advice += f", the usual ones are {_BASIC} and client_secret_post"
    if call.method not in (_RAW, "none") and _BASIC in (call.offered or (_BASIC,)):
        advice += f" (a provider that compares the secret without decoding it needs {_RAW})"
    return f"{advice}; and whether the provider allows the client {_grant(call)}"


def _grant(call: TokenCall) -> str:
    if call.device:
        return "the device authorization grant"
    return "refresh tokens" if call.refreshing else "the authorization code grant"
