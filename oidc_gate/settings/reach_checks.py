"""What must hold of how the provider is reached, whose users may come, and how the gate proves itself to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import SplitResult

from oidc_gate.errors import SettingsError
from oidc_gate.settings.readers import nearest
from oidc_gate.settings.tenants import MANY_TENANTS, TENANT, tenants_word
from oidc_gate.settings.urls import check_https, checked_url

if TYPE_CHECKING:
    from oidc_gate.settings.settings import Settings

__all__ = ["NEEDED_ENDPOINTS", "check_proof", "check_reach"]

#: Without these nobody signs in; with all of them discovery need not be asked.
NEEDED_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
#: Entries of discovery that are addresses (Discovery 1.0, 3; RFC 8414, 2; RFC 9126, 5).
_ENDPOINTS = (
    *NEEDED_ENDPOINTS,
    "userinfo_endpoint",
    "end_session_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
    "device_authorization_endpoint",
    "pushed_authorization_request_endpoint",
)
#: The tenant of all private Microsoft accounts, which `consumers` stands for.
_CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
_TENANT_ID = r"[A-Za-z0-9_-]+"
_PLACES = r"\{(?:client_id|return_to)\}"
#: Methods that send no secret that the operator types in.
_WITHOUT_SECRET = ("none", "private_key_jwt", "client_assertion")


def check_reach(settings: Settings, issuer: SplitResult) -> None:
    """Check what says where the provider is; `issuer`: the parts of `issuer_url`. Raises SettingsError."""
    _check_tenants(settings, issuer)
    if settings.discovery_url:
        url = checked_url("discovery_url", settings.discovery_url, with_query=True)
        check_https("discovery_url", url, insecure=settings.insecure_http_issuer)
    for name, text in settings.provider_endpoints:
        if name not in _ENDPOINTS:
            hint = nearest(name, _ENDPOINTS)
            raise SettingsError(f"provider_endpoints must not hold {name}.{hint} It may hold {', '.join(_ENDPOINTS)}.")
        if any(f",{other}=" in text for other in _ENDPOINTS):
            raise SettingsError(
                "provider_endpoints must have & between its entries, as in a query string, and no comma:"
                " token_endpoint=https://…&jwks_uri=https://…"
            )
        url = checked_url(f"provider_endpoints, {name}", text, with_query=True)
        check_https(f"provider_endpoints, {name}", url, insecure=settings.insecure_http_issuer)
    if settings.provider_logout_url:
        _check_logout(settings)


def _check_tenants(settings: Settings, issuer: SplitResult) -> None:
    """Refuse an issuer that stands for many without a list of them: each of their users would be one of this app's."""
    path = issuer.path.replace(TENANT, "", 1) if settings.allow_tenants else issuer.path
    if any(character in path for character in "{}"):
        raise SettingsError(f"issuer_url has a placeholder in it, {issuer.path}: put your own value in its place.")
    word = tenants_word(issuer)
    if word == "consumers" or (word and not settings.allow_tenants):
        of_one = f" (of private accounts, which are consumers, it is {_CONSUMERS})" if word == "consumers" else ""
        raise SettingsError(
            f"issuer_url is Entra ID's address for many tenants ({word}): users of others could sign in too. Set it"
            f" to your own tenant's issuer: https://{issuer.hostname}/<tenant id>/v2.0{of_one}; or write organizations,"
            " and the ids of the tenants whose users may come in allow_tenants."
        )
    for tenant in settings.allow_tenants or ():
        if not re.fullmatch(_TENANT_ID, tenant) or tenant.lower() in MANY_TENANTS:
            raise SettingsError(
                f"allow_tenants must hold ids of tenants, as the claim tid has them, and {tenant} is none: Entra ID"
                " shows the Tenant ID, 8-4-4-4-12 hexadecimal digits, on the tenant's Overview."
            )
    is_reached = settings.discovery_url or set(NEEDED_ENDPOINTS) <= dict(settings.provider_endpoints).keys()
    if TENANT in issuer.path and not is_reached:
        raise SettingsError(
            f"issuer_url has {TENANT} in it, where no discovery document is: set discovery_url to where it is, or"
            " write organizations in its place."
        )


def _check_logout(settings: Settings) -> None:
    """Refuse an address for logout with other places in it, or none to come back to."""
    text = settings.provider_logout_url
    if set("{}") & set(re.sub(_PLACES, "", text) + text.partition("?")[0]):
        raise SettingsError(
            "provider_logout_url may have {client_id} and {return_to} in its query, and nothing else in braces:"
            " https://login.example.com/logout?client_id={client_id}&logout_uri={return_to}"
        )
    url = checked_url("provider_logout_url", text, with_query=True)
    check_https("provider_logout_url", url, insecure=settings.insecure_http_issuer)


def check_proof(settings: Settings) -> None:
    """Check that there is what `client_auth_method` proves the gate with, and nothing else. Raises SettingsError."""
    method = settings.client_auth_method
    if method == "private_key_jwt" and not settings.client_private_key_file:
        raise SettingsError("client_auth_method private_key_jwt needs client_private_key_file, a PEM or JWK file.")
    if method == "client_assertion" and not settings.client_assertion_file:
        raise SettingsError(
            "client_auth_method client_assertion needs client_assertion_file: where the platform keeps the token that"
            " stands for this app, such as $AZURE_FEDERATED_TOKEN_FILE."
        )
    if method not in _WITHOUT_SECRET and not settings.client_secret:
        raise SettingsError("client_secret is missing: the provider shows it once, when the app is registered there.")
    if method in _WITHOUT_SECRET and settings.client_secret:
        raise SettingsError(f"client_secret has no use with client_auth_method {method}.")
