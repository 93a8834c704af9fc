"""Django behind the gate, as it is: its `RemoteUserMiddleware` believes REMOTE_USER, and under ASGI a header."""

from __future__ import annotations

import pytest

from tests.browser import World
from tests.conftest import StageFactory
from tests.django_project import application
from tests.providers.local import LocalProvider

FORGED = [(name, "boss") for name in ("Remote-User", "remote_user", "REMOTE.USER", "Remote_User")]


@pytest.mark.parametrize("header", [None, *FORGED], ids=str)
def test_nobody_becomes_another_by_a_header(stage: StageFactory, world: World, header: tuple[str, str] | None) -> None:
    here = stage(app=application(world), public_paths="/public")
    sent = [header] if header else []
    for _ in range(4):
        assert here.browser().fetch("/public", headers=sent).json() == {
            "user": "", "authenticated": False, "identity": None,
        }  # fmt: skip
    ada = here.browser()
    ada.navigate("/")
    for _ in range(4):
        found = ada.fetch("/", headers=sent).json()
        assert found["identity"] == "ada-1815"
        assert found["user"] == ("ada@example.com" if world == "wsgi" else "")


@pytest.mark.parametrize("header", [None, *FORGED], ids=str)
def test_the_stock_middleware_signs_in_whom_the_gate_names(
    stage: StageFactory, world: World, header: tuple[str, str] | None
) -> None:
    here = stage(app=application(world), identity_headers={"remote-user": "email"}, public_paths="/public")
    sent = [header] if header else []
    ada = here.browser()
    ada.navigate("/")
    for _ in range(4):
        assert ada.fetch("/", headers=sent).json() == {
            "user": "ada@example.com", "authenticated": True, "identity": "ada-1815",
        }  # fmt: skip
    assert not here.browser().fetch("/public", headers=sent).json()["authenticated"]


def test_an_unverified_address_signs_nobody_in(stage: StageFactory, world: World, provider: LocalProvider) -> None:
    provider.people["ada"] |= {"email_verified": False}
    here = stage(app=application(world), identity_headers={"remote-user": "email"})
    ada = here.browser()
    ada.navigate("/")
    assert ada.fetch("/").json()["user"] == ("ada-1815" if world == "wsgi" else "")
