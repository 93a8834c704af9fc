"""Which kind of request it is: the table of surface.md, 'What an unauthenticated request gets', row by row."""

from __future__ import annotations

import pytest

from oidc_gate.browser.request_kinds import Kind, is_cross_site, is_preflight, kind_of, wants_page
from tests.asked import Asked

HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
NAVIGATE = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "none", "accept": HTML}


def fetch(mode: str, dest: str = "empty", accept: str = "*/*") -> dict[str, str]:
    return {"sec-fetch-mode": mode, "sec-fetch-dest": dest, "sec-fetch-site": "same-origin", "accept": accept}


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        pytest.param("GET", NAVIGATE, Kind.NAVIGATION, id="a browser opens a page"),
        pytest.param("HEAD", NAVIGATE, Kind.NAVIGATION, id="a browser asks for the head of a page"),
        pytest.param("GET", {"sec-fetch-mode": "navigate"}, Kind.NAVIGATION, id="navigate alone says enough"),
        pytest.param("GET", {"accept": HTML}, Kind.NAVIGATION, id="an old browser opens a page"),
        pytest.param("HEAD", {"accept": "text/html"}, Kind.NAVIGATION, id="an old browser, HEAD"),
        pytest.param("POST", NAVIGATE, Kind.FORM, id="a browser sends a form"),
        pytest.param("PUT", NAVIGATE, Kind.FORM, id="any other method of a navigation"),
        pytest.param("DELETE", NAVIGATE, Kind.FORM, id="DELETE of a navigation"),
        pytest.param("GET", NAVIGATE | {"sec-purpose": "prefetch"}, Kind.OTHER, id="a page fetched ahead"),
        pytest.param("GET", NAVIGATE | {"sec-purpose": "prefetch;prerender"}, Kind.OTHER, id="a page rendered ahead"),
        pytest.param("GET", fetch("cors"), Kind.OTHER, id="fetch()"),
        pytest.param("GET", fetch("cors", accept=HTML), Kind.OTHER, id="fetch() that asks for HTML"),
        pytest.param("GET", fetch("same-origin"), Kind.OTHER, id="same-origin fetch()"),
        pytest.param("GET", fetch("no-cors", "image"), Kind.OTHER, id="an image"),
        pytest.param("GET", fetch("no-cors", "script"), Kind.OTHER, id="a script"),
        pytest.param("GET", fetch("websocket", "websocket"), Kind.OTHER, id="a WebSocket to a WSGI server"),
        pytest.param("GET", {"sec-fetch-dest": "image", "accept": HTML}, Kind.OTHER, id="a destination without a mode"),
        pytest.param("GET", {"sec-fetch-site": "same-origin", "accept": HTML}, Kind.OTHER, id="a site without a mode"),
        pytest.param("POST", fetch("cors"), Kind.OTHER, id="fetch() with POST"),
        pytest.param("POST", {"accept": HTML}, Kind.OTHER, id="an old browser's form is like a program's"),
        pytest.param("GET", {"accept": "application/json"}, Kind.OTHER, id="an API client"),
        pytest.param("GET", {"accept": "*/*"}, Kind.OTHER, id="curl"),
        pytest.param("GET", {}, Kind.OTHER, id="no headers at all"),
        pytest.param("GET", {"accept": HTML, "x-requested-with": "XMLHttpRequest"}, Kind.OTHER, id="an old XHR"),
        pytest.param("OPTIONS", {"origin": "https://b.example"}, Kind.OTHER, id="OPTIONS"),
    ],
)  # fmt: skip
def test_an_http_request_is_of_one_kind(method: str, headers: dict[str, str], expected: Kind) -> None:
    assert kind_of(Asked(method=method, headers=headers)) is expected


def test_a_websocket_is_one_whatever_its_headers_say() -> None:
    assert kind_of(Asked(is_websocket=True, headers=NAVIGATE)) is Kind.WEBSOCKET


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param(NAVIGATE, True, id="a navigation"),
        pytest.param({"accept": HTML}, True, id="an old browser"),
        pytest.param(fetch("cors", accept=HTML), False, id="a script, whatever it accepts"),
        pytest.param({"accept": "application/json"}, False, id="a program"),
        pytest.param({}, False, id="nothing said"),
    ],
)
def test_a_page_is_for_eyes_and_json_for_programs(headers: dict[str, str], expected: bool) -> None:
    assert wants_page(Asked(headers=headers)) is expected


ASKS = {"origin": "https://b.example", "access-control-request-method": "PUT"}


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        pytest.param("OPTIONS", ASKS, True, id="a true preflight"),
        pytest.param("OPTIONS", {}, False, id="OPTIONS alone"),
        pytest.param("OPTIONS", {"origin": "https://b.example"}, False, id="no method asked for"),
        pytest.param("OPTIONS", {"access-control-request-method": "PUT"}, False, id="no origin"),
        pytest.param("OPTIONS", ASKS | {"origin": ""}, False, id="an empty origin"),
        pytest.param("GET", ASKS, False, id="another method"),
        pytest.param("options", ASKS, False, id="methods are case-sensitive"),
    ],
)
def test_only_a_true_preflight_is_one(method: str, headers: dict[str, str], expected: bool) -> None:
    assert is_preflight(Asked(method=method, headers=headers)) is expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({"sec-fetch-site": "cross-site"}, True, id="another site"),
        pytest.param({"sec-fetch-site": "same-site"}, False, id="a sister host"),
        pytest.param({"sec-fetch-site": "same-origin"}, False, id="the app itself"),
        pytest.param({"sec-fetch-site": "none"}, False, id="the address bar"),
        pytest.param({"sec-fetch-site": "same-origin", "origin": "null"}, False, id="the browser's word counts first"),
        pytest.param({"origin": "https://evil.example"}, True, id="another origin, in an old browser"),
        pytest.param({"origin": "null"}, True, id="an origin that is hidden"),
        pytest.param({"origin": "https://app.test"}, False, id="our own origin"),
        pytest.param({}, False, id="nothing said"),
    ],
)
def test_another_site_is_told_from_our_own(headers: dict[str, str], expected: bool) -> None:
    assert is_cross_site(Asked(headers=headers), "https://app.test") is expected
