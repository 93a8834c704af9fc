"""Who asks the provider again, and when: one request at a time, later and later while there is no answer."""

from __future__ import annotations

from oidc_gate.opened import Opened
from oidc_gate.rechecks import Rechecks
from tests.test_sessions import T0, living, sessions, started

NEVER = float("inf")


def due(session_id: str = "ada's") -> Opened:
    """Return a session just opened, about which the provider is to be asked at T0 + 300."""
    room = sessions(recheck=300)
    opened = living(room, started(room)[1], T0)
    opened.session_id = session_id
    return opened


def turns(rechecks: Rechecks, opened: Opened, *times: float) -> list[bool]:
    return [rechecks.take_turn(opened, T0 + time) for time in times]


def test_one_request_asks_and_another_only_when_that_takes_too_long() -> None:
    assert turns(Rechecks(), due(), 299, 300, 300, 329, 330, 331) == [False, True, False, False, True, False]


def test_a_provider_that_gives_no_answer_is_asked_later_and_later() -> None:
    rechecks, asked, pauses = Rechecks(), 300.0, []
    assert turns(rechecks, due(), asked) == [True]
    for _ in range(8):
        rechecks.postpone(due(), T0 + asked, NEVER)  # opened afresh or not: it is remembered by the session's id
        pauses.append(next(pause for pause in range(1000) if turns(rechecks, due(), asked + pause) == [True]))
        asked += pauses[-1]
    assert pauses == [10, 20, 40, 80, 160, 300, 300, 300]


def test_while_one_asks_once_more_the_others_go_on() -> None:
    rechecks, opened = Rechecks(), due()
    rechecks.postpone(opened, T0 + 300, NEVER)
    assert turns(rechecks, opened, 309, 310, 310, 339, 340) == [False, True, False, False, True]


def test_a_session_that_is_not_due_stays_so_while_another_copy_of_it_is_asked_about() -> None:
    """Another process has had an answer meanwhile, and what is loaded afresh is due much later."""
    rechecks, afresh = Rechecks(), due()
    afresh.plan(afresh.renew_at, T0 + 900)
    assert turns(rechecks, due(), 300) == [True]
    assert turns(rechecks, afresh, 310, 331, 899) == [False, False, False]
    assert afresh.due_at == T0 + 900


def test_it_is_asked_by_the_latest_time_given() -> None:
    rechecks, opened = Rechecks(), due()
    rechecks.postpone(opened, T0 + 300, T0 + 304)
    assert turns(rechecks, opened, 303, 304) == [False, True]


def test_an_answer_makes_it_forget_that_there_was_none_and_others_are_not_concerned() -> None:
    rechecks, opened = Rechecks(), due()
    rechecks.postpone(opened, T0 + 300, NEVER)
    assert turns(rechecks, due("grace's"), 300) == [True]
    rechecks.answered(opened.session_id)
    assert turns(rechecks, due(), 300) == [True]


def test_only_so_many_sessions_are_remembered() -> None:
    rechecks, opened = Rechecks(), due()
    for number in range(30_000):
        opened.session_id = str(number)
        rechecks.postpone(opened, T0, NEVER)
        assert len(rechecks._postponed) <= 10_000
    assert "29999" in rechecks._postponed
    assert "0" not in rechecks._postponed
