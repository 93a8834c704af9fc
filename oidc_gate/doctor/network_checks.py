"""N: the way to the provider, from the host's name to the clock."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from oidc_gate.doctor.case import LOOPBACK, Case, Check
from oidc_gate.doctor.findings import Finding, SkippedError, fail, ok, skipped, unknown, warn, worst
from oidc_gate.provider import no_answer, tls_context

__all__ = ["NETWORK_CHECKS"]

_DAY = 86400.0
#: A certificate that ends sooner is worth a look, or one that has less than a third of its life left, if that is less.
_DAYS_LEFT = 14
_TRIES = 3
#: Seconds by which clocks may differ and nobody needs to know.
_APART = 5.0
#: Nearly all ID tokens are good for no longer (seconds).
_USUAL_LIFE = 3600.0
#: Of an error of OpenSSL: X509_V_ERR_CERT_HAS_EXPIRED.
_EXPIRED = 10
#: Nothing is in a cache for longer, in seconds, whatever it says.
_LONGEST_KEPT = 10**9


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the gate connects to for an address of the provider: to its host, or to a proxy.

    `host` is `""` where the proxy that the environment names is no address.
    """

    url: str
    host: str
    port: int
    at_proxy: bool

    @property
    def name(self) -> str:
        return f"the proxy {self.host}:{self.port}" if self.at_proxy else f"{self.host}:{self.port}"

    @property
    def is_secure(self) -> bool:
        return self.url.startswith("https:")


def _places(case: Case) -> list[_Place]:
    """Return where the gate itself connects to, the issuer first. Raises SkippedError where nothing may go out."""
    if case.options.offline:
        raise SkippedError("nothing is asked: --offline")
    urls = [] if case.addresses.document is not None else [case.addresses.request().url]
    with suppress(SkippedError):
        found = case.metadata()
        urls += [url for url in (found.token_endpoint, found.jwks_uri, found.userinfo_endpoint) if url]
    places: dict[tuple[str, int], _Place] = {}
    for url in urls:
        proxy = case.proxy(url)
        place = _Place(url, *_host_and_port(proxy or url), bool(proxy))
        places.setdefault((place.host, place.port), place)
    return list(places.values())


def _host_and_port(url: str) -> tuple[str, int]:
    """Return them as an address has them, `""` for the host where it is none; a proxy's may lack its scheme."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "", 0


def _addresses(place: _Place) -> list[str]:
    """Return the addresses of a place. Raises OSError where its name is not found."""
    if not place.host:
        raise OSError
    found = socket.getaddrinfo(place.host, place.port, 0, socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


def _names(case: Case) -> Finding:
    return worst([_name(place) for place in _places(case)])


def _name(place: _Place) -> Finding:
    if not place.host:
        return fail(
            "the proxy that the environment names is no address",
            "HTTPS_PROXY and HTTP_PROXY have the form http://HOST:PORT",
        )
    try:
        addresses = _addresses(place)
    except (OSError, UnicodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "no name of a host"
        return fail(
            f"the name {place.host} is not found: {said}",
            "check the spelling of issuer_url, then this machine's DNS (/etc/resolv.conf; in a container, its own)",
        )
    kinds = [kind for kind, mark in (("IPv4", "."), ("IPv6", ":")) if any(mark in each for each in addresses)]
    return ok(f"{place.host} has {len(addresses)} address{'' if len(addresses) == 1 else 'es'}, {' and '.join(kinds)}")


def _connections(case: Case) -> Finding:
    return worst([_connection(case, place) for place in _places(case)])


def _connection(case: Case, place: _Place) -> Finding:
    try:
        addresses = _addresses(place)
    except (OSError, UnicodeError):
        return skipped(f"{place.host or 'the proxy'} is not found: N1")
    share = case.settings.http_timeout / len(addresses)  # as when the gate connects, so that many take no longer
    silent = {address: why for address in addresses if (why := _silent(address, place, share))}
    if not silent:
        return ok(f"connected to {place.name}")
    said = ", ".join(f"{address} ({why})" for address, why in silent.items())
    if len(silent) < len(addresses):
        return warn(
            f"{place.name} does not answer at {said}; each call may try that first",
            "mend the route (often IPv6), or have the resolver leave such addresses out",
        )
    if place.at_proxy:
        mend = "correct HTTPS_PROXY, HTTP_PROXY or NO_PROXY; does the proxy run?"
    else:
        mend = "check the port in issuer_url, and whether the provider runs; open the firewall, or set HTTPS_PROXY"
    return fail(f"no connection to {place.name} at {said}", mend)


def _silent(address: str, place: _Place, timeout: float) -> str:
    """Return why there is no connection, `""` where there is one."""
    try:
        socket.create_connection((address, place.port), timeout).close()
    except TimeoutError:
        return f"nothing within {timeout:g} s"
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def _certificates(case: Case) -> Finding:
    return worst([_certificate(case, place) for place in _places(case)])


def _certificate(case: Case, place: _Place) -> Finding:
    settings = case.settings
    if not place.is_secure:
        if urlsplit(place.url).hostname in LOOPBACK:
            return ok("plain http, on this machine")
        return warn("plain http: anyone on the way can sign in as anyone", "have the provider speak https")
    if place.at_proxy:
        return unknown("the way leads through a proxy, where no certificate can be looked at; P1 says whether it holds")
    context = tls_context(settings.ca_bundle)
    try:
        with (
            _connected(place, settings.http_timeout) as plain,
            context.wrap_socket(plain, server_hostname=place.host) as secure,
        ):
            found, version = secure.getpeercert() or {}, secure.version() or "TLS"
    except ssl.SSLError as error:
        said = no_answer(error, place.name, settings.http_timeout, settings.ca_bundle).detail
        if isinstance(error, ssl.SSLCertVerificationError):
            if error.verify_code == _EXPIRED:
                return fail(said, "have whoever runs the provider renew it; or this machine's clock is wrong: date -u")
            return fail(said, "a private authority's certificate goes into ca_bundle; others the provider has to mend")
        return fail(said, "correct scheme and port of issuer_url, or look at what is on the way: a proxy, a firewall")
    except OSError:
        return skipped(f"no connection to {place.name}: N2")
    return _days_left(place, version, str(found.get("notBefore")), str(found.get("notAfter")), case.clock())


def _connected(place: _Place, timeout: float) -> socket.socket:
    """Return a connection; a host's addresses share the time. Raises OSError."""
    connected = socket.create_connection((place.host, place.port), timeout / len(_addresses(place)))
    connected.settimeout(timeout)
    return connected


def _days_left(place: _Place, version: str, begins: str, ends: str, now: float) -> Finding:
    until = ssl.cert_time_to_seconds(ends)
    left, life = (until - now) / _DAY, (until - ssl.cert_time_to_seconds(begins)) / _DAY
    said = f"{version}; the certificate of {place.host} is good for {left:.0f} days"
    if left < min(_DAYS_LEFT, life / 3):
        return warn(said, "have whoever runs the provider renew it; nobody can sign in from that day on")
    return ok(said)


def _latency(case: Case) -> Finding:
    first = case.reached()
    request = case.addresses.request()
    slowest = max([first.seconds, *(case.timed(request).seconds for _ in range(_TRIES - 1))])
    said = f"the slowest of {_TRIES} answers took {slowest:.2f} s; http_timeout is {case.settings.http_timeout:g} s"
    if slowest > case.settings.http_timeout / 2:
        return warn(said, "raise http_timeout, or find out what is slow on the way")
    return ok(said)


def _clock(case: Case) -> Finding:
    timed = case.reached()
    try:
        said = parsedate_to_datetime(timed.answer.header("date"))
        age = min(int(timed.answer.header("age") or "0"), _LONGEST_KEPT)
    except ValueError:
        return unknown("the provider does not say what time it has")
    theirs = (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp() + age + 0.5  # it says whole seconds
    ahead = (timed.asked_at + timed.came_at) / 2 - theirs
    sure = max(0.0, abs(ahead) - 0.5 - timed.seconds / 2)
    leeway = case.settings.clock_leeway
    found = f"this machine is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the provider"
    mend = (
        "compare both with a third clock: date -u says this machine's, which timedatectl set-ntp true sets (a virtual"
        " machine takes its host's); the provider's is for whoever runs it"
    )
    if sure > leeway and ahead < 0:
        return fail(f"{found}, and clock_leeway is {leeway:g} s: every ID token is refused", mend)
    if sure > leeway:
        short = f"an ID token that is good for less than {sure - leeway:.0f} s is refused"
        return (fail if sure - leeway > _USUAL_LIFE else warn)(f"{found}, clock_leeway is {leeway:g} s: {short}", mend)
    if sure > _APART:
        return warn(f"{found} (clock_leeway is {leeway:g} s)", mend)
    return ok("the provider's clock and this machine's agree")


NETWORK_CHECKS = (
    Check("N1", "host name", _names),
    Check("N2", "connection", _connections),
    Check("N3", "TLS", _certificates),
    Check("N4", "latency", _latency),
    Check("N5", "clock", _clock),
)
