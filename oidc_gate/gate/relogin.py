"""What a page's own scripts sign in again with, in a pop-up: `relogin.js`, and the page on which that login ends.

The page tells all other pages of the app, through a BroadcastChannel, that it is time to ask `userinfo` again, and
nothing else: not who has signed in, for whoever sends such a message may be anybody. A pop-up's `opener` would be gone
where the app or the provider has a Cross-Origin-Opener-Policy.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from oidc_gate.browser import Kind, kind_of, scripted_pages
from oidc_gate.decisions import Decision, Reply, Request
from oidc_gate.gate.components import Components, Here
from oidc_gate.gate.departures import Departures
from oidc_gate.gate.refusals import Refusals

__all__ = ["Relogin"]

Pairs = list[tuple[str, str]]

_FOR_EVER = "public, max-age=31536000, immutable"
_MOST_PARAMETERS = 10


class Relogin:
    """Answers `relogin.js` and `done` for one gate."""

    def __init__(self, components: Components, refusals: Refusals, departures: Departures) -> None:
        self._components = components
        self._refusals = refusals
        self._departures = departures

    def script(self, request: Request) -> Reply:
        """Return the script, in the language `lang`; for good where `v` names its version, else to be asked for again.

        An address that names another version gets this one, and no cache keeps it under that name: while a new version
        is rolled out, two of them answer.
        """
        from oidc_gate.browser.relogin_script import relogin_script  # late: most apps do without

        try:
            asked = dict(parse_qsl(request.query, max_num_fields=_MOST_PARAMETERS))
        except ValueError:
            asked = {}
        found = relogin_script(asked.get("lang", ""))
        tag = f'"{found.integrity}"'
        kept = _FOR_EVER if asked.get("v") == found.version else "no-cache"
        headers = (("cache-control", kept), ("etag", tag), ("x-content-type-options", "nosniff"))
        if tag in request.header("if-none-match"):
            return Reply(304, headers)
        return Reply(200, (("content-type", "text/javascript; charset=utf-8"), *headers), found.body)

    def done(self, here: Here, _: Pairs) -> Decision:
        """Tell the app's pages that somebody has signed in, and try to close the window. Whoever has not is asked to.

        It says so to somebody whom the lists do not let pass too: the page that waits loads itself anew, and finds out.
        """
        if self._components.session(here) is not None:
            return scripted_pages.signed_in(self._components.pages, here.request)
        kind = kind_of(here.request)
        if kind is Kind.PAGE:
            return self._departures.send(here.request, None)
        return self._refusals.login_required(here.request, kind)
