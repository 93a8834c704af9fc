"""One app in each framework; its view at `/asked/KIND` asks for that `acr`, and says so only as it runs."""

from __future__ import annotations

from typing import Any

from tests import django_project
from tests.browser import World


def asking_app(name: str, world: World) -> Any:
    """Return the app of this framework."""
    return django_project.application(world, _django_views) if name == "django" else _APPS[name]()


def _flask() -> Any:
    import flask

    from oidc_gate.flask import current_identity, require

    app = flask.Flask(__name__)

    @app.route("/asked/<kind>", methods=["GET", "POST"])
    def asked(kind: str) -> str:
        require(acr=kind).check()
        identity = current_identity()
        return f"{identity.subject if identity else 'nobody'} {kind}"

    app.add_url_rule("/", "start", lambda: "start")
    return app


def _starlette() -> Any:
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    from oidc_gate.starlette import current_identity, require

    async def start(_: Any) -> Any:
        return PlainTextResponse("start")

    async def asked(request: Any) -> Any:
        kind = request.path_params["kind"]

        @require(acr=kind)
        async def view(request: Any) -> Any:
            identity = current_identity(request)
            return PlainTextResponse(f"{identity.subject if identity else 'nobody'} {kind}")

        return await view(request)

    return Starlette(routes=[Route("/asked/{kind}", asked, methods=["GET", "POST"]), Route("/", start)])


def _django_views() -> list[Any]:
    from django.http import HttpResponse
    from django.urls import path

    from oidc_gate.django import current_identity, require

    def asked(request: Any, kind: str) -> Any:
        @require(acr=kind)
        def view(request: Any) -> Any:
            identity = current_identity(request)
            return HttpResponse(f"{identity.subject if identity else 'nobody'} {kind}")

        return view(request)

    return [path("asked/<str:kind>", asked), path("", lambda _: HttpResponse("start"))]


_APPS = {"flask": _flask, "starlette": _starlette}
