"""The settings as keyword arguments, for type checkers and editors: what may be written in code for each field.

Nothing of this is used as the program runs. `tests/test_typing.py` holds it equal to the fields of `Settings`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias, TypedDict

from oidc_gate.access import Conditional
from oidc_gate.settings.metrics_object import Metrics
from oidc_gate.settings.rule import Rule
from oidc_gate.stores import SessionStore

__all__ = ["SettingsOptions"]

# None counts as absent, as an unset environment variable does.
Text: TypeAlias = str | None
File: TypeAlias = str | Path | None
Texts: TypeAlias = str | list[str] | tuple[str, ...] | set[str] | frozenset[str] | None
Switch: TypeAlias = bool | str | None
Duration: TypeAlias = float | str | timedelta | None
Megabytes: TypeAlias = int | str | None
Params: TypeAlias = str | Mapping[str, str] | Mapping[str, str | int] | None
Proxies: TypeAlias = int | Texts
Rules: TypeAlias = Sequence[Rule | Mapping[str, Any] | Conditional] | None
Providers: TypeAlias = Sequence[Mapping[str, Any]] | None
Store: TypeAlias = str | SessionStore | None
MetricsKept: TypeAlias = str | Metrics | None


class SettingsOptions(TypedDict, total=False):
    """The fields of `Settings`; those that hold a secret may be read from a file: `<field>_file`."""

    issuer_url: Text
    client_id: Text
    client_secret: Text
    client_secret_file: File
    client_auth_method: Text
    client_private_key_file: File
    client_assertion_file: File
    scopes: Texts
    authz_url_params: Params
    auth_id: Text
    response_mode: Text
    signing_algs: Texts
    clock_leeway: Duration
    ca_bundle: File
    http_timeout: Duration
    insecure_http_issuer: Switch
    pushed: Text
    profile: Text
    title: Text
    discovery_url: Text
    provider_endpoints: Params
    allow_tenants: Texts

    base_url: Text
    trusted_proxies: Proxies
    path_prefix: Text

    cookie_secret: Texts | bytes
    cookie_secret_file: File
    session_store: Store
    session_store_file: File
    cookie_deny_list: Text
    cookie_deny_list_file: File
    session_cache_seconds: Duration
    session_cache_mb: Megabytes
    store_timeout: Duration
    auth_cookie_domain: Text
    max_session_duration: Duration
    idle_session_timeout: Duration
    idle_exempt_paths: Texts
    live_check: Duration
    access_token_for_app: Switch
    session_claims: Texts
    keep_posts: Switch
    login_timeout: Duration

    userinfo: Text
    userinfo_refresh_interval: Duration
    provider_outage_grace: Duration
    allow_emails: Texts
    allow_domains: Texts
    allow_groups: Texts
    require_email_verified: Switch
    groups_claim: Text
    groups_separator: Text
    email_claim: Text
    public_paths: Texts
    rules: Rules
    providers: Providers
    allow_cors_preflight: Switch
    cors_origins: Texts

    identity_headers: Text | Mapping[str, str]
    identity_jwt: Switch
    remote_user_claim: Text
    cache_control: Text
    logout_cookies: Texts
    keep_fragment: Switch
    brand_name: Text
    brand_logo: File
    brand_color: Text
    brand_contact: Text
    page_template: File
    reload: Text
    upstream_host: Text
    upstream_timeout: Duration
    insecure_public_upstream: Switch
    provider_logout: Switch
    provider_logout_url: Text

    metrics: MetricsKept
    audit: Switch
    bearer_audience: Texts
    bearer_paths: Texts
    bearer_tokens: Text
    bearer_type: Text
    bearer_scopes: Texts
    bearer_clients: Texts
    bearer_cache_seconds: Duration
    bearer_dpop: Text
    bearer_client_cert_header: Text
    protected_resource_metadata: Text

    # Other names under which a field is known at ngrok.
    scope: Texts
    idle_session_duration: Duration
