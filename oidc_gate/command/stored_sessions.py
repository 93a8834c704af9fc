"""What an operator can do to stored sessions: see them, and end them. `oidc-gate sessions` is the way to it.

A store does not know whom a session belongs to, so a list shows ids and times alone; but who asks for a person by their
subject gets the right sessions, and an app's audit events say who began which. Running gates see that a session has
ended within `session_cache_seconds`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from oidc_gate.command.signed_in import people_in
from oidc_gate.errors import SettingsError
from oidc_gate.gate import backend_of, party_key
from oidc_gate.sessions import StoreBackend
from oidc_gate.settings import Settings
from oidc_gate.stores import Record, SessionStore
from oidc_gate.stores.sqlite import SQLiteStore
from oidc_gate.telling import hashed

__all__ = ["StoredSessions", "check_is_there"]

#: What ends later than this from now, in seconds, has no end that anybody set.
_ENDLESS = 50 * 365 * 86400


def check_is_there(store: SessionStore) -> None:
    """Refuse a store that nobody has made yet: opening it would make an empty one. Raises SettingsError."""
    if isinstance(store, SQLiteStore) and not store.path.exists():
        raise SettingsError(f"session_store: {store.path} is not there; is this the folder that the app runs in?")


class StoredSessions:
    """The stored sessions of the gates with these settings. Raises SettingsError, where there can be none."""

    def __init__(self, settings: Settings) -> None:
        backend = backend_of(settings)
        if not isinstance(backend, StoreBackend):
            raise SettingsError(
                "session_store is cookie: such a session is in its browser alone, and can neither be listed nor ended"
                " from here. To end all of them, change cookie_secret; to end single ones from here, use a store."
            )
        check_is_there(backend.store)
        self._backend = backend
        self._keys = ("", *map(party_key, settings.all_providers[1:]))

    def listed(self) -> Iterator[str]:
        """Return a line for each session: its id, and when it ends if nobody comes. Raises StoreError."""
        for record in self._backend.store.records():
            yield f"{record.key}  {_end(record.expires_at) or 'never'}"

    def described(self, audit: str | None) -> Iterator[dict[str, Any]]:
        """Return the same as values, with what `session` is in audit events. Raises StoreError, SettingsError.

        `audit`: a file of such events, by which to say who it is; None without one.
        """
        people = {} if audit is None else people_in(audit)
        return (_described(record, people) for record in self._backend.store.records())

    def revoke(self, session_id: str) -> bool:
        """End one session; False when there is none with this id. Raises StoreError."""
        found = self._backend.store.load(session_id) is not None
        self._backend.end(session_id, float("inf"))
        return found

    def revoke_user(self, subject: str) -> int:
        """End all sessions of a person, named by the claim `sub`; return how many. Raises StoreError.

        Where several providers have somebody of that name, all of these.
        """
        return sum(self._backend.end_named("sub", subject, key) for key in self._keys)


def _described(record: Record, people: dict[str, dict[str, Any]]) -> dict[str, Any]:
    session = hashed(record.key)
    found = {"id": record.key, "session": session, "expires_at": _end(record.expires_at)}
    return found | people.get(session, {})


def _end(expires_at: float) -> str | None:
    """Return when a session ends, None for never."""
    if expires_at > time.time() + _ENDLESS:
        return None
    return f"{datetime.fromtimestamp(expires_at, UTC):%FT%TZ}"
