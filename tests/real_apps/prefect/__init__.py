"""Prefect: its own server, with the gate before it as a proxy; people by browsers, flows by access tokens."""

from tests.real_apps.app import App, Way

APP = App(
    name="prefect",
    title="Prefect",
    packages=("prefect",),
    ways=(
        Way(
            "proxy",
            app="prefect server start --host 127.0.0.1 --port 4200",
            app_port=4200,
            gate="oidc-gate run http://127.0.0.1:4200",
            env=(("PREFECT_UI_API_URL", "/api"),),
        ),
    ),
    gated="as a proxy before `prefect server start`",
    settings="`bearer_audience` for flows; of Prefect: `PREFECT_UI_API_URL=/api`",
    sees="nobody: Prefect's own server has no users",
    ends="the dashboard stands still, and says nothing; the next click signs in and goes on",
)
