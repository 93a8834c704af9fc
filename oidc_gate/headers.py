"""Identity as request headers: those that an app is told, and those that a client must never be able to tell it.

Under WSGI `X-Forwarded-User` and `X_Forwarded_User` are one variable, and other software between the gate and the app
may fold names too: so every spelling with dashes, underscores and dots is taken out, in any case.

Also here: the headers that the gate adds to the app's answers.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from urllib.parse import quote

from oidc_gate.decisions import Forward
from oidc_gate.identity import Identity, is_verified, text_claim
from oidc_gate.session import Head

__all__ = ["CACHING", "RESERVED", "QuietNames", "forwarding", "identity_headers", "is_unshared", "spellings"]

Header = tuple[str, str]

#: The names that only the gate may say, lower case with dashes.
RESERVED = (
    "x-forwarded-user",
    "x-forwarded-email",
    "x-forwarded-groups",
    "x-forwarded-preferred-username",
    "ngrok-auth-user-id",
    "ngrok-auth-user-email",
    "ngrok-auth-user-name",
)

#: Printable ASCII but the percent sign, which starts an encoded character; in a list the comma is encoded too.
_PRINTABLE = bytes(set(range(0x20, 0x7F)) - set(b"%"))
_IN_LIST = bytes(set(_PRINTABLE) - set(b","))


_MOST_NAMES = 1000
_FOR_SHARED = frozenset({"cdn-cache-control", "surrogate-control"})


def spellings() -> frozenset[bytes]:
    """Return every spelling of the reserved names, lower case: `-`, `_` and `.` count as one."""
    found = set()
    for name in RESERVED:
        words = name.split("-")
        for marks in product("-_.", repeat=len(words) - 1):
            found.add("".join(word + mark for word, mark in zip(words, (*marks, ""), strict=True)).encode())
    return frozenset(found)


def forwarding(
    *, family: str, claim: str, response_headers: tuple[Header, ...] = ()
) -> Callable[[Identity, Head], Forward]:
    """Return what makes, from an identity and its session's head, the decision that all its requests share."""

    def forward(identity: Identity, head: Head) -> Forward:
        headers = () if family == "none" else identity_headers(family, identity)
        _, _, _, _, _, user, _ = head
        name = user if claim == "email" else (text_claim(identity.claims, claim) or identity.subject)
        plain = name.isprintable() and "%" not in name  # with a percent sign it could be what another's is encoded to
        return Forward(identity, name if plain else encoded(name), headers, response_headers)

    return forward


def identity_headers(family: str, identity: Identity) -> tuple[Header, ...]:
    """Return the headers of a family, `x-forwarded` or `ngrok`, for this person, without the empty ones.

    An e-mail address that the provider calls unverified is left out: anyone may have typed it.
    """
    email = identity.email if is_verified(identity.claims) else None
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


#: Response headers, lower case, with which an app says something of caching; and those meant for shared caches alone.
CACHING = frozenset({"cache-control", "expires", "pragma", *_FOR_SHARED})


class QuietNames(set[str | bytes]):
    """Names of response headers that say nothing of caching, as apps have used them.

    To look in here first is quicker than to ask `lack`. One for text and another for bytes, for Python warns of sets
    with both.
    """

    def lack(self, name: str | bytes) -> bool:
        """Return whether a name that is not in here does say something of caching; else it is added."""
        says = (name if isinstance(name, str) else name.decode("latin-1")).lower() in CACHING
        if not says and len(self) < _MOST_NAMES:
            self.add(name)
        return says


def is_unshared(said: list[Header]) -> bool:
    """Return whether no shared cache may store an answer that says this of caching; `said`: its headers."""
    names = {name.lower() for name, _ in said}
    values = [value for name, value in said if name.lower() == "cache-control"]
    directives = {directive.strip().lower() for value in values for directive in value.split(",")}
    kept_private = not directives.isdisjoint({"private", "no-store"}) and "public" not in directives
    return kept_private and names.isdisjoint(_FOR_SHARED)


def encoded(value: str | None, plain: bytes = _PRINTABLE) -> str:
    """Return the value with control characters and everything outside printable ASCII percent-encoded (UTF-8).

    Half a character is encoded too, rather than replaced: two different values never become one.
    """
    return quote(value, safe=plain, errors="surrogatepass") if value else ""


def _present(*headers: Header) -> tuple[Header, ...]:
    return tuple(header for header in headers if header[1])
