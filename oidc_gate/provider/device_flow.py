"""The device flow's messages, in pairs: what is sent, and how its answer is read. Pure, as `code_flow` is. RFC 8628."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from oidc_gate.errors import ProviderDownError, ProviderError
from oidc_gate.provider.code_flow import FORM_HEADERS, Tokens, lifetime, read_tokens
from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest, read_json_object
from oidc_gate.provider.quoting import shown
from oidc_gate.provider.token_errors import TokenCall, token_error

__all__ = ["DeviceAuthorization", "device_request", "device_token_request", "read_device_answer", "read_device_tokens"]

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
#: Seconds between two questions where the provider does not say (section 3.2), and what `slow_down` adds (3.5).
_INTERVAL, _SLOWER = 5.0, 5.0
#: Nobody types a longer one, and nobody opens a longer address.
_LONGEST_CODE, _LONGEST_ADDRESS = 64, 2000


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """What the provider has begun (section 3.2); `interval` and `expires_in` in seconds, `complete` is `""` for none.

    `verification_uri`, `complete` and `user_code` are fit to be shown at a terminal.
    """

    device_code: str = field(repr=False)
    user_code: str
    verification_uri: str
    complete: str
    expires_in: float
    interval: float


def device_request(endpoint: str, params: Iterable[tuple[str, str]]) -> HTTPRequest:
    """Return the request that begins it (section 3.1), without credentials: `client_authentication` adds those."""
    return HTTPRequest(endpoint, FORM_HEADERS, urlencode(list(params)))


def read_device_answer(answer: HTTPAnswer, call: TokenCall) -> DeviceAuthorization:
    """Return what has begun. Raises ProviderError for a no, ProviderDownError where there is no sensible answer."""
    answer.require("device authorization endpoint")
    document = _document(answer)
    if answer.status != 200:
        raise token_error(answer.status, document, call)
    device_code, user_code = document.get("device_code"), document.get("user_code")
    address, complete = document.get("verification_uri"), document.get("verification_uri_complete")
    expires_in, interval = lifetime(document.get("expires_in")), lifetime(document.get("interval"))
    if not isinstance(device_code, str) or not device_code.isascii() or expires_in is None:
        raise ProviderError("device_answer_invalid", "the answer holds no device_code, or does not say when it ends")
    if not isinstance(user_code, str) or not _is_plain(user_code, _LONGEST_CODE):
        raise ProviderError("device_answer_invalid", f"nobody can type the user_code {shown(user_code, 80)}")
    if not isinstance(address, str) or not _is_address(address, answer.url):
        raise ProviderError("device_answer_invalid", f"the verification_uri cannot be opened: {shown(address)}")
    if not isinstance(complete, str) or not _is_address(complete, answer.url):
        complete = ""
    return DeviceAuthorization(device_code, user_code, address, complete, expires_in, interval or _INTERVAL)


def device_token_request(endpoint: str, device_code: str, params: Iterable[tuple[str, str]]) -> HTTPRequest:
    """Return the question whether somebody has agreed by now (section 3.4), without credentials."""
    asked = [("grant_type", GRANT_TYPE), ("device_code", device_code), *params]
    return HTTPRequest(endpoint, FORM_HEADERS, urlencode(asked))


def read_device_tokens(answer: HTTPAnswer, call: TokenCall) -> Tokens | float:
    """Return the tokens, or by how many seconds longer to wait than before until the next question (section 3.5).

    Raises ProviderError `device_denied` and `device_code_expired`, and otherwise what `read_tokens` raises.
    """
    answer.require("token endpoint")
    error = _document(answer).get("error")
    if error == "authorization_pending":
        return 0.0
    if error == "slow_down":
        return _SLOWER
    if error == "access_denied":
        raise ProviderError("device_denied", "the sign-in was refused at the provider")
    if error in ("expired_token", "invalid_grant"):
        raise ProviderError("device_code_expired", "nobody signed in at the provider in time")
    return read_tokens(answer, call)


def _document(answer: HTTPAnswer) -> dict[str, Any]:
    try:
        return read_json_object(answer.body)
    except ValueError as error:
        detail = f"the answer of {answer.url} is not readable: {error}"
        raise ProviderDownError("token_answer_unreadable", detail) from None


def _is_plain(text: str, longest: int) -> bool:
    """Return whether a terminal shows the text as it is, and does nothing else with it."""
    return 0 < len(text) <= longest and text.isascii() and text.isprintable()


def _is_address(text: str, endpoint: str) -> bool:
    """Return whether a person may be sent there: over https, unless the provider itself is asked without it."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    schemes = ("https",) if endpoint.startswith("https:") else ("https", "http")
    return _is_plain(text, _LONGEST_ADDRESS) and parts.scheme in schemes and bool(parts.hostname) and " " not in text
