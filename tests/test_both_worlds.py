"""The differential run, for a few seconds: `make differential` sends ten million requests."""

from __future__ import annotations

import pytest

from tests.both_worlds.__main__ import differences
from tests.both_worlds.pairs import SETTINGS, Answer, Pair
from tests.providers.local import LocalProvider
from tests.wire import WireRequest

pytestmark = pytest.mark.uncounted


@pytest.mark.parametrize("name", SETTINGS)
def test_both_worlds_answer_alike(name: str, provider: LocalProvider) -> None:
    outcomes, wrong = differences(Pair(name, provider), 4000, "a test's")
    assert wrong == []
    usual = {"somebody", "401", "400", "302", "404"} | ({"403", "anybody"} if name == "rules" else set())
    assert usual <= outcomes.keys()


def test_a_difference_is_found_and_told_with_the_request(provider: LocalProvider) -> None:
    _, wrong = differences(Pair("default", provider, other={"remote_user_claim": "sub"}), 500, "")
    assert wrong
    what, line = wrong[0]
    assert what.startswith("another ")
    assert line.startswith('["default", "')


@pytest.mark.parametrize(
    ("seen", "what"),
    [
        ((("path", "/"), ("cookie", ""), ("subject", "person-1")), "person-1 without a session"),
        ((("path", "/"), ("cookie", "a=b; __Host-oidc_gate.x-abc=1"), ("subject", "")), "the app saw a gate's cookie"),
    ],
)
def test_what_both_worlds_do_wrong_is_found_too(
    provider: LocalProvider, seen: tuple[tuple[str, str], ...], what: str
) -> None:
    pair = Pair("default", provider)
    name, text = pair.sessions[2]
    request = WireRequest("GET", "https://app.test/", [("Host", "app.test"), ("Cookie", f"{name}={text}")])
    answer = Answer(200, (), "the app", seen)
    assert what in pair.wrong(request, (answer, answer))
    assert pair.wrong(request, pair.ask(request)) == ""
