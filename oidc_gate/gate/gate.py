"""The gate: what happens to a request, from top to bottom.

`Gate.decide` answers with a value and never blocks; what needs the network or a store comes back as `Work`. Before it
stands `Gate.recall`, which gives a browser's next request what the one before got. No web framework is imported here,
and no asgiref: the adapters bring requests in and carry decisions out.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

from oidc_gate.access import PREFLIGHT, CheckedRule, Verdict
from oidc_gate.browser import Kind, kind_of
from oidc_gate.decisions import Decision, Forward, Overriding, Renewal, Reply, Request, Unprinted, WithoutBody, Work
from oidc_gate.errors import GateError, LoginError, StoreError
from oidc_gate.gate.activity import Activity
from oidc_gate.gate.addresses_asked_for import base_path_kept
from oidc_gate.gate.announcement import announce
from oidc_gate.gate.building import build
from oidc_gate.gate.components import Components
from oidc_gate.gate.departures import Departures
from oidc_gate.gate.judging import Judging
from oidc_gate.gate.kept_forms import KeptForms
from oidc_gate.gate.live import Live
from oidc_gate.gate.login_log import why_nobody
from oidc_gate.gate.own_paths import OwnPaths
from oidc_gate.gate.recalling import Recalling
from oidc_gate.gate.rechecking import Rechecking
from oidc_gate.gate.refusals import Refusals
from oidc_gate.sessions import LoadOnLoop, OpenSession, Unloaded
from oidc_gate.settings import Settings

__all__ = ["Gate"]

logger = logging.getLogger("oidc_gate")

_ANYONE = Forward(None)
#: As what the provider sends a browser back, by a redirect or a form.
_PAGES = (Kind.PAGE, Kind.FORM)
#: Well-formed Host headers to be known again; an app has one, or a few.
_MOST_HOSTS = 64


class Gate:
    """One gate in front of one app. Thread-safe. `before`: the components of the one whose place this one takes."""

    def __init__(
        self, settings: Settings, clock: Callable[[], float] = time.time, before: Components | None = None
    ) -> None:
        self._components = components = build(settings, clock, before=before)
        self._refusals = Refusals(components)
        self._departures = Departures(components)
        kept_forms = KeptForms(components, self._refusals, self._departures)
        self._login_required = (kept_forms if settings.keep_posts else self._refusals).login_required
        self._own_paths = OwnPaths(components, self._refusals, self._departures, kept_forms)
        self._rechecking = {party.key: Rechecking(components, party) for party in components.parties}
        self._activity, self._judging = Activity(components), Judging(components)
        self._prefix = settings.path_prefix + "/"
        path = urlsplit(settings.base_url).path
        self._kept_path = f"{path}{self._prefix}callback" if path else None
        # What every request needs stands one step away.
        #: What tells which address was asked for, and from where.
        self.addresses = components.addresses
        self._clock, self._sessions = clock, components.sessions
        self._hosts, self._cookies = set[str](), components.cookies_by_scheme()
        self._narrows = components.policy.narrows
        recalling = Recalling(components, self._judging)
        #: What to ask before `decide`, and how: see `Recalling`.
        self.recall, self.recalls_by, self._token_recalling = recalling.recall, recalling.by, recalling.tokens
        self._have_recalled: Callable[[Request, OpenSession], None] = recalling.remember
        #: How long a request may wait for its turn, in seconds; then it is turned away.
        self.longest_wait = max(party.settings.http_timeout for party in components.parties)
        #: What is added to most of the app's answers; request headers that only the gate may say.
        self.response_headers, self.reserved_headers = components.response_headers, components.reserved_headers
        #: What tells what happens to a request.
        self.decide: Callable[[Request], Decision] = self._by_session
        checking = None
        if recalling.tokens is not None:
            from oidc_gate.gate.bearer import Bearer  # late: most do without

            others = components, self._judging, self._refusals, self._own_paths, recalling.tokens
            bearer = Bearer(*others, self._is_wellformed, self._by_session)
            self.decide, checking = bearer.decide, bearer.checking
        #: What looks after the WebSockets and event streams that were forwarded with an identity.
        self.live = Live(components, self._judging, self._rechecking, self._activity, checking)
        if before is None:
            announce(settings, components.sessions.backend)

    def _by_session(self, request: Request) -> Decision:
        """Return what happens to a request, by the session in its cookie."""
        if request.host not in self._hosts and not self._is_wellformed(request):
            return self._refusals.failure(request, LoginError("host_malformed", self.addresses.fault(request)), "/")
        if request.path.startswith(self._prefix):
            return self._own_paths.answer(request)
        cookies = self._cookies.get(request.scheme) or self._components.cookies(request)
        now = self._clock()
        name, text, rest = cookies.cut(request.cookie_header)
        opened = self._sessions.find(text, name, now) if text else None
        if opened is None or text is None:
            return self._without_session(request)
        request.app_cookies = cookies.hidden(rest)
        if isinstance(opened, Unloaded):
            return self._loading(request, text, name)
        verdict = None
        if self._narrows and now < opened.steady_until:
            verdict = self._judging.verdict(request, opened, now)
        if now < opened.steady_until and not request.is_websocket and (verdict is None or verdict.passes):
            opened.seen_at = now
            self._have_recalled(request, opened)
            return opened.forward
        return self._with_session(request, text, opened, now, verdict)

    def behind_another(self, request: Request) -> Decision:
        """Return the answer to a request that already bears an identity: another gate, outside, hides its cookies."""
        error = GateError("gate_behind_gate", "another oidc_gate stands outside of this one; take one of them away")
        return self._refusals.failure(request, error, "/")

    def failure(self, request: Request, error: GateError) -> Reply:
        """Return the answer that tells of an error of what stands behind the gate; it leads back to the page."""
        return self._refusals.failure(request, error, self._departures.return_path(request))

    def look_first(self) -> Work | None:
        """Return what is to be done before live connections are looked after, or None."""
        return None

    async def close_on_loop(self) -> None:
        """Close what the store keeps open for this event loop; it is opened again when it is wanted."""
        if self._sessions.close_on_loop is not None:
            await self._sessions.close_on_loop()

    def _is_wellformed(self, request: Request) -> bool:
        """Return whether the request names one host properly; behind proxies that is more than the Host header."""
        if request.host in self._hosts:
            return True
        if not self.addresses.is_wellformed(request):
            return False
        if not self.addresses.reads_forwarded and len(self._hosts) < _MOST_HOSTS:
            self._hosts.add(request.host)
        return True

    # With a session

    def _loading(self, request: Request, text: str, name: str) -> Work:
        asked_at, on_loop = time.monotonic(), self._sessions.load_on_loop
        return Work(
            "store",
            lambda: self._load(request, text, name, asked_at),
            None if on_loop is None else lambda: self._load_on_loop(on_loop, request, text, name),
        )

    def _load(self, request: Request, text: str, name: str, asked_at: float) -> Decision:
        """Go on with the session in the store. Without an answer nobody is let in, for nobody knows who it is.

        A request that was waiting for its turn while the store did not answer another does not wait for it again.
        """
        now = self._clock()
        try:
            return self._found(request, text, self._sessions.load(text, name, now, asked_at), now)
        except StoreError as error:
            return self._refusals.failure(request, error, self._departures.return_path(request))

    async def _load_on_loop(self, load: LoadOnLoop, request: Request, text: str, name: str) -> Decision:
        """Do the same on an event loop, where the store's own timeout covers the wait for a turn."""
        now = self._clock()
        try:
            return self._found(request, text, await load(text, name, now), now)
        except StoreError as error:
            return self._refusals.failure(request, error, self._departures.return_path(request))

    def _found(self, request: Request, text: str, opened: OpenSession | None, now: float) -> Decision:
        return self._without_session(request) if opened is None else self._with_session(request, text, opened, now)

    def _with_session(
        self, request: Request, text: str, opened: OpenSession, now: float, verdict: Verdict | None = None
    ) -> Decision:
        """Decide for a session that cannot simply go on: something is due, or this is no plain request.

        `verdict`: on this request, where that was judged already.
        """
        if request.is_websocket and not self.addresses.is_own_origin(request):
            return self._foreign(request)
        if now >= opened.due_at and self._sessions.recheck_schedule.take_turn(opened, now):
            if self._activity.counts(request, passes=self._judging.verdict(request, opened, now).passes):
                opened.seen_at = now  # so that what is kept after the recheck has it
            return Work(
                self._components.parties[opened.provider_key].lane("session"),
                lambda: self._look_after(request, text, opened),
                turned_away=lambda: Work("store", lambda: self._look_after(request, text, opened, ask=False)),
            )
        return self._go_on(request, text, opened, now, verdict)

    def _look_after(self, request: Request, text: str, opened: OpenSession, *, ask: bool = True) -> Decision:
        """Go on with what the provider says now; without asking it, as when it does not answer."""
        try:
            kept = self._rechecking[opened.provider_key].perform(text, opened, ask=ask)
        except StoreError as error:
            return self._refusals.failure(request, error, self._departures.return_path(request))
        if kept is None or kept.session_id in self._sessions.ended:  # by a logout meanwhile, perhaps
            return self._without_session(request)
        return self._go_on(request, text, kept, self._clock())

    def _go_on(
        self, request: Request, text: str, opened: OpenSession, now: float, verdict: Verdict | None = None
    ) -> Decision:
        """Decide for a session that is up to date."""
        verdict = verdict or self._judging.verdict(request, opened, now)
        counts = self._activity.counts(request, passes=verdict.passes)
        if counts:
            opened.seen_at = now
        if now < opened.renew_at or not (counts or opened.has_news):
            return self._answered(request, opened, verdict)
        if self._sessions.stores:
            return Work("store", lambda: self._renew(request, text, opened, verdict, now))
        return self._renew(request, text, opened, verdict, now)

    def _renew(self, request: Request, text: str, opened: OpenSession, verdict: Verdict, now: float) -> Decision:
        """Keep the session anew; when that fails it goes on as it is, and another request tries again."""
        session = self._sessions.renewed(opened, now, opened.seen_at)
        if session is None:  # another thread was faster
            return self._answered(request, opened, verdict)
        cookies = self._components.cookies(request)
        is_over, renewal = self._sessions.ended.asker(opened.session_id), None
        try:
            kept = self._sessions.keep_seen(text, opened, session, cookies.session)
            if kept is None:
                return self._without_session(request)
            if kept != text:
                headers = cookies.set_session(kept, request.cookie_header, session.expires_at - now)
                renewal = Renewal(Unprinted(headers), is_over)
        except (LoginError, StoreError) as error:
            logger.warning("a session could not be renewed: %s", error)
        return self._answered(request, opened, verdict, renewal)

    def _answered(
        self, request: Request, opened: OpenSession, verdict: Verdict, renewal: Renewal | None = None
    ) -> Decision:
        if verdict.outcome == "step_up":
            return self._stepping_up(request, opened, verdict, renewal)
        if not verdict.passes:
            return self._refusals.not_allowed(request, opened, verdict, () if renewal is None else renewal.cookies)
        forward = opened.forward
        if isinstance(forward.response_headers, Overriding) and verdict.is_open:
            forward = forward._replace(response_headers=tuple(forward.response_headers))
        if renewal is None or request.is_websocket:
            return forward
        return forward._replace(response_headers=(), renewal=renewal._replace(usual=forward.response_headers))

    def _stepping_up(
        self, request: Request, opened: OpenSession, verdict: Verdict, renewal: Renewal | None
    ) -> Decision:
        """Answer somebody who may pass once they have signed in more recently, or in a stronger way."""
        rule, kind = cast("CheckedRule", verdict.rule), kind_of(request)
        self._components.telling_of(opened).step_up_asked(request, kind, rule, opened)
        if kind is Kind.PAGE:
            return self._departures.step_up(request, rule, opened, renewal)
        return self._login_required(request, kind, rule)

    # Without one

    def _without_session(self, request: Request) -> Decision:
        verdict = self._judging.verdict_without_session(request)
        if verdict.passes:
            forward = self._anyone(request)
            return WithoutBody(*forward) if verdict.rule is PREFLIGHT else forward
        if verdict.outcome == "refused":
            return self._refusals.not_allowed(request, None, verdict)
        kind = kind_of(request)
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug(
                "%s %r (%s): %s",
                request.method,
                request.path,
                kind.name.lower(),
                why_nobody(self._components.here(request)),
            )
        if request.path == self._kept_path and kind in _PAGES:
            return self._refusals.failure(request, base_path_kept(request.path), "/")
        if kind is Kind.PAGE:
            return self._departures.send(request, verdict.rule)
        return self._login_required(request, kind)

    def _anyone(self, request: Request) -> Forward:
        """Forward a request that needs no session, in nobody's name."""
        request.app_cookies = self._components.cookies(request).hidden(request.cookie_header)
        return _ANYONE

    def _foreign(self, request: Request) -> Decision:
        """Answer a WebSocket opened by another site in a signed-in browser: it gets nobody's identity."""
        if self._judging.verdict(request, None, 0.0).passes:
            return self._anyone(request)
        error = LoginError("origin_foreign", "a WebSocket was opened from another origin")
        return self._refusals.failure(request, error, "/", status=403, about="access")
