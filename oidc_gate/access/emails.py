"""E-mail addresses that somebody can be gone by, and how they are compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oidc_gate.identity import is_verified, lower_ascii, text_claim

__all__ = ["bare_email", "verified_email"]

def bare_email(claims: Mapping[str, Any]) -> str | None:
    """Return the e-mail address in lower case, verified or not; None if there is none with exactly one `@`."""
    address = lower_ascii(text_claim(claims, "email") or "")
    return None if address.count("@") != 1 or address.startswith("@") or address.endswith("@") else address


def verified_email(claims: Mapping[str, Any], *, required: bool = False) -> str | None:
    """Return the e-mail address in lower case, or None if there is none to go by, or it has not exactly one `@`.

    `required`: as `is_verified` has it.
    """
    return bare_email(claims) if is_verified(claims, required=required) else None
