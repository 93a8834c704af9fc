"""What is allowed and still worth a second look, a sentence each: of the whole gate, and of each of its providers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from oidc_gate.settings.provider_warnings import provider_warnings
from oidc_gate.settings.rule_checks import narrow_everything, rule_warnings

if TYPE_CHECKING:
    from oidc_gate.settings.settings import Settings

__all__ = ["gate_warnings"]


def gate_warnings(settings: Settings, given: Mapping[str, Any]) -> list[str]:
    """Return the sentences; `given`: the settings that do not have their defaults."""
    first, *others = settings.all_providers
    of_others = [f"{each.auth_id}: {said}" for each in others for said in _of_provider(each, settings)]
    return [
        *_of_lists(settings),
        *_of_provider(first, settings),
        *_of_sessions(settings, given),
        *_of_rules(settings),
        *_of_addresses(settings),
        *of_others,
        *_of_shared_secrets(settings.all_providers),
    ]


def _of_shared_secrets(providers: Sequence[Settings]) -> Iterator[str]:
    """Yield what one provider is handed that proves this gate at another; a private key is handed to nobody."""
    for number, other in enumerate(providers):
        for one in providers[:number]:
            for name in ("client_secret", "client_assertion_file"):
                value = getattr(other, name)
                if value and value == getattr(one, name):
                    yield (
                        f"{other.auth_id}: {name} is that of {one.auth_id} too: each of these providers is handed what"
                        " proves this gate at the other"
                    )


def _of_lists(settings: Settings) -> Iterator[str]:
    lists = (settings.allow_emails, settings.allow_domains, settings.allow_groups)
    if lists == (None, None, None) and not narrow_everything(settings.rules or ()):
        yield "every user of the provider may pass: no allow_emails, allow_domains or allow_groups is set"


def _of_provider(settings: Settings, gate: Settings) -> Iterator[str]:
    """Yield what is worth a second look at one provider; the rules are those of the `gate`."""
    if settings.profile and settings.bearer_audience and not _binds_programs(settings):
        yield (
            f"profile is {settings.profile}, and programs may come with tokens that are bound to nothing: set"
            " bearer_dpop to require, or bearer_client_cert_header"
        )
    if settings.client_auth_method == "none":
        yield "client_auth_method is none: the provider cannot tell this gate from another program"
    by_address = settings.email_claim == "email" and bool(settings.allow_emails or settings.allow_domains)
    if by_address and "email" not in settings.scopes:
        yield "allow_emails and allow_domains need the claim email, and scopes lack email"
    for group in settings.allow_groups or ():
        if "*" in group:
            yield f"allow_groups: {group} stands for the one group of just this name; * is no pattern"
    yield from provider_warnings(settings, gate)


def _binds_programs(settings: Settings) -> bool:
    return settings.bearer_dpop == "require" or bool(settings.bearer_client_cert_header)


def _of_sessions(settings: Settings, given: Mapping[str, Any]) -> Iterator[str]:
    longest, idle = settings.max_session_duration, settings.idle_session_timeout
    if not longest and not idle:
        yield "sessions never end: max_session_duration and idle_session_timeout are both 0"
    if "idle_session_timeout" in given and 0 < longest < idle:
        yield (
            f"idle_session_timeout ({idle:.0f} s) has no effect: max_session_duration ({longest:.0f} s) ends each"
            " session before"
        )


def _of_rules(settings: Settings) -> list[str]:
    return rule_warnings(
        settings.rules or (),
        scopes=settings.scopes if settings.email_claim == "email" else ("email",),
        public_paths=settings.public_paths or (),
        base_url=settings.base_url,
        several=len(settings.all_providers) > 1,
    )


def _of_addresses(settings: Settings) -> Iterator[str]:
    if isinstance(settings.trusted_proxies, tuple) and any(each.endswith("/0") for each in settings.trusted_proxies):
        yield "trusted_proxies trusts every address: anyone can say which host and scheme this app has"
    for public in settings.public_paths or ():
        if f"{public}/".startswith(f"{settings.path_prefix}/"):
            yield f"public_paths: {public} is among the gate's own paths, where it has no say; leave it out"
    if settings.reload == "watch" and not settings.files(Path()):  # no file is read for that
        yield "reload is watch, and no setting stands in a file: there is nothing to look at"
    if settings.identity_jwt and not settings.base_url:
        yield "identity_jwt is true without base_url, which is the issuer (iss): the JWT names none"
    path = urlsplit(settings.base_url).path
    if path:
        yield (
            f"base_url has the path {path}: the proxy in front must take it off each request, or the app be mounted"
            " there; else logins end in base_url_path"
        )
