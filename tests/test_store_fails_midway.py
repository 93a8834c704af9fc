"""A store that stops answering in the middle of something: a 503 each time, nothing half done, nothing lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oidc_gate.access import Verdict
from oidc_gate.errors import StoreError
from oidc_gate.sessions import backends
from oidc_gate.stores.urls import open_store
from tests.browser import World
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import Stage, subject


class Failing:
    """A real SQLite store, a user's own to the gate; `fails` names the operations that get no answer."""

    def __init__(self, path: Path, *, is_one_server: bool = False) -> None:
        self._store: Any = open_store(f"sqlite:///{path}", 2.0)
        self.is_one_server = is_one_server
        self.fails: set[str] = set()
        #: What another request does while one waits in vain, once, and what came of it.
        self.while_waiting: Callable[[], int] | None = None
        self.others = 0

    def __getattr__(self, name: str) -> Any:
        return self._no_answer if name in self.fails else getattr(self._store, name)

    def _no_answer(self, *_: object) -> None:
        if self.while_waiting is not None:
            self.fails = set()
            self.others = self.while_waiting()
        raise StoreError("store_unavailable", "no answer")


@pytest.fixture
def store(tmp_path: Path) -> Failing:
    return Failing(tmp_path / "sessions.db")


@pytest.fixture
def here(stage: StageFactory, store: Failing) -> Stage:
    made: Stage = stage(session_store=store, session_cache_seconds=0)
    return made


def test_a_logout_that_could_not_be_written_can_be_asked_for_again(here: Stage, store: Failing) -> None:
    browser = here.signed_in()
    other = here.moved(browser, here.another_gate())
    store.fails = {"delete"}
    assert browser.get("/oauth2/logout").status == 503
    assert subject(other.fetch("/")) == "ada-1815"
    store.fails = set()
    assert browser.get("/oauth2/logout").status == 200
    assert other.fetch("/").status == 401


def test_a_logout_token_whose_work_could_not_be_done_may_come_again(
    here: Stage, store: Failing, provider: LocalProvider
) -> None:
    browser = here.signed_in()
    token = provider.make_logout_token(sub="ada-1815", sid=None)
    server = here.browser()

    def told() -> int:
        return server.post("/oauth2/backchannel-logout", form={"logout_token": token}, navigate=False).status

    store.fails = {"delete_named"}
    assert told() == 503
    assert browser.fetch("/").status == 200
    store.fails = set()
    assert told() == 200
    assert browser.fetch("/").status == 401
    assert told() == 400


def test_a_logout_token_in_an_address_is_refused(here: Stage, provider: LocalProvider) -> None:
    token = provider.make_logout_token(sub="ada-1815", sid=None)
    answer = here.browser().post(f"/oauth2/backchannel-logout?logout_token={token}", navigate=False)
    assert (answer.status, answer.json()["error"]) == (400, "parameters_invalid")


def test_a_callback_that_is_tried_again_while_the_store_is_down_waits_for_better_times(
    here: Stage, store: Failing, provider: LocalProvider
) -> None:
    """The code is spent and the session could not be kept; the second try finds neither code nor store."""
    browser = here.signed_in()
    departing = browser.get("/oauth2/login?next=/report")
    callback = browser.follow(departing, until="https://app.test/oauth2/callback").target
    store.fails = {"save", "load"}
    assert browser.get(callback).status == 503
    assert browser.get(callback).status == 503
    store.fails = set()
    assert browser.navigate(callback).status == 200


def test_tokens_that_cannot_be_renewed_for_want_of_the_store_leave_nobody_let_in(
    here: Stage, store: Failing, provider: LocalProvider
) -> None:
    staged = here.another_gate(scopes="openid profile email offline_access")
    browser = here.browser(staged)
    assert browser.navigate("/").status == 200
    here.clock.advance(3570)
    store.fails = {"claim"}
    assert browser.fetch("/").status == 503
    store.fails = set()
    assert browser.fetch("/").status == 200


def test_requests_that_waited_with_one_that_failed_do_not_wait_again(here: Stage, store: Failing) -> None:
    all_sessions = here.gate._gate._sessions
    browser = here.signed_in()
    text = browser.cookies.get(here.session_name) or ""
    asked_at = time.monotonic()  # two requests ask at once, and the first has no answer
    store.fails = {"load"}
    with pytest.raises(StoreError):
        all_sessions.load(text, here.session_name, here.clock())
    store.fails = set()
    with pytest.raises(StoreError, match="at the same time"):
        all_sessions.load(text, here.session_name, here.clock(), asked_at)
    assert (
        all_sessions.load(text, here.session_name, here.clock(), all_sessions.backend.failed_at + 1)
        is not None
    )


@pytest.mark.parametrize(("is_one_server", "soon", "others"), [(True, 0.0, 503), (True, 600.0, 200), (False, 0.0, 200)])
def test_one_at_a_time_tries_whether_a_silent_store_answers_again(
    stage: StageFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_one_server: bool, soon: float, others: int
) -> None:
    """Else each request in the queue of a server's threads waits anew. With several servers another may well answer."""
    monkeypatch.setattr(backends, "_SOON", soon)
    store = Failing(tmp_path / "sessions.db", is_one_server=is_one_server)
    here = stage(session_store=store, session_cache_seconds=0)
    browser, other = here.signed_in(), here.signed_in()
    store.fails = {"load"}
    assert browser.fetch("/").status == 503
    store.while_waiting = lambda: other.fetch("/").status
    assert (browser.fetch("/").status, store.others) == (503, others)
    store.fails, store.while_waiting = set(), None
    assert [each.fetch("/").status for each in (browser, other, browser)] == [200, 200, 200]  # at once


def test_one_connection_that_is_broken_holds_up_nobody_else(
    stage: StageFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others have had their answers while one waited in vain: the store answers."""
    monkeypatch.setattr(backends, "_SOON", 0.0)
    store = Failing(tmp_path / "sessions.db", is_one_server=True)
    here = stage(session_store=store, session_cache_seconds=0)
    browser, other = here.signed_in(), here.signed_in()
    store.fails, store.while_waiting = {"load"}, lambda: other.fetch("/").status
    assert (browser.fetch("/").status, store.others) == (503, 200)
    store.fails, store.others = {"load"}, 0
    assert (browser.fetch("/").status, store.others) == (503, 200)  # nobody is trying: the other asks as ever


def test_who_comes_while_one_tries_waits_a_little_for_it(
    stage: StageFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "_SOON", 0.0)
    monkeypatch.setattr(backends, "_PATIENCE", 600.0)
    store = Failing(tmp_path / "sessions.db", is_one_server=True)
    here = stage(session_store=store, session_cache_seconds=0)
    browser, other = here.signed_in(), here.signed_in()
    store.fails = {"load"}
    assert browser.fetch("/").status == 503
    backend, store.fails = here.gate._gate._sessions.backend, set()
    backend._tried_until = time.monotonic() + 600.0  # somebody tries
    answered = lambda _: setattr(backend, "_tried_until", 0.0)  # noqa: E731
    monkeypatch.setattr("oidc_gate.sessions.backends.time.sleep", answered)
    assert other.fetch("/").status == 200


def test_of_two_threads_that_renew_a_session_one_is_enough(here: Stage, world: World) -> None:
    browser = here.signed_in()
    gate = here.gate._gate
    text = browser.cookies.get(here.session_name) or ""
    opened = gate._sessions.load(text, here.session_name, here.clock())
    verdict = Verdict("pass", "door")
    assert gate._renew(None, text, opened, verdict, here.clock()) is opened.forward


class Contested(Failing):
    """Lets everybody refresh, and has a session ended by others just before it is written again, if told to."""

    ends = False

    def claim(self, *_: object) -> bool:
        return True

    def replace(self, key: str, *given: Any) -> Any:
        if self.ends:
            self._store.delete(key)
        return self._store.replace(key, *given)


REFRESHED = {"scopes": "openid profile email offline_access", "session_cache_seconds": 100_000}


def test_tokens_that_another_process_has_renewed_are_not_renewed_again(
    stage: StageFactory, tmp_path: Path, provider: LocalProvider
) -> None:
    here = stage(session_store=Contested(tmp_path / "sessions.db"), **REFRESHED)
    browser = here.signed_in()
    other = here.moved(browser, here.another_gate())
    assert subject(other.fetch("/")) == "ada-1815"
    here.clock.advance(3570)
    assert subject(browser.fetch("/")) == "ada-1815"
    calls = len(provider.calls("token"))
    assert subject(other.fetch("/")) == "ada-1815"
    assert len(provider.calls("token")) == calls


def test_a_session_that_ends_while_its_tokens_are_renewed_stays_ended(
    stage: StageFactory, tmp_path: Path, provider: LocalProvider
) -> None:
    store = Contested(tmp_path / "sessions.db")
    here = stage(session_store=store, **REFRESHED)
    browser = here.signed_in()
    here.clock.advance(3570)
    store.ends = True
    assert browser.fetch("/").status == 401
    assert len(provider.calls("revoke")) == 1


def test_a_session_that_is_gone_is_not_asked_about(
    stage: StageFactory, tmp_path: Path, provider: LocalProvider
) -> None:
    here = stage(session_store=f"sqlite:///{tmp_path}/s.db", userinfo_refresh_interval="5m", session_cache_seconds=1000)
    browser = here.signed_in()
    other = here.moved(browser, here.another_gate())
    assert subject(other.fetch("/")) == "ada-1815"
    browser.get("/oauth2/logout")
    here.clock.advance(301)
    calls = len(provider.calls("userinfo"))
    assert other.fetch("/").status == 401
    assert len(provider.calls("userinfo")) == calls


def test_a_refresh_token_of_a_session_that_ended_meanwhile_is_given_up_even_if_the_provider_is_down(
    here: Stage, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    upkeep = here.gate._gate._rechecking[""]
    provider.stop()
    try:
        upkeep._revoke("a-token")
    finally:
        provider.start()
    assert "could not be revoked" in caplog.text
    assert "a-token" not in caplog.text
