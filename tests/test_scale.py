"""docs/scale.md, by a small run of its simulation: a crowd comes to its provider one by one, and ever less together."""

from __future__ import annotations

from benchmarks.simulation import Calls, Crowd, Simulation
from oidc_gate.gate.kept_tokens import refresh_time
from oidc_gate.provider import Tokens

#: All these people sign in within ten seconds, and each comes every two seconds on average.
PEOPLE, WITHIN, PAUSE = 120, 10.0, 2.0
#: Tokens last for ten minutes, and are renewed a minute before, unless sooner for the spread.
LIFE, STEP = 600.0, 540.0


def in_rounds(calls: Calls, step: float, rounds: int) -> list[float]:
    """Return the calls a second at most, on average over ten seconds, about each time at which they are due."""
    return [calls.peak(since=step * (number + 0.5), until=step * (number + 1.5)) for number in range(rounds)]


def test_who_signed_in_together_does_not_come_together() -> None:
    crowd = Crowd.at_once(PEOPLE, WITHIN)
    peaks = {}
    for spread in (True, False):
        made = Simulation(life=LIFE, pause=PAUSE, spread=spread)
        made.run(crowd, STEP * 2.3)
        assert PEOPLE * 2 <= len(made.tokens.times) <= PEOPLE * 2 * 1.2, "nobody is asked about more than once a round"
        assert made.store.asked["claim"] == made.store.asked["replace"] == len(made.tokens.times)
        peaks[spread] = in_rounds(made.tokens, STEP, 2)
    assert max(peaks[False]) > PEOPLE / WITHIN / 2, "without it most of them do"
    assert peaks[True][0] < peaks[False][0] / 2
    assert peaks[True][1] < peaks[False][1] / 3, "and they are further apart each time"


def test_what_userinfo_is_asked_for_is_spread_too() -> None:
    crowd = Crowd.at_once(PEOPLE, WITHIN)
    peaks = {}
    for spread in (True, False):
        made = Simulation(life=86400.0, recheck=LIFE, pause=PAUSE, spread=spread)
        made.run(crowd, LIFE * 2.3)
        peaks[spread] = in_rounds(made.userinfo, LIFE, 2)
    assert peaks[True][0] < peaks[False][0] / 2
    assert peaks[True][1] < peaks[False][1] / 3


def test_a_provider_that_is_down_is_asked_by_each_process_once_a_second_and_not_by_all_when_it_is_back() -> None:
    gates, start, end = 2, 300.0, 480.0
    made = Simulation(gates=gates, life=200.0, pause=PAUSE, down=(start, end))
    made.run(Crowd.at_once(PEOPLE, 200.0), 900.0)
    calls = made.tokens
    usual = calls.peak(since=200.0, until=start)
    assert 0 < calls.peak(since=start, until=end) <= gates * 1.1
    assert calls.peak(since=end, until=900.0) < 5 * usual


def test_a_session_goes_by_one_place_in_the_line_however_often_it_is_refreshed() -> None:
    issued = Tokens("", "access", "refresh", 600.0)
    assert [refresh_time(issued, now, 100.25) for now in (1000.0, 2000.75)] == [1525.0, 2525.75]
    assert refresh_time(issued, 1000.0, 100.0) == 1540.0
    assert refresh_time(Tokens("", "access", "refresh", None), 0.0, 100.5) == 3600 - 60 - 180
