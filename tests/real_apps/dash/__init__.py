"""Dash: wrapped, served by gunicorn, with the gate's script among its own."""

from tests.real_apps.app import App, Way

APP = App(
    name="dash",
    title="Dash",
    packages=("dash",),
    ways=(Way("wrapped", gate="oidc-gate run app:server"),),
    gated="wrapped: `oidc-gate run app:server`",
    settings="none",
    sees="`identity_of(flask.request)`, in layouts and callbacks",
    ends="with the script: a bar with *Sign in*; what was typed stays. Without: it stands still, and says nothing",
)
