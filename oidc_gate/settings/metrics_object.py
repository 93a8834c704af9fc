"""What `metrics` may be in code: an object of the operator's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

__all__ = ["Metrics"]


class Metrics(Protocol):
    """Keeps metrics. Names and labels are those of docs/operations.md, the labels in that order.

    Called from any thread, while a request waits: it must not block. What it raises is logged once and breaks nothing.
    """

    def count(self, name: str, labels: Mapping[str, str], /) -> None:
        """Count one more; of `oidc_gate_info`, called once at the start, say that these labels hold."""

    def observe(self, name: str, seconds: float, labels: Mapping[str, str], /) -> None:
        """Take note of how long something took."""
