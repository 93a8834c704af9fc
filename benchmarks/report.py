"""The table: one line for each figure, with its limit beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Row", "is_within", "table"]


@dataclass(frozen=True)
class Row:
    """One figure. Without a limit it is there to compare with; a `floor` is a limit from below."""

    where: str
    what: str
    value: float
    unit: str = "µs"
    limit: float | None = None
    floor: float | None = None

    @property
    def is_over(self) -> bool:
        """Whether the figure breaks its limit."""
        too_high = self.limit is not None and self.value > self.limit
        return too_high or (self.floor is not None and self.value < self.floor)

    def line(self) -> str:
        """Return the row as the table has it."""
        limit = self.limit if self.limit is not None else self.floor
        judged = "" if limit is None else f"{limit:>10.2f}  {'OVER' if self.is_over else 'ok'}"
        return f"{self.where:<5}  {self.what:<74}{self.value:>10.2f} {self.unit:<5}{judged}".rstrip()


def table(rows: Iterable[Row]) -> str:
    """Return the rows under a head."""
    head = f"{'':<5}  {'':<74}{'measured':>10} {'':<5}{'limit':>10}"
    return "\n".join([head, *(row.line() for row in rows)])


def is_within(rows: Iterable[Row]) -> bool:
    """Return whether no row breaks its limit."""
    return not any(row.is_over for row in rows)
