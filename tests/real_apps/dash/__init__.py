"""Dash: wrapped, served by gunicorn, with the gate's script among its own; with pages; and two apps on one server."""

from tests.real_apps.app import App, Way

APP = App(
    name="dash",
    title="Dash",
    packages=("dash",),
    ways=(
        Way("wrapped", gate="oidc-gate run app:server"),
        Way("pages", gate="oidc-gate run board:server"),
        Way("two", gate="oidc-gate run two:server"),
    ),
    gated="wrapped: `oidc-gate run app:server`",
    settings="none; rules by path do not guard its pages, `@require` does",
    sees="`identity_of(flask.request)`, in layouts and callbacks",
    ends="with the script: a bar with *Sign in*; what was typed stays. Without: it stands still, and says nothing",
)
