"""Who may pass: the allow lists over verified claims. A claim that is missing or of the wrong type matches nothing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from oidc_gate.access.emails import bare_email, in_own_letters, listed_addresses, verified_email, written_email
from oidc_gate.access.group_claims import GroupClaim, read_groups
from oidc_gate.identity import claim_at

if TYPE_CHECKING:
    from oidc_gate.access.reasons import Reason

__all__ = ["AllowLists", "ListAnswer"]

logger = logging.getLogger("oidc_gate")


class ListAnswer(NamedTuple):
    """What one list says of a person.

    `holds`: None where it cannot be told, for this `reason`; `seen`: what it had; `claim`: what it goes by.
    """

    name: str
    listed: tuple[str, ...]
    holds: bool | None
    seen: str
    reason: Reason | Literal[""]
    claim: str


class AllowLists:
    """The lists of one gate. One match in any of them is enough; without any, every user of the provider may pass."""

    def __init__(
        self,
        *,
        emails: tuple[str, ...] | None,
        domains: tuple[str, ...] | None,
        groups: tuple[str, ...] | None,
        groups_claim: str,
        groups_separator: str = "",
        email_claim: str = "email",
        require_email_verified: bool = False,
        tenants: tuple[str, ...] = (),
    ) -> None:
        #: Those whose people may have a session; `()` where a provider has but one.
        self.tenants = tenants
        self.email_claim = email_claim
        self._require_email_verified = require_email_verified
        self._emails, self._domains = frozenset(emails or ()), frozenset(domains or ())
        self._all_emails = frozenset(listed_addresses(emails or ()))
        self._all_domains = frozenset(listed_addresses(domains or ()))
        self._groups = frozenset(groups or ())
        #: Whether there are no lists, so that it does not matter who it is.
        self.allow_all = emails is None and domains is None and groups is None
        self._groups_claim = groups_claim
        self._groups_separator = groups_separator

    def lack(self, claims: Mapping[str, Any]) -> bool:
        """Return whether a claim is missing that the rules cannot do without."""
        return (self.go_by_address and self.lack_email(claims)) or (bool(self._groups) and self.lack_groups(claims))

    def lack_email(self, claims: Mapping[str, Any]) -> bool:
        """Return whether there is no claim with an address, be it one to go by or not."""
        return claim_at(claims, self.email_claim) is None

    def lack_word(self, claims: Mapping[str, Any]) -> bool:
        """Return whether it is not said that the address is verified, or that it is not, where that is required."""
        is_called_for = self._require_email_verified and self.email_claim == "email"
        return is_called_for and claims.get("email_verified") is None and bare_email(claims) is not None

    @property
    def go_by_address(self) -> bool:
        """Whether there is a list of addresses or of domains."""
        return bool(self._emails or self._domains)

    def allow(self, claims: Mapping[str, Any]) -> bool:
        """Return whether the person with these claims may pass."""
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("subject %r, by the lists: %s", claims.get("sub"), self.told(claims))
        if self.allow_all or not self._groups.isdisjoint(self.groups(claims)):
            return True
        address = self.address(claims)
        return address is not None and self._has(address)

    def address(self, claims: Mapping[str, Any]) -> str | None:
        """Return the address that may be gone by, in lower case, or None."""
        return verified_email(claims, required=self._require_email_verified, claim=self.email_claim)

    def address_reason(self, claims: Mapping[str, Any]) -> Reason:
        """Return why there is no address that may be gone by: `email_unverified` or `claim_missing`."""
        return "claim_missing" if bare_email(claims, self.email_claim) is None else "email_unverified"

    def reason(self, claims: Mapping[str, Any]) -> Reason:
        """Return why the person with these claims may not pass, as a code.

        `email_unverified`: their address is on a list, and may not be gone by; `groups_overage`: the provider has left
        out the groups because there are too many (Entra ID); `claim_missing`: a list asks for a claim that is not
        there, or of the wrong type; `door`: they are on none of the lists.
        """
        address = bare_email(claims, self.email_claim)
        if address is not None and self.address(claims) is None and self._has(address):
            return "email_unverified"
        if self._groups and not self.groups(claims) and (self._is_overage(claims) or not self.has_groups(claims)):
            return self.groups_reason(claims)
        return "claim_missing" if (self._emails or self._domains) and address is None else "door"

    def names_address(self, claims: Mapping[str, Any]) -> bool:
        """Return whether a list names the address in the claim `email`, by itself or by its domain."""
        address = self.address(claims) if self.email_claim == "email" else None
        return address is not None and self._has(address)

    def _has(self, address: str) -> bool:
        return self._has_email(address) or self._has_domain(address)

    def _has_email(self, address: str) -> bool:
        return address in self._all_emails or in_own_letters(address) in self._all_emails

    def _has_domain(self, address: str) -> bool:
        return _domain(address) in self._all_domains or _domain(in_own_letters(address)) in self._all_domains

    def told(self, claims: Mapping[str, Any]) -> str:
        """Return what each list says of the person with these claims, for the log; no claim's value is in it."""
        address = self.address(claims)
        unknown = "a verified address" if written_email(claims, self.email_claim) else "an address"
        unknown += f" in {self.email_claim}" if self.email_claim != "email" else ""
        said = {}
        if self._emails:
            said["allow_emails"] = _said(self._has_email(address)) if address else f"no, without {unknown}"
        if self._domains:
            said["allow_domains"] = _said(self._has_domain(address)) if address else f"no, without {unknown}"
        if self._groups:
            held = self.groups(claims)
            groups = f"{len(held)} groups" if self._groups_value(claims) is not None else f"no {self._groups_claim}"
            said["allow_groups"] = f"{_said(not self._groups.isdisjoint(held))}, of {groups}"
        return "; ".join(f"{name}: {answer}" for name, answer in said.items()) or "there are no allow lists"

    def answers(self, claims: Mapping[str, Any]) -> list[ListAnswer]:
        """Return what each list says of the person with these claims, with what it went by; one yes is enough."""
        address = self.address(claims)
        held = self.groups(claims) if self.has_groups(claims) else None
        seen, groups = address or "", ", ".join(held or ())
        by_address = None if address is None else self._has_email(address)
        by_domain = None if address is None else self._has_domain(address)
        unknown: Reason | Literal[""] = self.address_reason(claims) if address is None else ""
        no_groups: Reason | Literal[""] = self.groups_reason(claims) if held is None else ""
        by_group = None if held is None else not self._groups.isdisjoint(held)
        found = (
            ListAnswer("allow_emails", tuple(sorted(self._emails)), by_address, seen, unknown, self.email_claim),
            ListAnswer("allow_domains", tuple(sorted(self._domains)), by_domain, seen, unknown, self.email_claim),
            ListAnswer("allow_groups", tuple(sorted(self._groups)), by_group, groups, no_groups, self._groups_claim),
        )
        return [each for each in found if each.listed]

    def groups(self, claims: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the person's groups, in whatever shape the claim has them; none where it is missing."""
        read = self._read_groups(claims)
        return () if read is None else read[0]

    def lack_groups(self, claims: Mapping[str, Any]) -> bool:
        """Return whether there is no groups claim."""
        return self._groups_value(claims) is None

    def names_groups(self, name: str) -> bool:
        """Return whether the groups are in the claim of this name."""
        return name == self._groups_claim

    def has_groups(self, claims: Mapping[str, Any]) -> bool:
        """Return whether there is a groups claim of a type that can hold groups, be it none."""
        return self._read_groups(claims) is not None

    def understands_groups(self, claims: Mapping[str, Any]) -> bool:
        """Return whether the groups claim holds nothing that `groups` leaves out."""
        read = self._read_groups(claims)
        return read is not None and read[1]

    def groups_reason(self, claims: Mapping[str, Any]) -> Reason:
        """Return why there are no groups to go by: `groups_overage` or `claim_missing`."""
        return "groups_overage" if self._is_overage(claims) else "claim_missing"

    def _is_overage(self, claims: Mapping[str, Any]) -> bool:
        """Return whether the provider says that it has left the groups out, as Entra ID does of more than 200."""
        elsewhere = claims.get("_claim_names")
        return (isinstance(elsewhere, Mapping) and self._groups_claim in elsewhere) or claims.get("hasgroups") is True

    def _groups_value(self, claims: Mapping[str, Any]) -> Any:
        return claim_at(claims, self._groups_claim)

    def _read_groups(self, claims: Mapping[str, Any]) -> GroupClaim | None:
        return read_groups(self._groups_value(claims), self._groups_separator)


def _domain(address: str) -> str:
    return address.partition("@")[2]


def _said(holds: bool) -> str:
    return "yes" if holds else "no"
