"""What the app is told of who asks: `Forward`, with the text for REMOTE_USER and the identity headers."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from oidc_gate.decisions import Forward
from oidc_gate.identity import Identity, is_verified, text_claim
from oidc_gate.sessions import Head

__all__ = ["encoded", "forwarding", "identity_headers"]

Header = tuple[str, str]

#: Printable ASCII but the percent sign, which starts an encoded character; in a list the comma is encoded too.
_PRINTABLE = bytes(set(range(0x20, 0x7F)) - set(b"%"))
_IN_LIST = bytes(set(_PRINTABLE) - set(b","))


def forwarding(
    *,
    family: str,
    claim: str,
    require_email_verified: bool = False,
    response_headers: tuple[Header, ...] = (),
) -> Callable[[Identity, Head], Forward]:
    """Return what makes, from an identity and its session's head, the decision that all its requests share."""

    def forward(identity: Identity, head: Head) -> Forward:
        headers = () if family == "none" else identity_headers(family, identity, required=require_email_verified)
        _, _, _, _, _, _, user, _ = head
        if claim != "email":
            name = text_claim(identity.claims, claim) or identity.subject
        elif require_email_verified and not is_verified(identity.claims, required=True):
            name = identity.subject
        else:
            name = user
        plain = name.isprintable() and "%" not in name  # with a percent sign it could be what another's is encoded to
        return Forward(identity, name if plain else encoded(name), headers, response_headers)

    return forward


def identity_headers(family: str, identity: Identity, *, required: bool = False) -> tuple[Header, ...]:
    """Return the headers of a family, `x-forwarded` or `ngrok`, for this person, without the empty ones.

    An e-mail address that the provider calls unverified is left out: anyone may have typed it. `required`: as
    `is_verified` has it.
    """
    email = identity.email if is_verified(identity.claims, required=required) else None
    if family == "x-forwarded":
        return _present(
            ("x-forwarded-user", encoded(identity.subject)),
            ("x-forwarded-email", encoded(email)),
            ("x-forwarded-groups", ",".join(encoded(group, _IN_LIST) for group in identity.groups)),
            ("x-forwarded-preferred-username", encoded(text_claim(identity.claims, "preferred_username"))),
        )
    return _present(
        ("ngrok-auth-user-id", encoded(identity.subject)),
        ("ngrok-auth-user-email", encoded(email)),
        ("ngrok-auth-user-name", encoded(identity.name)),
    )


def encoded(value: str | None, plain: bytes = _PRINTABLE) -> str:
    """Return the value with control characters and everything outside printable ASCII percent-encoded (UTF-8).

    Half a character is encoded too, rather than replaced: two different values never become one.
    """
    return quote(value, safe=plain, errors="surrogatepass") if value else ""


def _present(*headers: Header) -> tuple[Header, ...]:
    return tuple(header for header in headers if header[1])
