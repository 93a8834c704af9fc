"""RQ dashboard: its blueprint in a Flask app, wrapped; the gate's script in a template of one's own."""

from tests.real_apps.app import App, Way

APP = App(
    name="rq",
    title="RQ dashboard",
    packages=("rq-dashboard", "six"),
    ways=(
        Way(
            "wrapped",
            app="redis-server --port 6379",
            app_port=6379,
            gate="oidc-gate run app:app",
            env=(("REDIS_URL", "redis://127.0.0.1:6379"),),
        ),
    ),
    gated="wrapped: `oidc-gate run app:app`, with its blueprint in a Flask app",
    settings="`idle_exempt_paths`, else its polling keeps sessions alive",
    sees="nobody: it has no users",
    ends="with the script in its footer: a bar with *Sign in*. Without: it stands still, and says nothing",
)
