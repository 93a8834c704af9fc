"""An object that keeps metrics: what `metrics` takes in code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

__all__ = ["Counted"]

Labels = tuple[tuple[str, str], ...]


class Counted:
    """Counts, by metric and labels; of durations how many there were."""

    def __init__(self) -> None:
        self.found: Counter[tuple[str, Labels]] = Counter()
        self.seconds: list[tuple[str, float]] = []

    def count(self, name: str, labels: Mapping[str, str]) -> None:
        self.found[name, tuple(labels.items())] += 1

    def observe(self, name: str, seconds: float, labels: Mapping[str, str]) -> None:
        self.found[name, tuple(labels.items())] += 1
        self.seconds.append((name, seconds))

    def of(self, metric: str) -> dict[tuple[str, ...], int]:
        """Return what was counted of a metric, by the values of its labels; its name is given without `oidc_gate_`."""
        return {
            tuple(value for _, value in labels): count
            for (name, labels), count in self.found.items()
            if name == f"oidc_gate_{metric}"
        }

    def clear(self) -> None:
        self.found.clear()
        self.seconds.clear()
