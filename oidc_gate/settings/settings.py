"""`Settings`: everything that can be set.

Frozen, and checked whole when it is made: a gate never starts with a setting that is unknown, misspelt, of the wrong
type or at odds with another. Later sources win: file, environment, keyword.

A new setting is a field in one of the four modules of fields, with its reader and meaning, a keyword in `options`, a
check in `checks` if it depends on others, its use (in `gate.components.build`, most often), and an example in
`tests/documented/settings_examples.py`; `make docs` writes its section into `docs/reference/settings.md`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from oidc_gate.errors import SettingsError
from oidc_gate.identity import lower_ascii
from oidc_gate.settings import sources
from oidc_gate.settings.app_fields import AppFields
from oidc_gate.settings.checks import check
from oidc_gate.settings.provider_fields import ProviderFields
from oidc_gate.settings.readers import read_path
from oidc_gate.settings.session_fields import SessionFields
from oidc_gate.settings.sources import SettingsFile
from oidc_gate.settings.tenants import as_in_tokens
from oidc_gate.settings.token_fields import TokenFields

if TYPE_CHECKING:
    from oidc_gate.settings.options import SettingsOptions
    from oidc_gate.settings.sources import Given, Layer

__all__ = ["PROVIDER_FIELDS", "Settings"]

_NONE: Mapping[str, Any] = {}
_WELL_KNOWN = "/.well-known/openid-configuration"
_AT_THE_TOP = " In a TOML file settings stand at the top level, in no table."

#: Other names under which a field is known at ngrok.
_ALIASES = {"idle_session_duration": "idle_session_timeout", "scope": "scopes"}


@dataclass(frozen=True, init=False)
class Settings(TokenFields, AppFields, SessionFields, ProviderFields):
    """All settings of one gate. Durations are seconds, lists are tuples; secrets are left out of `repr`.

    `Settings(**fields)` takes values as they stand in code; `from_env`, `from_file` and `from_traffic_policy` add the
    other sources. All raise SettingsError, which names the setting and says how to mend it.
    """

    def __init__(self, **options: Unpack[SettingsOptions]) -> None:
        named = _named(options)
        given = _read(named)
        made = _of_preset(given)
        values = made | _of_profile(given) | given | ({"issuer_url": made["issuer_url"]} if made else {})
        read = {each.name: _value(each, values) if each.name in values else each.default for each in fields(self)}
        for name, value in (_completed(read) | {"_given": given, "_others": ()}).items():
            object.__setattr__(self, name, value)
        if self.providers:
            from oidc_gate.settings.providers import entries_made  # late: most have one provider

            object.__setattr__(self, "_others", entries_made(self, given, Settings))
        self._from((options,), sources.files_named(named, _names_file))
        if self.profile:
            from oidc_gate.settings.profiles import check_profile  # late: most have none

            check_profile(self)
        check(self)

    @property
    def preset(self) -> str:
        """The provider's name that stood in `issuer_url`, `""` where an address did."""
        given: dict[str, Any] = self._given  # type: ignore[attr-defined]
        return given["issuer_url"].strip() if _of_preset(given) else ""

    @property
    def from_preset(self) -> dict[str, Any]:
        """The settings that the provider's name in `issuer_url` stands for, without those that were given too."""
        given: dict[str, Any] = self._given  # type: ignore[attr-defined]
        return {name: getattr(self, name) for name in _of_preset(given) if name == "issuer_url" or name not in given}

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None, /, **options: Unpack[SettingsOptions]) -> Settings:
        """Read the file that `OIDC_GATE_CONFIG` names, if any, then `OIDC_GATE_*`, then `options`."""
        environ = os.environ if environ is None else environ
        path = environ.get(sources.PREFIX + "CONFIG", "").strip()
        return cls.merged(SettingsFile(Path(path), sources.from_config_file) if path else {}, environ, options)

    @classmethod
    def from_file(cls, path: str | Path, /, **options: Unpack[SettingsOptions]) -> Settings:
        """Read a TOML file, then the environment, then `options`."""
        return cls.merged(SettingsFile(Path(path), sources.from_config_file), os.environ, options)

    @classmethod
    def from_traffic_policy(cls, path: str | Path, /, **options: Unpack[SettingsOptions]) -> Settings:
        """Read an ngrok Traffic Policy file (YAML or JSON), then the environment, then `options`.

        Such a file has no `cookie_secret`: give it in the environment or as an option.
        """
        return cls.merged(SettingsFile(Path(path), sources.from_traffic_policy), os.environ, options)

    @classmethod
    def merged(
        cls,
        file: Layer,
        environ: Mapping[str, str],
        options: Mapping[str, Any],
        *,
        beneath: Mapping[str, Any] = _NONE,
    ) -> Settings:
        """Return the settings of these sources, each over the one before: what the others read come to this.

        `beneath`: what holds where none of them says anything.
        """
        return cls._of((beneath, file, sources.from_environment(environ, _KNOWN), options), [])

    @classmethod
    def _of(cls, layers: tuple[Layer, ...], named: list[Path], folder: Path | None = None) -> Settings:
        """Return the settings of these sources, each over the one before; the rest as in `read_again`."""
        merged: Given = {}
        own: list[Path] = []
        for layer in layers:
            values = sources.read_layer(layer, own, _names_file, folder)
            try:
                given = _named(values)
            except SettingsError as error:
                if isinstance(layer, SettingsFile):
                    raise SettingsError(f"{layer.path}: {error}") from None
                raise
            if "rules" in given and "rules" in merged:
                from oidc_gate.settings.rule_checks import check_replacing  # late: most do without

                check_replacing(merged["rules"][1])
            merged |= given
        # What another source takes the place of may not be here at all.
        files = [*(("", path) for path in own), *sources.files_named(merged, _names_file)]
        named.extend(path for _, path in files)
        return cls(**_read(merged))._from(layers, files)

    def with_options(self, **options: Unpack[SettingsOptions]) -> Settings:
        """Return these settings with some fields replaced; checked whole again."""
        before: dict[str, Any] = self._given  # type: ignore[attr-defined]
        named = _named(options)
        settings = Settings(**(before | _read(named)))
        files: tuple[tuple[str, Path], ...] = self._files  # type: ignore[attr-defined]
        kept = [(field, path) for field, path in files if field not in named]
        layers: tuple[Layer, ...] = self._layers  # type: ignore[attr-defined]
        return settings._from((*layers, options), [*kept, *sources.files_named(named, _names_file)])

    def _from(self, layers: tuple[Layer, ...], files: Iterable[tuple[str, Path]]) -> Settings:
        """Note where these settings come from, and which files that is, each with the field it is for. Return them."""
        object.__setattr__(self, "_layers", layers)
        object.__setattr__(self, "_files", tuple(files))
        return self

    def read_again(self, folder: Path, named: list[Path]) -> Settings:
        """Return what the sources of these settings say now: files are read again, all else is as it was.

        `folder`: where relative paths begin. To `named` are added the files that are read, those of settings that are
        refused too. May block. Raises SettingsError, as at start-up.
        """
        return self._of(self._layers, named, folder)  # type: ignore[attr-defined]

    def files(self, folder: Path) -> list[Path]:
        """Return the files that these settings come from, or that they name, each once."""
        files: tuple[tuple[str, Path], ...] = self._files  # type: ignore[attr-defined]
        return list(dict.fromkeys(folder / path for _, path in files))

    def changed(self, others: Settings) -> list[str]:
        """Return the names of the fields in which these settings differ from others.

        What was made of one text twice may not compare as equal, so what was given counts too.
        """
        given, others_given = self._given, others._given  # type: ignore[attr-defined]
        names = [each.name for each in fields(self) if given.get(each.name) != others_given.get(each.name)]
        return [name for name in names if getattr(self, name) != getattr(others, name)]

    @property
    def all_providers(self) -> tuple[Settings, ...]:
        """These settings, and those of a gate with each of the further `providers` alone, in their order."""
        others: tuple[Settings, ...] = self._others  # type: ignore[attr-defined]
        return (self, *others)

    def warnings(self) -> list[str]:
        """Return what is allowed and still worth a second look, a sentence each."""
        from oidc_gate.settings.gate_warnings import gate_warnings  # late: it reads rules

        given: dict[str, Any] = self._given  # type: ignore[attr-defined]
        return gate_warnings(self, given)


_FIELDS = {each.name: each for each in fields(Settings)}
_NAMES = frozenset(_FIELDS)
_KNOWN = _NAMES | _ALIASES.keys()
#: Those that name a file which is read when the settings are, or when a gate is made.
_PATHS = frozenset(each.name for each in fields(Settings) if each.metadata["read"] is read_path) - {
    "client_assertion_file"  # for each call to the provider
}
#: Those that say something of the provider, or of how it is asked.
PROVIDER_FIELDS = frozenset(each.name for each in fields(ProviderFields))


def _names_file(name: str) -> bool:
    """Return whether what stands under this name is the path of a file: of a field, or of what a field is to be."""
    return name in _PATHS or (name.endswith("_file") and name not in _KNOWN and name.removesuffix("_file") in _KNOWN)


def _named(options: Mapping[str, Any]) -> Given:
    """Return what is given for which field; None counts as absent. No file is read."""
    for name, value in options.items():
        if name not in _KNOWN and name.removesuffix("_file") not in _KNOWN:
            from oidc_gate.settings.other_names import meant  # late: nobody else needs it

            hint = _AT_THE_TOP if isinstance(value, Mapping) else meant(name, _NAMES)
            raise SettingsError(f"{name} is not a setting of oidc_gate.{hint} See docs/reference/settings.md.")
    given: Given = {}
    for name, value in options.items():
        if value is None:
            continue
        known = name if name in _KNOWN else name.removesuffix("_file")
        field_name = _ALIASES.get(known, known)
        if field_name in given:
            one, other = sorted((given[field_name][0], name))
            raise SettingsError(f"{one} and {other} are both given; keep one of them.")
        given[field_name] = name, value
    return given


def _read(given: Given) -> dict[str, Any]:
    """Return the values that are given, those of `<field>_file` read from that file."""
    return {each: value if name in _KNOWN else _from_file(each, name, value) for each, (name, value) in given.items()}


def _from_file(field: str, name: str, path: Any) -> str:
    """Return what stands in the file of a field. Raises SettingsError, which names the file, for what cannot be one."""
    text = sources.text_in(name, path)
    try:
        _value(_FIELDS[field], {field: text})
    except SettingsError as error:
        raise SettingsError(f"{name}: {str(path).strip()}: {error}") from None
    return text


def _value(each: Field[Any], given: dict[str, Any]) -> Any:
    value = given[each.name]
    if each.name == "cache_control" and isinstance(value, str) and value.strip().lower() in ("", "off"):
        return ""
    try:
        return each.metadata["read"](value)
    except SettingsError:  # it names more than the setting
        raise
    except ValueError as error:
        raise SettingsError(f"{each.name} {error}.") from None


def _of_preset(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a provider's name in `issuer_url` stands for; none for an address."""
    issuer_url = given.get("issuer_url")
    text = issuer_url.strip() if isinstance(issuer_url, str) else ""
    if not text or text.lower().startswith(("https://", "http://")):
        return {}
    from oidc_gate.settings.presets import preset  # late: most name an address

    return preset(text) or {}


def _of_profile(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that `profile` stands for. What it is, is told when it is read."""
    if "profile" not in given:
        return {}
    from oidc_gate.settings.profiles import of_profile  # late: most have none

    return of_profile()


def _completed(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values with the fields that may be written in several ways brought into one form."""
    issuer_url = values["issuer_url"]
    return values | {
        "issuer_url": issuer_url.removesuffix(_WELL_KNOWN),
        "base_url": values["base_url"].rstrip("/"),
        "path_prefix": values["path_prefix"].rstrip("/"),
        "auth_cookie_domain": values["auth_cookie_domain"].lstrip(".").lower(),
        "scopes": tuple(dict.fromkeys(("openid", *values["scopes"]))),
        "allow_emails": _folded(values["allow_emails"]),
        "allow_tenants": None if values["allow_tenants"] is None else tuple(map(as_in_tokens, values["allow_tenants"])),
        "allow_domains": _folded(values["allow_domains"]),
    }


def _folded(words: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if words is None else tuple(lower_ascii(word) for word in words)
