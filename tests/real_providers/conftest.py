"""Starts each provider in turn; at the end the pages are written and a table is printed."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.real_providers import pages
from tests.real_providers.listening import Listener
from tests.real_providers.provider import Provider, UnavailableError


@dataclass
class Result:
    """What came of one provider; `missing`: why it could not be had."""

    outcomes: list[str] = field(default_factory=list)
    missing: str = ""

    @property
    def said(self) -> str:
        if self.missing:
            return f"not available: {self.missing}"
        counted = {each: self.outcomes.count(each) for each in ("passed", "failed", "error", "skipped")}
        return ", ".join(f"{count} {each}" for each, count in counted.items() if count)


RESULTS: dict[str, Result] = {}


@pytest.fixture(scope="session")
def listener() -> Iterator[Listener]:
    listening = Listener()
    yield listening
    listening.stop()


@pytest.fixture(scope="session", params=pages.PROVIDERS)
def provider(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, listener: Listener
) -> Iterator[Provider]:
    """Run a provider for all its journeys; afterwards its page is written, if all of them passed."""
    name: str = request.param
    result = RESULTS.setdefault(name, Result())
    module = importlib.import_module(f"tests.real_providers.{name}")
    try:
        with module.start(tmp_path_factory.mktemp(name), listener.backchannel) as running:
            yield running
            listener.browser = None
            everything = len(result.outcomes) == request.config.stash[_EXPECTED][name]
            if everything and set(result.outcomes) <= {"passed", "skipped"}:
                pages.write(name, running, running.discovery())
    except UnavailableError as error:
        result.missing = str(error)
        pytest.skip(f"not available: {error}")


_EXPECTED = pytest.StashKey[dict[str, int]]()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Count the journeys of each provider, before any are deselected."""
    expected = item.config.stash.setdefault(_EXPECTED, {})
    if name := _provider_of(item):
        expected[name] = expected.get(name, 0) + 1


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Keep what came of a journey, for the table."""
    outcome: Any = yield
    report: pytest.TestReport = outcome.get_result()
    name = _provider_of(item)
    if name and (report.when == "call" or (report.when == "setup" and not report.passed)):
        said = "error" if report.failed and report.when == "setup" else report.outcome
        RESULTS.setdefault(name, Result()).outcomes.append(said)


def _provider_of(item: pytest.Item) -> str:
    return str(item.callspec.params.get("provider", "")) if hasattr(item, "callspec") else ""


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if RESULTS:
        terminalreporter.section("providers")
        said = {name: result.said for name, result in RESULTS.items()}
        for name, text in (said | {name: f"not available: {why}" for name, why in pages.MISSING.items()}).items():
            terminalreporter.write_line(f"{name:22}{text}")
