"""The sample apps, alone: they say what they saw, in the same words in both worlds."""

from __future__ import annotations

import json
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
from werkzeug import Request

import oidc_gate
from tests import apps
from tests.asgi_driver import ASGIDriver
from tests.browser import Browser, World

ADA = dict.fromkeys(apps.IDENTITY_FIELDS) | {
    "subject": "ada",
    "groups": ("a", "b"),
    "claims": MappingProxyType({"x": 1}),
}


@pytest.fixture(autouse=True)
def _somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the apps see an identity; that the gate puts the right one there is other tests' business."""
    monkeypatch.setattr(oidc_gate, "identity_of", lambda carrier: SimpleNamespace(**ADA), raising=False)


def test_the_echo_says_what_it_saw(world: World) -> None:
    app = apps.echo(world)
    browser = Browser(app, world)
    said = browser.post("/a/%C3%A9?q=1", form={"name": "value"}, headers={"X-Word": "yes"}).json()
    assert (said["path"], said["query"], said["method"], said["scheme"]) == ("/a/é", "q=1", "POST", "https")
    assert (said["headers"]["x-word"], said["headers"]["host"], said["body_length"]) == ("yes", "app.test", 10)
    assert said["headers"]["content-type"] == "application/x-www-form-urlencoded"
    assert said["identity"]["groups"] == ["a", "b"]
    assert said["identity"]["claims"] == {"x": 1}
    assert [call.path for call in app.calls] == ["/a/é"]


def test_the_echo_can_answer_otherwise(world: World) -> None:
    app = apps.echo(world)
    app.status, app.body = 418, b"teapot"
    app.headers = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
    answer = Browser(app, world).get("/")
    assert (answer.status, answer.text, answer.header_list("set-cookie")) == (418, "teapot", ["a=1", "b=2"])
    assert Browser(app, world).request("HEAD", "/").body == b""


def test_the_asgi_echo_talks_over_a_websocket() -> None:
    talk = Browser(apps.asgi_echo(), "asgi").websocket("/chat", subprotocols=["v1"], messages=["hello", b"\x00"])
    first, *rest = talk.received
    assert (json.loads(first)["kind"], json.loads(first)["identity"]["subject"]) == ("websocket", "ada")
    assert (rest, talk.subprotocol) == (["hello", b"\x00"], "v1")


def test_the_asgi_echo_lives_and_dies() -> None:
    app = apps.asgi_echo()
    with ASGIDriver(app).lifespan():
        assert app.lifespan == ["startup"]
    assert app.lifespan == ["startup", "shutdown"]


def test_a_form_can_be_read_behind_the_validator() -> None:
    def reads_form(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [Request(environ).form["name"].encode()]

    assert Browser(reads_form, "wsgi").post("/", form={"name": "value"}).text == "value"
