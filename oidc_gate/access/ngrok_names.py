"""What ngrok's expressions may name and the gate's may not, and what to write instead."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

__all__ = ["instead_of"]

_LIMITS = "The gate ends sessions by max_session_duration and idle_session_timeout: remove it."
_CLAIMS = "oidc.claims has what the tokens say: oidc.claims.department == 'Finance'."
_NO_PLACES = "The gate does not know it: remove it, or look at conn.client_ip."
_USER_AGENT = "Write 'user-agent' in req.headers && req.headers['user-agent'].exists(v, v.contains('…'))."
_CONTENT_TYPE = "Write 'content-type' in req.headers && req.headers['content-type'].exists(v, v.startsWith('…'))."
_QUERY = "The gate does not decide by the query: let the app do that, or go by req.url.path."
_COOKIES = "The gate does not decide by the app's cookies: let the app do that, or go by oidc.claims."
_RESPONSE = "The gate decides before there is an answer: let the app do that."
_TEXTS = "Texts have lowerAscii, upperAscii, split, join, replace, trim, substring, indexOf, matches and contains."
_VARIABLES = "Write its value into the expression."
_RANGES = "Write the networks as texts: conn.client_ip.startsWith('10.')."

#: Names, and what stands below them, with what to write instead. Functions without what is before the dot.
_INSTEAD = {
    "actions.ngrok.oauth": "Write actions.ngrok.oidc in its place.",
    "actions.ngrok.oidc.access_token": _CLAIMS,
    "actions.ngrok.oidc.error": "Whose login fails never comes so far: remove it.",
    "actions.ngrok.oidc.expires_at": _LIMITS,
    "actions.ngrok.oidc.identity.current_session_id": "Sessions have no name here that stays: remove it.",
    "actions.ngrok.oidc.identity.id": (
        "It is ngrok's own number for a person: write actions.ngrok.oidc.identity.provider_user_id, with the provider's"
        " name for them (sub)."
    ),
    "actions.ngrok.oidc.identity_token": _CLAIMS,
    "actions.ngrok.oidc.refresh_token": _CLAIMS,
    "actions.ngrok.oidc.session_max_duration_reached": _LIMITS,
    "actions.ngrok.oidc.session_timed_out": _LIMITS,
    "actions.ngrok.oidc.user_info_refreshed": "Claims are asked for anew by userinfo_refresh_interval: remove it.",
    "actions.ngrok.oidc.userinfo_refreshed": "Claims are asked for anew by userinfo_refresh_interval: remove it.",
    "actions": "Of ngrok's actions openid-connect alone has results here: actions.ngrok.oidc.identity.",
    "base64": _CLAIMS,
    "conn.ClientIP": "Write conn.client_ip.",
    "conn": _NO_PLACES,
    "decodeBase64": _CLAIMS,
    "decodeJson": _CLAIMS,
    "endpoint": "Write req.host.",
    "getQueryParam": _QUERY,
    "getReqCookie": _COOKIES,
    "getReqHeader": "Write 'x-name' in req.headers && 'value' in req.headers['x-name'], with the name in lower case.",
    "getResCookie": _RESPONSE,
    "getResHeader": _RESPONSE,
    "hasQueryParam": _QUERY,
    "hasReqCookie": _COOKIES,
    "hasReqHeader": "Write 'x-name' in req.headers, with the name in lower case.",
    "hasResCookie": _RESPONSE,
    "hasResHeader": _RESPONSE,
    "inCidrRange": _RANGES,
    "inCidrRanges": _RANGES,
    "isPrivateIp": _RANGES,
    "json": _CLAIMS,
    "lower": "Write lowerAscii().",
    "rand": "Who may pass is not left to chance: remove it.",
    "req.Headers": "Write req.headers, with names in lower case.",
    "req.Host": "Write req.host.",
    "req.Method": "Write req.method.",
    "req.URL": "Write req.url.path.",
    "req.content_type": _CONTENT_TYPE,
    "req.cookies": _COOKIES,
    "req.url.authority": "Write req.host.",
    "req.url.host": "Write req.host.",
    "req.url.query": _QUERY,
    "req.url.query_params": _QUERY,
    "req.url": "Write req.url.path.",
    "req.user_agent": _USER_AGENT,
    "res": _RESPONSE,
    "secrets": "The gate reads no vault of ngrok's: go by oidc.claims.",
    "time": "The gate does not decide by the time of day: remove it.",
    "upper": "Write upperAscii().",
    "vars": _VARIABLES,
}  # fmt: skip


def instead_of(name: str, known: Collection[str]) -> str:
    """Return what to write instead of a name or function that expressions do not know here; `known`: those they do."""
    near = get_close_matches(name, known, n=1, cutoff=0.9)
    place = name
    while place not in _INSTEAD and "." in place:
        place = place.rpartition(".")[0]
    # What differs in a letter is a slip, unless ngrok knows the name.
    if place != name and near:
        return f"Did you mean {near[0]}?"
    if place in _INSTEAD:
        return _INSTEAD[place]
    names = ", ".join(sorted(known))
    return f"Expressions may name {names}. {_TEXTS}"
