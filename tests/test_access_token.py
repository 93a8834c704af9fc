"""`access_token_for`: the person's access token for the app, where the setting says so; fresh, or none."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from oidc_gate import Identity, Settings, SettingsError, access_token_for
from tests.apps import COOKIE_SECRET
from tests.browser import World
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import Stage


class Caller:
    """An app that asks for the token with each request, and notes what it got."""

    def __init__(self, world: World) -> None:
        self.asks = True
        self.seen: list[str | None] = []
        self.identities: list[Identity | None] = []
        self.app: Any = self._asgi if world == "asgi" else self._wsgi

    def _ask(self, carrier: Any) -> None:
        if self.asks:
            self.seen.append(access_token_for(carrier))
        self.identities.append(carrier["oidc_gate.identity"])

    def _wsgi(self, environ: Any, start_response: Any) -> Any:
        self._ask(environ)
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"called"]

    async def _asgi(self, scope: Any, receive: Any, send: Any) -> None:
        self._ask(scope)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"called"})


@pytest.fixture
def caller(world: World) -> Caller:
    return Caller(world)


@pytest.fixture
def calling(stage: StageFactory, caller: Caller, store_url: str) -> StageFactory:
    """Set a stage whose app asks for the token; `offline_access` is asked for unless told otherwise."""

    def make(**settings: Any) -> Stage:
        usual = {"session_store": store_url, "access_token_for_app": True, "scopes": "openid offline_access"}
        return stage(app=caller.app, **(usual | settings))

    return make


def is_good(provider: LocalProvider, token: str | None) -> bool:
    grant, expires = provider.access_tokens.get(token or "", (None, 0))
    return grant is not None and provider.now() < expires


def test_the_app_gets_the_token_of_whoever_asks(
    calling: StageFactory, caller: Caller, provider: LocalProvider
) -> None:
    ada = calling().signed_in()
    ada.fetch("/")
    assert set(caller.seen) == set(provider.access_tokens)


def test_it_is_renewed_before_it_ends_and_again_after_that(
    calling: StageFactory, caller: Caller, provider: LocalProvider
) -> None:
    here = calling(idle_session_timeout="2h")
    ada = here.signed_in()
    for _ in range(4):
        here.clock.advance(3550)
        assert ada.fetch("/").status == 200
        assert is_good(provider, caller.seen[-1])
    assert len(set(caller.seen)) == 5


def test_one_that_has_ended_and_cannot_be_renewed_is_none(
    calling: StageFactory, caller: Caller, provider: LocalProvider
) -> None:
    here = calling(idle_session_timeout="2h")
    ada = here.signed_in()
    provider.answer["token"] = (503, {}, "")
    here.clock.advance(3550)
    ada.fetch("/")
    assert is_good(provider, caller.seen[-1])
    here.clock.advance(51)
    assert ada.fetch("/").status == 200
    assert caller.seen[-1] is None


def test_without_a_refresh_token_it_lasts_as_long_as_it_lasts(
    calling: StageFactory, caller: Caller, provider: LocalProvider
) -> None:
    here = calling(scopes="openid", idle_session_timeout="2h")
    ada = here.signed_in()
    here.clock.advance(3599)
    ada.fetch("/")
    assert is_good(provider, caller.seen[-1])
    here.clock.advance(2)
    ada.fetch("/")
    assert caller.seen[-1] is None


def test_a_provider_that_does_not_say_when_it_ends_is_believed(
    calling: StageFactory, caller: Caller, provider: LocalProvider
) -> None:
    provider.change_token_response = lambda tokens: tokens | {"expires_in": None}
    here = calling(scopes="openid", idle_session_timeout=0, max_session_duration=0)
    ada = here.signed_in()
    here.clock.advance(100_000)
    ada.fetch("/")
    assert caller.seen[-1] in provider.access_tokens


def test_sessions_of_before_the_setting_get_one_with_the_next_renewal(
    calling: StageFactory, caller: Caller, provider: LocalProvider
) -> None:
    here = calling(access_token_for_app=False, idle_session_timeout="2h")
    caller.asks = False
    ada = here.moved(here.signed_in(), here.another_gate(access_token_for_app=True))
    caller.asks = True
    ada.fetch("/")
    here.clock.advance(3550)
    ada.fetch("/")
    assert caller.seen[0] is None
    assert is_good(provider, caller.seen[1])


def test_nobody_has_none(calling: StageFactory, caller: Caller) -> None:
    calling(public_paths="/out").browser().fetch("/out")
    assert caller.seen == [None]


def test_without_the_setting_the_app_is_told_so(calling: StageFactory, provider: LocalProvider) -> None:
    with pytest.raises(SettingsError, match="set access_token_for_app"):
        calling(access_token_for_app=False).signed_in()


def test_with_the_cookie_store_start_up_stops() -> None:
    given = {"issuer_url": "https://id.test/", "client_id": "app", "client_secret": "s", "cookie_secret": COOKIE_SECRET}
    with pytest.raises(SettingsError, match="access_token_for_app is true, and session_store is cookie"):
        Settings(**given, access_token_for_app=True)  # type: ignore[arg-type]


def test_what_is_no_request_is_refused() -> None:
    with pytest.raises(TypeError):
        access_token_for(7)


def test_no_copy_of_the_identity_holds_the_token(calling: StageFactory, caller: Caller) -> None:
    calling().signed_in()
    identity, token = caller.identities[-1], caller.seen[-1]
    assert identity is not None
    assert token is not None
    assert token not in repr(identity)
    assert token.encode() not in pickle.dumps(identity)
    for each in (copy.copy(identity), copy.deepcopy(identity), pickle.loads(pickle.dumps(identity))):
        assert each == identity
        assert getattr(each, "_access_token", None) is None


def test_a_token_that_was_renewed_counts_though_userinfo_gave_no_answer_then(
    calling: StageFactory, caller: Caller, provider: LocalProvider
) -> None:
    provider.access_token_lifetime = 60
    here = calling(userinfo_refresh_interval="30s", idle_session_timeout=0)
    ada = here.signed_in()
    here.clock.advance(55)
    with provider.fault("userinfo_down"):
        assert ada.fetch("/").status == 200
    assert len(provider.access_tokens) == 2
    assert caller.seen[-1] == list(provider.access_tokens)[-1]
