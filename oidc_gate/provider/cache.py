"""What the provider said of itself, remembered: fetched on first use, kept for an hour, and longer while it is down."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

from oidc_gate.errors import ProviderError

__all__ = ["Cached"]

logger = logging.getLogger("oidc_gate")

T = TypeVar("T")

#: Metadata and keys are taken as they are for an hour.
_FRESH = 3600.0
#: After a failure the provider is left alone for two seconds, so that many logins do not wait for it one by one.
_PAUSE = 2.0


class Cached(Generic[T]):
    """Something fetched from the provider on first use, and again when it is an hour old.

    One fetch is in flight at a time. When it fails, the old copy serves on. Times are compared by their distance, for a
    clock may be set back.
    """

    def __init__(self, fetch: Callable[[], T], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = Lock()  # guards everything below, and lets one thread fetch at a time
        self._value: T | None = None
        self._fetched_at = 0.0
        self._forced_at = float("-inf")
        self._failure: tuple[float, ProviderError] | None = None

    def known(self) -> T | None:
        """Return the value if it is here and fresh. Takes no lock: a value is replaced, never changed."""
        value = self._value
        return value if value is not None and abs(self._clock() - self._fetched_at) < _FRESH else None

    def get(self) -> T:
        """Return the value, fetching it if need be. Raises ProviderError when there is none to be had."""
        value = self.known()
        if value is not None:
            return value
        with self._lock:
            value = self.known()
            return value if value is not None else self._renew()

    def again(self, pause: float) -> T:
        """Fetch once more, because what is here may be out of date; at most once in `pause` seconds."""
        with self._lock:
            now = self._clock()
            if self._value is not None and abs(now - self._forced_at) < pause:
                return self._value
            self._forced_at = now
            return self._renew()

    def _renew(self) -> T:
        now = self._clock()
        if self._failure is None or abs(now - self._failure[0]) >= _PAUSE:
            try:
                self._value, self._fetched_at, self._failure = self._fetch(), now, None
            except ProviderError as error:
                logger.warning("the provider's answer cannot be used: %s", error)
                self._failure = (self._clock(), error)
        if self._value is None and self._failure is not None:
            code, detail = self._failure[1].code, self._failure[1].detail
            raise type(self._failure[1])(code, detail)
        return self._value  # type: ignore[return-value]  # not None: it was fetched, or is the old copy
