"""Which logins have been answered in this process: a code is redeemed once, whoever sends the browser's answer again.

Single use of an attempt stands in the browser's cookie, which anyone can send as often as they like; each time would be
a call to the provider, in the client's name.
"""

from __future__ import annotations

from hashlib import sha256
from threading import Lock

__all__ = ["Redemptions"]

#: So many logins are remembered; the older half of them is forgotten when there are more.
_MOST = 10_000


class Redemptions:
    """The logins whose answer was taken, by their `state`; in memory they are 32 bytes each. Thread-safe."""

    def __init__(self) -> None:
        self._taken: dict[bytes, None] = {}
        self._lock = Lock()

    def has(self, state: str) -> bool:
        """Return whether the answer with this state was taken, or is being worked on."""
        return _key(state) in self._taken

    def begin(self, state: str) -> bool:
        """Take the answer with this state; False when it was taken before."""
        key = _key(state)
        with self._lock:
            if key in self._taken:
                return False
            self._taken[key] = None
            if len(self._taken) > _MOST:
                for each in list(self._taken)[: _MOST // 2]:
                    del self._taken[each]
            return True

    def forget(self, state: str) -> None:
        """Let the answer with this state be sent once more, for an outage kept it from being worked on."""
        with self._lock:
            self._taken.pop(_key(state), None)


def _key(state: str) -> bytes:
    return sha256(state.encode("utf-8", "surrogatepass")).digest()
