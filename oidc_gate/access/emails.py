"""E-mail addresses that somebody can be gone by, and how they are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from oidc_gate.identity import claim_at, is_verified, lower_ascii

__all__ = [
    "LooseText",
    "bare_email",
    "compared_domain",
    "compared_email",
    "listed_domains",
    "listed_emails",
    "loose_text",
    "verified_email",
    "written_email",
]

#: The part before the `@` and nothing else: no name beside it, no blank, no quotes.
_LOCAL = re.compile(r'[^\s@<>()\[\],;:\\"\x00-\x1f\x7f]+')
_DOMAIN = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
#: Beyond ASCII any letter, but none that is a dot to mail software.
_OWN_LETTERS = re.compile(r"[a-z0-9_\-\x80-\U0010ffff]+(?:\.[a-z0-9_\-\x80-\U0010ffff]+)*")
#: What is not seen, though `str.isprintable` lets it pass, and a full stop of another script.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3002\u3164\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)
#: Vowels of Thai and Lao that are written as one, and that NFKC takes apart.
_COMPOSED = str.maketrans("", "", "\u0e33\u0eb3")
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
    """Return an address in lower case; None for a malformed one."""
    local, _, domain = address.partition("@")
    domain = compared_domain(domain)
    if not domain or not _LOCAL.fullmatch(local) or not _is_seen(local):
        return None
    return f"{lower_ascii(local)}@{domain}"


def compared_domain(domain: str) -> str:
    """Return a domain in lower case; `""` for what is none, or may be read as another."""
    if domain.isascii():
        domain = domain.lower()
        return domain if _DOMAIN.fullmatch(domain) else ""
    lower = domain.lower()
    return lower if _is_seen(domain) and _OWN_LETTERS.fullmatch(lower) else ""


def _is_seen(text: str) -> bool:
    """Return whether all characters can be seen, and none stands for another (as a letter of full width does)."""
    if text.isascii():
        return True
    plain = text.translate(_COMPOSED)
    return text.isprintable() and not _UNSEEN.search(text) and unicodedata.normalize("NFKC", plain) == plain


def listed_emails(texts: Iterable[str]) -> list[str]:
    """Return addresses of a list, in which `*` may stand, as addresses are compared."""
    found: list[str] = []
    for text in texts:
        local, at, domain = text.rpartition("@")
        found += [f"{lower_ascii(local)}{at}{each}" for each in listed_domains([domain])]
    return found


def listed_domains(texts: Iterable[str]) -> list[str]:
    """Return domains of a list, in which `*` may stand, as domains are compared.

    A name beyond ASCII in both its spellings, with its own letters and as `xn--…` (RFC 3492): the same domain comes in
    the one or the other.
    """
    found: list[str] = []
    for text in texts:
        labels = (text.lower() if _is_seen(text) else lower_ascii(text)).split(".")
        found += dict.fromkeys(".".join(map(spelt, labels)) for spelt in (str, _encoded, _in_own_letters))
    return found


def _encoded(label: str) -> str:
    return label if label.isascii() or "*" in label else f"xn--{label.encode('punycode').decode()}"


def _in_own_letters(label: str) -> str:
    if not label.startswith("xn--") or "*" in label or not label.isascii():
        return label
    try:
        return label.removeprefix("xn--").encode().decode("punycode")
    except UnicodeError:
        return label


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
