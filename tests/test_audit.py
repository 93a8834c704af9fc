"""surface.md, "Operations": `audit`. Who did what, as JSON, one event a line, and what is never in one."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

import pytest

from oidc_gate import Settings
from oidc_gate.browser import Addresses
from oidc_gate.errors import LoginError, SettingsError
from oidc_gate.telling import Telling
from oidc_gate.telling.audit import Audit
from oidc_gate.telling.words import Event
from tests.apps import COOKIE_SECRET
from tests.asked import Asked
from tests.conftest import StageFactory
from tests.counted import Counted
from tests.providers.local import LocalProvider
from tests.stage import HTML, Clock

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "*/*"}
#: surface.md, "Operations".
FIELDS = {
    "v", "time", "event", "outcome", "code", "reference", "provider", "issuer", "subject", "email", "session",
    "client_ip", "host", "method", "path", "rule", "reason", "acr", "amr", "user_agent", "trace_id",
}  # fmt: skip
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Events(logging.Handler):
    """Keeps audit events, as text and as records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def all(self) -> list[dict[str, Any]]:
        return [json.loads(record.getMessage()) for record in self.records]

    def of(self, event: str) -> list[dict[str, Any]]:
        return [each for each in self.all if each["event"] == event]

    def names(self) -> list[str]:
        return [each["event"] for each in self.all]


@pytest.fixture
def events() -> Iterator[Events]:
    """Keep the audit events; whatever the test was about, each is a line of known fields."""
    kept, logger = Events(), logging.getLogger("oidc_gate.audit")
    logger.addHandler(kept)
    yield kept
    logger.removeHandler(kept)
    for record, event in zip(kept.records, kept.all, strict=True):
        assert event == record.oidc_gate  # type: ignore[attr-defined]
        assert set(event) <= FIELDS
        assert {"v", "time", "event", "outcome", "provider", "issuer"} <= set(event)
        assert event["event"] in get_args(Event)
        assert "" not in event.values()
        assert record.getMessage().isprintable()
        assert record.getMessage().isascii()


@pytest.fixture
def audit(provider: LocalProvider) -> Audit:
    settings = Settings(**provider.gate_options(cookie_secret=COOKIE_SECRET))
    return Audit(Addresses(settings.base_url, 1), Clock()).of("default", lambda: settings.issuer_url)


# Journeys


def test_without_the_setting_nothing_is_written(stage: StageFactory, events: Events) -> None:
    stage().signed_in().navigate("/oauth2/logout")
    assert events.records == []


def test_events_that_no_handler_takes_are_told_of_once(
    stage: StageFactory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    here = stage(audit=True)
    here.browser().navigate("/")
    assert "audit events are lost" not in caplog.text
    monkeypatch.setattr(logging.getLogger("oidc_gate.audit"), "propagate", False)
    for _ in range(2):
        here.browser().navigate("/")
    assert caplog.text.count("audit events are lost") == 1


def test_a_login_and_a_logout_are_told_with_who_and_from_where(
    stage: StageFactory, provider: LocalProvider, events: Events
) -> None:
    provider.usual_acr = "mfa"
    here = stage(audit=True)
    browser = here.signed_in("/report?account=4711")
    identity = browser.fetch("/").json()["identity"]
    browser.navigate("/oauth2/logout?next=/bye")
    started, finished, left, again, _ = events.all
    assert started["event"] == "login.started"
    assert (started["outcome"], started["reason"], started["path"]) == ("success", "page", "/report")
    assert (finished["event"], finished["outcome"], finished["reason"]) == ("login.finished", "success", "page")
    assert (finished["subject"], finished["email"], finished["acr"]) == ("ada-1815", "ada@example.com", "mfa")
    assert finished["issuer"] == provider.issuer
    assert finished["session"] == sha256(identity["session_id"].encode()).hexdigest()[:8]
    assert (finished["method"], finished["path"], finished["host"]) == ("GET", "/oauth2/callback", "app.test")
    assert finished["time"] == "2030-03-17T17:46:40.000Z"
    assert (left["event"], left["outcome"], left["session"]) == ("logout", "success", finished["session"])
    assert again["event"] == "login.started"
    assert all(each["client_ip"] == "203.0.113.9" and "Mozilla" in each["user_agent"] for each in events.all)


def test_all_events_name_the_provider_as_it_names_itself(
    stage: StageFactory, provider: LocalProvider, events: Events, tmp_path: Path
) -> None:
    own, configured = provider.issuer, f"{provider.issuer}/"
    here = stage(
        audit=True,
        issuer_url=configured,
        session_store=f"sqlite:///{tmp_path}/sessions.db",
        allow_emails="ada@example.com",
        bearer_audience="api",
        idle_session_timeout="30m",
    )
    here.browser().get("/oauth2/callback?code=a&state=b")
    browser = here.signed_in()
    browser.fetch("/api", headers={"Authorization": "Bearer x.y.z"})
    sid = here.signed_in().fetch("/").json()["identity"]["claims"]["sid"]
    here.browser().get(f"/oauth2/frontchannel-logout?sid={sid}&iss={configured}")
    here.clock.advance(3601)  # what the provider has said is not fresh any more
    browser.fetch("/")
    here.browser().get("/oauth2/callback?code=a&state=b")
    here.signed_in().navigate("/oauth2/logout")
    provider.user = provider.people["grace"]
    here.browser().navigate("/")
    first, *others = [(event["event"], event["issuer"]) for event in events.all]
    assert first == ("login.failed", configured)
    assert {issuer for _, issuer in others} == {own}
    assert {"front_channel", "idle"} <= {event.get("reason") for event in events.all}
    assert {event for event, _ in others} >= {
        *("login.started", "login.finished", "login.failed", "logout", "access.refused", "session.ended"),
        "token.refused",
    }


def test_a_failed_login_bears_the_code_and_the_reference_of_its_page(
    stage: StageFactory, provider: LocalProvider, events: Events
) -> None:
    browser = stage(audit=True).browser()
    with provider.fault("wrong_nonce"):
        page = browser.navigate("/")
    (failed,) = events.of("login.failed")
    assert (failed["outcome"], failed["code"]) == ("failure", "nonce_mismatch")
    assert failed["reference"] in page.text
    assert "subject" not in failed


def test_refusals_bear_rule_and_reason(stage: StageFactory, events: Events) -> None:
    rules = [{"name": "board", "path": "/board", "allow": {"groups": "Board"}}, {"path": "/no", "allow": "nobody"}]
    here = stage(audit=True, rules=rules)
    page = here.signed_in().get("/board/7?x=1", headers=HTML)
    here.browser().fetch("/no")
    here.browser().fetch("/")  # a stranger who is to sign in is refused nothing
    refused, stranger = events.of("access.refused")
    assert (refused["rule"], refused["reason"], refused["code"], refused["path"]) == (
        "board", "rule", "not_allowed", "/board/7",
    )  # fmt: skip
    assert refused["reference"] in page.text
    assert refused["subject"] == "ada-1815"
    assert (stranger["rule"], stranger["reason"], stranger["outcome"]) == ("rule 2", "nobody", "failure")
    assert "subject" not in stranger


def test_a_websocket_of_another_site_is_refused_with_a_code(stage: StageFactory, events: Events) -> None:
    here = stage(audit=True)
    ada = here.signed_in()
    cookie = "; ".join(f"{name}={ada.cookies.get(name)}" for name in ada.cookies.names())
    asked = Asked("/chat", cookie_header=cookie, is_websocket=True, headers={"origin": "https://evil.example"})
    assert here.gate._gate.decide(asked).status == 403
    (refused,) = events.of("access.refused")
    assert (refused["code"], refused["reason"]) == ("origin_foreign", "origin_foreign")


def test_a_step_up_is_told_for_pages_and_for_scripts(stage: StageFactory, events: Events) -> None:
    here = stage(audit=True, rules=[{"name": "pay", "path": "/pay", "allow": "signed-in", "max_age": "10m"}])
    browser = here.signed_in()
    here.clock.advance(601)
    assert browser.fetch("/pay").status == 401
    assert browser.navigate("/pay").status == 200
    assert [each["rule"] for each in events.of("step_up.asked")] == ["pay", "pay"]
    assert all(each["subject"] == "ada-1815" for each in events.of("step_up.asked"))
    assert [(each["reason"], each.get("rule")) for each in events.of("login.started")] == [
        ("page", None),
        ("step_up", "pay"),
    ]
    (replaced,) = events.of("session.ended")
    assert (replaced["reason"], replaced["session"]) == ("replaced", events.of("login.finished")[0]["session"])
    assert replaced["subject"] == "ada-1815"


def test_renewals_and_rechecks_are_told_and_the_providers_no(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path, events: Events
) -> None:
    store = {"session_store": f"sqlite:///{tmp_path}/s.db", "scopes": "openid profile email offline_access"}
    here = stage(audit=True, userinfo_refresh_interval="10m", **store)
    browser = here.signed_in()
    session = events.of("login.finished")[0]["session"]
    here.clock.advance(601)
    browser.fetch("/")
    here.clock.advance(2999)
    browser.fetch("/")
    with provider.fault("userinfo_down"):
        here.clock.advance(601)
        browser.fetch("/")
    provider.deactivate("ada-1815")
    here.clock.advance(3600)
    assert browser.fetch("/").status == 401
    told = [(each["outcome"], each.get("reason"), each.get("code")) for each in events.of("session.refreshed")]
    assert told == [
        ("success", "claims", None),
        ("success", "tokens", None),
        ("failure", None, "provider_unavailable"),
        ("failure", None, "refresh_token_rejected"),
    ]
    (ended,) = events.of("session.ended")
    assert (ended["reason"], ended["code"], ended["subject"]) == ("provider", "refresh_token_rejected", "ada-1815")
    assert {each["session"] for each in events.all if "session" in each} == {session}


def test_a_session_that_is_ended_while_the_provider_is_asked_is_not_told_as_refreshed(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path, events: Events
) -> None:
    here = stage(audit=True, userinfo_refresh_interval="10m", session_store=f"sqlite:///{tmp_path}/s.db")
    browser = here.signed_in()
    store = here.gate._gate._components.sessions.backend.store

    def meanwhile(claims: dict[str, Any]) -> dict[str, Any]:
        for record in [*store.records()]:
            store.delete(record.key)
        return claims

    here.clock.advance(601)
    provider.change_userinfo = meanwhile
    assert browser.fetch("/").status == 401
    assert events.of("session.refreshed") == []


def test_ends_that_nobody_asked_for_are_told_once(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path, events: Events
) -> None:
    here = stage(audit=True, session_store=f"sqlite:///{tmp_path}/s.db")
    back, idle = here.signed_in(), here.signed_in()
    sid = back.fetch("/").json()["identity"]["claims"]["sid"]
    for _ in range(2):
        token = provider.make_logout_token(sub="ada-1815", sid=sid)
        here.browser().post("/oauth2/backchannel-logout", form={"logout_token": token}, headers=FORM)
    (ended,) = events.of("session.ended")
    assert (ended["reason"], ended["subject"], ended["path"]) == (
        "back_channel", "ada-1815", "/oauth2/backchannel-logout",
    )  # fmt: skip
    idle.fetch("/")
    here.clock.advance(3601)
    for _ in range(3):
        idle.fetch("/")
    assert [each["reason"] for each in events.of("session.ended")] == ["back_channel", "idle"]


# Fields


def test_the_clients_address_is_that_of_the_trusted_proxies(stage: StageFactory, events: Events) -> None:
    forwarded = {"X-Forwarded-For": "198.51.100.7", **HTML}
    stage(audit=True).browser().get("/", headers=forwarded)
    stage(audit=True, trusted_proxies=1).browser().get("/", headers=forwarded)
    assert [each["client_ip"] for each in events.all] == ["203.0.113.9", "198.51.100.7"]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (PARENT, "0af7651916cd43dd8448eb211c80319c"),
        (f"cc{PARENT[2:]}-more", "0af7651916cd43dd8448eb211c80319c"),
        (f"ff{PARENT[2:]}", None),
        (PARENT.upper(), None),
        (f"00-{'0' * 32}-b7ad6b7169203331-01", None),
        (f"00-0af7651916cd43dd8448eb211c80319c-{'0' * 16}-01", None),
        (f"{PARENT}\n", None),
        ("", None),
        ("00-'; drop table", None),
    ],
)
def test_a_trace_id_is_taken_from_a_valid_traceparent_alone(
    sent: str, told: str | None, audit: Audit, events: Events
) -> None:
    audit.write("login.started", "success", Asked(headers={"traceparent": sent}))
    assert events.all[0].get("trace_id") == told


def test_what_comes_from_a_request_is_cut_and_escaped(audit: Audit, events: Events) -> None:
    nasty = "a\r\nb\x1b[31m\u202e\ud800" + "x" * 1000
    asked = Asked(nasty, host=nasty, method=nasty, query=f"code={nasty}", headers={"user-agent": nasty})
    audit.write("access.refused", "failure", asked)
    for name in ("path", "host", "method", "user_agent"):
        told = events.all[0][name]
        assert told.startswith("a\\r\\nb\\x1b[31m\\u202e\\ud800xxx")
        assert len(told) < 250


def test_claims_are_cut_too_and_an_unverified_address_is_left_out(audit: Audit, events: Events) -> None:
    claims = {
        "sub": "s" * 1000,
        "email": "ceo@example.com",
        "email_verified": False,
        "acr": 7,
        "amr": ["pwd", "otp", 3],
    }
    audit.write("login.finished", "success", None, claims, "an-id")
    audit.write("login.finished", "success", None, {"sub": "a", "amr": "pwd", "iss": "https://b.example"})
    first, second = events.all
    assert len(first["subject"]) == 320
    assert "email" not in first
    assert "acr" not in first
    assert first["amr"] == ["pwd", "otp", "3"]
    assert "amr" not in second
    assert second["issuer"] == "https://b.example"


def test_events_are_written_whatever_the_level_of_the_root_is(tmp_path: Path) -> None:
    """An operator who has only said `audit = true` and set up a handler gets them."""
    program = tmp_path / "program.py"
    program.write_text(
        "import logging, sys\n"
        "from oidc_gate.telling.audit import Audit\n"
        "from oidc_gate.browser import Addresses\n"
        "logging.basicConfig(stream=sys.stdout, format='%(message)s')\n"
        "Audit(Addresses('', 0), lambda: 0.0).write('logout', 'success')\n"
        "logging.getLogger('oidc_gate.audit').setLevel(logging.ERROR)\n"
        "Audit(Addresses('', 0), lambda: 0.0).write('logout', 'success')\n"
    )
    root = Path(__file__).parents[1]
    found = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True, cwd=root,
                           env={"PYTHONPATH": str(root)})  # fmt: skip
    assert found.stdout == '{"v":1,"time":"1970-01-01T00:00:00.000Z","event":"logout","outcome":"success"}\n'


# What other parts of the gate have told


def test_tokens_and_reloads_are_told_to_all_three(
    provider: LocalProvider, events: Events, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "oidc_gate")
    for counted, is_audited in ((Counted(), True), (Counted(), False)):
        caplog.clear()
        options: dict[str, Any] = {"cookie_secret": COOKIE_SECRET, "metrics": counted, "audit": is_audited}
        telling = Telling(Settings(**provider.gate_options(**options)), Addresses("", 0), Clock())
        telling.token_accepted()
        telling.token_refused(Asked("/api"), LoginError("audience_mismatch", "for another"), "ref")
        telling.token_refused(Asked("/api"), LoginError("not_in_the_list"), "other")
        telling.settings_reloaded("allow_emails, cookie_secret")
        telling.settings_refused(SettingsError("allow_emails must be text."))
        assert counted.of("tokens_total") == {
            ("default", "ok"): 1,
            ("default", "audience_mismatch"): 1,
            ("default", "other"): 1,
        }
        assert counted.of("reloads_total") == {("success",): 1, ("failure",): 1}
        told = [record.getMessage() for record in caplog.records if record.name == "oidc_gate"]
        assert told == [
            "audience_mismatch (reference ref): an access token is refused: for another",
            "not_in_the_list (reference other): an access token is refused: ",
            "changed settings are taken over: allow_emails, cookie_secret",
            "changed settings cannot be taken over, and the old ones stay: allow_emails must be text.",
        ]
    assert [(each["event"], each["outcome"], each.get("code"), each.get("path")) for each in events.all] == [
        ("token.refused", "failure", "audience_mismatch", "/api"),
        ("token.refused", "failure", "other", "/api"),
        ("settings.reloaded", "success", None, None),
        ("settings.reloaded", "failure", "settings", None),
    ]
