"""An ngrok Traffic Policy: the settings in its openid-connect action, and the rules that stand after it.

A policy is followed whole or refused: what would be left out silently may be what keeps somebody out.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from oidc_gate.access import Conditional, compiled
from oidc_gate.errors import SettingsError
from oidc_gate.settings.files import parsed, text_of
from oidc_gate.settings.policy_answers import ANSWERS, read_answer

__all__ = ["from_traffic_policy"]

logger = logging.getLogger("oidc_gate")

#: What a Traffic Policy has at its top: `inbound` and `outbound` are older names.
PHASES = frozenset({"on_tcp_connect", "on_http_request", "on_http_response", "inbound", "outbound"})

LOGIN_ACTIONS = frozenset({"openid-connect", "oidc"})

#: Actions that let nobody in or out: that the gate does not carry them out cannot open the app.
HARMLESS_ACTIONS = frozenset(
    {"add-headers", "remove-headers", "log", "compress-response", "set-vars", "forward-internal", "url-rewrite"}
)

#: Those of them after which expressions read another request at ngrok than here, and which names these are.
_CHANGES = {
    "add-headers": {"req.headers", "req.host"},
    "remove-headers": {"req.headers", "req.host"},
    "url-rewrite": {"req.url.path", "req.host"},
}

#: What does the same as an action that is not carried out.
_INSTEAD = {
    "close-connection": "write deny",
    "oauth": "write openid-connect, with the provider's issuer_url",
    "redirect": "write custom-response with status_code 302 and the header location",
    "restrict-ips": "write deny after the openid-connect action, with an expression on conn.client_ip",
}


def from_traffic_policy(path: str | Path) -> dict[str, Any]:
    """Return the `config` of the one openid-connect action in an ngrok Traffic Policy file, YAML or JSON.

    Rules that go by expressions are in it as `rules`, a tuple of `Conditional`, in their order: first the one with that
    action, where it has expressions, then those after it that deny or answer themselves.

    Raises SettingsError for a policy with another action that decides who may pass: the gate does not carry those out,
    and leaving them out silently would let in whom they keep out. So would a key in the wrong place.
    """
    path = Path(path)
    policy = parsed(path, text_of("the Traffic Policy file", path))
    if not isinstance(policy, dict):
        raise SettingsError(f"{path} is not a Traffic Policy: it must be a map with on_http_request.")
    _check_keys(path, "at the top", policy, {*PHASES, "enabled"})
    found = _Found(path)
    for phase in (key for key in policy if key in PHASES):
        rules = policy[phase]
        if rules is not None and not isinstance(rules, list):
            raise SettingsError(f"{path}: {phase} must be a list of rules.")
        for number, rule in enumerate(rules or (), 1):
            actions = _actions(path, phase, rule)
            if phase == "on_http_request":
                found.take(number, rule, actions)
            else:  # of the other phases too: they may keep people out
                _check_actions(path, actions)
    return found.settings()


def _actions(path: Path, phase: str, rule: Any) -> list[dict[str, Any]]:
    actions = rule.get("actions") if isinstance(rule, dict) else None
    if not isinstance(actions, list) or not all(isinstance(action, dict) for action in actions):
        raise SettingsError(f"{path}: each rule under {phase} must be a map with a list of actions.")
    _check_keys(path, f"in a rule under {phase}", rule, {"name", "expressions", "actions"})
    return actions


def _check_actions(path: Path, actions: list[dict[str, Any]]) -> None:
    for action in actions:
        if action.get("type") in LOGIN_ACTIONS:
            _config_of(path, action)
        else:
            _check_harmless(path, action)


def _check_harmless(path: Path, action: dict[str, Any]) -> None:
    kind = action.get("type")
    if isinstance(kind, str) and kind in HARMLESS_ACTIONS:
        logger.warning("%s: the action %s is not carried out by oidc_gate", path, kind)
        return
    lists = (
        "say who may pass with allow_emails, allow_domains or allow_groups in the config of the openid-connect action"
    )
    instead = _INSTEAD.get(kind, lists) if isinstance(kind, str) else lists
    raise SettingsError(f"{path}: oidc_gate does not carry out the action {kind!r}. Remove it, and {instead}.")


class _Found:
    """What was found in the rules under on_http_request so far."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._configs: list[dict[str, Any]] = []
        self._conditionals: list[Conditional] = []
        #: Names that mean something else at ngrok by now, each with the action because of which they do.
        self._changed: dict[str, str] = {}

    def take(self, number: int, rule: dict[str, Any], actions: list[dict[str, Any]]) -> None:
        """Take a rule's actions, in their order."""
        decided = ""
        for action in actions:
            kind = action.get("type")
            if not isinstance(kind, str) or not (kind in LOGIN_ACTIONS or kind in ANSWERS):
                _check_harmless(self._path, action)
                self._changed |= dict.fromkeys(_CHANGES.get(str(kind), ()), str(kind))
                continue
            title = f"rule {number} ({kind})"
            if decided:
                self._refuse_second(title, decided, kind)
            decided = kind
            if kind in LOGIN_ACTIONS:
                self._take_login(title, rule, action)
            else:
                self._take_answer(title, rule, action)

    def _refuse_second(self, title: str, first: str, kind: str) -> None:
        if first in LOGIN_ACTIONS and kind in LOGIN_ACTIONS:
            raise SettingsError(
                f"{self._path} must have one openid-connect action under on_http_request; it has 2. Remove one of them."
            )
        raise SettingsError(
            f"{self._path}: {title} has {first} in the same rule. Put each into a rule of its own, {kind} with"
            " expressions that say for whom."
        )

    def _take_login(self, title: str, rule: dict[str, Any], action: dict[str, Any]) -> None:
        self._configs.append(_config_of(self._path, action))
        conditional = self._conditional(title, rule, None)
        if conditional is None:
            return
        if conditional.reads_identity:
            raise SettingsError(
                f"{self._path}: {title} says for which requests login applies, before anybody has signed in: its"
                " expressions may read req.method, req.host, req.url.path, req.headers and conn.client_ip alone. Put"
                " what goes by the person into a rule after it, with deny."
            )
        if "req.headers" in conditional.names:
            logger.warning(
                "%s: %s goes by headers: whoever sends the right ones passes without signing in", self._path, title
            )
        self._conditionals.append(conditional)

    def _take_answer(self, title: str, rule: dict[str, Any], action: dict[str, Any]) -> None:
        kind = action["type"]
        if not self._configs:
            raise SettingsError(
                f"{self._path}: {title} stands before the openid-connect action, where nobody has signed in yet. Put it"
                " after that; what needs no login is named in public_paths."
            )
        _check_keys(self._path, f"beside the {kind} action's config", action, {"type", "config"})
        answer = read_answer(f"{self._path}: {title}", action)
        conditional = self._conditional(title, rule, answer)
        if conditional is None:
            raise SettingsError(
                f"{self._path}: {title} has no expressions, so that nobody could pass. Say for whom it is:"
                " expressions: [\"!actions.ngrok.oidc.identity.email.endsWith('@example.com')\"]"
            )
        self._conditionals.append(conditional)

    def _conditional(self, title: str, rule: dict[str, Any], answer: Any) -> Conditional | None:
        """Return the rule with its expressions; None where it has none."""
        texts = rule.get("expressions")
        if texts is not None and not isinstance(texts, list):
            raise SettingsError(f"{self._path}: the expressions of {title} must be a list of texts.")
        if not texts:
            return None
        expressions = tuple(
            compiled(text, f"{self._path}: {title}, expression {number}") for number, text in enumerate(texts, 1)
        )
        conditional = Conditional(f"{title} of {self._path.name}", expressions, answer)
        for name in sorted(conditional.names & self._changed.keys()):
            raise SettingsError(
                f"{self._path}: {title} reads {name}, which {self._changed[name]} has changed before at ngrok and not"
                f" here. Put the rule before {self._changed[name]}, and write the expression for what a browser sends."
            )
        return conditional

    def settings(self) -> dict[str, Any]:
        """Return what they come to."""
        if len(self._configs) != 1:
            raise SettingsError(
                f"{self._path} must have one openid-connect action under on_http_request; it has {len(self._configs)}."
            )
        settings = _without_interpolation(self._path, self._configs[0])
        if not self._conditionals:
            return settings
        if "rules" in settings:
            raise SettingsError(
                f"{self._path} has rules both with expressions and in the config of the openid-connect action. Keep one"
                " kind: write what the expressions say as rules."
            )
        return settings | {"rules": tuple(self._conditionals)}


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
        variable = f"OIDC_GATE_{name}".upper()
        if name.startswith(("allow_", "require_")):
            raise SettingsError(
                f"{path}: {name} holds an ngrok expression, which oidc_gate cannot work out. Remove it there, and give"
                f" {variable} instead."
            )
        logger.warning("%s: %s holds an ngrok expression; give %s instead", path, name, variable)
    return kept
