"""Shared Signals: security events that the provider pushes to `/oauth2/events` (RFC 8935), and what they end."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from oidc_gate.errors import StoreError
from oidc_gate.provider.security_events import _BY_FAMILY
from oidc_gate.stores.sqlite import SQLiteStore
from tests.answers import Answer
from tests.conftest import StageFactory
from tests.providers import keys
from tests.providers.local import LocalProvider
from tests.stage import Stage

BASE = "https://schemas.openid.net/secevent/"
REVOKED = f"{BASE}caep/event-type/session-revoked"
TYPE = "application/secevent+jwt"


def event(
    provider: LocalProvider,
    kind: str = REVOKED,
    payload: dict[str, Any] | None = None,
    *,
    header: dict[str, Any] | None = None,
    **claims: Any,
) -> str:
    """Return a security event token about Ada; a claim that is `...` is left out."""
    standard = {
        "iss": provider.issuer,
        "aud": "app",
        "iat": provider.now(),
        "jti": f"event-{len(provider.requests)}-{claims}",
        "sub_id": {"format": "iss_sub", "iss": provider.issuer, "sub": "ada-1815"},
        "events": {kind: {"event_timestamp": provider.now()} if payload is None else payload},
    }
    said = {name: value for name, value in (standard | claims).items() if value is not ...}
    return provider.signed(said, provider.token_header() | {"typ": "secevent+jwt"} | (header or {}))


def pushed(here: Stage, token: str, content_type: str = TYPE, **options: Any) -> Answer:
    """Have the provider's server push a token."""
    server = here.browser(options.pop("gate", None))
    own = {"Host": "app.test", "Content-Type": content_type, "Accept": "application/json"}
    return server.post(
        "/oauth2/events", body=token.encode(), content_type=content_type, headers=own, navigate=False, **options
    )


@pytest.fixture
def here(stage: StageFactory, store_url: str) -> Stage:
    return stage(session_store=store_url, session_cache_seconds=5)


def err(answer: Answer) -> str:
    assert "no-store" in answer.header("Cache-Control")
    assert answer.status == 400
    return str(answer.json()["err"])


# What ends


def test_an_event_ends_the_sessions_of_whom_it_is_about_and_nobody_elses(here: Stage, provider: LocalProvider) -> None:
    laptop, phone = here.signed_in(), here.signed_in()
    provider.user = provider.people["grace"]
    grace = here.signed_in()
    answer = pushed(here, event(provider))
    assert (answer.status, answer.body, answer.header("Cache-Control")) == (202, b"", "no-store")
    assert [each.fetch("/").status for each in (laptop, phone, grace)] == [401, 401, 200]


def test_another_process_knows_it_within_session_cache_seconds(here: Stage, provider: LocalProvider) -> None:
    browser = here.signed_in()
    elsewhere = here.moved(browser, here.another_gate())
    assert elsewhere.fetch("/").status == 200
    assert pushed(here, event(provider)).status == 202
    here.clock.advance(5)
    assert elsewhere.fetch("/").status == 401


ENDING: list[tuple[str, dict[str, Any], bool]] = [
    (f"{BASE}{family}/event-type/{kind}", {}, ends({}))
    for family, kinds in _BY_FAMILY.items()
    for kind, ends in kinds.items()
]
JUDGED = [
    (f"{BASE}caep/event-type/assurance-level-change", {"change_direction": "increase"}, False),
    (f"{BASE}caep/event-type/assurance-level-change", {"change_direction": "decrease"}, True),
    (f"{BASE}caep/event-type/device-compliance-change", {"current_status": "compliant"}, False),
    (f"{BASE}caep/event-type/device-compliance-change", {"current_status": "not-compliant"}, True),
    (f"{BASE}caep/event-type/risk-level-change", {"current_level": "LOW"}, False),
    (f"{BASE}caep/event-type/risk-level-change", {"current_level": "HIGH"}, True),
    ("https://example.com/event-type/of-our-own", {}, False),
]


@pytest.mark.parametrize(("kind", "payload", "ends"), [*ENDING, *JUDGED], ids=str)
def test_what_each_kind_of_event_does(
    stage: StageFactory, provider: LocalProvider, tmp_path: Any, kind: str, payload: dict[str, Any], ends: bool
) -> None:
    here = stage(session_store=f"sqlite:///{tmp_path}/s.db", session_cache_seconds=0)
    browser = here.signed_in()
    assert pushed(here, event(provider, kind, payload)).status == 202
    assert browser.fetch("/").status == (401 if ends else 200)


def test_the_kinds_that_end_sessions_are_those_of_the_docs() -> None:
    ending = {kind.rpartition("/")[2] for kind, _, ends in ENDING if ends}
    assert ending == {
        "session-revoked", "token-claims-change", "credential-change", "assurance-level-change",
        "device-compliance-change", "risk-level-change", "account-credential-change-required", "account-purged",
        "account-disabled", "credential-compromise", "sessions-revoked", "tokens-revoked", "token-revoked",
        "recovery-activated",
    }  # fmt: skip


# Whom it is about


def subjects(provider: LocalProvider, sid: str) -> dict[str, dict[str, Any]]:
    ada = {"format": "iss_sub", "iss": provider.issuer, "sub": "ada-1815"}
    session = {"format": "opaque", "id": sid}
    return {
        "iss_sub": {"sub_id": ada},
        "opaque": {"sub_id": {"format": "opaque", "id": "ada-1815"}},
        "complex": {"sub_id": {"format": "complex", "user": ada, "tenant": {"format": "opaque", "id": "t"}}},
        "complex without its name": {"sub_id": {"user": ada}},
        "session": {"sub_id": {"format": "complex", "session": session}},
        "session of a person": {"sub_id": {"format": "complex", "user": ada, "session": session}},
        "another form of session": {"sub_id": {"user": ada, "session": {"format": "jwt_id", "jti": "x"}}},
        "aliases": {"sub_id": {"format": "aliases", "identifiers": [{"format": "email", "email": "a@x.test"}, ada]}},
        "in the event": {"sub_id": ..., "payload": {"subject": ada}},
        "of a draft": {
            "sub_id": ...,
            "payload": {"subject": {"subject_type": "iss-sub", "iss": provider.issuer, "sub": "ada-1815"}},
        },
    }


@pytest.mark.parametrize("name", [
    "iss_sub", "opaque", "complex", "complex without its name", "session", "session of a person",
    "another form of session", "aliases", "in the event", "of a draft",
])  # fmt: skip
def test_the_ways_of_naming_somebody(stage: StageFactory, provider: LocalProvider, tmp_path: Any, name: str) -> None:
    here = stage(session_store=f"sqlite:///{tmp_path}/s.db", session_cache_seconds=0)
    browser, other = here.signed_in(), here.signed_in()
    sid = browser.get("/").json()["identity"]["claims"]["sid"]
    said = subjects(provider, sid)[name]
    assert pushed(here, event(provider, **said)).status == 202
    only_one = name.startswith("session")
    assert (browser.fetch("/").status, other.fetch("/").status) == (401, 200 if only_one else 401)


NOBODY: list[Any] = [
    ...,
    None,
    "ada-1815",
    {},
    {"format": "email", "email": "ada@example.com"},
    {"format": "phone_number", "phone_number": "+1"},
    {"format": "iss_sub", "iss": "https://evil.example", "sub": "ada-1815"},
    {"format": "iss_sub", "sub": "ada-1815"},
    {"format": "iss_sub", "iss": "ISSUER", "sub": 7},
    {"format": "iss_sub", "iss": "ISSUER", "sub": ""},
    {"format": "opaque", "id": "x" * 256},
    {"format": "complex"},
    {"format": "complex", "user": {"format": "email", "email": "ada@example.com"}},
    {"format": "complex", "device": {"format": "opaque", "id": "d"}},
    {"format": "aliases", "identifiers": []},
    {"format": "aliases", "identifiers": ["ada-1815"]},
    {"format": "aliases", "identifiers": [{"format": "opaque", "id": "ada-1815"}] * 21},
]


@pytest.mark.parametrize("subject", NOBODY, ids=repr)
def test_an_event_about_nobody_who_could_be_found_is_refused_so_that_it_is_seen(
    stage: StageFactory, provider: LocalProvider, tmp_path: Any, subject: Any, caplog: pytest.LogCaptureFixture
) -> None:
    here = stage(session_store=f"sqlite:///{tmp_path}/s.db", session_cache_seconds=0)
    browser = here.signed_in()
    if isinstance(subject, dict) and subject.get("iss") == "ISSUER":
        subject = subject | {"iss": provider.issuer}
    answer = pushed(here, event(provider, sub_id=subject))
    assert err(answer) == "invalid_request"
    assert "iss_sub" in answer.json()["description"]
    assert "event_subject_unknown: a security event is refused" in caplog.text
    assert browser.fetch("/").status == 200


# What must hold of a token


FORGED: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer": ({"iss": "https://evil.example"}, "invalid_issuer"),
    "no issuer": ({"iss": ...}, "invalid_issuer"),
    "another audience": ({"aud": "other"}, "invalid_audience"),
    "no audience": ({"aud": ...}, "invalid_audience"),
    "an odd audience": ({"aud": ["app", 1]}, "invalid_audience"),
    "an ID token's type": ({"header": {"typ": "JWT"}}, "invalid_request"),
    "a logout token's type": ({"header": {"typ": "logout+jwt"}}, "invalid_request"),
    "an access token's type": ({"header": {"typ": "at+jwt"}}, "invalid_request"),
    "a nonce": ({"nonce": "n"}, "invalid_request"),
    "no jti": ({"jti": ...}, "invalid_request"),
    "an odd jti": ({"jti": 5}, "invalid_request"),
    "no iat": ({"iat": ...}, "invalid_request"),
    "from the future": ({"iat": "+3600"}, "invalid_request"),
    "of the day before": ({"iat": "-90000"}, "invalid_request"),
    "expired": ({"exp": "-100"}, "invalid_request"),
    "not yet valid": ({"nbf": "+3600"}, "invalid_request"),
    "no events": ({"events": ...}, "invalid_request"),
    "no event": ({"events": {}}, "invalid_request"),
    "two events": ({"events": {REVOKED: {}, "x": {}}}, "invalid_request"),
    "a list of events": ({"events": [REVOKED]}, "invalid_request"),
    "no object": ({"events": {REVOKED: True}}, "invalid_request"),
}


@pytest.mark.parametrize(("changes", "said"), FORGED.values(), ids=FORGED)
def test_a_token_that_is_not_what_it_should_be_ends_nothing(
    stage: StageFactory, provider: LocalProvider, tmp_path: Any, changes: dict[str, Any], said: str
) -> None:
    here = stage(session_store=f"sqlite:///{tmp_path}/s.db", session_cache_seconds=0)
    browser = here.signed_in()
    for name in ("iat", "exp", "nbf"):
        if isinstance(changes.get(name), str):
            changes = changes | {name: provider.now() + int(changes[name])}
    assert err(pushed(here, event(provider, **changes))) == said
    assert browser.fetch("/").status == 200


def test_it_may_be_for_the_address_of_base_url_and_for_no_other(
    stage: StageFactory, provider: LocalProvider, store_url: str
) -> None:
    """Without base_url the sender says what the address is: one who gets events elsewhere could hand them on."""
    settings = {"session_store": store_url, "session_cache_seconds": 0}
    without, here = stage(**settings), stage(base_url="https://app.test", **settings)
    token = event(provider, aud=["https://else.test", "https://app.test/oauth2/events"])
    browser = here.signed_in()
    assert err(pushed(without, token)) == "invalid_audience"
    assert browser.fetch("/").status == 200
    assert pushed(here, token).status == 202
    assert browser.fetch("/").status == 401


def test_a_token_that_somebody_else_signed_ends_nothing(here: Stage, provider: LocalProvider) -> None:
    browser = here.signed_in()
    good = event(provider)
    head, payload, signature = good.split(".")
    unsigned = keys.sign({"a": 1}, {"alg": "RS256"}, keys.make_key("rsa", 9)).split(".")[2]
    for forged in (f"{head}.{payload}.{unsigned}", f"{head}.{payload}.", f"{head}.{payload}", "", "x" * 5000, "é.é.é"):
        assert err(pushed(here, forged)) in ("invalid_key", "invalid_request")
    assert f"{head}.{payload}.{signature}" == good
    assert browser.fetch("/").status == 200


def test_it_is_signed_as_id_tokens_are(here: Stage, provider: LocalProvider) -> None:
    browser = here.signed_in()
    provider.alg = "ES256"
    assert err(pushed(here, event(provider))) == "invalid_key"
    assert browser.fetch("/").status == 200


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "application/json", "text/plain", ""])
def test_what_is_sent_as_something_else_is_refused(here: Stage, provider: LocalProvider, content_type: str) -> None:
    """A page of another site can send a form, and no token of this type."""
    browser = here.signed_in()
    assert err(pushed(here, event(provider), content_type)) == "invalid_request"
    assert browser.fetch("/").status == 200


def test_what_is_too_long_is_refused(here: Stage) -> None:
    assert err(pushed(here, "x" * 70_000)) == "invalid_request"


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_405(here: Stage, method: str) -> None:
    answer = here.browser().request(method, "/oauth2/events", navigate=False)
    assert (answer.status, answer.header("allow")) == (405, "POST")


def test_with_sessions_in_cookies_it_is_501(stage: StageFactory, provider: LocalProvider) -> None:
    answer = pushed(stage(), event(provider))
    assert (answer.status, answer.json()) == (501, {"error": "session_store_required"})


# Once more, and later


def test_a_token_that_comes_once_more_is_taken_and_ends_nothing_new(here: Stage, provider: LocalProvider) -> None:
    here.signed_in()
    token = event(provider)
    assert pushed(here, token).status == 202
    again = here.signed_in()
    assert pushed(here, token).status == 202
    here.clock.advance(3600)
    again = here.signed_in()
    assert pushed(here, token).status == 202
    assert again.fetch("/").status == 200


def test_while_the_provider_does_not_answer_it_is_to_be_sent_later(here: Stage, provider: LocalProvider) -> None:
    token = event(provider)
    fresh = here.another_gate()
    with provider.fault("discovery_down"):
        answer = pushed(here, token, gate=fresh)
    assert (answer.status, answer.header("retry-after")) == (503, "30")
    here.clock.advance(30)
    assert pushed(here, token, gate=fresh).status == 202


def test_what_could_not_be_ended_is_ended_when_it_comes_once_more(
    stage: StageFactory, provider: LocalProvider, tmp_path: Any
) -> None:
    class Failing(SQLiteStore):
        fails = False

        def delete_named(self, name: str) -> int:
            if self.fails:
                raise StoreError("store_unavailable", "it is full")
            return super().delete_named(name)

    store = Failing(tmp_path / "s.db", 2.0)
    here = stage(session_store=store, session_cache_seconds=0)
    browser = here.signed_in()
    token = event(provider)
    store.fails = True
    assert pushed(here, token).status == 503
    assert browser.fetch("/").status == 200
    store.fails = False
    assert pushed(here, token).status == 202
    assert browser.fetch("/").status == 401


# What is told


def test_what_is_told_of_events(
    stage: StageFactory, provider: LocalProvider, tmp_path: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    here = stage(session_store=f"sqlite:///{tmp_path}/s.db", audit=True)
    here.signed_in()
    caplog.clear()
    token = event(provider)
    pushed(here, token)
    pushed(here, event(provider, aud="other"))
    pushed(here, event(provider, sub_id={"format": "opaque", "id": "nobody"}))
    events = [json.loads(each.message) for each in caplog.records if each.name == "oidc_gate.audit"]
    assert [(each["event"], each["outcome"], each.get("reason"), each.get("code")) for each in events] == [
        ("signal.received", "success", "session-revoked", None),
        ("session.ended", "success", "signal", None),
        ("signal.received", "failure", None, "audience_mismatch"),
        ("signal.received", "success", "session-revoked", None),
    ]
    assert events[0]["subject"] == "ada-1815"
    assert "the provider says session-revoked, which ended 1 session(s)" in caplog.text
    assert all(part not in caplog.text for part in token.split("."))
