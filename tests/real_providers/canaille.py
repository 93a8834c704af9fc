"""Canaille, from PyPI, on SQLite, set up by its own commands."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from joserfc.jwk import RSAKey

from tests.real_providers.installing import run, virtualenv
from tests.real_providers.provider import CALLBACK, DISCOVERY, SECRET, SIGNED_OUT, Provider, secret_of
from tests.servers import free_port, running

__all__ = ["start"]

VERSION = "0.3.6"
_LIMIT = 120.0


@contextlib.contextmanager
def start(folder: Path, backchannel: str) -> Iterator[Provider]:
    """Run it; it tells no back-channel of a logout."""
    program = virtualenv("canaille", f"canaille[front,oidc,server,sqlite]=={VERSION}").parent / "canaille"
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    config = folder / "canaille.toml"
    config.write_text(_config(folder, port))
    command = _Command(str(program), folder, config)
    command("install")
    command("create", "user", "--user-name", "ada", "--password", "engine-1843", "--emails", "ada@example.com",
            "--family-name", "Lovelace", "--formatted-name", "Ada Lovelace")  # fmt: skip
    clients = {"client_secret_basic": "basic", "client_secret_post": "post"}
    for method, client_id in [*clients.items(), ("client_secret_basic", "asks")]:
        _register(command, client_id, method)
    argv = [str(program), "run", "--bind", "127.0.0.1:{port}"]
    env = {"CANAILLE_CONFIG": str(config)}
    with running(argv, folder=folder, cwd=folder, env=env, port=port, ready_path=DISCOVERY, limit=_LIMIT):
        yield Provider(
            title="Canaille",
            version=VERSION,
            source="PyPI, `canaille`",
            issuer=issuer,
            clients=clients,
            username_field="login",
            agree={"answer": "accept"},
            refuse={"answer": "deny"},
            asking_client="asks",
            refresh_scopes="",
            sign_out={"answer": "logout"},
            pause=1.1,  # what it issues twice in one second is the same, and answered with 500
        )


def _config(folder: Path, port: int) -> str:
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256", "kid": "tests"}).as_dict(private=True)
    named = ", ".join(f"{name} = {json.dumps(value)}" for name, value in key.items() if isinstance(value, str))
    return f"""
SECRET_KEY = "{SECRET}"
SERVER_NAME = "127.0.0.1:{port}"
PREFERRED_URL_SCHEME = "http"

[OAUTH2_TOKEN_EXPIRES_IN]
authorization_code = 60
refresh_token = 60

[CANAILLE]
DATABASE = "sql"

[CANAILLE_SQL]
DATABASE_URI = "sqlite:///{folder}/canaille.db"

[CANAILLE_OIDC]
ACTIVE_JWKS = [{{ {named} }}]
"""


class _Command:
    """Canaille's command line, with one configuration."""

    def __init__(self, program: str, folder: Path, config: Path) -> None:
        self._program, self._folder, self._config = program, folder, config

    def __call__(self, *words: str) -> str:
        return run([self._program, *words], cwd=self._folder, env={"CANAILLE_CONFIG": str(self._config)})


def _register(command: _Command, client_id: str, method: str) -> None:
    command("create", "client", *_options(client_id, method))
    made = json.loads(command("get", "client", "--client-id", client_id))
    internal = made[0]["id"] if isinstance(made, list) else made["id"]
    command("set", "client", internal, "--audience", internal)  # else `aud` is empty


def _options(client_id: str, method: str) -> Sequence[str]:
    words = ["--client-id", client_id, "--client-secret", secret_of(client_id), "--client-name", client_id]
    address = "https://app.test" if client_id == "asks" else "https://trusted.localhost"
    words += ["--client-uri", address, "--token-endpoint-auth-method", method]
    words += ["--redirect-uris", CALLBACK, "--post-logout-redirect-uris", SIGNED_OUT]
    words += ["--grant-types", "authorization_code", "--grant-types", "refresh_token", "--response-types", "code"]
    for scope in ("openid", "profile", "email"):
        words += ["--scope", scope]
    return words
