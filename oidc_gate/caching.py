"""What an app's answer says of caching: whether a shared cache may keep it, and with it a session cookie."""

from __future__ import annotations

from oidc_gate.decisions import Header

__all__ = ["CACHING", "QuietNames", "is_unshared", "silenced"]

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


def silenced(said: list[Header]) -> list[Header]:
    """Return these headers without those that say something of caching."""
    return [(name, value) for name, value in said if name.lower() not in CACHING]
