"""At DEBUG the log tells each step of a login, a refresh and a logout, and no secret at any level; nor do audit events.

Whole journeys are made, and the log of each is searched for everything secret that passed: what the provider was sent
and sent itself, what the browser was given, what the operator set, and the queries of the app's own addresses.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.apps import COOKIE_SECRET
from tests.browser import Browser
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import Stage

CALLBACK = "https://app.test/oauth2/callback"
QUERY = "account=4711-nobody-elses-business"
PAGE = f"/report?{QUERY}"
#: Parameters and headers of requests to the provider that are secret, or lead to a secret.
SECRET_PARAMETERS = {
    "state", "nonce", "code", "code_verifier", "code_challenge", "client_secret", "client_assertion", "refresh_token",
    "token", "id_token_hint", "logout_token",
}  # fmt: skip


class Journal:
    """The log of a journey, and the secrets that went by."""

    def __init__(self, caplog: pytest.LogCaptureFixture, provider: LocalProvider) -> None:
        self.caplog, self.provider = caplog, provider
        self.secrets: set[str] = {COOKIE_SECRET, provider.clients["app"].secret or "", QUERY}
        provider.change_token_response = self._issued

    def _issued(self, answer: dict[str, Any]) -> dict[str, Any]:
        self.secrets |= {str(answer[name]) for name in ("access_token", "id_token", "refresh_token") if name in answer}
        return answer

    @property
    def text(self) -> str:
        return self._of("oidc_gate")

    @property
    def events(self) -> str:
        return self._of("oidc_gate.audit")

    def _of(self, logger: str) -> str:
        records = self.caplog.get_records("call")  # as the test is over, `caplog.records` are those of its end
        return "\n".join(record.getMessage() for record in records if record.name == logger)

    def tells(self, *words: str) -> None:
        lines = self.text.splitlines()
        for each in words:
            assert any(each in line for line in lines), f"{each!r} is not told:\n{self.text}"

    def collect(self, *browsers: Browser) -> None:
        """Note the secrets of everything that the provider was asked, and that these browsers were given."""
        for call in self.provider.requests:
            for found in (call.params, call.form):
                self.secrets |= {value for name, value in found.items() if name in SECRET_PARAMETERS}
            self.secrets |= {value.partition(" ")[2] for name, value in call.headers.items() if name == "Authorization"}
        for browser in browsers:
            for answer in browser.trail:
                cookies = [header.partition(";")[0].partition("=")[2] for header in answer.header_list("Set-Cookie")]
                self.secrets |= set(cookies)
                self.secrets |= {pair.partition("=")[2] for pair in urlsplit(answer.target).query.split("&")}

    def holds_no_secret(self) -> None:
        """Search log and audit events for each secret, and for the middle of each: half a token is half too many."""
        looked_for = {secret for secret in self.secrets if len(secret) >= 12} - harmless(self.provider)
        assert len(looked_for) >= 8
        assert self.text
        assert self.events
        for text, secret in product((self.text, self.events), looked_for):
            middle = secret[len(secret) // 3 : len(secret) // 3 + 8]
            assert middle not in text, f"{secret!r}, in:\n{text}"


def harmless(provider: LocalProvider) -> set[str]:
    """Return what is no secret in the parameters of an authorization request."""
    own = {call.params.get(name, "") for call in provider.requests for name in ("scope", "redirect_uri", "iss")}
    return {value.replace(" ", "+") for value in own} | {
        value.replace(":", "%3A").replace("/", "%2F") for value in (*own, provider.issuer, provider.origin)
    }


@pytest.fixture
def journal(caplog: pytest.LogCaptureFixture, provider: LocalProvider) -> Iterator[Journal]:
    """Keep the log from here on; whatever the test was about, it must hold no secret."""
    caplog.set_level(logging.DEBUG)
    found = Journal(caplog, provider)
    yield found
    found.holds_no_secret()


@pytest.fixture(params=["cookie", "sqlite"])
def here(request: pytest.FixtureRequest, stage: StageFactory, tmp_path: Path) -> Stage:
    """Set a stage with sessions in cookies, or in a store with tokens that are renewed."""
    options: dict[str, Any] = {"allow_emails": "ada@example.com", "allow_domains": "example.org", "userinfo": "always"}
    options |= {"audit": True, "allow_groups": "staff", "userinfo_refresh_interval": "10m", "idle_session_timeout": 0}
    if request.param == "sqlite":
        options |= {"session_store": f"sqlite:///{tmp_path}/s.db", "scopes": "openid profile email offline_access"}
        options |= {"provider_logout": True}
    return stage(**options)


def test_a_login_is_told_step_by_step(here: Stage, journal: Journal, provider: LocalProvider) -> None:
    browser = here.browser()
    assert browser.navigate(PAGE).status == 200
    assert browser.get(PAGE).status == 200
    journal.collect(browser)
    journal.tells(
        "GET '/report' (page): no cookie __Host-oidc_gate.default-",
        f"{provider.issuer}/.well-known/openid-configuration: 200, application/json",
        f"a login begins for /report: to {provider.url('authorize')} as client app, redirect URI {CALLBACK}, scopes",
        "the browser comes back from the provider with a code",
        f"{provider.url('token')}: 200, application/json",
        "the ID token is good: signed with RS256, claims: at_hash, aud,",
        "userinfo has the claims: email, email_verified,",
        "subject 'ada-1815', by the lists: allow_emails: yes; allow_domains: no; allow_groups: no, of 2 groups",
        "the session goes into 1 cookie(s) named __Host-oidc_gate.default-",
        "signed in: subject 'ada-1815' at client app",
    )


def test_a_refresh_and_a_recheck_are_told(here: Stage, journal: Journal) -> None:
    browser = here.signed_in(PAGE)
    for _ in range(6 if here.settings.get("session_store") else 3):  # the provider's access tokens last an hour
        here.clock.advance(601)
        assert browser.get(PAGE).status == 200
    journal.collect(browser)
    journal.tells("a session is checked again, subject 'ada-1815': userinfo is asked", "userinfo has the claims: ")
    if here.settings.get("session_store"):
        journal.tells("a session is checked again, subject 'ada-1815': its tokens are renewed")
        journal.tells("the refreshed ID token is good: signed with RS256, claims: ")


def test_a_logout_is_told(here: Stage, journal: Journal, provider: LocalProvider) -> None:
    browser = here.signed_in(PAGE)
    browser.navigate(f"/oauth2/logout?next=/bye?{QUERY}")
    for _ in range(2):
        browser.get("/oauth2/logout")
    journal.collect(browser)
    journal.tells("signed out: subject 'ada-1815'", "there is no session to sign out of; cookies are deleted")
    if here.settings.get("provider_logout"):
        journal.tells(f"signing out goes on at the provider: {provider.url('end_session')}")


def test_a_logout_from_the_provider_is_told(here: Stage, journal: Journal, provider: LocalProvider) -> None:
    browser = here.signed_in(PAGE)
    sid = browser.fetch("/").json()["identity"]["claims"]["sid"]
    token = provider.make_logout_token(sub="ada-1815", sid=sid)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "*/*"}
    answer = here.browser().post("/oauth2/backchannel-logout", form={"logout_token": token}, headers=headers)
    journal.secrets.add(token)
    journal.collect(browser)
    if here.settings.get("session_store"):
        assert answer.status == 200
        journal.tells("the logout token is good: claims: aud, events,", "the provider ended 1 session(s) by sid")
        assert browser.fetch("/").status == 401
        name = session_name(browser)
        journal.tells(f"GET '/' (program): the cookie {name} opens no session here, or one that has ended")


@pytest.mark.parametrize(
    "fault",
    ["wrong_nonce", "bad_signature", "token_invalid_grant", "token_invalid_client", "wrong_at_hash", "token_html"],
)
def test_a_login_that_fails_tells_no_secret_either(
    fault: str, here: Stage, journal: Journal, provider: LocalProvider
) -> None:
    browser = here.browser()
    with provider.fault(fault):
        page = browser.navigate(PAGE)
    assert page.status >= 400
    journal.collect(browser)
    journal.tells("the browser comes back from the provider with a code")


def test_the_providers_no_and_a_forged_callback_are_told(
    stage: StageFactory, journal: Journal, provider: LocalProvider
) -> None:
    here = stage(response_mode="form_post", audit=True)
    browser = here.browser()
    with provider.fault("callback_error", error="access_denied"):
        assert browser.navigate(f"/oauth2/login?next={PAGE}").status == 400
    forged = browser.get("/oauth2/callback?state=a-state-that-nobody-has-sent&code=a-code-that-nobody-has-sent")
    assert forged.status == 400
    journal.secrets |= {"a-state-that-nobody-has-sent", "a-code-that-nobody-has-sent"}
    journal.collect(browser)
    journal.tells("with prompt=login", "the browser comes back from the provider with an error", "access_denied")


@pytest.mark.parametrize(
    ("settings", "person", "told"),
    [
        ({"allow_emails": "b@b.example"}, {}, "allow_emails: no"),
        ({"allow_emails": "b@b.example"}, {"email": None}, "allow_emails: no, without an address"),
        ({"allow_domains": "example.com"}, {"email_verified": False}, "allow_domains: no, without a verified address"),
        ({"allow_groups": "staff"}, {"groups": ["a", "staff"]}, "allow_groups: yes, of 2 groups"),
        ({"allow_groups": "staff", "groups_claim": "roles"}, {}, "allow_groups: no, of no roles"),
    ],
)
def test_what_each_list_says_is_told_without_a_claims_value(
    settings: dict[str, Any], person: dict[str, Any], told: str,
    stage: StageFactory, journal: Journal, provider: LocalProvider,
) -> None:  # fmt: skip
    changed = provider.people["ada"] | person
    provider.people["ada"] = provider.user = {name: value for name, value in changed.items() if value is not None}
    browser = stage(**settings, audit=True).browser()
    browser.navigate(PAGE)
    journal.collect(browser)
    journal.tells(f"subject 'ada-1815', by the lists: {told}")
    assert "ada@example.com" not in journal.text


def test_cookies_that_are_no_session_are_told_apart(stage: StageFactory, journal: Journal) -> None:
    here = stage(audit=True)
    browser = here.signed_in(PAGE)
    thief, name = here.browser(), session_name(browser)
    thief.fetch(PAGE)
    thief.cookies.set("theme", "dark")
    thief.fetch(PAGE)
    planted = [f"{name}=planted-in-the-first-place", f"{name}=planted-in-the-second-place"]
    for header in (planted[0], "; ".join(planted)):
        thief.fetch(PAGE, headers={"Cookie": header})
    journal.secrets |= {"planted-in-the-first-place", "planted-in-the-second-place"}
    journal.collect(browser, thief)
    assert [line for line in journal.text.splitlines() if "(program)" in line] == [
        f"GET '/report' (program): no cookie {name}, and no other",
        f"GET '/report' (program): no cookie {name}",
        f"GET '/report' (program): the cookie {name} opens no session here, or one that has ended",
        f"GET '/report' (program): the cookie {name} is incomplete, or comes twice",
    ]


def session_name(browser: Browser) -> str:
    (name,) = [each for each in browser.cookies.names() if "oidc_gate." in each and ".login." not in each]
    return name
