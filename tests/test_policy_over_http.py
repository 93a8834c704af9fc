"""Traffic Policies with expressions, before an app: what becomes of requests, in both worlds."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from oidc_gate import Rule, Settings, SettingsError
from oidc_gate.settings import from_traffic_policy
from tests.apps import COOKIE_SECRET
from tests.browser import World
from tests.conftest import StageFactory
from tests.naive_rules import Asking
from tests.providers.local import LocalProvider
from tests.rule_gates import RuleGate
from tests.stage import is_login

LOGIN: dict[str, Any] = {"actions": [{"type": "openid-connect", "config": {"client_id": "app"}}]}


def denied(*expressions: str, status: int = 403, **config: Any) -> dict[str, Any]:
    kind = "custom-response" if config else "deny"
    return {"expressions": list(expressions), "actions": [{"type": kind, "config": {"status_code": status} | config}]}


def rules(tmp_path: Path, *rules: dict[str, Any]) -> Any:
    """Return what a policy with these rules says of requests."""
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({"on_http_request": list(rules)}))
    return from_traffic_policy(path)["rules"]


POST = denied("req.method == 'POST'", status=418, body="no tea")


def test_a_stranger_signs_in_also_where_the_policy_does_nothing_but_refuse(
    stage: StageFactory, tmp_path: Path, provider: LocalProvider
) -> None:
    here = stage(rules=rules(tmp_path, LOGIN, POST))
    assert is_login(here.browser().get("/"), provider)
    assert here.browser().fetch("/").status == 401
    assert here.browser().fetch("/", method="POST").status == 401


def test_the_lists_hold_besides(stage: StageFactory, tmp_path: Path) -> None:
    here = stage(rules=rules(tmp_path, LOGIN, POST), allow_groups="nobody has this one")
    browser = here.browser()
    assert browser.navigate("/").status == 403
    assert browser.fetch("/").status == 403


@pytest.mark.parametrize(
    ("headers", "is_set"),
    [({}, True), ({"cache-control": "private"}, True), ({"Cache-Control": "public, max-age=60"}, False),
     ({"surrogate-control": "max-age=60"}, False)],
)  # fmt: skip
def test_no_renewed_cookie_rides_on_an_answer_of_the_policys_that_others_may_be_given(
    stage: StageFactory, tmp_path: Path, headers: dict[str, str], is_set: bool
) -> None:
    here = stage(rules=rules(tmp_path, LOGIN, denied("req.url.path == '/none'", body="no", headers=headers)))
    newer = here.another_gate(cookie_secret=["a-newer-secret-than-the-others", COOKIE_SECRET])
    refused = here.moved(here.signed_in(), newer).fetch("/none")
    assert (refused.status, bool(refused.header_list("Set-Cookie"))) == (403, is_set)


def test_what_is_refused_has_the_policys_answer_and_a_line_in_the_log(
    stage: StageFactory, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    here = stage(
        rules=rules(
            tmp_path,
            LOGIN,
            POST,
            denied("req.url.path == '/none'", status=204, headers={"x-why": "nothing"}),
            denied("req.url.path == '/away'", status=302, headers={"location": "https://elsewhere.example/"}),
            denied("'x-bad' in req.headers", status=451),
            denied("'Admins' in oidc.groups", "req.url.path.startsWith('/admin')", status=299, body="odd"),
        ),
    )
    browser = here.signed_in()
    caplog.set_level(logging.WARNING, "oidc_gate")
    refused = browser.fetch("/", method="POST")
    assert (refused.status, refused.text) == (418, "no tea")
    assert (
        "reason=rule condition='rule 2 (custom-response) of policy.json' method='POST' path='/' host='app.test'"
        " subject='ada-1815'"
    ) in caplog.text
    nothing = browser.fetch("/none")
    assert (nothing.status, nothing.header("x-why"), nothing.header("content-length")) == (204, "nothing", "")
    away = browser.get("/away")
    assert (away.target, away.header("cache-control")) == ("https://elsewhere.example/", "no-store")
    assert browser.fetch("/", headers={"X-Bad": "1"}).status == 451
    assert [browser.fetch("/").status for _ in range(4)] == [200] * 4
    assert browser.fetch("/", method="POST").status == 418


def test_a_policy_may_say_itself_what_caches_keep(stage: StageFactory, tmp_path: Path) -> None:
    kept = denied("req.url.path == '/x'", status=200, body="x", headers={"Cache-Control": "public, max-age=60"})
    answer = stage(rules=rules(tmp_path, LOGIN, kept)).signed_in().fetch("/x")
    assert [value for name, value in answer.headers if name.lower() == "cache-control"] == ["public, max-age=60"]


def test_a_method_is_told_in_upper_case_and_by_nothing_else(world: World, stage: StageFactory, tmp_path: Path) -> None:
    here = stage(rules=rules(tmp_path, LOGIN, denied("req.method == 'DELETE'", status=418, body="no")))
    browser = here.signed_in()
    assert browser.fetch("/", method="DELETE").status == 418
    assert browser.fetch("/", method="POST").status == 200
    assert browser.fetch("/", method="POST", headers={"X-HTTP-Method-Override": "DELETE"}).status == 403
    if world == "asgi":
        assert browser.fetch("/", method="POST", headers={"x_http_method_override": "DELETE"}).status == 403
    public = stage(rules=here.settings["rules"], public_paths="/static").signed_in()
    for _ in range(2):  # once it is remembered that the plain one passes, too
        assert public.fetch("/static/a", headers={"X-HTTP-Method-Override": "DELETE"}).status == 403
        assert [public.fetch("/static/a").status for _ in range(3)] == [200] * 3
    gate = RuleGate(world, cast("Any", SimpleNamespace(settings={"rules": here.settings["rules"]})))
    assert gate.ask(gate.cookies({"sub": "ann"}), Asking("delete", "/")).status == 418


def test_an_odd_status_is_answered_too(stage: StageFactory, tmp_path: Path) -> None:
    here = stage(rules=rules(tmp_path, LOGIN, denied("req.url.path == '/odd'", status=299, body="odd")))
    answer = here.signed_in().fetch("/odd")
    assert (answer.status, answer.text) == (299, "odd")


def test_an_expression_that_fails_refuses_with_the_gates_own_page(stage: StageFactory, tmp_path: Path) -> None:
    here = stage(rules=rules(tmp_path, LOGIN, denied("oidc.claims.department == 'x'", status=418, body="no tea")))
    answer = here.browser().navigate("/")
    assert (answer.status, "Reference" in answer.text, "no tea" in answer.text) == (403, True, False)


def test_a_person_who_passes_by_what_does_not_read_requests_is_recalled(stage: StageFactory, tmp_path: Path) -> None:
    here = stage(rules=rules(tmp_path, LOGIN, denied("'contractors' in oidc.groups")))
    browser = here.signed_in()
    assert [browser.fetch("/x").status for _ in range(4)] == [200] * 4
    assert here.browser().fetch("/x").status == 401


def test_where_login_does_not_apply_anyone_passes(stage: StageFactory, tmp_path: Path, provider: LocalProvider) -> None:
    login = LOGIN | {"expressions": ["req.url.path != '/health'"]}
    here = stage(rules=rules(tmp_path, login, POST), allow_groups="nobody has this one")
    stranger = here.browser()
    assert stranger.fetch("/health").status == 200
    assert is_login(stranger.get("/health/x"), provider)
    assert stranger.fetch("/health", method="POST").status == 418
    ada = here.browser()
    assert ada.navigate("/").status == 403
    assert ada.fetch("/health").json()["identity"]["subject"] == "ada-1815"


@pytest.mark.parametrize("path", ["//health", "/health/../admin", "/a%2f..%2fhealth", "/health;x", "/health%5c"])
def test_a_path_that_can_be_read_in_two_ways_passes_nobody_where_expressions_read_it(
    stage: StageFactory, tmp_path: Path, path: str
) -> None:
    login = LOGIN | {"expressions": ["!req.url.path.startsWith('/health')"]}
    here = stage(rules=rules(tmp_path, login))
    assert here.browser().fetch(path).status == 401
    assert here.signed_in().fetch(path).status == 403


def test_a_path_that_can_be_read_in_two_ways_passes_who_passes_everywhere(stage: StageFactory, tmp_path: Path) -> None:
    here = stage(rules=rules(tmp_path, LOGIN, denied("'contractors' in oidc.groups")))
    assert here.signed_in().fetch("//x").status == 200
    here = stage(rules=rules(tmp_path, LOGIN, denied("'admins' in oidc.groups")))
    browser = here.browser()
    assert browser.navigate("/").status == 403
    assert browser.fetch("//x").status == 403


def test_public_paths_come_before_the_policy(stage: StageFactory, tmp_path: Path) -> None:
    here = stage(rules=rules(tmp_path, LOGIN, POST), public_paths="/static")
    assert here.browser().fetch("/static/x", method="POST").status == 200


def test_the_address_of_the_client_is_that_which_trusted_proxies_tell(stage: StageFactory, tmp_path: Path) -> None:
    here = stage(rules=rules(tmp_path, LOGIN, denied("conn.client_ip == '203.0.113.9'")), trusted_proxies=1)
    browser = here.browser()
    browser.navigate("/")  # refused, for no proxy says whose address it is
    for sent, status in (
        ({"X-Forwarded-For": "203.0.113.9"}, 403),
        ({"X-Forwarded-For": "203.0.113.9, 192.0.2.1"}, 200),
        ({"Forwarded": 'for="203.0.113.9:4711"'}, 403),
        ({"X-Forwarded-For": "nonsense"}, 403),  # it cannot be told
        ({"Forwarded": 'for="[2001:db8::1]:80"'}, 200),
        ({"X-Forwarded-For": "::ffff:203.0.113.9"}, 403),
    ):
        assert browser.fetch("/", headers=sent).status == status, sent


def test_rules_in_code_do_not_take_the_place_of_a_policys(tmp_path: Path) -> None:
    given = rules(tmp_path, LOGIN, POST)
    required: dict[str, Any] = {"issuer_url": "https://id.example", "client_id": "a", "client_secret": "b"}
    required["cookie_secret"] = COOKIE_SECRET
    with pytest.raises(SettingsError, match="rules would take the place of what the Traffic Policy refuses"):
        Settings.merged(required | {"rules": given}, {}, {"rules": [Rule(path="/a", allow="nobody")]})
    with pytest.raises(SettingsError, match="stand in the Traffic Policy already"):
        Settings(**required, rules=[*given, Rule(path="/a", allow="nobody")])
