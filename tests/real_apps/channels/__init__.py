"""Django Channels: the gate around the router of HTTP and WebSockets, under two servers."""

from tests.real_apps.app import App, Way

APP = App(
    name="channels",
    title="Django Channels",
    packages=("channels[daphne]", "Django", "uvicorn[standard]"),
    setup=(
        "django-admin startproject mysite .",
        'sh -c "cat more_settings.py >> mysite/settings.py; mv asgi.py urls.py mysite"',
        "python manage.py migrate",
    ),
    ways=(
        Way("daphne", gate="daphne --port 8000 mysite.asgi:application"),
        Way("uvicorn", gate="uvicorn --port 8000 mysite.asgi:application"),
    ),
    gated="wrapped: `OIDCGate(ProtocolTypeRouter({…}))` in `asgi.py`",
    settings="of the gate: none; of Django: `oidc_gate.django`, and its `UserMiddleware` around the routes",
    sees='`self.scope["user"]`, a Django user by issuer and subject, and `identity_of(self)`',
    ends="the WebSocket is closed with 4401; with the script the page then shows a bar, and goes on after signing in",
)
