"""A user's program, for type checkers alone: `test_typing.py` has mypy and pyright read it, and nothing runs it.

Both accept every line but those with a comment for each of them, which they reject: a comment that its checker does not
need is an error too. (`wsgi_app` has mypy's alone: it lets no method be assigned to.)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import make_server

import httpx
import uvicorn
import werkzeug.test
from fastapi import FastAPI, Request, WebSocket
from flask import Flask, request
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.testclient import TestClient
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import run_simple

from oidc_gate import Identity, Rule, Settings, SettingsError, asgi, identity_of, wsgi
from oidc_gate.stores import Record, SessionStore, open_store

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from starlette.types import ASGIApp

# Flask and its like


def flask_app() -> Flask:
    app = Flask(__name__)
    app.wsgi_app = wsgi.OIDCGate(app.wsgi_app, client_id="…", public_paths=["/about"])  # type: ignore[method-assign]
    return app


def is_new(identity: Identity) -> bool:
    return identity.groups == ()


def rules() -> Settings:
    Rule(path="/a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Rule(pth="/a", allow="nobody")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Rule(path=7, allow="nobody")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Settings(rules="/admin")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    written = {"path": "/admin", "allow": {"groups": "Admins"}}
    return Settings(rules=[written, Rule(path=["/a", "/b"], allow=is_new, max_age="10m")])


def wrapped_wsgi_app(app: WSGIApplication) -> WSGIApplication:
    return wsgi.OIDCGate(app, settings=Settings.from_env())


def served_wsgi_app() -> None:
    gate = wsgi.OIDCGate("myapp:create_app()")
    run_simple("localhost", 8000, gate)
    make_server("localhost", 8000, gate).serve_forever()
    DispatcherMiddleware(gate, {"/other": wsgi.OIDCGate(Flask(__name__), auth_id="other")})
    werkzeug.test.Client(gate).get("/")
    httpx.WSGITransport(app=gate)


# FastAPI and its like


def fastapi_app(settings: Settings) -> FastAPI:
    app = FastAPI(middleware=[Middleware(asgi.OIDCGate, settings=settings), Middleware(asgi.OIDCGate, client_id="…")])
    app.add_middleware(asgi.OIDCGate)
    app.add_middleware(asgi.OIDCGate, settings=Settings.from_env())
    app.add_middleware(asgi.OIDCGate, issuer_url="jumpcloud", client_id="…", allow_groups=("admins", "engineers"))
    return app


def wrapped_asgi_app(app: ASGIApp) -> ASGIApp:
    return asgi.OIDCGate(app, settings=Settings.from_env(), auth_id="other")


def served_asgi_app() -> None:
    gate = asgi.OIDCGate(FastAPI())
    uvicorn.run(gate)
    Starlette(routes=[Mount("/inner", app=gate)])
    TestClient(gate).get("/")
    httpx.ASGITransport(app=gate)


# Who asks


def greeting(who: Identity | None) -> str:
    if who is None:
        return "Hello"
    times: tuple[float, float] = who.authenticated_at, who.expires_at
    texts: tuple[str, str, str, str] = who.subject, who.provider, who.issuer, who.session_id
    email: str | None = who.email
    return f"Hello {who.display_name}, {email}, {who.claims['locale']}, {', '.join(who.groups)}; {times}, {texts}"


def greetings(environ: dict[str, Any], fastapi_request: Request, socket: WebSocket) -> list[str]:
    return [greeting(identity_of(carrier)) for carrier in (request, environ, fastapi_request, socket)]


def careless() -> str:
    who = identity_of(request)
    who.display_name  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]  # noqa: B018
    assert who is not None
    who.name = "Eve"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    who.claims["sub"] = "eve"  # type: ignore[index]  # pyright: ignore[reportIndexIssue]
    return who.nmae  # type: ignore[attr-defined, no-any-return]  # pyright: ignore


# Settings from all their sources


def settings_of_all_sources() -> Settings | None:
    try:
        settings = Settings.from_file(Path("gate.toml"), client_secret_file=Path("/run/secrets/client"))
        settings = Settings.from_file("gate.toml")
        settings = Settings.from_traffic_policy("policy.yaml", cookie_secret=b"...")
        settings = Settings.from_env({"OIDC_GATE_CLIENT_ID": "…"}, scope="openid email")
        settings = settings.with_options(idle_session_timeout="15m", cookie_secret=["new", "old"])
    except SettingsError as error:
        print(f"oidc_gate: {error}")
        return None
    lists: tuple[tuple[str, ...] | None, int | tuple[str, ...]] = settings.allow_groups, settings.trusted_proxies
    print(settings.client_id.upper(), settings.login_timeout / 60, lists, *settings.warnings())
    return settings


def values_as_they_may_stand(config: dict[str, Any]) -> None:
    Settings(**config)
    Settings(http_timeout=5, clock_leeway=0.5, login_timeout=timedelta(minutes=5), max_session_duration="12h")
    Settings(public_paths="/a,/b", allow_emails={"ada@example.com"}, allow_domains=frozenset({"example.com"}))
    Settings(authz_url_params={"hd": "example.com", "max_age": 60}, trusted_proxies=["10.0.0.0/8"])
    Settings(authz_url_params="hd=example.com", trusted_proxies=1, provider_logout=True, allow_cors_preflight="yes")
    Settings(base_url=None, allow_groups=None, ca_bundle=Path("ca.pem"), idle_session_duration="1h")
    Settings(session_store="sqlite:///sessions.db", cookie_deny_list_file="/run/secrets/list")
    Settings(session_store=open_store("sqlite:///sessions.db", 2.0))
    Settings(session_store=OwnStore())


class OwnStore:
    """A store of the user's own needs no base class: it has the methods of `SessionStore`."""

    def load(self, key: str) -> bytes | None:
        return None

    def save(self, key: str, value: bytes, lifetime: float, names: Sequence[str], longest: float) -> None:
        pass

    def replace(self, key: str, value: bytes, lifetime: float, expected: bytes) -> bool:
        return False

    def delete(self, key: str) -> None:
        pass

    def delete_named(self, name: str) -> int:
        return 0

    def claim(self, name: str, seconds: float) -> bool:
        return True

    def release(self, name: str) -> None:
        pass

    def records(self) -> Iterator[Record]:
        yield Record(key="…", expires_at=0.0)


store: SessionStore = OwnStore()

# Names that are misspelt


def misspelt(app: FastAPI, settings: Settings) -> None:
    wsgi.OIDCGate(app, isuer_url="…")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    asgi.OIDCGate(app, isuer_url="…")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    wsgi.OIDCGate(app, setings=settings)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    asgi.OIDCGate(app, setings=settings)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    app.add_middleware(asgi.OIDCGate, clientid="…")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Middleware(asgi.OIDCGate, public_path="/a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Settings(public_path="/a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Settings(client_id_file="id")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Settings.from_env(cookie_secrets="…")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Settings.from_file("gate.toml", allow_group="a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Settings.from_traffic_policy("p", scops="a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    settings.with_options(idle_timeout=3)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    settings.clientid  # type: ignore[attr-defined]  # pyright: ignore  # noqa: B018
    settings.client_id = "…"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


# Values of another type


def mistyped(app: FastAPI, settings: Settings, strings: dict[str, str]) -> None:
    wsgi.OIDCGate(app, client_id=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    asgi.OIDCGate(app, client_id=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    wsgi.OIDCGate(app, settings={})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    asgi.OIDCGate(app, settings={})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    wsgi.OIDCGate(app, settings)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    asgi.OIDCGate(app, settings)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    wsgi.OIDCGate(app, **strings)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    app.add_middleware(asgi.OIDCGate, client_id=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    app.add_middleware(wsgi.OIDCGate)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Settings("gate.toml")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Settings(public_paths=[1])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    Settings(public_paths=["/a", None])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    Settings(allow_emails=("a@example.com", 1))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Settings(allow_groups={1})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Settings(scopes={"openid": True})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Settings(trusted_proxies=1.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Settings(login_timeout=[5])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Settings(provider_logout=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Settings(authz_url_params={"max_age": 1.5})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
    Settings(cookie_secret=[b"..."])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    Settings(base_url=Path("/"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Settings(session_store=object())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Settings.from_env(client_id=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Settings.from_env("gate.toml")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    Settings.from_file(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    settings.with_options(client_id=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
