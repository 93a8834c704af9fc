"""Where `oidc-gate run` listens, and what it says of that."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

from oidc_gate.errors import SettingsError
from oidc_gate.gate import log_addresses
from oidc_gate.settings import Settings

if TYPE_CHECKING:
    from oidc_gate.proxy import Upstream

__all__ = ["check_no_circle", "free_port", "in_url", "is_there", "tell_where"]

logger = logging.getLogger("oidc_gate")

#: Hosts that mean this machine alone, and all its addresses.
_THIS_MACHINE, _ANY_ADDRESS = ("127.0.0.1", "localhost"), ("0.0.0.0", "::", "")  # noqa: S104  # to be told apart

#: So long may it take to find out whether the app is there, in seconds.
_PATIENCE = 1.0


def tell_where(settings: Settings, host: str, port: int) -> None:
    """Log the addresses to register at the provider, and the one to open: the gate goes by what stands in the browser.

    To browsers, and to providers, localhost and 127.0.0.1 are two hosts: cookies of the one are not sent to the other.
    """
    named = "localhost" if host in (*_THIS_MACHINE, *_ANY_ADDRESS) else in_url(host)
    base = settings.base_url or f"http://{named}:{port}".removesuffix(":80")
    log_addresses(settings, base)
    note = f"; what is asked for there has to reach {in_url(host)}:{port}" if settings.base_url else ""
    if not settings.base_url and host in _THIS_MACHINE:
        note = ", not 127.0.0.1: that is another host, with cookies and a redirect URI of its own"
    elif not settings.base_url and host in _ANY_ADDRESS:
        note = "; for people at other machines set base_url to the address that they open"
    logger.info("open %s/%s", base, note)


def in_url(host: str) -> str:
    """Return a host as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def check_no_circle(upstream: Upstream, port: int) -> None:
    """Refuse an app that is at the very port on which the gate itself is to listen. Raises SettingsError."""
    if not upstream.path and upstream.port == port and upstream.host in (*_THIS_MACHINE, "::1"):
        raise SettingsError(
            f"the app is at port {upstream.port}, where the gate itself would listen: give the gate another, like"
            f" --port {8001 if upstream.port == 8000 else 8000}."
        )


def is_there(upstream: Upstream) -> bool:
    """Return whether something listens where the app is to be."""
    try:
        if upstream.path:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(_PATIENCE)
                connection.connect(upstream.path)
        else:
            socket.create_connection((upstream.host, upstream.port), _PATIENCE).close()
    except OSError:
        return False
    return True


def free_port(host: str) -> int:
    """Return a port that is free now: the addresses are told before the server takes it. Raises SettingsError."""
    try:
        with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
            port: int = listener.getsockname()[1]
            return port
    except OSError as error:
        raise SettingsError(f"--host {host} cannot be listened on: {error.strerror}.") from None
