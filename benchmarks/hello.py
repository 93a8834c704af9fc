"""The apps that `end_to_end` serves: as little as Flask and FastAPI can do, with the gate before them and without."""

from __future__ import annotations

from fastapi import FastAPI
from flask import Flask

from oidc_gate import asgi, wsgi

__all__ = ["fastapi_bare", "fastapi_gated", "flask_bare", "flask_gated"]


def flask_bare() -> Flask:
    """Return a Flask app with one view."""
    app = Flask("hello")

    @app.get("/")
    def hello() -> str:
        return "hello"

    return app


def flask_gated() -> Flask:
    """Return the same behind the gate, whose settings are in the environment."""
    app = flask_bare()
    app.wsgi_app = wsgi.OIDCGate(app.wsgi_app)  # type: ignore[method-assign]
    return app


def fastapi_bare() -> FastAPI:
    """Return a FastAPI app with one path."""
    app = FastAPI()

    @app.get("/")
    async def hello() -> str:
        return "hello"

    return app


def fastapi_gated() -> FastAPI:
    """Return the same behind the gate, whose settings are in the environment."""
    app = fastapi_bare()
    app.add_middleware(asgi.OIDCGate)
    return app
