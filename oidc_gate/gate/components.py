"""What the other modules share: the components of a gate, and a request among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from oidc_gate.access import PathList, Policy
from oidc_gate.browser import LONGEST_HEADER, Addresses, Attempts, Cookies, Origin, Pages, own_path
from oidc_gate.decisions import Header, Reply, Request
from oidc_gate.gate.forwarding import Told
from oidc_gate.gate.parties import Parties
from oidc_gate.gate.redemptions import Redemptions
from oidc_gate.gate.seen_proofs import SeenProofs
from oidc_gate.reserved_headers import ReservedHeaders
from oidc_gate.sessions import (
    OpenSession,
    Sessions,
)
from oidc_gate.settings import METADATA_PATH, Settings
from oidc_gate.telling import Telling

__all__ = ["Components", "Here"]


@dataclass(frozen=True, slots=True)
class Here:
    """A request, with what it takes to answer it. A Cookie header that is too long to hold cookies of ours is `""`."""

    request: Request
    origin: Origin
    cookies: Cookies
    cookie_header: str


@dataclass(frozen=True, slots=True)
class Components:
    """The parts of one gate. `clock` gives seconds since 1970.

    `context` is bound into every seal, so that a cookie of another app, or of another client of the provider, opens
    nothing here. `response_headers` are added to the app's answers, as a rule.
    """

    settings: Settings
    context: str
    clock: Callable[[], float]
    addresses: Addresses
    secure_cookies: Cookies
    plain_cookies: Cookies
    attempts: Attempts
    sessions: Sessions
    policy: Policy
    parties: Parties
    idle_exempt: PathList | None
    redemptions: Redemptions
    response_headers: tuple[Header, ...]
    told_headers: Told
    identity_keys: Callable[[Request], Reply] | None
    reserved_headers: ReservedHeaders
    telling: Telling
    seen_proofs: SeenProofs
    pages: Pages

    def telling_of(self, opened: OpenSession | None) -> Telling:
        """Return what tells of a session, as one of its provider's; of nobody's, of the gate itself."""
        return self.telling if opened is None else self.parties[opened.provider_key].telling

    @property
    def own_prefixes(self) -> str | tuple[str, ...]:
        """What the paths begin with that the gate answers itself."""
        own = f"{self.settings.path_prefix}/"
        return (own, METADATA_PATH) if self.tells_metadata else own

    @property
    def tells_metadata(self) -> bool:
        """Whether it is the gate that answers at METADATA_PATH."""
        settings = self.settings
        return settings.bearer_audience is not None and settings.protected_resource_metadata == "gate"

    def cookies(self, request: Request) -> Cookies:
        """Return the cookies under the scheme that the browser used."""
        return self._cookies_under(self.addresses.origin(request).scheme)

    def cookies_by_scheme(self) -> dict[str, Cookies]:
        """Return the cookies for each scheme that a request may come with, where no header has a say in that."""
        if self.addresses.reads_forwarded:
            return {}
        fixed = self.settings.base_url.partition(":")[0]
        return {scheme: self._cookies_under(fixed or scheme) for scheme in ("http", "https")}

    def _cookies_under(self, scheme: str) -> Cookies:
        return self.secure_cookies if scheme == "https" else self.plain_cookies

    def here(self, request: Request) -> Here:
        """Return where this request stands."""
        origin = self.addresses.origin(request)
        header = request.cookie_header if len(request.cookie_header) <= LONGEST_HEADER else ""
        return Here(request, origin, self._cookies_under(origin.scheme), header)

    def path(self, here: Here, name: str) -> str:
        """Return one of the gate's own paths, as the browser must ask for it."""
        return own_path(here.origin, f"{self.settings.path_prefix}/{name}")

    def url(self, here: Here, name: str) -> str:
        """Return the URL of one of the gate's own paths, as it is registered at the provider."""
        return f"{here.origin.url}{self.settings.path_prefix}/{name}"

    def person(self, here: Here) -> str:
        """Return the tag of whose session this browser has, or had; `""` for none of ours. Never blocks.

        A session whose provider was taken away is nobody's: there, nobody can sign in again.
        """
        name, text = here.cookies.session_text(here.cookie_header)
        if not text or self.sessions.taken_away.ended(self.sessions.backend, text, name):
            return ""
        return self.sessions.backend.person(text, name)

    def session(self, here: Here, *, afresh: bool = False) -> OpenSession | None:
        """Return the living session of this browser, or None; `afresh`: as it is in the store this moment.

        May block where a store does; raises StoreError.
        """
        name, text = here.cookies.session_text(here.cookie_header)
        load = self.sessions.load_afresh if afresh and self.sessions.asks else self.sessions.load
        return load(text, name, self.clock()) if text else None
