"""The differential run, for a few seconds: `make differential` sends ten million requests."""

from __future__ import annotations

import asyncio

import pytest

from tests.both_worlds.__main__ import differences
from tests.both_worlds.pairs import SETTINGS, Answer, Pair
from tests.providers.local import LocalProvider
from tests.wire import WireRequest

pytestmark = pytest.mark.uncounted


@pytest.mark.parametrize("name", SETTINGS)
def test_both_worlds_answer_alike(name: str, provider: LocalProvider) -> None:
    outcomes, wrong = asyncio.run(differences(Pair(name, provider), 3000, "a test's"))
    assert wrong == []
    usual = {"somebody", "401", "400", "302", "404"} | ({"403", "anybody"} if name == "rules" else set())
    assert usual <= outcomes.keys()


def test_a_difference_is_found_and_told_with_the_request(provider: LocalProvider) -> None:
    pair = Pair("default", provider, other={"remote_user_claim": "sub"})
    _, wrong = asyncio.run(differences(pair, 500, ""))
    assert wrong
    what, line = wrong[0]
    assert what.startswith("another ")
    assert line.startswith('["default", "')


def seen(**changed: str) -> tuple[tuple[str, str], ...]:
    usual = {"path": "/", "method": "GET", "cookie": "", "subject": "", "claims": "", "calls": "1"}
    return tuple((usual | changed).items())


@pytest.mark.parametrize(
    ("name", "told", "what"),
    [
        ("default", seen(subject="person-1"), "person-1 without a session"),
        ("default", seen(), "anybody at /"),
        ("default", seen(subject="person-2", cookie="a=b; __Host-oidc_gate.x-abc=1"), "the app saw a gate's cookie"),
        ("default", seen(subject="person-2", calls="2"), "the app was called more than once"),
        ("rules", seen(subject="person-2", path="/admin/users"), "person-2 at /admin/users"),
        ("rules", seen(path="/files", method="POST"), "anybody at /files"),
        ("rules", seen(subject="person-2", path="/private/files"), "person-2 at /private/files"),
        ("rules", seen(subject="person-2", path="/api", method="POST"), "person-2 at /api"),
        ("rules", seen(path="/", method="OPTIONS"), "anybody at /"),
        ("default", seen(subject="person-2", user="mallory"), "the app was told what the client says of itself"),
        ("default", seen(subject="person-2", claims="ann@example.com ('admins',) 1"), "person-2 with the claims"),
        ("elsewhere", seen(subject="person-2"), "person-2 at /"),
    ],
)
def test_what_both_worlds_do_wrong_is_found_too(
    provider: LocalProvider, name: str, told: tuple[tuple[str, str], ...], what: str
) -> None:
    pair = Pair(name, provider)
    cookie, text = pair.sessions[2]
    answer = Answer(200, (), "the app", told)
    assert what in pair.wrong(asked(f"{cookie}={text}"), (answer, answer))


def asked(cookies: str) -> WireRequest:
    return WireRequest("GET", "https://app.test/", [("Host", "app.test"), ("Cookie", cookies)])


def test_a_session_lets_in_under_its_name_alone_and_once(provider: LocalProvider) -> None:
    pair = Pair("default", provider)
    name, text = pair.sessions[2]
    answer = Answer(200, (), "the app", seen(subject="person-2"))
    for good in (f"{name}={text}", f"a=b; {name}={text}", f"{name}=2.{text[:9]}; {name}.1={text[9:]}"):
        assert pair.wrong(asked(good), (answer, answer)) == ""
    for bad in (f"x{name}={text}", f"{name.removeprefix('__Host-')}={text}x", f"{name}={text}; {name}={text}", text):
        assert "without a session" in pair.wrong(asked(bad), (answer, answer))
    pair.sign_in()
    assert "without a session" in pair.wrong(asked(f"{name}={text}"), (answer, answer)), "it was ended"
    assert [each.status for each in asyncio.run(pair.ask(asked(f"{name}={text}")))] == [401, 401]


def test_return_addresses_that_differ_are_told_apart(provider: LocalProvider) -> None:
    """They lie in the sealed `state`."""
    pair = Pair("default", provider)
    page = [("Host", "app.test"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Dest", "document")]
    one, other = (
        asyncio.run(pair.ask(WireRequest("GET", f"https://app.test{path}", page)))
        for path in ("/private/a?x=1", "/private/b?x=1")
    )
    assert [each.status for each in (*one, *other)] == [302] * 4
    assert one[0] == one[1]
    assert pair.wrong(asked(""), (one[0], other[1])).startswith("another headers")
