"""Spring Authorization Server, from Maven Central: `spring_server/` has the few lines that make it one."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.real_providers.installing import FOLDER, run
from tests.real_providers.provider import CALLBACKS, DISCOVERY, SIGNED_OUT, Provider, secret_of
from tests.servers import free_port, running

__all__ = ["start"]

VERSION = "1.5.0 (Spring Boot 3.5.0)"
_SOURCE = Path(__file__).parent / "spring_server"
_START_LIMIT = 300.0


@contextlib.contextmanager
def start(folder: Path, backchannel: str) -> Iterator[Provider]:
    """Run it in memory; it tells no back-channel of a logout."""
    program = _built()
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    server = {"server.port": str(port), "server.address": "127.0.0.1"}
    person = {"spring.security.user.name": "ada", "spring.security.user.password": "engine-1843"}
    properties = server | person | {"spring.security.oauth2.authorizationserver.issuer": issuer}
    clients = {"client_secret_basic": "basic", "client_secret_post": "post"}
    for method, client_id in [*clients.items(), ("client_secret_basic", "asks")]:
        properties |= _client(client_id, method)
    argv = ["java", "-Xmx256m", "-jar", str(program), *(f"--{name}={value}" for name, value in properties.items())]
    with running(argv, folder=folder, port=port, ready_path=DISCOVERY, limit=_START_LIMIT):
        yield Provider(
            title="Spring Authorization Server",
            version=VERSION,
            source="Maven Central, `org.springframework.boot:spring-boot-starter-oauth2-authorization-server`",
            issuer=issuer,
            clients=clients,
            agree={},
            refuse={"client_id": "asks"},  # the form as it is shown, no scope ticked
            asking_client="asks",
            refresh_scopes="",
            forces_login=False,
            takes_pushed=False,  # it sends them on to its login page: discovery names what is off by default
        )


def _built() -> Path:
    folder = FOLDER / "spring"
    program, made_of = folder / "target" / "provider.jar", folder / "pom.xml"
    if not program.exists() or made_of.read_text() != (_SOURCE / "pom.xml").read_text():
        shutil.copytree(_SOURCE, folder, dirs_exist_ok=True)
        run(["mvn", "-q", "-B", "package"], cwd=folder)
    return program


def _client(client_id: str, method: str) -> dict[str, str]:
    base = f"spring.security.oauth2.authorizationserver.client.{client_id}"
    lists = {
        "client-authentication-methods": [method],
        "authorization-grant-types": ["authorization_code", "refresh_token"],
        "redirect-uris": CALLBACKS,
        "post-logout-redirect-uris": [SIGNED_OUT],
        "scopes": ["openid", "profile", "email"],
    }
    found = {f"{base}.registration.{name}": ",".join(values) for name, values in lists.items()}
    return found | {
        f"{base}.registration.client-id": client_id,
        f"{base}.registration.client-secret": f"{{noop}}{secret_of(client_id)}",
        f"{base}.require-authorization-consent": str(client_id == "asks").lower(),
        f"{base}.token.access-token-time-to-live": "60s",
    }
