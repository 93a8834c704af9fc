"""Superset: wrapped, with a security manager that takes whoever the gate names."""

from tests.real_apps.app import App, Way

APP = App(
    name="superset",
    title="Superset",
    packages=("apache-superset", "rich", "cachetools", "flask-caching<2.4", "cachelib<0.14"),
    setup=("superset db upgrade", "superset init"),
    ways=(
        Way(
            "wrapped",
            gate="oidc-gate run 'superset.app:create_app()'",
            env=(("FLASK_APP", "superset"), ("SUPERSET_CONFIG_PATH", "superset_config.py")),
        ),
    ),
    gated="wrapped: `oidc-gate run 'superset.app:create_app()'`",
    settings="`public_paths` for the files of its page; of Superset: a `CUSTOM_SECURITY_MANAGER`",
    sees="a Superset user by subject; roles by the provider's groups",
    ends="nothing until something is asked for; then it signs in by itself, and is at its home page",
)
