"""`reload = watch`: changed settings and secret files are taken over, without a restart and without a thread.

While requests come, one of them in a few seconds looks at the files, as work that may block; the others go on. What has
changed is read, and checked whole as at start-up, once it has stayed as it is for a few seconds: a file that is being
written may be cut off in the middle, and without its last lines be as good a file, with fewer rules. Then another gate
takes the place of this one. What is under way ends with the gate that it began with.

A new `cookie_secret` seals only once the other processes have had the time to take it over: a cookie that it sealed
would open nothing there, and its browser would be sent to sign in.

A browser that is recalled asks no gate. So what is recalled holds until the next look, and not longer.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from math import inf
from pathlib import Path
from threading import Lock
from typing import NamedTuple
from weakref import WeakSet

from oidc_gate.access import Verdict
from oidc_gate.decisions import ASK_AGAIN, Decision, Request, Work
from oidc_gate.errors import SettingsError
from oidc_gate.gate.components import Components
from oidc_gate.gate.gate import Gate
from oidc_gate.gate.replacing import attempt, check_changes, tell_changes
from oidc_gate.gate.watched_files import FileStates, are_settled, check_regular, contents, irregular, look_at
from oidc_gate.sessions import OpenSession
from oidc_gate.settings import Settings
from oidc_gate.telling import Telling

__all__ = ["Ask", "WatchingGate", "open_gate"]

logger = logging.getLogger("oidc_gate")

#: Files are looked at so often, in seconds, while requests come.
_PAUSE = 4.0
#: What has changed is taken over when it is the same at two looks that are so far apart (seconds).
_QUIET = 5.0
#: Where nobody has asked for so long, the first who comes goes by what has changed meanwhile (seconds).
_LONG = 10.0
#: A new cookie_secret opens at once, and seals only after so long (seconds): by then others open with it too.
_OTHERS_FOLLOW = 30.0
#: In a process that was just forked, requests wait so long for the one that looks (seconds).
_PATIENCE = 5.0

Ask = Callable[[Gate], None]


def open_gate(settings: Settings, ask: Ask, clock: Callable[[], float] = time.time) -> Gate:
    """Return a gate with these settings. Where they are watched, `ask` is called with each that takes its place.

    Raises SettingsError.
    """
    folder = Path.cwd() if settings.reload == "watch" else Path()
    if settings.reload == "off" or not settings.files(folder):
        return Gate(settings, clock)
    return Reloading(settings, ask, clock, folder).gate


class WatchingGate(Gate):
    """A gate whose place another takes when the files of its settings have changed."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float],
        reloading: Reloading,
        before: Components | None = None,
    ) -> None:
        super().__init__(settings, clock, before)
        self._reloading = reloading
        self._remember = self._have_recalled
        self._have_recalled = self._remember_until_next_look
        if self._token_recalling is not None:
            self._token_recalling.next_look_at = lambda: reloading.next_look_at
        self._decide_at_once = self.decide
        self.decide = self._decide_or_look

    @property
    def settings(self) -> Settings:
        """What this gate goes by."""
        return self._components.settings

    @property
    def telling(self) -> Telling:
        """Who tells the operator what happens at this gate."""
        return self._components.telling

    def successor(self, settings: Settings) -> WatchingGate:
        """Return a gate with other settings that goes on with what holds under any. Raises SettingsError."""
        return WatchingGate(settings, self._clock, self._reloading, self._components)

    def _decide_or_look(self, request: Request) -> Decision:
        """Return what happens to a request, or the work of looking at the files first."""
        if self._reloading.is_due(self._clock()):
            return Work("store", lambda: self._look(request))
        return self._decide_at_once(request)

    def _look(self, request: Request) -> Decision:
        self._reloading.look()
        return self._decide_at_once(request) if self._reloading.gate is self else ASK_AGAIN

    def read_now(self) -> bool:
        """Go on as `read_now` has it; what is being written right now is left to the next look."""
        self._reloading.read_now()
        return self._reloading.gate is not self

    def look_first(self) -> Work | None:
        """Return the work of looking at the files, where it is time: a connection may be all that is left of an app."""
        return Work("store", self._look_for_all) if self._reloading.is_due(self._clock()) else None

    def _look_for_all(self) -> Decision:
        self._reloading.look()
        return ASK_AGAIN

    def _remember_until_next_look(self, request: Request, opened: OpenSession) -> None:
        opened.look_again(self._reloading.next_look_at)
        self._remember(request, opened)

    def _with_session(
        self, request: Request, text: str, opened: OpenSession, now: float, verdict: Verdict | None = None
    ) -> Decision:
        opened.look_again(self._reloading.next_look_at)
        return super()._with_session(request, text, opened, now, verdict)


class _Change(NamedTuple):
    """What stands in the files that is not in force, and when that was seen, in seconds since 1970."""

    found: FileStates
    seen_at: float


class Reloading:
    """Looks at the files of one gate's settings, and replaces the gate. `folder`: where relative paths begin.

    `gate`: the one that decides now.
    """

    gate: WatchingGate

    def __init__(self, settings: Settings, ask: Ask, clock: Callable[[], float], folder: Path) -> None:
        self._ask = ask
        self._clock = clock
        self._folder = folder
        # Looked at before they are read once more: what changes in between is different at the next look.
        #: What the settings in force were read from.
        self._in_force = look_at(settings.files(folder))
        path = irregular(self._in_force)
        if path is not None:
            raise SettingsError(
                f"reload is watch, and {path} is no regular file, which could be read again. Give a file, or set reload"
                " to off."
            )
        self._settings = settings.read_again(folder, [])
        self.gate = WatchingGate(self._settings, clock, self)
        self._looked_at, self._pause = clock(), _PAUSE
        #: What has changed, and what was refused.
        self._pending: _Change | None = None
        self._refused: FileStates = {}
        #: When the newest cookie_secret is to seal, in seconds since 1970; inf where it does.
        self._newest_seals_at = inf
        self._lock = Lock()  # of whoever looks
        #: Whether this process was forked and has not looked yet; and whether nobody has for long.
        self._is_forked = self._is_late = False
        _ALL.add(self)

    @property
    def next_look_at(self) -> float:
        """When the files are to be looked at again, in seconds since 1970."""
        return self._looked_at + self._pause

    def is_due(self, now: float) -> bool:
        """Return whether it is time to look, to one request each time. By distance, for a clock may be set back.

        In a process that was forked to all, until one has looked: the settings may be as old as the first process.
        """
        since = abs(now - self._looked_at)
        if since < self._pause:
            return self._is_forked
        self._is_late = since >= _LONG
        self._looked_at = now
        return True

    def look(self) -> None:
        """Look at the files, and do what is due; nothing while another looks. May block."""
        if not self._lock.acquire(timeout=_PATIENCE if self._is_forked else 0):
            return
        try:
            self._compare(at_once=self._is_forked or self._is_late)
        finally:
            self._is_forked = self._is_late = False
            self._lock.release()

    def read_now(self) -> None:
        """Take over what stands in the files, for somebody says that it is ready. May block."""
        with self._lock:
            try:
                check_regular(look_at(self._in_force))
            except SettingsError as error:
                self.gate.telling.settings_refused(error)
                return
            self._take_over(self._seen(self._clock()).found)

    def begin_anew(self) -> None:
        """Look at the next request: this process has just been forked, and whoever looked stayed behind."""
        self._lock = Lock()
        self._is_forked = True

    def _compare(self, *, at_once: bool) -> None:
        """Compare the files with those in force; `at_once`: where they changed long ago, take them over now."""
        self._pause = _PAUSE
        if contents(look_at(self._in_force)) == contents(self._in_force):
            self._pending, self._refused = None, {}
            if self._clock() >= self._newest_seals_at:
                self._newest_seals_at = inf
                self._replace(self.gate.successor(self._settings))
            return
        now, change = self._clock(), self._pending
        if change is None or look_at(change.found) != change.found:
            change = self._pending = self._seen(now)
            is_quiet = at_once and are_settled(self._in_force, change.found, _QUIET)
        else:
            is_quiet = abs(now - change.seen_at) >= _QUIET
        if contents(change.found) == contents(self._refused):
            return
        if is_quiet:
            self._take_over(change.found)
        else:
            self._pause = _QUIET

    def _seen(self, now: float) -> _Change:
        """Return what stands in the files, those too that only the changed settings name."""
        named: list[Path] = []
        with suppress(Exception):  # what is wrong is told once it has stayed as it is
            self._settings.read_again(self._folder, named)
        return _Change(look_at(dict.fromkeys([*self._in_force, *named])), now)

    def _take_over(self, found: FileStates) -> None:
        """Have another gate decide, with what stands in the files, if that is good and does not change meanwhile."""
        named: list[Path] = []
        made = attempt(lambda: self._made(named))
        if look_at(found) != found or not found.keys() >= set(named):
            self._pending = None
            return
        if isinstance(made, SettingsError):
            self._refused = found
            self.gate.telling.settings_refused(made)
            return
        settings, gate = made
        in_force = {path: found[path] for path in named}
        files = [path for path, state in in_force.items() if self._in_force.get(path) != state]
        tell_changes(gate.telling, self._settings, settings, files or named)
        self._settings, self._in_force, self._refused, self._pending = settings, in_force, {}, None
        self._replace(gate)

    def _replace(self, gate: WatchingGate) -> None:
        self._ask(gate)
        self.gate = gate

    def _made(self, named: list[Path]) -> tuple[Settings, WatchingGate]:
        """Return the settings that are in the files, and a gate with them. Raises SettingsError."""
        settings = self._settings.read_again(self._folder, named)
        check_changes(self._settings, settings)
        sealing = _sealing_as(self.gate.settings, settings)
        self._newest_seals_at = inf if sealing is settings else self._clock() + _OTHERS_FOLLOW
        return settings, self.gate.successor(sealing)


def _sealing_as(before: Settings, settings: Settings) -> Settings:
    """Return the settings with the cookie_secret in front that sealed before, if it still opens."""
    newest, *_ = before.cookie_secret
    if newest not in settings.cookie_secret[1:]:
        return settings
    others = [secret for secret in settings.cookie_secret if secret != newest]
    return settings.with_options(cookie_secret=[newest, *others])


_ALL: WeakSet[Reloading] = WeakSet()


def _after_fork() -> None:
    for each in list(_ALL):
        each.begin_anew()


with suppress(AttributeError):  # Windows knows no fork
    os.register_at_fork(after_in_child=_after_fork)
