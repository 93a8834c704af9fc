"""Apps that answer "hello" to everybody. A framework is imported with its app only: memory is measured."""

from __future__ import annotations

from typing import Any

__all__ = ["fastapi", "flask", "starlette"]


def flask() -> Any:
    """Return a Flask app with one view."""
    from flask import Flask

    app = Flask("hello")

    @app.get("/")
    def hello() -> str:
        return "hello"

    return app


def starlette() -> Any:
    """Return a Starlette app with one route."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    async def hello(_: Request) -> PlainTextResponse:
        return PlainTextResponse("hello")

    return Starlette(routes=[Route("/", hello)])


def fastapi() -> Any:
    """Return a FastAPI app with one path."""
    from fastapi import FastAPI
    from fastapi.responses import PlainTextResponse

    app = FastAPI()

    @app.get("/", response_class=PlainTextResponse)
    async def hello() -> str:
        return "hello"

    return app
