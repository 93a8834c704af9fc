"""Flask with Flask-OIDC: its view is marked with `require_login`."""

from __future__ import annotations

import os
from typing import Any

from flask import Flask
from flask_oidc import OpenIDConnect

__all__ = ["app"]


def app() -> Any:
    """Return an app with one view that needs a login."""
    made = Flask("hello")
    issuer = os.environ["RACE_ISSUER"]
    made.config.update(
        SECRET_KEY="a-secret-for-the-race-0123456789abcdef",
        OIDC_CLIENT_SECRETS={
            "web": {
                "client_id": os.environ["RACE_CLIENT_ID"],
                "client_secret": os.environ["RACE_CLIENT_SECRET"],
                "issuer": issuer,
                "auth_uri": f"{issuer}/authorize",
                "token_uri": f"{issuer}/token",
                "userinfo_uri": f"{issuer}/userinfo",
                "redirect_uris": [],
            }
        },
        OIDC_SERVER_METADATA_URL=f"{issuer}/.well-known/openid-configuration",
        OIDC_SCOPES="openid email profile",
    )
    oidc = OpenIDConnect(made)

    @made.get("/")
    @oidc.require_login  # type: ignore[untyped-decorator]
    def hello() -> str:
        return "hello"

    return made
