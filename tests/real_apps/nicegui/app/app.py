from fastapi import FastAPI, Request
from nicegui import ui

from oidc_gate import identity_of

app = FastAPI()
ui.add_head_html('<script src="/oauth2/relogin.js" data-gentle></script>', shared=True)


@ui.page("/")
def page(request: Request):
    who = identity_of(request)
    ui.label(f"Hello, {who.name}")
    note = ui.textarea("Note")
    ui.button("Save", on_click=lambda: ui.label(f"{who.email} wrote: {note.value}"))


ui.run_with(app, reconnect_timeout=3600)
