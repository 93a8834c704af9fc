"""Real apps behind the gate, used in Chromium over the end of a session: `make apps`, or `make apps APPS="dash panel"`.

Each app is a folder here, and a page in `docs/apps/`. To add one, NAME:

1. `tests/real_apps/NAME/__init__.py` has `APP`, an `App`: what to install, the commands, and its row in the table. It
   imports nothing but `tests.real_apps.app`, for tests/test_docs.py reads it without the app.
2. `tests/real_apps/NAME/app/` is what its user writes: files that are copied into an empty folder, in which the
   commands run. `gate.toml` there is the settings that this app needs (of the gate; the provider's come by the
   environment). What a program of the app's makes is made by `App.setup`.
3. `tests/real_apps/NAME/journey.py` is what its user does, with `Visit` (`visiting.py`):

       @each_way(APP)
       def test_the_app_goes_on_after_the_end_of_a_session(visit: Visit) -> None:
           visit.is_closed_to_strangers("/", "/socket")
           page = visit.signed_in("/")
           ...use it, and see who it says is there...
           visit.end_session()
           visit.photograph("ended")
           ...

   `visit` serves the app once for all tests of a way (`Way`: one that the app can be gated in).
4. `docs/apps/NAME.md` has each file of `app/` as a block (```` ```python title="app.py" ````), the commands behind
   `$ `, and an empty place `<!-- what was tried: written by `make apps` --> <!-- end of what was tried -->`. These
   blocks need no comment that says who runs them; any other does (tests/test_docs_blocks.py).
5. `make apps APPS=NAME` installs it into `.apps/NAME`, runs the journeys, writes the versions onto the page, and leaves
   pictures in `tests/screenshots/apps/`. Look at them. Then `make docs` writes the table in `docs/apps/README.md`.

In a clone without `.venv`: `PYTHONPATH=$PWD OTHER/.venv/bin/pytest tests/real_apps/NAME/journey.py`.
"""
