"""An administrator and an editor write pages, and anybody reads the site."""

from __future__ import annotations

import re

import requests
from playwright.sync_api import Page, expect

from tests.patience import LIMIT
from tests.real_apps.visiting import Visit, each_way
from tests.real_apps.wagtail import APP


def new_page(visit: Visit, name: str = "ada") -> Page:
    """Begin a new page, and write until Wagtail saves it by itself, as it does some seconds after it is loaded."""
    page = visit.signed_in("/admin/pages/add/home/homepage/3/", name)
    saved = page.get_by_text("Saved", exact=True)
    expect(page.locator("#id_title")).to_be_visible()
    for _ in range(60):
        add_to_title(page, "apples ")
        page.wait_for_timeout(2000)
        if saved.is_visible():
            break
    expect(saved).to_be_visible()
    return page


def add_to_title(page: Page, text: str) -> None:
    page.locator("#id_title").press("End")
    page.keyboard.type(text)
    page.keyboard.press("Tab")


@each_way(APP)
def test_the_editor_goes_on_saving_after_the_end_of_a_session(visit: Visit) -> None:
    visit.is_closed_to_strangers("/admin/", "/admin/login/", "/admin/api/main/pages/", "/django-admin/")
    assert requests.get(visit.url + "/", timeout=LIMIT).status_code == 200
    page = new_page(visit)
    expect(page.get_by_role("button", name="Ada Lovelace")).to_be_visible()
    visit.end_session()
    add_to_title(page, "and pears")
    expect(visit.bar()).to_be_visible()
    visit.photograph("ended")
    visit.sign_in_by_the_bar()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    page.goto(page.url)
    expect(page.locator("#id_title")).to_have_value(re.compile("apples and pears$"))


@each_way(APP)
def test_without_the_script_a_draft_is_kept_when_it_is_sent(visit: Visit) -> None:
    visit.context.route("**/oauth2/relogin.js", lambda route: route.fulfill(body=""))
    page = new_page(visit)
    visit.end_session()
    with page.expect_response(lambda answer: answer.status == 401):
        add_to_title(page, "and plums")
    visit.photograph("without-the-script")
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_role("heading")).to_have_text("Your session has ended")
    with page.expect_popup() as tab:
        page.get_by_role("link").click()
    expect(tab.value.get_by_role("heading")).to_be_visible()
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_text(re.compile("apples and plums' has been updated")).first).to_be_visible()


@each_way(APP)
def test_rights_go_by_the_providers_groups(visit: Visit) -> None:
    page = visit.signed_in("/admin/", "grace")
    expect(page.locator("body")).to_contain_text("permission")
    visit.photograph("no-group")
    visit.context.clear_cookies()
    visit.provider.people["grace"]["groups"] = ["Editors"]
    page = new_page(visit, "grace")
    page.get_by_role("button", name="More actions").click()
    expect(page.get_by_role("button", name="Publish")).to_have_count(0)
    visit.photograph("editor")
