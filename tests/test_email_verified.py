"""`require_email_verified`: an address of which the provider does not say that it was verified."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from oidc_gate import Settings, SettingsError
from tests.apps import COOKIE_SECRET
from tests.conftest import StageFactory
from tests.doctor_faults import says
from tests.providers.local import LocalProvider

UNSAID: Any = ...


def said(provider: LocalProvider, verified: Any) -> None:
    """Have the provider say this of every address; `...`: nothing."""
    provider.people["ada"].pop("email_verified", None)
    if verified is not UNSAID:
        provider.people["ada"]["email_verified"] = verified


@pytest.mark.parametrize(
    ("verified", "by_default", "required"),
    [(True, 200, 200), ("true", 200, 200), (UNSAID, 200, 403), (None, 403, 403), (False, 403, 403), ("yes", 403, 403)],
)
@pytest.mark.parametrize("rule", [{"allow_emails": "ada@example.com"}, {"allow_domains": "example.com"}])
def test_who_may_pass_by_an_address(
    stage: StageFactory, provider: LocalProvider, verified: Any, by_default: int, required: int, rule: dict[str, str]
) -> None:
    said(provider, verified)
    assert stage(**rule).browser().navigate("/").status == by_default
    assert stage(**rule, require_email_verified=True).browser().navigate("/").status == required


@pytest.mark.parametrize(("verified", "expected"), [(True, 200), (False, 403)])
def test_userinfo_may_say_whether_the_address_of_the_id_token_is_verified(
    stage: StageFactory, provider: LocalProvider, verified: bool, expected: int
) -> None:
    said(provider, verified)
    provider.userinfo_only = {"email_verified"}
    lists = {"allow_emails": "ada@example.com", "scopes": "openid email"}
    for more in ({"require_email_verified": True}, {"userinfo": "always"}, {"userinfo_refresh_interval": "5m"}):
        here = stage(**lists, **more)
        browser = here.browser()
        assert browser.navigate("/").status == expected, more
        here.clock.advance(400)
        assert browser.navigate("/").status == expected, more  # and a look at userinfo later says the same


def test_whoever_needs_the_word_of_userinfo_may_come_again_when_it_answers(
    stage: StageFactory, provider: LocalProvider
) -> None:
    provider.userinfo_only = {"email_verified"}
    lists = {"allow_emails": "ada@example.com", "scopes": "openid email"}
    browser = stage(require_email_verified=True, **lists).browser()
    for fault, status in (("userinfo_down", 503), ("userinfo_unauthorized", 400)):
        with provider.fault(fault):
            assert browser.navigate("/").status == status
    assert browser.navigate("/").status == 200


def test_a_provider_without_userinfo_says_nothing_of_the_address(stage: StageFactory, provider: LocalProvider) -> None:
    said(provider, UNSAID)
    says(provider, userinfo_endpoint=...)
    here = stage(require_email_verified=True, allow_emails="ada@example.com", scopes="openid email")
    assert here.browser().navigate("/").status == 403


@pytest.mark.parametrize("fault", ["userinfo_unauthorized", "userinfo_wrong_subject"])
def test_the_word_that_was_said_at_login_outlives_the_tokens(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path, fault: str
) -> None:
    provider.userinfo_only = {"email_verified"}
    kept = {"session_store": f"sqlite:///{tmp_path / 'sessions.db'}", "scopes": "openid email offline_access"}
    here = stage(require_email_verified=True, allow_emails="ada@example.com", **kept)
    browser = here.signed_in()
    with provider.fault(fault):
        for _ in range(2):
            here.clock.advance(3590)
            assert browser.fetch("/").status == 200


@pytest.mark.parametrize("fault", ["userinfo_unauthorized", "userinfo_down"])
def test_who_passes_by_a_group_needs_no_userinfo_for_the_address(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    said(provider, UNSAID)
    lists = {"allow_groups": "admins", "allow_emails": "ada@example.com", "require_email_verified": True}
    kept = {"session_store": f"sqlite:///{tmp_path / 'sessions.db'}", "scopes": "openid email groups offline_access"}
    here = stage(**lists, **kept)
    with provider.fault(fault):
        browser = here.browser()
        assert browser.navigate("/").status == 200
        here.clock.advance(3590)  # the tokens are renewed
        assert browser.fetch("/").status == 200
        here.clock.advance(3590)
        assert browser.fetch("/").status == 200
    told = [line.split(":")[0] for line in caplog.messages if "left out" in line]
    assert told == ["userinfo is left out of a login", *["userinfo is left out of a renewal"] * 2]


def test_userinfo_is_asked_for_a_word_that_the_app_is_to_be_told_by(
    stage: StageFactory, provider: LocalProvider
) -> None:
    provider.userinfo_only = {"email_verified"}
    for more, asks in (({"identity_headers": "x-forwarded"}, 1), ({}, 0)):
        before = len(provider.calls("userinfo"))
        here = stage(require_email_verified=True, scopes="openid email", **more)
        here.signed_in()
        assert len(provider.calls("userinfo")) - before == asks
        told = here.app.calls[-1].headers.get("x-forwarded-email")
        assert told == ("ada@example.com" if asks else None)


def test_groups_let_pass_whatever_is_said_of_the_address(stage: StageFactory, provider: LocalProvider) -> None:
    said(provider, UNSAID)
    here = stage(allow_groups="admins", allow_emails="ada@example.com", require_email_verified=True)
    assert here.browser().navigate("/").status == 200


@pytest.mark.parametrize("verified", [True, UNSAID, False])
@pytest.mark.parametrize("family", ["x-forwarded", "ngrok"])
def test_the_app_is_told_no_address_that_may_be_anybodys(
    stage: StageFactory, provider: LocalProvider, verified: Any, family: str
) -> None:
    said(provider, verified)
    here = stage(require_email_verified=True, identity_headers=family)
    assert here.signed_in().fetch("/").json()["identity"]["email"] == "ada@example.com"
    call = here.app.calls[-1]
    told = [call.headers[name] for name in ("x-forwarded-email", "ngrok-auth-user-email") if name in call.headers]
    assert told == (["ada@example.com"] if verified is True else [])
    if here.world == "wsgi":
        assert call.remote_user == ("ada@example.com" if verified is True else "ada-1815")


def test_it_is_a_setting_like_the_others() -> None:
    base: Any = {
        "issuer_url": "https://idp.test",
        "client_id": "app",
        "client_secret": "of the app",
        "cookie_secret": COOKIE_SECRET,
    }
    assert Settings(**base).require_email_verified is False
    assert Settings.from_env({"OIDC_GATE_REQUIRE_EMAIL_VERIFIED": "yes"}, **base).require_email_verified is True
    with pytest.raises(SettingsError, match="require_email_verified must be true or false"):
        Settings(**base, require_email_verified="perhaps")
