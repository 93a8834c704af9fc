"""All checks are run, side by side, and end in time; and what they found, as text and as JSON."""

from __future__ import annotations

import textwrap
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

from oidc_gate.doctor.case import Case, Check
from oidc_gate.doctor.findings import Finding, SkippedError, Status, skipped, unknown
from oidc_gate.errors import ProviderDownError

__all__ = ["LIMIT", "Examined", "Report", "examine", "printable"]

#: The longest that all checks together may take, in seconds.
LIMIT = 30.0
_THREADS = 8
_LONGEST = 600
#: Where what was found begins in a line, and the least room for it, in characters.
_INDENT, _NARROWEST = 31, 30
_MARKS: dict[Status, str] = {"ok": "ok", "fail": "FAIL", "warn": "warn", "unknown": "?", "skipped": "-"}
_COLOURS: dict[Status, str] = {"ok": "32", "fail": "1;31", "warn": "33", "unknown": "36", "skipped": "2"}


@dataclass(frozen=True, slots=True)
class Examined:
    """A check, what it found, and how many milliseconds it took."""

    check: Check
    finding: Finding
    ms: int


@dataclass(frozen=True, slots=True)
class Report:
    """What the checks found, in their order; `title` says of what, `seconds` is how long it took."""

    title: str
    examined: Sequence[Examined]
    seconds: float

    def status(self, *, strict: bool) -> int:
        """Return the exit status: 1 where something failed, or, if `strict`, is worth a second look."""
        found = {each.finding.status for each in self.examined}
        return int("fail" in found or (strict and "warn" in found))

    @property
    def as_json(self) -> dict[str, Any]:
        """The report for programs."""
        return {"version": 1, "checks": [_as_json(each) for each in self.examined]}

    def text(self, *, colour: bool, width: int | None = None) -> str:
        """Return the report for people, in lines of `width` characters; without it each text is one line."""
        lines = [line for each in self.examined for line in _lines(each, colour=colour, width=width)]
        return "\n".join([*_folded(printable(self.title), 0, width), *lines, self._summary()])

    def _summary(self) -> str:
        count = Counter(each.finding.status for each in self.examined)
        parts = [f"{count['ok']} ok", f"{count['fail']} failed"]
        parts += [f"{count['warn']} warning{'' if count['warn'] == 1 else 's'}"]
        parts += [f"{count['unknown']} cannot tell"] if count["unknown"] else []
        parts += [f"{count['skipped']} skipped"] if count["skipped"] else []
        checks = f"{len(self.examined)} check{'' if len(self.examined) == 1 else 's'}"
        return f"{checks}: {', '.join(parts)} · {self.seconds:.1f} s"


def examine(
    case: Case, checks: Sequence[Check], title: str, limit: float = LIMIT, *, others: Sequence[Case] = ()
) -> Report:
    """Run the checks in a few threads, and return what they found; what is not done in `limit` seconds is not told.

    `others`: of further providers, of which those checks are run that are about a provider.
    """
    started = time.monotonic()
    runs = [_Run(check, case) for check in checks]
    runs += [_Run(check, each, each.settings.auth_id) for each in others for check in checks if check.id[0] in "NPC"]
    waiting = deque(runs)

    def work() -> None:
        with suppress(IndexError):  # all have been taken
            while True:
                waiting.popleft().run()

    for _ in range(_THREADS):
        Thread(target=work, daemon=True).start()  # one that hangs is not to keep the program from its end
    for run in runs:
        run.done.wait(max(0.0, started + limit - time.monotonic()))
    return Report(title, [run.examined(limit) for run in runs], time.monotonic() - started)


class _Run:
    """One check, on its way; `provider`: the one it is about, where that is not the first."""

    def __init__(self, check: Check, case: Case, provider: str = "") -> None:
        self._check, self._case = check, case
        self._about = f"{provider}: " if provider else ""
        self._examined: Examined | None = None
        self.done = Event()

    def run(self) -> None:
        started, case = time.monotonic(), self._case
        found = _found(self._check, case)
        told = Finding(found.status, _told(f"{self._about}{found.found}", case), _told(found.mend, case))
        self._examined = Examined(self._check, told, round(1000 * (time.monotonic() - started)))
        self.done.set()

    def examined(self, limit: float) -> Examined:
        late = unknown(f"{self._about}this check did not come to its end within the {limit:g} s that all have")
        return self._examined or Examined(self._check, late, round(1000 * limit))


def _found(check: Check, case: Case) -> Finding:
    try:
        return check.run(case)
    except SkippedError as reason:
        return skipped(str(reason))
    except ProviderDownError as error:
        return unknown(f"no answer to go by: {error}")
    except Exception as error:  # one check that fails itself is not to take the others along
        return unknown(f"the check itself failed: {type(error).__name__}", "report it, with the version of oidc_gate")


def _told(text: str, case: Case) -> str:
    """Return a text as it can be shown: no secret, one line, and nothing that a terminal would obey."""
    text = printable(case.redacted(text))
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def printable(text: str) -> str:
    """Return a text in one line, with nothing that a terminal would obey, nor a direction of writing."""
    return "".join(each if each.isprintable() else "?" for each in text)


def _as_json(each: Examined) -> dict[str, Any]:
    check, finding = each.check, each.finding
    said = {"status": finding.status, "found": finding.found, "mend": finding.mend}
    return {"id": check.id, "name": check.name} | said | {"ms": each.ms}


def _lines(each: Examined, *, colour: bool, width: int | None) -> list[str]:
    check, finding = each.check, each.finding
    mark = f"{_MARKS[finding.status]:<4}"
    if colour:
        mark = f"\x1b[{_COLOURS[finding.status]}m{mark}\x1b[0m"
    first, *more = _folded(finding.found, _INDENT, width)
    lines = [f"  {mark}  {check.id:<3} {check.name:<18} {first}", *(" " * _INDENT + line for line in more)]
    if not finding.mend:
        return lines
    first, *more = _folded(finding.mend, _INDENT + 2, width)
    return [*lines, f"{' ' * _INDENT}→ {first}", *(" " * (_INDENT + 2) + line for line in more)]


def _folded(text: str, indent: int, width: int | None) -> list[str]:
    """Return the text in lines that have room beside an indent; an address stays whole."""
    if width is None:
        return [text]
    room = max(width - indent, _NARROWEST)
    return textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
