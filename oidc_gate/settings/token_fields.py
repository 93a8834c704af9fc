"""Programs: which access tokens of the provider are taken, and where."""

from __future__ import annotations

from dataclasses import dataclass

from oidc_gate.settings.readers import choice, read_duration, read_list, read_text, read_words
from oidc_gate.settings.setting import setting

__all__ = ["METADATA_PATH", "TokenFields"]

#: Where programs look for who issues the tokens that are wanted here (RFC 9728, 3).
METADATA_PATH = "/.well-known/oauth-protected-resource"


@dataclass(frozen=True, init=False, repr=False, eq=False)
class TokenFields:
    """Fields of `Settings`."""

    bearer_audience: tuple[str, ...] | None = setting(
        None,
        read_list,
        "the `aud` values that access tokens may have, the first of them this app's `resource`; setting it has programs"
        " come in with `Authorization: Bearer`: see [docs/programs.md]",
    )
    bearer_paths: tuple[str, ...] | None = setting(
        None,
        read_list,
        "paths where the Authorization header is looked at: each covers itself and all below it; never where anyone"
        " may pass",
        shown="all",
    )
    bearer_tokens: str = setting(
        "jwt",
        choice("jwt", "introspection", "auto"),
        "`jwt`: checked here with the provider's keys; `introspection`: the provider is asked about each (RFC 7662);"
        " `auto`: what has two dots is a JWT",
    )
    bearer_type: str = setting(
        "any",
        choice("any", "at+jwt"),
        "`at+jwt` demands that `typ` of RFC 9068; `any` takes what is not known to be an ID token, a logout token or"
        " the like",
    )
    bearer_scopes: tuple[str, ...] | None = setting(None, read_words, "scopes that every token must have")
    bearer_clients: tuple[str, ...] | None = setting(
        None, read_list, "clients that tokens may be issued to, by `client_id` or `azp`", shown="any"
    )
    bearer_cache_seconds: float = setting(
        30.0, read_duration, "how long the provider's yes at introspection is believed; its no 5 s at most"
    )
    bearer_dpop: str = setting(
        "off",
        choice("off", "accept", "require"),
        "`accept`: tokens may be bound to a key of the program (DPoP, RFC 9449); `require`: all must be. A bound token"
        " is never taken without its proof",
    )
    bearer_client_cert_header: str = setting(
        "",
        read_text,
        "the header in which a proxy of `trusted_proxies` hands on the client's certificate (PEM, also"
        " percent-encoded, or RFC 9440), for tokens that are bound to one (RFC 8705)",
    )
    protected_resource_metadata: str = setting(
        "gate",
        choice("gate", "app", "off"),
        "who answers at `/.well-known/oauth-protected-resource` (RFC 9728), by which programs find the provider: the"
        " `gate`, the `app`, or nobody (`off`)",
    )
