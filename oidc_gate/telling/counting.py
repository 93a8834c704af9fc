"""What the metrics are told: names, and labels that have few values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

from oidc_gate.browser import Kind, kind_of
from oidc_gate.telling.chosen_metrics import open_metrics
from oidc_gate.telling.metrics import Call, Guarded
from oidc_gate.telling.words import OTHER

if TYPE_CHECKING:
    from oidc_gate.access import CheckedRule
    from oidc_gate.decisions import Request
    from oidc_gate.provider import HTTPAnswer, HTTPRequest
    from oidc_gate.settings import Settings
    from oidc_gate.telling.words import RefusalReason

__all__ = ["Counting", "rule_name"]

_KINDS = {kind: kind.name.lower() for kind in Kind}
#: Of more rules than these the metrics say `other`.
_MOST_RULES = 200


class Counting:
    """Counts for one gate, where the setting `metrics` says so; see `Telling` for the arguments."""

    def __init__(self, settings: Settings, rules: Sequence[str], *, on_paper: bool) -> None:
        self._rules = frozenset(rules[:_MOST_RULES])
        store = _store_kind(settings)
        self._metrics = metrics = None if on_paper else open_metrics(settings.metrics, store)
        #: What takes note of a call to a store; None for nothing.
        self.store_asked: Callable[[str, str, float], None] | None = None
        if metrics is not None:
            from importlib.metadata import version

            metrics.count("oidc_gate_info", version("oidc-gate"), store)
            self.store_asked = partial(_store_asked, metrics)

    def provider_asked(self, auth_id: str) -> Callable[[HTTPRequest, HTTPAnswer | None, float], None] | None:
        """Return what takes note of a call to this provider; None for nothing."""
        return None if self._metrics is None else partial(_provider_asked, self._metrics, auth_id)

    def count(self, metric: str, *values: str) -> None:
        """Count one more; `values`: of the metric's labels, in their order."""
        if self._metrics is not None:
            self._metrics.count(metric, *values)

    def add(self, metric: str, amount: int, *values: str) -> None:
        """Add to what goes up and down; `values`: see `count`."""
        if self._metrics is not None:
            self._metrics.add(amount, metric, *values)

    def observe(self, metric: str, seconds: float, *values: str) -> None:
        """Take note of how long something took; `values`: see `count`."""
        if self._metrics is not None:
            self._metrics.observe(seconds, metric, *values)

    def refused(
        self, request: Request, kind: Kind | None, reason: RefusalReason, rule: CheckedRule | None = None
    ) -> None:
        """Count a request that got 401 or 403. `kind`: None where nobody has asked yet."""
        if self._metrics is not None:
            name = "" if rule is None else rule.name if rule.name in self._rules else OTHER
            self._metrics.count("oidc_gate_refusals_total", _KINDS[kind or kind_of(request)], reason, name)


def _provider_asked(
    metrics: Guarded, provider: str, request: HTTPRequest, answer: HTTPAnswer | None, seconds: float
) -> None:
    outcome = "down" if answer is None else answer.outcome
    method, status = "GET" if request.body is None else "POST", None if answer is None else answer.status
    key = ("oidc_gate_provider_request_duration_seconds", provider, request.endpoint, outcome)
    metrics.observe_call(Call(method, request.url, status), seconds, *key)


def _store_asked(metrics: Guarded, operation: str, outcome: str, seconds: float) -> None:
    metrics.observe(seconds, "oidc_gate_store_request_duration_seconds", operation, outcome)


def _store_kind(settings: Settings) -> Literal["cookie", "sqlite", "redis", "custom"]:
    """Return where sessions live."""
    store = settings.session_store
    if not isinstance(store, str):
        return "custom"
    scheme = store.partition(":")[0]
    return "cookie" if scheme == "cookie" else "sqlite" if scheme == "sqlite" else "redis"


def rule_name(rule: CheckedRule | None) -> str:
    """Return the name of a rule, `""` for none."""
    return "" if rule is None else rule.name
