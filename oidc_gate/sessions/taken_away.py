"""Providers that were taken away while a process ran, or have another issuer or client now: their sessions are over.

That a process does not know a provider says nothing by itself: others may have taken over settings that add it, and
this one not yet. Its sessions are none here then, and not ended. But where the settings of this process had the
provider and have it no more, it was taken away: whoever had signed in by then has to do so again, should it come back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from oidc_gate.errors import StoreError
from oidc_gate.sessions.backends import Backend, StoreBackend
from oidc_gate.sessions.memory import BoundedTable

if TYPE_CHECKING:
    from oidc_gate.sessions.session import Head

__all__ = ["TakenAway"]

logger = logging.getLogger("oidc_gate")

#: Ends a session in its store: by its id, now, and when it would have ended. May block, raises StoreError.
End = Callable[[str, float, float], None]


class TakenAway:
    """What a process knows of providers that were taken away.

    `context`: what its seals are bound to, which goes by the first provider; `keys`: of those that there are, as
    sessions have them. `now`: in seconds since 1970. `before`: that of the settings whose place these take.
    """

    def __init__(self, context: str, keys: Iterable[str], now: float, before: TakenAway | None = None) -> None:
        self._context = context
        self._there = {(context, key) for key in keys}
        self._since: dict[tuple[str, str], float] = {}
        # Sessions that were met and are to be ended in their store, by when they end; and those that were.
        self._met: BoundedTable[float] = BoundedTable()
        self._ended: BoundedTable[bool] = BoundedTable()
        if before is not None:
            self._since = before._since | dict.fromkeys(before._there - self._there, now)
            self._ended = before._ended

    def meets(self, head: Head) -> bool:
        """Return whether a session, which opens here, is over because of that; then it is to be ended."""
        if not self._since or not self._is_over(head):
            return False
        self._met.remember(head[0], head[2])
        return True

    def _is_over(self, head: Head) -> bool:
        since = self._since.get((self._context, head[-1]))
        return since is not None and head[1] <= since

    def ended(self, backend: Backend, text: str, name: str) -> bool:
        """Return whether the session in a cookie is over because of that, as far as is known here. Never blocks."""
        if isinstance(backend, StoreBackend):
            return bool(self._ended) and backend.key(text, name) in self._ended
        found = backend.read(text, name, None, None) if self._since else None
        return isinstance(found, tuple) and self._is_over(found[0])

    def end_met(self, end: End, now: float) -> None:
        """End in the store what was met. May block; where it does not answer, the next request with it tries again."""
        while True:
            try:
                session_id, expires_at = self._met.popitem()
            except KeyError:
                return
            self._ended.remember(session_id, True)
            try:
                end(session_id, now, expires_at)
            except StoreError as error:
                logger.warning("a session whose provider was taken away could not be ended in the store: %s", error)

    async def end_met_on_loop(self, end: End, now: float) -> None:
        """Do the same on an event loop, which it does not block."""
        if self._met:
            from asyncio import to_thread  # late: under WSGI there is no loop

            await to_thread(self.end_met, end, now)
