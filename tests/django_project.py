"""A Django project in one module, for both worlds, with users in a database and `RemoteUserMiddleware` as it is.

Django is set up once per process; `application(world)` migrates the database the first time.
"""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from tests.browser import World


@cache
def _set_up() -> None:
    import django
    from django.conf import settings
    from django.core.management import call_command

    folder = tempfile.TemporaryDirectory(prefix="oidc-gate-django-")
    _KEPT.append(folder)
    settings.configure(
        SECRET_KEY="a key for tests alone",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(Path(folder.name) / "users.db")},
        },
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.auth.middleware.RemoteUserMiddleware",
        ],
        AUTHENTICATION_BACKENDS=["django.contrib.auth.backends.RemoteUserBackend"],
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        SESSION_COOKIE_SECURE=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)


#: What must outlive the call that made it.
_KEPT: list[Any] = []


def application(world: World) -> Any:
    """Return the project's application."""
    _set_up()
    if world == "wsgi":
        from django.core.wsgi import get_wsgi_application

        return get_wsgi_application()
    from django.core.asgi import get_asgi_application

    return _in_lower_case(get_asgi_application())


def _in_lower_case(app: Any) -> Any:
    """Return the app as servers see it: Django sends `Content-Type`, which they put up with and our driver does not."""

    async def lowered(scope: Any, receive: Any, send: Any) -> None:
        async def send_lower(message: Any) -> None:
            headers = [(name.lower(), value) for name, value in message.get("headers", ())]
            await send(message | ({"headers": headers} if headers else {}))

        await app(scope, receive, send_lower)

    return lowered


def who(request: Any) -> Any:
    """Tell whom Django takes this for, and who the gate says it is."""
    from django.http import JsonResponse

    from oidc_gate import identity_of

    identity = identity_of(request)
    return JsonResponse(
        {
            "user": request.user.get_username(),
            "authenticated": request.user.is_authenticated,
            "identity": None if identity is None else identity.subject,
        }
    )


def __getattr__(name: str) -> Any:
    """Make the URL configuration when Django asks for it."""
    if name == "urlpatterns":
        from django.urls import re_path

        return [re_path("", who)]
    raise AttributeError(name)
