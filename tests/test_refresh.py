"""Refreshing: once for all processes, before the access token ends, and no spent refresh token is ever shown again.

The provider kills the whole chain of tokens when one that was used comes back (RFC 9700, 4.14).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser import Browser
from tests.conftest import StageFactory
from tests.patience import LIMIT, PATIENT
from tests.providers.clients import OAuthError
from tests.providers.local import LocalProvider
from tests.stage import Stage
from tests.test_stores import in_threads

Refreshed = Callable[..., Stage]


@pytest.fixture
def refreshed(stage: StageFactory, store_url: str) -> Refreshed:
    """Set stages whose sessions have refresh tokens; access tokens last an hour."""
    scopes = "openid profile email offline_access"
    return lambda **settings: stage(
        **{"session_store": store_url, "scopes": scopes, "idle_session_timeout": 0} | settings
    )


def refreshes(provider: LocalProvider) -> int:
    return sum(call.form.get("grant_type") == "refresh_token" for call in provider.calls("token"))


def statuses(browser: Browser, count: int) -> set[object]:
    return set(in_threads(count, lambda _: browser.copy().fetch("/").status))


def name(browser: Browser) -> str:
    return str(browser.fetch("/").json()["identity"]["name"])


# When, and what comes of it


def test_tokens_are_renewed_shortly_before_the_access_token_ends(refreshed: Refreshed, provider: LocalProvider) -> None:
    here = refreshed()
    browser = here.signed_in()
    here.clock.advance(3530)
    assert (browser.fetch("/").status, refreshes(provider)) == (200, 0)
    here.clock.advance(15)
    assert (browser.fetch("/").status, refreshes(provider)) == (200, 1)
    assert (browser.fetch("/").status, refreshes(provider)) == (200, 1)


def test_they_are_renewed_for_as_long_as_the_session_lasts(refreshed: Refreshed, provider: LocalProvider) -> None:
    here = refreshed(max_session_duration="12h")
    browser = here.signed_in()
    gates = [here.gate, here.another_gate()]
    for hour in range(1, 12):
        here.clock.advance(3550)
        assert here.moved(browser, gates[hour % 2]).fetch("/").status == 200
        assert refreshes(provider) == hour
        until_claim_is_over(here)
    here.clock.advance(12 * 3600 - 11 * 3550)
    assert browser.fetch("/").status == 401


def until_claim_is_over(here: Stage) -> None:
    """Have the claim run out: the store's own clock is not the stage's, and real seconds are too slow."""
    gate = here.gate._gate
    store: Any = gate._components.sessions.backend.store
    if hasattr(store, "_client"):
        for each in store._client.scan_iter(match="oidc_gate:claim:*"):
            store._client.delete(each)
    else:
        with store._connection() as connection:
            connection.execute("DELETE FROM claims")


def test_claims_of_the_refreshed_id_token_reach_the_app(refreshed: Refreshed, provider: LocalProvider) -> None:
    here = refreshed()
    browser = here.signed_in()
    provider.people["ada"]["name"] = "Countess of Lovelace"
    here.clock.advance(3590)
    assert name(browser) == "Countess of Lovelace"
    assert name(here.moved(browser, here.another_gate())) == "Countess of Lovelace"
    assert refreshes(provider) == 1


def test_without_a_refreshed_id_token_the_claims_stay(refreshed: Refreshed, provider: LocalProvider) -> None:
    provider.refresh_gives_id_token = False
    here = refreshed()
    browser = here.signed_in()
    here.clock.advance(3590)
    assert name(browser) == "Ada Lovelace"
    assert refreshes(provider) == 1


def test_without_a_refreshed_id_token_the_recheck_still_comes(refreshed: Refreshed, provider: LocalProvider) -> None:
    """Tokens that were renewed say nothing of the person."""
    provider.refresh_gives_id_token = False
    provider.access_token_lifetime = 600
    here = refreshed(userinfo_refresh_interval="11m")
    browser = here.signed_in()
    provider.people["ada"]["name"] = "Countess of Lovelace"
    here.clock.advance(590)
    assert name(browser) == "Ada Lovelace"
    here.clock.advance(75)
    assert name(browser) == "Countess of Lovelace"


def test_no_token_that_is_not_offered_is_asked_for(refreshed: Refreshed, provider: LocalProvider) -> None:
    provider.add_client(may_refresh=False)
    here = refreshed()
    browser = here.signed_in()
    here.clock.advance(7200)
    assert (browser.fetch("/").status, refreshes(provider)) == (200, 0)


def test_a_provider_that_does_not_rotate_is_fine(refreshed: Refreshed, provider: LocalProvider) -> None:
    provider.rotate_refresh_tokens = False
    here = refreshed()
    browser = here.signed_in()
    for _ in range(3):
        here.clock.advance(3590)
        until_claim_is_over(here)
        assert browser.fetch("/").status == 200
    assert refreshes(provider) == 3


def test_whoever_loses_the_right_gets_403_and_the_log_says_so(
    refreshed: Refreshed, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    here = refreshed(allow_groups="engineers")
    browser = here.signed_in()
    provider.people["ada"]["groups"] = []
    here.clock.advance(3590)
    calls = len(here.app.calls)
    with caplog.at_level(logging.WARNING, "oidc_gate"):
        assert browser.fetch("/").status == 403
    assert "no longer allowed, by what the provider says now: subject 'ada-1815'" in caplog.text
    assert here.moved(browser, here.another_gate()).fetch("/").status == 403
    assert len(here.app.calls) == calls


# Once for all


def test_of_200_requests_at_once_one_refreshes_and_all_are_answered(
    refreshed: Refreshed, provider: LocalProvider
) -> None:
    here = refreshed(http_timeout=LIMIT, store_timeout=LIMIT)
    browser = here.signed_in()
    other = here.moved(browser, here.another_gate())
    here.clock.advance(3590)
    visitors = (browser, other)
    found = in_threads(200, lambda number: visitors[number % 2].copy().fetch("/").status)
    assert (set(found), refreshes(provider)) == ({200}, 1)
    until_claim_is_over(here)
    here.clock.advance(3590)
    assert statuses(other, 20) == {200}
    assert refreshes(provider) == 2, "the chain is alive"


def test_while_one_refreshes_the_others_go_on_with_the_old_claims(
    refreshed: Refreshed, provider: LocalProvider
) -> None:
    here = refreshed(http_timeout=LIMIT)
    browser = here.signed_in()
    other = here.moved(browser, here.another_gate())
    provider.people["ada"]["name"] = "Countess of Lovelace"
    here.clock.advance(3590)
    with provider.hold("token") as hold:
        told: list[str] = []
        first = threading.Thread(target=lambda: told.append(name(browser.copy())))
        first.start()
        hold.wait_for(1)
        assert [name(browser.copy()), name(other), name(other)] == ["Ada Lovelace"] * 3
        assert told == [], "the first waits still"
        hold.release()
        first.join(LIMIT)
    assert told == ["Countess of Lovelace"]
    here.clock.advance(1)
    assert (name(browser), name(other), refreshes(provider)) == ("Countess of Lovelace", "Countess of Lovelace", 1)


def test_a_request_with_an_old_view_does_not_overwrite_the_new_tokens(
    refreshed: Refreshed, provider: LocalProvider
) -> None:
    """A process that believes what it loaded a minute ago keeps activity while another has renewed the tokens."""
    here = refreshed(idle_session_timeout="2h", session_cache_seconds=600)
    browser = here.signed_in()
    behind = here.moved(browser, here.another_gate())
    here.clock.advance(3530)
    assert behind.fetch("/").status == 200
    here.clock.advance(15)
    assert (browser.fetch("/").status, refreshes(provider)) == (200, 1)
    here.clock.advance(61)
    assert (behind.fetch("/").status, refreshes(provider)) == (200, 1)
    here.clock.advance(3600)
    until_claim_is_over(here)
    assert (behind.fetch("/").status, refreshes(provider)) == (200, 2)
    assert [visitor.fetch("/").status for visitor in (browser, behind)] == [200, 200]


def test_a_recheck_with_an_old_view_does_not_overwrite_the_new_tokens(
    refreshed: Refreshed, provider: LocalProvider
) -> None:
    here = refreshed(userinfo_refresh_interval="1h", session_cache_seconds=600)
    provider.access_token_lifetime = 3700
    browser = here.signed_in()
    behind = here.moved(browser, here.another_gate())
    here.clock.advance(3550)
    assert behind.fetch("/").status == 200
    with provider.hold("userinfo") as hold:
        here.clock.advance(55)
        rechecking = threading.Thread(target=behind.copy().fetch, args=("/",))
        rechecking.start()
        hold.wait_for(1)
        here.clock.advance(40)
        renewing = threading.Thread(target=browser.copy().fetch, args=("/",))
        renewing.start()
        hold.wait_for(1)  # its refresh is done, and it asks who the person is
        hold.release()
        for each in (rechecking, renewing):
            each.join(LIMIT)
    assert refreshes(provider) == 1
    here.clock.advance(3650)
    until_claim_is_over(here)
    assert (browser.fetch("/").status, refreshes(provider)) == (200, 2)
    assert behind.fetch("/").status == 200


def test_a_session_that_is_ended_while_userinfo_is_asked_stays_ended(
    refreshed: Refreshed, provider: LocalProvider
) -> None:
    here = refreshed(userinfo_refresh_interval="10m")
    browser = here.signed_in()
    here.clock.advance(601)
    asking, answers = browser.copy(), list[int]()
    with provider.hold("userinfo") as hold:
        rechecking = threading.Thread(target=lambda: answers.append(asking.fetch("/").status))
        rechecking.start()
        hold.wait_for(1)
        here.moved(browser, here.another_gate()).navigate("/oauth2/logout")
        hold.release()
        rechecking.join(LIMIT)
    assert answers == [401]


def test_new_tokens_are_kept_when_userinfo_fails_after_the_refresh(
    refreshed: Refreshed, provider: LocalProvider
) -> None:
    """Or the next refresh would show the old one again, and the provider would end everything."""
    here = refreshed(userinfo="always", userinfo_refresh_interval="2h")
    browser = here.signed_in()
    here.clock.advance(3590)
    with provider.fault("userinfo_down"):
        assert (browser.fetch("/").status, refreshes(provider)) == (200, 1)
    here.clock.advance(3590)
    until_claim_is_over(here)
    assert (browser.fetch("/").status, refreshes(provider)) == (200, 2)
    assert browser.fetch("/").status == 200


def test_no_refresh_token_is_spent_before_the_keys_are_here(refreshed: Refreshed, provider: LocalProvider) -> None:
    browser = refreshed().signed_in()
    here = refreshed()
    later = here.moved(browser, here.gate)
    here.clock.now += 3590
    with provider.fault("jwks_down"):
        assert (later.fetch("/").status, refreshes(provider)) == (200, 0)
    until_claim_is_over(here)
    here.clock.advance(31)
    assert (later.fetch("/").status, refreshes(provider)) == (200, 1)


# Short lives


@pytest.mark.parametrize("life", [12, 60])
def test_short_tokens_are_renewed_before_each_ends_whichever_process_is_asked(
    refreshed: Refreshed, provider: LocalProvider, life: int
) -> None:
    """Nobody has to wait for a claim to run out, nor for a turn: both last longer than such a token."""
    provider.access_token_lifetime = life
    here = refreshed(http_timeout="10s")
    browser = here.signed_in()
    visitors = [browser, here.moved(browser, here.another_gate()), here.moved(browser, here.another_gate())]
    for second in range(1, 5 * life):
        here.clock.advance(1)
        assert visitors[second % 3].fetch("/").status == 200
        assert provider.now() < max(ends for _, ends in provider.access_tokens.values()), second
    assert refreshes(provider) == 5


def test_a_process_that_came_too_late_for_one_renewal_does_the_next(
    refreshed: Refreshed, provider: LocalProvider
) -> None:
    provider.access_token_lifetime = 12
    here = refreshed()
    browser = here.signed_in()
    other = here.moved(browser, here.another_gate())
    here.clock.advance(11)
    with provider.hold("token") as hold:
        first = threading.Thread(target=browser.copy().fetch, args=("/",))
        first.start()
        hold.wait_for(1)
        assert other.fetch("/").status == 200, "goes on with what is known"
        hold.release()
        first.join(LIMIT)
    for _ in range(3):
        here.clock.advance(11)
        assert other.fetch("/").status == 200
    assert refreshes(provider) == 4


def test_a_process_that_finds_the_work_done_does_the_next(refreshed: Refreshed, provider: LocalProvider) -> None:
    """It believes what it loaded a while ago, and is the one to ask by that."""
    provider.access_token_lifetime = 12
    here = refreshed(session_cache_seconds=600)
    browser = here.signed_in()
    behind = here.moved(browser, here.another_gate())
    assert behind.fetch("/").status == 200
    here.clock.advance(11)
    assert [each.fetch("/").status for each in (browser, behind)] == [200, 200]
    assert refreshes(provider) == 1
    here.clock.advance(11)
    assert (behind.fetch("/").status, refreshes(provider)) == (200, 2)


# Access tokens that nothing renews


@pytest.mark.parametrize("kept", ["cookie", "store"])
def test_an_access_token_that_has_run_out_is_no_no(
    stage: StageFactory, provider: LocalProvider, store_url: str, kept: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Keycloak's last five minutes. Nothing can be asked with them then, and nobody has said no."""
    provider.access_token_lifetime = 300
    kept_in: dict[str, Any] = {"session_store": store_url} if kept == "store" else {}
    here = stage(userinfo_refresh_interval="2m", idle_session_timeout=0, **kept_in)
    browser = here.signed_in()
    provider.people["ada"]["name"] = "Countess of Lovelace"
    here.clock.advance(121)
    assert name(browser) == "Countess of Lovelace", "as long as the token is good"
    provider.people["ada"]["name"] = "Ada King"
    here.clock.advance(121)
    assert name(browser) == "Ada King"
    provider.people["ada"]["name"] = "Nobody learns this"
    asked = len(provider.calls("userinfo"))
    with caplog.at_level(logging.WARNING, "oidc_gate"):
        for _ in range(12):
            here.clock.advance(3000)
            assert name(browser) == "Ada King"
    assert len(provider.calls("userinfo")) == asked
    assert caplog.text.count("userinfo_refresh_interval cannot be kept") == 1
    assert "offline_access" in caplog.text
    here.clock.advance(43200 - 242 - 36000)
    assert browser.fetch("/").status == 401, "at its own end"


def test_an_access_token_that_was_revoked_is_a_no(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(userinfo_refresh_interval="2m")
    browser = here.signed_in()
    here.clock.advance(121)
    with provider.fault("userinfo_unauthorized"):
        assert browser.fetch("/").status == 401


def test_where_nobody_said_how_long_an_access_token_lasts_a_401_is_a_no(
    stage: StageFactory, provider: LocalProvider
) -> None:
    with provider.fault("strange_expires_in"):
        browser = (here := stage(userinfo_refresh_interval="2h", idle_session_timeout=0)).signed_in()
    here.clock.advance(7201)
    assert browser.fetch("/").status == 401


def test_an_outage_grace_ends_sessions_that_cannot_be_checked_again(
    stage: StageFactory, provider: LocalProvider
) -> None:
    """For those who would rather have people sign in again than go by claims of long ago."""
    provider.access_token_lifetime = 300
    here = stage(userinfo_refresh_interval="6m", provider_outage_grace="10m", idle_session_timeout=0)
    browser = here.signed_in()
    here.clock.advance(959)
    assert browser.fetch("/").status == 200
    here.clock.advance(1)
    assert browser.fetch("/").status == 401


# Access tokens that end sooner than the gate's clock says


def set_back(refreshed: Refreshed, provider: LocalProvider, **settings: Any) -> tuple[Stage, Browser]:
    """Return a stage whose clock was set back by 45 seconds, and someone whose token of a minute is to be shown.

    By the gate's clock it lasts for half a minute more, by the provider's it has ended.
    """
    provider.access_token_lifetime = 60
    here = refreshed(**{"userinfo_refresh_interval": "30s"} | PATIENT | settings)
    browser = here.signed_in()
    provider.clock_offset = 45
    here.clock.advance(31)
    return here, browser


def test_an_access_token_that_ended_by_the_providers_clock_is_renewed(
    refreshed: Refreshed, provider: LocalProvider
) -> None:
    here, browser = set_back(refreshed, provider)
    provider.people["ada"]["name"] = "Countess of Lovelace"
    assert name(browser) == "Countess of Lovelace"
    assert (refreshes(provider), len(provider.calls("userinfo"))) == (1, 3), "at the login, refused, and once more"
    here.clock.advance(14)
    assert (browser.fetch("/").status, refreshes(provider)) == (200, 1)


def test_two_processes_whose_access_token_is_refused_renew_it_once(
    refreshed: Refreshed, provider: LocalProvider
) -> None:
    here, browser = set_back(refreshed, provider)
    elsewhere = here.moved(browser, here.another_gate())
    answers: list[int] = []
    with provider.hold("userinfo") as hold:
        asking = [
            threading.Thread(target=lambda each=each: answers.append(each.fetch("/").status))
            for each in (browser, elsewhere)
        ]
        for thread in asking:
            thread.start()
        hold.wait_for(2)
        hold.release()
        for thread in asking:
            thread.join(LIMIT)
    assert (answers, refreshes(provider)) == ([200, 200], 1)


@pytest.mark.parametrize(("life", "asked"), [(100, 1), (300, 0), (3600, 0)])
def test_a_clear_no_stays_one_though_there_is_a_refresh_token(
    refreshed: Refreshed, provider: LocalProvider, life: int, asked: int
) -> None:
    """Where the token may have ended, the token endpoint is asked, and it says no as well."""
    provider.access_token_lifetime = life
    here = refreshed(userinfo_refresh_interval="1m")
    browser = here.signed_in()
    for grant in provider.refresh_tokens.values():
        grant.revoked = True
    here.clock.advance(61)
    assert browser.fetch("/").status == 401
    assert refreshes(provider) == asked


@pytest.mark.parametrize("kept", ["id_token", "none"])
def test_a_new_access_token_that_is_refused_as_well_ends_the_session(
    refreshed: Refreshed, provider: LocalProvider, kept: str
) -> None:
    """An answer to a refresh need not have an ID token (Core, 12.2)."""
    provider.access_token_lifetime = 100
    here = refreshed(userinfo_refresh_interval="1m")
    browser = here.signed_in()
    if kept == "none":
        provider.change_token_response = without("id_token")
    here.clock.advance(61)
    with provider.fault("userinfo_unauthorized"):
        assert browser.fetch("/").status == 401
    assert refreshes(provider) == 1
    assert browser.fetch("/").status == 401


def test_with_a_new_access_token_userinfo_is_asked_though_no_id_token_came(
    refreshed: Refreshed, provider: LocalProvider
) -> None:
    _, browser = set_back(refreshed, provider)
    provider.change_token_response = without("id_token")
    provider.people["ada"]["name"] = "Countess of Lovelace"
    assert name(browser) == "Countess of Lovelace"
    assert [browser.fetch("/").status for _ in range(5)] == [200] * 5
    assert (refreshes(provider), len(provider.calls("userinfo"))) == (1, 3)


@pytest.mark.parametrize("fault", ["token_invalid_client", "token_unauthorized_client"])
def test_no_yes_of_anybody_ends_the_session(refreshed: Refreshed, provider: LocalProvider, fault: str) -> None:
    provider.access_token_lifetime = 100
    here = refreshed(userinfo_refresh_interval="1m")
    browser = here.signed_in()
    here.clock.advance(61)
    with provider.fault("userinfo_unauthorized"), provider.fault(fault):
        assert browser.fetch("/").status == 401


def test_a_refusal_that_may_pass_ends_nothing_once_the_tokens_were_renewed(
    refreshed: Refreshed, provider: LocalProvider
) -> None:
    _, browser = set_back(refreshed, provider)
    provider.change_userinfo = forbidden  # a firewall's, for tokens that are good
    assert browser.fetch("/").status == 200
    assert refreshes(provider) == 1


def test_what_another_process_is_asking_is_no_outage(refreshed: Refreshed, provider: LocalProvider) -> None:
    here, browser = set_back(refreshed, provider, provider_outage_grace="5s")
    elsewhere = here.moved(browser, here.another_gate())
    here.clock.advance(9)
    answers: list[int] = []
    with provider.hold("token") as hold:
        asking = threading.Thread(target=lambda: answers.append(browser.fetch("/").status))
        asking.start()
        hold.wait_for(1)
        assert elsewhere.fetch("/").status == 200
        hold.release()
        asking.join(LIMIT)
    assert (answers, refreshes(provider)) == ([200], 1)
    assert elsewhere.fetch("/").status == 200


def test_a_token_of_which_nobody_said_how_long_it_lasts_is_renewed_when_it_is_refused(
    refreshed: Refreshed, provider: LocalProvider
) -> None:
    provider.access_token_lifetime = 60
    provider.change_token_response = without("expires_in")
    here = refreshed(userinfo_refresh_interval="5m")
    browser = here.signed_in()
    here.clock.advance(301)
    assert (browser.fetch("/").status, refreshes(provider)) == (200, 1)


def test_a_token_that_another_process_has_replaced_is_not_taken_for_revoked(
    refreshed: Refreshed, provider: LocalProvider
) -> None:
    """The provider no longer accepts the old one, long before its end; this process has loaded it a moment before."""
    here = refreshed(userinfo_refresh_interval="50m", session_cache_seconds=0, **PATIENT)
    browser = here.signed_in()
    elsewhere = here.moved(browser, here.another_gate())
    (old,) = provider.access_tokens
    here.clock.advance(3001)
    answers: list[int] = []
    with provider.hold("userinfo") as hold:
        asking = threading.Thread(target=lambda: answers.append(browser.fetch("/").status))
        asking.start()
        hold.wait_for(1)
        here.clock.advance(540)
        other = threading.Thread(target=lambda: answers.append(elsewhere.fetch("/").status))
        other.start()
        hold.wait_for(1)  # it has renewed the tokens, and asks as well
        provider.access_tokens[old] = (provider.access_tokens[old][0], 0)
        hold.release()
        for thread in (asking, other):
            thread.join(LIMIT)
    assert (answers, refreshes(provider)) == ([200, 200], 1)


def test_while_the_token_endpoint_is_down_a_token_that_may_have_ended_is_shown_seldom(
    refreshed: Refreshed, provider: LocalProvider
) -> None:
    here, browser = set_back(refreshed, provider)
    with provider.fault("token_down"):
        for _ in range(9):
            assert browser.fetch("/").status == 200
            here.clock.advance(1)
    assert len(provider.calls("userinfo")) == 2
    here.clock.advance(2)
    assert (browser.fetch("/").status, refreshes(provider)) == (200, 2)


def without(gone: str) -> Callable[[Any], Any]:
    return lambda tokens: {name: value for name, value in tokens.items() if name != gone}


def forbidden(_: Any) -> Any:
    raise OAuthError("access_denied", status=403)
