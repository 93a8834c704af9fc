"""Event streams that end with the session, or the access token, that they came with: between two of their chunks.

What waits for an app's next chunk cannot be woken, so a stream that is silent ends with the next thing that it says,
which nobody gets any more.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from oidc_gate.decisions import Decision, Work
    from oidc_gate.gate import Gate, Holder, Live
    from oidc_gate.identity import Identity
    from oidc_gate.wsgi.request import WSGIRequest

__all__ = ["LiveStream"]

#: The part of `live_check` after which is looked again: the rest is for what a look takes.
_PART = 0.9


class LiveStream:
    """The chunks of an app's answer, as a server takes them.

    `gate`: tells which gate decides now; `perform`: has work done that may have to wait for its turn. `request`: as it
    came, with the session. `is_stream`: tells whether this is an event stream, once the first chunk is here.
    """

    def __init__(
        self,
        chunks: Iterable[bytes],
        gate: Callable[[], Gate],
        perform: Callable[[Work], Decision],
        request: WSGIRequest,
        identity: Identity,
        is_stream: Callable[[], bool],
    ) -> None:
        self._answer, self._chunks = chunks, iter(chunks)
        self._gate, self._perform = gate, perform
        self._request, self._identity, self._is_stream = request, identity, is_stream
        self._live: Live | None = None
        self._holder: Holder | None = None
        self._look_at, self._began_at = 0.0, time.monotonic()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = next(self._chunks)
        if time.monotonic() >= self._look_at and self._is_over():
            raise StopIteration
        return chunk

    def _is_over(self) -> bool:
        """Return whether the connection may not go on; settle when to look next."""
        live, now = self._gate().live, time.monotonic()
        self._look_at = now + live.within * _PART
        if self._live is None:
            self._begins(live)
            if now < self._began_at + live.within * _PART:  # it was judged a moment ago
                return False
        if self._holder is None or not live.within:
            return False
        reason = live.over_now(self._request, self._holder, self._perform)
        if reason is None:
            return False
        live.closed("event_stream", self._identity, reason)
        self._look_at = 0.0  # whoever asks once more is told the same
        return True

    def _begins(self, live: Live) -> None:
        """Look after this answer from its first chunk on, if it is an event stream."""
        self._live = live
        if self._is_stream():
            self._holder = live.hold("event_stream", self._request, self._identity)
        else:
            self._look_at = float("inf")

    def close(self) -> None:
        """End the app's part, as the server has it."""
        if self._live is not None and self._holder is not None:
            self._live.release("event_stream", self._holder)
            self._holder = None
        close: Any = getattr(self._answer, "close", None)
        if close is not None:
            close()
