"""A person uses a Dash app that asks for something every second."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.real_apps.dash import APP
from tests.real_apps.visiting import Visit, each_way


def opened(visit: Visit) -> Page:
    page = visit.signed_in("/")
    expect(page.get_by_role("heading")).to_have_text("Hello, Ada Lovelace")
    expect(page.locator("#time")).to_have_text(re.compile(r"Tick \d+"))
    page.locator("#note").fill("a note")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#saved")).to_have_text("ada@example.com wrote: a note")
    page.locator("#note").fill("a long note")
    return page


@each_way(APP)
def test_a_bar_says_what_has_happened_and_nothing_is_lost(visit: Visit) -> None:
    visit.is_closed_to_strangers("/", "/_dash-layout", "/_dash-update-component")
    page = opened(visit)
    visit.end_session()
    expect(visit.bar()).to_be_visible()
    visit.photograph("ended")
    visit.sign_in_by_the_bar()
    expect(page.locator("#note")).to_have_value("a long note")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#saved")).to_have_text("ada@example.com wrote: a long note")


@each_way(APP)
def test_without_the_script_the_page_stands_still(visit: Visit) -> None:
    visit.context.route("**/oauth2/relogin.js", lambda route: route.fulfill(body=""))
    page = opened(visit)
    with page.expect_response(lambda answer: answer.status == 401):  # the next tick's
        visit.end_session("logout")
    before = page.locator("#time").text_content()
    page.get_by_role("button", name="Save").click()
    visit.photograph("without-the-script")
    assert page.locator("#time").text_content() == before
    assert page.locator("#saved").text_content() == "ada@example.com wrote: a note"
    expect(page.locator("#note")).to_have_value("a long note")


@each_way(APP)
def test_another_person_gets_a_page_of_their_own(visit: Visit) -> None:
    page = opened(visit)
    visit.end_session()
    visit.provider.user = visit.provider.people["grace"]
    visit.sign_in_by_the_bar()
    expect(page.get_by_role("heading")).to_have_text("Hello, Grace Hopper")
    expect(page.locator("#note")).to_have_value("")
