"""What a person and an operator meet at each provider, in both worlds; what was found goes onto the provider's page."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.answers import Answer
from tests.apps import COOKIE_SECRET, echo
from tests.browser import Browser, World
from tests.doctor_faults import examined, not_ok
from tests.providers.real import client_key
from tests.real_providers.listening import Listener
from tests.real_providers.provider import APP, CALLBACK, SIGNED_OUT, Provider
from tests.redis_servers import until
from tests.stage import HTML, Clock, query, subject, timed

Gated = Callable[..., Browser]
WRONG = "not-the-secret"


@pytest.fixture
def clock() -> Clock:
    """Return the time of day, so that it fits the provider's; it can be set forward."""

    class Forward(Clock):
        def __call__(self) -> float:
            return time.time() + self.now

    return Forward(0.0)


@pytest.fixture
def visit(world: World, provider: Provider, listener: Listener, clock: Clock) -> Gated:
    """Make a browser in front of a gate at the provider; keywords are settings."""

    def make(**settings: Any) -> Browser:
        gate = timed(world, echo(world), clock, **provider.settings(**settings))
        listener.browser = browser = Browser(gate, world)
        browser.cookies.clock = clock
        browser.cookies.trusts_loopback = True  # Keycloak sets Secure cookies over http on this machine
        return browser

    return make


@pytest.fixture
def stored(tmp_path: Any) -> str:
    return f"sqlite:///{tmp_path}/sessions.db"


def signed_in(provider: Provider, browser: Browser, path: str = "/") -> Answer:
    page = provider.sign_in(browser, browser.navigate(path))
    assert (page.status, page.url) == (200, f"https://app.test{path}"), page.text
    return page


def test_a_person_signs_in_and_the_session_goes_on_by_itself(provider: Provider, visit: Gated) -> None:
    browser = visit()
    page = signed_in(provider, browser, "/report?q=1&r=%2F")
    identity = page.json()["identity"]
    assert (identity["issuer"], identity["email"]) == (provider.discovery()["issuer"], provider.email)
    assert [browser.fetch("/api").status for _ in range(3)] == [200] * 3
    assert browser.fetch("/oauth2/userinfo").json()["sub"] == identity["subject"]
    provider.found(f'Claims that came with `scopes = "{provider.scopes}"`', names(identity["claims"]))


def names(claims: dict[str, Any]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(claims))


def test_each_way_to_prove_the_client_works_and_another_one_is_told(
    provider: Provider, visit: Gated, caplog: pytest.LogCaptureFixture
) -> None:
    for method, client_id in provider.clients.items():
        signed_in(provider, visit(client_auth_method=method))
        for other in provider.clients.keys() - {method}:
            caplog.clear()
            browser = visit(client_auth_method=other, client_id=client_id)
            page = provider.sign_in(browser, browser.navigate("/"))
            if provider.checks_method:
                assert page.status == 400, page.text
                assert "client_rejected" in caplog.text
                assert method in caplog.text  # what to set is named
            else:
                assert page.status == 200, page.text
            outcome = "`client_rejected`" if provider.checks_method else "accepted"
            provider.found(f'A client of `{method}`, and `client_auth_method = "{other}"`', outcome)


def test_a_pushed_request_is_taken(provider: Provider, visit: Gated) -> None:
    if "pushed_authorization_request_endpoint" not in provider.discovery() or not provider.takes_pushed:
        pytest.skip("it has no pushed requests, or they are off")
    browser = visit(pushed="always")
    sent = browser.get("/report?q=1", headers=HTML)
    assert query(sent.location).keys() == {"client_id", "request_uri"}
    signed_in(provider, browser, "/report?q=1")


def test_fapi2_holds_where_it_can_be_set_up(provider: Provider, visit: Gated, tmp_path: Path) -> None:
    """Pushed requests, a key, tokens that are bound to another one, at userinfo too."""
    if not provider.fapi2_client:
        pytest.skip("it has no DPoP, or it is not set up here")
    key = tmp_path / "key.json"
    key.write_text(json.dumps(client_key("ec").as_dict(private=True)))
    settings: dict[str, Any] = {
        "profile": "fapi2",
        "client_id": provider.fapi2_client,
        "client_secret": None,
        "client_auth_method": "private_key_jwt",
        "client_private_key_file": str(key),
    }
    page = signed_in(provider, visit(**settings, userinfo="always"), "/report?q=1")
    assert page.json()["identity"]["email"] == provider.email


def test_a_wrong_secret_is_told_as_that(provider: Provider, visit: Gated, caplog: pytest.LogCaptureFixture) -> None:
    browser = visit(client_secret=WRONG)
    page = provider.sign_in(browser, browser.navigate("/"))
    assert page.status == 400
    assert "does not accept this app" in page.text
    assert "client_rejected" in caplog.text
    assert "check client_id and client_secret" in caplog.text
    assert WRONG not in page.text + caplog.text
    provider.found("A wrong client secret", "`client_rejected`")


def test_tokens_are_renewed_in_time(
    provider: Provider, visit: Gated, stored: str, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """The gate's clock is set to the last second of the access token's life."""
    if provider.refresh_scopes is None:
        pytest.skip(f"{provider.title} gives no refresh tokens that can be used here")
    caplog.set_level(logging.DEBUG, "oidc_gate")
    scopes = f"{provider.scopes} {provider.refresh_scopes}".strip()
    browser = visit(session_store=stored, scopes=scopes, idle_session_timeout="12h", clock_leeway="2m")
    who = subject(signed_in(provider, browser))
    assert "kept: refresh_token" in caplog.text
    for _ in range(2):
        clock.advance(provider.access_seconds - 1)
        caplog.clear()
        assert subject(browser.fetch("/api")) == who
        assert "its tokens are renewed" in caplog.text
        assert "could not be checked again" not in caplog.text
        provider.rest()
        if provider.access_seconds > 100:
            break  # a second round would lead the gate's clock beyond the leeway
    provider.found("Refresh tokens", f'come with `scopes = "{scopes}"`; a renewal keeps the session')


def test_a_logout_ends_the_providers_session_too(provider: Provider, visit: Gated) -> None:
    browser = visit(provider_logout=True)
    signed_in(provider, browser)
    if "end_session_endpoint" not in provider.discovery():
        assert "signed out" in browser.navigate("/oauth2/logout").text
        provider.found("`provider_logout`", "not offered: discovery has no `end_session_endpoint`")
        return
    leaving = browser.get("/oauth2/logout")
    assert query(leaving.target)["post_logout_redirect_uri"] == SIGNED_OUT
    there = browser.follow(leaving)
    page = provider.leave(browser, there)
    assert (page.url.partition("?")[0], page.status) == (SIGNED_OUT, 200)
    assert "signed out" in page.text
    assert browser.fetch("/api").status == 401
    assert provider.asks_who(browser.navigate("/"))
    asked = "" if there.url.startswith(SIGNED_OUT) else ", after a page that asks"
    provider.found("`provider_logout`", f"ends its session and comes back{asked}")


def test_a_logout_here_alone_leaves_the_providers_session(provider: Provider, visit: Gated) -> None:
    browser = visit()
    signed_in(provider, browser)
    assert "signed out" in browser.navigate("/oauth2/logout").text
    assert browser.fetch("/api").status == 401
    page = browser.navigate("/")
    silent = page.url.startswith("https://app.test/") and page.status == 200
    provider.rest()
    provider.found("A visit after a logout without `provider_logout`", "is silent" if silent else "asks again")


def test_the_gates_own_login_asks_for_the_password_again(
    provider: Provider, visit: Gated, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    browser = visit()
    signed_in(provider, browser)
    if provider.forces_login:
        page = browser.navigate("/oauth2/login?next=/again")
        assert provider.asks_who(page), page.url
        assert provider.sign_in(browser, page).url == "https://app.test/again"
        found = "asks for the password again"
    else:
        clock.advance(90)  # more than the leeway: an old `auth_time` is seen to be old
        page = browser.navigate("/oauth2/login?next=/again")
        assert (page.status, "reauthentication_missing" in caplog.text) == (400, True), page.text
        found = "is ignored: the gate says `reauthentication_missing`"
    provider.found("`/oauth2/login` (`prompt=login`)", found)


def test_a_logout_at_the_provider_ends_the_session_here(
    provider: Provider, visit: Gated, stored: str, listener: Listener
) -> None:
    if provider.end_session is None:
        pytest.skip(f"{provider.title} has no back-channel logout")
    browser = visit(session_store=stored)
    signed_in(provider, browser)
    before = len(listener.calls)
    provider.end_session(browser)
    until(lambda: len(listener.calls) > before)
    assert listener.calls[before:] == [200]
    assert browser.fetch("/api").status == 401
    provider.found("Back-channel logout", "ends the session here at once")


def test_a_person_who_refuses_is_told_so(provider: Provider, visit: Gated, caplog: pytest.LogCaptureFixture) -> None:
    if provider.refuse is None:
        pytest.skip(f"{provider.title} asks for no consent here")
    browser = visit(**({"client_id": provider.asking_client} if provider.asking_client else {}))
    page = provider.sign_in(browser, browser.navigate("/"), agree=False)
    assert (page.status, "did not let you in" in page.text) == (400, True), page.text
    assert "access_denied" in caplog.text
    assert browser.fetch("/api").status == 401
    provider.found("Consent refused", "`access_denied`, told to the person")


# Step-up


def payroll(**wanted: Any) -> dict[str, Any]:
    """Return settings with a rule for /payroll that wants this of the sign-in."""
    return {"rules": [{"name": "payroll", "path": "/payroll", "allow": "signed-in"} | wanted]}


def test_a_page_that_wants_a_higher_level_has_the_person_take_the_second_step(provider: Provider, visit: Gated) -> None:
    person, (low, high) = with_steps(provider)
    browser = visit(**person.settings(**payroll(acr=[high])))
    before = signed_in(person, browser).json()["identity"]["claims"]
    assert before["acr"] == low
    page = browser.navigate("/payroll?month=11")
    assert person.asked_for(page) == {person.code_field}
    page = person.sign_in(browser, page)
    assert (page.status, page.url) == (200, "https://app.test/payroll?month=11"), page.text
    after = page.json()["identity"]["claims"]
    assert (after["acr"], after["sub"]) == (high, before["sub"])
    assert [browser.fetch(path).status for path in ("/payroll", "/", "/payroll")] == [200] * 3
    provider.found(f'`acr = "{high}"`, signed in with `{low}`', "asks for the one-time code, and nothing else")


def test_a_stranger_at_such_a_page_takes_both_steps_in_one_login(provider: Provider, visit: Gated) -> None:
    person, (_, high) = with_steps(provider)
    browser = visit(**person.settings(**payroll(acr=[high])))
    page = signed_in(person, browser, "/payroll")
    assert page.json()["identity"]["claims"]["acr"] == high
    (callback,) = [each.url for each in browser.trail if each.url.startswith(CALLBACK)]
    assert "code=" in callback
    provider.found(f'`acr = "{high}"`, signed in to nothing', "asks for the password and the code in one login")


def test_a_script_steps_up_where_it_is_told_to(provider: Provider, visit: Gated) -> None:
    person, (_, high) = with_steps(provider)
    browser = visit(**person.settings(**payroll(acr=[high])))
    signed_in(person, browser)
    told = browser.fetch("/payroll")
    assert (told.status, told.json()["error"]) == (401, "insufficient_user_authentication")
    assert f'acr_values="{high}"' in told.header("WWW-Authenticate")
    page = browser.navigate(told.json()["login_url"])
    assert person.asked_for(page) == {person.code_field}
    assert person.sign_in(browser, page).status == 200
    assert browser.fetch("/payroll").status == 200


@pytest.mark.parametrize("others", [("unknown",), ("unknown", "{high}"), ("{low}", "{high}"), ("{high}", "{low}")])
def test_several_levels_are_asked_for_as_the_provider_takes_them(
    provider: Provider, visit: Gated, others: tuple[str, ...]
) -> None:
    """Keycloak takes the lowest, and a name that it does not know as lower still."""
    person, (low, high) = with_steps(provider)
    wanted = [each.format(low=low, high=high) for each in others]
    browser = visit(**person.settings(**payroll(acr=wanted)))
    page = person.sign_in(browser, browser.navigate("/payroll"))
    if page.status == 200:
        found = f"signs in with `{page.json()['identity']['claims']['acr']}`"
    else:
        assert (page.status, "step_up_unmet" in page.text) == (403, True), page.text
        found = f"signs in with `{browser.navigate('/').json()['identity']['claims']['acr']}`: `step_up_unmet`"
    provider.found(f"`acr = {wanted}`, signed in to nothing".replace("'", '"'), found)


def test_a_renewal_may_tell_of_a_step_up_elsewhere(
    provider: Provider, visit: Gated, tmp_path: Any, clock: Clock
) -> None:
    """Two apps of one client, in one browser; the person steps up in one of them."""
    person, (_, high) = with_steps(provider)
    settings = person.settings(**payroll(acr=[high]), idle_session_timeout="12h", clock_leeway="2m")
    here = visit(**settings, session_store=f"sqlite:///{tmp_path}/here.db")
    signed_in(person, here)
    there = visit(**settings, session_store=f"sqlite:///{tmp_path}/there.db", auth_id="there")
    there.cookies = here.cookies
    signed_in(person, there, "/payroll")
    assert here.fetch("/payroll").status == 401
    clock.advance(person.access_seconds - 1)
    level = here.fetch("/api").json()["identity"]["claims"]["acr"]
    provider.found("A renewal, after a step-up at another app of the same client", f"says `{level}`")


def test_a_page_that_wants_a_fresh_sign_in_asks_for_the_password_when_it_is_old(
    provider: Provider, visit: Gated
) -> None:
    """It waits: the provider's clock cannot be set."""
    browser = visit(**payroll(max_age="6s"))
    signed_in(provider, browser)
    time.sleep(7)
    page = browser.navigate("/payroll")
    if provider.asks_who(page):
        page = provider.sign_in(browser, page)
        assert (page.status, page.url) == (200, "https://app.test/payroll"), page.text
        found = "asks for the password again"
    else:
        assert (page.status, "step_up_unmet" in page.text) == (403, True), page.text
        found = "is not heeded: the gate says `step_up_unmet`"
    provider.found("`max_age`, when the sign-in is older", found)


def with_steps(provider: Provider) -> tuple[Provider, tuple[str, str]]:
    if provider.stepping is None:
        pytest.skip(f"{provider.title} is set up without levels of authentication here")
    return provider.stepping, provider.stepping.acrs


# What `oidc-gate doctor` says before any of this

DOCTORS: dict[str, Any] = {
    "base_url": APP,
    "cookie_secret": COOKIE_SECRET,
    "allow_domains": "example.com",
    "provider_logout": True,
}


def test_the_doctor_finds_nothing_wrong(provider: Provider) -> None:
    report = examined(provider.settings(**DOCTORS))
    assert {status for status in not_ok(report).values() if status != "unknown"} == set(), report.text(colour=False)


@pytest.mark.parametrize(
    ("wrong", "check"),
    [
        ({"client_secret": WRONG}, "P7"),
        ({"client_id": "nobody", "client_secret": WRONG}, "P10"),
        ({"base_url": "https://other.test"}, "P11"),
    ],
)
def test_the_doctor_names_what_is_wrong(provider: Provider, wrong: dict[str, str], check: str) -> None:
    settings = provider.settings() | DOCTORS | wrong
    report = examined(settings)
    # Spring sends whoever has not signed in to its login page, whatever else is wrong.
    cannot_tell = provider.title.startswith("Spring") and check != "P7"
    assert not_ok(report).get(check) == ("unknown" if cannot_tell else "fail"), report.text(colour=False)
