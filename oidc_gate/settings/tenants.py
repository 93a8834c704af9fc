"""Issuers that stand for many tenants, as Entra ID has them: each tenant's tokens name an issuer of their own.

The discovery document of such an address names a template, `https://login.microsoftonline.com/{tenantid}/v2.0`, and a
token the template with its tenant's id (`tid`) in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import SplitResult, urlsplit

__all__ = ["MANY_TENANTS", "TENANT", "as_in_tokens", "filled", "is_entra", "issuers", "template_of", "tenants_word"]

#: In a template, in place of a tenant's id.
TENANT = "{tenantid}"
#: What stands for many tenants in an address; `consumers` is the one of all private accounts.
MANY_TENANTS = frozenset({"common", "organizations", "consumers"})
#: Where Entra ID lives.
_ENTRA = (".microsoftonline.com", ".microsoftonline.us", ".partner.microsoftonline.cn", ".windows.net")


def is_entra(url: SplitResult) -> bool:
    """Return whether an address is Entra ID's."""
    return (url.hostname or "").endswith(_ENTRA)


def tenants_word(url: SplitResult) -> str:
    """Return what stands for many tenants in an address at Entra ID, `""` where it names one."""
    first = url.path.lower().split("/")[1:2]
    if not is_entra(url) or not first:
        return ""
    return first[0] if first[0] in MANY_TENANTS or first[0] == TENANT else ""


def template_of(issuer_url: str) -> str:
    """Return an address with `{tenantid}` in place of the first word of its path that stands for many tenants."""
    url = urlsplit(issuer_url)
    first, slash, rest = url.path.removeprefix("/").partition("/")
    if first.lower() not in MANY_TENANTS:
        return issuer_url
    return f"{url.scheme}://{url.netloc}/{TENANT}{slash}{rest}"


def as_in_tokens(tenant: str) -> str:
    """Return a tenant's id as tokens have it: an id of Entra ID's in lower case, any other as it is."""
    is_guid = [len(part) for part in tenant.split("-")] == [8, 4, 4, 4, 12]
    return tenant.lower() if is_guid else tenant


def filled(issuer: str, tenant: str) -> str:
    """Return the issuer that the tokens of a tenant name."""
    return issuer.replace(TENANT, tenant)


def issuers(issuer: str, tenants: Iterable[str]) -> tuple[str, ...]:
    """Return all issuers that an issuer stands for: itself, or a template with each of these tenants."""
    return tuple(filled(issuer, tenant) for tenant in tenants) if TENANT in issuer else (issuer,)
