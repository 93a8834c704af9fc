"""A person uses a marimo app over the end of their session."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.real_apps.marimo import APP
from tests.real_apps.notes import Notes
from tests.real_apps.visiting import How, Visit, each_end, each_way


@each_end
@each_way(APP)
def test_a_bar_says_what_has_happened_and_the_page_keeps_what_was_typed(visit: Visit, how: How) -> None:
    notes = Notes(visit)
    notes.write("a note")
    notes.save("a note")
    notes.write("a long note")
    visit.end_session(how)
    expect(visit.bar()).to_be_visible()
    visit.photograph(f"ended-{how}")
    with visit.connected_again():
        visit.sign_in_by_the_bar()
    expect(notes.note).to_have_value("a long note")
    notes.note.press_sequentially(", and more")  # what a field has lost on its way is sent when it changes again
    notes.save("a long note, and more")
    visit.photograph(f"again-{how}")


@each_way(APP)
def test_another_person_gets_a_page_of_their_own(visit: Visit) -> None:
    Notes(visit).is_loaded_anew_for_somebody_else()


@each_way(APP)
def test_nobody_gets_to_the_app_without_signing_in(visit: Visit) -> None:
    visit.is_closed_to_strangers("/", "/api/status", sockets=("/ws?session_id=s_123456",))
