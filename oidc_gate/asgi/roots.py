"""How the app inside finds the path that it routes by, where servers and scopes do not tell.

Rules go by what the app's router sees. So a gate that stands around an app with a mount point of its own has to take
that off as well; and where a router may cut a path in two, the gate has to know.
"""

from __future__ import annotations

import sys
from functools import partial
from types import FunctionType, MethodType
from typing import Any, NamedTuple

__all__ = ["UNKNOWN", "Routing", "inside", "routing_of"]

#: An app may stand in so many others, each of which has it as `app`; Channels' router, by the kind of connection.
_DEEPEST = 20


class Routing(NamedTuple):
    """What is known of an app's router.

    `root`: a mount point that the app takes off its paths by itself, as it has it, like `/api`, or `""` for none;
    `of_http`: not off those of WebSockets, which another router has. `keeps_mount`: it routes by the whole path.
    `router`: Starlette's or Django's, which take a mount point from the beginning of a path, as whole segments; None
    for any other: Litestar cuts at the first place where its letters stand, Quart and Channels in a segment's middle.
    """

    root: str = ""
    of_http: bool = False
    keeps_mount: bool = False
    router: Any = None

    def cuts_at_start(self) -> bool:
        """Return whether nothing in this app cuts a path in another way; what is mounted in it may."""
        return self.router is not None and (self.of_http or _is_starlettes(self.router, _DEEPEST))


UNKNOWN = Routing()


def routing_of(app: Any) -> Routing:
    """Return what is known of the router of this app, or of the one that stands in it.

    `root` is FastAPI's `root_path`, and Django's FORCE_SCRIPT_NAME, which counts under ASGI alone. Of others nothing is
    taken: Quart's `root_path` is a folder.
    """
    each, is_known = app, True
    for _ in range(_DEEPEST):
        modules = _modules(each)
        if "fastapi.applications" in modules:
            return Routing(_root(each.root_path), router=each if is_known else None)
        if "django.core.handlers.asgi" in modules:
            root = _root(sys.modules["django.conf"].settings.FORCE_SCRIPT_NAME)
            return Routing(root, of_http=True, router=each if is_known else None)
        if "falcon.asgi.app" in modules:
            return Routing(keeps_mount=is_known)
        if "starlette.applications" in modules or "starlette.routing" in modules:
            return Routing(router=each if is_known else None)
        inner = getattr(each, "app", None)
        is_known = is_known and inner is not None  # Channels has other routers beside this one
        each = inner or getattr(each, "application_mapping", {}).get("http")
    return UNKNOWN


def _modules(each: Any) -> set[str]:
    return _modules_of(type(each))


def _is_starlettes(app: Any, deepest: int) -> bool:
    """Return whether routers of Starlette alone route in this app, and none of those in it has a mount point itself."""
    modules = _modules(app)
    if "starlette.staticfiles" in modules:
        return True
    if any(module.startswith("starlette.middleware") for module in modules):
        return deepest > 0 and _is_starlettes(app.app, deepest - 1)
    if not modules & {"starlette.applications", "starlette.routing"} or not deepest:
        return False
    return all(_is_plain(route, deepest) for route in app.routes)


def _is_plain(route: Any, deepest: int) -> bool:
    """Return whether a route leads to a function, or to what `_is_starlettes`."""
    endpoint = getattr(route, "endpoint", None)
    if endpoint is not None:
        is_function = isinstance(endpoint, FunctionType | MethodType | partial)
        return is_function or (isinstance(endpoint, type) and "starlette.endpoints" in _modules_of(endpoint))
    inner = getattr(route, "app", None)
    return not getattr(inner, "root_path", "") and _is_starlettes(inner, deepest - 1)


def _modules_of(kind: type) -> set[str]:
    return {each.__module__ for each in kind.__mro__}


def _root(root: str | None) -> str:
    """Return the mount point as the app compares it: with a slash at its end, or none before it, it is another one."""
    return root if root and root.strip("/") else ""


def inside(path: str, root_path: str) -> str:
    """Return the path inside the app: the scope's path holds the mount point too, but for older servers.

    A mount point that ends with a slash is taken as it is, as Starlette, Django and Quart do: uvicorn has put it before
    the slash that the path begins with.
    """
    if root_path == "/" or not path.startswith(root_path):
        return path
    return path[len(root_path) :] if path[len(root_path) : len(root_path) + 1] in ("", "/") else path
