"""A Django site that is an OpenID provider by django-oauth-toolkit: `python django_site.py SETTINGS.json PORT`.

Run with the Python of an environment that has it. Port 0 makes the database, and serves nothing.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, path

LOGIN_PAGE = '<form method="post">{% csrf_token %}{{ form.as_p }}<button>Sign in</button></form>'


def configure(told: dict[str, Any]) -> None:
    login = ("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN_PAGE})
    loaders = [login, "django.template.loaders.app_directories.Loader"]
    processors = ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth"]
    settings.configure(
        SECRET_KEY=told["secret"],
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": told["database"]}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {"loaders": loaders, "context_processors": processors},
            }
        ],
        LOGIN_URL="/accounts/login/",
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": told["key"],
            "OIDC_ISS_ENDPOINT": told["issuer"],
            "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
            "OIDC_RP_INITIATED_LOGOUT_ALWAYS_PROMPT": False,
            "OAUTH2_VALIDATOR_CLASS": f"{__name__}.WithEmail",
            "ACCESS_TOKEN_EXPIRE_SECONDS": 60,
            "ID_TOKEN_EXPIRE_SECONDS": 60,
            "SCOPES": {"openid": "Who it is", "profile": "Their name", "email": "Their address"},
        },
    )


def fill(told: dict[str, Any]) -> None:
    """Make the tables, a person and two clients."""
    from django.contrib.auth.models import User
    from oauth2_provider.models import Application

    call_command("migrate", verbosity=0)
    User.objects.create_user("ada", "ada@example.com", "engine-1843", first_name="Ada", last_name="Lovelace")
    for name, secret in told["clients"].items():
        Application.objects.create(
            client_id=name,
            client_secret=secret,
            client_type="confidential",
            authorization_grant_type="authorization-code",
            redirect_uris=told["callback"],
            post_logout_redirect_uris=told["signed_out"],
            algorithm="RS256",
            skip_authorization=name == "app",
        )


if __name__ == "__main__":
    told = json.loads(Path(sys.argv[1]).read_text())
    configure(told)
    django.setup()
    from oauth2_provider.oauth2_validators import OAuth2Validator

    class WithEmail(OAuth2Validator):  # type: ignore[misc]  # it has no types
        """Tells of a person what the scopes ask for; out of the box it tells `sub` alone."""

        oidc_claim_scope = OAuth2Validator.oidc_claim_scope | {"email_verified": "email"}

        def get_additional_claims(self, request: Any) -> dict[str, Any]:
            return {"email": request.user.email, "email_verified": True, "name": request.user.get_full_name()}

    urlpatterns = [
        path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
        path("accounts/", include("django.contrib.auth.urls")),
    ]
    if sys.argv[2] == "0":
        fill(told)
    else:
        import waitress

        waitress.serve(get_wsgi_application(), listen=f"127.0.0.1:{sys.argv[2]}")
