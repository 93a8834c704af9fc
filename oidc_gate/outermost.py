"""Which gate stands in front of an app: the outermost on the way that a request takes inward."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from inspect import getclosurevars
from types import FunctionType
from typing import Any

from oidc_gate.asgi import OIDCGate as ASGIGate
from oidc_gate.wsgi import OIDCGate as WSGIGate

__all__ = ["AnyGate", "gate_in_front_of", "is_behind"]

AnyGate = WSGIGate | ASGIGate

#: Where frameworks and middleware keep what a request goes on to.
_INWARD = (
    "wsgi_app",
    "asgi_app",
    "middleware_stack",
    "asgi_handler",
    "app",
    "application",
    "_app",
    "func",
    "__wrapped__",
)
#: So many things on the way are looked at.
_MOST_STEPS = 64


def gate_in_front_of(app: Any) -> AnyGate | None:
    """Return the gate that requests to this app meet first, None where they meet none."""
    return next((each for each in _way_inward(app, _have_built) if isinstance(each, AnyGate)), None)


def is_behind(app: Any, gate: AnyGate) -> bool:
    """Return whether requests meet this app after the gate: whoever asks the app itself passes by the gate."""
    return any(each is app or getattr(each, "__self__", None) is app for each in _way_inward(gate))


def _way_inward(app: Any, prepare: Callable[[Any], None] = lambda _: None) -> Iterator[Any]:
    """Yield what a request to this app meets, as far as that can be seen; `prepare` is called with each."""
    ahead, seen = deque([app] if app is not None else []), set[int]()
    while ahead and len(seen) < _MOST_STEPS:
        each = ahead.popleft()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        prepare(each)
        ahead += [found for name in _INWARD if (found := getattr(each, name, None)) is not None]
        ahead += _held_by(each)


def _held_by(app: Any) -> list[Any]:
    """Return what a function that stands around an app goes on to: one of the callables that it holds."""
    if not isinstance(app, FunctionType):
        return []
    return [found for found in getclosurevars(app).nonlocals.values() if callable(found)]


def _have_built(app: Any) -> None:
    """Have Starlette build its middleware, which it else does at its first request."""
    if getattr(app, "middleware_stack", app) is None:
        app.middleware_stack = app.build_middleware_stack()
