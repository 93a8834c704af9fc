"""New keys of the provider are known as soon as it says something with them, whatever strangers have sent before."""

from __future__ import annotations

from pathlib import Path

from tests.access_tokens import TAKING, Program, access_token
from tests.conftest import StageFactory
from tests.providers.local import LocalProvider
from tests.stage import subject


def test_strangers_tokens_keep_no_session_from_being_refreshed_and_nobody_from_signing_in(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path
) -> None:
    """Each unknown key of a stranger makes the gate look for new ones, at most every ten seconds."""
    store = f"sqlite:///{tmp_path}/sessions.db"
    here = stage(session_store=store, scopes="openid profile email offline_access", **TAKING)
    ada = here.signed_in()
    here.clock.advance(3600 - 59)
    assert Program(here).ask("/", access_token(provider)[:-8] + "AAAAAAAA").status == 401
    here.clock.advance(2)
    provider.rotate_keys(keep_old=False)
    assert subject(ada.fetch("/")) == "ada-1815"
    assert len(provider.calls("token")) == 2
    here.clock.advance(2)
    assert Program(here).ask("/", access_token(provider)[:-8] + "AAAAAAAA").status == 401
    provider.rotate_keys(keep_old=False)
    here.clock.advance(2)
    assert here.signed_in().fetch("/").status == 200
    here.clock.advance(3600 - 59)
    assert subject(ada.fetch("/")) == "ada-1815"


def test_a_provider_that_signs_with_no_key_of_its_own_is_asked_for_keys_once_a_second(
    stage: StageFactory, provider: LocalProvider
) -> None:
    here = stage()
    here.signed_in()
    with provider.fault("stranger_key"):
        before = len(provider.calls("jwks"))
        for _ in range(3):
            here.browser().navigate("/")
        assert len(provider.calls("jwks")) - before == 1
