"""What rules go by of a person, from the verified claims of a session. Each part is worked out when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oidc_gate.access.allow_lists import AllowLists
    from oidc_gate.access.reasons import Reason
    from oidc_gate.identity import Identity

__all__ = ["Person"]


class Person:
    """A person, as the gate's lists read their claims: the same address and the same groups count in both."""

    def __init__(self, identity: Identity, lists: AllowLists) -> None:
        self.identity = identity
        self._lists = lists

    @cached_property
    def claims(self) -> Mapping[str, Any]:
        """All verified claims."""
        return self.identity.claims

    @cached_property
    def email(self) -> str | None:
        """The address in lower case; None without one that may be gone by."""
        return self._lists.address(self.claims)

    @property
    def email_reason(self) -> Reason:
        """Why there is no address to go by, as a code."""
        return self._lists.address_reason(self.claims)

    @cached_property
    def groups(self) -> tuple[str, ...] | None:
        """The groups; None where there is no claim that could hold any."""
        return self._lists.groups(self.claims) if self._lists.has_groups(self.claims) else None

    @cached_property
    def all_groups_known(self) -> bool:
        """Whether the claim holds nothing but groups: what it holds besides may be one that was not understood."""
        return self._lists.understands_groups(self.claims)

    @property
    def groups_reason(self) -> Reason:
        """Why there are no groups to go by, as a code."""
        return self._lists.groups_reason(self.claims)
