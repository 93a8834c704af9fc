"""A Django project in one module, for both worlds, with users in a database and `RemoteUserMiddleware` as it is.

Django is set up once per process; `application(world)` migrates the database the first time.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from tests.browser import World
from tests.framework_apps import in_lower_case

#: What the admin's templates want.
CONTEXT = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]


@cache
def set_up() -> None:
    """Configure Django, and make the database."""
    import django
    from django.conf import settings
    from django.core.management import call_command

    folder = tempfile.TemporaryDirectory(prefix="oidc-gate-django-")
    _KEPT.append(folder)
    settings.configure(
        SECRET_KEY="a key for tests alone",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=[
            *(f"django.contrib.{name}" for name in ("admin", "auth", "contenttypes", "messages", "sessions")),
            "oidc_gate.django",
        ],
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
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {"context_processors": CONTEXT},
            }
        ],
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        USE_TZ=True,
    )
    django.setup()
    call_command("migrate", verbosity=0)


#: What makes the URL patterns, None for the usual ones.
URLS: list[Callable[[], list[Any]] | None] = [None]
#: What must outlive the call that made it.
_KEPT: list[Any] = []


def application(world: World, patterns: Callable[[], list[Any]] | None = None) -> Any:
    """Return the project's application; `patterns` makes the URL patterns, where they are not the usual ones."""
    set_up()
    from django.urls import clear_url_caches

    URLS[:] = [patterns]
    clear_url_caches()
    sys.modules[__name__].__dict__.pop("urlpatterns", None)
    if world == "wsgi":
        from django.core.wsgi import get_wsgi_application

        return get_wsgi_application()
    from django.core.asgi import get_asgi_application

    return in_lower_case(get_asgi_application())


def session_of(name: str) -> str:
    """Return the session cookie of a Django user who has signed in at Django itself."""
    set_up()
    from concurrent.futures import ThreadPoolExecutor

    # A thread of its own: Django refuses where an event loop runs, and Playwright's may run in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_session_of, name).result()


def _session_of(name: str) -> str:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.signed_cookies import SessionStore

    user, _ = User.objects.get_or_create(username=name)
    session = SessionStore()
    session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.RemoteUserBackend"
    session.save()
    return session.session_key or ""


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

        (patterns,) = URLS
        return [re_path("", who)] if patterns is None else patterns()
    raise AttributeError(name)
