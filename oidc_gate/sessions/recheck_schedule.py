"""When the provider is to be asked again about a session, and by whom: one request asks, the others go on meanwhile.

A provider that gives no answer is asked again after a pause, which grows with every time that it stays silent.
"""

from __future__ import annotations

from threading import Lock

from oidc_gate.sessions.memory import BoundedTable
from oidc_gate.sessions.open_session import NEVER, OpenSession

__all__ = ["RecheckSchedule"]

#: Who asks the provider has this long for it, in seconds, before another request may.
_TURN = 30.0
#: A provider that did not answer is asked again after the first pause, then after twice as long, and so on (seconds).
_FIRST_PAUSE, _LONGEST_PAUSE = 10.0, 300.0
#: What another process is asking is looked for after this time (seconds).
_ANOTHERS_TURN = 1.0


class RecheckSchedule:
    """Who may ask the provider about which session, in one process."""

    def __init__(self) -> None:
        #: Failures in a row, and until when not to ask; by id, for a session may be opened more than once at a time.
        self._postponed: BoundedTable[tuple[int, float]] = BoundedTable()
        self._lock = Lock()  # guards what is postponed, and the due times of sessions while a turn is given

    def take_turn(self, opened: OpenSession, now: float) -> bool:
        """Return whether this request is the one that asks the provider again; others go on with what is known."""
        with self._lock:
            if now < opened.due_at:
                return False
            failures, not_before = self._postponed.get(opened.session_id, (0, now))
            if now < not_before:
                opened.plan(opened.renew_at, not_before)
                return False
            opened.plan(opened.renew_at, now + _TURN)
            self._postponed.remember(opened.session_id, (failures, now + _TURN))
            return True

    def postpone(self, opened: OpenSession, now: float, latest: float, pause: float | None = None) -> None:
        """Have the provider asked again later, the later the more often it gave no answer; at `latest` in any case.

        `pause`: how much later, where it was not asked (seconds); that counts as no failure of this session.
        """
        with self._lock:
            failures, _ = self._postponed.pop(opened.session_id, (0, 0.0))
            if pause is None:
                pause, failures = min(_FIRST_PAUSE * 2**failures, _LONGEST_PAUSE), failures + 1
            not_before = min(now + pause, latest)
            self._postponed.remember(opened.session_id, (failures, not_before))
            opened.plan(opened.renew_at, not_before)

    def leave_to_another(self, opened: OpenSession, now: float) -> None:
        """Give the turn back, for another process is asking: soon the store has its answer, or the turn is free."""
        self.postpone(opened, now, NEVER, _ANOTHERS_TURN)

    def has_failed(self, session_id: str) -> bool:
        """Return whether the provider gave no answer about this session when it was asked last."""
        return self._postponed.get(session_id, (0, 0.0))[0] > 0

    def answered(self, session_id: str) -> None:
        """Forget what was postponed: the provider has answered."""
        with self._lock:
            self._postponed.pop(session_id, None)
