"""What goes wrong in a soak, one fault after another and then together; each is over when its function returns."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.providers import keys
from tests.soak.fleet import HTTP_TIMEOUT, IDLE, STORE_TIMEOUT, Fleet
from tests.soak.judge import Judge

__all__ = ["Faults"]

#: A fault lasts for so long (seconds).
_LENGTH = 12.0
#: Gates look at their files every four seconds, and later where nobody asks.
_RELOADS_WITHIN = 15.0
#: Within `clock_leeway`.
_SMALL_STEP = 45.0


class Faults:
    """Has one fault after another happen, and then some at a time."""

    def __init__(self, fleet: Fleet, judge: Judge, over: threading.Event) -> None:
        self.fleet, self.judge, self.over = fleet, judge, over
        self._random = random.Random(1)
        self._redis = {server.name for server in fleet.servers if server.store == "redis"}
        self._stored = {server.name for server in fleet.servers if server.stores}
        self._reloads = 0
        #: A worker that starts while the settings are wrong ends, and gunicorn ends all of its own then.
        self._starting = threading.Lock()
        self.kinds: list[Callable[[], None]] = [
            self.provider_down, self.provider_slow, self.keys_rotated, self.keys_replaced, self.redis_paused,
            self.redis_killed, self.clocks_step, self.worker_killed, self.settings_reloaded, self.settings_broken,
            self.hours_pass,
        ]  # fmt: skip

    def happen(self, pause: float) -> None:
        """Have all happen one by one, with pauses, then two at a time, until the soak is over."""
        for kind in self.kinds:
            if self.over.wait(pause):
                return
            kind()
        with ThreadPoolExecutor(2) as pool:
            while not self.over.wait(pause):
                for each in [pool.submit(kind) for kind in self._random.sample(self.kinds, 2)]:
                    each.result()

    def provider_down(self) -> None:
        fault = self.judge.begin("provider down", {"provider"})
        lost = self.judge.begin("", {"session"}, self._stored)  # what was under way has no answer
        self.fleet.provider.stop()
        self._last()
        self.fleet.provider.start()
        self.judge.end(fault)
        self.judge.end(lost)

    def provider_slow(self) -> None:
        """Have it hang for longer than gates wait."""
        fault = self.judge.begin("provider slow", {"provider"})
        lost = self.judge.begin("", {"session"}, self._stored)  # a refresh that is answered too late: docs/sessions.md
        with self.fleet.provider.hold("token"), self.fleet.provider.hold("userinfo"):
            self._last(HTTP_TIMEOUT + 4)
        self.judge.end(fault)
        self.judge.end(lost)

    def keys_rotated(self) -> None:
        keys.key_for("RS256", self.fleet.provider.generations[-1] + 1)  # made now: two threads would make two
        fault = self.judge.begin("keys rotated", {"provider"})
        self.fleet.provider.rotate_keys()
        self._last(2.0)
        self.judge.end(fault)

    def keys_replaced(self) -> None:
        """Have the old keys gone at once, as after a break-in."""
        keys.key_for("RS256", self.fleet.provider.generations[-1] + 1)
        fault = self.judge.begin("keys replaced", {"provider"})
        self.fleet.provider.rotate_keys(keep_old=False)
        self._last(2.0)
        self.judge.end(fault)

    def redis_paused(self) -> None:
        fault = self.judge.begin("Redis paused", {"store", "session"}, self._redis)  # as below, for a refresh
        with self.fleet.redis.paused():
            self._last(STORE_TIMEOUT + 4)
        self.judge.end(fault)

    def redis_killed(self) -> None:
        """Have it come back empty, so that everybody there has to sign in anew."""
        fault = self.judge.begin("Redis killed", {"store", "session"}, self._redis)
        self.fleet.redis.stop()
        self._last()
        self.fleet.redis.restart()
        self.judge.end(fault)

    def clocks_step(self) -> None:
        """Set the gates' clocks ahead of the provider's, and back, by less than `clock_leeway`."""
        fault = self.judge.begin("clocks step", set())
        self.fleet.set_clock(_SMALL_STEP)
        self._last()
        self.fleet.set_clock(-_SMALL_STEP)
        self._last()
        self.fleet.set_clock(0.0)
        self.judge.end(fault)

    def hours_pass(self) -> None:
        """Have all clocks leap so far that everybody has been idle for too long; later they are set back."""
        fault = self.judge.begin("clocks leap", {"session", "provider", "store"})
        self.fleet.provider.clock_offset = IDLE * 1.5
        self.fleet.set_clock(IDLE * 1.5)
        self._last()
        self.fleet.provider.clock_offset = 0.0
        self.fleet.set_clock(0.0)
        self._last(5.0)
        self.judge.end(fault)

    def worker_killed(self) -> None:
        """Kill one at each server; one that dies before a refresh is written down takes a session along."""
        with self._starting:
            fault = self.judge.begin("workers killed", {"connection", "provider", "session"})
            for server in self.fleet.servers:
                server.kill_youngest()
            self._last(5.0)
            self.judge.end(fault)

    def settings_reloaded(self) -> None:
        fault = self.judge.begin("settings reloaded", set())
        self._reloads += 1
        for server in self.fleet.servers:
            server.settings["cache_control"] = ("no-store", "private")[self._reloads % 2]
            server.write_settings()
        self._last(_RELOADS_WITHIN)
        self.judge.end(fault)

    def settings_broken(self) -> None:
        """Have the file wrong for a while: the old settings stay."""
        with self._starting:
            fault = self.judge.begin("settings broken", set())
            for server in self.fleet.servers:
                server.break_settings()
            self._last(_RELOADS_WITHIN)
            for server in self.fleet.servers:
                server.write_settings()
            self.judge.end(fault)

    def _last(self, seconds: float = _LENGTH) -> None:
        """Wait; at the end of a soak a fault is as long as any, so that all is well when it is looked at."""
        time.sleep(seconds)
