"""E-mail addresses that somebody can be gone by, and how they are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from oidc_gate.identity import claim_at, is_verified, lower_ascii

__all__ = ["LooseText", "bare_email", "loose_text", "verified_email", "written_email"]

_LETTER = r'[^\s@<>()\[\],;:\\"\x00-\x1f\x7f]'
#: One address and nothing else: no name beside it, no blank, no quotes, a domain of names between dots.
_ADDRESS = re.compile(rf"{_LETTER}+@(?:(?!\.){_LETTER})+(?:\.(?:(?!\.){_LETTER})+)*")
#: A `*` that stands for the beginning of a name.
_STAR_IN_A_NAME = re.compile(r"\*(?=[^\W_])")


#: The claim of Core, 5.1, and the only one that `email_verified` speaks of.
_EMAIL = "email"


def written_email(claims: Mapping[str, Any], claim: str = _EMAIL) -> str:
    """Return the e-mail address as the provider writes it, `""` for none.

    A claim of another name may hold it in a list, as `emails` does at Azure AD B2C: of one alone, for of several nobody
    can tell which is meant.
    """
    value = claim_at(claims, claim)
    if isinstance(value, list) and len(value) == 1 and claim != _EMAIL:
        value = value[0]
    return value if isinstance(value, str) else ""


def bare_email(claims: Mapping[str, Any], claim: str = _EMAIL) -> str | None:
    """Return the e-mail address in lower case, verified or not; None if there is none, or a malformed one.

    What mail software might take for another address than it looks like counts as malformed: it fits no list of
    addresses, and no `not` lets it pass.
    """
    address = lower_ascii(written_email(claims, claim))
    return address if _ADDRESS.fullmatch(address) and (address.isascii() or _is_plain(address)) else None


def _is_plain(address: str) -> bool:
    """Return whether all of its characters can be seen, and none stands for another (as a dot of full width does)."""
    return address.isprintable() and unicodedata.normalize("NFKC", address) == address


def verified_email(claims: Mapping[str, Any], *, required: bool = False, claim: str = _EMAIL) -> str | None:
    """Return the e-mail address in lower case, or None if there is none to go by, or it is malformed.

    `required`: as `is_verified` has it, which says nothing of any `claim` but `email`.
    """
    return bare_email(claims, claim) if claim != _EMAIL or is_verified(claims, required=required) else None


class LooseText(NamedTuple):
    """A text with `*` that fits more than it seems to; what else it fits, and what was meant, as far as can be told."""

    text: str
    fits: str
    meant: tuple[str, str]


def loose_text(text: str, form: Literal["address", "domain"]) -> LooseText | None:
    """Return what is to be said of a text for addresses, or for domains, in which `*` begins a name: `*example.com`."""
    before, at, domain = text.rpartition("@")
    found = _STAR_IN_A_NAME.search(domain)
    if found is None:
        return None
    before = f"{before or '*'}@" if at or form == "address" else ""
    before, rest = before + domain[: found.start()], domain[found.end() :]
    return LooseText(text, f"{before.replace('*', 'x')}evil{rest}", (f"{before}{rest}", f"{before}*.{rest}"))
