"""Flask with Authlib, as Authlib's documentation has it: the identity stands in Flask's signed cookie."""

from __future__ import annotations

import os
from typing import Any

from authlib.integrations.flask_client import OAuth
from flask import redirect, request, session, url_for

from benchmarks.peers.apps import bare

__all__ = ["app"]


def app() -> Any:
    """Return the bare app with a `before_request` that asks the session."""
    made = bare.flask()
    made.secret_key = "a-secret-for-the-race-0123456789abcdef"
    provider = OAuth(made).register(
        "provider",
        client_id=os.environ["RACE_CLIENT_ID"],
        client_secret=os.environ["RACE_CLIENT_SECRET"],
        server_metadata_url=f"{os.environ['RACE_ISSUER']}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid email profile"},
    )

    @made.before_request  # type: ignore[untyped-decorator]
    def signed_in() -> Any:
        if "user" in session or request.endpoint == "callback":
            return None
        return provider.authorize_redirect(url_for("callback", _external=True))

    @made.get("/callback")  # type: ignore[untyped-decorator]
    def callback() -> Any:
        session["user"] = provider.authorize_access_token()["userinfo"]
        return redirect("/")

    return made
