"""MLflow: its own server, with the gate before it as a proxy; people by their browsers, programs by access tokens."""

from tests.real_apps.app import App, Way

APP = App(
    name="mlflow",
    title="MLflow",
    packages=("mlflow",),
    ways=(
        Way(
            "proxy",
            app="mlflow server --host 127.0.0.1 --port 5000 --workers 1",
            app_port=5000,
            gate="oidc-gate run http://127.0.0.1:5000",
        ),
    ),
    gated="as a proxy before `mlflow server`",
    settings="`bearer_audience` for its Python client; `public_paths` for the files of its page",
    sees="nobody: MLflow has no users of its own. A run's user is what its client says",
    ends="nothing until the next click; then *Received status code 401*, or an empty list. Loaded anew it goes on",
)
