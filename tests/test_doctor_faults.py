"""`oidc-gate doctor` finds each seeded fault by exactly the checks that are for it, and nothing at a good set-up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.apps import COOKIE_SECRET
from tests.doctor_faults import INTROSPECTING, SEEDS, examined, good, not_ok, says
from tests.providers.local import LocalProvider


def test_nothing_is_found_at_a_good_set_up(provider: LocalProvider) -> None:
    report = examined(good(provider))
    assert not_ok(report) == {}
    assert report.status(strict=True) == 0


def test_introspection_is_asked_where_the_settings_say_it_is(provider: LocalProvider) -> None:
    """As at Ory Hydra, whose discovery does not name it, and whose port for it is another."""
    given = good(provider, **INTROSPECTING)
    says(provider, introspection_endpoint=...)
    with LocalProvider() as elsewhere:
        elsewhere.answer = {"introspect": (200, {}, {"active": False})}
        report = examined(given | {"provider_endpoints": {"introspection_endpoint": elsewhere.url("introspect")}})
        assert len(elsewhere.calls("introspect")) == 1
    assert not_ok(report) == {}


@pytest.mark.parametrize("name", SEEDS)
def test_a_fault_is_found_by_the_checks_that_are_for_it(provider: LocalProvider, tmp_path: Path, name: str) -> None:
    seed, expected = SEEDS[name]
    given = good(provider, folder=tmp_path)
    seed(provider, given)
    given.pop("folder", None)
    report = examined(given)
    assert not_ok(report) == expected, report.text(colour=False)
    assert report.status(strict=False) == int("fail" in expected.values())
    told = json.dumps(report.as_json)
    assert given.get("client_secret", COOKIE_SECRET) not in told
    assert given["cookie_secret"] not in told
