"""What the gate reads of a WSGI environ."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oidc_gate.decisions import KIND_HEADERS, LONGEST_KEY, Key
from oidc_gate.reserved_headers import folded

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

__all__ = ["WSGIRequest", "variable"]

_KIND_HEADERS = frozenset("HTTP_" + name.upper().replace("-", "_") for name in KIND_HEADERS)
#: Headers whose variables bear their plain names (PEP 3333).
_UNPREFIXED = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})


class WSGIRequest:
    """What the gate asks of a request, answered from the environ; see `oidc_gate.decisions.Request`."""

    __slots__ = ("_environ", "_is_amended", "app_cookies", "cookie_header", "host", "is_websocket", "path", "scheme")

    def __init__(self, environ: WSGIEnvironment) -> None:
        self._environ = environ
        path: str = environ.get("PATH_INFO", "")
        mount: str = environ.get("SCRIPT_NAME", "")
        self._is_amended = mount[-1:] == "/" and path[:1] not in ("/", "")
        if self._is_amended:  # gunicorn with SCRIPT_NAME=/app/ leaves the slash between the two to the first (PEP 3333)
            environ["SCRIPT_NAME"], environ["PATH_INFO"] = mount.rstrip("/"), f"/{path}"
            path = f"/{path}"
        self.path = path if path.isascii() else _as_utf8(path)  # PEP 3333 hands out its bytes as latin-1
        self.host: str = environ.get("HTTP_HOST", "")
        self.cookie_header: str = environ.get("HTTP_COOKIE", "")
        self.scheme: str = environ["wsgi.url_scheme"]
        self.app_cookies = ""
        # Some servers let WSGI apps answer a WebSocket handshake.
        self.is_websocket = "HTTP_UPGRADE" in environ and "websocket" in environ["HTTP_UPGRADE"].lower()

    @property
    def authorization(self) -> str:
        """See `Request.authorization`."""
        return str(self._environ.get("HTTP_AUTHORIZATION", ""))

    @property
    def token_key(self) -> None:
        """See `Request.token_key`: what is decided for a token is found fast enough by the gate itself."""

    @property
    def key(self) -> Key | None:
        """See `Request.key`; `OIDCGate` looks for the same."""
        environ, cookies = self._environ, self.cookie_header
        if not 0 < len(cookies) <= LONGEST_KEY or "HTTP_UPGRADE" in environ or self._is_amended:  # a WebSocket, perhaps
            return None
        return environ["wsgi.url_scheme"], environ.get("HTTP_HOST"), cookies

    @property
    def told_cookies(self) -> str:
        """The Cookie header of the app, or `""` for none."""
        return self.app_cookies

    @property
    def app_root(self) -> str:
        """None: under WSGI no app takes more off its paths than the server."""
        return ""

    @property
    def app_path(self) -> str:
        """The path."""
        return self.path

    @property
    def has_unclear_mount(self) -> bool:
        """False: a WSGI server tells the mount point and the path inside of it apart (PEP 3333)."""
        return False

    @property
    def has_kind_headers(self) -> bool:
        """Whether one of KIND_HEADERS is there."""
        return not _KIND_HEADERS.isdisjoint(self._environ)

    @property
    def method(self) -> str:
        """The method."""
        return str(self._environ["REQUEST_METHOD"])

    @property
    def root_path(self) -> str:
        """Where the app is mounted."""
        return _as_utf8(self._environ.get("SCRIPT_NAME", "")).rstrip("/")

    @property
    def raw_target(self) -> str:
        """The path as it was sent, where the server tells: gunicorn in RAW_URI, others in REQUEST_URI."""
        target: str = self._environ.get("RAW_URI") or self._environ.get("REQUEST_URI") or ""
        return target.partition("?")[0]

    @property
    def query(self) -> str:
        """The raw query string."""
        return str(self._environ.get("QUERY_STRING", ""))

    @property
    def peer(self) -> str:
        """The address of the other end of the connection."""
        return str(self._environ.get("REMOTE_ADDR", ""))

    @property
    def server(self) -> str:
        """The listening socket."""
        return f"{self._environ['SERVER_NAME']}:{self._environ['SERVER_PORT']}"

    def header(self, name: str) -> str:
        """Return the header of that lower-case name, or `""`."""
        return str(self._environ.get(variable(name), ""))

    def header_names(self) -> set[str]:
        """See `Request.header_names`."""
        keys = {key.removeprefix("HTTP_") for key in self._environ if key.startswith("HTTP_")}
        keys |= {key for key in _UNPREFIXED if self._environ.get(key)}
        return {key.lower().replace("_", "-") for key in keys}

    def folded_names(self) -> set[str]:
        """See `Request.folded_names`."""
        return {folded(key.removeprefix("HTTP_")) for key in self._environ if key.startswith("HTTP_")}


def variable(name: str) -> str:
    """Return the key under which an environ has a header (PEP 3333)."""
    key = name.upper().replace("-", "_")
    return key if key in _UNPREFIXED else f"HTTP_{key}"


def _as_utf8(text: str) -> str:
    return text.encode("latin-1", "replace").decode("utf-8", "replace")
