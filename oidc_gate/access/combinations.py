"""Conditions that are put together from others: `any`, `all` and `not`, in three values as Kleene has them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from oidc_gate.access.answers import Answer, Finding
from oidc_gate.access.conditions import Condition

if TYPE_CHECKING:
    from oidc_gate.access.person import Person

__all__ = ["AllOf", "AnyOf", "Not"]


class _Several(Condition):
    """What is put together from the answers of other conditions."""

    _title = ""

    def __init__(self, conditions: Sequence[Condition]) -> None:
        self._conditions = conditions
        self.claims = frozenset().union(*(condition.claims for condition in conditions))
        self.providers = frozenset().union(*(condition.providers for condition in conditions))
        self.scopes = frozenset().union(*(condition.scopes for condition in conditions))
        self.loose = frozenset().union(*(condition.loose for condition in conditions))
        self.reads_any_claim = any(condition.reads_any_claim for condition in conditions)

    @property
    def whoever_says_so(self) -> frozenset[str]:
        """See `Condition.whoever_says_so`."""
        if self.names_provider:
            return frozenset()
        return frozenset().union(*(condition.whoever_says_so for condition in self._conditions))

    def __str__(self) -> str:
        return f"{self._title} ({'; '.join(map(str, self._conditions))})"

    def finding(self, person: Person) -> Finding:
        """Return the answer, with those of its parts."""
        parts = tuple(condition.finding(person) for condition in self._conditions)
        return Finding(str(self), self._together([part.answer for part in parts]), title=self._title, parts=parts)

    def holds(self, person: Person) -> Answer:
        """Return the answer."""
        return self._together([condition.holds(person) for condition in self._conditions])

    def of_provider(self, name: str) -> Answer:
        """Return the answer, as far as the provider tells."""
        return self._together([condition.of_provider(name) for condition in self._conditions])

    @abstractmethod
    def _together(self, answers: list[Answer]) -> Answer:
        """Return the answer that these come to."""


class AnyOf(_Several):
    """Yes where one says yes; no where all say no."""

    _title = "any of"

    def __init__(self, conditions: Sequence[Condition]) -> None:
        super().__init__(conditions)
        self.names_provider = all(condition.names_provider for condition in conditions)

    def _together(self, answers: list[Answer]) -> Answer:
        return True if True in answers else None if None in answers else False


class AllOf(_Several):
    """Yes where all say yes; no where one says no."""

    _title = "all of"

    def __init__(self, conditions: Sequence[Condition]) -> None:
        super().__init__(conditions)
        self.names_provider = any(condition.names_provider for condition in conditions)

    def _together(self, answers: list[Answer]) -> Answer:
        return False if False in answers else None if None in answers else True


class Not(_Several):
    """Yes where it says no, and no where it says yes."""

    _title = "not"

    def __init__(self, condition: Condition) -> None:
        super().__init__([condition])
        self.scopes = frozenset()

    def _together(self, answers: list[Answer]) -> Answer:
        return None if answers[0] is None else not answers[0]
