"""What a gate says when it starts: where to register it, what is worth a second look, whether its store is there.

What can be known before anybody has signed in is said then. A store that does not answer is only warned of, for it may
do so in a moment; what no waiting mends, stops start-up.
"""

from __future__ import annotations

import logging

from oidc_gate.errors import StoreError
from oidc_gate.sessions import Backend
from oidc_gate.settings import Settings

__all__ = ["announce", "log_addresses"]

logger = logging.getLogger("oidc_gate")


def announce(settings: Settings, backend: Backend) -> None:
    """Log the addresses and the warnings, and try the store, for at most `store_timeout`. Raises SettingsError."""
    log_addresses(settings, settings.base_url or "https://<this app's host>")
    for warning in settings.warnings():
        logger.warning("%s", warning)
    store = getattr(backend, "store", None)
    try_out = getattr(store, "try_out", None)  # a store of the operator's own may have none
    if try_out is None:
        return
    setting = "cookie_deny_list" if settings.session_store == "cookie" else "session_store"
    try:
        try_out(setting)
    except StoreError as error:
        logger.warning("%s does not answer; until it does, the signed-in get 503: %s", setting, error)


def log_addresses(settings: Settings, base: str) -> None:
    """Log the addresses to register at the provider; `base`: where people open the app."""
    prefix = base + settings.path_prefix
    logger.info("to register at the provider as redirect URI: %s/callback", prefix)
    for other in settings.all_providers[1:]:
        callback = f"{prefix}/callback/{other.auth_id}"
        logger.info("to register at the provider %s as redirect URI: %s", other.auth_id, callback)
    logger.info("as login URL: %s or %s/login?iss=%s", base + "/", prefix, settings.issuer_url)
    logger.info("as post-logout redirect URI: %s/logout", prefix)
    if settings.session_store != "cookie":  # only a session in a store can be ended by the provider
        logger.info("as back-channel logout URI: %s/backchannel-logout", prefix)
        logger.info("as front-channel logout URI: %s/frontchannel-logout", prefix)
        logger.info("as receiver of Shared Signals: %s/events", prefix)
