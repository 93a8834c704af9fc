"""The gate as WSGI middleware: what PEP 3333 promises an app and its server holds with the gate in between."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from oidc_gate import Settings
from oidc_gate.errors import SettingsError
from oidc_gate.wsgi import OIDCGate, paste_filter
from tests.apps import COOKIE_SECRET, asgi_echo, wsgi_echo
from tests.documents import ROOT
from tests.providers.local import LocalProvider
from tests.stage import Stage, query
from tests.wire import WireRequest
from tests.wsgi_driver import make_environ

PLAIN = [("Content-Type", "text/plain")]
MakeStage = Callable[..., Stage]


@pytest.fixture
def stage(provider: LocalProvider) -> MakeStage:
    """Set a stage for a WSGI app of one's own."""
    return lambda app, **settings: Stage("wsgi", provider, app=app, **settings)


class Server:
    """A server that calls the gate by hand, as someone who is signed in, and keeps what `start_response` was given."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        browser = stage.browser(validate=False)
        browser.navigate("/")
        self.cookie = browser.cookies.header_for("https://app.test/")
        self.started: list[tuple[str, list[tuple[str, str]], Any]] = []
        self.written: list[bytes] = []

    def environ(self, path: str = "/", method: str = "GET", body: bytes = b"", **more: Any) -> dict[str, Any]:
        headers = [("Host", "app.test"), ("Cookie", self.cookie), ("Content-Length", str(len(body)))]
        return make_environ(WireRequest(method, f"https://app.test{path}", headers, body)) | more

    def start_response(self, status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Callable[[bytes], None]:
        self.started.append((status, headers, exc_info))
        return self.written.append

    def call(self, path: str = "/", **more: Any) -> Any:
        return self.stage.gate(self.environ(path, **more), self.start_response)


def hello(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("200 OK", list(PLAIN))
    return [b"hello"]


def test_the_apps_own_iterable_is_handed_to_the_server(stage: MakeStage) -> None:
    class Body:
        closed = False

        def __iter__(self) -> Iterator[bytes]:
            yield from (b"a", b"", b"b")

        def close(self) -> None:
            self.closed = True

    body = Body()

    def app(environ: dict[str, Any], start_response: Any) -> Body:
        start_response("200 OK", list(PLAIN))
        return body

    server = Server(stage(app))
    body.closed = False
    result = server.call()
    assert result is body
    assert (list(result), body.closed) == ([b"a", b"", b"b"], False)
    result.close()
    assert body.closed


def test_a_stream_is_passed_on_as_it_comes(stage: MakeStage) -> None:
    produced: list[int] = []

    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", list(PLAIN))
        for number in range(3):
            produced.append(number)
            yield str(number).encode()

    chunks = iter(Server(stage(app)).call())
    produced.clear()
    assert (next(chunks), produced) == (b"0", [0])
    assert (next(chunks), produced) == (b"1", [0, 1])


def test_an_app_that_starts_its_response_late_gets_its_headers_too(stage: MakeStage) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", list(PLAIN))  # only when the first piece is asked for
        yield b"late"

    server = Server(stage(app))
    server.started.clear()
    assert b"".join(server.call()) == b"late"
    assert server.started[0][1] == [*PLAIN, ("cache-control", "private")]


@pytest.mark.parametrize("cache_control", ["private", ""])
def test_exc_info_reaches_the_server_and_only_when_there_is_one(stage: MakeStage, cache_control: str) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", list(PLAIN))
        try:
            raise ValueError("broken in the middle")
        except ValueError:
            start_response("500 Oh", list(PLAIN), sys.exc_info())
        return [b"sorry"]

    server = Server(stage(app, cache_control=cache_control))
    server.started.clear()
    server.call()
    first, second = server.started
    assert (first[0], first[2]) == ("200 OK", ())
    assert (second[0], second[2][0][0]) == ("500 Oh", ValueError)


def test_an_error_of_the_app_passes_through(stage: MakeStage) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise RuntimeError("the app's own")

    here = Stage("wsgi", stage(hello).provider)
    server = Server(here)
    here.gate._app = app
    with pytest.raises(RuntimeError, match="the app's own"):
        server.call()


def test_the_write_callable_writes_to_the_server(stage: MakeStage) -> None:
    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        write = start_response("200 OK", list(PLAIN))
        write(b"written")
        return [b"returned"]

    server = Server(stage(app))
    server.written.clear()
    assert (server.call(), server.written) == ([b"returned"], [b"written"])


def test_the_body_is_the_apps_to_read(stage: MakeStage) -> None:
    read: list[bytes] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        read.append(environ["wsgi.input"].read())
        start_response("200 OK", list(PLAIN))
        return []

    server = Server(stage(app))
    more: dict[str, Any] = {"wsgi.input": io.BytesIO(b"the whole body")}
    server.call(method="POST", **more)
    assert read[-1] == b"the whole body"


def test_a_header_list_that_the_app_uses_again_never_carries_anothers_cookie(stage: MakeStage) -> None:
    shared = list(PLAIN)

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", shared)
        return [b"hello"]

    here = stage(app, public_paths="/public")
    server = Server(here)
    here.clock.advance(120)
    server.started.clear()
    server.call()
    assert "set-cookie" in dict(server.started[0][1])
    assert shared == PLAIN
    here.browser().get("/public")
    answer = here.browser().get("/public")
    assert answer.header_list("Set-Cookie") == []


def test_the_environ_is_the_servers_own_and_may_be_changed_by_the_app(stage: MakeStage) -> None:
    seen: list[dict[str, Any]] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ)
        return hello(environ, start_response)

    server = Server(stage(app))
    environ = server.environ()
    server.stage.gate(environ, server.start_response)
    assert seen[-1] is environ


@pytest.mark.parametrize("path", ["/", "/oauth2/health", "/oauth2/nothing"])
def test_head_has_no_body_and_the_length_that_get_would_have(stage: MakeStage, path: str) -> None:
    browser = stage(hello).browser()
    got, head = (browser.request(method, path, navigate=False) for method in ("GET", "HEAD"))
    assert head.body == b""
    if head.status == got.status:
        assert head.header("Content-Length") == str(len(got.body))


def test_script_name_stays_where_it_is(stage: MakeStage) -> None:
    seen: list[tuple[str, str]] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append((environ["SCRIPT_NAME"], environ["PATH_INFO"]))
        return hello(environ, start_response)

    server = Server(stage(app))
    cafe = "/café".encode().decode("latin-1")  # PEP 3333: bytes as latin-1
    server.call(SCRIPT_NAME=cafe, PATH_INFO="/menu")
    assert seen[-1] == (cafe, "/menu")
    server.started.clear()
    server.call(SCRIPT_NAME=cafe, PATH_INFO="/oauth2/logout", QUERY_STRING="next=/")
    server.call(SCRIPT_NAME=cafe, PATH_INFO="/menu", HTTP_ACCEPT="text/html")
    locations = [dict(headers).get("location", "") for _, headers, _ in server.started]
    assert locations[0] == "/caf%C3%A9/"
    assert query(locations[1])["redirect_uri"] == "https://app.test/caf%C3%A9/oauth2/callback"


def test_status_phrases_are_the_usual_ones(stage: MakeStage) -> None:
    here = stage(hello)
    started: list[str] = []
    for path, cookie in (("/", ""), ("/oauth2/nothing", ""), ("/oauth2/backchannel-logout", "")):
        environ = make_environ(
            WireRequest("POST", f"https://app.test{path}", [("Content-Type", "application/x-www-form-urlencoded")])
        )
        here.gate(environ | {"HTTP_COOKIE": cookie}, lambda status, headers: started.append(status))
    assert started == ["401 Unauthorized", "404 Not Found", "501 Not Implemented"]


@pytest.mark.parametrize(
    ("more", "accepted"),
    [
        ({"CONTENT_LENGTH": "20"}, True),
        ({"CONTENT_LENGTH": ""}, False),
        ({"CONTENT_LENGTH": "-1"}, False),
        ({"CONTENT_LENGTH": "abc"}, False),
        ({"CONTENT_LENGTH": "\u00b2"}, False),
        ({"CONTENT_LENGTH": "9" * 30}, False),
        ({"wsgi.input_terminated": True}, True),
        ({"wsgi.input_terminated": True, "wsgi.input": io.BytesIO(b"state=a&code=" + b"b" * 70_000)}, False),
    ],
)
def test_a_posted_callback_is_read_as_far_as_it_says_and_no_further(
    stage: MakeStage, more: dict[str, Any], accepted: bool
) -> None:
    here = stage(hello)
    body = b"state=abcdef&code=xy"
    request = WireRequest("POST", "https://app.test/oauth2/callback", [("Host", "app.test")], body)
    environ = make_environ(request) | {"CONTENT_TYPE": "application/x-www-form-urlencoded"} | more
    started: list[str] = []
    answer = here.gate(environ, lambda status, headers: started.append(status))
    assert started == ["400 Bad Request"]
    assert (b"cookies_missing" in answer[0]) is accepted


def test_an_asgi_app_is_refused_with_the_right_import(provider: LocalProvider) -> None:
    with pytest.raises(SettingsError, match=r"oidc_gate\.asgi"):
        OIDCGate(asgi_echo(), **provider.gate_options(cookie_secret=COOKIE_SECRET))


def test_options_override_a_settings_object(provider: LocalProvider) -> None:
    settings = Settings(**provider.gate_options(cookie_secret=COOKIE_SECRET))
    gate: Any = OIDCGate(wsgi_echo(), settings=settings, path_prefix="/gate")
    started: list[str] = []
    health = make_environ(WireRequest("GET", "https://app.test/gate/health", []))
    gate(health, lambda status, headers: started.append(status))
    assert started == ["200 OK"]
    strange: Any = {"path_prefix": "/gate"}
    with pytest.raises(SettingsError, match="settings must be a Settings"):
        OIDCGate(wsgi_echo(), settings=strange)


def test_a_pastedeploy_section_makes_a_gate_of_its_texts(provider: LocalProvider) -> None:
    given = provider.gate_options(cookie_secret=COOKIE_SECRET)
    texts: dict[str, Any] = {name: str(value) for name, value in given.items()}
    gate: Any = paste_filter(wsgi_echo(), {"here": "/"}, **texts, path_prefix="/gate")
    started: list[str] = []
    gate(make_environ(WireRequest("GET", "https://app.test/gate/health", [])), lambda status, _: started.append(status))
    assert started == ["200 OK"]


FIRST_BODIES = """
import io, secrets, sys, threading
from oidc_gate.wsgi import OIDCGate

gate = OIDCGate(
    lambda environ, start_response: [b""],
    issuer_url="https://provider.test", client_id="app", client_secret=secrets.token_urlsafe(),
    cookie_secret=secrets.token_urlsafe(40), session_store="sqlite:///first-bodies.db",
    provider_endpoints={"authorization_endpoint": "https://provider.test/a", "token_endpoint": "https://provider.test/t",
                        "jwks_uri": "https://provider.test/k"},
)
assert "werkzeug" not in sys.modules, "what is to be loaded by a request"
sys.setswitchinterval(1e-6)
said = []

def post(number):
    body = b"logout_token=x"
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/oauth2/backchannel-logout", "SERVER_NAME": "app.test",
        "SERVER_PORT": "80", "HTTP_HOST": "app.test", "wsgi.url_scheme": "https", "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": "application/x-www-form-urlencoded",
    }
    while len([name for name in [*sys.modules] if name.startswith("werkzeug")]) < number and not said:
        pass
    gate(environ, lambda status, headers: said.append(status.split()[0]))

threads = [threading.Thread(target=post, args=(3 * number,)) for number in range(8)]
for each in threads:
    each.start()
for each in threads:
    each.join()
print(said)
"""


def test_the_first_bodies_of_a_process_may_come_at_once(tmp_path: Path) -> None:
    """In an app that has not loaded werkzeug: two threads found half of it each, and a provider's logout was lost."""
    done = subprocess.run(
        [sys.executable, "-c", FIRST_BODIES],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert (done.stdout, done.stderr.count("Traceback")) == (f"{['400'] * 8}\n", 0)
