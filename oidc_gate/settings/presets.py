"""Providers by name: what `issuer_url = "google"` and its like stand for.

A preset is its issuer and those settings that this provider needs, and no more. Each of them can be given, and then
what was given counts. What is not known of a provider in general, such as its groups, is not in its preset.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from oidc_gate.errors import SettingsError
from oidc_gate.settings.readers import nearest
from oidc_gate.settings.tenants import MANY_TENANTS

__all__ = ["JUMPCLOUD_REGIONS", "PRESETS", "preset"]

JUMPCLOUD_REGIONS = {
    "jumpcloud": "https://oauth.id.jumpcloud.com/",
    "jumpcloud-eu": "https://oauth.id.eu.jumpcloud.com/",
    "jumpcloud-in": "https://oauth.id.in.jumpcloud.com/",
}
_HOST = r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]+)?"
_SEGMENT = r"[A-Za-z0-9._~-]+"
_GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_REGION = r"[a-z]{2}(-[a-z]+)+-[0-9]"

#: Settings, by their names. A maker takes what stands behind the colon, and returns None where that is not in form.
Made = dict[str, Any]


def _entra(tenant: str) -> Made | None:
    word = tenant.lower()
    if not _fits(_GUID, word) and word not in MANY_TENANTS:
        return None
    made: Made = {"issuer_url": f"https://login.microsoftonline.com/{word}/v2.0"}
    # Entra ID vouches for no address, and each tenant's administrators write what they like.
    return made | ({"require_email_verified": True} if word in MANY_TENANTS else {})


def _okta(rest: str) -> Made | None:
    host, slash, path = rest.partition("/")
    is_path = all(_fits(_SEGMENT, segment) for segment in path.split("/")) if slash else True
    return {"issuer_url": f"https://{rest}"} if _fits(_HOST, host) and is_path else None


def _auth0(host: str) -> Made | None:
    if not _fits(_HOST, host):
        return None
    logout = f"https://{host}/v2/logout?client_id={{client_id}}&returnTo={{return_to}}"
    return {"issuer_url": f"https://{host}/", "provider_logout_url": logout}


def _keycloak(rest: str) -> Made | None:
    address, _, realm = rest.rpartition("/")
    address = address.removesuffix("/realms")  # the issuer itself, as Keycloak shows it
    return {"issuer_url": f"{address}/realms/{realm}"} if _is_address(address) and _fits(_SEGMENT, realm) else None


def _cognito(rest: str) -> Made | None:
    region, _, pool = rest.partition("/")
    if not _fits(_REGION, region) or not pool.startswith(f"{region}_") or not _fits(_SEGMENT, pool):
        return None
    top = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return {"issuer_url": f"https://cognito-idp.{region}.{top}/{pool}", "groups_claim": "cognito:groups"}


def _gitlab(host: str) -> Made | None:
    return {"issuer_url": f"https://{host}"} if _fits(_HOST, host) else None


def _authentik(rest: str) -> Made | None:
    address, _, slug = rest.rstrip("/").rpartition("/")
    is_slug = _is_address(address) and _fits(_SEGMENT, slug)
    return {"issuer_url": f"{address}/application/o/{slug}/"} if is_slug else None


def _fits(pattern: str, text: str) -> bool:
    return re.fullmatch(pattern, text) is not None


def _is_address(text: str) -> bool:
    return text.startswith(("https://", "http://"))


#: Presets with a colon: how they are written, an example, and what makes them.
_MADE: Mapping[str, tuple[str, Callable[[str], Made | None]]] = {
    "entra": (
        "entra:TENANT-ID, an id like 5f3c1d2e-8a47-4b0c-9d61-7e2f4a8b9c03 (or organizations, with allow_tenants)",
        _entra,
    ),
    "okta": ("okta:DOMAIN, like okta:acme.okta.com or okta:acme.okta.com/oauth2/default", _okta),
    "auth0": ("auth0:DOMAIN, like auth0:acme.eu.auth0.com", _auth0),
    "keycloak": ("keycloak:URL/REALM, like keycloak:https://id.example.com/staff", _keycloak),
    "cognito": ("cognito:REGION/POOL, like cognito:eu-west-1/eu-west-1_AbCdEfGhI", _cognito),
    "gitlab": ("gitlab, or gitlab:DOMAIN for an instance of your own", _gitlab),
    "authentik": ("authentik:URL/APPLICATION, like authentik:https://id.example.com/my-app", _authentik),
}
_PLAIN: Mapping[str, Made] = {
    **{name: {"issuer_url": issuer} for name, issuer in JUMPCLOUD_REGIONS.items()},
    "google": {"issuer_url": "https://accounts.google.com"},
    "gitlab": {"issuer_url": "https://gitlab.com"},
}
#: The names of all presets.
PRESETS = (*_PLAIN, *(name for name in _MADE if name not in _PLAIN))


def preset(issuer_url: str) -> Made | None:
    """Return the settings that a preset stands for; None for an address. Raises SettingsError for neither."""
    name, colon, rest = issuer_url.partition(":")
    name = name.strip().lower()
    if name in ("http", "https"):
        return None
    if not colon and name in _PLAIN:
        return dict(_PLAIN[name])
    if name in _MADE:
        form, make = _MADE[name]
        made = make(rest.strip()) if colon else None
        if made is None:
            raise SettingsError(f"issuer_url {issuer_url} is not in form: it is written {form}.")
        return made
    if rest.startswith("//") or "." in name or "/" in name:  # an address, and not a good one: the checks tell
        return None
    hint = nearest(name, PRESETS, 0.7)
    raise SettingsError(
        f"issuer_url must be a URL like https://example.com, or {', '.join(PRESETS)}; {issuer_url} is neither.{hint}"
    )
