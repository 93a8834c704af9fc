"""Which store a URL in the settings names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_gate.errors import SettingsError

if TYPE_CHECKING:
    from oidc_gate.stores.contract import SessionStore

__all__ = ["FORMS", "check_url", "open_store"]

#: How a store is written in settings, for messages.
FORMS = "sqlite:///path.db, redis://host:6379/0 or rediss://host:6379/0"


def check_url(url: str, setting: str = "session_store") -> None:
    """Raise SettingsError for a URL that names no store, or one that could not keep anything."""
    scheme, _, rest = url.partition("://")
    if scheme in ("redis", "rediss"):
        from oidc_gate.stores.redis_urls import read_redis_url  # late: most do without

        read_redis_url(url, setting)
    elif scheme != "sqlite" or not rest.startswith("/") or len(rest) == 1:
        raise SettingsError(f"{setting} must be one of: {FORMS}.")
    elif rest == "/:memory:":
        raise SettingsError(f"{setting}: SQLite's :memory: is another one for each connection; name a file.")


def open_store(url: str, timeout: float, setting: str = "session_store") -> SessionStore:
    """Return the store that this setting's URL names; `timeout`: the longest wait for it, in seconds.

    Does not connect yet: a gate starts while its store is down. Raises SettingsError.
    """
    check_url(url, setting)
    if url.startswith("sqlite:"):
        from oidc_gate.stores.sqlite import SQLiteStore

        # As SQLAlchemy writes it: three slashes and a relative path, four and an absolute one.
        return SQLiteStore(url.removeprefix("sqlite:///"), timeout)
    from oidc_gate.stores.redis import RedisStore

    return RedisStore(url, timeout, setting)
