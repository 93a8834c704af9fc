"""Two real providers at one gate, in both worlds: who signs in where, and what one may say of the other's people."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.answers import Answer
from tests.apps import COOKIE_SECRET, echo
from tests.browser import Browser, World
from tests.real_providers.listening import Listener
from tests.real_providers.provider import APP, CALLBACK, Provider, UnavailableError
from tests.redis_servers import until
from tests.stage import Clock, query, timed

PAIRS = [("hydra", "django_oauth_toolkit"), ("django_oauth_toolkit", "keycloak"), ("keycloak", "spring"),
         ("spring", "hydra")]  # fmt: skip
Gated = Callable[..., Browser]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory, listener: Listener) -> Iterator[Callable[[str], Provider]]:
    """Return what starts a provider, or finds it running."""
    started: dict[str, Provider] = {}
    with ExitStack() as stack:

        def start(name: str) -> Provider:
            if name not in started:
                module = importlib.import_module(f"tests.real_providers.{name}")
                folder = tmp_path_factory.mktemp(name)
                started[name] = stack.enter_context(module.start(folder, listener.backchannel))
            return started[name]

        yield start


@pytest.fixture(scope="session", params=PAIRS, ids="-".join)
def pair(request: pytest.FixtureRequest, running: Callable[[str], Provider]) -> tuple[Provider, Provider]:
    first, second = request.param
    try:
        return running(first), running(second)
    except UnavailableError as error:
        pytest.skip(f"not available: {error}")


@pytest.fixture
def visit(world: World, pair: tuple[Provider, Provider], listener: Listener, tmp_path: Any) -> Gated:
    """Make browsers in front of one gate at both providers; keywords are settings of the gate."""
    first, second = pair
    entry = second.settings() | {"auth_id": "second", "title": second.title, "allow_all": True}
    own = {"auth_id": "first", "title": first.title, "providers": [entry], "cookie_secret": COOKIE_SECRET}
    more = {"session_store": f"sqlite:///{tmp_path}/s.db", "session_cache_seconds": 0}
    gate = timed(world, echo(world), Now(), **first.settings(**own, **more))

    def make() -> Browser:
        listener.browser = browser = Browser(gate, world)
        browser.cookies.trusts_loopback = True  # Keycloak sets Secure cookies over http on this machine
        return browser

    return make


class Now(Clock):
    """The time of day."""

    def __call__(self) -> float:
        return time.time()


def signed_in(provider: Provider, browser: Browser, auth_id: str) -> Answer:
    page = provider.sign_in(browser, browser.navigate(f"/oauth2/login?auth_id={auth_id}&next=/report&page=1"))
    assert (page.status, page.url) == (200, f"{APP}/report"), page.text
    identity = page.json()["identity"]
    assert (identity["provider"], identity["issuer"]) == (auth_id, provider.discovery()["issuer"])
    return page


def test_people_choose_and_come_back_as_themselves(pair: tuple[Provider, Provider], visit: Gated) -> None:
    first, second = pair
    choice = visit().navigate("/report")
    assert first.title in choice.text
    assert second.title in choice.text
    one, other = visit(), visit()
    signed_in(first, one, "first")
    name = signed_in(second, other, "second").json()["identity"]["username"]
    assert name.startswith("second:")
    assert [each.fetch("/api").status for each in (one, other)] == [200, 200]
    signed_in(second, one, "second")  # and nobody is two people at once
    assert one.fetch("/api").json()["identity"]["provider"] == "second"


def test_an_answer_counts_at_its_own_callback_alone(pair: tuple[Provider, Provider], visit: Gated) -> None:
    for provider, auth_id, wrong in zip(pair, ("first", "second"), (f"{CALLBACK}/second", CALLBACK), strict=True):
        browser = visit()
        page = provider.sign_in(browser, browser.navigate(f"/oauth2/login?auth_id={auth_id}&next=/&page=1"))
        assert page.status == 200
        again = visit()
        begun = again.get(f"/oauth2/login?auth_id={auth_id}&next=/&page=1")
        sent = {"code": "made-up", "state": query(begun.target)["state"], "iss": provider.discovery()["issuer"]}
        refused = again.get(f"{wrong}?{urlencode(sent, quote_via=quote)}", headers={"Accept": "text/html"})
        assert (refused.status, "callback_issuer_mismatch" in refused.text) == (400, True), refused.text
        assert again.fetch("/").status == 401


def test_a_logout_at_one_provider_leaves_the_others_sessions(
    pair: tuple[Provider, Provider], visit: Gated, listener: Listener
) -> None:
    first, second = pair
    for ending, staying, ids in ((first, second, ("first", "second")), (second, first, ("second", "first"))):
        if ending.end_session is None:
            continue
        other, browser = visit(), visit()
        signed_in(staying, other, ids[1])
        signed_in(ending, browser, ids[0])
        before = len(listener.calls)
        ending.end_session(browser)
        until(lambda: len(listener.calls) > before)  # noqa: B023
        assert listener.calls[before:] == [200]
        assert (browser.fetch("/api").status, other.fetch("/api").status) == (401, 200)
