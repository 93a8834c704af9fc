"""Gradio: mounted in a FastAPI app, which is wrapped."""

from tests.real_apps.app import App, Way

APP = App(
    name="gradio",
    title="Gradio",
    packages=("gradio",),
    ways=(Way("wrapped", gate="oidc-gate run app:app"),),
    gated="wrapped (`gr.mount_gradio_app`)",
    settings="none",
    sees="`gr.Request.username`, by `auth_dependency`; `identity_of(request.request)`",
    ends="at the next click a bar with *Sign in*; then what was clicked is done",
)
