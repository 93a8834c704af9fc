"""Logins under way: `state` and a browser's own half of each; at most eight of them, good once and not for long."""

from __future__ import annotations

import re
from base64 import b64decode, urlsafe_b64decode
from itertools import pairwise

import pytest

from oidc_gate.browser.addresses import Origin, safe_path
from oidc_gate.browser.cookies import Cookies
from oidc_gate.browser.login_attempts import Attempt, Attempts, BegunLogin, Note, State
from oidc_gate.sealing import Seal
from tests.cookies import MAX_BYTES, Jar

SECRETS = ["the-newest-secret-01", "the-older-secret-012"]
URL = "https://app.test/"


def own_cookies(*tags: str, auth_id: str = "default") -> Cookies:
    return Cookies(auth_id, tags or ("aaaaaa",), secure=True, domain="", cross_site_callback=False)


COOKIES = own_cookies()


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

    @property
    def login_bytes(self) -> int:
        """What the cookies of logins take in a header, separators counted."""
        return sum(len(name) + len(self.jar.get(name) or "") + 3 for name in self.jar.names() if ".login." in name)

    def take(self, *headers: tuple[str, str]) -> None:
        for _, value in headers:
            self.jar.receive(URL, value)
        assert self.jar.rejected == []

    def leave(self, gate: Attempts, return_to: str = "/", restarted: bool = False) -> BegunLogin:
        begun = gate.begin(return_to, COOKIES, self.header, self.now, restarted=restarted)
        self.take(*begun.set_cookies)
        return begun

    def found(self, gate: Attempts, begun: BegunLogin) -> Attempt | Note | None:
        """Return what the gate finds as this browser comes back with that login's state."""
        return gate.find(state_of(gate, begun), COOKIES, self.header)


def state_of(gate: Attempts, begun: BegunLogin) -> State:
    state = gate.read_state(begun.state)
    assert state is not None
    return state


# One login


def test_a_login_cannot_be_guessed_and_satisfies_the_protocol() -> None:
    made = [attempts().begin("/page", COOKIES, "", 1000.0) for _ in range(50)]
    assert len({begun.state for begun in made}) == len({begun.attempt.seed for begun in made}) == 50
    for _, attempt, _, _ in made:
        assert len(attempt.nonce) == len(attempt.verifier) == 43
        assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", attempt.verifier), "RFC 7636, 4.1"
        assert len({attempt.nonce, attempt.verifier, attempt.identifier, attempt.seed}) == 4


def test_what_goes_to_the_provider_and_what_stays_cannot_be_read() -> None:
    gate, browser = attempts(), Browser()
    begun = browser.leave(gate, "/report?secret=hunter2")
    (value,) = [browser.jar.get(name) or "" for name in browser.jar.names()]
    assert re.fullmatch(r"[A-Za-z0-9_-]+", begun.state), "it needs no encoding in an address"
    for data in (urlsafe_b64decode(begun.state), b64decode(value)):
        assert b"hunter2" not in data
        assert begun.attempt.seed not in data
        assert begun.attempt.verifier.encode() not in data


def test_a_browser_that_comes_back_has_its_login_and_no_other_browser_has() -> None:
    gate, browser = attempts(), Browser()
    begun = browser.leave(gate, "/report?year=2026", restarted=True)
    state = state_of(gate, begun)
    assert state[:2] == (begun.attempt.identifier, 1000.0)
    assert (state.restarted, state.forced, state.return_to) == (True, False, "/report?year=2026")
    assert browser.found(gate, begun) == begun.attempt
    for header in ("", "a=b", Browser().header):
        assert gate.find(state, COOKIES, header) is None
    other = Browser()
    other.leave(gate)
    assert gate.find(state, COOKIES, other.header) is None


def test_a_login_remembers_that_the_person_was_to_authenticate_anew_and_which_session_it_replaces() -> None:
    gate = attempts()
    begun = gate.begin("/", COOKIES, "", 1000.0, forced=True, replaces="session-id")
    assert state_of(gate, begun).forced
    assert begun.attempt.replaces == "session-id"
    browser = Browser()
    browser.take(*begun.set_cookies)
    assert browser.found(gate, begun) == begun.attempt


@pytest.mark.parametrize("change", [lambda text: text[:-4], lambda text: text + "AAAA", str.upper, str.swapcase])
def test_a_state_that_was_changed_is_none(change: object) -> None:
    gate = attempts()
    state = gate.begin("/page", COOKIES, "", 1000.0).state
    assert callable(change)
    assert gate.read_state(change(state)) is None


def test_no_single_character_of_a_state_can_be_changed() -> None:
    gate = attempts()
    state = gate.begin("/page", COOKIES, "", 1000.0).state
    for place, letter in enumerate(state):
        changed = state[:place] + ("A" if letter != "A" else "B") + state[place + 1 :]
        assert gate.read_state(changed) is None


@pytest.mark.parametrize("text", ["", "x", "ü", "\x00", "a" * 10_000, "+/+/", "====", "AAAA"], ids=ascii)
def test_what_is_no_state_is_none(text: str) -> None:
    assert attempts().read_state(text) is None


def test_a_state_has_one_spelling() -> None:
    """In the standard's own alphabet it would be another text of the same login."""
    gate = attempts()
    state = next(text for text in (gate.begin("/", COOKIES, "", 1.0).state for _ in range(99)) if "-" in text)
    assert gate.read_state(state) is not None
    assert gate.read_state(state.replace("-", "+")) is None


def test_two_tabs_both_finish() -> None:
    gate, browser = attempts(), Browser()
    one, two = browser.leave(gate, "/one"), browser.leave(gate, "/two")
    for begun in (two, one):
        assert browser.found(gate, begun) == begun.attempt
        browser.take(gate.finish(state_of(gate, begun), COOKIES, browser.now))


def test_a_finished_login_leaves_a_note_that_can_finish_none() -> None:
    gate, browser = attempts(), Browser()
    begun = browser.leave(gate, "/page")
    browser.take(gate.finish(state_of(gate, begun), COOKIES, 1005.0))
    assert browser.found(gate, begun) == Note(begun.attempt.identifier, 1005.0)
    browser.now += 901
    assert browser.header == "", "the note goes by itself"


def test_a_login_is_late_after_its_lifetime_and_then_its_cookie_is_gone() -> None:
    gate, browser = attempts(lifetime=900), Browser()
    begun = browser.leave(gate)
    state = state_of(gate, begun)
    assert not gate.is_late(state, 1900.0)
    assert gate.is_late(state, 1900.5)
    assert not gate.is_late(state, 990.0), "a host whose clock is behind"
    browser.now += 899
    assert browser.found(gate, begun) == begun.attempt
    browser.now += 2
    assert browser.header == ""


# Tampering


def test_a_cookie_that_was_tampered_with_is_none() -> None:
    gate, browser = attempts(), Browser()
    begun = browser.leave(gate)
    state = state_of(gate, begun)
    ((name, text),) = [pair.split("=", 1) for pair in browser.header.split("; ")]
    for position, found in enumerate(text):
        letter = "A" if found != "A" else "B"
        assert gate.find(state, COOKIES, f"{name}={text[:position]}{letter}{text[position + 1 :]}") is None
    for other in ("", ".", text[:-10], text + "x" * 4, f"{text}.{text}", text[:40]):
        assert gate.find(state, COOKIES, f"{name}={other}") is None


def test_a_login_in_another_slot_is_none() -> None:
    gate, browser = attempts(), Browser()
    begun = browser.leave(gate)
    state = state_of(gate, begun)
    moved = browser.header.replace(f"login.{state.slot}=", f"login.{(state.slot + 1) % 8}=")
    assert gate.find(state, COOKIES, moved) is None
    assert gate.all(COOKIES, moved) == {}


def test_a_login_in_a_slot_beyond_those_there_are_is_none() -> None:
    gate, browser = attempts(), Browser()
    state = state_of(gate, browser.leave(gate))
    assert gate.find(state._replace(slot=200), COOKIES, browser.header) is None


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(attempts(secrets=["a-secret-of-somebody-else"]), id="another secret"),
        pytest.param(attempts(context="elsewhere"), id="another gate with our secret"),
    ],
)
def test_a_login_of_another_gate_is_none(other: Attempts) -> None:
    browser = Browser()
    begun = browser.leave(other)
    assert attempts().read_state(begun.state) is None
    assert attempts().find(state_of(other, begun), COOKIES, browser.header) is None


def test_a_login_outlives_a_change_of_the_secret_that_keeps_the_old_one() -> None:
    browser, before = Browser(), own_cookies("oldest")
    begun = attempts(secrets=SECRETS[1:]).begin("/page", before, "", 1000.0)
    browser.take(*begun.set_cookies)
    later = attempts(secrets=SECRETS)
    assert later.find(state_of(later, begun), own_cookies("newest", "oldest"), browser.header) == begun.attempt
    assert attempts(secrets=SECRETS[:1]).read_state(begun.state) is None


# Many


def test_eight_that_are_begun_in_turn_all_finish_and_the_oldest_gives_way_to_the_ninth() -> None:
    gate, browser = attempts(), Browser()
    made = []
    for number in range(20):
        browser.now += 1
        made.append(browser.leave(gate, f"/{number}"))
        assert len(browser.jar.names()) == min(number + 1, 8)
    assert [browser.found(gate, begun) is not None for begun in made] == [False] * 12 + [True] * 8


def test_notes_give_way_before_logins_that_are_under_way() -> None:
    gate, browser = attempts(), Browser()
    made = []
    for number in range(8):
        browser.now += 1
        made.append(browser.leave(gate, f"/{number}"))
    for index, when in ((7, browser.now), (3, browser.now + 1)):
        browser.take(gate.finish(state_of(gate, made[index]), COOKIES, when))
    for gone in (7, 3, 0, 1):
        browser.now += 1
        made.append(browser.leave(gate))
        assert browser.found(gate, made[gone]) is None
    assert [isinstance(browser.found(gate, begun), Attempt) for begun in made] == [
        *(False, False, True, False, True, True, True, False),
        *(True, True, True, True),
    ]


@pytest.mark.parametrize("length", [1, 590, 2000, 7000])
@pytest.mark.parametrize("count", [2, 20, 100])
@pytest.mark.parametrize("auth_id", ["default", "a" * 64])
def test_all_cookies_of_logins_begun_at_once_stay_small_and_the_newest_works(
    length: int, count: int, auth_id: str
) -> None:
    gate, browser, own = attempts(), Browser(), own_cookies(auth_id=auth_id)
    before = browser.header
    for number in range(count):  # each sends what the browser had before the first
        begun = gate.begin(f"/{number}?{'q' * length}", own, before, browser.now, replaces="f" * 64)
        browser.take(*begun.set_cookies)
    assert browser.login_bytes < 4096
    assert gate.find(state_of(gate, begun), own, browser.header) == begun.attempt


def test_logins_begun_at_once_do_not_all_meet_in_one_slot() -> None:
    gate = attempts()
    slots = {state_of(gate, gate.begin("/", COOKIES, "", 1000.0)).slot for _ in range(200)}
    assert slots == set(range(8))


@pytest.mark.parametrize("others", [0, 3000, 5000, 6500, 7500, 9000])
def test_with_many_other_cookies_there_are_fewer_logins_so_that_servers_take_the_header(others: int) -> None:
    gate, browser = attempts(), Browser()
    browser.jar.set("app", "x" * (others - 4)) if others else None
    for number in range(12):
        browser.now += 1
        begun = browser.leave(gate, f"/{number}?{'xyz' * number * 300}")
        assert browser.found(gate, begun) == begun.attempt
        assert len(browser.header) < max(7900, others + 250)


def test_slots_that_were_filled_give_way_when_other_cookies_grow() -> None:
    gate, browser = attempts(), Browser()
    for _ in range(8):
        browser.leave(gate, "/" + "".join(map(chr, range(97, 123))) * 60)
    browser.jar.set("app", "x" * 7000)
    browser.leave(gate)
    assert len(browser.header) < 7900


# Long addresses


@pytest.mark.parametrize(
    "target",
    [
        *("/" + "a" * 1999, "/" + "ü" * 333, '/"' * 400, "/?" + "<>" * 333, "/" + "'" * 1999),
        "/app/dashboards?" + "&".join(f"filter{number}={number * 7919 % 1009}" for number in range(150)),
    ],
    ids=lambda target: target[:20],
)
def test_a_long_return_address_comes_back_to_the_letter(target: str) -> None:
    gate, browser = attempts(), Browser()
    return_to = safe_path(target, Origin("https", "app.test", ""))
    assert len(return_to) > 1000
    begun = browser.leave(gate, return_to)
    state = state_of(gate, begun)
    assert all(len(value) <= MAX_BYTES for _, value in begun.set_cookies)
    assert not begun.is_lost
    assert len(begun.state) < 950
    assert (state.return_to or gate.long_address(state, COOKIES, browser.header)) == return_to


def incompressible(length: int) -> str:
    """Return an address that does not get shorter by deflating it."""
    letters, number = [], 12345
    for _ in range(length - 1):
        number = number * 1103515245 + 12345 & 0x7FFFFFFF
        letters.append("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"[number >> 16 & 63])
    return "/" + "".join(letters)


def test_one_address_at_a_time_may_be_too_long_for_state_and_longer_ones_are_lost() -> None:
    gate, browser = attempts(), Browser()
    lengths = list(range(200, 4000, 200))
    for length in lengths:
        begun = browser.leave(gate, incompressible(length))
        state = state_of(gate, begun)
        kept = state.return_to or gate.long_address(state, COOKIES, browser.header)
        assert (kept is None) is begun.is_lost
        assert kept in (None, incompressible(length))
        assert browser.login_bytes < 4096
        assert browser.found(gate, begun) == begun.attempt
    lost = [gate.begin(incompressible(length), COOKIES, "", 1.0).is_lost for length in lengths]
    assert [before <= after for before, after in pairwise(lost)] == [True] * (len(lost) - 1)
    assert lost.index(True) >= lengths.index(2000)


def test_the_address_of_one_login_is_not_that_of_another() -> None:
    gate, browser = attempts(), Browser()
    one, two = browser.leave(gate, incompressible(1500)), browser.leave(gate, incompressible(1600))
    assert gate.long_address(state_of(gate, one), COOKIES, browser.header) is None
    assert gate.long_address(state_of(gate, two), COOKIES, browser.header) == incompressible(1600)


# Planted


def test_cookies_that_somebody_else_planted_give_way() -> None:
    gate, browser = attempts(), Browser()
    for what in (*range(8), "page"):
        browser.jar.set(COOKIES.login_name(what), "planted")
    for number in range(12):
        begun = browser.leave(gate, f"/{number}")
        assert browser.found(gate, begun) == begun.attempt


def test_no_answer_grows_with_the_cookies_that_somebody_planted() -> None:
    header = "; ".join(f"{COOKIES.login_name(number)}=planted" for number in range(500))
    assert len(attempts().begin("/", COOKIES, header, 1000.0).set_cookies) <= 10


def test_a_session_is_not_taken_for_a_login_nor_the_state_for_its_cookie() -> None:
    gate, browser = attempts(), Browser()
    begun = browser.leave(gate)
    state, name = state_of(gate, begun), COOKIES.login_name(state_of(gate, begun).slot)
    for sealed in (Seal(SECRETS, "session 3 here").seal(b"x" * 60, name), begun.state):
        assert gate.find(state, COOKIES, f"{name}={sealed}") is None


def test_all_logins_can_be_dropped() -> None:
    gate, browser = attempts(), Browser()
    browser.jar.set("app", "kept")
    for _ in range(5):
        browser.leave(gate, incompressible(1500))
    browser.take(*COOKIES.drop_logins(browser.header))
    assert browser.jar.names() == ["app"]
    assert COOKIES.drop_logins(browser.header) == ()
