"""surface.md, 'Nothing lost', `keep_posts`: a form whose session has ended is kept in the page, and sent again."""

from __future__ import annotations

import logging
import random
import re
from collections.abc import Callable
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from oidc_gate import identity_of
from oidc_gate.errors import StoreError
from oidc_gate.sessions.session import person_tag
from oidc_gate.stores.sqlite import SQLiteStore
from tests.access_tokens import TAKING
from tests.answers import Answer
from tests.asgi_driver import ASGIDriver
from tests.browser import Browser, World
from tests.providers.local import LocalProvider
from tests.stage import Stage, is_login, session_cookie
from tests.wsgi_driver import WSGIDriver

URLENCODED = "application/x-www-form-urlencoded"
MIB = 2**20
BODY = b"text=Stra%C3%9Fe+%26+caf%C3%A9&csrf=x%3D%3D"
ADDRESS = "/orders/caf%C3%A9%2F7?draft=a%2Fb&x"
MULTIPART = "multipart/form-data; boundary=----WebKitFormBoundaryAbC"


There = Callable[..., Stage]


class Desk:
    """An app in either world that takes what is sent, byte for byte, and says nothing but how much it was."""

    def __init__(self) -> None:
        self.taken: list[tuple[Any, ...]] = []
        self.raw: list[dict[str, Any]] = []

    def take(self, raw: dict[str, Any], *parts: Any) -> bytes:
        seen = identity_of(raw)
        self.raw.append(raw)
        self.taken.append((seen and seen.subject, *parts))
        return b"taken"


def desk(world: World) -> Any:
    made: Any = Desk()

    def wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        quoted = quote(environ["PATH_INFO"]) + (environ["QUERY_STRING"] and "?" + environ["QUERY_STRING"])
        target = environ.get("RAW_URI", quoted)
        found = made.take(
            environ, environ["REQUEST_METHOD"], target, environ.get("CONTENT_TYPE"), environ.get("HTTP_REFERER"), body
        )
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [found]

    async def asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        sent = dict(scope["headers"])
        target = b"?".join(
            part for part in (scope["raw_path"] or scope["path"].encode(), scope["query_string"]) if part
        )
        assert sent.get(b"content-length", b"%d" % len(body)) == b"%d" % len(body)
        found = made.take(
            scope,
            scope["method"],
            target.decode(),
            *(sent[name].decode("latin-1") if name in sent else None for name in (b"content-type", b"referer")),
            body,
        )
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": found})

    app: Any = wsgi if world == "wsgi" else asgi
    app.desk = made
    return app


@pytest.fixture
def there(
    request: pytest.FixtureRequest, world: World, provider: LocalProvider, tmp_path: Path
) -> Callable[..., Stage]:
    """Set stages with a `Desk` as the app; `kind`: where sessions are, or that ended ones are listed."""

    def make(kind: str = "cookie", **settings: Any) -> Stage:
        where = {
            "cookie": {},
            "listed": {"cookie_deny_list": f"sqlite:///{tmp_path}/ended.db"},
            "sqlite": {"session_store": f"sqlite:///{tmp_path}/sessions.db"},
        }
        if kind == "redis":
            where["redis"] = {"session_store": request.getfixturevalue("redis_server").url}
        return Stage(world, provider, app=desk(world), **(where[kind] | settings))

    return make


def app_of(here: Stage) -> Any:
    app: Any = here.app
    return app.desk


def ended(here: Stage, **options: Any) -> Browser:
    """Return a browser whose session has ended."""
    browser = here.signed_in(**options)
    end_idly(here, browser)
    return browser


def unread(here: Stage, browser: Browser) -> Any:
    """Return what drives a browser whose requests must be answered without a look at their bodies."""
    gate = here.gate

    class Untouchable:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"the body was touched: {name}")

    async def untouched() -> Any:
        raise AssertionError("the body was touched")

    async def asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await gate(scope, untouched, send)

    if isinstance(browser.driver, WSGIDriver):
        return WSGIDriver(lambda environ, start: gate({**environ, "wsgi.input": Untouchable()}, start), validate=False)
    return ASGIDriver(asgi)


def taken(here: Stage) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = app_of(here).taken
    return found


def send(browser: Browser, url: str = ADDRESS, body: bytes = BODY, kind: str = URLENCODED, **options: Any) -> Answer:
    return browser.post(url, body=body, content_type=kind, **options)


def kept(answer: Answer) -> str:
    """Return what a page keeps."""
    assert (answer.status, answer.header("Cache-Control")) == (401, "no-store"), (answer.status, answer.text[:200])
    (form,) = answer.forms
    assert (urlsplit(form.action).path, form.method) == ("/oauth2/resume", "POST")
    return form.fields["kept"]


def is_lost(answer: Answer) -> bool:
    """Tell whether the answer to a form keeps nothing of it: then the page says to load it again."""
    return answer.status == 401 and not answer.forms and "load this page again" in answer.text


def link_of(answer: Answer) -> str:
    found = re.search(r'<a class="act" href="([^"]*)" target="_blank" rel="noopener"', answer.text)
    assert found is not None, answer.text
    return unescape(found[1])


def sign_in(browser: Browser, page: Answer) -> None:
    """Do what the page asks for in the new tab."""
    landed = browser.navigate(link_of(page), initiator=page.url)
    assert (landed.status, "Go back to the one with your form" in landed.text) == (200, True), landed.text
    assert landed.url.endswith("/oauth2/resume")


def end_idly(here: Stage, browser: Browser) -> None:
    here.clock.advance(3601)


def end_absolutely(here: Stage, browser: Browser) -> None:
    """Come again and again until the twelve hours are over, and once more when the cookie is about to go too."""
    for _ in range(13):
        here.clock.advance(3599)
        browser.fetch("/")
    assert here.clock() > 1_900_000_000 + 12 * 3600 + 3580


def revoke(here: Stage, browser: Browser) -> None:
    """End the session elsewhere, from where no cookie of this browser can be deleted."""
    browser.copy().get("/oauth2/logout")
    here.clock.advance(2)


def names_of(answer: Answer) -> str:
    """Return the code on the page."""
    found = re.search(r"Error (\w+)", answer.text)
    return found[1] if found else ""


# Kept, and sent again


@pytest.mark.parametrize(
    ("kind", "end"),
    [
        ("cookie", end_idly),
        ("cookie", end_absolutely),
        ("cookie", revoke),
        ("listed", revoke),
        ("sqlite", end_idly),
        ("redis", end_idly),
        ("sqlite", end_absolutely),
        ("sqlite", revoke),
    ],
)
def test_a_form_is_kept_and_sent_again_just_as_it_was(
    there: There, kind: str, end: Callable[[Stage, Browser], None]
) -> None:
    here = there(kind)
    browser = here.signed_in()
    end(here, browser)
    calls = len(taken(here))
    page = send(browser, headers={"Referer": "https://app.test/form?a=1"})
    assert kept(page)
    assert len(taken(here)) == calls, "the app sees nothing of it before"
    sign_in(browser, page)
    here.clock.advance(800)
    answer = browser.submit(page)
    assert (answer.status, answer.body) == (200, b"taken")
    assert taken(here)[calls:] == [("ada-1815", "POST", ADDRESS, URLENCODED, "https://app.test/form?a=1", BODY)]


def test_a_file_of_900_kilobytes_goes_through_byte_for_byte(there: There) -> None:
    here = there()
    browser = ended(here)
    body = bytes(range(256)) * 3600
    page = send(browser, body=body, kind=MULTIPART, headers={"Referer": None})
    assert len(page.body) < len(body) / 2, "it is deflated"
    sign_in(browser, page)
    assert browser.submit(page).status == 200
    assert taken(here)[-1] == ("ada-1815", "POST", ADDRESS, MULTIPART, None, body)


@pytest.mark.parametrize("kind", ["cookie", "sqlite"])
def test_an_app_in_a_mount_gets_its_form_too(there: There, kind: str) -> None:
    here = there(kind)
    browser = here.browser(root_path="/shop")
    browser.navigate("/shop/")
    end_idly(here, browser)
    page = send(browser, f"/shop{ADDRESS}")
    (form,) = page.forms
    assert form.action == "https://app.test/shop/oauth2/resume"
    browser.navigate(link_of(page))
    assert browser.submit(page).status == 200
    assert taken(here)[-1][:3] == ("ada-1815", "POST", f"/shop{ADDRESS}")
    seen = app_of(here).raw[-1]
    assert seen.get("PATH_INFO", seen.get("path")) in ("/orders/caf\u00c3\u00a9/7", "/shop/orders/caf\u00e9/7")


def test_a_server_that_tells_no_raw_path_gets_none(there: There, world: World) -> None:
    here = there()
    gate = here.gate

    def wsgi(environ: dict[str, Any], start_response: Any) -> Any:
        del environ["RAW_URI"]
        return gate(environ, start_response)

    async def asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await gate({**scope, "raw_path": b""}, receive, send)

    browser = here.browser(wsgi if world == "wsgi" else asgi, validate=False)
    browser.navigate("/")
    end_idly(here, browser)
    page = send(browser, "/a?b")
    sign_in(browser, page)
    assert browser.submit(page).status == 200
    assert taken(here)[-1] == ("ada-1815", "POST", "/a?b", URLENCODED, None, BODY)


def test_nothing_of_how_it_was_sent_again_is_told(there: There, world: World) -> None:
    here = there()
    gate = here.gate

    def wsgi(environ: dict[str, Any], start_response: Any) -> Any:
        return gate({**environ, "wsgi.input_terminated": True}, start_response)

    browser = here.browser(wsgi if world == "wsgi" else gate, validate=False)
    browser.navigate("/")
    end_idly(here, browser)
    page = send(browser)
    sign_in(browser, page)
    body = b"kept=" + kept(page).encode()
    odd = {"Content-Encoding": "identity", "Transfer-Encoding": "chunked", "X-Own": "stays"}
    assert browser.post("/oauth2/resume", body=body, content_type=URLENCODED, headers=odd).status == 200
    raw = app_of(here).raw[-1]
    names = {name.removeprefix("HTTP_").replace("_", "-").lower() for name in raw if name.isupper()}
    names |= {name.decode() for name, _ in raw.get("headers", ())}
    assert {"content-type", "content-length", "x-own"} <= names
    assert names.isdisjoint({"content-encoding", "transfer-encoding"})


def test_the_page_says_how_long_and_lets_nobody_in_before(there: There) -> None:
    here = there()
    browser = ended(here)
    page = send(browser)
    assert "for 15 minutes" in page.text
    here.clock.advance(230)
    again = browser.submit(page)
    assert "for 11 minutes" in again.text, "rather too little than too much"
    assert kept(again) == kept(page)
    here.clock.advance(650)
    assert "for 20 seconds" in browser.submit(page).text
    assert len(taken(here)) == 1


def test_pages_that_are_opened_meanwhile_cost_nothing(there: There, provider: LocalProvider) -> None:
    here = there()
    browser = ended(here)
    page = send(browser)
    assert is_login(browser.get("/other"), provider)
    again = browser.submit(page)
    assert kept(again) == kept(page)
    assert kept(send(browser)), "one that another tab sends too"
    sign_in(browser, page)
    assert browser.submit(page).status == 200


def test_a_form_of_a_session_in_several_cookies_is_kept(there: There, provider: LocalProvider) -> None:
    provider.people["ada"]["groups"] = [sha256(bytes([number])).hexdigest() for number in range(200)]
    here = there()
    browser = ended(here)
    assert f"{here.session_name}.1" in browser.cookies.names()
    page = send(browser)
    sign_in(browser, page)
    assert browser.submit(page).status == 200


def test_it_is_kept_again_when_the_new_session_has_ended_too(there: There) -> None:
    here = there()
    browser = ended(here)
    page = send(browser)
    sign_in(browser, page)
    browser.get("/oauth2/logout")
    lost = browser.submit(page)
    assert is_lost(lost), "whoever signs out is nobody: nothing is read"
    sign_in(browser, page)
    assert browser.submit(page).status == 200


@pytest.mark.parametrize(
    ("proof", "sends_metadata"),
    [
        ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": None}, True),
        ({"Sec-Fetch-Site": "none", "Origin": "https://app.test"}, True),
        ({"Origin": "https://app.test"}, False),
    ],
)
def test_a_page_of_the_apps_own_is_known_by_either_header(
    there: There, proof: dict[str, str | None], sends_metadata: bool
) -> None:
    here = there()
    browser = ended(here, send_fetch_metadata=sends_metadata)
    assert kept(send(browser, headers={"Accept": "text/html"} | proof))


# Not kept


@pytest.mark.parametrize(
    ("proof", "sends_metadata"),
    [
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://app.test"}, True),
        ({"Sec-Fetch-Site": "same-site", "Origin": "https://blog.app.test"}, True),
        ({"Sec-Fetch-Site": "none", "Origin": "null"}, True),
        ({"Sec-Fetch-Site": "none", "Origin": None}, True),
        ({"Origin": "null"}, False),
        ({"Origin": None, "Referer": "https://app.test/form"}, False),
        ({"Origin": "https://app.test.evil.example"}, False),
        ({"Origin": "http://app.test"}, False),
    ],
)
def test_a_form_that_may_be_another_sites_is_never_kept_nor_read(
    there: There, proof: dict[str, str | None], sends_metadata: bool
) -> None:
    here = there()
    browser = ended(here, send_fetch_metadata=sends_metadata)
    browser.driver = unread(here, browser)
    assert is_lost(send(browser, headers={"Accept": "text/html"} | proof))
    page = browser.post("/oauth2/resume", body=b"kept=x", content_type=URLENCODED,
                        headers={"Accept": "text/html"} | proof)  # fmt: skip
    assert (page.status, names_of(page)) == (403, "kept_form_foreign")


def test_of_strangers_nothing_is_read(there: There) -> None:
    here = there()
    browser = ended(here)
    name, text = here.session_name, session_cookie(browser)
    for value in ("", "x", text[:-4], "AgAA" + text[4:], f"{text[:-8]}AAAAAAAA", f"2.{text}"):
        stranger = here.browser()
        stranger.driver = unread(here, stranger)
        headers = {"Cookie": f"{name}={value}"} if value else {}
        assert is_lost(send(stranger, headers=headers))
        assert is_lost(stranger.post("/oauth2/resume", body=b"kept=x", content_type=URLENCODED, headers=headers))


def test_a_session_of_another_gate_is_none(there: There) -> None:
    here = there()
    other = here.moved(
        ended(here), here.another_gate(cookie_secret="another-cookie-secret-that-is-long-enough-9876543210")
    )
    assert is_lost(send(other))


def test_a_ticket_that_does_not_say_whose_it_is_keeps_nothing(there: There) -> None:
    """Those of before did not."""
    here = there("sqlite")
    browser = ended(here)
    old = here.gate._gate._sessions.backend._seal.seal(b"x" * 43, here.session_name)
    browser.cookies.receive("https://app.test/", f"{here.session_name}={old}; Path=/; Secure")
    assert is_lost(send(browser))


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("text/plain", {}),
        ("application/json", {}),
        ("", {}),
        (URLENCODED, {"headers": {"Content-Encoding": "gzip"}}),
        (URLENCODED, {"url": "/caf%E9"}),
        (URLENCODED, {"url": "/?" + "x" * 70_000}),
    ],
)
def test_what_could_not_be_sent_again_as_it_was_is_not_kept(there: There, kind: str, options: dict[str, Any]) -> None:
    assert is_lost(send(ended(there()), kind=kind, **options))


def test_other_methods_than_a_forms_are_not_kept(there: There) -> None:
    browser = ended(there())
    assert is_lost(browser.request("PUT", "/", body=BODY, content_type=URLENCODED))


def test_the_largest_form_is_kept_and_a_larger_one_is_told_so(there: There) -> None:
    here = there()
    browser = ended(here)
    noise = random.Random(1).randbytes(MIB + 1)  # what cannot be deflated
    page = send(browser, body=noise[:MIB], kind=MULTIPART, url=f"/?{'x' * 30_000}")
    too_large = send(browser, body=noise, kind=MULTIPART)
    assert (too_large.status, too_large.forms) == (413, [])
    assert "load this page again" in too_large.text
    sign_in(browser, too_large)
    assert browser.submit(page).status == 200
    assert taken(here)[-1][-1] == noise[:MIB]
    assert names_of(browser.post("/oauth2/resume", body=b"kept=" + b"A" * 2 * MIB, content_type=URLENCODED)) == (
        "kept_form_invalid"
    )


def test_without_the_setting_nothing_is_kept(there: There) -> None:
    here = there(keep_posts=False)
    browser = here.signed_in()
    assert "; Max-Age=43200" in browser.trail[-2].header("Set-Cookie")
    end_idly(here, browser)
    assert is_lost(send(browser))
    assert browser.get("/oauth2/resume").status == 404


def test_the_cookie_outlives_its_session_by_an_hour(there: There) -> None:
    browser = there().signed_in()
    assert "; Max-Age=46800" in browser.trail[-2].header("Set-Cookie")
    browser = there(max_session_duration="0", idle_session_timeout="0").signed_in()
    assert f"{session_cookie(browser)}; Path=/; HttpOnly; SameSite=Lax; Secure" in [
        each.partition("=")[2] for each in browser.trail[-2].header_list("Set-Cookie")
    ]


# Whose it is, and what becomes of it


@pytest.mark.parametrize("kind", ["cookie", "sqlite"])
def test_nobody_sends_what_another_has_filled_in(there: There, provider: LocalProvider, kind: str) -> None:
    here = there(kind)
    browser = ended(here)
    page = send(browser, headers={"Referer": "https://app.test/form"})
    provider.user = provider.people["grace"]
    sign_in(browser, page)
    refused = browser.submit(page)
    assert (refused.status, names_of(refused)) == (403, "kept_form_other_person")
    for known in ("ada-1815", "ada@", "lovelace"):
        assert known not in refused.text.replace(kept(page), "").lower()
    assert link_of(refused) == "/oauth2/login?next=/oauth2/resume", "whoever else it is, they sign in anew"
    assert refused.forms[0].fields["kept"] == kept(page), "this page goes on keeping it"
    assert len(taken(here)) == 1
    provider.user = provider.people["ada"]
    sign_in(browser, refused)
    assert browser.submit(refused).status == 200
    assert taken(here)[-1][0] == "ada-1815"


@pytest.mark.parametrize(("header", "told"), [("Bearer of.somebody.else", False), ("Basic YWRhOng=", True)])
def test_it_is_the_cookies_and_no_access_token_goes_with_it(there: There, header: str, told: bool) -> None:
    here = there(**TAKING)
    browser = ended(here)
    page = send(browser)
    sign_in(browser, page)
    assert browser.post("/oauth2/resume", form={"kept": kept(page)}, headers={"Authorization": header}).status == 200
    assert taken(here)[-1][0] == "ada-1815"
    assert (header in str(app_of(here).raw[-1])) is told


def test_one_subject_at_two_providers_is_two_people() -> None:
    assert len({person_tag("7", ""), person_tag("7", "ab"), person_tag("8", ""), person_tag("7", "")}) == 3


@pytest.mark.parametrize(("kind", "times"), [("cookie", 2), ("listed", 1), ("sqlite", 1)])
def test_a_second_time_is_a_reload_and_none_where_there_is_a_store(there: There, kind: str, times: int) -> None:
    here = there(kind)
    browser = ended(here)
    page = send(browser)
    sign_in(browser, page)
    assert browser.submit(page).status == 200
    again = browser.submit(page)
    raw = b"kept=" + kept(page).translate(str.maketrans("-_", "+/")).encode()
    written_otherwise = browser.post("/oauth2/resume", body=raw, content_type=URLENCODED)
    assert (written_otherwise.status, names_of(written_otherwise)) == (400, "kept_form_invalid")
    assert len(taken(here)) == 1 + times
    assert (again.status, names_of(again)) == ((200, "") if times > 1 else (409, "kept_form_sent"))


def test_it_is_good_for_login_timeout(there: There) -> None:
    here = there(login_timeout="5m")
    browser = ended(here)
    page = send(browser)
    sign_in(browser, page)
    here.clock.advance(300)
    assert browser.submit(page).status == 200
    here.clock.advance(1)
    late = browser.submit(page)
    assert (late.status, names_of(late)) == (400, "kept_form_late")
    assert len(taken(here)) == 2


def test_nothing_that_was_changed_or_made_elsewhere_is_sent(there: There) -> None:
    here = there()
    browser = ended(here)
    page = send(browser)
    text = kept(page)
    sign_in(browser, page)
    there_too = kept(send(ended(here, origin="https://other.test")))
    changed = [text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :] for at in range(0, len(text), 7)]
    session = session_cookie(browser).translate(str.maketrans("+/", "-_"))
    for each in [*changed, there_too, session, text[:-4], text + "AAAA", "", "=", "caf\u00e9"]:
        refused = browser.submit(page, kept=each)
        assert (refused.status, names_of(refused)) == (400, "kept_form_invalid"), each
    for body in (b"", text.encode()[:40], b"kept", b"x=1"):
        assert browser.post("/oauth2/resume", body=body, content_type=URLENCODED).status == 400
    assert [method for _, method, *_ in taken(here)] == ["GET", "GET"]


def test_it_is_judged_anew(there: There, provider: LocalProvider) -> None:
    rules = [
        {"path": "/orders", "method": "GET", "allow": "signed-in"},
        {"path": "/orders", "allow": {"groups": "engineers"}},
        {"path": "/payroll", "allow": "signed-in", "acr": "mfa"},
    ]
    provider.usual_acr, provider.acrs = "pwd", ("mfa",)
    here = there(rules=rules)
    browser = ended(here)
    page, payroll = send(browser), send(browser, "/payroll/pay")
    provider.people["ada"]["groups"] = ["gardeners"]
    sign_in(browser, page)
    assert (browser.submit(page).status, len(taken(here))) == (403, 1)
    better = browser.submit(payroll)
    assert kept(better), "what asks for a better sign-in is kept for that"
    assert "Please sign in again for this" in better.text
    sign_in(browser, better)
    assert browser.submit(better).status == 200
    assert taken(here)[-1][:3] == ("ada-1815", "POST", "/payroll/pay")


def test_a_form_that_needs_a_better_sign_in_is_kept(there: There, provider: LocalProvider) -> None:
    provider.usual_acr, provider.acrs = "pwd", ("mfa",)
    here = there("sqlite", rules=[{"path": "/payroll", "allow": "signed-in", "acr": "mfa"}])
    browser = here.signed_in()
    page = send(browser, "/payroll/pay")
    assert kept(page)
    assert re.fullmatch(r"/oauth2/login\?step_up=[\w-]+&next=/oauth2/resume", link_of(page))
    too_large = send(browser, "/payroll/pay", body=b"x" * (MIB + 1))
    assert (too_large.status, link_of(too_large)[:21]) == (413, link_of(page)[:21])
    sign_in(browser, page)
    assert browser.submit(page).status == 200


# The path itself


def test_the_path_asks_for_a_login_where_a_person_may_have_asked_for_it(there: There, provider: LocalProvider) -> None:
    here = there()
    browser = here.browser()
    assert is_login(browser.get("/oauth2/resume"), provider)
    assert browser.get("/oauth2/resume", headers={"Sec-Purpose": "prefetch"}).status == 401
    assert browser.fetch("/oauth2/resume").status == 401
    assert browser.fetch("/oauth2/resume", "POST", body=b"kept=").json()["error"] == "login_required"
    wrong = browser.fetch("/oauth2/resume", "PUT")
    assert (wrong.status, wrong.header("Allow")) == (405, "GET, HEAD, POST")


def test_the_link_forces_nobody_to_sign_in_anew(there: There, provider: LocalProvider) -> None:
    here = there()
    browser = ended(here)
    sign_in(browser, send(browser))
    assert "prompt" not in provider.calls("authorize")[-1].params


def test_a_browser_that_keeps_no_session_does_not_go_round_in_circles(there: There) -> None:
    browser = there(auth_cookie_domain="other.example").browser()
    assert names_of(browser.navigate("/oauth2/resume", limit=20)) == "login_loop"


class Failing(SQLiteStore):
    """A store that does not answer when it is told so."""

    down = False

    def load(self, key: str) -> bytes | None:
        if self.down:
            raise StoreError("store_unavailable")
        return super().load(key)


def test_a_store_that_is_down_loses_nothing(there: There, tmp_path: Path) -> None:
    store = Failing(str(tmp_path / "own.db"), 5.0)
    here = there(session_store=store, session_cache_seconds=0)
    browser = ended(here)
    page = send(browser)
    sign_in(browser, page)
    store.down = True
    down = browser.submit(page)
    for answer in (down, browser.get("/oauth2/resume")):
        assert (answer.status, names_of(answer)) == (503, "store_unavailable")
    store.down = False
    assert browser.submit(down).status == 200, "its page goes on keeping it"


# Pages and log


def test_the_page_runs_no_script_and_is_framed_by_the_app_alone(there: There) -> None:
    page = send(ended(there()))
    policy = page.header("Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "frame-ancestors 'self'" in policy
    assert page.header("X-Frame-Options") == "SAMEORIGIN"
    assert "<script" not in page.text
    assert page.header("WWW-Authenticate").startswith("OIDC login_url=")


def test_nothing_of_a_form_is_logged(there: There, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "oidc_gate")
    here = there()
    browser = ended(here)
    page = send(browser, body=b"secret=hunter2")
    sign_in(browser, page)
    assert browser.submit(page).status == 200
    assert "the page keeps a form of 14 bytes" in caplog.text
    assert "a kept form of 14 bytes is sent" in caplog.text
    for secret in ("hunter2", kept(page), "draft"):
        assert secret not in caplog.text


# The app's answer: where it stands, and what is sent from it


def answered(here: Stage, url: str = ADDRESS, **settings: Any) -> tuple[Browser, Answer]:
    """Return a browser that shows the app's answer to a form that was kept."""
    browser = ended(here)
    page = send(browser, url)
    sign_in(browser, page)
    return browser, browser.submit(page)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (URLENCODED, b"text=better"),
        (URLENCODED, b"text=kept=1"),
        (URLENCODED, b"kept=yes&name=x"),
        (URLENCODED, b"text=" + b"x" * 2 * MIB),
        (MULTIPART, b"kept=" + b"x" * 2 * MIB),
        ("text/plain", b"kept=1"),
    ],
)
def test_a_form_without_an_address_in_the_apps_answer_is_led_on_to_where_it_belongs(
    there: There, kind: str, body: bytes
) -> None:
    """As a form that is shown again with what is wrong in it, which Django's admin has: no `action`."""
    here = there("sqlite")
    browser, answer = answered(here)
    assert urlsplit(answer.url).path == "/oauth2/resume"
    led = send(browser, answer.url, body, kind, headers={"Referer": answer.url})
    assert (led.status, led.header("Location"), led.header("Cache-Control")) == (307, ADDRESS, "no-store")
    at_home = send(browser, led.header("Location"), body, kind)
    assert (at_home.status, taken(here)[-1][1:4], taken(here)[-1][5]) == (200, ("POST", ADDRESS, kind), body)


def test_it_is_kept_there_once_more_when_its_session_has_ended_too(there: There) -> None:
    here = there()
    browser, answer = answered(here)
    end_idly(here, browser)
    led = send(browser, answer.url, b"text=better", headers={"Referer": answer.url})
    page = send(browser, led.header("Location"), b"text=better")
    sign_in(browser, page)
    assert browser.submit(page).body == b"taken"
    assert taken(here)[-1][5] == b"text=better"


def test_whoever_asks_anew_for_the_answers_address_is_led_to_the_forms(there: There) -> None:
    here = there()
    browser, answer = answered(here, "/")
    assert answer.url.endswith("/oauth2/resume?next=/")
    led = browser.get(answer.url)
    assert (led.status, led.header("Location")) == (302, "/")


@pytest.mark.parametrize("foreign", ["https://evil.example/", "//evil.example", "/a/../b", "x", "/" + "y" * 8000])
def test_nothing_is_led_to_any_address_but_the_apps_own(there: There, foreign: str) -> None:
    here = there()
    browser, _ = answered(here)
    address = "/oauth2/resume?next=" + quote(foreign)
    refused = send(browser, address, b"text=better")
    assert (refused.status, names_of(refused)) == (400, "kept_form_invalid")
    told = browser.get(address)
    assert (told.status, told.header("Location")) == (200, "")


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": None, "Origin": "null"}])
def test_nothing_of_another_site_is_led_on(there: There, headers: dict[str, str | None]) -> None:
    here = there()
    browser, answer = answered(here)
    refused = send(browser, answer.url, b"text=better", MULTIPART, headers=headers)
    assert (refused.status, names_of(refused)) == (403, "kept_form_foreign")


def test_a_second_place_is_a_mistake(there: There) -> None:
    here = there()
    browser, answer = answered(here)
    refused = send(browser, f"{answer.url}&next=/x", b"text=better")
    assert (refused.status, names_of(refused)) == (400, "parameter_repeated")


def test_a_place_that_no_browser_could_be_led_to_is_not_told(there: There) -> None:
    browser = ended(there())
    for address in ("/a?" + "x" * 9000, "/a?" + "%C3" * 500):
        (form,) = send(browser, address).forms
        assert form.sends_to == form.action == "https://app.test/oauth2/resume"
