"""One rule, as it is written in code."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from oidc_gate.identity import Identity

__all__ = ["Allow", "Rule", "Texts"]

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
