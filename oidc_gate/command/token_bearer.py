"""For whom `explain --token` is asked: whoever an access token names, if the gate takes the token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from oidc_gate.access import printable
from oidc_gate.command.on_paper import PaperGate
from oidc_gate.command.people import text_of
from oidc_gate.errors import GateError, SettingsError
from oidc_gate.gate import Possession, TokenChecking, taken_apart
from oidc_gate.sessions import OpenSession

__all__ = ["RefusedToken", "of_token"]


@dataclass(frozen=True)
class RefusedToken:
    """A token that the gate does not take: what it answers, and why."""

    status: int
    error: str
    code: str
    detail: str

    @property
    def text(self) -> str:
        """In words."""
        return f"{self.status} {self.error}\n  {self.code}: {printable(self.detail)}"

    @property
    def as_json(self) -> dict[str, Any]:
        """What JSON has of it, as of any other verdict."""
        said = {"verdict": "refused", "rule": None, "reason": self.code, "error": self.error}
        return said | {"detail": self.detail, "conditions": []}


def of_token(gate: PaperGate, path: str) -> OpenSession | RefusedToken:
    """Return whoever the token in a file, or on stdin, names; it may stand in an Authorization header.

    The provider is asked, as the gate asks it. A binding (`cnf`) is taken for proven where it could be, as there is no
    request that could prove it; a token alone for one that came under the scheme it has to. Raises SettingsError where
    no answer can be given.
    """
    settings = gate.components.settings
    if settings.bearer_audience is None:
        raise SettingsError("--token: bearer_audience is not set, so that this gate takes no access tokens.")
    if path.startswith("eyJ"):  # which is not repeated
        raise SettingsError("--token names a file with the token in it, or - for stdin, and what was given is a token.")
    text = text_of("--token", path).strip()
    if text[:14].lower() == "authorization:":
        text = text[14:].strip()
    checking = TokenChecking(gate.components, Possession(gate.components))
    try:
        sent = taken_apart(text) if " " in text else taken_apart(f"Bearer {text}")._replace(scheme="")
        known = checking.ask(checking.party_of(sent.token), sent)
    except GateError as error:
        if error.status in (500, 503):
            raise SettingsError(
                f"--token {path}: the provider does not say whether it is good: {error.code}: {error.detail}."
            ) from None
        return RefusedToken(401, "invalid_token", error.code, error.detail)
    if known.lacking:
        detail = f"the token lacks {' '.join(known.lacking)}, of bearer_scopes"
        return RefusedToken(403, "insufficient_scope", "insufficient_scope", detail)
    return known.opened
