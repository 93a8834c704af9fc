"""Starlette with Authlib and Starlette's `SessionMiddleware`: the identity stands in its signed cookie."""

from __future__ import annotations

import os
from typing import Any

from authlib.integrations.starlette_client import OAuth
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

__all__ = ["app"]


def app() -> Any:
    """Return an app whose one page asks the session."""
    provider: Any = OAuth().register(
        "provider",
        client_id=os.environ["RACE_CLIENT_ID"],
        client_secret=os.environ["RACE_CLIENT_SECRET"],
        server_metadata_url=f"{os.environ['RACE_ISSUER']}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid email profile"},
    )

    async def hello(request: Request) -> Response:
        if "user" in request.session:
            return PlainTextResponse("hello")
        sent: Response = await provider.authorize_redirect(request, str(request.url_for("callback")))
        return sent

    async def callback(request: Request) -> Response:
        request.session["user"] = dict((await provider.authorize_access_token(request))["userinfo"])
        return RedirectResponse("/")

    sessions = Middleware(SessionMiddleware, secret_key="a-secret-for-the-race-0123456789abcdef")
    return Starlette(routes=[Route("/", hello), Route("/callback", callback, name="callback")], middleware=[sessions])
