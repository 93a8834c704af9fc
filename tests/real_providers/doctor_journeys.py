"""`oidc-gate doctor` at Keycloak: nothing is found in good realms, and each fault by the checks for it alone."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator

import pytest

from tests.apps import COOKIE_SECRET
from tests.doctor_faults import examined, not_ok
from tests.real_providers import keycloak
from tests.real_providers.keycloak_faults import GOOD, SEEDS, Seeded
from tests.real_providers.provider import UnavailableError

#: It sends no Date, by which clocks could be compared.
ALWAYS = {"N5": "unknown"}
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[keycloak.Admin]:
    try:
        with keycloak.server(tmp_path_factory.mktemp("keycloak")) as server:
            yield keycloak.Admin(server.url)
    except UnavailableError as error:
        pytest.skip(f"not available: {error}")


@pytest.fixture
def seeded(admin: keycloak.Admin) -> Seeded:
    """Return what becomes a realm of this test alone."""
    return Seeded(admin, f"realm-{next(_NUMBERS)}")


@pytest.mark.parametrize("seed", GOOD.values(), ids=GOOD)
def test_nothing_is_found_in_a_good_realm(seeded: Seeded, seed: Callable[[Seeded], None]) -> None:
    seed(seeded)
    report = examined(seeded.settings())
    assert not_ok(report) == ALWAYS, report.text(colour=False)


@pytest.mark.parametrize("name", SEEDS)
def test_a_fault_is_found_by_the_checks_that_are_for_it(seeded: Seeded, name: str) -> None:
    seed, expected = SEEDS[name]
    seed(seeded)
    settings = seeded.settings()
    report = examined(settings, clock=lambda: time.time() + seeded.ahead)
    told = report.text(colour=False)
    assert not_ok(report) == ALWAYS | expected, told
    assert "the check itself failed" not in told
    for secret in (settings["client_secret"], COOKIE_SECRET):
        assert secret not in told + json.dumps(report.as_json)
