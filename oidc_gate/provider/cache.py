"""What the provider said of itself, remembered: fetched on first use, kept for an hour, and longer while it is down."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Event, Lock
from typing import Generic, TypeVar

from oidc_gate.errors import ProviderError

__all__ = ["Cached"]

logger = logging.getLogger("oidc_gate")

T = TypeVar("T")

#: Metadata and keys are taken as they are for an hour.
_FRESH = 3600.0
#: After a failure the provider is left alone for two seconds, so that many logins do not wait for it one by one.
_PAUSE = 2.0
_NEVER = float("-inf")


class Cached(Generic[T]):
    """Something fetched from the provider on first use, and again when it is an hour old.

    One fetch is in flight at a time; whoever wants it meanwhile waits for that one, and takes what came of it. When it
    fails, the old copy serves on. Times are compared by their distance, for a clock may be set back.
    """

    def __init__(self, fetch: Callable[[], T], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._lock = Lock()  # guards what is in flight; never held while something is fetched
        self._in_flight: Event | None = None
        # What follows is changed by whoever fetches.
        self._value: T | None = None
        self._fetched_at = 0.0
        self._forced_at = _NEVER
        self._failed_at = _NEVER
        self._failure = ProviderError("provider_unreachable", "the provider was not asked")

    def adopt(self, other: Cached[T]) -> None:
        """Know what another one knows, with its age. What that is fetching it keeps to itself."""
        self._value, self._fetched_at = other._value, other._fetched_at
        self._forced_at, self._failed_at, self._failure = other._forced_at, other._failed_at, other._failure

    def known(self) -> T | None:
        """Return the value if it is here and fresh. Takes no lock: a value is replaced, never changed."""
        value = self._value
        return value if value is not None and abs(self._clock() - self._fetched_at) < _FRESH else None

    @property
    def latest(self) -> T | None:
        """The newest value there is, however old; None where there was none yet. Never blocks."""
        return self._value

    def get(self) -> T:
        """Return the value, fetching it if need be. Raises ProviderError when there is none to be had."""
        value = self.known()
        return value if value is not None else self._fetched(self.known)

    def asked_again(self, pause: float) -> bool:
        """Return whether `again` would take what is here, for it was fetched once more so lately. Never blocks."""
        return abs(self._clock() - self._forced_at) < pause

    def again(self, pause: float) -> T:
        """Fetch once more, because what is here may be out of date; at most once in `pause` seconds."""

        def forced_lately() -> T | None:
            return self._value if self.asked_again(pause) else None

        return self._fetched(forced_lately, forced=True)

    def _fetched(self, settled: Callable[[], T | None], *, forced: bool = False) -> T:
        """Return what is `settled` already, or what comes of the fetch in flight, or of one that is begun here."""
        with self._lock:
            value = settled()
            if value is not None:
                return value
            in_flight = self._in_flight
            if in_flight is None:
                begun = self._in_flight = Event()
        if in_flight is not None:
            in_flight.wait()
            return self._outcome()
        try:
            self._renew()
        finally:
            if forced:
                self._forced_at = self._clock()
            with self._lock:
                self._in_flight = None
            begun.set()
        return self._outcome()

    def _renew(self) -> None:
        now = self._clock()
        if abs(now - self._failed_at) < _PAUSE:
            return
        try:
            self._value, self._fetched_at, self._failed_at = self._fetch(), now, _NEVER
        except ProviderError as error:
            logger.warning("the provider's answer cannot be used: %s", error)
            self._failure, self._failed_at = error, self._clock()

    def _outcome(self) -> T:
        """Return the newest value there is, else raise the latest failure; an error is raised once, so a copy of it."""
        if self._value is None:
            raise type(self._failure)(self._failure.code, self._failure.detail)
        return self._value
