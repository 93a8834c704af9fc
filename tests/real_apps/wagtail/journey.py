"""An administrator writes a page, an editor may do less, and anybody reads the site."""

from __future__ import annotations

import requests
from playwright.sync_api import Page, expect

from tests.patience import LIMIT
from tests.real_apps.visiting import Visit, each_way
from tests.real_apps.wagtail import APP


def opened(visit: Visit) -> Page:
    """Open a new page's form, and give it a title."""
    page = visit.signed_in("/admin/pages/add/home/homepage/3/")
    page.get_by_role("textbox", name="Title*").or_(page.locator("#id_title")).first.fill("Harvest")
    return page


@each_way(APP)
def test_the_editor_goes_on_after_the_end_of_a_session(visit: Visit) -> None:
    visit.is_closed_to_strangers("/admin/", "/admin/login/", "/admin/api/main/pages/", "/django-admin/")
    assert requests.get(visit.url + "/", timeout=LIMIT).status_code == 200
    page = opened(visit)
    expect(page.locator("body")).to_contain_text("Ada Lovelace")
    visit.end_session()
    visit.photograph("a")
    expect(visit.bar()).to_be_visible()
    visit.photograph("ended")
    visit.sign_in_by_the_bar()
    expect(page.locator("#id_title")).to_have_value("Harvest")
