"""A person uses a Gradio app over the end of their session. It asks for something at a click alone."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.real_apps.gradio import APP
from tests.real_apps.notes import Notes
from tests.real_apps.visiting import How, Visit, each_end, each_way


@each_end
@each_way(APP)
def test_what_was_clicked_is_done_after_signing_in_again(visit: Visit, how: How) -> None:
    notes = Notes(visit)
    notes.write("a note")
    notes.save("a note")
    notes.write("a long note")
    visit.end_session(how)
    notes.page.get_by_role("button", name="Save").click()
    expect(visit.bar()).to_be_visible()
    visit.photograph(f"ended-{how}")
    visit.sign_in_by_the_bar()
    expect(notes.page.get_by_text("ada@example.com wrote: a long note")).to_be_visible()
    expect(notes.note).to_have_value("a long note")


@each_way(APP)
def test_another_person_gets_a_page_of_their_own(visit: Visit) -> None:
    Notes(visit).is_loaded_anew_for_somebody_else()


@each_way(APP)
def test_nobody_gets_to_the_app_without_signing_in(visit: Visit) -> None:
    visit.is_closed_to_strangers("/", "/config", "/gradio_api/info", "/gradio_api/queue/join")
