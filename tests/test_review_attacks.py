"""What attackers have tried of metrics, audit, reload, pages, `oidc-gate token` and the claims of every provider."""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from oidc_gate.access.group_claims import read_groups
from oidc_gate.command.kept_token import KeptToken, kept_token
from oidc_gate.command.loopback import Loopback
from oidc_gate.errors import ProviderError, SettingsError
from oidc_gate.provider.code_flow import read_tokens
from oidc_gate.provider.http_messages import HTTPAnswer
from oidc_gate.provider.token_errors import TokenCall
from oidc_gate.telling.audit import hashed
from tests.browser import World
from tests.conftest import StageFactory
from tests.counted import Counted
from tests.providers.local import LocalProvider
from tests.stage import HTML, Stage, session_cookie
from tests.test_reload import Watched
from tests.test_tenants import ACME, BETA, EVIL, Entra, entra, settings

__all__ = ["entra"]

#: A line of its own, another direction, the end of a JSON text, and markup.
HOSTILE = '\nINJECTED\r\u2028\u202e"}<script>$style{reference}%s\x1b[31m'


# Tenants


def test_people_of_a_tenant_that_is_taken_off_the_list_are_signed_out(
    stage: StageFactory, provider: LocalProvider, entra: Entra
) -> None:
    """They were signed in as long as their session lasted, and cookies outlive each restart."""
    here = stage(**settings(provider, ACME, BETA, session_claims="name"))
    entra.tid = EVIL
    assert here.browser().navigate("/").status == 403
    entra.tid = BETA
    theirs = here.signed_in()
    entra.tid = ACME
    ours = here.signed_in()
    shorter = here.another_gate(**settings(provider, ACME))
    assert here.moved(ours, shorter).fetch("/").status == 200
    assert here.moved(theirs, shorter).fetch("/").status == 401
    entra.tid = BETA
    assert here.moved(theirs, shorter).navigate("/").status == 403


def test_a_list_that_is_new_signs_out_whose_tenant_nobody_knows(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path
) -> None:
    here = stage(session_store=f"sqlite:///{tmp_path}/s.db", session_cache_seconds=0)
    for tid, status in (([ACME], 401), ({"a": ACME}, 401), (None, 401), (ACME, 200)):
        with provider.fault("other_claims", tid=tid):
            ada = here.signed_in()
        assert here.moved(ada, here.another_gate(allow_tenants=[ACME])).fetch("/").status == status


def test_a_tenant_is_shut_out_while_the_gate_runs(world: World, provider: LocalProvider, tmp_path: Path) -> None:
    watched = Watched(world, provider, tmp_path)
    watched.configure(allow_tenants=[ACME, BETA])
    watched.take_over()
    people = []
    for tid in (ACME, BETA):
        with provider.fault("other_claims", tid=tid):
            people.append(watched.signed_in())
    assert [each.fetch("/").status for each in people] == [200, 200]
    watched.configure(allow_tenants=[ACME])
    watched.take_over()
    assert [each.fetch("/").status for each in people] == [200, 401]


# Groups


@pytest.mark.parametrize(
    "text",
    ['"\\' * 100_000, '["' + '\\"' * 100_000, '"\\"' * 60_000, "[" + '"a",{' * 40_000, "[" + "{}" * 100_000 + "x"],
    ids=["quotes", "one text", "texts", "objects", "closed objects"],
)
def test_no_text_of_groups_holds_the_gate_up(text: str) -> None:
    """The first of these took minutes: from each quote the text was gone through anew."""
    began = process_time()
    assert read_groups(text, "json") is None
    assert process_time() - began < 5


@pytest.mark.parametrize(
    ("groups", "more"),
    [
        ("staff,admins", {}),
        (["staff,admins"], {"groups_separator": ","}),
        (["staff", '["admins"]'], {"groups_separator": "json"}),
        ('["staff, admins"]', {"groups_separator": "json"}),
        ('[["admins"]]', {"groups_separator": "json"}),
        ('["staff"] ["admins"]', {"groups_separator": "json"}),
        ({"admins": None, "staff": {"admins": True}}, {}),
        ({"admins": False}, {}),
        ([{"name": "staff", "value": "admins"}], {}),
        ([{"name": {"admins": 1}, "id": "admins"}], {}),
        ([["admins"]], {}),
        ({"admins": {}}, {"groups_claim": "groups.admins.deeper"}),
        ("ADMINS", {}),
        ("admins\u200b", {}),
    ],
)
def test_nobody_is_in_a_group_that_the_claim_does_not_name(
    stage: StageFactory, provider: LocalProvider, groups: Any, more: dict[str, Any]
) -> None:
    provider.people["ada"]["groups"] = groups
    here = stage(allow_groups="admins", **more)
    browser = here.browser()
    assert browser.navigate("/").status == 403
    assert browser.fetch("/").status == 403


# What is told


def test_what_people_and_requests_are_called_adds_no_line_to_the_log_and_no_markup_to_the_page(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "oidc_gate")
    provider.people["ada"] |= {"email": f"{HOSTILE}@evil.test", "name": HOSTILE, "acr": HOSTILE}
    here = stage(allow_domains="corp.test", audit=True)
    with provider.fault("other_claims", **{f"claim{HOSTILE}": 1, "amr": [HOSTILE, [HOSTILE]], "acr": HOSTILE}):
        page = here.browser().navigate(
            "/", headers={"User-Agent": "x\x1b[31m\u00ad", "traceparent": "00-" + "a" * 60_000}
        )
    assert page.status == 403
    assert "script-src" not in page.header("content-security-policy")
    assert "<script" not in page.text.lower()
    assert "$style{reference}" in page.text
    for record in caplog.records:
        if record.name.startswith("oidc_gate"):
            assert record.getMessage().isprintable(), record.getMessage()
    told = [json.loads(record.getMessage()) for record in caplog.records if record.name == "oidc_gate.audit"]
    assert [each["event"] for each in told] == ["login.started", "login.finished", "access.refused"]
    assert not any("trace_id" in each for each in told)


def test_an_address_that_nobody_has_verified_does_not_become_a_verified_one(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture
) -> None:
    """Where a session kept the address and not the word on it, apps and the audit took it for verified."""
    caplog.set_level(logging.INFO, "oidc_gate.audit")
    provider.people["ada"]["email_verified"] = False
    here = stage(session_claims="email", remote_user_claim="sub", audit=True)
    claims = here.signed_in().fetch("/").json()["identity"]["claims"]
    assert (claims["email"], claims["email_verified"]) == ("ada@example.com", False)
    assert "ada@example.com" not in caplog.text


def test_no_secret_gets_into_what_is_told(
    stage: StageFactory, provider: LocalProvider, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG, "oidc_gate")
    counted = Counted()
    here = stage(
        audit=True,
        metrics=counted,
        session_store=f"sqlite:///{tmp_path}/s.db",
        scopes="openid email offline_access",
        access_token_for_app=True,
        provider_logout=True,
    )
    ada = here.signed_in("/page?key=query-secret")
    cookie = session_cookie(ada)
    session_id = ada.fetch("/").json()["identity"]["session_id"]
    here.clock.advance(3550)
    assert ada.fetch("/?key=query-secret", headers={"Authorization": "Bearer header-secret"}).status == 200
    ada.get("/oauth2/logout?next=/bye?key=query-secret")
    told = caplog.text + repr(counted.__dict__)
    secrets = [*provider.access_tokens, *provider.refresh_tokens, cookie, "query-secret", "header-secret"]
    assert len(secrets) > 4
    assert [secret for secret in secrets if secret in told] == []
    assert hashed(session_id) in told


def test_no_request_makes_a_new_series(stage: StageFactory) -> None:
    counted = Counted()
    browser = stage(metrics=counted, rules=[{"path": "/no", "allow": "nobody"}]).browser(validate=False)

    def ask(number: int) -> None:
        for path in (f"/{number}", f"/no/{number}", f"/oauth2/{number}", f"/oauth2/callback?error=e{number}&state=s"):
            for method in ("GET", "POST", f"METHOD{number}"):
                told = {"User-Agent": f"x{number}", "Host": f"h{number}.test", "Upgrade": f"u{number}"}
                browser.request(method, path, headers=told)

    ask(0)
    known = set(counted.found)
    for number in range(1, 10):
        ask(number)
    assert set(counted.found) == known


# Pages


@pytest.mark.parametrize(
    "languages", ["a" * 65_000, "de," * 20_000, "de;q=0." * 9_000, "a-" * 30_000, "," * 65_000, "*;q=" + "0" * 60_000]
)
def test_a_long_list_of_languages_is_read_by_nobody(stage: StageFactory, languages: str) -> None:
    browser, began = stage().browser(), process_time()
    page = browser.get("/oauth2/callback", headers={"Accept": HTML["Accept"], "Accept-Language": languages})
    assert (page.status, '<html lang="en"' in page.text) == (400, True)
    assert process_time() - began < 5


# Logout


def test_a_note_of_a_logout_that_nobody_wrote_leads_nowhere(stage: StageFactory, provider: LocalProvider) -> None:
    """The way back from a provider's own logout has no state: only what the gate signed may say where it goes on."""
    own = f"{provider.origin}/bye?c={{client_id}}&r={{return_to}}"
    here: Stage = stage(provider_logout=True, provider_logout_url=own)
    ada = here.signed_in()
    ada.get("/oauth2/logout?next=/good")
    (name,) = [name for name in ada.cookies.names() if "logout" in name]
    written = ada.cookies.get(name)
    assert written is not None
    for forged in ("", "x", '["","https://evil.test"]', written[:-1] + ("A" if written[-1] != "A" else "B")):
        page = here.browser().get("/oauth2/logout", headers={"Cookie": f"{name}={forged}", "Accept": HTML["Accept"]})
        assert page.status == 200, page
        assert "evil.test" not in page.text


# `oidc-gate token`


def test_nobody_else_can_listen_at_the_same_port() -> None:
    with Loopback("state", 0) as loopback:
        port = int(loopback.redirect_uri.rpartition(":")[2].partition("/")[0])
        assert not loopback._server.allow_reuse_port
        with pytest.raises(SettingsError, match="cannot be used"):
            Loopback("other", port)


@pytest.mark.parametrize("token", ["a\x1b]0;x\x07b", "a\nb", "a\x7f"])
def test_a_token_that_would_write_to_the_terminal_is_none(token: str) -> None:
    for name in ("access_token", "refresh_token"):
        tokens = {"id_token": "i", "access_token": "a", "refresh_token": "r", "token_type": "Bearer"} | {name: token}
        answer = HTTPAnswer(200, "application/json", json.dumps(tokens).encode())
        with pytest.raises(ProviderError, match="no token has"):
            read_tokens(answer, TokenCall("none", (), refreshing=False, secrets=frozenset()))


def test_a_file_that_another_user_wrote_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that all may write to, whoever is first would have root go on as them."""
    file = tmp_path / "token.json"
    KeptToken(["asked"], "access", "refresh", 0.0).keep(file)
    assert kept_token(file, ["asked"]) is not None
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    with pytest.raises(SettingsError, match="belongs to another user"):
        kept_token(file, ["asked"])


def test_a_link_in_the_way_is_replaced_and_what_it_leads_to_is_not_touched(tmp_path: Path) -> None:
    victim, file = tmp_path / "victim", tmp_path / "token.json"
    victim.write_text("precious")
    file.symlink_to(victim)
    KeptToken(["asked"], "access", "refresh", 0.0).keep(file)
    assert (victim.read_text(), file.is_symlink(), file.stat().st_mode & 0o777) == ("precious", False, 0o600)
