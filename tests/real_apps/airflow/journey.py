"""A person looks at Airflow and adds a variable, as the session ends."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.real_apps.airflow import APP
from tests.real_apps.visiting import Visit, each_way


@each_way(APP)
def test_a_page_signs_in_by_itself_after_the_end_of_a_session(visit: Visit) -> None:
    visit.is_closed_to_strangers("/", "/api/v2/dags", "/ui/config", "/auth/token", "/auth/login/", "/static/pin_32.png")
    page = visit.signed_in("/variables")
    page.get_by_role("button", name="Add Variable").click()
    page.locator("input[name=key]").fill("harvest")
    page.locator("textarea[name=value]").or_(page.locator("[name=value]")).first.fill("apples")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("harvest").first).to_be_visible()
    seen = page.request.get(f"{visit.url}/ui/auth/me").json()
    assert seen["username"] == ("ada-1815" if visit.served.way.name == "users" else "Anonymous"), seen
    visit.photograph("variables")
    visit.end_session()
    with page.expect_response(lambda answer: "/auth/login" in answer.url):
        page.get_by_role("link", name="Dags").first.click()
    expect(page.get_by_text("No Dags found")).to_be_visible()
    expect(page).to_have_url(visit.url + "/dags")
    visit.photograph("again")
