"""A provider that gives no answer: who asks it then.

One request at a time, a second after the last at the soonest, and whom it has an answer about gets it all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Request, Response

from oidc_gate.gate.silence import Silence
from tests.browser import Browser
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.providers.people import ada
from tests.stage import Clock, Stage

ADA, GRACE, ANYBODY = "ada's", "grace's", "anybody's"


def silence(clock: Clock, *failed: str) -> Silence:
    return Silence(clock, failed.__contains__)


def may_ask(silence: Silence, session_id: str = ANYBODY, *, must: bool = False) -> bool:
    with silence.trying(session_id, must=must) as may:
        return may


def test_all_may_ask_while_it_answers_and_one_a_second_while_it_does_not() -> None:
    clock = Clock()
    silent = silence(clock)
    with silent.trying(ADA, must=False) as one, silent.trying(GRACE, must=False) as other:
        assert (one, other) == (True, True)
    silent.note(ADA, is_silent=True)
    assert (may_ask(silent), may_ask(silent, must=True)) == (False, True)
    clock.advance(0.9)
    assert not may_ask(silent)
    clock.advance(0.1)
    with silent.trying(ANYBODY, must=False) as one, ThreadPoolExecutor(1) as pool:
        assert (one, pool.submit(may_ask, silent).result()) == (True, False)
    assert may_ask(silent), "the turn was given back"
    clock.advance(-3600)
    assert may_ask(silent), "a clock that was set back holds nobody up"
    silent.note(ANYBODY, is_silent=False)
    assert may_ask(silent)


def test_the_turn_is_given_back_by_one_that_fails() -> None:
    clock = Clock()
    silent = silence(clock)
    silent.note(ADA, is_silent=True)
    clock.advance(1)
    try:
        with silent.trying(ANYBODY, must=False):
            raise OSError
    except OSError:
        assert may_ask(silent)


def test_sessions_that_had_no_answer_before_wait_for_all_others_and_hold_up_none() -> None:
    clock = Clock()
    silent = silence(clock, ADA, GRACE)
    silent.note("another's", is_silent=True)
    clock.advance(1)
    assert (may_ask(silent), may_ask(silent, ADA)) == (True, False)
    clock.advance(1)
    with silent.trying(ADA, must=False) as one, silent.trying(GRACE, must=False) as other:
        assert (one, other, may_ask(silent)) == (True, False, True)
        silent.note(ADA, is_silent=True)
    assert (may_ask(silent), may_ask(silent, GRACE)) == (True, False)
    clock.advance(2)
    silent.note(ADA, is_silent=True)
    assert may_ask(silent, GRACE), "that there is none about this one was known"
    silent.note(GRACE, is_silent=True)
    assert not may_ask(silent, ADA)
    silent.note(ANYBODY, is_silent=False)
    assert may_ask(silent, ADA)


def longest_pause(silent: Silence) -> float:
    """Return the longest of many, of which none is as long as another that is longer than a second."""
    pauses = [silent.next_pause() for _ in range(1000)]
    assert min(pauses) == 1
    assert len({each for each in pauses if each > 1}) == sum(each > 1 for each in pauses)
    return round(max(pauses))


def test_who_was_not_asked_about_waits_up_to_as_long_as_it_is_silent_but_not_long_for_few() -> None:
    clock = Clock()
    silent = silence(clock, ADA)
    assert longest_pause(silent) == 1
    pauses = []
    for number in range(40):
        silent.note(str(number), is_silent=True)
        clock.advance(8)
        pauses.append(longest_pause(silent))
    assert pauses == [min(8 * number, 300) for number in range(1, 41)]
    silent.note(ANYBODY, is_silent=False)
    assert longest_pause(silent) == 1
    silent.note("one's", is_silent=True)
    clock.advance(3600)
    silent.note(ADA, is_silent=True)
    assert longest_pause(silent) == 10, "one alone"


def test_of_many_sessions_that_are_due_one_a_second_asks_a_provider_that_refuses_at_once(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(userinfo_refresh_interval="5m")
    people = [here.signed_in() for _ in range(6)]
    before = len(provider.calls("userinfo"))
    here.clock.advance(301)
    with provider.fault("userinfo_down"):
        for _ in range(2):
            assert [each.fetch("/").status for each in people] == [200] * 6
        assert len(provider.calls("userinfo")) - before == 1
        here.clock.advance(10)
        assert [each.fetch("/").status for each in people] == [200] * 6
        assert len(provider.calls("userinfo")) - before == 3, "one that was asked about, and one that was not yet"
    here.clock.advance(20)
    assert [each.fetch("/").status for each in people] == [200] * 6
    assert len(provider.calls("userinfo")) - before == 9, "it answers again: all were asked about"


@pytest.fixture(params=["tokens", "userinfo"])
def due(
    request: pytest.FixtureRequest, stage: StageFactory, provider: LocalProvider, tmp_path: Path
) -> Callable[..., tuple[Stage, dict[str, Browser]]]:
    """Sign people in, one after another, of whom the provider is to be asked again by now, for this or that.

    It gives no answer about those in `sick`.
    """

    def make(*people: str, sick: Collection[str]) -> tuple[Stage, dict[str, Browser]]:
        store = f"sqlite:///{tmp_path / 'sessions.db'}"
        settings: dict[str, Any] = {"idle_session_timeout": 0, "max_session_duration": 0, "session_store": store}
        if request.param == "tokens":
            provider.access_token_lifetime = 360
            here = stage(scopes="openid profile email offline_access", **settings)
        else:
            provider.access_token_lifetime = 10_000_000
            here = stage(userinfo_refresh_interval="5m", **settings)
        browsers = {}
        for sub in people:
            provider.user = provider.people[sub] = ada() | {"sub": sub, "email": f"{sub}@example.com"}
            browsers[sub] = here.signed_in()
        provider.user = None
        endpoint = "token" if request.param == "tokens" else "userinfo"
        serve = getattr(provider, f"serve_{endpoint}")

        def answer(asked: Request) -> Response:
            token = asked.form.get("refresh_token", "") or asked.headers.get("Authorization", "")[len("Bearer ") :]
            grant = provider.refresh_tokens.get(token) or provider.access_tokens.get(token, (None, 0))[0]
            made: Response = Response("down", 503) if grant is None or grant.sub in sick else serve(asked)
            return made

        provider.answer[endpoint] = answer
        here.clock.advance(330)
        return here, browsers

    return make


def rounds_until_ended(here: Stage, browsers: dict[str, Browser], who: str, apart: float) -> int:
    """Have all come, one after another, again and again; return how many rounds it took until one was signed out."""
    for number in range(1, 60):
        statuses = {sub: browser.fetch("/").status for sub, browser in browsers.items()}
        if statuses[who] != 200:
            assert [sub for sub, status in statuses.items() if status != 200] == [who]
            return number
        here.clock.advance(apart)
    return 60


def test_a_session_that_gets_no_answer_keeps_no_other_from_its_turn(
    due: Callable[..., tuple[Stage, dict[str, Browser]]], provider: LocalProvider
) -> None:
    """The provider's clear no ends the one behind it, and the one behind that is told of."""
    here, browsers = due("sick", "gone", "fine", sick=["sick"])
    provider.deactivate("gone")
    provider.people["fine"]["name"] = "Fine"
    assert rounds_until_ended(here, browsers, "gone", 0.5) <= 5
    assert browsers["fine"].get("/").json()["identity"]["name"] == "Fine"


def test_however_many_get_none(due: Callable[..., tuple[Stage, dict[str, Browser]]], provider: LocalProvider) -> None:
    """All of these come before it each time, and each is due again before the last was asked about once."""
    sick = [f"sick-{number}" for number in range(10)]
    here, browsers = due(*sick, "gone", sick=sick)
    provider.deactivate("gone")
    assert rounds_until_ended(here, browsers, "gone", 1.0) <= 30


def test_nor_where_all_come_seldom_and_in_one_moment(
    due: Callable[..., tuple[Stage, dict[str, Browser]]], provider: LocalProvider
) -> None:
    here, browsers = due("sick", "sicker", "gone", sick=["sick", "sicker"])
    provider.deactivate("gone")
    assert rounds_until_ended(here, browsers, "gone", 600.0) <= 4


def test_nor_one_that_had_none_before_itself(
    due: Callable[..., tuple[Stage, dict[str, Browser]]], provider: LocalProvider
) -> None:
    sick = {"sick", "gone"}
    here, browsers = due("sick", "gone", sick=sick)
    for _ in range(3):
        assert [each.fetch("/").status for each in browsers.values()] == [200, 200]
        here.clock.advance(600)
    provider.deactivate("gone")
    sick.remove("gone")
    assert rounds_until_ended(here, browsers, "gone", 600.0) <= 3
