"""The provider's own words in messages for the log: cut, written so that they cannot break a line, and without secrets.

Token endpoints have been seen to repeat what they were sent. So whatever resembles something that was sent, or a token,
is left out.
"""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from oidc_gate.provider.http_messages import HTTPRequest

__all__ = ["error_said", "names_shown", "scrubbed", "secrets_in", "shown"]

_LONGEST_CODE, _LONGEST_TEXT = 80, 300
#: Parameters of a request to the token endpoint that may be read by anyone.
_NO_SECRETS = frozenset(
    {
        "client_assertion_type",
        "client_id",
        "code_challenge_method",
        "grant_type",
        "redirect_uri",
        "response_type",
        "scope",
        "token_type_hint",
    }
)
_WORD = re.compile(r"[\w.~+/=%-]{8,}", re.ASCII)
#: A word that has so many characters in a row with a secret is taken for a piece of it.
_PIECE = 8
#: A word of this length with letters and digits in it is taken for a token, unless it is an address.
_TOKEN = 32
_LEFT_OUT = "…"
#: So many characters of a text, and of a secret, are looked at.
_MOST_READ = 1000


def shown(value: Any, longest: int = 200) -> str:
    """Return a claim or another foreign value as it may stand in the log: one line, not long."""
    text = repr(value)
    return text if len(text) <= longest else text[:longest] + _LEFT_OUT


def names_shown(claims: Mapping[str, Any]) -> str:
    """Return what a log may say of claims: their names, cut, for those of a provider are not ours to trust."""
    return ", ".join(repr(name)[1:-1][:60] for name in sorted(claims)[:60])


def error_said(error: Any, description: Any, secrets: frozenset[str]) -> str:
    """Return what the provider said of its no (RFC 6749, 5.2) for the log; it may be anything."""
    code = _quoted(error, _LONGEST_CODE, secrets)
    if not isinstance(description, str) or not description:
        return f"error {code}"
    return f"error {code}, {_quoted(description, _LONGEST_TEXT, secrets)}"


def _quoted(value: Any, longest: int, secrets: frozenset[str]) -> str:
    text = scrubbed(value if isinstance(value, str) else repr(value), secrets)
    return shown(text if len(text) <= longest else text[:longest] + _LEFT_OUT, 2 * longest)


def secrets_in(request: HTTPRequest) -> frozenset[str]:
    """Return what of a request to the provider nobody is to read, in each form in which it may come back."""
    found = [value for name, value in parse_qsl(request.body or "") if name not in _NO_SECRETS]
    scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
    found.append(credentials)
    if scheme == "Basic":
        found.append(b64decode(credentials).decode().partition(":")[2])
    return frozenset(form for value in found if value for form in (value, quote(value, safe=""), unquote_plus(value)))


def scrubbed(text: str, secrets: frozenset[str]) -> str:
    """Return the text without these secrets, without larger pieces of them, and without what looks like a token.

    Of a long text the beginning: to look for each piece of it in each secret takes its time, and strangers send both.
    """
    text, secrets = text[:_MOST_READ], frozenset(secret[:_MOST_READ] for secret in secrets)
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, _LEFT_OUT)
    lower = [secret.lower() for secret in secrets]
    return _WORD.sub(lambda found: _LEFT_OUT if _is_secret(found[0].lower(), lower) else found[0], text)


def _is_secret(word: str, secrets: list[str]) -> bool:
    if len(word) >= _TOKEN and any(map(str.isdigit, word)) and any(map(str.isalpha, word)) and "//" not in word:
        return True
    pieces = {word[at : at + _PIECE] for at in range(len(word) - _PIECE + 1)}
    return any(piece in secret for piece in pieces for secret in secrets)
