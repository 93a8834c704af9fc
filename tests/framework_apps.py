"""One small app in each framework: it answers with who asks, as `identity_of` tells it from the framework's request.

Frameworks are imported where they are used: most tests do without them.
"""

from __future__ import annotations

import asyncio
import json
import warnings
from collections.abc import Callable
from typing import Any

from oidc_gate import identity_of

App = Callable[..., Any]


def told(*carriers: Any) -> dict[str, Any]:
    """Return who asks, from each of these; they must all say the same."""
    found = [identity_of(each) for each in carriers]
    assert all(each == found[0] for each in found), found
    who = found[0]
    return {"subject": None, "username": None} if who is None else {"subject": who.subject, "username": who.username}


# WSGI


def flask_app() -> App:
    import flask

    app = flask.Flask(__name__)

    @app.route("/<path:path>")
    @app.route("/")
    def index(path: str = "") -> Any:
        return told(flask.request, flask.request.environ) | {"remote_user": flask.request.remote_user}

    return app


def falcon_wsgi() -> App:
    import falcon

    class Page:
        def on_get(self, req: Any, resp: Any) -> None:
            resp.media = told(req, req.env)

    app = falcon.App()
    app.add_sink(lambda req, resp, **_: Page().on_get(req, resp))
    return app


def bottle_app() -> App:
    import bottle

    app = bottle.Bottle()

    @app.route("/<path:path>")  # type: ignore[untyped-decorator]
    @app.route("/")  # type: ignore[untyped-decorator]
    def index(path: str = "") -> Any:
        return told(bottle.request, bottle.request.environ)

    return app  # type: ignore[no-any-return]


def pyramid_app() -> App:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pkg_resources
        from pyramid.config import Configurator

    with Configurator() as config:
        config.add_route("all", "/*path")
        config.add_view(lambda _context, request: told(request), route_name="all", renderer="json")
        return config.make_wsgi_app()  # type: ignore[no-any-return]


def starlette_in_a2wsgi() -> App:
    from a2wsgi import ASGIMiddleware

    return ASGIMiddleware(starlette_app())


# ASGI


def in_lower_case(app: App) -> App:
    """Return the app as servers see it: some send `Content-Type`, which they put up with and our driver does not."""

    async def lowered(scope: Any, receive: Any, send: Any) -> None:
        async def send_lower(message: Any) -> None:
            headers = [(name.lower(), value) for name, value in message.get("headers", ())]
            await send(message | ({"headers": headers} if headers else {}))

        await app(scope, receive, send_lower)

    return lowered


def starlette_app() -> App:
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def index(request: Any) -> Any:
        return JSONResponse(told(request, request.scope))

    return Starlette(routes=[Route("/{path:path}", index)])


def fastapi_app() -> App:
    from fastapi import FastAPI, Request

    app = FastAPI()

    async def index(request: Any) -> Any:
        return told(request, request.scope)

    index.__annotations__["request"] = Request
    app.get("/{path:path}")(index)
    return app


def falcon_asgi() -> App:
    import falcon.asgi

    async def index(req: Any, resp: Any, **_: Any) -> None:
        resp.media = told(req, req.scope)

    app = falcon.asgi.App()
    app.add_sink(index)
    return app


def litestar_app() -> App:
    from litestar import Litestar, Request, get

    async def index(request: Any) -> dict[str, Any]:
        return told(request, request.scope)

    index.__annotations__ = {"request": Request, "return": dict[str, Any]}
    return Litestar([get(["/", "/{path:path}"])(index)], openapi_config=None)


def quart_app() -> App:
    import quart

    app = quart.Quart(__name__)

    @app.route("/<path:path>")
    @app.route("/")
    async def index(path: str = "") -> Any:
        return told(quart.request, quart.request.scope)

    return app


def flask_in_a2wsgi() -> App:
    from a2wsgi import WSGIMiddleware

    app: App = in_lower_case(WSGIMiddleware(flask_app()))
    return app


def flask_in_asgiref() -> App:
    from asgiref.wsgi import WsgiToAsgi

    bridge: Any = WsgiToAsgi
    return in_lower_case(bridge(flask_app()))


def flask_in_starlette() -> App:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated, and much used
        from starlette.middleware.wsgi import WSGIMiddleware

    return in_lower_case(WSGIMiddleware(flask_app()))


def flask_mounted_in_fastapi() -> App:
    from fastapi import FastAPI

    app = FastAPI()
    app.mount("/old", flask_in_asgiref())
    app.mount("/older", flask_in_a2wsgi())
    app.mount("/oldest", flask_in_starlette())
    return app


def mcp_app() -> Any:
    """Return an MCP server over HTTP with one tool, `who`, and the paths that its lifespan starts."""
    from mcp.server.mcpserver import Context, MCPServer
    from mcp.server.transport_security import TransportSecuritySettings

    server = MCPServer("who")

    async def who(ctx: Any) -> str:
        return json.dumps(told(ctx, ctx.request_context, ctx.request_context.request))

    who.__annotations__ = {"ctx": Context, "return": str}
    server.tool()(who)
    security = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    return server.streamable_http_app(json_response=True, stateless_http=True, transport_security=security)


# Socket.IO and Channels


def socketio_wsgi(seen: list[Any], inner: App | None = None) -> App:
    """Return a python-socketio app that notes who connects."""
    import socketio

    server = socketio.Server(async_mode="threading", async_handlers=False, monitor_clients=False)
    server.on("connect", lambda _sid, environ, _auth=None: seen.append(told(environ)))
    return socketio.WSGIApp(server, inner)  # type: ignore[no-any-return]


def socketio_asgi(seen: list[Any], inner: App | None = None) -> App:
    """Return the same as an ASGI app."""
    import socketio

    quiet = {"async_handlers": False, "monitor_clients": False, "cors_allowed_origins": "*"}
    server = socketio.AsyncServer(async_mode="asgi", **quiet)

    async def connect(_sid: str, environ: Any, _auth: Any = None) -> None:
        await asyncio.sleep(0)
        seen.append(told(environ))

    server.on("connect", connect)
    return in_lower_case(socketio.ASGIApp(server, inner))


def channels_app(seen: list[Any]) -> App:
    """Return a Channels app as its tutorial has it: a consumer under `AuthMiddlewareStack`."""
    from tests import django_project

    django_project.set_up()
    from channels.auth import AuthMiddlewareStack
    from channels.generic.http import AsyncHttpConsumer
    from channels.generic.websocket import WebsocketConsumer
    from channels.routing import ProtocolTypeRouter

    def note(consumer: Any) -> None:
        user = consumer.scope["user"]
        seen.append(told(consumer, consumer.scope) | {"user": (user.is_authenticated, user.get_username())})

    class Socket(WebsocketConsumer):  # type: ignore[misc]
        def connect(self) -> None:
            note(self)
            self.accept()

    class Page(AsyncHttpConsumer):  # type: ignore[misc]
        async def handle(self, body: bytes) -> None:
            note(self)
            await self.send_response(200, b"{}", headers=[(b"content-type", b"application/json")])

    return ProtocolTypeRouter(  # type: ignore[no-any-return]
        {
            "websocket": AuthMiddlewareStack(Socket.as_asgi()),
            "http": AuthMiddlewareStack(Page.as_asgi()),
        }
    )
