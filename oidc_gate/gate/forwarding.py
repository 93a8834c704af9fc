"""What the app is told of who asks: `Forward`, with the text for REMOTE_USER and the identity headers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from oidc_gate.access import AllowLists
from oidc_gate.decisions import Forward
from oidc_gate.identity import PRINTABLE, Identity, claim_at, encoded, is_verified, text_claim, username
from oidc_gate.sessions import Head, hand_on

__all__ = [
    "Forwarding",
    "Header",
    "OtherNames",
    "Told",
    "clear_of",
    "forwarding",
    "handing_on",
    "identity_headers",
    "told_headers",
]

Header = tuple[str, str]
Forwarding = Callable[[Identity, Head], Forward]
#: The name of a header, lower case, and that of the claim in it.
Told = tuple[tuple[str, str], ...]

#: What stands as it is in a list, where commas are between its elements.
_IN_LIST = bytes(set(PRINTABLE) - set(b","))
#: Of an element with a blank at an end, which whoever takes the list apart would cut off, blanks are encoded too.
_WITHOUT_BLANKS = bytes(set(_IN_LIST) - set(b" "))

#: Claims that are texts (Core, 5.1): of another type they count as absent, as elsewhere.
_TEXTS = frozenset({"sub", "email", "name", "preferred_username"})

_FAMILIES: dict[str, Told] = {
    "none": (),
    "x-forwarded": (
        ("x-forwarded-user", "sub"),
        ("x-forwarded-email", "email"),
        ("x-forwarded-groups", "groups"),
        ("x-forwarded-preferred-username", "preferred_username"),
    ),
    "ngrok": (("ngrok-auth-user-id", "sub"), ("ngrok-auth-user-email", "email"), ("ngrok-auth-user-name", "name")),
}


def told_headers(setting: str | Told) -> Told:
    """Return the headers that the setting `identity_headers` asks for."""
    return _FAMILIES[setting] if isinstance(setting, str) else setting


def forwarding(
    *,
    told: Told,
    groups_claim: str,
    claim: str,
    require_email_verified: bool = False,
    response_headers: tuple[Header, ...] = (),
    other: OtherNames | None = None,
    taken: tuple[str, ...] = (),
) -> Forwarding:
    """Return what makes, from an identity and its session's head, the decision that all its requests share.

    `other`: how people are named whose provider is not the first one. `taken`: what the names at the other providers
    begin with; a name that begins so here has its colon encoded.
    """

    def forward(identity: Identity, head: Head) -> Forward:
        headers: tuple[Header, ...] = ()
        if told:
            headers = identity_headers(
                told, groups_claim, identity, required=require_email_verified, other=other, taken=taken
            )
        is_in_head = claim == "email" and not require_email_verified and other is None
        user = clear_of(taken, head[6]) if is_in_head else identity.username
        return Forward(identity, user, headers, response_headers)

    return forward


class OtherNames:
    """How the app is told of people of another provider than the first: with its `auth_id` and a colon in front.

    For two providers may use one name, be it a subject, an address or a group, of two people or for two things. What
    the allow lists name is what the operator has said of this provider: such an address stands as it is.
    """

    def __init__(self, auth_id: str, lists: AllowLists) -> None:
        self.prefix = f"{auth_id}:"
        self._lists = lists

    def vouched(self, claims: Mapping[str, Any]) -> bool:
        """Return whether the address in the claim `email` may stand as it is."""
        return self._lists.names_address(claims)

    def username(self, claims: Mapping[str, Any], claim: str, *, required: bool) -> str:
        """Return what REMOTE_USER has, as the function of that name has it for the first provider."""
        name = username(claims, claim, required=required)
        return name if claim == "email" and self.vouched(claims) else f"{self.prefix}{name}"


def handing_on(forward: Forwarding, clock: Callable[[], float]) -> Forwarding:
    """Return the same, but for one thing: the app may ask for the person's access token."""

    def with_token(identity: Identity, head: Head) -> Forward:
        hand_on(identity, clock)
        return forward(identity, head)

    return with_token


def clear_of(taken: tuple[str, ...], name: str) -> str:
    """Return a name that is encoded already, so that it begins as none at another provider does."""
    return name.replace(":", "%3A", 1) if taken and name.startswith(taken) else name


def identity_headers(
    told: Told,
    groups_claim: str,
    identity: Identity,
    *,
    required: bool = False,
    other: OtherNames | None = None,
    taken: tuple[str, ...] = (),
) -> tuple[Header, ...]:
    """Return the headers for this person, without those whose claim is missing, empty or an object.

    `groups` are those that the gate goes by, whatever claim they are in. An e-mail address that the provider calls
    unverified is left out: anyone may have typed it. `required`: as `is_verified` has it. `other`, `taken`: as in
    `forwarding`; of another provider an address that no list names is left out too.
    """
    found = ((name, _values(claim, groups_claim, identity, required=required, other=other)) for name, claim in told)
    values = ((name, ",".join(clear_of(taken, each) for each in several)) for name, several in found)
    return tuple((name, value) for name, value in values if value)


def _values(
    claim: str, groups_claim: str, identity: Identity, *, required: bool, other: OtherNames | None
) -> Sequence[str]:
    """Return what stands in the header, encoded; several only where that is a list."""
    prefix = "" if other is None else other.prefix
    if claim in ("groups", groups_claim):
        return _listed(identity.groups, prefix)
    if claim == "email":
        is_fit = is_verified(identity.claims, required=required) and (other is None or other.vouched(identity.claims))
        return [encoded(text_claim(identity.claims, claim), PRINTABLE)] if is_fit else ()
    if claim in _TEXTS:
        return [_prefixed(prefix, text_claim(identity.claims, claim))]
    value = claim_at(identity.claims, claim)
    return _listed(value, prefix) if isinstance(value, list) else [_prefixed(prefix, _text(value))]


def _prefixed(prefix: str, text: str | None) -> str:
    return encoded(prefix + text, PRINTABLE) if text else ""


def _listed(values: Any, prefix: str) -> list[str]:
    """Return a list's elements, with no comma inside."""
    texts = [prefix + text for value in values if (text := _text(value))]
    return [encoded(text, _IN_LIST if text == text.strip(" ") else _WITHOUT_BLANKS) for text in texts]


def _text(value: Any) -> str | None:
    """Return a text as it is, and a number or truth value as JSON has it; None for what is neither."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
