"""What people use today for the same purpose, so that the limits can be ratios, which hold on any machine.

Each looks up a session of the same twelve claims in the same Cookie header, checks its time, and calls the bare app; or
sends a stranger to the provider.
"""

from __future__ import annotations

import json
import time
from base64 import b64encode
from typing import Annotated, Any

import jwt
from authlib.integrations.flask_client import OAuth
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastapi import Depends, FastAPI, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from flask import Flask, Request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeSerializer
from starlette.middleware.sessions import SessionMiddleware
from werkzeug.http import parse_cookie

from benchmarks.canned_provider import AUDIENCE, CLIENT_ID, CLIENT_SECRET
from benchmarks.traffic import Cookie, asgi_hello, wsgi_hello

__all__ = ["authlib_login", "fastapi_pyjwt", "flask_session", "itsdangerous_session", "starlette_session"]

_SECRET = "a-secret-for-the-baselines-0123456789abcdef"
_NAME = "session"
_SCHEME = HTTPBearer()


def itsdangerous_session(claims: dict[str, Any]) -> tuple[Any, Cookie]:
    """Return a WSGI app behind itsdangerous' serializer (as it comes: SHA-1) and werkzeug's cookie parser."""
    serializer = URLSafeSerializer(_SECRET)

    def app(environ: Any, start_response: Any) -> Any:
        try:
            found = serializer.loads(parse_cookie(environ).get(_NAME, ""))
        except BadSignature:
            found = None
        if found is None or found["exp"] < time.time():
            start_response("401 Unauthorized", [])
            return []
        environ["user"] = found
        return wsgi_hello(environ, start_response)

    return app, (_NAME, str(serializer.dumps(claims)))


def flask_session(claims: dict[str, Any]) -> tuple[Any, Cookie]:
    """Return a WSGI app that opens Flask's own session, without the rest of a Flask request."""
    flask = Flask("baseline")
    flask.secret_key = _SECRET
    interface = SecureCookieSessionInterface()
    serializer = interface.get_signing_serializer(flask)
    assert serializer is not None

    def app(environ: Any, start_response: Any) -> Any:
        found = interface.open_session(flask, Request(environ))
        if not found or found["exp"] < time.time():
            start_response("401 Unauthorized", [])
            return []
        environ["user"] = found
        return wsgi_hello(environ, start_response)

    return app, (_NAME, str(serializer.dumps(claims)))


def starlette_session(claims: dict[str, Any]) -> tuple[Any, Cookie]:
    """Return an ASGI app behind Starlette's SessionMiddleware that looks at the session's end."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["session"].get("exp", 0) < time.time():
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            return
        await asgi_hello(scope, receive, send)

    middleware = SessionMiddleware(app, _SECRET)
    text = middleware.signer.sign(b64encode(json.dumps(claims).encode())).decode()
    return middleware, (_NAME, text)


def authlib_login(issuer: str) -> Any:
    """Return a Flask app that sends every request to the provider with Authlib's client, PKCE and all."""
    flask = Flask("baseline")
    flask.secret_key = _SECRET
    oauth = OAuth(flask)
    oauth.register(
        "provider",
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        server_metadata_url=f"{issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
    )

    @flask.route("/<path:_path>")
    def login(_path: str) -> Any:
        return oauth.provider.authorize_redirect("https://app.example.com/oauth2/callback")

    return flask


def fastapi_pyjwt(issuer: str, public_key: str) -> tuple[Any, Any]:
    """Return a FastAPI app without anything, and one that checks the token of each request with PyJWT."""
    key: Any = load_pem_public_key(public_key.encode())

    async def claims(credentials: Annotated[HTTPAuthorizationCredentials, Security(_SCHEME)]) -> dict[str, Any]:
        found: dict[str, Any] = jwt.decode(
            credentials.credentials, key, algorithms=["RS256"], audience=AUDIENCE, issuer=issuer
        )
        return found

    async def hello() -> str:
        return "hello"

    bare, checking = FastAPI(), FastAPI(dependencies=[Depends(claims)])
    for app in (bare, checking):
        app.get("/reports/7")(hello)
    return bare, checking
