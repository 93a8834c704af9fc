"""What conditions answer: yes, no, or that it cannot be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from oidc_gate.access.reasons import Reason

__all__ = ["Answer", "Finding"]

Answer = bool | None


class Finding(NamedTuple):
    """What a condition says of a person.

    `seen`: what it went by, `""` for nothing. `reason`: why it cannot be told. `title`: what stands above its parts.
    """

    condition: str
    answer: Answer
    seen: str = ""
    reason: Reason | Literal[""] = ""
    title: str = ""
    parts: tuple[Finding, ...] = ()

    @property
    def decisive(self) -> Finding:
        """The finding, of this one and its parts, because of which the answer is not yes."""
        for part in self.parts:
            if part.answer is self.answer:
                return part.decisive
        return self
