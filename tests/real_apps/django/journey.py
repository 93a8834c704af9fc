"""Two people use Django's admin: one who may do all of it, and one who may look at groups."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.real_apps.django import APP
from tests.real_apps.visiting import Visit, each_way


def add_group(page: Page, name: str) -> None:
    page.get_by_label("Name:").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()


@each_way(APP)
def test_a_form_is_sent_again_after_the_end_of_a_session(visit: Visit) -> None:
    visit.is_closed_to_strangers("/admin/", "/admin/login/", "/static/admin/css/base.css")
    page = visit.signed_in("/admin/auth/group/add/")
    expect(page.locator("#user-tools")).to_contain_text("Welcome, Ada Lovelace")
    add_group(page, "Readers")
    expect(page.locator(".messagelist")).to_contain_text("The group “Readers” was added successfully.")
    page.goto(visit.url + "/admin/auth/user/")
    expect(page.locator("#result_list tbody")).to_contain_text("ada@example.com")
    visit.photograph("users")
    page.goto(visit.url + "/admin/auth/group/add/")
    visit.end_session()
    add_group(page, "Writers")
    expect(page.get_by_role("heading")).to_have_text("Your session has ended")
    visit.photograph("ended")
    with page.expect_popup() as tab:
        page.get_by_role("link").click()
    expect(tab.value.get_by_role("heading")).to_be_visible()
    page.get_by_role("button", name="Send again").click()
    expect(page.locator(".messagelist")).to_contain_text("The group “Writers” was added successfully.")


@each_way(APP)
def test_after_signing_out_it_is_sent_again_by_loading_the_page_again(visit: Visit) -> None:
    page = visit.signed_in("/admin/auth/group/add/")
    expect(page.get_by_label("Name:")).to_be_visible()
    visit.end_session("logout")
    add_group(page, "Thinkers")
    expect(page.get_by_role("heading")).to_have_text("Your session has ended")
    visit.photograph("signed-out")
    tab = visit.context.new_page()
    tab.goto(visit.url + "/admin/")  # the provider still knows her
    expect(tab.locator("#user-tools")).to_contain_text("Ada Lovelace")
    page.reload()
    expect(page.locator(".messagelist")).to_contain_text("The group “Thinkers” was added successfully.")


@each_way(APP)
def test_rights_and_staff_go_by_the_providers_groups(visit: Visit) -> None:
    page = visit.signed_in("/admin/", "grace")
    expect(page.locator("#user-tools")).to_contain_text("Welcome, Grace Hopper")
    expect(page.locator("#content-main th[scope=row]")).to_have_text(["Groups"])  # what `engineers` may
    visit.photograph("grace")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading")).to_have_text("You are signed out")
    visit.provider.people["grace"]["groups"] = []
    page.goto(visit.url + "/admin/")
    expect(page.locator("body")).to_contain_text("You are authenticated as grace@example.org, but are not authorized")
    visit.photograph("not-staff")
