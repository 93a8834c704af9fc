"""The Authorization header of a program: which scheme, which token (RFC 6750, 2.1; RFC 9449, 7.1)."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import NamedTuple

from oidc_gate.errors import ProviderError

__all__ = ["Sent", "digest", "names_token", "taken_apart"]

#: A longer token is refused unread.
_LONGEST_TOKEN = 8192
#: A header that names one of our schemes, be it as the second of two that were joined.
_NAMES_US = re.compile(r"(?:^|,)\s*(?:bearer|dpop)(?=[\s,]|$)", re.IGNORECASE)
#: One as it has to be. The case of a scheme does not count (RFC 9110, 11.1).
_CREDENTIALS = re.compile(r"(bearer|dpop) +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE | re.ASCII)

#: What is left of one where there is no token.
_SCHEME_ALONE = re.compile(r"[ \t]*(?:bearer|dpop)[ \t]*", re.IGNORECASE)


class Sent(NamedTuple):
    """What a program has sent: the whole header, the scheme in lower case, the token."""

    text: str
    scheme: str
    token: str

    def __repr__(self) -> str:
        return f"<{self.scheme} credentials>"


def names_token(text: str) -> bool:
    """Return whether a header is for us: a token under one of our schemes, or something that may be taken for one."""
    return _NAMES_US.search(text) is not None


def taken_apart(text: str) -> Sent:
    """Return what is in a header. Raises ProviderError `token_malformed` for all but one scheme and one token.

    White space around it is none of the header (RFC 9110, 5.5), and not every server takes it off.
    """
    found = _CREDENTIALS.fullmatch(text.strip(" \t")) if len(text) <= 2 * _LONGEST_TOKEN else None
    if found is None or len(found[2]) > _LONGEST_TOKEN:
        raise ProviderError("token_malformed", _what_is_wrong(text))
    return Sent(text, found[1].lower(), found[2])


def _what_is_wrong(text: str) -> str:
    if _SCHEME_ALONE.fullmatch(text):
        return "the Authorization header has a scheme and no token: perhaps the program's variable is empty"
    return f"the Authorization header is not one scheme and one token of at most {_LONGEST_TOKEN} bytes"


def digest(text: str) -> bytes:
    """Return a hash of an Authorization header, in whose place it is remembered."""
    return sha256(text.encode("latin-1", "replace")).digest()
