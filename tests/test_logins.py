"""Logins under way: a browser's half of each, at most eight of them, good once and not for long."""

from __future__ import annotations

import re

import pytest

from oidc_gate.browser.addresses import Origin, safe_path
from oidc_gate.browser.cookies import Cookies
from oidc_gate.browser.login_attempts import Attempt, Attempts
from oidc_gate.sealing import SignedRows
from tests.cookies import MAX_BYTES, Jar

SECRETS = ["the-newest-secret-01", "the-older-secret-012"]
URL = "https://app.test/"
COOKIES = Cookies("default", secure=True, domain="", cross_site_callback=False)


def attempts(lifetime: float = 900, secrets: list[str] = SECRETS, context: str = "here") -> Attempts:
    return Attempts(secrets, context, lifetime=lifetime)


class Browser:
    """A browser that leaves for the provider and comes back; `now` is its clock and the gate's."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.jar = Jar(URL, clock=lambda: self.now)

    @property
    def header(self) -> str:
        return self.jar.header_for(URL)

    def take(self, *headers: tuple[str, str]) -> None:
        for _, value in headers:
            self.jar.receive(URL, value)
        assert self.jar.rejected == []

    def leave(self, gate: Attempts, return_to: str = "/") -> Attempt:
        attempt = Attempt.new(return_to, self.now)
        self.take(*gate.add(attempt, COOKIES, self.header))
        return attempt


# One attempt


def test_a_fresh_attempt_cannot_be_guessed_and_satisfies_the_protocol() -> None:
    made = [Attempt.new("/page", 1000.0) for _ in range(50)]
    assert len({attempt.identifier for attempt in made}) == 50
    for attempt in made:
        assert (attempt.return_to, attempt.started_at) == ("/page", 1000.0)
        assert (attempt.restarted, attempt.done, attempt.replaces) == (False, False, "")
        assert attempt.state.startswith(attempt.identifier)
        assert len(attempt.state) >= 38
        assert len(attempt.nonce) >= 32
        assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", attempt.verifier), "RFC 7636, 4.1"
        assert len({attempt.state, attempt.nonce, attempt.verifier}) == 3


def test_an_attempt_remembers_that_it_is_the_second_one_and_which_session_it_replaces() -> None:
    attempt = Attempt.new("/", 0.0, restarted=True, replaces="session-id")
    assert (attempt.restarted, attempt.replaces) == (True, "session-id")


def test_what_remains_of_a_finished_attempt_can_finish_no_login() -> None:
    attempt = Attempt.new("/page", 1000.0, replaces="session-id")
    note = attempt.finished(1010.0)
    assert (note.done, note.return_to, note.started_at, note.identifier) == (True, "/page", 1010.0, attempt.identifier)
    assert note.state == note.nonce == note.verifier == note.replaces == ""


def test_a_browser_that_comes_back_has_its_attempt_and_no_other_browser_has() -> None:
    gate, browser = attempts(), Browser()
    attempt = browser.leave(gate, "/report?year=2026")
    assert gate.find(attempt.state, COOKIES, browser.header) == attempt
    assert gate.find(attempt.state, COOKIES, "") is None
    assert gate.find(attempt.state, COOKIES, "a=b") is None
    assert gate.find(attempt.state, COOKIES, Browser().header) is None


def test_the_whole_state_must_be_the_same() -> None:
    gate, browser = attempts(), Browser()
    state = browser.leave(gate).state
    changed = state[:-1] + ("A" if state[-1] != "A" else "B")
    for wrong in (
        state[:-1],
        state + "x",
        state[:12],
        state[:11],
        changed,
        state.upper(),
        "",
        "ü",
        "\x00",
        "a" * 10_000,
    ):
        assert gate.find(wrong, COOKIES, browser.header) is None


def test_two_tabs_both_finish() -> None:
    gate, browser = attempts(), Browser()
    one, two = browser.leave(gate, "/one"), browser.leave(gate, "/two")
    for attempt in (two, one):
        assert gate.find(attempt.state, COOKIES, browser.header) == attempt
        browser.take(gate.finish(attempt, COOKIES, browser.now))


def test_a_finished_attempt_leaves_a_note_that_any_later_callback_of_it_finds() -> None:
    gate, browser = attempts(), Browser()
    attempt = browser.leave(gate, "/page")
    browser.take(gate.finish(attempt, COOKIES, 1005.0))
    note = gate.find(attempt.state, COOKIES, browser.header)
    assert note == attempt.finished(1005.0)
    assert attempt.verifier not in browser.header
    browser.now += 901
    assert browser.header == "", "the note goes by itself"


def test_an_attempt_is_late_after_its_lifetime_and_still_known_for_an_hour() -> None:
    gate, browser = attempts(lifetime=900), Browser()
    attempt = browser.leave(gate)
    assert not gate.is_late(attempt, 1900.0)
    assert gate.is_late(attempt, 1900.5)
    assert not gate.is_late(attempt, 990.0), "a host whose clock is behind"
    browser.now += 900 + 3599
    assert gate.find(attempt.state, COOKIES, browser.header) == attempt
    browser.now += 2
    assert gate.find(attempt.state, COOKIES, browser.header) is None


# Tampering


def test_an_attempt_that_was_tampered_with_is_none() -> None:
    gate, browser = attempts(), Browser()
    attempt = browser.leave(gate)
    ((name, text),) = [pair.split("=", 1) for pair in browser.header.split("; ")]
    for position in range(0, len(text) - 1, 7):
        letter = "A" if text[position] != "A" else "B"
        header = f"{name}={text[:position]}{letter}{text[position + 1 :]}"
        assert gate.find(attempt.state, COOKIES, header) is None
    for other in ("", ".", text[:-10], text + "x" * 4, f"{text}.{text}", text.split(".")[0]):
        assert gate.find(attempt.state, COOKIES, f"{name}={other}") is None


def test_an_attempt_under_another_name_is_none() -> None:
    gate, browser = attempts(), Browser()
    attempt = browser.leave(gate)
    other = "0" * 12
    renamed = browser.header.replace(f"login.{attempt.identifier}=", f"login.{other}=")
    assert gate.find(attempt.state, COOKIES, renamed) is None
    assert gate.find(other + attempt.state[12:], COOKIES, renamed) is None


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(attempts(secrets=["a-secret-of-somebody-else"]), id="another secret"),
        pytest.param(attempts(context="elsewhere"), id="another gate with our secret"),
    ],
)
def test_an_attempt_of_another_gate_is_none(other: Attempts) -> None:
    browser = Browser()
    attempt = browser.leave(other)
    assert attempts().find(attempt.state, COOKIES, browser.header) is None


def test_an_attempt_outlives_a_change_of_the_secret_that_keeps_the_old_one() -> None:
    browser = Browser()
    attempt = browser.leave(attempts(secrets=SECRETS[1:]))
    assert attempts(secrets=SECRETS).find(attempt.state, COOKIES, browser.header) == attempt
    assert attempts(secrets=SECRETS[:1]).find(attempt.state, COOKIES, browser.header) is None


# Many


def test_at_most_eight_are_under_way_and_the_oldest_gives_way() -> None:
    gate, browser = attempts(), Browser()
    made = []
    for number in range(20):
        browser.now += 1
        made.append(browser.leave(gate, f"/{number}"))
        assert len(browser.jar.names()) == min(number + 1, 8)
    found = [attempt for attempt in made if gate.find(attempt.state, COOKIES, browser.header)]
    assert found == made[-8:]
    assert [attempt for attempt, _ in gate.all(COOKIES, browser.header)] == made[:-9:-1]


def test_notes_give_way_before_logins_that_are_under_way() -> None:
    gate, browser = attempts(), Browser()
    made = []
    for number in range(8):
        browser.now += 1
        made.append(browser.leave(gate, f"/{number}"))
    browser.take(gate.finish(made[-1], COOKIES, browser.now), gate.finish(made[3], COOKIES, browser.now + 1))
    browser.leave(gate)
    assert [attempt.return_to for attempt, _ in gate.all(COOKIES, browser.header)] == [
        *("/", "/6", "/5", "/4", "/2", "/1", "/0"),
        "/3",
    ]


def test_all_attempts_together_stay_small_enough_for_a_server() -> None:
    gate, browser = attempts(), Browser()
    for _ in range(12):
        browser.now += 1
        attempt = browser.leave(gate, "/" + "x" * 500)
        assert gate.find(attempt.state, COOKIES, browser.header) == attempt
        assert len(browser.header) < 6200
    assert 2 <= len(browser.jar.names()) < 8


@pytest.mark.parametrize("target", ["/" + "a" * 1999, "/" + "ü" * 333, '/"' * 400, "/?" + "<>" * 333, "/" + "'" * 1999])
def test_the_longest_return_address_still_fits_into_a_cookie(target: str) -> None:
    gate, browser = attempts(), Browser()
    return_to = safe_path(target, Origin("https", "app.test", ""))
    assert len(return_to) > 1000
    attempt = Attempt.new(return_to, browser.now, replaces="x" * 24)
    headers = gate.add(attempt, COOKIES, browser.header)
    assert all(len(value) <= MAX_BYTES for _, value in headers)
    browser.take(*headers)
    assert gate.find(attempt.state, COOKIES, browser.header) == attempt


def test_attempts_that_somebody_else_planted_are_dropped() -> None:
    gate, browser = attempts(), Browser()
    name = COOKIES.drop_attempt("")[1].partition("=")[0]
    for number in range(50):
        browser.jar.set(f"{name}{number:012}", "planted")
    for _ in range(6):
        attempt = browser.leave(gate)
        assert gate.find(attempt.state, COOKIES, browser.header) == attempt
    assert not [name for name in browser.jar.names() if browser.jar.get(name) == "planted"]


def test_no_answer_grows_with_the_attempts_that_somebody_planted() -> None:
    gate, browser = attempts(), Browser()
    name = COOKIES.drop_attempt("")[1].partition("=")[0]
    header = "; ".join(f"{name}{number:012}=planted" for number in range(500))
    assert len(gate.add(Attempt.new("/", browser.now), COOKIES, header)) <= 13


def test_an_attempt_that_another_version_wrote_is_none() -> None:
    browser = Browser()
    attempt = Attempt.new("/", browser.now)
    text = SignedRows(SECRETS, "login attempt here").dumps([attempt.identifier, attempt.state])
    browser.take(COOKIES.set_attempt(attempt.identifier, text, 60))
    assert attempts().find(attempt.state, COOKIES, browser.header) is None


def test_all_attempts_can_be_dropped() -> None:
    gate, browser = attempts(), Browser()
    browser.jar.set("app", "kept")
    for _ in range(5):
        browser.leave(gate)
    browser.take(*gate.drop_all(COOKIES, browser.header))
    assert browser.jar.names() == ["app"]
    assert gate.drop_all(COOKIES, browser.header) == ()
