"""Django's admin: wrapped, in both worlds, with Django's users made and kept by `oidc_gate.django`."""

from tests.real_apps.app import App, Way

APP = App(
    name="django",
    title="Django admin",
    packages=("Django", "whitenoise"),
    setup=(
        "django-admin startproject mysite .",
        'sh -c "cat more_settings.py >> mysite/settings.py; cat more_urls.py >> mysite/urls.py"',
        "python manage.py migrate",
        "python manage.py shell --command \"exec(open('groups.py').read())\"",
    ),
    ways=(
        Way("wsgi", gate="oidc-gate run mysite.wsgi:application"),
        Way("asgi", gate="oidc-gate run mysite.asgi:application"),
    ),
    gated="wrapped, WSGI or ASGI: `oidc-gate run mysite.wsgi:application`",
    settings="of the gate: none; of Django: `oidc_gate.django`",
    sees="`request.user`, a Django user by issuer and subject; groups, staff and superusers by the provider's groups",
    ends="nothing until something is sent; then the gate's page keeps the form, and sends it again after signing in",
)
