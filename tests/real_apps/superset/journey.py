"""Two people use Superset, one of them as its administrator."""

from __future__ import annotations

import json

from playwright.sync_api import Page, expect

from tests.real_apps.superset import APP
from tests.real_apps.visiting import Visit, each_way


def roles(page: Page, visit: Visit) -> list[str]:
    """Return what Superset says of whoever asks."""
    return sorted(json.loads(page.request.get(f"{visit.url}/api/v1/me/roles/").text())["result"]["roles"])


@each_way(APP)
def test_a_dashboard_is_there_after_the_end_of_a_session(visit: Visit) -> None:
    visit.is_closed_to_strangers(
        "/", "/login/", "/api/v1/me/", "/api/v1/security/login", "/static/assets/manifest.json"
    )
    page = visit.signed_in("/superset/welcome/")
    expect(page.get_by_text("Nothing here yet").first).to_be_visible()
    assert roles(page, visit) == ["Admin", "Gamma"]
    page.goto(visit.url + "/dashboard/new", wait_until="commit")
    title = page.get_by_test_id("editable-title-input").or_(page.locator("[data-test='editable-title-input']")).first
    title.fill("Harvest")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Edit dashboard")).to_be_visible()
    visit.photograph("dashboard")
    page.goto(visit.url + "/dashboard/list/", wait_until="commit")
    expect(page.get_by_role("link", name="Harvest")).to_be_visible()
    visit.end_session()
    page.get_by_role("menuitem", name="Charts").or_(page.get_by_text("Charts")).first.click()
    page.wait_for_timeout(20000)
    visit.photograph("ended")


@each_way(APP)
def test_roles_go_by_the_providers_groups(visit: Visit) -> None:
    page = visit.signed_in("/superset/welcome/", "grace")
    expect(page.get_by_text("Nothing here yet").first).to_be_visible()
    assert roles(page, visit) == ["Gamma"]
    visit.photograph("grace")
