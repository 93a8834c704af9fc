"""The only code that goes over the network to the provider.

Every call has one time limit for all of it, follows no redirect (a token request would be sent on with its secret),
reads at most a megabyte, and takes proxies from the environment but no passwords from `.netrc`.
"""

from __future__ import annotations

import logging
import os
import socket
import ssl
from contextlib import suppress
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from urllib.request import getproxies

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager, ProxyManager, Timeout, make_headers
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    HTTPError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ProxySchemeUnknown,
    SSLError,
    URLSchemeUnknown,
)
from urllib3.exceptions import TimeoutError as TooLateError
from urllib3.response import BaseHTTPResponse
from urllib3.util import parse_url

from oidc_gate.errors import SettingsError
from oidc_gate.provider.deadlines import Deadline
from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest
from oidc_gate.provider.network_errors import AnswerTooLongError, no_answer

__all__ = ["Transport", "tls_context"]

logger = logging.getLogger("oidc_gate")

LONGEST_ANSWER = 1_000_000
#: So many connections to each place are kept.
_KEPT = 32
#: What says more than that the time is over.
_TELLING = (ProxyError, SSLError, TooLateError)
_HEADERS = {"User-Agent": "oidc_gate", "Accept-Encoding": "gzip, deflate", "Accept": "*/*", "Connection": "keep-alive"}


class Transport:
    """Sends requests over one pool of kept connections and one TLS context; a forked process gets a pool of its own."""

    def __init__(self, ca_bundle: str, timeout: float) -> None:
        self._ca_bundle = ca_bundle
        #: The same object for the same authorities.
        self.context = tls_context(ca_bundle)
        self._timeout = timeout
        self._process = os.getpid()
        #: By the proxy that they go through, `""` for none. Those of urllib3, which keep no cookies, follow no redirect
        #: when told so and know no `.netrc`; a `requests.Session` over them would do all that, for a fifth of a login.
        self._pools: dict[str, PoolManager] = {}
        #: Asked once for each of the provider's few addresses: to go through the environment takes a tenth of a login.
        self._proxies = lru_cache(maxsize=32)(_proxy_of_environment)

    def send(self, request: HTTPRequest) -> HTTPAnswer:
        """Return the answer, read whole. Raises ProviderDownError when there is none, or it is too long or too slow.

        `timeout` is for all of it: each try, each of the host's addresses, and the answer to its last byte. Only the
        look-up of the host's name is the system's own affair.
        """
        if self._process != os.getpid():
            self._pools, self._process = {}, os.getpid()
        deadline = Deadline(self._timeout)
        try:
            with deadline:
                answer = self._sent(request, deadline)
        except (HTTPError, OSError, ValueError) as error:
            cause = error if not deadline.is_over or isinstance(error, _TELLING) else TimeoutError()
            raise no_answer(cause, request.url, self._timeout, self._ca_bundle) from None
        path, kind = request.url.partition("?")[0], answer.content_type or "no content type"
        logger.debug("%s: %d, %s, %d bytes", path, answer.status, kind, len(answer.body))
        return answer

    def proxy(self, url: str) -> str:
        """Return the proxy through which this address is asked, `""` for none. It may hold a password."""
        return self._proxies(url)

    def _sent(self, request: HTTPRequest, deadline: Deadline) -> HTTPAnswer:
        """Send the request; a GET once more where its connection broke, as one does that was kept for too long.

        Not once an answer has begun: what sent it has seen the request, and a proof in it counts once (RFC 9449, 11.1).
        """
        try:
            response = self._begun(request, deadline)
        except (ProtocolError, NewConnectionError):
            if request.body is not None or deadline.is_over:
                raise
            response = self._begun(request, deadline)
        with response:
            body = _read(response, deadline)
        told = response.headers
        content_type = told.get("content-type", "").partition(";")[0].strip().lower()
        came = tuple((name.lower(), value) for name, value in told.items())
        return HTTPAnswer(response.status, content_type, body, request.url, told.get("location", ""), came)

    def _begun(self, request: HTTPRequest, deadline: Deadline) -> BaseHTTPResponse:
        """Return the answer, of which the head has come."""
        place = parse_url(request.url)
        if place.scheme not in _POOLS or not place.host:
            raise URLSchemeUnknown(request.url.partition(":")[0])
        proxy = self.proxy(request.url)
        pool = self._through(proxy).connection_from_host(place.host.strip("[]"), place.port, place.scheme)
        return pool.urlopen(
            "GET" if request.body is None else "POST",
            request.url if proxy and place.scheme == "http" else place.request_uri,
            body=request.body,
            headers=_HEADERS | request.headers,
            timeout=Timeout(total=deadline.left()),
            redirect=False,
            retries=False,  # it would give each try the whole time
            assert_same_host=False,
            preload_content=False,
        )

    def _through(self, proxy: str) -> PoolManager:
        return self._pools.get(proxy) or self._pools.setdefault(proxy, _pools(proxy, self.context))


class _Punctual:
    """Connections that end with the call they are used for."""

    host: str
    port: int
    timeout: Any
    sock: Any

    def _new_conn(self) -> socket.socket:
        """Connect; the addresses of a host with several share the time, so that one that is silent costs no more."""
        whole, addresses = self.timeout, 1
        with suppress(OSError):
            addresses = len(socket.getaddrinfo(self.host, self.port, 0, socket.SOCK_STREAM))
        self.timeout = whole / addresses
        try:
            connected: socket.socket = super()._new_conn()  # type: ignore[misc]  # of urllib3's class, beside this one
        finally:
            self.timeout = whole
        connected.settimeout(whole)
        return connected

    def _tunnel(self) -> None:
        """See http.client: a proxy's answer to CONNECT is read here, and may drip as any other."""
        Deadline.watch(self.sock)
        super()._tunnel()  # type: ignore[misc]

    def getresponse(self) -> Any:
        """See http.client."""
        Deadline.watch(self.sock)
        return super().getresponse()  # type: ignore[misc]


class _Connection(_Punctual, HTTPConnection):
    pass


class _SecureConnection(_Punctual, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


_POOLS = {"http": _Pool, "https": _SecurePool}


def _pools(proxy: str, context: ssl.SSLContext) -> PoolManager:
    """Return pools under one shared TLS context: reading the authorities anew takes longer than a whole login.

    Raises ValueError for a proxy that is not one for HTTP.
    """
    if not proxy:
        pools = PoolManager(maxsize=_KEPT, ssl_context=context)
    else:
        address, credentials = _proxy_address(proxy)
        headers = make_headers(proxy_basic_auth=credentials) if credentials else None
        pools = ProxyManager(address, maxsize=_KEPT, ssl_context=context, proxy_headers=headers)
    pools.pool_classes_by_scheme = _POOLS
    return pools


def _proxy_address(proxy: str) -> tuple[str, str]:
    """Return the proxy's address, and `name:password` or `""`. Raises ValueError where it names no place.

    Of a proxy without a host urllib3 would make none at all, and connect to the provider itself.
    """
    scheme, separator, rest = proxy.partition("://")
    if not separator:
        scheme, rest = "http", proxy.removeprefix("//")
    place = parse_url(f"{scheme}://{rest}")
    if not place.host or rest.lower().startswith(("http:", "https:")):  # http:/host lacks a slash
        raise ProxySchemeUnknown(scheme)
    name, _, password = (place.auth or "").partition(":")
    return place.url, f"{unquote(name)}:{unquote(password)}" if place.auth else ""


def _proxy_of_environment(url: str) -> str:
    if not getproxies():  # most have none, and need not load what reads the exceptions
        return ""
    import requests  # noqa: F401  # first, whole: many threads may come here at once
    from requests.utils import get_environ_proxies, select_proxy

    return select_proxy(url, get_environ_proxies(url)) or ""


def tls_context(ca_bundle: str) -> ssl.SSLContext:
    """Return a context with the system's authorities, or those in `ca_bundle` alone. Raises SettingsError."""
    try:
        return _context(ca_bundle, sha256(Path(ca_bundle).read_bytes()).digest() if ca_bundle else b"")
    except (OSError, ssl.SSLError):
        raise SettingsError(f"ca_bundle: {ca_bundle} holds no PEM certificates.") from None


@lru_cache(maxsize=8)
def _context(ca_bundle: str, _: bytes) -> ssl.SSLContext:
    """Return the context for the authorities in this file; the second tells one content of it from another."""
    context = ssl.create_default_context(cafile=ca_bundle or None)
    if not ca_bundle and not context.cert_store_stats()["x509_ca"]:
        import requests  # noqa: F401  # late: few systems have no authorities of their own
        from requests.utils import DEFAULT_CA_BUNDLE_PATH

        context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return context


def _read(response: BaseHTTPResponse, deadline: Deadline) -> bytes:
    """Return the body. What has come is taken at once, so that no more than a little beyond the limit is ever held."""
    body = bytearray()
    while chunk := response.read1(65536, decode_content=True):
        body += chunk
        if len(body) > LONGEST_ANSWER:
            raise AnswerTooLongError
    deadline.left()  # a connection that was cut looks as if it had come to its end
    return bytes(body)
