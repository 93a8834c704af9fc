"""Which setting is meant by a name that is none: a misspelt one, or what other programs call it."""

from __future__ import annotations

from collections.abc import Callable, Collection

from oidc_gate.settings.readers import nearest_name

__all__ = ["meant"]

#: field: names of the same in oauth2-proxy, mod_auth_openidc, Authlib, Spring, Envoy, Pomerium, Grafana and their like.
_OTHER_NAMES = {
    "issuer_url": (
        "issuer issuer_uri oidc_issuer_url authority provider_url idp_url identity_provider well_known_url"
        " metadata_url server_metadata_url provider_metadata_url discovery_endpoint configuration_url"
    ),
    "client_id": "app_id application_id consumer_key",
    "client_secret": "client_password consumer_secret app_secret secret",
    "cookie_secret": (
        "session_secret secret_key cookie_key cookie_password session_key encryption_key crypto_passphrase signing_key"
        " secret"
    ),
    "client_auth_method": (
        "client_auth auth_method client_authentication client_authentication_method token_endpoint_auth"
        " token_endpoint_auth_method token_auth_method"
    ),
    "client_private_key_file": "private_key private_key_file client_key client_key_file jwt_key jwt_key_file",
    "authz_url_params": (
        "auth_params auth_request_params authorization_params authorize_params extra_params extra_auth_params"
    ),
    "signing_algs": "algorithms id_token_signing_alg id_token_signed_response_alg signing_alg signing_algorithms",
    "clock_leeway": "leeway clock_skew allowed_clock_skew skew",
    "ca_bundle": "ca ca_cert ca_certs ca_file cafile ca_path provider_ca_file provider_ca_files ssl_ca tls_ca",
    "http_timeout": "timeout request_timeout connect_timeout provider_timeout",
    "insecure_http_issuer": "allow_http insecure insecure_http allow_insecure_http",
    "base_url": (
        "public_url external_url app_url app_base_url root_url site_url public_base_url external_base_url hostname"
        " redirect_url redirect_uri redirect_uris callback_url callback_uri"
    ),
    "path_prefix": "prefix proxy_prefix callback_path",
    "trusted_proxies": (
        "trusted_proxy_ips trusted_ips reverse_proxy behind_proxy proxy_count forwarded_allow_ips proxy_fix"
    ),
    "session_store": (
        "store redis redis_url redis_connection_url session_backend session_storage session_type database_url"
    ),
    "store_timeout": "redis_timeout",
    "auth_cookie_domain": "cookie_domains session_cookie_domain session_domain",
    "max_session_duration": (
        "session_duration session_lifetime session_max_age session_max_duration session_timeout cookie_expire"
        " cookie_lifetime cookie_max_age max_session_age session_ttl"
    ),
    "idle_session_timeout": "idle_timeout inactivity_timeout session_idle_timeout session_inactivity_timeout",
    "userinfo_refresh_interval": "cookie_refresh refresh_interval userinfo_interval",
    "allow_emails": "allowed_emails allowed_email allowed_users emails email whitelist authenticated_emails",
    "allow_domains": (
        "allowed_domains allowed_domain allowed_email_domains email_domain email_domains domain domains hosted_domain"
    ),
    "allow_groups": "allowed_group allowed_roles require_groups required_groups restrict_groups groups group roles",
    "groups_claim": "group_claim roles_claim role_claim groups roles",
    "require_email_verified": "email_verified verified_email require_verified_email",
    "public_paths": (
        "exclude_paths excluded_paths ignore_paths open_paths unauthenticated_paths skip_paths skip_auth_paths"
        " skip_auth_routes skip_auth_regex whitelist_paths bypass_paths"
    ),
    "allow_cors_preflight": "skip_auth_preflight cors_preflight",
    "identity_headers": "pass_headers pass_user_headers set_xauthrequest user_headers inject_headers",
    "remote_user_claim": "remote_user user_claim username_claim user_id_claim",
    "provider_logout": "single_logout sso_logout rp_initiated_logout",
    "auth_id": "provider_id provider_name",
}
#: What some put before a setting's own name.
_BEFORE = ("oidc_", "oauth2_", "oauth_", "openid_")
#: What nobody sets, for it is made of another setting.
_MADE_OF_IT = frozenset({"redirect_url", "redirect_uri", "redirect_uris", "callback_url", "callback_uri"})


def meant(name: str, known: Collection[str], spelt: Callable[[str], str] = str) -> str:
    """Return ` Did you mean …?` for a name that is no setting, or `""`; `spelt` writes a name as it is given there."""
    plain = name.lower().removesuffix("_file").replace("-", "_")
    found = [field for field, names in _OTHER_NAMES.items() if field in known and plain in names.split()]
    if not found:
        found = _own(plain, known)
    if not found:
        return ""
    why = " The redirect URI is made of it: /oauth2/callback below it." if plain in _MADE_OF_IT else ""
    return f" Did you mean {' or '.join(map(spelt, found))}?{why}"


def _own(plain: str, known: Collection[str]) -> list[str]:
    """Return the setting that this is nearly the name of, with or without what stands before it."""
    short = next((plain.removeprefix(each) for each in _BEFORE if plain.startswith(each)), plain)
    if short in known:
        return [short]
    found = nearest_name(plain, known) or nearest_name(short, known)
    return [found] if found else []
