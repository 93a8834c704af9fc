"""What the log says at DEBUG, of the steps of a login and of cookies: addresses without queries, and nothing secret."""

from __future__ import annotations

import logging

from oidc_gate.decisions import Header
from oidc_gate.gate.components import Components, Here
from oidc_gate.gate.parties import Party

__all__ = ["log_departure", "log_session", "why_nobody"]

logger = logging.getLogger("oidc_gate")


def log_departure(
    components: Components, party: Party, here: Here, return_to: str, endpoint: str, prompt: str
) -> None:
    """Tell of a browser that leaves for the provider, and is to come back to that page."""
    if not logger.isEnabledFor(logging.DEBUG):
        return  # to put it together would take a part of the time that a redirect takes
    logger.debug(
        "a login begins for %s: to %s as client %s, redirect URI %s, scopes %s%s",
        return_to.partition("#")[0].partition("?")[0],
        endpoint.partition("?")[0],
        party.settings.client_id,
        components.url(here, party.callback),
        " ".join(party.settings.scopes),
        f", with prompt={prompt}" if prompt else "",
    )


def log_session(here: Here, headers: tuple[Header, ...], text: str, lifetime: float, tokens: dict[str, str]) -> None:
    """Tell of a session that was just kept, in these Set-Cookie headers; `lifetime` in seconds."""
    logger.debug(
        "the session goes into %d cookie(s) named %s, %d bytes of text; it ends in %.0f s; kept: %s",
        sum(not value.endswith("; Max-Age=0") for _, value in headers),
        here.cookies.session,
        len(text),
        lifetime,
        ", ".join(sorted(tokens)) or "no tokens",
    )


def why_nobody(here: Here) -> str:
    """Return what a log may say of the session cookie of a request without a session."""
    cookies, header = here.cookies, here.cookie_header
    name, text = cookies.session_text(header)
    if text is not None:
        return f"the cookie {name} opens no session here, or one that has ended"
    if cookies.has_session(header):
        return f"the cookie {cookies.session} is incomplete, or comes twice"
    return f"no cookie {cookies.session}{'' if here.request.cookie_header else ', and no other'}"
