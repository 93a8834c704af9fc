"""The provider, and how the gate speaks to it."""

from __future__ import annotations

from dataclasses import dataclass

from oidc_gate.settings.params import read_params
from oidc_gate.settings.readers import choice, read_bool, read_duration, read_path, read_text, read_words
from oidc_gate.settings.setting import setting

__all__ = ["ProviderFields"]


@dataclass(frozen=True, init=False, repr=False, eq=False)
class ProviderFields:
    """Fields of `Settings`."""

    issuer_url: str = setting(
        "",
        read_text,
        "the provider: its issuer with or without the trailing slash; or by name: `jumpcloud`, `jumpcloud-eu`,"
        " `jumpcloud-in`, `google`, `entra:TENANT-ID`, `okta:DOMAIN`, `auth0:DOMAIN`, `keycloak:URL/REALM`,"
        " `cognito:REGION/POOL`, `gitlab`, `authentik:URL/APPLICATION`",
        shown="required",
    )
    client_id: str = setting("", read_text, "the client id of the app as registered at the provider", shown="required")
    client_secret: str = setting(
        "",
        read_text,
        "the client secret of the app as registered at the provider; not with `private_key_jwt` or `none`",
        shown="required",
        secret=True,
    )
    client_auth_method: str = setting(
        "client_secret_basic",
        choice(
            "client_secret_basic",
            "client_secret_post",
            "client_secret_jwt",
            "private_key_jwt",
            "none",
            "client_secret_basic_raw",
            "client_assertion",
        ),
        "how the gate proves to the provider that it is this client: `client_secret_basic`, `client_secret_post`,"
        " `client_secret_jwt`, `private_key_jwt`, `none`; `client_secret_basic_raw` for a provider that compares the"
        " secret without decoding it; `client_assertion` with `client_assertion_file`",
    )
    client_private_key_file: str = setting(
        "",
        read_path,
        "PEM or JWK, for `private_key_jwt` and for encrypted ID tokens. An Ed25519 key signs as `Ed25519`; for a"
        " provider"
        ' that knows only the older name, use a JWK with `"alg": "EdDSA"`',
    )
    client_assertion_file: str = setting(
        "",
        read_path,
        "for `client_assertion`: a token that stands for this app and that the platform renews on disk (Kubernetes,"
        " Azure); read for each call",
    )
    scopes: tuple[str, ...] = setting(
        ("openid", "profile", "email"),
        read_words,
        "what is asked for: `openid` is always sent; `offline_access` needs a server-side `session_store`",
    )
    authz_url_params: tuple[tuple[str, str], ...] = setting(
        (), read_params, "extra authorization parameters: a map, in the environment a query string"
    )
    auth_id: str = setting(
        "default", read_text, "names this provider: scopes its cookies, selects it on the login and logout paths"
    )
    response_mode: str = setting(
        "query",
        choice("query", "form_post"),
        "how the answer comes back from the provider: `query`, in the address, or `form_post`",
    )
    signing_algs: tuple[str, ...] | None = setting(
        None,
        read_words,
        "ID-token algorithms accepted; never `none`, never HMAC",
        shown="`RS256` and what the provider lists",
    )
    clock_leeway: float = setting(60.0, read_duration, "how far the provider's clock may be off")
    ca_bundle: str = setting(
        "", read_path, "PEM file of authorities, for a provider with a private certificate", shown="the system's"
    )
    http_timeout: float = setting(
        5.0, read_duration, "the longest that one call to the provider may take, retries included, or wait for its turn"
    )
    insecure_http_issuer: bool = setting(
        False, read_bool, "allows plain http to a provider that is not on this machine; for tests"
    )
    pushed: str = setting(
        "auto",
        choice("auto", "always", "never"),
        "authorization requests go to the provider itself, and the browser with a reference (RFC 9126): `auto` where"
        " the provider demands it, `always`, `never`",
    )
    profile: str = setting(
        "",
        choice("fapi2"),
        "`fapi2` holds logins to the FAPI 2.0 Security Profile: requests are pushed, access tokens are bound to a key"
        " (DPoP), `private_key_jwt`, `PS256`, `ES256` or `EdDSA`; see [docs/fapi2.md]",
    )
    title: str = setting(
        "",
        read_text,
        "the provider's name for people, where they choose among several",
        shown="its host",
    )
    discovery_url: str = setting(
        "",
        read_text,
        "where the discovery document is, when it is not below the issuer (an inner address, `?p=policy`); it must name"
        " `issuer_url` all the same",
        shown="from `issuer_url`",
    )
    provider_endpoints: tuple[tuple[str, str], ...] = setting(
        (),
        read_params,
        "map that replaces single entries of discovery (`token_endpoint`, `jwks_uri`, …), in the environment a query"
        " string; with `authorization_endpoint`, `token_endpoint` and `jwks_uri` discovery is not asked",
    )
    allow_tenants: tuple[str, ...] | None = setting(
        None,
        read_words,
        "for an issuer of many tenants at Entra ID (`organizations`, `common`): the ids (`tid`) of those whose users"
        " may come",
    )
    userinfo: str = setting(
        "auto",
        choice("auto", "always", "never"),
        "`auto` asks when the ID token lacks a claim that scopes (`profile`, `email`, `phone`, `address`, `groups` or"
        " one named like `groups_claim`), allow lists, rules, `require_email_verified`, `identity_headers` or"
        " `remote_user_claim` call for, and goes on without it where the provider has none; `always`; `never`",
    )
    userinfo_refresh_interval: float = setting(
        0.0, read_duration, "how often claims are fetched again, and the rules applied again", shown="`0` (off)"
    )
    provider_outage_grace: float = setting(
        0.0,
        read_duration,
        "how long a session goes on whose provider was to be asked again, and does not answer; then it ends",
        shown="`0` (no limit)",
    )
    provider_logout: bool = setting(False, read_bool, "logout ends the provider's session too")
    provider_logout_url: str = setting(
        "",
        read_text,
        "where `provider_logout` sends people, for a provider with a logout of its own (Cognito, Auth0): a URL with"
        " `{client_id}` and `{return_to}` in its query; the latter is the post-logout redirect URI",
    )
