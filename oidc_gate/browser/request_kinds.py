"""Which kind of request this is: what decides between a redirect, a page and JSON for someone who is not signed in.

`Kind` is the table: `make docs` writes it into `docs/reference/paths.md`, and `tests/test_kinds.py` holds it against
what Chromium sends.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oidc_gate.decisions import Request

__all__ = [
    "Kind",
    "begins_login",
    "is_cross_site",
    "is_from_own_page",
    "is_preflight",
    "is_speculative",
    "kind_of",
    "wants_page",
]


#: A browser sends none of these with a preflight: an app that obeys one would act on another method, on a
#: body, or as another protocol.
_NOT_IN_PREFLIGHTS = frozenset(
    {"authorization", "transfer-encoding", "upgrade", "x-http-method", "x-http-method-override", "x-method-override"}
)


class Kind(Enum):
    """A kind of request: how it is told, the first that fits; and what it gets without a session.

    Fetch Metadata headers (`Sec-Fetch-…`) are set by browsers and cannot be set by scripts. Over plain http to another
    host than localhost browsers send none; then `Accept` tells pages, and frames cannot be told from them.
    """

    WEBSOCKET = "WebSocket", "a handshake", "refused before accept: 401 where the server can send it, else a close"
    SPECULATION = (
        "prefetch, prerender",
        "`Sec-Purpose`, `X-Sec-Purpose` or `Purpose` begins with `prefetch`",
        "401; no login is begun, also at `/oauth2/login`",
    )
    HTMX = (
        "HTMX",
        "`HX-Request: true`",
        "401 with `HX-Redirect` to the login, which comes back to `HX-Current-URL`",
    )
    TURBO = (
        "Turbo",
        "`Turbo-Frame` or `X-Turbo-Request-Id`",
        "401 page that has Turbo load the page anew (`turbo-visit-control`)",
    )
    GRPC_WEB = "gRPC-web", "`Content-Type: application/grpc-web…`", "200 with `grpc-status: 16`"
    FORM = (
        "form",
        "`Sec-Fetch-Mode: navigate`, not GET or HEAD; without Sec-Fetch: `Accept` has `text/html`, and a form's body",
        "401 page that keeps the form, to be sent again (`keep_posts`); else one that leads back to the form's page",
    )
    FRAME = (
        "frame, object, embed, download",
        "`Sec-Fetch-Mode: navigate`, `Sec-Fetch-Dest` other than `document`",
        "401 page with a link that signs in in a new tab; no login is begun",
    )
    PAGE = (
        "page",
        "GET or HEAD with `Sec-Fetch-Mode: navigate`; without Sec-Fetch: `Accept` has `text/html`",
        "302 to the provider",
    )
    PROGRAM = (
        "anything else",
        "`fetch`, `X-Requested-With`, a picture, an event stream, an API client, …",
        '401, `WWW-Authenticate`, JSON `{"error": "login_required", "login_url": …}`',
    )

    __hash__ = object.__hash__  # a member is one object, and Enum's own is slow

    def __init__(self, title: str, told: str, answer: str) -> None:
        self.title = title
        self.told = told
        self.answer = answer


_READS = frozenset({"GET", "HEAD"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def kind_of(request: Request) -> Kind:
    """Return the kind of a request."""
    if request.is_websocket:
        return Kind.WEBSOCKET
    special = _special(request) if request.has_kind_headers else None
    if special is not None:
        return special
    mode = request.header("sec-fetch-mode")
    if mode == "navigate":
        if request.method not in _READS:
            return Kind.FORM
        return Kind.PAGE if request.header("sec-fetch-dest") in ("", "document") else Kind.FRAME
    if request.method == "POST" and request.header("content-type").lower().startswith("application/grpc-web"):
        return Kind.GRPC_WEB
    if mode or not _wants_html(request) or has_fetch_metadata(request):
        return Kind.PROGRAM
    if request.method in _READS:
        return Kind.PAGE
    return Kind.FORM if request.header("content-type").lower().startswith(_FORMS) else Kind.PROGRAM


def _special(request: Request) -> Kind | None:
    """Return a kind that is told by a header of its own: see `decisions.KIND_HEADERS`."""
    if is_speculative(request):
        return Kind.SPECULATION
    if request.header("hx-request") == "true":
        return Kind.HTMX
    return Kind.TURBO if request.header("turbo-frame") or request.header("x-turbo-request-id") else None


def has_fetch_metadata(request: Request) -> bool:
    """Return whether the browser says what the request is for (Fetch Metadata Request Headers)."""
    return any(request.header(name) for name in ("sec-fetch-mode", "sec-fetch-dest", "sec-fetch-site"))


def _wants_html(request: Request) -> bool:
    is_script = request.header("x-requested-with").lower() == "xmlhttprequest"
    return not is_script and "text/html" in request.header("accept").lower()


def begins_login(request: Request, kind: Kind) -> bool:
    """Return whether a request to the login path begins one: a person's click does, a picture of a page does not.

    A client that says nothing of what it is for, and would take anything, is believed to have somebody behind it.
    """
    if kind is not Kind.PROGRAM:
        return kind in (Kind.PAGE, Kind.FORM)
    return not has_fetch_metadata(request) and request.header("accept") in ("", "*/*")


def wants_page(request: Request) -> bool:
    """Return whether the gate's answer is for a person's eyes rather than for a program."""
    return kind_of(request) in (Kind.PAGE, Kind.FRAME, Kind.FORM, Kind.TURBO)


def is_preflight(request: Request) -> bool:
    """Return whether this is a CORS preflight: OPTIONS alone is not, nor one with a body (Fetch standard, 4.8)."""
    return (
        request.method == "OPTIONS"
        and not request.is_websocket
        and bool(request.header("origin"))
        and bool(request.header("access-control-request-method"))
        and request.header("content-length").strip() in ("", "0")
        and _NOT_IN_PREFLIGHTS.isdisjoint(request.folded_names())
    )


def is_speculative(request: Request) -> bool:
    """Return whether the browser asks ahead of the person: nothing must begin or end before anyone wants it."""
    return any(request.header(name).startswith("prefetch") for name in ("sec-purpose", "x-sec-purpose", "purpose"))


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


def is_from_own_page(request: Request, own_origin: str) -> bool:
    """Return whether the browser proves that a page of this very origin sent it here.

    `own_origin` is scheme and host. Where Sec-Fetch-Site is there it alone counts; `none` is a request that a person
    has begun in the browser itself, such as a page that is loaded again.
    """
    site = request.header("sec-fetch-site")
    return site == "same-origin" if site not in ("", "none") else request.header("origin") == own_origin
