"""A person signs in twice, at the gate and at Label Studio, and a program brings two tokens."""

from __future__ import annotations

import requests
from playwright.sync_api import Page, expect

from tests.access_tokens import access_token
from tests.patience import LIMIT
from tests.real_apps.labelstudio import APP
from tests.real_apps.visiting import Visit, each_way

AUDIENCE = "https://labels.example.com"


def make_project(visit: Visit, **headers: str) -> int:
    """Have a program make a project, with Label Studio's own token; return the answer's status."""
    headers |= {"X-Api-Key": visit.served.env["LABEL_STUDIO_USER_TOKEN"]}
    project = {"title": "Apples"}
    return requests.post(f"{visit.url}/api/projects/", json=project, headers=headers, timeout=LIMIT).status_code


def opened(visit: Visit) -> Page:
    """Sign in at the gate, then at Label Studio."""
    page = visit.signed_in("/")
    page.locator("input[name=email]").fill(visit.served.env["LABEL_STUDIO_USERNAME"])
    page.locator("input[name=password]").fill(visit.served.env["LABEL_STUDIO_PASSWORD"])
    visit.photograph("its-own-login")
    page.locator("input[name=password]").press("Enter")
    expect(page.get_by_text("Recent Projects")).to_be_visible()
    return page


@each_way(APP)
def test_a_person_goes_on_after_the_end_of_a_session(visit: Visit) -> None:
    visit.is_closed_to_strangers("/", "/user/login/", "/api/projects/", "/static/css/login.css", "/data/")
    assert make_project(visit) == 401
    assert make_project(visit, Authorization=f"Bearer {access_token(visit.provider, aud=AUDIENCE)}") == 201
    page = opened(visit)
    expect(page.get_by_text("Apples").first).to_be_visible()
    visit.end_session()
    with page.expect_response(lambda answer: answer.status == 401):
        page.get_by_text("Create Project").first.click()
    expect(
        page.get_by_text("Recent Projects")
    ).to_be_visible()  # it has loaded itself anew; the provider still knows her
    visit.photograph("again")
    visit.end_session("logout")
    page.goto(visit.url)
    expect(page.locator("input[name=email]")).to_be_visible()
