"""E-mail addresses that somebody can be gone by, and how they are compared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from oidc_gate.identity import claim_at, is_verified

__all__ = [
    "LooseText",
    "bare_email",
    "compared_domain",
    "compared_email",
    "in_own_letters",
    "listed_addresses",
    "loose_text",
    "verified_email",
    "written_email",
]

#: A longer one is none (RFC 5321, 4.5.3.1).
_LONGEST = 320
#: The part before the `@` and nothing else: no name beside it, no blank, no quotes.
_LOCAL = re.compile(r'[^\s@<>()\[\],;\\"\x00-\x1f\x7f]+')
_DOMAIN = re.compile(r"[a-z0-9_\-\x80-\U0010ffff]+(?:\.[a-z0-9_\-\x80-\U0010ffff]+)*")
#: What is not seen, though `str.isprintable` lets it pass, and full stops of other scripts.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3002\u3164\ufe00-\ufe0f\uff61\U000e0100-\U000e01ef]"
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
    """Return an address in lower case; None for a malformed one."""
    local, _, domain = address.partition("@")
    domain = compared_domain(domain)
    if not domain or len(address) > _LONGEST or not _LOCAL.fullmatch(local) or not _is_seen(local):
        return None
    return f"{_lower(local)}@{domain}"


def compared_domain(domain: str) -> str:
    """Return a domain in lower case; `""` for what is none, or may be read as another."""
    lower = _lower(domain) if len(domain) <= _LONGEST else ""
    return lower if _DOMAIN.fullmatch(lower) and _is_seen(domain) else ""


def in_own_letters(text: str) -> str:
    """Return an address or a domain, in lower case, with the names in it that are `xn--…` as they are read (RFC 5891).

    The same domain comes in the one spelling or the other. `*` may stand in it.
    """
    if "xn--" not in text:
        return text
    local, at, domain = text.rpartition("@")
    return local + at + ".".join(map(_decoded, domain.split(".")))


def _decoded(label: str) -> str:
    if not label.startswith("xn--") or not label.isascii():
        return label
    try:
        found = label.removeprefix("xn--").encode().decode("punycode")
    except UnicodeError:
        return label
    is_its_own = not found.isascii() and f"xn--{found.encode('punycode').decode()}" == label
    return _lower(found) if is_its_own else label


def listed_addresses(texts: Iterable[str]) -> list[str]:
    """Return addresses or domains of a list, in which `*` may stand, as they are compared: in both spellings."""
    lower = [_lower(text) for text in texts]
    return [*lower, *map(in_own_letters, lower)]


def _lower(text: str) -> str:
    """Return the text in lower case, letter by letter: a final sigma is none where `*` or a dot follows."""
    if text.isascii():
        return text.lower()
    return "".join([letter.lower() for letter in unicodedata.normalize("NFC", text)])


def _is_seen(text: str) -> bool:
    """Return whether all characters can be seen, and none stands for an ASCII one (as a letter of full width does)."""
    if text.isascii():
        return True
    others = (letter for letter in text if not letter.isascii())
    stands_for_ascii = any(unicodedata.normalize("NFKC", letter).isascii() for letter in others)
    return text.isprintable() and not _UNSEEN.search(text) and not stands_for_ascii


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
