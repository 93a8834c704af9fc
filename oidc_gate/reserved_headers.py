"""Request headers that only the gate may say: those by which gates tell an app who asks.

An app that was behind another gate before, or whose framework knows a header by heart (Django's `RemoteUserMiddleware`
reads `Remote-User` under ASGI), believes them still: so whatever the gate tells by itself, all of them are taken out of
what a client sends.

Under WSGI `X-Forwarded-User` and `X_Forwarded_User` are one variable, and other software between the gate and the app
may fold names too: so all punctuation counts as one, and so do upper and lower case.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from string import punctuation

__all__ = ["BEFORE_THE_PATH", "HarmlessNames", "ReservedHeaders", "folded"]

#: Reserved names, as `folded` spells them.
_NAMES = frozenset(
    {
        # oauth2-proxy, Traefik, Databricks, and this gate's `x-forwarded`
        *("x-forwarded-user", "x-forwarded-email", "x-forwarded-groups", "x-forwarded-preferred-username"),
        *("x-forwarded-access-token", "x-forwarded-id-token"),
        # Keycloak Gatekeeper and louketo-proxy; not X-Auth-Token, in which programs send tokens of their own
        *("x-auth-audience", "x-auth-email", "x-auth-expiresin", "x-auth-groups", "x-auth-roles", "x-auth-subject"),
        *("x-auth-user", "x-auth-userid", "x-auth-username"),
        # APISIX and lua-resty-openidc, Google's API gateways
        *("x-userinfo", "x-id-token", "x-endpoint-api-userinfo", "x-apigateway-api-userinfo"),
        # IBM's and Oracle's access managers, SiteMinder
        *("iv-user", "iv-groups", "iv-creds", "sm-user", "sm-userdn", "sm-universalid"),
        # caddy-security, Kubeflow
        *("x-token-subject", "kubeflow-userid", "kubeflow-groups"),
    }
)
#: What reserved names begin with: whole families.
_FAMILIES = (
    *("remote-user", "remote-email", "remote-name", "remote-group"),  # Authelia, and REMOTE_USER as a header
    *("x-remote-user", "x-remote-email", "x-remote-name", "x-remote-group", "x-remote-extra", "x-remote-uid"),
    *("x-auth-request-", "x-webauth-", "x-authenticated-", "oidc-"),  # oauth2-proxy, Grafana, Kong, mod_auth_openidc
    *("x-pomerium-", "x-vouch-", "x-authentik-", "x-consumer-", "x-credential-", "shib-"),
    *("ngrok-", "cf-access-", "tailscale-", "teleport-", "x-teleport-"),
    *("x-goog-authenticated-user-", "x-goog-iap-", "x-appengine-user-", "x-amzn-oidc-"),
    *("x-token-user-", "oam-remote-user"),
    *("x-ms-client-principal", "x-ms-token-", "x-replit-user-", "sf-context-current-user"),
    "x-oidc-gate-",
)
#: Pyramid puts the path that it finds here in front of the one that was asked for, whoever sends it.
BEFORE_THE_PATH = ("x-vhm-root",)
#: Blanks and control characters too: no name has one (RFC 9110, 5.1), and what strips them off would see another name.
_BLANKS = "".join(map(chr, range(0x21))) + "\x7f\x85\xa0"
_DASHES = str.maketrans(dict.fromkeys(punctuation, "-"))

#: So many names are remembered, none longer than this.
_MOST_NAMES, _LONGEST_NAME = 1000, 100


def folded(name: str) -> str:
    """Return a header's name in the one spelling that stands for all of them: lower case, with dashes.

    Upper case first, as servers and frameworks do: that makes two letters of some that are no ASCII.
    """
    return name.strip(_BLANKS).upper().lower().translate(_DASHES)


class ReservedHeaders:
    """The names that only a gate may say; `more`: the app's own, from the setting `identity_headers`."""

    def __init__(self, more: Iterable[str] = ()) -> None:
        self._names = _NAMES.union(folded(name) for name in more)

    def __contains__(self, name: object) -> bool:
        """Return whether a name is reserved, however it is spelt."""
        name = folded(str(name))
        return name in self._names or name.startswith(_FAMILIES)


class HarmlessNames(set[str]):
    """Names that were seen and are not reserved: to find all names of a request in here is quicker than to ask.

    `reserved`: the names that are, or what stands for them. Thread-safe: each step is one operation.
    """

    def __init__(self, reserved: Container[str]) -> None:
        super().__init__()
        self._reserved = reserved

    def lack(self, name: str) -> bool:
        """Return whether a name that is not in here is reserved; else it is added, unless there are too many."""
        if name in self._reserved:
            return True
        if len(name) <= _LONGEST_NAME:
            if len(self) >= _MOST_NAMES:
                self.clear()
            self.add(name)
        return False
