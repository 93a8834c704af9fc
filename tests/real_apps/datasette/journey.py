"""Two people look at tables, of which one is not for both, and one of them adds a row as her session ends."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.real_apps.datasette import APP
from tests.real_apps.visiting import Visit, each_way


@each_way(APP)
def test_a_row_is_added_after_the_end_of_a_session(visit: Visit) -> None:
    visit.is_closed_to_strangers("/", "/data/fruit.json", "/data.db", "/-/static/app.css", "/-/actor.json")
    page = visit.signed_in("/")
    page.get_by_role("link", name="data", exact=True).first.click()
    page.get_by_role("link", name="wages", exact=True).first.click()
    expect(page.locator("table.rows-and-columns")).to_contain_text("Grace")
    expect(page.locator("body")).to_contain_text("Ada Lovelace")
    visit.photograph("wages")
    page.goto(visit.url + "/data/add_fruit")
    page.locator("input[name=name]").fill("plums")
    page.locator("input[name=kilos]").fill("7")
    visit.end_session()
    page.get_by_role("button", name="Run SQL").or_(page.locator("input[type=submit]")).first.click()
    expect(page.get_by_role("heading")).to_have_text("Your session has ended")
    visit.photograph("ended")
    with page.expect_popup() as tab:
        page.get_by_role("link").click()
    expect(tab.value.get_by_role("heading")).to_be_visible()
    page.get_by_role("button", name="Send again").click()
    expect(page.locator(".message-info")).to_have_text("Query executed, 1 row affected")
    visit.end_session()
    page.goto(visit.url + "/data/fruit")  # signs in on the way: the provider still knows her
    expect(page.locator("table.rows-and-columns")).to_contain_text("plums")


@each_way(APP)
def test_tables_are_shown_by_groups(visit: Visit) -> None:
    page = visit.signed_in("/data", "grace")
    expect(page.get_by_role("link", name="fruit", exact=True).first).to_be_visible()
    expect(page.get_by_role("link", name="wages", exact=True)).to_have_count(0)
    page.goto(visit.url + "/data/wages")
    expect(page.locator("body")).to_contain_text("Forbidden")
    visit.photograph("grace")
