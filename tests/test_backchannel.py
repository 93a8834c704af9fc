"""Logout from the provider: by its server (Back-Channel Logout 1.0), by a frame in its page (Front-Channel Logout 1.0).

Tests named `test_oidcc_client_…` are modules of the OpenID Foundation's conformance suite for relying parties.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from oidc_gate.stores.sqlite import SQLiteStore
from tests.answers import Answer
from tests.browser import Browser
from tests.conftest import StageFactory
from tests.providers import keys
from tests.providers.local import LocalProvider
from tests.providers.tokens import LOGOUT_EVENT
from tests.redis_servers import RedisServers
from tests.stage import Stage, is_login
from tests.test_stored_sessions import Stored, records, stored
from tests.test_stores import in_threads

__all__ = ["stored"]

PATH = "/oauth2/backchannel-logout"


@pytest.fixture
def here(stored: Stored) -> Stage:
    return stored(session_cache_seconds=5)


def sid(browser: Browser) -> str:
    return str(browser.fetch("/").json()["identity"]["claims"]["sid"])


def told(here: Stage, token: str | None, gate: Any = None) -> Answer:
    """Have the provider's server tell a gate; it sends no cookie, and follows nothing."""
    form = {} if token is None else {"logout_token": token}
    own = {"Host": "app.test", "Content-Type": "application/x-www-form-urlencoded", "Accept": "*/*"}
    server = here.browser(gate)
    return server.post(PATH, form=form, headers=own, navigate=False)


def is_refused(answer: Answer, code: str = "") -> bool:
    error = answer.json()["error"]
    return answer.status == 400 and "no-store" in answer.header("Cache-Control") and (not code or error == code)


# Back-channel: who is signed out


def test_oidcc_client_test_backchannel_rp_initiated_logout(here: Stage, provider: LocalProvider) -> None:
    """A logout that began here comes back as a token from the provider: there is nothing left, and that is fine."""
    browser = here.signed_in()
    known = sid(browser)
    browser.get("/oauth2/logout")
    answer = told(here, provider.make_logout_token(sub="ada-1815", sid=known))
    assert (answer.status, answer.header("Cache-Control")) == (200, "no-store")


def test_oidcc_client_test_backchannel_op_initiated_logout(here: Stage, provider: LocalProvider) -> None:
    browser = here.signed_in()
    assert told(here, provider.make_logout_token(sid=sid(browser))).status == 200
    assert browser.fetch("/").status == 401
    assert is_login(browser.get("/"), provider)
    assert records(here) == []


def test_a_token_with_a_sub_ends_all_sessions_of_that_person_and_nobody_elses(
    here: Stage, provider: LocalProvider
) -> None:
    laptop, phone = here.signed_in(), here.signed_in()
    provider.user = provider.people["grace"]
    grace = here.signed_in()
    assert told(here, provider.make_logout_token(sub="ada-1815")).status == 200
    assert [each.fetch("/").status for each in (laptop, phone, grace)] == [401, 401, 200]


def test_a_token_with_both_ends_that_session_only(here: Stage, provider: LocalProvider) -> None:
    laptop, phone = here.signed_in(), here.signed_in()
    assert told(here, provider.make_logout_token(sub="ada-1815", sid=sid(laptop))).status == 200
    assert [each.fetch("/").status for each in (laptop, phone)] == [401, 200]


def test_a_session_that_nobody_knows_is_no_error(here: Stage, provider: LocalProvider) -> None:
    browser = here.signed_in()
    assert told(here, provider.make_logout_token(sid="never heard of")).status == 200
    assert told(here, provider.make_logout_token(sub="nobody")).status == 200
    assert browser.fetch("/").status == 200


def test_the_name_of_a_person_is_not_that_of_a_session(here: Stage, provider: LocalProvider) -> None:
    browser = here.signed_in()
    assert told(here, provider.make_logout_token(sid="ada-1815")).status == 200
    assert told(here, provider.make_logout_token(sub=sid(browser))).status == 200
    assert browser.fetch("/").status == 200


def test_a_session_that_was_renewed_and_refreshed_is_still_found(stored: Stored, provider: LocalProvider) -> None:
    here = stored(scopes="openid offline_access", idle_session_timeout="2h")
    browser = here.signed_in()
    known = sid(browser)
    here.clock.advance(3590)
    assert browser.fetch("/").status == 200
    assert told(here, provider.make_logout_token(sid=known)).status == 200
    assert browser.fetch("/").status == 401


def test_it_ends_on_every_worker_within_the_bound(here: Stage, provider: LocalProvider) -> None:
    browser = here.signed_in()
    workers = [here.moved(browser, here.another_gate()) for _ in range(3)]
    assert [worker.fetch("/").status for worker in workers] == [200] * 3
    assert told(here, provider.make_logout_token(sid=sid(browser)), workers[0].driver.app).status == 200
    assert workers[0].fetch("/").status == 401, "at once where it came in"
    here.clock.advance(5)
    assert [worker.fetch("/").status for worker in workers] == [401] * 3


def test_who_signs_in_again_afterwards_is_signed_in(here: Stage, provider: LocalProvider) -> None:
    browser = here.signed_in()
    assert told(here, provider.make_logout_token(sub="ada-1815")).status == 200
    assert browser.navigate("/").status == 200
    assert browser.fetch("/").status == 200


# Back-channel: what is no logout token


def test_a_token_that_comes_again_is_refused_by_every_worker(here: Stage, provider: LocalProvider) -> None:
    token = provider.make_logout_token(sub="ada-1815")
    assert told(here, token).status == 200
    browser = here.signed_in()
    assert is_refused(told(here, token), "logout_token_repeated")
    assert is_refused(told(here, token, here.another_gate()), "logout_token_repeated")
    assert browser.fetch("/").status == 200


def test_of_many_that_come_at_once_one_is_taken(here: Stage, provider: LocalProvider) -> None:
    token = provider.make_logout_token(sub="ada-1815")
    found = in_threads(10, lambda _: told(here, token).status)
    assert sorted(found, key=str) == [200] + [400] * 9


def refused(here: Stage, token: str | None, code: str = "") -> None:
    browser = here.signed_in()
    assert is_refused(told(here, token), code)
    assert browser.fetch("/").status == 200


def test_oidcc_client_test_backchannel_logout_alg_none(here: Stage, provider: LocalProvider) -> None:
    refused(here, provider.make_logout_token(sub="ada-1815", header={"alg": "none"}), "token_malformed")


def test_oidcc_client_test_backchannel_logout_no_event(here: Stage, provider: LocalProvider) -> None:
    refused(here, provider.make_logout_token(sub="ada-1815", events=None), "logout_event_missing")


def test_oidcc_client_test_backchannel_logout_with_nonce(here: Stage, provider: LocalProvider) -> None:
    refused(here, provider.make_logout_token(sub="ada-1815", nonce="n"), "logout_nonce_present")


def test_oidcc_client_test_backchannel_logout_wrong_alg(here: Stage, provider: LocalProvider) -> None:
    """As the official module does it: a good key of the provider's, of another kind than signs ID tokens."""
    refused(here, logout_token(provider, "ES256"), "alg_not_allowed")
    refused(here, logout_token(provider, "PS256"), "alg_not_allowed")


def test_a_logout_token_that_the_client_secret_signs_ends_nothing(here: Stage, provider: LocalProvider) -> None:
    claims = keys.unverified_claims(provider.make_logout_token(sub="ada-1815"))
    secret = keys.hmac_key(str(provider.clients["app"].secret))
    refused(here, keys.sign(claims, {"alg": "HS256", "typ": "logout+jwt"}, secret), "alg_not_allowed")


def logout_token(provider: LocalProvider, alg: str, **claims: Any) -> str:
    kid = f"{keys.FAMILIES[alg]}-1"
    return provider.make_logout_token(**({"sub": "ada-1815"} | claims), header={"alg": alg, "kid": kid})


@pytest.mark.parametrize("alg", ["RS256", "ES256", "PS256", "EdDSA"])
def test_the_algorithm_of_id_tokens_is_that_of_logout_tokens_in_every_process(
    stored: Stored, provider: LocalProvider, alg: str
) -> None:
    """Discovery lists several; which of them is this client's, a process that has seen no login learns from others."""
    provider.alg = alg
    here = stored()
    with provider.fault("no_at_hash"):
        browser, phone = here.signed_in(), here.signed_in()
    other = next(each for each in ("RS256", "ES256") if each != alg)
    restarted = here.another_gate()
    assert is_refused(told(here, logout_token(provider, other), restarted), "alg_not_allowed")
    assert [each.fetch("/").status for each in (browser, phone)] == [200, 200]
    assert told(here, logout_token(provider, alg, sub=None, sid=sid(browser)), restarted).status == 200
    assert told(here, logout_token(provider, alg, sub=None, sid=sid(phone)), here.gate).status == 200
    here.clock.advance(1)
    assert [each.fetch("/").status for each in (browser, phone)] == [401, 401]


def test_ed25519_is_one_algorithm_by_either_name(stored: Stored, provider: LocalProvider) -> None:
    provider.alg = "EdDSA"
    provider.change_discovery = lambda document: (
        document | {"id_token_signing_alg_values_supported": ["RS256", "EdDSA", "Ed25519"]}
    )
    here = stored()
    with provider.fault("no_at_hash"):
        browser = here.signed_in()
    assert told(here, logout_token(provider, "Ed25519")).status == 200
    assert browser.fetch("/").status == 401


def test_where_nobody_has_signed_in_yet_a_good_token_is_good(stored: Stored, provider: LocalProvider) -> None:
    here = stored()
    assert told(here, logout_token(provider, "ES256")).status == 200
    here.signed_in()
    assert is_refused(told(here, logout_token(provider, "ES256")), "alg_not_allowed")


def test_a_store_of_ones_own_that_cannot_look_at_claims_has_each_process_know_by_itself(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path
) -> None:
    class Own:
        def __init__(self) -> None:
            self._store = SQLiteStore(str(tmp_path / "own.db"), 2.0)

        def __getattr__(self, name: str) -> Any:
            if name in ("is_claimed", "load_on_loop"):
                raise AttributeError(name)
            return getattr(self._store, name)

    here = stage(session_store=Own())
    browser = here.signed_in()
    assert is_refused(told(here, logout_token(provider, "ES256")), "alg_not_allowed")
    assert told(here, logout_token(provider, "RS256")).status == 200
    assert browser.fetch("/").status == 401


def test_what_signing_algs_lists_is_good_for_logout_tokens_too(stored: Stored, provider: LocalProvider) -> None:
    """For a provider that signs the one with this and the other with that."""
    here = stored(signing_algs="RS256 ES256")
    browser = here.signed_in()
    assert told(here, logout_token(provider, "ES256")).status == 200
    assert browser.fetch("/").status == 401


def test_a_client_that_was_registered_anew_is_signed_out_by_its_new_algorithm(
    stored: Stored, provider: LocalProvider
) -> None:
    """It shows in the next ID token, that of a refresh too."""
    here = stored(scopes="openid offline_access", idle_session_timeout=0)
    browser = here.signed_in()
    known = sid(browser)
    provider.alg = "ES256"
    assert is_refused(told(here, logout_token(provider, "ES256", sub=None, sid=known)), "alg_not_allowed")
    here.clock.advance(3590)
    assert browser.fetch("/").status == 200
    assert told(here, logout_token(provider, "ES256", sub=None, sid=known), here.another_gate()).status == 200
    here.clock.advance(1)
    assert browser.fetch("/").status == 401


def test_oidcc_client_test_backchannel_logout_wrong_aud(here: Stage, provider: LocalProvider) -> None:
    refused(here, provider.make_logout_token(sub="ada-1815", aud="other"), "audience_mismatch")


def test_oidcc_client_test_backchannel_logout_wrong_event(here: Stage, provider: LocalProvider) -> None:
    events: dict[str, Any] = {LOGOUT_EVENT.replace("backchannel", "frontchannel"): {}}
    refused(here, provider.make_logout_token(sub="ada-1815", events=events), "logout_event_missing")


def test_oidcc_client_test_backchannel_logout_wrong_issuer(here: Stage, provider: LocalProvider) -> None:
    refused(here, provider.make_logout_token(sub="ada-1815", iss="https://evil.example"), "issuer_mismatch")


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({}, "logout_subject_missing"),
        ({"sub": "ada-1815", "sid": 7}, "logout_subject_missing"),
        ({"sub": "ada-1815", "jti": None}, "logout_jti_missing"),
        ({"sub": "ada-1815", "exp": 1}, "token_expired"),
        ({"sub": "ada-1815", "exp": "soon"}, "exp_invalid"),
        ({"sub": "ada-1815", "exp": None, "iat": None}, "iat_invalid"),
        ({"sub": "ada-1815", "exp": 90_000_000_000}, "logout_token_long_lived"),
        ({"sub": "ada-1815", "exp": 90_000_000_000, "iat": 0}, "logout_token_long_lived"),
        ({"sub": "ada-1815", "exp": 1_900_000_060, "iat": 1_900_000_060 - 3601}, "logout_token_long_lived"),
        ({"sub": "ada-1815", "header": {"typ": "at+jwt"}}, "token_type_wrong"),
        ({"sub": "ada-1815", "header": {"kid": "unknown"}}, "signature_invalid"),
    ],
)
def test_what_is_no_proper_logout_token_ends_nothing(
    here: Stage, provider: LocalProvider, claims: dict[str, Any], code: str
) -> None:
    refused(here, provider.make_logout_token(**claims), code)


def test_a_token_without_an_end_is_good_for_two_minutes_and_the_leeway(here: Stage, provider: LocalProvider) -> None:
    """As Ory Hydra, Keycloak before 23.0.4, authentik, LemonLDAP and Glewlwyd send them."""
    early, late, later = here.signed_in(), here.signed_in(), here.signed_in()
    tokens = [provider.make_logout_token(sid=sid(each), exp=None) for each in (early, late, later)]
    assert told(here, tokens[0]).status == 200
    assert [each.fetch("/").status for each in (early, late, later)] == [401, 200, 200]
    here.clock.advance(179)
    assert told(here, tokens[1], here.another_gate()).status == 200
    here.clock.advance(2)
    assert is_refused(told(here, tokens[2]), "token_expired")
    here.clock.advance(5)
    assert [each.fetch("/").status for each in (early, late, later)] == [401, 401, 200]


def test_a_token_without_an_end_that_comes_again_is_refused_by_every_worker(
    here: Stage, provider: LocalProvider
) -> None:
    token = provider.make_logout_token(sub="ada-1815", exp=None)
    assert told(here, token).status == 200
    here.clock.advance(179)
    browser = here.signed_in()
    assert is_refused(told(here, token), "logout_token_repeated")
    assert is_refused(told(here, token, here.another_gate()), "logout_token_repeated")
    assert browser.fetch("/").status == 200


def test_a_token_that_is_good_for_an_hour_is_taken(here: Stage, provider: LocalProvider) -> None:
    browser = here.signed_in()
    assert told(here, provider.make_logout_token(sub="ada-1815", exp=provider.now() + 3600)).status == 200
    assert browser.fetch("/").status == 401


@pytest.mark.parametrize("token", [None, "", "no.jwt.at-all", "x" * 5000])
def test_what_is_no_token_ends_nothing(here: Stage, token: str | None) -> None:
    refused(here, token)


def test_an_id_token_is_no_logout_token(here: Stage, provider: LocalProvider) -> None:
    now = provider.now()
    claims = {"iss": provider.issuer, "sub": "ada-1815", "aud": "app", "iat": now, "exp": now + 60, "jti": "j"}
    refused(here, provider.signed(claims, provider.token_header()), "logout_event_missing")


def test_it_must_be_posted_as_a_form(here: Stage, provider: LocalProvider) -> None:
    browser = here.signed_in()
    token = provider.make_logout_token(sub="ada-1815")
    assert browser.get(f"{PATH}?logout_token={token}").status == 405
    answer = here.browser().post(PATH, body=token.encode(), content_type="application/jwt", navigate=False)
    assert is_refused(answer, "body_invalid")
    assert browser.fetch("/").status == 200


@pytest.mark.parametrize("path", [PATH, "/oauth2/frontchannel-logout?iss=x&sid=y"])
def test_without_a_store_no_session_can_be_ended_from_outside(
    stage: StageFactory, provider: LocalProvider, path: str
) -> None:
    here = stage()
    browser = here.signed_in()
    ask = here.browser().post if path == PATH else here.browser().get
    form = {"form": {"logout_token": provider.make_logout_token(sub="ada-1815")}} if path == PATH else {}
    answer = ask(path, navigate=False, **form)
    assert (answer.status, answer.json()) == (501, {"error": "session_store_required"})
    assert browser.fetch("/").status == 200


def test_while_the_store_is_down_the_provider_is_told_to_come_again(
    stage: StageFactory, provider: LocalProvider, redis_server: RedisServers
) -> None:
    here = stage(session_store=redis_server.url, store_timeout=1.5)
    browser = here.signed_in()
    token = provider.make_logout_token(sid=sid(browser))
    with redis_server.paused():
        answer = told(here, token)
        assert (answer.status, answer.header("Retry-After")) == (503, "5")


# Front-channel


def framed(here: Stage, provider: LocalProvider, gate: Any = None, **params: str) -> Answer:
    """Load the logout frame in a page of the provider's: another site, so no cookie comes along."""
    from urllib.parse import urlencode

    visitor = here.browser(gate)
    return visitor.get(f"/oauth2/frontchannel-logout?{urlencode(params)}", initiator=provider.origin + "/")


@pytest.mark.parametrize("begun_here", [True, False])
def test_oidcc_client_test_frontchannel_logout(here: Stage, provider: LocalProvider, begun_here: bool) -> None:
    """The modules `frontchannel-rp-initiated-logout` and `frontchannel-op-initiated-logout`."""
    browser = here.signed_in()
    known = sid(browser)
    if begun_here:
        browser.get("/oauth2/logout")
    answer = framed(here, provider, iss=provider.issuer, sid=known)
    assert (answer.status, "Signed out" in answer.text) == (200, True)
    assert "no-store" in answer.header("Cache-Control")
    assert "x-frame-options" not in {header.lower() for header, _ in answer.headers}
    assert browser.fetch("/").status == 401
    assert provider.calls("revoke") == []


def test_a_frame_without_an_issuer_counts_as_the_providers(here: Stage, provider: LocalProvider) -> None:
    """As Entra ID loads it; an issuer is no secret, so that asking for it would keep nobody out."""
    browser = here.signed_in()
    assert framed(here, provider, sid=sid(browser)).status == 200
    assert browser.fetch("/").status == 401
    assert framed(here, provider).status == 400


@pytest.mark.parametrize(
    "changed", [{"iss": "https://evil.example"}, {"iss": ""}, {"sid": ""}, {"sid": "another"}], ids=str
)
def test_a_frame_that_names_another_provider_or_session_ends_nothing(
    here: Stage, provider: LocalProvider, changed: dict[str, str]
) -> None:
    browser = here.signed_in()
    answer = framed(here, provider, **({"iss": provider.issuer, "sid": sid(browser)} | changed))
    assert answer.status == (200 if changed.get("sid") == "another" else 400)
    assert browser.fetch("/").status == 200


def test_a_frame_ends_the_session_on_every_worker_within_the_bound(here: Stage, provider: LocalProvider) -> None:
    browser = here.signed_in()
    worker = here.moved(browser, here.another_gate())
    assert worker.fetch("/").status == 200
    assert framed(here, provider, iss=provider.issuer, sid=sid(browser)).status == 200
    here.clock.advance(5)
    assert worker.fetch("/").status == 401
