"""What counts as use of a session: requests that reach the app, and messages on a WebSocket of a stored session."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from oidc_gate.decisions import Request
from oidc_gate.errors import StoreError
from oidc_gate.gate.components import Components
from oidc_gate.sessions import NEVER

__all__ = ["Activity", "OnMessage"]

logger = logging.getLogger("oidc_gate")

#: Called with each message; what it returns may block, and is for a thread.
OnMessage: TypeAlias = Callable[[], Callable[[], None] | None]


class Activity:
    """Tells use of a session from what goes on by itself."""

    def __init__(self, components: Components) -> None:
        self._components = components
        self._sessions = components.sessions
        self._exempt = components.idle_exempt

    def counts(self, request: Request, *, passes: bool) -> bool:
        """Return whether this request keeps its session from going idle: it reaches the app, and is no polling."""
        return passes and not self._is_exempt(request)

    def on_message(self, request: Request) -> OnMessage | None:
        """Return what notices the messages of a WebSocket; None where they keep nothing alive.

        They do for sessions in a store alone: a cookie cannot be set by a WebSocket, and a token does not go idle.
        """
        sessions = self._sessions
        lag = sessions.limits.lag
        if not sessions.stores or lag == NEVER or self._is_exempt(request):
            return None
        clock = self._components.clock
        name, text = self._components.cookies(request).session_text(request.cookie_header)
        if text is None:  # whoever came with an access token
            return None
        keep_at = clock() + lag

        def notice() -> Callable[[], None] | None:
            nonlocal keep_at
            now = clock()
            sessions.notice(text, name, now)
            if now < keep_at:
                return None
            keep_at = now + lag
            return partial(self._keep, text, name, now)

        return notice

    def _keep(self, text: str, name: str, now: float) -> None:
        sessions = self._sessions
        try:
            opened = sessions.load(text, name, now)
            session = None if opened is None else sessions.renewed(opened, now, now)
            if opened is not None and session is not None:
                sessions.keep_seen(text, opened, session, name)
        except StoreError as error:
            logger.warning("activity on a WebSocket could not be kept: %s", error)

    def _is_exempt(self, request: Request) -> bool:
        return self._exempt is not None and self._exempt.cover(request.app_path, request.raw_target)
