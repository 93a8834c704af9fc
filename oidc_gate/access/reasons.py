"""Why somebody passes or does not, as codes: the only list of them. They are stable; log and `explain` have them."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["REASONS", "Reason"]

#: - `door`: the allow lists decide; `rule`: the rule's condition does.
#: - `claim_missing`: what is asked for is in no claim, or in one of the wrong type; `groups_overage`: the provider has
#:   left out the groups because there are too many; `email_unverified`: the address may not be gone by.
#: - `step_up`: the sign-in is too old, or of another kind.
#: - `path_ambiguous`: the path could be read in more than one way.
#: - `nobody`: nobody passes there.
Reason = Literal[
    "door", "rule", "claim_missing", "groups_overage", "email_unverified", "step_up", "path_ambiguous", "nobody"
]
REASONS: tuple[Reason, ...] = get_args(Reason)
