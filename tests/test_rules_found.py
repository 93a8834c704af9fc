"""What attackers' readings of the rules have found: each by a test that failed before."""

from __future__ import annotations

import logging
import sys
import time
import unicodedata
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from fastapi import FastAPI
from quart import Quart
from starlette.applications import Starlette
from starlette.endpoints import HTTPEndpoint
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import PlainTextResponse
from starlette.routing import Host, Mount, Route, Router
from starlette.staticfiles import StaticFiles

from oidc_gate import Identity
from oidc_gate.access import AMBIGUOUS, NO_RULE, AllowLists, Policy
from oidc_gate.asgi import OIDCGate
from oidc_gate.asgi.request import ASGIRequest, Layouts
from oidc_gate.asgi.roots import UNKNOWN, Routing, routing_of
from oidc_gate.reserved_headers import ReservedHeaders
from tests.answers import Answer
from tests.apps import COOKIE_SECRET
from tests.asgi_driver import ASGIDriver
from tests.browser import World
from tests.conftest import StageFactory
from tests.naive_rules import Asking
from tests.providers.local import LocalProvider
from tests.rule_gates import RuleGate
from tests.stage import is_login
from tests.test_rule_tables import read

ADMIN = {"path": "/admin", "allow": {"groups": "Ops"}}


def ruled(world: World, *rules: dict[str, Any], **settings: Any) -> RuleGate:
    return RuleGate(world, cast("Any", SimpleNamespace(settings={"rules": list(rules)} | settings)))


def place(path: str, *rules: dict[str, Any]) -> int:
    lists = AllowLists(emails=None, domains=None, groups=None, groups_claim="groups")
    return Policy(read(*rules), {"default": lists}).plain_place(path, "GET", "")


# Mount points that an app takes off by itself


def api() -> FastAPI:
    app = FastAPI()
    app.root_path = "/api"  # as its keyword does, which warns that the server is a better place for it
    app.get("/admin")(lambda: "secret")
    app.get("/open")(lambda: "open")
    return app


def asked(gate: Any, cookies: str, path: str) -> int:
    from tests.wire import WireRequest

    headers = [("Host", "app.test"), ("Accept", "application/json"), ("Cookie", cookies)]
    return ASGIDriver(gate).run(WireRequest("GET", f"https://app.test{path}", headers)).status


@pytest.mark.parametrize("rules", [[ADMIN], [ADMIN, {"path": "/x", "method": "POST", "allow": "nobody"}]])
def test_rules_go_by_the_path_without_the_mount_point_that_the_app_takes_off(rules: list[dict[str, Any]]) -> None:
    gated = ruled("asgi", *rules)
    gate = OIDCGate(api(), **gated_options(rules))
    cookies = gated.cookies({"sub": "mallory"})
    for _ in range(3):
        assert asked(gate, cookies, "/admin") == 403
        assert asked(gate, cookies, "/api/admin") == 403
        assert asked(gate, cookies, "/api/open") == 200
        assert asked(gate, cookies, "/open") == 200
        assert asked(gate, cookies, "/api/%61dmin") == 403


def gated_options(rules: list[dict[str, Any]]) -> dict[str, Any]:
    from tests.rule_gates import CLIENT

    return CLIENT | {"cookie_secret": COOKIE_SECRET, "rules": rules}


def known(app: Any) -> tuple[str, bool]:
    routing = routing_of(app)
    return routing.root, routing.cuts_at_start()


def test_an_app_in_another_one_is_found() -> None:
    assert known(api()) == known(SimpleNamespace(app=SimpleNamespace(app=api()))) == ("/api", True)
    assert known(SimpleNamespace(application_mapping={"http": api()})) == ("/api", False), "it has other routers too"
    assert known(FastAPI()) == known(SimpleNamespace(app=Router())) == ("", True)
    assert routing_of(print) == routing_of(SimpleNamespace(application_mapping={})) == UNKNOWN
    endless = SimpleNamespace()
    endless.app = endless
    assert routing_of(endless) == UNKNOWN


class Endpoint(HTTPEndpoint):
    """A class that answers one path."""


class Anything:
    """An ASGI app of no known kind."""

    async def __call__(self, *_: Any) -> None:
        """Do nothing."""


def test_only_starlettes_own_routers_are_known_to_cut_at_segments(tmp_path: Path) -> None:
    endless, zipped = Router(), [Middleware(GZipMiddleware)]
    endless.routes.append(Mount("/x", endless))
    static = StaticFiles(directory=tmp_path)
    expected = {
        True: [
            Mount("/static", static),
            Mount("/zipped", Starlette(), middleware=zipped),
            Mount("/static", static, middleware=zipped),
            Host("a.test", Router()),
            Route("/class", Endpoint),
            Route("/function", partial(print, 1)),
        ],
        False: [
            Mount("/", Anything()),
            Mount("/", api()),
            Mount("/", Anything(), middleware=zipped),
            Host("a.test", Anything()),
            Route("/{path:path}", Anything()),
            Mount("/endless", endless),
        ],
    }
    for answer, routes in expected.items():
        for route in routes:
            app = Starlette(routes=[Route("/f", lambda _: PlainTextResponse("f")), route])
            assert known(app) == ("", answer), route
            app.add_middleware(GZipMiddleware)
            assert known(app.build_middleware_stack()) == ("", answer), route


def test_djangos_mount_point_is_none_of_websockets() -> None:
    routing = Routing("/app", of_http=True)
    for kind, path in (("http", "/ws"), ("websocket", "/app/ws")):
        scope = {"type": kind, "path": "/app/ws", "headers": []}
        assert ASGIRequest(scope, Layouts(ReservedHeaders()).of([]), routing).app_path == path


def test_a_folder_is_no_mount_point() -> None:
    app = Quart(__name__)
    assert app.root_path.startswith("/")
    assert routing_of(app) == UNKNOWN


class ASGIHandler:
    """Named as Django's."""

    __module__ = "django.core.handlers.asgi"


@pytest.mark.parametrize(("name", "root"), [("/app/", "/app/"), ("/app", "/app"), ("/", ""), (None, ""), ("", "")])
def test_djangos_own_mount_point_is_found(name: str | None, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = SimpleNamespace(FORCE_SCRIPT_NAME=name)
    monkeypatch.setitem(sys.modules, "django.conf", cast("Any", SimpleNamespace(settings=settings)))
    assert known(ASGIHandler()) == (root, True)
    assert routing_of(print) == UNKNOWN, "another app in a process that has loaded Django"


def test_with_two_mount_points_nobody_knows_what_the_app_makes_of_them() -> None:
    gated = ruled("asgi", ADMIN)
    gate = OIDCGate(api(), **gated_options([ADMIN]))
    from tests.wire import WireRequest

    headers = [("Host", "app.test"), ("Accept", "application/json"), ("Cookie", gated.cookies({"sub": "mallory"}))]
    answer = ASGIDriver(gate, root_path="/x").run(WireRequest("GET", "https://app.test/x/open", headers))
    assert answer.status == 403


@pytest.mark.parametrize(("path", "status"), [("/api/open", 200), ("/api/admin", 403), ("/api/api/open", 404)])
def test_a_mount_point_that_the_server_says_too_is_taken_off_once(path: str, status: int) -> None:
    from tests.wire import WireRequest

    rules: list[dict[str, Any]] = [ADMIN, {"path": "/never", "allow": "nobody"}]
    gated, gate = ruled("asgi", *rules), OIDCGate(api(), **gated_options(rules))
    headers = [("Host", "app.test"), ("Accept", "application/json"), ("Cookie", gated.cookies({"sub": "mallory"}))]
    answer = ASGIDriver(gate, root_path="/api").run(WireRequest("GET", f"https://app.test{path}", headers))
    assert answer.status == status


# Paths


def test_no_path_takes_long_to_be_judged() -> None:
    marks = "\u0344" * 40_000 + "\u0316" * 40_000
    started = time.perf_counter()
    assert place(f"/a{marks}", ADMIN) == AMBIGUOUS
    assert time.perf_counter() - started < 1.0, "seconds; it was minutes"
    assert place("/" + "ä" * 999, ADMIN) == NO_RULE
    assert place("/" + "ä" * 1000, ADMIN) == AMBIGUOUS


@pytest.mark.parametrize(
    ("path", "ambiguous"),
    [
        ("/pub/\uff0e\uff0e/admin", True),  # fullwidth dots
        ("/pub\uff0f\uff0fadmin", True),  # fullwidth slashes
        ("/pub\uff3cadmin", True),  # a fullwidth backslash
        ("/\uff41dmin", True),
        ("/ad\u00admin", True),  # a soft hyphen
        ("/ad\u200bmin", True),  # a space without width
        ("/pub/\u4e2d\u6587\uff1b", False),
        ("/caf\u00e9", False),
        ("/admin?x", True),
        ("/admin#x", True),
        ("/admin.", True),
        ("/admin./x", True),
        ("/admin.../x", True),
        ("/pub/C#", False),
        ("/pub/what?", False),
        ("/pub/etc.", False),
        ("/pub/v1.2", False),
    ],
)
def test_a_path_that_something_else_takes_for_a_guarded_one_is_ambiguous(path: str, ambiguous: bool) -> None:
    assert unicodedata.name("\uff0e") == "FULLWIDTH FULL STOP"
    assert (place(path, ADMIN) == AMBIGUOUS) is ambiguous


# Methods


def test_a_method_in_another_case_or_by_another_name_does_not_pass(world: World) -> None:
    gate = ruled(world, {"path": "/api", "method": "DELETE", "allow": {"groups": "Ops"}})
    cookies = gate.cookies({"sub": "mallory"})
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", *SPELT_OTHERWISE[world]):
        for _ in range(3):
            assert gate.ask(cookies, Asking("POST", "/api")).status == 200
            assert gate.ask(cookies, Asking("POST", "/api"), [(name, "DELETE")]).status == 403, name
    assert gate.ask(cookies, Asking("delete", "/api")).status == 403


#: Under ASGI names come as they were sent; what hands them on to WSGI makes one of these.
SPELT_OTHERWISE: dict[World, tuple[str, ...]] = {"wsgi": (), "asgi": ("x_http_method_override", "X_HTTP-Method")}


# Conditions


def test_a_function_is_asked_once_for_each_refused_request_and_once_for_all_that_pass(world: World) -> None:
    seen: list[str] = []

    def is_ann(identity: Identity) -> bool:
        seen.append(identity.subject)
        return identity.subject == "ann"

    gate = ruled(world, {"path": "/a", "allow": is_ann})
    ann, bob = gate.cookies({"sub": "ann"}), gate.cookies({"sub": "bob"})
    for _ in range(5):
        assert gate.ask(ann, Asking("GET", "/a")).status == 200
    assert seen == ["ann"]
    seen.clear()
    for _ in range(5):
        assert gate.ask(bob, Asking("GET", "/a")).status == 403
    assert seen == ["bob"] * 5


@pytest.mark.parametrize(
    ("claim", "claims", "passes"),
    [
        ("contractor", {}, True),
        ("contractor", {"contractor": None}, True),
        ("contractor", {"contractor": False}, False),
        ("contractor", {"_claim_names": {"contractor": "src1"}}, False),
        ("contractor", {"_claim_names": {"other": "src1"}}, True),
        ("contractor", {"_claim_names": "contractor"}, True),
        ("groups", {"hasgroups": True}, False),
        ("groups", {"_claim_names": {"groups": "src1"}}, False),
        ("groups", {}, True),
        ("contractor", {"hasgroups": True}, True),
        ("status.suspended", {"status": {"suspended": None}}, True),
        ("status.suspended", {"status": {}}, True),
        ("status.suspended", {}, True),
        ("status.suspended", {"status": "active"}, False),
        ("status.suspended", {"status": []}, False),
        ("status.suspended", {"_claim_names": {"status": "src1"}}, False),
    ],
)
def test_what_a_provider_has_left_out_is_not_missing(
    world: World, claim: str, claims: dict[str, Any], passes: bool
) -> None:
    gate = ruled(world, {"path": "/a", "allow": {"claims": {claim: {"missing": True}}}})
    answer = gate.ask(gate.cookies({"sub": "ann"} | claims), Asking("GET", "/a"))
    assert answer.status == (200 if passes else 403)


# Step-up

PAYROLL = {"name": "payroll", "path": "/payroll", "allow": "signed-in", "acr": "phr"}


def test_a_time_of_signing_in_that_is_yet_to_come_is_none(world: World) -> None:
    gate = ruled(world, {"path": "/a", "allow": "signed-in", "max_age": "10m"})
    now = int(gate.clock())
    for at, status in ((now, 200), (now + 299, 200), (now + 400, 401), (10**400, 401), (-1, 401), (True, 401)):
        assert gate.ask(gate.cookies({"sub": "ann", "auth_time": at}), Asking("GET", "/a")).status == status, at


def test_who_comes_back_late_is_not_taken_for_somebody_else(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(rules=[PAYROLL], login_timeout="15m", idle_session_timeout="10m")
    provider.usual_acr, provider.acrs = "pwd", ["phr"]
    browser = here.signed_in()
    leaving = browser.get("/payroll")
    assert is_login(leaving, provider)
    coming_back = browser.get(leaving.target)
    here.clock.advance(1000)
    page: Answer = browser.navigate(coming_back.target)
    assert (page.status, "step_up_other_person" in page.text) == (200, False), page


def test_a_browser_that_keeps_its_old_session_goes_in_no_circle(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(rules=[PAYROLL])
    provider.usual_acr, provider.acrs = "pwd", ["phr"]
    browser = here.signed_in()
    old = browser.cookies.get(here.session_name)
    assert old is not None
    statuses = []
    for _ in range(12):
        browser = here.moved(browser, here.another_gate())  # another process, which has not seen that session end
        browser.cookies.set(here.session_name, old)
        page = browser.navigate("/payroll")
        statuses.append(page.status)
    assert "step_up_unmet" in page.text
    assert statuses == [200] * 7 + [403] * 5  # the first login counts too


def test_what_a_provider_says_makes_no_line_of_its_own_in_the_log(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    here = stage(rules=[PAYROLL])
    provider.usual_acr = "a\nERROR forged line"
    browser = here.browser()
    caplog.set_level(logging.WARNING, "oidc_gate")
    assert browser.navigate("/payroll").status == 403
    assert all("\n" not in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("settings", [{"rules": [{"path": "/pub", "allow": "anyone"}]}, {"public_paths": ["/pub"]}])
@pytest.mark.parametrize("name", ["X-Vhm-Root", "x_vhm_root"])
def test_where_rules_go_by_paths_no_client_puts_another_in_front(
    stage: StageFactory, settings: dict[str, Any], name: str
) -> None:
    """Pyramid does so, whoever sends the header: `/pub` would be its `/admin/pub`."""
    seen = stage(**settings).browser().get("/pub", headers={name: "/admin"}).json()["headers"]
    assert not any("vhm" in each.lower() for each in seen)
    here = stage(bearer_audience="api", bearer_paths=["/pub"])
    seen = here.signed_in().fetch("/pub", headers={name: "/admin"}).json()["headers"]
    assert not any("vhm" in each.lower() for each in seen)
    others = stage().signed_in().fetch("/pub", headers={name: "/admin"}).json()["headers"]
    assert any("vhm" in each.lower() for each in others), "without rules it changes nothing"
