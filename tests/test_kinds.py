"""Which kind of request it is: the table of surface.md, 'What an unauthenticated request gets', row by row."""

from __future__ import annotations

import pytest

from oidc_gate.browser.request_kinds import Kind, begins_login, is_cross_site, is_preflight, kind_of, wants_page
from tests.asked import Asked

HTML = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
NAVIGATE = {"sec-fetch-mode": "navigate", "sec-fetch-dest": "document", "sec-fetch-site": "none", "accept": HTML}


XHR = {"accept": HTML, "x-requested-with": "XMLHttpRequest"}


def fetch(mode: str, dest: str = "empty", accept: str = "*/*") -> dict[str, str]:
    return {"sec-fetch-mode": mode, "sec-fetch-dest": dest, "sec-fetch-site": "same-origin", "accept": accept}


FORM = {"content-type": "application/x-www-form-urlencoded"}
UPLOAD = {"content-type": "multipart/form-data; boundary=x"}
GRPC = {"content-type": "application/grpc-web+proto"}


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        pytest.param("GET", NAVIGATE, Kind.PAGE, id="a browser opens a page"),
        pytest.param("HEAD", NAVIGATE, Kind.PAGE, id="a browser asks for the head of a page"),
        pytest.param("GET", {"sec-fetch-mode": "navigate"}, Kind.PAGE, id="navigate alone says enough"),
        pytest.param("GET", {"accept": HTML}, Kind.PAGE, id="an old browser opens a page"),
        pytest.param("HEAD", {"accept": "text/html"}, Kind.PAGE, id="an old browser, HEAD"),
        pytest.param("POST", NAVIGATE, Kind.FORM, id="a browser sends a form"),
        pytest.param("PUT", NAVIGATE, Kind.FORM, id="any other method of a navigation"),
        pytest.param("DELETE", NAVIGATE, Kind.FORM, id="DELETE of a navigation"),
        pytest.param("POST", NAVIGATE | {"sec-fetch-dest": "iframe"}, Kind.FORM, id="a form that is sent to a frame"),
        pytest.param("POST", {"accept": HTML} | FORM, Kind.FORM, id="an old browser sends a form"),
        pytest.param("POST", {"accept": HTML} | UPLOAD, Kind.FORM, id="an old browser sends a file"),
        pytest.param("POST", {"accept": HTML}, Kind.PROGRAM, id="a POST without a form"),
        pytest.param("POST", {"accept": HTML, "content-type": "application/json"}, Kind.PROGRAM, id="a POST of JSON"),
        pytest.param("POST", {"accept": "*/*"} | FORM, Kind.PROGRAM, id="curl sends a form"),
        pytest.param("POST", XHR | FORM, Kind.PROGRAM, id="an old XHR sends a form"),
        pytest.param("GET", NAVIGATE | {"sec-fetch-dest": "iframe"}, Kind.FRAME, id="a frame"),
        pytest.param("GET", NAVIGATE | {"sec-fetch-dest": "frame"}, Kind.FRAME, id="a frame of a frameset"),
        pytest.param("GET", NAVIGATE | {"sec-fetch-dest": "object"}, Kind.FRAME, id="an object"),
        pytest.param("GET", NAVIGATE | {"sec-fetch-dest": "embed"}, Kind.FRAME, id="an embed"),
        pytest.param("GET", NAVIGATE | {"sec-fetch-dest": "empty"}, Kind.FRAME, id="a download"),
        pytest.param("GET", NAVIGATE | {"sec-fetch-dest": "fencedframe"}, Kind.FRAME, id="what comes in the future"),
        pytest.param("GET", NAVIGATE | {"sec-purpose": "prefetch"}, Kind.SPECULATION, id="a page fetched ahead"),
        pytest.param("GET", NAVIGATE | {"sec-purpose": "prefetch;prerender"}, Kind.SPECULATION, id="rendered ahead"),
        pytest.param("GET", NAVIGATE | {"purpose": "prefetch"}, Kind.SPECULATION, id="fetched ahead, as of old"),
        pytest.param("GET", {"accept": HTML, "x-sec-purpose": "prefetch"}, Kind.SPECULATION, id="fetched by Turbo"),
        pytest.param("GET", NAVIGATE | {"sec-purpose": ""}, Kind.PAGE, id="no purpose"),
        pytest.param("GET", NAVIGATE | {"purpose": "navigate"}, Kind.PAGE, id="another purpose"),
        pytest.param("GET", fetch("cors") | {"hx-request": "true"}, Kind.HTMX, id="HTMX"),
        pytest.param("POST", fetch("cors") | {"hx-request": "true"} | FORM, Kind.HTMX, id="HTMX sends a form"),
        pytest.param("GET", NAVIGATE | {"hx-request": "false"}, Kind.PAGE, id="no HTMX"),
        pytest.param("GET", fetch("cors") | {"turbo-frame": "list"}, Kind.TURBO, id="a frame of Turbo's"),
        pytest.param("GET", fetch("cors", accept=HTML) | {"x-turbo-request-id": "7"}, Kind.TURBO, id="Turbo's visit"),
        pytest.param("POST", fetch("cors") | GRPC, Kind.GRPC_WEB, id="gRPC-web"),
        pytest.param("POST", {"content-type": "application/grpc-web-text"}, Kind.GRPC_WEB, id="gRPC-web as text"),
        pytest.param("POST", {"content-type": "Application/Grpc-Web"}, Kind.GRPC_WEB, id="a media type in capitals"),
        pytest.param("GET", {"accept": "Text/HTML"}, Kind.PAGE, id="an accepted one in capitals"),
        pytest.param("GET", GRPC, Kind.PROGRAM, id="gRPC-web is POST"),
        pytest.param("GET", fetch("cors"), Kind.PROGRAM, id="fetch()"),
        pytest.param("GET", fetch("cors", accept=HTML), Kind.PROGRAM, id="fetch() that asks for HTML"),
        pytest.param("GET", fetch("same-origin"), Kind.PROGRAM, id="same-origin fetch()"),
        pytest.param("GET", fetch("no-cors", "image"), Kind.PROGRAM, id="an image"),
        pytest.param("GET", fetch("no-cors", "script"), Kind.PROGRAM, id="a script"),
        pytest.param("GET", fetch("websocket", "websocket"), Kind.PROGRAM, id="a WebSocket to a WSGI server"),
        pytest.param("GET", {"sec-fetch-dest": "image", "accept": HTML}, Kind.PROGRAM, id="a destination, no mode"),
        pytest.param("GET", {"sec-fetch-site": "same-origin", "accept": HTML}, Kind.PROGRAM, id="a site, no mode"),
        pytest.param("POST", fetch("cors"), Kind.PROGRAM, id="fetch() with POST"),
        pytest.param("GET", {"accept": "application/json"}, Kind.PROGRAM, id="an API client"),
        pytest.param("GET", {"accept": "*/*"}, Kind.PROGRAM, id="curl"),
        pytest.param("GET", {}, Kind.PROGRAM, id="no headers at all"),
        pytest.param("GET", XHR, Kind.PROGRAM, id="an old XHR"),
        pytest.param("OPTIONS", {"origin": "https://b.example"}, Kind.PROGRAM, id="OPTIONS"),
    ],
)  # fmt: skip
def test_an_http_request_is_of_one_kind(method: str, headers: dict[str, str], expected: Kind) -> None:
    assert kind_of(Asked(method=method, headers=headers)) is expected


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        pytest.param("GET", NAVIGATE, True, id="a click"),
        pytest.param("POST", NAVIGATE, True, id="a form, as a portal may send it (Core, 4)"),
        pytest.param("GET", {"accept": HTML}, True, id="an old browser"),
        pytest.param("GET", {}, True, id="a client that says nothing"),
        pytest.param("GET", {"accept": "*/*"}, True, id="a client that takes anything"),
        pytest.param("GET", {"accept": "image/avif,image/webp,*/*;q=0.8"}, False, id="a picture, in an old browser"),
        pytest.param("GET", {"accept": "application/json"}, False, id="an API client"),
        pytest.param("GET", fetch("no-cors", "image"), False, id="a picture"),
        pytest.param("GET", fetch("cors"), False, id="fetch()"),
        pytest.param("GET", NAVIGATE | {"sec-fetch-dest": "iframe"}, False, id="a frame"),
        pytest.param("GET", NAVIGATE | {"sec-purpose": "prefetch"}, False, id="a prefetch"),
        pytest.param("GET", fetch("cors") | {"hx-request": "true"}, False, id="HTMX"),
    ],
)
def test_only_what_a_person_may_have_asked_for_begins_a_login(
    method: str, headers: dict[str, str], expected: bool
) -> None:
    asked = Asked(method=method, headers=headers)
    assert begins_login(asked, kind_of(asked)) is expected


def test_the_table_tells_every_kind_in_one_line_of_its_own() -> None:
    assert len({kind.value for kind in Kind}) == len(Kind)
    assert all("|" not in "".join(kind.value) and "\n" not in "".join(kind.value) for kind in Kind)


def test_a_websocket_is_one_whatever_its_headers_say() -> None:
    assert kind_of(Asked(is_websocket=True, headers=NAVIGATE)) is Kind.WEBSOCKET


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param(NAVIGATE, True, id="a navigation"),
        pytest.param({"accept": HTML}, True, id="an old browser"),
        pytest.param(NAVIGATE | {"sec-fetch-dest": "iframe"}, True, id="a frame"),
        pytest.param(fetch("cors", accept=HTML) | {"turbo-frame": "list"}, True, id="Turbo"),
        pytest.param(fetch("cors", accept=HTML) | {"hx-request": "true"}, False, id="HTMX"),
        pytest.param(XHR, False, id="an old XHR"),
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
