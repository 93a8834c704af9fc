"""A fault that time does not mend is no outage: it is told as one of the setting-up, and the log says whose it is."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.answers import Answer
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider

CALLBACK = "https://app.test/oauth2/callback"
HALF = '{"issuer": "https://idp.example", "authorization_endpoint": "https://idp.exa'


def not_set_up(answer: Answer) -> bool:
    assert "not set up right; the log says why" in answer.text
    assert "try again in a few seconds" not in answer.text
    return answer.status == 500 and not answer.header("Retry-After")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ((404, {"Content-Type": "text/html"}, "no such page"), "answered with status 404"),
        ((410, {}, ""), "answered with status 410"),
        ((403, {"Content-Type": "text/html"}, "no"), "answered with status 403"),
        ((200, {"Content-Type": "text/html"}, "<!doctype html><title>Wi-Fi</title>"), "not readable ('text/html')"),
        ((200, {"Content-Type": "application/json"}, HALF), "not readable: Unterminated string"),
        ((302, {"Location": "https://idp.example/login"}, ""), "status 302, to 'https://idp.example/login'"),
    ],
)
def test_what_stands_in_the_place_of_discovery_for_good(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture, document: Any, said: str
) -> None:
    here = stage()
    provider.answer["discovery"] = document
    for path in ("/report", "/oauth2/login"):
        assert not_set_up(here.browser().get(path, headers={"Accept": "text/html"}))
    assert said in caplog.text
    assert f"{provider.issuer}/.well-known/openid-configuration" in caplog.text
    provider.reset()
    provider.clock = here.clock
    here.clock.advance(10)
    assert here.signed_in().fetch("/").status == 200


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("discovery_wrong_issuer", "discovery names the issuer 'https://evil.example', and issuer_url is"),
        ("discovery_lacks_token_endpoint", "token_endpoint in the discovery document is missing"),
    ],
)
def test_a_document_that_is_not_the_one_meant(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture, fault: str, said: str
) -> None:
    here = stage()
    with provider.fault(fault):
        assert not_set_up(here.browser().get("/report"))
    assert said in caplog.text


@pytest.mark.parametrize("endpoint", ["jwks", "token", "userinfo"])
def test_nothing_where_discovery_says_that_there_is_something(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture, endpoint: str
) -> None:
    """The login under way is as good as before: once it is mended, the page can be reloaded."""
    here = stage(userinfo="always")
    browser = here.browser()
    at_provider = browser.navigate("/report", until=CALLBACK)
    provider.answer[endpoint] = (404, {"Content-Type": "text/html"}, "no such page")
    assert not_set_up(browser.get(at_provider.target))
    assert f"{provider.url(endpoint)}" in caplog.text
    del provider.answer[endpoint]
    here.clock.advance(10)
    assert browser.navigate(at_provider.target).url == "https://app.test/report"


def test_sessions_outlive_a_provider_that_is_no_longer_there(stage: StageFactory, provider: LocalProvider) -> None:
    here = stage(userinfo_refresh_interval="1m", idle_session_timeout=0)
    ada = here.signed_in()
    for endpoint in ("discovery", "userinfo", "jwks"):
        provider.answer[endpoint] = (404, {}, "")
    here.clock.advance(4000)
    assert ada.fetch("/").status == 200


def test_a_store_whose_folder_is_gone(
    stage: StageFactory, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()  # without it the gate would not start
    here = stage(session_store=f"sqlite:///{folder}/sessions.db")
    folder.rmdir()
    browser = here.browser()
    page = browser.navigate("/report")
    assert not_set_up(page)
    assert f"there is no folder {folder}" in caplog.text
    folder.mkdir()
    assert browser.navigate(page.url).url == "https://app.test/report"


# Whose fault it is, as the log tells the operator


def log_of(stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture, **faults: Any) -> str:
    """Sign in at a provider that is told to do these things; return what the log says."""
    ((name, options),) = faults.items()
    with provider.fault(name, **options), caplog.at_level(logging.INFO, "oidc_gate"):
        page = stage().browser().navigate("/report")
    assert page.status == 400, page.text
    return caplog.text


@pytest.mark.parametrize(
    ("fault", "options", "said"),
    [
        ("wrong_audience", {}, "for 'another-client', and client_id is 'app'"),
        ("another_audience_with_azp", {"aud": ["a", "b"]}, "for ['a', 'b'], and client_id is 'app'"),
        ("wrong_azp", {}, "issued to 'another-client', and client_id is 'app'"),
        ("wrong_issuer", {}, "names the issuer 'https://evil.example', and the provider's is 'http://127.0.0.1:"),
        ("wrong_callback_issuer", {}, "and names 'https://evil.example'"),
        ("no_callback_issuer", {}, "and names none"),
        ("expired", {}, "expired 3600 s (clock_leeway 60 s) ago"),
        ("issued_in_the_future", {}, "was issued 3600 s (clock_leeway 60 s) in the future"),
        ("not_yet_valid", {}, "is valid from 3600 s (clock_leeway 60 s) in the future"),
        ("callback_error", {}, "refused the login: error 'access_denied', 'The person said no.'"),
        ("callback_error", {"error": "login request denied"}, "error 'login request denied', 'The person said no.'"),
        ("token_invalid_client", {}, "client_auth_method is client_secret_basic"),
    ],
)
def test_a_refused_login_is_told_with_both_values(
    stage: StageFactory,
    provider: LocalProvider,
    caplog: pytest.LogCaptureFixture,
    fault: str,
    options: dict[str, Any],
    said: str,
) -> None:
    assert said in log_of(stage, provider, caplog, **{fault: options})


def test_a_token_that_is_encrypted_while_there_is_no_key(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    provider.change_token_response = lambda document: document | {"id_token": "eyJh.a.b.c.d"}
    page = stage().browser().navigate("/report")
    assert (page.status, "token_malformed" in page.text) == (400, True)
    assert "encrypted, and there is no client_private_key_file" in caplog.text


@pytest.mark.parametrize(
    ("status", "error"), [(401, "unauthorized_client"), (403, "unauthorized_client"), (401, "odd")]
)
def test_a_wrong_secret_is_told_as_one_whatever_the_provider_calls_it(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture, status: int, error: str
) -> None:
    said = {"error": error, "error_description": "Invalid client or Invalid client credentials"}
    provider.answer["token"] = (status, {}, said)
    provider.change_discovery = lambda document: document | {
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"]
    }
    page = stage().browser().navigate("/report")
    assert (page.status, "client_rejected" in page.text) == (400, True)
    assert f"(status {status}, error '{error}', 'Invalid client or Invalid client credentials')" in caplog.text
    assert "the provider lists client_secret_basic, client_secret_post (a provider that compares" in caplog.text


@pytest.mark.parametrize("status", [200, 400])
def test_a_code_that_is_no_longer_accepted_starts_again_also_with_status_200(
    stage: StageFactory, provider: LocalProvider, status: int
) -> None:
    here = stage()
    browser = here.browser()
    at_provider = browser.navigate("/report", until=CALLBACK)
    with provider.fault("token_invalid_grant"):
        provider.answer["token"] = (status, {}, {"error": "invalid_grant"})
        again = browser.get(at_provider.target)
    assert (again.status, again.target.startswith(provider.url("authorize"))) == (302, True)
    assert browser.navigate(again.target).url == "https://app.test/report"


def test_nothing_that_was_sent_to_the_token_endpoint_is_in_the_log(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    """Token endpoints have been seen to repeat what they were sent."""
    sent: dict[str, str] = {}

    def repeat(request: Any) -> Any:
        sent.update(request.form)
        sent["authorization"] = request.headers["authorization"].partition(" ")[2]
        said = " ".join(f"{name}={value}" for name, value in sent.items())
        from werkzeug import Response

        return Response(f'{{"error": "invalid_request", "error_description": "{said}"}}', 400)

    provider.answer["token"] = repeat
    with caplog.at_level(logging.DEBUG):
        assert stage().browser().navigate("/report").status == 400
    assert {"code", "code_verifier", "authorization"} <= set(sent)
    assert "error 'invalid_request', 'grant_type=authorization_code" in caplog.text
    for name in ("code", "code_verifier", "authorization"):
        assert sent[name] not in caplog.text
        assert sent[name][:12] not in caplog.text


def test_a_refused_refresh_token_is_not_called_a_code(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    here = stage(session_store=f"sqlite:///{tmp_path}/sessions.db", scopes="openid email offline_access")
    ada = here.signed_in()
    here.clock.advance(provider.access_token_lifetime)
    provider.answer["token"] = (400, {}, {"error": "invalid_grant", "error_description": "Session not active"})
    assert ada.fetch("/").status == 401
    said = "status 400, error 'invalid_grant', 'Session not active'"
    assert f"no longer accepts the refresh token ({said})" in caplog.text
