"""Sessions: how one is opened from its cookie, how long it lives, and what a process remembers of it."""

from __future__ import annotations

from typing import Any

import pytest

from oidc_gate.headers import forwarding
from oidc_gate.identity import Session
from oidc_gate.keepers import CookieKeeper, Keeper, StoreKeeper
from oidc_gate.opened import Limits, Opened, RecentTable, Shortcuts
from oidc_gate.rules import Rules
from oidc_gate.sessions import UNLOADED, Sessions
from oidc_gate.stores import open_store

NEW, OLD = "the-newest-secret-01", "the-older-secret-012"
NAME = "__Host-oidc_gate.default"
T0 = 1_700_000_000.0
NEVER = float("inf")
CLAIMS: dict[str, Any] = {"iss": "https://id.example.com", "sub": "ann-1", "email": "ann@example.com", "groups": ["staff"]}


def sessions(
    secrets: list[str] | None = None,
    *,
    keeper: Keeper | None = None,
    context: str = "here",
    groups: tuple[str, ...] | None = None,
    longest: float = 43200,
    idle: float = 3600,
    recheck: float = NEVER,
    cache: float = 1,
) -> Sessions:
    return Sessions(
        keeper or CookieKeeper(secrets or [NEW], context),
        Rules(emails=None, domains=None, groups=groups, groups_claim="groups"),
        forwarding(family="none", claim="email", cache_control=""),
        Limits(longest=longest, idle=idle, recheck=recheck, cache=cache),
        provider="default",
    )


def started(room: Sessions, now: float = T0, **claims: Any) -> tuple[Session, str]:
    """Return a session of someone who signs in now, and the text of its cookie."""
    return room.keep(room.start(CLAIMS | claims, {}, ["sub"], now), NAME)


def living(room: Sessions, text: str, now: float) -> Opened:
    opened = room.find(text, NAME, now)
    assert isinstance(opened, Opened)
    return opened


def renewed(room: Sessions, opened: Opened, now: float) -> Session:
    session = room.renewed(opened, now)
    assert session is not None
    return session


# A new session


def test_a_new_session_holds_what_the_provider_said_and_when() -> None:
    session = sessions().start(CLAIMS, {"id_token": "a.b.c"}, ["sub", "iss"], T0)
    assert session._replace(session_id="") == Session(
        "", "https://id.example.com", CLAIMS, T0, T0 + 43200, T0, T0, {"id_token": "a.b.c"}, ["sub", "iss"]
    )


def test_each_login_makes_a_session_of_its_own() -> None:
    room = sessions()
    made = {room.start(CLAIMS, {}, (), T0).session_id for _ in range(100)}
    assert len(made) == 100
    assert min(map(len, made)) >= 22


@pytest.mark.parametrize(
    ("longest", "ceiling", "expected"),
    [
        pytest.param(43200, None, T0 + 43200, id="the provider sets no end"),
        pytest.param(43200, T0 + 600, T0 + 600, id="the provider's end comes sooner"),
        pytest.param(43200, T0 + 600.5, T0 + 600.5, id="the provider's end, with a fraction"),
        pytest.param(43200, T0 + 86400, T0 + 43200, id="the provider's end comes later"),
        pytest.param(0, None, float("inf"), id="no end at all"),
        pytest.param(0, T0 + 86400, T0 + 86400, id="the provider's end alone"),
        pytest.param(43200, T0 - 1, T0 - 1, id="an end that has passed"),
        pytest.param(43200, 0, T0 + 43200, id="zero is none"),
        pytest.param(43200, -1, T0 + 43200, id="negative is none"),
        pytest.param(0, 10**400, float("inf"), id="an absurd number is none"),
        pytest.param(0, 1e300, float("inf"), id="another absurd number is none"),
        pytest.param(43200, True, T0 + 43200, id="a truth value is none"),
        pytest.param(43200, str(int(T0 + 600)), T0 + 43200, id="text is none"),
        pytest.param(43200, [T0], T0 + 43200, id="a list is none"),
    ],
)
def test_a_session_ends_after_its_time_or_when_the_provider_says_so(
    longest: float, ceiling: Any, expected: float
) -> None:
    claims = CLAIMS if ceiling is None else CLAIMS | {"session_expiry": ceiling}
    room = sessions(longest=longest)
    session = room.start(claims, {}, (), T0)
    assert session.expires_at == expected
    text = room.seal(session, NAME)
    assert room.find(text, NAME, expected) is None
    assert (room.find(text, NAME, T0) is None) is (expected <= T0)


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
    room = sessions()
    _, text = started(room)
    assert living(room, text, T0) is living(room, text, T0 + 1)


@pytest.mark.parametrize("text", ["", "AAAA", "x" * 100, "ü", "2.abc", "A" * 65536])
def test_a_text_that_was_never_ours_is_no_session(text: str) -> None:
    assert sessions().find(text, NAME, T0) is None


@pytest.mark.parametrize("other", [sessions([OLD]), sessions(context="elsewhere")], ids=["secret", "context"])
def test_a_session_of_another_gate_is_none(other: Sessions) -> None:
    _, text = started(other)
    assert sessions().find(text, NAME, T0) is None


def test_a_session_is_bound_to_the_name_of_its_cookie_even_when_it_was_seen_before() -> None:
    room = sessions()
    _, text = started(room)
    living(room, text, T0)
    assert room.find(text, "oidc_gate.default", T0) is None
    assert living(room, text, T0).name == NAME


@pytest.mark.parametrize(("groups", "expected"), [(None, True), (("staff",), True), (("admins",), False)])
def test_it_is_worked_out_once_whether_the_rules_let_someone_pass(
    groups: tuple[str, ...] | None, expected: bool
) -> None:
    room = sessions(groups=groups)
    opened = living(room, started(room)[1], T0)
    assert opened.allowed is expected
    assert opened.steady_until == (T0 + 60 if expected else 0)


# How long it lives


def test_a_session_ends_at_its_absolute_end_however_busy_it_is() -> None:
    room = sessions(longest=7200)
    _, text = started(room)
    for now in range(0, 7200, 600):
        living(room, text, T0 + now).seen_at = T0 + now
    assert room.find(text, NAME, T0 + 7199.9) is not None
    assert room.find(text, NAME, T0 + 7200) is None


def test_a_session_ends_when_nobody_uses_it() -> None:
    room = sessions(idle=3600)
    _, text = started(room)
    assert room.find(text, NAME, T0 + 3600) is not None
    assert room.find(text, NAME, T0 + 3600.1) is None
    assert sessions(idle=3600).find(text, NAME, T0 + 3601) is None


def test_each_use_counts_for_the_process_that_saw_it() -> None:
    room = sessions(idle=3600)
    _, text = started(room)
    living(room, text, T0 + 3000).seen_at = T0 + 3000
    assert room.find(text, NAME, T0 + 6600) is not None
    assert room.find(text, NAME, T0 + 6601) is None


def test_without_an_idle_end_a_session_waits_for_ever() -> None:
    room = sessions(idle=0, longest=0)
    _, text = started(room)
    assert room.find(text, NAME, T0 + 10 * 365 * 86400) is not None


def test_a_session_from_a_host_whose_clock_is_ahead_is_good() -> None:
    room = sessions()
    _, text = started(room, now=T0 + 30)
    assert room.find(text, NAME, T0) is not None


# Sealing again


@pytest.mark.parametrize(("idle", "lag"), [(3600, 60), (86400, 60), (600, 30), (20, 1), (0, 60)])
def test_a_cookie_is_sealed_again_once_it_is_out_of_date_by_a_small_part_of_the_idle_time(
    idle: float, lag: float
) -> None:
    room = sessions(idle=idle)
    session, text = started(room)
    opened = living(room, text, T0)
    assert room.renewed(opened, T0 + lag - 0.1) is None
    assert room.renewed(opened, T0 + lag) == session._replace(seen_at=T0 + lag)


def test_a_cookie_that_was_just_sealed_again_is_left_alone_for_a_while() -> None:
    room = sessions()
    opened = living(room, started(room)[1], T0)
    assert room.renewed(opened, T0 + 60) is not None
    assert opened.steady_until == T0 + 65
    assert room.renewed(opened, T0 + 64.9) is None
    assert room.renewed(opened, T0 + 65) is not None


def test_a_renewed_cookie_carries_the_activity_to_other_processes() -> None:
    room = sessions(idle=3600)
    _, text = started(room)
    opened = living(room, text, T0 + 3500)
    renewed = room.renewed(opened, T0 + 3500)
    assert renewed is not None
    later = room.seal_again(opened, renewed, NAME)
    other = sessions(idle=3600)
    assert other.find(text, NAME, T0 + 3700) is None
    assert living(other, later, T0 + 3700).session == renewed


def test_after_a_change_of_the_secret_a_cookie_is_sealed_again_at_once() -> None:
    session, text = started(sessions([OLD]))
    both = sessions([NEW, OLD])
    opened = living(both, text, T0)
    assert (opened.renew_at, opened.steady_until) == (0, 0)
    renewed = both.renewed(opened, T0 + 1)
    assert renewed == session._replace(seen_at=T0 + 1)
    later = both.seal_again(opened, renewed, NAME)
    assert living(sessions([NEW]), later, T0 + 2).session == renewed
    assert sessions([NEW]).find(text, NAME, T0 + 2) is None
    assert living(both, later, T0 + 2).renew_at == T0 + 61


# Asking the provider again


def test_a_session_is_due_after_the_interval_and_one_request_asks() -> None:
    room = sessions(recheck=300)
    opened = living(room, started(room)[1], T0)
    assert (opened.due_at, opened.steady_until) == (T0 + 300, T0 + 60)
    assert room.claim_recheck(opened, T0 + 299) is False
    assert room.claim_recheck(opened, T0 + 300) is True
    assert room.claim_recheck(opened, T0 + 300) is False
    assert room.claim_recheck(opened, T0 + 329) is False
    assert room.claim_recheck(opened, T0 + 330) is True


def test_without_an_interval_a_session_is_never_due() -> None:
    opened = living(sessions(), started(sessions())[1], T0)
    assert opened.due_at == float("inf")
    assert sessions().claim_recheck(opened, T0 + 1e9) is False


def test_claims_vouched_for_again_stand_for_the_old_cookie_and_are_judged_again() -> None:
    room = sessions(groups=("staff",), recheck=300)
    session, text = started(room)
    before = living(room, text, T0)
    after = room.rechecked(text, before, CLAIMS | {"groups": ["guests"]}, T0 + 300)
    assert (before.allowed, after.allowed) == (True, False)
    assert after.session == session._replace(
        claims=CLAIMS | {"groups": ["guests"]}, checked_at=T0 + 300, seen_at=T0 + 300
    )
    assert (after.renew_at, after.due_at) == (0, T0 + 600)
    assert living(room, text, T0 + 301) is after


def test_a_provider_that_gave_no_answer_is_asked_no_sooner_for_a_renewed_cookie() -> None:
    room = sessions(recheck=300)
    _, text = started(room)
    opened = living(room, text, T0 + 300)
    assert room.claim_recheck(opened, T0 + 300)
    renewed = room.renewed(opened, T0 + 300)
    assert renewed is not None
    again = living(room, room.seal_again(opened, renewed, NAME), T0 + 301)
    assert (again.due_at, again.renew_at) == (T0 + 330, T0 + 360)
    assert living(sessions(recheck=300), room.seal(renewed, NAME), T0 + 301).due_at == T0 + 300


# Ending one


def test_a_session_that_was_ended_is_refused_in_every_sealing() -> None:
    room = sessions()
    session, text = started(room)
    opened = living(room, text, T0)
    renewed = room.renewed(opened, T0 + 60)
    assert renewed is not None
    later = room.seal(renewed, NAME)
    room.end(session, T0 + 61)
    for sealed in (text, later, room.seal(session, NAME)):
        assert room.find(sealed, NAME, T0 + 62) is None


def test_a_session_is_ended_by_its_id_alone_too() -> None:
    room = sessions()
    session, text = started(room)
    room.end_named(session.session_id, T0)
    assert room.find(text, NAME, T0) is None


def test_ending_one_session_leaves_the_persons_others() -> None:
    room = sessions()
    (session, _), (_, other) = started(room), started(room)
    room.end(session, T0)
    assert room.find(other, NAME, T0) is not None


def test_the_ended_sessions_that_are_remembered_are_bounded_and_the_latest_stay() -> None:
    room = sessions()
    first, first_text = started(room)
    last, last_text = started(room)
    room.end(first, T0)
    for number in range(12_000):
        room.end_named(f"session {number}", T0)
    room.end(last, T0)
    assert room.find(last_text, NAME, T0) is None
    assert room.find(first_text, NAME, T0) is not None
    for _ in range(12_000):
        room.end(last, T0)
    assert len(room._ended) <= 10_000


# What is remembered


def an_opened() -> Opened:
    room = sessions()
    return living(room, started(room)[1], T0)


def test_what_was_opened_lately_is_found_again() -> None:
    table, opened = RecentTable(100_000), an_opened()
    assert table.get("text") is None
    table.put("text", opened, 100)
    assert table.get("text") is opened


def test_the_table_is_bounded_and_keeps_what_is_used() -> None:
    table, opened = RecentTable(100_000), an_opened()
    table.put("used", opened, 100)
    for number in range(1000):
        table.put(f"text {number}", opened, 100)
        assert table.get("used") is opened
    assert len(table._new) + len(table._old) < 100
    assert table.get("text 0") is None
    assert table.get("text 999") is opened


@pytest.mark.parametrize(("length", "most"), [(100, 70), (10_000, 6)])
def test_long_sessions_take_more_room_than_short_ones(length: int, most: int) -> None:
    table, opened = RecentTable(100_000), an_opened()
    for number in range(1000):
        table.put(f"text {number}", opened, length)
    assert most / 2 < len(table._new) + len(table._old) <= most
