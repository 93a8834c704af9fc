"""What a check finds, in words that hold no secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Finding", "SkippedError", "Status", "fail", "ok", "skipped", "unknown", "warn", "worst"]

Status = Literal["ok", "fail", "warn", "unknown", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`found`: one short sentence; `mend`: what to do, `""` where there is nothing."""

    status: Status
    found: str
    mend: str = ""


class SkippedError(Exception):
    """Something that a check goes by is not there: the text says what, and which check tells why."""


def ok(found: str) -> Finding:
    """Return that all is as it should be."""
    return Finding("ok", found)


def fail(found: str, mend: str) -> Finding:
    """Return what keeps people from signing in, or will."""
    return Finding("fail", found, mend)


def warn(found: str, mend: str) -> Finding:
    """Return what works, and is worth a second look."""
    return Finding("warn", found, mend)


def unknown(found: str, mend: str = "") -> Finding:
    """Return that it cannot be told."""
    return Finding("unknown", found, mend)


def skipped(found: str, mend: str = "") -> Finding:
    """Return that there was nothing to look at, or no way to."""
    return Finding("skipped", found, mend)


_GRAVEST: tuple[Status, ...] = ("fail", "warn", "unknown", "skipped", "ok")


def worst(found: Sequence[Finding]) -> Finding:
    """Return the gravest of some findings, the first of several; there is at least one."""
    return min(found, key=lambda each: _GRAVEST.index(each.status))
