"""Sessions that live connections hang on: WebSockets and event streams, which go on long after their request."""

from __future__ import annotations

from threading import Lock

from oidc_gate.sessions.open_session import OpenSession

__all__ = ["LiveSession", "LiveSessions"]


class LiveSession:
    """A session that live connections hang on, and the newest cookie of it that this process knows of.

    A cookie session goes on in another cookie now and then, and what came with the first has no part in that.

    `key`: the session's id; `text`, `name`: of the cookie; `opened`: what it was opened to, None before it was.
    `expires_at`: when the session ends at the latest, as it was known when the first connection began.
    """

    __slots__ = ("connections", "expires_at", "key", "name", "opened", "text")

    def __init__(self, key: str, text: str, name: str, expires_at: float) -> None:
        self.key, self.text, self.name, self.expires_at = key, text, name, expires_at
        self.opened: OpenSession | None = None
        self.connections = 0

    def meet(self, text: str, opened: OpenSession) -> None:
        """Take note of a cookie of this session. An older one, of a request that was under way, is passed over."""
        known = self.opened
        if known is not None:
            if opened.kept_at < known.kept_at:
                return
            opened.seen_at = max(opened.seen_at, known.seen_at)
        self.text, self.name, self.opened = text, opened.name, opened


class LiveSessions(dict[str, LiveSession]):
    """The sessions that live connections of this process hang on, by their ids."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = Lock()  # guards additions and removals

    def add(self, session_id: str, text: str, name: str, expires_at: float) -> LiveSession:
        """Add a connection to a session; it came with this cookie. `expires_at`: see `LiveSession`."""
        with self._lock:
            live = self.get(session_id)
            if live is None:
                live = self[session_id] = LiveSession(session_id, text, name, expires_at)
            live.connections += 1
            return live

    def drop(self, live: LiveSession) -> None:
        """Take a connection away."""
        with self._lock:
            live.connections -= 1
            if not live.connections:
                del self[live.key]

    def meet(self, text: str, opened: OpenSession) -> None:
        """Take note of a cookie, if it is of one of these sessions."""
        live = self.get(opened.session_id)
        if live is not None:
            live.meet(text, opened)
