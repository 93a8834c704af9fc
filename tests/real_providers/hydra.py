"""Ory Hydra, the engine that JumpCloud is built on, from the Go module proxy, with a login and consent app of ours."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from tests.providers.serving import ServerThread
from tests.real_providers.installing import go_module
from tests.real_providers.provider import CALLBACKS, DISCOVERY, SECRET, SIGNED_OUT, Provider, secret_of
from tests.servers import free_port, running

__all__ = ["start"]

VERSION = "v2.3.0"
_CLAIMS = {"email": "ada@example.com", "email_verified": "true", "name": "Ada Lovelace", "groups": "engineers"}


@contextlib.contextmanager
def start(folder: Path, backchannel: str) -> Iterator[Provider]:
    """Run it on memory alone."""
    # The client that its command line uses stands in a folder that the module's zip leaves out; the released one does.
    without = "-dropreplace=github.com/ory/hydra-client-go/v2"
    program = go_module("hydra", "github.com/ory/hydra/v2", VERSION, without, tags="sqlite")
    port, admin_port = free_port(), free_port()
    issuer, admin = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{admin_port}/admin"
    pages = ServerThread(_LoginApp(admin))
    pages.start()
    env = {
        "DSN": "memory",
        "SERVE_PUBLIC_HOST": "127.0.0.1",
        "SERVE_PUBLIC_PORT": str(port),
        "SERVE_ADMIN_HOST": "127.0.0.1",
        "SERVE_ADMIN_PORT": str(admin_port),
        "URLS_SELF_ISSUER": issuer,
        "SECRETS_SYSTEM": SECRET,
        "TTL_ACCESS_TOKEN": "60s",
        "SQA_OPT_OUT": "true",
    } | {f"URLS_{name.upper()}": f"http://127.0.0.1:{pages.port}/{name}" for name in ("login", "consent", "logout")}
    argv = [str(program), "serve", "all", "--dev"]
    try:
        with running(argv, folder=folder, env=env, port=port, ready_path=DISCOVERY, limit=120.0):
            clients = {method: method for method in ("client_secret_basic", "client_secret_post")}
            for method in clients:
                _register(admin, backchannel, client_id=method, token_endpoint_auth_method=method)
            _register(admin, backchannel, client_id="asks", client_name="asks")
            yield Provider(
                title="Ory Hydra",
                version=VERSION,
                source="the Go module `github.com/ory/hydra/v2`",
                issuer=issuer,
                admin_url=admin,
                clients=clients,
                agree={"decision": "yes"},
                refuse={"decision": "no"},
                asking_client="asks",
                refresh_scopes="offline_access",
                end_session=lambda browser: browser.navigate(f"{issuer}/oauth2/sessions/logout"),
            )
    finally:
        pages.stop()


def _register(admin: str, backchannel: str, **more: Any) -> None:
    client = {
        "client_secret": secret_of(more["client_id"]),
        "redirect_uris": CALLBACKS,
        "post_logout_redirect_uris": [SIGNED_OUT],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "scope": "openid profile email offline_access",
        "backchannel_logout_uri": backchannel,
        "backchannel_logout_session_required": True,
    }
    requests.post(f"{admin}/clients", json=client | more, timeout=30).raise_for_status()


class _LoginApp:
    """The pages that Hydra leaves to others: who it is, whether they agree, and whether they leave."""

    def __init__(self, admin: str) -> None:
        self._admin = f"{admin}/oauth2/auth/requests"

    def __call__(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        kind = request.path.strip("/")
        challenge = request.args[f"{kind}_challenge"]
        answer: Response = getattr(self, f"_{kind}")(request, challenge)
        return answer(environ, start_response)

    def _login(self, request: Request, challenge: str) -> Response:
        asked = self._call("GET", "login", challenge)
        if asked["skip"]:
            return self._decide("login", challenge, "accept", subject=asked["subject"])
        if request.form.get("password") != "engine-1843":
            return _page('<input name="username"><input name="password" type="password"><button>Sign in</button>')
        return self._decide("login", challenge, "accept", subject="ada", remember=True, remember_for=3600)

    def _consent(self, request: Request, challenge: str) -> Response:
        asked = self._call("GET", "consent", challenge)
        decision = request.form.get("decision", "" if asked["client"]["client_name"] == "asks" else "yes")
        if not decision:
            return _page(
                f"{escape('Do you agree?')}<button name=decision value=yes>Yes</button>"
                "<button name=decision value=no>No</button>"
            )
        if decision == "no":
            return self._decide("consent", challenge, "reject")
        granted = {
            "grant_scope": asked["requested_scope"],
            "grant_access_token_audience": asked["requested_access_token_audience"],
        }
        return self._decide("consent", challenge, "accept", **granted, session={"id_token": _CLAIMS})

    def _logout(self, request: Request, challenge: str) -> Response:
        return self._decide("logout", challenge, "accept")

    def _decide(self, kind: str, challenge: str, decision: str, **body: Any) -> Response:
        return redirect(self._call("PUT", f"{kind}/{decision}", challenge, body)["redirect_to"])

    def _call(self, method: str, path: str, challenge: str, body: Any = None) -> dict[str, Any]:
        name = path.partition("/")[0]
        url = f"{self._admin}/{path}?{urlencode({f'{name}_challenge': challenge})}"
        response = requests.request(method, url, json=body, timeout=30)
        response.raise_for_status()
        found: dict[str, Any] = response.json()
        return found


def _page(form: str) -> Response:
    return Response(f'<!doctype html><form method="post">{form}</form>', content_type="text/html; charset=utf-8")
