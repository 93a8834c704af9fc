"""One HTTP request and its answer, as they go over the wire: what the browser gives a driver and gets back."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

Headers = list[tuple[str, str]]


class BrokenAppError(AssertionError):
    """The app under test broke the rules of WSGI or ASGI."""


@dataclass(frozen=True)
class WireRequest:
    """A request to the app; header names and values are kept as spelt, duplicates too."""

    method: str
    url: str
    headers: Headers
    body: bytes = b""
    client: tuple[str, int] = ("203.0.113.9", 50_000)

    @property
    def scheme(self) -> str:
        return urlsplit(self.url).scheme

    @property
    def server(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or (443 if self.scheme == "https" else 80)

    @property
    def target(self) -> tuple[str, str]:
        """Return path and query exactly as sent: no dot segment is resolved, no slash removed."""
        rest = self.url.split("#", 1)[0].split("://", 1)[1]
        slash = min((rest.find(mark) for mark in "/?" if mark in rest), default=len(rest))
        path, _, query = rest[slash:].partition("?")
        return path or "/", query


@dataclass(frozen=True)
class WireAnswer:
    status: int
    headers: Headers
    body: bytes


def below_root(path: str, root_path: str) -> str:
    """Return what is left of a path below the place where the app is mounted."""
    if path != root_path and not path.startswith(root_path + "/"):
        raise ValueError(f"{path!r} is not below {root_path!r}, where the app is mounted")
    return path[len(root_path) :]
