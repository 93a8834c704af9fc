"""A request as a plain value: what the gate's lower modules ask of one, without a server and without an adapter."""

from __future__ import annotations

from dataclasses import dataclass, field

from oidc_gate.decisions import KIND_HEADERS
from oidc_gate.reserved_headers import folded


@dataclass
class Asked:
    """A request; satisfies `oidc_gate.decisions.Request`. Header names are lower case."""

    path: str = "/"
    host: str = "app.test"
    cookie_header: str = ""
    scheme: str = "https"
    app_cookies: str = ""
    method: str = "GET"
    is_websocket: bool = False
    root_path: str = ""
    raw_target: str = ""
    query: str = ""
    peer: str = "192.0.2.1"
    server: str = "localhost:8000"
    headers: dict[str, str] = field(default_factory=dict)

    app_root: str = ""

    @property
    def app_path(self) -> str:
        return self.path.removeprefix(self.app_root)

    @property
    def authorization(self) -> str:
        return self.header("authorization")

    @property
    def token_key(self) -> None:
        return None

    @property
    def key(self) -> tuple[str, str, str]:
        return self.scheme, self.host, self.cookie_header

    @property
    def told_cookies(self) -> str:
        return self.app_cookies

    @property
    def has_unclear_mount(self) -> bool:
        return False

    @property
    def has_kind_headers(self) -> bool:
        return any(name in self.headers for name in KIND_HEADERS)

    def header(self, name: str) -> str:
        return self.headers.get(name, "")

    def header_names(self) -> set[str]:
        return set(self.headers)

    def folded_names(self) -> set[str]:
        return {folded(name) for name in self.headers}
