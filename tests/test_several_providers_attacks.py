"""Attacks by one of several providers, or with its help: on the others' people, sessions, rules and names."""

# ruff: noqa: F401, F811
# fixtures of another module

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from oidc_gate import Settings, SettingsError
from oidc_gate.gate import parties
from oidc_gate.gate.gate import Gate
from tests.access_tokens import AUDIENCE, Program, access_token
from tests.apps import COOKIE_SECRET
from tests.browser import Browser
from tests.counted import Counted
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.redis_servers import until
from tests.stage import HTML, Stage, is_login, query
from tests.test_several_providers import (
    Several,
    _served_others,
    entry,
    guests,
    links_of,
    made,
    several,
    signed_in,
    third,
)

#: What a browser says of a page that another site has sent it to.
FROM_ELSEWHERE = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"} | HTML
STRONG = {"name": "strong", "path": "/pay", "allow": "signed-in", "acr": ["gold"]}


# Another site, and a provider that asks nobody anything


@pytest.mark.parametrize("asked", ["auth_id=guests&page=1", "auth_id=guests", "auth_id=guests&step_up=1", "iss"])
def test_another_site_cannot_have_a_session_replaced_by_one_of_another_provider(
    several: Several, provider: LocalProvider, guests: LocalProvider, asked: str
) -> None:
    """Logging out asks first, where another site sends the browser there; else this would be the way around it."""
    here = several(rules=[STRONG])
    browser = signed_in(here, "staff")
    asked = asked.replace("step_up=1", urlsplit(browser.fetch("/pay").json()["login_url"]).query)
    address = f"/oauth2/login?next=/report&{asked.replace('iss', f'iss={quote(guests.issuer)}')}"
    page = browser.follow(browser.get(address, headers=FROM_ELSEWHERE))
    assert (page.status, len(links_of(page))) == (200, 2)
    assert browser.get("/").json()["identity"]["provider"] == "staff"
    browser.navigate(next(link for link in links_of(page) if "auth_id=guests" in link))  # who wants it can have it
    assert browser.get("/").json()["identity"]["provider"] == "guests"
    assert is_login(browser.get("/oauth2/login?auth_id=guests", headers=FROM_ELSEWHERE), guests)
    assert is_login(here.browser().get("/oauth2/login?auth_id=guests", headers=FROM_ELSEWHERE), guests)


def test_nor_can_a_form_of_another_site_which_brings_no_cookie_along(several: Several) -> None:
    browser = signed_in(several(), "staff")
    page = browser.request(
        "POST", "/oauth2/login?auth_id=guests&page=1", headers=FROM_ELSEWHERE, initiator="https://evil.example"
    )
    browser.follow(page)
    assert browser.get("/").json()["identity"]["provider"] == "staff"


def test_a_step_up_of_one_providers_session_is_no_step_up_at_another(
    several: Several, provider: LocalProvider, guests: LocalProvider
) -> None:
    """Whoever is called the same there is somebody else, and whoever is called otherwise is no wrong person."""
    here = several(rules=[STRONG])
    for name in ("ada-1815", "zoe"):
        browser = signed_in(here, "staff")
        guests.people["ada"] |= {"acr": "gold", "sub": name}
        page = browser.navigate(f"{browser.fetch('/pay').json()['login_url']}&next=/pay&auth_id=guests")
        assert (page.status, page.json()["identity"]["subject"]) == (200, name)
        assert page.json()["identity"]["provider"] == "guests"


@pytest.mark.parametrize("store", ["cookie", "store"])
def test_an_answer_that_a_provider_holds_back_replaces_nobody_who_has_come_meanwhile(
    several: Several, guests: LocalProvider, store: str, tmp_path: Path
) -> None:
    here = several(session_store="cookie" if store == "cookie" else f"sqlite:///{tmp_path / 'sessions.db'}")
    browser = here.browser()
    begun = browser.get("/oauth2/login?auth_id=guests&next=/report&page=1")
    held_back = browser.get(begun.target).target
    assert browser.navigate("/oauth2/login?auth_id=staff&next=/").status == 200
    page = browser.navigate(held_back)
    assert (urlsplit(page.url).path, page.json()["identity"]["provider"]) == ("/report", "staff")
    assert not guests.calls("token")
    browser.navigate("/oauth2/login?auth_id=guests")  # of whoever is there when they choose it, it is their own word
    assert browser.get("/").json()["identity"]["provider"] == "guests"


def test_only_a_provider_that_is_to_post_its_answers_may_post_one(
    several: Several, guests: LocalProvider, third: LocalProvider
) -> None:
    """What another site posts comes without the cookie of whoever is signed in, so that nobody sees who is replaced."""
    here = several(entry(third, "third", response_mode="form_post"))
    browser = here.browser()
    begun = browser.get("/oauth2/login?auth_id=guests&next=/report&page=1")
    held_back = query(browser.get(begun.target).target)
    assert browser.navigate("/oauth2/login?auth_id=staff&next=/").status == 200
    answer = browser.post("/oauth2/callback/guests", form=held_back, initiator="https://evil.example/")
    assert (answer.status, answer.header("Allow")) == (405, "GET")
    assert browser.get("/").json()["identity"]["provider"] == "staff"


# Mix-up


@pytest.mark.parametrize("of_this_browser", [True, False], ids=["its own", "another's"])
def test_a_late_answer_at_another_providers_callback_begins_no_login_there(
    several: Several, guests: LocalProvider, of_this_browser: bool
) -> None:
    here = several()
    browser = here.browser()
    state = query(browser.get("/oauth2/login?auth_id=staff&next=/").target)["state"]
    here.clock.advance(100_000)
    asked = browser if of_this_browser else here.browser()
    answer = asked.get(f"/oauth2/callback/guests?code=x&state={quote(state)}", headers=HTML)
    assert (answer.status, "callback_issuer_mismatch" in answer.text) == (400, True)
    assert not guests.calls("authorize")


# Rules


@pytest.mark.parametrize(
    "allow",
    [
        {"all": [{"provider": "*"}, {"groups": "Admins"}]},
        {"all": [{"provider": ["staff", "g*"]}, {"groups": "Admins"}]},
        {"scopes": "admin"},
        {"any": [{"scopes": "admin"}, {"provider": "staff"}]},
        {"all": [{"scopes": ["a", "b"]}, {"claims": {"x": 1}}]},
    ],
    ids=repr,
)
def test_a_rule_that_leaves_open_whose_scopes_and_groups_are_meant_stops_start_up(
    provider: LocalProvider, guests: LocalProvider, allow: dict[str, Any]
) -> None:
    """Who adds a provider does not think of `*`; and each writes into its tokens what it likes."""
    with pytest.raises(SettingsError, match=r"rules: .*several providers.*name the one that is meant"):
        made(provider, entry(guests), rules=[{"path": "/a", "allow": allow}])
    if "g*" not in repr(allow):  # of one provider there is nothing to mistake
        made(provider, rules=[{"path": "/a", "allow": allow}])


def test_a_rule_by_claims_that_names_no_provider_is_worth_a_second_look(
    provider: LocalProvider, guests: LocalProvider
) -> None:
    by_claim: dict[str, Any] = {"claims": {"department": "r&d"}}

    def found(allow: Any, *entries: dict[str, Any]) -> list[str]:
        rules = [{"name": "lab", "path": "/a", "allow": allow}]
        return [each for each in made(provider, *entries, rules=rules).warnings() if each.startswith("lab goes by")]

    assert len(found(by_claim, entry(guests))) == len(found({"not": by_claim}, entry(guests))) == 1
    assert found({"all": [{"provider": "staff"}, by_claim]}, entry(guests)) == found(by_claim) == []


def test_a_providers_scopes_are_its_own(several: Several, provider: LocalProvider, guests: LocalProvider) -> None:
    rule = {"path": "/a", "allow": {"all": [{"provider": "staff"}, {"scopes": "admin"}]}}
    program = Program(several(bearer_audience=AUDIENCE, rules=[rule]))
    assert program.ask("/a", access_token(provider, scope="admin")).status == 200
    assert program.ask("/a", access_token(guests, scope="admin")).status == 403


# One provider twice


TENANTS = ["11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"]
ENTRA = "https://login.microsoftonline.com"


@pytest.mark.parametrize(
    ("one", "other", "is_taken"),
    [
        ((f"{ENTRA}/{TENANTS[0]}/v2.0", None), (f"{ENTRA}/common/v2.0", TENANTS), False),
        ((f"{ENTRA}/common/v2.0", TENANTS), (f"{ENTRA}/{TENANTS[1]}/v2.0/", None), False),
        ((f"{ENTRA}/common/v2.0", TENANTS[:1]), (f"{ENTRA}/organizations/v2.0", TENANTS), False),
        ((f"{ENTRA}/common/v2.0", TENANTS[:1]), (f"{ENTRA}/organizations/v2.0", TENANTS[1:]), True),
        ((f"{ENTRA}/{TENANTS[0]}/v2.0", None), (f"{ENTRA}/common/v2.0", TENANTS[1:]), True),
    ],
)
def test_no_tenant_is_two_providers(one: tuple[str, Any], other: tuple[str, Any], is_taken: bool) -> None:
    """Its tokens would be those of the first of the two, with the lists of that one, and end its sessions alone."""
    client = {"client_id": "c", "client_secret": "s"}
    options, more = ({"issuer_url": url, "allow_tenants": tenants, **client} for url, tenants in (one, other))
    options |= {"auth_id": "staff", "cookie_secret": COOKIE_SECRET}
    options["providers"] = [more | {"auth_id": "guests", "allow_all": True}]
    if is_taken:
        assert len(Settings(**options).all_providers) == 2
        return
    with pytest.raises(SettingsError, match=r"no\. 1 .guests.: .* the issuer .* the provider staff; a tenant stands"):
        Settings(**options)


def test_no_provider_can_look_for_a_client_id_by_which_its_sessions_would_be_anothers(
    provider: LocalProvider, guests: LocalProvider, third: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six bytes are within reach of who tries for days, and here the key has one."""
    monkeypatch.setattr(parties, "_KEY_BYTES", 1)
    for number in range(5000):
        settings = made(provider, entry(third, "third"), entry(guests) | {"client_id": f"app{number}"})
        if len(set(map(parties.party_key, settings.all_providers[1:]))) == 1:
            break
    with pytest.raises(SettingsError, match="one key"):
        Gate(settings)


def test_a_secret_that_two_providers_are_handed_is_worth_a_second_look(
    provider: LocalProvider, guests: LocalProvider
) -> None:
    shared = {"client_secret": "one-secret"}
    (said,) = [each for each in made(provider, entry(guests) | shared, **shared).warnings() if "handed" in each]
    assert said.startswith("guests: client_secret is that of staff too")
    assert "one-secret" not in said
    found = made(provider, entry(guests) | shared, client_secret="another").warnings()
    assert not [each for each in found if "handed" in each]


# Names


def test_the_first_providers_names_do_not_begin_as_anothers(
    several: Several, provider: LocalProvider, guests: LocalProvider
) -> None:
    """The prefix would else be for anybody at the first provider to write in front of their name."""
    provider.people["ada"] |= {
        "sub": "guests:ada-1815",
        "email": "guests:ada@example.com",
        "preferred_username": "guests:ada",
        "groups": ["guests:engineers", "a:b"],
        "roles": ["guests:x"],
    }
    guests.people["ada"] |= {"groups": ["engineers"], "roles": ["x"]}
    told = {"x-sub": "sub", "x-email": "email", "x-name": "preferred_username", "x-groups": "groups", "x-own": "roles"}
    for claim in ("email", "sub", "preferred_username"):
        for required in (False, True):
            here = several(identity_headers=told, remote_user_claim=claim, require_email_verified=required)
            staff, guest = (signed_in(here, each).get("/").json() for each in ("staff", "guests"))
            assert staff["identity"]["username"].startswith("guests%3Aada")
            assert guest["identity"]["username"].startswith("guests:ada")
            if here.world == "wsgi":
                assert staff["remote_user"] == staff["identity"]["username"]
            assert staff["headers"]["x-groups"] == "guests%3Aengineers,a:b"
            for name in ("x-sub", "x-name", "x-groups", "x-own"):
                assert guest["headers"][name].startswith("guests:")
                assert staff["headers"][name].startswith("guests%3A")
            assert staff["identity"]["subject"] == "guests:ada-1815"


def test_an_address_of_the_lists_does_not_begin_as_anothers_names(
    several: Several, guests: LocalProvider, third: LocalProvider
) -> None:
    here = several(entry(third, "third"), guest={"allow_domains": ["example.com"]}, identity_headers="x-forwarded")
    third.clock = here.clock
    for name in ("third", "staff"):
        guests.people["ada"] |= {"email": f"{name}:ada@example.com"}
        one = signed_in(here, "guests").get("/").json()
        assert one["identity"]["username"] == one["headers"]["x-forwarded-email"] == f"{name}%3Aada@example.com"
    assert signed_in(here, "third").get("/").json()["identity"]["username"] == "third:ada@example.com"


def test_two_providers_tokens_of_one_name_are_two_sessions(
    several: Several, provider: LocalProvider, guests: LocalProvider
) -> None:
    program = Program(several(bearer_audience=AUDIENCE))
    one = program.ask("/", access_token(provider, jti="7")).json()["identity"]["session_id"]
    other = program.ask("/", access_token(guests, jti="7")).json()["identity"]["session_id"]
    assert one == "t:7"
    assert (other.startswith("t."), other.endswith(":7")) == (True, True)


# What the operator is told


def test_events_and_metrics_name_the_provider_of_the_person_they_are_about(
    several: Several, provider: LocalProvider, guests: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "oidc_gate.audit")
    counted = Counted()
    rules = [{"path": "/staff", "allow": {"provider": "staff"}}, STRONG]
    here = several(audit=True, metrics=counted, rules=rules, bearer_audience=AUDIENCE)
    guest = signed_in(here, "guests")
    assert guest.get("/staff").status == 403
    assert guest.navigate("/pay").status == 403
    program = Program(here)
    assert program.ask("/staff", access_token(guests)).status == 403
    assert program.ask("/pay", access_token(guests)).status == 401
    assert program.ask("/", access_token(guests, exp=1)).status == 401
    assert program.ask("/", access_token(guests, jti="x") + "x").status == 401
    guest.navigate("/oauth2/login?auth_id=staff")
    events = [record.oidc_gate for record in caplog.records if record.name == "oidc_gate.audit"]  # type: ignore[attr-defined]
    issuers = {"staff": provider.issuer, "guests": guests.issuer}
    assert [each for each in events if issuers[each["provider"]] != each["issuer"]] == []
    of_guests = {each["event"] for each in events if each["provider"] == "guests"}
    assert of_guests >= {"access.refused", "step_up.asked", "session.ended", "login.failed", "token.refused"}
    assert {each["event"] for each in events if each["provider"] == "staff"} == {"login.started", "login.finished"}
    assert set(counted.of("login_failures_total")) == {("guests", "step_up_unmet")}
    assert {provider for provider, _ in counted.of("tokens_total")} == {"guests"}


def test_an_outage_counts_as_that_of_the_provider_which_has_it(several: Several, guests: LocalProvider) -> None:
    counted = Counted()
    here = several(metrics=counted)
    with guests.fault("discovery_down"):
        assert here.browser().get("/oauth2/login?auth_id=guests", headers=HTML).status == 503
    assert {provider for provider, _ in counted.of("login_failures_total")} == {"guests"}


# Slowness


def at_their_callbacks(here: Stage, auth_id: str, number: int) -> list[tuple[Browser, str]]:
    """Return browsers that are about to come back from this provider, and where each is sent."""
    found = []
    for _ in range(number):
        browser = here.browser()
        begun = browser.get(f"/oauth2/login?auth_id={auth_id}&next=/&page=1")
        found.append((browser, browser.get(begun.target).target))
    return found


def test_a_provider_that_takes_its_time_holds_up_no_login_at_another(several: Several, guests: LocalProvider) -> None:
    here = several()
    waiting = at_their_callbacks(here, "guests", 24)
    with ThreadPoolExecutor(32) as pool, guests.hold("token"):
        known = [pool.submit(here.browser().get, "/oauth2/health") for _ in range(32)]  # the server's threads
        assert all(each.result().status == 200 for each in known)
        held = [pool.submit(browser.get, target) for browser, target in waiting]
        until(lambda: len(guests.calls("token")) >= 4)
        began = time.monotonic()
        pool.submit(signed_in, here, "staff").result(LIMIT)
        assert time.monotonic() - began < 3
    assert {each.result().status for each in held} <= {302, 503}


def test_nor_does_it_keep_another_from_being_asked_about_its_people(
    several: Several, provider: LocalProvider, guests: LocalProvider
) -> None:
    """Else it could have whoever has left go on, and with `provider_outage_grace` have everybody's session ended."""
    here = several(guest={"userinfo_refresh_interval": "5m"}, userinfo_refresh_interval="5m")
    staff, people = signed_in(here, "staff"), [signed_in(here, "guests") for _ in range(40)]
    provider.deactivate("ada-1815")
    here.clock.advance(301)
    with ThreadPoolExecutor(48) as pool, guests.hold("userinfo"):
        held = [pool.submit(each.fetch, "/") for each in people]
        until(lambda: len(guests.calls("userinfo")) >= 2)
        began = time.monotonic()
        assert pool.submit(staff.fetch, "/").result(LIMIT).status == 401
        assert time.monotonic() - began < 3
    assert {each.result().status for each in held} == {200}
