"""What the app is told of who asks: `Forward`, with the text for REMOTE_USER and the identity headers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from oidc_gate.decisions import Forward
from oidc_gate.identity import PRINTABLE, Identity, claim_at, encoded, is_verified, text_claim
from oidc_gate.sessions import Head, hand_on

__all__ = ["Told", "forwarding", "handing_on", "identity_headers", "told_headers"]

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
) -> Forwarding:
    """Return what makes, from an identity and its session's head, the decision that all its requests share."""

    def forward(identity: Identity, head: Head) -> Forward:
        headers = identity_headers(told, groups_claim, identity, required=require_email_verified) if told else ()
        _, _, _, _, _, _, user, _ = head
        name = user if claim == "email" and not require_email_verified else identity.username
        return Forward(identity, name, headers, response_headers)

    return forward


def handing_on(forward: Forwarding, clock: Callable[[], float]) -> Forwarding:
    """Return the same, but for one thing: the app may ask for the person's access token."""

    def with_token(identity: Identity, head: Head) -> Forward:
        hand_on(identity, clock)
        return forward(identity, head)

    return with_token


def identity_headers(
    told: Told, groups_claim: str, identity: Identity, *, required: bool = False
) -> tuple[Header, ...]:
    """Return the headers for this person, without those whose claim is missing, empty or an object.

    `groups` are those that the gate goes by, whatever claim they are in. An e-mail address that the provider calls
    unverified is left out: anyone may have typed it. `required`: as `is_verified` has it.
    """
    values = ((name, _value(claim, groups_claim, identity, required=required)) for name, claim in told)
    return tuple((name, value) for name, value in values if value)


def _value(claim: str, groups_claim: str, identity: Identity, *, required: bool) -> str:
    if claim in ("groups", groups_claim):
        return _joined(identity.groups)
    if claim in _TEXTS:
        unfit = claim == "email" and not is_verified(identity.claims, required=required)
        return "" if unfit else encoded(text_claim(identity.claims, claim), PRINTABLE)
    value = claim_at(identity.claims, claim)
    return _joined(value) if isinstance(value, list) else encoded(_text(value), PRINTABLE)


def _joined(values: Any) -> str:
    """Return a list's elements, with commas between them and none inside."""
    texts = [text for value in values if (text := _text(value))]
    return ",".join(encoded(text, _IN_LIST if text == text.strip(" ") else _WITHOUT_BLANKS) for text in texts)


def _text(value: Any) -> str | None:
    """Return a text as it is, and a number or truth value as JSON has it; None for what is neither."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else None
