"""Signing out: the session of this browser ends here, and at the provider where `provider_logout` says so.

A person's own click signs out, and so does a POST; a page's pictures, scripts and frames do not, nor does another site.

The session here ends first, whatever becomes of the rest. The way back from the provider is the logout path again, with
the `state` it was sent: by then there is no session left to end.
"""

from __future__ import annotations

import logging
import secrets
from urllib.parse import quote

from oidc_gate.browser import is_cross_site, is_speculative, pages, scripted_pages
from oidc_gate.decisions import Decision, Reply, Request, Work
from oidc_gate.errors import LoginError, ProviderError
from oidc_gate.gate.addresses_asked_for import return_address
from oidc_gate.gate.components import Components, Here
from oidc_gate.gate.parties import Party
from oidc_gate.provider import code_flow
from oidc_gate.sealing import SignedRows
from oidc_gate.sessions import Session

__all__ = ["SignOut"]

logger = logging.getLogger("oidc_gate")

Header = tuple[str, str]
Pairs = list[tuple[str, str]]

#: How long a browser may take at the provider before it comes back, in seconds.
_WAY_BACK = 900
#: A longer URL is refused by some providers, with an ID token of many groups in it; then it is a form (characters).
_LONGEST_URL = 2000
#: What the browser keeps of the app's pages; whether "back" shows one is told by its Cache-Control alone.
_CLEARED: Header = ("clear-site-data", '"cache"')


class SignOut:
    """The logout of one gate."""

    def __init__(self, components: Components) -> None:
        self._components = components
        self._signed = SignedRows(components.settings.cookie_secret, f"logout {components.context}")

    def logout(self, here: Here, pairs: Pairs) -> Decision:
        """End this browser's session; ask first when another site sent it here."""
        params = code_flow.single_values(pairs, ("next", "redirect_path", "state", "auth_id"))
        asked, parties = params.get("auth_id"), self._components.parties
        if asked is not None and parties.named(asked) is None:
            raise LoginError("auth_id_unknown", "auth_id names another provider")
        if "state" in params:
            return self._come_back(here, params["state"])
        if here.request.method == "GET" and _is_part_of_page(here.request):
            return pages.json_reply(405, {"error": "method_not_allowed"}, (("allow", "POST"),))
        if _is_unseen(here.request):
            return self._confirm(here, params)
        opened = self._components.session(here, afresh=True)  # its newest refresh token is the one to be revoked
        party = parties.first if opened is None else parties[opened.provider_key]
        if opened is not None and asked not in (None, party.auth_id):
            raise LoginError("auth_id_unknown", f"auth_id is {asked}, and the session is of {party.auth_id}")
        # A form that another site sends brings no SameSite cookie along, and would yet have it deleted.
        if (opened is not None or here.request.method == "POST") and is_cross_site(here.request, here.origin.site):
            return self._confirm(here, params)
        target = next((params[name] for name in ("next", "redirect_path") if name in params), None)
        return_to = None if target is None else return_address(target, here)
        headers = (
            *here.cookies.drop_session(here.cookie_header),
            *here.cookies.drop_logins(here.cookie_header),
            *self._drop_apps_cookies(here),
            _CLEARED,
        )
        if opened is None:
            logger.debug("there is no session to sign out of; cookies are deleted")
            back, ended = self._back_from_own(here)
            return self._done(here, back if target is None else return_to, (*headers, *ended))
        session = opened.session
        self._components.sessions.end(session.session_id, self._components.clock(), session.expires_at)
        party.telling.logged_out(here.request, session)
        if not party.settings.provider_logout and "refresh_token" not in session.tokens:
            return self._done(here, return_to, headers)
        return Work(
            party.lane("session"),
            lambda: self._leave(here, party, session, return_to, headers),
            turned_away=lambda: self._leave_untold(here, return_to, headers),
        )

    def _confirm(self, here: Here, params: dict[str, str]) -> Reply:
        return self._components.pages.confirm_logout(here.request, self._components.path(here, "logout"), params)

    def _leave_untold(self, here: Here, return_to: str | None, headers: tuple[Header, ...]) -> Reply:
        logger.warning("signing out is not complete at the provider: too many requests wait for it")
        return self._done(here, return_to, headers)

    def _leave(
        self, here: Here, party: Party, session: Session, return_to: str | None, headers: tuple[Header, ...]
    ) -> Reply:
        """Tell the provider: its tokens end, and the browser is sent there to end its session; else it stays here."""
        settings = party.settings
        own = settings.provider_logout_url if settings.provider_logout else ""
        endpoint = ""
        try:
            if "refresh_token" in session.tokens:
                party.provider.revoke(session.tokens["refresh_token"])
            if settings.provider_logout and not own:
                endpoint = party.provider.metadata().end_session_endpoint
        except ProviderError as error:
            logger.warning("signing out is not complete at the provider: %s", error)
        if own:
            return self._leave_by_own(here, party, own, return_to, headers)
        if not endpoint:
            return self._done(here, return_to, headers)
        state = secrets.token_urlsafe(24)
        note = here.cookies.set_logout(self._signed.dumps([state, return_to]), _WAY_BACK)
        params = code_flow.end_session_params(
            client_id=settings.client_id,
            id_token=session.tokens.get("id_token", ""),
            return_url=self._components.url(here, "logout"),
            state=state,
        )
        logger.debug("signing out goes on at the provider: %s", endpoint.partition("?")[0])
        url = code_flow.end_session_url(endpoint, params)
        if len(url) > _LONGEST_URL:  # providers take both (RP-Initiated Logout 1.0, 2)
            return self._components.pages.form_post(here.request, endpoint, params, (*headers, note))
        return self._redirect(here, url, (*headers, note))

    def _leave_by_own(
        self, here: Here, party: Party, url: str, return_to: str | None, headers: tuple[Header, ...]
    ) -> Reply:
        """Send the browser to a logout of the provider's own kind.

        It comes back to the very address that is registered, for such providers compare all of it: without a state. So
        where it goes on to is kept here, and counts only where nobody is signed in.
        """
        logger.debug("signing out goes on at the provider: %s", url.partition("?")[0])
        note = here.cookies.set_logout(self._signed.dumps(["", return_to]), _WAY_BACK)
        client_id, return_url = party.settings.client_id, self._components.url(here, "logout")
        for place, value in (("{client_id}", client_id), ("{return_to}", return_url)):
            url = url.replace(place, quote(value, safe=""))
        return self._redirect(here, url, (*headers, note))

    def _back_from_own(self, here: Here) -> tuple[str | None, tuple[Header, ...]]:
        """Return where a browser goes on to that comes back from there, None for nowhere, and what ends the note."""
        note = self._signed.loads(here.cookies.logout_text(here.cookie_header) or "")
        if note is None or note[0]:  # none, or that of a logout that comes back with a state
            return None, ()
        return note[1], (here.cookies.set_logout("", 0),)

    def _drop_apps_cookies(self, here: Here) -> tuple[Header, ...]:
        """Return the Set-Cookie headers that delete the app's own login: at `/` and where the app is mounted.

        A cookie is known by its path and domain too, which no browser tells; these are where apps set theirs.
        """
        settings, origin = self._components.settings, here.origin
        secured = "; Secure" if origin.scheme == "https" else ""
        domains = ("", f"; Domain={settings.auth_cookie_domain}") if settings.auth_cookie_domain else ("",)
        return tuple(
            ("set-cookie", f"{name}=; Path={path}{domain}{secured}; Max-Age=0")
            for name in settings.logout_cookies or ()
            for path in dict.fromkeys(("/", origin.root_path or "/"))
            for domain in domains
        )

    def _come_back(self, here: Here, state: str) -> Reply:
        """Take the browser back from the provider. Raises LoginError when it was not sent there from here."""
        note = self._signed.loads(here.cookies.logout_text(here.cookie_header) or "")
        expected, return_to = note or ("", None)
        if not expected or not secrets.compare_digest(state.encode(), expected.encode()):
            raise LoginError("logout_state_mismatch", "the state is not that of a logout under way in this browser")
        return self._done(here, return_to, (here.cookies.set_logout("", 0),))

    def _done(self, here: Here, return_to: str | None, headers: tuple[Header, ...]) -> Reply:
        if return_to is not None:
            return self._redirect(here, return_to, headers)
        login_path = self._components.path(here, "login")
        return scripted_pages.signed_out(self._components.pages, here.request, login_path, headers)

    def _redirect(self, here: Here, url: str, headers: tuple[Header, ...]) -> Reply:
        return pages.redirect(url, headers, status=303 if here.request.method == "POST" else 302)


def _is_part_of_page(request: Request) -> bool:
    """Return whether a page asked for this by itself: for a picture, a script, a style sheet, or by a script of its.

    Whoever can write into a page of the app would sign out all who read it; only a POST says that it is meant.
    """
    return request.header("sec-fetch-mode") not in ("", "navigate")


def _is_unseen(request: Request) -> bool:
    """Return whether nobody looks at the answer as a page of its own: it is for a frame, or fetched ahead."""
    framed = request.method == "GET" and request.header("sec-fetch-dest") not in ("", "document")
    return framed or is_speculative(request)
