"""Panel: in a FastAPI app, which is wrapped, or its own server behind the gate as a proxy."""

from tests.real_apps.app import App, Way

APP = App(
    name="panel",
    title="Panel",
    packages=("panel", "bokeh-fastapi"),
    ways=(
        Way("wrapped", gate="oidc-gate run serve:app --config gate.toml"),
        Way(
            "proxy",
            gate="oidc-gate run http://127.0.0.1:5006 --config gate.toml",
            app="panel serve app.py --address 127.0.0.1 --port 5006 --allow-websocket-origin 127.0.0.1:8000"
            " --unused-session-lifetime 3600000",
            app_port=5006,
        ),
    ),
    gated="wrapped (`panel.io.fastapi`), or as a proxy in front of `panel serve`",
    settings="`identity_headers`",
    sees="`pn.state.headers`",
    ends="a bar with *Sign in*; then it goes on as the server knows it, without what was not sent yet",
)
