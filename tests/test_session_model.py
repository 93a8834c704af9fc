"""Any order of logins, requests, renewals, logouts and time, held against a small model of who is signed in.

The invariant: the app sees a person if and only if the model says that this browser is theirs at that moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import pytest
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tests.browser import Browser, World
from tests.conftest import fresh
from tests.made_up import HealthCheck, Phase, settings, st
from tests.providers.local import LocalProvider
from tests.redis_servers import RedisServers
from tests.stage import Stage

pytestmark = pytest.mark.uncounted

IDLE, LONGEST, CACHE = 600, 3600, 1
LAG = IDLE / 20
SECRETS = [f"cookie-secret-number-{number}-of-the-model" for number in range(6)]
VISITORS = st.integers(0, 2)
GATES = st.integers(0, 1)


@dataclass
class Known:
    """What the model knows of one browser: whose it is, since when, and when it was last seen at each gate."""

    person: str | None = None
    sid: str = ""
    since: float = 0.0
    secret: int = 0
    seen: dict[int, float] = field(default_factory=dict)


class Model(RuleBasedStateMachine):
    """Three browsers, two gates on one store, one provider.

    `listed`: sessions are in cookies, and the store lists those that were ended; then the provider can end none.
    """

    world: ClassVar[World] = "wsgi"
    provider: ClassVar[LocalProvider]
    store: ClassVar[str]
    listed: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.provider.reset()
        self.folder = TemporaryDirectory()
        url = self.store or f"sqlite:///{self.folder.name}/sessions.db"
        self.newest = 0
        given: dict[str, Any] = {"idle_session_timeout": IDLE, "max_session_duration": LONGEST}
        given |= {"session_cache_seconds": CACHE, "cookie_secret": SECRETS[:1]}
        given |= {"store_timeout": "1m", "http_timeout": "1m"}  # nothing is down here, but the machine may be busy
        if self.listed:
            given |= {"cookie_deny_list": url}
        else:
            given |= {"session_store": url, "scopes": "openid email profile offline_access"}
        self.stage = Stage(self.world, self.provider, **given)
        self.gates = [self.stage.gate, self.stage.another_gate()]
        self.browsers = [self.stage.browser() for _ in range(3)]
        self.known = [Known() for _ in self.browsers]
        self.gone: list[Browser] = []  # copies of browsers whose sessions were ended since

    def teardown(self) -> None:
        self.folder.cleanup()

    # What happens

    @rule(who=VISITORS, gate=GATES, person=st.sampled_from(["ada", "grace"]))
    def signs_in(self, who: int, gate: int, person: str) -> None:
        self.gone.append(self.browsers[who].copy())
        self.provider.user = self.provider.people[person]
        page = self.at(who, gate).navigate("/oauth2/login?next=/")
        assert page.status == 200, page
        identity = page.json()["identity"]
        now = self.stage.clock()
        self.known[who] = Known(identity["subject"], identity["claims"]["sid"], now, self.newest, {gate: now})

    @rule(who=VISITORS, gate=GATES)
    def signs_out(self, who: int, gate: int) -> None:
        self.gone.append(self.browsers[who].copy())
        self.at(who, gate).get("/oauth2/logout")
        self.known[who] = Known()
        self.settle()
        self.are_dead(self.gone[-1:])

    @precondition(lambda self: not self.listed)
    @rule(sid=VISITORS, gate=GATES)
    def is_signed_out_by_the_provider(self, sid: int, gate: int) -> None:
        token = self.provider.make_logout_token(sid=self.known[sid].sid or "nobody's")
        self.told(gate, token)
        self.known[sid] = Known()

    @precondition(lambda self: not self.listed)
    @rule(person=st.sampled_from(["ada-1815", "grace-1906"]), gate=GATES)
    def all_of_a_person_are_signed_out_by_the_provider(self, person: str, gate: int) -> None:
        self.told(gate, self.provider.make_logout_token(sub=person))
        self.known = [Known() if known.person == person else known for known in self.known]

    @rule(seconds=st.sampled_from([1, 20, IDLE / 2, IDLE - 2 * LAG, IDLE + 1, LONGEST - IDLE]))
    def time_passes(self, seconds: float) -> None:
        self.stage.clock.advance(seconds)

    @precondition(lambda self: bool(self.gone))
    @rule()
    def cookies_of_old_are_tried_again(self) -> None:
        self.settle()
        self.are_dead(self.gone[-3:])

    @precondition(lambda self: self.newest < len(SECRETS) - 1)
    @rule()
    def the_cookie_secret_is_rotated(self) -> None:
        """Both gates are started again, with the newest two secrets."""
        self.newest += 1
        both = SECRETS[self.newest], SECRETS[self.newest - 1]
        self.gates = [self.stage.another_gate(cookie_secret=both) for _ in range(2)]
        for who, known in enumerate(self.known):
            if known.secret < self.newest - 1:
                self.known[who] = Known()

    @rule()
    def a_gate_is_started_again(self) -> None:
        both = SECRETS[self.newest], SECRETS[max(0, self.newest - 1)]
        self.gates[0] = self.stage.another_gate(cookie_secret=list(dict.fromkeys(both)))

    @rule(who=VISITORS, gate=GATES)
    def asks(self, who: int, gate: int) -> None:
        self.look(who, gate)

    # What must be so

    @invariant()
    def the_app_sees_whom_the_model_says(self) -> None:
        for who in range(len(self.browsers)):
            self.look(who, who % 2)

    def look(self, who: int, gate: int) -> None:
        """Ask as this browser; what the model leaves open, for activity is written only once in a while, is learned."""
        now, known = self.stage.clock(), self.known[who]
        answer = self.at(who, gate).fetch("/")
        assert answer.status in (200, 401), answer
        seen = answer.json()["identity"]["subject"] if answer.status == 200 else None
        latest = max(known.seen.values(), default=0.0)
        over = now >= known.since + LONGEST or now - latest > IDLE
        certain = now - latest <= IDLE - LAG - CACHE
        if known.person is None or over:
            assert seen is None, known
        elif certain:
            assert seen == known.person, (known, now)
        else:
            assert seen in (None, known.person)
        if seen is None:
            self.known[who] = Known()
        else:
            known.seen[gate] = now
            known.secret = self.newest

    def are_dead(self, browsers: list[Browser]) -> None:
        """Check that nobody gets in with the cookies of a session that was ended or replaced, at either gate."""
        for old in browsers:
            for gate in self.gates:
                old.driver = self.stage.browser(gate).driver
                assert old.fetch("/").status == 401

    # The means

    def at(self, who: int, gate: int) -> Browser:
        browser = self.browsers[who]
        browser.driver = self.stage.browser(self.gates[gate]).driver
        return browser

    def told(self, gate: int, token: str) -> None:
        form = {"logout_token": token}
        server = self.stage.browser(self.gates[gate])
        assert server.post("/oauth2/backchannel-logout", form=form, navigate=False).status == 200
        self.settle()

    def settle(self) -> None:
        """Let the time pass within which a logout reaches the other gate."""
        self.stage.clock.advance(CACHE)


#: Every two of the three meet: what world, store and kind of session do to each other they do in pairs, and hypothesis
#: makes up the same histories for each.
MACHINES = [
    *(("wsgi", "sqlite", False), ("wsgi", "redis", True)),
    *(("asgi", "sqlite", True), ("asgi", "redis", False)),
]


@pytest.fixture(params=MACHINES, ids=lambda chosen: f"{chosen[0]}-{chosen[1]}-{'listed' if chosen[2] else 'stored'}")
def machine(request: pytest.FixtureRequest, _served_provider: LocalProvider) -> Iterator[type[Model]]:
    world, store, listed = request.param
    for provider in fresh(_served_provider):
        url = request.getfixturevalue("redis_server").url if store == "redis" else ""
        yield type("Chosen", (Model,), {"world": world, "provider": provider, "store": url, "listed": listed})


def test_the_app_sees_an_identity_if_and_only_if_the_model_says_so(machine: type[Model]) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_the_model_would_notice_a_logout_that_is_forgotten(
    machine: type[Model], redis_server: RedisServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test is tested: a gate whose logouts do not reach the store is found out."""

    class Forgetful(machine):  # type: ignore[valid-type,misc]
        def __init__(self) -> None:
            super().__init__()
            for gate in self.gates:
                gate._gate._components.sessions.backend.end = lambda *_: None

    quick = [Phase.generate]  # which one is found first is of no interest
    small = settings(max_examples=60, stateful_step_count=30, deadline=None, database=None, phases=quick)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Forgetful, settings=small)
