"""surface.md, "Operations": `metrics`. What is counted of whole journeys, by which labels, and by whom."""

from __future__ import annotations

import logging
import sys
from collections.abc import Collection, Mapping
from itertools import product
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from opentelemetry import metrics as opentelemetry
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from prometheus_client import REGISTRY

from oidc_gate import Settings, SettingsError
from oidc_gate.access import REASONS
from oidc_gate.browser import Kind
from oidc_gate.command.on_paper import PaperGate
from oidc_gate.decisions import Work
from oidc_gate.gate.gate import Gate
from oidc_gate.telling import opentelemetry_metrics
from oidc_gate.telling.metrics import METRICS
from oidc_gate.telling.words import CODES
from tests.apps import COOKIE_SECRET
from tests.asked import Asked
from tests.browser import Browser
from tests.by_hand import visitor
from tests.conftest import StageFactory
from tests.counted import Counted
from tests.patience import LIMIT
from tests.providers.local import LocalProvider
from tests.redis_servers import RedisServers
from tests.servers import running
from tests.stage import HTML, Clock

P = "default"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "*/*"}
#: surface.md, "Operations".
SURFACE = {
    "oidc_gate_logins_started_total": ("provider", "reason"),
    "oidc_gate_logins_finished_total": ("provider", "reason"),
    "oidc_gate_login_failures_total": ("provider", "code"),
    "oidc_gate_login_duration_seconds": ("provider",),
    "oidc_gate_refusals_total": ("kind", "reason", "rule"),
    "oidc_gate_tokens_total": ("provider", "result"),
    "oidc_gate_sessions_ended_total": ("reason",),
    "oidc_gate_provider_request_duration_seconds": ("provider", "endpoint", "outcome"),
    "oidc_gate_store_request_duration_seconds": ("operation", "outcome"),
    "oidc_gate_live_connections": ("kind",),
    "oidc_gate_reloads_total": ("outcome",),
    "oidc_gate_info": ("version", "store"),
}


@pytest.fixture
def counted() -> Counted:
    return Counted()


def gate_of(provider: LocalProvider, **options: Any) -> Gate:
    """Return a gate without an adapter, which knows its provider already."""
    settings = Settings(**provider.gate_options(cookie_secret=COOKIE_SECRET, **options))
    made = Gate(settings)
    made._components.parties.first.provider.metadata()
    return made


def cookies_of(browser: Browser) -> str:
    return "; ".join(f"{name}={browser.cookies.get(name)}" for name in browser.cookies.names())


def test_names_and_labels_are_those_of_the_public_contract() -> None:
    assert {metric.name: metric.labels for metric in METRICS} == SURFACE


# What is counted


def test_a_login_is_counted_by_what_it_was_for(stage: StageFactory, counted: Counted) -> None:
    here = stage(metrics=counted, rules=[{"path": "/fresh", "allow": "signed-in", "max_age": "10m"}])
    browser = here.browser()
    left = browser.get("/report", headers=HTML)
    assert left.status == 302
    here.clock.advance(7)
    assert browser.navigate(left.target).status == 200
    assert counted.of("logins_started_total") == counted.of("logins_finished_total") == {(P, "page"): 1}
    assert [each for each in counted.seconds if "login" in each[0]] == [("oidc_gate_login_duration_seconds", 7.0)]
    browser.navigate("/oauth2/login?next=/")
    assert counted.of("logins_finished_total") == {(P, "page"): 1, (P, "asked"): 1}
    assert counted.of("sessions_ended_total") == {("replaced",): 1}
    here.clock.advance(601)
    browser.navigate("/fresh")
    assert counted.of("logins_started_total") == {(P, "page"): 1, (P, "asked"): 1, (P, "step_up"): 1}
    assert counted.of("logins_finished_total") == counted.of("logins_started_total")
    assert counted.of("login_failures_total") == counted.of("refusals_total") == {}


def test_a_login_that_is_begun_once_more_is_counted_as_that(
    stage: StageFactory, provider: LocalProvider, counted: Counted
) -> None:
    here = stage(metrics=counted)
    with provider.fault("token_invalid_grant"):
        assert here.browser().navigate("/").status == 400
    assert counted.of("logins_started_total") == {(P, "page"): 1, (P, "restart"): 1}
    assert counted.of("logins_finished_total") == {}
    assert counted.of("login_failures_total") == {(P, "code_rejected"): 1}


@pytest.mark.parametrize(
    ("fault", "code"),
    [("wrong_nonce", "nonce_mismatch"), ("token_down", "provider_unavailable"), ("callback_error", "access_denied")],
)
def test_a_login_that_fails_is_counted_by_its_code(
    fault: str, code: str, stage: StageFactory, provider: LocalProvider, counted: Counted
) -> None:
    here = stage(metrics=counted)
    with provider.fault(fault):
        assert here.browser().navigate("/").status >= 400
    assert counted.of("login_failures_total") == {(P, code): 1}


def test_what_comes_to_the_callback_and_is_no_login_is_a_failure_too(stage: StageFactory, counted: Counted) -> None:
    browser = stage(metrics=counted).browser()
    browser.get("/oauth2/callback?code=a&state=b")
    browser.get("/oauth2/callback?code=a&code=b")
    browser.get("/oauth2/login?auth_id=other")
    browser.get("/oauth2/logout?auth_id=other")  # no login
    assert counted.of("login_failures_total") == {
        (P, "cookies_missing"): 1,
        (P, "parameter_repeated"): 1,
        (P, "auth_id_unknown"): 1,
    }


def test_a_provider_that_is_down_when_a_login_begins_is_a_failure(
    stage: StageFactory, provider: LocalProvider, counted: Counted
) -> None:
    here = stage(metrics=counted)
    with provider.fault("discovery_down"):
        assert here.browser().navigate("/").status == 503
    assert counted.of("logins_started_total") == {}
    assert counted.of("login_failures_total") == {(P, "provider_unavailable"): 1}
    assert counted.of("provider_request_duration_seconds") == {(P, "discovery", "down"): 1}


def test_refusals_are_counted_by_kind_reason_and_rule(stage: StageFactory, counted: Counted) -> None:
    rules = [
        {"name": "board", "path": "/board", "allow": {"groups": "Board"}},
        {"path": "/closed", "allow": "nobody"},
        {"path": "/fresh", "allow": "signed-in", "max_age": "10m"},
    ]
    here = stage(metrics=counted, rules=rules)
    stranger, ada = here.browser(), here.signed_in()
    stranger.fetch("/board")
    stranger.post("/", form={"a": "b"})
    stranger.get("/closed", headers=HTML)
    ada.fetch("/board")
    ada.get("/closed", headers=HTML)
    here.clock.advance(601)
    ada.fetch("/fresh")
    assert counted.of("refusals_total") == {
        ("program", "login_required", ""): 1,
        ("form", "login_required", ""): 1,
        ("page", "nobody", "rule 2"): 2,
        ("program", "rule", "board"): 1,
        ("program", "step_up", "rule 3"): 1,
    }


def test_a_websocket_of_another_site_is_counted_as_refused(stage: StageFactory, counted: Counted) -> None:
    here = stage(metrics=counted)
    ada = here.signed_in()
    gate = here.gate._gate
    asked = Asked("/chat", cookie_header=cookies_of(ada), is_websocket=True, headers={"origin": "https://evil.example"})
    assert gate.decide(asked).status == 403
    assert counted.of("refusals_total") == {("websocket", "origin_foreign", ""): 1}


def test_of_more_than_200_rules_the_names_of_the_first_are_told(provider: LocalProvider, counted: Counted) -> None:
    rules = [{"path": f"/p{number}", "allow": "nobody"} for number in range(205)]
    gate = gate_of(provider, rules=rules, metrics=counted)
    for number in (0, 199, 200, 204):
        gate.decide(Asked(f"/p{number}"))
    assert counted.of("refusals_total") == {
        ("program", "nobody", "rule 1"): 1,
        ("program", "nobody", "rule 200"): 1,
        ("program", "nobody", "other"): 2,
    }


def test_ends_of_sessions_are_counted_by_their_reason(
    stage: StageFactory, provider: LocalProvider, counted: Counted
) -> None:
    here = stage(metrics=counted, userinfo_refresh_interval="20m", provider_outage_grace="1h")
    provider.access_token_lifetime = 10_000_000
    here.signed_in().navigate("/oauth2/logout")
    ends = {("logout",): 1}
    assert counted.of("sessions_ended_total") == ends
    idle, active = here.signed_in(), here.signed_in()
    for _ in range(12):
        here.clock.advance(3500)
        active.fetch("/")
    for _ in range(3):
        idle.fetch("/")
    ends |= {("idle",): 1}
    assert counted.of("sessions_ended_total") == ends
    cookie = cookies_of(active)
    here.clock.advance(1300)  # the absolute end, twelve hours after the login; browsers have dropped the cookie by then
    for _ in range(3):
        active.fetch("/", headers={"Cookie": cookie})
    ends |= {("expired",): 1}
    assert counted.of("sessions_ended_total") == ends
    denied, unanswered = here.signed_in(), here.signed_in()
    here.clock.advance(1201)
    with provider.fault("userinfo_unauthorized"):
        assert denied.fetch("/").status == 401
    ends |= {("provider",): 1}
    assert counted.of("sessions_ended_total") == ends
    with provider.fault("userinfo_down"):
        for seconds in (1, 3000, 700):
            here.clock.advance(seconds)
            unanswered.fetch("/")
    assert counted.of("sessions_ended_total") == ends | {("outage",): 1}


def test_ends_of_stored_sessions_are_counted_where_they_are_brought_about(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path, counted: Counted
) -> None:
    here = stage(metrics=counted, session_store=f"sqlite:///{tmp_path}/s.db", session_cache_seconds=0)
    back, front, revoked = here.signed_in(), here.signed_in(), here.signed_in()
    sids = [each.fetch("/").json()["identity"]["claims"]["sid"] for each in (back, front)]
    token = provider.make_logout_token(sub="ada-1815", sid=sids[0])
    here.browser().post("/oauth2/backchannel-logout", form={"logout_token": token}, headers=FORM)
    here.browser().get(f"/oauth2/frontchannel-logout?sid={sids[1]}")
    here.browser().get("/oauth2/frontchannel-logout?sid=of-nobody")
    assert counted.of("sessions_ended_total") == {("back_channel",): 1, ("front_channel",): 1}
    revoked.fetch("/")
    backend = here.gate._gate._components.sessions.backend
    for record in [*backend.store.records()]:  # as `oidc-gate sessions --revoke` does, in another process
        backend.store.delete(record.key)
    assert [revoked.fetch("/").status for _ in range(3)] == [401] * 3
    assert counted.of("sessions_ended_total") == {("back_channel",): 1, ("front_channel",): 1, ("revoked",): 1}


def test_calls_to_provider_and_store_are_timed(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path, counted: Counted
) -> None:
    store = {"session_store": f"sqlite:///{tmp_path}/s.db", "session_cache_seconds": 0}
    here = stage(
        metrics=counted, userinfo="always", scopes="openid email offline_access", provider_logout=True, **store
    )
    browser = here.signed_in()
    here.clock.advance(3500)
    browser.fetch("/")
    with provider.fault("token_html"):
        here.browser().navigate("/")
    browser.navigate("/oauth2/logout")
    asked = counted.of("provider_request_duration_seconds")
    endpoints = ("discovery", "keys", "token", "userinfo", "revocation")
    assert {(provider_, endpoint) for provider_, endpoint, _ in asked} == set(product([P], endpoints))
    with provider.fault("token_invalid_client"):
        here.browser().navigate("/")
    assert counted.of("provider_request_duration_seconds")[P, "token", "refused"] == 1
    operations = counted.of("store_request_duration_seconds")
    assert {outcome for _, outcome in operations} == {"ok"}
    assert {"load", "save", "replace", "delete", "claim"} <= {operation for operation, _ in operations}
    assert all(0.0 <= seconds < LIMIT for _, seconds in counted.seconds)


def test_a_store_that_fails_is_counted_as_that(stage: StageFactory, tmp_path: Path, counted: Counted) -> None:
    here = stage(metrics=counted, session_store=f"sqlite:///{tmp_path}/s.db")
    (tmp_path / "s.db").write_bytes(b"no database" * 1000)
    assert here.browser().navigate("/").status == 500
    assert counted.of("store_request_duration_seconds") == {("claim", "failed"): 1}


def test_loads_on_an_event_loop_are_timed(stage: StageFactory, redis_server: RedisServers, counted: Counted) -> None:
    here = stage(metrics=counted, session_store=redis_server.url, session_cache_seconds=0)
    browser = here.signed_in()
    counted.clear()
    assert [browser.fetch("/").status for _ in range(3)] == [200] * 3
    assert counted.of("store_request_duration_seconds") == {("load", "ok"): 3}
    with redis_server.paused():
        assert browser.fetch("/").status == 503
    assert counted.of("store_request_duration_seconds")["load", "failed"] == 1


class Bare:
    """A store of the operator's own, with no more than the contract, and nothing in it."""

    def load(self, _key: str) -> None:
        return None

    save = replace = delete = delete_named = claim = release = records = load
    load_on_loop = None


def test_a_store_without_a_way_on_event_loops_has_none_when_it_is_watched(
    stage: StageFactory, counted: Counted
) -> None:
    here = stage(metrics=counted, session_store=Bare())
    backend = here.gate._gate._components.sessions.backend
    assert backend.load_on_loop is None
    assert not hasattr(backend.store, "is_claimed")
    assert backend.load("key") is None
    assert counted.of("store_request_duration_seconds") == {("load", "ok"): 1}
    assert ("oidc_gate_info", (("version", "0.1.0"), ("store", "custom"))) in counted.found


def test_what_a_deny_list_is_asked_is_timed_too(stage: StageFactory, tmp_path: Path, counted: Counted) -> None:
    here = stage(metrics=counted, cookie_deny_list=f"sqlite:///{tmp_path}/ended.db")
    here.signed_in().navigate("/oauth2/logout")
    assert {operation for operation, _ in counted.of("store_request_duration_seconds")} == {"load", "save"}


def test_a_request_that_was_seen_before_is_not_counted(stage: StageFactory, counted: Counted) -> None:
    rules = [{"path": "/board", "allow": {"groups": "Board"}}]
    here = stage(metrics=counted, rules=rules, public_paths="/static")
    browser = here.signed_in()
    for path in ("/", "/a", "/static/x"):
        browser.fetch(path)
    counted.clear()
    for path in ("/", "/a", "/static/x", "/b"):
        for _ in range(5):
            assert browser.fetch(path).status == 200
    assert counted.found == {}


def test_a_gate_on_paper_counts_nothing(provider: LocalProvider, counted: Counted) -> None:
    settings = Settings(**provider.gate_options(cookie_secret=COOKIE_SECRET, metrics=counted, audit=True))
    for opens_cookies in (False, True):
        PaperGate(settings, Clock(), opens_cookies=opens_cookies)
    assert counted.found == {}


# Labels


def test_hostile_requests_make_no_series(provider: LocalProvider, caplog: pytest.LogCaptureFixture) -> None:
    """What they ask, and with what, is in no label: ten thousand more of them change nothing but counts."""
    caplog.set_level(logging.CRITICAL, "oidc_gate")
    counted, random = Counted(), Random(12)
    rules = [{"path": "/closed", "allow": "nobody"}, {"name": "board", "path": "/board", "allow": {"groups": "Board"}}]
    gate = gate_of(provider, rules=rules, metrics=counted)
    for _ in range(5000):
        asked(gate, random)
    before = len(counted.found)
    for _ in range(10_000):
        asked(gate, random)
    assert len(counted.found) == before
    assert sum(counted.found.values()) > 5_000
    allowed: dict[str, Collection[str]] = {"kind": {kind.name.lower() for kind in Kind}, "code": CODES, "provider": {P}}
    allowed |= {"reason": {*REASONS, "login_required", "page", "asked"}, "rule": {"", "rule 1", "board"}}
    for name, labels in counted.found:
        if name not in ("oidc_gate_info", "oidc_gate_provider_request_duration_seconds"):
            assert all(value in allowed[label] for label, value in labels), (name, labels)


def asked(gate: Gate, random: Random) -> None:
    """Have a stranger ask something, and see the gate through with it."""
    noise = "".join(random.choices("abc/%2e;\\\x00\x1b\u00e9 ", k=random.randint(1, 30)))
    path = random.choice(["/", "/board/", "/closed", "/oauth2/callback", "/oauth2/login", "/oauth2/logout", "/\x00"])
    headers = {
        "accept": random.choice(["text/html", "*/*", noise]),
        "sec-fetch-mode": random.choice(["", "", "navigate", "cors", noise]),
        "sec-fetch-dest": random.choice(["", "document", "iframe", noise]),
        "user-agent": noise,
        "traceparent": noise,
        "origin": noise,
        **({random.choice(["hx-request", "turbo-frame", "sec-purpose"]): "true"} if random.random() < 0.2 else {}),
        "content-type": random.choice(["", "application/grpc-web+proto", noise]),
    }
    query = random.choice([f"state={noise}&code={noise}", f"next={noise}", f"auth_id={noise}", f"iss={noise}", noise])
    request = Asked(
        random.choice([path, path, path + noise]),
        host=random.choice(["app.test", "app.test", f"{random.getrandbits(40):x}.test", noise]),
        cookie_header=random.choice(["", f"a={noise}", f"__Host-oidc_gate.default={noise}"]),
        method=random.choice(["GET", "GET", "POST", "PUT", noise]),
        is_websocket=random.random() < 0.05,
        query=query,
        peer=noise,
        headers=headers,
    )
    decision = gate.decide(request)
    while isinstance(decision, Work):
        decision = decision.run()


# Who keeps them


def test_a_failing_object_breaks_no_request_and_is_told_of_once(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        def count(self, name: str, labels: Mapping[str, str]) -> None:
            raise RuntimeError("no room left")

        def observe(self, name: str, seconds: float, labels: Mapping[str, str]) -> None:
            raise KeyError(name)

    here = stage(metrics=Broken(), session_store=f"sqlite:///{tmp_path}/s.db")
    browser = here.signed_in()
    assert browser.fetch("/").status == 200
    browser.navigate("/oauth2/logout")
    here.browser().fetch("/")
    with provider.fault("token_down"):
        here.browser().navigate("/")
    told = [record.getMessage() for record in caplog.records if "metrics" in record.getMessage()]
    assert told == ["metrics cannot be kept, and this is said once: RuntimeError: no room left"] * 2  # two gates


def test_prometheus_has_them_in_its_default_registry_once_for_all_gates(
    stage: StageFactory, provider: LocalProvider
) -> None:
    def value(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(f"oidc_gate_{name}", labels) or 0.0

    page = {"provider": P, "reason": "page"}
    before = value("logins_finished_total", **page), value("login_duration_seconds_count", provider=P)
    here, second = stage(metrics="prometheus"), stage(metrics="prometheus")
    here.signed_in()
    second.signed_in()
    after = value("logins_finished_total", **page), value("login_duration_seconds_count", provider=P)
    assert after == (before[0] + 2, before[1] + 2)
    assert value("info", version="0.1.0", store="cookie") == 1.0
    here.browser().fetch("/")
    assert value("refusals_total", kind="program", reason="login_required", rule="") > 0
    assert value("provider_request_duration_seconds_count", provider=P, endpoint="token", outcome="ok") >= 2
    families = {family.name for family in REGISTRY.collect() if family.name.startswith("oidc_gate_")}
    assert families == {name.removesuffix("_total") for name in SURFACE}


def test_opentelemetry_has_them_by_the_names_of_its_conventions(
    stage: StageFactory, provider: LocalProvider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = InMemoryMetricReader()
    meters = MeterProvider([reader])
    monkeypatch.setattr(opentelemetry_metrics, "get_meter", meters.get_meter)
    here = stage(metrics="opentelemetry", session_store=f"sqlite:///{tmp_path}/s.db")
    here.signed_in()
    with provider.fault("token_down"):
        here.browser().navigate("/")
    here.browser().fetch("/")
    provider_down = {"http.response.status_code": 503, "error.type": "503", "oidc_gate.outcome": "down"}
    call = {
        "oidc_gate.provider": P,
        "oidc_gate.endpoint": "token",
        "http.request.method": "POST",
        "server.address": "127.0.0.1",
        "server.port": urlsplit(provider.issuer).port,
        "url.scheme": "http",
    }
    found = points(reader)
    assert found["oidc_gate.login.duration", "s"] == [{"oidc_gate.provider": P}]
    assert found["oidc_gate.login.failures", "{login}"] == [
        {"oidc_gate.provider": P, "error.type": "provider_unavailable"}
    ]
    assert call | provider_down in found["http.client.request.duration", "s"]
    assert (
        call | {"http.response.status_code": 200, "oidc_gate.outcome": "ok"}
        in found["http.client.request.duration", "s"]
    )
    saved = {"db.operation.name": "save", "db.system.name": "sqlite", "oidc_gate.outcome": "ok"}
    assert saved in found["db.client.operation.duration", "s"]
    assert found["oidc_gate.info", "1"] == [{"service.version": "0.1.0", "oidc_gate.store": "sqlite"}]
    assert found["oidc_gate.refusals", "{request}"] == [
        {"oidc_gate.request.kind": "program", "oidc_gate.reason": "login_required", "oidc_gate.rule": ""}
    ]
    meters.shutdown()


def test_opentelemetry_is_told_what_did_not_answer(
    stage: StageFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = InMemoryMetricReader()
    meters = MeterProvider([reader])
    monkeypatch.setattr(opentelemetry_metrics, "get_meter", meters.get_meter)
    assert stage(metrics="opentelemetry", issuer_url="http://127.0.0.1:9").browser().navigate("/").status == 503
    (call,) = points(reader)["http.client.request.duration", "s"]
    assert call["error.type"] == "provider_unreachable"
    assert "http.response.status_code" not in call
    here = stage(metrics="opentelemetry", session_store=f"sqlite:///{tmp_path}/s.db")
    (tmp_path / "s.db").write_bytes(b"no database" * 1000)
    assert here.browser().navigate("/").status == 500
    (stored,) = points(reader)["db.client.operation.duration", "s"]
    assert stored["error.type"] == "store_unavailable"
    meters.shutdown()


def points(reader: InMemoryMetricReader) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the attributes of all that was kept, by name and unit."""
    data: Any = reader.get_metrics_data()
    return {
        (metric.name, metric.unit): [dict(point.attributes) for point in metric.data.data_points]
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
    }


def test_a_failing_description_of_a_call_breaks_nothing(
    stage: StageFactory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(opentelemetry_metrics, "urlsplit", lambda _: 1 / 0)
    assert stage(metrics="opentelemetry").signed_in().fetch("/").status == 200
    assert caplog.text.count("metrics cannot be kept, and this is said once: ZeroDivisionError") == 1


def test_without_a_set_up_of_opentelemetry_the_gate_works(stage: StageFactory) -> None:
    assert isinstance(opentelemetry.get_meter_provider(), opentelemetry.MeterProvider)
    assert stage(metrics="opentelemetry").signed_in().fetch("/").status == 200


@pytest.mark.parametrize(
    ("setting", "library", "module"),
    [
        ("prometheus", "prometheus_client", "oidc_gate.telling.prometheus_metrics"),
        ("opentelemetry", "opentelemetry.metrics", "oidc_gate.telling.opentelemetry_metrics"),
    ],
)
def test_a_missing_library_stops_start_up_and_says_how_to_get_it(
    setting: str, library: str, module: str, provider: LocalProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(SettingsError, match=rf"^metrics is {setting}, .*: pip install 'oidc-gate\[{setting}\]'\.$"):
        gate_of(provider, metrics=setting)


@pytest.mark.parametrize("given", [object(), 7, True, {"count": 1}])
def test_an_object_without_the_methods_stops_start_up(given: Any, provider: LocalProvider) -> None:
    with pytest.raises(SettingsError, match=r"^metrics must be one of: off, prometheus.* in code, an object with the"):
        gate_of(provider, metrics=given)


def test_another_word_stops_start_up(provider: LocalProvider) -> None:
    with pytest.raises(SettingsError, match=r"^metrics must be one of: off, prometheus, opentelemetry\.$"):
        gate_of(provider, metrics="statsd")


def test_false_is_off(provider: LocalProvider) -> None:
    assert Settings(**provider.gate_options(cookie_secret=COOKIE_SECRET, metrics=False)).metrics == "off"


# Several processes

PROGRAM = """
import os
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from oidc_gate.wsgi import OIDCGate

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] != "/metrics":
        return [str(os.getpid()).encode()]
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return [generate_latest(registry)]

gate = OIDCGate(app, metrics="prometheus", public_paths="/metrics")
"""


def test_the_workers_of_a_server_are_added_up(provider: LocalProvider, tmp_path: Path) -> None:
    (tmp_path / "counting.py").write_text(PROGRAM)
    folder = tmp_path / "metrics"
    folder.mkdir()
    options = provider.gate_options(cookie_secret=COOKIE_SECRET)
    env = {f"OIDC_GATE_{name.upper()}": str(value) for name, value in options.items()}
    env |= {"PROMETHEUS_MULTIPROC_DIR": str(folder), "PYTHONPATH": str(Path(__file__).parents[1])}
    argv = [sys.executable, "-m", "gunicorn", "-b", "127.0.0.1:{port}", "-w", "2", "counting:gate"]
    workers: set[str] = set()
    with running(argv, folder=tmp_path, env=env, cwd=tmp_path, ready_path="/oauth2/health") as server:
        browser, refused = visitor(), 0
        assert browser.navigate(server.url + "/").status == 200
        while len(workers) < 2 or refused < 20:
            workers.add(browser.copy().fetch(server.url + "/", initiator=server.url + "/").text)
            assert requests.get(server.url + "/api", timeout=LIMIT).status_code == 401
            refused += 1
        text = requests.get(server.url + "/metrics", timeout=LIMIT).text
        again = requests.get(server.url + "/metrics", timeout=LIMIT).text
    assert f'oidc_gate_refusals_total{{kind="program",reason="login_required",rule=""}} {refused}.0' in text
    assert f'oidc_gate_logins_finished_total{{provider="{P}",reason="page"}} 1.0' in text
    assert f'oidc_gate_login_duration_seconds_count{{provider="{P}"}} 1.0' in text
    assert 'oidc_gate_info{store="cookie",version="0.1.0"} 1.0' in text
    assert sorted(text.splitlines()) == sorted(again.splitlines())
