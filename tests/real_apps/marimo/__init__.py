"""marimo: notebooks as apps, wrapped, or its editor behind the gate as a proxy."""

from tests.real_apps.app import App, Way

APP = App(
    name="marimo",
    title="marimo",
    packages=("marimo",),
    ways=(Way("wrapped", gate="oidc-gate run serve:app --config gate.toml"),),
    gated="wrapped (`marimo.create_asgi_app`)",
    settings="`identity_headers`, for headers",
    sees="`mo.app_meta().request`: its `user`, and its `headers`",
    ends="a bar with *Sign in*; then it goes on. What was typed stays; change the field once more before you save it",
)
