"""Two real OpenID providers as child processes: nanoidp (Python) and panva's oidc-provider (Node).

    with nanoidp(tmp_path) as provider:
        page = browser.navigate("/private")              # ends at the provider's login form
        page = provider.login(browser, page)             # fills in its forms; back at the app

Neither shares a line of code with `LocalProvider`, so they catch what we may have understood wrongly on both sides.
"""

from __future__ import annotations

import contextlib
import functools
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from joserfc.jwk import ECKey, Key, RSAKey

from tests.answers import Answer
from tests.browser import Browser
from tests.patience import LIMIT, PATIENT
from tests.providers import keys
from tests.servers import ServerProcess, free_port, running

PANVA = Path(__file__).parent / "panva"
DISCOVERY = "/.well-known/openid-configuration"
SECRET = "secret-of-the-real-client-long-enough-for-hs256-1234567890"
AWKWARD_SECRET = "p%w+&:/ =? awkward secret, long enough for HS256"
GROUPS = ["engineers", "admins"]
ID_TOKEN_ALGS = ("RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519", "HS256")
#: What a client of FAPI 2.0 registers beside its key.
FAPI2 = {
    "client_id": "fapi2",
    "id_token_signed_response_alg": "PS256",
    "require_pushed_authorization_requests": True,
    "dpop_bound_access_tokens": True,
}
ENCRYPTION = (("RSA-OAEP-256", "A256GCM"), ("ECDH-ES", "A256GCM"), ("ECDH-ES+A256KW", "A256CBC-HS512"))


@dataclass
class RealProvider:
    """A running provider with one client (`client_id`) and a person who can sign in."""

    issuer: str
    server: ServerProcess
    client_id: str = "app"
    client_secret: str = SECRET
    username: str = "ada"
    password: str = "engine"
    subject: str = "ada"
    email: str = "ada@example.com"
    extra: dict[str, Any] = field(default_factory=dict)

    def gate_options(self, client_id: str = "", **more: Any) -> dict[str, Any]:
        """Return the settings with which a gate is a client of this provider, and as patient as a test is to be."""
        options = PATIENT | {"issuer_url": self.issuer, "client_id": client_id or self.client_id}
        return options | {"client_secret": self.client_secret} | more

    def login(self, browser: Browser, page: Answer, username: str = "", *, until: str = "") -> Answer:
        """Sign in on the provider's login form and return where the browser ends up (`until`: see `follow`)."""
        raise NotImplementedError

    def rotate_keys(self) -> None:
        raise NotImplementedError


class NanoIDP(RealProvider):
    """nanoidp: one form, no consent, no session of its own (every login shows the form again)."""

    def login(self, browser: Browser, page: Answer, username: str = "", *, until: str = "") -> Answer:
        sent = browser.submit(page, username=username or self.username, password=self.password)
        return browser.follow(sent, until=until)

    def rotate_keys(self) -> None:
        requests.post(f"{self.issuer}/api/keys/rotate", timeout=LIMIT).raise_for_status()


class Panva(RealProvider):
    """panva's oidc-provider with its development pages: a login form, then a consent form."""

    def login(self, browser: Browser, page: Answer, username: str = "", *, until: str = "") -> Answer:
        sent = browser.submit(page, login=username or self.username, password="any")
        return self.consent(browser, browser.follow(sent, until=until), until=until)

    def consent(self, browser: Browser, page: Answer, *, until: str = "") -> Answer:
        """Agree on the consent page, if this is one."""
        if not page.url.startswith(self.issuer) or not any(
            form.fields.get("prompt") == "consent" for form in page.forms
        ):
            return page
        return browser.follow(browser.submit(page), until=until)

    def log_out(self, browser: Browser, page: Answer, *, until: str = "") -> Answer:
        """Say yes on the page that asks whether to sign out."""
        return browser.follow(browser.submit(page, logout="yes"), until=until)


@contextlib.contextmanager
def nanoidp(
    folder: Path, redirect_uris: Sequence[str] = ("https://app.test/oauth2/callback",), **oauth: Any
) -> Iterator[NanoIDP]:
    """Run nanoidp with its settings and keys in `folder`; keywords go into its `oauth` section."""
    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    _write_nanoidp_settings(folder, issuer, port, redirect_uris, oauth)
    argv = [sys.executable, "-m", "nanoidp", "--config", str(folder), "--host", "127.0.0.1", "--port", "{port}"]
    with running([*argv, "--strict-config"], folder=folder, cwd=folder, ready_path=DISCOVERY, port=port) as server:
        yield NanoIDP(issuer, server)


def _write_nanoidp_settings(
    folder: Path, issuer: str, port: int, redirect_uris: Sequence[str], oauth: dict[str, Any]
) -> None:
    """Write nanoidp's two files; it reads YAML, of which JSON is a part."""
    client = {"client_id": "app", "client_secret": SECRET, "redirect_uris": list(redirect_uris)}
    post = client | {"client_id": "post", "token_endpoint_auth_method": "client_secret_post"}
    public = client | {"client_id": "public", "client_secret": "", "token_endpoint_auth_method": "none"}
    settings = {
        "config_version": 1,
        "server": {"host": "127.0.0.1", "port": port},
        "oauth": {
            "issuer": issuer,
            "audience": "app",
            "clients": [client, post, public],
            "refresh_token_rotation": True,
            "require_pkce": True,
        }
        | oauth,
        "jwt": {"keys_dir": str(folder / "keys")},
        "session": {"secret_key": "only-for-tests", "enforce_password_check": True},
    }
    people = {
        "ada": {"password": "engine", "email": "ada@example.com", "groups": GROUPS, "roles": ["USER"]},
        "grace": {"password": "engine", "email": "grace@example.org", "groups": ["engineers"], "roles": ["USER"]},
    }
    (folder / "settings.yaml").write_text(json.dumps(settings))
    (folder / "users.yaml").write_text(json.dumps({"config_version": 1, "users": people}))


@contextlib.contextmanager
def panva(
    folder: Path,
    app_origin: str = "https://app.test",
    *,
    clients: Sequence[dict[str, Any]] = (),
    port: int | None = None,
    generation: int = 1,
    **config: Any,
) -> Iterator[Panva]:
    """Run panva's provider; `clients` are registered beside the standard ones (see `panva_clients`).

    The same `port` with another `generation` is the same issuer with new keys, its memory of sessions and tokens gone.
    """
    node = shutil.which("node")
    if node is None or not (PANVA / "node_modules").is_dir():
        raise AssertionError(f"panva's provider needs node and: npm ci --prefix {PANVA}")
    port = port or free_port()
    jwks = {"keys": [keys.make_key(family, generation).as_dict(private=True) for family in ("rsa", *keys.CURVES, "ed")]}
    standard = {"jwks": jwks, "conformIdTokenClaims": True, "accessTokenSeconds": 3600, "people": _people()}
    settings = standard | {"clients": [*panva_clients(app_origin), *clients]} | config
    file = folder / f"panva-{port}.json"
    file.write_text(json.dumps(settings))
    argv = [node, str(PANVA / "op.mjs"), "{port}", str(file)]
    with running(argv, folder=folder, cwd=PANVA, ready_path=DISCOVERY, port=port) as server:
        yield Panva(f"http://127.0.0.1:{port}", server)


def _people() -> dict[str, Any]:
    return {
        "ada": {"email": "ada@example.com", "email_verified": True, "name": "Ada Lovelace", "groups": GROUPS},
        "grace": {"email": "grace@example.org", "email_verified": True, "name": "Grace Hopper", "groups": GROUPS[:1]},
    }


def panva_clients(app_origin: str) -> list[dict[str, Any]]:
    """Return the standard clients: one for each way of authenticating and of signing."""
    base = {
        "client_secret": SECRET,
        "redirect_uris": [f"{app_origin}/oauth2/callback"],
        "response_types": ["code"],
        "grant_types": ["authorization_code", "refresh_token"],
        "post_logout_redirect_uris": [f"{app_origin}/", f"{app_origin}/oauth2/logout"],
    }
    public = {name: value for name, value in base.items() if name != "client_secret"}
    return [
        base | {"client_id": "app"},
        base | {"client_id": "post", "token_endpoint_auth_method": "client_secret_post"},
        base | {"client_id": "jwt", "token_endpoint_auth_method": "client_secret_jwt"},
        base | {"client_id": "awkward:% id", "client_secret": AWKWARD_SECRET},
        public | {"client_id": "public", "token_endpoint_auth_method": "none"},
        *(public | _proven_by_key(family) for family in ("rsa", "ec", "ed")),
        public | _proven_by_key("ec") | FAPI2,
        *(base | {"client_id": alg.lower(), "id_token_signed_response_alg": alg} for alg in ID_TOKEN_ALGS),
        *(base | _encrypted(alg, enc) for alg, enc in ENCRYPTION),
        base | {"client_id": "signed-userinfo", "userinfo_signed_response_alg": "RS256"},
        base | {"client_id": "es256-userinfo", "userinfo_signed_response_alg": "ES256"},
        base | _sealed_userinfo(),
    ]


def client_key(family: str) -> Key:
    """Return the private key (`rsa`, `ec`, `ed`) with which the client `key-<family>` proves itself."""
    return keys.make_key(family, 50)


def client_encryption_key(alg: str) -> RSAKey | ECKey:
    """Return the private key to which ID tokens of the client `<alg>-<enc>` are encrypted."""
    return _encryption_keys()[alg.startswith("ECDH")]


@functools.cache
def _encryption_keys() -> tuple[RSAKey, ECKey]:
    named: Any = {"kid": "for-encryption", "use": "enc"}
    return RSAKey.generate_key(2048, named), ECKey.generate_key("P-256", named)


def _proven_by_key(family: str) -> dict[str, Any]:
    alg = {"rsa": "RS256", "ec": "ES256", "ed": "Ed25519"}[family]
    return {
        "client_id": f"key-{family}",
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": alg,
        "jwks": keys.public_jwks(client_key(family)),
    }


def _encrypted(alg: str, enc: str) -> dict[str, Any]:
    return {
        "client_id": f"{alg}-{enc}",
        "id_token_encrypted_response_alg": alg,
        "id_token_encrypted_response_enc": enc,
        "jwks": keys.public_jwks(client_encryption_key(alg)),
    }


def _sealed_userinfo() -> dict[str, Any]:
    return {
        "client_id": "sealed-userinfo",
        "userinfo_signed_response_alg": "RS256",
        "userinfo_encrypted_response_alg": "ECDH-ES",
        "userinfo_encrypted_response_enc": "A256GCM",
        "jwks": keys.public_jwks(client_encryption_key("ECDH-ES")),
    }
