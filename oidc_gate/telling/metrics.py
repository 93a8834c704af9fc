"""Which metrics there are, and who keeps them.

All labels have few values, which are known before the first request: reasons and codes from `words`, kinds of requests,
endpoints, operations, and the names of rules in the settings. Nothing is counted of a request that is recalled.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from oidc_gate.settings import Metrics

__all__ = ["METRICS", "Call", "Guarded", "Metric", "OwnMetrics", "Series"]

logger = logging.getLogger("oidc_gate")

#: Upper bounds of durations, in seconds: those of OpenTelemetry's convention for HTTP; for stores, which answer sooner;
#: for logins, which people take part in.
_HTTP = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
_STORE = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_LOGIN = (0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0)


class Metric(NamedTuple):
    """One metric: its name at Prometheus, and the names of its labels, in the order in which they are always given.

    `bounds`: of a duration, the upper bounds of its buckets.
    """

    name: str
    kind: Literal["counter", "duration", "gauge", "info"]
    labels: tuple[str, ...]
    meaning: str
    bounds: tuple[float, ...] = ()


METRICS = (
    Metric(
        "oidc_gate_logins_started_total",
        "counter",
        ("provider", "reason"),
        "Logins that were begun: for a page, because the login path was asked for, for a step-up, or once more.",
    ),
    Metric(
        "oidc_gate_logins_finished_total",
        "counter",
        ("provider", "reason"),
        "Logins that ended with a session, by why they were begun.",
    ),
    Metric(
        "oidc_gate_login_failures_total", "counter", ("provider", "code"), "Logins that ended in an error, by its code."
    ),
    Metric(
        "oidc_gate_login_duration_seconds",
        "duration",
        ("provider",),
        "Time from leaving for the provider to the session, people's part included.",
        _LOGIN,
    ),
    Metric(
        "oidc_gate_refusals_total",
        "counter",
        ("kind", "reason", "rule"),
        "Requests that got 401 or 403, by kind of request, reason and rule.",
    ),
    Metric(
        "oidc_gate_tokens_total",
        "counter",
        ("provider", "result"),
        "Access tokens of programs that were checked, by ok or the code; those remembered are not counted.",
    ),
    Metric("oidc_gate_sessions_ended_total", "counter", ("reason",), "Sessions that ended, as far as the gate sees."),
    Metric(
        "oidc_gate_provider_request_duration_seconds",
        "duration",
        ("provider", "endpoint", "outcome"),
        "Time that the provider took to answer.",
        _HTTP,
    ),
    Metric(
        "oidc_gate_store_request_duration_seconds",
        "duration",
        ("operation", "outcome"),
        "Time that the session store took to answer.",
        _STORE,
    ),
    Metric(
        "oidc_gate_live_connections",
        "gauge",
        ("kind",),
        "WebSockets and event streams that are open and end with their session.",
    ),
    Metric("oidc_gate_reloads_total", "counter", ("outcome",), "Changed settings that were taken over, or refused."),
    Metric("oidc_gate_info", "info", ("version", "store"), "1; the labels say which gate this is."),
)


class Call(NamedTuple):
    """A request to the provider, as OpenTelemetry's convention describes one. `status`: None without an answer."""

    method: str
    url: str
    status: int | None


class Series(Protocol):
    """Keeps series of metrics: each is asked for once, and what came of that is called. Labels are in their order."""

    def counter(self, name: str, labels: dict[str, str]) -> Callable[[], object]:
        """Return what counts one more; of `oidc_gate_info`, what says that these labels hold."""

    def gauge(self, name: str, labels: dict[str, str]) -> Callable[[int], object]:
        """Return what adds so much, or takes it away."""

    def timer(self, name: str, labels: dict[str, str]) -> Callable[[float], object]:
        """Return what takes note of how long something took, in seconds."""


class OwnMetrics:
    """Series of an object of the operator's own."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def counter(self, name: str, labels: dict[str, str]) -> Callable[[], object]:
        """See `Series`."""
        return lambda: self._metrics.count(name, dict(labels))

    def gauge(self, name: str, labels: dict[str, str]) -> Callable[[int], object]:
        """See `Series`. An object without `add` is told of what comes, by `count`, and not of what goes."""
        add = getattr(self._metrics, "add", None)
        if add is not None:
            return lambda amount: add(name, amount, dict(labels))
        return lambda amount: self._metrics.count(name, dict(labels)) if amount > 0 else None

    def timer(self, name: str, labels: dict[str, str]) -> Callable[[float], object]:
        """See `Series`."""
        return lambda seconds: self._metrics.observe(name, seconds, dict(labels))


class Guarded:
    """Metrics whose failures break no request: the first is logged, the others are passed over.

    A `key` is the name of a metric, and the values of its labels.
    """

    def __init__(self, series: Series) -> None:
        self._series = series
        self._observe_call: Any = getattr(series, "observe_call", None)
        self._counters: dict[tuple[str, ...], Callable[[], object]] = {}
        self._gauges: dict[tuple[str, ...], Callable[[int], object]] = {}
        self._timers: dict[tuple[str, ...], Callable[[float], object]] = {}
        self._has_failed = False

    def count(self, *key: str) -> None:
        """Count one more."""
        try:
            counter = self._counters.get(key)
            if counter is None:
                counter = self._counters[key] = self._series.counter(key[0], _labels(key))
            counter()
        except Exception as error:
            self._failed(error)

    def add(self, amount: int, *key: str) -> None:
        """Add so much, or take it away."""
        try:
            gauge = self._gauges.get(key)
            if gauge is None:
                gauge = self._gauges[key] = self._series.gauge(key[0], _labels(key))
            gauge(amount)
        except Exception as error:
            self._failed(error)

    def observe(self, seconds: float, *key: str) -> None:
        """Take note of how long something took."""
        try:
            timer = self._timers.get(key)
            if timer is None:
                timer = self._timers[key] = self._series.timer(key[0], _labels(key))
            timer(seconds)
        except Exception as error:
            self._failed(error)

    def observe_call(self, call: Call, seconds: float, *key: str) -> None:
        """Take note of how long the provider took; `call` is for whoever describes that in another way."""
        if self._observe_call is None:
            self.observe(seconds, *key)
            return
        try:
            self._observe_call(call, seconds, key[0], _labels(key))
        except Exception as error:
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        if not self._has_failed:
            self._has_failed = True
            logger.error("metrics cannot be kept, and this is said once: %s: %s", type(error).__name__, error)


_LABELS = {metric.name: metric.labels for metric in METRICS}


def _labels(key: tuple[str, ...]) -> dict[str, str]:
    name, *values = key
    return dict(zip(_LABELS[name], values, strict=True))
