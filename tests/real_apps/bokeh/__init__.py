"""Bokeh's own server, which is Tornado's: behind the gate as a proxy."""

from tests.real_apps.app import App, Way

APP = App(
    name="bokeh",
    title="Bokeh",
    packages=("bokeh",),
    ways=(
        Way(
            "proxy",
            gate="oidc-gate run http://127.0.0.1:5006 --config gate.toml",
            app="bokeh serve notes --address 127.0.0.1 --port 5006 --allow-websocket-origin 127.0.0.1:8000"
            " --unused-session-lifetime 3600000",
            app_port=5006,
        ),
    ),
    gated="as a proxy in front of `bokeh serve`",
    settings="`identity_headers`",
    sees="`curdoc().session_context.request.headers`",
    ends="a bar with *Sign in*; then it goes on as the server knows it, without what was not sent yet",
)
