"""What `metrics` may be in code: an object of the operator's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

__all__ = ["Metrics"]


class Metrics(Protocol):
    """Keeps metrics. Names and labels are those of docs/operations.md, the labels in that order.

    It may have `add(name, amount, labels)` too, for what goes up and down: `oidc_gate_live_connections` (1 or -1).
    Without it, `count` is called for each connection that begins.

    Called from any thread, while a request waits: it must not block. What it raises is logged once and breaks nothing.
    """

    def count(self, name: str, labels: Mapping[str, str], /) -> None:
        """Count one more; of `oidc_gate_info`, called once at the start, say that these labels hold."""

    def observe(self, name: str, seconds: float, labels: Mapping[str, str], /) -> None:
        """Take note of how long something took."""
