"""What an app's answer says by its headers: of caching, and whether it is an event stream.

A shared cache that may keep an answer would keep the session cookie on it. An event stream goes on and on.
"""

from __future__ import annotations

import re

from oidc_gate.decisions import Header, Overriding, Renewal, Unprinted

__all__ = [
    "CACHING",
    "PlainTypes",
    "QuietNames",
    "caching_headers",
    "is_unshared",
    "renewed",
    "says_of_caching",
    "silenced",
]

_MOST_NAMES = 1000
_FOR_SHARED = frozenset(
    {
        "cdn-cache-control",
        "cloudflare-cdn-cache-control",
        "edge-control",
        "netlify-cdn-cache-control",
        "surrogate-control",
        "vercel-cdn-cache-control",
        "x-accel-expires",
    }
)
#: Response headers, lower case, with which an app says something of caching; and those meant for shared caches alone.
CACHING = frozenset({"cache-control", "expires", "pragma", *_FOR_SHARED})


_EVENT_STREAM = "text/event-stream"
_LONGEST_TYPE = 100
#: What begins as a type does (RFC 9110, 8.3.1), and no word of caching.
_IS_TYPE = re.compile(r"[\w!#$&^.+*-]+/[\w!#$&^.+*-]+(?:\s*;|$)", re.ASCII).match


class QuietNames(set[str | bytes]):
    """Names of response headers that say nothing of what is asked here, as apps have used them.

    To look in here first is quicker than to ask `lack`. One for text and another for bytes, for Python warns of sets
    with both.
    """

    def lack(self, name: str | bytes) -> bool:
        """Return whether a name that is not in here says something of caching, or of the type; else it is added."""
        lower = (name if isinstance(name, str) else name.decode("latin-1")).lower()
        says = lower in CACHING or lower == "content-type"
        if not says and len(self) < _MOST_NAMES:
            self.add(name)
        return says


class PlainTypes(set[str | bytes]):
    """Values of Content-Type, as apps have used them, that are no event stream's; one for each, as `QuietNames`.

    A value that is in here is passed over whatever its header's name is. So only what is a type gets in, for somebody
    may name the type of a file that they upload like a word of caching.
    """

    def lack(self, value: str | bytes) -> bool:
        """Return whether a value that is not in here is an event stream's; else it is added."""
        text = (value if isinstance(value, str) else value.decode("latin-1")).strip().lower()
        is_stream = text.startswith(_EVENT_STREAM) and text[len(_EVENT_STREAM) :].strip()[:1] in ("", ";")
        if not is_stream and len(self) < _MOST_NAMES and len(value) <= _LONGEST_TYPE and _IS_TYPE(text):
            self.add(value)
        return is_stream


def says_of_caching(said: list[Header]) -> bool:
    """Return whether these headers say anything of caching."""
    return any(name.lower() in CACHING for name, _ in said)


def is_unshared(said: list[Header]) -> bool:
    """Return whether no shared cache may store an answer that says this of caching; `said`: its headers."""
    names = {name.lower() for name, _ in said}
    values = [value for name, value in said if name.lower() == "cache-control"]
    directives = {directive.strip().lower() for value in values for directive in value.split(",")}
    kept_private = not directives.isdisjoint({"private", "no-store"}) and "public" not in directives
    return kept_private and names.isdisjoint(_FOR_SHARED)


def silenced(said: list[Header]) -> list[Header]:
    """Return these headers without those that say something of caching."""
    return [(name, value) for name, value in said if name.lower() not in CACHING]


def renewed(renewal: Renewal) -> tuple[tuple[Header, ...], tuple[Header, ...]]:
    """Return what to add to an answer that is sent now, so that no shared cache may store it with a session's cookie.

    And what to add to one that says by itself that none may. To any other that says something of caching nothing is to
    be added: a cookie on it would be handed to others.
    """
    cookies, usual = renewal.cookies, renewal.usual
    if not cookies:
        return usual, ()
    headers = (*(usual or (("cache-control", "private"),)), *cookies)
    return (Overriding if isinstance(usual, Overriding) else Unprinted)(headers), cookies


def caching_headers(cache_control: str) -> tuple[Header, ...]:
    """Return what the setting `cache_control` adds to the app's answers, or what overrides its word with `force`."""
    word, _, value = cache_control.partition(" ")
    if word.lower() == "force":
        return Overriding((("cache-control", value.strip()),))
    return (("cache-control", cache_control),) if cache_control else ()
