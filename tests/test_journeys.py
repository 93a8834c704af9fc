"""Journeys through the gate, each in both worlds: one browser, one provider, one test body."""

from __future__ import annotations

from tests.apps import echo, gated
from tests.browser import World
from tests.conftest import BrowserFactory
from tests.providers.local import LocalProvider


def test_a_browser_signs_in_and_lands_on_the_page_it_asked_for(
    world: World, provider: LocalProvider, browser: BrowserFactory
) -> None:
    app = echo(world)
    who = browser(gated(world, app, **provider.gate_options()))
    page = who.navigate("/report?year=2026&q=a%20b")
    assert page.status == 200
    assert page.url == "https://app.test/report?year=2026&q=a%20b"
    assert page.json()["identity"]["subject"]
