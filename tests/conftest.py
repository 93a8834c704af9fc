"""Fixtures for all tests: the two worlds, a browser, the providers.

What a fixture needs is imported in it, so that a file of small tests does not wait for servers and browsers that it
does not use.
"""

from __future__ import annotations

import gc
import importlib
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from tests.asgi_driver import GATES, LOOP
from tests.patience import LIMIT

if TYPE_CHECKING:
    import playwright.sync_api

    from tests.browser import Browser, World
    from tests.providers.jumpcloud import JumpCloudProvider
    from tests.providers.local import LocalProvider
    from tests.providers.real import NanoIDP, Panva
    from tests.redis_servers import RedisServers
    from tests.stage import Stage

BrowserFactory = Callable[..., "Browser"]
StageFactory = Callable[..., "Stage"]
ProviderT = TypeVar("ProviderT", bound="LocalProvider")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Have the profiles ready for hypothesis's own plugin, where one of them is asked for."""
    if config.getoption("--hypothesis-profile", None):
        importlib.import_module("tests.made_up")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Leave hypothesis's plugin out of the summary where nothing was made up: it would import hypothesis only then."""
    plugins, elsewhere = session.config.pluginmanager, session.config.getoption("numprocesses", None)
    if "hypothesis" not in sys.modules and not elsewhere and plugins.has_plugin("hypothesispytest"):
        plugins.unregister(name="hypothesispytest")


@pytest.fixture(params=["wsgi", "asgi"])
def world(request: pytest.FixtureRequest) -> World:
    """One test body, two worlds."""
    chosen: World = request.param
    return chosen


@pytest.fixture
def browser(world: World) -> BrowserFactory:
    """Make browsers: `browser(app, origin="http://app.test")`, with `Browser`'s options."""
    from tests.browser import Browser

    def make(app: Any, **options: Any) -> Browser:
        return Browser(app, world, **options)

    return make


#: Fixtures of tests that may ask a Cluster. redis-py's clients drop sockets of its nodes unclosed, when a node is gone
#: and when they give up; the sockets are closed as they are collected, with a warning that is no fault of ours.
_ASKING_A_CLUSTER = {"servers", "redis_cluster", "url"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave those warnings unheard in the tests that ask a Cluster, whenever the collector runs."""
    for item in items:
        if _ASKING_A_CLUSTER & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"))


@pytest.fixture(autouse=True)
def _sockets_of_a_cluster_are_swept(request: pytest.FixtureRequest) -> Iterator[None]:
    """Collect them before the next test begins."""
    yield
    if _ASKING_A_CLUSTER & set(request.fixturenames):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            gc.collect()


@pytest.fixture(autouse=True)
def _gates_let_go_of_the_event_loop() -> Iterator[None]:
    """Do what a server does at its end, for the gates that no lifespan was played to."""
    yield
    while GATES:
        LOOP.run(GATES.pop()._gate.close_on_loop())


@pytest.fixture(autouse=True)
def _logger_as_it_was() -> Iterator[None]:
    """Undo what a command under test does to the package's logger, or the next test's log would be empty."""
    log = logging.getLogger("oidc_gate")
    before = log.level, log.propagate, log.disabled, list(log.handlers)
    yield
    log.level, log.propagate, log.disabled, log.handlers[:] = before
    log.manager._clear_cache()  # type: ignore[attr-defined]  # the level is remembered there


@pytest.fixture(scope="session", autouse=True)
def _event_loop_ends() -> Iterator[None]:
    yield
    LOOP.close()


@pytest.fixture(scope="session")
def _served_provider() -> Iterator[LocalProvider]:
    from tests.providers.local import LocalProvider

    with LocalProvider() as provider:
        yield provider


@pytest.fixture
def provider(_served_provider: LocalProvider) -> Iterator[LocalProvider]:
    """Serve a well-behaved provider; everything but its port is new for each test."""
    yield from fresh(_served_provider)


@pytest.fixture
def stage(world: World, provider: LocalProvider) -> StageFactory:
    """Set stages at the well-behaved provider: `stage(public_paths="/about")`; the keywords are settings."""
    from tests.stage import Stage

    def make(**settings: Any) -> Stage:
        return Stage(world, provider, **settings)

    return make


@pytest.fixture(scope="session")
def _served_jumpcloud() -> Iterator[JumpCloudProvider]:
    from tests.providers.jumpcloud import JumpCloudProvider

    with JumpCloudProvider() as provider:
        yield provider


@pytest.fixture
def jumpcloud(_served_jumpcloud: JumpCloudProvider) -> Iterator[JumpCloudProvider]:
    """Serve a provider with JumpCloud's habits, new for each test."""
    yield from fresh(_served_jumpcloud)


@pytest.fixture(scope="session")
def nanoidp_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NanoIDP]:
    """Run nanoidp, a real provider, for apps at https://app.test."""
    from tests.providers.real import nanoidp

    with nanoidp(tmp_path_factory.mktemp("nanoidp")) as provider:
        yield provider


@pytest.fixture(scope="session")
def panva_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panva]:
    """Run panva's oidc-provider, a real provider, for apps at https://app.test."""
    from tests.providers.real import panva

    with panva(tmp_path_factory.mktemp("panva")) as provider:
        yield provider


@pytest.fixture(scope="session")
def _redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServers]:
    from tests.redis_servers import single

    with single(tmp_path_factory.mktemp("redis")) as servers:
        yield servers


@pytest.fixture
def redis_server(_redis_server: RedisServers) -> RedisServers:
    """Run one Redis server, empty for each test."""
    _redis_server.clear()
    return _redis_server


@pytest.fixture(scope="session")
def redis_sentinel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServers]:
    """Run a Redis master behind Sentinel."""
    from tests.redis_servers import sentinel

    with sentinel(tmp_path_factory.mktemp("sentinel")) as servers:
        yield servers


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServers]:
    """Run a Redis Cluster of three masters."""
    from tests.redis_servers import cluster

    with cluster(tmp_path_factory.mktemp("cluster")) as servers:
        yield servers


@pytest.fixture(params=["sqlite", "redis"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the `session_store` of an empty store, of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/sessions.db"
    servers: RedisServers = request.getfixturevalue("redis_server")
    return servers.url


@pytest.fixture(scope="module")
def chromium() -> Iterator[playwright.sync_api.Browser]:
    """Run Debian's Chromium, with nothing of its own to say over the network.

    Not for longer than a module: as long as it runs, Playwright's event loop counts as this thread's.
    """
    from playwright.sync_api import expect, sync_playwright

    quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
    plain = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path="/usr/bin/chromium", args=[*plain, *quiet], timeout=1000 * LIMIT
        )
        expect.set_options(timeout=1000 * LIMIT)
        yield browser
        browser.close()


def fresh(provider: ProviderT) -> Iterator[ProviderT]:
    """Lend a served provider to one test: clean before and after, running, and without a failure of its own.

    After too: what is made for a whole module is made before that module's first test asks for a clean one.
    """
    provider.reset()
    provider.start()
    yield provider
    provider.start()
    failures = provider.failures
    provider.reset()
    assert failures == []
