"""A provider that gives no answer is asked by one request at a time, and no sooner than a second after the last."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from oidc_gate.gate.silence import Silence
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import Clock


def may_ask(silence: Silence, *, must: bool = False) -> bool:
    with silence.trying(must=must) as may:
        return may


def test_all_may_ask_while_it_answers_and_one_a_second_while_it_does_not() -> None:
    clock = Clock()
    silence = Silence(clock)
    with silence.trying(must=False) as one, silence.trying(must=False) as other:
        assert (one, other) == (True, True)
    silence.note(is_silent=True)
    assert (may_ask(silence), may_ask(silence, must=True)) == (False, True)
    clock.advance(0.9)
    assert not may_ask(silence)
    clock.advance(0.1)
    with silence.trying(must=False) as one, ThreadPoolExecutor(1) as pool:
        assert (one, pool.submit(may_ask, silence).result()) == (True, False)
    assert may_ask(silence), "the turn was given back"
    clock.advance(-3600)
    assert may_ask(silence), "a clock that was set back holds nobody up"
    silence.note(is_silent=False)
    assert may_ask(silence)


def test_the_turn_is_given_back_by_one_that_fails() -> None:
    clock = Clock()
    silence = Silence(clock)
    silence.note(is_silent=True)
    clock.advance(1)
    try:
        with silence.trying(must=False):
            raise OSError
    except OSError:
        assert may_ask(silence)


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
        assert len(provider.calls("userinfo")) - before == 2
    here.clock.advance(20)
    assert [each.fetch("/").status for each in people] == [200] * 6
    assert len(provider.calls("userinfo")) - before == 8, "it answers again: all were asked about"
