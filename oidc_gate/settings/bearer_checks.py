"""What must hold of the settings for programs, beside each other and the rest."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING

from oidc_gate.errors import SettingsError
from oidc_gate.settings.params import TAKEN_HEADERS
from oidc_gate.settings.token_fields import TokenFields

if TYPE_CHECKING:
    from oidc_gate.settings.settings import Settings

__all__ = ["check_bearer"]

#: RFC 6749, 3.3.
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_HEADER = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*", re.ASCII)


def check_bearer(settings: Settings) -> None:
    """Refuse what is missing or contradicts another setting, where any of them is given. Raises SettingsError."""
    if settings.bearer_audience is None:
        given = next(each.name for each in fields(TokenFields) if getattr(settings, each.name) != each.default)
        raise SettingsError(
            f"{given} has no use without bearer_audience: the aud values of access tokens that may come, such as this"
            " app's address. It switches them on."
        )
    if settings.client_id in settings.bearer_audience and settings.bearer_type != "at+jwt":
        raise SettingsError(
            "bearer_audience must not hold client_id: every ID token is for that, and would be taken for an access"
            " token. Have the provider issue access tokens for a name of their own, or, where they bear the typ of RFC"
            " 9068, set bearer_type to at+jwt."
        )
    for scope in settings.bearer_scopes or ():
        if not _SCOPE.fullmatch(scope):
            raise SettingsError(f"bearer_scopes: {scope!r} is no scope (RFC 6749, 3.3); several are a list.")
    name = settings.bearer_client_cert_header
    if name and not _HEADER.fullmatch(name):
        raise SettingsError(f"bearer_client_cert_header: {name!r} is not the name of a header, like X-SSL-Client-Cert.")
    if TAKEN_HEADERS.fullmatch(name.lower()) or name.lower() == "dpop":
        raise SettingsError(
            f"bearer_client_cert_header must not be {name}, which has another meaning: no app would see it any more."
            " Have the proxy hand the certificate on under a name like X-SSL-Client-Cert."
        )
    if name and not settings.trusted_proxies:
        raise SettingsError(
            "bearer_client_cert_header needs trusted_proxies: anybody can send a header, and only that of a proxy is"
            " believed."
        )
