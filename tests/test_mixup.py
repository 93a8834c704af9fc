"""Answers that are mixed up, forged, doubled or somebody else's: the code goes nowhere, and nobody is signed in."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest

from tests.answers import Answer
from tests.browser import Browser
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.providers.people import grace
from tests.stage import Stage, is_login, query, subject

CALLBACK = "https://app.test/oauth2/callback"


@pytest.fixture
def other() -> Iterator[LocalProvider]:
    """Serve a second provider, which means ill."""
    with LocalProvider() as provider:
        yield provider


def waiting(browser: Browser, path: str = "/private") -> tuple[Answer, dict[str, str]]:
    """Go to the provider and stop short of the callback; return the answer that leads there, and its parameters."""
    answer = browser.navigate(path, until=CALLBACK)
    assert answer.target.startswith(CALLBACK), answer
    return answer, query(answer.target)


def refused(stage: Stage, browser: Browser, page: Answer, code: str) -> None:
    """Check that the page tells of this error, that no code was sent anywhere and that nobody is signed in."""
    assert (page.status, f"Error {code} ·" in page.text) == (400, True), page.text
    assert stage.provider.calls("token") == []
    assert stage.app.calls == []
    assert browser.fetch("/private").status == 401


# RFC 9207: who answers


@pytest.mark.parametrize("fault", ["wrong_callback_issuer", "no_callback_issuer"])
@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_the_issuer_of_the_answer(stage: StageFactory, provider: LocalProvider, fault: str, mode: str) -> None:
    """Wrong, or missing though discovery promises it: the code is not sent anywhere."""
    here = stage(response_mode=mode)
    browser = here.browser()
    with provider.fault(fault):
        refused(here, browser, browser.navigate("/private"), "callback_issuer_mismatch")


def test_an_error_of_another_issuer_is_not_shown_as_ours(stage: StageFactory, provider: LocalProvider) -> None:
    said = {"error": "access_denied", "error_description": "Call 555-0100 to unlock your account"}
    here = stage()
    browser = here.browser()
    _, params = waiting(browser)
    lie = browser.get(f"{CALLBACK}?{urlencode(said | {'state': params['state'], 'iss': 'https://evil.example'})}")
    refused(here, browser, lie, "callback_issuer_mismatch")
    assert "555-0100" not in lie.text
    for iss in ({}, {"iss": provider.issuer}):
        _, params = waiting(browser)
        refused(
            here,
            browser,
            browser.get(f"{CALLBACK}?{urlencode(said | {'state': params['state']} | iss)}"),
            "access_denied",
        )


def test_an_error_that_comes_before_the_provider_is_known(stage: StageFactory, provider: LocalProvider) -> None:
    """Another process began the login; this one has not read discovery yet, and need not for a no."""
    here = stage()
    browser = here.browser()
    _, params = waiting(browser)
    fresh = here.moved(browser, here.another_gate())
    asked = urlencode({"error": "access_denied", "state": params["state"], "iss": "https://evil.example"})
    refused(here, fresh, fresh.get(f"{CALLBACK}?{asked}"), "access_denied")


@pytest.mark.parametrize("iss", ["", "https://idp.example", "{}/", "{}x", " {}", "{}%20", "{}\x00"])
def test_nearly_the_issuer_is_another_one(stage: StageFactory, provider: LocalProvider, iss: str) -> None:
    here = stage()
    browser = here.browser()
    _, params = waiting(browser)
    said = params | {"iss": iss.format(provider.issuer)}
    refused(here, browser, browser.get(f"{CALLBACK}?{urlencode(said)}"), "callback_issuer_mismatch")


def test_a_provider_that_promises_nothing_may_leave_the_issuer_out_but_not_lie(
    stage: StageFactory, provider: LocalProvider
) -> None:
    provider.change_discovery = lambda document: document | {"authorization_response_iss_parameter_supported": False}
    here = stage()
    browser = here.browser()
    with provider.fault("wrong_callback_issuer"):
        refused(here, browser, browser.navigate("/private"), "callback_issuer_mismatch")
    with provider.fault("no_callback_issuer"):
        assert subject(here.browser().navigate("/private")) == "ada-1815"


def test_a_code_of_another_provider_is_never_sent_to_ours(
    stage: StageFactory, provider: LocalProvider, other: LocalProvider
) -> None:
    """The mix-up attack: the login began here, the answer is that of a provider that means ill."""
    here = stage()
    browser = here.browser()
    _, params = waiting(browser)
    stolen = {"code": "code-of-the-other", "state": params["state"], "iss": other.issuer}
    refused(here, browser, browser.get(f"{CALLBACK}?{urlencode(stolen)}"), "callback_issuer_mismatch")


def test_two_gates_in_one_browser_do_not_take_each_others_answers(
    stage: StageFactory, provider: LocalProvider, other: LocalProvider
) -> None:
    """Each login belongs to one provider: its cookie is named after `auth_id` and sealed for the client."""
    here = stage()
    browser = here.browser()
    _, params = waiting(browser)
    second = here.another_gate(auth_id="second", issuer_url=other.issuer)
    moved = here.moved(browser, second)
    page = moved.get(f"{CALLBACK}?{urlencode(params)}")
    assert (page.status, "Error state_unknown" in page.text) == (400, True)
    assert other.requests == []
    assert provider.calls("token") == []


# Parameters that come twice


@pytest.mark.parametrize("name", ["code", "state", "iss"])
@pytest.mark.parametrize("first", [True, False])
def test_a_doubled_parameter_is_refused_wherever_the_good_one_stands(
    stage: StageFactory, name: str, first: bool
) -> None:
    here = stage()
    browser = here.browser()
    _, params = waiting(browser)
    pairs = [*params.items(), (name, "evil")] if first else [(name, "evil"), *params.items()]
    refused(here, browser, browser.get(f"{CALLBACK}?{urlencode(pairs)}"), "parameter_repeated")


@pytest.mark.parametrize("name", ["code", "state", "iss"])
def test_a_doubled_parameter_of_a_form_is_refused(stage: StageFactory, name: str) -> None:
    here = stage()
    browser = here.browser()
    _, params = waiting(browser)
    body = urlencode([*params.items(), (name, params[name])]).encode()
    page = browser.post(CALLBACK, body=body, content_type="application/x-www-form-urlencoded")
    refused(here, browser, page, "parameter_repeated")


@pytest.mark.parametrize(
    "pairs",
    [[("error", "a"), ("error", "b")], [("error", "a"), ("error_description", "1"), ("error_description", "2")]],
)
def test_a_doubled_error_is_refused(stage: StageFactory, pairs: list[tuple[str, str]]) -> None:
    here = stage()
    browser = here.browser()
    _, params = waiting(browser)
    asked = urlencode([("state", params["state"]), ("iss", params["iss"]), *pairs])
    refused(here, browser, browser.get(f"{CALLBACK}?{asked}"), "parameter_repeated")


def test_a_code_beside_an_error_is_refused(stage: StageFactory) -> None:
    here = stage()
    browser = here.browser()
    _, params = waiting(browser)
    refused(here, browser, browser.get(f"{CALLBACK}?{urlencode(params | {'error': 'x'})}"), "code_missing")


def test_parameters_of_the_address_do_not_mix_with_those_of_a_form(stage: StageFactory) -> None:
    """A posted callback is read from its body alone."""
    here = stage()
    browser = here.browser()
    _, params = waiting(browser)
    page = browser.post(f"{CALLBACK}?{urlencode(params)}", form={"state": params["state"]})
    refused(here, browser, page, "code_missing")


def test_a_refused_answer_spoils_nothing(stage: StageFactory, provider: LocalProvider) -> None:
    """Whoever can make a browser open a forged callback must not be able to break its login."""
    here = stage()
    browser = here.browser()
    answer, params = waiting(browser)
    browser.get(f"{CALLBACK}?{urlencode([*params.items(), ('code', 'x')])}")
    browser.get(f"{CALLBACK}?{urlencode(params | {'state': params['state'][:-1] + '!'})}")
    browser.get(f"{CALLBACK}?code=x")
    page = browser.follow(answer)
    assert (page.url, subject(page)) == ("https://app.test/private", "ada-1815")


# Another browser's answer


def test_an_attackers_code_and_state_in_another_browser(stage: StageFactory, provider: LocalProvider) -> None:
    """Login CSRF: the victim must not end up signed in as the attacker."""
    here = stage()
    attacker, victim = here.browser(), here.browser()
    _, params = waiting(attacker)
    for started in (False, True):
        if started:
            waiting(victim)
        page = victim.get(f"{CALLBACK}?{urlencode(params)}", initiator="https://evil.example/")
        assert page.status == 400
        assert "Error state_unknown" in page.text or "Error cookies_missing" in page.text
        assert victim.fetch("/private").status == 401
    assert provider.calls("token") == []


def test_a_stolen_code_under_ones_own_state(stage: StageFactory, provider: LocalProvider) -> None:
    """Code injection: PKCE and the nonce bind the code to the browser that began the login."""
    here = stage()
    victim, attacker = here.browser(), here.browser()
    _, theirs = waiting(victim)
    _, own = waiting(attacker)
    page = attacker.navigate(f"{CALLBACK}?{urlencode(own | {'code': theirs['code']})}", until=provider.url("authorize"))
    assert not subject_of(attacker)
    assert page.status in (302, 303, 400)
    assert here.app.calls == []


def subject_of(browser: Browser) -> str | None:
    answer = browser.fetch("/private")
    return subject(answer) if answer.status == 200 else None


def test_a_signed_in_browser_keeps_its_person(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage()
    ada = here.signed_in("/private")
    provider.user = grace()
    _, params = waiting(here.browser())
    page = ada.get(f"{CALLBACK}?{urlencode(params)}", initiator="https://evil.example/")
    assert page.target == "https://app.test/private", "as a link to that page would lead there"
    assert subject_of(ada) == "ada-1815"


# A callback used again


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_a_used_callback_ends_at_its_page_in_the_same_browser(
    stage: StageFactory, provider: LocalProvider, mode: str
) -> None:
    here = stage(response_mode=mode)
    browser = here.browser()
    answer = browser.navigate("/private?x=1", until=CALLBACK)
    assert subject(browser.follow(answer)) == "ada-1815"
    session = browser.cookies.get(here.session_name)
    for _ in range(2):
        again = browser.follow(answer)
        assert (again.url, subject(again)) == ("https://app.test/private?x=1", "ada-1815")
    assert browser.cookies.get(here.session_name) == session
    assert len(provider.calls("token")) == 1


def test_a_used_callback_signs_nobody_in_elsewhere(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage()
    browser = here.browser()
    answer, params = waiting(browser)
    browser.follow(answer)
    calls = len(here.app.calls)
    stranger = here.browser()
    assert stranger.get(f"{CALLBACK}?{urlencode(params)}").status == 400
    browser.get("/oauth2/logout")
    signed_out = browser.get(f"{CALLBACK}?{urlencode(params)}")
    assert signed_out.status in (302, 400)
    assert browser.fetch("/private").status == 401
    assert len(provider.calls("token")) == 1
    assert len(here.app.calls) == calls


def test_a_copied_login_is_finished_once(stage: StageFactory, provider: LocalProvider) -> None:
    """With all of a browser's cookies a thief still has a code that is used up."""
    here = stage()
    browser = here.browser()
    answer, params = waiting(browser)
    thief = browser.copy()
    browser.follow(answer)
    page = thief.get(f"{CALLBACK}?{urlencode(params)}")
    assert is_login(page, provider) or page.status == 400
    assert subject_of(thief) is None


# Logins that another party begins


@pytest.mark.parametrize(
    "issuer",
    [
        "https://evil.example",
        "",
        "{}.evil.example",
        "{}/x",
        "{}?x",
        "{}#",
        " {}",
        "javascript:alert(1)",
        "{}@evil.example",
        "\x00",
    ],
)
def test_a_login_at_another_issuer_is_not_begun(stage: StageFactory, provider: LocalProvider, issuer: str) -> None:
    browser = stage().browser()
    asked = urlencode({"iss": issuer.format(provider.issuer), "target_link_uri": "/report"})
    for page in (
        browser.get(f"/oauth2/login?{asked}"),
        browser.post("/oauth2/login", body=asked.encode(), content_type="application/x-www-form-urlencoded"),
    ):
        assert (page.status, "Error issuer_unknown" in page.text) == (400, True)
        assert not page.header_list("Set-Cookie")
    assert provider.requests == []


@pytest.mark.parametrize("spelling", ["{}", "{}/"])
def test_the_issuers_slash_is_tolerated(stage: StageFactory, provider: LocalProvider, spelling: str) -> None:
    page = stage().browser().get(f"/oauth2/login?{urlencode({'iss': spelling.format(provider.issuer)})}")
    assert is_login(page, provider)


@pytest.mark.parametrize(
    ("target", "ends"),
    [
        ("https://app.test/report?y=1#z", "https://app.test/report?y=1#z"),
        ("/report", "https://app.test/report"),
        ("https://evil.example/", "https://app.test/"),
        ("//evil.example/", "https://app.test/"),
        ("/\\evil.example", "https://app.test/"),
        ("https://app.test@evil.example/", "https://app.test/"),
        ("https://app.test.evil.example/", "https://app.test/"),
        ("http://app.test/", "https://app.test/"),
        ("https://app.test:444/", "https://app.test/"),
        ("javascript:alert(1)", "https://app.test/"),
        ("/\t/evil.example", "https://app.test/"),
    ],
)
def test_the_target_of_a_foreign_login_is_judged_like_any_return_address(
    stage: StageFactory, provider: LocalProvider, target: str, ends: str
) -> None:
    browser = stage().browser()
    asked = urlencode({"iss": provider.issuer, "target_link_uri": target})
    answer = browser.navigate(f"/oauth2/login?{asked}", until=CALLBACK, initiator="https://portal.example/")
    assert browser.get(answer.target).target == ends


def test_a_doubled_parameter_of_a_login_is_refused(stage: StageFactory, provider: LocalProvider) -> None:
    browser = stage().browser()
    for name in ("iss", "target_link_uri", "login_hint", "next", "redirect_path", "auth_id"):
        page = browser.get(f"/oauth2/login?{name}=a&{name}=b")
        assert (page.status, "Error parameter_repeated" in page.text) == (400, True)
    assert provider.requests == []
