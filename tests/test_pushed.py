"""Pushed authorization requests (RFC 9126): the provider gets the request itself, the browser takes a reference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from oidc_gate import Settings
from oidc_gate.errors import ProviderError, SettingsError
from oidc_gate.provider.client_authentication import client_authentication
from oidc_gate.provider.http_messages import HTTPAnswer, HTTPRequest
from oidc_gate.provider.provider import Provider
from oidc_gate.provider.pushed_requests import naming_client, pushed_request, read_pushed
from oidc_gate.provider.token_errors import TokenCall
from tests.answers import Answer
from tests.apps import COOKIE_SECRET
from tests.conftest import StageFactory
from tests.providers import keys
from tests.providers.local import LocalProvider
from tests.stage import HTML, Stage, query, subject


@pytest.fixture
def pushing(provider: LocalProvider) -> LocalProvider:
    """Have the provider take pushed requests, and no others."""
    provider.offers, provider.demands_pushed = {"par"}, True
    return provider


def sent_off(page: Answer, provider: LocalProvider) -> dict[str, str]:
    """Return what the browser takes to the provider; it is sent there."""
    assert page.status in (302, 303), page
    assert page.location.startswith(provider.url("authorize") + "?")
    return query(page.location)


def refused(here: Stage, code: str, status: int) -> Answer:
    """Ask for a page; nobody is sent anywhere, no cookie is set, and the page has this code."""
    page = here.browser().get("/private", headers=HTML)
    assert (page.status, f"Error {code} ·" in page.text) == (status, True), page.text
    assert not page.header_list("set-cookie")
    assert bool(page.header("retry-after")) == (status == 503)
    return page


def test_a_request_is_pushed_where_the_provider_demands_it(stage: StageFactory, pushing: LocalProvider) -> None:
    """The browser takes `client_id` and `request_uri` along, and nothing else (RFC 9126, 4)."""
    here = stage()
    page = here.browser().get("/private?x=1", headers=HTML)
    assert sent_off(page, pushing).keys() == {"client_id", "request_uri"}
    (pushed,) = pushing.calls("par")
    assert pushed.method == "POST"
    assert pushed.query == ""
    assert pushed.headers["content-type"] == "application/x-www-form-urlencoded"
    assert pushed.form.keys() == {
        "response_type", "client_id", "redirect_uri", "scope", "code_challenge_method", "code_challenge", "state",
        "nonce",
    }  # fmt: skip
    assert pushed.form["redirect_uri"] == "https://app.test/oauth2/callback"
    browser = here.browser()
    assert subject(browser.navigate("/private?x=1")) == "ada-1815"
    assert subject(browser.navigate("/other")) == "ada-1815"
    assert len(pushing.calls("par")) == 2


def test_each_login_has_a_reference_of_its_own(stage: StageFactory, pushing: LocalProvider) -> None:
    """However long one would be good (`expires_in`), it is never used again."""
    browser = stage().browser()
    references = {sent_off(browser.get("/", headers=HTML), pushing)["request_uri"] for _ in range(3)}
    assert len(references) == 3
    assert len({call.form["state"] for call in pushing.calls("par")}) == 3


@pytest.mark.parametrize(
    ("pushed", "demanded", "offered", "is_pushed"),
    [
        ("auto", False, True, False),
        ("auto", True, True, True),
        ("always", False, True, True),
        ("never", False, True, False),
    ],
)
def test_when_requests_are_pushed(
    stage: StageFactory, provider: LocalProvider, pushed: str, demanded: bool, offered: bool, is_pushed: bool
) -> None:
    provider.offers, provider.demands_pushed = ({"par"} if offered else set()), demanded
    assert subject(stage(pushed=pushed).browser().navigate("/private")) == "ada-1815"
    assert bool(provider.calls("par")) is is_pushed


def test_never_is_never(stage: StageFactory, pushing: LocalProvider) -> None:
    """A provider that demands it then says no on a page of its own."""
    page = stage(pushed="never").browser().navigate("/private")
    assert page.url.startswith(pushing.url("authorize"))
    assert page.status == 400
    assert not pushing.calls("par")


def test_a_reference_is_good_once_and_for_its_time(stage: StageFactory, pushing: LocalProvider) -> None:
    """Of the tests' provider: what the gate is held against is one."""
    here = stage()
    first = here.browser()
    address = first.get("/private", headers=HTML).location
    assert subject(first.navigate(address)) == "ada-1815"
    assert here.browser().navigate(address).status == 400
    late = here.browser()
    address = late.get("/private", headers=HTML).location
    here.clock.advance(61)
    assert late.navigate(address).status == 400
    assert subject(late.navigate("/private")) == "ada-1815"


@pytest.mark.parametrize(
    "method", ["client_secret_basic", "client_secret_post", "client_secret_jwt", "private_key_jwt", "none"]
)
def test_the_client_proves_itself_as_at_the_token_endpoint(
    stage: StageFactory, pushing: LocalProvider, method: str, tmp_path: Path
) -> None:
    """And `client_id` comes once, whatever the proof; an assertion is for the issuer (RFC 9126, 2)."""
    more: dict[str, Any] = {}
    registration: dict[str, Any] = {"auth_method": method}
    if method in ("private_key_jwt", "none"):
        registration["secret"] = None
    if method == "private_key_jwt":
        key = keys.make_key("ec", 7)
        (tmp_path / "key.json").write_text(json.dumps(key.as_dict(private=True)))
        registration["jwks"] = keys.public_jwks(key)
        more["client_private_key_file"] = tmp_path / "key.json"
    pushing.add_client(**registration)
    assert subject(stage(**more).browser().navigate("/private")) == "ada-1815"
    (pushed,) = pushing.calls("par")
    assert pushed.form["client_id"] == "app"
    assert ("authorization" in pushed.headers) == (method == "client_secret_basic")
    if "client_assertion" in pushed.form:
        assert keys.unverified_claims(pushed.form["client_assertion"])["aud"] == pushing.issuer


def test_what_is_asked_of_a_login_is_pushed_too(stage: StageFactory, pushing: LocalProvider) -> None:
    """The settings' own parameters, the hint of a third party, prompt and what a rule asks."""
    pushing.acrs = ("phr",)
    here = stage(
        authz_url_params={"ui_locales": "de en"}, rules=[{"path": "/pay", "allow": "signed-in", "acr": ["phr"]}]
    )
    browser = here.browser()
    sent_off(browser.get("/oauth2/login?next=/x"), pushing)
    sent_off(browser.get(f"/oauth2/login?iss={pushing.issuer}&login_hint=ann%40x.example"), pushing)
    sent_off(here.browser().get("/pay", headers=HTML), pushing)
    asked, hinted, paid = (call.form for call in pushing.calls("par"))
    assert (asked["prompt"], asked["ui_locales"]) == ("login", "de en")
    assert hinted["login_hint"] == "ann@x.example"
    assert paid["acr_values"] == "phr"


def test_a_query_of_the_endpoints_own_stays_in_its_address(stage: StageFactory, pushing: LocalProvider) -> None:
    pushing.change_discovery = lambda document: (
        document | {"authorization_endpoint": document["authorization_endpoint"] + "?p=policy"}
    )
    page = stage().browser().get("/private", headers=HTML)
    assert sent_off(page, pushing).keys() == {"p", "client_id", "request_uri"}
    (pushed,) = pushing.calls("par")
    assert "p" not in pushed.form


def test_a_person_who_takes_their_time_at_the_form(stage: StageFactory, pushing: LocalProvider) -> None:
    pushing.user = None
    browser = stage().browser()
    form = browser.navigate("/private")
    assert parse_qs(urlsplit(form.url).query).keys() == {"client_id", "request_uri"}
    page = browser.follow(browser.submit(form, username="grace", password="secret"))
    assert subject(page) == "grace-1906"


# What goes wrong


@pytest.mark.parametrize(
    ("answer", "code", "status"),
    [
        ((400, {}, {"error": "invalid_request", "error_description": "no"}), "pushed_request_rejected", 400),
        ((400, {}, {"error": "invalid_scope"}), "pushed_request_rejected", 400),
        ((403, {}, "Forbidden"), "pushed_request_rejected", 400),
        ((413, {}, "too large"), "pushed_request_rejected", 400),
        ((200, {}, {"error": "invalid_request"}), "pushed_request_rejected", 400),
        ((401, {}, {"error": "invalid_client"}), "client_rejected", 400),
        ((400, {}, {"error": "unauthorized_client"}), "client_rejected", 400),
        ((401, {}, "no"), "client_rejected", 400),
        ((201, {}, {"expires_in": 60}), "pushed_answer_invalid", 400),
        ((201, {}, {"request_uri": 7, "expires_in": 60}), "pushed_answer_invalid", 400),
        ((201, {}, {"request_uri": "", "expires_in": 60}), "pushed_answer_invalid", 400),
        ((201, {}, {"request_uri": "u" * 2001, "expires_in": 60}), "pushed_answer_invalid", 400),
        ((201, {}, "<html>"), "pushed_answer_unreadable", 503),
        ((404, {}, "not here"), "endpoint_missing", 500),
        ((429, {}, "later"), "provider_unavailable", 503),
        ((503, {}, "down"), "provider_unavailable", 503),
        ((302, {"Location": "/elsewhere"}, ""), "provider_unavailable", 503),
    ],
)
def test_a_no_is_told_with_its_code(pushing: LocalProvider, answer: Any, code: str, status: int) -> None:
    """And nothing is kept of a login that did not begin. One world will do: what is decided is in no adapter."""
    pushing.answer["par"] = answer
    refused(Stage("wsgi", pushing), code, status)


def test_a_no_in_both_worlds(stage: StageFactory, pushing: LocalProvider, caplog: pytest.LogCaptureFixture) -> None:
    secret = pushing.clients["app"].secret
    said = {"error": "invalid_request", "error_description": f"redirect_uri is wrong, not {secret}"}
    pushing.answer["par"] = (400, {}, said)
    page = refused(stage(), "pushed_request_rejected", 400)
    assert "did not understand" in page.text
    assert "redirect_uri is wrong" in caplog.text
    assert "(oidc-gate doctor: P16)" in caplog.text
    assert str(secret) not in caplog.text + page.text


def test_a_provider_that_is_down_is_told_as_without_its_metadata(stage: StageFactory, pushing: LocalProvider) -> None:
    here = stage()
    ada = here.signed_in("/")
    pushing.answer["par"] = (500, {}, "")
    refused(here, "provider_unavailable", 503)
    assert ada.fetch("/").status == 200
    del pushing.answer["par"]
    assert subject(here.browser().navigate("/")) == "ada-1815"


def test_a_provider_without_the_endpoint(stage: StageFactory, provider: LocalProvider) -> None:
    """`always` is always: nobody is sent off with a request that anybody may read and change."""
    refused(stage(pushed="always"), "pushed_requests_missing", 500)
    provider.demands_pushed = True
    refused(stage(), "pushed_requests_missing", 500)


def test_the_endpoint_may_stand_in_the_settings(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(pushed="always", provider_endpoints={"pushed_authorization_request_endpoint": provider.url("par")})
    assert subject(here.browser().navigate("/")) == "ada-1815"
    assert provider.calls("par")


def test_an_assertion_of_the_platform_names_the_client_once() -> None:
    """Its proof brings `client_id` (RFC 7521, 4.2)."""
    authenticate = client_authentication("client_assertion", "app", "", assertion=lambda: "a.b.c")
    sent = authenticate(pushed_request("https://idp.test/par", "state=s&client_id=app"), "https://idp.test")
    assert (naming_client(sent, "app").body or "").count("client_id=app") == 1
    assert naming_client(HTTPRequest("https://idp.test/par", {}, "state=s"), "a b").body == "state=s&client_id=a+b"


def test_what_a_provider_repeats_of_a_request_is_not_in_the_error() -> None:
    call = TokenCall("client_secret_post", secrets=frozenset({"the-secret-of-the-app"}))
    body = b'{"error": "invalid_request", "error_description": "got the-secret-of-the-app"}'
    with pytest.raises(ProviderError) as raised:
        read_pushed(HTTPAnswer(400, "application/json", body), call)
    assert "the-secret" not in raised.value.detail


# Several providers, and a terminal


def test_it_is_the_whole_gates(provider: LocalProvider) -> None:
    """`auto` is each provider's own demand; what is said holds for all, and a table of one cannot say otherwise."""
    other = {"auth_id": "guests", "issuer_url": "https://guests.test", "client_id": "g", "client_secret": "s"}
    given = provider.gate_options(cookie_secret=COOKIE_SECRET, pushed="always")
    made = Settings(**given, providers=[other | {"allow_all": True}])
    assert [each.pushed for each in made.all_providers] == ["always", "always"]
    with pytest.raises(SettingsError, match="pushed is no setting of one provider"):
        Settings(**given, providers=[other | {"allow_all": True, "pushed": "never"}])


def test_a_changed_setting_keeps_what_is_known_of_the_provider(pushing: LocalProvider) -> None:
    """As others that say how this client asks."""
    given = pushing.gate_options(cookie_secret=COOKIE_SECRET)
    before = Provider(Settings(**given))
    before.metadata()
    after = Provider(Settings(**given, pushed="never"), before=before)
    known = after.known_metadata()
    assert known is not None
    assert (before.is_pushed(known), after.is_pushed(known)) == (True, False)
