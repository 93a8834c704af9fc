"""The provider: the only code that goes over the network, and what is remembered of its answers.

Every call has time-outs, follows no redirect (a token request would be sent on with its secret), reads at most a
megabyte, and takes proxies from the environment but no passwords from `.netrc`. Everything here may block.
"""

from __future__ import annotations

import logging
import os
import ssl
import time
from collections.abc import Callable
from functools import lru_cache
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from joserfc.errors import JoseError
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies
from urllib3.exceptions import HTTPError
from urllib3.util.retry import Retry

from oidc_gate import keys, protocol, tokens
from oidc_gate.cached import Cached
from oidc_gate.client_authentication import ClientAuthentication, client_authentication
from oidc_gate.errors import ProviderDownError, ProviderError, SettingsError
from oidc_gate.metadata import Metadata, discovery_request, read_metadata
from oidc_gate.wire import HTTPAnswer, HTTPRequest, read_json_object

if TYPE_CHECKING:
    from oidc_gate.settings import Settings

__all__ = ["Provider"]

logger = logging.getLogger("oidc_gate")

LONGEST_ANSWER = 1_000_000
#: Strangers can send tokens with unknown keys; they make the gate ask for new keys at most this often.
_KEY_PAUSE = 10.0


class Provider:
    """One provider, as one gate uses it. Thread-safe."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._clock = clock
        self._send = Transport(settings.ca_bundle, settings.http_timeout).send
        self._metadata = Cached(self._fetch_metadata, clock)
        self._keys = Cached(self._fetch_keys, clock)
        self._private_key = _private_key(settings)
        self._authenticate = _authentication(settings, self._private_key)

    def known_metadata(self) -> Metadata | None:
        """Return the metadata if they are here and fresh; never blocks."""
        return self._metadata.known()

    def metadata(self) -> Metadata:
        """Return the metadata; an old copy if the provider does not answer. Raises ProviderError without one."""
        return self._metadata.get()

    def exchange(
        self, callback: protocol.Callback, *, redirect_uri: str, verifier: str, nonce: str
    ) -> tuple[dict[str, Any], protocol.Tokens]:
        """Redeem a code; return the ID token's verified claims and the tokens. Raises LoginError, ProviderError."""
        found = self.metadata()
        callback.check_issuer(found.issuer, required=found.sends_iss)
        request = protocol.token_request(
            found.token_endpoint, code=callback.code, redirect_uri=redirect_uri, verifier=verifier
        )
        answer = self._send(self._authenticate(request))
        issued = protocol.read_tokens(answer, client_auth_method=self._settings.client_auth_method)
        signed = self._verified(issued.id_token)
        claims = tokens.check_id_token(signed, self._expected(), expected_nonce=nonce)
        tokens.check_access_token(claims, issued.access_token, signed.alg)
        return claims, issued

    def refresh(self, refresh_token: str, claims: dict[str, Any]) -> tuple[dict[str, Any] | None, protocol.Tokens]:
        """Renew the tokens of a session with these claims; return the new ID token's claims, or None, and the tokens.

        Raises ProviderError; a code_rejected LoginError when the provider no longer accepts the refresh token.
        """
        try:
            endpoint = self.metadata().token_endpoint
            self._keys.get()  # before the refresh token is spent: without keys the answer to it would be lost
        except ProviderError as error:
            raise ProviderDownError(error.code, error.detail) from None  # of the session the provider has said nothing
        request = self._authenticate(protocol.refresh_request(endpoint, refresh_token))
        method = self._settings.client_auth_method
        issued = protocol.read_tokens(self._send(request), client_auth_method=method, refreshed=True)
        if not issued.id_token:
            return None, issued
        signed = self._verified(issued.id_token)
        fresh = tokens.check_refreshed_id_token(signed, self._expected(), expected_claims=claims)
        tokens.check_access_token(fresh, issued.access_token, signed.alg)
        return fresh, issued

    def revoke(self, refresh_token: str) -> None:
        """End a refresh token, where the provider offers that. Raises ProviderError."""
        endpoint = self.metadata().revocation_endpoint
        if endpoint:
            self._send(self._authenticate(protocol.revocation_request(endpoint, refresh_token)))

    def logout_claims(self, logout_token: str) -> dict[str, Any]:
        """Return the verified claims of a logout token. Raises ProviderError."""
        return tokens.check_logout_token(self._verified(logout_token), self._expected())

    def userinfo(self, access_token: str, expected_sub: str) -> dict[str, Any]:
        """Return the person's claims from userinfo, signed or not. Raises ProviderError."""
        endpoint = self.metadata().userinfo_endpoint
        if not endpoint:
            raise ProviderError("userinfo_missing", "the provider offers no userinfo endpoint")
        claims = protocol.read_userinfo(self._send(protocol.userinfo_request(endpoint, access_token)))
        if isinstance(claims, str):
            claims = tokens.read_claims(self._verified(claims))
            tokens.check_signed_userinfo(claims, self._expected())
        return tokens.check_userinfo(claims, expected_sub=expected_sub)

    def _expected(self) -> tokens.Expected:
        settings = self._settings
        return tokens.Expected(self.metadata().issuer, settings.client_id, self._clock(), settings.clock_leeway)

    def _verified(self, token: str) -> keys.Signed:
        """Return a token whose signature is the provider's. Raises ProviderError."""
        if token.count(".") == 4 and self._private_key is not None:
            token = keys.decrypt(token, self._private_key)
        signed = keys.read_compact(token)
        if signed.alg not in (self._settings.signing_algs or self.metadata().signing_algs):
            raise ProviderError("alg_not_allowed", "the token is signed with an algorithm that is not allowed")
        if self._keys.get().verifies(signed) or self._keys.again(_KEY_PAUSE).verifies(signed):
            return signed
        raise ProviderError("signature_invalid", "no key of the provider has signed the token")

    def _fetch_metadata(self) -> Metadata:
        issuer_url = self._settings.issuer_url
        return read_metadata(self._send(discovery_request(issuer_url)), issuer_url)

    def _fetch_keys(self) -> keys.KeySet:
        answer = self._send(HTTPRequest(self.metadata().jwks_uri))
        answer.require("the key set")
        try:
            return keys.read_key_set(read_json_object(answer.body))
        except ValueError as error:
            raise ProviderDownError("keys_unreadable", f"the key set is not readable: {error}") from None


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


def _private_key(settings: Settings) -> Any:
    path = settings.client_private_key_file
    if not path:
        return None
    try:
        return keys.load_private_key(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsError(f"client_private_key_file: {path}: {error}.") from None


def _authentication(settings: Settings, private_key: Any) -> ClientAuthentication:
    """Return what proves the client, tried out once: a key that cannot sign stops start-up, not the first login."""
    authenticate = client_authentication(
        settings.client_auth_method, settings.client_id, settings.client_secret, private_key
    )
    try:
        authenticate(HTTPRequest("https://probe.invalid", {}, ""))
    except (JoseError, ValueError) as error:
        raise SettingsError(f"client_auth_method {settings.client_auth_method}: {error}.") from None
    return authenticate
