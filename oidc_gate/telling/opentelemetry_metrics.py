"""Metrics kept by OpenTelemetry, under the names of its conventions where it has some.

What is kept, and where it goes, is the affair of the app's own set-up of its SDK: without one nothing is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.metrics import get_meter

from oidc_gate.telling.metrics import METRICS, Call, Metric

__all__ = ["NAMES", "OpenTelemetryMetrics"]

#: For each metric its name, unit, and the attributes that its labels are.
NAMES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "oidc_gate_logins_started_total": (
        "oidc_gate.login.started",
        "{login}",
        ("oidc_gate.provider", "oidc_gate.reason"),
    ),
    "oidc_gate_logins_finished_total": (
        "oidc_gate.login.finished",
        "{login}",
        ("oidc_gate.provider", "oidc_gate.reason"),
    ),
    "oidc_gate_login_failures_total": ("oidc_gate.login.failures", "{login}", ("oidc_gate.provider", "error.type")),
    "oidc_gate_login_duration_seconds": ("oidc_gate.login.duration", "s", ("oidc_gate.provider",)),
    "oidc_gate_refusals_total": (
        "oidc_gate.refusals",
        "{request}",
        ("oidc_gate.request.kind", "oidc_gate.reason", "oidc_gate.rule"),
    ),
    "oidc_gate_tokens_total": ("oidc_gate.tokens", "{token}", ("oidc_gate.provider", "oidc_gate.result")),
    "oidc_gate_sessions_ended_total": ("oidc_gate.sessions.ended", "{session}", ("oidc_gate.reason",)),
    "oidc_gate_provider_request_duration_seconds": (
        "http.client.request.duration",
        "s",
        ("oidc_gate.provider", "oidc_gate.endpoint", "oidc_gate.outcome"),
    ),
    "oidc_gate_store_request_duration_seconds": (
        "db.client.operation.duration",
        "s",
        ("db.operation.name", "oidc_gate.outcome"),
    ),
    "oidc_gate_live_connections": ("oidc_gate.live_connections", "{connection}", ("oidc_gate.live.kind",)),
    "oidc_gate_reloads_total": ("oidc_gate.reloads", "{reload}", ("oidc_gate.outcome",)),
    "oidc_gate_info": ("oidc_gate.info", "1", ("service.version", "oidc_gate.store")),
}
#: `db.system.name` of each kind of store.
_DATABASES = {"sqlite": "sqlite", "redis": "redis"}
_PORTS = {"http": 80, "https": 443}


class OpenTelemetryMetrics:
    """See `Series`. `store`: the kind of store."""

    def __init__(self, store: str) -> None:
        meter = get_meter("oidc_gate")
        self._instruments = {metric.name: _instrument(meter, metric) for metric in METRICS}
        self._of_store = {"db.system.name": _DATABASES.get(store, "other_sql")}

    def counter(self, name: str, labels: dict[str, str]) -> Callable[[], object]:
        """See `Series`."""
        instrument, attributes = self._instruments[name], _attributes(name, labels)
        return partial(instrument.set if name == "oidc_gate_info" else instrument.add, 1, attributes)

    def gauge(self, name: str, labels: dict[str, str]) -> Callable[[int], object]:
        """See `Series`."""
        return partial(self._instruments[name].add, attributes=_attributes(name, labels))

    def timer(self, name: str, labels: dict[str, str]) -> Callable[[float], object]:
        """See `Series`."""
        attributes = _attributes(name, labels)
        if name == "oidc_gate_store_request_duration_seconds":
            attributes |= self._of_store
            if labels["outcome"] != "ok":
                attributes["error.type"] = "store_unavailable"
        return partial(self._instruments[name].record, attributes=attributes)

    def observe_call(self, call: Call, seconds: float, name: str, labels: dict[str, str]) -> None:
        """Take note of a request to the provider, as the convention for HTTP clients has it."""
        parts = urlsplit(call.url)
        attributes: dict[str, Any] = _attributes(name, labels) | {
            "http.request.method": call.method,
            "server.address": parts.hostname or "",
            "server.port": parts.port or _PORTS.get(parts.scheme, 0),
            "url.scheme": parts.scheme,
        }
        if call.status is None:
            attributes["error.type"] = "provider_unreachable"
        else:
            attributes["http.response.status_code"] = call.status
            if call.status >= 400:
                attributes["error.type"] = str(call.status)
        self._instruments[name].record(seconds, attributes)


def _attributes(name: str, labels: dict[str, str]) -> dict[str, Any]:
    return dict(zip(NAMES[name][2], labels.values(), strict=True))


def _instrument(meter: Any, metric: Metric) -> Any:
    name, unit, _ = NAMES[metric.name]
    if metric.kind == "counter":
        return meter.create_counter(name, unit, metric.meaning)
    if metric.kind == "gauge":
        return meter.create_up_down_counter(name, unit, metric.meaning)
    if metric.kind == "info":
        return meter.create_gauge(name, unit, metric.meaning)
    return meter.create_histogram(name, unit, metric.meaning, explicit_bucket_boundaries_advisory=metric.bounds)
