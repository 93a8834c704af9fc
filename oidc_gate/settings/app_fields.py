"""The app: its address, who may pass to it, and what it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oidc_gate.settings.params import read_identity_headers
from oidc_gate.settings.readers import (
    choice,
    read_bool,
    read_duration,
    read_list,
    read_metrics,
    read_path,
    read_proxies,
    read_separator,
    read_text,
    read_upstream_host,
)
from oidc_gate.settings.setting import setting

__all__ = ["AppFields", "read_color", "read_providers", "read_rules"]


def read_rules(value: Any) -> tuple[Any, ...]:
    """Return the rules, read by a module that is loaded for whoever has some."""
    from oidc_gate.settings import rule_tables

    return rule_tables.read_rules(value)


def read_providers(value: Any) -> tuple[Any, ...]:
    """Return the tables of further providers, read by a module that is loaded for whoever has some."""
    from oidc_gate.settings import providers

    return providers.read_providers(value)


def read_color(value: Any) -> str:
    """Return a colour, read by a module that is loaded for whoever has one."""
    from oidc_gate.settings import colors

    return colors.read_color(value)


@dataclass(frozen=True, init=False, repr=False, eq=False)
class AppFields:
    """Fields of `Settings`."""

    base_url: str = setting("", read_text, "public URL of the app, when a proxy hides it", shown="from the request")
    trusted_proxies: int | tuple[str, ...] = setting(
        0,
        read_proxies,
        "number of proxies, or their networks, whose `Forwarded` and `X-Forwarded-*` are believed",
    )
    path_prefix: str = setting("/oauth2", read_text, "where the gate's own paths live")
    allow_emails: tuple[str, ...] | None = setting(
        None, read_list, "addresses that may pass; one match in any of the three lists is enough"
    )
    allow_domains: tuple[str, ...] | None = setting(None, read_list, "domains of addresses that may pass")
    allow_groups: tuple[str, ...] | None = setting(
        None, read_list, "groups that may pass. None of the three lists given: every user of the provider"
    )
    require_email_verified: bool = setting(
        False,
        read_bool,
        "an address without the claim `email_verified` counts as unverified: for a provider at which people enter their"
        " own, and which does not say",
    )
    groups_claim: str = setting(
        "groups",
        read_text,
        "where the groups are; dots reach into objects (`realm_access.roles`), and keys may hold dots themselves. A"
        " text, a list of texts or of objects (their `name`, else `value`, else `display`), or an object (its keys,"
        " those with null or false left out)",
    )
    groups_separator: str = setting(
        "",
        read_separator,
        "splits a groups claim that is one text: `,`, `;` or a space (in the environment `space`); `json` for a text"
        " that holds a JSON list. A name with the separator in it becomes two groups",
    )
    email_claim: str = setting(
        "email",
        read_text,
        "the claim that `allow_emails`, `allow_domains` and rules by address go by, such as `upn`; `email_verified`"
        " speaks of `email` alone, so it must be one that nobody can choose at the provider",
    )
    public_paths: tuple[str, ...] | None = setting(
        None, read_list, "paths that need no login: each covers itself and all below it, in whole segments"
    )
    rules: tuple[Any, ...] | None = setting(
        None, read_rules, "who may do what, where: tables in a file, or `Rule` in code; see [docs/rules.md]"
    )
    providers: tuple[Any, ...] | None = setting(
        None,
        read_providers,
        "further providers: tables in a file, or maps in code, each with settings of its own; see"
        " [docs/several-providers.md]",
    )
    allow_cors_preflight: bool = setting(False, read_bool, "lets true CORS preflights pass without a login")
    cors_origins: tuple[str, ...] | None = setting(
        None, read_list, "origins of other sites whose scripts may read the gate's own 401 and 403, with credentials"
    )
    identity_headers: str | tuple[tuple[str, str], ...] = setting(
        "none",
        read_identity_headers,
        "`x-forwarded` or `ngrok`: headers that tell the app who asks. Or a map of header names to claims, in the"
        " environment like `remote-user=email,x-team=groups`",
    )
    identity_jwt: bool = setting(
        False,
        read_bool,
        "the app is told who asks in `X-Oidc-Gate-Jwt` too, signed (ES256); it checks that by the keys at"
        " `/oauth2/jwks`: see [docs/any-app.md]",
    )
    remote_user_claim: str = setting(
        "email", read_text, "the claim in `REMOTE_USER`; `sub` where it is missing, or is an unverified address"
    )
    cache_control: str = setting(
        "private",
        read_text,
        "the `Cache-Control` that is added where the app says nothing of caching; `force no-store` (or another value)"
        " overrides the app's word on protected pages; `off`: nothing",
    )
    logout_cookies: tuple[str, ...] | None = setting(
        None, read_list, "names of the app's own cookies that logout deletes too, such as `sessionid`"
    )
    keep_fragment: bool = setting(
        False,
        read_bool,
        "an address keeps its fragment (`#/reports/7`) over a login: a page with a line of script leads to the provider"
        " instead of a redirect; see [docs/single-page-apps.md]",
    )
    metrics: Any = setting(
        "off",
        read_metrics,
        "`prometheus` or `opentelemetry` (extras of the same names); in code also an object with `count(name, labels)`"
        " and `observe(name, seconds, labels)`; see [docs/operations.md]",
    )
    audit: bool = setting(False, read_bool, "who did what, as JSON, one event a line, to the logger `oidc_gate.audit`")
    upstream_host: str = setting(
        "keep",
        read_upstream_host,
        "`oidc-gate run http://…`: the Host that the app is told. `rewrite`: the app's own address, for a server that"
        " answers to no other name; or a host",
    )
    upstream_timeout: float = setting(
        60.0,
        read_duration,
        "`oidc-gate run http://…`: how long the app may take until its answer begins",
        shown="`60s`",
    )
    insecure_public_upstream: bool = setting(
        False,
        read_bool,
        "allows `oidc-gate run http://…` in front of an app that is neither on this machine nor in a private network",
    )
    brand_name: str = setting("", read_text, "whose app it is, on the gate's pages; see [docs/pages.md]")
    brand_logo: str = setting("", read_path, "an SVG or PNG file of at most 32 KB, shown in place of the name")
    brand_color: str = setting(
        "", read_color, "colour of buttons, like `#1f5fd0`; dark enough for white text, and lighter in dark pages"
    )
    brand_contact: str = setting(
        "", read_text, "whom to ask, on error pages: a text, or an address (`mailto:…`, `https://…`)"
    )
    page_template: str = setting("", read_path, "an HTML file that the gate's pages are made of")
    reload: str = setting(
        "off",
        choice("off", "watch"),
        "`watch`: changed settings, and files that they name, are taken over without a restart; see [docs/reload.md]",
    )
