"""One rule: as it is written, and as it was read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from oidc_gate.access.conditions import Condition, Fixed
from oidc_gate.access.paths import EVERYWHERE, Pattern

if TYPE_CHECKING:
    from oidc_gate.identity import Identity

__all__ = ["ANYONE", "NOBODY", "SIGNED_IN", "Allow", "CheckedRule", "Rule"]

#: What may stand at `allow`: `"anyone"`, `"signed-in"`, `"nobody"`, a table with one condition, or a function.
Allow: TypeAlias = "str | Mapping[str, Any] | Callable[[Identity], bool]"
Texts: TypeAlias = str | Sequence[str] | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """Who may do what, where: one entry of the setting `rules`, as a table in a file has it.

    The first rule whose `path` (or `exact`), `method` and `host` match a request decides it.

    - `allow`: who passes, required: `"anyone"`, `"signed-in"`, `"nobody"`, a table with one condition such as
      `{"groups": "Finance"}`, or a function that is given the `Identity` and returns True or False.
    - `path`: paths, each with all below it; `exact`: paths alone, in place of `path`. `*` is one whole segment. With
      neither it is every path.
    - `method`, `host`: None for all. GET includes HEAD; a WebSocket handshake is a GET.
    - `acr`, `max_age`: what is asked of the sign-in besides: one of these `acr` values, and how long ago it may be
      (seconds, or text like `10m`).
    - `name`: in the log and in `oidc-gate explain`; `rule 3` by default. `help`: a sentence on the 403 page.

    It is read, and mistakes in it are found, when `Settings` are made: they raise SettingsError.
    """

    allow: Allow
    name: str | None = None
    path: Texts = None
    exact: Texts = None
    method: Texts = None
    host: Texts = None
    acr: Texts = None
    max_age: float | str | timedelta | None = None
    help: str | None = None


ANYONE = Fixed(True, "anyone")
SIGNED_IN = Fixed(True, "signed-in")
NOBODY = Fixed(False, "nobody")


@dataclass(frozen=True, slots=True)
class CheckedRule:
    """A rule that was read. `number` counts from 1; `where`: file and line, `""` in code.

    `methods` and `hosts`: None for all. `max_age`: seconds, None for any age.
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
    def scope(self) -> str:
        """What it decides, in words."""
        parts = [", ".join(map(str, self.patterns)) if self.patterns != (EVERYWHERE,) else "every path"]
        parts += [" ".join(sorted(self.methods))] if self.methods is not None else []
        parts += [", ".join(sorted(self.hosts))] if self.hosts is not None else []
        return " · ".join(parts)
