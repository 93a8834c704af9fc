"""Limits that an operator lowers hold for the sessions in being: in cookies, with a deny-list, and in stores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import Stage, is_login, subject


@pytest.fixture(params=["cookie", "deny_list", "store"])
def here(request: pytest.FixtureRequest, stage: StageFactory, tmp_path: Path) -> Stage:
    url = f"sqlite:///{tmp_path}/kept.db"
    kept: dict[str, Any] = {"cookie": {}, "deny_list": {"cookie_deny_list": url}, "store": {"session_store": url}}
    return stage(max_session_duration=0, idle_session_timeout=0, **kept[request.param])


def test_a_shorter_longest_life_counts_for_sessions_made_under_a_longer_one(
    here: Stage, provider: LocalProvider
) -> None:
    browser = here.signed_in()
    later = here.moved(browser, here.another_gate(max_session_duration="1h"))
    here.clock.advance(3599)
    page = later.fetch("/")
    assert subject(page) == "ada-1815"
    assert page.json()["identity"]["expires_at"] == here.clock() + 1
    assert later.fetch("/oauth2/userinfo").json()["expires_at"] == here.clock() + 1
    here.clock.advance(1)
    assert later.fetch("/").status == 401
    assert is_login(later.get("/"), provider)
    far_away = here.moved(browser, here.another_gate(max_session_duration="1h"))
    here.clock.advance(400 * 86400)
    assert far_away.fetch("/").status == 401, "nor at a process that has never seen it"


def test_a_longer_one_is_for_those_who_sign_in_then(stage: StageFactory) -> None:
    here = stage(max_session_duration="1h", idle_session_timeout=0)
    browser = here.signed_in()
    later = here.moved(browser, here.another_gate(max_session_duration="12h"))
    here.clock.advance(3599)
    assert later.fetch("/").status == 200
    here.clock.advance(1)
    assert later.fetch("/").status == 401


def test_a_shorter_idle_time_counts_too(here: Stage) -> None:
    browser = here.signed_in()
    later = here.moved(browser, here.another_gate(idle_session_timeout="10m"))
    here.clock.advance(601)
    assert later.fetch("/").status == 401
