"""What each check means, why it matters, and how to mend what it finds."""

from __future__ import annotations

import textwrap

from oidc_gate.doctor.about_address import ABOUT_ADDRESS
from oidc_gate.doctor.about_client import ABOUT_CLIENT
from oidc_gate.doctor.about_network import ABOUT_NETWORK
from oidc_gate.doctor.about_provider import ABOUT_PROVIDER
from oidc_gate.doctor.about_requests import ABOUT_REQUESTS
from oidc_gate.doctor.about_sessions import ABOUT_SESSIONS
from oidc_gate.doctor.about_settings import ABOUT_SETTINGS
from oidc_gate.doctor.table import CHECKS
from oidc_gate.doctor.told import About
from oidc_gate.errors import SettingsError

__all__ = ["ABOUT", "about"]

ABOUT: dict[str, About] = {
    **ABOUT_SETTINGS,
    **ABOUT_NETWORK,
    **ABOUT_PROVIDER,
    **ABOUT_CLIENT,
    **ABOUT_REQUESTS,
    **ABOUT_SESSIONS,
    **ABOUT_ADDRESS,
}
_PARAGRAPH = textwrap.TextWrapper(
    80, initial_indent="  ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
)


def about(check_id: str) -> str:
    """Return what a check is about, for a terminal. Raises SettingsError for an id that no check has."""
    names = {check.id: check.name for check in CHECKS}
    known = check_id.strip().upper()
    if known not in names:
        raise SettingsError(f"--about {check_id}: there is no such check; there are {', '.join(names)}")
    told = ABOUT[known]
    parts = [("What it means", told.means), ("Why it matters", told.why), ("How to mend it", told.mend)]
    parts += [(f"At {provider}", text) for provider, text in told.at.items()]
    blocks = [f"{title}\n{_PARAGRAPH.fill(text)}" for title, text in parts]
    return "\n\n".join([f"{known} {names[known]}", *blocks])
