"""Addresses in settings: what is one, and what may be asked without encryption."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit

from oidc_gate.errors import SettingsError

__all__ = ["check_ascii", "check_https", "checked_url", "is_this_machine"]

#: What stands for an IPv6 address is checked where it is taken apart.
_HOST = re.compile(r"[A-Za-z0-9._-]+|.*:.*", re.ASCII)
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def checked_url(
    name: str, text: str, or_else: str = "", *, with_query: bool = False, several: str = "write it whole"
) -> SplitResult:
    """Return the parts of an http(s) URL without query (unless it may have one), fragment or user name.

    `several`: what to do where many hosts are meant. Raises SettingsError, which begins with `name`.
    """
    host = re.split("[/?#]", text.partition("://")[2])[0].rpartition("@")[2]
    if "*" in host and "@" not in text:  # else what stands there may be a password's end
        raise SettingsError(f"{name}: {host} has * in it, and a host is compared whole; {several}.")
    try:
        url = urlsplit(text)
        valid = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        valid = False
    unfit = ' \\"<>#' if with_query else ' \\"<>?#'
    plain = text.isascii() and not any(character in text for character in unfit)
    if valid:
        check_ascii(name, url.hostname or "")
        valid = _HOST.fullmatch(url.hostname or "") is not None
    if not valid or not plain or "@" in url.netloc:
        parts = "fragment" if with_query else "query, fragment"
        raise SettingsError(f"{name} must be a URL like https://example.com{or_else}; without {parts} or user name.")
    return url


def check_https(name: str, url: SplitResult, *, insecure: bool) -> None:
    """Refuse plain http to another machine, unless `insecure_http_issuer` allows it. Raises SettingsError."""
    if url.scheme == "http" and not is_this_machine(url.hostname) and not insecure:
        raise SettingsError(
            f"{name} must start with https://: over plain http anyone on the way can sign in as anyone."
            " insecure_http_issuer = true allows it for tests."
        )


def is_this_machine(host: str | None) -> bool:
    """Return whether a host means this machine."""
    return host in _LOOPBACK


def check_ascii(name: str, host: str) -> None:
    """Refuse a host that is not in ASCII: browsers send it so, and cookies and redirect URIs are compared by that."""
    if host.isascii():
        return
    try:
        punycode = host.encode("idna")
        known = f": {punycode.decode()}" if punycode.decode("idna") == host else ""
    except UnicodeError:
        known = ""  # as where IDNA 2008, which browsers go by, may have another form: there they do not come back alike
    raise SettingsError(f"{name} must have its host in ASCII (punycode), as browsers send it{known}")
