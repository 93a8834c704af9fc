"""What happens, told: the one place from which a happening reaches the log, the audit events and the metrics.

Modules, from the ground up; each may import only from those before it:

- `words`: the fixed lists that reasons, outcomes and codes are taken from
- `metrics`: which metrics there are, and who keeps them
- `prometheus_metrics`: kept by prometheus_client
- `opentelemetry_metrics`: kept by OpenTelemetry
- `chosen_metrics`: which of these the setting names
- `counting`: what the metrics are told
- `audit`: audit events
- `telling`: `Telling`, which the rest of the gate calls

May import: `errors`, `identity`, `decisions`, `access`, `settings`, `provider`, `sessions`, `browser`.
"""

from oidc_gate.telling.audit import hashed
from oidc_gate.telling.telling import Telling
from oidc_gate.telling.words import About, LiveKind, login_reason

__all__ = ["About", "LiveKind", "Telling", "hashed", "login_reason"]
