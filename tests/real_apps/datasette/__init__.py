"""Datasette: the gate as a plugin, which also says who asks."""

from tests.real_apps.app import App, Way

APP = App(
    name="datasette",
    title="Datasette",
    packages=("datasette",),
    setup=("""python -c "import sqlite3; sqlite3.connect('data.db').executescript(open('data.sql').read())\"""",),
    ways=(Way("plugin", gate="datasette serve data.db --metadata metadata.yaml --plugins-dir plugins --port 8000"),),
    gated="as a plugin of Datasette's (`asgi_wrapper`), of which it makes its actor too",
    settings="none",
    sees="an actor with `id`, `name` and `groups`; tables are shown by its groups",
    ends="the next click signs in and goes on; a form that is sent is kept, and sent again",
)
