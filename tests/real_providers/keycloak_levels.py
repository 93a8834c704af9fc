"""Keycloak's levels of authentication: a browser flow that asks for a one-time code where `gold` is asked for.

It is the flow of Keycloak's own guide ("Creating a browser login flow with step-up mechanism"), made by the admin API.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import requests

__all__ = ["CREDENTIAL", "LEVELS", "REALM", "add_flow", "one_time_code"]

#: The mapping of the realm: what a rule's `acr` names, and Keycloak's number for it.
LEVELS = {"silver": 1, "gold": 2}
REALM = {
    # Both worlds type the same code within half a minute.
    "attributes": {"acr.loa.map": json.dumps(LEVELS), "realmReusableOtpCode": "true"},
    "otpPolicyCodeReusable": True,
}
_KEY = "the-key-of-graces-phone"
#: A phone that makes one-time codes; who has none is asked for no second step, and for setting one up instead.
CREDENTIAL = {
    "type": "otp",
    "secretData": json.dumps({"value": _KEY}),
    "credentialData": json.dumps({"subType": "totp", "digits": 6, "period": 30, "algorithm": "HmacSHA1"}),
}
_FLOW = "step-up"
_FORMS = {"silver": "auth-username-password-form", "gold": "auth-otp-form"}
#: For how long a level counts, in seconds: the first as long as the session there, the second for one sign-in.
_MAX_AGE = {"silver": 36_000, "gold": 0}


def one_time_code() -> str:
    """Return what Grace's phone shows now (RFC 6238)."""
    digest = hmac.digest(_KEY.encode(), (int(time.time()) // 30).to_bytes(8, "big"), hashlib.sha1)
    offset = digest[-1] & 15
    return f"{(int.from_bytes(digest[offset : offset + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06}"


def add_flow(realm: str, headers: Mapping[str, str]) -> str:
    """Make the flow in a realm, given by its address in the admin API, and return the flow's id."""
    flows = f"{realm}/authentication/flows"
    made = _post(flows, headers, {"alias": _FLOW, "providerId": "basic-flow", "topLevel": True, "builtIn": False})
    _add(flows, headers, _FLOW, "ALTERNATIVE", provider="auth-cookie")
    _add(flows, headers, _FLOW, "ALTERNATIVE", alias="levels", type="basic-flow")
    for acr, form in _FORMS.items():
        _add(flows, headers, "levels", "CONDITIONAL", alias=acr, type="basic-flow")
        condition = _add(flows, headers, acr, "REQUIRED", provider="conditional-level-of-authentication")
        config = {"loa-condition-level": str(LEVELS[acr]), "loa-max-age": str(_MAX_AGE[acr])}
        _post(f"{realm}/authentication/executions/{condition}/config", headers, {"alias": acr, "config": config})
        _add(flows, headers, acr, "REQUIRED", provider=form)
    return made


def _add(flows: str, headers: Mapping[str, str], flow: str, requirement: str, **step: str) -> str:
    """Put a step, or a flow within, at the end of a flow; return the id of its execution."""
    inside = f"{flows}/{quote(flow)}/executions"
    made = _post(f"{inside}/{'flow' if 'alias' in step else 'execution'}", headers, step)
    asked = requests.get(inside, headers=headers, timeout=60)
    asked.raise_for_status()
    (row,) = (each for each in asked.json() if made in (each["id"], each.get("flowId")))
    changed: dict[str, Any] = row | {"requirement": requirement}
    requests.put(inside, json=changed, headers=headers, timeout=60).raise_for_status()
    return str(row["id"])


def _post(url: str, headers: Mapping[str, str], body: Mapping[str, Any]) -> str:
    """Make something and return its id."""
    answer = requests.post(url, json=body, headers=headers, timeout=60)
    answer.raise_for_status()
    return answer.headers["Location"].rpartition("/")[2]
