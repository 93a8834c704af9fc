"""What most requests of programs get: those whose token was good a moment ago, at a place where it has passed.

As `recalling` for browsers: such a request is not decided again. It is known by its Authorization header, and by its
path, where paths have a say.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Any

from oidc_gate.access import NO_RULE
from oidc_gate.decisions import Request
from oidc_gate.gate.components import Components
from oidc_gate.gate.judging import Judging
from oidc_gate.sessions import KnownToken, Recalled

__all__ = ["TokenRecalling"]

#: So many places are remembered, of paths that are so long at most; and so many requests.
_MOST_PLACES, _LONGEST, _MOST_REQUESTS = 4096, 256, 512
#: So many characters at its end tell a token from others; then it is compared whole.
_SAMPLE = 32


class TokenRecalling:
    """Recalls decisions to forward a program's request. Each step is one operation, so that no lock is needed."""

    def __init__(self, components: Components, judging: Judging) -> None:
        settings, policy = components.settings, components.policy
        self._judging = judging
        self._clock = components.clock
        self._prefixes = components.own_prefixes
        #: Whether paths have a say in whether a token counts, or passes; and whether more of a request has.
        self._has_places = policy.has_places
        self._by_path = policy.has_places or bool(settings.bearer_paths)
        self._by_more = policy.heeds_methods or policy.by_host
        self._reads_forwarded = components.addresses.reads_forwarded
        #: Places by paths that were sent as they are; of these alone where tokens counted.
        self._places: dict[str, int] = {}
        #: By the end of a header: its key, the token, until when it is recalled, and what was decided.
        self._by_sample: dict[Any, tuple[Any, Any, Any, KnownToken, float, Recalled]] = {}
        #: When a gate that watches its settings has to be asked again, as time.time().
        self.next_look_at: Callable[[], float] = lambda: inf

    def recall(self, scheme: Any, host: Any, authorization: Any, path: str) -> Recalled | None:
        """Return the decision for a request with this header and no cookie, or None: then it has to be decided.

        `scheme`, `host`, `authorization`: the three of `Request.token_key`; `path`: where rules have a say, one that
        was sent as it is.
        """
        found = self._by_sample.get(authorization[-_SAMPLE:])
        if found is None:
            return None
        its_scheme, its_host, its_authorization, known, until, recalled = found
        if authorization != its_authorization or host != its_host or scheme != its_scheme:
            return None
        place = self._places.get(path) if self._by_path else NO_RULE
        if place is None or (not self._by_path and path.startswith(self._prefixes)):
            return None
        clock, keys = self._clock, known.keys
        now = clock()
        if now >= until or now > known.opened.passes.get(place, 0.0):
            return None
        return recalled if keys is None or keys is known.known_keys() else None

    def has_passed(self, request: Request, known: KnownToken) -> bool:
        """Return whether a token has passed at the place of this request, of which it is all that tells who asks.

        Its next requests are recalled.
        """
        if request.cookie_header or (self._by_path and ("%" in request.raw_target or request.has_unclear_mount)):
            return False
        if not self._passes(known, request.path):
            return False
        key = request.token_key
        if key is not None and not self._reads_forwarded:
            scheme, host, authorization, told = key
            if len(self._by_sample) >= _MOST_REQUESTS:
                self._by_sample.clear()
            until = min(known.until, self.next_look_at())
            recalled = (told, *known.opened.forward)
            self._by_sample[authorization[-_SAMPLE:]] = (scheme, host, authorization, known, until, recalled)
        return True

    def _passes(self, known: KnownToken, path: str) -> bool:
        place = self._places.get(path) if self._by_path else NO_RULE
        if place is None or not known.is_plain or (not self._by_path and path.startswith(self._prefixes)):
            return False
        now = self._clock()
        return now <= known.opened.passes.get(place, 0.0) and known.holds(now)

    def remember(self, request: Request, known: KnownToken) -> None:
        """Take note that a token has passed at the place of this request."""
        if not self._has_places:
            known.opened.remember_passing(NO_RULE, inf)
        path = request.path
        if (
            not self._by_path
            or self._by_more
            or request.app_root
            or request.root_path
            or "%" in request.raw_target
            or len(path) > _LONGEST
        ):
            return
        if len(self._places) >= _MOST_PLACES:
            self._places.clear()
        self._places[path] = self._judging.place(request)
