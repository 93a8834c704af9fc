"""Where settings come from besides code: the environment, a TOML file.

Each source returns a plain map of field name to value as it stood there; `Settings` reads and checks the values, so
that one rule holds for all. Nothing here knows which fields there are, except the environment, which must tell a
misspelt variable from one of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from oidc_gate.errors import SettingsError
from oidc_gate.settings.files import text_of
from oidc_gate.settings.readers import read_path

__all__ = [
    "Given",
    "Layer",
    "SettingsFile",
    "files_named",
    "from_config_file",
    "from_environment",
    "from_traffic_policy",
    "read_layer",
    "text_in",
]

PREFIX = "OIDC_GATE_"

#: Variables that are not fields: the app to load, and the file to start from.
OTHER_VARIABLES = frozenset({"APP", "CONFIG"})


class SettingsFile(NamedTuple):
    """A file of settings, and what reads one of its kind, which raises SettingsError."""

    path: Path
    reader: Callable[[Path], dict[str, Any]]


#: What is given, by field: the name under which it is, `<field>_file` perhaps, and the value there.
Given: TypeAlias = dict[str, tuple[str, Any]]

#: One source of settings: a file that can be read again, or what stood in code or in the environment at the start.
Layer: TypeAlias = Mapping[str, Any] | SettingsFile


def from_environment(environ: Mapping[str, str], fields: Collection[str]) -> dict[str, Any]:
    """Return the settings in `OIDC_GATE_<FIELD>` and `OIDC_GATE_<FIELD>_FILE`; an empty variable counts as absent.

    Raises SettingsError for a variable with our prefix that is no setting: a misspelt rule would let everyone in.
    """
    found: dict[str, Any] = {}
    for variable, value in environ.items():
        if not variable.upper().startswith(PREFIX) or not value.strip():
            continue
        name = variable[len(PREFIX) :]
        field = name.lower()
        if name in OTHER_VARIABLES:
            continue
        if variable != variable.upper() or not (field in fields or field.removesuffix("_file") in fields):
            from oidc_gate.settings.other_names import meant  # late: nobody else needs it

            hint = meant(field, fields, lambda known: f"{PREFIX}{known.upper()}")
            raise SettingsError(f"{variable} is not a setting of oidc_gate.{hint} Correct or unset it.")
        found[field] = value
    return found


def text_in(name: str, value: Any) -> str:
    """Return what stands in the file that `<field>_file` names. Raises SettingsError."""
    try:
        path = read_path(value)
    except ValueError as error:
        raise SettingsError(f"{name} {error}.") from None
    return text_of(name, Path(path)).strip()


def read_layer(
    layer: Layer, named: list[Path], names_file: Callable[[str], bool], folder: Path | None = None
) -> Mapping[str, Any]:
    """Return what a source says; to `named` is added the file that it is.

    `folder`: where it is read again, and relative paths begin there, wherever the app may have gone since. Then a file
    that holds no setting at all is refused: it was emptied to be written, or its disk is full, and nobody means that.
    Raises SettingsError.
    """
    values: Mapping[str, Any]
    if isinstance(layer, SettingsFile):
        path = layer.path if folder is None else folder / layer.path
        named.append(path)
        values = layer.reader(path)
        if folder is not None and not values:
            raise SettingsError(f"{path} holds no settings.")
    else:
        values = layer
    return values if folder is None else _placed(values, folder, names_file)


def files_named(given: Given, names_file: Callable[[str], bool]) -> Iterator[tuple[str, Path]]:
    """Yield the files that settings name, each with the field that it is for."""
    for field, (name, value) in given.items():
        for table in ({name: value}, *_tables({name: value})):
            yield from ((field, path) for _, path in _paths(table, names_file))


def _placed(values: Mapping[str, Any], folder: Path, names_file: Callable[[str], bool]) -> dict[str, Any]:
    """Return the settings with the files that they name in this folder, where they stand with relative paths."""
    placed = {**values, **{name: folder / path for name, path in _paths(values, names_file)}}
    if "providers" in values:
        placed["providers"] = [_placed(table, folder, names_file) for table in _tables(values)] or values["providers"]
    return placed


def _tables(values: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the tables of further providers, none of what cannot be one: whoever reads it refuses that."""
    tables = values.get("providers")
    tables = tables if isinstance(tables, list | tuple) else ()
    return [table for table in tables if isinstance(table, Mapping)]


def _paths(values: Mapping[str, Any], names_file: Callable[[str], bool]) -> Iterator[tuple[str, Path]]:
    """Yield the settings that name files, each with its path; what cannot be one is refused by whoever reads it."""
    for name, value in values.items():
        if names_file(name) and isinstance(value, str | Path) and str(value).strip():
            yield name, Path(str(value).strip())


def from_config_file(path: str | Path) -> dict[str, Any]:
    """Return the settings in a TOML file, or in a Traffic Policy file when it ends in .yaml, .yml or .json."""
    import tomllib  # it takes longer than the rest of the package's settings, and most do without a file

    path = Path(path)
    if path.suffix.lower() in (".yaml", ".yml", ".json"):
        return from_traffic_policy(path)
    text = text_of("the configuration file", path)
    try:
        found = tomllib.loads(text)
    except ValueError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from None
    rules = found.get("rules")
    if isinstance(rules, list):
        from oidc_gate.settings.rule_tables import located  # late: most do without

        found["rules"] = located(rules, path.name, text)
    return found


def from_traffic_policy(path: str | Path) -> dict[str, Any]:
    """Return the settings in an ngrok Traffic Policy file; see the module of that name, which only some need."""
    from oidc_gate.settings import traffic_policy

    return traffic_policy.from_traffic_policy(path)
