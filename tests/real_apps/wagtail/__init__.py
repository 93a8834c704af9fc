"""Wagtail: wrapped; its site is for anybody, its admin for those who sign in, with the gate's script on its pages."""

from tests.real_apps.app import App, Way

APP = App(
    name="wagtail",
    title="Wagtail",
    packages=("wagtail", "whitenoise"),
    setup=(
        "wagtail start mysite .",
        'sh -c "cat more_settings.py >> mysite/settings/base.py; cat more_urls.py >> mysite/urls.py"',
        "mv wagtail_hooks.py home",
        "python manage.py migrate",
    ),
    ways=(Way("wrapped", gate="oidc-gate run mysite.wsgi:application"),),
    gated="wrapped: `oidc-gate run mysite.wsgi:application`",
    settings="of the gate: a rule, if its site is for anybody; of Django: `oidc_gate.django`",
    sees="`request.user`, a Django user; who may do what by the provider's groups",
    ends="with the script in a hook: a bar with *Sign in*, and it goes on. A form that is sent all the same is kept",
)
