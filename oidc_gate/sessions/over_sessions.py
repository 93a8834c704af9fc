"""Sessions that are over without anybody here having ended them: each is told of once, when somebody comes with it."""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import Literal

from oidc_gate.sessions.memory import BoundedTable
from oidc_gate.sessions.open_session import OpenSession

__all__ = ["OnOver", "OverSessions"]

#: Is told of a session that is over, and why: nobody came for too long; its time was over; or it was ended elsewhere.
OnOver = Callable[[OpenSession, Literal["idle", "expired", "revoked"]], None]


class OverSessions:
    """Tells of sessions that are over. `idle`: seconds between two requests; `ended`: those that were ended here."""

    def __init__(self, on_over: OnOver | None, idle: float, ended: Container[str]) -> None:
        self._on_over = on_over
        self._idle = idle
        self._ended = ended
        self._told: BoundedTable[bool] = BoundedTable()

    def none_for(self, opened: OpenSession | None, now: float) -> OpenSession | None:
        """Tell of a session that is over, or that its store does not have any more; return what is left: None."""
        if self._on_over is None or opened is None:
            return None
        session_id = opened.session_id
        if session_id in self._ended or session_id in self._told:
            return None
        self._told.remember(session_id, True)
        if now >= opened.expires_at:
            self._on_over(opened, "expired")
        else:
            self._on_over(opened, "idle" if now - opened.seen_at > self._idle else "revoked")
        return None
