"""A person uses a Dash app that asks for something every second, and others with pages that are not for everybody."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.documents import page
from tests.real_apps.dash import APP
from tests.real_apps.serving import Served
from tests.real_apps.visiting import Visit, each_way

#: What a Dash page sends as somebody clicks on *Show*.
SHOW: dict[str, Any] = {
    "output": "salaries.children",
    "outputs": {"id": "salaries", "property": "children"},
    "inputs": [{"id": "show", "property": "n_clicks", "value": 1}],
    "changedPropIds": ["show.n_clicks"],
}


def opened(visit: Visit) -> Page:
    page = visit.signed_in("/")
    expect(page.get_by_role("heading")).to_have_text("Hello, Ada Lovelace")
    expect(page.locator("#time")).to_have_text(re.compile(r"Tick \d+"))
    page.locator("#note").fill("a note")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#saved")).to_have_text("ada@example.com wrote: a note")
    page.locator("#note").fill("a long note")
    return page


@each_way(APP, "wrapped")
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


@each_way(APP, "wrapped")
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


@each_way(APP, "wrapped")
def test_another_person_gets_a_page_of_their_own(visit: Visit) -> None:
    page = opened(visit)
    visit.end_session()
    visit.provider.user = visit.provider.people["grace"]
    visit.sign_in_by_the_bar()
    expect(page.get_by_role("heading")).to_have_text("Hello, Grace Hopper")
    expect(page.locator("#note")).to_have_value("")


def ada_reads_salaries(visit: Visit, heading: str) -> None:
    page = visit.signed_in("/")
    page.get_by_role("link", name="Salaries").click()
    expect(page.get_by_role("heading")).to_have_text(heading)
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#salaries")).to_have_text("Ada: 100,000")
    visit.photograph("ada")
    visit.context.clear_cookies()
    visit.provider.user = None


@each_way(APP, "pages")
def test_a_page_for_admins_is_not_had_by_a_link_nor_out_of_anothers_page(visit: Visit) -> None:
    """Ada is the first visitor. The rule for /admin guards its address alone; a link does not ask for that."""
    visit.is_closed_to_strangers("/", "/admin", "/_dash-layout", "/_dash-update-component")
    ada_reads_salaries(visit, "Salaries, for Ada Lovelace")
    page = visit.signed_in("/", "grace")
    expect(page.get_by_role("heading")).to_have_text("Hello, Grace Hopper")
    html = visit.evaluate("fetch('/').then(answer => answer.text())")
    assert "_dash-config" in html
    assert [text for text in ("Ada", "ada@example.com", "Salaries, for") if text in html] == []
    page.on("dialog", lambda dialog: dialog.accept())
    with page.expect_event("dialog") as shown, page.expect_response(re.compile("/_dash-update-component")) as answer:
        page.get_by_role("link", name="Salaries").click()
    assert (answer.value.status, shown.value.message) == (200, "That is not for you.")
    assert "Salaries, for" not in answer.value.text()
    answered = page.request.post(f"{visit.url}/_dash-update-component", data=SHOW)
    assert (answered.status, "100,000" in answered.text()) == (200, False)
    expect(page.get_by_role("heading")).to_have_text("Hello, Grace Hopper")
    assert page.request.get(f"{visit.url}/admin", headers={"Accept": "text/html"}).status == 403
    visit.photograph("grace")


@each_way(APP, "two")
def test_a_dash_app_at_an_address_of_its_own_is_guarded_by_a_rule(visit: Visit) -> None:
    visit.is_closed_to_strangers("/", "/admin/", "/admin/_dash-layout", "/admin/_dash-update-component")
    ada_reads_salaries(visit, "Hello, Ada Lovelace")
    page = visit.signed_in("/", "grace")
    page.get_by_role("link", name="Salaries").click()
    expect(page.locator("main")).to_contain_text("not this part of it")
    visit.photograph("grace")
    for path in ("/admin", "/admin/", "/admin/_dash-layout", "/admin/_dash-dependencies"):
        assert page.request.get(visit.url + path).status == 403, path
    assert page.request.post(f"{visit.url}/admin/_dash-update-component", data=SHOW).status == 403
    assert "100,000" not in page.request.post(f"{visit.url}/_dash-update-component", data=SHOW).text()


@each_way(APP, "pages")
def test_the_test_on_the_page_passes(gated: Served) -> None:
    (block,) = (each for each in page("docs/apps/dash.md").blocks("python") if not each.title)
    (gated.folder / "salaries.py").write_text(f"{block.text}\n\ntest_salaries_are_for_admins()\n")
    gated.run("python salaries.py")
