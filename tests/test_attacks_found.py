"""What an attacker's reading of the code found, each as it was tried."""

from __future__ import annotations

import asyncio
import threading
import traceback
from typing import Any

import pytest

from oidc_gate.asgi import OIDCGate, handing_over
from oidc_gate.asgi.lanes import Lanes
from oidc_gate.decisions import Forward, Work
from oidc_gate.provider.code_flow import login_hint_param
from oidc_gate.provider.quoting import scrubbed
from oidc_gate.reserved_headers import ReservedHeaders
from tests.asgi_driver import LOOP
from tests.conftest import StageFactory
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.stage import Stage, query, session_cookie
from tests.test_asgi import run, scope_for


def test_of_a_long_description_only_the_beginning_is_looked_through() -> None:
    """To look for each piece of 64 KB in a state stopped the event loop for half a second."""
    secret = "the-state-of-this-login-0123456789"
    long = scrubbed(f"it is {secret}, and {secret[4:20]}, " + "abcdefgh" * 100_000, frozenset({secret, "x" * 100_000}))
    assert len(long) <= 1000
    assert long.startswith("it is …, and …, ")


def test_a_description_of_64_kb_is_told_like_a_short_one(stage: StageFactory, caplog: pytest.LogCaptureFixture) -> None:
    browser = stage().browser()
    state = query(browser.get("/", headers={"Accept": "text/html"}).target)["state"]
    form = {"state": state, "error": "access_denied", "error_description": "abcdefgh" * 7000}
    page = browser.post("/oauth2/callback", form=form)
    assert (page.status, "access_denied" in page.text) == (400, True)
    assert len(page.text) < 10_000
    assert max(len(record.getMessage()) for record in caplog.records) < 3000


@pytest.mark.parametrize("path", ["/static/app/admin", "/static/app", "/static/x/app/y", "/staticapp/app"])
def test_a_path_with_the_mount_point_in_its_middle_is_not_public(provider: LocalProvider, path: str) -> None:
    """Litestar serves /admin for /static/app/admin, where a server leaves the mount point `/app` off the path."""
    here = Stage("asgi", provider, public_paths=["/static"])
    assert run(here.gate, scope_for(path, root_path="/app"))[0]["status"] == 401
    assert here.app.calls == []
    for public in ("/static/admin", "/app/static/app/admin", "/static/ap/p"):
        assert run(here.gate, scope_for(public, root_path="/app"))[0]["status"] == 200


@pytest.mark.parametrize("more", [{"Upgrade": "websocket", "Connection": "Upgrade"}, {"Upgrade": "h2c"}])
def test_a_preflight_that_asks_for_another_protocol_is_none(stage: StageFactory, more: dict[str, str]) -> None:
    here = stage(allow_cors_preflight=True)
    true = {"Origin": "https://b.example", "Access-Control-Request-Method": "PUT"}
    assert here.browser().fetch("/ws", method="OPTIONS", headers=true).status == 200
    calls = len(here.app.calls)
    for headers in (true | more, true | {"Authorization": "Bearer x"}):
        assert here.browser().fetch("/ws", method="OPTIONS", headers=headers).status == 401
    assert len(here.app.calls) == calls


def test_work_that_nobody_waits_for_any_more_is_not_begun() -> None:
    lanes, go_on, all_busy, begun = Lanes(LIMIT), threading.Event(), threading.Semaphore(0), []

    def work(number: int) -> Work:
        def do() -> Forward:
            begun.append(number)
            all_busy.release()
            go_on.wait(LIMIT)
            return Forward(None)

        return Work("login", do, turned_away=lambda: Forward(None))

    async def all_leave() -> None:
        tasks = [asyncio.ensure_future(lanes.perform(work(number))) for number in range(40)]
        assert all([await asyncio.to_thread(all_busy.acquire, timeout=LIMIT) for _ in range(16)])
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        go_on.set()
        await lanes.perform(work(99))

    LOOP.run(all_leave())
    assert sorted(begun) == [*range(16), 99]


@pytest.mark.parametrize("hands_over", [False, True], ids=["gate", "gate that is handed over"])
def test_the_gates_frames_do_not_show_the_session_when_the_app_fails(
    provider: LocalProvider, monkeypatch: pytest.MonkeyPatch, hands_over: bool
) -> None:
    call = handing_over._answer_and_hand_over if hands_over else handing_over._answer
    monkeypatch.setattr(OIDCGate, "__call__", call)

    async def failing(scope: dict[str, Any], _receive: Any, _send: Any) -> None:
        if scope["path"] == "/fails":
            raise RuntimeError("the app fails")

    here = Stage("asgi", provider)
    value = session_cookie(here.signed_in())
    gate = here.another_gate()
    gate._app = failing
    scope = scope_for("/fails", cookie=f"theme=dark; {here.session_name}={value}")
    for _ in range(4):  # decided, then recalled
        with pytest.raises(RuntimeError) as raised:
            run(gate, scope)
        frames = [frame for frame, _ in traceback.walk_tb(raised.tb) if "oidc_gate" in frame.f_code.co_filename]
        assert frames
        for frame in frames:
            held = "".join(repr(local) for name, local in frame.f_locals.items() if name != "self")
            assert value[:40] not in held


@pytest.mark.parametrize(
    "name", ["X-Forwarded-User ", "X-Forwarded-User\t", " X-Forwarded-User", "X_Forwarded_User\x0b"]
)
def test_blanks_around_a_name_hide_nothing(name: str) -> None:
    assert name in ReservedHeaders()


def test_a_group_with_a_blank_at_an_end_is_told_as_it_is(stage: StageFactory, provider: LocalProvider) -> None:
    provider.people["ada"]["groups"] = [" admin", "staff ", "a b"]
    browser = stage(identity_headers="x-forwarded").signed_in()
    assert browser.fetch("/").json()["headers"]["x-forwarded-groups"] == "%20admin,staff%20,a b"


def test_a_hint_longer_than_any_address_is_none() -> None:
    assert login_hint_param("a" * 320) == f"&login_hint={'a' * 320}"
    assert login_hint_param("a" * 321) == login_hint_param("") == ""


@pytest.mark.parametrize("length", [9000, 60_000])
def test_a_query_too_long_to_come_back_to_is_not_looked_at(
    stage: StageFactory, caplog: pytest.LogCaptureFixture, length: int
) -> None:
    browser = stage().browser()
    assert browser.navigate(f"/?{'a' * (length - 1)}").url == "https://app.test/"
    assert f"an address of {length} characters" in caplog.text
    assert browser.navigate(f"/oauth2/login?next=/{'a' * (length - 1)}").url == "https://app.test/"
