"""What the other modules share: the components of a gate, built once from its settings, and a request among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from oidc_gate.access import AllowLists, Conditional, PathList, Policy
from oidc_gate.browser import LONGEST_HEADER, Addresses, Attempts, Cookies, Origin, Pages, own_path
from oidc_gate.decisions import Header, Overriding, Request
from oidc_gate.gate.forwarding import Told, forwarding, handing_on, told_headers
from oidc_gate.gate.kept_claims import KeptClaims
from oidc_gate.gate.redemptions import Redemptions
from oidc_gate.gate.seen_proofs import SeenProofs
from oidc_gate.provider import Provider
from oidc_gate.reserved_headers import ReservedHeaders
from oidc_gate.sealing import name_tag
from oidc_gate.sessions import (
    NEVER,
    AskingBackend,
    Backend,
    CookieBackend,
    DenyListedCookieBackend,
    Limits,
    OpenSession,
    Sessions,
    StoreBackend,
    unwatched,
    watched,
)
from oidc_gate.settings import METADATA_PATH, Settings
from oidc_gate.stores import SessionStore, open_store
from oidc_gate.telling import Telling

__all__ = ["Components", "Here", "backend_of", "build"]


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
    idle_exempt: PathList | None
    provider: Provider
    redemptions: Redemptions
    response_headers: tuple[Header, ...]
    told_headers: Told
    kept_claims: KeptClaims
    reserved_headers: ReservedHeaders
    telling: Telling
    seen_proofs: SeenProofs
    pages: Pages

    @property
    def own_prefixes(self) -> str | tuple[str, ...]:
        """What the paths begin with that the gate answers itself."""
        own, settings = f"{self.settings.path_prefix}/", self.settings
        tells = settings.bearer_audience is not None and settings.protected_resource_metadata == "gate"
        return (own, METADATA_PATH) if tells else own

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

    def session(self, here: Here, *, afresh: bool = False) -> OpenSession | None:
        """Return the living session of this browser, or None; `afresh`: as it is in the store this moment.

        May block where a store does; raises StoreError.
        """
        name, text = here.cookies.session_text(here.cookie_header)
        load = self.sessions.load_afresh if afresh and self.sessions.asks else self.sessions.load
        return load(text, name, self.clock()) if text else None


def build(
    settings: Settings,
    clock: Callable[[], float],
    backend: Backend | None = None,
    before: Components | None = None,
    *,
    on_paper: bool = False,
) -> Components:
    """Return the parts of a gate; all that can be paid for before the first request is paid for here.

    `backend`: who keeps the sessions, where it is not whom the settings name. `before`: the parts of the gate whose
    place this one takes, with the same store; what holds under any settings is taken over from it. `on_paper`: no
    requests come to this gate, so that nothing is counted and no audit event is written.
    """
    context = _context(settings)
    tags = [name_tag(secret, _provider_and_client(settings)) for secret in settings.cookie_secret]
    response_headers = _caching(settings.cache_control)
    lists = _lists(settings)
    told = told_headers(settings.identity_headers)
    policy, addresses = _policy(settings, lists), Addresses(settings.base_url, settings.trusted_proxies)
    rules = [rule.name for rule in policy.rules]
    telling = Telling(settings, addresses, clock, rules, on_paper=on_paper)
    backend = backend or _backend(settings, telling.store_asked, before)

    def cookies(*, secure: bool) -> Cookies:
        return Cookies(
            settings.auth_id,
            tags,
            secure=secure,
            domain=settings.auth_cookie_domain,
            cross_site_callback=settings.response_mode == "form_post",
        )

    return Components(
        settings=settings,
        context=context,
        clock=clock,
        addresses=addresses,
        secure_cookies=cookies(secure=True),
        plain_cookies=cookies(secure=False),
        attempts=Attempts(settings.cookie_secret, context, lifetime=settings.login_timeout),
        sessions=_sessions(settings, backend, lists, told, response_headers, clock, telling, before),
        policy=policy,
        idle_exempt=PathList(settings.idle_exempt_paths) if settings.idle_exempt_paths else None,
        provider=Provider(settings, clock, telling.provider_asked, None if before is None else before.provider),
        redemptions=Redemptions() if before is None else before.redemptions,
        response_headers=response_headers,
        told_headers=told,
        kept_claims=KeptClaims(settings, policy, told),
        reserved_headers=ReservedHeaders(name for name in (*dict(told), settings.bearer_client_cert_header) if name),
        telling=telling,
        seen_proofs=SeenProofs() if before is None else before.seen_proofs,
        pages=_pages(settings),
    )


def _pages(settings: Settings) -> Pages:
    """Return what makes pages; whatever files they are made of are read here."""
    name, contact, logo = settings.brand_name, settings.brand_contact, settings.brand_logo
    if not (name or contact or logo or settings.brand_color or settings.page_template):
        return Pages()
    from oidc_gate.settings.page_files import colors_of, logo_of, template_of  # late: most do without

    return Pages(
        name=name,
        contact=contact,
        logo=logo_of(logo),
        colors=colors_of(settings.brand_color),
        template=template_of(settings.page_template),
    )


def _lists(settings: Settings) -> AllowLists:
    return AllowLists(
        emails=settings.allow_emails,
        domains=settings.allow_domains,
        groups=settings.allow_groups,
        groups_claim=settings.groups_claim,
        groups_separator=settings.groups_separator,
        email_claim=settings.email_claim,
        require_email_verified=settings.require_email_verified,
        tenants=settings.allow_tenants or (),
    )


def _policy(settings: Settings, lists: AllowLists) -> Policy:
    given = settings.rules or ()
    of_app = settings.bearer_audience is not None and settings.protected_resource_metadata == "app"
    return Policy(
        [rule for rule in given if not isinstance(rule, Conditional)],
        lists,
        public_paths=(*(settings.public_paths or ()), *((METADATA_PATH,) if of_app else ())),
        conditionals=[each for each in given if isinstance(each, Conditional)],
    )


def _sessions(
    settings: Settings,
    backend: Backend,
    lists: AllowLists,
    told: Told,
    response_headers: tuple[Header, ...],
    clock: Callable[[], float],
    telling: Telling,
    before: Components | None,
) -> Sessions:
    forward = forwarding(
        told=told,
        groups_claim=settings.groups_claim,
        claim=settings.remote_user_claim,
        require_email_verified=settings.require_email_verified,
        response_headers=response_headers,
    )
    if settings.access_token_for_app:
        forward = handing_on(forward, clock)
    limits = Limits(
        longest=settings.max_session_duration or NEVER,
        idle=settings.idle_session_timeout or NEVER,
        recheck=settings.userinfo_refresh_interval or NEVER,
        cache=settings.session_cache_seconds,
    )
    overrides_some = bool(settings.public_paths or settings.rules) and isinstance(response_headers, Overriding)
    return Sessions(
        backend,
        lists,
        forward,
        limits,
        provider=settings.auth_id,
        remote_user=(settings.remote_user_claim, settings.require_email_verified),
        by_path=bool(settings.idle_exempt_paths) or overrides_some,
        on_over=telling.session_ended,
        before=None if before is None else before.sessions,
    )


def _provider_and_client(settings: Settings) -> str:
    return f"{settings.issuer_url.rstrip('/')} {settings.client_id}"


def _caching(cache_control: str) -> tuple[Header, ...]:
    """Return what is added to the app's answers, or what overrides its word with `force`."""
    word, _, value = cache_control.partition(" ")
    if word.lower() == "force":
        return Overriding((("cache-control", value.strip()),))
    return (("cache-control", cache_control),) if cache_control else ()


def _context(settings: Settings) -> str:
    return f"{_provider_and_client(settings)} {settings.auth_id}"


def backend_of(
    settings: Settings, watch: Callable[[str, str, float], None] | None = None, store: SessionStore | None = None
) -> Backend:
    """Return who keeps the sessions of gates with these settings.

    `watch` is told of each call to a store. `store`: the one that they name, if it is open.
    """
    context = _context(settings)
    if settings.session_store == "cookie":
        if not settings.cookie_deny_list:
            return CookieBackend(settings.cookie_secret, context)
        deny_list = store or open_store(settings.cookie_deny_list, settings.store_timeout, "cookie_deny_list")
        return DenyListedCookieBackend(watched(deny_list, watch), settings.cookie_secret, context)
    named = settings.session_store
    if store is None:
        store = open_store(named, settings.store_timeout) if isinstance(named, str) else named
    return StoreBackend(watched(store, watch), settings.cookie_secret, context)


def _backend(settings: Settings, watch: Callable[[str, str, float], None] | None, before: Components | None) -> Backend:
    """Return who keeps the sessions, with the connections of the gate before."""
    kept = None if before is None else before.sessions.backend
    if not isinstance(kept, AskingBackend):
        return backend_of(settings, watch)
    backend = backend_of(settings, watch, unwatched(kept.store))
    if isinstance(backend, StoreBackend):
        backend.follow(kept)
    return backend
