"""`Settings`: everything that can be set, each field once, with its default, its reader and its meaning.

Frozen, and checked whole when it is made: a gate never starts with a setting that is unknown, misspelt, of the wrong
type or at odds with another. Later sources win: file, environment, keyword.

A new setting is a field here with its reader, a check in `checks` if it depends on others, a row in the README, and its
use in `parts.build`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oidc_gate import sources
from oidc_gate.checks import check
from oidc_gate.errors import SettingsError
from oidc_gate.values import (
    choice,
    lower_ascii,
    nearest,
    read_bool,
    read_duration,
    read_list,
    read_params,
    read_path,
    read_proxies,
    read_secrets,
    read_store,
    read_text,
    read_words,
)

if TYPE_CHECKING:
    from oidc_gate.stores import SessionStore

__all__ = ["Settings"]

_WELL_KNOWN = "/.well-known/openid-configuration"
_JUMPCLOUD = {
    "jumpcloud": "https://oauth.id.jumpcloud.com/",
    "jumpcloud-eu": "https://oauth.id.eu.jumpcloud.com/",
    "jumpcloud-in": "https://oauth.id.in.jumpcloud.com/",
}

#: Other names under which a field is known at ngrok.
_ALIASES = {"idle_session_duration": "idle_session_timeout", "scope": "scopes"}

Reader = Callable[[Any], Any]


def _setting(default: Any, read: Reader, meaning: str, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"read": read, "meaning": meaning})


@dataclass(frozen=True, init=False)
class Settings:
    """All settings of one gate. Durations are seconds, lists are tuples; secrets are left out of `repr`.

    `Settings(**fields)` takes values as they stand in code; `from_env`, `from_file` and `from_traffic_policy` add the
    other sources. All raise SettingsError, which names the setting and says how to mend it.
    """

    issuer_url: str = _setting("", read_text, "the provider: its issuer, or jumpcloud, jumpcloud-eu, jumpcloud-in")
    client_id: str = _setting("", read_text, "of the app registered at the provider")
    client_secret: str = _setting("", read_text, "of the app registered at the provider", secret=True)
    client_auth_method: str = _setting(
        "client_secret_basic",
        choice(
            "client_secret_basic",
            "client_secret_post",
            "client_secret_jwt",
            "private_key_jwt",
            "none",
            "client_secret_basic_raw",
        ),
        "how the gate names itself at the token endpoint; client_secret_basic_raw is for providers that compare the"
        " secret without decoding it",
    )
    client_private_key_file: str = _setting("", read_path, "PEM or JWK file of the gate's own key")
    scopes: tuple[str, ...] = _setting(("openid", "profile", "email"), read_words, "openid is always sent")
    authz_url_params: tuple[tuple[str, str], ...] = _setting((), read_params, "extra authorization parameters")
    auth_id: str = _setting("default", read_text, "names this provider: in cookies, on the login and logout paths")
    response_mode: str = _setting("query", choice("query", "form_post"), "how the provider answers")
    signing_algs: tuple[str, ...] | None = _setting(None, read_words, "ID-token algorithms accepted")
    clock_leeway: float = _setting(60.0, read_duration, "how far the provider's clock may be off")
    ca_bundle: str = _setting("", read_path, "PEM file of certificate authorities for calls to the provider")
    http_timeout: float = _setting(5.0, read_duration, "longest wait for the provider, per step")
    insecure_http_issuer: bool = _setting(False, read_bool, "plain http to a provider that is not on this machine")

    base_url: str = _setting("", read_text, "public URL of the app, when a proxy hides it")
    trusted_proxies: int | tuple[str, ...] = _setting(0, read_proxies, "number of proxies, or networks, to believe")
    path_prefix: str = _setting("/oauth2", read_text, "where the gate's own paths live")

    cookie_secret: tuple[str, ...] = _setting((), read_secrets, "newest first: the first seals, all open", secret=True)
    session_store: str | SessionStore = _setting("cookie", read_store, "where sessions live", secret=True)
    cookie_deny_list: str = _setting("", read_text, "store that lists ended cookie sessions", secret=True)
    session_cache_seconds: float = _setting(1.0, read_duration, "how long a process goes on with a loaded session")
    store_timeout: float = _setting(2.0, read_duration, "longest wait for the store")
    auth_cookie_domain: str = _setting("", read_text, "Domain of the session cookie")
    max_session_duration: float = _setting(12 * 3600.0, read_duration, "absolute life; 0: no limit of its own")
    idle_session_timeout: float = _setting(3600.0, read_duration, "longest pause between requests; 0: off")
    login_timeout: float = _setting(15 * 60.0, read_duration, "how long a login may take")

    userinfo: str = _setting("auto", choice("auto", "always", "never"), "whether userinfo is asked at login")
    userinfo_refresh_interval: float = _setting(0.0, read_duration, "how often claims are fetched again; 0: off")
    provider_outage_grace: float = _setting(0.0, read_duration, "how long a check may be overdue; 0: no limit")
    allow_emails: tuple[str, ...] | None = _setting(None, read_list, "addresses that may pass")
    allow_domains: tuple[str, ...] | None = _setting(None, read_list, "domains of addresses that may pass")
    allow_groups: tuple[str, ...] | None = _setting(None, read_list, "groups that may pass")
    groups_claim: str = _setting("groups", read_text, "where the groups are; dots reach into objects")
    public_paths: tuple[str, ...] | None = _setting(None, read_list, "paths that need no login")
    allow_cors_preflight: bool = _setting(False, read_bool, "whether true preflights pass")

    identity_headers: str = _setting("none", choice("none", "x-forwarded", "ngrok"), "headers for the app")
    remote_user_claim: str = _setting("email", read_text, "the claim in REMOTE_USER; sub where it is missing")
    cache_control: str = _setting("private", read_text, "added where the app says nothing of caching; off: nothing")
    provider_logout: bool = _setting(False, read_bool, "whether logout ends the provider's session too")

    def __init__(self, **options: Any) -> None:
        given = _named(options)
        for each in fields(self):
            object.__setattr__(self, each.name, _value(each, given) if each.name in given else each.default)
        object.__setattr__(self, "_given", given)
        _complete(self)
        check(self)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, /, **options: Any) -> Settings:
        """Read the file that `OIDC_GATE_CONFIG` names, if any, then `OIDC_GATE_*`, then `options`."""
        environ = os.environ if environ is None else environ
        path = environ.get(sources.PREFIX + "CONFIG", "").strip()
        return cls.merged(sources.from_config_file(path) if path else {}, environ, options)

    @classmethod
    def from_file(cls, path: str | Path, /, **options: Any) -> Settings:
        """Read a TOML file, then the environment, then `options`."""
        return cls.merged(sources.from_config_file(path), os.environ, options)

    @classmethod
    def from_traffic_policy(cls, path: str | Path, /, **options: Any) -> Settings:
        """Read an ngrok Traffic Policy file (YAML or JSON), then the environment, then `options`.

        Such a file has no `cookie_secret`: give it in the environment or as an option.
        """
        return cls.merged(sources.from_traffic_policy(path), os.environ, options)

    @classmethod
    def merged(cls, file: Mapping[str, Any], environ: Mapping[str, str], options: Mapping[str, Any]) -> Settings:
        """Return the settings of these three sources, each over the one before: what the others read come to this."""
        merged: dict[str, Any] = {}
        for source in (file, sources.from_environment(environ, _KNOWN), options):
            merged |= _named(source)
        return cls(**merged)

    def with_options(self, **options: Any) -> Settings:
        """Return these settings with some fields replaced; checked whole again."""
        given: dict[str, Any] = self._given  # type: ignore[attr-defined]
        return Settings(**(given | _named(options)))

    def warnings(self) -> list[str]:
        """Return what is allowed and still worth a second look, a sentence each."""
        found = []
        if self.allow_emails is None and self.allow_domains is None and self.allow_groups is None:
            found.append("every user of the provider may pass: no allow_emails, allow_domains or allow_groups is set")
        if self.client_auth_method == "none":
            found.append("client_auth_method is none: the provider cannot tell this gate from another program")
        if not self.max_session_duration and not self.idle_session_timeout:
            found.append("sessions never end: max_session_duration and idle_session_timeout are both 0")
        if isinstance(self.trusted_proxies, tuple) and any(network.endswith("/0") for network in self.trusted_proxies):
            found.append("trusted_proxies trusts every address: anyone can say which host and scheme this app has")
        return found


_NAMES = frozenset(each.name for each in fields(Settings))
_KNOWN = _NAMES | _ALIASES.keys()


def _named(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options under the fields' own names, with `<field>_file` read; None counts as absent."""
    for name in options:
        if name not in _KNOWN and name.removesuffix("_file") not in _KNOWN:
            raise SettingsError(f"{name} is not a setting of oidc_gate.{nearest(name, _NAMES)} See the README's table.")
    given: dict[str, Any] = {}
    present = {name: value for name, value in options.items() if value is not None}
    for name, value in sources.read_secret_files(present, _KNOWN).items():
        field_name = _ALIASES.get(name, name)
        if field_name in given:
            raise SettingsError(f"{field_name} is given twice, once as {name}; keep one of them.")
        given[field_name] = value
    return given


def _value(each: Field[Any], given: dict[str, Any]) -> Any:
    value = given[each.name]
    if each.name == "cache_control" and isinstance(value, str) and value.strip().lower() in ("", "off"):
        return ""
    try:
        return each.metadata["read"](value)
    except ValueError as error:
        raise SettingsError(f"{each.name} {error}.") from None


def _complete(settings: Settings) -> None:
    """Bring the fields that may be written in several ways into one form."""
    put = _putter(settings)
    put("issuer_url", _JUMPCLOUD.get(settings.issuer_url.lower(), settings.issuer_url).removesuffix(_WELL_KNOWN))
    put("base_url", settings.base_url.rstrip("/"))
    put("path_prefix", settings.path_prefix.rstrip("/"))
    put("auth_cookie_domain", settings.auth_cookie_domain.lstrip(".").lower())
    put("scopes", tuple(dict.fromkeys(("openid", *settings.scopes))))
    put("allow_emails", _folded(settings.allow_emails))
    put("allow_domains", _folded(settings.allow_domains))


def _putter(settings: Settings) -> Callable[[str, Any], None]:
    return lambda name, value: object.__setattr__(settings, name, value)


def _folded(words: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if words is None else tuple(lower_ascii(word) for word in words)
