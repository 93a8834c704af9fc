"""Label Studio: its own server and its own login, with the gate before it as a proxy."""

from tests.real_apps.app import App, Way

APP = App(
    name="labelstudio",
    title="Label Studio",
    packages=("label-studio",),
    ways=(
        Way(
            "proxy",
            app="label-studio start --no-browser --internal-host 127.0.0.1 --port 8080 --enable-legacy-api-token",
            app_port=8080,
            gate="oidc-gate run http://127.0.0.1:8080",
            limit=1500.0,  # its first start makes its database
            env=(
                ("LABEL_STUDIO_BASE_DATA_DIR", "$PWD"),
                ("LABEL_STUDIO_USERNAME", "ada@example.com"),
                ("LABEL_STUDIO_PASSWORD", "make-one-up"),
                ("LABEL_STUDIO_USER_TOKEN", "0123456789abcdef0123456789abcdef01234567"),
                ("LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK", "true"),
            ),
        ),
    ),
    gated="as a proxy before `label-studio start`",
    settings="`logout_cookies`; `bearer_audience` for programs, which bring its own token in `X-Api-Key`",
    sees="whoever signs in there besides: its community edition takes no other's word",
    ends="nothing until something is asked for; then it loads itself anew, signs in, and is at its first page",
)
