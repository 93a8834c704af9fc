"""Django with one view: bare, and with mozilla-django-oidc, whose sessions and users are in SQLite.

`RACE_DATABASE` is the file; without it the app is bare.
"""

from __future__ import annotations

import os
from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

__all__ = ["app"]

DATABASE = os.environ.get("RACE_DATABASE", "")
ISSUER = os.environ.get("RACE_ISSUER", "")
#: As a new project has it; without it answers have no length.
COMMON = ["django.middleware.common.CommonMiddleware"]
OIDC = {
    "INSTALLED_APPS": [
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "mozilla_django_oidc",
    ],
    "MIDDLEWARE": [
        *COMMON,
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "mozilla_django_oidc.middleware.SessionRefresh",
    ],
    "AUTHENTICATION_BACKENDS": ["mozilla_django_oidc.auth.OIDCAuthenticationBackend"],
    "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATABASE, "CONN_MAX_AGE": None}},
    "LOGIN_URL": "/oidc/authenticate/",
    "LOGIN_REDIRECT_URL": "/",
    "OIDC_RP_CLIENT_ID": os.environ.get("RACE_CLIENT_ID", ""),
    "OIDC_RP_CLIENT_SECRET": os.environ.get("RACE_CLIENT_SECRET", ""),
    "OIDC_RP_SIGN_ALGO": "RS256",
    "OIDC_OP_AUTHORIZATION_ENDPOINT": f"{ISSUER}/authorize",
    "OIDC_OP_TOKEN_ENDPOINT": f"{ISSUER}/token",
    "OIDC_OP_USER_ENDPOINT": f"{ISSUER}/userinfo",
    "OIDC_OP_JWKS_ENDPOINT": f"{ISSUER}/jwks",
}


def hello(_: HttpRequest) -> HttpResponse:
    """Answer, as every bare app here."""
    return HttpResponse("hello", content_type="text/plain")


urlpatterns = [path("", hello)]


def app() -> Any:
    """Return the WSGI app, its database made."""
    settings.configure(
        SECRET_KEY="a-secret-for-the-race-0123456789abcdef",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        **(OIDC if DATABASE else {"MIDDLEWARE": COMMON}),
    )
    django.setup()
    if DATABASE:
        from django.contrib.auth.decorators import login_required
        from django.core.management import call_command
        from mozilla_django_oidc.urls import urlpatterns as of_the_login

        urlpatterns[:] = [path("", login_required(hello)), path("oidc/", include(of_the_login))]
        call_command("migrate", verbosity=0)
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()
