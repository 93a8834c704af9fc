"""examples/monitoring: every expression parses as PromQL, and names metrics, labels and values that the gate has.

`make monitoring` has Prometheus' own promtool check the rules, and try them on made-up series.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import promql_parser as promql
import pytest
import yaml

from oidc_gate.access import REASONS
from oidc_gate.browser import Kind
from oidc_gate.provider.http_messages import Endpoint
from oidc_gate.telling.metrics import METRICS
from oidc_gate.telling.words import CODES, LoginReason, SessionEnd

FOLDER = Path(__file__).parents[1] / "examples" / "monitoring"
#: Labels that Prometheus adds, beside `le` of histograms.
ADDED = {"job", "instance"}
LOGINS, ENDS = {*get_args(LoginReason)}, {*get_args(SessionEnd)}
#: The values of each label that a matcher may name; a reason is one of its metric's.
VALUES: dict[str, set[str]] = {
    "code": {*CODES},
    "endpoint": {*get_args(Endpoint)},
    "kind": {kind.name.lower() for kind in Kind},
    "outcome": {"ok", "refused", "down", "failed", "success", "failure"},
    "result": {"ok", *CODES},
    "rule": {""},
}
REASONS_OF = {
    "oidc_gate_logins_started_total": LOGINS,
    "oidc_gate_logins_finished_total": LOGINS,
    "oidc_gate_refusals_total": {*REASONS, "login_required", "origin_foreign"},
    "oidc_gate_sessions_ended_total": ENDS,
}


def series() -> dict[str, set[str]]:
    """Return the names that Prometheus knows, with their labels."""
    found: dict[str, set[str]] = {}
    for metric in METRICS:
        names = [metric.name]
        if metric.kind == "duration":
            names = [f"{metric.name}_{part}" for part in ("bucket", "count", "sum")]
        for name in names:
            found[name] = {*metric.labels, *ADDED, *({"le"} if name.endswith("_bucket") else ())}
    return found


def alerts() -> list[dict[str, Any]]:
    document = yaml.safe_load((FOLDER / "alerts.yml").read_text())
    return [rule for group in document["groups"] for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
    return found


def expressions() -> list[str]:
    panels = [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())]
    return [*(rule["expr"] for rule in alerts()), *panels]


def parsed(expression: str) -> Any:
    """Return the expression, with what Grafana puts in for its variables."""
    return promql.parse(re.sub(r"\$__(rate_interval|range)", "5m", expression).replace("$job", "myapp"))


def parts(node: Any) -> Iterator[Any]:
    """Yield all parts of an expression."""
    yield node
    for name in ("lhs", "rhs", "expr", "param", "vector_selector"):
        inner = getattr(node, name, None)
        if inner is not None:
            yield from parts(inner)
    for inner in getattr(node, "args", ()):
        yield from parts(inner)


@pytest.mark.parametrize("expression", expressions())
def test_an_expression_names_what_there_is(expression: str) -> None:
    known, selected, grouped = series(), set(), set()
    for part in parts(parsed(expression)):
        if isinstance(part, promql.VectorSelector):
            name = part.name or ""
            selected.add(name)
            assert name in known, name
            for matcher in part.matchers.matchers:
                assert matcher.name in known[name], (name, matcher.name)
                if matcher.name not in ADDED:
                    values = REASONS_OF[name] if matcher.name == "reason" else VALUES[matcher.name]
                    assert set(matcher.value.split("|")) <= values, (name, matcher.name, matcher.value)
        elif isinstance(part, promql.AggregateExpr) and part.modifier is not None:
            grouped |= set(part.modifier.labels)
    assert selected
    assert grouped <= set().union(*(known[name] for name in selected))


def test_the_dashboard_shows_every_metric() -> None:
    told = " ".join(target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ()))
    assert [metric.name for metric in METRICS if metric.name not in told] == []


def test_a_wrong_expression_would_be_found() -> None:
    with pytest.raises(ValueError, match="unclosed left parenthesis"):
        parsed("sum by (provider (rate(oidc_gate_logins_started_total[5m]))")
    with pytest.raises(AssertionError):
        test_an_expression_names_what_there_is('oidc_gate_refusals_total{reason="logins_required"}')
    with pytest.raises(AssertionError):
        test_an_expression_names_what_there_is("sum by (code) (oidc_gate_refusals_total)")
    with pytest.raises(AssertionError):
        test_an_expression_names_what_there_is("oidc_gate_logins_total")


def test_the_panels_of_the_dashboard_stand_side_by_side() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert place["x"] + place["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_every_alert_says_what_it_is_about() -> None:
    labels = {label for names in series().values() for label in names}
    names = [rule["alert"] for rule in alerts()]
    assert len(names) == len(set(names)) >= 10
    for rule in alerts():
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        text = " ".join(rule["annotations"].values())
        assert set(re.findall(r"\$labels\.(\w+)", text)) <= labels
        assert rule["annotations"]["summary"]


def test_what_is_tried_on_made_up_series_is_about_alerts_and_series_that_there_are() -> None:
    document = yaml.safe_load((FOLDER / "alerts_test.yml").read_text())
    names = {rule["alert"] for rule in alerts()}
    for test in document["tests"]:
        assert {each["alertname"] for each in test["alert_rule_test"]} <= names
        for each in test["input_series"]:
            test_an_expression_names_what_there_is(re.sub(r'provider="\w+",?|operation="\w+",?', "", each["series"]))
