"""What the operator set up and what requests show do not fit together: that is told, once, with both values."""

from __future__ import annotations

import logging

import pytest

from tests.apps import COOKIE_SECRET
from tests.conftest import StageFactory
from tests.stage import Stage


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.WARNING, logger="oidc_gate")
    return caplog


# base_url has a path that stays on the requests


@pytest.mark.parametrize("response_mode", ["query", "form_post"])
def test_a_path_of_base_url_that_nobody_takes_off_is_no_endless_redirect(
    stage: StageFactory, log: pytest.LogCaptureFixture, response_mode: str
) -> None:
    here = stage(base_url="https://app.test/shop/", response_mode=response_mode)
    page = here.browser().navigate("/shop/cart")
    assert (page.status, "base_url_path" in page.text) == (500, True)
    assert "the log says what to check" in page.text
    assert "reached the gate as /shop/oauth2/callback, with the path of base_url in front" in log.text
    assert here.app.calls == []


@pytest.mark.parametrize("base_url", ["https://app.test", "https://app.test/shop"])
def test_a_mounts_own_address_is_a_page_like_others(stage: StageFactory, base_url: str) -> None:
    """Its path is empty inside of the mount."""
    here = stage(base_url=base_url, allow_groups="staff")
    assert here.browser(root_path="/shop").get("/shop").status == 302


def test_a_path_of_base_url_that_is_taken_off_works(stage: StageFactory) -> None:
    here = stage(base_url="https://app.test/shop")
    assert here.signed_in("/shop/cart", root_path="/shop").fetch("/shop/oauth2/callback").status == 400


# The host and the scheme of requests, and base_url


def departs(here: Stage, origin: str, headers: dict[str, str] | None = None) -> None:
    """Have a new browser ask for a page at this origin, which begins a login."""
    answer = here.browser(origin=origin).get("/report", headers={"Sec-Fetch-Mode": "navigate"} | (headers or {}))
    assert answer.status == 302


def test_another_host_than_base_urls_is_told_once(stage: StageFactory, log: pytest.LogCaptureFixture) -> None:
    here = stage(base_url="http://localhost:8000", allow_groups="staff")
    departs(here, "http://localhost:8000")
    assert log.messages == []
    for _ in range(3):
        departs(here, "http://127.0.0.1:8000")
    (said,) = log.messages
    assert said.startswith("a login begins at the host 127.0.0.1:8000, and base_url is http://localhost:8000: fine w")
    departs(here, "http://evil.example")
    assert len(log.messages) == 2


def test_a_proxy_that_tells_the_right_host_is_no_mismatch(stage: StageFactory, log: pytest.LogCaptureFixture) -> None:
    here = stage(base_url="https://app.test", allow_groups="staff")
    departs(here, "http://backend:8000", {"X-Forwarded-Host": "App.test", "X-Forwarded-Proto": "https"})
    departs(here, "http://app.test")  # TLS ends in front
    behind_one = stage(base_url="https://app.test", allow_groups="staff", trusted_proxies=1)
    departs(behind_one, "http://backend:8000", {"X-Forwarded-Host": "app.test"})
    assert log.messages == []
    departs(behind_one, "http://backend:8000", {"X-Forwarded-Host": "other.test"})
    assert "at the host other.test, and base_url is https://app.test" in log.text


def test_https_where_base_url_is_http_is_told_once(stage: StageFactory, log: pytest.LogCaptureFixture) -> None:
    here = stage(base_url="http://app.test", allow_groups="staff")
    for _ in range(2):
        departs(here, "https://app.test")
    assert log.messages == ["requests come over https (https://app.test), and base_url is http://app.test"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-Forwarded-Proto", "https"), ("X-Forwarded-Proto", "HTTPS, http"), ("Forwarded", "for=1.2.3.4;proto=https")],
)
@pytest.mark.parametrize("trusted", [0, "10.0.0.0/8"])
def test_a_proxy_that_is_not_believed_is_told_once(
    name: str, value: str, trusted: int | str, stage: StageFactory, log: pytest.LogCaptureFixture
) -> None:
    here = stage(trusted_proxies=trusted, allow_groups="staff")
    departs(here, "http://app.test", {"X-Forwarded-Proto": "http"})
    assert log.messages == []
    for _ in range(2):
        departs(here, "http://app.test", {name: value})
    (said,) = log.messages
    assert said.startswith(f"203.0.113.9 says {name.lower()}: {value}, and is not believed, so a login begins at http://app")
    assert said.endswith("set base_url, or name the proxy in trusted_proxies")


def test_a_proxy_that_is_believed_or_not_needed_is_not_told(
    stage: StageFactory, log: pytest.LogCaptureFixture
) -> None:
    told = {"X-Forwarded-Proto": "https"}
    departs(stage(trusted_proxies=1, allow_groups="staff"), "http://app.test", told)
    departs(stage(allow_groups="staff"), "https://app.test", told)
    departs(stage(base_url="https://app.test", allow_groups="staff"), "http://app.test", told)
    assert log.messages == []


def test_strangers_cannot_fill_the_log(stage: StageFactory, log: pytest.LogCaptureFixture) -> None:
    here = stage(base_url="https://app.test", allow_groups="staff")
    for number in range(100):
        departs(here, f"http://host{number}.example")
    assert len(log.messages) == 16
    log.clear()
    long = stage(allow_groups="staff")
    departs(long, "http://app.test", {"X-Forwarded-Proto": "https\x7f" + "x" * 5000})
    (said,) = log.messages
    assert len(said) < 400
    assert "\x7f" not in said


# Logins whose cookies do not come back


def test_a_secure_cookie_that_cannot_come_over_http_is_told(
    stage: StageFactory, log: pytest.LogCaptureFixture
) -> None:
    here = stage(base_url="https://app.test", allow_groups="staff")
    browser = here.browser(origin="http://app.test")
    back = browser.navigate("/report", until="https://app.test/oauth2/callback")
    page = browser.get(back.target.replace("https://", "http://"))
    assert (page.status, "cookies_missing" in page.text) == (400, True)
    assert "a login's cookie is Secure, for https://app.test, and none came with this request, over http f" in log.text
    log.clear()
    stranger = here.browser(origin="https://app.test")
    assert stranger.get(back.target).status == 400
    assert "Secure" not in log.text


def test_processes_that_do_not_share_a_secret_are_told_with_both_names(
    stage: StageFactory, log: pytest.LogCaptureFixture
) -> None:
    here = stage(allow_domains="example.com")
    browser = here.browser()
    back = browser.navigate("/report", until="https://app.test/oauth2/callback")
    other = here.moved(browser, here.another_gate(cookie_secret="another-secret-than-the-others-have"))
    page = other.get(back.target)
    assert (page.status, "state_unknown" in page.text) == (400, True)
    (name,) = browser.cookies.names()
    (said,) = [message for message in log.messages if "state_unknown" in message]
    assert f"this browser has the cookie {name} of a login, and this process sets __Host-oidc_gate.default-" in said
    assert said.endswith(".login.0: do all processes share one cookie_secret? (oidc-gate doctor: A1)")
    assert here.moved(browser, here.another_gate()).navigate(back.target).status == 200


def test_a_session_of_another_gate_is_told_once_with_both_names(
    stage: StageFactory, log: pytest.LogCaptureFixture
) -> None:
    here = stage()
    browser = here.signed_in("/report")
    (name,) = [each for each in browser.cookies.names() if ".login." not in each]
    log.clear()
    gate = here.another_gate(cookie_secret="another-secret-than-the-others-have", allow_groups="staff")
    for _ in range(2):
        assert here.moved(browser, gate).get("/report").status == 302
    (said,) = log.messages
    assert said.startswith(f"a browser came with the cookie {name} of another gate, and this one sets __Host-oidc_gate")
    assert "a process with another cookie_secret" in said


def test_a_secret_that_is_still_listed_is_no_other_gates(stage: StageFactory, log: pytest.LogCaptureFixture) -> None:
    here = stage(allow_domains="example.com")
    browser = here.signed_in("/report")
    turned = here.another_gate(cookie_secret=["a-newer-secret-than-the-others", COOKIE_SECRET])
    back = here.moved(browser, turned).navigate("/oauth2/login?next=/report")
    assert back.status == 200
    assert log.messages == []


def test_a_browser_that_does_not_keep_the_session_is_told_with_both_addresses(
    stage: StageFactory, log: pytest.LogCaptureFixture
) -> None:
    here = stage(auth_cookie_domain="other.example")
    page = here.browser().navigate("/report")
    assert "login_loop" in page.text
    assert "it was set at https://app.test, for the domain other.example, and the browser asks at https:" in log.text
