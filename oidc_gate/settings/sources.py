"""Where settings come from besides code: the environment, a TOML file, an ngrok Traffic Policy file.

Each source returns a plain map of field name to value as it stood there; `Settings` reads and checks the values, so
that one rule holds for all. Nothing here knows which fields there are, except the environment, which must tell a
misspelt variable from one of ours.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from oidc_gate.errors import SettingsError
from oidc_gate.settings.readers import nearest, read_path
from oidc_gate.settings.rule_tables import located

__all__ = ["from_config_file", "from_environment", "from_traffic_policy", "read_secret_files"]

logger = logging.getLogger("oidc_gate")

PREFIX = "OIDC_GATE_"

#: Variables that are not fields: the app to load, and the file to start from.
OTHER_VARIABLES = frozenset({"APP", "CONFIG"})

#: Actions of a Traffic Policy that let nobody in or out: that the gate does not carry them out cannot open the app.
HARMLESS_ACTIONS = frozenset(
    {"add-headers", "remove-headers", "log", "compress-response", "set-vars", "forward-internal", "url-rewrite"}
)


#: What a Traffic Policy has at its top: `inbound` and `outbound` are older names.
PHASES = frozenset({"on_tcp_connect", "on_http_request", "on_http_response", "inbound", "outbound"})


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
            hint = nearest(field, fields).upper().replace("DID YOU MEAN ", f"Did you mean {PREFIX}")
            raise SettingsError(f"{variable} is not a setting of oidc_gate.{hint} Correct or unset it.")
        found[field] = value
    return found


def read_secret_files(values: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """Return the values with each `<field>_file` replaced by `<field>`, read from that file."""
    merged: dict[str, Any] = {}
    for name, value in values.items():
        field = name.removesuffix("_file")
        if name in fields or field == name or field not in fields:
            merged[name] = value
            continue
        if field in values:
            raise SettingsError(f"{field} and {name} are both given; keep one of them.")
        merged[field] = _text_of(name, Path(_path(name, value))).strip()
    return merged


def from_config_file(path: str | Path) -> dict[str, Any]:
    """Return the settings in a TOML file, or in a Traffic Policy file when it ends in .yaml, .yml or .json."""
    import tomllib  # it takes longer than the rest of the package's settings, and most do without a file

    path = Path(path)
    if path.suffix.lower() in (".yaml", ".yml", ".json"):
        return from_traffic_policy(path)
    text = _text_of("the configuration file", path)
    try:
        found = tomllib.loads(text)
    except ValueError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from None
    rules = found.get("rules")
    if isinstance(rules, list):
        found["rules"] = located(rules, path.name, text)
    return found


def from_traffic_policy(path: str | Path) -> dict[str, Any]:
    """Return the `config` of the one `openid-connect` action in an ngrok Traffic Policy file, YAML or JSON.

    Raises SettingsError for a policy with a condition or another action that decides who may pass: the gate does not
    carry those out, and leaving them out silently would let in whom they keep out. So would a key in the wrong place.
    """
    path = Path(path)
    policy = _parsed(path, _text_of("the Traffic Policy file", path))
    if not isinstance(policy, dict):
        raise SettingsError(f"{path} is not a Traffic Policy: it must be a map with on_http_request.")
    _check_keys(path, "at the top", policy, {*PHASES, "enabled"})
    found: list[dict[str, Any]] = []
    for phase in (key for key in policy if key in PHASES):
        rules = policy[phase]
        if rules is not None and not isinstance(rules, list):
            raise SettingsError(f"{path}: {phase} must be a list of rules.")
        for rule in rules or ():
            configs = _openid_connect_configs(path, phase, rule)  # of the other phases too: they may keep people out
            found += configs if phase == "on_http_request" else []
    if len(found) != 1:
        raise SettingsError(f"{path} must have one openid-connect action under on_http_request; it has {len(found)}.")
    return _without_interpolation(path, found[0])


def _openid_connect_configs(path: Path, phase: str, rule: Any) -> list[dict[str, Any]]:
    """Return the configs of the rule's openid-connect actions, and refuse what would be dropped from it at a risk."""
    actions = rule.get("actions") if isinstance(rule, dict) else None
    if not isinstance(actions, list) or not all(isinstance(action, dict) for action in actions):
        raise SettingsError(f"{path}: each rule under {phase} must be a map with a list of actions.")
    _check_keys(path, f"in a rule under {phase}", rule, {"name", "expressions", "actions"})
    configs = []
    for action in actions:
        kind = action.get("type")
        if kind in ("openid-connect", "oidc"):
            if rule.get("expressions"):
                raise SettingsError(
                    f"{path}: the rule with the openid-connect action has expressions, which oidc_gate does not carry"
                    " out. Remove them, and name the paths that need no login in public_paths."
                )
            configs.append(_config_of(path, action))
        elif isinstance(kind, str) and kind in HARMLESS_ACTIONS:
            logger.warning("%s: the action %s is not carried out by oidc_gate", path, kind)
        else:
            raise SettingsError(
                f"{path}: oidc_gate does not carry out the action {kind!r}. Remove it, and say who may pass with"
                " allow_emails, allow_domains or allow_groups in the config of the openid-connect action."
            )
    return configs


def _config_of(path: Path, action: dict[str, Any]) -> dict[str, Any]:
    _check_keys(path, "beside the openid-connect action's config", action, {"type", "config"})
    config = action.get("config")
    if config is not None and not isinstance(config, dict):
        raise SettingsError(f"{path}: the config of the openid-connect action must be a map of settings.")
    return config or {}


def _check_keys(path: Path, where: str, found: Mapping[Any, Any], known: Collection[str]) -> None:
    """Refuse a key that would have no effect where it stands: it may be the one that says who may pass."""
    for key in found:
        if key not in known:
            raise SettingsError(
                f"{path}: {key} has no effect {where}. Settings belong into the config of the openid-connect action;"
                " what the gate does not know has to be removed."
            )


def _without_interpolation(path: Path, config: dict[str, Any]) -> dict[str, Any]:
    """Return the config without `${…}` values, which only ngrok can work out; they must then come from elsewhere.

    Raises SettingsError for one that says who may pass: without it everyone might.
    """
    kept = {}
    for each, value in config.items():
        name = str(each)  # YAML reads some words as no text: yes, 1, null
        if "${" not in str(value):
            kept[name] = value
            continue
        variable = f"{PREFIX}{name}".upper()
        if name.startswith(("allow_", "require_")):
            raise SettingsError(
                f"{path}: {name} holds an ngrok expression, which oidc_gate cannot work out. Remove it there, and give"
                f" {variable} instead."
            )
        logger.warning("%s: %s holds an ngrok expression; give %s instead", path, name, variable)
    return kept


def _parsed(path: Path, text: str) -> Any:
    """Return the document, read as JSON where it is JSON, so that PyYAML is wanted for YAML alone."""
    import json  # late, as tomllib: most do without a file

    try:
        return json.loads(text, object_pairs_hook=_once_each)
    except ValueError as error:
        if path.suffix.lower() == ".json" or isinstance(error, _RepeatedKeyError):
            raise SettingsError(f"{path} is not valid JSON: {error}.") from None
    try:
        import yaml
    except ModuleNotFoundError:
        raise SettingsError(f"{path} is YAML; install what reads it: pip install 'oidc-gate[yaml]'") from None

    class Loader(yaml.SafeLoader):
        """Takes a key once in each map; PyYAML itself lets the last one win, without a word."""

        def compose_mapping_node(self, anchor: Any) -> Any:
            node = super().compose_mapping_node(anchor)
            _once_each((key.value, None) for key, _ in node.value if isinstance(key, yaml.ScalarNode))
            return node

    try:
        return yaml.load(text, Loader)  # noqa: S506  # it is a SafeLoader
    except _RepeatedKeyError as error:
        raise SettingsError(f"{path} is not valid YAML: {error}.") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date or number that is none
        mark = getattr(error, "problem_mark", None)  # the error's own text quotes the line, which may hold a secret
        where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
        raise SettingsError(f"{path} is not valid YAML{where}.") from None


class _RepeatedKeyError(ValueError):
    """A key stands twice in one map."""


def _once_each(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return the pairs of one map. Raises _RepeatedKeyError where a key would win over another without a word."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _RepeatedKeyError(f"{key} stands twice in one map; keep one of them")
        found[key] = value
    return found


def _path(name: str, value: Any) -> str:
    try:
        return read_path(value)
    except ValueError as error:
        raise SettingsError(f"{name} {error}.") from None


def _text_of(what: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        reason = "not UTF-8 text"
    except (OSError, ValueError) as error:  # ValueError: no file has such a name
        reason = getattr(error, "strerror", "not the path of a file")
    raise SettingsError(f"{what}: {path} cannot be read ({reason}).")
