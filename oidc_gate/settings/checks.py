"""What must hold of settings taken together: each check names the field that is at fault and says how to mend it."""

from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from oidc_gate.errors import SettingsError
from oidc_gate.stores import FORMS

if TYPE_CHECKING:
    from oidc_gate.settings.settings import Settings

__all__ = ["SIGNING_ALGS", "check"]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
#: Where Entra ID lives, and its addresses for several tenants.
_ENTRA = (".microsoftonline.com", ".microsoftonline.us", ".partner.microsoftonline.cn", ".windows.net")
_MANY_TENANTS = frozenset({"common", "organizations", "consumers"})
_AUTH_ID_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
_COOKIE_CHARACTERS = _AUTH_ID_CHARACTERS | frozenset("!#$%&'*+.^`|~")

#: ID-token algorithms that can be allowed: signatures only, so that nothing the client knows can make one.
SIGNING_ALGS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")

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
    if settings.rules:
        from oidc_gate.settings.rule_checks import check_rules  # late: most do without

        check_rules(
            settings.rules,
            public_paths=settings.public_paths or (),
            path_prefix=settings.path_prefix,
            base_url=settings.base_url,
            auth_id=settings.auth_id,
        )


def _check_provider(settings: Settings) -> None:
    if not settings.issuer_url:
        raise SettingsError("issuer_url is missing: the provider's address, like https://oauth.id.jumpcloud.com/")
    url = _url("issuer_url", settings.issuer_url, ", or jumpcloud, jumpcloud-eu, jumpcloud-in")
    _check_tenant(url)
    if url.scheme == "http" and url.hostname not in _LOOPBACK and not settings.insecure_http_issuer:
        raise SettingsError(
            "issuer_url must start with https://: over plain http anyone on the way can sign in as anyone."
            " insecure_http_issuer = true allows it for tests."
        )
    for alg in settings.signing_algs or ():
        if alg not in SIGNING_ALGS:
            raise SettingsError(f"signing_algs must not hold {alg}; it may hold: {', '.join(SIGNING_ALGS)}.")
    for name in ("http_timeout", "login_timeout", "store_timeout"):
        if not getattr(settings, name):
            raise SettingsError(f"{name} must be more than 0.")
    _check_file("ca_bundle", settings.ca_bundle)


def _check_tenant(url: SplitResult) -> None:
    """Refuse an issuer that stands for many: each of their users would be one of this app's."""
    if any(character in url.path for character in "{}"):
        raise SettingsError(f"issuer_url has a placeholder in it, {url.path}: put your own value in its place.")
    entra = (url.hostname or "").endswith(_ENTRA) and url.path.lower().split("/")[1:2]
    if entra and entra[0] in _MANY_TENANTS:
        raise SettingsError(
            f"issuer_url is Entra ID's address for many tenants ({entra[0]}): users of others could sign in too. Set it"
            f" to your own tenant's issuer: https://{url.hostname}/<tenant id>/v2.0"
        )


def _check_client(settings: Settings) -> None:
    if not settings.client_id:
        raise SettingsError("client_id is missing: the provider shows it when the app is registered there.")
    if settings.client_auth_method == "private_key_jwt" and not settings.client_private_key_file:
        raise SettingsError("client_auth_method private_key_jwt needs client_private_key_file, a PEM or JWK file.")
    if settings.client_auth_method not in ("none", "private_key_jwt") and not settings.client_secret:
        raise SettingsError("client_secret is missing: the provider shows it once, when the app is registered there.")
    if settings.client_auth_method in ("none", "private_key_jwt") and settings.client_secret:
        raise SettingsError(f"client_secret has no use with client_auth_method {settings.client_auth_method}.")
    _check_file("client_private_key_file", settings.client_private_key_file)
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
        url = _url("base_url", settings.base_url)
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
        _check_ascii("auth_cookie_domain", settings.auth_cookie_domain)
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
    if not cache_control.isascii() or "public" in cache_control.lower():
        raise SettingsError(
            "cache_control must be the value of a header that keeps answers out of shared caches, like private or"
            " no-store; or off. A shared cache would hand one person's page to another."
        )
    if word == "force" and {directive.strip() for directive in forced.split(",")}.isdisjoint({"private", "no-store"}):
        raise SettingsError(
            "cache_control force needs a value with private or no-store in it, like force no-store: it takes the place"
            " of what the app says."
        )


def _check_lists(settings: Settings) -> None:
    if "*" in (settings.allow_groups or ()):
        raise SettingsError(
            "allow_groups: * is no pattern, and no group's name. Name the groups; for all users of the provider leave"
            " allow_groups, allow_emails and allow_domains out."
        )
    for address in settings.allow_emails or ():
        if address.count("@") != 1 or address.startswith("@") or address.endswith("@") or "*" in address:
            raise SettingsError(f"allow_emails: {address} is not an e-mail address; whole domains go to allow_domains.")
    for domain in settings.allow_domains or ():
        if any(character in domain for character in "@*/:") or domain.startswith("."):
            raise SettingsError(f"allow_domains: {domain} must be a domain like example.com; it is matched exactly.")
    if not all(settings.groups_claim.split(".")):
        raise SettingsError("groups_claim must be a claim's name, dots reaching into objects: realm_access.roles")
    if not all(settings.email_claim.split(".")):
        raise SettingsError("email_claim must be a claim's name, dots reaching into objects: upn")
    if settings.userinfo == "never" and settings.userinfo_refresh_interval:
        raise SettingsError("userinfo_refresh_interval asks userinfo again, and userinfo is never; change one of them.")


def _url(name: str, text: str, or_else: str = "") -> SplitResult:
    """Return the parts of an http(s) URL without query, fragment or user name. Raises SettingsError."""
    try:
        url = urlsplit(text)
        valid = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        valid = False
    plain = text.isascii() and not any(character in text for character in ' \\"<>?#')
    if valid:
        _check_ascii(name, url.hostname or "")
    if not valid or not plain or "@" in url.netloc:
        raise SettingsError(
            f"{name} must be a URL like https://example.com{or_else}; without query, fragment or user name."
        )
    return url


def _check_ascii(name: str, host: str) -> None:
    """Refuse a host that is not in ASCII: browsers send it so, and cookies and redirect URIs are compared by that."""
    if host.isascii():
        return
    try:
        punycode = host.encode("idna")
        known = f": {punycode.decode()}" if punycode.decode("idna") == host else ""
    except UnicodeError:
        known = ""  # as where IDNA 2008, which browsers go by, may have another form: there they do not come back alike
    raise SettingsError(f"{name} must have its host in ASCII (punycode), as browsers send it{known}")


def _check_file(name: str, path: str) -> None:
    if path and (not os.access(path, os.R_OK) or Path(path).is_dir()):
        raise SettingsError(f"{name}: {path} is no file that can be read.")
