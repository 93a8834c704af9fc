"""Addresses: the gate's own, as the browser sees them, and those it may send a browser back to.

The own address comes from `base_url`, or from the request: from the Host header, and from `Forwarded` and
`X-Forwarded-*` where `trusted_proxies` says that a proxy set them. From anyone else these headers mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, unquote, urlsplit

if TYPE_CHECKING:
    from oidc_gate.decisions import Request

__all__ = ["LONGEST_PATH", "Addresses", "Origin", "is_host", "own_path", "requested_path", "safe_path"]

_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?"
    r"|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?",
    re.ASCII,
)
_LAST_PORT = 65535
_PROTO_AND_HOST = ("x-forwarded-proto", "x-forwarded-host")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}

#: A longer return address is none: browsers and servers have such limits too.
LONGEST_PATH = 8000


class Origin(NamedTuple):
    """Scheme and host (with a port that is not the scheme's own), and the path, encoded, where the app is mounted."""

    scheme: str
    host: str
    root_path: str

    @property
    def site(self) -> str:
        """Scheme and host, as in an Origin header."""
        return f"{self.scheme}://{self.host}"

    @property
    def url(self) -> str:
        """The public URL of the app, without a trailing slash."""
        return self.site + self.root_path


def is_host(host: str) -> bool:
    """Return whether this is a well-formed Host header, or an empty one: a name or an address, perhaps a port."""
    return len(host) < 262 and _is_host(host)  # first the length: what is remembered must be short


@lru_cache(maxsize=256)
def _is_host(host: str) -> bool:
    found = _HOST.fullmatch(host)
    return not host or (found is not None and int(found.group("port") or 0) <= _LAST_PORT)


class Addresses:
    """Tells the gate's own origin for a request, once `base_url` and `trusted_proxies` have been looked at."""

    def __init__(self, base_url: str, trusted_proxies: int | tuple[str, ...]) -> None:
        self._fixed: Origin | None = None
        if base_url:
            url = urlsplit(base_url)
            self._fixed = Origin(url.scheme, _without_default_port(url.scheme, url.netloc.lower()), url.path)
        self._trusted_hops = _hop_counter(trusted_proxies) if trusted_proxies else None
        self._counts = not isinstance(trusted_proxies, int)  # how many there are, X-Forwarded-For says

    @property
    def reads_forwarded(self) -> bool:
        """Whether headers of a proxy have a say, so that nothing holds for all requests."""
        return self._trusted_hops is not None

    def is_from_proxy(self, request: Request) -> bool:
        """Return whether a proxy that is believed has handed this request on."""
        return self._trusted_hops is not None and self._trusted_hops(request) > 0

    def is_wellformed(self, request: Request) -> bool:
        """Return whether the request names one well-formed host, or none. Otherwise it is answered with 400."""
        if not is_host(request.host):
            return False
        return self._trusted_hops is None or (is_host(self._forwarded(request)[1]) and self._is_of_proxies(request))

    def fault(self, request: Request) -> str:
        """Return what is wrong with a request that is not well-formed, for the log."""
        if not is_host(request.host):
            return "the Host header is malformed"
        if self._is_of_proxies(request):
            return "the host that a trusted proxy says is malformed"
        return (
            "the body comes in chunks, and X-Forwarded-Proto, X-Forwarded-Host or Forwarded is not said as often as"
            " there are trusted proxies: the client may have said it, in trailers"
        )

    def origin(self, request: Request) -> Origin:
        """Return the origin and mount point as the browser sees them. The request must be well-formed."""
        return self.seen(request) if self._fixed is None else self._fixed

    def is_own_origin(self, request: Request) -> bool:
        """Return whether a WebSocket was opened by a page of ours; programs, which send no Origin, have no session."""
        origin = request.header("origin")
        return not origin or origin == self.origin(request).site

    def seen(self, request: Request) -> Origin:
        """Return what the request itself says of that, and proxies that are believed, whatever `base_url` says."""
        scheme, host = self._forwarded(request) if self._trusted_hops is not None else ("", "")
        return _origin(scheme or request.scheme, host or request.host or request.server, request.root_path)

    def host(self, header: str) -> str:
        """Return the host of a request with this Host header, where no header of a proxy has a say."""
        return header.lower() if self._fixed is None else self._fixed.host

    def client(self, request: Request) -> str:
        """Return the address of the client as the outermost trusted proxy saw it, `""` where it did not say."""
        hops = self._trusted_hops(request) if self._trusted_hops is not None else 0
        if not hops:
            return _address(request.peer) or request.peer
        said = _nth_from_right(request.header("x-forwarded-for"), hops)
        if not said:
            element = _nth_from_right(request.header("forwarded"), hops)
            said = dict(_forwarded_pair(pair) for pair in element.split(";")).get("for", "")
        return _address(said)

    def root_path(self, request: Request) -> str:
        """Return the mount point as the browser sees it."""
        return _mount(request.root_path) if self._fixed is None else self._fixed.root_path

    def _is_of_proxies(self, request: Request) -> bool:
        """Return whether proxies have said all that counts for theirs, and not the client behind a body.

        Some servers put such trailers among the headers, as the last of their name (RFC 9112, 7.1.2, forbids it). Of
        the client's address there is often more than what proxies have said: they add to what it says itself.
        """
        if self._fixed is not None or not request.header("transfer-encoding"):
            return True
        hops = self._trusted_hops(request) if self._trusted_hops is not None else 0
        least = hops if self._counts else 1  # a trailer may be why so many proxies are counted
        heeded = [request.header(name) for name in _PROTO_AND_HOST]
        heeded = heeded if any(heeded) else [request.header("forwarded")]
        said = [[value.strip() for value in header.split(",")] for header in heeded if header]
        return not hops or all(
            len(values) >= least and (len(values) <= hops or len(set(values)) == 1) for values in said
        )

    def _forwarded(self, request: Request) -> tuple[str, str]:
        """Return scheme and host as the outermost trusted proxy saw them, `""` for what it did not say."""
        hops = self._trusted_hops(request) if self._trusted_hops is not None else 0
        if not hops:
            return "", ""
        said_scheme, said_host = (request.header(name) for name in _PROTO_AND_HOST)
        scheme, host = _nth_from_right(said_scheme, hops), _nth_from_right(said_host, hops)
        if not said_scheme and not said_host:
            element = _nth_from_right(request.header("forwarded"), hops)
            pairs = dict(_forwarded_pair(pair) for pair in element.split(";"))
            scheme, host = pairs.get("proto", ""), pairs.get("host", "")
        scheme = scheme.lower().replace("ws", "http") if scheme.lower() in ("ws", "wss") else scheme.lower()
        return scheme if scheme in _DEFAULT_PORTS else "", host


def _hop_counter(trusted: int | tuple[str, ...]) -> Callable[[Request], int]:
    """Return what tells how many proxies in front of this connection are trusted."""
    if isinstance(trusted, int):
        return lambda _: trusted
    from ipaddress import ip_address, ip_network

    networks = [ip_network(network) for network in trusted]

    def is_trusted(text: str) -> bool:
        try:
            address = ip_address(text)
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address  # a socket for both kinds sees ::ffff:10.0.0.1
        return any(address in network for network in networks)

    def hops(request: Request) -> int:
        if not is_trusted(request.peer):
            return 0
        count = 1
        _client, *proxies = request.header("x-forwarded-for").split(",")  # a client may be in such a network itself
        for address in reversed(proxies):
            if not is_trusted(address.strip()):
                break
            count += 1
        return count

    return hops


def _address(text: str) -> str:
    """Return an IP address without brackets and port, `""` for what is none (RFC 7239, 6)."""
    from ipaddress import ip_address

    bare = text.partition("]")[0].removeprefix("[") if text.startswith("[") else text
    for each in (bare, bare.partition(":")[0]):
        try:
            address = ip_address(each)
        except ValueError:
            continue
        return str(getattr(address, "ipv4_mapped", None) or address)  # a socket for both kinds sees ::ffff:10.0.0.1
    return ""


def _nth_from_right(header: str, number: int) -> str:
    """Return the value that the outermost of `number` proxies added, or `""` when there are not so many values.

    With fewer values than proxies nobody knows which proxy wrote them, or whether one did.
    """
    values = header.split(",") if header else []
    return values[-number].strip() if len(values) >= number else ""


def _forwarded_pair(text: str) -> tuple[str, str]:
    name, _, value = text.strip().partition("=")
    return name.strip().lower(), value.strip().strip('"')


@lru_cache(maxsize=64)
def _origin(scheme: str, host: str, root_path: str) -> Origin:
    return Origin(scheme, _without_default_port(scheme, host.lower()), _mount(root_path))


def _without_default_port(scheme: str, host: str) -> str:
    return host.removesuffix(_DEFAULT_PORTS.get(scheme, ""))


def _mount(root_path: str) -> str:
    """Return where the app is mounted as it stands in an address; a router may have taken it from the request."""
    return "/" + quote(root_path.lstrip("/"), safe=_PATH, errors="replace") if root_path else ""


def safe_path(target: str, origin: Origin) -> str:
    """Return the path, query and fragment of a return address on our own origin, or `/` for any other address.

    What comes out starts with one slash and is ASCII without control characters, blanks, quotes and backslashes: a
    browser (WHATWG URL) can only resolve it to the origin it already is at. A backslash in the path is refused, where a
    browser takes it for a slash. Dot segments are: not for the browser, but for whatever stands in between and resolves
    them in its own way.
    """
    target = _without_origin(target, origin)
    if target[:1] != "/" or target[1:2] == "/" or _UNSAFE.search(target):
        return "/"
    path = _PATH_END.split(target, maxsplit=1)[0]
    target = quote(target, safe=_RETURNED, errors="replace")
    return "/" if len(target) > LONGEST_PATH or "\\" in path or _DOT_SEGMENT.search(path) else target


def _without_origin(target: str, origin: Origin) -> str:
    """Return the path, query and fragment, where scheme and host are the origin's, however they are spelt."""
    found = _SITE.match(target)
    if found is None:
        return target
    scheme, host = found.group(1).lower(), found.group(2).lower()
    is_own = (scheme, _without_default_port(scheme, host)) == (origin.scheme, origin.host)
    rest = target[found.end() :]
    return target if not is_own else rest if rest[:1] == "/" else f"/{rest}"


_PATH = "/:@!$&'()*+,;=~-._"
_PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"<>')
_RETURNED = _PLAIN.replace("\\", "")
_QUERY = _RETURNED.replace("#", "")
_SITE = re.compile(r"(https?)://([^/?#\\]*)", re.IGNORECASE)
_PATH_END = re.compile(r"[?#]")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")  # half a surrogate pair has no UTF-8: "?" would stand for it
_DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?:/|$)", re.IGNORECASE)


def requested_path(request: Request, root_path: str) -> str:
    """Return the path and query of this request, encoded, as a return address that is still to be judged.

    As they were sent, where the server tells: `%2F` is another page than `/` (RFC 3986, 2.2). `root_path` is that of
    the origin, encoded already.
    """
    path = root_path + (_sent_path(request) or quote(request.path, safe=_PATH, errors="replace"))
    if not request.query:
        return path
    return f"{path}?{quote(request.query, safe=_QUERY, encoding='latin-1', errors='replace')}"


def _sent_path(request: Request) -> str:
    """Return the path inside the app as it stood on the request line, `""` where that cannot be told.

    A server, or whatever mounts the app, may have taken the mount point from the one and not from the other.
    """
    sent, path = request.raw_target, request.path
    for mount in ("", quote(request.root_path, safe=_PATH, errors="replace")):
        if sent.startswith(f"{mount}/") and unquote(sent[len(mount) :], errors="replace") == path:
            return quote(sent[len(mount) :], safe=_PLAIN, errors="replace")
    return ""


def own_path(origin: Origin, path: str) -> str:
    """Return a path of the app as the browser must ask for it."""
    return origin.root_path + path
