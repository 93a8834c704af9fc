"""Who signed in, by the audit events of an app: what its session store cannot say."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from oidc_gate.errors import SettingsError

__all__ = ["people_in"]

#: What of an event is told of the session that it began; and by which name.
_TOLD = {
    "subject": "subject",
    "email": "email",
    "issuer": "issuer",
    "time": "signed_in_at",
    "client_ip": "client_ip",
    "user_agent": "user_agent",
}


def people_in(file: str) -> dict[str, dict[str, Any]]:
    """Return who began which session, by its hash; `-` is stdin. Raises SettingsError where it cannot be read.

    Lines that are no events are passed over. A hash is short: where two people have had the same one, nobody is named.
    """
    try:
        if file == "-":
            return _people(sys.stdin)
        with Path(file).open(encoding="utf-8", errors="replace") as lines:
            return _people(lines)
    except OSError as error:
        raise SettingsError(f"{file}: {error.strerror}.") from None


def _people(lines: Iterable[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for event in _events(lines):
        told = {name: event[field] for field, name in _TOLD.items() if field in event}
        before = found.get(str(event["session"]), told)
        is_same = [before.get(name) for name in ("subject", "issuer")] == [told["subject"], told.get("issuer")]
        found[str(event["session"])] = told if is_same else {}
    return found


def _events(lines: Iterable[str]) -> Iterator[dict[str, Any]]:
    """Yield the logins that were finished."""
    for line in lines:
        start = line.find("{")  # there may be what a logging set-up puts in front
        if start < 0 or "login.finished" not in line:
            continue
        try:
            event = json.loads(line[start:])
        except ValueError:
            continue
        is_login = isinstance(event, dict) and event.get("event") == "login.finished"
        if is_login and {"session", "subject"} <= event.keys():
            yield event
