"""Pages with a short script, which does what only a script can. Where none runs there is a button, or nothing to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oidc_gate.browser.pages import Pages
    from oidc_gate.decisions import Reply, Request

__all__ = ["signed_in"]

#: Tells the app's other pages that somebody has signed in, and nothing of who it is: whoever hears it asks.
_TELL = 'new BroadcastChannel("oidc_gate").postMessage("signed-in");close()'


def signed_in(made: Pages, request: Request) -> Reply:
    """Return the page on which a login in a pop-up ends: it tells the app's pages, and closes the window if it may."""
    return made.scripted(request, 200, "title_signed_in", "text_close_window", _TELL)
