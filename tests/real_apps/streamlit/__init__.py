"""Streamlit: wrapped as an ASGI app, or its own server behind the gate as a proxy."""

from tests.real_apps.app import App, Way

APP = App(
    name="streamlit",
    title="Streamlit",
    packages=("streamlit",),
    ways=(
        Way("wrapped", gate="oidc-gate run serve:app --config gate.toml"),
        Way(
            "proxy",
            gate="oidc-gate run http://127.0.0.1:8501 --config gate.toml",
            app="streamlit run app.py --server.address 127.0.0.1 --server.port 8501 --server.headless true",
            app_port=8501,
        ),
    ),
    gated="wrapped (`streamlit.starlette.App`), or as a proxy in front of `streamlit run`",
    settings="`identity_headers`",
    sees="`st.context.headers`",
    ends="*Connecting*, grey fields, and a bar with *Sign in*; then it goes on, with what was typed",
)
