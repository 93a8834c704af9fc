"""Many who ask the provider in a stranger's name hold up neither each other for long, nor anybody who is signed in."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from oidc_gate.asgi.lanes import Lanes
from oidc_gate.decisions import Reply, Work
from oidc_gate.errors import ProviderDownError
from oidc_gate.gate.redemptions import Redemptions
from oidc_gate.provider.cache import Cached
from oidc_gate.wsgi.turns import Turns
from tests.asgi_driver import LOOP
from tests.asked import Asked
from tests.conftest import StageFactory
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.redis_servers import until
from tests.stage import Stage, is_login, query

CALLBACK = "https://app.test/oauth2/callback"

# An attempt is redeemed once


def made_up(at_provider: Any, number: int) -> str:
    """Return the callback of the same login with a code that nobody issued."""
    sent = query(at_provider.target) | {"code": f"junk{number}"}
    return f"{CALLBACK}?{urlencode(sent)}"


def test_one_attempt_is_one_call_however_often_it_is_sent(stage: StageFactory, provider: LocalProvider) -> None:
    browser = stage().browser()
    at_provider = browser.navigate("/report", until=CALLBACK)
    answers = [browser.copy().get(made_up(at_provider, number)) for number in range(30)]
    assert len(provider.calls("token")) == 1
    assert all(is_login(answer, provider) for answer in answers), "the login is started again, once"


def test_while_one_is_redeemed_the_others_are_answered_at_once(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage()
    browser = here.browser()
    at_provider = browser.navigate("/report", until=CALLBACK)
    with ThreadPoolExecutor(1) as pool, provider.hold("token"):
        first = pool.submit(browser.copy().get, at_provider.target)
        until(lambda: len(provider.calls("token")) == 1)
        for number in range(30):
            assert is_login(browser.copy().get(made_up(at_provider, number)), provider)
        assert here.browser().get("/oauth2/health").status == 200
        assert not first.done()
    assert first.result().target == "https://app.test/report"
    assert len(provider.calls("token")) == 1


def test_a_second_login_of_the_same_browser_is_another_attempt(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage()
    for _ in range(3):
        assert here.signed_in().fetch("/").status == 200
    assert len(provider.calls("token")) == 3


def test_an_answer_that_was_taken_ends_at_the_page_where_there_is_a_session(
    stage: StageFactory, provider: LocalProvider
) -> None:
    browser = stage().browser()
    at_provider = browser.navigate("/report", until=CALLBACK)
    before = browser.copy()
    assert browser.navigate(at_provider.target).status == 200
    before.cookies.receive("https://app.test/", _set_cookie(browser))
    again = before.get(at_provider.target)
    assert (again.status, again.target, len(provider.calls("token"))) == (302, "https://app.test/report", 1)


def _set_cookie(browser: Any) -> str:
    name = next(name for name in browser.cookies.names() if ".login." not in name)
    return f"{name}={browser.cookies.get(name)}; Path=/; Secure"


def test_redemptions_are_bounded_and_the_latest_are_kept() -> None:
    redemptions = Redemptions()
    assert all(redemptions.begin(str(number)) for number in range(25_000))
    assert len(redemptions._taken) <= 10_000
    assert (redemptions.has("24999"), redemptions.begin("24999"), redemptions.has("0")) == (True, False, False)
    redemptions.forget("24999")
    redemptions.forget("never heard of")
    assert (redemptions.has("24999"), redemptions.begin("24999")) == (False, True)


def test_of_many_threads_one_redeems() -> None:
    redemptions, barrier = Redemptions(), threading.Barrier(16)

    def begin(_: int) -> bool:
        barrier.wait(LIMIT)
        return redemptions.begin("one")

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(begin, range(16))) == 1


def test_of_two_that_were_let_through_before_either_was_redeemed_one_is(provider: LocalProvider) -> None:
    here = Stage("wsgi", provider)
    browser = here.browser()
    target = browser.navigate("/report", until=CALLBACK).target
    cookie = "; ".join(value for _, value in browser._cookie_header(CALLBACK, same_site=False, lax_allowed=True))
    request = Asked(path="/oauth2/callback", query=target.partition("?")[2], cookie_header=cookie)
    first, second = (here.gate._gate.decide(request) for _ in range(2))
    assert dict(first.run().headers)["location"] == "/report"
    assert dict(second.run().headers)["location"].startswith(provider.issuer)
    assert len(provider.calls("token")) == 1


# Turned away


@contextlib.contextmanager
def crowded(here: Stage, lane: str) -> Iterator[None]:
    """Have others take all turns of this lane, for as long as the block lasts."""
    released = threading.Event()
    if here.world == "asgi":
        for _ in range(16):
            here.gate._lanes.pools[lane].submit(released.wait, 60)
        yield
        released.set()
        return
    took = threading.Event()

    def hold() -> None:
        assert here.gate._turns.take(lane)
        took.set()
        released.wait(LIMIT)
        here.gate._turns.give_back(lane)

    holding = threading.Thread(target=hold)
    holding.start()
    assert took.wait(LIMIT)
    yield
    released.set()
    holding.join(LIMIT)


def test_a_callback_that_does_not_come_to_its_turn_is_503_and_goes_on_by_itself(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(http_timeout="1500ms")
    browser = here.browser()
    at_provider = browser.navigate("/report", until=CALLBACK)
    with crowded(here, "login"):
        page = browser.get(at_provider.target)
        assert (page.status, page.header("Retry-After"), page.header("Refresh")) == (503, "5", "2")
        assert "provider_busy" in page.text
    assert provider.calls("token") == []
    provider.clock = here.clock
    assert until_landed(browser, at_provider.target) == "https://app.test/report"


def until_landed(browser: Any, target: str) -> str:
    """Reload until it is this browser's turn, as `Refresh` makes it do; return where it ends."""
    page = browser.navigate(target)
    for _ in range(600):
        if page.status != 503:
            break
        time.sleep(0.1)
        page = browser.navigate(target)
    return str(page.url)


def test_a_login_that_has_to_wait_for_discovery_is_turned_away_too(stage: StageFactory) -> None:
    here = stage(http_timeout="1500ms")
    with crowded(here, "login"):
        page = here.browser().get("/report")
        assert (page.status, page.header("Refresh"), "provider_busy" in page.text) == (503, "2", True)
        assert here.browser().fetch("/").status == 401


def test_a_form_that_the_provider_posts_is_not_asked_for_again_without_its_body(stage: StageFactory) -> None:
    here = stage(http_timeout="1500ms", response_mode="form_post")
    browser = here.browser()
    browser.get("/report")
    with crowded(here, "login"):
        page = browser.get("/report2")
        assert page.status == 302
        form = {"state": query(page.target)["state"], "code": "made-up"}
        posted = browser.post("/oauth2/callback", form=form, initiator="https://idp.test/")
    assert (posted.status, posted.header("Retry-After"), posted.header("Refresh")) == (503, "5", "")


def test_a_flood_of_logins_holds_up_no_logout_token(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path
) -> None:
    here = stage(session_store=f"sqlite:///{tmp_path}/sessions.db", http_timeout="1500ms", session_cache_seconds=0)
    ada = here.signed_in()
    told = here.browser()
    token = provider.make_logout_token(sub="ada-1815")
    with crowded(here, "login"):
        if here.world == "wsgi":  # three threads are known then: one may wait for each lane, and one is free
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(here.gate._turns.take, "logout").result(LIMIT)
            here.gate._turns.give_back("logout")
        answer = told.post("/oauth2/backchannel-logout", form={"logout_token": token}, navigate=False)
        assert answer.status == 200
        assert ada.fetch("/").status == 401
    with crowded(here, "logout"):
        answer = told.post("/oauth2/backchannel-logout", form={"logout_token": token}, navigate=False)
        assert (answer.status, answer.header("Retry-After"), answer.json()["error"]) == (503, "5", "provider_busy")


def test_a_flood_of_logins_holds_up_no_recheck(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(http_timeout="1500ms", userinfo_refresh_interval="1m", idle_session_timeout=0)
    provider.access_token_lifetime = 10_000
    ada = here.signed_in()
    asked = len(provider.calls("userinfo"))
    here.clock.advance(61)
    with crowded(here, "login"):
        assert ada.fetch("/").status == 200
    assert len(provider.calls("userinfo")) == asked + 1


def test_a_recheck_that_does_not_come_to_its_turn_lets_the_session_go_on(provider: LocalProvider) -> None:
    here = Stage("asgi", provider, http_timeout="1500ms", userinfo_refresh_interval="1m", idle_session_timeout=0)
    ada = here.signed_in()
    here.clock.advance(61)
    with crowded(here, "session"):
        assert ada.fetch("/").status == 200
        assert ada.fetch("/").status == 200
    here.clock.advance(11)
    asked = len(provider.calls("userinfo"))
    assert ada.fetch("/").status == 200
    assert len(provider.calls("userinfo")) == asked + 1


def test_a_logout_that_does_not_come_to_its_turn_ends_the_session_here(
    provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    here = Stage("asgi", provider, http_timeout="1500ms", provider_logout=True)
    ada = here.signed_in()
    with crowded(here, "session"):
        page = ada.get("/oauth2/logout", initiator="https://app.test/")
    assert (page.status, ada.fetch("/").status) == (200, 401)
    assert "signing out is not complete at the provider" in caplog.text


# A provider that is silent holds one thread, not all


def test_while_the_provider_is_silent_one_request_at_a_time_waits_for_it(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(userinfo_refresh_interval="1m", idle_session_timeout=0)
    provider.access_token_lifetime = 10_000
    people = [here.signed_in() for _ in range(4)]
    here.clock.advance(61)
    with provider.fault("userinfo_down"):
        assert people[0].fetch("/").status == 200
    asked = len(provider.calls("userinfo"))
    here.clock.advance(1)  # no sooner is it tried again
    with ThreadPoolExecutor(1) as pool, provider.hold("userinfo"):
        waiting = pool.submit(people[1].fetch, "/")
        until(lambda: len(provider.calls("userinfo")) == asked + 1)
        for person in people[2:]:
            assert person.fetch("/").status == 200
        assert len(provider.calls("userinfo")) == asked + 1
        assert not waiting.done()
    assert waiting.result().status == 200
    here.clock.advance(11)
    assert [person.fetch("/").status for person in people[2:]] == [200, 200]
    assert len(provider.calls("userinfo")) == asked + 3, "it answers again, and everybody's is asked for"


# The parts


def test_work_in_a_lane_waits_no_longer_than_it_may_and_is_not_done_afterwards() -> None:
    lanes, released, done = Lanes(0.2), threading.Event(), []
    for _ in range(16):
        lanes.pools["login"].submit(released.wait, 60)

    def run() -> Reply:
        done.append(True)
        return Reply(200, ())

    begun = time.monotonic()
    decision = LOOP.run(lanes.perform(Work("login", run, turned_away=lambda: Reply(503, ()))))
    assert decision == Reply(503, ())
    assert 0.2 <= time.monotonic() - begun < 30
    released.set()
    lanes.pools["login"].shutdown(wait=True)
    assert done == []


def test_work_that_was_begun_is_waited_for() -> None:
    lanes = Lanes(0.05)

    def run() -> Reply:
        time.sleep(0.3)
        return Reply(200, ())

    assert LOOP.run(lanes.perform(Work("login", run, turned_away=lambda: Reply(503, ())))) == Reply(200, ())


class Server:
    """A server's pool of threads, all of which are known; each request takes a turn and holds it."""

    def __init__(self, threads: int) -> None:
        self.turns = Turns(60)
        self.released = threading.Event()
        self.pool = ThreadPoolExecutor(threads)
        barrier, alone = threading.Barrier(threads), threading.Lock()

        def come(_: int) -> None:
            with alone:
                assert self.turns.take("login")
                self.turns.give_back("login")
            barrier.wait(LIMIT)

        list(self.pool.map(come, range(threads)))

    def take(self) -> Callable[[], bool | None]:
        """Have one more request ask for a turn; return what tells how that went: None as long as it waits."""
        outcome: list[bool] = []

        def ask() -> None:
            outcome.append(self.turns.take("login"))
            if outcome[0]:
                self.released.wait(LIMIT)
                self.turns.give_back("login")

        self.pool.submit(ask)
        return lambda: outcome[0] if outcome else None


@contextlib.contextmanager
def serving(threads: int) -> Iterator[Server]:
    server = Server(threads)
    try:
        yield server
    finally:
        server.released.set()
        server.pool.shutdown(wait=True)


def test_the_only_thread_of_a_server_always_has_its_turn() -> None:
    turns = Turns(60)
    for _ in range(3):
        assert turns.take("login")
        turns.give_back("login")


@pytest.mark.parametrize("threads", [2, 3])
def test_of_two_or_three_threads_one_asks_and_the_last_is_never_held_for_long(threads: int) -> None:
    with serving(threads) as server:
        first = server.take()
        until(lambda: first() is True)
        waiting = [server.take() for _ in range(threads - 2)]
        until(lambda: server.turns._waiting == threads - 2)
        begun = time.monotonic()
        last = server.take()
        until(lambda: last() is not None)
        assert (last(), time.monotonic() - begun >= 0.4) == (False, True)
        begun = time.monotonic()
        for _ in range(20):
            another = server.take()
            until(lambda another=another: another() is not None)  # type: ignore[misc]
            assert another() is False
        assert time.monotonic() - begun < 20 * 0.5
        assert [each() for each in waiting] == [None] * (threads - 2)


def test_half_of_the_threads_ask_others_wait_and_one_stays_free() -> None:
    with serving(8) as server:
        asking = [server.take() for _ in range(4)]
        until(lambda: [each() for each in asking] == [True] * 4)
        waiting = [server.take() for _ in range(3)]
        until(lambda: server.turns._waiting == 3)
        last = server.take()
        until(lambda: last() is False)
        assert [each() for each in waiting] == [None] * 3
        server.released.set()
        until(lambda: [each() for each in waiting] == [True] * 3)
        until(lambda: server.turns._taken.total() == 0)


def test_a_turn_that_is_given_back_goes_to_whoever_waits() -> None:
    with serving(2) as server:
        assert server.pool.submit(server.turns.take, "login").result(LIMIT)
        second = server.take()
        until(lambda: server.turns._waiting == 1)
        server.turns.give_back("login")
        until(lambda: second() is True)


def test_so_many_threads_are_known_and_no_more() -> None:
    turns = Turns(1)
    turns._threads = set(range(-256, 0))
    assert turns.take("login")
    assert len(turns._threads) == 256


# What is fetched while others wait


class Fetched:
    """What a `Cached` fetches: it begins when asked, and ends when told to; the clock moves meanwhile."""

    def __init__(self, fails: bool = False) -> None:
        self.now, self.count, self.fails = 1000.0, 0, fails
        self.begun, self.may_end = threading.Event(), threading.Event()
        self.cached = Cached(self.fetch, lambda: self.now)

    def fetch(self) -> int:
        self.count += 1
        self.begun.set()
        assert self.may_end.wait(LIMIT)
        self.now += 60  # longer than any pause
        if self.fails:
            raise ProviderDownError("provider_unreachable", "no answer")
        return self.count

    def asked_by(self, threads: int, ask: Callable[[], int]) -> list[object]:
        """Return what became of as many who ask at once; the fetch ends when all of them wait."""

        def outcome(_: int) -> object:
            try:
                return ask()
            except ProviderDownError as error:
                return error.code

        with ThreadPoolExecutor(threads) as pool:
            first = pool.submit(outcome, 0)
            assert self.begun.wait(LIMIT)
            others = [pool.submit(outcome, number) for number in range(1, threads)]
            time.sleep(0.2)
            self.may_end.set()
            return [first.result(LIMIT), *(each.result(LIMIT) for each in others)]


def test_whoever_waits_for_a_fetch_waits_for_that_one_alone() -> None:
    fetched = Fetched()
    assert fetched.asked_by(8, fetched.cached.get) == [1] * 8
    assert fetched.count == 1


def test_a_fetch_that_fails_fails_for_all_who_wait_for_it() -> None:
    fetched = Fetched(fails=True)
    assert fetched.asked_by(8, fetched.cached.get) == ["provider_unreachable"] * 8
    assert fetched.count == 1


def test_a_forced_fetch_is_one_for_all_who_force_it_and_holds_up_nobody_else() -> None:
    fetched = Fetched()
    fetched.may_end.set()
    assert fetched.cached.get() == 1
    fetched.begun.clear()
    fetched.may_end.clear()
    with ThreadPoolExecutor(1) as pool:
        forced = pool.submit(fetched.asked_by, 8, lambda: fetched.cached.again(10))
        assert fetched.begun.wait(LIMIT)
        assert fetched.cached.get() == 1
        assert forced.result(LIMIT) == [2] * 8
    assert fetched.count == 2


def test_an_error_of_another_kind_leaves_nobody_waiting() -> None:
    def fetch() -> int:
        raise RuntimeError("a bug")

    cached = Cached(fetch, time.time)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="a bug"):
            cached.get()
