"""What the gate reads of an ASGI scope, and what the app may see of it.

Every header's name has to be looked at, for only the gate may say some of them. Looking at them one by one costs more
than all else that a request with a session takes; but requests of one kind of browser have the same names in the same
order, so that what stands where is remembered by the names together.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from oidc_gate.asgi.roots import UNKNOWN, Routing, inside
from oidc_gate.decisions import KIND_HEADERS, LONGEST_KEY, METHOD_HEADERS, Key
from oidc_gate.reserved_headers import HarmlessNames, ReservedHeaders, folded

__all__ = [
    "ABSENT",
    "AUTHORIZES",
    "BY_TOKEN",
    "NAMES_METHOD",
    "UNUSUAL",
    "ASGIRequest",
    "Headers",
    "Layouts",
    "Scope",
    "request_with_token",
]

Scope = MutableMapping[str, Any]
Names = list[bytes]
#: Where `host` and `cookie` stand, where those stand that only the gate may say, the last of them first, alone and with
#: `cookie`; all names in lower case; and, added up, which of these are among them: one of METHOD_HEADERS, however it is
#: spelt (NAMES_METHOD), and `authorization` (AUTHORIZES), with where it stands (times AUTHORIZED_AT) if it comes once.
#: Where that has a say and there is no cookie, it stands in the place of `cookie` (BY_TOKEN).
Layout = tuple[int, int, tuple[int, ...], tuple[int, ...], Names, int]
NAMES_METHOD = 1
AUTHORIZES = 2
BY_TOKEN = 4
AUTHORIZED_AT = 8
Pair = tuple[bytes, bytes]
Headers = list[Pair]

_METHOD_HEADERS = frozenset(folded(name) for name in METHOD_HEADERS)
_KIND_HEADERS = frozenset(name.encode() for name in KIND_HEADERS)
_SCHEMES: dict[str | None, str] = {"https": "https", "wss": "https"}  # all others, and none, are http
#: Names of requests that are remembered: those of so many, each with so many headers, so long in all.
_MOST_LAYOUTS, _MOST_HEADERS, _LONGEST_LAYOUT = 500, 64, 1000


#: In place of a position: there is none; all headers have to be read.
ABSENT = -1
UNUSUAL = -2


class Layouts:
    """Tells from the names of a request's headers where `host` and `cookie` stand, and what the app may not see.

    ABSENT for not at all. UNUSUAL for both when one of them comes more than once: then the headers have to be read one
    by one. `reserved`: the names that only the gate may say.

    Names are compared with those of the latest request that had as many, for the next request is most often like it:
    that takes half as long as looking them up, and a third as long as looking at them one by one. Each entry is set
    whole, so that no lock is needed.
    """

    def __init__(self, reserved: ReservedHeaders, *, heeds_tokens: bool = False) -> None:
        self._heeds_tokens = heeds_tokens
        self._harmless = HarmlessNames(reserved)
        self._latest: dict[int, tuple[Names, Layout]] = {}
        self._known: dict[tuple[bytes, ...], Layout] = {}

    def of(self, names: Names) -> Layout:
        """Return the layout of headers with these names. The list is kept as it is: it must not be changed."""
        latest = self._latest.get(len(names))
        return latest[1] if latest is not None and latest[0] == names else self._looked_up(names)

    def _looked_up(self, names: Names) -> Layout:
        """Return the layout, and remember it unless the names are too long or too many."""
        key = tuple(names)
        layout = self._known.get(key)
        if layout is None:
            layout = self._layout([name.lower() for name in names])
            if len(names) > _MOST_HEADERS or sum(map(len, names)) > _LONGEST_LAYOUT:
                return layout
            if len(self._known) >= _MOST_LAYOUTS:
                self._known.clear()
            self._known[key] = layout
        self._latest[len(names)] = names, layout
        return layout

    def _layout(self, names: Names) -> Layout:
        harmless = self._harmless
        texts = [name.decode("latin-1") for name in names]
        dropped = [at for at, text in enumerate(texts) if text not in harmless and harmless.lack(text)][::-1]
        telling = 0 if _METHOD_HEADERS.isdisjoint(map(folded, texts)) else NAMES_METHOD
        if b"authorization" in names:
            telling += AUTHORIZES
            telling += AUTHORIZED_AT * (1 + names.index(b"authorization")) if names.count(b"authorization") == 1 else 0
        if names.count(b"host") > 1 or names.count(b"cookie") > 1:
            return UNUSUAL, UNUSUAL, tuple(dropped), tuple(dropped), names, telling
        cookie_at = _index(names, b"cookie")
        if self._heeds_tokens and cookie_at == ABSENT and telling >= AUTHORIZED_AT:
            cookie_at, telling = telling // AUTHORIZED_AT - 1, telling + BY_TOKEN
            return _index(names, b"host"), cookie_at, tuple(dropped), tuple(dropped), names, telling
        with_cookie = dropped if cookie_at == ABSENT else sorted([*dropped, cookie_at], reverse=True)
        return _index(names, b"host"), cookie_at, tuple(dropped), tuple(with_cookie), names, telling


def _index(names: Names, name: bytes) -> int:
    return names.index(name) if name in names else ABSENT


def request_with_token(scope: Scope, layout: Layout, routing: Routing = UNKNOWN) -> ASGIRequest:
    """Return a request to a gate that heeds the Authorization header."""
    host_at, _, dropped, _, names, telling = layout
    if telling & BY_TOKEN:
        layout = (host_at, ABSENT, dropped, dropped, names, telling)
    return ASGIRequest(scope, layout, routing)


class ASGIRequest:
    """What the gate asks of a request, answered from the scope; see `oidc_gate.decisions.Request`."""

    __slots__ = (
        "_cookie_at",
        "_dropped",
        "_dropped_with_cookie",
        "_headers",
        "_host_at",
        "_names",
        "_routing",
        "_scope",
        "_telling",
        "app_cookies",
        "app_root",
        "cookie_header",
        "host",
        "is_websocket",
        "path",
        "scheme",
        "sent_headers",
    )

    def __init__(self, scope: Scope, layout: Layout, routing: Routing = UNKNOWN) -> None:
        self._scope, self._routing = scope, routing
        # Uvicorn adds trailers to its own list, while the gate waits: they are no headers of the request.
        self.sent_headers = self._headers = headers = [*scope["headers"]]
        self._host_at, self._cookie_at, self._dropped, self._dropped_with_cookie, self._names, self._telling = layout
        host_at, cookie_at = self._host_at, self._cookie_at
        if host_at == UNUSUAL:
            self._read_one_by_one(headers)
        else:
            self.host = "" if host_at < 0 else headers[host_at][1].decode("latin-1")
            self.cookie_header = "" if cookie_at < 0 else headers[cookie_at][1].decode("latin-1")
        self.app_cookies = ""
        self.is_websocket: bool = scope["type"] == "websocket"
        root_path = scope.get("root_path")
        self.path: str = inside(scope["path"], root_path) if root_path else scope["path"]
        self.app_root = "" if self.is_websocket and routing.of_http else routing.root
        if root_path and root_path == self.app_root:
            self.app_root = ""  # the server has said it too, and it is taken off once
        self.scheme: str = _SCHEMES.get(scope.get("scheme"), "http")

    def _read_one_by_one(self, headers: Headers) -> None:
        named = list(zip(self._names, headers, strict=True))
        self.host = b",".join([value for name, (_, value) in named if name == b"host"]).decode("latin-1")
        self.cookie_header = b"; ".join([value for name, (_, value) in named if name == b"cookie"]).decode("latin-1")
        self._headers = [pair for at, (name, pair) in enumerate(named) if name != b"cookie" and at not in self._dropped]
        self._dropped = self._dropped_with_cookie = ()

    @property
    def authorization(self) -> str:
        """See `Request.authorization`."""
        at = self._telling // AUTHORIZED_AT
        if at:
            value: bytes = self.sent_headers[at - 1][1]
            return value.decode("latin-1")
        return self.header("authorization") if self._telling & AUTHORIZES else ""

    @property
    def token_key(self) -> tuple[Any, Any, Any, Any] | None:
        """See `Request.token_key`; `OIDCGate` looks for the same."""
        if not self._telling & BY_TOKEN or self._host_at < 0 or self.is_websocket or self._scope.get("root_path"):
            return None
        pair = self.sent_headers[self._telling // AUTHORIZED_AT - 1]
        return self._scope.get("scheme"), self._headers[self._host_at][1], pair[1], pair

    @property
    def key(self) -> Key | None:
        """See `Request.key`; `OIDCGate` looks for the same."""
        usable = self._host_at >= 0 and self._cookie_at >= 0 and len(self.cookie_header) <= LONGEST_KEY
        if not usable or self.is_websocket or self._scope.get("root_path"):  # in a mount the path has to be worked out
            return None
        return self._scope.get("scheme"), self._headers[self._host_at][1], self._headers[self._cookie_at][1]

    @property
    def told_cookies(self) -> Pair | None:
        """The Cookie header of the app, or None for none."""
        return (b"cookie", self.app_cookies.encode("latin-1")) if self.app_cookies else None

    def app_headers(self) -> Headers:
        """Return, in a new list, the headers that the app may see: none that only the gate may say, nor its cookies."""
        headers, at, told = [*self._headers], self._cookie_at, self.told_cookies
        if told and at >= 0:
            headers[at] = told
        for each in self._dropped if told else self._dropped_with_cookie:
            del headers[each]
        if told and at < 0:
            headers.append(told)
        return headers

    @property
    def app_path(self) -> str:
        """The path as the app's router sees it."""
        if self._routing.keeps_mount:
            return str(self._scope["path"])
        return inside(self.path, self.app_root) if self.app_root else self.path

    @property
    def has_unclear_mount(self) -> bool:
        """See `Request.has_unclear_mount`. A router that is not known may cut wherever the mount point's letters are.

        An app with another mount point than the server's may do as it likes with either.
        """
        of_server = self._scope.get("root_path", "").strip("/")
        if of_server and self.app_root:
            return True
        mount, path = of_server or self.app_root.strip("/"), self._scope["path"]
        if not mount or mount not in path or self.app_path != path or self._routing.keeps_mount:
            return False
        return not self._routing.cuts_at_start()

    @property
    def has_kind_headers(self) -> bool:
        """Whether one of KIND_HEADERS is there."""
        return not _KIND_HEADERS.isdisjoint(self._names)

    @property
    def method(self) -> str:
        """The method; a WebSocket handshake is a GET."""
        return str(self._scope.get("method", "GET"))

    @property
    def root_path(self) -> str:
        """Where the app is mounted."""
        return str(self._scope.get("root_path", "")).rstrip("/")

    @property
    def raw_target(self) -> str:
        """The path as it was sent, where the server tells."""
        raw: bytes = self._scope.get("raw_path") or b""
        return raw.decode("latin-1").partition("?")[0]

    @property
    def query(self) -> str:
        """The raw query string."""
        return str(self._scope.get("query_string", b"").decode("latin-1"))

    @property
    def peer(self) -> str:
        """The address of the other end of the connection."""
        client = self._scope.get("client")
        return str(client[0]) if client else ""

    @property
    def spec_version(self) -> str:
        """The version of the specification, for HTTP or WebSocket, that the server goes by."""
        return str(self._scope.get("asgi", {}).get("spec_version", "2.0"))

    @property
    def server(self) -> str:
        """The listening socket."""
        host, port = self._scope.get("server") or ("localhost", None)
        name = f"[{host}]" if ":" in host else host
        return f"{name}:{port}" if port else "localhost"

    def header(self, name: str) -> str:
        """Return the header of that lower-case name, several joined by commas, or `""`."""
        wanted, names, headers = name.encode(), self._names, self.sent_headers
        count = names.count(wanted)
        if count <= 1:
            return headers[names.index(wanted)][1].decode("latin-1") if count else ""
        values = [value for each, (_, value) in zip(names, headers, strict=True) if each == wanted]
        return b",".join(values).decode("latin-1")

    def header_names(self) -> set[str]:
        """See `Request.header_names`."""
        return {name.decode("latin-1") for name in self._names}

    def folded_names(self) -> set[str]:
        """See `Request.folded_names`."""
        return {folded(name.decode("latin-1")) for name in self._names}
