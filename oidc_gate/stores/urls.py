"""Which store a URL in the settings names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_gate.errors import SettingsError

if TYPE_CHECKING:
    from oidc_gate.stores.contract import SessionStore

__all__ = ["FORMS", "open_store"]

#: How a store is written in settings, for messages.
FORMS = "sqlite:///path.db, redis://host:6379/0 or rediss://host:6379/0"


def open_store(url: str, timeout: float, setting: str = "session_store") -> SessionStore:
    """Return the store that this setting's URL names; `timeout`: the longest wait for it, in seconds.

    Does not connect yet: a gate starts while its store is down. Raises SettingsError.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        from oidc_gate.stores.sqlite import SQLiteStore

        # As SQLAlchemy writes it: three slashes and a relative path, four and an absolute one.
        return SQLiteStore(rest.removeprefix("/"), timeout)
    if scheme in ("redis", "rediss"):
        from oidc_gate.stores.redis import RedisStore

        return RedisStore(url, timeout, setting)
    raise SettingsError(f"{setting} must be one of: {FORMS}.")
