"""One app in each framework, whose own code demands what rules could: `require` at each of these paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from tests.framework_apps import in_lower_case

#: By path: what is demanded there. A rule for the path can say the same.
DEMANDS: dict[str, dict[str, Any]] = {
    "/finance": {"groups": "Finance", "help": "Ask finance-it@example.com."},
    "/several": {"groups": ["Finance", "Board"], "domains": "example.com"},
    "/strong": {"acr": ["phr", "mfa"]},
    "/fresh": {"max_age": "10m", "groups": ["Finance", "Staff"]},
    "/machines": {"scopes": ["api:admin"]},
    "/anybody": {},
    "/both": {"provider": "default", "groups": "Finance"},
}


def rules() -> list[dict[str, Any]]:
    """Return rules that say the same."""
    return [{"name": "require", "path": path, **_as_rule(demands)} for path, demands in DEMANDS.items()]


def _as_rule(demands: dict[str, Any]) -> dict[str, Any]:
    beside = {name: value for name, value in demands.items() if name in ("acr", "max_age", "help")}
    conditions = [{name: value} for name, value in demands.items() if name not in beside]
    allow: Any = conditions[0] if len(conditions) == 1 else {"all": conditions} if conditions else "signed-in"
    return {"allow": allow, **beside}


#: What is demanded where a form is taken, at `/taken`; at `/read` the framework has read it before that is asked.
OF_FORMS: dict[str, Any] = {"max_age": "10m"}


def flask_app() -> Any:
    import flask

    from oidc_gate.flask import current_identity, require

    app = flask.Flask(__name__)

    def who() -> str:
        identity = current_identity()
        return identity.subject if identity else "nobody"

    async def who_in_time() -> str:
        return who()

    for path, demands in DEMANDS.items():
        app.add_url_rule(path, path, require(**demands)(who), methods=["GET", "POST"])
    app.add_url_rule("/async", "async", require(groups="Finance")(who_in_time))
    app.add_url_rule("/open", "open", who)

    @require(**OF_FORMS)
    def taken() -> str:
        return f"{who()} {flask.request.form['text']}"

    @app.before_request
    def read() -> None:
        if flask.request.path == "/read":
            assert flask.request.form

    for path in ("/taken", "/read"):
        app.add_url_rule(path, path, taken, methods=["POST"])

    part = flask.Blueprint("part", __name__)
    part.before_request(require(groups="Finance").check)
    part.add_url_rule("/part", "page", who)
    app.register_blueprint(part)
    return app


def starlette_app() -> Any:
    from starlette.applications import Starlette
    from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route, WebSocketRoute

    from oidc_gate.starlette import current_identity, require

    async def who(request: Any) -> Any:
        identity = current_identity(request)
        return PlainTextResponse(identity.subject if identity else "nobody")

    def who_at_leisure(request: Any) -> Any:
        identity = current_identity(request)
        return PlainTextResponse(identity.subject if identity else "nobody")

    class Part(HTTPEndpoint):
        @require(groups="Finance")
        async def get(self, request: Any) -> Any:
            return await who(request)

    @require(groups="Finance")
    async def talk(websocket: Any) -> None:
        await websocket.accept()
        await websocket.close()

    class Talk(WebSocketEndpoint):
        @require(groups="Finance")
        async def on_connect(self, websocket: Any) -> None:
            await talk(websocket)

    @require(**OF_FORMS)
    async def taken(request: Any) -> Any:
        return PlainTextResponse(f"{current_identity(request).subject} {(await request.form())['text']}")  # type: ignore[union-attr]

    async def read(request: Any) -> Any:
        assert await request.form()
        return await taken(request)

    forms = [Route("/taken", taken, methods=["POST"]), Route("/read", read, methods=["POST"])]
    at_leisure = {path: Route(path, require(**DEMANDS[path])(who_at_leisure)) for path in ("/strong",)}
    routes = [
        at_leisure.get(path) or Route(path, require(**demands)(who), methods=["GET", "POST"])
        for path, demands in DEMANDS.items()
    ]
    mounted = Mount("/mounted", routes=[Route("/part", require(groups="Finance")(who))])
    sockets = [WebSocketRoute("/talk", talk), WebSocketRoute("/talk-in-class", Talk)]
    return Starlette(routes=[*routes, *forms, Route("/part", Part), Route("/open", who), *sockets, mounted])


def fastapi_app() -> Any:
    from fastapi import Depends, FastAPI, Form, Request, Security, WebSocket
    from fastapi.responses import PlainTextResponse

    from oidc_gate import Identity
    from oidc_gate.fastapi import CurrentIdentity, OptionalIdentity, require

    app = FastAPI(default_response_class=PlainTextResponse)

    def endpoint(needed: Any) -> Callable[..., str]:
        def who(identity: Any) -> str:
            return str(identity.subject)

        who.__annotations__["identity"] = Annotated[Identity, Depends(needed)]
        return who

    for path, demands in DEMANDS.items():
        if demands:
            guarded = endpoint(require(**demands))
            app.get(path)(guarded)
            app.post(path)(guarded)

    async def anybody(identity: Any) -> str:
        return str(identity.subject)

    async def open_to_all(identity: Any) -> str:
        return identity.subject if identity else "nobody"

    async def part() -> str:
        return "part"

    async def talk(websocket: Any) -> None:
        await websocket.accept()
        await websocket.close()

    async def taken(request: Any, identity: Any) -> str:
        return f"{identity.subject} {(await request.form())['text']}"

    async def read(text: Any, identity: Any) -> str:
        return f"{identity.subject} {text}"

    taken.__annotations__ |= {"request": Request, "identity": Annotated[Identity, Depends(require(**OF_FORMS))]}
    read.__annotations__ |= {"text": Annotated[str, Form()], "identity": taken.__annotations__["identity"]}
    app.post("/taken")(taken)
    app.post("/read")(read)
    anybody.__annotations__["identity"] = CurrentIdentity
    open_to_all.__annotations__["identity"] = OptionalIdentity
    talk.__annotations__["websocket"] = WebSocket
    app.get("/anybody")(anybody)
    app.get("/open")(open_to_all)
    app.get("/part", dependencies=[Depends(require(groups="Finance"))])(part)
    app.get("/two-scopes", dependencies=[Security(require(), scopes=["api:read", "api:admin"])])(part)
    app.get("/one-scope", dependencies=[Security(require(), scopes=["api:read"])])(part)
    app.websocket("/talk", dependencies=[Depends(require(groups="Finance"))])(talk)
    return app


def django_views() -> list[Any]:
    """Return the URL patterns of the same in Django."""
    from django.http import HttpResponse
    from django.urls import path

    from oidc_gate.django import current_identity, require

    def who(request: Any) -> Any:
        identity = current_identity(request)
        return HttpResponse(identity.subject if identity else "nobody")

    async def who_in_time(request: Any) -> Any:
        return who(request)

    @require(**OF_FORMS)
    def taken(request: Any) -> Any:
        return HttpResponse(f"{current_identity(request).subject} {request.POST['text']}")  # type: ignore[union-attr]

    @require(**OF_FORMS)
    async def taken_in_time(request: Any) -> Any:
        return HttpResponse(f"{current_identity(request).subject} {request.POST['text']}")  # type: ignore[union-attr]

    def read(request: Any) -> Any:
        assert request.POST
        return taken(request)

    forms = [path("taken", taken), path("taken-in-time", taken_in_time), path("read", read)]
    found = [*forms, *(path(where[1:], require(**demands)(who)) for where, demands in DEMANDS.items())]
    return [*found, path("open", who), path("part", require(groups="Finance")(who_in_time))]


def flask_in_asgiref() -> Any:
    from asgiref.wsgi import WsgiToAsgi

    bridge: Any = WsgiToAsgi
    return in_lower_case(bridge(flask_app()))


def starlette_in_a2wsgi() -> Any:
    from a2wsgi import ASGIMiddleware

    return ASGIMiddleware(starlette_app())


def flask_in_a2wsgi() -> Any:
    from a2wsgi import WSGIMiddleware

    return in_lower_case(WSGIMiddleware(flask_app()))
