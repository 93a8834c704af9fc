"""E-mail addresses that somebody can be gone by, and how they are compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from oidc_gate.identity import claim_at, is_verified, lower_ascii

__all__ = ["LooseText", "bare_email", "loose_text", "verified_email", "written_email"]

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
    """Return the e-mail address in lower case, verified or not; None if there is none with exactly one `@`."""
    address = lower_ascii(written_email(claims, claim))
    return None if address.count("@") != 1 or address.startswith("@") or address.endswith("@") else address


def verified_email(claims: Mapping[str, Any], *, required: bool = False, claim: str = _EMAIL) -> str | None:
    """Return the e-mail address in lower case, or None if there is none to go by, or it has not exactly one `@`.

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
