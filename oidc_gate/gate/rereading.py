"""Settings are read again when somebody says so, as by a signal, whether their files are watched or not."""

from __future__ import annotations

from pathlib import Path

from oidc_gate.errors import SettingsError
from oidc_gate.gate.gate import Gate
from oidc_gate.gate.reloading import Ask, WatchingGate
from oidc_gate.gate.replacing import attempt, check_changes, tell_changes
from oidc_gate.gate.watched_files import check_regular, look_at

__all__ = ["read_now"]


def read_now(gate: Gate, ask: Ask, folder: Path) -> bool:
    """Have a gate's place taken by one that goes by what the sources of its settings say now; return whether it is.

    What is wrong is told, and the gate stays. `folder`: where relative paths begin. May block.
    """
    if isinstance(gate, WatchingGate):
        return gate.read_now()
    before, named = gate._components, list[Path]()
    made = attempt(lambda: _successor(gate, folder, named))
    if isinstance(made, SettingsError):
        before.telling.settings_refused(made)
        return False
    tell_changes(before.telling, before.settings, made._components.settings, named)
    ask(made)
    return True


def _successor(gate: Gate, folder: Path, named: list[Path]) -> Gate:
    """Return a gate with what the sources of this one's settings say now. Raises SettingsError."""
    before = gate._components
    check_regular(look_at(before.settings.files(folder)))
    settings = before.settings.read_again(folder, named)
    check_changes(before.settings, settings)
    return Gate(settings, gate._clock, before)
