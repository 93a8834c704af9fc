"""What stands before a request's body, in bytes (RFC 9112, 2 to 6).

How long the body is, is said in one way alone: two readers that go by two ways cut a stream of requests in different
places (request smuggling). So what the client has said is read here, and said anew; what could be read in two ways is
refused, whatever the server in front has made of it.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote

from oidc_gate.errors import LoginError
from oidc_gate.proxy.headers import Headers, Scope

__all__ = ["CHUNKED", "EMPTY", "Body", "Length", "body_of", "method_of", "request_head", "target_of", "upgrade_of"]

_TARGET = re.compile(rb"/[\x21\x22\x24-\x7e]*")  # no blank, no control character, and no fragment
_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}", re.ASCII)
_DIGITS = re.compile(rb"[0-9]{1,18}")
_TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z/-]{1,40}")
_PATH = "/:@!$&'()*+,;=~-._"
#: CONNECT asks for a tunnel, and TRACE for the request, with what the gate has added to it.
_REFUSED = ("CONNECT", "TRACE")
#: Methods whose body means something: that it is empty has to be said (RFC 9110, 8.6).
_WITH_BODY = ("POST", "PUT", "PATCH")

#: How long a body is: so many bytes, or as long as its chunks are.
Length = int | None
CHUNKED = None
EMPTY = 0


class Body(NamedTuple):
    """What a request says of its body: how long it is, and whether its sender waits to be told to go on."""

    length: Length
    is_said: bool
    waits: bool


def method_of(scope: Scope) -> str:
    """Return the method. Raises LoginError for one that is not handed on."""
    method = str(scope.get("method", "GET"))
    if method in _REFUSED or not _METHOD.fullmatch(method):
        raise LoginError("method_refused", f"the method {method[:32]!r} is not handed on to the app", status=501)
    return method


def target_of(scope: Scope) -> bytes:
    """Return path and query as they were sent, as far as the server tells. Raises LoginError."""
    path: bytes = scope.get("raw_path") or quote(scope["path"], safe=_PATH, errors="replace").encode()
    path = path.partition(b"?")[0]
    query: bytes = scope.get("query_string", b"")
    target = path + b"?" + query if query else path
    if not _TARGET.fullmatch(target):
        raise LoginError("request_malformed", "the address holds what no address may hold")
    return target


def body_of(scope: Scope) -> Body:
    """Return what the headers say of the body. Raises LoginError where they could be read in two ways."""
    lengths: list[bytes] = []
    codings: list[bytes] = []
    waits = False
    for name, value in scope["headers"]:
        if name == b"content-length":
            lengths.append(value)
        elif name == b"transfer-encoding":
            codings.append(value)
        elif name == b"expect":
            waits = value.strip().lower() == b"100-continue"
    if codings:
        if lengths or len(codings) > 1 or codings[0].strip().lower() != b"chunked":
            raise LoginError("request_malformed", "Content-Length and Transfer-Encoding do not say one thing")
        return Body(CHUNKED, True, waits)
    if not lengths:
        # With HTTP/2 and later a body needs no announcement.
        return Body(CHUNKED if str(scope.get("http_version", "1.1"))[0] not in "01" else EMPTY, False, False)
    if len(lengths) > 1 or not _DIGITS.fullmatch(lengths[0]):
        raise LoginError("request_malformed", "Content-Length is no number, or there are several")
    length = int(lengths[0])
    return Body(length, True, waits and length > 0)


def upgrade_of(headers: Headers) -> bytes:
    """Return the protocol that a request asks to change to, b"" for none, as it may be shown."""
    wanted = next((value.strip() for name, value in headers if name == b"upgrade"), b"")
    return wanted if not wanted or _TOKEN.fullmatch(wanted) else b"another protocol"


def request_head(method: str, target: bytes, host: bytes, kept: Headers, told: bytes, body: Body) -> bytes:
    """Return the head. `kept`: headers that pass; `told`: lines on the client."""
    lines = [method.encode("ascii"), b" ", target, b" HTTP/1.1\r\nhost: ", host, b"\r\n"]
    for name, value in kept:
        lines += (name, b": ", value, b"\r\n")
    lines.append(told)
    if body.length is CHUNKED:
        lines.append(b"transfer-encoding: chunked\r\n")
    elif body.is_said or method in _WITH_BODY:
        lines.append(b"content-length: %d\r\n" % body.length)
    if body.waits:
        lines.append(b"expect: 100-continue\r\n")
    lines.append(b"\r\n")
    return b"".join(lines)
