"""Whether this gate is alive, and whether it is ready to serve: for load balancers, and for `oidc-gate doctor`.

Anybody may ask, as often as they like. So neither asks the provider, and of the store `ready` knows the answer of a
moment ago.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from threading import Event, Lock
from typing import Any

from oidc_gate.browser import own_path, pages
from oidc_gate.decisions import Decision, Reply, Request, Work
from oidc_gate.errors import GateError, StoreError
from oidc_gate.gate.components import Components
from oidc_gate.gate.proofs import checked_challenge, proof_for
from oidc_gate.gate.refusals import Refusals
from oidc_gate.provider import code_flow
from oidc_gate.sessions import AskingBackend

__all__ = ["Health"]

logger = logging.getLogger("oidc_gate")

#: `ok`, `down`, `unknown`, or `none` where there is no store; and the store's error.
State = tuple[str, StoreError | None]

#: The store is asked at most once in so many seconds.
_PAUSE = 1.0
_NEVER = float("-inf")


class Health:
    """Answers `health` and `ready` for one gate."""

    def __init__(self, components: Components, refusals: Refusals) -> None:
        self._components = components
        self._refusals = refusals
        backend = components.sessions.backend
        self._store = _StoreState(components, backend) if isinstance(backend, AskingBackend) else None

    def health(self, request: Request) -> Reply:
        """Tell that the gate is alive; to a challenge, in a way that only this gate can."""
        if "challenge" not in request.query:
            return pages.json_reply(200, {"status": "ok"})
        components = self._components
        try:
            given = code_flow.single_values(code_flow.read_form(request.query), ("challenge",))
            if "challenge" not in given:
                return pages.json_reply(200, {"status": "ok"})
            challenge = checked_challenge(given["challenge"])
        except GateError as error:
            return self._refusals.failure(request, error, own_path(components.addresses.origin(request), "/"))
        secrets = components.settings.cookie_secret
        answer = proof_for(request, components.addresses, secrets, components.context, challenge)
        return pages.json_reply(200, {"status": "ok", "answer": answer})

    def ready(self, _: Request) -> Decision:
        """Tell whether the store answers. The provider's state is told too, and changes nothing.

        For a gate whose provider is down serves all who are signed in.
        """
        if self._store is None:
            return self._reply(("none", None))
        return self._store.then(self._reply)

    def _reply(self, state: State) -> Reply:
        store, error = state
        unknown = any(party.provider.known_metadata() is None for party in self._components.parties)
        body: dict[str, Any] = {"status": "ok", "store": store, "provider": "unknown" if unknown else "known"}
        if store in ("ok", "none"):
            return pages.json_reply(200, body)
        body |= {"status": "unavailable"} | ({"error": error.code} if error is not None else {})
        return pages.json_reply(503, body, (("retry-after", f"{_PAUSE:.0f}"),))


class _StoreState:
    """What the store answered when it was asked last: by one request a second, and the others go by that."""

    def __init__(self, components: Components, backend: AskingBackend) -> None:
        self._clock = components.clock
        self._longest = components.settings.store_timeout
        self._backend = backend
        self._key = sha256(f"oidc_gate ready {components.context}".encode()).hexdigest()
        self._lock = Lock()  # guards who asks; never held while the store is asked
        self._asked_at = self._answered_at = _NEVER
        self._done = Event()  # of the latest question
        self._state: State = ("unknown", None)  # set whole

    def then(self, reply: Callable[[State], Reply]) -> Decision:
        """Return the reply to the state, or the work that comes to it. Times are compared by their distance.

        While the store is asked the state of just before counts; without one, a request waits for the answer.
        """
        with self._lock:
            now = self._clock()
            if abs(now - self._asked_at) >= _PAUSE:
                self._asked_at, self._done = now, Event()
                return Work("store", partial(self._ask, self._done, reply))
            done = self._done
        if done.is_set() or abs(now - self._answered_at) < _PAUSE + self._longest:
            return reply(self._state)
        return Work("store", lambda: reply(self._awaited(done)))

    def _ask(self, done: Event, reply: Callable[[State], Reply]) -> Reply:
        before = self._state[0]
        try:
            self._backend.load(self._key)
            self._state = ("ok", None)
        except StoreError as error:
            self._state = ("down", error)
            if before != "down":
                logger.warning("not ready, for the store does not answer: %s", error)
        finally:
            self._answered_at = self._clock()
            done.set()
        if before == "down" and self._state[0] == "ok":
            logger.info("ready, for the store answers again")
        return reply(self._state)

    def _awaited(self, done: Event) -> State:
        done.wait(self._longest)
        return self._state
