"""A person with a note: what the small apps of frameworks have in common: a field *Note* and a button *Save*."""

from __future__ import annotations

import time
from contextlib import nullcontext, suppress

from playwright.sync_api import Locator, Page, expect

from tests.patience import LIMIT
from tests.real_apps.visiting import How, Visit

__all__ = ["Notes"]

#: Milliseconds until a click that nothing came of is made once more: the page may have had no connection.
_PATIENCE = 10_000


class Notes:
    """The app's page, of somebody who has signed in."""

    def __init__(self, visit: Visit, path: str = "/") -> None:
        self.visit = visit
        self.page: Page = visit.signed_in(path)
        expect(self.page.get_by_text("Hello, Ada Lovelace").first).to_be_visible()

    @property
    def note(self) -> Locator:
        return self.page.get_by_label("Note", exact=True).first

    def write(self, text: str) -> None:
        """Type a note, as a person does."""
        self.note.fill("")
        self.note.press_sequentially(text)

    def save(self, text: str) -> None:
        """Click on *Save* until the app says that this is what was written, and who wrote it."""
        give_up = time.monotonic() + LIMIT
        said = self.page.get_by_text(f"ada@example.com wrote: {text}", exact=True).first
        while time.monotonic() < give_up:
            self.page.get_by_role("button", name="Save").click()
            with suppress(AssertionError):
                expect(said).to_be_visible(timeout=_PATIENCE)
                return
        expect(said).to_be_visible(timeout=1)

    def goes_on_after_the_end(self, how: How, *, is_made_anew: bool = False) -> None:
        """Go over the end of the session: the bar says so, and after signing in again nothing is lost.

        `is_made_anew`: the page is, once it is connected again, as the server knows it. So the person leaves the field.
        """
        self.write("a note")
        self.save("a note")
        self.write("a long note")
        if is_made_anew:
            self.note.press("Tab")
        self.visit.end_session(how)
        expect(self.visit.bar()).to_be_visible()
        self.visit.photograph(f"ended-{how}")
        with self.visit.connected_again() if is_made_anew else nullcontext():
            self.visit.sign_in_by_the_bar()
        expect(self.note).to_have_value("a long note")
        self.save("a long note")
        expect(self.note).to_have_value("a long note")
        self.visit.photograph(f"again-{how}")

    def goes_on_with_what_the_server_knows(self) -> None:
        """Go over the end with a field that the person has not left: the page is made anew as the server knows it."""
        self.write("a note")
        self.save("a note")
        self.write("a long note")
        self.visit.end_session()
        expect(self.visit.bar()).to_be_visible()
        expect(self.note).to_have_value("a long note")
        self.visit.sign_in_by_the_bar()
        expect(self.note).to_have_value("a note")
        self.visit.photograph("not-left")

    def is_loaded_anew_for_somebody_else(self) -> None:
        """Go over the end when another person signs in: they see a page of their own alone."""
        self.write("a note")
        self.save("a note")
        self.visit.end_session()
        self.page.get_by_role("button", name="Save").click(force=True)  # Gradio notices nothing before
        self.visit.provider.user = self.visit.provider.people["grace"]
        self.visit.sign_in_by_the_bar()
        expect(self.page.get_by_text("Hello, Grace Hopper").first).to_be_visible()
        expect(self.page.get_by_text("ada@example.com")).to_have_count(0)
        expect(self.note).to_have_value("")
