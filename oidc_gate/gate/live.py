"""Live connections: a WebSocket or an event stream was forwarded once, and goes on for hours; may it still.

What it hangs on, a session or an access token, is looked at again and again, and each connection of it is judged anew
at its place, by the rules that hold then. Nothing of that counts as activity. Whoever looks does so in this order:

1. `find`, which never blocks, or `load`, where the store has to be asked.
2. `work`, where the provider is to be asked again; after it, from 1.
3. `over`, for each connection.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from oidc_gate.decisions import ASK_AGAIN, Decision, Request, Work
from oidc_gate.errors import GateError, StoreError
from oidc_gate.gate.activity import Activity
from oidc_gate.gate.components import Components
from oidc_gate.gate.credentials import taken_apart
from oidc_gate.gate.judging import Judging
from oidc_gate.gate.rechecking import Rechecking
from oidc_gate.gate.token_checking import TokenChecking
from oidc_gate.sessions import NEVER, UNLOADED, LiveSession, LoadOnLoop, OpenSession, Unloaded, is_of_token
from oidc_gate.telling import LiveKind

if TYPE_CHECKING:
    from oidc_gate.identity import Identity

__all__ = ["Found", "Holder", "Live", "LiveKind", "Over"]

logger = logging.getLogger("oidc_gate")

#: Why a connection ends.
Over: TypeAlias = Literal["session ended", "not allowed any more"]
#: A provider that gave no answer about a token is asked again after so long (seconds).
_PAUSE = 30.0


class HeldByToken:
    """An access token that connections hang on: its Authorization header, and when it ends.

    `key`: what tells it from other holders. `is_over`: whether it is not good any more. `not_before`: when the
    provider, which gave no answer, is asked again.
    """

    __slots__ = ("expires_at", "is_over", "key", "not_before", "text")

    def __init__(self, text: str, expires_at: float) -> None:
        self.key = self.text = text
        self.expires_at = expires_at
        self.is_over, self.not_before = False, 0.0


#: What a connection hangs on.
Holder: TypeAlias = LiveSession | HeldByToken
#: What that is just now: None where it has ended, UNLOADED where a store or the provider has to be asked, or does not
#: answer.
Found: TypeAlias = OpenSession | Unloaded | None


class Live:
    """Looks after the live connections of one gate. `checking`: None where no access token is looked at."""

    def __init__(
        self,
        components: Components,
        judging: Judging,
        rechecking: Mapping[str, Rechecking],
        activity: Activity,
        checking: TokenChecking | None,
    ) -> None:
        self._sessions, self._judging, self._rechecking = components.sessions, judging, rechecking
        self._components, self._clock, self._checking = components, components.clock, checking
        #: What notices the messages on a WebSocket.
        self.on_message = activity.on_message
        #: How long after it a connection may go on that has lost what it hangs on, in seconds; 0 for ever.
        self.within = components.settings.live_check
        self._telling = components.telling
        self._leeway = max(party.settings.clock_leeway for party in components.parties)
        self._is_silent = False

    # What connections hang on

    def hold(self, kind: LiveKind, request: Request, identity: Identity) -> Holder:
        """Return what a connection hangs on that was forwarded with this identity; `release` it when it has ended.

        That may be over already: a stream begins when its app likes, and the settings may be others by then.
        """
        self._telling.live_began(kind)
        if is_of_token(identity.session_id):
            return HeldByToken(request.authorization, identity.expires_at)
        name, text = self._components.cookies(request).session_text(request.cookie_header)
        sessions = self._sessions
        live = sessions.live.add(identity.session_id, text or "", name, identity.expires_at)
        known = sessions.known(live.text, live.name)
        if known is not None and live.opened is None:
            live.meet(live.text, known)
        return live

    def release(self, kind: LiveKind, holder: Holder) -> None:
        """Take note that a connection has ended, whoever ended it."""
        self._telling.live_ended(kind)
        if isinstance(holder, LiveSession):
            self._sessions.live.drop(holder)

    # Looking

    def find(self, holder: Holder) -> Found:
        """Return the living session of a connection, None where it has ended. Never blocks."""
        if isinstance(holder, LiveSession):
            return self._sessions.find(holder.text, holder.name, self._clock())
        if self._checking is None or holder.is_over or self._clock() >= holder.expires_at + self._leeway:
            return None
        known = self._checking.known(holder.text)
        if known is None:
            return UNLOADED
        return None if known.lacking else known.opened

    @property
    def loads_on_loop(self) -> bool:
        """Whether the store can be asked on an event loop."""
        return self._sessions.load_on_loop is not None

    def load(self, holder: Holder, asked_at: float = NEVER) -> Found:
        """Return what `find` would, asking the store. May block.

        Without an answer the connection goes on, to the end that is known here: UNLOADED where little is.
        `asked_at`: see `Sessions.load`.
        """
        try:
            opened = self._sessions.load(holder.text, _name(holder), self._clock(), asked_at)
        except StoreError as error:
            return self._unanswered(holder, error)
        self._is_silent = False
        return opened

    async def load_on_loop(self, holder: Holder) -> Found:
        """Do the same on an event loop, where `loads_on_loop`."""
        ask = cast("LoadOnLoop", self._sessions.load_on_loop)
        try:
            opened = await ask(holder.text, _name(holder), self._clock())
        except StoreError as error:
            return self._unanswered(holder, error)
        self._is_silent = False
        return opened

    def _unanswered(self, holder: Holder, error: StoreError) -> Found:
        if not self._is_silent:
            self._is_silent = True
            logger.warning("live connections go on unchecked, for the store does not answer: %s", error)
        known, now = self._sessions.known(holder.text, _name(holder)), self._clock()
        if known is None and isinstance(holder, LiveSession):
            known = holder.opened  # which is remembered as long as there are connections
        if known is not None and known.provider_key not in self._sessions.by_provider:
            return None  # the provider was taken away since
        if known is None:
            return UNLOADED if now < holder.expires_at else None
        return known if self._sessions.is_alive(known, now) else None

    def is_unloaded(self, holder: Holder, found: Found) -> bool:
        """Return whether the store has to be asked."""
        return isinstance(found, Unloaded) and isinstance(holder, LiveSession)

    def work(self, holder: Holder, found: Found) -> Work | None:
        """Return the work of asking the provider again, None where that is not due; after it, all is to be found anew.

        To one caller each time, be it a connection or a request.
        """
        now = self._clock()
        if isinstance(holder, HeldByToken):
            return None if found is None else self._asking(holder, now)
        if not isinstance(found, OpenSession):
            return None
        if now < found.due_at or not self._sessions.recheck_schedule.take_turn(found, now):
            return None
        perform = self._rechecking[found.provider_key].perform

        def look_after(*, ask: bool = True) -> Decision:
            try:
                perform(holder.text, found, ask=ask)
            except StoreError as error:
                self._unanswered(holder, error)
            return ASK_AGAIN

        lane = self._components.parties[found.provider_key].lane("session")
        return Work(lane, look_after, turned_away=lambda: Work("store", lambda: look_after(ask=False)))

    def _asking(self, holder: HeldByToken, now: float) -> Work | None:
        """Return the work of checking a token anew.

        It may have ended; the provider's keys, or our settings, may be others now; or the provider has to say so anew.
        """
        checking = cast("TokenChecking", self._checking)
        known = checking.known(holder.text)
        if now < holder.not_before or (known is not None and known.holds(now)):
            return None
        holder.not_before = now + _PAUSE
        sent = taken_apart(holder.text)
        party = checking.party_of(sent.token)

        def ask() -> Decision:
            try:
                checking.ask(party, sent)
                holder.not_before = 0.0
            except GateError as error:
                holder.is_over = error.status not in (500, 503)  # no answer says nothing of the token
            return ASK_AGAIN

        return Work(party.lane("token"), ask, turned_away=lambda: ASK_AGAIN)

    # Judging

    def over(self, request: Request, found: Found) -> Over | None:
        """Return why a connection that began with this request is over; None: it goes on."""
        if found is None:
            return "session ended"
        if isinstance(found, Unloaded):
            return None
        passes = self._judging.verdict(request, found, self._clock()).passes
        return None if passes else "not allowed any more"

    def closed(self, kind: LiveKind, identity: Identity, reason: Over) -> None:
        """Tell that a connection is closed in its app's place."""
        self._telling.live_closed(kind, identity.subject, reason)

    def over_now(self, request: Request, holder: Holder, perform: Callable[[Work], Decision]) -> Over | None:
        """Do all of that in one go. `perform` has work done that may have to wait for its turn. May block."""
        found = self._found(holder)
        decision: Decision | None = self.work(holder, found)
        if decision is not None:
            while isinstance(decision, Work):
                decision = perform(decision)
            found = self._found(holder)
        return self.over(request, found)

    def _found(self, holder: Holder) -> Found:
        found = self.find(holder)
        return self.load(holder) if self.is_unloaded(holder, found) else found


def _name(holder: Holder) -> str:
    return holder.name if isinstance(holder, LiveSession) else ""
