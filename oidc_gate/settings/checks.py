"""What must hold of settings taken together: each check names the field that is at fault and says how to mend it."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from oidc_gate.errors import SettingsError
from oidc_gate.settings.reach_checks import check_proof, check_reach
from oidc_gate.settings.token_fields import TokenFields
from oidc_gate.settings.urls import check_ascii, check_https, checked_url
from oidc_gate.stores import FORMS
from oidc_gate.stores.urls import check_url

if TYPE_CHECKING:
    from oidc_gate.settings.settings import Settings

__all__ = ["FAPI2_ALGS", "SIGNING_ALGS", "check"]

_AUTH_ID_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_COOKIE_CHARACTERS = _AUTH_ID_CHARACTERS | frozenset("!#$%&'*+.^`|~")

#: ID-token algorithms that can be allowed: signatures only, so that nothing the client knows can make one.
SIGNING_ALGS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
#: Those of FAPI 2.0 (5.4.1). Ed25519 is the newer name of what is EdDSA here (RFC 9864, 2.2).
FAPI2_ALGS = ("PS256", "ES256", "EdDSA", "Ed25519")

#: Parameters of the authorization request that are the gate's own; `authz_url_params` must not set them.
_OWN_PARAMS = frozenset(
    {
        "response_type",
        "response_mode",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "dpop_jkt",
        "request",
        "request_uri",
        "id_token_hint",
    }
)


def check(settings: Settings) -> None:
    """Refuse what is missing or contradicts another setting. Raises SettingsError."""
    _check_provider(settings)
    _check_client(settings)
    _check_addresses(settings)
    _check_sessions(settings)
    _check_lists(settings)
    if settings.brand_name or settings.brand_logo or settings.brand_contact or settings.page_template:
        from oidc_gate.settings.page_files import check_pages  # late: most do without

        check_pages(
            name=settings.brand_name,
            contact=settings.brand_contact,
            logo=settings.brand_logo,
            template=settings.page_template,
        )
    _check_origins(settings.cors_origins or ())
    _check_paths(
        "bearer_paths",
        settings.bearer_paths,
        "be everywhere, as it is without bearer_paths; leave that out, or name the paths that programs use",
    )
    if any(getattr(settings, each.name) != each.default for each in fields(TokenFields)):
        from oidc_gate.settings.bearer_checks import check_bearer  # late: most do without

        check_bearer(settings)
    if settings.rules:
        from oidc_gate.settings.rule_checks import check_rules  # late: most do without

        check_rules(
            settings.rules,
            public_paths=settings.public_paths or (),
            path_prefix=settings.path_prefix,
            base_url=settings.base_url,
            auth_ids=[each.auth_id for each in settings.all_providers],
        )


def _check_provider(settings: Settings) -> None:
    if not settings.issuer_url:
        raise SettingsError("issuer_url is missing: the provider's address, like https://oauth.id.jumpcloud.com/")
    url = checked_url("issuer_url", settings.issuer_url, ", or a provider's name like jumpcloud")
    check_reach(settings, url)
    check_https("issuer_url", url, insecure=settings.insecure_http_issuer)
    for alg in settings.signing_algs or ():
        if alg not in SIGNING_ALGS:
            raise SettingsError(f"signing_algs must not hold {alg}; it may hold: {', '.join(SIGNING_ALGS)}.")
    for name in ("http_timeout", "login_timeout", "store_timeout", "upstream_timeout"):
        if not getattr(settings, name):
            raise SettingsError(f"{name} must be more than 0.")
    _check_file("ca_bundle", settings.ca_bundle)


def _check_client(settings: Settings) -> None:
    if not settings.client_id:
        raise SettingsError("client_id is missing: the provider shows it when the app is registered there.")
    check_proof(settings)
    _check_file("client_private_key_file", settings.client_private_key_file)
    _check_file("client_assertion_file", settings.client_assertion_file)
    names = {each.name for each in fields(settings)}
    for name, _ in settings.authz_url_params:
        if name in names - _OWN_PARAMS:
            raise SettingsError(
                f"authz_url_params must not hold {name}, which is a setting and has no effect there. In a TOML file it"
                " belongs above [authz_url_params], in YAML one step to the left."
            )
        if name in _OWN_PARAMS:
            raise SettingsError(f"authz_url_params must not set {name}: the gate sends its own.")
    if "offline_access" in settings.scopes and settings.session_store == "cookie":
        raise SettingsError(
            "scopes hold offline_access, and session_store is cookie: a refresh token is kept only in a server-side"
            " store. Leave offline_access out, or set session_store to sqlite:///… or redis://…"
        )
    if settings.access_token_for_app and settings.session_store == "cookie":
        raise SettingsError(
            "access_token_for_app is true, and session_store is cookie: access tokens are kept for the app only in a"
            " server-side store. Set session_store to sqlite:///… or redis://…"
        )


def _check_addresses(settings: Settings) -> None:
    if not settings.auth_id or len(settings.auth_id) > 64 or not set(settings.auth_id) <= _AUTH_ID_CHARACTERS:
        raise SettingsError("auth_id must have 1 to 64 letters, digits, - or _.")
    prefix = settings.path_prefix
    segments = prefix.split("/")[1:]
    if not prefix.startswith("/") or not segments or any(s in ("", ".", "..") for s in segments):
        raise SettingsError("path_prefix must be a path like /oauth2, not / alone.")
    if not prefix.isascii() or any(character in prefix for character in '?#%\\;" <>'):
        raise SettingsError("path_prefix must be plain: letters, digits, - and _ between its slashes.")
    if settings.base_url:
        url = checked_url(
            "base_url", settings.base_url, several="write the one that people open, or leave base_url out for several"
        )
        own, _, name = url.path.rpartition("/")
        if own.endswith(prefix) and name in ("callback", "login", "logout"):
            raise SettingsError(
                f"base_url is the app's address, without {prefix}/{name}:"
                f" {url.scheme}://{url.netloc}{own.removesuffix(prefix)}"
            )
        domain = settings.auth_cookie_domain
        if domain and url.hostname != domain and not (url.hostname or "").endswith(f".{domain}"):
            raise SettingsError(f"auth_cookie_domain {domain} does not hold for base_url {settings.base_url}.")
    if settings.auth_cookie_domain:
        labels = settings.auth_cookie_domain.split(".")
        check_ascii("auth_cookie_domain", settings.auth_cookie_domain)
        if not all(label.replace("-", "").isalnum() for label in labels):
            raise SettingsError("auth_cookie_domain must be a domain like example.com, without port or path.")
    _check_paths("public_paths", settings.public_paths, "make the whole app public; name the paths that need no login")
    _check_paths(
        "idle_exempt_paths",
        settings.idle_exempt_paths,
        "end sessions in the middle of use; name the paths that are polled",
    )


def _check_paths(name: str, paths: tuple[str, ...] | None, whole: str) -> None:
    """Refuse paths that are not plain, and the one that covers all; `whole` says what that would do."""
    for path in paths or ():
        if not path.startswith("/") or "//" in path or not set(path.split("/")).isdisjoint({".", ".."}):
            raise SettingsError(f"{name}: {path} must start with / and have no empty or dot segments.")
        if path == "/":
            raise SettingsError(f"{name}: / would {whole}.")
        if any(character in path for character in "*?#\\%;"):
            raise SettingsError(f"{name}: {path} must be a plain path; it covers itself and all below it.")
        from oidc_gate.access import read_pattern  # late: most do without

        try:
            read_pattern(path, is_exact=False)
        except ValueError as error:
            raise SettingsError(f"{name}: {path} {error}.") from None


def _check_sessions(settings: Settings) -> None:
    if not settings.cookie_secret:
        raise SettingsError("cookie_secret is missing: make one with: oidc-gate secret")
    store = settings.session_store
    if isinstance(store, str) and store.partition(":")[0] not in ("cookie", "sqlite", "redis", "rediss"):
        raise SettingsError(f"session_store must be one of: cookie, {FORMS}.")
    for name, url in (("session_store", store), ("cookie_deny_list", settings.cookie_deny_list)):
        if isinstance(url, str) and url not in ("cookie", ""):
            check_url(url, name)
    if settings.cookie_deny_list and store != "cookie":
        raise SettingsError("cookie_deny_list is for session_store cookie; a session in a store is ended there.")
    _check_caching(settings.cache_control)
    for name in settings.logout_cookies or ():
        if not set(name) <= _COOKIE_CHARACTERS:
            raise SettingsError(f"logout_cookies: {name} is not the name of a cookie (RFC 6265, 4.1.1).")
        if name.removeprefix("__Host-").removeprefix("__Secure-").startswith("oidc_gate."):
            raise SettingsError(f"logout_cookies: {name} is the gate's own; logout ends its session anyway.")


def _check_caching(cache_control: str) -> None:
    word, _, forced = cache_control.lower().partition(" ")
    is_forced = word == "force"
    directives = {each.strip() for each in (forced if is_forced else cache_control.lower()).split(",")}
    if not cache_control.isascii() or '"' in cache_control or "public" in directives:
        raise SettingsError(
            "cache_control must be the value of a header that keeps answers out of shared caches, like private or"
            " no-store, without quotes; or off. A shared cache would hand one person's page to another."
        )
    if is_forced and directives.isdisjoint({"private", "no-store"}):
        raise SettingsError(
            "cache_control force needs a value with private or no-store in it, like force no-store: it takes the place"
            " of what the app says."
        )
    is_asked_for = "s-maxage=0" in directives or directives >= {"max-age=0", "must-revalidate"}
    if cache_control and directives.isdisjoint({"private", "no-store", "no-cache"}) and not is_asked_for:
        raise SettingsError(
            f"cache_control: {cache_control} lets shared caches keep pages, and one would hand one person's page to"
            f" another; put private in front: private, {cache_control}."
        )


def _check_listed(emails: tuple[str, ...], domains: tuple[str, ...]) -> None:
    """Refuse what no address can be, or have as its domain. Raises SettingsError."""
    if emails or domains:
        from oidc_gate.access import compared_domain, compared_email  # late: most do without

        for address in emails:
            if compared_email(address) is None or "*" in address:
                raise SettingsError(
                    f"allow_emails: {address} is not an e-mail address; whole domains go to allow_domains."
                )
        for domain in domains:
            if "*" in domain or not compared_domain(domain):
                raise SettingsError(
                    f"allow_domains: {domain} must be a domain like example.com; it is matched exactly."
                )


def _check_lists(settings: Settings) -> None:
    if "*" in (settings.allow_groups or ()):
        raise SettingsError(
            "allow_groups: * is no pattern, and no group's name. Name the groups; for all users of the provider leave"
            " allow_groups, allow_emails and allow_domains out."
        )
    _check_listed(settings.allow_emails or (), settings.allow_domains or ())
    if not all(settings.groups_claim.split(".")):
        raise SettingsError("groups_claim must be a claim's name, dots reaching into objects: realm_access.roles")
    if not all(settings.email_claim.split(".")):
        raise SettingsError("email_claim must be a claim's name, dots reaching into objects: upn")
    if settings.userinfo == "never" and settings.userinfo_refresh_interval:
        raise SettingsError("userinfo_refresh_interval asks userinfo again, and userinfo is never; change one of them.")


def _check_origins(origins: tuple[str, ...]) -> None:
    """Refuse what no browser sends as Origin."""
    for origin in origins:
        if origin == "*" or origin == "null":
            raise SettingsError(
                f"cors_origins: {origin} stands for any site, whose scripts would read what the gate says to whoever is"
                " signed in; name the origins, like https://front.example.com"
            )
        url = checked_url(
            "cors_origins", origin, several="list each, like https://one.example.com, https://two.example.com"
        )
        if origin != f"{url.scheme}://{url.netloc}".lower() or origin.endswith(
            {"https": ":443"}.get(url.scheme, ":80")
        ):
            raise SettingsError(
                f"cors_origins: {origin} must be as browsers send it: scheme and host in lower case, a port where it is"
                " not the scheme's own, and no path: https://front.example.com"
            )


def _check_file(name: str, path: str) -> None:
    if path and (not os.access(path, os.R_OK) or Path(path).is_dir()):
        raise SettingsError(f"{name}: {path} is no file that can be read.")
