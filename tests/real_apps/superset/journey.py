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
        "/", "/login/", "/api/v1/me/", "/api/v1/security/login", "/static/appbuilder/css/ab.css"
    )
    page = visit.signed_in("/superset/welcome/")
    expect(page.get_by_text("Nothing here yet").first).to_be_visible()
    assert roles(page, visit) == ["Admin", "Gamma"]
    page.goto(visit.url + "/dashboard/new", wait_until="commit")
    expect(page.get_by_label("Dashboard title")).to_have_value("[ untitled dashboard ]")
    visit.photograph("dashboard")
    page.goto(visit.url + "/dashboard/list/", wait_until="commit")
    expect(page.get_by_role("link", name="untitled").first).to_be_visible()
    visit.end_session()
    with page.expect_response(lambda answer: answer.status == 401):
        page.get_by_text("Charts").first.click()
    expect(page).to_have_url(visit.url + "/superset/welcome/")  # the provider still knows her: no page of it is shown
    expect(page.get_by_text("untitled").first).to_be_visible()
    assert roles(page, visit) == ["Admin", "Gamma"]
    visit.photograph("again")


@each_way(APP)
def test_roles_go_by_the_providers_groups(visit: Visit) -> None:
    page = visit.signed_in("/superset/welcome/", "grace")
    expect(page.get_by_text("Nothing here yet").first).to_be_visible()
    assert roles(page, visit) == ["Gamma"]
    visit.photograph("grace")
