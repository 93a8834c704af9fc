"""Sessions: how one is opened from its cookie, how long it lives, and what a process remembers of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from oidc_gate.access.allow_lists import AllowLists
from oidc_gate.decisions import Forward
from oidc_gate.gate.forwarding import forwarding
from oidc_gate.identity import username
from oidc_gate.sessions.backends import Backend, CookieBackend, StoreBackend
from oidc_gate.sessions.by_provider import ByProvider
from oidc_gate.sessions.open_session import NEVER, UNLOADED, Limits, OpenSession
from oidc_gate.sessions.recent_sessions import SAMPLE, Recalled, RecentSessions
from oidc_gate.sessions.session import Session, SessionCopy
from oidc_gate.sessions.sessions import Sessions
from oidc_gate.stores.urls import open_store
from tests.made_up import given, st

NEW, OLD = "the-newest-secret-01", "the-older-secret-012"
NAME = "__Host-oidc_gate.default"
T0 = 1_700_000_000.0
CLAIMS: dict[str, Any] = {
    "iss": "https://id.example.com",
    "sub": "ann-1",
    "email": "ann@example.com",
    "groups": ["staff"],
}


def sessions(
    secrets: list[str] | None = None,
    *,
    backend: Backend | None = None,
    context: str = "here",
    groups: tuple[str, ...] | None = None,
    longest: float = 43200,
    idle: float = 3600,
    recheck: float = NEVER,
    cache: float = 1,
) -> Sessions:
    return Sessions(
        backend or CookieBackend(secrets or [NEW], context),
        {
            "": ByProvider(
                "default",
                AllowLists(emails=None, domains=None, groups=groups, groups_claim="groups"),
                forwarding(told=(), groups_claim="groups", claim="email"),
                Limits(longest=longest, idle=idle, recheck=recheck, cache=cache),
                partial(username, claim="email"),
            )
        },
    )


def started(all_sessions: Sessions, now: float = T0, **claims: Any) -> tuple[Session, str]:
    """Return a session of someone who signs in now, and the text of its cookie."""
    return all_sessions.keep(all_sessions.start(CLAIMS | claims, {}, ["sub"], now), NAME)


def living(all_sessions: Sessions, text: str, now: float) -> OpenSession:
    opened = all_sessions.find(text, NAME, now)
    assert isinstance(opened, OpenSession)
    return opened


def renewed(all_sessions: Sessions, opened: OpenSession, now: float) -> Session:
    session = all_sessions.renewed(opened, now, now)
    assert session is not None
    return session


# A new session


def test_a_new_session_holds_what_the_provider_said_and_when() -> None:
    session = sessions().start(CLAIMS, {"id_token": "a.b.c"}, ["sub", "iss"], T0, refresh_at=T0 + 240)
    assert session._replace(session_id="") == Session(
        session_id="",
        claims=CLAIMS,
        created_at=T0,
        expires_at=T0 + 43200,
        seen_at=T0,
        checked_at=T0,
        refresh_at=T0 + 240,
        tokens={"id_token": "a.b.c"},
        kept=["sub", "iss"],
    )


def test_each_login_makes_a_session_of_its_own() -> None:
    all_sessions = sessions()
    made = {all_sessions.start(CLAIMS, {}, (), T0).session_id for _ in range(100)}
    assert len(made) == 100
    assert min(map(len, made)) >= 22


@pytest.mark.parametrize(
    ("longest", "ceiling", "expected"),
    [
        pytest.param(43200, None, T0 + 43200, id="the provider sets no end"),
        pytest.param(43200, T0 + 600, T0 + 600, id="the provider's end comes sooner"),
        pytest.param(43200, T0 + 600.5, T0 + 600.5, id="the provider's end, with a fraction"),
        pytest.param(43200, T0 + 86400, T0 + 43200, id="the provider's end comes later"),
        pytest.param(NEVER, None, NEVER, id="no end at all"),
        pytest.param(NEVER, T0 + 86400, T0 + 86400, id="the provider's end alone"),
        pytest.param(43200, T0 - 1, T0 - 1, id="an end that has passed"),
        pytest.param(43200, 0, T0 + 43200, id="zero is none"),
        pytest.param(43200, -1, T0 + 43200, id="negative is none"),
        pytest.param(NEVER, 10**400, NEVER, id="an absurd number is none"),
        pytest.param(NEVER, 1e300, NEVER, id="another absurd number is none"),
        pytest.param(43200, True, T0 + 43200, id="a truth value is none"),
        pytest.param(43200, str(int(T0 + 600)), T0 + 43200, id="text is none"),
        pytest.param(43200, [T0], T0 + 43200, id="a list is none"),
    ],
)
def test_a_session_ends_after_its_time_or_when_the_provider_says_so(
    longest: float, ceiling: Any, expected: float
) -> None:
    claims = CLAIMS if ceiling is None else CLAIMS | {"session_expiry": ceiling}
    all_sessions = sessions(longest=longest)
    session = all_sessions.start(claims, {}, (), T0)
    assert session.expires_at == expected
    _, text = all_sessions.keep(session, NAME)
    assert all_sessions.find(text, NAME, expected) is None
    assert (all_sessions.find(text, NAME, T0) is None) is (expected <= T0)


# Opening one


def test_a_session_is_opened_from_its_cookie_in_every_process() -> None:
    session, text = started(sessions())
    opened = living(sessions(), text, T0 + 1)
    assert opened.session == session
    assert opened.identity.subject == "ann-1"
    assert opened.identity.groups == ("staff",)
    assert opened.identity.provider == "default"
    assert opened.forward.identity is opened.identity
    assert opened.forward.remote_user == "ann@example.com"


def test_a_cookie_that_was_seen_before_is_not_opened_again() -> None:
    all_sessions = sessions()
    _, text = started(all_sessions)
    assert living(all_sessions, text, T0) is living(all_sessions, text, T0 + 1)
    all_sessions.forget_all()
    assert living(all_sessions, text, T0) is living(all_sessions, text, T0 + 1)


@pytest.mark.parametrize("text", ["", "AAAA", "x" * 100, "ü", "2.abc", "A" * 65536])
def test_a_text_that_was_never_ours_is_no_session(text: str) -> None:
    assert sessions().find(text, NAME, T0) is None
    assert sessions().load(text, NAME, T0) is None
    assert sessions().load_afresh(text, NAME, T0) is None


@pytest.mark.parametrize("other", [sessions([OLD]), sessions(context="elsewhere")], ids=["secret", "context"])
def test_a_session_of_another_gate_is_none(other: Sessions) -> None:
    _, text = started(other)
    assert sessions().find(text, NAME, T0) is None


def test_a_session_that_another_version_kept_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oidc_gate.sessions.session_seal.FORMAT", 1)
    _, text = started(sessions())
    monkeypatch.undo()
    assert sessions().find(text, NAME, T0) is None


def test_a_stored_session_that_another_version_kept_is_none(
    backend: StoreBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("oidc_gate.sessions.session_seal.FORMAT", 1)
    _, text = started(sessions(backend=backend))
    assert sessions(backend=backend).load(text, NAME, T0) is not None
    monkeypatch.undo()
    assert sessions(backend=backend).load(text, NAME, T0) is None


def test_a_session_is_bound_to_the_name_of_its_cookie_even_when_it_was_seen_before() -> None:
    all_sessions = sessions()
    _, text = started(all_sessions)
    living(all_sessions, text, T0)
    assert all_sessions.find(text, "oidc_gate.default", T0) is None
    assert living(all_sessions, text, T0).name == NAME


@pytest.mark.parametrize(("groups", "expected"), [(None, True), (("staff",), True), (("admins",), False)])
def test_it_is_worked_out_once_whether_the_rules_let_someone_pass(
    groups: tuple[str, ...] | None, expected: bool
) -> None:
    all_sessions = sessions(groups=groups)
    opened = living(all_sessions, started(all_sessions)[1], T0)
    assert opened.allowed is expected
    assert opened.steady_until == (T0 + 60 if expected else 0)


# How long it lives


def test_a_session_ends_at_its_absolute_end_however_busy_it_is() -> None:
    all_sessions = sessions(longest=7200)
    _, text = started(all_sessions)
    for now in range(0, 7200, 600):
        living(all_sessions, text, T0 + now).seen_at = T0 + now
    assert all_sessions.find(text, NAME, T0 + 7199.9) is not None
    assert all_sessions.find(text, NAME, T0 + 7200) is None


def test_no_request_is_waved_through_after_the_absolute_end() -> None:
    all_sessions = sessions(longest=30)
    assert living(all_sessions, started(all_sessions)[1], T0).steady_until == T0 + 30


def test_a_session_ends_when_nobody_uses_it() -> None:
    all_sessions = sessions(idle=3600)
    _, text = started(all_sessions)
    assert all_sessions.find(text, NAME, T0 + 3600) is not None
    assert all_sessions.find(text, NAME, T0 + 3600.1) is None
    assert sessions(idle=3600).find(text, NAME, T0 + 3601) is None


def test_each_use_counts_for_the_process_that_saw_it() -> None:
    all_sessions = sessions(idle=3600)
    _, text = started(all_sessions)
    living(all_sessions, text, T0 + 3000).seen_at = T0 + 3000
    assert all_sessions.find(text, NAME, T0 + 6600) is not None
    assert all_sessions.find(text, NAME, T0 + 6601) is None


def test_without_an_idle_end_a_session_waits_for_ever() -> None:
    all_sessions = sessions(idle=NEVER, longest=NEVER)
    _, text = started(all_sessions)
    assert all_sessions.find(text, NAME, T0 + 10 * 365 * 86400) is not None


def test_a_session_from_a_host_whose_clock_is_ahead_is_good() -> None:
    all_sessions = sessions()
    _, text = started(all_sessions, now=T0 + 30)
    assert all_sessions.find(text, NAME, T0) is not None


# Keeping it anew


@pytest.mark.parametrize(("idle", "lag"), [(3600, 60), (86400, 60), (600, 30), (20, 1)])
def test_a_cookie_is_sealed_again_once_it_is_out_of_date_by_a_small_part_of_the_idle_time(
    idle: float, lag: float
) -> None:
    all_sessions = sessions(idle=idle)
    session, text = started(all_sessions)
    opened = living(all_sessions, text, T0)
    assert all_sessions.renewed(opened, T0 + lag - 0.1, T0 + lag - 0.1) is None
    assert all_sessions.renewed(opened, T0 + lag, T0 + lag) == session._replace(seen_at=T0 + lag)


def test_without_an_idle_end_a_cookie_is_never_sealed_again_for_a_use() -> None:
    all_sessions = sessions(idle=NEVER)
    assert all_sessions.renewed(living(all_sessions, started(all_sessions)[1], T0), T0 + 43199, T0 + 43199) is None


def test_a_cookie_that_was_just_sealed_again_is_left_alone_for_a_while() -> None:
    all_sessions = sessions()
    opened = living(all_sessions, started(all_sessions)[1], T0)
    assert all_sessions.renewed(opened, T0 + 60, T0 + 60) is not None
    assert opened.steady_until == T0 + 65
    assert all_sessions.renewed(opened, T0 + 64.9, T0 + 64.9) is None
    assert all_sessions.renewed(opened, T0 + 65, T0 + 65) is not None


def test_a_renewed_cookie_carries_the_activity_to_other_processes() -> None:
    all_sessions = sessions(idle=3600)
    _, text = started(all_sessions)
    opened = living(all_sessions, text, T0 + 3500)
    session = renewed(all_sessions, opened, T0 + 3500)
    later = all_sessions.keep_seen(text, opened, session, NAME)
    assert later is not None
    other = sessions(idle=3600)
    assert other.find(text, NAME, T0 + 3700) is None
    assert living(other, later, T0 + 3700).session == session
    assert living(all_sessions, later, T0 + 3700).session == session


def test_after_a_change_of_the_secret_a_cookie_is_sealed_again_at_once() -> None:
    session, text = started(sessions([OLD]))
    both = sessions([NEW, OLD])
    opened = living(both, text, T0)
    assert (opened.renew_at, opened.steady_until) == (0, 0)
    again = renewed(both, opened, T0 + 1)
    assert again == session._replace(seen_at=T0 + 1)
    later = both.keep_seen(text, opened, again, NAME)
    assert later is not None
    assert living(sessions([NEW]), later, T0 + 2).session == again
    assert sessions([NEW]).find(text, NAME, T0 + 2) is None
    assert living(both, later, T0 + 2).renew_at == T0 + 61


# AskingBackend the provider again


def test_a_session_is_due_after_the_interval_and_one_request_asks() -> None:
    all_sessions = sessions(recheck=300)
    opened = living(all_sessions, started(all_sessions)[1], T0)
    assert (opened.due_at, opened.steady_until) == (T0 + 300, T0 + 60)
    assert all_sessions.recheck_schedule.take_turn(opened, T0 + 299) is False
    assert all_sessions.recheck_schedule.take_turn(opened, T0 + 300) is True
    assert all_sessions.recheck_schedule.take_turn(opened, T0 + 300) is False
    assert all_sessions.recheck_schedule.take_turn(opened, T0 + 329) is False
    assert all_sessions.recheck_schedule.take_turn(opened, T0 + 330) is True


def test_a_session_is_due_when_its_tokens_are_to_be_renewed() -> None:
    all_sessions = sessions(recheck=300)
    _, text = all_sessions.keep(all_sessions.start(CLAIMS, {}, (), T0, refresh_at=T0 + 30), NAME)
    assert living(all_sessions, text, T0).due_at == living(all_sessions, text, T0).steady_until == T0 + 30


def test_sessions_that_began_in_one_second_are_due_one_after_another() -> None:
    limits = Limits(longest=NEVER, idle=NEVER, recheck=300, cache=0)
    assert [limits.recheck_at(T0 + part, T0 + 100) for part in (0, 0.25, 0.5)] == [T0 + 400, T0 + 392.5, T0 + 385]
    never = Limits(longest=NEVER, idle=NEVER, recheck=NEVER, cache=0)
    assert never.recheck_at(T0 + 0.5, T0 + 100) == NEVER


def test_without_an_interval_a_session_is_never_due() -> None:
    opened = living(sessions(), started(sessions())[1], T0)
    assert opened.due_at == NEVER
    assert sessions().recheck_schedule.take_turn(opened, T0 + 1e9) is False


def test_claims_vouched_for_again_stand_for_the_old_cookie_and_are_judged_again() -> None:
    all_sessions = sessions(groups=("staff",), recheck=300)
    session, text = started(all_sessions)
    before = living(all_sessions, text, T0)
    changed = session._replace(claims=CLAIMS | {"groups": ["guests"]}, checked_at=T0 + 300, seen_at=T0 + 300)
    after = all_sessions.keep_changed(text, before, changed)
    assert after is not None
    assert (before.allowed, after.allowed) == (True, False)
    assert before.steady_until == 0, "nobody goes on with the old claims"
    assert after.session == changed
    assert (after.renew_at, after.due_at) == (0, T0 + 600)
    assert living(all_sessions, text, T0 + 301) is after


def test_a_provider_that_gave_no_answer_is_asked_no_sooner_for_a_renewed_cookie() -> None:
    all_sessions = sessions(recheck=300)
    _, text = started(all_sessions)
    opened = living(all_sessions, text, T0 + 300)
    assert all_sessions.recheck_schedule.take_turn(opened, T0 + 300)
    session = renewed(all_sessions, opened, T0 + 300)
    later = all_sessions.keep_seen(text, opened, session, NAME)
    assert later is not None
    again = living(all_sessions, later, T0 + 301)
    assert (again.due_at, again.renew_at) == (T0 + 330, T0 + 360)
    assert living(sessions(recheck=300), later, T0 + 301).due_at == T0 + 300


# Ending one


def test_a_session_that_was_ended_is_refused_in_every_sealing() -> None:
    all_sessions = sessions()
    session, text = started(all_sessions)
    opened = living(all_sessions, text, T0)
    later = all_sessions.keep_seen(text, opened, renewed(all_sessions, opened, T0 + 60), NAME)
    all_sessions.end(session.session_id, T0 + 61)
    for sealed in (text, later, all_sessions.keep(session, NAME)[1]):
        assert sealed is not None
        assert all_sessions.find(sealed, NAME, T0 + 62) is None
        assert all_sessions.load(sealed, NAME, T0 + 62) is None
        assert all_sessions.load_afresh(sealed, NAME, T0 + 62) is None


def test_ending_one_session_leaves_the_persons_others() -> None:
    all_sessions = sessions()
    (session, _), (_, other) = started(all_sessions), started(all_sessions)
    all_sessions.end(session.session_id, T0)
    assert all_sessions.find(other, NAME, T0) is not None


def test_an_ended_session_is_remembered_to_its_own_end_and_clocks_may_be_apart() -> None:
    all_sessions = sessions(longest=600)
    session, text = started(all_sessions)
    all_sessions.end(session.session_id, T0 + 10, session.expires_at)
    for number in range(12_000):
        all_sessions.end(str(number), T0 + 11, T0 + 12)
    assert all_sessions.find(text, NAME, T0 + 599) is None
    assert all_sessions.ended[session.session_id] == T0 + 600 + 300
    for number in range(40_000):
        all_sessions.end(str(number), T0 + 900)
    assert session.session_id not in all_sessions.ended


# In a store


@pytest.fixture
def backend(tmp_path: Path) -> StoreBackend:
    """Keep sessions in an SQLite file, as the gate does."""
    return StoreBackend(open_store(f"sqlite:///{tmp_path}/sessions.db", 2.0), [NEW, OLD], "here")


def loaded(all_sessions: Sessions, text: str, now: float) -> OpenSession:
    opened = all_sessions.load(text, NAME, now)
    assert opened is not None
    return opened


def test_a_stored_session_is_loaded_where_blocking_is_allowed_and_then_believed_for_a_while(
    backend: StoreBackend,
) -> None:
    all_sessions = sessions(backend=backend, cache=1)
    session, text = started(all_sessions)
    assert all_sessions.find(text, NAME, T0) is UNLOADED
    opened = loaded(all_sessions, text, T0)
    assert opened.session == session
    assert opened.steady_until == T0 + 1
    assert all_sessions.find(text, NAME, T0 + 0.9) is opened
    assert all_sessions.load(text, NAME, T0 + 0.9) is opened
    assert all_sessions.find(text, NAME, T0 + 1) is UNLOADED
    assert loaded(all_sessions, text, T0 + 1) is opened, "it has not changed"
    assert all_sessions.find(text, NAME, T0 + 1.9) is opened


def test_no_cookie_of_somebody_else_leads_to_the_store(backend: StoreBackend) -> None:
    all_sessions = sessions(backend=backend)
    _, text = started(all_sessions)
    assert all_sessions.find("AAAA", NAME, T0) is None
    assert all_sessions.find(text, "oidc_gate.default", T0) is None
    assert all_sessions.load(started(sessions())[1], NAME, T0) is None


def test_a_stored_session_that_was_ended_elsewhere_is_seen_to_have_ended_in_time(backend: StoreBackend) -> None:
    all_sessions, other = sessions(backend=backend), sessions(backend=backend)
    session, text = started(all_sessions)
    opened = loaded(all_sessions, text, T0)
    other.end(session.session_id, T0)
    assert all_sessions.find(text, NAME, T0 + 0.9) is opened
    assert all_sessions.load(text, NAME, T0 + 1) is None
    assert all_sessions.find(text, NAME, T0 + 1) is UNLOADED
    assert all_sessions.load_afresh(text, NAME, T0) is None
    assert other.load(text, NAME, T0) is None


def test_a_change_made_elsewhere_is_seen_in_time(backend: StoreBackend) -> None:
    all_sessions, other = sessions(backend=backend), sessions(backend=backend)
    session, text = started(all_sessions)
    here, there = loaded(all_sessions, text, T0), loaded(other, text, T0)
    here.seen_at = T0 + 0.5
    changed = session._replace(claims=CLAIMS | {"groups": ["guests"]})
    assert other.keep_changed(text, there, changed) is not None
    assert all_sessions.find(text, NAME, T0 + 0.9) is here
    fresh = loaded(all_sessions, text, T0 + 1)
    assert fresh.identity.groups == ("guests",)
    assert fresh.seen_at == T0 + 0.5, "what this process has seen is not forgotten"


def test_a_stored_session_keeps_its_cookie_when_it_is_renewed(backend: StoreBackend) -> None:
    all_sessions = sessions(backend=backend)
    session, text = started(all_sessions)
    opened = loaded(all_sessions, text, T0)
    again = renewed(all_sessions, opened, T0 + 60)
    assert all_sessions.keep_seen(text, opened, again, NAME) == text
    assert opened.steady_until == 0
    assert loaded(sessions(backend=backend), text, T0 + 3650).session == again
    assert again.session_id == session.session_id


def test_the_cookie_of_a_stored_session_is_sealed_again_after_a_change_of_the_secret(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/sessions.db", 2.0)
    _, text = started(sessions(backend=StoreBackend(store, [OLD], "here")))
    all_sessions = sessions(backend=StoreBackend(store, [NEW, OLD], "here"))
    opened = loaded(all_sessions, text, T0)
    assert opened.renew_at == 0
    later = all_sessions.keep_seen(text, opened, renewed(all_sessions, opened, T0), NAME)
    assert later not in (None, text)
    assert loaded(sessions(backend=StoreBackend(store, [NEW], "here")), str(later), T0).session == opened.session


def test_a_session_that_was_ended_meanwhile_is_not_brought_back(backend: StoreBackend) -> None:
    all_sessions, other = sessions(backend=backend), sessions(backend=backend)
    session, text = started(all_sessions)
    opened = loaded(all_sessions, text, T0)
    other.end(session.session_id, T0)
    assert all_sessions.keep_seen(text, opened, renewed(all_sessions, opened, T0 + 60), NAME) is None
    assert all_sessions.load(text, NAME, T0) is None
    assert all_sessions.keep_changed(text, opened, session._replace(claims=CLAIMS | {"name": "Ann"})) is None
    assert all_sessions.load(text, NAME, T0) is None


def test_claims_of_a_stored_session_vouched_for_again_are_in_the_store_at_once(backend: StoreBackend) -> None:
    all_sessions = sessions(backend=backend)
    session, text = started(all_sessions)
    opened = loaded(all_sessions, text, T0)
    changed = session._replace(claims=CLAIMS | {"name": "Ann"}, checked_at=T0 + 300)
    assert all_sessions.keep_changed(text, opened, changed) is not None
    assert loaded(all_sessions, text, T0).session == loaded(sessions(backend=backend), text, T0).session == changed


def test_a_stored_session_is_asked_for_each_time_when_nothing_is_to_be_believed(backend: StoreBackend) -> None:
    all_sessions = sessions(backend=backend, cache=0)
    _, text = started(all_sessions)
    loaded(all_sessions, text, T0)
    assert all_sessions.find(text, NAME, T0) is UNLOADED


# What is remembered


TIMES = st.one_of(st.floats(0, 4e9), st.just(NEVER))


@given(
    began=st.floats(0, 4e9),
    head=st.tuples(TIMES, st.floats(0, 4e9), st.floats(0, 4e9), TIMES),
    recheck=TIMES,
    idle=TIMES,
    allowed=st.booleans(),
)
def test_a_session_is_opened_as_it_would_be_planned(
    began: float, head: tuple[float, float, float, float], recheck: float, idle: float, allowed: bool
) -> None:
    """Opening works its times out by hand, for speed; planning the same times must come to the same."""
    limits = Limits(longest=NEVER, idle=idle, recheck=recheck, cache=0)
    whole = ("id", began, *head, "user", 0, "")
    opened = OpenSession(SessionCopy(whole, lambda: b""), b"", NAME, Forward(None), allowed, limits)
    found = opened.steady_until
    opened.plan(opened.renew_at, opened.due_at)
    assert opened.steady_until == found
    assert opened.renew_at == head[1] + limits.lag
    assert opened.due_at == min(limits.recheck_at(began, head[2]), head[3])


def an_opened() -> OpenSession:
    """Return a session that nothing remembers."""
    all_sessions = sessions()
    opened = living(all_sessions, started(all_sessions)[1], T0)
    all_sessions.forget_all()
    return opened


def test_what_was_opened_lately_is_found_again() -> None:
    table, opened = RecentSessions(100_000), an_opened()
    assert table.get("text") is None
    table.put("text", opened)
    assert table.get("text") is opened
    table.forget("text")
    table.forget("text")
    assert table.get("text") is None
    assert (table._used, len(table._queue)) == (0, 0)


def test_the_table_is_bounded_and_keeps_what_is_used() -> None:
    table, used = RecentSessions(100_000), an_opened()
    table.put("used", used)
    for number in range(1000):
        table.put(f"text {number}", an_opened())
        used.seen_at += 1
        assert table.get("used") is used
        assert table._used <= 100_000
    assert 40 < len(table) < 100
    assert table.get("text 0") is None
    assert all(table.get(f"text {number}") is not None for number in range(990, 1000))
    table.clear()
    assert table.get("text 999") is None
    assert (table._used, len(table._queue)) == (0, 0)


def test_one_is_forgotten_for_each_that_comes_the_longest_unused_first() -> None:
    """Where all were used since, there is no time to ask each of them: of those at the front, the longest unused."""
    table = RecentSessions(100_000)
    all_of_them: dict[str, OpenSession] = {}
    while len(table) == len(all_of_them):
        text = f"text {len(all_of_them):04}"
        all_of_them[text] = an_opened()
        table.put(text, all_of_them[text])
    assert table.get("text 0000") is None
    for opened in table.all():
        opened.seen_at += 10
    all_of_them["text 0007"].seen_at -= 5
    before = set(table._by_text)
    table.put("one more", an_opened())
    assert before - set(table._by_text) == {"text 0007"}
    assert len(table._queue) == len(table)


@pytest.mark.parametrize("count", [1, 3, 15, 16, 17])
def test_few_that_are_large_and_were_all_used_make_room_too(count: int) -> None:
    table = RecentSessions(count * 10_000)
    opened = [an_opened() for _ in range(count)]
    for number, each in enumerate(opened):
        table.put(f"{number}".ljust(8_000), each)
        each.seen_at += 100 - number
    assert len(table) == count
    for each in opened:
        assert each.identity.subject == "ann-1"
    assert table._used <= count * 10_000
    assert len(table._queue) == len(table) < count
    assert table.get(f"{min(count - 1, 15)}".ljust(8_000)) is None, "of those at the front, the longest unused"


def test_headers_that_never_come_again_make_room_too() -> None:
    table, opened = kept(30_000)
    table.remember_request(key_for("c" * 60), opened, "")
    opened.seen_at += 1
    table.remember_request(key_for("d" * 29_000), opened, "")
    assert table._used <= 30_000


@pytest.mark.parametrize(("length", "most"), [(100, 62), (4_000, 18)])
def test_long_texts_take_more_room_than_short_ones(length: int, most: int) -> None:
    table = RecentSessions(100_000)
    for number in range(1000):
        table.put(f"text {number}".ljust(length), an_opened())
    assert most / 2 < len(table) <= most


def test_a_session_that_was_read_takes_more_room() -> None:
    table, opened = RecentSessions(100_000), an_opened()
    table.put("text", opened)
    before = table._used
    assert opened.identity.subject == "ann-1"
    read = table._used
    assert read > before + 1000
    assert opened.session.claims["sub"] == "ann-1"
    assert table._used == read, "it is read once, for the app and for the gate"
    table.put("text", opened)
    assert table._used == read
    table.forget("text")
    assert table._used == 0


def test_what_is_read_once_it_was_forgotten_takes_no_room() -> None:
    table, opened = RecentSessions(100_000), an_opened()
    table.put("text", opened)
    table.forget("text")
    assert opened.identity.subject == "ann-1"
    assert table._used == 0


def test_two_threads_may_read_a_session_at_once() -> None:
    table, opened = RecentSessions(100_000), an_opened()
    table.put("text", opened)
    read_rest, found = opened.copy._read_rest, []

    def read_late() -> bytes:
        opened.copy._read_rest = read_rest
        found.append(opened.session)
        return read_rest()

    opened.copy._read_rest = read_late
    assert opened.session == found[0]
    assert opened.session is found[0], "the first that was read is kept"


def key_for(cookies: str) -> tuple[str, str, str]:
    return "https", "app.test", cookies


def kept(most: int = 1_000_000) -> tuple[RecentSessions, OpenSession]:
    table, opened = RecentSessions(most), an_opened()
    table.put("text", opened)
    return table, opened


def found(table: RecentSessions, scheme: str, host: str, cookies: str) -> tuple[OpenSession, Recalled] | None:
    """Return what stands for a request, as `Recalling` looks for it."""
    key_and_more = table.requests.get(cookies[:: len(cookies) // SAMPLE or 1])
    if key_and_more is None or key_and_more[:3] != (scheme, host, cookies):
        return None
    return key_and_more[3:]


def test_a_decision_is_remembered_as_long_as_its_session() -> None:
    table, opened = kept()
    table.remember_request(key_for("small" * 10), opened, "a=b")
    assert found(table, *key_for("small" * 10)) == (opened, ("a=b", *opened.forward))
    table.forget("text")
    assert found(table, *key_for("small" * 10)) is None
    assert (table._used, table.requests) == (0, {})
    table.remember_request(key_for("small" * 10), opened, "a=b")
    assert found(table, *key_for("small" * 10)) is None


def test_a_session_has_few_requests_and_pushes_out_nobody_elses() -> None:
    """As one whose app changes a cookie of its own with each answer."""
    table, opened = kept(20_000)
    other = an_opened()
    table.put("other", other)
    table.remember_request(key_for("other" * 12), other, "")
    used = []
    for number in range(500):
        key = key_for(f"session={number:09}" * 8)
        table.remember_request(key, opened, "")
        assert (found(table, *key) is not None) is (number == 0)
        used.append(table._used)
    assert len(table.requests) == 2
    assert found(table, *key_for("other" * 12)) is not None
    assert set(used[1:]) == {used[1]}
    table.remember_request(key, opened, "a=b")
    assert found(table, *key) == (opened, ("a=b", *opened.forward)), "it came twice in a row"
    for number in range(5):
        key = key_for(f"theme={number:09}" * 8)
        table.remember_request(key, opened, "")
        table.remember_request(key, opened, "")
        assert found(table, *key) == (opened, ("", *opened.forward))
    assert len(table.requests) == 5
    assert found(table, *key_for(f"session={0:09}" * 8)) is None
    table.forget("text")
    table.forget("other")
    assert table._used == 0


def test_the_same_request_is_remembered_in_its_own_place() -> None:
    table, opened = kept()
    for told in ("a=b", "a=c", ("cookie", b"a=d"), None):
        for _ in range(2):
            table.remember_request(key_for("one" * 50), opened, told)
        assert found(table, *key_for("one" * 50)) == (opened, (told, *opened.forward))
    assert len(opened.samples) == 1
    table.forget("text")
    assert table._used == 0


def test_requests_with_one_sample_push_each_other_out() -> None:
    table, opened = kept()
    other = an_opened()
    table.put("other", other)
    table.remember_request(("https", "a.test", "c" * 60), opened, "")
    table.remember_request(("https", "b.test", "c" * 60), other, "")
    assert found(table, "https", "a.test", "c" * 60) is None
    table.forget("text")
    assert found(table, "https", "b.test", "c" * 60) is not None
    table.forget("other")
    assert table._used == 0


def test_requests_share_one_text_of_their_host_and_few_hosts_are_kept() -> None:
    table, _ = kept()
    hosts = set()
    for number in range(200):
        opened, host = an_opened(), f"{number % 100}.test"
        table.put(f"text {number}", opened)
        table.remember_request(("https", host, f"{number:03}" * 30), opened, "")
        assert found(table, "https", host, f"{number:03}" * 30) is not None
        assert len(table._shared) <= 64
    for number in range(50):
        opened = an_opened()
        table.put(f"more {number}", opened)
        table.remember_request(("https", "".join(("one", ".test")), f"x{number:02}" * 30), opened, "")
        hosts.add(id(next(reversed(table.requests.values()))[1]))
    assert len(hosts) == 1


def test_a_request_that_does_not_fit_is_not_remembered() -> None:
    table, opened = kept(3000)
    table.remember_request(key_for("c" * 10_000), opened, "")
    assert (len(table), table._used, table.requests) == (0, 0, {})


