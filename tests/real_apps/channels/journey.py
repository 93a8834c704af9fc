"""Two people talk, and the session of one of them ends."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.patience import LIMIT
from tests.real_apps.channels import APP
from tests.real_apps.visiting import Visit, each_way


def say(page: Page, text: str) -> None:
    page.get_by_label("Text").fill(text)
    page.get_by_role("button", name="Send").click()


@each_way(APP)
def test_a_chat_goes_on_after_the_end_of_a_session(visit: Visit) -> None:
    visit.is_closed_to_strangers("/", sockets=("/ws/lobby/",))
    page = visit.signed_in("/")
    expect(page.get_by_role("heading")).to_have_text("Chat, as Ada Lovelace")
    with visit.context.browser.new_context() as other:  # type: ignore[union-attr]
        grace = other.new_page()
        grace.set_default_timeout(1000 * LIMIT)
        grace.goto(visit.url, wait_until="commit")
        visit.fill_in(grace, "grace")
        expect(grace.get_by_role("heading")).to_have_text("Chat, as Grace Hopper")
        say(page, "good morning")
        expect(grace.locator("li")).to_have_text(["Ada Lovelace: good morning"])
        page.get_by_label("Text").fill("a long thought")
        visit.end_session()
        expect(visit.bar()).to_be_visible()
        visit.photograph("ended")
        assert "gone: Ada Lovelace" in visit.served.output
        say(grace, "are you there?")
        expect(grace.locator("li")).to_have_count(2)
        expect(page.locator("li")).to_have_text(["Ada Lovelace: good morning"])
        visit.sign_in_by_the_bar()
        page.get_by_role("button", name="Send").click()
        expect(grace.locator("li").last).to_have_text("Ada Lovelace: a long thought")
        expect(page.locator("li").last).to_have_text("Ada Lovelace: a long thought")
