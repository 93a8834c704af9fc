"""The tests' own browser is judged here, against small apps written by hand: what it says must be worth believing.

So is what it costs to start one file of tests.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.browser import Browser, RedirectLoopError, World
from tests.cookies import Jar
from tests.origins import LeftTheTestError
from tests.wire import BrokenAppError

pytestmark = pytest.mark.uncounted

ROOT = Path(__file__).parent.parent

Reply = tuple[int, list[tuple[str, str]], bytes]
Handler = Callable[[str, str, dict[str, str], bytes], Reply]


def as_app(world: World, handler: Handler) -> Any:
    """Return `handler(method, path, headers, body)` as an app of this world."""
    return _as_wsgi(handler) if world == "wsgi" else _as_asgi(handler)


def _as_wsgi(handler: Handler) -> Any:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {key[5:].lower().replace("_", "-"): str(val) for key, val in environ.items() if key[:5] == "HTTP_"}
        status, answer, out = handler(environ["REQUEST_METHOD"], environ["PATH_INFO"], headers, body)
        start_response(f"{status} Status", answer)
        return [out]

    return app


def _as_asgi(handler: Handler) -> Any:
    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        status, answer, out = handler(scope["method"], scope["path"], headers, body)
        raw = [(name.lower().encode(), value.encode()) for name, value in answer]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": out})

    return app


def echo(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
    seen = {"method": method, "path": path, "headers": headers, "form": dict(parse_qsl(body.decode()))}
    return 200, [("Content-Type", "application/json")], json.dumps(seen).encode()


def pages(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
    """Serve a small site: cookies, redirects, forms."""
    html = [("Content-Type", "text/html; charset=utf-8")]
    match path:
        case "/login":
            both = [("Set-Cookie", "__Host-one=1; Path=/; Secure"), ("Set-Cookie", "two=2; Path=/app")]
            return 303, [("Location", "/app/home"), ("Content-Type", "text/plain"), *both], b""
        case "/loop":
            return 302, [("Location", "/loop"), ("Content-Type", "text/plain")], b""
        case "/away":
            return 302, [("Location", "//evil.example/x"), ("Content-Type", "text/plain")], b""
        case "/again":
            return 307, [("Location", "/echo"), ("Content-Type", "text/plain")], b""
        case "/form":
            return (
                200,
                html,
                (
                    b'<form method="post" action="/echo"><input type="hidden" name="csrf" value="a&amp;b">'
                    b'<input name="who"><input type="checkbox" name="off">'
                    b'<button name="go" value="yes">Go</button></form>'
                ),
            )
        case "/auto":
            return 200, html, b'<body onload="document.forms[0].submit()"><form method="post" action="/echo">'
    return echo(method, path, headers, body)


@pytest.fixture
def site(world: World) -> Browser:
    return Browser(as_app(world, pages), world)


def test_cookies_are_kept_and_sent_where_they_belong(site: Browser) -> None:
    home = site.navigate("/login")
    assert home.json()["headers"]["cookie"] == "two=2; __Host-one=1"  # the longer path first
    assert site.get("/elsewhere").json()["headers"]["cookie"] == "__Host-one=1"
    assert site.cookies.get("__Host-one") == "1"
    assert site.cookies.names() == ["__Host-one", "two"]
    assert site.copy().get("/elsewhere").json()["headers"]["cookie"] == "__Host-one=1"
    site.cookies.clear()
    assert "cookie" not in site.get("/app/").json()["headers"]


def test_a_navigation_looks_like_one(site: Browser) -> None:
    headers = site.get("/").json()["headers"]
    assert headers["accept"].startswith("text/html")
    assert (headers["sec-fetch-site"], headers["sec-fetch-mode"]) == ("none", "navigate")
    assert headers["host"] == "app.test"
    asked = site.fetch("/data", "POST", body=b"{}", content_type="application/json").json()["headers"]
    assert (asked["accept"], asked["sec-fetch-mode"]) == ("*/*", "cors")
    assert (asked["origin"], asked["sec-fetch-site"]) == ("https://app.test", "same-origin")
    assert "accept" not in site.get("/", bare=True, headers={"Host": "app.test"}).json()["headers"]


def test_no_fetch_metadata_over_plain_http(world: World) -> None:
    browser = Browser(as_app(world, echo), world, origin="http://app.test")
    assert "sec-fetch-mode" not in browser.get("/").json()["headers"]


def test_lax_cookies_stay_behind_on_a_post_from_another_site(site: Browser) -> None:
    site.navigate("/login")
    evil = "https://evil.example/page"
    posted = site.post("/echo", initiator=evil, form={"a": "b"}).json()
    assert "cookie" not in posted["headers"]
    assert posted["headers"]["origin"] == "https://evil.example"
    linked = site.get("/echo", initiator=evil).json()["headers"]
    assert (linked["cookie"], linked["sec-fetch-site"]) == ("__Host-one=1", "cross-site")
    assert "cookie" not in site.fetch("/echo", initiator=evil).json()["headers"]


def test_redirects_end_or_are_called_a_loop(site: Browser) -> None:
    with pytest.raises(RedirectLoopError, match="/loop"):
        site.navigate("/loop")
    with pytest.raises(LeftTheTestError, match=r"evil\.example"):
        site.navigate("/away")
    again = site.follow(site.post("/again", form={"kept": "yes"})).json()
    assert (again["method"], again["form"]) == ("POST", {"kept": "yes"})
    assert site.navigate("/login", until="https://app.test/app").status == 303


def test_forms_are_filled_in(site: Browser) -> None:
    sent = site.submit(site.get("/form"), who="Ada & Co").json()
    assert sent["form"] == {"csrf": "a&b", "who": "Ada & Co", "go": "yes"}
    with pytest.raises(LookupError, match="nobody"):
        site.submit(site.get("/form"), nobody="x")


def test_a_page_that_submits_itself_is_followed(site: Browser) -> None:
    assert site.navigate("/auto").json()["method"] == "POST"


def test_attackers_may_spell_headers_and_paths_as_they_like(site: Browser, world: World) -> None:
    seen = site.get("/a//../%62", headers=[("X_User", "evil"), ("X-User", "good"), ("X-USER", "again")]).json()
    assert seen["path"] == "/a//../b"
    if world == "wsgi":
        assert seen["headers"]["x-user"] == "evil,good,again"
    else:
        assert (seen["headers"]["x_user"], seen["headers"]["x-user"]) == ("evil", "again")
    assert site.get("//evil.example/").json()["path"] == "//evil.example/"


def test_a_mounted_app_sees_its_root(world: World) -> None:
    browser = Browser(as_app(world, echo), world, root_path="/under")
    assert browser.get("/under/page").json()["path"] == ("/page" if world == "wsgi" else "/under/page")
    with pytest.raises(ValueError, match="not below"):
        browser.get("/elsewhere")


def test_head_has_no_body(site: Browser, world: World) -> None:
    def no_body(method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        return 200, [("Content-Type", "text/plain")], b"" if method == "HEAD" else b"x"

    assert Browser(as_app(world, no_body), world).request("HEAD", "/").body == b""


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("__Host-a=1; Path=/", "without Secure"),
        ("__Host-a=1; Secure; Path=/x", "Path=/"),
        ("__Host-a=1; Secure; Path=/; Domain=app.test", "Domain"),
        ("__Secure-a=1", "without Secure"),
        ("a=1; SameSite=None", "SameSite=None"),
        ("a=1; Domain=evil.example", "Domain="),
        ("a=1; Domain=test", "Domain="),
        ("a=" + "x" * 4096, "4096"),
        ("a=\x01", "control"),
        ("=", "neither"),
    ],
)
def test_bad_cookies_are_refused_and_remembered(header: str, reason: str) -> None:
    jar = Jar("https://app.test/")
    jar.receive("https://app.test/", header)
    assert jar.names() == []
    assert reason in jar.rejected[0].reason


def test_cookies_end_when_they_say() -> None:
    now = 1_000_000_000.0
    jar = Jar("https://app.test/", clock=lambda: now)
    jar.receive("https://app.test/x/y", "short=1; Max-Age=60")
    jar.receive("https://app.test/", "long=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT; Domain=app.test")
    jar.receive("https://app.test/", "past=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=9")
    assert jar.find("short").path == "/x"
    assert jar.header_for("https://sub.app.test/") == "long=1"
    assert sorted(jar.names()) == ["long", "past", "short"]
    now += 60
    assert jar.names() == ["long"]
    jar.receive("https://app.test/", "long=; Max-Age=0; Domain=app.test")
    assert jar.names() == []
    jar.receive("http://app.test/", "secret=1; Secure")
    assert jar.rejected[-1].name == "secret"


def test_secure_cookies_of_this_machine_are_taken_over_http_by_browsers_that_trust_it() -> None:
    jar = Jar("https://app.test/")
    for trusting in (False, True):
        jar.trusts_loopback = trusting
        jar.receive("http://127.0.0.1:8080/", "sso=1; Secure; SameSite=None")
        assert jar.header_for("http://127.0.0.1:8080/") == ("sso=1" if trusting else "")
    jar.receive("http://elsewhere.test/", "sso=1; Secure")
    assert jar.header_for("https://elsewhere.test/") == ""


def broken_wsgi(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b""]


async def broken_asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def shouting_asgi(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"Set-Cookie", b"a=1")]})


def test_apps_that_break_the_rules_are_caught() -> None:
    with pytest.raises(BrokenAppError, match="twice"):
        Browser(broken_wsgi, "wsgi").get("/")
    with pytest.raises(BrokenAppError, match="whole response"):
        Browser(broken_asgi, "asgi").get("/")
    with pytest.raises(BrokenAppError, match="lower case"):
        Browser(shouting_asgi, "asgi").get("/")


async def chatty(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Accept at /ws, close at /closed, deny with HTTP elsewhere."""
    await receive()
    if scope["path"] == "/ws":
        await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][0]})
        while (message := await receive())["type"] == "websocket.receive":
            await send({"type": "websocket.send", "text": message["text"].upper()})
    elif scope["path"] == "/closed" or not scope["extensions"]:
        await send({"type": "websocket.close", "code": 4401})
    else:
        await send({"type": "websocket.http.response.start", "status": 401, "headers": [(b"x-why", b"nobody")]})
        await send({"type": "websocket.http.response.body", "body": b"no"})


def test_websockets() -> None:
    browser = Browser(chatty, "asgi")
    talk = browser.websocket("/ws", subprotocols=["chat"], messages=["hello", "you"])
    assert (talk.accepted, talk.subprotocol, talk.received) == (True, "chat", ["HELLO", "YOU"])
    assert browser.websocket("/closed").close_code == 4401
    denial = browser.websocket("/").denial
    assert denial is not None
    assert (denial.status, denial.headers, denial.body) == (401, [("x-why", "nobody")], b"no")
    plain = Browser(chatty, "asgi", http_denial=False).websocket("/")
    assert (plain.denial, plain.close_code) == (None, 4401)
    with pytest.raises(TypeError, match="ASGI"):
        Browser(broken_wsgi, "wsgi").websocket("/")


def test_many_threads_share_one_loop() -> None:
    browser = Browser(as_app("asgi", echo), "asgi")
    answers: list[int] = []
    threads = [threading.Thread(target=lambda: answers.append(browser.copy().get("/").status)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 8


def test_a_file_of_small_tests_loads_nothing_large() -> None:
    """It is up in a second, because what a fixture needs is imported in that fixture, and not by `conftest.py`."""
    large = ["cryptography", "fastapi", "flask", "gunicorn", "hypothesis", "joserfc", "nanoidp", "playwright", "redis"]
    large += ["requests", "starlette", "uvicorn", "werkzeug"]
    run = "import sys, pytest; code = pytest.main(['-q', '-p', 'no:cacheprovider', 'tests/test_values.py'])"
    told = f"print(int(code), [name for name in {large} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", f"{run}; {told}"], capture_output=True, text=True, cwd=ROOT)
    assert found.stdout.splitlines()[-1] == "0 []", found.stdout + found.stderr


def test_whoever_uses_hypothesis_has_our_profile() -> None:
    """A test that took it from elsewhere would be another one each time, and would have a deadline."""
    for path in (ROOT / "tests").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if path.name != "made_up.py" and re.search(r"^(from|import) hypothesis\b", text, re.MULTILINE):
            assert "\nfrom tests.made_up import " in text, path
