"""A mount point that an app takes off its paths by itself, which neither server nor scope tells of.

Rules go by what the app's router sees. So a gate that stands around such an app has to take it off as well.
"""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["root_of"]

#: An app may stand in so many others, each of which has it as `app`.
_DEEPEST = 20


def root_of(app: Any) -> str:
    """Return the mount point, like `/api`, or `""` for none.

    Starlette's and FastAPI's `root_path`; Django's FORCE_SCRIPT_NAME, which counts under ASGI alone.
    """
    each = app
    for _ in range(_DEEPEST):
        root = getattr(each, "root_path", None)
        if isinstance(root, str) and root.strip("/"):
            return _plain(root)
        each = getattr(each, "app", None)
    return _plain(_djangos())


def _djangos() -> str:
    if "django.core.handlers.asgi" not in sys.modules:
        return ""
    settings = sys.modules["django.conf"].settings
    return str(settings.FORCE_SCRIPT_NAME or "") if settings.configured else ""


def _plain(root: str) -> str:
    return f"/{root.strip('/')}" if root.strip("/") else ""
