"""What the provider may answer to a refresh: a clear no ends the session, an outage does not, a lie is not believed.

Tests named `test_oidcc_client_…` are modules of the OpenID Foundation's conformance suite for relying parties.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.redis_servers import until
from tests.stage import Stage, is_login
from tests.test_refresh import Refreshed, name, refreshed, refreshes, until_claim_is_over

__all__ = ["refreshed"]


@pytest.fixture
def here(refreshed: Refreshed) -> Stage:
    return refreshed()


# The provider's clear no


def test_oidcc_client_test_refreshtoken(here: Stage, provider: LocalProvider) -> None:
    browser = here.signed_in()
    here.clock.advance(3590)
    assert (browser.fetch("/").status, refreshes(provider)) == (200, 1)
    (call,) = [call for call in provider.calls("token") if call.form["grant_type"] == "refresh_token"]
    assert set(call.form) == {"grant_type", "refresh_token"}
    assert call.headers["authorization"].startswith("Basic ")


def test_oidcc_client_test_refreshtoken_invalid_issuer(here: Stage, provider: LocalProvider) -> None:
    browser = here.signed_in()
    here.clock.advance(3590)
    with provider.fault("wrong_issuer"):
        assert browser.fetch("/").status == 401
    assert is_login(browser.get("/"), provider)


def test_oidcc_client_test_refreshtoken_invalid_sub(here: Stage, provider: LocalProvider) -> None:
    browser = here.signed_in()
    here.clock.advance(3590)
    calls = len(here.app.calls)
    with provider.fault("number_as_subject", sub="grace-1906"):
        assert browser.fetch("/").status == 401
    assert is_login(browser.get("/"), provider)
    assert len(here.app.calls) == calls


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("wrong_audience", {}),
        ("expired", {}),
        ("wrong_nonce", {}),
        ("no_iat", {}),
        ("no_iat", {"iat": 1, "auth_time": 1}),
        ("wrong_at_hash", {}),
        ("bad_signature", {}),
        ("stranger_key", {}),
        ("alg_none", {}),
        ("hs256_with_secret", {}),
        ("no_jwt", {}),
        ("wrong_azp", {}),
    ],
)
def test_a_refreshed_id_token_is_verified_like_the_first(
    here: Stage, provider: LocalProvider, fault: str, said: dict[str, Any]
) -> None:
    """What is not believed cannot be asked for again either, for the refresh token is spent: the session ends."""
    browser = here.signed_in()
    here.clock.advance(3590)
    with provider.fault(fault, **said):
        assert browser.fetch("/").status == 401
    assert here.moved(browser, here.another_gate()).fetch("/").status == 401


def test_the_nonce_of_the_login_is_known_whatever_is_kept(refreshed: Refreshed, provider: LocalProvider) -> None:
    here = refreshed(session_claims=["email"])
    browser = here.signed_in()
    here.clock.advance(3590)
    assert browser.fetch("/").status == 200
    here.clock.advance(3590)
    with provider.fault("wrong_nonce"):
        assert browser.fetch("/").status == 401


def test_the_login_is_held_against_every_later_id_token(here: Stage, provider: LocalProvider) -> None:
    """Also when one between left out when it was; and `sid` is kept, which a logout of the provider's names."""
    browser = here.signed_in()
    sid = browser.fetch("/").json()["identity"]["claims"]["sid"]
    here.clock.advance(3590)
    with provider.fault("no_iat", iat=int(here.clock()), auth_time=..., sid=...):
        claims = browser.fetch("/").json()["identity"]["claims"]
    assert (claims["sid"], "auth_time" in claims) == (sid, True)
    until_claim_is_over(here)
    here.clock.advance(3590)
    with provider.fault("no_iat", iat=int(here.clock()), auth_time=claims["auth_time"] - 1):
        assert browser.fetch("/").status == 401


def test_a_later_auth_time_is_a_login_elsewhere_and_ends_nothing(here: Stage, provider: LocalProvider) -> None:
    """django-oauth-toolkit tells the person's last login anywhere, Keycloak that of another client with prompt=login.

    It is not this session's: what asks how long ago somebody has signed in here goes by the login itself.
    """
    browser = here.signed_in()
    login = browser.fetch("/").json()["identity"]["claims"]["auth_time"]
    provider.people["ada"]["name"] = "Countess of Lovelace"
    for later in (600, 1200, 900):
        here.clock.advance(3590)
        with provider.fault("no_iat", iat=int(here.clock()), auth_time=login + later):
            assert name(browser) == "Countess of Lovelace"
        assert browser.fetch("/").json()["identity"]["claims"]["auth_time"] == login
    assert refreshes(provider) == 3


@pytest.mark.parametrize("auth_time", ["yesterday", -1, True, None])
def test_an_auth_time_that_is_none_is_not_the_logins(here: Stage, provider: LocalProvider, auth_time: Any) -> None:
    browser = here.signed_in()
    here.clock.advance(3590)
    with provider.fault("no_iat", iat=int(here.clock()), auth_time=auth_time):
        assert browser.fetch("/").status == 401


@pytest.mark.parametrize("error", ["interaction_required", "login_required", "consent_required"])
def test_who_has_to_sign_in_again_is_sent_to(
    here: Stage, provider: LocalProvider, error: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A rule at the provider asks for more than there was at the login, such as a second factor."""
    browser = here.signed_in()
    elsewhere = here.moved(browser, here.another_gate())
    here.clock.advance(3590)
    provider.answer["token"] = (400, {}, {"error": error, "error_description": "AADSTS50076"})
    with caplog.at_level(logging.WARNING, "oidc_gate"):
        assert browser.fetch("/").status == 401
    assert f"the person has to sign in again: {error}" in caplog.text
    assert is_login(browser.get("/"), provider)
    here.clock.advance(1)
    assert elsewhere.fetch("/").status == 401


def test_invalid_grant_ends_the_session_everywhere_and_the_log_says_why(
    here: Stage, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    browser = here.signed_in()
    elsewhere = here.moved(browser, here.another_gate())
    here.clock.advance(3590)
    provider.deactivate("ada-1815")
    with caplog.at_level(logging.WARNING, "oidc_gate"):
        assert browser.fetch("/").status == 401
    assert "a session is ended, for the provider says no: subject 'ada-1815'" in caplog.text
    here.clock.advance(1)
    assert elsewhere.fetch("/").status == 401
    assert refreshes(provider) == 1


def test_a_browser_whose_session_the_provider_ended_is_sent_to_sign_in(here: Stage, provider: LocalProvider) -> None:
    browser = here.signed_in()
    here.clock.advance(3590)
    with provider.fault("token_invalid_grant"):
        assert is_login(browser.get("/"), provider)


# No answer, or none that says anything of the session

OUTAGES = (
    "token_down",
    "token_server_error",
    "token_too_many",
    "token_html",
    "token_forbidden",
    "token_redirect",
    "token_invalid_client",
    "token_unauthorized_client",
    "token_response_is_a_list",
    "wrong_token_type",
)


@pytest.mark.parametrize("fault", OUTAGES)
def test_what_is_no_clear_no_ends_nothing_and_is_tried_again_later(
    here: Stage, provider: LocalProvider, fault: str
) -> None:
    provider.rotate_refresh_tokens = False
    browser = here.signed_in()
    provider.people["ada"]["name"] = "Countess of Lovelace"
    here.clock.advance(3590)
    with provider.fault(fault):
        assert [name(browser) for _ in range(5)] == ["Ada Lovelace"] * 5
        assert refreshes(provider) == 1
        here.clock.advance(31)
        until_claim_is_over(here)
        assert [name(browser) for _ in range(5)] == ["Ada Lovelace"] * 5
        assert refreshes(provider) == 2
    here.clock.advance(31)
    until_claim_is_over(here)
    assert name(browser) == "Countess of Lovelace"


def test_a_provider_that_is_gone_ends_nothing_until_the_session_does(
    refreshed: Refreshed,
    provider: LocalProvider,
) -> None:
    here = refreshed(max_session_duration="3h", http_timeout="1s")
    browser = here.signed_in()
    provider.stop()
    for _ in range(5):
        here.clock.advance(2000)
        until_claim_is_over(here)
        assert browser.fetch("/").status == 200
    here.clock.advance(801)
    assert browser.fetch("/").status == 401
    provider.start()
    assert browser.navigate("/").status == 200


def test_a_slow_provider_slows_one_request_and_no_other(
    refreshed: Refreshed,
    provider: LocalProvider,
) -> None:
    here = refreshed(http_timeout="2s")
    browser = here.signed_in()
    here.clock.advance(3590)
    with provider.hold("token"):
        assert browser.fetch("/").status == 200, "waited, and went on with what is known"
        assert [browser.copy().fetch("/").status for _ in range(10)] == [200] * 10
        assert refreshes(provider) == 1


def test_an_access_token_that_ended_while_it_could_not_be_renewed_is_no_clear_no(
    refreshed: Refreshed, provider: LocalProvider
) -> None:
    """Userinfo answers 401 to it, and that says nothing of the session: the token endpoint is down."""
    here = refreshed(userinfo_refresh_interval="15m")
    browser = here.signed_in()
    with provider.fault("token_down"):
        for _ in range(8):
            here.clock.advance(901)
            until_claim_is_over(here)
            assert browser.fetch("/").status == 200
    here.clock.advance(301)
    until_claim_is_over(here)
    provider.people["ada"]["name"] = "Countess of Lovelace"
    assert name(browser) == "Countess of Lovelace"


# AskingBackend who the person is, in a store and in the cookie


@pytest.fixture(params=["cookie", "sqlite", "redis"])
def rechecked(request: pytest.FixtureRequest, stage: StageFactory, tmp_path: Path) -> Stage:
    given: dict[str, Any] = {"userinfo_refresh_interval": "15m", "allow_groups": "engineers", "idle_session_timeout": 0}
    if request.param == "sqlite":
        given["session_store"] = f"sqlite:///{tmp_path}/sessions.db"
    elif request.param == "redis":
        given["session_store"] = request.getfixturevalue("redis_server").url
    return stage(**given)


def test_a_lost_group_is_403_at_the_next_check_and_a_regained_one_is_not(
    rechecked: Stage, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    browser = rechecked.signed_in()
    provider.people["ada"]["groups"] = ["guests"]
    rechecked.clock.advance(899)
    assert browser.fetch("/").status == 200
    rechecked.clock.advance(2)
    with caplog.at_level(logging.WARNING, "oidc_gate"):
        assert browser.fetch("/").status == 403
    assert "no longer allowed, by what the provider says now: subject 'ada-1815'" in caplog.text
    provider.people["ada"]["groups"] = ["engineers"]
    rechecked.clock.advance(901)
    assert browser.fetch("/").status == 200


@pytest.mark.parametrize("fault", ["userinfo_unauthorized", "userinfo_wrong_subject"])
def test_userinfos_clear_no_ends_the_session(rechecked: Stage, provider: LocalProvider, fault: str) -> None:
    browser = rechecked.signed_in()
    rechecked.clock.advance(901)
    with provider.fault(fault):
        assert browser.fetch("/").status == 401
    assert browser.fetch("/").status == 401


@pytest.mark.parametrize("fault", ["userinfo_down", "userinfo_html"])
def test_userinfo_that_is_down_ends_nothing_and_is_asked_again_later(
    rechecked: Stage, provider: LocalProvider, fault: str
) -> None:
    browser = rechecked.signed_in()
    rechecked.clock.advance(901)
    before = len(provider.calls("userinfo"))
    with provider.fault(fault):
        assert [browser.fetch("/").status for _ in range(5)] == [200] * 5
        assert len(provider.calls("userinfo")) == before + 1
    provider.people["ada"]["groups"] = []
    rechecked.clock.advance(31)
    assert browser.fetch("/").status == 403


def test_of_two_processes_the_second_takes_what_the_first_was_told(
    stage: StageFactory, provider: LocalProvider, store_url: str
) -> None:
    here = stage(session_store=store_url, userinfo_refresh_interval="15m", session_cache_seconds=600)
    browser = here.signed_in()
    elsewhere = here.moved(browser, here.another_gate())
    here.clock.advance(880)
    assert elsewhere.fetch("/").status == 200
    provider.people["ada"]["name"] = "Countess of Lovelace"
    here.clock.advance(21)
    before = len(provider.calls("userinfo"))
    assert [name(browser), name(elsewhere)] == ["Countess of Lovelace"] * 2
    assert len(provider.calls("userinfo")) == before + 1


def test_tokens_that_cannot_be_renewed_yet_still_tell_who_the_person_is(
    refreshed: Refreshed, provider: LocalProvider
) -> None:
    """Both are due, and the token endpoint is down: the access token is good for a minute yet, and is used for that."""
    here = refreshed(userinfo_refresh_interval="59m", userinfo="always")
    browser = here.signed_in()
    provider.people["ada"]["name"] = "Countess of Lovelace"
    here.clock.advance(3545)
    with provider.fault("token_down"):
        assert name(browser) == "Countess of Lovelace"
        calls = refreshes(provider)
        assert [browser.fetch("/").status for _ in range(5)] == [200] * 5
        assert refreshes(provider) == calls, "not asked again on each request"
    here.clock.advance(11)
    assert name(browser) == "Countess of Lovelace"
    assert refreshes(provider) == calls + 1


def test_a_claim_that_has_run_out_is_not_given_back_for_it_is_somebody_elses(
    here: Stage, provider: LocalProvider
) -> None:
    browser = here.signed_in()
    session_id = browser.fetch("/").json()["identity"]["session_id"]
    other = here.another_gate()._gate._sessions.backend
    here.gate._gate._rechecking[""]._claim = 0.001
    here.clock.advance(3590)
    with provider.fault("token_down"), provider.hold("token") as hold, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(browser.fetch, "/")
        hold.wait_for(1)
        until(lambda: other.claim(f"refresh {session_id}", 60))
        hold.release()
        assert answer.result().status == 200
    assert not other.claim(f"refresh {session_id}", 60), "it is still the other's"
