"""Attacks on what frameworks make of the gate (docs/frameworks.md): ways around `require`, other people's users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import pytest

from tests.browser import Browser, World
from tests.conftest import StageFactory
from tests.stage import Stage
from tests.test_django_users import _empty, person, project

pytestmark = pytest.mark.uncounted

__all__ = ["_empty", "project"]  # fixtures

Make = Callable[[], Any]


def flask_ways() -> Any:
    import functools

    import flask
    from flask.views import MethodView

    from oidc_gate.flask import require

    app = flask.Flask(__name__)
    finance = require(groups="Finance")

    def secret() -> str:
        return "secret"

    class Methods(MethodView):
        decorators = [finance]  # noqa: RUF012  # as Flask has it

        def get(self) -> str:
            return "secret"

        post = get

    async def later() -> str:
        return "secret"

    def streamed() -> Any:
        return flask.Response(iter(["sec", "ret"]))

    def in_parts() -> Any:
        yield "secret"

    app.add_url_rule("/plain", "plain", finance(secret), methods=["GET", "POST"])
    app.add_url_rule("/methods", view_func=Methods.as_view("methods"))
    app.add_url_rule("/later", "later", finance(later))
    app.add_url_rule("/streamed", "streamed", finance(streamed))
    app.add_url_rule("/in-parts", "in_parts", finance(in_parts))
    app.add_url_rule("/partial", "partial", finance(functools.partial(secret)))
    app.add_url_rule("/twice", "twice", require()(finance(secret)))
    outer, inner = flask.Blueprint("outer", __name__), flask.Blueprint("inner", __name__)
    outer.before_request(finance.check)
    inner.add_url_rule("/nested", "nested", secret)
    outer.register_blueprint(inner)
    app.register_blueprint(outer)
    return app


def starlette_ways() -> Any:
    import functools

    from starlette.applications import Starlette
    from starlette.endpoints import HTTPEndpoint
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount, Route

    from oidc_gate.starlette import require

    finance = require(groups="Finance")

    async def secret(request: Any) -> Any:
        return PlainTextResponse("secret")

    def at_leisure(request: Any) -> Any:
        return PlainTextResponse("secret")

    class Endpoint(HTTPEndpoint):
        @finance
        async def get(self, request: Any) -> Any:
            return await secret(request)

        @finance
        def post(self, request: Any) -> Any:
            return at_leisure(request)

    class Called:
        async def __call__(self, request: Any) -> Any:
            return await secret(request)

    inner = Starlette(routes=[Route("/part", finance(secret))])
    return Starlette(
        routes=[
            Route("/plain", finance(secret), methods=["GET", "POST"]),
            Route("/leisure", finance(at_leisure)),
            Route("/endpoint", Endpoint),
            Route("/called", finance(Called())),
            Route("/partial", finance(functools.partial(secret))),
            Route("/named", finance(secret)),
            Mount("/app", app=inner),
            Mount("/mounted", routes=[Mount("/again", app=inner)]),
        ]
    )


def fastapi_ways() -> Any:
    from fastapi import APIRouter, Depends, FastAPI, Security

    from oidc_gate import Identity
    from oidc_gate.fastapi import CurrentIdentity, require

    app = FastAPI()
    finance, board = require(groups="Finance"), require(groups="Board")

    async def secret() -> str:
        return "secret"

    async def both(one: Any, other: Any) -> str:
        return "secret"

    both.__annotations__ |= {"one": CurrentIdentity, "other": Annotated[Identity, Depends(finance)]}
    first = APIRouter(dependencies=[Depends(finance)])
    first.get("/router")(secret)
    second = APIRouter()
    second.get("/nested")(secret)
    first.include_router(second)
    app.include_router(first)
    app.get("/plain", dependencies=[Depends(finance)])(secret)
    app.post("/plain", dependencies=[Depends(finance)])(secret)
    app.get("/cached", dependencies=[Depends(require()), Depends(board), Depends(finance)])(secret)
    app.get("/both")(both)
    app.get("/uncached", dependencies=[Depends(finance, use_cache=False)])(secret)
    app.get("/scopes", dependencies=[Security(require(), scopes=["a"]), Security(require(), scopes=["b"])])(secret)
    inner = FastAPI(dependencies=[Depends(finance)])
    inner.get("/part")(secret)
    app.mount("/app", inner)
    return app


WAYS: dict[tuple[World, Make], list[str]] = {
    ("wsgi", flask_ways): ["/plain", "/methods", "/later", "/streamed", "/in-parts", "/partial", "/twice", "/nested"],
    ("asgi", starlette_ways): [
        *("/plain", "/leisure", "/endpoint", "/called", "/partial", "/named", "/app/part", "/mounted/again/part")
    ],
    ("asgi", fastapi_ways): [
        *("/plain", "/router", "/nested", "/cached", "/both", "/uncached", "/scopes", "/app/part")
    ],
}


@pytest.mark.parametrize(("world", "make"), WAYS, indirect=["world"])
def test_no_way_of_writing_a_view_leads_around_require(stage: StageFactory, world: World, make: Make) -> None:
    here = stage(app=make())
    gardener, banker = person(here, groups=["Gardeners"]), person(here, sub="fin", groups=["Finance"])
    for path in WAYS[world, make]:
        for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT"):
            for browser in (gardener, here.browser()):
                answer = browser.fetch(path, method)
                assert "secret" not in answer.text, (path, method)
                assert answer.status in (401, 403, 405) or method == "OPTIONS", (path, method, answer.status)
        if path not in ("/cached", "/scopes"):  # which demand what nobody here has
            assert "secret" in banker.fetch(path).text, path
    assert banker.fetch(WAYS[world, make][0], headers={"X-HTTP-Method-Override": "GET"}).status == 200


def test_a_class_of_djangos_is_guarded_in_each_of_its_methods(stage: StageFactory, world: World) -> None:
    from django.http import HttpResponse
    from django.urls import path
    from django.utils.decorators import method_decorator
    from django.views import View

    from oidc_gate.django import require
    from tests import django_project

    def patterns() -> list[Any]:
        finance = require(groups="Finance")

        @method_decorator(finance, name="dispatch")
        class Plain(View):  # type: ignore[misc]
            def get(self, request: Any) -> Any:
                return HttpResponse("secret")

            post = get

        class Later(View):  # type: ignore[misc]
            async def get(self, request: Any) -> Any:
                return HttpResponse("secret")

        return [path("plain", Plain.as_view()), path("later", finance(Later.as_view()))]

    here = stage(app=django_project.application(world, patterns))
    gardener, banker = person(here, groups=["Gardeners"]), person(here, sub="fin", groups=["Finance"])
    for where in ("/plain", "/later"):
        for method in ("GET", "HEAD", "POST", "OPTIONS"):
            assert gardener.fetch(where, method).status in (401, 403), (where, method)
        assert banker.fetch(where).text == "secret"


def test_an_identity_that_something_else_has_made_up_passes_no_requirement(world: World) -> None:
    """What stands in a request for any other reason is no gate: neither a dict of a client's, nor an identity alone."""
    from oidc_gate import identity_of
    from oidc_gate.handed_over import GATE_KEY
    from oidc_gate.requiring import gate_of

    made_up: dict[str, Any] = {"oidc_gate.identity": {"subject": "evil"}, GATE_KEY: {"gate": "evil"}, "type": "http"}
    assert identity_of(made_up) is None
    with pytest.raises(RuntimeError, match="No oidc_gate"):
        gate_of(made_up)


def test_staff_and_superusers_are_lost_with_their_group(project: Callable[..., Stage]) -> None:
    here = project(STAFF_GROUPS=["Staff"], SUPERUSER_GROUPS=["Finance"])

    def rights(browser: Browser) -> tuple[bool, bool]:
        seen = browser.fetch("/open").json()
        return seen["is_staff"], seen["is_superuser"]

    assert rights(person(here, groups=["Staff", "Finance"])) == (True, True)
    assert rights(person(here, groups=["Staff"])) == (True, False)
    assert rights(person(here, groups=["Finance"])) == (False, True)
    assert rights(person(here, groups=["staff", "Staff ", "FINANCE", "Finance\u200b", "Finance"])) == (False, True)


def test_a_name_like_somebodys_makes_nobody_their_user(project: Callable[..., Stage]) -> None:
    """A name or an address like somebody's is nobody's but theirs, however it is written."""
    here = project(STAFF_GROUPS=["Staff"])
    assert person(here, sub="root", email="root@example.com").fetch("/open").json()["is_staff"] is True
    for sub, email in (("ROOT", "root@example.com"), ("root ", "Root@Example.com"), ("other", "root@example.com")):
        seen = person(here, sub=sub, email=email, groups=["Finance"]).fetch("/open").json()
        assert (seen["user"] == "root@example.com", seen["is_staff"]) == (False, False), seen
