"""A logout beats a refresh that is under way, and no refresh token outlives the session that it was for."""

from __future__ import annotations

import threading
from typing import Any

from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.stage import is_login
from tests.test_refresh import Refreshed, refreshed, refreshes

__all__ = ["refreshed"]


def test_a_logout_during_a_refresh_wins_and_the_new_token_is_revoked(
    refreshed: Refreshed, provider: LocalProvider
) -> None:
    here = refreshed(http_timeout=LIMIT)
    browser = here.signed_in()
    elsewhere = here.moved(browser, here.another_gate())
    here.clock.advance(3590)
    issued, go_on = threading.Event(), threading.Event()

    def on_the_way(tokens: Any) -> Any:
        issued.set()
        assert go_on.wait(LIMIT)
        return tokens

    provider.change_token_response = on_the_way
    found: list[int] = []
    waiting = threading.Thread(target=lambda: found.append(browser.copy().fetch("/").status))
    waiting.start()
    assert issued.wait(LIMIT)
    assert elsewhere.get("/oauth2/logout").status == 200
    go_on.set()
    waiting.join(LIMIT)
    assert found == [401]
    assert is_login(browser.get("/"), provider)
    assert [grant.revoked for grant in provider.refresh_tokens.values()] == [True]


def test_a_logout_revokes_the_newest_token_whoever_has_renewed_it(
    refreshed: Refreshed, provider: LocalProvider
) -> None:
    here = refreshed(session_cache_seconds=4000)
    browser = here.signed_in()
    behind = here.moved(browser, here.another_gate())
    assert behind.fetch("/").status == 200
    here.clock.advance(3545)
    assert (browser.fetch("/").status, refreshes(provider)) == (200, 1)
    (newest,) = provider.refresh_tokens
    behind.get("/oauth2/logout")
    assert [call.form["token"] for call in provider.calls("revoke")] == [newest]
