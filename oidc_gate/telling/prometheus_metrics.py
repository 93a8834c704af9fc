"""Metrics kept by prometheus_client, in its default registry.

They are its own counters and histograms, for only these are added up over the processes of a server
(`PROMETHEUS_MULTIPROC_DIR`). All gates of a process share them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from oidc_gate.telling.metrics import METRICS, Metric

__all__ = ["PrometheusMetrics"]


@cache
def _collectors() -> dict[str, Any]:
    """Return all collectors by name; the first call registers them."""
    return {metric.name: _collector(metric) for metric in METRICS}


def _collector(metric: Metric) -> Any:
    if metric.kind == "counter":
        return Counter(metric.name, metric.meaning, metric.labels)
    if metric.kind == "duration":
        return Histogram(metric.name, metric.meaning, metric.labels, buckets=metric.bounds)
    if metric.kind == "gauge":
        return Gauge(metric.name, metric.meaning, metric.labels, multiprocess_mode="livesum")
    # Not its Info, which is left out where there are several processes; of these, what the living ones say counts.
    return Gauge(metric.name, metric.meaning, metric.labels, multiprocess_mode="livemax")


class PrometheusMetrics:
    """See `Series`."""

    def __init__(self) -> None:
        self._collectors = _collectors()

    def counter(self, name: str, labels: dict[str, str]) -> Callable[[], object]:
        """See `Series`."""
        series = self._collectors[name].labels(**labels)
        return partial(series.set, 1) if isinstance(series, Gauge) else series.inc

    def gauge(self, name: str, labels: dict[str, str]) -> Callable[[int], object]:
        """See `Series`."""
        return self._collectors[name].labels(**labels).inc  # type: ignore[no-any-return]

    def timer(self, name: str, labels: dict[str, str]) -> Callable[[float], object]:
        """See `Series`."""
        return self._collectors[name].labels(**labels).observe  # type: ignore[no-any-return]
