"""Why there was no answer from the provider, told apart in words for the log: what happened, and what to do."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from oidc_gate.errors import ProviderDownError, ProviderSetupError

__all__ = ["AnswerTooLongError", "no_answer"]

#: OpenSSL's numbers for what is wrong with a certificate (X509_V_ERR_…), as far as they have an advice of their own.
_EXPIRED, _NOT_YET_VALID = 10, 9
_UNKNOWN_AUTHORITY = frozenset({2, 18, 19, 20, 21})
_OTHER_NAME = frozenset({62, 64})
#: OpenSSL's reasons for an answer that is no TLS at all.
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "RECORD_LAYER_FAILURE"})


class AnswerTooLongError(ValueError):
    """The provider's answer is longer than any that is read."""


def no_answer(error: BaseException, url: str, timeout: float, ca_bundle: str) -> ProviderDownError:
    """Return the error for a call that brought no answer, with what happened.

    `error`: what the network's libraries raised; `timeout`: of the call, in seconds; `ca_bundle`: the setting.
    """
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _certificate(cause, url, ca_bundle)
    for cause in causes:
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, TimeoutError):
            return _tls(cause, url)
    return ProviderDownError("provider_unreachable", f"{url}: {_what_happened(causes, url, timeout)}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and those that led to it, wherever urllib3 and Python have put them."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop(0)
        if not isinstance(each, BaseException) or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [getattr(each, "reason", None), each.__cause__, each.__context__, *each.args]


def _what_happened(causes: list[BaseException], url: str, timeout: float) -> str:
    names = {base.__name__ for cause in causes for base in type(cause).__mro__}
    at_proxy = "ProxyError" in names
    place = urlsplit(url)
    port = place.port or (443 if place.scheme == "https" else 80)
    whose = "the proxy that the environment names (HTTPS_PROXY, HTTP_PROXY)" if at_proxy else f"{place.hostname}:{port}"
    if "ProxySchemeUnknown" in names:
        return "the proxy that the environment names (HTTPS_PROXY, ALL_PROXY) is none for HTTP; write http://HOST:PORT"
    if "gaierror" in names:
        return f"the host name of {whose} was not found; check its spelling, and this machine's DNS"
    if "AnswerTooLongError" in names:
        return "the answer is too long for a provider's; check what is at this address"
    if "ConnectionRefusedError" in names:
        return f"{whose} refused the connection; is the port right, and does it run?"
    is_new = "NewConnectionError" in names  # which urllib3 has as a time-out, too
    if "ConnectTimeoutError" in names and not is_new:
        return f"no connection to {whose} within {timeout:g} s (http_timeout); a firewall may drop it"
    if at_proxy or is_new:
        return f"no way to or through {whose}: {_kind(causes)}"
    if "TimeoutError" in names:
        return f"no whole answer within {timeout:g} s (http_timeout)"
    if names & {"ConnectionError", "EOFError", "IncompleteRead"}:
        return f"the connection broke before the answer was complete ({_kind(causes)})"
    return f"the answer could not be read ({_kind(causes)})"


def _kind(causes: list[BaseException]) -> str:
    """Return what the error nearest to the network is called, and what the system says of it."""
    last = next((cause for cause in reversed(causes) if isinstance(cause, OSError) and cause.strerror), None)
    return type(causes[-1]).__name__ if last is None else f"{type(last).__name__}: {last.strerror}"


def _certificate(error: ssl.SSLCertVerificationError, url: str, ca_bundle: str) -> ProviderDownError:
    """Return the error for a certificate that does not hold. One that has run out is for the provider to mend."""
    code = error.verify_code
    if code in (_EXPIRED, _NOT_YET_VALID):
        when = "has expired" if code == _EXPIRED else "is not valid yet"
        detail = f"its certificate {when}; whoever runs the provider renews it; or compare this machine's clock"
        return ProviderDownError("provider_unreachable", f"{url}: TLS: {detail}")
    if code in _OTHER_NAME:
        detail = "its certificate is for another name than the one in this address; check the host"
    elif code in _UNKNOWN_AUTHORITY and ca_bundle:
        detail = f"its certificate is from an authority that is not in ca_bundle ({ca_bundle})"
    elif code in _UNKNOWN_AUTHORITY:
        detail = "its certificate is from an authority unknown to this machine; if it is a private one, set ca_bundle"
    else:
        detail = f"its certificate does not hold: {error.verify_message}"
    return ProviderSetupError("provider_unreachable", f"{url}: TLS: {detail}")


def _tls(error: ssl.SSLError, url: str) -> ProviderDownError:
    reason = getattr(error, "reason", None) or type(error).__name__
    if reason in _NO_TLS:
        detail = "what answers at this port speaks no TLS; is the port right, or is it plain http?"
        return ProviderSetupError("provider_unreachable", f"{url}: TLS: {detail}")
    if "PROTOCOL" in reason or "HANDSHAKE" in reason or "CERTIFICATE" in reason:
        detail = f"the two sides find no common version or cipher, or it wants a client certificate ({reason})"
        return ProviderSetupError("provider_unreachable", f"{url}: TLS: {detail}")
    return ProviderDownError("provider_unreachable", f"{url}: TLS: the connection broke off ({reason})")
