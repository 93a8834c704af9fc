"""Which headers pass a proxy, and which belong to one connection alone (RFC 9110, 7.6.1).

Names are compared as `reserved_headers.folded` spells them, for software behind may fold them too: `X_Forwarded_For`
is `X-Forwarded-For` to a CGI.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, MutableMapping
from typing import Any

from oidc_gate.reserved_headers import folded

__all__ = ["OTHER_PATHS", "Headers", "Scope", "is_wellformed", "kept_of_answer", "kept_of_request", "options_of"]

Scope = MutableMapping[str, Any]
Headers = list[tuple[bytes, bytes]]

#: What one connection's ends say to each other.
_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
    | {"proxy-authenticate", "proxy-authentication-info", "proxy-authorization", "http2-settings"}
)
#: What the proxy says itself, in a request.
_SAID_ANEW = frozenset({"host", "content-length", "expect"})
#: What a proxy in front says of the client, or of the address that was asked for. The first are said anew; the others
#: pass where that proxy is believed.
_OF_PROXIES = frozenset(
    {
        *("forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded-port"),
        "x-real-ip",
    }
)
_OF_OTHER_PROXIES = frozenset(
    {
        *("x-forwarded", "forwarded-for", "x-forwarded-by", "x-forwarded-path", "x-forwarded-prefix"),
        *("x-forwarded-protocol", "x-forwarded-scheme", "x-forwarded-server", "x-forwarded-ssl", "x-forwarded-uri"),
        *("x-forwarded-method", "x-forwarded-client-cert", "x-url-scheme", "x-scheme", "front-end-https"),
        *("x-script-name", "x-original-host", "x-original-method", "x-original-proto", "x-original-for", "x-host"),
        *("x-http-host-override", "disguised-host"),
        *("x-client-ip", "x-cluster-client-ip", "x-original-forwarded-for", "x-originating-ip", "x-remote-ip"),
        *("x-remote-addr", "true-client-ip", "cf-connecting-ip", "cf-connecting-ipv6", "fastly-client-ip"),
        *("x-azure-clientip", "x-azure-socketip", "fly-client-ip", "do-connecting-ip", "x-proxyuser-ip"),
        *("x-nf-client-connection-ip", "x-vercel-forwarded-for"),
    }
)
#: How further ones begin, and those that tell of the client's certificate (RFC 9440), by which apps know who asks.
_FAMILIES_OF_PROXIES = (
    *("x-forwarded-", "x-envoy-", "x-real-", "x-appengine-", "cloudfront-viewer-"),
    *("client-cert", "x-client-cert", "x-client-verify", "ssl-client-", "x-ssl-client-", "x-tls-client-"),
    *("x-amzn-mtls-", "x-arr-clientcert", "wl-proxy-", "-ws"),  # WebLogic's and WebSphere's: `$WSRU`
)
#: Some servers and frameworks go by these in place of the path, which is what rules were asked about, or add what they
#: name to it, or take it off; or have a server in front fetch another one. Proxies seldom take them from clients, so
#: that it does not help to believe the proxy.
OTHER_PATHS = frozenset(
    {
        *("x-original-url", "x-original-uri", "x-rewrite-url", "x-override-url", "x-http-path-override"),
        *("script-name", "path-info", "daphne-root-path", "x-vhm-root", "x-vhm-host", "x-replaced-path"),
        *("x-invoke-path", "x-invoke-output", "x-invoke-query", "x-matched-path", "x-now-route-matches"),
        *("x-middleware-subrequest", "x-middleware-rewrite", "x-astro-path", "x-ms-original-url"),
        *("x-sendfile-type", "x-accel-mapping"),
    }
)

#: A CGI has the header `Proxy` where programs look for the proxy of their own calls.
_NEVER = _HOP_BY_HOP | _SAID_ANEW | _OF_PROXIES | OTHER_PATHS | {"proxy"}
#: A client may not have these taken out by naming them in Connection: they are meant for the app.
_FOR_THE_APP = frozenset({"authorization", "content-type", "content-encoding", "cookie", "origin", "range"})

_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NO_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
#: What sets a gate's cookie; one without a name is sent as if its value were name and value.
_GATES_COOKIE = re.compile(rb"[\s=]*(?:__Host-|__Secure-)?oidc_gate\.", re.IGNORECASE)

#: Names that were seen, lower case, and whether they pass: always, never, or where a proxy is believed.
_seen: dict[bytes, bool | None] = {}
_MOST_SEEN, _LONGEST_SEEN = 1000, 100


def _passes(name: bytes) -> bool | None:
    """Return whether a request's header passes; None where a proxy that is believed must have said it.

    False for a name that is none (RFC 9110, 5.1).
    """
    spelt = folded(name.decode("latin-1"))
    passes: bool | None = spelt not in _NEVER and bool(_NAME.fullmatch(name))
    if passes and (spelt in _OF_OTHER_PROXIES or spelt.startswith(_FAMILIES_OF_PROXIES)):
        passes = None
    if len(name) <= _LONGEST_SEEN:
        if len(_seen) >= _MOST_SEEN:
            _seen.clear()
        _seen[name] = passes
    return passes


def is_wellformed(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Return whether no value could end its line, and no name is anything but a name."""
    return not any(_NO_VALUE.search(value) or not _NAME.fullmatch(name) for name, value in headers)


def options_of(headers: Headers) -> set[bytes]:
    """Return what is named in Connection, lower case."""
    values = [value for name, value in headers if name.lower() == b"connection"]
    return {option.strip().lower() for value in values for option in value.split(b",")} - {b""} if values else set()


def kept_of_request(headers: Headers, reserved: Container[str], *, from_proxy: bool) -> Headers | None:
    """Return the headers of a request that pass; None where one has a malformed value.

    `reserved`: names that only the gate may say, and has said: whoever names them in Connection is not heeded, nor who
    names what a proxy says. `from_proxy`: whether a proxy that is believed has sent them.
    """
    kept: Headers = []
    for pair in headers:
        name, value = pair
        passes = _seen[name] if name in _seen else _passes(name)
        if passes or (passes is None and (from_proxy or name.decode("latin-1") in reserved)):
            if _NO_VALUE.search(value):
                return None
            kept.append(pair)
    options = options_of(headers)
    if options:
        options = {each for each in options if each.decode("latin-1") not in _FOR_THE_APP}
        options = {each for each in options if each.decode("latin-1") not in reserved}
        options = {each for each in options if _passes(each) is not None}
        kept = [pair for pair in kept if pair[0].lower() not in options]
    return kept


def kept_of_answer(headers: Headers, *, has_length: bool) -> Headers:
    """Return the headers of an answer that pass, names in lower case, as ASGI has them.

    `has_length`: whether it may say how long its content is. No app sets a gate's cookie, or deletes one: with somebody
    else's session in it, a browser would go on in their name.
    """
    dropped = _DROPPED_OF_ANSWER if has_length else _DROPPED_OF_SHORT
    options = options_of(headers) - _LENGTH
    lowered = [(name.lower(), value) for name, value in headers]
    return [
        pair
        for pair in lowered
        if pair[0] not in dropped
        and pair[0] not in options
        and not (pair[0] == b"set-cookie" and _GATES_COOKIE.match(pair[1]))
    ]


_LENGTH = frozenset({b"content-length", b"set-cookie"})
_DROPPED_OF_ANSWER = frozenset(name.encode() for name in _HOP_BY_HOP if name != "trailer")
_DROPPED_OF_SHORT = _DROPPED_OF_ANSWER | {b"content-length"}
