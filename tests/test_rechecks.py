"""Who asks the provider again, and when: one request at a time, later and later while there is no answer."""

from __future__ import annotations

from oidc_gate.sessions.open_session import OpenSession
from oidc_gate.sessions.recheck_schedule import RecheckSchedule
from tests.test_sessions import T0, living, sessions, started

NEVER = float("inf")


def due(session_id: str = "ada's") -> OpenSession:
    """Return a session just opened, about which the provider is to be asked at T0 + 300."""
    all_sessions = sessions(recheck=300)
    opened = living(all_sessions, started(all_sessions)[1], T0)
    opened.session_id = session_id
    return opened


def turns(recheck_schedule: RecheckSchedule, opened: OpenSession, *times: float) -> list[bool]:
    return [recheck_schedule.take_turn(opened, T0 + time) for time in times]


def test_one_request_asks_and_another_only_when_that_takes_too_long() -> None:
    assert turns(RecheckSchedule(), due(), 299, 300, 300, 329, 330, 331) == [False, True, False, False, True, False]


def test_a_provider_that_gives_no_answer_is_asked_later_and_later() -> None:
    recheck_schedule, asked, pauses = RecheckSchedule(), 300.0, []
    assert turns(recheck_schedule, due(), asked) == [True]
    for _ in range(8):
        recheck_schedule.postpone(due(), T0 + asked, NEVER)  # opened afresh or not: remembered by the session's id
        pauses.append(next(pause for pause in range(1000) if turns(recheck_schedule, due(), asked + pause) == [True]))
        asked += pauses[-1]
    assert pauses == [10, 20, 40, 80, 160, 300, 300, 300]


def test_while_one_asks_once_more_the_others_go_on() -> None:
    recheck_schedule, opened = RecheckSchedule(), due()
    recheck_schedule.postpone(opened, T0 + 300, NEVER)
    assert turns(recheck_schedule, opened, 309, 310, 310, 339, 340) == [False, True, False, False, True]


def test_a_session_that_is_not_due_stays_so_while_another_copy_of_it_is_asked_about() -> None:
    """Another process has had an answer meanwhile, and what is loaded afresh is due much later."""
    recheck_schedule, afresh = RecheckSchedule(), due()
    afresh.plan(afresh.renew_at, T0 + 900)
    assert turns(recheck_schedule, due(), 300) == [True]
    assert turns(recheck_schedule, afresh, 310, 331, 899) == [False, False, False]
    assert afresh.due_at == T0 + 900


def test_it_is_asked_by_the_latest_time_given() -> None:
    recheck_schedule, opened = RecheckSchedule(), due()
    recheck_schedule.postpone(opened, T0 + 300, T0 + 304)
    assert turns(recheck_schedule, opened, 303, 304) == [False, True]


def test_a_turn_that_is_given_back_unused_comes_again_soon_and_counts_as_no_failure() -> None:
    recheck_schedule, opened = RecheckSchedule(), due()
    assert not recheck_schedule.has_failed(opened.session_id)
    recheck_schedule.postpone(opened, T0 + 300, NEVER, pause=3.0)
    assert not recheck_schedule.has_failed(opened.session_id)
    assert turns(recheck_schedule, opened, 302, 303) == [False, True]
    recheck_schedule.postpone(opened, T0 + 303, NEVER)
    assert recheck_schedule.has_failed(opened.session_id)
    recheck_schedule.postpone(opened, T0 + 313, NEVER, pause=3.0)
    assert recheck_schedule.has_failed(opened.session_id)
    assert turns(recheck_schedule, opened, 315, 316) == [False, True]
    recheck_schedule.postpone(opened, T0 + 316, NEVER)
    assert turns(recheck_schedule, opened, 335, 336) == [False, True], "twice as long as the first time"
    recheck_schedule.postpone(opened, T0 + 336, T0 + 337, pause=3.0)
    assert turns(recheck_schedule, opened, 336, 337) == [False, True], "at the latest time in any case"


def test_an_answer_makes_it_forget_that_there_was_none_and_others_are_not_concerned() -> None:
    recheck_schedule, opened = RecheckSchedule(), due()
    recheck_schedule.postpone(opened, T0 + 300, NEVER)
    assert turns(recheck_schedule, due("grace's"), 300) == [True]
    recheck_schedule.answered(opened.session_id)
    assert turns(recheck_schedule, due(), 300) == [True]


def test_only_so_many_sessions_are_remembered() -> None:
    recheck_schedule, opened = RecheckSchedule(), due()
    for number in range(30_000):
        opened.session_id = str(number)
        recheck_schedule.postpone(opened, T0, NEVER)
        assert len(recheck_schedule._postponed) <= 10_000
    assert "29999" in recheck_schedule._postponed
    assert "0" not in recheck_schedule._postponed
