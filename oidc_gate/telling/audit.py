"""Audit events: who did what, from where, and how it ended; one JSON object a line.

They go to the logger `oidc_gate.audit`, as text and, for handlers that want the fields, as `record.oidc_gate`. No
token, cookie or query is ever in one. What comes from a request is cut, and its control characters are escaped. Where
no handler takes them, which Python does not tell anybody, the log has a warning, once.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping
from copy import copy
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from oidc_gate.identity import is_verified, text_claim

if TYPE_CHECKING:
    from oidc_gate.browser import Addresses
    from oidc_gate.decisions import Request
    from oidc_gate.telling.words import Event, Outcome

__all__ = ["Audit", "hashed"]

logger = logging.getLogger("oidc_gate")
_events = logging.getLogger("oidc_gate.audit")

_FORMAT = 1
#: So much of a value from a request, and of a claim, is told: characters.
_MOST_OF_REQUEST, _MOST_OF_CLAIM = 200, 320
#: So many ways of authenticating (`amr`) are told.
_MOST_WAYS = 10
_as_json = json.JSONEncoder(separators=(",", ":")).encode
#: W3C Trace Context, 3.2.2: version, trace-id, parent-id, flags; later versions may have more after these.
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


class Audit:
    """Writes the audit events of one gate."""

    def __init__(self, addresses: Addresses, clock: Callable[[], float]) -> None:
        self._addresses = addresses
        self._clock = clock
        self._provider = ""
        self._issuer: Callable[[], str] = str
        self._loss_told = False
        if _events.level == logging.NOTSET:  # else that of the root holds, and it leaves out all below warnings
            _events.setLevel(logging.INFO)

    def of(self, provider: str, issuer: Callable[[], str]) -> Audit:
        """Return what writes the events at this provider. `issuer`: returns what it calls itself."""
        twin = copy(self)
        twin._provider, twin._issuer = provider, issuer
        return twin

    def write(
        self,
        event: Event,
        outcome: Outcome,
        request: Request | None = None,
        claims: Mapping[str, Any] | None = None,
        session_id: str = "",
        **more: str,
    ) -> None:
        """Write one event. `claims`, `session_id`: of the person it is about; `more`: fields, those not empty."""
        time = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        fields: dict[str, Any] = {"v": _FORMAT, "time": time, "event": event, "outcome": outcome}
        more |= {"provider": self._provider, "issuer": self._issuer()}
        fields |= {name: value for name, value in more.items() if value}
        if claims is not None:
            fields |= _of_person(claims)
        if session_id:
            fields["session"] = hashed(session_id)
        if request is not None:
            fields |= self._of_request(request)
        _events.info(_as_json(fields), extra={"oidc_gate": fields})
        if not (self._loss_told or _events.hasHandlers()):  # asked now, for logging may be set up after the gate
            self._loss_told = True
            logger.warning(
                "audit is true, and no handler takes what goes to the logger oidc_gate.audit: audit events are lost;"
                " add a handler to it, or to the root"
            )

    def _of_request(self, request: Request) -> dict[str, str]:
        traced = _TRACEPARENT.fullmatch(request.header("traceparent"))
        found = {
            "client_ip": _shown(self._addresses.client(request)),
            "host": _shown(self._addresses.origin(request).host),
            "method": _shown(request.method),
            "path": _shown(request.path),
            "user_agent": _shown(request.header("user-agent")),
            "trace_id": "" if traced is None else traced[1],
        }
        return {name: value for name, value in found.items() if value}


def hashed(session_id: str) -> str:
    """Return what stands for a session: the same in all of its events, and of no use to anybody else."""
    return sha256(session_id.encode()).hexdigest()[:8]


def _of_person(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return who it is, and how they signed in. An address that the provider calls unverified may be anybody's."""
    email = text_claim(claims, "email") if is_verified(claims) else None
    ways = claims.get("amr")
    found = {
        "issuer": text_claim(claims, "iss"),
        "subject": text_claim(claims, "sub"),
        "email": email,
        "acr": text_claim(claims, "acr"),
    }
    told: dict[str, Any] = {name: _shown(value, _MOST_OF_CLAIM) for name, value in found.items() if value}
    if isinstance(ways, list) and ways:
        told["amr"] = [_shown(str(way)) for way in ways[:_MOST_WAYS]]
    return told


def _shown(value: str, most: int = _MOST_OF_REQUEST) -> str:
    """Return a value as it may stand in a line of text."""
    return value if value.isprintable() and len(value) <= most else repr(value[:most])[1:-1]
