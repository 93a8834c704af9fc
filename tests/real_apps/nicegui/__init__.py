"""NiceGUI: in a FastAPI app, which is wrapped."""

from tests.real_apps.app import App, Way

APP = App(
    name="nicegui",
    title="NiceGUI",
    packages=("nicegui",),
    ways=(Way("wrapped", gate="oidc-gate run app:app"),),
    gated="wrapped (`ui.run_with`)",
    settings="none",
    sees="`identity_of(request)` in a page",
    ends="*Connection lost*, and a bar with *Sign in*; then it goes on, with what was typed (with `reconnect_timeout`)",
)
