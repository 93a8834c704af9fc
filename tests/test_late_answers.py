"""Answers that come late: a session that has ended meanwhile, or that another has replaced, is not set again by them.

A request that is due to renew its session's cookie may take minutes, as a long poll in another tab does. Its answer
must not undo what has happened in the browser until then.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.answers import Answer
from tests.apps import COOKIE_SECRET, echo
from tests.browser import Browser, World
from tests.conftest import StageFactory
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.stage import Stage, is_login, subject
from tests.test_backchannel import told
from tests.test_stored_sessions import Stored, stored
from tests.test_surface_sessions import NEWER

__all__ = ["stored"]

Meanwhile = Callable[[Stage, Browser, LocalProvider], object]


class Slow:
    """An echo app that answers at `/slow` only when it may; `asked`: whether it was."""

    def __init__(self, world: World) -> None:
        made = echo(world)
        self.headers = made.headers
        self._echo: Any = made
        self.asked, self.may_answer = threading.Event(), threading.Event()
        self.app: Any = self._wsgi if world == "wsgi" else self._asgi

    def _wait(self) -> None:
        self.asked.set()
        assert self.may_answer.wait(LIMIT)

    def _wsgi(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"] == "/slow":
            self._wait()
        return self._echo(environ, start_response)

    async def _asgi(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["path"] == "/slow":
            await asyncio.to_thread(self._wait)
        await self._echo(scope, receive, send)


@pytest.fixture
def slow(world: World) -> Iterator[Slow]:
    made = Slow(world)
    yield made
    made.may_answer.set()


@contextmanager
def under_way(ask: Callable[[], Answer]) -> Iterator[list[Answer]]:
    """Have a request under way; its answer is there once the block has ended."""
    answers: list[Answer] = []
    asking = threading.Thread(target=lambda: answers.append(ask()))
    asking.start()
    try:
        yield answers
    finally:
        asking.join(LIMIT)


def late(slow: Slow, browser: Browser, happens: Callable[[], object], path: str = "/slow", **options: Any) -> Answer:
    """Return the app's answer in another tab, before which something happens."""
    tab = browser.copy()
    with under_way(lambda: tab.fetch(path, **options)) as answers:
        try:
            assert slow.asked.wait(LIMIT)
            happens()
        finally:
            slow.may_answer.set()
    return answers[0]


def logout(_here: Stage, browser: Browser, _provider: LocalProvider) -> None:
    assert browser.get("/oauth2/logout").status == 200


def somebody_else(_here: Stage, browser: Browser, provider: LocalProvider) -> None:
    provider.user = provider.people["grace"]
    assert subject(browser.navigate("/oauth2/login")) == "grace-1906"


def providers_no(here: Stage, browser: Browser, provider: LocalProvider) -> None:
    provider.end_sessions("ada-1815")
    provider.deactivate("ada-1815")
    here.clock.advance(1801)
    assert browser.fetch("/").status == 401


ENDS = [logout, somebody_else, providers_no]


@pytest.mark.parametrize("said", [[], [("Cache-Control", "no-store")], [("Content-Type", "text/event-stream")]])
@pytest.mark.parametrize("ends", ENDS)
def test_a_late_answer_does_not_set_the_cookie_of_a_session_that_has_ended(
    stage: StageFactory, provider: LocalProvider, slow: Slow, ends: Meanwhile, said: list[tuple[str, str]]
) -> None:
    here = stage(app=slow.app, userinfo_refresh_interval="30m", max_session_duration="12h")
    browser = here.signed_in()
    slow.headers += said
    here.clock.advance(120)
    answer = late(slow, browser, lambda: ends(here, browser, provider))
    assert (answer.status, answer.header_list("Set-Cookie")) == (200, [])
    assert answer.header("Cache-Control") == ("no-store" if said[:1] == [("Cache-Control", "no-store")] else "private")


@pytest.mark.parametrize("ends", ENDS)
def test_what_ends_at_one_gate_has_ended_at_all_of_its_process_that_have_the_session_in_common(
    stage: StageFactory, provider: LocalProvider, slow: Slow, ends: Meanwhile
) -> None:
    here = stage(app=slow.app, userinfo_refresh_interval="30m", max_session_duration="12h")
    other = here.another_gate(beside=here.gate)
    browser = here.signed_in()
    tab = here.moved(browser, other)
    assert subject(tab.fetch("/")) == "ada-1815"
    here.clock.advance(120)
    answer = late(slow, tab, lambda: ends(here, browser, provider))
    assert (answer.status, answer.header_list("Set-Cookie")) == (200, [])
    assert tab.fetch("/").status == 401


@pytest.mark.parametrize(
    ("live_check", "said"), [(0, []), ("30s", []), ("30s", [("Content-Type", "text/event-stream")])]
)
def test_a_late_answer_renews_a_session_that_goes_on(
    stage: StageFactory, slow: Slow, live_check: str | int, said: list[tuple[str, str]]
) -> None:
    here = stage(app=slow.app, live_check=live_check)
    browser = here.signed_in()
    here.clock.advance(120)
    slow.headers += said
    answer = late(slow, browser, lambda: None)
    (cookie,) = answer.header_list("Set-Cookie")
    assert cookie.startswith(f"{here.session_name}=")
    assert "Max-Age=0" not in cookie
    assert answer.header("Cache-Control") == "private"


def test_nothing_overrides_less_in_a_late_answer(stage: StageFactory, slow: Slow) -> None:
    here = stage(app=slow.app, cache_control="force no-store")
    browser = here.signed_in()
    here.clock.advance(120)
    slow.headers.append(("Cache-Control", "public, max-age=60"))
    answer = late(slow, browser, lambda: browser.get("/oauth2/logout"))
    assert (answer.header_list("Set-Cookie"), answer.header_list("Cache-Control")) == ([], ["no-store"])


def from_the_provider(here: Stage, _browser: Browser, provider: LocalProvider) -> None:
    assert told(here, provider.make_logout_token(sub="ada-1815")).status == 200


@pytest.mark.parametrize("ends", [logout, somebody_else, from_the_provider])
def test_a_late_answer_does_not_set_the_ticket_of_a_stored_session_that_has_ended(
    stored: Stored, provider: LocalProvider, slow: Slow, ends: Meanwhile
) -> None:
    """With a store the cookie is set again under a newer secret alone; it lets nobody in, but may replace another's."""
    here = stored(app=slow.app)
    browser = here.signed_in()
    here.gate = here.another_gate(cookie_secret=[NEWER, COOKIE_SECRET])
    browser = here.moved(browser, here.gate)
    answer = late(slow, browser, lambda: ends(here, browser, provider))
    assert (answer.status, answer.header_list("Set-Cookie")) == (200, [])


def test_a_late_answer_sets_the_ticket_of_a_stored_session_that_goes_on(stored: Stored, slow: Slow) -> None:
    here = stored(app=slow.app)
    browser = here.moved(here.signed_in(), here.another_gate(cookie_secret=[NEWER, COOKIE_SECRET]))
    new, old = late(slow, browser, lambda: None).header_list("Set-Cookie")
    assert "Max-Age=0" in old
    assert "Max-Age=0" not in new


def test_whoever_signs_out_while_the_provider_is_asked_is_nobody_when_it_answers(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage(userinfo_refresh_interval="10m", http_timeout=LIMIT)
    browser = here.signed_in()
    calls = len(here.app.calls)
    here.clock.advance(601)
    tab = browser.copy()
    with provider.hold("userinfo") as hold, under_way(lambda: tab.fetch("/")) as answers:
        hold.wait_for()
        browser.get("/oauth2/logout")
        hold.release()
    assert (answers[0].status, answers[0].header_list("Set-Cookie"), len(here.app.calls)) == (401, [], calls)


@pytest.mark.parametrize("has_ended", [False, True])
def test_a_step_up_that_waits_for_the_provider_does_not_set_the_cookie_of_an_ended_session(
    stage: StageFactory, provider: LocalProvider, has_ended: bool
) -> None:
    provider.offers, provider.demands_pushed = {"par"}, True
    rule = {"name": "payroll", "path": "/payroll", "allow": "signed-in", "max_age": "10m"}
    here = stage(rules=[rule], http_timeout=LIMIT)
    browser = here.signed_in()
    here.clock.advance(601)
    browser.fetch("/")
    here = renamed(here)
    tab = here.moved(browser, here.gate)
    with provider.hold("par") as hold, under_way(lambda: tab.get("/payroll")) as answers:
        hold.wait_for()
        if has_ended:
            here.moved(browser, here.gate).get("/oauth2/logout")
        hold.release()
    (answer,) = answers
    assert is_login(answer, provider)
    set_again = [each for each in answer.header_list("Set-Cookie") if ".login." not in each and "Max-Age=0" not in each]
    assert bool(set_again) is not has_ended


def renamed(here: Stage) -> Stage:
    """Have a newer secret seal: there is something to be kept of each session then, whatever is asked for."""
    here.gate = here.another_gate(cookie_secret=[NEWER, COOKIE_SECRET])
    return here
