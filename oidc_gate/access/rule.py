"""One rule, as requests are judged by it."""

from __future__ import annotations

from dataclasses import dataclass

from oidc_gate.access.conditions import Condition, Fixed
from oidc_gate.access.paths import EVERYWHERE, Pattern

__all__ = ["ANYONE", "NOBODY", "OF_CODE", "PREFLIGHT", "SIGNED_IN", "CheckedRule"]

ANYONE = Fixed(True, "anyone")
SIGNED_IN = Fixed(True, "signed-in")
NOBODY = Fixed(False, "nobody")
#: The number of a rule that stands in an app's code, and in no settings.
OF_CODE = -1


@dataclass(frozen=True, slots=True)
class CheckedRule:
    """A rule that was read. `number` counts from 1, or is OF_CODE; `where`: file and line, `""` in code.

    `methods` and `hosts`: None for all. `max_age`: seconds, None for any age. `names_paths`: whether its paths were
    written down; a rule without is for all of them.
    """

    name: str
    number: int
    who: Condition
    where: str = ""
    patterns: tuple[Pattern, ...] = (EVERYWHERE,)
    methods: frozenset[str] | None = None
    hosts: frozenset[str] | None = None
    acr: tuple[str, ...] = ()
    max_age: float | None = None
    help: str = ""
    names_paths: bool = True

    @property
    def opens(self) -> bool:
        """Whether nobody has to sign in for what it decides."""
        return self.who is ANYONE

    @property
    def narrows_everything(self) -> bool:
        """Whether it decides all that no earlier rule does, and not everybody who is signed in passes there."""
        decides_all = EVERYWHERE in self.patterns and self.methods is None and self.hosts is None
        return decides_all and self.who not in (ANYONE, SIGNED_IN)

    @property
    def opens_the_rest(self) -> bool:
        """Whether nobody has to sign in for any path that no earlier rule decides."""
        return self.opens and EVERYWHERE in self.patterns

    @property
    def wants_step_up(self) -> bool:
        """Whether it asks something of the sign-in itself."""
        return bool(self.acr) or self.max_age is not None

    @property
    def named_scopes(self) -> frozenset[str]:
        """The scopes that a program may need here and can ask for: without those that are told by a `*`."""
        return frozenset(text for text in self.who.scopes if "*" not in text)

    @property
    def scope(self) -> str:
        """What it decides, in words."""
        parts = [", ".join(map(str, self.patterns)) if self.patterns != (EVERYWHERE,) else "every path"]
        parts += [" ".join(sorted(self.methods))] if self.methods is not None else []
        parts += [", ".join(sorted(self.hosts))] if self.hosts is not None else []
        return " · ".join(parts)


#: What `allow_cors_preflight` is: of all rules but those for nobody the first, where that setting is on.
PREFLIGHT = CheckedRule("allow_cors_preflight", 0, ANYONE, methods=frozenset({"OPTIONS"}))
