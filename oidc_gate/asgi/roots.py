"""How the app inside finds the path that it routes by, where servers and scopes do not tell.

Rules go by what the app's router sees. So a gate that stands around an app with a mount point of its own has to take
that off as well; and where a router may cut a path in two, the gate has to know.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

__all__ = ["UNKNOWN", "Routing", "inside", "routing_of"]

#: An app may stand in so many others, each of which has it as `app`; Channels' router, by the kind of connection.
_DEEPEST = 20


class Routing(NamedTuple):
    """What is known of an app's router.

    `root`: a mount point that the app takes off its paths by itself, as it has it, like `/api`, or `""` for none.
    `cuts_at_start`: a mount point is taken from the beginning of a path alone, and only as a whole segment; Litestar
    cuts at the first place where its letters stand.
    """

    root: str = ""
    cuts_at_start: bool = False


UNKNOWN = Routing()


def routing_of(app: Any) -> Routing:
    """Return what is known of the router of this app, or of the one that stands in it.

    `root` is FastAPI's `root_path`, and Django's FORCE_SCRIPT_NAME, which counts under ASGI alone. Of others nothing is
    taken: Quart's `root_path` is a folder.
    """
    each = app
    for _ in range(_DEEPEST):
        modules = {kind.__module__ for kind in type(each).__mro__}
        if "fastapi.applications" in modules:
            return Routing(_root(each.root_path), cuts_at_start=True)
        if "django.core.handlers.asgi" in modules:
            return Routing(_root(sys.modules["django.conf"].settings.FORCE_SCRIPT_NAME), cuts_at_start=True)
        if "starlette.applications" in modules or "starlette.routing" in modules:
            return Routing(cuts_at_start=True)
        each = getattr(each, "app", None) or getattr(each, "application_mapping", {}).get("http")
    return UNKNOWN


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
