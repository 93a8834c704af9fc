"""Rules go by the path that the app's own router sees, however a mount point is spelt and whoever takes it off.

The routers are real; what they make of a path is not told to the gate by anybody.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import falcon.asgi
import pytest
from fastapi import FastAPI
from flask import Flask
from litestar import Litestar, get
from quart import Quart
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route

from oidc_gate import wsgi
from oidc_gate.asgi import OIDCGate
from tests.apps import COOKIE_SECRET
from tests.asgi_driver import ASGIDriver
from tests.browser import World
from tests.rule_gates import CLIENT, RuleGate
from tests.wire import WireRequest
from tests.wsgi_driver import WSGIDriver

#: Pages of the app, each of which may be for some people alone. They say which one they are.
PAGES = ["/admin", "/app/admin", "/app/app/admin"]
OPTIONS: dict[str, Any] = CLIENT | {"cookie_secret": COOKIE_SECRET}
ROOTS = ["/app", "/app/", "app", "app/", "//app", "/", "/app/app"]
PATHS = [
    *("/admin", "/app/admin", "/app/app/admin", "/app/app/app/admin", "//app/admin", "/app//admin", "/app//app/admin"),
    *("/x/app/admin", "/x/app/app/admin", "/xapp/admin", "/appadmin", "/app/appadmin", "//admin", "/app", "/app/", "/"),
]

App = Callable[[str], Any]
Place = Callable[..., Any]


def starlette_app(_: str) -> Starlette:
    def page(path: str) -> Route:
        return Route(path, lambda _: PlainTextResponse(path))

    def opened(_: Request) -> PlainTextResponse:
        return PlainTextResponse("open")

    return Starlette(routes=[*map(page, PAGES), Route("/{rest:path}", opened)])


def saying(text: str) -> Callable[[], str]:
    return lambda: text


def fastapi_app(root: str) -> FastAPI:
    app = FastAPI()
    app.root_path = root  # as its keyword does, which warns that the server is a better place for it
    for path in PAGES:
        app.get(path)(saying(path))
    app.get("/{rest:path}")(lambda: "open")
    return app


def litestar_app(_: str) -> Litestar:
    def page(path: str) -> Any:
        def page() -> str:
            return path if path in PAGES else "open"

        return get(path, sync_to_thread=False)(page)

    return Litestar([page(path) for path in (*PAGES, "/", "/{rest:path}")])


def litestar_in_starlette(root: str) -> Starlette:
    """Behind what Starlette takes off, Litestar cuts at the first place where both mount points stand together."""
    return Starlette(routes=[Mount("/lit", cast("Any", litestar_app(root))), Mount("/", starlette_app(root))])


def quart_app(_: str) -> Quart:
    app = Quart(__name__)
    for path in PAGES:
        app.add_url_rule(path, path, saying(path))
    app.add_url_rule("/", "root", lambda: "open")
    app.add_url_rule("/<path:rest>", "rest", lambda rest: "open")
    return app


def flask_app(_: str) -> Any:
    from asgiref.wsgi import WsgiToAsgi  # not for all tests: where it is loaded the gate makes scopes fit for it

    app = Flask(__name__)
    for path in PAGES:
        app.add_url_rule(path, path, saying(path))
    app.add_url_rule("/", "root", lambda: "open")
    app.add_url_rule("/<path:rest>", "rest", lambda rest: "open")
    return cast("Any", WsgiToAsgi)(app)


def falcon_app(_: str) -> Any:
    class Page:
        def __init__(self, text: str) -> None:
            self.text = text

        async def on_get(self, _: Any, response: Any, **__: Any) -> None:
            response.text = self.text

    app = falcon.asgi.App()
    for path in PAGES:
        app.add_route(path, Page(path))
    app.add_sink(cast("Any", Page("open").on_get), "/")
    return app


def mounted(inner: Any, _: str) -> Starlette:
    return Starlette(routes=[Mount("/", inner)])


def by_host(inner: Any, _: str) -> Starlette:
    return Starlette(routes=[Host("app.test", inner)])


def in_fastapi(inner: Any, root: str) -> FastAPI:
    app = FastAPI()
    app.root_path = root
    app.mount("/", inner)
    return app


def told(app: Any, path: str, root: str, cookie: str) -> tuple[int, str]:
    """Return what is answered, as a server has it that says this mount point and leaves the path as it came."""

    async def placed(scope: Any, receive: Any, send: Any) -> None:
        await app(scope | {"root_path": root}, receive, send)

    headers = [("Host", "app.test"), *([("Cookie", cookie)] if cookie else [])]
    answer = ASGIDriver(placed).run(WireRequest("GET", f"https://app.test{path}", headers))
    return answer.status, answer.body.decode().strip('"')  # FastAPI has it as JSON


def gated(app: Any, *rules: dict[str, Any]) -> Any:
    return OIDCGate(app, **OPTIONS, rules=list(rules))


def within(app: Any, *rules: dict[str, Any]) -> Any:
    """Return the app with the gate among its own middleware."""
    app.add_middleware(OIDCGate, **OPTIONS, rules=list(rules))
    return app


def closed(path: str) -> dict[str, Any]:
    return {"exact": path, "allow": {"groups": "Ops"}}


@pytest.fixture(scope="module")
def mallory() -> str:
    """Return the cookies of somebody who is signed in, and in no group."""
    of_rules = RuleGate("asgi", cast("Any", SimpleNamespace(settings={"rules": [closed("/admin")]})))
    return of_rules.cookies({"sub": "mallory"})


KNOWN = [(starlette_app, gated), (starlette_app, within), (fastapi_app, gated), (fastapi_app, within)]


@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize(("app", "place"), [*KNOWN, (litestar_app, gated), (quart_app, gated)])
def test_no_spelling_of_a_mount_point_opens_a_page(app: App, place: Place, root: str, mallory: str) -> None:
    seen = set()
    for page in PAGES:
        made = place(app(root), closed(page))
        for mount in ["", root] if app is fastapi_app else [root]:
            for path in [*PATHS, *(f"{mount}{path}" for path in PATHS)]:
                status, text = told(made, path, mount, mallory)
                assert (text == page, status >= 500) == (False, False), (page, mount, path)
                seen.add(status)
    assert 403 in seen


@pytest.mark.parametrize("place", [gated, within])
@pytest.mark.parametrize("outer", [mounted, by_host, in_fastapi])
@pytest.mark.parametrize("inner", [flask_app, quart_app, litestar_app, starlette_app])
def test_what_is_mounted_in_an_app_may_cut_in_the_middle_of_a_segment(
    inner: App, outer: Callable[[Any, str], Any], place: Place, mallory: str
) -> None:
    """As WSGI apps behind a2wsgi and asgiref do, and Quart: they serve /admin for /appadmin."""
    seen = set()
    for page in PAGES:
        made = place(outer(inner(""), "/app"), closed(page))
        for mount in ["", "/app"] if outer is in_fastapi else ["/app"]:
            for path in [*PATHS, *(f"{mount}{path}" for path in PATHS), "/x/appadmin", "/x/app/admin"]:
                status, text = told(made, path, mount, mallory)
                assert text != page, (page, mount, path)
                seen.add(status)
    assert 403 in seen


def test_a_router_that_keeps_the_mount_point_is_judged_by_the_whole_path(mallory: str) -> None:
    """Falcon's; Daphne lets any client say what the mount point is (`Daphne-Root-Path`)."""
    for page in PAGES:
        made = gated(falcon_app(""), closed(page))
        for mount in ("/app", "/admin", "/a", "/x"):
            for path in PATHS:
                assert told(made, path, mount, mallory)[1] != page, (page, mount, path)
    assert told(gated(falcon_app(""), closed("/admin")), "/app/other", "/app", mallory) == (200, "open")


@pytest.mark.parametrize(("app", "place"), KNOWN)
def test_letters_of_the_mount_point_in_a_path_mean_nothing(app: App, place: Place, mallory: str) -> None:
    """The proxy takes the mount point off, so that the path does not begin with it."""
    made = place(app("/app"), *map(closed, PAGES))
    mount = "" if app is fastapi_app else "/app"
    for path in ("/apple", "/whatsapp", "/mapping/3", "/users/app", "/app/apple", "/app/users/app", "/app/"):
        assert told(made, path, mount, mallory) == (200, "open"), path


def test_an_app_that_cuts_elsewhere_may_be_mounted_in_one_that_does_not(mallory: str) -> None:
    bare = litestar_in_starlette("/app")
    made = gated(bare, closed("/lit/admin"))
    path = "/lit/x/app/lit/admin"
    assert told(bare, path, "/app", "") == (200, "/admin")
    assert told(made, path, "/app", mallory)[0] == 403
    assert told(made, "/lit/x/admin", "/app", mallory) == (200, "open")


@pytest.mark.parametrize("mount", ["/app/", "/app"])
@pytest.mark.parametrize("world", ["wsgi", "asgi"])
def test_a_mount_point_with_a_slash_at_its_end_is_the_same_place(world: World, mount: str, mallory: str) -> None:
    """As `uvicorn --root-path /app/` says it, and gunicorn with SCRIPT_NAME=/app/."""

    def said(path: str) -> tuple[int, str]:
        if world == "asgi":
            return told(made, f"{mount}{path}", mount, mallory)
        inside = path if mount == "/app" else path[1:]
        request = WireRequest("GET", f"https://app.test{path}", [("Host", "app.test"), ("Cookie", mallory)])
        changed = {"SCRIPT_NAME": mount, "PATH_INFO": inside}
        answer = WSGIDriver(lambda environ, start: made(environ | changed, start)).run(request)
        return answer.status, answer.body.decode()

    for rules in ([closed("/admin")], []):
        options = OPTIONS | ({"rules": rules} if rules else {})
        made: Any = OIDCGate(starlette_app(""), **options) if world == "asgi" else wsgi.OIDCGate(plain_app, **options)
        for _ in range(3):
            assert said("/admin")[0] == (403 if rules else 200)
            assert said("/other") == (200, "open" if world == "asgi" else "/app /other")
            assert said("/oauth2/health") == (200, '{"status": "ok"}')
            assert said("/oauth2/userinfo")[0] == 200


def plain_app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['SCRIPT_NAME']} {environ['PATH_INFO']}".encode()]
