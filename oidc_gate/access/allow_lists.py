"""Who may pass: the allow lists over verified claims. A claim that is missing or of the wrong type matches nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oidc_gate.identity import is_verified, text_claim
from oidc_gate.settings import lower_ascii

__all__ = ["AllowLists"]


class AllowLists:
    """The lists of one gate. One match in any of them is enough; without any, every user of the provider may pass."""

    def __init__(
        self,
        *,
        emails: tuple[str, ...] | None,
        domains: tuple[str, ...] | None,
        groups: tuple[str, ...] | None,
        groups_claim: str,
        require_email_verified: bool = False,
    ) -> None:
        self._require_email_verified = require_email_verified
        self._emails = frozenset(emails or ())
        self._domains = frozenset(domains or ())
        self._groups = frozenset(groups or ())
        #: Whether there are no lists, so that it does not matter who it is.
        self.allow_all = emails is None and domains is None and groups is None
        self._groups_claim = groups_claim
        self._groups_path = groups_claim.split(".")

    def lack(self, claims: Mapping[str, Any]) -> bool:
        """Return whether a claim is missing that the rules cannot do without."""
        wants_email = bool(self._emails or self._domains)
        return (wants_email and "email" not in claims) or (bool(self._groups) and self._groups_value(claims) is None)

    def allow(self, claims: Mapping[str, Any]) -> bool:
        """Return whether the person with these claims may pass."""
        if self.allow_all or not self._groups.isdisjoint(self.groups(claims)):
            return True
        address = verified_email(claims, required=self._require_email_verified)
        return address is not None and (address in self._emails or address.partition("@")[2] in self._domains)

    def groups(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the person's groups: the claim may be one text or a list of texts, and may be missing.

        In a list, what is no text is left out. An object, as some providers send it, counts as missing.
        """
        value = self._groups_value(claims)
        if isinstance(value, str):
            return (value,) if value else ()
        return tuple([item for item in value if isinstance(item, str) and item]) if isinstance(value, list) else ()

    def _groups_value(self, claims: Mapping[str, Any]) -> Any:
        # A claim may bear the whole dotted name (`https://example.com/groups`) as well as stand inside an object.
        value = claims.get(self._groups_claim)
        if value is None:
            value = claims
            for name in self._groups_path:
                value = value.get(name) if isinstance(value, Mapping) else None
        return value


def verified_email(claims: Mapping[str, Any], *, required: bool = False) -> str | None:
    """Return the e-mail address in lower case, or None if there is none to go by, or it has not exactly one `@`.

    `required`: as `is_verified` has it.
    """
    address = lower_ascii(text_claim(claims, "email") or "")
    if address.count("@") != 1 or address.startswith("@") or address.endswith("@"):
        return None
    return address if is_verified(claims, required=required) else None
