"""Another gate takes the place of one: which settings may differ between the two, and what is told of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from oidc_gate.errors import SettingsError
from oidc_gate.settings import Settings
from oidc_gate.telling import Telling

__all__ = ["attempt", "check_changes", "tell_changes"]

logger = logging.getLogger("oidc_gate")

#: What sessions of people, logins under way, or what the process holds open depend on; and `reload`, for a file that is
#: cut off may lack it, and nobody would look any more when it is whole again.
_FIXED = frozenset(
    {"auth_cookie_domain", "auth_id", "cookie_deny_list", "path_prefix", "reload", "session_store", "store_timeout"}
    | {"insecure_public_upstream", "upstream_host", "upstream_timeout"}
)

T = TypeVar("T")


def attempt(make: Callable[[], T]) -> T | SettingsError:
    """Return what is made of settings that have changed, or what is wrong with them, whatever it is."""
    try:
        return make()
    except SettingsError as error:
        return error
    except Exception as error:  # whatever is wrong with a file must not become wrong with requests
        return SettingsError(f"they cannot be read ({type(error).__name__})")


def check_changes(before: Settings, settings: Settings) -> None:
    """Refuse a change of what cannot change while the process runs. Raises SettingsError."""
    fixed = sorted(_FIXED.intersection(settings.changed(before)))
    if fixed:
        raise SettingsError(
            f"{', '.join(fixed)} cannot change while the process runs. Restart it, or put back what was there."
        )


def tell_changes(telling: Telling, before: Settings, settings: Settings, files: Iterable[Path]) -> None:
    """Tell which settings are taken over, and from which files."""
    names = ", ".join(sorted(settings.changed(before))) or "what stands in files that they name"
    telling.settings_reloaded(f"{names} ({', '.join(map(str, files))})")
    known = set(before.warnings())
    for warning in settings.warnings():
        if warning not in known:
            logger.warning("%s", warning)
