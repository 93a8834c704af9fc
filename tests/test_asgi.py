"""The gate as ASGI middleware: HTTP, WebSocket and lifespan as a server and an app know them, the gate in between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.apps import ASGIEcho
from tests.asgi_driver import LOOP, ASGIDriver, Message, make_scope
from tests.providers.local import LocalProvider
from tests.stage import Stage, query, session_cookie
from tests.wire import WireRequest

MakeStage = Callable[..., Stage]


@pytest.fixture
def stage(provider: LocalProvider) -> MakeStage:
    """Set a stage for an ASGI app, the echo unless given."""
    return lambda app=None, **settings: Stage("asgi", provider, app=app, **settings)


def scope_for(path: str = "/", *, kind: str = "http", cookie: str = "", **more: Any) -> dict[str, Any]:
    headers = [("host", "app.test"), *([("cookie", cookie)] if cookie else [])]
    made = make_scope(WireRequest("GET", f"https://app.test{path}", headers))
    return made | {"type": kind} | ({"method": "GET"} if kind == "http" else {"scheme": "wss"}) | more


def signed_in_cookie(here: Stage) -> str:
    return f"{here.session_name}={session_cookie(here.signed_in())}"


def run(app: Any, scope: dict[str, Any], messages: list[Message] | None = None) -> list[Message]:
    """Call an app with these messages to receive, and return what it sent."""
    inbox, sent = list(messages or [{"type": "http.request", "body": b"", "more_body": False}]), []

    async def receive() -> Message:
        return inbox.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    async def call() -> None:
        await app(scope, receive, send)

    LOOP.run(call())
    return sent


# Trailers

#: What a client may send behind a body, when it likes.
TRAILERS = [
    (b"x-forwarded-user", b"evil"),
    (b"x-forwarded-groups", b"evil"),
    (b"remote-user", b"evil"),
    (b"x-http-method-override", b"DELETE"),
    (b"authorization", b"Bearer evil"),
    (b"cookie", b"evil=1"),
    (b"host", b"evil.example"),
    (b"x-plain", b"evil"),
]
SLOW: dict[str, tuple[dict[str, Any], str, int]] = {
    "a session in a store": ({}, "/", 200),
    "a session that is over, at a public path": ({"public_paths": "/open"}, "/open", 200),
    "a session that is over": ({}, "/", 401),
    "the provider": ({"userinfo_refresh_interval": "15m", "session_store": "cookie"}, "/", 200),
    "the gate's own path": ({}, "/oauth2/userinfo", 200),
}


@pytest.mark.parametrize(("settings", "path", "expected"), SLOW.values(), ids=SLOW)
def test_trailers_that_come_while_the_gate_waits_are_no_headers(
    stage: MakeStage, tmp_path: Path, settings: dict[str, Any], path: str, expected: int, request: Any
) -> None:
    """Uvicorn adds them to the list of headers that it has handed over already."""
    store = {"session_store": f"sqlite:///{tmp_path}/sessions.db", "session_cache_seconds": 0}
    rules = [{"path": "/", "method": "DELETE", "allow": "nobody"}]
    here = stage(**store | settings | {"identity_headers": "x-forwarded", "rules": rules, "idle_session_timeout": 0})
    browser = here.signed_in()
    cookie = browser.cookies.header_for(f"{browser.origin}/")
    if "over" in request.node.name:
        browser.get("/oauth2/logout")
    here.clock.advance(1000)
    before = len(here.app.calls)
    scope = scope_for(path, cookie=cookie, method="POST" if expected == 200 and "oauth2" not in path else "GET")

    async def call(scope: Any, receive: Any, send: Any) -> None:
        task = asyncio.create_task(here.gate(scope, receive, send))
        await asyncio.sleep(0)
        assert not task.done()
        scope["headers"] += TRAILERS
        await task

    sent = run(call, scope)
    assert sent[0]["status"] == expected
    assert "evil" not in str(sent)
    assert all("evil" not in str(each) for each in here.app.calls[before:])
    assert len(here.app.calls) - before == (path != "/oauth2/userinfo" and expected == 200)
    if len(here.app.calls) > before:
        told = here.app.calls[-1].headers
        assert told.get("x-forwarded-user", "") == ("" if "over" in request.node.name else "ada-1815")
        assert TRAILERS[3][0].decode() not in told


def test_what_a_view_demands_goes_by_the_head_too(stage: MakeStage) -> None:
    """What a view asks of the gate, it asks when it likes."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    from oidc_gate.starlette import require

    @require(groups="engineers")
    async def page(_: Request) -> Any:
        raise AssertionError("nobody is signed in")

    inner = Starlette(routes=[Route("/page", page, methods=["GET"]), Route("/", lambda _: PlainTextResponse("here"))])
    has_begun, may_go_on = asyncio.Event(), asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope.get("path") == "/page":
            has_begun.set()
            await may_go_on.wait()
        await inner(scope, receive, send)

    here = stage(app, public_paths="/page", trusted_proxies=1)
    here.signed_in()  # the provider is known
    told = [(b"x-forwarded-host", b"app.test"), (b"x-forwarded-proto", b"https"), (b"accept", b"text/html")]
    scope = scope_for("/page")
    scope["headers"] += told

    async def call(scope: Any, receive: Any, send: Any) -> None:
        task = asyncio.create_task(here.gate(scope, receive, send))
        await has_begun.wait()
        scope["headers"] += [(b"x-forwarded-host", b"evil.example/x?"), (b"x-forwarded-proto", b"http")]
        may_go_on.set()
        await task

    sent = run(call, scope)
    assert sent[0]["status"] == 302
    assert "app.test" in str(sent)
    assert "evil" not in str(sent)


# Kinds of connections


def test_lifespan_is_the_apps_alone(stage: MakeStage) -> None:
    here = stage()
    with ASGIDriver(here.gate).lifespan():
        assert isinstance(here.app, ASGIEcho)
        assert here.app.lifespan == ["startup"]
    assert here.app.lifespan == ["startup", "shutdown"]


def test_a_kind_of_connection_that_is_not_known_does_not_reach_the_app(stage: MakeStage) -> None:
    here = stage()
    with pytest.raises(ValueError, match="'webtransport'"):
        run(here.gate, scope_for(kind="webtransport"))
    assert here.app.calls == []


def test_a_signed_in_websocket_talks_with_the_app(stage: MakeStage) -> None:
    browser = stage().signed_in()
    talk = browser.websocket("/chat", subprotocols=["v1"], messages=["hello", b"\x00\x01"])
    assert (talk.accepted, talk.subprotocol, talk.received[1:]) == (True, "v1", ["hello", b"\x00\x01"])
    assert '"ada-1815"' in str(talk.received[0])


@pytest.mark.parametrize("http_denial", [True, False])
@pytest.mark.parametrize("path", ["/chat", "/oauth2/login", "/oauth2/health", "/oauth2/nothing"])
def test_a_websocket_is_judged_at_connect_and_never_accepted_by_the_gate(
    stage: MakeStage, http_denial: bool, path: str
) -> None:
    here = stage()
    extensions: dict[str, Any] = {"websocket.http.response": {}} if http_denial else {}
    sent = run(here.gate, scope_for(path, kind="websocket", extensions=extensions), [{"type": "websocket.connect"}])
    if http_denial:
        assert [message["type"] for message in sent] == [
            "websocket.http.response.start",
            "websocket.http.response.body",
        ]
        assert sent[0]["status"] in (401, 404, 405)
    else:
        assert sent == [{"type": "websocket.close", "code": 1008, "reason": ""}]
    assert here.app.calls == []


def test_a_websocket_with_a_malformed_host_is_refused(stage: MakeStage) -> None:
    here = stage(public_paths="/public")
    scope = scope_for("/public", kind="websocket", headers=[(b"host", b"a b")], extensions=None)
    assert run(here.gate, scope, [{"type": "websocket.connect"}])[0]["type"] == "websocket.close"
    assert here.app.calls == []


def test_a_websocket_whose_session_is_due_asks_the_provider_first(stage: MakeStage, provider: LocalProvider) -> None:
    here = stage(userinfo_refresh_interval="15m", allow_groups="engineers", idle_session_timeout=0)
    browser = here.signed_in()
    here.clock.advance(901)
    assert browser.websocket("/chat").accepted
    provider.people["ada"]["groups"] = []
    here.clock.advance(901)
    talk = browser.websocket("/chat")
    assert (talk.accepted, talk.denial and talk.denial.status) == (False, 403)


def test_a_websocket_counts_as_activity(stage: MakeStage) -> None:
    here = stage(idle_session_timeout="10m")
    browser = here.signed_in()
    for _ in range(3):
        here.clock.advance(599)
        assert browser.websocket("/chat").accepted
    here.clock.advance(599)
    assert browser.fetch("/").status == 200


# Streaming


def test_a_response_goes_out_piece_by_piece(stage: MakeStage) -> None:
    sent: list[Message] = []
    seen: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(3):
            await send({"type": "http.response.body", "body": str(number).encode(), "more_body": number < 2})
            seen.append(len(sent))

    here = stage(app)
    cookie = signed_in_cookie(here)
    seen.clear()

    async def call() -> None:
        async def send(message: Message) -> None:
            sent.append(message)

        await here.gate(scope_for(cookie=cookie), None, send)

    LOOP.run(call())
    assert seen == [2, 3, 4]
    assert [message.get("body") for message in sent[1:]] == [b"0", b"1", b"2"]
    assert sent[0]["headers"] == [(b"cache-control", b"private")]


@pytest.mark.parametrize(
    ("said", "kept"),
    [({"x": "y"}, True), ({"cache-control": "private", "x": "y"}, True), ({"cdn-cache-control": "max-age=60"}, False)],
    ids=repr,
)
def test_an_apps_headers_may_be_anything_that_can_be_gone_through_once(
    provider: LocalProvider, said: dict[str, str], kept: bool
) -> None:
    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        headers = ((name.encode(), value.encode()) for name, value in said.items())
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body"})

    here = Stage("asgi", provider, app=app)
    cookie = signed_in_cookie(here)
    here.clock.advance(120)
    start = run(here.gate, scope_for(cookie=cookie))[0]
    told = [(name.decode(), value.decode()) for name, value in start["headers"]]
    assert [header for header in told if header[0] in said] == list(said.items())
    assert ("set-cookie" in dict(told)) is kept


def test_a_request_comes_in_piece_by_piece_and_so_does_a_disconnect(stage: MakeStage) -> None:
    received: list[Message] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] == "POST":
            while True:
                received.append(await receive())
                if received[-1]["type"] == "http.disconnect":
                    return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    here = stage(app)
    messages: list[Message] = [
        {"type": "http.request", "body": b"one", "more_body": True},
        {"type": "http.request", "body": b"two", "more_body": True},
        {"type": "http.disconnect"},
    ]
    cookie = signed_in_cookie(here)
    assert run(here.gate, scope_for(cookie=cookie, method="POST"), list(messages)) == []
    assert received == messages


@pytest.mark.parametrize("kind", ["http.response.zerocopysend", "http.response.push", "http.response.trailers"])
def test_messages_of_extensions_pass(stage: MakeStage, kind: str) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})
        if scope["path"] == "/extended":
            await send({"type": kind, "path": "/x", "headers": []})
        await send({"type": "http.response.body"})

    here = stage(app)
    sent = run(here.gate, scope_for("/extended", cookie=signed_in_cookie(here)))
    assert [message["type"] for message in sent] == ["http.response.start", kind, "http.response.body"]


@pytest.mark.parametrize(
    "messages",
    [
        [{"type": "http.disconnect"}],
        [{"type": "http.request", "body": b"state=", "more_body": True}, {"type": "http.disconnect"}],
        [{"type": "http.request", "body": b"x" * 40_000, "more_body": True}] * 5,
    ],
    ids=["at once", "in the middle", "too much"],
)
def test_a_posted_callback_that_does_not_end_well_is_refused(stage: MakeStage, messages: list[Message]) -> None:
    scope = scope_for("/oauth2/callback", method="POST")
    scope["headers"].append((b"content-type", b"application/x-www-form-urlencoded"))
    sent = run(stage().gate, scope, list(messages))
    assert sent[0]["status"] == 400


# What the app is told


def test_the_servers_scope_is_left_as_it_was(stage: MakeStage) -> None:
    here = stage(identity_headers="x-forwarded")
    scope = scope_for(cookie=signed_in_cookie(here) + "; a=1")
    before = {name: list(value) if isinstance(value, list) else value for name, value in scope.items()}
    run(here.gate, scope)
    assert scope == before
    assert here.app.raw[-1] is not scope
    assert here.app.raw[-1]["state"] is scope["state"]  # lifespan state is shared, as Starlette wants it


def test_starlette_finds_user_and_auth(stage: MakeStage) -> None:
    from starlette.requests import Request

    here = stage(public_paths="/public")
    here.signed_in()
    request = Request(here.app.raw[-1])
    assert (request.user.is_authenticated, request.user.display_name, request.user.identity) == (
        True, "Ada Lovelace", "ada-1815",
    )  # fmt: skip
    assert list(request.auth.scopes) == ["authenticated", "engineers", "admins"]
    here.browser().get("/public")
    nobody = Request(here.app.raw[-1])
    assert (nobody.user.is_authenticated, nobody.user.display_name, list(nobody.auth.scopes)) == (False, "", [])


def test_header_names_in_any_case_are_understood(stage: MakeStage) -> None:
    """ASGI asks servers for lower case; one that forgets must not open a door."""
    here = stage(public_paths="/public", identity_headers="x-forwarded")
    cookie = signed_in_cookie(here).encode()
    headers = [(b"HOST", b"app.test"), (b"Cookie", cookie), (b"cOOKIE", b"a=1"), (b"X-FORWARDED-User", b"mallory")]
    run(here.gate, scope_for(headers=headers))
    seen = here.app.calls[-1]
    assert (seen.headers["x-forwarded-user"], seen.headers["cookie"]) == ("ada-1815", "a=1")
    run(here.gate, scope_for("/public", headers=[(b"Host", b"app.test"), (b"X_Forwarded_USER", b"mallory")]))
    assert "mallory" not in repr(here.app.raw[-1])


def test_the_servers_cookie_headers_are_read_as_one(stage: MakeStage) -> None:
    """HTTP/2 splits the Cookie header into one per cookie."""
    here = stage()
    cookie = signed_in_cookie(here).encode()
    run(
        here.gate,
        scope_for(headers=[(b"host", b"app.test"), (b"cookie", b"a=1"), (b"cookie", cookie), (b"cookie", b"b=2")]),
    )
    assert subject_of(here) == "ada-1815"
    assert here.app.calls[-1].headers["cookie"] == "a=1; b=2"


def subject_of(here: Stage) -> str | None:
    identity = here.app.calls[-1].identity
    return None if identity is None else str(identity["subject"])


@pytest.mark.parametrize("path", ["/shop/cart", "/cart"])
def test_root_path_is_understood_with_and_without_it_in_the_path(stage: MakeStage, path: str) -> None:
    """Servers before ASGI 2.4's clarification left the mount point out of `path`."""
    here = stage(public_paths="/cart")
    sent = run(here.gate, scope_for(path, root_path="/shop"))
    assert sent[0]["status"] == 200
    assert here.app.raw[-1]["path"] == path
    private = run(here.gate, scope_for("/shopping/cart", root_path="/shop"))
    assert private[0]["status"] == 401


def test_a_scope_with_nothing_optional_in_it_is_enough(stage: MakeStage) -> None:
    here = stage()
    bare: dict[str, Any] = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET"}
    bare |= {"path": "/", "headers": [(b"accept", b"text/html")]}
    headers = dict(run(here.gate, bare)[0]["headers"])
    assert query(headers[b"location"].decode())["redirect_uri"] == "http://localhost/oauth2/callback"
    run(here.gate, bare | {"server": ("::1", 8000), "client": None})
    found = dict(run(here.gate, bare | {"server": ("::1", 8000)})[0]["headers"])
    assert query(found[b"location"].decode())["redirect_uri"] == "http://[::1]:8000/oauth2/callback"
    unix = dict(run(here.gate, bare | {"server": ("/run/app.sock", None)})[0]["headers"])
    assert query(unix[b"location"].decode())["redirect_uri"] == "http://localhost/oauth2/callback"
