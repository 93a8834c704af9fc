"""E-mail addresses that somebody can be gone by, and how they are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from oidc_gate.identity import claim_at, is_verified, lower_ascii

__all__ = [
    "LooseText",
    "bare_email",
    "compared_domain",
    "compared_email",
    "listed_domain",
    "listed_email",
    "loose_text",
    "verified_email",
    "written_email",
]

#: The part before the `@` and nothing else: no name beside it, no blank, no quotes.
_LOCAL = re.compile(r'[^\s@<>()\[\],;:\\"\x00-\x1f\x7f]+')
_DOMAIN = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_LONGEST_DOMAIN = 253
#: What is not shown, or is shown as another character, and that `str.isprintable` lets pass.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uff00-\uffef\U000e0100-\U000e01ef]"
)
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
    """Return the e-mail address as it is compared, verified or not; None if there is none, or a malformed one.

    What mail software might take for another address than it looks like counts as malformed: it fits no list of
    addresses, and no `not` lets it pass.
    """
    return compared_email(written_email(claims, claim))


def compared_email(address: str) -> str | None:
    """Return an address in lower case, and with its domain as domains are compared; None for a malformed one."""
    local, _, domain = address.partition("@")
    local = lower_ascii(local)
    if not _LOCAL.fullmatch(local) or not (local.isascii() or _is_seen(local)):
        return None
    domain = compared_domain(domain)
    return f"{local}@{domain}" if domain else None


def compared_domain(domain: str) -> str:
    """Return a domain in the spelling in which all are compared; `""` for what is none.

    Of names beyond ASCII that is the one with their own letters (RFC 5891), whether they were written so, in capitals,
    with another dot, or as `xn--…`.
    """
    domain = lower_ascii(domain)
    if domain.isascii() and "xn--" not in domain:
        return domain if _DOMAIN.fullmatch(domain) else ""
    return _in_own_letters(domain) if len(domain) <= _LONGEST_DOMAIN else ""


@lru_cache(maxsize=1024)
def _in_own_letters(domain: str) -> str:
    import idna  # late: few have such a domain

    try:
        found = idna.decode(idna.encode(domain, uts46=True))
    except (idna.IDNAError, UnicodeError):
        found = domain if _DOMAIN.fullmatch(domain) else ""
    return "" if found.endswith(".") else found  # one at the end is left there


def _is_seen(local: str) -> bool:
    """Return whether all characters can be seen, and each is itself."""
    return local.isprintable() and not _UNSEEN.search(local) and unicodedata.normalize("NFC", local) == local


def listed_email(text: str) -> str:
    """Return an address of a list, in which `*` may stand, as addresses are compared."""
    local, at, domain = text.rpartition("@")
    return f"{lower_ascii(local)}{at}{listed_domain(domain)}"


def listed_domain(text: str) -> str:
    """Return a domain of a list, in which `*` may stand, as domains are compared."""
    labels = lower_ascii(text).split(".") if "*" in text else [lower_ascii(text)]
    return ".".join(label if "*" in label else compared_domain(label) or label for label in labels)


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
