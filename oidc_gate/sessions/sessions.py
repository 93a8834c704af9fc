"""Sessions: how long one lives, and what a process remembers of it.

An opened session is remembered by its cookie's text, so that the next request with it costs a look-up and the checks
that depend on the time. Only texts whose seal held are remembered; there is exactly one such text for a sealed value.
What came from a store is believed for `session_cache_seconds`, then loaded again.

Idle time: each request that reaches the app counts. What is kept of a session holds the time of some activity, and is
kept anew once that is out of date by a small part of the idle time; until then this process knows.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from oidc_gate.errors import StoreError
from oidc_gate.identity import Identity
from oidc_gate.sessions.backends import AskingBackend, Backend, StoreBackend
from oidc_gate.sessions.by_provider import ByProvider
from oidc_gate.sessions.memory import EndedSessions
from oidc_gate.sessions.open_session import NEVER, UNLOADED, LoadOnLoop, OpenSession, Unloaded
from oidc_gate.sessions.over_sessions import OverSessions
from oidc_gate.sessions.recent_sessions import RecentSessions
from oidc_gate.sessions.recheck_schedule import RecheckSchedule
from oidc_gate.sessions.session import Head, Session, SessionCopy, is_of
from oidc_gate.sessions.taken_away import TakenAway

__all__ = ["CLOCKS_APART", "Sessions"]

#: After a renewal was begun, requests with the old cookie begin none for this long (seconds): most bring the new one.
_RETRY = 5.0
#: What has ended by one machine's clock may not have by another's: so far they may be apart (seconds).
CLOCKS_APART = 300.0
_SET_BACK = 5.0  #: What is believed for so much longer than it may be was loaded before the clock was set back.
#: A session that others keep writing to at the same time is given up on after this many tries.
_MOST_TRIES = 10


class Sessions:
    """The sessions of one gate, wherever they are kept. Times are seconds since 1970.

    `by_provider`: what those of each provider go by, by their `provider_key`; the first one's limits hold for all, but
    for when it is to be asked again. A session of a provider that is not among them is none.

    `memory`: the bytes that what is remembered of sessions may take.

    `before`: those of the gate whose place this one takes; what has ended there has ended here. All else is forgotten.
    `taken_away`: providers that were there then; None for none.
    """

    def __init__(
        self,
        backend: Backend,
        by_provider: Mapping[str, ByProvider],
        *,
        memory: int = 32 << 20,
        by_path: bool = False,
        before: Sessions | None = None,
        taken_away: TakenAway | None = None,
        ended: EndedSessions | None = None,
    ) -> None:
        self.backend = backend
        self._newest_prefix = backend.newest_prefix
        self._asking = backend if isinstance(backend, AskingBackend) else None
        #: Whether a store has to be asked about a session, and whether sessions live there.
        self.asks, self.stores = self._asking is not None, isinstance(backend, StoreBackend)
        #: `load_afresh` on an event loop, and what ends that; None where the store cannot. No failure is remembered.
        self.load_on_loop: LoadOnLoop | None = None
        if self._asking is not None and self._asking.load_on_loop is not None:
            self.load_on_loop = partial(self._load_on_loop, self._asking, self._asking.load_on_loop)
        self.close_on_loop = None if self._asking is None else self._asking.close_on_loop
        self.by_provider, self.limits = by_provider, by_provider[""].limits
        self._believed = NEVER if self._asking is None else self.limits.cache + _SET_BACK
        self._idle, self._by_path = self.limits.idle, by_path
        self._recent: RecentSessions = RecentSessions(memory, None if before is None else before._recent.live)
        self.live, self.recent_requests = self._recent.live, self._recent.requests
        self.remember_request = self._recent.remember_request
        # Changed in place: the gate looks into them, as into `live`, and so do those that come after these.
        self.recheck_schedule: RecheckSchedule = RecheckSchedule() if before is None else before.recheck_schedule
        self.ended: EndedSessions = EndedSessions() if ended is None else ended
        self.ended.update({} if before is None else before.ended)  # mostly the same; not where the client has changed
        self.taken_away: TakenAway = taken_away or TakenAway("", by_provider, 0.0)
        self._over = OverSessions(by_provider, self._idle, self.ended)

    # Finding

    def find(self, text: str, name: str, now: float) -> OpenSession | Unloaded | None:
        """Return the living session that a cookie's text leads to; never blocks.

        None for a text that was never ours or was sealed with a secret no longer listed, and for a session that has
        ended in any way. UNLOADED when only the store can tell: then `load` does.
        """
        opened = known = self.known(text, name)
        if opened is None or now >= opened.stale_at or opened.stale_at - now > self._believed:
            if self._asking is not None:
                return UNLOADED if known is not None or self._asking.key(text, name) else None
            opened = self._open(text, name, None, None)
        return opened if opened is not None and self.is_alive(opened, now) else self._over.none_for(opened, now)

    def load(self, text: str, name: str, now: float, asked_at: float = NEVER) -> OpenSession | None:
        """Return what `find` returns, asking the store if need be. May block; raises StoreError.

        `asked_at`, as time.monotonic(): since when this is waited for; a store that has failed since is not asked.
        """
        found = self.find(text, name, now)
        if not isinstance(found, Unloaded):
            return found
        if self._asking is not None and self._asking.failed_at >= asked_at:
            raise StoreError("store_unavailable", "the store did not answer others that asked at the same time")
        return self.load_afresh(text, name, now)

    def load_afresh(self, text: str, name: str, now: float) -> OpenSession | None:
        """Return the living session as the store knows it this moment. May block; raises StoreError."""
        known, epoch = self.known(text, name), self.ended.epoch
        asking, session_id = self._asking, "" if known is None else known.session_id
        key = "" if asking is None else asking.key(text, name, session_id)
        value = asking.load(key) if asking is not None and key else None
        opened = self._loaded(text, name, now, known, epoch, value)
        self.taken_away.end_met(self.end, now)
        return opened

    async def _load_on_loop(
        self, asking: AskingBackend, ask: Callable[[str], Awaitable[bytes | None]], text: str, name: str, now: float
    ) -> OpenSession | None:
        known, epoch = self.known(text, name), self.ended.epoch
        key = asking.key(text, name, "" if known is None else known.session_id)
        opened = self._loaded(text, name, now, known, epoch, await ask(key) if key else None)
        await self.taken_away.end_met_on_loop(self.end, now)
        return opened

    def known(self, text: str, name: str) -> OpenSession | None:
        """Return what this process remembers of a session, however old that is, or None."""
        known = self._recent.get(text)
        return known if known is not None and known.name == name else None

    def _loaded(
        self, text: str, name: str, now: float, known: OpenSession | None, epoch: int, value: bytes | None
    ) -> OpenSession | None:
        opened = self._open(text, name, value, known)
        if opened is None:
            self._recent.forget(text)
            return self._over.none_for(known, now)
        # What was on its way while sessions were ended from outside is good for this request alone.
        opened.believe_until(now + self.limits.cache if epoch == self.ended.epoch else now)
        return opened if self.is_alive(opened, now) else self._over.none_for(opened, now)

    def _open(self, text: str, name: str, value: bytes | None, known: OpenSession | None) -> OpenSession | None:
        found = self.backend.read(text, name, value, None if known is None else known.stored)
        if isinstance(found, bytes):  # as it was; another may have taken its place here while the store was asked
            return self._recent.get(text) or known
        if found is None:
            return None
        head, read_rest, stored = found
        own = None if self.taken_away.meets(head) else self.by_provider.get(head[-1])
        if own is None or (own.lists.tenants and not is_of(own.lists.tenants, head, read_rest)):
            return None
        opened = self._opened(self.limits.shortened(head), read_rest, stored, name)
        if known is not None:
            opened.seen_at = max(opened.seen_at, known.seen_at)
        if not text.startswith(self._newest_prefix):
            opened.plan(0.0, opened.due_at)
        self._recent.put(text, opened)
        return opened

    def is_alive(self, opened: OpenSession, now: float) -> bool:
        """Return whether the session has neither been idle for too long, nor come to its end, nor been ended here."""
        is_over = now - opened.seen_at > self._idle or now >= opened.expires_at
        return not (is_over or opened.session_id in self.ended)

    def _opened(self, head: Head, read_rest: Callable[[], bytes], stored: bytes, name: str) -> OpenSession:
        """Return the session with what is worked out once: whether the lists let it pass, and what the app is told."""
        own, copy = self.by_provider[head[-1]], SessionCopy(head, read_rest)
        forward = own.forward(Identity.unread(self._identity, copy), head)
        # Asked first, for without lists the rest need not be read; nor need it be kept for that.
        allowed = own.lists.allow_all or own.lists.allow(Session.read(head, read_rest()).claims)
        return OpenSession(copy, stored, name, forward, allowed, own.limits, by_path=self._by_path)

    def _identity(self, copy: SessionCopy) -> Identity:
        return self.identity(copy.session)

    def identity(self, session: Session) -> Identity:
        """Return the app's view of a session."""
        own = self.by_provider[session.provider_key]
        return session.identity(own.auth_id, own.lists.groups(session.claims), own.name_of(session.claims))

    # Keeping. What begins with keep may block where `stores` is true, `end` where `asks` is; both raise StoreError.

    def start(
        self,
        claims: dict[str, Any],
        tokens: dict[str, str],
        kept: Sequence[str],
        now: float,
        refresh_at: float = NEVER,
        access_ends_at: float = NEVER,
        provider_key: str = "",
    ) -> Session:
        """Return a new session for someone who has just signed in; `keep` is still to be called.

        It ends after `longest` seconds, or when the provider's `session_expiry` claim says so, if that is sooner.
        `refresh_at`: when its tokens are to be renewed. `access_ends_at`, `provider_key`: see `Session`.
        """
        times = (now, self.limits.end(now, claims.get("session_expiry")), now, now, refresh_at)
        return Session(secrets.token_urlsafe(18), claims, *times, tokens, list(kept), access_ends_at, provider_key)

    def on_paper(self, claims: dict[str, Any], now: float, provider_key: str = "") -> OpenSession:
        """Return what a session of somebody with these claims would be; it is kept nowhere."""
        head, rest = self.start(claims, {}, (), now, provider_key=provider_key).parts()
        return self._opened(head, lambda: rest, b"", "")

    def keep(self, session: Session, name: str) -> tuple[Session, str]:
        """Keep a new session; return it with its final id, and the text of its cookie."""
        return self.backend.keep(session, name, self.limits.lifetime(session))

    def renewed(self, opened: OpenSession, now: float, seen_at: float) -> Session | None:
        """Return the session with this activity in it when it is to be kept anew, else None. Never blocks."""
        if now < opened.renew_at:
            return None
        opened.plan(now + min(_RETRY, self.limits.lag), opened.due_at)
        return opened.session._replace(seen_at=max(seen_at, opened.session.seen_at))

    def notice(self, text: str, name: str, now: float) -> None:
        """Have activity count, if the session is alive and known here. Never blocks."""
        known = self.known(text, name)
        if known is not None and self.is_alive(known, now):
            known.seen_at = now

    def keep_seen(self, text: str, opened: OpenSession, session: Session, name: str) -> str | None:
        """Keep a session of which only the activity has changed; return its cookie's text, None when it has ended.

        `name`: of the cookie that it goes on in; that it was opened from may be the name of an older secret.
        Where the provider gave no answer, it is asked no sooner for that. Where another process has kept the session
        since it was loaded, what that has written stands: it is newer.
        """
        lifetime = self.limits.lifetime(session)
        kept = self.backend.keep_again(session, text, (opened.name, name), lifetime, opened.stored)
        if kept is None:
            return None if self.load_afresh(text, opened.name, session.seen_at) is None else text
        later, stored = kept
        fresh = self._following(opened, session, stored, name)
        fresh.plan(fresh.renew_at, max(fresh.due_at, opened.due_at))
        if self.stores:
            opened.supersede()
        for each in {text, later} if self.stores else {later}:
            self._recent.put(each, fresh)
        return later

    def keep_changed(self, text: str, opened: OpenSession, session: Session) -> OpenSession | None:
        """Keep a session whose claims or tokens have changed; return it, None when it was ended meanwhile.

        It stands for the old text from now on, so that requests under way with that see the change. A cookie session
        gets its new cookie with the next answer. Where another process has kept the session since it was loaded, the
        change is made to what that has written.
        """
        changes = opened.session.changes(session)
        stored = b""
        for _ in range(_MOST_TRIES if self.stores else 0):
            lifetime = self.limits.lifetime(session)
            kept = self.backend.keep_again(session, text, (opened.name, opened.name), lifetime, opened.stored)
            if kept is not None:
                stored = kept[1]
                break
            latest = self.load_afresh(text, opened.name, session.seen_at)
            if latest is None:
                return None
            opened, session = latest, latest.session._replace(**changes)
        fresh = self._following(opened, session, stored, opened.name)
        if not self.stores:
            fresh.plan(0.0, fresh.due_at)
        opened.supersede()
        self.recheck_schedule.answered(session.session_id)
        self._recent.put(text, fresh)
        return fresh

    def _following(self, opened: OpenSession, session: Session, stored: bytes, name: str) -> OpenSession:
        """Return what takes the place of an opened session."""
        head, rest = session.parts()
        fresh = self._opened(head, lambda: rest, stored, name)
        fresh.believe_until(opened.stale_at)
        return fresh

    def end(self, session_id: str, now: float, expires_at: float = NEVER) -> None:
        """End the session with this id: at once in this process, whoever sends its cookie and in whichever sealing.

        `expires_at`: its absolute end, where that is known; until then it is remembered here. May block where `asks` is
        true, and raises StoreError: where the store does not answer it is not ended here either, so that the next try
        finds it and ends it all over.
        """
        left = max(0.0, min(expires_at - now, self.limits.longest))
        self.backend.end(session_id, (self.limits.copies if left == NEVER else left) + CLOCKS_APART)
        self.ended.remember(session_id, now + left + CLOCKS_APART, now)

    def forget_all(self) -> None:
        """Have every session loaded again; for when sessions were ended that cannot be told from others here."""
        self.ended.epoch += 1
        for opened in self._recent.all():  # a request under way may hold one, and would have it recalled
            opened.supersede()
        self._recent.clear()
