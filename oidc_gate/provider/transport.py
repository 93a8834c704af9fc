"""The only code that goes over the network to the provider.

Every call has time-outs, follows no redirect (a token request would be sent on with its secret), reads at most a
megabyte, and takes proxies from the environment but no passwords from `.netrc`.
"""

from __future__ import annotations

import logging
import os
import ssl
import time
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from oidc_gate.errors import ProviderDownError, SettingsError
from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest

__all__ = ["Transport"]

logger = logging.getLogger("oidc_gate")

LONGEST_ANSWER = 1_000_000


class Transport:
    """Sends requests over one pool of kept connections and one TLS context; a forked process gets a pool of its own."""

    def __init__(self, ca_bundle: str, timeout: float) -> None:
        self._ca_bundle = ca_bundle
        self._timeout = timeout
        self._process = os.getpid()
        self._session = self._new_session()
        #: Asked once for each of the provider's few addresses: to go through the environment takes a tenth of a login.
        self._proxies = lru_cache(maxsize=32)(get_environ_proxies)

    def send(self, request: HTTPRequest) -> HTTPAnswer:
        """Return the answer, read whole. Raises ProviderDownError when there is none, or it is too long or too slow."""
        if self._process != os.getpid():
            self._process, self._session = os.getpid(), self._new_session()
        deadline = time.monotonic() + 2 * self._timeout
        try:
            with self._session.request(
                "GET" if request.body is None else "POST",
                request.url,
                headers=request.headers,
                data=request.body,
                timeout=self._timeout,
                allow_redirects=False,
                stream=True,
                proxies=self._proxies(request.url),
            ) as response:
                body = _read(response, deadline)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            hint = "; set ca_bundle if its certificate is from a private authority" if _is_tls(error) else ""
            raise ProviderDownError("provider_unreachable", f"{request.url}: {type(error).__name__}{hint}") from None
        content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        path = request.url.partition("?")[0]
        logger.debug("%s: %d, %s, %d bytes", path, response.status_code, content_type or "no content type", len(body))
        return HTTPAnswer(response.status_code, content_type, body)

    def _new_session(self) -> requests.Session:
        session = _Session()
        session.trust_env = False  # or .netrc and REQUESTS_CA_BUNDLE would overrule what is set here
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.headers["User-Agent"] = "oidc_gate"
        for scheme in ("https://", "http://"):
            session.mount(scheme, _Adapter(self._ca_bundle))
        return session


class _Session(requests.Session):
    """Knows no redirects: not following one is not enough, for requests reads its whole body all the same."""

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002
        """Return None: every answer is the last one."""
        return


class _Adapter(HTTPAdapter):
    """Connections under one shared TLS context: reading the authorities anew takes longer than a whole login."""

    def __init__(self, ca_bundle: str) -> None:
        self._context = _tls_context(ca_bundle)
        # No status is a reason to ask again: urllib3 would read the whole answer first, however long it is.
        again = Retry(
            total=1,
            redirect=0,
            status=0,
            allowed_methods=("GET",),
            raise_on_redirect=False,
            respect_retry_after_header=False,
        )
        super().__init__(max_retries=again, pool_maxsize=32)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        return super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ARG002
        """Leave the authorities to the context; requests would load its own on top of them."""
        conn.cert_reqs = "CERT_REQUIRED"


@lru_cache(maxsize=8)
def _tls_context(ca_bundle: str) -> ssl.SSLContext:
    """Return a context with the system's authorities, or those in `ca_bundle` alone. Raises SettingsError."""
    try:
        context = ssl.create_default_context(cafile=ca_bundle or None)
    except (OSError, ssl.SSLError):
        raise SettingsError(f"ca_bundle: {ca_bundle} holds no PEM certificates.") from None
    if not ca_bundle and not context.cert_store_stats()["x509_ca"]:
        context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return context


def _read(response: requests.Response, deadline: float) -> bytes:
    """Return the body. What has come is taken at once: time-outs alone would let it drip for ever."""
    body = bytearray()
    while chunk := response.raw.read1(65536, decode_content=True):
        body += chunk
        if len(body) > LONGEST_ANSWER:
            raise ValueError("the answer is too long")
        if time.monotonic() > deadline:
            raise TimeoutError("the answer takes too long")
    return bytes(body)


def _is_tls(error: BaseException) -> bool:
    return isinstance(error, requests.exceptions.SSLError | ssl.SSLError)
