"""Where the app is: a port of this machine, a URL, a unix socket; and which addresses it may have.

A name is looked up for each connection, and the address that was found is the one that was judged and is connected to:
a name that leads elsewhere later (DNS rebinding) leads nowhere.
"""

from __future__ import annotations

import re
import socket
from asyncio import get_running_loop
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from oidc_gate.errors import SettingsError, UpstreamError

__all__ = ["Upstream", "addresses_of", "check_upstream", "read_upstream"]

#: `3000`, `localhost:3000`, `[::1]:3000`: without a scheme, as ngrok takes it.
_BARE = re.compile(r"(?:(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\]):)?(?P<port>[0-9]+)", re.ASCII)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/.*", re.DOTALL)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?|[0-9A-Fa-f:]+(?:\.[0-9.]+)?", re.ASCII)
_PORTS = {"http": 80, "https": 443}

#: This machine, and networks that are nobody's on the internet (RFC 1918, RFC 4193). Not those of links
#: (169.254.0.0/16, fe80::/10): clouds tell the secrets of a machine there.
_NEAR = [
    ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7")
]


class Upstream(NamedTuple):
    """A server: `host` and `port`, or `path`, the socket's; `scheme` is `http` or `https`."""

    scheme: str
    host: str
    port: int
    path: str = ""

    @property
    def authority(self) -> str:
        """Host and port, as in a Host header; `localhost` for a socket."""
        if self.path:
            return "localhost"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"unix:{self.path}" if self.path else f"{self.scheme}://{self.authority}"


def read_upstream(target: str) -> Upstream | None:
    """Return the server that a target names, None where it is the name of a Python app. Raises SettingsError.

    Forms: `3000`, `localhost:3000`, `http://127.0.0.1:3000`, `https://localhost:8443`, `unix:/run/app.sock`.
    """
    if target.startswith("unix:"):
        path = target.removeprefix("unix:")
        path = path.removeprefix("//") if path.startswith("///") else path
        if not path.startswith("/") or "\0" in path or len(path) > 100:
            raise SettingsError(f"{target!r} names no socket: write unix:/path/of/the.sock, at most 100 characters.")
        return Upstream("http", "", 0, path)
    bare = _BARE.fullmatch(target)
    if bare is not None:
        target = f"http://{bare['host'] or 'localhost'}:{bare['port']}"
    elif not _URL.fullmatch(target):
        return None
    return _read_url(target)


def _read_url(target: str) -> Upstream:
    try:
        url = urlsplit(target)
        port, host = url.port, url.hostname or ""
    except ValueError:
        raise SettingsError(f"{target!r} is no address: write it like http://127.0.0.1:3000.") from None
    if url.scheme not in _PORTS:
        raise SettingsError(
            f"{target!r} is neither http:// nor https://: those are what the gate can stand in front of."
        )
    if "@" in url.netloc:
        raise SettingsError("the app's address holds a user name or a password, which would go nowhere; leave it out.")
    if url.path.strip("/") or url.query or url.fragment:
        raise SettingsError(
            f"{target!r} holds more than host and port, and pages keep their paths: write {url.scheme}://{url.netloc}."
        )
    if not _HOST.fullmatch(host) or port == 0:
        raise SettingsError(f"{target!r} is no address: write it like http://127.0.0.1:3000.")
    return Upstream(url.scheme, host, port or _PORTS[url.scheme])


def check_upstream(upstream: Upstream, *, anywhere: bool) -> None:
    """Refuse a server that is none of ours, as far as its name can be looked up now. May block; raises SettingsError.

    A socket or a name that is not there yet is none of a fault: the app may start later. `anywhere`: the setting
    `insecure_public_upstream`.
    """
    if upstream.path:
        if Path(upstream.path).exists() and not Path(upstream.path).is_socket():
            raise SettingsError(f"{upstream.path} is no unix socket.")
        return
    if _is_unspecified(upstream.host):
        raise SettingsError(f"{upstream.host} is no address to connect to; for this machine write 127.0.0.1.")
    try:
        found = socket.getaddrinfo(upstream.host, upstream.port, type=socket.SOCK_STREAM)
    except OSError:
        return
    if not any(is_near(str(each[4][0])) for each in found) and not anywhere:
        raise SettingsError(
            f"{upstream} is neither on this machine nor in a private network, and what is sent there can be read and"
            " changed on the way. If that is what you want, set insecure_public_upstream to true."
        )


async def addresses_of(upstream: Upstream, *, anywhere: bool) -> list[str]:
    """Return the addresses to connect to. Raises UpstreamError where there is none, or none that may be."""
    if _literal(upstream.host) is not None:
        found = [upstream.host]
    else:
        try:
            infos = await get_running_loop().getaddrinfo(upstream.host, upstream.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise UpstreamError("upstream_unreachable", f"{upstream.host} has no address: {error}") from None
        found = list(dict.fromkeys(str(info[4][0]) for info in infos))
    allowed = [address for address in found if anywhere or is_near(address)]
    if not allowed:
        raise UpstreamError(
            "upstream_unreachable",
            f"{upstream.host} is at {', '.join(found)}: neither on this machine nor in a private network, and"
            " insecure_public_upstream is off",
        )
    return allowed


def is_near(text: str) -> bool:
    """Return whether an address is this machine's or of a private network."""
    address = _literal(text)
    if address is None:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in _NEAR)


def _is_unspecified(host: str) -> bool:
    address = _literal(host)
    return address is not None and (getattr(address, "ipv4_mapped", None) or address).is_unspecified


def _literal(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
