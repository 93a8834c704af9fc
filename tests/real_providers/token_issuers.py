"""Where programs get access tokens: Keycloak and Ory Hydra, each with an API in it that is the app behind the gate.

with hydra(folder) as issuer:
    robot = issuer.add_program("opaque")
    token = issuer.grant(robot, "api:read")
"""

from __future__ import annotations

import contextlib
import itertools
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

import requests

from tests.apps import echo
from tests.browser import Browser
from tests.real_providers import hydra as hydra_server
from tests.real_providers import keycloak as keycloak_server
from tests.real_providers.provider import CALLBACK, Provider, secret_of
from tests.stage import query

__all__ = ["AUDIENCE", "ISSUERS", "OTHER_AUDIENCE", "Issuer"]

AUDIENCE, OTHER_AUDIENCE = "https://app.test/api", "https://other.test/api"
SCOPES = ("api:read", "api:write")


class Issuer:
    """A running provider, in which programs can be registered, that may each ask for `AUDIENCE` and `SCOPES`."""

    #: The kinds of access tokens that it issues; the settings of a gate that may ask it about tokens.
    kinds: tuple[str, ...] = ("jwt",)
    introspecting: Mapping[str, Any] = MappingProxyType({})
    #: What registers a client whose tokens are bound to keys (DPoP, RFC 9449); None where it cannot.
    binding: Mapping[str, str] | None = None
    #: What registers one whose tokens say that they are access tokens (RFC 9068, 2.1), and one whose tokens are short.
    typing: Mapping[str, str] | None = None
    shortening: Mapping[str, str] | None = None
    #: As what an ID token is refused when the provider is asked about it, and a refresh token, by `bearer_tokens`.
    id_token_asked_about = "token_inactive"
    refresh_token: Mapping[str, str] = MappingProxyType({})

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.endpoints = provider.discovery()
        self._numbers = itertools.count(1)

    def settings(self, **more: Any) -> dict[str, Any]:
        """Return settings of a gate that takes tokens for `AUDIENCE`."""
        usual: dict[str, Any] = {
            "bearer_audience": [AUDIENCE],
            "http_timeout": "30s",
        }  # it takes its time, the first time
        return self.provider.settings(**(usual | {**self.introspecting, **more}))

    def add_program(self, kind: str = "jwt", **attributes: Any) -> str:
        """Register a client whose tokens are of this kind, and return its id."""
        name = f"program-{next(self._numbers)}"
        self._register(name, kind, attributes)
        return name

    def grant(self, client_id: str, *scopes: str, audience: str = AUDIENCE, proof: str = "") -> str:
        """Return an access token for a program itself; `audience`: `""` for none; `proof`: of its key (DPoP)."""
        form = {"grant_type": "client_credentials", **self._asking(scopes, audience)}
        token: str = self._redeem(client_id, form, {"DPoP": proof} if proof else {})["access_token"]
        return token

    def sign_in(self, client_id: str, *scopes: str) -> dict[str, Any]:
        """Return the answer with the tokens for a person, who signs in at this client, which is no gate."""
        browser = Browser(echo("wsgi"), "wsgi")
        browser.cookies.trusts_loopback = True
        asked = self._asking(("openid", *(self.provider.refresh_scopes or "").split(), *scopes), AUDIENCE)
        known = {"response_type": "code", "client_id": client_id, "redirect_uri": CALLBACK}
        known |= {"state": secrets.token_urlsafe()}  # no nonce: by one ID tokens are told too easily
        page = browser.navigate(f"{self.endpoints['authorization_endpoint']}?{urlencode(known | asked)}")
        back = query(self.provider.sign_in(browser, page).url)
        form = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": CALLBACK}
        return self._redeem(client_id, form, {})

    def revoke(self, client_id: str, token: str) -> None:
        """Take an access token back, as the program that has it does (RFC 7009)."""
        self._post(self.endpoints["revocation_endpoint"], client_id, {"token": token}, {})

    def subject_of(self, client_id: str) -> str:
        """Return the `sub` of a program that comes in its own name."""
        raise NotImplementedError

    def remove_program(self, client_id: str) -> None:
        """Have the client be none any more."""
        raise NotImplementedError

    def end_sessions(self, subject: str) -> None:
        """End all that a person has, as an administrator does."""
        raise NotImplementedError

    def _register(self, name: str, kind: str, attributes: dict[str, Any]) -> None:
        raise NotImplementedError

    def _asking(self, scopes: tuple[str, ...], audience: str) -> dict[str, str]:
        """Return the parameters that ask for scopes and an audience; `""` for none."""
        raise NotImplementedError

    def _redeem(self, client_id: str, form: dict[str, str], headers: dict[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = self._post(self.endpoints["token_endpoint"], client_id, form, headers).json()
        return found

    def _post(self, url: str, client_id: str, form: dict[str, str], headers: dict[str, str]) -> requests.Response:
        answer = requests.post(url, data=form, auth=(client_id, secret_of(client_id)), headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer


class Keycloak(Issuer):
    """An audience comes with a client scope that has an audience mapper in it."""

    binding = MappingProxyType({"dpop.bound.access.tokens": "true"})
    typing = MappingProxyType({"access.token.header.type.rfc9068": "true"})
    shortening = MappingProxyType({"client.use.lightweight.access.token.enabled": "true"})
    id_token_asked_about = "token_type_wrong"  # it is active, and said to be an ID token
    refresh_token = MappingProxyType(
        {"jwt": "alg_not_allowed", "introspection": "token_type_wrong", "auto": "alg_not_allowed"}
    )
    _TO = MappingProxyType({AUDIENCE: "to-app", OTHER_AUDIENCE: "to-other"})
    #: Client scopes that new clients have by themselves; whoever names some has to name all.
    _USUAL = ("basic", "email", "profile", "service_account")

    def __init__(self, provider: Provider) -> None:
        super().__init__(provider)
        self._admin = keycloak_server.Admin(provider.admin_url)
        for name in SCOPES:
            self._add_scope(name, told=True)
        for audience, name in self._TO.items():
            config = {"included.custom.audience": audience, "introspection.token.claim": "true"}
            config |= {"access.token.claim": "true", "id.token.claim": "true", "lightweight.claim": "true"}
            mapper = {"name": name, "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper"}
            self._add_scope(name, told=False, protocolMappers=[mapper | {"config": config}])

    def _add_scope(self, name: str, *, told: bool, **more: Any) -> None:
        attributes = {"include.in.token.scope": str(told).lower()}
        scope = {"name": name, "protocol": "openid-connect", "attributes": attributes}
        self._admin.post("/tests/client-scopes", scope | more)

    def _register(self, name: str, kind: str, attributes: dict[str, Any]) -> None:
        client = keycloak_server.client(name, serviceAccountsEnabled=True)
        client |= {"defaultClientScopes": self._USUAL, "optionalClientScopes": (*SCOPES, *self._TO.values())}
        client["attributes"] |= attributes
        self._admin.post("/tests/clients", client)

    def _asking(self, scopes: tuple[str, ...], audience: str) -> dict[str, str]:
        return {"scope": " ".join((*scopes, self._TO[audience]) if audience else scopes)}

    def subject_of(self, client_id: str) -> str:
        person = self._admin.call("GET", f"{self._path(client_id)}/service-account-user")
        return str(person["id"])

    def remove_program(self, client_id: str) -> None:
        """Disable it, as one does first."""
        path = self._path(client_id)
        self._admin.call("PUT", path, self._admin.call("GET", path) | {"enabled": False})

    def end_sessions(self, subject: str) -> None:
        self._admin.call("POST", f"/tests/users/{subject}/logout")

    def _path(self, client_id: str) -> str:
        (found,) = self._admin.call("GET", f"/tests/clients?clientId={client_id}")
        return f"/tests/clients/{found['id']}"


class Hydra(Issuer):
    """An audience is asked for by name, where the client may have it; which kind of tokens it gets is said of each."""

    kinds = ("jwt", "opaque")
    refresh_token = MappingProxyType(
        {"jwt": "token_malformed", "introspection": "token_type_wrong", "auto": "token_type_wrong"}
    )

    def __init__(self, provider: Provider) -> None:
        super().__init__(provider)
        introspection = f"{provider.admin_url}/oauth2/introspect"
        self.introspecting = {"provider_endpoints": {"introspection_endpoint": introspection}}

    def _register(self, name: str, kind: str, attributes: dict[str, Any]) -> None:
        client = {
            "client_id": name,
            "client_secret": secret_of(name),
            "grant_types": ["client_credentials", "authorization_code", "refresh_token"],
            "redirect_uris": [CALLBACK],
            "scope": " ".join(("openid", "offline_access", *SCOPES)),
            "audience": [AUDIENCE, OTHER_AUDIENCE],
            "access_token_strategy": kind,
        }
        self._call("POST", "clients", client | attributes)

    def _asking(self, scopes: tuple[str, ...], audience: str) -> dict[str, str]:
        return {"scope": " ".join(scopes), "audience": audience} if audience else {"scope": " ".join(scopes)}

    def subject_of(self, client_id: str) -> str:
        return client_id

    def remove_program(self, client_id: str) -> None:
        self._call("DELETE", f"clients/{client_id}")

    def end_sessions(self, subject: str) -> None:
        self._call("DELETE", f"oauth2/auth/sessions/consent?{urlencode({'subject': subject, 'all': 'true'})}")

    def _call(self, method: str, path: str, body: Any = None) -> None:
        answer = requests.request(method, f"{self.provider.admin_url}/{path}", json=body, timeout=30)
        assert answer.ok, answer.text


@contextlib.contextmanager
def keycloak(folder: Path) -> Iterator[Issuer]:
    """Run Keycloak. Raises UnavailableError."""
    with keycloak_server.start(folder, "") as provider:
        yield Keycloak(provider)


@contextlib.contextmanager
def hydra(folder: Path) -> Iterator[Issuer]:
    """Run Ory Hydra. Raises UnavailableError."""
    with hydra_server.start(folder, "http://127.0.0.1:9/") as provider:
        yield Hydra(provider)


ISSUERS = {"hydra": hydra, "keycloak": keycloak}
