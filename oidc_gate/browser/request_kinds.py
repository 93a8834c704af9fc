"""Which kind of request this is: what decides between a redirect, a page and JSON for someone who is not signed in."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oidc_gate.decisions import Request

__all__ = ["Kind", "is_cross_site", "is_preflight", "is_speculative", "kind_of", "wants_page"]


class Kind(Enum):
    """How someone without a session is answered."""

    NAVIGATION = "navigation"  #: a browser opens a page: redirect to the provider
    FORM = "form"  #: a browser sends a form: a page, for the form's content cannot be kept
    WEBSOCKET = "websocket"  #: refused before it is accepted
    OTHER = "other"  #: a script, an image, an API client: 401 and JSON


def kind_of(request: Request) -> Kind:
    """Tell the kinds apart by the Fetch Metadata headers, which scripts cannot set; by Accept without them."""
    if request.is_websocket:
        return Kind.WEBSOCKET
    mode = request.header("sec-fetch-mode")
    reads = request.method in ("GET", "HEAD")
    if mode == "navigate":
        return (Kind.OTHER if is_speculative(request) else Kind.NAVIGATION) if reads else Kind.FORM
    if mode or request.header("sec-fetch-dest") or request.header("sec-fetch-site"):
        return Kind.OTHER
    scripted = request.header("x-requested-with").lower() == "xmlhttprequest"
    return Kind.NAVIGATION if reads and not scripted and "text/html" in request.header("accept") else Kind.OTHER


def wants_page(request: Request) -> bool:
    """Return whether the gate's answer is for a person's eyes rather than for a program."""
    if request.header("sec-fetch-mode"):
        return request.header("sec-fetch-mode") == "navigate"
    return "text/html" in request.header("accept")


def is_preflight(request: Request) -> bool:
    """Return whether this is a CORS preflight: OPTIONS alone is not (Fetch standard, 4.8)."""
    return (
        request.method == "OPTIONS"
        and bool(request.header("origin"))
        and bool(request.header("access-control-request-method"))
    )


def is_speculative(request: Request) -> bool:
    """Return whether the browser asks ahead of the person: nothing must begin or end before anyone wants it."""
    return "prefetch" in request.header("sec-purpose")


def is_cross_site(request: Request, own_origin: str) -> bool:
    """Return whether another site sent the browser here, as far as the browser tells.

    `own_origin` is scheme and host. A client that sends neither Sec-Fetch-Site nor Origin is no current browser, and
    has nobody's session but its own.
    """
    site = request.header("sec-fetch-site")
    if site:
        return site == "cross-site"
    origin = request.header("origin")
    return bool(origin) and origin != own_origin
