"""Installs and starts each app, in each way that it can be gated; its page is written when all its journeys passed."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.docs_tables import written_anew
from tests.patience import LIMIT
from tests.real_apps.app import App
from tests.real_apps.pages import TRIED, tried_block
from tests.real_apps.serving import Served, installed, served

if TYPE_CHECKING:
    import playwright.sync_api

    from tests.providers.local import LocalProvider
    from tests.real_apps.visiting import Visit

_FAILED: set[str] = set()
_RUN: dict[str, App] = {}


@pytest.fixture(scope="module")
def gated(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, _served_provider: LocalProvider
) -> Iterator[Served]:
    """Serve an app in one way, for all tests of its module."""
    app, way = request.param
    _RUN[app.name] = app
    with served(app, way, _served_provider, tmp_path_factory.mktemp(app.name)) as found:
        yield found


@pytest.fixture
def visit(gated: Served, provider: LocalProvider, chromium: playwright.sync_api.Browser) -> Iterator[Visit]:
    """Open a browser that nobody has used, in front of the app; nobody is signed in at the provider either."""
    from tests.real_apps.visiting import Visit

    provider.user = None
    with chromium.new_context(viewport={"width": 1000, "height": 700}) as context:
        context.set_default_timeout(1000 * LIMIT)
        visiting = Visit(gated, provider, context)
        try:
            yield visiting
        finally:
            visiting.photograph("last")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.failed:
        _FAILED.add(report.nodeid.split("/")[2])


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the versions onto the pages of the apps of which everything was run, and passed."""
    if session.config.option.keyword or any("::" in each for each in session.config.args):
        return
    for name, app in _RUN.items():
        if name not in _FAILED and not session.shouldstop:
            _write(app)


def _write(app: App) -> None:
    python = installed(app)
    names = [re.split(r"[\[<=>]", package)[0] for package in app.packages]
    code = (
        "import importlib.metadata as m, platform, sys; print(platform.python_version(), *map(m.version, sys.argv[1:]))"
    )
    done = subprocess.run([str(python), "-c", code, *names], capture_output=True, text=True, check=True)
    number, *versions = done.stdout.split()
    block = tried_block(dict(zip(names, versions, strict=True)), number, time.strftime("%Y-%m-%d", time.gmtime()))
    text = app.page.read_text(encoding="utf-8")
    app.page.write_text(written_anew(text, TRIED, block, "make apps"), encoding="utf-8")
