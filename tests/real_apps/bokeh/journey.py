"""A person uses a Bokeh app over the end of their session."""

from __future__ import annotations

from tests.real_apps.bokeh import APP
from tests.real_apps.notes import Notes
from tests.real_apps.visiting import How, Visit, each_end, each_way


@each_end
@each_way(APP)
def test_a_bar_says_what_has_happened_and_nothing_is_lost(visit: Visit, how: How) -> None:
    Notes(visit, "/notes").goes_on_after_the_end(how, is_made_anew=True)


@each_way(APP)
def test_what_is_in_a_field_that_nobody_has_left_is_lost(visit: Visit) -> None:
    Notes(visit, "/notes").goes_on_with_what_the_server_knows()


@each_way(APP)
def test_another_person_gets_a_page_of_their_own(visit: Visit) -> None:
    Notes(visit, "/notes").is_loaded_anew_for_somebody_else()


@each_way(APP)
def test_nobody_gets_to_the_app_without_signing_in(visit: Visit) -> None:
    visit.is_closed_to_strangers("/notes", sockets=("/notes/ws",))
