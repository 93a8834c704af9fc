"""The app behind the gate, by name; and the settings of a gate."""

from __future__ import annotations

import functools
import importlib
import sys
from pathlib import Path
from typing import Any

import pytest

from oidc_gate import Settings
from oidc_gate.errors import SettingsError
from oidc_gate.settings import app_target

MODULE = """
calls = []


def app(environ, start_response):
    return []


class Api:
    def application(self, environ, start_response):
        return []

    def create(self):
        return app


api = Api()
nothing = None
number = 7


def create_app():
    calls.append("create_app")
    return app


def create_number():
    return 7


def fails():
    raise KeyError("inside the factory")
"""

REQUIRED: dict[str, Any] = {
    "issuer_url": "https://id.example.com",
    "client_id": "the-app",
    "client_secret": "the-secret",
    "cookie_secret": "a-secret-of-16-characters-or-more",
}


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay out a package of apps and put it on the path; nothing of it stays."""
    package = tmp_path / "someapps"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "web.py").write_text(MODULE)
    (package / "site.py").write_text("def application(environ, start_response): ...\n")
    (package / "broken.py").write_text("import a_module_that_is_not_there\n")
    (package / "failing.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delenv("OIDC_GATE_APP", raising=False)
    for name in [name for name in sys.modules if name.split(".")[0] == "someapps"]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


@pytest.mark.parametrize(
    ("target", "named"),
    [
        ("someapps.web:app", "app"),
        ("someapps.web:api.application", "application"),
        ("someapps.web:create_app()", "app"),
        ("someapps.web:api.create()", "app"),
        ("someapps.web.app", "app"),
        ("someapps.web.create_app()", "app"),
        ("someapps.web:create_app", "create_app"),
    ],
)
def test_an_app_is_found_by_its_name(target: str, named: str) -> None:
    assert app_target.load_app(target).__name__ == named
    assert app_target.resolve_app(target).__name__ == named


def test_a_factory_is_called_once_for_each_time_it_is_named() -> None:
    app_target.load_app("someapps.web:create_app()")
    assert sys.modules["someapps.web"].calls == ["create_app"]


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("", "must be named like module:app or module:create_app()"),
        ("app", "must be named like"),
        (":app", "must be named like"),
        ("someapps.web:", "must be named like"),
        ("someapps.web:app:more", "must be named like"),
        ("someapps.web:create_app('x')", "must be named like"),
        ("someapps.web:create_app()()", "must be named like"),
        ("someapps.web:a..b", "must be named like"),
        (".web:app", "must be named like"),
        ("..:app", "must be named like"),
        ("someapps/web.py:app", "no module 'someapps/web'"),
        ("nothere:app", "there is no module 'nothere'"),
        ("someapps.nothere:app", "there is no module 'someapps.nothere'"),
        ("nothere.at.all:app", "there is no module 'nothere'"),
        ("someapps.web.app.more:x", "there is no module 'someapps.web.app'"),
        ("someapps.web:nope", "there is no nope in"),
        ("someapps.web:api.nope", "there is no nope in"),
        ("someapps.web:nothing", "there is no nothing in"),
        ("someapps.web:number", "is a int, not an app"),
        ("someapps.web:create_number()", "is a int, not an app"),
        ("someapps.web:number()", "is a int, not an app"),
        ("myapp", "Did you mean myapp:app?"),
        ("someapps.web", "there is no web in 'someapps.web'. Did you mean someapps.web:app?"),
        ("someapps:web", "'someapps:web' is a module, not an app. Did you mean someapps.web:app?"),
        ("someapps.site", "Did you mean someapps.site:application?"),
        ("someapps.site.py", "Did you mean someapps.site:application?"),
        ("someapps.nope", "Name the app that is there: someapps.nope:NAME."),
        ("someapps/site.py", "is it on the path? Modules are named with dots: someapps.site:app."),
        ("someapps.web:nope", "Did you mean someapps.web:app?"),
        ("someapps:nope", "Name the app that is there: someapps:NAME."),
        ("someapps.web.py", "Did you mean someapps.web:app?"),
        ("3000", "3000 is an address, and this is for Python apps"),
        ("localhost:3000", "localhost:3000 is an address"),
        ("[::1]:3000", "[::1]:3000 is an address"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000 is an address"),
        ("https://app.example.com/", "https://app.example.com/ is an address"),
    ],
)
def test_a_name_that_leads_to_no_app_is_told(target: str, says: str) -> None:
    if target == "someapps:web":
        app_target.load_app("someapps.web:app")  # now it is there
    with pytest.raises(SettingsError) as raised:
        app_target.load_app(target)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("someapps.broken:app", ModuleNotFoundError),
        ("someapps.failing:app", ZeroDivisionError),
        ("someapps.web:fails()", KeyError),
    ],
)
def test_an_error_inside_the_app_passes_through(target: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        app_target.load_app(target)


def test_a_callable_is_the_app_itself() -> None:
    def app() -> None:
        """Stand in for an app."""

    assert app_target.resolve_app(app) is app


@pytest.mark.parametrize("app", [7, b"module:app", ["module:app"], {}], ids=repr)
def test_what_is_no_app_is_told(app: Any) -> None:
    with pytest.raises(SettingsError, match="must be callable, or named like module:app"):
        app_target.resolve_app(app)


def test_without_an_app_the_environment_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OIDC_GATE_APP", " someapps.web:app ")
    assert app_target.resolve_app(None).__name__ == "app"


@pytest.mark.parametrize("value", [None, "", "  "])
def test_without_any_app_it_is_said_how_to_name_one(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if value is not None:
        monkeypatch.setenv("OIDC_GATE_APP", value)
    with pytest.raises(SettingsError, match="OIDC_GATE_APP"):
        app_target.resolve_app(None)


async def an_asgi_app(scope: Any, receive: Any, send: Any) -> None:
    """Stand in for an ASGI app."""


class ASGIApp:
    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Stand in for an ASGI app."""


class WSGIApp:
    def __call__(self, environ: Any, start_response: Any) -> list[bytes]:
        return []


@pytest.mark.parametrize(
    ("app", "expected"),
    [
        pytest.param(an_asgi_app, True, id="a coroutine function"),
        pytest.param(ASGIApp(), True, id="an object that is called"),
        pytest.param(functools.partial(an_asgi_app), True, id="a partial"),
        pytest.param(WSGIApp(), False, id="an object of the other world"),
        pytest.param(lambda environ, start_response: [], False, id="a function"),
        pytest.param(object(), False, id="no app at all"),
    ],
)
def test_the_two_worlds_are_told_apart(app: Any, expected: bool) -> None:
    assert app_target.is_asgi(app) is expected


class Views:
    """What is no app: each of its methods is called in another way."""

    def view(self, request: Any) -> None:
        """Stand in for a view."""

    @functools.wraps(view)
    def wrapping(self, *_: Any) -> list[bytes]:
        return []


def a_wsgi_app(environ: Any, start_response: Any) -> list[bytes]:
    return []


def a_factory(*, debug: bool = False) -> Any:
    return a_wsgi_app if debug else None


@pytest.mark.parametrize("world", ["wsgi", "asgi"])
@pytest.mark.parametrize(
    "app", [print, dict, Views().wrapping, lambda *_: None], ids=["built-in", "class", "method", "function"]
)
def test_what_may_be_an_app_is_taken_for_one(app: Any, world: app_target.World) -> None:
    app_target.check_app(app, world)


@pytest.mark.parametrize(
    ("app", "world", "says"),
    [
        (Views().view, "wsgi", "Views.view is no WSGI app: it cannot be called with (environ, start_response)."),
        (Views().view, "asgi", "Views.view is no ASGI app: it cannot be called with (scope, receive, send)."),
        (a_factory, "wsgi", "a_factory is no WSGI app: it cannot be called with (environ, start_response)."),
        (a_factory, "asgi", "If it makes the app, name it like module:a_factory()."),
        (a_wsgi_app, "asgi", "this is a WSGI app, by what it is called with: import OIDCGate from oidc_gate.wsgi"),
        (WSGIApp(), "asgi", "this is a WSGI app, by what it is called with"),
        (ASGIApp(), "wsgi", "this is an ASGI app: import OIDCGate from oidc_gate.asgi"),
    ],
)  # fmt: skip
def test_what_cannot_be_called_as_an_app_is_no_app(app: Any, world: app_target.World, says: str) -> None:
    with pytest.raises(SettingsError) as raised:
        app_target.check_app(app, world)
    assert says in str(raised.value)


def aiohttps() -> Any:
    import aiohttp.web

    return aiohttp.web.Application()


def tornados() -> Any:
    import tornado.web

    return tornado.web.Application()


def gradios() -> Any:
    """Return what Gradio's Interface is, by the names of its classes; the package brings a hundred others."""
    blocks = type("Blocks", (), {"__module__": "gradio.blocks", "__call__": lambda self, *inputs: inputs})
    return type("Interface", (blocks,), {"__module__": "gradio.interface"})()


def dashes() -> Any:
    """Return what Dash's Dash is, which is called as an app is, by the name of its class."""
    return type("Dash", (WSGIApp,), {"__module__": "dash.dash"})()


@pytest.mark.parametrize("world", ["wsgi", "asgi"])
@pytest.mark.parametrize(
    ("make", "says"),
    [
        (tornados, "is a Application: Tornado speaks neither WSGI nor ASGI"),
        (aiohttps, "is a Application: aiohttp speaks neither WSGI nor ASGI"),
        (gradios, "is a Interface: wrap the app that gradio.mount_gradio_app(fastapi.FastAPI(), demo"),
        (dashes, "is a Dash: wrap its Flask app: OIDCGate(app.server)."),
    ],
)
def test_the_apps_of_other_frameworks_are_refused_with_what_to_do(
    make: Any, says: str, world: app_target.World
) -> None:
    with pytest.raises(SettingsError) as raised:
        importlib.import_module(f"oidc_gate.{world}").OIDCGate(make(), **REQUIRED)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("make", "target", "says"),
    [
        (dashes, "someapps.web:found", "is a Dash, name its Flask app: someapps.web:found.server."),
        (dashes, "someapps.web:make()", "is a Dash, name its Flask app: module:app.server."),
        (tornados, "someapps.web:found", "is a Application, Tornado speaks neither WSGI nor ASGI"),
        (gradios, "someapps.web:found", "is a Interface, name the app that gradio.mount_gradio_app("),
    ],
)
def test_one_that_is_named_is_told_what_to_name(
    make: Any, target: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app_target.load_app("someapps.web:app")
    monkeypatch.setattr(sys.modules["someapps.web"], "found", make(), raising=False)
    monkeypatch.setattr(sys.modules["someapps.web"], "make", make, raising=False)
    with pytest.raises(SettingsError) as raised:
        app_target.load_app(target)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    ("wanted", "meant"), [("sevrer", "server"), ("aplication", "application"), ("x", "application")]
)
def test_the_nearest_name_is_meant_and_none_that_is_refused(
    wanted: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app_target.load_app("someapps.web:app")
    module = sys.modules["someapps.web"]
    monkeypatch.setattr(module, "app", dashes())
    for name in ("application", "server"):
        monkeypatch.setattr(module, name, a_wsgi_app, raising=False)
    with pytest.raises(SettingsError, match=f"Did you mean someapps.web:{meant}[?]"):
        app_target.load_app(f"someapps.web:{wanted}")


# The settings of a gate


def test_settings_that_are_given_are_the_gates() -> None:
    settings = Settings(**REQUIRED)
    assert app_target.resolve_settings(settings, {}) is settings
    assert app_target.resolve_settings(settings, {"client_id": "x"}) == Settings(**(REQUIRED | {"client_id": "x"}))


def test_without_settings_those_of_the_environment_are_the_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(f"OIDC_GATE_{name.upper()}", value)
    assert app_target.resolve_settings(None, {}) == Settings(**REQUIRED)
    assert app_target.resolve_settings(None, {"auth_id": "x"}) == Settings(**REQUIRED, auth_id="x")


@pytest.mark.parametrize("settings", [REQUIRED, "gate.toml", Settings])
def test_settings_of_another_type_are_refused(settings: Any) -> None:
    with pytest.raises(SettingsError, match="settings must be a Settings, not a"):
        app_target.resolve_settings(settings, {})
