"""The browser's cookie jar: keeps and sends cookies as RFC 6265bis and today's browsers do.

A refused cookie is the commonest silent end of a login, so tests can look at what was refused: `Jar.rejected`.
"""

from __future__ import annotations

import copy
import ipaddress
import itertools
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

MAX_BYTES = 4096  # RFC 6265 6.1: name, value and attributes together; some browsers allow more, none less
_LOOPBACK = ("127.0.0.1", "localhost")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_order = itertools.count()


@dataclass(frozen=True)
class Cookie:
    """One cookie as the browser keeps it."""

    name: str
    value: str
    domain: str
    host_only: bool = True
    path: str = "/"
    secure: bool = False
    http_only: bool = False
    same_site: str = "lax"
    expires: float | None = None
    created: int = 0

    def fits(self, host: str, path: str, secure: bool) -> bool:
        """Tell whether the cookie goes to this host, path and kind of connection, SameSite aside."""
        right_host = host == self.domain if self.host_only else domain_matches(host, self.domain)
        return right_host and path_matches(path, self.path) and (secure or not self.secure)


@dataclass(frozen=True)
class Rejected:
    """A `Set-Cookie` that the browser threw away, and why."""

    header: str
    reason: str

    @property
    def name(self) -> str:
        return self.header.partition("=")[0].strip()


class Jar:
    """A browser's cookies; the short methods (`get`, `set`, `names`) are about the app's own host."""

    def __init__(self, home: str, clock: Callable[[], float] = time.time) -> None:
        self.home = home
        self.clock = clock
        self.rejected: list[Rejected] = []
        self.trusts_loopback = False  # True: as Chromium and Firefox, which take Secure cookies of 127.0.0.1 over http
        self._cookies: dict[tuple[str, str, str], Cookie] = {}

    def copy(self) -> Jar:
        twin = copy.copy(self)
        twin.rejected, twin._cookies = list(self.rejected), dict(self._cookies)
        return twin

    def all(self, url: str | None = None) -> list[Cookie]:
        """Return the living cookies that would go to a URL (the app's origin by default), the longest path first."""
        parts = urlsplit(url or self.home)
        now = self.clock()
        self._cookies = {key: one for key, one in self._cookies.items() if one.expires is None or one.expires > now}
        fitting = [
            one
            for one in self._cookies.values()
            if one.fits(parts.hostname or "", parts.path or "/", self._is_secure(url or self.home))
        ]
        return sorted(fitting, key=lambda one: (-len(one.path), one.created))

    def get(self, name: str) -> str | None:
        """Return the value of one of the app's cookies, whatever its path."""
        return next((one.value for one in self._at_home() if one.name == name), None)

    def find(self, name: str) -> Cookie:
        """Return one of the app's cookies with its attributes."""
        return next(one for one in self._at_home() if one.name == name)

    def names(self) -> list[str]:
        return [one.name for one in self._at_home()]

    def set(self, name: str, value: str, *, path: str = "/", secure: bool | None = None) -> None:
        """Plant a cookie at the app's host, replacing one of that name and path; no rule is applied."""
        parts = urlsplit(self.home)
        secure = parts.scheme == "https" if secure is None else secure
        self._keep(Cookie(name, value, parts.hostname or "", path=path, secure=secure, created=next(_order)))

    def delete(self, name: str) -> None:
        """Forget the app's cookies of this name."""
        home = {(one.domain, one.path, one.name) for one in self._at_home() if one.name == name}
        self._cookies = {key: one for key, one in self._cookies.items() if key not in home}

    def clear(self, home_only: bool = False) -> None:
        """Forget all cookies, or only the app's (a person who clears one site's data)."""
        kept = set(self._at_home()) if home_only else set(self._cookies.values())
        self._cookies = {key: one for key, one in self._cookies.items() if one not in kept}

    def header_for(self, url: str, *, same_site: bool = True, lax_allowed: bool = True) -> str:
        """Return the Cookie header for a request; `lax_allowed` is true for a navigation with a safe method."""
        sent = [
            one
            for one in self.all(url)
            if same_site or one.same_site == "none" or (one.same_site == "lax" and lax_allowed)
        ]
        return "; ".join(f"{one.name}={one.value}" if one.name else one.value for one in sent)

    def receive(self, url: str, header: str, *, same_site: bool = True) -> None:
        """Take one `Set-Cookie` header; `same_site` is false for a subrequest from another site."""
        cookie, reason = parse_set_cookie(url, header, self.clock(), secure=self._is_secure(url))
        reason = reason or self._overwrites_secure(url, cookie)
        if not reason and not same_site and cookie.same_site != "none":
            reason = "SameSite cookie on a cross-site subrequest"
        if reason:
            self.rejected.append(Rejected(header, reason))
        else:
            self._keep(cookie)

    def _keep(self, cookie: Cookie) -> None:
        key = (cookie.domain, cookie.path, cookie.name)
        self._cookies.pop(key, None)
        if cookie.expires is None or cookie.expires > self.clock():
            self._cookies[key] = cookie

    def _at_home(self) -> list[Cookie]:
        host = urlsplit(self.home).hostname or ""
        self.all()  # drops the dead ones
        return [one for one in self._cookies.values() if one.domain == host or domain_matches(host, one.domain)]

    def _is_secure(self, url: str) -> bool:
        parts = urlsplit(url)
        return parts.scheme == "https" or (self.trusts_loopback and parts.hostname in _LOOPBACK)

    def _overwrites_secure(self, url: str, cookie: Cookie) -> str:
        """Leave secure cookies alone (RFC 6265bis 5.7, step 16)."""
        if self._is_secure(url):
            return ""
        clash = any(one.secure and one.name == cookie.name and one.domain == cookie.domain for one in self._at_home())
        return "would overwrite a Secure cookie from http" if clash else ""


def parse_set_cookie(url: str, header: str, now: float, *, secure: bool) -> tuple[Cookie, str]:
    """Read a `Set-Cookie` header sent from a URL; also say why it must be refused (empty: it need not).

    `secure` tells whether the URL counts as secure, so that it may set Secure cookies.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    pair, *rest = header.split(";")
    name, equals, value = (part.strip() for part in pair.partition("="))
    name, value = (name, value) if equals else ("", name)
    attributes = {key.strip().lower(): val.strip() for key, _, val in (one.partition("=") for one in rest)}
    domain = attributes.get("domain", "").lstrip(".").lower()
    path = attributes.get("path", "")
    cookie = Cookie(
        name,
        value,
        domain or host,
        host_only=not domain,
        path=path if path.startswith("/") else default_path(parts.path),
        secure="secure" in attributes,
        http_only="httponly" in attributes,
        same_site=_same_site(attributes.get("samesite", "")),
        expires=_expiry(attributes, now),
        created=next(_order),
    )
    return cookie, _why_refused(cookie, header, host, secure, path)


def _why_refused(cookie: Cookie, header: str, host: str, secure: bool, path: str) -> str:
    prefix = cookie.name.lower()
    if _CONTROL.search(header):
        return "control character"
    if len(header.encode("latin-1", "replace")) > MAX_BYTES:
        return f"more than {MAX_BYTES} bytes"
    if not cookie.name and not cookie.value:
        return "neither name nor value"
    if not cookie.host_only and not may_claim_domain(host, cookie.domain):
        return f"Domain={cookie.domain} is not {host}'s"
    if cookie.secure and not secure:
        return "Secure over http"
    if cookie.same_site == "none" and not cookie.secure:
        return "SameSite=None without Secure"
    if prefix.startswith(("__secure-", "__host-")) and not cookie.secure:
        return "a __Secure- or __Host- cookie without Secure"
    if prefix.startswith("__host-") and (not cookie.host_only or path != "/"):
        return "a __Host- cookie with Domain, or without Path=/"
    return ""


def domain_matches(host: str, domain: str) -> bool:
    return host == domain or (host.endswith("." + domain) and not is_address(host))


def may_claim_domain(host: str, domain: str) -> bool:
    """Tell whether a host may set a cookie for a domain: its own or a parent, but no public suffix (one label)."""
    return host == domain or (domain_matches(host, domain) and "." in domain)


def path_matches(path: str, cookie_path: str) -> bool:
    if path == cookie_path:
        return True
    return path.startswith(cookie_path) and (cookie_path.endswith("/") or path[len(cookie_path)] == "/")


def default_path(path: str) -> str:
    """Return the path of a cookie that names none: the request's, up to its last slash (RFC 6265 5.1.4)."""
    return path.rpartition("/")[0] or "/"


def site_of(url: str) -> str:
    """Return the site of a URL: scheme and registrable domain, here its last two labels."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return f"{parts.scheme}://{host if is_address(host) else '.'.join(host.split('.')[-2:])}"


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _same_site(text: str) -> str:
    return text.lower() if text.lower() in ("strict", "lax", "none") else "lax"


def _expiry(attributes: dict[str, str], now: float) -> float | None:
    """Return when the cookie ends; Max-Age wins over Expires, text that is neither counts as absent."""
    max_age = attributes.get("max-age", "")
    if re.fullmatch(r"-?\d+", max_age):
        return now + int(max_age) if int(max_age) > 0 else float("-inf")
    try:
        return parsedate_to_datetime(attributes["expires"]).timestamp()
    except (KeyError, ValueError):
        return None
