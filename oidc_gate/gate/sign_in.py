"""Signing in: from a request without a session to the provider, and back again with one.

Nothing here leads in a circle. A login that fails in a way that a second try may mend is started again once, by itself;
browsers that come back from login after login without their session are told so.
"""

from __future__ import annotations

import logging
from functools import lru_cache
from urllib.parse import urlsplit

from oidc_gate.browser import Attempt, Origin, own_path, pages, requested_path, safe_path
from oidc_gate.decisions import Decision, Reply, Request, Work
from oidc_gate.errors import GateError, LoginError, ProviderDownError, ProviderError, StoreError
from oidc_gate.gate.components import Components, Here
from oidc_gate.gate.error_replies import ProviderRefusalError, error_reply
from oidc_gate.gate.kept_tokens import access_end, kept_tokens, note_algorithm, refresh_time
from oidc_gate.gate.userinfo import Userinfo
from oidc_gate.provider import Metadata, code_flow

__all__ = ["SignIn", "check_auth_id", "return_address"]

logger = logging.getLogger("oidc_gate")

Header = tuple[str, str]
Pairs = list[tuple[str, str]]

#: So many logins finished within so many seconds, and still no session: the browser does not keep it.
_LOOP_LOGINS, _LOOP_SECONDS = 3, 60.0



class SignIn:
    """The login of one gate: `send` starts it for a page, `login` and `callback` are its paths."""

    def __init__(self, components: Components) -> None:
        self._components = components
        self._settings = components.settings
        self._userinfo = Userinfo(components)
        self._base = lru_cache(maxsize=64)(self._authorization_base)

    # Leaving for the provider

    def send(self, request: Request) -> Decision:
        """Send a browser that asked for a page to the provider; it will return to that page."""
        here = self._components.here(request)
        return_to = _asked_for(here)
        if self._goes_in_circles(here):
            return self._error_reply(here, LoginError("login_loop", "the session cookie does not come back"), return_to)
        stale = f"{here.cookies.session}=" in here.cookie_header
        return self._start(here, return_to, headers=here.cookies.drop_session(here.cookie_header) if stale else ())

    def return_path(self, request: Request) -> str:
        """Return the page that was asked for, as an address to come back to."""
        return _asked_for(self._components.here(request))

    def login(self, here: Here, pairs: Pairs) -> Decision:
        """Start a login that was asked for: by the app with `next`, or by another party with `iss` (Core, 4)."""
        names = ("next", "redirect_path", "target_link_uri", "auth_id", "iss", "login_hint")
        params = code_flow.single_values(pairs, names)
        check_auth_id(params, self._settings.auth_id)
        issuer = params.get("iss")
        if issuer is not None and issuer.rstrip("/") != self._settings.issuer_url.rstrip("/"):
            raise LoginError("issuer_unknown", "a login was asked for at another provider than issuer_url")
        target = next((params[name] for name in names[:3] if name in params), "")
        extra = code_flow.login_hint_param(params.get("login_hint", ""))
        before = self._components.session(here)
        replaces = before.session_id if before is not None else ""
        return_to = return_address(target, here)
        return self._start(here, return_to, forced=issuer is None, extra=extra, replaces=replaces)

    def _start(
        self,
        here: Here,
        return_to: str,
        *,
        forced: bool = False,
        extra: str = "",
        restarted: bool = False,
        replaces: str = "",
        headers: tuple[Header, ...] = (),
    ) -> Decision:
        attempt = Attempt.new(return_to, self._components.clock(), restarted=restarted, replaces=replaces)

        def depart(metadata: Metadata) -> Reply:
            base = self._base(metadata.authorization_endpoint, here.origin, forced)
            url = code_flow.authorization_url(
                base, state=attempt.state, nonce=attempt.nonce, verifier=attempt.verifier, extra=extra
            )
            stored = self._components.attempts.add(attempt, here.cookies, here.cookie_header)
            return pages.redirect(url, (*headers, *stored), status=303 if here.request.method == "POST" else 302)

        def fetch_and_depart() -> Decision:
            try:
                return depart(self._components.provider.metadata())
            except ProviderError as error:
                # Before the provider is known there is nothing that could be the browser's fault.
                return self._error_reply(here, ProviderDownError(error.code, error.detail), return_to, headers)

        known = self._components.provider.known_metadata()
        return depart(known) if known is not None else Work("provider", fetch_and_depart)

    def _authorization_base(self, endpoint: str, origin: Origin, forced: bool) -> str:
        settings = self._settings
        extra = dict(settings.authz_url_params)
        if forced:
            extra["prompt"] = "login"
        elif extra.get("prompt") == "select_account" and _is_jumpcloud(endpoint):
            extra["prompt"] = "login"  # JumpCloud does not know the other and refuses the request
        if settings.response_mode != "query":
            extra["response_mode"] = settings.response_mode
        params = {
            "response_type": "code",
            "client_id": settings.client_id,
            "redirect_uri": self._redirect_uri(origin),
            "scope": " ".join(settings.scopes),
            "code_challenge_method": "S256",
            **extra,
        }
        return code_flow.authorization_base(endpoint, params.items())

    def _redirect_uri(self, origin: Origin) -> str:
        return f"{origin.url}{self._settings.path_prefix}/callback"

    def _goes_in_circles(self, here: Here) -> bool:
        since = self._components.clock() - _LOOP_SECONDS
        attempts = self._components.attempts.all(here.cookies, here.cookie_header)
        return sum(attempt.done and attempt.started_at > since for attempt, _ in attempts) >= _LOOP_LOGINS

    # Coming back

    def callback(self, here: Here, pairs: Pairs) -> Decision:
        """Take the provider's answer: it must belong to a login that was started in this browser, and not long ago."""
        callback = code_flow.read_callback(pairs)
        attempt = self._components.attempts.find(callback.state, here.cookies, here.cookie_header)
        if attempt is None:
            if self._components.session(here) is not None:
                return self._go(here, own_path(here.origin, "/"))
            raise LoginError("state_unknown" if here.cookie_header else "cookies_missing", "no login with this state")
        if attempt.done:
            return self._go(here, attempt.return_to)
        if self._components.attempts.is_late(attempt, self._components.clock()):
            return self._again(here, attempt, LoginError("login_late", "the login took longer than login_timeout"))
        if callback.error:
            return self._failed(here, attempt, self._refusal(callback))
        return Work("provider", lambda: self._finish(here, attempt, callback))

    def _refusal(self, callback: code_flow.Callback) -> GateError:
        """Return the provider's no, or ours to a no that names another provider (RFC 9207, 2.4)."""
        known = self._components.provider.known_metadata()
        try:
            if known is not None:
                callback.check_issuer(known.issuer, required=False)
        except ProviderError as error:
            return error
        return ProviderRefusalError(callback.error, callback.error_description)

    def _finish(self, here: Here, attempt: Attempt, callback: code_flow.Callback) -> Decision:
        """Redeem the code and start the session. An outage leaves the attempt as it is: the page can be reloaded."""
        try:
            return self._redeem(here, attempt, callback)
        except (ProviderDownError, StoreError) as error:
            return self._error_reply(here, error, attempt.return_to)

    def _redeem(self, here: Here, attempt: Attempt, callback: code_flow.Callback) -> Decision:
        try:
            session_headers = self._start_session(here, attempt, callback)
        except ProviderDownError:
            raise
        except LoginError as error:
            return self._again(here, attempt, error) if error.retry else self._failed(here, attempt, error)
        except ProviderError as error:
            return self._failed(here, attempt, error)
        note = self._components.attempts.finish(attempt, here.cookies, self._components.clock())
        return self._go(here, attempt.return_to, (*session_headers, note))

    def _start_session(self, here: Here, attempt: Attempt, callback: code_flow.Callback) -> tuple[Header, ...]:
        components = self._components
        claims, issued = components.provider.exchange(
            callback, redirect_uri=self._redirect_uri(here.origin), verifier=attempt.verifier, nonce=attempt.nonce
        )
        claims, kept = self._userinfo.complete(claims, issued.access_token)
        now = components.clock()
        tokens = kept_tokens(components, issued)
        refresh_at = refresh_time(issued, now) if "refresh_token" in tokens else float("inf")
        session = components.sessions.start(claims, tokens, kept, now, refresh_at, access_end(issued, now))
        note_algorithm(components, issued)
        session, text = components.sessions.keep(session, here.cookies.session)
        headers = here.cookies.set_session(text, here.cookie_header, session.expires_at - now)
        replaced = components.session(here)
        # A callback that the provider's page posts comes without the session's cookie; then the attempt tells.
        before = replaced.session_id if replaced is not None else attempt.replaces
        if before:
            components.sessions.end(before, now)
        logger.info("signed in: subject %r at client %s", claims["sub"], self._settings.client_id)
        return headers

    def _again(self, here: Here, attempt: Attempt, error: LoginError) -> Decision:
        """Start the login again, once; a browser that has a good session meanwhile just goes on to its page."""
        if self._components.session(here) is not None:
            return self._go(here, attempt.return_to, (here.cookies.drop_attempt(attempt.identifier),))
        if attempt.restarted:
            return self._failed(here, attempt, error)
        logger.info("a login is started again: %s", error)
        dropped = (here.cookies.drop_attempt(attempt.identifier),)
        return self._start(here, attempt.return_to, restarted=True, headers=dropped)

    def _failed(self, here: Here, attempt: Attempt, error: GateError) -> Reply:
        return self._error_reply(here, error, attempt.return_to, (here.cookies.drop_attempt(attempt.identifier),))

    def _error_reply(self, here: Here, error: GateError, return_to: str, headers: tuple[Header, ...] = ()) -> Reply:
        return error_reply(error, here.request, action_path=return_to, headers=headers)

    def _go(self, here: Here, path: str, headers: tuple[Header, ...] = ()) -> Reply:
        return pages.redirect(path, headers, status=303 if here.request.method == "POST" else 302)


def _is_jumpcloud(endpoint: str) -> bool:
    return (urlsplit(endpoint).hostname or "").endswith(".jumpcloud.com")


def check_auth_id(params: code_flow.Params, auth_id: str) -> None:
    """Refuse a login or logout at a provider that is not ours. Raises LoginError `auth_id_unknown`."""
    if params.get("auth_id", auth_id) != auth_id:
        raise LoginError("auth_id_unknown", "auth_id names another provider")


def _asked_for(here: Here) -> str:
    return return_address(requested_path(here.request, here.origin.root_path), here)


def return_address(target: str, here: Here) -> str:
    """Return where to go after a login or logout; the app's root when none is given or it is not ours."""
    found = safe_path(target, here.origin) if target else "/"
    return own_path(here.origin, "/") if found == "/" else found
