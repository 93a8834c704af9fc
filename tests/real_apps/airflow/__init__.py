"""Airflow: its own server, with the gate before it as a proxy; two ways of who may do what."""

from tests.real_apps.app import App, Way

SERVER = "airflow api-server --host 127.0.0.1 --port 8080 --workers 1"
HERE = (("AIRFLOW_HOME", "$PWD"), ("AIRFLOW__CORE__LOAD_EXAMPLES", "False"))
FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"

APP = App(
    name="airflow",
    title="Airflow",
    packages=("apache-airflow", "apache-airflow-providers-fab"),
    setup=("airflow db migrate",),
    ways=(
        Way(
            "users",
            app=SERVER,
            app_port=8080,
            gate="oidc-gate run http://127.0.0.1:8080",
            env=(*HERE, ("AIRFLOW__CORE__AUTH_MANAGER", FAB)),
        ),
        Way(
            "admins",
            app=SERVER,
            app_port=8080,
            gate="oidc-gate run http://127.0.0.1:8080",
            env=(*HERE, ("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "True")),
        ),
    ),
    gated="as a proxy before `airflow api-server`",
    settings="`identity_headers`; of Airflow: FAB's auth manager with `AUTH_REMOTE_USER`",
    sees="an Airflow user by the header. Without FAB's auth manager: one administrator, whoever it is",
    ends="nothing until something is asked for; then it signs in by itself, and is where the click led",
)
