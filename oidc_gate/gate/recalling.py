"""What nearly all requests get: those of a browser whose session was good a moment ago, and to which nothing is due.

Such a request is not decided again: what was decided for an earlier one holds for it; not where that came later by the
clock, for then it was set back.

Both ways look it up in `Sessions.recent_requests` themselves, and not by a function: to call one takes as long as to
look. Where thousands of browsers take turns, each object that is looked at comes from slow memory: there are few.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from oidc_gate.decisions import BY_PATH, By, Request
from oidc_gate.gate.components import Components
from oidc_gate.gate.judging import Judging
from oidc_gate.sessions import SAMPLE, OpenSession, Recalled

if TYPE_CHECKING:
    from oidc_gate.gate.recalling_tokens import TokenRecalling

__all__ = ["Recall", "Recalling"]

#: Takes scheme, host, what tells who asks, and the line, as `By` has them.
Recall = Callable[[Any, Any, Any, Any], Recalled | None]


class Recalling:
    """Recalls decisions to forward. `recall` returns one, or None: then `Gate.decide` is to be asked."""

    def __init__(self, components: Components, judging: Judging) -> None:
        policy = components.policy
        self.recall: Recall = self._recall_by_place if policy.narrows else self._recall
        self.by = BY_PATH
        if policy.narrows:
            self.by = By("method and plain path" if policy.heeds_methods else "plain path")
        self._prefix = components.own_prefixes
        #: Where an Authorization header has a say.
        self.tokens: TokenRecalling | None = None
        if components.settings.bearer_audience is not None:
            from oidc_gate.gate.recalling_tokens import TokenRecalling  # late: most do without

            self.tokens = TokenRecalling(components, judging)
            self.recall = _by_either(self.recall, self.tokens.recall)
            self.by = self.by._replace(heeds_tokens=True)
        self._clock = components.clock
        self._reads_forwarded = components.addresses.reads_forwarded
        self._by_sample = components.sessions.recent_requests
        self._remember_request = components.sessions.remember_request
        self._ended = components.sessions.ended
        self._places, self._known_place, self._by_host = judging.places, judging.known_place, policy.by_host

    def _recall(self, scheme: Any, host: Any, cookies: Any, path: str) -> Recalled | None:
        """Return the decision where whoever has a session passes everywhere.

        `scheme`, `host`, `cookies`: the three of `Request.key`; `path`: as the server gave it, for only the gate's own
        prefix, which is ASCII, is looked for in it.
        """
        found = self._by_sample.get(cookies[:: len(cookies) // SAMPLE or 1])
        if found is None:
            return None
        its_scheme, its_host, its_cookies, opened, recalled = found
        if cookies != its_cookies or host != its_host or scheme != its_scheme or path.startswith(self._prefix):
            return None
        clock = self._clock  # first a local: Python 3.11 calls `self.name(…)` more slowly where name is no method
        now = clock()
        ended = self._ended
        if not opened.seen_at <= now < opened.steady_until or (ended and opened.session_id in ended):
            return None
        opened.seen_at = now
        return recalled

    def _recall_by_place(self, scheme: Any, host: Any, cookies: Any, line: str) -> Recalled | None:
        """Return the decision where rules have a say; `line`: see `By`, a blank after the method."""
        found = self._by_sample.get(cookies[:: len(cookies) // SAMPLE or 1])
        if found is None:
            return None
        its_scheme, its_host, its_cookies, opened, recalled = found
        if cookies != its_cookies or host != its_host or scheme != its_scheme:
            return None
        place = self._places.get((host, line) if self._by_host else line)
        if place is None:
            known_place = self._known_place
            place = known_place(host, line)
            if place is None:
                return None
        clock, ended = self._clock, self._ended
        now = clock()
        if (
            not opened.seen_at <= now < opened.steady_until
            or now > opened.passes.get(place, 0.0)
            or (ended and opened.session_id in ended)
        ):
            return None
        opened.seen_at = now
        return recalled

    def remember(self, request: Request, opened: OpenSession) -> None:
        """Have the browser's next requests recalled, if not too often in vain (`OpenSession.skips`).

        Behind proxies other headers have a say, and there is no key.
        """
        if opened.skips > 0:
            opened.skips -= 1
            return
        key = None if self._reads_forwarded else request.key
        if key is not None:
            self._remember_request(key, opened, request.told_cookies)


def _by_either(by_cookie: Recall, by_token: Recall) -> Recall:
    def recall(scheme: Any, host: Any, credentials: Any, line: Any) -> Recalled | None:
        if type(line) is tuple:
            return by_token(scheme, host, credentials, line[0])
        return by_cookie(scheme, host, credentials, line)

    return recall
