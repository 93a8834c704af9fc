"""The gate's own paths: which there are, how they are called, and those that are neither login nor logout."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from oidc_gate.access import Verdict
from oidc_gate.browser import Kind, begins_login, kind_of, own_path, pages
from oidc_gate.decisions import Decision, ReadBody, Reply, Request, Work
from oidc_gate.errors import GateError, LoginError
from oidc_gate.gate.components import Components, Here
from oidc_gate.gate.departures import Departures
from oidc_gate.gate.health import Health
from oidc_gate.gate.kept_forms import KeptForms
from oidc_gate.gate.parties import Party
from oidc_gate.gate.refusals import Refusals
from oidc_gate.gate.relogin import Relogin
from oidc_gate.gate.remote_logout import RemoteLogout
from oidc_gate.gate.sign_in import SignIn
from oidc_gate.gate.sign_out import SignOut
from oidc_gate.gate.signals import Signals
from oidc_gate.provider import code_flow
from oidc_gate.sessions import NEVER, OpenSession
from oidc_gate.telling import About

__all__ = ["OwnPaths"]

Pairs = list[tuple[str, str]]
Handler = Callable[[Here, Pairs], Decision]

_READING = ("GET", "HEAD")
_LONGEST_BODY = 65536
_FORM = "application/x-www-form-urlencoded"


class OwnPaths:
    """Answers the paths under `path_prefix`."""

    def __init__(
        self, components: Components, refusals: Refusals, departures: Departures, kept_forms: KeptForms
    ) -> None:
        self._components = components
        self._refusals = refusals
        self._departures = departures
        self._prefix = components.settings.path_prefix + "/"
        callbacks = {party.callback: _callback(components, party, departures) for party in components.parties}
        self._of_logins = {f"{self._prefix}{name}" for name in ("login", *callbacks)}
        sign_out = SignOut(components)
        remote_logout = RemoteLogout(components, refusals)
        health, relogin = Health(components, refusals), Relogin(components, refusals, departures)
        #: What says nothing of a person, and looks for no session.
        self._stateless: dict[str, Callable[[Request], Decision]] = {
            "health": health.health,
            "ready": health.ready,
            "relogin.js": relogin.script,
        }
        if components.identity_keys is not None:
            self._stateless["jwks"] = components.identity_keys
        #: What looks at the request itself, and at its body only when it has.
        self._looking: dict[str, Callable[[Request], Decision]] = {}
        if components.settings.keep_posts:
            self._looking["resume"] = kept_forms.resume
        #: What is posted and is no form.
        self._posted: dict[str, Callable[[Here, bytes | None], Decision]] = {"events": Signals(components).receive}
        self._handlers: dict[str, dict[str, Handler]] = {
            "login": {"GET": self._login, "HEAD": self._login, "POST": self._login},
            **callbacks,
            "logout": {"GET": sign_out.logout, "POST": sign_out.logout},
            "done": {"GET": relogin.done},
            "userinfo": {"GET": self._userinfo, "HEAD": self._userinfo},
            "backchannel-logout": {"POST": remote_logout.by_token},
            "frontchannel-logout": {"GET": remote_logout.by_frame},
        }

    def answer(self, request: Request) -> Decision:
        """Return what happens to a request to a path under the prefix."""
        name = request.path.removeprefix(self._prefix)
        stateless = self._stateless.get(name)
        if stateless is not None:
            is_asked = request.method in _READING and not request.is_websocket
            return stateless(request) if is_asked else _wrong_method(_READING)
        look = self._looking.get(name)
        if look is not None:
            is_asked = request.method in (*_READING, "POST") and not request.is_websocket
            return look(request) if is_asked else _wrong_method((*_READING, "POST"))
        receive = self._posted.get(name)
        if receive is not None:
            if request.method != "POST" or request.is_websocket:
                return _wrong_method(["POST"])
            here = self._components.here(request)
            return ReadBody(_LONGEST_BODY, lambda body: receive(here, body))
        handlers = self._handlers.get(name)
        if handlers is None:
            return pages.json_reply(404, {"error": "not_found"})
        handle = handlers.get(request.method)
        if handle is None or request.is_websocket:
            return _wrong_method(handlers)
        here = self._components.here(request)
        if request.method == "POST":
            return ReadBody(_LONGEST_BODY, lambda body: self._handled(here, handle, body))
        return self._handled(here, handle, b"")

    def _handled(self, here: Here, handle: Handler, body: bytes | None) -> Decision:
        """Return what the handler decides; where a store is asked about sessions, it may block, and is work."""

        def run() -> Decision:
            try:
                return handle(here, _form(here, body) or code_flow.read_form(here.request.query))
            except GateError as error:
                about: About = "login" if here.request.path in self._of_logins else "request"
                return self._refusals.failure(here.request, error, own_path(here.origin, "/"), about=about)

        return Work("store", run) if self._components.sessions.asks else run()

    def _login(self, here: Here, pairs: Pairs) -> Decision:
        """Begin a login where a person may have asked for it: a picture of this address does not."""
        kind = kind_of(here.request)
        if begins_login(here.request, kind):
            return self._departures.login(here, pairs)
        return self._refusals.login_required(here.request, kind)

    def _userinfo(self, here: Here, _: Pairs) -> Reply:
        """Tell a page's own scripts who is signed in: a fixed choice of claims, never a token."""
        opened = self._components.session(here)
        if opened is None:
            return self._refusals.login_required(here.request, Kind.PROGRAM)
        return self.told(here.request, opened, opened.seen_at + self._components.sessions.limits.idle)

    def told(self, request: Request, opened: OpenSession, idle_end: float = NEVER) -> Reply:
        """Return what somebody is told of themselves; 403 for somebody whom the lists do not let pass.

        `idle_end`: when the session ends if nobody uses it any more; asking here is no use of it.
        """
        if not opened.allowed:
            reason = self._components.policy.lists_of(opened.identity).reason(opened.identity.claims)
            return self._refusals.not_allowed(request, opened, Verdict("refused", reason))
        left = min(opened.expires_at, idle_end) - self._components.clock()
        return pages.json_reply(200, _public_view(opened) | {"ends_in": None if left == NEVER else int(left)})


def _callback(components: Components, party: Party, departures: Departures) -> dict[str, Handler]:
    """Return what takes a provider's answers.

    What is posted from its site comes without the session's cookie, so that nobody sees whose session it replaces: of
    several providers only those may post that are asked to.
    """
    callback: Handler = SignIn(components, party, departures).callback
    is_posted = components.parties.only is not None or party.settings.response_mode == "form_post"
    return {"GET": callback} | ({"POST": callback} if is_posted else {})


def _public_view(opened: OpenSession) -> dict[str, Any]:
    identity = opened.identity
    scopes = {"scopes": list(identity.scopes)} if identity.scopes else {}
    endless = identity.expires_at == NEVER
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
        **scopes,
    }


def _form(here: Here, body: bytes | None) -> Pairs:
    """Return the pairs of a posted form. Raises LoginError `body_invalid`.

    An empty body is an empty form, whatever its type: then the query counts, as it does without a body.
    """
    if body == b"":
        return []
    content_type = here.request.header("content-type").partition(";")[0].strip().lower()
    if body is None or content_type != _FORM:
        raise LoginError("body_invalid", "the body is no form, or too long")
    return code_flow.read_form(body.decode("utf-8", "replace"))


def _wrong_method(allowed: Iterable[str]) -> Reply:
    return pages.json_reply(405, {"error": "method_not_allowed"}, (("allow", ", ".join(allowed)),))
