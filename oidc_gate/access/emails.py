"""E-mail addresses that somebody can be gone by, and how they are compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oidc_gate.identity import is_verified, text_claim

__all__ = ["bare_email", "lower_ascii", "verified_email"]

_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def lower_ascii(text: str) -> str:
    """Return the text with A to Z in lower case, and nothing else changed.

    Unicode's own rules would take `straße.de` for `strasse.de`, and a Kelvin sign for a k: other domains, other people.
    """
    return text.translate(_LOWER)


def bare_email(claims: Mapping[str, Any]) -> str | None:
    """Return the e-mail address in lower case, verified or not; None if there is none with exactly one `@`."""
    address = lower_ascii(text_claim(claims, "email") or "")
    return None if address.count("@") != 1 or address.startswith("@") or address.endswith("@") else address


def verified_email(claims: Mapping[str, Any], *, required: bool = False) -> str | None:
    """Return the e-mail address in lower case, or None if there is none to go by, or it has not exactly one `@`.

    `required`: as `is_verified` has it.
    """
    return bare_email(claims) if is_verified(claims, required=required) else None
