"""Keycloak, from Maven Central, in development mode, with everything in memory."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests

from tests.providers.keys import public_jwks
from tests.providers.real import client_key
from tests.real_providers import keycloak_levels as levels
from tests.real_providers.installing import maven_zip
from tests.real_providers.provider import CALLBACKS, SECRET, SIGNED_OUT, Provider, secret_of
from tests.servers import ServerProcess, running

__all__ = ["Admin", "client", "server", "start"]

VERSION = "26.4.0"
_ADMIN = {"username": "admin", "password": SECRET, "grant_type": "password", "client_id": "admin-cli"}
_START_LIMIT = 600.0


@contextlib.contextmanager
def start(folder: Path, backchannel: str) -> Iterator[Provider]:
    """Run it, with one realm."""
    with server(folder) as running_server:
        admin = Admin(running_server.url)
        _make_realm(admin, backchannel)
        issuer = f"{admin.url}/realms/tests"
        provider = Provider(
            title="Keycloak",
            version=VERSION,
            source="Maven Central, `org.keycloak:keycloak-quarkus-dist`",
            issuer=issuer,
            admin_url=admin.url,
            clients={"client_secret_basic": "app", "client_secret_post": "app"},
            agree={"accept": ""},
            refuse={"cancel": ""},
            asking_client="asks",
            fapi2_client="fapi2",
            refresh_scopes="",
            sign_out={"confirmLogout": ""},
            checks_method=False,
        )
        end = f"{issuer}/protocol/openid-connect/logout"
        provider.end_session = lambda browser: provider.leave(browser, browser.navigate(end))
        provider.stepping = replace(
            provider,
            clients={"client_secret_basic": "steps"},
            username="grace",
            acrs=("silver", "gold"),
            code_field="otp",
            code=levels.one_time_code,
        )
        yield provider


@contextlib.contextmanager
def server(folder: Path) -> Iterator[ServerProcess]:
    """Run it, with nothing in it."""
    unpacked = maven_zip("keycloak", f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip")
    program = unpacked / f"keycloak-{VERSION}" / "bin" / "kc.sh"
    argv = ["/bin/sh", str(program), "start-dev", "--http-host=127.0.0.1", "--http-port={port}", "--db=dev-mem"]
    env = {
        "KC_BOOTSTRAP_ADMIN_USERNAME": _ADMIN["username"],
        "KC_BOOTSTRAP_ADMIN_PASSWORD": _ADMIN["password"],
        "JAVA_OPTS_KC_HEAP": "-Xms128m -Xmx768m",
    }
    with running(argv, folder=folder, env=env, ready_path="/realms/master", limit=_START_LIMIT) as started:
        yield started


class Admin:
    """The admin API of a server at `url`; each call has a token of its own, for one lasts a minute."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def headers(self) -> dict[str, str]:
        """What proves an administrator."""
        token = requests.post(f"{self.url}/realms/master/protocol/openid-connect/token", data=_ADMIN, timeout=60)
        token.raise_for_status()
        return {"Authorization": f"Bearer {token.json()['access_token']}"}

    def post(self, path: str, body: dict[str, Any]) -> None:
        """Make something, below the realms."""
        self.call("POST", path, body)

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Do something below the realms, and return what it says."""
        url = f"{self.url}/admin/realms{path}"
        answer = requests.request(method, url, json=body, headers=self.headers, timeout=120)
        answer.raise_for_status()
        return answer.json() if answer.content else None


def _make_realm(admin: Admin, backchannel: str) -> None:
    realm = levels.REALM | {
        "realm": "tests",
        "enabled": True,
        "sslRequired": "none",
        "accessTokenLifespan": 60,
        "users": [_person("ada", "Lovelace"), _person("grace", "Hopper", levels.CREDENTIAL)],
        "clients": [client("app", backchannel), client("asks", backchannel, consentRequired=True), _fapi2()],
    }
    admin.post("", realm)
    flow = levels.add_flow(f"{admin.url}/admin/realms/tests", admin.headers)
    admin.post("/tests/clients", client("steps", backchannel, authenticationFlowBindingOverrides={"browser": flow}))


def _person(name: str, family: str, *credentials: dict[str, Any]) -> dict[str, Any]:
    return {
        "username": name,
        "enabled": True,
        "email": f"{name}@example.com",
        "emailVerified": True,
        "firstName": name.title(),
        "lastName": family,
        "credentials": [{"type": "password", "value": "engine-1843", "temporary": False}, *credentials],
    }


def _fapi2() -> dict[str, Any]:
    """Return a client as FAPI 2.0 has it: pushed requests, a key, bound tokens, PS256."""
    made = client("fapi2", clientAuthenticatorType="client-jwt")
    made["attributes"] |= {
        "use.jwks.string": "true",
        "jwks.string": json.dumps(public_jwks(client_key("ec"))),
        "token.endpoint.auth.signing.alg": "ES256",
        "require.pushed.authorization.requests": "true",
        "dpop.bound.access.tokens": "true",
        "id.token.signed.response.alg": "PS256",
        "pkce.code.challenge.method": "S256",
    }
    return made


def client(name: str, backchannel: str = "", **more: Any) -> dict[str, Any]:
    """Return what registers a client as it should be, but for what the keywords say."""
    attributes = {
        "post.logout.redirect.uris": SIGNED_OUT,
        "backchannel.logout.url": backchannel,
        "backchannel.logout.session.required": "true",
    }
    return {
        "clientId": name,
        "secret": secret_of(name),
        "redirectUris": CALLBACKS,
        "attributes": attributes,
        "standardFlowEnabled": True,
    } | more
