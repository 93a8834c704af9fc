"""A master of Redis is lost for good (`kill -9`) and its replica takes over: what people see until then, and after.

Behind Sentinel and in a Cluster. While nobody is master, who is signed in gets 503 with `Retry-After`: never the app
as nobody, never a 401, never a redirect. Afterwards all is as before, also once the old master is back, empty.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import redis

from oidc_gate.errors import StoreError
from oidc_gate.stores import SessionStore
from oidc_gate.stores.urls import open_store
from tests.answers import Answer
from tests.browser import Browser
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.redis_servers import Replicated, cluster_with_replicas, sentinel_with_replica, until
from tests.stage import Stage, is_login, subject
from tests.test_store_outages import is_refused

STORE_TIMEOUT = 6.0  # a busy machine takes seconds to connect to a server that is there
SLACK = 10.0  # for a machine with much else to do; without a bound the wait would be a minute and more
PACE = 0.02
CALLBACK = "https://app.test/oauth2/callback"


@pytest.fixture
def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Replicated]:
    with request.param(tmp_path) as running:
        yield running


class Person(NamedTuple):
    """Someone who has signed in, and the server that held the session then."""

    subject: str
    browser: Browser
    session: str
    server: int


class Told(NamedTuple):
    """An answer, to whom, and after how long."""

    person: Person
    answer: Answer
    waited: float

    @property
    def is_served(self) -> bool:
        return self.answer.status == 200


def sign_in(here: Stage, servers: Replicated, name: str) -> Person:
    """Sign someone in, and find out which master holds the session."""
    here.provider.user = here.provider.people[name]
    browser = here.signed_in("/")
    identity = browser.trail[-1].json()["identity"]
    session = f"oidc_gate:session:{identity['session_id']}"
    server = next(number for number in servers.masters() if servers.holds(number, session))
    return Person(identity["subject"], browser, session, server)


def on_each_master(here: Stage, servers: Replicated) -> list[Person]:
    """Sign ada and grace in, in ever new browsers, until each master holds a session."""
    people: list[Person] = []

    def are_everywhere() -> bool:
        people.extend(sign_in(here, servers, name) for name in ("ada", "grace"))
        return {one.server for one in people} == set(servers.masters())

    until(are_everywhere)
    return people


def ask(person: Person, browser: Browser, *, as_page: bool) -> Told:
    started = time.monotonic()
    answer = browser.request("GET", "/", navigate=as_page)
    return Told(person, answer, time.monotonic() - started)


@contextlib.contextmanager
def asking(*people: Person) -> Iterator[list[Told]]:
    """Have these people ask without pause, pages and scripts in turn; yields what they are told."""
    told: list[Told] = []
    over = threading.Event()

    def go_on(person: Person) -> None:
        browser = person.browser.copy()
        as_page = False
        while not over.wait(PACE):
            told.append(ask(person, browser, as_page=as_page))
            as_page = not as_page

    with ThreadPoolExecutor(len(people)) as pool:
        asked = [pool.submit(go_on, person) for person in people]
        try:
            yield told
        finally:
            over.set()
            for each in asked:
                each.result()  # what went wrong with someone's questions comes before what was missed for it


def until_served(told: list[Told], *people: Person) -> None:
    """Return once each of these people has been served ten times in a row from now on."""
    start = len(told)

    def is_served(person: Person) -> bool:
        last = [each.is_served for each in told[start:] if each.person is person][-10:]
        return last == [True] * 10

    until(lambda: all(is_served(person) for person in people))


def end_all_sessions_of(here: Stage, person: Person) -> None:
    """Have the provider say that this person is signed out; sessions are found by the names that the store has."""
    form = {"logout_token": here.provider.make_logout_token(sub=person.subject)}
    assert here.browser().post("/oauth2/backchannel-logout", form=form).status == 200


def none_was_mistaken(here: Stage, told: list[Told]) -> None:
    """Each was served as who they are or refused in time, and the app saw nobody else."""
    for each in told:
        if each.is_served:
            assert subject(each.answer) == each.person.subject
        else:
            assert is_refused(each.answer), each.answer
        assert each.waited < STORE_TIMEOUT + SLACK
    seen = {call.identity["subject"] if call.identity else None for call in here.app.calls}
    assert seen <= {"ada-1815", "grace-1906"}


@pytest.mark.parametrize("servers", [sentinel_with_replica], indirect=True)
def test_when_sentinel_promotes_the_replica_who_is_signed_in_stays_so(
    stage: StageFactory, servers: Replicated, provider: LocalProvider
) -> None:
    here = stage(session_store=servers.url, store_timeout=STORE_TIMEOUT, session_cache_seconds=0)
    ada = sign_in(here, servers, "ada")
    idle = here.moved(ada.browser, here.another_gate())
    believing = here.moved(ada.browser, here.another_gate(session_cache_seconds=600))
    assert (idle.fetch("/").status, believing.fetch("/").status) == (200, 200)
    newcomer = here.browser()
    away = newcomer.navigate("/report", until=CALLBACK)
    with asking(ada) as told:
        until_served(told, ada)
        until(lambda: servers.follows(1, 0))
        servers.lose(0)
        assert is_refused(ada.browser.copy().navigate("/"))
        assert is_refused(newcomer.get(away.target, initiator=provider.origin))
        assert is_login(here.browser().get("/"), provider), "who is not signed in does not notice"
        here.clock.advance(300)
        assert subject(believing.fetch("/")) == ada.subject, "it goes on for session_cache_seconds"
        until(lambda: servers.is_master(1))
        until_served(told, ada)
        assert subject(idle.fetch("/")) == ada.subject, "a process that asked nothing meanwhile does not notice"
        refused = [each for each in told if not each.is_served]
        servers.bring_back(0)
        until(lambda: servers.follows(0, 1))
        until_served(told, ada)
    assert refused
    assert [each for each in told if not each.is_served] == refused, "nobody asks a master that comes back empty"
    none_was_mistaken(here, told)
    assert subject(newcomer.navigate("/report")) == ada.subject, "the login is taken up again"
    assert sign_in(here, servers, "grace").server == 1
    end_all_sessions_of(here, ada)
    assert [ada.browser.fetch("/").status, idle.fetch("/").status] == [401, 401]


@pytest.mark.parametrize("servers", [cluster_with_replicas], indirect=True)
def test_when_a_replica_takes_over_in_a_cluster_nobody_has_lost_a_session(
    stage: StageFactory, servers: Replicated, provider: LocalProvider
) -> None:
    here = stage(session_store=servers.url, store_timeout=STORE_TIMEOUT, session_cache_seconds=0)
    people = on_each_master(here, servers)
    someone, *others = (next(one for one in people if one.server == number) for number in range(3))
    idle = here.moved(someone.browser, here.another_gate())
    believing = here.moved(someone.browser, here.another_gate(session_cache_seconds=600))
    assert (idle.fetch("/").status, believing.fetch("/").status) == (200, 200)
    with asking(someone, *others) as told:
        until_served(told, someone, *others)
        until(lambda: all(servers.follows(number + 3, number) for number in range(3)))
        servers.lose(someone.server)
        assert is_refused(someone.browser.copy().navigate("/"))
        here.clock.advance(300)
        assert subject(believing.fetch("/")) == someone.subject, "it goes on for session_cache_seconds"
        until(lambda: servers.is_master(someone.server + 3))
        until_served(told, someone, *others)
        assert subject(idle.fetch("/")) == someone.subject, "a process that asked nothing meanwhile does not notice"
        refused = [each for each in told if not each.is_served]
        servers.bring_back(someone.server)
        until(lambda: servers.follows(someone.server, someone.server + 3))
        until_served(told, someone, *others)
    assert someone in [each.person for each in refused]
    assert [each for each in told if not each.is_served] == refused, "nobody asks a node that comes back empty"
    none_was_mistaken(here, told)
    assert [subject(one.browser.fetch("/")) for one in people] == [one.subject for one in people]
    assert {one.server for one in on_each_master(here, servers)} == {1, 2, 3}, "new sessions go where they belong"
    end_all_sessions_of(here, someone)
    told_now = {(one.subject == someone.subject, one.browser.fetch("/").status) for one in people}
    assert told_now == {(True, 401), (False, 200)}


# A value that is replaced while masters change


def saved_on_the_first(store: SessionStore, servers: Replicated) -> str:
    """Save sessions until the first master holds one; return its key, once the replica has it too."""
    keys = [hashlib.sha256(b"%d" % number).hexdigest() for number in range(50)]
    for each in keys:
        store.save(each, b"value", 600, (), 600)
    until(lambda: servers.follows(3, 0))
    return next(each for each in keys if servers.holds(0, f"oidc_gate:session:{each}"))


@pytest.mark.parametrize("servers", [cluster_with_replicas], indirect=True)
def test_a_value_that_is_replaced_while_its_master_is_lost_is_replaced_by_one_alone(
    servers: Replicated, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The master dies between the look at the value and its replacement, and another process is quicker."""
    store, other = open_store(servers.url, STORE_TIMEOUT), open_store(servers.url, STORE_TIMEOUT)
    key = saved_on_the_first(store, servers)
    look = redis.client.Pipeline.get

    def look_as_the_master_dies(pipeline: Any, name: str) -> Any:
        monkeypatch.undo()
        servers.lose(0)
        until(lambda: servers.is_master(3))
        until(lambda: replaced(other, key, b"second"))
        return look(pipeline, name)

    monkeypatch.setattr(redis.client.Pipeline, "get", look_as_the_master_dies)
    with contextlib.suppress(StoreError):
        assert not store.replace(key, b"third", 600, b"value")
    assert other.load(key) == b"second"
    until(lambda: replaced(store, key, b"fourth", b"second"))


def replaced(store: SessionStore, key: str, value: bytes, expected: bytes = b"value") -> bool:
    with contextlib.suppress(StoreError):
        return store.replace(key, value, 600, expected)
    return False


@pytest.mark.parametrize("servers", [cluster_with_replicas], indirect=True)
def test_a_value_whose_master_has_changed_in_good_order_is_replaced(servers: Replicated) -> None:
    store = open_store(servers.url, STORE_TIMEOUT)
    key = saved_on_the_first(store, servers)
    assert servers.tell("CLUSTER", "FAILOVER", number=3) == b"OK"
    until(lambda: servers.is_master(3) and servers.follows(0, 3))
    assert store.replace(key, b"second", 600, b"value")
    assert not store.replace(key, b"third", 600, b"value")
    assert store.load(key) == b"second"
