"""The app behind the gate, by name: `module:attribute`, `module.attribute`, and `module:factory()`."""

from __future__ import annotations

import importlib
import inspect
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

from oidc_gate.errors import SettingsError
from oidc_gate.settings.readers import nearest_name
from oidc_gate.settings.settings import Settings

if TYPE_CHECKING:
    from oidc_gate.settings.options import SettingsOptions

__all__ = ["check_app", "is_asgi", "load_app", "resolve_app", "resolve_settings"]

World = Literal["wsgi", "asgi"]

#: What an app of each world is called with.
_CALLED_WITH = {"wsgi": ("environ", "start_response"), "asgi": ("scope", "receive", "send")}

#: Classes of web frameworks whose objects are no apps of either world, and what to do with one that `{target}` named.
_OTHERS = {
    ("tornado.web", "Application"): "Tornado speaks neither WSGI nor ASGI; let it listen, and name where it does"
    " (oidc-gate run http://127.0.0.1:8888)",
    ("aiohttp.web_app", "Application"): "aiohttp speaks neither WSGI nor ASGI; let it listen, and name where it does"
    " (oidc-gate run http://127.0.0.1:8080)",
    ("gradio.blocks", "Blocks"): 'name the app that gradio.mount_gradio_app(fastapi.FastAPI(), demo, path="/") returns',
    ("dash.dash", "Dash"): "name its Flask app: {target}.server",
}
#: What to do with one that is given in code, where that is something else.
_IN_CODE = {
    ("gradio.blocks", "Blocks"): 'wrap the app that gradio.mount_gradio_app(fastapi.FastAPI(), demo, path="/") returns',
    ("dash.dash", "Dash"): "wrap its Flask app: OIDCGate(app.server)",
}
#: Where an HTTP server listens, in place of an app: `3000`, `localhost:3000`, `http://127.0.0.1:3000`.
_ADDRESS = re.compile(r"[A-Za-z]+://.*|(?:[\w.-]+:|\[[0-9A-Fa-f:]+\]:)?[0-9]+", re.ASCII)


def resolve_app(app: Any) -> Callable[..., Any]:
    """Return the app: itself if it is callable, what it names if it is text, what `OIDC_GATE_APP` names if it is None.

    Raises SettingsError.
    """
    if app is None:
        app = os.environ.get("OIDC_GATE_APP", "").strip()
        if not app:
            raise SettingsError("there is no app to put the gate in front of: pass one, or name it in OIDC_GATE_APP.")
    if isinstance(app, str):
        return load_app(app)
    if not callable(app):
        raise SettingsError(f"the app must be callable, or named like module:app; it is a {type(app).__name__}.")
    found: Callable[..., Any] = app
    return found


def resolve_settings(settings: Settings | None, options: SettingsOptions) -> Settings:
    """Return the settings of a gate: those given, or those of the environment; `options` override fields."""
    if settings is None:
        return Settings.from_env(**options)
    if not isinstance(settings, Settings):
        raise SettingsError(f"settings must be a Settings, not a {type(settings).__name__}.")
    return settings.with_options(**options) if options else settings


def load_app(target: str) -> Callable[..., Any]:
    """Return the app that a target names. Raises SettingsError; an error inside the app's own module passes through."""
    if _ADDRESS.fullmatch(target):
        raise SettingsError(
            f"{target} is an address, and this is for Python apps, named like module:app. The gate stands in front of"
            f" an app in another language, or in another process, with: oidc-gate run {target}"
        )
    module_name, colon, attribute = target.partition(":")
    if not colon:
        module_name, _, attribute = target.rpartition(".")
    called = attribute.endswith("()")
    names = attribute.removesuffix("()").split(".")
    if not module_name or module_name.startswith(".") or not all(name.isidentifier() for name in names):
        hint = f" Did you mean {target}:app?" if target.isidentifier() else ""
        raise SettingsError(f"the app must be named like module:app or module:create_app(), not {target!r}.{hint}")
    found = _module(module_name, target)
    for name in names:
        module, found = found, getattr(found, name, None)
        if found is None:
            raise SettingsError(f"there is no {name} in {target!r}.{_app_in(module, target, name)}")
    if called and callable(found):
        found = found()
    advice = _advice(found, "module:app" if called else target)
    if advice or not callable(found):
        advice = advice or f"not an app.{_app_in(found, target)}"
        raise SettingsError(f"{target!r} is a {type(found).__name__}, {advice}")
    app: Callable[..., Any] = found
    return app


def check_app(app: Callable[..., Any], world: World) -> None:
    """Refuse what cannot be called as the apps of this world are: each request would end in an error of its own.

    Raises SettingsError. What does not tell how it is called is taken for an app.
    """
    advice = _advice(app)
    if advice:
        raise SettingsError(f"the app is a {type(app).__name__}: {advice}")
    if world == "wsgi" and is_asgi(app):
        raise SettingsError("this is an ASGI app: import OIDCGate from oidc_gate.asgi.")
    if world == "asgi" and hasattr(app, "wsgi_app"):
        raise SettingsError("this is a WSGI app: import OIDCGate from oidc_gate.wsgi.")
    wanted = _CALLED_WITH[world]
    if _takes(app, len(wanted)):
        return
    if world == "asgi" and _takes(app, 2):
        raise SettingsError("this is a WSGI app, by what it is called with: import OIDCGate from oidc_gate.wsgi.")
    name = getattr(app, "__qualname__", type(app).__qualname__)
    mend = f" If it makes the app, name it like module:{name}()." if _takes(app, 0) else ""
    raise SettingsError(f"{name} is no {world.upper()} app: it cannot be called with ({', '.join(wanted)}).{mend}")


def _takes(app: Callable[..., Any], number: int) -> bool:
    """Return whether so many arguments can be given to it, or nobody knows."""
    try:
        signature = inspect.signature(app, follow_wrapped=False)  # what it wraps may be called in another way
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(*range(number))
    except TypeError:
        return False
    return True


def _advice(found: Any, target: str = "") -> str:
    """Return what to do with the app of a framework that speaks neither WSGI nor ASGI; `""` for any other object.

    `target` is the name that it was found by; without one it was given in code.
    """
    classes = {(base.__module__, base.__name__) for base in type(found).__mro__}
    advice = _OTHERS if target else _OTHERS | _IN_CODE
    return next((f"{text}.".replace("{target}", target) for each, text in advice.items() if each in classes), "")


def _app_in(found: Any, target: str, wanted: str = "") -> str:
    """Return which app was meant, perhaps, by a target that led to a module, or to nothing in it by the name wanted."""
    if not inspect.ismodule(found):
        return ""
    module, names = found.__name__, _names_in(found, wanted)
    if not names and ":" not in target:
        module = target.removesuffix(".py")
        try:
            names = _names_in(importlib.import_module(module))  # as Django's `mysite.wsgi`
        except ImportError:
            names = []
    return f" Did you mean {module}:{names[0]}?" if names else f" Name the app that is there: {module}:NAME."


def _names_in(module: Any, wanted: str = "") -> list[str]:
    """Return the usual names of an app that this module has, the one that is nearest to the wanted name first."""
    usual = ("app", "application", "api", "server", "create_app")
    has = vars(module)
    names = [name for name in usual if callable(has.get(name)) and not _advice(has[name])]
    nearest = nearest_name(wanted, names, alike=0.6)
    return sorted(names, key=lambda name: name != nearest)


def is_asgi(app: Any) -> bool:
    """Return whether this is an ASGI app, by what servers go by: a call to it gives a coroutine."""
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004


def _module(name: str, target: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # the module is there, and one that it imports is not
        mend = f" Modules are named with dots: {name.replace('/', '.')}:app." if "/" in name else ""
        raise SettingsError(
            f"there is no module {error.name!r}, named in {target!r}; is it on the path?{mend}"
        ) from None
