"""`health` with a challenge, and `ready`: what they prove, to whom, and what strangers can do with them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from oidc_gate.errors import StoreError
from oidc_gate.gate.proofs import Proof, read_proof
from oidc_gate.sealing import Seal
from oidc_gate.stores.urls import open_store
from tests.answers import Answer
from tests.apps import COOKIE_SECRET
from tests.browser import World
from tests.conftest import StageFactory
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.redis_servers import RedisServers, until
from tests.stage import Stage, session_cookie

CHALLENGE = "Vq3.x_9~-A0bCdEf"
OLDER = "an-older-secret-of-before-which-is-long-enough"


def answer(here: Stage, challenge: str = CHALLENGE, **options: Any) -> Answer:
    return here.browser(**options).get(f"/oauth2/health?challenge={challenge}")


def proof(here: Stage, answered: Answer, challenge: str = CHALLENGE, **changed: Any) -> Proof | None:
    """Return what whoever has the gate's settings reads in an answer."""
    components = here.gate._gate._components
    secrets, context = changed.get("secrets", components.settings.cookie_secret), components.context
    return read_proof(answered.json()["answer"], secrets, changed.get("context", context), challenge)


# A challenge


def test_an_answer_to_a_challenge_proves_the_gate_and_tells_what_it_saw(
    stage: StageFactory, provider: LocalProvider, world: World
) -> None:
    here = stage()
    answered = answer(here, origin="https://app.test")
    assert (answered.status, answered.json()["status"], answered.header("Cache-Control")) == (200, "ok", "no-store")
    found = proof(here, answered)
    assert found is not None
    assert (found.seen, found.own, found.forwarded, found.is_newest) == (
        "https://app.test", "https://app.test", {}, True,
    )  # fmt: skip
    assert found.target in ("/oauth2/health", "")
    assert (found.cookies, found.client) == (0, found.peer)
    assert (provider.requests, here.app.calls) == ([], [])
    assert "app.test" not in answered.text


def test_behind_a_proxy_it_tells_both_what_came_and_what_the_gate_goes_by(stage: StageFactory) -> None:
    here = stage(base_url="https://app.test/shop", trusted_proxies=1)
    sent = {"X-Forwarded-Host": "wrong.test", "X-Forwarded-Proto": "http", "X-Forwarded-For": "192.0.2.7"}
    browser = here.browser(origin="http://inner:8000")
    found = proof(here, browser.get(f"/oauth2/health?challenge={CHALLENGE}", headers=sent))
    assert found is not None
    assert (found.seen, found.own, found.host) == ("http://wrong.test", "https://app.test/shop", "inner:8000")
    assert (found.client, found.cookies) == ("192.0.2.7", 0)
    assert found.forwarded == {name.lower(): value for name, value in sent.items()}
    mounted = here.browser(root_path="/shop").get(f"/shop/oauth2/health?challenge={CHALLENGE}")
    found = proof(here, mounted)
    assert found is not None
    assert found.seen.endswith("/shop")


def test_what_is_told_of_a_request_is_short(stage: StageFactory) -> None:
    here = stage()
    sent = {"X-Forwarded-For": "192.0.2.7, " * 1000}
    answered = here.browser().get(f"/oauth2/health?challenge={CHALLENGE}", headers=sent)
    assert len(answered.body) < 2000
    found = proof(here, answered)
    assert found is not None
    assert len(found.forwarded["x-forwarded-for"]) == 200


def test_an_answer_is_good_for_its_challenge_and_its_gate_alone(stage: StageFactory) -> None:
    here = stage()
    answered = answer(here)
    assert proof(here, answered) is not None
    assert proof(here, answered, CHALLENGE + "x") is None
    assert proof(here, answered, secrets=(OLDER,)) is None
    assert proof(here, answered, context="another client") is None
    assert answer(here).json() != answered.json(), "no two are alike"
    assert proof(here, here.browser(here.another_gate(cookie_secret=OLDER)).get(
        f"/oauth2/health?challenge={CHALLENGE}")) is None  # fmt: skip


def test_an_older_secret_is_told(stage: StageFactory) -> None:
    here = stage(cookie_secret=[OLDER])
    found = proof(here, answer(here), secrets=(COOKIE_SECRET, OLDER))
    assert found is not None
    assert not found.is_newest


def test_nothing_that_is_sealed_for_another_purpose_is_an_answer_nor_the_other_way_round(stage: StageFactory) -> None:
    here = stage()
    browser = here.signed_in()
    components = here.gate._gate._components
    secrets, context = components.settings.cookie_secret, components.context
    session = session_cookie(browser).partition(".")[0]
    for text in (session, Seal(secrets, f"ticket {context}").seal(b"[]", "health"), "", "AgAAAAAA"):
        assert read_proof(text, secrets, context, CHALLENGE) is None
    thief = here.browser()
    thief.cookies.receive("https://app.test/", f"{here.session_name}={answer(here).json()['answer']}; Path=/; Secure")
    assert thief.fetch("/").status == 401


@pytest.mark.parametrize(
    "challenge", ["", "a" * 129, "a%20b", "a%00b", "%C3%A9", "a/b", "a+b", "a%0Ab", "abc%0A", "a=b", "<b>"]
)
def test_a_bad_challenge_is_refused(stage: StageFactory, challenge: str) -> None:
    answered = answer(stage(), challenge)
    assert answered.status == 400
    assert "challenge_invalid" in answered.text
    assert "<b>" not in answered.text


def test_a_challenge_comes_once_and_what_else_is_asked_changes_nothing(stage: StageFactory) -> None:
    browser = stage().browser()
    assert browser.fetch("/oauth2/health?challenge=a&challenge=b").json()["error"] == "parameter_repeated"
    for query in ("t=1", "t=challenge", "challenges=1"):
        assert browser.get(f"/oauth2/health?{query}").json() == {"status": "ok"}
    assert "answer" in browser.get(f"/oauth2/health?t=1&challenge={'a' * 128}").json()
    assert browser.request("HEAD", f"/oauth2/health?challenge={CHALLENGE}").body == b""


def test_a_store_that_is_down_and_a_cookie_have_no_say_in_health(stage: StageFactory, tmp_path: Path) -> None:
    here = stage(session_store=Strict())
    assert proof(here, answer(here)) is not None


# Ready


class Strict:
    """A store of the operator's own, as `ready` may use it: asked in vain as long as it is told so."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.fails = True
        self.held: threading.Event | None = None

    def load(self, key: str) -> bytes | None:
        self.asked.append(key)
        if self.held is not None:
            self.held.wait(LIMIT)
        if self.fails:
            raise StoreError("store_unavailable", "there is no answer")
        return None

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name not in ("save", "replace", "delete", "delete_named", "claim", "release", "records"):
            raise AttributeError(name)
        return lambda *_: pytest.fail(f"{name} was called")


def ready(here: Stage) -> tuple[int, str]:
    answered = here.browser().get("/oauth2/ready")
    assert answered.json()["status"] == ("ok" if answered.status == 200 else "unavailable")
    assert answered.header("Retry-After") == ("" if answered.status == 200 else "1")
    return answered.status, answered.json()["store"]


def test_ready_follows_the_store_and_asks_it_once_a_second(
    stage: StageFactory, caplog: pytest.LogCaptureFixture
) -> None:
    store = Strict()
    here = stage(session_store=store)
    caplog.set_level(logging.INFO, "oidc_gate")
    assert [ready(here) for _ in range(20)] == [(503, "down")] * 20
    assert here.browser().get("/oauth2/ready").json()["error"] == "store_unavailable"
    assert len(store.asked) == 1
    here.clock.advance(0.9)
    store.fails = False
    assert ready(here) == (503, "down")
    here.clock.advance(0.2)
    assert [ready(here) for _ in range(20)] == [(200, "ok")] * 20
    here.clock.advance(-3600)
    assert ready(here) == (200, "ok")
    assert len(store.asked) == 3, "a clock that is set back holds nothing up"
    store.fails = True
    for _ in range(3):
        here.clock.advance(1)
        assert ready(here) == (503, "down")
    told = [record.getMessage() for record in caplog.records if "ready" in record.getMessage()]
    assert told == [
        "not ready, for the store does not answer: there is no answer",
        "ready, for the store answers again",
        "not ready, for the store does not answer: there is no answer",
    ]


def test_while_the_store_is_asked_the_others_go_by_what_it_said_before(stage: StageFactory) -> None:
    store = Strict()
    store.fails, store.held = False, threading.Event()
    here = stage(session_store=store)
    with ThreadPoolExecutor(4) as pool:
        first = [pool.submit(ready, here) for _ in range(4)]
        until(lambda: len(store.asked) == 1)
        store.held.set()
        assert [each.result() for each in first] == [(200, "ok")] * 4, "with no word from before, they wait"
        assert len(store.asked) == 1
        store.held, store.fails = threading.Event(), True
        here.clock.advance(1)
        late = pool.submit(ready, here)
        until(lambda: len(store.asked) == 2)
        assert [ready(here) for _ in range(10)] == [(200, "ok")] * 10
        store.held.set()
        assert late.result() == (503, "down")
    assert len(store.asked) == 2


def test_who_waits_for_the_first_answer_does_not_wait_for_ever(stage: StageFactory) -> None:
    store = Strict()
    store.held = threading.Event()
    here = stage(session_store=store, store_timeout=0.2)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(ready, here)
        until(lambda: len(store.asked) == 1)
        assert ready(here) == (503, "unknown")
        store.held.set()
        assert first.result() == (503, "down")


@pytest.mark.parametrize("setting", ["session_store", "cookie_deny_list"])
def test_a_real_store_is_ready_and_nothing_is_left_in_it(stage: StageFactory, store_url: str, setting: str) -> None:
    here = stage(**{setting: store_url})
    assert ready(here) == (200, "ok")
    assert list(open_store(store_url, 2.0).records()) == []


def test_a_paused_redis_is_not_ready_within_store_timeout(stage: StageFactory, redis_server: RedisServers) -> None:
    here = stage(session_store=redis_server.url, store_timeout=0.4)

    def is_ready() -> bool:
        here.clock.advance(1)
        return ready(here) == (200, "ok")

    until(is_ready)
    here.clock.advance(1)
    with redis_server.paused():
        assert ready(here) == (503, "down")
    until(is_ready)


def test_a_store_that_is_not_set_up_right_is_not_ready(stage: StageFactory, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    here = stage(session_store=f"sqlite:///{folder}/sessions.db")
    assert ready(here) == (200, "ok")
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    here.clock.advance(1)
    answered = here.browser().get("/oauth2/ready")
    assert (answered.status, answered.json()["error"]) == (503, "store_unusable")
