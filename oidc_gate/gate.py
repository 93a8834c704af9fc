"""The gate: what happens to a request, from top to bottom.

`Gate.decide` answers with a value and never blocks; what needs the network comes back as `Work`. It imports no web
framework and no asgiref: the adapters bring requests in and carry decisions out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from oidc_gate import pages, protocol
from oidc_gate.addresses import is_host, own_path
from oidc_gate.decisions import Decision, Forward, ReadBody, Reply, Request, Work
from oidc_gate.errors import GateError, LoginError, ProviderError
from oidc_gate.failures import told
from oidc_gate.kinds import Kind, is_preflight, kind_of, wants_page
from oidc_gate.parts import Here, build
from oidc_gate.sessions import Opened
from oidc_gate.settings import Settings
from oidc_gate.signin import SignIn, refreshed
from oidc_gate.signout import SignOut

__all__ = ["Gate"]

logger = logging.getLogger("oidc_gate")

Pairs = list[tuple[str, str]]
Handler = Callable[[Here, Pairs], Decision]

_LONGEST_BODY = 65536
_FORM = "application/x-www-form-urlencoded"
#: At userinfo these end the session; anything else may be a fault that passes.
_CLEAR_NO = frozenset({"userinfo_denied", "userinfo_sub_mismatch"})
_ANYONE = Forward(None)


class Gate:
    """One gate in front of one app. Thread-safe."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._parts = parts = build(settings, clock)
        self._settings = settings
        # What every request needs stands one step away.
        self._clock = clock
        self._addresses = parts.addresses
        self._sessions = parts.sessions
        self._behind_proxies = parts.addresses.reads_forwarded
        self._cookies = parts.cookies_by_scheme()
        self._sign_in = SignIn(parts)
        sign_out = SignOut(parts)
        self._own = settings.path_prefix + "/"
        self._handlers: dict[str, dict[str, Handler]] = {
            "login": {"GET": self._sign_in.login, "POST": self._sign_in.login},
            "callback": {"GET": self._sign_in.callback, "POST": self._sign_in.callback},
            "logout": {"GET": sign_out.logout, "POST": sign_out.logout},
            "userinfo": {"GET": self._userinfo, "HEAD": self._userinfo},
            "backchannel-logout": {"POST": _no_store},
            "frontchannel-logout": {"GET": _no_store},
            "health": {"GET": _health, "HEAD": _health},
        }
        self._login_required = lru_cache(maxsize=64)(
            lambda root_path, page: pages.login_required(f"{root_path}{self._own}login", page=page)
        )
        announce(settings)

    def decide(self, request: Request) -> Decision:
        """Return what happens to a request."""
        if not is_host(request.host) or (self._behind_proxies and not self._addresses.is_wellformed(request)):
            return self._told(request, LoginError("host_malformed", "the Host header is malformed or repeated"), "/")
        if request.path.startswith(self._own):
            return self._answer(request)
        cookies = self._cookies.get(request.scheme) or self._parts.cookies(request)
        text, others = cookies.cut(request.cookie_header)
        now = self._clock()
        opened = self._sessions.find(text, cookies.session, now) if text else None
        if opened is None or text is None:
            return self._without_session(request)
        request.app_cookies = cookies.hidden(request.cookie_header) if others is None else others
        if now < opened.steady_until and not request.is_websocket:
            opened.seen_at = now
            return opened.forward
        return self._with_session(request, text, opened, now)

    # With a session

    def _with_session(self, request: Request, text: str, opened: Opened, now: float) -> Decision:
        """Decide for a session that cannot simply go on: something is due, or this is no plain request."""
        if request.is_websocket and not self._is_own_origin(request):
            return self._foreign(request)
        if now >= opened.due_at and self._sessions.claim_recheck(opened, now):
            return Work("provider", lambda: self._recheck(request, text, opened))
        return self._go_on(request, opened, now)

    def _go_on(self, request: Request, opened: Opened, now: float) -> Decision:
        if not opened.allowed and not self._is_public(request):
            return self._not_allowed(request, opened)
        opened.seen_at = now
        session = self._sessions.renewed(opened, now)
        if session is None or request.is_websocket:
            return opened.forward
        cookies = self._parts.cookies(request)
        text = self._sessions.seal_again(opened, session, cookies.session)
        return opened.forward.renewing(cookies.set_session(text, request.cookie_header, session.expires_at - now))

    def _recheck(self, request: Request, text: str, opened: Opened) -> Decision:
        """Ask the provider who the person is now; without an answer the session goes on as it is."""
        parts, session = self._parts, opened.session
        try:
            found = parts.provider.userinfo(session.tokens.get("access_token", ""), session.claims["sub"])
        except ProviderError as error:
            logger.warning("a session could not be checked again: %s", error)
            if error.code not in _CLEAR_NO:
                return self._go_on(request, opened, parts.clock())
            parts.sessions.end(session, parts.clock())
            return self._without_session(request)
        now = parts.clock()
        fresh = parts.sessions.rechecked(text, opened, refreshed(session, found), now)
        return self._go_on(request, fresh, now)

    def _not_allowed(self, request: Request, opened: Opened) -> Reply:
        here = self._parts.here(request)
        who = opened.identity.email or opened.identity.display_name
        reference = pages.reference()
        logger.warning("not allowed (reference %s): subject %r", reference, opened.identity.subject)
        return pages.refusal(
            403,
            "not_allowed",
            "You may not use this app",
            f"You are signed in as {who}, who is not on this app's list. Ask whoever runs it for access, or sign in as"
            " someone else.",
            page=wants_page(request),
            reference=reference,
            action=("Sign in as someone else", self._parts.path(here, "login")),
        )

    # Without one

    def _without_session(self, request: Request) -> Decision:
        if self._is_public(request) or (self._settings.allow_cors_preflight and is_preflight(request)):
            return self._anyone(request)
        kind = kind_of(request)
        if kind is Kind.NAVIGATION:
            return self._sign_in.send(request)
        root_path = self._parts.addresses.origin(request).root_path
        reply: Reply = self._login_required(root_path, kind is Kind.FORM)
        return reply

    def _anyone(self, request: Request) -> Forward:
        """Forward a request that needs no session, in nobody's name."""
        request.app_cookies = self._parts.cookies(request).hidden(request.cookie_header)
        return _ANYONE

    def _is_public(self, request: Request) -> bool:
        public = self._parts.public
        return public is not None and public.cover(request.path, request.raw_target)

    def _is_own_origin(self, request: Request) -> bool:
        """Return whether a WebSocket was opened by a page of ours; programs, which send no Origin, have no session."""
        origin = request.header("origin")
        own = self._parts.addresses.origin(request)
        return not origin or origin == f"{own.scheme}://{own.host}"

    def _foreign(self, request: Request) -> Decision:
        """Answer a WebSocket opened by another site in a signed-in browser: it gets nobody's identity."""
        if self._is_public(request):
            return self._anyone(request)
        return self._told(request, LoginError("origin_foreign", "a WebSocket was opened from another origin"), "/", 403)

    # The gate's own paths

    def _answer(self, request: Request) -> Decision:
        handlers = self._handlers.get(request.path.removeprefix(self._own))
        if handlers is None:
            return pages.json_reply(404, {"error": "not_found"})
        handle = handlers.get(request.method)
        if handle is None or request.is_websocket:
            return pages.json_reply(405, {"error": "method_not_allowed"}, (("allow", ", ".join(handlers)),))
        here = self._parts.here(request)
        if request.method == "POST":
            return ReadBody(_LONGEST_BODY, lambda body: self._guarded(here, lambda: handle(here, _form(here, body))))
        return self._guarded(here, lambda: handle(here, protocol.read_form(request.query)))

    def _guarded(self, here: Here, call: Callable[[], Decision]) -> Decision:
        """Return what the call decides; the one place where an error on our own paths becomes an answer."""
        try:
            return call()
        except GateError as error:
            return self._told(here.request, error, own_path(here.origin, "/"))

    def _told(self, request: Request, error: GateError, action_path: str, status: int | None = None) -> Reply:
        return told(error, request, action_path=action_path, status=status)

    def _userinfo(self, here: Here, _: Pairs) -> Decision:
        """Tell a page's own scripts who is signed in: a fixed choice of claims, never a token."""
        opened = self._parts.session(here)
        if opened is None:
            reply: Reply = self._login_required(here.origin.root_path, False)
            return reply
        if not opened.allowed:
            return self._not_allowed(here.request, opened)
        return pages.json_reply(200, _public_view(opened))


def _public_view(opened: Opened) -> dict[str, Any]:
    identity = opened.identity
    endless = identity.expires_at == float("inf")
    return {
        "sub": identity.subject,
        "subject": identity.subject,
        "email": identity.email,
        "name": identity.name,
        "groups": list(identity.groups),
        "provider": identity.provider,
        "issuer": identity.issuer,
        "authenticated_at": identity.authenticated_at,
        "expires_at": None if endless else identity.expires_at,
    }


def _form(here: Here, body: bytes | None) -> Pairs:
    """Return the pairs of a posted form. Raises LoginError `body_invalid` for any other body."""
    content_type = here.request.header("content-type").partition(";")[0].strip().lower()
    if body is None or content_type != _FORM:
        raise LoginError("body_invalid", "the body is no form, or too long")
    return protocol.read_form(body.decode("utf-8", "replace"))


def _health(_here: Here, _pairs: Pairs) -> Decision:
    return pages.json_reply(200, {"status": "ok"})


def _no_store(_here: Here, _pairs: Pairs) -> Decision:
    """Refuse a logout from the provider: a session that lives in a cookie cannot be ended without its browser."""
    return pages.json_reply(501, {"error": "session_store_required"})


def announce(settings: Settings) -> None:
    """Log the addresses to register at the provider, and what is worth a second look."""
    base = settings.base_url or "https://<this app's host>"
    prefix = base + settings.path_prefix
    logger.info("to register at the provider as redirect URI: %s/callback", prefix)
    logger.info("as login URL: %s or %s/login?iss=%s", base + "/", prefix, settings.issuer_url)
    logger.info("as post-logout redirect URI: %s/logout", prefix)
    for warning in settings.warnings():
        logger.warning("%s", warning)
