"""When a crowd comes to its provider: real gates on one store, with a clock that leaps from one event to the next.

The gates are the real ones, from `Gate.decide` down to the requests that they send: their sessions, their schedule and
their store's contract. What is made up: the people; the clock; the provider, which answers from this process, at the
place where a connection would be made; and the store, a table that counts what it is asked.

A person's requests come at random, one in `pause` seconds on average, each to any of the gates. Those that nothing is
due to are left out, for they ask the provider nothing: the first one counts that comes once something is due. One
request is decided at a time, so two that come to two processes while the provider is thinking do not happen here.
"""

from __future__ import annotations

import heapq
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from random import Random
from typing import Any
from urllib.parse import parse_qs

from urllib3 import HTTPResponse, PoolManager

from oidc_gate import Settings
from oidc_gate.decisions import Forward, Work
from oidc_gate.gate.gate import Gate
from oidc_gate.gate.kept_tokens import access_end, refresh_time
from oidc_gate.provider import Tokens
from oidc_gate.stores.contract import Record
from tests.asked import Asked
from tests.providers.keys import generation_jwks

__all__ = ["Calls", "CountingStore", "Crowd", "Simulation"]

ISSUER = "https://provider.test"
NINE = 1_900_000_800.0
_METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "userinfo_endpoint": f"{ISSUER}/userinfo",
    "jwks_uri": f"{ISSUER}/keys",
    "response_types_supported": ["code"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256"],
}


@dataclass
class Clock:
    """Seconds since 1970; it stands where the event is that is being simulated."""

    now: float = NINE

    def __call__(self) -> float:
        return self.now


@dataclass
class Calls:
    """When the provider was asked what, in seconds after nine."""

    times: list[float] = field(default_factory=list)

    def peak(self, width: float = 10.0, since: float = 0.0, until: float = float("inf")) -> float:
        """Return the most calls a second, on average over so many seconds."""
        windows = Counter(int(each // width) for each in self.times if since <= each < until)
        return max(windows.values(), default=0) / width

    def mean(self, since: float, until: float) -> float:
        """Return the calls a second."""
        return sum(since <= each < until for each in self.times) / (until - since)


class SimulatedProvider(PoolManager):
    """Answers what gates send, where a connection would be made. Access tokens name their person.

    `life`: of access tokens, in seconds; `down`: from when to when it answers 503, in seconds after nine.
    """

    def __init__(self, clock: Clock, life: float, down: tuple[float, float] = (0.0, 0.0)) -> None:
        super().__init__()
        self._clock, self._life, self._down = clock, life, down
        self.asked: dict[str, Calls] = {}

    def connection_from_host(self, *_: Any, **__: Any) -> SimulatedProvider:  # type: ignore[override]
        """Return itself: it stands for the connections too."""
        return self

    def urlopen(self, _method: str, url: str, **request: Any) -> HTTPResponse:  # type: ignore[override]
        """Answer a request."""
        after_nine = self._clock() - NINE
        status, document = 200, dict[str, Any](_METADATA)
        if url.endswith("/keys"):
            document = generation_jwks(1)
        elif not url.endswith("/.well-known/openid-configuration"):
            self.asked.setdefault(url.rpartition("/")[2], Calls()).times.append(after_nine)
        if self._down[0] <= after_nine < self._down[1]:
            status, document = 503, {}
        if status == 200 and url.endswith("/token"):
            form = parse_qs(request["body"])
            person = form["refresh_token"][0].partition(".")[0]
            document = self.tokens(person)
        if status == 200 and url.endswith("/userinfo"):
            document = {"sub": request["headers"]["Authorization"].removeprefix("Bearer ")}
        body = json.dumps(document).encode()
        return HTTPResponse(BytesIO(body), {"Content-Type": "application/json"}, status, preload_content=False)

    def tokens(self, person: str) -> dict[str, Any]:
        """Return what the token endpoint says to somebody's refresh token."""
        return {
            "access_token": person,
            "token_type": "Bearer",
            "refresh_token": f"{person}.{self._clock()}",
            "expires_in": self._life,
        }


class CountingStore:
    """A `SessionStore` in this process, which counts what it is asked, and what goes to and fro (bytes of values)."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}
        self.asked: Counter[str] = Counter()
        self.bytes = 0
        self._claims: set[str] = set()

    def load(self, key: str) -> bytes | None:
        """See `SessionStore`."""
        value = self.values.get(key)
        self._count("load", value or b"")
        return value

    def save(self, key: str, value: bytes, lifetime: float, names: Sequence[str], longest: float) -> None:  # noqa: ARG002
        """See `SessionStore`."""
        self._count("save", value)
        self.values[key] = value

    def replace(self, key: str, value: bytes, lifetime: float, expected: bytes) -> bool:  # noqa: ARG002
        """See `SessionStore`."""
        self._count("replace", value + expected)
        if self.values.get(key) != expected:
            return False
        self.values[key] = value
        return True

    def delete(self, key: str) -> None:
        """See `SessionStore`."""
        self._count("delete", b"")
        self.values.pop(key, None)

    def delete_named(self, name: str) -> int:
        """See `SessionStore`."""
        raise NotImplementedError("nobody is logged out from outside here")

    def claim(self, name: str, seconds: float) -> bool:  # noqa: ARG002
        """See `SessionStore`."""
        self._count("claim", b"")
        if name in self._claims:
            return False
        self._claims.add(name)
        return True

    def release(self, name: str) -> None:
        """See `SessionStore`."""
        self._count("release", b"")
        self._claims.discard(name)

    def records(self) -> Iterator[Record]:
        """See `SessionStore`."""
        return iter(())

    def _count(self, what: str, value: bytes) -> None:
        self.asked[what] += 1
        self.bytes += len(value)


@dataclass(frozen=True)
class Crowd:
    """So many people, and when each of them signs in, in seconds after nine."""

    arrivals: Sequence[float]

    @classmethod
    def at_once(cls, people: int, within: float, seed: int = 1) -> Crowd:
        """All sign in within so many seconds, as after the cookie_secret was replaced."""
        random = Random(seed)
        return cls(sorted(random.uniform(0.0, within) for _ in range(people)))

    @classmethod
    def monday(cls, people: int, deviation: float = 600.0, seed: int = 1) -> Crowd:
        """They come to work around nine; two thirds of them within `deviation` seconds before or after."""
        random = Random(seed)
        return cls(sorted(random.gauss(0.0, deviation) for _ in range(people)))


class Simulation:
    """Some gates, their store and their provider; `run` has a crowd use them.

    `spread`: False has all sessions begin at whole seconds, as if nothing were spread (see `place_in_line`).
    """

    def __init__(
        self,
        *,
        gates: int = 4,
        life: float = 3600.0,
        recheck: float = 0.0,
        pause: float = 5.0,
        down: tuple[float, float] = (0.0, 0.0),
        spread: bool = True,
        seed: int = 1,
    ) -> None:
        self.clock = Clock()
        self.store = CountingStore()
        self.provider = SimulatedProvider(self.clock, life, down)
        self._pause, self._spread, self._random = pause, spread, Random(seed)
        settings = Settings(
            issuer_url=ISSUER,
            client_id="app",
            client_secret="secret",
            cookie_secret="a-cookie-secret-for-simulations-0123456789abcdef",
            session_store=self.store,
            scopes="openid profile email offline_access",
            userinfo_refresh_interval=recheck,
            idle_session_timeout="12h",  # requests that nothing is due to are left out, and count as activity
            session_cache_mb=1,
        )
        self.gates = [Gate(settings, partial(self.clock)) for _ in range(gates)]
        for gate in self.gates:
            (party,) = gate._components.parties
            party.provider._transport._pools[""] = self.provider
        self._cookie_name = self.gates[0]._components.secure_cookies.session
        self._cookies: dict[int, str] = {}

    def run(self, crowd: Crowd, seconds: float) -> None:
        """Have the crowd sign in and go on working until so many seconds after nine."""
        events = [(NINE + at, person) for person, at in enumerate(crowd.arrivals)]
        heapq.heapify(events)
        until = NINE + seconds
        while events and events[0][0] < until:
            at, person = heapq.heappop(events)
            self.clock.now = at
            due_at = self._signed_in(person) if person not in self._cookies else self._asked(person)
            heapq.heappush(events, (max(at, due_at) + self._random.expovariate(1 / self._pause), person))

    @property
    def tokens(self) -> Calls:
        """The calls of the token endpoint, logins not among them."""
        return self.provider.asked.get("token", Calls())

    @property
    def userinfo(self) -> Calls:
        """The calls of userinfo."""
        return self.provider.asked.get("userinfo", Calls())

    def _signed_in(self, person: int) -> float:
        """Start somebody's session, as the end of a login does; return when something is due to it."""
        gate = self._any_gate()
        now = self.clock.now if self._spread else float(int(self.clock.now))
        found = self.provider.tokens(f"person-{person}")
        issued = Tokens("", found["access_token"], found["refresh_token"], found["expires_in"])
        sessions = gate._components.sessions
        claims = {"iss": ISSUER, "sub": f"person-{person}", "email": f"person-{person}@example.com"}
        tokens = {"access_token": issued.access_token, "refresh_token": issued.refresh_token}
        ends = refresh_time(issued, now, now), access_end(issued, now)
        session = sessions.start(claims, tokens, list(claims), now, *ends)
        _, self._cookies[person] = sessions.keep(session, self._cookie_name)
        return self._due_at(gate, person)

    def _asked(self, person: int) -> float:
        """Send a request of somebody to any gate; return when something is due to the session, by what that knows."""
        gate = self._any_gate()
        text = self._cookies[person]
        decision: Any = gate.decide(Asked(cookie_header=f"{self._cookie_name}={text}"))
        while isinstance(decision, Work):
            decision = decision.run()
        if not isinstance(decision, Forward) or decision.identity is None:
            raise AssertionError(f"a signed-in person got {decision!r}")
        if decision.identity.subject != f"person-{person}":
            raise AssertionError(f"person {person} got the identity {decision.identity!r}")
        return self._due_at(gate, person)

    def _due_at(self, gate: Gate, person: int) -> float:
        sessions = gate._components.sessions
        text = self._cookies[person]
        opened = sessions.known(text, self._cookie_name)
        if opened is None:
            opened = sessions.load_afresh(text, self._cookie_name, self.clock.now)
            self.store.asked["load"] -= 1
        if opened is None:
            raise AssertionError(f"the session of person {person} is gone")
        return opened.due_at

    def _any_gate(self) -> Gate:
        return self._random.choice(self.gates)
