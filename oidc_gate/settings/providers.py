"""`[[providers]]`: the providers beside the first one, each a table with settings of its own.

A table says everything about its provider: what it leaves out has its default, not what the first provider has. All
that is no provider's own is the gate's, and stands at the top level.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from oidc_gate.errors import SettingsError
from oidc_gate.settings.readers import nearest, read_bool
from oidc_gate.settings.tenants import issuers, template_of

if TYPE_CHECKING:
    from oidc_gate.settings.settings import Settings

__all__ = ["ENTRY_FIELDS", "entries_made", "read_providers"]

#: The settings that are a provider's own. `client_secret_file` and the like stand for the fields that they are read to.
ENTRY_FIELDS = frozenset(
    {
        "issuer_url",
        "client_id",
        "client_secret",
        "client_auth_method",
        "client_private_key_file",
        "client_assertion_file",
        "scopes",
        "authz_url_params",
        "auth_id",
        "response_mode",
        "signing_algs",
        "clock_leeway",
        "ca_bundle",
        "http_timeout",
        "insecure_http_issuer",
        "title",
        "discovery_url",
        "provider_endpoints",
        "userinfo",
        "userinfo_refresh_interval",
        "groups_claim",
        "groups_separator",
        "email_claim",
        "require_email_verified",
        "allow_emails",
        "allow_domains",
        "allow_groups",
        "allow_tenants",
        "provider_logout",
        "provider_logout_url",
    }
)
_LISTS = ("allow_emails", "allow_domains", "allow_groups")
#: What belongs to the gate, and is not to be checked once more beside each provider.
_OF_THE_GATE = frozenset({"providers", "rules"})
#: More than anybody chooses from, and each is asked for its keys.
_MOST = 20


class Entry(dict[str, Any]):
    """A table, as it was given. It may hold secrets, so that nothing of it is shown."""

    def __repr__(self) -> str:
        return "<a provider>"


def read_providers(value: Any) -> tuple[Mapping[str, Any], ...]:
    """Return the tables. Raises ValueError for what is no list of them."""
    if isinstance(value, str):
        raise ValueError("stand in a file, as [[providers]], or in code; not in the environment or on a command line")
    if not isinstance(value, list | tuple) or not all(isinstance(each, Mapping) for each in value):
        raise ValueError("must be a list of tables: in TOML each begins with [[providers]], in double brackets")
    if len(value) > _MOST:
        raise ValueError(f"must be at most {_MOST}, beside the first provider")
    return tuple(Entry(each) for each in value)


def entries_made(settings: Settings, given: Mapping[str, Any], make: Callable[..., Settings]) -> tuple[Settings, ...]:
    """Return the settings of a gate with each of the further providers alone, in their order. Raises SettingsError.

    `given`: what was given for the whole gate; `make`: makes settings of what was given.
    """
    common = {name: value for name, value in given.items() if name not in ENTRY_FIELDS | _OF_THE_GATE}
    made: list[Settings] = []
    for number, entry in enumerate(settings.providers or (), 1):
        where = f"providers: no. {number}"
        if isinstance(entry.get("auth_id"), str) and entry["auth_id"].strip():
            where += f" ({entry['auth_id'].strip()})"
        try:
            made.append(_made(common, entry, make))
        except SettingsError as error:
            raise SettingsError(f"{where}: {error}") from None
        taken = [settings.auth_id, *(each.auth_id for each in made[:-1])]
        if made[-1].auth_id in taken:
            raise SettingsError(f"{where}: auth_id is that of another provider; each has one of its own.")
        for each in (settings, *made[:-1]):
            _check_apart(each, made[-1], where)
    return tuple(made)


def _made(common: Mapping[str, Any], entry: Mapping[str, Any], make: Callable[..., Settings]) -> Settings:
    own = {name: value for name, value in entry.items() if name != "allow_all" and value is not None}
    for name in own:
        if name not in ENTRY_FIELDS and name.removesuffix("_file") not in ENTRY_FIELDS:
            raise SettingsError(f"{name} is no setting of one provider.{_hint(name)}")
    if "auth_id" not in own:
        raise SettingsError("auth_id is missing: the provider's name here, of letters, digits, - and _.")
    listed = [name for name in _LISTS if name in own]
    try:
        allows_all = entry.get("allow_all") is not None and read_bool(entry["allow_all"])
    except ValueError as error:
        raise SettingsError(f"allow_all {error}.") from None
    if not listed and not allows_all and "allow_tenants" not in own:
        raise SettingsError(
            "it is not said who of its people may pass: set allow_emails, allow_domains or allow_groups (or"
            " allow_tenants, for everybody of these), or allow_all = true for everybody who can sign in there."
        )
    if listed and allows_all:
        raise SettingsError(f"allow_all is true beside {listed[0]}; keep one of them.")
    return make(**common, **own)


def _hint(name: str) -> str:
    hint = nearest(name, ENTRY_FIELDS | {"allow_all"})
    return hint or " A setting of the whole gate stands above the first [[providers]]."


def _check_apart(one: Settings, other: Settings, where: str) -> None:
    """Refuse a provider that is another one already: of whom would a token be, or a session? Raises SettingsError."""
    if one.issuer_url.rstrip("/") == other.issuer_url.rstrip("/"):
        raise SettingsError(f"{where}: issuer_url is that of the provider {one.auth_id}; a provider stands here once.")
    both = sorted(_issuers(one) & _issuers(other))
    if both:
        raise SettingsError(
            f"{where}: its tokens may name the issuer {both[0]}, and so may those of the provider {one.auth_id}; a"
            " tenant stands here once."
        )


def _issuers(settings: Settings) -> set[str]:
    found = issuers(template_of(settings.issuer_url), settings.allow_tenants or ())
    return {each.rstrip("/") for each in found}
