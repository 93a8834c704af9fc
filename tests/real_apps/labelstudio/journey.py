"""A person signs in twice, at the gate and at Label Studio, and a program brings two tokens."""

from __future__ import annotations

import requests
from playwright.sync_api import Page, expect

from tests.access_tokens import access_token
from tests.patience import LIMIT
from tests.real_apps.labelstudio import APP
from tests.real_apps.visiting import Visit, each_way

AUDIENCE = "https://labels.example.com"


def opened(visit: Visit) -> Page:
    """Sign in at the gate, then at Label Studio."""
    page = visit.signed_in("/")
    page.locator("input[name=email]").fill(visit.served.env["LABEL_STUDIO_USERNAME"])
    page.locator("input[name=password]").fill(visit.served.env["LABEL_STUDIO_PASSWORD"])
    visit.photograph("its-own-login")
    page.locator("input[name=password]").press("Enter")
    expect(page).to_have_url(visit.url + "/projects/")
    return page


@each_way(APP)
def test_a_person_goes_on_after_the_end_of_a_session(visit: Visit) -> None:
    visit.is_closed_to_strangers("/", "/user/login/", "/api/projects/", "/static/css/login.css", "/data/")
    token = {"X-Api-Key": visit.served.env["LABEL_STUDIO_USER_TOKEN"]}
    project = {"url": visit.url + "/api/projects/", "json": {"title": "Apples"}, "timeout": LIMIT}
    assert requests.post(**project, headers=token).status_code == 401
    bearer = {"Authorization": f"Bearer {access_token(visit.provider, aud=AUDIENCE)}"}
    assert requests.post(**project, headers=bearer | token).status_code == 201
    page = opened(visit)
    expect(page.get_by_text("Apples").first).to_be_visible()
    visit.end_session()
    page.wait_for_timeout(10000)
    visit.photograph("ended")
    page.get_by_text("Apples").first.click()
    page.wait_for_timeout(15000)
    visit.photograph("ended-click")
    page.reload()
    page.wait_for_timeout(15000)
    visit.photograph("again")
