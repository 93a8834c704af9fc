"""What the app is told of the client: `X-Forwarded-*`, `X-Real-IP` and `Forwarded` (RFC 7239).

What the client says there itself is nobody's word. What a proxy says that `trusted_proxies` names is carried on, as far
as such proxies have said it: what stands before that in the list is the client's.
"""

from __future__ import annotations

import re

from oidc_gate.asgi.request import ASGIRequest, Layouts
from oidc_gate.browser import Addresses
from oidc_gate.proxy.headers import Scope
from oidc_gate.reserved_headers import ReservedHeaders

__all__ = ["Forwarded"]

#: So many clients' lines are remembered.
_MOST_KNOWN = 500
_PORTS = {"http": "80", "https": "443"}
_PORT = re.compile(r"(?<=:)[0-9]{1,5}\Z", re.ASCII)
#: What needs no quotes (RFC 9110, 5.6.2).
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", re.ASCII)
_HARMLESS = re.compile(r"[0-9A-Za-z.:_\[\] ,-]*", re.ASCII)


class Forwarded:
    """Makes the lines for each request; `addresses` is how a gate knows the own one, and its proxies."""

    def __init__(self) -> None:
        self._layout_of = Layouts(ReservedHeaders()).of
        self._addresses: Addresses | None = None
        self._known: dict[tuple[str, bytes, str], bytes] = {}

    def lines(self, scope: Scope, host: bytes, addresses: Addresses) -> tuple[bytes, bool]:
        """Return the lines of the head, and whether a proxy that is believed has sent the request."""
        if addresses is not self._addresses:  # another gate decides now
            self._addresses, self._known = addresses, {}
        if not addresses.reads_forwarded:
            client = scope.get("client")
            key = (client[0] if client else "", host, scope.get("scheme", ""))
            found = self._known.get(key)
            if found is None:
                if len(self._known) >= _MOST_KNOWN:
                    self._known.clear()
                found = self._known[key] = _lines(addresses, self.request(scope), [])
            return found, False
        request = self.request(scope)
        if not addresses.is_from_proxy(request):
            return _lines(addresses, request, []), False
        return _lines(addresses, request, _chain(addresses, request)), True

    def request(self, scope: Scope) -> ASGIRequest:
        """Return what the gate asks of a request."""
        return ASGIRequest(scope, self._layout_of([name for name, _ in scope["headers"]]))


def _chain(addresses: Addresses, request: ASGIRequest) -> list[str]:
    """Return the addresses that proxies which are believed have told of, the client's first."""
    client = addresses.client(request)
    said = [each.strip() for each in request.header("x-forwarded-for").split(",")]
    if client and client in said:  # the last of them, for what stands before it the client may have written
        at = len(said) - 1 - said[::-1].index(client)
        return [each for each in said[at:] if _HARMLESS.fullmatch(each)]
    return [client] if client else []


def _lines(addresses: Addresses, request: ASGIRequest, chain: list[str]) -> bytes:
    origin = addresses.origin(request)
    hops = [*chain, *([request.peer] if request.peer else [])]
    port = _PORT.search(origin.host)
    pairs = [("x-forwarded-for", ", ".join(hops)), ("x-real-ip", hops[0])] if hops else []
    pairs += [
        ("x-forwarded-proto", origin.scheme),
        ("x-forwarded-host", origin.host),
        ("x-forwarded-port", port[0] if port else _PORTS[origin.scheme]),
        ("forwarded", _forwarded(hops or ["unknown"], origin.scheme, origin.host)),
    ]
    return b"".join(f"{name}: {value}\r\n".encode("latin-1") for name, value in pairs)


def _forwarded(hops: list[str], scheme: str, host: str) -> str:
    first, *others = [f"for={_quoted(f'[{each}]' if ':' in each else each)}" for each in hops]
    return ", ".join([f"{first};host={_quoted(host)};proto={scheme}", *others])


def _quoted(text: str) -> str:
    return text if _TOKEN.fullmatch(text) else f'"{text}"'
