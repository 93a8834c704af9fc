"""What stands outside the gate and answers some requests by itself: nobody has to sign in for those.

The gate does not see these requests. It sees who calls it, as a request reaches it that was passed on: the call stack
names the well-known middleware between the server and the gate, be it a coroutine or not. What stands beside the gate
rather than outside, or is of another's making, cannot be noticed so.
"""

from __future__ import annotations

import logging
import sys

__all__ = ["warn_of_outsiders"]

logger = logging.getLogger("oidc_gate")

#: By module and qualified name of the function that passes a request on.
_OUTSIDERS = {
    ("flask_socketio", "_SocketIOMiddleware.__call__"): "Socket.IO",
    ("engineio.middleware", "WSGIApp.__call__"): "Socket.IO",
    ("engineio.async_drivers.asgi", "ASGIApp.__call__"): "Socket.IO",
    ("channels.routing", "ProtocolTypeRouter.__call__"): "ProtocolTypeRouter",
    ("whitenoise.base", "WhiteNoise.__call__"): "WhiteNoise",
    ("werkzeug.middleware.shared_data", "SharedDataMiddleware.__call__"): "SharedDataMiddleware",
    ("werkzeug.debug", "DebuggedApplication.debug_application"): "Werkzeug's debugger",
}


def warn_of_outsiders() -> None:
    """Log a warning for each of those that stand outside; to be called as a gate answers its first request."""
    frame = sys._getframe(1)
    found = []
    while frame.f_back is not None:
        frame = frame.f_back
        found.append(_OUTSIDERS.get((frame.f_globals.get("__name__", ""), frame.f_code.co_qualname)))
    for name in dict.fromkeys(filter(None, found)):
        logger.warning(
            "%s stands outside the gate: what it answers by itself is not guarded. Put the gate around it, last of all;"
            " docs/frameworks.md says how",
            name,
        )
