"""Who keeps metrics, by the setting `metrics`. Libraries are loaded for whoever chose them alone."""

from __future__ import annotations

from typing import Any

from oidc_gate.errors import SettingsError
from oidc_gate.telling.metrics import Guarded, OwnMetrics

__all__ = ["open_metrics"]


def open_metrics(setting: Any, store: str) -> Guarded | None:
    """Return who keeps metrics, by the setting of that name; None for nobody. Raises SettingsError.

    `store`: the kind of store, for OpenTelemetry.
    """
    if not isinstance(setting, str):
        return Guarded(OwnMetrics(setting))
    if setting == "off":
        return None
    try:
        if setting == "prometheus":
            from oidc_gate.telling.prometheus_metrics import PrometheusMetrics

            return Guarded(PrometheusMetrics())
        from oidc_gate.telling.opentelemetry_metrics import OpenTelemetryMetrics

        return Guarded(OpenTelemetryMetrics(store))
    except ImportError as error:
        raise SettingsError(
            f"metrics is {setting}, and {error.name or 'its library'} is not installed: pip install"
            f" 'oidc-gate[{setting}]'."
        ) from None
