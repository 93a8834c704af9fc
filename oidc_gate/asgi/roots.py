"""A mount point that an app takes off its paths by itself, which neither server nor scope tells of.

Rules go by what the app's router sees. So a gate that stands around such an app has to take it off as well.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["root_of"]

#: An app may stand in so many others, each of which has it as `app`; Channels' router, by the kind of connection.
_DEEPEST = 20


def root_of(app: Any) -> str:
    """Return the mount point, like `/api`, or `""` for none.

    FastAPI's `root_path`; Django's FORCE_SCRIPT_NAME, which counts under ASGI alone. Of others nothing is taken:
    Quart's `root_path` is a folder.
    """
    each = app
    for _ in range(_DEEPEST):
        modules = {kind.__module__ for kind in type(each).__mro__}
        if "fastapi.applications" in modules:
            return _plain(each.root_path)
        if "django.core.handlers.asgi" in modules:
            return _plain(sys.modules["django.conf"].settings.FORCE_SCRIPT_NAME or "")
        each = getattr(each, "app", None) or getattr(each, "application_mapping", {}).get("http")
    return ""


def _plain(root: str) -> str:
    return f"/{root.strip('/')}" if root.strip("/") else ""
