"""Keycloak, from Maven Central, in development mode, with everything in memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import requests

from tests.real_providers import keycloak_levels as levels
from tests.real_providers.installing import maven_zip
from tests.real_providers.provider import CALLBACK, SECRET, SIGNED_OUT, Provider, secret_of
from tests.servers import running

__all__ = ["start"]

VERSION = "26.4.0"
_ADMIN = {"username": "admin", "password": SECRET, "grant_type": "password", "client_id": "admin-cli"}
_START_LIMIT = 600.0


@contextlib.contextmanager
def start(folder: Path, backchannel: str) -> Iterator[Provider]:
    """Run it, with one realm."""
    unpacked = maven_zip("keycloak", f"org.keycloak:keycloak-quarkus-dist:{VERSION}:zip")
    program = unpacked / f"keycloak-{VERSION}" / "bin" / "kc.sh"
    argv = ["/bin/sh", str(program), "start-dev", "--http-host=127.0.0.1", "--http-port={port}", "--db=dev-mem"]
    env = {
        "KC_BOOTSTRAP_ADMIN_USERNAME": _ADMIN["username"],
        "KC_BOOTSTRAP_ADMIN_PASSWORD": _ADMIN["password"],
        "JAVA_OPTS_KC_HEAP": "-Xms128m -Xmx768m",
    }
    with running(argv, folder=folder, env=env, ready_path="/realms/master", limit=_START_LIMIT) as server:
        _make_realm(server.url, backchannel)
        issuer = f"{server.url}/realms/tests"
        provider = Provider(
            title="Keycloak",
            version=VERSION,
            source="Maven Central, `org.keycloak:keycloak-quarkus-dist`",
            issuer=issuer,
            clients={"client_secret_basic": "app", "client_secret_post": "app"},
            agree={"accept": ""},
            refuse={"cancel": ""},
            asking_client="asks",
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


def _make_realm(url: str, backchannel: str) -> None:
    token = requests.post(f"{url}/realms/master/protocol/openid-connect/token", data=_ADMIN, timeout=60)
    token.raise_for_status()
    headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
    realm = levels.REALM | {
        "realm": "tests",
        "enabled": True,
        "sslRequired": "none",
        "accessTokenLifespan": 60,
        "users": [_person("ada", "Lovelace"), _person("grace", "Hopper", levels.CREDENTIAL)],
        "clients": [_client("app", backchannel), _client("asks", backchannel, consentRequired=True)],
    }
    requests.post(f"{url}/admin/realms", json=realm, headers=headers, timeout=120).raise_for_status()
    made = f"{url}/admin/realms/tests"
    flow = {"authenticationFlowBindingOverrides": {"browser": levels.add_flow(made, headers)}}
    client = _client("steps", backchannel, **flow)
    requests.post(f"{made}/clients", json=client, headers=headers, timeout=60).raise_for_status()


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


def _client(name: str, backchannel: str, **more: Any) -> dict[str, Any]:
    attributes = {
        "post.logout.redirect.uris": SIGNED_OUT,
        "backchannel.logout.url": backchannel,
        "backchannel.logout.session.required": "true",
    }
    return {
        "clientId": name,
        "secret": secret_of(name),
        "redirectUris": [CALLBACK],
        "attributes": attributes,
        "standardFlowEnabled": True,
    } | more
