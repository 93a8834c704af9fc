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

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, select_proxy
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from oidc_gate.errors import SettingsError
from oidc_gate.provider.deadlines import Deadline
from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest
from oidc_gate.provider.network_errors import AnswerTooLongError, no_answer

__all__ = ["Transport", "tls_context"]

logger = logging.getLogger("oidc_gate")

LONGEST_ANSWER = 1_000_000
_HEADERS = {"User-Agent": "oidc_gate", "Accept-Encoding": "gzip, deflate", "Accept": "*/*", "Connection": "keep-alive"}


class Transport:
    """Sends requests over one pool of kept connections and one TLS context; a forked process gets a pool of its own."""

    def __init__(self, ca_bundle: str, timeout: float) -> None:
        self._ca_bundle = ca_bundle
        #: The same object for the same authorities.
        self.context = tls_context(ca_bundle)
        self._timeout = timeout
        self._process = os.getpid()
        #: Without a `requests.Session`, which would keep cookies, follow redirects and read `.netrc`.
        self._adapter = _Adapter(self.context)
        #: Asked once for each of the provider's few addresses: to go through the environment takes a tenth of a login.
        self._proxies = lru_cache(maxsize=32)(get_environ_proxies)

    def send(self, request: HTTPRequest) -> HTTPAnswer:
        """Return the answer, read whole. Raises ProviderDownError when there is none, or it is too long or too slow.

        `timeout` is for all of it: each try, each of the host's addresses, and the answer to its last byte. Only the
        look-up of the host's name is the system's own affair.
        """
        if self._process != os.getpid():
            self._process, self._adapter = os.getpid(), _Adapter(self.context)
        deadline = Deadline(self._timeout)
        try:
            with deadline:
                answer = self._sent(request, deadline)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            cause = error if not deadline.is_over or isinstance(error, _NOT_TWICE) else TimeoutError()
            raise no_answer(cause, request.url, self._timeout, self._ca_bundle) from None
        path, kind = request.url.partition("?")[0], answer.content_type or "no content type"
        logger.debug("%s: %d, %s, %d bytes", path, answer.status, kind, len(answer.body))
        return answer

    def proxy(self, url: str) -> str:
        """Return the proxy through which this address is asked, `""` for none. It may hold a password."""
        return select_proxy(url, dict(self._proxies(url))) or ""

    def _sent(self, request: HTTPRequest, deadline: Deadline) -> HTTPAnswer:
        """Send the request; a GET once more where its connection broke, as one does that was kept for too long."""
        try:
            return self._try(request, deadline)
        except requests.ConnectionError as error:
            if request.body is not None or isinstance(error, _NOT_TWICE) or deadline.is_over:
                raise
        return self._try(request, deadline)

    def _try(self, request: HTTPRequest, deadline: Deadline) -> HTTPAnswer:
        if not request.url.lower().startswith(("https://", "http://")):
            raise requests.exceptions.InvalidSchema(request.url.partition(":")[0])
        method = "GET" if request.body is None else "POST"
        headers = _HEADERS | request.headers
        prepared = requests.Request(method, request.url, headers=headers, data=request.body).prepare()
        timeout: Any = Timeout(total=deadline.left())  # which requests hands on to urllib3
        proxies = self._proxies(request.url)
        with self._adapter.send(prepared, stream=True, timeout=timeout, proxies=proxies) as response:
            body = _read(response, deadline)
        told = response.headers
        content_type = told.get("content-type", "").partition(";")[0].strip().lower()
        came = tuple((name.lower(), value) for name, value in response.raw.headers.items())
        return HTTPAnswer(response.status_code, content_type, body, request.url, told.get("location", ""), came)


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


class _Adapter(HTTPAdapter):
    """Connections under one shared TLS context: reading the authorities anew takes longer than a whole login."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        # urllib3 tries nothing again: it would give each try the whole time.
        super().__init__(max_retries=0, pool_maxsize=32)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002
        """Leave the authorities to the context; requests would load its own on top of them."""
        conn.cert_reqs = "CERT_REQUIRED"


_POOLS = {"http": _Pool, "https": _SecurePool}
#: What another try would not mend, or has no time for.
_NOT_TWICE = (requests.exceptions.SSLError, requests.exceptions.ProxyError, requests.exceptions.Timeout)


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
        context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return context


def _read(response: requests.Response, deadline: Deadline) -> bytes:
    """Return the body. What has come is taken at once, so that no more than a little beyond the limit is ever held."""
    body = bytearray()
    while chunk := response.raw.read1(65536, decode_content=True):
        body += chunk
        if len(body) > LONGEST_ANSWER:
            raise AnswerTooLongError
    deadline.left()  # a connection that was cut looks as if it had come to its end
    return bytes(body)
