"""What rules go by of a person, from the verified claims of a session. Each part is worked out when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from oidc_gate.access.emails import written_email

if TYPE_CHECKING:
    from oidc_gate.access.allow_lists import AllowLists
    from oidc_gate.access.reasons import Reason
    from oidc_gate.identity import Identity

__all__ = ["Person"]


class _Uncopied(Mapping[str, Any]):
    """Claims, read past what hands them out as copies: a long list is not copied for each condition that reads it."""

    def __init__(self, claims: Mapping[str, Any]) -> None:
        self._claims = claims
        self._get = partial(dict.get, claims) if isinstance(claims, dict) else claims.get

    def __getitem__(self, name: str) -> Any:
        if name not in self._claims:
            raise KeyError(name)
        return self._get(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a claim, or the default."""
        return self._get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._claims)

    def __len__(self) -> int:
        return len(self._claims)


class Person:
    """A person, as the gate's lists read their claims: the same address and the same groups count in both.

    `lists`: those of each provider, by its `auth_id`; a person is read by those of the provider that vouches for them.
    """

    def __init__(self, identity: Identity, lists: Mapping[str, AllowLists]) -> None:
        self.identity = identity
        self._all_lists = lists

    @cached_property
    def _lists(self) -> AllowLists:
        return self._all_lists[self.identity.provider]

    @cached_property
    def claims(self) -> Mapping[str, Any]:
        """All verified claims: themselves, where the app gets copies."""
        return _Uncopied(self.identity.claims)

    @cached_property
    def email(self) -> str | None:
        """The address in lower case; None without one that may be gone by."""
        return self._lists.address(self.claims)

    @property
    def written_email(self) -> str:
        """The address as the provider writes it, to be gone by or not; `""` for none."""
        return written_email(self.claims, self._lists.email_claim)

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

    def surely_lacks(self, name: str) -> bool:
        """Return whether a claim that is not there is really missing.

        The provider may have left it out because it is somewhere else (Core, 5.6.2), or because there are too many
        groups; and what stands where an object with it would be may be something else.
        """
        elsewhere = self.claims.get("_claim_names")
        if isinstance(elsewhere, Mapping) and not {name, name.partition(".")[0]}.isdisjoint(elsewhere):
            return False
        if self._lists.names_groups(name) and self.groups_reason == "groups_overage":
            return False
        return _surely_lacks(self.claims, name)

    @property
    def groups_reason(self) -> Reason:
        """Why there are no groups to go by, as a code."""
        return self._lists.groups_reason(self.claims)


def _surely_lacks(claims: Mapping[str, Any], name: str) -> bool:
    """Return whether nothing stands where this claim, or an object on the way to it, could be, by any keys."""
    ends = [at for at, letter in enumerate(name) if letter == "."]
    inner = ((claims.get(name[:end]), name[end + 1 :]) for end in ends)
    return claims.get(name) is None and all(
        value is None or (isinstance(value, Mapping) and _surely_lacks(value, rest)) for value, rest in inner
    )
