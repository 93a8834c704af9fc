"""Origins and sites: how far apart two URLs are, and the way to every origin that is not the app's."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests

from tests.cookies import is_address, site_of
from tests.patience import LIMIT
from tests.wire import WireAnswer, WireRequest

DISTANCE = ("same-origin", "same-site", "cross-site")


def relation(initiator: str, url: str) -> str:
    """Return how far a URL is from the page that asks for it, in the words of Sec-Fetch-Site."""
    if origin_of(initiator) == origin_of(url):
        return "same-origin"
    return "same-site" if site_of(initiator) == site_of(url) else "cross-site"


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def trustworthy(url: str) -> bool:
    """Tell whether browsers send Sec-Fetch headers to this URL: https, or this machine."""
    return url.startswith("https:") or is_local(url)


def is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == "localhost" or (is_address(host) and host.startswith("127."))


def over_http(request: WireRequest) -> WireAnswer:
    """Send a request to another origin; nothing but this machine is ever asked."""
    if not is_local(request.url):
        raise LeftTheTestError(f"sent to {request.url}")
    headers = {name: value for name, value in request.headers if name.lower() not in ("host", "content-length")}
    with requests.Session() as session:
        session.trust_env = False
        response = session.request(
            request.method, request.url, headers=headers, data=request.body, allow_redirects=False, timeout=LIMIT
        )
        return WireAnswer(response.status_code, list(response.raw.headers.items()), response.content)


class LeftTheTestError(AssertionError):
    """The browser was sent to an address that is neither the app nor on this machine."""
