"""The gate in front of apps of real frameworks: each finds who asks in what it has of its request."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from oidc_gate import identity_of
from tests import django_project
from tests import framework_apps as apps
from tests.asgi_driver import ASGIDriver
from tests.browser import World
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider

NOBODY = {"subject": None, "username": None}
ADA = {"subject": "ada-1815", "username": "ada@example.com"}

WSGI = ["flask_app", "falcon_wsgi", "bottle_app", "pyramid_app", "starlette_in_a2wsgi"]
ASGI = [
    *("starlette_app", "fastapi_app", "falcon_asgi", "litestar_app", "quart_app"),
    *("flask_in_a2wsgi", "flask_in_asgiref", "flask_in_starlette"),
]


@pytest.mark.parametrize(
    ("world", "name"), [*(("wsgi", name) for name in WSGI), *(("asgi", name) for name in ASGI)], indirect=["world"]
)
def test_an_app_finds_who_asks_in_its_frameworks_request(stage: StageFactory, name: str) -> None:
    here = stage(app=getattr(apps, name)(), public_paths="/public")
    ada, nobody = here.browser(), here.browser()
    ada.navigate("/")
    for _ in range(4):  # the slow way through the gate, and the short one
        assert ada.fetch("/page").json().items() >= ADA.items()
        assert ada.fetch("/public/page").json()["subject"] == "ada-1815"
        assert nobody.fetch("/public/page").json()["subject"] is None


@pytest.mark.parametrize("world", ["asgi"], indirect=True)
@pytest.mark.parametrize("mount", ["/old", "/older", "/oldest"])
def test_a_wsgi_app_mounted_in_an_asgi_app_finds_who_asks(stage: StageFactory, mount: str) -> None:
    here = stage(app=apps.flask_mounted_in_fastapi(), public_paths=f"{mount}/public")
    ada = here.browser()
    ada.navigate(f"{mount}/")
    for _ in range(4):
        assert ada.fetch(f"{mount}/page?x=1").json()["subject"] == "ada-1815"
        assert here.browser().fetch(f"{mount}/public").json()["subject"] is None


@pytest.mark.parametrize("world", ["asgi"], indirect=True)
def test_what_an_app_asks_of_another_by_itself_is_asked_by_nobody(stage: StageFactory) -> None:
    """The scope of a task is known to all that runs in it; only the request that was made from it may find it there."""
    import httpx

    inner = apps.flask_in_asgiref()

    async def outer(scope: dict[str, Any], receive: Any, send: Any) -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(inner), base_url="https://app.test") as client:
            others = [await client.get(path) for path in ("/page", "/page?x=1", "/other")]
            others.append(await client.post("/page"))
            others.append(await client.get("/page", headers={"User-Agent": "", "Host": "inner.test"}))
        told = [answer.json()["subject"] if answer.status_code == 200 else None for answer in others]
        told.append(identity_of({name: value for name, value in scope.items() if name != "oidc_gate.identity"}))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": json.dumps(told).encode()})

    here = stage(app=outer)
    ada = here.browser()
    ada.navigate("/page")
    assert ada.fetch("/page").json() == [None] * 6


@pytest.mark.parametrize("world", ["asgi"], indirect=True)
def test_an_mcp_tool_finds_who_asks(stage: StageFactory) -> None:
    here = stage(app=apps.mcp_app())
    with ASGIDriver(here.gate).lifespan():
        ada = here.browser()
        ada.navigate("/nothing")
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "who", "arguments": {}}}
        answer = ada.fetch(
            "/mcp",
            "POST",
            body=json.dumps(call).encode(),
            content_type="application/json",
            headers={"Accept": "application/json, text/event-stream"},
        )
    assert json.loads(answer.json()["result"]["content"][0]["text"]) == ADA


def socketio_session(browser: Any) -> None:
    """Connect to Socket.IO by polling, as its client does first, and leave."""
    opened = browser.fetch("/socket.io/?EIO=4&transport=polling")
    assert opened.status == 200
    sid = json.loads(opened.text[1:])["sid"]
    url = f"/socket.io/?EIO=4&transport=polling&sid={sid}"
    for packet in (b"40", b"41"):
        assert browser.fetch(url, "POST", body=packet, content_type="text/plain;charset=UTF-8").status == 200
    browser.fetch(url)


def test_a_socketio_handler_finds_who_connects(stage: StageFactory, world: World) -> None:
    seen: list[Any] = []
    inner = apps.flask_app() if world == "wsgi" else apps.starlette_app()
    here = stage(app=getattr(apps, f"socketio_{world}")(seen, inner), public_paths="/socket.io")
    ada = here.browser()
    ada.navigate("/")
    socketio_session(ada)
    socketio_session(here.browser())
    assert seen == [ADA, NOBODY]


@pytest.mark.parametrize("world", ["wsgi"], indirect=True)
def test_a_flask_socketio_handler_finds_who_connects(stage: StageFactory) -> None:
    import flask
    from flask_socketio import SocketIO

    app = apps.flask_app()
    server = SocketIO(app, async_mode="threading", async_handlers=False, monitor_clients=False)
    seen: list[Any] = []
    server.on("connect")(lambda _auth=None: seen.append((apps.told(flask.request), flask.request.remote_user)))
    here = stage(app=app.wsgi_app)  # type: ignore[attr-defined]
    ada = here.browser()
    ada.navigate("/")
    socketio_session(ada)
    assert seen == [(ADA, "ada@example.com")]


# Channels


@pytest.mark.parametrize("world", ["asgi"], indirect=True)
def test_channels_authenticates_as_without_the_gate(stage: StageFactory, provider: LocalProvider) -> None:
    seen: list[Any] = []
    here = stage(app=apps.channels_app(seen), public_paths="/public")
    session = django_project.session_of("boss")
    ada = here.browser()
    ada.navigate("/")
    for path, browser, gate in (("/ws", ada, ADA), ("/public", ada, ADA), ("/public", here.browser(), NOBODY)):
        for django_cookie in (False, True):
            if django_cookie:
                browser.cookies.set("sessionid", session)
            seen.clear()
            assert browser.websocket(path).accepted
            for _ in range(4):
                assert browser.fetch(path).status == 200
            user = (True, "boss") if django_cookie else (False, "")
            assert seen == [gate | {"user": user}] * 5
            browser.cookies.delete("sessionid")


@pytest.mark.parametrize("world", ["asgi"], indirect=True)
def test_without_channels_a_user_is_the_identity_itself(stage: StageFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    for guest in ("channels.auth", "asgiref.wsgi", "starlette.middleware.wsgi"):
        monkeypatch.delitem(sys.modules, guest, raising=False)
    here = stage(public_paths="/public")
    here.signed_in().fetch("/")
    scope = here.app.raw[-1]
    assert scope["user"] is scope["oidc_gate.identity"]


# What stands outside


def socketio_outside(world: World, gate: Any) -> Any:
    return getattr(apps, f"socketio_{world}")([], gate)


def flask_socketio_outside(world: World, gate: Any) -> Any:
    from flask_socketio import SocketIO

    app: Any = apps.flask_app()
    app.wsgi_app = gate
    SocketIO(app, async_mode="threading", monitor_clients=False)
    return app


def whitenoise_outside(world: World, gate: Any) -> Any:
    from whitenoise import WhiteNoise

    return WhiteNoise(gate)


def shared_data_outside(world: World, gate: Any) -> Any:
    from werkzeug.middleware.shared_data import SharedDataMiddleware

    return SharedDataMiddleware(gate, {"/files": "/nowhere"})


def debugger_outside(world: World, gate: Any) -> Any:
    from werkzeug.debug import DebuggedApplication

    return DebuggedApplication(gate)


def protocol_router_outside(world: World, gate: Any) -> Any:
    apps.channels_app([])  # sets Django up
    from channels.routing import ProtocolTypeRouter

    return apps.in_lower_case(ProtocolTypeRouter({"http": gate}))


@pytest.mark.parametrize(
    ("world", "put_outside", "name"),
    [
        ("wsgi", socketio_outside, "Socket.IO"),
        ("asgi", socketio_outside, "Socket.IO"),
        ("wsgi", flask_socketio_outside, "Socket.IO"),
        ("wsgi", whitenoise_outside, "WhiteNoise"),
        ("wsgi", shared_data_outside, "SharedDataMiddleware"),
        ("wsgi", debugger_outside, "Werkzeug's debugger"),
        ("asgi", protocol_router_outside, "ProtocolTypeRouter"),
    ],
    indirect=["world"],
)
def test_what_stands_outside_the_gate_is_named_once(
    stage: StageFactory, world: World, put_outside: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    here = stage()
    browser = here.browser(put_outside(world, here.gate))
    for _ in range(3):
        assert browser.fetch("/page").status == 401
    found = [record.getMessage() for record in caplog.records if "stands outside" in record.getMessage()]
    assert len(found) == 1
    assert found[0].startswith(f"{name} stands outside the gate: what it answers by itself is not guarded.")


def test_what_stands_inside_is_not_named(stage: StageFactory, world: World, caplog: pytest.LogCaptureFixture) -> None:
    inside = socketio_outside(world, apps.flask_app() if world == "wsgi" else apps.starlette_app())
    here = stage(app=inside)
    assert here.browser().fetch("/socket.io/?EIO=4&transport=polling").status == 401
    ada = here.browser()
    ada.navigate("/")
    assert ada.fetch("/page").status == 200
    assert "stands outside" not in caplog.text
