"""The components of a gate are built here, once, from its settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from oidc_gate.access import AllowLists, Conditional, PathList, Policy
from oidc_gate.browser import Addresses, Attempts, Cookies, Pages
from oidc_gate.caching import caching_headers
from oidc_gate.decisions import Header, Overriding
from oidc_gate.errors import SettingsError
from oidc_gate.gate.components import Components
from oidc_gate.gate.forwarding import OtherNames, Told, clear_of, forwarding, handing_on, told_headers
from oidc_gate.gate.kept_claims import KeptClaims
from oidc_gate.gate.parties import Parties, Party, party_key, provider_and_client
from oidc_gate.gate.redemptions import Redemptions
from oidc_gate.gate.seen_proofs import SeenProofs
from oidc_gate.identity import username
from oidc_gate.provider import Provider
from oidc_gate.reserved_headers import BEFORE_THE_PATH, ReservedHeaders
from oidc_gate.sealing import name_tag
from oidc_gate.sessions import (
    NEVER,
    AskingBackend,
    Backend,
    ByProvider,
    CookieBackend,
    DenyListedCookieBackend,
    Limits,
    Sessions,
    StoreBackend,
    TakenAway,
    ended_of,
    unwatched,
    watched,
)
from oidc_gate.settings import METADATA_PATH, Settings
from oidc_gate.stores import SessionStore, open_store
from oidc_gate.telling import Telling

if TYPE_CHECKING:
    from oidc_gate.gate.identity_jwt import Signer

__all__ = ["backend_of", "build"]

#: How long a session's cookie stays when the session is over, to tell whose form it is that comes then (seconds).
_OUTLIVES = 3600.0


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
    tags = [name_tag(secret, _named_for(settings)) for secret in settings.cookie_secret]
    response_headers = caching_headers(settings.cache_control)
    told = told_headers(settings.identity_headers)
    policy, addresses = _policy(settings), Addresses(settings.base_url, settings.trusted_proxies)
    of_paths = BEFORE_THE_PATH if policy.has_places or settings.bearer_paths else ()
    rules = [rule.name for rule in policy.rules]
    telling = Telling(settings, addresses, clock, rules, on_paper=on_paper)
    backend = backend or _backend(settings, telling.store_asked, before)
    parties = _parties(settings, policy, told, telling, clock, before)
    signer = _signer(settings, context, clock)

    def cookies(*, secure: bool) -> Cookies:
        return Cookies(
            settings.auth_id,
            tags,
            secure=secure,
            domain=settings.auth_cookie_domain,
            cross_site_callback=any(party.settings.response_mode == "form_post" for party in parties),
            outlives=_OUTLIVES if settings.keep_posts else 0.0,
        )

    return Components(
        settings=settings,
        context=context,
        clock=clock,
        addresses=addresses,
        secure_cookies=cookies(secure=True),
        plain_cookies=cookies(secure=False),
        attempts=Attempts(settings.cookie_secret, context, lifetime=settings.login_timeout),
        sessions=_sessions(settings, backend, parties, told, response_headers, clock, before, signer),
        policy=policy,
        parties=parties,
        idle_exempt=PathList(settings.idle_exempt_paths) if settings.idle_exempt_paths else None,
        redemptions=Redemptions() if before is None else before.redemptions,
        response_headers=response_headers,
        told_headers=told,
        identity_keys=None if signer is None else signer.keys,
        reserved_headers=ReservedHeaders(
            name for name in (*dict(told), settings.bearer_client_cert_header, *of_paths) if name
        ),
        telling=parties.first.telling,
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


def _policy(settings: Settings) -> Policy:
    given = settings.rules or ()
    of_app = settings.bearer_audience is not None and settings.protected_resource_metadata == "app"
    return Policy(
        [rule for rule in given if not isinstance(rule, Conditional)],
        {each.auth_id: _lists(each) for each in settings.all_providers},
        public_paths=(*(settings.public_paths or ()), *((METADATA_PATH,) if of_app else ())),
        conditionals=[each for each in given if isinstance(each, Conditional)],
    )


def _parties(
    settings: Settings,
    policy: Policy,
    told: Told,
    telling: Telling,
    clock: Callable[[], float],
    before: Components | None,
) -> Parties:
    """Return the providers; what is known of one that was there before is taken over."""
    found = []
    for each in settings.all_providers:
        is_first = each is settings
        known = None if before is None else before.parties.named(each.auth_id)
        watch = telling.provider_asked(each.auth_id)
        provider = Provider(each, clock, watch, None if known is None else known.provider)
        found.append(
            Party(
                key="" if is_first else party_key(each),
                settings=each,
                provider=provider,
                lists=policy.lists_at(each.auth_id),
                kept_claims=KeptClaims(each, policy, told),
                telling=telling.of(each, provider.issuer),
                callback="callback" if is_first else f"callback/{each.auth_id}",
            )
        )
    if len({party.key for party in found}) < len(found):  # by chance never: who names clients can look for one
        raise SettingsError("providers: two of them would have one key; have one of them name the client otherwise.")
    return Parties(found)


def _signer(settings: Settings, context: str, clock: Callable[[], float]) -> Signer | None:
    """Return what signs `identity_jwt`; most gates sign nothing, and load nothing for it."""
    if not settings.identity_jwt:
        return None
    from oidc_gate.gate.identity_jwt import Signer

    return Signer(settings, context, clock)


def _sessions(
    settings: Settings,
    backend: Backend,
    parties: Parties,
    told: Told,
    response_headers: tuple[Header, ...],
    clock: Callable[[], float],
    before: Components | None,
    signer: Signer | None,
) -> Sessions:
    overrides_some = bool(settings.public_paths or settings.rules) and isinstance(response_headers, Overriding)
    before_these = None if before is None else before.sessions
    keys, gone_before = [party.key for party in parties], None if before_these is None else before_these.taken_away
    context = _context(settings)
    return Sessions(
        backend,
        {party.key: _by_provider(party, parties, told, response_headers, clock, signer) for party in parties},
        memory=settings.session_cache_mb << 20,
        by_path=bool(settings.idle_exempt_paths) or overrides_some,
        before=before_these,
        taken_away=TakenAway(context, keys, clock(), gone_before),
        ended=ended_of((context, clock)),
    )


def _by_provider(
    party: Party,
    parties: Parties,
    told: Told,
    response_headers: tuple[Header, ...],
    clock: Callable[[], float],
    signer: Signer | None,
) -> ByProvider:
    """Return what the sessions of one provider go by."""
    settings = party.settings
    claim, required = settings.remote_user_claim, settings.require_email_verified
    other = OtherNames(party.auth_id, party.lists) if party.key else None
    taken = tuple(f"{each.auth_id}:" for each in parties if each is not party)
    forward = forwarding(
        told=told,
        groups_claim=settings.groups_claim,
        claim=claim,
        require_email_verified=required,
        response_headers=response_headers,
        other=other,
        taken=taken,
    )
    if settings.access_token_for_app:
        forward = handing_on(forward, clock)
    if signer is not None:
        forward = signer.signing(forward, required=required, other=other, taken=taken)
    limits = Limits(
        longest=settings.max_session_duration or NEVER,
        idle=settings.idle_session_timeout or NEVER,
        recheck=settings.userinfo_refresh_interval or NEVER,
        cache=settings.session_cache_seconds,
    )
    named = partial(username if other is None else other.username, claim=claim, required=required)

    def name_of(claims: Mapping[str, Any]) -> str:
        return clear_of(taken, named(claims))

    return ByProvider(party.auth_id, party.lists, forward, limits, name_of, party.telling.session_ended)


def _named_for(settings: Settings) -> str:
    """Return what the tag in the cookies' names stands for.

    The domain is part of it, for a browser keeps cookies of one name at two domains apart, and sends both. A gate whose
    domain has changed would find its cookie twice, which counts as absent, and each login would set it once more.
    """
    domain, named = settings.auth_cookie_domain, provider_and_client(settings)
    return f"{named}\n{domain}" if domain else named


def _context(settings: Settings) -> str:
    return f"{provider_and_client(settings)} {settings.auth_id}"


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
