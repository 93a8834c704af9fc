"""What was found, written onto the page of each provider in `docs/providers/`, between two comments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.docs_tables import written_anew
from tests.real_providers.provider import Provider

__all__ = ["FOLDER", "MISSING", "PROVIDERS", "write"]

FOLDER = Path(__file__).parents[2] / "docs" / "providers"
#: The modules of this folder that run a provider, in the order in which they are run; each has a page of its name.
PROVIDERS = ("hydra", "keycloak", "django_oauth_toolkit", "canaille", "spring")
#: Providers that were wanted and are not run, and why.
MISSING = {
    "dex": "the newest version that the Go module proxy has is v2.13.0, of 2018, which no longer builds as it is",
    "glewlwyd": "Debian has it, but its login page is a script, which these journeys cannot fill in",
}
_LISTS = {
    "token_endpoint_auth_methods_supported": "Client authentication",
    "id_token_signing_alg_values_supported": "ID tokens signed with",
    "code_challenge_methods_supported": "PKCE",
    "prompt_values_supported": "`prompt`",
}
_SWITCHES = {
    "end_session_endpoint": "`end_session_endpoint`",
    "backchannel_logout_supported": "Back-channel logout",
    "frontchannel_logout_supported": "Front-channel logout",
    "authorization_response_iss_parameter_supported": "`iss` in the answer (RFC 9207)",
    "require_pushed_authorization_requests": "Pushed requests demanded",
}


def write(name: str, provider: Provider, discovery: dict[str, Any]) -> None:
    """Write what was found onto the page of this provider."""
    path = FOLDER / f"{name}.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(written_anew(text, "what was found", _table(provider, discovery), "make providers"), "utf-8")


def _table(provider: Provider, discovery: dict[str, Any]) -> str:
    rows = [(title, _listed(discovery.get(key))) for key, title in _LISTS.items()]
    rows += [(title, "yes" if discovery.get(key) else "no") for key, title in _SWITCHES.items()]
    said = "\n".join(f"| {what} | {found} |" for what, found in rows)
    seen = "\n".join(f"| {what} | {found} |" for what, found in sorted(provider.notes.items()))
    which = f"{provider.title} {provider.version}, from {provider.source}."
    heads = ("| its discovery says | |\n|---|---|", "| seen under WSGI and ASGI alike | |\n|---|---|")
    return f"{which}\n\n{heads[0]}\n{said}\n\n{heads[1]}\n{seen}"


def _listed(values: Any) -> str:
    return ", ".join(f"`{each}`" for each in sorted(values)) if values else "not said"
