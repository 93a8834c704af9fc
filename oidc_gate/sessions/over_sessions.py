"""Sessions that are over without anybody here having ended them: each is told of once, when somebody comes with it."""

from __future__ import annotations

from collections.abc import Container, Mapping

from oidc_gate.sessions.by_provider import ByProvider
from oidc_gate.sessions.memory import BoundedTable
from oidc_gate.sessions.open_session import OpenSession

__all__ = ["OverSessions"]


class OverSessions:
    """Tells of sessions that are over. `idle`: seconds between two requests; `ended`: those that were ended here.

    `by_provider`: who is told, by the session's `provider_key`.
    """

    def __init__(self, by_provider: Mapping[str, ByProvider], idle: float, ended: Container[str]) -> None:
        self._by_provider = by_provider
        self._idle = idle
        self._ended = ended
        self._told: BoundedTable[bool] = BoundedTable()

    def none_for(self, opened: OpenSession | None, now: float) -> OpenSession | None:
        """Tell of a session that is over, or that its store does not have any more; return what is left: None."""
        on_over = None if opened is None else self._by_provider[opened.provider_key].on_over
        if opened is None or on_over is None:
            return None
        session_id = opened.session_id
        if session_id in self._ended or session_id in self._told:
            return None
        self._told.remember(session_id, True)
        if now >= opened.expires_at:
            on_over(opened, "expired")
        else:
            on_over(opened, "idle" if now - opened.seen_at > self._idle else "revoked")
        return None
