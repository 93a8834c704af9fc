"""An example of each setting, as lines of a settings file: with all that it takes besides what every gate needs.

`tests/test_reference.py` has `Settings` accept each. A new setting gets its example here.
"""

from __future__ import annotations

__all__ = ["EXAMPLES"]

EXAMPLES = {
    "issuer_url": 'issuer_url = "jumpcloud"          # or the address: "https://oauth.id.jumpcloud.com/"',
    "client_id": 'client_id = "5b1f0f3a-7c1e-4c0e-9d55-8b3f0e6f2d11"',
    "client_secret": 'client_secret_file = "/run/secrets/jumpcloud"   # or client_secret = "…"',
    "client_auth_method": 'client_auth_method = "client_secret_post"',
    "client_private_key_file": """
client_auth_method = "private_key_jwt"
client_private_key_file = "/run/secrets/client-key.pem"
""",
    "client_assertion_file": """
client_auth_method = "client_assertion"
client_assertion_file = "/var/run/secrets/azure/tokens/azure-identity-token"
""",
    "scopes": 'scopes = ["openid", "profile", "email", "groups"]',
    "authz_url_params": 'authz_url_params = { hd = "example.com" }',
    "auth_id": 'auth_id = "staff"',
    "response_mode": 'response_mode = "form_post"',
    "signing_algs": 'signing_algs = ["ES256", "EdDSA"]',
    "clock_leeway": 'clock_leeway = "2m"',
    "ca_bundle": 'ca_bundle = "/etc/ssl/our-authority.pem"',
    "http_timeout": 'http_timeout = "10s"',
    "insecure_http_issuer": """
issuer_url = "http://keycloak.test:8080/realms/staff"
insecure_http_issuer = true
""",
    "pushed": 'pushed = "always"',
    "profile": """
profile = "fapi2"
client_auth_method = "private_key_jwt"
client_private_key_file = "/run/secrets/client-key.pem"
""",
    "title": 'title = "Example Corp"',
    "discovery_url": 'discovery_url = "https://inner.example.com/.well-known/openid-configuration"',
    "provider_endpoints": 'provider_endpoints = { token_endpoint = "https://inner.example.com/oauth2/token" }',
    "allow_tenants": """
issuer_url = "entra:organizations"
allow_tenants = ["11111111-2222-3333-4444-555555555555"]
""",
    "userinfo": 'userinfo = "always"',
    "userinfo_refresh_interval": 'userinfo_refresh_interval = "15m"',
    "provider_outage_grace": 'provider_outage_grace = "1h"',
    "provider_logout": "provider_logout = true",
    "provider_logout_url": """
provider_logout = true
provider_logout_url = "https://id.example.com/logout?client_id={client_id}&logout_uri={return_to}"
""",
    "cookie_secret": 'cookie_secret_file = "/run/secrets/cookie"      # oidc-gate secret > /run/secrets/cookie',
    "session_store": 'session_store = "redis://redis.internal:6379/0"',
    "cookie_deny_list": 'cookie_deny_list = "redis://redis.internal:6379/1"',
    "session_cache_seconds": "session_cache_seconds = 0",
    "session_cache_mb": "session_cache_mb = 128",
    "store_timeout": 'store_timeout = "500ms"',
    "auth_cookie_domain": """
base_url = "https://app.example.com"
auth_cookie_domain = "example.com"
""",
    "max_session_duration": 'max_session_duration = "8h"',
    "idle_session_timeout": 'idle_session_timeout = "30m"',
    "idle_exempt_paths": 'idle_exempt_paths = ["/notifications/poll"]',
    "live_check": 'live_check = "1s"',
    "access_token_for_app": """
session_store = "redis://redis.internal:6379/0"
access_token_for_app = true
""",
    "session_claims": 'session_claims = ["department", "locale"]',
    "keep_posts": "keep_posts = false",
    "login_timeout": 'login_timeout = "30m"',
    "base_url": 'base_url = "https://app.example.com"',
    "trusted_proxies": 'trusted_proxies = ["10.0.0.0/8"]     # or how many there are: 1',
    "path_prefix": 'path_prefix = "/sso"',
    "allow_emails": 'allow_emails = ["ann@example.com", "bob@partner.example"]',
    "allow_domains": 'allow_domains = ["example.com"]',
    "allow_groups": 'allow_groups = ["Engineering", "Support"]',
    "require_email_verified": """
allow_domains = ["example.com"]
require_email_verified = true
""",
    "groups_claim": 'groups_claim = "realm_access.roles"',
    "groups_separator": 'groups_separator = ","',
    "email_claim": 'email_claim = "upn"',
    "public_paths": 'public_paths = ["/static", "/robots.txt"]',
    "rules": """
[[rules]]
path = "/admin"
allow = { groups = "Ops" }

[[rules]]
allow = "signed-in"
""",
    "providers": """
[[providers]]
auth_id = "guests"
title = "Partners"
issuer_url = "google"
client_id = "…"
client_secret_file = "/run/secrets/google"
allow_emails = ["bob@partner.example"]
""",
    "allow_cors_preflight": "allow_cors_preflight = true",
    "cors_origins": 'cors_origins = ["https://front.example.com"]',
    "identity_headers": """
identity_headers = { remote-user = "email", x-team = "groups" }     # or "x-forwarded", or "ngrok"
""",
    "identity_jwt": "identity_jwt = true",
    "remote_user_claim": 'remote_user_claim = "preferred_username"',
    "cache_control": 'cache_control = "force no-store"',
    "logout_cookies": 'logout_cookies = ["sessionid"]',
    "keep_fragment": "keep_fragment = true",
    "metrics": 'metrics = "prometheus"',
    "audit": "audit = true",
    "upstream_host": 'upstream_host = "rewrite"',
    "upstream_timeout": 'upstream_timeout = "5m"',
    "insecure_public_upstream": "insecure_public_upstream = true",
    "brand_name": 'brand_name = "Example Corp"',
    "brand_logo": 'brand_logo = "/etc/oidc-gate/logo.svg"',
    "brand_color": 'brand_color = "#1f5fd0"',
    "brand_contact": 'brand_contact = "mailto:it@example.com"',
    "page_template": 'page_template = "/etc/oidc-gate/page.html"',
    "reload": 'reload = "watch"',
    "bearer_audience": 'bearer_audience = ["https://app.example.com/api"]',
    "bearer_paths": """
bearer_audience = ["https://app.example.com/api"]
bearer_paths = ["/api"]
""",
    "bearer_tokens": """
bearer_audience = ["https://app.example.com/api"]
bearer_tokens = "introspection"
""",
    "bearer_type": """
bearer_audience = ["https://app.example.com/api"]
bearer_type = "at+jwt"
""",
    "bearer_scopes": """
bearer_audience = ["https://app.example.com/api"]
bearer_scopes = ["reports:read"]
""",
    "bearer_clients": """
bearer_audience = ["https://app.example.com/api"]
bearer_clients = ["nightly-report"]
""",
    "bearer_cache_seconds": """
bearer_audience = ["https://app.example.com/api"]
bearer_tokens = "introspection"
bearer_cache_seconds = "1m"
""",
    "bearer_dpop": """
bearer_audience = ["https://app.example.com/api"]
bearer_dpop = "require"
""",
    "bearer_client_cert_header": """
bearer_audience = ["https://app.example.com/api"]
trusted_proxies = ["10.0.0.0/8"]
bearer_client_cert_header = "X-SSL-Client-Cert"
""",
    "protected_resource_metadata": """
bearer_audience = ["https://app.example.com/api"]
protected_resource_metadata = "app"
""",
}
