"""The name that Apple hands to the browser, once: at the first login, beside the code, in the parameter `user`.

No token has it, and nothing is signed: whoever has the browser can write any name there. So it is a name to greet
somebody by and nothing else, and it is not taken where anything goes by the claim `name`. The address that comes with
it is never taken: the ID token has one.
"""

from __future__ import annotations

from typing import Any

from oidc_gate.gate.components import Components
from oidc_gate.gate.parties import Party
from oidc_gate.identity import text_claim
from oidc_gate.provider import code_flow, read_json_object

__all__ = ["SelfToldNames"]

_LONGEST_JSON, _LONGEST_NAME = 2000, 100


class SelfToldNames:
    """Adds such a name to the claims of a login, where they have none."""

    def __init__(self, components: Components, party: Party) -> None:
        settings, policy = party.settings, components.policy
        by_rules = "name" in policy.claims or any(rule.who.reads_any_claim for rule in policy.rules)
        by_app = settings.remote_user_claim == "name" or isinstance(settings.identity_headers, tuple)
        self._are_taken = settings.response_mode == "form_post" and not (by_rules or by_app or policy.conditionals)

    def added(self, claims: dict[str, Any], callback: code_flow.Callback) -> dict[str, Any]:
        """Return the claims of a login, with the name that came beside the code."""
        if not self._are_taken or not callback.user or text_claim(claims, "name") is not None:
            return claims
        name = _name_in(callback.user)
        return claims | {"name": name} if name else claims

    def kept(self, claims: dict[str, Any], before: dict[str, Any]) -> dict[str, Any]:
        """Return the claims of a renewal, which brings no name again, with that of `before`."""
        if not self._are_taken or "name" in claims or "name" not in before:
            return claims
        return claims | {"name": before["name"]}


def _name_in(user: str) -> str:
    """Return the name in `{"name": {"firstName": …, "lastName": …}}`, `""` for none, or one that cannot be shown."""
    if len(user) > _LONGEST_JSON:
        return ""
    try:
        named = read_json_object(user).get("name")
    except ValueError:
        return ""
    parts = [named.get(part) for part in ("firstName", "lastName")] if isinstance(named, dict) else []
    name = " ".join(part.strip() for part in parts if isinstance(part, str) and part.strip())
    return name if len(name) <= _LONGEST_NAME and name.isprintable() else ""
