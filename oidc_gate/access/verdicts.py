"""What of a request tells its place, and what comes of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from oidc_gate.access.expressions import Answer
    from oidc_gate.access.reasons import Reason
    from oidc_gate.access.rule import CheckedRule

__all__ = ["Outcome", "Spot", "Verdict"]

Outcome = Literal["pass", "refused", "login", "step_up"]


class Spot(NamedTuple):
    """What of a request tells its place. `method` in upper case, `host` in lower case, without port and final dot.

    `sent`: the path inside the app as it was sent, `""` where the server does not tell, None where it cannot be told
    apart from the mount point. `is_unclear`: something else makes two programs read this request differently.
    """

    path: str
    method: str = "GET"
    host: str = ""
    sent: str | None = ""
    is_unclear: bool = False


class Verdict(NamedTuple):
    """What comes of a request. `until`: how long it holds for this session, as time.time().

    `rule`: the one that decides, None for none. `reason`: as the log has it. `because`: what of the rule's condition
    does not hold, in words. `answer`: what a Traffic Policy has in place of the page.
    """

    outcome: Outcome
    reason: Reason
    rule: CheckedRule | None = None
    until: float = 0.0
    because: str = ""
    answer: Answer | None = None

    @property
    def passes(self) -> bool:
        """Whether the app answers."""
        return self.outcome == "pass"

    @property
    def is_open(self) -> bool:
        """Whether it passes whoever asks."""
        return self.rule is not None and self.rule.opens

    @property
    def words(self) -> str:
        """Why, as the log and `oidc-gate explain` have it: `reason=rule rule='finance' condition='group Ops'`."""
        rule = "" if self.rule is None else f" rule={self.rule.name!r}"
        return f"reason={self.reason}{rule}{f' condition={self.because!r}' if self.because else ''}"
