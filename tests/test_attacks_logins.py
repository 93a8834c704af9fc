"""An attacker at the login: stolen callbacks, lying tokens, claims that nearly match, WebSockets of another site."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser import World
from tests.conftest import StageFactory
from tests.providers.faults import FAULTS
from tests.providers.local import LocalProvider
from tests.stage import query, session_cookie, subject
from tests.test_attacks import login_cookie, refused

CALLBACK = "https://app.test/oauth2/callback"

# Logins of other people (T16, T18, T20)


def test_an_attackers_callback_signs_nobody_in_whatever_the_victims_state(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage()
    provider.user = provider.people["grace"]
    attacker = here.browser()
    stolen = attacker.navigate("/", until=CALLBACK).target
    provider.user = provider.people["ada"]
    victim = here.browser()
    assert victim.get(stolen).status == 400
    victim.navigate("/", until=CALLBACK)
    assert victim.get(stolen).status == 400
    _, value = login_cookie(victim)
    every_slot = "; ".join(f"{here.session_name}.login.{slot}={value}" for slot in range(8))
    planted = victim.get(stolen, headers={"Cookie": every_slot})
    assert planted.status == 400
    assert here.session_name not in victim.cookies.names()
    assert len(provider.calls("token")) == 0
    assert here.app.calls == []


def test_an_attackers_code_in_the_victims_own_login_fails_at_the_verifier(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage()
    code = query(here.browser().navigate("/", until=CALLBACK).target)["code"]
    victim = here.browser()
    own = victim.navigate("/", until=CALLBACK).target
    answer = victim.get(own.replace(query(own)["code"], code))
    assert here.session_name not in victim.cookies.names()
    assert answer.status in (302, 400)


def test_a_login_begun_at_another_host_is_not_finished_here(stage: StageFactory) -> None:
    here = stage()
    there = here.browser(origin="https://other.test")
    callback = query(there.navigate("/", until="https://other.test/oauth2/callback").target)
    there_cookies = there.cookies.header_for("https://other.test/")
    answer = here.browser().get(
        f"/oauth2/callback?state={callback['state']}&code={callback['code']}", headers={"Cookie": there_cookies}
    )
    assert answer.status in (302, 400)  # the provider refuses another redirect_uri; at most it begins again
    assert not any(
        cookie.startswith(f"{here.session_name}=") and "Max-Age=0" not in cookie
        for cookie in answer.header_list("Set-Cookie")
    )


def test_a_session_id_from_before_the_login_is_worth_nothing_after_it(stage: StageFactory) -> None:
    here = stage()
    victim = here.browser()
    victim.cookies.set(here.session_name, "planted-before-the-login")
    page = victim.navigate("/")
    assert subject(page) == "ada-1815"
    assert session_cookie(victim) != "planted-before-the-login"
    refused(here, f"{here.session_name}=planted-before-the-login")


#: Nothing wrong with these, only rare; and userinfo is not asked in a login that lacks nothing.
HARMLESS = {
    "discovery_lists_none",
    "discovery_lists_prompts",
    "jwks_with_one_key",
    "jwks_with_strange_keys",
    "jwks_without_kids",
    "no_access_token",  # as Azure AD B2C: the ID token is what signs people in
    "no_at_hash",
    "no_kid",
    "other_auth_time",
    "other_claims",
    "strange_expires_in",
} | {name for name in FAULTS if name.startswith("userinfo_")}


@pytest.mark.uncounted
@pytest.mark.parametrize("fault", sorted(set(FAULTS) - HARMLESS))
def test_a_lying_or_broken_provider_signs_nobody_in(stage: StageFactory, provider: LocalProvider, fault: str) -> None:
    here = stage()
    browser = here.browser()
    with provider.fault(fault):
        page = browser.navigate("/private")
    assert page.status in (400, 500, 503)
    assert here.session_name not in browser.cookies.names()
    assert here.app.calls == []


@pytest.mark.uncounted
@pytest.mark.parametrize("fault", sorted(HARMLESS))
def test_a_provider_that_is_only_unusual_signs_people_in(
    stage: StageFactory, provider: LocalProvider, fault: str
) -> None:
    with provider.fault(fault):
        assert subject(stage().browser().navigate("/private")) == "ada-1815"


@pytest.mark.uncounted
@pytest.mark.parametrize(
    ("claims", "passes"),
    [
        ({"email": "ada@example.com"}, True),
        ({"email": "ADA@EXAMPLE.COM"}, True),
        ({"email_verified": False}, False),
        ({"email_verified": "false"}, False),
        ({"email_verified": "true"}, True),
        ({"email_verified": "True"}, False),
        ({"email_verified": 1}, False),
        ({"email_verified": None}, False),
        ({"email": "ada@evil.example@example.com"}, False),
        ({"email": "ada@sub.example.com"}, False),
        ({"email": "ada@evil-example.com"}, False),
        ({"email": "@example.com"}, False),
        ({"email": "ada@example.com "}, False),
        ({"email": "ada@example.com\x00"}, False),
        ({"email": ["ada@example.com"]}, False),
        ({"email": None}, False),
        ({"email": {"value": "ada@example.com"}}, False),
    ],
)
def test_only_a_verified_address_of_the_exact_domain_passes(
    stage: StageFactory, provider: LocalProvider, claims: dict[str, Any], passes: bool
) -> None:
    provider.people["ada"] |= claims
    here = stage(allow_domains="example.com")
    assert here.browser().navigate("/").status == (200 if passes else 403)
    assert bool(here.app.calls) is passes


@pytest.mark.parametrize(
    "groups",
    [
        *(None, [], "", {}, {"admins": False}, {"admins": None}, [["admins"]], [{"id": "admins"}], [None]),
        *("admins,owners", 7, True),
    ],
)
def test_groups_in_any_wrong_shape_are_no_groups(stage: StageFactory, provider: LocalProvider, groups: Any) -> None:
    provider.people["ada"]["groups"] = groups
    assert stage(allow_groups="admins").browser().navigate("/").status == 403


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://app.test", "https://app.test:8443", "https://app.test.evil.example", ""],
)
def test_a_websocket_of_another_origin_never_gets_the_persons_identity(
    stage: StageFactory, world: World, origin: str
) -> None:
    here = stage(public_paths="/public")
    browser = here.signed_in()
    cookie = f"{here.session_name}={session_cookie(browser)}"
    calls = len(here.app.calls)
    headers = {"Cookie": cookie, "Origin": origin or None, "Upgrade": "websocket", "Connection": "Upgrade"}
    if world == "wsgi":
        status = browser.get("/ws", bare=True, headers={"Host": "app.test"} | headers).status
        assert status == (200 if not origin else 403)
        return
    talk = browser.websocket("/ws", headers=headers)
    assert talk.accepted is (not origin)
    assert len(here.app.calls) == calls + (not origin)
    assert browser.websocket("/ws", headers={"Cookie": cookie}).accepted
    public = browser.websocket("/public/ws", headers=headers)
    assert public.accepted
    assert here.app.calls[-1].identity is None or not origin
