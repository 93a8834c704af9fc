"""The app behind the gate, by name: `module:attribute`, `module.attribute`, and `module:factory()`."""

from __future__ import annotations

import importlib
import inspect
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from oidc_gate.errors import SettingsError
from oidc_gate.settings.settings import Settings

if TYPE_CHECKING:
    from oidc_gate.settings.options import SettingsOptions

__all__ = ["is_asgi", "load_app", "resolve_app", "resolve_settings"]


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
    module_name, colon, attribute = target.partition(":")
    if not colon:
        module_name, _, attribute = target.rpartition(".")
    called = attribute.endswith("()")
    names = attribute.removesuffix("()").split(".")
    if not module_name or module_name.startswith(".") or not all(name.isidentifier() for name in names):
        raise SettingsError(f"the app must be named like module:app or module:create_app(), not {target!r}.")
    found = _module(module_name, target)
    for name in names:
        found = getattr(found, name, None)
        if found is None:
            raise SettingsError(f"there is no {name} in {target!r}.")
    if called and callable(found):
        found = found()
    if not callable(found):
        raise SettingsError(f"{target!r} is a {type(found).__name__}, not an app.")
    app: Callable[..., Any] = found
    return app


def is_asgi(app: Any) -> bool:
    """Return whether this is an ASGI app, by what servers go by: a call to it gives a coroutine."""
    return inspect.iscoroutinefunction(app) or inspect.iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004


def _module(name: str, target: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # the module is there, and one that it imports is not
        raise SettingsError(f"there is no module {error.name!r}, named in {target!r}; is it on the path?") from None
